"""Make ``quantiles.csv``: quantiles of the shipped distributions, computed in 60 digits.

    python tests/golden/make_quantiles.py

A row has a distribution as the command line writes it, a probability u as a double in hexadecimal,
and the value that is exceeded with probability 1 - u, with 30 digits. Nothing of fastrest is
imported. The arguments of a distribution are the doubles that their texts stand for.
"""

import csv
from pathlib import Path

import mpmath as mp

DIGITS = 60
SHOWN = 30
U = [2.0**-53, 2.0**-40, 1e-9, 0.001, 0.01, 0.02425, 0.07, 0.1, 0.25, 0.3, 0.5]
TEXTS = [
    "uniform:3,6",
    "uniform:-20,100",
    "loguniform:0.01,1",
    "loguniform:1e-12,1000",
    "triangular:1,2,5",
    "triangular:0,0,1",
    "triangular:-3,4,4",
    "normal:mean=5,sd=0.5",
    "normal:mean=0,sd=1",
    "normal:mean=5,sd=0.5,low=3",
    "normal:mean=5,sd=2,low=0,high=9",
    "normal:mean=37,sd=1,low=39,high=41",
    "normal:mean=37,sd=1,high=33",
    "normal:mean=5,sd=100,low=1,high=2",
    "lognormal:median=0.04,cv=0.5",
    "lognormal:median=140,cv=0.001",
    "lognormal:median=1,sigma_log=3",
]


def normal_cdf(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def normal_quantile(p):
    """Newton's method on the smaller tail, from the asymptotic series of its logarithm."""
    if p > mp.mpf(1) / 2:
        return -normal_quantile(1 - p)
    if p == mp.mpf(1) / 2:
        return mp.mpf(0)
    z = -mp.sqrt(-2 * mp.log(p)) if p < mp.mpf("0.05") else 2.5 * (p - mp.mpf(1) / 2)
    for _ in range(200):
        step = (mp.log(normal_cdf(z)) - mp.log(p)) * normal_cdf(z) / mp.npdf(z)
        z -= step
        if abs(step) < mp.mpf(10) ** (-DIGITS + 10):
            return z
    raise ArithmeticError(f"no quantile of {p}")


def arguments(text):
    family, _, rest = text.partition(":")
    words = [word.rpartition("=") for word in rest.split(",")]
    return family, {name or i: mp.mpf(float(x)) for i, (name, _, x) in enumerate(words)}


def quantile(text, u):
    family, given = arguments(text)
    if family == "uniform":
        return given[0] + (given[1] - given[0]) * u
    if family == "loguniform":
        return given[0] * (given[1] / given[0]) ** u
    if family == "triangular":
        low, mode, high = (given[i] for i in range(3))
        if u * (high - low) < mode - low:
            return low + mp.sqrt(u * (high - low) * (mode - low))
        return high - mp.sqrt((1 - u) * (high - low) * (high - mode))
    if family == "lognormal":
        sigma = given.get("sigma_log") or mp.sqrt(mp.log(1 + given["cv"] ** 2))
        return given["median"] * mp.exp(sigma * normal_quantile(u))
    mean, sd = given["mean"], given["sd"]
    below = normal_cdf((given["low"] - mean) / sd) if "low" in given else mp.mpf(0)
    upto = normal_cdf((given["high"] - mean) / sd) if "high" in given else mp.mpf(1)
    return mean + sd * normal_quantile(below + (upto - below) * u)


def main():
    mp.mp.dps = DIGITS
    with Path(__file__).with_name("quantiles.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["distribution", "u", "exact"])
        for text in TEXTS:
            for u in sorted({*U, *(1 - u for u in U)}):
                exact = mp.nstr(quantile(text, mp.mpf(u)), SHOWN)
                rows.writerow([text, float(u).hex(), exact])


if __name__ == "__main__":
    main()
