"""Criteria: conditions on the outputs of cells, and events that verbs count."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from fastrest._core.validation import Frozen, as_float, unknown
from fastrest.models.model import Model, Output

#: Arguments with defaults, which the repr leaves out.
DEFAULTS = {"at": None, "of": "V"}
#: The meaning of arguments that are names; the others name conditions.
MEANINGS = {"ion": "an ion", "of": "an output"}


class Outputs(Protocol):
    """The outputs of many candidates under every condition, which criteria judge."""

    def output(self, name: str, at: str) -> np.ndarray:
        """Return an output under a condition."""


class Criterion(Frozen):
    """A condition on the cells of a population: see `between`, `change`, `nernst_between`."""

    _hooks = ("asked", "check", "family", "holds", "names", "of", "resolved")

    #: the function that makes the criterion
    family: ClassVar[str]
    #: the arguments that name conditions
    names: ClassVar[tuple[str, ...]] = ("at",)

    low: float
    high: float
    at: str | None

    @property
    def of(self) -> str:
        """The name of the output."""
        return "V"

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in ("low", "high"):
                number = as_float(name, value)
                if math.isnan(number):
                    raise ValueError(f"{name} must be a potential in mV, got {number!r}")
                object.__setattr__(self, name, number)
            elif not isinstance(value, str) and (name, value) != ("at", None):
                meaning = MEANINGS.get(name, "a condition")
                raise TypeError(f"{name} must be the name of {meaning}, got {value!r}")
        if not self.low <= self.high:
            raise ValueError(f"low <= high must hold, got {self.low!r} and {self.high!r}")

    def resolved(self, first: str) -> Self:
        """Return the criterion with the first condition if it names none."""
        if getattr(self, "at", first) is not None:
            return self
        return type(self)(**{**vars(self), "at": first})

    def check(self, conditions: Mapping[str, Any], model: Model) -> None:
        """Raise the ValueError for an unknown condition or output."""
        for name in self.names:
            at = getattr(self, name)
            if at not in conditions:
                raise ValueError(f"{self!r}: {unknown('condition', at, conditions)}")
        if self.of not in model.outputs:
            raise ValueError(f"{self!r}: {unknown('output', self.of, model.outputs)}")

    def asked(self, candidates: Outputs) -> np.ndarray:
        """Return the quantity of every candidate that must lie in the range."""
        assert self.at is not None  # it is resolved
        return candidates.output(self.of, self.at)

    def __repr__(self) -> str:
        words = []
        for name, value in vars(self).items():
            text = repr(value).removesuffix(".0")
            if name not in DEFAULTS:
                words.append(text)
            elif value != DEFAULTS[name]:
                words.append(f"{name}={text}")
        return f"{self.family}({', '.join(words)})"


@dataclass(frozen=True, repr=False)
class Between(Criterion):
    """An output that lies in a range, both ends included: made by `between`."""

    family = "between"
    low: float
    high: float
    at: str | None = None
    of: str = "V"

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return True where values lie in the range."""
        return (values >= self.low) & (values <= self.high)


@dataclass(frozen=True, repr=False)
class Change(Criterion):
    """A change of V from one condition to another, in a range: made by `change`."""

    family = "change"
    names = ("before", "after")
    before: str
    after: str
    low: float
    high: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.before == self.after:
            raise ValueError(f"change: before and after must differ, got {self.before!r} twice")

    def asked(self, candidates: Outputs) -> np.ndarray:
        before, after = (candidates.output(self.of, at) for at in (self.before, self.after))
        return np.asarray(after - before)


@dataclass(frozen=True, repr=False)
class NernstBetween(Criterion):
    """A Nernst potential that lies in a range: made by `nernst_between`."""

    family = "nernst_between"
    ion: str
    low: float
    high: float
    at: str | None = None

    @property
    def of(self) -> str:
        return f"E_{self.ion}"


#: Criteria by the functions that make them, for files.
CRITERIA: dict[str, type[Any]] = {one.family: one for one in (Between, Change, NernstBetween)}


# ---- quantities: outputs and events ----


def resolved_quantity(of: Any, model: Model) -> tuple[Output, Between | None]:
    """Return the output that `of` names, and the event if `of` is one."""
    if isinstance(of, Between):
        if of.at is not None:
            raise ValueError(f"of must name no condition, which only populations have, got {of!r}")
        return model.output(of.of), of
    if not isinstance(of, str):
        raise TypeError(f"of must be the name of an output or fr.between(low, high), got {of!r}")
    return model.output(of), None


def quantity_to_json(of: str | Between) -> Any:
    """Return a quantity as JSON holds it."""
    return of if isinstance(of, str) else [of.family, dict(vars(of))]


def quantity_from_json(data: Any) -> str | Between:
    """Return the quantity of `quantity_to_json`."""
    return data if isinstance(data, str) else Between(**data[1])


# ---- the public functions ----


def between(low: float, high: float, *, at: str | None = None, of: str = "V") -> Between:
    """Return the event, or criterion, that an output lies in a range, both ends included.

    Parameters
    ----------
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Name of the population's condition under which the output is taken; the first by default.
    of : str
        Name of an output of the model: "V", or "E_K" and the like.

    Returns
    -------
    Between

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
    return Between(low, high, at, of)


def change(before: str, after: str, low: float, high: float) -> Change:
    """Return the criterion that the change of V between two conditions lies in a range.

    Parameters
    ----------
    before, after : str
        Names of two conditions.
    low, high : float
        Range of V under `after` less V under `before`, both included, mV.

    Returns
    -------
    Change

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
    """Return the criterion that an ion's Nernst potential lies in a range, both ends included.

    The Nernst potential of a passive ion is V.

    Parameters
    ----------
    ion : str
        Name of an ion of the model.
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Name of a condition of the population; the first by default.

    Returns
    -------
    NernstBetween

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
