"""Pictures of sweeps, on matplotlib axes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .grids import Axis, Grid
from .sweep import Sweep
from .tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More places along an axis than this cannot be told apart on paper.
MOST_PLACES = 800
#: How the boundaries that a cell marks are drawn.
STYLES = {"threshold": "solid", "block": "dashed"}


def sweep(what: Sweep, ax: "Axes | None") -> "Axes":
    """Draw a sweep: see `Sweep.plot`."""
    if ax is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError:
            raise ImportError("plot needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
        ax = plt.gca()
    if isinstance(what, Table):
        _scatter(what, ax)
    elif isinstance(what, Grid) and len(what.dims) == 1:
        _curve(what, ax)
    elif isinstance(what, Grid) and len(what.dims) == 2:
        _heat_map(what, ax)
    else:
        raise ValueError(
            f"plot draws one or two axes, got {len(what.dims)} ({', '.join(what.dims)}): fix the "
            "others with cell.replace(...), or plot slices of to_xarray()"
        )
    if what.cell.name:
        ax.set_title(what.cell.name)
    return ax


def _curve(grid: Grid, ax: "Axes") -> None:
    thin = _thinned(grid, 4 * MOST_PLACES)
    places = _set_scale(grid, thin, 0, ax, "x")
    marker = "o" if thin.axes[0].labels is not None or len(thin) < 8 else ""
    ax.plot(places, thin.values(), marker=marker)
    ax.set_ylabel("membrane potential (mV)")
    _draw_bounds(grid, ax)


def _heat_map(grid: Grid, ax: "Axes") -> None:
    for one in grid.axes:
        if len(one) < 2:
            raise ValueError(f"a heat map needs two values or more on {one.name}, got {len(one)}")
    thin = _thinned(grid, MOST_PLACES)
    x = _set_scale(grid, thin, 0, ax, "x")
    y = _set_scale(grid, thin, 1, ax, "y")
    V = np.ma.masked_invalid(thin.values()).T
    ax.set_facecolor("0.8")  # points without a potential
    mesh = ax.pcolormesh(x, y, V, shading="nearest", cmap="viridis", rasterized=True)
    assert ax.figure is not None
    ax.figure.colorbar(mesh, ax=ax, label="membrane potential (mV)")
    bounds = _bounds(grid).items()
    seen = sorted((v, STYLES[name]) for name, v in bounds if V.min() < v < V.max())
    if seen:
        levels, styles = zip(*seen, strict=True)
        lines = ax.contour(x, y, V, levels, colors="white", linestyles=styles)
        ax.clabel(lines, fmt="%g mV", manual=[_middle(ax, parts) for parts in lines.allsegs])


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
        ax.set_xlabel(_label(table, name))
    else:
        x = np.arange(len(table))
        ax.set_xlabel("row")
    ax.plot(x, V, ".", rasterized=True)
    ax.set_ylabel("membrane potential (mV)")
    _draw_bounds(table, ax)


def _thinned(grid: Grid, most: int) -> Grid:
    """A grid with at most so many places along each axis, ends included."""
    axes = []
    for one in grid.axes:
        count = min(len(one), most)
        places = np.linspace(0, len(one) - 1, count).round().astype(int)
        parameters = {name: grid.axis_values(name)[places] for name in one.parameters}
        labels = None if one.labels is None else [one.labels[i] for i in places]
        axes.append(Axis(one.name, labels, parameters))
    return Grid(grid.cell, axes)


def _set_scale(grid: Grid, thin: Grid, d: int, ax: "Axes", which: str) -> Any:
    """Label one side of the picture and give the places of an axis on it."""
    axis = thin.axes[d]
    name = next(iter(axis.parameters))
    if axis.labels is not None:
        places = np.arange(len(axis))
        ax.set(**{f"{which}ticks": places, f"{which}ticklabels": [str(v) for v in axis.labels]})
        ax.set(**{f"{which}label": axis.name})
        return places
    coupled = f"{axis.name}: " if axis.name != name else ""
    ax.set(**{f"{which}label": coupled + _label(grid, name)})
    if _is_geometric(grid.axis_values(name)):
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        ax.set(**{f"{which}scale": "log"})
        side = ax.xaxis if which == "x" else ax.yaxis
        side.set_major_locator(LogLocator(subs=(1, 2, 5)))
        side.set_major_formatter(StrMethodFormatter("{x:g}"))
        side.set_minor_formatter(NullFormatter())
    return thin.axis_values(name)


def _is_geometric(values: np.ndarray) -> bool:
    if len(values) < 3 or values.min() <= 0:
        return False
    ratios = values[1:] / values[:-1]
    return bool(np.ptp(ratios) < 1e-6 * abs(ratios[0]) and abs(ratios[0] - 1) > 1e-6)


def _label(what: Sweep, name: str) -> str:
    parameter = what.cell.model.parameters[name]
    return f"{name} ({parameter.unit})" if parameter.unit else f"{name} (relative)"


def _bounds(what: Sweep) -> dict[str, float]:
    """The potentials that the cell marks."""
    found = {name: getattr(what.cell, name) for name in STYLES}
    return {name: value for name, value in found.items() if value is not None}


def _draw_bounds(what: Sweep, ax: "Axes") -> None:
    for name, value in _bounds(what).items():
        ax.axhline(value, color="0.5", linewidth=0.8, linestyle=STYLES[name], zorder=0)
        ax.annotate(
            f"{name} {value:g} mV",
            (0, value),
            xycoords=("axes fraction", "data"),
            xytext=(4, 2),
            textcoords="offset points",
            color="0.4",
            fontsize="small",
        )
