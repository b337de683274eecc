/* fastrest: membrane potentials over many points.
 *
 * A *model* is an equation and the valences of its ions.  Its inputs are *columns*, one per
 * parameter, all broadcast to one *lattice*: a shape of 1 to FR_MAX_DIMS dimensions whose points
 * are numbered in C order.  A table is a lattice of one dimension; a grid has one dimension per
 * axis, and a parameter that does not vary along an axis has stride 0 there.  Every function
 * computes the points [start, start + count) of the lattice into a flat output, so that callers
 * may cut a sweep into pieces as they like: the bits of a point depend on its inputs alone.
 *
 * Units: mM, mV, degrees Celsius; permeabilities and conductances in any one unit.
 * Potentials are inside minus outside.
 *
 * Nothing here allocates, locks, prints, or keeps state: every function may be called from any
 * number of threads at once.  Misuse is reported by the returned fr_error before any point is
 * computed; bad data is not an error but NaN and status bits (fr_status) at its point.
 *
 * No function depends on libm, on the rounding of another compiler, or on the instruction set:
 * only + - * / and sqrt of IEEE doubles are used, in an order fixed by the source.
 */
#ifndef FASTREST_H
#define FASTREST_H

#include <stddef.h>
#include <stdint.h>

#define FR_MAX_IONS 12
#define FR_MAX_COLUMNS (3 * FR_MAX_IONS + 2)
#define FR_MAX_DIMS 64
#define FR_BLOCK 65536 /* points; what `reduce` sums up on its own */

#define FR_KELVIN_AT_0_CELSIUS 273.15
#define FR_PHI_PER_KELVIN 0x1.60f749d657ec0p-4 /* R/F = 0.08617333262145177... mV/K (SI 2019) */
#define FR_CELSIUS_MIN (-20.0)
#define FR_CELSIUS_MAX 100.0

/* Status of one point: 0 is fine, the bits of bad inputs are ORed. */
typedef enum {
    FR_NOT_FINITE = 1,  /* an input is NaN or infinite */
    FR_NEGATIVE = 2,    /* a concentration, permeability, conductance or pump ratio is < 0 */
    FR_TEMPERATURE = 4, /* celsius is outside -20 ... 100 */
    FR_NO_PERMEANT = 8, /* nothing permeant on either side: V is NaN */
    FR_INFINITE = 16,   /* permeant ions on one side only: V is -inf or +inf */
    FR_RANGE = 32       /* a sum leaves the range of doubles: V is NaN */
} fr_status;

/* What a function returns: misuse, found before any point is computed. */
typedef enum {
    FR_OK = 0,
    FR_BAD_MODEL,   /* unknown equation, too many ions, or a valence it cannot take */
    FR_BAD_LATTICE, /* number of dimensions outside 1 ... FR_MAX_DIMS, or a negative length */
    FR_BAD_RANGE,   /* start or count negative, or beyond the end of the lattice */
    FR_BAD_COLUMN   /* a wanted column that the model does not have, or twice the same */
} fr_error;

/* The equations and the order of their columns; n is the number of ions.  The last four are parts
 * of the GHK equation: a grid whose axes act on the two sums apart needs the logarithms of the
 * sums only once per axis value (FR_LOG_*), then one subtraction per point (FR_SEPARABLE). */
typedef enum {
    FR_NERNST,    /* valence, out, in, celsius; n_ions and z are not read */
    FR_GHK,       /* P[n], out[n], in[n], celsius, and pump_ratio if pump_ion >= 0; |z| = 1, 2 */
    FR_CHORD,     /* g[n], out[n], in[n], celsius; |z| = 1 or 2 */
    FR_LOG_NUM,   /* as FR_GHK, |z| = 1: ln of the sum that drives positive charge inward */
    FR_LOG_DEN,   /* as FR_GHK, |z| = 1: ln of the sum that drives it outward */
    FR_SEPARABLE, /* log_num, log_den, phi (mV): V = phi (log_num - log_den) */
    FR_LOG_RATIO, /* num, den, normal and positive: ln(num/den) within 2.1 ulp */
    FR_EQUATIONS  /* how many */
} fr_equation;

typedef struct {
    fr_equation equation;
    int n_ions;
    int pump_ion; /* the ion whose permeability pump_ratio multiplies (K), or -1 */
    signed char z[FR_MAX_IONS];
} fr_model;

/* Where the quantiles y of an input's basic distribution come from. */
typedef enum {
    FR_UNIFORM,    /* y = u */
    FR_NORMAL,     /* standard normal, truncated: a of it cut off below, b above, c left */
    FR_TRIANGULAR, /* on [0, 1], the mode at a */
    FR_PIECES      /* tabulated */
} fr_base;

