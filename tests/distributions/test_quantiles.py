"""Quantiles and tails as the kernels compute them, without libm, over all that is ever drawn."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _samples

DIGITS = 40
#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=60, deadline=None, derandomize=True, database=None)

#: Probabilities from the least to the largest that is drawn, and exactly what they leave.
TAIL = np.concatenate([2.0 ** np.linspace(-53, -1, 800), np.linspace(0.001, 0.5, 800)])
TAIL = np.unique(np.rint(TAIL * 2.0**53)) * 2.0**-53
BELOW, ABOVE = np.concatenate([TAIL, 1 - TAIL]), np.concatenate([1 - TAIL, TAIL])


def ulps(found, exact):
    """The largest difference from exact values, in units of the last place."""
    with mp.workdps(DIGITS):
        return max(float(abs(mp.mpf(x) - e) / math.ulp(x)) for x, e in zip(found, exact))


def exp_of(scale, u):
    return _samples.Quantile("uniform", True, 1.0, scale, 0.0, 0.0, 1.0)(u, 1 - u)


def test_exp_is_within_2_ulp():
    scales = [s * 2.0**k for s in (-1, 1) for k in (-50, -10, -4, -1, 0, 3, 6, 9)]
    u = np.concatenate([0.5 ** np.arange(1, 54), np.random.default_rng(1).random(200)])
    for scale in scales:
        with mp.workdps(DIGITS):
            exact = [mp.exp(mp.mpf(scale) * mp.mpf(x)) for x in u]
        assert ulps(exp_of(scale, u), exact) <= 2


def test_exp_is_cut_off_before_it_leaves_the_doubles():
    u = np.array([0.5, 0.75, 1.0])
    for sign in (-1, 1):
        found = exp_of(sign * 1400.0, u)
        assert found[0] == found[1] == found[2]
        assert found[0] == pytest.approx(math.exp(sign * 700), rel=1e-14)


def test_tails_of_the_normal_distribution_are_as_exact_as_z_allows(isa):
    z = np.concatenate([np.linspace(0, 37, 500), 2.0 ** np.arange(-60, 5)])
    for x in z.tolist():
        with mp.workdps(DIGITS):
            exact = mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2
        lower, upper = _samples.normal_tails(x, isa)
        # the rounding of z^2/2 is as many ulp of its exponential as it is large
        allowed = 2.0**-53 * (6 + x * x / 2)
        assert abs(upper - exact) <= allowed * exact
        assert lower == 1 - upper
        assert _samples.normal_tails(-x, isa) == (upper, lower)


@properties
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_tails_of_the_normal_distribution_are_probabilities_that_fall(a, b):
    low, high = _samples.normal_tails(min(a, b))[1], _samples.normal_tails(max(a, b))[1]
    assert 0 < high <= low * (1 + 1e-13) <= 1 + 1e-13


def test_beyond_37_the_tail_stays_what_it_is():
    assert _samples.normal_tails(37.0) == _samples.normal_tails(1e300)
    assert _samples.normal_tails(math.inf)[1] > 0


# ---- all distributions, over all that is drawn ----

SCIPYS = {
    "uniform": (fr.uniform(3, 6), lambda s: s.uniform(3, 3)),
    "uniform about 0": (fr.uniform(-20, 100), lambda s: s.uniform(-20, 120)),
    "loguniform": (fr.loguniform(1e-3, 50), lambda s: s.loguniform(1e-3, 50)),
    "triangular": (fr.triangular(1, 2, 5), lambda s: s.triang(0.25, 1, 4)),
    "triangular, mode at an end": (fr.triangular(2, 2, 5), lambda s: s.triang(0, 2, 3)),
    "triangular, mode at the other": (fr.triangular(2, 5, 5), lambda s: s.triang(1, 2, 3)),
    "normal": (fr.normal(mean=0, sd=1), lambda s: s.norm()),
    "normal far from 0": (fr.normal(mean=140, sd=3), lambda s: s.norm(140, 3)),
    "lognormal": (fr.lognormal(median=0.04, sigma_log=0.5), lambda s: s.lognorm(0.5, scale=0.04)),
    "wide lognormal": (fr.lognormal(median=1, sigma_log=9), lambda s: s.lognorm(9)),
}


@pytest.mark.parametrize("name", SCIPYS)
def test_quantiles_are_within_1e_12_of_scipys(name, isa):
    stats = pytest.importorskip("scipy.stats")
    ours, make = SCIPYS[name]
    theirs, n = make(stats), len(TAIL)
    expected = np.concatenate([theirs.ppf(BELOW[:n]), theirs.isf(ABOVE[n:])])
    found = ours.quantile(BELOW, ABOVE, isa=isa)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


TRUNCATED = {
    "two-sided": fr.normal(mean=5, sd=2, low=1, high=9),
    "one-sided": fr.normal(mean=5, sd=0.5, low=3),
    "the other side": fr.normal(mean=5, sd=0.5, high=5.2),
    "upper tail": fr.normal(mean=37, sd=1, low=39, high=41),
    "lower tail": fr.normal(mean=37, sd=1, low=0, high=33),
    "far in the tail": fr.normal(mean=10, sd=1, low=17),
    "nearly uniform": fr.normal(mean=5, sd=100, low=1, high=2),
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_quantiles_of_truncated_normals_are_within_1e_12_of_the_exact_ones(name):
    one, some = TRUNCATED[name], slice(None, None, 13)
    u, v = BELOW[some], ABOVE[some]
    with mp.workdps(DIGITS):
        mean, sd = mp.mpf(one.mean), mp.mpf(one.sd)
        low, high = (upper_tail((mp.mpf(end) - mean) / sd) for end in one.bounds)
        for x, below, above in zip(one.quantile(u, v).tolist(), u.tolist(), v.tolist()):
            # where x should be, to first order in its difference: by the smaller probability
            z = (mp.mpf(x) - mean) / sd
            if below < above:
                off = low - upper_tail(z) - mp.mpf(below) * (low - high)
            else:
                off = mp.mpf(above) * (low - high) - (upper_tail(z) - high)
            assert abs(off / mp.npdf(z) * sd) <= 1e-12 * abs(x)


def upper_tail(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


SHIPPED = {**{name: one for name, (one, _) in SCIPYS.items()}, **TRUNCATED}


@pytest.mark.parametrize("name", SHIPPED)
def test_quantiles_rise_up_to_rounding_and_stay_within_the_bounds(name):
    one = SHIPPED[name]
    order = np.argsort(BELOW)
    x = one.quantile(BELOW[order], ABOVE[order])
    low, high = one.bounds
    assert (np.diff(x) >= -1e-13 * np.abs(x[1:])).all()
    assert low <= x.min()
    assert x.max() <= high


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 1000])
def test_quantiles_do_not_depend_on_their_neighbours(n, isa):
    rng = np.random.default_rng(2)
    u = rng.random(n) ** 4
    for one in SHIPPED.values():
        found = one.quantile(u, 1 - u, isa=isa)
        alone = [one.quantile(u[i : i + 1], 1 - u[i : i + 1], isa="base")[0] for i in range(n)]
        assert np.array_equal(found, alone)


# ---- misuse of the border ----


def pieces(breaks, terms):
    return _samples.Quantile(
        "pieces", False, 0.0, 1.0, 0.0, 0.0, 1.0, pieces=((breaks, terms),) * 2
    )


def test_a_table_of_pieces_needs_every_eighth_of_an_octave():
    eighths = np.append(np.multiply.outer(2.0 ** np.arange(-53, -1), 1 + np.arange(8) / 8), 0.5)
    terms = np.zeros((len(eighths) - 1, _samples.PIECE_TERMS))
    terms[:, 0] = 7.0
    u = np.array([2.0**-53, 0.3, 0.7])
    assert pieces(eighths, terms)(u, 1 - u).tolist() == [7.0] * 3
    with pytest.raises(ValueError, match="every eighth of an octave"):
        pieces(np.delete(eighths, 100), terms[1:])
    with pytest.raises(ValueError, match="every eighth of an octave"):
        pieces(np.append(eighths[:-1], 0.6), terms)
    with pytest.raises(ValueError, match=r"shapes \(n \+ 1,\) and \(n, 8\)"):
        pieces(eighths, terms[1:])
    with pytest.raises(TypeError, match="contiguous native float64"):
        pieces(eighths.astype("f4"), terms)
    with pytest.raises(TypeError, match="contiguous native float64"):
        pieces(eighths, terms[:, ::-1])


def test_pieces_go_with_their_base():
    with pytest.raises(ValueError, match="pieces must be given for base 'pieces'"):
        _samples.Quantile("pieces", False, 0.0, 1.0, 0.0, 0.0, 1.0)
    with pytest.raises(KeyError, match="cauchy"):
        _samples.Quantile("cauchy", False, 0.0, 1.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(("u", "v"), [([0.5], [0.5, 0.5]), ([[0.5]], [[0.5]])])
def test_probabilities_come_in_pairs(u, v):
    with pytest.raises(ValueError, match="u and v must be 1-D arrays of one length"):
        fr.uniform(0, 1).quantile(np.array(u), np.array(v))
