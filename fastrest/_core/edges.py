"""Sorted numbers with an index, in which the kernels look potentials up."""

import math

import numpy as np

from fastrest._core import _kernels


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
        with np.errstate(over="ignore", invalid="ignore"):
            scale = self.n_cells / (high - low) if high > low else 0.0
            self.scale = float(scale) if np.isfinite(scale) else 0.0
            cells = (numbers - low) * self.scale
        cells = np.minimum(np.where(cells > 0.0, cells, 0.0), self.n_cells).astype(np.int32)
        self.first = np.zeros(self.n_cells + 2, np.int32)
        np.cumsum(np.bincount(cells, minlength=self.n_cells + 1), out=self.first[1:])


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


def count_pairs(
    phi: float,
    a: np.ndarray,
    b: np.ndarray,
    edges: np.ndarray,
    below: np.ndarray,
    *,
    isa: str | None = None,
) -> None:
    """Count potentials phi (a - b) below each edge, over all pairs of two arrays.

    Parameters
    ----------
    phi : float
    a, b : contiguous float64 ndarray
        Finite and increasing.
    edges : contiguous float64 ndarray
        Finite and increasing, mV.
    below : contiguous int64 ndarray of the shape of `edges`
        The counts are added to it.
    isa : str, optional
        Instruction set to use instead of the active one.
    """
    if len(a) and len(b):
        _kernels.count_pairs(phi, a, SortedIndex(b), edges, below, isa=isa)
