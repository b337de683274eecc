"""Currents, shares and conductances as outputs: exact values, the reference, and bits."""

import csv
import math
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.models.currents import currents
from helpers.golden import GOLDEN
from helpers.sweeps import assert_bits_of_points_alone

NEURON = fr.cells["mammalian neuron"]
PUMPED = NEURON.replace(pump_ratio=1.5)
CALCIUM = NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4)
LIVING_PUMP = {"pump_max": 2.0, "pump_Na_half": 10.0, "pump_K_half": 1.5}


def saturating(kind):
    weights = {"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7}
    if kind is fr.Chord:
        weights = {"g_K": 0.08, "g_Na": 0.012, "g_Cl": 0.03}
    shared = {n: NEURON[n] for n in NEURON if n.endswith(("_in", "_out"))}
    return fr.Cell(
        kind("K", "Na", "Cl", pump="saturating"), celsius=37, **weights, **shared, **LIVING_PUMP
    )


CELLS = {
    "no pump": NEURON,
    "pump ratio": PUMPED,
    "calcium": CALCIUM.replace(pump_ratio=1.2),
    "constant pump": PUMPED.absolute(R_m=7),
    "constant pump and calcium": CALCIUM.absolute(R_m=7),
    "saturating pump": saturating(fr.GHK),
    "passive chloride": NEURON.passive("Cl"),
    "conductances": NEURON.to_chord(),
    "conductances and a pump": PUMPED.absolute(R_m=7).to_chord(),
    "conductances and a saturating pump": saturating(fr.Chord),
}


def current_outputs(cell):
    """The names of the outputs that tell what flows."""
    return [name for name in cell.model.outputs if name != "V" and not name.startswith("E_")]


def random_table(cell, n, seed=0, zeros=0.0):
    """Rows around a cell: all but temperature times 10^-2 to 10^2; some are 0."""
    draw = np.random.default_rng(seed)
    rows = {name: value * 10.0 ** draw.uniform(-2, 2, n) for name, value in cell.items()}
    for name in rows:
        rows[name][draw.random(n) < zeros] = 0.0
    rows["celsius"] = draw.uniform(0, 50, n)
    return fr.table(cell, rows)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("current", "exact"),
    [
        (
            0.0,
            {
                **{"I_K": 1.43432630871053476, "I_Na": -1.56554033940564014},
                **{"I_Cl": 0.131214030695105379, "R_m": 7.04408790258189839},
                **{"g_chord_K": 0.0745229629042659369, "g_chord_Na": 0.0120014202657195531},
                **{"g_chord_Cl": 0.0344526265203987547, "g_slope_K": 0.0882537857528744651},
                **{"g_slope_Na": 0.0182343234050491989, "g_slope_Cl": 0.0354749120067420843},
                **{"share_Na": -1.0, "share_K": 0.916186107, "I_pump": 0.0, "share_pump": 0.0},
            },
        ),
        (
            0.5,
            {
                **{"I_K": 1.12542528876504798, "I_Na": -1.63187192540608793},
                **{"I_Cl": 0.00644663664103995071, "R_m": 1 / 0.134655106615742146},
                **{"I_pump": 0.5, "share_pump": 0.5 / 1.63187192540608793},
            },
        ),
    ],
)
@pytest.mark.parametrize("engine", ["python", *_kernels.SUPPORTED])
def test_currents_of_the_base_cell(current, exact, engine):
    cell = NEURON.absolute(R_m=7.04408790258189839).replace(pump_max=current)
    cell = cell.replace(P_K=1e-6, P_Na=4e-8, P_Cl=4.5e-7)
    for name, value in exact.items():
        rel = 1e-9 if name.startswith("share") else 2e-12 if name == "I_Cl" else 1e-12
        assert cell.value(of=name, engine=engine) == pytest.approx(value, rel=rel, abs=0), name


