"""The definition in plain Python of the equations with an explicit pump current.

It shares no code with the C kernels and no algorithm: the root is bisected.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from fastrest.models.quantities import FARADAY, KELVIN_AT_0_CELSIUS, Status
from fastrest.models.reference import (
    FINE,
    MODERATE,
    Term,
    chord,
    chord_gradient,
    input_status,
    phi,
    sum_of_terms,
)

#: Beyond it exp(y) overflows, and y exp(-y) is 0 beside any other term.
LARGEST_EXPONENT = 700.0


def bernoulli(y: float) -> float:
    """Return B(y) = y/(exp(y) - 1)."""
    if y == 0:
        return 1.0
    return y * math.exp(-y) if y > LARGEST_EXPONENT else y / math.expm1(y)


def share(y: float) -> float:
    """Return s(y) = -B'(-y), the share of the inside in the slope conductance of an ion.

    Near 0 its series is used, because the closed form loses digits.
    """
    if abs(y) < 0.3:
        series = (1 / 6, -1 / 180, 1 / 5040, -1 / 151200, 1 / 4790016, -691 / 108972864000)
        return 0.5 + math.fsum(c * y ** (2 * i + 1) for i, c in enumerate(series))
    return _outside_share(-y) if y < 0 else 1 - _outside_share(y)


def _outside_share(a: float) -> float:
    """Return s(-a) = exp(-a) (a - 1 + exp(-a))/(1 - exp(-a))**2 for a > 0."""
    E = math.exp(-a)
    return E * (a + math.expm1(-a)) / math.expm1(-a) ** 2 if a < LARGEST_EXPONENT else 0.0


def pump_current(values: Mapping[str, float]) -> float:
    """Return the current of a constant or saturating pump in uA/cm2, outward positive.

    The saturating one binds three Na inside and two K outside:

        I_pump = pump_max (Na_in/(Na_in + pump_Na_half))**3 (K_out/(K_out + pump_K_half))**2
    """
    if "pump_Na_half" not in values:
        return values["pump_max"]
    na, k = occupancies(values)
    return values["pump_max"] * na**3 * k**2


def occupancies(values: Mapping[str, float]) -> tuple[float, float]:
    """Return the occupied shares of a Na site and of a K site of the pump: 0 without the ion."""
    na, k = values["Na_in"], values["K_out"]
    return (
        na / (na + values["pump_Na_half"]) if na else 0.0,
        k / (k + values["pump_K_half"]) if k else 0.0,
    )


def sums_by_charge(
    model: Any, values: Mapping[str, float]
) -> tuple[dict[int, float], dict[int, float], bool, bool]:
    """Return N_k and D_k by k = abs(z), and whether each side has a term without a zero factor."""
    terms: dict[str, dict[int, list[Term]]] = {"in": {}, "out": {}}
    for ion in model.permeant:
        P = values["P_" + ion.name]
        outside, inside = (P, 1.0, values[ion.name + "_out"]), (P, 1.0, values[ion.name + "_in"])
        inward, outward = (outside, inside) if ion.z > 0 else (inside, outside)
        terms["in"].setdefault(abs(ion.z), []).append(inward)
        terms["out"].setdefault(abs(ion.z), []).append(outward)
    N = {k: sum_of_terms(some) for k, some in terms["in"].items()}
    D = {k: sum_of_terms(some) for k, some in terms["out"].items()}
    return (
        {k: total for k, (total, _) in N.items()},
        {k: total for k, (total, _) in D.items()},
        any(alive for _, alive in N.values()),
        any(alive for _, alive in D.values()),
    )


def bracket(N: Mapping[int, float], D: Mapping[int, float], p: float) -> tuple[float, float]:
    """Return two ends between which the root of the net current lies.

    max(0, -y) <= B(y) <= max(0, -y) + 1 bounds both sides; if one of them is empty,
    B(y) <= exp(-y/2) gives its end.
    """
    S_N, S_D = sum(k * x for k, x in N.items()), sum(k * x for k, x in D.items())
    A_N, A_D = sum(k * k * x for k, x in N.items()), sum(k * k * x for k, x in D.items())
    low = -(S_D + p) / A_N if A_N else -2 * (math.log(S_D) - math.log(-p))
    high = (S_N - p) / A_D if A_D else 2 * (math.log(S_N) - math.log(p))
    return min(0.0, low), max(0.0, high)


def bisected(net: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of an increasing function to the last bit."""
    while True:
        middle = low / 2 + high / 2
        if not low < middle < high:
            return middle
        low, high = (low, middle) if net(middle) > 0 else (middle, high)


