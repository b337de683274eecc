"""The currents and conductances of ions at a potential, in plain Python.

Outward currents are positive. With permeabilities in cm/s and concentrations in mM, currents are
uA/cm2 and conductances mS/cm2; with relative permeabilities only their ratios mean something.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastrest.models.pump_reference import bernoulli, pump_current, share
from fastrest.models.quantities import FARADAY, Ion
from fastrest.models.reference import nernst_of, phi

#: A net current smaller than this part of an ion's flow in one direction is a rounding error.
ROUNDING = 1e-13


class IonCurrent(NamedTuple):
    """The current of an ion, its slope and chord conductance, and the larger of its two flows.

    The flow is the current of one direction alone.
    """

    current: float
    g_slope: float
    g_chord: float
    flow: float

    @property
    def net(self) -> float:
        """The current, or 0 if it is within rounding of its flows."""
        return 0.0 if abs(self.current) <= ROUNDING * self.flow else self.current


def constant_field(ion: Ion, P: float, c_out: float, c_in: float, u: float) -> IonCurrent:
    """Return the Goldman-Hodgkin-Katz current at u = V/phi; conductances times phi.

        I = z F P [c_in B(-z u) - c_out B(z u)],   B(y) = y/(exp(y) - 1)
        dI/du = z^2 F P [c_in s(z u) + c_out s(-z u)],   s(y) = -B'(-y)

    The chord conductance is I/(V - E), 0 if the ion is on one side only.
    """
    z = ion.z
    scale = z * FARADAY * P
    inside, outside = c_in * bernoulli(-z * u), c_out * bernoulli(z * u)
    slope = z * scale * (c_in * share(z * u) + c_out * share(-z * u))
    chord = 0.0
    if c_in and c_out:
        w = z * u - math.log(c_out / c_in)  # z (V - E)/phi
        growth = math.expm1(w) / w if 0 < abs(w) < 1 else 1.0
        net = outside * growth if abs(w) < 1 else (inside - outside) / w
        chord = z * scale * net
    flow = abs(scale) * max(inside, outside)
    return IonCurrent(scale * (inside - outside), slope, chord, flow)


def currents(model: Any, values: Mapping[str, float], V: float) -> dict[str, IonCurrent]:
    """Return the current of every permeant ion of a model at a potential."""
    unit = phi(values["celsius"])
    found = {}
    for ion in model.permeant:
        if model.weight == "g":
            E, status = nernst_of(ion, values)
            g = 0.0 if status else values[f"g_{ion.name}"]
            E = 0.0 if status else E
            found[ion.name] = IonCurrent(g * (V - E), g, g, g * max(abs(V), abs(E)))
            continue
        P, c_out, c_in = (values[f.format(ion.name)] for f in ("P_{}", "{}_out", "{}_in"))
        one = constant_field(ion, P, c_out, c_in, V / unit)
        found[ion.name] = one._replace(g_slope=one.g_slope / unit, g_chord=one.g_chord / unit)
    return found


def pump_of(model: Any, values: Mapping[str, float], found: Mapping[str, IonCurrent]) -> float:
    """Return the current of the pump at rest, from those of the ions: what balances them."""
    if "pump_max" in values:
        return pump_current(values)
    if values.get("pump_ratio", 1.0) == 1.0:
        return 0.0
    return -math.fsum(one.net for one in found.values()) + 0.0
