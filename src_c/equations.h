/* The equations: for each a function of one point, with every special case, and a loop over the
 * ordinary points of a chunk; and the table that names them all.
 *
 * The loops treat every point as ordinary, and collect in `suspect` one word per point whose bit
 * 63 is set if that was wrong: by integer arithmetic on the bit patterns, which vectorises
 * everywhere and costs next to nothing.  Suspect points are computed again, alone, by the *_point
 * functions, which hold the whole table of special cases.  On ordinary points both give the same
 * bits: same operations, same order.
 *
 * Expects kernel.h, log_ratio.h and lattice.h; included by kernel_body.h.
 */

#define SIGN UINT64_C(0x8000000000000000)
#define LEAST_NORMAL UINT64_C(0x0010000000000000)
#define TWO_TO_MINUS_480 UINT64_C(0x21F0000000000000)
#define TWO_TO_480 UINT64_C(0x5DF0000000000000)

FR_INLINE double magnitude(double x)
{
    return double_of(bits_of(x) & ~SIGN);
}

/* ---- what makes a value suspect: bit 63 of these words ---- */

/* a double that is not normal and positive: below the least normal, infinite, NaN, or negative */
FR_INLINE uint64_t not_normal(double x)
{
    const uint64_t u = bits_of(x);
    return u | (u - LEAST_NORMAL) | (u + LEAST_NORMAL);
}

/* a double outside [2^-480, 2^480], whose products with another such one are normal */
FR_INLINE uint64_t not_moderate(double x)
{
    const uint64_t u = bits_of(x);
    return u | (u - TWO_TO_MINUS_480) | (TWO_TO_480 - u);
}

/* a temperature outside the range, infinite or NaN of either sign */
FR_INLINE uint64_t not_temperate(double celsius)
{
    const uint64_t u = bits_of(celsius - FR_CELSIUS_MIN);
    return u | (u + LEAST_NORMAL) | bits_of(FR_CELSIUS_MAX - celsius);
}

FR_INLINE double phi_of(double celsius)
{
    return FR_PHI_PER_KELVIN * (celsius + FR_KELVIN_AT_0_CELSIUS);
}

/* ---- single points, with every special case ---- */

static int is_normal(double x)
{
    return x >= DBL_MIN && x <= DBL_MAX;
}

static int is_moderate(double x)
{
    return x >= 0x1p-480 && x <= 0x1p480;
}

static uint8_t nonnegative_status(double x)
{
    return !isfinite(x) ? FR_NOT_FINITE : x < 0.0 ? FR_NEGATIVE : 0;
}

static uint8_t celsius_status(double celsius)
{
    return !isfinite(celsius)                                     ? FR_NOT_FINITE
           : celsius < FR_CELSIUS_MIN || celsius > FR_CELSIUS_MAX ? FR_TEMPERATURE
                                                                  : 0;
}

/* a result without a number: sets the status and gives the value that stands for it */
static double special(uint8_t status, double value, uint8_t *out)
{
    *out = status;
    return value;
}

/* One sum of non-negative terms. */
typedef struct {
    double sum;
    int alive; /* some term has no zero factor: a sum of 0 is then an underflow */
} fr_sum;

static void add_term(fr_sum *s, double weight, double pump, double concentration)
{
    if (weight == 0.0 || pump == 0.0 || concentration == 0.0)
        return;
    const double pumped = weight * pump; /* if no double, the concentration comes between */
    s->sum += is_normal(pumped) ? pumped * concentration : (weight * concentration) * pump;
    s->alive = 1;
}

/* Nernst 1888: E = phi/z ln(out/in) */
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

/* Zero net current with divalent ions (Spangler 1972; Lewis 1979): the positive root of
 *   a x^2 + b x - c = 0,  x = exp(V/phi),  a = D + 4 M_in,  b = D - N,  c = N + 4 M_out
 * as a ratio x = num/den without cancellation:
 *   b < 0: (|b| + root) / (2 a)      b >= 0: (2 c) / (|b| + root)      root = sqrt(b^2 + 4 a c)
 * Returns root. */
