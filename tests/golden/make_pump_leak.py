"""Make ``pump_leak.csv``: steady states of cells that keep themselves, in 60 digits.

    python tests/golden/make_pump_leak.py

A row has the parameters as doubles in hexadecimal, the outputs of the steady state with 25 digits
(none where there is no steady state), and the derivatives of V, Na_in and X. The driving forces
come from the linear system by LU decomposition; every row is put back into the five statements
that define the state. Nothing of fastrest is imported.
"""

import csv
import random
from pathlib import Path

import mpmath as mp

NAMES = ("g_K", "g_Na", "g_Cl", "g_KCC", "g_NKCC", "K_out", "Na_out", "Cl_out", "X_out", "z_X")
NAMES = (*NAMES, "n_X", "celsius", "pump_max")
OUTPUTS = ("V", "Na_in", "K_in", "Cl_in", "X", "margin")
SLOPES_OF = ("V", "Na_in", "X")
#: g_Na, g_K, g_Cl, g_NKCC, g_KCC, current, Na_out, K_out, Cl_out, osmolarity, z_X, celsius
TEXTBOOK = [
    (0.01, 0.3, 0.2, 0, 0, 0.3, 145, 5, 150, 300, -1.5, 37),
    (0.01, 0.3, 0.2, 0, 0.1, 0.3, 145, 5, 150, 300, -0.85, 37),
    (0.01, 0.3, 0.2, 0.01, 0, 0.3, 145, 5, 150, 300, -0.85, 37),
    (0.01, 0.3, 0.2, 0.01, 0.1, 0.3, 145, 5, 150, 300, -0.85, 37),
    (0.003, 0.05, 0.05, 0, 0.02, 0.1, 138, 2.8, 119, 297, -0.85, 37),
    (0.02, 0.3, 0.2, 0, 0, 0.4, 145, 3, 140, 300, -1, 37),
    (0.02, 0.3, 0.2, 0, 0, 0, 145, 3, 140, 300, -1, 37),
    (0.02, 0.3, 0.2, 0, 0, 0, 145, 3, 140, 300, -3, 37),
    (0.02, 0.3, 0.2, 0, 0, 0, 145, 3, 140, 300, 0, 37),
    (0.02, 0.3, 0.2, 0, 0, 0.4, 145, 3, 140, 300, 1, 37),
    (0.02, 0.3, 0.2, 0, 0, 0.4, 145, 3, 140, 300, 1.5, 37),
    (0.02, 0.3, 0.2, 0, 0, 0.4, 145, 5, 150, 300, -1, 6.3),
    (0.02, 0.3, 0.2, 0, 0, 20, 145, 5, 150, 300, -1, 37),
]
GAS = mp.mpf("1.380649e-23") / mp.mpf("1.602176634e-19") * 1000
ZERO_CELSIUS = "273.15"


def steady_state(x):
    """Return the outputs by name, or None."""
    phi = GAS * (x["celsius"] + mp.mpf(ZERO_CELSIUS))
    q = x["pump_max"] / phi
    w, v = mp.matrix([1, 1, -2]), mp.matrix([0, 1, -1])
    system = mp.diag([x["g_Na"], x["g_K"], x["g_Cl"]])
    system += x["g_NKCC"] * w * w.T + x["g_KCC"] * v * v.T
    a_na, a_k, a_cl = mp.lu_solve(system, mp.matrix([-3 * q, 2 * q, 0]))
    total = x["Na_out"] + x["K_out"] + x["Cl_out"] + x["X_out"]
    S = x["Na_out"] * mp.exp(a_na) + x["K_out"] * mp.exp(a_k)
    C, z = x["Cl_out"] * mp.exp(-a_cl), x["z_X"]
    margin = 1 - 4 * S * C / total**2
    if margin <= 0:
        return None
    root = mp.sqrt((z * total) ** 2 + 4 * (1 - z**2) * S * C)
    theta = (
        (root - z * total) / (2 * (1 - z) * S) if z <= 0 else 2 * (1 + z) * C / (z * total + root)
    )
    found = {
        "V": -phi * mp.log(theta),
        "Na_in": x["Na_out"] * mp.exp(a_na) * theta,
        "K_in": x["K_out"] * mp.exp(a_k) * theta,
        "Cl_in": C / theta,
        "margin": margin,
    }
    found["X"] = total - found["Na_in"] - found["K_in"] - found["Cl_in"]
    check(x, found, phi)
    return found


