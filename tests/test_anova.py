"""Exact Sobol' indices: closed forms, golden values, brute force, and the error that is claimed."""

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import anova, lines
from fastrest.distributions import distribution_of
from fastrest.model import phi
from fastrest.quadrature import rule

properties = settings(max_examples=40, deadline=None, derandomize=True, database=None)

CELL = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # its chloride is passive
GOLDEN = Path(__file__).with_name("golden") / "sobol.csv"
INDICES = ("S1", "ST", "S2")


def error_of(r, exact):
    """The largest error of a result, as its tolerance means it."""
    errors = [abs(r.mean - exact.mean) / exact.sd, abs(r.variance / exact.variance - 1)]
    return max(errors + [np.nanmax(np.abs(r[k] - exact[k]), initial=0.0) for k in INDICES])


# ---- the analysis of variance, of functions whose parts are known ----


def parts_of(function, distributions, m):
    """The variance that each set of inputs makes, by quadrature with m nodes of each."""
    rules = [rule(one, m) for one in distributions]
    values = function(*np.meshgrid(*(one.nodes for one in rules), indexing="ij"))
    coefs = anova.coefficients(values, rules)
    sums = anova.by_subset(np.square(coefs), [m] * len(rules))
    members = itertools.product([False, True], repeat=len(rules))
    return {frozenset(np.flatnonzero(some).tolist()): part for some, part in zip(members, sums)}


def test_ishigami_function_has_its_parts():
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


def test_a_product_has_the_products_of_the_parts():
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


def moments_of_log(a, b):
    """Mean and variance of ln x, x uniform from a to b."""
    first, second = (x * math.log(x) - x for x in (b, a))
    mean = (first - second) / (b - a)
    squares = [x * (math.log(x) ** 2 - 2 * math.log(x) + 2) for x in (b, a)]
    return mean, (squares[0] - squares[1]) / (b - a) - mean**2


def test_a_nernst_potential_has_its_closed_form():
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


def test_temperature_alone_scales():
    r = fr.space(CELL, celsius=fr.uniform(20, 37)).sobol()
    unit = CELL.potential() / phi(37.0)
    assert r.mean == pytest.approx(unit * phi(28.5), rel=1e-13)
    assert r.sd == pytest.approx(abs(unit) * (phi(37.0) - phi(20.0)) / math.sqrt(12), rel=1e-12)
    assert (r["S1"], r["ST"]) == (pytest.approx([1.0]), pytest.approx([1.0]))


# ---- golden values ----


def golden():
    with GOLDEN.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for inputs, group in itertools.groupby(rows, key=lambda row: row["inputs"]):
        exact = {row["index"]: float(row["exact"]) for row in group}
        yield pytest.param(dict(word.split("=", 1) for word in inputs.split()), exact, id=inputs)


@pytest.mark.parametrize(("inputs", "exact"), list(golden()))
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-11])
def test_golden_indices_are_met_within_the_error_claimed(inputs, exact, tolerance):
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


# ---- brute force ----


def brute_force(space, m):
    """Mean, variance and indices from V on the full grid of m nodes of each input."""
    rules = [rule(one, m) for one in space.distributions]
    grids = np.meshgrid(*(one.nodes for one in rules), indexing="ij", sparse=True)
    V = space.cell.model(**{**space.cell, **dict(zip(space.names, grids))})

    def mean_over(array, inputs):
        for d in sorted(inputs, reverse=True):
            array = np.tensordot(array, rules[d].weights, axes=(d, 0))
        return array

    d = len(space)
    mean = float(mean_over(V, range(d)))
    V = V - mean

    def part(*some):
        """Variance of the mean of V, given some inputs."""
        square = mean_over(V, set(range(d)) - {*some}) ** 2
        for i in reversed(some):
            square = square @ rules[i].weights
        return float(square)

    variance = part(*range(d))
    first = np.array([part(i) for i in range(d)]) / variance
    total = [1 - part(*(j for j in range(d) if j != i)) / variance for i in range(d)]
    second = np.full((d, d), np.nan)
    for i, j in itertools.combinations(range(d), 2):
        second[i, j] = part(i, j) / variance - first[i] - first[j]
    indices = {"S1": first, "ST": np.array(total), "S2": second}
    return fr.SobolIndices(space, indices, mean, variance, "exact", tolerance=0.0)


