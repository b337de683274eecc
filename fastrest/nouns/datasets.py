"""Arrays of Datasets: computed at once, or blocks that the kernels compute when Dask asks for them.

The points of a block are ranges of the whole sweep, so that their bits do not depend on the blocks.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastrest._core.validation import unknown
from fastrest.physiology.criteria import Criterion
from fastrest.points.points import Points, labels_of
from fastrest.points.sample_points import SamplePoints
from fastrest.runtime.scheduler import choose_engine, thread_count
from fastrest.runtime.system import optional_module

#: The lengths of blocks along each dimension.
Blocks = tuple[tuple[int, ...], ...]
#: The first and the last place of a block, along each dimension.
Corner = Sequence[tuple[int, int]]
#: The kinds of blocks: values and status; coordinates have their names.
VALUES, STATUS = 0, 1


def arrays(
    points: Points,
    asked: Mapping[str, Any],
    status_names: Sequence[str],
    chunks: Any,
    options: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables and the coordinates of a Dataset: see `Sweep.to_xarray`.

    Parameters
    ----------
    points : Points
    asked : mapping of str to Points
        The points of each quantity, by its name.
    status_names : sequence of str
        The name of each quantity's status.
    chunks : int, str, tuple, dict or None
    options : mapping
        Options of `values`.
    """
    if chunks is not None:
        return _lazy_variables(asked, status_names, chunks, options), _lazy_labels(points, chunks)
    if not points.short_coordinates:  # then coordinates are as long as the results
        need = len(points) * (9 * len(asked) + 8 * len(points.coordinates(0, 1)))
        instead = "use to_xarray(chunks=...), values(out=...), or fewer points"
        points.check_memory(need, options.get("max_memory"), instead)
    variables: dict[str, Any] = {}
    for name, one in zip(status_names, asked.values(), strict=True):
        variables |= one.result_variables(*one.values_and_status(**options), name)
    return variables, points.dataset_coordinates()


def _lazy_variables(
    asked: Mapping[str, Any], status_names: Sequence[str], chunks: Any, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the variables that Dask computes, by their names."""
    for name in options:
        if name not in ("engine", "threads"):
            raise TypeError(f"{name} is for results that are computed at once: leave out chunks")
    engine, threads = options.get("engine"), options.get("threads", 1)
    choose_engine(engine)
    thread_count(threads, 1)  # the checks of a bad name and number
    variables: dict[str, Any] = {}
    for status_name, points in zip(status_names, asked.values(), strict=True):
        blocks = _blocks(points, chunks)
        found = [_lazy(points, blocks, what, (engine, threads)) for what in (VALUES, STATUS)]
        variables |= points.result_variables(*found, status_name)
    return variables


def _lazy_labels(points: Any, chunks: Any) -> dict[str, Any]:
    """Return the coordinates of a Dataset; Dask draws those of a sample."""
    if not isinstance(points, SamplePoints):
        found: dict[str, Any] = points.dataset_coordinates()
        return found
    blocks, parameters = _blocks(points, chunks), points.cell.model.parameters
    return {
        name: (points.dims, _lazy(points, blocks, name, (None, 1)), labels_of(parameters[name]))
        for name in points.coordinates(0, 1)
    }


def _blocks(points: Points, chunks: Any) -> Blocks:
    """Return the lengths of blocks along each dimension, or raise the error."""
    core = optional_module("dask.array.core", "dask", "to_xarray(chunks=)")
    by_axis = chunks
    if isinstance(chunks, Mapping):
        for name in chunks:
            if name not in points.dims:
                raise ValueError(f"chunks: {unknown('dimension', name, points.dims)}")
        by_axis = {points.dims.index(name): size for name, size in chunks.items()}
    try:
        found = core.normalize_chunks(by_axis, shape=points.shape, dtype=np.dtype(np.float64))
    except (ValueError, TypeError) as error:
        raise ValueError(f"chunks={chunks!r} does not fit {points.shape}: {error}") from None
    return tuple(tuple(map(int, one)) for one in found)


class Held:
    """Points in a graph of Dask, which looks for tasks in all that it knows."""

    def __init__(self, points: Points):
        self.points = points


def _lazy(points: Any, blocks: Blocks, what: int | str, how: tuple[Any, Any]) -> Any:
    """Return the Dask array of values, status or a coordinate."""
    da, dask = (optional_module(name, "dask") for name in ("dask.array", "dask"))
    dtype = (np.dtype(np.float64), np.dtype(np.uint8))[what == STATUS]
    shape = {"dtype": dtype, "meta": np.empty((0,) * len(blocks), dtype)}
    given: dict[str, Any] = {"of": points.of, "what": what, "how": how}
    inner = len(points) // points.shape[0]
    starts = [[0, *itertools.accumulate(one)] for one in blocks]
    if points.rows(0, starts[0][1] * inner)[0] is points:  # small: workers get it whole
        held = dask.delayed(Held(points), traverse=False)
        return da.map_blocks(_numbered, chunks=blocks, held=held, **given, **shape)

    def row(i: int) -> Any:
        lo, hi = starts[0][i], starts[0][i + 1]
        part, first = points.rows(lo * inner, hi * inner)
        held = dask.delayed(Held(part), traverse=False)
        own = ((hi - lo,), *blocks[1:])
        place = {"row": lo, "first": first}
        return da.map_blocks(_numbered, chunks=own, held=held, **place, **given, **shape)

    return da.concatenate([row(i) for i in range(len(blocks[0]))])


def _numbered(
    held: Held,
    of: str | Criterion,
    what: int | str,
    how: tuple[Any, Any],
    row: int = 0,
    first: int = 0,
    block_info: Any = None,
) -> np.ndarray:
    """Return the block at the place that Dask names.

    The points begin at a row of the whole sweep, and `first` is the number of the first one.
    """
    (lo, hi), *others = block_info[None]["array-location"]
    corner = [(lo + row, hi + row), *others]
    points = held.points.asked(of)
    shape = tuple(hi - lo for lo, hi in corner)
    if isinstance(what, str):
        return np.asarray(points.coordinates(*corner[0])[what])
    found = np.empty(shape, np.uint8 if what == STATUS else np.float64)
    compute, _ = points.computer(*how)
    flat, at = found.reshape(-1), 0
    for start, stop in _runs(points.shape, corner):
        part = flat[at : at + stop - start]
        values, bits = (None, part) if what == STATUS else (part, None)
        compute(start - first, stop - first, values, bits, False)
        at += stop - start
    return found


def _runs(shape: Sequence[int], corner: Corner) -> Iterator[tuple[int, int]]:
    """Yield the ranges of flat numbers that make a block, in its order."""
    axis = len(shape) - 1
    while axis > 0 and tuple(corner[axis]) == (0, shape[axis]):
        axis -= 1
    inner = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    lo, hi = corner[axis]
    for places in itertools.product(*(range(*one) for one in corner[:axis])):
        row = 0
        for place, length in zip(places, shape):
            row = row * length + place
        yield (row * shape[axis] + lo) * inner, (row * shape[axis] + hi) * inner
