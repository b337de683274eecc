/* The C core by itself: a program that fails if fastrest.h does not keep what it says.
 *
 * tests/test_c_core.py compiles it together with src_c/, with sanitizers and as shipped.  Every
 * array is allocated to its exact size, so that a sanitizer sees each read or write beyond it.
 * Prints one line per broken promise; returns 0 if there is none.
 */
#include "fastrest.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checking ---- */

static int failures;
static const char *kernels_name = "";

static void check(int holds, int line, const char *what)
{
    if (!holds && ++failures <= 20)
        printf("test_core.c:%d: [%s] %s\n", line, kernels_name, what);
}

#define CHECK(condition) check((condition) != 0, __LINE__, #condition)

static void *allocate(size_t bytes)
{
    void *const memory = malloc(bytes ? bytes : 1);
    if (!memory) {
        puts("out of memory");
        exit(2);
    }
    return memory;
}

static double *doubles(ptrdiff_t n)
{
    return allocate((size_t)n * sizeof(double));
}

static int same_bits(const double *a, const double *b, ptrdiff_t n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* ---- inputs ---- */

static uint64_t random_state = 1;

static uint64_t random_word(void)
{
    uint64_t x = random_state += UINT64_C(0x9E3779B97F4A7C15); /* SplitMix64 */
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static int random_below(int n)
{
    return (int)(random_word() % (uint64_t)n);
}

static double random_fraction(void)
{
    return (double)(random_word() >> 11) * 0x1p-53;
}

/* 2^-7 ... 2^7 */
static double random_amount(void)
{
    return ldexp(1.0 + random_fraction(), random_below(14) - 7);
}

#define NO_PUMP (-1)

static const fr_model MODELS[] = {
    {FR_NERNST, 0, NO_PUMP, {0}},
    {FR_GHK, 1, NO_PUMP, {-1}},
    {FR_GHK, 2, 0, {1, 1}},
    {FR_GHK, 3, 0, {1, 1, -1}},
    {FR_GHK, 4, 2, {1, -1, 1, -1}},
    {FR_GHK, 5, 4, {1, -1, 1, -1, 1}},
    {FR_GHK, 12, NO_PUMP, {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1}},
    {FR_GHK, 4, 0, {1, 1, -1, 2}},
    {FR_GHK, 2, NO_PUMP, {2, -2}},
    {FR_GHK, 12, 11, {2, -2, 1, -1, 2, -2, 1, -1, 2, -2, 1, 1}},
    {FR_CHORD, 1, NO_PUMP, {2}},
    {FR_CHORD, 4, NO_PUMP, {1, -1, 2, -2}},
    {FR_LOG_NUM, 3, 1, {1, 1, -1}},
    {FR_LOG_DEN, 3, NO_PUMP, {1, 1, -1}},
    {FR_SEPARABLE, 0, NO_PUMP, {0}},
    {FR_LOG_RATIO, 0, NO_PUMP, {0}},
};
enum { N_MODELS = (int)(sizeof MODELS / sizeof *MODELS) };

static const ptrdiff_t COUNTS[] = {0, 1, 3, 7, 8, 9, 255, 256, 257, 65535, 65536, 65537};
enum { N_COUNTS = (int)(sizeof COUNTS / sizeof *COUNTS) };

static double ordinary_value(const fr_model *model, int column)
{
    static const double valences[] = {-2.0, -1.0, 1.0, 2.0};
    const int ions = model->n_ions;
    if (model->equation == FR_NERNST && column == 0)
        return valences[random_below(4)];
    if (column == (model->equation == FR_NERNST ? 3 : ions ? 3 * ions : -1))
        return 120.0 * random_fraction() - 20.0; /* celsius */
    return random_amount();
}

/* A table: contiguous columns, each a block of memory of its own. */
typedef struct {
    ptrdiff_t n;
    int n_columns;
    double *x[FR_MAX_COLUMNS];
} table;

static table new_table(const fr_model *model, ptrdiff_t n)
{
    table t;
    t.n = n;
    t.n_columns = fr_model_columns(model);
    for (int j = 0; j < t.n_columns; j++) {
        t.x[j] = doubles(n);
        for (ptrdiff_t i = 0; i < n; i++)
            t.x[j][i] = ordinary_value(model, j);
    }
    return t;
}

/* Every column gets values of all kinds, at other rows than its neighbours. */
static void spoil(table *t)
{
    static const double special[] = {0.0,       -0.0,    -1.0,    NAN,    INFINITY,
                                     -INFINITY, DBL_MIN, DBL_MAX, 5e-324, 0x1p480};
    for (ptrdiff_t i = 0; i < t->n; i += 5)
        t->x[random_below(t->n_columns)][i] = special[random_below(10)];
}

static void free_table(table *t)
{
    for (int j = 0; j < t->n_columns; j++)
        free(t->x[j]);
}

static fr_output to_doubles(double *values, uint8_t *status)
{
    const fr_output out = {(char *)values, (ptrdiff_t)sizeof(double), 0, 0, status};
    return out;
}

static fr_error run(const fr_kernels *kernels, const fr_model *model, const table *t,
                    ptrdiff_t start, ptrdiff_t count, const fr_output *out)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_lattice lattice = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
    }
    return kernels->points(model, &lattice, columns, start, count, out);
}

