"""Make ``currents.csv``: constant-field currents and conductances in 60 digits.

    python tests/golden/make_currents.py

A row has z, P, c_out, c_in, celsius and V as decimals; then the current in uA/cm2, the slope and
the chord conductance in mS/cm2, with 30 digits. The current is z F P u (c_in - c_out exp(-z u)) z
/(1 - exp(-z u)) with u = V/phi; the slope is its derivative by V, and the chord conductance is the
current over V - E, or the slope where V = E. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

DIGITS, SHOWN = 60, 30
IONS = {
    "K": ("1", "1e-6", "5", "140"),
    "Na": ("1", "4e-8", "145", "15"),
    "Cl": ("-1", "4.5e-7", "110", "7"),
    "Ca": ("2", "1e-6", "2", "1e-4"),
    "La": ("3", "5e-8", "1", "1e-6"),
}
VOLTAGES = (
    "0",
    "1e-12",
    "1e-6",
    "-1e-6",
    "0.25",
    "-70",
    "70",
    "-500",
    "500",
    "-69.811924278622484",
)


def row(z, P, c_out, c_in, celsius, V):
    """Return the current, its slope and the chord conductance."""
    z, P, c_out, c_in, celsius, V = map(mp.mpf, (z, P, c_out, c_in, celsius, V))
    F = mp.mpf("1.602176634e-19") * mp.mpf("6.02214076e23")
    phi = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000 * (celsius + mp.mpf("273.15"))

    def current(V):
        w = z * V / phi
        if w == 0:
            return z * F * P * (c_in - c_out)
        return z * F * P * w * (c_in - c_out * mp.exp(-w)) / -mp.expm1(-w)

    slope = mp.diff(current, V, h=mp.mpf(10) ** -25)
    if c_out == 0 or c_in == 0:
        return current(V), slope, mp.mpf(0)
    E = phi / z * mp.log(c_out / c_in)
    return current(V), slope, current(V) / (V - E)


def cases():
    for ion in IONS.values():
        yield from ((*ion, "37", V) for V in VOLTAGES)
    yield from ((*IONS["K"][:2], *sides, "37", "-70") for sides in (("5", "0"), ("0", "140")))
    draw = random.Random(7)
    for _ in range(60):
        z = draw.choice([-3, -2, -1, 1, 2, 3])
        P, c_out, c_in = (
            f"{10 ** draw.uniform(a, b):.3e}" for a, b in ((-9, -4), (-5, 3), (-5, 3))
        )
        yield str(z), P, c_out, c_in, f"{draw.uniform(0, 40):.1f}", f"{draw.uniform(-200, 200):.3f}"


def main():
    mp.mp.dps = 2 * DIGITS
    with Path(__file__).with_name("currents.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["z", "P", "c_out", "c_in", "celsius", "V", "I", "g_slope", "g_chord"])
        for case in cases():
            table.writerow([*case, *(mp.nstr(x, SHOWN) for x in row(*case))])


if __name__ == "__main__":
    main()