FR_INLINE double root_ratio(double a, double b, double c, double *num, double *den)
{
    const double root = sqrt(b * b + 4.0 * (a * c));
    const double h = double_of(bits_of(b) & ~SIGN) + root;
    const uint64_t negative = 0 - (bits_of(b) >> 63);
    *num = double_of((bits_of(h) & negative) | (bits_of(c + c) & ~negative));
    *den = double_of((bits_of(a + a) & negative) | (bits_of(h) & ~negative));
    return root;
}

FR_INLINE double root_log(double a, double b, double c)
{
    double num, den;
    root_ratio(a, b, c, &num, &den);
    return log_ratio(num, den);
}

/* The sums of the GHK equation at one point. */
typedef struct {
    fr_sum num, den, m_out, m_in; /* N, D, M_out, M_in */
    int divalent;                 /* some ion is */
} fr_point_sums;

static fr_point_sums sums_at_point(const fr_model *model, const double *x)
{
    const int n = model->n_ions;
    const double pump_ratio = model->pump_ion >= 0 ? x[3 * n + 1] : 1.0;
    fr_point_sums s = {{0.0, 0}, {0.0, 0}, {0.0, 0}, {0.0, 0}, 0};
    for (int j = 0; j < n; j++) {
        const int z = model->z[j], two = z == 2 || z == -2;
        const double weight = x[j], pump = j == model->pump_ion ? pump_ratio : 1.0;
        const double c_out = x[n + j], c_in = x[2 * n + j];
        s.divalent |= two;
        add_term(two ? &s.m_out : &s.num, weight, pump, z > 0 ? c_out : c_in);
        add_term(two ? &s.m_in : &s.den, weight, pump, z > 0 ? c_in : c_out);
    }
    return s;
}

/* Goldman 1943; Hodgkin & Katz 1949; pump_ratio on K's terms: Mullins & Noda 1963 */
static double ghk_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions;
    const double celsius = x[3 * n];
    const double pump_ratio = model->pump_ion >= 0 ? x[3 * n + 1] : 1.0;

    uint8_t bad = (uint8_t)(celsius_status(celsius) | nonnegative_status(pump_ratio));
    for (int j = 0; j < 3 * n; j++)
        bad |= nonnegative_status(x[j]);
    if (bad)
        return special(bad, NAN, status);

    /* without divalents c = N and a = D */
    const fr_point_sums s = sums_at_point(model, x);
    const double a = s.den.sum + 4.0 * s.m_in.sum, c = s.num.sum + 4.0 * s.m_out.sum;
    const int a_fits = s.divalent ? is_moderate(a) : is_normal(a);
    const int c_fits = s.divalent ? is_moderate(c) : is_normal(c);
    if (((s.den.alive || s.m_in.alive) && !a_fits) || ((s.num.alive || s.m_out.alive) && !c_fits))
        return special(FR_RANGE, NAN, status);
    if (a == 0.0 && c == 0.0)
        return special(FR_NO_PERMEANT, NAN, status);
    if (a == 0.0 || c == 0.0)
        return special(FR_INFINITE, c == 0.0 ? -INFINITY : INFINITY, status);
    *status = 0;
    return phi_of(celsius) * (s.divalent ? root_log(a, s.den.sum - s.num.sum, c) : log_ratio(c, a));
}

/* Parallel conductances: V = sum g E / sum g, E = phi/z ln(out/in) */
static double chord_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions;
    const double celsius = x[3 * n];

    uint8_t bad = celsius_status(celsius);
    for (int j = 0; j < 3 * n; j++)
        bad |= nonnegative_status(x[j]);
    if (bad)
        return special(bad, NAN, status);

    double drive = 0.0, total = 0.0;
    int to_plus = 0, to_minus = 0, out_of_range = 0;
    for (int j = 0; j < n; j++) {
        const double g = x[j], c_out = x[n + j], c_in = x[2 * n + j];
        if (g == 0.0)
            continue;
        total += g;
        if ((c_out != 0.0 && !is_normal(c_out)) || (c_in != 0.0 && !is_normal(c_in))) {
            out_of_range = 1;
        } else if (c_out == 0.0 || c_in == 0.0) {
            /* no concentration on either side pulls both ways: no potential */
            to_plus |= model->z[j] > 0 ? c_in == 0.0 : c_out == 0.0;
            to_minus |= model->z[j] > 0 ? c_out == 0.0 : c_in == 0.0;
        } else {
            drive += g * (log_ratio(c_out, c_in) * (1.0 / model->z[j]));
        }
    }
    if (total == 0.0 || (to_plus && to_minus))
        return special(FR_NO_PERMEANT, NAN, status);
    if (out_of_range || !is_normal(total) || !isfinite(drive))
        return special(FR_RANGE, NAN, status);
    if (to_plus || to_minus)
        return special(FR_INFINITE, to_plus ? INFINITY : -INFINITY, status);
    *status = 0;
    return phi_of(celsius) * (drive / total);
}

