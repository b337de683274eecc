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
    const uint64_t zero = hidden_zero();
    (void)model;
    for (ptrdiff_t first = 0, length; first < n; first += length) {
        double z[STRIP], c_out[STRIP], c_in[STRIP], phi[STRIP];
        length = shorter(n - first, STRIP);
        for (ptrdiff_t i = 0; i < length; i++) {
            const double charge = read_once(in->x[0] + first + i, zero);
            const double out = read_once(in->x[1] + first + i, zero);
            const double inside = read_once(in->x[2] + first + i, zero);
            const double celsius = read_once(in->x[3] + first + i, zero);
            const uint64_t flags = not_normal(out) | not_normal(inside) | not_temperate(celsius) |
                                   not_moderate(magnitude(charge));
            any |= suspect[first + i] = flags;
            z[i] = charge;
            c_out[i] = out;
            c_in[i] = inside;
            phi[i] = phi_of(celsius);
        }
        for (ptrdiff_t i = 0; i < length; i++)
            V[first + i] = (phi[i] * log_ratio(c_out[i], c_in[i])) / z[i];
    }
    return any;
}
