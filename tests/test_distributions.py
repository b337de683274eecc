"""Distributions: quantiles, texts, rules, tables of quantile functions, Poincare constants."""

import copy
import csv
import math
import pickle
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import distributions, tabulation
from fastrest.distributions import as_distribution, distribution_of
from fastrest.poincare import poincare_constant

GOLDEN = Path(__file__).with_name("golden")
#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=80, deadline=None, derandomize=True, database=None)

# ---- distributions of any family ----

numbers = st.floats(-1e6, 1e6).map(lambda x: x + 0.0)
positives = st.floats(1e-6, 1e6)
spreads = st.floats(1e-3, 2)


@st.composite
def uniforms(draw):
    low = draw(numbers)
    return fr.uniform(low, low + draw(positives))


@st.composite
def loguniforms(draw):
    low = draw(positives)
    return fr.loguniform(low, low * (1 + draw(positives)))


@st.composite
def triangulars(draw):
    low, width, part = draw(numbers), draw(positives), draw(st.floats(0, 1))
    return fr.triangular(low, min(low + part * width, low + width), low + width)


@st.composite
def normals(draw):
    mean, sd = draw(st.none() | numbers), draw(positives)
    if mean is None:
        return fr.normal(sd=sd)
    low = draw(st.just(-math.inf) | st.floats(-3, 0).map(lambda z: mean + z * sd))
    high = draw(st.just(math.inf) | st.floats(0.5, 3).map(lambda z: mean + z * sd))
    return fr.normal(mean=mean, sd=sd, low=low, high=high)


@st.composite
def lognormals(draw):
    spread = draw(st.sampled_from(["cv", "sigma_log"]))
    return fr.lognormal(median=draw(st.none() | positives), **{spread: draw(spreads)})


families = uniforms() | loguniforms() | triangulars() | normals() | lognormals()


@properties
@given(families, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_quantiles_rise_between_the_bounds(one, u):
    x = one.resolved(1.0).ppf(np.sort(u))
    low, high = one.bounds
    rounding = 1e-13 * np.abs(x[np.isfinite(x)]).max(initial=0)
    assert (low <= x).all()
    assert (x <= high).all()
    assert (x[1:] >= x[:-1] - rounding).all()


@properties
@given(families)
def test_the_ends_of_the_probabilities_give_the_bounds(one):
    assert tuple(one.resolved(2.0).ppf([0, 1])) == one.resolved(2.0).bounds


@properties
@given(families)
def test_texts_and_reprs_give_the_distribution_back(one):
    assert distribution_of(str(one)) == one
    assert distribution_of(one.text) == one
    assert eval(repr(one), vars(fr)) == one
    scaled = fr.times(one)
    assert distribution_of(str(scaled)) == scaled
    assert eval(repr(scaled), vars(fr)) == scaled


@properties
@given(families)
def test_distributions_are_values(one):
    one = one.resolved(3.0)
    one.ppf(0.5)  # which keeps what does not pickle
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), type(one)(**one._arguments)):
        assert other == one
        assert hash(other) == hash(one)
        assert other.recipe == one.recipe
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.bounds = 0, 1


@properties
@given(families, st.floats(0.01, 100), st.floats(1e-6, 1 - 1e-6))
def test_multiples_have_the_multiples_of_quantiles(one, factor, u):
    one = one.resolved(1.0)
    x, scaled = one.ppf(u), one.scaled(factor).ppf(u)
    size = max(abs(x), *(abs(b) for b in one.ppf([0.1, 0.9]))) * factor
    assert abs(scaled - factor * x) <= 1e-9 * size


@properties
@given(lognormals() | loguniforms())
def test_logarithms_of_positive_distributions_are_symmetric(one):
    low, middle, high = np.log(one.resolved(1.0).ppf([0.1, 0.5, 0.9]))
    assert low + high == pytest.approx(2 * middle, rel=1e-12, abs=1e-12)


def test_what_is_left_out_is_the_value_given():
    assert fr.normal(sd=0.5, low=3).resolved(5.0) == fr.normal(mean=5, sd=0.5, low=3)
    assert fr.lognormal(cv=0.5).resolved(0.04) == fr.lognormal(median=0.04, cv=0.5)
    assert fr.normal(mean=5, sd=0.5).resolved(7.0).mean == 5
    assert fr.lognormal(median=5, cv=0.5).resolved(7.0).median == 5
    assert fr.normal(sd=0.5).scaled(2.0) == fr.normal(sd=1)
    assert fr.lognormal(cv=0.5).scaled(2.0) == fr.lognormal(cv=0.5)


