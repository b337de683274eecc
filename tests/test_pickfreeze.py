"""Sampled Sobol' indices: the kernel's sums, the estimators, their intervals, and their manners."""

import pickle
import threading
import time

import numpy as np
import pytest
from scipy import stats

import fastrest as fr
from fastrest import _kernels, directions, engine
from fastrest.criteria import Between
from fastrest.pickfreeze import Sums, bounds, estimates, student
from fastrest.reduce import whole
from fastrest.samples import draws, kernel_sample

CELL = fr.cells["mammalian neuron"]
SIX = ("K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")
NINE = ("P_K", "P_Na", "P_Cl", *SIX)


def lognormals(names=NINE, cell=CELL, cv=0.5):
    return fr.space(cell, **{name: fr.lognormal(cv=cv) for name in names})


def random_space(rng):
    """Two to six inputs of a neuron, each with a distribution of a random kind."""
    cell = CELL.replace(pump_ratio=1.2)
    inputs = {}
    for name in rng.choice(list(cell), rng.integers(2, 7), replace=False).tolist():
        x = cell[name]
        kinds = [
            fr.uniform(0.5 * x, 1.6 * x),
            fr.lognormal(cv=rng.uniform(0.05, 0.7)),
            fr.loguniform(x / 3, 2 * x),
            fr.triangular(0.4 * x, x, 2.2 * x),
            fr.normal(sd=0.3 * x, low=0.2 * x, high=3 * x),
        ]
        inputs[name] = fr.uniform(15, 40) if name == "celsius" else kinds[rng.integers(5)]
    return fr.space(cell, **inputs)


# ---- the kernel's sums ----


def two_samples(space, n, seed=3):
    """Columns of A and B, the input each column is of, and the inputs themselves."""
    d = len(space)
    (ways,), (shifts,) = directions.scrambled(2 * d, [np.random.SeedSequence(seed)])
    halves = [slice(d), slice(d, 2 * d)]
    samples = [
        kernel_sample(space, "sobol", n, directions=ways[h], shifts=shifts[h]) for h in halves
    ]
    model = space.cell.model
    columns = [model.columns({**space.cell, **draws(space, s)}) for s in samples]
    inputs = [c.input if isinstance(c, _kernels.Draw) else -1 for c in columns[0]]
    return columns, inputs, [dict(zip(space.names, s.draw(0, n))) for s in samples]


def plain_sums(space, A, B, pivot, f=lambda V: V):
    """The sums of fastrest.h by NumPy, from potentials of tables."""

    def ask(x):
        return f(fr.table(space.cell, x).values()) - pivot

    names = space.names
    a, b = ask(A), ask(B)
    ab = [ask({**A, name: B[name]}) for name in names]
    ba = [ask({**B, name: A[name]}) for name in names]
    found = [a.sum(), a @ a, b.sum(), b @ b, a @ b]
    for one in ab:
        found += [(one - a).sum(), (one - a) @ (one - a), (one - a) @ b]
    second = [x for one in ba for x in (one.sum(), one @ a)]
    second += [ba[j] @ (ab[k] - a) for j in range(len(names)) for k in range(j + 1, len(names))]
    return np.array(found), np.array(second)


@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
@pytest.mark.parametrize("n", [1, 31, 255, 256, 257, 3000])
def test_the_kernel_sums_what_numpy_sums(isa, n):
    space = lognormals(("P_Na", "K_out", "Cl_in", "pump_ratio"))
    (a, b), inputs, (A, B) = two_samples(space, n)
    equation = CELL.model.equation()
    invalid, sums = equation.pick_freeze(a, b, inputs, 0, n, pivot=-70.0, second=True, isa=isa)
    first, second = plain_sums(space, A, B, -70.0)
    np.testing.assert_allclose(sums.sum(axis=1), [*first, *second], rtol=1e-12, atol=1e-9 * n)
    assert not invalid.any()


