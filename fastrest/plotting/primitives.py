"""Axes, titles, notes, labels, scales and legends, which all pictures share.

A picture without given axes has a pyplot figure of its own, which notebooks and ``plt.show()``
display, and which is closed again if drawing fails. On given axes a picture keeps the labels and
titles of users, and refuses axes on which an earlier picture shows another quantity.
"""

import contextlib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place = Literal["left", "center"]
LegendPlace = Literal["upper left", "lower right", "free"]
#: The most labels along an axis that can be read.
MOST_LABELS = 20
#: The most letters of all labels along the x axis; labels with more are turned.
LINE = 50
#: The name of the margin's value at which steady states cease to exist.
EDGE = "edge of existence"
#: Line styles of the values that are marked.
STYLES = {"threshold": "solid", "block": "dashed", EDGE: "solid"}
#: The place and direction of the labels of marked potentials, by the axis of the potentials.
LABELS: dict[str, dict[str, Any]] = {
    "x": {"xytext": (-2, -4), "rotation": 90, "ha": "right", "va": "top"},
    "y": {"xytext": (4, 2), "ha": "left", "va": "bottom"},
}
#: Tells the texts of pictures from those of users.
OURS = "fastrest"
#: Height of a line of small letters, in points, and the rim of a legend.
LINE_HEIGHT, RIM = 13.0, 12.0


class Quantity(NamedTuple):
    """The quantity on an axis: its label, and potentials to mark by lines."""

    label: str
    marks: Mapping[str, float] = types.MappingProxyType({})


@contextlib.contextmanager
def axes_or_new(ax: "Axes | None") -> Iterator["Axes"]:
    """Yield the given axes, or those of a new pyplot figure, which is closed after an error."""
    if ax is not None:
        yield ax
        return
    figure = pyplot().figure(layout="constrained")
    try:
        yield figure.subplots()
    except BaseException:
        pyplot().close(figure)
        raise


