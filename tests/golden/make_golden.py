"""Make the golden values: what fastrest must give, computed in 60 digits.

    python tests/golden/make_golden.py

writes the CSV files beside this script. Inputs are doubles in hexadecimal, the result ``exact`` is
in mV (log_ratio: dimensionless) with 30 digits; a blank input means that the ion is not in the
model. Nothing of fastrest is imported: neither equation nor constants.

Random inputs are put together from integers alone, so that this script writes the same files
everywhere.
"""

import csv
import math
import sys
from pathlib import Path

import mpmath as mp

DIGITS = 60
SHOWN = 30
LARGEST_MV = 1000
VALENCES = {"K": 1, "Na": 1, "Cl": -1, "Ca": 2, "Mg": 2, "SO4": -2}
MONOVALENT = ("K", "Na", "Cl")

# ---- the equations ----


def phi(celsius):
    """RT/F in mV: constants exact since the SI of 2019, 0 degrees Celsius = 273.15 K."""
    gas_constant, faraday = mp.mpf("8.31446261815324"), mp.mpf("96485.33212331001840")
    return 1000 * gas_constant / faraday * (mp.mpf(celsius) + mp.mpf("273.15"))


def nernst(case):
    """E = (RT/zF) ln(c_out/c_in)."""
    ratio = mp.mpf(case["c_out"]) / mp.mpf(case["c_in"])
    return phi(case["celsius"]) / mp.mpf(case["z"]) * mp.log(ratio)


def ions_of(case, weight):
    """(valence, weight, outside, inside) of the ions in a case; the pump ratio multiplies K's."""
    found = []
    for name, z in VALENCES.items():
        if case.get(f"{weight}_{name}") is not None:
            pump = mp.mpf(case.get("pump_ratio", 1.0)) if name == "K" else 1
            w, c_out, c_in = (case[k] for k in (f"{weight}_{name}", f"{name}_out", f"{name}_in"))
            found.append((z, pump * mp.mpf(w), mp.mpf(c_out), mp.mpf(c_in)))
    return found


def ghk(case):
    """V = phi ln(N/D), Goldman 1943, for ions with z = +-1."""
    num = den = mp.mpf(0)
    for z, weight, c_out, c_in in ions_of(case, "P"):
        num += weight * (c_out if z > 0 else c_in)
        den += weight * (c_in if z > 0 else c_out)
    return phi(case["celsius"]) * mp.log(num / den)


def ghk_current(u, ions):
    """Net GHK current at u = V/phi, in units of F.

    I = P z^2 u (c_in - c_out e^{-zu}) / (1 - e^{-zu}) (Goldman 1943; Hodgkin & Katz 1949).
    """
    total = mp.mpf(0)
    for z, permeability, c_out, c_in in ions:
        w = z * u
        slope = w / -mp.expm1(-w) if w else mp.mpf(1)
        total += permeability * z * slope * (c_in - c_out * mp.exp(-w))
    return total


def divalent(case):
    """The potential without net current, found as a root of the currents themselves.

    This checks the closed form of the quadratic, which it does not use. Every ion's current grows
    with u, so the only root lies between the smallest and the largest equilibrium potential:
    bisection finds six digits of it, Newton's method the others.
    """
    ions = ions_of(case, "P")
    reversal = [
        mp.log(c_out / c_in) / z if c_out and c_in else mp.mpf(z) * (60 if c_out else -60)
        for z, permeability, c_out, c_in in ions
        if permeability and (c_out or c_in)
    ]
    low, high = min(reversal) - 1, max(reversal) + 1
    # each current is divided by what it could be, so that no case is all but zero everywhere
    scale = sum(permeability * (c_out + c_in) for _, permeability, c_out, c_in in ions)
    ions = [(z, permeability / scale, c_out, c_in) for z, permeability, c_out, c_in in ions]
    while high - low > mp.mpf(10) ** -6:
        middle = (low + high) / 2
        low, high = (low, middle) if ghk_current(middle, ions) > 0 else (middle, high)
    u = (low + high) / 2
    step = mp.mpf(10) ** -25
    for _ in range(6):  # 6, 12, 24, 48 digits, then all
        slope = (ghk_current(u + step, ions) - ghk_current(u - step, ions)) / (2 * step)
        u -= ghk_current(u, ions) / slope
    assert low - 1 <= u <= high + 1
    return phi(case["celsius"]) * u


