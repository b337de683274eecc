"""Samples: value semantics, and every verb of a sweep."""

import copy
import itertools
import json
import pickle
import tracemalloc

import numpy as np
import pytest

import fastrest as fr
from fastrest.distributions.scipy_frozen import Tabulated
from fastrest.distributions.tabulated import HalfTable, QuantileTable
from fastrest.nouns.sweep_kinds import KINDS
from fastrest.points import describe
from fastrest.runtime import storage
from helpers.samples import EVERY_METHOD, EVERY_SPACE, SPACE, SPACES, SQUARE, points_of, same_bits

NEURON = fr.cells["mammalian neuron"]

# ---- value semantics ----


@EVERY_METHOD
@EVERY_SPACE
def test_copies_and_descriptions_of_a_sample_are_equal(space, method):
    sample = space.sample(1000, rng=2**100 + 1, method=method)
    sample.values()  # makes cached members that cannot be pickled
    text = json.dumps(describe.describe(sample))
    for other in (
        pickle.loads(pickle.dumps(sample)),
        copy.deepcopy(sample),
        describe.made(json.loads(text), KINDS),
    ):
        assert other == sample
        assert storage.digest(describe.describe(other)) == storage.digest(json.loads(text))
        assert same_bits(other.values(), sample.values())


def test_different_samples_are_unequal_and_have_other_digests():
    space = SPACES["correlated"]
    given = dict(zip(space.names, space.distributions))
    backwards = dict(reversed(given.items()))
    lower, upper = SQUARE.table.lower, SQUARE.table.upper
    nearly = HalfTable(lower.breaks.copy(), np.nextafter(lower.coefs, 9))
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
        fr.space(
            NEURON, Cl_in=Tabulated("square", (1.0, 4.0), QuantileTable(nearly, upper))
        ).sample(9, rng=1),
    ]
    for a, b in itertools.combinations(samples, 2):
        assert a != b
        assert storage.digest(describe.describe(a)) != storage.digest(describe.describe(b))
    assert samples[0] != fr.table(NEURON, {"K_out": [3.0] * 9})


def test_every_kind_of_sweep_is_described_and_drawn(ax):
    sweeps = [
        fr.grid(NEURON, K_out=[3.0, 5.0]),
        fr.table(NEURON, {"K_out": [3.0, 5.0]}),
        SPACE.sample(9, rng=1),
        fr.grid(NEURON.living(R_m=7), K_out=[5.0]).rundown({}, time=[0, 9], diameter=20),
    ]
    assert {type(one) for one in sweeps} == set(fr.Sweep.__subclasses__())
    assert {type(one).__name__ for one in sweeps} | {"Space"} == set(KINDS)
    for one in sweeps:
        description = describe.describe(one)
        assert description["kind"] == one.kind == type(one).__name__
        again = describe.made(description, KINDS)
        if isinstance(one, fr.Table):
            assert again is None
        else:
            assert (type(again), again) == (type(one), one)
        assert one.plot(ax.figure.add_subplot()).has_data()


def test_a_sample_cannot_be_changed():
    with pytest.raises(AttributeError, match="a Sample cannot be changed"):
        SPACE.sample(9, rng=1).rng = 2


# ---- the verbs of a sweep ----


@EVERY_METHOD
def test_answers_of_a_sample_equal_those_of_its_table(method):
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
def test_gradients_of_a_sample_equal_those_of_its_table(space):
    sample = space.sample(700, rng=4)
    expected = points_of(sample).gradient()
    for name, slopes in sample.gradient(threads=2).items():
        assert same_bits(slopes, expected[name])


def test_a_sample_refuses_method_factored():
    with pytest.raises(ValueError, match="needs a grid"):
        SPACE.sample(9, rng=1).summary(method="factored")


def test_parts_of_a_sample_in_files_merge_to_the_whole(tmp_path):
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
    with pytest.raises(ValueError, match="one is of another sweep"):
        fr.merge([*paths[:2], other])


def test_a_sample_resumes_from_its_checkpoint_only(tmp_path):
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


def test_a_dataset_of_a_sample_has_inputs_and_potentials():
    pytest.importorskip("xarray")
    sample = SPACES["temperature and pump"].sample(50, rng=1)
    ds = sample.to_xarray()
    assert same_bits(ds.V.values, sample.values())
    assert dict(ds.sizes) == {"sample": 50}
    assert ds.celsius.attrs["units"] == "°C"
    assert float(ds.K_in) == NEURON["K_in"]
    for name, column in sample.parameters(np.arange(50)).items():
        assert same_bits(ds[name].values, column)


def test_a_data_frame_of_a_sample_has_inputs_and_potentials():
    pytest.importorskip("pandas")
    sample = SPACES["correlated"].sample(50, rng=1)
    frame = sample.to_dataframe()
    assert list(frame.columns) == ["K_out", "Na_out", "P_Na", "V", "status"]
    for name, column in sample.parameters(np.arange(50)).items():
        assert same_bits(frame[name].to_numpy(), column)


@pytest.mark.parametrize("verb", ["to_xarray", "to_dataframe"])
def test_drawn_inputs_of_a_sample_count_as_memory(verb):
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


def test_answers_of_a_sample_allocate_nothing_for_its_points():
    SPACE.sample(9, rng=1).summary()
    tracemalloc.start()
    try:
        SPACE.sample(1_000_000, rng=1).summary(threads=2)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_plot_of_a_sample_is_a_histogram_with_the_bounds_of_its_cell():
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
    assert ax.get_title("left") == "mammalian neuron"
    assert ax.get_xlabel() == "membrane potential (mV)"


NOWHERE = fr.space(NEURON.replace(P_K=0, P_Na=0, P_Cl=0), K_out=fr.uniform(3, 6))
CONSTANT = fr.space(NEURON.replace(P_K=0), K_out=fr.uniform(3, 6))


@pytest.mark.parametrize("space", [NOWHERE, CONSTANT], ids=["no potential", "one potential"])
def test_plot_of_a_sample_without_width(space):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    ax, sample = Figure().subplots(), space.sample(50, rng=1)
    sample.plot(ax)
    assert ax.patches[0].get_data().values.sum() == sample.summary().n
    ax.figure.draw_without_rendering()


def test_plot_of_a_sample_counts_points_without_a_potential():
    s = NOWHERE.sample(500, rng=1).summary()
    assert (s.n, s.invalid) == (0, {"NO_PERMEANT": 500})
    assert (NOWHERE.sample(500, rng=1).status() == fr.Status.NO_PERMEANT).all()
