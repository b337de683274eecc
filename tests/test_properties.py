"""Properties that the equations have whatever the numbers: hypothesis makes these.

Inequalities and scalings hold within 1e-12 mV, the accuracy promised; zeros are exact.
"""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import _kernels

TOLERANCE = 1e-12
SO4 = fr.Ion("SO4", -2)
Li = fr.Ion("Li", 1)

#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=80, deadline=None, derandomize=True, database=None)

# ---- cells ----

ions_of_charge_1 = ["K", "Na", "Cl", "HCO3", Li]
ions_of_any_charge = [*ions_of_charge_1, "Ca", "Mg", SO4]
#: At most 600 mV between two Nernst potentials, so that V stays where the promise holds.
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


def swapped(cell):
    """Inside and outside exchanged."""
    inside = {n.removesuffix("_out") + "_in": v for n, v in cell.items() if n.endswith("_out")}
    outside = {n.removesuffix("_in") + "_out": v for n, v in cell.items() if n.endswith("_in")}
    return cell.replace(**inside, **outside)


def mirrored(cell):
    """Every valence with the other sign."""
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


# ---- properties of one point ----


@each_family()
@properties
@given(data=st.data(), factor=st.floats(1e-9, 1e9))
def test_only_ratios_of_permeabilities_and_conductances_matter(family, data, factor):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * factor for n, v in weights(cell).items()})
    assert abs(scaled.potential() - cell.potential()) <= TOLERANCE


@each_family()
@properties
@given(data=st.data(), exponent=st.integers(-60, 60))
def test_a_power_of_two_as_unit_does_not_change_a_bit(family, data, exponent):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * 2.0**exponent for n, v in weights(cell).items()})
    assert scaled.potential() == cell.potential()


@each_family()
@properties
@given(data=st.data(), factor=st.floats(1e-9, 1e9))
def test_only_ratios_of_concentrations_matter(family, data, factor):
    cell = data.draw(FAMILIES[family])
    scaled = cell.replace(**{n: v * factor for n, v in amounts(cell).items()})
    assert abs(scaled.potential() - cell.potential()) <= TOLERANCE


@each_family()
@properties
@given(data=st.data())
def test_one_permeant_ion_gives_its_nernst_potential(family, data):
    cell = data.draw(FAMILIES[family])
    nernst = cell.nernst()
    for ion in cell.model.ions:
        own = f"{cell.model.weight}_{ion.name}"
        alone = cell.replace(**{**dict.fromkeys(weights(cell), 0.0), own: cell[own]})
        assert abs(alone.potential() - nernst[ion.name]) <= TOLERANCE


@each_family()
@properties
@given(data=st.data())
def test_equal_concentrations_give_exactly_0(family, data):
    cell = data.draw(FAMILIES[family])
    equal = cell.replace(**{f"{i.name}_in": cell[f"{i.name}_out"] for i in cell.model.ions})
    assert equal.potential() == 0.0
    assert equal.potential(engine="python") == 0.0


@each_family()
@properties
@given(data=st.data())
def test_swapping_inside_and_outside_flips_the_sign(family, data):
    cell = data.draw(FAMILIES[family])
    assert abs(swapped(cell).potential() + cell.potential()) <= TOLERANCE


@properties
@given(cell=cells(ions=ions_of_charge_1))
def test_swapping_inside_and_outside_flips_the_sign_exactly_without_divalents(cell):
    assert swapped(cell).potential() == -cell.potential()


@each_family("monovalent", "divalent", "chord")
@properties
@given(data=st.data())
def test_flipping_every_valence_flips_the_sign(family, data):
    cell = data.draw(FAMILIES[family])
    assert abs(mirrored(cell).potential() + cell.potential()) <= TOLERANCE


@each_family()
@properties
@given(data=st.data())
def test_v_lies_among_the_nernst_potentials(family, data):
    cell = data.draw(FAMILIES[family])
    nernst = cell.nernst().values()
    assert min(nernst) - TOLERANCE <= cell.potential() <= max(nernst) + TOLERANCE


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


@each_family()
@properties
@given(data=st.data(), factor=st.floats(1.0, 100.0))
def test_more_of_a_permeability_moves_v_towards_its_nernst_potential(family, data, factor):
    cell = data.draw(FAMILIES[family])
    V = cell.potential()
    for ion, E in cell.nernst().items():
        moved = cell.replace(**{f"{cell.model.weight}_{ion}": fr.times(factor)}).potential()
        assert min(V, E) - TOLERANCE <= moved <= max(V, E) + TOLERANCE


