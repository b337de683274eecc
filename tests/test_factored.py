"""Grid algebra: what is read off two lists of logarithms is what all of their pairs say."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import _kernels, factored
from fastrest.reduce import OnePass, State

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # chloride is passive there
TOLERANCE = 1e-12  # mV, of mean and sd: all else is exact
PHI = 26.7266591125
INF = math.inf
Q = [0, 0.05, 0.3, 0.5, 0.77, 1]

#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=150, deadline=None, derandomize=True, database=None)


# ---- all pairs, one by one ----


def asked_of(V, rng):
    """Edges on potentials, one ulp beside them, and anywhere; thresholds among them."""
    picked = rng.choice(V, 12) if len(V) else np.empty(0)
    beside = [np.nextafter(picked[:6], -INF), np.nextafter(picked[:6], INF)]
    edges = np.unique(np.concatenate([picked, *beside, np.linspace(-120, 60, 31)]))
    low, middle, high = np.sort(rng.choice(edges, 3))
    return edges, float(low), float(middle), float(high)


def assert_counts(found, v, edges, low, middle, high):
    h, q, below, above, between, classes = found
    assert h.counts.tolist() == np.histogram(v, edges)[0].tolist()
    assert (h.below, h.above) == ((v < edges[0]).sum(), (v > edges[-1]).sum())
    assert (below, above) == ((v < middle).sum() / len(v), (v > middle).sum() / len(v))
    assert between == ((low <= v) & (v <= high)).sum() / len(v)
    upto = [(v <= x).sum() for x in (low, middle, high)]
    assert list(classes.values()) == np.diff(upto, prepend=0, append=len(v)).tolist()
    assert np.array_equal(q, np.quantile(v, Q, method="inverted_cdf"))


def reducers(edges, low, middle, high):
    return (
        fr.Histogram(edges),
        fr.Quantile(Q),
        fr.Fraction(below=middle),
        fr.Fraction(above=middle),
        fr.Fraction(between=(low, high)),
        fr.Classes(lower=low, threshold=middle, block=high),
    )


def exact_moments(V):
    mean = math.fsum(V) / len(V)
    return mean, math.sqrt(math.fsum((V - mean) ** 2) / len(V))


def invalid_of(status):
    lowest = status & -status.astype(np.int16)
    counts = {bit.name: int((lowest == bit).sum()) for bit in fr.Status}
    return {name: n for name, n in counts.items() if n}


def assert_summary(s, V, status):
    valid = np.flatnonzero(status == 0)
    mean, sd = exact_moments(V[valid])
    low, high = V[valid].argmin(), V[valid].argmax()  # the first among equals
    assert (s.n, s.invalid) == (len(valid), invalid_of(status))
    assert (s.min, s.max) == (V[valid][low], V[valid][high])
    assert (s.argmin, s.argmax) == (valid[low], valid[high])
    assert abs(s.mean - mean) <= TOLERANCE
    assert abs(s.sd - sd) <= TOLERANCE


def assert_all_pairs(grid, seed=0, methods=("factored", "pointwise"), **options):
    """Both methods say what NumPy says of all potentials."""
    V, status = grid.values().ravel(), grid.status().ravel()
    valid = V[status == 0]
    asked = asked_of(valid, np.random.default_rng(seed))
    for method in methods:
        s, *counts = grid.reduce(fr.Summary(), *reducers(*asked), method=method, **options)
        assert s.method == counts[0].method == counts[-1].method == method
        if len(valid):
            assert_summary(s, V, status)
            assert_counts(counts, valid, *asked)
        else:
            assert (s.n, s.invalid) == (0, invalid_of(status))
            assert np.isnan([s.mean, s.sd, s.min, s.max, *counts[1]]).all()


# ---- random grids ----


def values_for(name, n, rng):
    """Values of one parameter: often rounded, so that many are equal, now and then 0."""
    if name == "celsius":
        return (
            rng.choice([0.0, 20.0, 37.0, 40.0], n) if rng.random() < 0.5 else rng.uniform(0, 40, n)
        )
    if rng.random() < 0.1:
        return np.full(n, round(rng.lognormal(1, 1), 3))
    x = np.round(rng.lognormal(1, 1.5, n), rng.integers(0, 8))
    if rng.random() < 0.3:
        x[rng.random(n) < 0.2] = 0.0
    return x


def random_axis(name, pool, shortest, longest, rng):
    """An axis over one or two parameters of a pool, sometimes with labels."""
    n = int(rng.integers(shortest, longest))
    mine = [pool.pop() for _ in range(min(len(pool), rng.integers(1, 3)))]
    labels = [f"{name}{i}" for i in range(n)] if rng.random() < 0.2 else None
    return fr.axis(name, labels=labels, **{p: values_for(p, n, rng) for p in mine})


CELLS = {
    "neuron": NEURON,
    "muscle": MUSCLE,
    "without chloride": NEURON.replace(P_Na=0.0, P_Cl=0.0),
    "five ions": fr.Cell(
        fr.GHK("K", "Na", "Cl", "HCO3", fr.Ion("Li", 1), passive="Li"),
        **dict(NEURON) | {"P_HCO3": 0.1, "HCO3_out": 24.0, "HCO3_in": 12.0, "Li_out": 1.0},
    ),
    "not permeant": NEURON.replace(P_K=0.0, P_Na=0.0, P_Cl=0.0),
}


def random_grid(seed):
    """A grid that factors: an axis for each sum, and up to three others, in any order."""
    rng = np.random.default_rng(seed)
    cell = CELLS[rng.choice(list(CELLS), p=[0.45, 0.2, 0.1, 0.2, 0.05])]
    names = rng.permutation(list(cell)).tolist()
    sides = {name: cell.model.sides(name) for name in names}
    num = [n for n in names if tuple(sides[n]) == ("num",)]
    den = [n for n in names if tuple(sides[n]) == ("den",)]
    other = [n for n in names if n not in num + den]
    axes = [random_axis("n", num, 9, 16, rng), random_axis("d", den, 9, 16, rng)]
    for i in range(rng.integers(0, 3)):
        axes.append(random_axis(f"o{i}", other, 1, 5, rng))
    if num and rng.random() < 0.4:
        mixed = [num.pop(), *(other[:1] if rng.random() < 0.5 else [])]
        axes.append(random_axis("m", mixed, 1, 4, rng))
    return fr.grid(cell, *(axes[i] for i in rng.permutation(len(axes))))


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_random_grids_are_answered_as_all_of_their_points(first):
    for seed in range(first, first + 20):
        grid = random_grid(seed)
        assert grid.route == "factored", seed
        assert_all_pairs(grid, seed, threads=1 + seed % 3)


@pytest.mark.parametrize("seed", range(0, 160, 20))
def test_instruction_sets_and_threads_give_the_same_bits(seed):
    grid = random_grid(seed)
    states = [
        state_of(grid, engine=isa, threads=threads).to_json()
        for isa in _kernels.SUPPORTED
        for threads in (1, 2, 3, 7)
    ]
    assert all(state == states[0] for state in states)


class Everything(OnePass):
    """The state itself: what every answer is read off."""

    sums = True

    def wanted(self, sweep):
        return np.linspace(-90, -20, 15)

    def answer(self, sweep, found):
        return found[0]


def state_of(grid, **options):
    return grid.reduce(Everything(), method="factored", **options)[0]


# ---- grids of a kind ----

TEN = np.linspace(1, 50, 10)
K = {"K_out": TEN, "K_in": 3 * TEN}

GRIDS = {
    "one setting": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1, 90, 211), K_in=np.linspace(9, 200, 97)
    ),
    "thousands of settings": lambda: fr.grid(
        NEURON, celsius=np.linspace(0, 40, 1001), Na_out=TEN, K_in=TEN
    ),
    "settings on three axes": lambda: fr.grid(
        NEURON, P_Na=[0.1, 0, 2], K_out=TEN, celsius=[9, 8], K_in=TEN, P_K=[1, 3, 0]
    ),
    "temperature goes with an amount": lambda: fr.grid(
        NEURON, fr.axis("t", celsius=TEN[:5], K_out=TEN[:5]), Na_out=TEN, Na_in=TEN
    ),
    "both sums on one axis": lambda: fr.grid(
        NEURON, fr.axis("x", K_out=TEN, K_in=TEN[::-1]), Na_out=TEN, Na_in=TEN
    ),
    "labelled": lambda: fr.grid(
        NEURON, fr.axis("salt", labels=[*"abcdefghij"], K_out=TEN, Cl_in=TEN[::-1]), K_in=TEN
    ),
    "pump": lambda: fr.grid(NEURON, K_out=TEN, pump_ratio=[1, 1.5, 0, 3], K_in=TEN),
    "pump alone": lambda: fr.grid(NEURON, pump_ratio=TEN, celsius=TEN),
    "temperature alone": lambda: fr.grid(NEURON, celsius=np.linspace(0, 40, 50)),
    "one list of a single point": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1, 90, 99), celsius=TEN
    ),
    "the other list of a single point": lambda: fr.grid(
        NEURON, celsius=TEN, Na_in=np.geomspace(1, 90, 99)
    ),
    "axes of one value": lambda: fr.grid(NEURON, K_out=TEN, Na_out=[145], K_in=TEN, celsius=[37]),
    "passive ion": lambda: fr.grid(MUSCLE, Cl_out=[5, 9, 7], K_out=TEN, K_in=TEN),
    "passive ion alone": lambda: fr.grid(MUSCLE, Cl_out=TEN),
    "passive ion goes with an amount": lambda: fr.grid(
        MUSCLE, fr.axis("KCl", Cl_out=TEN, K_out=TEN), K_in=TEN
    ),
    "blocked ion": lambda: fr.grid(NEURON.replace(P_Cl=0.0), Cl_out=TEN, Cl_in=TEN, K_out=TEN),
    "equal values": lambda: fr.grid(NEURON, K_out=np.full(50, 5.0), K_in=np.full(40, 140.0)),
    "few values": lambda: fr.grid(NEURON, K_out=np.tile([5.0, 7.0, 6.0], 30), K_in=np.tile(TEN, 9)),
    "zero potentials": lambda: fr.grid(NEURON.replace(P_Na=0.0, P_Cl=0.0), K_out=TEN, K_in=TEN),
    "empty sums": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, Na_out=0.0, Na_in=0.0), K_out=[0, *TEN, 0], K_in=[*TEN, 0, 1, 0]
    ),
    "one sum always empty": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, Na_out=0.0), K_out=np.zeros(9), K_in=[*TEN, 0]
    ),
    "nothing permeant in some settings": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, P_Na=0.0), P_K=[1, 0, 2], K_out=TEN, K_in=[*TEN, 0]
    ),
    "wide": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1e-6, 1e9, 61), K_in=np.geomspace(1e-9, 1e6, 71)
    ),
    "decreasing": lambda: fr.grid(NEURON, K_out=TEN[::-1], K_in=TEN[::-1], P_Na=[3, 2, 1]),
    "ends equal": lambda: fr.grid(NEURON, P_Na=[1, 2, 1], K_out=[*TEN, *TEN], K_in=[*TEN, *TEN]),
}


@pytest.mark.parametrize("name", GRIDS)
def test_both_methods_say_what_all_points_say(name, isa):
    grid = GRIDS[name]()
    assert grid.route == "factored"
    assert_all_pairs(grid, engine=isa)


@pytest.mark.parametrize("name", ["settings on three axes", "ends equal"])
def test_settings_are_the_same_bits_on_any_number_of_threads(name, isa):
    grid = GRIDS[name]()
    once = state_of(grid, threads=1, engine=isa).to_json()
    for threads in (2, 3, 7):
        assert state_of(grid, threads=threads, engine=isa).to_json() == once


def test_equal_extremes_are_found_at_the_lowest_number_of_all_settings():
    grid = fr.grid(NEURON, P_Na=[1, 2, 1, 1, 2], K_out=[9, 1] * 6, K_in=[5, *[2, 5] * 9])
    s = grid.summary(method="factored")
    v = grid.values()
    assert (s.argmin, s.argmax) == (v.argmin(), v.argmax())
    assert (v == s.min).sum() > 1
    assert (v == s.max).sum() > 1


def test_extremes_that_rounding_makes_equal_are_found_first():
    # the sums differ by an ulp: what is added to them rounds the difference away
    narrow = 5 * (1 + np.array([3, 1, 2, 0, 3, 0, 1, 2, 2, 1]) * 2.0**-52)
    grid = fr.grid(NEURON, K_out=narrow, K_in=np.geomspace(1, 1000, 20)[::-1])
    s, V = grid.summary(method="factored"), grid.values()
    assert (s.min, s.max) == (V.min(), V.max())
    assert (s.argmin, s.argmax) == (V.argmin(), V.argmax())


# ---- counts of grids with divalent ions ----

CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **dict(NEURON), P_Ca=0.5, Ca_out=2.0, Ca_in=1e-4)
DIVALENT = fr.Cell(
    fr.GHK("Ca", fr.Ion("SO4", -2)),
    **{"P_Ca": 1, "P_SO4": 0.1, "Ca_out": 2, "Ca_in": 1, "SO4_out": 1, "SO4_in": 2, "celsius": 37},
)

CALCIUM_GRIDS = {
    "calcium outside": lambda: fr.grid(CALCIUM, Ca_out=TEN, K_out=TEN[:3], K_in=TEN),
    "both sides": lambda: fr.grid(CALCIUM, Ca_out=TEN, Ca_in=TEN, P_Ca=[0, 1, 10]),
    "temperature": lambda: fr.grid(CALCIUM, celsius=[0, 20], Ca_out=TEN, K_in=TEN),
    "pump": lambda: fr.grid(CALCIUM, pump_ratio=[0, 1, 1.5], K_out=TEN, Ca_in=TEN),
    "divalent ions alone": lambda: fr.grid(DIVALENT, Ca_out=TEN, SO4_out=TEN),
    "empty sums": lambda: fr.grid(
        CALCIUM.replace(P_K=0.0, P_Na=0.0, P_Cl=0.0), Ca_out=[0, *TEN], Ca_in=[*TEN, 0], P_Ca=[0, 1]
    ),
    "equal values": lambda: fr.grid(CALCIUM, Ca_out=np.full(9, 2.0), K_in=np.tile([1, 2], 9)),
    "wide": lambda: fr.grid(
        CALCIUM, Ca_out=np.geomspace(1e-9, 1e9, 20), K_in=np.geomspace(1e-9, 1e9, 20)
    ),
    "narrow": lambda: fr.grid(
        CALCIUM,
        Ca_out=2 + np.arange(30.0) * 2.0**-51,
        K_in=140 + np.arange(20.0) * 2.0**-45,
    ),
    "passive ion": lambda: fr.grid(CALCIUM.passive("Cl"), Cl_out=[1, 2], Ca_out=TEN, K_in=TEN),
}


@pytest.mark.parametrize("name", CALCIUM_GRIDS)
def test_counts_of_grids_with_divalent_ions_are_those_of_all_points(name, isa):
    grid = CALCIUM_GRIDS[name]()
    V = grid.values().ravel()[grid.status().ravel() == 0]
    asked = asked_of(V, np.random.default_rng(0))
    for method in ("factored", "pointwise"):
        assert_counts(grid.reduce(*reducers(*asked), method=method, engine=isa), V, *asked)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_counts_of_random_grids_with_divalent_ions_are_those_of_all_points(first):
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        names = rng.permutation(list(CALCIUM)).tolist()
        axes = [random_axis(f"a{i}", names, 1, 12, rng) for i in range(rng.integers(1, 4))]
        grid = fr.grid(CALCIUM, *axes)
        V = grid.values().ravel()[grid.status().ravel() == 0]
        if len(V):
            edges = asked_of(V, rng)[0][::3]
            h = grid.histogram(edges, method="factored")
            assert h.counts.tolist() == np.histogram(V, edges)[0].tolist(), seed


def test_grids_with_divalent_ions_do_not_sum_up_factored():
    with pytest.raises(ValueError, match="method='factored' gives counts and quantiles"):
        CALCIUM_GRIDS["pump"]().summary(method="factored")


# ---- all pairs of two lists, directly ----


def assert_pairs(phi, a, b, edges, isa=None):
    below = np.zeros(len(edges), np.int64)
    _kernels.pairs(phi, a, b, edges, below, isa=isa)
    V = phi * (a[:, None] - b)
    assert below.tolist() == [int((edge > V).sum()) for edge in edges.tolist()]


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
def test_pairs_are_counted_as_one_by_one(kind, n_a, n_b, isa):
    for seed, other in enumerate(LISTS):
        rng = np.random.default_rng(seed)
        a, b = np.sort(LISTS[other](n_a, rng)), np.sort(LISTS[kind](n_b, rng))
        assert_pairs(PHI, a, b, edges_of(PHI, a, b, rng), isa)


numbers = st.floats(-40, 40) | st.integers(-40, 40).map(float)
lists = st.lists(numbers, min_size=1, max_size=80).map(lambda x: np.sort(np.array(x)))


@properties
@given(a=lists, b=lists, celsius=st.floats(-20, 100), seed=st.integers(0, 99))
def test_pairs_of_any_numbers_are_counted_as_one_by_one(a, b, celsius, seed):
    phi = (celsius + 273.15) * _kernels.PHI_PER_KELVIN
    edges = edges_of(phi, a, b, np.random.default_rng(seed))
    for isa in _kernels.SUPPORTED:
        assert_pairs(phi, a, b, edges, isa)


@pytest.mark.parametrize("edge", [-1e308, -1e6, -1e3, 0.0, 5e-324, 1e3, 1e6, 1e308])
def test_edges_far_from_all_pairs_are_counted(edge, isa):
    rng = np.random.default_rng(8)
    a, b = (np.sort(rng.uniform(-40, 40, 70)) for _ in range(2))
    assert_pairs(PHI, a, b, np.array([edge]), isa)


def test_pairs_are_added_to_what_was_counted_before(isa):
    below = np.array([5, 7])
    _kernels.pairs(PHI, np.zeros(3), np.zeros(4), np.array([0.0, 1.0]), below, isa=isa)
    assert below.tolist() == [5, 19]


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (0, 0)])
def test_no_pairs_add_nothing(sizes, isa):
    below, (n_a, n_b) = np.array([5]), sizes
    _kernels.pairs(PHI, np.zeros(n_a), np.zeros(n_b), np.zeros(1), below, isa=isa)
    assert below.tolist() == [5]


def test_pairs_take_arrays_of_their_types_alone():
    x, below = np.zeros(3), np.zeros(3, np.int64)
    for bad in ([x[::2], x, x, below], [x, x.astype("f4"), x, below], [x, x, x, x]):
        with pytest.raises(TypeError, match="contiguous, native, and 1-D"):
            _kernels.pairs(PHI, *bad)
    with pytest.raises(ValueError, match="one element for each edge"):
        _kernels.pairs(PHI, x, x, x, below[:2])


# ---- a grid too large for anything else ----


LARGE = {
    "P_Na": np.linspace(0.01, 1, 10),
    "K_out": np.geomspace(1, 50, 10_000),
    "K_in": np.linspace(50, 200, 10_000),
}


def large_grid(**changed):
    """10^9 points."""
    return fr.grid(NEURON, **LARGE | changed)


ASKED = (fr.Summary(), fr.Histogram(50), fr.Fraction(below=-55), fr.Classes())


def test_auto_is_factored_where_points_are_many_and_pointwise_where_they_are_few():
    assert large_grid().summary().method == "factored"
    assert GRIDS["axes of one value"]().summary().method == "pointwise"
    assert fr.table(NEURON, {"K_out": TEN}).summary().method == "pointwise"


def test_nothing_of_the_size_of_a_grid_is_allocated():
    grid = large_grid()
    tracemalloc.start()
    s, h, *_ = grid.reduce(*ASKED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (s.n, h.below + h.counts.sum() + h.above) == (10**9, 10**9)
    assert peak < 8e6  # bytes: some lists of 10,000 numbers


def test_states_of_settings_add_up_in_any_order():
    grid = GRIDS["settings on three axes"]()
    expected, unit = state_of(grid), factored.unit(grid)
    add, states = factored.part(grid, _kernels.ISA, True), []
    for start in range(0, len(grid), unit):
        states.append(State("factored", expected.edges))
        add(states[-1], start, start + unit)
    for seed in range(20):
        total = State("factored", expected.edges)
        for i in np.random.default_rng(seed).permutation(len(states)):
            total.add(states[i])
        assert total.to_json() == expected.to_json()


def test_extremes_of_a_monotonic_grid_are_at_its_corners():
    s = large_grid().summary()
    assert s.at_min == {"P_Na": 0.01, "K_out": 1.0, "K_in": 200.0}
    assert s.at_max["K_out"] == 50.0
    assert s.at_max["K_in"] == 50.0


@pytest.mark.parametrize("threads", [1, 3])
def test_interrupting_a_factored_pass_stops_it(threads):
    grid, calls = large_grid(), []

    def progress(done, total):
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grid.summary(method="factored", progress=progress, threads=threads)
    assert len(calls) == 1


# ---- lists so narrow that rounding is wider than cells ----


@pytest.mark.parametrize("ulps", [1, 3, 100, 10_000, 10**6])
@pytest.mark.parametrize("c", [0.25, 1.0, -5.0, 38.0])
@pytest.mark.parametrize("wide", [0.0, 1e-15, 1e-12, 1e-9, 3.0])
def test_narrow_lists_are_counted_as_one_by_one(ulps, c, wide):
    rng = np.random.default_rng(ulps)
    a = np.sort(1.5 + wide * rng.uniform(0, 1, 100))
    b = np.sort(c + rng.integers(0, 100, 100) * ulps * abs(np.spacing(c)))
    V = PHI * (a[:, None] - b)
    chosen = rng.choice(V.ravel(), 8)
    edges = np.unique([np.nextafter(chosen, -INF), chosen, np.nextafter(chosen, INF)])
    for isa in _kernels.SUPPORTED:
        below = np.zeros(len(edges), np.int64)
        _kernels.pairs(PHI, a, b, edges, below, isa=isa)
        assert below.tolist() == [int((edge > V).sum()) for edge in edges]


@pytest.mark.parametrize("ulps", [1, 3, 100, 10_000])
def test_grids_with_narrow_axes_are_counted_as_all_of_their_points(ulps):
    narrow = 140 + np.arange(100) * ulps * np.spacing(140.0)
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 20), K_in=narrow)
    edges = np.unique(grid.values())[::7]
    h = grid.histogram(edges, method="factored")
    assert h.counts.tolist() == np.histogram(grid.values(), edges)[0].tolist()


def test_lists_that_do_not_fit_are_refused_before_they_are_made():
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 100), K_in=np.linspace(50, 150, 10_000))
    with pytest.raises(MemoryError, match="use threads=1, or method='pointwise'"):
        grid.summary(method="factored", max_memory=100_000)


def test_quantiles_in_the_tails_of_divalent_grids_are_found():
    cell = fr.Cell(
        fr.GHK("Ca", "Mg"),
        **{"P_Ca": 1, "P_Mg": 0.5, "Ca_out": 2, "Mg_out": 1, "Ca_in": 1e-6, "Mg_in": 1e-3},
        celsius=37,
    )
    axis = np.geomspace(1e-200, 1e100, 40)  # potentials of thousands of mV
    grid = fr.grid(cell, Mg_out=axis, Ca_in=axis)
    V = grid.values()
    q = [0, 0.1, 0.5, 0.9, 1]
    expected = np.quantile(V[np.isfinite(V)], q, method="inverted_cdf")
    assert np.ptp(V[np.isfinite(V)]) > 5000
    assert grid.quantile(q, method="factored").tolist() == expected.tolist()
    assert grid.quantile(q, method="pointwise").tolist() == expected.tolist()
