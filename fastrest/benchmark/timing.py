"""Rounds that take turns, and the ratio of their times with its interval and verdict.

Times on a shared machine change by tens of per cent within minutes. Speed is therefore judged by
the ratio of two times that were measured in turn, and by the interval of that ratio.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: The probability that a ratio lies in its interval.
LEVEL = 0.99
#: Bootstrap resamples for an interval.
RESAMPLES = 1000
#: The quantile of times that is compared: low, because other programs only lengthen times.
BEST = 0.1

Run = Callable[[], Any]


def in_turn(runs: Sequence[Run], seconds: float, rounds: tuple[int, int]) -> np.ndarray:
    """Time several calls, each once in a round, in alternating order: A B C, C B A, A B C, …

    Parameters
    ----------
    runs : sequence of callables
    seconds : float
        The time after which no further round begins.
    rounds : (int, int)
        The smallest and the largest number of rounds, which count more than `seconds`.

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
            before = time.perf_counter()
            runs[k]()
            found[n, k] = time.perf_counter() - before
        n += 1
    return found[:n]


@dataclass(frozen=True)
class Ratio:
    """A ratio of times, with its interval."""

    value: float
    low: float
    high: float

    def verdict(self, tolerance: float) -> str:
        """Return ``"slower"``, ``"faster"``, ``"pass"``, or ``"inconclusive"``.

        "slower" and "faster" mean that the whole interval lies beyond the tolerance, "inconclusive"
        that a part of it is slower by more than the tolerance.
        """
        if self.low > 1 + tolerance:
            return "slower"
        if self.high > 1 + tolerance:
            return "inconclusive"
        return "faster" if self.high < 1 / (1 + tolerance) else "pass"

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def best(seconds: Any) -> float:
    """Return the time of an undisturbed run: other programs only lengthen times."""
    return float(np.quantile(seconds, BEST))


def log_ratio(pairs: Sequence[np.ndarray]) -> float:
    """Return the logarithm of the ratio of two best times."""
    first, second = np.concatenate(pairs).T
    return math.log(best(first) / best(second))


def resampled(pairs: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return bootstrap values of `log_ratio`: groups are drawn at random, and rounds in each."""
    found = np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        groups = [pairs[g] for g in rng.integers(len(pairs), size=len(pairs))]
        found[k] = log_ratio([group[rng.integers(len(group), size=len(group))] for group in groups])
    return found


def ratio(pairs: Sequence[np.ndarray], others: Sequence[np.ndarray] | None = None) -> Ratio:
    """Return the ratio of the times of two calls that took turns, with its interval.

    Parameters
    ----------
    pairs, others : sequence of ndarray of shape (rounds, 2)
        Seconds of both calls, an array for each process: the place of a process in memory changes
        all of its times. The ratio is divided by the ratio of `others` if these are given.
    """
    rng = np.random.Generator(np.random.PCG64(1))
    value, samples = log_ratio(pairs), resampled(pairs, rng)
    if others is not None:
        value, samples = value - log_ratio(others), samples - resampled(others, rng)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Ratio(math.exp(value), math.exp(min(low, value)), math.exp(max(high, value)))
