"""The error that exact Sobol' indices claim, and the number of nodes it needs."""

import itertools

import numpy as np
import pytest

import fastrest as fr
from fastrest.distributions.gauss import gauss_rule
from fastrest.sensitivity import convergence, exact
from helpers.exact import INDICES, SPACES

CELL = fr.cells["mammalian neuron"]


def error_of(r, exact):
    """Return the largest error of a result, as its tolerance is defined."""
    errors = [abs(r.mean - exact.mean) / exact.sd, abs(r.variance / exact.variance - 1)]
    return max(errors + [np.nanmax(np.abs(r[k] - exact[k]), initial=0.0) for k in INDICES])


def brute_force(space, m):
    """Return mean, variance and indices from V on the full grid of m nodes per input."""
    rules = [gauss_rule(one, m) for one in space.distributions]
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
    return fr.SobolIndices(space, indices, mean, variance, tolerance=0.0)


# ---- brute force ----


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6, 1e-9])
def test_exact_indices_equal_brute_force_within_the_claimed_error(space, tolerance):
    r = space.sobol(tolerance=tolerance)
    assert r.tolerance <= tolerance
    assert error_of(r, brute_force(space, 11 if len(space) < 6 else 9)) <= r.tolerance + 1e-9


def random_space(rng):
    """Return a space of up to four inputs of any cell, with wide distributions."""
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


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("seed", range(4))
def test_exact_indices_of_random_spaces_are_within_the_claimed_error(tolerance, seed):
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


# ---- the number of nodes ----


def test_lines_are_spread_evenly_over_the_cube():
    for dims in (1, 2, 5):
        u = convergence.evenly(1000, dims)
        assert u.shape == (1000, dims)
        assert np.abs(u.mean(axis=0) - 0.5).max() < 5e-3
        assert np.abs((u**2).mean(axis=0) - 1 / 3).max() < 5e-3
        covariances = np.cov(u.T).reshape(dims, dims) - np.eye(dims) / 12
        assert np.abs(covariances).max() < 5e-3


def test_lines_at_the_ends_weigh_as_much_as_these_are_probable():
    u, weights = convergence.places(3)
    assert ((u > 0) & (u < 1)).all()
    assert weights[: convergence.LINES].sum() == pytest.approx(1)
    far = weights[convergence.LINES :]
    rare = [(u[convergence.LINES :] < 17.0**-k).any(axis=1) for k in (1, 3)]
    assert far[rare[0]].sum() > far[rare[1]].sum() > 0
    assert far[rare[1]].sum() < 1e-2


def test_quadrature_gives_each_input_the_nodes_it_needs(monkeypatch):
    asked = []
    at = exact.Factored.at
    monkeypatch.setattr(exact.Factored, "at", lambda self, x: asked.append(dict(x)) or at(self, x))
    space = fr.space(CELL, P_Na=fr.times(fr.loguniform(0.01, 100)), Na_in=fr.uniform(14, 16))
    space.sobol()
    assert asked[0] == {"P_Na": 0, "Na_in": 0}
    assert asked[-2]["P_Na"] > asked[-2]["Na_in"]


def test_quadrature_adds_nodes_until_both_error_estimates_agree(monkeypatch):
    # the change between rules reveals lines that underestimate the error
    error = convergence.Lines.error
    monkeypatch.setattr(convergence.Lines, "error", lambda *where: 1e-3 * error(*where))
    space = SPACES["permeabilities"]
    r = space.sobol(tolerance=1e-5)
    monkeypatch.undo()
    assert error_of(r, space.sobol(tolerance=1e-10)) <= r.tolerance <= 1e-5
