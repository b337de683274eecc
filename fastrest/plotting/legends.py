"""Marked values, points without a value, and legends, which stand beside what is drawn.

In a figure with a layout engine, which makes room, legends and the names of marked potentials are
to the right of the axes. In others they are inside: a legend has free room made for it, and the
name of a mark stands at that end of its line from which the curves are farther.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastrest.plotting.primitives import LINE, LINE_HEIGHT, MOST_LABELS, OURS, number_text, set_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Corner = Literal["upper left", "lower right"]
#: The name of the margin's value at which steady states cease to exist.
EDGE = "edge of existence"
#: Line styles of the values that are marked.
STYLES = {"threshold": "solid", "block": "dashed", EDGE: "solid"}
#: The rim of a legend, points.
RIM = 12.0
#: Kinds of lines beside the curves, in the order of legends.
COMPANION, REST, MARK = f"{OURS} companion", f"{OURS} rest", f"{OURS} mark"


# ---- marks ----


def mark_text(name: str, value: float) -> str:
    """Return the name of a marked value, with the value unless it is an edge."""
    return name if name == EDGE else f"{name} {number_text(value)} mV"


def draw_marks(marks: Mapping[str, float], ax: "Axes", which: str) -> None:
    """Draw lines with names at marked potentials; `which` is their axis, "x" or "y"."""
    for name, value in marks.items():
        line = ax.axvline if which == "x" else ax.axhline
        text = mark_text(name, value)
        how: Any = {"color": "0.5", "linewidth": 0.8, "zorder": 0}
        drawn = [one.get_text().replace("\n", " ") for one in ax.texts]
        line(value, linestyle=STYLES[name], gid=MARK, label=f"_{text}", **how)
        if text not in drawn:
            _name_mark(ax, which, text, value, [one for one in marks.values() if one != value])


def _name_mark(ax: "Axes", which: str, text: str, value: float, others: list[float]) -> None:
    """Write the name of a mark along its line, or beside it to the right of the axes."""
    along = ax.get_xaxis_transform() if which == "x" else ax.get_yaxis_transform()
    how: dict[str, Any] = {"textcoords": "offset points", "color": "0.4", "fontsize": "small"}
    how.update(gid=f"{MARK} name", xycoords=along)
    if which == "x":
        how.update(rotation=90, ha="right", va="top")
        ax.annotate(text, (value, 1), xytext=(-2, -4), **how)
    elif _has_layout(ax):
        first, *rest = text.rsplit(" ", 2)
        low, high = ax.get_ylim()
        points = ax.bbox.height * 72 / ax.figure.dpi / (high - low)
        near = [one for one in others if abs(one - value) * points < 2 * LINE_HEIGHT]
        va = "center" if not near else "bottom" if value > near[0] else "top"
        ax.annotate(f"{first}\n{' '.join(rest)}", (1, value), xytext=(4, 0), va=va, **how)
    else:
        ends: list[Any] = [np.asarray(one.get_ydata(), float)[[0, -1]] for one in _curves(ax)]
        left, right = np.fmin.reduce(np.abs(np.array(ends or [(0, 0)]) - value), axis=0)
        x, ha = (1, "right") if right > left else (0, "left")
        ax.annotate(text, (x, value), xytext=(4 - 8 * x, 2), ha=ha, va="bottom", **how)


def _curves(ax: "Axes") -> list[Any]:
    """Return the curves of a picture, without marks and points that have no value."""
    found: list[Any] = [one for one in ax.lines if len(one.get_xdata()) > 2]  # type: ignore[arg-type]
    return [one for one in found if one.get_gid() not in (MARK, f"{OURS} missing")]


def draw_missing(x: np.ndarray, ax: "Axes", color: Any) -> None:
    """Draw a cross for each point without a potential, in a new row along the lower edge."""
    if not len(x):
        return
    rows = sum(line.get_gid() == f"{OURS} missing" for line in ax.lines)
    heights = np.full(len(x), 0.02 + 0.03 * rows)
    how: Any = {"color": color, "markersize": 5, "clip_on": False, "gid": f"{OURS} missing"}
    ax.plot(x, heights, "x", transform=ax.get_xaxis_transform(), **how)


# ---- legends ----


def legend_text(name: str) -> str:
    """Return a name as a label that matplotlib does not leave out of legends."""
    return f" {name}" if not name or name.startswith("_") else name


def finish(
    ax: "Axes",
    title: str,
    notes: Any = (),
    legend: str | None = None,
    key: bool = True,
    corner: Corner = "upper left",
    top: float | None = None,
    **style: Any,
) -> None:
    """Write the head of a picture, and draw its legend.

    There is a legend if a title of it is given, which may be empty; if an earlier picture has drawn
    one; or if curves or steps have different names. Without `key` there is none, and marks have no
    names either: those of panels beside one another are in the last.
    """
    set_head(ax, title, notes, **style)
    earlier = ax.get_legend()
    if earlier is not None and earlier.get_gid() == f"{OURS} legend":
        legend = legend or earlier.get_title().get_text()
    elif legend is None and len({*ax.get_legend_handles_labels()[1]}) > 1 and not ax.containers:
        legend = ""
    if legend is not None and key:
        _add_legend(ax, corner, legend, top)
    if not key:
        _forget_marks(ax)


def _has_layout(ax: "Axes") -> bool:
    assert ax.figure is not None
    return ax.figure.get_layout_engine() is not None


def _entries(ax: "Axes", ordered: bool) -> tuple[list[Any], list[str]]:
    """Return handles and texts of curves, and then of the lines and dots beside them.

    These are grey if they belong to several curves. Lines across the picture mark values of y;
    marks of x have their names beside them. Ordered curves are named from the highest on.
    """
    from matplotlib.lines import Line2D

    handles, texts = ax.get_legend_handles_labels()
    lines = [one for one in handles if isinstance(one, Line2D)]
    if ordered and lines and len(lines) == len(handles):
        first, last = (np.ma.masked_invalid(lines[i].get_ydata()).mean() for i in (0, -1))
        if last > first:
            handles, texts = handles[::-1], texts[::-1]
    for kind in (COMPANION, REST, MARK):
        found: list[Any] = [one for one in ax.lines if one.get_gid() == kind]
        found = [one for one in found if kind != MARK or len(set(one.get_ydata())) == 1]
        shown = {one.get_label()[1:]: one for one in found}
        several = len({one.get_color() for one in found}) > 1
        for text, one in sorted(shown.items(), key=lambda item: -item[1].get_ydata()[0]):
            how: Any = {name: getattr(one, f"get_{name}")() for name in ("linestyle", "marker")}
            colour = "0.3" if several else one.get_color()
            handles.append(Line2D([], [], color=colour, linewidth=one.get_linewidth(), **how))
            texts.append(text)
    return handles, texts


def _add_legend(ax: "Axes", corner: Corner, title: str, top: float | None) -> None:
    """Draw the legend in small letters where it covers nothing.

    Parameters
    ----------
    ax : Axes
    corner : str
        The corner inside the axes in which a legend stands if the figure has no layout engine.
    title : str
    top : float or None
        The height above which nothing is drawn; by default the upper edge.
    """
    assert ax.figure is not None
    beside = _has_layout(ax)
    handles, texts = _entries(ax, beside and bool(title))
    if not texts:
        return
    how: Any = {"alignment": "left", "title": title or None, "loc": corner}
    if beside:
        how.update(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, borderaxespad=0.2)
        columns = -(-len(texts) // MOST_LABELS)
    else:
        columns = max(1, min(len(texts), LINE // (4 + max(map(len, texts)))))
        rows = -(-len(texts) // columns) + len(title.splitlines())
        height = ax.bbox.height * 72 / ax.figure.dpi
        room = min(0.6, (LINE_HEIGHT * rows + RIM) / height)
        low, high = ax.get_ylim()
        if corner == "lower right":
            low = high - (high - low) / (1 - room)
        else:
            high = max(high, low + ((high if top is None else top) - low) / (1 - room))
        ax.set_ylim(low, high)
    _forget_marks(ax)
    small: Any = {"fontsize": "small", "title_fontsize": "small", "ncols": columns}
    legend = ax.legend(handles, texts, **small, **how)
    legend.set_gid(f"{OURS} legend")


def _forget_marks(ax: "Axes") -> None:
    """Remove the names of marks along the y axis, which a legend tells."""
    for name in [one for one in ax.texts if one.get_gid() == f"{MARK} name"]:
        if not name.get_rotation():
            name.remove()


def make_room(ax: "Axes") -> None:
    """Let the y axis fit new curves where an earlier legend has set it.

    A y axis that users have set stays.
    """
    legend = ax.get_legend()
    if legend is not None and legend.get_gid() == f"{OURS} legend":
        ax.autoscale(True, axis="y")
