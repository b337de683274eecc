/* Quantile functions of the distributions of inputs.
 *
 * A probability is given by two numbers: u, the probability below, and v, the probability above.
 * See normal_tpl.h.
 *
 * Expects CHUNK and normal_tpl.h.
 */

static void triangular_quantiles(double mode, ptrdiff_t n, const double *restrict u,
                                 const double *restrict v, double *restrict y)
{
    const double rest = 1.0 - mode;
    for (ptrdiff_t i = 0; i < n; i++) { /* no cancellation on either side */
        const double below = sqrt(mode * u[i]);
        const double above = mode + (rest * (u[i] - mode)) / (rest + sqrt(rest * v[i]));
        y[i] = u[i] < mode ? below : above;
    }
}

/* Evaluates a tabulated quantile function: finds the piece by the index and by bisection. */
static double piece_of(const fr_pieces *pieces, double probability)
{
    double t = probability > 0x1p-53 ? probability : 0x1p-53;
    t = t < 0x1.fffffffffffffp-2 ? t : 0x1.fffffffffffffp-2;
    const ptrdiff_t key = (ptrdiff_t)((bits_of(t) - bits_of(0x1p-53)) >> 49);
    ptrdiff_t low = pieces->first[key], high = pieces->first[key + 1];
    while (high - low > 1) {
        const ptrdiff_t middle = low + (high - low) / 2;
        if (t < pieces->breaks[middle])
            high = middle;
        else
            low = middle;
    }
    const double from = pieces->breaks[low], s = (t - from) / (pieces->breaks[low + 1] - from);
    return polynomial(FR_PIECE_TERMS, 1, pieces->terms + low * FR_PIECE_TERMS, s);
}

FR_INLINE double within(double x, double low, double high)
{
    const double least = x > low ? x : low;
    return least < high ? least : high;
}

/* Computes quantiles x of n <= CHUNK probabilities. */
static void chunk_of_quantiles(const fr_quantile *q, ptrdiff_t n, const double *u, const double *v,
                               double *x)
{
    double lower[CHUNK], upper[CHUNK];
    const double *y = x;
    switch (q->base) {
    case FR_UNIFORM: y = u; break;
    case FR_NORMAL:
        if (q->c == 1.0) { /* not truncated */
            normal_quantiles(n, u, v, x);
            break;
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            lower[i] = q->a + q->c * u[i];
            upper[i] = q->b + q->c * v[i];
        }
        normal_quantiles(n, lower, upper, x);
        break;
    case FR_TRIANGULAR: triangular_quantiles(q->a, n, u, v, x); break;
    case FR_PIECES:
        for (ptrdiff_t i = 0; i < n; i++)
            x[i] = u[i] < v[i] ? piece_of(&q->lower, u[i]) : piece_of(&q->upper, v[i]);
        break;
    }
    const double offset = q->offset, scale = q->scale, low = q->low, high = q->high;
    if (q->log)
        for (ptrdiff_t i = 0; i < n; i++)
            x[i] = within(offset * exponential(scale * y[i]), low, high);
    else
        for (ptrdiff_t i = 0; i < n; i++)
            x[i] = within(offset + scale * y[i], low, high);
}

/* ---- a function declared in fastrest.h ---- */

FR_APART void quantiles(const fr_quantile *quantile, const double *u, const double *v, ptrdiff_t n,
                        double *x)
{
    for (ptrdiff_t i = 0; i < n; i += CHUNK)
        chunk_of_quantiles(quantile, shorter(n - i, CHUNK), u + i, v + i, x + i);
}
