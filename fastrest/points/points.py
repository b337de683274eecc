"""Points: many settings of one cell's parameters, and the computation of ranges of them.

The kinds of points (`grid_points`, `table_points`, `sample_points`) provide columns for the
kernels. The rooms above reduce, save and plot the results.
"""

import copy
import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import Frozen, shown
from fastrest.models.conditions import output
from fastrest.models.model import Model
from fastrest.models.outputs import Output
from fastrest.models.quantities import Parameter, Status
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.points.axes import Axis
from fastrest.runtime import scheduler, system
from fastrest.runtime.ranges import cut
from fastrest.runtime.scheduler import Progress

STATUS = "status"
STATUS_LABELS = {
    "long_name": "status",
    "flag_masks": [int(bit) for bit in Status],
    "flag_meanings": " ".join(str(bit.name) for bit in Status),
}


def labels_of(quantity: Parameter | Output) -> dict[str, str]:
    """Return the long name and unit of a parameter or an output."""
    meaning = quantity.meaning if isinstance(quantity, Parameter) else quantity.description
    return {"long_name": meaning, "units": quantity.unit or "1"}


def result_names(model: Model) -> tuple[Any, ...]:
    """Return the names of results in Datasets and data frames."""
    return (*model.outputs, STATUS)


#: Points for which no system lacks memory.
SMALL = 1 << 14
#: Points at a time in the pure-Python reference, and in conversions of a table's columns.
PYTHON_BLOCK = 1 << 10
FLOAT64 = np.dtype(np.float64)
#: Returns the columns of a range of points in chunks: columns, the number of the point that they
#: begin with, and the start and stop of the part of the range that they serve.
ColumnChunks = Callable[[int, int], Iterable[tuple[list[Any], int, int, int]]]
#: Computes the values and status of the points [start, stop): called as (start, stop, values,
#: status, stream). Either array may be None; `stream` bypasses the caches.
Compute = Callable[[int, int, Any, Any, bool], None]


