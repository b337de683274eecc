"""Histograms, and fractions of points in a range."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Comparable, public, shown, whole_number
from fastrest.models.outputs import Output, with_unit
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.points.labels import quantity_label
from fastrest.points.points import Points
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import (
    OnePass,
    checked_potential,
    checked_potentials,
    is_regular,
    next_double,
)

if TYPE_CHECKING:
    import matplotlib.axes

#: The most bins of a histogram: each thread counts 8 bytes for a bin.
MOST_BINS = 10_000_000


@public
@dataclass(frozen=True, eq=False)
class HistogramAnswer(Comparable):
    """The answer of `Histogram`.

    Attributes
    ----------
    counts : ndarray of int64, (bins,)
        Valid points between edges.
    edges : ndarray, (bins + 1,)
        mV.
    below, above : int
        Valid points beyond the edges.
    method : str
        "factored" or "pointwise".
    of : str or Criterion
        The output or event that was counted.
    output : Output or None
        The output, or that of the event; None if an earlier version pickled the answer.
    invalid : dict of str to int or None
        Other points, as those of `SummaryAnswer`; None if an earlier version pickled the answer.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> h = fr.grid(cell, K_out=[3.0, 5.0, 20.0]).histogram(bins=2, range=(-80, -60))
    >>> h.counts, h.edges, h.below, h.above
    (array([1, 1]), array([-80., -70., -60.]), 0, 1)
    """

    counts: np.ndarray
    edges: np.ndarray
    below: int
    above: int
    method: str
    of: str | Criterion = field(default="V", repr=False)
    output: Output | None = field(default=None, repr=False)
    invalid: dict[str, int] | None = field(default=None, repr=False)

    def _words(self) -> tuple[str, str, str]:
        """Return a line about the points, and the first and the last edge as text."""
        n = int(self.counts.sum()) + self.below + self.above
        output = None if isinstance(self.of, Criterion) else self.output
        beyond = f"{self.below:,} below, {self.above:,} above"
        text = f"Histogram of {self.of}: {n:,} points, {len(self.counts):,} bins; {beyond}"
        return text, f"{self.edges[0]:g}", with_unit(f"{self.edges[-1]:g}", output)

    def __repr__(self) -> str:
        text, first, last = self._words()
        return f"<{text}\n  edges {first} ... {last}>"

    def _repr_html_(self) -> str:
        from fastrest.plotting import html

        text, first, last = self._words()
        return html.block(text, html.bars(self.counts, first, last))

    def plot(
        self, ax: matplotlib.axes.Axes | None = None, cell: Cell | None = None
    ) -> matplotlib.axes.Axes:
        """Draw the counts as steps, with the threshold and block of a cell if one is given.

        Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.
        cell : Cell, optional
            The cell whose threshold, block and name are drawn.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> ax = fr.grid(cell, K_out=[3.0, 5.0, 20.0]).histogram(bins=10).plot()
        """
        from fastrest.plotting.charts import histogram
        from fastrest.plotting.primitives import Quantity, note_of_invalid

        label = f"{self.of} (mV)"
        if self.output is not None:
            label = quantity_label(self.output, self.of)
        marks = {} if cell is None or self.of != "V" else cell.marks
        invalid = sum((self.invalid or {}).values())
        n = int(self.counts.sum()) + self.below + self.above + invalid
        beyond = f"{self.below:,} points below, {self.above:,} above the edges"
        notes = [note_of_invalid(invalid, n), beyond if self.below or self.above else ""]
        title = "" if cell is None else cell.name
        quantity = Quantity(label, marks, event=not isinstance(self.of, str))
        return histogram(self.counts, self.edges, ax, quantity, title, notes)


@public
class Histogram(OnePass):
    """Counts between edges, as `numpy.histogram` of the valid potentials.

    The answer is a `HistogramAnswer`.

    Parameters
    ----------
    bins : int or array_like
        Number of bins of equal width, or their edges, increasing, in mV.
    range : tuple of float
        First and last edge, mV, if `bins` is a number.
    of : str or Criterion
        Name of an output of the model, or an event (`between`).

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
    >>> h = sweep.histogram(bins=4, range=(-100, 0))
    >>> h.counts, h.below, h.above
    (array([ 32, 363, 605,   0]), 0, 0)
    """

    bins: np.ndarray

    def __init__(
        self,
        bins: int | npt.ArrayLike = 200,
        range: tuple[float, float] = (-100.0, 0.0),
        *,
        of: str | Criterion = "V",
    ):
        if is_regular(bins) and np.ndim(bins) == 0:
            n = whole_number("bins", bins, 1, MOST_BINS)
            if not isinstance(range, tuple | list | np.ndarray) or len(range) != 2:
                raise TypeError(f"range must be two potentials in mV, got {shown(range)}")
            low, high = (checked_potential("range", x) for x in range)
            if not low < high:
                raise ValueError(f"range must increase, got {shown(range)}")
            edges = np.linspace(low, high, n + 1)
        else:
            edges = checked_potentials("bins", bins)
            if len(edges) < 2:
                raise ValueError(f"bins must be at least 2 edges, got {len(edges)}")
        if not (np.diff(edges) > 0).all():
            raise ValueError("bins must be increasing edges")
        edges += 0.0  # -0.0 is 0
        edges.flags.writeable = False
        vars(self).update(bins=edges, of=of)

    def arguments(self) -> dict[str, Any]:
        return {"bins": self.bins.tolist(), **super().arguments()}

    def wanted(self, points: Points) -> np.ndarray:
        return np.append(self.bins[:-1], next_double(self.bins[-1]))  # the last bin is closed

    def answer(self, points: Points, found: Sequence[Accumulator]) -> HistogramAnswer:
        state = found[0]
        counts, below, above = state.between(self.wanted(points))
        above += self.never(points, state)
        known = self.of, resolved_quantity(self.of, points.cell.model)[0], state.reasons
        return HistogramAnswer(counts, self.bins, below, above, state.method, *known)

    def words(self) -> list[str]:
        return [f"{len(self.bins) - 1} bins, {self.bins[0]:g} ... {self.bins[-1]:g} mV"]


@public
class Fraction(OnePass):
    """The fraction of the valid points with V below, above, or between given potentials (mV).

    The answer is a float; NaN if no point is valid. A time that does not come counts as infinite.

    Parameters
    ----------
    below, above : float
        V < below; V > above.
    between : tuple of float
        a <= V <= b.
    of : str or Criterion
        Name of an output of the model, or an event (`between`).

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> fr.grid(cell, K_out=[3.0, 5.0, 20.0, 60.0]).reduce(fr.Fraction(below=-55))
    (0.5,)
    """

    _given: dict[str, Any]
    _from: float
    _to: float

    def __init__(
        self,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
        of: str | Criterion = "V",
    ):
        if sum(x is not None for x in (below, above, between)) != 1:
            raise TypeError("a fraction needs one of below=, above=, between=")
        given: dict[str, Any]
        if below is not None:
            given = {"below": checked_potential("below", below)}
            ends = [-np.inf, given["below"]]
        elif above is not None:
            given = {"above": checked_potential("above", above)}
            ends = [next_double(given["above"]), np.inf]
        else:
            if not isinstance(between, tuple | list) or len(between) != 2:
                raise TypeError(f"between must be two potentials, got {between!r}")
            low, high = (checked_potential("between", x) for x in between)
            if low > high:
                raise ValueError(f"between must not decrease, got {between!r}")
            given, ends = {"between": (low, high)}, [low, next_double(high)]
        vars(self).update(_given=given, _from=ends[0], _to=ends[1], of=of)

    def arguments(self) -> dict[str, Any]:
        return {**self._given, **super().arguments()}

    def wanted(self, points: Points) -> Sequence[float]:
        return [edge for edge in (self._from, self._to) if math.isfinite(edge)]

    def answer(self, points: Points, found: Sequence[Accumulator]) -> float:
        state = found[0]
        lower = int(state.below(self._from)) if math.isfinite(self._from) else 0
        n = state.n + self.never(points, state)
        upper = int(state.below(self._to)) if math.isfinite(self._to) else n
        return (upper - lower) / n if n else math.nan
