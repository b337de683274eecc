"""The inside of a cell in time, in plain Python: the definition that the C kernel is tested with.

The amount n of an ion changes by its current and by what the pump and the cotransporters carry:

    dn/dt = -(A/w0) (I + I_pump)/(z F)

V is that of zero net current at every instant, and water follows at once. The classical method of
Runge and Kutta takes equal steps, which are halved until the result stays.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastrest.models.currents import currents
from fastrest.models.pump_reference import pump_current
from fastrest.models.quantities import FARADAY, Status

#: Change of the amounts, mM, that ends the halving; and the most steps of an interval.
AGREEMENT, MOST_STEPS = 1e-10, 1 << 14
IONS = {"Na": 1, "K": 1, "Cl": -1}


class UsedUpError(Exception):
    """An ion is used up, or no potential balances the currents."""


def course(
    model: Any,
    values: Mapping[str, float],
    amounts: Sequence[float],
    times: Sequence[float],
    surface: float,
    fixed_volume: bool,
) -> tuple[list[list[float]], list[float], Status]:
    """Return V, Na_in, K_in, Cl_in, volume and I_pump at each time reached, amounts and status.

    The arguments are a `PumpLeak` model, its values, the amounts of Na, K and Cl in mM of the first
    volume, times in s, and the area of the membrane over the first volume in 1/cm.
    """
    n = list(amounts)

    def rates(n: Sequence[float]) -> list[float]:
        return _rates(model, values, n, surface, fixed_volume)[1]

    rows: list[list[float]] = []
    try:
        for i, time in enumerate(times):
            if i:
                n = _interval(rates, n, time - times[i - 1])
            rows.append(_rates(model, values, n, surface, fixed_volume)[0])
    except UsedUpError:
        return rows, n, Status.NO_SOLUTION
    return rows, n, Status(0)


def _rates(
    model: Any, values: Mapping[str, float], n: Sequence[float], surface: float, fixed: bool
) -> tuple[list[float], list[float]]:
    bath = math.fsum(values[f"{name}_out"] for name in ("Na", "K", "Cl", "X"))
    volume = 1.0 if fixed else (math.fsum(n) + values["n_X"]) / bath
    inside = {f"{ion}_in": amount / volume for ion, amount in zip(IONS, n, strict=True)}
    if min(inside.values()) <= 0:
        raise UsedUpError
    leak, now = model.leak, {**values, **inside}
    now = {name: now[name] for name in leak.parameters}
    V, status = leak.reference(leak, now)
    if status:
        raise UsedUpError
    flows = currents(leak, now, V)
    I_pump = pump_current(leak, now)
    total = {ion: flows[ion].current for ion in IONS}
    total["Na"] += 3 * I_pump
    total["K"] -= 2 * I_pump
    if model.cotransport:
        from_E = {ion: V - leak.outputs[f"E_{ion}"].reference(now)[0] for ion in IONS}
        kcc = values.get("g_KCC", 0.0) * (from_E["K"] - from_E["Cl"])
        nkcc = values.get("g_NKCC", 0.0) * (from_E["Na"] + from_E["K"] - 2 * from_E["Cl"])
        total["Na"] += nkcc
        total["K"] += nkcc + kcc
        total["Cl"] -= 2 * nkcc + kcc
    row = [V, *inside.values(), volume, I_pump]
    return row, [-surface * total[ion] / (z * FARADAY) for ion, z in IONS.items()]


def _interval(rates: Any, n: list[float], span: float) -> list[float]:
    steps, found = 1, _equal_steps(rates, n, span, 1)
    while steps < MOST_STEPS:
        steps *= 2
        finer = _equal_steps(rates, n, span, steps)
        if found and finer and max(abs(a - b) for a, b in zip(found, finer)) < AGREEMENT:
            return finer
        found = finer
    if found:
        return found
    raise UsedUpError


def _equal_steps(rates: Any, n: list[float], span: float, steps: int) -> list[float] | None:
    """Return the amounts after so many steps, or None if one leaves the domain."""
    h = span / steps
    try:
        for _ in range(steps):
            a = rates(n)
            b = rates([x + h / 2 * y for x, y in zip(n, a)])
            c = rates([x + h / 2 * y for x, y in zip(n, b)])
            d = rates([x + h * y for x, y in zip(n, c)])
            slopes = ((p + 2 * q + 2 * r + s) / 6 for p, q, r, s in zip(a, b, c, d))
            n = [x + h * slope for x, slope in zip(n, slopes)]
    except UsedUpError:
        return None
    return n
