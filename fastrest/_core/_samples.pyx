"""Samples, the quantile functions of their inputs, and sums over samples, by the C core.

This module knows no distributions: a quantile function is given by numbers, which
fastrest.h explains.
"""

import numpy as np

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport free

from fastrest._core._kernels cimport (
    FR_BAD_MODEL,
    FR_BITS,
    FR_BLOCK,
    FR_CHUNK,
    FR_LATIN,
    FR_MAX_COLUMNS,
    FR_MAX_LATIN_LOG2,
    FR_NORMAL,
    FR_PIECES,
    FR_PIECE_KEYS,
    FR_PIECE_TERMS,
    FR_RANDOM,
    FR_SOBOL,
    FR_TRIANGULAR,
    FR_UNIFORM,
    DrawnPoints,
    Equation,
    Inputs,
    allocated,
    check,
    fr_column,
    fr_error,
    fr_kernels,
    fr_pieces,
    fr_quantile,
    fr_sample,
    fr_sobol_sums_spec,
    is_native,
    kernels_of,
    line,
    sobol_sums_count,
    take,
)

from fastrest._core._kernels import STATUS, Draw

cnp.import_array()

BITS = FR_BITS
PIECE_TERMS = FR_PIECE_TERMS
METHODS = {"random": FR_RANDOM, "sobol": FR_SOBOL, "lhs": FR_LATIN}
MAX_POINTS = {"random": <int64_t>1 << 62, "sobol": <int64_t>1 << FR_BITS,
              "lhs": <int64_t>1 << FR_MAX_LATIN_LOG2}
BASES = {
    "uniform": FR_UNIFORM,
    "normal": FR_NORMAL,
    "triangular": FR_TRIANGULAR,
    "pieces": FR_PIECES,
}


