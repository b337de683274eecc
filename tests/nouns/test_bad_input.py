"""Bad input: one error that names parameter, value and rule, and no file is changed."""

import re

import numpy as np
import pandas as pd
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]


def table(**columns):
    return fr.table(NEURON, columns)


def grid(**axes):
    return fr.grid(NEURON, **axes)


NOT_NUMBERS = r"^(column 'K_out'|K_out|the factors of fr.times) must be numbers, got dtype "


def call(**values):
    return NEURON.model(**{**NEURON, **values})


#: Every way to give a value that is checked at once.
WAYS = {
    "call": call,
    "ghk": lambda **values: fr.ghk(**{**NEURON, **values}),
    "cell": lambda **values: fr.Cell(NEURON.model, **{**NEURON, **values}),
    "replace": NEURON.replace,
    "times": lambda **values: NEURON.replace(
        **{name: fr.times(value / NEURON[name]) for name, value in values.items()}
    ),
    "grid": lambda **values: grid(**{name: [NEURON[name], v] for name, v in values.items()}),
    "axis": lambda **values: fr.grid(
        NEURON, fr.axis("a", **{name: [v, NEURON[name]] for name, v in values.items()})
    ),
    "grid of times": lambda **values: grid(
        **{name: fr.times([1.0, v / NEURON[name]]) for name, v in values.items()}
    ),
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture(autouse=True)
def files(tmp_path):
    """A folder whose files must be unchanged after the test."""
    before = {"v.npy": b"values", "plot.png": b"picture", "rows.csv": b"K_out\n5\n"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    yield tmp_path
    for name, content in before.items():
        assert (tmp_path / name).read_bytes() == content


# ---- values outside their domain ----


@EVERY_WAY
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("K_out", -3.0, "must be >= 0 mM, got -3.0"),
        ("Cl_in", -0.5, "must be >= 0 mM, got -0.5"),
        ("P_K", -0.25, "must be >= 0, got -0.25"),
        ("pump_ratio", -1.5, "must be >= 0, got -1.5"),
        ("K_out", np.nan, "must be finite, got nan"),
        ("P_K", np.inf, "must be finite, got inf"),
        ("K_in", -np.inf, "must be finite, got -inf"),
        ("celsius", np.nan, "must be finite, got nan"),
        ("celsius", -74.0, "must be between -20 and 100 °C, got -74.0"),
        ("celsius", 111.0, "must be between -20 and 100 °C, got 111.0"),
    ],
)
def test_a_value_outside_its_domain_is_refused(way, name, value, rule):
    with pytest.raises(ValueError, match=f"^{name} {re.escape(rule)}( |$)"):
        way(**{name: value})


@EVERY_WAY
def test_kelvin_for_celsius_is_refused(way):
    with pytest.raises(ValueError, match=r"^celsius=296\.0 looks like kelvin: pass 22\.85( |$)"):
        way(celsius=296.0)


def test_an_axis_says_which_of_its_values_is_bad():
    with pytest.raises(ValueError, match=r"^K_out must be >= 0 mM, got -3\.0 \(value 2 of 4\)$"):
        grid(K_out=[1.0, 2.0, -3.0, -4.0])


def test_an_infinite_concentration_in_a_table_is_a_status_not_an_error():
    sweep = table(K_out=[5.0, np.inf, -1.0], celsius=[37.0, 37.0, 310.15])

    assert sweep.status().tolist() == [
        0,
        fr.Status.NOT_FINITE,
        fr.Status.NEGATIVE | fr.Status.TEMPERATURE,
    ]


# ---- unknown names ----


@pytest.mark.parametrize(
    "way",
    [
        call,
        NEURON.replace,
        lambda **values: fr.Cell(NEURON.model, **NEURON, **values),
        lambda **values: grid(**{name: [v] for name, v in values.items()}),
        lambda **values: fr.grid(NEURON, fr.axis("a", **{n: [v] for n, v in values.items()})),
        lambda **values: table(**{name: [v] for name, v in values.items()}),
        lambda **values: fr.table(NEURON, {"x": [5.0]}, rename=dict.fromkeys("x", *values)),
    ],
    ids=["call", "replace", "cell", "grid", "axis", "table", "rename"],
)
@pytest.mark.parametrize(("name", "near"), [("Kout", "K_out"), ("K_Out", "K_out"), ("g_K", "P_K")])
def test_an_unknown_parameter_is_refused(way, name, near):
    with pytest.raises(ValueError, match=rf"unknown parameter '{name}': did you mean .*{near}.*\?"):
        way(**{name: 5.0})