/* A quantile function, tabulated from one end of a distribution to its middle: polynomials in
 * t = the probability between here and that end, 2^-53 <= t <= 1/2. */
enum { FR_PIECE_TERMS = 8, FR_PIECE_KEYS = 8 * 52 };
typedef struct {
    ptrdiff_t n;          /* how many */
    const double *breaks; /* n + 1, increasing, with every eighth of an octave of t among them */
    const double *terms;  /* n FR_PIECE_TERMS: of s^0, s^1, ..., s from 0 to 1 along a piece */
    const int32_t *first; /* FR_PIECE_KEYS + 1: how many pieces lie before each such eighth */
} fr_pieces;

/* An input's distribution: x = offset + scale y, or offset exp(scale y), within low ... high. */
typedef struct {
    fr_base base;
    int log;
    double offset, scale;
    double a, b, c;
    double low, high;       /* which rounding must not cross; maybe infinite */
    fr_pieces lower, upper; /* FR_PIECES: for u < 1/2 with t = u, for u > 1/2 with t = 1 - u */
} fr_quantile;

typedef enum {
    FR_RANDOM, /* independent points */
    FR_SOBOL,  /* a Sobol' sequence, scrambled as its directions and shifts are */
    FR_LATIN   /* a Latin hypercube: of n_points, each has its own n_points-th of every input */
} fr_method;

/* A sample: point i is a function of this and i alone.  Uniform numbers are (k + 1/2) 2^-FR_BITS
 * with whole k. */
enum { FR_BITS = 52, FR_MAX_LATIN_LOG2 = 40 };
typedef struct {
    fr_method method;
    int n_inputs; /* at most FR_MAX_COLUMNS, with the derived ones */
    int64_t n_points;
    uint32_t key[2]; /* FR_RANDOM, FR_LATIN: of Philox4x32-10 */
    const uint64_t
        *directions;        /* FR_SOBOL: n_inputs x FR_BITS, of bit 0, 1, ... of the Gray code */
    const uint64_t *shifts; /* FR_SOBOL: n_inputs, by exclusive or */
    const fr_quantile *quantiles;
    const double *cholesky; /* n_inputs x n_inputs, of the normal scores' correlation; or NULL */
    int n_derived;          /* further inputs, sums of those above: n_inputs + k is number k */
    const double *derived;  /* n_derived x (1 + n_inputs): a constant, and what each is times */
} fr_sample;

typedef struct {
    int ndim;
    const ptrdiff_t *shape;
    const fr_sample *sample; /* NULL, or what columns without data are drawn from: then ndim is 1 */
} fr_lattice;

/* One parameter: its first element and its stride in bytes along each dimension of the lattice. */
typedef struct {
    const char *data; /* native, aligned doubles; or NULL: drawn */
    const ptrdiff_t *strides;
    int input; /* the input it is of those drawn, or of those that pick-freeze varies; or -1 */
} fr_column;

/* Where the results go.  Point `start` is written first: outputs are not offset by the callee. */
typedef struct {
    char *values;     /* doubles, or floats if float32; NULL if potentials are not wanted */
    ptrdiff_t stride; /* bytes from one value to the next */
    int float32;      /* nonzero: round each potential once more, to float */
    int stream;       /* nonzero: inputs and outputs are larger than the caches: go past them */
    uint8_t *status;  /* contiguous; NULL if status is not wanted */
} fr_output;

/* What the points [k FR_BLOCK, (k + 1) FR_BLOCK) of a lattice say: blocks are summed in a fixed
 * order, so that answers put together from blocks have the same bits however a sweep was cut. */
typedef struct {
    int64_t n;                    /* valid points: those of status 0 */
    int64_t invalid[6];           /* the others, by the lowest bit of their status */
    double pivot;                 /* some V among the first; what follows is 0 if n is 0 */
    double sum, sum_rest;         /* of V - pivot: a double, and what it lacks */
    double squares, squares_rest; /* of (V - pivot)^2 */
    double min, max;
    int64_t argmin, argmax; /* the first points at which V is min, max */
} fr_block;

/* Edges between which potentials are counted, and an index that finds their neighbourhood. */
typedef struct {
    ptrdiff_t n_edges;    /* at least 1 */
    const double *edges;  /* finite, strictly increasing */
    const double *ratios; /* exp(edge / phi), within 4 ulp, where celsius is one number for all
                             points and counts alone are wanted: no logarithm is then needed; or
                             NULL */
    double scale;         /* cell of V: (V - edges[0]) scale, cut off at 0 and n_cells */
    int32_t n_cells;
    const int32_t *first; /* n_cells + 2: how many edges lie in lower cells than this one */
    int64_t *counts;      /* n_edges + 1, added to: V < edges[0], edges[0] <= V < edges[1], ... */
} fr_counts;

