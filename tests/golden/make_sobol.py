"""Make the golden Sobol' indices: what exact indices must be, computed in 30 digits.

    python tests/golden/make_sobol.py

writes sobol.csv beside this script: for each set of distributions, in the text form of the command
line, the mean (mV) and the variance (mV^2) of the potential of CELL, and the indices, with 20
digits. They come from their definitions, means and variances of conditional means, by brute force:
V on all combinations of so many points of each input that half as many give the same. Nothing of
fastrest is imported. Takes five minutes.
"""

import csv
import itertools
from pathlib import Path

import make_golden as golden
import mpmath as mp
import numpy as np
from mpmath.calculus.quadrature import GaussLegendre

mp.mp.dps = 30
SHOWN = 20
CELL = {
    "P_K": 1.0, "P_Na": 0.04, "P_Cl": 0.45, "K_out": 5.0, "Na_out": 145.0, "Cl_out": 110.0,
    "K_in": 140.0, "Na_in": 15.0, "Cl_in": 7.0, "celsius": 37.0, "pump_ratio": 1.0,
}  # fmt: skip
#: A normal distribution ends here, in sd: beyond is 1e-26 of it.
END = 10.5

CASES = [
    {"K_out": ("uniform", 3.0, 6.0), "P_Na": ("uniform", 0.01, 0.1)},
    {"P_Na": ("lognormal", 0.04, 0.5), "K_in": ("uniform", 100.0, 150.0)},
    {"P_K": ("loguniform", 0.5, 2.0), "Na_in": ("triangular", 5.0, 10.0, 40.0)},
    {"celsius": ("uniform", 20.0, 40.0), "K_out": ("normal", 5.0, 1.0, 2.0, 9.0)},
    {"K_in": ("uniform", 70.0, 150.0), "celsius": ("triangular", 6.0, 20.0, 37.0)},
    {
        "P_Na": ("lognormal", 0.04, 0.5),
        "K_out": ("uniform", 2.0, 12.0),
        "Cl_out": ("triangular", 60.0, 110.0, 120.0),
    },
    {
        "pump_ratio": ("uniform", 1.0, 1.5),
        "K_in": ("uniform", 70.0, 150.0),
        "celsius": ("uniform", 33.0, 39.0),
    },
]


def text(family, arguments):
    """The form of the command line."""
    names = {"lognormal": ("median", "cv"), "normal": ("mean", "sd", "low", "high")}.get(family)
    words = [f"{x:g}" for x in arguments]
    return f"{family}:" + ",".join(map("=".join, zip(names, words)) if names else words)


def panels(edges, degree):
    """Gauss-Legendre points and weights on panels, 3 2^(degree - 1) on each."""
    rule = GaussLegendre(mp.mp).calc_nodes(degree, mp.mp.prec)
    for low, high in itertools.pairwise(map(mp.mpf, edges)):
        for x, w in rule:
            yield (low + high) / 2 + (high - low) / 2 * x, (high - low) / 2 * w


def points(family, arguments, degree):
    """Values of an input, and their weights."""
    if family == "uniform":
        found = [(x, w) for x, w in panels(arguments, degree)]
    elif family == "loguniform":
        logs = [mp.log(mp.mpf(x)) for x in arguments]
        found = [(mp.exp(y), w) for y, w in panels(logs, degree)]
    elif family == "triangular":
        low, mode, high = map(mp.mpf, arguments)
        found = [
            (x, w * ((x - low) / (mode - low) if x < mode else (high - x) / (high - mode)))
            for x, w in panels((low, mode, high), degree)
        ]
    elif family == "normal":
        mean, sd, low, high = map(mp.mpf, arguments)
        found = [(x, w * mp.npdf(x, mean, sd)) for x, w in panels((low, mean, high), degree)]
    else:
        median, cv = map(mp.mpf, arguments)
        sigma = mp.sqrt(mp.log(1 + cv**2))
        edges = np.linspace(-END, END, 8).tolist()
        found = [(median * mp.exp(sigma * y), w * mp.npdf(y)) for y, w in panels(edges, degree)]
    total = sum(w for _, w in found)
    return [x for x, _ in found], np.array([w / total for _, w in found])


def indices(case, degree):
    """Mean, variance and indices, by name."""
    names = list(case)
    inputs = {name: points(family, given, degree) for name, (family, *given) in case.items()}
    grid = itertools.product(*(x for x, _ in inputs.values()))
    V = np.array([golden.ghk({**CELL, **dict(zip(names, row))}) for row in grid])
    V = V.reshape([len(x) for x, _ in inputs.values()])

    def mean_over(array, others):
        """Mean over some inputs, for each value of the rest."""
        for d in sorted(map(names.index, others), reverse=True):
            array = np.tensordot(array, inputs[names[d]][1], axes=(d, 0))
        return array

    def part(some):
        """Variance of the mean of V, given some inputs."""
        square = mean_over(V, [n for n in names if n not in some]) ** 2
        for name in reversed([n for n in names if n in some]):
            square = square @ inputs[name][1]
        return square - mean**2

    mean = mean_over(V, names)[()]
    variance = part(names)
    first = {name: part([name]) / variance for name in names}
    found = {"mean": mean, "variance": variance}
    found.update({f"S1 {name}": value for name, value in first.items()})
    for name in names:
        found[f"ST {name}"] = 1 - part([n for n in names if n != name]) / variance
    for a, b in itertools.combinations(names, 2):
        found[f"S2 {a} {b}"] = part([a, b]) / variance - first[a] - first[b]
    return found


def main():
    with Path(__file__).with_name("sobol.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["inputs", "index", "exact"])
        for case in CASES:
            found, check = indices(case, 5), indices(case, 4)
            said = " ".join(f"{n}={text(family, given)}" for n, (family, *given) in case.items())
            for name, value in found.items():
                assert abs(value - check[name]) < mp.mpf(10) ** -18 * max(1, abs(value)), name
                writer.writerow([said, name, mp.nstr(value, SHOWN, strip_zeros=False)])


if __name__ == "__main__":
    main()
