"""Arrays that the workers of an executor compute: range by range, brought back to the caller.

This pays where a point takes long, as steady states and courses do. Outputs larger than memory are
written where they are computed: see `io.save`.
"""

from typing import Any

import numpy as np

from fastrest.points.points import Points
from fastrest.runtime import scheduler
from fastrest.runtime.engines import Pool
from fastrest.runtime.executors import Remote, Sender, warn_of_travel
from fastrest.runtime.scheduler import Progress

#: Bytes of the arrays that a task brings back, at most.
LARGEST_RESULT = 1 << 26


def compute_by(
    engine: Pool,
    points: Points,
    out: np.ndarray,
    isa: str,
    threads: int | None,
    progress: Progress,
) -> None:
    """Compute all points into an array of their shape, by an engine's workers."""
    of = points.of
    arguments = of, out.dtype, isa, 1 if threads is None else threads

    def add(found: np.ndarray, start: int, stop: int) -> None:
        out.flat[start:stop] = found

    _run(engine, points, values_remotely, arguments, out.nbytes, progress, add)


def gradients_by(
    engine: Pool,
    points: Points,
    slopes: dict[str, np.ndarray],
    isa: str,
    threads: int | None,
    progress: Progress,
) -> None:
    """Compute the derivatives at all points into arrays, by an engine's workers."""
    arguments = points.of, tuple(slopes), isa, 1 if threads is None else threads

    def add(found: np.ndarray, start: int, stop: int) -> None:
        for array, one in zip(slopes.values(), found):
            array.reshape(-1)[start:stop] = one

    size = sum(array.nbytes for array in slopes.values())
    _run(engine, points, gradients_remotely, arguments, size, progress, add)


def _run(
    engine: Pool,
    points: Points,
    work: Any,
    arguments: tuple[Any, ...],
    size: int,
    progress: Progress,
    add: Any,
) -> None:
    bare = points.bare()
    remote = Remote(work, (engine.carry(bare),), arguments, (bare,), "repeat the call")
    engine.shelf.packed += size  # the results travel, too
    warn_of_travel(engine, len(points) * points.output.cost)
    unit = max(1, scheduler.BLOCK_POINTS // points.output.cost)
    to_do = scheduler.ToDo(len(points), unit, cost=points.output.cost)
    most = LARGEST_RESULT // max(1, size // len(points))
    sender = Sender(engine, remote, to_do, most)
    sender.run(progress, add)
    sender.tell_starved()


def values_remotely(
    points: Points, start: int, stop: int, of: Any, dtype: np.dtype[Any], isa: str, threads: int
) -> np.ndarray:
    """Return the values of a range, in a worker."""
    compute, _ = points.asked(of).computer(scheduler.supported(isa), threads)
    found = np.empty(stop - start, dtype)

    def work(lo: int, hi: int) -> None:
        compute(lo, hi, found[lo - start : hi - start], None, False)

    scheduler.run(work, scheduler.ToDo(len(points), left=[(start, stop)]), threads=threads)
    return found


def gradients_remotely(
    points: Points, start: int, stop: int, of: Any, names: tuple[str, ...], isa: str, threads: int
) -> np.ndarray:
    """Return the derivatives of a range, a row for each parameter, in a worker."""
    points = points.asked(of)
    _, chunks = points.chunks()
    output, engine = points.output, scheduler.supported(isa)
    found = np.empty((len(names), stop - start))

    def work(lo: int, hi: int) -> None:
        for columns, first, low, high in chunks(lo, hi):
            part = slice(low - start, high - start)
            slopes = {name: row[part] for name, row in zip(names, found)}
            output.gradients(columns, low - first, slopes, engine)

    scheduler.run(work, scheduler.ToDo(len(points), left=[(start, stop)]), threads=threads)
    return found