@each_family()
@properties
@given(data=st.data(), other=temperatures)
def test_v_is_proportional_to_the_absolute_temperature(family, data, other):
    cell = data.draw(FAMILIES[family])
    expected = cell.potential() * (other + 273.15) / (cell["celsius"] + 273.15)
    assert abs(cell.replace(celsius=other).potential() - expected) <= TOLERANCE


@each_family()
@properties
@given(data=st.data())
def test_the_order_of_the_ions_does_not_matter(family, data):
    cell = data.draw(FAMILIES[family])
    ions = data.draw(st.permutations(cell.model.ions))
    assert abs(fr.Cell(type(cell.model)(*ions), **cell).potential() - cell.potential()) <= TOLERANCE


@each_family("monovalent", "divalent", "chord")
@properties
@given(data=st.data(), share=st.floats(0, 1))
def test_an_ion_may_be_counted_in_two_parts(family, data, share):
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


@properties
@given(cell=cells(least=2))
def test_a_boundless_pump_leaves_the_nernst_potential_of_potassium(cell):
    assume("pump_ratio" in cell)
    pumped = cell.replace(pump_ratio=1e100).potential()
    assert abs(pumped - cell.nernst()["K"]) <= TOLERANCE


@properties
@given(cell=pumped_cells)
def test_the_pump_is_a_factor_of_the_permeability_of_potassium(cell):
    assume("pump_ratio" in cell)
    without = cell.replace(pump_ratio=1.0, P_K=cell["P_K"] * cell["pump_ratio"])
    assert without.potential() == cell.potential()


# ---- passive ions ----


@each_family()
@properties
@given(data=st.data(), c_out=concentrations, added=st.sampled_from([Li, "Mg", SO4, "Br"]))
def test_a_passive_ion_changes_nothing_and_stands_at_equilibrium(family, data, c_out, added):
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


@each_family()
@properties
@given(data=st.data())
def test_making_an_ion_passive_is_blocking_it(family, data):
    cell = data.draw(FAMILIES[family].filter(lambda cell: len(cell.model.ions) > 1))
    ion = data.draw(st.sampled_from([i for i in cell.model.ions if i.name != cell.model.pump_ion]))
    blocked = cell.replace(**{f"{cell.model.weight}_{ion.name}": 0.0})
    # not to the bit: without its divalent ion a model is one ratio, no quadratic
    assert abs(cell.passive(ion.name).potential() - blocked.potential()) <= TOLERANCE


# ---- chord conductances ----


@properties
@given(cell=ghk_cells)
def test_chord_conductances_reproduce_the_potential(cell):
    chord = cell.to_chord()
    assert abs(chord.potential() - cell.potential()) <= TOLERANCE
    assert all(g > 0 for g in weights(chord).values())


@properties
@given(cell=chord_cells)
def test_chord_is_the_weighted_mean_of_the_nernst_potentials(cell):
    nernst, g = cell.nernst(), weights(cell)
    mean = math.fsum(g[f"g_{ion}"] * E for ion, E in nernst.items()) / math.fsum(g.values())
    assert abs(cell.potential() - mean) <= TOLERANCE


# ---- kernels and reference ----


@each_family()
@properties
@given(data=st.data())
def test_every_engine_gives_the_reference_within_1e_12_mV(family, data):
    cell = data.draw(FAMILIES[family])
    expected = cell.potential(engine="python")
    found = {cell.potential(engine=isa) for isa in _kernels.SUPPORTED}
    assert len(found) == 1
    assert abs(found.pop() - expected) <= TOLERANCE


# ---- grids and tables ----


def expanded(sweep):
    """A grid's points as a table: row i is point i."""
    return fr.table(sweep.cell, sweep.parameters(np.arange(len(sweep))))


def assert_equal_points(grid, **options):
    table = expanded(grid)
    V, of_table = grid.values(**options).ravel(), table.values(**options)
    finite = np.isfinite(of_table)
    assert np.array_equal(V[~finite], of_table[~finite], equal_nan=True)
    assert (np.abs(V[finite] - of_table[finite]) <= TOLERANCE).all()
    assert np.array_equal(grid.status(**options).ravel(), table.status(**options))


#: Values for an axis: now and then 0, so that sums of every kind become empty.
on_axis = st.one_of(concentrations, concentrations, concentrations, st.just(0.0))


