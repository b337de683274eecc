"""Table points: one point per row of a table."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import unknown
from fastrest.models.model import Model
from fastrest.physiology.cell import Cell, checked_cell
from fastrest.points.points import (
    ColumnChunks,
    Points,
    checked_indices,
    labels_of,
    over_points,
    result_names,
)
from fastrest.runtime import scheduler
from fastrest.runtime.columns import carried, numbers, of_one_unit, rows_of
from fastrest.runtime.ranges import cut

#: Kinds of columns that every format holds: Booleans, numbers, text, dates.
KINDS = "biufUM"


class TablePoints(Points):
    """One point per row of a table."""

    kind = "Table"
    dims = ("row",)
    kept: dict[str, np.ndarray]

    def __init__(self, cell: Cell, data: Any, rename: Mapping[str, str], keep: Sequence[str]):
        model = checked_cell(cell).model
        if not isinstance(rename, Mapping):
            raise TypeError(f"rename must be a mapping of column to parameter, got {rename!r}")
        if not isinstance(keep, str) and not np.iterable(keep):
            raise TypeError(f"keep must be a sequence of columns, got {keep!r}")
        keep = [keep] if isinstance(keep, str) else list(keep)
        names, column_of, index, levels = rows_of(data, {*model.parameters, *rename, *keep})
        _check_names(model, names, rename, keep)
        given = {n: column_of(n) for n in names if n not in keep}
        given = of_one_unit(given, _weights(model, given, rename))

        inputs: dict[str, np.ndarray] = {}
        kept: dict[str, np.ndarray] = {}
        for column in names:
            if column in keep:
                kept[column] = _one_dimensional(column, carried(column_of(column)))
                continue
            name = rename.get(column, column)
            if name in inputs:
                raise ValueError(f"two columns have values of {name}")
            unit = model.parameters[name].unit
            values = numbers(f"column {column!r}", given[column], unit)
            inputs[name] = _one_dimensional(column, values)
        rows = _number_of_rows({**inputs, **kept})
        inputs, kept = (
            {n: np.broadcast_to(v, (rows,)) if v.ndim == 0 else v for n, v in columns.items()}
            for columns in (inputs, kept)
        )
        vars(self).update(output=model.outputs["V"])
        vars(self).update(
            cell=cell, shape=(rows,), inputs=inputs, kept=types.MappingProxyType(kept)
        )
        vars(self).update(index=index, levels=levels)

    def __reduce__(self) -> tuple[Any, ...]:
        columns = {**self.inputs, **self.kept}
        arguments: tuple[Any, ...] = (self.cell, columns, {}, tuple(self.kept))
        return type(self), arguments, {"index": self.index, "levels": self.levels}

    def with_cell(self, cell: Cell) -> Self:
        found = type(self)(cell, {**self.inputs, **self.kept}, {}, tuple(self.kept))
        vars(found).update(index=self.index, levels=self.levels)
        return found

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        equation = self.output.equation
        columns = over_points(self.output.columns_of(self.cell.merged(self.inputs)), self.shape)
        if all(map(_is_plain, self.inputs.values())):
            return equation, lambda start, stop: [(columns, 0, start, stop)]

        def converted(start: int, stop: int) -> Iterator[tuple[list[Any], int, int, int]]:
            for lo, hi in cut([(start, stop)], scheduler.BLOCK_POINTS):
                with np.errstate(over="ignore"):  # a long double beyond doubles: an invalid row
                    block = [
                        c if isinstance(c, float) else np.require(c[lo:hi], np.float64, "A")
                        for c in columns
                    ]
                yield block, lo, lo, hi

        return equation, converted

    def bare(self) -> "TablePoints":
        return type(self)(self.cell, self.inputs, {}, ())

    def rows(self, start: int, stop: int) -> tuple["TablePoints", int]:
        columns = {n: v[start:stop] for n, v in self.inputs.items()}
        return type(self)(self.cell, columns, {}, ()), start

    def reads_far(self) -> bool:
        return sum(v.nbytes for v in self.inputs.values()) >= scheduler.FAR_BYTES

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = checked_indices(indices, len(self))
        with np.errstate(over="ignore"):
            return {n: v[places].astype(np.float64) for n, v in self.inputs.items()}

    def dataset_coordinates(self) -> dict[str, Any]:
        parameters = self.cell.model.parameters
        found: dict[str, Any] = {
            name: ("row", _result(values, copy=True), labels_of(parameters[name]))
            for name, values in self.inputs.items()
        }
        found.update({str(n): ("row", _result(v, copy=True)) for n, v in self.kept.items()})
        if self.index is not None:
            for level, name in enumerate(self.index.names):
                label = "index" if name is None else str(name)
                labels = np.asarray(self.index.get_level_values(level))
                found.setdefault("row" if label == "row" else label, ("row", labels))
        return found

    def coordinates(self, start: int, stop: int) -> dict[str, np.ndarray]:
        columns = {**self.kept, **self.inputs}
        return {name: _result(v[start:stop], copy=False) for name, v in columns.items()}

    def stored_columns(self) -> dict[str, np.ndarray]:
        found = {}
        for name, column in self.coordinates(0, len(self)).items():
            if np.ma.is_masked(column):
                raise TypeError(
                    f"column {name!r} has gaps, which cannot be saved: fill them (pandas .fillna, "
                    "polars .fill_null, NumPy .filled), or leave the column out of keep="
                )
            column = np.ma.getdata(column)
            if column.dtype.kind in "OT" and all(isinstance(one, str) for one in column):
                column = column.astype(np.str_)
            if column.dtype.kind == "M" and np.datetime_data(column.dtype)[0] in "YMWDhm":
                column = column.astype("M8[s]")  # as in data frames
            if name in self.inputs and column.dtype.itemsize > 8:  # the model reads doubles
                with np.errstate(over="ignore"):
                    column = column.astype(np.float64)
            long = column.dtype.kind == "f" and column.dtype.itemsize > 8
            if not isinstance(name, str) or column.dtype.kind not in KINDS or long:
                raise TypeError(
                    f"column {name!r} must be numbers, text or dates, got dtype {column.dtype}: "
                    "convert it, or leave it out of keep="
                )
            found[name] = column
        return found

    def repr_lines(self) -> list[str]:
        lines = [f"columns: {', '.join(self.inputs)}"]
        if self.kept:
            lines.append(f"carried along: {', '.join(map(str, self.kept))}")
        return lines

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TablePoints)
            and (self.cell, self.shape) == (other.cell, other.shape)
            and _equal_columns(self.inputs, other.inputs)
            and _equal_columns(self.kept, other.kept)
        )


# ---- checks ----


def _check_names(
    model: Model, names: list[Any], rename: Mapping[str, str], keep: list[str]
) -> None:
    """Raise the ValueError for a column that is neither a parameter nor can be kept."""
    for name in (*rename, *keep):
        if name not in names:
            raise ValueError(unknown("column", name, names))
    for column in names:
        name = rename.get(column, column)
        if column not in keep and name not in model.parameters:
            raise ValueError(
                f"column {column!r} is not a parameter: "
                f"{model.unknown_parameter(name)} "
                "(use rename= for other names, keep= to carry a column along)"
            )
        if column in keep and name in model.parameters:
            raise ValueError(f"keep: column {column!r} is a parameter, which varies V")
        if column in keep and column in result_names(model):
            raise ValueError(f"keep: {column!r} is the name of a result: rename the column")


def _number_of_rows(columns: Mapping[str, np.ndarray]) -> int:
    lengths = {name: values.size for name, values in columns.items() if values.ndim == 1}
    if not lengths:
        raise ValueError("a table needs at least one column of parameter values")
    first, rows = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != rows:
            raise ValueError(f"column {name} has {length} rows, {first} has {rows}")
    if rows == 0:
        raise ValueError("the table has no rows")
    return rows


def _is_plain(column: np.ndarray) -> bool:
    """Return True if the kernels can read a column without conversion."""
    return column.dtype == np.float64 and column.dtype.isnative and column.flags.aligned


def _one_dimensional(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim > 1:
        raise ValueError(f"column {name!r} must be 1-D, got shape {values.shape}")
    return values


def _result(values: np.ndarray, copy: bool) -> np.ndarray:
    """Return a column for pandas and netCDF, in native byte order and without half precision.

    With `copy` the result is always a new array, so that changes of a result change no input.
    """
    dtype = values.dtype
    if dtype.kind == "f" and dtype.itemsize == 2:
        dtype = np.dtype(np.float32)
    elif not dtype.isnative:
        dtype = dtype.newbyteorder("=")
    return values.astype(dtype, copy=copy)


def _equal_columns(some: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> bool:
    return some.keys() == others.keys() and all(_equal(x, others[n]) for n, x in some.items())


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    if not np.array_equal(np.ma.getmaskarray(a), np.ma.getmaskarray(b)):
        return False
    if np.ma.is_masked(a):  # values under a mask do not count
        a, b = np.ma.compressed(a), np.ma.compressed(b)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f")


def _weights(model: Model, given: Mapping[Any, Any], rename: Mapping[str, str]) -> list[Any]:
    """Return the columns of all permeabilities or conductances, the names of absent ones."""
    columns = {rename.get(column, column): column for column in given}
    return [columns.get(name, name) for name in model.weights]
