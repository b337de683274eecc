"""Cells made from other cells: replaced values, passive ions, chord conductances."""

import math

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]


def test_replace_gives_another_cell_and_keeps_this_one():
    other = NEURON.replace(K_out=8.0, name="other", threshold=-50)

    assert (other["K_out"], other.name, other.threshold) == (8.0, "other", -50.0)
    assert (other["K_in"], other.source) == (140.0, NEURON.source)
    assert NEURON["K_out"] == 5.0
    assert round(other.potential(), 2) == -64.61


@pytest.mark.parametrize("factor", [2, 0.5, np.float64(3.0), np.array(0.1), 0])
def test_replace_takes_multiples_of_the_present_value(factor):
    assert NEURON.replace(P_Na=fr.times(factor))["P_Na"] == float(factor) * 0.04


def test_replace_refuses_multiples_of_several_numbers():
    with pytest.raises(TypeError, match=r"^K_out must be a number, got "):
        NEURON.replace(K_out=fr.times([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"^the factors of fr.times must be a number, got 'x'"):
        fr.times("x")
    with pytest.raises(ValueError, match=r"^K_out must be >= 0 mM, got -10.0"):
        NEURON.replace(K_out=fr.times(-2))


def test_replace_names_an_unknown_parameter():
    with pytest.raises(ValueError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON.replace(Kout=8.0)
    with pytest.raises(ValueError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON.replace(Kout=fr.times(2))


@pytest.mark.parametrize("field", ["name", "source", "species", "basis", "remark"])
def test_replace_takes_only_text_for_descriptive_fields(field):
    with pytest.raises(TypeError, match=f"^{field} must be text, got 5$"):
        NEURON.replace(**{field: 5})
    with pytest.raises(TypeError, match=f"^{field} must be text, got b'x'$"):
        fr.Cell(NEURON.model, **NEURON, **{field: b"x"})


def test_a_passive_ion_has_the_resting_potential_as_its_nernst_potential():
    cell = NEURON.passive("Cl")

    assert cell.model == fr.GHK("K", "Na", "Cl", passive="Cl")
    assert cell.nernst()["Cl"] == cell.potential() != NEURON.potential()
    assert "P_Cl" not in cell
    assert "Cl_in" not in cell
    assert cell.name == NEURON.name


def test_the_inside_concentration_of_a_passive_ion_follows_from_the_potential():
    c_out, c_in = MUSCLE.concentrations()["Cl"]

    assert c_out == 116.0
    E = fr.nernst(-1, c_out=c_out, c_in=c_in, celsius=MUSCLE["celsius"])
    assert pytest.approx(MUSCLE.potential(), rel=0, abs=1e-12) == E
    assert MUSCLE.concentrations()["K"] == (4.5, 155.0)


def test_passive_chloride_lets_potassium_move_the_muscle_cell_twice_as_far():
    # EQUATIONS: doubling K_out moves V by about 15 mV, 7 mV if Cl_in were held with P_Cl/P_K = 2
    doubled = MUSCLE.replace(K_out=fr.times(2))
    fixed = fr.Cell(
        fr.GHK("K", "Na", "Cl"), **MUSCLE, P_Cl=2.0, Cl_in=MUSCLE.concentrations()["Cl"][1]
    )

    assert round(doubled.potential() - MUSCLE.potential()) == 15
    assert round(fixed.replace(K_out=9.0).potential() - fixed.potential()) == 7


def test_passive_is_idempotent_and_cumulative():
    both = NEURON.passive("Cl").passive("Na")

    assert both == NEURON.passive("Na", "Cl")
    assert both.passive("Cl") == both
    assert both.potential() == pytest.approx(both.nernst()["K"], rel=0, abs=1e-12)
    with pytest.raises(ValueError, match="unknown passive ion 'Ca': "):
        NEURON.passive("Ca")


def test_a_cell_without_permeant_ions_has_no_potential():
    cell = NEURON.passive("K", "Na", "Cl")

    assert math.isnan(cell.potential())
    assert math.isnan(cell.concentrations()["K"][1])


def test_to_chord_gives_the_conductances_at_rest():
    chord = NEURON.to_chord()

    assert chord.model == fr.Chord("K", "Na", "Cl")
    assert [round(chord[f"g_{ion}"], 3) for ion in ("K", "Na", "Cl")] == [1.0, 0.161, 0.462]
    assert chord.name == NEURON.name


@pytest.mark.parametrize(
    "cell",
    [
        *fr.cells.values(),
        NEURON.replace(celsius=20),
        NEURON.replace(P_K=0.0),
        NEURON.replace(K_out=140.0, Na_in=145.0),
        fr.Cell(
            fr.GHK("K", "Na", "Ca"),
            **{"P_K": 1, "P_Na": 0.04, "P_Ca": 1, "K_out": 5, "Na_out": 145, "Ca_out": 2},
            **{"K_in": 140, "Na_in": 15, "Ca_in": 1e-4, "celsius": 37},
        ),
    ],
)
def test_to_chord_keeps_the_resting_potential(cell):
    assert cell.to_chord().potential() == pytest.approx(cell.potential(), rel=0, abs=1e-10)


def test_to_chord_works_at_a_potential_of_zero():
    # here the two ions are mirror images
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=1, P_Na=1, K_out=10, K_in=90, Na_out=90, Na_in=10,
                   celsius=20)  # fmt: skip

    chord = cell.to_chord()

    assert cell.potential() == 0
    assert chord["g_Na"] == pytest.approx(chord["g_K"], rel=1e-14, abs=0)


def test_to_chord_refuses_cells_without_a_chord_equivalent():
    with pytest.raises(ValueError, match=r"to_chord needs pump_ratio = 1, got 1\.5"):
        NEURON.replace(pump_ratio=1.5).to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs a GHK cell, got Chord\(K, Na, Cl\)"):
        NEURON.to_chord().to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs K on both sides, got 5\.0, 0\.0"):
        NEURON.replace(K_in=0).to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs a finite potential, got nan"):
        NEURON.replace(P_K=0, P_Na=0, P_Cl=0).to_chord()
