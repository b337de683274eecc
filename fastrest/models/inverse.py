"""Inverse problems: the value of one parameter at which an output has a given value.

Zero net current is linear in every single permeability and concentration, so each answer is a
closed form. As in `reference`, the equations are in plain Python, one point at a time.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastrest.models import reference
from fastrest.models.quantities import CELSIUS_MAX, CELSIUS_MIN, KELVIN_AT_0_CELSIUS, Ion, Status
from fastrest.models.reference import FINE, NORMAL, input_status, nernst_of, phi

#: An answer within so many rounding errors of its terms is 0 (or, for a divisor, is undetermined).
ROUNDINGS = 4 * 2.0**-53
#: The answer and its status.
Solved = tuple[float, Status]
#: No value of the parameter gives the target.
NONE: Solved = (math.nan, Status.NO_SOLUTION)


def solve_ghk(model: Any, values: Mapping[str, float], parameter: str, V: float) -> Solved:
    """Return the value of a parameter at which the GHK currents at V sum to zero.

    The currents, times (x^2 - 1)/u with x = e^u and u = V/phi, are polynomials in x. With x = p/q,
    the larger of p and q being 1, zero net current reads

        sum of P r c w = 0,   w = p (p + q) or 4 p^2 for charge that leaves the cell,
                              w = -q (p + q) or -4 q^2 for charge that enters it (z = 1 or 2)

    where r is `pump_ratio` for its ion, else 1. With R the sum without the terms of the parameter
    y, and c the sum of its terms at y = 1, y = -R/c.
    """
    if parameter == "celsius":
        return proportional(reference.ghk(model, values), values, V)
    status = known_status(values, parameter, V)
    if status:
        return math.nan, status

    u = V / phi(values["celsius"])
    p, q = math.exp(min(u, 0.0)), math.exp(-max(u, 0.0))

    def flows(z: int) -> tuple[float, float]:
        if abs(z) == 1:
            leaving, entering = p * (p + q), q * (p + q)
        else:
            leaving, entering = 4 * p * p, 4 * q * q
        return (leaving, -entering) if z > 0 else (-entering, leaving)

    rest, slope = linear_terms(model, values, parameter, flows)
    if not all(map(math.isfinite, (*rest, *slope))):
        return math.nan, Status.RANGE
    return root(rest, slope)


def linear_terms(
    model: Any,
    values: Mapping[str, float],
    parameter: str,
    flows: Callable[[int], tuple[float, float]],
) -> tuple[list[float], list[float]]:
    """Return the terms of the net current that lack a parameter, and its factors in the others.

    `flows` takes a valence and returns the outward currents that a concentration of 1 inside, and
    one outside, drive through a permeability of 1.
    """
    rest: list[float] = []
    slope: list[float] = []
    for ion in model.permeant:
        for place, flow in zip(("_in", "_out"), flows(ion.z), strict=True):
            names = [f"P_{ion.name}", ion.name + place]
            names += ["pump_ratio"] * (ion.name == model.pump_ion)
            factors = [values[name] for name in names if name != parameter]
            (slope if parameter in names else rest).append(math.prod(factors) * flow)
    return rest, slope


def solve_chord(model: Any, values: Mapping[str, float], parameter: str, V: float) -> Solved:
    """Return the value of a parameter at which the currents g (V - E), and the pump's, sum to zero.

    With R the sum of the other currents, g = -R/(V - E); a concentration follows from the Nernst
    potential E = V + R/g. The potential without the pump current is proportional to the
    temperature, and V is lower by pump_max/sum(g).
    """
    pump = values.get("pump_max", 0.0)
    if parameter == "celsius":
        total = math.fsum(values[f"g_{ion.name}"] for ion in model.permeant)
        passive = reference.chord(model, values)
        return proportional(passive, values, V + pump / total if pump and total else V)
    status = known_status({**values, "pump_max": abs(pump)}, parameter, V)
    if status:
        return math.nan, status

    unit = phi(values["celsius"])
    rest = [pump / unit] if pump and parameter != "pump_max" else []
    wanted = None
    for ion in model.permeant:
        if parameter.removesuffix("_out").removesuffix("_in").removeprefix("g_") == ion.name:
            wanted = ion
        elif values[f"g_{ion.name}"] != 0:
            E, status = nernst_of(ion, values)
            if status:
                return NONE if status != Status.RANGE else (math.nan, status)
            rest += [values[f"g_{ion.name}"] * (V / unit), -values[f"g_{ion.name}"] * (E / unit)]
    if not all(map(math.isfinite, rest)):
        return math.nan, Status.RANGE
    if parameter == "pump_max":
        return balancing(rest, unit)
    if wanted is None:
        return NONE
    if parameter.startswith("g_"):
        E, status = nernst_of(wanted, values)
        if status & (Status.NO_PERMEANT | Status.RANGE):
            return math.nan, Status.NO_SOLUTION if status & Status.NO_PERMEANT else status
        if status:  # E is infinite, and so would V be
            R, size = math.fsum(rest), math.fsum(map(abs, rest))
            return (0.0, FINE) if rest and abs(R) <= ROUNDINGS * size else NONE
        return root(rest, [V / unit, -E / unit])
    g = values[f"g_{wanted.name}"]
    if g == 0:
        return NONE
    return solve_nernst(wanted, values, parameter, V + unit * (math.fsum(rest) / g))


def solve_nernst(ion: Ion, values: Mapping[str, float], parameter: str, E: float) -> Solved:
    """Return the value of a parameter at which an ion has a Nernst potential.

    E = (RT/zF) ln(c_out/c_in) gives c_out = c_in exp(zE/phi) and c_in = c_out exp(-zE/phi).
    """
    if parameter == "celsius":
        return proportional(nernst_of(ion, values), values, E)
    outside = parameter == f"{ion.name}_out"
    if not outside and parameter != f"{ion.name}_in":
        return NONE
    other = values[ion.name + ("_in" if outside else "_out")]
    status = input_status([other], values["celsius"]) | input_status([abs(E)], 0.0)
    if status:
        return math.nan, status
    w = ion.z * E / phi(values["celsius"])
    return in_range(other * _power(w if outside else -w)) if other else NONE


def proportional(now: tuple[float, Status], values: Mapping[str, float], V: float) -> Solved:
    """Return the temperature at which a potential proportional to the absolute one is V."""
    found, status = now
    if status & ~Status.INFINITE or not math.isfinite(V):
        return math.nan, status & ~Status.INFINITE or Status.NOT_FINITE
    if found == 0 or status:  # it is 0, or infinite, at every temperature
        return NONE
    kelvin = (values["celsius"] + KELVIN_AT_0_CELSIUS) * (V / found)
    celsius = kelvin - KELVIN_AT_0_CELSIUS
    return (celsius, FINE) if CELSIUS_MIN <= celsius <= CELSIUS_MAX else NONE


def known_status(values: Mapping[str, float], parameter: str, V: float) -> Status:
    """Return the bits of bad inputs: the target, and all parameters but the wanted one."""
    known = [x for name, x in values.items() if name not in (parameter, "celsius")]
    return input_status([*known, abs(V)], values["celsius"])


def root(rest: Iterable[float], slope: Iterable[float]) -> Solved:
    """Return y >= 0 where sum(rest) + y sum(slope) = 0; sums within rounding errors of 0 are 0."""
    rest, slope = list(rest), list(slope)
    R, c = math.fsum(rest), math.fsum(slope)
    size = math.fsum(map(abs, rest))
    if size == 0 or abs(c) <= ROUNDINGS * math.fsum(map(abs, slope)):
        return NONE  # any value or none
    if abs(R) <= ROUNDINGS * size:
        return 0.0, FINE
    return in_range(-R / c) if (R < 0) == (c > 0) else NONE


def balancing(rest: Iterable[float], unit: float) -> Solved:
    """Return the current, of either sign, that balances others: -sum(rest), times a unit."""
    rest = list(rest)
    if not rest:
        return NONE
    R = math.fsum(rest)
    if abs(R) <= ROUNDINGS * math.fsum(map(abs, rest)):
        return 0.0, FINE
    size, status = in_range(unit * abs(R))
    return math.copysign(size, -R), status


def in_range(y: float) -> Solved:
    """Return a positive answer, which must be a normal number."""
    return (y, FINE) if NORMAL[0] <= y <= NORMAL[1] else (math.nan, Status.RANGE)


def _power(w: float) -> float:
    """Return e^w, infinite where it is larger than a double."""
    return math.exp(w) if w < 709.0 else math.inf
