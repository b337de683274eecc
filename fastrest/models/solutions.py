"""Solutions as outputs: the value of a parameter at which V has a given value, in every verb."""

from __future__ import annotations

import ast
import contextlib
import functools
import math
from collections.abc import Mapping
from typing import Any

from fastrest._core import _kernels
from fastrest._core.validation import finite
from fastrest.models.inverse import solve_ghk
from fastrest.models.outputs import Output
from fastrest.models.pump_inverse import solve_ghk_with_pump

#: The equation that solves another one for an input, and the reference.
BY_EQUATION = {
    "ghk": ("ghk_solution", solve_ghk),
    "pump_constant": ("field_solution", solve_ghk_with_pump),
}


def solution(parameter: str, *, V: float) -> str:
    """Return the name of a solution: the value of a parameter at which V is on target.

    It is an output of GHK models, with `pump_ratio` or a constant pump, in every verb that takes
    `of=`. A point at which no value of the parameter gives V has the status ``NO_SOLUTION``.
    `Cell.solve` answers the same of one cell of any model, with the reach in its error.

    Parameters
    ----------
    parameter : str
        A permeability, a concentration, `pump_ratio` or `pump_max`. Its own value does not count.
    V : float
        Potential, mV.

    Returns
    -------
    str
        Such as ``"solution('K_out', V=-55.0)"``, which may be written, too.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> bath = fr.solution("K_out", V=-60)
    >>> fr.grid(cell, P_Na=[0.02, 0.04, 0.08]).values(of=bath).round(2)
    array([14.06, 11.19,  5.45])
    >>> cells = fr.space(cell, P_Na=fr.lognormal(cv=0.3), P_Cl=fr.lognormal(cv=0.3))
    >>> cells.sample(10**5, rng=1).quantile([0.05, 0.95], of=bath).round(1)
    array([ 7.6, 13.7])
    """
    if not isinstance(parameter, str):
        raise TypeError(f"solution: parameter must be text, got {parameter!r}")
    return f"solution({parameter!r}, V={finite('V', V)!r})"


def _arguments(text: object) -> tuple[str, float] | None:
    """Return the parameter and the target that `solution` makes a name of, or None."""
    if not isinstance(text, str) or not text.lstrip().startswith("solution(") or len(text) > 200:
        return None
    with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
        match ast.parse(text.strip(), mode="eval").body:
            case ast.Call(
                func=ast.Name(id="solution"),
                args=[ast.Constant(value=str() as parameter)],
                keywords=[ast.keyword(arg="V", value=value)],
            ):
                target = ast.literal_eval(value)
                if type(target) in (int, float) and math.isfinite(target):
                    return parameter, float(target)
    return None


def solved_output(model: Any, name: object) -> SolutionOutput | None:
    """Return the solution that a name asks for, or None; ValueError if the model has none."""
    found = _arguments(name)
    if found is None:
        return None
    parameter, target = found
    model.parameter(parameter)
    if model.equation_name not in BY_EQUATION:
        raise ValueError(
            f"{name}: {model} has no solutions in sweeps; a GHK model without a saturating pump "
            "has, and cell.solve(...) solves for one cell"
        )
    if parameter == "celsius":
        raise ValueError(
            f"{name}: V is proportional to the absolute temperature: cell.solve('celsius', V=...) "
            "solves for one cell"
        )
    if parameter not in model.columns:
        raise ValueError(f"{name}: V does not depend on {parameter}")
    return SolutionOutput(model, parameter, target)


class SolutionOutput(Output):
    """The value of a parameter at which V is on target.

    Attributes
    ----------
    parameter : str
    target : float
        mV.
    """

    no_derivatives = (
        "solutions have no derivatives here: that of K_out by V is 1 / cell.gradient()['K_out'] at "
        "the solution"
    )

    parameter: str
    target: float

    def __init__(self, model: Any, parameter: str, target: float):
        one = model.parameters[parameter]
        text = f"{one.meaning} at V = {target:g} mV"
        super().__init__(model, solution(parameter, V=target), one.unit, text)
        vars(self).update(parameter=parameter, target=target)
        vars(self).update(two_sided=False, separable=False, has_log_sums=False)

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        V: _kernels.Equation = self.model.equation(self.model.equation_name)
        name, _ = BY_EQUATION[self.model.equation_name]
        return _kernels.Equation(name, V.z, V.pump_ion, self.columns.index(self.parameter))

    @property
    def columns(self) -> tuple[str | float, ...]:
        end = 3 * len(self.model.core_ions) + 1
        own = self.model.columns
        if self.model.equation_name == "ghk":
            return (*own[:end], 0.0, self.target, *own[end:])
        return (*own, self.target)

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        _, solve = BY_EQUATION[self.model.equation_name]
        value, status = solve(self.model, values, self.parameter, self.target)
        return value, status
