"""Pictures of sweeps: data, labels with units, boundaries, and sweeps that cannot be drawn."""

import itertools

import numpy as np
import pytest

import fastrest as fr

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from helpers.notation import K_OUT, P_NA

NEURON = fr.cells["mammalian neuron"]


def test_plot_of_one_axis_is_a_curve_of_values(ax):
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 100))
    assert sweep.plot(ax) is ax
    x, y = ax.lines[0].get_data()
    assert np.array_equal(x, sweep.axis_values("K_out"))
    assert np.array_equal(y, sweep.values())
    assert ax.get_xlabel() == K_OUT
    assert ax.get_ylabel() == "membrane potential (mV)"
    assert ax.get_title("left") == "mammalian neuron"


def test_plot_marks_threshold_and_block(ax):
    fr.grid(NEURON, K_out=np.linspace(1, 50, 9)).plot(ax)
    assert {line.get_ydata()[0] for line in ax.lines[1:]} == {-55.0, -40.0}
    assert {text.get_text() for text in ax.texts} == {"threshold −55 mV", "block −40 mV"}


def test_plot_of_a_cell_without_threshold_has_no_marks(ax):
    fr.grid(fr.cells["glial cell"], K_out=np.linspace(1, 50, 9)).plot(ax)
    assert len(ax.lines) == 1


@pytest.mark.parametrize(
    ("wanted", "ions"), [("K", ["K"]), (["Na", "K"], ["Na", "K"]), (True, ["K", "Na", "Cl"])]
)
def test_nernst_potentials_are_dashed_lines(ax, wanted, ions):
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 9))
    sweep.plot(ax, nernst=wanted)
    lines = [line for line in ax.lines if line.get_label().startswith("_$E")]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    for line, ion in zip(lines, ions, strict=True):
        assert rf"$E_\mathrm{{{ion}}}$" in names
        assert line.get_linestyle() == ("--", "-.", ":")[ions.index(ion)]
        assert line.get_color() == ax.lines[0].get_color()
        assert np.array_equal(line.get_ydata(), sweep.values(of=f"E_{ion}"))
    assert ax.get_ylim()[0] < min(line.get_ydata().min() for line in lines)


def test_the_cell_rests_on_its_curve(ax):
    fr.grid(NEURON, K_out=np.geomspace(1, 50, 9)).plot(ax, rest=True)
    (dot,) = [line for line in ax.lines if line.get_label() == "_at rest"]
    assert dot.get_data() == ([5.0], [NEURON.potential()])


@pytest.mark.parametrize(
    ("axes", "options", "text"),
    [
        (
            {"K_out": np.arange(1.0, 10), "P_Na": np.arange(1.0, 10)},
            {"nernst": True},
            "nernst needs a grid that is drawn as curves",
        ),
        ({"K_out": [3.0, 5]}, {"nernst": "K", "of": "E_K"}, "and of='V'"),
        ({"K_out": [3.0, 5]}, {"nernst": "Mg"}, "unknown permeant ion 'Mg'"),
        ({"K_out": [5.0, 5]}, {"rest": True}, "needs a grid, and on every axis a parameter"),
    ],
)
def test_lines_that_do_not_fit_are_refused(ax, axes, options, text):
    with pytest.raises(ValueError, match=text):
        fr.grid(NEURON, **axes).plot(ax, **options)
    assert not ax.has_data()


def test_labels_are_in_the_notation_of_the_field():
    cell = fr.Cell(fr.Chord("Ca", "Cl", pump="constant"), g_Ca=1, g_Cl=2, Ca_out=2, Ca_in=1e-4,
                   Cl_out=110, Cl_in=7, celsius=37, pump_max=0.1)  # fmt: skip
    labels = [
        fr.grid(cell, **{name: [1.0, 2, 3]}).plot(Figure().subplots()).get_xlabel()
        for name in ("Ca_in", "Cl_out", "g_Ca", "celsius", "pump_max")
    ]
    assert labels == [
        r"[Ca$^{2+}$]$_\mathrm{i}$ (mM)",
        r"[Cl$^{-}$]$_\mathrm{o}$ (mM)",
        r"$g_\mathrm{Ca}$ (mS/cm²)",
        "temperature (°C)",
        "pump current, outward positive (µA/cm²)",
    ]


def test_heat_map_has_a_colour_bar_and_contours_at_the_boundaries(ax):
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 30), P_Na=np.geomspace(0.005, 0.5, 20))
    sweep.plot(ax)
    mesh, contours = ax.collections[0], ax.collections[1]
    assert np.array_equal(mesh.get_array(), sweep.values().T)
    assert list(contours.levels) == [-55.0, -40.0]
    assert ax.figure.axes[1].get_ylabel() == "membrane potential (mV)"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_ylabel() == P_NA


def test_plot_of_a_large_grid_is_thinned_but_keeps_its_ends(ax):
    k = np.geomspace(1, 50, 5000)
    fr.grid(NEURON, K_out=k, P_Na=np.linspace(0.01, 0.1, 3000)).plot(ax)
    assert ax.collections[0].get_array().shape == (800, 800)
    assert ax.get_xscale() == "log"


def test_plot_leaves_out_points_without_potential(ax):
    cell = NEURON.replace(P_Na=0, P_Cl=0)
    fr.grid(cell, K_out=np.arange(9.0), K_in=np.linspace(100, 140, 10)).plot(ax)
    assert ax.collections[0].get_array().mask.sum() == 10


