"""The binding of the kernels for pairs: potentials phi (a - b) over all pairs of two lists.

The lists are contiguous float64 arrays of finite, increasing logarithms; phi is RT/F in mV. Edges
are contiguous, finite, increasing potentials in mV, and counts are contiguous int64 arrays of their
length. Every function takes `isa`, an instruction set to use instead of the active one.
"""

import numpy as np

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint64_t

from fastrest._core._kernels cimport (
    fr_equal_edges,
    fr_equal_scratch,
    fr_kernels,
    kernels_of,
    line,
)


cnp.import_array()


# arguments of one C call
cdef struct Lists:
    const double *a
    const double *b
    Py_ssize_t n_a, n_b


cdef int take(double phi, cnp.ndarray a, cnp.ndarray b, Lists *lists) except -1:
    """Check phi and both lists, and set their pointers."""
    lists.n_a, lists.n_b = len(a), len(b)
    if lists.n_b < 1 or not phi > 0.0:
        raise ValueError("b needs a number, and phi must be > 0")
    lists.a = <const double *>line(a, cnp.NPY_DOUBLE, lists.n_a)
    lists.b = <const double *>line(b, cnp.NPY_DOUBLE, lists.n_b)
    return 0


def index_numbers(cnp.ndarray numbers not None, double scale, int n_cells, *, isa=None):
    """Return how many numbers lie below each cell: see `edges.SortedIndex`."""
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Py_ssize_t n = len(numbers)
    if not (1 <= n < 2**31 and 1 <= n_cells < 2**30 and 0.0 <= scale < INFINITY):
        raise ValueError("an index needs numbers and cells, and a scale that is finite and >= 0")
    cdef cnp.ndarray first = np.empty(n_cells + 2, np.int32)
    cdef const double *c_numbers = <const double *>line(numbers, cnp.NPY_DOUBLE, n)
    cdef int32_t *c_first = <int32_t *>cnp.PyArray_DATA(first)
    with nogil:
        kernels.index_numbers(c_numbers, n, scale, n_cells, c_first)
    return first


def count_pairs(double phi, cnp.ndarray a not None, b not None, cnp.ndarray edges not None,
                cnp.ndarray below not None, *, isa=None):
    """Add the number of potentials below each edge to `below`; b is an `edges.SortedIndex`."""
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Lists lists
    cdef Py_ssize_t n_edges = len(edges)
    cdef double scale = b.scale
    cdef int32_t n_cells = b.n_cells
    take(phi, a, b.numbers, &lists)
    if n_cells < 1 or not 0.0 <= scale < INFINITY:
        raise ValueError("the index needs a cell, and a scale that is finite and >= 0")
    cdef const int32_t *first = <const int32_t *>line(b.first, cnp.NPY_INT32, n_cells + 2)
    cdef const double *c_edges = <const double *>line(edges, cnp.NPY_DOUBLE, n_edges)
    cdef int64_t *c_below = <int64_t *>line(below, cnp.NPY_INT64, n_edges)
    with nogil:
        kernels.count_pairs(phi, lists.a, lists.n_a, lists.b, lists.n_b, scale, n_cells, first,
                            c_edges, n_edges, c_below)


def walk_pairs(double phi, cnp.ndarray a not None, cnp.ndarray b not None,
               cnp.ndarray edges not None, cnp.ndarray below not None, *, isa=None):
    """Add the number of potentials below each edge to `below`: faster for a few edges."""
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Lists lists
    cdef Py_ssize_t n_edges = len(edges)
    take(phi, a, b, &lists)
    cdef const double *c_edges = <const double *>line(edges, cnp.NPY_DOUBLE, n_edges)
    cdef int64_t *c_below = <int64_t *>line(below, cnp.NPY_INT64, n_edges)
    with nogil:
        kernels.walk_pairs(phi, lists.a, lists.n_a, lists.b, lists.n_b, c_edges, n_edges, c_below)


