"""How long things take: rounds that take turns, the interval of a ratio of times, its verdict.

Times on a shared machine move by tens of per cent within minutes. So nothing is judged by a time,
only by the ratio of two that were measured in turn, with the interval in which it lies.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: How surely a ratio lies in its interval.
LEVEL = 0.99
#: Resamples that an interval is made from.
RESAMPLES = 1000
#: The quantile of times that is compared: low, because the rest tells of the neighbours.
BEST = 0.1

Run = Callable[[], Any]


def clock(run: Run) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def in_turn(runs: Sequence[Run], *, seconds: float, rounds: tuple[int, int]) -> np.ndarray:
    """Times of several things, each once a round, there and back: A B C, C B A, A B C, …

    Parameters
    ----------
    runs : sequence of callables
    seconds : float
        What all rounds together should take.
    rounds : (int, int)
        At least and at most so many.

    Returns
    -------
    ndarray of shape (rounds, runs), s
    """
    found = np.empty((rounds[1], len(runs)))
    order = list(range(len(runs)))
    started = time.perf_counter()
    n = 0
    while n < rounds[0] or (n < rounds[1] and time.perf_counter() - started < seconds):
        for k in order if n % 2 == 0 else reversed(order):
            found[n, k] = clock(runs[k])
        n += 1
    return found[:n]


@dataclass(frozen=True)
class Ratio:
    """A ratio of times: how many times as long, and the interval in which it lies."""

    value: float
    low: float
    high: float

    def verdict(self, tolerance: float) -> str:
        """``"slower"``, ``"faster"``, ``"pass"``, or ``"inconclusive"``.

        Slower and faster are those that are so by more than the tolerance for all of the interval;
        inconclusive those of which only a part of the interval is slower.
        """
        if self.low > 1 + tolerance:
            return "slower"
        if self.high > 1 + tolerance:
            return "inconclusive"
        return "faster" if self.high < 1 / (1 + tolerance) else "pass"

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def best(seconds: Any) -> float:
    """What a run takes when nobody disturbs it: neighbours only ever add to times."""
    return float(np.quantile(seconds, BEST))


def log_ratio(pairs: Sequence[np.ndarray]) -> float:
    """ln of the ratio of the best times of two things."""
    first, second = np.concatenate(pairs).T
    return math.log(best(first) / best(second))


def resampled(pairs: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Bootstrap of `log_ratio`: groups are drawn, and the rounds in each."""
    found = np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        groups = [pairs[g] for g in rng.integers(len(pairs), size=len(pairs))]
        found[k] = log_ratio([group[rng.integers(len(group), size=len(group))] for group in groups])
    return found


def ratio(pairs: Sequence[np.ndarray], others: Sequence[np.ndarray] | None = None) -> Ratio:
    """How many times as long one thing takes as another that took turns with it.

    Parameters
    ----------
    pairs, others : sequence of ndarray of shape (rounds, 2)
        Seconds of both: an array for each process, since what makes one process faster than the
        next, its place in memory, is common to all that it measures. With others, the ratio is
        divided by theirs.
    """
    rng = np.random.Generator(np.random.PCG64(1))
    value, samples = log_ratio(pairs), resampled(pairs, rng)
    if others is not None:
        value, samples = value - log_ratio(others), samples - resampled(others, rng)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Ratio(math.exp(value), math.exp(min(low, value)), math.exp(max(high, value)))


def stats(seconds: Sequence[float]) -> dict[str, Any]:
    """What pytest-benchmark writes of rounds, under its names."""
    data = np.asarray(seconds, dtype=float)
    q1, median, q3 = np.quantile(data, [0.25, 0.5, 0.75]).tolist()
    iqr = q3 - q1
    mild = int(((data < q1 - 1.5 * iqr) | (data > q3 + 1.5 * iqr)).sum())
    sd = float(data.std(ddof=1)) if len(data) > 1 else 0.0
    far = int((np.abs(data - data.mean()) > sd).sum())
    return {
        "min": float(data.min()),
        "max": float(data.max()),
        "mean": float(data.mean()),
        "stddev": sd,
        "median": median,
        "q1": q1,
        "q3": q3,
        "iqr": iqr,
        "ld15iqr": float(data[data >= q1 - 1.5 * iqr].min()),
        "hd15iqr": float(data[data <= q3 + 1.5 * iqr].max()),
        "iqr_outliers": mild,
        "stddev_outliers": far,
        "outliers": f"{far};{mild}",
        "rounds": len(data),
        "iterations": 1,
        "total": float(data.sum()),
        "ops": 1 / float(data.mean()),
        "data": data.tolist(),
    }