/* ---- ordinary points, a chunk at a time ---- */

static uint64_t nernst_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const double *const z = in->x[0], *const c_out = in->x[1], *const c_in = in->x[2];
    const double *const celsius = in->x[3];
    (void)model;
    for (ptrdiff_t i = 0; i < n; i++) {
        suspect[i] = not_normal(c_out[i]) | not_normal(c_in[i]) | not_temperate(celsius[i]) |
                     not_moderate(double_of(bits_of(z[i]) & ~SIGN));
        any |= suspect[i];
        V[i] = (phi_of(celsius[i]) * log_ratio(c_out[i], c_in[i])) / z[i];
    }
    return any;
}

/* The columns of the terms of one charge number, those of anions with their sides exchanged. */
typedef struct {
    int count;
    const double *weight[FR_MAX_IONS], *to_num[FR_MAX_IONS], *to_den[FR_MAX_IONS];
} fr_terms;

static fr_terms terms_of(const fr_model *model, int charge, const double *const *x)
{
    const int ions = model->n_ions;
    fr_terms t;
    t.count = 0;
    for (int j = 0; j < ions; j++) {
        const int z = model->z[j];
        if (z != charge && z != -charge)
            continue;
        t.weight[t.count] = x[j];
        t.to_num[t.count] = z > 0 ? x[ions + j] : x[2 * ions + j];
        t.to_den[t.count] = z > 0 ? x[2 * ions + j] : x[ions + j];
        t.count++;
    }
    return t;
}

/* Adds one term to both sums.  The signs of its inputs go to suspect; NaN and infinity need no
   look here, since they reach a sum. */
FR_INLINE void add(double w, double to_num, double to_den, double *num, double *den,
                   uint64_t *suspect)
{
    *num += w * to_num;
    *den += w * to_den;
    *suspect |= bits_of(w) | bits_of(to_num) | bits_of(to_den);
}

/* The two sums of any number of terms, one pass each. */
static void sum_terms(const fr_terms *t, ptrdiff_t n, double *restrict num, double *restrict den,
                      uint64_t *restrict suspect)
{
    memset(num, 0, (size_t)n * sizeof *num);
    memset(den, 0, (size_t)n * sizeof *den);
    for (int j = 0; j < t->count; j++) {
        const double *const w = t->weight[j], *const a = t->to_num[j], *const b = t->to_den[j];
        for (ptrdiff_t i = 0; i < n; i++)
            add(w[i], a[i], b[i], &num[i], &den[i], &suspect[i]);
    }
}

/* Up to four monovalent ions, the usual case, in one loop: while it waits for memory it divides.
   k is a constant where this is called, so that the loops over it vanish.  Columns that come from
   beyond the caches are asked for a little ahead, a few lines at a time: measured 10 % on a table,
   where the processor follows nine streams less well by itself. */
FR_INLINE uint64_t potential_of_terms(const int k, const fr_terms *t, ptrdiff_t n, int far,
                                      const double *celsius, double *restrict V,
                                      uint64_t *restrict suspect)
{
    enum { STRIP = 16, AHEAD = 64 };
    uint64_t any = 0;
    for (ptrdiff_t start = 0, end; start < n; start = end) {
        end = n - start < STRIP ? n : start + STRIP;
        for (int j = 0; far && j < k; j++)
            for (ptrdiff_t i = start + AHEAD; i < start + AHEAD + STRIP; i += 8) {
                FR_PREFETCH(t->weight[j] + i);
                FR_PREFETCH(t->to_num[j] + i);
                FR_PREFETCH(t->to_den[j] + i);
            }
        for (ptrdiff_t i = start; i < end; i++) {
            double num = 0.0, den = 0.0;
            uint64_t flags = suspect[i];
            for (int j = 0; j < k; j++)
                add(t->weight[j][i], t->to_num[j][i], t->to_den[j][i], &num, &den, &flags);
            suspect[i] = flags | not_normal(num) | not_normal(den);
            any |= suspect[i];
            V[i] = phi_of(celsius[i]) * log_ratio(num, den);
        }
    }
    return any;
}

