"""Passes: a sweep is run over, piece by piece, and its states put together.

What a reducer wants to know is in `reduce`; how a grid answers without visiting its points in
`factored`; what is kept of it all in `tally`; threads in `engine`. This is where they meet.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import _kernels, engine, factored, files
from .model import phi
from .reduce import Reducer, State
from .tally import Checkpoint, Kept, Tally

if TYPE_CHECKING:
    import concurrent.futures as cf
    import os

    from .sweep import Sweep

METHODS = ("auto", "factored", "pointwise")
#: Pieces that a sweep is cut into for an executor, if it has as many units, and points of the
#: largest: a few seconds, which is what a worker's death costs.
PIECES, LARGEST_PIECE = 64, 1 << 30

#: Up to so many edges are compared with the sums, without logarithms: measured 26 % faster for one
#: edge, 17 % for three, nothing for six.
LOG_FREE = 4

#: What a worker finds.
Found = TypeVar("Found")
#: Adds a range of points to a state.
Part = Callable[[State, int, int], None]


class Counted(Kept, Protocol):
    """What a pass adds to: a tally, or the count of a population."""

    def add(self, found: Any, start: int, stop: int) -> None:
        """Add what a range of points says: all of it or, if Ctrl-C comes in between, nothing."""


def tally(
    sweep: "Sweep",
    reducers: Sequence[Reducer],
    *,
    ranges: engine.Ranges | None = None,
    method: str = "auto",
    engine: str | None = None,
    threads: int | None = None,
    executor: "cf.Executor | None" = None,
    progress: engine.Progress = False,
    max_memory: int | None = None,
    checkpoint: "str | os.PathLike[str] | None" = None,
) -> Tally:
    """What reducers want to know of a sweep, or of some ranges of it."""
    check(reducers)
    chosen = choose(sweep, reducers, method)
    isa = instruction_set(engine)
    check_executor(executor)
    description = files.describe(sweep) if checkpoint or ranges else {"shape": list(sweep.shape)}
    digest = files.digest(description)
    counted = Tally(sweep, description, digest, chosen, reducers)
    file = Checkpoint(checkpoint) if checkpoint else None
    if file:
        counted.next_pass()
        counted = file.resume(counted, ranges)
        counted.sweep = sweep  # a file lacks a table's rows
    while counted.next_pass():
        run(counted, isa, threads, executor, progress, max_memory, file, ranges)
        if ranges:
            break
    if file:
        file.save(counted)
    return counted


def check(reducers: Sequence[Reducer]) -> None:
    for one in reducers:
        if not isinstance(one, Reducer):
            raise TypeError(f"a reducer is fr.Summary(), fr.Histogram() ..., got {one!r}")
    if not reducers:
        raise TypeError("at least one reducer is needed, such as fr.Summary()")


def check_executor(executor: Any) -> None:
    if executor is None:
        return
    from concurrent.futures import Executor

    if not isinstance(executor, Executor):
        raise TypeError(
            "executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor() or "
            f"Dask's client.get_executor(), got {executor!r}"
        )


def choose(sweep: "Sweep", reducers: Sequence[Reducer], method: str) -> str:
    """The method to use: "factored" or "pointwise"."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    sums = any(one.sums for one in reducers)
    possible = factored.possible(sweep, sums)
    if method == "factored" and not possible:
        if factored.possible(sweep, sums=False):
            raise ValueError(
                "method='factored' gives counts and quantiles where ions are divalent, but no sums "
                "and extrema: ask for these with method='auto' or on their own"
            )
        raise ValueError("method='factored' needs a grid whose two sums factor")
    if method != "auto" or not possible:
        return "pointwise" if method == "auto" else method
    available = engine.memory_available()
    if available is not None and factored.work_bytes(sweep) > available:
        return "pointwise"
    edges = [one.edges(sweep, "factored", []) for one in reducers]
    n_edges = sum(len(e) for e in edges if e is not None)
    return "factored" if factored.pays(sweep, n_edges) else "pointwise"


