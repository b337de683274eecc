"""Candidates of a population: drawn, challenged under every condition, and judged.

A candidate is a point of a sample; what it is depends on the plan and its number alone, so that
the pass that counts and the one that hands members over find the same, to the bit.
"""

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _kernels
from .cell import Cell, Times
from .clinical import State
from .criteria import CRITERIA, Criterion
from .distributions import Scaled
from .model import as_float
from .physics import Status, unknown
from .samples import Sample

if TYPE_CHECKING:
    from .spaces import Space

#: The condition of a population for which none is named: the cells as they are drawn.
CONTROL: Mapping[str, Mapping[str, Any]] = {"control": {}}


@dataclass(frozen=True, eq=False)
class Plan:
    """What a population is: all that sets who its members are.

    Attributes
    ----------
    sample : Sample
        The candidates.
    conditions : dict of str to (dict of str to float or Times)
        By name what each changes.
    accept : tuple of Criterion
        As they were given.
    """

    sample: Sample
    conditions: dict[str, dict[str, float | Times]]
    accept: tuple[Criterion, ...]

    @classmethod
    def checked(cls, sample: Sample, conditions: Any, accept: Any) -> "Plan":
        """The plan of what users give, or the error that names what is wrong with it."""
        found = _checked_conditions(sample.space, CONTROL if conditions is None else conditions)
        return cls(sample, found, _checked_criteria(sample.cell, found, accept))

    @property
    def cell(self) -> Cell:
        return self.sample.cell

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that vary: uncertain inputs, then those that follow from them."""
        return self.sample.varied

    @functools.cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """What is accepted, with the conditions that were left out."""
        first = next(iter(self.conditions))
        return tuple(one.resolved(first) for one in self.accept)

    # ---- as JSON ----

    def to_json(self) -> dict[str, Any]:
        def change(value: float | Times) -> Any:
            return ["times", value.factors] if isinstance(value, Times) else value

        return {
            "conditions": [  # lists: the order is that of the answers
                [name, [[parameter, change(x)] for parameter, x in changes.items()]]
                for name, changes in self.conditions.items()
            ],
            "accept": [[one.family, vars(one)] for one in self.accept],
        }

    @classmethod
    def from_json(cls, sample: Sample, data: Mapping[str, Any]) -> "Plan":
        conditions = {
            name: {p: Times(x[1]) if isinstance(x, list) else x for p, x in changes}
            for name, changes in data["conditions"]
        }
        accept = tuple(CRITERIA[family](**arguments) for family, arguments in data["accept"])
        return cls(sample, conditions, accept)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Those candidates of a range that have a potential under every condition.

    Attributes
    ----------
    plan : Plan
    numbers : ndarray of int64, (n,)
    inputs : ndarray, (parameters, n)
        In the order of ``plan.names``.
    V : ndarray, (conditions, n)
        mV.
    invalid : ndarray of int64, (6,)
        How many have none, by the lowest bit of their first status that is not 0.
    """

    plan: Plan
    numbers: np.ndarray
    inputs: np.ndarray
    V: np.ndarray
    invalid: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    @functools.cached_property
    def fails(self) -> list[np.ndarray]:
        """For each criterion whom it rejects."""
        found = []
        for one in self.plan.criteria:
            x = one.asked(self)
            found.append(~((x >= one.low) & (x <= one.high)))
        return found

    @functools.cached_property
    def accepted(self) -> np.ndarray:
        """Whom no criterion rejects."""
        rejected = np.zeros(len(self), bool)
        for fails in self.fails:
            rejected |= fails
        return ~rejected

    # ---- what criteria ask for ----

    def potential(self, at: str) -> np.ndarray:
        V: np.ndarray = self.V[list(self.plan.conditions).index(at)]
        return V

    def nernst(self, ion: str, at: str) -> np.ndarray:
        plan = self.plan
        if ion in plan.cell.model.passive:
            return self.potential(at)
        z = next(one.z for one in plan.cell.model.ions if one.name == ion)
        values = _values(plan, self.inputs, plan.conditions[at])
        columns = [float(z), values[f"{ion}_out"], values[f"{ion}_in"], values["celsius"]]
        E = np.empty(len(self))
        _kernels.Equation("nernst").points(_along(columns, len(self)), 0, len(self), E)
        return E


