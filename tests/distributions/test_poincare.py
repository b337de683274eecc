"""Poincare constants: closed forms, infinite ones, and their scale."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest.distributions.poincare import poincare_constant
from fastrest.distributions.scipy_frozen import as_distribution
from fastrest.distributions.tabulated import EIGHTHS


@pytest.mark.parametrize(
    ("one", "constant"),
    [
        (fr.uniform(2, 5), 9 / math.pi**2),
        (fr.loguniform(1, math.e), 1 / math.pi**2),
        (fr.normal(mean=5, sd=3), 9),
        (fr.normal(mean=0, sd=3, low=-1, high=1), 4 / math.pi**2),
        (fr.normal(mean=0, sd=1, low=-9, high=9), 1),
        (fr.lognormal(sigma_log=0.5), 0.25),
    ],
)
def test_poincare_of_each_family(one, constant):
    assert one.poincare == pytest.approx(constant, rel=1e-12)


@pytest.mark.parametrize(
    "one",
    [
        fr.uniform(-8e307, 8e307),
        fr.normal(mean=0, sd=1e200),
        fr.normal(mean=0, sd=1e300, low=-1e300, high=1e300),
        fr.triangular(-1e307, 0, 1e307),
    ],
)
def test_poincare_beyond_the_doubles_is_infinite(one):
    assert one.poincare == math.inf


def bessel(order, x):
    """J_0 and J_1 by their series."""
    term = (x / 2) ** order
    total = term
    for k in range(1, 40):
        term *= -((x / 2) ** 2) / (k * (k + order))
        total += term
    return total


@pytest.mark.parametrize("mode", [0, 0.1, 0.5, 0.8, 1])
def test_poincare_of_triangular_distributions(mode):
    """Roustant et al. 2017: eigenfunctions are J_0 of the distance from either end."""

    def crossing(k):
        left, right = k * mode, k * (1 - mode)
        return bessel(0, left) * bessel(1, right) + bessel(0, right) * bessel(1, left)

    low, high = 1.5, 4.9
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(low) * crossing(middle) > 0 else (low, middle)
    wanted = (3 / low) ** 2
    assert fr.triangular(2, 2 + 3 * mode, 5).poincare == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "constant"),
    [
        (lambda stats: stats.uniform(2, 3), 9 / math.pi**2),
        (lambda stats: stats.norm(5, 3), 9),
        (lambda stats: stats.lognorm(0.5), 0.25),  # of ln x
        (lambda stats: stats.gamma(3), 1 / 2),  # of ln x: Morse's potential
        (lambda stats: stats.gamma(10), 1 / 9),
        (lambda stats: stats.rv_histogram((np.ones(10), np.arange(11))), 100 / math.pi**2),
    ],
)
def test_poincare_of_scipys_distributions(make, constant):
    one = as_distribution(make(pytest.importorskip("scipy.stats")))
    assert one.poincare == pytest.approx(constant, rel=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda stats: stats.poisson(3),
        lambda stats: stats.rv_histogram((np.array([1, 0, 1]), np.arange(4))),
        lambda stats: stats.cauchy(),
        lambda stats: stats.t(3),
        lambda stats: stats.expon(),
    ],
)
def test_poincare_of_gaps_and_heavy_tails_is_infinite(make):
    assert as_distribution(make(pytest.importorskip("scipy.stats"))).poincare == math.inf


def gap(place):
    return SimpleNamespace(ppf=lambda u: u + (u > place))


@pytest.mark.parametrize("place", [0.5, 0.25, 0.3, 2.0**-10, 1e-3, 1e-5, 1e-7])
def test_poincare_sees_a_gap_anywhere(place):
    for one in (gap(place), gap(1 - place)):
        assert as_distribution(one).poincare == math.inf


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 10))]
)
def test_poincare_sees_an_empty_bin_as_a_gap(seed):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10 ** rng.integers(1, 5), 9)
    full = as_distribution(stats.rv_histogram((counts, np.arange(10.0))))
    counts[rng.integers(1, 8)] = 0
    with_gap = as_distribution(stats.rv_histogram((counts, np.arange(10.0))))
    assert full.poincare < with_gap.poincare == math.inf


def test_poincare_constant_is_infinite_where_squares_of_quantiles_overflow():
    breaks = EIGHTHS
    tails = -(2.0**-53 / breaks) * 1e200, (2.0**-53 / breaks) * 1e200
    values = [lambda t, tail=tail: np.interp(t, breaks, tail) for tail in tails]
    assert poincare_constant(*values, (breaks, breaks)) == math.inf


@st.composite
def triangulars(draw):
    low, width, part = draw(st.floats(-1e6, 1e6)), draw(st.floats(1e-6, 1e6)), draw(st.floats(0, 1))
    return fr.triangular(low, min(low + part * width, low + width), low + width)


@pytest.mark.slow
@pytest.mark.property
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(triangulars(), st.floats(0.1, 10))
def test_poincare_scales_with_the_square(one, factor):
    assert one.scaled(factor).poincare == pytest.approx(one.poincare * factor**2, rel=1e-6)


@pytest.mark.parametrize(
    "one", [fr.uniform(3, 6), fr.triangular(1, 2, 5), fr.normal(mean=5, sd=3, low=1, high=8)]
)
def test_poincare_constant_is_the_eigenvalue_that_scipy_finds(one):
    linalg = pytest.importorskip("scipy.linalg")
    x, part = one.ppf(np.linspace(0, 1, 401)), 1 / 400
    stiffness, mass = np.zeros((401, 401)), np.zeros((401, 401))
    for i, width in enumerate(np.diff(x)):
        both = np.ix_([i, i + 1], [i, i + 1])
        stiffness[both] += part / width**2 * np.array([[1, -1], [-1, 1]])
        mass[both] += part / 6 * np.array([[2, 1], [1, 2]])
    (least,) = linalg.eigh(stiffness, mass, eigvals_only=True, subset_by_index=[1, 1])
    quantile, breaks = one.quantile, one.recipe.breaks
    found = poincare_constant(lambda t: quantile(t, 1 - t), lambda t: quantile(1 - t, t), breaks)
    assert found == pytest.approx(1 / least, rel=1e-3)