/* The potential and status of one point. */
static double potential(const fr_kernels *kernels, const fr_model *model, const double *inputs,
                        uint8_t *status)
{
    const ptrdiff_t one = 1, stride = 0;
    const fr_lattice lattice = {1, &one, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    double V = 0.0;
    const fr_output out = to_doubles(&V, status);
    for (int j = 0; j < fr_model_columns(model); j++) {
        columns[j].data = (const char *)(inputs + j);
        columns[j].strides = &stride;
    }
    CHECK(kernels->points(model, &lattice, columns, 0, 1, &out) == FR_OK);
    return V;
}

/* ---- the list of implementations ---- */

static void the_list_of_kernels_ends_and_its_last_entry_runs_everywhere(void)
{
    int n = 0;
    while (fr_compiled(n))
        n++;
    CHECK(n >= 1);
    CHECK(strcmp(fr_compiled(n - 1)->name, "base") == 0);
    CHECK(fr_supported(fr_compiled(n - 1)));
    CHECK(fr_compiled(-1) == NULL);
    CHECK(fr_compiled(n + 1) == NULL);
    const fr_kernels stranger = {.name = "stranger"};
    CHECK(!fr_supported(&stranger));
}

static void a_model_takes_the_columns_that_the_header_says(void)
{
    CHECK(FR_MAX_COLUMNS == 38);
    for (int m = 0; m < N_MODELS; m++) {
        const fr_model *const model = &MODELS[m];
        const int expected = model->equation == FR_NERNST      ? 4
                             : model->equation == FR_SEPARABLE ? 3
                             : model->equation == FR_LOG_RATIO ? 2
                                                               : 3 * model->n_ions + 1;
        CHECK(fr_model_columns(model) == expected + (model->pump_ion >= 0));
    }
}

/* ---- misuse ---- */

static const fr_model BAD_MODELS[] = {
    {FR_EQUATIONS, 1, NO_PUMP, {1}},
    {FR_GHK, 0, NO_PUMP, {0}},
    {FR_GHK, -1, NO_PUMP, {0}},
    {FR_GHK, FR_MAX_IONS + 1, NO_PUMP, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {FR_GHK, 1, NO_PUMP, {0}},
    {FR_GHK, 2, NO_PUMP, {1, 3}},
    {FR_GHK, 2, NO_PUMP, {1, -3}},
    {FR_GHK, 2, NO_PUMP, {1, -128}},
    {FR_GHK, 1, -2, {1}},
    {FR_GHK, 1, 1, {1}},
    {FR_CHORD, 1, 0, {1}},
    {FR_CHORD, 0, NO_PUMP, {0}},
    {FR_CHORD, 1, NO_PUMP, {3}},
    {FR_LOG_NUM, 1, NO_PUMP, {2}},
    {FR_LOG_DEN, 1, NO_PUMP, {-2}},
    {FR_LOG_DEN, 1, 7, {1}},
};

static void misuse_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}};
    const double x = 1.0;
    const ptrdiff_t zeros[FR_MAX_DIMS + 1] = {0};
    fr_column columns[FR_MAX_COLUMNS];
    for (int j = 0; j < FR_MAX_COLUMNS; j++) {
        columns[j].data = (const char *)&x;
        columns[j].strides = zeros;
    }
    double V[4] = {1.0, 2.0, 3.0, 4.0};
    uint8_t status[4] = {5, 6, 7, 8};
    const fr_output out = to_doubles(V, status);
    const ptrdiff_t four = 4;
    const fr_lattice line = {1, &four, NULL};

    for (size_t m = 0; m < sizeof BAD_MODELS / sizeof *BAD_MODELS; m++) {
        CHECK(fr_model_columns(&BAD_MODELS[m]) == 0);
        CHECK(kernels->points(&BAD_MODELS[m], &line, columns, 0, 4, &out) == FR_BAD_MODEL);
    }

    ptrdiff_t ones[FR_MAX_DIMS + 1];
    for (int d = 0; d <= FR_MAX_DIMS; d++)
        ones[d] = 1;
    const fr_lattice no_dims = {0, ones, NULL}, negative_dims = {-1, ones, NULL};
    const fr_lattice too_many = {FR_MAX_DIMS + 1, ones, NULL};
    const ptrdiff_t negative[] = {2, -1}, too_large[] = {PTRDIFF_MAX, 2};
    const ptrdiff_t just_too_large[] = {PTRDIFF_MAX / 4 + 1, 4};
    const fr_lattice negative_length = {2, negative, NULL}, overflow = {2, too_large, NULL};
    const fr_lattice just_overflow = {2, just_too_large, NULL};
    CHECK(kernels->points(&ghk, &no_dims, columns, 0, 1, &out) == FR_BAD_LATTICE);
    CHECK(kernels->points(&ghk, &negative_dims, columns, 0, 1, &out) == FR_BAD_LATTICE);
    CHECK(kernels->points(&ghk, &too_many, columns, 0, 1, &out) == FR_BAD_LATTICE);
    CHECK(kernels->points(&ghk, &negative_length, columns, 0, 1, &out) == FR_BAD_LATTICE);
    CHECK(kernels->points(&ghk, &overflow, columns, 0, 1, &out) == FR_BAD_LATTICE);
    CHECK(kernels->points(&ghk, &just_overflow, columns, 0, 1, &out) == FR_BAD_LATTICE);

    const ptrdiff_t ranges[][2] = {
        {-1, 1}, {0, -1},          {0, 5},           {4, 1},
        {5, 0},  {PTRDIFF_MAX, 1}, {1, PTRDIFF_MAX}, {PTRDIFF_MAX, PTRDIFF_MAX}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        CHECK(kernels->points(&ghk, &line, columns, ranges[r][0], ranges[r][1], &out) ==
              FR_BAD_RANGE);

    const ptrdiff_t none[] = {3, 0, 5};
    const fr_lattice empty = {3, none, NULL};
    CHECK(kernels->points(&ghk, &empty, columns, 0, 1, &out) == FR_BAD_RANGE);
    /* no points are no misuse */
    CHECK(kernels->points(&ghk, &empty, columns, 0, 0, &out) == FR_OK);
    CHECK(kernels->points(&ghk, &line, columns, 4, 0, &out) == FR_OK);
    CHECK(kernels->points(&ghk, &line, columns, 0, 0, &out) == FR_OK);

    for (int i = 0; i < 4; i++) {
        CHECK(V[i] == (double)(i + 1));
        CHECK(status[i] == i + 5);
    }

    /* the largest lattices are fine */
    const fr_lattice most_dims = {FR_MAX_DIMS, ones, NULL};
    const ptrdiff_t huge[] = {PTRDIFF_MAX / 4, 4};
    const fr_lattice most_points = {2, huge, NULL};
    CHECK(kernels->points(&ghk, &most_dims, columns, 0, 1, &out) == FR_OK);
    CHECK(V[0] == 0.0 && status[0] == 0);
    CHECK(kernels->points(&ghk, &most_points, columns, PTRDIFF_MAX / 4 * 4 - 4, 4, &out) == FR_OK);
    CHECK(V[3] == 0.0 && status[3] == 0);
}

/* ---- results ---- */

