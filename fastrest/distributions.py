"""Distributions of uncertain inputs: what they are, and what the kernels need to draw from them.

Every distribution is drawn by its quantile function. The arithmetic of quantiles is the kernels'
(`Recipe`); this file checks, explains and prepares.
"""

import functools
import math
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _kernels
from .model import as_float, as_numbers
from .physics import Frozen, unknown
from .poincare import poincare_constant
from .tabulation import EIGHTHS, Pieces, called, tabulate

#: A truncation must leave this part of a normal distribution: below, its quantiles lose digits.
LEAST_LEFT = 2.0**-40
#: Bounds closer than this part of the sd cost digits, and leave nothing of the normal shape.
NARROWEST = 1e-3
#: The kernels' exp is of numbers up to 700: of a sigma_log times 8.2, of the logarithm of a ratio.
MOST_SIGMA_LOG, MOST_RATIO = 80.0, 1e300
#: Squares of it are finite.
MOST_CV = 1e150
#: Logarithms are of normal numbers.
LEAST_LOW = 1e-300


class Recipe(NamedTuple):
    """How the kernels compute a quantile x of the probability u, with v = 1 - u.

    y is the quantile of `base`: u itself ("uniform"); the standard normal quantile of the lower
    tail a + c u or the upper tail b + c v, whichever is smaller ("normal"); the quantile on 0 ... 1
    of a triangle with its mode at a ("triangular"); what `pieces` tabulate ("pieces"). Then
    x = offset exp(scale y) if `log`, else offset + scale y.
    """

    base: str
    log: bool
    offset: float
    scale: float
    a: float = 0.0
    b: float = 0.0
    c: float = 1.0
    pieces: Pieces | None = None


class Distribution(Frozen):
    """The distribution of one input of a `Space`.

    Made by `uniform`, `loguniform`, `triangular`, `normal`, `lognormal`, or from a frozen
    distribution of ``scipy.stats``. Distributions are immutable, comparable, hashable and
    picklable.

    Attributes
    ----------
    bounds : tuple of float
        The lowest and the highest value, possibly infinite.
    text : str
        Its form for the command line, as in ``uniform:3,6``; `distribution_of` reads it. A
        distribution of the user's own has none, and gives its name.
    log : bool
        Whether its natural coordinate is ln x.
    poincare : float
        The Poincare constant in that coordinate, or an upper bound of it; infinite where there is
        none. With it exact gradients bound the total-order indices (Roustant, Barthe & Iooss 2017,
        https://doi.org/10.1214/17-EJS1310).

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.uniform(3, 6).ppf([0, 0.5, 1])
    array([3. , 4.5, 6. ])
    """

    #: the function that makes it, the arguments it takes and those it cannot do without, and
    #: whether they are written with their names
    family: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    named: ClassVar[bool] = False

    #: the arguments that were given
    _arguments: dict[str, float]
    bounds: tuple[float, float]
    log: bool = False

    def resolved(self, value: float) -> "Distribution":
        """The distribution with what was left out taken from a cell's value."""
        return self

    def scaled(self, factor: float) -> "Distribution":
        """The distribution of multiples by a factor above 0."""
        raise NotImplementedError

    @property
    def recipe(self) -> Recipe:
        """How the kernels compute a quantile."""
        raise NotImplementedError

    @functools.cached_property
    def quantile(self) -> "_kernels.Quantile":
        """The kernels' quantile function."""
        recipe, (low, high) = self.recipe, self.bounds
        tables = None if recipe.pieces is None else recipe.pieces.tables
        return _kernels.Quantile(*recipe[:-1], low=low, high=high, pieces=tables)

    @functools.cached_property
    def poincare(self) -> float:
        pieces, mode = self.recipe.pieces, self.recipe.a
        if pieces is not None:
            breaks = pieces.lower.breaks, pieces.upper.breaks
        else:  # of a triangle, whose density bends at the mode
            bends = [np.clip(part, EIGHTHS[0], 0.5) for part in (mode, 1 - mode)]
            breaks = np.union1d(EIGHTHS, bends[0]), np.union1d(EIGHTHS, bends[1])

        def natural(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            x = self.quantile(u, v)
            return np.log(x) if self.log else x

        return poincare_constant(
            lambda t: natural(t, 1.0 - t), lambda t: natural(1.0 - t, t), breaks
        )

    def ppf(self, u: npt.ArrayLike) -> Any:
        """Quantiles: the values that are exceeded with probability 1 - u.

        Parameters
        ----------
        u : array_like
            Probabilities from 0 to 1, which give the bounds.

        Returns
        -------
        ndarray or scalar
            In the unit of the input, of the shape of `u`.

        Raises
        ------
        ValueError
            A probability is outside 0 ... 1.

        Examples
        --------
        >>> import fastrest as fr
        >>> fr.triangular(0, 1, 2).ppf(0.5)
        1.0
        """
        lower = np.array(as_numbers("u", u), np.float64, order="C")
        bad = ~((lower >= 0) & (lower <= 1))
        if bad.any():
            raise ValueError(f"u must be between 0 and 1, got {float(lower[bad].flat[0])!r}")
        flat = lower.reshape(-1)
        low, high = self.bounds
        inner = self.quantile(flat, 1.0 - flat)  # of what lies between 0 and 1
        found = np.where(flat == 0, low, np.where(flat == 1, high, inner)).reshape(lower.shape)
        return found if lower.ndim else float(found)

    @property
    def _words(self) -> list[str]:
        given = self._arguments.items()
        return [f"{n}={_digits(x)}" if self.named else _digits(x) for n, x in given]

    @property
    def text(self) -> str:
        return f"{self.family}:{','.join(self._words)}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{self.family}({', '.join(self._words)})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Distribution)
            and type(self) is type(other)
            and self._identity == other._identity
        )

    def __hash__(self) -> int:
        return hash((type(self), self._identity))

    @property
    def _identity(self) -> tuple[Any, ...]:
        return tuple(self._arguments.items())

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (type(self), self._arguments)


