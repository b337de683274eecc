"""Populations: counted as NumPy counts tables of the same points, cut and gone on with as sweeps
are, and refused by name where they are asked for what is not there."""

import json
import math
import os
import pickle
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import fastrest as fr
from fastrest import engine, passes, population, survey
from fastrest.census import BINS, EDGES, Counter
from fastrest.reduce import whole

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL,
    P_Na=fr.lognormal(cv=0.5),
    P_Cl=fr.times(fr.uniform(0.5, 1.5)),
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=100),
)
CONDITIONS = {
    "control": {},
    "high K": {"K_out": 6.5},
    "pump": {"pump_ratio": 1.5},
    "leaky": {"P_Na": fr.times(1.5), "celsius": fr.times(0.9)},
}
ACCEPT = (
    fr.between(-75, -65),
    fr.change("control", "high K", 2, 6),
    fr.nernst_between("K", -95, -85),
    fr.between(-80, -60, at="leaky"),
)
QUESTIONS = {"rng": 3, "conditions": CONDITIONS, "accept": ACCEPT}
N = 2 * engine.BLOCK + 4321


@pytest.fixture(scope="module")
def pop():
    return SPACE.population(N, **QUESTIONS)


class Brute:
    """The same population by NumPy: tables of the points, masks, and what they say."""

    def __init__(self, pop, n):
        cell, sample = pop.space.cell, pop.space.sample(n, rng=pop.rng, method=pop.method)
        self.inputs = sample.parameters(np.arange(n))
        values = {**dict(cell), **self.inputs}
        self.V, self.under, status = {}, {}, []
        for name, changes in pop.conditions.items():
            under = dict(self.inputs)
            for key, x in changes.items():
                under[key] = x.factors * values[key] if isinstance(x, fr.Times) else x
            self.under[name] = under
            table = fr.table(cell, {key: np.full(n, x) for key, x in under.items()})
            self.V[name] = table.values()
            status.append(table.status())
        first = np.zeros(n, np.uint8)
        for bits in reversed(status):
            first = np.where(bits, bits, first)
        self.valid = first == 0
        self.invalid = {}
        for bit in fr.Status:
            count = np.count_nonzero((first & (bit - 1) == 0) & (first & bit != 0))
            if count:
                self.invalid[bit.name] = count
        self.fails, control = [], next(iter(pop.conditions))
        for one in pop.accept:
            at = getattr(one, "at", None) or control
            if isinstance(one, fr.Change):
                x = self.V[one.after] - self.V[one.before]
            elif isinstance(one, fr.Between) or one.ion in cell.model.passive:
                x = self.V[at]
            else:
                now = {**values, **self.under[at]}
                z = next(ion.z for ion in cell.model.ions if ion.name == one.ion)
                names = (f"{one.ion}_out", f"{one.ion}_in", "celsius")
                with np.errstate(all="ignore"):
                    x = fr.ufuncs.nernst(z, *(now[name] for name in names))
            self.fails.append(self.valid & ~((x >= one.low) & (x <= one.high)))
        self.accepted = self.valid & ~np.any([self.valid & False, *self.fails], axis=0)

    def of(self, accepted):
        return self.accepted if accepted else self.valid


@pytest.fixture(scope="module")
def brute(pop):
    return Brute(pop, N)


# ---- counts ----


def check_counts(pop, brute):
    assert pop.accepted == np.count_nonzero(brute.accepted)
    assert pop.invalid == brute.invalid
    fails = dict(zip(pop.accept, brute.fails))
    assert pop.rejected_by == {one: np.count_nonzero(f) for one, f in fails.items()}
    for one, alone in pop.rejected_only_by.items():
        others = [f for other, f in fails.items() if other is not one]
        assert alone == np.count_nonzero(fails[one] & ~np.any([0 * fails[one], *others], axis=0))
    assert len(pop.rejected_pairs) == math.comb(len(pop.accept), 2)
    for (a, b), both in pop.rejected_pairs.items():
        assert both == np.count_nonzero(fails[a] & fails[b])


