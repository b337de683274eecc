"""Gradients at zeros, at extreme units, and where there is no potential."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.gradients import MODELS, SO4, each_engine

NEURON = fr.cells["mammalian neuron"]

# ---- zeros ----


@each_engine
@pytest.mark.parametrize("ion", ["K", "Na", "Cl", "Ca", "SO4"])
def test_gradient_at_a_zero_permeability_equals_a_small_step(ion, engine):
    model = fr.GHK("K", "Na", "Cl", "Ca", SO4)
    cell = fr.Cell(
        model,
        **dict(NEURON),
        **{"P_Ca": 0.2, "Ca_out": 2.0, "Ca_in": 1e-4, "P_SO4": 0.1, "SO4_out": 1.0, "SO4_in": 0.5},
    )
    blocked = cell.replace(**{f"P_{ion}": 0.0})
    slopes = blocked.gradient(engine=engine)
    step = 1e-7
    effect = blocked.replace(**{f"P_{ion}": step}).potential() - blocked.potential()
    assert slopes[f"P_{ion}"] == pytest.approx(effect / step, rel=1e-4)
    for place in ("out", "in"):
        assert math.copysign(1, slopes[f"{ion}_{place}"]) == 1  # and no -0.0
        assert slopes[f"{ion}_{place}"] == 0


@each_engine
def test_gradient_at_a_zero_concentration_equals_a_small_step(engine):
    cell = NEURON.replace(Na_in=0.0, Cl_in=-0.0)
    slopes = cell.gradient(engine=engine)
    for name in ("Na_in", "Cl_in"):
        effect = cell.replace(**{name: 1e-6}).potential() - cell.potential()
        assert slopes[name] == pytest.approx(effect / 1e-6, rel=1e-4)


@each_engine
def test_gradient_at_a_pump_ratio_of_zero_equals_a_small_step(engine):
    cell = NEURON.replace(pump_ratio=0.0)
    slopes = cell.gradient(engine=engine)
    effect = cell.replace(pump_ratio=1e-6).potential() - cell.potential()
    assert slopes["pump_ratio"] == pytest.approx(effect / 1e-6, rel=1e-4)
    assert slopes["P_K"] == slopes["K_out"] == slopes["K_in"] == 0


@each_engine
def test_gradient_of_an_ion_without_conductance(engine):
    cell = NEURON.to_chord().replace(g_Na=0.0)

    def slopes(**changes):
        return cell.replace(**changes).gradient(engine=engine)

    E_Na = cell.nernst()["Na"]
    here = slopes()
    expected = (E_Na - cell.potential()) / (cell["g_K"] + cell["g_Cl"])
    assert here["g_Na"] == pytest.approx(expected, rel=1e-13)
    assert here["Na_out"] == here["Na_in"] == 0
    # the least conductance of an ion on one side only takes V there
    assert slopes(Na_in=0)["g_Na"] == math.inf
    assert slopes(Na_out=0)["g_Na"] == -math.inf
    assert math.isnan(slopes(Na_out=0, Na_in=0)["g_Na"])
    assert math.isnan(slopes(Na_in=5e-324)["g_Na"])
    assert slopes(Na_in=0)["Na_in"] == slopes(Na_in=0)["Na_out"] == 0
    assert slopes(Na_in=0)["K_out"] == here["K_out"]
    blocked = NEURON.to_chord().replace(g_Cl=0.0)
    assert blocked.replace(Cl_in=0).gradient(engine=engine)["g_Cl"] == -math.inf


# ---- units and extremes ----


@each_engine
@pytest.mark.parametrize("exponent", [-1000, -960, -500, 300, 500, 900])
def test_gradient_scales_with_the_unit_of_permeabilities(exponent, engine):
    unit = 2.0**exponent
    here = NEURON.gradient(engine=engine)
    P = {name: fr.times(unit) for name in NEURON if name.startswith("P_")}
    there = NEURON.replace(**P).gradient(engine=engine)
    for name, slope in here.items():
        expected = slope / unit if name in P else slope
        assert there[name] == pytest.approx(expected, rel=1e-13)


@each_engine
@pytest.mark.parametrize("name", ["three ions", "chord"])
def test_gradient_of_sums_near_the_ends_of_the_doubles(name, engine):
    model = MODELS[name]
    cell = fr.Cell(
        model, **{n: 1.0 + i / 7 for i, n in enumerate(model.parameters) if n != "celsius"},
        celsius=20,
    )  # fmt: skip
    here = cell.gradient(engine=engine)
    for P, c in ((1e-300, 1.0), (1.0, 1e-300), (1e-150, 1e-157), (1e150, 1e150), (1e300, 1e-250)):
        changes = {}
        for parameter in cell:
            weight = parameter.startswith(model.weight + "_")
            if parameter not in ("celsius", "pump_ratio"):
                changes[parameter] = P if weight else c
        there = cell.replace(**{n: fr.times(s) for n, s in changes.items()})
        for parameter, slope in there.gradient(engine=engine).items():
            expected = here[parameter] / changes.get(parameter, 1.0)
            assert slope == pytest.approx(expected, rel=1e-12), (P, c, parameter)


@each_engine
def test_gradient_with_any_unit_of_permeabilities_and_any_pump(engine):
    # P times pump_ratio, 2^-1060, has few bits left as a double; the terms are ordinary numbers
    model = fr.GHK("K", "Na")
    rest = {"Na_out": 145.0, "Na_in": 15.0, "celsius": 37.0}
    P = 1.0 + 2.0**-20
    plain = fr.Cell(model, P_K=P * 2.0**-60, P_Na=2.0**-60, K_out=5.0, K_in=140.0, **rest)
    tiny = plain.replace(
        P_K=P * 2.0**-530, pump_ratio=2.0**-530, K_out=5.0 * 2.0**1000, K_in=140.0 * 2.0**1000
    )
    scale = {"P_K": 2.0**-470, "pump_ratio": 2.0**-530, "K_out": 2.0**1000, "K_in": 2.0**1000}
    here, there = plain.gradient(engine=engine), tiny.gradient(engine=engine)
    for name, slope in here.items():
        assert there[name] == pytest.approx(slope / scale.get(name, 1.0), rel=1e-13)


# ---- points without a potential ----


@each_engine
def test_gradient_of_points_without_a_potential_is_nan(engine):
    columns = {
        "K_out": [5.0, -1.0, np.nan, 5.0, 5.0, 0.0],
        "celsius": [37.0, 37.0, 37.0, 310.15, 37.0, 37.0],
        "P_K": [1.0, 1.0, 1.0, 1.0, 0.0, 1.0],
    }
    cell = fr.Cell(fr.GHK("K"), P_K=1.0, K_out=5.0, K_in=140.0, celsius=37.0)
    sweep = fr.table(cell, columns)
    assert sweep.status().tolist() == [0, 2, 1, 4, 8, 16]
    for slopes in sweep.gradient(engine=engine).values():
        assert np.isfinite(slopes).tolist() == [True, *[False] * 5]
        assert np.isnan(slopes[1:]).all()
    assert all(math.isnan(s) for s in cell.replace(K_in=0).gradient(engine=engine).values())
    chord = fr.Cell(fr.Chord("K"), g_K=0.0, K_out=5.0, K_in=140.0, celsius=37.0)
    assert all(math.isnan(s) for s in chord.gradient(engine=engine).values())
