"""Passes over points: an accumulator is filled, point by point or by grid algebra."""

import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core.edges import Edges
from fastrest.models.outputs import phi
from fastrest.physiology.criteria import resolved_quantity
from fastrest.points.describe import described_shortly
from fastrest.points.grid_points import GridPoints
from fastrest.points.points import Points
from fastrest.reductions import separable
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import Reducer
from fastrest.reductions.tally import METHODS, Tally
from fastrest.runtime import scheduler, system
from fastrest.runtime.checkpoint import Checkpoint
from fastrest.runtime.engines import Carried, Pool, opened
from fastrest.runtime.executors import Means, Remote, gather, warn_of_travel
from fastrest.runtime.ranges import Ranges, common, cut, gaps
from fastrest.runtime.scheduler import Progress

if TYPE_CHECKING:
    import concurrent.futures as cf
    import os

CHOICES = ("auto", *METHODS)
#: The most edges that are compared with the sums, without logarithms: measured 26 % faster for one
#: edge, 17 % for three, not at all for six.
LOG_FREE = 4
#: A factored pass of fewer seconds is made in the calling process: its lists are short.
FACTORED_HERE = 10.0

#: Adds a range of points to an accumulator.
AddRange = Callable[[Accumulator, int, int], None]


def tally(
    points: Points,
    reducers: Sequence[Reducer],
    method: str = "auto",
    engine: str | None = None,
    threads: int | None = None,
    executor: "cf.Executor | None" = None,
    progress: Progress = False,
    max_memory: int | None = None,
    checkpoint: "str | os.PathLike[str] | None" = None,
    ranges: Ranges | None = None,
    workers: int | None = None,
    part: tuple[int, int] | None = None,
) -> Tally:
    """Return the tally of points, or of some ranges of them, for reducers: see `Sweep.reduce`."""
    check_reducers(points, reducers)
    methods = choose_methods(points, reducers, method)
    isa = scheduler.choose_engine(engine)
    if isa == scheduler.PYTHON:
        raise ValueError("engine='python' computes values() only: reduce them with NumPy")
    with opened(executor, workers) as pool:
        for_file = checkpoint is not None or bool(ranges)
        description = described_shortly(points) if for_file else {"shape": list(points.shape)}
        counted = Tally(points, description, methods, reducers)
        counted.part = part
        with Checkpoint.opened(checkpoint, functools.partial(Tally.load, points=points)) as file:
            if file:
                counted.next_pass()
                counted = file.resume(counted, ranges)
                counted.sweep = points  # the file lacks a table's rows
            travelling = Travelling(points, pool)
            means = Means(threads, pool, progress, file)
            while counted.next_pass():
                run_pass(counted, isa, means, max_memory, ranges, travelling)
                if ranges:
                    break
            if file:
                file.save(counted)
    return counted


def check_reducers(points: Points, reducers: Sequence[Reducer]) -> None:
    """Raise unless these are reducers, of quantities that the model has."""
    for one in reducers:
        if not isinstance(one, Reducer):
            raise TypeError(f"a reducer must be fr.Summary(), fr.Histogram() ..., got {one!r}")
        resolved_quantity(one.of, points.cell.model)
    if not reducers:
        raise TypeError("at least one reducer is needed, such as fr.Summary()")


def choose_methods(points: Points, reducers: Sequence[Reducer], method: str) -> dict[Any, str]:
    """Return the method for each quantity of the reducers."""
    if method not in CHOICES:
        raise ValueError(f"method must be one of {', '.join(CHOICES)}, got {method!r}")
    quantities = dict.fromkeys(one.of for one in reducers)
    return {
        of: _choose(points.asked(of), [one for one in reducers if one.of == of], method)
        for of in quantities
    }


def _choose(points: Points, reducers: Sequence[Reducer], method: str) -> str:
    """Return the method for one quantity: "factored" or "pointwise"."""
    if method == "pointwise":
        return method
    if not separable.applies(points, any(one.sums for one in reducers)):
        if method == "auto":
            return "pointwise"
        raise ValueError(
            "method='factored' needs a grid whose two sums factor, and gives no sums and extrema "
            "where ions are divalent: use method='auto'"
        )
    if method == "factored":
        return method
    settings = separable.Settings(points)
    available = system.memory_available()
    if available is not None and settings.list_bytes > available:
        return "pointwise"
    edges = [one.edges(points, "factored", []) for one in reducers]
    n_edges = sum(len(e) for e in edges if e is not None)
    return "factored" if settings.pays(n_edges) else "pointwise"


# ---- one pass ----


