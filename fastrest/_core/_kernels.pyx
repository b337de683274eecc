"""The binding of the C core: checks of arguments, one C call without the GIL, and its errors.

The binding has no physics and no defaults. Its loops run over columns, never over points.
"""

import os
from operator import index

import numpy as np

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset


cnp.import_array()

#: number of the interface: raise it, and that of fastrest._core, when an argument or a result of a
#: compiled module changes
INTERFACE = 14

MAX_IONS = FR_MAX_IONS
MAX_DIMS = FR_MAX_DIMS
BLOCK = FR_BLOCK
KELVIN_AT_0_CELSIUS = FR_KELVIN_AT_0_CELSIUS
PHI_PER_KELVIN = FR_PHI_PER_KELVIN
MAX_CONDITIONS = FR_MAX_CONDITIONS
CELSIUS_RANGE = (FR_CELSIUS_MIN, FR_CELSIUS_MAX)

#: status bits of the C core by name; the tests compare fastrest.Status with them
STATUS = {
    "NOT_FINITE": FR_NOT_FINITE,
    "NEGATIVE": FR_NEGATIVE,
    "TEMPERATURE": FR_TEMPERATURE,
    "NO_PERMEANT": FR_NO_PERMEANT,
    "INFINITE": FR_INFINITE,
    "RANGE": FR_RANGE,
    "NO_SOLUTION": FR_NO_SOLUTION,
    "UNFINISHED": FR_UNFINISHED,
}

#: equations of the C core by name, from FR_MODELS of fastrest.h
EQUATIONS = {fr_equation_name(i).decode(): i for i in range(FR_EQUATIONS)}

#: outputs of a steady state by name, from FR_OUTPUTS of fastrest.h
OUTPUTS = {}
while fr_output_name(len(OUTPUTS)) != NULL:
    OUTPUTS[fr_output_name(len(OUTPUTS)).decode()] = len(OUTPUTS)

#: outputs of the equations of V by name, from FR_REST_NAMES and FR_ION_OUTPUTS of fastrest.h: those
#: of ion j end in j
REST_OUTPUTS = {fr_rest_output_name(i).decode(): i for i in range(FR_REST_ION)}
for _i in range(FR_PER_ION * FR_MAX_IONS):
    _name = fr_rest_output_name(FR_REST_ION + _i % FR_PER_ION).decode()
    REST_OUTPUTS[f"{_name}{_i // FR_PER_ION}"] = FR_REST_ION + _i
del _i, _name

#: the structure fr_block of fastrest.h
BLOCK_DTYPE = np.dtype([
    ("n", "i8"), ("invalid", "i8", 8), ("pivot", "f8"), ("sum", "f8"), ("sum_error", "f8"),
    ("squares", "f8"), ("squares_error", "f8"), ("min", "f8"), ("max", "f8"),
    ("argmin", "i8"), ("argmax", "i8"),
])
assert BLOCK_DTYPE.itemsize == sizeof(fr_block)


# ---- instruction sets ----

#: index in the C core's table by name of the instruction set, best first
COMPILED = {}
while fr_compiled(len(COMPILED)) != NULL:
    COMPILED[fr_compiled(len(COMPILED)).name.decode()] = len(COMPILED)
#: instruction sets that this processor supports, best first
SUPPORTED = tuple(name for name, i in COMPILED.items() if fr_supported(fr_compiled(i)))

#: the instruction set in use, chosen once, at import
ISA = os.environ.get("FASTREST_ISA") or SUPPORTED[0]


cdef const fr_kernels *kernels_of(isa) except NULL:
    """Return the kernels of an instruction set; None means the one in use."""
    if isa is None:
        return active
    if isa not in COMPILED:
        raise ValueError(f"unknown instruction set {isa!r}: compiled are {', '.join(COMPILED)}")
    if isa not in SUPPORTED:
        raise ValueError(f"instruction set {isa!r} is not supported by this processor, "
                         f"which runs {', '.join(SUPPORTED)}")
    return fr_compiled(COMPILED[isa])


