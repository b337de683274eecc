"""The ufuncs: real NumPy ufuncs in all that NumPy, xarray and Dask do with ufuncs."""

import math
import pickle

import dask
import dask.array
import dask.delayed
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr
from fastrest._core import _kernels
from helpers.processes import python

NEURON = fr.cells["mammalian neuron"]
SCALARS = [NEURON[name] for name in NEURON]
OTHER_MODELS = [
    fr.GHK("K"),
    fr.GHK("K", "Ca"),
    fr.GHK("K", "Cl", passive="Cl"),
    fr.GHK("Na", fr.Ion("SO4", -2)),
    fr.Chord("K", "Na", "Cl"),
    fr.GHK(*(fr.Ion(f"X{i}", (-2, -1, 1, 2)[i % 4]) for i in range(12))),
]
UFUNCS = {
    "nernst": (fr.ufuncs.nernst, [2.0, 2.0, 1e-4, 37.0], _kernels.Equation("nernst")),
    "ghk": (fr.ufuncs.ghk, SCALARS, fr.GHK("K", "Na", "Cl").outputs["V"].equation),
    "calcium": (
        fr.GHK("K", "Ca").ufunc,
        [1.0, 0.5, 5.0, 2.0, 140.0, 1e-4, 37.0, 1.5],
        fr.GHK("K", "Ca").outputs["V"].equation,
    ),
    "chord": (
        fr.Chord("K", "Na").ufunc,
        [1.0, 0.5, 5.0, 145.0, 140.0, 15.0, 37.0],
        fr.Chord("K", "Na").outputs["V"].equation,
    ),
}
EVERY_UFUNC = pytest.mark.parametrize(("ufunc", "scalars", "equation"), UFUNCS.values(), ids=UFUNCS)
#: Around the kernels' chunks and NumPy's buffers.
SIZES = [0, 1, 3, 7, 8, 9, 255, 256, 257, 8191, 8192, 8193, 65537]


def columns(scalars, n, seed=3):
    """Arrays around the scalars; the first of nernst is its valence."""
    rng = np.random.default_rng(seed)
    found = [value * rng.uniform(0.5, 2.0, n) for value in scalars]
    place = len(scalars) - 1 - (len(scalars) in (8, 11))
    found[place] = rng.uniform(0.0, 40.0, n)
    if len(scalars) == 4:
        found[0] = rng.choice([-2.0, -1.0, 1.0, 2.0, 3.0], n)
    return found


def by_the_kernels(equation, arrays):
    out = np.empty(arrays[0].size)
    equation.points([np.require(a, np.float64, "A") for a in arrays], 0, out.size, out)
    return out


# ---- what they are ----


def test_they_are_numpy_ufuncs_of_the_documented_arguments():
    assert isinstance(fr.ufuncs.nernst, np.ufunc)
    assert isinstance(fr.ufuncs.ghk, np.ufunc)
    assert (fr.ufuncs.nernst.nin, fr.ufuncs.nernst.nout) == (4, 1)
    assert (fr.ufuncs.ghk.nin, fr.ufuncs.ghk.nout) == (11, 1)
    assert fr.ufuncs.ghk.__name__ == "ghk"
    for argument in ("permeability", "celsius", "pump_ratio", "mV", "+1, +1, -1"):
        assert argument in fr.ufuncs.ghk.__doc__
    assert fr.ufuncs.ghk is fr.GHK("K", "Na", "Cl").ufunc


def test_models_of_like_valences_share_a_ufunc_that_names_no_ion():
    calcium, magnesium = fr.GHK("Na", "Ca"), fr.GHK("Na", "Mg")

    assert calcium.ufunc is magnesium.ufunc
    assert "+1, +2" in calcium.ufunc.__doc__
    assert "Ca" not in calcium.ufunc.__doc__


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "ghk_9",
        "ghk_300",
        "ghk_1_pumpx",
        "ghk_1_pump7",
        "ghk_",
        "chord",
        "_",
        "__path__",
        "log_num_1",
        "nernst_1",
        "ghk_" + "_".join(["1"] * 13),
        "ghk_m",
        "ghk_1_1_m1_pump0",
    ],
)
def test_a_name_that_is_no_ufunc_is_an_attribute_error(name):
    assert not hasattr(fr.ufuncs, name)


# ---- values ----


