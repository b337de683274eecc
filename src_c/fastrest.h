/* fastrest: membrane potentials at many points.  This header is the manual of the C core.
 *
 * Purpose.  The core evaluates one equation at every point of a table, a grid or a sample.  It
 * writes the potentials to memory, or reduces them to sums and counts without storing them.
 *
 * Columns and order.  A *model* is an equation with the valences of its ions.  Its inputs are
 * *columns*, one per parameter, in the order given at fr_equation.  All columns are broadcast to
 * one *layout*: a shape of 1 to FR_MAX_DIMS dimensions, whose points are numbered in C order (the
 * last dimension varies fastest).  A table is a layout of one dimension.  A grid has one dimension
 * per axis, and a parameter that does not vary along an axis has stride 0 there.  Every function
 * computes the points [start, start + count) of the layout and writes them to a flat output.
 * Callers may cut a sweep into pieces as they like: the bits of a point depend on its inputs alone.
 *
 * Units.  mM, mV and degrees Celsius; permeabilities and conductances in any one unit, except that
 * beside a pump current (uA/cm2) permeabilities are in cm/s, and conductances in mS/cm2. Potentials
 * are inside minus outside.
 *
 * Thread safety.  No function allocates, locks, prints, or keeps state, and each needs less than 32
 * KiB of stack: larger buffers are the caller's *scratch*.  Any number of threads may call any
 * function at once, if they write to different outputs and scratch.
 *
 * Inputs that change.  Columns may be written by others while a function reads them.  Each
 * potential, status and derivative then is that of some mixture of the values that the inputs of
 * its point had, and V, status and whatever is reduced from them agree.  This holds for doubles
 * that are written as a whole.  All other arguments must stay as they are.
 *
 * Errors.  A function reports misuse by the fr_error that it returns, before it computes any
 * point.  A function that returns void does not check its arguments.  Bad data are not an error:
 * a bad point gets the potential NaN and status bits (fr_status), and the other points are
 * computed.
 *
 * Reproducibility.  Results are bit-for-bit identical with every compiler and instruction set.
 * Only + - * / and sqrt of IEEE doubles are used, in an order that the source fixes; no function
 * depends on libm.  The functions of fr_kernels compute in the default floating-point environment
 * (x86 and arm64; see isa/environment.h) and restore the caller's: rounding mode, flush-to-zero and
 * trapped exceptions of the caller change nothing.
 */
#ifndef FASTREST_H
#define FASTREST_H

#include <stddef.h>
#include <stdint.h>

#define FR_MAX_IONS 12
#define FR_MAX_COLUMNS (3 * FR_MAX_IONS + 2)
#define FR_MAX_DIMS 64
#define FR_CHUNK 256   /* points that are computed at a time */
#define FR_BLOCK 65536 /* points in one block of `reduce` */

#define FR_KELVIN_AT_0_CELSIUS 273.15
#define FR_PHI_PER_KELVIN 0x1.60f749d657ec0p-4 /* R/F = 0.08617333262145177... mV/K (SI 2019) */
#define FR_CELSIUS_MIN (-20.0)
#define FR_CELSIUS_MAX 100.0

/* Status of one point; 0 means that the potential V is valid.  The first three bits report bad
 * inputs: they are combined by OR, and V is NaN.  The others never occur together. */
typedef enum {
    FR_NOT_FINITE = 1,   /* an input is NaN or infinite */
    FR_NEGATIVE = 2,     /* a concentration, permeability, conductance or pump ratio is < 0 */
    FR_TEMPERATURE = 4,  /* celsius is outside -20 ... 100 */
    FR_NO_PERMEANT = 8,  /* no permeant ion on either side: V is NaN */
    FR_INFINITE = 16,    /* permeant ions on one side only: V is -inf or +inf; or a time that does
                            not come: +inf */
    FR_RANGE = 32,       /* an input or a sum is too small or too large to compute: V is NaN */
    FR_NO_SOLUTION = 64, /* no V balances the currents: V is NaN */
    FR_UNFINISHED = 128 /* an iteration met its limit, which must not happen: V is the last value */
} fr_status;

