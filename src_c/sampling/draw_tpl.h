/* Draws of a sample: its inputs at a range of points.
 *
 * Uniform numbers are transformed to quantiles.  Correlated inputs are combined by a Gaussian
 * copula. Derived inputs are computed from the others.
 *
 * Expects CHUNK, layout_tpl.h, uniform_tpl.h and quantile_tpl.h.
 */

/* Multiplies the normal scores by the Cholesky factor of their correlation (Gaussian copula). */
static void mix(const fr_sample *sample, ptrdiff_t n, double *const *x)
{
    for (int j = sample->n_inputs - 1; j >= 0; j--) { /* row j needs x[0 ... j - 1] unchanged */
        const double *const row = sample->cholesky + (ptrdiff_t)j * sample->n_inputs;
        for (ptrdiff_t i = 0; i < n; i++)
            x[j][i] *= row[j];
        for (int m = 0; m < j; m++)
            for (ptrdiff_t i = 0; i < n; i++)
                x[j][i] += row[m] * x[m][i];
    }
}

/* Transforms independent normal scores to correlated inputs.  u and v are buffers. */
static void correlate(const fr_sample *sample, ptrdiff_t n, double *restrict u, double *restrict v,
                      double *const *x)
{
    mix(sample, n, x);
    for (int j = 0; j < sample->n_inputs; j++) {
        for (ptrdiff_t i = 0; i < n; i++) {
            const double tail = upper_tail(magnitude(x[j][i]));
            u[i] = x[j][i] < 0.0 ? tail : 1.0 - tail;
            v[i] = x[j][i] < 0.0 ? 1.0 - tail : tail;
        }
        chunk_of_quantiles(&sample->quantiles[j], n, u, v, x[j]);
    }
}

/* Computes a derived input: a constant plus multiples of the other inputs. */
static void derive(const fr_sample *sample, int d, ptrdiff_t n, double *const *x)
{
    const double *const factors = sample->derived + (ptrdiff_t)d * (1 + sample->n_inputs);
    double *const sum = x[sample->n_inputs + d];
    for (ptrdiff_t i = 0; i < n; i++)
        sum[i] = factors[0];
    for (int j = 0; j < sample->n_inputs; j++)
        for (ptrdiff_t i = 0; factors[1 + j] != 0.0 && i < n; i++)
            sum[i] += factors[1 + j] * x[j][i];
}

/* Draws inputs x[k][0 ... n - 1] at the n <= CHUNK points first, first + 1, ... */
static void draw_chunk(const fr_sample *sample, int64_t first, ptrdiff_t n, double *const *x)
{
    static const fr_quantile standard_normal = {
        .base = FR_NORMAL, .scale = 1.0, .c = 1.0, .low = -INFINITY, .high = INFINITY};
    uint64_t k[2][CHUNK];
    uint8_t bits[CHUNK];
    double u[CHUNK], v[CHUNK];
    for (ptrdiff_t i = 1; sample->method == FR_SOBOL && i < n; i++)
        for (bits[i] = 0; !((uint64_t)(first + i) >> bits[i] & 1); bits[i]++)
            ;
    for (int j = 0; j < sample->n_inputs; j++) {
        if (sample->method == FR_SOBOL)
            sobol_numbers(sample, j, first, n, bits, k[j % 2]);
        else if (j % 2 == 0)
            random_numbers(sample, j, first, n, k[0], k[1]);
        if (sample->method == FR_LATIN)
            stratify(sample, j, first, n, k[j % 2]);
        uniform_numbers(k[j % 2], n, u, v);
        chunk_of_quantiles(sample->cholesky ? &standard_normal : &sample->quantiles[j], n, u, v,
                           x[j]);
    }
    if (sample->cholesky)
        correlate(sample, n, u, v, x);
    for (int d = 0; d < sample->n_derived; d++)
        derive(sample, d, n, x);
}

/* ---- a function declared in fastrest.h ---- */

FR_APART void draw(const fr_sample *sample, int64_t start, ptrdiff_t count, double *const *x)
{
    double *part[FR_MAX_COLUMNS];
    for (ptrdiff_t done = 0; done < count; done += CHUNK) {
        for (int k = 0; k < sample->n_inputs + sample->n_derived; k++)
            part[k] = x[k] + done;
        draw_chunk(sample, start + done, shorter(count - done, CHUNK), part);
    }
}
