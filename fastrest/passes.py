"""Passes: a sweep is run over, block by block, and its states put together.

What a reducer wants to know is in `reduce`; how a grid answers without visiting its points in
`factored`; threads in `engine`. This is where they meet.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _kernels, engine, factored
from .reduce import Reducer, State

if TYPE_CHECKING:
    from .sweep import Sweep

METHODS = ("auto", "factored", "pointwise")


def answers(
    sweep: "Sweep",
    reducers: Sequence[Reducer],
    *,
    method: str = "auto",
    engine: str | None = None,
    threads: int | None = None,
    progress: engine.Progress = False,
    max_memory: int | None = None,
) -> list[Any]:
    """What each reducer says of a sweep."""
    for one in reducers:
        if not isinstance(one, Reducer):
            raise TypeError(f"a reducer is fr.Summary(), fr.Histogram() ..., got {one!r}")
    if not reducers:
        raise TypeError("reduce needs at least one reducer, such as fr.Summary()")
    found: list[State] = []
    chosen = choose(sweep, reducers, method)
    while True:
        edges = [one.edges(sweep, chosen, found) for one in reducers]
        wanted = [e for e in edges if e is not None]
        if not wanted:
            return [one.answer(sweep, found) for one in reducers]
        sums = any(one.sums for one, e in zip(reducers, edges) if e is not None)
        state = State(chosen, np.unique(np.concatenate(wanted)))
        collect(sweep, state, sums, engine, threads, progress, max_memory)
        found.append(state)


def choose(sweep: "Sweep", reducers: Sequence[Reducer], method: str) -> str:
    """The method to use: "factored" or "pointwise"."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if method == "factored" and sweep.route != "factored":
        raise ValueError(
            f"method='factored' needs a grid whose sums factor: this {type(sweep).__name__.lower()}"
            " is computed pointwise"
        )
    if method == "auto":
        return "factored" if factored.pays(sweep) else "pointwise"
    return method


def collect(
    sweep: "Sweep",
    state: State,
    sums: bool,
    engine_name: str | None,
    threads: int | None,
    progress: engine.Progress,
    max_memory: int | None,
) -> None:
    """Run over a sweep once, adding to a state."""
    isa = engine.choose(engine_name)
    if isa == engine.PYTHON:
        raise ValueError("engine='python' computes values(): ask NumPy about these")
    points = len(sweep)
    if state.method == "factored":
        unit = factored.unit(sweep)
        part = factored.part(sweep, isa, sums)
    else:
        unit = engine.BLOCK
        engine.check_memory(sweep._work_bytes(), max_memory, "sweep fewer points at a time")
        part = pointwise(sweep, isa, sums, threads)
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        found = State(state.method, state.edges)
        part(found, start, stop)
        with lock:
            state.add(found)

    engine.run(work, points, threads=threads, progress=progress, unit=unit)


def pointwise(sweep: "Sweep", isa: str, sums: bool, threads: int | None) -> Any:
    """A function that adds a range of points to a state, one by one."""
    equation, pieces = sweep._prepare(isa, threads)
    far = sweep._reads_far()

    def part(state: State, start: int, stop: int) -> None:
        edges = _kernels.Edges(state.edges) if len(state.edges) else None
        for columns, first, lo, hi in pieces(start, stop):
            blocks, counts = equation.reduce(
                columns, lo - first, hi - lo, edges, sums=sums, far=far, isa=isa
            )
            if counts is None:
                counts = blocks["n"].sum(keepdims=True)
            state.add_blocks(blocks, counts, first, sums)

    return part