/* Result of a function.  Every value but FR_OK reports misuse: no point was computed. */
typedef enum {
    FR_OK = 0,
    FR_BAD_MODEL,  /* unknown equation, too many ions, or a valence that the equation excludes; or
                      the function needs derivatives, and the equation has none */
    FR_BAD_LAYOUT, /* number of dimensions outside 1 ... FR_MAX_DIMS, a negative length, or too many
                      points; or a column without data that the layout's sample does not draw */
    FR_BAD_RANGE,  /* start or count is negative, or the range exceeds the layout; for `reduce`,
                      start is not a multiple of FR_BLOCK */
    FR_BAD_COLUMN  /* a requested column does not exist or is requested twice; for `pick_freeze`,
                      the numbers of the inputs are wrong */
} fr_error;

/* Equations, and the order of their columns; n is the number of ions.
 *   FR_NERNST     valence, out, in, celsius; n_ions and z are not read
 *   FR_GHK        P[n], out[n], in[n], celsius, and pump_ratio if pump_ion >= 0
 *   FR_CHORD      g[n], out[n], in[n], celsius
 *   FR_CHORD_PUMP g[n] (mS/cm2), out[n], in[n], celsius, I_pump (uA/cm2, any sign)
 *   FR_CHORD_SATURATING  the same with the further columns of FR_PUMP_SATURATING
 *   FR_PUMP_CONSTANT     P[n] (cm/s), out[n], in[n], celsius, I_pump (uA/cm2, any sign): zero net
 *                        current of GHK and the pump
 *   FR_PUMP_SATURATING   the same, with pump_max, Na_half and K_half (mM) for I_pump = pump_max
 *                        (Na_in/(Na_in + Na_half))^3 (K_out/(K_out + K_half))^2; ion 0 is Na and
 *                        ion 1 is K
 *   FR_CHORD_STEADY  g_Na, g_K, g_Cl, g_NKCC, g_KCC (mS/cm2), Na_out, K_out, Cl_out, X_out, z_X,
 *                    celsius, I_pump (uA/cm2, any sign), n_X (mM): the steady state of a cell whose
 *                    insides follow from these
 *   FR_CHORD_LIVING  the same, with pump_max, Na_half and K_half (mM) of a saturating pump
 *   FR_GHK_LIVING    the same with P (cm/s) in place of g, and 0 for the cotransporters; if both
 *                    halves are 0, the pump is constant
 *   FR_CHORD_RUNDOWN, FR_GHK_RUNDOWN  the same, with time (s) and diameter (um) of a sphere: the
 *                    course of that cell by the model's protocol, from its steady state on
 *   FR_GHK_SOLUTION    P[n], out[n], in[n], celsius, one that is not read, V (mV), and pump_ratio
 * if pump_ion >= 0: the value of one input at which V is that FR_FIELD_SOLUTION  the same with
 * I_pump (uA/cm2) before V, P in cm/s, and without pump_ratio The other equations are parts of the
 * GHK equation V = phi (ln N - ln D).  On a grid whose axes change either N or D, the logarithms
 * are needed only once per axis value; each point then costs one subtraction. FR_LOG_NUM    columns
 * of FR_GHK: ln N, N being the sum that drives positive charge inward FR_LOG_DEN    columns of
 * FR_GHK: ln D, D being the sum that drives positive charge outward FR_SEPARABLE  log_num, log_den,
 * phi (mV): V = phi (log_num - log_den) FR_LOG_RATIO  num, den, normal and positive: ln(num/den)
 * within 2.1 ulp
 *
 * FR_MODELS is the only list of the equations; every table of equations is made from it.  A row is
 *   X(NAME, name, per_ion, others, largest_z, pump, outputs, kernel, rows, slopes)
 * An equation takes per_ion n + others columns.  If `pump` is 1 and pump_ion >= 0, pump_ratio is
 * one more column.  If per_ion > 0, largest_z is the largest |z| that an ion may have.
 * A model asks for one of the equation's `outputs`: the number of the column that a solution is of,
 * V, what flows at V, or those of a steady state, which are listed below. models/models_tpl.h makes
 * the tables of kernels from the last three entries. */
