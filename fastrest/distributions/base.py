"""The base class of distributions, and the recipe by which the kernels compute their quantiles.

Every value is drawn by inversion: it is the quantile of a random probability. Python checks the
arguments of a distribution and prepares its `Recipe`; the kernels do the arithmetic.
"""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import functools
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from fastrest._core import _samples
from fastrest._core.validation import Frozen, as_numbers
from fastrest.distributions.poincare import poincare_constant
from fastrest.distributions.tabulated import EIGHTHS, QuantileTable


class Recipe(NamedTuple):
    """The way in which the kernels compute a quantile x of the probability u, with v = 1 - u.

    First the kernels compute y, a quantile of the base. Then x = offset exp(scale y) if `log`, else
    x = offset + scale y.

    Attributes
    ----------
    base : str
        "uniform": y is u itself. "normal": y is the standard normal quantile of the lower tail
        a + c u or of the upper tail b + c v, whichever is smaller. "triangular": y is the quantile
        of the triangular distribution on 0 ... 1 with its mode at a. "pieces": y is read from
        `table`.
    log : bool
        Whether y is a logarithm.
    offset, scale : float
        The affine map from y to x or to ln x.
    a, b, c : float
        Parameters of the base.
    table : QuantileTable or None
        The tabulated quantile function of the base "pieces".
    """

    base: str
    log: bool
    offset: float
    scale: float
    a: float = 0.0
    b: float = 0.0
    c: float = 1.0
    table: QuantileTable | None = None

    @property
    def breaks(self) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities between which the quantile function is smooth.

        Returns
        -------
        lower, upper : ndarray
            Ascending from 2**-53 to 1/2: probabilities u, and probabilities 1 - u.
        """
        if self.table is not None:
            return self.table.lower.breaks, self.table.upper.breaks
        if self.base != "triangular":
            return EIGHTHS, EIGHTHS
        # the density has a kink at the mode
        lower, upper = (np.clip(u, EIGHTHS[0], EIGHTHS[-1]) for u in (self.a, 1 - self.a))
        return np.union1d(EIGHTHS, lower), np.union1d(EIGHTHS, upper)


class Distribution(Frozen):
    """The distribution of one input of a `Space`.

    `uniform`, `loguniform`, `triangular`, `normal` and `lognormal` make distributions; a space also
    takes frozen distributions of ``scipy.stats``. Distributions are immutable, comparable, hashable
    and picklable.

    Attributes
    ----------
    bounds : tuple of float
        The lowest and the highest value, possibly infinite.
    log : bool
        Whether the natural coordinate is ln x; otherwise it is x.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.uniform(3, 6).ppf([0, 0.5, 1])
    array([3. , 4.5, 6. ])
    """

    #: the name of the function that makes the distribution
    family: ClassVar[str]
    #: the names of its arguments, and of those that are required
    takes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    #: whether arguments are written with their names
    named: ClassVar[bool] = False
    #: the argument that defaults to the cell's value
    _centre: ClassVar[str | None] = None
    #: arguments without a unit, which a change of scale leaves as they are
    _relative: ClassVar[tuple[str, ...]] = ()

    _arguments: dict[str, Any]
    bounds: tuple[float, float]
    log: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that were given, by name.

        Returns
        -------
        dict
            ``type(self)(**arguments)`` makes an equal distribution.
        """
        return dict(self._arguments)

    def resolved(self, value: float) -> Self:
        """Return the distribution with its mean or median set to a cell's value, if left out.

        Parameters
        ----------
        value : float
            The cell's value, in the unit of the input.

        Returns
        -------
        Distribution
            This distribution itself if nothing was left out.
        """
        if self._centre is None or self._centre in self._arguments:
            return self
        return type(self)(**{self._centre: value, **self._arguments})

    def scaled(self, factor: float) -> Self:
        """Return the distribution of the values multiplied by a factor.

        Parameters
        ----------
        factor : float
            Above 0.

        Returns
        -------
        Distribution
        """
        given = self._arguments.items()
        return type(self)(**{n: x if n in self._relative else x * factor for n, x in given})

    @property
    def recipe(self) -> Recipe:
        """The recipe by which the kernels compute quantiles.

        Returns
        -------
        Recipe

        Raises
        ------
        ValueError
            The mean or median was left out.
        """
        raise NotImplementedError

    @functools.cached_property
    def quantile(self) -> _samples.Quantile:
        """The kernels' quantile function, of arrays of probabilities u and 1 - u.

        Returns
        -------
        fastrest._kernels.Quantile
        """
        recipe, (low, high) = self.recipe, self.bounds
        tables = None if recipe.table is None else recipe.table.arrays
        return _samples.Quantile(*recipe[:-1], low=low, high=high, pieces=tables)

    @functools.cached_property
    def poincare(self) -> float:
        """The Poincare constant in the natural coordinate, or an upper bound of it.

        With it exact gradients bound the total-order Sobol' indices (Roustant, Barthe & Iooss 2017,
        https://doi.org/10.1214/17-EJS1310).

        Returns
        -------
        float
            In the square of the coordinate's unit; infinite if the distribution has no constant.
        """

        def natural(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            x = self.quantile(u, v)
            return np.log(x) if self.log else x

        return poincare_constant(
            lambda t: natural(t, 1.0 - t), lambda t: natural(1.0 - t, t), self.recipe.breaks
        )

    def ppf(self, u: npt.ArrayLike) -> Any:
        """Return quantiles: the values that are not exceeded with the given probabilities.

        Parameters
        ----------
        u : array_like
            Probabilities from 0 to 1; 0 and 1 give the bounds.

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
        inner = self.quantile(flat, 1.0 - flat)  # valid strictly between 0 and 1
        found = np.where(flat == 0, low, np.where(flat == 1, high, inner)).reshape(lower.shape)
        return found if lower.ndim else float(found)

    @property
    def _words(self) -> list[str]:
        given = self._arguments.items()
        return [f"{n}={digits(x)}" if self.named else digits(x) for n, x in given]

    @property
    def text(self) -> str:
        """The form for the command line, as in ``uniform:3,6``, which `distribution_of` reads.

        Returns
        -------
        str
            The name alone for a distribution of the user's own, which has no such form.
        """
        return f"{self.family}:{','.join(self._words)}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{self.family}({', '.join(self._words)})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Distribution)
            and type(self) is type(other)
            and self._arguments == other._arguments
        )

    def __hash__(self) -> int:
        return hash((type(self), *self._arguments.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(type(self), **self._arguments), ()


class Scaled(Frozen):
    """The distribution of multiples of a cell's own value: made by `times` of a distribution.

    Parameters
    ----------
    distribution : Distribution
        Of the factors; a mean or median that was left out is 1.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.times(fr.uniform(0.5, 1.5)).of(4.0)
    uniform(2, 6)
    """

    distribution: Distribution

    def __init__(self, distribution: Distribution):
        vars(self).update(distribution=distribution.resolved(1.0))

    def of(self, value: float) -> Distribution:
        """Return the distribution of the multiples of one value.

        Parameters
        ----------
        value : float
            The cell's value, above 0.

        Returns
        -------
        Distribution

        Raises
        ------
        ValueError
            The value is not above 0.
        """
        if not value > 0:
            raise ValueError(
                f"fr.times needs a value > 0 in the cell, got {value!r}: give the distribution of "
                "the input itself"
            )
        return self.distribution.scaled(value)

    @property
    def text(self) -> str:
        """The form for the command line, as in ``times:uniform:0.5,1.5``.

        Returns
        -------
        str
        """
        return f"times:{self.distribution.text}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"times({self.distribution!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaled) and self.distribution == other.distribution

    def __hash__(self) -> int:
        return hash((Scaled, self.distribution))


def digits(x: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return repr(x).removesuffix(".0")
