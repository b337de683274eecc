"""Axes, marked potentials, scales and labels, which all pictures share."""

import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most labels along an axis that can be read.
MOST_LABELS = 20
#: The most letters of all labels along the x axis; labels with more are turned.
LINE = 50
#: Line styles of the potentials that a cell marks.
STYLES = {"threshold": "solid", "block": "dashed"}
#: The place and direction of the labels of marked potentials, by the axis of the potentials.
LABELS: dict[str, dict[str, Any]] = {
    "x": {"xytext": (-2, -4), "rotation": 90, "ha": "right", "va": "top"},
    "y": {"xytext": (4, 2), "ha": "left", "va": "bottom"},
}


class Quantity(NamedTuple):
    """The quantity on an axis: its label, and potentials to mark by lines."""

    label: str = "membrane potential (mV)"
    marks: Mapping[str, float] = types.MappingProxyType({})


def axes_or_new(ax: "Axes | None") -> "Axes":
    """Return the given axes, or pyplot's current axes if None is given."""
    return pyplot().gca() if ax is None else ax


def pyplot() -> Any:
    """Return matplotlib.pyplot, or raise an ImportError that names the extra to install."""
    try:
        import matplotlib.pyplot
    except ImportError:
        raise ImportError("plot needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    return matplotlib.pyplot


def draw_marks(marks: Mapping[str, float], ax: "Axes", which: str) -> None:
    """Draw lines with labels at marked potentials; `which` is their axis, "x" or "y"."""
    for name, value in marks.items():
        line = ax.axvline if which == "x" else ax.axhline
        line(value, color="0.5", linewidth=0.8, linestyle=STYLES[name], zorder=0)
        place = (value, 1) if which == "x" else (0, value)
        along = ax.get_xaxis_transform() if which == "x" else ax.get_yaxis_transform()
        how: dict[str, Any] = {"color": "0.4", "fontsize": "small", **LABELS[which]}
        ax.annotate(
            f"{name} {value:g} mV", place, xycoords=along, textcoords="offset points", **how
        )


def set_labels(ax: "Axes", which: str, texts: Sequence[str]) -> None:
    """Label the places 0, 1, 2, ... of an axis; if there are many, only every second or third."""
    step = -(-len(texts) // MOST_LABELS)
    places = np.arange(0, len(texts), step)
    ax.set(**{f"{which}ticks": places, f"{which}ticklabels": texts[::step]})
    if which == "x" and len(" ".join(texts[::step])) > LINE:
        ax.tick_params("x", rotation=90)


def set_scale(ax: "Axes", which: str, values: np.ndarray) -> None:
    """Make an axis logarithmic if its values form a geometric series."""
    if not _is_geometric(np.sort(values)):
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


def _is_geometric(values: np.ndarray) -> bool:
    if len(values) < 3 or values.min() <= 0:
        return False
    ratios = values[1:] / values[:-1]
    return bool(np.ptp(ratios) < 1e-6 * abs(ratios[0]) and abs(ratios[0] - 1) > 1e-6)