def check(x, found, phi):
    """Put a steady state back into the statements that define it."""
    V = found["V"]
    forces = [
        V - z * phi * mp.log(x[f"{ion}_out"] / found[f"{ion}_in"])
        for ion, z in (("Na", 1), ("K", 1), ("Cl", -1))
    ]
    na, k, cl = forces
    nkcc, kcc = x["g_NKCC"] * (na + k - 2 * cl), x["g_KCC"] * (k - cl)
    pump = x["pump_max"]
    charge = found["Na_in"] + found["K_in"] - found["Cl_in"] + x["z_X"] * found["X"]
    residues = [
        x["g_Na"] * na + nkcc + 3 * pump,
        x["g_K"] * k + nkcc + kcc - 2 * pump,
        x["g_Cl"] * cl - 2 * nkcc - kcc,
        charge,
    ]
    scale = 1 + abs(V) * (x["g_K"] + x["g_Na"] + x["g_Cl"]) + 10 * (abs(pump) + found["X"])
    assert max(map(abs, residues)) < mp.mpf(10) ** (5 - mp.mp.dps) * scale * (1 + abs(x["z_X"]))


def cases():
    for g_Na, g_K, g_Cl, nkcc, kcc, pump, na, k, cl, total, z, celsius in TEXTBOOK:
        yield [g_K, g_Na, g_Cl, kcc, nkcc, k, na, cl, total - na - k - cl, z, 1.0, celsius, pump]
    draw = random.Random(15)
    base = [0.3, 0.01, 0.2, 0.1, 0.01, 5, 145, 150]
    for i in range(120):
        factor = draw.choice([1.5, 10, 1e3])
        values = [x * factor ** draw.uniform(-1, 1) for x in base]
        for j in (3, 4):
            values[j] *= draw.random() < 0.7
        values.append(draw.choice([0.0, draw.uniform(0, 300)]))
        z = draw.choice([0.0, -1.0, 1.0, *(draw.uniform(-3, -0.5) for _ in range(6)), 2.5])
        pump = values[1] * draw.uniform(-20, 60) if i % 10 else 0.0
        yield [*values, z, draw.uniform(10, 300), draw.uniform(0, 40), pump]


def slopes(x, of):
    """Return the derivatives of an output with respect to every parameter but n_X."""
    found = {}
    for name in NAMES:
        if name == "n_X":
            continue
        step = mp.mpf(10) ** -15 * max(abs(x[name]), mp.mpf("1e-3"))
        high, low = (steady_state({**x, name: x[name] + s}) for s in (step, -step))
        found[name] = (high[of] - low[of]) / (2 * step)
    return found


def main():
    mp.mp.dps = 60
    heads = [f"d_{of}_d_{name}" for of in SLOPES_OF for name in NAMES if name != "n_X"]
    with Path(__file__).with_name("pump_leak.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*NAMES, *OUTPUTS, *heads])
        for values in cases():
            x = dict(zip(NAMES, map(mp.mpf, map(float, values)), strict=True))
            found = steady_state(x)
            results = []
            if found:
                results = [mp.nstr(found[name], 25) for name in OUTPUTS]
                for of in SLOPES_OF:
                    results += [mp.nstr(d, 20) for d in slopes(x, of).values()]
            rows.writerow([*(float(v).hex() for v in values), *results])


if __name__ == "__main__":
    main()
