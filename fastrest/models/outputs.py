"""Outputs: the quantities that a model computes, by the kernels and by the reference."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core import _kernels
from fastrest._core.ufunc_names import ufunc_of
from fastrest._core.validation import Frozen
from fastrest.models import reference
from fastrest.models.quantities import Ion
from fastrest.runtime import scheduler

#: The two sums of V = phi (ln N - ln D).
SIDES = ("num", "den")


def phi(celsius: Any) -> Any:
    """Return RT/F in mV, with the bits that the kernels give it."""
    return _kernels.PHI_PER_KELVIN * (celsius + _kernels.KELVIN_AT_0_CELSIUS)


def with_unit(text: str, output: Output | None) -> str:
    """Return the text of a value of an output with its unit; of an event there is no output."""
    unit = "" if output is None else output.unit
    return f"{text} {unit}".rstrip()


class Output(Frozen):
    """A quantity that a model computes from its parameters.

    This class computes the membrane potential, which is also the Nernst potential of a passive
    ion. A subclass computes another quantity: it has an equation and a reference of its own.

    Attributes
    ----------
    model : Model
    name, unit, description : str
    two_sided : bool
        True if the equation has two sums, which drive charge inward and outward.
    separable : bool
        True if the values of a grid follow from the logarithms of the two sums.
    log_size : float
        Size of logarithms of which `log_sums` are differences, for their rounding errors.
    has_log_sums : bool
        True if the output is `scale` times phi times the difference of the two logarithms.
    scale : float
    cost : int
        Time that a point takes, in plain points: how many of them a task of a thread has.
    no_derivatives : str
        The reason why neither the kernels nor the reference have derivatives of it; empty if they
        have.
    is_time : bool
        True if the output is a time, s, which is infinite, with the status ``INFINITE``, if it does
        not come: a value that is later than all others.
    """

    model: Any
    name: str
    unit: str
    description: str
    two_sided: bool
    separable: bool
    has_log_sums: bool
    scale: float = 1.0
    log_size: float = 0.0
    cost: int = 1
    no_derivatives: str = ""
    is_time: bool = False

    def __init__(self, model: Any, name: str, unit: str, description: str):
        vars(self).update(model=model, name=name, unit=unit, description=description)
        separable = model.separable
        vars(self).update(two_sided=model.two_sided, separable=separable, has_log_sums=separable)

    # ---- by the kernels ----

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        """The equation in the C core."""
        found: _kernels.Equation = self.model.equation(self.model.equation_name)
        return found

    @functools.cached_property
    def ufunc(self) -> np.ufunc:
        """The equation as a NumPy ufunc."""
        return ufunc_of(self.equation)

    @property
    def columns(self) -> tuple[str | float, ...]:
        """The equation's columns in order: names of parameters, and numbers."""
        found: tuple[str | float, ...] = self.model.columns
        return found

    def columns_of(self, values: Mapping[str, Any]) -> list[Any]:
        """Return parameter values in the order of the equation's columns."""
        return [values[one] if type(one) is str else one for one in self.columns]

    @functools.cached_property
    def column_of(self) -> dict[str, int]:
        """The number of the column of each parameter that the equation has."""
        # a passive ion's outside concentration stands for the inside one too, which comes later
        names = self.model.parameters.keys() & set(self.columns)
        return {name: self.columns.index(name) for name in self.model.parameters if name in names}

    def gradients(
        self, columns: list[Any], first: int, slopes: Mapping[str, np.ndarray], isa: str
    ) -> None:
        """Compute the derivatives at points from `first` on into arrays, by parameter."""
        self.check_derivatives()
        n = len(next(iter(slopes.values())))
        # without a parameter that enters, one of the others tells where the output has no value
        asked = [name for name in slopes if name in self.column_of] or [next(iter(self.column_of))]
        out = [slopes[name] if name in slopes else np.empty(n) for name in asked]
        wanted = [self.column_of[name] for name in asked]
        self.equation.gradients(columns, first, n, wanted, out, isa=isa)
        for name in slopes.keys() - self.column_of.keys():
            slopes[name][:] = np.where(np.isnan(out[0]), np.nan, 0.0)

    @property
    def sides(self) -> Mapping[str, frozenset[str]]:
        """The parts of the equation that each parameter enters: "num", "den", "phi"."""
        found: Mapping[str, frozenset[str]] = self.model.sides
        return found

    @functools.cached_property
    def log_sums(self) -> dict[str, _kernels.Equation]:
        """The equations of the logarithms of the two sums."""
        return {side: self.model.equation(f"log_{side}") for side in SIDES}

    def log_columns(self, values: Mapping[str, Any]) -> list[Any]:
        """Return parameter values in the order of the columns of `log_sums`."""
        return self.columns_of(values)

    # ---- by the reference ----

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        """Return the value and its status by the pure-Python reference."""
        value, status = self.model.reference(self.model, values)
        return value, status

    def reference_gradient(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the derivatives with respect to every parameter by the reference."""
        self.check_derivatives()
        return dict(self.model.reference_gradient(self.model, values))

    def check_derivatives(self) -> None:
        """Raise the ValueError that tells why there are no derivatives, if there are none."""
        if self.no_derivatives:
            raise ValueError(self.no_derivatives)

    # ---- at one point ----

    def value_at(self, values: Mapping[str, float], engine: str | None = None) -> float:
        """Return the output for one value of every parameter."""
        isa = scheduler.choose_engine(engine)
        if isa == scheduler.PYTHON:
            return float(self.reference(dict(values))[0])
        value: float = self.equation.value(self.columns_of(values), isa=isa)
        return value

    def gradient_at(
        self, values: Mapping[str, float], engine: str | None = None
    ) -> dict[str, float]:
        """Return the derivatives with respect to every parameter at one point."""
        isa = scheduler.choose_engine(engine)
        if isa == scheduler.PYTHON:
            return self.reference_gradient(dict(values))
        slopes = {name: np.empty(1) for name in self.model.parameters}
        self.gradients(self.columns_of(values), 0, slopes, isa)
        return {name: float(slope[0]) for name, slope in slopes.items()}

    def as_number(self) -> Output:
        """Return the output for events: a time that does not come is a late one."""
        return self

    # ---- manners ----

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Output) and (self.model, self.name) == (other.model, other.name)

    def __hash__(self) -> int:
        return hash((self.model, self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.model.output, (self.name,)

    def __repr__(self) -> str:
        return f"<output {self.name}: {self.description}, {self.unit}>"


class NernstPotential(Output):
    """The Nernst potential of a permeant ion, E = (RT/zF) ln(c_out/c_in)."""

    ion: Ion
    #: the parameters that enter, and the part of the equation that each enters
    side_of: dict[str, str]

    def __init__(self, model: Any, ion: Ion):
        super().__init__(model, f"E_{ion.name}", "mV", f"Nernst potential of {ion.name}")
        names = f"{ion.name}_out", f"{ion.name}_in", "celsius"
        sides = ("num", "den", "phi") if ion.z > 0 else ("den", "num", "phi")
        vars(self).update(ion=ion, side_of=dict(zip(names, sides)), scale=1.0 / abs(ion.z))
        vars(self).update(two_sided=False, separable=False, has_log_sums=True)

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        return _kernels.Equation("nernst")

    @property
    def columns(self) -> tuple[str | float, ...]:
        return (float(self.ion.z), *self.side_of)

    @functools.cached_property
    def sides(self) -> Mapping[str, frozenset[str]]:
        side = self.side_of
        return {n: frozenset({side[n]} if n in side else ()) for n in self.model.parameters}

    @functools.cached_property
    def log_sums(self) -> dict[str, _kernels.Equation]:
        z = (1 if self.ion.z > 0 else -1,)
        return {side: _kernels.Equation(f"log_{side}", z) for side in SIDES}

    def log_columns(self, values: Mapping[str, Any]) -> list[Any]:
        return [1.0, *(values[name] for name in self.side_of)]

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        return reference.nernst_of(self.ion, values)

    def reference_gradient(self, values: Mapping[str, float]) -> dict[str, float]:
        return reference.nernst_gradient_of(self.ion, self.model, values)
