"""Solutions as outputs: exact values, the way back to V, the reference, statuses and bits."""

import csv
import itertools
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from helpers.golden import GOLDEN
from helpers.sweeps import assert_bits_of_points_alone

NEURON = fr.cells["mammalian neuron"]
CELLS = {
    "ratio": NEURON.replace(pump_ratio=1.2),
    "calcium": NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4).replace(pump_ratio=1.2),
    "pump": NEURON.replace(pump_ratio=1.5).absolute(R_m=7),
    "pump and calcium": NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4).absolute(R_m=7),
    "passive": NEURON.passive("Cl"),
}
TARGETS = (-90.0, -60.0, -1e-9, 0.0, 45.0)


def table_of(cell, n, seed=0, zeros=0.0):
    draw = np.random.default_rng(seed)
    rows = {name: value * 10.0 ** draw.uniform(-1, 1, n) for name, value in cell.items()}
    for column in rows.values():
        column[draw.random(n) < zeros] = 0.0
    rows["celsius"] = draw.uniform(0, 50, n)
    return fr.table(cell, rows)


def solved_parameters(cell):
    return [p for p in cell.model.parameters if p != "celsius" and p in cell.model.columns]


@pytest.mark.golden
def test_solutions_have_all_their_digits():
    with (GOLDEN / "solutions.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    tried = 0
    for row in rows:
        wanted, V, exact = (row.pop(name) for name in ("wanted", "V", "exact"))
        values = {name: float(text) for name, text in row.items() if text}
        if "P_K" not in values or "pump_Na_half" in values or wanted == "celsius":
            continue
        ions = [name for name in ("K", "Na", "Cl", "Ca") if f"P_{name}" in values]
        model = fr.GHK(*ions, pump="constant" if "pump_max" in values else "ratio")
        output = model.outputs[fr.solution(wanted, V=float(V))]
        found = output.value_at({**model.defaults, **values, wanted: 1.0})
        exact = float(exact) if exact else math.nan
        assert found == pytest.approx(exact, rel=2e-13, nan_ok=True), row
        tried += 1
    assert tried > 20


@pytest.mark.golden
@pytest.mark.parametrize(
    ("parameter", "V", "exact"),
    [
        ("K_out", -60, 11.187842368942695581),
        ("K_out", -55, 15.330653351861403333),
        ("K_out", -80, 0.5784708664226821122),
        ("K_in", -60, 81.587146587752012583),
        ("P_Na", -60, 0.083147611284648970232),
        ("P_Na", -80, 0.0093477580507862479966),
        ("Na_out", -60, 299.69605922356738952),
        ("Na_in", -75, 1033.1627116002195525),
        ("P_Cl", -73, 9.9910441547851501947),
        ("Cl_in", -60, 20.750760819872656846),
        ("Cl_out", -75, 200.503352142241738),
        ("P_K", -60, 0.37055322332459208573),
        ("P_Cl", -68, math.nan),
        ("P_Na", -85, math.nan),
        ("K_out", -90, math.nan),
    ],
)
@pytest.mark.parametrize("engine", ["python", *_kernels.SUPPORTED])
def test_solutions_of_the_base_cell(parameter, V, exact, engine):
    sweep = fr.grid(NEURON, celsius=[37.0])
    of = fr.solution(parameter, V=V)
    assert sweep.values(of=of, engine=engine)[0] == pytest.approx(exact, rel=1e-13, nan_ok=True)
    status = fr.Status.NO_SOLUTION if math.isnan(exact) else 0
    assert sweep.status(of=of, engine=engine)[0] == status


@pytest.mark.parametrize("zeros", [0.0, 0.05])
@pytest.mark.parametrize("name", CELLS)
def test_solutions_equal_the_reference_and_lead_back_to_V(name, zeros):
    cell = CELLS[name]
    table, solved = table_of(cell, 100, zeros=zeros), []
    for parameter, V in itertools.product(solved_parameters(cell), TARGETS):
        of = fr.solution(parameter, V=V)
        found, status = table.values(of=of), table.status(of=of)
        exact = table.values(of=of, engine="python")
        np.testing.assert_array_equal(status, table.status(of=of, engine="python"), of)
        np.testing.assert_array_equal(np.isnan(found), status != 0, of)
        good = status == 0
        back = fr.table(cell, {**table.inputs, parameter: np.where(good, found, 1.0)}).values()
        # a solution of 0 may leave an empty side, where V is infinite
        good &= np.isfinite(back)
        np.testing.assert_allclose(back[good], V, rtol=0, atol=1e-12, err_msg=of)
        np.testing.assert_allclose(found[good], exact[good], rtol=1e-8, atol=0, err_msg=of)
        solved.append(good.mean())
    assert np.mean(solved) > 0.2


@pytest.mark.parametrize("name", CELLS)
def test_bits_depend_on_the_point_alone(name):
    table = table_of(CELLS[name], 600, seed=2, zeros=0.01)
    solutions = [fr.solution(one, V=-62.5) for one in solved_parameters(CELLS[name])]
    assert_bits_of_points_alone(table, solutions)


def test_the_value_of_the_parameter_itself_does_not_count():
    of = fr.solution("K_out", V=-60)
    sweep = fr.table(NEURON, {"K_out": [5.0, -3.0, np.nan]})
    np.testing.assert_allclose(sweep.values(of=of), NEURON.solve("K_out", V=-60), rtol=1e-14)
    bad = fr.table(NEURON, {"P_Na": [0.04, -3.0, np.nan], "celsius": [37.0, 37.0, 37.0]})
    assert bad.status(of=of).tolist() == [0, fr.Status.NEGATIVE, fr.Status.NOT_FINITE]


def test_a_sweep_solves_for_an_axis_of_potentials():
    sweep = fr.grid(NEURON, P_Na=[0.02, 0.04], celsius=[20.0, 37.0])
    targets = np.array([[-70.0, -60.0, -55.0], [-90.0, 0.0, 20.0]])
    found = sweep.solve("K_out", V=targets)
    assert found.shape == (2, 2, 2, 3)
    assert sweep.solve("K_out", V=-60).shape == (2, 2)
    for index in np.ndindex(found.shape):
        cell = NEURON.replace(P_Na=[0.02, 0.04][index[0]], celsius=[20.0, 37.0][index[1]])
        try:
            exact = cell.solve("K_out", V=targets[index[2:]])
        except ValueError:
            exact = math.nan
        assert found[index] == pytest.approx(exact, rel=1e-12, nan_ok=True)
    with pytest.raises(MemoryError, match="one potential at a time"):
        sweep.solve("K_out", V=targets, max_memory=10)


def test_every_verb_takes_solutions():
    cell = NEURON.under({"block": {"P_Na": fr.times(0.5)}})
    of = fr.solution("K_out", V=-55)
    space = fr.space(cell, P_Na=fr.lognormal(cv=0.3), P_Cl=fr.uniform(0.3, 0.6))
    sample = space.sample(2**12, rng=1)
    values = sample.values(of=of)
    assert sample.summary(of=of).mean == pytest.approx(np.nanmean(values), rel=1e-12)
    assert sample.fraction(above=15, of=of) == (values > 15).mean()
    assert space.sobol(2**12, of=of, rng=1)["ST"][0] > 0.5
    with pytest.raises(ValueError, match=r"exact indices are those of V, .* sample instead"):
        space.sobol(of=of)
    safe = space.population(2**12, rng=1, accept=[fr.above(15, of=of)])
    assert safe.accepted == (values >= 15).sum()
    changed = sample.values(of=fr.change("control", "block", of=of))
    np.testing.assert_array_equal(changed, sample.values(of=fr.output(of, at="block")) - values)
    assert cell.model.outputs[of].unit == "mM"


@pytest.mark.parametrize(
    ("cell", "parameter", "rule"),
    [
        (NEURON, "Ca_out", "unknown parameter 'Ca_out'"),
        (NEURON, "celsius", "proportional to the absolute temperature"),
        (NEURON.to_chord(), "K_out", "has no solutions in sweeps"),
        (NEURON.passive("Cl"), "Cl_in", "unknown parameter 'Cl_in'"),
        (NEURON.living(R_m=7), "K_out", "has no solutions in sweeps"),
    ],
)
def test_solutions_that_are_not_there_are_refused(cell, parameter, rule):
    with pytest.raises(ValueError, match=rule):
        fr.grid(cell, celsius=[30.0]).solve(parameter, V=-60)


def test_bad_targets_are_refused():
    with pytest.raises(ValueError, match="V must be finite"):
        fr.solution("K_out", V=math.nan)
    with pytest.raises(TypeError, match="parameter must be text"):
        fr.solution(3, V=-60)
    with pytest.raises(ValueError, match="unknown output"):
        fr.grid(NEURON, K_out=[3.0]).values(of="solution('K_out', V='-60')")


def test_a_conductance_of_an_absent_ion_has_no_solution():
    cell = fr.Cell(
        fr.Chord("K", "Na"), g_K=1, g_Na=0.1, K_out=5, K_in=140, Na_out=145, Na_in=0, celsius=37
    )
    with pytest.raises(ValueError, match="V is inf mV with any g_Na above 0"):
        cell.solve("g_Na", V=-60)
    assert cell.replace(K_out=140).solve("g_Na", V=0) == 0


def test_celsius_and_V_are_not_solved_for_by_the_core():
    z = (1, 1, -1)
    for output in (9, 10, 11, 13):
        with pytest.raises(ValueError, match="this output"):
            _kernels.Equation("ghk_solution", z, 0, output)
    assert _kernels.Equation("ghk_solution", z, 0, 12)
    assert _kernels.Equation("field_solution", z, -1, 10)
