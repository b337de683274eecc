"""The border between Python and the C core: arguments in, one C call without the GIL, status out.

No physics and no defaults here; loops run over columns, never over points.
"""

import os
from math import exp
from operator import index

import numpy as np

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset


cdef extern from "<fenv.h>" nogil:
    int FE_ALL_EXCEPT
    int feclearexcept(int)


cnp.import_array()
cnp.import_umath()

MAX_IONS = FR_MAX_IONS
MAX_DIMS = FR_MAX_DIMS
BLOCK = FR_BLOCK
BITS = FR_BITS
MAX_POINTS = {"random": <int64_t>1 << 62, "sobol": <int64_t>1 << FR_BITS,
              "lhs": <int64_t>1 << FR_MAX_LATIN_LOG2}
PIECE_TERMS = FR_PIECE_TERMS
KELVIN_AT_0_CELSIUS = FR_KELVIN_AT_0_CELSIUS
PHI_PER_KELVIN = FR_PHI_PER_KELVIN
CELSIUS_RANGE = (FR_CELSIUS_MIN, FR_CELSIUS_MAX)

#: status bits of the C core by name; fastrest.Status is compared with them in the tests
STATUS = {
    "NOT_FINITE": FR_NOT_FINITE,
    "NEGATIVE": FR_NEGATIVE,
    "TEMPERATURE": FR_TEMPERATURE,
    "NO_PERMEANT": FR_NO_PERMEANT,
    "INFINITE": FR_INFINITE,
    "RANGE": FR_RANGE,
}

EQUATIONS = {
    "nernst": FR_NERNST,
    "ghk": FR_GHK,
    "chord": FR_CHORD,
    "log_num": FR_LOG_NUM,
    "log_den": FR_LOG_DEN,
    "separable": FR_SEPARABLE,
    "log_ratio": FR_LOG_RATIO,
}


BASES = {
    "uniform": FR_UNIFORM,
    "normal": FR_NORMAL,
    "triangular": FR_TRIANGULAR,
    "pieces": FR_PIECES,
}

METHODS = {"random": FR_RANDOM, "sobol": FR_SOBOL, "lhs": FR_LATIN}


# ---- instruction sets ----

def _by_name():
    found, i = {}, 0
    while fr_compiled(i) != NULL:
        found[fr_compiled(i).name.decode()] = i
        i += 1
    return found


#: name -> place in the C core's table, best first
COMPILED = _by_name()
#: those this processor can run, best first
SUPPORTED = tuple(name for name, i in COMPILED.items() if fr_supported(fr_compiled(i)))


cdef const fr_kernels *kernels_named(isa) except NULL:
    if isa not in COMPILED:
        raise ValueError(f"unknown instruction set {isa!r}: compiled are {', '.join(COMPILED)}")
    if isa not in SUPPORTED:
        raise ValueError(f"instruction set {isa!r} is not supported by this processor, "
                         f"which runs {', '.join(SUPPORTED)}")
    return fr_compiled(COMPILED[isa])


def _choose():
    isa = os.environ.get("FASTREST_ISA") or SUPPORTED[0]
    try:
        kernels_named(isa)
    except ValueError as error:
        raise ValueError(f"FASTREST_ISA: {error}") from None
    return isa


#: the instruction set in use, chosen once, at import
ISA = _choose()
cdef const fr_kernels *active = kernels_named(ISA)


# ---- the one call ----

cdef int check(fr_error error) except -1:
    if error == FR_BAD_MODEL:
        raise ValueError("the equation cannot take this many ions or these valences")
    if error == FR_BAD_LATTICE:
        raise ValueError(f"the lattice needs 1 to {FR_MAX_DIMS} dimensions and fewer than "
                         "2**63 points")
    if error == FR_BAD_RANGE:
        raise ValueError("start and count must lie within the lattice")
    if error == FR_BAD_COLUMN:
        raise ValueError("wanted must be numbers of columns, each once")
    return 0


cdef int is_native(cnp.ndarray array, int typenum) noexcept:
    return cnp.PyArray_TYPE(array) == typenum and cnp.PyArray_ISBEHAVED_RO(array)


