"""Estimators of sampled Sobol' indices, and their confidence intervals."""

import itertools

import numpy as np
import pytest
from scipy import stats

import fastrest as fr
from fastrest._core import _samples
from fastrest.sensitivity.estimators import estimates, student
from helpers.spaces import lognormals, random_space, two_samples

CELL = fr.cells["mammalian neuron"]


def sums_of(f, d, A, B, second=True):
    """Return the sums of fastrest.h for any function of rows, in one replicate."""
    a, b = f(A), f(B)
    ab, ba = [], []
    for k in range(d):
        mixed, other = A.copy(), B.copy()
        mixed[:, k], other[:, k] = B[:, k], A[:, k]
        ab.append(f(mixed))
        ba.append(f(other))
    found = [a.sum(), a @ a, b.sum(), b @ b, a @ b]
    steps = [(one - a, b - other) for one, other in zip(ab, ba)]
    for x, y in steps:
        found += [x.sum(), x @ x, y.sum(), y @ y, x @ y, x @ a, x @ b, y @ a, y @ b]
    if second:
        pairs = itertools.combinations(steps, 2)
        found += [y @ x_k + y_k @ x for (x, y), (x_k, y_k) in pairs]
    return np.array(found)


def test_estimators_find_the_indices_of_ishigami():
    # Ishigami & Homma 1990: sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on (-pi, pi)^3
    def f(x):
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    V1, V2 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7**2 / 8
    V13 = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
    V = V1 + V2 + V13
    sums = []
    for seed in range(16):
        u = stats.qmc.Sobol(6, rng=seed).random(2**13)
        x = np.pi * (2 * u - 1)
        sums.append(sums_of(f, 3, x[:, :3], x[:, 3:]))
    mean, variance, found = estimates(np.array(sums), np.full(16, 2.0**13), 3, True)
    assert mean == pytest.approx(3.5, abs=1e-3)
    assert variance == pytest.approx(V, rel=1e-3)
    for key, exact in {"S1": [V1, V2, 0], "ST": [V1 + V13, V2, V13]}.items():
        value, width = found[key]
        assert np.abs(value - np.array(exact) / V).max() < 4e-3
        assert (np.abs(value - np.array(exact) / V) <= 3 * width + 1e-12).all()
    value, width = found["S2"]
    upper = np.triu_indices(3, 1)
    np.testing.assert_allclose(value[upper], [0, V13 / V, 0], atol=5e-3)
    assert np.isnan(value[np.tril_indices(3)]).all()
    assert (width[upper] < 0.01).all()


def test_estimators_are_those_of_the_means_they_stand_for_on_the_design_of_salib():
    pytest.importorskip("SALib")
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    space = lognormals()
    problem, d, n = space.salib_problem(), 9, 512
    X = sample.sample(problem, n, calc_second_order=True, seed=1)
    Y = space.evaluate(X)
    theirs = analyze.analyze(problem, Y, calc_second_order=True, num_resamples=10, seed=1)
    blocks = X.reshape(n, 2 * d + 2, d)
    A, B = (dict(zip(space.names, blocks[:, k].T)) for k in (0, -1))
    model = CELL.model
    _, inputs, _ = two_samples(space, 1)
    arrays = [model.outputs["V"].columns_of({**CELL, **x}) for x in (A, B)]
    _, sums = _samples.pick_freeze(
        model.outputs["V"].equation, *arrays, inputs, 0, n, n_inputs=d, second=True
    )
    mean, variance, ours = estimates(sums.sum(axis=1)[None], np.array([n]), d, True)
    assert mean == pytest.approx(Y.mean(), rel=1e-12)
    assert variance == pytest.approx(Y.var(), rel=1e-10)
    a, *ab_ba, b = Y.reshape(n, 2 * d + 2).T
    step, back = np.array(ab_ba[:d]) - a, b - np.array(ab_ba[d:])
    products = back @ step.T / n / Y.var()
    np.testing.assert_allclose(ours["S1"][0], products.diagonal() / 2, rtol=0, atol=1e-12)
    upper = np.triu_indices(d, 1)
    pairs = -(products + products.T)[upper] / 2
    np.testing.assert_allclose(ours["S2"][0][upper], pairs, rtol=0, atol=1e-12)
    total = (np.square(step) + np.square(back)).mean(axis=1) / 4 / Y.var()
    np.testing.assert_allclose(ours["ST"][0], total, rtol=0, atol=1e-12)
    for key in ("S1", "ST"):  # SALib takes other products of the same values
        np.testing.assert_allclose(ours[key][0], theirs[key], rtol=0, atol=0.02)


