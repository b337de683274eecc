/* Runs one kernel once; bench/count/count.py counts its instructions.
 *
 *   count KERNEL ISA POINTS    POINTS: a multiple of FR_BLOCK
 *   count                      prints the compiler, the kernels and the supported instruction sets
 *
 * Inputs are the same in every run.  All points are valid.  No streaming stores are used.
 */
#include "fastrest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EDGES = 200, INPUTS = 12, STEP = (int)sizeof(double) };

/* The arguments of a kernel.  No memory is freed, because the program ends after one call. */
typedef struct {
    const fr_kernels *kernels;
    fr_model model;
    ptrdiff_t n;
    fr_layout layout;
    fr_column columns[FR_MAX_COLUMNS];
    int n_inputs; /* number of columns that vary; 0 for a grid */
    fr_quantile quantiles[INPUTS];
    const double *list;
    fr_counts sorted; /* edges, or a second list, with an index */
    double *out, *parts[INPUTS];
    fr_error error;
} job;

static void *allocate(ptrdiff_t n, size_t size)
{
    void *const memory = calloc((size_t)n, size);
    if (!memory)
        exit(2);
    return memory;
}

static double random_fraction(void)
{
    static uint64_t state = 1;
    uint64_t x = state += UINT64_C(0x9E3779B97F4A7C15); /* SplitMix64 */
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

/* Returns n increasing numbers between low and high, unevenly spaced. */
static double *rising(ptrdiff_t n, double low, double high)
{
    double *const x = allocate(n, sizeof *x);
    for (ptrdiff_t i = 0; i < n; i++)
        x[i] = low + (high - low) * (((double)i + random_fraction()) / (double)n);
    return x;
}

/* Makes the index of increasing numbers, by the rule of SortedIndex in fastrest/_core/edges.py. */
static fr_counts with_index(const double *x, ptrdiff_t n)
{
    const int32_t n_cells = n > 128 ? 8 * (int32_t)n : 1024;
    const double scale = (double)n_cells / (x[n - 1] - x[0]);
    int32_t *const first = allocate(n_cells + 2, sizeof *first);
    for (int32_t cell = 0, i = 0; cell < n_cells + 2; cell++) {
        while (i < n && (int32_t)((x[i] - x[0]) * scale) < cell)
            i++;
        first[cell] = i;
    }
    return (fr_counts){n, x, NULL, scale, n_cells, first, allocate(n + 1, sizeof(int64_t))};
}

/* ---- inputs ---- */

/* Makes columns around the values of a mammalian neuron.  Weights and concentrations vary: they are
   arrays, or drawn from lognormal distributions.  Other parameters are constant. */
static void make_columns(job *g, int drawn)
{
    static const double neuron[3][4] = {
        {1.0, 0.04, 0.45, 1.0}, {5.0, 145.0, 110.0, 2.0}, {140.0, 15.0, 7.0, 1e-4}};
    static const ptrdiff_t stays = 0, runs = STEP;
    const int ions = g->model.n_ions, valence = g->model.equation == FR_NERNST;
    g->layout = (fr_layout){1, &g->n, NULL};
    for (int j = 0; j < fr_model_columns(&g->model); j++) {
        const int varies = j >= valence && j < 3 * ions, in_array = varies && !drawn;
        const double others = j == 3 * ions ? 37.0 : 1.0; /* celsius, pump_ratio */
        const double value = j < 3 * ions ? neuron[j / ions][j % ions] : others;
        double *const x = allocate(in_array ? g->n : 1, sizeof *x);
        x[0] = value;
        for (ptrdiff_t i = 0; in_array && i < g->n; i++)
            x[i] = value * (0.5 + random_fraction());
        g->columns[j] = (fr_column){(char *)x, in_array ? &runs : &stays, -1};
        if (!varies)
            continue;
        if (drawn)
            g->columns[j].data = NULL;
        g->columns[j].input = g->n_inputs;
        g->parts[g->n_inputs] = g->out + g->n_inputs * g->n;
        g->quantiles[g->n_inputs++] = (fr_quantile){
            .base = FR_NORMAL, .log = 1, .offset = value, .scale = 0.2, .c = 1.0, .high = INFINITY};
    }
}

static void *scratch(const job *g)
{
    return allocate((ptrdiff_t)fr_scratch_bytes(&g->model, &g->layout, g->n), 1);
}

static void table(job *g)
{
    make_columns(g, 0);
}

static void table_and_edges(job *g)
{
    make_columns(g, 0);
    g->sorted = with_index(rising(EDGES, -100.0, 0.0), EDGES);
}

static void samples(job *g)
{
    fr_sample *const two = allocate(2, sizeof *two);
    make_columns(g, 1);
    for (uint32_t k = 0; k < 2; k++)
        two[k] = (fr_sample){FR_RANDOM, g->n_inputs, g->n, {k, 1}, .quantiles = g->quantiles};
    g->layout.sample = two;
}

/* Makes the layout of a factored grid with the axes P_Na, P_Cl, K_out, Na_in: ln N varies along the
   first three, ln D along all but the third, phi along none. */
static void grid(job *g)
{
    enum { P_CL = 8, K_OUT = 16, NA_IN = 64 };
    static const ptrdiff_t strides[3][4] = {{P_CL * K_OUT * STEP, K_OUT * STEP, STEP, 0},
                                            {P_CL * NA_IN * STEP, NA_IN * STEP, 0, STEP},
                                            {0, 0, 0, 0}};
    static ptrdiff_t shape[] = {0, P_CL, K_OUT, NA_IN};
    shape[0] = g->n / (P_CL * K_OUT * NA_IN);
    const double *const tables[] = {rising(g->n / NA_IN, 2.0, 4.0), rising(g->n / K_OUT, 4.0, 6.0),
                                    rising(1, 26.0, 27.0)};
    g->layout = (fr_layout){4, shape, NULL};
    for (int j = 0; j < 3; j++)
        g->columns[j] = (fr_column){(const char *)tables[j], strides[j], -1};
}

static void lists(job *g)
{
    g->list = rising(g->n / 2, 2.0, 4.0);
    g->sorted = with_index(rising(g->n / 2, 4.0, 6.0), g->n / 2);
}

/* ---- calls ---- */

static fr_error points(job *g)
{
    const fr_output out = {(char *)g->out, STEP, 0, 0, NULL};
    return g->kernels->points(&g->model, &g->layout, g->columns, 0, g->n, scratch(g), &out);
}

/* Counts if there are edges, otherwise sums up. */
static fr_error reduce(job *g)
{
    const fr_counts *const counts = g->sorted.n_edges ? &g->sorted : NULL;
    fr_block *const blocks = allocate(g->n / FR_BLOCK, sizeof *blocks);
    return g->kernels->reduce(&g->model, &g->layout, g->columns, 0, g->n, 0, counts == NULL,
                              scratch(g), blocks, counts);
}

static fr_error pairs(job *g)
{
    const fr_counts *const b = &g->sorted;
    g->kernels->count_pairs(26.7, g->list, g->n / 2, b->edges, b->n_edges, b->scale, b->n_cells,
                            b->first, rising(EDGES, -100.0, 0.0), EDGES, b->counts);
    return FR_OK;
}

static fr_error gradients(job *g)
{
    static const int wanted[INPUTS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    return g->kernels->gradients(&g->model, &g->layout, g->columns, 0, g->n, wanted, g->n_inputs,
                                 scratch(g), g->parts);
}

static fr_error draw(job *g)
{
    g->kernels->draw(g->layout.sample, 0, g->n, g->parts);
    return FR_OK;
}

static fr_error pick_freeze(job *g)
{
    static const int logs[INPUTS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const fr_sobol_sums_spec spec = {.n_inputs = g->n_inputs, .pivot = -70.0, .logs = logs};
    const fr_layout other = {1, &g->n, g->layout.sample + 1};
    int64_t invalid[8];
    return g->kernels->pick_freeze(&g->model, &g->layout, g->columns, &other, g->columns, 0, g->n,
                                   &spec, allocate(1, g->kernels->scratch_bytes), invalid, g->out);
}

/* ---- the kernels ---- */

#define GHK {FR_GHK, 3, 0, {1, 1, -1}, 0, NULL} /* K, Na, Cl; the pump ratio multiplies K */
#define GHK_CA {FR_GHK, 4, 0, {1, 1, -1, 2}, 0, NULL}

static const struct {
    const char *name;
    fr_model model;
    void (*prepare)(job *g);
    fr_error (*run)(job *g);
} ROWS[] = {
    {"table", GHK, table, points},
    {"grid",
     {FR_SEPARABLE, 0, -1, {0}, 0, NULL},
     grid,
     points}, /* the tables of logarithms are inputs */
    {"calcium", GHK_CA, table, points},
    {"chord", {FR_CHORD, 3, -1, {1, 1, -1}, 0, NULL}, table, points},
    {"nernst", {FR_NERNST, 1, -1, {1}, 0, NULL}, table, points},
    {"summary", GHK_CA, table, reduce},
    {"histogram", GHK, table_and_edges, reduce},
    {"factored", GHK, lists, pairs}, /* a point is one entry of a list, not a pair */
    {"sample", GHK, samples, draw},
    {"sampled", GHK, samples, pick_freeze}, /* with derivatives, as in space.sobol(n) */
    {"gradients", GHK, table, gradients},
};
enum { N_ROWS = (int)(sizeof ROWS / sizeof *ROWS) };

/* count.py counts the instructions executed within this function. */
static __attribute__((noinline)) void measured(fr_error (*run)(job *g), job *g)
{
    g->error = run(g);
}

static int tell(void)
{
#ifdef __clang__
    printf("compiler clang %d.%d.%d\n", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    printf("compiler gcc %d.%d.%d\n", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    for (int i = 0; i < N_ROWS; i++)
        printf("kernel %s\n", ROWS[i].name);
    for (int i = 0; fr_compiled(i); i++)
        if (fr_supported(fr_compiled(i)))
            printf("isa %s\n", fr_compiled(i)->name);
    return 0;
}

int main(int argc, char **argv)
{
    static job g;
    int row = 0, isa = 0;
    if (argc == 1)
        return tell();
    while (argc == 4 && row < N_ROWS && strcmp(ROWS[row].name, argv[1]) != 0)
        row++;
    while (argc == 4 && fr_compiled(isa) && strcmp(fr_compiled(isa)->name, argv[2]) != 0)
        isa++;
    g.n = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    g.kernels = fr_compiled(isa);
    if (row == N_ROWS || !g.kernels || !fr_supported(g.kernels) || g.n <= 0 || g.n % FR_BLOCK) {
        fputs("usage: count KERNEL ISA POINTS\n", stderr);
        return 2;
    }
    g.model = ROWS[row].model;
    g.out = allocate(INPUTS * g.n, sizeof *g.out);
    ROWS[row].prepare(&g);
    measured(ROWS[row].run, &g);

    uint8_t *const status = allocate(g.n, 1), all = 0;
    const fr_output out = {NULL, 0, 0, 0, status};
    if (g.layout.shape)
        g.kernels->points(&g.model, &g.layout, g.columns, 0, g.n, scratch(&g), &out);
    for (ptrdiff_t i = 0; i < g.n; i++)
        all |= status[i];
    if (g.error || all)
        fprintf(stderr, "%s: error %d, status %d\n", argv[1], (int)g.error, all);
    return g.error || all;
}