def pyplot() -> Any:
    """Return matplotlib.pyplot, or raise an ImportError that names the extra to install."""
    try:
        import matplotlib.pyplot
    except ImportError:
        raise ImportError("plot needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    return matplotlib.pyplot


# ---- texts ----


def number_text(value: float) -> str:
    """Return a number as pictures write it, with a minus sign unless matplotlib is told not to."""
    return real_minus(f"{value:g}")


def real_minus(text: str) -> str:
    """Return a text of numbers with minus signs for hyphens, as ``axes.unicode_minus`` says."""
    from matplotlib.ticker import Formatter

    return str(Formatter.fix_minus(text))


def texts_of(values: np.ndarray) -> list[str]:
    """Return numbers as texts, with as many digits as tell different numbers apart."""
    texts = [number_text(value) for value in values.tolist()]
    if len(set(texts)) < len(np.unique(values)):
        return [real_minus(repr(value)) for value in values.tolist()]
    return texts


def note_of_invalid(
    invalid: int, n: int, points: str = "points", mark: str = "", lacks: str = "potential"
) -> str:
    """Return the note that some of n points have no potential, or '' if all have one."""
    if not invalid:
        return ""
    have = "has" if invalid == 1 else "have"
    return f"{invalid:,} of {n:,} {points} {have} no {lacks}{mark and f' ({mark})'}"


def set_label(ax: "Axes", which: str, text: str) -> None:
    """Label an axis of the picture, or raise the ValueError if it shows another quantity.

    A label that the user has written stays.
    """
    axis = ax.xaxis if which == "x" else ax.yaxis
    earlier = axis.label.get_text()
    if not earlier:
        axis.set_label_text(text, gid=f"{OURS} {which}")
    elif axis.label.get_gid() == f"{OURS} {which}" and earlier != text:
        raise ValueError(
            f"the {which} axis of ax shows {earlier!r}, and this picture would show {text!r} "
            "there: pass other axes, or none for a new figure"
        )


def set_head(
    ax: "Axes", title: str, notes: Iterable[str] = (), loc: Place = "center", **style: Any
) -> None:
    """Write the title, and notes in small letters between it and the axes.

    The title of a user stays. If an earlier picture of another cell is in the axes, the title names
    both, and a legend tells them apart.
    """
    from matplotlib import rcParams
    from matplotlib.text import Text

    earlier = ax.get_title(loc)
    texts = [one for one in ax.get_children() if isinstance(one, Text) and one.get_gid() == OURS]
    if earlier and earlier not in [text.get_text() for text in texts]:
        title = ""
    elif earlier and title in ("", *earlier.split(", ")):
        title = earlier
    elif earlier:
        title = f"{earlier}, {title}"
        legend = ax.get_legend()
        drawn = [] if legend is None else [text.get_text() for text in legend.get_texts()]
        if drawn != ax.get_legend_handles_labels()[1]:
            add_legend(ax, "free")
    note = next((text for text in ax.texts if text.get_gid() == f"{OURS} notes"), None)
    lines = note.get_text().splitlines() if note else []
    lines += filter(None, notes)
    if lines:
        if note is None:
            how: Any = {"textcoords": "offset points", "fontsize": "small", "gid": f"{OURS} notes"}
            where: Any = {"ha": "right", "va": "bottom", "xycoords": "axes fraction"}
            note = ax.annotate("", (1, 1), xytext=(0, 3), **where, **how)
        note.set_text("\n".join(lines))
    if title:
        pad = rcParams["axes.titlepad"] + LINE_HEIGHT * len(lines)
        ax.set_title(title, loc=loc, pad=pad, gid=OURS, **style)


# ---- marks ----


def mark_text(name: str, value: float) -> str:
    """Return the value of a mark as a contour's label; an edge has none but its name."""
    return name if name == EDGE else f"{number_text(value)} mV"


def draw_marks(marks: Mapping[str, float], ax: "Axes", which: str) -> None:
    """Draw lines with labels at marked potentials; `which` is their axis, "x" or "y"."""
    for name, value in marks.items():
        line = ax.axvline if which == "x" else ax.axhline
        line(value, color="0.5", linewidth=0.8, linestyle=STYLES[name], zorder=0)
        place = (value, 1) if which == "x" else (0, value)
        along = ax.get_xaxis_transform() if which == "x" else ax.get_yaxis_transform()
        how: dict[str, Any] = {"color": "0.4", "fontsize": "small", **LABELS[which]}
        text = name if name == EDGE else f"{name} {mark_text(name, value)}"
        if text not in [one.get_text() for one in ax.texts]:
            ax.annotate(text, place, xycoords=along, textcoords="offset points", **how)


def draw_missing(x: np.ndarray, ax: "Axes", color: Any) -> None:
    """Draw a cross for each point without a potential, in a new row along the lower edge."""
    if not len(x):
        return
    rows = sum(line.get_gid() == f"{OURS} missing" for line in ax.lines)
    heights = np.full(len(x), 0.02 + 0.03 * rows)
    how: Any = {"color": color, "markersize": 5, "clip_on": False, "gid": f"{OURS} missing"}
    ax.plot(x, heights, "x", transform=ax.get_xaxis_transform(), **how)


def legend_text(name: str) -> str:
    """Return a name as a label that matplotlib does not leave out of legends."""
    return f" {name}" if not name or name.startswith("_") else name


def add_legend(ax: "Axes", place: LegendPlace, title: str = "", top: float | None = None) -> None:
    """Draw the legend in small letters where it covers nothing.

    Parameters
    ----------
    ax : Axes
    place : str
        A corner inside the axes, in matplotlib's words; or "free" for the right side of the axes if
        the figure has a layout engine, which makes room there, and else the best place inside.
    title : str
    top : float, optional
        The height above which nothing is drawn; by default the upper edge.
    """
    assert ax.figure is not None
    texts = ax.get_legend_handles_labels()[1]
    if not texts:
        return
    columns = max(1, min(len(texts), LINE // (4 + max(map(len, texts)))))
    how: Any = {"alignment": "left", "title": title or None, "loc": place}
    if place == "free":
        columns = -(-len(texts) // MOST_LABELS)
        how["loc"] = "best"
    if place == "free" and ax.figure.get_layout_engine() is not None:
        how.update(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        rows = -(-len(texts) // columns) + len(title.splitlines())
        height = ax.bbox.height * 72 / ax.figure.dpi
        room = min(0.6, (LINE_HEIGHT * rows + RIM) / height)
        low, high = ax.get_ylim()
        if place == "lower right":
            low = high - (high - low) / (1 - room)
        else:
            high = max(high, low + ((high if top is None else top) - low) / (1 - room))
        ax.set_ylim(low, high)
    legend = ax.legend(ncols=columns, fontsize="small", title_fontsize="small", **how)
    legend.set_gid(f"{OURS} legend")


def make_room(ax: "Axes") -> str | None:
    """Let the y axis fit new curves where an earlier legend has set it; return its title, or None.

    A y axis that users have set stays.
    """
    legend = ax.get_legend()
    if legend is None or legend.get_gid() != f"{OURS} legend":
        return None
    ax.autoscale(True, axis="y")
    return legend.get_title().get_text()


# ---- axes ----


def set_texts(ax: "Axes", which: str, texts: Sequence[str]) -> None:
    """Label the places 0, 1, 2, ... of an axis; if there are many, only every second or third."""
    step = -(-len(texts) // MOST_LABELS)
    places = np.arange(0, len(texts), step)
    ax.set(**{f"{which}ticks": places, f"{which}ticklabels": texts[::step]})
    if which == "x" and len(" ".join(texts[::step])) > LINE:
        ax.tick_params("x", rotation=90)


def set_scale(ax: "Axes", which: str, values: np.ndarray) -> None:
    """Make an axis logarithmic if its values are spread so: see `is_logarithmic`."""
    if not is_logarithmic(values):
        return
    from matplotlib.ticker import AutoLocator, LogLocator, NullFormatter, StrMethodFormatter

    ax.set(**{f"{which}scale": "log"})
    side = ax.xaxis if which == "x" else ax.yaxis
    decades = np.log10(values.max() / values.min())
    if decades < 1:  # the range may contain no 1, 2 or 5
        side.set_major_locator(AutoLocator())
    else:
        side.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 4 else (1,)))
    side.set_major_formatter(StrMethodFormatter("{x:g}"))
    side.set_minor_formatter(NullFormatter())


def is_logarithmic(values: np.ndarray) -> bool:
    """Return True for a geometric series, and for values such as 1, 2, 5, 10, 20, 50.

    The steps between neighbouring logarithms are then equal, or differ less than half as much as
    those between the values.
    """
    if len(values) < 3 or values.min() <= 0:
        return False
    ordered = np.unique(values)
    if len(ordered) < len(values):
        return False
    steps = np.diff(ordered)
    with np.errstate(over="ignore"):
        ratios = np.log(ordered[1:] / ordered[:-1])
    linear, logarithmic = steps.max() / steps.min(), ratios.max() / ratios.min()
    if logarithmic >= linear:
        return False
    return bool(logarithmic < 1 + 1e-6 or 2 * logarithmic < linear)
