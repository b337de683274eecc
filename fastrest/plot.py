"""Pictures of sweeps and of what is found in them, on matplotlib axes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .cell import Cell
from .grids import Axis, Grid
from .reduce import HistogramAnswer
from .samples import Sample
from .sensitivity import SobolIndices, Swings
from .sweep import Sweep
from .tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More places along an axis than this cannot be told apart on paper.
MOST_PLACES = 800
#: More labels than this along an axis cannot be told apart either.
MOST_LABELS = 20
#: Longer labels in a row overlap, and are turned.
LINE = 50
#: Potentials that a histogram without points shows, and the least that it is wide, mV.
EVERYDAY, NARROWEST = (-100.0, 0.0), 1e-6
#: How the boundaries that a cell marks are drawn.
STYLES = {"threshold": "solid", "block": "dashed"}
#: What bars of sensitivity indices show.
MEASURES = {"S1": "alone (S1)", "ST": "with the others (ST)", "dgsm": "at most (dgsm)"}


def check(what: Sweep) -> None:
    """Raise the ValueError for a sweep that no picture shows."""
    if len(what.dims) > 2:
        raise ValueError(
            f"plot draws one or two axes, got {len(what.dims)} ({', '.join(what.dims)}): fix the "
            "others with cell.replace(...), or plot slices of to_xarray()"
        )
    for name, length in zip(what.dims, what.shape):
        if len(what.dims) == 2 and length < 2:
            raise ValueError(f"a heat map needs two values or more on {name}, got {length}")


def sweep(what: Sweep, ax: "Axes | None") -> "Axes":
    """Draw a sweep: see `Sweep.plot`."""
    check(what)
    ax = axes_or_new(ax)
    DRAWN[type(what)](what, ax)
    if what.cell.name:
        ax.set_title(what.cell.name)
    return ax


def histogram(answer: HistogramAnswer, ax: "Axes | None", cell: Cell | None) -> "Axes":
    """Draw a histogram: see `HistogramAnswer.plot`."""
    ax = axes_or_new(ax)
    ax.stairs(answer.counts, answer.edges, fill=True, alpha=0.7)
    ax.set(xlabel="membrane potential (mV)", ylabel="points", xlim=answer.edges[[0, -1]])
    ax.set_ylim(0, 1.3 * max(1, int(answer.counts.max())))  # labels stand above the steps
    if answer.below or answer.above:
        beyond = f"{answer.below:,} points below, {answer.above:,} above the edges"
        ax.set_title(beyond, fontsize="small", loc="right")
    if cell is not None:
        draw_bounds(cell, ax, "x")
        ax.set_title(cell.name, loc="left")
    return ax


def tornado(bars: Mapping[str, float], label: str, ax: "Axes | None") -> "Axes":
    """Draw one horizontal bar per name, the largest on top, over an axis of this label."""
    ax = axes_or_new(ax)
    names = sorted(bars, key=bars.__getitem__)
    ax.barh(names, [bars[name] for name in names])
    ax.set(xlabel=label)
    return ax


def indices(answer: SobolIndices, ax: "Axes | None") -> "Axes":
    """Draw Sobol' indices: see `SobolIndices.plot`."""
    ax = axes_or_new(ax)
    keys = [key for key in ("S1", "ST") if key in answer] or ["dgsm"]
    order = answer.order[::-1]
    places, height = np.arange(len(order)), 0.8 / len(keys)
    for i, key in enumerate(keys):
        widths = None if answer.method == "exact" else answer[f"{key}_conf"][order]
        ax.barh(
            places + (len(keys) - 1 - 2 * i) * height / 2,
            answer[key][order],
            height,
            xerr=widths,
            label=MEASURES[key],
            color=f"C{i}",
            error_kw={"elinewidth": 0.8, "capsize": 2},
        )
    what, unit = answer.quantity
    ax.set_yticks(places, [answer["names"][i] for i in order])
    ax.set(xlabel=f"part of the variance of {what}")
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.legend(loc="lower right")
    ax.set_title(answer.space.cell.name, loc="left")
    ax.set_title(f"sd {answer.sd:.3g} {unit}".rstrip(), loc="right", fontsize="small")
    return ax


