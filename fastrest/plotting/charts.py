"""Charts of arrays: histograms, curves, heat maps, scatter plots, and bars of sensitivity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastrest.plotting.primitives import (
    EDGE,
    STYLES,
    Place,
    Quantity,
    add_legend,
    axes_or_new,
    draw_marks,
    draw_missing,
    legend_text,
    make_room,
    mark_text,
    note_of_invalid,
    pyplot,
    real_minus,
    set_head,
    set_label,
    set_scale,
    set_texts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points on a curve that are few enough for a dot each.
FEW = 8

#: The lowest margin of existence that a heat map tells from lower ones.
LOWEST_MARGIN = -1.0


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
    domain : tuple of float
        The lowest and the highest possible value.
    """

    label: str
    places: np.ndarray
    values: np.ndarray
    texts: list[str] | None
    domain: tuple[float, float]


def histogram(
    counts: np.ndarray,
    edges: np.ndarray,
    ax: "Axes | None",
    quantity: Quantity,
    title: str,
    notes: Iterable[str] = (),
    loc: Place = "left",
) -> "Axes":
    """Draw counts between edges as steps, with lines at marked potentials."""
    with axes_or_new(ax) as ax:
        set_label(ax, "x", quantity.label)
        set_label(ax, "y", "points")
        earlier = [(*ax.get_xlim(), ax.get_ylim()[1])] if ax.has_data() else []
        ax.stairs(counts, edges, fill=True, alpha=0.7, label=title)
        top = 1.3 * max(1, int(counts.max()))  # labels stand above the steps
        first, last, high = zip((edges[0], edges[-1], top), *earlier)
        ax.set_xlim(min(first), max(last))
        ax.set_ylim(0, max(high))
        draw_marks(quantity.marks, ax, "x")
        set_head(ax, title, notes, loc)
        return ax


def curves(
    side: Side,
    rows: Sequence[tuple[str, np.ndarray]],
    ax: "Axes",
    quantity: Quantity,
    legend: str | None = None,
) -> Any:
    """Draw values along one axis, a curve for each row, with lines at marked potentials.

    Points without a value are marked at the lower edge. A value between two of them has a dot of
    its own. Returns the colour of the last curve.
    """
    places = _draw_side(side, ax, "x")
    set_label(ax, "y", quantity.label)
    ax.margins(y=0.1)  # for the labels of marks
    earlier = make_room(ax)
    for name, values in rows:
        seen = np.isfinite(values)
        marker = "o" if side.texts is not None or len(values) < FEW else ""
        label = name if legend is None else legend_text(name)
        (line,) = ax.plot(places, np.where(seen, values, np.nan), marker=marker, label=label)
        before, after = np.append(False, seen[:-1]), np.append(seen[1:], False)
        alone = seen & ~before & ~after
        if alone.any() and not marker:
            ax.plot(places[alone], values[alone], ".", color=line.get_color())
        draw_missing(places[~seen], ax, line.get_color())
    draw_marks(quantity.marks, ax, "y")
    ax.autoscale_view(scalex=False)  # with the margin, also where only a mark is at the edge
    if legend is not None or earlier is not None:
        add_legend(ax, "upper left", legend or earlier or "")
    return line.get_color()


def companions(side: Side, rows: Mapping[str, np.ndarray], ax: "Axes", color: Any) -> None:
    """Draw dashed curves to compare a curve with, each named at its last point."""
    places = side.places if side.texts is None else np.arange(len(side.texts))
    for name, values in rows.items():
        ax.plot(places, values, "--", color=color, linewidth=1.0, label=f"_{name}")
        seen = np.flatnonzero(np.isfinite(values))
        if seen.size:
            place = places[seen[-1]], values[seen[-1]]
            how: Any = {"textcoords": "offset points", "ha": "right", "va": "bottom"}
            ax.annotate(name, place, xytext=(0, 2), color=color, fontsize="small", **how)
    ax.autoscale_view(scalex=False)


def rest_dot(x: float, y: float, ax: "Axes", color: Any) -> None:
    """Draw the point at which a cell rests."""
    ax.plot([x], [y], "o", color=color, markeredgecolor="white", zorder=3, label="_rest")


