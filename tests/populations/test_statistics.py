"""Moments, marginals and intervals of a population."""

import math

import numpy as np
import pytest
from scipy import stats

import fastrest as fr
from fastrest.populations.counts import BINS
from helpers.populations import CELL, SPACE, Brute, N, check_counts


def test_moments_equal_those_of_accepted_parameters(pop, brute):
    x = np.array([brute.inputs[name][brute.accepted] for name in pop.names])
    np.testing.assert_allclose(pop.mean, x.mean(axis=1), rtol=1e-13)
    scale = np.outer(x.std(axis=1), x.std(axis=1))
    assert np.abs((pop.covariance - np.cov(x, ddof=0)) / scale).max() < 1e-11
    assert np.abs(pop.correlation - np.corrcoef(x)).max() < 1e-11


def test_marginals_count_accepted_beside_equal_parts_of_the_candidates(pop, brute):
    assert list(pop.marginals) == list(pop.names)
    for name, one in pop.marginals.items():
        x = brute.inputs[name]
        inner = one.edges[1:-1]
        assert len(inner) == BINS - 1
        counts = np.bincount(np.digitize(x[brute.accepted], inner), minlength=BINS)
        assert (one.accepted == counts).all()
        assert (one.proposed == 1 / BINS).all()
        proposed = np.bincount(np.digitize(x, inner), minlength=BINS)
        assert stats.chisquare(proposed).pvalue > 1e-4
    assert pop.marginals["P_Na"].edges[[0, -1]].tolist() == [0, math.inf]
    assert pop.marginals["K_out"].edges[[0, -1]].tolist() == [3, 6]


def test_marginals_count_candidates_where_no_quantile_is_known():
    atoms = stats.rv_histogram(([1, 0, 1], [3.0, 3.0 + 1e-14, 5.0, 5.0 + 1e-14]), density=False)
    space = fr.space(CELL, K_out=atoms, Na_out=fr.uniform(120, 150), K_in=fr.affine(285, Na_out=-1))
    pop = space.population(N, rng=1, accept=[fr.between(-72, -68)])
    assert pop.names == ("K_out", "Na_out", "K_in")
    brute = Brute(pop, N)
    check_counts(pop, brute)
    for name in ("K_out", "K_in"):
        one, x = pop.marginals[name], brute.inputs[name]
        inner, bins = one.edges[1:-1], len(one.edges) - 1
        assert (one.proposed * N).round().sum() == N
        for counts, of in ((one.proposed * N, x), (one.accepted, x[brute.accepted])):
            expected = np.bincount(np.digitize(of, inner), minlength=bins)
            np.testing.assert_allclose(counts, expected, rtol=1e-12)
    assert len(pop.marginals["K_out"].edges) < BINS
    assert len(pop.marginals["K_in"].edges) == BINS + 1
    assert pop.marginals["K_in"].proposed.max() < 1.3 / BINS
    assert pop.correlation[1, 2] == pytest.approx(-1, abs=1e-9)


def test_moments_beyond_the_doubles_are_nan_and_the_others_stand():
    far = stats.rv_histogram(([999, 1], [0.4, 0.5, 1e200]), density=False)
    space = fr.space(CELL, P_Cl=far, K_out=fr.uniform(3, 6))
    pop = space.population(30_000, rng=1)
    assert math.isnan(pop.covariance[0, 0])
    assert pop.covariance[1, 1] == pytest.approx(0.75, rel=0.05)
    assert math.isfinite(pop.mean[1])


@pytest.mark.parametrize(("accepted", "n"), [(0, 10), (1, 10), (10, 10), (333, 1000)])
def test_acceptance_interval_equals_wilsons(accepted, n, monkeypatch):
    pop = SPACE.population(n, rng=1)
    vars(pop).update(accepted=accepted)
    expected = stats.binomtest(accepted, n).proportion_ci(method="wilson")
    assert pop.interval == pytest.approx((expected.low, expected.high), abs=1e-12)