class Uniform(Distribution):
    """Every value between two bounds alike: see `uniform`."""

    family = "uniform"
    takes = needs = ("low", "high")
    low: float
    high: float

    def __init__(self, low: float, high: float):
        low, high = _increasing(self.family, low=low, high=high)
        vars(self).update(
            low=low, high=high, bounds=(low, high), _arguments={"low": low, "high": high}
        )

    def scaled(self, factor: float) -> "Uniform":
        return Uniform(self.low * factor, self.high * factor)

    @property
    def recipe(self) -> Recipe:
        return Recipe("uniform", False, self.low, self.high - self.low)

    @functools.cached_property
    def poincare(self) -> float:
        return _square((self.high - self.low) / math.pi)


class LogUniform(Distribution):
    """Every logarithm between two bounds alike: see `loguniform`."""

    family = "loguniform"
    takes = needs = ("low", "high")
    log = True
    low: float
    high: float

    def __init__(self, low: float, high: float):
        low, high = _increasing(self.family, low=low, high=high)
        if not low >= LEAST_LOW:
            raise ValueError(f"loguniform: low must be > 0 and at least {LEAST_LOW}, got {low!r}")
        if not high / low <= MOST_RATIO:
            raise ValueError(
                f"loguniform: high/low must be <= {MOST_RATIO:g}, got low {low!r}, high {high!r}"
            )
        vars(self).update(
            low=low, high=high, bounds=(low, high), _arguments={"low": low, "high": high}
        )

    def scaled(self, factor: float) -> "LogUniform":
        return LogUniform(self.low * factor, self.high * factor)

    @functools.cached_property
    def recipe(self) -> Recipe:
        return Recipe("uniform", True, self.low, _log_ratio(self.high, self.low))

    @functools.cached_property
    def poincare(self) -> float:
        return _square(self.recipe.scale / math.pi)


class Triangular(Distribution):
    """A density that rises to a mode and falls: see `triangular`."""

    family = "triangular"
    takes = needs = ("low", "mode", "high")
    low: float
    mode: float
    high: float

    def __init__(self, low: float, mode: float, high: float):
        low, high = _increasing(self.family, low=low, high=high)
        mode = _finite(self.family, "mode", mode)
        if not low <= mode <= high:
            raise ValueError(
                f"triangular: mode must be between low {low!r} and high {high!r}, got {mode!r}"
            )
        given = {"low": low, "mode": mode, "high": high}
        vars(self).update(given, bounds=(low, high), _arguments=given)

    @property
    def fraction(self) -> float:
        """Where the mode is, from 0 at low to 1 at high."""
        return (self.mode - self.low) / (self.high - self.low)

    def scaled(self, factor: float) -> "Triangular":
        return Triangular(self.low * factor, self.mode * factor, self.high * factor)

    @property
    def recipe(self) -> Recipe:
        return Recipe("triangular", False, self.low, self.high - self.low, self.fraction)


