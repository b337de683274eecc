/* Tests of the C core without Python: the program fails if a promise of fastrest.h is broken.
 *
 * test_c_core.py compiles it together with src_c/, with sanitizers and as shipped.  Every
 * array is allocated to its exact size, so that a sanitizer detects each read or write beyond it.
 * The program prints one line per broken promise and returns 0 if there is none.
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
    {FR_NERNST, 0, NO_PUMP, {0}, 0, NULL},
    {FR_GHK, 1, NO_PUMP, {-1}, 0, NULL},
    {FR_GHK, 2, 0, {1, 1}, 0, NULL},
    {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL},
    {FR_GHK, 4, 2, {1, -1, 1, -1}, 0, NULL},
    {FR_GHK, 5, 4, {1, -1, 1, -1, 1}, 0, NULL},
    {FR_GHK, 12, NO_PUMP, {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1}, 0, NULL},
    {FR_GHK, 4, 0, {1, 1, -1, 2}, 0, NULL},
    {FR_GHK, 2, NO_PUMP, {2, -2}, 0, NULL},
    {FR_GHK, 12, 11, {2, -2, 1, -1, 2, -2, 1, -1, 2, -2, 1, 1}, 0, NULL},
    {FR_CHORD, 1, NO_PUMP, {2}, 0, NULL},
    {FR_CHORD, 4, NO_PUMP, {1, -1, 2, -2}, 0, NULL},
    {FR_LOG_NUM, 3, 1, {1, 1, -1}, 0, NULL},
    {FR_LOG_DEN, 3, NO_PUMP, {1, 1, -1}, 0, NULL},
    {FR_SEPARABLE, 0, NO_PUMP, {0}, 0, NULL},
    {FR_LOG_RATIO, 0, NO_PUMP, {0}, 0, NULL},
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

static int celsius_column(const fr_model *model)
{
    return model->equation == FR_NERNST ? 3 : 3 * model->n_ions;
}

static int has_derivatives(const fr_model *model)
{
    return model->equation == FR_NERNST || model->equation == FR_GHK || model->equation == FR_CHORD;
}

/* A table: contiguous columns, each in a block of memory of its own. */
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

/* Puts a special value into one random column of every fifth row. */
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

/* ---- calls of the kernels, with scratch memory of the exact size ---- */

static fr_error call_points(const fr_kernels *kernels, const fr_model *model,
                            const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
                            ptrdiff_t count, const fr_output *out)
{
    void *const scratch = allocate(fr_scratch_bytes(model, layout, count));
    const fr_error error = kernels->points(model, layout, columns, start, count, scratch, out);
    free(scratch);
    return error;
}

static fr_error call_reduce(const fr_kernels *kernels, const fr_model *model,
                            const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
                            ptrdiff_t count, int far, int sums, fr_block *blocks,
                            const fr_counts *counts)
{
    void *const scratch = allocate(fr_scratch_bytes(model, layout, count));
    const fr_error error =
        kernels->reduce(model, layout, columns, start, count, far, sums, scratch, blocks, counts);
    free(scratch);
    return error;
}

static fr_error call_gradients(const fr_kernels *kernels, const fr_model *model,
                               const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
                               ptrdiff_t count, const int *wanted, int n_wanted, double *const *out)
{
    void *const scratch = allocate(fr_scratch_bytes(model, layout, count));
    const fr_error error =
        kernels->gradients(model, layout, columns, start, count, wanted, n_wanted, scratch, out);
    free(scratch);
    return error;
}

static fr_error run(const fr_kernels *kernels, const fr_model *model, const table *t,
                    ptrdiff_t start, ptrdiff_t count, const fr_output *out)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_layout layout = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
    }
    return call_points(kernels, model, &layout, columns, start, count, out);
}

/* Computes the potential and status of one point. */
static double potential(const fr_kernels *kernels, const fr_model *model, const double *inputs,
                        uint8_t *status)
{
    const ptrdiff_t one = 1, stride = 0;
    const fr_layout layout = {1, &one, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    double V = 0.0;
    const fr_output out = to_doubles(&V, status);
    for (int j = 0; j < fr_model_columns(model); j++) {
        columns[j].data = (const char *)(inputs + j);
        columns[j].strides = &stride;
    }
    CHECK(call_points(kernels, model, &layout, columns, 0, 1, &out) == FR_OK);
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

static void every_equation_has_a_name(void)
{
    CHECK(strcmp(fr_equation_name(FR_NERNST), "nernst") == 0);
    CHECK(strcmp(fr_equation_name(FR_GHK), "ghk") == 0);
    CHECK(strcmp(fr_equation_name(FR_LOG_RATIO), "log_ratio") == 0);
    CHECK(fr_equation_name(-1) == NULL);
    CHECK(fr_equation_name(FR_EQUATIONS) == NULL);
}

/* ---- misuse ---- */

static const fr_model BAD_MODELS[] = {
    {FR_EQUATIONS, 1, NO_PUMP, {1}, 0, NULL},
    {FR_GHK, 0, NO_PUMP, {0}, 0, NULL},
    {FR_GHK, -1, NO_PUMP, {0}, 0, NULL},
    {FR_GHK, FR_MAX_IONS + 1, NO_PUMP, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, NULL},
    {FR_GHK, 1, NO_PUMP, {0}, 0, NULL},
    {FR_GHK, 2, NO_PUMP, {1, 3}, 0, NULL},
    {FR_GHK, 2, NO_PUMP, {1, -3}, 0, NULL},
    {FR_GHK, 2, NO_PUMP, {1, -128}, 0, NULL},
    {FR_GHK, 1, -2, {1}, 0, NULL},
    {FR_GHK, 1, 1, {1}, 0, NULL},
    {FR_CHORD, 1, 0, {1}, 0, NULL},
    {FR_CHORD, 0, NO_PUMP, {0}, 0, NULL},
    {FR_CHORD, 1, NO_PUMP, {3}, 0, NULL},
    {FR_LOG_NUM, 1, NO_PUMP, {2}, 0, NULL},
    {FR_LOG_DEN, 1, NO_PUMP, {-2}, 0, NULL},
    {FR_LOG_DEN, 1, 7, {1}, 0, NULL},
};

static void misuse_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}, 0, NULL};
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
    const fr_layout line = {1, &four, NULL};

    for (size_t m = 0; m < sizeof BAD_MODELS / sizeof *BAD_MODELS; m++) {
        CHECK(fr_model_columns(&BAD_MODELS[m]) == 0);
        CHECK(call_points(kernels, &BAD_MODELS[m], &line, columns, 0, 4, &out) == FR_BAD_MODEL);
    }

    ptrdiff_t ones[FR_MAX_DIMS + 1];
    for (int d = 0; d <= FR_MAX_DIMS; d++)
        ones[d] = 1;
    const fr_layout no_dims = {0, ones, NULL}, negative_dims = {-1, ones, NULL};
    const fr_layout too_many = {FR_MAX_DIMS + 1, ones, NULL};
    const ptrdiff_t negative[] = {2, -1}, too_large[] = {PTRDIFF_MAX, 2};
    const ptrdiff_t just_too_large[] = {PTRDIFF_MAX / 4 + 1, 4};
    const fr_layout negative_length = {2, negative, NULL}, overflow = {2, too_large, NULL};
    const fr_layout just_overflow = {2, just_too_large, NULL};
    CHECK(call_points(kernels, &ghk, &no_dims, columns, 0, 1, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &negative_dims, columns, 0, 1, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &too_many, columns, 0, 1, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &negative_length, columns, 0, 1, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &overflow, columns, 0, 1, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &just_overflow, columns, 0, 1, &out) == FR_BAD_LAYOUT);

    const ptrdiff_t ranges[][2] = {
        {-1, 1}, {0, -1},          {0, 5},           {4, 1},
        {5, 0},  {PTRDIFF_MAX, 1}, {1, PTRDIFF_MAX}, {PTRDIFF_MAX, PTRDIFF_MAX}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        CHECK(call_points(kernels, &ghk, &line, columns, ranges[r][0], ranges[r][1], &out) ==
              FR_BAD_RANGE);

    const ptrdiff_t none[] = {3, 0, 5};
    const fr_layout empty = {3, none, NULL};
    CHECK(call_points(kernels, &ghk, &empty, columns, 0, 1, &out) == FR_BAD_RANGE);
    /* an empty range is not misuse */
    CHECK(call_points(kernels, &ghk, &empty, columns, 0, 0, &out) == FR_OK);
    CHECK(call_points(kernels, &ghk, &line, columns, 4, 0, &out) == FR_OK);
    CHECK(call_points(kernels, &ghk, &line, columns, 0, 0, &out) == FR_OK);

    for (int i = 0; i < 4; i++) {
        CHECK(V[i] == (double)(i + 1));
        CHECK(status[i] == i + 5);
    }

    /* the largest layouts are allowed */
    const fr_layout most_dims = {FR_MAX_DIMS, ones, NULL};
    const ptrdiff_t huge[] = {PTRDIFF_MAX / 4, 4};
    const fr_layout most_points = {2, huge, NULL};
    CHECK(call_points(kernels, &ghk, &most_dims, columns, 0, 1, &out) == FR_OK);
    CHECK(V[0] == 0.0 && status[0] == 0);
    CHECK(call_points(kernels, &ghk, &most_points, columns, PTRDIFF_MAX / 4 * 4 - 4, 4, &out) ==
          FR_OK);
    CHECK(V[3] == 0.0 && status[3] == 0);
}

