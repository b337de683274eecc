/* Sums of inputs, and of products of two of them, over the points of one block.
 *
 * Each sum is that of `reduce` over the products, to the bit, but the products are not stored, and
 * the inputs of a chunk are read from the L1 cache.
 *
 * Expects moments_tpl.h.
 */

/* The sum of one product. */
typedef struct {
    double pivot, sum[LANES], sum_error[LANES];
} fr_product;

/* Adds the products of a chunk. */
static void add_products(fr_product *total, const double *restrict a, const double *restrict b,
                         ptrdiff_t n)
{
    const double pivot = total->pivot;
    const ptrdiff_t whole = n - n % LANES;
    double sum[LANES] = {0};
    for (ptrdiff_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++)
            sum[l] += a[i + l] * b[i + l] - pivot;
    for (ptrdiff_t i = whole; i < n; i++)
        sum[i - whole] += a[i] * b[i] - pivot;
    for (int l = 0; l < LANES; l++)
        add_exactly(&total->sum[l], &total->sum_error[l], sum[l]);
}

/* Starts the sum of a product with its first chunk. */
static void begin_products(fr_product *total, const double *restrict a, const double *restrict b,
                           ptrdiff_t n)
{
    double V[CHUNK];
    fr_block block;
    fr_sums unused;
    for (ptrdiff_t i = 0; i < n; i++)
        V[i] = a[i] * b[i];
    begin_sums(&block, &unused, V, n, 0, NULL);
    memset(total, 0, sizeof *total);
    total->pivot = block.pivot;
}

static void finish_products(const fr_product *total, double *sums)
{
    sums[0] = total->pivot;
    sums[1] = sums[2] = 0.0;
    for (int l = 0; l < LANES; l++) {
        sums[2] += total->sum_error[l];
        add_exactly(&sums[1], &sums[2], total->sum[l]);
    }
}

FR_APART void products(const double *const *x, int n_inputs, ptrdiff_t n, const double *centre,
                       const double *scale, void *scratch, double *sums)
{
    const int n_products = n_inputs + n_inputs * (n_inputs + 1) / 2;
    fr_product *const totals = scratch;
    double *const chunk = (double *)(totals + n_products), *const one = chunk + n_inputs * CHUNK;
    for (int i = 0; i < CHUNK; i++)
        one[i] = 1.0;
    for (ptrdiff_t m, done = 0; done < n; done += m) {
        m = shorter(n - done, CHUNK);
        for (int j = 0; j < n_inputs; j++)
            for (ptrdiff_t i = 0; i < m; i++)
                chunk[j * CHUNK + i] = (x[j][done + i] - centre[j]) / scale[j];
        fr_product *total = totals;
        for (int first = -1; first < n_inputs; first++) {
            const double *const a = first < 0 ? one : chunk + first * CHUNK;
            for (int j = first < 0 ? 0 : first; j < n_inputs; j++, total++) {
                if (done == 0)
                    begin_products(total, chunk + j * CHUNK, a, m);
                add_products(total, chunk + j * CHUNK, a, m);
            }
        }
    }
    for (int k = 0; k < n_products; k++)
        finish_products(totals + k, sums + 3 * k);
}