SPACES = {
    "uniform": fr.space(
        CELL,
        **{
            name: fr.times(fr.uniform(0.5, 1.5))
            for name in ("P_K", "P_Na", "K_out", "Na_out", "K_in", "Cl_in")
        },
    ),
    "lognormal": fr.space(
        CELL, **{n: fr.lognormal(cv=0.5) for n in ("P_Na", "P_Cl", "K_out", "Cl_out", "Na_in")}
    ),
    "one of each": fr.space(
        CELL,
        celsius=fr.normal(sd=1, low=33, high=40),
        P_K=fr.loguniform(0.5, 2),
        K_in=fr.triangular(120, 140, 150),
        pump_ratio=fr.uniform(1, 1.6),
        P_Na=fr.lognormal(cv=0.3),
        Cl_out=fr.normal(sd=10, low=80),
    ),
    "permeabilities": fr.space(
        CELL, **{n: fr.lognormal(cv=0.4) for n in ("P_K", "P_Na", "P_Cl", "pump_ratio")}
    ),
    "concentrations": fr.space(
        CELL,
        **{n: fr.times(fr.uniform(0.7, 1.3)) for n in CELL if n.endswith(("_out", "_in"))},
    ),
    "passive": fr.space(
        MUSCLE,
        Cl_out=fr.uniform(100, 130),
        K_out=fr.uniform(3, 6),
        P_Na=fr.lognormal(cv=0.5),
        celsius=fr.uniform(30, 40),
    ),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6, 1e-9])
def test_brute_force_is_met_within_the_error_claimed(space, tolerance):
    r = space.sobol(tolerance=tolerance)
    assert r.tolerance <= tolerance
    assert error_of(r, brute_force(space, 11 if len(space) < 6 else 9)) <= r.tolerance + 1e-9


def random_space(rng):
    """Up to four inputs of any cell, of distributions that reach far."""
    while True:
        cell = fr.cells[rng.choice(list(fr.cells))]
        if cell.model.separable:
            break

    def distribution(name):
        if name == "celsius":
            return fr.uniform(low := rng.uniform(5, 30), low + rng.uniform(1, 10))
        ends = np.sort(rng.uniform(0.05, 2.5, 3))
        return [
            fr.lognormal(cv=rng.choice([0.1, 0.5, 1.5])),
            fr.times(fr.uniform(ends[0] * rng.integers(2), ends[2])),
            fr.times(fr.loguniform(0.1, 10)),
            fr.times(fr.triangular(*ends)),
            fr.normal(sd=cell[name] * rng.uniform(0.05, 1), low=0),
        ][rng.integers(5)]

    names = [name for name in cell if cell[name] > 0]
    chosen = rng.choice(names, rng.integers(1, 5), replace=False)
    return fr.space(cell, **{name: distribution(name) for name in chosen.tolist()})


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("seed", range(4))
def test_no_error_is_larger_than_claimed(tolerance, seed):
    rng = np.random.default_rng([seed, 4])
    compared = 0
    for _ in range(25):
        space = random_space(rng)
        try:
            r, exact = (space.sobol(tolerance=t) for t in (tolerance, tolerance / 1000))
        except ValueError as error:
            assert "nodes do not reach the tolerance" in str(error)  # noqa: PT017
            continue
        if r.variance == 0:
            assert exact.variance == 0
            continue
        assert error_of(r, exact) <= r.tolerance + exact.tolerance
        compared += 1
    assert compared >= 15


# ---- what indices must satisfy ----


def inputs(*names):
    return st.fixed_dictionaries({name: st.floats(0.05, 0.8) for name in names})


@properties
@given(inputs("P_K", "P_Na", "K_out", "K_in", "Cl_out"))
def test_parts_are_parts(spreads):
    space = fr.space(CELL, **{n: fr.times(fr.uniform(1 - s, 1 + s)) for n, s in spreads.items()})
    r = space.sobol(tolerance=1e-4)
    rounding = 1e-12
    assert (r["S1"] >= 0).all()
    assert (r["ST"] >= r["S1"] - rounding).all()
    assert np.nansum(r["S2"]) + r["S1"].sum() <= 1 + rounding
    assert r["ST"].sum() >= 1 - rounding
    opposite = sorted(space.names.index(name) for name in ("K_out", "K_in"))
    assert r["S2"][*opposite] == 0.0  # they stand in different sums
    both = r["S1"] + np.nansum(r["S2"], axis=0) + np.nansum(r["S2"], axis=1)
    assert (both <= r["ST"] + rounding).all()


@properties
@given(inputs("P_K", "K_out", "celsius"), st.permutations(range(3)))
def test_the_order_of_inputs_is_that_of_the_indices(spreads, order):
    given_ = {n: fr.times(fr.uniform(1 - s / 10, 1 + s / 10)) for n, s in spreads.items()}
    names = [list(given_)[i] for i in order]
    r = fr.space(CELL, **given_).sobol()
    other = fr.space(CELL, **{name: given_[name] for name in names}).sobol()
    assert other["names"] == names
    for key in ("S1", "ST"):
        assert other[key] == pytest.approx(r[key][list(order)], abs=1e-11)