/* ---- results ---- */

/* computed in 40-digit arithmetic from the inputs as doubles */
static void check_values_are_met(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL};
    const double neuron[] = {1.0, 0.04, 0.45, 5.0, 145.0, 110.0, 140.0, 15.0, 7.0, 37.0, 1.0};
    uint8_t status = 255;
    CHECK(fabs(potential(kernels, &ghk, neuron, &status) - -69.811924278622484) <= 1e-12);
    CHECK(status == 0);

    const fr_model calcium = {FR_GHK, 4, NO_PUMP, {1, 1, -1, 2}, 0, NULL};
    const double P_Ca[] = {0.0, 0.01, 1.0, 10.0};
    const double V[] = {-69.811924278622, -69.669563566, -58.690509624, -25.956623509};
    for (int i = 0; i < 4; i++) {
        const double x[] = {1.0, 0.04,  0.45, P_Ca[i], 5.0,  145.0, 110.0,
                            2.0, 140.0, 15.0, 7.0,     1e-4, 37.0};
        CHECK(fabs(potential(kernels, &calcium, x, &status) - V[i]) <= 1e-9);
        CHECK(status == 0);
    }

    const fr_model pump = {FR_GHK, 2, 0, {1, 1}, 0, NULL};
    const double P_Na[] = {0.01, 0.04, 0.1};
    const double without[] = {-84.4381, -69.8575, -53.6634};
    const double with_pump[] = {-86.6929, -75.3756, -61.4143};
    for (int i = 0; i < 3; i++) {
        double x[] = {1.0, P_Na[i], 4.5, 145.0, 140.0, 15.0, 37.0, 1.0};
        CHECK(fabs(potential(kernels, &pump, x, &status) - without[i]) <= 1e-4);
        x[7] = 1.5;
        CHECK(fabs(potential(kernels, &pump, x, &status) - with_pump[i]) <= 1e-4);
    }

    /* compared with libm, by which the definition is one line */
    const double phi = FR_PHI_PER_KELVIN * (37.0 + FR_KELVIN_AT_0_CELSIUS);
    const fr_model nernst = {FR_NERNST, 0, NO_PUMP, {0}, 0, NULL};
    const double calcium_inputs[] = {2.0, 2.0, 1e-4, 37.0};
    CHECK(fabs(potential(kernels, &nernst, calcium_inputs, &status) - phi / 2 * log(2e4)) <= 1e-12);
    CHECK(status == 0);

    const fr_model chord = {FR_CHORD, 2, NO_PUMP, {1, -2}, 0, NULL};
    const double conductances[] = {3.0, 1.0, 5.0, 8.0, 140.0, 2.0, 37.0};
    const double mean = phi * (3.0 * log(5.0 / 140.0) - log(8.0 / 2.0) / 2) / 4.0;
    CHECK(fabs(potential(kernels, &chord, conductances, &status) - mean) <= 1e-12);
    CHECK(status == 0);

    const fr_model log_num = {FR_LOG_NUM, 3, 0, {1, 1, -1}, 0, NULL},
                   log_den = {FR_LOG_DEN, 3, 0, {1, 1, -1}, 0, NULL};
    const double num = 5.0 + 0.04 * 145.0 + 0.45 * 7.0, den = 140.0 + 0.04 * 15.0 + 0.45 * 110.0;
    CHECK(fabs(potential(kernels, &log_num, neuron, &status) - log(num)) <= 1e-14);
    CHECK(fabs(potential(kernels, &log_den, neuron, &status) - log(den)) <= 1e-14);

    const fr_model separable = {FR_SEPARABLE, 0, NO_PUMP, {0}, 0, NULL};
    const double logs[] = {1.25, 3.5, 26.0};
    CHECK(potential(kernels, &separable, logs, &status) == 26.0 * (1.25 - 3.5));
    CHECK(status == 0);

    const fr_model log_ratio = {FR_LOG_RATIO, 0, NO_PUMP, {0}, 0, NULL};
    const double equal[] = {0x1.8p-1000, 0x1.8p-1000}, ends[] = {DBL_MAX, DBL_MIN};
    CHECK(potential(kernels, &log_ratio, equal, &status) == 0.0);
    CHECK(fabs(potential(kernels, &log_ratio, ends, &status) - (log(DBL_MAX) - log(DBL_MIN))) <=
          1e-12);
    CHECK(status == 0);
}

typedef struct {
    int column;
    double value, V; /* V: 0 means NaN */
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
    const fr_model model = {FR_GHK, 1, 0, {1}, 0, NULL};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double x[] = {1.0, 5.0, 140.0, 37.0, 1.5};
        uint8_t status = 255;
        x[rows[r].column] = rows[r].value;
        const double V = potential(kernels, &model, x, &status);
        CHECK(status == rows[r].status);
        CHECK(rows[r].V == 0.0 ? isnan(V) : V == rows[r].V);
    }

    double all[] = {NAN, -1.0, 140.0, 200.0, 1.5}; /* the bits of bad inputs are combined by OR */
    uint8_t status = 255;
    CHECK(isnan(potential(kernels, &model, all, &status)));
    CHECK(status == (FR_NOT_FINITE | FR_NEGATIVE | FR_TEMPERATURE));
    potential(kernels, &model, all, NULL); /* status may be NULL */
}

/* ---- the bits of a point depend on its inputs alone ---- */

/* Returns 1 if V must be finite exactly where the status is 0.  Exceptions: the logarithm of a sum
   may be -inf, the logarithm of 0; and |valence| < 1 is not checked, because a valence is an
   integer. */
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
                continue; /* 38 columns of 65537 rows take too long */
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

/* Computes results `stride` bytes apart, the first of them `offset` bytes after a cache line, and
   checks every byte of the memory around them. */
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
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL};
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

/* ---- layouts ---- */

enum { MOST_POINTS = 4000 };

/* A layout of random columns: along each dimension a column runs forwards, backwards, or is
   constant; it may have gaps. */
typedef struct {
    fr_layout layout;
    ptrdiff_t shape[FR_MAX_DIMS];
    ptrdiff_t size;
    int n_columns;
    fr_column columns[FR_MAX_COLUMNS];
    ptrdiff_t strides[FR_MAX_COLUMNS][FR_MAX_DIMS];
    double *memory[FR_MAX_COLUMNS];
} random_layout;