#define FR_MODELS(X) \
    X(NERNST, nernst, 0, 4, 0, 0, 1, nernst, NO_ROWS, SLOPES(nernst)) \
    X(GHK, ghk, 3, 1, 2, 1, FR_REST_OUTPUTS, ghk, NO_ROWS, SLOPES(ghk)) \
    X(CHORD, chord, 3, 1, 2, 0, FR_REST_OUTPUTS, chord, NO_ROWS, SLOPES(chord)) \
    X(CHORD_PUMP, chord_pump, 3, 2, 2, 0, FR_REST_OUTPUTS, chord_pump, NO_ROWS, \
      SLOPES(chord_pump)) \
    X(CHORD_SATURATING, chord_saturating, 3, 4, 2, 0, FR_REST_OUTPUTS, chord_saturating, NO_ROWS, \
      SLOPES(chord_saturating)) \
    X(PUMP_CONSTANT, pump_constant, 3, 2, 3, 0, FR_REST_OUTPUTS, pump, NO_ROWS, SLOPES(pump)) \
    X(PUMP_SATURATING, pump_saturating, 3, 4, 3, 0, FR_REST_OUTPUTS, pump, NO_ROWS, SLOPES(pump)) \
    X(GHK_SOLUTION, ghk_solution, 3, 3, 2, 1, FR_MAX_COLUMNS, ghk_solution, NO_ROWS, NO_SLOPES) \
    X(FIELD_SOLUTION, field_solution, 3, 3, 3, 0, FR_MAX_COLUMNS, field_solution, NO_ROWS, \
      NO_SLOPES) \
    X(CHORD_STEADY, chord_steady, 0, 13, 0, 0, FR_OF_TIME_TO, steady, NO_ROWS, SLOPES(steady)) \
    X(CHORD_LIVING, chord_living, 0, 15, 0, 0, FR_OF_TIME_TO, living, NO_ROWS, SLOPES(living)) \
    X(GHK_LIVING, ghk_living, 0, 15, 0, 0, FR_OF_TIME_TO, living, NO_ROWS, SLOPES(living)) \
    X(CHORD_RUNDOWN, chord_rundown, 0, 17, 0, 0, FR_ALL_OUTPUTS, rundown, NO_ROWS, NO_SLOPES) \
    X(GHK_RUNDOWN, ghk_rundown, 0, 17, 0, 0, FR_ALL_OUTPUTS, rundown, NO_ROWS, NO_SLOPES) \
    X(LOG_NUM, log_num, 3, 1, 1, 1, 1, log_sum, NO_ROWS, NO_SLOPES) \
    X(LOG_DEN, log_den, 3, 1, 1, 1, 1, log_sum, NO_ROWS, NO_SLOPES) \
    X(SEPARABLE, separable, 0, 3, 0, 0, 1, separable, ROWS(separable), NO_SLOPES) \
    X(LOG_RATIO, log_ratio, 0, 2, 0, 0, 1, log_ratio, NO_ROWS, NO_SLOPES)

#define FR_ENUMERATE(NAME, ...) FR_##NAME,
typedef enum {
    FR_MODELS(FR_ENUMERATE) FR_EQUATIONS /* number of equations */
} fr_equation;
#undef FR_ENUMERATE

/* The outputs of the equations of V: what flows at V (models/currents_tpl.h), and of ion j the
 * output FR_REST_ION + FR_PER_ION j + k, k being the place in FR_ION_OUTPUTS.  Currents are outward
 * positive, uA/cm2; conductances are mS/cm2, and R_m, the inverse of the sum of slope conductances,
 * kOhm cm2, if the weights of the ions are in cm/s or mS/cm2.  Shares have no unit.  A point whose
 * V is not finite has the status of V, and the value NaN. */
/* clang-format off */
#define FR_REST_NAMES(F) \
    F(V, V) F(R_M, R_m) F(I_PUMP, I_pump) F(SHARE_PUMP, share_pump)
#define FR_ION_OUTPUTS(F) \
    F(CURRENT, I) F(SHARE, share) F(SLOPE, g_slope) F(CHORD, g_chord)