def test_a_missing_middle_of_multiples_is_one():
    assert fr.times(fr.normal(sd=0.1)).of(5.0) == fr.normal(mean=5, sd=0.5)
    assert fr.times(fr.lognormal(cv=0.5)).of(0.04) == fr.lognormal(median=0.04, cv=0.5)


def test_different_distributions_differ():
    kinds = [
        fr.uniform(1, 2),
        fr.uniform(1, 3),
        fr.loguniform(1, 2),
        fr.normal(mean=1, sd=2),
        fr.normal(sd=2),
        fr.lognormal(cv=0.5),
        fr.lognormal(sigma_log=0.5),
        fr.times(fr.uniform(1, 2)),
        "uniform:1,2",
    ]
    for i, one in enumerate(kinds):
        assert [other == one for other in kinds] == [j == i for j in range(len(kinds))]
    assert len({hash(one) for one in kinds}) == len(kinds)


def test_numbers_of_texts_are_short():
    assert str(fr.uniform(3.0, 6.5)) == "uniform:3,6.5"
    assert str(fr.normal(mean=5, sd=0.1, high=math.inf)) == "normal:mean=5,sd=0.1"
    assert str(fr.uniform(-0.0, 1e-300)) == "uniform:0,1e-300"


def test_quantiles_have_the_shape_of_the_probabilities():
    one = fr.uniform(0, 2)
    assert one.ppf(0.25) == 0.5
    assert isinstance(one.ppf(0.25), float)
    assert one.ppf([[0.25], [0.5]]).tolist() == [[0.5], [1.0]]
    assert one.ppf(np.full((4, 4), 0.5)[::2, ::-2]).tolist() == [[1.0, 1.0]] * 2
    assert one.ppf([]).shape == (0,)


@pytest.mark.parametrize("u", [-0.1, 1.5, math.nan, [0.5, 2]])
def test_probabilities_are_from_0_to_1(u):
    with pytest.raises(ValueError, match="u must be between 0 and 1, got"):
        fr.uniform(0, 1).ppf(u)