@pytest.mark.golden
def test_currents_of_one_ion_that_a_pump_balances():
    """Golden currents at V are those at the rest of a cell whose pump carries the opposite."""
    tried = 0
    with (GOLDEN / "currents.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    for row in rows:
        V, current = float(row["V"]), float(row["I"])
        P, out, inside, celsius = (float(row[n]) for n in ("P", "c_out", "c_in", "celsius"))
        if abs(V) > 100 or not (P and out and inside) or abs(current) < 1e-6:
            continue
        ion = fr.Ion("X", int(row["z"]))
        cell = fr.Cell(
            fr.GHK(ion, pump="constant"),
            P_X=P, X_out=out, X_in=inside, celsius=celsius, pump_max=-current,
        )  # fmt: skip
        assert cell.potential() == pytest.approx(V, abs=1e-10)
        for name in ("I", "g_slope", "g_chord"):
            assert cell.value(of=f"{name}_X") == pytest.approx(float(row[name]), rel=1e-11)
        tried += 1
    assert tried > 20


@pytest.mark.parametrize("name", CELLS)
def test_outputs_are_those_of_the_table_of_currents(name):
    cell = CELLS[name]
    table = cell.currents()
    found = {of: cell.value(of=of) for of in current_outputs(cell)}
    for ion, row in table.rows.items():
        fields = {"share": row.share}
        if table.absolute:
            fields |= {"I": row.current, "g_slope": row.g_slope, "g_chord": row.g_chord}
        for what, exact in fields.items():
            if not math.isnan(exact):
                assert found[f"{what}_{ion}"] == pytest.approx(exact, rel=1e-12, abs=1e-15)
    if table.absolute:
        assert found["R_m"] == pytest.approx(table.R_m, rel=1e-13)


def flows_of(table):
    """Return the larger flow of each ion at every row, and their sum over that of all net currents.

    A net current is a difference of two flows, in which the rounding of V counts.
    """
    found = []
    for i, V in enumerate(table.values(engine="python")):
        row = {name: float(column[i]) for name, column in table.inputs.items()}
        one = currents(table.cell.model, row, V) if math.isfinite(V) else {}
        net = sum(abs(ion.net) for ion in one.values())
        flows = {f"I_{name}": ion.flow for name, ion in one.items()}
        found.append({**flows, "share": sum(flows.values()) / net if net else 1.0})
    return found


@pytest.mark.parametrize("zeros", [0.0, 0.05])
@pytest.mark.parametrize("name", CELLS)
def test_kernels_equal_the_reference(name, zeros):
    cell = CELLS[name]
    table = random_table(cell, 100, zeros=zeros)
    flows = flows_of(table)
    for of in current_outputs(cell):
        found, status = table.values(of=of), table.status(of=of)
        exact = table.values(of=of, engine="python")
        np.testing.assert_array_equal(status, table.status(of=of, engine="python"), of)
        np.testing.assert_array_equal(np.isnan(found), status != 0, of)
        ordinary = status == 0
        key = "share" if of.startswith("share") else of
        error = np.abs(found - exact) - 1e-13 * np.array([one.get(key, 0.0) for one in flows])
        # exp(-700) and less counts as exp(-700)
        assert (error <= 1e-12 * np.abs(exact) + 1e-290)[ordinary].all(), of


@pytest.mark.parametrize("name", CELLS)
def test_bits_depend_on_the_point_alone(name):
    table = random_table(CELLS[name], 600, seed=3, zeros=0.02)
    assert_bits_of_points_alone(table, current_outputs(CELLS[name]))


@pytest.mark.parametrize("name", CELLS)
def test_what_flows_out_flows_in(name):
    cell = CELLS[name]
    table = random_table(cell, 500, seed=5)
    shares = [table.values(of=of) for of in current_outputs(cell) if of.startswith("share")]
    flowing = np.abs(shares).max(axis=0) > 0
    for sign in (1, -1):
        one_way = sum(np.maximum(sign * share, 0.0) for share in shares)
        np.testing.assert_allclose(one_way[flowing], 1.0, rtol=0, atol=1e-9)


def test_chord_conductances_give_the_potential():
    cell = CELLS["constant pump"]
    table = random_table(cell, 500, seed=6)
    g = {ion: table.values(of=f"g_chord_{ion}") for ion in ("K", "Na", "Cl")}
    weighted = sum(g[ion] * table.values(of=f"E_{ion}") for ion in g) - table.inputs["pump_max"]
    np.testing.assert_allclose(table.values(), weighted / sum(g.values()), rtol=1e-9)


def test_resistance_is_the_inverse_of_the_derivative_by_the_pump():
    """dV/dI_pump = -R_m: a second way to the slope conductances."""
    cell = CELLS["constant pump and calcium"]
    table = random_table(cell, 500, seed=7)
    slope = table.gradient("pump_max")["pump_max"]
    np.testing.assert_allclose(table.values(of="R_m"), -slope, rtol=1e-11)


def test_relative_cells_know_their_shares_alone():
    assert current_outputs(NEURON) == ["share_K", "share_Na", "share_Cl", "share_pump"]
    with pytest.raises(ValueError, match="unknown output 'R_m'"):
        fr.grid(NEURON, K_out=[3.0]).values(of="R_m")
    assert "share_Cl" not in CELLS["passive chloride"].model.outputs


def test_a_bad_row_has_the_status_of_its_potential():
    cell = CELLS["constant pump"]
    rows = {"K_out": [5.0, -1.0, np.nan, 5.0], "celsius": [37.0, 37.0, 37.0, 300.0]}
    table = fr.table(cell, rows)
    for of in current_outputs(cell):
        assert table.status(of=of).tolist() == table.status().tolist() == [0, 2, 1, 4]
        assert np.isnan(table.values(of=of)).tolist() == [False, True, True, True]


def test_infinite_potentials_have_no_currents():
    cell = NEURON.replace(K_in=0, Na_in=0, Cl_out=0)
    table = fr.table(cell, {"K_out": [5.0]})
    assert table.values()[0] == math.inf
    assert math.isnan(table.values(of="share_K")[0])
    assert table.status(of="share_K")[0] == fr.Status.INFINITE


def test_every_verb_takes_currents():
    cell = CELLS["constant pump"].under({"high K": {"K_out": 8.0}})
    sweep = fr.grid(cell, P_Na=fr.times(np.linspace(0.5, 2, 41)), K_out=np.linspace(3, 9, 31))
    R_m = sweep.values(of="R_m")
    s = sweep.summary(of="R_m")
    assert (s.min, s.max) == (R_m.min(), R_m.max())
    assert sweep.fraction(above=7.0, of="R_m") == (R_m > 7.0).mean()
    assert sweep.quantile(0.5, of="R_m") in R_m
    changed = sweep.values(of=fr.change("control", "high K", of="share_K"))
    expected = sweep.values(of=fr.output("share_K", at="high K")) - sweep.values(of="share_K")
    np.testing.assert_array_equal(changed, expected)
    space = fr.space(cell, P_K=fr.lognormal(cv=0.3), P_Na=fr.lognormal(cv=0.5))
    r = space.sobol(2**12, of="R_m", rng=1)
    assert (r["ST"] > 0.3).all()
    pop = space.population(2**12, rng=1, accept=[fr.between(5, 9, of="R_m")])
    sample = pop.space.sample(2**12, rng=1).values(of="R_m")
    assert pop.accepted == ((sample >= 5) & (sample <= 9)).sum()
    assert space.sample(100, rng=1).values(of="I_K").shape == (100,)


def test_derivatives_are_refused():
    with pytest.raises(ValueError, match="currents and conductances have no derivatives here"):
        CELLS["constant pump"].gradient(of="R_m")


@pytest.mark.parametrize("name", CELLS)
def test_ufuncs_are_pickled_by_name(name):
    for of in current_outputs(CELLS[name]):
        ufunc = CELLS[name].model.outputs[of].ufunc
        assert pickle.loads(pickle.dumps(ufunc)) is ufunc


def test_an_ion_that_the_model_does_not_have_is_refused_by_the_core():
    last = _kernels.REST_OUTPUTS["g_chord1"]
    assert _kernels.Equation("ghk", (1, -1), output=last)
    with pytest.raises(ValueError, match="this output"):
        _kernels.Equation("ghk", (1, -1), output=last + 1)
