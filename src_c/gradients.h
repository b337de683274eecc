/* Derivatives of the potential with respect to every column, beside the potential itself.
 *
 * The GHK potential V = phi ln x depends on its inputs through four sums, so that a derivative is
 * the rate at which V follows a sum times the factor that the input has there:
 *
 *   without divalents, x = N/D:   dV/dN = phi/N                  dV/dD = -phi/D
 *   with them, see root_ratio:    dV/dN = phi (1 + 1/x)/root     dV/dD = -phi (1 + x)/root
 *                                 dV/dM_out = 4 phi/(x root)     dV/dM_in = -4 phi x/root
 *
 * As in equations.h a loop takes the ordinary points of a chunk, and a function of one point the
 * others.  Here a point is ordinary only if its sums are moderate: phi/N is then a normal double.
 * The function of one point divides by N last, so that nothing leaves the doubles on the way; the
 * last bits of its derivatives may differ, but which of both computes a point depends on the
 * point alone.  The potential is that of equations.h to the bit, by either.
 *
 * Expects what equations.h expects, and equations.h; included by kernel_body.h.
 */

/* ---- single points ---- */

/* How V follows one sum: by `rate` if that is divided by `per`. */
typedef struct {
    double rate, per;
} fr_rate;

/* The derivative for an input whose factor in the sum this is. -0.0 becomes 0. */
static double slope_of(fr_rate r, double factor)
{
    return r.rate * (factor / r.per) + 0.0;
}

/* The same for the product of two factors. */
static double slope_of_product(fr_rate r, double a, double b)
{
    const double factor = a * b; /* if no double, the sum comes between */
    const int fits = is_normal(factor) || a == 0.0 || b == 0.0;
    return fits ? slope_of(r, factor) : slope_of(r, a) * b;
}

static int without_slopes(const fr_model *model, uint8_t status, double *slopes)
{
    for (int j = 0; status && j < fr_model_columns(model); j++)
        slopes[j] = NAN;
    return status != 0;
}

static double ghk_slopes_point(const fr_model *model, const double *x, double *slopes,
                               uint8_t *status)
{
    const int n = model->n_ions;
    const double V = ghk_point(model, x, status);
    if (without_slopes(model, *status, slopes))
        return V;

    const fr_point_sums s = sums_at_point(model, x);
    const double phi = phi_of(x[3 * n]), N = s.num.sum, D = s.den.sum;
    fr_rate num = {phi, N}, den = {-phi, D}, m_out = {0.0, 1.0}, m_in = {0.0, 1.0};
    if (s.divalent) {
        double p, q;
        const double root = root_ratio(D + 4.0 * s.m_in.sum, D - N, N + 4.0 * s.m_out.sum, &p, &q);
        const double r = phi / root, e = p / q, per_e = q / p; /* e = exp(V/phi) */
        num = (fr_rate){r * (1.0 + per_e), 1.0};               /* moderate, as all sums here are */
        den = (fr_rate){-r * (1.0 + e), 1.0};
        m_out = (fr_rate){4.0 * (r * per_e), 1.0};
        m_in = (fr_rate){-4.0 * (r * e), 1.0};
    }

    for (int j = 0; j < n; j++) {
        const int z = model->z[j], two = z == 2 || z == -2;
        const int up = z > 0 ? n + j : 2 * n + j, down = z > 0 ? 2 * n + j : n + j;
        const fr_rate inward = two ? m_out : num, outward = two ? m_in : den;
        const double P = x[j], pump = j == model->pump_ion ? x[3 * n + 1] : 1.0;
        slopes[j] =
            slope_of_product(inward, x[up], pump) + slope_of_product(outward, x[down], pump);
        slopes[up] = slope_of_product(inward, P, pump);
        slopes[down] = slope_of_product(outward, P, pump);
        if (j == model->pump_ion)
            slopes[3 * n + 1] =
                slope_of_product(inward, x[up], P) + slope_of_product(outward, x[down], P);
    }
    slopes[3 * n] = V / (x[3 * n] + FR_KELVIN_AT_0_CELSIUS);
    return V;
}

/* V = sum g E / sum g:  dV/dg = (E - V)/sum g,  dV/dc = +-(phi/z)(g/sum g)/c.  An ion without
   conductance has no say: its concentrations may be anything, and V does not follow them; but
   where one of them is 0 the least conductance takes V to infinity, and where both are, or one is
   outside the normal doubles, nowhere. */
