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
CELLS = [NEURON, CALCIUM, PUMPED, NEURON.to_chord(), CALCIUM.to_chord(), NEURON.passive("Cl")]


def read_solutions():
    with (GOLDEN / "solutions.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted, V, exact = row.pop("wanted"), float(row.pop("V")), row.pop("exact")
            values = {name: float(x) for name, x in row.items() if x}
            ions = [name.removesuffix("_out") for name in values if name.endswith("_out")]
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
            assert abs(known.replace(**{wanted: found}).potential() - trial) <= 1e-12


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
