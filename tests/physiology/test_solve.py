"""``Cell.solve``: golden solutions, V at the solution, and errors that name the reach."""

import csv
import random

import numpy as np
import pytest

import fastrest as fr
from tests.helpers.golden import GOLDEN

NEURON = fr.cells["mammalian neuron"]
CALCIUM = NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4)
PUMPED = fr.cells["cardiac ventricular myocyte"].replace(pump_ratio=1.5)
CONSTANT = fr.Cell(
    fr.GHK("K", "Na", "Cl", pump="constant"),
    **{n: x for n, x in NEURON.items() if n != "pump_ratio"}
    | {"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "pump_max": 0.5},
)
SATURATING = fr.Cell(
    fr.GHK("K", "Na", "Cl", pump="saturating"),
    **{**CONSTANT, "pump_max": 2.0, "pump_Na_half": 10.0, "pump_K_half": 1.5},
)
CHORD = CONSTANT.to_chord()
CELLS = [
    NEURON,
    CALCIUM,
    PUMPED,
    NEURON.to_chord(),
    CALCIUM.to_chord(),
    NEURON.passive("Cl"),
    CHORD,
]


def read_solutions():
    with (GOLDEN / "solutions.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted, V, exact = row.pop("wanted"), float(row.pop("V")), row.pop("exact")
            values = {name: float(x) for name, x in row.items() if x}
            ions = [name.removesuffix("_out") for name in values if name.endswith("_out")]
            if "pump_max" in values:
                kind = "saturating" if "pump_K_half" in values else "constant"
                model = fr.GHK(*ions, pump=kind)
            else:
                model = (fr.Chord if "g_K" in values else fr.GHK)(*ions)
            yield pytest.param(fr.Cell(model, **values), wanted, V, exact, id=f"{wanted} {V}")


@pytest.mark.golden
@pytest.mark.parametrize(("cell", "wanted", "V", "exact"), [*read_solutions()])
def test_solutions_are_golden(cell, wanted, V, exact):
    if not exact:
        with pytest.raises(ValueError, match="reaches from"):
            cell.solve(wanted, V=V)
        return
    found = cell.solve(wanted, V=V)
    slope = cell.replace(**{wanted: found}).gradient()[wanted]
    assert abs(found - float(exact)) * abs(slope) < 1e-12  # mV
    assert found == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.property
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: repr(cell.model))
def test_potential_at_the_solution_is_the_target(cell):
    draw = random.Random(4)
    for wanted, parameter in cell.model.parameters.items():
        if not cell.gradient()[wanted]:
            continue
        for _ in range(300):
            low, high = (-19, 99) if parameter.unit == "°C" else (-3, 4)
            place = draw.uniform(low, high)
            value = place if parameter.unit == "°C" else 10**place
            others = {n: x * 10 ** draw.uniform(-1, 1) for n, x in cell.items() if n != "celsius"}
            trial = cell.model(**{**cell, **others, wanted: value})
            known = cell.replace(**{**others, wanted: value})
            found = known.solve(wanted, V=float(trial))
            least = 1e-12 * max(1.0, abs(trial) / 500)  # a pump current may drive V to many volts
            assert abs(known.replace(**{wanted: found}).potential() - trial) <= least


@pytest.mark.property
@pytest.mark.parametrize("cell", [CONSTANT, SATURATING], ids=lambda cell: cell.model.pump)
def test_currents_at_the_solution_are_balanced(cell):
    draw = random.Random(5)
    for wanted, parameter in cell.model.parameters.items():
        for _ in range(300):
            factors = {n: 10 ** draw.uniform(-1, 1) for n in cell if n != "celsius"}
            known = cell.replace(**{n: cell[n] * f for n, f in factors.items() if n != "celsius"})
            sought = draw.uniform(-19, 99) if parameter.unit == "°C" else known[wanted]
            V = known.replace(**{wanted: sought}).potential()
            start = known.replace(**{wanted: known[wanted] * (1 + draw.uniform(0, 1e-3))})
            found = start.solve(wanted, V=V)
            assert abs(known.replace(**{wanted: found}).potential() - V) <= 1e-12 * max(1, abs(V))


def test_the_nearest_of_three_concentrations_is_found():
    pump = SATURATING.replace(pump_max=40, pump_K_half=1, P_K=1e-6, P_Na=2.2e-6, Cl_in=7)
    K = np.geomspace(1e-3, 300, 4001)
    V = fr.grid(pump, K_out=K).values()
    turns = np.flatnonzero(np.diff(np.sign(np.diff(V)))) + 1
    assert len(turns) == 2
    target = (V[turns[0]] + V[0]) / 2
    found = {round(pump.replace(K_out=start).solve("K_out", V=target), 9) for start in K}
    assert len(found) == 3
    for answer in found:
        assert abs(pump.replace(K_out=answer).potential() - target) < 1e-6


def test_edges_of_domains_are_solutions():
    for wanted in ("K_out", "P_Na", "Cl_in"):
        at_zero = NEURON.replace(**{wanted: 0.0}).potential()
        assert NEURON.solve(wanted, V=at_zero) <= 1e-12
        assert NEURON.replace(**{wanted: NEURON.solve(wanted, V=at_zero)}).potential() == (
            pytest.approx(at_zero, abs=1e-12)
        )


def test_a_nernst_potential_is_a_target():
    assert NEURON.replace(K_out=NEURON.solve("K_out", E_K=-90)).nernst()["K"] == pytest.approx(
        -90, abs=1e-12
    )
    assert NEURON.solve("celsius", E_Na=60) == pytest.approx(
        37 + 310.15 * (60 / 60.63433164305339 - 1)
    )


def test_an_array_of_targets_gives_an_array():
    V = np.array([[-80.0, -70.0, -60.0]])
    found = NEURON.solve("K_out", V=V)
    assert found.shape == V.shape
    assert found.tolist() == [[NEURON.solve("K_out", V=x) for x in V.flat]]


@pytest.mark.parametrize(
    ("cell", "wanted", "target", "text"),
    [
        (NEURON, "P_Cl", {"V": -68}, r"from -68\.59 mV \(P_Cl = 0\) to -73\.62 mV \(P_Cl = inf\)"),
        (NEURON, "K_out", {"V": -90}, r"from -81\.67 mV \(K_out = 0\) to inf mV"),
        (NEURON, "celsius", {"V": 5}, "V reaches from"),
        (NEURON.passive("Cl"), "Cl_out", {"V": -60}, "V does not depend on Cl_out here"),
        (NEURON, "Na_out", {"E_K": -60}, "E_K does not depend on Na_out here"),
        (
            fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=37),
            "P_K",
            {"V": -60},
            "not depend",
        ),
        (CONSTANT, "P_K", {"V": -150}, "V reaches from"),
        (SATURATING, "K_out", {"V": -300}, "against each other"),
        (SATURATING, "pump_K_half", {"V": 0}, "V reaches from"),
        (SATURATING.replace(Na_in=0), "pump_max", {"V": 0}, "does not depend on pump_max"),
        (NEURON, "K_out", {"E_K": 1e6}, "leave the range of doubles"),
        (NEURON, "K_out", {"V": float("nan")}, "V must be finite, got nan"),
        (NEURON, "K_out", {}, "solve needs one potential"),
        (NEURON, "K_out", {"V": -60, "E_K": -90}, "solve needs one potential"),
        (NEURON, "K_ot", {"V": -60}, "did you mean K_out"),
        (NEURON, "K_out", {"E_Ca": -60}, "unknown output 'E_Ca'"),
    ],
)
def test_errors_name_the_reason(cell, wanted, target, text):
    with pytest.raises(ValueError, match=text):
        cell.solve(wanted, **target)
