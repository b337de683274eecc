"""Multiples of a cell's own values, as numbers or as a distribution."""

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastrest._core.validation import as_float, as_numbers, parsed_number
from fastrest.distributions.base import Scaled
from fastrest.distributions.scipy_frozen import as_distribution, is_distribution
from fastrest.runtime.columns import without_unit


@dataclass(frozen=True, eq=False)
class Times:
    """Multiples of a cell's own value: made by `times`.

    Attributes
    ----------
    factors : array_like

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.times([0.5, 1, 2])
    Times(factors=[0.5, 1, 2])
    """

    factors: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and np.array_equal(self.factors, other.factors)

    def of(self, name: str, value: float) -> Any:
        """Return the multiples of one value.

        Parameters
        ----------
        name : str
            The parameter's name, for errors.
        value : float
            The parameter's own value.

        Returns
        -------
        float or ndarray
        """
        factors = without_unit(f"times of {name}", self.factors, "")
        if np.ndim(factors) == 0:
            return as_float(name, factors) * value
        return as_numbers(name, factors).astype(np.float64) * value


def times(factors: Any) -> Times | Scaled:
    """Return multiples of the cell's own value.

    Parameters
    ----------
    factors : array_like or Distribution
        Numbers for `grid`, `axis` and `Cell.replace`; a distribution for `space`.

    Returns
    -------
    Times or Distribution

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> cell.replace(P_Na=fr.times(0.5))["P_Na"]
    0.02
    """
    if isinstance(factors, Scaled | Times):
        raise TypeError(f"fr.times must not contain another fr.times, got {factors!r}")
    if is_distribution(factors):
        return Scaled(as_distribution(factors))
    plain = without_unit("the factors of fr.times", factors, "")
    check = as_numbers if np.ndim(plain) else as_float
    check("the factors of fr.times", plain)
    return Times(factors)


def change_of(name: str, given: Any) -> float | Times:
    """Return a parameter's new value from a TOML file: a number, or "times:1.5" of its own."""
    if not isinstance(given, str):
        return as_float(name, given)
    word, _, factor = given.partition(":")
    if word == "times":
        with contextlib.suppress(ValueError):
            return Times(parsed_number(factor))
    raise ValueError(f'{name} must be a number, or a factor as "times:1.5", got {given!r}')