def test_drawn_columns_and_arrays_of_the_same_points_give_the_same_bits():
    space = lognormals()
    (a, b), inputs, (A, B) = two_samples(space, 1000)
    equation, model = CELL.model.equation(), CELL.model
    question = {"pivot": -70.0, "second": True, "logs": [True] * 9}
    _, drawn = equation.pick_freeze(a, b, inputs, 0, 1000, **question)
    arrays = [model.columns({**CELL, **x}) for x in (A, B)]
    _, given = equation.pick_freeze(*arrays, inputs, 0, 1000, **question)
    assert (drawn == given).all()
    for isa in _kernels.SUPPORTED:
        _, other = equation.pick_freeze(a, b, inputs, 0, 1000, isa=isa, **question)
        assert (drawn == other).all()


def test_the_indicator_counts_potentials_within_a_range():
    space = lognormals(("P_Na", "K_out"))
    (a, b), inputs, (A, B) = two_samples(space, 2000)
    _, sums = CELL.model.equation().pick_freeze(
        a, b, inputs, 0, 2000, between=(-72.0, -66.0), pivot=0.5
    )
    first, _ = plain_sums(space, A, B, 0.5, lambda V: 1.0 * ((V >= -72) & (V <= -66)))
    assert (sums.sum(axis=1) == first).all()


def test_slopes_are_squares_of_gradients_in_the_natural_coordinate():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    (a, b), inputs, (A, _) = two_samples(space, 777)
    _, sums = CELL.model.equation().pick_freeze(a, b, inputs, 0, 777, logs=[True, False])
    slopes = fr.table(CELL, A).gradient("P_Na", "K_out")
    wanted = [np.sum((slopes["P_Na"] * A["P_Na"]) ** 2), np.sum(slopes["K_out"] ** 2)]
    np.testing.assert_allclose(sums[2:4].sum(axis=1), wanted, rtol=1e-12)
    _, alone = CELL.model.equation().pick_freeze(a, None, inputs, 0, 777, logs=[True, False])
    assert (alone == sums[:4]).all()


def test_points_without_a_potential_are_counted_and_left_out():
    space = lognormals(("P_Na", "K_out"))
    _, inputs, (A, B) = two_samples(space, 1000)
    A["K_out"][[5, 700]] = np.nan, -1.0
    B["P_Na"][[5, 8]] = -1.0, np.inf
    model = CELL.model
    arrays = [model.columns({**CELL, **x}) for x in (A, B)]
    question = {"pivot": -70.0, "second": True}
    invalid, sums = model.equation().pick_freeze(*arrays, inputs, 0, 1000, **question)
    assert invalid.tolist() == [2, 1, 0, 0, 0, 0]  # by the lowest bit: point 5 has two
    good = np.delete(np.arange(1000), [5, 8, 700])
    parts = [{n: x[good] for n, x in side.items()} for side in (A, B)]
    first, second = plain_sums(space, *parts, -70.0)
    np.testing.assert_allclose(sums.sum(axis=1), [*first, *second], rtol=1e-12)


def test_misuse_of_the_kernel_is_an_error():
    space = lognormals(("P_Na", "K_out"))
    (a, b), inputs, _ = two_samples(space, 10)
    equation = CELL.model.equation()
    with pytest.raises(ValueError, match="within the lattice"):
        equation.pick_freeze(a, b, inputs, 5, 6)
    with pytest.raises(ValueError, match="inputs must have 11 numbers"):
        equation.pick_freeze(a, b, inputs[1:], 0, 10)
    with pytest.raises(ValueError, match="logs must have 2 elements"):
        equation.pick_freeze(a, b, inputs, 0, 10, logs=[True])
    with pytest.raises(ValueError, match="columns"):
        equation.pick_freeze(a, b, [-1] * 11, 0, 10)
    with pytest.raises(ValueError, match="ghk takes 11 columns, got 10"):
        equation.pick_freeze(a, b[:-1], inputs, 0, 10)
    separable = CELL.model.equation("separable")
    with pytest.raises(ValueError, match="the equation cannot"):
        separable.pick_freeze([1.0] * 3, [1.0] * 3, [0, 1, 2], 0, 1)


# ---- the estimators ----


