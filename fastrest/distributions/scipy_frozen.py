"""A user's own distributions: frozen ones of ``scipy.stats``, or any object with a ``ppf``.

They are tabulated once and forgotten, so that kernels and other processes need no scipy.
"""

import math
import sys
from typing import Any

import numpy as np

from fastrest.distributions.base import Distribution, Recipe, digits
from fastrest.distributions.tabulated import QuantileTable, call_user_function, tabulate


class Tabulated(Distribution):
    """A user's own distribution, given by its tabulated quantile function.

    Parameters
    ----------
    label : str
        The name to show.
    bounds : tuple of float
        The lowest and the highest value, possibly infinite.
    table : QuantileTable
        The quantile function before multiplication by `factor`.
    factor : float
        The multiple of the tabulated values.
    """

    label: str
    table: QuantileTable
    factor: float

    def __init__(
        self, label: str, bounds: tuple[float, float], table: QuantileTable, factor: float = 1.0
    ):
        given = {"label": label, "bounds": bounds, "table": table, "factor": factor}
        # the logarithm needs values above 0: bounds from 0 on, and no atom at 0 itself
        above_0 = bounds[0] >= 0 and table.lower.coefs[0, 0] > 0
        vars(self).update(given, log=bool(above_0 and bounds[1] == math.inf), _arguments=given)

    def scaled(self, factor: float) -> "Tabulated":
        low, high = self.bounds
        times = factor * self.factor
        return Tabulated(self.label, (low * factor, high * factor), self.table, times)

    @property
    def recipe(self) -> Recipe:
        """The recipe x = factor y, where y is read from the table."""
        return Recipe("pieces", False, 0.0, self.factor, table=self.table)

    @property
    def text(self) -> str:
        """The name, with the factor in front of it."""
        return self.label if self.factor == 1 else f"{digits(self.factor)} times {self.label}"

    def __repr__(self) -> str:
        return f"<{self.text}>"


def is_distribution(given: Any) -> bool:
    """Return whether an object is a distribution: one of ours, or one with a quantile function."""
    return hasattr(given, "ppf") or hasattr(given, "icdf")


def as_distribution(given: Any) -> Distribution:
    """Return a distribution of ours for a user's own.

    Parameters
    ----------
    given : Distribution or object
        A distribution of ours is returned as it is. Else a frozen distribution of ``scipy.stats``,
        or an object with ``ppf`` or ``icdf``, which maps probabilities to quantiles; ``isf`` or
        ``iccdf`` and ``support`` are used where the object has them.

    Returns
    -------
    Distribution

    Raises
    ------
    ValueError
        A scipy distribution lacks its parameters, a function of the object fails, or its quantiles
        are not finite, decrease or cannot be tabulated.

    Examples
    --------
    >>> from fastrest.distributions.scipy_frozen import as_distribution
    >>> class Square:
    ...     def ppf(self, u):
    ...         return u**2
    >>> round(as_distribution(Square()).ppf(0.5), 12)
    0.25
    """
    if isinstance(given, Distribution):
        return given
    if isinstance(given, type):
        kind = given.__name__
        raise ValueError(f"{kind} is a class, and must be given its parameters, as {kind}(...)")
    shapes = getattr(given, "shapes", None)
    scipys = getattr(sys.modules.get("scipy.stats"), str(getattr(given, "name", "")), None) is given
    if hasattr(given, "freeze") and (shapes or scipys):  # its location 0 and scale 1 mean no input
        needs = f"{shapes}, loc, scale" if shapes else "loc, scale"
        raise ValueError(f"{given.name} needs its parameters ({needs}), as {given.name}(...)")
    new = hasattr(given, "icdf")  # the infrastructure of scipy 1.15
    lower = given.icdf if new else given.ppf
    upper = getattr(given, "iccdf" if new else "isf", None)
    support = getattr(given, "support", None)
    ends = (lower, np.array([0.0, 1.0])) if support is None else (support,)
    bounds = call_user_function(*ends)
    if bounds.shape != (2,) or not bounds[0] < bounds[1]:
        raise ValueError(
            f"{_label(given)}: bounds must be two numbers, low < high, got {bounds.tolist()}"
        )
    return Tabulated(_label(given), tuple(bounds.tolist()), tabulate(lower, upper))


def _label(given: Any) -> str:
    """Return the name to show for a user's own distribution."""
    family = getattr(getattr(given, "dist", None), "name", None)
    if family is not None:  # a frozen distribution of scipy
        words = [*map(str, given.args), *(f"{name}={x}" for name, x in given.kwds.items())]
        return f"{family}({', '.join(words)})"
    text = " ".join(str(given).split())
    return type(given).__name__ if " at 0x" in text else text  # not its address in memory
