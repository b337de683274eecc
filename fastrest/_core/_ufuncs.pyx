"""Equations as NumPy ufuncs: each inner loop of NumPy is one call of the C core."""

cimport numpy as cnp
from cpython.ref cimport Py_INCREF
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastrest._core._kernels cimport (
    FR_MAX_COLUMNS,
    Equation,
    fr_column,
    fr_kernels,
    fr_layout,
    fr_model,
    fr_output,
    kernels_of,
    scratch_bytes,
)


cdef extern from "<fenv.h>" nogil:
    int FE_ALL_EXCEPT
    int feclearexcept(int)


cnp.import_array()
cnp.import_umath()

cdef const fr_kernels *active = kernels_of(None)

# NumPy keeps pointers to the types and loops of a ufunc, so they live as long as the process.
cdef char double_types[FR_MAX_COLUMNS + 1]
memset(double_types, cnp.NPY_DOUBLE, sizeof(double_types))
cdef cnp.PyUFuncGenericFunction loops[1]
loops[0] = <cnp.PyUFuncGenericFunction>ufunc_loop


# Scratch memory of small calls, in doubles, and as many points as it suffices for in any model.
cdef enum:
    SMALL_SCRATCH = 1024
    FEW = 8


cdef struct Data:
    const fr_model *model
    int n_columns


cdef void ufunc_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *steps,
                     void *data) noexcept nogil:
    cdef const fr_model *model = (<const Data *>data).model
    cdef int n = (<const Data *>data).n_columns, j
    cdef fr_column columns[FR_MAX_COLUMNS]
    cdef fr_layout layout
    cdef fr_output out
    for j in range(n):
        columns[j].data = args[j]
        columns[j].strides = <const ptrdiff_t *>&steps[j]
        columns[j].input = -1
    layout.sample = NULL
    layout.ndim = 1
    layout.shape = <const ptrdiff_t *>dimensions
    out.stride = steps[n]
    out.float32 = out.stream = 0
    out.status = NULL
    # without memory for a large call, a few points at a time
    cdef double small[SMALL_SCRATCH]
    cdef void *large = NULL
    cdef ptrdiff_t start = 0, count = dimensions[0]
    cdef size_t needed = scratch_bytes(model, &layout, count)
    if needed > sizeof(small):
        large = malloc(needed)
        if large == NULL:
            count = FEW
    while start < dimensions[0]:
        out.values = args[n] + start * steps[n]
        count = min(count, dimensions[0] - start)
        active.points(model, &layout, columns, start, count, small if large == NULL else large,
                      &out)
        start += count
    free(large)
    # bad rows become NaN by design: clear the flags that NumPy would report as warnings
    feclearexcept(FE_ALL_EXCEPT)


cdef class UfuncParts:
    """The parts of a ufunc that NumPy points to; they are never freed."""

    cdef Data data
    cdef void *pointers[1]
    cdef Equation equation
    cdef bytes name, doc


def make_ufunc(Equation equation not None, str name not None, str doc not None):
    """Make a NumPy ufunc of an equation; it is never freed, so `ufunc_names.ufunc_of` keeps it."""
    cdef UfuncParts parts = UfuncParts()
    parts.equation, parts.name, parts.doc = equation, name.encode(), doc.encode()
    parts.data.model, parts.data.n_columns = &equation.model, equation.n_columns
    parts.pointers[0] = &parts.data
    Py_INCREF(parts)
    return cnp.PyUFunc_FromFuncAndData(loops, parts.pointers, double_types, 1,
                                       equation.n_columns, 1, cnp.PyUFunc_None, parts.name,
                                       parts.doc, 0)