@EVERY_UFUNC
@pytest.mark.parametrize("n", SIZES)
def test_a_ufunc_has_the_bits_of_the_kernels(ufunc, scalars, equation, n):
    arrays = columns(scalars, n)

    V = ufunc(*arrays)

    assert V.dtype == np.float64
    np.testing.assert_array_equal(V.view(np.int64), by_the_kernels(equation, arrays).view(np.int64))


@EVERY_UFUNC
def test_a_scalar_gives_a_scalar_with_the_bits_of_the_array(ufunc, scalars, equation):
    arrays = columns(scalars, 100)

    V = [ufunc(*(float(a[i]) for a in arrays)) for i in range(100)]

    assert all(isinstance(v, np.float64) for v in V)
    np.testing.assert_array_equal(V, ufunc(*arrays))


def test_the_numbers_of_the_neuron():
    assert round(float(fr.ufuncs.ghk(*SCALARS)), 2) == -69.81
    assert round(float(fr.ufuncs.nernst(1, 5, 140, 37)), 2) == -89.06


@EVERY_UFUNC
def test_broadcasting_is_that_of_numpy(ufunc, scalars, equation):
    arrays = [a.reshape(4, 1, 5) for a in columns(scalars, 20)]
    arrays[1] = arrays[1][:, :, :1] * np.ones((3, 1))
    arrays[2] = 2.0

    V = ufunc(*arrays)

    full = [np.broadcast_to(a, (4, 3, 5)).ravel() for a in arrays]
    np.testing.assert_array_equal(V, by_the_kernels(equation, full).reshape(4, 3, 5))


@EVERY_UFUNC
@pytest.mark.parametrize(
    "layout",
    [
        lambda a: np.repeat(a, 2)[::2],
        lambda a: a[::-1],
        lambda a: np.stack([a] * 3, axis=1)[:, 1],
        lambda a: a.astype(">f8"),
        lambda a: np.concatenate([np.zeros(1), a]).view(np.uint8)[8:].view("f8"),
        lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view("f8"),
    ],
    ids=["strided", "reversed", "column", "big-endian", "offset", "unaligned and read-only"],
)
def test_layout_does_not_change_bits(ufunc, scalars, equation, layout):
    arrays = [layout(a) for a in columns(scalars, 9001)]

    V = ufunc(*arrays)

    np.testing.assert_array_equal(V, by_the_kernels(equation, arrays))


@EVERY_UFUNC
def test_dimensions_in_any_order_of_memory_do_not_change_bits(ufunc, scalars, equation):
    arrays = [a.reshape(30, 40, 7) for a in columns(scalars, 8400)]
    expected = ufunc(*arrays)

    fortran = ufunc(*(np.asfortranarray(a) for a in arrays))
    mixed = ufunc(*(np.asfortranarray(a) if i % 2 else a for i, a in enumerate(arrays)))
    sliced = ufunc(*(a[::2, ::-3, 1::2] for a in arrays))

    np.testing.assert_array_equal(fortran, expected)
    np.testing.assert_array_equal(mixed, expected)
    np.testing.assert_array_equal(sliced, expected[::2, ::-3, 1::2])


# ---- out and where ----


@EVERY_UFUNC
@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", np.longdouble])
@pytest.mark.parametrize(
    "part", [slice(None), slice(None, None, 2), slice(None, None, -1)], ids=str
)
def test_out_takes_the_values(ufunc, scalars, equation, dtype, part):
    arrays = columns(scalars, 9000)
    memory = np.full(9000, 7, dtype)
    out = memory[part]
    arrays = [a[: out.size] for a in arrays]

    returned = ufunc(*arrays, out=out)

    assert returned is out
    np.testing.assert_array_equal(out, by_the_kernels(equation, arrays).astype(dtype))
    assert (memory == 7).sum() == 9000 - out.size


@EVERY_UFUNC
def test_out_may_be_an_input(ufunc, scalars, equation):
    expected = ufunc(*columns(scalars, 9001))

    for place in range(len(scalars)):
        arrays = columns(scalars, 9001)
        ufunc(*arrays, out=arrays[place])
        np.testing.assert_array_equal(arrays[place], expected)


@EVERY_UFUNC
@pytest.mark.parametrize(
    ("read", "write"),
    [
        (slice(0, -1), slice(1, None)),
        (slice(1, None), slice(0, -1)),
        (slice(None), slice(None, None, -1)),
        (slice(0, 4500), slice(0, 9000, 2)),
    ],
    ids=["one on", "one back", "reversed", "spread"],
)
def test_out_may_overlap_an_input_in_any_way(ufunc, scalars, equation, read, write):
    arrays = columns(scalars, 9001)
    memory = arrays[2]
    n = memory[read].size
    inputs = [a[:n] for a in arrays]
    inputs[2] = memory[read]
    expected = by_the_kernels(equation, [a.copy() for a in inputs])

    ufunc(*inputs, out=memory[write])

    np.testing.assert_array_equal(memory[write], expected)


