"""Results of sensitivity analyses: what they hold, show and draw."""

import copy
import dataclasses
import itertools
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity import SobolIndices, Swings, swings

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5), celsius=fr.uniform(35, 39)
)


@pytest.fixture(scope="module")
def exact():
    return SPACE.sobol()


@pytest.fixture
def sampled(exact):
    """A made-up sampled result: the exact one with intervals."""
    shifted = {k: v + (0.02 if k.endswith("conf") else 0) for k, v in exact.indices.items()}
    kept = {k: v for k, v in shifted.items() if not k.startswith("S2")}
    return SobolIndices(
        SPACE, kept, -70.0, 30.25, "sampled", n=4096, replicates=16, invalid={"RANGE": 3}
    )


@pytest.fixture
def ax():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    return Figure().subplots()


# ---- indices ----


def test_keys_and_shapes_are_those_of_salib(exact):
    assert list(exact) == ["S1", "S1_conf", "ST", "ST_conf", "S2", "S2_conf", "names"]
    assert len(exact) == 7
    assert exact["names"] == ["K_out", "P_Na", "celsius"]
    assert [exact[key].shape for key in ("S1", "ST", "S2")] == [(3,), (3,), (3, 3)]
    above = np.triu(np.ones((3, 3), bool), 1)
    for key in ("S2", "S2_conf"):
        assert np.array_equal(np.isfinite(exact[key]), above)


def test_keys_and_shapes_are_what_salib_gives(exact):
    analyze = pytest.importorskip("SALib.analyze.sobol")
    problem = {"num_vars": 3, "names": exact["names"], "bounds": [[0, 1]] * 3}
    theirs = analyze.analyze(problem, np.random.default_rng(1).normal(size=8 * 64), seed=1)
    for key, values in theirs.items():
        assert exact[key].shape == values.shape
    assert np.array_equal(np.isnan(exact["S2"]), np.isnan(theirs["S2"]))


def test_exact_intervals_have_no_width(exact):
    assert not any(np.nan_to_num(exact[f"{key}_conf"]).any() for key in ("S1", "ST", "S2"))


def test_an_unknown_key_is_told_what_is_near(sampled):
    with pytest.raises(KeyError, match="unknown key 'S2': did you mean ST or S1"):
        sampled["S2"]


def test_sd_is_the_root_of_the_variance(sampled):
    assert sampled.sd == 5.5