def test_estimators_equal_the_closed_form_of_a_product_of_lognormals():
    # one ion: V = phi (ln K_out - ln K_in) is a sum, of what phi scales
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=25)
    space = fr.space(
        cell,
        K_out=fr.lognormal(sigma_log=0.3),
        K_in=fr.lognormal(sigma_log=0.4),
        celsius=fr.uniform(5, 45),
    )
    U, T = np.log(5 / 140), 273.15 + 25
    U2 = U**2 + 0.3**2 + 0.4**2
    T2 = T**2 + 40**2 / 12
    V = T2 * U2 - (T * U) ** 2
    first = np.array([T**2 * 0.3**2, T**2 * 0.4**2, (T2 - T**2) * U**2]) / V
    total = np.array([T2 * 0.3**2, T2 * 0.4**2, (T2 - T**2) * U2]) / V
    r = space.sobol(2**16, rng=2)
    np.testing.assert_allclose(r["S1"], first, atol=2e-3)
    np.testing.assert_allclose(r["ST"], total, atol=2e-3)
    phi = 1000 * 8.31446261815324 / 96485.33212331001840
    assert r.mean == pytest.approx(phi * T * U, abs=0.01)
    assert r.variance == pytest.approx(phi**2 * V, rel=1e-3)


def covered(spaces, n, **how):
    """Return the errors of S1, ST and S2 on random spaces, in half-widths of their intervals."""
    rng, off = np.random.default_rng(1), {"S1": [], "ST": [], "S2": []}
    for seed in range(spaces):
        space = random_space(rng)
        exact, sampled = space.sobol(), space.sobol(n, rng=seed, second=True, **how)
        for key, found in off.items():
            width = sampled[f"{key}_conf"]
            seen = width > 1e-9  # 0 where an index is 0 whatever the sample
            found += ((sampled[key] - exact[key])[seen] / width[seen]).tolist()
    return {key: np.abs(found) for key, found in off.items()}


def test_confidence_intervals_cover_the_exact_indices():
    off = covered(60, 2**11)
    assert 0.92 <= np.mean(np.concatenate([*off.values()]) <= 1) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("n", [2**10, 2**14])
@pytest.mark.parametrize("replicates", [4, 16])
def test_confidence_intervals_cover_the_exact_indices_of_500_spaces(n, replicates):
    off = covered(500, n, replicates=replicates)
    pooled = np.concatenate([off["S1"], off["ST"]])
    assert 0.93 <= np.mean(pooled <= 1) <= 0.97
    assert all(0.92 <= np.mean(one <= 1) <= 0.98 for one in off.values())


@pytest.mark.slow
def test_intervals_cost_little_accuracy_beside_one_long_sequence_of_scipy():
    # with as many values of V: 2 d + 2 a point here, d + 2 there; 16 short sequences lose 7 times
    rng, ours, theirs = np.random.default_rng(2), [], []
    for seed in range(50):
        space = random_space(rng)
        exact, sampled = space.sobol()["S1"], space.sobol(2**14, rng=seed)["S1"]
        how = {"func": space.scipy_func, "dists": space.scipy_dists}
        scipy_S1 = stats.sobol_indices(n=2**15, rng=seed, **how).first_order
        ours.append(np.square(sampled - exact).mean())
        theirs.append(np.square(scipy_S1 - exact).mean())
    assert np.sqrt(np.mean(ours) / np.mean(theirs)) < 2.5
    assert np.sqrt(np.mean(ours)) < 3e-4


def test_second_order_estimates_agree_with_exact_indices():
    space = lognormals(("P_Na", "P_Cl", "K_out", "Cl_in"))
    exact, sampled = space.sobol(), space.sobol(2**15, rng=1, second=True)
    upper = np.triu_indices(4, 1)
    off = np.abs(sampled["S2"] - exact["S2"])[upper] / sampled["S2_conf"][upper]
    assert off.max() < 2.5
    assert np.isnan(sampled["S2"][np.tril_indices(4)]).all()