def test_golden_quantiles_hold():
    with (GOLDEN / "quantiles.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 300
    for row in rows:
        one, u = distribution_of(row["distribution"]), float.fromhex(row["u"])
        exact = Decimal(row["exact"])
        found = Decimal(one.ppf(u))
        # a truncation rounds the probability: what is near a bound is as precise as the bound
        scale = (
            abs(exact)
            if math.isinf(sum(map(abs, one.bounds)))
            else Decimal(max(map(abs, one.bounds)))
        )
        assert abs(found - exact) <= Decimal("3e-14") * (
            abs(exact) if "log" in str(one) else scale
        ), row


@pytest.mark.parametrize("mean", [4.5, 3000, -12000])
def test_a_normal_as_narrow_as_it_may_be_keeps_its_digits(mean):
    one = fr.normal(mean=mean, sd=3000, low=3, high=6)

    def below(x):
        return mp.ncdf((mp.mpf(x) - mean) / 3000)

    with mp.workdps(40):
        for u in np.linspace(0.05, 0.95, 7).tolist():
            part = (below(one.ppf(u)) - below(3)) / (below(6) - below(3))
            assert abs(part - u) <= 3e-12


# ---- rules ----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fr.uniform(6, 3), "uniform: low must be < high, got low 6.0, high 3.0"),
        (lambda: fr.uniform(3, 3), "uniform: low must be < high"),
        (lambda: fr.uniform(math.nan, 3), "uniform: low must be finite, got nan"),
        (lambda: fr.uniform(0, math.inf), "uniform: high must be finite, got inf"),
        (lambda: fr.uniform(-1e308, 1e308), "uniform: high - low must be finite"),
        (lambda: fr.loguniform(0, 3), "loguniform: low must be > 0 and at least 1e-300, got 0.0"),
        (lambda: fr.loguniform(1e-300, 1e10), "loguniform: high/low must be <= 1e\\+300"),
        (lambda: fr.triangular(1, 6, 5), "triangular: mode must be between low 1.0 and high 5.0"),
        (lambda: fr.triangular(1, math.inf, 5), "triangular: mode must be finite, got inf"),
        (lambda: fr.triangular(5, 3, 1), "triangular: low must be < high"),
        (lambda: fr.normal(mean=5, sd=0), "normal: sd must be > 0, got 0.0"),
        (lambda: fr.normal(mean=5, sd=-1), "normal: sd must be > 0, got -1.0"),
        (lambda: fr.normal(mean=math.inf, sd=1), "normal: mean must be finite, got inf"),
        (lambda: fr.normal(mean=5, sd=1, low=6, high=6), "normal: low must be < high"),
        (lambda: fr.normal(mean=5, sd=1, low=math.nan), "normal: low must be finite, got nan"),
        (lambda: fr.normal(mean=5, sd=1, low=13), "leave at least 2\\*\\*-40 of .*, got 6.2e-16"),
        (lambda: fr.normal(mean=5, sd=1, high=-3), "leave at least 2\\*\\*-40"),
        (
            lambda: fr.normal(sd=1e6, low=3, high=6),
            r"normal: high - low must be >= sd/1000, got .*, sd 1000000.0: take fr.uniform\(3, 6\)",
        ),
        (lambda: fr.lognormal(median=0, cv=1), "lognormal: median must be > 0, got 0.0"),
        (lambda: fr.lognormal(cv=0), "lognormal: cv must be > 0, got 0.0"),
        (lambda: fr.lognormal(cv=1e151), "lognormal: cv must be <= 1e\\+150, got 1e\\+151"),
        (lambda: fr.lognormal(sigma_log=-1), "lognormal: sigma_log must be > 0, got -1.0"),
        (lambda: fr.lognormal(sigma_log=81), "lognormal: sigma_log must be <= 80, got 81.0"),
        (lambda: fr.normal(sd=1).ppf(0.5), r"normal\(sd=1\) has no mean"),
        (lambda: fr.lognormal(cv=1).ppf(0.5), r"lognormal\(cv=1\) has no median"),
        (lambda: fr.times(fr.uniform(1, 2)).of(0.0), "fr.times needs a value > 0 in the cell"),
        (lambda: fr.times(fr.uniform(1, 2)).of(-5.0), "fr.times needs a value > 0 .*, got -5.0"),
    ],
)
def test_rules_name_argument_value_and_rule(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fr.lognormal(median=1), "lognormal: needs either cv= or sigma_log="),
        (lambda: fr.lognormal(cv=1, sigma_log=1), "lognormal: needs either cv= or sigma_log="),
        (lambda: fr.uniform("3", 6), "uniform: low must be a number, got '3'"),
        (lambda: fr.uniform(3, True), "uniform: high must be a number, got True"),
        (lambda: fr.normal(5, 1), "positional"),
        (lambda: fr.lognormal(0.04, 0.5), "positional"),
        (
            lambda: fr.times(fr.times(fr.uniform(1, 2))),
            r"fr.times stands once, got times\(uniform\(1, 2\)\)",
        ),
        (lambda: fr.times(fr.times(2)), "fr.times stands once, got Times"),
    ],
)
def test_arguments_are_numbers_and_those_that_belong_together(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown distribution ''"),
        ("unifrom:3,6", "unknown distribution 'unifrom': did you mean uniform"),
        ("uniform", "^uniform takes LOW,HIGH, got 'uniform'$"),
        ("uniform:3", "uniform takes LOW,HIGH, got 'uniform:3'"),
        ("uniform:3,6,9", "uniform takes LOW,HIGH, got '9'"),
        ("uniform:low=3,high=6", "uniform takes LOW,HIGH, got 'low=3'"),
        ("uniform:three,6", "uniform:three,6: low must be a number, got 'three'"),
        ("uniform:6,3", "^uniform: low must be < high, got low 6.0, high 3.0"),
        ("normal:5,1", "normal takes mean=...,sd=...,low=...,high=..., got '5'"),
        ("normal:mean=5", "normal takes mean=...,sd=..."),
        ("normal:sd=1,sd=2", "sd is given twice"),
        ("normal:sd=1,hi=2", "normal takes .*, got 'hi=2'"),
        ("lognormal", "^lognormal: needs either cv= or sigma_log=$"),
        ("lognormal:median=1", "^lognormal: needs either cv= or sigma_log="),
        ("times:", "unknown distribution ''"),
        ("times:times:uniform:1,2", "times stands once"),
    ],
)
def test_texts_that_are_no_distribution_say_why(text, message):
    with pytest.raises(ValueError, match=message):
        distribution_of(text)


