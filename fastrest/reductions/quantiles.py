"""Quantiles: order statistics, found by counting between ever closer edges."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import public
from fastrest.points.criteria import Between
from fastrest.points.points import Points
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import Reducer, is_regular

#: A bound on all potentials, mV: phi times the logarithm of the largest ratio of doubles is 48,000.
LARGEST = 1e6
#: Edges in a pass. Pointwise a pass costs the same for any number of them.
POINTWISE_EDGES, FACTORED_EDGES = 1 << 13, 1 << 6


class Bracket(NamedTuple):
    """An interval that contains an order statistic: low <= V < high."""

    low: float
    high: float


@public
class Quantile(Reducer):
    """Order statistics of the valid points: the potential of rank ceil(q n), exactly.

    They are found by repeated passes that count between ever closer edges. The answer is an ndarray
    of the shape of `q`, mV; NaN if no point is valid.

    Parameters
    ----------
    q : array_like of float
        From 0 (the minimum) to 1 (the maximum).
    of : str or Between
        Name of an output of the model, or an event (`between`).
    """

    _hooks = ("brackets",)
    passes = None
    q: np.ndarray

    def __init__(self, q: npt.ArrayLike, *, of: str | Between = "V"):
        given = np.array(q) if is_regular(q) else np.empty(0, object)
        if given.dtype.kind not in "iuf":
            raise TypeError(f"q must be numbers from 0 to 1, got {q!r}")
        given = given.astype(np.float64) + 0.0  # -0.0 is 0
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
        wide = {b for b in self.brackets(found) if np.nextafter(b.low, np.inf) < b.high}
        if not wide:
            return None
        return np.unique(np.concatenate([_between(b, max(2, per_pass // len(wide))) for b in wide]))

    def brackets(self, found: Sequence[Accumulator]) -> list[Bracket]:
        """Return an interval for each order statistic; no interval if no point is valid."""
        n = found[0].n
        if n == 0:
            return []
        brackets = []
        for q in self.q.ravel().tolist():
            rank = min(n, max(1, math.ceil(q * n)))
            low, high = -LARGEST, LARGEST
            for state in found:
                below = np.cumsum(state.counts[:-1])
                place = int(np.searchsorted(below, rank))  # the first edge with rank points below
                if place < len(below):
                    high = min(high, float(state.edges[place]))
                if place > 0:
                    low = max(low, float(state.edges[place - 1]))
            brackets.append(Bracket(low, high))
        return brackets

    def answer(self, points: Points, found: Sequence[Accumulator]) -> np.ndarray:
        brackets = self.brackets(found)
        values = [b.low for b in brackets] or [math.nan] * self.q.size
        return np.array(values).reshape(self.q.shape)

    def words(self) -> list[str]:
        return [repr(self.q.tolist())]


def _ordered(bits: np.ndarray) -> np.ndarray:
    """Return bits of doubles as integers in the order of the doubles; of these, the bits again."""
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _between(bracket: Bracket, n: int) -> np.ndarray:
    """Return about n edges from end to end of a bracket, evenly spaced among the doubles."""
    first, last = _ordered(np.array(bracket).view(np.int64)).tolist()
    n = min(n, last - first)
    keys = np.array([first + (last - first) * i // n for i in range(n + 1)], np.int64)
    return _ordered(keys).view(np.float64)
