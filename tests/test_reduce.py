"""Answers without arrays: what NumPy says of values() and status(), the same bits however found."""

import decimal
import fractions
import json
import math
import pickle
import re
import tracemalloc
from itertools import permutations

import numpy as np
import pytest

import fastrest as fr
from fastrest import _kernels, passes
from fastrest.reduce import OnePass, State

NEURON = fr.cells["mammalian neuron"]
TOLERANCE = 1e-12  # mV, of mean and sd: all else is exact
THREADS = (1, 2, 3, 7)
#: Chunks are 256 points, lanes 32, blocks 65536.
SIZES = [1, 2, 3, 31, 32, 33, 255, 256, 257, 65535, 65536, 65537, 131073]
INF, NAN = math.inf, math.nan
Q = [0, 1e-300, 0.05, 0.25, 0.3, 0.5, 0.77, 0.95, 1 - 2.0**-53, 1]


# ---- sweeps ----


def table_of(n, seed=0, cell=NEURON, **columns):
    """A table of n rows around a cell; some columns may be given."""
    rng = np.random.default_rng(seed)
    names = [name for name in cell.model.parameters if name not in ("celsius", "pump_ratio")]
    random = {name: cell[name] * rng.uniform(0.5, 1.5, n) for name in names}
    return fr.table(cell, random | columns)


