/* Derivatives of the Nernst potential E = phi/z ln(out/in):
 *
 *   dE/dz = -E/z     dE/d out = phi/(z out)     dE/d in = -phi/(z in)     dE/d celsius = E/T
 *
 * Expects nernst_tpl.h and gradient_tpl.h.
 */

/* Returns phi/(z c).  The order of the divisions avoids overflow and underflow on the way. */
static double nernst_slope(double phi, double z, double c)
{
    return c < 1.0 ? (phi / z) / c : (phi / c) / z;
}

static double nernst_slopes_point(const fr_model *model, const double *x, double *slopes,
                                  uint8_t *status)
{
    const double z = x[0], c_out = x[1], c_in = x[2], celsius = x[3], phi = phi_of(celsius);
    const double E = nernst_point(model, x, status);
    if (without_slopes(model, *status, slopes))
        return E;
    slopes[0] = -E / z + 0.0; /* -0.0 becomes 0 here and below */
    slopes[1] = nernst_slope(phi, z, c_out) + 0.0;
    slopes[2] = -nernst_slope(phi, z, c_in) + 0.0;
    slopes[3] = E / (celsius + FR_KELVIN_AT_0_CELSIUS) + 0.0;
    return E;
}

static uint64_t nernst_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                    double *restrict V, double *const *slopes,
                                    uint64_t *restrict suspect)
{
    const double *const z = in->x[0], *const c_out = in->x[1], *const c_in = in->x[2];
    const double *const celsius = in->x[3];
    double *restrict const to_z = slopes[0], *restrict const to_out = slopes[1];
    double *restrict const to_in = slopes[2], *restrict const to_celsius = slopes[3];
    const uint64_t any = nernst_chunk(model, n, in, V, suspect);
    for (ptrdiff_t i = 0; to_z && i < n; i++)
        to_z[i] = -V[i] / z[i] + 0.0;
    for (ptrdiff_t i = 0; to_out && i < n; i++)
        to_out[i] = (phi_of(celsius[i]) / z[i]) / c_out[i] + 0.0;
    for (ptrdiff_t i = 0; to_in && i < n; i++)
        to_in[i] = -((phi_of(celsius[i]) / z[i]) / c_in[i]) + 0.0;
    for (ptrdiff_t i = 0; to_celsius && i < n; i++)
        to_celsius[i] = V[i] / (celsius[i] + FR_KELVIN_AT_0_CELSIUS) + 0.0;
    return any;
}
