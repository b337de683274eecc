"""Cells that keep themselves: a model whose inside follows from its pump and its leaks."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import unknown
from fastrest.models.equations import GHK, Chord
from fastrest.models.model import Model
from fastrest.models.outputs import Output
from fastrest.models.pump_leak_reference import steady_state, steady_state_gradient
from fastrest.models.quantities import Ion, Parameter, Status

EXAMPLE = 'fr.Chord("K", "Na", "Cl", pump="constant")'
#: Cotransporters by name: what each carries into the cell.
COTRANSPORTERS = {"KCC": "K and Cl", "NKCC": "Na, K and 2 Cl"}
#: Names, units and descriptions of the outputs beside the potentials.
OUTPUTS = (
    *((f"{ion}_in", "mM", f"{ion} inside") for ion in ("K", "Na", "Cl")),
    ("X", "mM", "impermeant solutes inside"),
    ("relative_volume", "", "relative volume"),
    ("margin", "", "margin of existence"),
    ("osmolarity", "mM", "all solutes outside"),
    ("I_pump", "uA/cm2", "pump current, outward positive"),
)


class PumpLeak(Model):
    """A cell that keeps itself: V and all that is inside follow from the pump and the leaks.

    The steady state obeys five statements: no net flux of Na, of K and of Cl, neutrality, and
    osmotic balance with the bath (Tosteson & Hoffman 1960; Mori 2012). The pump moves 3 Na out and
    2 K in. Inside concentrations are outputs, and so are X, the concentration of impermeant
    solutes, and the relative volume. Parameters are the permeabilities or conductances, the
    concentrations outside, and

    - `pump_max`, and the half-saturations of a saturating pump, as in `GHK`;
    - `z_X`: the mean charge of the impermeant solutes inside;
    - `X_out`: other solutes outside, mM, 0 by default: ions that are left out count here;
    - `n_X`: amount of impermeant solute, as the X at which the relative volume is 1. The default of
      a cell is the X of its own steady state. Nothing but the volume depends on it.

    A steady state exists if the `margin` = 1 - 4 (Na_in + K_in) Cl_in/osmolarity^2 is greater than
    0. Else the cell swells without bound, and the status is ``NO_SOLUTION``: without a pump in a
    bath of permeant ions alone, for example. A constant pump may also ask for more Na than leaks
    in. With conductances and a constant pump the margin is known there, too: it is at most 0.

    Parameters
    ----------
    leak : Chord or GHK
        The leaks, and a constant or saturating pump: a model of K, Na and Cl in any order.
    cotransport : sequence of {"KCC", "NKCC"}
        Electroneutral cotransporters, whose flux is proportional to their driving force: `g_KCC`
        and `g_NKCC` are conductances, mS/cm2, as if an elementary charge were moved. They need
        leaks that are conductances, too.

    Attributes
    ----------
    leak : Chord or GHK
    cotransport : tuple of str

    Examples
    --------
    >>> import fastrest as fr
    >>> model = fr.PumpLeak(fr.Chord("K", "Na", "Cl", pump="constant"), cotransport="KCC")
    >>> cell = fr.Cell(model, g_K=0.3, g_Na=0.01, g_Cl=0.2, g_KCC=0.1, K_out=5, Na_out=145,
    ...                Cl_out=150, z_X=-0.85, celsius=37, pump_max=0.3)
    >>> {name: round(cell.value(of=name), 2) for name in ("V", "Na_in", "K_in", "Cl_in")}
    {'V': -69.46, 'Na_in': 67.23, 'K_in': 71.49, 'Cl_in': 10.93}
    """

    _hooks: ClassVar[tuple[str, ...]] = ("living_columns",)

    reference = staticmethod(steady_state)
    reference_gradient = staticmethod(steady_state_gradient)

    leak: Chord | GHK
    cotransport: tuple[str, ...]

    def __init__(self, leak: Chord | GHK, *, cotransport: str | Sequence[str] = ()):
        if not isinstance(leak, Model):
            raise TypeError(f"leak must be a model, such as {EXAMPLE}, got {leak!r}")
        ions = {ion.name for ion in leak.permeant}
        pump = leak.arguments.get("pump")
        if pump not in ("constant", "saturating") or ions != {"K", "Na", "Cl"} or leak.passive:
            raise ValueError(
                f"leak must have a pump current and permeant K, Na and Cl alone, as {EXAMPLE}, "
                f"got {leak}"
            )
        wanted = {cotransport} if isinstance(cotransport, str) else set(cotransport)
        for name in wanted - COTRANSPORTERS.keys():
            raise ValueError(unknown("cotransporter", name, COTRANSPORTERS))
        names = tuple(name for name in COTRANSPORTERS if name in wanted)
        if names and leak.weight != "g":
            raise ValueError(f"cotransport needs leaks that are conductances, as {EXAMPLE}")
        equation = "ghk_living" if leak.weight == "P" else "chord_living"
        equation = "chord_steady" if (leak.weight, pump) == ("g", "constant") else equation
        vars(self).update(leak=leak, cotransport=names, ions=leak.ions, passive=())
        vars(self).update(weight=leak.weight, weight_unit=leak.weight_unit, equation_name=equation)

    @functools.cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in order."""
        found = [p for name, p in self.leak.parameters.items() if not name.endswith("_in")]
        outside = 1 + max(i for i, p in enumerate(found) if p.name.endswith("_out"))
        found[outside:outside] = [
            Parameter("X_out", "mM", "other solutes outside"),
            Parameter("z_X", "", "mean charge of impermeant solutes inside"),
            Parameter("n_X", "mM", "impermeant solute, per volume that counts as 1"),
        ]
        leaks = len(self.ions)
        found[leaks:leaks] = [
            Parameter(f"g_{name}", "mS/cm2", f"conductance of {name} ({carried})")
            for name, carried in COTRANSPORTERS.items()
            if name in self.cotransport
        ]
        return types.MappingProxyType({parameter.name: parameter for parameter in found})

    @property
    def defaults(self) -> dict[str, float]:
        return {"X_out": 0.0, "n_X": 1.0}

    def implied(self, values: Mapping[str, float]) -> dict[str, float]:
        X = self.outputs["X"].value_at(values)
        return {"n_X": X} if math.isfinite(X) else {}

    @property
    def arguments(self) -> dict[str, Any]:
        return {"cotransport": self.cotransport}

    def with_passive(self, *names: str) -> Model:
        raise ValueError(f"{self} has no passive ions: those of cell.steady_state() can be")

    def with_ions(self, *ions: str | Ion) -> Model:
        raise ValueError(f"{self} takes no further ions: cell.steady_state() does")

    def declared_outputs(self) -> Iterator[Output]:
        yield SteadyOutput(self, "V", "mV", "membrane potential")
        for ion in self.ions:
            yield SteadyOutput(self, f"E_{ion.name}", "mV", f"Nernst potential of {ion.name}")
        for name, unit, description in OUTPUTS:
            yield SteadyOutput(self, name, unit, description)

    @functools.cached_property
    def columns(self) -> tuple[str | float, ...]:
        closed = self.equation_name == "chord_steady"
        return self.living_columns[:-2] if closed else self.living_columns

    @functools.cached_property
    def living_columns(self) -> tuple[str | float, ...]:
        """The columns with the half-saturations of the pump, which are 0 if it is constant."""
        weights = (f"{self.weight}_{name}" for name in ("Na", "K", "Cl", "NKCC", "KCC"))
        present = (name if name in self.parameters else 0.0 for name in weights)
        bath = ("Na_out", "K_out", "Cl_out", "X_out")
        halves = ("pump_Na_half", "pump_K_half")
        law = (name if name in self.parameters else 0.0 for name in halves)
        return (*present, *bath, "z_X", "celsius", "pump_max", "n_X", *law)

    def __call__(self, *, of: str = "V", **values: npt.ArrayLike) -> Any:
        if of == "relative_volume" and "n_X" not in values:
            raise ValueError("relative_volume needs n_X, the X of the volume that counts as 1")
        return super().__call__(of=of, **values)

    __call__.__doc__ = Model.__call__.__doc__

    def __repr__(self) -> str:
        return f"PumpLeak({', '.join((repr(self.leak), *self.cotransport))}{self.under_text})"

    def __getstate__(self) -> dict[str, Any]:
        return {"leak": self.leak, **self.arguments, **self.compared}


class SteadyOutput(Output):
    """A quantity of the steady state of a `PumpLeak` model."""

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        return _kernels.Equation(self.model.equation_name, output=_kernels.OUTPUTS[self.name])

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        found, status = self.model.reference(self.model, values)
        if self.name not in found:  # without a status, the Nernst potential of an absent ion
            return math.nan, status or Status.NO_PERMEANT
        if not math.isfinite(found[self.name]):
            return math.nan, Status.RANGE
        return found[self.name], Status(0)  # the margin is known without a state, too

    def reference_gradient(self, values: Mapping[str, float]) -> dict[str, float]:
        return dict(self.model.reference_gradient(self.model, values, self.name))


#: Models by name, for files.
MODELS: dict[str, type[Model]] = {"GHK": GHK, "Chord": Chord, "PumpLeak": PumpLeak}
