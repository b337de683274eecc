"""Sweeps: a cell with some parameters varied, over a grid or along a table.

A sweep knows its points and how to compute a range of them; `engine` decides when and where.
"""

import math
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import engine
from .cell import Cell, Times
from .model import Model, as_numbers, phi
from .physics import Frozen, Parameter, Status, unknown

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas as pd
    import xarray as xr

#: Largest |ln| of a sum in the factored route: two of them, subtracted, stay within 1e-12 mV.
LARGEST_LOG = 40.0
#: Largest |log2| of their factors: products of two, scaled or not, are normal doubles.
LARGEST_EXPONENT = 300
#: The factored route needs tables at least this many times smaller than the grid.
WORTHWHILE = 4
#: The two sums of a separable model.
SIDES = ("num", "den")
#: Names of what a sweep computes, in its Dataset and its data frame.
RESULTS = ("V", "status")
#: Points at a time in the pure-Python reference, and in conversions of a table's columns.
PYTHON_BLOCK = 1 << 10


class Sweep(Frozen):
    """Many points of one cell: made by `grid` and `table`.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    dims : tuple of str
        Names of the dimensions.
    shape : tuple of int
        Their lengths; ``len(sweep)`` is the number of points, numbered in C order.
    """

    cell: Cell
    dims: tuple[str, ...]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.shape)

    # ---- what a kind of sweep provides ----

    #: how the points are computed: "factored" or "pointwise"
    route: str = "pointwise"
    #: the varied parameters' arrays by name, for the overlap check
    _inputs: dict[str, np.ndarray]

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Values of the varied parameters at chosen points.

        Parameters
        ----------
        indices : array_like of int
            Flat numbers of points, in C order.

        Returns
        -------
        dict of str to ndarray
            For every varied parameter an array of the shape of `indices`.
        """
        raise NotImplementedError

    def _prepare(self, isa: str, threads: int | None) -> Any:
        """A function (start, stop, values, status, stream) that computes a range of points."""
        raise NotImplementedError

    def _work_bytes(self) -> int:
        """Memory that computing takes, beside the result."""
        return 0

    # ---- verbs ----

    def values(
        self,
        out: np.ndarray | None = None,
        dtype: npt.DTypeLike = "float64",
        *,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """Membrane potential at every point.

        Parameters
        ----------
        out : ndarray of `shape`, float64 or float32, optional
            Where to write, any strides; a memmap writes to its file. Must not share memory with
            an input.
        dtype : float64 or float32
            Of the result, if `out` is not given. float32 is the float64 result, rounded once.
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of `fastrest.info`.
        threads : int, optional
            Default: the CPUs this process may use (one below 10^5 points), or the environment
            variable ``FASTREST_NUM_THREADS``. The result does not depend on it.
        progress : bool or callable
            True draws a bar (needs tqdm); else called as ``progress(done, total)``.
        max_memory : int, optional
            Bytes that may be allocated; default what the system has to give.

        Returns
        -------
        ndarray of `shape`
            Potential in mV, inside minus outside. NaN or +-inf where `status` is not 0.

        Raises
        ------
        MemoryError
            The result does not fit; nothing was allocated.
        ValueError
            `out` has a wrong shape, dtype or layout, or overlaps an input.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> np.round(sweep.values(), 2)
        array([-73.95, -69.81, -64.61])
        """
        if out is None:
            dtype = np.dtype(dtype)
            if dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
                raise ValueError(f"dtype must be float64 or float32, got {dtype}")
            self._check_memory(
                len(self) * dtype.itemsize,
                max_memory,
                "pass out=np.lib.format.open_memmap(...), dtype='float32', or fewer points",
            )
            out = np.empty(self.shape, dtype)
        else:
            self._check_out(out)
            self._check_memory(0, max_memory, "sweep fewer points at a time")
        self._compute(out, None, engine, threads, progress)
        return out

    def status(
        self,
        *,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """What is wrong with each point: 0 is fine, else the bits of `Status`.

        Options are those of `values`.

        Returns
        -------
        ndarray of `shape`, uint8

        Examples
        --------
        >>> import fastrest as fr
        >>> sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": [5.0, -1.0]})
        >>> sweep.status()
        array([0, 2], dtype=uint8)
        >>> fr.Status(2)
        <Status.NEGATIVE: 2>
        """
        self._check_memory(len(self), max_memory, "sweep fewer points at a time")
        status = np.empty(self.shape, np.uint8)
        self._compute(None, status, engine, threads, progress)
        return status

    def to_xarray(self, **options: Any) -> "xr.Dataset":
        """Potentials and status with labels, units and the cell's other values.

        Parameters
        ----------
        **options
            engine, threads, progress and max_memory as for `values`.

        Returns
        -------
        xarray.Dataset
            ``V`` and ``status``; varied parameters are coordinates along their dimension, the
            others scalar coordinates, all with units.

        Examples
        --------
        >>> import fastrest as fr
        >>> ds = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_xarray()
        >>> round(float(ds.V.sel(K_out=5.0)), 2), ds.V.attrs["units"]
        (-69.81, 'mV')
        """
        import xarray as xr

        values, status = self._values_and_status(**options)
        parameters = self.cell.model.parameters
        coords: dict[str, Any] = {}
        for name, value in self.cell.items():
            coords[name] = ((), value, _attributes(parameters[name]))
        coords.update(self._coordinates())
        flags = {
            "long_name": "status",
            "flag_masks": [int(bit) for bit in Status],
            "flag_meanings": " ".join(str(bit.name) for bit in Status),
        }
        attributes = {"long_name": "membrane potential", "units": "mV"}
        return xr.Dataset(
            {
                "V": (self.dims, values, attributes),
                "status": (self.dims, status, flags),
            },
            coords=coords,
            attrs={
                "model": repr(self.cell.model),
                **{k: v for k, v in self.cell._fields.items() if v not in ("", None)},
            },
        )

    def to_dataframe(self, **options: Any) -> "pd.DataFrame":
        """A pandas table, a row per point: varied parameters, labels, ``V`` (mV) and ``status``.

        Options are those of `values`.

        Examples
        --------
        >>> import fastrest as fr
        >>> frame = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_dataframe()
        >>> list(frame.columns)
        ['K_out', 'V', 'status']
        """
        import pandas as pd

        # pandas takes a copy of what it is given
        need = 2 * len(self) * (9 + 8 * len(self._frame_names()))
        instead = "use to_xarray(), values(out=...), or fewer points"
        self._check_memory(need, options.get("max_memory"), instead)
        values, status = self._values_and_status(**options)
        columns = self._frame_columns()
        return pd.DataFrame({**columns, "V": values.ravel(), "status": status.ravel()})

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the sweep: a curve over one axis, a heat map with contours over two.

        Lines and contours mark the cell's threshold and block (-55 and -40 mV for neurons), which
        are conventions. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; the current axes by default.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.sweep(self, ax)

    # ---- shared steps ----

    def _compute(
        self,
        out: np.ndarray | None,
        status: np.ndarray | None,
        engine_name: str | None,
        threads: int | None,
        progress: engine.Progress,
    ) -> None:
        isa = engine.choose(engine_name)
        if isa == engine.PYTHON:
            threads, compute = 1, self._python
        else:
            compute = self._prepare(isa, threads)
        contiguous = out is None or out.flags.c_contiguous or out.ndim == 1
        # a view, never a copy: a result of any layout is written in place, or through .flat
        flat = out.reshape(-1) if out is not None and contiguous else None
        flat_status = None if status is None else status.reshape(-1)
        stream = out is not None and out.nbytes >= engine.STREAM_BYTES

        def work(start: int, stop: int) -> None:
            part_status = None if flat_status is None else flat_status[start:stop]
            if out is None:
                compute(start, stop, None, part_status, False)
            elif contiguous:
                compute(start, stop, flat[start:stop], part_status, stream)  # type: ignore[index]
            else:
                part = np.empty(stop - start, out.dtype)
                compute(start, stop, part, part_status, False)
                out.flat[start:stop] = part

        engine.run(work, len(self), threads=threads, progress=progress)

    def _python(
        self,
        start: int,
        stop: int,
        out: np.ndarray | None,
        status: np.ndarray | None,
        stream: bool,
    ) -> None:
        """The pure-Python reference over a range of points."""
        model = self.cell.model
        baseline = dict(self.cell)
        for lo in range(start, stop, PYTHON_BLOCK):
            hi = min(lo + PYTHON_BLOCK, stop)
            varied = {n: v.tolist() for n, v in self.parameters(np.arange(lo, hi)).items()}
            rows = zip(*varied.values(), strict=True)
            for i, row in enumerate(rows, lo - start):
                baseline.update(zip(varied, row, strict=True))
                V, bits = model.reference(model, baseline)
                if out is not None:
                    out[i] = V
                if status is not None:
                    status[i] = bits

    def _values_and_status(
        self,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        self._check_memory(len(self) * 9, max_memory, "use values(out=...), or fewer points")
        values, status = np.empty(self.shape), np.empty(self.shape, np.uint8)
        self._compute(values, status, engine, threads, progress)
        return values, status

    def _check_memory(self, result: int, max_memory: int | None, instead: str) -> None:
        need = result + self._work_bytes()
        engine.check_memory(need, max_memory, f"{len(self):,} points; {instead}")

    def _check_out(self, out: Any) -> None:
        if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
            raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
        if out.shape != self.shape:
            raise ValueError(f"out must have shape {self.shape}, got {out.shape}")
        if out.dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ValueError(f"out must be native float64 or float32, got dtype {out.dtype}")
        if not out.flags.writeable:
            raise ValueError("out must be writeable, got a read-only array")
        if not out.flags.aligned:
            raise ValueError("out must be aligned")
        for name, array in self._inputs.items():
            if np.shares_memory(out, array):
                raise ValueError(f"out must not share memory with {name}: pass another array")

    def _coordinates(self) -> dict[str, Any]:
        raise NotImplementedError

    def _frame_columns(self) -> dict[str, Any]:
        raise NotImplementedError

    def _frame_names(self) -> list[str]:
        raise NotImplementedError

    def _repr_lines(self) -> list[str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [
            f"<{type(self).__name__} of {len(self):,} points: {self.cell!r}",
            *self._repr_lines(),
            f"values(): {engine.bytes_text(8 * len(self))}; {self._route_text()}>",
        ]
        return "\n  ".join(lines)

    def _route_text(self) -> str:
        return self.route

    __hash__ = None  # type: ignore[assignment]


# ---- axes and grids ----


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
        model, axes = _checked_cell(cell).model, tuple(axes)
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
                values = values.astype(np.float64)
                _check_axis(parameter, values)
                values.flags.writeable = False
                inputs[name], dim_of[name] = values, d
        vars(self).update(
            cell=cell, axes=axes, dims=dims, shape=shape, _inputs=inputs, _dim_of=dim_of
        )
        vars(self).update(route="factored" if self._factors() else "pointwise")

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

    def _columns(self, dims: set[int], scale: float = 1.0) -> list[Any]:
        """The model's columns over some dimensions of the grid, the others at their first place."""
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

    def _prepare(self, isa: str, threads: int | None) -> Any:
        model = self.cell.model
        if self.route == "pointwise":
            equation, columns = model.equation(), self._columns(set(range(len(self.shape))))
        else:
            equation = model.equation("separable")
            columns = self._log_tables(isa, threads)
            if "celsius" in self._inputs:
                columns.append(np.broadcast_to(phi(self._along_its_axis("celsius")), self.shape))
            else:
                columns.append(float(phi(self.cell["celsius"])))

        def compute(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
            equation.points(columns, start, stop - start, out, status, stream=stream, isa=isa)

        return compute

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
        places = np.unravel_index(_indices(indices, len(self)), self.shape)
        return {n: v[places[self._dim_of[n]]] for n, v in self._inputs.items()}

    def _coordinates(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        parameters = self.cell.model.parameters
        for one in self.axes:
            for name in one.parameters:
                found[name] = (one.name, self._inputs[name], _attributes(parameters[name]))
            if one.labels is not None:
                found[one.label_name] = (one.name, list(one.labels))
        return found

    def _frame_columns(self) -> dict[str, Any]:
        def spread(values: np.ndarray, d: int) -> np.ndarray:
            shape = [-1 if i == d else 1 for i in range(len(self.shape))]
            return np.broadcast_to(values.reshape(shape), self.shape).ravel()

        found: dict[str, Any] = {}
        for d, one in enumerate(self.axes):
            if one.labels is not None:
                found[one.label_name] = spread(np.asarray(one.labels), d)
            for name in one.parameters:
                found[name] = spread(self._inputs[name], d)
        return found

    def _frame_names(self) -> list[str]:
        return [*self._inputs, *(one.label_name for one in self.axes if one.labels is not None)]

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


# ---- tables ----


def table(
    cell: Cell,
    data: Any,
    *,
    rename: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
) -> "Table":
    """One point per row of a table, the other parameters as in the cell.

    Parameters
    ----------
    cell : Cell
    data : mapping or data frame
        Columns by parameter name: 1-D arrays of one length of any numeric dtype, stride and byte
        order, or a number for a whole column. A pandas, polars or xarray object will do.
    rename : mapping of str to str, optional
        Parameter names of columns that are called otherwise, as in ``{"[K]o": "K_out"}``.
    keep : sequence of str, optional
        Columns that are no parameters and are carried along.

    Returns
    -------
    Table
        A `Sweep`. Rows with a value outside its domain become NaN with a status bit.

    Raises
    ------
    ValueError
        A column is neither a parameter nor kept, has another length, or there are no rows.
    TypeError
        A column does not hold numbers.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> rows = {"[K]o": [3.0, 5.0], "P_Na": [0.04, 0.02], "cell_id": ["a", "b"]}
    >>> sweep = fr.table(fr.cells["mammalian neuron"], rows, rename={"[K]o": "K_out"},
    ...                  keep=["cell_id"])
    >>> np.round(sweep.values(), 2)
    array([-73.95, -76.  ])
    """
    return Table(cell, data, rename or {}, keep)


class Table(Sweep):
    """One point per row of a table: see `table` and `Sweep`."""

    dims = ("row",)
    _kept: dict[str, np.ndarray]

    def __init__(self, cell: Cell, data: Any, rename: Mapping[str, str], keep: Sequence[str]):
        parameters = _checked_cell(cell).model.parameters
        if not isinstance(rename, Mapping):
            raise TypeError(f"rename must be a mapping of column to parameter, got {rename!r}")
        if not isinstance(keep, str) and not np.iterable(keep):
            raise TypeError(f"keep must be a sequence of columns, got {keep!r}")
        keep = [keep] if isinstance(keep, str) else list(keep)
        names = _column_names(data, {*parameters, *rename, *keep})
        for name in (*rename, *keep):
            if name not in names:
                raise ValueError(unknown("column", name, names))
        for name in keep:
            if rename.get(name, name) in parameters:
                raise ValueError(f"keep: column {name!r} is a parameter, which varies V")
            if name in RESULTS:
                raise ValueError(
                    f"keep: {name!r} is what the results are called: rename the column"
                )

        inputs: dict[str, np.ndarray] = {}
        kept: dict[str, np.ndarray] = {}
        for column in names:
            if column in keep:
                kept[column] = _one_dimensional(column, np.asarray(data[column]))
                continue
            name = rename.get(column, column)
            if name not in parameters:
                raise ValueError(
                    f"column {column!r} is no parameter: {unknown('parameter', name, parameters)} "
                    "(use rename= for other names, keep= to carry a column along)"
                )
            if name in inputs:
                raise ValueError(f"two columns stand for {name}")
            values = as_numbers(f"column {column!r}", data[column])
            inputs[name] = _one_dimensional(column, values)
        lengths = {n: v.size for n, v in {**inputs, **kept}.items() if v.ndim == 1}
        if not lengths:
            raise ValueError("a table needs at least one column of parameter values")
        first, rows = next(iter(lengths.items()))
        for name, length in lengths.items():
            if length != rows:
                raise ValueError(f"column {name} has {length} rows, {first} has {rows}")
        if rows == 0:
            raise ValueError("the table has no rows")
        for kind in (inputs, kept):
            for name, values in kind.items():
                kind[name] = np.broadcast_to(values, (rows,)) if values.ndim == 0 else values
        vars(self).update(cell=cell, shape=(rows,), _inputs=inputs, _kept=kept)

    @property
    def kept(self) -> Mapping[str, np.ndarray]:
        """The columns that are carried along."""
        return types.MappingProxyType(self._kept)

    def _prepare(self, isa: str, threads: int | None) -> Any:
        model = self.cell.model
        equation = model.equation()
        columns = model.columns({**self.cell, **self._inputs})
        if all(isinstance(c, float) or _is_plain(c) for c in columns):

            def compute(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
                equation.points(columns, start, stop - start, out, status, stream=stream, isa=isa)

        else:

            def compute(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
                for lo in range(start, stop, engine.BLOCK):
                    hi = min(lo + engine.BLOCK, stop)
                    part = slice(lo - start, hi - start)
                    with np.errstate(over="ignore"):  # long doubles beyond doubles: a bad row
                        block = [
                            c if isinstance(c, float) else np.require(c[lo:hi], np.float64, "A")
                            for c in columns
                        ]
                    equation.points(
                        block,
                        0,
                        hi - lo,
                        None if out is None else out[part],
                        None if status is None else status[part],
                        stream=stream,
                        isa=isa,
                    )

        return compute

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = _indices(indices, len(self))
        with np.errstate(over="ignore"):
            return {n: v[places].astype(np.float64) for n, v in self._inputs.items()}

    def _coordinates(self) -> dict[str, Any]:
        parameters = self.cell.model.parameters
        found: dict[str, Any] = {
            name: ("row", values, _attributes(parameters[name]))
            for name, values in self._inputs.items()
        }
        found.update({str(name): ("row", values) for name, values in self.kept.items()})
        return found

    def _frame_columns(self) -> dict[str, Any]:
        return {**self.kept, **self._inputs}

    def _frame_names(self) -> list[str]:
        return [*self.kept, *self._inputs]

    def _repr_lines(self) -> list[str]:
        lines = [f"columns: {', '.join(self._inputs)}"]
        if self.kept:
            lines.append(f"carried along: {', '.join(map(str, self.kept))}")
        return lines

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table)
            and (self.cell, self.shape) == (other.cell, other.shape)
            and self._inputs.keys() == other._inputs.keys()
            and self.kept.keys() == other.kept.keys()
            and all(_same(v, other._inputs[n]) for n, v in self._inputs.items())
            and all(_same(v, other.kept[n]) for n, v in self.kept.items())
        )


# ---- checks ----


def _checked_cell(cell: Any) -> Cell:
    if not isinstance(cell, Cell):
        raise TypeError(
            f'cell must be a fr.Cell, such as fr.cells["mammalian neuron"], got {cell!r}'
        )
    return cell


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


def _is_plain(column: np.ndarray) -> bool:
    """Whether the kernels can read a column where it stands."""
    return column.dtype == np.float64 and column.dtype.isnative and column.flags.aligned


def _one_dimensional(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim > 1:
        raise ValueError(f"column {name!r} must be 1-D, got shape {values.shape}")
    return values


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f")


def _column_names(data: Any, wanted: set[Any]) -> list[Any]:
    """The columns of a mapping or data frame; of a Dataset also the coordinates that are wanted."""
    if hasattr(data, "data_vars") and hasattr(data, "coords"):
        return [*data.data_vars, *(name for name in data.coords if name in wanted)]
    for names in (
        getattr(data, "column_names", None),
        getattr(getattr(data, "dtype", None), "names", None),
        getattr(data, "keys", None),
        getattr(data, "columns", None),
    ):
        if names is not None:
            return list(names() if callable(names) else names)
    raise TypeError(f"a table is a mapping or data frame of columns, got {type(data).__name__}")


def _indices(indices: npt.ArrayLike, points: int) -> np.ndarray:
    array = np.asarray(indices)
    if array.size == 0:
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices must be whole numbers, got dtype {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= points):
        bad = array[(array < 0) | (array >= points)].flat[0]
        raise IndexError(f"indices must be from 0 to {points - 1}, got {bad}")
    return array


def _attributes(parameter: Parameter) -> dict[str, str]:
    return {"long_name": parameter.meaning, "units": parameter.unit or "1"}