/* clang-format on */
#define FR_ENUMERATE(NAME, name) FR_REST_##NAME,
enum { FR_REST_NAMES(FR_ENUMERATE) FR_REST_ION };
#undef FR_ENUMERATE
#define FR_ENUMERATE(NAME, name) FR_ION_##NAME,
enum { FR_ION_OUTPUTS(FR_ENUMERATE) FR_PER_ION };
#undef FR_ENUMERATE
enum { FR_REST_OUTPUTS = FR_REST_ION + FR_PER_ION * FR_MAX_IONS };

/* The outputs of a steady state, and of a course in time but for the margin:  F(NAME, name).
 * osmolarity is that of the bath.  The two times are those of a course alone: `time_to` the
 * threshold, and the time at which the course has `stopped` for want of an ion. */
/* clang-format off */
#define FR_OUTPUTS(F) \
    F(V, V) F(NA, Na_in) F(K, K_in) F(CL, Cl_in) F(X, X) F(VOLUME, relative_volume) \
    F(MARGIN, margin) F(E_NA, E_Na) F(E_K, E_K) F(E_CL, E_Cl) F(TOTAL, osmolarity) F(PUMP, I_pump) \
    F(TIME_TO, time_to) F(STOPPED, stopped)
/* clang-format on */
#define FR_ENUMERATE(NAME, name) FR_OF_##NAME,
enum { FR_OUTPUTS(FR_ENUMERATE) FR_ALL_OUTPUTS };
#undef FR_ENUMERATE

enum { FR_LIVING_COLUMNS = 15, FR_COURSE_COLUMNS = 17, FR_MAX_CONDITIONS = 1000 };

/* A condition of a living cell: column j of FR_GHK_LIVING is factor[j] times its own value, plus
 * constant[j]. */
typedef struct {
    double start; /* s */
    double factor[FR_LIVING_COLUMNS], constant[FR_LIVING_COLUMNS];
} fr_condition;

/* All that happens to a living cell in time. */
typedef struct {
    int n;                          /* 1 to FR_MAX_CONDITIONS */
    const fr_condition *conditions; /* by their starts, which rise */
    int fixed_volume;               /* not 0: no water moves */
    double tolerance;               /* of the amounts in a step, mM of the first volume */
    double
        threshold; /* of the output time_to, mV: reached from the side of the resting potential */
    double never;  /* the value of a time that is not reached: infinity, or another */
} fr_protocol;

/* The changes of columns under a condition: column j becomes factor[j] times its own value plus
 * constant[j], and exactly constant[j] if factor[j] is 0. */
typedef struct {
    double factor[FR_MAX_COLUMNS], constant[FR_MAX_COLUMNS];
} fr_changes;

/* A model: an equation and the valences of its ions. */
typedef struct {
    fr_equation equation;
    int n_ions;
    int pump_ion; /* the ion whose permeability is multiplied by pump_ratio (K), or -1 */
    signed char z[FR_MAX_IONS];
    int output; /* number of the output that is computed, 0 if the equation has one */
    const fr_protocol *protocol; /* of FR_CHORD_RUNDOWN and FR_GHK_RUNDOWN, else NULL */
    int n_changes; /* 0; or 1: the value is that under changes[0]; or 2: it is that under changes[1]
                      less that under changes[0], and the status is the first that is not 0 */
    const fr_changes *changes;
} fr_model;

/* Basic distribution of an input: u is a probability, y its quantile. */
typedef enum {
    FR_UNIFORM,    /* y = u */
    FR_NORMAL,     /* standard normal, truncated: probability a is cut off below and b above, and
                      c = 1 - a - b is left */
    FR_TRIANGULAR, /* on [0, 1], with the mode at a */
    FR_PIECES      /* tabulated: see fr_pieces */
} fr_base;

/* A tabulated quantile function, from one end of a distribution to its middle.  It consists of
 * polynomials in the probability t between that end and the quantile, 2^-53 <= t <= 1/2. */
