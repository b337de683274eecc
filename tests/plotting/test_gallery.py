"""Every script of the gallery draws one figure with named axes, and prints a sentence about it."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib import pyplot as plt

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))
#: Names that scripts take from the package: each of them is public.
USED = re.compile(r"\bfr\.(\w+)")


@pytest.fixture(autouse=True)
def figures():
    plt.switch_backend("agg")
    plt.close("all")
    yield
    plt.close("all")


def is_named(axis):
    """Return True if an axis has a label, or words at its ticks, or shows no ticks' labels."""
    texts = [tick.get_text() for tick in axis.get_ticklabels() if tick.get_visible()]
    words = [text for text in texts if re.search(r"[A-Za-z]{2}|mathrm", text)]
    return bool(axis.get_label_text() or words) or not any(texts)


def shown(figure):
    return [ax for ax in figure.axes if ax.axison]


def run_script(script):
    """Run a script, and return its only figure, drawn."""
    runpy.run_path(str(script))
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    figure.draw_without_rendering()
    return figure


def test_there_are_pictures_for_each_kind_of_question():
    assert len(SCRIPTS) >= 15
    assert (
        (GALLERY / "GALLERY_HEADER.rst").read_text(encoding="utf-8").startswith("Gallery\n=======")
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_asks_a_question(script):
    text = script.read_text(encoding="utf-8")
    assert text.count("\n") <= 40
    docstring = text.split('"""')[1]
    title, rule, question = docstring.strip().split("\n", 2)
    assert rule == "=" * len(title)
    assert "?" in question.strip().split("\n\n")[0] + title
    public = __import__("fastrest").__all__
    assert set(USED.findall(text.replace("import fastrest as fr", ""))) <= {*public}
    assert not re.search(r"\bfastrest\.", text)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_draws_a_figure_with_named_axes(script, capsys):
    figure = run_script(script)
    assert shown(figure)
    for ax in shown(figure):
        assert ax.has_data() or ax.get_label() == "<colorbar>"
        assert is_named(ax.yaxis) or ax.get_label() == "<colorbar>"
        assert is_named(ax.xaxis) or ax.get_label() == "<colorbar>"
    assert any(ax.get_xlabel() for ax in shown(figure))
    printed = capsys.readouterr().out
    assert re.fullmatch(r"[A-Z0-9].*\d.*\.", printed.strip().splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_of_a_picture_is_cut_off(script):
    figure = run_script(script)
    page = figure.bbox
    for ax in shown(figure):
        seen = ax.get_tightbbox()
        inside = [page.x0 - 1 <= seen.x0, seen.x1 <= page.x1 + 1, seen.y1 <= page.y1 + 1]
        assert np.all([*inside, page.y0 - 1 <= seen.y0])