/* computed in 40-digit arithmetic, inputs as doubles */
static void check_values_are_met(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}};
    const double neuron[] = {1.0, 0.04, 0.45, 5.0, 145.0, 110.0, 140.0, 15.0, 7.0, 37.0, 1.0};
    uint8_t status = 255;
    CHECK(fabs(potential(kernels, &ghk, neuron, &status) - -69.811924278622484) <= 1e-12);
    CHECK(status == 0);

    const fr_model calcium = {FR_GHK, 4, NO_PUMP, {1, 1, -1, 2}};
    const double P_Ca[] = {0.0, 0.01, 1.0, 10.0};
    const double V[] = {-69.811924278622, -69.669563566, -58.690509624, -25.956623509};
    for (int i = 0; i < 4; i++) {
        const double x[] = {1.0, 0.04,  0.45, P_Ca[i], 5.0,  145.0, 110.0,
                            2.0, 140.0, 15.0, 7.0,     1e-4, 37.0};
        CHECK(fabs(potential(kernels, &calcium, x, &status) - V[i]) <= 1e-9);
        CHECK(status == 0);
    }

    const fr_model pump = {FR_GHK, 2, 0, {1, 1}};
    const double P_Na[] = {0.01, 0.04, 0.1};
    const double without[] = {-84.4381, -69.8575, -53.6634};
    const double with_pump[] = {-86.6929, -75.3756, -61.4143};
    for (int i = 0; i < 3; i++) {
        double x[] = {1.0, P_Na[i], 4.5, 145.0, 140.0, 15.0, 37.0, 1.0};
        CHECK(fabs(potential(kernels, &pump, x, &status) - without[i]) <= 1e-4);
        x[7] = 1.5;
        CHECK(fabs(potential(kernels, &pump, x, &status) - with_pump[i]) <= 1e-4);
    }

    /* against libm, where the definition is one line */
    const double phi = FR_PHI_PER_KELVIN * (37.0 + FR_KELVIN_AT_0_CELSIUS);
    const fr_model nernst = {FR_NERNST, 0, NO_PUMP, {0}};
    const double calcium_inputs[] = {2.0, 2.0, 1e-4, 37.0};
    CHECK(fabs(potential(kernels, &nernst, calcium_inputs, &status) - phi / 2 * log(2e4)) <= 1e-12);
    CHECK(status == 0);

    const fr_model chord = {FR_CHORD, 2, NO_PUMP, {1, -2}};
    const double conductances[] = {3.0, 1.0, 5.0, 8.0, 140.0, 2.0, 37.0};
    const double mean = phi * (3.0 * log(5.0 / 140.0) - log(8.0 / 2.0) / 2) / 4.0;
    CHECK(fabs(potential(kernels, &chord, conductances, &status) - mean) <= 1e-12);
    CHECK(status == 0);

    const fr_model log_num = {FR_LOG_NUM, 3, 0, {1, 1, -1}},
                   log_den = {FR_LOG_DEN, 3, 0, {1, 1, -1}};
    const double num = 5.0 + 0.04 * 145.0 + 0.45 * 7.0, den = 140.0 + 0.04 * 15.0 + 0.45 * 110.0;
    CHECK(fabs(potential(kernels, &log_num, neuron, &status) - log(num)) <= 1e-14);
    CHECK(fabs(potential(kernels, &log_den, neuron, &status) - log(den)) <= 1e-14);

    const fr_model separable = {FR_SEPARABLE, 0, NO_PUMP, {0}};
    const double logs[] = {1.25, 3.5, 26.0};
    CHECK(potential(kernels, &separable, logs, &status) == 26.0 * (1.25 - 3.5));
    CHECK(status == 0);

    const fr_model log_ratio = {FR_LOG_RATIO, 0, NO_PUMP, {0}};
    const double equal[] = {0x1.8p-1000, 0x1.8p-1000}, ends[] = {DBL_MAX, DBL_MIN};
    CHECK(potential(kernels, &log_ratio, equal, &status) == 0.0);
    CHECK(fabs(potential(kernels, &log_ratio, ends, &status) - (log(DBL_MAX) - log(DBL_MIN))) <=
          1e-12);
    CHECK(status == 0);
}

typedef struct {
    int column;
    double value, V; /* V: 0 stands for NaN */
    int status;
} spoilt;

static void bad_points_are_nan_with_their_status(const fr_kernels *kernels)
{
    /* one ion, K: P, out, in, celsius, pump_ratio */
    static const spoilt rows[] = {
        {0, 0.0, 0.0, FR_NO_PERMEANT},         {0, -0.0, 0.0, FR_NO_PERMEANT},
        {0, -1.0, 0.0, FR_NEGATIVE},           {0, NAN, 0.0, FR_NOT_FINITE},
        {0, INFINITY, 0.0, FR_NOT_FINITE},     {0, 5e-324, 0.0, FR_RANGE},
        {0, DBL_MAX, 0.0, FR_RANGE},           {1, 0.0, -INFINITY, FR_INFINITE},
        {1, -5.0, 0.0, FR_NEGATIVE},           {1, -INFINITY, 0.0, FR_NOT_FINITE},
        {2, -0.0, INFINITY, FR_INFINITE},      {2, NAN, 0.0, FR_NOT_FINITE},
        {3, -20.0000001, 0.0, FR_TEMPERATURE}, {3, 100.0000001, 0.0, FR_TEMPERATURE},
        {3, 310.15, 0.0, FR_TEMPERATURE},      {3, NAN, 0.0, FR_NOT_FINITE},
        {3, -INFINITY, 0.0, FR_NOT_FINITE},    {4, -1.5, 0.0, FR_NEGATIVE},
        {4, NAN, 0.0, FR_NOT_FINITE},          {4, 0.0, 0.0, FR_NO_PERMEANT},
    };
    const fr_model model = {FR_GHK, 1, 0, {1}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double x[] = {1.0, 5.0, 140.0, 37.0, 1.5};
        uint8_t status = 255;
        x[rows[r].column] = rows[r].value;
        const double V = potential(kernels, &model, x, &status);
        CHECK(status == rows[r].status);
        CHECK(rows[r].V == 0.0 ? isnan(V) : V == rows[r].V);
    }

    double all[] = {NAN, -1.0, 140.0, 200.0, 1.5}; /* the bits of bad inputs are ORed */
    uint8_t status = 255;
    CHECK(isnan(potential(kernels, &model, all, &status)));
    CHECK(status == (FR_NOT_FINITE | FR_NEGATIVE | FR_TEMPERATURE));
    potential(kernels, &model, all, NULL); /* status is not needed */
}

/* ---- the bits of a point depend on its inputs alone ---- */

/* Whether V is a number exactly where status is 0.  A logarithm of a sum may be -inf, which is the
   logarithm of 0; and a valence is a whole number. */
static int potentials_need_a_status(const fr_model *model, const double *x)
{
    return model->equation != FR_LOG_NUM && model->equation != FR_LOG_DEN &&
           (model->equation != FR_NERNST || !(fabs(x[0]) < 1.0));
}

