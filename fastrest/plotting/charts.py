"""Charts of arrays: histograms, curves, heat maps, scatter plots, and courses in time."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastrest.plotting.legends import (
    COMPANION,
    EDGE,
    REST,
    STYLES,
    draw_marks,
    draw_missing,
    finish,
    legend_text,
    make_room,
    mark_text,
)
from fastrest.plotting.primitives import (
    LETTER,
    OURS,
    Quantity,
    axes_or_new,
    new_figure,
    real_minus,
    say_yes_or_no,
    set_label,
    set_scale,
    set_texts,
    shades,
    use_colours,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points on a curve that are few enough for a dot each.
FEW = 8

#: The lowest margin of existence that a heat map tells from lower ones.
LOWEST_MARGIN = -1.0
#: Colours of heat maps: of values, of values whose sign is a direction, and of no and yes.
VALUES, SIGNED, EVENT = "viridis", "RdBu_r", ("#dbe6ef", "#0072B2")
#: Styles of curves to compare others with.
BROKEN = ("--", "-.", ":")
#: Tells contours at marked values.
CONTOURS = f"{OURS} contours"


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
    every_mark: bool = False,
) -> "Axes":
    """Draw counts between edges as steps, with lines at marked potentials between the edges.

    With `every_mark` the picture is as wide as to show all marked potentials.
    """
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    with axes_or_new(ax) as ax:
        set_label(ax, "x", quantity.label)
        set_label(ax, "y", "points")
        earlier = [(*ax.get_xlim(), ax.get_ylim()[1])] if ax.has_data() else []
        ax.stairs(counts, edges, fill=True, alpha=0.7, label=title)
        top = 1.3 * max(1, int(counts.max()))  # labels stand above the steps
        seen = {n: x for n, x in quantity.marks.items() if edges[0] <= x <= edges[-1]}
        if every_mark:
            seen = dict(quantity.marks)
            ends = np.array([*edges[[0, -1]], *seen.values()])
            margin = 0.05 * np.ptp(ends)
            earlier.append((ends.min() - margin, ends.max() + margin, top))
        first, last, high = zip((edges[0], edges[-1], top), *earlier)
        ax.set_xlim(min(first), max(last))
        ax.set_ylim(0, max(high))
        ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        if quantity.event:
            say_yes_or_no(ax, "x")
        draw_marks(seen, ax, "x")
        finish(ax, title, notes)
        return ax


def curves(
    side: Side,
    rows: Sequence[tuple[str, np.ndarray]],
    ax: "Axes",
    quantity: Quantity,
    ordered: bool = False,
) -> list[Any]:
    """Draw values along one axis, a curve for each row, with lines at marked potentials.

    Points without a value are marked at the lower edge. A value between two of them has a dot of
    its own. Rows in order have colours from dark to light. Returns the colours.
    """
    places = draw_side(side, ax, "x")
    set_label(ax, "y", quantity.label)
    ax.margins(y=0.1)  # for the labels of marks
    make_room(ax)
    colors: list[Any] = []
    for i, (name, values) in enumerate(rows):
        seen = np.isfinite(values)
        how: Any = {"marker": "o" if side.texts is not None or len(values) < FEW else ""}
        if ordered:
            how["color"] = shades(len(rows))[i]
        (line,) = ax.plot(places, np.where(seen, values, np.nan), label=legend_text(name), **how)
        colors.append(line.get_color())
        before, after = np.append(False, seen[:-1]), np.append(seen[1:], False)
        alone = seen & ~before & ~after
        if alone.any() and not how["marker"]:
            ax.plot(places[alone], values[alone], ".", color=colors[-1])
        draw_missing(places[~seen], ax, colors[-1])
    if quantity.event:
        say_yes_or_no(ax, "y")
    draw_marks(quantity.marks, ax, "y")
    ax.autoscale_view(scalex=False)  # with the margin, also where only a mark is at the edge
    return colors


def companions(side: Side, rows: Sequence[tuple[str, np.ndarray, Any]], ax: "Axes") -> None:
    """Draw broken curves to compare curves with: names, values and colours.

    Each name has a style of its own.
    """
    places = side.places if side.texts is None else np.arange(len(side.texts))
    for name, values, color in rows:
        label = f"_{name}"
        drawn = [line.get_label() for line in ax.lines if line.get_gid() == COMPANION]
        kinds = list(dict.fromkeys([*drawn, label]))
        style = BROKEN[kinds.index(label) % len(BROKEN)]
        how: Any = {"color": color, "linewidth": 1.1, "zorder": 1.9, "gid": COMPANION}
        ax.plot(places, values, linestyle=style, label=label, **how)
    ax.autoscale_view(scalex=False)


def rest_dot(x: float, y: float, ax: "Axes", color: Any, name: str = "") -> None:
    """Draw the point at which a cell rests, with its name beside it or in the legend."""
    edge = "0.2" if name else "white"
    how: Any = {"color": color, "markeredgecolor": edge, "zorder": 3, "linestyle": ""}
    ax.plot([x], [y], "o", markersize=8, gid=REST, label="_at rest", **how)
    if name:
        beside: Any = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
        ax.annotate(name, (x, y), xytext=(7, 0), color="white", **beside, path_effects=_halo())


def _halo() -> list[Any]:
    """Return the dark rim of white lines and letters on colours."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.0, foreground="0.25")]


