"""Declarations of the C core, and of the parts of `_kernels` that other modules use.

src_c/fastrest.h is the manual of the C core.
"""

cimport numpy as cnp
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "fastrest.h" nogil:
    enum:
        FR_CHUNK
        FR_MAX_IONS
        FR_REST_ION
        FR_PER_ION
        FR_MAX_COLUMNS
        FR_MAX_DIMS
        FR_BLOCK
        FR_PIECE_TERMS
        FR_PIECE_KEYS
        FR_BITS
        FR_MAX_LATIN_LOG2
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
        FR_NO_SOLUTION
        FR_UNFINISHED

    ctypedef enum fr_error:
        FR_OK
        FR_BAD_MODEL
        FR_BAD_LAYOUT
        FR_BAD_RANGE
        FR_BAD_COLUMN

    ctypedef enum fr_equation:
        FR_EQUATIONS

    enum:
        FR_LIVING_COLUMNS
        FR_MAX_CONDITIONS

    ctypedef struct fr_condition:
        double start
        double factor[FR_LIVING_COLUMNS]
        double constant[FR_LIVING_COLUMNS]

    ctypedef struct fr_protocol:
        int n
        const fr_condition *conditions
        int fixed_volume
        double tolerance
        double threshold
        double never

    ctypedef struct fr_changes:
        double factor[FR_MAX_COLUMNS]
        double constant[FR_MAX_COLUMNS]

    ctypedef struct fr_model:
        fr_equation equation
        int output
        int n_ions
        int pump_ion
        signed char z[FR_MAX_IONS]
        const fr_protocol *protocol
        int n_changes
        const fr_changes *changes

    ctypedef enum fr_base:
        FR_UNIFORM
        FR_NORMAL
        FR_TRIANGULAR
        FR_PIECES

    ctypedef struct fr_pieces:
        ptrdiff_t n
        const double *breaks
        const double *terms
        const int32_t *first

    ctypedef struct fr_quantile:
        fr_base base
        int log
        double offset, scale, a, b, c, low, high
        fr_pieces lower, upper

    ctypedef enum fr_method:
        FR_RANDOM
        FR_SOBOL
        FR_LATIN

    ctypedef struct fr_sample:
        fr_method method
        int n_inputs
        int64_t n_points
        uint32_t key[2]
        const uint64_t *directions
        const uint64_t *shifts
        const fr_quantile *quantiles
        const double *cholesky
        int n_derived
        const double *derived

    ctypedef struct fr_layout:
        int ndim
        const ptrdiff_t *shape
        const fr_sample *sample

    ctypedef struct fr_column:
        const char *data
        const ptrdiff_t *strides
        int input

    ctypedef struct fr_output:
        char *values
        ptrdiff_t stride
        int float32
        int stream
        uint8_t *status

    ctypedef struct fr_block:
        int64_t n
        int64_t invalid[8]
        double pivot, sum, sum_error, squares, squares_error, min, max
        int64_t argmin, argmax

    ctypedef struct fr_counts:
        ptrdiff_t n_edges
        const double *edges
        const double *ratios
        double scale
        int32_t n_cells
        const int32_t *first
        int64_t *counts

    ctypedef struct fr_equal_edges:
        const double *a
        const double *b
        ptrdiff_t n_a, n_b
        double unit, origin_a, origin_b
        int32_t n_bins_a, n_bins_b
        int64_t first, n_edges
        uint64_t guard
        ptrdiff_t room

    ctypedef struct fr_equal_scratch:
        uint64_t *keys[2]
        int32_t *bins
        int64_t *starts
        int64_t *counts
        int64_t *table
        int64_t *close

    ctypedef struct fr_sobol_sums_spec:
        int n_inputs
        int indicator
        double low, high, pivot
        int second
        const int *logs
        const int *parts

    ctypedef struct fr_kernels:
        const char *name
        fr_error (*points)(const fr_model *, const fr_layout *, const fr_column *,
                           ptrdiff_t, ptrdiff_t, void *, const fr_output *) noexcept nogil
        fr_error (*reduce)(const fr_model *, const fr_layout *, const fr_column *,
                           ptrdiff_t, ptrdiff_t, int, int, void *, fr_block *,
                           const fr_counts *) noexcept nogil
        fr_error (*gradients)(const fr_model *, const fr_layout *, const fr_column *,
                              ptrdiff_t, ptrdiff_t, const int *, int, void *,
                              double *const *) noexcept nogil
        void (*count_pairs)(double, const double *, ptrdiff_t, const double *, ptrdiff_t, double,
                            int32_t, const int32_t *, const double *, ptrdiff_t,
                            int64_t *) noexcept nogil
        void (*index_numbers)(const double *, ptrdiff_t, double, int32_t,
                              int32_t *) noexcept nogil
        void (*walk_pairs)(double, const double *, ptrdiff_t, const double *, ptrdiff_t,
                           const double *, ptrdiff_t, int64_t *) noexcept nogil
        void (*list_pairs)(double, const double *, ptrdiff_t, const double *, ptrdiff_t, double,
                           double, double *) noexcept nogil
        ptrdiff_t (*count_equally)(const fr_equal_edges *, fr_equal_scratch *,
                                   int64_t *) noexcept nogil
        void (*draw)(const fr_sample *, int64_t, ptrdiff_t, double *const *) noexcept nogil
        void (*quantiles)(const fr_quantile *, const double *, const double *, ptrdiff_t,
                          double *) noexcept nogil
        void (*normal_tails)(double, double *, double *) noexcept nogil
        void (*products)(const double *const *, int, ptrdiff_t, const double *, const double *,
                         void *, double *) noexcept nogil
        fr_error (*pick_freeze)(const fr_model *, const fr_layout *, const fr_column *,
                                const fr_layout *, const fr_column *, ptrdiff_t, ptrdiff_t,
                                const fr_sobol_sums_spec *, void *, int64_t *,
                                double *) noexcept nogil
        size_t product_bytes, scratch_bytes

    int fr_sobol_sums_count(const fr_sobol_sums_spec *, int)
    int fr_model_columns(const fr_model *)
    size_t fr_scratch_bytes(const fr_model *, const fr_layout *, ptrdiff_t)
    const char *fr_equation_name(int)
    const char *fr_output_name(int)
    const char *fr_rest_output_name(int)
    const fr_kernels *fr_compiled(int)
    int fr_supported(const fr_kernels *)