#: What makes a row bad, by the reason that is counted: the lowest bit of its status.
SPOILT = {
    "NOT_FINITE": {"K_out": NAN, "Na_in": -1.0, "celsius": 101.0},
    "NEGATIVE": {"Cl_out": -1.0, "celsius": -21.0, "K_in": 0.0},
    "TEMPERATURE": {"celsius": 100.1, "P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0},
    "NO_PERMEANT": {"P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0},
    "INFINITE": {"K_out": 0.0, "Na_out": 0.0, "Cl_in": 0.0},
    "RANGE": {"P_K": 5e-324, "P_Na": 0.0, "P_Cl": 0.0},
}


def spoilt_table(n, where):
    """A table whose rows are bad for a reason where a mask of that name says so."""
    columns = {name: c.copy() for name, c in table_of(n)._inputs.items()}
    columns["celsius"] = np.random.default_rng(1).uniform(0, 40, n)
    for reason, mask in where.items():
        for name, value in SPOILT[reason].items():
            columns[name][mask] = value
    return fr.table(NEURON, columns)


def one_in_seven(n):
    """A table with bad rows of every kind, never two kinds in a row."""
    kind = np.random.default_rng(2).integers(0, 42, n)
    return spoilt_table(n, {reason: kind == i for i, reason in enumerate(SPOILT)})


POTASSIUM = fr.Cell(fr.GHK("K"), P_K=1.0, K_out=5.0, K_in=140.0, celsius=37.0, pump_ratio=1.0)


def potassium(V):
    """A table of one ion with about the given potentials: all of them if they are 0."""
    ratio = np.exp(np.asarray(V, float) / 26.7266591125)
    return fr.table(POTASSIUM, {"K_out": ratio, "K_in": np.ones(len(ratio))})


def cell_of(model):
    return fr.Cell(model, **{**dict.fromkeys(model.parameters, 1.0), "celsius": 30.0})


SWEEPS = {
    "one row": lambda: table_of(1),
    "table": lambda: table_of(70_001),
    "bad rows": lambda: one_in_seven(70_001),
    "all rows bad": lambda: spoilt_table(300, {"NEGATIVE": slice(None)}),
    "bad but one": lambda: spoilt_table(66_000, {"INFINITE": np.arange(66_000) != 65_700}),
    "equal rows": lambda: fr.table(NEURON, {"K_out": np.full(1000, 5.0)}),
    "exactly 0": lambda: potassium(np.zeros(300)),
    "many zeros": lambda: potassium(np.repeat([-1.0, 0.0, 0.0, 2.0], 100)),
    "few values": lambda: fr.table(
        NEURON, {"K_out": np.random.default_rng(3).integers(1, 9, 66_000).astype(float)}
    ),
    "long tails": lambda: potassium(np.linspace(-700, 500, 5001)),
    "narrow": lambda: fr.table(NEURON, {"K_out": 5 + np.arange(700.0) * 2.0**-50}),
    "one ion": lambda: table_of(5001, cell=POTASSIUM),
    "calcium": lambda: table_of(5001, cell=cell_of(fr.GHK("K", "Na", "Cl", "Ca"))),
    "chord": lambda: table_of(5001, cell=cell_of(fr.Chord("K", "Na", "Cl", "Ca"))),
    "grid": lambda: fr.grid(
        NEURON, K_out=np.linspace(1, 50, 61), P_Na=np.linspace(0, 1, 17), celsius=[20, 37]
    ),
    "calcium grid": lambda: fr.grid(
        cell_of(fr.GHK("K", "Ca")), K_out=np.geomspace(1, 50, 61), Ca_in=np.geomspace(1e-4, 1, 9)
    ),
}
each_sweep = pytest.mark.parametrize("name", SWEEPS)


# ---- what NumPy says ----


class NumPy:
    """The definitions, over all potentials at once."""

    def __init__(self, sweep):
        V, self.status = sweep.values().ravel(), sweep.status().ravel()
        self.places = np.flatnonzero(self.status == 0)
        self.v = V[self.places]
        self.n = len(self.v)

    @property
    def invalid(self):
        lowest = self.status & -self.status.astype(np.int16)
        found = {bit.name: int((lowest == bit).sum()) for bit in fr.Status}
        return {name: n for name, n in found.items() if n}

    @property
    def mean(self):
        return math.fsum(self.v) / self.n

    @property
    def sd(self):
        return math.sqrt(math.fsum((self.v - self.mean) ** 2) / self.n)

    def edges(self, most=60):
        """Potentials that occur, some of them the extremes, and their neighbours; and others."""
        chosen = np.random.default_rng(4).choice(self.v, min(self.n, most // 4))
        chosen = np.concatenate([chosen, [self.v.min(), self.v.max()], np.linspace(-90, -20, 9)])
        return np.unique([np.nextafter(chosen, -INF), chosen, np.nextafter(chosen, INF)])


def assert_summary(s, expected):
    assert (s.n, s.invalid) == (expected.n, expected.invalid)
    assert abs(s.mean - expected.mean) <= TOLERANCE
    assert abs(s.sd - expected.sd) <= TOLERANCE
    low, high = expected.v.argmin(), expected.v.argmax()  # the first among equals
    assert (s.min, s.max) == (expected.v[low], expected.v[high])
    assert (s.argmin, s.argmax) == (expected.places[low], expected.places[high])


def assert_histogram(h, expected, edges):
    assert h.counts.tolist() == np.histogram(expected.v, edges)[0].tolist()
    assert (h.below, h.above) == ((expected.v < edges[0]).sum(), (expected.v > edges[-1]).sum())


def assert_quantile(found, expected, q):
    assert found.shape == np.shape(q)
    assert np.array_equal(found, np.quantile(expected.v, q, method="inverted_cdf"))


@pytest.fixture(scope="module", params=[name for name in SWEEPS if name != "all rows bad"])
def sweep_and_numpy(request):
    sweep = SWEEPS[request.param]()
    return sweep, NumPy(sweep)


# ---- single answers ----


def test_summary_is_what_numpy_says(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    assert_summary(sweep.summary(engine=isa), expected)


def test_summary_names_the_parameters_of_the_extremes(sweep_and_numpy):
    sweep, _ = sweep_and_numpy
    s = sweep.summary()
    assert s.at_min == {n: float(v) for n, v in sweep.parameters(s.argmin).items()}
    assert s.at_max == {n: float(v) for n, v in sweep.parameters(s.argmax).items()}


def test_histogram_between_any_edges_is_numpys(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    edges = expected.edges()
    assert_histogram(sweep.histogram(edges, engine=isa), expected, edges)


@pytest.mark.parametrize("n_edges", [2, 3, 7, 8, 9, 10])
def test_few_edges_are_counted_like_many(sweep_and_numpy, n_edges, isa):
    sweep, expected = sweep_and_numpy
    found = expected.edges()
    edges = found[np.linspace(0, len(found) - 1, n_edges).astype(int)]
    assert_histogram(sweep.histogram(edges, engine=isa), expected, edges)


@pytest.mark.parametrize(
    ("bins", "ends"),
    [(1, (-70, -60)), (7, (-90.5, -30)), (200, (-100, 0)), (10, (0, 1)), (3000, (-150, 100))],
)
def test_histogram_of_equal_bins_is_numpys(sweep_and_numpy, bins, ends):
    sweep, expected = sweep_and_numpy
    h = sweep.histogram(bins, range=ends)
    counts, edges = np.histogram(expected.v, bins, ends)
    assert np.array_equal(h.edges, edges)
    assert np.array_equal(h.counts, counts)
    assert h.below + h.counts.sum() + h.above == expected.n


def test_the_last_bin_is_closed_the_others_half_open():
    sweep = potassium([-1.0, 0.0, 0.0, 2.0])  # 0 is met exactly
    assert sweep.histogram([-5, 0]).counts.tolist() == [3]
    assert sweep.histogram([-5, 0, 5]).counts.tolist() == [1, 3]
    assert sweep.histogram([0, 1]).below == 1
    assert sweep.histogram([-2, -0.0]).above == 1


def test_fractions_are_numpys_on_potentials_and_beside_them(sweep_and_numpy):
    sweep, expected = sweep_and_numpy
    x, v = expected.edges(20), expected.v
    asked = [fr.Fraction(below=t) for t in x] + [fr.Fraction(above=t) for t in x]
    between = [(a, b) for i, a in enumerate(x) for b in x[i : i + 4]]
    asked += [fr.Fraction(between=pair) for pair in between]
    counts = [(v < t).sum() for t in x] + [(v > t).sum() for t in x]
    counts += [((v >= a) & (v <= b)).sum() for a, b in between]
    assert list(sweep.reduce(*asked)) == [count / expected.n for count in counts]


def test_quantiles_are_order_statistics(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    assert_quantile(sweep.quantile(Q, engine=isa), expected, Q)


@pytest.mark.parametrize("q", [0, 1.0, np.float32(0.5), [0.5], [[0.1, 0.2, 0.2], [1, 0, 0.9]]])
def test_quantiles_have_the_shape_of_q(q):
    sweep = SWEEPS["table"]()
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_every_rank_of_a_short_table_is_found():
    sweep = SWEEPS["many zeros"]()
    q = np.concatenate([np.arange(401) / 400, np.nextafter(np.arange(1, 400) / 400, 1)])
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_no_quantile_is_asked_for_and_none_is_found():
    assert SWEEPS["table"]().quantile([]).shape == (0,)


def test_quantiles_beyond_the_usual_potentials_are_exact():
    sweep = potassium(np.concatenate([np.linspace(-900, -151, 99), np.linspace(101, 900, 99)]))
    expected, q = NumPy(sweep), np.linspace(0, 1, 23)
    assert expected.v.min() < -800
    assert expected.v.max() > 800
    assert_quantile(sweep.quantile(q), expected, q)


# ---- classes ----


def classes_of(v, threshold=-55.0, block=-40.0, lower=None):
    below = -INF if lower is None else lower
    found = {} if lower is None else {"below range": (v <= lower).sum()}
    return found | {
        "resting": ((v <= threshold) & (v > below)).sum(),
        "suprathreshold": ((v > threshold) & (v <= block)).sum(),
        "depolarisation block": (v > block).sum(),
    }


def test_classes_have_the_cells_boundaries():
    sweep = SWEEPS["table"]()
    found = sweep.classify()
    assert dict(found) == classes_of(NumPy(sweep).v)
    assert list(found) == ["resting", "suprathreshold", "depolarisation block"]
    assert found.boundaries == {"threshold": NEURON.threshold, "block": NEURON.block}


def test_boundaries_on_potentials_belong_to_the_class_below(sweep_and_numpy):
    sweep, expected = sweep_and_numpy
    x = expected.edges(12)
    for lower, threshold, block in zip(x, x[1:], x[2:]):
        given = {"threshold": threshold, "block": block, "lower": lower}
        assert dict(sweep.classify(**given)) == classes_of(expected.v, **given)


def test_equal_boundaries_leave_the_class_between_empty():
    sweep = SWEEPS["many zeros"]()
    found = sweep.classify(threshold=0.0, block=0.0, lower=0.0)
    assert list(found.items()) == [
        ("below range", 300),
        ("resting", 0),
        ("suprathreshold", 0),
        ("depolarisation block", 100),
    ]


def test_a_cell_without_a_threshold_is_not_classified_and_says_so():
    sweep = fr.table(fr.cells["glial cell"], {"K_out": [3.0, 30.0]})
    with pytest.raises(ValueError, match=r"'glial cell' has no threshold.*pass threshold="):
        sweep.classify()
    nameless = fr.table(POTASSIUM, {"K_out": [3.0]})
    with pytest.raises(ValueError, match="the cell has no threshold"):
        nameless.classify()


def test_a_threshold_classifies_a_cell_that_has_none():
    sweep = fr.table(fr.cells["glial cell"], {"K_out": [3.0, 20.0, 130.0]})
    assert dict(sweep.classify(threshold=-55)) == classes_of(sweep.values())


# ---- sizes, bad rows, layouts ----


def assert_all_as_numpy(sweep, **options):
    expected = NumPy(sweep)
    edges = expected.edges(20)
    s, h, q, f, c = sweep.reduce(
        fr.Summary(),
        fr.Histogram(edges),
        fr.Quantile(Q),
        fr.Fraction(above=edges[3]),
        fr.Classes(),
        **options,
    )
    assert_summary(s, expected)
    assert_histogram(h, expected, edges)
    assert_quantile(q, expected, Q)
    assert f == (expected.v > edges[3]).sum() / expected.n
    assert dict(c) == classes_of(expected.v)


@pytest.mark.parametrize("n", SIZES)
def test_tables_of_any_length_are_answered(n, isa):
    assert_all_as_numpy(table_of(n, seed=n), engine=isa)


@pytest.mark.parametrize("n", [n for n in SIZES if n > 30])
def test_bad_rows_of_every_kind_are_counted_and_left_out(n, isa):
    sweep = one_in_seven(n)
    assert_all_as_numpy(sweep, engine=isa)
    if n > 1000:
        assert set(sweep.summary().invalid) == set(SPOILT)


@pytest.mark.parametrize("reason", SPOILT)
def test_a_bad_row_is_counted_under_its_lowest_bit(reason, isa):
    sweep = spoilt_table(600, {reason: np.arange(600) % 2 == 0})
    s = sweep.summary(engine=isa)
    assert (s.n, s.invalid) == (300, {reason: 300})
    assert_all_as_numpy(sweep, engine=isa)


@pytest.mark.parametrize("bad", [1, 31, 32, 33, 255, 256, 257, 1000, 65535, 65536, 65537])
def test_a_block_may_begin_with_bad_rows(bad, isa):
    sweep = spoilt_table(66_000, {"INFINITE": slice(0, bad)})
    assert_all_as_numpy(sweep, engine=isa)


@pytest.mark.parametrize("good", [0, 31, 32, 255, 256, 65535, 65536, 69_999])
def test_a_single_good_row_is_the_answer(good, isa):
    sweep = spoilt_table(70_000, {"NOT_FINITE": np.arange(70_000) != good})
    s = sweep.summary(engine=isa)
    assert (s.n, s.argmin, s.argmax, s.sd) == (1, good, good, 0.0)
    assert s.min == s.max == s.mean == sweep.quantile(0.3, engine=isa) == sweep.values()[good]


@pytest.mark.parametrize("reason", SPOILT)
@pytest.mark.parametrize("n", [1, 300, 65_537])
def test_without_good_rows_there_is_nothing_to_say(reason, n):
    sweep = spoilt_table(n, {reason: slice(None)})
    s, h, q, f, c = sweep.reduce(
        fr.Summary(), fr.Histogram(), fr.Quantile([[0.1, 1]]), fr.Fraction(below=0), fr.Classes()
    )
    assert (s.n, s.invalid) == (0, {reason: n})
    assert all(map(math.isnan, (s.mean, s.sd, s.min, s.max, f)))
    assert (s.argmin, s.argmax, s.at_min, s.at_max) == (None, None, {}, {})
    assert (h.counts.sum(), h.below, h.above, sum(c.values())) == (0, 0, 0, 0)
    assert q.shape == (1, 2)
    assert np.isnan(q).all()


@pytest.mark.parametrize("dtype", ["f4", ">f8", "i4", "u1", ">f4"])
def test_columns_of_any_dtype_are_answered(dtype):
    K_out = np.random.default_rng(5).uniform(1, 200, 66_000).astype(dtype)
    assert_all_as_numpy(fr.table(NEURON, {"K_out": K_out, "K_in": K_out[::-1]}))


@pytest.mark.parametrize("step", [2, 3, -1, -2])
def test_columns_of_any_stride_are_answered(step):
    wide = np.random.default_rng(6).uniform(1, 200, 140_000)
    assert_all_as_numpy(fr.table(NEURON, {"K_out": wide[::step], "K_in": wide[::step][::-1]}))


def test_columns_of_a_record_array_are_answered():
    records = np.zeros(66_000, [("flag", "u1"), ("K_out", "f8"), ("Cl_in", ">f4")])
    records["K_out"], records["Cl_in"] = np.random.default_rng(7).uniform(1, 9, (2, 66_000))
    assert_all_as_numpy(fr.table(NEURON, {n: records[n] for n in ("K_out", "Cl_in")}))


def test_equal_extremes_in_several_blocks_are_found_first(isa):
    V = np.full(200_000, -50.0)
    V[[70_000, 70_001, 140_000]] = -90.0
    V[[66_000, 66_500, 199_999]] = 10.0
    for threads in THREADS:
        s = potassium(V).summary(engine=isa, threads=threads)
        assert (s.argmin, s.argmax) == (70_000, 66_000)


def test_narrow_potentials_have_a_sd_that_is_not_lost():
    sweep = SWEEPS["narrow"]()
    V = [fractions.Fraction(v) for v in sweep.values().tolist()]
    mean = sum(V) / len(V)
    expected = math.sqrt(sum((v - mean) ** 2 for v in V) / len(V))
    assert 1e-13 < expected < 1e-12
    assert abs(sweep.summary().sd / expected - 1) < 1e-12


# ---- several answers at once ----

ASKED = [
    fr.Summary(),
    fr.Histogram(9, (-80, -30)),
    fr.Quantile([0.1, 0.9]),
    fr.Fraction(between=(-70, -60)),
    fr.Classes(),
    fr.Quantile(0.5),
    fr.Histogram([-71.5, -70, -33]),
]


def plain(answer):
    """An answer as something that == compares."""
    return str(answer.tolist() if isinstance(answer, np.ndarray) else answer)


def test_several_answers_are_those_asked_for_one_by_one():
    sweep = SWEEPS["bad rows"]()
    alone = [plain(sweep.reduce(one)[0]) for one in ASKED]
    assert [plain(answer) for answer in sweep.reduce(*ASKED)] == alone


def test_answers_come_in_the_order_asked():
    sweep = SWEEPS["bad rows"]()
    alone = {one: plain(sweep.reduce(one)[0]) for one in ASKED[:4]}
    for order in permutations(ASKED[:4]):
        assert [plain(answer) for answer in sweep.reduce(*order)] == [alone[one] for one in order]


def test_the_same_may_be_asked_twice():
    a, b = SWEEPS["table"]().reduce(fr.Quantile(0.5), fr.Quantile(0.5))
    assert a == b


def test_methods_of_a_sweep_are_single_answers():
    sweep = SWEEPS["bad rows"]()
    said = [
        sweep.summary(),
        sweep.histogram(9, range=(-80, -30)),
        sweep.quantile([0.1, 0.9]),
        sweep.fraction(between=(-70, -60)),
        sweep.classify(),
    ]
    assert [plain(x) for x in said] == [plain(sweep.reduce(one)[0]) for one in ASKED[:5]]


def test_more_than_counts_is_summed_up_only_where_it_is_wanted():
    asked = []

    class Spy(fr.Fraction):
        def answer(self, sweep, found):
            asked.append(found[0].total)
            return super().answer(sweep, found)

    sweep = SWEEPS["table"]()
    sweep.reduce(Spy(below=-60))
    sweep.reduce(Spy(below=-60), fr.Summary())
    assert asked[0] == 0
    assert asked[1] != 0


# ---- states ----


class Everything(OnePass):
    """The state itself: what every answer is read off."""

    sums = True

    def __init__(self, *edges):
        vars(self).update(wanted_edges=edges)

    def wanted(self, sweep):
        return self.wanted_edges

    def answer(self, sweep, found):
        return found[0]


EDGES = (-80.0, -70.0, -65.0, -60.0, -59.5, -55.0, -50.0, -40.0, -30.0, 0.0)


def state_of(sweep, edges=EDGES, **options):
    return sweep.reduce(Everything(*edges), **options)[0]


@each_sweep
@pytest.mark.parametrize("edges", [(), EDGES[:1], EDGES], ids=["none", "one", "ten"])
def test_instruction_sets_give_the_same_bits_of_every_answer(name, edges):
    sweep = SWEEPS[name]()
    first, *rest = [state_of(sweep, edges, engine=isa).to_json() for isa in _kernels.SUPPORTED]
    assert all(state == first for state in rest)


@pytest.mark.parametrize("make", [table_of, one_in_seven])
def test_threads_give_the_same_bits_of_every_answer(make, isa):
    sweep = make(700_001)
    once = state_of(sweep, engine=isa, threads=1).to_json()
    for threads in THREADS:
        assert state_of(sweep, engine=isa, threads=threads).to_json() == once


BLOCK = _kernels.BLOCK


def states_of_blocks(sweep, edges=EDGES, sums=True):
    """The state of each block of a sweep by itself."""
    part = passes.pointwise(sweep, _kernels.ISA, sums, 1)
    states = []
    for start in range(0, len(sweep), BLOCK):
        states.append(State("pointwise", np.array(edges)))
        part(states[-1], start, min(start + BLOCK, len(sweep)))
    return states


def added(states, edges=EDGES):
    total = State("pointwise", np.array(edges))
    for state in states:
        total.add(state)
    return total


@pytest.mark.parametrize("edges", [(), EDGES], ids=["none", "ten"])
def test_states_add_up_in_any_order(edges):
    sweep = one_in_seven(7 * BLOCK + 13)
    expected = state_of(sweep, edges).to_json()
    states = states_of_blocks(sweep, edges)
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(states))
        assert added([states[i] for i in order], edges).to_json() == expected


def test_states_add_up_in_any_grouping():
    sweep = one_in_seven(7 * BLOCK + 13)
    states = states_of_blocks(sweep)
    expected = state_of(sweep).to_json()
    for seed in range(30):
        group = np.random.default_rng(seed).integers(0, 4, len(states))
        groups = [added([s for s, g in zip(states, group) if g == i]) for i in range(4)]
        assert added(groups).to_json() == expected


@pytest.mark.parametrize("sums", [True, False])
def test_a_state_of_many_blocks_is_the_sum_of_theirs(sums):
    sweep = one_in_seven(3 * BLOCK + 1)
    whole = State("pointwise", np.array(EDGES))
    passes.pointwise(sweep, _kernels.ISA, sums, 1)(whole, 0, len(sweep))
    assert added(states_of_blocks(sweep, sums=sums)).to_json() == whole.to_json()


def test_equal_extremes_of_added_states_are_those_of_the_lowest_number():
    sweep = fr.table(NEURON, {"K_out": np.tile([5.0, 4.0, 6.0], BLOCK)})
    states = states_of_blocks(sweep)
    for order in permutations(states):
        total = added(order)
        assert (total.argmin, total.argmax) == (1, 2)


@each_sweep
def test_a_state_survives_json(name):
    state = state_of(SWEEPS[name]())
    again = State.from_json(json.loads(json.dumps(state.to_json(), allow_nan=False)))
    assert again.to_json() == state.to_json()
    assert np.array_equal(again.edges, state.edges)
    again.add(state)
    assert again.n == 2 * state.n


def test_a_state_of_nothing_survives_json_and_adds_nothing():
    state, empty = state_of(SWEEPS["table"]()), State("pointwise", np.array(EDGES))
    before = state.to_json()
    state.add(State.from_json(json.loads(json.dumps(empty.to_json(), allow_nan=False))))
    assert state.to_json() == before


def test_a_state_knows_only_edges_that_were_counted():
    state = state_of(SWEEPS["table"]())
    for edge in (-64.9, -1000.0, 1.0):
        with pytest.raises(ValueError, match=f"{edge} is none of the edges that were counted"):
            state.below(edge)


# ---- progress and interruption ----


@pytest.mark.parametrize("threads", THREADS)
def test_progress_counts_up_to_all_points(threads):
    sweep, said = table_of(700_001), []
    sweep.summary(threads=threads, progress=lambda done, total: said.append((done, total)))
    assert said[-1] == (700_001, 700_001)
    assert said == sorted(set(said))
    assert {total for _, total in said} == {700_001}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("threads", THREADS)
def test_an_exception_in_progress_stops_the_pass(threads, error):
    sweep, calls = table_of(20 * BLOCK), []

    def progress(done, total):
        calls.append(done)
        raise error

    with pytest.raises(error):
        sweep.reduce(fr.Summary(), fr.Quantile(0.5), threads=threads, progress=progress)
    assert len(calls) == 1
    if threads == 1:  # others may have been faster than the one that reports
        assert calls[0] < len(sweep)


def test_after_an_interruption_answers_are_right():
    sweep = table_of(3 * BLOCK)
    expected = state_of(sweep).to_json()

    def progress(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state_of(sweep, progress=progress, threads=3)
    assert state_of(sweep).to_json() == expected


# ---- reducers as values ----

REDUCERS = [
    fr.Summary(),
    fr.Histogram(),
    fr.Histogram(10, (-80, 0)),
    fr.Histogram([-80, -50, 0]),
    fr.Quantile(0.5),
    fr.Quantile([0.5]),
    fr.Quantile([[0, 1]]),
    fr.Fraction(below=-55),
    fr.Fraction(above=-55),
    fr.Fraction(between=(-60, -55)),
    fr.Classes(),
    fr.Classes(threshold=-50, lower=-90),
]


@pytest.mark.parametrize("reducer", REDUCERS, ids=repr)
def test_a_reducer_survives_pickle(reducer):
    again = pickle.loads(pickle.dumps(reducer))
    assert again == reducer
    assert hash(again) == hash(reducer)
    assert repr(again) == repr(reducer)
    sweep = SWEEPS["bad rows"]()
    assert plain(sweep.reduce(again)[0]) == plain(sweep.reduce(reducer)[0])


def test_reducers_that_ask_the_same_are_equal_and_others_are_not():
    assert [[a == b for a in REDUCERS] for b in REDUCERS] == np.eye(len(REDUCERS)).tolist()
    assert len(set(REDUCERS)) == len(REDUCERS)
    assert fr.Histogram(2, (-80, 0)) == fr.Histogram([-80, -40, 0])
    assert fr.Quantile(0.5) != 0.5
    assert fr.Histogram() != "Histogram()"
    assert fr.Fraction(below=1) != 1


@pytest.mark.parametrize(
    ("reducer", "text"),
    [
        (fr.Summary(), "Summary()"),
        (fr.Histogram(10, (-80, 0)), "Histogram(10 bins, -80 ... 0 mV)"),
        (fr.Quantile(0.5), "Quantile(0.5)"),
        (fr.Quantile([0, 1]), "Quantile([0.0, 1.0])"),
        (fr.Fraction(below=-55.0), "Fraction(below=-55.0)"),
        (fr.Fraction(above=-55.5), "Fraction(above=-55.5)"),
        (fr.Fraction(between=(-60.0, -55.0)), "Fraction(between=(-60.0, -55.0))"),
        (fr.Classes(), "Classes(threshold=None, block=None, lower=None)"),
    ],
    ids=str,
)
def test_a_reducer_says_what_it_asks(reducer, text):
    assert repr(reducer) == text


def test_a_reducer_keeps_its_own_numbers():
    edges, q = np.array([-80.0, 0.0]), np.array([0.25, 0.5])
    histogram, quantile = fr.Histogram(edges), fr.Quantile(q)
    edges[0], q[0] = -1.0, 1.0
    assert histogram == fr.Histogram([-80, 0])
    assert quantile == fr.Quantile([0.25, 0.5])
    for array in (histogram.bins, quantile.q):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


# ---- misuse ----


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: fr.Histogram(0), ValueError, "bins must be a whole number >= 1 or edges, got 0"),
        (lambda: fr.Histogram(-3), ValueError, "bins must be a whole number >= 1 or edges, got -3"),
        (lambda: fr.Histogram(2.5), ValueError, "bins must be a whole number .*, got 2.5"),
        (lambda: fr.Histogram("x"), ValueError, "bins must be a whole number .*, got 'x'"),
        (lambda: fr.Histogram(None), ValueError, "bins must be a whole number .*, got None"),
        (lambda: fr.Histogram(True), ValueError, "bins must be a whole number .*, got True"),
        (lambda: fr.Histogram([]), ValueError, "bins must be at least 2 edges, got 0"),
        (lambda: fr.Histogram([1]), ValueError, "bins must be at least 2 edges, got 1"),
        (lambda: fr.Histogram([1, 1]), ValueError, "bins must be increasing edges"),
        (lambda: fr.Histogram([2, 3, 1]), ValueError, "bins must be increasing edges"),
        (lambda: fr.Histogram([1, NAN]), ValueError, "bins must be finite"),
        (lambda: fr.Histogram([-INF, 1]), ValueError, "bins must be finite"),
        (lambda: fr.Histogram([[1, 2]]), TypeError, r"bins must be .* 1-D .*, got \[\[1, 2\]\]"),
        (lambda: fr.Histogram(["a", "b"]), TypeError, r"bins must be .*, got \['a', 'b'\]"),
        (lambda: fr.Histogram([False, True]), TypeError, "bins must be .*, got"),
        (lambda: fr.Histogram(5, (0, 0)), ValueError, r"range must increase, got \(0, 0\)"),
        (lambda: fr.Histogram(5, (1, 0)), ValueError, r"range must increase, got \(1, 0\)"),
        (lambda: fr.Histogram(5, (0, NAN)), ValueError, "range must be finite, got nan"),
        (lambda: fr.Histogram(5, (-INF, 0)), ValueError, "range must be finite, got -inf"),
        (lambda: fr.Histogram(5, ("a", 0)), TypeError, "range must be a potential .*, got 'a'"),
        (lambda: fr.Histogram(9, (0, 5e-324)), ValueError, "bins must be increasing edges"),
        (lambda: fr.Quantile(1.5), ValueError, r"q must be from 0 to 1, got .*1\.5"),
        (lambda: fr.Quantile([0.5, -0.1]), ValueError, "must be from 0 to 1, got .*-0.1"),
        (lambda: fr.Quantile(NAN), ValueError, "q must be from 0 to 1, got .*nan"),
        (lambda: fr.Fraction(), TypeError, "needs one of below=, above=, between="),
        (lambda: fr.Fraction(below=1, above=2), TypeError, "needs one of below=, above=, between="),
        (lambda: fr.Fraction(below=NAN), ValueError, "below must be finite, got nan"),
        (lambda: fr.Fraction(above=INF), ValueError, "above must be finite, got inf"),
        (lambda: fr.Fraction(below="a"), TypeError, "below must be a potential in mV, got 'a'"),
        (lambda: fr.Fraction(above=[1]), TypeError, r"above must be a potential in mV, got \[1\]"),
        (lambda: fr.Fraction(below=True), TypeError, "below must be a potential in mV, got True"),
        (lambda: fr.Fraction(between=1), TypeError, "between must be two potentials, got 1"),
        (lambda: fr.Fraction(between=(1,)), TypeError, r"must be two potentials, got \(1,\)"),
        (lambda: fr.Fraction(between="ab"), TypeError, "between must be two potentials, got 'ab'"),
        (lambda: fr.Fraction(between=(2, 1)), ValueError, r"must not decrease, got \(2, 1\)"),
        (lambda: fr.Fraction(between=(1, NAN)), ValueError, "between must be finite, got nan"),
    ],
)
def test_a_reducer_refuses_what_it_cannot_ask(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"threshold": "a"}, TypeError, "threshold must be a potential in mV, got 'a'"),
        ({"threshold": True}, TypeError, "threshold must be a potential in mV, got True"),
        ({"block": NAN}, ValueError, "block must be finite, got nan"),
        ({"lower": -INF}, ValueError, "lower must be finite, got -inf"),
        ({"threshold": -30}, ValueError, "must not decrease, got threshold -30, block -40 mV"),
        ({"block": -60}, ValueError, "must not decrease, got threshold -55, block -60 mV"),
        ({"lower": -50}, ValueError, "got lower -50, threshold -55, block -40 mV"),
    ],
)
def test_boundaries_are_checked(given, error, text):
    with pytest.raises(error, match=text):
        SWEEPS["one row"]().classify(**given)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"method": "fast"}, ValueError, "method must be one of auto, factored, .*, got 'fast'"),
        ({"method": None}, ValueError, "method must be one of .*, got None"),
        ({"method": "factored"}, ValueError, "method='factored' needs a grid"),
        ({"engine": "python"}, ValueError, r"engine='python' computes values\(\)"),
        ({"engine": "mmx"}, ValueError, "engine must be one of .*, got 'mmx'"),
        ({"threads": 0}, ValueError, "threads must be a whole number >= 1, got 0"),
        ({"progress": 3}, TypeError, r"progress must be True, False or callable.*, got 3"),
        ({"max_memory": 0}, ValueError, "max_memory must be a whole number >= 1, got 0"),
    ],
)
def test_options_are_checked(options, error, text):
    with pytest.raises(error, match=text):
        SWEEPS["table"]().summary(**options)


