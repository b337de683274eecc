"""Living cells: what a cell needs so that its pump and leaks keep it as it is."""

import math
from collections.abc import Mapping
from typing import Any

from fastrest._core.validation import finite, unknown
from fastrest.models.currents import currents
from fastrest.models.equations import GHK, Chord
from fastrest.models.model import Model
from fastrest.models.outputs import phi
from fastrest.models.pump_leak import PumpLeak
from fastrest.physiology.currents import is_absolute

#: The beginning of the remark of a living cell.
CHANGED = "keeps V, Na_in and K_in; changed: "
PUMPS = ("constant", "saturating")
#: Na that the pump moves out per elementary charge, and K that it moves in.
PUMPED = {"Na": 3.0, "K": -2.0}


def living_cell(
    model: Model,
    values: Mapping[str, float],
    R_m: float | None,
    pump: str,
    given: Mapping[str, Any],
) -> tuple[PumpLeak, dict[str, float], str]:
    """Return the model and values of a living cell, and what changed: see `Cell.living`.

    At the potential V, which the cell keeps, each permeability carries a known current. The Na
    current must be -3/2 times that of K; Cl must be at equilibrium. Osmotic balance gives X, and
    neutrality its charge.
    """
    if isinstance(model, PumpLeak):
        raise ValueError("the cell lives already: it is one of fr.PumpLeak")
    if pump not in PUMPS:
        raise ValueError(unknown("pump", pump, PUMPS))
    kind = GHK if model.weight == "P" else Chord
    leak = kind("K", "Na", "Cl", pump=pump)
    living = PumpLeak(leak)
    _check(model, values, living, given)
    V = model.outputs["V"].value_at(values)
    if not math.isfinite(V):
        raise ValueError(f"living needs a finite potential, got {V}")
    now = {**values, **{name: finite(name, x) for name, x in given.items()}}
    now["Cl_in"] = now["Cl_out"] * math.exp(V / float(phi(now["celsius"])))
    now.setdefault("X_out", max(0.0, now["Na_out"] + now["K_out"] - now["Cl_out"]))
    now["pump_max"] = 0.0

    per_Na, K = (
        currents(kind("K", "Na", "Cl"), now | {f"{kind.weight}_Na": 1.0}, V)[ion].current
        for ion in ("Na", "K")
    )
    if not (K > 0 > per_Na):
        raise ValueError(
            f"at {V:.2f} mV K and Na flow with the pump and not against it (E_K < V < E_Na must "
            "hold): no pump current keeps their concentrations"
        )
    weights = [f"{kind.weight}_{ion}" for ion in ("K", "Na", "Cl")]
    now[f"{kind.weight}_Na"] = PUMPED["Na"] / PUMPED["K"] * K / per_Na
    if R_m is not None:
        slopes = currents(kind("K", "Na", "Cl"), now, V).values()
        scale = 1 / (finite("R_m", R_m) * math.fsum(one.g_slope for one in slopes))
        now |= {name: now[name] * scale for name in weights}
        K *= scale
    current = K / -PUMPED["K"]
    total = math.fsum(now[name] for name in ("Na_out", "K_out", "Cl_out", "X_out"))
    inside = math.fsum(now[name] for name in ("Na_in", "K_in", "Cl_in"))
    X = total - inside
    if X <= 0:
        raise ValueError(
            f"the ions inside, {inside:.5g} mM, leave no room for impermeant solutes in a bath of "
            f"{total:.5g} mM: X_out= adds solutes outside"
        )
    charge = math.fsum((now["Na_in"], now["K_in"], -now["Cl_in"]))
    now |= {"X": X, "n_X": X, "z_X": -charge / X, "pump_max": current}
    if pump == "saturating":
        for c, half, n in (("Na_in", "pump_Na_half", 3), ("K_out", "pump_K_half", 2)):
            now["pump_max"] *= (1 + now[half] / now[c]) ** n
    found = {name: now[name] for name in living.parameters}
    return living, found, _changes(values, now, kind.weight)


def _check(
    model: Model, values: Mapping[str, float], living: PumpLeak, given: Mapping[str, Any]
) -> None:
    """Raise the ValueError for an ion too many, or values that are missing or follow."""
    more = [ion.name for ion in model.ions if ion.name not in ("K", "Na", "Cl")]
    if more:
        raise ValueError(
            f"a living cell has K, Na and Cl alone: {', '.join(more)} must be left out"
        )
    solved = ("pump_max", "z_X", "n_X", f"{living.weight}_Na")
    allowed = [name for name in living.parameters if name not in solved]
    for name in given:
        if name in values:
            raise ValueError(f"living keeps {name}: change it by replace, before")
        if name not in allowed:
            raise ValueError(f"living takes {', '.join(allowed)}, got {name}: the others follow")
    needed = {n for n in allowed if n != "X_out"} | {"K_in", "Na_in", f"{living.weight}_Na"}
    missing = [name for name in living.leak.parameters if name in needed - set(values) - set(given)]
    if missing:
        raise ValueError(f"a living cell needs {', '.join(missing)}, as {missing[0]}= of living")


def check_scale(model: Model, R_m: float | None) -> None:
    """Raise the ValueError if the scale of permeabilities is missing, or given twice."""
    if R_m is None and not is_absolute(model):
        raise ValueError("permeabilities are relative: living(R_m=) makes them absolute, kOhm cm2")
    if R_m is not None and finite("R_m", R_m) <= 0:
        raise ValueError(f"R_m must be > 0 kOhm cm2, got {R_m!r}")


def _changes(before: Mapping[str, float], now: Mapping[str, float], weight: str) -> str:
    """Return the text of what was solved for, and what it was before."""
    ratios = [one[f"{weight}_Na"] / one[f"{weight}_K"] for one in (before, now)]
    texts = [f"{weight}_Na/{weight}_K {ratios[0]:.4g} -> {ratios[1]:.4g}"]
    was = f"{before['Cl_in']:.4g} -> " if "Cl_in" in before else ""
    texts.append(f"Cl_in {was}{now['Cl_in']:.4g}")
    texts += [f"{name} {now[name]:.4g}" for name in ("pump_max", "X", "z_X", "X_out")]
    return CHANGED + ", ".join(texts)
