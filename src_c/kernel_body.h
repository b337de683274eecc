/* The kernels, included once per instruction set.
 *
 * Expects, on top of the file that includes it:
 *   kernel.h;
 *   FR_ISA         the name of the instruction set, an identifier (base, avx2, ...);
 *   an open target region for it.
 * Defines one global: fr_kernels_<FR_ISA>.
 *
 * The points are taken in chunks that stay in the L1 cache: lattice.h loads the columns of a
 * chunk, or draws.h draws them; equations.h computes it (with its derivatives: gradients.h), put()
 * writes it.
 */

enum { CHUNK = 256 }; /* points: 26 kB for three ions, if all columns need a buffer */

#include "log_ratio.h"
#include "lattice.h"
#include "equations.h"
#include "gradients.h"
#include "sums.h"
#include "quantiles.h"
#include "draws.h"

/* ---- the one routine that writes results ---- */

/* One store past the caches: of as many bytes as the region has, which clang does not tell. */
#if defined(__AVX2__)
enum { WIDTH = 32 };
#define STREAM(to, from) \
    _mm256_stream_si256((__m256i *)(to), _mm256_loadu_si256((const __m256i *)(const void *)(from)))
#define STREAM_FENCE() _mm_sfence()
#elif defined(__SSE2__) || defined(_M_X64)
enum { WIDTH = 16 };
#define STREAM(to, from) \
    _mm_stream_si128((__m128i *)(to), _mm_loadu_si128((const __m128i *)(const void *)(from)))
#define STREAM_FENCE() _mm_sfence()
#else
enum { WIDTH = 16 };
#define STREAM(to, from) memcpy((to), (from), WIDTH)
#define STREAM_FENCE() ((void)0)
#endif

/* memcpy past the caches */
static void stream(void *to, const char *from, size_t bytes)
{
    char *const target = to;
    const size_t head = (WIDTH - (uintptr_t)target % WIDTH) % WIDTH;
    size_t i = head < bytes ? head : bytes;
    memcpy(target, from, i);
    for (; i + WIDTH <= bytes; i += WIDTH)
        STREAM(target + i, from + i);
    memcpy(target + i, from + i, bytes - i);
}

/* n potentials to the place of point `at` of this call's output */
static void put(const double *V, ptrdiff_t n, ptrdiff_t at, const fr_output *out)
{
    char *const to = out->values + at * out->stride;
    float rounded[CHUNK];
    const char *from = (const char *)V;
    size_t size = sizeof *V;
    if (out->float32) {
        for (ptrdiff_t i = 0; i < n; i++)
            rounded[i] = (float)V[i];
        from = (const char *)rounded;
        size = sizeof *rounded;
    }
    const size_t bytes = (size_t)n * size;
    if (out->stride != (ptrdiff_t)size) {
        for (ptrdiff_t i = 0; i < n; i++)
            memcpy(to + i * out->stride, from + (size_t)i * size, size);
    } else if (out->stream) {
        stream(to, from, bytes);
    } else {
        memcpy(to, from, bytes);
    }
}

/* The first chunk ends on a cache line of the output, so that all later ones start on one. */
static ptrdiff_t first_chunk(const fr_output *out)
{
    const uintptr_t size = out->float32 ? sizeof(float) : sizeof(double);
    return CHUNK - (ptrdiff_t)((uintptr_t)out->values % 64 / size);
}

/* ---- computing, chunk by chunk ---- */

/* A walk over the points of a lattice, in order. */
typedef struct {
    const fr_model *model;
    const fr_column *columns;
    int n_columns;
    int by_rows; /* along each row every column stays or runs on, and the equation can use it */
    fr_row equation;
    fr_layout layout;
    ptrdiff_t index[FR_MAX_DIMS]; /* of the next point */
    const fr_sample *sample;
    double *drawn[FR_MAX_COLUMNS]; /* where the inputs of the sample go */
    fr_columns loaded;
} fr_walk;