def test_an_unknown_column_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"column 'id' is not a parameter: .*rename=.*keep="):
        table(K_out=[5.0], id=["a"])
    with pytest.raises(ValueError, match=r"unknown column 'cell_id'"):
        fr.table(NEURON, {"K_out": [5.0]}, keep=["cell_id"])
    with pytest.raises(ValueError, match=r"unknown column '\[K\]o'"):
        fr.table(NEURON, {"K_out": [5.0]}, rename={"[K]o": "K_out"})
    with pytest.raises(ValueError, match=r"column 3 is not a parameter"):
        fr.table(NEURON, {3: [5.0]})


def test_two_columns_for_one_parameter_are_refused():
    with pytest.raises(ValueError, match="two columns have values of K_out"):
        fr.table(NEURON, {"K_out": [5.0], "[K]o": [5.0]}, rename={"[K]o": "K_out"})
    with pytest.raises(ValueError, match=r"K_out"):
        fr.table(NEURON, pd.DataFrame([[3.0, 5.0]], columns=["K_out", "K_out"]))


def test_one_parameter_on_two_axes_is_refused():
    with pytest.raises(ValueError, match=r"K_out is on two axes: ringer.* P"):
        fr.grid(NEURON, fr.axis("ringer", K_out=[3, 5]), fr.axis("P", K_out=[3, 5]))
    with pytest.raises(ValueError, match=r"each axis needs its own name, got K_out, K_out"):
        fr.grid(NEURON, fr.axis("K_out", K_out=[3, 5]), K_out=[3, 5])
    with pytest.raises(ValueError, match=r"axis 'K_out' is named after a parameter"):
        fr.grid(NEURON, fr.axis("K_out", Na_out=[3, 5]))


# ---- wrong lengths ----


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="column Na_out has 1 rows, K_out has 2"):
        table(K_out=[3.0, 5.0], Na_out=[145.0])
    with pytest.raises(ValueError, match="column id has 3 rows, K_out has 2"):
        fr.table(NEURON, {"K_out": [3.0, 5.0], "id": list("abc")}, keep=["id"])


def test_columns_of_more_than_one_dimension_are_refused():
    with pytest.raises(ValueError, match=r"column 'K_out' must be 1-D, got shape \(2, 1\)"):
        table(K_out=[[3.0], [5.0]])
    with pytest.raises(ValueError, match=r"column 'id' must be 1-D, got shape \(1, 1\)"):
        fr.table(NEURON, {"K_out": [3.0], "id": [["a"]]}, keep=["id"])


def test_axis_values_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"axis 'ringer': Na_out has 1 values, K_out has 2"):
        fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[145.0])
    with pytest.raises(ValueError, match=r"axis 'ringer': 3 labels for 2 values of K_out"):
        fr.axis("ringer", K_out=[3.0, 5.0], labels=[*"abc"])


def test_axis_values_of_two_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"K_out must be 1-D, got shape \(1, 2\)"):
        grid(K_out=[[3.0, 5.0]])
    with pytest.raises(ValueError, match=r"K_out must be a 1-D array.*cell\.replace\(K_out=5\.0\)"):
        grid(K_out=5.0)
    with pytest.raises(ValueError, match=r"K_out must be a 1-D array"):
        grid(K_out=fr.times(2.0))


@pytest.mark.parametrize(
    "way",
    [call, grid, table, lambda **values: fr.axis("a", **values)],
    ids=["call", "grid", "table", "axis"],
)
def test_rows_of_different_length_are_refused(way):
    with pytest.raises(ValueError, match="K_out"):
        way(K_out=[[3.0, 5.0], [8.0]])


def test_arguments_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"(?s)(K_out.*Na_out|Na_out.*K_out)"):
        call(K_out=[3.0, 5.0], Na_out=[145.0, 146.0, 147.0])


