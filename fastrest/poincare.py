"""Poincare constants: how much variance a function may have for the slopes that it has.

Var g(X) <= C E[g'(X)^2] for every g. C is the inverse of the least positive eigenvalue of
-(rho u')' = lambda rho u with u' = 0 at both ends, rho the density of X (Roustant, Barthe & Iooss
2017, https://doi.org/10.1214/17-EJS1310).
"""

import math
from collections.abc import Callable

import numpy as np

#: Nodes of the finite elements, about.
NODES = 1 << 15
#: A mesh that leaves this much out at either end may change the constant by this part.
LEFT_OUT, CHANGE = 2.0**-41, 1e-3
#: A step of the quantiles at a break, or between two that are closer than this part of their place,
#: is a gap if it is above this part of the distance between the quartiles; but for rounding, and at
#: breaks in the far tails, where tables are rough.
NARROW, GAP, ROUNDING, RARE = 2.0**-39, 1e-6, 1e-12, 2.0**-24
#: So many steps end within 2e-4 of the constant, however close the next eigenvalue is.
TOLERANCE, MOST_STEPS = 1e-12, 1000

Values = Callable[[np.ndarray], np.ndarray]


def poincare_constant(lower: Values, upper: Values, breaks: tuple[np.ndarray, np.ndarray]) -> float:
    """The Poincare constant of a distribution, from its quantiles, by linear finite elements.

    Parameters
    ----------
    lower, upper : callable
        Values beyond which a probability <= 1/2 lies, below and above, of an array of these.
    breaks : tuple of ndarray
        Probabilities, ascending to 1/2, between which `lower` and `upper` are smooth.

    Returns
    -------
    float
        In the square of the quantiles' unit. Infinite if there is none, because the support has
        gaps or a tail is too heavy, and if a tail falls so nearly like an exponential function
        that its far end decides.

    Examples
    --------
    >>> import numpy as np
    >>> from fastrest.poincare import poincare_constant
    >>> breaks = 2.0 ** np.arange(-53, 0)
    >>> round(poincare_constant(lambda t: t, lambda t: 1 - t, (breaks, breaks)) * np.pi**2, 6)
    1.0
    """
    quarter = np.array([0.25])
    spread = float(upper(quarter)[0] - lower(quarter)[0])
    meshes = []
    for values, ends in zip((lower, upper), breaks):
        # a step may be at a break itself
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
    """The largest Var u / E[u'^2] of functions linear between nodes x, with parts of the
    probability between these.

    By inverse iteration: rho u' of the next u is the integral of -rho times this u, which is
    summed from either end, so that the tails keep their digits.
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
    """Integrals of u times each node's hat function."""
    left, right = u[:-1], u[1:]
    loads = np.zeros_like(u)
    loads[:-1] += part * (2 * left + right) / 6
    loads[1:] += part * (left + 2 * right) / 6
    return loads
