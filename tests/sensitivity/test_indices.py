"""Sobol' indices as results: keys, text, data frame, and picture."""

import copy
import dataclasses
import itertools
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity.indices import SobolIndices
from fastrest.sensitivity.sampled import ReplicateSums, SampledIndices, SamplingDesign
from helpers.notation import K_OUT, P_NA

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5), celsius=fr.uniform(35, 39)
)


@pytest.fixture(scope="module")
def exact():
    return SPACE.sobol()


def made_up(indices):
    """Sampled indices of 4096 points in 16 replicates, 3 of them beyond the range."""
    design = SamplingDesign(SPACE, CELL.model.outputs["V"], None, False, 7, 16, "omit")
    sums = [ReplicateSums(256) for _ in range(16)]
    sums[1].invalid[list(fr.Status).index(fr.Status.RANGE)] = 3
    return SampledIndices(SPACE, indices, -70.0, 30.25, plan=design, sums=tuple(sums))


@pytest.fixture
def sampled(exact):
    """A made-up sampled result: the exact one with intervals."""
    shifted = {k: v + (0.02 if k.endswith("conf") else 0) for k, v in exact.indices.items()}
    kept = {k: v for k, v in shifted.items() if not k.startswith("S2")}
    return made_up(kept)


def test_indices_have_keys_and_shapes_of_salib(exact):
    assert list(exact) == ["S1", "S1_conf", "ST", "ST_conf", "S2", "S2_conf", "names"]
    assert len(exact) == 7
    assert exact["names"] == ["K_out", "P_Na", "celsius"]
    assert [exact[key].shape for key in ("S1", "ST", "S2")] == [(3,), (3,), (3, 3)]
    above = np.triu(np.ones((3, 3), bool), 1)
    for key in ("S2", "S2_conf"):
        assert np.array_equal(np.isfinite(exact[key]), above)


def test_indices_have_the_keys_that_salib_returns(exact):
    analyze = pytest.importorskip("SALib.analyze.sobol")
    problem = {"num_vars": 3, "names": exact["names"], "bounds": [[0, 1]] * 3}
    theirs = analyze.analyze(problem, np.random.default_rng(1).normal(size=8 * 64), seed=1)
    for key, values in theirs.items():
        assert exact[key].shape == values.shape
    assert np.array_equal(np.isnan(exact["S2"]), np.isnan(theirs["S2"]))


def test_exact_indices_have_intervals_of_no_width(exact):
    assert not any(np.nan_to_num(exact[f"{key}_conf"]).any() for key in ("S1", "ST", "S2"))


def test_an_unknown_key_of_indices_is_named_with_similar_keys(sampled):
    with pytest.raises(KeyError, match="unknown key 'S2': did you mean ST or S1"):
        sampled["S2"]


def test_sd_of_indices_is_the_root_of_the_variance(sampled):
    assert sampled.sd == 5.5


