"""Random labelled tables: potentials of the plain arrays through every door, or a refusal by name.

A table is drawn with its plain arrays beside it: some columns are levels of an index, rows have
labels in any order, values are missing, and columns have units and dtypes of many libraries.
"""

import warnings

import numpy as np
import pandas as pd
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
#: Ranges of the drawn values: whole numbers, so that integers and float32 hold them.
RANGES = {"K_out": (2, 9), "Na_out": (120, 160), "Cl_in": (4, 20), "celsius": (10, 40)}
CELSIUS = "celsius"


def missing_as_nan(values, gaps):
    return np.where(gaps, np.nan, values)


# ---- columns: of plain values and gaps ----


def as_list(rng, name, values, gaps):
    return missing_as_nan(values, gaps).tolist()


def as_floats(rng, name, values, gaps):
    return missing_as_nan(values, gaps).astype(rng.choice(["f4", ">f8", "f8"]))


def as_integers(rng, name, values, gaps):
    gaps[:] = False
    return values.astype(rng.choice(["i1", "i2", "u8"]) if values.max() < 127 else "i4")


def as_masked(rng, name, values, gaps):
    return np.ma.MaskedArray(values.astype(rng.choice(["i4", "f8"])), gaps)


def as_strided(rng, name, values, gaps):
    return np.repeat(missing_as_nan(values, gaps), 2)[::2]


PLAIN = [as_list, as_floats, as_integers, as_masked, as_strided]


def as_nullable(rng, name, values, gaps):
    kind = rng.choice(["Int64", "Float64", "Float32"])
    return pd.arrays.IntegerArray(values.astype("i8"), gaps).astype(kind)


def as_pint(rng, name, values, gaps):
    pint = pytest.importorskip("pint")
    given = missing_as_nan(values, gaps)
    if name == CELSIUS:
        return pint.Quantity(given, "degC").to(rng.choice(["degC", "kelvin", "degF"]))
    return pint.Quantity(given, "mmol/L").to(rng.choice(["mol/L", "mmol/m**3", "micromolar"]))


def as_astropy(rng, name, values, gaps):
    u = pytest.importorskip("astropy.units")
    given = missing_as_nan(values, gaps)
    if name == CELSIUS:
        return (given + 273.15) * u.K if rng.random() < 0.5 else given * u.deg_C
    return (given * u.mmol / u.L).to([u.mol / u.L, u.mol / u.m**3][rng.integers(2)])


def as_quantities(rng, name, values, gaps):
    pq = pytest.importorskip("quantities")
    given = missing_as_nan(values, gaps)
    return given if name == CELSIUS else given / 1000 * pq.mol / pq.L


def as_polars(rng, name, values, gaps):
    pl = pytest.importorskip("polars")
    whole = [None if gap else int(x) for x, gap in zip(values, gaps)]
    return pl.Series(whole, dtype=[pl.Int16, pl.Float64][rng.integers(2)])


def as_arrow(rng, name, values, gaps):
    pa = pytest.importorskip("pyarrow")
    whole = pa.array([None if gap else int(x) for x, gap in zip(values, gaps)])
    return pa.chunked_array([whole[:1], whole[1:]]) if rng.random() < 0.5 else whole


ANY = [*PLAIN, as_nullable, as_pint, as_astropy, as_quantities, as_polars, as_arrow]


# ---- tables ----


def labels(rng, n):
    """Labels of rows, in any order."""
    found = [np.arange(10, 10 + n), np.array(list("abcdefgh")[:n]), np.arange(n) * 0.5]
    return pd.Index(rng.permutation(found[rng.integers(3)]))


def column_of_frame(rng, name, values, gaps):
    made = rng.choice([as_list, as_floats, as_integers, as_masked, as_nullable])
    found = made(rng, name, values, gaps)
    if isinstance(found, np.ma.MaskedArray):  # pandas refuses it, and foreign orders of bytes
        return missing_as_nan(values, gaps)
    return found.astype("f8") if getattr(found, "dtype", None) == ">f8" else found


