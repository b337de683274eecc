"""Gauss quadrature rules of distributions, by the Golub-Welsch algorithm.

The orthonormal polynomials of a distribution satisfy a three-term recurrence,

    y pi_k = b_k pi_(k+1) + a_k pi_k + b_(k-1) pi_(k-1).

Nodes and weights of a rule are eigenvalues and eigenvectors of its Jacobi matrix, which has the
coefficients a and b as its diagonals (Golub & Welsch 1969). The uniform distribution has the
recurrence of the Legendre polynomials, the normal distribution that of the Hermite polynomials: the
rules are those of ``scipy.special.roots_legendre`` and ``scipy.special.roots_hermitenorm``. Other
distributions have no counterpart in scipy: a discretized Stieltjes procedure computes their
recurrence (Gautschi 1982, https://doi.org/10.1137/0903018).
"""

import functools
from typing import NamedTuple

import numpy as np

from fastrest.distributions.base import Distribution, Recipe

#: The number of points on each panel of probabilities.
PANEL_POINTS = 8
#: Panels narrower than this fraction of their place surround a kink or a jump, and have one point.
NARROW = 2.0**-20
#: A polynomial of this norm before normalization ends the recurrence: the distribution has no more
#: values, except with a probability of 1e-10.
VANISHES = 1e-5
#: Degrees to which recurrences are computed: the least one that suffices is taken.
DEGREES = (16, 64, 144)


class GaussRule(NamedTuple):
    """A Gauss rule: its nodes, and the values of the orthonormal polynomials at the nodes.

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
        """The weights of the nodes, whose sum is 1.

        Returns
        -------
        ndarray, (m,)
        """
        return np.asarray(np.square(self.matrix[0]))


class Recurrence(NamedTuple):
    """The three-term recurrence of the orthonormal polynomials in y.

    Attributes
    ----------
    log : bool
        Whether x = offset exp(scale y); otherwise x = offset + scale y.
    offset, scale : float
        The map from y to the input x.
    a, b : ndarray, (m,) and (m - 1,)
        The diagonal and the off-diagonal of the Jacobi matrix.
    """

    log: bool
    offset: float
    scale: float
    a: np.ndarray
    b: np.ndarray


@functools.lru_cache(maxsize=256)
def gauss_rule(distribution: Distribution, m: int) -> GaussRule:
    """Return the Gauss rule with m nodes of a distribution.

    The rule integrates polynomials of degree 2m - 1 in the natural coordinate. That is ln x for
    lognormal and loguniform distributions and for others on [0, inf), else x.

    Parameters
    ----------
    distribution : Distribution
        The distribution of the input.
    m : int
        The number of nodes; a distribution of fewer values has fewer nodes.

    Returns
    -------
    GaussRule

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.distributions.gauss import gauss_rule
    >>> potassium = gauss_rule(fr.uniform(3, 6), 2)
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
    with np.errstate(over="ignore"):  # an overflow shows in the potential
        nodes = offset * np.exp(scale * y) if log else offset + scale * y
    nodes = np.clip(nodes, *distribution.bounds)  # rounding must not take a node beyond them
    for array in (nodes, matrix):
        array.flags.writeable = False  # all callers share the arrays
    return GaussRule(nodes, matrix)


@functools.lru_cache(maxsize=128)
def recurrence(distribution: Distribution, m: int) -> Recurrence:
    """Return the recurrence of a distribution's orthonormal polynomials below degree m.

    Parameters
    ----------
    distribution : Distribution
        The distribution of the input.
    m : int
        The number of polynomials.

    Returns
    -------
    Recurrence
        Of fewer coefficients if the distribution has fewer than m values.
    """
    recipe = distribution.recipe
    k = np.arange(1.0, m)
    if recipe.base == "uniform":  # Legendre polynomials, on [0, 1]
        b = k / (2 * np.sqrt(4 * k * k - 1))
        return Recurrence(recipe.log, recipe.offset, recipe.scale, np.full(m, 0.5), b)
    if recipe.base == "normal" and (recipe.a, recipe.b) == (0, 0):  # Hermite polynomials
        return Recurrence(recipe.log, recipe.offset, recipe.scale, np.zeros(m), np.sqrt(k))
    u, w = composite_gauss_legendre(recipe)
    x = distribution.ppf(u)
    natural = np.log(x) if distribution.log else x
    mean = float(w @ natural)
    sd = float(np.sqrt(w @ np.square(natural - mean)))
    a, b = stieltjes((natural - mean) / sd, w, m)
    offset = float(np.exp(mean)) if distribution.log else mean
    return Recurrence(distribution.log, offset, sd, a, b)


def composite_gauss_legendre(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return a composite Gauss-Legendre rule in the probability u.

    The panels become narrow towards 0 and 1, where quantiles change fast, as far as doubles
    distinguish 1 - u from 1. No wide panel contains a kink or a jump.

    Parameters
    ----------
    recipe : Recipe
        Its breaks are the ends of the panels.

    Returns
    -------
    u, w : ndarray
        Probabilities, and weights of sum 1.
    """
    lower, upper = recipe.breaks
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
    """Return the recurrence of the polynomials below degree m that are orthonormal on some points.

    Parameters
    ----------
    y, w : ndarray
        Points, of mean 0 and sd 1, and their weights, of sum 1.
    m : int
        The number of polynomials.

    Returns
    -------
    a, b : ndarray, (m,) and (m - 1,)
        Coefficients of the three-term recurrence; fewer if there are fewer points.
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