class Pointwise:
    """A pass that visits every point: `separable.Settings` is a pass that does not."""

    #: points that are always taken together
    unit = scheduler.BLOCK_POINTS
    #: a way to take less memory
    remedy = "sweep fewer points at a time"

    def __init__(self, points: Points):
        self.points = points

    def units_per_task(self, n_edges: int) -> int:
        """Return the number of units that a thread takes at once."""
        return max(1, self.points.blocks_per_task // self.points.output.cost)

    def work_bytes(self, workers: int, points: int) -> int:
        """Return the approximate memory that workers take for so many points."""
        return self.points.work_bytes()

    def total_seconds(self, points: int, n_edges: int) -> float:
        """Return the time of so many points in one thread if it is known to be short."""
        return math.inf

    def adder(self, empty: Accumulator, isa: str, sums: bool, threads: int | None) -> AddRange:
        """Return a function that adds a range of points to accumulators like an empty one."""
        if self.points.event is not None:
            return _add_events(self.points, isa, threads)
        return _add_blocks(self.points, empty.edges, isa, sums, threads)


def pass_over(points: Points, method: str) -> Pointwise | separable.Settings:
    """Return the pass of a method."""
    if method == "pointwise":
        return Pointwise(points)
    assert isinstance(points, GridPoints)
    return separable.Settings(points)


def _add_blocks(
    points: Points, numbers: np.ndarray, isa: str, sums: bool, threads: int | None
) -> AddRange:
    equation, chunks = points.fast_chunks(isa, threads)
    far = points.reads_far()
    free = len(numbers) <= LOG_FREE and "celsius" not in points.varied
    one_phi = float(phi(points.cell["celsius"])) if free else None
    edges = Edges(numbers, one_phi) if len(numbers) else None

    def add(state: Accumulator, start: int, stop: int) -> None:
        for columns, first, lo, hi in chunks(start, stop):
            blocks, counts = equation.reduce(
                columns, lo - first, hi - lo, edges, sums=sums, far=far, isa=isa
            )
            state.add_blocks(blocks, counts, first, sums)

    return add


def _add_events(points: Points, isa: str, threads: int | None) -> AddRange:
    compute, _ = points.computer(isa, threads)

    def add(state: Accumulator, start: int, stop: int) -> None:
        for lo, hi in cut([(start, stop)], scheduler.BLOCK_POINTS):
            holds, status = np.empty(hi - lo), np.empty(hi - lo, np.uint8)
            compute(lo, hi, holds, status, False)
            state.add_events(holds, status, lo)

    return add


class Travelling:
    """The points for the workers of an engine, who get them once for all passes."""

    def __init__(self, points: Points, engine: Pool | None):
        self.points, self.engine = points, engine

    @functools.cached_property
    def carried(self) -> Carried:
        """The argument of tasks that brings the points."""
        assert self.engine is not None
        found = self.engine.carry(self.points.bare())
        warn_of_travel(self.engine, len(self.points) * self.points.output.cost)
        return found


class PassJob:
    """A pass, for a worker that has the points."""

    def __init__(self, empty: Accumulator, sums: bool, isa: str, threads: int):
        self.empty, self.sums, self.isa, self.threads = empty, sums, isa, threads

    def adder(self, points: Points) -> tuple[Pointwise | separable.Settings, AddRange]:
        """Return the pass, and the function that adds a range to accumulators."""
        empty = self.empty
        way = pass_over(points.asked(empty.of), empty.method)
        isa = scheduler.supported(self.isa)
        return way, way.adder(empty, isa, self.sums, self.threads)


def run_pass(
    counted: Tally,
    isa: str,
    means: Means,
    max_memory: int | None,
    ranges: Ranges | None,
    travelling: Travelling,
) -> None:
    """Count the points that are left of a pass."""
    empty, sums = counted.state.empty(), counted.sums
    points = counted.sweep.asked(empty.of)
    way = pass_over(points, empty.method)
    ranges = [(0, len(points))] if ranges is None else ranges
    n = sum(stop - start for start, stop in ranges)
    if way.total_seconds(n, len(empty.edges)) < FACTORED_HERE:
        means = means._replace(engine=None)
    threads, engine, *_ = means
    cost = points.output.cost
    workers = scheduler.thread_count(threads, n * cost) if engine is None else 1
    system.check_memory(way.work_bytes(workers, n), max_memory, way.remedy)
    add, remote = None, None
    if engine is None:
        add = way.adder(empty, isa, sums, threads)
    else:
        for_workers = 1 if threads is None else scheduler.thread_count(threads, n)
        job = PassJob(empty, sums, isa, for_workers)
        carried = travelling.carried, engine.carry(job)
        remote = Remote(find_remotely, carried, (), (travelling.points, job))

    def find(start: int, stop: int) -> Accumulator:
        assert add is not None
        found = empty.empty()
        add(found, start, stop)
        return found

    left = common(gaps(counted.done, len(points)), ranges)
    to_do = scheduler.ToDo(n, way.unit, way.units_per_task(len(empty.edges)), left, cost)
    gather(counted, find, remote, to_do, means)


#: The latest pass of this worker: its job, points, and their adder, whose tables take long to make.
_latest: list[Any] = [None, None, None]


def find_remotely(points: Points, job: PassJob, start: int, stop: int) -> Accumulator:
    """Return the accumulator of a range, in a worker."""
    kept = list(_latest)
    if kept[0] is not job or kept[1] is not points:
        kept = _latest[:] = [job, points, job.adder(points)]
    way, add = kept[2]
    found, lock = job.empty.empty(), threading.Lock()

    def work(lo: int, hi: int) -> None:
        one = job.empty.empty()
        add(one, lo, hi)
        with lock:
            found.add(one)

    units = way.units_per_task(len(job.empty.edges))
    to_do = scheduler.ToDo(len(points), way.unit, units, [(start, stop)])
    scheduler.run(work, to_do, threads=job.threads)
    return found