def frame(rng, plain, gaps):
    """A frame of pandas; some columns are levels of its index."""
    found = pd.DataFrame({n: column_of_frame(rng, n, x, gaps[n]) for n, x in plain.items()})
    levels = [name for name in plain if rng.random() < 0.4 and not gaps[name].any()]
    if levels and len(levels) < len(plain):
        return found.set_index(levels)
    return found.set_axis(labels(rng, len(found)))


def frame_of_polars(rng, plain, gaps):
    pl = pytest.importorskip("polars")
    found = pl.DataFrame({name: as_polars(rng, name, x, gaps[name]) for name, x in plain.items()})
    return found.lazy() if rng.random() < 0.5 else found


def table_of_arrow(rng, plain, gaps):
    pa = pytest.importorskip("pyarrow")
    return pa.table({name: as_arrow(rng, name, x, gaps[name]) for name, x in plain.items()})


def dataset(rng, plain, gaps):
    """A Dataset of xarray; some parameters are coordinates."""
    xr = pytest.importorskip("xarray")
    found = xr.Dataset()
    for name, values in plain.items():
        unit = {CELSIUS: ["degC", "°C"]}.get(name, ["mM", "mmol/L", "mol m-3"])
        given = "row", missing_as_nan(values, gaps[name]), {"units": rng.choice(unit)}
        if rng.random() < 0.3 and len(found.data_vars):
            found = found.assign_coords({name: given})
        else:
            found[name] = given
    return found.assign_coords(row=labels(rng, len(values)))


def columns(rng, plain, gaps):
    """A dictionary of columns of any library."""
    return {name: rng.choice(ANY)(rng, name, values, gaps[name]) for name, values in plain.items()}


def series(rng, plain, gaps):
    """A dictionary of Series, whose rows are in another order each."""
    index = labels(rng, len(next(iter(plain.values()))))
    found = {n: pd.Series(missing_as_nan(x, gaps[n]), index) for n, x in plain.items()}
    first = next(iter(found))
    return {n: x if n == first else x.loc[rng.permutation(index)] for n, x in found.items()}


def data_arrays(rng, plain, gaps):
    """A dictionary of DataArrays, whose rows are in another order each."""
    xr = pytest.importorskip("xarray")
    return {
        n: xr.DataArray(x.to_numpy(), dims="row", coords={"row": x.index})
        for n, x in series(rng, plain, gaps).items()
    }


TABLES = [frame, frame_of_polars, table_of_arrow, dataset, columns, series, data_arrays]