cdef const fr_kernels *active
try:
    active = kernels_of(ISA)
except ValueError as unusable:
    raise ValueError(f"FASTREST_ISA: {unusable}") from None


cdef size_t scratch_bytes(const fr_model *model, const fr_layout *layout,
                          ptrdiff_t count) noexcept nogil:
    return fr_scratch_bytes(model, layout, count)  # for modules without the C core


cdef int sobol_sums_count(const fr_sobol_sums_spec *spec, int with_b) noexcept:
    return fr_sobol_sums_count(spec, with_b)


# ---- arguments ----

cdef int check(fr_error error) except -1:
    if error == FR_BAD_MODEL:
        raise ValueError("the equation cannot have this number of ions, these valences or "
                         "this output")
    if error == FR_BAD_LAYOUT:
        raise ValueError(f"the layout needs 1 to {FR_MAX_DIMS} dimensions and fewer than "
                         "2**63 points")
    if error == FR_BAD_RANGE:
        raise ValueError("start and count must lie within the layout")
    if error == FR_BAD_COLUMN:
        raise ValueError("wanted must be numbers of columns without duplicates, and "
                         "inputs must be < n_inputs")
    return 0


cdef void *line(cnp.ndarray array, int typenum, Py_ssize_t length) except? NULL:
    """Return the address of the first element of a contiguous 1-D array, which is checked."""
    if (not is_native(array, typenum) or cnp.PyArray_NDIM(array) != 1
            or not cnp.PyArray_IS_C_CONTIGUOUS(array)):
        raise TypeError("arrays must be contiguous, native, and 1-D")
    if cnp.PyArray_DIM(array, 0) != length:
        raise ValueError(f"an array must have {length} elements, got {len(array)}")
    return cnp.PyArray_DATA(array)


cdef void *allocated(size_t size) except NULL:
    """Return scratch memory for one C call, which frees it."""
    cdef void *memory = malloc(size)
    if memory == NULL:
        raise MemoryError
    return memory


cdef int is_output(cnp.ndarray array, int typenum, Py_ssize_t count) noexcept:
    return (is_native(array, typenum) and cnp.PyArray_NDIM(array) == 1
            and cnp.PyArray_DIM(array, 0) == count and cnp.PyArray_ISCARRAY(array))


cdef class DrawnPoints:
    """A sample of the C core, without its arrays: `_samples.Sample` fills it in and keeps them."""


cdef class Draw:
    """A column of an equation that is drawn: one input of a sample."""

    def __cinit__(self, DrawnPoints sample not None, int input):
        self.sample, self.input = sample, input


def span(cnp.ndarray values not None, double low, double high):
    """Return where values leave a range, and the least and the greatest of them above 0.

    Parameters
    ----------
    values : contiguous float64 ndarray
    low, high : float
        The range; infinities and NaN lie outside.

    Returns
    -------
    outside : int
        Number of the first value outside the range, or -1.
    least, greatest : float
        Of the values above 0; inf and 0 if there are none.
    """
    cdef Py_ssize_t n = len(values), i, outside = -1
    cdef const double *x = <const double *>line(values, cnp.NPY_DOUBLE, n)
    cdef double least = INFINITY, greatest = 0.0
    for i in range(n):
        if not (low <= x[i] <= high and x[i] < INFINITY) and outside < 0:
            outside = i
        if 0.0 < x[i] < least:
            least = x[i]
        if x[i] > greatest:
            greatest = x[i]
    return outside, least, greatest


# ---- equations ----

