"""Gradients of an output at every point, by the kernels or by the reference."""

from collections.abc import Callable

import numpy as np

from fastrest.points.points import Points
from fastrest.runtime import memory, scheduler
from fastrest.runtime.progress import Progress


def gradient(
    points: Points,
    parameters: tuple[str, ...],
    engine: str | None,
    threads: int | None,
    progress: Progress,
    max_memory: int | None,
) -> dict[str, np.ndarray]:
    """Return the derivatives of the points' output: see `Sweep.gradient`."""
    model, n = points.cell.model, len(points)
    if points.event is not None:
        raise ValueError(f"gradient needs an output, got {points.event!r}")
    names = list(dict.fromkeys(parameters or model.parameters))
    for name in names:
        model.parameter(name)
    isa = scheduler.choose_engine(engine)
    instead = f"{n:,} points by {len(names)} parameters; ask for fewer of them, or of points"
    memory.check_memory(8 * n * len(names), max_memory, instead)
    slopes = {name: np.empty(points.shape) for name in names}
    flat = {name: array.reshape(-1) for name, array in slopes.items()}
    if isa == scheduler.PYTHON:
        work, threads = _by_reference(points, flat), 1
    else:
        work = _by_kernel(points, flat, isa)
    scheduler.run(work, n, threads=threads, progress=progress)
    return slopes


def _by_kernel(points: Points, flat: dict[str, np.ndarray], isa: str) -> Callable[[int, int], None]:
    _, chunks = points.chunks()

    def work(start: int, stop: int) -> None:
        for columns, first, lo, hi in chunks(start, stop):
            slopes = {name: array[lo:hi] for name, array in flat.items()}
            points.output.gradients(columns, lo - first, slopes, isa)

    return work


def _by_reference(points: Points, flat: dict[str, np.ndarray]) -> Callable[[int, int], None]:
    def work(start: int, stop: int) -> None:
        for i, values in points.values_of(start, stop):
            slopes = points.output.reference_gradient(values)
            for name, array in flat.items():
                array[i] = slopes[name]

    return work
