"""Grid points: every combination of axis values, and the factored route."""

import functools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import equal, unknown
from fastrest.models.model import phi
from fastrest.models.quantities import Parameter
from fastrest.physiology.cell import Cell, checked_cell
from fastrest.physiology.multiples import Times
from fastrest.points.axes import Axis
from fastrest.points.points import (
    ColumnChunks,
    Points,
    checked_indices,
    labels_of,
    over_points,
    result_names,
)
from fastrest.runtime import scheduler

#: Largest |ln| of a sum in the factored route: the difference of two has an error below 1e-12 mV.
LARGEST_LOG = 40.0
#: Largest |log2| of the factors of a sum's terms: scaled products of them are normal doubles.
LARGEST_EXPONENT = 300
#: The factored route needs tables that are at least this many times smaller than the grid.
WORTHWHILE = 4
#: The two sums of a separable model.
SIDES = ("num", "den")


class GridPoints(Points):
    """Every combination of the values on some axes."""

    _hooks = ("columns_over", "dim_of", "kept", "scale", "table_dims")
    kind = "Grid"
    axes: tuple[Axis, ...]
    #: the dimension along which each varied parameter varies
    dim_of: dict[str, int]

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
        dims = tuple(one.name for one in axes)
        shape = tuple(one.length for one in axes)
        if len(set(dims)) < len(dims):
            raise ValueError(f"each axis needs its own name, got {', '.join(dims)}")
        if math.prod(shape) >= 2**63:
            text = " x ".join(map(str, shape))
            raise ValueError(f"a grid must have fewer than 2**63 points, got {text}")

        inputs: dict[str, np.ndarray] = {}
        dim_of: dict[str, int] = {}
        for d, one in enumerate(axes):
            if one.name in result_names(model):
                raise ValueError(f"axis {one.name!r} has the name of a result: rename the axis")
            if one.name in model.parameters and one.name not in one.parameters:
                raise ValueError(f"axis {one.name!r} is named after a parameter it does not vary")
            for name, given in one.parameters.items():
                parameter = model.parameter(name)
                if name in dim_of:
                    raise ValueError(f"{name} is on two axes: {dims[dim_of[name]]}, {one.name}")
                values = given.of(name, cell[name]) if isinstance(given, Times) else given
                if values.size == 0:
                    raise ValueError(f"axis {one.name!r} is empty: {name} needs a value")
                values = values.astype(np.float64, copy=False)
                _check_domain(parameter, values)
                values.flags.writeable = False
                inputs[name], dim_of[name] = values, d
        vars(self).update(
            cell=cell, axes=axes, dims=dims, shape=shape, inputs=inputs, dim_of=dim_of
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # through __init__: unpickled arrays need not be aligned, as those of axes are
        return type(self), (self.cell, self.axes)

    # ---- the factored route: V = phi (ln N - ln D) ----

    def table_dims(self, side: str) -> set[int]:
        """Return the dimensions along which one sum of the output, "num" or "den", varies."""
        return {d for n, d in self.dim_of.items() if side in self.output.sides(n)}

    def _table_shape(self, side: str) -> tuple[int, ...]:
        dims = self.table_dims(side)
        return tuple(n if d in dims else 1 for d, n in enumerate(self.shape))

    def _table_sizes(self) -> list[int]:
        return [math.prod(self._table_shape(side)) for side in SIDES]

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
        model = self.cell.model
        values = {**dict(self.cell), **self.inputs}
        lowest, highest = math.inf, -math.inf
        for ion in model.permeant:
            for place in ("_out", "_in"):
                names = [f"{model.weight}_{ion.name}", ion.name + place]
                names += ["pump_ratio"] * (ion.name == model.pump_ion)
                factors = [np.asarray(values[name]) for name in names]
                if all((f > 0).any() for f in factors):
                    low = [math.log2(f[f > 0].min()) for f in factors]
                    high = [math.log2(f.max()) for f in factors]
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

    def _along_its_axis(self, name: str) -> np.ndarray:
        """Return a parameter's values shaped to broadcast along its axis."""
        d = self.dim_of[name]
        return self.inputs[name].reshape([-1 if i == d else 1 for i in range(len(self.shape))])

    def columns_over(self, dims: set[int] | None, scale: float = 1.0) -> list[Any]:
        """Return the equation's columns over some dimensions, or over all if `dims` is None.

        The columns have the first place along the other dimensions. Permeabilities are multiplied
        by `scale`.
        """
        dims = set(range(len(self.shape))) if dims is None else dims
        model = self.cell.model
        shape = tuple(n if d in dims else 1 for d, n in enumerate(self.shape))
        first = tuple(slice(None) if d in dims else slice(1) for d in range(len(self.shape)))
        values: dict[str, Any] = dict(self.cell)
        for name in self.inputs:
            values[name] = self._along_its_axis(name)[first]
        for ion in model.permeant:
            name = f"{model.weight}_{ion.name}"
            values[name] = values[name] * scale
        for name in self.inputs:
            values[name] = np.broadcast_to(values[name], shape)
        return self.output.columns(values)

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        columns = over_points(self.columns_over(None), self.shape)
        return self.output.equation(), lambda start, stop: [(columns, 0, start, stop)]

    def fast_chunks(self, isa: str, threads: int | None) -> tuple[_kernels.Equation, ColumnChunks]:
        if self.route == "pointwise":
            return self.chunks()
        columns = self._log_tables(isa, threads)
        if "celsius" in self.inputs:
            columns.append(np.broadcast_to(phi(self._along_its_axis("celsius")), self.shape))
        else:
            columns.append(float(phi(self.cell["celsius"])))
        equation = self.cell.model.equation("separable")
        return equation, lambda start, stop: [(columns, 0, start, stop)]

    def _log_tables(self, isa: str, threads: int | None) -> list[Any]:
        """Return ln of both sums, each over the dimensions it varies along, as views of a grid."""
        scale = self.scale or 1.0
        shapes = [self._table_shape(side) for side in SIDES]
        ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        parts = [
            (self.output.log_sum(side), self.columns_over(self.table_dims(side), scale))
            for side in SIDES
        ]
        logs = np.empty(ends[-1])  # one array, because large arrays have large pages

        def work(start: int, stop: int) -> None:
            for first, last, (equation, columns) in zip((0, *ends), ends, parts):
                lo, hi = max(start, first), min(stop, last)
                if lo < hi:
                    equation.points(columns, lo - first, hi - lo, logs[lo:hi], isa=isa)

        scheduler.run(work, logs.size, threads=threads)
        tables = np.split(logs, ends[:-1])
        return [np.broadcast_to(t.reshape(n), self.shape) for t, n in zip(tables, shapes)]

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


# ---- checks ----


def _check_domain(parameter: Parameter, values: np.ndarray) -> None:
    """Raise the ValueError for the first value outside the parameter's domain."""
    low, high = parameter.domain
    good = (values >= low) & (values <= high) & np.isfinite(values)
    if not good.all():
        i = int(np.argmin(good))
        rule = parameter.rule(float(values[i]))
        raise ValueError(f"{parameter.name}{rule} (value {i} of {values.size})")
