"""Make the golden derivatives: what fastrest's gradients must be, computed in 60 digits.

    python tests/golden/make_gradients.py

writes the *_gradient.csv files beside this script. Inputs are some of those of make_golden.py,
written as there; beside each stands d_<input>, the derivative of the potential in mV per unit of
that input with 20 digits, blank where it is not finite. None is taken from a formula for
derivatives: they are differences of the equations of make_golden.py, over steps so small that 30
digits are left, and with divalent ions differences of the currents, whose sum stays zero.
"""

import csv
from itertools import islice
from pathlib import Path

import make_golden as golden
import mpmath as mp

SHOWN = 20
STEP = mp.mpf(10) ** -20
#: file -> every how many-th of its cases is taken
FILES = {"ghk": 5, "divalent": 5, "chord": 4}


def difference(f, case, name):
    """The derivative of f(case) with respect to one input: error about STEP^2 in proportion."""
    x = mp.mpf(case[name])
    step = STEP * x if x else STEP
    return (f({**case, name: x + step}) - f({**case, name: x - step})) / (2 * step)


def explicit(potential, V, case, name):
    return difference(potential, case, name)


def implicit(potential, V, case, name):
    """dV = phi du, where du keeps the net GHK current at zero; V alone follows from phi."""
    unit = golden.phi(case["celsius"])
    if name == "celsius":
        return V / unit * difference(lambda c: golden.phi(c["celsius"]), case, name)
    u, ions = V / unit, golden.ions_of(case, "P")
    by_input = difference(lambda c: golden.ghk_current(u, golden.ions_of(c, "P")), case, name)
    by_u = difference(lambda c: golden.ghk_current(c["u"], ions), {"u": u}, "u")
    return -unit * by_input / by_u


def rows(file):
    """(case, texts of its derivatives by input) of one file, without those beyond 1 V."""
    _, cases, potential = golden.FILES[file]
    slope = implicit if file == "divalent" else explicit
    for case in islice(cases(), 0, None, FILES[file]):
        with mp.workdps(golden.DIGITS):
            try:
                V = potential(case)
            except (ZeroDivisionError, ValueError):
                continue  # no finite potential
            if not mp.isfinite(V) or abs(V) > golden.LARGEST_MV:
                continue
            slopes = {}
            for name in case:
                try:
                    found = slope(potential, V, case, name)
                except ZeroDivisionError:
                    continue  # of an ion that is on one side only, and has no conductance
                slopes[name] = mp.nstr(found, SHOWN, strip_zeros=False)
            yield case, slopes


def main():
    for file in FILES:
        inputs = golden.FILES[file][0]
        path = Path(__file__).with_name(f"{file}_gradient.csv")
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(
                out, [*inputs, *(f"d_{name}" for name in inputs)], lineterminator="\n"
            )
            writer.writeheader()
            for case, slopes in rows(file):
                values = {name: x.hex() for name, x in case.items()}
                writer.writerow({**values, **{f"d_{n}": text for n, text in slopes.items()}})


if __name__ == "__main__":
    main()