def sums_of(f, d, A, B, second=True):
    """The sums of fastrest.h for any function of rows, in one replicate."""
    a, b = f(A), f(B)
    ab, ba = [], []
    for k in range(d):
        mixed, other = A.copy(), B.copy()
        mixed[:, k], other[:, k] = B[:, k], A[:, k]
        ab.append(f(mixed))
        ba.append(f(other))
    found = [a.sum(), a @ a, b.sum(), b @ b, a @ b]
    for one in ab:
        found += [(one - a).sum(), (one - a) @ (one - a), (one - a) @ b]
    if second:
        found += [x for one in ba for x in (one.sum(), one @ a)]
        found += [ba[j] @ (ab[k] - a) for j in range(d) for k in range(j + 1, d)]
    return np.array(found)


def test_the_estimators_find_the_indices_of_ishigami():
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


def test_salib_is_reproduced_on_its_own_design():
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
    arrays = [model.columns({**CELL, **x}) for x in (A, B)]
    _, sums = model.equation().pick_freeze(*arrays, inputs, 0, n, second=True)
    # SALib takes the mean of all potentials, not of those at A and B alone, from each
    _, _, ours = estimates(sums.sum(axis=1)[None], np.array([n]), d, True, centre=Y.mean())
    for key in ("S1", "ST", "S2"):
        np.testing.assert_allclose(ours[key][0], theirs[key], rtol=0, atol=1e-10)


def test_a_product_of_lognormals_has_its_closed_form():
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


def test_intervals_hold_the_exact_indices_as_often_as_they_say():
    rng = np.random.default_rng(1)
    off = []
    for seed in range(60):
        space = random_space(rng)
        exact, sampled = space.sobol(), space.sobol(2**12, rng=seed)
        for key in ("S1", "ST"):
            off.append((sampled[key] - exact[key]) / sampled[f"{key}_conf"])
    widths = np.abs(np.concatenate(off))
    assert 0.92 <= np.mean(widths <= 1) <= 0.98
    assert widths.max() * student(15) < 6  # standard errors


def test_second_order_agrees_with_the_exact_one():
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
def test_every_model_is_sampled(cell):
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


def test_an_indicator_agrees_with_brute_force():
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


def test_few_events_make_wide_intervals_instead_of_sure_ones():
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


def test_a_variance_far_from_the_cells_own_potential_keeps_its_digits():
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


# ---- derivative-based bounds ----


def test_dgsm_bounds_total_orders_and_is_sharp_for_a_sum_of_normals():
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=25)
    inputs = {"K_out": fr.lognormal(sigma_log=0.3), "K_in": fr.lognormal(sigma_log=0.4)}
    r = fr.space(cell, **inputs).sobol(2**16, rng=1)
    np.testing.assert_allclose(r["dgsm"], r["ST"], rtol=1e-3)
    rng = np.random.default_rng(4)
    for seed in range(20):
        r = random_space(rng).sobol(2**12, rng=seed)
        assert (r["dgsm"] >= r["ST"] - 2 * r["ST_conf"]).all()


def test_salib_finds_the_same_mean_squared_derivatives():
    # of uniform inputs, by finite differences on its own sample
    pytest.importorskip("SALib")
    from SALib.analyze import dgsm as analyze
    from SALib.sample import finite_diff

    inputs = {name: fr.times(fr.uniform(0.7, 1.3)) for name in ("P_Na", "K_out", "K_in")}
    space = fr.space(CELL, **inputs)
    problem = space.salib_problem()
    X = finite_diff.sample(problem, 4096, delta=1e-4, seed=1)
    theirs = analyze.analyze(problem, X, space.evaluate(X), num_resamples=10, seed=1)
    ours = space.sobol(2**14, rng=1)
    np.testing.assert_allclose(ours["vi"], theirs["vi"], rtol=0.02)
    np.testing.assert_allclose(ours["dgsm"], theirs["dgsm"], rtol=0.03)


def test_no_poincare_constant_gives_no_bound():
    of_a, squares = np.array([[0.0, 2.0]] * 3), np.array([[3.0]] * 3)
    found = bounds(of_a, squares, np.full(3, 2.0), np.array([np.inf]))
    assert found["dgsm"][0] == np.inf
    assert found["vi"][0] == 1.5