enum { FR_PIECE_TERMS = 8, FR_PIECE_KEYS = 8 * 52 };
typedef struct {
    ptrdiff_t n;          /* number of pieces */
    const double *breaks; /* n + 1 ends of the pieces, increasing; they include every eighth of an
                             octave of t */
    const double *terms;  /* n x FR_PIECE_TERMS coefficients, of s^0, s^1, ...; s runs from 0 to 1
                             along a piece */
    const int32_t *first; /* FR_PIECE_KEYS + 1: number of pieces below each eighth of an octave */
} fr_pieces;

/* Distribution of an input: x = offset + scale y, or x = offset exp(scale y) if `log` is not 0,
 * clipped to low ... high. */
typedef struct {
    fr_base base;
    int log;
    double offset, scale;
    double a, b, c;         /* parameters of the base */
    double low, high;       /* bounds that rounding must not cross; may be infinite */
    fr_pieces lower, upper; /* FR_PIECES: for u < 1/2 with t = u, for u > 1/2 with t = 1 - u */
} fr_quantile;

/* Method of sampling. */
typedef enum {
    FR_RANDOM, /* independent points */
    FR_SOBOL,  /* a Sobol' sequence, scrambled by its directions and shifts */
    FR_LATIN   /* a Latin hypercube: each of the n_points equal strata of an input has one point */
} fr_method;

/* A sample: point i is a function of this structure and of i alone.  Uniform numbers are
 * (k + 1/2) 2^-FR_BITS with an integer k. */
enum { FR_BITS = 52, FR_MAX_LATIN_LOG2 = 40 };
typedef struct {
    fr_method method;
    int n_inputs;     /* without the derived inputs; n_inputs + n_derived <= FR_MAX_COLUMNS */
    int64_t n_points; /* FR_SOBOL: <= 2^FR_BITS; FR_LATIN: <= 2^FR_MAX_LATIN_LOG2 */
    uint32_t key[2];  /* FR_RANDOM, FR_LATIN: key of the Philox4x32-10 generator */
    const uint64_t *directions;   /* FR_SOBOL: n_inputs x FR_BITS; entry m of a row belongs to bit m
                                     of the Gray code */
    const uint64_t *shifts;       /* FR_SOBOL: n_inputs digital shifts, applied by exclusive or */
    const fr_quantile *quantiles; /* n_inputs */
    const double *cholesky;       /* n_inputs x n_inputs: Cholesky factor of the correlation of the
                                     normal scores; NULL if the inputs are independent */
    int n_derived; /* linear functions of the inputs above; number k is input n_inputs + k */
    const double *derived; /* n_derived x (1 + n_inputs): a constant, then one factor per input */
} fr_sample;

/* The points: a shape, and the sample from which columns may be drawn. */
typedef struct {
    int ndim;
    const ptrdiff_t *shape;
    const fr_sample *sample; /* source of the columns without data, then ndim is 1; or NULL */
} fr_layout;

/* One parameter at the points of a layout. */
typedef struct {
    const char *data;         /* first element: an aligned double of native byte order; or NULL,
                                 if the column is drawn from the layout's sample */
    const ptrdiff_t *strides; /* bytes between elements, along each dimension of the layout */
    int input;                /* number of the input that is drawn, or that `pick_freeze` varies;
                                 or -1 */
} fr_column;

/* Where the results go.  The first element of each array belongs to point `start`. */
typedef struct {
    char *values;     /* doubles, or floats if float32 is not 0; NULL if no potentials are needed */
    ptrdiff_t stride; /* bytes from one value to the next */
    int float32;      /* not 0: each potential is rounded once more, to float */
    int stream;       /* not 0: inputs and outputs are larger than the caches, so inputs are
                         prefetched and outputs written by streaming stores */
    uint8_t *status;  /* contiguous; NULL if no status is needed */
} fr_output;

/* Sums over one block, the points [k FR_BLOCK, (k + 1) FR_BLOCK) of a layout.  A block is summed
 * in a fixed order, so that results combined from blocks are bit-for-bit identical however a
 * sweep was cut. */