static void every_count_gives_the_bits_of_single_points(const fr_kernels *kernels)
{
    for (int m = 0; m < N_MODELS; m++)
        for (int c = 0; c < N_COUNTS; c++) {
            const fr_model *const model = &MODELS[m];
            const ptrdiff_t n = COUNTS[c];
            if (n > 300 && model->n_ions > 5)
                continue; /* 38 columns of 65537: the others have been that long */
            table t = new_table(model, n);
            spoil(&t);
            double *const V = doubles(n);
            uint8_t *const status = allocate((size_t)n);
            const fr_output out = to_doubles(V, status);
            CHECK(run(kernels, model, &t, 0, n, &out) == FR_OK);
            for (ptrdiff_t i = 0; i < n; i += n < 300 ? 1 : 97) {
                double x[FR_MAX_COLUMNS];
                uint8_t bits = 255;
                for (int j = 0; j < t.n_columns; j++)
                    x[j] = t.x[j][i];
                const double alone = potential(kernels, model, x, &bits);
                CHECK(same_bits(&alone, &V[i], 1));
                CHECK(bits == status[i]);
                if (potentials_need_a_status(model, x))
                    CHECK((bits == 0) == (isfinite(V[i]) != 0));
            }
            free(status);
            free(V);
            free_table(&t);
        }
}

static void ranges_cut_in_odd_places_give_the_whole(const fr_kernels *kernels)
{
    static const ptrdiff_t pieces[] = {1, 3, 7, 8, 9, 255, 256, 257, 2, 511, 1000, 13};
    for (int m = 0; m < N_MODELS; m++) {
        const ptrdiff_t n = 5003;
        table t = new_table(&MODELS[m], n);
        spoil(&t);
        double *const whole = doubles(n), *const cut = doubles(n);
        uint8_t *const status = allocate((size_t)n), *const cut_status = allocate((size_t)n);
        const fr_output out = to_doubles(whole, status);
        CHECK(run(kernels, &MODELS[m], &t, 0, n, &out) == FR_OK);
        ptrdiff_t start = 0;
        for (int i = 0; start < n; i++) {
            const ptrdiff_t piece = pieces[i % 12], count = piece < n - start ? piece : n - start;
            fr_output part = to_doubles(cut + start, cut_status + start);
            part.stream = i % 2;
            CHECK(run(kernels, &MODELS[m], &t, start, count, &part) == FR_OK);
            start += count;
        }
        CHECK(same_bits(whole, cut, n));
        CHECK(memcmp(status, cut_status, (size_t)n) == 0);

        /* values alone, and status alone */
        const fr_output values_alone = to_doubles(cut, NULL),
                        status_alone = to_doubles(NULL, cut_status);
        memset(cut, 0, (size_t)n * sizeof *cut);
        memset(cut_status, 255, (size_t)n);
        CHECK(run(kernels, &MODELS[m], &t, 0, n, &values_alone) == FR_OK);
        CHECK(run(kernels, &MODELS[m], &t, 0, n, &status_alone) == FR_OK);
        CHECK(same_bits(whole, cut, n));
        CHECK(memcmp(status, cut_status, (size_t)n) == 0);
        free(cut_status);
        free(status);
        free(cut);
        free(whole);
        free_table(&t);
    }
}

/* ---- outputs ---- */

/* Runs with results `stride` bytes apart, the first one `offset` bytes behind a cache line, and
   looks at every byte of the memory around them. */
static void check_output(const fr_kernels *kernels, const fr_model *model, const table *t,
                         const double *expected, ptrdiff_t offset, ptrdiff_t stride, int float32,
                         int streamed)
{
    enum { LINE = 64, CANARY = 0xAB };
    const ptrdiff_t n = t->n, size = float32 ? 4 : 8;
    const ptrdiff_t step = stride < 0 ? -stride : stride, span = n ? (n - 1) * step + size : 0;
    const size_t bytes = (size_t)(2 * LINE + offset + span + LINE);
    unsigned char *const memory = allocate(bytes);
    memset(memory, CANARY, bytes);
    unsigned char *const line = memory + LINE - (uintptr_t)memory % LINE;
    unsigned char *const lowest = line + offset;
    unsigned char *const first = stride < 0 && n ? lowest + (n - 1) * step : lowest;
    const fr_output out = {(char *)first, stride, float32, streamed, NULL};

    CHECK(run(kernels, model, t, 0, n, &out) == FR_OK);
    for (ptrdiff_t i = 0; i < n; i++) {
        unsigned char *const at = first + i * stride;
        if (float32) {
            const float value = (float)expected[i];
            CHECK(memcmp(at, &value, sizeof value) == 0);
        } else {
            CHECK(memcmp(at, &expected[i], sizeof expected[i]) == 0);
        }
        memset(at, CANARY, (size_t)size);
    }
    size_t untouched = 0;
    while (untouched < bytes && memory[untouched] == CANARY)
        untouched++;
    CHECK(untouched == bytes);
    free(memory);
}

static void
outputs_of_every_layout_hold_the_results_and_nothing_else_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}};
    for (int c = 0; c < N_COUNTS; c++) {
        const ptrdiff_t n = COUNTS[c];
        table t = new_table(&ghk, n);
        double *const expected = doubles(n);
        const fr_output plain = to_doubles(expected, NULL);
        CHECK(run(kernels, &ghk, &t, 0, n, &plain) == FR_OK);
        for (int streamed = 0; streamed < 2; streamed++) {
            for (ptrdiff_t offset = 0; offset < 64; offset += 8)
                check_output(kernels, &ghk, &t, expected, offset, 8, 0, streamed);
            for (ptrdiff_t offset = 0; offset < 64; offset += 20)
                check_output(kernels, &ghk, &t, expected, offset, 4, 1, streamed);
            check_output(kernels, &ghk, &t, expected, 8, 24, 0, streamed);
            check_output(kernels, &ghk, &t, expected, 8, -8, 0, streamed);
            check_output(kernels, &ghk, &t, expected, 0, -40, 0, streamed);
            check_output(kernels, &ghk, &t, expected, 4, 12, 1, streamed);
            check_output(kernels, &ghk, &t, expected, 0, -4, 1, streamed);
        }
        free(expected);
        free_table(&t);
    }
}

/* ---- lattices ---- */

enum { MOST_POINTS = 4000 };

/* A lattice of random columns: along each dimension a column runs forwards, backwards, or not at
   all; in between it may have gaps. */
typedef struct {
    fr_lattice lattice;
    ptrdiff_t shape[FR_MAX_DIMS];
    ptrdiff_t size;
    int n_columns;
    fr_column columns[FR_MAX_COLUMNS];
    ptrdiff_t strides[FR_MAX_COLUMNS][FR_MAX_DIMS];
    double *memory[FR_MAX_COLUMNS];
} random_lattice;

