"""Potentials of a cell, and the effect of its pump."""

import math

import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]
HEART = fr.cells["cardiac ventricular myocyte"]


def test_potential_and_nernst_of_the_mammalian_neuron():
    nernst = {ion: round(E, 2) for ion, E in NEURON.nernst().items()}

    assert round(NEURON.potential(), 2) == -69.81
    assert nernst == {"K": -89.06, "Na": 60.63, "Cl": -73.62}
    assert all(type(E) is float for E in NEURON.nernst().values())
    assert type(NEURON.potential()) is float


@pytest.mark.parametrize("cell", [*fr.cells.values(), NEURON.to_chord(), NEURON.passive("Cl")])
def test_engines_agree_on_the_potential_of_a_cell(cell):
    V = cell.potential()

    assert cell.potential(engine="python") == pytest.approx(V, rel=0, abs=1e-12)
    for isa in fr.info()["supported"]:
        assert cell.potential(engine=isa) == V


def test_an_unknown_engine_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"engine must be one of 'python', .*'base', got 'numpy'"):
        NEURON.potential(engine="numpy")


def test_a_cell_with_ions_on_one_side_only_has_an_infinite_potential():
    assert NEURON.replace(K_out=0, Na_out=0, Cl_in=0).potential() == -math.inf
    assert NEURON.replace(K_in=0, Na_in=0, Cl_out=0).potential() == math.inf
    assert NEURON.replace(K_out=0).nernst()["K"] == -math.inf


def test_the_pump_effect_equals_mullins_and_noda_below_its_ceiling():
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=1, P_Na=0.04, K_out=4.5, K_in=140, Na_out=145, Na_in=15,
                   celsius=37)  # fmt: skip

    effect, ceiling = cell.pump_effect(ratio=1.5)

    assert effect == pytest.approx(-75.3756 + 69.8575, rel=0, abs=1.0001e-4)
    assert round(ceiling, 2) == 10.84
    assert cell.pump_effect() == (effect, ceiling)
    assert cell.pump_effect().effect == effect
    assert cell.pump_effect().ceiling == ceiling


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.5, 2.0, 1e6])
def test_the_pump_effect_never_exceeds_its_ceiling(ratio):
    for cell in (NEURON, MUSCLE, HEART):
        effect, ceiling = cell.pump_effect(ratio=ratio)
        assert abs(effect) <= ceiling + 1e-12


def test_the_pump_effect_does_not_depend_on_the_pump_of_the_cell():
    assert NEURON.replace(pump_ratio=1.5).pump_effect() == NEURON.pump_effect()


def test_the_pump_effect_refuses_bad_cells_and_ratios():
    for cell in (NEURON.to_chord(), NEURON.passive("K")):
        with pytest.raises(ValueError, match="pump_effect needs a GHK model with permeant K"):
            cell.pump_effect()
    for ratio in (0, -1.5):
        with pytest.raises(ValueError, match=f"^ratio must be > 0, got {ratio}"):
            NEURON.pump_effect(ratio=ratio)
    for ratio in (math.inf, math.nan):
        with pytest.raises(ValueError, match=f"^ratio must be finite, got {ratio}"):
            NEURON.pump_effect(ratio=ratio)
    for ratio in ("1.5", None):
        with pytest.raises(TypeError, match=f"^ratio must be a number, got {ratio!r}"):
            NEURON.pump_effect(ratio=ratio)
