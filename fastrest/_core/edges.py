"""Sorted numbers with an index, in which the kernels look potentials up."""

import math
from typing import Any

import numpy as np

from fastrest._core import equal_edges, pair_kernels


class SortedIndex:
    """Sorted numbers, and how many of them lie below each of many cells of equal width.

    Parameters
    ----------
    numbers : contiguous float64 ndarray
        Finite and increasing, at least one; not copied.

    Attributes
    ----------
    numbers : ndarray of float64
    scale : float
        Cells per unit: the cell of x is (x - numbers[0]) scale, cut off at 0 and `n_cells`.
    n_cells : int
    first : ndarray of int32, (n_cells + 2,)
        How many numbers lie in lower cells than this one.
    """

    def __init__(self, numbers: np.ndarray):
        low, high = numbers[0], numbers[-1]
        self.numbers = numbers
        self.n_cells = min(max(8 * len(numbers), 1024), 1 << 20)
        with np.errstate(over="ignore"):
            scale = self.n_cells / (high - low) if high > low else 0.0
        self.scale = float(scale) if np.isfinite(scale) else 0.0
        self.first = pair_kernels.index_numbers(numbers, self.scale, self.n_cells)


class Edges(SortedIndex):
    """Edges between which potentials are counted.

    Parameters
    ----------
    edges : ndarray of float64
        Finite and strictly increasing, at least one, mV.
    phi : float, optional
        RT/F in mV, if it is the same for all points: counts alone then need no logarithms.

    Attributes
    ----------
    ratios : ndarray of float64, or None
        exp(edge / phi).
    """

    def __init__(self, edges: np.ndarray, phi: float | None = None):
        if edges.dtype != np.float64 or edges.ndim != 1 or len(edges) == 0:
            raise ValueError("edges must be a 1-D array of float64, not empty")
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise ValueError("edges must be finite and increasing")
        super().__init__(np.ascontiguousarray(edges, np.float64))
        self.ratios: np.ndarray | None = None
        if phi is not None and np.abs(edges / phi).max() < 300:
            self.ratios = np.array([math.exp(edge / phi) for edge in edges])


#: The fewest edges that are counted by fractions, if they are equally spaced.
EQUAL = 24
#: Approximate times per number: of the index; of a walk; of a search in the index.
INDEX, WALK, SEARCH = 10.0, 1.5, 0.8
#: Numbers times edges in one call of a kernel, which takes some 20 ms.
AT_ONCE = 1 << 24


def count_pairs(
    phi: float,
    a: np.ndarray,
    b: np.ndarray,
    edges: np.ndarray,
    *,
    isa: str | None = None,
) -> np.ndarray:
    """Count potentials phi (a - b) below each edge, over all pairs of two arrays.

    Parameters
    ----------
    phi : float
    a, b : contiguous float64 ndarray
        Finite and increasing.
    edges : contiguous float64 ndarray
        Finite and increasing, mV.
    isa : str, optional
        Instruction set to use instead of the active one.

    Returns
    -------
    ndarray of int64
    """
    below = np.zeros(len(edges), np.int64)
    if not (len(a) and len(b)):
        return below
    if len(edges) >= EQUAL:
        found = equal_edges.count(phi, a, b, edges, isa=isa)
        if found is not None:
            return found
    indexed = INDEX * len(b) + SEARCH * len(a) * len(edges)
    walk = WALK * (len(a) + len(b)) * len(edges) < indexed
    kernel: Any = pair_kernels.walk_pairs if walk else pair_kernels.count_pairs
    second = b if walk else SortedIndex(b)
    step = max(1, AT_ONCE // (len(a) + walk * len(b)))  # Ctrl-C is seen between the calls
    for i in range(0, len(edges), step):
        some = slice(i, i + step)
        kernel(phi, a, second, edges[some], below[some], isa=isa)
    return below