def instruction_set(name: str | None) -> str:
    isa = engine.choose(name)
    if isa == engine.PYTHON:
        raise ValueError("engine='python' computes values(): ask NumPy about these")
    return isa


def unit(sweep: "Sweep", method: str) -> int:
    """Points that are always taken together."""
    return factored.unit(sweep) if method == "factored" else engine.BLOCK


def units_per_task(sweep: "Sweep", method: str, n_edges: int) -> int:
    """How many units a thread takes at once: what 20 ms are enough for, so that Ctrl-C is quick."""
    if method == "pointwise":
        return sweep.blocks_per_task
    return max(1, int(0.02 / max(1e-4, factored.seconds(sweep, n_edges))))


def part_of(sweep: "Sweep", method: str, isa: str, sums: bool, threads: int | None) -> Part:
    if method == "factored":
        return factored.part(sweep, isa, sums)
    return pointwise(sweep, isa, sums, threads)


def pointwise(sweep: "Sweep", isa: str, sums: bool, threads: int | None) -> Part:
    """One point after the other."""
    equation, pieces = sweep._prepare(isa, threads)
    far = sweep._reads_far()
    one_phi = None if "celsius" in sweep.varied else float(phi(sweep.cell["celsius"]))

    def part(state: State, start: int, stop: int) -> None:
        free = one_phi if len(state.edges) <= LOG_FREE else None
        edges = _kernels.Edges(state.edges, free) if len(state.edges) else None
        for columns, first, lo, hi in pieces(start, stop):
            blocks, counts = equation.reduce(
                columns, lo - first, hi - lo, edges, sums=sums, far=far, isa=isa
            )
            if counts is None:
                counts = blocks["n"].sum(keepdims=True)
            state.add_blocks(blocks, counts, first, sums)

    return part


