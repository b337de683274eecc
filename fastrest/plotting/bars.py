"""Bars of sensitivity, of uncertainty, and of currents."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest.plotting.legends import finish
from fastrest.plotting.primitives import (
    axes_or_new,
    colour,
    note_of_invalid,
    number_text,
    real_minus,
    set_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Legends of sensitivity indices.
MEASURES = {
    **{"S1": "alone (S1)", "ST": "with the others (ST)", "dgsm": "at most (dgsm)"},
    "Sh": "share (Shapley effect)",
}
#: The part of the width of a picture that is left free for numbers at the ends of bars.
ROOM = 0.18


def tornado(
    bars: Mapping[str, float], label: str, ax: "Axes | None", notes: Iterable[str] = ()
) -> "Axes":
    """Draw a horizontal bar for each name, the longest on top."""
    names = sorted(bars, key=lambda name: np.nan_to_num(bars[name]))
    lengths = np.array([bars[name] for name in names])
    with axes_or_new(ax) as ax:
        set_label(ax, "x", label)
        drawn = ax.barh(np.arange(len(names)), lengths, 0.6, color=colour(0))
        _write(ax, drawn, [number_text(x, 3) for x in lengths])
        _name_bars(ax, names)
        ax.set_xlim(left=0)
        _say_missing(ax, lengths, "no potential")
        finish(ax, "", notes)
        return ax


def signed_bars(
    bars: Mapping[str, float], label: str, ax: "Axes | None", notes: Iterable[str] = ()
) -> "Axes":
    """Draw a horizontal bar for each name, from the top, to the right if positive."""
    names = list(bars)[::-1]
    lengths = np.array([bars[name] for name in names])
    with axes_or_new(ax) as ax:
        set_label(ax, "x", label)
        colors = [colour(0 if x < 0 else 1) for x in lengths]
        drawn = ax.barh(np.arange(len(names)), lengths, 0.6, color=colors)
        _write(ax, drawn, [real_minus(f"{x:+.3g}") for x in lengths])
        ax.axvline(0.0, color="0.2", linewidth=0.8)
        _name_bars(ax, names)
        finish(ax, "", notes)
        return ax


def indices(
    names: Sequence[str],
    bars: Mapping[str, np.ndarray],
    widths: Mapping[str, np.ndarray],
    quantity: str,
    ax: "Axes | None",
    title: str,
    notes: Iterable[str],
) -> "Axes":
    """Draw sensitivity indices with the half-widths of their intervals, the first input on top."""
    places, height = np.arange(len(names)), 0.8 / len(bars)
    with axes_or_new(ax) as ax:
        label, one = f"part of the variance of {real_minus(quantity)}", len(bars) == 1
        set_label(ax, "x", f"{label}: {MEASURES[next(iter(bars))]}" if one else label)
        for i, (key, values) in enumerate(bars.items()):
            drawn = ax.barh(
                places + (len(bars) - 1 - 2 * i) * height / 2,
                values[::-1],
                height,
                xerr=widths[key][::-1] if key in widths else None,
                label=MEASURES[key],
                color=colour(i),
                error_kw={"elinewidth": 0.8, "capsize": 2},
            )
            if key not in widths:
                _write(ax, drawn, [real_minus(f"{x:.2f}") for x in values[::-1]])
        _name_bars(ax, names[::-1])
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
        _say_missing(ax, np.sum(list(bars.values()), axis=0)[::-1], "no value")
        finish(ax, title, notes, None if one else "", corner="lower right")
        return ax


def swings(
    names: Sequence[str],
    ends: Mapping[float, np.ndarray],
    texts: Sequence[Sequence[str]],
    middle: float,
    label: str,
    ax: "Axes | None",
    title: str,
    further_notes: Sequence[str] = (),
) -> "Axes":
    """Draw values at quantiles of inputs as bars from a middle value, the first input on top.

    At the ends of the bars stand texts, which tell the inputs' quantiles.
    """
    places, n = np.arange(len(names)), len(names) * len(ends) + 1
    with axes_or_new(ax) as ax:
        set_label(ax, "x", label)
        missing = 0 if np.isfinite(middle) else 1
        for i, (q, V) in enumerate(ends.items()):
            missing += int(np.count_nonzero(~np.isfinite(V)))
            widths = np.where(np.isfinite(V), V - middle, np.nan)[::-1]
            quantile = f"{100 * q:g} % quantile"
            how: Any = {"left": middle, "label": quantile, "color": colour(i)}
            _write(ax, ax.barh(places, widths, 0.6, **how), texts[i][::-1])
            _say_missing(ax, V[::-1], f"no potential at its {quantile}", ("left", "right")[i])
        ax.axvline(middle, color="0.2", linewidth=0.8)
        if not np.isfinite(middle):
            ax.set_xticks([])
        _name_bars(ax, names[::-1])
        start = "" if np.isfinite(middle) else "no potential at the medians, where bars start"
        others = "one input at a time, the others at their medians"
        notes = [others, note_of_invalid(missing, n), start, *further_notes]
        finish(ax, title, notes, "", corner="lower right")
        return ax


def _write(ax: "Axes", drawn: Any, texts: Sequence[str]) -> None:
    """Write texts at the ends of bars, where there are bars, and leave room for them."""
    shown = [text if np.isfinite(x) else "" for text, x in zip(texts, drawn.datavalues)]
    ax.bar_label(drawn, shown, padding=3, fontsize="small", color="0.3")
    ax.margins(x=ROOM)


def _name_bars(ax: "Axes", names: Sequence[str]) -> None:
    """Label the rows of bars, from the bottom, and show them all, also those without a bar."""
    ax.set_yticks(np.arange(len(names)), names)
    ax.tick_params("y", length=0)
    ax.set_ylim(-0.6, len(names) - 0.4)


def _say_missing(ax: "Axes", lengths: np.ndarray, text: str, side: str = "left") -> None:
    """Write a text at the left or right end of each row whose bar has no length."""
    for row in np.flatnonzero(~np.isfinite(lengths)).tolist():
        place = {"left": 0.01, "right": 0.99}[side]
        how: Any = {"ha": side, "va": "center", "fontsize": "small", "color": "0.4"}
        how["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        ax.text(place, row, text, transform=ax.get_yaxis_transform(), **how)
