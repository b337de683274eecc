"""Grids: every combination of the values on some axes, and the route that shares logarithms."""

import math
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import engine
from ._kernels import Equation
from .cell import Cell, Times
from .model import Model, as_numbers, phi
from .physics import Frozen, Parameter, unknown
from .sweep import RESULTS, Pieces, Sweep, checked_cell, checked_indices, labelled

#: Largest |ln| of a sum in the factored route: two of them, subtracted, stay within 1e-12 mV.
LARGEST_LOG = 40.0
#: Largest |log2| of their factors: products of two, scaled or not, are normal doubles.
LARGEST_EXPONENT = 300
#: The factored route needs tables at least this many times smaller than the grid.
WORTHWHILE = 4
#: The two sums of a separable model.
SIDES = ("num", "den")


# ---- axes ----


class Axis(Frozen):
    """Parameters that move together along one dimension: made by `axis`."""

    name: str
    _given: dict[str, Any]
    length: int
    labels: tuple[Any, ...] | None

    def __init__(self, name: str, labels: Sequence[Any] | None, parameters: Mapping[str, Any]):
        if not isinstance(name, str) or not name:
            raise TypeError(f"an axis needs a name, got {name!r}")
        if name in RESULTS:
            raise ValueError(f"an axis must not be called {name!r}, which the results are")
        if not parameters:
            raise ValueError(f"axis {name!r} needs at least one parameter")
        given = {
            n: v if isinstance(v, Times) else _axis_values(n, v) for n, v in parameters.items()
        }
        lengths = {n: _length(n, v) for n, v in given.items()}
        first = next(iter(lengths))
        for other, length in lengths.items():
            if length != lengths[first]:
                raise ValueError(
                    f"axis {name!r}: {other} has {length} values, {first} has {lengths[first]}"
                )
        if labels is not None and not np.iterable(labels):
            raise TypeError(f"axis {name!r}: labels must be a sequence, got {labels!r}")
        names = None if labels is None else tuple(labels)
        if names is not None and any(np.ndim(label) for label in names):
            raise TypeError(f"axis {name!r}: a label must be one value, got {labels!r}")
        if names is not None and len(names) != lengths[first]:
            raise ValueError(
                f"axis {name!r}: {len(names)} labels for {lengths[first]} values of {first}"
            )
        vars(self).update(name=name, _given=given, length=lengths[first], labels=names)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values of each parameter, or multiples, along the axis."""
        return types.MappingProxyType(self._given)

    def __len__(self) -> int:
        return self.length

    def __reduce__(self) -> tuple[Any, ...]:
        return Axis, (self.name, self.labels, self._given)

    @property
    def label_name(self) -> str:
        """What the labels are called beside the values."""
        return f"{self.name}_label" if self.name in self.parameters else self.name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Axis)
            and (self.name, self.labels) == (other.name, other.labels)
            and self.parameters.keys() == other.parameters.keys()
            and all(
                type(v) is type(other.parameters[n])
                and (
                    v == other.parameters[n]
                    if isinstance(v, Times)
                    else np.array_equal(v, other.parameters[n])
                )
                for n, v in self.parameters.items()
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<axis {self.name!r}: {', '.join(self.parameters)}, {self.length} values>"


def axis(name: str, *, labels: Sequence[Any] | None = None, **parameters: Any) -> Axis:
    """An axis of a grid along which one or more parameters move together.

    Parameters
    ----------
    name : str
        Name of the dimension.
    labels : sequence, optional
        A label for each place on the axis.
    **parameters : array_like or Times
        One value of each parameter for each place: arrays of one length, or `times` of such.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> k = np.array([2.5, 5.0, 10.0])
    >>> cell = fr.cells["mammalian neuron"]
    >>> sweep = fr.grid(cell, fr.axis("ringer", K_out=k, Na_out=150 - k))
    >>> np.round(sweep.values(), 2)
    array([-74.86, -69.81, -61.91])
    """
    return Axis(name, labels, parameters)


def grid(cell: Cell, *axes: Axis, **parameters: Any) -> "Grid":
    """Every combination of the values on the axes, the other parameters as in the cell.

    Parameters
    ----------
    cell : Cell
    *axes : Axis
        Axes made by `axis`: parameters that move together, or labelled values.
    **parameters : array_like or Times
        Plain axes, each named after its parameter: 1-D values, or multiples of the cell's own
        value by `times`. Dimensions are in the order of the arguments.

    Returns
    -------
    Grid
        A `Sweep`.

    Raises
    ------
    ValueError
        A parameter is unknown, stands on two axes, or has a value outside its domain; an axis is
        empty; there are 2^63 points or more.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> sweep = fr.grid(cell, K_out=np.linspace(2, 12, 201), P_Na=fr.times([0.5, 1, 2]))
    >>> sweep.dims, sweep.shape
    (('K_out', 'P_Na'), (201, 3))
    """
    return Grid(cell, (*axes, *(Axis(n, None, {n: v}) for n, v in parameters.items())))


class Grid(Sweep):
    """Every combination of the values on some axes: see `grid` and `Sweep`."""

    axes: tuple[Axis, ...]
    _dim_of: dict[str, int]

    def __init__(self, cell: Cell, axes: Iterable[Axis]):
        model, axes = checked_cell(cell).model, tuple(axes)
        if not axes:
            raise ValueError("a grid needs at least one axis, as in fr.grid(cell, K_out=[3, 5])")
        for one in axes:
            if not isinstance(one, Axis):
                raise TypeError(f"an axis is made by fr.axis, got {one!r}")
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
            if one.name in model.parameters and one.name not in one.parameters:
                raise ValueError(f"axis {one.name!r} is named after a parameter it does not vary")
            for name, given in one.parameters.items():
                parameter = _parameter(model, name)
                if name in dim_of:
                    raise ValueError(f"{name} stands on two axes: {dims[dim_of[name]]}, {one.name}")
                values = given.of(name, cell[name]) if isinstance(given, Times) else given
                if values.size == 0:
                    raise ValueError(f"axis {one.name!r} is empty: {name} needs a value")
                values = values.astype(np.float64, copy=False)
                _check_axis(parameter, values)
                values.flags.writeable = False
                inputs[name], dim_of[name] = values, d
        vars(self).update(
            cell=cell, axes=axes, dims=dims, shape=shape, _inputs=inputs, _dim_of=dim_of
        )
        vars(self).update(route="factored" if self._factors() else "pointwise")

    def __reduce__(self) -> tuple[Any, ...]:
        # made anew: arrays that other processes are sent need not be aligned, those of axes are
        return Grid, (self.cell, self.axes)

    # ---- the factored route: V = phi (ln N - ln D) ----

    def _table_dims(self, side: str) -> set[int]:
        """The dimensions along which one of "num" and "den" varies."""
        return {d for n, d in self._dim_of.items() if side in self.cell.model.sides(n)}

    def _table_shape(self, side: str) -> tuple[int, ...]:
        dims = self._table_dims(side)
        return tuple(n if d in dims else 1 for d, n in enumerate(self.shape))

    def _factors(self) -> bool:
        if not self.cell.model.separable:
            return False
        tables = sum(math.prod(self._table_shape(side)) for side in SIDES)
        return tables * WORTHWHILE <= len(self) and self._scale() is not None

    def _scale(self) -> float | None:
        """The power of two that centres the sums on 1, or None if they span too much
        or are of numbers too large or small.

        Permeabilities are multiplied by it, exactly: only their ratios matter, and small
        logarithms round less.
        """
        model = self.cell.model
        values = {**dict(self.cell), **self._inputs}
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

    def _work_bytes(self) -> int:
        if self.route == "pointwise":
            return 0
        return 8 * sum(math.prod(self._table_shape(side)) for side in SIDES)

    def _route_text(self) -> str:
        if self.route == "pointwise":
            return "pointwise"
        sizes = [math.prod(self._table_shape(side)) for side in SIDES]
        return "factored into tables of {:,} and {:,} logarithms".format(*sizes)

    # ---- computing ----

    def _along_its_axis(self, name: str) -> np.ndarray:
        """A varied parameter's values with the grid's dimensions, of length 1 but for its own."""
        d = self._dim_of[name]
        return self._inputs[name].reshape([-1 if i == d else 1 for i in range(len(self.shape))])

    def _columns(self, dims: set[int] | None, scale: float = 1.0) -> list[Any]:
        """The model's columns over some dimensions of the grid, the others at their first place.

        Over all if `dims` is None.
        """
        dims = set(range(len(self.shape))) if dims is None else dims
        model = self.cell.model
        shape = tuple(n if d in dims else 1 for d, n in enumerate(self.shape))
        first = tuple(slice(None) if d in dims else slice(1) for d in range(len(self.shape)))
        values: dict[str, Any] = dict(self.cell)
        for name in self._inputs:
            values[name] = self._along_its_axis(name)[first]
        for ion in model.permeant:
            name = f"{model.weight}_{ion.name}"
            values[name] = values[name] * scale
        for name in self._inputs:
            values[name] = np.broadcast_to(values[name], shape)
        return model.columns(values)

    def _points(self) -> tuple[Equation, Pieces]:
        columns = self._columns(None)
        return self.cell.model.equation(), lambda start, stop: [(columns, 0, start, stop)]

    def _prepare(self, isa: str, threads: int | None) -> tuple[Equation, Pieces]:
        if self.route == "pointwise":
            return self._points()
        columns = self._log_tables(isa, threads)
        if "celsius" in self._inputs:
            columns.append(np.broadcast_to(phi(self._along_its_axis("celsius")), self.shape))
        else:
            columns.append(float(phi(self.cell["celsius"])))
        equation = self.cell.model.equation("separable")
        return equation, lambda start, stop: [(columns, 0, start, stop)]

    def _log_tables(self, isa: str, threads: int | None) -> list[Any]:
        """ln of both sums, over the dimensions each varies along, broadcast to the grid."""
        scale = self._scale() or 1.0
        shapes = [self._table_shape(side) for side in SIDES]
        ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        parts = [
            (self.cell.model.equation(f"log_{side}"), self._columns(self._table_dims(side), scale))
            for side in SIDES
        ]
        logs = np.empty(ends[-1])  # one array: the system gives large ones in large pages

        def work(start: int, stop: int) -> None:
            for first, last, (equation, columns) in zip((0, *ends), ends, parts):
                lo, hi = max(start, first), min(stop, last)
                if lo < hi:
                    equation.points(columns, lo - first, hi - lo, logs[lo:hi], isa=isa)

        engine.run(work, logs.size, threads=threads)
        tables = np.split(logs, ends[:-1])
        return [np.broadcast_to(t.reshape(n), self.shape) for t, n in zip(tables, shapes)]

    # ---- labels ----

    def axis_values(self, parameter: str) -> np.ndarray:
        """Values of one varied parameter along its axis (read-only)."""
        if parameter not in self._inputs:
            raise KeyError(unknown("varied parameter", parameter, self._inputs))
        return self._inputs[parameter]

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = np.unravel_index(checked_indices(indices, len(self)), self.shape)
        return {n: v[places[self._dim_of[n]]] for n, v in self._inputs.items()}

    def _coordinates(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        parameters = self.cell.model.parameters
        for one in self.axes:
            for name in one.parameters:
                found[name] = (one.name, self._inputs[name], labelled(parameters[name]))
            if one.labels is not None:
                found[one.label_name] = (one.name, list(one.labels))
        return found

    def _beside(self, start: int, stop: int) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        places = np.unravel_index(np.arange(start, stop), self.shape)
        for one, place in zip(self.axes, places):
            if one.labels is not None:
                found[one.label_name] = np.asarray(one.labels)[place]
            for name in one.parameters:
                found[name] = self._inputs[name][place]
        return found

    def _repr_lines(self) -> list[str]:
        lines = []
        for one in self.axes:
            spans = []
            for name in one.parameters:
                values, unit = self._inputs[name], self.cell.model.parameters[name].unit
                spans.append(f"{name} {values[0]:g} ... {values[-1]:g} {unit}".rstrip())
            lines.append(f"{one.name} ({one.length:,}): {', '.join(spans)}")
        return lines

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grid)
            and (self.cell, self.dims, self._dim_of) == (other.cell, other.dims, other._dim_of)
            and [a.labels for a in self.axes] == [a.labels for a in other.axes]
            and all(np.array_equal(v, other._inputs[n]) for n, v in self._inputs.items())
        )


# ---- checks ----


def _parameter(model: Model, name: str) -> Parameter:
    if name not in model.parameters:
        raise ValueError(f"{model}: {unknown('parameter', name, model.parameters)}")
    return model.parameters[name]


def _axis_values(name: str, values: Any) -> np.ndarray:
    array = np.array(as_numbers(name, values))  # our own, however the caller goes on
    if array.ndim == 0:
        raise ValueError(
            f"{name} must be a 1-D array of values, got {values!r}; for one value use "
            f"cell.replace({name}={values!r})"
        )
    if array.ndim > 1:
        raise ValueError(f"{name} must be 1-D, got shape {array.shape}")
    return array


def _length(name: str, values: Any) -> int:
    if isinstance(values, Times):
        return _axis_values(name, values.factors).size
    return int(values.size)


def _check_axis(parameter: Parameter, values: np.ndarray) -> None:
    """Raise for the first value outside the parameter's domain."""
    low, high = parameter.domain
    bad = ~((values >= low) & (values <= high) & np.isfinite(values))
    if bad.any():
        i = int(np.argmax(bad))
        try:
            parameter.check(float(values[i]))
        except ValueError as error:
            raise ValueError(f"{error} (value {i} of {values.size})") from None