@st.composite
def grids(draw, sources, lengths, axes=4):
    """A grid over some parameters of a cell, some of them on one axis together."""
    cell = draw(sources)
    # ions with permeability 0 make empty sums likelier
    for name in draw(st.lists(st.sampled_from(sorted(weights(cell))), max_size=2)):
        cell = cell.replace(**{name: 0.0})
    names = draw(st.permutations(list(cell)))
    made = []
    for d in range(draw(st.integers(1, axes))):
        together = draw(st.sampled_from([1, 1, 2, 3]))
        mine, names = names[:together], names[together:]
        if not mine:
            break
        n = draw(lengths)
        values = {
            name: draw(
                st.lists(temperatures if name == "celsius" else on_axis, min_size=n, max_size=n)
            )
            for name in mine
        }
        made.append(fr.axis(f"axis {d}", **values))
    return fr.grid(cell, *made)


@each_family()
@settings(properties, max_examples=60)
@given(data=st.data())
def test_a_grid_is_the_table_of_its_points(family, data):
    assert_equal_points(data.draw(grids(FAMILIES[family], st.integers(1, 6))))


@settings(properties, max_examples=60)
@given(data=st.data(), threads=st.sampled_from([1, 2, 3]))
def test_a_factored_grid_is_the_table_of_its_points(data, threads):
    cell = data.draw(cells(ions=ions_of_charge_1, least=2))
    z = {ion.name: ion.z for ion in cell.model.ions}
    inward = [f"{n}_{'out' if z[n] > 0 else 'in'}" for n in z]
    outward = [f"{n}_{'in' if z[n] > 0 else 'out'}" for n in z]
    values = st.lists(on_axis, min_size=10, max_size=12)
    axes = {data.draw(st.sampled_from(side)): data.draw(values) for side in (inward, outward)}
    more = data.draw(st.sampled_from(sorted(set(cell) - set(axes))))
    few = st.lists(temperatures if more == "celsius" else on_axis, min_size=1, max_size=3)
    grid = fr.grid(cell, **axes, **{more: data.draw(few)})
    assert grid.route == "factored"
    assert_equal_points(grid, threads=threads)


@settings(properties, max_examples=60)
@given(data=st.data())
def test_both_routes_give_one_potential(data):
    cell = data.draw(cells(ions=ions_of_charge_1, least=2))
    values = st.lists(on_axis, min_size=10, max_size=12)
    axes = {f"{cell.model.ions[0].name}_{p}": data.draw(values) for p in ("out", "in")}
    factored = fr.grid(cell, **axes)
    with mock.patch("fastrest.grids.WORTHWHILE", math.inf):
        pointwise = fr.grid(cell, **axes)
    assert (factored.route, pointwise.route) == ("factored", "pointwise")
    V, status = factored.values(), factored.status()
    finite = np.isfinite(V)
    assert np.array_equal(status, pointwise.status())
    assert (np.abs(pointwise.values()[finite] - V[finite]) <= TOLERANCE).all()
    assert np.array_equal(pointwise.values()[~finite], V[~finite], equal_nan=True)


@pytest.mark.parametrize(
    "factors",
    [
        {"P": 2.0**300, "c": 2.0**-1060},
        {"P": 2.0**-300, "c": 2.0**700},
        {"P": 2.0**300, "c": 2.0**-700},
        {"P": 2.0**900, "c": 2.0**-900},
        {"P": 2.0**-1000, "c": 2.0**60},
        {"P": 2.0**300, "c": 2.0**-600, "pump_ratio": 2.0**-500},
        {"P": 2.0**-300, "c": 2.0**500, "pump_ratio": 2.0**600},
        {"P": 2.0**-1060, "c": 1.0},
        {"P": 2.0**1000, "c": 2.0**100},
    ],
    ids=lambda factors: ", ".join(f"{n} 2^{math.log2(v):g}" for n, v in factors.items()),
)
def test_units_far_from_the_usual_leave_a_grid_the_table_of_its_points(factors, isa):
    # the sums are normal doubles in all but the last two, although some inputs are not
    model = fr.GHK("K")
    units = {"P_K": factors["P"], "pump_ratio": factors.get("pump_ratio", 1.0), "celsius": 37.0}
    cell = fr.Cell(model, **units, K_out=5 * factors["c"], K_in=140 * factors["c"])
    amounts = np.arange(1.0, 21.0) * factors["c"]
    assert_equal_points(fr.grid(cell, K_out=amounts, K_in=amounts), engine=isa)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_do_not_change_a_sweep(threads, isa):
    cell = fr.cells["mammalian neuron"]
    amounts = np.geomspace(1, 500, 401)
    grid = fr.grid(cell, K_out=amounts, K_in=amounts)
    table = expanded(grid)
    for sweep in (grid, table):
        once = sweep.values(threads=1, engine=isa)
        assert np.array_equal(sweep.values(threads=threads, engine=isa), once)
