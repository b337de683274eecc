"""The kernels for pairs of two sorted lists: they count and list as a loop over all pairs does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels, equal_edges, pair_kernels
from fastrest._core.edges import SortedIndex, count_pairs
from helpers.profiles import examples

NEURON = fr.cells["mammalian neuron"]
PHI = 26.7266591125
INF = math.inf
properties = examples(150)


def assert_pairs(phi, a, b, edges, isa=None):
    V = phi * (a[:, None] - b)
    expected = [int((edge > V).sum()) for edge in edges.tolist()]
    assert count_pairs(phi, a, b, edges, isa=isa).tolist() == expected
    for kernel, second in (pair_kernels.walk_pairs, b), (pair_kernels.count_pairs, SortedIndex(b)):
        below = np.zeros(len(edges), np.int64)
        kernel(phi, a, second, edges, below, isa=isa)
        assert below.tolist() == expected
    low, high = edges[len(edges) // 3], edges[-1 - len(edges) // 4]
    listed = pair_kernels.list_pairs(phi, a, b, low, high, isa=isa)
    assert np.array_equal(np.sort(listed), np.sort(V[(low <= V) & (high > V)]))


def edges_of(phi, a, b, rng, n=6):
    V = np.ravel(phi * (a[:, None] - b))
    chosen = np.concatenate([rng.choice(V, n), [V.min(), V.max()]])
    near = [np.nextafter(chosen, -INF), chosen, np.nextafter(chosen, INF)]
    return np.unique([*near, np.linspace(-150, 100, len(chosen))])


LISTS = {
    "uniform": lambda n, rng: rng.uniform(-40, 40, n),
    "rounded": lambda n, rng: np.round(rng.uniform(-3, 3, n), 1),
    "equal": lambda n, rng: np.full(n, rng.uniform(-5, 5)),
    "near 0": lambda n, rng: rng.normal(0, 1e-3, n),
    "clusters": lambda n, rng: np.resize([-3.0, 1.0, 4.0], n) + rng.integers(0, 9, n) * 2.0**-50,
    "logarithms": lambda n, rng: np.log(rng.lognormal(1, 1.5, n)),
    "an outlier": lambda n, rng: np.append(rng.uniform(1, 1 + 1e-6, n - 1), 40.0),
}


@pytest.mark.parametrize("n_a", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("n_b", [1, 3, 128])
@pytest.mark.parametrize("kind", LISTS)
def test_count_pairs_equals_a_loop(kind, n_a, n_b, isa):
    for seed, other in enumerate(LISTS):
        rng = np.random.default_rng(seed)
        a, b = np.sort(LISTS[other](n_a, rng)), np.sort(LISTS[kind](n_b, rng))
        assert_pairs(PHI, a, b, edges_of(PHI, a, b, rng), isa)


numbers = st.floats(-40, 40) | st.integers(-40, 40).map(float)
lists = st.lists(numbers, min_size=1, max_size=80).map(lambda x: np.sort(np.array(x)))


@pytest.mark.property
@properties
@given(a=lists, b=lists, celsius=st.floats(-20, 100), seed=st.integers(0, 99))
def test_count_pairs_equals_a_loop_for_any_numbers(a, b, celsius, seed):
    phi = (celsius + 273.15) * _kernels.PHI_PER_KELVIN
    edges = edges_of(phi, a, b, np.random.default_rng(seed))
    for isa in _kernels.SUPPORTED:
        assert_pairs(phi, a, b, edges, isa)


@pytest.mark.parametrize("edge", [-1e308, -1e6, -1e3, 0.0, 5e-324, 1e3, 1e6, 1e308])
def test_count_pairs_with_edges_far_from_all_pairs(edge, isa):
    rng = np.random.default_rng(8)
    a, b = (np.sort(rng.uniform(-40, 40, 70)) for _ in range(2))
    assert_pairs(PHI, a, b, np.array([edge]), isa)


@pytest.mark.parametrize("kernel", ["count_pairs", "walk_pairs"])
def test_the_kernels_add_to_earlier_counts(kernel, isa):
    below, b = np.array([5, 7]), np.zeros(4)
    second = b if kernel == "walk_pairs" else SortedIndex(b)
    getattr(pair_kernels, kernel)(PHI, np.zeros(3), second, np.array([0.0, 1.0]), below, isa=isa)
    assert below.tolist() == [5, 19]


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (0, 0)])
def test_empty_lists_have_no_pairs(sizes, isa):
    n_a, n_b = sizes
    found = count_pairs(PHI, np.zeros(n_a), np.zeros(n_b), np.zeros(1), isa=isa)
    assert found.tolist() == [0]


def test_the_kernels_refuse_arrays_of_other_types():
    x, below = np.zeros(3), np.zeros(3, np.int64)
    index = SortedIndex(x)
    for kernel, b in (pair_kernels.walk_pairs, x), (pair_kernels.count_pairs, index):
        for bad in ([x[::2], b, x, below], [x, b, x.astype("f4"), below], [x, b, x, x]):
            with pytest.raises(TypeError, match="contiguous, native, and 1-D"):
                kernel(PHI, *bad)
        with pytest.raises(ValueError, match="an array must have 3 elements, got 2"):
            kernel(PHI, x, b, x, below[:2])


# ---- lists in which neighbours differ by a few ulp ----


@pytest.mark.parametrize("ulps", [1, 3, 100, 10_000, 10**6])
@pytest.mark.parametrize("c", [0.25, 1.0, -5.0, 38.0])
@pytest.mark.parametrize("wide", [0.0, 1e-15, 1e-12, 1e-9, 3.0])
def test_count_pairs_of_narrow_lists_equals_a_loop(ulps, c, wide):
    rng = np.random.default_rng(ulps)
    a = np.sort(1.5 + wide * rng.uniform(0, 1, 100))
    b = np.sort(c + rng.integers(0, 100, 100) * ulps * abs(np.spacing(c)))
    V = PHI * (a[:, None] - b)
    chosen = rng.choice(V.ravel(), 8)
    edges = np.unique([np.nextafter(chosen, -INF), chosen, np.nextafter(chosen, INF)])
    for isa in _kernels.SUPPORTED:
        assert_pairs(PHI, a, b, edges, isa)


def test_factored_lists_beyond_memory_are_refused_before_allocation():
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 100), K_in=np.linspace(50, 150, 10_000))
    with pytest.raises(MemoryError, match="use threads=1, or method='pointwise'"):
        grid.summary(method="factored", max_memory=100_000)


# ---- equally spaced edges ----

#: Lists of n logarithms whose fractions are random, equal, or apart by rounding errors alone.
SPACED = {
    "random": lambda n, rng: rng.normal(4, 0.5, n),
    "rounded": lambda n, rng: np.round(rng.normal(4, 0.5, n), 2),
    "axis": lambda n, rng: np.log(np.linspace(5, 200, n) + 10 * rng.integers(9)),
    "edges": lambda n, rng: rng.integers(0, 50, n) * 0.02,
    "nearly edges": lambda n, rng: rng.integers(-8, 8, n) / 8 + rng.integers(-3, 4, n) * 2.0**-50,
}


def by_walks(phi, a, b, edges):
    below = np.zeros(len(edges), np.int64)
    pair_kernels.walk_pairs(phi, a, b, edges, below)
    return below.tolist()


@pytest.mark.parametrize("phi", [25.0, PHI])
@pytest.mark.parametrize("kind", SPACED)
def test_equally_spaced_edges_are_counted_as_by_walks(kind, phi, isa):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        a, b = (np.sort(SPACED[kind](rng.integers(1, 600), rng)) for _ in range(2))
        low = rng.choice([-100.0, rng.uniform(-150, 0)])
        edges = np.linspace(low, low + rng.choice([20.0, 100.0]), rng.choice([24, 201]))
        edges[-1] = np.nextafter(edges[-1], INF)  # as the last one of a histogram
        below = equal_edges.count(phi, a, b, edges, isa=isa)
        if kind == "edges" and below is None:  # all fractions are close
            continue
        assert below.tolist() == by_walks(phi, a, b, edges)


@pytest.mark.property
@properties
@given(lists, lists, st.floats(-300, 300), st.floats(0.01, 400), st.integers(2, 80))
def test_equally_spaced_edges_are_counted_or_left_to_others(a, b, low, wide, n):
    edges = np.unique(np.linspace(low, low + wide, n))
    if len(edges) < 2:
        return
    below = equal_edges.count(PHI, a, b, edges)
    assert below is None or below.tolist() == by_walks(PHI, a, b, edges)


def test_many_pairs_with_close_fractions_are_left_to_others():
    a, edges = np.zeros(1000), np.linspace(-10, 10, 41)
    assert equal_edges.count(PHI, a, a, edges) is None
    assert count_pairs(PHI, a, a, edges).tolist() == by_walks(PHI, a, a, edges)


def test_ties_within_a_list_are_no_pairs(isa):
    rng = np.random.default_rng(0)
    a = np.sort(rng.integers(0, 10, 600_000) / 7)  # more ties than close pairs are listed
    b, edges = np.sort(rng.uniform(0, 1, 500)), np.linspace(-100, 100, 201)
    below = equal_edges.count(25.0, a, b, edges, isa=isa)
    assert below.tolist() == by_walks(25.0, a, b, edges)


@pytest.mark.parametrize("uneven", [1e-9, 1e-3])
def test_uneven_edges_are_left_to_others(uneven):
    edges = np.linspace(-10, 10, 41)
    edges[7] += uneven
    assert equal_edges.count(PHI, np.zeros(3), np.ones(3), edges) is None
