"""The families of distributions: uniform, loguniform, triangular, normal and lognormal."""

import functools
import math
from typing import Any

import numpy as np

from fastrest._core import _kernels, _samples
from fastrest._core.validation import as_float, finite
from fastrest.distributions.base import Distribution, Recipe, digits

#: Truncation must leave this probability: below it, quantiles lose digits.
LEAST_LEFT = 2.0**-40
#: Bounds closer than this fraction of the sd cost digits, and leave nothing of the normal shape.
NARROWEST = 1e-3
#: The kernels' exp takes numbers up to 700: sigma_log times 8.2, and the logarithm of high/low.
MOST_SIGMA_LOG, MOST_RATIO = 80.0, 1e300
#: The square of a larger coefficient of variation overflows.
MOST_CV = 1e150
#: The kernels' logarithm takes normal numbers.
LEAST_LOW = 1e-300


class Uniform(Distribution):
    """A uniform distribution between two bounds: see `uniform`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.uniform(3, 6).ppf([0.25, 0.5])
    array([3.75, 4.5 ])
    """

    family = "uniform"
    takes = needs = ("low", "high")
    low: float
    high: float

    def __init__(self, low: float, high: float):
        low, high = _increasing(self.family, low, high)
        given = {"low": low, "high": high}
        vars(self).update(given, bounds=(low, high), _arguments=given)

    @property
    def recipe(self) -> Recipe:
        """The recipe x = low + (high - low) u."""
        return Recipe("uniform", False, self.low, self.high - self.low)

    @functools.cached_property
    def poincare(self) -> float:
        """The Poincare constant ((high - low)/pi)^2."""
        return square((self.high - self.low) / math.pi)


class LogUniform(Distribution):
    """A uniform distribution of the logarithm between two bounds: see `loguniform`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.loguniform(0.01, 1).ppf([0.25, 0.5]).round(4)
    array([0.0316, 0.1   ])
    """

    family = "loguniform"
    takes = needs = ("low", "high")
    log = True
    low: float
    high: float

    def __init__(self, low: float, high: float):
        low, high = _increasing(self.family, low, high)
        if not low >= LEAST_LOW:
            raise ValueError(f"loguniform: low must be > 0 and at least {LEAST_LOW}, got {low!r}")
        if not high / low <= MOST_RATIO:
            raise ValueError(
                f"loguniform: high/low must be <= {MOST_RATIO:g}, got low {low!r}, high {high!r}"
            )
        given = {"low": low, "high": high}
        vars(self).update(given, bounds=(low, high), _arguments=given)

    @functools.cached_property
    def recipe(self) -> Recipe:
        """The recipe x = low exp(ln(high/low) u)."""
        return Recipe("uniform", True, self.low, log_ratio(self.high, self.low))

    @functools.cached_property
    def poincare(self) -> float:
        """The Poincare constant (ln(high/low)/pi)^2 in ln x."""
        return square(self.recipe.scale / math.pi)


class Triangular(Distribution):
    """A triangular distribution, whose density rises to a mode and falls: see `triangular`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.triangular(3, 4, 6).ppf([0, 0.5, 1]).round(3)
    array([3.   , 4.268, 6.   ])
    """

    family = "triangular"
    takes = needs = ("low", "mode", "high")
    low: float
    mode: float
    high: float

    def __init__(self, low: float, mode: float, high: float):
        low, high = _increasing(self.family, low, high)
        mode = _finite(self.family, "mode", mode)
        if not low <= mode <= high:
            raise ValueError(
                f"triangular: mode must be between low {low!r} and high {high!r}, got {mode!r}"
            )
        given = {"low": low, "mode": mode, "high": high}
        vars(self).update(given, bounds=(low, high), _arguments=given)

    @property
    def fraction(self) -> float:
        """The place of the mode, from 0 at low to 1 at high."""
        return (self.mode - self.low) / (self.high - self.low)

    @property
    def recipe(self) -> Recipe:
        """The recipe x = low + (high - low) y, where y has its mode at `fraction`."""
        return Recipe("triangular", False, self.low, self.high - self.low, self.fraction)


