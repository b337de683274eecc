"""Grid points: every combination of axis values, and the factored route."""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import equal, unknown
from fastrest.models.outputs import SIDES, phi
from fastrest.physiology.cell import Cell, checked_cell
from fastrest.physiology.multiples import Times
from fastrest.points.axes import Axis
from fastrest.points.points import (
    STATUS,
    ColumnChunks,
    Points,
    checked_indices,
    labels_of,
    over_points,
)
from fastrest.runtime import scheduler

#: Largest |ln| of a sum in the factored route: the difference of two has an error below 1e-12 mV.
LARGEST_LOG = 40.0
#: Largest |log2| of the factors of a sum's terms: scaled products of them are normal doubles.
LARGEST_EXPONENT = 300
#: The factored route needs tables that are at least this many times smaller than the grid.
WORTHWHILE = 4
#: V of the logarithms of the two sums of a separable model.
SEPARABLE = _kernels.Equation("separable")


class GridPoints(Points):
    """Every combination of the values on some axes."""

    _hooks = ("columns_over", "dim_of", "kept", "scale", "spans", "table_dims")
    kind = "Grid"
    axes: tuple[Axis, ...]
    #: the dimension along which each varied parameter varies, and its least and greatest value
    #: above 0
    dim_of: dict[str, int]
    spans: dict[str, tuple[float, float]]

    def __init__(self, cell: Cell, axes: Iterable[Axis]):
        model, axes = checked_cell(cell).model, tuple(axes)
        if not axes:
            raise ValueError("a grid needs at least one axis, as in fr.grid(cell, K_out=[3, 5])")
        for one in axes:
            if not isinstance(one, Axis):
                raise TypeError(
                    "values of a parameter need its name, as in fr.grid(cell, K_out=[3, 5]); other "
                    f"axes are made by fr.axis, got {one!r}"
                )
        dims = tuple([one.name for one in axes])
        shape = tuple([one.length for one in axes])
        if len(set(dims)) < len(dims):
            raise ValueError(f"each axis needs its own name, got {', '.join(dims)}")
        if math.prod(shape) >= 2**63:
            text = " x ".join(map(str, shape))
            raise ValueError(f"a grid must have fewer than 2**63 points, got {text}")

        parameters, outputs = model.parameters, model.outputs
        inputs: dict[str, np.ndarray] = {}
        dim_of: dict[str, int] = {}
        spans: dict[str, tuple[float, float]] = {}
        for d, one in enumerate(axes):
            if one.name in outputs or one.name == STATUS:
                raise ValueError(f"axis {one.name!r} has the name of a result: rename the axis")
            if one.name in parameters and one.name not in one.parameters:
                raise ValueError(f"axis {one.name!r} is named after a parameter it does not vary")
            for name, given in one.parameters.items():
                parameter = parameters.get(name) or model.parameter(name)
                if name in dim_of:
                    raise ValueError(f"{name} is on two axes: {dims[dim_of[name]]}, {one.name}")
                values = given.of(name, cell[name]) if isinstance(given, Times) else given
                if values.size == 0:
                    raise ValueError(f"axis {one.name!r} is empty: {name} needs a value")
                values = values.astype(np.float64, copy=False)
                outside, least, greatest = _kernels.span(values, *parameter.domain)
                if outside >= 0:
                    rule = parameter.rule(float(values[outside]))
                    raise ValueError(f"{name}{rule} (value {outside} of {values.size})")
                values.flags.writeable = False
                inputs[name], dim_of[name], spans[name] = values, d, (least, greatest)
        vars(self).update(cell=cell, axes=axes, dims=dims, shape=shape, output=outputs["V"])
        vars(self).update(inputs=inputs, dim_of=dim_of, spans=spans)

    def __reduce__(self) -> tuple[Any, ...]:
        # through __init__: unpickled arrays need not be aligned, as those of axes are
        return type(self), (self.cell, self.axes)

    def with_cell(self, cell: Cell) -> Self:
        return type(self)(cell, self.axes)

    def bare(self) -> "GridPoints":
        if all(one.labels is None for one in self.axes):
            return self
        return type(self)(self.cell, [Axis(a.name, None, a.parameters) for a in self.axes])

    # ---- the factored route: V = phi (ln N - ln D) ----

    def table_dims(self) -> tuple[set[int], set[int]]:
        """Return the dimensions along which each of the two sums of the output varies."""
        sides = self.output.sides
        num: set[int] = set()
        den: set[int] = set()
        for name, d in self.dim_of.items():
            if "num" in sides[name]:
                num.add(d)
            if "den" in sides[name]:
                den.add(d)
        return num, den

    def _table_sizes(self) -> list[int]:
        shape = self.shape
        return [math.prod([shape[d] for d in dims]) for dims in self.table_dims()]

    @property
    def route(self) -> str:  # type: ignore[override]
        """The way to compute the points: "factored" or "pointwise"."""
        small = self.output.separable and sum(self._table_sizes()) * WORTHWHILE <= len(self)
        return "factored" if small and self.scale is not None else "pointwise"

    @functools.cached_property
    def scale(self) -> float | None:
        """The power of two that centres the sums of V on 1; None if they span too wide a range.

        Permeabilities are multiplied by it, which is exact. Only their ratios matter, and small
        logarithms have smaller rounding errors.
        """
        model, cell = self.cell.model, self.cell
        spans = {name: self.spans.get(name, (cell[name],) * 2) for name in model.parameters}
        lowest, highest = math.inf, -math.inf
        for ion in model.permeant:
            for place in ("_out", "_in"):
                names = [f"{model.weight}_{ion.name}", ion.name + place]
                names += ["pump_ratio"] * (ion.name == model.pump_ion)
                if all(spans[name][1] > 0 for name in names):
                    low, high = ([math.log2(spans[name][k]) for name in names] for k in (0, 1))
                    if min(low) < -LARGEST_EXPONENT or max(high) > LARGEST_EXPONENT:
                        return None
                    lowest, highest = min(lowest, sum(low)), max(highest, sum(high))
        if lowest > highest:
            return 1.0
        highest += math.log2(len(model.permeant))
        centre = round((lowest + highest) / 2)
        if (highest - lowest) / 2 + 1 > LARGEST_LOG / math.log(2):
            return None
        return 2.0**-centre

    def work_bytes(self) -> int:
        if self.route == "pointwise":
            return 0
        return 8 * sum(self._table_sizes())

    def route_text(self) -> str:
        if self.route == "pointwise":
            return "pointwise"
        return "factored into tables of {:,} and {:,} logarithms".format(*self._table_sizes())

    # ---- computing ----

    def _shape_over(self, dims: set[int]) -> tuple[int, ...]:
        """Return the shape of a part of the grid that has the first place in other dimensions."""
        return tuple(n if d in dims else 1 for d, n in enumerate(self.shape))

    def columns_over(self, dims: set[int] | None, scale: float = 1.0) -> list[Any]:
        """Return the equation's columns over some dimensions, or over all if `dims` is None.

        The columns have the first place along the other dimensions. Permeabilities are multiplied
        by `scale`.
        """
        shape = self.shape if dims is None else self._shape_over(dims)
        values = self.cell.merged(self.inputs)
        if scale != 1.0:
            for name in self.cell.model.weights:
                values[name] = values[name] * scale
        for name, d in self.dim_of.items():
            values[name] = _view(values[name], (d,), shape)
        return self.output.columns_of(values)

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        columns = over_points(self.columns_over(None), self.shape)
        return self.output.equation, lambda start, stop: [(columns, 0, start, stop)]

    def fast_chunks(self, isa: str, threads: int | None) -> tuple[_kernels.Equation, ColumnChunks]:
        if self.route == "pointwise":
            return self.chunks()
        columns = self._log_tables(isa, threads)
        if "celsius" in self.inputs:
            of_phi = phi(self.inputs["celsius"])
            columns.append(_view(of_phi, (self.dim_of["celsius"],), self.shape))
        else:
            columns.append(float(phi(self.cell["celsius"])))
        return SEPARABLE, lambda start, stop: [(columns, 0, start, stop)]

    def _log_tables(self, isa: str, threads: int | None) -> list[Any]:
        """Return ln of both sums, each over the dimensions it varies along, as views of a grid."""
        scale = self.scale or 1.0
        num, den = self._table_sizes()
        logs = np.empty(num + den)  # one array, because large arrays have large pages
        views, parts = [], []
        for side, dims, first, n in zip(SIDES, self.table_dims(), (0, num), (num, den)):
            parts.append((self.output.log_sums[side], self.columns_over(dims, scale), first, n))
            views.append(_view(logs, sorted(dims), self.shape, first))

        def work(start: int, stop: int) -> None:
            for equation, columns, first, n in parts:
                lo, hi = max(start, first), min(stop, first + n)
                if lo < hi:
                    equation.points(columns, lo - first, hi - lo, logs[lo:hi], isa=isa)

        scheduler.run(work, logs.size, threads=threads)
        return views

    # ---- labels ----

    def axis_values(self, parameter: str) -> np.ndarray:
        """Return the values of one varied parameter along its axis (read-only).

        Parameters
        ----------
        parameter : str
            Name of the parameter.

        Returns
        -------
        ndarray
        """
        if parameter not in self.inputs:
            raise KeyError(unknown("varied parameter", parameter, self.inputs))
        return self.inputs[parameter]

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = np.unravel_index(checked_indices(indices, len(self)), self.shape)
        return {n: v[places[self.dim_of[n]]] for n, v in self.inputs.items()}

    def dataset_coordinates(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        parameters = self.cell.model.parameters
        for one in self.axes:
            for name in one.parameters:
                found[name] = (one.name, self.inputs[name], labels_of(parameters[name]))
            if one.labels is not None:
                found[one.label_name] = (one.name, list(one.labels))
        return found

    def coordinates(self, start: int, stop: int) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        places = np.unravel_index(np.arange(start, stop), self.shape)
        for one, place in zip(self.axes, places):
            if one.labels is not None:
                found[one.label_name] = np.asarray(one.labels)[place]
            for name in one.parameters:
                found[name] = self.inputs[name][place]
        return found

    def repr_lines(self) -> list[str]:
        lines = []
        for one in self.axes:
            spans = []
            for name in one.parameters:
                values, unit = self.inputs[name], self.cell.model.parameters[name].unit
                spans.append(f"{name} {values[0]:g} ... {values[-1]:g} {unit}".rstrip())
            lines.append(f"{one.name} ({one.length:,}): {', '.join(spans)}")
        return lines

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, GridPoints)
            and (self.cell, self.dims, self.dim_of) == (other.cell, other.dims, other.dim_of)
            and equal([a.labels for a in self.axes], [a.labels for a in other.axes])
            and all(np.array_equal(v, other.inputs[n]) for n, v in self.inputs.items())
        )


def _view(
    values: np.ndarray, dims: Sequence[int], shape: tuple[int, ...], start: int = 0
) -> np.ndarray:
    """Return a view of a shape: values from `start` on along some dimensions, in increasing order.

    Along the others the values are repeated. np.broadcast_to takes ten times as long.
    """
    size = values.itemsize
    strides, step = [0] * len(shape), size
    for d in reversed(dims):
        strides[d] = step
        step *= shape[d]
    return np.ndarray(shape, np.float64, values, start * size, strides)