cdef int take(Equation equation, list columns, Inputs *inputs) except -1:
    """Check the columns and set their pointers, strides and shape."""
    cdef cnp.ndarray array, first = None
    cdef DrawnPoints sample = None
    cdef Draw draw
    cdef int j
    if len(columns) != equation.n_columns:
        raise ValueError(f"{equation.name} takes {equation.n_columns} columns, got {len(columns)}")
    memset(inputs.zeros, 0, sizeof(inputs.zeros))
    inputs.length = 1
    inputs.layout.sample = NULL
    inputs.layout.ndim, inputs.layout.shape = 1, &inputs.length
    for j in range(equation.n_columns):
        inputs.columns[j].input = -1
        inputs.columns[j].strides = inputs.zeros
        if isinstance(columns[j], (float, int)):
            inputs.numbers[j] = columns[j]
            inputs.columns[j].data = <const char *>&inputs.numbers[j]
            continue
        if isinstance(columns[j], Draw):
            draw = columns[j]
            if sample is not None and draw.sample is not sample:
                raise ValueError("columns must be drawn from one sample")
            sample = draw.sample
            inputs.columns[j].data = NULL
            inputs.columns[j].input = draw.input
            continue
        array = columns[j]
        if not is_native(array, cnp.NPY_DOUBLE):
            raise TypeError(f"column {j} must be native aligned float64, got "
                            f"{getattr(columns[j], 'dtype', columns[j])}")
        if first is None:
            first = array
        elif not cnp.PyArray_SAMESHAPE(array, first):
            raise ValueError("columns must have one shape")
        inputs.columns[j].data = cnp.PyArray_BYTES(array)
        inputs.columns[j].strides = <const ptrdiff_t *>cnp.PyArray_STRIDES(array)
    if sample is not None:
        if first is not None:
            raise ValueError("columns must be drawn from a sample or be arrays, not both")
        inputs.length = sample.points.n_points
        inputs.layout.sample = &sample.points
    elif first is not None:
        inputs.layout.ndim = cnp.PyArray_NDIM(first)
        inputs.layout.shape = <const ptrdiff_t *>cnp.PyArray_DIMS(first)
    return 0