def test_dgsm_alone_is_that_of_the_same_points():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    alone, with_indices = space.dgsm(2**12, rng=1), space.sobol(2**12, rng=1)
    assert list(alone) == ["vi", "vi_conf", "dgsm", "dgsm_conf", "names"]
    for key in alone:
        np.testing.assert_array_equal(alone[key], with_indices[key])
    assert alone.extend(2**12) == space.dgsm(2**13, rng=1)


# ---- samples: threads, extension, stopping ----


def test_threads_do_not_change_bits():
    space = lognormals()
    one = space.sobol(2**15, rng=5, threads=1)
    for threads in (2, 3, 7):
        assert space.sobol(2**15, rng=5, threads=threads) == one


def test_blocks_do_not_change_with_the_replicates_size():
    # pieces of a replicate are cut where they always are: beyond one piece the bits stay
    space = lognormals(("P_Na", "K_out"))
    one = space.sobol(5 * 2**15, rng=5, replicates=2, threads=1)
    assert space.sobol(5 * 2**15, rng=5, replicates=2, threads=3) == one


def test_extension_goes_on_where_the_sample_ended():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    direct = space.sobol(2**14, rng=5)
    extended = space.sobol(2**13, rng=5).extend(2**13)
    assert extended.n == direct.n == 2**14
    for key in ("S1", "ST", "S1_conf", "ST_conf", "dgsm"):
        np.testing.assert_allclose(extended[key], direct[key], rtol=1e-12, atol=1e-14)
    odd = space.sobol(1000, rng=5).extend(333)
    assert odd.n == 1008 + 336  # whole points in each of 16 replicates


def test_until_stops_once_the_intervals_are_narrow():
    space = lognormals()
    r = space.sobol(until=0.005, rng=1)
    assert max(r["S1_conf"].max(), r["ST_conf"].max()) <= 0.005
    half = space.sobol(r.n // 2, rng=1)
    assert r.n == 2**14 or max(half["S1_conf"].max(), half["ST_conf"].max()) > 0.005
    stopped = space.sobol(2**15, until=1e-9, rng=1)
    assert stopped.n == 2**15


def test_the_seed_is_recorded_and_makes_the_same_again():
    space = lognormals(("P_Na", "K_out"))
    fresh = space.sobol(256)
    assert space.sobol(256, rng=fresh.rng) == fresh
    assert f"rng {fresh.rng}" in repr(fresh)
    assert space.sobol(256, rng=0) != space.sobol(256, rng=1)


def test_results_can_be_pickled_and_extended_after():
    r = lognormals(("P_Na", "K_out")).sobol(512, rng=1)
    again = pickle.loads(pickle.dumps(r))
    assert again == r
    assert again.extend(512) == r.extend(512)


def test_invalid_points_raise_or_are_counted():
    # where Na_in is below 1e-148, its product with P_Na leaves the normal doubles
    values = {"K_out": 5, "K_in": 140, "Na_out": 145, "Na_in": 15, "celsius": 37}
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=0, P_Na=1e-160, **values)
    space = fr.space(cell, Na_in=fr.loguniform(1e-200, 1), Na_out=fr.uniform(100, 200))
    with pytest.raises(ValueError, match=r"have no potential \(\d+ RANGE.*nan_policy='omit'"):
        space.sobol(2**10, rng=1)
    r = space.sobol(2**10, rng=1, nan_policy="omit")
    assert set(r.invalid) == {"RANGE"}
    assert 0 < r.invalid["RANGE"] < 2**10
    assert np.isfinite(r["S1"]).all()
    bad = cell.replace(P_Na=0)
    with pytest.raises(ValueError, match="no point of the sample has a potential"):
        fr.space(bad, Na_in=fr.uniform(1, 2)).sobol(64, rng=1, nan_policy="omit")


