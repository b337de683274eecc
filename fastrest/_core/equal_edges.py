"""Counts of pairs below equally spaced edges, by fractions of the spacing.

In units of the spacing every number of both lists is a whole part and a fraction. The difference of
two whole parts is the number of the last edge that is not above the potential, or one more; the
order of the fractions tells which. The few pairs whose fractions are so close that rounding could
decide are compared with their edge.
"""

import math

import numpy as np

from fastrest._core import pair_kernels

#: Units of a fraction, and the largest error of one.
UNITS = 2.0**34
LARGEST_ERROR = 16 / UNITS
#: The most cells of the table of whole parts, and the most pairs with close fractions.
CELLS, CLOSE = 1 << 20, 1 << 18
#: The parts of a key: see fr_equal_scratch in fastrest.h.
SHIFT, IN_B, PLACE = np.uint64(30), np.uint64(1 << 29), np.uint64((1 << 29) - 1)


def count(
    phi: float, a: np.ndarray, b: np.ndarray, edges: np.ndarray, *, isa: str | None = None
) -> np.ndarray | None:
    """Count as `edges.count_pairs` does; None if the edges are not equally spaced, or too fine."""
    n = len(edges)
    spacing = float(edges[-1] - edges[0]) / (n - 1)
    unit, origin = phi / spacing, float(edges[0]) / spacing
    uneven = float(np.abs(edges / spacing - (origin + np.arange(n))).max())
    sizes = [float(np.abs(x[[0, -1]]).max()) * scale for x, scale in ((a, unit), (b, unit))]
    size = sum(sizes) + float(np.abs(edges[[0, -1]]).max()) / spacing
    error = 2.0**-48 * size + uneven
    if not error < LARGEST_ERROR:
        return None
    lowest = [math.floor(a[0] * unit - origin), math.floor(b[0] * unit)]
    origins = origin + lowest[0], float(lowest[1])
    n_bins = tuple(math.floor(x[-1] * unit - o) + 2 for x, o in zip((a, b), origins))
    if n_bins[0] * n_bins[1] > CELLS or max(len(a), len(b)) > PLACE:
        return None
    guard, first = math.ceil(error * UNITS) + 1, lowest[0] - lowest[1]
    below, keys, bins, close = pair_kernels.count_equally(
        a, b, unit, origins, (n_bins[0], n_bins[1]), first, n, guard, CLOSE, isa=isa
    )
    pairs = None if close is None else _close_pairs(keys, close, guard)
    if pairs is None:
        return None
    of_a, of_b, b_first = pairs
    i, j = (of_a & PLACE).astype(np.intp), (of_b & PLACE).astype(np.intp)
    whole = first + bins[i].astype(np.int64) - bins[len(a) + j]
    fraction = ((of_a >> SHIFT).astype(np.int64) - (of_b >> SHIFT).astype(np.int64)) / UNITS
    edge = whole + np.rint(fraction).astype(np.int64)
    counted = whole - ~b_first < edge
    near = (edge >= 0) & (edge < n)
    i, j, edge, counted = i[near], j[near], edge[near], counted[near]
    is_below = phi * (a[i] - b[j]) < edges[edge]
    np.add.at(below, edge, is_below.astype(np.int64) - counted)
    return below


def _close_pairs(
    keys: np.ndarray, close: np.ndarray, guard: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return pairs of keys of both lists with close fractions; None if they are too many.

    Fractions near 0 and near 1 are close, too.

    Parameters
    ----------
    keys : ndarray of uint64
        Sorted.
    close : ndarray of int
        Places of the keys that the next one is close to; the first key comes after the last.
    guard : int

    Returns
    -------
    of_a, of_b : ndarray of uint64
        The keys of the first list, and of the second.
    b_first : ndarray of bool
        True where the key of the second list comes first.
    """
    n = len(keys)
    found, total, first = [(keys[:0], keys[:0], keys[:0] > 0)], 0, close
    for step in range(1, n):
        other = first + step
        units = (keys[other % n] >> SHIFT) + np.uint64(UNITS) * (other >= n).astype(np.uint64)
        near = units - (keys[first] >> SHIFT) <= guard
        first, other = first[near], other[near]
        total += len(first)
        if not len(first) or total > CLOSE:
            break
        one, two = keys[first], keys[other % n]
        apart = (one ^ two) & IN_B != 0
        one, two, around = one[apart], two[apart], (other >= n)[apart]
        in_b = one & IN_B != 0
        found.append((np.where(in_b, two, one), np.where(in_b, one, two), in_b != around))
    if total > CLOSE:
        return None
    of_a, of_b, b_first = (np.concatenate(parts) for parts in zip(*found))
    return of_a, of_b, b_first
