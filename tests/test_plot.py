"""What the pictures show: data, labels with units, boundaries; and what cannot be drawn."""

import itertools

import numpy as np
import pytest

import fastrest as fr
from fastrest import portraits

matplotlib = pytest.importorskip("matplotlib")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

NEURON = fr.cells["mammalian neuron"]


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_curve_is_the_values_over_the_axis(ax):
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 100))
    assert sweep.plot(ax) is ax
    x, y = ax.lines[0].get_data()
    assert np.array_equal(x, sweep.axis_values("K_out"))
    assert np.array_equal(y, sweep.values())
    assert ax.get_xlabel() == "K_out (mM)"
    assert ax.get_ylabel() == "membrane potential (mV)"
    assert ax.get_title() == "mammalian neuron"


def test_a_curve_marks_threshold_and_block(ax):
    fr.grid(NEURON, K_out=np.linspace(1, 50, 9)).plot(ax)
    assert {line.get_ydata()[0] for line in ax.lines[1:]} == {-55.0, -40.0}
    assert {text.get_text() for text in ax.texts} == {"threshold -55 mV", "block -40 mV"}


def test_a_cell_without_threshold_gets_no_lines(ax):
    fr.grid(fr.cells["glial cell"], K_out=np.linspace(1, 50, 9)).plot(ax)
    assert len(ax.lines) == 1


def test_a_heat_map_has_a_bar_and_contours_at_the_boundaries(ax):
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 30), P_Na=np.geomspace(0.005, 0.5, 20))
    sweep.plot(ax)
    mesh, contours = ax.collections[0], ax.collections[1]
    assert np.array_equal(mesh.get_array(), sweep.values().T)
    assert list(contours.levels) == [-55.0, -40.0]
    assert ax.figure.axes[1].get_ylabel() == "membrane potential (mV)"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_ylabel() == "P_Na (relative)"


def test_a_large_grid_is_thinned_but_keeps_its_ends(ax):
    k = np.geomspace(1, 50, 5000)
    fr.grid(NEURON, K_out=k, P_Na=np.linspace(0.01, 0.1, 3000)).plot(ax)
    assert ax.collections[0].get_array().shape == (800, 800)
    assert ax.get_xscale() == "log"


def test_points_without_potential_are_left_out(ax):
    fr.grid(NEURON.replace(P_Na=0, P_Cl=0), K_out=[0.0, 1, 2], K_in=[100.0, 140]).plot(ax)
    assert ax.collections[0].get_array().mask.sum() == 2


def test_labels_stand_at_their_places(ax):
    states = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    fr.grid(NEURON, states).plot(ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["low", "normal", "high"]
    assert ax.get_xlabel() == "state"


def test_a_coupled_axis_says_whose_values_it_shows(ax):
    k = np.linspace(2, 30, 9)
    fr.grid(NEURON, fr.axis("ringer", K_out=k, Na_out=150 - k)).plot(ax)
    assert ax.get_xlabel() == "ringer: K_out (mM)"


def test_unordered_values_are_drawn_in_order(ax):
    K_out = [5.0, 40, 3, 20]
    sweep = fr.grid(NEURON, K_out=K_out, P_Na=np.linspace(0.01, 1, 30))
    sweep.plot(ax)
    mesh = ax.collections[0]
    assert np.array_equal(mesh.get_array(), sweep.values()[np.argsort(K_out)].T)
    other = Figure().subplots()
    fr.grid(NEURON, K_out=K_out).plot(other)
    x, y = other.lines[0].get_data()
    assert x.tolist() == sorted(K_out)
    assert np.array_equal(y, fr.grid(NEURON, K_out=x).values())


def test_an_axis_is_drawn_over_a_parameter_that_varies_along_it(ax):
    sweep = fr.grid(NEURON, fr.axis("q", K_out=[5, 5, 5], Na_out=[100, 120, 145]), P_Na=[0.1, 1])
    sweep.plot(ax)
    assert ax.get_xlabel() == "q: Na_out (mM)"
    assert ax.collections[0].get_coordinates()[0, :, 0].tolist() == [90, 110, 132.5, 157.5]


def test_values_that_come_twice_stand_side_by_side(ax):
    sweep = fr.grid(NEURON, K_out=[5.0, 40, 5, 20], P_Na=[0.01, 0.1, 1])
    sweep.plot(ax)
    assert ax.collections[0].get_coordinates()[0, :, 0].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert np.array_equal(ax.collections[0].get_array(), sweep.values().T)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["5", "40", "5", "20"]
    assert ax.get_xlabel() == "K_out (mM)"


def test_a_boundary_that_is_nowhere_crossed_has_no_label(ax):
    # -55 mV lies between the first and the last place, but between them is no potential
    axis = fr.axis("p", labels="abc", P_K=[1, 0, 0], P_Na=[0.04, 0, 1], P_Cl=[0.45, 0, 0])
    fr.grid(NEURON, axis, K_out=[1, 2, 3.0]).plot(ax)
    assert not ax.texts


@pytest.mark.parametrize("ends", [(2.1, 4.9), (1, 50), (1e-3, 100), (1e-8, 10), (1e-20, 100)])
def test_a_log_axis_has_tick_labels_wherever_it_lies(ax, ends):
    fr.grid(NEURON, K_out=np.geomspace(*ends, 60), P_Na=[0.01, 0.1]).plot(ax)
    assert ax.get_xscale() == "log"
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    seen = [t for t in ax.get_xticklabels() if t.get_text() and low <= t.get_position()[0] <= high]
    assert 3 <= len(seen) <= 12


def test_many_labels_do_not_overlap(ax):
    labels = [f"mixture {i}" for i in range(60)]
    mixtures = fr.axis("mixture", K_out=np.linspace(1, 50, 60), labels=labels)
    fr.grid(NEURON, mixtures).plot(ax)
    ax.figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels()]
    assert len(boxes) > 10
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_a_table_is_drawn_over_its_column_or_its_rows(ax):
    fr.table(NEURON, {"K_out": [3.0, 1.0, 2.0]}).plot(ax)
    assert ax.get_xlabel() == "K_out (mM)"
    other = Figure().subplots()
    fr.table(NEURON, {"K_out": [3.0, 1.0], "P_Na": [0.1, 0.2]}).plot(other)
    assert other.get_xlabel() == "row"


