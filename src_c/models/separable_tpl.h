/* Parts of the GHK equation, for grids on which each axis changes only one of its two sums.  Their
 * inputs were checked when the grid was made.
 *
 * Expects ghk_tpl.h.
 */

/* Returns the logarithm of one sum of terms: -inf if the sum is 0, NaN if it is too small or too
   large. */
static double log_sum_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions, num = model->equation == FR_LOG_NUM;
    const double pump_ratio = model->pump_ion >= 0 ? x[3 * n + 1] : 1.0;
    fr_sum s = {0.0, 0};
    for (int j = 0; j < n; j++)
        add_term(&s, x[j], j == model->pump_ion ? pump_ratio : 1.0,
                 (model->z[j] > 0) == num ? x[n + j] : x[2 * n + j]);
    if (s.alive && !is_normal(s.sum))
        return special(FR_RANGE, NAN, status);
    *status = 0;
    return s.sum == 0.0 ? -INFINITY : log_ratio(s.sum, 1.0);
}

/* Computes the logarithm of a sum of k terms; callers pass a constant k. */
FR_INLINE uint64_t log_of_terms(const int k, const double *const *w, const double *const *c,
                                ptrdiff_t n, double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int j = 0; j < k; j++)
            sum += w[j][i] * c[j][i];
        any |= suspect[i] |= not_normal(sum);
        V[i] = log_ratio(sum, 1.0);
    }
    return any;
}

static uint64_t log_sum_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                              double *restrict V, uint64_t *restrict suspect)
{
    double sum[CHUNK], pumped[CHUNK], one[CHUNK];
    const double *columns[FR_MAX_COLUMNS];
    memset(suspect, 0, (size_t)n * sizeof *suspect);
    apply_pump(model, n, in, columns, pumped, suspect);
    const fr_terms t = terms_of(model, 1, columns);
    const double *const *const c = model->equation == FR_LOG_NUM ? t.to_num : t.to_den;
    switch (t.count) {
    case 1: return log_of_terms(1, t.weight, c, n, V, suspect);
    case 2: return log_of_terms(2, t.weight, c, n, V, suspect);
    case 3: return log_of_terms(3, t.weight, c, n, V, suspect);
    case 4: return log_of_terms(4, t.weight, c, n, V, suspect);
    default: break;
    }
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int j = 0; j < t.count; j++)
        for (ptrdiff_t i = 0; i < n; i++)
            sum[i] += t.weight[j][i] * c[j][i];
    for (ptrdiff_t i = 0; i < n; i++)
        one[i] = 1.0;
    const double *const sums = sum, *const ones = one;
    return log_of_terms(1, &ones, &sums, n, V, suspect);
}

static double separable_point(const fr_model *model, const double *x, uint8_t *status)
{
    const double log_num = x[0], log_den = x[1], phi = x[2], V = phi * (log_num - log_den);
    (void)model;
    if (isnan(log_num) || isnan(log_den))
        return special(FR_RANGE, NAN, status);
    if (isinf(log_num) && isinf(log_den))
        return special(FR_NO_PERMEANT, NAN, status); /* the same NaN on every processor */
    return special(isfinite(V) ? 0 : FR_INFINITE, V, status);
}

/* Computes one row.  Each column is constant (0) or contiguous (1); callers pass these flags as
   constants.  Infinite potentials are correct; only their status is missing. */
FR_INLINE uint64_t separable_row(const int num_moves, const int den_moves, const int phi_moves,
                                 const double *log_num, const double *log_den, const double *phi,
                                 ptrdiff_t n, double *restrict V)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double v =
            phi[phi_moves ? i : 0] * (log_num[num_moves ? i : 0] - log_den[den_moves ? i : 0]);
        any |= (bits_of(v) & ~SIGN) + LEAST_NORMAL;
        V[i] = v;
    }
    return any;
}

static uint64_t separable_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                double *restrict V, uint64_t *restrict suspect)
{
    const uint64_t any = separable_row(1, 1, 1, in->x[0], in->x[1], in->x[2], n, V);
    (void)model;
    for (ptrdiff_t i = 0; (any & SIGN) && i < n; i++)
        suspect[i] = (bits_of(V[i]) & ~SIGN) + LEAST_NORMAL;
    return any;
}

/* Computes rows directly from the tables of a grid.  Loading the columns of a chunk first would
   take half of the time, because a point needs so little arithmetic. */
static uint64_t separable_rows(const fr_compact_layout *layout, const fr_column *columns,
                               const ptrdiff_t *from, ptrdiff_t n, double *restrict V)
{
    const int inner = layout->ndim - 1;
    ptrdiff_t index[FR_MAX_DIMS], first = from[inner];
    const char *rows[3];
    int moves = 0;
    memcpy(index, from, (size_t)layout->ndim * sizeof *index);
    index[inner] = 0;
    for (int j = 0; j < 3; j++) {
        rows[j] = element(layout, j, columns[j].data, index);
        moves |= (layout->strides[inner][j] != 0) << j;
    }
    uint64_t any = 0;
    for (;;) {
        const ptrdiff_t run = shorter(layout->shape[inner] - first, n);
        const double *const a = (const double *)rows[0] + (moves & 1 ? first : 0);
        const double *const b = (const double *)rows[1] + (moves & 2 ? first : 0);
        const double *const phi = (const double *)rows[2] + (moves & 4 ? first : 0);
        switch (moves) {
        case 0: any |= separable_row(0, 0, 0, a, b, phi, run, V); break;
        case 1: any |= separable_row(1, 0, 0, a, b, phi, run, V); break;
        case 2: any |= separable_row(0, 1, 0, a, b, phi, run, V); break;
        case 3: any |= separable_row(1, 1, 0, a, b, phi, run, V); break;
        case 4: any |= separable_row(0, 0, 1, a, b, phi, run, V); break;
        case 5: any |= separable_row(1, 0, 1, a, b, phi, run, V); break;
        case 6: any |= separable_row(0, 1, 1, a, b, phi, run, V); break;
        default: any |= separable_row(1, 1, 1, a, b, phi, run, V); break;
        }
        V += run;
        n -= run;
        if (n == 0)
            return any;
        next_row(layout, 0, 3, rows, index);
        first = 0;
    }
}

static double log_ratio_point(const fr_model *model, const double *x, uint8_t *status)
{
    (void)model;
    (void)x;
    return special(FR_RANGE, NAN, status);
}

static uint64_t log_ratio_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                double *restrict V, uint64_t *restrict suspect)
{
    const double *const num = in->x[0], *const den = in->x[1];
    uint64_t any = 0;
    (void)model;
    for (ptrdiff_t i = 0; i < n; i++) {
        suspect[i] = not_normal(num[i]) | not_normal(den[i]);
        any |= suspect[i];
        V[i] = log_ratio(num[i], den[i]);
    }
    return any;
}
