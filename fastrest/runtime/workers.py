"""Workers: a task of an executor is done, and its release is compared with the caller's."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastrest._core import _kernels
from fastrest._core.validation import public
from fastrest._version import __version__
from fastrest.runtime.parcels import Missing, opened
from fastrest.runtime.storage import FORMAT


class Release(NamedTuple):
    """The release of fastrest in a process, and whether bits of drawn numbers are the same."""

    version: str
    interface: int
    format: int
    bits: tuple[int | None, ...] = ()


class Task(NamedTuple):
    """A task for a worker.

    Attributes
    ----------
    work : callable
        Called as ``work(*parcels, start, stop, *arguments)``, with the objects of the parcels.
    start, stop : int
        The range of points.
    arguments : tuple
        Small arguments, which travel with every task.
    release : Release
        That of the caller.
    """

    work: Callable[..., Any]
    start: int
    stop: int
    arguments: tuple[Any, ...]
    release: Release


class Done(NamedTuple):
    """The result of a task: the time that it took, and that of a processor; None if unknown."""

    found: Any
    seconds: float
    cpu: float | None


class Refused(NamedTuple):
    """The answer of a worker that has another release."""

    where: str
    release: Release


def release_of(things: Sequence[Any]) -> Release:
    """Return the release of this process, with the bits of some points."""
    bits = tuple(getattr(one, "bits", None) for one in things)
    return Release(__version__, _kernels.INTERFACE, FORMAT, bits)


@public
def do_task(task: Task, *parcels: Any) -> Done | Refused | Missing:
    """Do a task in a worker: pickles name this function."""
    here = release_of(())
    if here != task.release._replace(bits=()):
        return Refused(where(), here)
    try:
        things = opened(parcels)
    except Missing as error:
        return error
    here = release_of(things)
    if here != task.release:
        return Refused(where(), here)
    began, used = time.perf_counter(), time.thread_time()
    found = task.work(*things, task.start, task.stop, *task.arguments)
    return Done(found, time.perf_counter() - began, time.thread_time() - used)


def where() -> str:
    """Return the machine and process, by which a worker is found."""
    return f"{platform.node()}, process {os.getpid()}, {sys.executable}"
