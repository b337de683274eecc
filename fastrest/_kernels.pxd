"""The C core as Cython sees it: src_c/fastrest.h is its manual."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, int64_t, uint8_t


cdef extern from "fastrest.h" nogil:
    enum:
        FR_MAX_IONS
        FR_MAX_COLUMNS
        FR_MAX_DIMS
        FR_BLOCK
    double FR_KELVIN_AT_0_CELSIUS
    double FR_PHI_PER_KELVIN
    double FR_CELSIUS_MIN
    double FR_CELSIUS_MAX

    ctypedef enum fr_status:
        FR_NOT_FINITE
        FR_NEGATIVE
        FR_TEMPERATURE
        FR_NO_PERMEANT
        FR_INFINITE
        FR_RANGE

    ctypedef enum fr_error:
        FR_OK
        FR_BAD_MODEL
        FR_BAD_LATTICE
        FR_BAD_RANGE
        FR_BAD_COLUMN

    ctypedef enum fr_equation:
        FR_NERNST
        FR_GHK
        FR_CHORD
        FR_LOG_NUM
        FR_LOG_DEN
        FR_SEPARABLE
        FR_LOG_RATIO

    ctypedef struct fr_model:
        fr_equation equation
        int n_ions
        int pump_ion
        signed char z[FR_MAX_IONS]

    ctypedef struct fr_lattice:
        int ndim
        const ptrdiff_t *shape

    ctypedef struct fr_column:
        const char *data
        const ptrdiff_t *strides

    ctypedef struct fr_output:
        char *values
        ptrdiff_t stride
        int float32
        int stream
        uint8_t *status

    ctypedef struct fr_block:
        int64_t n
        int64_t invalid[6]
        double pivot, sum, sum_rest, squares, squares_rest, min, max
        int64_t argmin, argmax

    ctypedef struct fr_counts:
        ptrdiff_t n_edges
        const double *edges
        const double *ratios
        double scale
        int32_t n_cells
        const int32_t *first
        int64_t *counts

    ctypedef struct fr_kernels:
        const char *name
        fr_error (*points)(const fr_model *, const fr_lattice *, const fr_column *,
                           ptrdiff_t, ptrdiff_t, const fr_output *) noexcept nogil
        fr_error (*reduce)(const fr_model *, const fr_lattice *, const fr_column *,
                           ptrdiff_t, ptrdiff_t, int, int, fr_block *,
                           const fr_counts *) noexcept nogil
        void (*pairs)(double, const double *, ptrdiff_t, const double *, ptrdiff_t, double,
                      int32_t, const int32_t *, const double *, ptrdiff_t,
                      int64_t *) noexcept nogil
        fr_error (*gradients)(const fr_model *, const fr_lattice *, const fr_column *,
                              ptrdiff_t, ptrdiff_t, const int *, int,
                              double *const *) noexcept nogil

    int fr_model_columns(const fr_model *)
    const fr_kernels *fr_compiled(int)
    int fr_supported(const fr_kernels *)
