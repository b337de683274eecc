"""Make ``pump.csv``: potentials of the constant-field equation with a pump current, in 60 digits.

    python tests/golden/make_pump.py

A row has the ions as name:z; P, out and in of each ion, celsius and the pump current as doubles in
hexadecimal; and the potential in mV with 30 digits. The root of
G(u) = sum z P (c_in B(-z u) - c_out B(z u)) + I/F is bracketed and bisected, without sums by charge
number. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

SHOWN = 30
BASE = {"K": (1, 1e-6, 5, 140), "Na": (1, 4e-8, 145, 15), "Cl": (-1, 4.5e-7, 110, 7)}


def bernoulli(y):
    return mp.mpf(1) if y == 0 else y / mp.expm1(y)


def potential(ions, celsius, current):
    """Return V in mV of ions {name: (z, P, out, in)}; both sides must hold a permeant ion."""
    ions = [(z, *map(mp.mpf, rest)) for z, *rest in ions.values()]
    pushed = mp.mpf(current) / (mp.mpf("1.602176634e-19") * mp.mpf("6.02214076e23"))

    def net(u):
        flows = (
            z * P * (inside * bernoulli(-z * u) - out * bernoulli(z * u))
            for z, P, out, inside in ions
        )
        return mp.fsum(flows) + pushed

    low, high = mp.mpf(-1), mp.mpf(1)
    while net(low) > 0:
        low *= 2
    while net(high) < 0:
        high *= 2
    for _ in range(260):
        middle = (low + high) / 2
        low, high = (low, middle) if net(middle) > 0 else (middle, high)
    gas = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000
    return gas * (mp.mpf(celsius) + mp.mpf("273.15")) * low


def cases():
    yield from (
        (BASE, 37.0, current) for current in (0.0, 1e-12, 0.01, 0.5, 10.0, 100.0, -0.5, -2.0)
    )
    draw = random.Random(14)
    for _ in range(60):
        chosen = dict(BASE)
        chosen["Ca"] = (2, 2e-8, 2, 1e-4)
        chosen["La"] = (3, 5e-8, 1, 1e-6)
        chosen["PO4"] = (-3, 1e-8, 1, 4)
        names = draw.sample(sorted(chosen), draw.randint(1, 6))
        factor = draw.choice([1.0, 1e3, 1e12])
        ions = {
            name: (z, *(x * factor ** draw.uniform(-1, 1) for x in rest))
            for name, (z, *rest) in ((name, chosen[name]) for name in names)
        }
        scale = sum(P * (out + inside) for _, P, out, inside in ions.values()) * 1e5
        yield ions, draw.uniform(0, 40), draw.choice([-1, 1]) * scale * 10 ** draw.uniform(-6, 2)


def main():
    mp.mp.dps = 60
    with Path(__file__).with_name("pump.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["ions", "values", "exact"])
        for ions, celsius, current in cases():
            values = [x for _, *rest in ions.values() for x in rest]
            numbers = " ".join(float(x).hex() for x in (*values, celsius, current))
            names = " ".join(f"{name}:{z}" for name, (z, *_) in ions.items())
            rows.writerow([names, numbers, mp.nstr(potential(ions, celsius, current), SHOWN)])


if __name__ == "__main__":
    main()
