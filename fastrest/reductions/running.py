"""Passes over points: an accumulator is filled, point by point or by grid algebra."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core import _kernels
from fastrest._core.edges import Edges
from fastrest.models.outputs import phi
from fastrest.physiology.criteria import resolved_quantity
from fastrest.points.describe import describe
from fastrest.points.grid_points import GridPoints
from fastrest.points.points import Points
from fastrest.reductions import separable
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import Reducer
from fastrest.reductions.tally import METHODS, Tally
from fastrest.runtime import scheduler, system
from fastrest.runtime.checkpoint import Checkpoint
from fastrest.runtime.executors import Means, check_executor, gather
from fastrest.runtime.ranges import Ranges, common, cut, gaps
from fastrest.runtime.scheduler import Progress

if TYPE_CHECKING:
    import concurrent.futures as cf
    import os

CHOICES = ("auto", *METHODS)
#: The most edges that are compared with the sums, without logarithms: measured 26 % faster for one
#: edge, 17 % for three, not at all for six.
LOG_FREE = 4

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
) -> Tally:
    """Return the tally of points, or of some ranges of them, for reducers: see `Sweep.reduce`."""
    check_reducers(points, reducers)
    methods = choose_methods(points, reducers, method)
    isa = scheduler.choose_engine(engine)
    if isa == scheduler.PYTHON:
        raise ValueError("engine='python' computes values() only: reduce them with NumPy")
    check_executor(executor)
    for_file = checkpoint is not None or bool(ranges)
    description = describe(points) if for_file else {"shape": list(points.shape)}
    counted = Tally(points, description, methods, reducers)
    with Checkpoint.opened(checkpoint, Tally.load) as file:
        if file:
            counted.next_pass()
            counted = file.resume(counted, ranges)
            counted.sweep = points  # the file lacks a table's rows
        while counted.next_pass():
            run_pass(counted, isa, Means(threads, executor, progress, file), max_memory, ranges)
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


def run_pass(
    counted: Tally, isa: str, means: Means, max_memory: int | None, ranges: Ranges | None
) -> None:
    """Count the points that are left of a pass."""
    empty, sums = counted.state.empty(), counted.sums
    points = counted.sweep.asked(empty.of)
    way = pass_over(points, empty.method)
    threads, executor, *_ = means
    ranges = [(0, len(points))] if ranges is None else ranges
    n = sum(stop - start for start, stop in ranges)
    cost = points.output.cost
    workers = scheduler.thread_count(threads, n * cost) if executor is None else 1
    system.check_memory(way.work_bytes(workers, n), max_memory, way.remedy)
    for_workers = 1 if threads is None else scheduler.thread_count(threads, n)
    add = way.adder(empty, isa, sums, threads) if executor is None else None

    def find(start: int, stop: int) -> Accumulator:
        assert add is not None
        found = empty.empty()
        add(found, start, stop)
        return found

    def submit(start: int, stop: int) -> "cf.Future[Accumulator]":
        assert executor is not None
        rows, first = points.rows(start, stop)
        work = (rows, first, empty, sums)
        return executor.submit(find_remotely, *work, start, stop, isa, for_workers)

    left = common(gaps(counted.done, len(points)), ranges)
    to_do = scheduler.ToDo(n, way.unit, way.units_per_task(len(empty.edges)), left, cost)
    gather(counted, find, submit, to_do, means)


def find_remotely(
    points: Points,
    first: int,
    empty: Accumulator,
    sums: bool,
    start: int,
    stop: int,
    isa: str,
    threads: int,
) -> Accumulator:
    """Return the accumulator of a range, in a worker. The worker's points begin at `first`."""
    way, found = pass_over(points.asked(empty.of), empty.method), empty.empty()
    isa = isa if isa in _kernels.SUPPORTED else _kernels.ISA  # the bits are the same
    add = way.adder(empty, isa, sums, threads)
    lock = threading.Lock()

    def work(lo: int, hi: int) -> None:
        one = empty.empty()
        add(one, lo, hi)
        with lock:
            found.add(one)

    left = [(start - first, stop - first)]
    to_do = scheduler.ToDo(len(points), way.unit, way.units_per_task(len(empty.edges)), left)
    scheduler.run(work, to_do, threads=threads)
    found.move(first)
    return found