static double chord_slopes_point(const fr_model *model, const double *x, double *slopes,
                                 uint8_t *status)
{
    const int n = model->n_ions;
    const double V = chord_point(model, x, status);
    if (without_slopes(model, *status, slopes))
        return V;

    const double phi = phi_of(x[3 * n]);
    double total = 0.0;
    for (int j = 0; j < n; j++)
        total += x[j];
    for (int j = 0; j < n; j++) {
        const double g = x[j], c_out = x[n + j], c_in = x[2 * n + j], per_z = 1.0 / model->z[j];
        double E = NAN;
        if (is_normal(c_out) && is_normal(c_in))
            E = phi * (log_ratio(c_out, c_in) * per_z);
        else if ((c_out == 0.0 && is_normal(c_in)) || (c_in == 0.0 && is_normal(c_out)))
            E = (c_in == 0.0) == (per_z > 0.0) ? INFINITY : -INFINITY;
        slopes[j] = (E - V) / total;
        slopes[n + j] = g == 0.0 ? 0.0 : (phi * per_z) * (g / total) / c_out;
        slopes[2 * n + j] = g == 0.0 ? 0.0 : -(phi * per_z) * (g / total) / c_in;
    }
    slopes[3 * n] = V / (x[3 * n] + FR_KELVIN_AT_0_CELSIUS);
    return V;
}

/* ---- ordinary points, a chunk at a time ---- */

/* The two sums of one charge number at each point of a chunk; then how V follows them. */
typedef struct {
    double num[CHUNK], den[CHUNK];
} fr_rates;

/* Of a permeability, whose factors in the two sums are concentrations. */
static void permeability_slopes(ptrdiff_t n, const fr_rates *rates, const double *up,
                                const double *down, double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = rates->num[i] * up[i] + rates->den[i] * down[i];
}

static void multiply(ptrdiff_t n, const double *factor, double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] *= factor[i];
}

/* Of a concentration, whose factor in one sum is a weight.  -0.0 becomes 0. */
static void concentration_slopes(ptrdiff_t n, const double *rate, const double *weight,
                                 double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = rate[i] * weight[i] + 0.0;
}

static void celsius_slopes(ptrdiff_t n, const double *celsius, const double *V,
                           double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = V[i] / (celsius[i] + FR_KELVIN_AT_0_CELSIUS);
}

/* The rates of N and D where no ion is divalent: one division for both. */
static uint64_t monovalent_rates(ptrdiff_t n, const double *celsius, double *restrict num,
                                 double *restrict den, double *restrict V,
                                 uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double N = num[i], D = den[i], phi = phi_of(celsius[i]), r = phi / (N * D);
        any |= suspect[i] |= not_moderate(N) | not_moderate(D);
        V[i] = phi * log_ratio(N, D);
        num[i] = r * D;
        den[i] = -(r * N);
    }
    return any;
}

/* The rates of N, D, M_out and M_in. */
static uint64_t divalent_rates(ptrdiff_t n, const double *celsius, double *restrict num,
                               double *restrict den, double *restrict m_out, double *restrict m_in,
                               double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = den[i] + 4.0 * m_in[i], b = den[i] - num[i], c = num[i] + 4.0 * m_out[i];
        double p, q;
        any |= suspect[i] |= not_moderate(a) | not_moderate(c);
        const double root = root_ratio(a, b, c, &p, &q), phi = phi_of(celsius[i]);
        const double r = phi / root, x = p / q, per_x = q / p;
        V[i] = phi * log_ratio(p, q);
        num[i] = r * (1.0 + per_x);
        den[i] = -(r * (1.0 + x));
        m_out[i] = 4.0 * (r * per_x);
        m_in[i] = -4.0 * (r * x);
    }
    return any;
}

