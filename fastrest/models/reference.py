"""The definition of every model in plain Python, one point at a time, with ``math`` alone.

These are the equations as one would write them on a whiteboard. The C kernels share no code with
them, so that tests can compare the two. Users select them by ``engine="python"``.

An equation takes a model (for its ions and their valences) and a dict of parameter values. It
returns the potential in mV, inside minus outside, and its `Status`. The gradient of the equation
takes the same arguments and returns the derivative of the potential with respect to every
parameter.
"""

import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from fastrest.models.quantities import (
    CELSIUS_MAX,
    CELSIUS_MIN,
    FARADAY,
    GAS_CONSTANT,
    KELVIN_AT_0_CELSIUS,
    Status,
)

FINE = Status(0)
#: Divalent sums must leave room for their squares: 2^-480 ... 2^480.
MODERATE = (2.0**-480, 2.0**480)
NORMAL = (sys.float_info.min, sys.float_info.max)
#: Three factors: a permeability, the pump ratio that multiplies it, and a concentration.
Term = tuple[float, float, float]


def phi(celsius: float) -> float:
    """Return RT/F in mV."""
    return 1000.0 * GAS_CONSTANT / FARADAY * (celsius + KELVIN_AT_0_CELSIUS)


def input_status(non_negative: Iterable[float], celsius: float) -> Status:
    """Return the bits of bad inputs, ORed."""
    status = FINE
    for value in non_negative:
        if not math.isfinite(value):
            status |= Status.NOT_FINITE
        elif value < 0:
            status |= Status.NEGATIVE
    if not math.isfinite(celsius):
        status |= Status.NOT_FINITE
    elif not CELSIUS_MIN <= celsius <= CELSIUS_MAX:
        status |= Status.TEMPERATURE
    return status


def log_of_ratio(numerator: float, denominator: float) -> float:
    """Return ln(numerator/denominator), also for ratios that a double cannot hold."""
    ratio = numerator / denominator
    if NORMAL[0] <= ratio <= NORMAL[1]:
        return math.log(ratio)
    return math.log(numerator) - math.log(denominator)


def sum_of_terms(terms: Iterable[Term]) -> tuple[float, bool]:
    """Return the sum of products of factors, and True if a product has no zero factor."""
    total = 0.0
    alive = False
    for factors in terms:
        if all(factor != 0 for factor in factors):
            # smallest times largest first: no step leaves the range of doubles unless the product
            # does
            smallest, middle, largest = sorted(factors)
            total += smallest * largest * middle
            alive = True
    return total, alive


def nernst(z: float, c_out: float, c_in: float, celsius: float) -> tuple[float, Status]:
    """Return E = (RT/zF) ln(c_out/c_in) (Nernst 1888)."""
    status = input_status([c_out, c_in], celsius)
    if not math.isfinite(z):
        status |= Status.NOT_FINITE
    if status:
        return math.nan, status
    if z == 0 or (c_out == 0 and c_in == 0):
        return math.nan, Status.NO_PERMEANT
    if any(c != 0 and c < NORMAL[0] for c in (c_out, c_in, abs(z))):
        return math.nan, Status.RANGE
    if c_out == 0 or c_in == 0:
        inward = c_in == 0
        return (math.inf if inward == (z > 0) else -math.inf), Status.INFINITE
    E = phi(celsius) * log_of_ratio(c_out, c_in) / z
    return (E, FINE) if math.isfinite(E) else (math.nan, Status.RANGE)


def nernst_of(ion: Any, values: Mapping[str, float]) -> tuple[float, Status]:
    """Return the Nernst potential of an ion of a model."""
    c_out, c_in = values[ion.name + "_out"], values[ion.name + "_in"]
    return nernst(ion.z, c_out, c_in, values["celsius"])


def nernst_gradient_of(ion: Any, model: Any, values: Mapping[str, float]) -> dict[str, float]:
    """Return dE by each parameter of `nernst_of`, mV per unit; NaN if its status is not 0.

    E = phi/z (ln c_out - ln c_in) gives dE = phi/z (dc_out/c_out - dc_in/c_in). E is proportional
    to the absolute temperature.
    """
    E, status = nernst_of(ion, values)
    if status:
        return dict.fromkeys(model.parameters, math.nan)

    celsius = values["celsius"]
    found = dict.fromkeys(model.parameters, 0.0)
    found[ion.name + "_out"] = phi(celsius) / ion.z / values[ion.name + "_out"]
    found[ion.name + "_in"] = -phi(celsius) / ion.z / values[ion.name + "_in"]
    found["celsius"] = E / (celsius + KELVIN_AT_0_CELSIUS)
    return found