/* The buffers of columns that are drawn; several may be of one input. */
static fr_error begin_draws(fr_walk *walk, const fr_lattice *lattice, const fr_column *columns,
                            int n_columns)
{
    const fr_sample *const sample = walk->sample = lattice->sample;
    const int n_inputs = sample ? sample->n_inputs + sample->n_derived : 0;
    memset(walk->drawn, 0, sizeof walk->drawn);
    for (int j = 0; j < n_columns; j++) {
        if (columns[j].data)
            continue;
        const int input = columns[j].input;
        if (lattice->ndim != 1 || n_inputs > FR_MAX_COLUMNS || input < 0 || input >= n_inputs)
            return FR_BAD_LATTICE;
        if (!walk->drawn[input])
            walk->drawn[input] = walk->loaded.buffers[j];
        walk->loaded.x[j] = walk->drawn[input];
    }
    for (int k = 0; k < n_inputs; k++)
        if (!walk->drawn[k])
            return FR_BAD_LATTICE;
    return FR_OK;
}

static fr_error begin(fr_walk *walk, const fr_model *model, const fr_lattice *lattice,
                      const fr_column *columns, ptrdiff_t start, ptrdiff_t count, int far)
{
    const int n_columns = fr_model_columns(model);
    if (n_columns == 0)
        return FR_BAD_MODEL;
    const fr_error error = lay_out(lattice, columns, n_columns, start, count, &walk->layout);
    if (error || count == 0)
        return error;
    walk->model = model;
    walk->columns = columns;
    walk->n_columns = n_columns;
    walk->equation = equations[model->equation];
    walk->by_rows = walk->equation.rows != NULL;
    for (int j = 0; j < n_columns; j++) {
        const ptrdiff_t stride = walk->layout.strides[j][walk->layout.ndim - 1];
        walk->by_rows &= columns[j].data && (stride == 0 || stride == (ptrdiff_t)sizeof(double));
    }
    memset(walk->loaded.filled, 0, sizeof walk->loaded.filled);
    walk->loaded.far = far;
    locate(&walk->layout, start, walk->index);
    return begin_draws(walk, lattice, columns, n_columns);
}

/* The columns of the next n <= CHUNK points. */
static void fetch(fr_walk *walk, ptrdiff_t n)
{
    load(&walk->layout, walk->columns, walk->n_columns, walk->index, n, &walk->loaded);
    if (walk->sample)
        draw_chunk(walk->sample, walk->index[0], n, walk->drawn);
}

/* Computes the suspect points of a chunk again, one by one, and notes their status. */
static void settle(const fr_walk *walk, ptrdiff_t n, const uint64_t *suspect, double *V,
                   uint8_t *status)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(suspect[i] & SIGN))
            continue;
        double point[FR_MAX_COLUMNS];
        uint8_t bits;
        for (int j = 0; j < walk->n_columns; j++)
            point[j] = walk->loaded.x[j][i];
        V[i] = walk->equation.point(walk->model, point, &bits);
        if (status)
            status[i] = bits;
    }
}

/* The next n <= CHUNK points: their potentials, and, if status is not NULL, the status of those
   that are not fine.  Returns whether there may be any. */
static int compute(fr_walk *walk, ptrdiff_t n, double *restrict V, uint8_t *restrict status)
{
    const fr_row equation = walk->equation;
    uint64_t suspect[CHUNK];
    int any = 0;
    if (!walk->by_rows || (equation.rows(&walk->layout, walk->columns, walk->index, n, V) & SIGN)) {
        fetch(walk, n);
        any = (equation.chunk(walk->model, n, &walk->loaded, V, suspect) & SIGN) != 0;
        if (any)
            settle(walk, n, suspect, V, status);
    }
    advance(&walk->layout, n, walk->index);
    return any;
}

/* ---- the functions of fastrest.h ---- */

static fr_error points(const fr_model *model, const fr_lattice *lattice, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, const fr_output *out)
{
    fr_walk walk;
    double V[CHUNK];
    const fr_error error = begin(&walk, model, lattice, columns, start, count, out->stream);
    if (error || count == 0)
        return error;
    if (out->status)
        memset(out->status, 0, (size_t)count);
    ptrdiff_t n = shorter(count, first_chunk(out));
    for (ptrdiff_t done = 0; done < count; n = shorter(count - done, CHUNK)) {
        compute(&walk, n, V, out->status ? out->status + done : NULL);
        if (out->values)
            put(V, n, done, out);
        done += n;
    }
    if (out->stream)
        STREAM_FENCE();
    return FR_OK;
}

