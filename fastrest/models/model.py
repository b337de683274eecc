"""Models: an equation for named ions, with its parameters, outputs, kernel and reference.

A new model is a subclass of `Model`. It declares the name of its per-ion weight, its equation in
the C core, and the functions of `reference` that define the equation and its gradient. Outputs
beside V are declared in `Model.declared_outputs`.
"""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import contextlib
import functools
import math
import types
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import Frozen, unknown
from fastrest.models.broadcasting import broadcast, checked_arguments
from fastrest.models.conditions import UNDER, Change, Outputs, compared_output, is_compared
from fastrest.models.ions import ions_of
from fastrest.models.outputs import NernstPotential, Output
from fastrest.models.quantities import IONS, Ion, Parameter
from fastrest.models.solutions import solved_output

#: Types of numbers that need no conversion.
NUMBERS = frozenset({float, int})


class Model(Frozen):
    """An equation for named ions.

    Use the subclasses `GHK` and `Chord`. Models are immutable, comparable and picklable.

    Parameters
    ----------
    *ions : str or Ion
        K, Na, Cl, Ca, Mg and HCO3 are known by name; others are given as ``fr.Ion("SO4", -2)``.
    passive : str or sequence of str
        Ions at equilibrium. They carry no current and do not enter V. Their inside concentrations
        are no parameters, but follow from V.

    Attributes
    ----------
    ions : tuple of Ion
    passive : tuple of str
        Names of the passive ions.
    permeant : tuple of Ion
        The ions that set V.
    parameters : mapping of str to Parameter
        Names, units and meanings, in order.
    outputs : mapping of str to Output
        Names, units and descriptions of the quantities that the model computes.

    Examples
    --------
    >>> import fastrest as fr
    >>> model = fr.GHK("K", "Na")
    >>> list(model.parameters)
    ['P_K', 'P_Na', 'K_out', 'Na_out', 'K_in', 'Na_in', 'celsius', 'pump_ratio']
    >>> list(model.outputs)
    ['V', 'E_K', 'E_Na', 'share_K', 'share_Na', 'share_pump']
    """

    _hooks: ClassVar[tuple[str, ...]] = (
        *("arguments", "columns", "compared", "complete", "conditions", "core_ions"),
        *("declared_outputs", "equation", "implied", "named_output"),
        *("output", "parameter", "pump_parameters", "pumped", "reference", "reference_gradient"),
        *("separable", "sides", "two_sided", "under", "under_text", "unknown_parameter"),
        *("weights", "with_ions", "with_passive"),
    )

    #: prefix, unit and meaning of the per-ion weight
    weight: ClassVar[str]
    weight_unit: ClassVar[str] = ""
    weight_meaning: ClassVar[str]
    #: the largest valence of an ion, of either sign
    largest_z: ClassVar[int] = 2
    #: name of the equation in the C core, and its definition and gradient in plain Python
    equation_name: ClassVar[str]
    reference: ClassVar[Any]
    reference_gradient: ClassVar[Any]
    #: the ion that an electrogenic pump couples to in this equation
    pumped: ClassVar[str | None] = None

    ions: tuple[Ion, ...]
    passive: tuple[str, ...]
    #: the changes of each condition by name: see `Cell.under`
    conditions: Mapping[str, tuple[Change, ...]] = types.MappingProxyType({})

    def __init__(self, *ions: str | Ion, passive: str | tuple[str, ...] | list[str] = ()):
        found, wanted = ions_of(type(self).__name__, ions, passive, self.largest_z)
        vars(self).update(ions=found, passive=wanted)

    @functools.cached_property
    def permeant(self) -> tuple[Ion, ...]:
        """The ions that set V: all but the passive ones."""
        return tuple(ion for ion in self.ions if ion.name not in self.passive)

    @property
    def weights(self) -> list[str]:
        """The names of the permeabilities or conductances of which only ratios count."""
        return [] if self.weight_unit else [f"{self.weight}_{i.name}" for i in self.permeant]

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments that make this model of its ions."""
        return {"passive": self.passive}

    def with_passive(self, *names: str) -> Model:
        """Return the model with further passive ions."""
        arguments = {**self.arguments, "passive": (*self.passive, *names)}
        return type(self)(*self.ions, **arguments).under(self.conditions)

    def with_ions(self, *ions: str | Ion) -> Model:
        """Return the model with further ions."""
        return type(self)(*self.ions, *ions, **self.arguments).under(self.conditions)

    def under(self, conditions: Mapping[str, tuple[Change, ...]]) -> Self:
        """Return the model with outputs under conditions, whose changes name its parameters."""
        if conditions == self.conditions:
            return self
        for changes in conditions.values():
            for one in changes:
                self.parameter(one.name)
        found = object.__new__(type(self))
        found.__setstate__({**self.__getstate__(), "conditions": dict(conditions)})
        return found

    @property
    def core_ions(self) -> tuple[Ion, ...]:
        """The ions in the order of the C core."""
        return self.ions

    @functools.cached_property
    def pump_ion(self) -> str | None:
        """Name of the ion that `pump_ratio` acts on, or None if the model has no pump."""
        return next((ion.name for ion in self.permeant if ion.name == self.pumped), None)

    @functools.cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in order."""
        unit, meaning = self.weight_unit, self.weight_meaning
        found = [
            Parameter(f"{self.weight}_{ion.name}", unit, f"{meaning} of {ion.name}")
            for ion in self.permeant
        ]
        found += [Parameter(f"{i.name}_out", "mM", f"{i.name} outside") for i in self.ions]
        found += [Parameter(f"{i.name}_in", "mM", f"{i.name} inside") for i in self.permeant]
        found.append(Parameter("celsius", "°C", "temperature"))
        found += self.pump_parameters()
        return types.MappingProxyType({parameter.name: parameter for parameter in found})

    def pump_parameters(self) -> list[Parameter]:
        """Return the parameters of the model's pump."""
        if not self.pump_ion:
            return []
        return [Parameter("pump_ratio", "", f"pump coupling on {self.pump_ion}")]

    @functools.cached_property
    def outputs(self) -> Mapping[str, Output]:
        """The outputs by name: V, and the Nernst potential ``E_<ion>`` of every ion.

        Those under conditions are found by the names that `fastrest.output` and `change` give.
        """
        return types.MappingProxyType(Outputs(self))

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of a name, or raise the ValueError that suggests names."""
        if name not in self.parameters:
            raise ValueError(f"{self}: {self.unknown_parameter(name)}")
        return self.parameters[name]

    def declared_outputs(self) -> Iterator[Output]:
        """Yield the outputs in order; a model with more of them yields those of `super` first."""
        yield Output(self, "V", "mV", "membrane potential")
        for ion in self.ions:
            if ion.name in self.passive:
                description = f"Nernst potential of {ion.name} (passive: V)"
                yield Output(self, f"E_{ion.name}", "mV", description)
            else:
                yield NernstPotential(self, ion)

    def named_output(self, name: object) -> Output | None:
        """Return the output of a name that is not declared, or None."""
        return compared_output(self, name) or solved_output(self, name)

    def output(self, name: str) -> Output:
        """Return the output of a name, or raise the ValueError that lists the outputs."""
        if name not in self.outputs:
            hint = "" if self.conditions or not is_compared(name) else f": {UNDER}"
            raise ValueError(f"{self}: {unknown('output', name, self.outputs)}{hint}")
        return self.outputs[name]

    @property
    def defaults(self) -> dict[str, float]:
        """Values of the parameters that are optional."""
        return {"pump_ratio": 1.0} if self.pump_ion else {}

    def implied(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return defaults of a single cell that follow from its other values."""
        return {}

    @functools.cached_property
    def separable(self) -> bool:
        """True if V = phi (ln N - ln D), so that grids need logarithms of N and D only."""
        return self.two_sided and all(abs(ion.z) == 1 for ion in self.permeant)

    @property
    def two_sided(self) -> bool:
        """True if V follows from two sums: one drives charge inward, the other outward."""
        return self.equation_name == "ghk"

    @functools.cached_property
    def sides(self) -> dict[str, frozenset[str]]:
        """The parts of a two-sided model that each parameter enters: "num", "den", "phi"."""
        found = {name: frozenset({"num", "den"}) for name in (*self.weights, "pump_ratio")}
        found["celsius"] = frozenset({"phi"})
        for ion in self.ions:
            inward, outward = ("num", "den") if ion.z > 0 else ("den", "num")
            passive = ion.name in self.passive
            for place, side in (("out", inward), ("in", outward)):
                found[f"{ion.name}_{place}"] = frozenset() if passive else frozenset({side})
        return found

    # ---- the way to the kernels ----

    def equation(self, name: str) -> _kernels.Equation:
        """Return an equation of the C core for this model's ions."""
        z = tuple(1 if ion.name in self.passive else ion.z for ion in self.core_ions)
        names = [ion.name for ion in self.core_ions]
        pump = names.index(self.pump_ion) if self.pump_ion else -1
        return _kernels.Equation(name, z, pump)

    @functools.cached_property
    def columns(self) -> tuple[str | float, ...]:
        """The C core's columns in order: names of parameters, and numbers.

        A passive ion has weight 0 and the same concentration inside as outside: it adds nothing to
        any sum, but its concentration is still checked.
        """
        weights: list[str | float] = []
        inside = []
        for ion in self.core_ions:
            passive = ion.name in self.passive
            weights.append(0.0 if passive else f"{self.weight}_{ion.name}")
            inside.append(f"{ion.name}_out" if passive else f"{ion.name}_in")
        outside = [f"{ion.name}_out" for ion in self.core_ions]
        pump = [parameter.name for parameter in self.pump_parameters()]
        return (*weights, *outside, *inside, "celsius", *pump)

    @property
    def ufunc(self) -> np.ufunc:
        """The equation as a NumPy ufunc of its columns; models of the same valences share it."""
        return self.outputs["V"].ufunc

    def unknown_parameter(self, name: object) -> str:
        """Return the error text for a name that is no parameter, or that of an ion left out."""
        for ion in IONS.keys() - {one.name for one in self.ions}:
            if name in (f"{self.weight}_{ion}", f"{ion}_out", f"{ion}_in"):
                hint = f"{self} has no {ion}, cell.with_ions({ion!r}, ...) adds it"
                return f"unknown parameter {name!r}: {hint}"
        return unknown("parameter", name, self.parameters)

    def complete(self, values: Mapping[str, Any], what: str) -> dict[str, Any]:
        """Return values for every parameter, in order: defaults added, names checked."""
        for name in values:
            if name not in self.parameters:
                raise ValueError(f"{what}: {self.unknown_parameter(name)}")
        merged = {**self.defaults, **values}
        missing = [name for name in self.parameters if name not in merged]
        if missing:
            raise ValueError(f"{what} needs {', '.join(missing)}")
        return {name: merged[name] for name in self.parameters}

    def __call__(self, *, of: str = "V", **values: npt.ArrayLike) -> Any:
        """Return the membrane potential, or another output, of broadcast parameter values.

        Parameters
        ----------
        of : str
            Name of an output (`outputs`).
        **values : array_like
            A value for every parameter; `pump_ratio` is optional. Shapes must broadcast. xarray
            and Dask arrays give arrays of their own kind.

        Returns
        -------
        ndarray or scalar
            Potential in mV, of the broadcast shape: NaN where an array element lies outside its
            parameter's domain, +-inf where permeant ions are on one side only.

        Raises
        ------
        ValueError
            A parameter is unknown or missing, or a scalar lies outside its domain.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> model = fr.GHK("K", "Na")
        >>> V = model(P_K=1, P_Na=[0.01, 0.04], K_out=4.5, Na_out=145, K_in=140, Na_in=15,
        ...           celsius=37)
        >>> np.round(V, 4)
        array([-84.4381, -69.8575])
        """
        output = self.output(of)
        if NUMBERS.issuperset(map(type, values.values())):
            known = {**self.defaults, **values}
            if known.keys() == self.parameters.keys():
                with contextlib.suppress(OverflowError):  # of an integer
                    found = output.equation.value(output.columns_of(known))
                    if math.isfinite(found):  # so all numbers lie in their domains
                        return np.float64(found)
        complete = self.complete(values, str(self))
        checked = checked_arguments(self.parameters, complete, self.weights)
        columns = output.columns_of(checked)
        label = (output.name, output.unit, output.description)
        return broadcast(output.ufunc, columns, checked, label)

    # ---- manners ----

    def __repr__(self) -> str:
        ions = [
            ion.name if IONS.get(ion.name) == ion else f"Ion({ion.name!r}, {ion.z})"
            for ion in self.ions
        ]
        passive = f"; passive {', '.join(self.passive)}" if self.passive else ""
        pump = self.arguments.get("pump", "none")
        passive += "" if pump in ("none", "ratio") else f"; pump {pump}"
        return f"{type(self).__name__}({', '.join(ions)}{passive}{self.under_text})"

    @property
    def under_text(self) -> str:
        """The end of the repr of a model with conditions."""
        return f"; under {', '.join(self.conditions)}" if self.conditions else ""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash((type(self), self.ions, *self.arguments.values()))

    def __getstate__(self) -> dict[str, Any]:
        return {"ions": self.ions, **self.arguments, **self.compared}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the state of a pickle: it holds the arguments of a new model."""
        arguments = dict(state)
        conditions = arguments.pop("conditions", None)
        type(self).__init__(self, *arguments.pop("ions", ()), **arguments)
        if conditions:
            found = {name: tuple(Change(*one) for one in some) for name, some in conditions.items()}
            vars(self)["conditions"] = types.MappingProxyType(found)

    @property
    def compared(self) -> dict[str, Any]:
        """The conditions, if there are any, as a pickle holds them."""
        found = {name: tuple(map(tuple, some)) for name, some in self.conditions.items()}
        return {"conditions": found} if found else {}
