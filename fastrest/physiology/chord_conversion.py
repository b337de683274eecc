"""Chord conductances of a GHK cell at its resting potential."""

import math
from collections.abc import Mapping

from fastrest.models.equations import GHK
from fastrest.models.model import Model, phi


def chord_conductances(model: Model, values: Mapping[str, float]) -> dict[str, float]:
    """Return g_j = I_j / (V - E_j) with the GHK currents I_j, relative to the first ion's.

    Raises
    ------
    ValueError
        The model is not GHK, has a pump, or an ion is on one side only.
    """
    if not isinstance(model, GHK):
        raise ValueError(f"to_chord needs a GHK cell, got {model}")
    if values.get("pump_ratio", 1.0) != 1.0:
        raise ValueError(
            f"to_chord needs pump_ratio = 1, got {values['pump_ratio']!r}: the chord equation "
            "has no pump current; convert cell.replace(pump_ratio=1)"
        )
    V = model.outputs["V"].value_at(values)
    if not math.isfinite(V):
        raise ValueError(f"to_chord needs a finite potential, got {V}")
    unit = float(phi(values["celsius"]))
    g: dict[str, float] = {}
    for ion in model.permeant:
        c_out, c_in = values[f"{ion.name}_out"], values[f"{ion.name}_in"]
        if c_out == 0 or c_in == 0:
            raise ValueError(f"to_chord needs {ion.name} on both sides, got {c_out}, {c_in} mM")
        # I/(V - E) with w = zV/phi, without a singularity at V = 0 or V = E
        w, w_E = ion.z * V / unit, math.log(c_out / c_in)
        current = c_in * _relative_expm1(w - w_E) / _relative_expm1(w)
        g[f"g_{ion.name}"] = values[f"P_{ion.name}"] * ion.z**2 * current
    first = next(iter(g.values()))
    largest = first if first > 0 else max(g.values())
    return {name: conductance / largest for name, conductance in g.items()}


def _relative_expm1(x: float) -> float:
    """Return (1 - exp(-x))/x, which is 1 at 0."""
    return -math.expm1(-x) / x if x else 1.0
