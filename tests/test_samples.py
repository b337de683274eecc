"""Samples: sweeps whose points are drawn where they are needed and never stored.

What is drawn is the business of test_draws.py; here a sample is a sweep like any other.
"""

import copy
import itertools
import json
import math
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import _kernels, files, plot
from fastrest.distributions import Tabulated
from fastrest.tabulation import Pieces, Side, tabulate

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]
CHORD = NEURON.to_chord()
CALCIUM = fr.Cell(
    fr.GHK("K", "Na", "Cl", "Ca"), **NEURON, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4, threshold=-55
)
METHODS = list(_kernels.METHODS)
#: The same examples in every run, so that a failure is one for everybody.
properties = settings(max_examples=40, deadline=None, derandomize=True, database=None)

SQUARE = Tabulated("square", (1.0, 4.0), tabulate(lambda u: (1 + u) ** 2, None))
SPACES = {
    "one input": fr.space(NEURON, P_Na=fr.lognormal(cv=0.5)),
    "every family": fr.space(
        NEURON,
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.uniform(3, 6),
        Na_in=fr.normal(sd=4, low=0),
        P_Cl=fr.loguniform(0.1, 1),
        K_in=fr.times(fr.triangular(0.8, 1, 1.1)),
        Cl_in=SQUARE,
    ),
    "correlated": fr.space(
        NEURON,
        K_out=fr.uniform(3, 6),
        Na_out=fr.normal(sd=5, low=0),
        P_Na=fr.lognormal(sigma_log=0.3),
        correlation={("K_out", "Na_out"): -0.8, ("P_Na", "K_out"): 0.2},
    ),
    "temperature and pump": fr.space(
        NEURON,
        celsius=fr.normal(sd=1, low=20, high=45),
        pump_ratio=fr.uniform(1, 1.5),
        K_out=fr.uniform(3, 6),
    ),
    "passive chloride": fr.space(MUSCLE, Cl_out=fr.uniform(90, 120), K_out=fr.uniform(3, 6)),
    "calcium": fr.space(CALCIUM, P_Ca=fr.loguniform(0.01, 10), Ca_in=fr.lognormal(cv=1)),
    "conductances": fr.space(CHORD, g_K=fr.lognormal(cv=0.5), Na_in=fr.uniform(5, 20)),
    "all parameters": fr.space(
        CALCIUM,
        **{name: fr.times(fr.uniform(0.9, 1.1)) for name in CALCIUM},
    ),
}
EVERY_SPACE = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)
SPACE = SPACES["every family"]


def points_of(sample):
    """The points as a table: what is asked of both must have the same bits."""
    return fr.table(sample.cell, sample.parameters(np.arange(len(sample))))


def same_bits(a, b):
    return a.tobytes() == b.tobytes()


# ---- what a sample is ----


@EVERY_METHOD
@EVERY_SPACE
def test_the_potentials_are_those_of_the_points(space, method, isa):
    sample = space.sample(3001, rng=1, method=method)
    V = sample.values(engine=isa)
    assert same_bits(V, points_of(sample).values(engine=isa))
    assert np.isfinite(V).all()
    assert not sample.status().any()
    assert len(np.unique(V)) > 2900


@EVERY_SPACE
def test_the_reference_agrees(space):
    sample = space.sample(300, rng=1)
    assert np.abs(sample.values(engine="python") - sample.values()).max() <= 1e-12
    assert not sample.status(engine="python").any()


@EVERY_METHOD
@EVERY_SPACE
def test_points_lie_within_the_bounds(space, method):
    found = space.sample(5000, rng=2, method=method).parameters(np.arange(5000))
    assert tuple(found) == space.names
    for name, one in zip(space.names, space.distributions):
        low, high = one.bounds
        assert low <= found[name].min()
        assert found[name].max() <= high


@properties
@given(st.sampled_from(METHODS), st.data())
def test_parameters_of_any_indices_are_those_that_were_used(method, data):
    n = data.draw(st.sampled_from([1, 2, 300, 2**40]))
    sample = SPACE.sample(n, rng=3, method=method)
    places = st.lists(st.integers(0, n - 1), max_size=6)
    indices = np.array(data.draw(places), np.int64)
    found = sample.parameters(indices)
    for name, column in found.items():
        assert column.tolist() == [sample.parameters(int(i))[name] for i in indices]
    again = sample.parameters(np.tile(indices, (2, 1)))
    assert {n: x.shape for n, x in again.items()} == dict.fromkeys(found, (2, indices.size))


