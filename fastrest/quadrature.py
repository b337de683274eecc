"""Gauss rules of distributions: a few nodes that integrate as well as many points would.

Nodes and weights of a distribution follow from the recurrence of its orthonormal polynomials,

    y pi_k = b_k pi_(k+1) + a_k pi_k + b_(k-1) pi_(k-1),

as eigenvalues and eigenvectors of the matrix of its coefficients (Golub & Welsch 1969). Those of
the uniform and the normal distribution are known (Legendre, Hermite); those of others are found on
many points (Stieltjes' procedure: Gautschi 1982, https://doi.org/10.1137/0903018).
"""

import functools
from typing import NamedTuple

import numpy as np

from .distributions import Distribution, Recipe
from .tabulation import EIGHTHS

#: Points on each panel of probabilities.
PANEL_POINTS = 8
#: Panels narrower than this part of their place surround a kink or a jump, and have one point.
NARROW = 2.0**-20
#: A polynomial of this size, those before being of size 1, ends the recurrence: there are no more
#: values, but for 1e-10 of the distribution.
VANISHES = 1e-5
#: Degrees up to which a recurrence is worked out, as far as needed.
DEGREES = (16, 64, 144)


class Rule(NamedTuple):
    """A Gauss rule: its nodes, and the orthonormal polynomials there.

    Attributes
    ----------
    nodes : ndarray, (m,)
        Values of the input.
    matrix : ndarray, (m, m)
        Orthogonal: ``matrix[k, i]`` is sqrt(w_i) pi_k(x_i), where w_i is the weight of node i and
        pi_k the polynomial of degree k; ``matrix[0]`` is sqrt(w).
    """

    nodes: np.ndarray
    matrix: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Weights of the nodes; their sum is 1."""
        return np.asarray(np.square(self.matrix[0]))


class Recurrence(NamedTuple):
    """The recurrence of polynomials in y, where x = offset exp(scale y) if `log`, or
    offset + scale y."""

    log: bool
    offset: float
    scale: float
    a: np.ndarray
    b: np.ndarray


@functools.lru_cache(maxsize=256)
def rule(distribution: Distribution, m: int) -> Rule:
    """The Gauss rule with m nodes of a distribution.

    It integrates polynomials of degree 2m - 1 in the natural coordinate, which is ln x for
    lognormal and loguniform distributions and others on [0, inf), else x.

    Parameters
    ----------
    distribution : Distribution
    m : int
        Number of nodes; fewer are given if the distribution has fewer values.

    Returns
    -------
    Rule

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.quadrature import rule
    >>> potassium = rule(fr.uniform(3, 6), 2)
    >>> potassium.nodes.round(4), potassium.weights.round(4)
    (array([3.634, 5.366]), array([0.5, 0.5]))
    >>> round(float(potassium.weights @ potassium.nodes**3), 4)   # of x^3: (6^4 - 3^4)/4/3
    101.25
    """
    enough = next(n for n in DEGREES if m <= n)
    log, offset, scale, a, b = recurrence(distribution, enough)
    m = min(m, len(a))
    jacobi = np.diag(a[:m]) + np.diag(b[: m - 1], 1) + np.diag(b[: m - 1], -1)
    y, matrix = np.linalg.eigh(jacobi)
    matrix *= np.where(matrix[0] < 0, -1.0, 1.0)
    with np.errstate(over="ignore"):  # a value beyond the doubles is seen in its potential
        nodes = offset * np.exp(scale * y) if log else offset + scale * y
    nodes = np.clip(nodes, *distribution.bounds)  # none beyond them, not by a rounding either
    for array in (nodes, matrix):
        array.flags.writeable = False  # all callers share them
    return Rule(nodes, matrix)


@functools.lru_cache(maxsize=128)
def recurrence(distribution: Distribution, m: int) -> Recurrence:
    """The recurrence of a distribution's polynomials below degree m."""
    recipe = distribution.recipe
    k = np.arange(1.0, m)
    if recipe.base == "uniform":  # Legendre's polynomials, on [0, 1]
        b = k / (2 * np.sqrt(4 * k * k - 1))
        return Recurrence(recipe.log, recipe.offset, recipe.scale, np.full(m, 0.5), b)
    if recipe.base == "normal" and (recipe.a, recipe.b) == (0, 0):  # Hermite's
        return Recurrence(recipe.log, recipe.offset, recipe.scale, np.zeros(m), np.sqrt(k))
    u, w = points(recipe)
    x = distribution.ppf(u)
    natural = np.log(x) if distribution.log else x
    mean = float(w @ natural)
    sd = float(np.sqrt(w @ np.square(natural - mean)))
    a, b = stieltjes((natural - mean) / sd, w, m)
    offset = float(np.exp(mean)) if distribution.log else mean
    return Recurrence(distribution.log, offset, sd, a, b)


def points(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities u and weights of a Gauss-Legendre rule on many panels.

    The panels grow narrow towards 0 and 1, where quantiles change fast, as far as doubles tell 1
    from 1 - u, and no kink or jump lies within a wide one.
    """
    if recipe.pieces is not None:
        lower, upper = recipe.pieces.lower.breaks, recipe.pieces.upper.breaks
    else:
        lower = upper = EIGHTHS
    if recipe.base == "triangular":  # its mode is at the probability a
        lower = np.union1d(lower, np.clip(recipe.a, lower[0], lower[-1]))
        upper = np.union1d(upper, np.clip(1 - recipe.a, upper[0], upper[-1]))
    below, w_below = _on_panels(lower)
    above, w_above = _on_panels(upper)
    w = np.concatenate([w_below, w_above])
    return np.concatenate([below, 1 - above]), w / w.sum()


def _on_panels(breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t, w = np.polynomial.legendre.leggauss(PANEL_POINTS)
    start, width = breaks[:-1, None], np.diff(breaks)[:, None]
    narrow = (width <= NARROW * start)[:, 0]
    wide = start[~narrow] + width[~narrow] * ((t + 1) / 2), width[~narrow] * (w / 2)
    single = start[narrow] + width[narrow] / 2, width[narrow]
    at, weights = (np.concatenate([a.ravel(), b.ravel()]) for a, b in zip(wide, single))
    return at, weights


def stieltjes(y: np.ndarray, w: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients a and b of the polynomials below degree m that are orthonormal on some points.

    Fewer, if there are fewer points.

    Parameters
    ----------
    y, w : ndarray
        Points, of mean 0 and sd 1, and their weights, of sum 1.
    """
    a, b = np.zeros(m), np.zeros(m)
    before, pi = np.zeros_like(y), np.sqrt(w)  # times sqrt(w)
    for k in range(m):
        a[k] = pi @ (y * pi)
        after = (y - a[k]) * pi - b[k - 1] * before
        b[k] = np.sqrt(after @ after)
        if b[k] < VANISHES:
            m = k + 1
            break
        before, pi = pi, after / b[k]
    return a[:m], b[: m - 1]
