"""Summaries: number, mean, sd, extrema and quantiles."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Comparable, public, shown
from fastrest.points.criteria import Between
from fastrest.points.points import Points
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
    """

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


@public
class Summary(OnePass):
    """Number, mean, sd, extrema and their places, and invalid points by reason.

    The answer is a `SummaryAnswer`.

    Parameters
    ----------
    of : str or Between
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

    def __init__(self, *, of: str | Between = "V"):
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
        brackets = np.unique(self.brackets(found), axis=0)
        wide = brackets[np.nextafter(brackets[:, 0], np.inf) < brackets[:, 1]]
        if not len(wide):
            return None
        n = max(2, per_pass // len(wide))
        return np.unique(np.concatenate([_between(bracket, n) for bracket in wide]))

    def brackets(self, found: Sequence[Accumulator]) -> np.ndarray:
        """Return an interval low <= V < high for each order statistic, (q.size, 2).

        The intervals are NaN if no point is valid.
        """
        n = found[0].n
        if n == 0:
            return np.full((self.q.size, 2), math.nan)
        ranks = [min(n, max(1, math.ceil(q * n))) for q in self.q.ravel().tolist()]
        brackets = np.tile([-LARGEST, LARGEST], (self.q.size, 1))
        for state in found:
            # the first edge with at least rank points below it, and the edge before
            places = np.searchsorted(np.cumsum(state.counts[:-1]), ranks)
            edges = np.concatenate([[-LARGEST], state.edges, [LARGEST]])
            brackets[:, 0] = np.maximum(brackets[:, 0], edges[places])
            brackets[:, 1] = np.minimum(brackets[:, 1], edges[places + 1])
        return brackets

    def answer(self, points: Points, found: Sequence[Accumulator]) -> np.ndarray:
        return self.brackets(found)[:, 0].reshape(self.q.shape)

    def words(self) -> list[str]:
        return [repr(self.q.tolist())]


def _ordered(bits: np.ndarray) -> np.ndarray:
    """Return bits of doubles as integers in the order of the doubles; of these, the bits again."""
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _between(bracket: np.ndarray, n: int) -> np.ndarray:
    """Return about n edges from end to end of a bracket, evenly spaced among the doubles."""
    first, last = _ordered(bracket.view(np.int64)).tolist()
    n = min(n, last - first)
    keys = np.array([first + (last - first) * i // n for i in range(n + 1)], np.int64)
    return _ordered(keys).view(np.float64)