def test_sums_beyond_the_doubles_are_infinite():
    found = Sums()
    found.add(2, np.zeros(6, np.int64), np.array([[1.5, 2.0**-60], [np.inf, np.nan]]))
    found.add(1, np.zeros(6, np.int64), np.array([[2.0**-60, 0.0], [1.0, 0.0]]))
    assert found.floats() == [1.5, np.inf]
    assert found.totals == [whole(1.5) + 2 * whole(2.0**-60), None]


def test_a_progress_callable_sees_the_end_and_its_error_stops_the_run():
    seen = []
    space = lognormals(("P_Na", "K_out"))
    space.sobol(2**16, rng=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2**16, 2**16)

    def stop(done, total):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        space.sobol(2**20, rng=1, progress=stop)
    assert threading.active_count() == before


def test_ctrl_c_is_answered_soon():
    import _thread

    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        lognormals().sobol(2**28, rng=1)
    started = time.perf_counter()
    lognormals().sobol(2**10, rng=1)  # usable afterwards
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be a whole number >= 1, got 0"),
        ({"n": 1.5}, ValueError, "n must be a whole number"),
        ({"n": 2**60}, ValueError, "n must be at most"),
        ({"n": 64, "replicates": 1}, ValueError, "replicates must be a whole number >= 2, got 1"),
        ({"n": 64, "replicates": 0}, ValueError, "replicates must be a whole number >= 2, got 0"),
        ({"n": 64, "replicates": True}, ValueError, "replicates must be a whole number"),
        ({"n": 64, "until": "x"}, TypeError, "until must be a number, got 'x'"),
        ({"n": 64, "second": "no"}, TypeError, "second must be True or False, got 'no'"),
        ({"n": 64, "tolerance": 1e-3}, ValueError, "tolerance=0.001 is for exact indices"),
        ({"n": 64, "max_memory": 1}, ValueError, "max_memory=1 is for exact indices"),
        ({"rng": 5}, ValueError, "rng=5 goes with a sample"),
        ({"replicates": 8}, ValueError, "replicates=8 goes with a sample"),
        ({"nan_policy": "omit"}, ValueError, "nan_policy='omit' goes with a sample"),
        ({"n": 64, "until": 0}, ValueError, "until must be > 0, got 0"),
        ({"n": 64, "of": (-80, -55)}, TypeError, r"of must be fr.between\(low, high\), got"),
        ({"n": 64, "nan_policy": "drop"}, ValueError, "nan_policy must be one of raise, omit"),
        ({"n": 64, "rng": -1}, ValueError, "rng must be >= 0, got -1"),
        ({"n": 64, "rng": 1.5}, TypeError, "rng must be a whole number"),
        ({"n": 64, "threads": 0}, ValueError, "threads must be a whole number >= 1"),
        ({"of": Between(-80, -55)}, ValueError, r"of=between\(-80, -55\) goes with"),
        ({"second": True}, ValueError, "second=True goes with a sample"),
    ],
)
def test_a_mistake_gets_its_error(arguments, error, message):
    with pytest.raises(error, match=message):
        lognormals(("P_Na", "K_out")).sobol(**arguments)


def test_correlated_inputs_are_refused():
    inputs = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
    space = fr.space(CELL, **inputs, correlation={("P_Na", "K_out"): 0.5})
    with pytest.raises(ValueError, match="inputs must be independent, but"):
        space.sobol(64)


def test_between_wants_two_ordered_potentials():
    assert fr.between(-80, -55) == Between(-80.0, -55.0)
    assert repr(fr.between(-80, -55)) == "between(-80, -55)"
    with pytest.raises(ValueError, match=r"low <= high must hold, got -55\.0 and -80\.0"):
        fr.between(-55, -80)
    with pytest.raises(ValueError, match="high must be a potential in mV, got nan"):
        fr.between(-55, np.nan)
    with pytest.raises(TypeError, match="low must be a number"):
        fr.between("a", 0)


def test_tasks_do_not_outgrow_their_memory():
    # what is kept does not depend on how many points there are
    r = lognormals(("P_Na", "K_out")).sobol(2**18, rng=1)
    assert len(pickle.dumps(r)) < 10**5
    assert engine.memory_available() is None or engine.memory_available() > 0


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 15, 31, 100])
def test_students_quantile_is_scipys(freedom):
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
