"""The constant-field equation with an explicit pump current: exact values, existence, and bits."""

import csv
import math
import pickle
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from helpers.golden import GOLDEN
from helpers.profiles import examples

BASE = {
    **{"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "K_out": 5.0, "Na_out": 145.0, "Cl_out": 110.0},
    **{"K_in": 140.0, "Na_in": 15.0, "Cl_in": 7.0, "celsius": 37.0},
}
CA = {"Ca": (2, 2e-8, 2.0, 1e-4)}
CA_LA = {"Ca": (2, 1e-7, 2.0, 1e-4), "La": (3, 5e-8, 1.0, 1e-6)}
PO4 = {"PO4": (-3, 1e-8, 1.0, 4.0)}
SQUID = {
    **{"P_K": 1.8e-6, "P_Na": 7.2e-8, "P_Cl": 8.1e-7},
    **{"K_out": 20.0, "Na_out": 440.0, "Cl_out": 560.0},
    **{"K_in": 400.0, "Na_in": 50.0, "Cl_in": 52.0, "celsius": 18.0},
}
#: Added ions, values, pump current, V and its derivative by the current: 50-digit arithmetic on the
#: decimals, by the script golden/make_pump.py for V.
QUOTED = [
    ({}, BASE, 0.0, -69.811924278622483884, -7.04408790258189839),
    ({}, BASE, 0.01, -69.882401634813263976, -7.05138562384975052),
    ({}, BASE, 0.1, -70.520001476801603956, -7.11768704518117665),
    ({}, BASE, 0.5, -73.42803676282011472, -7.42638006929543986),
    ({}, BASE, 1.0, -77.244632196154527111, -7.84664268877706392),
    ({}, BASE, 2.0, -85.560826151753474633, -8.81598470181030999),
    ({}, BASE, 10.0, -199.9897311770098636, -18.9814198243613925),
    ({}, BASE, 100.0, -1985.6795846121513211, -19.8567958461215132),
    ({}, BASE, -0.5, -66.378232322547309393, -6.696102187714099),
    ({}, BASE, -2.0, -57.017048566954168555, -5.82482006407217832),
    (CA, BASE, 0.1, -70.230367221972100886, -7.05925670962941133),
    (CA_LA, BASE, 0.0, -67.684925148184285152, -6.62628171013918411),
    (CA_LA, BASE, 0.5, -71.078884882759962741, -6.95428861564509813),
    (PO4, BASE, 0.2, -70.578740053454979869, -7.05859272806967375),
    ({}, SQUID, 1.8, -61.166660563481051653, -0.926982962263700131),
]
#: K alone: out, in, current, V and its derivative.
ONE_ION = [
    (5.0, 0.0, 0.1, 69.733065509713485028, -383.906913305733691),
    (0.0, 140.0, -0.1, -182.48896069856073197, -312.728598939739179),
    (100.0, 100.0, 0.5, -1.3850115102669755465, -2.77002302053395109),
]


def pumped(added=None, values=BASE, current=0.0):
    ions = [fr.Ion(name, z) for name, (z, *_) in (added or {}).items()]
    numbers = {
        f"{prefix}{name}{suffix}": x
        for name, (_, *rest) in (added or {}).items()
        for (prefix, suffix), x in zip([("P_", ""), ("", "_out"), ("", "_in")], rest)
    }
    model = fr.GHK("K", "Na", "Cl", *ions, pump="constant")
    return fr.Cell(model, **values, **numbers, pump_max=current)


def saturating(**changes):
    values = {"pump_max": 2.0, "pump_Na_half": 10.0, "pump_K_half": 1.5, **BASE, **changes}
    return fr.Cell(fr.GHK("K", "Na", "Cl", pump="saturating"), **values)


def potassium(out, inside, current, P=1e-6):
    model = fr.GHK("K", pump="constant")
    return fr.Cell(model, P_K=P, K_out=out, K_in=inside, celsius=37, pump_max=current)


def assert_solution(cell, V, slope):
    for engine in ("python", None):
        assert cell.potential(engine=engine) == pytest.approx(V, rel=3e-15, abs=1e-12)
        found = cell.model.outputs["V"].gradient_at(dict(cell), engine)
        assert found["pump_max"] == pytest.approx(slope, rel=1e-12)


@pytest.mark.golden
@pytest.mark.parametrize(("added", "values", "current", "V", "slope"), QUOTED)
def test_potentials_of_a_constant_pump(added, values, current, V, slope):
    assert_solution(pumped(added, values, current), V, slope)


@pytest.mark.golden
@pytest.mark.parametrize(("out", "inside", "current", "V", "slope"), ONE_ION)
def test_potentials_of_one_ion(out, inside, current, V, slope):
    assert_solution(potassium(out, inside, current), V, slope)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("halves", "V"),
    [((10.0, 1.5), -71.636750189125073863), ((3.56, 0.883), -75.406503250186704694)],
)
@pytest.mark.parametrize("engine", ["python", None])
def test_potentials_of_a_saturating_pump(halves, V, engine):
    cell = saturating(pump_Na_half=halves[0], pump_K_half=halves[1])
    assert cell.potential(engine=engine) == pytest.approx(V, abs=1e-12)