# numbers, and the strides and shape of numbers, live as long as the call that they are for
cdef struct Inputs:
    fr_lattice lattice
    fr_column columns[FR_MAX_COLUMNS]
    double numbers[FR_MAX_COLUMNS]
    ptrdiff_t zeros[FR_MAX_DIMS]
    ptrdiff_t length


#: fr_block of fastrest.h
BLOCK_DTYPE = np.dtype([
    ("n", "i8"), ("invalid", "i8", 6), ("pivot", "f8"), ("sum", "f8"), ("sum_rest", "f8"),
    ("squares", "f8"), ("squares_rest", "f8"), ("min", "f8"), ("max", "f8"),
    ("argmin", "i8"), ("argmax", "i8"),
])
assert BLOCK_DTYPE.itemsize == sizeof(fr_block)


# ---- samples ----

cdef class Quantile:
    """One input's quantile function, as the C core computes it.

    Parameters
    ----------
    base : str
        A key of ``BASES``; fastrest.h says what the numbers mean.
    log : bool
    offset, scale, a, b, c : float
    low, high : float
    pieces : ((breaks, terms), (breaks, terms)), optional
        Of base "pieces": float64 arrays of shapes (n + 1,) and (n, ``PIECE_TERMS``), for the
        lower and the upper half.
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
            raise ValueError("pieces go with base 'pieces'")
        if pieces is not None:
            (lower, upper) = pieces
            self.kept = (self.tabulated(&q.lower, lower[0], lower[1]),
                         self.tabulated(&q.upper, upper[0], upper[1]))

    cdef tabulated(self, fr_pieces *pieces, cnp.ndarray breaks, cnp.ndarray terms):
        n = breaks.shape[0] - 1
        for array in (breaks, terms):
            if not is_native(array, cnp.NPY_DOUBLE) or not array.flags.c_contiguous:
                raise TypeError("pieces must be contiguous native float64")
        if n < 1 or breaks.ndim != 1 or (<object>terms).shape != (n, FR_PIECE_TERMS):
            raise ValueError(f"pieces must have shapes (n + 1,) and (n, {FR_PIECE_TERMS})")
        eighths = (8 + np.arange(FR_PIECE_KEYS) % 8) * 2.0 ** (np.arange(FR_PIECE_KEYS) // 8 - 56.0)
        cdef cnp.ndarray first = np.searchsorted(breaks, [*eighths, 0.5]).astype(np.int32)
        if breaks[-1] != 0.5 or (breaks[first] != [*eighths, 0.5]).any():
            raise ValueError("breaks must have every eighth of an octave from 2^-53 to 1/2")
        pieces.n = n
        pieces.breaks = <const double *>cnp.PyArray_DATA(breaks)
        pieces.terms = <const double *>cnp.PyArray_DATA(terms)
        pieces.first = <const int32_t *>cnp.PyArray_DATA(first)
        return breaks, terms, first

    def __call__(self, u, v, *, isa=None):
        """Quantiles at probabilities u, above 0 and below 1, and v = 1 - u: 1-D arrays."""
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef cnp.ndarray below = np.ascontiguousarray(u, np.float64)
        cdef cnp.ndarray above = np.ascontiguousarray(v, np.float64)
        if below.ndim != 1 or not cnp.PyArray_SAMESHAPE(below, above):
            raise ValueError("u and v must be 1-D, of one length")
        cdef cnp.ndarray x = np.empty(below.shape[0])
        with nogil:
            kernels.quantiles(&self.quantile, <const double *>cnp.PyArray_DATA(below),
                              <const double *>cnp.PyArray_DATA(above), below.shape[0],
                              <double *>cnp.PyArray_DATA(x))
        return x


def normal_tails(double z, isa=None):
    """The normal distribution's probabilities below and above z."""
    cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
    cdef double lower, upper
    kernels.normal_tails(z, &lower, &upper)
    return lower, upper