static void fill(random_lattice *r, const fr_model *model, int ndim)
{
    static const ptrdiff_t lengths[] = {1, 2, 3, 5, 7, 64, 255, 256, 257, 300};
    r->lattice.ndim = ndim;
    r->lattice.shape = r->shape;
    r->lattice.sample = NULL;
    r->n_columns = fr_model_columns(model);
    r->size = 1;
    for (int d = 0; d < ndim; d++) {
        const ptrdiff_t length = lengths[random_below(10)];
        const int fits = r->size * length <= MOST_POINTS && random_below(ndim) < 8;
        r->shape[d] = fits ? length : 1;
        r->size *= r->shape[d];
    }
    for (int j = 0; j < r->n_columns; j++) {
        const ptrdiff_t gap = random_below(4) ? 1 : 2;
        /* one column in three varies along all dimensions, forwards: a plain array */
        const int plain = random_below(3) == 0;
        ptrdiff_t elements = 1, first = 0;
        for (int d = ndim - 1; d >= 0; d--) {
            const int way = plain ? 1 : random_below(3) - 1;
            const ptrdiff_t step = way ? elements * (elements == 1 ? gap : 1) : 0;
            const ptrdiff_t length = r->shape[d];
            r->strides[j][d] = way * step * (ptrdiff_t)sizeof(double);
            if (way < 0)
                first += (length - 1) * step;
            if (way)
                elements = step * (length - 1) + elements;
        }
        r->memory[j] = doubles(elements);
        for (ptrdiff_t i = 0; i < elements; i++)
            r->memory[j][i] = ordinary_value(model, j);
        r->columns[j].data = (const char *)(r->memory[j] + first);
        r->columns[j].strides = r->strides[j];
    }
}

/* Point after point, in C order, by the definition of a stride. */
static table expand(const random_lattice *r)
{
    table t;
    t.n = r->size;
    t.n_columns = r->n_columns;
    for (int j = 0; j < t.n_columns; j++) {
        t.x[j] = doubles(t.n);
        for (ptrdiff_t point = 0; point < t.n; point++) {
            const char *at = r->columns[j].data;
            ptrdiff_t rest = point;
            for (int d = r->lattice.ndim - 1; d >= 0; d--) {
                at += rest % r->shape[d] * r->strides[j][d];
                rest /= r->shape[d];
            }
            t.x[j][point] = *(const double *)(const void *)at;
        }
    }
    return t;
}

static void lattices_of_1_to_64_dimensions_are_tables_of_their_points(const fr_kernels *kernels)
{
    static random_lattice r;
    for (int m = 0; m < N_MODELS; m++)
        for (int ndim = 1; ndim <= FR_MAX_DIMS; ndim += ndim < 8 ? 1 : 8) {
            fill(&r, &MODELS[m], ndim == 57 ? FR_MAX_DIMS : ndim);
            table t = expand(&r);
            double *const expected = doubles(t.n), *const V = doubles(t.n);
            fr_output out = to_doubles(expected, NULL);
            CHECK(run(kernels, &MODELS[m], &t, 0, t.n, &out) == FR_OK);

            out = to_doubles(V, NULL);
            CHECK(kernels->points(&MODELS[m], &r.lattice, r.columns, 0, t.n, &out) == FR_OK);
            CHECK(same_bits(V, expected, t.n));

            memset(V, 0, (size_t)t.n * sizeof *V);
            for (ptrdiff_t start = 0; start < t.n;) {
                const ptrdiff_t rest = t.n - start, piece = 1 + random_below(500);
                const ptrdiff_t count = piece < rest ? piece : rest;
                out = to_doubles(V + start, NULL);
                CHECK(kernels->points(&MODELS[m], &r.lattice, r.columns, start, count, &out) ==
                      FR_OK);
                start += count;
            }
            CHECK(same_bits(V, expected, t.n));
            free(V);
            free(expected);
            free_table(&t);
            for (int j = 0; j < r.n_columns; j++)
                free(r.memory[j]);
        }
}

/* A value repeated along a row may stay in its buffer for the next chunk, unless other rows have
   been there since: here three rows meet in one chunk, of which the first and the last are equal.
 */
static void repeated_values_are_not_taken_from_another_row(const fr_kernels *kernels)
{
    static const ptrdiff_t lengths[] = {85, 127, 128, 249, 250, 253, 255, 256};
    const fr_model model = {FR_LOG_RATIO, 0, NO_PUMP, {0}};
    const double num[] = {2.0, 3.0}, den = 1.0;
    const ptrdiff_t strides[] = {0, (ptrdiff_t)sizeof(double), 0}, constant[] = {0, 0, 0};
    const fr_column columns[] = {{(const char *)num, strides, -1},
                                 {(const char *)&den, constant, -1}};
    double V[8 + 4 * 256];
    uint8_t status;
    double logs[2];
    for (int i = 0; i < 2; i++) {
        const double x[] = {num[i], den};
        logs[i] = potential(kernels, &model, x, &status);
    }
    for (int l = 0; l < 8; l++) {
        const ptrdiff_t length = lengths[l], shape[] = {2, 2, lengths[l]};
        const fr_lattice lattice = {3, shape, NULL};
        for (ptrdiff_t count = length; count <= 4 * length; count += 5)
            for (int offset = 0; offset < 8; offset++) {
                const fr_output out = to_doubles(V + offset, NULL);
                CHECK(kernels->points(&model, &lattice, columns, 0, count, &out) == FR_OK);
                ptrdiff_t right = 0;
                while (right < count && V[offset + right] == logs[right / length % 2])
                    right++;
                CHECK(right == count);
            }
    }
}

/* ---- sums, extrema and counts ---- */

/* Edges and their index, each array of its exact size. */
typedef struct {
    double *edges, scale;
    int32_t n_cells, *first;
    int64_t *counts;
    fr_counts counts_of;
} edge_index;

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int32_t cell_of(const edge_index *index, double x)
{
    double cell = (x - index->edges[0]) * index->scale;
    cell = cell > 0.0 ? cell : 0.0;
    return (int32_t)(cell < (double)index->n_cells ? cell : (double)index->n_cells);
}