typedef struct {
    int64_t n;             /* number of valid points: those of status 0 */
    int64_t invalid[8];    /* numbers of invalid points, by the lowest bit of their status */
    double pivot;          /* a reference potential; 0, as all fields below, if n is 0 */
    double sum, sum_error; /* sum of V - pivot, and its accumulated rounding error (Knuth
                              two-sum) */
    double squares, squares_error; /* the same for (V - pivot)^2 */
    double min, max;
    int64_t argmin, argmax; /* numbers of the first points at which V is min, max */
} fr_block;

/* Edges between which potentials are counted, with an index that finds the edges near a
 * potential. */
typedef struct {
    ptrdiff_t n_edges;    /* at least 1 */
    const double *edges;  /* finite, strictly increasing, mV */
    const double *ratios; /* exp(edge / phi), within 4 ulp; or NULL.  If celsius is the same at all
                             points and no sums are requested, counting by ratios needs no
                             logarithms */
    double scale;         /* cells per mV: V lies in cell (V - edges[0]) scale, clipped to
                             0 ... n_cells */
    int32_t n_cells;
    const int32_t *first; /* n_cells + 2: number of edges in lower cells than this one */
    int64_t *counts;      /* n_edges + 1 counts, which are increased: V < edges[0],
                             edges[0] <= V < edges[1], ... */
} fr_counts;

/* Two lists of logarithms, and equally spaced edges.  A number of a list is a * unit - origin_a, or
 * b * unit - origin_b: a whole part and a fraction in units of 1 / FR_FRACTIONS. */
enum { FR_FRACTION_BITS = 34 };
#define FR_FRACTIONS ((uint64_t)1 << FR_FRACTION_BITS)
typedef struct {
    const double *a, *b; /* n_a >= 1 and n_b >= 1, below 2^29, finite and increasing */
    ptrdiff_t n_a, n_b;
    double unit, origin_a, origin_b;
    int32_t n_bins_a, n_bins_b; /* the whole parts are below these numbers */
    int64_t first, n_edges;     /* V lies between the edges first + the difference of both numbers,
                                   rounded down, and the next */
    uint64_t guard;             /* fractions that differ by no more may be in the wrong order */
    ptrdiff_t room;             /* for close numbers */
} fr_equal_edges;

/* Scratch memory and further results of `count_equally`. */
typedef struct {
    uint64_t *keys[2]; /* n_a + n_b each; keys[0] returns a key for each number, sorted: a fraction
                          (bits 30 to 63), 1 for the second list (bit 29), the place in the list */
    int32_t *bins;     /* n_a + n_b: returns the whole parts */
    int64_t *starts;   /* 4096 */
    int64_t *counts;   /* n_bins_a + n_bins_b */
    int64_t *table;    /* n_bins_a * n_bins_b */
    int64_t *close;    /* room: returns the places of the keys that the next one is close to; the
                          first one comes after the last */
} fr_equal_scratch;

/* A choice of sums over two samples A and B of the same uncertain inputs, from which the Sobol'
 * indices are estimated.
 *
 * f is V, or the indicator of a range of V, minus the pivot.  f(A_B) is f at the point of A with
 * one input taken from B; f(B_A) is f at the point of B with that input taken from A; d is
 * f(A_B) - f(A), and e is f(B) - f(B_A).  The sums, in this order, are those of
 *   f(A), f(A)^2;
 *   if `logs` is not NULL, for each input: (dV/dx)^2 at A, or (dV/d ln x)^2 if its entry is not 0;
 *   if there is a B: f(B), f(B)^2, f(A) f(B), and for each input d, d^2, e, e^2, d e, d f(A),
 *     d f(B), e f(A), e f(B);
 *   if there is a B and `second` is not 0: for each pair of inputs j < k, e of j times d of k plus
 *     e of k times d of j. */
typedef struct {
    int n_inputs;
    int indicator; /* not 0: f is 1 where low <= V <= high, else 0 (minus the pivot) */
    double low, high, pivot;
    int second;       /* not 0: the sums for indices of second order, too */
    const int *logs;  /* n_inputs, or NULL */
    const int *parts; /* groups of inputs that are taken together, without logs: for each input the
                         number of its group, and n_inputs is that of the groups; or NULL */
} fr_sobol_sums_spec;

