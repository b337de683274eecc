"""Candidates of a population: drawn, put under every condition, and judged by criteria.

A candidate is a point of a sample. It depends on the design and its number alone. The pass that
counts candidates and the one that returns members therefore find the same bits.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastrest._core.validation import as_float, unknown
from fastrest.distributions.base import Scaled
from fastrest.models.conditions import CONTROL, ConditionOutput, is_compared
from fastrest.models.outputs import Output
from fastrest.models.quantities import Status
from fastrest.physiology.cell import Cell
from fastrest.physiology.conditions import as_given
from fastrest.physiology.criteria import (
    Criterion,
    quantity_from_json,
    quantity_to_json,
    resolved_quantity,
)
from fastrest.physiology.multiples import Times
from fastrest.physiology.presets import State
from fastrest.points.inputs import Inputs
from fastrest.points.points import over_points
from fastrest.points.sample_points import SamplePoints
from fastrest.reductions.accumulator import count_reasons

#: Limits between which values are counted, mV. Nernst potentials leave those of V: E_Ca is 130 mV.
LIMITS_OF_V, LIMITS_OF_OTHERS = (-150, 100), (-500, 500)
#: The most conditions, each of which computes all candidates, and the most criteria, which are
#: counted in pairs.
MOST_CONDITIONS, MOST_CRITERIA = 1000, 500


@dataclass(frozen=True, eq=False)
class PopulationDesign:
    """The design of a population: everything that determines its members.

    Attributes
    ----------
    sample : SamplePoints
        The candidates.
    conditions : dict of str to (dict of str to float or Times)
        The changes of each condition, by name.
    accept : tuple of Criterion
        The criteria as they were given.
    of : str
        Name of the output that is counted under every condition.
    limits : tuple of int
        Whole mV between which its values are counted in bins.
    """

    sample: SamplePoints
    conditions: dict[str, dict[str, float | Times]]
    accept: tuple[Criterion, ...]
    of: str = "V"
    limits: tuple[int, int] = LIMITS_OF_V

    @classmethod
    def checked(
        cls, sample: SamplePoints, conditions: Any, accept: Any, of: Any = "V"
    ) -> "PopulationDesign":
        """Return the design of a user's arguments, or raise the error for a wrong one."""
        own = sample.cell.model.conditions
        if conditions is None:
            conditions = {name: as_given(x) for name, x in own.items()} or {CONTROL: {}}
        elif own:
            raise ValueError(
                f"conditions: the cell has its own, {', '.join(own)}: leave them out here, or add "
                "to those by cell.under"
            )
        found = _checked_conditions(sample.space, conditions)
        output, event = resolved_quantity(of, sample.cell.model)
        if event is not None:
            raise ValueError(f"population counts an output, got {of!r}: pass events as accept=")
        if isinstance(output, ConditionOutput):
            raise ValueError(f"population counts an output under every condition, got of={of!r}")
        criteria = _checked_criteria(sample.cell, found, accept)
        limits = LIMITS_OF_V if output.name == "V" else LIMITS_OF_OTHERS
        return cls(sample, found, criteria, output.name, limits)

    @property
    def bits(self) -> int | None:
        """The version of the drawn numbers."""
        return self.sample.bits

    @property
    def cell(self) -> Cell:
        """The cell of the sample."""
        return self.sample.cell

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that vary: uncertain inputs, then derived ones."""
        return self.sample.varied

    @functools.cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria, each with a condition: the first one unless it names another."""
        first = next(iter(self.conditions))
        return tuple(one.resolved(first) for one in self.accept)

    # ---- as JSON ----

    def to_json(self) -> dict[str, Any]:
        """Return the conditions and criteria as JSON holds them."""

        def change(value: float | Times) -> Any:
            return ["times", value.factors] if isinstance(value, Times) else value

        return {
            "conditions": [  # lists, because the order matters
                [name, [[parameter, change(x)] for parameter, x in changes.items()]]
                for name, changes in self.conditions.items()
            ],
            "of": self.of,
            # earlier versions counted all outputs between the limits of V
            **({} if self.limits == LIMITS_OF_V else {"limits": list(self.limits)}),
            "accept": [quantity_to_json(one) for one in self.accept],
        }

    @classmethod
    def from_json(cls, sample: SamplePoints, data: Mapping[str, Any]) -> "PopulationDesign":
        """Return the design of a sample, from the data of `to_json`."""
        conditions = {
            name: {p: Times(x[1]) if isinstance(x, list) else x for p, x in changes}
            for name, changes in data["conditions"]
        }
        accept = tuple(map(quantity_from_json, data["accept"]))
        low, high = data.get("limits", LIMITS_OF_V)
        if (low, high) not in (LIMITS_OF_V, LIMITS_OF_OTHERS):
            raise ValueError(f"limits must be {LIMITS_OF_OTHERS}, got {low!r} and {high!r}")
        return cls(sample, conditions, accept, data["of"], (low, high))


# ---- checks ----


