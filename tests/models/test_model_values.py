"""Potentials of models against values computed in 40-digit arithmetic."""

import pytest

import fastrest as fr
from helpers.models import NEURON, V_NEURON, neuron


def test_ghk_of_the_neuron_equals_40_digit_arithmetic():
    assert neuron() == pytest.approx(V_NEURON, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("P_Ca", "V", "decimals"),
    [
        (0, -69.811924278622, 12),
        (0.01, -69.669563566, 9),
        (1, -58.690509624, 9),
        (10, -25.956623509, 9),
    ],
)
def test_ghk_with_calcium_equals_the_table_of_the_quadratic(P_Ca, V, decimals):
    model = fr.GHK("K", "Na", "Cl", "Ca")

    found = model(**NEURON, P_Ca=P_Ca, Ca_out=2.0, Ca_in=1e-4)

    assert found == pytest.approx(V, rel=0, abs=0.5000001 * 10.0**-decimals)


@pytest.mark.parametrize(
    ("P_Na", "ratio", "V"),
    [
        (0.01, 1, -84.4381),
        (0.01, 1.5, -86.6929),
        (0.04, 1, -69.8575),
        (0.04, 1.5, -75.3756),
        (0.1, 1, -53.6634),
        (0.1, 1.5, -61.4143),
    ],
)
def test_ghk_with_a_pump_equals_the_table_of_mullins_and_noda(P_Na, ratio, V):
    cell = {"K_out": 4.5, "K_in": 140, "Na_out": 145, "Na_in": 15, "celsius": 37}

    found = fr.GHK("K", "Na")(P_K=1, P_Na=P_Na, **cell, pump_ratio=ratio)

    assert found == pytest.approx(V, rel=0, abs=0.5001e-4)


def test_chord_is_the_mean_of_nernst_potentials_weighted_by_conductance():
    g = {"K": 10.0, "Na": 1.0, "Ca": 0.5}
    c_out = {"K": 5.0, "Na": 145.0, "Ca": 2.0}
    c_in = {"K": 140.0, "Na": 15.0, "Ca": 1e-4}
    E = {ion: fr.nernst(z, c_out=c_out[ion], c_in=c_in[ion], celsius=37)
         for ion, z in (("K", 1), ("Na", 1), ("Ca", 2))}  # fmt: skip

    V = fr.Chord(*g)(
        **{f"g_{ion}": v for ion, v in g.items()},
        **{f"{ion}_out": v for ion, v in c_out.items()},
        **{f"{ion}_in": v for ion, v in c_in.items()},
        celsius=37,
    )

    expected = sum(g[ion] * E[ion] for ion in g) / sum(g.values())
    assert pytest.approx(expected, rel=0, abs=1e-12) == V


def test_ghk_without_pump_ratio_has_no_pump():
    assert neuron() == neuron(pump_ratio=1.0)
    assert neuron() != neuron(pump_ratio=1.5)