def test_counts_are_those_of_masks(pop, brute):
    assert (pop.n, pop.fraction) == (N, pop.accepted / N)
    assert 0.1 < pop.fraction < 0.9
    check_counts(pop, brute)


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("name", CONDITIONS)
def test_summaries_histograms_and_quantiles_are_those_of_the_potentials(pop, brute, name, accepted):
    here = np.flatnonzero(brute.of(accepted))
    V = brute.V[name][here]
    s = pop.summary(name, accepted=accepted)
    assert (s.n, s.min, s.max) == (len(V), V.min(), V.max())
    assert (s.argmin, s.argmax) == (here[V.argmin()], here[V.argmax()])
    assert s.at_max["P_Na"] == brute.inputs["P_Na"][s.argmax]
    assert s.mean == pytest.approx(math.fsum(V) / len(V), abs=1e-12)
    assert s.sd == pytest.approx(V.std(), rel=1e-12)
    h = pop.histogram(name, bins=160, range=(-90, -50), accepted=accepted)
    below, above = np.searchsorted(np.sort(V), [h.edges[0], h.edges[-1]])
    assert (h.below, h.above) == (below, len(V) - above)
    assert (h.counts == np.histogram(V, h.edges)[0]).all()
    q = np.array([[0, 0.05, 0.5], [0.95, 0.999, 1]])
    ranks = np.maximum(np.ceil(q * len(V)).astype(int), 1)
    found = pop.quantile(name, q, accepted=accepted)
    np.testing.assert_allclose(found, np.sort(V)[ranks - 1], rtol=0, atol=0.025 + 1e-9)
    assert (found[0, 0], found[1, 2]) == (V.min(), V.max())


@pytest.mark.parametrize("accepted", [True, False])
def test_transitions_count_cells_from_class_to_class(pop, brute, accepted):
    here = brute.of(accepted)

    def classes(name):
        return np.digitize(brute.V[name][here], [CELL.threshold, CELL.block], right=True)

    for before, after in (("control", "high K"), ("leaky", "pump"), ("pump", "pump")):
        expected = np.zeros((3, 3), int)
        np.add.at(expected, (classes(before), classes(after)), 1)
        found = pop.transition(before, after, accepted=accepted)
        assert (found.counts == expected).all()
        assert found.classes == ("resting", "suprathreshold", "depolarisation block")
    assert found["resting", "resting"] == expected[0, 0]
    assert found.boundaries == {"threshold": -55.0, "block": -40.0}
    assert found == pop.transition("pump", "pump", accepted=accepted)
    assert found != pop.transition("control", "pump", accepted=accepted)
    assert found != 0
    frame = found.to_dataframe()
    assert (frame.index.name, frame.columns.name) == ("pump", "pump")
    assert frame.loc["suprathreshold", "resting"] == expected[1, 0]
    assert "suprathreshold" in repr(found)


def test_four_classes_of_a_cell_with_a_lower_boundary():
    space = fr.space(CELL.replace(lower=-75.0), P_Na=fr.lognormal(cv=1))
    pop = space.population(5000, rng=1)
    found, V = pop.transition("control", "control"), Brute(pop, 5000).V["control"]
    assert found.classes[0] == "below range"
    expected = np.bincount(np.digitize(V, [-75, -55, -40], right=True), minlength=4)
    assert (found.counts == np.diag(expected)).all()


# ---- parameters ----


def test_moments_are_those_of_the_accepted_parameters(pop, brute):
    x = np.array([brute.inputs[name][brute.accepted] for name in pop.names])
    np.testing.assert_allclose(pop.mean, x.mean(axis=1), rtol=1e-13)
    scale = np.outer(x.std(axis=1), x.std(axis=1))
    assert np.abs((pop.covariance - np.cov(x, ddof=0)) / scale).max() < 1e-11
    assert np.abs(pop.correlation - np.corrcoef(x)).max() < 1e-11


def test_marginals_count_accepted_beside_equal_parts_of_the_candidates(pop, brute):
    assert list(pop.marginals) == list(pop.names)
    for name, one in pop.marginals.items():
        x = brute.inputs[name]
        inner = one.edges[1:-1]
        assert len(inner) == BINS - 1
        counts = np.bincount(np.digitize(x[brute.accepted], inner), minlength=BINS)
        assert (one.accepted == counts).all()
        assert (one.proposed == 1 / BINS).all()
        proposed = np.bincount(np.digitize(x, inner), minlength=BINS)
        assert stats.chisquare(proposed).pvalue > 1e-4
    assert pop.marginals["P_Na"].edges[[0, -1]].tolist() == [0, math.inf]
    assert pop.marginals["K_out"].edges[[0, -1]].tolist() == [3, 6]


