"""The chord equation with a constant pump current: exact values, existence, and the idle pump."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from helpers.golden import read_golden
from helpers.strategies import chord_cells

ROWS = read_golden("chord_pump")
MODEL = fr.Chord("K", "Na", "Cl", "Ca", pump="constant")
CELL = fr.Cell(MODEL, **ROWS[2][0])
ENGINES = [None, "base", "python"]
#: Steady states of cells that a 3:2 pump keeps: g of Na and K, current, concentrations and V, to 18
#: digits (Mori 2012). Cl and the cotransporters carry no net current there; with KCC or NKCC the
#: ions' own currents differ from these, so only cells without them are here.
LIVING = [
    ((0.01, 0.3, 0.3), (145, 5), (85.7869768902273967, 92.4647304927888563), -75.9720711211693032),
    ((0.02, 0.3, 0.4), (145, 3), (123.37540616253928, 26.6245938374607195), -55.6835923675241299),
    ((0.02, 0.3, 0.4), (145, 3), (14.3362510990544177, 3.09378404121573699), 1.84394895742725761),
    ((0.02, 0.3, 0.4), (145, 3), (12.1461721149549495, 2.62116178012435504), 6.27462243611044153),
    ((0.02, 0.3, 0.0), (145, 3), (146.959459459459459, 3.04054054054054054), -0.358752488677861449),
]


@pytest.mark.golden
@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_potentials_are_golden(engine):
    columns = {name: np.array([values[name] for values, _ in ROWS]) for name in MODEL.parameters}
    V = fr.table(CELL, columns).values(engine=engine)
    exact = np.array([float(exact) for _, exact in ROWS])
    terms = [np.abs(columns["pump_max"])]
    terms += [columns[f"g_{i}"] * np.abs(CELL.model(of=f"E_{i}", **columns)) for i in CELL.nernst()]
    total = sum(columns[f"g_{i}"] for i in CELL.nernst())
    # relative to the terms, which may cancel; 1e-12 mV for those of cells
    assert np.all(np.abs(V - exact) <= 1e-14 * np.maximum(sum(terms) / total, 100))


@pytest.mark.golden
@pytest.mark.parametrize(("membrane", "outside", "inside", "V"), LIVING)
def test_a_cell_in_its_steady_state_rests_there(membrane, outside, inside, V):
    g_Na, g_K, current = membrane
    names = ("g_Na", "g_K", "pump_max", "Na_out", "K_out", "Na_in", "K_in")
    values = dict(zip(names, (g_Na, g_K, current, *outside, *inside), strict=True))
    cell = fr.Cell(fr.Chord("Na", "K", pump="constant"), **values, celsius=37)
    assert cell.potential() == pytest.approx(V, rel=0, abs=1e-12)
    rows = cell.currents().rows
    if current:
        assert rows["Na"].current == pytest.approx(-3 * current, rel=1e-12)
        assert rows["K"].current == pytest.approx(2 * current, rel=1e-12)
        assert rows["pump"].current == pytest.approx(current, rel=1e-12)


@pytest.mark.property
@given(chord_cells)
def test_an_idle_pump_changes_no_bit(cell):
    pumped = fr.Chord(*cell.model.ions, pump="constant")
    for engine in ENGINES:
        idle = fr.Cell(pumped, **cell, pump_max=0.0).potential(engine=engine)
        assert idle == cell.potential(engine=engine)


@pytest.mark.property
@given(chord_cells, st.floats(-1e3, 1e3))
def test_v_falls_with_the_current_by_the_resistance(cell, current):
    pumped = fr.Cell(fr.Chord(*cell.model.ions, pump="constant"), **cell, pump_max=current)
    drop = current / math.fsum(x for name, x in cell.items() if name.startswith("g_"))
    expected = cell.potential() - drop
    assert pumped.potential() == pytest.approx(expected, rel=1e-13, abs=1e-11)
    slope = pumped.gradient()["pump_max"]
    assert slope * current == pytest.approx(-drop, rel=1e-13)


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_statuses(engine):
    no_g = dict.fromkeys(("g_K", "g_Na", "g_Cl", "g_Ca"), 0.0)
    cases = [
        ({"pump_max": math.nan}, fr.Status.NOT_FINITE, math.nan),
        ({"pump_max": -math.inf}, fr.Status.NOT_FINITE, math.nan),
        (
            {"K_out": -1.0, "pump_max": math.inf},
            fr.Status.NEGATIVE | fr.Status.NOT_FINITE,
            math.nan,
        ),
        ({**no_g, "pump_max": 0.3}, fr.Status.NO_SOLUTION, math.nan),
        ({**no_g, "pump_max": -5e-324}, fr.Status.NO_SOLUTION, math.nan),
        ({**no_g, "pump_max": 0.0}, fr.Status.NO_PERMEANT, math.nan),
        ({"K_out": 0.0, "pump_max": -1e9}, fr.Status.INFINITE, -math.inf),
        ({**no_g, "g_K": 1e-300, "pump_max": 1e30}, fr.Status.RANGE, math.nan),
        ({"pump_max": 5e-324}, fr.Status(0), CELL.replace(pump_max=0).potential()),
        ({"pump_max": -1e300}, fr.Status(0), 1e300 / 0.53),
    ]
    columns = {
        name: np.array([{**CELL, **changed}[name] for changed, _, _ in cases])
        for name in MODEL.parameters
    }
    table = fr.table(CELL, columns)
    V, status = table.values(engine=engine), table.status(engine=engine)
    assert [fr.Status(x) for x in status.tolist()] == [expected for _, expected, _ in cases]
    np.testing.assert_allclose(V, [expected for *_, expected in cases], rtol=1e-14)


def test_the_pump_is_kept(tmp_path):
    assert pickle.loads(pickle.dumps(CELL)) == CELL
    assert CELL.model != fr.Chord("K", "Na", "Cl", "Ca")
    assert repr(CELL.model) == "Chord(K, Na, Cl, Ca; pump constant)"
    assert CELL.passive("Cl").model.pump == "constant"
    (tmp_path / "cell.toml").write_text(
        'model = "Chord"\npump = "constant"\ncelsius = 37\npump_max = 0.3\n'
        "K = { g = 0.3, out = 5, in = 140 }\nNa = { g = 0.02, out = 145, in = 15 }\n"
    )
    read = fr.Cell.from_toml(tmp_path / "cell.toml")
    assert read == fr.Cell(
        fr.Chord("K", "Na", pump="constant"),
        **{"g_K": 0.3, "K_out": 5, "K_in": 140, "g_Na": 0.02, "Na_out": 145, "Na_in": 15},
        **{"celsius": 37, "pump_max": 0.3},
    )
    fr.grid(read, pump_max=(0, 1, 5)).save(tmp_path / "v.npy")
    assert np.all(np.diff(fr.load(tmp_path / "v.npy").values()) < 0)


@pytest.mark.parametrize("pump", ["ratio", "cubic", None, 1])
def test_other_pumps_are_refused(pump):
    with pytest.raises(ValueError, match="unknown pump"):
        fr.Chord("K", "Na", pump=pump)


def test_a_pump_block_acts_on_it():
    blocked = CELL.replace(**fr.states["pump block"].of(CELL))
    assert blocked["pump_max"] == 0
    assert blocked.potential() > CELL.potential()


def test_a_population_and_its_indices_have_the_pump():
    space = fr.space(CELL, g_Na=fr.lognormal(cv=0.5), pump_max=fr.uniform(0, 1))
    indices = space.sobol(1024, rng=1)["ST"]
    assert indices.min() > 0
    assert space.population(1000, rng=1).summary().mean < CELL.replace(pump_max=0).potential()