@EVERY_UFUNC
def test_where_computes_only_where_it_is_true(ufunc, scalars, equation):
    arrays = columns(scalars, 9001)
    where = np.random.default_rng(1).random(9001) < 0.5
    out = np.full(9001, 7.0)

    ufunc(*arrays, out=out, where=where)

    np.testing.assert_array_equal(out, np.where(where, by_the_kernels(equation, arrays), 7.0))


def test_a_result_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shape|dimension|broadcast"):
        fr.ufuncs.nernst(1, np.ones(3), 1.0, 37.0, out=np.empty(2))
    with pytest.raises(TypeError, match="cast"):
        fr.ufuncs.nernst(1, np.ones(3), 1.0, 37.0, out=np.empty(3, int))


# ---- dtypes ----


@EVERY_UFUNC
@pytest.mark.parametrize("dtype", ["f4", "f2", "i1", "i8", "u1", "u8", ">i4", ">f4"])
@pytest.mark.parametrize("n", [1, 100, 8192, 8193, 20_000])
def test_other_real_dtypes_are_cast_to_float64_first(ufunc, scalars, equation, dtype, n):
    arrays = columns(scalars, n)
    arrays[1] = (np.arange(n) % 100 + 1).astype(dtype)
    arrays[2] = (np.arange(n) % 77 + 1).astype(dtype)

    V = ufunc(*arrays)

    assert V.dtype == np.float64
    np.testing.assert_array_equal(V, by_the_kernels(equation, arrays))


@pytest.mark.parametrize("value", [1j, "5", None, np.array(["5"]), np.array([1 + 0j])], ids=repr)
def test_what_is_no_real_number_is_a_type_error(value):
    with pytest.raises(TypeError, match="nernst"):
        fr.ufuncs.nernst(1, value, 140.0, 37.0)


@pytest.mark.parametrize("call", [lambda: fr.ufuncs.ghk(1.0), lambda: fr.ufuncs.nernst()])
def test_too_few_arguments_are_a_type_error(call):
    with pytest.raises(TypeError):
        call()


# ---- no stray warnings ----

BAD = [math.nan, -math.nan, math.inf, -math.inf, -1.0, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e308]


