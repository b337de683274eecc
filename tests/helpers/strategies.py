"""Hypothesis strategies that make cells."""

import pytest
from hypothesis import strategies as st

import fastrest as fr

SO4 = fr.Ion("SO4", -2)
Li = fr.Ion("Li", 1)
ions_of_charge_1 = ["K", "Na", "Cl", "HCO3", Li]
ions_of_any_charge = [*ions_of_charge_1, "Ca", "Mg", SO4]
#: At most 600 mV between two Nernst potentials, so that V stays within the promised accuracy.
concentrations = st.floats(1e-6, 1e3)
permeabilities = st.floats(1e-6, 1e3)
temperatures = st.floats(-20, 100)
pump_ratios = st.floats(0.1, 10)


@st.composite
def cells(draw, kind=fr.GHK, ions=ions_of_any_charge, pump=pump_ratios, least=1):
    """A cell of some ions, all on both sides and permeant."""
    chosen = draw(st.lists(st.sampled_from(ions), min_size=least, max_size=5, unique=True))
    model = kind(*chosen)
    values = {}
    for name in model.parameters:
        strategy = permeabilities if name.startswith(model.weight + "_") else concentrations
        strategy = {"celsius": temperatures, "pump_ratio": pump}.get(name, strategy)
        values[name] = draw(strategy)
    return fr.Cell(model, **values)


no_pump = st.just(1.0)
monovalent_cells = cells(ions=ions_of_charge_1, pump=no_pump)
ghk_cells = cells(pump=no_pump)
pumped_cells = cells()
chord_cells = cells(kind=fr.Chord)
FAMILIES = {
    "monovalent": monovalent_cells,
    "divalent": ghk_cells,
    "pumped": pumped_cells,
    "chord": chord_cells,
}


def each_family(*names):
    return pytest.mark.parametrize("family", names or FAMILIES)


def weights(cell):
    return {n: v for n, v in cell.items() if n.startswith(cell.model.weight + "_")}


def amounts(cell):
    return {n: v for n, v in cell.items() if n.endswith(("_out", "_in"))}
