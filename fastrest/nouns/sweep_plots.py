"""Pictures of sweeps: the arrays that each kind of points shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core.validation import unknown
from fastrest.models.labels import axis_label, periods, symbol
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.time_course import TimeCourse
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import Criterion
from fastrest.plotting.charts import (
    Side,
    colour_bar,
    companions,
    courses,
    curves,
    heat_map,
    histogram,
    rest_dot,
    scatter,
    time_scale,
)
from fastrest.plotting.legends import EDGE, finish
from fastrest.plotting.primitives import (
    Quantity,
    axes_or_new,
    new_figure,
    note_of_invalid,
    texts_of,
    use_colours,
)
from fastrest.points.axes import Axis
from fastrest.points.course_points import CoursePoints
from fastrest.points.grid_points import GridPoints
from fastrest.points.labels import quantity_label
from fastrest.points.points import Points
from fastrest.reductions.histograms import Histogram
from fastrest.reductions.running import tally
from fastrest.reductions.summaries import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most places along an axis that can be told apart on paper.
MOST_PLACES = 800
#: The most values on an axis that is short: a grid of two axes, one of them short, is drawn as a
#: family of curves along the other, the longer one or else the first. Others are heat maps. A grid
#: of three axes has a panel for each value of its shortest axis.
SHORT = 8
#: Panels in a row, and the width and height of one, inches.
PER_ROW, PANEL = 4, (2.6, 3.2)
#: The most rows of a table that are drawn.
MOST_DOTS = 100_000
#: The quantiles of many courses that are drawn.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
#: The range of a histogram without points, and the smallest width of a histogram, mV.
EVERYDAY, NARROWEST = (-100.0, 0.0), 1e-6
#: The least and the most bins of a sample's histogram.
BINS = 20, 200


#: Ions whose Nernst potentials are drawn: True for all.
Ions = bool | str | Sequence[str]


def check(points: Points, nernst: Ions = False, rest: bool = False) -> None:
    """Raise a ValueError if no picture can show the points, or what is asked for beside them."""
    dims = () if isinstance(points, CoursePoints) else points.dims
    if len(dims) > 3 or (_has_panels(points) and min(points.shape) > SHORT):
        raise ValueError(
            f"plot draws one or two axes, or three of which one has at most {SHORT} values, got "
            f"{' x '.join(map(str, points.shape))} points ({', '.join(dims)}): fix others with "
            "cell.replace(...), or plot slices of to_xarray()"
        )
    _nernst_ions(points, nernst)
    if rest and not _places_of_rest(points):
        raise ValueError(
            "rest=True needs a grid, and on every axis a parameter whose values differ; of three "
            "axes, the one with a panel for each value must have the cell's own"
        )


def draw(points: Points, ax: Any, nernst: Ions = False, rest: bool = False) -> Any:
    """Draw points: see `Sweep.plot`."""
    check(points, nernst, rest)
    if not _has_panels(points):
        with axes_or_new(ax) as ax:
            _draw_one(points, ax, nernst, rest)
            return ax
    if ax is not None:
        return _draw_panels(points, ax, nernst, rest)
    with new_figure() as figure:
        figure.suptitle(points.cell.name, x=0.01, ha="left")
        return _draw_panels(points, axes_in(figure, points), nernst, rest)


def axes_in(figure: Any, points: Points) -> Any:
    """Return new axes in a figure, which has the size for them: one, or those of panels."""
    if not _has_panels(points):
        return figure.subplots()
    n = min(points.shape)
    columns = min(n, PER_ROW)
    rows = -(-n // columns)
    figure.set_size_inches(PANEL[0] * columns + 1.6, PANEL[1] * rows + 0.4)
    return figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)


def _has_panels(points: Points) -> bool:
    return isinstance(points, GridPoints) and len(points.dims) == 3


def _draw_one(points: Points, ax: "Axes", nernst: Ions, rest: bool) -> None:
    """Draw points on one pair of axes."""
    if isinstance(points, GridPoints):
        mesh = _draw_grid(points, ax, nernst, rest, points.cell.name)
        if mesh is not None:
            colour_bar([mesh], [ax], quantity_of(points))
    elif isinstance(points, CoursePoints):
        _draw_courses(points, ax)
    elif points.kind == "Table":
        _draw_table(points, ax)
    else:
        _draw_sample(points, ax)


# ---- grids ----


def _places_of_rest(points: Points) -> list[str]:
    """Return the parameters along the axes of a grid in which its cell has a place, or none."""
    if not isinstance(points, GridPoints):
        return []
    found = [_position(points, axis) for axis in points.axes]
    if None in found:
        return []
    names = [name for name in found if name]
    if len(names) == 3:
        panel = names[int(np.argmin(points.shape))]
        if points.cell[panel] not in points.axis_values(panel):
            return []
    return names


def _nernst_ions(points: Points, nernst: Ions) -> list[str]:
    """Return the ions whose Nernst potentials are drawn beside V."""
    ions = [ion.name for ion in points.cell.model.permeant]
    if isinstance(nernst, bool):
        nernst = ions if nernst else []
    names = [nernst] if isinstance(nernst, str) else list(nernst or ())
    for name in names:
        if name not in ions:
            raise ValueError(f"nernst: {unknown('permeant ion', name, ions)}")
    if names and (not isinstance(points, GridPoints) or not _in_curves(points) or points.of != "V"):
        raise ValueError(
            "nernst needs a grid that is drawn as curves (of one axis, or of another one with at "
            f"most {SHORT} values), and of='V'"
        )
    return names


def _in_curves(grid: GridPoints) -> bool:
    """Return True if a grid, or each panel of it, is drawn as curves."""
    shape = sorted(grid.shape)[1:] if len(grid.dims) == 3 else grid.shape
    return len(shape) == 1 or min(shape) <= SHORT


def _draw_panels(points: Points, given: Any, nernst: Ions, rest: bool) -> np.ndarray:
    """Draw a panel for each value of the shortest axis, all with the same scales."""
    assert isinstance(points, GridPoints)
    d = int(np.argmin(points.shape))
    axis, quantity = points.axes[d], quantity_of(points)
    panels = np.ravel(given)
    if len(panels) < len(axis):
        raise ValueError(
            f"ax must be axes for each value of {axis.name}, {len(axis)}, got {len(panels)}"
        )
    for unused in panels[len(axis) :]:
        unused.set_axis_off()
    position, limits = _position(points, axis), None
    texts = texts_of(points.axis_values(next(iter(axis.parameters))))
    if not _in_curves(points):
        s = tally(points, [Summary(of=points.of)]).answers()[0]
        limits = (s.min, s.max) if s.n else None
    meshes = []
    for i, ax in enumerate(panels[: len(axis)]):
        use_colours(ax)
        one = {name: float(points.axis_values(name)[i]) for name in axis.parameters}
        cell = points.cell.replace(**one)
        others = [other for k, other in enumerate(points.axes) if k != d]
        panel = GridPoints(cell, others).asked(points.of)
        here = rest and one[str(position)] == points.cell[str(position)]
        name = symbol(cell.model, next(iter(one)), _fixed(points))
        title = str(axis.labels[i]) if axis.labels else f"{name} = {texts[i]}"
        meshes.append(_draw_grid(panel, ax, nernst, here, title, limits, i == len(axis) - 1))
        if ax.get_subplotspec() is not None and not ax.get_subplotspec().is_first_col():
            ax.set_ylabel("")
    if meshes[0] is not None:
        colour_bar(meshes, list(panels), quantity)
    else:
        low, high = zip(*(ax.get_ylim() for ax in panels[: len(axis)]), strict=True)
        for ax in panels[: len(axis)]:
            ax.set_ylim(min(low), max(high))
    return panels[: len(axis)]


def _draw_grid(
    grid: GridPoints,
    ax: "Axes",
    nernst: Ions,
    rest: bool,
    title: str,
    limits: tuple[float, float] | None = None,
    key: bool = True,
) -> Any:
    """Draw a grid of one or two axes, and return the mesh of a heat map; `key` for a legend."""
    in_curves = _in_curves(grid)
    thin = _thinned(grid, (4 if in_curves else 1) * MOST_PLACES)
    values = thin.values_and_status()[0]
    sides = [_side(grid, thin, d) for d in range(len(grid.dims))]
    quantity, name = quantity_of(grid), grid.cell.name
    names = _places_of_rest(grid)
    legend, mesh, along = ("" if nernst or rest else None), None, 0
    if in_curves:
        along = 1 if len(sides) == 2 and grid.shape[0] < grid.shape[1] else 0
        rows, ordered = [(name, values)], False
        if len(sides) == 2:
            family = sides[1 - along]
            texts = family.texts or texts_of(family.places)
            rows = list(zip(texts, values if along else values.T))
            legend, ordered = family.label, family.texts is None
        colors = curves(sides[along], rows, ax, quantity, ordered)
        for ion in _nernst_ions(grid, nernst):
            E = thin.asked(f"E_{ion}").values_and_status()[0]
            lines = E.reshape(1, -1) if len(sides) == 1 else E if along else E.T
            if np.array_equal(lines, np.broadcast_to(lines[:1], lines.shape), equal_nan=True):
                lines = lines[:1]
            hues = colors if len(lines) == len(colors) else ["0.3"]
            text = symbol(grid.cell.model, f"E_{ion}")
            companions(sides[along], [(text, *one) for one in zip(lines, hues)], ax)
        if rest:
            color = colors[0] if len(sides) == 1 else "0.2"
            rest_dot(_on_side(grid, names[along]), grid.cell.value(of=grid.of), ax, color)
    else:
        mesh = heat_map((sides[0], sides[1]), values, ax, quantity, limits)
        if rest:
            x, y = (_on_side(grid, one) for one in names)
            rest_dot(x, y, ax, "white", "at rest")
        legend = None
    finish(ax, title, _notes(values, grid, "×" if in_curves else "grey"), legend, key)
    return mesh


def _on_side(grid: GridPoints, name: str) -> float:
    """Return the place of the cell's own value of a parameter along an axis."""
    scale = time_scale(grid.axis_values(name))[0] if name == "time" else 1.0
    return float(grid.cell[name]) / scale