def test_two_inputs_make_the_variance_alone_and_together():
    r = fr.space(CELL, P_Na=fr.lognormal(cv=1), K_out=fr.uniform(1, 20)).sobol()
    assert r["S1"].sum() + r["S2"][0, 1] == pytest.approx(1, abs=1e-13)
    assert r["ST"] == pytest.approx(r["S1"] + r["S2"][0, 1], abs=1e-13)


def test_an_input_that_does_not_enter_v_has_indices_of_0():
    r = SPACES["passive"].sobol()
    assert r["S1"][0] == r["ST"][0] == 0.0
    assert r["S2"][0, 1:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "space",
    [
        fr.space(MUSCLE, Cl_out=fr.uniform(100, 130)),
        fr.space(CELL.replace(P_Na=0, P_Cl=0), P_K=fr.uniform(1, 2)),
        fr.space(CELL, P_K=fr.times(fr.uniform(1, 1 + 1e-15))),
    ],
    ids=["passive", "one permeant ion", "no spread"],
)
def test_a_potential_that_does_not_vary_has_no_parts(space):
    r = space.sobol()
    assert (r.variance, r.sd, r.tolerance) == (0.0, 0.0, 0.0)
    assert r.mean == pytest.approx(space.cell.potential(), abs=1e-12)
    assert np.isnan(r["S1"]).all()
    assert np.isnan(r["ST"]).all()


def test_an_equilibrium_that_temperature_scales_has_no_parts():
    even = CELL.replace(**{f"{ion}_in": CELL[f"{ion}_out"] for ion in ("K", "Na", "Cl")})
    r = fr.space(even, celsius=fr.uniform(20, 37), P_Na=fr.lognormal(cv=0.5)).sobol()
    assert (r.mean, r.variance) == (0.0, 0.0)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_change_bits(threads):
    space = fr.space(CELL, **{n: fr.lognormal(cv=0.4) for n in CELL if n[:1] in "PKN"})
    assert space.sobol(tolerance=1e-5, threads=threads) == space.sobol(tolerance=1e-5, threads=3)


def test_the_result_says_what_it_is():
    space = SPACES["lognormal"]
    r = space.sobol(tolerance=1e-4)
    assert (r.space, r.method, r.n, r.replicates, r.invalid) == (space, "exact", None, None, {})
    assert 0 < r.tolerance <= 1e-4
    assert r == space.sobol(tolerance=1e-4)


# ---- how many nodes ----


def test_points_fill_a_cube_evenly():
    for dims in (1, 2, 5):
        u = lines.evenly(1000, dims)
        assert u.shape == (1000, dims)
        assert np.abs(u.mean(axis=0) - 0.5).max() < 5e-3
        assert np.abs((u**2).mean(axis=0) - 1 / 3).max() < 5e-3
        covariances = np.cov(u.T).reshape(dims, dims) - np.eye(dims) / 12
        assert np.abs(covariances).max() < 5e-3


def test_lines_at_the_ends_weigh_as_much_as_these_are_probable():
    u, weights = lines.places(3)
    assert ((u > 0) & (u < 1)).all()
    assert weights[: lines.LINES].sum() == pytest.approx(1)
    far = weights[lines.LINES :]
    rare = [(u[lines.LINES :] < 17.0**-k).any(axis=1) for k in (1, 3)]
    assert far[rare[0]].sum() > far[rare[1]].sum() > 0
    assert far[rare[1]].sum() < 1e-2


def test_inputs_get_nodes_as_they_need_them(monkeypatch):
    asked = []
    at = anova.Factored.at
    monkeypatch.setattr(anova.Factored, "at", lambda self, x: asked.append(dict(x)) or at(self, x))
    space = fr.space(CELL, P_Na=fr.times(fr.loguniform(0.01, 100)), Na_in=fr.uniform(14, 16))
    space.sobol()
    assert asked[0] == {"P_Na": 0, "Na_in": 0}
    assert asked[-2]["P_Na"] > asked[-2]["Na_in"]


def test_nodes_are_added_until_change_and_lines_agree(monkeypatch):
    # lines that see only a part of what rules leave out are found out by the change
    error = lines.Lines.error
    monkeypatch.setattr(lines.Lines, "error", lambda *where: 1e-3 * error(*where))
    space = SPACES["permeabilities"]
    r = space.sobol(tolerance=1e-5)
    monkeypatch.undo()
    assert error_of(r, space.sobol(tolerance=1e-10)) <= r.tolerance <= 1e-5


# ---- what is refused ----