static void fill(random_layout *r, const fr_model *model, int ndim)
{
    static const ptrdiff_t lengths[] = {1, 2, 3, 5, 7, 64, 255, 256, 257, 300};
    r->layout.ndim = ndim;
    r->layout.shape = r->shape;
    r->layout.sample = NULL;
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
        /* one column in three runs forwards along all dimensions: a plain array */
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

/* Copies the layout to a table, point by point in C order, by the definition of a stride. */
static table expand(const random_layout *r)
{
    table t;
    t.n = r->size;
    t.n_columns = r->n_columns;
    for (int j = 0; j < t.n_columns; j++) {
        t.x[j] = doubles(t.n);
        for (ptrdiff_t point = 0; point < t.n; point++) {
            const char *at = r->columns[j].data;
            ptrdiff_t rest = point;
            for (int d = r->layout.ndim - 1; d >= 0; d--) {
                at += rest % r->shape[d] * r->strides[j][d];
                rest /= r->shape[d];
            }
            t.x[j][point] = *(const double *)(const void *)at;
        }
    }
    return t;
}

static void layouts_of_1_to_64_dimensions_are_tables_of_their_points(const fr_kernels *kernels)
{
    static random_layout r;
    for (int m = 0; m < N_MODELS; m++)
        for (int ndim = 1; ndim <= FR_MAX_DIMS; ndim += ndim < 8 ? 1 : 8) {
            fill(&r, &MODELS[m], ndim == 57 ? FR_MAX_DIMS : ndim);
            table t = expand(&r);
            double *const expected = doubles(t.n), *const V = doubles(t.n);
            fr_output out = to_doubles(expected, NULL);
            CHECK(run(kernels, &MODELS[m], &t, 0, t.n, &out) == FR_OK);

            out = to_doubles(V, NULL);
            CHECK(call_points(kernels, &MODELS[m], &r.layout, r.columns, 0, t.n, &out) == FR_OK);
            CHECK(same_bits(V, expected, t.n));

            memset(V, 0, (size_t)t.n * sizeof *V);
            for (ptrdiff_t start = 0; start < t.n;) {
                const ptrdiff_t rest = t.n - start, piece = 1 + random_below(500);
                const ptrdiff_t count = piece < rest ? piece : rest;
                out = to_doubles(V + start, NULL);
                CHECK(call_points(kernels, &MODELS[m], &r.layout, r.columns, start, count, &out) ==
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

/* The buffer of a value repeated along a row may be reused for the next chunk, unless other rows
   have overwritten it.  Here three rows meet in one chunk; the first and the last row are equal. */
static void repeated_values_are_not_taken_from_another_row(const fr_kernels *kernels)
{
    static const ptrdiff_t lengths[] = {85, 127, 128, 249, 250, 253, 255, 256};
    const fr_model model = {FR_LOG_RATIO, 0, NO_PUMP, {0}, 0, NULL};
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
        const fr_layout layout = {3, shape, NULL};
        for (ptrdiff_t count = length; count <= 4 * length; count += 5)
            for (int offset = 0; offset < 8; offset++) {
                const fr_output out = to_doubles(V + offset, NULL);
                CHECK(call_points(kernels, &model, &layout, columns, 0, count, &out) == FR_OK);
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

/* Sorts the given edges, removes duplicates, and counts the edges in lower cells. */
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
    const fr_layout layout = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
    }
    return call_reduce(kernels, model, &layout, columns, start, count, far, sums, blocks, counts);
}

static void misuse_of_sums_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}, 0, NULL};
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
    const fr_layout no_dims = {0, &t.n, NULL};
    CHECK(call_reduce(kernels, &ghk, &no_dims, NULL, 0, 1, 0, 1, &block, NULL) == FR_BAD_LAYOUT);
    /* an empty range is not misuse */
    CHECK(reduce(kernels, &ghk, &t, 0, 0, 0, 1, &block, &index.counts_of) == FR_OK);
    CHECK(reduce(kernels, &ghk, &t, FR_BLOCK, 0, 1, 0, &block, NULL) == FR_OK);
    CHECK(memcmp(&block, &untouched, sizeof block) == 0);
    CHECK(index.counts[0] == 0 && index.counts[1] == 100);
    free_index(&index);
    free_table(&t);
}

/* Compares a block with the sums and extrema of a plain loop. */
static void check_block(const fr_block *block, const double *V, const uint8_t *status,
                        ptrdiff_t start, ptrdiff_t stop, int sums)
{
    int64_t n = 0, invalid[8] = {0};
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
        CHECK(block->sum == 0.0 && block->sum_error == 0.0);
        CHECK(block->squares == 0.0 && block->squares_error == 0.0);
        return;
    }
    CHECK(V[low] <= block->pivot && block->pivot <= V[high]);
    CHECK(block->min == V[low] && block->argmin == low);
    CHECK(block->max == V[high] && block->argmax == high);
    CHECK(fabs(block->sum + block->sum_error - sum) <= 1e-11 * size);
    CHECK(fabs(block->squares + block->squares_error - squares) <= 1e-11 * squares);
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

/* Makes edges at random, at potentials, and next to potentials. */
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
            if (c % 3 && model->n_ions) /* spoilt logarithms would give infinite potentials */
                spoil(&t);
            if (c % 4 == 1) /* the block starts with bad rows */
                for (ptrdiff_t i = 0; i < n - 1 && i < 700; i++)
                    t.x[0][i] = NAN;
            if (c == 6) /* all rows are bad */
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

/* The logarithms are rounded to a grain: if it is coarse, many potentials are equal. */
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
        kernels->count_pairs(phi, given[0], n_a, b.edges, n_left, b.scale, b.n_cells, b.first,
                             edges, 9, below);
        CHECK(memcmp(below, expected, sizeof below) == 0);
        for (int e = 0; e < 9; e++)
            below[e] = 10 * e;
        kernels->walk_pairs(phi, given[0], n_a, b.edges, n_left, edges, 9, below);
        CHECK(memcmp(below, expected, sizeof below) == 0);
        const ptrdiff_t n_listed = (ptrdiff_t)(expected[7] - 70 - (expected[2] - 20));
        double *const listed = doubles(n_listed);
        kernels->list_pairs(phi, given[0], n_a, b.edges, n_left, edges[2], edges[7], listed);
        for (ptrdiff_t i = 0; i < n_listed; i++)
            CHECK(listed[i] >= edges[2] && listed[i] < edges[7]);
        free(listed);
        int32_t *const first = malloc(sizeof *first * (size_t)(b.n_cells + 2));
        kernels->index_numbers(b.edges, n_left, b.scale, b.n_cells, first);
        CHECK(memcmp(first, b.first, sizeof *first * (size_t)(b.n_cells + 2)) == 0);
        free(first);
        free_index(&b);
        free(given[1]);
        free(given[0]);
    }
}

/* ---- derivatives ---- */

/* Computes the derivatives with respect to all columns of a table, column after column. */
static fr_error gradients(const fr_kernels *kernels, const fr_model *model, const table *t,
                          ptrdiff_t start, ptrdiff_t count, double *slopes)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_layout layout = {1, &t->n, NULL};
    fr_column columns[FR_MAX_COLUMNS];
    int wanted[FR_MAX_COLUMNS];
    double *out[FR_MAX_COLUMNS];
    for (int j = 0; j < t->n_columns; j++) {
        columns[j].data = (const char *)t->x[j];
        columns[j].strides = &stride;
        wanted[j] = j;
        out[j] = slopes + j * t->n + start;
    }
    return call_gradients(kernels, model, &layout, columns, start, count, wanted, t->n_columns,
                          out);
}

static void misuse_of_gradients_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}, 0, NULL};
    table t = new_table(&ghk, 3);
    const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    const fr_layout layout = {1, &t.n, NULL}, no_dims = {0, &t.n, NULL};
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
        CHECK(call_gradients(kernels, &BAD_MODELS[m], &layout, columns, 0, 3, two, 2, out) ==
              FR_BAD_MODEL);
    for (int m = 0; m < N_MODELS; m++) /* models without derivatives */
        if (!has_derivatives(&MODELS[m]))
            CHECK(call_gradients(kernels, &MODELS[m], &layout, columns, 0, 3, two, 2, out) ==
                  FR_BAD_MODEL);
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 0, 3, beyond, 2, out) == FR_BAD_COLUMN);
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 0, 3, negative, 1, out) == FR_BAD_COLUMN);
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 0, 3, twice, 3, out) == FR_BAD_COLUMN);
    CHECK(call_gradients(kernels, &ghk, &no_dims, columns, 0, 3, two, 2, out) == FR_BAD_LAYOUT);
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 0, 4, two, 2, out) == FR_BAD_RANGE);
    /* neither an empty range nor an empty list of columns is misuse */
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 3, 0, two, 2, out) == FR_OK);
    CHECK(call_gradients(kernels, &ghk, &layout, columns, 0, 3, NULL, 0, NULL) == FR_OK);
    for (int i = 0; i < 12; i++)
        CHECK(slopes[i] == i);
    free_table(&t);
}

/* computed in 40-digit arithmetic from the inputs as doubles */
static void check_derivatives_are_met(const fr_kernels *kernels)
{
    static const double neuron[] = {1.0,   0.04, 0.45, 5.0,  145.0, 110.0,
                                    140.0, 15.0, 7.0,  37.0, 1.0};
    const fr_model ghk = {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL};
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

    const fr_model nernst = {FR_NERNST, 0, NO_PUMP, {0}, 0, NULL};
    t = new_table(&nernst, 1);
    static const double calcium[] = {2.0, 2.0, 1e-4, 37.0};
    for (int j = 0; j < 4; j++)
        t.x[j][0] = calcium[j];
    CHECK(gradients(kernels, &nernst, &t, 0, 1, slopes) == FR_OK);
    CHECK(fabs(slopes[0] - -66.171783960487125) <= 1e-13); /* valence */
    CHECK(fabs(slopes[1] - 6.6816647781358162) <= 1e-14);  /* out */
    CHECK(fabs(slopes[2] - -133633.29556271632) <= 1e-10); /* in */
    CHECK(fabs(slopes[3] - 0.42670826348855154) <= 1e-15); /* celsius */
    free_table(&t);
}

/* Compares whole tables, tables in pieces, and the base kernels point by point. */
static void derivatives_depend_on_their_point_alone(const fr_kernels *kernels)
{
    static const ptrdiff_t pieces[] = {1, 3, 255, 256, 257, 2, 131};
    int last = 0;
    while (fr_compiled(last + 1))
        last++;
    for (int m = 0; m < N_MODELS; m++) {
        const fr_model *const model = &MODELS[m];
        if (!has_derivatives(model))
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
            const int c = celsius_column(model);
            const double to_celsius = whole[c * n + i];
            const double T = t.x[c][i] + FR_KELVIN_AT_0_CELSIUS;
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

/* ---- samples ---- */

/* Philox4x32-10 by the definition of Salmon, Moraes, Dror & Shaw 2011. */
static void philox(uint32_t counter[4], const uint32_t given[2])
{
    uint32_t key[2] = {given[0], given[1]};
    for (int round = 0; round < 10; round++) {
        const uint64_t p = (uint64_t)counter[0] * UINT32_C(0xD2511F53);
        const uint64_t q = (uint64_t)counter[2] * UINT32_C(0xCD9E8D57);
        const uint32_t next[] = {(uint32_t)(q >> 32) ^ counter[1] ^ key[0], (uint32_t)q,
                                 (uint32_t)(p >> 32) ^ counter[3] ^ key[1], (uint32_t)p};
        memcpy(counter, next, sizeof next);
        key[0] += UINT32_C(0x9E3779B9);
        key[1] += UINT32_C(0xBB67AE85);
    }
}

/* The vectors are from the file kat_vectors of the authors' library Random123. */
static void philox_gives_its_published_answers(void)
{
    static const uint32_t vectors[][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8},
        {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x408F276D,
         0x41C83B0E, 0xA20BC7C6, 0x6D5451FD},
        {0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0, 0xD16CFE09,
         0x94FDCCEB, 0x5001E420, 0x24126EA1},
    };
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++) {
        uint32_t words[4];
        memcpy(words, vectors[v], sizeof words);
        philox(words, vectors[v] + 4);
        CHECK(memcmp(words, vectors[v] + 6, sizeof words) == 0);
    }
}