/* One implementation: all functions, compiled for one instruction set. */
typedef struct {
    const char *name;
    /* Computes potentials.
     * in:  model; layout; columns: fr_model_columns(model) of them; start, count
     * scratch: fr_scratch_bytes(model, layout, count) of memory, aligned as by malloc
     * out: *out: potentials in mV (or logarithms) and status of the points [start, start + count)
     * returns: FR_OK, FR_BAD_MODEL, FR_BAD_LAYOUT or FR_BAD_RANGE */
    fr_error (*points)(const fr_model *model, const fr_layout *layout, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, void *scratch, const fr_output *out);
    /* Sums up and counts potentials without storing them.
     * in:  model, layout, columns, start, count, scratch as for `points`; start is a multiple of
     *      FR_BLOCK;
     *      far: not 0 if the columns are larger than the caches; sums: 0 if of a block only n and
     *      invalid are needed
     * out: blocks: one for each block that the range touches; counts, unless NULL: its counts are
     *      increased by the valid points
     * returns: FR_OK, FR_BAD_MODEL, FR_BAD_LAYOUT or FR_BAD_RANGE */
    fr_error (*reduce)(const fr_model *model, const fr_layout *layout, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, int far, int sums, void *scratch,
                       fr_block *blocks, const fr_counts *counts);
    /* Computes derivatives of the potential.
     * in:  model with derivatives (SLOPES above); layout, columns, start, count, scratch as for
     *      `points`; wanted: numbers of n_wanted different columns
     * out: out[k][i]: derivative of V with respect to column wanted[k] at point start + i, in mV
     *      per unit of the column; NaN if the status of the point is not 0.  A derivative too
     *      large for a double is infinite, or NaN if it is a difference of two infinite terms.  At
     *      the edge of the domain (P = 0, g = 0, c = 0) it is the one-sided derivative from
     *      within.
     * returns: FR_OK, FR_BAD_MODEL, FR_BAD_LAYOUT, FR_BAD_RANGE or FR_BAD_COLUMN */
    fr_error (*gradients)(const fr_model *model, const fr_layout *layout, const fr_column *columns,
                          ptrdiff_t start, ptrdiff_t count, const int *wanted, int n_wanted,
                          void *scratch, double *const *out);
    /* Counts over all pairs of two lists of logarithms, without visiting the pairs.
     * in:  phi in mV, > 0; a, b: n_a >= 0 and n_b >= 1 logarithms, finite and increasing; scale,
     *      n_cells, first: an index of b, as in fr_counts; edges: n_edges, finite and increasing
     * out: below[e] is increased by the number of the n_a n_b potentials phi (a - b) that are less
     *      than edges[e]; the potentials are rounded as FR_SEPARABLE rounds them */
    void (*count_pairs)(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                        double scale, int32_t n_cells, const int32_t *first, const double *edges,
                        ptrdiff_t n_edges, int64_t *below);
    /* Makes an index as in fr_counts.
     * in:  numbers: n >= 1 of them, finite and increasing; scale, n_cells
     * out: first[n_cells + 2] */
    void (*index_numbers)(const double *numbers, ptrdiff_t n, double scale, int32_t n_cells,
                          int32_t *first);
    /* Counts as count_pairs does, without an index, which is faster for a few edges. */
    void (*walk_pairs)(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                       const double *edges, ptrdiff_t n_edges, int64_t *below);
    /* Lists the potentials of pairs.
     * in:  phi, a, b as for count_pairs; low <= high
     * out: V: the potentials low <= V < high, in no order, as many as walk_pairs counts */
    void (*list_pairs)(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                       double low, double high, double *V);
    /* Counts pairs between equally spaced edges.
     * out: scratch; between[n_edges + 1] is increased as the counts of fr_counts are: a pair whose
     *      fractions are close may be counted beside a neighbouring edge
     * returns: number of close ones, or -1 if there is no room for them */
    ptrdiff_t (*count_equally)(const fr_equal_edges *question, fr_equal_scratch *scratch,
                               int64_t *between);
    /* Draws a sample.
     * in:  sample; start, count: a range of its points
     * out: x[k][i]: input k at point start + i; the derived inputs follow the others */
    void (*draw)(const fr_sample *sample, int64_t start, ptrdiff_t count, double *const *x);
    /* Computes quantiles.
     * in:  quantile; u: n probabilities in (0, 1); v: 1 - u, to the same relative precision as u
     * out: x: n quantiles */
    void (*quantiles)(const fr_quantile *quantile, const double *u, const double *v, ptrdiff_t n,
                      double *x);
    /* Computes both tails of the standard normal distribution.
     * in:  z
     * out: *lower, *upper: probabilities below and above z */
    void (*normal_tails)(double z, double *lower, double *upper);
    /* Sums up inputs and products of two of them.
     * in:  x: n_inputs columns of n values, 1 <= n <= FR_BLOCK, of which (x - centre) / scale is
     *      taken, with a centre and a scale for each column
     * scratch: n_products * product_bytes + (n_inputs + 1) * FR_CHUNK doubles, aligned as by malloc
     * out: sums: n_products = n_inputs + n_inputs (n_inputs + 1) / 2 triples, as pivot, sum and
     *      sum_error of fr_block: of each input, then of the products of each input with itself
     *      and with those after it */
    void (*products)(const double *const *x, int n_inputs, ptrdiff_t n, const double *centre,
                     const double *scale, void *scratch, double *sums);
    /* Sums for sensitivity indices (pick-freeze estimators).
     * in:  model, with derivatives if spec has logs; layout_a, columns_a: sample A; layout_b,
     *      columns_b: sample B of the same inputs and size, columns_b may be NULL; each column has
     *      the number of its input; start, count as for `points`; spec
     * scratch: scratch_bytes of memory, aligned as by malloc
     * out: invalid[8]: numbers of points at which some potential is invalid, by the lowest bit of
     *      the status; sums: fr_sobol_sums_count pairs over the other points, each a sum and its
     *      rounding error
     * returns: FR_OK, FR_BAD_MODEL, FR_BAD_LAYOUT, FR_BAD_RANGE or FR_BAD_COLUMN; after an error
     *      invalid is 0, and so are the sums unless n_inputs is wrong */
    fr_error (*pick_freeze)(const fr_model *model, const fr_layout *layout_a,
                            const fr_column *columns_a, const fr_layout *layout_b,
                            const fr_column *columns_b, ptrdiff_t start, ptrdiff_t count,
                            const fr_sobol_sums_spec *spec, void *scratch, int64_t *invalid,
                            double *sums);
    size_t product_bytes, scratch_bytes;
} fr_kernels;

