"""Dependent inputs: Shapley effects, Sobol' indices with correlations and derived parameters."""

import itertools
import math
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity import dependent
from fastrest.sensitivity.dependent import chains
from helpers.spaces import lognormals, random_space

NEURON = fr.cells["mammalian neuron"]
TWO = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
TIED = fr.space(NEURON, **TWO, correlation={("P_Na", "K_out"): 0.8})
BATH = fr.space(NEURON, **TWO, Na_out=fr.affine(150, K_out=-1), P_Cl=fr.times(fr.uniform(0.5, 1.5)))


def nernst(correlation):
    """A linear V = phi (ln K_out - ln K_in) of normal logarithms: sd 0.3 and 0.4."""
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=25)
    inputs = {"K_out": fr.lognormal(sigma_log=0.3), "K_in": fr.lognormal(sigma_log=0.4)}
    return fr.space(cell, **inputs, correlation={("K_out", "K_in"): correlation})


@pytest.mark.parametrize("d", range(2, 9))
def test_chains_have_every_set_once(d):
    found = []
    for order, sets in chains(d):
        assert sorted(order) == list(range(d))
        for members in sets:
            assert members == order[: len(members)]
            found.append(frozenset(members))
    assert len(found) == len(set(found)) == 2**d - 2
    assert len(list(chains(d))) <= math.comb(d, d // 2)


@pytest.mark.parametrize("spearman", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_indices_of_correlated_normals_are_those_of_their_formulas(spearman):
    # f = a x - b y with sd a = 0.3 and b = 0.4, correlation r
    a, b, r = 0.3, -0.4, 2 * math.sin(math.pi * spearman / 6)
    variance = a * a + b * b + 2 * r * a * b
    first = np.array([(a + r * b) ** 2, (b + r * a) ** 2]) / variance
    total = np.array([a * a, b * b]) * (1 - r * r) / variance
    # Owen & Prieur 2017, doi:10.1137/16M1097717: half of both
    effects = (first + total) / 2
    space = nernst(spearman)
    found, shapley = space.sobol(2**13, rng=1), space.shapley(2**13, rng=1)
    np.testing.assert_allclose(found["S1"], first, atol=2e-3)
    np.testing.assert_allclose(found["ST"], total, atol=2e-3)
    np.testing.assert_allclose(shapley["Sh"], effects, atol=2e-3)
    phi = 25.692579
    assert found.variance == pytest.approx(phi**2 * variance, rel=2e-3)
    assert shapley.variance == pytest.approx(phi**2 * variance, rel=2e-3)
    assert found.mean == pytest.approx(phi * math.log(5 / 140), abs=0.01)


def test_shapley_effects_add_up_to_1():
    for space in (TIED, BATH, lognormals(("P_Na", "K_out", "Cl_in", "P_K"))):
        found = space.shapley(2**8, rng=3)
        assert found["Sh"].sum() == pytest.approx(1, abs=1e-12)


def held(spaces, n):
    """Return errors of sampled effects of random independent spaces, in half-widths."""
    rng, off = np.random.default_rng(5), []
    for seed in range(spaces):
        space = random_space(rng)
        exact, found = space.shapley()["Sh"], space.shapley(n, rng=seed)
        seen = found["Sh_conf"] > 1e-9
        off += ((found["Sh"] - exact)[seen] / found["Sh_conf"][seen]).tolist()
    return np.abs(off)


def test_intervals_of_shapley_effects_cover_exact_ones():
    assert 0.90 <= np.mean(held(50, 2**9) <= 1) <= 0.99


@pytest.mark.slow
def test_intervals_of_shapley_effects_cover_those_of_500_spaces():
    assert 0.93 <= np.mean(held(500, 2**10) <= 1) <= 0.97


def test_effects_of_correlated_inputs_equal_brute_force():
    # all conditional variances of three inputs by Gauss-Hermite rules of the scores
    inputs = {**TWO, "K_in": fr.normal(sd=10, low=0)}
    rho = {("P_Na", "K_out"): 0.6, ("K_out", "K_in"): -0.5}
    space = fr.space(NEURON, **inputs, correlation=rho)
    z, w = np.polynomial.hermite_e.hermegauss(24)
    w = w / w.sum()
    pearson = {pair: 2 * math.sin(math.pi * x / 6) for pair, x in rho.items()}
    closed = {(): 0.0}
    names = space.names
    given = dict(zip(names, space.distributions))
    for size in (1, 2, 3):
        for members in itertools.combinations(names, size):
            order = [*members, *(name for name in names if name not in members)]
            C = np.eye(3)
            for i, j in itertools.permutations(range(3), 2):
                key = (order[i], order[j])
                C[i, j] = pearson.get(key, pearson.get(key[::-1], 0.0))
            scores = np.stack(np.meshgrid(z, z, z, indexing="ij"))
            values = np.einsum("ij,jabc->iabc", np.linalg.cholesky(C), scores)
            from scipy.special import ndtr

            x = {
                n: given[n].quantile(ndtr(s.ravel()), ndtr(-s.ravel()))
                for n, s in zip(order, values)
            }
            V = fr.table(NEURON, x).values().reshape(24, 24, 24)
            for _ in range(3 - size):
                V = V @ w
            weights = math.prod(np.ix_(*[w] * size)) if size > 1 else w
            mean = np.sum(weights * V)
            closed[members] = float(np.sum(weights * (V - mean) ** 2))
    variance = closed[names]
    effects = dict.fromkeys(names, 0.0)
    for order in itertools.permutations(names):
        for k, name in enumerate(order):
            sets = [tuple(n for n in names if n in order[:m]) for m in (k, k + 1)]
            effects[name] += (closed[sets[1]] - closed[sets[0]]) / 6 / variance
    found, indices = space.shapley(2**13, rng=2), space.sobol(2**13, rng=2)
    np.testing.assert_allclose(found["Sh"], [*effects.values()], atol=3e-3)
    first = [closed[name,] / variance for name in names]
    np.testing.assert_allclose(indices["S1"], first, atol=4e-3)
    last = [1 - closed[tuple(n for n in names if n != name)] / variance for name in names]
    np.testing.assert_allclose(indices["ST"], last, atol=3e-3)


def test_indices_with_derived_parameters_equal_scipy():
    from scipy import stats

    found = BATH.sobol(2**14, rng=1)
    theirs = stats.sobol_indices(func=BATH.scipy_func, n=2**14, dists=BATH.scipy_dists, rng=1)
    np.testing.assert_allclose(found["S1"], theirs.first_order, atol=2e-3)
    np.testing.assert_allclose(found["ST"], theirs.total_order, atol=2e-3)
    assert found["names"] == ["P_Na", "K_out", "P_Cl"]
    assert "correlated" not in repr(found)


def test_independent_inputs_have_the_indices_of_the_other_design():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    scores = dependent.scores_of(space, NEURON.model.outputs["V"], None, 1, 2**12, 4)
    found, exact = dependent.dependent_indices(scores, None, 1, 1, False), space.sobol()
    for key in ("S1", "ST"):
        np.testing.assert_allclose(found[key], exact[key], atol=4e-3)


def test_more_than_twelve_inputs_take_random_orders():
    ions = ("K", "Na", "Cl", "HCO3", "Li")
    bath = {f"{ion}_{side}": 10.0 + 7 * k for k, ion in enumerate(ions) for side in ("out", "in")}
    model = fr.GHK(*ions[:4], fr.Ion("Li", 1))
    cell = fr.Cell(model, **bath, **{f"P_{ion}": 0.5 for ion in ions}, celsius=37)
    names = [name for name in cell if name not in ("celsius", "pump_ratio")][:14]
    space = fr.space(cell, **{name: fr.lognormal(cv=0.4) for name in names})
    exact, found = space.shapley()["Sh"], space.shapley(2**8, rng=1)
    assert found["Sh"].sum() == pytest.approx(1, abs=1e-12)
    assert (np.abs(found["Sh"] - exact) <= 2 * found["Sh_conf"]).all()
    assert found["Sh_conf"].max() < 0.1
    tied = fr.space(
        cell, **{n: fr.lognormal(cv=0.4) for n in names}, correlation={(names[0], names[1]): 0.1}
    )
    near = tied.shapley(2**8, rng=1)
    np.testing.assert_allclose(near["Sh"], exact, atol=0.08)


def test_threads_do_not_change_bits():
    for ask in (TIED.sobol, TIED.shapley, BATH.sobol, BATH.shapley):
        one = ask(2**12, rng=1, threads=1)
        for threads in (2, 3):
            assert ask(2**12, rng=1, threads=threads) == one


def test_results_say_how_they_were_made_and_are_pickled():
    indices, effects = TIED.sobol(2**10, rng=7), TIED.shapley(1001, rng=7, replicates=8)
    assert (indices.n, indices.replicates, indices.rng) == (1024, 4, 7)
    assert (effects.n, effects.replicates, effects.rng) == (1008, 8, 7)
    assert "inputs are correlated: indices do not add up" in repr(indices)
    assert "sampled, n = 1,008 in 8 replicates, rng 7" in repr(effects)
    for one in (indices, effects):
        assert pickle.loads(pickle.dumps(one)) == one
        assert list(one.to_dataframe().index) == ["P_Na", "K_out"]
    grouped = BATH.sobol(2**12, rng=1, groups={"membrane": ["P_Na", "P_Cl"]})
    assert grouped["names"] == ["membrane", "K_out"]
    assert grouped["S1"].sum() == pytest.approx(1, abs=0.02)
    tied = TIED.sobol(2**12, rng=1, groups={"both": ["P_Na", "K_out"]})
    assert tied["S1"] == pytest.approx([1], abs=0.01)


def test_events_have_effects_and_indices_of_dependent_inputs():
    of = fr.above(-65)
    for space in (TIED, BATH):
        p = space.sample(10**5, rng=1).summary(of=of).mean
        effects, indices = space.shapley(2**13, rng=1, of=of), space.sobol(2**13, rng=1, of=of)
        assert effects.mean == pytest.approx(p, abs=0.01)
        assert indices.mean == pytest.approx(p, abs=0.01)
        assert effects["Sh"].sum() == pytest.approx(1, abs=1e-12)


def test_progress_reaches_the_end():
    seen = []
    TIED.shapley(2**10, rng=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]


BAD = fr.space(
    fr.Cell(
        fr.GHK("K", "Na"), P_K=0, P_Na=1e-160, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37
    ),
    Na_in=fr.loguniform(1e-200, 1),
    Na_out=fr.uniform(100, 200),
    correlation={("Na_in", "Na_out"): 0.5},
)


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: TIED.sobol(), "exact Sobol' indices need independent inputs, but P_Na and K_out"),
        (lambda: TIED.shapley(), r"are correlated: sample them, as space.shapley\(2\*\*12\)"),
        (
            lambda: BATH.sobol(),
            r"where parameters are derived, as Na_out: sample them, as space.so",
        ),
        (lambda: TIED.sobol(until=0.1), "until=0.1 is for independent inputs"),
        (lambda: BATH.sobol(64, second=True), "second=True is for independent inputs"),
        (lambda: TIED.sobol(64, nan_policy="omit"), "nan_policy='omit' is for independent inputs"),
        (lambda: TIED.shapley(rng=1), "rng=1 goes with a sample: give n"),
        (lambda: TIED.shapley(64, tolerance=0.1), "tolerance=0.1 is for exact effects"),
        (lambda: TIED.shapley(0), "n must be a whole number >= 1, got 0"),
        (lambda: TIED.shapley(64, replicates=1), "replicates must be a whole number >= 2"),
        (lambda: TIED.shapley(2**60), "n must be at most"),
        (lambda: TIED.shapley(64, of=fr.above(-60) & fr.below(-50)), "about one output"),
        (lambda: BAD.shapley(2**8), "points of the sample have no potential .*narrow the distr"),
    ],
)
def test_errors_say_what_to_do(ask, text):
    with pytest.raises(ValueError, match=text):
        ask()