def heat_map(
    sides: tuple[Side, Side],
    values: np.ndarray,
    ax: "Axes",
    quantity: Quantity,
    limits: tuple[float, float] | None = None,
) -> Any:
    """Draw values over two axes, and return the mesh, for `colour_bar`.

    `limits` are the values with the first and the last colour, by default those of the picture.
    """
    from matplotlib.colors import ListedColormap

    x, y = (draw_side(side, ax, which) for side, which in zip(sides, "xy"))
    edges = [_cell_edges(p, side, ax, which) for p, side, which in zip((x, y), sides, "xy")]
    shown = np.ma.masked_invalid(values).T
    ax.set_facecolor("0.8")  # the colour of points without a potential
    low, high = limits or (shown.min(), shown.max()) if shown.count() else (0.0, 1.0)
    if EDGE in quantity.marks and low < LOWEST_MARGIN:  # as good as endless
        low = LOWEST_MARGIN
    cmap: Any = VALUES
    if quantity.signed and low < 0 < high:
        cmap, high = SIGNED, max(-low, high)
        low = -high
    if quantity.event:
        cmap, low, high = ListedColormap(EVENT), -0.5, 1.5
    mesh = ax.pcolormesh(*edges, shown, cmap=cmap, vmin=low, vmax=high, rasterized=True)
    marks = sorted(quantity.marks.items(), key=lambda mark: mark[1])
    seen = [mark for mark in marks if shown.count() and shown.min() < mark[1] < shown.max()]
    if seen:
        styles = [STYLES[name] for name, _ in seen]
        lines = ax.contour(x, y, shown, [v for _, v in seen], colors="white", linestyles=styles)
        lines.set(path_effects=_halo(), gid=CONTOURS)
    return mesh


def colour_bar(meshes: Sequence[Any], axes: Sequence["Axes"], quantity: Quantity) -> None:
    """Draw the colours of heat maps beside their axes, and name marked values on contours."""
    figure: Any = axes[0].figure
    seen = [mesh for mesh in meshes if mesh.get_array().count()]
    if not seen:
        return
    low, high = seen[0].get_clim()
    below = EDGE in quantity.marks and low == LOWEST_MARGIN
    label = wrapped(quantity.label, int(0.7 * figure.bbox.height * 72 / figure.dpi / LETTER))
    bar = figure.colorbar(seen[0], ax=axes, label=label, extend="min" if below else "neither")
    if quantity.event:
        bar.set_ticks([0, 1], labels=["no", "yes"])
    for name, value in quantity.marks.items():
        if low < value < high:
            bar.ax.axhline(value, color="white", linestyle=STYLES[name], path_effects=_halo())
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)  # names need places in axes that have their size
    for ax in axes:
        _name_contours(
            ax, {value: mark_text(name, value) for name, value in quantity.marks.items()}
        )