def test_three_axes_are_refused_with_a_way_out(ax):
    sweep = fr.grid(NEURON, K_out=[1.0, 2], P_Na=[0.1, 0.2], celsius=[20.0, 37])
    with pytest.raises(ValueError, match=r"one or two axes, got 3 \(K_out, P_Na, celsius\)"):
        sweep.plot(ax)


def test_a_heat_map_of_one_line_is_refused(ax):
    with pytest.raises(ValueError, match="two values or more on P_Na, got 1"):
        fr.grid(NEURON, K_out=[1.0, 2], P_Na=[0.1]).plot(ax)


# ---- populations ----

CONDITIONS = {"control": {}, "high K": {"K_out": 8.0}, "leaky": {"P_Na": fr.times(2)}}


def population(n=10**4, accept=(), conditions=CONDITIONS, **inputs):
    two = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.normal(sd=1, low=0)}
    space = fr.space(NEURON, **(inputs or two))
    return space.population(n, rng=1, conditions=conditions, accept=accept)


@pytest.fixture(scope="module")
def pop():
    return population(accept=[fr.between(-75, -65)])


def patches(ax, filled):
    """The histograms drawn, lines or filled."""
    return [one for one in ax.patches if one.get_fill() == filled]


def test_potentials_are_drawn_as_densities_of_all_and_of_accepted_cells(pop, ax):
    assert pop.plot(ax) is ax
    for filled in (False, True):
        drawn = patches(ax, filled)
        assert len(drawn) == 3
        for name, one in zip(pop.conditions, drawn):
            density, edges, _ = one.get_data()
            counts = pop.histogram(name, bins=edges, accepted=filled).counts
            n = pop.accepted if filled else pop.n
            np.testing.assert_allclose(density * np.diff(edges) * n, counts)
            assert 0.99 < counts.sum() / n <= 1
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(CONDITIONS)
    assert ax.get_xlabel() == "membrane potential (mV)"
    assert (
        ax.get_title("left") == f"mammalian neuron: {pop.accepted:,} of 10,000 candidates accepted"
    )


@pytest.mark.parametrize("P_Na", [(1e-4, 2e-4), (10, 20)], ids=["far below", "far above"])
def test_threshold_and_block_are_seen_wherever_the_potentials_lie(ax, P_Na):
    population(1000, P_Na=fr.uniform(*P_Na)).plot(ax)
    low, high = ax.get_xlim()
    assert low < -55 < -40 < high
    assert {text.get_text() for text in ax.texts} == {"threshold -55 mV", "block -40 mV"}


def test_a_few_accepted_cells_do_not_hide_what_all_candidates_do(ax):
    population(10**4, [fr.between(-70, -69.999)]).plot(ax)
    assert ax.get_ylim()[1] < 6 * max(one.get_data()[0].max() for one in patches(ax, False))


def test_a_population_without_members_is_drawn(ax):
    pop = population(1000, [fr.between(10, 20)])
    pop.plot(ax)
    assert ax.get_title("left") == "mammalian neuron: none of 1,000 candidates accepted"
    assert not any(one.get_data()[0].any() for one in patches(ax, True))
    for panel in pop.plot_marginals(Figure().subplots(1, 2)):
        assert [one.get_data()[0].any() for one in panel.patches] == [False, True]
    panels = pop.plot_pairs(axes=Figure().subplots(2, 2))
    assert panels[0, 1].texts[0].get_text().endswith("none of 1,000 candidates accepted")
    assert panels[1, 0].lines[0].get_xdata().size == 0