class Normal(Distribution):
    """A normal distribution, truncated if it has bounds: see `normal`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.normal(mean=140, sd=10, low=100).ppf([0.025, 0.975]).round(2)
    array([120.41, 159.6 ])
    """

    family = "normal"
    takes = ("mean", "sd", "low", "high")
    needs = ("sd",)
    named = True
    _centre = "mean"
    mean: float | None
    sd: float
    low: float
    high: float
    _left: tuple[float, float, float]

    def __init__(
        self,
        *,
        mean: float | None = None,
        sd: float,
        low: float = -math.inf,
        high: float = math.inf,
    ):
        given: dict[str, float] = {}
        if mean is not None:
            given["mean"] = mean = _finite(self.family, "mean", mean)
        given["sd"] = sd = _positive(self.family, "sd", sd)
        low, high = (
            x if math.isinf(x) else _finite(self.family, n, x)
            for n, x in (
                ("low", as_float("normal: low", low)),
                ("high", as_float("normal: high", high)),
            )
        )
        if not low < high:
            raise ValueError(f"normal: low must be < high, got low {low!r}, high {high!r}")
        if high - low < NARROWEST * sd:
            raise ValueError(
                f"normal: high - low must be >= sd/1000, got low {low!r}, high {high!r}, "
                f"sd {sd!r}: take fr.uniform({digits(low)}, {digits(high)})"
            )
        given.update({n: x for n, x in (("low", low), ("high", high)) if math.isfinite(x)})
        vars(self).update(
            mean=mean, sd=sd, low=low, high=high, bounds=(low, high), _arguments=given
        )
        if mean is not None:
            vars(self).update(_left=self._truncation())

    def _truncation(self) -> tuple[float, float, float]:
        """Return the probabilities below and above the bounds, and the one between them."""
        ends = ((bound - self.mean) / self.sd for bound in self.bounds)  # type: ignore[operator]
        (below, above_low), (below_high, above) = (_normal_cdf(z) for z in ends)
        # the difference of the two tails that are small
        left = below_high - below if below_high < 0.5 else above_low - above
        if left < LEAST_LEFT:
            raise ValueError(
                f"{self!r}: the bounds must leave at least 2**-40 of the distribution, "
                f"got {left:.2g}"
            )
        return below, above, left

    @property
    def recipe(self) -> Recipe:
        """The recipe x = mean + sd y, where y is standard normal between the bounds."""
        if self.mean is None:
            raise ValueError(f"{self!r} has no mean: fr.space takes the cell's value")
        return Recipe("normal", False, self.mean, self.sd, *self._left)

    @functools.cached_property
    def poincare(self) -> float:
        """The Poincare constant sd^2, which bounds only lower.

        Upper bounds are sd^2 (Bakry & Emery 1985) and ((high - low)/pi)^2 (Payne & Weinberger
        1960).
        """
        return square(min(self.sd, (self.high - self.low) / math.pi))


class LogNormal(Distribution):
    """A normal distribution of the logarithm: see `lognormal`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.lognormal(median=0.04, cv=0.5).ppf([0.5, 0.975]).round(4)
    array([0.04 , 0.101])
    """

    family = "lognormal"
    takes = ("median", "cv", "sigma_log")
    needs = ()
    named = True
    _centre = "median"
    _relative = ("cv", "sigma_log")
    log = True
    bounds = (0.0, math.inf)
    median: float | None
    sigma_log: float

    def __init__(
        self,
        *,
        median: float | None = None,
        cv: float | None = None,
        sigma_log: float | None = None,
    ):
        given: dict[str, float] = {}
        if median is not None:
            given["median"] = median = _positive(self.family, "median", median)
        if (cv is None) == (sigma_log is None):
            raise TypeError("lognormal: needs either cv= or sigma_log=")
        if cv is not None:
            given["cv"] = cv = _positive(self.family, "cv", cv, most=MOST_CV)
            sigma_log = math.sqrt(log_1p(cv * cv))
        else:
            sigma_log = _positive(self.family, "sigma_log", sigma_log, most=MOST_SIGMA_LOG)
            given["sigma_log"] = sigma_log
        vars(self).update(median=median, sigma_log=sigma_log, _arguments=given)

    @property
    def recipe(self) -> Recipe:
        """The recipe x = median exp(sigma_log y), where y is standard normal."""
        if self.median is None:
            raise ValueError(f"{self!r} has no median: fr.space takes the cell's value")
        return Recipe("normal", True, self.median, self.sigma_log)

    @functools.cached_property
    def poincare(self) -> float:
        """The Poincare constant sigma_log^2 in ln x."""
        return square(self.sigma_log)


# ---- the public functions ----


def uniform(low: float, high: float) -> Uniform:
    """Return a uniform distribution of an uncertain input, for `space`.

    Parameters
    ----------
    low, high : float
        Bounds, in the unit of the input.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        A bound is not finite, or low is not below high.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.uniform(3, 6)
    uniform(3, 6)
    """
    return Uniform(low, high)