def test_candidates_are_counted_where_no_quantile_is_known():
    atoms = stats.rv_histogram(([1, 0, 1], [3.0, 3.0 + 1e-14, 5.0, 5.0 + 1e-14]), density=False)
    space = fr.space(CELL, K_out=atoms, Na_out=fr.uniform(120, 150), K_in=fr.affine(285, Na_out=-1))
    pop = space.population(N, rng=1, accept=[fr.between(-72, -68)])
    assert pop.names == ("K_out", "Na_out", "K_in")
    brute = Brute(pop, N)
    check_counts(pop, brute)
    for name in ("K_out", "K_in"):
        one, x = pop.marginals[name], brute.inputs[name]
        inner, bins = one.edges[1:-1], len(one.edges) - 1
        assert (one.proposed * N).round().sum() == N
        for counts, of in ((one.proposed * N, x), (one.accepted, x[brute.accepted])):
            expected = np.bincount(np.digitize(of, inner), minlength=bins)
            np.testing.assert_allclose(counts, expected, rtol=1e-12)
    assert len(pop.marginals["K_out"].edges) < BINS
    assert len(pop.marginals["K_in"].edges) == BINS + 1
    assert pop.marginals["K_in"].proposed.max() < 1.3 / BINS
    assert pop.correlation[1, 2] == pytest.approx(-1, abs=1e-9)


def test_moments_beyond_the_doubles_are_nan_and_the_others_stand():
    far = stats.rv_histogram(([999, 1], [0.4, 0.5, 1e200]), density=False)
    space = fr.space(CELL, P_Cl=far, K_out=fr.uniform(3, 6))
    pop = space.population(30_000, rng=1)
    assert math.isnan(pop.covariance[0, 0])
    assert pop.covariance[1, 1] == pytest.approx(0.75, rel=0.05)
    assert math.isfinite(pop.mean[1])


# ---- who counts ----


def test_candidates_without_a_potential_are_counted_by_their_first_reason_and_never_accepted():
    space = fr.space(CELL, Na_out=fr.uniform(0, 40), K_out=fr.affine(30, Na_out=-1))
    conditions = {
        "control": {},
        "no anion": {"P_Cl": 0, "P_Na": 0},
        "hot": {"celsius": fr.times(2.5)},
    }
    pop = space.population(N, rng=1, conditions={n: conditions[n] for n in ("control", "no anion")})
    brute = Brute(pop, N)
    check_counts(pop, brute)
    assert pop.accepted == np.count_nonzero(brute.inputs["K_out"] > 0)
    assert pop.invalid == {"NEGATIVE": N - pop.accepted}
    s = pop.summary(accepted=False)
    assert (s.n, s.invalid) == (pop.accepted, pop.invalid)
    assert s.argmax == np.flatnonzero(brute.valid)[brute.V["control"][brute.valid].argmax()]
    assert "without a potential" in repr(pop)


def test_a_population_whose_candidates_all_lack_a_potential():
    space = fr.space(CELL, celsius=fr.uniform(50, 60))
    with pytest.raises(ValueError, match=r"celsius must be between"):
        space.population(10, conditions={"hot": {"celsius": fr.times(2)}})
    space = fr.space(CELL, K_out=fr.uniform(1, 2), Na_out=fr.affine(-1, K_out=-1))
    pop = space.population(1000, rng=1, accept=[fr.between(-80, -60)])
    assert (pop.accepted, pop.invalid) == (0, {"NEGATIVE": 1000})
    assert pop.rejected_by == {fr.between(-80, -60): 0}
    assert pop.summary(accepted=False).n == 0
    assert len(pop.members()) == 0
    assert "none of 1,000 candidates accepted" in repr(pop)


def test_a_calibration_that_nobody_meets_says_which_criterion_rejects_whom():
    accept = [fr.between(10, 20), fr.between(-75, -65, at="high K")]
    pop = SPACE.population(N, rng=3, conditions=CONDITIONS, accept=accept)
    assert (pop.accepted, pop.fraction, pop.interval[0]) == (0, 0.0, 0.0)
    assert pop.rejected_by[accept[0]] == N
    assert pop.rejected_only_by[accept[1]] == 0
    for what in (pop.mean, pop.covariance, pop.correlation, pop.quantile("control", [0, 0.5, 1])):
        assert np.isnan(what).all()
    assert math.isnan(pop.summary("high K").mean)
    assert pop.histogram("pump").counts.sum() == 0
    assert pop.transition("control", "pump").counts.sum() == 0
    assert all(not one.accepted.any() for one in pop.marginals.values())
    assert len(pop.to_dataframe()) == 0
    first, *_, row, _ = repr(pop).splitlines()
    assert first.startswith("<Population: none of 135,393 candidates accepted (95 % interval 0 to")
    assert row.split() == ["between(10,", "20)", "135,393", "(100", "%)", *row.split()[5:]]