@pytest.mark.parametrize("draw", ["plot", "plot_marginals", "plot_pairs"])
def test_candidates_without_potentials_are_drawn(draw):
    space = fr.space(NEURON.replace(P_K=0, P_Na=0, P_Cl=0), K_out=fr.uniform(3, 6))
    pop = space.population(100, rng=1)
    ax = Figure().subplots()
    getattr(pop, draw)(**({"ax": ax} if draw == "plot" else {"axes": ax}))
    ax.figure.draw_without_rendering()


def test_marginals_are_densities_of_all_and_of_accepted_cells(pop):
    axes = Figure().subplots(2, 2)
    found = pop.plot_marginals(axes)
    assert [ax.get_xlabel() for ax in found] == ["P_Na (relative)", "K_out (mM)"]
    assert not axes[1, 0].axison
    for ax, (name, one) in zip(found, pop.marginals.items()):
        for drawn in ax.patches:
            density, edges, _ = drawn.get_data()
            assert np.isfinite(edges).all()
            assert set(edges[1:-1]) <= set(one.edges)
            assert np.sum(density * np.diff(edges)) == pytest.approx(1)
        low, high = edges[[0, -1]]
        x = pop.members().parameters[name]
        assert np.mean((x >= low) & (x <= high)) > 0.97


def test_bins_of_a_parameter_are_as_wide_as_accepted_cells_are_few(pop):
    few = population(10**4, [fr.between(-70, -69.9)])
    many, wide = (
        len(patches(p.plot_marginals(Figure().subplots(1, 2))[0], True)[0].get_data()[0])
        for p in (pop, few)
    )
    assert many == 64
    assert 8 <= wide < 64


def test_pairs_show_members_within_the_bounds_of_their_parameters(pop):
    axes = pop.plot_pairs(axes=Figure().subplots(2, 2))
    x = pop.members(sample=2000, rng=0).parameters
    (dots,) = axes[1, 0].lines
    assert np.array_equal(dots.get_data(), [x["P_Na"], x["K_out"]])
    low, high = axes[1, 0].get_xlim()
    assert low <= x["P_Na"].min()
    assert x["P_Na"].max() <= high
    assert axes[1, 0].get_xlabel() == "P_Na\n(relative)"
    assert axes[1, 0].get_ylabel() == "K_out\n(mM)"
    assert not axes[0, 1].axison


def test_pairs_may_be_of_some_parameters(pop):
    (ax,) = pop.plot_pairs(["K_out"], axes=Figure().subplots()).ravel()
    assert ax.get_xlabel() == "K_out\n(mM)"
    with pytest.raises(ValueError, match=r"unknown parameter 'K_ou': did you mean K_out"):
        pop.plot_pairs(["K_ou"])


def test_too_few_axes_are_refused(pop):
    with pytest.raises(ValueError, match=r"axes must be at least 2, got 1"):
        pop.plot_marginals(Figure().subplots())


def test_a_parameter_that_follows_and_stays_as_it_is_is_drawn():
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), Na_out=fr.affine(150, K_out=-1))
    space.population(1000, rng=1).plot_marginals(Figure().subplots(1, 2))


def test_changes_of_class_are_written_into_their_squares(pop, ax):
    assert pop.plot_transition("control", "leaky", ax) is ax
    found = pop.transition("control", "leaky")
    texts = [text.get_text() for text in ax.texts]
    assert texts[0].startswith(f"{found['resting', 'resting']:,}\n")
    assert texts[1].startswith(f"{found['resting', 'suprathreshold']:,}\n")
    assert texts[-1] == "0"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("leaky", "control")
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "resting", "suprathreshold", "depolarisation\nblock"
    ]  # fmt: skip


def test_classes_of_all_candidates_may_be_drawn_too(pop, ax):
    pop.plot_transition("control", "leaky", ax, accepted=False)
    n = pop.transition("control", "leaky", accepted=False)["resting", "resting"]
    assert ax.texts[0].get_text().startswith(f"{n:,}\n")


@pytest.mark.parametrize(
    ("accept", "conditions", "panels"),
    [((), CONDITIONS, 1 + 3 + 4), ([fr.between(10, 20)], CONDITIONS, 1 + 4), ((), None, 1 + 4)],
    ids=["some change class", "nobody is accepted", "one condition"],
)
def test_a_page_shows_potentials_changes_of_class_and_parameters(accept, conditions, panels):
    figure = Figure(layout="constrained")
    portraits.page(population(1000, accept, conditions), figure)
    assert len(figure.axes) == panels
    figure.draw_without_rendering()


def test_a_page_of_a_cell_without_threshold_has_no_classes():
    space = fr.space(fr.cells["glial cell"], P_Na=fr.lognormal(cv=0.5))
    figure = Figure(layout="constrained")
    portraits.page(space.population(1000, rng=1, conditions=CONDITIONS), figure)
    assert len(figure.axes) == 1 + 4


def test_new_panels_are_made_where_none_are_given(pop):
    figure = pop.plot_marginals()[0].figure
    try:
        assert len(figure.axes) == 2
    finally:
        plt.close(figure)