def _checked_conditions(space: Inputs, given: Any) -> dict[str, dict[str, float | Times]]:
    example = '{"control": {}, "high K": {"K_out": 6.5}}'
    if not isinstance(given, Mapping):
        raise TypeError(f"conditions must be a mapping, as {example}, got {given!r}")
    if not given:
        raise ValueError(f"conditions must name at least one, as {example}")
    if len(given) > MOST_CONDITIONS:
        raise ValueError(f"conditions must be at most {MOST_CONDITIONS:,}, got {len(given):,}")
    found: dict[str, dict[str, float | Times]] = {}
    for name, changes in given.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"conditions: a name must be text, got {name!r}")
        if not isinstance(changes, Mapping):
            raise TypeError(
                f"condition {name!r} must be a mapping of parameters to values, as "
                f'{{"K_out": 6.5}}, got {changes!r}'
            )
        try:
            if isinstance(changes, State):
                changes = changes.of(space.cell)
                changes.check(space.cell, (*space.names, *space.derived))
            found[name] = {n: _checked_change(space, n, x) for n, x in changes.items()}
        except (TypeError, ValueError) as error:
            raise type(error)(f"condition {name!r}: {error}") from None
    return found


def _checked_change(space: Inputs, name: str, value: Any) -> float | Times:
    """Return the change of a parameter: a value, or multiples of the drawn values."""
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
    accept = tuple(itertools.islice(given, MOST_CRITERIA + 1))
    if len(accept) > MOST_CRITERIA:
        raise ValueError(
            f"accept must have at most {MOST_CRITERIA} criteria, which are counted in pairs"
        )
    first, seen = next(iter(conditions)), set()
    for one in accept:
        if not isinstance(one, Criterion):
            raise TypeError(f"accept must be a list of criteria, as {example}, got {one!r} in it")
        for part in one.parts:
            if is_compared(part.of) and part.conditions != [None]:
                raise ValueError(f"{part!r} names conditions in of= and in at=: leave one of them")
        whole = one.resolved(first)
        whole.check(conditions, cell.model)
        if whole in seen:
            raise ValueError(f"accept must have each criterion once, got {whole!r} twice")
        seen.add(whole)
    return accept


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of a range that have a value under every condition.

    Attributes
    ----------
    design : PopulationDesign
    numbers : ndarray of int64, (n,)
    inputs : ndarray, (parameters, n)
        In the order of ``design.names``.
    V : ndarray, (conditions, n)
        The output that is counted, mV.
    invalid : ndarray of int64, (8,)
        Candidates without a value, by the lowest bit of their first status that is not 0.
    """

    design: PopulationDesign
    numbers: np.ndarray
    inputs: np.ndarray
    V: np.ndarray
    invalid: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    @functools.cached_property
    def fails(self) -> list[np.ndarray]:
        """A mask of the rejected candidates for each criterion."""
        return [one.truth(self) != 1 for one in self.design.criteria]

    @functools.cached_property
    def accepted(self) -> np.ndarray:
        """A mask of the candidates that no criterion rejects."""
        rejected = np.zeros(len(self), bool)
        for fails in self.fails:
            rejected |= fails
        return ~rejected

    def output(self, name: str, at: str | None) -> np.ndarray:
        """Return an output of the model under a condition, for a criterion to judge."""
        design, n = self.design, len(self)
        assert at is not None  # criteria are resolved
        if name == design.of:
            counted: np.ndarray = self.V[list(design.conditions).index(at)]
            return counted
        output, values = design.cell.model.outputs[name], np.empty(n)
        columns = _columns(design, output, self.inputs, design.conditions[at])
        output.equation.points(columns, 0, n, values)
        return values


def compute(
    design: PopulationDesign, start: int, stop: int, room: np.ndarray | None = None
) -> Candidates:
    """Compute the candidates [start, stop) under every condition; `room` may take the inputs."""
    n = stop - start
    inputs = design.sample.drawn.draw(start, n, room)
    V = np.empty((len(design.conditions), n))
    status = np.empty(V.shape, np.uint8)
    output = design.cell.model.outputs[design.of]
    equation = output.equation
    for changes, values, bits in zip(design.conditions.values(), V, status):
        columns = _columns(design, output, inputs, changes)
        equation.points(columns, 0, n, values, bits)
    numbers = np.arange(start, stop)
    if not status.any():
        return Candidates(design, numbers, inputs, V, np.zeros(len(Status), np.int64))
    first = status[0]
    for bits in status[1:]:
        first = np.where(first == 0, bits, first)
    valid = first == 0
    return Candidates(
        design,
        numbers[valid],
        np.compress(valid, inputs, axis=1),
        np.compress(valid, V, axis=1),
        count_reasons(first),
    )


def _columns(
    design: PopulationDesign, output: Output, inputs: np.ndarray, changes: Mapping[str, Any]
) -> list[Any]:
    """Return the columns of an output's equation under a condition; at least one is an array."""
    drawn = dict(zip(design.names, inputs))
    changed = {
        name: x.factors * drawn[name] if isinstance(x, Times) else x for name, x in changes.items()
    }
    return over_points(output.columns_of(design.cell.merged(drawn, changed)), inputs.shape[1:])