@pytest.mark.parametrize(
    "cell",
    [
        fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.5, Ca_out=2.0, Ca_in=1e-4),
        CELL.to_chord(),
        fr.cells["mammalian skeletal muscle"],
    ],
    ids=["divalent", "chord", "passive"],
)
def test_sampled_indices_of_every_model_agree_with_exact_ones(cell):
    names = [n for n in cell if n != "celsius" and cell[n] > 0][:4]
    space = fr.space(cell, **{n: fr.times(fr.uniform(0.5, 1.5)) for n in names})
    r = space.sobol(2**12, rng=1)
    V = fr.table(cell, space.sample(10**5, rng=1).parameters(np.arange(10**5))).values()
    assert r.mean == pytest.approx(V.mean(), abs=5 * V.std() / 10**2.5)
    assert r.variance == pytest.approx(V.var(), rel=0.05)
    assert (r["S1"] <= r["ST"] + r["ST_conf"] + r["S1_conf"]).all()
    assert (r["dgsm"] >= r["ST"] - r["ST_conf"]).all()


def test_an_input_without_effect_has_index_0():
    cell = fr.cells["mammalian skeletal muscle"]
    assert cell.model.passive == ("Cl",)
    r = fr.space(cell, K_out=fr.uniform(3, 6), Cl_out=fr.uniform(90, 130)).sobol(2**10, rng=1)
    assert r["ST"][1] == r["S1"][1] == r["vi"][1] == r["dgsm"][1] == 0.0


def test_sampled_indices_of_an_indicator_equal_brute_force():
    space = lognormals(("P_Na", "K_out"))
    within = fr.between(-72, -66)
    r = space.sobol(2**17, of=within, rng=1)
    u = (np.arange(1500) + 0.5) / 1500
    first, second = (one.ppf(u) for one in space.distributions)
    V = fr.grid(CELL, P_Na=first, K_out=second).values()
    f = 1.0 * ((V >= -72) & (V <= -66))
    S1 = np.array([f.mean(axis=1).var(), f.mean(axis=0).var()]) / f.var()
    np.testing.assert_allclose(r["S1"], S1, atol=4e-3)
    np.testing.assert_allclose(r["ST"], 1 - S1[::-1], atol=4e-3)
    assert r.mean == pytest.approx(f.mean(), abs=1e-3)
    assert set(r) == {"S1", "S1_conf", "ST", "ST_conf", "names"}


def test_few_events_make_wide_confidence_intervals():
    inputs = {
        "P_Na": fr.lognormal(cv=0.5),
        "K_out": fr.uniform(3, 6),
        "Na_in": fr.lognormal(cv=0.4),
    }
    space = fr.space(CELL, **inputs)
    for low in (-55, -50, -45):  # 1.3 %, 0.25 % and 0.04 % of the cells
        of = fr.between(low, 200)
        truth = space.sobol(2**21, rng=99, of=of)
        held = {"S1": [], "ST": []}
        for seed in range(25):
            r = space.sobol(2**12, rng=seed, of=of)
            for key, all_held in held.items():
                width = np.hypot(r[f"{key}_conf"], truth[f"{key}_conf"])
                all_held.append(~(np.abs(r[key] - truth[key]) > width))
        assert min(np.mean(one) for one in held.values()) > 0.92


def test_until_is_not_reached_on_no_or_few_events():
    space = lognormals(("P_Na", "K_out"))
    rare = fr.between(-40, 100)
    for seed in range(5):
        r = space.sobol(2**18, until=0.01, rng=seed, of=rare)
        assert r.n == 2**18
        assert not max(r["S1_conf"].max(), r["ST_conf"].max()) <= 0.01
    never = space.sobol(2**15, until=0.01, rng=1, of=fr.between(500, 600))
    assert never.n == 2**15
    assert np.isnan(never["S1_conf"]).all()
    for answer in (never, space.sobol(2**12, rng=1, of=fr.between(-500, 600))):  # and always
        assert np.isnan(answer["S1"]).all()
        assert "nan" in repr(answer)


def test_variance_estimates_far_from_the_pivot_keep_their_digits():
    for seed in range(10):
        narrow = fr.space(CELL, K_out=fr.normal(mean=50, sd=1e-8, low=1))
        r = narrow.sobol(2**10, rng=seed)
        assert r.sd == pytest.approx(narrow.sobol(tolerance=1e-3).sd, rel=0.1)
    inputs = {
        "K_out": fr.normal(mean=50, sd=1e-5, low=1),
        "P_Na": fr.normal(mean=0.4, sd=1e-7, low=0),
    }
    space = fr.space(CELL, **inputs)
    exact, sampled = space.sobol(tolerance=1e-3), space.sobol(2**12, rng=1)
    np.testing.assert_allclose(sampled["S1"], exact["S1"], atol=0.01)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 15, 31, 100])
def test_student_quantile_equals_scipy(freedom):
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