class Normal(Distribution):
    """A normal distribution, truncated if it has bounds: see `normal`."""

    family = "normal"
    takes = ("mean", "sd", "low", "high")
    needs = ("sd",)
    named = True
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
            for n, x in (("low", as_float("low", low)), ("high", as_float("high", high)))
        )
        if not low < high:
            raise ValueError(f"normal: low must be < high, got low {low!r}, high {high!r}")
        if high - low < NARROWEST * sd:
            raise ValueError(
                f"normal: high - low must be >= sd/1000, got low {low!r}, high {high!r}, "
                f"sd {sd!r}: take fr.uniform({_digits(low)}, {_digits(high)})"
            )
        given.update({n: x for n, x in (("low", low), ("high", high)) if math.isfinite(x)})
        vars(self).update(
            mean=mean, sd=sd, low=low, high=high, bounds=(low, high), _arguments=given
        )
        if mean is not None:
            vars(self).update(_left=self._truncation())

    def _truncation(self) -> tuple[float, float, float]:
        """The probabilities that the bounds cut off below and above, and what they leave."""
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

    def resolved(self, value: float) -> "Normal":
        if self.mean is not None:
            return self
        return Normal(mean=value, sd=self.sd, low=self.low, high=self.high)

    def scaled(self, factor: float) -> "Normal":
        mean = None if self.mean is None else self.mean * factor
        return Normal(
            mean=mean, sd=self.sd * factor, low=self.low * factor, high=self.high * factor
        )

    @property
    def recipe(self) -> Recipe:
        if self.mean is None:
            raise ValueError(f"{self!r} has no mean: fr.space takes the cell's value")
        return Recipe("normal", False, self.mean, self.sd, *self._left)

    @functools.cached_property
    def poincare(self) -> float:
        # bounds only lower it: Bakry & Emery 1985, Payne & Weinberger 1960
        return _square(min(self.sd, (self.high - self.low) / math.pi))


class LogNormal(Distribution):
    """A normal distribution of the logarithm: see `lognormal`."""

    family = "lognormal"
    takes = ("median", "cv", "sigma_log")
    needs = ()
    named = True
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
            sigma_log = math.sqrt(_log_1p(cv * cv))
        else:
            sigma_log = _positive(self.family, "sigma_log", sigma_log, most=MOST_SIGMA_LOG)
            given["sigma_log"] = sigma_log
        vars(self).update(median=median, sigma_log=sigma_log, _arguments=given)

    @property
    def _spread(self) -> dict[str, float]:
        return {n: x for n, x in self._arguments.items() if n != "median"}

    def resolved(self, value: float) -> "LogNormal":
        return self if self.median is not None else LogNormal(median=value, **self._spread)

    def scaled(self, factor: float) -> "LogNormal":
        if self.median is None:
            return self
        return LogNormal(median=self.median * factor, **self._spread)

    @property
    def recipe(self) -> Recipe:
        if self.median is None:
            raise ValueError(f"{self!r} has no median: fr.space takes the cell's value")
        return Recipe("normal", True, self.median, self.sigma_log)

    @functools.cached_property
    def poincare(self) -> float:
        return _square(self.sigma_log)


class Tabulated(Distribution):
    """A distribution of the user's own, known by its tabulated quantile function."""

    label: str
    factor: float
    pieces: Pieces

    def __init__(
        self, label: str, bounds: tuple[float, float], pieces: Pieces, factor: float = 1.0
    ):
        vars(self).update(label=label, bounds=bounds, pieces=pieces, factor=factor)
        above_0 = bounds[0] >= 0 and pieces.lower.coefs[0, 0] > 0  # no value is 0 itself
        vars(self).update(log=bool(above_0 and bounds[1] == math.inf))

    def scaled(self, factor: float) -> "Tabulated":
        low, high = self.bounds
        times = factor * self.factor
        return Tabulated(self.label, (low * factor, high * factor), self.pieces, times)

    @property
    def recipe(self) -> Recipe:
        return Recipe("pieces", False, 0.0, self.factor, pieces=self.pieces)

    @property
    def text(self) -> str:
        return self.label if self.factor == 1 else f"{_digits(self.factor)} times {self.label}"

    def __repr__(self) -> str:
        return f"<{self.text}>"

    @property
    def _identity(self) -> tuple[Any, ...]:
        return self.label, self.bounds, self.pieces, self.factor

    def __reduce__(self) -> tuple[Any, ...]:
        return Tabulated, self._identity


