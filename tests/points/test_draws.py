"""Draws: random numbers with published answers, even sequences, strata, correlations.

What the kernels draw is compared with plain Python written from the papers, with scipy's sequence,
and with the properties that make it worth having.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels, _samples
from fastrest.points import sobol_sequence

NEURON = fr.cells["mammalian neuron"]
METHODS = list(_samples.METHODS)
BITS = _samples.BITS
UNIFORM = _samples.Quantile("uniform", False, 0.0, 1.0, 0.0, 0.0, 1.0)
KEY = 0x299F31D0A4093822
#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def sample(method, n, inputs=3, key=KEY, seed=1):
    """Uniform numbers as the kernels draw them; a Sobol' sequence is plain if seed is None."""
    if method != "sobol":
        return _samples.Sample(method, n, [UNIFORM] * inputs, key=key)
    if seed is None:
        ways, shifts = sobol_sequence.sobol_directions(inputs), np.zeros(inputs, np.uint64)
    else:
        (ways,), (shifts,) = sobol_sequence.scrambled_directions(
            inputs, [np.random.SeedSequence(seed)]
        )
    return _samples.Sample(method, n, [UNIFORM] * inputs, directions=ways, shifts=shifts)


def whole(u):
    """The whole numbers k of u = (k + 1/2) 2^-52."""
    k = np.floor(np.asarray(u) * 2.0**BITS)
    assert np.array_equal((k + 0.5) * 2.0**-BITS, u)
    return k.astype(np.int64)


# ---- Philox ----


def philox(counter, key):
    """Philox4x32-10 as Salmon et al. 2011 define it."""
    low = (1 << 32) - 1
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (q >> 32) ^ b ^ k0, q & low, (p >> 32) ^ d ^ k1, p & low
        k0, k1 = (k0 + 0x9E3779B9) & low, (k1 + 0xBB67AE85) & low
    return a, b, c, d


# from the file kat_vectors of the authors' Random123
@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_its_published_answers(counter, key, answer):
    assert philox(counter, key) == answer


def random_numbers(key, point, j):
    """The whole numbers of inputs j and j + 1, j even, as uniform_tpl.h documents them."""
    counter = point & 0xFFFFFFFF, point >> 32, j // 2, 0
    a, b, c, d = philox(counter, (key & 0xFFFFFFFF, key >> 32))
    return a << 20 | b >> 12, c << 20 | d >> 12


@pytest.mark.parametrize("key", [0, KEY, 2**64 - 1])
@pytest.mark.parametrize("start", [0, 2**32 - 3, 2**40 + 1, 2**62 - 7])
def test_random_numbers_are_those_of_philox(key, start, isa):
    found = whole(sample("random", 2**62, 5, key).draw(start, 7, isa=isa))
    for i, point in enumerate(range(start, start + 7)):
        expected = [k for j in (0, 2, 4) for k in random_numbers(key, point, j)]
        assert found[:, i].tolist() == expected[:5]


def test_the_first_published_answer_comes_out_of_the_kernel(isa):
    k = whole(sample("random", 1, 2, key=0).draw(0, 1, isa=isa))
    assert [f"{x:013x}" for x in k[:, 0]] == ["6627e8d5e169c", "bc57ac4c9b00d"]


def test_random_numbers_look_independent():
    n, inputs = 1 << 16, 8
    u = sample("random", n, inputs).draw(0, n)
    k = whole(u)
    assert np.unique(k).size == k.size
    limit = 4.5 / math.sqrt(n)  # standard errors of a correlation
    between = np.corrcoef(np.concatenate([u, np.roll(u, 1, axis=1)]))
    assert np.abs(between - np.eye(2 * inputs)).max() < limit
    ones = (k[..., None] >> np.arange(BITS) & 1).mean(axis=1)  # every bit is set half the time
    assert np.abs(ones - 0.5).max() < limit / 2
    counts = np.array([np.bincount(row >> (BITS - 8), minlength=256) for row in k])
    chi = ((counts - n / 256) ** 2 / (n / 256)).sum(axis=1)
    assert np.abs(chi - 255).max() < 5 * math.sqrt(2 * 255)


# ---- points are functions of their numbers ----


