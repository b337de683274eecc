"""Executors: ranges are computed by threads, or by the workers of an executor, and added up."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from fastrest.runtime import scheduler
from fastrest.runtime.checkpoint import Checkpoint, PartialResult
from fastrest.runtime.ranges import cut
from fastrest.runtime.scheduler import Progress, reporter

if TYPE_CHECKING:
    import concurrent.futures as cf

#: The number of pieces that an executor's points are cut into, if there are as many units, and the
#: most points of a piece: those of a few seconds, which is what the death of a worker costs.
PIECES, LARGEST_PIECE = 64, 1 << 30

#: The result of a range.
Found = TypeVar("Found")


class Means(NamedTuple):
    """The means of a count: threads, executor and progress as for ``sweep.reduce``, and a file."""

    threads: int | None
    executor: "cf.Executor | None"
    progress: Progress
    file: Checkpoint | None


def check_executor(executor: Any) -> None:
    """Raise the TypeError unless this is an executor, or None."""
    if executor is None:
        return
    from concurrent.futures import Executor

    if not isinstance(executor, Executor):
        raise TypeError(
            "executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor() or "
            f"Dask's client.get_executor(), got {executor!r}"
        )


@contextlib.contextmanager
def workers_named(done: int, points: int) -> Iterator[None]:
    """Raise one kind of error for all failures of workers: each executor has its own errors."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(
            f"the executor failed after {done:,} of {points:,} points ({type(error).__name__}: "
            f"{error}); with checkpoint= the same call resumes from there"
        ) from error


def send(
    submit: Callable[[int, int], "cf.Future[Found]"],
    to_do: scheduler.ToDo,
    largest: int,
    executor: "cf.Executor",
    progress: Progress,
    add: Callable[[Found, int, int], None],
) -> None:
    """Submit pieces to an executor's workers, and add their results.

    Only as many pieces are submitted at a time as keep the workers busy, because each piece of a
    table carries its rows.
    """
    from concurrent.futures import FIRST_COMPLETED, wait

    window = 2 * (getattr(executor, "_max_workers", None) or scheduler.cpus())
    pending: dict[cf.Future[Found], tuple[int, int]] = {}
    points, unit, *_ = to_do
    whole = max(1, min(-(-points // unit) // PIECES, largest // unit))
    pieces = cut(to_do.ranges, whole * unit)
    done = points - sum(stop - start for start, stop in to_do.ranges)
    with reporter(progress, points) as report:
        try:
            while True:
                for start, stop in itertools.islice(pieces, window - len(pending)):
                    with workers_named(done, points):
                        pending[submit(start, stop)] = start, stop
                if not pending:
                    return
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    start, stop = pending.pop(future)
                    with workers_named(done, points):
                        found = future.result()
                    add(found, start, stop)
                    done += stop - start
                    report(done)
        finally:
            for future in pending:
                future.cancel()


def gather(
    result: PartialResult,
    find: Callable[[int, int], Found],
    submit: Callable[[int, int], "cf.Future[Found]"],
    to_do: scheduler.ToDo,
    means: Means,
    largest: int = LARGEST_PIECE,
) -> None:
    """Add the ranges that are left to a partial result: by threads, or by an executor's workers.

    `find` and `submit` are called with a range of points, and return its result, and the future of
    its result. `largest` is the most points that a worker takes at once.
    """
    threads, executor, progress, file = means
    lock = threading.Lock()

    def add(found: Found, start: int, stop: int) -> None:
        with lock:
            result.add(found, start, stop)
            if file and file.due():
                file.save(result)

    def work(start: int, stop: int) -> None:
        add(find(start, stop), start, stop)

    try:
        if executor is None:
            scheduler.run(work, to_do, threads=threads, progress=progress)
        else:
            send(submit, to_do, largest, executor, progress, add)
    finally:
        if file:
            with lock:
                file.save(result)