class Scaled(Frozen):
    """Multiples of a cell's own value, distributed: made by `times` of a distribution."""

    distribution: Distribution

    def __init__(self, distribution: Distribution):
        vars(self).update(distribution=distribution.resolved(1.0))

    def of(self, value: float) -> Distribution:
        """The distribution of the multiples of one value."""
        if not value > 0:
            raise ValueError(
                f"fr.times needs a value > 0 in the cell, got {value!r}: give the distribution of "
                "the input itself"
            )
        return self.distribution.scaled(value)

    @property
    def text(self) -> str:
        return f"times:{self.distribution.text}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"times({self.distribution!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaled) and self.distribution == other.distribution

    def __hash__(self) -> int:
        return hash((Scaled, self.distribution))


# ---- what users call ----


def uniform(low: float, high: float) -> Uniform:
    """A uniform distribution of an uncertain input, for `space`.

    Parameters
    ----------
    low, high : float
        Bounds, in the unit of the input.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.uniform(3, 6)
    uniform(3, 6)
    """
    return Uniform(low, high)


def loguniform(low: float, high: float) -> LogUniform:
    """A uniform distribution of the logarithm of an uncertain input, for `space`.

    Parameters
    ----------
    low, high : float
        Bounds, above 0, in the unit of the input.

    Examples
    --------
    >>> import fastrest as fr
    >>> round(fr.loguniform(0.01, 1).ppf(0.5), 9)
    0.1
    """
    return LogUniform(low, high)


def triangular(low: float, mode: float, high: float) -> Triangular:
    """A triangular distribution of an uncertain input, for `space`.

    Parameters
    ----------
    low, mode, high : float
        Bounds, and the most likely value between them, in the unit of the input.

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
    """A normal distribution of an uncertain input, truncated if bounds are given, for `space`.

    Parameters
    ----------
    mean : float, optional
        Before truncation; the cell's value if left out. In the unit of the input, as the others.
    sd : float
        Standard deviation before truncation.
    low, high : float, optional
        Bounds. An input that must not be negative needs ``low=0`` or more.

    Raises
    ------
    ValueError
        The bounds leave less than 2**-40 of the distribution, or are closer than sd/1000.

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
    """A lognormal distribution of an uncertain input, for `space`.

    Parameters
    ----------
    median : float, optional
        In the unit of the input; the cell's value if left out.
    cv : float
        Coefficient of variation, sd/mean; or
    sigma_log : float
        Standard deviation of the natural logarithm, sqrt(ln(1 + cv^2)).

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


def distribution_of(text: str) -> Distribution | Scaled:
    """The distribution that a text of the command line stands for.

    Parameters
    ----------
    text : str
        As ``uniform:3,6``, ``lognormal:median=0.04,cv=0.5``, or ``times:uniform:0.5,1.5``.

    Raises
    ------
    ValueError
        The text names no distribution, or its arguments break a rule.

    Examples
    --------
    >>> from fastrest.distributions import distribution_of
    >>> distribution_of("normal:sd=0.5,low=3")
    normal(sd=0.5, low=3)
    """
    family, _, rest = text.partition(":")
    if family == "times":
        inner = distribution_of(rest)
        if isinstance(inner, Scaled):
            raise ValueError(f"{text}: times stands once")
        return Scaled(inner)
    if family not in FAMILIES:
        raise ValueError(unknown("distribution", family, [*FAMILIES, "times"]))
    kind = FAMILIES[family]
    given: dict[str, float] = {}
    for i, word in enumerate(rest.split(",") if rest else []):
        name, equals, number = word.rpartition("=")
        if not kind.named and not equals and i < len(kind.takes):
            name = kind.takes[i]
        elif not kind.named or name not in kind.takes:
            raise ValueError(f"{_usage(kind)}, got {word!r} in {text!r}")
        if name in given:
            raise ValueError(f"{text}: {name} is given twice")
        try:
            given[name] = float(number)
        except ValueError:
            raise ValueError(f"{text}: {name} must be a number, got {number!r}") from None
    if not given.keys() >= {*kind.needs}:
        raise ValueError(f"{_usage(kind)}, got {text!r}")
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


def _usage(kind: type[Distribution]) -> str:
    words = [f"{name}=..." if kind.named else name.upper() for name in kind.takes]
    return f"{kind.family} takes {','.join(words)}"


def is_distribution(given: Any) -> bool:
    """Whether something is a distribution: ours, or an object with a quantile function."""
    return hasattr(given, "ppf") or hasattr(given, "icdf")


def as_distribution(given: Any) -> Distribution:
    """A distribution, from ours or from a frozen one of ``scipy.stats``, old or new."""
    if isinstance(given, Distribution):
        return given
    shapes = getattr(given, "shapes", None)
    if shapes and hasattr(given, "freeze"):
        raise ValueError(f"{given.name} needs its parameters ({shapes}), as {given.name}(...)")
    new = hasattr(given, "icdf")
    lower = given.icdf if new else given.ppf
    upper = getattr(given, "iccdf" if new else "isf", None)
    support = getattr(given, "support", None)
    bounds = called(lower, np.array([0.0, 1.0])) if support is None else called(support)
    if bounds.shape != (2,) or not bounds[0] < bounds[1]:
        raise ValueError(
            f"{_label(given)}: bounds must be two numbers, low < high, got {bounds.tolist()}"
        )
    return Tabulated(_label(given), tuple(bounds.tolist()), tabulate(lower, upper))


def _made(kind: type[Distribution], arguments: dict[str, float]) -> Distribution:
    return kind(**arguments)


def _label(given: Any) -> str:
    """What people call a distribution of the user's own."""
    family = getattr(getattr(given, "dist", None), "name", None)
    if family is not None:  # a frozen one of scipy's
        words = [*map(str, given.args), *(f"{name}={x}" for name, x in given.kwds.items())]
        return f"{family}({', '.join(words)})"
    text = " ".join(str(given).split())
    return type(given).__name__ if " at 0x" in text else text  # not where it is in memory


# ---- arithmetic that has the same bits on every machine ----


def _log_ratio(num: float, den: float) -> float:
    """ln(num/den) by the kernels' logarithm: libm's bits differ from machine to machine."""
    out = np.empty(1)
    _kernels.Equation("log_ratio").points([num, den], 0, 1, out)
    return float(out[0])


def _log_1p(x: float) -> float:
    """ln(1 + x), x > 0: the logarithm of the rounded sum, corrected for its rounding."""
    total = 1.0 + x
    return x if total == 1.0 else _log_ratio(total, 1.0) * (x / (total - 1.0))


def _square(x: float) -> float:
    """x^2, infinite beyond the doubles: ``**`` would raise."""
    return x * x


def _normal_cdf(z: float) -> tuple[float, float]:
    """The parts of a standard normal distribution below and above z."""
    if math.isinf(z):
        return (0.0, 1.0) if z < 0 else (1.0, 0.0)
    return _kernels.normal_tails(z)


# ---- checks ----


def _digits(x: float) -> str:
    """The shortest text that gives the number back."""
    return repr(x).removesuffix(".0")


def _finite(family: str, name: str, value: Any) -> float:
    number = as_float(f"{family}: {name}", value)
    if not math.isfinite(number):
        raise ValueError(f"{family}: {name} must be finite, got {number!r}")
    return number + 0.0  # -0.0 is 0


def _positive(family: str, name: str, value: Any, most: float = math.inf) -> float:
    number = _finite(family, name, value)
    if not number > 0:
        raise ValueError(f"{family}: {name} must be > 0, got {number!r}")
    if number > most:
        raise ValueError(f"{family}: {name} must be <= {most:g}, got {number!r}")
    return number


def _increasing(family: str, *, low: Any, high: Any) -> tuple[float, float]:
    low, high = _finite(family, "low", low), _finite(family, "high", high)
    if not low < high:
        raise ValueError(f"{family}: low must be < high, got low {low!r}, high {high!r}")
    if math.isinf(high - low):
        raise ValueError(f"{family}: high - low must be finite, got low {low!r}, high {high!r}")
    return low, high