def swings(answer: Swings, ax: "Axes | None") -> "Axes":
    """Draw swings as a tornado: see `Swings.plot`."""
    ax = axes_or_new(ax)
    order = answer.order[::-1]
    places = np.arange(len(order))
    for i, (q, V) in enumerate(zip(answer.quantiles, (answer.V_low, answer.V_high))):
        widths = np.where(np.isfinite(V), V - answer.V, np.nan)[order]
        label = f"at its {100 * q:g} % quantile"
        ax.barh(places, widths, 0.7, left=answer.V, label=label, color=f"C{i}")
    ax.axvline(answer.V, color="0.2", linewidth=0.8)
    ax.set_yticks(places, [answer.names[i] for i in order])
    ax.set(xlabel="membrane potential (mV), the other inputs at their medians")
    ax.legend(loc="lower right")
    ax.set_title(answer.space.cell.name)
    return ax


def axes_or_new(ax: "Axes | None") -> "Axes":
    """The axes that are given, or pyplot's."""
    return pyplot().gca() if ax is None else ax


def pyplot() -> Any:
    """matplotlib.pyplot; ImportError that names the extra if it is not there."""
    try:
        import matplotlib.pyplot
    except ImportError:
        raise ImportError("plot needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    return matplotlib.pyplot


def _grid(grid: Grid, ax: "Axes") -> None:
    (_curve if len(grid.dims) == 1 else _heat_map)(grid, ax)


def _curve(grid: Grid, ax: "Axes") -> None:
    thin = _thinned(grid, 4 * MOST_PLACES)
    places = _set_scale(grid, thin, 0, ax, "x")
    marker = "o" if _position(thin, thin.axes[0]) is None or len(thin) < 8 else ""
    ax.plot(places, thin.values(), marker=marker)
    ax.set_ylabel("membrane potential (mV)")
    draw_bounds(grid.cell, ax, "y")


def _heat_map(grid: Grid, ax: "Axes") -> None:
    thin = _thinned(grid, MOST_PLACES)
    x = _set_scale(grid, thin, 0, ax, "x")
    y = _set_scale(grid, thin, 1, ax, "y")
    V = np.ma.masked_invalid(thin.values()).T
    ax.set_facecolor("0.8")  # points without a potential
    mesh = ax.pcolormesh(x, y, V, shading="nearest", cmap="viridis", rasterized=True)
    assert ax.figure is not None
    ax.figure.colorbar(mesh, ax=ax, label="membrane potential (mV)")
    marks = bounds(grid.cell).items()
    seen = sorted((v, STYLES[name]) for name, v in marks if V.min() < v < V.max())
    if seen:
        levels, styles = zip(*seen, strict=True)
        lines = ax.contour(x, y, V, levels, colors="white", linestyles=styles)
        # a level between points without a potential has no part
        middles = [_middle(ax, parts) for parts in lines.allsegs if any(len(p) > 1 for p in parts)]
        ax.clabel(lines, fmt="%g mV", manual=middles)


def _middle(ax: "Axes", parts: list[np.ndarray]) -> np.ndarray:
    """The point half way along the longest part of a contour, as it is seen."""
    seen = [np.hypot(*np.diff(ax.transData.transform(part), axis=0).T) for part in parts]
    longest = int(np.argmax([steps.sum() for steps in seen]))
    way = np.cumsum(seen[longest])
    return np.asarray(parts[longest][np.searchsorted(way, way[-1] / 2)])


def _scatter(table: Table, ax: "Axes") -> None:
    V = table.values()
    columns = table.parameters(np.arange(len(table)))
    if len(columns) == 1:
        ((name, x),) = columns.items()
        ax.set_xlabel(axis_label(table.cell, name))
    else:
        x = np.arange(len(table))
        ax.set_xlabel("row")
    ax.plot(x, V, ".", rasterized=True)
    ax.set_ylabel("membrane potential (mV)")
    draw_bounds(table.cell, ax, "y")


def _distribution(sample: Sample, ax: "Axes") -> None:
    s = sample.summary()
    low, high = (s.min, s.max) if s.n else EVERYDAY
    if high - low < NARROWEST:
        low, high = low - 0.5, high + 0.5
    histogram(sample.histogram(range=(low, high)), ax, None)
    draw_bounds(sample.cell, ax, "x")
    ax.autoscale(axis="x")  # the bounds are seen wherever they lie


#: How each kind of sweep is drawn.
DRAWN: dict[type[Sweep], Callable[[Any, "Axes"], None]] = {
    Grid: _grid,
    Table: _scatter,
    Sample: _distribution,
}


def _thinned(grid: Grid, most: int) -> Grid:
    """A grid with at most so many places along each axis, ends included, in the order drawn."""
    axes = []
    for one in grid.axes:
        count = min(len(one), most)
        places = np.linspace(0, len(one) - 1, count).round().astype(int)
        name = _position(grid, one)
        if name is not None:  # curves and heat maps join neighbours: these must be neighbours
            places = np.argsort(grid.axis_values(name))[places]
        parameters = {name: grid.axis_values(name)[places] for name in one.parameters}
        labels = None if one.labels is None else [one.labels[i] for i in places]
        axes.append(Axis(one.name, labels, parameters))
    return Grid(grid.cell, axes)


def _position(grid: Grid, axis: Axis) -> str | None:
    """The parameter whose values are the places on an axis; None if they only have an order.

    The first that is never twice the same: on a plot two values cannot stand in one place.
    """
    if axis.labels is not None:
        return None
    for name in axis.parameters:
        if np.unique(grid.axis_values(name)).size == len(axis):
            return name
    return None


def _set_scale(grid: Grid, thin: Grid, d: int, ax: "Axes", which: str) -> Any:
    """Label one side of the picture and give the places of an axis on it."""
    axis = thin.axes[d]
    position = _position(grid, grid.axes[d])
    name = position or next(iter(axis.parameters))
    if axis.labels is not None:
        ax.set(**{f"{which}label": axis.name})
        _set_labels(ax, which, [str(label) for label in axis.labels])
        return np.arange(len(axis))
    coupled = f"{axis.name}: " if axis.name != name else ""
    ax.set(**{f"{which}label": coupled + axis_label(grid.cell, name)})
    if position is None:
        _set_labels(ax, which, [f"{value:g}" for value in thin.axis_values(name)])
        return np.arange(len(axis))
    values = grid.axis_values(name)
    if _is_geometric(np.sort(values)):
        from matplotlib.ticker import AutoLocator, LogLocator, NullFormatter, StrMethodFormatter

        ax.set(**{f"{which}scale": "log"})
        side = ax.xaxis if which == "x" else ax.yaxis
        decades = np.log10(values.max() / values.min())
        if decades < 1:  # perhaps none of 1, 2 and 5 lies in it
            side.set_major_locator(AutoLocator())
        else:
            side.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 4 else (1,)))
        side.set_major_formatter(StrMethodFormatter("{x:g}"))
        side.set_minor_formatter(NullFormatter())
    return thin.axis_values(name)


