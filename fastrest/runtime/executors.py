"""Executors: ranges are computed by threads, or by the workers of an executor, and added up."""

import contextlib
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from fastrest.runtime import scheduler
from fastrest.runtime.checkpoint import Checkpoint, PartialResult
from fastrest.runtime.engines import Carried, Pool
from fastrest.runtime.parcels import Missing
from fastrest.runtime.scheduler import Progress, reporter
from fastrest.runtime.system import PerformanceWarning, bytes_text
from fastrest.runtime.workers import Refused, Task, release_of

#: Plain points of the first tasks, whose time is measured: those of some 20 ms.
FIRST = 1 << 22
#: Seconds of a task: the most, which the death of a worker costs, and the least, which is much
#: longer than sending it.
LONGEST, SHORTEST = 4.0, 0.3
#: A task is this part of the points that are left for each worker: tasks end at the same time.
SHARE = 1.5
#: Tasks that carry all their data at a time, to workers that do not see the caller's files.
HEAVY = 2
#: Seconds of work after which starved workers are told, and the part of a processor they lack.
STARVED_AFTER, STARVED = 10.0, 0.6
#: Bytes that travel in a second, and seconds of a plain point: to tell when travel does not pay.
TRAVEL, PLAIN = 3e8, 5e-9
#: Bytes for which no caller waits.
UNNOTICED = 1 << 25

#: The result of a range.
Found = TypeVar("Found")


class Means(NamedTuple):
    """The means of a count: threads, engine and progress as for ``sweep.reduce``, and a file."""

    threads: int | None
    engine: Pool | None
    progress: Progress
    file: Checkpoint | None


class Remote(NamedTuple):
    """The work of tasks: a function of a module, which a worker calls (see `Task`).

    Attributes
    ----------
    work : callable
    carried : tuple of Carried
        The objects that each worker gets once.
    arguments : tuple
        Small arguments of every task.
    things : tuple
        The objects, of which the bits of drawn numbers are compared.
    remedy : str
        The remedy for a failure.
    """

    work: Callable[..., Any]
    carried: tuple[Carried, ...]
    arguments: tuple[Any, ...]
    things: tuple[Any, ...]
    remedy: str = "with checkpoint= the same call resumes from there"


@contextlib.contextmanager
def workers_named(done: int, points: int, remedy: str) -> Iterator[None]:
    """Raise one kind of error for all failures of workers: each executor has its own errors."""
    try:
        yield
    except Exception as error:
        hint = ""
        if isinstance(error, AttributeError | ImportError):
            hint = f" (have the workers fastrest {release_of(()).version}, as the caller?)"
        raise RuntimeError(
            f"the executor failed after {done:,} of {points:,} points ({type(error).__name__}: "
            f"{error}){hint}; {remedy}"
        ) from error