/* A copy of the columns in which the pump ratio has multiplied its ion's permeability.  A product
   below the normal doubles is suspect, unless a factor is 0: it has lost bits, which a sum of
   other terms would hide. */
static void apply_pump(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                       const double **pumped_x, double *restrict pumped, uint64_t *restrict suspect)
{
    const double *const *const x = in->x;
    memcpy(pumped_x, x, (size_t)fr_model_columns(model) * sizeof *x);
    if (model->pump_ion < 0)
        return;
    const double *const weight = x[model->pump_ion], *const ratio = x[3 * model->n_ions + 1];
    for (ptrdiff_t i = 0; in->far && i < n; i += 8)
        FR_PREFETCH(weight + i + CHUNK);
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t w = bits_of(weight[i]), r = bits_of(ratio[i]);
        pumped[i] = weight[i] * ratio[i];
        suspect[i] |= w | r | ((bits_of(pumped[i]) - LEAST_NORMAL) & (0 - w) & (0 - r));
    }
    pumped_x[model->pump_ion] = pumped;
}

/* The two sums of k monovalent ions, a constant where this is called: what is left of V without
   its logarithm. */
FR_INLINE uint64_t sums_of_terms(const int k, const fr_terms *t, ptrdiff_t n, double *restrict num,
                                 double *restrict den, const uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        double a = 0.0, b = 0.0;
        uint64_t flags = suspect[i];
        for (int j = 0; j < k; j++)
            add(t->weight[j][i], t->to_num[j][i], t->to_den[j][i], &a, &b, &flags);
        any |= flags | not_normal(a) | not_normal(b);
        num[i] = a;
        den[i] = b;
    }
    return any;
}

/* The two sums of a few terms.  Bit 63 of the result is set if some point is not ordinary, or if
   there are no terms, or more than a few. */
static uint64_t few_sums(const fr_terms *t, ptrdiff_t n, double *restrict num, double *restrict den,
                         const uint64_t *restrict suspect)
{
    switch (t->count) {
    case 1: return sums_of_terms(1, t, n, num, den, suspect);
    case 2: return sums_of_terms(2, t, n, num, den, suspect);
    case 3: return sums_of_terms(3, t, n, num, den, suspect);
    case 4: return sums_of_terms(4, t, n, num, den, suspect);
    default: return SIGN;
    }
}

/* num and den of a chunk of V = phi ln(num/den).  Bit 63 of the result is set if some point is not
   ordinary, or if the model is not of this kind. */
static uint64_t ghk_sums(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                         double *restrict num, double *restrict den)
{
    const double *const celsius = in->x[3 * model->n_ions];
    double pumped[CHUNK];
    uint64_t suspect[CHUNK];
    const double *columns[FR_MAX_COLUMNS];
    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = not_temperate(celsius[i]);
    apply_pump(model, n, in, columns, pumped, suspect);
    const fr_terms mono = terms_of(model, 1, columns), di = terms_of(model, 2, columns);
    return di.count > 0 ? SIGN : few_sums(&mono, n, num, den, suspect);
}