/* Counts the next n <= CHUNK points without their logarithms, and moves on; or returns 0. */
static int count_ratios(fr_walk *walk, ptrdiff_t n, const fr_counts *counts)
{
    double num[CHUNK], den[CHUNK];
    fetch(walk, n);
    if ((ghk_sums(walk->model, n, &walk->loaded, num, den) & SIGN) ||
        !add_ratio_counts(counts, num, den, n))
        return 0;
    advance(&walk->layout, n, walk->index);
    return 1;
}

static fr_error reduce(const fr_model *model, const fr_lattice *lattice, const fr_column *columns,
                       ptrdiff_t start, ptrdiff_t count, int far, int sums, fr_block *blocks,
                       const fr_counts *counts)
{
    fr_walk walk;
    double V[CHUNK];
    uint8_t status[CHUNK] = {0};
    const int ratios =
        !sums && counts && counts->ratios && counts->n_edges <= FEW && model->equation == FR_GHK;
    if (start % FR_BLOCK != 0)
        return FR_BAD_RANGE;
    const fr_error error = begin(&walk, model, lattice, columns, start, count, far);
    if (error || count == 0)
        return error;
    for (ptrdiff_t done = 0; done < count; blocks++) {
        const ptrdiff_t end = done + shorter(count - done, FR_BLOCK);
        fr_sums lanes;
        memset(blocks, 0, sizeof *blocks);
        for (ptrdiff_t n; done < end; done += n) {
            n = shorter(end - done, CHUNK);
            if (ratios && count_ratios(&walk, n, counts)) {
                blocks->n += n;
                continue;
            }
            const int any = compute(&walk, n, V, status);
            const ptrdiff_t valid = any ? sort_out(blocks, status, n) : n;
            if (sums && valid > 0)
                add_sums(blocks, &lanes, V, n, start + done, any ? status : NULL);
            if (counts)
                add_counts(counts, V, n, valid, any ? status : NULL);
            blocks->n += valid;
            if (any)
                memset(status, 0, sizeof status);
        }
        if (sums && blocks->n > 0)
            finish_sums(blocks, &lanes);
    }
    return FR_OK;
}

/* Whether each wanted column is one of n_columns, and none is there twice. */
static int are_columns(const int *wanted, int n_wanted, int n_columns)
{
    int seen[FR_MAX_COLUMNS] = {0};
    for (int k = 0; k < n_wanted; k++)
        if (wanted[k] < 0 || wanted[k] >= n_columns || seen[wanted[k]]++)
            return 0;
    return 1;
}

static fr_error gradients(const fr_model *model, const fr_lattice *lattice,
                          const fr_column *columns, ptrdiff_t start, ptrdiff_t count,
                          const int *wanted, int n_wanted, double *const *out)
{
    fr_walk walk;
    double V[CHUNK];
    double *slopes[FR_MAX_COLUMNS] = {NULL};
    const int n_columns = fr_model_columns(model);
    if (n_columns == 0 || derivatives[model->equation].chunk == NULL)
        return FR_BAD_MODEL;
    if (!are_columns(wanted, n_wanted, n_columns))
        return FR_BAD_COLUMN;
    const fr_error error = begin(&walk, model, lattice, columns, start, count, 0);
    if (error || count == 0)
        return error;
    for (ptrdiff_t n, done = 0; done < count; done += n) {
        n = shorter(count - done, CHUNK);
        for (int k = 0; k < n_wanted; k++)
            slopes[wanted[k]] = out[k] + done;
        fetch(&walk, n);
        compute_slopes(model, n, &walk.loaded, V, slopes, NULL);
        advance(&walk.layout, n, walk.index);
    }
    return FR_OK;
}

#include "pick_freeze.h"

#define FR_JOIN_(a, b) a##b
#define FR_JOIN(a, b) FR_JOIN_(a, b)
#define FR_STRING_(a) #a
#define FR_STRING(a) FR_STRING_(a)

const fr_kernels FR_JOIN(fr_kernels_, FR_ISA) = {
    FR_STRING(FR_ISA),
    points,
    reduce,
    gradients,
    pairs,
    draw,
    quantiles,
    normal_tails,
    pick_freeze,
    sizeof(fr_pair_of_walks),
};