@pytest.mark.golden
def test_derivatives_of_a_constant_pump():
    exact = {
        **{"K_out": 2.1034126841871149, "K_in": -0.134820709677867085, "P_Na": 302972528.561963654},
        **{"Cl_out": -0.0606693193550401885, "celsius": -0.236750078229308769},
    }
    for engine in ("python", None):
        found = pumped(current=0.5).model.outputs["V"].gradient_at(pumped(current=0.5), engine)
        for name, slope in exact.items():
            assert found[name] == pytest.approx(slope, rel=1e-12), (engine, name)


@pytest.mark.golden
def test_potentials_of_other_ions_have_all_their_digits():
    with (GOLDEN / "pump.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 60
    for row in rows:
        ions = [fr.Ion(name, int(z)) for name, z in (x.split(":") for x in row["ions"].split())]
        *numbers, celsius, current = map(float.fromhex, row["values"].split())
        values = {"celsius": celsius, "pump_max": current}
        for k, ion in enumerate(ions):
            P, out, inside = numbers[3 * k : 3 * k + 3]
            values |= {f"P_{ion.name}": P, f"{ion.name}_out": out, f"{ion.name}_in": inside}
        output = fr.GHK(*ions, pump="constant").outputs["V"]
        exact = Decimal(row["exact"])
        for engine in ("python", None):
            error = abs(Decimal(output.value_at(values, engine)) - exact)
            assert error <= Decimal("1e-12") + abs(exact) * Decimal("4e-15"), (engine, row)


#: Outside, inside, current: V and status; NaN if there is no potential.
EXISTENCE = [
    (5.0, 0.0, 0.1, None, 0),
    (5.0, 0.0, 0.0, math.inf, fr.Status.INFINITE),
    (5.0, 0.0, -0.1, math.nan, fr.Status.NO_SOLUTION),
    (0.0, 140.0, -0.1, None, 0),
    (0.0, 140.0, 0.0, -math.inf, fr.Status.INFINITE),
    (0.0, 140.0, 0.1, math.nan, fr.Status.NO_SOLUTION),
    (0.0, 0.0, 0.0, math.nan, fr.Status.NO_PERMEANT),
    (0.0, 0.0, 0.1, math.nan, fr.Status.NO_SOLUTION),
    (5.0, 140.0, 1e-145, math.nan, fr.Status.RANGE),
    (5.0, 140.0, 1e155, math.nan, fr.Status.RANGE),
    (1e-145, 140.0, 0.0, math.nan, fr.Status.RANGE),
    (math.nan, 140.0, 0.1, math.nan, fr.Status.NOT_FINITE),
    (5.0, -1.0, 0.1, math.nan, fr.Status.NEGATIVE),
    (5.0, 140.0, math.inf, math.nan, fr.Status.NOT_FINITE),
]


@pytest.mark.parametrize(("out", "inside", "current", "V", "status"), EXISTENCE)
@pytest.mark.parametrize("engine", ["python", None])
def test_existence(out, inside, current, V, status, engine):
    cell = potassium(5.0, 140.0, 0.0)
    columns = {"K_out": [out], "K_in": [inside], "pump_max": [current]}
    table = fr.table(cell, {name: np.array(x) for name, x in columns.items()})
    found = table.values(engine=engine)[0]
    assert table.status(engine=engine)[0] == status
    assert (
        math.isfinite(found) if V is None else found == V or (math.isnan(V) and math.isnan(found))
    )
    slopes = table.gradient("pump_max", engine=engine)["pump_max"]
    assert math.isnan(slopes[0]) == bool(status)


def random_columns(n, z, seed):
    """Return cells with ratios 10^+-15, currents 10^+-12 of the sums, and zeros among them."""
    draw = np.random.default_rng(seed)
    columns = [10.0 ** draw.uniform(-15, 15, n) for _ in range(3 * len(z))]
    for column in columns:
        column[draw.random(n) < 0.03] = 0.0
    size = sum(columns[j] * (columns[len(z) + j] + columns[2 * len(z) + j]) for j in range(len(z)))
    current = draw.choice([-1.0, 1.0], n) * 96485 * size * 10.0 ** draw.uniform(-12, 12, n)
    current[draw.random(n) < 0.03] = 0.0
    return [*columns, np.full(n, 37.0), current]


def expected_status(columns, z):
    """Return the status of every point by the table of existence."""
    n, inward, outward = len(z), 0.0, 0.0
    for j, charge in enumerate(z):
        out, inside = columns[j] * columns[n + j], columns[j] * columns[2 * n + j]
        up, down = (out, inside) if charge > 0 else (inside, out)
        inward, outward = inward + up, outward + down
    current = columns[-1]
    N, D = inward > 0, outward > 0
    found = np.zeros(len(current), np.uint8)
    found[(current == 0) & (N != D)] = fr.Status.INFINITE
    found[((current < 0) & ~D) | ((current > 0) & ~N)] = fr.Status.NO_SOLUTION
    found[(current == 0) & ~N & ~D] = fr.Status.NO_PERMEANT
    return found


@pytest.mark.parametrize("z", [(1, 1, -1), (1, -1, 2), (1, 2, -3, 3)])
def test_random_cells_are_finished_and_exist_as_the_table_says(z, request):
    full = request.config.getoption("hypothesis_profile") == "full"
    n = 1_000_000 if full else 50_000
    columns = random_columns(n, z, seed=len(z))
    V, status = np.empty(n), np.empty(n, np.uint8)
    _kernels.Equation("pump_constant", z).points(columns, 0, n, V, status)
    np.testing.assert_array_equal(status, expected_status(columns, z))
    assert not (status & fr.Status.UNFINISHED).any()
    assert np.isfinite(V[status == 0]).all()


def test_random_cells_balance_their_currents():
    # the plain-Python reference bisects instead of taking Newton steps
    z, n = (1, 2, -3), 300
    columns = random_columns(n, z, seed=9)
    V, status = np.empty(n), np.empty(n, np.uint8)
    _kernels.Equation("pump_constant", z).points(columns, 0, n, V, status)
    model = fr.GHK("K", "Ca", fr.Ion("PO4", -3), pump="constant")
    for i in range(n):
        exact, bits = model.outputs["V"].reference(
            {name: float(column[i]) for name, column in zip(model.columns, columns)}
        )
        assert bits == status[i]
        if not bits:
            assert V[i] == pytest.approx(exact, rel=1e-13, abs=1e-12)


@pytest.mark.parametrize("z", [(1, 1, -1), (2, 1, -3)])
def test_bits_depend_on_the_point_alone(z):
    n = 2000
    columns, equation = random_columns(n, z, seed=5), _kernels.Equation("pump_constant", z)
    whole = np.empty(n)
    equation.points(columns, 0, n, whole)
    for isa in _kernels.SUPPORTED:
        other = np.empty(n)
        equation.points(columns, 0, n, other, isa=isa)
        np.testing.assert_array_equal(other.view(np.uint64), whole.view(np.uint64))
    for start, count in [(0, 1), (1, 7), (255, 3), (300, 65), (n - 1, 1)]:
        part = np.empty(count)
        equation.points(columns, start, count, part)
        np.testing.assert_array_equal(
            part.view(np.uint64), whole[start : start + count].view(np.uint64)
        )
    shuffled = np.random.default_rng(1).permutation(n)
    mixed = np.empty(n)
    equation.points([column[shuffled] for column in columns], 0, n, mixed)
    np.testing.assert_array_equal(mixed.view(np.uint64), whole[shuffled].view(np.uint64))


def test_threads_do_not_change_bits():
    grid = fr.grid(
        pumped(current=0.5), K_out=np.linspace(1, 20, 400), pump_max=np.linspace(-2, 2, 400)
    )
    one, three = grid.values(threads=1), grid.values(threads=3)
    np.testing.assert_array_equal(one.view(np.uint64), three.view(np.uint64))


permeability = st.floats(1e-9, 1e-5)
concentration = st.floats(0.1, 500)
currents = st.floats(-10, 10).filter(lambda x: x == 0 or abs(x) > 1e-100)


@pytest.mark.property
@given(permeability, permeability, concentration, concentration, currents, currents)
@examples(80)
def test_more_outward_current_hyperpolarises(P_K, P_Na, K_out, K_in, a, b):
    cell = pumped().replace(P_K=P_K, P_Na=P_Na, K_out=K_out, K_in=K_in)
    low, high = sorted((a, b))
    V_low, V_high = (cell.replace(pump_max=x).potential() for x in (low, high))
    assert V_high <= V_low + 1e-10
    # the shift is at most phi |p|/min(N, D)
    N = P_K * K_out + P_Na * 145 + 4.5e-7 * 7
    D = P_K * K_in + P_Na * 15 + 4.5e-7 * 110
    passive = cell.replace(pump_max=0.0).potential()
    phi = 26.7268
    ceiling = phi * abs(high) / 96485.33212 / min(N, D)
    assert abs(V_high - passive) <= ceiling * (1 + 1e-4) + 1e-9


@pytest.mark.property
@given(permeability, permeability, concentration, concentration)
@examples(80)
def test_without_current_the_potential_is_that_of_ghk(P_K, P_Na, K_out, Na_in):
    changes = {"P_K": P_K, "P_Na": P_Na, "K_out": K_out, "Na_in": Na_in}
    ghk = fr.Cell(fr.GHK("K", "Na", "Cl"), **{**BASE, **changes})
    assert pumped().replace(**changes).potential() == pytest.approx(ghk.potential(), abs=1e-12)


@pytest.mark.property
@given(permeability, permeability, concentration, concentration)
@examples(80)
def test_the_current_of_a_3_2_pump_returns_its_potential(P_K, P_Na, K_out, Na_in):
    # Mullins & Noda's voltage, at which a third of the Na current is pumped
    changes = {"P_K": P_K, "P_Na": P_Na, "K_out": K_out, "Na_in": Na_in}
    names = ("P_K", "P_Na", "K_out", "Na_out", "K_in", "Na_in", "celsius")
    values = {name: {**BASE, **changes}[name] for name in names}
    V = fr.Cell(fr.GHK("K", "Na"), **values, pump_ratio=1.5).potential()
    u = V / (8.31446261815324 / 96.48533212331001 * 310.15)
    inside, outside = (-u / math.expm1(-u), u / math.expm1(u)) if u else (1.0, 1.0)
    sodium = 96485.33212331001 * P_Na * (values["Na_in"] * inside - 145.0 * outside)
    cell = fr.Cell(fr.GHK("K", "Na", pump="constant"), **values, pump_max=-sodium / 3)
    assert cell.potential() == pytest.approx(V, abs=1e-9)


@given(st.floats(1e-9, 1e-5), concentration, currents)
@examples(30)
def test_equal_sides_give_the_linear_law_exactly(P, c, current):
    p = current / 96485.33212331001
    found = potassium(c, c, current, P).potential()
    assert found == pytest.approx(
        -(8.31446261815324 / 96.48533212331001 * 310.15) * p / (P * c), rel=1e-14
    )


@pytest.mark.parametrize("u", [-47.0, -128.0, -1e4])
def test_a_root_at_the_end_of_its_bracket_is_exact(u):
    """Without K inside and at large -u, B(u) = -u, and the pump current is P F c_out u exactly."""
    current = -1e-6 * 5 * 96485.33212331001 * u
    V = fr.GHK("K", pump="constant")(P_K=1e-6, K_out=5, K_in=0, celsius=37, pump_max=current)
    assert pytest.approx(8.31446261815324 / 96.48533212331001 * 310.15 * u, rel=1e-15) == V


def test_a_ratio_is_refused_as_a_permeability():
    with pytest.raises(ValueError, match=r"P_K = 1\.0 cm/s is almost surely a ratio"):
        pumped().replace(P_K=1.0)
    assert fr.GHK("K", pump="constant").parameters["P_K"].unit == "cm/s"


@pytest.mark.parametrize(
    ("ions", "pump", "message"),
    [
        (("K", "Cl"), "saturating", "needs permeant Na and K, got K, Cl"),
        (("K",), "electrogenic", "pump"),
        (("K", fr.Ion("La", 3)), "ratio", "takes ions with z from -2 to 2"),
    ],
)
def test_models_that_cannot_be(ions, pump, message):
    with pytest.raises(ValueError, match=message):
        fr.GHK(*ions, pump=pump)


def test_a_pump_ratio_and_a_pump_current_exclude_each_other():
    with pytest.raises(ValueError, match="unknown parameter 'pump_ratio'"):
        pumped().replace(pump_ratio=1.5)
    with pytest.raises(ValueError, match="unknown parameter 'pump_max'"):
        fr.cells["mammalian neuron"].replace(pump_max=0.5)


@pytest.mark.parametrize("current", [0.0, 0.5, -2.0])
def test_chord_conductances_keep_the_pump_current(current):
    cell = pumped(current=current)
    chord = cell.to_chord()
    assert chord["pump_max"] == current
    assert chord.potential() == pytest.approx(cell.potential(), abs=1e-10)
    assert {n: row.current for n, row in chord.currents().rows.items()} == pytest.approx(
        {n: row.current for n, row in cell.currents().rows.items()}, rel=1e-9
    )


def test_chord_conductances_keep_the_current_of_a_saturating_pump():
    cell = saturating()
    assert cell.to_chord().potential() == pytest.approx(cell.potential(), abs=1e-10)


def test_models_keep_their_pump():
    cell = saturating()
    assert pickle.loads(pickle.dumps(cell)) == cell
    assert cell.model != fr.GHK("K", "Na", "Cl", pump="constant")
    ufunc = pickle.loads(pickle.dumps(cell.model.ufunc))
    assert ufunc is cell.model.ufunc
    assert cell.with_ions("Ca", P=1e-8, out=2, inside=1e-4).model.pump == "saturating"


def test_a_cell_file_names_its_pump(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(
        'pump = "constant"\ncelsius = 37\npump_max = 0.5\n'
        "K = { P = 1e-6, out = 5, in = 140 }\nNa = { P = 4e-8, out = 145, in = 15 }\n"
        "Cl = { P = 4.5e-7, out = 110, in = 7 }\n",
        encoding="utf-8",
    )
    assert fr.Cell.from_toml(path).potential() == pumped(current=0.5).potential()


def test_sweeps_with_a_pump_are_saved_and_sampled(tmp_path):
    space = fr.space(pumped(current=0.5), P_Na=fr.lognormal(cv=0.5), pump_max=fr.uniform(0, 1))
    with pytest.raises(ValueError, match=r"sample instead"):
        space.sobol()
    assert space.sobol(256, rng=1)["ST"].min() > 0
    sample = space.sample(1000, rng=1)
    V = sample.values()
    assert sample.summary().mean == pytest.approx(V.mean(), rel=1e-12)
    sample.save(tmp_path / "v.npy")
    np.testing.assert_array_equal(fr.load(tmp_path / "v.npy").values(), V)


def test_a_pump_block_acts_on_the_pump_that_the_cell_has():
    block, cell = fr.states["pump block"], pumped(current=0.5)
    blocked = cell.replace(**block.of(cell))
    assert blocked["pump_max"] == 0.0
    assert blocked.potential() > cell.potential()
    neuron = fr.cells["mammalian neuron"]
    assert block.of(neuron) is block
    with pytest.raises(ValueError, match="pump block changes nothing: this cell has no pump"):
        block.of(neuron.to_chord())
    space = fr.space(cell, P_Na=fr.lognormal(cv=0.5))
    population = space.population(1000, rng=1, conditions={"control": {}, "block": block})
    assert population.summary("block").mean > population.summary("control").mean
    idle = fr.space(pumped(current=0.0), P_Na=fr.lognormal(cv=0.5))
    with pytest.raises(ValueError, match="sets pump_max to 0, which is already the cell's value"):
        idle.population(10, conditions={"block": block})