@properties
@given(st.sampled_from(METHODS), st.integers(0, 2**40 - 1), st.integers(0, 600), st.data())
def test_a_range_is_the_points_one_by_one(method, start, count, data):
    one = sample(method, 2**40, data.draw(st.integers(1, 5)))
    count = min(count, 2**40 - start)
    whole_range = one.draw(start, count)
    assert np.array_equal(whole_range, one.draw_at(np.arange(start, start + count)))
    cut = data.draw(st.integers(0, count))
    parts = one.draw(start, cut), one.draw(start + cut, count - cut)
    assert np.array_equal(whole_range, np.concatenate(parts, axis=1))


@pytest.mark.parametrize("method", METHODS)
def test_every_number_is_between_0_and_1_and_the_same_on_every_instruction_set(method, isa):
    n = 70_001
    u = sample(method, n, 38).draw(0, n, isa=isa)
    assert u.min() >= 2.0**-53
    assert u.max() <= 1 - 2.0**-53
    assert np.array_equal(u, sample(method, n, 38).draw(0, n, isa="base"))


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_a_point_does_not_depend_on_how_many_there_are(method):
    assert np.array_equal(sample(method, 10).draw(3, 7), sample(method, 2**52).draw(3, 7))


@pytest.mark.parametrize("method", METHODS)
def test_an_input_does_not_depend_on_those_behind_it(method):
    few, many = sample(method, 999, 3), sample(method, 999, 38)
    if method == "sobol":  # whose scrambling is drawn for all dimensions at once
        few, many = sample(method, 999, 3, seed=None), sample(method, 999, 38, seed=None)
    assert np.array_equal(few.draw(0, 999), many.draw(0, 999)[:3])


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_gives_other_points(method):
    found = [sample(method, 9, key=seed, seed=seed).draw(0, 9) for seed in range(4)]
    for a, b in itertools.combinations(found, 2):
        assert (a != b).all()


# ---- the Sobol' sequence ----


def test_the_plain_sobol_sequence_is_scipys():
    qmc = pytest.importorskip("scipy.stats.qmc")
    theirs = qmc.Sobol(d=32, scramble=False, bits=BITS).random_base2(16)
    ours = sample("sobol", 2**16, 32, seed=None).draw(0, 2**16)
    assert np.array_equal(ours - 2.0**-53, theirs.T)


def sobol_number(j, point):
    """The definition: directions of the bits in the Gray code of the point, by exclusive or."""
    gray, x = point ^ point >> 1, 0
    for bit, way in enumerate(sobol_sequence.sobol_directions(j + 1)[j].tolist()):
        x ^= way * (gray >> bit & 1)
    return x


@pytest.mark.parametrize("point", [0, 1, 255, 256, 2**31, 2**40 + 77, 2**52 - 1])
def test_a_plain_sobol_point_far_out_is_its_definition(point):
    k = whole(sample("sobol", 2**52, 6, seed=None).draw(point, 1))[:, 0]
    assert k.tolist() == [sobol_number(j, point) for j in range(6)]