def test_what_is_held_cannot_be_changed(exact):
    with pytest.raises(ValueError, match="read-only"):
        exact["S1"][0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        exact.mean = 0.0
    exact["names"].clear()
    assert len(exact["names"]) == 3


def test_what_was_given_may_be_changed():
    given = {"S1": np.array([0.25]), "ST": np.array([0.5])}
    one = SobolIndices(fr.space(CELL, K_out=fr.uniform(3, 6)), given, -70.0, 1.0, "exact", 1e-6)
    given["S1"][0] = 9.0
    assert one["S1"] == 0.25


def test_results_are_equal_to_their_copies_alone(exact, sampled):
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


def test_the_table_is_read_from_the_most_important_input_on(exact):
    lines = repr(exact).splitlines()
    assert lines[0].startswith("<Sobol' indices of V: mean -70.14 mV")
    assert " mV, sd 5.82 mV; exact within " in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["P_Na", "K_out", "celsius"]
    assert lines[1].split() == ["S1", "ST"]
    assert lines[2].split()[1:] == [f"{exact[key][1]:.4f}" for key in ("S1", "ST")]
    assert len({len(line.rstrip(">")) for line in lines[1:]}) == 1


def test_the_table_of_a_sample_has_intervals_and_says_what_was_left_out(sampled):
    lines = repr(sampled).splitlines()
    assert lines[0].endswith("mean -70 mV, sd 5.5 mV; sampled, n = 4,096 in 16 replicates")
    assert lines[1].strip() == "left out: 3 RANGE"
    assert lines[3].count("± 0.0200") == 2


def test_results_without_variances_are_ordered_by_their_bounds():
    bounds = {"dgsm": [0.1, 0.9, np.inf], "dgsm_conf": [0.0, 0.1, np.nan]}
    one = SobolIndices(SPACE, bounds, -70.0, 30.25, "sampled", n=4096, replicates=16)
    assert one.order == [2, 1, 0]
    assert repr(one).splitlines()[1].split() == ["dgsm"]


def test_the_data_frame_has_a_row_per_input(exact):
    pytest.importorskip("pandas")
    frame = exact.to_dataframe()
    assert list(frame.columns) == ["S1", "S1_conf", "ST", "ST_conf"]
    assert list(frame.index) == exact["names"]
    assert frame.index.name == "input"
    assert frame["ST"].tolist() == exact["ST"].tolist()


def lengths(container):
    return [bar.get_width() for bar in container]


def test_bars_are_the_indices_the_largest_on_top(exact, ax):
    assert exact.plot(ax) is ax
    first, total = ax.containers
    order = [2, 0, 1]  # from the bottom
    assert lengths(first) == exact["S1"][order].tolist()
    assert lengths(total) == exact["ST"][order].tolist()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["celsius", "K_out", "P_Na"]
    assert ax.get_xlabel() == "part of the variance of V"
    assert ax.get_title("left") == "mammalian neuron"
    assert ax.get_title("right") == f"sd {exact.sd:.3g} mV"
    assert not ax.collections
    assert ax.get_xlim()[0] == 0


def test_intervals_are_drawn_where_there_are_any(sampled, ax):
    sampled.plot(ax)
    lines = [one for one in ax.collections if len(one.get_segments()) == 3]
    assert len(lines) == 2
    (low, _), (high, _) = lines[1].get_segments()[2]
    assert (low, high) == pytest.approx((sampled["ST"][1] - 0.02, sampled["ST"][1] + 0.02))
    assert ax.get_xlim()[0] < 0  # where intervals reach below


def test_bounds_are_drawn_where_there_are_no_indices(ax):
    one = SobolIndices(SPACE, {"dgsm": [0.1, 0.9, 0.5]}, -70.0, 30.25, "exact", 1e-6)
    one.plot(ax)
    assert [lengths(container) for container in ax.containers] == [[0.1, 0.5, 0.9]]


def test_all_inputs_have_labels_that_do_not_overlap():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    names = [name for name in CELL if name != "celsius"]
    space = fr.space(CELL, **{name: fr.times(fr.uniform(0.9, 1.1)) for name in names})
    for answer in (space.sobol(tolerance=1e-2), swings(space)):
        ax = Figure().subplots()
        answer.plot(ax)
        ax.figure.draw_without_rendering()
        boxes = [tick.get_window_extent() for tick in ax.get_yticklabels()]
        assert len(boxes) == len(names)
        assert all(a.y1 < b.y0 for a, b in itertools.pairwise(boxes))


def test_a_picture_is_drawn_on_the_current_axes_if_none_are_given(exact):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    _, ax = plt.subplots()
    assert exact.plot() is ax
    plt.close("all")


# ---- swings ----


def test_swings_are_the_potentials_at_the_quantiles():
    s = SPACE.swings(0.1, 0.8)
    medians = {n: d.ppf(0.5) for n, d in zip(SPACE.names, SPACE.distributions)}
    middle = CELL.replace(**medians)
    assert middle.potential() == s.V
    for i, (name, one) in enumerate(zip(SPACE.names, SPACE.distributions)):
        for q, x, V in ((0.1, s.low[i], s.V_low[i]), (0.8, s.high[i], s.V_high[i])):
            assert x == one.ppf(q)
            assert middle.replace(**{name: x}).potential() == V
    assert s.names == SPACE.names
    assert s.quantiles == (0.1, 0.8)


def test_swings_are_ordered_by_their_width():
    s = SPACE.swings()
    assert s.quantiles == (0.05, 0.95)
    assert s.order == [1, 0, 2]
    lines = repr(s).splitlines()
    assert lines[0] == f"<Swings of V about {s.V:.2f} mV, one input at a time"
    assert [line.split()[0] for line in lines[2:]] == ["P_Na", "K_out", "celsius"]
    assert f"{s.V_high[2]:.2f} mV>" in lines[-1]


def test_swings_are_equal_to_their_copies_and_cannot_be_changed():
    s = SPACE.swings()
    assert s == SPACE.swings() == pickle.loads(pickle.dumps(s)) == copy.deepcopy(s)
    assert s != SPACE.swings(0.1, 0.9)
    assert s != "swings"
    assert s != dataclasses.replace(s, V_low=s.V_low + 1e-9)
    with pytest.raises(ValueError, match="read-only"):
        s.V_low[0] = 0.0
    with pytest.raises(TypeError, match="unhashable"):
        hash(s)


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        ((-0.1, 0.9), "low must be a probability from 0 to 1, got -0.1"),
        ((0.1, 1.5), "high must be a probability from 0 to 1, got 1.5"),
        ((0.1, float("nan")), "high must be a probability from 0 to 1, got nan"),
        ((0.5, 0.5), "low < high must hold, got 0.5 and 0.5"),
    ],
)
def test_quantiles_that_are_none_are_refused(quantiles, message):
    with pytest.raises(ValueError, match=message):
        SPACE.swings(*quantiles)


def test_a_quantile_is_a_number():
    with pytest.raises(TypeError, match="low must be a number, got '5 %'"):
        SPACE.swings("5 %", 0.9)


def test_a_tornado_has_a_bar_from_the_middle_to_each_end(ax):
    s = SPACE.swings()
    assert s.plot(ax) is ax
    for container, V in zip(ax.containers, (s.V_low, s.V_high)):
        bars = [V[i] - s.V for i in s.order[::-1]]
        assert lengths(container) == pytest.approx(bars, abs=1e-12)
        ends = [min(bar.get_x(), bar.get_x() + bar.get_width()) for bar in container]
        assert ends == pytest.approx([min(s.V, V[i]) for i in s.order[::-1]])
    assert ax.lines[0].get_xdata()[0] == s.V
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["celsius", "K_out", "P_Na"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["at its 5 % quantile", "at its 95 % quantile"]
    assert ax.get_title() == "mammalian neuron"


def test_an_end_without_a_potential_is_said_and_left_out_of_the_picture(ax):
    only_potassium = CELL.replace(P_Na=0, P_Cl=0)
    s = fr.space(only_potassium, K_out=fr.uniform(0, 5), K_in=fr.uniform(0, 9)).swings(0, 0.5)
    assert isinstance(s, Swings)
    assert s.V_low.tolist() == [-np.inf, np.inf]
    assert s.order == [0, 1]
    assert "-inf mV" in repr(s)
    s.plot(ax)
    assert np.isnan(lengths(ax.containers[0])).all()
    ax.figure.draw_without_rendering()
