"""The scheduler: cuts ranges into tasks, runs them on threads, and stops them at Ctrl-C.

No other file schedules. The caller's function computes a task. A range is a pair (start, stop).
"""

import contextlib
import math
import os
import sys
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fastrest._core import _kernels
from fastrest._core.validation import whole_number
from fastrest.runtime import cgroup
from fastrest.runtime.ranges import Ranges, cut

Progress = bool | Callable[[int, int], Any]


@contextlib.contextmanager
def reporter(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that reports the number of finished points."""
    if progress is False or progress is None:
        yield lambda done: None
    elif progress is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise ImportError(
                "progress=True needs tqdm: pip install 'fastrest-ghk[progress]', or pass a "
                "callable(done, total)"
            ) from None
        with tqdm(total=total, unit=" points", unit_scale=True) as bar:
            yield lambda done: bar.update(done - bar.n)
    elif callable(progress):
        last = -1

        def report(done: int) -> None:
            nonlocal last
            if done > last:
                last = done
                progress(done, total)

        yield report
    else:
        raise TypeError(f"progress must be True, False or callable(done, total), got {progress!r}")


#: Points in a block. Each block is summed up on its own, in any task.
BLOCK_POINTS = _kernels.BLOCK
#: Blocks in a task, which is one call from Python.
BLOCKS_PER_TASK = 16
#: The fewest points for which two threads are faster than one.
SMALL = 200_000
#: The most threads that may be asked for.
MOST_THREADS = 4096
#: Outputs of this size and above are written past the caches.
STREAM_BYTES = 8 << 20
#: Inputs of this size and above come from beyond the caches, and are prefetched.
FAR_BYTES = 64 << 20

#: Environment variables by which batch systems, and other libraries, grant a number of CPUs.
GRANTS = ("SLURM_CPUS_PER_TASK", "PBS_NP", "PBS_NUM_PPN", "NCPUS", "NSLOTS", "OMP_NUM_THREADS")

#: The engine of the pure-Python reference.
PYTHON = "python"

#: Computes the points [start, stop).
Work = Callable[[int, int], None]


class ToDo(NamedTuple):
    """Points to compute.

    Attributes
    ----------
    points : int
        All points, including those that are done.
    unit, units : int
        Points that are always in one range, and the most of these in a range.
    left : sequence of (start, stop), optional
        The ranges that are still to be done; by default all points.
    cost : int
        Time that a point takes, in plain points: it tells how many threads are worth while.
    """

    points: int
    unit: int = BLOCK_POINTS
    units: int = BLOCKS_PER_TASK
    left: Ranges | None = None
    cost: int = 1

    @property
    def ranges(self) -> Ranges:
        """The ranges that are still to be done."""
        return [(0, self.points)] if self.left is None else self.left


def choose_engine(engine: str | None) -> str:
    """Return the engine to use: an instruction set, or PYTHON for the reference."""
    if engine is None:
        return _kernels.ISA
    if engine != PYTHON and engine not in _kernels.SUPPORTED:
        known = ", ".join(map(repr, (PYTHON, *_kernels.SUPPORTED)))
        raise ValueError(f"engine must be one of {known}, got {engine!r}")
    return engine


def supported(engine: str) -> str:
    """Return the engine of a caller for its worker, which may lack it: the bits are the same."""
    return engine if engine in (PYTHON, *_kernels.SUPPORTED) else _kernels.ISA


def cpus() -> int:
    """Return the number of CPUs that affinity, cgroup and batch system allow the process."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quotas = (max(1, math.ceil(quota)) for quota in cgroup.cpu_quotas())
    return min([count, *quotas, *_granted()])


def _granted() -> Iterator[int]:
    """Yield the CPUs that environment variables grant; other texts than numbers grant nothing."""
    for name in GRANTS:
        first = os.environ.get(name, "").partition(",")[0].strip()  # OMP_NUM_THREADS=4,2
        if first.isascii() and first.isdecimal() and int(first) >= 1:
            yield int(first)


def shares_cpus() -> bool:
    """Return True in a child of multiprocessing: its siblings have the other CPUs."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def thread_count(threads: int | None, points: int) -> int:
    """Return the number of threads on which so many points are computed."""
    if threads is not None:
        return whole_number("threads", threads, 1, MOST_THREADS)
    variable = os.environ.get("FASTREST_NUM_THREADS")
    if variable:
        plain = variable.isascii() and variable.strip().isdecimal()
        given = int(variable) if plain else variable
        return whole_number("FASTREST_NUM_THREADS", given, 1, MOST_THREADS)
    return cpus() if points >= SMALL and not shares_cpus() else 1


def run(
    work: Work, to_do: int | ToDo, *, threads: int | None = None, progress: Progress = False
) -> None:
    """Call `work` on consecutive ranges that cover all points, and return when all are done.

    Every range but the last is a whole number of units. An exception in `work`, in a progress
    callable, or Ctrl-C stops the run at the next task of each thread and is raised here, after all
    threads have stopped: no thread outlives the call.

    Parameters
    ----------
    work : callable
        ``work(start, stop)``; called from several threads at once.
    to_do : int or ToDo
        A number of points, or points with the ranges that are left.
    threads : int, optional
    progress : bool or callable
        True draws a bar (needs tqdm); a callable is called as ``progress(done, total)``, in the
        calling thread.
    """
    to_do = to_do if isinstance(to_do, ToDo) else ToDo(to_do)
    (points, unit, units, _, cost), left = to_do, to_do.ranges
    to_do = sum(stop - start for start, stop in left)
    n_threads = thread_count(threads, to_do * cost)
    if to_do == 0:
        return
    if n_threads > 1:  # 8 tasks a thread at least, so that no thread waits long for the last
        units = min(units, -(-to_do // (unit * 8 * n_threads)))
    n_threads = min(n_threads, -(-to_do // (unit * units)))
    tasks = cut(left, unit * units)
    if n_threads == 1 and (progress is False or progress is None):
        for start, stop in tasks:
            work(start, stop)
        return
    lock = threading.Lock()
    stopped = threading.Event()
    done = points - to_do

    def work_on(report: Callable[[int], Any]) -> None:
        nonlocal done
        while not stopped.is_set():
            with lock:
                task = next(tasks, None)
            if task is None:
                return
            start, stop = task
            work(start, stop)
            with lock:
                done += stop - start
            report(done)

    with reporter(progress, points) as report:
        if n_threads == 1:
            work_on(report)
        else:
            _on_threads(work_on, n_threads, report, stopped)
            report(points)


def _on_threads(
    work_on: Callable[[Callable[[int], Any]], None],
    n_threads: int,
    report: Callable[[int], Any],
    stopped: threading.Event,
) -> None:
    """Work on the calling thread, which has a CPU already, and on n_threads - 1 others.

    The function returns, or raises, only once no other thread works any more. Ctrl-C within
    Thread.start or Thread.join would leave it unknown whether the thread runs; hence bare threads,
    and a set of those that run.
    """
    failures: list[BaseException] = []
    running: set[int] = set()
    bell = threading.Lock()
    bell.acquire()

    def other(number: int) -> None:
        running.add(number)  # first: a thread that finds `stopped` unset is waited for
        try:
            work_on(lambda done: None)
        except BaseException as error:
            stopped.set()
            failures.append(error)
        finally:
            running.discard(number)
            with contextlib.suppress(RuntimeError):  # another thread has released it already
                bell.release()

    try:
        for number in range(1, n_threads):
            try:
                start_new_thread(other, (number,))
            except RuntimeError:  # the system refuses: those that run do the work
                break
        work_on(report)
    except BaseException as error:
        failures.insert(0, error)
    while True:
        try:
            stopped.set()
            while running:
                bell.acquire(timeout=0.05)
            break
        except KeyboardInterrupt as error:
            failures.insert(0, error)
    if failures:
        raise failures[0]