cdef class Equation:
    """An equation with the valences of its ions, computed by the C core.

    Parameters
    ----------
    name : str
        A key of ``EQUATIONS``; fastrest.h lists the columns of each equation.
    z : tuple of int
        Valence of each ion.
    pump_ion : int
        Index of the ion whose permeability is multiplied by the pump ratio, or -1.
    output : int
        Of a steady state or a course, a value of ``OUTPUTS``; else one of ``REST_OUTPUTS``.
    protocol : tuple, optional
        Of a course: conditions, whether the volume is fixed, tolerance (mM), threshold (mV), and
        the value of a time that does not come (s). A condition is a tuple of its start (s), and of
        a factor and then of a constant for each column.
    changes : tuple, optional
        One or two conditions, under which the output is computed, or compared: the value is that
        under the second less that under the first. A condition is a dict of a column's number to
        a factor and a constant: the column becomes their product and sum.
    """

    def __cinit__(self, str name not None, tuple z=(), int pump_ion=-1, int output=0,
                  tuple protocol=None, tuple changes=()):
        if len(z) > FR_MAX_IONS:
            raise ValueError(f"at most {FR_MAX_IONS} ions, got {len(z)}")
        self.name, self.z, self.pump_ion, self.output = name, z, pump_ion, output
        self.model.equation = EQUATIONS[name]
        self.model.n_ions = <int>len(z)
        self.model.pump_ion = pump_ion
        self.model.output = output
        for j in range(len(z)):
            self.model.z[j] = index(z[j])
        self.protocol = protocol
        if protocol is not None:
            given, self.c_protocol.fixed_volume = protocol[:2]
            (self.c_protocol.tolerance, self.c_protocol.threshold,
             self.c_protocol.never) = protocol[2:]
            self.conditions = np.array(given, np.float64)
            length = 1 + 2 * FR_LIVING_COLUMNS
            if not 1 <= len(given) <= FR_MAX_CONDITIONS:
                raise ValueError(f"1 to {FR_MAX_CONDITIONS} conditions, got {len(given)}")
            if np.shape(self.conditions) != (len(given), length):
                raise ValueError(f"a condition has {length} numbers")
            self.c_protocol.n = <int>len(given)
            self.c_protocol.conditions = <const fr_condition *>cnp.PyArray_DATA(self.conditions)
            self.model.protocol = &self.c_protocol
        self.n_columns = fr_model_columns(&self.model)
        if self.n_columns == 0:
            check(FR_BAD_MODEL)
        self.changes = changes
        if len(changes) > 2:
            raise ValueError(f"at most 2 conditions are compared, got {len(changes)}")
        for k, condition in enumerate(changes):
            for j in range(FR_MAX_COLUMNS):
                self.c_changes[k].factor[j], self.c_changes[k].constant[j] = 1.0, 0.0
            for j, (factor, constant) in condition.items():
                if not 0 <= j < self.n_columns:
                    raise ValueError(f"{self.name} has {self.n_columns} columns, got number {j}")
                self.c_changes[k].factor[j], self.c_changes[k].constant[j] = factor, constant
        self.model.n_changes = <int>len(changes)
        self.model.changes = self.c_changes if changes else NULL

    def __reduce__(self):
        return Equation, (self.name, self.z, self.pump_ion, self.output, self.protocol,
                          self.changes)

    def points(self, list columns not None, Py_ssize_t start, Py_ssize_t count,
               cnp.ndarray out=None, cnp.ndarray status=None, *, bint stream=False, isa=None):
        """Compute the potentials at the points [start, start + count) of a layout.

        Parameters
        ----------
        columns : list of ndarray, float or Draw
            ``n_columns`` columns. Arrays are native aligned float64, and their common shape is the
            layout (broadcast views are allowed). Draws are inputs of one sample
            (`Sample.column`), and its points are the layout. A float is the same at every point;
            if all columns are floats, the layout has one point.
        start, count : int
            The range of points, numbered in C order.
        out : ndarray of shape (count,), float64 or float32, optional
            Potentials in mV are written to it.
        status : contiguous uint8 ndarray of shape (count,), optional
            Status bits are written to it.
        stream : bool
            Whether the arrays are larger than the caches: columns are then prefetched, and a
            contiguous `out` is written by streaming stores.
        isa : str, optional
            Instruction set to use instead of the active one.
        """
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef Inputs inputs
        cdef fr_output output
        cdef fr_error error
        take(self, columns, &inputs)
        memset(&output, 0, sizeof(output))
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
            if not is_output(status, cnp.NPY_UINT8, count):
                raise ValueError(f"status must be contiguous uint8 of shape ({count},)")
            output.status = <uint8_t *>cnp.PyArray_BYTES(status)
        cdef void *scratch = allocated(fr_scratch_bytes(&self.model, &inputs.layout, count))
        with nogil:
            error = kernels.points(&self.model, &inputs.layout, inputs.columns, start, count,
                                   scratch, &output)
            free(scratch)
        check(error)

    def value(self, list columns not None, *, isa=None):
        """Compute the potential of one point, in mV; its ``n_columns`` columns are numbers."""
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef Inputs inputs
        cdef fr_output output
        cdef double value
        take(self, columns, &inputs)
        if inputs.layout.shape != &inputs.length or inputs.layout.sample != NULL:
            raise TypeError("columns of one point must be numbers")
        memset(&output, 0, sizeof(output))
        output.values = <char *>&value
        cdef void *scratch = allocated(fr_scratch_bytes(&self.model, &inputs.layout, 1))
        cdef fr_error error = kernels.points(&self.model, &inputs.layout, inputs.columns, 0, 1,
                                             scratch, &output)
        free(scratch)
        check(error)
        return value

    def reduce(self, list columns not None, Py_ssize_t start, Py_ssize_t count, edges=None,
               *, bint sums=True, bint far=False, isa=None):
        """Compute sums and counts over the points [start, start + count), without storing them.

        Parameters
        ----------
        columns : list of ndarray, float or Draw
            Columns as for `points`.
        start : int
            First point, a multiple of ``BLOCK``.
        count : int
            Number of points.
        edges : edges.Edges, optional
            Edges between which the valid potentials are counted.
        sums : bool
            Whether to compute sums and extrema, and not only the numbers of valid and invalid
            points.
        far : bool
            Whether the columns are larger than the caches: they are then prefetched.
        isa : str, optional
            Instruction set to use instead of the active one.

        Returns
        -------
        blocks : ndarray of BLOCK_DTYPE
            One element for each block that the range touches; fastrest.h explains its fields.
        counts : ndarray of int64, or None
            Numbers of valid potentials below the first edge, between edges, and from the last on.
        """
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef Inputs inputs
        cdef fr_counts c_counts
        cdef fr_error error
        cdef cnp.ndarray blocks = np.zeros(-(-count // FR_BLOCK) if count > 0 else 0, BLOCK_DTYPE)
        cdef cnp.ndarray counts = None
        cdef fr_block *c_blocks = <fr_block *>cnp.PyArray_DATA(blocks)
        cdef const fr_counts *wanted = NULL
        take(self, columns, &inputs)
        if edges is not None:
            n, n_cells = len(edges.numbers), edges.n_cells
            if n < 1 or n_cells < 1:
                raise ValueError(f"edges need a number and a cell, got {n} and {n_cells}")
            counts = np.zeros(n + 1, np.int64)
            c_counts.n_edges, c_counts.n_cells, c_counts.scale = n, n_cells, edges.scale
            c_counts.edges = <const double *>line(edges.numbers, cnp.NPY_DOUBLE, n)
            c_counts.ratios = NULL
            if edges.ratios is not None:
                c_counts.ratios = <const double *>line(edges.ratios, cnp.NPY_DOUBLE, n)
            c_counts.first = <const int32_t *>line(edges.first, cnp.NPY_INT32, n_cells + 2)
            c_counts.counts = <int64_t *>cnp.PyArray_DATA(counts)
            wanted = &c_counts
        cdef void *scratch = allocated(fr_scratch_bytes(&self.model, &inputs.layout, count))
        with nogil:
            error = kernels.reduce(&self.model, &inputs.layout, inputs.columns, start, count, far,
                                   sums, scratch, c_blocks, wanted)
            free(scratch)
        check(error)
        return blocks, counts

    def gradients(self, list columns not None, Py_ssize_t start, Py_ssize_t count,
                  list wanted not None, list out not None, *, isa=None):
        """Compute derivatives of the potential at the points [start, start + count).

        Parameters
        ----------
        columns : list of ndarray, float or Draw
            Columns as for `points`; the equation must have derivatives.
        start, count : int
            The range of points, numbered in C order.
        wanted : list of int
            Numbers of the columns to differentiate by, without duplicates.
        out : list of ndarray
            One contiguous float64 array of shape (count,) for each wanted column. Derivatives in
            mV per unit of the column are written to it. The arrays share no memory with the
            columns.
        isa : str, optional
            Instruction set to use instead of the active one.
        """
        cdef const fr_kernels *kernels = kernels_of(isa)
        cdef Inputs inputs
        cdef fr_error error
        cdef int c_wanted[FR_MAX_COLUMNS]
        cdef double *c_out[FR_MAX_COLUMNS]
        cdef cnp.ndarray array
        cdef int k, n_wanted = <int>len(wanted)
        take(self, columns, &inputs)
        if len(wanted) > FR_MAX_COLUMNS or len(out) != len(wanted):
            raise ValueError(f"{len(wanted)} columns wanted into {len(out)} arrays")
        for k in range(n_wanted):
            array = out[k]
            if not is_output(array, cnp.NPY_DOUBLE, count):
                raise ValueError(f"out must be contiguous float64 of shape ({count},)")
            c_wanted[k] = wanted[k]
            c_out[k] = <double *>cnp.PyArray_DATA(array)
        cdef void *scratch = allocated(fr_scratch_bytes(&self.model, &inputs.layout, count))
        with nogil:
            error = kernels.gradients(&self.model, &inputs.layout, inputs.columns, start, count,
                                      c_wanted, n_wanted, scratch, c_out)
            free(scratch)
        if error == FR_BAD_MODEL:
            raise ValueError(f"{self.name} has no derivatives")
        check(error)
