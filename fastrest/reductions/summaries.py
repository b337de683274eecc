"""Summaries: number, mean, sd and extrema."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastrest._core.validation import public
from fastrest.points.criteria import Between
from fastrest.points.points import Points
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import OnePass


@public
@dataclass(frozen=True)
class SummaryAnswer:
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