/* What two samples A and B of uncertain inputs are asked, for the indices of Sobol' as Jansen 1999
 * and Saltelli et al. 2010 estimate them.  With f(A_B) at A's point but for one input, taken from
 * B, and f(B_A) the other way round, all f less the pivot, and d = f(A_B) - f(A), it sums up
 *   f(A), f(A)^2;
 *   if `logs`, for each input (dV/dx)^2 at A, or where logs is not 0 (dV/d ln x)^2;
 *   if there is a B, f(B), f(B)^2, f(A) f(B), and for each input d, d^2, d f(B);
 *   if `second` too, for each input f(B_A), f(B_A) f(A); then for each two inputs j < k
 *   f(B_A) of j times d of k. */
typedef struct {
    int n_inputs;
    int indicator; /* f is 1 where low <= V <= high, and 0 elsewhere; else f is V */
    double low, high, pivot;
    int second;
    const int *logs; /* n_inputs, or NULL */
} fr_question;

/* One implementation: the same functions compiled for one instruction set. */
typedef struct {
    const char *name;
    /* in:  model; lattice; columns, as many as fr_model_columns says; start, count
     * out: potentials in mV (or logarithms) and status of the points [start, start + count) */
    fr_error (*points)(const fr_model *model, const fr_lattice *lattice, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, const fr_output *out);
    /* in:  the same; start must be a multiple of FR_BLOCK; far: as fr_output.stream
     * out: blocks, one for each that the range touches: of n and invalid alone if not `sums`;
     *      counts, unless NULL, of the valid points */
    fr_error (*reduce)(const fr_model *model, const fr_lattice *lattice, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, int far, int sums, fr_block *blocks,
                       const fr_counts *counts);
    /* in:  model of FR_GHK or FR_CHORD; the rest as for points; wanted, n_wanted: numbers of
     *      columns, none twice
     * out: out[k][i], the derivative of V with respect to column wanted[k] at point start + i, mV
     *      per unit of the column: NaN where the status is not 0.  One beyond the doubles is
     *      infinite, or NaN if it is the difference of two such; one at the edge of a domain
     *      (P = 0, g = 0, c = 0) is the one from within. */
    fr_error (*gradients)(const fr_model *model, const fr_lattice *lattice,
                          const fr_column *columns, ptrdiff_t start, ptrdiff_t count,
                          const int *wanted, int n_wanted, double *const *out);
    /* in:  phi; a, n_a, and b, n_b: finite, increasing; n_edges, edges: finite, increasing;
     *      scale, n_cells, first: an index of b, as that of fr_counts
     * out: below, added to: how many of the n_a n_b potentials phi (a - b), rounded as
     *      FR_SEPARABLE rounds them, are less than each edge */
    void (*pairs)(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                  double scale, int32_t n_cells, const int32_t *first, const double *edges,
                  ptrdiff_t n_edges, int64_t *below);
    /* in:  sample; start, count
     * out: x[k][i]: input k at point start + i, the derived ones last */
    void (*draw)(const fr_sample *sample, int64_t start, ptrdiff_t count, double *const *x);
    /* in:  n probabilities u in (0, 1) and what is left to 1, v
     * out: x[i], the quantile */
    void (*quantiles)(const fr_quantile *quantile, const double *u, const double *v, ptrdiff_t n,
                      double *x);
    /* in:  z
     * out: the normal distribution's probabilities below and above z */
    void (*normal_tails)(double z, double *lower, double *upper);
    /* in:  model of FR_GHK or FR_CHORD; two samples of the same inputs, a and b: their lattices, of
     *      one size, and columns, which say what input they are of (those of b may be NULL, if A
     *      alone is asked about); start, count; the question; scratch: scratch_bytes of memory,
     *      aligned as malloc does
     * out: invalid: points at which some potential is not valid, by its lowest status bit;
     *      sums, over the others, of doubles and what they lack: fr_question_sums such pairs */
    fr_error (*pick_freeze)(const fr_model *model, const fr_lattice *lattice_a,
                            const fr_column *columns_a, const fr_lattice *lattice_b,
                            const fr_column *columns_b, ptrdiff_t start, ptrdiff_t count,
                            const fr_question *question, void *scratch, int64_t *invalid,
                            double *sums);
    size_t scratch_bytes;
} fr_kernels;

/* Number of columns that a model's equation takes, or 0 if the model is not valid. */
int fr_model_columns(const fr_model *model);

/* How many sums a question asks for, with or without a B. */
int fr_question_sums(const fr_question *question, int with_b);

/* The implementations compiled into this library, best first, and NULL past the last. */
const fr_kernels *fr_compiled(int i);

/* Nonzero if this processor can run it. */
int fr_supported(const fr_kernels *kernels);

#endif