def _fixed(points: Points) -> dict[str, float]:
    """Return the values of the cell that do not vary."""
    varied: set[str] = set()
    if isinstance(points, GridPoints):
        varied = {name for axis in points.axes for name in axis.parameters}
    return {name: x for name, x in dict(points.cell).items() if name not in varied}


def _draw_table(points: Points, ax: "Axes") -> None:
    values = points.values_and_status()[0]
    columns = points.parameters(np.arange(len(points)))
    x, label = np.arange(len(points)), "row"
    if len(columns) == 1:
        ((name, x),) = columns.items()
        label = axis_label(points.cell.model, name, {**points.cell, name: np.nan})
    rows = np.linspace(0, len(x) - 1, min(len(x), MOST_DOTS)).round().astype(int)
    x, values = x[rows], values[rows]
    scatter(x, label, values, ax, quantity_of(points), points.cell.name)
    if label == "row":
        ax.locator_params("x", integer=True)
    notes = _notes(values, points, "×")
    nowhere = np.count_nonzero(~np.isfinite(x))
    if nowhere:
        notes.append(f"{nowhere:,} of them without a place on this axis")
    finish(ax, points.cell.name, notes)


def _draw_courses(points: CoursePoints, ax: "Axes") -> None:
    cells, time, cell = points.cells, points.time, points.cell
    if isinstance(cells, GridPoints) and len(cells.dims) == 1 and len(cells) <= SHORT:
        times = Axis("time", None, {"time": time})
        grid = GridPoints(cell, (*cells.axes, times)).asked(points.of)
        _draw_grid(grid, ax, False, False, cell.name)
        return
    values = points.values_and_status()[0].reshape(-1, len(time))
    seen = np.isfinite(values)
    some = seen.any(axis=0)
    levels = np.full((len(LEVELS), len(time)), np.nan)
    levels[:, some] = np.nanquantile(np.where(seen, values, np.nan)[:, some], LEVELS, axis=0)
    assert isinstance(cell.model, TimeCourse)
    note = f"median of {len(values):,} cells, with bands of 50 and 90 % of them"
    missing = int(np.count_nonzero(~seen.any(axis=1)))
    notes = [note, note_of_invalid(missing, len(values), "cells")]
    shaded = periods(cell.model, time)
    courses(time, [levels], [quantity_of(points)], shaded, cell.name, [ax], notes)