def test_indices_cannot_be_changed(exact):
    with pytest.raises(ValueError, match="read-only"):
        exact["S1"][0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        exact.mean = 0.0
    exact["names"].clear()
    assert len(exact["names"]) == 3


def test_changing_an_array_given_to_indices_does_not_change_them():
    given = {"S1": np.array([0.25]), "ST": np.array([0.5])}
    one = SobolIndices(fr.space(CELL, K_out=fr.uniform(3, 6)), given, -70.0, 1.0, 1e-6)
    given["S1"][0] = 9.0
    assert one["S1"] == 0.25


def test_indices_are_equal_only_to_their_copies(exact, sampled):
    for one in (exact, sampled):
        for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert twin == one
            assert twin["ST"].tolist() == one["ST"].tolist()
        assert one != dataclasses.replace(one, mean=one.mean + 1e-9)
        nudged = {**one.indices, "ST": one["ST"] + 1e-9}
        assert one != dataclasses.replace(one, indices=nudged)
        assert one != dataclasses.replace(one, indices={"ST": one["ST"]})
    assert exact != sampled
    assert exact != "exact"
    with pytest.raises(TypeError, match="unhashable"):
        hash(exact)


def test_indices_print_the_most_important_input_first(exact):
    lines = repr(exact).splitlines()
    assert lines[0].startswith("<Sobol' indices of V: mean -70.14 mV")
    assert " mV, sd 5.82 mV; exact within " in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["P_Na", "K_out", "celsius"]
    assert lines[1].split() == ["S1", "ST"]
    assert lines[2].split()[1:] == [f"{exact[key][1]:.4f}" for key in ("S1", "ST")]
    assert len({len(line.rstrip(">")) for line in lines[1:]}) == 1


def test_sampled_indices_print_intervals_and_omitted_points(sampled):
    lines = repr(sampled).splitlines()
    assert lines[0].endswith("mean -70 mV, sd 5.5 mV; sampled, n = 4,096 in 16 replicates, rng 7")
    assert lines[1].strip() == "left out: 3 RANGE"
    assert lines[3].count("± 0.0200") == 2


def test_indices_without_variances_are_ordered_by_their_bounds():
    bounds = {"dgsm": [0.1, 0.9, np.inf], "dgsm_conf": [0.0, 0.1, np.nan]}
    one = made_up(bounds)
    assert one.order == [2, 1, 0]
    assert repr(one).splitlines()[2].split() == ["dgsm"]


def test_data_frame_of_indices_has_a_row_per_input(exact):
    pytest.importorskip("pandas")
    frame = exact.to_dataframe()
    assert list(frame.columns) == ["S1", "S1_conf", "ST", "ST_conf"]
    assert list(frame.index) == exact["names"]
    assert frame.index.name == "input"
    assert frame["ST"].tolist() == exact["ST"].tolist()


def lengths(container):
    return [bar.get_width() for bar in container]


def test_plot_of_indices_has_the_largest_bar_on_top(exact, ax):
    assert exact.plot(ax) is ax
    first, total = ax.containers
    order = [2, 0, 1]  # from the bottom
    assert lengths(first) == exact["S1"][order].tolist()
    assert lengths(total) == exact["ST"][order].tolist()
    names = ["temperature", K_OUT.removesuffix(" (mM)"), P_NA]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == names
    assert ax.get_xlabel() == "part of the variance of V"
    assert ax.get_title("left") == "mammalian neuron"
    texts = [text.get_text() for text in ax.texts]
    assert f"sd {exact.sd:.3g} mV" in texts
    assert f"{exact['ST'].max():.2f}" in texts
    assert not ax.collections
    assert ax.get_xlim()[0] == 0


def test_plot_of_sampled_indices_has_intervals(sampled, ax):
    sampled.plot(ax)
    lines = [one for one in ax.collections if len(one.get_segments()) == 3]
    assert len(lines) == 2
    (low, _), (high, _) = lines[1].get_segments()[2]
    assert (low, high) == pytest.approx((sampled["ST"][1] - 0.02, sampled["ST"][1] + 0.02))
    assert ax.get_xlim()[0] < 0  # where intervals reach below


def test_plot_of_bounds_alone(ax):
    one = SobolIndices(SPACE, {"dgsm": [0.1, 0.9, 0.5]}, -70.0, 30.25, 1e-6)
    one.plot(ax)
    assert [lengths(container) for container in ax.containers] == [[0.1, 0.5, 0.9]]


def test_plot_of_indices_has_labels_that_do_not_overlap():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    names = [name for name in CELL if name != "celsius"]
    space = fr.space(CELL, **{name: fr.times(fr.uniform(0.9, 1.1)) for name in names})
    for answer in (space.sobol(tolerance=1e-2), space.swings()):
        ax = Figure().subplots()
        answer.plot(ax)
        ax.figure.draw_without_rendering()
        boxes = [tick.get_window_extent() for tick in ax.get_yticklabels()]
        assert len(boxes) == len(names)
        assert all(a.y1 < b.y0 for a, b in itertools.pairwise(boxes))