def test_parameters_take_what_grids_take():
    sample = SPACE.sample(100, rng=1)
    assert sample.parameters(7)["K_out"].shape == ()
    assert sample.parameters([])["K_out"].shape == (0,)
    assert sample.parameters(np.uint8(7)) == sample.parameters(7)
    with pytest.raises(IndexError, match="indices must be from 0 to 99, got 100"):
        sample.parameters([3, 100])
    with pytest.raises(TypeError, match="indices must be whole numbers"):
        sample.parameters([0.5])


@EVERY_METHOD
def test_any_range_and_any_threads_give_the_same_bits(method):
    n = 300_001
    sample = SPACES["correlated"].sample(n, rng=5, method=method)
    expected = sample.values(threads=1)
    for threads in (2, 3, 7):
        assert same_bits(sample.values(threads=threads), expected)
    blocks = [block for _, block in sample.blocks(threads=2)]
    assert same_bits(np.concatenate(blocks), expected)
    compute = sample._kernel(_kernels.ISA, 1)
    found, start = np.zeros(n), 0
    for length in itertools.cycle([1, 3, 255, 256, 257, 65535, 2, 65537]):
        stop = min(n, start + length)
        compute(start, stop, found[start:stop], None, False)
        start = stop
        if start == n:
            break
    assert same_bits(found, expected)


def test_a_sample_of_every_point_there_is():
    sample = SPACE.sample(2**62, rng=1)
    assert len(sample) == 2**62
    assert sample.parameters(2**62 - 1)["K_out"] > 3
    assert "4,611,686,018,427,387,904 points" in repr(sample)


def test_it_says_what_it_is():
    assert repr(SPACES["one input"].sample(10**6, rng=1)) == (
        "<Sample of 1,000,000 points: " + repr(NEURON) + "\n"
        "  P_Na: lognormal(median=0.04, cv=0.5)\n"
        "  method random, rng 1\n"
        "  values(): 8 MB; pointwise>"
    )
    correlated = repr(SPACES["correlated"].sample(8, rng=1))
    assert "\n  rank correlations K_out, Na_out: -0.8; K_out, P_Na: 0.2\n" in correlated
    plain = SPACES["one input"].sample(8, method="sobol", scramble=False)
    assert "method sobol, rng None, not scrambled" in repr(plain)
    assert (plain.dims, plain.shape, plain.varied) == (("sample",), (8,), ("P_Na",))


# ---- seeds ----


def draws(rng, **options):
    return SPACE.sample(9, rng=rng, **options).values().tolist()


@EVERY_METHOD
def test_seeds_are_recorded_and_repeat(method):
    for rng in (0, 1, 2**64 + 5, 10**100, np.uint8(3), np.random.SeedSequence(5), None):
        sample = SPACE.sample(9, rng=rng, method=method)
        assert type(sample.rng) is int
        assert SPACE.sample(9, rng=sample.rng, method=method) == sample
        assert draws(sample.rng, method=method) == sample.values().tolist()


def test_a_whole_number_is_its_own_record():
    for rng in (0, 7, 2**200):
        assert SPACE.sample(9, rng=rng).rng == rng


@EVERY_METHOD
def test_different_seeds_differ(method):
    seeds = [0, 1, 2**64, 2**64 + 1, 2**128, np.random.SeedSequence(1)]
    seeds += np.random.SeedSequence(1).spawn(2)
    found = [draws(rng, method=method) for rng in seeds]
    assert all(a != b for a, b in itertools.combinations(found, 2))


def test_no_seed_is_a_fresh_one():
    assert SPACE.sample(9) != SPACE.sample(9)


def test_a_generator_gives_one_draw_to_each_sample():
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    samples = [SPACE.sample(9, rng=ours) for _ in range(3)]
    assert [one.rng for one in samples] == theirs.integers(0, 2**63, 3).tolist()
    assert ours.random() == theirs.random()