/* Sorts what is given, leaves out what is there twice, and counts what lies in lower cells. */
static edge_index new_index(const double *given, ptrdiff_t n, int32_t n_cells)
{
    edge_index index = {.edges = doubles(n), .n_cells = n_cells};
    double *const sorted = doubles(n);
    memcpy(sorted, given, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        if (kept == 0 || sorted[i] != sorted[kept - 1])
            sorted[kept++] = sorted[i];
    free(index.edges);
    index.edges = doubles(kept);
    memcpy(index.edges, sorted, (size_t)kept * sizeof *sorted);
    free(sorted);
    index.scale = kept > 1 ? (double)n_cells / (index.edges[kept - 1] - index.edges[0]) : 0.0;
    index.first = allocate((size_t)(n_cells + 2) * sizeof *index.first);
    ptrdiff_t e = 0;
    for (int32_t cell = 0; cell < n_cells + 2; cell++) {
        while (e < kept && cell_of(&index, index.edges[e]) < cell)
            e++;
        index.first[cell] = (int32_t)e;
    }
    index.counts = allocate((size_t)(kept + 1) * sizeof *index.counts);
    for (e = 0; e <= kept; e++)
        index.counts[e] = 100 * e; /* what is counted is added to */
    const fr_counts counts_of = {kept,    index.edges, NULL,        index.scale,
                                 n_cells, index.first, index.counts};
    index.counts_of = counts_of;
    return index;
}

static void free_index(edge_index *index)
{
    free(index->counts);
    free(index->first);
    free(index->edges);
}

static fr_error reduce(const fr_kernels *kernels, const fr_model *model, const table *t,
                       ptrdiff_t start, ptrdiff_t count, int far, int sums, fr_block *blocks,
                       const fr_counts *counts)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_lattice lattice = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
    }
    return kernels->reduce(model, &lattice, columns, start, count, far, sums, blocks, counts);
}

static void misuse_of_sums_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}};
    table t = new_table(&ghk, FR_BLOCK + 1);
    const double edge = 0.0;
    edge_index index = new_index(&edge, 1, 4);
    fr_block block, untouched;
    memset(&block, 0xAB, sizeof block);
    untouched = block;
    for (size_t m = 0; m < sizeof BAD_MODELS / sizeof *BAD_MODELS; m++)
        CHECK(reduce(kernels, &BAD_MODELS[m], &t, 0, 1, 0, 1, &block, &index.counts_of) ==
              FR_BAD_MODEL);
    const ptrdiff_t ranges[][2] = {
        {1, 1},         {FR_BLOCK - 1, 1}, {FR_BLOCK + 1, 0},      {-FR_BLOCK, 1},
        {0, -1},        {FR_BLOCK, 2},     {0, PTRDIFF_MAX},       {2 * FR_BLOCK, 0},
        {FR_BLOCK, -1}, {-1, 0},           {2 * FR_BLOCK, INT_MAX}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        CHECK(reduce(kernels, &ghk, &t, ranges[r][0], ranges[r][1], 0, 1, &block,
                     &index.counts_of) == FR_BAD_RANGE);
    const fr_lattice no_dims = {0, &t.n, NULL};
    CHECK(kernels->reduce(&ghk, &no_dims, NULL, 0, 1, 0, 1, &block, NULL) == FR_BAD_LATTICE);
    /* no points are no misuse */
    CHECK(reduce(kernels, &ghk, &t, 0, 0, 0, 1, &block, &index.counts_of) == FR_OK);
    CHECK(reduce(kernels, &ghk, &t, FR_BLOCK, 0, 1, 0, &block, NULL) == FR_OK);
    CHECK(memcmp(&block, &untouched, sizeof block) == 0);
    CHECK(index.counts[0] == 0 && index.counts[1] == 100);
    free_index(&index);
    free_table(&t);
}

/* What a block of potentials says, by a plain loop. */
static void check_block(const fr_block *block, const double *V, const uint8_t *status,
                        ptrdiff_t start, ptrdiff_t stop, int sums)
{
    int64_t n = 0, invalid[6] = {0};
    ptrdiff_t low = -1, high = -1;
    double sum = 0.0, squares = 0.0, size = 0.0;
    for (ptrdiff_t i = start; i < stop; i++) {
        int bit = 0;
        while (status[i] && !(status[i] >> bit & 1))
            bit++;
        invalid[bit] += status[i] != 0;
        if (status[i])
            continue;
        n++;
        low = low < 0 || V[i] < V[low] ? i : low;
        high = high < 0 || V[i] > V[high] ? i : high;
        sum += V[i] - block->pivot;
        squares += (V[i] - block->pivot) * (V[i] - block->pivot);
        size += fabs(V[i] - block->pivot);
    }
    CHECK(block->n == n);
    CHECK(memcmp(block->invalid, invalid, sizeof invalid) == 0);
    if (!sums || n == 0) {
        CHECK(block->sum == 0.0 && block->sum_rest == 0.0);
        CHECK(block->squares == 0.0 && block->squares_rest == 0.0);
        return;
    }
    CHECK(V[low] <= block->pivot && block->pivot <= V[high]);
    CHECK(block->min == V[low] && block->argmin == low);
    CHECK(block->max == V[high] && block->argmax == high);
    CHECK(fabs(block->sum + block->sum_rest - sum) <= 1e-11 * size);
    CHECK(fabs(block->squares + block->squares_rest - squares) <= 1e-11 * squares);
}

static void check_counts(const edge_index *index, const double *V, const uint8_t *status,
                         ptrdiff_t start, ptrdiff_t stop)
{
    const ptrdiff_t n_edges = index->counts_of.n_edges;
    int64_t *const expected = allocate((size_t)(n_edges + 1) * sizeof *expected);
    for (ptrdiff_t e = 0; e <= n_edges; e++)
        expected[e] = 100 * e;
    for (ptrdiff_t i = start; i < stop; i++) {
        ptrdiff_t e = 0;
        while (e < n_edges && V[i] >= index->edges[e])
            e++;
        expected[e] += status[i] == 0;
    }
    CHECK(memcmp(index->counts, expected, (size_t)(n_edges + 1) * sizeof *expected) == 0);
    free(expected);
}

/* Edges anywhere, and on potentials and beside them. */
static edge_index random_index(const double *V, const uint8_t *status, ptrdiff_t n, int n_edges)
{
    static const int32_t cells[] = {1, 2, 64, 1024};
    double edges[200];
    for (int e = 0; e < n_edges; e++) {
        const ptrdiff_t i = (ptrdiff_t)(random_word() % (uint64_t)n);
        const int kind = status[i] ? 3 : random_below(4);
        edges[e] = kind == 3 ? 200.0 * random_fraction() - 100.0
                             : nextafter(V[i], kind == 0   ? -INFINITY
                                               : kind == 1 ? INFINITY
                                                           : V[i]);
    }
    return new_index(edges, n_edges, cells[random_below(4)]);
}