def test_without_criteria_everybody_with_a_potential_is_accepted():
    pop = SPACE.population(1000, rng=1)
    assert (pop.accepted, list(pop.conditions)) == (1000, ["control"])
    assert pop.rejected_by == pop.rejected_only_by == pop.rejected_pairs == {}
    assert pop.summary() == pop.summary("control", accepted=False)


@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
@pytest.mark.parametrize("n", [1, 65535, 65536, 65537])
def test_populations_of_awkward_sizes(n, method):
    pop = SPACE.population(n, **QUESTIONS, method=method)
    check_counts(pop, Brute(pop, n))
    assert len(pop.members()) == pop.accepted


CHORD = fr.Cell(
    fr.Chord("K", "Na"), g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37
)
MUSCLE = fr.cells["mammalian skeletal muscle"]
WITH_CA = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)


@pytest.mark.parametrize(
    ("space", "conditions", "accept"),
    [
        (fr.space(CHORD, g_Na=fr.lognormal(cv=0.5)), {"a": {}, "b": {"K_out": 8}}, "K"),
        (fr.space(MUSCLE, K_out=fr.uniform(3, 6)), {"a": {}, "b": {"K_out": 8}}, "Cl"),
        (fr.space(WITH_CA, Ca_in=fr.lognormal(cv=1)), {"a": {"Ca_in": 1e-4}}, "Ca"),
        (
            fr.space(CELL, K_out=fr.uniform(3, 6), K_in=fr.uniform(130, 150), correlation=None),
            {"a": {"K_out": 4, "K_in": 140}, "b": {"Na_in": fr.times(2)}},
            "K",
        ),
    ],
    ids=["chord", "passive chloride", "divalent", "all overridden"],
)
def test_every_kind_of_model_is_counted_as_its_tables(space, conditions, accept):
    low, high = np.sort(np.random.default_rng(1).uniform(-100, 150, 2))
    criteria = [fr.between(-1000, -70), fr.nernst_between(accept, low, high)]
    pop = space.population(3000, rng=1, conditions=conditions, accept=criteria)
    check_counts(pop, Brute(pop, 3000))


def test_an_ion_on_one_side_only_has_an_infinite_nernst_potential():
    space = fr.space(CELL.replace(Na_in=0.0), P_Na=fr.lognormal(cv=0.1))
    narrow, wide = fr.nernst_between("Na", 0, 1e4), fr.nernst_between("Na", 0, math.inf)
    assert space.population(100, rng=1, accept=[narrow]).accepted == 0
    assert space.population(100, rng=1, accept=[wide]).accepted == 100


def test_clinical_states_are_conditions():
    conditions = {"control": {}, "high K": fr.states["hyperkalaemia"]}
    pop = SPACE.population(1000, rng=1, conditions=conditions)
    assert pop.conditions["high K"] == {"K_out": 6.5}
    with pytest.raises(ValueError, match=r"condition 'block': .*pump_ratio to 1"):
        SPACE.population(10, conditions={"block": fr.states["pump block"]})


spaces = st.builds(
    lambda names, cv: fr.space(CELL, **{name: fr.lognormal(cv=cv) for name in sorted(names)}),
    st.sets(st.sampled_from(list(CELL)[:9]), min_size=1, max_size=4),
    st.sampled_from([1e-6, 0.3, 2.0]),
)
changes = st.dictionaries(
    st.sampled_from(list(CELL)[:9]),
    st.sampled_from([0.0, 7.0, 100.0, fr.times(0), fr.times(0.5), fr.times(3)]),
    max_size=3,
)
ranges = st.tuples(st.floats(-150, 50), st.floats(-150, 50)).map(sorted)