/* A sample and the arrays that it points to, each of its exact size. */
typedef struct {
    fr_sample sample;
    fr_quantile *quantiles;
    uint64_t *directions, *shifts;
    double *cholesky;
    double *breaks, *lower, *upper; /* table of y = 1 + u, in linear pieces */
    int32_t *first;
} drawing;

enum { N_DISTRIBUTIONS = 6, N_PIECES = FR_PIECE_KEYS + FR_PIECE_KEYS / 4 };

/* Tabulates y = 1 + u.  Every fourth eighth of an octave is cut into two pieces. */
static void tabulate(drawing *d)
{
    d->breaks = doubles(N_PIECES + 1);
    d->lower = doubles(N_PIECES * FR_PIECE_TERMS);
    d->upper = doubles(N_PIECES * FR_PIECE_TERMS);
    d->first = allocate((FR_PIECE_KEYS + 1) * sizeof *d->first);
    int n = 0;
    for (int key = 0; key < FR_PIECE_KEYS; key++) {
        d->first[key] = n;
        d->breaks[n++] = ldexp(1.0 + key % 8 / 8.0, key / 8 - 53);
        if (key % 4 == 3)
            d->breaks[n++] = ldexp(1.0625 + key % 8 / 8.0, key / 8 - 53);
    }
    d->first[FR_PIECE_KEYS] = n;
    d->breaks[n] = 0.5;
    CHECK(n == N_PIECES);
    memset(d->lower, 0, (size_t)(n * FR_PIECE_TERMS) * sizeof *d->lower);
    memset(d->upper, 0, (size_t)(n * FR_PIECE_TERMS) * sizeof *d->upper);
    for (int i = 0; i < n; i++) {
        d->lower[i * FR_PIECE_TERMS] = 1.0 + d->breaks[i];
        d->lower[i * FR_PIECE_TERMS + 1] = d->breaks[i + 1] - d->breaks[i];
        d->upper[i * FR_PIECE_TERMS] = 2.0 - d->breaks[i];
        d->upper[i * FR_PIECE_TERMS + 1] = d->breaks[i] - d->breaks[i + 1];
    }
}

/* Returns one of several distributions.  Their values are positive and valid temperatures. */
static fr_quantile distribution(const fr_kernels *kernels, const drawing *d, int kind)
{
    const fr_quantile kinds[] = {
        {.base = FR_UNIFORM, .offset = 3.0, .scale = 3.0, .low = 3.0, .high = 6.0},
        {.base = FR_NORMAL, .log = 1, .offset = 0.04, .scale = 0.5, .c = 1.0, .high = INFINITY},
        {.base = FR_NORMAL, .offset = 15.0, .scale = 4.0, .low = 2.0, .high = INFINITY},
        {.base = FR_UNIFORM, .log = 1, .offset = 0.25, .scale = log(4.0), .low = 0.25, .high = 1.0},
        {.base = FR_TRIANGULAR, .offset = 5.0, .scale = 7.0, .a = 0.3, .low = 5.0, .high = 12.0},
        {.base = FR_PIECES, .scale = 1.0, .low = 1.0, .high = 2.0},
    };
    fr_quantile found = kinds[kind];
    if (kind == 2) {
        kernels->normal_tails((2.0 - 15.0) / 4.0, &found.a, &found.c);
    } else if (kind == 5) {
        const fr_pieces lower = {N_PIECES, d->breaks, d->lower, d->first};
        const fr_pieces upper = {N_PIECES, d->breaks, d->upper, d->first};
        found.lower = lower;
        found.upper = upper;
    }
    return found;
}

static drawing new_drawing(const fr_kernels *kernels, fr_method method, int n_inputs,
                           int64_t n_points, int correlated)
{
    drawing d = {.quantiles = allocate((size_t)n_inputs * sizeof(fr_quantile))};
    tabulate(&d);
    for (int k = 0; k < n_inputs; k++)
        d.quantiles[k] = distribution(kernels, &d, k % N_DISTRIBUTIONS);
    if (method == FR_SOBOL) { /* the scrambled sequence of van der Corput */
        d.directions = allocate((size_t)(n_inputs * FR_BITS) * sizeof *d.directions);
        d.shifts = allocate((size_t)n_inputs * sizeof *d.shifts);
        for (int k = 0; k < n_inputs; k++) {
            d.shifts[k] = random_word() >> (64 - FR_BITS);
            for (int bit = 0; bit < FR_BITS; bit++) {
                const uint64_t one = UINT64_C(1) << (FR_BITS - 1 - bit);
                d.directions[k * FR_BITS + bit] = one | (random_word() & (one - 1));
            }
        }
    }
    if (correlated) {
        d.cholesky = doubles(n_inputs * n_inputs);
        for (int j = 0; j < n_inputs; j++) {
            double *const row = d.cholesky + j * n_inputs, squares = 0.0;
            for (int k = 0; k < n_inputs; k++) {
                row[k] = k < j ? random_fraction() - 0.5 : k == j;
                squares += row[k] * row[k];
            }
            for (int k = 0; k <= j; k++)
                row[k] /= sqrt(squares);
        }
    }
    const fr_sample sample = {.method = method,
                              .n_inputs = n_inputs,
                              .n_points = n_points,
                              .key = {(uint32_t)random_word(), (uint32_t)random_word()},
                              .directions = d.directions,
                              .shifts = d.shifts,
                              .quantiles = d.quantiles,
                              .cholesky = d.cholesky};
    d.sample = sample;
    return d;
}

static void free_drawing(drawing *d)
{
    free(d->first);
    free(d->upper);
    free(d->lower);
    free(d->breaks);
    free(d->cholesky);
    free(d->shifts);
    free(d->directions);
    free(d->quantiles);
}

/* Draws all inputs at a range of points; each input has room for `span` doubles. */
static void draw(const fr_kernels *kernels, const fr_sample *sample, int64_t start, ptrdiff_t count,
                 double *x, ptrdiff_t span)
{
    double *inputs[FR_MAX_COLUMNS];
    for (int k = 0; k < sample->n_inputs; k++)
        inputs[k] = x + k * span;
    kernels->draw(sample, start, count, inputs);
}

static const fr_kernels *base_kernels(void)
{
    int last = 0;
    while (fr_compiled(last + 1))
        last++;
    return fr_compiled(last);
}

static void random_numbers_are_those_of_philox(const fr_kernels *kernels)
{
    static const int64_t starts[] = {0, 1, INT64_C(0xFFFFFFFE), INT64_C(1) << 40,
                                     (INT64_C(1) << 62) - 300};
    drawing d = new_drawing(kernels, FR_RANDOM, 5, INT64_C(1) << 62, 0);
    const fr_quantile plain = {.base = FR_UNIFORM, .scale = 1.0, .high = 1.0};
    double u[5 * 300];
    for (int k = 0; k < 5; k++)
        d.quantiles[k] = plain;
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        draw(kernels, &d.sample, starts[s], 300, u, 300);
        for (int i = 0; i < 300; i++)
            for (int k = 0; k < 5; k++) {
                const uint64_t point = (uint64_t)starts[s] + (uint64_t)i;
                uint32_t w[] = {(uint32_t)point, (uint32_t)(point >> 32), (uint32_t)k / 2, 0};
                philox(w, d.sample.key);
                const uint64_t number = (uint64_t)w[k % 2 * 2] << 20 | w[k % 2 * 2 + 1] >> 12;
                CHECK(u[k * 300 + i] == ((double)number + 0.5) * 0x1p-52);
            }
    }
    free_drawing(&d);
}

static void draws_depend_on_their_point_alone(const fr_kernels *kernels)
{
    static const int inputs[] = {1, 2, 3, FR_MAX_COLUMNS};
    static const ptrdiff_t pieces[] = {1, 3, 255, 256, 257, 0, 2, 131};
    enum { N = 600 };
    for (int trial = 0; trial < 24; trial++) {
        const fr_method method = (fr_method)(trial % 3);
        const int n_inputs = inputs[trial / 3 % 4], correlated = trial / 12;
        const int64_t n_points = method == FR_RANDOM  ? INT64_C(1) << 62
                                 : method == FR_SOBOL ? INT64_C(1) << FR_BITS
                                 : trial % 2          ? N
                                                      : INT64_C(1) << FR_MAX_LATIN_LOG2;
        const int64_t first = trial % 2 ? 0 : n_points - N;
        drawing d = new_drawing(kernels, method, n_inputs, n_points, correlated);
        double *const whole = doubles(n_inputs * N), *const cut = doubles(n_inputs * N);
        double *const alone = doubles(n_inputs * N);
        draw(kernels, &d.sample, first, N, whole, N);
        for (ptrdiff_t start = 0, i = 0, piece; start < N; start += piece, i++) {
            piece = pieces[i % 8] < N - start ? pieces[i % 8] : N - start;
            draw(kernels, &d.sample, first + start, piece, cut + start, N);
        }
        for (ptrdiff_t i = 0; i < N; i++)
            draw(base_kernels(), &d.sample, first + i, 1, alone + i, N);
        CHECK(same_bits(whole, cut, n_inputs * N));
        CHECK(same_bits(whole, alone, n_inputs * N));
        for (ptrdiff_t i = 0; i < n_inputs * N; i++) {
            const fr_quantile *const q = &d.quantiles[i / N];
            CHECK(q->low <= whole[i] && whole[i] <= q->high && isfinite(whole[i]));
        }
        free(alone);
        free(cut);
        free(whole);
        free_drawing(&d);
    }
}