class Cutter:
    """Cuts ranges into tasks of whole units: some seconds each, and shorter towards the end.

    The sizes follow the number of workers and the measured time of a point. No answer depends on
    them, because results of whole units can be added in any order. A task has at most `most`
    points.
    """

    def __init__(self, to_do: scheduler.ToDo, most: float = math.inf):
        self.ranges, self.unit, self.most = list(reversed(to_do.ranges)), to_do.unit, most
        self.left = sum(stop - start for start, stop in self.ranges)
        self.first = max(1, FIRST // to_do.cost)
        self.points, self.seconds = 0, 0.0

    def measure(self, points: int, seconds: float) -> None:
        """Take the time of a task into account."""
        self.points += points
        self.seconds += seconds

    def size(self, workers: int) -> int:
        """Return the size of the next task, in points."""
        size: float = self.left / (SHARE * workers)
        if self.seconds > 0:
            pace = self.points / self.seconds
            size = max(min(size, LONGEST * pace), SHORTEST * pace)
        else:
            size = min(size, self.first)
        return max(1, int(min(size, self.most)) // self.unit) * self.unit

    def next(self, workers: int) -> tuple[int, int] | None:
        """Return the range of the next task; None if there is none."""
        if not self.ranges:
            return None
        start, stop = self.ranges.pop()
        end = min(start + self.size(workers), stop)
        if end < stop:
            self.ranges.append((end, stop))
        self.left -= end - start
        return start, end


class Sender:
    """Submits tasks to an engine's workers, and adds their results.

    Two tasks for each worker are under way, so that none waits for the caller.
    """

    def __init__(self, engine: Pool, remote: Remote, to_do: scheduler.ToDo, most: float = math.inf):
        self.engine, self.remote, self.cutter = engine, remote, Cutter(to_do, most)
        self.points = to_do.points
        self.done = to_do.points - self.cutter.left
        self.release = release_of(remote.things)
        self.pending: dict[Any, tuple[int, int]] = {}
        self.ended: SimpleQueue[Any] = SimpleQueue()
        #: ranges whose worker did not see a file, and the tasks that carry all data
        self.again: list[tuple[int, int, Sequence[int]]] = []
        self.heavy: set[Any] = set()
        self.seconds = self.cpu = 0.0

    def submit(self, start: int, stop: int, missing: Sequence[int] = ()) -> None:
        """Submit a range, with all data of the objects that a worker missed."""
        task = Task(self.remote.work, start, stop, self.remote.arguments, self.release)
        engine = self.engine
        with workers_named(self.done, self.points, self.remote.remedy):
            parcels = [
                engine.whole(one) if i in missing else engine.light(one)
                for i, one in enumerate(self.remote.carried)
            ]
            future = engine.submit(task, parcels)
            self.pending[future] = start, stop
            if missing and engine.heavy:
                self.heavy.add(future)
            future.add_done_callback(self.ended.put)

    def fill(self) -> None:
        """Submit tasks until every worker has one, and another that waits."""
        workers = self.engine.workers()
        while self.again and len(self.heavy) < HEAVY:
            self.submit(*self.again.pop())
        while len(self.pending) < 2 * workers:
            found = self.cutter.next(workers)
            if found is None:
                return
            self.submit(*found)

    def receive(self) -> tuple[Any, int, int] | None:
        """Wait for a task, and return its result and range; None if it must be sent again."""
        future = self.ended.get()
        start, stop = self.pending.pop(future)
        self.heavy.discard(future)
        with workers_named(self.done, self.points, self.remote.remedy):
            answer = future.result()
        if isinstance(answer, Refused):
            raise RuntimeError(_refusal(answer, self.release))
        if isinstance(answer, Missing):
            self.engine.elsewhere = True
            self.again.append((start, stop, answer.args))
            return None
        self.cutter.measure(stop - start, answer.seconds)
        self.seconds += answer.seconds
        self.cpu += answer.seconds if answer.cpu is None else answer.cpu
        return answer.found, start, stop

    def run(self, progress: Progress, add: Callable[[Any, int, int], None]) -> None:
        """Submit all ranges, and add their results."""
        with reporter(progress, self.points) as report:
            try:
                while True:
                    self.fill()
                    if not self.pending:
                        return
                    received = self.receive()
                    if received is not None:
                        add(*received)
                        self.done += received[2] - received[1]
                        report(self.done)
            finally:
                for future in self.pending:
                    future.cancel()

    def tell_starved(self) -> None:
        """Warn if the workers waited for a processor for most of the time."""
        if self.seconds > STARVED_AFTER and self.cpu < STARVED * self.seconds:
            warnings.warn(
                f"the workers had {self.cpu / self.seconds:.0%} of a processor each: they share "
                "processors with each other or with other programs, or wait for a disk; start as "
                "many workers as there are processors, with one thread each",
                PerformanceWarning,
                stacklevel=2,
            )


def warn_of_travel(engine: Pool, points: int) -> None:
    """Warn if data travel to the workers for longer than so many plain points take here."""
    size = engine.shelf.packed
    here = points * PLAIN / scheduler.cpus()
    if size > UNNOTICED and size / TRAVEL > here:
        warnings.warn(
            f"{bytes_text(size)} travel to the workers, and this process computes the {points:,} "
            f"points in about {here:.2g} s: leave executor= out",
            PerformanceWarning,
            stacklevel=2,
        )


def _refusal(found: Refused, here: Any) -> str:
    """Return the text of the error for a worker of another release."""
    there = found.release
    what, mine, its = next((name, a, b) for name, a, b in zip(here._fields, here, there) if a != b)
    names = {"version": "fastrest", "interface": "the interface of the kernels", "bits": "bits"}
    return (
        f"a worker ({found.where}) has {names.get(what, 'the format of files')} {its}, and this "
        f"process {mine}: install the same fastrest-ghk everywhere, and start the workers again"
    )


def gather(
    result: PartialResult,
    find: Callable[[int, int], Found],
    remote: Remote | None,
    to_do: scheduler.ToDo,
    means: Means,
) -> None:
    """Add the ranges that are left to a partial result: by threads, or by an engine's workers.

    `find` is called with a range of points, and returns its result. `remote` is the same for
    workers.
    """
    threads, engine, progress, file = means
    lock = threading.Lock()

    def add(found: Found, start: int, stop: int) -> None:
        with lock:
            result.add(found, start, stop)
            if file and file.due():
                file.save(result)

    def work(start: int, stop: int) -> None:
        add(find(start, stop), start, stop)

    try:
        if engine is None or remote is None:
            scheduler.run(work, to_do, threads=threads, progress=progress)
        else:
            sender = Sender(engine, remote, to_do)
            sender.run(progress, add)
            sender.tell_starved()
    finally:
        if file:
            with lock:
                file.save(result)