def refused(message, space, **options):
    with pytest.raises(ValueError, match=message):
        space.sobol(**options)


def test_correlated_inputs_are_refused():
    given = {"K_out": fr.uniform(3, 6), "Na_out": fr.uniform(130, 150)}
    space = fr.space(CELL, **given, correlation={("K_out", "Na_out"): -0.5})
    refused("inputs must be independent, but K_out and Na_out are correlated", space)


def test_models_that_do_not_factor_are_refused_with_a_way_out():
    calcium = fr.Cell(fr.GHK("K", "Ca"), P_K=1, P_Ca=1, K_out=5, Ca_out=2, K_in=140, Ca_in=1e-4,
                      celsius=37)  # fmt: skip
    for cell in (calcium, CELL.to_chord()):
        space = fr.space(cell, K_out=fr.uniform(3, 6))
        message = r"need a GHK model of monovalent ions, got .*: sample instead: space.sobol\(2"
        refused(message, space)


def test_infinite_potentials_are_refused_with_their_place():
    stats = pytest.importorskip("scipy.stats")
    cell = CELL.replace(P_Na=0, P_Cl=0)
    space = fr.space(cell, K_out=stats.randint(0, 3), K_in=fr.uniform(100, 150))
    refused(r"finite potential .* got INFINITE at K_out=0.*nan_policy='omit'", space)


def test_infinite_potentials_off_the_nodes_are_seen_on_lines():
    # the products of few nodes are doubles, those of the ends are not
    space = fr.space(CELL, K_in=fr.lognormal(sigma_log=80), P_K=fr.lognormal(sigma_log=80))
    refused("finite potential at all values of the inputs, got RANGE at K_in=.*, P_K=", space)


@pytest.mark.parametrize(
    ("values", "status"),
    [({"K_out": 0}, "INFINITE"), ({"K_out": 0, "K_in": 0}, "NO_PERMEANT")],
)
@pytest.mark.parametrize("name", ["Na_in", "Cl_in", "celsius"])  # in the other sum, or in none
def test_a_cell_without_a_potential_is_refused_with_its_status(values, status, name):
    cell = CELL.replace(P_Na=0, P_Cl=0, **values)
    space = fr.space(cell, **{name: fr.uniform(10, 20)})
    refused(rf"^the cell has no potential \({status}\), whatever {name} may be$", space)


def test_a_tolerance_that_is_not_reached_is_all_that_is_said():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=1e3), K_out=fr.lognormal(cv=1e3))
    with pytest.raises(ValueError, match="nodes do not reach the tolerance") as e:
        space.sobol(tolerance=1e-6)
    assert "without bound" not in str(e.value)


def test_a_potential_without_bound_takes_more_nodes_than_there_are():
    space = fr.space(CELL.replace(P_Na=0, P_Cl=0), K_out=fr.uniform(0, 5))
    message = "K_out: 64 nodes do not reach the tolerance.*: pass a larger tolerance, or sample"
    refused(message, space)
    exact = moments_of_log(1e-300, 5)[1] * phi(CELL["celsius"]) ** 2
    r = space.sobol(tolerance=0.1)
    assert abs(r.variance / exact - 1) <= r.tolerance


def test_too_many_nodes_are_refused_before_they_are_computed(monkeypatch):
    monkeypatch.setattr(anova, "MOST_NODES", 3**4)
    refused(r"exact indices of 6 inputs take .* nodes, more than .*: sample", SPACES["uniform"])


def test_too_much_memory_is_refused_before_it_is_taken():
    with pytest.raises(MemoryError, match=r"sample instead: space.sobol\(2\*\*17\)"):
        SPACES["uniform"].sobol(max_memory=20_000)


@pytest.mark.parametrize("tolerance", [0, -1e-6, 1, math.nan])
def test_a_tolerance_is_a_part(tolerance):
    refused("tolerance must be > 0 and < 1", SPACES["uniform"], tolerance=tolerance)
    with pytest.raises(TypeError, match="tolerance must be a number, got '1e-6'"):
        SPACES["uniform"].sobol(tolerance="1e-6")


def test_a_tolerance_below_rounding_is_refused_with_what_is_possible():
    space = fr.space(CELL, K_out=fr.uniform(5, 5 + 1e-9))
    with pytest.raises(ValueError, match=r">= .* here, as potentials are rounded") as e:
        space.sobol(tolerance=1e-9)
    possible = float(str(e.value).split()[4])
    assert 1e-6 < possible < 1e-2
    assert space.sobol(tolerance=possible).tolerance <= possible
    refused("tolerance must be >= .*, got 1e-15", SPACES["uniform"], tolerance=1e-15)