@pytest.mark.parametrize(
    "cell", [cell_of(fr.GHK("K", "Ca")), cell_of(fr.Chord("K", "Na"))], ids=["calcium", "chord"]
)
def test_a_grid_whose_sums_do_not_factor_says_so(cell):
    sweep = fr.grid(cell, K_out=np.arange(1.0, 20), K_in=np.arange(1.0, 20))
    with pytest.raises(ValueError, match="method='factored'"):
        sweep.summary(method="factored")


@pytest.mark.parametrize("given", [fr.Summary, "summary", 5, None, np.array([0.5])])
def test_what_is_no_reducer_is_refused(given):
    with pytest.raises(TypeError, match=rf"a reducer is fr.Summary\(\).*{re.escape(repr(given))}"):
        SWEEPS["table"]().reduce(fr.Summary(), given)


def test_no_reducer_is_refused():
    with pytest.raises(TypeError, match="at least one reducer"):
        SWEEPS["table"]().reduce()


def test_an_answer_says_how_it_was_found():
    sweep = SWEEPS["table"]()
    s, h, c = sweep.reduce(fr.Summary(), fr.Histogram(), fr.Classes())
    assert (s.method, h.method, c.method) == ("pointwise",) * 3


# ---- memory ----


@pytest.mark.parametrize("method", ["summary", "histogram", "classify"])
def test_nothing_of_the_size_of_a_table_is_allocated(method):
    sweep = table_of(700_001)
    getattr(sweep, method)()
    tracemalloc.start()
    getattr(sweep, method)(threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(sweep)  # bytes: less than one for each point


# ---- what testing found ----


@pytest.mark.parametrize("outlier", [-30.0, -100.0, -150.0])
def test_sd_is_right_if_a_block_begins_with_an_outlier(outlier):
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=37)
    n = 65536
    for shift in range(40):
        K_out = np.full(n, 5 + shift * 0.01)
        K_out[0] = 5 * math.exp(outlier / 26.7266591125)
        sweep = fr.table(cell, {"K_out": K_out})
        first, other = (fractions.Fraction(float(v)) for v in sweep.values()[:2])
        variance = (first - other) ** 2 * (n - 1) / n**2
        with decimal.localcontext() as context:
            context.prec = 40
            exact = decimal.Decimal(variance.numerator) / decimal.Decimal(variance.denominator)
            difference = decimal.Decimal(sweep.summary().sd) - exact.sqrt()
            assert abs(difference) <= decimal.Decimal("1e-12")