def test_directions_are_recorded_for_twice_the_most_inputs():
    assert sobol_sequence.sobol_directions(76).shape == (76, BITS)
    first = sobol_sequence.sobol_directions(76) >> np.uint64(BITS - 1)
    assert (first[:, 0] == 1).all()
    with pytest.raises(ValueError, match=r"at most \d+ dimensions, got 1000"):
        sobol_sequence.sobol_directions(1000)


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("log2", [1, 5, 12])
def test_each_of_equal_intervals_has_one_sobol_point(seed, log2):
    n = 1 << log2
    for start in (0, 3 * n, 2**45 // n * n):
        k = whole(sample("sobol", 2**52, 38, seed=seed).draw(start, n)) >> (BITS - log2)
        assert np.array_equal(np.sort(k, axis=1), np.tile(np.arange(n), (38, 1)))


def counts_in_boxes(k, log2, split):
    """How many of 2^log2 points lie in each box of a plane, cut by powers of 2."""
    x, y = k[0] >> (BITS - split), k[1] >> (BITS - (log2 - split))
    return np.bincount(x << (log2 - split) | y, minlength=1 << log2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_scrambled_sobol_points_are_as_even_in_planes_as_plain_ones(seed):
    log2 = 10
    plain = whole(sample("sobol", 1 << log2, 38, seed=None).draw(0, 1 << log2))
    mixed = whole(sample("sobol", 1 << log2, 38, seed=seed).draw(0, 1 << log2))
    for pair in [(0, 1), (0, 2), (1, 2), (0, 37), (5, 6), (20, 31)]:
        for split in range(log2 + 1):
            before, after = (counts_in_boxes(k[list(pair)], log2, split) for k in (plain, mixed))
            assert np.array_equal(np.sort(before), np.sort(after))
            if pair == (0, 1):  # the best pair: one point in every box
                assert (after == 1).all()


def test_scrambling_makes_every_point_uniform():
    seeds = 4000
    ways, shifts = sobol_sequence.scrambled_directions(
        3, [np.random.SeedSequence(s) for s in range(seeds)]
    )
    points = [(k + 0.5) * 2.0**-BITS for k in (shifts, shifts ^ ways[..., 0])]
    for u in points:
        assert np.abs(u.mean(axis=0) - 0.5).max() < 5 / math.sqrt(12 * seeds)
        assert np.abs((u**2).mean(axis=0) - 1 / 3).max() < 5 * math.sqrt(4 / 45 / seeds)
    first, second = points
    assert ((first < 0.5) != (second < 0.5)).all()  # one in each half, where they are free
    within = np.concatenate([first % 0.5, second % 0.5], axis=1)
    assert np.abs(np.corrcoef(within.T) - np.eye(6)).max() < 5 / math.sqrt(seeds)


# ---- Latin hypercubes ----


def mixed(x):
    """Appleby's MurmurHash3 finalizer."""
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def place(key, j, n, point):
    """The stratum of a point, as uniform_tpl.h documents it."""
    words = key & 0xFFFFFFFF, key >> 32
    keys = [k for r in (0, 4) for k in philox((j, r, 0, 1), words)]
    half = next(h for h in itertools.count(1) if 4**h >= n)
    mask = (1 << half) - 1
    while True:
        left, right = point >> half, point & mask
        for k in keys:
            left, right = right, left ^ mixed(right ^ k) & mask
        point = left << half | right
        if point < n:
            return point


def strata(k, n):
    """Which n-th a point lies in, without rounding."""
    return [(2 * int(x) + 1) * n >> (BITS + 1) for x in k]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 17, 1000, 65537])
def test_each_stratum_of_every_input_has_one_point(n):
    k = whole(sample("lhs", n, 5).draw(0, n))
    for row in k:
        assert sorted(strata(row, n)) == list(range(n))


