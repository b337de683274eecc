"""Inverse problems of the constant-field equation with an explicit pump current.

The net current at a given potential is linear in every parameter but the two concentrations that
a saturating pump binds, and its half-saturations.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from fastrest.models.inverse import (
    NONE,
    ROUNDINGS,
    Solved,
    balancing,
    in_range,
    known_status,
    linear_terms,
    proportional,
    root,
    solve_chord,
)
from fastrest.models.pump_reference import bernoulli, bisected, ghk_with_pump, occupancies
from fastrest.models.quantities import FARADAY, Status
from fastrest.models.reference import FINE, phi


def solve_ghk_with_pump(
    model: Any, values: Mapping[str, float], parameter: str, V: float
) -> Solved:
    """Return the value of a parameter at which the currents of ions and pump at V sum to zero.

    With u = V/phi this reads sum of z P (c_in B(-z u) - c_out B(z u)) + I_pump/F = 0. Where three
    concentrations solve it, the one nearest to the present concentration by ratio is returned.
    """
    if parameter == "celsius":
        return proportional(ghk_with_pump(model, values), values, V)
    positive = {**values, "pump_max": abs(values["pump_max"])}
    status = known_status(positive, parameter, V)
    if status:
        return math.nan, status

    u = V / phi(values["celsius"])
    rest, slope = linear_terms(
        model, values, parameter, lambda z: (z * bernoulli(-z * u), -z * bernoulli(z * u))
    )
    if not all(map(math.isfinite, (*rest, *slope))):
        return math.nan, Status.RANGE

    largest = values["pump_max"] / FARADAY
    if model.pump == "constant":
        if parameter == "pump_max":
            return balancing(rest, FARADAY)
        return root([*rest, largest], slope)
    na, k = occupancies(values)
    if parameter == "pump_max":
        active = na**3 * k**2
        return balancing(rest, FARADAY / active) if active else NONE
    for ion_site, half, n, others in (
        ("Na_in", "pump_Na_half", 3, largest * k**2),
        ("K_out", "pump_K_half", 2, largest * na**3),
    ):
        if parameter == half:
            return _half_saturation(values[ion_site], rest, others, n)
        if parameter == ion_site:
            return _bound_ion(values[ion_site], values[half], rest, slope, others, n)
    return root([*rest, largest * na**3 * k**2], slope)


def solve_chord_with_pump(
    model: Any, values: Mapping[str, float], parameter: str, V: float
) -> Solved:
    """Return the value of a parameter of a chord model with a saturating pump, as `solve_chord`.

    Raises
    ------
    ValueError
        The parameter is a concentration that the pump binds: there is no closed form.
    """
    if parameter in ("Na_in", "K_out"):
        raise ValueError(
            f"{parameter} of a chord cell sets both the pump current and a Nernst potential: solve "
            'finds it for pump="constant" only'
        )
    status = known_status({**values, "pump_max": abs(values["pump_max"])}, parameter, V)
    if status:
        return math.nan, status
    na, k = occupancies(values)
    active = na**3 * k**2
    halves = {"pump_Na_half": ("Na_in", 3, k**2), "pump_K_half": ("K_out", 2, na**3)}
    if parameter != "pump_max" and parameter not in halves:
        now = {**values, "pump_max": values["pump_max"] * active}
        return solve_chord(model, now, parameter, V)
    current, status = solve_chord(model, values, "pump_max", V)
    if status:
        return current, status
    if parameter == "pump_max":
        return (current / active, FINE) if active else NONE
    site, n, others = halves[parameter]
    return _half_saturation(values[site], [-current], values["pump_max"] * others, n)


def _half_saturation(c: float, rest: list[float], largest: float, n: int) -> Solved:
    """Return y at which largest (c/(c + y))^n balances the rest."""
    wanted = -math.fsum(rest) / largest if largest else math.nan
    if c == 0 or not 0 < wanted <= 1 + ROUNDINGS:
        return NONE
    occupied = min(wanted, 1.0) ** (1 / n)
    return in_range(c * (1 - occupied) / occupied) if occupied < 1 else (0.0, FINE)


def _bound_ion(
    present: float, half: float, rest: list[float], slope: list[float], largest: float, n: int
) -> Solved:
    """Return y at which R + c y + largest (y/(y + half))^n = 0, nearest to the present one.

    The steepest part of the pump current, at y = half (n - 1)/2, separates the two points at most
    at which the sum turns.
    """
    R, c = math.fsum(rest), math.fsum(slope)
    if largest == 0 or half == 0:  # the pump does not depend on y
        return root([*rest, largest], slope)
    if c == 0:
        occupied = (-R / largest) ** (1 / n) if 0 <= -R / largest < 1 else math.nan
        found = half * occupied / (1 - occupied)
        return NONE if math.isnan(found) else (found, FINE)

    def net(y: float) -> float:
        return R + c * y + largest * (y / (y + half)) ** n

    def rate(y: float) -> float:
        return c + largest * n * (y / (y + half)) ** (n - 1) * (half / (y + half)) / (y + half)

    steepest = half * (n - 1) / 2
    far = max(2 * steepest, 2 * (abs(R) + abs(largest)) / abs(c))
    if not math.isfinite(far):
        return math.nan, Status.RANGE
    turns = [crossing(rate, 0.0, steepest), crossing(rate, steepest, far)]
    ends = [0.0, *(y for y in turns if y is not None), far]
    between = [crossing(net, *pair) for pair in itertools.pairwise(ends)]
    roots = [y for y in between if y is not None]
    if not roots:
        return NONE
    return min(roots, key=lambda y: _distance(y, present)), FINE


def _distance(one: float, other: float) -> float:
    """Return the distance of two concentrations by ratio; 0 is far from all others."""
    tiny = 5e-324
    return abs(math.log(one or tiny) - math.log(other or tiny))


def crossing(function: Callable[[float], float], low: float, high: float) -> float | None:
    """Return the root of a monotone function between two ends, or None."""
    first, last = function(low), function(high)
    if first == 0 or last == 0:
        return low if first == 0 else high
    if (first < 0) == (last < 0):
        return None
    return bisected(function if last > 0 else lambda y: -function(y), low, high)
