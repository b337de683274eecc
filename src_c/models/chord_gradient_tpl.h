/* Derivatives of the chord conductance potential.
 *
 * Expects chord_tpl.h and gradient_tpl.h.
 */

/* V = (sum g E - I)/sum g:  dV/dg = (E - V)/sum g,  dV/dc = +-(phi/z)(g/sum g)/c,
 * dV/dI = -1/sum g.  The potential without the pump current is proportional to the temperature.
 *
 * V does not depend on the concentrations of an ion whose conductance is 0; dV/dc is then 0.
 * dV/dg is infinite if one of these concentrations is 0, because E is infinite.  dV/dg is NaN if
 * both are 0 or if one is not a normal double, because E is undefined. */
static double chord_slopes_point(const fr_model *model, const double *x, double *slopes,
                                 uint8_t *status)
{
    const int n = model->n_ions;
    const double V = chord_point(model, x, status);
    if (without_slopes(model, *status, slopes))
        return V;

    const double phi = phi_of(x[3 * n]);
    double total = 0.0, passive = 0.0;
    for (int j = 0; j < n; j++)
        total += x[j];
    for (int j = 0; j < n; j++) {
        const double g = x[j], c_out = x[n + j], c_in = x[2 * n + j], per_z = 1.0 / model->z[j];
        double E = NAN;
        if (is_normal(c_out) && is_normal(c_in))
            E = phi * (log_ratio(c_out, c_in) * per_z);
        else if ((c_out == 0.0 && is_normal(c_in)) || (c_in == 0.0 && is_normal(c_out)))
            E = (c_in == 0.0) == (per_z > 0.0) ? INFINITY : -INFINITY;
        passive += g == 0.0 ? 0.0 : g / total * E;
        slopes[j] = (E - V) / total;
        slopes[n + j] = g == 0.0 ? 0.0 : (phi * per_z) * (g / total) / c_out;
        slopes[2 * n + j] = g == 0.0 ? 0.0 : -(phi * per_z) * (g / total) / c_in;
    }
    const int pumped = model->equation != FR_CHORD;
    if (pumped)
        add_pump_slopes(model, x, -1.0 / total, slopes);
    slopes[3 * n] = (pumped ? passive : V) / (x[3 * n] + FR_KELVIN_AT_0_CELSIUS);
    return V;
}

#define chord_pump_slopes_point chord_slopes_point
#define chord_saturating_slopes_point chord_slopes_point

/* Computes the derivative with respect to a conductance.  share is phi/sum g.  On entry slopes
   holds E.  E and V are in units of phi. */
static void conductance_slopes(ptrdiff_t n, const double *share, const double *V,
                               double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = share[i] * (slopes[i] - V[i]);
}

/* Computes the derivative with respect to a concentration, which changes the reversal potential. */
static void reversal_slopes(ptrdiff_t n, const double *share, double per_z, const double *g,
                            const double *c, double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = (share[i] * per_z) * g[i] / c[i] + 0.0;
}

/* Computes a chunk; callers pass a constant `pumped`. */
FR_INLINE uint64_t chord_slopes(const int pumped, const fr_model *model, ptrdiff_t n,
                                const fr_columns *in, double *restrict V, double *const *slopes,
                                uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const int ions = model->n_ions;
    const double *const *const x = in->x, *const celsius = x[3 * ions];
    const double *const pump = pumped ? x[3 * ions + 1] : NULL;
    double drive[CHUNK], total[CHUNK], unwanted[CHUNK], passive[CHUNK];

    memset(drive, 0, (size_t)n * sizeof *drive);
    memset(total, 0, (size_t)n * sizeof *total);
    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = not_temperate(celsius[i]);
    for (int j = 0; j < ions; j++) {
        const double *const g = x[j], *const c_out = x[ions + j], *const c_in = x[2 * ions + j];
        const double per_z = 1.0 / model->z[j];                      /* exact: +-1 or +-1/2 */
        double *restrict const E = slopes[j] ? slopes[j] : unwanted; /* in units of phi */
        for (ptrdiff_t i = 0; i < n; i++) {
            E[i] = log_ratio(c_out[i], c_in[i]) * per_z;
            total[i] += g[i];
            drive[i] += g[i] * E[i];
            suspect[i] |= bits_of(g[i]) | not_normal(c_out[i]) | not_normal(c_in[i]);
        }
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t size = bits_of(drive[i]) & ~SIGN;
        const double phi = phi_of(celsius[i]);
        any |= suspect[i] |= not_moderate(total[i]) | (size + LEAST_NORMAL);
        drive[i] /= total[i];
        V[i] = phi * drive[i];
        if (pumped) {
            passive[i] = V[i];
            V[i] -= pump[i] / total[i];
            drive[i] = V[i] / phi;
            any |= suspect[i] |= (bits_of(V[i]) & ~SIGN) + LEAST_NORMAL; /* not finite */
        }
        total[i] = phi / total[i];
    }
    for (int j = 0; j < ions; j++) {
        const double *const g = x[j], *const c_out = x[ions + j], *const c_in = x[2 * ions + j];
        const double per_z = 1.0 / model->z[j];
        if (slopes[j])
            conductance_slopes(n, total, drive, slopes[j]);
        if (slopes[ions + j])
            reversal_slopes(n, total, per_z, g, c_out, slopes[ions + j]);
        if (slopes[2 * ions + j])
            reversal_slopes(n, total, -per_z, g, c_in, slopes[2 * ions + j]);
    }
    if (slopes[3 * ions])
        celsius_slopes(n, celsius, pumped ? passive : V, slopes[3 * ions]);
    if (pumped && slopes[3 * ions + 1])
        for (ptrdiff_t i = 0; i < n; i++)
            slopes[3 * ions + 1][i] = -(total[i] / phi_of(celsius[i]));
    return any;
}

static uint64_t chord_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                   double *restrict V, double *const *slopes,
                                   uint64_t *restrict suspect)
{
    return chord_slopes(0, model, n, in, V, slopes, suspect);
}

static uint64_t chord_pump_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                        double *restrict V, double *const *slopes,
                                        uint64_t *restrict suspect)
{
    return chord_slopes(1, model, n, in, V, slopes, suspect);
}

static uint64_t chord_saturating_slopes_chunk(const fr_model *model, ptrdiff_t n,
                                              const fr_columns *in, double *restrict V,
                                              double *const *slopes, uint64_t *restrict suspect)
{
    (void)model;
    (void)in;
    (void)V;
    (void)slopes;
    return leave_to_points(n, suspect);
}
