"""The yardsticks of src_c/yardsticks: frozen loops that share no code with the kernels."""

cimport numpy as cnp
from libc.stddef cimport ptrdiff_t


cdef extern from "yardsticks/yardsticks.h" nogil:
    enum:
        FR_YARDSTICK_CHAINS
    void fr_yardstick_libm(const double *const *columns, double phi, ptrdiff_t n, double *V)
    void fr_yardstick_fill(double value, ptrdiff_t n, double *to)
    void fr_yardstick_copy(const double *source, ptrdiff_t n, double *to)
    void fr_yardstick_arithmetic(ptrdiff_t n, double *x)


cnp.import_array()

CHAINS = FR_YARDSTICK_CHAINS


cdef double *numbers(cnp.ndarray array, Py_ssize_t length, bint written) except NULL:
    if (array is None or cnp.PyArray_TYPE(array) != cnp.NPY_DOUBLE
            or cnp.PyArray_NDIM(array) != 1 or not cnp.PyArray_ISCARRAY_RO(array)):
        raise TypeError("arrays must be contiguous, native, 1-D float64")
    if cnp.PyArray_DIM(array, 0) != length:
        raise ValueError(f"arrays must be of one length: got {len(array)} and {length}")
    if <size_t>cnp.PyArray_DATA(array) % 16:
        raise ValueError("arrays must be aligned to 16 bytes")
    if written and not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError("out is read-only")
    return <double *>cnp.PyArray_DATA(array)


def libm(list columns not None, double phi, cnp.ndarray out not None):
    """Compute the GHK potential of nine columns, one row at a time, with libm's log."""
    cdef const double *inputs[9]
    cdef Py_ssize_t n = len(out)
    cdef int k
    if len(columns) != 9:
        raise ValueError(f"nine columns are needed, got {len(columns)}")
    for k in range(9):
        inputs[k] = numbers(columns[k], n, False)
    cdef double *V = numbers(out, n, True)
    with nogil:
        fr_yardstick_libm(inputs, phi, n, V)


def fill(double value, cnp.ndarray out not None):
    """Fill an array with one number, by streaming stores."""
    cdef Py_ssize_t n = len(out)
    cdef double *to = numbers(out, n, True)
    with nogil:
        fr_yardstick_fill(value, n, to)


def copy(cnp.ndarray source not None, cnp.ndarray out not None):
    """Copy one array to another, by streaming stores."""
    cdef Py_ssize_t n = len(out)
    cdef const double *from_ = numbers(source, n, False)
    cdef double *to = numbers(out, n, True)
    with nogil:
        fr_yardstick_copy(from_, n, to)


def arithmetic(Py_ssize_t n, cnp.ndarray chains not None):
    """Multiply each of ``CHAINS`` numbers by a factor and add a term, in place, n times."""
    cdef double *x = numbers(chains, FR_YARDSTICK_CHAINS, True)
    with nogil:
        fr_yardstick_arithmetic(n, x)