def _lacks(points: Points) -> str:
    """Return the word for what points without a value lack."""
    return "steady state" if isinstance(points.cell.model, PumpLeak) else "potential"


def _notes(values: np.ndarray, points: Points, mark: str) -> list[str]:
    """Return notes on points that are not drawn, or that have no value."""
    missing, n = int(np.count_nonzero(~np.isfinite(values))), len(points)
    if values.size == n:
        return [note_of_invalid(missing, n, "points", mark, _lacks(points))]
    drawn = f"{values.size:,} of {n:,} points are drawn"
    return [drawn, note_of_invalid(missing, values.size, "points drawn", mark, _lacks(points))]


def _draw_sample(points: Points, ax: "Axes") -> None:
    of = points.of
    (s,) = tally(points, [Summary(of=of)]).answers()
    low, high = (s.min, s.max) if s.n else EVERYDAY
    if high - low < NARROWEST:
        low, high = low - 0.5, high + 0.5
    bins: Any = int(np.clip(2 * s.n ** (1 / 3), *BINS))
    event = not isinstance(of, str)
    if event:
        bins, low, high = [-0.5, 0.5, 1.5], 0.0, 1.0
    (h,) = tally(points, [Histogram(bins, (low, high), of=of)]).answers()
    note = note_of_invalid(len(points) - s.n, len(points), lacks=_lacks(points))
    if points.output.is_time and note:
        note = f"{len(points) - s.n:,} of {len(points):,} points never do"
    notes = [f"yes: {100 * s.mean:.3g} % of the points" if event and s.n else "", note]
    quantity = quantity_of(points)
    histogram(h.counts, h.edges, ax, quantity, points.cell.name, notes, every_mark=True)


