"""Quantile functions as tables of polynomials, which one routine of the kernels evaluates.

This is numerical inversion as in ``scipy.stats.sampling.NumericalInversePolynomial``, but it starts
from the quantile function, and keeps its relative precision in both tails. A quantile function is
tabulated twice, from either end of the distribution, as a function of the probability t <= 1/2
beyond a value. The cells of t are first the eighths of octaves from 2**-53 to 1/2. They are halved
until a polynomial of degree 7 meets the function.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastrest._core.validation import Frozen

QuantileFunction = Callable[[np.ndarray], Any]

#: The octaves from 2**-53, the least probability that is drawn, to 1/2; the ends of their eighths.
OCTAVES = 52
EIGHTHS = np.append(
    np.multiply.outer(0.5 ** np.arange(OCTAVES + 1, 1, -1), 1 + np.arange(8) / 8), 0.5
)
#: The number of coefficients of a polynomial.
TERMS = 8
#: The largest difference from the function, relative to it or to its change over the cell.
TOLERANCE = 2e-13
#: Differences that halving does not reduce count as the function's own rounding below three limits:
#: a fraction of the values in the cell, a fraction of the interquartile range, and the effect of an
#: error of the probability. The last is there because a distribution function with only absolute
#: precision gives no better quantiles in the tails.
NOISE, NOISE_OF_SPREAD, NOISE_OF_PROBABILITY = 5e-13, 2e-14, 2.0**-49
#: Quantiles that fall by more than this multiple of the rounding decrease.
FALL = 1e3
#: Cells narrower than this fraction of their octave contain a kink or a jump. They get a straight
#: line, which stays between its ends.
NARROWEST = 2.0**-40
MOST_CELLS = 1 << 16
#: Many functions compute high quantiles from 1 - t, and the rounding of 1 - t may exceed their own.
#: Cells at least this wide have a probability with an exact 1 - t close to any node, which is used
#: instead. This number of correction steps removes the effect of the distance: each leaves 1/300.
WIDE, CORRECTIONS = 2.0**-41, 5

#: The places on 0 ... 1 at which a polynomial meets the function, and at which both are compared.
_NODES = (1 + np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)[::-1]) / 2
_CHECKS = (1 - np.cos(np.pi * np.arange(TERMS + 1) / TERMS)) / 2


class HalfTable(Frozen):
    """One half of a quantile function: polynomials of the probability t between breaks.

    Attributes
    ----------
    breaks : ndarray, (n + 1,)
        Ascending from 2**-53 to 1/2, with all eighths of octaves among them.
    coefs : ndarray, (n, 8)
        Coefficients of the powers of s = (t - breaks[k]) / (breaks[k + 1] - breaks[k]).
    """

    breaks: np.ndarray
    coefs: np.ndarray

    def __init__(self, breaks: np.ndarray, coefs: np.ndarray):
        for array in (breaks, coefs):
            array.flags.writeable = False
        vars(self).update(breaks=breaks, coefs=coefs)

    def __reduce__(self) -> tuple[Any, ...]:
        return HalfTable, (self.breaks, self.coefs)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HalfTable)
            and np.array_equal(self.breaks, other.breaks)
            and np.array_equal(self.coefs, other.coefs)
        )

    def __hash__(self) -> int:
        return hash((self.breaks.tobytes(), self.coefs.tobytes()))


class QuantileTable(Frozen):
    """A tabulated quantile function.

    Attributes
    ----------
    lower : HalfTable
        Quantiles of the probability u = t.
    upper : HalfTable
        Quantiles of the probability u = 1 - t.
    """

    lower: HalfTable
    upper: HalfTable

    def __init__(self, lower: HalfTable, upper: HalfTable):
        vars(self).update(lower=lower, upper=upper)

    @property
    def arrays(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The breaks and coefficients of both halves, as the kernels take them.

        Returns
        -------
        lower, upper : tuple of ndarray
        """
        lower, upper = self.lower, self.upper
        return (lower.breaks, lower.coefs), (upper.breaks, upper.coefs)

    def __eq__(self, other: object) -> bool:
        mine = (self.lower, self.upper)
        return isinstance(other, QuantileTable) and mine == (other.lower, other.upper)

    def __hash__(self) -> int:
        return hash((self.lower, self.upper))


def tabulate(lower: QuantileFunction, upper: QuantileFunction | None) -> QuantileTable:
    """Tabulate a quantile function.

    Parameters
    ----------
    lower : callable
        Returns the quantiles of an array of probabilities u.
    upper : callable or None
        Returns the quantiles of an array of probabilities 1 - u (``isf``), and so keeps the digits
        of high quantiles.

    Returns
    -------
    QuantileTable

    Raises
    ------
    ValueError
        A quantile is not finite, quantiles decrease, or more than 65536 polynomials are needed.

    Examples
    --------
    >>> from fastrest.distributions.tabulated import tabulate
    >>> table = tabulate(lambda u: u**2, None)
    >>> len(table.lower.coefs)
    416
    """
    beyond = upper if upper is not None else lambda t: lower(1.0 - t)
    quartiles = [float(_quantiles(one, np.array([0.25]))[0]) for one in (lower, beyond)]
    floor = NOISE_OF_SPREAD * abs(quartiles[1] - quartiles[0])
    return QuantileTable(_half(lower, +1, floor), _half(beyond, -1, floor))


