"""Values of given rows of inputs, as SALib, SciPy and most samplers call a model."""

import math
from typing import Any

import numpy as np

from fastrest.models.quantities import Status
from fastrest.points.criteria import Between
from fastrest.points.inputs import Inputs
from fastrest.points.table_points import TablePoints

#: Advice for infinite inputs.
ENDS = (
    ". Methods that ask for the quantiles 0 and 1, as Morris's, need distributions with bounds on "
    "both sides: uniform, loguniform, triangular, or normal with low= and high="
)


def in_order(space: Inputs, what: str, given: Any, axis: str) -> Any:
    """Return a data frame with its inputs in the order of the space, or any other object unchanged.

    The inputs are along the axis, "columns" or "index". A data frame without names is unchanged.
    """
    if not hasattr(given, "columns") or not hasattr(given, axis):
        return given
    labels = list(getattr(given, axis))
    if axis == "index" and not {*space.names}.isdisjoint(given.columns):
        raise ValueError(f"{what} are inputs, columns are points: pass x.T")
    if labels == list(range(len(labels))):
        return given
    if len(labels) != len(space) or {*labels} != {*space.names}:
        raise ValueError(
            f"{what} must be {', '.join(space.names)}, in any order, or have no names, got "
            f"{', '.join(map(str, labels))}"
        )
    names = list(space.names)
    return given[names] if axis == "columns" else given.loc[names]


def values_of_rows(space: Inputs, columns: np.ndarray, of: str | Between) -> np.ndarray:
    """Return the values of rows of inputs, given by columns, or raise the error for a bad row."""
    points = TablePoints(space.cell, space.with_derived(columns), {}, ()).asked(of)
    values, status = points.values_and_status()
    if status.any():
        first = int(np.argmax(status != 0))
        raise ValueError(
            f"{np.count_nonzero(status)} of {len(values)} points have no potential, the "
            f"first is number {first}: {_reason(points, first, int(status[first]))}"
        )
    return values


def _reason(points: TablePoints, point: int, status: int) -> str:
    """Return the rule that an input of a point without a potential breaks, else the status."""
    parameters = points.cell.model.parameters
    for name, value in points.parameters(point).items():
        rule = parameters[name].rule(float(value))
        if rule is not None:
            return name + rule + (ENDS if math.isinf(value) else "")
    return str(Status(status).name)
