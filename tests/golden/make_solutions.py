"""Make the golden solutions: the value of a parameter at which V has a given value, in 60 digits.

    python tests/golden/make_solutions.py

writes ``solutions.csv`` beside this script. The answers are found by bisection on the voltage
equations of `make_golden`, not by the closed forms that the package uses. Inputs are decimals; a
blank one is a parameter that the model does not have. ``exact`` is blank if there is no solution.
"""

import csv
from pathlib import Path

import mpmath as mp
from make_golden import DIGITS, chord, divalent, ghk
from make_pump import bernoulli

K_NA_CL = {
    **{"P_K": "1", "P_Na": "0.04", "P_Cl": "0.45", "K_out": "5", "Na_out": "145"},
    **{"Cl_out": "110", "K_in": "140", "Na_in": "15", "Cl_in": "7", "celsius": "37"},
}
CALCIUM = {**K_NA_CL, "P_Ca": "0.1", "Ca_out": "2", "Ca_in": "1e-4"}
PUMP = {
    **{"P_K": "1", "P_Na": "0.04", "K_out": "4.5", "K_in": "140", "Na_out": "145"},
    **{"Na_in": "15", "celsius": "37", "pump_ratio": "1"},
}
CHORD = {n: x for n, x in K_NA_CL.items() if not n.startswith("P_")}
CHORD |= {"g_K": "1", "g_Na": "0.161", "g_Cl": "0.462"}
CONSTANT = {**K_NA_CL, "P_K": "1e-6", "P_Na": "4e-8", "P_Cl": "4.5e-7", "pump_max": "0.5"}
SATURATING = {**CONSTANT, "pump_max": "2", "pump_Na_half": "10", "pump_K_half": "1.5"}
#: The base values, and targets: the parameter wanted and V in mV.
CASES = [
    (
        K_NA_CL,
        "K_out -60, K_out -55, K_out -80, K_in -60, P_Na -60, P_Na -80, Na_out -60, Na_in -75, "
        "P_Cl -73, Cl_in -60, Cl_out -75, P_K -60, celsius -68, P_Cl -68, P_Na -85, K_out -90",
    ),
    (CALCIUM, "P_Ca -60, Ca_out -60, K_out -60, P_Na -75, Ca_in 80, celsius -68, Na_in -60"),
    (PUMP, "pump_ratio -72, K_out -60, P_Na -75, K_in -80, P_K -72, pump_ratio -100"),
    (CONSTANT, "K_out -70, pump_max -75, P_Na -65, P_K -70, Cl_in -70, celsius -72, Na_out -76"),
    (
        SATURATING,
        "pump_max -73, pump_Na_half -74, pump_K_half -71, K_out -70, Na_in -75, K_in -70, "
        "celsius -70, pump_K_half -80",
    ),
    (CHORD, "g_K -65, g_Na -65, K_out -65, Cl_in -65, celsius -72, Na_in -75, g_Cl -60"),
]


def potential(case):
    values = {name: mp.mpf(x) for name, x in case.items()}
    if "g_K" in case:
        return chord(values)
    return divalent(values) if "P_Ca" in case else ghk(values)


def net_current(values, V):
    """Return the sum of currents at V, in mM cm/s, of a cell with an explicit pump current."""
    gas = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000
    u = V / (gas * (values["celsius"] + mp.mpf("273.15")))
    pump = values["pump_max"]
    if "pump_Na_half" in values:
        pump *= (values["Na_in"] / (values["Na_in"] + values["pump_Na_half"])) ** 3
        pump *= (values["K_out"] / (values["K_out"] + values["pump_K_half"])) ** 2
    currents = [pump / (mp.mpf("1.602176634e-19") * mp.mpf("6.02214076e23"))]
    for ion, z in (("K", 1), ("Na", 1), ("Cl", -1)):
        inside = values[ion + "_in"] * bernoulli(-z * u)
        currents.append(z * values["P_" + ion] * (inside - values[ion + "_out"] * bernoulli(z * u)))
    return mp.fsum(currents)


def bisected(function, low, high):
    rising = function(high) > 0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if (function(middle) > 0) == rising else (middle, high)
    return low


def solution(case, wanted, target):
    """Return the solution between 1e-15 and 1e15 (celsius: -20 ... 100), or None."""

    def error(w):
        value = mp.mpf(w) if wanted == "celsius" else mp.exp(w)
        if "pump_max" in case:
            values = {name: mp.mpf(x) for name, x in case.items()}
            return net_current({**values, wanted: value}, target)
        return potential({**case, wanted: value}) - target

    ends = (-20, 100) if wanted == "celsius" else (mp.log("1e-15"), mp.log("1e15"))
    if mp.sign(error(ends[0])) == mp.sign(error(ends[1])):
        return None
    if "pump_max" in case:
        found = bisected(error, *map(mp.mpf, ends))
    else:
        found = mp.findroot(error, ends, solver="anderson", tol=mp.mpf(10) ** -50, maxsteps=500)
    return found if wanted == "celsius" else mp.exp(found)


def main():
    mp.mp.dps = DIGITS
    names = list(dict.fromkeys(name for case, _ in CASES for name in case))
    with Path(__file__).with_name("solutions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*names, "wanted", "V", "exact"])
        for case, targets in CASES:
            for text in targets.split(", "):
                wanted, target = text.split()
                found = solution(case, wanted, mp.mpf(target))
                exact = "" if found is None else mp.nstr(found, 30)
                table.writerow([*(case.get(n, "") for n in names), wanted, target, exact])


if __name__ == "__main__":
    main()