static void each_stratum_has_one_point(const fr_kernels *kernels)
{
    static const ptrdiff_t counts[] = {1, 2, 3, 4, 7, 1000, 1024, 4097};
    for (int trial = 0; trial < 16; trial++) {
        const fr_method method = trial % 2 ? FR_SOBOL : FR_LATIN;
        const ptrdiff_t n = counts[trial / 2];
        if (method == FR_SOBOL && (n & (n - 1)))
            continue; /* only 2^m points are stratified */
        drawing d = new_drawing(kernels, method, 3, n, 0);
        const fr_quantile plain = {.base = FR_UNIFORM, .scale = 1.0, .high = 1.0};
        double *const u = doubles(3 * n);
        for (int k = 0; k < 3; k++)
            d.quantiles[k] = plain;
        draw(kernels, &d.sample, 0, n, u, n);
        for (int k = 0; k < 3; k++) {
            unsigned char *const seen = allocate((size_t)n);
            memset(seen, 0, (size_t)n);
            for (ptrdiff_t i = 0; i < n; i++)
                seen[(ptrdiff_t)(u[k * n + i] * (double)n)]++;
            for (ptrdiff_t i = 0; i < n; i++)
                CHECK(seen[i] == 1);
            free(seen);
        }
        free(u);
        free_drawing(&d);
    }
}

/* Computes the probability below a quantile with libm. */
static double probability_below(const fr_quantile *q, int kind, double x)
{
    const double y = ((q->log ? log(x / q->offset) : x - q->offset)) / q->scale;
    switch (kind) {
    case 1: return erfc(-y / sqrt(2.0)) / 2.0;
    case 2: return (erfc(-y / sqrt(2.0)) / 2.0 - q->a) / q->c;
    case 4: return y < q->a ? y * y / q->a : 1.0 - (1.0 - y) * (1.0 - y) / (1.0 - q->a);
    case 5: return y - 1.0;
    default: return y;
    }
}

static void quantiles_rise_from_bound_to_bound(const fr_kernels *kernels)
{
    enum { N = 1000 };
    double *const u = doubles(N), *const v = doubles(N), *const x = doubles(N);
    drawing d = new_drawing(kernels, FR_RANDOM, N_DISTRIBUTIONS, 1, 0);
    for (int i = 0; i < N; i++) { /* down to 2^-53 at both ends */
        const double tail = i < 53 || i >= N - 53 ? ldexp(1.0, (i < 53 ? i : N - 1 - i) - 53) : 0.0;
        u[i] = tail == 0.0 ? (double)i / (double)N : i < 53 ? tail : 1.0 - tail;
        v[i] = 1.0 - u[i];
    }
    for (int i = 1; i < N; i++)
        if (u[i] < u[i - 1]) /* where the two series meet */
            u[i] = u[i - 1], v[i] = v[i - 1];
    for (int kind = 0; kind < N_DISTRIBUTIONS; kind++) {
        const fr_quantile *const q = &d.quantiles[kind];
        kernels->quantiles(q, u, v, N, x);
        for (int i = 0; i < N; i++) {
            CHECK(q->low <= x[i] && x[i] <= q->high);
            CHECK(i == 0 || x[i] >= x[i - 1] * (1.0 - 1e-13));
            CHECK(fabs(probability_below(q, kind, x[i]) - u[i]) <= 1e-14);
            double alone;
            base_kernels()->quantiles(q, u + i, v + i, 1, &alone);
            CHECK(same_bits(&alone, &x[i], 1));
        }
        const double low = x[0];
        kernels->quantiles(q, u, v, 0, x);
        CHECK(x[0] == low); /* n = 0 writes nothing */
    }
    free_drawing(&d);
    free(x);
    free(v);
    free(u);
}

static void tails_are_those_of_libm(const fr_kernels *kernels)
{
    for (int i = -4000; i <= 4000; i++) {
        const double z = i / 110.0, tail = erfc(fabs(z) / sqrt(2.0)) / 2.0;
        double lower, upper, base_lower, base_upper;
        kernels->normal_tails(z, &lower, &upper);
        base_kernels()->normal_tails(z, &base_lower, &base_upper);
        CHECK(lower == base_lower && upper == base_upper);
        CHECK(fabs((z < 0.0 ? lower : upper) - tail) <= 3e-13 * tail);
        CHECK((z < 0.0 ? upper : lower) == 1.0 - (z < 0.0 ? lower : upper));
    }
}

/* Columns of a model: every fourth is an array, the others are drawn.  The last two share an
   input. */
typedef struct {
    drawing drawing;
    fr_layout layout;
    ptrdiff_t n;
    fr_column columns[FR_MAX_COLUMNS];
    table points; /* the same columns as arrays */
} drawn_columns;

static void draw_columns(const fr_kernels *kernels, const fr_model *model, fr_method method,
                         ptrdiff_t n, drawn_columns *c)
{
    static const ptrdiff_t zero = 0;
    const int n_columns = fr_model_columns(model);
    int n_inputs = 0, input[FR_MAX_COLUMNS];
    for (int j = 0; j < n_columns; j++)
        input[j] = n_columns < FR_MAX_COLUMNS && j % 4 == 1 ? -1 : n_inputs++;
    if (n_columns < FR_MAX_COLUMNS && n_inputs > 1 && input[n_columns - 1] >= 0)
        input[n_columns - 1] = --n_inputs - 1;
    c->drawing = new_drawing(kernels, method, n_inputs, n, 0);
    c->n = n;
    c->layout.ndim = 1;
    c->layout.shape = &c->n;
    c->layout.sample = &c->drawing.sample;
    c->points = new_table(model, n);
    double *const x = doubles(n_inputs * n);
    draw(kernels, &c->drawing.sample, 0, n, x, n);
    for (int j = 0; j < n_columns; j++) {
        double *const column = c->points.x[j];
        c->columns[j].data = input[j] < 0 ? (const char *)column : NULL;
        c->columns[j].strides = &zero;
        c->columns[j].input = input[j];
        for (ptrdiff_t i = 0; i < n; i++)
            column[i] = input[j] < 0 ? column[0] : x[input[j] * n + i];
    }
    free(x);
}

static void free_drawn(drawn_columns *c)
{
    free_table(&c->points);
    free_drawing(&c->drawing);
}

static void drawn_columns_give_what_arrays_of_them_give(const fr_kernels *kernels)
{
    enum { N = FR_BLOCK + 777 };
    for (int m = 0; m < N_MODELS; m++) {
        const fr_model *const model = &MODELS[m];
        const int derivable = model->equation == FR_GHK || model->equation == FR_CHORD;
        const ptrdiff_t n = m % 3 == 0 ? N : 777, size = n * fr_model_columns(model);
        if (model->equation == FR_NERNST)
            continue; /* a valence is an integer: it is not drawn */
        drawn_columns c;
        draw_columns(kernels, model, (fr_method)(m % 3), n, &c);
        double *const expected = doubles(n), *const V = doubles(n);
        fr_output out = to_doubles(expected, NULL);
        CHECK(run(kernels, model, &c.points, 0, n, &out) == FR_OK);
        for (ptrdiff_t start = 0, count; start < n; start += count) {
            count = 1 + random_below(300) < n - start ? 1 + random_below(300) : n - start;
            count = count < n - start ? count : n - start;
            out = to_doubles(V + start, NULL);
            CHECK(call_points(kernels, model, &c.layout, c.columns, start, count, &out) == FR_OK);
        }
        CHECK(same_bits(V, expected, n));

        fr_block found[2], blocks[2];
        memset(found, 0, sizeof found);
        memset(blocks, 0, sizeof blocks);
        CHECK(reduce(kernels, model, &c.points, 0, n, 0, 1, blocks, NULL) == FR_OK);
        CHECK(call_reduce(kernels, model, &c.layout, c.columns, 0, n, 0, 1, found, NULL) == FR_OK);
        CHECK(memcmp(found, blocks, sizeof found) == 0);

        if (derivable) {
            double *const slopes = doubles(size), *const of_drawn = doubles(size);
            double *columns[FR_MAX_COLUMNS];
            int wanted[FR_MAX_COLUMNS];
            for (int j = 0; j < c.points.n_columns; j++) {
                columns[j] = of_drawn + j * n;
                wanted[j] = j;
            }
            CHECK(gradients(kernels, model, &c.points, 0, n, slopes) == FR_OK);
            CHECK(call_gradients(kernels, model, &c.layout, c.columns, 0, n, wanted,
                                 c.points.n_columns, columns) == FR_OK);
            CHECK(same_bits(slopes, of_drawn, size));
            free(of_drawn);
            free(slopes);
        }
        free(V);
        free(expected);
        free_drawn(&c);
    }
}