cdef class Sample:
    """Points of random inputs, each a function of its number: nothing is stored.

    Parameters
    ----------
    method : str
        A key of ``METHODS``.
    n_points : int
    quantiles : list of Quantile
        One for each input.
    key : int
        Of 64 bits, for "random" and "lhs".
    directions, shifts : ndarray of uint64, of shapes (inputs, BITS) and (inputs,)
        For "sobol".
    cholesky : ndarray of float64 of shape (inputs, inputs), optional
        Lower triangle of the normal scores' correlation.
    derived : ndarray of float64 of shape (derived, 1 + inputs), optional
        Further inputs, which follow: a constant, and what each of the others is times in it.
    """

    cdef fr_sample sample
    cdef fr_quantile quantiles[FR_MAX_COLUMNS]
    cdef object kept

    def __cinit__(self, str method not None, Py_ssize_t n_points, list quantiles not None, *,
                  uint64_t key=0, cnp.ndarray directions=None, cnp.ndarray shifts=None,
                  cnp.ndarray cholesky=None, cnp.ndarray derived=None):
        cdef fr_sample *sample = &self.sample
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
                raise ValueError(f"an array must be contiguous, of shape {shape}")
        if method == "sobol":
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
        """How many inputs, the derived ones included."""
        return self.sample.n_inputs + self.sample.n_derived

    def draw(self, Py_ssize_t start, Py_ssize_t count, *, isa=None):
        """Every input at the points [start, start + count): ndarray of shape (inputs, count)."""
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef double *x[FR_MAX_COLUMNS]
        cdef int k
        if start < 0 or count < 0 or start > self.sample.n_points - count:
            check(FR_BAD_RANGE)
        cdef cnp.ndarray found = np.empty((self.n_inputs, count))
        for k in range(self.n_inputs):
            x[k] = <double *>cnp.PyArray_DATA(found) + k * count
        with nogil:
            kernels.draw(&self.sample, start, count, x)
        return found

    def draw_at(self, cnp.ndarray points not None, *, isa=None):
        """Every input at points of any numbers: ndarray of shape (inputs, len(points))."""
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef double *x[FR_MAX_COLUMNS]
        cdef Py_ssize_t i, n = points.shape[0]
        cdef int k
        if not is_native(points, cnp.NPY_INT64) or points.ndim != 1:
            raise TypeError("points must be a 1-D array of int64")
        if n and not 0 <= points.min() <= points.max() < self.sample.n_points:
            check(FR_BAD_RANGE)
        cdef cnp.ndarray found = np.empty((self.n_inputs, n))
        cdef int n_inputs = self.n_inputs
        cdef cnp.ndarray plain = np.ascontiguousarray(points)
        cdef const int64_t *numbers = <const int64_t *>cnp.PyArray_DATA(plain)
        cdef double *data = <double *>cnp.PyArray_DATA(found)
        with nogil:
            for i in range(n):
                for k in range(n_inputs):
                    x[k] = data + k * n + i
                kernels.draw(&self.sample, numbers[i], 1, x)
        return found

    def column(self, int input):
        """An input as a column of an equation."""
        if not 0 <= input < self.n_inputs:
            raise IndexError(input)
        return Draw(self, input)


cdef class Draw:
    """A column of an equation that is drawn from a sample, as one of its inputs."""

    cdef readonly Sample sample
    cdef readonly int input

    def __cinit__(self, Sample sample not None, int input):
        self.sample, self.input = sample, input


# ---- counts ----

cdef class Edges:
    """Edges between which potentials are counted, with the index that the C core looks them up by.

    Parameters
    ----------
    edges : ndarray of float64
        Finite and strictly increasing, at least one; not copied.
    phi : float, optional
        RT/F in mV, if it is the same for all points: counts alone then need no logarithms.
    """

    cdef readonly cnp.ndarray edges, first, ratios
    cdef double scale
    cdef int32_t n_cells

    def __cinit__(self, cnp.ndarray edges not None, phi=None):
        if not is_native(edges, cnp.NPY_DOUBLE) or edges.ndim != 1 or edges.shape[0] == 0:
            raise ValueError("edges must be a 1-D array of float64, not empty")
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise ValueError("edges must be finite and increasing")
        self.edges = np.ascontiguousarray(edges)
        self.scale, self.n_cells, self.first = edge_index(self.edges)
        if phi is not None and np.abs(self.edges / phi).max() < 300:
            self.ratios = np.array([exp(edge / phi) for edge in self.edges])