def over_points(columns: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Return the columns of an equation, at least one of them of the shape of the points."""
    if set(map(type, columns)) == {float}:  # no varied parameter enters
        columns[0] = np.broadcast_to(columns[0], shape)
    return columns


class Points(Frozen):
    """Many points of one cell.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    dims : tuple of str
        Names of the dimensions.
    shape : tuple of int
        Their lengths; ``len(sweep)`` is the number of points, numbered in C order.
    """

    _hooks: ClassVar[tuple[str, ...]] = (
        *("asked", "attributes", "bare", "bits", "blocks_per_task", "check_memory", "chunks"),
        *("compute", "courses", "points_of"),
        *("computer", "constants", "coordinates", "dataset_coordinates", "event", "fast_chunks"),
        *("index", "inputs", "kind", "label", "levels", "of", "output", "reads_far", "repr_lines"),
        *("result_columns", "result_labels", "result_variables", "route_text", "rows"),
        *("short_coordinates", "stored_columns", "stored_range", "values_and_status", "values_of"),
        *("with_cell", "work_bytes"),
    )

    cell: Cell
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    #: the kind's name in files
    kind: ClassVar[str]
    #: version of the random numbers; None for points without random numbers
    bits: ClassVar[int | None] = None
    #: how the points are computed: "factored" or "pointwise"
    route: str = "pointwise"
    #: most blocks of points that a thread takes at once
    blocks_per_task: int = scheduler.BLOCKS_PER_TASK
    #: the axes that a grid combines; points without axes have values of their own
    axes: tuple[Axis, ...] = ()
    #: arrays of the varied parameters by name, and further columns that results keep
    inputs: Mapping[str, np.ndarray] = types.MappingProxyType({})
    kept: Mapping[str, np.ndarray] = types.MappingProxyType({})
    #: labels of the rows, of pandas, or None; and the names of columns that are among them
    index: Any = None
    levels: tuple[Any, ...] = ()
    #: the output that is computed: V, or the one that `asked` has chosen
    output: Output
    #: the event that is computed instead of the output's value
    event: Criterion | None = None

    def __len__(self) -> int:
        return math.prod(self.shape)

    # ---- the quantity: an output or an event ----

    def asked(self, of: str | Criterion) -> Self:
        """Return the same points with an output or an event to compute."""
        output, event = resolved_quantity(of, self.cell.model)
        if (output, event) == (self.output, self.event):
            return self
        found = copy.copy(self)
        vars(found).update(output=output, event=event)
        return found

    @property
    def of(self) -> str | Criterion:
        """The quantity, as an argument of `asked`."""
        return self.output.name if self.event is None else self.event

    @property
    def label(self) -> str:
        """The name of the quantity in results."""
        return self.output.name if self.event is None else repr(self.event)

    @property
    def result_labels(self) -> dict[str, str]:
        """The long name and unit of the quantity."""
        if self.event is None:
            return labels_of(self.output)
        one = len(self.event.parts) == 1
        name = f"{self.output.description} in a range" if one else repr(self.event)
        return {"long_name": name, "units": "1"}

    # ---- provided by each kind of points ----

    def with_cell(self, cell: Cell) -> Self:
        """Return the points of another cell: the same values of the parameters that vary."""
        raise NotImplementedError

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the parameters that vary."""
        return tuple(self.inputs)

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Return the values of the varied parameters at chosen points.

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

    def coordinates(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Return the coordinate columns of a range: parameters, labels, kept columns."""
        return self.parameters(np.arange(start, stop))

    def dataset_coordinates(self) -> dict[str, Any]:
        """Return the varied coordinates of a Dataset: dimension, values and labels."""
        raise NotImplementedError

    def stored_columns(self) -> dict[str, np.ndarray]:
        """Return the columns that a file must hold to recreate the points."""
        return {}

    def stored_range(
        self, stored: Mapping[str, np.ndarray], start: int, stop: int
    ) -> dict[str, np.ndarray]:
        """Return the part of `stored_columns` at the points of a range."""
        return {name: column[start:stop] for name, column in stored.items()}

    @property
    def short_coordinates(self) -> bool:
        """True if the coordinates of a Dataset are shorter than the points."""
        return bool(self.axes)

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        """Return the output's equation, and a function that gives the columns of a range."""
        raise NotImplementedError

    def fast_chunks(self, isa: str, threads: int | None) -> tuple[_kernels.Equation, ColumnChunks]:
        """Return the equation and columns that compute values fastest."""
        return self.chunks()

    def work_bytes(self) -> int:
        """Return the bytes of memory that a computation takes beside its result."""
        return 0

    def bare(self) -> "Points":
        """Return the points for another process, without what computing does not need."""
        return self

    def rows(self, start: int, stop: int) -> tuple["Points", int]:
        """Return points that include a range but little else, and the number of the first."""
        return self, 0

    def reads_far(self) -> bool:
        """Return True if the inputs do not fit into the caches."""
        return False

    # ---- computing a range ----

    def computer(self, engine: str | None, threads: int | None) -> tuple[Compute, int | None]:
        """Return a function that computes a range of points, and the threads to call it from."""
        isa = scheduler.choose_engine(engine)
        if isa == scheduler.PYTHON:
            threads = 1
        if self.event is not None:
            names = dict.fromkeys(one for part in self.event.parts for one in part.outputs)
            computes = {name: self.asked(name).computer(engine, threads)[0] for name in names}
            return _indicator(self.cell.model, self.event, computes), threads
        compute = self._by_reference if isa == scheduler.PYTHON else self._by_kernel(isa, threads)
        return compute, threads

    def _by_kernel(self, isa: str, threads: int | None) -> Compute:
        equation, chunks = self.fast_chunks(isa, threads)
        most = scheduler.BLOCKS_PER_TASK * scheduler.BLOCK_POINTS // self.output.cost

        def compute(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
            for columns, first, begin, end in chunks(start, stop):
                whole = [(begin, end)]  # in pieces, so that Ctrl-C is heard
                for lo, hi in whole if end - begin <= most else cut(whole, most):
                    n, part = hi - lo, slice(lo - start, hi - start)
                    values, bits = (None if x is None else x[part] for x in (out, status))
                    equation.points(columns, lo - first, n, values, bits, stream=stream, isa=isa)

        return compute

    def _by_reference(self, start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
        for i, values in self.values_of(start, stop):
            value, bits = self.output.reference(values)
            if out is not None:
                out[i - start] = value
            if status is not None:
                status[i - start] = bits

    def values_of(self, start: int, stop: int) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield each point of a range and the values of all parameters there, in one dict."""
        values = self.cell.merged()
        for lo in range(start, stop, PYTHON_BLOCK):
            hi = min(lo + PYTHON_BLOCK, stop)
            varied = {n: v.tolist() for n, v in self.parameters(np.arange(lo, hi)).items()}
            for i, row in enumerate(zip(*varied.values(), strict=True), lo):
                values.update(zip(varied, row, strict=True))
                yield i, values

    def compute(
        self,
        out: np.ndarray | None,
        status: np.ndarray | None,
        engine: str | None,
        threads: int | None,
        progress: Progress,
    ) -> None:
        """Compute all points into arrays of the points' shape."""
        compute, threads = self.computer(engine, threads)
        flat_status = None if status is None else status.reshape(-1)
        flat = None
        if out is not None and (out.flags.c_contiguous or out.ndim == 1):
            flat = out.reshape(-1)  # a view, never a copy
        stream = flat is not None and flat.nbytes >= scheduler.STREAM_BYTES
        unit = scheduler.BLOCK_POINTS // self.output.cost
        if len(self) <= unit and progress is False and flat is not None:
            scheduler.thread_count(threads, len(self))  # the check of a bad number
            return compute(0, len(self), flat, flat_status, stream)

        def work(start: int, stop: int) -> None:
            part, bits = _part(flat, start, stop), _part(flat_status, start, stop)
            if out is None or flat is not None:
                compute(start, stop, part, bits, stream)
            else:  # no view: the values are copied to their places
                part = np.empty(stop - start, out.dtype)
                compute(start, stop, part, bits, False)
                out.flat[start:stop] = part

        to_do = scheduler.ToDo(len(self), unit, self.blocks_per_task, cost=self.output.cost)
        scheduler.run(work, to_do, threads=threads, progress=progress)

    def values_and_status(
        self,
        engine: str | None = None,
        threads: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the quantity and the status at every point."""
        self.check_memory(len(self) * 9, max_memory, "use values(out=...), or fewer points")
        values, status = np.empty(self.shape), np.empty(self.shape, np.uint8)
        self.compute(values, status, engine, threads, progress)
        return values, status

    def check_memory(self, result: int, max_memory: int | None, instead: str) -> None:
        """Raise the MemoryError if a result of so many bytes does not fit; `instead` advises."""
        if max_memory is None and len(self) < SMALL:
            return
        need = result + self.work_bytes()
        system.check_memory(need, max_memory, f"{len(self):,} points; {instead}")

    def result_columns(self, status_name: str = STATUS, **options: Any) -> dict[str, np.ndarray]:
        """Return the values and the status of all points in order, by their names in a table."""
        values, status = self.values_and_status(**options)
        return {self.label: values.ravel(), status_name: status.ravel()}

    # ---- labels ----

    def constants(self) -> dict[str, Any]:
        """Return the cell's values as scalar coordinates."""
        parameters = self.cell.model.parameters
        return {name: ((), value, labels_of(parameters[name])) for name, value in self.cell.items()}

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of a Dataset: the model and the cell's fields."""
        return {"model": repr(self.cell.model), **self.cell.given_fields}

    def result_variables(
        self, values: Any, status: Any, status_name: str = STATUS
    ) -> dict[str, Any]:
        """Return the variables of a Dataset: the quantity and the status."""
        return {
            self.label: (self.dims, values, self.result_labels),
            status_name: (self.dims, status, STATUS_LABELS),
        }

    def repr_lines(self) -> list[str]:
        """Return the lines of the repr that this kind of points adds."""
        raise NotImplementedError

    def route_text(self) -> str:
        """Return the route in words."""
        return self.route

    def __repr__(self) -> str:
        lines = [
            f"<{type(self).__name__} of {len(self):,} points: {self.cell!r}",
            *self.repr_lines(),
            f"values(): {system.bytes_text(8 * len(self))}; {self.route_text()}>",
        ]
        return "\n  ".join(lines)

    __hash__ = None  # type: ignore[assignment]


class _Block:
    """The outputs of a range of points, which an event judges, and their status."""

    def __init__(self, model: Model, computes: Mapping[str, Compute], start: int, stop: int):
        self.values: dict[str, np.ndarray] = {}
        self.status = np.zeros(stop - start, np.uint8)
        for name, compute in computes.items():
            values, bits = np.empty(stop - start), np.empty(stop - start, np.uint8)
            compute(start, stop, values, bits, False)
            late = Status.INFINITE if model.output(name).is_time else Status(0)
            self.values[name] = np.where((bits == 0) | (bits == late), values, np.nan)
            self.status |= bits

    def output(self, name: str, at: str | None) -> np.ndarray:
        """Return an output, NaN where it has no value; a time that does not come is infinite."""
        return self.values[output(name, at=at)]


def _indicator(model: Model, event: Criterion, computes: Mapping[str, Compute]) -> Compute:
    """Return a function that computes 1 where an event holds, 0 where not, NaN if undefined."""

    def indicate(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
        block = _Block(model, computes, start, stop)
        truth = event.truth(block)
        if out is not None:
            out[...] = truth
        if status is not None:
            status[...] = np.where(np.isnan(truth), block.status, 0)

    return indicate


def _part(array: np.ndarray | None, start: int, stop: int) -> np.ndarray | None:
    return None if array is None else array[start:stop]


# ---- checks shared by the kinds of points ----


def checked_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return float64 or float32 as a dtype, or raise the ValueError."""
    if type(dtype) is str and dtype == "float64":
        return FLOAT64
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError, OverflowError):
        raise ValueError(f"dtype must be float64 or float32, got {shown(dtype)}") from None
    if found not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"dtype must be float64 or float32, got {found}")
    return found


def checked_indices(indices: npt.ArrayLike, points: int) -> np.ndarray:
    """Return flat numbers of points as an array, or raise the error for a bad number."""
    array = np.asarray(indices)
    if array.size == 0:
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices must be whole numbers, got dtype {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= points):
        bad = array[(array < 0) | (array >= points)].flat[0]
        raise IndexError(f"indices must be from 0 to {points - 1}, got {bad}")
    return array


def gradient(
    points: Points,
    parameters: tuple[str, ...],
    engine: str | None,
    threads: int | None,
    progress: Progress,
    max_memory: int | None,
    by_workers: Callable[[dict[str, np.ndarray], str], None] | None = None,
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
    system.check_memory(8 * n * len(names), max_memory, instead)
    slopes = {name: np.empty(points.shape) for name in names}
    flat = {name: array.reshape(-1) for name, array in slopes.items()}
    if by_workers is not None and isa != scheduler.PYTHON:
        by_workers(slopes, isa)
        return slopes
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
