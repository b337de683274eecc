/* The Nernst equation.
 *
 * Expects domain_tpl.h, log_ratio_tpl.h and layout_tpl.h.
 */

/* Nernst 1888: E = phi/z ln(out/in). */
static double nernst_point(const fr_model *model, const double *x, uint8_t *status)
{
    const double z = x[0], c_out = x[1], c_in = x[2], celsius = x[3];
    (void)model;
    const uint8_t bad = (uint8_t)((isfinite(z) ? 0 : FR_NOT_FINITE) | nonnegative_status(c_out) |
                                  nonnegative_status(c_in) | celsius_status(celsius));
    if (bad)
        return special(bad, NAN, status);
    if (z == 0.0 || (c_out == 0.0 && c_in == 0.0))
        return special(FR_NO_PERMEANT, NAN, status);
    if ((c_out != 0.0 && !is_normal(c_out)) || (c_in != 0.0 && !is_normal(c_in)) ||
        !is_normal(fabs(z)))
        return special(FR_RANGE, NAN, status);
    if (c_out == 0.0 || c_in == 0.0)
        return special(FR_INFINITE, (c_out == 0.0) == (z > 0.0) ? -INFINITY : INFINITY, status);
    const double E = (phi_of(celsius) * log_ratio(c_out, c_in)) / z;
    return isfinite(E) ? special(0, E, status) : special(FR_RANGE, NAN, status);
}

static uint64_t nernst_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    (void)model;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double z = in->x[0][i], c_out = in->x[1][i], c_in = in->x[2][i];
        const double celsius = in->x[3][i];
        suspect[i] = not_normal(c_out) | not_normal(c_in) | not_temperate(celsius) |
                     not_moderate(magnitude(z));
        any |= suspect[i];
        V[i] = (phi_of(celsius) * log_ratio(c_out, c_in)) / z;
    }
    return any;
}
