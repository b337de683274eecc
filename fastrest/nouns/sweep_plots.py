"""Pictures of sweeps: the arrays that each kind of points shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastrest._core.validation import unknown
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.time_course import TimeCourse
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import Criterion
from fastrest.plotting.charts import (
    Side,
    companions,
    courses,
    curves,
    heat_map,
    histogram,
    rest_dot,
    scatter,
)
from fastrest.plotting.primitives import (
    EDGE,
    Quantity,
    axes_or_new,
    note_of_invalid,
    set_head,
    texts_of,
)
from fastrest.points.axes import Axis
from fastrest.points.course_points import CoursePoints
from fastrest.points.grid_points import GridPoints
from fastrest.points.points import Points, axis_label, quantity_label
from fastrest.reductions.histograms import Histogram
from fastrest.reductions.running import tally
from fastrest.reductions.summaries import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most places along an axis that can be told apart on paper.
MOST_PLACES = 800
#: The most values on an axis that is short: a grid of two axes, one of them short, is drawn as a
#: family of curves along the other, the longer one or else the first. Others are heat maps.
SHORT = 8
#: The most rows of a table that are drawn.
MOST_DOTS = 100_000
#: The quantiles of many courses that are drawn.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
#: The range of a histogram without points, and the smallest width of a histogram, mV.
EVERYDAY, NARROWEST = (-100.0, 0.0), 1e-6


#: Ions whose Nernst potentials are drawn: True for all.
Ions = bool | str | Sequence[str]


def check(points: Points, nernst: Ions = False, rest: bool = False) -> None:
    """Raise a ValueError if no picture can show the points, or what is asked for beside them."""
    if len(points.dims) > 2 and not isinstance(points, CoursePoints):
        raise ValueError(
            f"plot draws one or two axes, got {len(points.dims)} ({', '.join(points.dims)}): fix "
            "the others with cell.replace(...), or plot slices of to_xarray()"
        )
    _nernst_ions(points, nernst)
    if rest and _parameter_along(points) is None:
        raise ValueError("rest=True needs a grid of one axis, along which a parameter varies")


def draw(points: Points, ax: "Axes | None", nernst: Ions = False, rest: bool = False) -> "Axes":
    """Draw points: see `Sweep.plot`."""
    check(points, nernst, rest)
    with axes_or_new(ax) as ax:
        if isinstance(points, GridPoints):
            _draw_grid(points, ax, nernst, rest)
        elif isinstance(points, CoursePoints):
            _draw_courses(points, ax)
        elif points.kind == "Table":
            _draw_table(points, ax)
        else:
            _draw_sample(points, ax)
        return ax


def _parameter_along(points: Points) -> str | None:
    """Return the parameter that a curve is drawn along, or None."""
    if not isinstance(points, GridPoints) or len(points.dims) != 1:
        return None
    return _position(points, points.axes[0])


def _nernst_ions(points: Points, nernst: Ions) -> list[str]:
    """Return the ions whose Nernst potentials are drawn beside V."""
    ions = [ion.name for ion in points.cell.model.permeant]
    if isinstance(nernst, bool):
        nernst = ions if nernst else []
    names = [nernst] if isinstance(nernst, str) else list(nernst or ())
    for name in names:
        if name not in ions:
            raise ValueError(f"nernst: {unknown('permeant ion', name, ions)}")
    if names and (not isinstance(points, GridPoints) or len(points.dims) > 1 or points.of != "V"):
        raise ValueError("nernst needs a grid of one axis, and of='V'")
    return names


def _draw_grid(grid: GridPoints, ax: "Axes", nernst: Ions, rest: bool) -> None:
    in_curves = len(grid.dims) == 1 or min(grid.shape) <= SHORT
    thin = _thinned(grid, (4 if in_curves else 1) * MOST_PLACES)
    values = thin.values_and_status()[0]
    sides = [_side(grid, thin, d) for d in range(len(grid.dims))]
    quantity, name = quantity_of(grid), grid.cell.name
    if len(sides) == 1:
        color = curves(sides[0], [(name, values)], ax, quantity)
        lines = {
            f"$E_\\mathrm{{{ion}}}$": thin.asked(f"E_{ion}").values_and_status()[0]
            for ion in _nernst_ions(grid, nernst)
        }
        companions(sides[0], lines, ax, color)
        if rest and (name_along := _parameter_along(grid)):
            rest_dot(grid.cell[name_along], grid.cell.value(of=grid.of), ax, color)
    elif in_curves:
        if grid.shape[0] < grid.shape[1]:
            sides, values = sides[::-1], values.T
        names = sides[1].texts or texts_of(sides[1].places)
        curves(sides[0], list(zip(names, values.T)), ax, quantity, sides[1].label)
    else:
        heat_map(tuple(sides), values, ax, quantity)
    set_head(ax, name, _notes(values, grid, "×" if in_curves else "grey"))


def _draw_table(points: Points, ax: "Axes") -> None:
    values = points.values_and_status()[0]
    columns = points.parameters(np.arange(len(points)))
    x, label = np.arange(len(points)), "row"
    if len(columns) == 1:
        ((name, x),) = columns.items()
        label = axis_label(points.cell.model, name)
    rows = np.linspace(0, len(x) - 1, min(len(x), MOST_DOTS)).round().astype(int)
    x, values = x[rows], values[rows]
    scatter(x, label, values, ax, quantity_of(points), points.cell.name)
    if label == "row":
        ax.locator_params("x", integer=True)
    notes = _notes(values, points, "×")
    nowhere = np.count_nonzero(~np.isfinite(x))
    if nowhere:
        notes.append(f"{nowhere:,} of them without a place on this axis")
    set_head(ax, points.cell.name, notes)


def _draw_courses(points: CoursePoints, ax: "Axes") -> None:
    cells, time, cell = points.cells, points.time, points.cell
    if isinstance(cells, GridPoints) and len(cells.dims) == 1 and len(cells) <= SHORT:
        times = Axis("time", None, {"time": time})
        return _draw_grid(GridPoints(cell, (*cells.axes, times)).asked(points.of), ax, False, False)
    values = points.values_and_status()[0].reshape(-1, len(time))
    seen = np.isfinite(values)
    some = seen.any(axis=0)
    levels = np.full((len(LEVELS), len(time)), np.nan)
    levels[:, some] = np.nanquantile(np.where(seen, values, np.nan)[:, some], LEVELS, axis=0)
    assert isinstance(cell.model, TimeCourse)
    starts = [one.start for one in cell.model.protocol if time[0] < one.start < time[-1]]
    courses(time, [levels], [quantity_of(points)], starts, "", [ax])
    note = f"median of {len(values):,} cells, with bands of 50 and 90 % of them"
    missing = int(np.count_nonzero(~seen.any(axis=1)))
    set_head(ax, cell.name, [note, note_of_invalid(missing, len(values), "cells")])


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
    (h,) = tally(points, [Histogram(range=(low, high), of=of)]).answers()
    note = note_of_invalid(len(points) - s.n, len(points), lacks=_lacks(points))
    if points.output.is_time and note:
        note = f"{len(points) - s.n:,} of {len(points):,} points never do"
    histogram(h.counts, h.edges, ax, quantity_of(points), points.cell.name, [note], "center")
    ax.autoscale(axis="x")  # so that all marks are visible


def quantity_of(points: Points) -> Quantity:
    """Return the label and the marks of the quantity of points."""
    return Quantity(quantity_label(points.output, points.of), marks_of(points.cell, points.of))


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
    label = coupled + axis_label(grid.cell.model, name)
    values = thin.axis_values(name)
    domain = grid.cell.model.parameters[name].domain
    in_order = None if position else texts_of(values)
    return Side(label, values, grid.axis_values(name), in_order, domain)
