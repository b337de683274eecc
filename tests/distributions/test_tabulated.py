"""Tables of quantile functions: precision in both tails, jumps, noise."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from fastrest.distributions.scipy_frozen import as_distribution
from fastrest.distributions.tabulated import EIGHTHS, TERMS


def own(ppf):
    """A distribution that has a quantile function and nothing else."""
    return as_distribution(SimpleNamespace(ppf=ppf))


def both_tails(frozen):
    t = np.append(np.random.default_rng(2).random(2000) / 2, 2.0 ** -np.arange(1.0, 50.0))
    one = as_distribution(frozen)
    return (
        (one.quantile(t, 1 - t), frozen.ppf(t)),
        (one.quantile(1 - t, t), frozen.isf(t)),
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda stats: stats.gamma(0.5),
        lambda stats: stats.gamma(50, scale=3),
        lambda stats: stats.beta(2, 3),
        lambda stats: stats.beta(0.5, 0.5),
        lambda stats: stats.weibull_min(0.3),
        lambda stats: stats.lognorm(2.0),
        lambda stats: stats.expon(scale=5),
    ],
)
def test_tabulated_quantiles_meet_scipys_in_both_tails(make):
    for found, wanted in both_tails(make(pytest.importorskip("scipy.stats"))):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_tabulated_quantiles_through_0_are_exact_relative_to_the_spread():
    stats = pytest.importorskip("scipy.stats")
    for frozen in (stats.norm(), stats.t(3), stats.gumbel_r()):
        for found, wanted in both_tails(frozen):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda stats: stats.triang(0.3, 3, 3),
        lambda stats: stats.trapezoid(0.2, 0.8),
        lambda stats: stats.betaprime(5, 6),
        lambda stats: stats.weibull_max(3),
        lambda stats: SimpleNamespace(ppf=lambda u: u**2),  # which has no isf of its own
    ],
)
def test_tabulated_high_quantiles_found_from_1_minus_t_keep_their_digits(make):
    theirs = make(pytest.importorskip("scipy.stats"))
    u = 1 - 10.0 ** -np.arange(1.0, 11.5, 0.25)
    np.testing.assert_allclose(as_distribution(theirs).ppf(u), theirs.ppf(u), rtol=5e-13)


def test_tabulated_quantiles_keep_jumps_and_kinks():
    place = 1 / 3
    jump = own(lambda u: np.where(u < place, u, 1 + u))
    kink = own(lambda u: np.where(u < place, u, 4 * u - 1))
    u = np.append(np.random.default_rng(6).random(1000), place + np.array([-1e-11, 1e-11]))
    np.testing.assert_allclose(jump.ppf(u), np.where(u < place, u, 1 + u), rtol=1e-12)
    np.testing.assert_allclose(kink.ppf(u), np.where(u < place, u, 4 * u - 1), rtol=1e-12)


def test_tabulated_quantiles_stay_within_the_ends_of_a_jump():
    place = 0.3
    one = own(lambda u: np.where(u < place, 0.01, 5 + u))
    breaks = one.table.lower.breaks
    k = np.searchsorted(breaks, place)
    u = np.linspace(breaks[k - 1], breaks[k], 1000)
    x = one.quantile(u, 1 - u)
    assert x.min() == 0.01
    assert x.max() <= 5.3 + 1e-12
    assert (np.diff(x) >= 0).all()


def test_tabulated_quantiles_keep_atoms():
    one = own(lambda u: np.clip(u, 0.25, 0.75))
    assert one.ppf([0.01, 0.2, 0.5, 0.9]).tolist() == [0.25, 0.25, 0.5, 0.75]


def test_tabulated_noise_of_a_quantile_function_needs_few_polynomials():
    rng = np.random.default_rng(7)
    noisy = own(lambda u: (1 + u) * (1 + 1e-13 * rng.standard_normal(u.shape)))
    assert len(noisy.table.lower.coefs) < 5000
    assert noisy.ppf(0.25) == pytest.approx(1.25, rel=1e-10)


def test_tabulated_noise_of_a_distribution_function_is_accepted():
    def ppf(u):  # of a root finder whose distribution function is good to 2e-16, absolutely
        u = np.clip(u, 2.0**-53, 1 - 2.0**-53)
        return np.log(np.maximum(np.round(u * 2**54), 1) / 2**54)

    one = own(ppf)
    assert one.ppf(0.01) == pytest.approx(math.log(0.01), rel=1e-12)


def test_half_tables_break_at_every_eighth_of_an_octave():
    table = own(lambda u: u + (u > 0.3)).table
    for side in (table.lower, table.upper):
        assert np.isin(EIGHTHS, side.breaks).all()
        assert (np.diff(side.breaks) > 0).all()
        assert side.coefs.shape == (len(side.breaks) - 1, TERMS)
    assert EIGHTHS[0] == 2.0**-53
    assert EIGHTHS[-1] == 0.5
