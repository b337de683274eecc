"""Pictures of populations."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.nouns import population_plots

pytest.importorskip("matplotlib")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from helpers.notation import K_OUT, P_NA

NEURON = fr.cells["mammalian neuron"]
CONDITIONS = {"control": {}, "high K": {"K_out": 8.0}, "leaky": {"P_Na": fr.times(2)}}


def population(n=10**4, accept=(), conditions=CONDITIONS, **inputs):
    two = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.normal(sd=1, low=0)}
    space = fr.space(NEURON, **(inputs or two))
    return space.population(n, rng=1, conditions=conditions, accept=accept)


@pytest.fixture(scope="module")
def pop():
    return population(accept=[fr.between(-75, -65)])


def patches(ax, filled):
    """Return the drawn histograms: those filled, or those of lines."""
    return [one for one in ax.patches if one.get_fill() == filled]


def test_plot_has_densities_of_all_and_of_accepted_cells(pop, ax):
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
def test_plot_shows_threshold_and_block_wherever_the_potentials_lie(ax, P_Na):
    population(1000, P_Na=fr.uniform(*P_Na)).plot(ax)
    low, high = ax.get_xlim()
    assert low < -55 < -40 < high
    assert {text.get_text() for text in ax.texts} == {"threshold −55 mV", "block −40 mV"}


def test_plot_scales_to_all_candidates_if_few_are_accepted(ax):
    population(10**4, [fr.between(-70, -69.999)]).plot(ax)
    assert ax.get_ylim()[1] < 6 * max(one.get_data()[0].max() for one in patches(ax, False))


def test_plot_of_a_population_without_members(ax):
    pop = population(1000, [fr.between(10, 20)])
    pop.plot(ax)
    assert ax.get_title("left") == "mammalian neuron: none of 1,000 candidates accepted"
    assert not any(one.get_data()[0].any() for one in patches(ax, True))
    for panel in pop.plot_marginals(Figure().subplots(1, 2)):
        assert [one.get_data()[0].any() for one in panel.patches] == [False, True]
    panels = pop.plot_pairs(axes=Figure().subplots(2, 2))
    words = panels[0, 1].texts[0].get_text().split()
    assert " ".join(words) == "mammalian neuron: none of 1,000 candidates accepted"
    assert panels[1, 0].lines[0].get_xdata().size == 0


@pytest.mark.parametrize("draw", ["plot", "plot_marginals", "plot_pairs"])
def test_plots_of_candidates_without_potentials(draw):
    space = fr.space(NEURON.replace(P_K=0, P_Na=0, P_Cl=0), K_out=fr.uniform(3, 6))
    pop = space.population(100, rng=1)
    ax = Figure().subplots()
    getattr(pop, draw)(**({"ax": ax} if draw == "plot" else {"axes": ax}))
    ax.figure.draw_without_rendering()


def test_plot_marginals_has_densities_of_all_and_of_accepted_cells(pop):
    axes = Figure().subplots(2, 2)
    found = pop.plot_marginals(axes)
    assert [ax.get_xlabel() for ax in found] == [P_NA, K_OUT]
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


def test_plot_marginals_has_wider_bins_for_fewer_accepted_cells(pop):
    few = population(10**4, [fr.between(-70, -69.9)])
    many, wide = (
        len(patches(p.plot_marginals(Figure().subplots(1, 2))[0], True)[0].get_data()[0])
        for p in (pop, few)
    )
    assert many == 64
    assert 8 <= wide < 64


def test_plot_pairs_shows_members_within_the_bounds(pop):
    axes = pop.plot_pairs(axes=Figure().subplots(2, 2))
    x = pop.members(sample=2000, rng=0).parameters
    (dots,) = axes[1, 0].lines
    assert np.array_equal(dots.get_data(), [x["P_Na"], x["K_out"]])
    low, high = axes[1, 0].get_xlim()
    assert low <= x["P_Na"].min()
    assert x["P_Na"].max() <= high
    assert axes[1, 0].get_xlabel() == P_NA.replace(" ", "\n")
    assert axes[1, 0].get_ylabel() == K_OUT.replace(" ", "\n")
    assert not axes[0, 1].axison


def test_plot_pairs_takes_a_choice_of_parameters(pop):
    (ax,) = pop.plot_pairs(["K_out"], axes=Figure().subplots()).ravel()
    assert ax.get_xlabel() == K_OUT.replace(" ", "\n")
    with pytest.raises(ValueError, match=r"unknown parameter 'K_ou': did you mean K_out"):
        pop.plot_pairs(["K_ou"])


def test_plot_marginals_refuses_too_few_axes(pop):
    with pytest.raises(ValueError, match=r"axes must be at least 2, got 1"):
        pop.plot_marginals(Figure().subplots())


def test_plot_of_a_constant_derived_parameter():
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), Na_out=fr.affine(150, K_out=-1))
    space.population(1000, rng=1).plot_marginals(Figure().subplots(1, 2))


def test_plot_transitions_writes_counts_into_squares(pop, ax):
    assert pop.plot_transition("control", "leaky", ax) is ax
    found = pop.transition("control", "leaky")
    texts = [text.get_text() for text in ax.texts if text.get_gid() is None]
    assert texts[0].startswith(f"{found['resting', 'resting']:,}\n")
    assert texts[1].startswith(f"{found['resting', 'suprathreshold']:,}\n")
    assert texts[-1] == "0"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("leaky", "control")
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "resting", "suprathreshold", "depolarisation\nblock"
    ]  # fmt: skip


def test_plot_transitions_takes_all_candidates(pop, ax):
    pop.plot_transition("control", "leaky", ax, accepted=False)
    n = pop.transition("control", "leaky", accepted=False)["resting", "resting"]
    assert ax.texts[0].get_text().startswith(f"{n:,}\n")


@pytest.mark.parametrize(
    ("accept", "conditions", "panels"),
    [((), CONDITIONS, 1 + 3 + 4), ([fr.between(10, 20)], CONDITIONS, 1 + 4), ((), None, 1 + 4)],
    ids=["some change class", "nobody is accepted", "one condition"],
)
def test_population_page_shows_potentials_transitions_and_parameters(accept, conditions, panels):
    figure = Figure(layout="constrained")
    population_plots.page(population(1000, accept, conditions), figure)
    assert len(figure.axes) == panels
    figure.draw_without_rendering()


def test_population_page_of_a_cell_without_threshold_has_no_classes():
    space = fr.space(fr.cells["glial cell"], P_Na=fr.lognormal(cv=0.5))
    figure = Figure(layout="constrained")
    population_plots.page(space.population(1000, rng=1, conditions=CONDITIONS), figure)
    assert len(figure.axes) == 1 + 4


def test_plots_make_new_panels_by_default(pop):
    figure = pop.plot_marginals()[0].figure
    try:
        assert len(figure.axes) == 2
    finally:
        plt.close(figure)
