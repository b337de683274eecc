"""Criteria: conditions on the outputs of cells, and events that verbs count."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from fastrest._core.validation import Frozen, as_float, unknown, whole_number
from fastrest.models.conditions import change_name, output
from fastrest.models.model import Model
from fastrest.models.outputs import Output

#: Arguments with defaults, which the repr leaves out.
DEFAULTS = {"at": None, "of": "V"}
#: The meaning of arguments that are names; the others name conditions.
MEANINGS = {"ion": "an ion", "of": "an output"}


class Outputs(Protocol):
    """The outputs of many points, which events judge."""

    def output(self, name: str, at: str | None) -> np.ndarray:
        """Return an output under a condition, NaN where it has no value."""


class Criterion(Frozen):
    """An event, which holds (1) or not (0): see `between`, `above`, `below`, `change`, `at_least`.

    Events combine by ``&``, ``|`` and ``~``. An event is undefined (NaN) where its output has no
    value. Combinations follow the three-valued logic of SQL: they are undefined only where
    the undefined events decide. ``a & b`` is 0 where one of both is 0, ``a | b`` is 1 where one of
    both is 1, whatever the other is.

    Examples
    --------
    >>> import fastrest as fr
    >>> event = fr.above(-70) & ~fr.above(-80, of="E_K")
    >>> fr.cells["mammalian neuron"].value(of=event)
    1.0
    """

    _hooks: ClassVar[tuple[str, ...]] = ("check", "family", "parts", "resolved", "truth")

    #: the function that makes the event
    family: ClassVar[str]

    @property
    def parts(self) -> tuple["InRange", ...]:
        """The events about one quantity each that the event combines."""
        raise NotImplementedError

    def truth(self, found: Outputs) -> np.ndarray:
        """Return 1 where the event holds, 0 where it does not, and NaN where it is undefined."""
        raise NotImplementedError

    def resolved(self, first: str) -> Self:
        """Return the event with the first condition wherever it names none."""
        raise NotImplementedError

    def check(self, conditions: Mapping[str, Any], model: Model) -> None:
        """Raise the ValueError for an unknown condition or output."""
        for part in self.parts:
            for at in part.conditions:
                if at not in conditions:
                    raise ValueError(f"{part!r}: {unknown('condition', at, conditions)}")
            if part.of not in model.outputs:
                raise ValueError(f"{part!r}: {unknown('output', part.of, model.outputs)}")

    def __and__(self, other: "Criterion") -> "AtLeast":
        return _combined("&", self, other)

    def __or__(self, other: "Criterion") -> "AtLeast":
        return _combined("|", self, other)

    def __invert__(self) -> "Criterion":
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no truth value: combine events by &, | and ~")


class InRange(Criterion):
    """The event that a quantity lies in a range, both ends included."""

    _hooks = ("asked", "bounds", "conditions", "names", "of", "outputs", "quantity")

    #: the arguments that name conditions
    names: ClassVar[tuple[str, ...]] = ("at",)
    #: the arguments that are numbers
    bounds: ClassVar[tuple[str, ...]] = ("low", "high")

    low: float
    high: float
    at: str | None

    @property
    def of(self) -> str:
        """The name of the output."""
        return "V"

    @property
    def parts(self) -> tuple["InRange", ...]:
        return (self,)

    @property
    def conditions(self) -> list[Any]:
        """The conditions that are named, None where none is."""
        return [getattr(self, name) for name in self.names]

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs that the event needs, under their conditions."""
        return [output(self.of, at=at) for at in self.conditions]

    @property
    def quantity(self) -> str:
        """The name of the quantity that must lie in the range."""
        return self.outputs[0]

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in self.bounds:
                number = as_float(name, value)
                if math.isnan(number):
                    raise ValueError(f"{name} must be a potential in mV, got {number!r}")
                object.__setattr__(self, name, number)
            elif not isinstance(value, str) and (name, value) != ("at", None):
                meaning = MEANINGS.get(name, "a condition")
                raise TypeError(f"{name} must be the name of {meaning}, got {value!r}")
        if len(self.bounds) == 2 and not self.low <= self.high:
            raise ValueError(f"low <= high must hold, got {self.low!r} and {self.high!r}")

    def resolved(self, first: str) -> Self:
        if getattr(self, "at", first) is not None:
            return self
        return type(self)(**{**vars(self), "at": first})

    def asked(self, found: Outputs) -> np.ndarray:
        """Return the quantity that must lie in the range."""
        return found.output(self.of, self.at)

    def truth(self, found: Outputs) -> np.ndarray:
        x = self.asked(found)
        return np.where(~np.isnan(x), (x >= self.low) & (x <= self.high), np.nan)

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
class Between(InRange):
    """An output that lies in a range, both ends included: made by `between`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.between(-75, -65) & fr.above(-90, of="E_K")
    between(-75, -65) & above(-90, of='E_K')
    """

    family = "between"
    low: float
    high: float
    at: str | None = None
    of: str = "V"