cdef class Quantile:
    """The quantile function of an input, computed by the C core.

    Parameters
    ----------
    base : str
        The basic distribution: a key of ``BASES``. fastrest.h explains it and the other
        parameters.
    log : bool
        Whether the logarithm of the input has this distribution.
    offset, scale, a, b, c : float
        Numbers of fastrest.h's fr_quantile.
    low, high : float
        Bounds of the quantiles.
    pieces : ((breaks, terms), (breaks, terms)), optional
        Tables of the lower and the upper half, for base "pieces": float64 arrays of shapes
        (n + 1,) and (n, ``PIECE_TERMS``).
    """

    cdef fr_quantile quantile
    cdef object kept

    def __cinit__(self, str base not None, bint log, double offset, double scale, double a,
                  double b, double c, *, double low=-INFINITY, double high=INFINITY,
                  pieces=None):
        cdef fr_quantile *q = &self.quantile
        q.base = BASES[base]
        q.log, q.offset, q.scale, q.a, q.b, q.c = log, offset, scale, a, b, c
        q.low, q.high = low, high
        if (q.base == FR_PIECES) != (pieces is not None):
            raise ValueError("pieces must be given for base 'pieces', and for no other base")
        if pieces is not None:
            (lower, upper) = pieces
            self.kept = (self.tabulated(&q.lower, lower[0], lower[1]),
                         self.tabulated(&q.upper, upper[0], upper[1]))

    cdef tabulated(self, fr_pieces *pieces, cnp.ndarray breaks, cnp.ndarray terms):
        for array in (breaks, terms):
            if not is_native(array, cnp.NPY_DOUBLE) or not array.flags.c_contiguous:
                raise TypeError("pieces must be contiguous native float64")
        n = breaks.size - 1
        if n < 1 or breaks.ndim != 1 or (<object>terms).shape != (n, FR_PIECE_TERMS):
            raise ValueError(f"pieces must have shapes (n + 1,) and (n, {FR_PIECE_TERMS})")
        eighths = (8 + np.arange(FR_PIECE_KEYS) % 8) * 2.0 ** (np.arange(FR_PIECE_KEYS) // 8 - 56.0)
        cdef cnp.ndarray first = np.searchsorted(breaks, [*eighths, 0.5]).astype(np.int32)
        if breaks[-1] != 0.5 or (breaks[first] != [*eighths, 0.5]).any():
            raise ValueError("breaks must include every eighth of an octave from 2^-53 to 1/2")
        pieces.n = n
        pieces.breaks = <const double *>cnp.PyArray_DATA(breaks)
        pieces.terms = <const double *>cnp.PyArray_DATA(terms)
        pieces.first = <const int32_t *>cnp.PyArray_DATA(first)
        return breaks, terms, first

    def __call__(self, u, v, *, isa=None):
        """Return the quantiles at probabilities u in (0, 1) and v = 1 - u: 1-D arrays."""
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef cnp.ndarray below = np.ascontiguousarray(u, np.float64)
        cdef cnp.ndarray above = np.ascontiguousarray(v, np.float64)
        if below.ndim != 1 or not cnp.PyArray_SAMESHAPE(below, above):
            raise ValueError("u and v must be 1-D arrays of one length")
        cdef cnp.ndarray x = np.empty(below.shape[0])
        with nogil:
            kernels.quantiles(&self.quantile, <const double *>cnp.PyArray_DATA(below),
                              <const double *>cnp.PyArray_DATA(above), below.shape[0],
                              <double *>cnp.PyArray_DATA(x))
        return x


def normal_tails(double z, isa=None):
    """Return the probabilities of the standard normal distribution below and above z."""
    cdef double lower, upper
    kernels_of(isa).normal_tails(z, &lower, &upper)
    return lower, upper


def all_normal_tails(cnp.ndarray z not None, isa=None):
    """Return the probabilities below and above each of an array's values, as `normal_tails`."""
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef cnp.ndarray points = np.ascontiguousarray(z, np.float64)
    cdef cnp.ndarray lower = np.empty_like(points), upper = np.empty_like(points)
    cdef const double *data = <const double *>cnp.PyArray_DATA(points)
    cdef double *below = <double *>cnp.PyArray_DATA(lower)
    cdef double *above = <double *>cnp.PyArray_DATA(upper)
    cdef Py_ssize_t i, n = points.size
    with nogil:
        for i in range(n):
            kernels.normal_tails(data[i], &below[i], &above[i])
    return lower, upper


cdef class Sample(DrawnPoints):
    """A sample of random inputs: each point is a function of its number, and none is stored.

    Parameters
    ----------
    method : str
        A key of ``METHODS``.
    n_points : int
        Number of points.
    quantiles : list of Quantile
        Quantile function of each input.
    key : int
        Key of the random numbers for "random" and "lhs", of 64 bits.
    directions, shifts : ndarray of uint64, of shapes (inputs, BITS) and (inputs,)
        Direction numbers and digital shifts for "sobol".
    cholesky : ndarray of float64 of shape (inputs, inputs), optional
        Cholesky factor, lower triangular, of the correlation of the inputs' normal scores.
    derived : ndarray of float64 of shape (derived, 1 + inputs), optional
        Derived inputs: a constant, then one factor for each input. They are numbered after the
        others.
    """

    cdef fr_quantile quantiles[FR_MAX_COLUMNS]
    cdef object kept

    def __cinit__(self, str method not None, Py_ssize_t n_points, list quantiles not None, *,
                  uint64_t key=0, cnp.ndarray directions=None, cnp.ndarray shifts=None,
                  cnp.ndarray cholesky=None, cnp.ndarray derived=None):
        cdef fr_sample *sample = &self.points
        cdef int k
        n, more = len(quantiles), 0 if derived is None else len(derived)
        sample.method = METHODS[method]
        if not 1 <= n <= FR_MAX_COLUMNS - more or n_points < 1:
            raise ValueError(f"a sample needs 1 to {FR_MAX_COLUMNS} inputs and at least one point")
        if n_points > MAX_POINTS[method]:
            raise ValueError(f"at most {MAX_POINTS[method]} points, got {n_points}")
        for array, typenum, shape in ((directions, cnp.NPY_UINT64, (n, FR_BITS)),
                                      (shifts, cnp.NPY_UINT64, (n,)),
                                      (cholesky, cnp.NPY_DOUBLE, (n, n)),
                                      (derived, cnp.NPY_DOUBLE, (more, 1 + n))):
            if array is not None and (not is_native(array, typenum) or array.shape != shape
                                      or not array.flags.c_contiguous):
                raise ValueError(f"arrays must be contiguous, native, and of shape {shape}")
        if method == "sobol":
            if directions is None or shifts is None:
                raise ValueError("'sobol' needs directions and shifts")
            sample.directions = <const uint64_t *>cnp.PyArray_DATA(directions)
            sample.shifts = <const uint64_t *>cnp.PyArray_DATA(shifts)
        if cholesky is not None:
            sample.cholesky = <const double *>cnp.PyArray_DATA(cholesky)
        if derived is not None:
            sample.derived = <const double *>cnp.PyArray_DATA(derived)
        for k in range(n):
            self.quantiles[k] = (<Quantile?>quantiles[k]).quantile
        sample.n_inputs, sample.n_derived = n, more
        sample.n_points, sample.quantiles = n_points, self.quantiles
        sample.key[0], sample.key[1] = <uint32_t>key, <uint32_t>(key >> 32)
        self.kept = quantiles, directions, shifts, cholesky, derived

    @property
    def n_inputs(self):
        """The number of inputs, including derived inputs."""
        return self.points.n_inputs + self.points.n_derived

    def draw(self, Py_ssize_t start, Py_ssize_t count, cnp.ndarray out=None, *, isa=None):
        """Return all inputs at the points [start, start + count), of shape (inputs, count).

        If `out` is given, a contiguous array of shape (inputs, count) or longer, they are views
        of it.
        """
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef double *x[FR_MAX_COLUMNS]
        cdef int k
        if start < 0 or count < 0 or start > self.points.n_points - count:
            raise ValueError("start and count must lie within the sample")
        cdef cnp.ndarray found = np.empty((self.n_inputs, count)) if out is None else out
        if (not is_native(found, cnp.NPY_DOUBLE) or not cnp.PyArray_ISCARRAY(found)
                or found.ndim != 2 or len(found) != self.n_inputs or found.shape[1] < count):
            raise ValueError(f"out must be contiguous float64 of shape ({self.n_inputs}, {count})")
        for k in range(self.n_inputs):
            x[k] = <double *>cnp.PyArray_DATA(found) + k * found.shape[1]
        with nogil:
            kernels.draw(&self.points, start, count, x)
        return found[:, :count]

    def draw_at(self, cnp.ndarray points not None, *, isa=None):
        """Return all inputs at the points of given numbers, of shape (inputs, len(points))."""
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef double *x[FR_MAX_COLUMNS]
        cdef Py_ssize_t i, n = points.size
        cdef int k, n_inputs = self.n_inputs
        if not is_native(points, cnp.NPY_INT64) or points.ndim != 1:
            raise TypeError("points must be a 1-D array of int64")
        if n and not 0 <= points.min() <= points.max() < self.points.n_points:
            raise ValueError("points must lie within the sample")
        cdef cnp.ndarray found = np.empty((n_inputs, n))
        cdef cnp.ndarray plain = np.ascontiguousarray(points)
        cdef const int64_t *numbers = <const int64_t *>cnp.PyArray_DATA(plain)
        cdef double *data = <double *>cnp.PyArray_DATA(found)
        with nogil:
            for i in range(n):
                for k in range(n_inputs):
                    x[k] = data + k * n + i
                kernels.draw(&self.points, numbers[i], 1, x)
        return found

    def column(self, int input):
        """Return an input as a column of an equation."""
        if not 0 <= input < self.n_inputs:
            raise IndexError(input)
        return Draw(self, input)


# ---- sums over two samples ----

def pick_freeze(Equation equation not None, list columns_a not None, list columns_b,
                list inputs not None, Py_ssize_t start, Py_ssize_t count, *, int n_inputs,
                list parts=None, between=None, double pivot=0.0, bint second=False, logs=None,
                isa=None):
    """Compute sums over two samples, from which sensitivity indices are estimated.

    Parameters
    ----------
    equation : Equation
        The equation; it must have derivatives.
    columns_a, columns_b : list of ndarray, float or Draw
        Columns as for `Equation.points`: two samples of the same inputs. If `columns_b` is None,
        only sums over the first sample are computed.
    inputs : list of int
        Number of the input of each column, or -1.
    start, count : int
        The range of points.
    n_inputs : int
        Number of inputs, including inputs without a column; or of their groups.
    parts : list of int, optional
        Number of the group of each input: its inputs are taken together.
    between : (float, float), optional
        Range of potentials: its indicator takes the place of the potential.
    pivot : float
        Number that is subtracted from the potential or indicator.
    second : bool
        Whether to compute the sums for indices of second order.
    logs : list of bool, optional
        Whether each input is differentiated by its logarithm. If it is None, no derivatives
        are computed.
    isa : str, optional
        Instruction set to use instead of the active one.

    Returns
    -------
    invalid : ndarray of int64, (8,)
        Numbers of points that are left out, by the lowest bit of their status.
    sums : ndarray of float64, (sums, 2)
        Sums and their rounding errors, in the order of fastrest.h.
    """
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef Inputs a, b
    cdef fr_sobol_sums_spec spec
    cdef int c_logs[FR_MAX_COLUMNS]
    cdef int c_parts[FR_MAX_COLUMNS]
    cdef fr_error error
    cdef int k
    take(equation, columns_a, &a)
    if columns_b is not None:
        take(equation, columns_b, &b)
    cdef const fr_column *c_b = NULL if columns_b is None else b.columns
    if len(inputs) != equation.n_columns:
        raise ValueError(f"inputs must have {equation.n_columns} numbers, got {len(inputs)}")
    if not 1 <= n_inputs <= FR_MAX_COLUMNS:
        raise ValueError(f"n_inputs must be 1 ... {FR_MAX_COLUMNS}, got {n_inputs}")
    for k in range(equation.n_columns):
        a.columns[k].input = b.columns[k].input = inputs[k]
    spec.n_inputs = n_inputs
    spec.indicator = between is not None
    spec.low, spec.high = between or (0.0, 0.0)
    spec.pivot, spec.second, spec.logs, spec.parts = pivot, second, NULL, NULL
    if parts is not None:
        if not max(inputs) < len(parts) <= FR_MAX_COLUMNS or min(parts) < 0:
            raise ValueError(f"parts must have a number >= 0 for each input, got {parts}")
        for k in range(<int>len(parts)):
            c_parts[k] = parts[k]
        spec.parts = c_parts
    if logs is not None:
        if len(logs) != spec.n_inputs:
            raise ValueError(f"logs must have {spec.n_inputs} elements, got {len(logs)}")
        for k in range(spec.n_inputs):
            c_logs[k] = bool(logs[k])
        spec.logs = c_logs
    cdef cnp.ndarray invalid = np.zeros(len(STATUS), np.int64)
    cdef cnp.ndarray sums = np.zeros((sobol_sums_count(&spec, c_b != NULL), 2))
    cdef void *scratch = allocated(kernels.scratch_bytes)
    with nogil:
        error = kernels.pick_freeze(&equation.model, &a.layout, a.columns, &b.layout, c_b,
                                    start, count, &spec, scratch,
                                    <int64_t *>cnp.PyArray_DATA(invalid),
                                    <double *>cnp.PyArray_DATA(sums))
        free(scratch)
    if error == FR_BAD_MODEL:
        raise ValueError(f"{equation.name} has no derivatives")
    check(error)
    return invalid, sums


def products(cnp.ndarray x not None, cnp.ndarray centre not None, cnp.ndarray scale not None, *,
             isa=None):
    """Sum up scaled inputs, and products of two of them.

    Parameters
    ----------
    x : ndarray of shape (n_inputs, n)
        Native float64; its rows are contiguous, and n is from 1 to ``_kernels.BLOCK``.
    centre, scale : ndarray of shape (n_inputs,)
        (x - centre) / scale is summed up.
    isa : str, optional
        Instruction set to use instead of the active one.

    Returns
    -------
    ndarray of shape (n_inputs + n_inputs (n_inputs + 1) / 2, 3)
        Pivot, sum of the differences from it, and rounding error of that sum: of each input, then
        of the products of each input with itself and with those after it.
    """
    cdef const fr_kernels *kernels = kernels_of(isa)
    cdef int k, n_inputs
    cdef ptrdiff_t n
    if not is_native(x, cnp.NPY_DOUBLE) or x.ndim != 2:
        raise TypeError("x must be native float64 of two dimensions")
    n_inputs, n = <int>x.shape[0], x.shape[1]
    if not (1 <= n_inputs <= FR_MAX_COLUMNS and 1 <= n <= FR_BLOCK):
        raise ValueError(f"x must have 1 to {FR_MAX_COLUMNS} rows and 1 to {FR_BLOCK} columns, "
                         f"got {n_inputs} and {n}")
    if n > 1 and x.strides[1] != sizeof(double):
        raise ValueError("x must have contiguous rows")
    cdef const double *c_centre = <const double *>line(centre, cnp.NPY_DOUBLE, n_inputs)
    cdef const double *c_scale = <const double *>line(scale, cnp.NPY_DOUBLE, n_inputs)
    cdef int n_products = n_inputs + n_inputs * (n_inputs + 1) // 2
    cdef cnp.ndarray sums = np.empty((n_products, 3))
    cdef double *c_sums = <double *>cnp.PyArray_DATA(sums)
    cdef const double *rows[FR_MAX_COLUMNS]
    for k in range(n_inputs):
        rows[k] = <const double *>(<char *>cnp.PyArray_DATA(x) + k * x.strides[0])
    cdef void *scratch = allocated(n_products * kernels.product_bytes
                                   + (n_inputs + 1) * FR_CHUNK * sizeof(double))
    with nogil:
        kernels.products(rows, n_inputs, n, c_centre, c_scale, scratch, c_sums)
        free(scratch)
    return sums
