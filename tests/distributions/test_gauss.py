"""Gauss rules: against the classical ones, known moments, and what every rule must satisfy."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest.distributions.gauss import composite_gauss_legendre, gauss_rule, recurrence, stieltjes
from fastrest.distributions.scipy_frozen import as_distribution

properties = settings(max_examples=60, deadline=None, derandomize=True, database=None)

FAMILIES = {
    "uniform": fr.uniform(3, 6),
    "loguniform": fr.loguniform(0.01, 2),
    "triangular": fr.triangular(1, 2, 5),
    "triangular from its mode": fr.triangular(1, 1, 5),
    "triangular to its mode": fr.triangular(1, 5, 5),
    "lognormal": fr.lognormal(median=2, cv=0.5),
    "normal": fr.normal(mean=5, sd=1),
    "truncated normal": fr.normal(mean=5, sd=1, low=4.5, high=9),
    "tail of a normal": fr.normal(mean=5, sd=1, low=8),
}
each_family = pytest.mark.parametrize("distribution", FAMILIES.values(), ids=FAMILIES)

low = st.floats(0, 100)
width = st.floats(1e-3, 100)
distributions = st.one_of(
    st.builds(lambda a, w: fr.uniform(a, a + w), low, width),
    st.builds(lambda a, w: fr.loguniform(a + 1e-3, a + w + 2e-3), low, width),
    st.builds(lambda a, w, m: fr.triangular(a, a + m * w, a + w), low, width, st.floats(0, 1)),
    st.builds(lambda m, cv: fr.lognormal(median=m, cv=cv), width, st.floats(0.01, 3)),
    st.builds(lambda m, sd: fr.normal(mean=m, sd=sd, low=0), low, width),
    st.builds(
        lambda m, sd, w: fr.normal(mean=m, sd=sd, low=m - w * sd / 2, high=m + w * sd),
        low,
        width,
        width,
    ),
)


def natural(distribution, x):
    return np.log(x) if distribution.log else x


# ---- what every rule is ----


@pytest.mark.property
@properties
@given(distributions, st.integers(1, 20))
def test_gauss_rule_is_orthonormal_and_its_weights_sum_to_1(distribution, m):
    nodes, matrix = gauss_rule(distribution, m)
    assert nodes.shape == (m,)
    assert matrix.shape == (m, m)
    assert np.abs(matrix @ matrix.T - np.eye(m)).max() < 1e-13
    assert abs(gauss_rule(distribution, m).weights.sum() - 1) < 1e-13


@pytest.mark.property
@properties
@given(distributions, st.integers(1, 20))
def test_gauss_rule_nodes_increase_within_the_bounds(distribution, m):
    nodes = gauss_rule(distribution, m).nodes
    assert (np.diff(nodes) > 0).all()
    assert distribution.bounds[0] < nodes[0]
    assert nodes[-1] < distribution.bounds[1]


@pytest.mark.property
@properties
@given(distributions, st.integers(2, 10))
def test_gauss_rule_integrates_as_one_of_more_nodes_does(distribution, m):
    some, more = gauss_rule(distribution, m), gauss_rule(distribution, 2 * m)
    middle = more.weights @ natural(distribution, more.nodes)
    sd = math.sqrt(more.weights @ (natural(distribution, more.nodes) - middle) ** 2)
    for degree in range(2 * m):
        found, exact, size = (
            one.weights @ f(((natural(distribution, one.nodes) - middle) / sd) ** degree)
            for one, f in ((some, np.asarray), (more, np.asarray), (more, np.abs))
        )
        assert abs(found - exact) < 1e-9 * size


@each_family
def test_gauss_rule_rows_of_the_matrix_are_polynomials(distribution):
    # with three terms each: y pi_1 is spanned by pi_0, pi_1 and pi_2
    nodes, matrix = gauss_rule(distribution, 8)
    y = natural(distribution, nodes)
    assert np.abs(matrix @ (y * matrix[1]))[3:].max() < 1e-13 * np.abs(y).max()


def test_gauss_rules_are_shared_and_cannot_be_changed():
    one = gauss_rule(fr.uniform(3, 6), 5)
    assert gauss_rule(fr.uniform(3, 6), 5) is one
    for array in one:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


# ---- against others ----


@pytest.mark.parametrize("m", [1, 2, 5, 13, 64, 144])
def test_gauss_rule_of_uniform_inputs_is_gauss_legendre(m):
    x, w = np.polynomial.legendre.leggauss(m)
    one = gauss_rule(fr.uniform(-1, 1), m)
    assert np.abs(one.nodes - x).max() < 1e-14
    assert np.abs(one.weights - w / 2).max() < 1e-14
    logs = gauss_rule(fr.loguniform(1 / math.e, math.e), m)
    assert np.abs(np.log(logs.nodes) - x).max() < 1e-14


@pytest.mark.parametrize("m", [1, 2, 5, 13, 64])
def test_gauss_rule_of_normal_inputs_is_gauss_hermite(m):
    x, w = np.polynomial.hermite_e.hermegauss(m)
    one = gauss_rule(fr.normal(mean=0, sd=1), m)
    assert np.abs(one.nodes - x).max() < 1e-13
    assert np.abs(one.weights - w / math.sqrt(2 * math.pi)).max() < 1e-14
    logs = gauss_rule(fr.lognormal(median=1, sigma_log=1), m)
    assert np.abs(np.log(logs.nodes) - x).max() < 1e-13


def test_gauss_rule_equals_scipys_roots():
    special = pytest.importorskip("scipy.special")
    for one, (x, w) in (
        (fr.uniform(-1, 1), special.roots_legendre(30)),
        (fr.normal(mean=0, sd=1), special.roots_hermitenorm(30)),
    ):
        found = gauss_rule(one, 30)
        assert np.abs(found.nodes - x).max() < 1e-13
        assert np.abs(found.weights - w / w.sum()).max() < 1e-14


def triangular_moment(low, mode, high, k):
    """E[x^k], exactly."""
    total = Fraction(0)
    for end in (low, high):  # the density runs from 0 at an end to 2 / (high - low) at the mode
        if end != mode:
            slope = Fraction(2, high - low) / (mode - end)
            across = Fraction(mode ** (k + 2) - end ** (k + 2), k + 2)
            across -= end * Fraction(mode ** (k + 1) - end ** (k + 1), k + 1)
            total += slope * across * (1 if end == low else -1)
    return total


@pytest.mark.parametrize("arguments", [(1, 2, 5), (0, 0, 3), (0, 4, 4), (0, 1, 1000)])
def test_gauss_rule_of_triangular_inputs_has_their_moments(arguments):
    one = gauss_rule(fr.triangular(*arguments), 6)
    for k in range(12):
        exact = float(triangular_moment(*arguments, k))
        assert one.weights @ one.nodes**k == pytest.approx(exact, rel=1e-12)


SCIPY = {
    "gamma": (2.5,),
    "beta": (2.0, 3.0),
    "truncnorm": (-1.0, 2.0),
    "weibull_min": (1.8,),
    "expon": (),
    "poisson": (4.0,),
    "uniform": (),
}


@pytest.mark.parametrize("name", SCIPY)
def test_gauss_rule_of_other_distributions_has_scipys_moments(name):
    stats = pytest.importorskip("scipy.stats")
    theirs = getattr(stats, name)(*SCIPY[name])
    one = gauss_rule(as_distribution(theirs), 40)
    for k, bound in ((1, 1e-9), (2, 1e-9), (3, 1e-8)):
        assert one.weights @ one.nodes**k == pytest.approx(theirs.moment(k), rel=bound)


def test_gauss_rule_sees_kinks_of_a_histogram():
    stats = pytest.importorskip("scipy.stats")
    sample = np.random.default_rng(1).gamma(3.0, size=300)
    theirs = stats.rv_histogram(np.histogram(sample, bins=15))
    one = gauss_rule(as_distribution(theirs), 12)
    for k in range(1, 5):
        assert one.weights @ one.nodes**k == pytest.approx(theirs.moment(k), rel=1e-9)


def test_gauss_rule_of_few_values_has_them_as_nodes():
    stats = pytest.importorskip("scipy.stats")
    dice = gauss_rule(as_distribution(stats.randint(1, 7)), 64)
    assert np.abs(dice.nodes - np.arange(1, 7)).max() < 1e-11
    assert np.abs(dice.weights - 1 / 6).max() < 1e-11
    assert gauss_rule(as_distribution(stats.randint(1, 7)), 4).nodes.shape == (4,)


@pytest.mark.slow
@pytest.mark.parametrize("m", [2, 3, 5, 9, 19, 64])
def test_gauss_rule_nodes_never_leave_the_bounds_by_rounding(m):
    stats = pytest.importorskip("scipy.stats")
    for theirs in (
        stats.poisson(0.1),
        stats.rv_discrete(values=([0, 1], [0.3, 0.7])),
        stats.binom(3, 0.2),
        stats.binom(9, 0.9),
    ):
        one = as_distribution(theirs)
        nodes = gauss_rule(one, m).nodes
        assert (nodes >= one.bounds[0]).all()
        assert (nodes <= one.bounds[1]).all()


def test_recurrence_takes_logarithms_of_values_from_0_unless_0_is_one():
    stats = pytest.importorskip("scipy.stats")
    assert recurrence(as_distribution(stats.gamma(0.5)), 16).log
    assert not recurrence(as_distribution(stats.poisson(2.0)), 16).log


@each_family
def test_gauss_rule_of_scaled_has_scaled_nodes(distribution):
    one, three = gauss_rule(distribution, 9), gauss_rule(distribution.scaled(3), 9)
    assert three.nodes == pytest.approx(3 * one.nodes, rel=1e-12)
    assert np.abs(three.weights - one.weights).max() < 1e-12


def test_gauss_rule_nodes_beyond_the_doubles_are_infinite():
    assert gauss_rule(fr.lognormal(median=1, sigma_log=80), 144).nodes[[0, -1]].tolist() == [
        0,
        math.inf,
    ]


# ---- the way there ----


@each_family
def test_composite_gauss_legendre_integrates_powers(distribution):
    u, w = composite_gauss_legendre(distribution.recipe)
    assert ((u > 0) & (u < 1)).all()
    assert abs(w.sum() - 1) < 1e-15
    for k in range(1, 8):
        assert abs(w @ u**k - 1 / (k + 1)) < 1e-14


def test_stieltjes_finds_legendre_polynomials():
    u, w = composite_gauss_legendre(FAMILIES["normal"].recipe)
    a, b = stieltjes((2 * u - 1) * math.sqrt(3), w, 40)
    k = np.arange(1.0, 40)
    assert np.abs(a).max() < 1e-13
    assert np.abs(b - math.sqrt(3) * k / np.sqrt(4 * k * k - 1)).max() < 1e-11
