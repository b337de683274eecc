"""The engine: cuts a sweep into tasks, runs them on threads, and sees to memory and Ctrl-C.

The only file that schedules. What a task computes is the sweep's business.
"""

import contextlib
import math
import os
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import _kernels
from .physics import whole_number

#: Points in a block: summed up on its own, whatever task it is part of.
BLOCK = _kernels.BLOCK
#: Blocks in a task: one call from Python.
BLOCKS_PER_TASK = 16
#: Below this many points one thread is faster than two.
SMALL = 200_000
#: Outputs from here on are written past the caches.
STREAM_BYTES = 8 << 20
#: Inputs from here on come from beyond the caches, and are asked for ahead.
FAR_BYTES = 64 << 20

PYTHON = "python"

#: Computes the points [start, stop).
Work = Callable[[int, int], None]
Progress = bool | Callable[[int, int], Any]
#: Pairs (start, stop) in order.
Ranges = Sequence[tuple[int, int]]


def choose(engine: str | None) -> str:
    """The engine to use: an instruction set, or PYTHON for the reference."""
    if engine is None:
        return _kernels.ISA
    if engine != PYTHON and engine not in _kernels.SUPPORTED:
        known = ", ".join(map(repr, (PYTHON, *_kernels.SUPPORTED)))
        raise ValueError(f"engine must be one of {known}, got {engine!r}")
    return engine


# ---- threads ----


def cpus() -> int:
    """CPUs this process may use: its affinity and, on Linux, its cgroup's quota."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            count = min(count, max(1, math.ceil(int(quota) / int(period))))
    return count


def thread_count(threads: int | None, points: int) -> int:
    """How many threads a sweep of so many points runs on."""
    if threads is not None:
        return whole_number("threads", threads, 1)
    variable = os.environ.get("FASTREST_NUM_THREADS")
    if variable:
        if not variable.strip().isdecimal():
            raise ValueError(f"FASTREST_NUM_THREADS must be a whole number >= 1, got {variable!r}")
        return whole_number("FASTREST_NUM_THREADS", int(variable), 1)
    return cpus() if points >= SMALL else 1


# ---- memory ----


def memory_available() -> int | None:
    """Bytes this process may still take, where the system tells."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):
        cgroup = Path("/sys/fs/cgroup")
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        found.append(limit - used + int(stat.get("inactive_file", 0)))  # file cache can go
    if not found:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def check_memory(need: int, max_memory: int | None, instead: str) -> None:
    """Raise MemoryError, naming the need and another way, before memory is taken."""
    if need < 1 << 20 and max_memory is None:
        return  # asking the system costs more than a small sweep
    if max_memory is not None:
        limit, whose = whole_number("max_memory", max_memory, 1), "max_memory is"
    else:
        available = memory_available()
        if available is None:
            return
        limit, whose = available, "available are"
    if need > limit:
        raise MemoryError(f"this needs {bytes_text(need)}, {whose} {bytes_text(limit)}: {instead}")


def bytes_text(n: int) -> str:
    """A number of bytes for people."""
    size = float(n)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} PB"


# ---- ranges ----


def cut(ranges: Ranges, size: int) -> Iterator[tuple[int, int]]:
    """Ranges in pieces of a size, the last of each what is left."""
    for start, stop in ranges:
        for lo in range(start, stop, size):
            yield lo, min(lo + size, stop)


def join(ranges: Ranges) -> list[tuple[int, int]]:
    """The same ranges in order, neighbours as one."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def gaps(ranges: Ranges, points: int) -> list[tuple[int, int]]:
    """What joined ranges leave of [0, points)."""
    edges = [0, *(edge for one in ranges for edge in one), points]
    return [(lo, hi) for lo, hi in zip(edges[::2], edges[1::2]) if lo < hi]


def common(some: Ranges, others: Ranges) -> list[tuple[int, int]]:
    """What ranges have in common with others."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(start, stop) for start, stop in both if start < stop]


# ---- the run ----


def run(
    work: Work,
    points: int,
    *,
    threads: int | None = None,
    progress: Progress = False,
    unit: int = BLOCK,
    units: int = BLOCKS_PER_TASK,
    left: Ranges | None = None,
) -> None:
    """Call `work` on consecutive ranges that cover all points, and return when all are done.

    Every range but the last is a whole number of units. An exception in `work`, in a progress
    callable, or Ctrl-C stops the run at the next task of each thread and is raised here, after all
    threads have stopped: no thread outlives the call.

    Parameters
    ----------
    work : callable
        ``work(start, stop)``; called from several threads at once.
    points : int
    threads : int, optional
    progress : bool or callable
        True draws a bar (needs tqdm); a callable is called as ``progress(done, total)``, in the
        calling thread.
    unit, units : int
        Points that are always in one range, and most of these in a range.
    left : sequence of (start, stop), optional
        What is still to be done, if not everything.
    """
    left = [(0, points)] if left is None else left
    to_do = sum(stop - start for start, stop in left)
    n_threads = thread_count(threads, to_do)
    if to_do == 0:
        return
    if n_threads > 1:  # a short sweep is cut into 8 tasks a thread, that none waits for the last
        units = min(units, -(-to_do // (unit * 8 * n_threads)))
    n_threads = min(n_threads, -(-to_do // (unit * units)))
    tasks = cut(left, unit * units)
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

    Returns, or raises, only once no other works any more, whatever happens meanwhile. Hence bare
    threads and a count of our own: Ctrl-C within Thread.start or Thread.join leaves it unknown
    whether the thread runs.
    """
    failures: list[BaseException] = []
    running: set[int] = set()
    bell = threading.Lock()
    bell.acquire()

    def other(number: int) -> None:
        running.add(number)  # first: whoever sees `stopped` unset below is waited for
        try:
            work_on(lambda done: None)
        except BaseException as error:
            stopped.set()
            failures.append(error)
        finally:
            running.discard(number)
            with contextlib.suppress(RuntimeError):  # another has rung already
                bell.release()

    try:
        for number in range(1, n_threads):
            start_new_thread(other, (number,))
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


@contextlib.contextmanager
def reporter(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """A function that is told how many points are done."""
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
        said = [-1]

        def report(done: int) -> None:
            if done > said[0]:
                said[0] = done
                progress(done, total)

        yield report
    else:
        raise TypeError(f"progress must be True, False or callable(done, total), got {progress!r}")
