"""The functions `nernst` and `ghk`."""

import math
import re

import numpy as np
import pytest
import xarray as xr

import fastrest as fr
from helpers.models import NEURON, neuron

PHI_37 = 26.7266591125  # RT/F in mV, to 10 decimals


@pytest.mark.parametrize("z", [-3, -2, -1, 1, 2, 3])
def test_nernst_is_phi_over_z_times_the_log_of_the_ratio(z):
    E = fr.nernst(z, c_out=5.0, c_in=140.0, celsius=37.0)

    assert pytest.approx(PHI_37 / z * math.log(5 / 140), rel=0, abs=2e-10) == E


@pytest.mark.parametrize("z", [1, 1.0, np.int8(1), np.float32(1)])
def test_nernst_takes_any_whole_number_as_valence(z):
    assert round(float(fr.nernst(z, c_out=5, c_in=140, celsius=37)), 2) == -89.06


def test_nernst_broadcasts_and_keeps_labels():
    c_out = [2.5, 5.0]

    E = fr.nernst(1, c_out=c_out, c_in=140.0, celsius=[[20.0], [37.0]])
    labelled = fr.nernst(1, c_out=xr.DataArray(c_out, dims="k"), c_in=140.0, celsius=37.0)

    assert E.shape == (2, 2)
    assert labelled.dims == ("k",)
    np.testing.assert_array_equal(labelled, E[1])


def test_nernst_of_equal_concentrations_is_exactly_zero():
    c = np.array([1e-6, 0.1, 7.0, 150.0])

    assert np.all(fr.nernst(1, c_out=c, c_in=c, celsius=37) == 0)


def test_nernst_of_one_empty_side_is_infinite_and_of_two_nan():
    E = fr.nernst(-1, c_out=[0.0, 7.0, 0.0], c_in=[7.0, 0.0, 0.0], celsius=37)

    np.testing.assert_array_equal(E, [np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("z", [0, 1.5, math.nan, math.inf], ids=str)
def test_nernst_refuses_a_fractional_or_zero_valence(z):
    with pytest.raises(ValueError, match=r"^z must be an integer other than 0, got "):
        fr.nernst(z, c_out=5, c_in=140, celsius=37)


@pytest.mark.parametrize("z", ["K", None, True, [1, 2]], ids=repr)
def test_nernst_refuses_a_valence_that_is_not_a_number(z):
    with pytest.raises(TypeError, match=r"^z must be a number, got "):
        fr.nernst(z, c_out=5, c_in=140, celsius=37)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"c_out": -3.0}, "c_out must be >= 0 mM, got -3.0"),
        ({"c_in": math.nan}, "c_in must be finite, got nan"),
        ({"celsius": 310.15}, "celsius=310.15 looks like kelvin: pass 37.0"),
    ],
)
def test_nernst_names_parameter_value_and_rule(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fr.nernst(1, **{"c_out": 5.0, "c_in": 140.0, "celsius": 37.0, **changes})


def test_the_ghk_function_is_the_model_of_potassium_sodium_and_chloride():
    K_out = np.linspace(0.0, 50.0, 1001)

    V = fr.ghk(**{**NEURON, "K_out": K_out}, pump_ratio=1.5)

    np.testing.assert_array_equal(V, neuron(K_out=K_out, pump_ratio=1.5))
    assert fr.ghk(**NEURON) == neuron()


def test_the_ghk_function_is_keyword_only_and_checks_its_arguments():
    with pytest.raises(TypeError):
        fr.ghk(*NEURON.values())
    with pytest.raises(TypeError, match="celsius"):
        fr.ghk(**{n: v for n, v in NEURON.items() if n != "celsius"})
    with pytest.raises(TypeError, match="Ca_out"):
        fr.ghk(**NEURON, Ca_out=2.0)
    with pytest.raises(ValueError, match=r"^K_out must be >= 0 mM, got -3\.0$"):
        fr.ghk(**{**NEURON, "K_out": -3.0})
