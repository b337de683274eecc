"""Summaries: number, mean, sd, extrema and quantiles."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Comparable, public, shown
from fastrest.models.outputs import Output, with_unit
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.points.points import Points
from fastrest.reductions import separable
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import OnePass, Reducer, is_regular


@public
@dataclass(frozen=True, eq=False)
class SummaryAnswer(Comparable):
    """The answer of `Summary`. Invalid points are counted by reason, and left out of the rest.

    Attributes
    ----------
    n : int
        Valid points.
    invalid : dict of str to int
        Other points, by the lowest bit of their `Status`.
    mean, sd, min, max : float
        mV; sd divides by n. NaN if no point is valid.
    argmin, argmax : int or None
        Flat number of the first point with that potential.
    at_min, at_max : dict of str to float
        The varied parameters there.
    method : str
        The method: "factored" or "pointwise".
    of : str or Criterion
        The output or event that was summarised.
    output : Output or None
        The output, or that of the event; None if an earlier version pickled the answer.

    Examples
    --------
    >>> import fastrest as fr
    >>> s = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 20.0]).summary()
    >>> s.n, round(s.mean, 2), s.at_max["K_out"]
    (3, -64.69, 20.0)
    """

    _compared: ClassVar[tuple[str, ...]] = (
        *("n", "invalid", "mean", "sd", "min", "max", "argmin", "argmax", "at_min", "at_max"),
        *("method", "of"),
    )

    n: int
    invalid: dict[str, int]
    mean: float
    sd: float
    min: float
    max: float
    argmin: int | None
    argmax: int | None
    at_min: dict[str, float]
    at_max: dict[str, float]
    method: str
    of: str | Criterion = "V"
    output: Output | None = None

    def _rows(self) -> list[tuple[str, str, str]]:
        """Return name, value and place of each number."""
        output = None if isinstance(self.of, Criterion) else self.output
        places = {"min": self.at_min, "max": self.at_max}
        rows = []
        for name in ("mean", "sd", "min", "max"):
            at = ", ".join(f"{n} {x:.4g}" for n, x in places.get(name, {}).items())
            rows.append((name, with_unit(f"{getattr(self, name):.4g}", output), at))
        return rows

    def _count(self) -> str:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.invalid.items())
        points = f"{self.n:,} point{'s' * (self.n != 1)}"
        return points + (f"; invalid: {reasons}" if reasons else "")

    def __repr__(self) -> str:
        lines = [f"<Summary of {self.of}: {self._count()}"]
        if self.n:
            lines += [f"{n} {x}" + (f" at {at}" if at else "") for n, x, at in self._rows()]
        return "\n  ".join(lines) + ">"

    def _repr_html_(self) -> str:
        from fastrest.plotting import html

        rows = self._rows() if self.n else []
        return html.block(f"Summary of {self.of}: {self._count()}", html.table([], rows, 3))


@public
class Summary(OnePass):
    """Number, mean, sd, extrema and their places, and invalid points by reason.

    The answer is a `SummaryAnswer`.

    Parameters
    ----------
    of : str or Criterion
        Name of an output of the model, or an event (`between`).

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
    >>> s = sweep.summary()
    >>> s.n, round(s.mean, 2), round(s.max, 2), s.at_max
    (1000, -48.37, -31.29, {'K_out': 50.0})
    """

    sums = True

    def __init__(self, *, of: str | Criterion = "V"):
        vars(self).update(of=of)

    def answer(self, points: Points, found: Sequence[Accumulator]) -> SummaryAnswer:
        state = found[0]
        return SummaryAnswer(
            n=state.n,
            invalid=state.reasons,
            mean=state.mean,
            sd=state.sd,
            min=state.min if state.n else math.nan,
            max=state.max if state.n else math.nan,
            argmin=state.argmin if state.n else None,
            argmax=state.argmax if state.n else None,
            at_min=_parameters_at(points, state.argmin),
            at_max=_parameters_at(points, state.argmax),
            method=state.method,
            of=self.of,
            output=resolved_quantity(self.of, points.cell.model)[0],
        )


def _parameters_at(points: Points, place: int) -> dict[str, float]:
    """Return the varied parameters at a point; none if the number is -1."""
    values = points.parameters(place) if place >= 0 else {}
    return {name: float(value) for name, value in values.items()}


#: A bound on all potentials, mV: phi times the logarithm of the largest ratio of doubles is 48,000.
LARGEST = 1e6
#: The most order statistics of one answer, whose passes take time in proportion.
MOST_QUANTILES = 100_000
#: Edges in a pass. Pointwise a pass costs the same for any number of them.
POINTWISE_EDGES, FACTORED_EDGES = 1 << 13, 1 << 6
#: The most pairs of edges that are ever closer to a place, each 4 times closer.
CLOSER = 12
#: The most potentials of a factored grid that are listed and sorted.
LISTED = 1 << 22


@public
class Quantile(Reducer):
    """Order statistics of the valid points: the potential of rank ceil(q n), exactly.

    They are found by repeated passes that count between ever closer edges. The answer is an ndarray
    of the shape of `q`, mV; NaN if no point is valid. A time that does not come (`time_to`) is
    infinite, and later than all others.

    Parameters
    ----------
    q : array_like of float
        From 0 (the minimum) to 1 (the maximum).
    of : str or Criterion
        Name of an output of the model, or an event (`between`).

    Examples
    --------
    >>> import fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 20.0])
    >>> (quantiles,) = sweep.reduce(fr.Quantile([0.5, 1.0]))
    >>> quantiles.round(2)
    array([-69.81, -50.3 ])
    """

    _hooks = ("brackets",)
    passes = None
    q: np.ndarray

    def __init__(self, q: npt.ArrayLike, *, of: str | Criterion = "V"):
        given = np.array(q) if is_regular(q) else np.empty(0, object)
        if given.dtype.kind not in "iuf":
            raise TypeError(f"q must be numbers from 0 to 1, got {shown(q)}")
        given = given.astype(np.float64) + 0.0  # -0.0 is 0
        if given.size > MOST_QUANTILES:
            raise ValueError(f"q must have at most {MOST_QUANTILES:,} elements, got {given.size:,}")
        bad = ~((given >= 0) & (given <= 1))
        if bad.any():
            raise ValueError(f"q must be from 0 to 1, got {float(given[bad].flat[0])!r}")
        given = np.asarray(given)
        given.flags.writeable = False
        vars(self).update(q=given, of=of)

    def arguments(self) -> dict[str, Any]:
        return {"q": self.q.tolist(), **super().arguments()}

    def edges(self, points: Points, method: str, found: Sequence[Accumulator]) -> np.ndarray | None:
        per_pass = FACTORED_EDGES if method == "factored" else POINTWISE_EDGES
        if not found:
            return np.linspace(-150.0, 100.0, per_pass + 1)
        wide = [one for one in self.brackets(found, self.never(points, found[0])) if one.is_wide]
        if not wide:
            return None
        apart = {one.ends: one for one in wide}
        few = sum(one.points for one in apart.values()) <= LISTED
        if few and method == "factored" and separable.applies(grid := points.asked(self.of), True):
            potentials, copies = separable.listed(grid, list(apart))
            lists = dict(zip(apart, potentials))
            values = np.array([one.value(lists[one.ends], copies) for one in wide])
            return np.unique([values, np.nextafter(values, np.inf)])  # this pass is the last
        n = per_pass // len(apart)
        counted = _counted(found)
        return np.unique(np.concatenate([one.between(n, *counted) for one in apart.values()]))

    def brackets(self, found: Sequence[Accumulator], never: int = 0) -> list[Bracket]:
        """Return an interval for each order statistic; intervals of NaN if no point is valid."""
        finite = found[0].n
        n = finite + never
        if n == 0:
            return [Bracket(math.nan, math.nan, 0, 0, 0)] * self.q.size
        ranks = [min(n, max(1, math.ceil(q * n))) for q in self.q.ravel().tolist()]
        brackets = [
            Bracket(-LARGEST, LARGEST, rank, 0, finite)
            if rank <= finite
            else Bracket(math.inf, math.inf, rank, finite, n)
            for rank in ranks
        ]
        for state in found:
            # the first edge with at least rank points below it, and the edge before
            edges = [-LARGEST, *state.edges.tolist(), LARGEST]
            below = np.cumsum([0, *state.counts.tolist()])
            places = np.searchsorted(below[1:-1], ranks).tolist()
            brackets = [
                one.cut(edges, below, i) if one.is_wide else one for one, i in zip(brackets, places)
            ]
        return brackets

    def answer(self, points: Points, found: Sequence[Accumulator]) -> np.ndarray:
        return np.array(
            [one.low for one in self.brackets(found, self.never(points, found[0]))]
        ).reshape(self.q.shape)

    def words(self) -> list[str]:
        return [repr(self.q.tolist())]


class Bracket(NamedTuple):
    """An interval low <= V < high with the order statistic of a rank.

    Attributes
    ----------
    low, high : float
    rank : int
    below_low, below_high : int
        Numbers of points below both ends.
    """

    low: float
    high: float
    rank: int
    below_low: int
    below_high: int

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the interval."""
        return self.low, self.high

    @property
    def is_wide(self) -> bool:
        """True if there are several doubles in the interval."""
        return math.nextafter(self.low, math.inf) < self.high

    @property
    def points(self) -> int:
        """The number of points in the interval."""
        return self.below_high - self.below_low

    def cut(self, edges: list[float], below: np.ndarray, i: int) -> Bracket:
        """Return the part of the interval from edge i to the next, which has the rank."""
        low, below_low, high, below_high = self.low, self.below_low, self.high, self.below_high
        if edges[i] > low:
            low, below_low = edges[i], int(below[i])
        if edges[i + 1] < high:
            high, below_high = edges[i + 1], int(below[i + 1])
        return Bracket(low, high, self.rank, below_low, below_high)

    def value(self, potentials: np.ndarray, copies: int) -> float:
        """Return the order statistic, from the sorted potentials in the interval."""
        return float(potentials[(self.rank - self.below_low - 1) // copies])

    def between(self, n: int, edges: np.ndarray, below: np.ndarray) -> np.ndarray:
        """Return about n edges in the interval, from the counts below all edges so far.

        Some are evenly spaced among the doubles, so that every distribution is narrowed. The others
        are ever closer to the place that a smooth distribution would have.
        """
        even = _between(np.array(self.ends), max(2, n // 4))
        steps = (self.high - self.low) * 4.0 ** -np.arange(1.0, 1.0 + min(3 * n // 8, CLOSER))
        middle = self.likely(edges, below)
        near = np.concatenate([middle - steps, middle + steps])
        return np.concatenate([even, near[(near > self.low) & (near < self.high)]])

    def likely(self, edges: np.ndarray, below: np.ndarray) -> float:
        """Return the potential of the rank if the distribution were a cubic near the interval."""
        i = int(np.searchsorted(edges, self.low))
        around = slice(max(0, i - 1), i + 3)
        x, y = edges[around].tolist(), [n - self.rank for n in below[around].tolist()]
        if len(x) == 4 and all(a < b for a, b in itertools.pairwise(y)):
            weights = [math.prod(-b / (a - b) for b in y if b != a) for a in y]
            guess = math.fsum(a * weight for a, weight in zip(x, weights))
            if self.low < guess < self.high:
                return guess
        return self.low + (self.high - self.low) * ((self.rank - self.below_low) / self.points)


def _counted(found: Sequence[Accumulator]) -> tuple[np.ndarray, np.ndarray]:
    """Return all edges between which points were counted, and the number of points below each."""
    edges, first = np.unique(np.concatenate([one.edges for one in found]), return_index=True)
    return edges, np.concatenate([np.cumsum(one.counts[:-1]) for one in found])[first]


def _ordered(bits: np.ndarray) -> np.ndarray:
    """Return bits of doubles as integers in the order of the doubles; of these, the bits again."""
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _between(bracket: np.ndarray, n: int) -> np.ndarray:
    """Return about n edges from end to end of a bracket, evenly spaced among the doubles."""
    first, last = _ordered(bracket.view(np.int64)).tolist()
    n = min(n, last - first)
    keys = np.array([first + (last - first) * i // n for i in range(n + 1)], np.int64)
    return _ordered(keys).view(np.float64)