def ghk_terms(
    model: Any, values: Mapping[str, float]
) -> tuple[dict[int, list[Term]], dict[int, list[Term]]]:
    """Return the terms that drive charge inward, and those that drive it outward, by |z|."""
    inward: dict[int, list[Term]] = {1: [], 2: []}
    outward: dict[int, list[Term]] = {1: [], 2: []}
    for ion in model.permeant:
        pump = values["pump_ratio"] if ion.name == model.pump_ion else 1.0
        permeability = values["P_" + ion.name]
        outside = (permeability, pump, values[ion.name + "_out"])
        inside = (permeability, pump, values[ion.name + "_in"])
        inward[abs(ion.z)].append(outside if ion.z > 0 else inside)
        outward[abs(ion.z)].append(inside if ion.z > 0 else outside)
    return inward, outward


def ghk(model: Any, values: Mapping[str, float]) -> tuple[float, Status]:
    """Return V = phi ln(N/D), the Goldman-Hodgkin-Katz voltage equation.

    N sums P c_out of cations and P c_in of anions, D the opposite sides (Goldman 1943; Hodgkin &
    Katz 1949). `pump_ratio` multiplies the terms of K (Mullins & Noda 1963). With divalent ions
    the GHK currents sum to zero at the voltage V where x = exp(V/phi) is the positive root of

        (D + 4 M_in) x^2 + (D - N) x - (N + 4 M_out) = 0

    where M_out and M_in are the divalent ions' N and D (Spangler 1972; Lewis 1979).
    """
    celsius = values["celsius"]
    status = input_status([x for name, x in values.items() if name != "celsius"], celsius)
    if status:
        return math.nan, status

    inward, outward = ghk_terms(model, values)
    N, N_alive = sum_of_terms(inward[1])
    D, D_alive = sum_of_terms(outward[1])
    M_out, M_out_alive = sum_of_terms(inward[2])
    M_in, M_in_alive = sum_of_terms(outward[2])
    a = D + 4 * M_in
    b = D - N
    c = N + 4 * M_out

    lowest, highest = MODERATE if inward[2] else NORMAL
    if (D_alive or M_in_alive) and not lowest <= a <= highest:
        return math.nan, Status.RANGE
    if (N_alive or M_out_alive) and not lowest <= c <= highest:
        return math.nan, Status.RANGE
    if a == 0 and c == 0:
        return math.nan, Status.NO_PERMEANT
    if a == 0:
        return math.inf, Status.INFINITE
    if c == 0:
        return -math.inf, Status.INFINITE

    if not inward[2]:
        return phi(celsius) * log_of_ratio(N, D), FINE
    root = math.sqrt(b * b + 4 * a * c)
    if b < 0:
        return phi(celsius) * log_of_ratio(root - b, 2 * a), FINE
    return phi(celsius) * log_of_ratio(2 * c, b + root), FINE


