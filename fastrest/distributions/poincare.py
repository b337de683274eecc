"""Poincare constants of distributions: bounds of the variance of a function by its slopes.

Var g(X) <= C E[g'(X)^2] for every g. The constant C is the inverse of the least positive eigenvalue
of the Sturm-Liouville problem -(rho u')' = lambda rho u with u' = 0 at both ends, where rho is the
density of X (Roustant, Barthe & Iooss 2017, https://doi.org/10.1214/17-EJS1310). scipy has no
function for it; linear finite elements give the banded matrices of a generalized eigenvalue problem
as ``scipy.linalg.eigh`` solves it, and inverse iteration gives its one wanted eigenvalue.
"""

import math
from collections.abc import Callable

import numpy as np

#: The approximate number of nodes of the finite elements.
NODES = 1 << 15
#: Leaving this probability out of the mesh at either end may change the constant by this fraction.
LEFT_OUT, CHANGE = 2.0**-41, 1e-3
#: A step of the quantiles at a break, or between two breaks closer than the fraction NARROW of
#: their place, is a gap in the support if it exceeds the fraction GAP of the interquartile range.
#: Rounding is subtracted first. Breaks in the far tails, where tables are rough, are left out.
NARROW, GAP, ROUNDING, RARE = 2.0**-39, 1e-6, 1e-12, 2.0**-24
#: After MOST_STEPS the constant is within 2e-4, however close the next eigenvalue is.
TOLERANCE, MOST_STEPS = 1e-12, 1000

Values = Callable[[np.ndarray], np.ndarray]


def poincare_constant(lower: Values, upper: Values, breaks: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the Poincare constant of a distribution, computed by linear finite elements.

    Parameters
    ----------
    lower, upper : callable
        Return, for an array of probabilities t <= 1/2, the quantiles of t and of 1 - t.
    breaks : tuple of ndarray
        Probabilities, ascending to 1/2, between which `lower` and `upper` are smooth.

    Returns
    -------
    float
        In the square of the quantiles' unit. Infinite if there is none because the support has
        gaps or a tail is too heavy. Also infinite if a tail is so nearly exponential that its far
        end decides the constant.

    Examples
    --------
    >>> import numpy as np
    >>> from fastrest.distributions.poincare import poincare_constant
    >>> breaks = 2.0 ** np.arange(-53, 0)
    >>> round(poincare_constant(lambda t: t, lambda t: 1 - t, (breaks, breaks)) * np.pi**2, 6)
    1.0
    """
    quarter = np.array([0.25])
    spread = float(upper(quarter)[0] - lower(quarter)[0])
    meshes = []
    for values, ends in zip((lower, upper), breaks):
        # a step may lie at a break itself
        around = np.union1d(ends, np.nextafter(ends[ends > RARE], 0))
        narrow = np.diff(around) < NARROW * around[:-1]
        x = values(around)
        steps = np.abs(np.diff(x)) - ROUNDING * np.abs(x[1:])
        if (steps[narrow] > GAP * spread).any():
            return math.inf
        pieces = max(1, NODES // 2 // len(ends))
        places = np.linspace(ends[:-1], ends[1:], pieces, endpoint=False, axis=1)
        meshes.append(np.unique(np.append(places, ends[-1])))
    found = []
    with np.errstate(over="ignore", invalid="ignore"):  # squares of quantiles beyond 1e154
        for least in (LEFT_OUT, 0.0):
            below, above = (mesh[mesh >= least] for mesh in meshes)
            x = np.append(lower(below), upper(above)[-2::-1])
            found.append(_largest_ratio(x, np.append(np.diff(below), np.diff(above)[::-1])))
    return found[1] if abs(found[1] - found[0]) <= CHANGE * found[1] else math.inf


def _largest_ratio(x: np.ndarray, part: np.ndarray) -> float:
    """Return the largest Var u / E[u'^2] of functions u that are linear between nodes x.

    `part` is the probability between neighbouring nodes. The method is inverse iteration: rho u' of
    the next u is the integral of -rho times this u. The integral is summed from either end, so that
    the tails keep their digits.
    """
    flexibility = np.diff(x) ** 2 / part
    middle = len(part) // 2
    u = np.append(0.0, np.cumsum(part)) - 0.5
    ratio, before = 0.0, math.inf
    for _ in range(MOST_STEPS):
        loads = _loads(u, part)
        flux = np.append(-np.cumsum(loads[:middle]), np.cumsum(loads[:middle:-1])[::-1])
        energy = float((flux**2 * flexibility).sum())
        u = np.append(0.0, np.cumsum(flux * flexibility)) / math.sqrt(energy)
        u -= _loads(u, part).sum() / part.sum()
        ratio, before = float((u * _loads(u, part)).sum()), ratio
        if not abs(ratio - before) > TOLERANCE * ratio:
            break
    return ratio


def _loads(u: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return the integrals of u times each node's hat function."""
    left, right = u[:-1], u[1:]
    loads = np.zeros_like(u)
    loads[:-1] += part * (2 * left + right) / 6
    loads[1:] += part * (left + 2 * right) / 6
    return loads