@dataclass(frozen=True, repr=False)
class Above(InRange):
    """The event that an output is greater than a number: made by `above`."""

    family = "above"
    bounds = ("x",)
    x: float
    at: str | None = None
    of: str = "V"
    high = math.inf

    @property
    def low(self) -> float:  # type: ignore[override]
        """The least number that is greater."""
        return float(np.nextafter(self.x, math.inf))


@dataclass(frozen=True, repr=False)
class Below(InRange):
    """The event that an output is less than a number: made by `below`."""

    family = "below"
    bounds = ("x",)
    x: float
    at: str | None = None
    of: str = "V"
    low = -math.inf

    @property
    def high(self) -> float:  # type: ignore[override]
        """The greatest number that is less."""
        return float(np.nextafter(self.x, -math.inf))


@dataclass(frozen=True, repr=False)
class Change(InRange):
    """A change of V from one condition to another, in a range: made by `change`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.change("control", "high K", 2, 8)
    change('control', 'high K', 2, 8)
    """

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

    @property
    def quantity(self) -> str:
        return change_name(self.before, self.after)

    def asked(self, candidates: Outputs) -> np.ndarray:
        before, after = (candidates.output(self.of, at) for at in (self.before, self.after))
        return np.asarray(after - before)


@dataclass(frozen=True, repr=False)
class NernstBetween(InRange):
    """A Nernst potential that lies in a range: made by `nernst_between`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.nernst_between("K", -100, -90)
    nernst_between('K', -100, -90)
    """

    family = "nernst_between"
    ion: str
    low: float
    high: float
    at: str | None = None

    @property
    def of(self) -> str:
        return f"E_{self.ion}"


@dataclass(frozen=True, repr=False)
class Not(Criterion):
    """The event that another does not hold: made by ``~``."""

    family = "not"
    event: Criterion

    @property
    def parts(self) -> tuple[InRange, ...]:
        return self.event.parts

    def truth(self, found: Outputs) -> np.ndarray:
        return np.asarray(1.0 - self.event.truth(found))

    def resolved(self, first: str) -> Self:
        return type(self)(self.event.resolved(first))

    def __invert__(self) -> Criterion:
        return self.event

    def __repr__(self) -> str:
        return f"~{_inner(self.event)}"


