"""Families of distributions: quantiles, texts, rules of their arguments."""

import copy
import csv
import math
import pickle
from decimal import Decimal
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest.cli.option_values import distribution_of
from fastrest.distributions import families
from fastrest.distributions.scipy_frozen import as_distribution

GOLDEN = Path(__file__).parents[1] / "golden"
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


any_family = uniforms() | loguniforms() | triangulars() | normals() | lognormals()


@pytest.mark.property
@properties
@given(any_family, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_ppf_rises_between_the_bounds(one, u):
    x = one.resolved(1.0).ppf(np.sort(u))
    low, high = one.bounds
    rounding = 1e-13 * np.abs(x[np.isfinite(x)]).max(initial=0)
    assert (low <= x).all()
    assert (x <= high).all()
    assert (x[1:] >= x[:-1] - rounding).all()


@pytest.mark.property
@properties
@given(any_family)
def test_ppf_of_0_and_1_gives_the_bounds(one):
    assert tuple(one.resolved(2.0).ppf([0, 1])) == one.resolved(2.0).bounds


@pytest.mark.property
@properties
@given(any_family)
def test_text_and_repr_give_the_distribution_back(one):
    assert distribution_of(str(one)) == one
    assert distribution_of(one.text) == one
    assert eval(repr(one), vars(fr)) == one
    scaled = fr.times(one)
    assert distribution_of(str(scaled)) == scaled
    assert eval(repr(scaled), vars(fr)) == scaled


@pytest.mark.property
@properties
@given(any_family)
def test_distributions_compare_hash_pickle_and_copy_by_value(one):
    one = one.resolved(3.0)
    one.ppf(0.5)  # which keeps what does not pickle
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), type(one)(**one.arguments)):
        assert other == one
        assert hash(other) == hash(one)
        assert other.recipe == one.recipe
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.bounds = 0, 1


@pytest.mark.property
@properties
@given(any_family, st.floats(0.01, 100), st.floats(1e-6, 1 - 1e-6))
def test_scaled_multiplies_the_quantiles(one, factor, u):
    one = one.resolved(1.0)
    x, scaled = one.ppf(u), one.scaled(factor).ppf(u)
    size = max(abs(x), *(abs(b) for b in one.ppf([0.1, 0.9]))) * factor
    assert abs(scaled - factor * x) <= 1e-9 * size


@pytest.mark.property
@properties
@given(lognormals() | loguniforms())
def test_lognormal_and_loguniform_logarithms_are_symmetric(one):
    low, middle, high = np.log(one.resolved(1.0).ppf([0.1, 0.5, 0.9]))
    assert low + high == pytest.approx(2 * middle, rel=1e-12, abs=1e-12)


def test_resolved_sets_the_mean_or_median_that_was_left_out():
    assert fr.normal(sd=0.5, low=3).resolved(5.0) == fr.normal(mean=5, sd=0.5, low=3)
    assert fr.lognormal(cv=0.5).resolved(0.04) == fr.lognormal(median=0.04, cv=0.5)
    assert fr.normal(mean=5, sd=0.5).resolved(7.0).mean == 5
    assert fr.lognormal(median=5, cv=0.5).resolved(7.0).median == 5
    assert fr.normal(sd=0.5).scaled(2.0) == fr.normal(sd=1)
    assert fr.lognormal(cv=0.5).scaled(2.0) == fr.lognormal(cv=0.5)


def test_times_takes_a_missing_mean_or_median_as_1():
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


def test_text_writes_short_numbers():
    assert str(fr.uniform(3.0, 6.5)) == "uniform:3,6.5"
    assert str(fr.normal(mean=5, sd=0.1, high=math.inf)) == "normal:mean=5,sd=0.1"
    assert str(fr.uniform(-0.0, 1e-300)) == "uniform:0,1e-300"


def test_ppf_has_the_shape_of_the_probabilities():
    one = fr.uniform(0, 2)
    assert one.ppf(0.25) == 0.5
    assert isinstance(one.ppf(0.25), float)
    assert one.ppf([[0.25], [0.5]]).tolist() == [[0.5], [1.0]]
    assert one.ppf(np.full((4, 4), 0.5)[::2, ::-2]).tolist() == [[1.0, 1.0]] * 2
    assert one.ppf([]).shape == (0,)


@pytest.mark.parametrize("u", [-0.1, 1.5, math.nan, [0.5, 2]])
def test_ppf_refuses_probabilities_outside_0_to_1(u):
    with pytest.raises(ValueError, match="u must be between 0 and 1, got"):
        fr.uniform(0, 1).ppf(u)


@pytest.mark.golden
def test_ppf_meets_the_golden_quantiles():
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
def test_normal_as_narrow_as_allowed_keeps_its_digits(mean):
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
def test_families_refuse_values_by_name_value_and_rule(make, message):
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
            r"fr.times must not contain another fr.times, got times\(uniform\(1, 2\)\)",
        ),
        (lambda: fr.times(fr.times(2)), "fr.times must not contain another fr.times, got Times"),
    ],
)
def test_families_refuse_arguments_of_another_type_or_combination(make, message):
    with pytest.raises(TypeError, match=message):
        make()


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
def test_ppf_equals_scipys(ours, theirs):
    frozen = theirs(pytest.importorskip("scipy.stats"))
    u = np.append(np.random.default_rng(1).random(1000), 2.0 ** -np.arange(1.0, 40.0))
    np.testing.assert_allclose(ours.ppf(u), frozen.ppf(u), rtol=1e-12)
    np.testing.assert_allclose(as_distribution(frozen).ppf(u), frozen.ppf(u), rtol=1e-12)


def test_lognormal_cv_is_sd_over_mean():
    stats = pytest.importorskip("scipy.stats")
    for cv in (1e-3, 0.5, 3.0):
        frozen = stats.lognorm(fr.lognormal(cv=cv).sigma_log)
        assert frozen.std() / frozen.mean() == pytest.approx(cv, rel=1e-7)


def test_log_ratio_and_log_1p_meet_libm():
    for num, den in ((2.0, 1.0), (1e300, 1.0), (3.0, 7.0)):
        assert families.log_ratio(num, den) == pytest.approx(math.log(num / den), rel=1e-15)
    for x in (1e-300, 1e-17, 1e-9, 0.25, 1e300):
        assert families.log_1p(x) == pytest.approx(math.log1p(x), rel=1e-15)