@pytest.mark.parametrize("ends", [(0,), (0, 1, 2), None, 5])
def test_a_range_that_is_no_pair_is_refused_by_name(ends):
    with pytest.raises((TypeError, ValueError), match="range"):
        fr.Histogram(10, ends)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fr.Quantile("a"),
        lambda: fr.Quantile(1j),
        lambda: fr.Quantile([[0.1], [0.2, 0.3]]),
    ],
)
def test_what_is_no_quantile_is_refused_by_name(make):
    with pytest.raises((TypeError, ValueError), match="q must"):
        make()


def test_bins_beyond_all_numbers_are_refused():
    for ends in ([-100, np.finfo(float).max], [-1.7e308, 1.7e308], [-np.inf, 0]):
        with pytest.raises(ValueError, match="bins must be finite, got"):
            fr.Histogram(ends)


def test_equal_reducers_have_equal_hashes():
    assert fr.Quantile([0.0]) == fr.Quantile([-0.0])
    assert hash(fr.Quantile([0.0])) == hash(fr.Quantile([-0.0]))
    assert hash(fr.Histogram([0.0, 1])) == hash(fr.Histogram([-0.0, 1]))


@pytest.mark.parametrize("reducer", [fr.Histogram(), fr.Quantile(0.5), fr.Fraction(below=0)])
def test_reducers_are_immutable(reducer):
    with pytest.raises(AttributeError):
        reducer.bins = reducer.q = reducer._to = 1.0