static uint64_t ghk_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                 double *restrict V, double *const *slopes,
                                 uint64_t *restrict suspect)
{
    const int ions = model->n_ions, pump = model->pump_ion;
    const double *const celsius = in->x[3 * ions];
    double pumped[CHUNK];
    const double *x[FR_MAX_COLUMNS];
    fr_rates mono_rates, di_rates;
    uint64_t any;

    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = not_temperate(celsius[i]);
    apply_pump(model, n, in, x, pumped, suspect);
    const fr_terms mono = terms_of(model, 1, x), di = terms_of(model, 2, x);
    if (few_sums(&mono, n, mono_rates.num, mono_rates.den, suspect) & SIGN)
        sum_terms(&mono, n, mono_rates.num, mono_rates.den, suspect);
    if (di.count == 0) {
        any = monovalent_rates(n, celsius, mono_rates.num, mono_rates.den, V, suspect);
    } else {
        sum_terms(&di, n, di_rates.num, di_rates.den, suspect);
        any = divalent_rates(n, celsius, mono_rates.num, mono_rates.den, di_rates.num, di_rates.den,
                             V, suspect);
    }

    for (int j = 0; j < ions; j++) {
        const int z = model->z[j];
        const int up = z > 0 ? ions + j : 2 * ions + j, down = z > 0 ? 2 * ions + j : ions + j;
        const fr_rates *const rates = z == 2 || z == -2 ? &di_rates : &mono_rates;
        if (slopes[j])
            permeability_slopes(n, rates, x[up], x[down], slopes[j]);
        if (slopes[up])
            concentration_slopes(n, rates->num, x[j], slopes[up]);
        if (slopes[down])
            concentration_slopes(n, rates->den, x[j], slopes[down]);
        if (j != pump)
            continue;
        const int ratio = 3 * ions + 1;
        if (slopes[j])
            multiply(n, x[ratio], slopes[j]);
        if (slopes[ratio]) {
            permeability_slopes(n, rates, x[up], x[down], slopes[ratio]);
            multiply(n, in->x[j], slopes[ratio]);
        }
    }
    if (slopes[3 * ions])
        celsius_slopes(n, celsius, V, slopes[3 * ions]);
    return any;
}

/* Of a conductance: share is phi/sum g; slopes hold E, as V in units of phi. */
static void conductance_slopes(ptrdiff_t n, const double *share, const double *V,
                               double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = share[i] * (slopes[i] - V[i]);
}

/* Of a concentration, which moves E. */
static void reversal_slopes(ptrdiff_t n, const double *share, double per_z, const double *g,
                            const double *c, double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = (share[i] * per_z) * g[i] / c[i] + 0.0;
}

static uint64_t chord_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                   double *restrict V, double *const *slopes,
                                   uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const int ions = model->n_ions;
    const double *const *const x = in->x, *const celsius = x[3 * ions];
    double drive[CHUNK], total[CHUNK], unwanted[CHUNK];

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
        celsius_slopes(n, celsius, V, slopes[3 * ions]);
    return any;
}

/* ---- the equations that have derivatives: one row each, NULL for the others ---- */

typedef struct {
    /* n ordinary points: their potentials, and their derivatives with respect to column j in
       slopes[j], which may be NULL; suspect as for fr_row.chunk. */
    uint64_t (*chunk)(const fr_model *model, ptrdiff_t n, const fr_columns *in, double *restrict V,
                      double *const *slopes, uint64_t *restrict suspect);
    /* any one point: its potential, status, and all derivatives, NaN if the status is not 0 */
    double (*point)(const fr_model *model, const double *x, double *slopes, uint8_t *status);
} fr_slopes_row;

static const fr_slopes_row derivatives[FR_EQUATIONS] = {
    [FR_GHK] = {ghk_slopes_chunk, ghk_slopes_point},
    [FR_CHORD] = {chord_slopes_chunk, chord_slopes_point},
};

/* Potentials and derivatives of n loaded points, of any kind.  status, unless NULL, gets that of
   the points that are not fine.  Returns whether there may be any. */
static int compute_slopes(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                          double *restrict V, double *const *slopes, uint8_t *restrict status)
{
    const fr_slopes_row *const row = &derivatives[model->equation];
    const int n_columns = fr_model_columns(model);
    uint64_t suspect[CHUNK];
    if (!(row->chunk(model, n, in, V, slopes, suspect) & SIGN))
        return 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(suspect[i] & SIGN))
            continue;
        double x[FR_MAX_COLUMNS], found[FR_MAX_COLUMNS];
        uint8_t bits;
        for (int j = 0; j < n_columns; j++)
            x[j] = in->x[j][i];
        V[i] = row->point(model, x, found, &bits);
        for (int j = 0; j < n_columns; j++)
            if (slopes[j])
                slopes[j][i] = found[j];
        if (status)
            status[i] = bits;
    }
    return 1;
}
