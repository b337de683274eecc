"""A histogram names the quantity that it counts."""

import pytest

import fastrest as fr
from helpers.notation import E_K

CELL = fr.cells["mammalian neuron"]
GRID = fr.grid(CELL, K_out=[2.5, 4.5, 6.5])


@pytest.mark.parametrize(
    ("of", "label", "lines"),
    [
        ("V", "membrane potential (mV)", 2),
        ("E_K", E_K, 0),
        (fr.between(-80, -60), "−80 ≤ V ≤ −60 mV", 0),
        (fr.above(-60, of="E_K"), r"$E_\mathrm{K}$ > −60 mV", 0),
        (fr.below(-60) | fr.above(5), "below(-60) | above(5)", 0),
    ],
)
def test_a_histogram_names_its_quantity_and_marks_potentials_of_V_alone(of, label, lines, ax):
    GRID.histogram(range=(-120, 2), of=of).plot(ax, CELL)
    assert ax.get_xlabel() == label
    assert len(ax.lines) == lines


def test_a_population_histogram_names_the_output_that_was_counted(ax):
    pop = fr.space(CELL, K_out=fr.uniform(3, 6)).population(1000, rng=1, of="E_K")
    pop.histogram(range=(-140, -60)).plot(ax)
    assert ax.get_xlabel() == E_K
