"""Pictures say nothing false: each has its figure, shows or marks all points, and names them."""

import functools
import re

import numpy as np
import pytest

import fastrest as fr

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from fastrest.plotting.primitives import shades
from helpers.notation import E_K, K_IN, K_OUT, P_NA

NEURON = fr.cells["mammalian neuron"]
GLIA = fr.cells["glial cell"]
POTASSIUM = NEURON.replace(P_Na=0, P_Cl=0)  # without a potential where K is 0
DEAD = POTASSIUM.replace(P_K=0)
CONDITIONS = {"control": {}, "high K": {"K_out": 8.0}}
SPACE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
#: K_out is below 0 for a part of the candidates
PARTLY = fr.space(POTASSIUM, K_out=fr.affine(-5, Na_out=0.06), Na_out=fr.uniform(60, 160))
MANY = np.linspace(1, 50, 30)


@pytest.fixture(autouse=True)
def figures():
    plt.switch_backend("agg")
    plt.close("all")
    yield
    plt.close("all")


@functools.cache
def population(space=SPACE, **options):
    accept = [fr.between(-100, -60)]
    return space.population(500, rng=1, conditions=CONDITIONS, accept=accept, **options)


@functools.cache
def indices():
    return SPACE.sobol(tolerance=0.01)


#: A picture of each kind, drawn on the given axes or on a new figure.
PICTURES = {
    "curve": lambda ax: fr.grid(NEURON, K_out=MANY).plot(ax),
    "family": lambda ax: fr.grid(NEURON, K_out=MANY, P_Na=[0.01, 0.04, 0.1]).plot(ax),
    "temperatures": lambda ax: fr.grid(NEURON, K_out=MANY, celsius=[-10.0, 0.0, 10.0]).plot(ax),
    "heat map": lambda ax: fr.grid(NEURON, K_out=MANY, K_in=MANY).plot(ax),
    "table": lambda ax: fr.table(NEURON, {"K_out": MANY}).plot(ax),
    "sample": lambda ax: SPACE.sample(500, rng=1).plot(ax),
    "histogram": lambda ax: SPACE.sample(500, rng=1).histogram().plot(ax, NEURON),
    "uncertainty": lambda ax: NEURON.uncertainty(K_out=0.1, P_Na=0.01).plot(ax),
    "swings": lambda ax: SPACE.swings().plot(ax),
    "indices": lambda ax: indices().plot(ax),
    "population": lambda ax: population().plot(ax),
    "transition": lambda ax: population().plot_transition("control", "high K", ax),
}
PANELS = {
    "marginals": lambda: population().plot_marginals(),
    "pairs": lambda: population().plot_pairs(),
}
EACH_PICTURE = pytest.mark.parametrize("name", PICTURES)


def words(ax):
    """Return the texts of a picture."""
    return [one.get_text() for one in ax.figure.findobj(Text) if one.get_text()]


def curve_names(ax):
    """Return the names of curves in a legend, without those of marks and of what is beside."""
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    return [text for text in texts if not re.match("threshold|block|at rest", text)]


# ---- figures ----


@pytest.mark.parametrize("name", [*PICTURES, *PANELS])
def test_every_picture_has_a_figure_of_its_own(name):
    def draw():
        found = PICTURES[name](None) if name in PICTURES else PANELS[name]()
        return np.ravel(found)[0]

    first = draw()
    before, children = words(first), len(first.get_children())
    second = draw()
    assert second.figure is not first.figure
    assert (words(first), len(first.get_children())) == (before, children)
    assert len(plt.get_fignums()) == 2
    assert plt.gcf() is second.figure


@EACH_PICTURE
def test_a_picture_on_given_axes_opens_no_figure(name, ax):
    assert PICTURES[name](ax) is ax
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "fails",
    [
        lambda: fr.grid(NEURON, K_out=MANY, K_in=MANY, P_Na=MANY).plot(),
        lambda: fr.grid(NEURON, K_out=MANY).plot(of="E_Mg"),
        lambda: population().plot_pairs(["K_ou"]),
        lambda: population().plot_transition("control", "nothing"),
        lambda: PICTURES["curve"](PICTURES["heat map"](Figure().subplots())),
    ],
)
def test_a_picture_that_fails_leaves_no_figure(fails):
    with pytest.raises(ValueError, match=r"got 3|unknown|pass other axes"):
        fails()
    assert plt.get_fignums() == []