# ---- no points ----


def test_empty_axes_and_sweeps_of_no_points_are_refused():
    with pytest.raises(ValueError, match=r"axis 'K_out' is empty: K_out needs a value"):
        grid(K_out=[])
    with pytest.raises(ValueError, match=r"axis 'K_out' is empty: K_out needs a value"):
        grid(K_in=[130.0, 140.0], K_out=fr.times([]))
    with pytest.raises(ValueError, match=r"axis 'ringer' is empty"):
        fr.grid(NEURON, fr.axis("ringer", K_out=[], Na_out=[]))
    with pytest.raises(ValueError, match=r"a grid needs at least one axis"):
        fr.grid(NEURON)
    with pytest.raises(ValueError, match=r"axis 'ringer' needs at least one parameter"):
        fr.axis("ringer")
    with pytest.raises(ValueError, match=r"the table has no rows"):
        table(K_out=[])
    with pytest.raises(ValueError, match=r"a table needs at least one column"):
        table()
    with pytest.raises(ValueError, match=r"a table needs at least one column"):
        table(K_out=5.0)


def test_kernels_and_calls_of_no_points_return_empty_arrays():
    for shape in [(0,), (0, 3), (2, 0)]:
        V = call(K_out=np.empty(shape))
        assert (V.shape, V.dtype) == (shape, np.float64)
        assert fr.ufuncs.nernst(1, np.empty(shape), 140.0, 37.0).shape == shape
        assert fr.nernst(1, c_out=np.empty(shape), c_in=140.0, celsius=37.0).shape == shape
    assert call(K_out=[]).shape == (0,)


def test_more_points_than_can_be_counted_are_refused():
    values = np.linspace(1.0, 2.0, 2**16)
    axes = dict.fromkeys(("K_out", "K_in", "Na_out", "Na_in"), values)

    with pytest.raises(ValueError, match=r"fewer than 2\*\*63 points, got 65536 x 65536 x"):
        grid(**axes)


NO_NUMBERS = {
    "text": ["a", "b"],
    "digits": ["3", "5"],
    "complex": [1j, 2j],
    "truth": [True, False],
    "dates": np.array(["2020-01-01", "2020-01-02"], "M8[D]"),
    "durations": np.array([1, 2], "m8[s]"),
    "objects": [object(), object()],
    "nothing": [None, None],
    "records": np.zeros(2, [("a", "f8")]),
    "masked digits": np.ma.array(["3", "5"], mask=[0, 1]),
    "masked truth": np.ma.array([True, False], mask=[0, 1]),
    "masked objects": np.ma.array([3.0, 5.0], mask=[0, 1], dtype=object),
    "masked complex": np.ma.array([3j, 5j], mask=[0, 1]),
}

# ---- values of a bad type ----


@pytest.mark.parametrize(
    "way",
    [
        call,
        grid,
        table,
        lambda **values: fr.axis("a", **values),
        lambda **values: grid(**{name: fr.times(v) for name, v in values.items()}),
    ],
    ids=["call", "grid", "table", "axis", "times"],
)
@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_values_that_are_not_numbers_are_refused(way, values):
    with pytest.raises(TypeError, match=NOT_NUMBERS):
        way(K_out=values)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", "b"]),
        pd.Series(["3", "5"]),
        pd.Series(["3", "5"], dtype=object),
        pd.Series(["3", None], dtype="string"),
        pd.Series([True, False]),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])),
        pd.Series(["a", "b"], dtype="category"),
    ],
    ids=lambda column: f"{column.dtype} {column.iloc[0]}",
)
def test_columns_of_a_data_frame_that_are_not_numbers_are_refused(column):
    with pytest.raises(TypeError, match=r"^column 'K_out' must be numbers, got dtype "):
        fr.table(NEURON, pd.DataFrame({"K_out": column}))


@pytest.mark.parametrize("data", [5.0, [5.0, 3.0], np.zeros((2, 3)), None, "rows.csv"], ids=repr)
def test_a_bad_table_is_refused(data):
    with pytest.raises(TypeError, match=r"data must be a mapping or data frame of columns, got"):
        fr.table(NEURON, data)


