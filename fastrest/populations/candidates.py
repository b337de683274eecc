"""Candidates of a population: drawn, put under every condition, and judged by criteria.

A candidate is a point of a sample. It depends on the design and its number alone. The pass that
counts candidates and the one that returns members therefore find the same bits.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastrest.models.model import Output
from fastrest.models.quantities import Status
from fastrest.physiology.multiples import Times
from fastrest.points.points import over_points
from fastrest.populations.design import PopulationDesign
from fastrest.reductions.accumulator import count_reasons


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
    invalid : ndarray of int64, (6,)
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
        found = []
        for one in self.design.criteria:
            x = one.asked(self)
            found.append(~((x >= one.low) & (x <= one.high)))
        return found

    @functools.cached_property
    def accepted(self) -> np.ndarray:
        """A mask of the candidates that no criterion rejects."""
        rejected = np.zeros(len(self), bool)
        for fails in self.fails:
            rejected |= fails
        return ~rejected

    def output(self, name: str, at: str) -> np.ndarray:
        """Return an output of the model under a condition, for a criterion to judge."""
        design, n = self.design, len(self)
        if name == design.of:
            counted: np.ndarray = self.V[list(design.conditions).index(at)]
            return counted
        output, values = design.cell.model.outputs[name], np.empty(n)
        columns = _columns(design, output, self.inputs, design.conditions[at])
        output.equation().points(columns, 0, n, values)
        return values


def compute(design: PopulationDesign, start: int, stop: int) -> Candidates:
    """Compute the candidates [start, stop) under every condition."""
    n = stop - start
    inputs = design.sample.drawn.draw(start, n)
    V = np.empty((len(design.conditions), n))
    status = np.empty(V.shape, np.uint8)
    output = design.cell.model.outputs[design.of]
    equation = output.equation()
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
    return over_points(output.columns({**design.cell, **drawn, **changed}), inputs.shape[1:])