cdef inline int is_native(cnp.ndarray array, int typenum) noexcept:
    return (array is not None and cnp.PyArray_TYPE(array) == typenum
            and cnp.PyArray_ISBEHAVED_RO(array))


# arguments of one C call; columns that are numbers point to `numbers`, with strides `zeros`
cdef struct Inputs:
    fr_layout layout
    fr_column columns[FR_MAX_COLUMNS]
    double numbers[FR_MAX_COLUMNS]
    ptrdiff_t zeros[FR_MAX_DIMS]
    ptrdiff_t length


cdef int check(fr_error) except -1
cdef void *allocated(size_t) except NULL
cdef void *line(cnp.ndarray array, int typenum, Py_ssize_t length) except? NULL
cdef const fr_kernels *kernels_of(isa) except NULL
cdef size_t scratch_bytes(const fr_model *, const fr_layout *, ptrdiff_t) noexcept nogil
cdef int sobol_sums_count(const fr_sobol_sums_spec *, int) noexcept


cdef class Equation:
    cdef fr_model model
    cdef readonly str name
    cdef readonly tuple z
    cdef readonly int pump_ion
    cdef readonly int output
    cdef readonly int n_columns
    cdef readonly tuple protocol
    cdef readonly tuple changes
    cdef fr_protocol c_protocol
    cdef cnp.ndarray conditions
    cdef fr_changes c_changes[2]


cdef class DrawnPoints:
    cdef fr_sample points


cdef class Draw:
    cdef readonly DrawnPoints sample
    cdef readonly int input


cdef int take(Equation, list, Inputs *) except -1
