"""The value of one parameter of a cell at which an output has a given value."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import as_numbers, finite
from fastrest.models.conditions import ConditionOutput
from fastrest.models.inverse import Solved, solve_chord, solve_ghk, solve_nernst
from fastrest.models.model import Model
from fastrest.models.outputs import NernstPotential, Output
from fastrest.models.pump_inverse import solve_chord_with_pump, solve_ghk_with_pump
from fastrest.models.quantities import Parameter, Status

#: A concentration, permeability or ratio that stands for one without limit.
LARGEST = 1e100
#: The function that solves each equation.
BY_EQUATION = {
    "ghk": solve_ghk,
    "chord": solve_chord,
    "chord_pump": solve_chord,
    "chord_saturating": solve_chord_with_pump,
    "pump_constant": solve_ghk_with_pump,
    "pump_saturating": solve_ghk_with_pump,
}


def solve(
    model: Model, values: Mapping[str, float], name: str, targets: Mapping[str, Any]
) -> float | np.ndarray:
    """Return the value of a parameter at which an output is on target: see ``Cell.solve``."""
    if len(targets) != 1:
        given = ", ".join(targets) or "none"
        raise ValueError(f"solve needs one potential, as in solve({name!r}, V=-60), got {given}")
    ((of, target),) = targets.items()
    output, parameter = model.output(of), model.parameter(name)
    if np.ndim(target) == 0:
        return _solved(output, values, parameter, finite(of, target))
    wanted = as_numbers(of, target)
    found = [_solved(output, values, parameter, finite(of, one)) for one in wanted.ravel().tolist()]
    return np.array(found, np.float64).reshape(wanted.shape)


def solution(output: Output, values: Mapping[str, float], parameter: str, target: float) -> Solved:
    """Return the value of a parameter at which an output of a model has a given value."""
    if isinstance(output, NernstPotential):
        return solve_nernst(output.ion, values, parameter, target)
    if isinstance(output, ConditionOutput):
        raise ValueError(
            f"solve needs an output without a condition, got {output.name}: cell.replace(...) "
            "makes the condition the cell's own"
        )
    if output.model.equation_name not in BY_EQUATION:
        raise ValueError(
            f"solve needs given inside concentrations, which {output.model} has not: "
            "cell.steady_state() has them"
        )
    return BY_EQUATION[output.model.equation_name](output.model, values, parameter, target)


def _solved(
    output: Output, values: Mapping[str, float], parameter: Parameter, target: float
) -> float:
    found, status = solution(output, values, parameter.name, target)
    if not status:
        return found
    what = f"no {parameter.name} gives {output.name} = {target:g} mV"
    if status != Status.NO_SOLUTION:
        raise ValueError(f"{what}: the values leave the range of doubles ({status.name})")
    if output.model.arguments.get("pump") == "saturating" and parameter.name in ("Na_in", "K_out"):
        raise ValueError(f"{what}: it moves the pump current and the ion's own against each other")
    low, high = reach(output, values, parameter)
    if low == high or math.isnan(low):  # NaN: without the parameter there is no potential
        raise ValueError(f"{what}: {output.name} does not depend on {parameter.name} here")
    least, most = parameter.domain
    if parameter.name.startswith("g_") and math.isinf(high):
        raise ValueError(f"{what}: {output.name} is {high} mV with any {parameter.name} above 0")
    raise ValueError(
        f"{what}: {output.name} reaches from {low:.2f} mV ({parameter.name} = {least:g}) to "
        f"{high:.2f} mV ({parameter.name} = {most:g})"
    )


def reach(output: Output, values: Mapping[str, float], parameter: Parameter) -> tuple[float, float]:
    """Return an output at the least and the greatest value of a parameter.

    The output is monotone: all its values lie between the two. Only concentrations take it to
    infinity, as the other parameters have limits of their own.
    """
    least, most = parameter.domain
    low, high = (
        output.value_at({**values, parameter.name: end})
        for end in (max(least, -LARGEST), min(most, LARGEST))
    )
    if parameter.name.endswith(("_out", "_in")) and low != high:
        high = math.copysign(math.inf, high if math.isnan(low) else high - low)
    return low, high