def _name_contours(ax: "Axes", names: dict[float, str]) -> None:
    """Write the name of each level on its contour, if the contour is long enough."""
    for lines in [one for one in ax.collections if one.get_gid() == CONTOURS]:
        assert ax.figure is not None
        points = 72 / ax.figure.dpi
        places = []
        for level, parts in zip(lines.levels, lines.allsegs):  # type: ignore[attr-defined]
            # the contour of a level is empty if only points without a potential are near it
            place, length = _middle(ax, [part for part in parts if len(part) > 1])
            if length * points > 1.4 * LETTER * len(names[level]):
                places.append(place)
        words = lines.clabel(fmt=names, manual=places, fontsize="small")  # type: ignore[attr-defined]
        for one in words:
            one.set_path_effects(_halo())


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
    if quantity.event:
        say_yes_or_no(ax, "y")
    draw_marks(quantity.marks, ax, "y")
    ax.autoscale_view(scalex=False)


def draw_side(side: Side, ax: "Axes", which: str) -> Any:
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


def _middle(ax: "Axes", parts: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Return the middle and the length of a contour's longest part, measured on the screen."""
    if not parts:
        return np.zeros(2), 0.0
    seen = [np.hypot(*np.diff(ax.transData.transform(part), axis=0).T) for part in parts]
    longest = int(np.argmax([steps.sum() for steps in seen]))
    way = np.cumsum(seen[longest])
    return np.asarray(parts[longest][np.searchsorted(way, way[-1] / 2)]), float(way[-1])


# ---- courses ----


def courses(
    time: np.ndarray,
    values: Sequence[np.ndarray],
    quantities: Sequence[Quantity],
    periods: Sequence[tuple[float, float, str]],
    name: str,
    given: "Sequence[Axes] | None",
    notes: Iterable[str] = (),
) -> list["Axes"]:
    """Draw quantities against time, each on axes of its own; periods of changes are shaded.

    A period is its start and end, s, and a text, or '' if nothing is changed.

    Values of two dimensions are quantiles of many courses: the middle one is a line, and pairs
    around it are the edges of bands.
    """
    if given is None:
        size = None if len(values) == 1 else (6.4, 1 + 2.2 * len(values))
        with new_figure(size) as figure:
            grid = figure.subplots(len(values), sharex=True, squeeze=False)
            return courses(time, values, quantities, periods, name, list(grid[:, 0]), notes)
    axes = list(given)
    if len(axes) != len(values):
        raise ValueError(f"ax must be axes for each output, {len(values)}, got {len(axes)}")
    scale, unit = time_scale(time)
    for one, y, quantity in zip(axes, values, quantities, strict=True):
        use_colours(one)
        rows = np.atleast_2d(y)
        (line,) = one.plot(time / scale, rows[len(rows) // 2], label=name or None)
        for lower, upper in zip(rows[: len(rows) // 2], rows[::-1]):
            one.fill_between(time / scale, lower, upper, color=line.get_color(), alpha=0.2, lw=0)
        for start, end, text in periods:
            if start > time[0]:
                one.axvline(start / scale, color="0.7", linewidth=0.8, linestyle=":", zorder=0.5)
            if text and len(periods) > 1:
                one.axvspan(start / scale, end / scale, color="0.93", zorder=0, lw=0)
        one.margins(x=0.02, y=0.08)
        draw_marks(quantity.marks, one, "y")
        one.autoscale_view(scalex=False)
        set_label(one, "y", quantity.label)
    set_label(axes[-1], "x", f"time ({unit})")
    how = "shaded, " if len(periods) > 1 else ""
    shaded = [
        f"{how}{start / scale:g} to {end / scale:g} {unit}: {real_minus(text)}"
        for start, end, text in periods
        if text
    ]
    finish(axes[0], name, [*shaded, *notes])
    return axes


def time_scale(time: np.ndarray) -> tuple[float, str]:
    """Return the seconds of the unit in which times are drawn, and its name."""
    return (60.0, "min") if time[-1] - time[0] > 600 else (1.0, "s")