def test_a_seed_sequence_is_not_used_up():
    sequence = np.random.SeedSequence(3)
    assert SPACE.sample(9, rng=sequence) == SPACE.sample(9, rng=sequence)
    assert sequence.n_children_spawned == 0


def test_a_plain_sobol_sequence_needs_no_seed():
    plain = SPACE.sample(9, method="sobol", scramble=False)
    assert plain.rng is None
    assert plain == SPACE.sample(9, rng=5, method="sobol", scramble=False)
    assert plain != SPACE.sample(9, rng=5, method="sobol")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rng": -1}, ValueError, "rng must be >= 0, got -1"),
        ({"rng": np.int64(-4)}, ValueError, "rng must be >= 0"),
        ({"rng": True}, TypeError, "rng must be a whole number, a SeedSequence, a Generator"),
        ({"rng": 1.0}, TypeError, "or None, got 1.0"),
        ({"rng": "1"}, TypeError, "or None, got '1'"),
        ({"rng": np.random.RandomState(1)}, TypeError, "rng must be a whole number"),
        ({"n": 0}, ValueError, "n must be a whole number >= 1, got 0"),
        ({"n": -3}, ValueError, "n must be a whole number >= 1, got -3"),
        ({"n": 1e6}, ValueError, "n must be a whole number >= 1, got 1000000.0"),
        ({"n": True}, ValueError, "n must be a whole number >= 1, got True"),
        ({"n": 2**62 + 1}, ValueError, r"n must be at most 2\*\*62 for method='random'"),
        ({"n": 2**53, "method": "sobol"}, ValueError, r"at most 2\*\*52 for method='sobol'"),
        ({"n": 2**41, "method": "lhs"}, ValueError, r"at most 2\*\*40 for method='lhs'"),
        (
            {"method": "halton"},
            ValueError,
            "method must be one of random, sobol, lhs, got 'halton'",
        ),
        ({"scramble": False}, ValueError, "scramble=False goes with method='sobol'"),
        ({"method": "sobol", "scramble": 0}, TypeError, "scramble must be True or False, got 0"),
    ],
)
def test_a_mistake_is_told(arguments, error, message):
    with pytest.raises(error, match=message):
        SPACE.sample(**{"n": 9, **arguments})


# ---- a value like any other ----


@EVERY_METHOD
@EVERY_SPACE
def test_copies_and_descriptions_are_equal_and_draw_the_same(space, method):
    sample = space.sample(1000, rng=2**100 + 1, method=method)
    sample.values()  # which keeps what does not pickle
    text = json.dumps(files.describe(sample))
    for other in (
        pickle.loads(pickle.dumps(sample)),
        copy.deepcopy(sample),
        files.described(json.loads(text)),
    ):
        assert other == sample
        assert files.digest(files.describe(other)) == files.digest(json.loads(text))
        assert same_bits(other.values(), sample.values())


def test_what_differs_is_unequal_and_has_another_digest():
    space = SPACES["correlated"]
    given = dict(zip(space.names, space.distributions))
    backwards = dict(reversed(given.items()))
    lower, upper = SQUARE.pieces.lower, SQUARE.pieces.upper
    nearly = Side(lower.breaks.copy(), np.nextafter(lower.coefs, 9))
    samples = [
        space.sample(9, rng=1),
        space.sample(9, rng=2),
        space.sample(10, rng=1),
        space.sample(9, rng=1, method="lhs"),
        space.sample(9, rng=1, method="sobol"),
        space.sample(9, rng=1, method="sobol", scramble=False),
        fr.space(NEURON.replace(K_in=141), correlation=space.correlation, **given).sample(9, rng=1),
        fr.space(NEURON, **given).sample(9, rng=1),
        fr.space(NEURON, **backwards).sample(9, rng=1),
        fr.space(NEURON, **{**given, "K_out": fr.uniform(3, 6.0000001)}).sample(9, rng=1),
        fr.space(NEURON, Cl_in=SQUARE).sample(9, rng=1),
        fr.space(NEURON, Cl_in=SQUARE.scaled(1 + 2**-52)).sample(9, rng=1),
        fr.space(NEURON, Cl_in=Tabulated("square", (1.0, 4.0), Pieces(nearly, upper))).sample(
            9, rng=1
        ),
    ]
    for a, b in itertools.combinations(samples, 2):
        assert a != b
        assert files.digest(files.describe(a)) != files.digest(files.describe(b))
    assert samples[0] != fr.table(NEURON, {"K_out": [3.0] * 9})