def compute(plan: Plan, start: int, stop: int) -> Candidates:
    """The candidates [start, stop), judged."""
    n = stop - start
    inputs = plan.sample._drawn.draw(start, n)
    V = np.empty((len(plan.conditions), n))
    status = np.empty(V.shape, np.uint8)
    model = plan.cell.model
    equation = model.equation()
    for changes, values, bits in zip(plan.conditions.values(), V, status):
        columns = _along(model.columns(_values(plan, inputs, changes)), n)
        equation.points(columns, 0, n, values, bits)
    numbers = np.arange(start, stop)
    if not status.any():
        return Candidates(plan, numbers, inputs, V, np.zeros(len(Status), np.int64))
    first = status[0]
    for bits in status[1:]:
        first = np.where(first == 0, bits, first)
    lowest = first & (~first + np.uint8(1))
    valid = first == 0
    return Candidates(
        plan,
        numbers[valid],
        np.compress(valid, inputs, axis=1),
        np.compress(valid, V, axis=1),
        np.array([np.count_nonzero(lowest == bit) for bit in Status], np.int64),
    )


def _values(plan: Plan, inputs: np.ndarray, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values of all parameters under a condition: arrays of those that vary."""
    drawn = dict(zip(plan.names, inputs))
    changed = {
        name: x.factors * drawn[name] if isinstance(x, Times) else x for name, x in changes.items()
    }
    return {**plan.cell, **drawn, **changed}


def _along(columns: list[Any], n: int) -> list[Any]:
    """Columns of which at least one is an array, so that there are n points."""
    if all(isinstance(column, float) for column in columns):
        return [np.full(n, columns[0]), *columns[1:]]
    return columns


# ---- checks ----


def _checked_conditions(space: "Space", given: Any) -> dict[str, dict[str, float | Times]]:
    example = '{"control": {}, "high K": {"K_out": 6.5}}'
    if not isinstance(given, Mapping):
        raise TypeError(f"conditions must be a mapping, as {example}, got {given!r}")
    if not given:
        raise ValueError(f"conditions must name at least one, as {example}")
    found: dict[str, dict[str, float | Times]] = {}
    for name, changes in given.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"conditions: a name is a text, got {name!r}")
        if not isinstance(changes, Mapping):
            raise TypeError(
                f"condition {name!r} must be a mapping of parameters to values, as "
                f'{{"K_out": 6.5}}, got {changes!r}'
            )
        try:
            if isinstance(changes, State):
                changes.check(space.cell, (*space.names, *space.derived))
            found[name] = {n: _checked_change(space, n, x) for n, x in changes.items()}
        except (TypeError, ValueError) as error:
            raise type(error)(f"condition {name!r}: {error}") from None
    return found


def _checked_change(space: "Space", name: str, value: Any) -> float | Times:
    """What a condition makes of a parameter: a value, or multiples of what is drawn."""
    parameters = space.cell.model.parameters
    if name not in parameters:
        raise ValueError(unknown("parameter", name, parameters))
    parameter = parameters[name]
    if isinstance(value, Scaled):
        raise TypeError(f"{name} must be a number or fr.times of one, got {value!r}")
    if not isinstance(value, Times):
        number = as_float(name, value)
        parameter.check(number)
        return number
    factor = as_float(f"times of {name}", value.factors)
    if not 0 <= factor < math.inf:
        raise ValueError(f"times of {name} must be finite and >= 0, got {factor!r}")
    if name in space.derived:
        return Times(factor)
    if name not in space.names:
        number = factor * space.cell[name]
        parameter.check(number)
        return number
    for bound in space.distributions[space.names.index(name)].bounds:
        if math.isfinite(bound):
            parameter.check(factor * bound)
    return Times(factor)


def _checked_criteria(
    cell: Cell, conditions: Mapping[str, Any], given: Any
) -> tuple[Criterion, ...]:
    example = "[fr.between(-80, -60)]"
    if isinstance(given, Criterion) or not isinstance(given, Iterable):
        raise TypeError(f"accept must be a list of criteria, as {example}, got {given!r}")
    accept = tuple(given)
    first, seen = next(iter(conditions)), set()
    for one in accept:
        if not isinstance(one, Criterion):
            raise TypeError(f"accept must be a list of criteria, as {example}, got {one!r} in it")
        whole = one.resolved(first)
        whole.check(conditions, cell.model)
        if whole in seen:
            raise ValueError(f"accept: each criterion once, got {whole!r} twice")
        seen.add(whole)
    return accept
