"""The Gaussian copula of correlated inputs.

The arithmetic is plain and in a fixed order, so that the bits of the Cholesky factor, and with it
of samples, are the same on every machine.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.arrays import as_float
from fastrest._core.validation import unknown

#: Least part of an input's variance that the correlations with the other inputs leave free.
LEAST_FREE = 1e-10


def checked_pairs(names: tuple[str, ...], correlation: Any) -> dict[tuple[str, str], float]:
    """Return the correlations other than 0 by pair of names, in the order of the names."""
    if correlation is None:
        return {}
    if not isinstance(correlation, Mapping):
        raise TypeError(
            f'correlation must be a mapping, as {{("K_out", "Na_out"): -0.8}}, got {correlation!r}'
        )
    given: dict[tuple[str, str], float] = {}
    for pair, value in correlation.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"correlation: a key must be a pair of names, got {pair!r}")
        for name in pair:
            if name not in names:
                raise ValueError(f"correlation: {unknown('input', name, names)}")
        if pair[0] == pair[1]:
            raise ValueError(f"correlation: a pair must be of two inputs, got {pair!r}")
        a, b = sorted(pair, key=names.index)
        rho = as_float(f"correlation of {a} and {b}", value)
        if not -1 < rho < 1:
            raise ValueError(f"correlation of {a} and {b} must be > -1 and < 1, got {rho!r}")
        if given.setdefault((a, b), rho) != rho:
            raise ValueError(f"correlation of {a} and {b} is given as {given[a, b]!r} and {rho!r}")
    ordered = sorted(given, key=lambda pair: (names.index(pair[0]), names.index(pair[1])))
    return {pair: given[pair] for pair in ordered if given[pair] != 0}


def _pearson(spearman: float) -> float:
    """Return the correlation of normal variables with a rank correlation, 2 sin(pi rho / 6)."""
    x = math.pi * spearman / 6
    term = total = x
    for k in range(1, 9):  # |x| <= pi/6: the next term is below 1e-20
        term *= -x * x / ((2 * k) * (2 * k + 1))
        total += term
    return 2 * total


def cholesky_factor(names: tuple[str, ...], pairs: Mapping[tuple[str, str], float]) -> np.ndarray:
    """Return the Cholesky factor of the copula, or raise the error for impossible correlations."""
    n = len(names)
    found = [[0.0] * n for _ in names]
    for i in range(n):
        for j in range(i + 1):
            rest = 1.0 if i == j else _pearson(pairs.get((names[j], names[i]), 0.0))
            for k in range(j):
                rest -= found[i][k] * found[j][k]
            if i > j:
                found[i][j] = rest / found[j][j]
            elif rest > LEAST_FREE:
                found[i][i] = math.sqrt(rest)
            else:
                raise ValueError(
                    f"impossible correlations: those of {', '.join(names[:i])} with each other "
                    f"and with {names[i]} contradict each other"
                )
    triangle = np.array(found)
    triangle.flags.writeable = False
    return triangle