def edge_index(edges):
    """Cells of equal width over sorted numbers: how many numbers lie below each (see sums.h)."""
    n_cells = min(max(8 * len(edges), 1024), 1 << 20)
    with np.errstate(over="ignore", invalid="ignore"):
        scale = n_cells / (edges[-1] - edges[0]) if edges[-1] > edges[0] else 0.0
        scale = scale if np.isfinite(scale) else 0.0
        cells = (edges - edges[0]) * scale
    cells = np.minimum(np.where(cells > 0.0, cells, 0.0), n_cells).astype(np.int32)
    first = np.zeros(n_cells + 2, np.int32)
    np.cumsum(np.bincount(cells, minlength=n_cells + 1), out=first[1:])
    return scale, n_cells, first


cdef class Equation:
    """One equation for given valences, as the C core computes it.

    Parameters
    ----------
    name : str
        A key of ``EQUATIONS``; fastrest.h lists the columns that each takes.
    z : tuple of int
        Valence of each ion.
    pump_ion : int
        Index of the ion whose permeability the pump ratio multiplies, or -1.
    """

    cdef fr_model model
    cdef readonly str name
    cdef readonly tuple z
    cdef readonly int pump_ion
    cdef readonly int n_columns

    def __cinit__(self, str name not None, tuple z=(), int pump_ion=-1):
        if len(z) > FR_MAX_IONS:
            raise ValueError(f"at most {FR_MAX_IONS} ions, got {len(z)}")
        self.name, self.z, self.pump_ion = name, z, pump_ion
        self.model.equation = EQUATIONS[name]
        self.model.n_ions = <int>len(z)
        self.model.pump_ion = pump_ion
        for j in range(len(z)):
            self.model.z[j] = index(z[j])
        self.n_columns = fr_model_columns(&self.model)
        if self.n_columns == 0:
            check(FR_BAD_MODEL)

    def __reduce__(self):
        return Equation, (self.name, self.z, self.pump_ion)

    cdef int take(self, list columns, Inputs *inputs) except -1:
        """Pointers, strides and shape of the columns, checked."""
        cdef cnp.ndarray array, first = None
        cdef Sample sample = None
        cdef int j
        if len(columns) != self.n_columns:
            raise ValueError(f"{self.name} takes {self.n_columns} columns, got {len(columns)}")
        memset(inputs.zeros, 0, sizeof(inputs.zeros))
        inputs.length = 1
        inputs.lattice.sample = NULL
        for j in range(self.n_columns):
            inputs.columns[j].input = -1
            inputs.columns[j].strides = inputs.zeros
            if isinstance(columns[j], float):
                inputs.numbers[j] = columns[j]
                inputs.columns[j].data = <const char *>&inputs.numbers[j]
                continue
            if isinstance(columns[j], Draw):
                if sample is not None and columns[j].sample is not sample:
                    raise ValueError("columns must be drawn from one sample")
                sample = columns[j].sample
                inputs.columns[j].data = NULL
                inputs.columns[j].input = columns[j].input
                continue
            array = columns[j]
            if not is_native(array, cnp.NPY_DOUBLE):
                raise TypeError(f"column {j} must be native aligned float64, got {array.dtype}")
            if first is None:
                first = array
            elif not cnp.PyArray_SAMESHAPE(array, first):
                raise ValueError("columns must have one shape")
            inputs.columns[j].data = cnp.PyArray_BYTES(array)
            inputs.columns[j].strides = <const ptrdiff_t *>cnp.PyArray_STRIDES(array)
        if sample is not None:
            if first is not None:
                raise ValueError("columns are drawn, or arrays: not both")
            inputs.length = sample.sample.n_points
            inputs.lattice.ndim, inputs.lattice.shape = 1, &inputs.length
            inputs.lattice.sample = &sample.sample
            return 0
        inputs.lattice.ndim, inputs.lattice.shape = 1, &inputs.length
        if first is not None:
            inputs.lattice.ndim = cnp.PyArray_NDIM(first)
            inputs.lattice.shape = <const ptrdiff_t *>cnp.PyArray_DIMS(first)
        return 0

    def points(self, list columns not None, Py_ssize_t start, Py_ssize_t count,
               cnp.ndarray out=None, cnp.ndarray status=None, *, bint stream=False, isa=None):
        """Compute the points [start, start + count) of a lattice.

        Parameters
        ----------
        columns : list of ndarray, float or Draw
            ``n_columns`` native aligned float64 arrays of one shape (broadcast views will do):
            the lattice; or inputs of one sample (`Sample.column`), whose points are the lattice.
            A float is the same at every point; without any array there is one.
        out : ndarray of shape (count,), float64 or float32, optional
        status : contiguous uint8 ndarray of shape (count,), optional
        stream : bool
            Write past the caches; needs contiguous `out`.
        isa : str, optional
            Instruction set to use instead of the active one.
        """
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef Inputs inputs
        cdef fr_output output
        cdef fr_error error
        self.take(columns, &inputs)

        output.values = NULL
        output.status = NULL
        output.stride = 0
        output.float32 = output.stream = 0
        if out is not None:
            output.float32 = is_native(out, cnp.NPY_FLOAT)
            if not (output.float32 or is_native(out, cnp.NPY_DOUBLE)):
                raise TypeError(f"out must be native float64 or float32, got {out.dtype}")
            if cnp.PyArray_NDIM(out) != 1 or cnp.PyArray_DIM(out, 0) != count:
                raise ValueError(f"out must have shape ({count},)")
            if not cnp.PyArray_ISWRITEABLE(out):
                raise ValueError("out is read-only")
            output.values = cnp.PyArray_BYTES(out)
            output.stride = cnp.PyArray_STRIDE(out, 0)
            output.stream = stream
        if status is not None:
            if (cnp.PyArray_TYPE(status) != cnp.NPY_UINT8 or cnp.PyArray_NDIM(status) != 1
                    or cnp.PyArray_DIM(status, 0) != count or not cnp.PyArray_ISCARRAY(status)):
                raise ValueError(f"status must be contiguous uint8 of shape ({count},)")
            output.status = <uint8_t *>cnp.PyArray_BYTES(status)

        with nogil:
            error = kernels.points(&self.model, &inputs.lattice, inputs.columns, start, count,
                                   &output)
        check(error)

    def reduce(self, list columns not None, Py_ssize_t start, Py_ssize_t count, Edges edges=None,
               *, bint sums=True, bint far=False, isa=None):
        """What the points [start, start + count) say, without keeping them.

        Parameters
        ----------
        columns : list of ndarray or float
            As for `points`.
        start : int
            A multiple of ``BLOCK``.
        edges : Edges, optional
            Between which to count the valid potentials.
        sums : bool
            Whether more is wanted than the numbers of valid and invalid points.

        Returns
        -------
        blocks : ndarray of BLOCK_DTYPE
            One for each block that the range touches; fastrest.h says what is in it.
        counts : ndarray of int64, or None
        """
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef Inputs inputs
        cdef fr_counts c_counts
        cdef fr_error error
        cdef cnp.ndarray blocks = np.zeros(-(-count // FR_BLOCK) if count > 0 else 0, BLOCK_DTYPE)
        cdef cnp.ndarray counts = None
        cdef fr_block *c_blocks = <fr_block *>cnp.PyArray_DATA(blocks)
        cdef const fr_counts *wanted = NULL
        self.take(columns, &inputs)
        if edges is not None:
            counts = np.zeros(edges.edges.shape[0] + 1, np.int64)
            c_counts.n_edges = edges.edges.shape[0]
            c_counts.edges = <const double *>cnp.PyArray_DATA(edges.edges)
            c_counts.ratios = NULL
            if edges.ratios is not None:
                c_counts.ratios = <const double *>cnp.PyArray_DATA(edges.ratios)
            c_counts.scale, c_counts.n_cells = edges.scale, edges.n_cells
            c_counts.first = <const int32_t *>cnp.PyArray_DATA(edges.first)
            c_counts.counts = <int64_t *>cnp.PyArray_DATA(counts)
            wanted = &c_counts
        with nogil:
            error = kernels.reduce(&self.model, &inputs.lattice, inputs.columns, start, count, far,
                                   sums, c_blocks, wanted)
        check(error)
        return blocks, counts

    def gradients(self, list columns not None, Py_ssize_t start, Py_ssize_t count,
                  list wanted not None, list out not None, *, isa=None):
        """Derivatives of the potential at the points [start, start + count), for ghk and chord.

        Parameters
        ----------
        columns : list of ndarray or float
            As for `points`.
        wanted : list of int
            Numbers of columns, each once.
        out : list of ndarray
            For each a contiguous float64 array of shape (count,), which shares no memory with
            the columns: mV per unit of the column.
        """
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef Inputs inputs
        cdef fr_error error
        cdef int c_wanted[FR_MAX_COLUMNS]
        cdef double *c_out[FR_MAX_COLUMNS]
        cdef cnp.ndarray array
        cdef int k, n_wanted = <int>len(wanted)
        self.take(columns, &inputs)
        if len(wanted) > FR_MAX_COLUMNS or len(out) != len(wanted):
            raise ValueError(f"{len(wanted)} columns wanted into {len(out)} arrays")
        for k in range(n_wanted):
            array = out[k]
            if (not is_native(array, cnp.NPY_DOUBLE) or cnp.PyArray_NDIM(array) != 1
                    or cnp.PyArray_DIM(array, 0) != count or not cnp.PyArray_ISCARRAY(array)):
                raise ValueError(f"out must be contiguous float64 of shape ({count},)")
            c_wanted[k] = wanted[k]
            c_out[k] = <double *>cnp.PyArray_DATA(array)
        with nogil:
            error = kernels.gradients(&self.model, &inputs.lattice, inputs.columns, start, count,
                                      c_wanted, n_wanted, c_out)
        if error == FR_BAD_MODEL:
            raise ValueError(f"{self.name} has no derivatives")
        check(error)

    def pick_freeze(self, list columns_a not None, list columns_b, list inputs not None,
                    Py_ssize_t start, Py_ssize_t count, *, between=None, double pivot=0.0,
                    bint second=False, logs=None, isa=None):
        """Sums over the points [start, start + count) of two samples, for sensitivity indices.

        Parameters
        ----------
        columns_a, columns_b : list of ndarray, float or Draw
            As for `points`: two samples of the same inputs. The second may be None: then only
            sums over the first are wanted.
        inputs : list of int
            For each column the number of the input it is of, or -1.
        between : (float, float), optional
            Ask about the indicator of these potentials instead of the potential.
        pivot : float
            What is subtracted from what is asked about.
        second : bool
            Whether sums for indices of second order are wanted.
        logs : list of bool, optional
            Derivatives are wanted too: whether with respect to the logarithm, for each input.

        Returns
        -------
        invalid : ndarray of int64, (6,)
            Points that do not count, by the lowest bit of their status.
        sums : ndarray of float64, (sums, 2)
            Sums, and what they lack, in the order of fastrest.h.
        """
        cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
        cdef Inputs a, b
        cdef fr_question question
        cdef int c_logs[FR_MAX_COLUMNS]
        cdef fr_error error
        cdef int k
        self.take(columns_a, &a)
        if columns_b is not None:
            self.take(columns_b, &b)
        cdef const fr_column *c_b = NULL if columns_b is None else b.columns
        if len(inputs) != self.n_columns:
            raise ValueError(f"inputs must have {self.n_columns} numbers, got {len(inputs)}")
        for k in range(self.n_columns):
            a.columns[k].input = b.columns[k].input = inputs[k]
        question.n_inputs = max(inputs) + 1
        question.indicator = between is not None
        question.low, question.high = between or (0.0, 0.0)
        question.pivot, question.second, question.logs = pivot, second, NULL
        if logs is not None:
            if len(logs) != question.n_inputs:
                raise ValueError(f"logs must have {question.n_inputs} elements, got {len(logs)}")
            for k in range(question.n_inputs):
                c_logs[k] = bool(logs[k])
            question.logs = c_logs
        cdef cnp.ndarray invalid = np.zeros(len(STATUS), np.int64)
        cdef cnp.ndarray sums = np.zeros((fr_question_sums(&question, c_b != NULL), 2))
        cdef void *scratch = malloc(kernels.scratch_bytes)
        if scratch == NULL:
            raise MemoryError
        with nogil:
            error = kernels.pick_freeze(&self.model, &a.lattice, a.columns, &b.lattice, c_b,
                                        start, count, &question, scratch,
                                        <int64_t *>cnp.PyArray_DATA(invalid),
                                        <double *>cnp.PyArray_DATA(sums))
            free(scratch)
        check(error)
        return invalid, sums

    def ufunc(self):
        """This equation as a NumPy ufunc: made once, kept for good, named for `named_ufunc`."""
        name = _ufunc_name(self)
        if name not in _ufuncs:
            _ufuncs.setdefault(name, _make_ufunc(self, name.encode()))
        return _ufuncs[name][0]


def pairs(double phi, cnp.ndarray a not None, cnp.ndarray b not None, cnp.ndarray edges not None,
          cnp.ndarray below not None, isa=None):
    """Count potentials phi (a - b) below each edge, over all pairs of two arrays.

    Parameters
    ----------
    a, b : contiguous float64 ndarray
        Finite, sorted.
    edges : contiguous float64 ndarray
        Finite.
    below : contiguous int64 ndarray of the shape of `edges`
        Added to.
    """
    cdef const fr_kernels *kernels = active if isa is None else kernels_named(isa)
    cdef double scale
    cdef int32_t n_cells
    cdef cnp.ndarray first
    for array, typenum in ((a, cnp.NPY_DOUBLE), (b, cnp.NPY_DOUBLE), (edges, cnp.NPY_DOUBLE),
                           (below, cnp.NPY_INT64)):
        if not is_native(array, typenum) or not array.flags.c_contiguous or array.ndim != 1:
            raise TypeError("arrays must be contiguous, native, and 1-D")
    if below.shape[0] != edges.shape[0]:
        raise ValueError("below must have one element for each edge")
    if a.shape[0] == 0 or b.shape[0] == 0:
        return
    scale, n_cells, first = edge_index(b)
    with nogil:
        kernels.pairs(phi, <const double *>cnp.PyArray_DATA(a), a.shape[0],
                      <const double *>cnp.PyArray_DATA(b), b.shape[0], scale, n_cells,
                      <const int32_t *>cnp.PyArray_DATA(first),
                      <const double *>cnp.PyArray_DATA(edges), edges.shape[0],
                      <int64_t *>cnp.PyArray_DATA(below))


# ---- yardsticks ----

CHAINS = FR_YARDSTICK_CHAINS


cdef double *numbers(array, Py_ssize_t length) except NULL:
    if not is_native(array, cnp.NPY_DOUBLE) or not array.flags.c_contiguous or array.ndim != 1:
        raise TypeError("arrays must be contiguous, native, 1-D float64")
    if len(array) != length:
        raise ValueError(f"arrays must be of one length: got {len(array)} and {length}")
    if <size_t>cnp.PyArray_DATA(array) % 16:
        raise ValueError("arrays must be aligned to 16 bytes")
    return <double *>cnp.PyArray_DATA(array)


def yardstick_libm(list columns not None, double phi, cnp.ndarray out not None):
    """phi log(num / den) of nine columns, one row at a time, with libm's log: see yardsticks.h."""
    cdef const double *inputs[9]
    cdef Py_ssize_t n = out.shape[0]
    cdef int k
    if len(columns) != 9:
        raise ValueError(f"nine columns are needed, got {len(columns)}")
    for k in range(9):
        inputs[k] = numbers(columns[k], n)
    cdef double *V = numbers(out, n)
    with nogil:
        fr_yardstick_libm(inputs, phi, n, V)


def yardstick_fill(double value, cnp.ndarray out not None):
    """Write one number all over an array, past the caches."""
    cdef Py_ssize_t n = out.shape[0]
    cdef double *to = numbers(out, n)
    with nogil:
        fr_yardstick_fill(value, n, to)


def yardstick_copy(cnp.ndarray source not None, cnp.ndarray out not None):
    """Copy one array to another, past the caches."""
    cdef Py_ssize_t n = out.shape[0]
    cdef const double *from_ = numbers(source, n)
    cdef double *to = numbers(out, n)
    with nogil:
        fr_yardstick_copy(from_, n, to)


def yardstick_arithmetic(Py_ssize_t n, cnp.ndarray chains not None):
    """Multiply and add to each of ``CHAINS`` numbers, in place, n times."""
    cdef double *x = numbers(chains, FR_YARDSTICK_CHAINS)
    with nogil:
        fr_yardstick_arithmetic(n, x)


# ---- ufuncs ----

# NumPy keeps pointers into what a ufunc is made of: these live as long as the process.
cdef char double_types[FR_MAX_COLUMNS + 1]
memset(double_types, cnp.NPY_DOUBLE, sizeof(double_types))
cdef cnp.PyUFuncGenericFunction loops[1]
loops[0] = <cnp.PyUFuncGenericFunction>ufunc_loop
_ufuncs = {}


def _ufunc_name(Equation equation):
    """A name that says all: ghk_1_1_m1_pump0. That of the everyday one is its equation's."""
    if equation.name == "nernst" or (equation.z, equation.pump_ion) == ((1, 1, -1), 0):
        return equation.name
    z = "_".join(str(charge).replace("-", "m") for charge in equation.z)
    return f"{equation.name}_{z}" + (f"_pump{equation.pump_ion}" if equation.pump_ion >= 0 else "")


def _ufunc_doc(Equation equation):
    if equation.name == "nernst":
        return "Nernst potential in mV of valence, outside and inside (mM), celsius."
    ions = ", ".join(f"{z:+d}" for z in equation.z)
    pump = f", pump_ratio (of ion {equation.pump_ion + 1})" if equation.pump_ion >= 0 else ""
    return (f"Membrane potential in mV ({equation.name}) of ions with valences {ions}: the weight "
            "of each (permeability or conductance), the concentrations of each outside, of each "
            f"inside (mM), celsius{pump}.")


def named_ufunc(str name not None):
    """The ufunc of a name, which is how pickle finds it again; KeyError if it means none."""
    if name not in _ufuncs:
        equation, *parts = name.split("_")
        pump = int(parts.pop()[4:]) if parts and parts[-1].startswith("pump") else -1
        z = tuple(int(part.replace("m", "-")) for part in parts)
        made = Equation(equation, z, pump)
        if _ufunc_name(made) != name:
            raise KeyError(name)
        made.ufunc()
    return _ufuncs[name][0]


cdef class _Data:
    cdef void *pointer[1]


cdef void ufunc_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *steps,
                     void *data) noexcept nogil:
    cdef const fr_model *model = <const fr_model *>data
    cdef int n = fr_model_columns(model), j
    cdef fr_column columns[FR_MAX_COLUMNS]
    cdef fr_lattice lattice
    cdef fr_output out
    for j in range(n):
        columns[j].data = args[j]
        columns[j].strides = <const ptrdiff_t *>&steps[j]
        columns[j].input = -1
    lattice.sample = NULL
    lattice.ndim = 1
    lattice.shape = <const ptrdiff_t *>dimensions
    out.values = args[n]
    out.stride = steps[n]
    out.float32 = out.stream = 0
    out.status = NULL
    active.points(model, &lattice, columns, 0, dimensions[0], &out)
    # bad rows become NaN by design; NumPy would warn of the flags their arithmetic raised
    feclearexcept(FE_ALL_EXCEPT)


cdef _make_ufunc(Equation equation, bytes name):
    cdef _Data data = _Data()
    cdef bytes doc = _ufunc_doc(equation).encode()
    data.pointer[0] = &equation.model
    ufunc = cnp.PyUFunc_FromFuncAndData(loops, data.pointer, double_types, 1,
                                        equation.n_columns, 1, cnp.PyUFunc_None, name, doc, 0)
    return ufunc, equation, data, name, doc