/* Names an equation.
 * in:  equation: an fr_equation, or any other number
 * returns: the name in lower case ("nernst" for FR_NERNST), or NULL if there is no such equation */
const char *fr_equation_name(int equation);

/* Names an output of a steady state: "V" for FR_OF_V; or returns NULL. */
const char *fr_output_name(int output);

/* Names an output of an equation of V: "V" for FR_REST_V, and from FR_REST_ION on those that each
 * ion has; or returns NULL. */
const char *fr_rest_output_name(int output);

/* Counts the columns of a model.
 * in:  model
 * returns: number of columns that the model's equation takes, or 0 if the model is not valid */
int fr_model_columns(const fr_model *model);

/* Computes the size of the scratch memory that `points`, `reduce` and `gradients` need.
 * in:  model; layout; count
 * returns: number of bytes, which does not grow with count beyond FR_CHUNK */
size_t fr_scratch_bytes(const fr_model *model, const fr_layout *layout, ptrdiff_t count);

/* Counts the sums of a specification.
 * in:  spec; with_b: not 0 if there is a sample B
 * returns: number of sums that `pick_freeze` computes */
int fr_sobol_sums_count(const fr_sobol_sums_spec *spec, int with_b);

/* Lists the implementations that are compiled into this library.
 * in:  i: 0, 1, ...
 * returns: implementation i, best first, or NULL if there is none */
const fr_kernels *fr_compiled(int i);

/* Tests whether this processor supports an implementation.
 * in:  kernels: one that fr_compiled returned
 * returns: 1 if the processor can run it, else 0 */
int fr_supported(const fr_kernels *kernels);

#endif