# ---- what scipy says ----


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (fr.uniform(3, 6), lambda stats: stats.uniform(3, 3)),
        (fr.loguniform(0.01, 1), lambda stats: stats.loguniform(0.01, 1)),
        (fr.triangular(1, 2, 5), lambda stats: stats.triang(0.25, 1, 4)),
        (fr.normal(mean=5, sd=0.5), lambda stats: stats.norm(5, 0.5)),
        (fr.normal(mean=5, sd=2, low=1, high=8), lambda stats: stats.truncnorm(-2, 1.5, 5, 2)),
        (fr.lognormal(median=0.04, sigma_log=0.5), lambda stats: stats.lognorm(0.5, 0, 0.04)),
    ],
)
def test_quantiles_are_those_of_scipy(ours, theirs):
    frozen = theirs(pytest.importorskip("scipy.stats"))
    u = np.append(np.random.default_rng(1).random(1000), 2.0 ** -np.arange(1.0, 40.0))
    np.testing.assert_allclose(ours.ppf(u), frozen.ppf(u), rtol=1e-12)
    np.testing.assert_allclose(as_distribution(frozen).ppf(u), frozen.ppf(u), rtol=1e-12)


def test_cv_is_sd_over_mean():
    stats = pytest.importorskip("scipy.stats")
    for cv in (1e-3, 0.5, 3.0):
        frozen = stats.lognorm(fr.lognormal(cv=cv).sigma_log)
        assert frozen.std() / frozen.mean() == pytest.approx(cv, rel=1e-7)


# ---- distributions of the user's own ----


class Own:
    """A distribution known by a function of probabilities alone."""

    def __init__(self, ppf, name="own"):
        self.ppf, self.name = ppf, name

    def __str__(self):
        return self.name


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
def test_tables_meet_the_quantiles_in_both_tails(make):
    for found, wanted in both_tails(make(pytest.importorskip("scipy.stats"))):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_tables_through_0_meet_the_quantiles_as_parts_of_the_spread():
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
        lambda stats: Own(lambda u: u**2),  # which has no isf of its own
    ],
)
def test_high_quantiles_that_are_found_by_way_of_1_minus_t_keep_their_digits(make):
    theirs = make(pytest.importorskip("scipy.stats"))
    u = 1 - 10.0 ** -np.arange(1.0, 11.5, 0.25)
    np.testing.assert_allclose(as_distribution(theirs).ppf(u), theirs.ppf(u), rtol=5e-13)


def test_measured_samples_come_as_histograms():
    stats = pytest.importorskip("scipy.stats")
    sample = np.random.default_rng(3).gamma(20, 0.2, 500)
    frozen = stats.rv_histogram(np.histogram(sample, bins=20))
    one = as_distribution(frozen)
    assert one.bounds == (sample.min(), sample.max())
    u = np.random.default_rng(4).random(10_000)
    np.testing.assert_allclose(one.ppf(u), frozen.ppf(u), rtol=1e-12)


def test_new_distributions_of_scipy_are_taken_by_their_icdf():
    stats = pytest.importorskip("scipy.stats")
    if not hasattr(stats, "Normal"):
        pytest.skip("this scipy has no new distributions")
    one = as_distribution(stats.Normal(mu=5.0, sigma=2.0))
    u = np.random.default_rng(5).random(1000)
    np.testing.assert_allclose(one.ppf(u), stats.norm(5, 2).ppf(u), rtol=1e-12, atol=1e-12)
    assert one.bounds == (-math.inf, math.inf)
    assert repr(one) == "<Normal(mu=5.0, sigma=2.0)>"


def test_a_quantile_function_alone_will_do():
    one = as_distribution(Own(lambda u: u**2))
    t = 2.0 ** -np.arange(1.0, 40.0)
    np.testing.assert_allclose(one.ppf(t), t**2, rtol=1e-12)
    np.testing.assert_allclose(one.ppf(1 - t), (1 - t) ** 2, rtol=1e-12)
    assert one.bounds == (0, 1)


