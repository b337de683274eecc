"""Panels of third axes, lines and dots beside curves, colours, and the texts of numbers."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.labels import axis_label, output_label, symbol

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from fastrest.plotting.primitives import COLOURS, number_text, texts_of, visible, wrapped
from helpers.notation import K_OUT, P_NA

NEURON = fr.cells["mammalian neuron"]
MANY = np.geomspace(1, 50, 30)


@pytest.fixture(autouse=True)
def figures():
    plt.switch_backend("agg")
    plt.close("all")
    yield
    plt.close("all")


def dots(ax):
    return [line.get_xydata()[0].tolist() for line in ax.lines if line.get_label() == "_at rest"]


def names(ax):
    return [] if ax.get_legend() is None else [t.get_text() for t in ax.get_legend().get_texts()]


# ---- panels ----


def test_a_third_axis_makes_panels_of_heat_maps_with_the_same_colours():
    P_Na = [0.02, 0.04, 0.1]
    sweep = fr.grid(NEURON, K_out=MANY, Na_in=np.linspace(5, 30, 20), P_Na=P_Na)
    panels = sweep.plot(rest=True)
    assert [ax.get_title("left") for ax in panels] == [f"{P_NA} = {x}" for x in P_Na]
    values = sweep.values()
    for k, ax in enumerate(panels):
        mesh = ax.collections[0]
        np.testing.assert_allclose(mesh.get_array(), values[:, :, k].T, rtol=0, atol=1e-12)
        assert mesh.get_clim() == (values.min(), values.max())
        assert dots(ax) == ([[5.0, 15.0]] if k == 1 else [])
    (bar,) = [ax for ax in panels[0].figure.axes if ax not in panels]
    assert bar.get_ylabel() == "membrane potential (mV)"
    assert panels[0].figure.get_suptitle() == "mammalian neuron"


def test_panels_of_curves_have_one_scale_and_one_legend():
    sweep = fr.grid(NEURON, fr.axis("bath", K_out=[3.0, 9.0], labels=["low", "high"]),
                    P_Na=np.geomspace(0.01, 1, 20), P_Cl=[0.1, 0.45, 2])  # fmt: skip
    panels = sweep.plot(nernst="K")
    assert [ax.get_title("left") for ax in panels] == ["low", "high"]
    values = sweep.values()
    for k, ax in enumerate(panels):
        for line, row in zip(ax.lines[:3], values[k].T, strict=True):
            np.testing.assert_allclose(line.get_ydata(), row, rtol=0, atol=1e-12)
    assert len({ax.get_ylim() for ax in panels}) == 1
    assert [len(names(ax)) for ax in panels] == [0, 3 + 1 + 2]
    assert [ax.get_ylabel() != "" for ax in panels] == [True, False]
    assert not [text for text in panels[0].texts if "threshold" in text.get_text()]


def test_more_than_four_panels_have_two_rows_and_given_axes_are_used():
    sweep = fr.grid(NEURON, P_Cl=np.linspace(0, 2, 5), K_out=MANY, P_Na=np.linspace(0.1, 1, 9))
    assert len({ax.get_subplotspec().rowspan.start for ax in sweep.plot()}) == 2
    axes = Figure().subplots(2, 3)
    assert list(sweep.plot(axes)) == list(np.ravel(axes)[:5])
    assert not axes[1, 2].axison
    with pytest.raises(ValueError, match="ax must be axes for each value of P_Cl, 5, got 1"):
        sweep.plot(Figure().subplots())


def test_a_cell_that_has_no_panel_cannot_be_marked():
    sweep = fr.grid(NEURON, P_Na=[0.1, 0.2], K_out=MANY, Na_in=np.linspace(5, 30, 20))
    with pytest.raises(ValueError, match="the one with a panel for each value must have the cell"):
        sweep.plot(rest=True)
    assert plt.get_fignums() == []


def test_panels_without_any_potential_are_drawn():
    dead = NEURON.replace(P_K=0, P_Na=0, P_Cl=0)
    panels = fr.grid(dead, K_out=MANY, Na_in=np.arange(1.0, 10), Na_out=[90.0, 145.0]).plot()
    assert len(panels) == 2
    panels[0].figure.draw_without_rendering()


# ---- beside curves ----


def test_nernst_lines_of_a_family_are_one_or_one_for_each_curve(ax):
    def dashed(ax):
        return [line for line in ax.lines if line.get_label().startswith("_$E")]

    fr.grid(NEURON, K_out=MANY, P_Na=[0.01, 0.1]).plot(ax, nernst="K")
    (line,) = dashed(ax)
    assert to_hex(line.get_color()) == to_hex("0.3")
    other = Figure().subplots()
    fr.grid(NEURON, K_out=MANY, K_in=[100.0, 140, 180]).plot(other, nernst="K")
    assert len(dashed(other)) == 3
    for line, curve in zip(dashed(other), other.lines, strict=False):
        assert line.get_color() == curve.get_color()
    assert names(other).count(r"$E_\mathrm{K}$") == 1


def test_the_cell_rests_in_families_and_heat_maps(ax):
    fr.grid(NEURON, K_out=MANY, P_Na=[0.01, 0.1]).plot(ax, rest=True)
    assert dots(ax) == [[5.0, NEURON.potential()]]
    assert "at rest" in names(ax)
    other = Figure().subplots()
    fr.grid(NEURON, K_out=MANY, P_Na=np.geomspace(0.01, 1, 20)).plot(other, rest=True)
    assert dots(other) == [[5.0, 0.04]]
    assert "at rest" in [text.get_text() for text in other.texts]


def test_names_of_marks_are_beside_the_axes_that_have_a_layout():
    ax = fr.grid(NEURON, K_out=MANY).plot()
    ax.figure.draw_without_rendering()
    for text in ax.texts:
        assert text.get_window_extent().x0 >= ax.bbox.x1
    assert {text.get_text() for text in ax.texts} == {"threshold\n−55 mV", "block\n−40 mV"}


def test_names_of_near_marks_do_not_overlap():
    ax = fr.grid(NEURON.replace(threshold=-41.0), K_out=MANY).plot()
    ax.figure.draw_without_rendering()
    first, second = (text.get_window_extent() for text in ax.texts)
    assert not first.overlaps(second)


def test_the_title_of_a_user_makes_room_for_notes_and_curves_still_have_names():
    ax = plt.subplots(layout="constrained")[1]
    ax.set_title("mine", fontsize=7)
    potassium = NEURON.replace(P_Na=0, P_Cl=0, name="K alone")
    for cell in (potassium, NEURON):
        fr.grid(cell, K_out=np.linspace(0, 50, 30)).plot(ax)
    ax.figure.draw_without_rendering()
    (note,) = [text for text in ax.texts if "no potential" in text.get_text()]
    assert not note.get_window_extent().overlaps(ax.title.get_window_extent())
    assert (ax.get_title(), ax.title.get_fontsize(), ax.get_title("left")) == ("mine", 7, "")
    assert names(ax)[:2] == ["K alone", "mammalian neuron"]


# ---- colours ----


def test_colours_are_those_that_everybody_tells_apart_or_the_users(ax):
    labels = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    sweep = fr.grid(NEURON, labels, P_Na=MANY / 100)
    sweep.plot(ax)
    assert [to_hex(line.get_color()) for line in ax.lines[:3]] == [x.lower() for x in COLOURS[:3]]
    with matplotlib.rc_context({"axes.prop_cycle": matplotlib.cycler(color=["r", "g", "b"])}):
        other = sweep.plot(Figure().subplots())
    assert [line.get_color() for line in other.lines[:3]] == ["r", "g", "b"]


def test_values_in_order_have_shades_from_dark_to_light(ax):
    fr.grid(NEURON, K_out=MANY, P_Na=[0.01, 0.04, 0.1, 0.3]).plot(ax)
    light = [np.dot(line.get_color()[:3], (0.2126, 0.7152, 0.0722)) for line in ax.lines[:4]]
    assert (np.diff(light) > 0.1).all()


def test_a_change_of_both_signs_has_colours_that_meet_at_zero():
    tested = NEURON.under({"swap": {"K_out": 8.0, "P_Na": fr.times(0.5)}})
    of = fr.change("control", "swap")
    mesh = fr.grid(tested, K_out=MANY, P_Na=MANY / 100).plot(of=of).collections[0]
    low, high = mesh.get_clim()
    assert (low, mesh.get_cmap().name) == (-high, "RdBu_r")
    raised = NEURON.under({"high K": {"K_out": 60.0}})
    of = fr.change("control", "high K")
    mesh = fr.grid(raised, K_in=MANY + 60, P_Na=MANY / 100).plot(of=of).collections[0]
    assert (mesh.get_clim()[0] > 0, mesh.get_cmap().name) == (True, "viridis")


def test_an_event_is_drawn_as_no_and_yes():
    event = fr.between(-70, -55)
    ax = fr.grid(NEURON, K_out=MANY, P_Na=MANY / 100).plot(of=event)
    bar = ax.figure.axes[1]
    assert [text.get_text() for text in bar.get_yticklabels()] == ["no", "yes"]
    assert bar.get_ylabel() == "−70 ≤ V ≤ −55 mV"
    assert [t.get_text() for t in fr.grid(NEURON, K_out=MANY).plot(of=event).get_yticklabels()] == [
        "no", "yes"
    ]  # fmt: skip


# ---- texts ----


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.01, 0.04], ["0.01", "0.04"]),
        ([0.722857, 1.43571], ["0.723", "1.44"]),
        ([1234.0, 2], ["1234", "2"]),
        ([1234.5, -2], ["1234", "−2"]),
        ([0.0401, 0.04012], ["0.0401", "0.04012"]),
        ([2.612e-8, 1.047e-7], ["2.61×10$^{-8}$", "1.05×10$^{-7}$"]),
        ([0.0, np.nan], ["0", "nan"]),
    ],
)
def test_numbers_have_the_digits_that_tell_them_apart(values, texts):
    assert texts_of(np.array(values)) == texts


def test_numbers_of_one_kind():
    assert number_text(-55.0) == "−55"
    assert number_text(123456.7) == "123457"


def test_labels_are_wrapped_by_their_visible_letters():
    label = f"change of {K_OUT} from control to high potassium"
    assert visible(K_OUT) == "[K+]o (mM)"
    lines = wrapped(label, 24).split("\n")
    assert " ".join(lines) == label
    assert all(len(visible(line)) <= 24 for line in lines)
    assert len(lines) == 3


def test_relative_permeabilities_are_ratios_only_to_a_fixed_one():
    model = NEURON.model
    assert axis_label(model, "P_Na", {"P_K": 1.0}) == P_NA
    assert axis_label(model, "P_Na", {"P_K": 2.0}) == r"$P_\mathrm{Na}$ (relative)"
    assert axis_label(model, "P_Na", {"P_Cl": 1.0}) == r"$P_\mathrm{Na}/P_\mathrm{Cl}$"
    assert axis_label(model, "P_K", {"P_K": 1.0}) == r"$P_\mathrm{K}$ (relative)"
    absolute = NEURON.absolute(R_m=7).model
    assert axis_label(absolute, "P_Na", {"P_K": 1.0}) == r"$P_\mathrm{Na}$ (cm/s)"
    ax = fr.grid(NEURON, P_Na=[0.1, 0.2, 0.3], P_K=[1.0, 2.0]).plot(Figure().subplots())
    assert ax.get_xlabel() == r"$P_\mathrm{Na}$ (relative)"


def test_outputs_have_symbols():
    assert symbol(NEURON.model, "nothing") == "nothing"
    assert output_label(NEURON.model.outputs["E_K"]) == r"Nernst potential $E_\mathrm{K}$ (mV)"
    living = NEURON.living(R_m=7).model
    assert output_label(living.outputs["Na_in"]) == r"[Na$^{+}$]$_\mathrm{i}$ (mM)"
    assert output_label(living.outputs["I_pump"]) == "pump current, outward positive (µA/cm²)"
