"""Exact Sobol' indices against closed forms and golden values."""

import csv
import itertools
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.option_values import distribution_of
from fastrest.distributions.gauss import gauss_rule
from fastrest.models.outputs import phi
from fastrest.sensitivity import exact
from helpers.exact import moments_of_log
from helpers.golden import GOLDEN

CELL = fr.cells["mammalian neuron"]


def parts_of(function, distributions, m):
    """Return the variance due to each set of inputs, by quadrature with m nodes per input."""
    rules = [gauss_rule(one, m) for one in distributions]
    values = function(*np.meshgrid(*(one.nodes for one in rules), indexing="ij"))
    coefs = exact.coefficients(values, rules)
    sums = exact.by_subset(np.square(coefs), [m] * len(rules))
    members = itertools.product([False, True], repeat=len(rules))
    return {frozenset(np.flatnonzero(some).tolist()): part for some, part in zip(members, sums)}


# ---- functions with a known analysis of variance ----


def test_anova_of_ishigami_equals_its_closed_form():
    # Ishigami & Homma 1990; a = 7, b = 0.1
    a, b = 7.0, 0.1
    parts = parts_of(
        lambda x, y, z: np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x),
        [fr.uniform(-math.pi, math.pi)] * 3,
        24,
    )
    exact = {
        frozenset(): (a / 2) ** 2,
        frozenset({0}): (1 + b * math.pi**4 / 5) ** 2 / 2,
        frozenset({1}): a**2 / 8,
        frozenset({0, 2}): 8 * b**2 * math.pi**8 / 225,
    }
    for some, part in parts.items():
        assert part == pytest.approx(exact.get(some, 0.0), rel=1e-12, abs=1e-12)


def test_anova_of_a_product_equals_its_closed_form():
    # of (1 + c_i y_i), y_i of mean 0 and sd 1: the variance of a set is the product of its c^2
    c = np.array([0.5, 2.0, 0.1, 1.0, 0.7])
    ends = math.sqrt(3)
    inputs = [fr.uniform(-ends, ends), fr.normal(mean=0, sd=1), fr.uniform(-ends, ends)] + [
        fr.normal(mean=0, sd=1)
    ] * 2
    parts = parts_of(lambda *x: np.prod([1 + c[i] * x[i] for i in range(5)], axis=0), inputs, 4)
    for some, part in parts.items():
        assert part == pytest.approx(np.prod(c[list(some)] ** 2), rel=1e-12)
    assert len(parts) == 32


# ---- closed forms of V ----


def test_exact_indices_of_a_nernst_potential_equal_the_closed_form():
    # V = phi (ln K_out - ln K_in), all three uniform
    cell = CELL.replace(P_Na=0, P_Cl=0)
    space = fr.space(
        cell, K_out=fr.uniform(3, 6), celsius=fr.uniform(20, 40), K_in=fr.uniform(100, 150)
    )
    r = space.sobol(tolerance=1e-12)
    (m_out, v_out), (m_in, v_in) = moments_of_log(3, 6), moments_of_log(100, 150)
    unit, spread = phi(30.0), (phi(40.0) - phi(20.0)) ** 2 / 12
    u, v_u = m_out - m_in, v_out + v_in
    variance = (unit**2 + spread) * (v_u + u**2) - (unit * u) ** 2
    assert r.mean == pytest.approx(unit * u, rel=1e-13)
    assert r.variance == pytest.approx(variance, rel=1e-11)
    first = np.array([unit**2 * v_out, spread * u**2, unit**2 * v_in]) / variance
    assert r["S1"] == pytest.approx(first, abs=1e-12)
    total = [
        (unit**2 + spread) * v_out,
        spread * (v_u + u**2),
        (unit**2 + spread) * v_in,
    ]
    assert r["ST"] == pytest.approx(np.array(total) / variance, abs=1e-12)
    second = [spread * v_out / variance, 0.0, spread * v_in / variance]
    assert r["S2"][np.triu_indices(3, 1)] == pytest.approx(second, abs=1e-12)


def test_exact_indices_of_temperature_alone():
    r = fr.space(CELL, celsius=fr.uniform(20, 37)).sobol()
    unit = CELL.potential() / phi(37.0)
    assert r.mean == pytest.approx(unit * phi(28.5), rel=1e-13)
    assert r.sd == pytest.approx(abs(unit) * (phi(37.0) - phi(20.0)) / math.sqrt(12), rel=1e-12)
    assert (r["S1"], r["ST"]) == (pytest.approx([1.0]), pytest.approx([1.0]))


def golden():
    with (GOLDEN / "sobol.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for inputs, group in itertools.groupby(rows, key=lambda row: row["inputs"]):
        exact = {row["index"]: float(row["exact"]) for row in group}
        yield pytest.param(dict(word.split("=", 1) for word in inputs.split()), exact, id=inputs)


# ---- golden values ----


@pytest.mark.golden
@pytest.mark.parametrize(("inputs", "exact"), list(golden()))
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-11])
def test_exact_indices_equal_golden_values_within_the_claimed_error(inputs, exact, tolerance):
    cell = CELL.replace(pump_ratio=1.0)
    space = fr.space(cell, **{name: distribution_of(text) for name, text in inputs.items()})
    r = space.sobol(tolerance=tolerance)
    assert r.tolerance <= tolerance
    found = {"mean": r.mean, "variance": r.variance}
    units = {"mean": math.sqrt(exact["variance"]), "variance": exact["variance"]}
    for i, name in enumerate(space.names):
        found.update({f"{key} {name}": r[key][i] for key in ("S1", "ST")})
        for j in range(i + 1, len(space)):
            found[f"S2 {name} {space.names[j]}"] = r["S2"][i, j]
    assert found.keys() == exact.keys()
    for name, value in exact.items():
        assert abs(found[name] - value) <= r.tolerance * units.get(name, 1.0)