static void sums_and_counts_are_those_of_a_plain_loop(const fr_kernels *kernels)
{
    static const int models[] = {1, 3, 7, 11, 14};
    static const int edges[] = {1, 2, 8, 9, 10, 200};
    static const ptrdiff_t counts[] = {1, 3, 31, 32, 33, 255, 256, 257, 1000, 65535, 65536, 65537};
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            const fr_model *const model = &MODELS[models[m]];
            const ptrdiff_t n = counts[c];
            table t = new_table(model, n);
            if (c % 3 && model->n_ions) /* logarithms may be anything, but potentials are finite */
                spoil(&t);
            if (c % 4 == 1) /* a block that begins with bad rows */
                for (ptrdiff_t i = 0; i < n - 1 && i < 700; i++)
                    t.x[0][i] = NAN;
            if (c == 6) /* nothing but bad rows */
                for (ptrdiff_t i = 0; i < n; i++)
                    t.x[1][i] = NAN;
            double *const V = doubles(n);
            uint8_t *const status = allocate((size_t)n);
            const fr_output out = to_doubles(V, status);
            CHECK(run(kernels, model, &t, 0, n, &out) == FR_OK);
            const ptrdiff_t n_blocks = (n + FR_BLOCK - 1) / FR_BLOCK;
            fr_block *const blocks = allocate((size_t)n_blocks * sizeof *blocks);
            for (int e = 0; e < 6; e++) {
                const int sums = e % 2, far = e % 3 == 0, slow = edges[e] > 10 && n > 1000;
                const ptrdiff_t start = e > 3 ? (n_blocks - 1) * FR_BLOCK : 0;
                if (slow && m > 1)
                    continue;
                edge_index index = random_index(V, status, n, edges[e]);
                CHECK(reduce(kernels, model, &t, start, n - start, far, sums, blocks,
                             &index.counts_of) == FR_OK);
                for (ptrdiff_t b = 0, at = start; at < n; b++, at += FR_BLOCK)
                    check_block(&blocks[b], V, status, at, n - at < FR_BLOCK ? n : at + FR_BLOCK,
                                sums);
                check_counts(&index, V, status, start, n);
                free_index(&index);
            }
            CHECK(reduce(kernels, model, &t, 0, n, 0, 1, blocks, NULL) == FR_OK);
            check_block(blocks, V, status, 0, n < FR_BLOCK ? n : FR_BLOCK, 1);
            free(blocks);
            free(status);
            free(V);
            free_table(&t);
        }
}

/* The lists are rounded so that many potentials are equal, and wider than their rounding. */
static void pairs_are_counted_as_by_two_loops(const fr_kernels *kernels)
{
    static const ptrdiff_t lengths[] = {1, 2, 63, 64, 65, 130};
    const double phi = 26.5;
    for (int trial = 0; trial < 216; trial++) {
        const ptrdiff_t n_a = lengths[trial % 6], n_b = lengths[trial / 6 % 6];
        const double grain = trial % 2 ? 0.125 : 0x1p-40;
        double *const given[] = {doubles(n_a), doubles(n_b)};
        for (int side = 0; side < 2; side++)
            for (ptrdiff_t i = 0; i < (side ? n_b : n_a); i++)
                given[side][i] = grain * floor((8.0 * random_fraction() - 4.0) / grain);
        qsort(given[0], (size_t)n_a, sizeof(double), by_size);
        edge_index b = new_index(given[1], n_b, trial % 3 ? 1024 : 3);
        const ptrdiff_t n_left = b.counts_of.n_edges;
        double edges[9];
        int64_t below[9], expected[9];
        for (int e = 0; e < 9; e++) {
            const double V =
                phi * (given[0][random_below((int)n_a)] - b.edges[random_below((int)n_left)]);
            edges[e] = e % 3 == 0 ? V : nextafter(V, e % 3 == 1 ? INFINITY : -INFINITY);
        }
        qsort(edges, 9, sizeof *edges, by_size);
        for (int e = 0; e < 9; e++) {
            below[e] = expected[e] = 10 * e; /* what is counted is added to */
            for (ptrdiff_t i = 0; i < n_a; i++)
                for (ptrdiff_t k = 0; k < n_left; k++)
                    expected[e] += phi * (given[0][i] - b.edges[k]) < edges[e];
        }
        kernels->pairs(phi, given[0], n_a, b.edges, n_left, b.scale, b.n_cells, b.first, edges, 9,
                       below);
        CHECK(memcmp(below, expected, sizeof below) == 0);
        free_index(&b);
        free(given[1]);
        free(given[0]);
    }
}

/* ---- instruction sets ---- */

/* ---- derivatives ---- */

/* Derivatives with respect to all columns of a table, column after column. */
static fr_error gradients(const fr_kernels *kernels, const fr_model *model, const table *t,
                          ptrdiff_t start, ptrdiff_t count, double *slopes)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_lattice lattice = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    int wanted[FR_MAX_COLUMNS];
    double *out[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
        wanted[j] = j;
        out[j] = slopes + j * t->n + start;
    }
    return kernels->gradients(model, &lattice, columns, start, count, wanted, t->n_columns, out);
}

static void misuse_of_gradients_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}};
    table t = new_table(&ghk, 3);
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_lattice lattice = {1, &t.n, NULL}, no_dims = {0, &t.n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    double slopes[12];
    double *const out[] = {slopes, slopes + 3, slopes + 6, slopes + 9};
    for (int i = 0; i < 12; i++)
        slopes[i] = i;
    for (int j = 0; j < FR_MAX_COLUMNS; j++) {
        columns[j].data = (const char *)t.x[0];
        columns[j].strides = &stride;
    }
    const int two[] = {0, 1}, beyond[] = {0, 4}, negative[] = {-1}, twice[] = {1, 0, 1};
    for (size_t m = 0; m < sizeof BAD_MODELS / sizeof *BAD_MODELS; m++)
        CHECK(kernels->gradients(&BAD_MODELS[m], &lattice, columns, 0, 3, two, 2, out) ==
              FR_BAD_MODEL);
    for (int m = 0; m < N_MODELS; m++) /* those that have no derivatives */
        if (MODELS[m].equation != FR_GHK && MODELS[m].equation != FR_CHORD)
            CHECK(kernels->gradients(&MODELS[m], &lattice, columns, 0, 3, two, 2, out) ==
                  FR_BAD_MODEL);
    CHECK(kernels->gradients(&ghk, &lattice, columns, 0, 3, beyond, 2, out) == FR_BAD_COLUMN);
    CHECK(kernels->gradients(&ghk, &lattice, columns, 0, 3, negative, 1, out) == FR_BAD_COLUMN);
    CHECK(kernels->gradients(&ghk, &lattice, columns, 0, 3, twice, 3, out) == FR_BAD_COLUMN);
    CHECK(kernels->gradients(&ghk, &no_dims, columns, 0, 3, two, 2, out) == FR_BAD_LATTICE);
    CHECK(kernels->gradients(&ghk, &lattice, columns, 0, 4, two, 2, out) == FR_BAD_RANGE);
    /* no points and no columns are no misuse */
    CHECK(kernels->gradients(&ghk, &lattice, columns, 3, 0, two, 2, out) == FR_OK);
    CHECK(kernels->gradients(&ghk, &lattice, columns, 0, 3, NULL, 0, NULL) == FR_OK);
    for (int i = 0; i < 12; i++)
        CHECK(slopes[i] == i);
    free_table(&t);
}