@pytest.mark.parametrize("rename", ["K_out", ["K_out"], 3], ids=repr)
def test_a_bad_rename_is_refused(rename):
    with pytest.raises(TypeError, match=r"^rename must be a mapping"):
        fr.table(NEURON, {"K_out": [5.0]}, rename=rename)


@pytest.mark.parametrize("cell", ["mammalian neuron", NEURON.model, dict(NEURON), None], ids=str)
def test_a_bad_cell_is_refused(cell):
    with pytest.raises(TypeError, match=r"^cell must be a fr\.Cell, .*got "):
        fr.grid(cell, K_out=[5.0])
    with pytest.raises(TypeError, match=r"^cell must be a fr\.Cell, .*got "):
        fr.table(cell, {"K_out": [5.0]})


@pytest.mark.parametrize("axis", ["K_out", {"K_out": [5.0]}, [3.0, 5.0], fr.times([1, 2])], ids=str)
def test_a_bad_axis_is_refused(axis):
    with pytest.raises(TypeError, match=r"axes are made by fr\.axis, got "):
        fr.grid(NEURON, axis)


@pytest.mark.parametrize("name", ["", None, 3], ids=repr)
def test_a_bad_axis_name_is_refused(name):
    with pytest.raises(TypeError, match=r"^an axis needs a name, got "):
        fr.axis(name, K_out=[3.0, 5.0])


@pytest.mark.parametrize("labels", [3, True], ids=repr)
def test_bad_axis_labels_are_refused(labels):
    with pytest.raises(TypeError, match=r"labels"):
        fr.axis("a", K_out=[3.0, 5.0], labels=labels)


# ---- results that cannot be written ----


@pytest.mark.parametrize("dtype", ["float16", "int64", ">f8", "complex128", "U4"])
def test_a_bad_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match=r"^dtype must be float64 or float32, got "):
        grid(K_out=[3.0, 5.0]).values(dtype=dtype)


def test_a_name_that_is_not_a_dtype_is_refused():
    with pytest.raises((TypeError, ValueError), match="single"):
        grid(K_out=[3.0, 5.0]).values(dtype="single precision")


def test_an_out_file_of_another_shape_is_not_changed(files):
    path = files / "other.npy"
    np.save(path, np.arange(6.0))
    before = path.read_bytes()
    out = np.load(path, mmap_mode="r+")

    with pytest.raises(ValueError, match=r"^out must have shape \(2,\), got \(6,\)"):
        grid(K_out=[3.0, 5.0]).values(out=out)

    out.flush()
    assert path.read_bytes() == before


def test_an_out_file_opened_for_reading_is_not_changed(files):
    path = files / "other.npy"
    np.save(path, np.arange(2.0))
    before = path.read_bytes()

    with pytest.raises(ValueError, match=r"^out must be writeable, got a read-only array"):
        grid(K_out=[3.0, 5.0]).values(out=np.load(path, mmap_mode="r"))

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 0},
        {"max_memory": 0},
        {"max_memory": 1},
        {"progress": 3},
        {"engine": "numpy"},
        {"engine": 3},
        {"engine": ["base"]},
    ],
    ids=str,
)
def test_bad_options_leave_out_as_it_is(options):
    values = np.linspace(1, 50, 1000)
    out = np.full((1000, 1000), 7.0)

    with pytest.raises((ValueError, TypeError, MemoryError), match=next(iter(options))):
        grid(K_out=values, K_in=values).values(out=out, **options)

    assert np.all(out == 7.0)


def test_a_label_of_several_values_is_refused():
    with pytest.raises(TypeError, match="axis 'state': a label must be one value, got"):
        fr.axis("state", K_out=[3.0, 5.0], labels=[("a", 1), ("b", 2)])


def test_an_out_over_a_kept_column_is_refused():
    weights = np.arange(3.0)
    sweep = fr.table(
        fr.cells["glial cell"], {"K_out": [3.0, 5.0, 7.0], "weight": weights}, keep=["weight"]
    )
    with pytest.raises(ValueError, match="out must not share memory with weight"):
        sweep.values(out=weights)
    assert weights.tolist() == [0.0, 1.0, 2.0]
