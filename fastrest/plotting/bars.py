"""Bar charts of sensitivity: tornado charts and indices."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastrest.plotting.primitives import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Legends of sensitivity indices.
MEASURES = {"S1": "alone (S1)", "ST": "with the others (ST)", "dgsm": "at most (dgsm)"}


def tornado(bars: Mapping[str, float], label: str, ax: "Axes | None") -> "Axes":
    """Draw a horizontal bar for each name, the longest on top."""
    ax = axes_or_new(ax)
    names = sorted(bars, key=bars.__getitem__)
    ax.barh(names, [bars[name] for name in names])
    ax.set(xlabel=label)
    return ax


def indices(
    names: Sequence[str],
    bars: Mapping[str, np.ndarray],
    widths: Mapping[str, np.ndarray],
    quantity: str,
    ax: "Axes | None",
    title: str,
    note: str,
) -> "Axes":
    """Draw sensitivity indices with the half-widths of their intervals, the first input on top."""
    ax = axes_or_new(ax)
    places, height = np.arange(len(names)), 0.8 / len(bars)
    for i, (key, values) in enumerate(bars.items()):
        ax.barh(
            places + (len(bars) - 1 - 2 * i) * height / 2,
            values[::-1],
            height,
            xerr=widths[key][::-1] if key in widths else None,
            label=MEASURES[key],
            color=f"C{i}",
            error_kw={"elinewidth": 0.8, "capsize": 2},
        )
    ax.set_yticks(places, names[::-1])
    ax.set(xlabel=f"part of the variance of {quantity}")
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.legend(loc="lower right")
    ax.set_title(title, loc="left")
    ax.set_title(note, loc="right", fontsize="small")
    return ax


def swings(
    names: Sequence[str],
    ends: Mapping[float, np.ndarray],
    middle: float,
    label: str,
    ax: "Axes | None",
    title: str,
) -> "Axes":
    """Draw values at quantiles of inputs as bars from a middle value, the first input on top."""
    ax = axes_or_new(ax)
    places = np.arange(len(names))
    for i, (q, V) in enumerate(ends.items()):
        widths = np.where(np.isfinite(V), V - middle, np.nan)[::-1]
        quantile = f"at its {100 * q:g} % quantile"
        ax.barh(places, widths, 0.7, left=middle, label=quantile, color=f"C{i}")
    ax.axvline(middle, color="0.2", linewidth=0.8)
    ax.set_yticks(places, names[::-1])
    ax.set(xlabel=f"{label}, the other inputs at their medians")
    ax.legend(loc="lower right")
    ax.set_title(title)
    return ax