def _set_labels(ax: "Axes", which: str, texts: list[str]) -> None:
    """Labels at the places 0, 1, 2, ...: all if they can be read, else every second, third ..."""
    step = -(-len(texts) // MOST_LABELS)
    places = np.arange(0, len(texts), step)
    ax.set(**{f"{which}ticks": places, f"{which}ticklabels": texts[::step]})
    if which == "x" and len(" ".join(texts[::step])) > LINE:
        ax.tick_params("x", rotation=90)


def _is_geometric(values: np.ndarray) -> bool:
    if len(values) < 3 or values.min() <= 0:
        return False
    ratios = values[1:] / values[:-1]
    return bool(np.ptp(ratios) < 1e-6 * abs(ratios[0]) and abs(ratios[0] - 1) > 1e-6)


def axis_label(cell: Cell, name: str) -> str:
    """What stands along an axis of a parameter."""
    parameter = cell.model.parameters[name]
    return f"{name} ({parameter.unit})" if parameter.unit else f"{name} (relative)"


def bounds(cell: Cell) -> dict[str, float]:
    """The potentials that a cell marks."""
    found = {name: getattr(cell, name) for name in STYLES}
    return {name: value for name, value in found.items() if value is not None}


def draw_bounds(cell: Cell, ax: "Axes", which: str) -> None:
    """Lines at the potentials that a cell marks, which stand on one side of the picture."""
    for name, value in bounds(cell).items():
        line = ax.axvline if which == "x" else ax.axhline
        line(value, color="0.5", linewidth=0.8, linestyle=STYLES[name], zorder=0)
        ax.annotate(
            f"{name} {value:g} mV",
            (value, 1) if which == "x" else (0, value),
            xycoords=("data", "axes fraction") if which == "x" else ("axes fraction", "data"),
            xytext=(-2, -4) if which == "x" else (4, 2),
            textcoords="offset points",
            rotation=90 if which == "x" else 0,
            ha="right" if which == "x" else "left",
            va="top" if which == "x" else "bottom",
            color="0.4",
            fontsize="small",
        )
