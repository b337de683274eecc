"""Charts of arrays: histograms, curves, heat maps, scatter plots, and bars of sensitivity."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastrest.plotting.primitives import (
    STYLES,
    Quantity,
    axes_or_new,
    draw_marks,
    set_labels,
    set_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Side(NamedTuple):
    """One axis of a picture.

    Attributes
    ----------
    label : str
    places : ndarray
        Coordinates of the drawn points.
    values : ndarray
        All values of the axis, which choose its scale.
    texts : list of str or None
        Labels of the points, which are then drawn at equal distances.
    """

    label: str
    places: np.ndarray
    values: np.ndarray
    texts: list[str] | None


def histogram(
    counts: np.ndarray,
    edges: np.ndarray,
    below: int,
    above: int,
    ax: "Axes | None",
    quantity: Quantity,
    title: str = "",
) -> "Axes":
    """Draw counts between edges as steps, with lines at marked potentials."""
    ax = axes_or_new(ax)
    ax.stairs(counts, edges, fill=True, alpha=0.7)
    ax.set(xlabel=quantity.label, ylabel="points", xlim=edges[[0, -1]])
    ax.set_ylim(0, 1.3 * max(1, int(counts.max())))  # labels stand above the steps
    if below or above:
        beyond = f"{below:,} points below, {above:,} above the edges"
        ax.set_title(beyond, fontsize="small", loc="right")
    draw_marks(quantity.marks, ax, "x")
    ax.set_title(title, loc="left")
    return ax


def curve(side: Side, values: np.ndarray, ax: "Axes", quantity: Quantity) -> None:
    """Draw values along one axis, with lines at marked potentials."""
    places = _draw_side(side, ax, "x")
    marker = "o" if side.texts is not None or len(values) < 8 else ""
    ax.plot(places, values, marker=marker)
    ax.set_ylabel(quantity.label)
    draw_marks(quantity.marks, ax, "y")


def heat_map(sides: tuple[Side, ...], values: np.ndarray, ax: "Axes", quantity: Quantity) -> None:
    """Draw values over two axes, with contours at marked potentials."""
    x, y = (_draw_side(side, ax, which) for side, which in zip(sides, "xy"))
    shown = np.ma.masked_invalid(values).T
    ax.set_facecolor("0.8")  # the colour of points without a potential
    mesh = ax.pcolormesh(x, y, shown, shading="nearest", cmap="viridis", rasterized=True)
    assert ax.figure is not None
    ax.figure.colorbar(mesh, ax=ax, label=quantity.label)
    low, high = shown.min(), shown.max()
    seen = sorted((v, STYLES[name]) for name, v in quantity.marks.items() if low < v < high)
    if seen:
        levels, styles = zip(*seen, strict=True)
        lines = ax.contour(x, y, shown, levels, colors="white", linestyles=styles)
        # the contour of a level is empty if only points without a potential are near it
        middles = [_middle(ax, parts) for parts in lines.allsegs if any(len(p) > 1 for p in parts)]
        ax.clabel(lines, fmt="%g mV", manual=middles)


def scatter(x: np.ndarray, label: str, values: np.ndarray, ax: "Axes", quantity: Quantity) -> None:
    """Draw one dot per value."""
    ax.plot(x, values, ".", rasterized=True)
    ax.set(xlabel=label, ylabel=quantity.label)
    draw_marks(quantity.marks, ax, "y")


def _draw_side(side: Side, ax: "Axes", which: str) -> Any:
    """Label one axis of the picture, and return the coordinates of the points along it."""
    ax.set(**{f"{which}label": side.label})
    if side.texts is not None:
        set_labels(ax, which, side.texts)
        return np.arange(len(side.texts))
    set_scale(ax, which, side.values)
    return side.places


def _middle(ax: "Axes", parts: list[np.ndarray]) -> np.ndarray:
    """Return the middle of the longest part of a contour, by its length on the screen."""
    seen = [np.hypot(*np.diff(ax.transData.transform(part), axis=0).T) for part in parts]
    longest = int(np.argmax([steps.sum() for steps in seen]))
    way = np.cumsum(seen[longest])
    return np.asarray(parts[longest][np.searchsorted(way, way[-1] / 2)])


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