def test_an_interrupted_picture_leaves_no_figure(monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastrest.nouns.sweep_plots.curves", interrupted)
    with pytest.raises(KeyboardInterrupt):
        PICTURES["curve"](None)
    assert plt.get_fignums() == []


# ---- several pictures in one ----


@pytest.mark.parametrize(("first", "second"), [("heat map", "curve"), ("curve", "heat map")])
def test_a_picture_of_another_quantity_is_refused_and_draws_nothing(ax, first, second):
    PICTURES[first](ax)
    labels, children = (ax.get_xlabel(), ax.get_ylabel()), len(ax.get_children())
    with pytest.raises(ValueError, match=r"the y axis of ax shows .*: pass other axes"):
        PICTURES[second](ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels
    assert len(ax.get_children()) == children


def test_the_words_of_a_user_stay(ax):
    ax.plot([3, 5], [-75, -70], "s")
    ax.set(title="my data", xlabel="[K]o", ylabel="V [mV]", ylim=(-90, -20))
    PICTURES["curve"](ax)
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("my data", "[K]o", "V [mV]")
    assert ax.get_ylim() == (-90, -20)


@pytest.mark.parametrize(
    "draw",
    [
        lambda cell, ax: fr.grid(cell, K_out=MANY).plot(ax),
        lambda cell, ax: fr.table(cell, {"K_out": MANY}).plot(ax),
        lambda cell, ax: fr.space(cell, K_out=fr.uniform(3, 6)).sample(99, rng=1).plot(ax),
    ],
)
def test_pictures_of_two_cells_in_one_name_both(draw, ax):
    for cell in (NEURON, GLIA, NEURON):
        draw(cell, ax)
    assert ax.get_title("left") == "mammalian neuron, glial cell"
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == [NEURON.name, GLIA.name]


def test_a_second_curve_is_in_view_and_beside_the_legend(ax):
    PICTURES["family"](ax)
    fr.grid(GLIA, K_out=MANY).plot(ax)
    low, high = ax.get_ylim()
    values = fr.grid(GLIA, K_out=MANY).values()
    assert low < values.min()
    assert values.max() < high
    assert ax.get_legend().get_title().get_text() == P_NA
    assert curve_names(ax)[-1] == "glial cell"


def test_a_second_histogram_hides_no_part_of_the_first(ax):
    for range in ((-80, -60), (-70, -40)):
        SPACE.sample(500, rng=1).histogram(range=range).plot(ax)
    assert ax.get_xlim() == (-80, -40)


# ---- short axes ----


@pytest.mark.parametrize("short_first", [False, True])
@pytest.mark.parametrize("short", [[0.04], [0.01, 0.04, 0.1], np.linspace(0.01, 0.1, 8)])
def test_a_short_axis_makes_a_family_of_curves(ax, short, short_first):
    axes = {"P_Na": short, "K_out": MANY}
    order = axes if short_first else dict(reversed(axes.items()))
    sweep = fr.grid(NEURON, **order)
    sweep.plot(ax)
    values = sweep.values() if short_first else sweep.values().T
    lines = ax.lines[: len(short)]
    for line, row in zip(lines, values):
        assert np.array_equal(line.get_data(), [MANY, row])
    assert len({to_hex(line.get_color()) for line in lines}) == len(short)
    legend = ax.get_legend()
    assert legend.get_title().get_text() == P_NA
    assert [float(text) for text in curve_names(ax)] == pytest.approx(short, rel=5e-3)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (K_OUT, "membrane potential (mV)")
    assert not ax.collections


def test_nine_values_on_both_axes_make_a_heat_map(ax):
    fr.grid(NEURON, K_out=np.linspace(1, 9, 9), P_Na=np.linspace(0.1, 0.9, 9)).plot(ax)
    assert ax.collections[0].get_array().shape == (9, 9)


def test_of_two_short_axes_the_longer_or_first_one_runs(ax):
    fr.grid(NEURON, P_Na=[0.1, 0.2], K_out=[3.0, 5, 8]).plot(ax)
    assert ax.get_xlabel() == K_OUT
    other = fr.grid(NEURON, P_Na=[0.1, 0.2], K_out=[3.0, 5]).plot(Figure().subplots())
    assert other.get_xlabel() == P_NA


def test_a_family_of_labels_and_of_near_values_tells_them_apart(ax):
    state = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    fr.grid(NEURON, state, P_Na=np.linspace(0.01, 0.1, 20)).plot(ax)
    assert ax.get_legend().get_title().get_text() == "state"
    assert curve_names(ax) == ["low", "normal", "high"]
    near = fr.grid(NEURON, K_out=MANY, P_Na=[0.04, 0.0400000001]).plot(Figure().subplots())
    assert len({*curve_names(near)}) == 2


@pytest.mark.parametrize(
    ("values", "log"),
    [
        (np.geomspace(1, 50, 20), True),
        (np.geomspace(1, 50, 20).round(3), True),
        (np.geomspace(2.1, 4.9, 60), True),
        ([1, 2, 5, 10, 20, 50, 100], True),
        ([0.001, 0.01, 0.1, 1], True),
        ([0.1, 0.01, 10, 1], True),
        (np.linspace(1, 50, 20), False),
        ([0, 1, 10, 100], False),
        ([-1, -10, -100], False),
        ([3, 5, 8], False),
        ([1, 1, 10, 100], False),
        ([1, 100], False),
    ],
)
def test_logarithmic_axes_are_recognised(values, log, ax):
    from fastrest.plotting.primitives import set_scale

    set_scale(ax, "x", np.asarray(values, float))
    assert (ax.get_xscale() == "log") is log


@pytest.mark.parametrize(
    ("axes", "ends"),
    [
        ({"K_out": np.linspace(0, 50, 11)}, (0, 52.5)),
        ({"K_out": [1, *range(11, 91, 10)]}, (0, 86)),
        ({"K_out": np.geomspace(0.001, 1e5, 9)}, (10**-3.5, 10**5.5)),
        ({"celsius": np.linspace(-20, 100, 13)}, (-20, 100)),
    ],
)
def test_heat_maps_end_at_possible_values(ax, axes, ends):
    sweep = fr.grid(NEURON, **axes, P_Na=np.linspace(0, 0.5, 11))
    sweep.plot(ax)
    corners = np.asarray(ax.collections[0].get_coordinates())
    assert corners[0, [0, -1], 0] == pytest.approx(ends)
    assert corners[[0, -1], 0, 1] == pytest.approx([0, 0.525])
    assert np.array_equal(ax.collections[0].get_array(), sweep.values().T)


# ---- points without a potential ----

ALL_OR_SOME = pytest.mark.parametrize("cell", [POTASSIUM, DEAD], ids=["some", "all"])


def crosses(ax):
    return [x for line in ax.lines if line.get_marker() == "x" for x in line.get_xdata()]


@ALL_OR_SOME
def test_missing_points_of_a_curve_have_crosses_and_a_note(cell, ax):
    K_out = np.linspace(0, 50, 30)
    fr.grid(cell, K_out=K_out).plot(ax)
    missing = 1 if cell is POTASSIUM else 30
    assert crosses(ax) == K_out[:missing].tolist()
    have = "has" if missing == 1 else "have"
    assert f"{missing} of 30 points {have} no potential (×)" in words(ax)


def test_missing_points_of_a_family_have_crosses_in_its_colours(ax):
    sweep = fr.grid(POTASSIUM, K_out=np.linspace(0, 50, 20), K_in=[0, 100, 140])
    sweep.plot(ax)
    marked = [line for line in ax.lines if line.get_marker() == "x"]
    assert [len(line.get_xdata()) for line in marked] == [20, 1, 1]
    assert [to_hex(line.get_color()) for line in marked] == [to_hex(one) for one in shades(3)]
    assert len({line.get_ydata()[0] for line in marked}) == 3
    assert "22 of 60 points have no potential (×)" in words(ax)


def test_values_between_missing_points_have_dots(ax):
    K_out = [0, 1, 0, 2, 3, 0, 0, 4, 0, 5]
    axis = fr.axis("q", K_out=K_out, Na_out=np.arange(10) + 100)
    fr.grid(POTASSIUM, axis).plot(ax)
    (dots,) = [line for line in ax.lines if line.get_marker() == "."]
    assert dots.get_xdata().tolist() == [101, 107, 109]


@ALL_OR_SOME
def test_missing_points_of_a_heat_map_are_grey_and_counted(cell, ax):
    fr.grid(cell, K_out=np.arange(10.0), K_in=np.arange(1.0, 11)).plot(ax)
    missing = 10 if cell is POTASSIUM else 100
    assert ax.collections[0].get_array().mask.sum() == missing
    assert to_hex(ax.get_facecolor()) == "#cccccc"
    assert f"{missing} of 100 points have no potential (grey)" in words(ax)
    assert len(ax.figure.axes) == (2 if cell is POTASSIUM else 1)  # the colours of no values


def test_bad_rows_of_a_table_have_crosses_at_their_places(ax):
    fr.table(NEURON, {"K_out": [3.0, -1, np.nan, 5, np.inf]}).plot(ax)
    assert crosses(ax)[0] == -1
    texts = "\n".join(words(ax))
    assert "3 of 5 points have no potential (×)\n2 of them without a place on this axis" in texts
    rows = {"celsius": [310.0, 37.0, 311.0], "K_out": [3.0, 4.0, 5.0]}
    other = fr.table(NEURON, rows).plot(Figure().subplots())
    assert crosses(other) == [0, 2]


def test_missing_points_of_histograms_are_counted(ax):
    table = fr.table(NEURON, {"K_out": [3.0, -1, np.nan, 5, 6, 7]})
    table.histogram(range=(-70, -60)).plot(ax)
    texts = "\n".join(words(ax))
    assert "2 of 6 points have no potential\n1 points below, 0 above the edges" in texts
    DEAD_SAMPLE = fr.space(DEAD, K_out=fr.uniform(3, 6)).sample(50, rng=1)
    assert "50 of 50 points have no potential" in words(DEAD_SAMPLE.plot(Figure().subplots()))


@pytest.mark.parametrize("draw", ["plot", "plot_marginals", "plot_pairs", "plot_transition"])
def test_candidates_without_a_potential_are_counted(draw):
    pop = population(PARTLY)
    (missing,) = pop.invalid.values()
    picture = getattr(pop, draw)(*(["control", "high K"] if draw == "plot_transition" else []))
    found = " ".join(" ".join(words(np.ravel(picture)[0])).split())
    assert f"{missing} of 500 candidates have no potential" in found


def test_bars_without_a_length_say_so(ax):
    dead = fr.space(DEAD, K_out=fr.uniform(0, 6), K_in=fr.uniform(100, 140))
    some = fr.space(POTASSIUM, K_out=fr.uniform(0, 6), K_in=fr.uniform(100, 140))
    texts = "\n".join(words(some.swings(0, 0.95).plot(ax))).splitlines()
    assert "no potential at its 0 % quantile" in texts
    assert "1 of 5 points has no potential" in texts
    texts = words(dead.swings().plot(Figure().subplots()))
    assert texts.count("no potential at its 5 % quantile") == 2
    nothing = DEAD.uncertainty(K_out=1, K_in=2).plot(Figure().subplots())
    assert words(nothing).count("no potential") == 2
    assert [tick.get_text() for tick in nothing.get_yticklabels()] == [K_OUT[:-5], K_IN[:-5]]


@pytest.mark.parametrize(
    ("axes", "note"),
    [
        ({"K_out": np.linspace(0, 50, 5000)}, "3,200 of 5,000 points are drawn"),
        (
            {"K_out": np.linspace(1, 50, 900), "K_in": np.linspace(0, 9, 1000)},
            "640,000 of 900,000 points are drawn",
        ),
    ],
)
def test_a_thinned_picture_says_so(axes, note, ax):
    texts = words(fr.grid(POTASSIUM, **axes).plot(ax))
    (found,) = [text for text in texts if "points are drawn" in text]
    assert found.startswith(note + "\n")
    assert "points drawn ha" in found  # the missing ones are counted among them


def test_a_large_table_is_thinned_and_says_so(ax):
    K_out = np.linspace(-1, 50, 200_001)
    fr.table(NEURON, {"K_out": K_out}).plot(ax)
    drawn = sum(len(line.get_xdata()) for line in ax.lines[:2])
    assert drawn == 100_000
    assert "100,000 of 200,001 points are drawn\n" in "\n".join(words(ax))


def test_a_legend_names_every_curve_also_with_odd_labels(ax):
    odd = fr.axis("state", K_out=[3.0, 4, 5], labels=["_low", "", "b"])
    fr.grid(NEURON, odd, P_Na=np.linspace(0.01, 0.1, 20)).plot(ax)
    assert curve_names(ax) == [" _low", " ", "b"]
    unnamed = NEURON.replace(name="")
    other = fr.grid(unnamed, K_out=MANY).plot(Figure().subplots())
    fr.grid(unnamed, K_out=MANY).plot(other)
    assert other.get_legend() is None


def test_pairs_say_how_many_members_are_drawn():
    pop = SPACE.population(10**4, rng=1)
    found = " ".join(" ".join(words(pop.plot_pairs()[0, 0])).split())
    assert "10,000 of 10,000 candidates accepted 2,000 of them are drawn" in found


# ---- legends, edges, minus signs and names ----


def inside(box, ax):
    """Return the vertices of lines and steps of a picture that lie in a box."""
    found = []
    for one in [*ax.lines, *ax.patches]:
        path = one.get_transform().transform_path(one.get_path())
        found += [tuple(xy) for xy in path.vertices if box.contains(*xy)]
    return found


MANY_CURVES = {"K_out": MANY, "P_Na": np.linspace(0.01, 5, 8)}
TALL = fr.space(NEURON, K_out=fr.normal(sd=0.05, low=0))


@pytest.mark.parametrize(
    ("draw", "layout"),
    [
        (PICTURES["family"], None),
        (PICTURES["family"], "constrained"),
        (lambda ax: fr.grid(NEURON, **MANY_CURVES).plot(ax), None),
        (PICTURES["population"], None),
        (PICTURES["population"], "constrained"),
        (lambda ax: TALL.population(2000, rng=1, conditions=CONDITIONS).plot(ax), "constrained"),
        (PICTURES["swings"], None),
        (PICTURES["indices"], None),
    ],
)
def test_legends_cover_nothing_that_is_drawn(draw, layout):
    ax = draw(Figure(layout=layout).subplots())
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert not inside(box, ax)
    page = ax.figure.bbox
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1


def test_a_legend_covers_no_tower_in_a_figure_of_its_own():
    pop = SPACE.population(10**4, rng=1, accept=[fr.between(-70, -69.99)])
    ax = pop.plot()
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1
    assert any(re.fullmatch(r"the highest step, \S+, is cut", text) for text in words(ax))


@pytest.mark.parametrize("own", [False, True])
def test_a_transition_is_not_cut(own):
    ax = PICTURES["transition"](None if own else plt.subplots()[1])
    ax.figure.draw_without_rendering()
    seen, page = ax.get_tightbbox(), ax.figure.bbox
    assert page.x0 <= seen.x0
    assert page.y0 <= seen.y0
    assert seen.x1 <= page.x1
    assert seen.y1 <= page.y1


@EACH_PICTURE
def test_minus_signs_are_real(name, ax):
    PICTURES[name](ax)
    ax.figure.draw_without_rendering()
    texts = words(ax)
    assert any("−" in text for text in texts) or name in ("uncertainty", "indices", "transition")
    assert not [text for text in texts if re.search(r"-\d", text)]


def test_minus_signs_are_hyphens_if_matplotlib_is_told_so(ax):
    with matplotlib.rc_context({"axes.unicode_minus": False}):
        texts = words(PICTURES["temperatures"](ax))
    assert {"-10", "threshold -55 mV", "block -40 mV"} <= {*texts}


def test_labels_name_the_output_that_is_drawn():
    def label(draw):
        return draw(Figure().subplots()).get_xlabel()

    name = E_K
    sample = SPACE.sample(500, rng=1)
    assert label(lambda ax: sample.plot(ax, of="E_K")) == name
    assert label(sample.histogram(of="E_K").plot) == name
    assert label(population(of="E_K").histogram(range=(-140, -60)).plot) == name
    assert label(NEURON.uncertainty(of="E_K", K_out=0.1).plot) == f"sd of the {name}"
    assert label(NEURON.uncertainty(K_out=0.1).plot) == "sd of the membrane potential (mV)"
    assert label(population(of="E_K").plot) == name
    event = fr.between(-75, -65)
    grid = fr.grid(NEURON, K_out=MANY)
    drawn = grid.plot(Figure().subplots(), of=event)
    assert drawn.get_ylabel() == "−75 ≤ V ≤ −65 mV"
    assert np.array_equal(drawn.lines[0].get_ydata(), grid.values(of=event))
    assert len(drawn.lines) == 1
    steps = sample.plot(Figure().subplots(), of=event)
    assert (steps.get_xlabel(), steps.get_xlim()[0] > -1) == ("−75 ≤ V ≤ −65 mV", True)
    assert [tick.get_text() for tick in steps.get_xticklabels()] == ["no", "yes"]
