"""Estimators of Sobol' indices from sums over the replicates of a pick-freeze sample.

The total-order estimator is Jansen's (1999, doi:10.1016/S0010-4655(98)00154-4), the first-order
estimator that of Saltelli et al. (2010, doi:10.1016/j.cpc.2009.09.018), with the output less its
mean. Each replicate has a row of sums, in the order of fastrest.h. Intervals use quantiles of
Student's t distribution.
"""

import functools
import math

import numpy as np

#: The ways to treat points without an output, as in scipy.
NAN_POLICIES = ("raise", "omit")


@functools.cache
def student(freedom: int, level: float = 0.95) -> float:
    """Return the two-sided quantile of Student's t: |t| is below it with probability `level`.

    Parameters
    ----------
    freedom : int
        Degrees of freedom, at least 1.
    level : float
        The confidence level of the two-sided interval.

    Returns
    -------
    float
        The half-width of the interval in standard errors.

    Examples
    --------
    >>> from fastrest.sensitivity.estimators import student
    >>> round(student(15), 4)
    2.1314
    """

    def within(t: float) -> float:  # Abramowitz & Stegun 1964, 26.7.3 and 26.7.4
        angle = math.atan(t / math.sqrt(freedom))
        cosine, odd = math.cos(angle), freedom % 2
        term = total = 0.0
        for k in range(odd, freedom - 1, 2):
            term = term * (cosine**2 * (k - 1) / k) if k > 1 else (cosine if odd else 1.0)
            total += term
        total *= math.sin(angle)
        return 2 / math.pi * (angle + total) if odd else total

    low, high = 0.0, 1e3
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if within(middle) > level else (middle, high)
    return high


#: With fewer events than this in a replicate, the scatter over the replicates is unreliable.
FEW_EVENTS = 16

Estimate = tuple[np.ndarray, np.ndarray]


def moments(sums: np.ndarray, n: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return mean and variance, and each replicate's sum of squared deviations.

    `sums` are those of f and f^2 at the n points of each replicate.
    """
    total, squares = sums.T
    mean = float(total.sum() / n.sum())
    spread = squares - 2 * mean * total + n * mean**2
    return mean, float(spread.sum() / n.sum()), spread


def estimates(
    sums: np.ndarray, n: np.ndarray, d: int, second: bool, centre: float | None = None
) -> tuple[float, float, dict[str, Estimate]]:
    """Return mean, variance, and indices with half-widths of their 95 % intervals.

    Parameters
    ----------
    sums : ndarray, (replicates, sums)
        Sums without those of derivatives.
    n : ndarray, (replicates,)
        Number of points of each replicate.
    d : int
        Number of inputs.
    second : bool
        True if there are sums for indices of second order, which come last.
    centre : float, optional
        Value subtracted from f in products; by default its mean at A and B.
    """
    a, aa, b, bb, ab = sums[:, :5].T
    mean, variance, spread = moments(np.stack([a + b, aa + bb], axis=1) / 2, n)
    centre = mean if centre is None else centre
    of_inputs = sums[:, 5 : 5 + 3 * d].reshape(len(sums), d, 3)
    step, step_squared, step_b = np.moveaxis(of_inputs, 2, 0)
    first = step_b - centre * step
    found = {"S1": ratio_estimate(first, spread), "ST": ratio_estimate(step_squared / 2, spread)}
    if second:
        j, k = np.triu_indices(d, 1)
        of_ba, of_pairs = np.split(sums[:, 5 + 3 * d :], [2 * d], axis=1)
        ba, ba_a = np.moveaxis(of_ba.reshape(len(sums), d, 2), 2, 0)
        # f(B_A) of j times f(A_B) = f(A) + d of k, less f(A) f(B), each f less the centre
        closed = of_pairs + ba_a[:, j] - centre * (ba[:, j] + step[:, k]) - ab[:, None]
        closed += centre * b[:, None]
        square = np.full((d, d), np.nan)
        found["S2"] = square, square.copy()
        pairs = ratio_estimate(closed - first[:, j] - first[:, k], spread)
        for place, values in zip(found["S2"], pairs):
            place[j, k] = values
    return mean, variance, found


def widened_for_rare_events(
    found: dict[str, Estimate], sums: np.ndarray, n: np.ndarray, d: int
) -> dict[str, Estimate]:
    """Return estimates for an indicator, with wider intervals where they rest on few events.

    A replicate without an event shows no scatter. Let N be the number of events in all, counted
    inside or outside the range, whichever is rarer. The half-width of an interval is then at least
    that of 1.96 sqrt(N + 2.4) events: Poisson's, and 3 events if N is 0. Events are, for a first
    order, points at which f(B) and either f(A_B) or f(A) are 1; for a total order, points at which
    an input changes f; for the variance, points at which f is 1.
    """
    a, _, b, _, ab, *_ = sums.sum(axis=0)
    total, few = n.sum(), FEW_EVENTS * len(n)
    rare = 1.0 if a + b < 0 else -1.0  # f - 1/2, or the same of its opposite
    step, changes, step_b = sums[:, 5 : 5 + 3 * d].sum(axis=0).reshape(d, 3).T
    hits = rare * (a + b) + total
    variance = hits / (2 * total) * (1 - hits / (2 * total))
    both = ab + rare * (a + b) / 2 + total / 4
    with_input = ab + step_b + rare * (a + b + step) / 2 + total / 4

    def least(events: np.ndarray, scale: float, value: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(events < few, 1.96 * np.sqrt(events + 2.4) * scale, 0.0)
            relative = 1.96 / np.sqrt(hits) if hits < few else 0.0
            return np.asarray(own / (total * variance) + np.abs(value) * relative)

    wider = {}
    for key, (value, width) in found.items():
        if key == "S1":
            floor = least(with_input + both, 1.0, value)
        elif key == "ST":
            floor = least(changes, 0.5, value)
        else:  # second orders are what remains after the first orders
            first = least(with_input + both, 1.0, found["S1"][0])
            floor = np.hypot(first[:, None], first) + least(np.asarray(both), 1.0, value)
        wider[key] = value, np.fmax(width, floor) if hits else np.full_like(value, np.nan)
    return wider


def bounds(
    of_a: np.ndarray, squares: np.ndarray, n: np.ndarray, constants: np.ndarray
) -> dict[str, Estimate]:
    """Return mean squared derivatives, and the bounds of total-order indices that follow.

    The total-order index of an input is at most its Poincare constant times the mean squared
    derivative over the variance (Lamboni, Iooss, Popelin & Gamboa 2013,
    doi:10.1016/j.matcom.2013.02.002).
    """
    _, _, spread = moments(of_a, n)
    with np.errstate(invalid="ignore"):
        vi, dgsm = ratio_estimate(squares, n), ratio_estimate(constants * squares, spread)
    return {"vi": vi, "dgsm": dgsm}


def ratio_estimate(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Return ratios of sums over all replicates, and half-widths of their 95 % intervals.

    The half-widths are Student's, from the deviation of each replicate (the delta method).
    """
    replicates = len(above)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above.sum(axis=0) / below.sum()
        deviation = (above - value * below[:, None]) / below.mean()
        if replicates == 1:
            return value, np.full_like(value, np.nan)
        sd = deviation.std(axis=0, ddof=1)
    return value, student(replicates - 1) * sd / math.sqrt(replicates)
