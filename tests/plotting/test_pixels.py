"""Six pictures look as their small baselines do, within a tolerance.

Texts and legends are left out, because fonts differ between versions of matplotlib; other tests
read them. After a change that was looked at, ``python tests/plotting/test_pixels.py --write``
draws the baselines anew.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

BASELINES = Path(__file__).parents[1] / "data" / "pictures"
#: The root mean square of differences, in 255ths, that counts as none. Versions of matplotlib
#: differ by less than 3, and pictures that lack a line by more than 6.
TOLERANCE = 4.0
NEURON = fr.cells["mammalian neuron"]
K_OUT = np.geomspace(1, 60, 60)
SPACE = fr.space(
    NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6), K_in=fr.normal(sd=10, low=0)
)


def rundown(axes):
    living = NEURON.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5)
    stop = {0: fr.states["pump block"], 1800: {}}
    living.rundown(stop, time=np.arange(0, 3601, 30), diameter=20).plot(["V", "Na_in"], axes)


#: Pictures by name: how many axes they need, and what draws them.
PICTURES = {
    "curve": (1, lambda ax: fr.grid(NEURON, K_out=K_OUT).plot(ax, nernst="K", rest=True)),
    "family": (1, lambda ax: fr.grid(NEURON, K_out=K_OUT, P_Na=[0.01, 0.04, 0.1, 0.3]).plot(ax)),
    "heat_map": (
        1,
        lambda ax: fr.grid(NEURON, K_out=K_OUT, P_Na=np.geomspace(0.005, 0.5, 60)).plot(
            ax, rest=True
        ),
    ),
    "panels": (
        3,
        lambda axes: fr.grid(
            NEURON, K_out=K_OUT, P_Cl=[0, 0.45, 2], Cl_in=np.linspace(5, 30, 5)
        ).plot(axes),
    ),
    "tornado": (1, lambda ax: SPACE.swings().plot(ax)),
    "rundown": (2, rundown),
}


def draw(name, path, also=lambda axes: None):
    """Draw a picture without texts, 240 x 160 pixels."""
    count, draw_on = PICTURES[name]
    with matplotlib.rc_context(matplotlib.rcParamsDefault | {"backend": "agg"}):
        figure = Figure(figsize=(4.8, 3.2), dpi=50)
        axes = figure.subplots(1, count) if count > 1 else figure.subplots()
        draw_on(axes)
        also(np.ravel(axes))
        for ax in figure.axes:
            if ax.get_legend():
                ax.get_legend().remove()
        for text in figure.findobj(Text):
            text.set_visible(False)
        figure.savefig(path, metadata={"Software": None})
    return str(path)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name, tmp_path):
    drawn = draw(name, tmp_path / "drawn.png")
    assert compare_images(str(BASELINES / f"{name}.png"), drawn, TOLERANCE) is None


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_differs_is_seen(name, tmp_path):
    def change(axes):
        ax = axes[-1]
        one = [*ax.collections, *ax.patches, *[x for x in ax.lines if len(x.get_xdata()) > 2]][0]
        one.remove()

    drawn = draw(name, tmp_path / "drawn.png", change)
    assert compare_images(str(BASELINES / f"{name}.png"), drawn, TOLERANCE) is not None


def test_baselines_are_small_and_of_these_pictures():
    files = sorted(BASELINES.iterdir())
    assert [path.stem for path in files] == sorted(PICTURES)
    assert all(path.stat().st_size < 20_000 for path in files)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    BASELINES.mkdir(exist_ok=True)
    for name in PICTURES:
        draw(name, BASELINES / f"{name}.png")