def test_arrays_of_reducers_stay_read_only_through_pickle():
    assert not pickle.loads(pickle.dumps(fr.Histogram())).bins.flags.writeable


# ---- without logarithms ----


@pytest.mark.parametrize("n_edges", [1, 2, 4])
def test_counts_without_logarithms_are_those_of_the_potentials(n_edges, isa):
    # permeabilities as people write them: many potentials are equal, and edges lie on them
    grid = fr.grid(
        NEURON,
        P_Na=np.round(np.geomspace(0.01, 1, 40), 3),
        P_K=np.round(np.linspace(0.5, 2, 31), 2),
        P_Cl=np.arange(10) / 10,
    )
    V, random = grid.values().ravel(), np.random.default_rng(n_edges)
    phi = float(fr.model.phi(NEURON["celsius"]))
    equation, columns = grid.cell.model.equation(), grid._columns(None)
    for _ in range(100):
        values = random.choice(V, n_edges)
        steps = random.choice([-math.inf, 0.0, math.inf], n_edges)
        edges = np.where(steps == 0, values, np.nextafter(values, steps))
        edges = np.unique(edges)
        free = _kernels.Edges(edges, phi)
        assert free.ratios is not None
        _, counts = equation.reduce(columns, 0, V.size, free, sums=False, isa=isa)
        assert np.cumsum(counts)[:-1].tolist() == np.searchsorted(np.sort(V), edges).tolist()


def test_bad_rows_are_counted_without_logarithms_too(isa):
    K_out = np.where(np.arange(100_000) % 1000 == 7, -1.0, np.linspace(1, 50, 100_000))
    sweep = fr.table(NEURON, {"K_out": K_out})
    V = sweep.values()
    valid = V[np.isfinite(V)]
    assert sweep.fraction(below=-55, engine=isa) == (valid < -55).sum() / valid.size
