"""SALib and scipy: each describes, samples and analyses a space in one line."""

import math
import warnings

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity import salib_problem

CELL = fr.cells["mammalian neuron"]
CORRELATED = fr.space(
    CELL,
    K_out=fr.uniform(3, 6),
    Na_out=fr.uniform(140, 150),
    correlation={("K_out", "Na_out"): -0.5},
)
#: An input of every distribution that SALib has too.
EVERY = fr.space(
    CELL,
    K_out=fr.uniform(3, 6),
    P_Na=fr.loguniform(0.01, 0.1),
    K_in=fr.triangular(120, 145, 150),
    Na_out=fr.normal(mean=145, sd=2, low=0),
    Na_in=fr.normal(mean=15, sd=3, low=5, high=25),
    P_Cl=fr.lognormal(cv=0.3),
)


@pytest.fixture
def salib():
    return pytest.importorskip("SALib")


@pytest.fixture
def stats():
    return pytest.importorskip("scipy.stats")


# ---- SALib ----


def test_salib_analyses_a_space_in_one_line(salib):
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SALib's own
        found = (
            salib.ProblemSpec(space.salib_problem())
            .sample_sobol(256, seed=1)
            .evaluate(space.evaluate)
            .analyze_sobol(seed=1)
            .analysis
        )
    assert found["ST"] == pytest.approx([0.91, 0.09], abs=0.05)
    assert found["S1"] == pytest.approx([0.91, 0.09], abs=0.1)


def test_salib_scales_its_samples_as_the_space_does(salib):
    """SALib scales unit samples of ``salib_problem`` to the quantiles of the space."""
    from SALib.util import scale_samples

    u = np.random.default_rng(1).random((500, len(EVERY)))
    scaled = scale_samples(u.copy(), EVERY.salib_problem())
    ours = np.stack([one.ppf(p) for one, p in zip(EVERY.distributions, u.T)], axis=1)
    np.testing.assert_allclose(scaled, ours, rtol=1e-10)


def test_a_salib_problem_gives_the_space_back(salib):
    back = fr.space_from_salib(salib.ProblemSpec(EVERY.salib_problem()), CELL)
    assert back.names == EVERY.names
    assert back.distributions[:2] == EVERY.distributions[:2]
    assert back.distributions[3:5] == EVERY.distributions[3:5]
    u = np.linspace(0.01, 0.99, 50)
    for one, other in zip(EVERY.distributions, back.distributions):
        assert type(one) is type(other)
        np.testing.assert_allclose(other.ppf(u), one.ppf(u), rtol=1e-14)
    again = fr.space_from_salib(back.salib_problem(), CELL)
    assert again.names == back.names


def test_salib_problem_has_names_bounds_and_dists():
    problem = EVERY.salib_problem()
    bounds = problem.pop("bounds")
    assert problem == {
        "num_vars": 6,
        "names": ["K_out", "P_Na", "K_in", "Na_out", "Na_in", "P_Cl"],
        "dists": ["unif", "logunif", "triang", "truncnorm", "truncnorm", "lognorm"],
    }
    assert bounds[:-1] == [
        [3.0, 6.0],
        [0.01, 0.1],
        [120.0, 150.0, 25 / 30],
        [0.0, math.inf, 145.0, 2.0],
        [5.0, 25.0, 15.0, 3.0],
    ]
    assert bounds[-1] == pytest.approx([math.log(0.45), math.sqrt(math.log(1.09))], rel=1e-15)


def test_salib_problem_of_an_untruncated_normal_is_norm():
    assert salib_problem._to_salib(fr.normal(mean=5, sd=1)) == ("norm", [5.0, 1.0])
    with pytest.raises(ValueError, match=r"K_out: normal.* reaches below 0"):
        fr.space_from_salib({"names": ["K_out"], "bounds": [[5, 1]], "dists": ["norm"]}, CELL)


