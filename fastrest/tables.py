"""Tables: one point per row."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import engine
from ._kernels import Equation
from .cell import Cell
from .model import as_numbers
from .physics import unknown
from .sweep import RESULTS, Pieces, Sweep, checked_cell, checked_indices, labelled

#: Kinds of columns that every format holds: Booleans, numbers, text, dates.
KINDS = "biufUM"


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
        parameters = checked_cell(cell).model.parameters
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
                values = data[column]
                masked = isinstance(values, np.ma.MaskedArray)
                kept[column] = _one_dimensional(column, values if masked else np.asarray(values))
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

    def _points(self) -> tuple[Equation, Pieces]:
        model = self.cell.model
        columns = model.columns({**self.cell, **self._inputs})
        if all(isinstance(c, float) or _is_plain(c) for c in columns):
            return model.equation(), lambda start, stop: [(columns, 0, start, stop)]

        def converted(start: int, stop: int) -> Iterator[tuple[list[Any], int, int, int]]:
            for lo, hi in engine.cut([(start, stop)], engine.BLOCK):
                with np.errstate(over="ignore"):  # long doubles beyond doubles: a bad row
                    block = [
                        c if isinstance(c, float) else np.require(c[lo:hi], np.float64, "A")
                        for c in columns
                    ]
                yield block, lo, lo, hi

        return model.equation(), converted

    def _rows(self, start: int, stop: int) -> tuple[Sweep, int]:
        columns = {n: v[start:stop] for n, v in self._inputs.items()}
        return Table(self.cell, columns, {}, ()), start

    def _reads_far(self) -> bool:
        return sum(v.nbytes for v in self._inputs.values()) >= engine.FAR_BYTES

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = checked_indices(indices, len(self))
        with np.errstate(over="ignore"):
            return {n: v[places].astype(np.float64) for n, v in self._inputs.items()}

    def _coordinates(self) -> dict[str, Any]:
        parameters = self.cell.model.parameters
        found: dict[str, Any] = {
            name: ("row", _result(values, copy=True), labelled(parameters[name]))
            for name, values in self._inputs.items()
        }
        found.update({str(n): ("row", _result(v, copy=True)) for n, v in self.kept.items()})
        return found

    def _beside(self, start: int, stop: int) -> dict[str, np.ndarray]:
        columns = {**self.kept, **self._inputs}
        return {name: _result(v[start:stop], copy=False) for name, v in columns.items()}

    def _stored(self) -> dict[str, np.ndarray]:
        found = {}
        for name, column in self._beside(0, len(self)).items():
            if np.ma.is_masked(column):
                raise TypeError(
                    f"column {name!r} has masked values, which are not saved: fill them"
                )
            column = np.ma.getdata(column)
            if column.dtype.kind in "OT" and all(isinstance(one, str) for one in column):
                column = column.astype(np.str_)
            if column.dtype.kind == "M" and np.datetime_data(column.dtype)[0] in "YMWDhm":
                column = column.astype("M8[s]")  # as data frames have it
            if name in self._inputs and column.dtype.itemsize > 8:  # the model sees doubles too
                with np.errstate(over="ignore"):
                    column = column.astype(np.float64)
            long = column.dtype.kind == "f" and column.dtype.itemsize > 8
            if not isinstance(name, str) or column.dtype.kind not in KINDS or long:
                raise TypeError(
                    f"column {name!r}: numbers, text and dates are saved, got dtype "
                    f"{column.dtype}: convert it, or leave it out of keep="
                )
            found[name] = column
        return found

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


def _is_plain(column: np.ndarray) -> bool:
    """Whether the kernels can read a column where it stands."""
    return column.dtype == np.float64 and column.dtype.isnative and column.flags.aligned


def _one_dimensional(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim > 1:
        raise ValueError(f"column {name!r} must be 1-D, got shape {values.shape}")
    return values


def _result(values: np.ndarray, copy: bool) -> np.ndarray:
    """A column as pandas and netCDF take it: native byte order, no half precision.

    With `copy` always an array of its own, so that who changes a result changes no input.
    """
    dtype = values.dtype
    if dtype.kind == "f" and dtype.itemsize == 2:
        dtype = np.dtype(np.float32)
    elif not dtype.isnative:
        dtype = dtype.newbyteorder("=")
    return values.astype(dtype, copy=copy)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if not np.array_equal(np.ma.getmaskarray(a), np.ma.getmaskarray(b)):
        return False
    if np.ma.is_masked(a):  # what lies under a mask is nobody's value
        a, b = np.ma.compressed(a), np.ma.compressed(b)
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