@EVERY_UFUNC
@pytest.mark.parametrize("n", [1, 7, 9, 300])
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_input_raises_no_floating_point_warning(ufunc, scalars, equation, bad, n):
    with np.errstate(all="raise"):
        for place in range(len(scalars)):
            arrays = columns(scalars, n)
            arrays[place][n // 2] = bad
            ufunc(*arrays)
            ufunc(*(float(a[n // 2]) for a in arrays))
        ufunc(*(np.full(n, bad) for _ in scalars))


@EVERY_UFUNC
def test_signalling_nan_raises_no_floating_point_warning(ufunc, scalars, equation):
    signalling = np.array([0x7FF0000000000001] * 20, np.uint64).view(np.float64)

    with np.errstate(all="raise"):
        for place in range(len(scalars)):
            arrays = columns(scalars, 20)
            arrays[place] = signalling
            assert np.isnan(ufunc(*arrays)).all()


def test_calling_a_model_and_computing_a_sweep_raise_no_floating_point_warning():
    K_out = np.array([*BAD, 5.0])

    with np.errstate(all="raise"):
        fr.GHK("K", "Na", "Cl")(**{**NEURON, "K_out": K_out, "celsius": K_out})
        fr.nernst(1, c_out=K_out, c_in=K_out[::-1], celsius=37)
        sweep = fr.table(NEURON, {"K_out": K_out, "celsius": K_out})
        sweep.values()
        sweep.status()
        fr.grid(NEURON, K_out=[0.0, 1e-320, 1e300], K_in=[0.0, 1e-320, 1e300]).values()
        fr.cells["mammalian neuron"].replace(K_out=0, Na_out=0, Cl_in=0).nernst()


def test_warnings_of_numpy_itself_stay():
    fr.ufuncs.nernst(1, BAD, 140.0, 37.0)

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.divide(1.0, np.zeros(3))


# ---- pickling ----


@pytest.mark.parametrize(
    "ufunc",
    [fr.ufuncs.nernst, fr.ufuncs.ghk, *(model.ufunc for model in OTHER_MODELS)],
    ids=lambda ufunc: ufunc.__name__,
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_ufunc_pickles(ufunc, protocol):
    assert pickle.loads(pickle.dumps(ufunc, protocol)) is ufunc


@EVERY_UFUNC
def test_a_pickled_ufunc_works_in_a_fresh_process(ufunc, scalars, equation):
    # one that has imported nothing: pickle must find its way
    code = f"import pickle; print(repr(float(pickle.loads({pickle.dumps(ufunc)!r})(*{scalars!r}))))"

    ran = python(code)

    assert ran.stderr == ""
    assert float(ran.stdout) == ufunc(*scalars)


# ---- xarray, Dask, pandas ----


@pytest.fixture
def labelled():
    K_out = xr.DataArray(
        [3.0, 5.0, 8.0],
        dims="bath",
        coords={"bath": ["low", "normal", "high"], "mM": ("bath", [3, 5, 8])},
        name="K_out",
    )
    P_Na = xr.DataArray([0.01, 0.04], dims="cell", coords={"cell": [7, 9]})
    arguments = list(SCALARS)
    arguments[3], arguments[1] = K_out, P_Na
    return arguments


def test_data_arrays_stay_data_arrays_and_broadcast_by_name(labelled):
    V = fr.ufuncs.ghk(*labelled)

    assert isinstance(V, xr.DataArray)
    assert V.sizes == {"bath": 3, "cell": 2}
    assert float(V.sel(bath="normal", cell=9)) == fr.ufuncs.ghk(*SCALARS)
    assert V.mM.dims == ("bath",)


def test_datasets_stay_datasets():
    dataset = xr.Dataset({"a": ("x", [3.0, 5.0]), "b": ("x", [5.0, 8.0])})

    E = fr.ufuncs.nernst(1, dataset, 140.0, 37.0)

    assert isinstance(E, xr.Dataset)
    np.testing.assert_array_equal(E.a, fr.ufuncs.nernst(1, [3.0, 5.0], 140.0, 37.0))


def never():
    raise AssertionError("computed too early")


def test_dask_arrays_stay_lazy():
    lazy = dask.array.from_delayed(dask.delayed(never)(), (4,), np.float64)

    E = fr.ufuncs.nernst(1, lazy, 140.0, 37.0)

    assert isinstance(E, dask.array.Array)
    assert (E.shape, E.dtype) == ((4,), np.float64)
    with pytest.raises(AssertionError, match="computed too early"):
        E.compute(scheduler="synchronous")


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_dask_arrays_are_computed_by_chunks(scheduler):
    arrays = columns(SCALARS, 1000)
    chunked = [dask.array.from_array(a, chunks=300) for a in arrays]

    V = fr.ufuncs.ghk(*chunked)

    assert V.chunks == ((300, 300, 300, 100),)
    np.testing.assert_array_equal(V.compute(scheduler=scheduler), fr.ufuncs.ghk(*arrays))


def test_data_arrays_of_dask_arrays_stay_so(labelled):
    expected = fr.ufuncs.ghk(*labelled)
    labelled[3] = labelled[3].chunk(bath=1)

    V = fr.ufuncs.ghk(*labelled)

    assert isinstance(V.data, dask.array.Array)
    xr.testing.assert_identical(V.compute(), expected)


def test_apply_ufunc_of_xarray_takes_them(labelled):
    expected = fr.ufuncs.ghk(*labelled)

    V = xr.apply_ufunc(
        fr.ufuncs.ghk, *labelled, dask="parallelized", output_dtypes=[float], keep_attrs=True
    )

    np.testing.assert_array_equal(V, expected)


def test_series_stay_series_and_align_by_index():
    out = pd.Series([3.0, 5.0], index=["a", "b"])
    into = pd.Series([130.0, 140.0], index=["b", "a"])

    E = fr.ufuncs.nernst(1, out, into, 37.0)

    assert isinstance(E, pd.Series)
    assert E["a"] == fr.ufuncs.nernst(1, 3.0, 140.0, 37.0)
    assert E["b"] == fr.ufuncs.nernst(1, 5.0, 130.0, 37.0)


def test_masked_arrays_keep_their_mask():
    E = fr.ufuncs.nernst(1, np.ma.array([3.0, 5.0], mask=[True, False]), 140.0, 37.0)

    assert isinstance(E, np.ma.MaskedArray)
    assert E[1] == fr.ufuncs.nernst(1, 5.0, 140.0, 37.0)