def test_every_kind_of_sweep_is_described_and_drawn():
    kinds = set(fr.Sweep.__subclasses__())
    assert set(files.KINDS) == {kind.__name__ for kind in kinds}
    assert set(plot.DRAWN) == kinds


def test_a_sample_cannot_be_changed():
    with pytest.raises(AttributeError, match="a Sample cannot be changed"):
        SPACE.sample(9, rng=1).rng = 2


# ---- every verb ----


@EVERY_METHOD
def test_answers_are_those_of_the_points(method):
    sample = SPACES["calcium"].sample(70_001, rng=4, method=method)
    table = points_of(sample)
    s = sample.summary()
    assert s == table.summary()
    assert s.at_max == {n: float(x) for n, x in sample.parameters(s.argmax).items()}
    assert np.array_equal(sample.histogram().counts, table.histogram().counts)
    assert np.array_equal(sample.quantile([0.0, 0.3, 1.0]), table.quantile([0.0, 0.3, 1.0]))
    assert sample.fraction(below=-60) == table.fraction(below=-60)
    assert dict(sample.classify()) == dict(table.classify())
    asked = fr.Summary(), fr.Fraction(between=(-70, -60))
    assert sample.reduce(*asked) == table.reduce(*asked)


@EVERY_SPACE
def test_gradients_are_those_of_the_points(space):
    sample = space.sample(700, rng=4)
    expected = points_of(sample).gradient()
    for name, slopes in sample.gradient(threads=2).items():
        assert same_bits(slopes, expected[name])


def test_a_factored_method_is_refused():
    with pytest.raises(ValueError, match="needs a grid"):
        SPACE.sample(9, rng=1).summary(method="factored")


def test_parts_in_files_merge_to_the_whole(tmp_path):
    sample = SPACE.sample(300_001, rng=1, method="sobol")
    asked = fr.Summary(), fr.Histogram(bins=7)
    paths = [tmp_path / f"{k}.tally" for k in range(3)]
    for k, path in enumerate(paths):
        sample.part(k, 3).tally(*asked).save(path)
    s, h = fr.merge(paths)
    expected, counts = sample.reduce(*asked)
    assert s == expected
    assert np.array_equal(h.counts, counts.counts)
    other = SPACE.sample(300_001, rng=2, method="sobol").part(2, 3).tally(*asked)
    with pytest.raises(ValueError, match="different sweeps"):
        fr.merge([*paths[:2], other])


def test_a_checkpoint_goes_on_and_knows_its_sample(tmp_path):
    path, seen = tmp_path / "c.tally", []
    sample = SPACE.sample(2_000_000, rng=1)

    def interrupt(done, total):
        seen.append(done)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample.summary(checkpoint=path, progress=interrupt, threads=1)
    first = []
    resumed = sample.summary(checkpoint=path, progress=lambda *done: first.append(done[0]))
    assert first[0] > seen[0]
    assert resumed == sample.summary()
    with pytest.raises(ValueError, match="is of another sweep"):
        SPACE.sample(2_000_000, rng=2).summary(checkpoint=path)


def test_a_dataset_has_the_inputs_beside_the_potentials():
    pytest.importorskip("xarray")
    sample = SPACES["temperature and pump"].sample(50, rng=1)
    ds = sample.to_xarray()
    assert same_bits(ds.V.values, sample.values())
    assert dict(ds.sizes) == {"sample": 50}
    assert ds.celsius.attrs["units"] == "°C"
    assert float(ds.K_in) == NEURON["K_in"]
    for name, column in sample.parameters(np.arange(50)).items():
        assert same_bits(ds[name].values, column)


def test_a_data_frame_has_the_inputs_beside_the_potentials():
    pytest.importorskip("pandas")
    sample = SPACES["correlated"].sample(50, rng=1)
    frame = sample.to_dataframe()
    assert list(frame.columns) == ["K_out", "Na_out", "P_Na", "V", "status"]
    for name, column in sample.parameters(np.arange(50)).items():
        assert same_bits(frame[name].to_numpy(), column)