def run(
    counted: Tally,
    isa: str,
    threads: int | None,
    executor: "cf.Executor | None",
    progress: engine.Progress,
    max_memory: int | None,
    file: Checkpoint | None,
    ranges: engine.Ranges | None,
) -> None:
    """One pass: counts what is left of it."""
    sweep, state = counted.sweep, counted.state
    assert state is not None
    method, size = counted.method, unit(sweep, counted.method)
    ranges = [(0, len(sweep))] if ranges is None else ranges
    left = engine.common(engine.gaps(counted.done, len(sweep)), ranges)
    points = sum(stop - start for start, stop in ranges)
    if method == "pointwise":
        need, instead = sweep._work_bytes(), "sweep fewer points at a time"
    else:
        workers = engine.thread_count(threads, points) if executor is None else 1
        need = min(workers, -(-points // size)) * factored.work_bytes(sweep)
        instead = "the lists of method='factored' are long: use threads=1, or method='pointwise'"
    engine.check_memory(need, max_memory, instead)
    for_workers = 1 if threads is None else engine.thread_count(threads, points)

    def find(start: int, stop: int) -> State:
        found = State(method, state.edges)
        part(found, start, stop)
        return found

    def submit(start: int, stop: int) -> "cf.Future[State]":
        assert executor is not None
        rows, first = sweep._rows(start, stop)
        work = (rows, first, method, state.edges, counted.sums)
        return executor.submit(remote, *work, start, stop, isa, for_workers)

    if executor is None:
        part = part_of(sweep, method, isa, counted.sums, threads)
    gather(
        counted,
        find,
        submit,
        left=left,
        points=points,
        unit=size,
        units=units_per_task(sweep, method, len(state.edges)),
        threads=threads,
        executor=executor,
        progress=progress,
        file=file,
    )


def gather(
    counted: Counted,
    find: Callable[[int, int], Found],
    submit: Callable[[int, int], "cf.Future[Found]"],
    *,
    left: engine.Ranges,
    points: int,
    unit: int,
    units: int,
    largest: int = LARGEST_PIECE,
    threads: int | None,
    executor: "cf.Executor | None",
    progress: engine.Progress,
    file: Checkpoint | None,
) -> None:
    """Add to a tally what is left: `find` says it, on threads, or workers to whom we `submit`.

    Parameters
    ----------
    counted : Counted
    find, submit : callable
        What a range of points says, and its future.
    left : sequence of (start, stop)
    points : int
        In all, with those that are done.
    unit, units : int
        Points that are always taken together, and most of these that a thread takes at once.
    largest : int
        Most points that a worker takes at once.
    threads, executor, progress
        As for ``sweep.reduce``.
    file : Checkpoint, optional
    """
    lock = threading.Lock()

    def add(found: Found, start: int, stop: int) -> None:
        with lock:
            counted.add(found, start, stop)
            if file and file.due():
                file.save(counted)

    def work(start: int, stop: int) -> None:
        add(find(start, stop), start, stop)

    try:
        if executor is None:
            engine.run(
                work, points, threads=threads, progress=progress, unit=unit, units=units, left=left
            )
        else:
            whole = max(1, min(-(-points // unit) // PIECES, largest // unit))
            send(submit, engine.cut(left, whole * unit), executor, progress, left, points, add)
    finally:
        if file:
            with lock:
                file.save(counted)


# ---- executors ----


def send(
    submit: Callable[[int, int], "cf.Future[Found]"],
    pieces: Iterator[tuple[int, int]],
    executor: "cf.Executor",
    progress: engine.Progress,
    left: engine.Ranges,
    points: int,
    add: Callable[[Found, int, int], None],
) -> None:
    """Let an executor's workers count: each piece is submitted, and what it finds added.

    Only as many pieces are under way as keep the workers busy: of a table each carries its rows.
    """
    from concurrent.futures import FIRST_COMPLETED, wait

    window = 2 * (getattr(executor, "_max_workers", None) or engine.cpus())
    pending: dict[cf.Future[Found], tuple[int, int]] = {}
    done = points - sum(stop - start for start, stop in left)

    def failed(error: Exception) -> RuntimeError:
        """Whatever goes wrong between here and the workers: each executor has its own errors."""
        return RuntimeError(
            f"the executor failed after {done:,} of {points:,} points ({type(error).__name__}: "
            f"{error}); with checkpoint= the same call goes on from there"
        )

    with engine.reporter(progress, points) as report:
        try:
            while True:
                for start, stop in pieces:
                    try:
                        future = submit(start, stop)
                    except Exception as error:
                        raise failed(error) from error
                    pending[future] = start, stop
                    if len(pending) >= window:
                        break
                if not pending:
                    return
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    start, stop = pending.pop(future)
                    try:
                        found = future.result()
                    except Exception as error:
                        raise failed(error) from error
                    add(found, start, stop)
                    done += stop - start
                    report(done)
        finally:
            for future in pending:
                future.cancel()


def remote(
    sweep: "Sweep",
    first: int,
    method: str,
    edges: Any,
    sums: bool,
    start: int,
    stop: int,
    isa: str,
    threads: int,
) -> State:
    """What a range of points says: run by a worker. `first` is where the sweep it has begins."""
    found = State(method, edges)
    isa = isa if isa in _kernels.SUPPORTED else _kernels.ISA  # the bits are the same
    part = part_of(sweep, method, isa, sums, threads)
    lock = threading.Lock()

    def work(lo: int, hi: int) -> None:
        one = State(method, edges)
        part(one, lo, hi)
        with lock:
            found.add(one)

    ranges = [(start - first, stop - first)]
    units = units_per_task(sweep, method, len(edges))
    size = unit(sweep, method)
    engine.run(work, len(sweep), threads=threads, unit=size, units=units, left=ranges)
    found.move(first)
    return found