def chord(case):
    """V = sum(g E) / sum(g)."""
    drive = total = mp.mpf(0)
    for z, g, c_out, c_in in ions_of(case, "g"):
        if g:
            drive += g * mp.log(c_out / c_in) / z
            total += g
    return phi(case["celsius"]) * drive / total


def log_ratio(case):
    return mp.log(mp.mpf(case["num"]) / mp.mpf(case["den"]))


# ---- the inputs ----


class Inputs:
    """Random doubles made of integers (SplitMix64): the same with every Python, everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        """A whole number from 0 to n - 1."""
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        x = self.state
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
        return (x ^ (x >> 31)) % n

    def integer(self, low, high):
        return low + self.below(high - low + 1)

    def double(self, low, high):
        """A random mantissa with an exponent from `low` to `high`: log-uniform, more or less."""
        mantissa = 2**52 + self.below(2**52)
        return math.ldexp(mantissa, self.integer(low, high) - 52)

    def tidy(self, low, high):
        """A number as people write it: low to high, in steps of 1/8."""
        return self.integer(8 * low, 8 * high) / 8

    def one_of(self, *choices):
        return choices[self.below(len(choices))]

    def celsius(self):
        return self.one_of(-20.0, 0.0, 6.25, 20.0, 25.0, 37.0, 100.0, self.tidy(-20, 100))

    def nudged(self, value):
        """A few ulp from a value."""
        return value * (1 + self.integer(-9, 9) * sys.float_info.epsilon)

    def without(self, case, n):
        """A case in which n of the weights and concentrations are 0."""
        names = [name for name in case if name not in ("celsius", "pump_ratio")]
        zeros = {names.pop(self.below(len(names))): 0.0 for _ in range(n)}
        return {**case, **zeros}


def cell(inputs, names, weight, exponents, concentration):
    """A random case for some ions: weights of these exponents, concentrations as told."""
    case = {"celsius": inputs.celsius()}
    for name in names:
        case[f"{weight}_{name}"] = inputs.double(*exponents)
        case[f"{name}_out"], case[f"{name}_in"] = concentration(name), concentration(name)
    return case


def monovalent_cases():
    inputs = Inputs(1)

    def tidy(name):
        return inputs.tidy(1, 500)

    def wide(name):
        return inputs.double(-20, 9)

    for _ in range(50):  # what tables of cells look like
        case = cell(inputs, MONOVALENT, "P", (-7, 1), tidy)
        yield {**case, "pump_ratio": inputs.one_of(1.0, 1.5)}
    for _ in range(50):  # extreme permeability ratios, unusual pumps
        case = cell(inputs, MONOVALENT, "P", (-45, 45), wide)
        yield {**case, "pump_ratio": inputs.double(-6, 6)}
    for _ in range(30):  # some ions absent, some blocked
        case = inputs.without(cell(inputs, MONOVALENT, "P", (-10, 3), wide), 2)
        yield {**case, "pump_ratio": 1.0}
    for _ in range(20):  # nearly balanced: V is a few ulp of phi
        yield {**balanced(inputs, MONOVALENT, tidy), "pump_ratio": 1.0}
    for _ in range(20):  # permeabilities in any unit: only ratios matter
        unit = inputs.integer(-900, 900)
        case = cell(inputs, MONOVALENT, "P", (unit - 5, unit + 5), tidy)
        yield {**case, "pump_ratio": inputs.one_of(1.0, 1.5)}


def balanced(inputs, names, concentration):
    """A case in which every ion stands inside as outside, but for a few ulp."""
    case = cell(inputs, names, "P", (-3, 3), concentration)
    for name in names:
        case[f"{name}_in"] = inputs.nudged(case[f"{name}_out"])
    return case


def divalent_cases():
    inputs = Inputs(2)
    everything = tuple(VALENCES)

    def body(name):
        return inputs.tidy(1, 500) if name in MONOVALENT else inputs.double(-20, 3)

    def wide(name):
        return inputs.double(-25, 10)

    def with_pump(case):
        ratio = inputs.one_of(1.0, 1.0, 1.5, 0.5)
        return {**case, "pump_ratio": ratio} if "P_K" in case else case

    for names in (everything, ("K", "Ca"), ("K", "Na", "Cl", "Ca"), ("Cl", "SO4"), ("K", "SO4")):
        for _ in range(15):
            yield with_pump(cell(inputs, names, "P", (-7, 2), body))
    for names in (everything, ("Ca", "Mg", "SO4"), ("Ca",), ("SO4",), ("K", "Mg", "SO4")):
        for _ in range(12):  # extreme permeability ratios, and divalent ions alone
            yield with_pump(cell(inputs, names, "P", (-40, 40), wide))
    for _ in range(15):  # permeabilities in any unit, as far as divalent sums go
        unit = inputs.integer(-430, 430)
        yield with_pump(cell(inputs, everything, "P", (unit - 5, unit + 5), body))
    for _ in range(15):
        yield with_pump(balanced(inputs, everything, body))
    for _ in range(15):  # some concentrations and permeabilities 0
        case = cell(inputs, ("K", "Cl", "Ca", "SO4"), "P", (-5, 2), body)
        yield with_pump(inputs.without(case, 3))


def chord_cases():
    inputs = Inputs(3)

    def tidy(name):
        return inputs.tidy(1, 500)

    def wide(name):
        return inputs.double(-16, 9)

    for names in (MONOVALENT, tuple(VALENCES), ("Ca", "SO4"), ("Cl",)):
        for _ in range(12):
            yield cell(inputs, names, "g", (-6, 2), tidy)
        for _ in range(12):  # any unit, extreme ratios of conductances
            unit = inputs.integer(-900, 900)
            yield cell(inputs, names, "g", (unit - 40, unit + 40), wide)
    for _ in range(12):  # a blocked ion may be anywhere
        case = cell(inputs, ("K", "Na", "Ca"), "g", (-6, 2), wide)
        yield {**case, "g_Na": 0.0, "Na_in": 0.0}


def nernst_cases():
    inputs = Inputs(4)

    def case(c_out, c_in):
        z = inputs.one_of(-2.0, -1.0, 1.0, 2.0, 3.0)
        return {"z": z, "c_out": c_out, "c_in": c_in, "celsius": inputs.celsius()}

    for _ in range(60):
        yield case(inputs.double(-20, 10), inputs.double(-20, 10))
    for _ in range(20):
        c_out = inputs.double(-1000, 1000)
        yield case(c_out, inputs.nudged(c_out))


def log_ratio_cases():
    inputs = Inputs(5)
    for _ in range(60):
        yield {"num": inputs.double(-1022, 1023), "den": inputs.double(-1022, 1023)}
    for _ in range(60):
        yield {"num": inputs.double(-2, 2), "den": inputs.double(-2, 2)}
    for _ in range(40):  # near 1, where a rounded ratio would lose everything
        den = inputs.double(-1000, 1000)
        yield {"num": inputs.nudged(den), "den": den}
    ends = (sys.float_info.min, 1.0, math.nextafter(1, 0), math.nextafter(1, 2), sys.float_info.max)
    for num in ends:
        for den in ends:
            yield {"num": num, "den": den}


# ---- the files ----


def columns(weight, names, *last):
    weights, outside, inside = (
        [pattern.format(n) for n in names] for pattern in (weight + "_{}", "{}_out", "{}_in")
    )
    return [*weights, *outside, *inside, "celsius", *last]


#: file -> (its inputs, its cases, what defines their results)
FILES = {
    "ghk": (columns("P", MONOVALENT, "pump_ratio"), monovalent_cases, ghk),
    "divalent": (columns("P", VALENCES, "pump_ratio"), divalent_cases, divalent),
    "chord": (columns("g", VALENCES), chord_cases, chord),
    "nernst": (["z", "c_out", "c_in", "celsius"], nernst_cases, nernst),
    "log_ratio": (["num", "den"], log_ratio_cases, log_ratio),
}


def rows(name):
    """(case, text of the exact result) of one file; potentials beyond 1 V are left out."""
    _, cases, exact = FILES[name]
    for case in cases():
        with mp.workdps(DIGITS):
            try:
                result = exact(case)
            except (ZeroDivisionError, ValueError):
                continue  # no finite potential: a case for the table of edge cases
            if not mp.isfinite(result) or (name != "log_ratio" and abs(result) > LARGEST_MV):
                continue
            yield case, mp.nstr(result, SHOWN, strip_zeros=False)


def main():
    for name, (inputs, _, _) in FILES.items():
        path = Path(__file__).with_name(f"{name}.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*inputs, "exact"], lineterminator="\n")
            writer.writeheader()
            for case, exact in rows(name):
                writer.writerow({**{n: x.hex() for n, x in case.items()}, "exact": exact})


if __name__ == "__main__":
    main()
