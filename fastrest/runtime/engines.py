"""Engines: the executors of several libraries, each by its own door.

The libraries are not imported: an object is recognised by what it offers. A client of Dask gives
data to its workers by `scatter`, and tells their number by `nthreads`. Other executors are those of
``concurrent.futures``: pools of processes or threads, joblib's loky, and ``mpi4py.futures``.
"""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastrest._core.validation import whole_number
from fastrest.runtime import scheduler
from fastrest.runtime.parcels import SMALL, SMALL_ELSEWHERE, Parcel, Shelf
from fastrest.runtime.workers import Task, do_task

#: The most workers that may be stated.
MOST_WORKERS = 1_000_000
#: Seconds for which the number of a client's workers is believed.
BELIEVED = 2.0
#: Times that Dask tries a task that has failed; it repeats those of dead workers in any case.
RETRIES = 2


class Carried(NamedTuple):
    """An object that each worker gets once.

    Attributes
    ----------
    light : Any
        An argument of every task.
    parcel : Parcel or None
        The object; None if workers see the caller's memory.
    """

    light: Any
    parcel: Parcel | None = None


class Pool:
    """An executor of ``concurrent.futures``; its workers may have the caller's disk."""

    #: True if a task with all its data in it is a burden: few are sent at a time
    heavy = True

    def __init__(self, executor: Any, workers: int | None):
        self.executor, self.given, self.shelf = executor, workers, Shelf()
        #: True once a worker did not see a file
        self.elsewhere = False

    def workers(self) -> int:
        """Return the number of tasks that are done at the same time."""
        return max(1, self.given or self.told() or scheduler.cpus())

    def told(self) -> int | None:
        """Return the number of workers that the executor tells; None if it does not."""
        for name in ("_max_workers", "num_workers"):  # of Python and loky; of mpi4py
            found = getattr(self.executor, name, None)
            if isinstance(found, int) and found > 0:
                return found
        return None

    def carry(self, thing: Any) -> Carried:
        """Return what tasks carry of an object that each worker gets once."""
        parcel = self.shelf.pack(thing, SMALL_ELSEWHERE if self.elsewhere else SMALL)
        return Carried(parcel, parcel)

    def light(self, carried: Carried) -> Any:
        """Return the argument of a task for an object that its worker may have."""
        return carried.light

    def whole(self, carried: Carried) -> Any:
        """Return an argument with all data, for a worker that does not see the files."""
        return None if carried.parcel is None else carried.parcel.whole()

    def submit(self, task: Task, parcels: Sequence[Any]) -> Any:
        """Give a task to the executor, and return its future."""
        return self.executor.submit(do_task, task, *parcels)

    def close(self) -> None:
        """Take back what was carried."""
        self.shelf.clear()


class Threads(Pool):
    """An executor of threads, which see the caller's memory."""

    def carry(self, thing: Any) -> Carried:
        return Carried(thing)


class Dask(Pool):
    """A client of Dask, or the executor of one."""

    heavy = False

    def __init__(self, executor: Any, workers: int | None):
        super().__init__(executor, workers)
        self.client = getattr(executor, "_client", executor)
        self.asked, self.number = -BELIEVED, 1
        #: data with the workers, by the number of the parcel
        self.scattered: dict[int, Any] = {}

    def told(self) -> int | None:
        if time.monotonic() - self.asked >= BELIEVED:
            self.number = sum(self.client.nthreads().values())
            self.asked = time.monotonic()
        return self.number or 1  # none yet: the cluster starts

    def carry(self, thing: Any) -> Carried:
        parcel = self.shelf.pack(thing, math.inf)
        light = parcel if parcel.inside <= SMALL else self._scatter(parcel)
        return Carried(light, parcel)

    def light(self, carried: Carried) -> Any:
        assert carried.parcel is not None
        return self.scattered.get(-carried.parcel.number, carried.light)

    def whole(self, carried: Carried) -> Any:
        assert carried.parcel is not None
        if not carried.parcel.names_files:
            return carried.light
        number = -carried.parcel.number  # that of all bytes, which have none of their own
        return self.scattered.get(number) or self._scatter(carried.parcel.whole(), number)

    def _scatter(self, parcel: Parcel, number: int | None = None) -> Any:
        found = self.client.scatter(parcel, broadcast=True, hash=False)
        self.scattered[number or parcel.number] = found
        return found

    def submit(self, task: Task, parcels: Sequence[Any]) -> Any:
        how = {"pure": False, "retries": RETRIES} if self.client is self.executor else {}
        return self.executor.submit(do_task, task, *parcels, **how)

    def close(self) -> None:
        for one in self.scattered.values():
            with contextlib.suppress(Exception):  # the cluster may be gone
                one.release()


def is_dask(executor: Any) -> bool:
    """Return True for a client of Dask, and for the executor of one."""
    client = getattr(executor, "_client", executor)
    return all(callable(getattr(client, name, None)) for name in ("scatter", "submit", "nthreads"))


def engine_of(executor: Any, workers: int | None = None) -> Pool | None:
    """Return the engine of an executor, None without one, or raise the error for another object."""
    if workers is not None:
        workers = whole_number("workers", workers, 1, MOST_WORKERS)
    if executor is None:
        if workers is not None:
            raise ValueError(f"workers={workers} goes with executor=: give both, or threads=")
        return None
    from concurrent.futures import Executor, ThreadPoolExecutor

    if is_dask(executor) and not isinstance(executor, type):
        if getattr(executor, "asynchronous", False):
            raise TypeError("executor must be a Client that waits, got one of asynchronous=True")
        return Dask(executor, workers)
    if isinstance(executor, ThreadPoolExecutor):
        return Threads(executor, workers)
    if isinstance(executor, Executor):
        return Pool(executor, workers)
    raise TypeError(
        "executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor() or "
        f"mpi4py.futures.MPIPoolExecutor(), or a Client of Dask, got {executor!r}"
    )


@contextlib.contextmanager
def opened(executor: Any, workers: int | None = None) -> Iterator[Pool | None]:
    """Yield the engine of an executor for the passes of one call; None without an executor."""
    engine = engine_of(executor, workers)
    try:
        yield engine
    finally:
        if engine is not None:
            engine.close()