def drawn(seed):
    """Return a random generator, plain values by parameter, and their gaps."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 7)
    names = rng.permutation(list(RANGES))[: rng.integers(2, 5)]
    plain = {str(name): rng.integers(*RANGES[name], n).astype(float) for name in names}
    return rng, plain, {name: rng.random(n) < 0.2 * (rng.random() < 0.5) for name in plain}


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seeds", [range(15), range(15, 30)], ids=["first", "second"])
def test_labelled_tables_have_the_potentials_of_the_plain_arrays(kind, seeds):
    for seed in seeds:
        rng, plain, gaps = drawn(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries that stop knowing a unit
            table = kind(rng, plain, gaps)
            sweep = fr.table(NEURON, table)
        values = {name: missing_as_nan(x, gaps[name]) for name, x in plain.items()}
        expected = fr.table(NEURON, values).values()
        np.testing.assert_allclose(sweep.values(), expected, rtol=0, atol=1e-11, err_msg=seed)
        if isinstance(table, pd.DataFrame):
            assert (sweep.to_dataframe().index == table.index).all() or not table.index.names[0]
            beside = table.assign(V=sweep.to_dataframe()["V"])["V"]
            np.testing.assert_allclose(beside, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", ANY, ids=lambda kind: kind.__name__)
def test_columns_have_the_potentials_of_plain_arrays_through_every_door(kind):
    for seed in range(8):
        rng, plain, gaps = drawn(100 + seed)
        name, values = next(iter(plain.items()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            column = kind(rng, name, values, gaps[name])
            number = missing_as_nan(values, gaps[name])
            doors = {
                "table": lambda x, name=name: fr.table(NEURON, {name: x}).values(),
                "model": lambda x, name=name: NEURON.model(**{**NEURON, name: x}),
                "grid": lambda x, name=name: fr.grid(NEURON, **{name: x}).values(),
                "axis": lambda x, name=name: fr.grid(NEURON, fr.axis("a", **{name: x})).values(),
            }
            for door, through in doors.items():
                if door in ("grid", "axis") and np.isnan(number).any():
                    continue
                expected = through(number)
                np.testing.assert_allclose(
                    np.ma.filled(through(column), np.nan), expected, rtol=0, atol=1e-11
                )


# ---- refusals ----


def partial(x):
    return pd.Series([*x.tolist()[:-1], 7.0], index=["a", "b", "z"])


REFUSED = {
    "another index": lambda: {"Na_out": series_of([140, 141, 142]), "K_out": partial(LOW)},
    "part of an index": lambda: {"Na_out": series_of([140, 141, 142]), "K_out": series_of(LOW)[:2]},
    "repeated labels": lambda: {
        "Na_out": series_of([140, 141, 142]),
        "K_out": pd.Series(LOW, index=["a", "a", "b"]),
    },
    "truth values": lambda: {"K_out": np.array([True, False, True])},
    "text": lambda: pd.DataFrame({"K_out": ["3", "5", "8"]}),
    "objects": lambda: pd.DataFrame({"K_out": pd.Series(["3", 5, 8], dtype=object)}),
    "dates": lambda: {"K_out": pd.date_range("2020-01-01", periods=3)},
    "categories": lambda: pd.DataFrame({"K_out": pd.Categorical(["a", "b", "c"])}),
    "a matrix": lambda: {"K_out": np.ones((3, 2))},
    "column and level": lambda: pd.DataFrame({"K_out": LOW}, index=pd.Index(LOW, name="K_out")),
    "two columns": lambda: pd.DataFrame([[3.0, 8.0]], columns=["K_out", "K_out"]),
    "mV of pint": lambda: {"K_out": pytest.importorskip("pint").Quantity(LOW, "mV")},
    "grams of pint": lambda: {"K_out": pytest.importorskip("pint").Quantity(LOW, "g/L")},
    "mV of astropy": lambda: {"K_out": LOW * pytest.importorskip("astropy.units").mV},
    "mV of quantities": lambda: {"K_out": LOW * pytest.importorskip("quantities").mV},
    "M in xarray": lambda: dataset_in("M"),
    "kelvin in xarray": lambda: dataset_in("K"),
}
LOW = np.array([3.0, 5.0, 8.0])


def series_of(values):
    return pd.Series(values, index=["a", "b", "c"], dtype=float)


def dataset_in(unit):
    xr = pytest.importorskip("xarray")
    return xr.Dataset({"K_out": ("row", LOW, {"units": unit})})


@pytest.mark.parametrize("table", REFUSED.values(), ids=REFUSED)
def test_tables_that_cannot_be_meant_are_refused_by_the_name_of_the_column(table):
    with pytest.raises((ValueError, TypeError), match="K_out"):
        fr.table(NEURON, table()).values()


# ---- what results keep ----


def test_answers_stand_beside_the_rows_of_a_filtered_frame():
    data = pd.DataFrame({"K_out": [3.0, 5.0, 8.0]}, index=[10, 20, 30]).query("K_out != 5")
    data["V"] = fr.table(NEURON, data).to_dataframe()["V"]
    assert data["V"].tolist() == [NEURON.replace(K_out=x).potential() for x in (3, 8)]
    coordinate = fr.table(NEURON, data[["K_out"]]).to_xarray()["index"]
    assert coordinate.values.tolist() == [10, 30]


def test_kept_integers_keep_their_digits_beside_gaps():
    ids = pd.array([10**17 + 1, None], dtype="Int64")
    data = pd.DataFrame({"K_out": [3.0, 8.0], "id": ids})
    found = fr.table(NEURON, data, keep=["id"]).to_dataframe()["id"]
    assert found[0] == 10**17 + 1
    assert found.isna().tolist() == [False, True]


@pytest.mark.parametrize("column", [as_polars, as_arrow], ids=["polars", "arrow"])
def test_results_are_read_by_arrow(column):
    pa = pytest.importorskip("pyarrow")
    given = column(np.random.default_rng(1), "K_out", LOW, np.zeros(3, bool))
    sweep = fr.table(NEURON, {"K_out": given})
    found = pa.table(sweep)
    assert found.column_names == ["K_out", "V", "status"]
    assert found["V"].to_pylist() == sweep.values().tolist()


def test_results_of_labelled_calls_are_called_what_they_are():
    xr = pytest.importorskip("xarray")
    given = xr.DataArray(LOW, dims="t", coords={"t": [1, 2, 3]}, attrs={"units": "mM"}, name="K")
    found = NEURON.model(**{**NEURON, "K_out": given})
    assert (found.name, found.attrs["units"]) == ("V", "mV")
    assert found.t.values.tolist() == [1, 2, 3]
    found = fr.nernst(1, c_out=pd.Series(LOW, name="K_out"), c_in=140, celsius=37)
    assert found.name == "E"


def test_permeabilities_have_one_unit_or_none():
    pint = pytest.importorskip("pint")
    given = {f"P_{ion}": NEURON[f"P_{ion}"] * np.ones(2) for ion in ("K", "Na", "Cl")}
    speeds = {name: pint.Quantity(x * 1e-6, "cm/s") for name, x in given.items()}
    speeds["P_Na"] = speeds["P_Na"].to("m/s")
    expected = fr.table(NEURON, given).values()
    np.testing.assert_allclose(fr.table(NEURON, speeds).values(), expected, atol=1e-11)
    for some in ({**speeds, "P_Na": given["P_Na"]}, {"P_Na": speeds["P_Na"]}):
        with pytest.raises(ValueError, match="P_"):
            fr.table(NEURON, some)


def test_an_array_of_a_sweep_is_refused_with_a_hint():
    with pytest.raises(TypeError, match=r"values\(\)"):
        np.asarray(fr.table(NEURON, {"K_out": LOW}))


def matrix_of_xarray(values, names, dim):
    """A matrix with the names of the inputs along a dimension, the last but for "input"."""
    xr = pytest.importorskip("xarray")
    dims = ("input", "point") if dim == 0 else ("point", "input")
    return xr.DataArray(values, dims=dims, coords={"input": names})


@pytest.mark.parametrize(
    "matrix",
    [
        lambda values, names: pd.DataFrame(values, columns=names),
        lambda values, names: matrix_of_xarray(values, names, 1),
        lambda values, names: matrix_of_xarray(values, names, 1).transpose("point", "input"),
    ],
    ids=["pandas", "xarray", "transposed"],
)
def test_evaluate_takes_labelled_inputs_in_any_order_as_plain_ones(matrix):
    space = fr.space(NEURON, K_out=fr.uniform(3, 8), celsius=fr.uniform(20, 37))
    expected = space.evaluate([[3.0, 30.0], [8.0, 20.0]]).tolist()
    swapped = [[30.0, 3.0], [20.0, 8.0]]
    assert space.evaluate(matrix(swapped, ["celsius", "K_out"])).tolist() == expected
    with pytest.raises(ValueError, match="columns of X must be K_out, celsius"):
        space.evaluate(matrix(swapped, ["celsius", "Na_out"]))
    of_columns = matrix_of_xarray(np.transpose(swapped), ["celsius", "K_out"], 0)
    assert space.scipy_func(of_columns).tolist() == expected


def test_a_matrix_with_a_unit_is_converted_or_refused():
    pint = pytest.importorskip("pint")
    baths = fr.space(NEURON, K_out=fr.uniform(3, 8), Na_out=fr.uniform(140, 150))
    mixed = fr.space(NEURON, K_out=fr.uniform(3, 8), celsius=fr.uniform(20, 37))
    expected = baths.evaluate([[3.0, 145.0]])
    found = baths.evaluate(pint.Quantity([[0.003, 0.145]], "mol/L"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    for space, unit in ((baths, "mV"), (mixed, "mmol/L")):
        with pytest.raises(ValueError, match="columns of X must be"):
            space.evaluate(pint.Quantity([[3.0, 145.0]], unit))


def test_distributions_refuse_quantities_by_the_name_of_the_argument():
    pint = pytest.importorskip("pint")
    with pytest.raises(TypeError, match="uniform: low must be a number, got <Quantity"):
        fr.uniform(pint.Quantity(3, "mmol/L"), 8)