def own(ppf=lambda u: 3 + u):
    return type("Own", (), {"ppf": staticmethod(ppf), "__str__": lambda self: "own"})()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"K_out": own()}, "K_out: SALib has no distribution like <own>: sample it with"),
        ({"K_out": fr.triangular(3, 6, 6)}, "K_out: SALib's triang needs its mode below high"),
        ({"celsius": fr.triangular(-9, -8, -7)}, "celsius: SALib's triang needs high >= 0"),
    ],
)
def test_distributions_that_salib_cannot_express_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        fr.space(CELL, **inputs).salib_problem()


def test_salib_problem_refuses_correlations_with_the_reason():
    message = "inputs must be independent, but K_out and Na_out are correlated"
    with pytest.raises(ValueError, match=f"SALib: {message}"):
        CORRELATED.salib_problem()
    with pytest.raises(ValueError, match=f"scipy.stats.sobol_indices: {message}"):
        _ = CORRELATED.scipy_dists


def problem(dist, bounds, **more):
    return {"names": ["K_out"], "bounds": [bounds], "dists": [dist], **more}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bounds": [[3, 6]]}, "problem needs 'names', got bounds"),
        ({"names": ["K_out"]}, "problem needs 'bounds', got names"),
        ({"names": ["K_out"], "bounds": []}, "problem has 1 names, but 0 bounds"),
        (problem("unif", [3, 6], dists=["unif"] * 2), "problem has 1 names, but 2 dists"),
        ({"names": ["K_out"] * 2, "bounds": [[3, 6]] * 2}, "problem: each name once, got K_out"),
        ({"names": ["x1"], "bounds": [[3, 6]]}, "unknown parameter 'x1'"),
        (problem("weibull", [3, 6]), "K_out: unknown distribution of SALib 'weibull'.*weibull_min"),
        (problem("unif", [3]), r"K_out: bounds of unif must be \[low, high\], got \[3\]"),
        (problem("unif", 3), r"K_out: bounds of unif must be \[low, high\], got 3"),
        (problem("unif", [6, 3]), "K_out: uniform: low must be < high"),
        (problem("triang", [3, 0.5]), "K_out: bounds of triang must be .*mode's place"),
        (problem("triang", [3, 6, 1.5]), "K_out: the mode's place must be between 0 and 1"),
        (problem("lognorm", [1, 0]), "K_out: lognormal: sigma_log must be > 0"),
        (problem("lognorm", [800, 1]), "K_out: the mean of ln must be between -700 and 700, got 8"),
        (problem("lognorm", [-800, 1]), "K_out: the mean of ln must be between -700 and 700"),
        (problem("lognorm", [math.nan, 1]), "K_out: the mean of ln must be .*, got nan"),
        (problem("unif", [3, 6], num_vars=3), "problem has 1 names, but num_vars 3"),
        (problem("unif", [3, 6], num_vars="x"), "problem has 1 names, but num_vars 'x'"),
        (problem(["unif"], [3, 6]), r"K_out: unknown distribution of SALib \['unif'\]"),
        (problem(None, [3, 6]), "K_out: unknown distribution of SALib None"),
        (problem("unif", "36"), r"K_out: bounds of unif must be \[low, high\], got '36'"),
        (
            {"names": ["K_out", "K_in"], "bounds": [[3, 6]] * 2, "groups": ["K", "K"]},
            r"inputs in groups \(K, K\) have no indices of their own",
        ),
    ],
)
def test_space_from_salib_refuses_bad_problems(given, message):
    with pytest.raises(ValueError, match=message):
        fr.space_from_salib(given, CELL)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bounds": None}, "problem: bounds must be a list, got None"),
        ({"bounds": {"K_out": [3, 6]}}, "problem: bounds must be a list, got {'K_out'"),
        ({"names": "K_out"}, "problem: names must be a list, got 'K_out'"),
        ({"names": [["K_out"]]}, r"problem: a name must be text, got \['K_out'\]"),
        ({"dists": "unif"}, "problem: dists must be a list, got 'unif'"),
        ({"groups": 5}, "problem: groups must be a list, got 5"),
        ({"bounds": [[[3], 6]]}, r"K_out: low must be a number, got \[3\]"),
    ],
)
def test_space_from_salib_needs_lists(changed, message):
    with pytest.raises(TypeError, match=message):
        fr.space_from_salib({**problem("unif", [3, 6]), **changed}, CELL)