@settings(max_examples=40, deadline=None)
@given(
    space=spaces, a=changes, b=changes, one=ranges, two=ranges, three=ranges, seed=st.integers(0)
)
def test_any_population_is_counted_as_its_tables(space, a, b, one, two, three, seed):
    accept = [
        fr.between(*one, at="b"),
        fr.change("a", "b", two[0] / 5, two[1] / 5),
        fr.nernst_between("Cl", *three),
    ]
    pop = space.population(500, rng=seed, conditions={"a": a, "b": b}, accept=accept)
    brute = Brute(pop, 500)
    check_counts(pop, brute)
    assert (pop.members().indices == np.flatnonzero(brute.accepted)).all()


# ---- intervals ----


@pytest.mark.parametrize(("accepted", "n"), [(0, 10), (1, 10), (10, 10), (333, 1000)])
def test_the_interval_is_wilsons(accepted, n, monkeypatch):
    pop = SPACE.population(n, rng=1)
    vars(pop).update(accepted=accepted)
    expected = stats.binomtest(accepted, n).proportion_ci(method="wilson")
    assert pop.interval == pytest.approx((expected.low, expected.high), abs=1e-12)


# ---- the same, however it is cut ----


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_thread_count_does_not_change_bits(pop, threads):
    assert SPACE.population(N, **QUESTIONS, threads=threads) == pop


def test_blocks_add_up_in_any_order(pop):
    counter = Counter(pop._survey.plan)
    blocks = list(engine.cut([(0, N)], engine.BLOCK))
    for order in (blocks, blocks[::-1]):
        total = counter.nothing()
        for start, stop in order:
            total = total + counter.count(start, stop)
        assert total.to_json() == pop._survey.census.to_json()


def test_parts_merge_to_the_whole(pop, tmp_path):
    parts = [SPACE.population(N, **QUESTIONS, part=(k, 7)) for k in range(7)]
    assert fr.merge(parts) == fr.merge(parts[::-1]) == pop
    assert sum(part.n for part in parts) == N
    assert sum(part.accepted for part in parts) == pop.accepted
    empty = next(part for part in parts if not part.n)
    assert (math.isnan(empty.fraction), empty.interval) == (True, (0.0, 1.0))
    assert "a part of" in repr(parts[-1])
    paths = [tmp_path / f"{k}.counts" for k in range(7)]
    for part, path in zip(parts, paths):
        part.save_counts(path)
    assert fr.merge([str(paths[0]), *paths[1:6], parts[6]]) == pop
    again = fr.merge(paths)
    assert again.members(first=100).columns.keys() == pop.members(first=100).columns.keys()
    assert (again.members().indices == pop.members().indices).all()


def test_an_executor_counts_the_same(pop):
    with ProcessPoolExecutor(2) as executor:
        assert SPACE.population(N, **QUESTIONS, executor=executor) == pop
    with ThreadPoolExecutor(1) as executor:
        assert SPACE.population(N, **QUESTIONS, executor=executor, threads=2) == pop


def test_a_worker_that_dies_is_named():
    with ThreadPoolExecutor(1) as executor:
        executor.shutdown()
        with pytest.raises(RuntimeError, match=r"^the executor failed after 0 of 135,393 points"):
            SPACE.population(N, **QUESTIONS, executor=executor)


