"""Make ``chord_pump.csv``: potentials of the chord equation with a pump current, in 60 digits.

    python tests/golden/make_chord_pump.py

A row has g, out and in of K, Na, Cl and Ca, celsius, and the pump current as doubles in
hexadecimal; and V = (sum g E - I)/sum g in mV with 30 digits. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

IONS = {"K": (1, 0.3, 5, 140), "Na": (1, 0.02, 145, 15), "Cl": (-1, 0.2, 110, 7)}
IONS["Ca"] = (2, 0.01, 2, 1e-4)
NAMES = [f"{form}{ion}{place}" for form, place in (("g_", ""), ("", "_out"), ("", "_in"))
         for ion in IONS]  # fmt: skip


def potential(values):
    """Return V in mV of g, out and in of every ion, celsius and the current."""
    *columns, celsius, current = map(mp.mpf, values)
    n = len(IONS)
    gas = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000
    phi = gas * (celsius + mp.mpf("273.15"))
    g, out, inside = columns[:n], columns[n : 2 * n], columns[2 * n :]
    charges = [z for z, *_ in IONS.values()]
    E = [phi / z * mp.log(a / b) for z, a, b in zip(charges, out, inside, strict=True)]
    return (mp.fsum(x * y for x, y in zip(g, E, strict=True)) - current) / mp.fsum(g)


def cases():
    base = [x for part in zip(*(rest for _, *rest in IONS.values()), strict=True) for x in part]
    yield from ([*base, 37.0, current] for current in (0.0, 1e-12, 0.3, -0.3, 20.0, -1000.0))
    draw = random.Random(15)
    for _ in range(60):
        factor = draw.choice([1.5, 1e3, 1e10])
        values = [x * factor ** draw.uniform(-1, 1) for x in base]
        total = sum(values[: len(IONS)])
        yield [
            *values,
            draw.uniform(0, 40),
            draw.uniform(-1, 1) * total * 10 ** draw.uniform(-3, 3),
        ]


def main():
    mp.mp.dps = 60
    with Path(__file__).with_name("chord_pump.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*NAMES, "celsius", "pump_max", "exact"])
        for values in cases():
            numbers = [float(x).hex() for x in values]
            rows.writerow([*numbers, mp.nstr(potential(values), 30)])


if __name__ == "__main__":
    main()