@pytest.mark.parametrize("median", [0.04, 140, 1e-3, 0.123456, 5, 1 / 3, 1e-250])
def test_a_salib_problem_gives_an_equal_space_back(median):
    space = fr.space(
        CELL,
        K_out=fr.uniform(3, 6),
        P_Na=fr.lognormal(median=median, sigma_log=0.3),
        K_in=fr.triangular(120, 145, 150),
    )
    assert fr.space_from_salib(space.salib_problem(), CELL) == space


def test_space_from_salib_needs_mappings_of_numbers():
    with pytest.raises(TypeError, match="problem must be a mapping"):
        fr.space_from_salib([("K_out", [3, 6])], CELL)
    with pytest.raises(TypeError, match="K_out: low must be a number, got '3'"):
        fr.space_from_salib(problem("unif", ["3", 6]), CELL)


def test_space_from_salib_takes_groups_of_one():
    given = {"names": ["K_out", "K_in"], "bounds": [[3, 6], [130, 150]], "groups": None}
    plain = fr.space_from_salib(given, CELL)
    assert plain == fr.space(CELL, K_out=fr.uniform(3, 6), K_in=fr.uniform(130, 150))
    assert fr.space_from_salib({**given, "groups": ["a", "b"]}, CELL) == plain


def test_salib_methods_at_the_ends_need_bounds_on_both_sides(salib):
    from SALib.sample import morris as trajectories

    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SALib's own
        X = trajectories.sample(space.salib_problem(), 20, seed=1)
    with pytest.raises(ValueError, match=r"P_Na must be finite, got inf\. .* bounds on both sides"):
        space.evaluate(X)


# ---- scipy ----


def test_scipy_analyses_a_space_in_one_line(stats):
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=stats.gamma(50, scale=0.1))
    found = stats.sobol_indices(
        func=space.scipy_func, dists=space.scipy_dists, n=1024, rng=np.random.default_rng(1)
    )
    assert found.first_order.sum() == pytest.approx(1, abs=0.05)
    assert (found.total_order > 0.05).all()
    assert found.total_order.sum() == pytest.approx(1, abs=0.05)


def test_salib_and_scipy_agree(salib, stats):
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    space = fr.space(CELL, P_Na=fr.loguniform(0.02, 0.08), K_out=fr.uniform(3, 6))
    problem = space.salib_problem()
    X = sample.sample(problem, 2048, calc_second_order=False, seed=1)
    theirs = analyze.analyze(problem, space.evaluate(X), calc_second_order=False, seed=1)
    other = stats.sobol_indices(
        func=space.scipy_func, dists=space.scipy_dists, n=2048, rng=np.random.default_rng(1)
    )
    np.testing.assert_allclose(theirs["ST"], other.total_order, atol=0.02)
    np.testing.assert_allclose(theirs["S1"], other.first_order, atol=0.04)


def test_morris_and_pawn_of_salib_run_on_a_space(salib):
    from SALib.analyze import morris, pawn
    from SALib.sample import latin
    from SALib.sample import morris as trajectories

    space = fr.space(CELL, P_Na=fr.loguniform(0.02, 0.08), K_out=fr.uniform(3, 6))
    problem = space.salib_problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SALib's own
        X = trajectories.sample(problem, 20, seed=1)
        effects = morris.analyze(problem, X, space.evaluate(X), seed=1)
        X = latin.sample(problem, 500, seed=1)
        found = pawn.analyze(problem, X, space.evaluate(X), seed=1)
    assert effects["mu_star"][0] > effects["mu_star"][1] > 0
    assert found["median"][0] > found["median"][1] > 0