def test_jumps_and_kinks_are_found():
    place = 1 / 3
    jump = as_distribution(Own(lambda u: np.where(u < place, u, 1 + u)))
    kink = as_distribution(Own(lambda u: np.where(u < place, u, 4 * u - 1)))
    u = np.append(np.random.default_rng(6).random(1000), place + np.array([-1e-11, 1e-11]))
    np.testing.assert_allclose(jump.ppf(u), np.where(u < place, u, 1 + u), rtol=1e-12)
    np.testing.assert_allclose(kink.ppf(u), np.where(u < place, u, 4 * u - 1), rtol=1e-12)


def test_no_value_is_drawn_beyond_the_ends_of_a_jump():
    place = 0.3
    one = as_distribution(Own(lambda u: np.where(u < place, 0.01, 5 + u)))
    breaks = one.pieces.lower.breaks
    k = np.searchsorted(breaks, place)
    u = np.linspace(breaks[k - 1], breaks[k], 1000)
    x = one.quantile(u, 1 - u)
    assert x.min() == 0.01
    assert x.max() <= 5.3 + 1e-12
    assert (np.diff(x) >= 0).all()


def test_atoms_stay_atoms():
    one = as_distribution(Own(lambda u: np.clip(u, 0.25, 0.75)))
    assert one.ppf([0.01, 0.2, 0.5, 0.9]).tolist() == [0.25, 0.25, 0.5, 0.75]


def test_noise_of_a_quantile_function_is_no_roughness():
    rng = np.random.default_rng(7)
    noisy = as_distribution(Own(lambda u: (1 + u) * (1 + 1e-13 * rng.standard_normal(u.shape))))
    assert len(noisy.pieces.lower.coefs) < 5000
    assert noisy.ppf(0.25) == pytest.approx(1.25, rel=1e-10)


def test_noise_of_a_distribution_function_spoils_no_table():
    def ppf(u):  # of a root finder whose distribution function is good to 2e-16, absolutely
        u = np.clip(u, 2.0**-53, 1 - 2.0**-53)
        return np.log(np.maximum(np.round(u * 2**54), 1) / 2**54)

    one = as_distribution(Own(ppf))
    assert one.ppf(0.01) == pytest.approx(math.log(0.01), rel=1e-12)


@pytest.mark.parametrize(
    ("ppf", "message"),
    [
        (
            lambda u: np.where(abs(u - 0.2) < 0.1, np.nan, u),
            "quantiles must be finite, got nan at probab",
        ),
        (
            lambda u: np.where(abs(u - 0.8) < 0.1, np.inf, u),
            "quantiles must be finite, got inf at probab",
        ),
        (lambda u: np.where(abs(u - 0.4) < 0.05, 0.8 - u, u), "quantiles must not decrease"),
        (lambda u: u + 0.01 * np.sin(1000 * u), "quantiles must not decrease"),
        (lambda u: u + 1e-6 * np.floor(u * 1e5), "too rough: it takes more than 65536 polynomials"),
        (lambda u: np.array([0.0, 1.0]), "must give one quantile for each probability, got shape"),
        (
            lambda u: u + 0j,
            "fails with TypeError: real numbers are needed, got dtype complex",
        ),
        (lambda u: ["a"] * len(u), "the distribution fails with ValueError: could not convert"),
        (lambda u: -u, "bounds must be two numbers, low < high"),
        (lambda u: 0 * u + 3, "bounds must be two numbers, low < high"),
        (lambda u: u[:, None] * [1, 2], "bounds must be two numbers, low < high"),
    ],
)
def test_what_is_no_quantile_function_is_refused(ppf, message):
    with pytest.raises(ValueError, match=message):
        as_distribution(Own(ppf))


