"""Correlations of the inputs of a space."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.profiles import examples
from helpers.spaces import space

properties = examples(60)


def test_correlation_pairs_are_ordered_and_zeros_left_out():
    one = space(
        correlation={("K_in", "P_Na"): 0.25, ("K_out", "P_Na"): -0.5, ("K_in", "celsius"): 0}
    )
    assert list(one.correlation.items()) == [(("P_Na", "K_out"), -0.5), (("P_Na", "K_in"), 0.25)]
    assert one == space(correlation={("P_Na", "K_in"): 0.25, ("P_Na", "K_out"): -0.5})
    assert space(correlation={("K_in", "P_Na"): 0.0}) == space() == space(correlation={})
    twice = {("P_Na", "K_out"): -0.5, ("K_out", "P_Na"): -0.5}
    assert space(correlation=twice).correlation == {("P_Na", "K_out"): -0.5}


@pytest.mark.property
@properties
@given(st.floats(-0.999, 0.999))
def test_spearmans_correlation_is_turned_into_that_of_normal_variables(rho):
    one = space(correlation={("P_Na", "K_out"): rho})
    normal = 2 * math.sin(math.pi * rho / 6)
    triangle = np.eye(4) if one.cholesky is None else one.cholesky
    np.testing.assert_allclose((triangle @ triangle.T)[0, 1], normal, rtol=1e-15, atol=1e-300)
    assert triangle[1, 1] == pytest.approx(math.sqrt(1 - normal**2), rel=1e-12)


@pytest.mark.property
@properties
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_possible_correlations_are_accepted_and_others_refused(rhos):
    names = space().names
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    matrix = np.eye(4)
    for (a, b), rho in zip(pairs, rhos):
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2 * math.sin(math.pi * rho / 6)
    least = np.linalg.eigvalsh(matrix)[0]
    if least > 1e-6 and max(map(abs, rhos)) < 1:
        triangle = space(correlation=dict(zip(pairs, rhos))).cholesky
        triangle = np.eye(4) if triangle is None else triangle
        np.testing.assert_allclose(triangle @ triangle.T, matrix, atol=1e-14)
        assert (np.triu(triangle, 1) == 0).all()
    elif least < -1e-6:
        with pytest.raises(ValueError, match=r"impossible correlations|must be > -1 and < 1"):
            space(correlation=dict(zip(pairs, rhos)))


def test_samples_have_the_requested_rank_correlations():
    stats = pytest.importorskip("scipy.stats")
    one = space(correlation={("P_Na", "K_out"): -0.8, ("celsius", "K_in"): 0.4})
    x = one.sample(2**16, rng=1).parameters(np.arange(2**16))
    found = stats.spearmanr(np.array([x[name] for name in one.names]).T).statistic
    wanted = np.eye(4)
    wanted[0, 1] = wanted[1, 0] = -0.8
    wanted[2, 3] = wanted[3, 2] = 0.4
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        ({("P_Na", "Kout"): 0.5}, "correlation: unknown input 'Kout': did you mean K_out"),
        ({("P_Na", "Na_in"): 0.5}, "correlation: unknown input 'Na_in'"),
        ({("P_Na", "P_Na"): 0.5}, "a pair must be of two inputs, got"),
        ({("K_out", "P_Na"): 1}, "of P_Na and K_out must be > -1 and < 1, got 1.0"),
        ({("K_out", "P_Na"): -1.5}, "must be > -1 and < 1, got -1.5"),
        ({("K_out", "P_Na"): math.nan}, "must be > -1 and < 1, got nan"),
        (
            {("K_out", "P_Na"): 0.5, ("P_Na", "K_out"): 0.4},
            "correlation of P_Na and K_out is given as 0.5 and 0.4",
        ),
        (
            {("P_Na", "K_out"): 0.9, ("K_out", "celsius"): 0.9, ("P_Na", "celsius"): -0.9},
            "impossible correlations: those of P_Na, K_out with each other and with celsius",
        ),
    ],
)
def test_impossible_correlations_are_named(correlation, message):
    with pytest.raises(ValueError, match=message):
        space(correlation=correlation)


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        (0.5, "correlation must be a mapping"),
        ({"K_out": 0.5}, "correlation: a key must be a pair of names, got 'K_out'"),
        ({("P_Na", "K_out", "K_in"): 0.5}, "a key must be a pair of names"),
        ({("P_Na", "K_out"): "0.5"}, "correlation of P_Na and K_out must be a number, got '0.5'"),
    ],
)
def test_correlations_must_be_a_mapping_of_pairs(correlation, message):
    with pytest.raises(TypeError, match=message):
        space(correlation=correlation)