def ghk_with_pump(model: Any, values: Mapping[str, float]) -> tuple[float, Status]:
    """Return V at which the constant-field currents and the pump current sum to zero.

    With u = V/phi, p = I_pump/F, and N_k, D_k the sums of `reference.ghk` over ions of abs(z) = k,

        sum k [D_k B(-k u) - N_k B(k u)] + p = 0,    B(y) = y/(exp(y) - 1)

    whose left side increases with u. There is no potential if nothing opposes the pump.
    """
    signed = "pump_max"
    others = [x for name, x in values.items() if name not in ("celsius", signed)]
    status = input_status([*others, abs(values[signed])], values["celsius"])
    if status:
        return math.nan, status

    p = pump_current(values) / FARADAY
    N, D, N_alive, D_alive = sums_by_charge(model, values)
    S_N, S_D = sum(k * x for k, x in N.items()), sum(k * x for k, x in D.items())
    lowest, highest = MODERATE
    checked = ((S_N, N_alive), (S_D, D_alive), (abs(p), p != 0))
    if any(present and not lowest <= size <= highest for size, present in checked):
        return math.nan, Status.RANGE
    if S_N == S_D == 0:
        return math.nan, Status.NO_PERMEANT if p == 0 else Status.NO_SOLUTION
    if p == 0 and (S_N == 0 or S_D == 0):
        return (math.inf if S_D == 0 else -math.inf), Status.INFINITE
    if (S_D == 0 and p < 0) or (S_N == 0 and p > 0):
        return math.nan, Status.NO_SOLUTION

    def net(u: float) -> float:
        currents = (
            k * D[k] * bernoulli(-k * u) if side else -k * N[k] * bernoulli(k * u)
            for k in N
            for side in (False, True)
        )
        return math.fsum((*currents, p))

    if set(N) == {1} and S_N == S_D:
        return phi(values["celsius"]) * (-p / S_D) + 0.0, FINE
    return phi(values["celsius"]) * bisected(net, *bracket(N, D, p)), FINE


def ghk_with_pump_gradient(model: Any, values: Mapping[str, float]) -> dict[str, float]:
    """Return dV by each parameter of `ghk_with_pump`, mV per unit; NaN if its status is not 0.

    The implicit function gives dV = -phi dG/G', G' = sum z**2 P (c_in s(z u) + c_out s(-z u)).
    The equation in u knows no temperature: V is proportional to the absolute temperature.
    """
    V, status = ghk_with_pump(model, values)
    if status:
        return dict.fromkeys(model.parameters, math.nan)

    unit = phi(values["celsius"])
    u = V / unit
    slope = math.fsum(
        ion.z**2 * values["P_" + ion.name] * values[ion.name + place] * share(sign * ion.z * u)
        for ion in model.permeant
        for place, sign in (("_in", 1), ("_out", -1))
    )
    per_flux = -unit / slope
    found = dict.fromkeys(model.parameters, 0.0)
    for ion in model.permeant:
        P, z = values["P_" + ion.name], ion.z
        inside, outside = z * bernoulli(-z * u), z * bernoulli(z * u)
        c_in, c_out = values[ion.name + "_in"], values[ion.name + "_out"]
        found["P_" + ion.name] = per_flux * (c_in * inside - c_out * outside) + 0.0
        found[ion.name + "_in"] = per_flux * P * inside + 0.0
        found[ion.name + "_out"] = -per_flux * P * outside + 0.0
    found["celsius"] = V / (values["celsius"] + KELVIN_AT_0_CELSIUS)

    _add_pump_slopes(model, values, per_flux / FARADAY, found)
    return found


def chord_with_pump(model: Any, values: Mapping[str, float]) -> tuple[float, Status]:
    """Return V = (sum(g E) - I_pump)/sum(g)."""
    others = [x for name, x in values.items() if name not in ("celsius", "pump_max")]
    status = input_status([*others, abs(values["pump_max"])], values["celsius"])
    if status:
        return math.nan, status
    return chord(model, values, pump_current(values))


def chord_with_pump_gradient(model: Any, values: Mapping[str, float]) -> dict[str, float]:
    """Return dV by each parameter of `chord_with_pump`, mV per unit; NaN if its status is not 0.

    dV/dI = -1/sum(g). The potential without the pump current is proportional to the absolute
    temperature.
    """
    _, status = chord_with_pump(model, values)
    if status:
        return dict.fromkeys(model.parameters, math.nan)
    found = chord_gradient(model, values, pump_current(values))
    per_current = -1 / sum(values["g_" + ion.name] for ion in model.permeant)
    _add_pump_slopes(model, values, per_current, found)
    return found


def _add_pump_slopes(
    model: Any, values: Mapping[str, float], per_current: float, found: dict[str, float]
) -> None:
    """Add the derivatives by what the pump current depends on, from that by the current."""
    if model.pump == "constant":
        found["pump_max"] = per_current
        return
    na, k = occupancies(values)
    found["pump_max"] = per_current * na**3 * k**2 + 0.0
    current = per_current * pump_current(values)
    for c, half, n in (("Na_in", "pump_Na_half", 3), ("K_out", "pump_K_half", 2)):
        if na and k:
            total = values[c] + values[half]
            found[c] += current * (n / values[c] * (values[half] / total))
            found[half] = -current * n / total + 0.0