def loguniform(low: float, high: float) -> LogUniform:
    """Return a uniform distribution of the logarithm of an uncertain input, for `space`.

    Parameters
    ----------
    low, high : float
        Bounds, above 0, in the unit of the input.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        A bound is not finite, low is below 1e-300 or not below high, or high/low is above 1e300.

    Examples
    --------
    >>> import fastrest as fr
    >>> round(fr.loguniform(0.01, 1).ppf(0.5), 9)
    0.1
    """
    return LogUniform(low, high)


def triangular(low: float, mode: float, high: float) -> Triangular:
    """Return a triangular distribution of an uncertain input, for `space`.

    Parameters
    ----------
    low, mode, high : float
        Bounds, and the most likely value between them, in the unit of the input.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        A value is not finite, low is not below high, or the mode is not between them.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.triangular(1, 2, 5)
    triangular(1, 2, 5)
    """
    return Triangular(low, mode, high)


def normal(
    *, mean: float | None = None, sd: float, low: float = -math.inf, high: float = math.inf
) -> Normal:
    """Return a normal distribution of an uncertain input, truncated if bounds are given.

    Parameters
    ----------
    mean : float, optional
        Mean before truncation, in the unit of the input; by default the cell's value.
    sd : float
        Standard deviation before truncation, in the unit of the input.
    low, high : float, optional
        Bounds, in the unit of the input. An input that must not be negative needs ``low=0`` or
        more.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        The mean is not finite, sd is not above 0, the bounds leave less than 2**-40 of the
        distribution, or they are closer than sd/1000.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.normal(mean=5, sd=0.5, low=3)
    normal(mean=5, sd=0.5, low=3)
    """
    return Normal(mean=mean, sd=sd, low=low, high=high)


def lognormal(
    *, median: float | None = None, cv: float | None = None, sigma_log: float | None = None
) -> LogNormal:
    """Return a lognormal distribution of an uncertain input, for `space`.

    Give either `cv` or `sigma_log`.

    Parameters
    ----------
    median : float, optional
        In the unit of the input; by default the cell's value.
    cv : float, optional
        Coefficient of variation, sd/mean.
    sigma_log : float, optional
        Standard deviation of the natural logarithm, sqrt(ln(1 + cv^2)).

    Returns
    -------
    Distribution

    Raises
    ------
    TypeError
        Neither or both of `cv` and `sigma_log` are given.
    ValueError
        An argument is not above 0, cv is above 1e150, or sigma_log is above 80.

    Examples
    --------
    >>> import fastrest as fr
    >>> round(fr.lognormal(median=0.04, cv=0.5).sigma_log, 6)
    0.472381
    """
    return LogNormal(median=median, cv=cv, sigma_log=sigma_log)


#: Families by name.
FAMILIES: dict[str, type[Distribution]] = {
    one.family: one for one in (Uniform, LogUniform, Triangular, Normal, LogNormal)
}


# ---- arithmetic with the same bits on every machine ----


def log_ratio(num: float, den: float) -> float:
    """Return ln(num/den) by the kernels' logarithm: libm's bits differ between machines."""
    out = np.empty(1)
    _kernels.Equation("log_ratio").points([num, den], 0, 1, out)
    return float(out[0])


def log_1p(x: float) -> float:
    """Return ln(1 + x), x > 0: the logarithm of the rounded sum, corrected for its rounding."""
    total = 1.0 + x
    return x if total == 1.0 else log_ratio(total, 1.0) * (x / (total - 1.0))


def square(x: float) -> float:
    """Return x^2, or infinity on overflow, where ``**`` would raise."""
    return x * x


def _normal_cdf(z: float) -> tuple[float, float]:
    """Return the probabilities of a standard normal distribution below and above z."""
    if math.isinf(z):
        return (0.0, 1.0) if z < 0 else (1.0, 0.0)
    return _samples.normal_tails(z)


# ---- checks ----


def _finite(family: str, name: str, value: Any) -> float:
    return finite(f"{family}: {name}", value) + 0.0  # -0.0 becomes 0.0


def _positive(family: str, name: str, value: Any, most: float = math.inf) -> float:
    number = _finite(family, name, value)
    if not number > 0:
        raise ValueError(f"{family}: {name} must be > 0, got {number!r}")
    if number > most:
        raise ValueError(f"{family}: {name} must be <= {most:g}, got {number!r}")
    return number


def _increasing(family: str, low: Any, high: Any) -> tuple[float, float]:
    low, high = _finite(family, "low", low), _finite(family, "high", high)
    if not low < high:
        raise ValueError(f"{family}: low must be < high, got low {low!r}, high {high!r}")
    if math.isinf(high - low):
        raise ValueError(f"{family}: high - low must be finite, got low {low!r}, high {high!r}")
    return low, high
