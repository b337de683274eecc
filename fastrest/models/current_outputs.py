"""Outputs that tell what flows at rest: currents, shares, conductances, the membrane resistance."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fastrest._core import _kernels
from fastrest.models.currents import IonCurrent, currents, pump_of
from fastrest.models.outputs import Output
from fastrest.models.quantities import Status

#: Names, units and descriptions of what each ion has; shares are known of relative models, too.
OF_IONS = {
    "I": ("uA/cm2", "current of {}, outward positive"),
    "share": ("", "share of {} in the outward or inward current"),
    "g_slope": ("mS/cm2", "slope conductance of {}"),
    "g_chord": ("mS/cm2", "chord conductance of {}"),
}
OF_CELL = {
    "I_pump": ("uA/cm2", "pump current, outward positive"),
    "share_pump": ("", "share of the pump in the outward or inward current"),
    "R_m": ("kOhm cm2", "membrane resistance"),
}


def current_outputs(model: Any, *, absolute: bool, pumped: bool) -> Iterator[Output]:
    """Yield what flows at the resting potential of a model.

    Parameters
    ----------
    model : Model
    absolute : bool
        True if the weights of the ions have a unit. Else only the shares of currents are known.
    pumped : bool
        True if the model has a pump.
    """
    names = [ion.name for ion in model.core_ions]
    for what, (unit, text) in OF_IONS.items():
        for ion in model.permeant:
            if absolute or not unit:
                number = _kernels.REST_OUTPUTS[f"{what}{names.index(ion.name)}"]
                yield CurrentOutput(
                    model, f"{what}_{ion.name}", unit, text.format(ion.name), number
                )
    for name, (unit, text) in OF_CELL.items():
        if (absolute or not unit) and (pumped or not name.endswith("pump")):
            yield CurrentOutput(model, name, unit, text, _kernels.REST_OUTPUTS[name])


class CurrentOutput(Output):
    """A current, a share, a conductance or the resistance at the resting potential."""

    no_derivatives = (
        "currents and conductances have no derivatives here: ask for those of V, or for "
        "space.sobol(n, of=...)"
    )
    #: the output's number in the C core
    number: int

    def __init__(self, model: Any, name: str, unit: str, description: str, number: int):
        super().__init__(model, name, unit, description)
        vars(self).update(number=number, two_sided=False, separable=False, has_log_sums=False)
        vars(self).update(cost=2)

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        V: _kernels.Equation = self.model.equation(self.model.equation_name)
        return _kernels.Equation(V.name, V.z, V.pump_ion, self.number)

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        V, status = self.model.reference(self.model, values)
        if status:
            return math.nan, status
        found = currents(self.model, values, V)
        value = _of(self.name, found, pump_of(self.model, values, found))
        return (value, Status(0)) if math.isfinite(value) else (math.nan, Status.RANGE)


def _of(name: str, found: Mapping[str, IonCurrent], pump: float) -> float:
    """Return the output of a name from the currents of all ions and that of the pump."""
    if name == "R_m":
        total = sum(one.g_slope for one in found.values())
        return 1.0 / total if total else math.inf
    if name == "I_pump":
        return pump
    what, _, ion = name.rpartition("_")
    if what != "share":
        one = found[ion]
        return {"I": one.net, "g_slope": one.g_slope, "g_chord": one.g_chord}[what]
    flows = [one.net for one in found.values()] + [pump]
    outward = sum(x for x in flows if x > 0)
    inward = -sum(x for x in flows if x < 0)
    own = pump if ion == "pump" else found[ion].net
    return own / (outward if own > 0 else inward) if outward and inward else 0.0
