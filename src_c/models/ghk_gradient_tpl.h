/* Derivatives of the GHK potential V = phi ln x.
 *
 * V depends on its inputs through four sums.  A derivative is the derivative of V with respect to a
 * sum, called a *rate*, times the factor of the input in that sum:
 *
 *   without divalent ions, x = N/D:   dV/dN = phi/N                  dV/dD = -phi/D
 *   with them, see root_ratio:        dV/dN = phi (1 + 1/x)/root     dV/dD = -phi (1 + x)/root
 *                                     dV/dM_out = 4 phi/(x root)     dV/dM_in = -4 phi x/root
 *
 * In the loops a point is ordinary only if its sums are moderate: phi/N is then a normal double.
 * The function of one point divides by the sum last, to avoid overflow and underflow on the way.
 *
 * Expects ghk_tpl.h and gradient_tpl.h.
 */

/* ---- single points ---- */

/* The derivative of V with respect to one sum is rate / per. */
typedef struct {
    double rate, per;
} fr_rate;

/* Returns the derivative with respect to an input with this factor in the sum.  -0.0 becomes 0. */
static double slope_of(fr_rate r, double factor)
{
    return r.rate * (factor / r.per) + 0.0;
}

/* Returns the same if the factor is a product. */
static double slope_of_product(fr_rate r, double a, double b)
{
    const double factor = a * b; /* if not normal, divide by the sum first */
    const int fits = is_normal(factor) || a == 0.0 || b == 0.0;
    return fits ? slope_of(r, factor) : slope_of(r, a) * b;
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
        num = (fr_rate){r * (1.0 + per_e), 1.0};               /* moderate, because the sums are */
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

/* ---- ordinary points, a chunk at a time ---- */

/* The two sums of one charge number at each point of a chunk; later the rates of these sums. */
typedef struct {
    double num[CHUNK], den[CHUNK];
} fr_rates;

/* Computes the derivative with respect to a permeability, whose factors are concentrations. */
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

/* Computes the derivative with respect to a concentration, whose factor is a weight.  -0.0 becomes
   0. */
static void concentration_slopes(ptrdiff_t n, const double *rate, const double *weight,
                                 double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = rate[i] * weight[i] + 0.0;
}

/* Replaces N and D by their rates if no ion is divalent, with one division for both. */
static uint64_t monovalent_rates(ptrdiff_t n, const double *celsius, double *restrict num,
                                 double *restrict den, double *restrict V,
                                 uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double N = num[i], D = den[i], phi = phi_of(celsius[i]), r = phi / (N * D);
        any |= suspect[i] |= not_temperate(celsius[i]) | not_moderate(N) | not_moderate(D);
        V[i] = phi * log_ratio(N, D);
        num[i] = r * D;
        den[i] = -(r * N);
    }
    return any;
}

/* Replaces N, D, M_out and M_in by their rates. */
static uint64_t divalent_rates(ptrdiff_t n, const double *celsius, double *restrict num,
                               double *restrict den, double *restrict m_out, double *restrict m_in,
                               double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = den[i] + 4.0 * m_in[i], b = den[i] - num[i], c = num[i] + 4.0 * m_out[i];
        double p, q;
        any |= suspect[i] |= not_temperate(celsius[i]) | not_moderate(a) | not_moderate(c);
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