def ghk_gradient(model: Any, values: Mapping[str, float]) -> dict[str, float]:
    """Return dV by each parameter of `ghk`, mV per unit; NaN if its status is not 0.

    V = phi ln(N/D) gives dV = phi (dN/N - dD/D). With divalent ions the differential of the
    quadratic, a x^2 + b x = c, is

        (2 a x + b) dx = dc - x db - x^2 da,  2 a x + b = sqrt(b^2 + 4 a c),  dV = phi dx/x

    A parameter changes a sum by the product of the other factors of its term. V is proportional
    to the absolute temperature. V does not depend on a passive ion's concentration.
    """
    V, status = ghk(model, values)
    if status:
        return dict.fromkeys(model.parameters, math.nan)

    unit = phi(values["celsius"])
    inward, outward = ghk_terms(model, values)
    N, D = sum_of_terms(inward[1])[0], sum_of_terms(outward[1])[0]
    if inward[2]:
        M_out, M_in = sum_of_terms(inward[2])[0], sum_of_terms(outward[2])[0]
        root = math.sqrt((D - N) ** 2 + 4 * (D + 4 * M_in) * (N + 4 * M_out))
        x = math.exp(V / unit)
        by_inward = {1: (1 / x + 1) / root, 2: 4 / x / root}
        by_outward = {1: (1 + x) / root, 2: 4 * x / root}
    else:
        by_inward, by_outward = {1: 1 / N}, {1: 1 / D}

    def slope(z: int, factor: float, outside: float, inside: float) -> float:
        """Return dV if an ion's terms change by a factor times `outside` and `inside`."""
        up, down = (outside, inside) if z > 0 else (inside, outside)
        rise, _ = sum_of_terms([(factor, up, by_inward[abs(z)])])
        fall, _ = sum_of_terms([(factor, down, by_outward[abs(z)])])
        return unit * rise - unit * fall

    found = dict.fromkeys(model.parameters, 0.0)
    for ion in model.permeant:
        permeability = values["P_" + ion.name]
        pump = values["pump_ratio"] if ion.name == model.pump_ion else 1.0
        c_out, c_in = values[ion.name + "_out"], values[ion.name + "_in"]
        found["P_" + ion.name] = slope(ion.z, pump, c_out, c_in)
        found[ion.name + "_out"] = slope(ion.z, pump, permeability, 0.0)
        found[ion.name + "_in"] = slope(ion.z, pump, 0.0, permeability)
        if ion.name == model.pump_ion:
            found["pump_ratio"] = slope(ion.z, permeability, c_out, c_in)
    found["celsius"] = V / (values["celsius"] + KELVIN_AT_0_CELSIUS)
    return found


def chord(model: Any, values: Mapping[str, float], pump: float = 0.0) -> tuple[float, Status]:
    """Return V = (sum(g E) - I) / sum(g), the chord conductance equation, E the Nernst potentials.

    I is a pump current.
    """
    celsius = values["celsius"]
    others = [x for name, x in values.items() if name not in ("celsius", "pump_max")]
    status = input_status(others, celsius)
    if status:
        return math.nan, status

    current = 0.0
    total = 0.0
    infinite: set[float] = set()
    in_range = True
    for ion in model.permeant:
        g = values["g_" + ion.name]
        if g == 0:
            continue
        total += g
        E, ion_status = nernst_of(ion, values)
        if ion_status == Status.INFINITE:
            infinite.add(E)
        elif ion_status == Status.NO_PERMEANT:
            infinite |= {-math.inf, math.inf}
        elif ion_status == Status.RANGE:
            in_range = False
        else:
            current += g * (E / phi(celsius))

    if total == 0 and pump != 0:
        return math.nan, Status.NO_SOLUTION
    if total == 0 or len(infinite) == 2:
        return math.nan, Status.NO_PERMEANT
    if not in_range or not NORMAL[0] <= total <= NORMAL[1] or not math.isfinite(current):
        return math.nan, Status.RANGE
    if infinite:
        return infinite.pop(), Status.INFINITE
    V = phi(celsius) * (current / total) - pump / total
    return (V, FINE) if math.isfinite(V) else (math.nan, Status.RANGE)


def chord_gradient(model: Any, values: Mapping[str, float], pump: float = 0.0) -> dict[str, float]:
    """Return dV by each parameter of `chord`, mV per unit; NaN if its status is not 0.

    V = (sum(g E) - I)/G gives dV/dg = (E - V)/G, and E changes by (phi/z) dc/c. V does not depend
    on the concentrations of an ion without conductance. If one of these concentrations is 0, the
    least conductance takes V to infinity: the derivative by g is infinite. If both are 0, it is
    NaN. The potential without the pump current is proportional to the absolute temperature.
    """
    V, status = chord(model, values, pump)
    if status:
        return dict.fromkeys(model.parameters, math.nan)

    celsius = values["celsius"]
    total = sum(values["g_" + ion.name] for ion in model.permeant)
    found = dict.fromkeys(model.parameters, 0.0)
    for ion in model.permeant:
        g = values["g_" + ion.name]
        E, _ = nernst_of(ion, values)
        found["g_" + ion.name] = (E - V) / total
        if g != 0:
            unit = phi(celsius) / ion.z * (g / total)
            found[ion.name + "_out"] = unit / values[ion.name + "_out"]
            found[ion.name + "_in"] = -unit / values[ion.name + "_in"]
    passive, _ = chord(model, values)
    found["celsius"] = passive / (celsius + KELVIN_AT_0_CELSIUS)
    return found