/* The Nernst equation takes three of many inputs; the others do not change its result. */
static void inputs_that_no_column_takes_are_drawn_too(const fr_kernels *kernels)
{
    enum { N = 1000, MOST = FR_MAX_COLUMNS - 1 };
    static const ptrdiff_t zero = 0;
    static const double valence = 1.0;
    const fr_model nernst = {FR_NERNST, 0, NO_PUMP, {0}, 0, NULL};
    const ptrdiff_t n = N;
    for (int n_inputs = 3; n_inputs <= MOST; n_inputs += MOST - 3) {
        drawing drawn = new_drawing(kernels, FR_RANDOM, n_inputs, N, 0);
        const fr_layout layout = {1, &n, &drawn.sample};
        table points = new_table(&nernst, N);
        double *const x = doubles((ptrdiff_t)n_inputs * N), *const V = doubles(2 * N);
        draw(kernels, &drawn.sample, 0, N, x, N);
        fr_column columns[4] = {{(const char *)&valence, &zero, -1}};
        for (int i = 0; i < N; i++)
            points.x[0][i] = valence;
        for (int j = 1; j < 4; j++) {
            const int input = j == 1 ? n_inputs - 1 : j - 2;
            columns[j] = (fr_column){NULL, &zero, input};
            memcpy(points.x[j], x + (ptrdiff_t)input * N, N * sizeof *x);
        }
        const fr_output out = to_doubles(V, NULL), expected = to_doubles(V + N, NULL);
        CHECK(call_points(kernels, &nernst, &layout, columns, 0, N, &out) == FR_OK);
        CHECK(run(kernels, &nernst, &points, 0, N, &expected) == FR_OK);
        CHECK(same_bits(V, V + N, N));
        drawn.sample.n_inputs = FR_MAX_COLUMNS; /* too many for the buffers */
        CHECK(call_points(kernels, &nernst, &layout, columns, 0, N, &out) == FR_BAD_LAYOUT);
        drawn.sample.n_inputs = n_inputs;
        free(V);
        free(x);
        free_table(&points);
        free_drawing(&drawn);
    }
}

static void misuse_of_draws_is_reported_and_nothing_is_written(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}, 0, NULL};
    drawn_columns c;
    draw_columns(kernels, &ghk, FR_RANDOM, 4, &c);
    double V[] = {1.0, 2.0, 3.0, 4.0};
    const fr_output out = to_doubles(V, NULL);
    const int inputs = c.drawing.sample.n_inputs;

    const ptrdiff_t two[] = {2, 2};
    const fr_layout nothing_to_draw = {1, &c.n, NULL};
    const fr_layout plane = {2, two, &c.drawing.sample};
    const ptrdiff_t zeros[] = {0, 0};
    fr_column flat[FR_MAX_COLUMNS];
    memcpy(flat, c.columns, sizeof flat);
    for (int j = 0; j < c.points.n_columns; j++)
        flat[j].strides = zeros;
    CHECK(call_points(kernels, &ghk, &nothing_to_draw, c.columns, 0, 4, &out) == FR_BAD_LAYOUT);
    CHECK(call_points(kernels, &ghk, &plane, flat, 0, 4, &out) == FR_BAD_LAYOUT);

    static const int wrong[] = {-1, -5, 1000};
    for (int i = 0; i < 3; i++) {
        c.columns[0].input = wrong[i];
        CHECK(call_points(kernels, &ghk, &c.layout, c.columns, 0, 4, &out) == FR_BAD_LAYOUT);
    }
    c.columns[0].input = inputs;
    CHECK(call_points(kernels, &ghk, &c.layout, c.columns, 0, 4, &out) == FR_BAD_LAYOUT);
    c.columns[0].input = 0;
    c.drawing.sample.n_inputs = FR_MAX_COLUMNS + 1;
    CHECK(call_points(kernels, &ghk, &c.layout, c.columns, 0, 4, &out) == FR_BAD_LAYOUT);
    c.drawing.sample.n_inputs = inputs;

    CHECK(call_points(kernels, &ghk, &c.layout, c.columns, 0, 5, &out) == FR_BAD_RANGE);
    CHECK(call_points(kernels, &ghk, &c.layout, c.columns, -1, 1, &out) == FR_BAD_RANGE);
    for (int i = 0; i < 4; i++)
        CHECK(V[i] == (double)(i + 1));
    CHECK(call_points(kernels, &ghk, &c.layout, c.columns, 0, 4, &out) == FR_OK);
    free_drawn(&c);
}

/* ---- pick-freeze ---- */

/* Two samples of the same inputs, stored as tables. */
typedef struct {
    const fr_model *model;
    table a, b;
    int n_inputs, input[FR_MAX_COLUMNS];
} two_tables;

static two_tables new_tables(const fr_model *model, ptrdiff_t n, int varied, int spoilt_too)
{
    two_tables t = {.model = model, .a = new_table(model, n), .b = new_table(model, n)};
    const int n_columns = t.a.n_columns;
    if (spoilt_too) {
        spoil(&t.a);
        spoil(&t.b);
    }
    for (int j = 0; j < n_columns; j++) {
        /* the last two of the varied columns share an input */
        const int shared = j == varied - 1 && varied < n_columns && j > 0;
        t.input[j] = j >= varied ? -1 : shared ? t.n_inputs - 1 : t.n_inputs++;
        if (shared) {
            memcpy(t.a.x[j], t.a.x[j - 1], (size_t)n * sizeof(double));
            memcpy(t.b.x[j], t.b.x[j - 1], (size_t)n * sizeof(double));
        } else if (j >= varied) {
            memcpy(t.b.x[j], t.a.x[j], (size_t)n * sizeof(double));
        }
    }
    return t;
}

static void columns_of(const two_tables *t, const table *of, fr_column *columns)
{
    static const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
    for (int j = 0; j < of->n_columns; j++) {
        columns[j].data = (const char *)of->x[j];
        columns[j].strides = &stride;
        columns[j].input = t->input[j];
    }
}

static fr_error pick_freeze(const fr_kernels *kernels, const two_tables *t, ptrdiff_t start,
                            ptrdiff_t count, const fr_sobol_sums_spec *spec, int with_b,
                            int64_t *invalid, double *sums)
{
    const fr_layout layout = {1, &t->a.n, NULL};
    fr_column a[FR_MAX_COLUMNS], b[FR_MAX_COLUMNS];
    void *const scratch = allocate(kernels->scratch_bytes);
    columns_of(t, &t->a, a);
    columns_of(t, &t->b, b);
    const fr_error error =
        kernels->pick_freeze(t->model, &layout, a, with_b ? &layout : NULL, with_b ? b : NULL,
                             start, count, spec, scratch, invalid, sums);
    free(scratch);
    return error;
}

/* Computes f, minus the pivot, at each point of a table, and adds its status by OR. */
static double *asked(const fr_kernels *kernels, const two_tables *t, const table *of,
                     const fr_sobol_sums_spec *q, uint8_t *status)
{
    double *const f = doubles(of->n);
    uint8_t *const found = allocate((size_t)of->n);
    const fr_output out = to_doubles(f, found);
    CHECK(run(kernels, t->model, of, 0, of->n, &out) == FR_OK);
    for (ptrdiff_t i = 0; i < of->n; i++) {
        f[i] = (q->indicator ? f[i] >= q->low && f[i] <= q->high : f[i]) - q->pivot;
        status[i] |= found[i];
    }
    free(found);
    return f;
}

/* Returns a table with the columns of one input taken from another table. */
static table exchanged(const two_tables *t, const table *of, const table *from, int input)
{
    table found = *of;
    for (int j = 0; j < of->n_columns; j++)
        found.x[j] = t->input[j] == input ? from->x[j] : of->x[j];
    return found;
}

static void check_sum(const double *sum, const double *x, const double *y, const uint8_t *status,
                      ptrdiff_t n)
{
    double total = 0.0, size = 0.0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (status[i])
            continue;
        total += y ? x[i] * y[i] : x[i];
        size += fabs(y ? x[i] * y[i] : x[i]);
    }
    if (isfinite(size)) /* else the sum is not finite either; 1e-22 is rounding */
        CHECK(fabs(sum[0] + sum[1] - total) <= 1e-11 * size + 1e-22);
    else
        CHECK(!isfinite(sum[0] + sum[1]));
}

/* Checks the sum of x y + u v. */
static void check_two_sums(const double *sum, const double *x, const double *y, const double *u,
                           const double *v, const uint8_t *status, ptrdiff_t n)
{
    double total = 0.0, size = 0.0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (status[i])
            continue;
        total += x[i] * y[i] + u[i] * v[i];
        size += fabs(x[i] * y[i]) + fabs(u[i] * v[i]);
    }
    if (isfinite(size))
        CHECK(fabs(sum[0] + sum[1] - total) <= 1e-11 * size + 1e-22);
    else
        CHECK(!isfinite(sum[0] + sum[1]));
}

/* Computes derivatives of V at A with respect to each input or its logarithm, by `gradients`. */
static double *slopes_at(const fr_kernels *kernels, const two_tables *t,
                         const fr_sobol_sums_spec *q)
{
    const ptrdiff_t n = t->a.n;
    double *const columns = doubles(n * t->a.n_columns), *const found = doubles(n * t->n_inputs);
    CHECK(gradients(kernels, t->model, &t->a, 0, n, columns) == FR_OK);
    memset(found, 0, (size_t)(n * t->n_inputs) * sizeof *found);
    for (int j = 0; j < t->a.n_columns; j++)
        for (ptrdiff_t i = 0; t->input[j] >= 0 && i < n; i++) {
            const int k = t->input[j];
            found[k * n + i] += columns[j * n + i] * (q->logs[k] ? t->a.x[j][i] : 1.0);
        }
    free(columns);
    return found;
}

