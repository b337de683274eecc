"""Pictures of sensitivity beside bars: convergence of a sample, and parts of a variance."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastrest.plotting.primitives import axes_or_new, colour, real_minus, set_head, set_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def convergence(
    evaluations: np.ndarray,
    values: Mapping[str, np.ndarray],
    widths: Mapping[str, np.ndarray],
    label: str,
    ax: "Axes | None",
    title: str,
    notes: Sequence[str],
) -> "Axes":
    """Draw estimates with their intervals against the number of evaluations, a curve per name."""
    with axes_or_new(ax) as ax:
        set_label(ax, "x", "evaluations")
        set_label(ax, "y", real_minus(label))
        ax.set_xscale("log", base=2)
        ends = []
        for i, (name, found) in enumerate(values.items()):
            low, high = found - widths[name], found + widths[name]
            ax.fill_between(evaluations, low, high, color=colour(i), alpha=0.25, linewidth=0)
            ax.plot(evaluations, found, "o-", color=colour(i), markersize=3, label=name)
            ends.append(found[-1])
        _name_ends(ax, list(values), np.array(ends))
        seen = np.isfinite(evaluations)
        ax.set_xticks(evaluations[seen], [f"{x:,.0f}" for x in evaluations[seen]], rotation=30)
        ax.minorticks_off()
        set_head(ax, title, notes)
        return ax


def _name_ends(ax: "Axes", names: Sequence[str], ends: np.ndarray) -> None:
    """Write the name of each curve outside the axes, moved apart where ends are close."""
    assert ax.figure is not None
    low, high = ax.get_ylim()
    line = 12 / (ax.bbox.height * 72 / ax.figure.dpi) * (high - low)
    order = [i for i in np.argsort(ends) if np.isfinite(ends[i])]
    places: list[float] = []
    for i in order:
        places.append(max(float(ends[i]), places[-1] + line) if places else float(ends[i]))
    for i, place in zip(order, places):
        ax.annotate(
            names[i],
            (1, place),
            xycoords=ax.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color=colour(i),
            annotation_clip=False,
        )


def decomposition(
    parts: Mapping[str, float], kinds: Sequence[int], label: str, ax: "Axes | None", title: str
) -> "Axes":
    """Draw parts that add up to 1 as steps from 0 to 1, the first part on top.

    `kinds` are the numbers of inputs of each part, which choose its colour; 0 is for the rest.
    """
    texts = {1: "one input alone", 2: "two inputs together", 0: "the rest"}
    with axes_or_new(ax) as ax:
        set_label(ax, "x", f"part of the variance of {real_minus(label)}")
        names, sizes = list(parts), np.array(list(parts.values()))
        starts = np.concatenate([[0.0], np.cumsum(sizes)[:-1]])
        places = np.arange(len(names))[::-1]
        for i, (kind, text) in enumerate(texts.items()):
            of_kind = np.array(kinds) == kind
            if of_kind.any():
                where = {"left": starts[of_kind], "color": colour(i), "label": text}
                ax.barh(places[of_kind], sizes[of_kind], 0.7, **where)
        for place, start, size in zip(places, starts, sizes):
            ends = sorted((start, start + size))
            right, inside = ends[1] < 0.8, ends[0] < 0.2 and ends[1] >= 0.8
            where = {"ha": "left" if right else "right", "va": "center", "fontsize": "small"}
            where["color"] = "white" if inside else "black"
            text = f" {100 * size:.3g} % "
            ax.text(ends[1] if right or inside else ends[0], place, real_minus(text), **where)
        ax.set_yticks(places, names)
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.set_xlim(min(0.0, float(starts.min())), 1.02)
        ax.legend(loc="lower left", fontsize="small")
        set_head(ax, title)
        return ax