def heat_map(sides: tuple[Side, ...], values: np.ndarray, ax: "Axes", quantity: Quantity) -> None:
    """Draw values over two axes, with contours at marked potentials."""
    x, y = (_draw_side(side, ax, which) for side, which in zip(sides, "xy"))
    edges = [_cell_edges(p, side, ax, which) for p, side, which in zip((x, y), sides, "xy")]
    shown = np.ma.masked_invalid(values).T
    ax.set_facecolor("0.8")  # the colour of points without a potential
    mesh = ax.pcolormesh(*edges, shown, cmap="viridis", rasterized=True)
    if not shown.count():
        return
    assert ax.figure is not None
    low, high = shown.min(), shown.max()
    below = EDGE in quantity.marks and low < LOWEST_MARGIN  # as good as endless
    if below:
        mesh.set_clim(vmin=LOWEST_MARGIN)
    label, extend = quantity.label, "min" if below else "neither"
    ax.figure.colorbar(mesh, ax=ax, label=label, extend=extend)
    marks = sorted(quantity.marks.items(), key=lambda mark: mark[1])
    seen = [(v, STYLES[name], mark_text(name, v)) for name, v in marks if low < v < high]
    if seen:
        levels, styles, texts = zip(*seen, strict=True)
        lines = ax.contour(x, y, shown, levels, colors="white", linestyles=styles)
        # the contour of a level is empty if only points without a potential are near it
        middles = [_middle(ax, parts) for parts in lines.allsegs if any(len(p) > 1 for p in parts)]
        ax.clabel(lines, fmt=dict(zip(levels, texts)), manual=middles)


def scatter(
    x: np.ndarray, label: str, values: np.ndarray, ax: "Axes", quantity: Quantity, name: str
) -> None:
    """Draw one dot per value, and a cross at the lower edge for each point without one."""
    set_label(ax, "x", label)
    set_label(ax, "y", quantity.label)
    ax.margins(y=0.1)
    seen = np.isfinite(values)
    (dots,) = ax.plot(x[seen], values[seen], ".", rasterized=True, label=name)
    draw_missing(x[~seen], ax, dots.get_color())
    draw_marks(quantity.marks, ax, "y")
    ax.autoscale_view(scalex=False)


def _draw_side(side: Side, ax: "Axes", which: str) -> Any:
    """Label one axis of the picture, and return the coordinates of the points along it."""
    set_label(ax, which, side.label)
    if side.texts is not None:
        set_texts(ax, which, side.texts)
        return np.arange(len(side.texts))
    set_scale(ax, which, side.values)
    return side.places


def _cell_edges(places: np.ndarray, side: Side, ax: "Axes", which: str) -> np.ndarray:
    """Return the edges of a heat map's cells along one axis: halfway, and in the domain."""
    logarithmic = getattr(ax, f"get_{which}scale")() == "log"
    x = np.log(places) if logarithmic else np.asarray(places, np.float64)
    middles = (x[1:] + x[:-1]) / 2
    edges = np.concatenate([[1.5 * x[0] - x[1] / 2], middles, [1.5 * x[-1] - x[-2] / 2]])
    if side.texts is not None:
        return edges
    low, high = side.domain
    return np.asarray(np.clip(np.exp(edges) if logarithmic else edges, low, high))


def _middle(ax: "Axes", parts: list[np.ndarray]) -> np.ndarray:
    """Return the middle of the longest part of a contour, by its length on the screen."""
    seen = [np.hypot(*np.diff(ax.transData.transform(part), axis=0).T) for part in parts]
    longest = int(np.argmax([steps.sum() for steps in seen]))
    way = np.cumsum(seen[longest])
    return np.asarray(parts[longest][np.searchsorted(way, way[-1] / 2)])


# ---- bars of sensitivity ----

#: Legends of sensitivity indices.
MEASURES = {
    **{"S1": "alone (S1)", "ST": "with the others (ST)", "dgsm": "at most (dgsm)"},
    "Sh": "share (Shapley effect)",
}


def tornado(bars: Mapping[str, float], label: str, ax: "Axes | None") -> "Axes":
    """Draw a horizontal bar for each name, the longest on top."""
    names = sorted(bars, key=lambda name: np.nan_to_num(bars[name]))
    lengths = np.array([bars[name] for name in names])
    with axes_or_new(ax) as ax:
        set_label(ax, "x", label)
        ax.barh(np.arange(len(names)), lengths)
        _name_bars(ax, names)
        ax.set_xlim(left=0)
        _say_missing(ax, lengths, "no potential")
        return ax