@pytest.mark.parametrize("n", [5, 1000, 2**31 + 1, 2**40 - 1, 2**40])
def test_the_stratum_of_a_point_is_as_documented(n, isa):
    one = sample("lhs", n, 3)
    for start in {0, n // 2, max(0, n - 300)}:
        k = whole(one.draw(start, min(n - start, 300), isa=isa))
        for j, row in enumerate(k):
            expected = [place(KEY, j, n, start + i) for i in range(len(row))]
            assert strata(row, n) == expected


def test_places_within_strata_are_uniform_and_free_of_the_place():
    n = 65537
    u = sample("lhs", n, 4).draw(0, n)
    within = u * n % 1
    assert np.abs(within.mean(axis=1) - 0.5).max() < 5 / math.sqrt(12 * n)
    assert within.min() > 2.0**-13
    assert within.max() < 1 - 2.0**-13
    assert np.abs(np.corrcoef(np.concatenate([u, within])) - np.eye(8)).max() < 4.5 / math.sqrt(n)


@pytest.mark.parametrize("n", [1000, 65536, 65537])
def test_inputs_of_a_latin_hypercube_look_uncorrelated(n):
    u = sample("lhs", n, 10).draw(0, n)
    rows = np.concatenate([u, np.roll(u, 1, axis=1), [np.arange(n) / n]])
    assert np.abs(np.corrcoef(rows) - np.eye(21)).max() < 4.5 / math.sqrt(n)


# ---- copulas ----

CORRELATION = {("K_out", "Na_in"): -0.8, ("K_out", "P_Na"): 0.3, ("Na_in", "Cl_out"): 0.3}
MARGINALS = {
    "K_out": fr.uniform(3, 6),
    "P_Na": fr.lognormal(cv=0.5),
    "Na_in": fr.normal(sd=3, low=0),
    "Cl_out": fr.triangular(90, 110, 150),
}


@pytest.mark.parametrize("method", METHODS)
def test_rank_correlations_are_those_asked_for(method):
    n = 100_000
    space = fr.space(NEURON, correlation=CORRELATION, **MARGINALS)
    found = space.sample(n, rng=7, method=method).parameters(np.arange(n))
    ranks = np.array([np.argsort(np.argsort(x)) for x in found.values()])
    spearman = np.corrcoef(ranks)
    for (i, a), (j, b) in itertools.combinations(enumerate(space.names), 2):
        asked = CORRELATION.get((a, b), CORRELATION.get((b, a), 0.0))
        assert abs(spearman[i, j] - asked) < 4 / math.sqrt(n)


@pytest.mark.parametrize("method", METHODS)
def test_correlations_leave_the_marginals_as_they_were(method):
    n = 100_000
    space = fr.space(NEURON, correlation=CORRELATION, **MARGINALS)
    found = space.sample(n, rng=8, method=method).parameters(np.arange(n))
    gap = 1.95 / math.sqrt(n)  # Kolmogorov and Smirnov: exceeded once in 1000
    low, high = (np.clip(np.arange(1, n + 1) / n + d, 0, 1) for d in (-gap - 1 / n, gap))
    for name, one in zip(space.names, space.distributions):
        x = np.sort(found[name])
        assert (one.ppf(low) <= x).all()
        assert (x <= one.ppf(high)).all()


def test_correlation_0_draws_what_independence_draws_up_to_rounding():
    n = 1000
    plain = fr.space(NEURON, **MARGINALS).sample(n, rng=3).parameters(np.arange(n))
    pair = {("K_out", "P_Na"): 0.5}
    mixed = fr.space(NEURON, correlation=pair, **MARGINALS).sample(n, rng=3)
    for name, x in mixed.parameters(np.arange(n)).items():
        same = np.allclose(x, plain[name], rtol=1e-13, atol=0)
        assert same == (name != "P_Na")


# ---- misuse of the border ----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sample("random", 0), "at least one point"),
        (lambda: sample("random", 2**62 + 1), f"at most {2**62} points, got {2**62 + 1}"),
        (lambda: sample("lhs", 2**40 + 1), f"at most {2**40} points"),
        (lambda: _samples.Sample("random", 1, []), "1 to 38 inputs"),
        (lambda: _samples.Sample("random", 1, [UNIFORM] * 39), "1 to 38 inputs"),
        (
            lambda: _samples.Sample("random", 1, [UNIFORM], cholesky=np.eye(2)),
            r"contiguous, native, and of shape \(1, 1\)",
        ),
        (lambda: sample("random", 9).draw(-1, 1), "must lie within"),
        (lambda: sample("random", 9).draw(0, -1), "must lie within"),
        (lambda: sample("random", 9).draw(5, 5), "must lie within"),
        (lambda: sample("random", 9).draw_at(np.array([0, 9])), "must lie within"),
        (lambda: sample("random", 9).draw_at(np.array([-1])), "must lie within"),
    ],
)
def test_misuse_of_a_sample_is_an_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_points_of_another_type_are_refused():
    with pytest.raises(TypeError, match="1-D array of int64"):
        sample("random", 9).draw_at(np.zeros(3))


def test_an_input_that_is_not_there_is_refused():
    for input in (-1, 3):
        with pytest.raises(IndexError):
            sample("random", 9).column(input)


def test_columns_are_of_one_sample_or_arrays():
    equation, V = _kernels.Equation("log_ratio"), np.empty(4)
    a, b = sample("random", 4, 2), sample("random", 4, 2)
    equation.points([a.column(0), a.column(1)], 0, 4, V)
    assert np.array_equal(V, equation_of_arrays(equation, a.draw(0, 4)))
    with pytest.raises(ValueError, match="drawn from one sample"):
        equation.points([a.column(0), b.column(1)], 0, 4, V)
    with pytest.raises(ValueError, match="not both"):
        equation.points([a.column(0), np.ones(4)], 0, 4, V)
    equation.points([a.column(0), 1.0], 0, 4, V)  # input 1 is drawn, and no column takes it
    assert np.array_equal(V, equation_of_arrays(equation, np.array([a.draw(0, 4)[0], np.ones(4)])))


def equation_of_arrays(equation, columns):
    V = np.empty(columns.shape[1])
    equation.points(list(columns), 0, V.size, V)
    return V
