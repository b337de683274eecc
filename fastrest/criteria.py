"""Criteria: what potentials may be asked to satisfy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from .model import Model, as_float
from .physics import unknown


class Potentials(Protocol):
    """What a criterion is asked about: candidates, by the thousand, under every condition."""

    def potential(self, at: str) -> np.ndarray:
        """V under a condition, mV."""

    def nernst(self, ion: str, at: str) -> np.ndarray:
        """An ion's Nernst potential under a condition, mV."""


class Criterion:
    """What a cell of a population satisfies: see `between`, `change` and `nernst_between`."""

    #: the function that makes it, and those of its arguments that name conditions
    family: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    low: float
    high: float

    def _check(self) -> None:
        for name in self.names:
            at = getattr(self, name)
            if not isinstance(at, str) and (at is not None or name != "at"):
                raise TypeError(f"{name} must be the name of a condition, got {at!r}")
        for name in ("low", "high"):
            value = as_float(name, getattr(self, name))
            if math.isnan(value):
                raise ValueError(f"{name} must be a potential in mV, got {value!r}")
            object.__setattr__(self, name, value)
        if not self.low <= self.high:
            raise ValueError(f"low <= high must hold, got {self.low!r} and {self.high!r}")

    def resolved(self, first: str) -> "Criterion":
        """The criterion with the first condition where none was named."""
        return self

    def check(self, conditions: Mapping[str, Any], model: Model) -> None:
        """Raise unless the conditions and the model have what it asks about."""
        for name in self.names:
            at = getattr(self, name)
            if at not in conditions:
                raise ValueError(f"{self!r}: {unknown('condition', at, conditions)}")

    def asked(self, candidates: Potentials) -> np.ndarray:
        """What must lie in the range, mV, of every candidate."""
        raise NotImplementedError

    def __repr__(self) -> str:
        words = []
        for name, value in vars(self).items():
            text = repr(value).removesuffix(".0")
            if name != "at":
                words.append(text)
            elif value is not None:
                words.append(f"at={text}")
        return f"{self.family}({', '.join(words)})"


@dataclass(frozen=True, repr=False)
class Between(Criterion):
    """Whether V lies in a range, both ends included: made by `between`."""

    family = "between"
    names = ("at",)
    low: float
    high: float
    at: str | None = None

    def __post_init__(self) -> None:
        self._check()

    def resolved(self, first: str) -> "Between":
        return replace(self, at=first) if self.at is None else self

    def asked(self, candidates: Potentials) -> np.ndarray:
        assert self.at is not None  # it is resolved
        return candidates.potential(self.at)


@dataclass(frozen=True, repr=False)
class Change(Criterion):
    """Whether V changes by so much from one condition to another: made by `change`."""

    family = "change"
    names = ("before", "after")
    before: str
    after: str
    low: float
    high: float

    def __post_init__(self) -> None:
        self._check()
        if self.before == self.after:
            raise ValueError(f"change: before and after must differ, got {self.before!r} twice")

    def asked(self, candidates: Potentials) -> np.ndarray:
        difference: np.ndarray = candidates.potential(self.after) - candidates.potential(
            self.before
        )
        return difference


@dataclass(frozen=True, repr=False)
class NernstBetween(Criterion):
    """Whether an ion's Nernst potential lies in a range: made by `nernst_between`."""

    family = "nernst_between"
    names = ("at",)
    ion: str
    low: float
    high: float
    at: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.ion, str):
            raise TypeError(f"ion must be the name of an ion, got {self.ion!r}")
        self._check()

    def resolved(self, first: str) -> "NernstBetween":
        return replace(self, at=first) if self.at is None else self

    def check(self, conditions: Mapping[str, Any], model: Model) -> None:
        super().check(conditions, model)
        ions = [ion.name for ion in model.ions]
        if self.ion not in ions:
            raise ValueError(f"{self!r}: {unknown('ion', self.ion, ions)}")

    def asked(self, candidates: Potentials) -> np.ndarray:
        assert self.at is not None  # it is resolved
        return candidates.nernst(self.ion, self.at)


#: Criteria by the function that makes them, for files.
CRITERIA: dict[str, type[Any]] = {one.family: one for one in (Between, Change, NernstBetween)}


# ---- what users call ----


def between(low: float, high: float, *, at: str | None = None) -> Between:
    """Whether V lies between two potentials, both included.

    Parameters
    ----------
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Under which condition of a population; the first by default.

    Raises
    ------
    ValueError
        `low` is above `high`, or one is NaN.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.between(-80, -55)
    between(-80, -55)
    """
    return Between(low, high, at)


def change(before: str, after: str, low: float, high: float) -> Change:
    """Whether V changes by so much from one condition of a population to another.

    Parameters
    ----------
    before, after : str
        Names of two conditions.
    low, high : float
        Of V under `after` less V under `before`, both included, mV.

    Raises
    ------
    ValueError
        `low` is above `high`, one is NaN, or the conditions are the same.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.change("control", "high K", 2, 15)
    change('control', 'high K', 2, 15)
    """
    return Change(before, after, low, high)


def nernst_between(ion: str, low: float, high: float, *, at: str | None = None) -> NernstBetween:
    """Whether an ion's Nernst potential lies between two potentials, both included.

    That of a passive ion is V.

    Parameters
    ----------
    ion : str
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Under which condition of a population; the first by default.

    Raises
    ------
    ValueError
        `low` is above `high`, or one is NaN.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.nernst_between("K", -100, -80)
    nernst_between('K', -100, -80)
    """
    return NernstBetween(ion, low, high, at)