def test_plot_has_labels_at_their_places(ax):
    states = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    fr.grid(NEURON, states).plot(ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["low", "normal", "high"]
    assert ax.get_xlabel() == "state"


def test_plot_of_a_coupled_axis_names_its_parameter(ax):
    k = np.linspace(2, 30, 9)
    fr.grid(NEURON, fr.axis("ringer", K_out=k, Na_out=150 - k)).plot(ax)
    assert ax.get_xlabel() == f"ringer: {K_OUT}"


def test_plot_orders_unordered_values(ax):
    K_out = [5.0, 40, 3, 20, 6, 7, 8, 9, 10]
    sweep = fr.grid(NEURON, K_out=K_out, P_Na=np.linspace(0.01, 1, 30))
    sweep.plot(ax)
    mesh = ax.collections[0]
    assert np.array_equal(mesh.get_array(), sweep.values()[np.argsort(K_out)].T)
    other = Figure().subplots()
    fr.grid(NEURON, K_out=K_out).plot(other)
    x, y = other.lines[0].get_data()
    assert x.tolist() == sorted(K_out)
    assert np.array_equal(y, fr.grid(NEURON, K_out=x).values())


def test_plot_of_an_axis_uses_a_parameter_that_varies(ax):
    Na_out = [100, 120, 145, 150, 155, 160, 165, 170, 180]
    q = fr.axis("q", K_out=[5] * 9, Na_out=Na_out)
    fr.grid(NEURON, q, P_Na=np.linspace(0.1, 1, 9)).plot(ax)
    assert ax.get_xlabel() == r"q: [Na$^{+}$]$_\mathrm{o}$ (mM)"
    edges = ax.collections[0].get_coordinates()[0, :, 0].tolist()
    assert edges == [90, 110, 132.5, 147.5, 152.5, 157.5, 162.5, 167.5, 175, 185]


def test_plot_puts_repeated_values_side_by_side(ax):
    K_out = [5.0, 40, 5, 20, 6, 7, 8, 9, 10]
    sweep = fr.grid(NEURON, K_out=K_out, P_Na=np.geomspace(0.01, 1, 10))
    sweep.plot(ax)
    assert ax.collections[0].get_coordinates()[0, :, 0].tolist() == [i - 0.5 for i in range(10)]
    assert np.array_equal(ax.collections[0].get_array(), sweep.values().T)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [f"{k:g}" for k in K_out]
    assert ax.get_xlabel() == K_OUT


def test_heat_map_without_crossings_has_no_contour_label(ax):
    # -55 mV lies between the first and the last place, but between them is no potential
    ends = {"P_K": [1, 0], "P_Na": [0.04, 1], "P_Cl": [0.45, 0]}
    axis = {name: [first, *[0] * 7, last] for name, (first, last) in ends.items()}
    fr.grid(NEURON, fr.axis("p", labels=[*"abcdefghi"], **axis), K_out=np.arange(1.0, 10)).plot(ax)
    assert [text.get_text() for text in ax.texts] == ["63 of 81 points have no potential (grey)"]


@pytest.mark.parametrize("ends", [(2.1, 4.9), (1, 50), (1e-3, 100), (1e-8, 10), (1e-20, 100)])
def test_plot_of_a_log_axis_has_tick_labels_wherever_it_lies(ax, ends):
    fr.grid(NEURON, K_out=np.geomspace(*ends, 60), P_Na=[0.01, 0.1]).plot(ax)
    assert ax.get_xscale() == "log"
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    seen = [t for t in ax.get_xticklabels() if t.get_text() and low <= t.get_position()[0] <= high]
    assert 3 <= len(seen) <= 12


def test_plot_thins_labels_that_would_overlap(ax):
    labels = [f"mixture {i}" for i in range(60)]
    mixtures = fr.axis("mixture", K_out=np.linspace(1, 50, 60), labels=labels)
    fr.grid(NEURON, mixtures).plot(ax)
    ax.figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels()]
    assert len(boxes) > 10
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_plot_of_a_table_is_over_its_column_or_rows(ax):
    fr.table(NEURON, {"K_out": [3.0, 1.0, 2.0]}).plot(ax)
    assert ax.get_xlabel() == K_OUT
    other = Figure().subplots()
    fr.table(NEURON, {"K_out": [3.0, 1.0], "P_Na": [0.1, 0.2]}).plot(other)
    assert other.get_xlabel() == "row"


@pytest.mark.parametrize(
    ("axes", "got"),
    [
        ({"K_out": 9, "P_Na": 10, "celsius": 11}, r"9 x 10 x 11 points \(K_out, P_Na, celsius\)"),
        ({"K_out": 2, "P_Na": 2, "P_Cl": 2, "celsius": 2}, r"2 x 2 x 2 x 2 points \(K_out, .*\)"),
    ],
)
def test_plot_refuses_too_many_axes_with_a_remedy(ax, axes, got):
    sweep = fr.grid(NEURON, **{name: np.linspace(1.0, 2, n) for name, n in axes.items()})
    with pytest.raises(ValueError, match=rf"three of which one has at most 8 values, got {got}"):
        sweep.plot(ax)


def test_plot_of_one_line_is_a_curve_with_its_value(ax):
    fr.grid(NEURON, K_out=[1.0, 2], P_Na=[0.1]).plot(ax)
    assert ax.get_legend().get_texts()[0].get_text() == "0.1"
