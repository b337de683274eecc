"""Properties that the equations have for any numbers."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from helpers.profiles import examples
from helpers.strategies import (
    FAMILIES,
    SO4,
    Li,
    amounts,
    cells,
    chord_cells,
    concentrations,
    each_family,
    ghk_cells,
    ions_of_charge_1,
    permeabilities,
    pumped_cells,
    temperatures,
    weights,
)

TOLERANCE = 1e-12
properties = examples(80)


def swapped(cell):
    """Return the cell with inside and outside exchanged."""
    inside = {n.removesuffix("_out") + "_in": v for n, v in cell.items() if n.endswith("_out")}
    outside = {n.removesuffix("_in") + "_out": v for n, v in cell.items() if n.endswith("_in")}
    return cell.replace(**inside, **outside)


def mirrored(cell):
    """Return the cell with the sign of every valence changed."""
    assert cell.get("pump_ratio", 1.0) == 1.0
    model = type(cell.model)(*(fr.Ion(f"{ion.name}X", -ion.z) for ion in cell.model.ions))
    values = {}
    for name, value in cell.items():
        prefix, _, rest = name.partition("_")
        if name == "celsius":
            values[name] = value
        elif prefix == cell.model.weight:
            values[f"{name}X"] = value
        elif name != "pump_ratio":
            values[f"{prefix}X_{rest}"] = value
    return fr.Cell(model, **values)


# ---- scaling and symmetry ----


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), factor=st.floats(1e-9, 1e9))
def test_only_ratios_of_permeabilities_and_conductances_matter(family, data, factor):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * factor for n, v in weights(cell).items()})
    assert abs(scaled.potential() - cell.potential()) <= TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), exponent=st.integers(-60, 60))
def test_a_power_of_two_as_unit_does_not_change_bits_of_v(family, data, exponent):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * 2.0**exponent for n, v in weights(cell).items()})
    assert scaled.potential() == cell.potential()


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), factor=st.floats(1e-9, 1e9))
def test_only_ratios_of_concentrations_matter(family, data, factor):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * factor for n, v in amounts(cell).items()})
    assert abs(scaled.potential() - cell.potential()) <= TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_v_of_one_permeant_ion_is_its_nernst_potential(family, data):
    cell = data.draw(FAMILIES[family])
    nernst = cell.nernst()
    for ion in cell.model.ions:
        own = f"{cell.model.weight}_{ion.name}"
        alone = cell.replace(**{**dict.fromkeys(weights(cell), 0.0), own: cell[own]})
        assert abs(alone.potential() - nernst[ion.name]) <= TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_v_at_equal_concentrations_is_exactly_0(family, data):
    cell = data.draw(FAMILIES[family])
    equal = cell.replace(**{f"{i.name}_in": cell[f"{i.name}_out"] for i in cell.model.ions})
    assert equal.potential() == 0.0
    assert equal.potential(engine="python") == 0.0


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_swapping_inside_and_outside_flips_the_sign_of_v(family, data):
    cell = data.draw(FAMILIES[family])
    assert abs(swapped(cell).potential() + cell.potential()) <= TOLERANCE


@pytest.mark.property
@properties
@given(cell=cells(ions=ions_of_charge_1))
def test_swapping_inside_and_outside_flips_the_sign_of_v_exactly_without_divalents(cell):
    assert swapped(cell).potential() == -cell.potential()


@pytest.mark.property
@each_family("monovalent", "divalent", "chord")
@properties
@given(data=st.data())
def test_flipping_every_valence_flips_the_sign_of_v(family, data):
    cell = data.draw(FAMILIES[family])
    assert abs(mirrored(cell).potential() + cell.potential()) <= TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_v_lies_among_the_nernst_potentials(family, data):
    cell = data.draw(FAMILIES[family])
    nernst = cell.nernst().values()
    assert min(nernst) - TOLERANCE <= cell.potential() <= max(nernst) + TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), factor=st.floats(1.0, 100.0))
def test_v_moves_the_right_way_with_every_concentration(family, data, factor):
    cell = data.draw(FAMILIES[family])
    V = cell.potential()
    for ion in cell.model.ions:
        more_outside = cell.replace(**{f"{ion.name}_out": fr.times(factor)}).potential()
        more_inside = cell.replace(**{f"{ion.name}_in": fr.times(factor)}).potential()
        assert (more_outside - V) * ion.z >= -2 * TOLERANCE
        assert (more_inside - V) * ion.z <= 2 * TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), factor=st.floats(1.0, 100.0))
def test_more_of_a_permeability_moves_v_towards_its_nernst_potential(family, data, factor):
    cell = data.draw(FAMILIES[family])
    V = cell.potential()
    for ion, E in cell.nernst().items():
        moved = cell.replace(**{f"{cell.model.weight}_{ion}": fr.times(factor)}).potential()
        assert min(V, E) - TOLERANCE <= moved <= max(V, E) + TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), other=temperatures)
def test_v_is_proportional_to_the_absolute_temperature(family, data, other):
    cell = data.draw(FAMILIES[family])
    expected = cell.potential() * (other + 273.15) / (cell["celsius"] + 273.15)
    assert abs(cell.replace(celsius=other).potential() - expected) <= TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_the_order_of_ions_does_not_change_v(family, data):
    cell = data.draw(FAMILIES[family])
    ions = data.draw(st.permutations(cell.model.ions))
    assert abs(fr.Cell(type(cell.model)(*ions), **cell).potential() - cell.potential()) <= TOLERANCE


@pytest.mark.property
@each_family("monovalent", "divalent", "chord")
@properties
@given(data=st.data(), share=st.floats(0, 1))
def test_splitting_an_ion_in_two_does_not_change_v(family, data, share):
    cell = data.draw(FAMILIES[family])
    first = cell.model.ions[0]
    own = f"{cell.model.weight}_{first.name}"
    values = {n: v for n, v in cell.items() if n != "pump_ratio"}
    twin = {f"{own}2": (1 - share) * cell[own]}
    twin |= {f"{first.name}2_{p}": cell[f"{first.name}_{p}"] for p in ("out", "in")}
    model = type(cell.model)(*cell.model.ions, fr.Ion(f"{first.name}2", first.z))
    parted = fr.Cell(model, **values | {own: share * cell[own]} | twin)
    assert abs(parted.potential() - cell.potential()) <= TOLERANCE


# ---- the pump ----


@pytest.mark.property
@properties
@given(cell=cells(ions=["Na", "Cl", "Ca", SO4]), data=st.data(), ratio=st.floats(0.01, 100))
def test_the_pump_moves_v_no_further_than_its_ceiling(cell, data, ratio):
    values = {n: data.draw(concentrations) for n in ("K_out", "K_in")}
    cell = fr.Cell(fr.GHK(*cell.model.ions, "K"), **cell, **values, P_K=data.draw(permeabilities))
    effect, ceiling = cell.pump_effect(ratio=ratio)
    phi = 1000 * 8.31446261815324 / 96485.33212331001840 * (cell["celsius"] + 273.15)
    assert abs(ceiling - phi * abs(math.log(ratio))) <= TOLERANCE
    assert abs(effect) <= ceiling + TOLERANCE
    # a pump that moves more Na than K acts as more permeability of K
    towards = cell.nernst()["K"] - cell.replace(pump_ratio=1.0).potential()
    assert effect * towards * (ratio - 1) >= -TOLERANCE * abs(towards)


@pytest.mark.property
@properties
@given(cell=cells(least=2))
def test_a_boundless_pump_leaves_the_nernst_potential_of_potassium(cell):
    assume("pump_ratio" in cell)
    pumped = cell.replace(pump_ratio=1e100).potential()
    assert abs(pumped - cell.nernst()["K"]) <= TOLERANCE


@pytest.mark.property
@properties
@given(cell=pumped_cells)
def test_the_pump_is_a_factor_of_the_permeability_of_potassium(cell):
    assume("pump_ratio" in cell)
    without = cell.replace(pump_ratio=1.0, P_K=cell["P_K"] * cell["pump_ratio"])
    assert without.potential() == cell.potential()


# ---- passive ions ----


@pytest.mark.property
@each_family()
@properties
@given(data=st.data(), c_out=concentrations, added=st.sampled_from([Li, "Mg", SO4, "Br"]))
def test_a_passive_ion_does_not_change_v_and_is_at_equilibrium(family, data, c_out, added):
    cell = data.draw(FAMILIES[family])
    added = fr.Ion("Br", -1) if added == "Br" else added
    name = added if isinstance(added, str) else added.name
    assume(name not in [ion.name for ion in cell.model.ions])
    model = type(cell.model)(added, *cell.model.ions, passive=name)
    with_it = fr.Cell(model, **cell, **{f"{name}_out": c_out})
    assert abs(with_it.potential() - cell.potential()) <= TOLERANCE
    assert with_it.nernst()[name] == with_it.potential()
    z = next(ion.z for ion in model.ions if ion.name == name)
    outside, inside = with_it.concentrations()[name]
    E = fr.nernst(z, c_out=outside, c_in=inside, celsius=cell["celsius"])
    assert abs(E - with_it.potential()) <= 2 * TOLERANCE


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_a_passive_ion_equals_a_blocked_ion(family, data):
    cell = data.draw(FAMILIES[family].filter(lambda cell: len(cell.model.ions) > 1))
    ion = data.draw(st.sampled_from([i for i in cell.model.ions if i.name != cell.model.pump_ion]))
    blocked = cell.replace(**{f"{cell.model.weight}_{ion.name}": 0.0})
    # not to the bit: without its divalent ion a model is one ratio, no quadratic
    assert abs(cell.passive(ion.name).potential() - blocked.potential()) <= TOLERANCE


# ---- chord conductances ----


@pytest.mark.property
@properties
@given(cell=ghk_cells)
def test_chord_conductances_reproduce_the_potential(cell):
    chord = cell.to_chord()
    assert abs(chord.potential() - cell.potential()) <= TOLERANCE
    assert all(g > 0 for g in weights(chord).values())


@pytest.mark.property
@properties
@given(cell=chord_cells)
def test_chord_is_the_weighted_mean_of_the_nernst_potentials(cell):
    nernst, g = cell.nernst(), weights(cell)
    mean = math.fsum(g[f"g_{ion}"] * E for ion, E in nernst.items()) / math.fsum(g.values())
    assert abs(cell.potential() - mean) <= TOLERANCE


# ---- kernels and reference ----


@pytest.mark.property
@each_family()
@properties
@given(data=st.data())
def test_every_engine_equals_the_reference_within_1e_12_mV(family, data):
    cell = data.draw(FAMILIES[family])
    expected = cell.potential(engine="python")
    found = {cell.potential(engine=isa) for isa in _kernels.SUPPORTED}
    assert len(found) == 1
    assert abs(found.pop() - expected) <= TOLERANCE
