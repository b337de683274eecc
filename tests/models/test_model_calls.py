"""Calling a model: arguments that broadcast, and results that keep labels."""

import fractions
import math

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr
from helpers.models import MODELS, neuron, values_for


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_model_call_of_scalars_returns_a_scalar(model):
    V = model(**values_for(model))

    assert isinstance(V, float)
    assert math.isfinite(V)


@pytest.mark.parametrize(
    "five",
    [
        5,
        5.0,
        np.float32(5),
        np.float64(5),
        np.int8(5),
        np.uint64(5),
        np.longdouble(5),
        np.array(5.0),
        fractions.Fraction(5),
    ],
    ids=lambda five: type(five).__name__,
)
def test_a_model_call_takes_any_real_number(five):
    V = neuron(K_out=five)

    assert isinstance(V, float)
    assert neuron(K_out=5.0) == V


@pytest.mark.parametrize(
    "shapes",
    [
        [(3,), ()],
        [(3,), (2, 1)],
        [(4, 1, 1), (1, 3, 1), (1, 1, 2)],
        [(1,), (1, 1)],
        [(0,), ()],
        [(0, 3), (3,)],
        [(2, 0), (1,)],
    ],
    ids=str,
)
def test_model_arguments_broadcast_as_in_numpy(shapes):
    names = ["K_out", "P_Na", "celsius"][: len(shapes)]
    arrays = {
        name: np.linspace(1, 2, math.prod(shape)).reshape(shape)
        for name, shape in zip(names, shapes, strict=True)
    }

    V = neuron(**arrays)

    assert V.shape == np.broadcast_shapes(*shapes)
    assert V.dtype == np.float64
    for place in np.ndindex(V.shape):
        at = {n: np.broadcast_to(a, V.shape)[place] for n, a in arrays.items()}
        assert V[place] == neuron(**at)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_model_parameters_all_broadcast(model):
    values = values_for(model)
    for name in model.parameters:
        V = model(**{**values, name: np.array([[values[name]], [values[name] + 1]])})

        assert V.shape == (2, 1)
        assert V[0, 0] == model(**values)


@pytest.mark.parametrize(
    "like",
    [
        list,
        tuple,
        np.array,
        lambda v: np.array(v, ">f8"),
        lambda v: np.array(v, "f2"),
        lambda v: np.array(v, "u1"),
        lambda v: np.array(v, np.longdouble),
        lambda v: range(3, 6),
        lambda v: np.array([v, v]).T[:, 0],
    ],
    ids=["list", "tuple", "f8", ">f8", "f2", "u1", "longdouble", "range", "strided"],
)
def test_a_model_call_takes_sequences_of_any_real_numbers(like):
    V = neuron(K_out=like([3, 4, 5]))

    np.testing.assert_array_equal(V, [neuron(K_out=c) for c in (3.0, 4.0, 5.0)])


@pytest.mark.parametrize("dtype", [float, int, np.float32])
def test_masked_model_arguments_give_nan(dtype):
    K_out = np.ma.array([3, 4, 5], mask=[0, 1, 0], dtype=dtype)

    V = neuron(K_out=K_out)

    np.testing.assert_array_equal(V, [neuron(K_out=3.0), np.nan, neuron(K_out=5.0)])


@pytest.mark.parametrize("bad", [-3.0, math.nan, math.inf, -math.inf])
def test_a_bad_model_argument_gives_nan_and_spoils_no_other(bad):
    V = neuron(K_out=np.array([3.0, bad, 5.0]))

    np.testing.assert_array_equal(V, [neuron(K_out=3.0), np.nan, neuron(K_out=5.0)])


def test_a_temperature_in_kelvin_among_model_arguments_gives_nan():
    V = neuron(celsius=np.array([37.0, 310.15]))

    np.testing.assert_array_equal(V, [neuron(), np.nan])


def test_a_model_call_with_ions_on_one_side_gives_infinity():
    model = fr.GHK("K")

    V = model(P_K=1.0, K_out=[0.0, 5.0, 0.0], K_in=[140.0, 0.0, 0.0], celsius=37)

    np.testing.assert_array_equal(V, [-np.inf, np.inf, np.nan])


def test_a_model_call_keeps_the_index_of_a_series():
    K_out = pd.Series([3.0, 5.0], index=["a", "b"], name="K_out")

    V = neuron(K_out=K_out)

    assert isinstance(V, pd.Series)
    assert list(V.index) == ["a", "b"]
    np.testing.assert_array_equal(V, neuron(K_out=[3.0, 5.0]))


def test_a_model_call_broadcasts_data_arrays_by_dimension_name():
    K_out = xr.DataArray([3.0, 5.0], dims="k", coords={"k": ["low", "high"]})
    P_Na = xr.DataArray([0.01, 0.04, 0.1], dims="na")

    V = neuron(K_out=K_out, P_Na=P_Na)

    assert isinstance(V, xr.DataArray)
    assert V.sizes == {"k": 2, "na": 3}
    assert list(V.k.values) == ["low", "high"]
    V = V.transpose("k", "na")
    np.testing.assert_array_equal(V, neuron(K_out=[[3.0], [5.0]], P_Na=[0.01, 0.04, 0.1]))


def test_a_model_call_keeps_dask_arrays_lazy_and_chunked():
    K_out = dask.array.from_array(np.linspace(1, 9, 10), chunks=4)

    V = neuron(K_out=K_out)

    assert isinstance(V, dask.array.Array)
    assert V.chunks == ((4, 4, 2),)
    np.testing.assert_array_equal(V.compute(), neuron(K_out=np.linspace(1, 9, 10)))


def test_model_arguments_are_not_changed():
    K_out = np.ma.array([3.0, 5.0], mask=[0, 1])

    neuron(K_out=K_out)

    assert K_out.data.tolist() == [3.0, 5.0]
    assert K_out.mask.tolist() == [False, True]