def signed_bars(bars: Mapping[str, float], label: str, ax: "Axes | None") -> "Axes":
    """Draw a horizontal bar for each name, from the top, to the right if positive."""
    names = list(bars)[::-1]
    lengths = np.array([bars[name] for name in names])
    with axes_or_new(ax) as ax:
        set_label(ax, "x", label)
        ax.barh(np.arange(len(names)), lengths, color=np.where(lengths < 0, "C0", "C1"))
        ax.axvline(0.0, color="0.2", linewidth=0.8)
        _name_bars(ax, names)
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
    places, height = np.arange(len(names)), 0.8 / len(bars)
    with axes_or_new(ax) as ax:
        set_label(ax, "x", f"part of the variance of {real_minus(quantity)}")
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
        _name_bars(ax, names[::-1])
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
        _say_missing(ax, np.sum(list(bars.values()), axis=0)[::-1], "no value")
        add_legend(ax, "lower right")
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
    places, n = np.arange(len(names)), len(names) * len(ends) + 1
    with axes_or_new(ax) as ax:
        set_label(ax, "x", f"{label}, the other inputs at their medians")
        missing = 0 if np.isfinite(middle) else 1
        for i, (q, V) in enumerate(ends.items()):
            missing += int(np.count_nonzero(~np.isfinite(V)))
            quantile = f"at its {100 * q:g} % quantile"
            widths = np.where(np.isfinite(V), V - middle, np.nan)[::-1]
            ax.barh(places, widths, 0.7, left=middle, label=quantile, color=f"C{i}")
            _say_missing(ax, V[::-1], f"no potential {quantile}", ("left", "right")[i])
        ax.axvline(middle, color="0.2", linewidth=0.8)
        if not np.isfinite(middle):
            ax.set_xticks([])
        _name_bars(ax, names[::-1])
        add_legend(ax, "lower right")
        start = "" if np.isfinite(middle) else "no potential at the medians, where bars start"
        set_head(ax, title, [note_of_invalid(missing, n), start])
        return ax


def _name_bars(ax: "Axes", names: Sequence[str]) -> None:
    """Label the rows of bars, from the bottom, and show them all, also those without a bar."""
    ax.set_yticks(np.arange(len(names)), names)
    ax.set_ylim(-0.6, len(names) - 0.4)


def _say_missing(ax: "Axes", lengths: np.ndarray, text: str, side: str = "left") -> None:
    """Write a text at the left or right end of each row whose bar has no length."""
    for row in np.flatnonzero(~np.isfinite(lengths)).tolist():
        place = {"left": 0.01, "right": 0.99}[side]
        how: Any = {"ha": side, "va": "center", "fontsize": "small", "color": "0.4"}
        how["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        ax.text(place, row, text, transform=ax.get_yaxis_transform(), **how)


def courses(
    time: np.ndarray,
    values: Sequence[np.ndarray],
    quantities: Sequence[Quantity],
    changes: Sequence[float],
    name: str,
    given: "Sequence[Axes] | None",
) -> list["Axes"]:
    """Draw quantities against time, each on axes of its own, with lines at the times of changes.

    Values of two dimensions are quantiles of many courses: the middle one is a line, and pairs
    around it are the edges of bands.
    """
    if given is not None:
        axes = list(given)
        if len(axes) != len(values):
            raise ValueError(f"ax must be axes for each output, {len(values)}, got {len(axes)}")
    else:
        size = None if len(values) == 1 else (6.4, 1 + 2.2 * len(values))
        figure = pyplot().figure(layout="constrained", figsize=size)
        axes = list(figure.subplots(len(values), sharex=True, squeeze=False)[:, 0])
    long = time[-1] - time[0] > 600
    scale, unit = (60, "min") if long else (1, "s")
    for one, y, quantity in zip(axes, values, quantities, strict=True):
        rows = np.atleast_2d(y)
        (line,) = one.plot(time / scale, rows[len(rows) // 2], label=name or None)
        for lower, upper in zip(rows[: len(rows) // 2], rows[::-1]):
            one.fill_between(time / scale, lower, upper, color=line.get_color(), alpha=0.2, lw=0)
        for change in changes:
            one.axvline(change / scale, color="0.7", linewidth=0.8, linestyle=":", zorder=0)
        draw_marks(quantity.marks, one, "y")
        low, high = one.get_ylim()
        room = (0.06 + 0.03 * len(values)) * (high - low)  # for a label above its line
        seen = [mark + room for mark in quantity.marks.values()]
        one.set_ylim(top=max([high, *seen]), auto=None)
        set_label(one, "y", quantity.label)
    set_label(axes[-1], "x", f"time ({unit})")
    axes[0].set_title(name)
    return axes