def _half(function: QuantileFunction, direction: int, floor: float) -> HalfTable:
    """Tabulate one half, of quantiles that rise (+1) or fall (-1) with t.

    Differences up to `floor` may be the function's own rounding.
    """
    left, right = EIGHTHS[:-1], EIGHTHS[1:]
    before: np.ndarray = np.full(left.shape, np.inf)  # the error in the cell that was halved
    done: list[tuple[np.ndarray, np.ndarray]] = []
    cells = 0
    while left.size:
        width = right - left
        exact = (width >= WIDE) & (direction < 0)
        nodes, checks = (_places(left, width, s, exact) for s in (_NODES, _CHECKS))
        at_nodes = _quantiles(function, left[:, None] + width[:, None] * nodes)
        at_checks = _quantiles(function, left[:, None] + width[:, None] * checks)
        coefs = _polynomials(at_nodes)
        for _ in range(CORRECTIONS):
            shift = _evaluate(coefs, nodes) - _evaluate(coefs, _NODES)
            coefs = _polynomials(at_nodes - shift)
        lowest, change = np.abs(at_checks).min(axis=1), np.ptp(at_checks, axis=1)
        size = np.maximum(lowest, change)
        of_probability = NOISE_OF_PROBABILITY / width * change
        noise = np.maximum(np.maximum(NOISE * size, floor), of_probability)
        for found in (at_nodes, at_checks):
            if (direction * np.diff(found, axis=1) < -FALL * noise[:, None]).any():
                raise ValueError("quantiles must not decrease with the probability")
        error = np.abs(_evaluate(coefs, checks) - at_checks).max(axis=1)
        meets = (error <= TOLERANCE * size) | ((error <= noise) & (error > before / 4))
        narrow = ~meets & (width < NARROWEST * 2.0 ** np.floor(np.log2(left)))
        coefs[narrow] = 0.0
        coefs[narrow, 0] = at_checks[narrow, 0]
        coefs[narrow, 1] = at_checks[narrow, -1] - at_checks[narrow, 0]
        enough = meets | narrow
        done.append((left[enough], coefs[enough]))
        cells += int(enough.sum())
        rest = ~enough
        middle = left[rest] + width[rest] / 2
        before = np.repeat(error[rest], 2)
        left, right = (
            np.stack(pair, axis=1).ravel() for pair in ((left[rest], middle), (middle, right[rest]))
        )
        if cells + left.size > MOST_CELLS:
            raise ValueError(
                f"the quantile function is too rough: it takes more than {MOST_CELLS} polynomials"
            )
    starts = np.concatenate([one for one, _ in done])
    order = np.argsort(starts)
    breaks = np.append(starts[order], 0.5)
    return HalfTable(breaks, np.concatenate([coefs for _, coefs in done])[order])


def _places(left: np.ndarray, width: np.ndarray, s: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Return places in cells as fractions of their widths, (n, len(s)).

    The places are at s or, where 1 - t is to be exact, near s.
    """
    t = np.round((left[:, None] + width[:, None] * s) * 2.0**53) * 2.0**-53
    return np.where(exact[:, None], (t - left[:, None]) / width[:, None], s)


def call_user_function(function: Callable[..., Any], *arguments: np.ndarray) -> np.ndarray:
    """Return the result of a user's function as doubles, or raise a ValueError that tells why not.

    Parameters
    ----------
    function : callable
        The function of a user.
    *arguments : ndarray
        Arguments of the function.

    Returns
    -------
    ndarray
        Of float64, not necessarily finite.

    Raises
    ------
    ValueError
        The function raises an exception, or returns anything but real numbers.
    """
    try:
        with np.errstate(all="ignore"):  # callers refuse values that are not finite
            found = np.asarray(function(*arguments))
            if found.dtype.kind == "c":
                raise TypeError(f"real numbers are needed, got dtype {found.dtype}")
            return found.astype(np.float64)
    except Exception as error:  # a user's function may raise anything
        raise ValueError(f"the distribution fails with {type(error).__name__}: {error}") from error


def _quantiles(function: QuantileFunction, t: np.ndarray) -> np.ndarray:
    found = call_user_function(function, t.ravel())
    if found.shape != (t.size,):
        raise ValueError(f"must give one quantile for each probability, got shape {found.shape}")
    bad = ~np.isfinite(found)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            f"quantiles must be finite, got {float(found[i])!r} at probability {t.flat[i]:.6g}"
        )
    return found.reshape(t.shape)


def _polynomials(at_nodes: np.ndarray) -> np.ndarray:
    """Return the coefficients of powers of s, (n, 8), of polynomials through values at the nodes.

    The polynomials are first sums of Chebyshev polynomials. Those coefficients decrease so fast
    that the large coefficients of a Chebyshev polynomial's powers of s cost no precision.
    """
    origin = at_nodes[:, :1]
    angles = np.pi * (np.arange(TERMS) + 0.5) / TERMS
    change = (at_nodes - origin)[:, ::-1]  # nodes from s = 1 down to 0
    coefs = np.zeros_like(at_nodes)
    for k in range(TERMS):
        weights = np.cos(k * angles) * ((2 if k else 1) / TERMS)
        # not numpy.sum, whose order of summation differs between machines
        total = sum(change[:, [j]] * weights[j] for j in range(TERMS))
        coefs += total * _SHIFTED_CHEBYSHEV[k]
    coefs[:, :1] += origin
    return coefs


def _shifted_chebyshev() -> np.ndarray:
    """Return the coefficients, whole numbers, of the powers of s in T_k(2 s - 1), (8, 8)."""
    found = np.zeros((TERMS, TERMS))
    found[0, 0] = 1
    found[1, :2] = -1, 2
    for k in range(2, TERMS):
        found[k] = -2 * found[k - 1] - found[k - 2]
        found[k, 1:] += 4 * found[k - 1, :-1]
    return found


_SHIFTED_CHEBYSHEV = _shifted_chebyshev()


def _evaluate(coefs: np.ndarray, s: np.ndarray) -> np.ndarray:
    found = np.zeros((len(coefs), s.shape[-1]))
    for k in reversed(range(TERMS)):
        found = found * s + coefs[:, k : k + 1]
    return found