def test_tabulated_distributions_are_values():
    one, same = (as_distribution(Own(lambda u: u**2)) for _ in range(2))
    other = as_distribution(Own(lambda u: u**3))
    named = as_distribution(Own(lambda u: u**2, "another"))
    assert one == same
    assert hash(one) == hash(same)
    assert one not in (other, named, one.scaled(2.0), fr.uniform(0, 1))
    assert one.pieces != 3
    assert one.pieces.lower != 3
    assert hash(one.pieces) == hash(same.pieces)
    assert repr(one) == "<own>"
    assert repr(one.scaled(2.0)) == "<2 times own>"
    assert repr(as_distribution(type("Nameless", (), {"ppf": staticmethod(np.sqrt)})())) == (
        "<Nameless>"
    )
    with pytest.raises(ValueError, match="read-only"):
        one.pieces.lower.coefs[0, 0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.pieces.lower = None


def test_multiples_of_a_tabulated_distribution():
    one = fr.times(Own(lambda u: 0.5 + u)).of(4.0)
    assert one.bounds == (2, 6)
    assert one.ppf([0, 0.25, 0.5, 1]) == pytest.approx([2, 3, 4, 6])


def test_tabulated_distributions_are_unpickled_without_scipy(tmp_path):
    stats = pytest.importorskip("scipy.stats")
    one = as_distribution(stats.gamma(2))
    (tmp_path / "one").write_bytes(pickle.dumps((one, one.ppf(0.3))))
    code = (
        "import pickle, sys; one, x = pickle.load(open(sys.argv[1], 'rb'));"
        "assert one.ppf(0.3) == x and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "one"], check=True)


def test_breaks_hold_every_eighth_of_an_octave():
    pieces = as_distribution(Own(lambda u: u + (u > 0.3))).pieces
    for side in (pieces.lower, pieces.upper):
        assert np.isin(tabulation.EIGHTHS, side.breaks).all()
        assert (np.diff(side.breaks) > 0).all()
        assert side.coefs.shape == (len(side.breaks) - 1, tabulation.TERMS)
    assert tabulation.EIGHTHS[0] == 2.0**-53
    assert tabulation.EIGHTHS[-1] == 0.5


# ---- Poincare constants ----


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
def test_poincare_constants_of_shipped_distributions(one, constant):
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
def test_poincare_constants_beyond_the_doubles_are_infinite(one):
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
def test_poincare_constant_of_triangles(mode):
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
def test_poincare_constants_of_tabulated_distributions(make, constant):
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
def test_gaps_and_heavy_tails_have_no_poincare_constant(make):
    assert as_distribution(make(pytest.importorskip("scipy.stats"))).poincare == math.inf


def gap(place):
    return Own(lambda u: u + (u > place))


@pytest.mark.parametrize("place", [0.5, 0.25, 0.3, 2.0**-10, 1e-3, 1e-5, 1e-7])
def test_gaps_are_seen_wherever_they_are(place):
    for one in (gap(place), gap(1 - place)):
        assert as_distribution(one).poincare == math.inf


@pytest.mark.parametrize("seed", range(10))
def test_an_empty_bin_is_a_gap(seed):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10 ** rng.integers(1, 5), 9)
    full = as_distribution(stats.rv_histogram((counts, np.arange(10.0))))
    counts[rng.integers(1, 8)] = 0
    with_gap = as_distribution(stats.rv_histogram((counts, np.arange(10.0))))
    assert full.poincare < with_gap.poincare == math.inf


def test_poincare_constant_of_quantiles_beyond_roots_of_the_largest_double_is_infinite():
    breaks = tabulation.EIGHTHS
    tails = -(2.0**-53 / breaks) * 1e200, (2.0**-53 / breaks) * 1e200
    values = [lambda t, tail=tail: np.interp(t, breaks, tail) for tail in tails]
    assert poincare_constant(*values, (breaks, breaks)) == math.inf


@settings(properties, max_examples=20)
@given(triangulars(), st.floats(0.1, 10))
def test_poincare_constants_scale_with_the_square(one, factor):
    assert one.scaled(factor).poincare == pytest.approx(one.poincare * factor**2, rel=1e-6)


def test_logarithms_are_the_kernels_own():
    for num, den in ((2.0, 1.0), (1e300, 1.0), (3.0, 7.0)):
        assert distributions._log_ratio(num, den) == pytest.approx(math.log(num / den), rel=1e-15)
    for x in (1e-300, 1e-17, 1e-9, 0.25, 1e300):
        assert distributions._log_1p(x) == pytest.approx(math.log1p(x), rel=1e-15)
