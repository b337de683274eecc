"""Columns of a table: any dtype, layout, mapping or data frame."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr
from helpers.sweeps import SIZES, assert_same_bits, read_only, unaligned

NEURON = fr.cells["mammalian neuron"]
COUNTS = np.arange(1, 101) % 50 + 1


def field(values):
    rows = np.zeros(values.size, np.dtype([("flag", "u1"), ("K_out", values.dtype)]))
    rows["K_out"] = values
    return rows["K_out"]


LAYOUTS = {
    "contiguous": lambda v: v,
    "strided": lambda v: np.repeat(v, 3)[::3],
    "reversed": lambda v: v[::-1].copy()[::-1],
    "column of a C array": lambda v: np.stack([v, v, v], axis=1)[:, 1],
    "column of a Fortran array": lambda v: np.asfortranarray(np.stack([v, v], axis=1))[:, 1],
    "unaligned": unaligned,
    "read-only": read_only,
    "packed field": field,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    "dtype",
    [
        "f8",
        "f4",
        "f2",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "g",
        ">f8",
        ">f4",
        ">f2",
        ">i2",
        ">i4",
        ">i8",
        ">u4",
        ">g",
        "<f8",
    ],
)
def test_table_columns_of_any_dtype_and_layout_equal_contiguous_float64(dtype, layout):
    values = COUNTS.astype(dtype)
    column = layout(values / 8 if values.dtype.kind == "f" else values)

    sweep = fr.table(NEURON, {"K_out": column, "Na_out": np.linspace(100, 150, 100)})

    plain = np.array(column.tolist() if dtype in ("g", ">g") else column, np.float64)
    expected = fr.table(NEURON, {"K_out": plain, "Na_out": np.linspace(100, 150, 100)})
    assert_same_bits(sweep.values(), expected.values())
    assert_same_bits(sweep.parameters(np.arange(100))["K_out"], plain)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", ">f8", "g"])
def test_columns_of_any_length_are_converted_to_the_end(rows, dtype):
    column = np.linspace(1, 50, 2 * rows).astype(dtype)[::-2]

    sweep = fr.table(NEURON, {"K_out": column})

    assert_same_bits(
        sweep.values(threads=2), NEURON.model(**{**NEURON, "K_out": column.astype(np.float64)})
    )


def test_a_long_double_beyond_doubles_is_a_bad_row():
    column = np.array(["1e400", "5"], np.longdouble)
    if not np.isfinite(column[0]):
        pytest.skip("long double is double here")

    sweep = fr.table(NEURON, {"K_out": column})

    assert sweep.status().tolist() == [fr.Status.NOT_FINITE, 0]


class Frame:
    """A data frame of another library: columns by name, which convert to NumPy."""

    class Column:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype)

    def __init__(self, columns):
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, name):
        return self.Column(self._columns[name])


class Arrow(Frame):
    """A table like pyarrow's, whose `columns` are not names."""

    def __init__(self, columns):
        super().__init__(columns)
        self.column_names = list(columns)
        self.columns = [self[name] for name in columns]