static uint64_t ghk_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                          double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const double *const celsius = in->x[3 * model->n_ions];
    double num[CHUNK], den[CHUNK], m_out[CHUNK], m_in[CHUNK], pumped[CHUNK];
    const double *columns[FR_MAX_COLUMNS];

    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = not_temperate(celsius[i]);
    apply_pump(model, n, in, columns, pumped, suspect);
    const fr_terms mono = terms_of(model, 1, columns), di = terms_of(model, 2, columns);

    switch (di.count > 0 ? 0 : mono.count) {
    case 1: return potential_of_terms(1, &mono, n, in->far, celsius, V, suspect);
    case 2: return potential_of_terms(2, &mono, n, in->far, celsius, V, suspect);
    case 3: return potential_of_terms(3, &mono, n, in->far, celsius, V, suspect);
    case 4: return potential_of_terms(4, &mono, n, in->far, celsius, V, suspect);
    default: break;
    }
    sum_terms(&mono, n, num, den, suspect);
    if (di.count == 0) {
        for (ptrdiff_t i = 0; i < n; i++) {
            any |= suspect[i] |= not_normal(num[i]) | not_normal(den[i]);
            V[i] = phi_of(celsius[i]) * log_ratio(num[i], den[i]);
        }
        return any;
    }
    sum_terms(&di, n, m_out, m_in, suspect);
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = den[i] + 4.0 * m_in[i], c = num[i] + 4.0 * m_out[i];
        any |= suspect[i] |= not_moderate(a) | not_moderate(c);
        V[i] = phi_of(celsius[i]) * root_log(a, den[i] - num[i], c);
    }
    return any;
}

static uint64_t chord_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                            double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const int ions = model->n_ions;
    const double *const *const x = in->x, *const celsius = x[3 * ions];
    double drive[CHUNK], total[CHUNK];

    memset(drive, 0, (size_t)n * sizeof *drive);
    memset(total, 0, (size_t)n * sizeof *total);
    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = not_temperate(celsius[i]);
    for (int j = 0; j < ions; j++) {
        const double *const g = x[j], *const c_out = x[ions + j], *const c_in = x[2 * ions + j];
        const double per_z = 1.0 / model->z[j]; /* exact: +-1 or +-1/2 */
        for (ptrdiff_t i = 0; i < n; i++) {
            total[i] += g[i];
            drive[i] += g[i] * (log_ratio(c_out[i], c_in[i]) * per_z);
            suspect[i] |= bits_of(g[i]) | not_normal(c_out[i]) | not_normal(c_in[i]);
        }
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t size = bits_of(drive[i]) & ~SIGN;
        any |= suspect[i] |= not_normal(total[i]) | (size + LEAST_NORMAL);
        V[i] = phi_of(celsius[i]) * (drive[i] / total[i]);
    }
    return any;
}

/* ---- parts of the GHK equation; their inputs were checked when the sweep was made ---- */

/* ln of one sum of terms: -inf of a sum of zero, NaN of one outside the range of doubles */
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

/* One sum of k terms: k is a constant where this is called. */
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
        return special(FR_NO_PERMEANT, NAN, status); /* a NaN of one sign on every processor */
    return special(isfinite(V) ? 0 : FR_INFINITE, V, status);
}

/* One row: each column stays (0) or runs on (1), constants where this is called.  Infinite
   potentials are right as they are, and lack only their status. */
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

/* The same straight from the tables of a grid, row by row: with so little to compute, loading
   the columns of a chunk first would take half of the time. */
static uint64_t separable_rows(const fr_layout *layout, const fr_column *columns,
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
        moves |= (layout->strides[j][inner] != 0) << j;
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

/* ---- the equations: one row each ---- */

typedef struct {
    /* n ordinary points: their potentials.  Bit 63 of the result is set if some were not, and bit
       63 of their words in suspect then marks them. */
    uint64_t (*chunk)(const fr_model *model, ptrdiff_t n, const fr_columns *in, double *restrict V,
                      uint64_t *restrict suspect);
    /* any one point: its potential and status */
    double (*point)(const fr_model *model, const double *x, uint8_t *status);
    /* as chunk, without loading: for columns that stay or run on along each row; may be NULL */
    uint64_t (*rows)(const fr_layout *layout, const fr_column *columns, const ptrdiff_t *from,
                     ptrdiff_t n, double *restrict V);
} fr_row;

static const fr_row equations[FR_EQUATIONS] = {
    [FR_NERNST] = {nernst_chunk, nernst_point, NULL},
    [FR_GHK] = {ghk_chunk, ghk_point, NULL},
    [FR_CHORD] = {chord_chunk, chord_point, NULL},
    [FR_LOG_NUM] = {log_sum_chunk, log_sum_point, NULL},
    [FR_LOG_DEN] = {log_sum_chunk, log_sum_point, NULL},
    [FR_SEPARABLE] = {separable_chunk, separable_point, separable_rows},
    [FR_LOG_RATIO] = {log_ratio_chunk, log_ratio_point, NULL},
};
