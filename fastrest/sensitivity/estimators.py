"""Estimators of Sobol' indices from sums over the replicates of a pick-freeze sample.

With d = f(A_B) - f(A) and e = f(B) - f(B_A) for an input, its part of the variance is estimated by
the mean of d e / 2 for the first order and of (d^2 + e^2) / 4 for the total order (Jansen 1999,
doi:10.1016/S0010-4655(98)00154-4, at A and at B). That of two inputs together is the mean of
-(e_j d_k + e_k d_j) / 2. Nothing has to be centred. The variance is that of all evaluations. Each
replicate has a row of sums, in the order of fastrest.h. Intervals use quantiles of Student's t
distribution.
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


#: The sums over A and B, and those of each input.
OF_POINTS, OF_INPUT = 5, 9


def estimates(
    sums: np.ndarray, n: np.ndarray, d: int, second: bool
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
    """
    a, aa, b, bb, _ = sums[:, :OF_POINTS].T
    step, steps, back, backs, both, a_step, _, _, b_back = _of_inputs(sums, d)
    # f(A_B) is f(A) + d, and f(B_A) is f(B) - e
    total = (1 + d) * (a + b) + (step - back).sum(axis=1)
    squares = (1 + d) * (aa + bb) + (2 * (a_step - b_back) + steps + backs).sum(axis=1)
    scale = 2 * (1 + d)
    mean, variance, spread = moments(np.stack([total, squares], axis=1) / scale, n)
    found = {
        "S1": ratio_estimate(both / 2, spread),
        "ST": ratio_estimate((steps + backs) / 4, spread),
    }
    if second:
        square = np.full((d, d), np.nan)
        found["S2"] = square, square.copy()
        of_pairs = sums[:, OF_POINTS + OF_INPUT * d :]
        for place, values in zip(found["S2"], ratio_estimate(-of_pairs / 2, spread)):
            place[np.triu_indices(d, 1)] = values
    return mean, variance, found


def _of_inputs(sums: np.ndarray, d: int) -> np.ndarray:
    """Return the sums of the inputs, (kinds, replicates, inputs)."""
    found = sums[:, OF_POINTS : OF_POINTS + OF_INPUT * d]
    return np.moveaxis(found.reshape(len(sums), d, OF_INPUT), 2, 0)


def widened_for_rare_events(
    found: dict[str, Estimate], sums: np.ndarray, n: np.ndarray, d: int
) -> dict[str, Estimate]:
    """Return estimates for an indicator, with wider intervals where they rest on few events.

    A replicate without an event shows no scatter. Let N be the number of events in all, counted
    inside or outside the range, whichever is rarer. The half-width of an interval is then at least
    that of 1.96 sqrt(N + 2.4) events: Poisson's, and 3 events if N is 0. Events are, for a first
    order, points at which two of the four values whose products estimate it are 1; for a total
    order, points at which an input changes f; for the variance, points at which f is 1.
    """
    a, _, b, _, ab, *_ = sums.sum(axis=0)
    total, few = n.sum(), FEW_EVENTS * len(n)
    rare = 1.0 if a + b < 0 else -1.0  # f - 1/2, or the same of its opposite
    step, steps, back, backs, both, _, b_step, a_back, _ = _of_inputs(sums, d).sum(axis=1)
    hits = rare * (a + b) + total
    variance = hits / (2 * total) * (1 - hits / (2 * total))
    # f(A) f(B), f(B) f(A_B), f(A) f(B_A), f(A_B) f(B_A)
    two = ab + rare * (a + b) / 2 + total / 4
    four = 4 * ab + 2 * (b_step - a_back) - both + rare * (2 * (a + b) + step - back) + total
    changes = steps + backs

    def least(events: np.ndarray, scale: float, value: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(events < few, 1.96 * np.sqrt(events + 2.4) * scale, 0.0)
            relative = 1.96 / np.sqrt(hits) if hits < few else 0.0
            return np.asarray(own / (total * variance) + np.abs(value) * relative)

    wider = {}
    for key, (value, width) in found.items():
        if key == "S1":
            floor = least(four, 0.5, value)
        elif key == "ST":  # d and e of an input may change together
            floor = least(changes, math.sqrt(2) / 4, value)
        else:  # as of what remains after the first orders
            first = least(four, 0.5, found["S1"][0])
            floor = np.hypot(first[:, None], first) + least(np.asarray(two), 1.0, value)
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
