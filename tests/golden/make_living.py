"""Make ``living.csv``: steady states by the constant field, and of saturating pumps, in 50 digits.

    python tests/golden/make_living.py

A row has the kind of leak (P or g), the parameters as doubles in hexadecimal, and the outputs with
25 digits, none where there is no steady state. Half-saturations of 0 are a constant pump. All
unknowns are bisected: V at a given current, and the current. Every row is put back into the
balances of the ions. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

NAMES = ("w_K", "w_Na", "w_Cl", "K_out", "Na_out", "Cl_out", "X_out", "z_X", "celsius")
NAMES = (*NAMES, "pump_max", "pump_Na_half", "pump_K_half")
OUTPUTS = ("V", "Na_in", "K_in", "Cl_in", "X", "I_pump")
GAS = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000
F = mp.mpf("6.02214076e23") * mp.mpf("1.602176634e-19")
ZERO_CELSIUS = "273.15"


def inside(kind, x, V, current):
    """Return the inside Na, K and Cl that balance the fluxes at a potential and pump current."""
    phi = GAS * (x["celsius"] + mp.mpf(ZERO_CELSIUS))
    u = V / phi
    Cl = x["Cl_out"] * mp.exp(u)
    if kind == "g":
        na = x["Na_out"] * mp.exp(-u - 3 * current / x["w_Na"] / phi)
        return na, x["K_out"] * mp.exp(-u + 2 * current / x["w_K"] / phi), Cl
    m = -mp.expm1(-u) / u if u else mp.mpf(1)
    rho = current / F
    na = x["Na_out"] * mp.exp(-u) - 3 * rho / x["w_Na"] * m
    return na, x["K_out"] * mp.exp(-u) + 2 * rho / x["w_K"] * m, Cl


def charge(kind, x, V, current):
    na, k, cl = inside(kind, x, V, current)
    total = x["Na_out"] + x["K_out"] + x["Cl_out"] + x["X_out"]
    return na + k - cl + x["z_X"] * (total - na - k - cl)


def bisect(f, low, high):
    """Return the point at which f, positive at the low end, becomes negative."""
    for _ in range(180):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return low


def state(kind, x, current):
    """Return V and the inside at a current, or None; -1 <= z_X <= 1 has one V at most."""
    V = bisect(lambda one: charge(kind, x, one, current), mp.mpf(-500), mp.mpf(300))
    na, k, cl = inside(kind, x, V, current)
    total = x["Na_out"] + x["K_out"] + x["Cl_out"] + x["X_out"]
    X = total - na - k - cl
    return (V, na, k, cl, X) if min(na, X) > 0 else None


def steady_state(kind, x):
    if not x["pump_Na_half"]:
        found = state(kind, x, x["pump_max"])
        return found and (*found, x["pump_max"])
    top = x["pump_max"] * (x["K_out"] / (x["K_out"] + x["pump_K_half"])) ** 2

    def law(na):
        return top * (na / (na + x["pump_Na_half"])) ** 3

    def surplus(na):
        found = state(kind, x, law(na))
        return found[1] - na if found else -1

    na = bisect(surplus, mp.mpf(0), x["Na_out"])
    found = state(kind, x, law(na))
    if not found or abs(found[1] - na) > mp.mpf(10) ** -30:
        return None
    return (*found, law(na))


def cases():
    base = {
        "P": [1e-6, 4e-8, 4.5e-7, 5, 145, 110, 40, -1, 37, 1.6, 10, 1.5],
        "g": [0.3, 0.01, 0.2, 5, 145, 110, 40, -1, 37, 1.6, 10, 1.5],
    }
    draw = random.Random(15)
    for kind, middle in base.items():
        for i in range(40):
            values = [x * draw.uniform(0.5, 2) for x in middle]
            values[7], values[8] = draw.uniform(-1, 1) if i % 4 else -1.0, draw.uniform(0, 40)
            if kind == "P" and i % 2:
                values[9:] = [draw.uniform(0.05, 0.6), 0.0, 0.0]
            yield kind, values


def main():
    mp.mp.dps = 50
    with Path(__file__).with_name("living.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["leak", *NAMES, *OUTPUTS])
        for kind, values in cases():
            x = dict(zip(NAMES, map(mp.mpf, map(float, values)), strict=True))
            found = steady_state(kind, x) or ()
            rows.writerow(
                [kind, *(float(v).hex() for v in values), *(mp.nstr(y, 25) for y in found)]
            )


if __name__ == "__main__":
    main()
