"""Calling a model with bad arguments: the error names parameter, value and rule."""

import math
import re

import numpy as np
import pandas as pd
import pytest

import fastrest as fr
from helpers.models import K_NA_CL, neuron


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("K_out", -3.0, "K_out must be >= 0 mM, got -3.0"),
        ("K_out", -3, "K_out must be >= 0 mM, got -3.0"),
        ("K_out", np.float64(-3.0), "K_out must be >= 0 mM, got -3.0"),
        ("K_out", np.array(-3.0), "K_out must be >= 0 mM, got -3.0"),
        ("Cl_in", -0.5, "Cl_in must be >= 0 mM, got -0.5"),
        ("P_Na", -0.04, "P_Na must be >= 0, got -0.04"),
        ("pump_ratio", -1.5, "pump_ratio must be >= 0, got -1.5"),
        ("K_out", math.nan, "K_out must be finite, got nan"),
        ("K_out", math.inf, "K_out must be finite, got inf"),
        ("P_K", -math.inf, "P_K must be finite, got -inf"),
        ("celsius", math.nan, "celsius must be finite, got nan"),
        ("celsius", 310.15, "celsius=310.15 looks like kelvin: pass 37.0"),
        ("celsius", 293.15, "celsius=293.15 looks like kelvin: pass 20.0"),
        ("celsius", 310, "celsius=310.0 looks like kelvin: pass 36.85"),
        ("celsius", -30.0, "celsius must be between -20 and 100 °C, got -30.0"),
        ("celsius", 101.0, "celsius must be between -20 and 100 °C, got 101.0"),
        ("celsius", 1000.0, "celsius must be between -20 and 100 °C, got 1000.0"),
    ],
)
def test_a_scalar_outside_its_domain_is_named_with_value_and_rule(name, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        neuron(**{name: value})


@pytest.mark.parametrize(
    "value",
    [
        "5",
        None,
        True,
        np.True_,
        1j,
        np.complex64(1),
        {"a": 5.0},
        np.datetime64("2020"),
        object(),
        ["5"],
        [True],
        [1j],
        [None],
        np.array(["5"]),
        np.array([5.0], object),
        [[1.0, 2.0], [3.0]],
        np.array(["2020"], "M8[D]"),
        pd.Series(["five"]),
        pd.Series([True]),
        iter([5.0]),
    ],
    ids=lambda value: f"{type(value).__name__} {value!r}".split(" object at ")[0],
)
def test_a_value_that_is_not_a_number_is_refused_by_parameter_name(value):
    with pytest.raises((TypeError, ValueError), match=r"^K_out must be (a number|numbers)"):
        neuron(K_out=value)


def test_a_number_too_large_for_a_double_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^K_out must be finite, got "):
        neuron(K_out=10**400)


def test_an_unknown_parameter_is_named_with_similar_names():
    with pytest.raises(ValueError, match=r"unknown parameter 'Kout': did you mean K_out"):
        neuron(Kout=5.0)
    with pytest.raises(ValueError, match=r"unknown parameter 'g_K': did you mean P_K"):
        neuron(g_K=5.0)
    with pytest.raises(ValueError, match=r"unknown parameter 'pump_ratio'"):
        fr.GHK("Na")(P_Na=1, Na_out=1, Na_in=1, celsius=37, pump_ratio=1.5)


def test_missing_parameters_are_all_named():
    with pytest.raises(ValueError, match=r"^GHK\(K, Na\) needs P_Na, Na_in, celsius$"):
        fr.GHK("K", "Na")(P_K=1, K_out=5, K_in=140, Na_out=145)


def test_model_parameters_are_keyword_only():
    with pytest.raises(TypeError):
        K_NA_CL(1.0)
