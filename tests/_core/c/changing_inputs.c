/* Computes with columns that another thread rewrites all the time.
 *
 *   changing_inputs SECONDS
 *
 * Each input of a point has one of two values, ordinary or not.  Every potential, status and
 * derivative must be that of one of the mixtures, and sums must agree with themselves.  The program
 * prints each broken promise and returns 0 if there is none; test_changing_inputs.py runs it.
 */
#include "fastrest.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POINTS = 1500, MOST_MIXTURES = 1 << 11, STEP = (int)sizeof(double) };

static const fr_model MODELS[] = {
    {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL}, {FR_GHK, 2, -1, {1, 1}, 0, NULL},
    {FR_GHK, 2, -1, {1, 2}, 0, NULL},    {FR_CHORD, 3, -1, {1, 1, -1}, 0, NULL},
    {FR_NERNST, 0, -1, {0}, 0, NULL},
};

/* A result of one point. */
typedef struct {
    uint64_t V;
    int status;
} result;

static volatile double table[FR_MAX_COLUMNS][POINTS];
static double choices[FR_MAX_COLUMNS][2];
static int n_columns;
static volatile int ends;

static int failures;

static void fail(const fr_kernels *kernels, int model, const char *what)
{
    if (failures++ < 20)
        printf("[%s] model %d: %s\n", kernels->name, model, what);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void *rewrite(void *unused)
{
    uint64_t state = 1;
    (void)unused;
    while (!ends) {
        const int j = (int)(next(&state) % (unsigned)n_columns);
        const int mostly = next(&state) % 8 != 0; /* many chunks without a bad point, too */
        for (int i = 0; i < POINTS; i++)
            table[j][i] = choices[j][!mostly && next(&state) % 64 == 0];
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const result *const x = a, *const y = b;
    return x->V != y->V ? (x->V < y->V ? -1 : 1) : x->status - y->status;
}

static uint64_t bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static int is_among(const result *all, int n, double V, int status)
{
    const result one = {bits(V), status};
    return bsearch(&one, all, (size_t)n, sizeof *all, compare) != NULL;
}

/* Computes potentials, status and derivatives; the last come in a row per wanted column. */
static void compute(const fr_kernels *kernels, const fr_model *model, ptrdiff_t n,
                    const volatile double *columns, double *V, uint8_t *status, double *slopes)
{
    static const ptrdiff_t stride = STEP;
    const fr_layout layout = {1, &n, NULL};
    const fr_output out = {(char *)V, STEP, 0, 0, status};
    fr_column x[FR_MAX_COLUMNS];
    double *to[FR_MAX_COLUMNS];
    int wanted[FR_MAX_COLUMNS];
    void *const scratch = malloc(fr_scratch_bytes(model, &layout, n));
    for (int j = 0; j < n_columns; j++) {
        x[j] = (fr_column){(const char *)(uintptr_t)(columns + j * n), &stride, -1};
        to[j] = slopes + j * n;
        wanted[j] = j;
    }
    if (!scratch || kernels->points(model, &layout, x, 0, n, scratch, &out) ||
        kernels->gradients(model, &layout, x, 0, n, wanted, n_columns, scratch, to))
        exit(2);
    free(scratch);
}

static void sum_up(const fr_kernels *kernels, int m, const result *all, int mixtures)
{
    static const double edges[] = {-1e6, -60.0, 0.0}, ratios[] = {1e-300, 0.1, 1.0};
    static const ptrdiff_t stride = STEP, n = POINTS;
    static const int32_t first[] = {0, 0, 3};
    const fr_layout layout = {1, &n, NULL};
    fr_column x[FR_MAX_COLUMNS];
    void *const scratch = malloc(fr_scratch_bytes(&MODELS[m], &layout, n));
    for (int j = 0; j < n_columns; j++)
        x[j] = (fr_column){(const char *)(uintptr_t)table[j], &stride, -1};
    for (int sums = 0; sums < 2; sums++) {
        int64_t counts[4] = {0}, invalid = 0;
        fr_block block;
        const fr_counts wanted = {3, edges, sums ? NULL : ratios, 0.0, 1, first, counts};
        if (!scratch ||
            kernels->reduce(&MODELS[m], &layout, x, 0, n, 0, sums, scratch, &block, &wanted))
            exit(2);
        for (int bit = 0; bit < 6; bit++)
            invalid += block.invalid[bit];
        if (block.n + invalid != n || counts[0] + counts[1] + counts[2] + counts[3] != block.n)
            fail(kernels, m, "numbers of points contradict each other");
        if (sums && block.n &&
            (!is_among(all, mixtures, block.min, 0) || !is_among(all, mixtures, block.max, 0) ||
             !isfinite(block.sum)))
            fail(kernels, m, "an extremum that no mixture has");
    }
    free(scratch);
}

static void test(const fr_kernels *kernels, int m, double seconds)
{
    static const double others[] = {-1.0, NAN, 0.0, 1e300, INFINITY, 7.0, 1e-310};
    static volatile double mixed[FR_MAX_COLUMNS * MOST_MIXTURES];
    static double V[MOST_MIXTURES], slopes[FR_MAX_COLUMNS * MOST_MIXTURES];
    static uint8_t status[MOST_MIXTURES];
    static result all[MOST_MIXTURES], of_slopes[FR_MAX_COLUMNS][MOST_MIXTURES];
    n_columns = fr_model_columns(&MODELS[m]);
    const int mixtures = 1 << n_columns;
    for (int j = 0; j < n_columns; j++) {
        choices[j][0] = MODELS[m].equation == FR_NERNST && j == 0 ? 1.0 : 2.0 + 0.5 * j;
        choices[j][1] = others[(j + m) % 7];
        for (int i = 0; i < mixtures; i++)
            mixed[j * mixtures + i] = choices[j][i >> j & 1];
        for (int i = 0; i < POINTS; i++)
            table[j][i] = choices[j][0];
    }
    compute(kernels, &MODELS[m], mixtures, mixed, V, status, slopes);
    for (int i = 0; i < mixtures; i++) {
        all[i] = (result){bits(V[i]), status[i]};
        for (int j = 0; j < n_columns; j++)
            of_slopes[j][i] = (result){bits(slopes[j * mixtures + i]), 0};
    }
    qsort(all, (size_t)mixtures, sizeof *all, compare);
    for (int j = 0; j < n_columns; j++)
        qsort(of_slopes[j], (size_t)mixtures, sizeof **of_slopes, compare);

    pthread_t writer;
    const time_t start = time(NULL);
    ends = 0;
    if (pthread_create(&writer, NULL, rewrite, NULL))
        exit(2);
    for (int turn = 0; turn < 20 || difftime(time(NULL), start) < seconds; turn++) {
        compute(kernels, &MODELS[m], POINTS, table[0], V, status, slopes);
        for (int i = 0; i < POINTS; i++) {
            if (!is_among(all, mixtures, V[i], status[i]))
                fail(kernels, m, "a potential and status that no mixture has");
            for (int j = 0; j < n_columns; j++)
                if (!is_among(of_slopes[j], mixtures, slopes[j * POINTS + i], 0))
                    fail(kernels, m, "a derivative that no mixture has");
        }
        sum_up(kernels, m, all, mixtures);
    }
    ends = 1;
    pthread_join(writer, NULL);
}

int main(int argc, char **argv)
{
    const int models = (int)(sizeof MODELS / sizeof *MODELS);
    const double seconds = argc > 1 ? atof(argv[1]) : 1.0;
    int sets = 0;
    while (fr_compiled(sets))
        sets++;
    for (int k = 0; k < sets; k++)
        for (int m = 0; m < models && fr_supported(fr_compiled(k)); m++)
            test(fr_compiled(k), m, seconds / (sets * models));
    printf("%d failures\n", failures);
    return failures != 0;
}