@pytest.mark.parametrize("verb", ["to_xarray", "to_dataframe"])
def test_what_is_drawn_counts_as_memory(verb):
    pytest.importorskip({"to_xarray": "xarray", "to_dataframe": "pandas"}[verb])
    n, columns = 200_000, len(SPACE.names)
    sample = SPACE.sample(n, rng=1)
    getattr(SPACE.sample(9, rng=1), verb)()  # imports the package
    need = (9 + 8 * columns) * n * (2 if verb == "to_dataframe" else 1)
    with pytest.raises(MemoryError, match="fewer points"):
        getattr(sample, verb)(max_memory=need - 1)
    tracemalloc.start()
    try:
        getattr(sample, verb)(max_memory=need)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * need
    finally:
        tracemalloc.stop()


def test_an_answer_takes_no_memory_for_its_points():
    SPACE.sample(9, rng=1).summary()
    tracemalloc.start()
    try:
        SPACE.sample(1_000_000, rng=1).summary(threads=2)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_it_is_drawn_as_a_histogram_with_the_bounds_of_its_cell():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    ax, sample = Figure().subplots(), SPACE.sample(5000, rng=1)
    assert sample.plot(ax) is ax
    s, steps = sample.summary(), ax.patches[0].get_data()
    assert steps.values.sum() == 5000
    assert (steps.edges[0], steps.edges[-1]) == (s.min, s.max)
    assert {line.get_xdata()[0] for line in ax.lines} == {-55.0, -40.0}
    assert ax.get_xlim()[0] < s.min
    assert ax.get_xlim()[1] > max(s.max, -40)
    assert ax.get_title() == "mammalian neuron"
    assert ax.get_xlabel() == "membrane potential (mV)"


NOWHERE = fr.space(NEURON.replace(P_K=0, P_Na=0, P_Cl=0), K_out=fr.uniform(3, 6))
CONSTANT = fr.space(NEURON.replace(P_K=0), K_out=fr.uniform(3, 6))


@pytest.mark.parametrize("space", [NOWHERE, CONSTANT], ids=["no potential", "one potential"])
def test_what_has_no_width_is_drawn_too(space):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    ax, sample = Figure().subplots(), space.sample(50, rng=1)
    sample.plot(ax)
    assert ax.patches[0].get_data().values.sum() == sample.summary().n
    ax.figure.draw_without_rendering()


def test_points_without_a_potential_are_counted():
    s = NOWHERE.sample(500, rng=1).summary()
    assert (s.n, s.invalid) == (0, {"NO_PERMEANT": 500})
    assert (NOWHERE.sample(500, rng=1).status() == fr.Status.NO_PERMEANT).all()


# ---- moments ----


def exact_moments(space, nodes=24):
    """Mean and sd of V by tensor quadrature over the probabilities of independent inputs."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    grids = np.meshgrid(*[(at + 1) / 2] * len(space.names), indexing="ij")
    rows = {n: one.ppf(u) for n, one, u in zip(space.names, space.distributions, grids)}
    together = np.prod(np.meshgrid(*[weights / 2] * len(space.names), indexing="ij"), axis=0)
    V = fr.table(space.cell, {n: x.ravel() for n, x in rows.items()}).values()
    mean = float(together.ravel() @ V)
    return mean, math.sqrt(together.ravel() @ (V - mean) ** 2)


SMOOTH = fr.space(
    NEURON, P_Na=fr.loguniform(0.01, 0.1), K_out=fr.uniform(3, 6), celsius=fr.uniform(30, 40)
)


@EVERY_METHOD
def test_moments_are_the_exact_ones(method):
    n = 1 << 16
    mean, sd = exact_moments(SMOOTH)
    found = SMOOTH.sample(n, rng=11, method=method).summary()
    error = abs(found.mean - mean) / (sd / math.sqrt(n))
    assert error < (5 if method == "random" else 0.5)  # the others are much more even
    assert abs(found.sd - sd) < 5 * sd / math.sqrt(n)


@EVERY_METHOD
def test_means_are_unbiased_over_seeds(method):
    mean, _ = exact_moments(SMOOTH)
    means = [SMOOTH.sample(16, rng=k, method=method).summary().mean for k in range(300)]
    assert abs(np.mean(means) - mean) < 5 * np.std(means) / math.sqrt(len(means))
