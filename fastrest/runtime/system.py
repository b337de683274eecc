"""The machine: version, processor and threads, and memory that is checked before it is taken."""

import contextlib
import importlib
import os
import platform
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fastrest._core import _kernels
from fastrest._core.validation import public, whole_number
from fastrest._version import __version__
from fastrest.runtime import cgroup, scheduler
from fastrest.runtime.ranges import part_range


@public
class PerformanceWarning(UserWarning):
    """A call takes longer than it need: the warning names the cause and the remedy.

    Examples
    --------
    >>> import warnings, fastrest as fr
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", fr.PerformanceWarning)  # "error" makes it an error
    """


def info() -> dict[str, Any]:
    """Return the version, instruction sets and threads, to be pasted into bug reports.

    Returns
    -------
    dict
        ``version``; ``isa``, the instruction set in use; ``compiled`` and ``supported``
        instruction sets, best first; ``threads`` that a large sweep runs on; ``numpy``,
        ``python`` and ``platform``.

    Examples
    --------
    >>> import fastrest as fr
    >>> "base" in fr.info()["compiled"]
    True
    """
    return {
        "version": __version__,
        "isa": _kernels.ISA,
        "compiled": tuple(_kernels.COMPILED),
        "supported": _kernels.SUPPORTED,
        "threads": scheduler.thread_count(None, scheduler.SMALL),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def processor() -> str:
    """Return the processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def memory_available() -> int | None:
    """Return the bytes that this process may still take; None if the system does not tell."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    found += cgroup.free_memory()
    if not found:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def check_memory(need: int, max_memory: int | None, instead: str) -> None:
    """Raise the MemoryError that names the need and another way, unless so many bytes fit."""
    if need < 1 << 20 and max_memory is None:
        return  # asking the system takes longer than a small sweep
    if max_memory is None:
        limit, source = memory_available(), "available are"
    else:
        limit, source = whole_number("max_memory", max_memory, 1), "max_memory is"
    if limit is not None and need > limit:
        raise MemoryError(f"this needs {bytes_text(need)}, {source} {bytes_text(limit)}: {instead}")


def part_of_points(points: int, k: int, n: int, unit: int) -> tuple[int, int]:
    """Return the range of part k of n; warn if there are fewer units than parts, and it is empty.

    A unit is always counted as a whole.
    """
    start, stop = part_range(points, k, n, unit)
    if start == stop:
        units = -(-points // unit)
        warnings.warn(
            f"part {k} of {n} is empty: {points:,} points are counted in units of {unit:,}, so "
            f"that n={units} is the most parts that have points",
            PerformanceWarning,
            stacklevel=4,
        )
    return start, stop


def bytes_text(n: int) -> str:
    """Return a number of bytes as text, with a unit."""
    size = float(n)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} PB"


def optional_module(module: str, extra: str, what: str = "") -> Any:
    """Return a module of an extra, or raise the ImportError that names the extra."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ImportError(
            f"{what or '.' + extra} needs {package}: pip install 'fastrest-ghk[{extra}]'"
        ) from None
