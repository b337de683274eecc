"""Make ``decay.csv``: exp(-a), 1 - exp(-a), B(y), s(y) and M(y), computed in 60 digits.

    python tests/golden/make_decay.py

B(y) = y/(exp(y) - 1), s(y) = -B'(-y), M(y) = (exp(y) - 1)/y and a = abs(y). A row has y as a double
in hexadecimal and the five values with 30 digits. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

SHOWN = 30
SPECIAL = [0.0, 5e-324, 1e-300, 1e-12, 0.34657359027997264, 0.6, 0.6000000000000001, 40.0, 699.9]


def values(y):
    """Return the five values for a double y, 0 included."""
    mp.mp.dps = 60 + (0 if y == 0 else max(0, -2 * int(mp.log10(abs(y)))))
    y = mp.mpf(y)
    if y == 0:
        return [mp.mpf(1), mp.mpf(0), mp.mpf(1), mp.mpf(1) / 2, mp.mpf(1)]
    grown = mp.expm1(y)
    minus = mp.expm1(-y)
    # B'(t) = (exp(t) - 1 - t exp(t))/(exp(t) - 1)**2, at t = -y
    share = -(minus + y * mp.exp(-y)) / minus**2
    return [mp.exp(-abs(y)), -mp.expm1(-abs(y)), y / grown, share, grown / y]


def main():
    draw = random.Random(14)
    sizes = [10 ** draw.uniform(-12, 2.8) for _ in range(400)]
    sizes += [draw.uniform(0, 2) for _ in range(300)]
    with Path(__file__).with_name("decay.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["y", "E", "one_minus_E", "B", "s", "M"])
        for size in [*SPECIAL, *sizes]:
            for y in (size, -size):
                rows.writerow([y.hex(), *(mp.nstr(value, SHOWN) for value in values(y))])


if __name__ == "__main__":
    main()