@dataclass(frozen=True, repr=False)
class AtLeast(Criterion):
    """The event that at least `k` of some hold: made by `at_least`, by ``&`` and by ``|``."""

    family = "at_least"
    k: int
    events: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if isinstance(self.events, Criterion) or not isinstance(self.events, Iterable):
            raise TypeError(f"at_least: events must be a list of events, got {self.events!r}")
        events = tuple(self.events)
        for one in events:
            if not isinstance(one, Criterion):
                raise TypeError(f"at_least: events must be a list of events, got {one!r} in it")
        k = whole_number("at_least: k", self.k, 1)
        if k > len(events):
            raise ValueError(f"at_least: k must be at most the {len(events)} events, got {k}")
        vars(self).update(k=k, events=events)
        if self.symbol:  # `a & (b & c)` is `a & b & c`
            flat = [x for one in events for x in (_same(one, self.symbol) or [one])]
            vars(self).update(k=len(flat) if self.symbol == "&" else 1, events=tuple(flat))

    @property
    def symbol(self) -> str:
        """The operator that combines the events, or '' if there is none."""
        n = len(self.events)
        return "" if n == 1 else {n: "&", 1: "|"}.get(self.k, "")

    @property
    def parts(self) -> tuple[InRange, ...]:
        return tuple(part for one in self.events for part in one.parts)

    def truth(self, found: Outputs) -> np.ndarray:
        held: Any = 0.0
        possible: Any = 0.0  # those that hold, and those that are undefined
        for one in self.events:
            truth = one.truth(found)
            held = held + (truth == 1)
            possible = possible + (truth != 0)
        return np.where(held >= self.k, 1.0, np.where(possible < self.k, 0.0, np.nan))

    def resolved(self, first: str) -> Self:
        return type(self)(self.k, tuple(one.resolved(first) for one in self.events))

    def __repr__(self) -> str:
        if self.symbol:
            return f" {self.symbol} ".join(map(_inner, self.events))
        return f"at_least({self.k}, [{', '.join(map(repr, self.events))}])"


def _inner(event: Criterion) -> str:
    """Return the text of an event beside an operator."""
    return f"({event!r})" if isinstance(event, AtLeast) and event.symbol else repr(event)


def _combined(symbol: str, *given: Criterion) -> AtLeast:
    for one in given:
        if not isinstance(one, Criterion):
            raise TypeError(f"{symbol} combines events, such as fr.above(-55), got {one!r}")
    return AtLeast(len(given) if symbol == "&" else 1, given)


def _same(event: Criterion, symbol: str) -> tuple[Criterion, ...]:
    """Return the events that an event combines by a symbol; none if it does not."""
    return event.events if isinstance(event, AtLeast) and event.symbol == symbol else ()


#: Events by the functions that make them, for files.
CRITERIA: dict[str, type[Any]] = {
    one.family: one for one in (Between, Above, Below, Change, NernstBetween, Not, AtLeast)
}


# ---- quantities: outputs and events ----


def resolved_quantity(of: Any, model: Model) -> tuple[Output, Criterion | None]:
    """Return the output that `of` names, and the event if `of` is one.

    The output of an event is the first of those that it is about.
    """
    if isinstance(of, Criterion):
        for part in of.parts:
            if part.conditions != [None] and not model.conditions:
                raise ValueError(
                    "of must name no condition, which populations and the cells of "
                    f"cell.under(conditions) have, got {part!r}"
                )
        outputs = [model.output(part.quantity) for part in of.parts]
        return outputs[0], of
    if not isinstance(of, str):
        raise TypeError(
            "of must be the name of an output or an event such as fr.between(low, high), "
            f"got {of!r}"
        )
    return model.output(of), None


def quantity_to_json(of: str | Criterion) -> Any:
    """Return a quantity as JSON holds it."""
    if isinstance(of, str):
        return of
    arguments = dict(vars(of))
    for name, x in arguments.items():
        if isinstance(x, Criterion):
            arguments[name] = quantity_to_json(x)
        elif isinstance(x, tuple):
            arguments[name] = [quantity_to_json(one) for one in x]
    return [of.family, arguments]


def quantity_from_json(data: Any) -> Any:
    """Return the quantity of `quantity_to_json`."""
    if isinstance(data, str):
        return data
    family, arguments = data[0], dict(data[1])
    if family == Not.family:
        arguments["event"] = quantity_from_json(arguments["event"])
    if family == AtLeast.family:
        arguments["events"] = tuple(map(quantity_from_json, arguments["events"]))
    return CRITERIA[family](**arguments)