def quantity_of(points: Points) -> Quantity:
    """Return the label and the marks of the quantity of points."""
    of = points.of
    event = not isinstance(of, str)
    signed = not event and str(of).startswith(("change(", "I_"))
    return Quantity(quantity_label(points.output, of), marks_of(points.cell, of), event, signed)


def marks_of(cell: Cell, of: str | Criterion) -> dict[str, float]:
    """Return the values that are marked: the cell's potentials, or the edge of existence."""
    return cell.marks if of == "V" else {EDGE: 0.0} if of == "margin" else {}


def _thinned(grid: GridPoints, most: int) -> GridPoints:
    """Return a grid with at most `most` places along each axis, ends included, in drawn order."""
    axes = []
    for one in grid.axes:
        count = min(len(one), most)
        places = np.linspace(0, len(one) - 1, count).round().astype(int)
        name = _position(grid, one)
        if name is not None:  # curves and heat maps join neighbouring places
            places = np.argsort(grid.axis_values(name))[places]
        parameters = {name: grid.axis_values(name)[places] for name in one.parameters}
        labels = None if one.labels is None else [one.labels[i] for i in places]
        axes.append(Axis(one.name, labels, parameters))
    return GridPoints(grid.cell, axes).asked(grid.of)


def _position(grid: GridPoints, axis: Axis) -> str | None:
    """Return the parameter whose values are the places on an axis, or None for equal distances.

    The parameter is the first of the axis whose values are all different.
    """
    if axis.labels is not None:
        return None
    for name in axis.parameters:
        if np.unique(grid.axis_values(name)).size == len(axis):
            return name
    return None


def _side(grid: GridPoints, thin: GridPoints, d: int) -> Side:
    """Return one axis of the picture."""
    axis = thin.axes[d]
    if axis.labels is not None:
        texts = [str(label) for label in axis.labels]
        return Side(axis.name, np.arange(len(axis)), np.empty(0), texts, (-np.inf, np.inf))
    position = _position(grid, grid.axes[d])
    name = position or next(iter(axis.parameters))
    coupled = f"{axis.name}: " if axis.name != name else ""
    label = coupled + axis_label(grid.cell.model, name, _fixed(grid))
    values, all_values = thin.axis_values(name), grid.axis_values(name)
    domain = grid.cell.model.parameters[name].domain
    if name == "time":
        scale, unit = time_scale(all_values)
        label, values, all_values = f"time ({unit})", values / scale, all_values / scale
    in_order = None if position else texts_of(values)
    return Side(label, values, all_values, in_order, domain)