/* Compares all sums with plain loops over tables, in the order of fastrest.h. */
static void check_pick_freeze(const fr_kernels *kernels, const two_tables *t,
                              const fr_sobol_sums_spec *q, int with_b, const int64_t *invalid,
                              const double *sums)
{
    const ptrdiff_t n = t->a.n;
    const int inputs = q->n_inputs;
    uint8_t *const status = allocate((size_t)n);
    double *ab[FR_MAX_COLUMNS], *ba[FR_MAX_COLUMNS], *fb = NULL;
    memset(status, 0, (size_t)n);
    double *const fa = asked(kernels, t, &t->a, q, status);
    if (with_b)
        fb = asked(kernels, t, &t->b, q, status);
    for (int k = 0; with_b && k < inputs; k++) {
        const table of_ab = exchanged(t, &t->a, &t->b, k), of_ba = exchanged(t, &t->b, &t->a, k);
        ab[k] = asked(kernels, t, &of_ab, q, status);
        for (ptrdiff_t i = 0; i < n; i++)
            ab[k][i] -= fa[i];
        ba[k] = asked(kernels, t, &of_ba, q, status);
        for (ptrdiff_t i = 0; i < n; i++)
            ba[k][i] = fb[i] - ba[k][i];
    }
    int64_t expected[8] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++)
            if (status[i] >> bit & 1) {
                expected[bit]++;
                break;
            }
    CHECK(memcmp(invalid, expected, sizeof expected) == 0);

    const double *const first = sums;
    check_sum(sums, fa, NULL, status, n);
    check_sum(sums + 2, fa, fa, status, n);
    sums += 4;
    if (q->logs) {
        double *const slopes = slopes_at(kernels, t, q);
        for (int k = 0; k < inputs; k++, sums += 2)
            check_sum(sums, slopes + k * n, slopes + k * n, status, n);
        free(slopes);
    }
    if (with_b) {
        check_sum(sums, fb, NULL, status, n);
        check_sum(sums + 2, fb, fb, status, n);
        check_sum(sums + 4, fa, fb, status, n);
        sums += 6;
        for (int k = 0; k < inputs; k++, sums += 18) {
            check_sum(sums, ab[k], NULL, status, n);
            check_sum(sums + 2, ab[k], ab[k], status, n);
            check_sum(sums + 4, ba[k], NULL, status, n);
            check_sum(sums + 6, ba[k], ba[k], status, n);
            check_sum(sums + 8, ab[k], ba[k], status, n);
            check_sum(sums + 10, ab[k], fa, status, n);
            check_sum(sums + 12, ab[k], fb, status, n);
            check_sum(sums + 14, ba[k], fa, status, n);
            check_sum(sums + 16, ba[k], fb, status, n);
        }
        for (int j = 0; q->second && j < inputs; j++)
            for (int k = j + 1; k < inputs; k++, sums += 2)
                check_two_sums(sums, ba[j], ab[k], ba[k], ab[j], status, n);
    }
    CHECK(sums - first == 2 * fr_sobol_sums_count(q, with_b));
    for (int k = 0; with_b && k < inputs; k++) {
        free(ab[k]);
        free(ba[k]);
    }
    free(fb);
    free(fa);
    free(status);
}

static void sums_of_pick_freeze_are_those_of_plain_loops(const fr_kernels *kernels)
{
    static const ptrdiff_t counts[] = {1, 255, 257, 700};
    for (int m = 0; m < N_MODELS; m++)
        for (int trial = 0; trial < 8; trial++) {
            const fr_model *const model = &MODELS[m];
            if (!has_derivatives(model))
                continue;
            const int n_columns = fr_model_columns(model), with_b = trial != 5;
            const int varied = trial % 2 ? n_columns : 1 + random_below(n_columns);
            two_tables t = new_tables(model, counts[trial % 4], varied, trial > 3);
            int logs[FR_MAX_COLUMNS];
            for (int k = 0; k < t.n_inputs; k++)
                logs[k] = random_below(2);
            const fr_sobol_sums_spec spec = {.n_inputs = t.n_inputs,
                                             .indicator = trial == 3,
                                             .low = -80.0,
                                             .high = 10.0,
                                             .pivot = trial == 3 ? 0.5 : -20.0,
                                             .second = trial % 2,
                                             .logs = trial % 3 && trial != 3 ? logs : NULL};
            const int n_sums = fr_sobol_sums_count(&spec, with_b);
            double *const sums = doubles(2 * n_sums), *const of_base = doubles(2 * n_sums);
            int64_t *const invalid = allocate(8 * sizeof *invalid);
            const ptrdiff_t n = t.a.n;
            CHECK(pick_freeze(base_kernels(), &t, 0, n, &spec, with_b, invalid, of_base) == FR_OK);
            CHECK(pick_freeze(kernels, &t, 0, n, &spec, with_b, invalid, sums) == FR_OK);
            CHECK(same_bits(sums, of_base, 2 * n_sums));
            check_pick_freeze(kernels, &t, &spec, with_b, invalid, sums);
            free(invalid);
            free(of_base);
            free(sums);
            free_table(&t.b);
            free_table(&t.a);
        }
}

static void pick_freeze_of_draws_is_that_of_their_points(const fr_kernels *kernels)
{
    for (int m = 0; m < N_MODELS; m++) {
        const fr_model *const model = &MODELS[m];
        if (!has_derivatives(model))
            continue;
        enum { N = 600 };
        static const ptrdiff_t stride = (ptrdiff_t)sizeof(double);
        drawn_columns a, b;
        draw_columns(kernels, model, FR_SOBOL, N, &a);
        draw_columns(kernels, model, FR_RANDOM, N, &b);
        const int n_columns = a.points.n_columns;
        const fr_layout line = {1, &a.n, NULL};
        fr_column of_a[FR_MAX_COLUMNS], of_b[FR_MAX_COLUMNS];
        int logs[FR_MAX_COLUMNS] = {0};
        for (int j = 0; j < n_columns; j++) {
            const int input = a.columns[j].input;
            if (input < 0) /* columns without an input are the same in both */
                memcpy(b.points.x[j], a.points.x[j], N * sizeof(double));
            of_a[j].data = (const char *)a.points.x[j];
            of_b[j].data = (const char *)b.points.x[j];
            of_a[j].strides = of_b[j].strides = &stride;
            of_a[j].input = of_b[j].input = input;
        }
        const fr_sobol_sums_spec spec = {
            .n_inputs = a.drawing.sample.n_inputs, .pivot = -30.0, .second = 1, .logs = logs};
        const int n_sums = fr_sobol_sums_count(&spec, 1);
        double *const sums = doubles(2 * n_sums), *const expected = doubles(2 * n_sums);
        int64_t invalid[8], none[8] = {0};
        void *const scratch = allocate(kernels->scratch_bytes);
        CHECK(kernels->pick_freeze(model, &line, of_a, &line, of_b, 7, N - 9, &spec, scratch,
                                   invalid, expected) == FR_OK);
        CHECK(kernels->pick_freeze(model, &a.layout, a.columns, &b.layout, b.columns, 7, N - 9,
                                   &spec, scratch, invalid, sums) == FR_OK);
        CHECK(memcmp(invalid, none, sizeof none) == 0);
        CHECK(same_bits(sums, expected, 2 * n_sums));
        free(scratch);
        free(expected);
        free(sums);
        free_drawn(&b);
        free_drawn(&a);
    }
}

static void misuse_of_pick_freeze_is_reported(const fr_kernels *kernels)
{
    const fr_model ghk = {FR_GHK, 1, NO_PUMP, {1}, 0, NULL},
                   log_ratio = {FR_LOG_RATIO, 0, NO_PUMP, {0}, 0, NULL};
    two_tables t = new_tables(&ghk, 9, 4, 0);
    int64_t invalid[8];
    double sums[4096];
    fr_sobol_sums_spec spec = {.n_inputs = t.n_inputs};
    CHECK(pick_freeze(kernels, &t, 0, 9, &spec, 1, invalid, sums) == FR_OK);
    CHECK(pick_freeze(kernels, &t, 0, 10, &spec, 1, invalid, sums) == FR_BAD_RANGE);
    CHECK(pick_freeze(kernels, &t, -1, 1, &spec, 1, invalid, sums) == FR_BAD_RANGE);
    CHECK(sums[0] == 0.0); /* after an error the sums are 0 */
    CHECK(pick_freeze(kernels, &t, 9, 0, &spec, 1, invalid, sums) == FR_OK);
    for (size_t m = 0; m < sizeof BAD_MODELS / sizeof *BAD_MODELS; m++) {
        t.model = &BAD_MODELS[m];
        CHECK(pick_freeze(kernels, &t, 0, 9, &spec, 1, invalid, sums) == FR_BAD_MODEL);
    }
    static const int logs[FR_MAX_COLUMNS] = {0};
    t.model = &log_ratio; /* has no derivatives */
    spec.logs = logs;
    CHECK(pick_freeze(kernels, &t, 0, 9, &spec, 1, invalid, sums) == FR_BAD_MODEL);
    t.model = &ghk;
    spec.logs = NULL;
    static const int wrong[] = {0, -1, 3, FR_MAX_COLUMNS + 1};
    for (int i = 0; i < 4; i++) {
        spec.n_inputs = wrong[i];
        CHECK(pick_freeze(kernels, &t, 0, 9, &spec, 1, invalid, sums) == FR_BAD_COLUMN);
    }
    spec.n_inputs = t.n_inputs;

    const fr_layout line = {1, &t.a.n, NULL}, no_dims = {0, &t.a.n, NULL};
    fr_column a[FR_MAX_COLUMNS], b[FR_MAX_COLUMNS];
    void *const scratch = allocate(kernels->scratch_bytes);
    columns_of(&t, &t.a, a);
    columns_of(&t, &t.b, b);
    CHECK(kernels->pick_freeze(&ghk, &no_dims, a, &line, b, 0, 9, &spec, scratch, invalid, sums) ==
          FR_BAD_LAYOUT);
    CHECK(kernels->pick_freeze(&ghk, &line, a, &no_dims, b, 0, 9, &spec, scratch, invalid, sums) ==
          FR_BAD_LAYOUT);
    b[1].input = 0;
    CHECK(kernels->pick_freeze(&ghk, &line, a, &line, b, 0, 9, &spec, scratch, invalid, sums) ==
          FR_BAD_COLUMN);
    free(scratch);
    free_table(&t.b);
    free_table(&t.a);
}

