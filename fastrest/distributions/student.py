"""Quantiles of Student's t distribution, for confidence intervals of few replicates.

The counterpart in scipy is ``scipy.stats.t.ppf(0.5 + level / 2, freedom)``.
"""

import functools
import math


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
    >>> from fastrest.distributions.student import student
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