FRAMES = {
    "dict of lists": dict,
    "dict of arrays": lambda c: {n: np.array(v) for n, v in c.items()},
    "pandas": pd.DataFrame,
    "pandas nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas with an index": lambda c: pd.DataFrame(c, index=["c", "a", "b"]),
    "pandas of objects to numbers": lambda c: pd.DataFrame(c).astype("Float32"),
    "records": lambda c: pd.DataFrame(c).to_records(index=False),
    "structured": lambda c: np.array(
        list(zip(*c.values())), [(n, np.array(v).dtype) for n, v in c.items()]
    ),
    "xarray": lambda c: xr.Dataset({n: ("row", v) for n, v in c.items()}),
    "like polars": Frame,
    "like pyarrow": Arrow,
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_any_mapping_or_data_frame_is_a_table(make):
    columns = {"K_out": [3, 5, 8], "P_Na": [0.25, 0.125, 0.5]}

    sweep = fr.table(NEURON, make(columns))

    assert_same_bits(sweep.values(), NEURON.model(**{**NEURON, **columns}))


def test_a_series_of_text_columns_keeps_its_order_of_rows():
    frame = pd.DataFrame({"K_out": [3.0, 5.0, 8.0], "id": list("abc")}).sort_values(
        "K_out", ascending=False
    )

    sweep = fr.table(NEURON, frame, keep="id")

    assert sweep.to_dataframe()["id"].tolist() == ["c", "b", "a"]
    assert sweep.values()[0] == NEURON.replace(K_out=8.0).potential()


def test_missing_values_of_a_data_frame_are_bad_rows():
    frame = pd.DataFrame(
        {"K_out": pd.array([3, None, 5], dtype="Int64"), "Na_out": [145.0, 145.0, math.nan]}
    )

    sweep = fr.table(NEURON, frame)

    assert sweep.status().tolist() == [0, fr.Status.NOT_FINITE, fr.Status.NOT_FINITE]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_masked_elements_are_bad_rows(dtype):
    column = np.ma.array([3, 4, 5], mask=[0, 1, 0], dtype=dtype)

    sweep = fr.table(NEURON, {"K_out": column})

    assert sweep.status().tolist() == [0, fr.Status.NOT_FINITE, 0]
    assert math.isnan(sweep.values()[1])


def test_the_coordinates_of_a_dataset_are_columns_too():
    dataset = xr.Dataset(
        {"P_Na": ("cell", [0.01, 0.04])}, coords={"K_out": ("cell", [3.0, 8.0]), "celsius": 20.0}
    )

    sweep = fr.table(NEURON, dataset)

    expected = {"P_Na": [0.01, 0.04], "K_out": [3.0, 8.0], "celsius": 20.0}
    assert_same_bits(sweep.values(), NEURON.model(**{**NEURON, **expected}))


@pytest.mark.parametrize("scalar", [20, 20.0, np.float32(20), np.array(20.0)], ids=repr)
def test_a_number_as_column_is_broadcast(scalar):
    sweep = fr.table(NEURON, {"celsius": scalar, "K_out": [3.0, 5.0]})

    assert_same_bits(
        sweep.values(), fr.table(NEURON.replace(celsius=20), {"K_out": [3, 5]}).values()
    )
    assert sweep.parameters([0, 1])["celsius"].tolist() == [20.0, 20.0]


def test_a_table_shows_its_inputs_as_they_are():
    K_out = np.array([3.0, 5.0])
    before = K_out.copy()

    fr.table(NEURON, {"K_out": K_out}).values()

    np.testing.assert_array_equal(K_out, before)
    assert K_out.flags.writeable


def test_columns_may_be_renamed():
    sweep = fr.table(NEURON, {"[K]o": [3.0, 5.0], "K_in": [140, 130]}, rename={"[K]o": "K_out"})

    assert sweep == fr.table(NEURON, {"K_out": [3.0, 5.0], "K_in": [140, 130]})


def test_columns_may_exchange_their_names():
    exchanged = fr.table(
        NEURON, {"K_out": [140.0], "K_in": [5.0]}, rename={"K_out": "K_in", "K_in": "K_out"}
    )

    assert exchanged.values()[0] == NEURON.potential()


def test_kept_columns_are_carried_along():
    sweep = fr.table(NEURON, {"K_out": [3.0, 5.0], "cell_id": ["a", "b"]}, keep=["cell_id"])

    assert sweep.to_dataframe()["cell_id"].tolist() == ["a", "b"]
    assert sweep.to_xarray().cell_id.values.tolist() == ["a", "b"]
    assert sweep.to_xarray().cell_id.dims == ("row",)


def test_a_kept_column_is_never_mistaken_for_an_input():
    # a kept parameter would be exported beside a V that was computed without it
    with pytest.raises(ValueError, match="K_out"):
        fr.table(NEURON, {"K_out": [3.0, 8.0], "P_Na": [0.04, 0.1]}, keep=["K_out"])


def test_a_renamed_column_that_is_kept_is_refused_or_used():
    columns = {"[K]o": [3.0, 8.0], "P_Na": [0.04, 0.1]}
    used = fr.table(NEURON, columns, rename={"[K]o": "K_out"}).values()

    try:
        sweep = fr.table(NEURON, columns, rename={"[K]o": "K_out"}, keep=["[K]o"])
    except ValueError as error:
        assert "[K]o" in str(error)  # noqa: PT017
        return

    np.testing.assert_array_equal(sweep.values(), used)


@pytest.mark.parametrize("name", ["V", "status"])
def test_a_kept_column_called_like_a_result_is_refused_or_kept_apart(name):
    try:
        sweep = fr.table(NEURON, {"K_out": [3.0, 8.0], name: [1.0, 2.0]}, keep=[name])
    except ValueError as error:
        assert name in str(error)  # noqa: PT017
        return

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()

    np.testing.assert_array_equal(frame[name], getattr(sweep, "values" if name == "V" else name)())
    assert any(frame[column].tolist() == [1.0, 2.0] for column in frame)
    assert any(dataset[column].values.tolist() == [1.0, 2.0] for column in dataset.variables)


@pytest.mark.parametrize("name", ["V", "status"])
@pytest.mark.parametrize("labels", [None, ["a", "b"]], ids=["bare", "labelled"])
def test_an_axis_called_like_a_result_is_refused_when_the_sweep_is_made(name, labels):
    with pytest.raises(ValueError, match=name):
        fr.grid(NEURON, fr.axis(name, K_out=[3.0, 8.0], labels=labels))
