"""Properties of grids: a grid is the table of its points, whatever its axes."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from helpers.profiles import examples
from helpers.strategies import (
    FAMILIES,
    cells,
    concentrations,
    each_family,
    ions_of_charge_1,
    temperatures,
    weights,
)

TOLERANCE = 1e-12


def expanded(sweep):
    """Return a grid's points as a table: row i is point i."""
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


@pytest.mark.property
@each_family()
@examples(60)
@given(data=st.data())
def test_a_grid_equals_the_table_of_its_points(family, data):
    assert_equal_points(data.draw(grids(FAMILIES[family], st.integers(1, 6))))


@pytest.mark.property
@examples(60)
@given(data=st.data(), threads=st.sampled_from([1, 2, 3]))
def test_a_factored_grid_equals_the_table_of_its_points(data, threads):
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


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_factored_and_pointwise_grids_agree(data):
    cell = data.draw(cells(ions=ions_of_charge_1, least=2))
    values = st.lists(on_axis, min_size=10, max_size=12)
    axes = {f"{cell.model.ions[0].name}_{p}": data.draw(values) for p in ("out", "in")}
    factored = fr.grid(cell, **axes)
    with mock.patch("fastrest.points.grid_points.WORTHWHILE", math.inf):
        pointwise = fr.grid(cell, **axes)
        assert pointwise.route == "pointwise"
        V_pointwise, status_pointwise = pointwise.values(), pointwise.status()
    assert factored.route == "factored"
    V, status = factored.values(), factored.status()
    finite = np.isfinite(V)
    assert np.array_equal(status, status_pointwise)
    assert (np.abs(V_pointwise[finite] - V[finite]) <= TOLERANCE).all()
    assert np.array_equal(V_pointwise[~finite], V[~finite], equal_nan=True)


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
def test_a_grid_in_extreme_units_equals_the_table_of_its_points(factors, isa):
    # the sums are normal doubles in all but the last two, although some inputs are not
    model = fr.GHK("K")
    units = {"P_K": factors["P"], "pump_ratio": factors.get("pump_ratio", 1.0), "celsius": 37.0}
    cell = fr.Cell(model, **units, K_out=5 * factors["c"], K_in=140 * factors["c"])
    amounts = np.arange(1.0, 21.0) * factors["c"]
    assert_equal_points(fr.grid(cell, K_out=amounts, K_in=amounts), engine=isa)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_do_not_change_bits_of_a_grid(threads, isa):
    cell = fr.cells["mammalian neuron"]
    amounts = np.geomspace(1, 500, 401)
    grid = fr.grid(cell, K_out=amounts, K_in=amounts)
    table = expanded(grid)
    for sweep in (grid, table):
        once = sweep.values(threads=1, engine=isa)
        assert np.array_equal(sweep.values(threads=threads, engine=isa), once)