def list_pairs(double phi, cnp.ndarray a not None, cnp.ndarray b not None, double low,
               double high, *, isa=None):
    """Return the potentials low <= V < high, in no order."""
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Lists lists
    cdef int64_t below[2]
    cdef double ends[2]
    take(phi, a, b, &lists)
    if not low <= high:
        raise ValueError(f"low <= high must hold, got {low} and {high}")
    ends[0], ends[1] = low, high
    below[0] = below[1] = 0
    with nogil:
        kernels.walk_pairs(phi, lists.a, lists.n_a, lists.b, lists.n_b, ends, 2, below)
    cdef cnp.ndarray found = np.empty(below[1] - below[0])
    cdef double *c_found = <double *>cnp.PyArray_DATA(found)
    with nogil:
        kernels.list_pairs(phi, lists.a, lists.n_a, lists.b, lists.n_b, low, high, c_found)
    return found


def count_equally(cnp.ndarray a not None, cnp.ndarray b not None, double unit,
                  tuple origins not None, tuple n_bins not None, int64_t first, Py_ssize_t n_edges,
                  uint64_t guard, Py_ssize_t room, *, isa=None):
    """Count potentials between equally spaced edges: see `equal_edges.count`.

    Returns
    -------
    below : ndarray of int64, (n_edges,)
    keys : ndarray of uint64
        The keys of both lists, sorted.
    bins : ndarray of int32
        The whole parts of both lists.
    close : ndarray of int64, or None
        Places of the keys that the next one is close to; None if there is no room for them.
    """
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Lists lists
    cdef fr_equal_edges q
    cdef fr_equal_scratch s
    cdef Py_ssize_t n_close
    take(1.0, a, b, &lists)
    q.a, q.b, q.n_a, q.n_b = lists.a, lists.b, lists.n_a, lists.n_b
    q.unit, (q.origin_a, q.origin_b), (q.n_bins_a, q.n_bins_b) = unit, origins, n_bins
    q.first, q.n_edges, q.guard, q.room = first, n_edges, guard, room
    if q.n_edges < 1 or room < 0 or not 0 < q.n_a < 2**29 > q.n_b:
        raise ValueError("edges, and from 1 to 2**29 - 1 numbers, are needed")
    for number, origin, n in zip((a[-1], b[-1]), origins, n_bins):
        if not number * unit - origin < n:
            raise ValueError(f"the last number must lie in the last of {n} bins")
    cdef cnp.ndarray keys = np.empty((2, q.n_a + q.n_b), np.uint64)
    cdef cnp.ndarray bins = np.empty(q.n_a + q.n_b, np.int32)
    cdef cnp.ndarray starts = np.empty(1 << 12, np.int64)
    cdef cnp.ndarray counts = np.empty(q.n_bins_a + q.n_bins_b, np.int64)
    cdef cnp.ndarray table = np.empty((q.n_bins_a, q.n_bins_b), np.int64)
    cdef cnp.ndarray close = np.empty(room, np.int64)
    cdef cnp.ndarray between = np.zeros(n_edges + 1, np.int64)
    cdef int64_t *c_between = <int64_t *>cnp.PyArray_DATA(between)
    s.keys[0] = <uint64_t *>cnp.PyArray_DATA(keys)
    s.keys[1] = s.keys[0] + q.n_a + q.n_b
    s.bins = <int32_t *>cnp.PyArray_DATA(bins)
    s.starts = <int64_t *>cnp.PyArray_DATA(starts)
    s.counts = <int64_t *>cnp.PyArray_DATA(counts)
    s.table = <int64_t *>cnp.PyArray_DATA(table)
    s.close = <int64_t *>cnp.PyArray_DATA(close)
    with nogil:
        n_close = kernels.count_equally(&q, &s, c_between)
    return np.cumsum(between[:-1]), keys[0], bins, None if n_close < 0 else close[:n_close]