/* computed in 40-digit arithmetic, inputs as doubles */
static void check_derivatives_are_met(const fr_kernels *kernels)
{
    static const double neuron[] = {1.0,   0.04, 0.45, 5.0,  145.0, 110.0,
                                    140.0, 15.0, 7.0,  37.0, 1.0};
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}};
    table t = new_table(&ghk, 1);
    double slopes[11];
    for (int j = 0; j < 11; j++)
        t.x[j][0] = neuron[j];
    CHECK(gradients(kernels, &ghk, &t, 0, 1, slopes) == FR_OK);
    CHECK(fabs(slopes[1] - 275.695094145281) <= 1e-11);    /* P_Na */
    CHECK(fabs(slopes[3] - 1.915889542117797) <= 1e-13);   /* K_out */
    CHECK(fabs(slopes[10] - -10.10352059954283) <= 1e-12); /* pump_ratio */
    CHECK(fabs(slopes[9] - -69.811924278622484 / (37.0 + FR_KELVIN_AT_0_CELSIUS)) <= 1e-14);
    t.x[10][0] = 1.5;
    CHECK(gradients(kernels, &ghk, &t, 0, 1, slopes) == FR_OK);
    CHECK(fabs(slopes[10] - -6.262140411350936) <= 1e-12);
    free_table(&t);
}

/* Whole tables, tables in pieces, and the base kernels point by point. */
static void derivatives_depend_on_their_point_alone(const fr_kernels *kernels)
{
    static const ptrdiff_t pieces[] = {1, 3, 255, 256, 257, 2, 131};
    int last = 0;
    while (fr_compiled(last + 1))
        last++;
    for (int m = 0; m < N_MODELS; m++) {
        const fr_model *const model = &MODELS[m];
        if (model->equation != FR_GHK && model->equation != FR_CHORD)
            continue;
        const ptrdiff_t n = 1009;
        table t = new_table(model, n);
        spoil(&t);
        const ptrdiff_t size = n * t.n_columns;
        double *const whole = doubles(size), *const cut = doubles(size);
        double *const alone = doubles(size), *const V = doubles(n);
        uint8_t *const status = allocate((size_t)n);
        const fr_output out = to_doubles(V, status);
        CHECK(run(kernels, model, &t, 0, n, &out) == FR_OK);
        CHECK(gradients(kernels, model, &t, 0, n, whole) == FR_OK);
        for (ptrdiff_t start = 0, i = 0, piece; start < n; start += piece, i++) {
            piece = pieces[i % 7] < n - start ? pieces[i % 7] : n - start;
            CHECK(gradients(kernels, model, &t, start, piece, cut) == FR_OK);
        }
        for (ptrdiff_t i = 0; i < n; i++)
            CHECK(gradients(fr_compiled(last), model, &t, i, 1, alone) == FR_OK);
        CHECK(same_bits(whole, cut, size));
        CHECK(same_bits(whole, alone, size));
        for (ptrdiff_t i = 0; i < n; i++) {
            const double to_celsius = whole[3 * model->n_ions * n + i];
            const double T = t.x[3 * model->n_ions][i] + FR_KELVIN_AT_0_CELSIUS;
            CHECK(status[i] ? isnan(to_celsius) : to_celsius == V[i] / T);
            for (int j = 0; status[i] && j < t.n_columns; j++)
                CHECK(isnan(whole[j * n + i]));
        }
        free(status);
        free(V);
        free(alone);
        free(cut);
        free(whole);
        free_table(&t);
    }
}

static void all_kernels_give_the_bits_of_the_base(void)
{
    int last = 0;
    while (fr_compiled(last + 1))
        last++;
    for (int m = 0; m < N_MODELS; m++) {
        const ptrdiff_t n = 20011;
        table t = new_table(&MODELS[m], n);
        spoil(&t);
        double *const expected = doubles(n), *const V = doubles(n);
        uint8_t *const status = allocate((size_t)n), *const found = allocate((size_t)n);
        fr_output out = to_doubles(expected, status);
        CHECK(run(fr_compiled(last), &MODELS[m], &t, 0, n, &out) == FR_OK);
        out = to_doubles(V, found);
        for (int i = 0; i < last; i++)
            if (fr_supported(fr_compiled(i))) {
                kernels_name = fr_compiled(i)->name;
                CHECK(run(fr_compiled(i), &MODELS[m], &t, 0, n, &out) == FR_OK);
                CHECK(same_bits(V, expected, n));
                CHECK(memcmp(found, status, (size_t)n) == 0);
                fr_block block, expected_block;
                CHECK(reduce(fr_compiled(last), &MODELS[m], &t, 0, n, 0, 1, &expected_block,
                             NULL) == FR_OK);
                CHECK(reduce(fr_compiled(i), &MODELS[m], &t, 0, n, 0, 1, &block, NULL) == FR_OK);
                CHECK(memcmp(&block, &expected_block, sizeof block) == 0);
            }
        free(found);
        free(status);
        free(V);
        free(expected);
        free_table(&t);
    }
}

int main(void)
{
    the_list_of_kernels_ends_and_its_last_entry_runs_everywhere();
    a_model_takes_the_columns_that_the_header_says();
    for (int i = 0; fr_compiled(i); i++) {
        const fr_kernels *const kernels = fr_compiled(i);
        if (!fr_supported(kernels)) {
            printf("skipped: this processor does not run %s\n", kernels->name);
            continue;
        }
        kernels_name = kernels->name;
        misuse_is_reported_and_nothing_is_written(kernels);
        check_values_are_met(kernels);
        bad_points_are_nan_with_their_status(kernels);
        every_count_gives_the_bits_of_single_points(kernels);
        ranges_cut_in_odd_places_give_the_whole(kernels);
        outputs_of_every_layout_hold_the_results_and_nothing_else_is_written(kernels);
        lattices_of_1_to_64_dimensions_are_tables_of_their_points(kernels);
        repeated_values_are_not_taken_from_another_row(kernels);
        misuse_of_sums_is_reported_and_nothing_is_written(kernels);
        sums_and_counts_are_those_of_a_plain_loop(kernels);
        pairs_are_counted_as_by_two_loops(kernels);
        misuse_of_gradients_is_reported_and_nothing_is_written(kernels);
        check_derivatives_are_met(kernels);
        derivatives_depend_on_their_point_alone(kernels);
        printf("tested: %s\n", kernels->name);
    }
    all_kernels_give_the_bits_of_the_base();
    if (failures)
        printf("%d checks failed\n", failures);
    return failures != 0;
}