/* ---- instruction sets ---- */

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

/* ---- courses in time ---- */

/* The pump stops after 50 s, K outside doubles after 200 s, all is as before after 900 s. */
static const fr_condition CONDITIONS[] = {
    {50.0, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1}, {0.0}},
    {200.0, {1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 0.5, 1, 1, 1}, {0.0}},
    {900.0, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0.0}},
};
static const fr_protocol PROTOCOL = {3, CONDITIONS, 0, 1e-7, -60.0, INFINITY};
static const double LIVING[] = {4e-8, 1e-6, 4.5e-7, 0, 0,   145, 5, 110, 40,
                                -1,   37,   0.5,    1, 0.0, 0.0, 0, 20};
enum { TIME = 15, TIMES = 4 };

static table new_courses(int field, ptrdiff_t cells)
{
    table t = {cells * TIMES, FR_COURSE_COLUMNS, {NULL}};
    for (int j = 0; j < t.n_columns; j++)
        t.x[j] = doubles(t.n);
    for (ptrdiff_t i = 0; i < t.n; i += TIMES)
        for (int j = 0; j < t.n_columns; j++) {
            const int leak = j < 3, law = j == 13 || j == 14;
            double x = LIVING[j] * (leak || j == 11 ? 0.8 + 0.4 * random_fraction() : 1.0);
            x *= leak && !field ? 3e5 : 1.0;
            x = law && i % 3 == 0 ? 5.0 : x;
            for (int k = 0; k < TIMES; k++)
                t.x[j][i + k] = j == TIME ? 400.0 * k * random_fraction() - 10.0 : x;
        }
    return t;
}

static void courses_depend_on_their_point_alone(const fr_kernels *kernels)
{
    enum { CELLS = 60 };
    for (int field = 0; field < 2; field++) {
        table t = new_courses(field, CELLS), cut = t;
        double *const V = doubles(t.n), one;
        uint8_t *const status = allocate((size_t)t.n), bits;
        ptrdiff_t valid = 0;
        spoil(&t);
        for (int output = 0; output < FR_ALL_OUTPUTS; output++) {
            const fr_equation equation = field ? FR_GHK_RUNDOWN : FR_CHORD_RUNDOWN;
            const fr_model model = {equation, 0, NO_PUMP, {0}, output, &PROTOCOL};
            fr_output out = to_doubles(V, status);
            if (output == FR_OF_MARGIN) {
                CHECK(fr_model_columns(&model) == 0);
                continue;
            }
            CHECK(run(kernels, &model, &t, 0, t.n, &out) == FR_OK);
            out = to_doubles(&one, &bits);
            for (ptrdiff_t i = 0; i < t.n; i++) {
                cut.n = t.n;
                CHECK(run(kernels, &model, &cut, i, 1, &out) == FR_OK);
                CHECK(same_bits(&one, V + i, 1) || (isnan(one) && isnan(V[i])));
                CHECK(bits == status[i]);
                CHECK(status[i] == 0 ? isfinite(V[i]) : isnan(V[i]) || isinf(V[i]));
                valid += status[i] == 0;
            }
        }
        CHECK(valid > t.n);
        free(V);
        free(status);
        free_table(&t);
    }
}

/* ---- comparisons of conditions ---- */

/* Returns the table under a condition. */
static table changed(const table *t, const fr_changes *changes)
{
    table found = *t;
    for (int j = 0; j < t->n_columns; j++) {
        found.x[j] = doubles(t->n);
        for (ptrdiff_t i = 0; i < t->n; i++) {
            const double own = t->x[j][i], factor = changes->factor[j];
            found.x[j][i] = factor == 0.0 ? changes->constant[j]
                            : factor == 1.0 && changes->constant[j] == 0.0
                                ? own
                                : factor * own + changes->constant[j];
        }
    }
    return found;
}

static void changes_are_those_of_changed_tables(const fr_kernels *kernels)
{
    for (int m = 0; m < N_MODELS; m++) {
        fr_changes changes[2];
        fr_model model = MODELS[m];
        const int n_columns = fr_model_columns(&model);
        for (int j = 0; j < FR_MAX_COLUMNS; j++)
            for (int k = 0; k < 2; k++) {
                const int kind = j == celsius_column(&model) ? 0 : random_below(3);
                changes[k].factor[j] = kind == 0 ? 1.0 : kind == 1 ? 0.0 : 2.0 * random_fraction();
                changes[k].constant[j] = kind == 0 ? 0.0 : ordinary_value(&model, j % n_columns);
            }
        for (int c = 0; c < N_COUNTS - 3; c++) {
            table t = new_table(&MODELS[m], COUNTS[c]);
            spoil(&t);
            double *const V = doubles(t.n);
            uint8_t *const status = allocate((size_t)t.n);
            double *under[2];
            uint8_t *bits[2];
            for (int k = 0; k < 2; k++) {
                table other = changed(&t, changes + k);
                under[k] = doubles(t.n);
                bits[k] = allocate((size_t)t.n);
                const fr_output out = to_doubles(under[k], bits[k]);
                CHECK(run(kernels, &MODELS[m], &other, 0, t.n, &out) == FR_OK);
                free_table(&other);
            }
            const fr_output out = to_doubles(V, status);
            model.changes = changes;
            for (model.n_changes = 1; model.n_changes <= 2; model.n_changes++) {
                const int both = model.n_changes == 2;
                CHECK(run(kernels, &model, &t, 0, t.n, &out) == FR_OK);
                for (ptrdiff_t i = 0; i < t.n; i++) {
                    const double V_i = both ? under[1][i] - under[0][i] : under[0][i];
                    CHECK(same_bits(V + i, &V_i, 1) || (isnan(V[i]) && isnan(V_i)));
                    CHECK(status[i] == (bits[0][i] || !both ? bits[0][i] : bits[1][i]));
                }
            }
            for (int k = 0; k < 2; k++) {
                free(under[k]);
                free(bits[k]);
            }
            free(V);
            free(status);
            free_table(&t);
        }
        for (model.n_changes = -1; model.n_changes <= 3; model.n_changes += 4)
            CHECK(fr_model_columns(&model) == 0);
        model.n_changes = 1;
        model.changes = NULL;
        CHECK(fr_model_columns(&model) == 0);
    }
}

int main(void)
{
    the_list_of_kernels_ends_and_its_last_entry_runs_everywhere();
    a_model_takes_the_columns_that_the_header_says();
    every_equation_has_a_name();
    philox_gives_its_published_answers();
    for (int i = 0; fr_compiled(i); i++) {
        const fr_kernels *const kernels = fr_compiled(i);
        if (!fr_supported(kernels)) {
            printf("skipped: this processor does not run %s\n", kernels->name);
            continue;
        }
        kernels_name = kernels->name;
        random_state = 1; /* the same numbers for each */
        misuse_is_reported_and_nothing_is_written(kernels);
        check_values_are_met(kernels);
        bad_points_are_nan_with_their_status(kernels);
        every_count_gives_the_bits_of_single_points(kernels);
        ranges_cut_in_odd_places_give_the_whole(kernels);
        outputs_of_every_layout_hold_the_results_and_nothing_else_is_written(kernels);
        layouts_of_1_to_64_dimensions_are_tables_of_their_points(kernels);
        repeated_values_are_not_taken_from_another_row(kernels);
        misuse_of_sums_is_reported_and_nothing_is_written(kernels);
        sums_and_counts_are_those_of_a_plain_loop(kernels);
        pairs_are_counted_as_by_two_loops(kernels);
        misuse_of_gradients_is_reported_and_nothing_is_written(kernels);
        check_derivatives_are_met(kernels);
        derivatives_depend_on_their_point_alone(kernels);
        random_numbers_are_those_of_philox(kernels);
        draws_depend_on_their_point_alone(kernels);
        each_stratum_has_one_point(kernels);
        quantiles_rise_from_bound_to_bound(kernels);
        tails_are_those_of_libm(kernels);
        drawn_columns_give_what_arrays_of_them_give(kernels);
        inputs_that_no_column_takes_are_drawn_too(kernels);
        misuse_of_draws_is_reported_and_nothing_is_written(kernels);
        sums_of_pick_freeze_are_those_of_plain_loops(kernels);
        pick_freeze_of_draws_is_that_of_their_points(kernels);
        misuse_of_pick_freeze_is_reported(kernels);
        courses_depend_on_their_point_alone(kernels);
        changes_are_those_of_changed_tables(kernels);
        printf("tested: %s\n", kernels->name);
    }
    all_kernels_give_the_bits_of_the_base();
    if (failures)
        printf("%d checks failed\n", failures);
    return failures != 0;
}