def test_pieces_for_workers_are_bounded(monkeypatch):
    ranges = []

    class Recorder(ThreadPoolExecutor):
        def submit(self, function, plan, start, stop, threads):
            ranges.append((start, stop))
            return super().submit(function, plan, start, stop, threads)

    monkeypatch.setattr(survey, "LARGEST_PIECE", 2 * engine.BLOCK)
    monkeypatch.setattr(passes, "PIECES", 1)
    with Recorder(1) as executor:
        SPACE.population(5 * engine.BLOCK, rng=1, executor=executor)
    assert max(stop - start for start, stop in ranges) == 2 * engine.BLOCK


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A checkpoint of a pass that was stopped after its first block."""
    monkeypatch.setattr(survey, "BLOCKS_PER_TASK", 1)

    def stop(done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        SPACE.population(N, **QUESTIONS, checkpoint=tmp_path / "c", threads=1, progress=stop)
    return tmp_path / "c"


def test_an_interrupted_pass_goes_on_from_its_checkpoint(pop, interrupted):
    path, first = interrupted, []
    kept = fr.Population.load(path)
    assert kept.n == engine.BLOCK
    assert len(kept.members()) == kept.accepted
    again = SPACE.population(
        N, **QUESTIONS, checkpoint=path, progress=lambda *done: first.append(done[0])
    )
    assert min(first) > kept.n
    assert again == pop == fr.Population.load(path)
    assert SPACE.population(N, **QUESTIONS, checkpoint=path) == pop


def test_a_checkpoint_of_another_population_or_part_is_refused(interrupted):
    for other in (
        {**QUESTIONS, "rng": 4},
        {**QUESTIONS, "accept": ACCEPT[:2]},
        {**QUESTIONS, "conditions": {**CONDITIONS, "high K": {"K_out": 7}}},
    ):
        with pytest.raises(ValueError, match=r"^checkpoint .* is of another population: delete"):
            SPACE.population(N, **other, checkpoint=interrupted)
    with pytest.raises(ValueError, match=r"^checkpoint .* is of another part: delete"):
        SPACE.population(N, **QUESTIONS, checkpoint=interrupted, part=(2, 3))


def test_ctrl_c_is_answered_soon_and_keeps_the_count(tmp_path):
    path, n = tmp_path / "c", 10**9
    started, raised = threading.Event(), []

    def press():
        started.wait()
        time.sleep(0.5)
        raised.append(time.monotonic())
        os.kill(os.getpid(), 2)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        SPACE.population(
            n, **QUESTIONS, checkpoint=path, threads=2, progress=lambda *_: started.set()
        )
    waited = time.monotonic() - raised[0]
    thread.join()
    assert waited < 1.0  # about 0.1 s where nobody else computes
    assert fr.Population.load(path).n > 0


def test_progress_is_reported_up_to_the_end():
    told = []
    SPACE.population(N, rng=1, progress=lambda *done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == (N, N)


# ---- manners ----


def test_populations_pickle_compare_and_do_not_change(pop):
    again = pickle.loads(pickle.dumps(pop))
    assert again == pop
    assert pop != 1
    assert pop != SPACE.population(N, **{**QUESTIONS, "rng": 4})
    with pytest.raises(TypeError, match="unhashable"):
        hash(pop)
    with pytest.raises(AttributeError, match="cannot be changed"):
        pop.n = 3
    assert (pop.space, pop.method, pop.rng) == (SPACE, "random", 3)


def test_the_seed_that_was_not_given_is_recorded():
    pop = SPACE.population(1000)
    assert pop == SPACE.population(1000, rng=pop.rng)


def test_files_keep_every_kind_of_condition_and_criterion(tmp_path):
    accept = [*ACCEPT, fr.between(-math.inf, -40, at="high K")]
    measured = stats.rv_histogram(([1, 3, 2], [3.0, 4.0, 5.0, 6.0]))
    space = fr.space(CELL, K_out=measured, Na_out=fr.affine(150, K_out=-1))
    pop = space.population(100, rng=1, conditions=CONDITIONS, accept=accept)
    pop.save_counts(tmp_path / "p")
    again = fr.Population.load(tmp_path / "p")
    assert again == pop
    assert (again.space, again.accept, again.conditions) == (space, tuple(accept), pop.conditions)


def test_what_is_no_file_of_counts_is_refused(pop, tmp_path):
    path = tmp_path / "p"
    SPACE.sample(10, rng=1).part(0, 1).tally(fr.Summary()).save(path)
    with pytest.raises(ValueError, match=r"p is no file of a population's counts$"):
        fr.Population.load(path)
    pop.save_counts(path)
    path.write_bytes(path.read_bytes()[:-100])
    for read in (fr.Population.load, lambda path: fr.merge([path])):
        with pytest.raises(ValueError, match=r"or was cut off or changed$"):
            read(path)


def test_a_file_of_another_version_is_refused(pop, tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "__version__", "0.0.0")
    pop.save_counts(tmp_path / "p")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"was written by fastrest 0\.0\.0, this is"):
        fr.Population.load(tmp_path / "p")


def test_parts_that_do_not_fit_are_refused(tmp_path):
    parts = [SPACE.population(N, **QUESTIONS, part=(k, 3)) for k in range(3)]
    other = SPACE.population(N, **{**QUESTIONS, "rng": 4}, part=(2, 3))
    for some, error, message in (
        ([*parts[:2], other], ValueError, "parts of different populations"),
        ([*parts, parts[1]], ValueError, r"candidates 65,536 to 131,072 are in two"),
        (parts[::2], ValueError, r"leave out the candidates 65,536 to 131,072"),
        ([*parts, 3], TypeError, r"parts of a population, and 3 is none"),
        (parts[0], TypeError, r"merge takes a list of tallies, populations or paths, got <Pop"),
    ):
        with pytest.raises(error, match=message):
            fr.merge(some)


def test_a_file_of_counts_is_small(pop, tmp_path):
    pop.save_counts(tmp_path / "p")
    assert (tmp_path / "p").stat().st_size < 300_000
    json.loads((tmp_path / "p").read_text())


def test_more_blocks_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(engine, "memory_available", lambda: 10**9)
    with pytest.raises(MemoryError, match=r"^this needs 61 GB, .*: draw fewer candidates$"):
        SPACE.population(10**15, rng=1)


# ---- what is refused, by name ----


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"conditions": {}}, ValueError, r"^conditions must name at least one, as "),
        ({"conditions": [1]}, TypeError, r"^conditions must be a mapping, as .* got \[1\]$"),
        ({"conditions": {1: {}}}, TypeError, r"^conditions: a name is a text, got 1$"),
        ({"conditions": {"": {}}}, TypeError, r"^conditions: a name is a text, got ''$"),
        ({"conditions": {"a": 6.5}}, TypeError, r"^condition 'a' must be a mapping .* got 6\.5$"),
        (
            {"conditions": {"a": {"K_oot": 3}}},
            ValueError,
            r"^condition 'a': unknown parameter 'K_oot': did you mean K_out",
        ),
        (
            {"conditions": {"a": {"K_out": -3.0}}},
            ValueError,
            r"^condition 'a': K_out must be >= 0 mM, got -3\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": "3"}}},
            TypeError,
            r"^condition 'a': K_out must be a number, got '3'$",
        ),
        (
            {"conditions": {"a": {"celsius": 310.15}}},
            ValueError,
            r"^condition 'a': celsius=310\.15 looks like kelvin: pass 37\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times(-1)}}},
            ValueError,
            r"^condition 'a': times of K_out must be finite and >= 0, got -1\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times([1, 2])}}},
            TypeError,
            r"^condition 'a': times of K_out must be a number",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times(fr.uniform(1, 2))}}},
            TypeError,
            r"^condition 'a': K_out must be a number or fr\.times of one, got times",
        ),
        (
            {"conditions": {"a": {"celsius": fr.times(3)}}},
            ValueError,
            r"^condition 'a': celsius must be between -20 and 100 °C, got 111\.0$",
        ),
        (
            {"accept": fr.between(-80, -60)},
            TypeError,
            r"^accept must be a list of criteria, as .*, got between\(-80, -60\)$",
        ),
        ({"accept": 3}, TypeError, r"^accept must be a list of criteria, as .*, got 3$"),
        ({"accept": [3]}, TypeError, r"^accept must be a list of criteria, as .*, got 3 in it$"),
        (
            {"accept": [fr.between(-80, -60), fr.between(-80, -60, at="control")]},
            ValueError,
            r"^accept: each criterion once, got between\(-80, -60, at='control'\) twice$",
        ),
        (
            {"accept": [fr.between(-80, -60, at="contrl")]},
            ValueError,
            r"^between\(-80, -60, at='contrl'\): unknown condition 'contrl': did you mean control",
        ),
        (
            {"accept": [fr.change("control", "high K", 2, 15)]},
            ValueError,
            r"^change\('control', 'high K', 2, 15\): unknown condition 'high K'",
        ),
        (
            {"accept": [fr.nernst_between("Ca", 2, 15)]},
            ValueError,
            r"^nernst_between\('Ca', 2, 15, at='control'\): unknown ion 'Ca'",
        ),
        ({"part": 3}, TypeError, r"^part must be \(k, n\), part k of n, got 3$"),
        ({"part": (3, 3)}, ValueError, r"^k must be from 0 to n - 1 = 2, got 3$"),
        ({"threads": 0}, ValueError, r"^threads must be a whole number >= 1, got 0$"),
        ({"executor": 3}, TypeError, r"^executor must be a concurrent.futures.Executor"),
        ({"method": "grid"}, ValueError, r"^method must be one of random, sobol, lhs, got 'grid'$"),
        ({"n": 0}, ValueError, r"^n must be a whole number >= 1, got 0$"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name(given, error, message):
    with pytest.raises(error, match=message):
        SPACE.population(**{"n": 10, "rng": 1, **given})


def test_a_factor_that_leaves_the_domain_of_what_is_drawn_is_refused():
    space = fr.space(CELL, celsius=fr.uniform(20, 40))
    with pytest.raises(ValueError, match=r"^condition 'hot': celsius must be between .* 120\.0$"):
        space.population(10, conditions={"hot": {"celsius": fr.times(3)}})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: fr.between(-60, -80), ValueError, r"^low <= high must hold, got -60\.0 and -80"),
        (lambda: fr.between(math.nan, 0), ValueError, r"^low must be a potential in mV, got nan$"),
        (lambda: fr.between(0, 1, at=3), TypeError, r"^at must be the name of a condition, got 3$"),
        (
            lambda: fr.change(None, "b", 0, 1),
            TypeError,
            r"^before must be the name of a condition, got None$",
        ),
        (lambda: fr.change("a", "a", 0, 1), ValueError, r"before and after must differ, got 'a'"),
        (lambda: fr.change("a", "b", 1, 0), ValueError, r"^low <= high must hold, got 1\.0 and 0"),
        (lambda: fr.nernst_between(1, 0, 1), TypeError, r"^ion must be the name of an ion, got 1$"),
        (lambda: fr.nernst_between("K", "a", 1), TypeError, r"^low must be a number, got 'a'$"),
    ],
)
def test_a_criterion_that_cannot_be_is_refused_by_name(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_criteria_are_written_as_they_are_made():
    for text in (
        "between(-80, -60)",
        "between(-80, -60, at='high K')",
        "between(-inf, -60)",
        "change('a', 'b', 2, 15)",
        "nernst_between('K', -100, -80)",
        "nernst_between('K', -100, -80, at='a')",
    ):
        names = {n: getattr(fr, n) for n in ("between", "change", "nernst_between")}
        one = eval(text, {**names, "inf": math.inf})
        assert repr(one) == text
        assert one == eval(text, {**names, "inf": math.inf})


def test_a_criterion_at_a_condition_is_no_question_for_indices():
    with pytest.raises(ValueError, match=r"^of must name no condition, .* at='control'\)$"):
        SPACE.sobol(2**10, of=fr.between(-80, -60, at="control"))


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda pop: pop.summary("hgh K"), ValueError, "unknown condition 'hgh K': did you mean"),
        (lambda pop: pop.transition("control", "x"), ValueError, "unknown condition 'x'"),
        (lambda pop: pop.quantile("control", 2), ValueError, r"q must be from 0 to 1, got 2\.0"),
        (
            lambda pop: pop.histogram(bins=3, range=(-80, -60)),
            ValueError,
            r"edges must be multiples of 0\.05 mV between -150 and 100, got -73\.3",
        ),
        (
            lambda pop: pop.histogram(bins=2, range=(-200, 0)),
            ValueError,
            r"between -150 and 100, got -200\.0",
        ),
        (
            lambda pop: pop.transition("control", "pump")["resting", "rest"],
            KeyError,
            "unknown class 'rest': did you mean resting",
        ),
    ],
)
def test_a_question_that_has_no_answer_is_refused_by_name(pop, ask, error, message):
    with pytest.raises(error, match=message):
        ask(pop)


def test_a_cell_without_a_threshold_has_no_transitions():
    space = fr.space(CELL.replace(threshold=None, block=None), P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1)
    with pytest.raises(ValueError, match=r"^the cell has no threshold"):
        pop.transition("control", "control")


def test_fine_edges_are_decimals():
    decimals = [float(f"{k * 0.05:.2f}") for k in range(-3000, 2001)]
    assert EDGES.tolist() == decimals
    assert population.RESOLUTION == 0.05
    assert whole(1.0) == 1 << 1074


def test_conditions_of_a_population_cannot_be_changed():
    pop = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5)).population(
        100, rng=1, conditions={"hk": {"K_out": 6.5}}
    )
    with pytest.raises(TypeError):
        pop.conditions["hk"]["K_out"] = 60.0


def test_many_criteria_are_told_apart():
    space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1, accept=[fr.between(100 + i, 1000) for i in range(257)])
    assert set(pop.rejected_only_by.values()) == {0}
    assert repr(fr.between(-69.8119251, -69.8119241)) == "between(-69.8119251, -69.8119241)"


def test_a_picture_of_no_parameters_is_refused():
    pytest.importorskip("matplotlib")
    space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1)
    with pytest.raises(ValueError, match="names must have one of P_Na, got none"):
        pop.plot_pairs([])
