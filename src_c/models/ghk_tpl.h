/* The Goldman-Hodgkin-Katz voltage equation of monovalent and divalent ions.
 *
 * Expects domain_tpl.h, log_ratio_tpl.h and layout_tpl.h.
 */

/* ---- single points ---- */

/* A sum of non-negative terms. */
typedef struct {
    double sum;
    int alive; /* not 0: some term has no zero factor, so that a sum of 0 is an underflow */
} fr_sum;

static void add_term(fr_sum *s, double weight, double pump, double concentration)
{
    if (weight == 0.0 || pump == 0.0 || concentration == 0.0)
        return;
    const double pumped = weight * pump; /* if not normal, multiply in another order */
    s->sum += is_normal(pumped) ? pumped * concentration : (weight * concentration) * pump;
    s->alive = 1;
}

/* Solves for zero net current with divalent ions (Spangler 1972; Lewis 1979).  The solution is the
 * positive root of
 *   a x^2 + b x - c = 0,  x = exp(V/phi),  a = D + 4 M_in,  b = D - N,  c = N + 4 M_out
 * It is computed as a ratio x = num/den without cancellation:
 *   b < 0: (|b| + root) / (2 a)      b >= 0: (2 c) / (|b| + root)      root = sqrt(b^2 + 4 a c)
 * Returns `root`. */
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
    int divalent;                 /* not 0: some ion is divalent */
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

/* Goldman 1943; Hodgkin & Katz 1949; Mullins & Noda 1963 for the pump ratio in the terms of K. */
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

    /* without divalent ions c = N and a = D */
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

/* ---- ordinary points, a chunk at a time ---- */

/* The columns of all ions of one charge number |z|; the sides of anions are exchanged. */
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

/* Adds one term to both sums, and the signs of its inputs to `suspect`.  NaN and infinity need no
   test here: they reach a sum, which is tested. */
FR_INLINE void add(const double *weight, const double *to_num, const double *to_den, uint64_t zero,
                   double *num, double *den, uint64_t *suspect)
{
    const double w = read_once(weight, zero);
    const double a = read_once(to_num, zero), b = read_once(to_den, zero);
    *num += w * a;
    *den += w * b;
    *suspect |= bits_of(w) | bits_of(a) | bits_of(b);
}

/* Computes the two sums of any number of terms, in one pass per term. */
static void sum_terms(const fr_terms *t, ptrdiff_t n, double *restrict num, double *restrict den,
                      uint64_t *restrict suspect)
{
    const uint64_t zero = hidden_zero();
    memset(num, 0, (size_t)n * sizeof *num);
    memset(den, 0, (size_t)n * sizeof *den);
    for (int j = 0; j < t->count; j++) {
        const double *const w = t->weight[j], *const a = t->to_num[j], *const b = t->to_den[j];
        for (ptrdiff_t i = 0; i < n; i++)
            add(w + i, a + i, b + i, zero, &num[i], &den[i], &suspect[i]);
    }
}

/* Computes the potential of up to four monovalent ions, the usual case, in one loop: divisions
   overlap with memory access.  Callers pass a constant k, so that the loops over k are unrolled.
   Columns larger than the caches are prefetched, a few cache lines at a time.  On a table that
   saves 10 % (measured), because the processor's own prefetcher follows nine streams less well. */
FR_INLINE uint64_t potential_of_terms(const int k, const fr_terms *t, ptrdiff_t n, int far,
                                      const double *phi, double *restrict V,
                                      uint64_t *restrict suspect)
{
    enum { PART = 16, AHEAD = 64 };
    uint64_t any = 0;
    const uint64_t zero = hidden_zero();
    for (ptrdiff_t start = 0, end; start < n; start = end) {
        end = n - start < PART ? n : start + PART;
        for (int j = 0; far && j < k; j++)
            for (ptrdiff_t i = start + AHEAD; i < start + AHEAD + PART; i += 8) {
                FR_PREFETCH(t->weight[j] + i);
                FR_PREFETCH(t->to_num[j] + i);
                FR_PREFETCH(t->to_den[j] + i);
            }
        double num[PART], den[PART];
        for (ptrdiff_t i = start; i < end; i++) {
            double a = 0.0, b = 0.0;
            uint64_t flags = suspect[i];
            for (int j = 0; j < k; j++)
                add(t->weight[j] + i, t->to_num[j] + i, t->to_den[j] + i, zero, &a, &b, &flags);
            any |= suspect[i] = flags | not_normal(a) | not_normal(b);
            num[i - start] = a;
            den[i - start] = b;
        }
        for (ptrdiff_t i = start; i < end; i++)
            V[i] = phi[i] * log_ratio(num[i - start], den[i - start]);
    }
    return any;
}

/* A copy of the columns in which the pump ratio has multiplied its ion's permeability.  A product
   below the normal doubles is suspect, unless a factor is 0: it has lost bits, which a sum of
   other terms would hide.  Starts the words of `suspect`. */
static void apply_pump(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                       const double **pumped_x, double *restrict pumped, uint64_t *restrict suspect)
{
    const double *const *const x = in->x;
    memcpy(pumped_x, x, (size_t)fr_model_columns(model) * sizeof *x);
    if (model->pump_ion < 0) {
        memset(suspect, 0, (size_t)n * sizeof *suspect);
        return;
    }
    const double *const weight = x[model->pump_ion], *const ratio = x[3 * model->n_ions + 1];
    const uint64_t zero = hidden_zero();
    for (ptrdiff_t i = 0; in->far && i < n; i += 8)
        FR_PREFETCH(weight + i + CHUNK);
    for (ptrdiff_t i = 0; i < n; i++) {
        const double P = read_once(weight + i, zero), times = read_once(ratio + i, zero);
        const uint64_t w = bits_of(P), r = bits_of(times);
        pumped[i] = P * times;
        suspect[i] = w | r | ((bits_of(pumped[i]) - LEAST_NORMAL) & (0 - w) & (0 - r));
    }
    pumped_x[model->pump_ion] = pumped;
}

/* Computes the two sums of k monovalent ions; callers pass a constant k. */
FR_INLINE uint64_t sums_of_terms(const int k, const fr_terms *t, ptrdiff_t n, double *restrict num,
                                 double *restrict den, const uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const uint64_t zero = hidden_zero();
    for (ptrdiff_t i = 0; i < n; i++) {
        double a = 0.0, b = 0.0;
        uint64_t flags = suspect[i];
        for (int j = 0; j < k; j++)
            add(t->weight[j] + i, t->to_num[j] + i, t->to_den[j] + i, zero, &a, &b, &flags);
        any |= flags | not_normal(a) | not_normal(b);
        num[i] = a;
        den[i] = b;
    }
    return any;
}

/* Computes the two sums of one to four terms.  Bit 63 of the result is set if some point is not
   ordinary, or if there are no terms or more than four. */
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

/* Computes num and den of V = phi ln(num/den) for a chunk.  Bit 63 of the result is set if some
   point is not ordinary, or if the model has divalent ions or more than four ions. */
FR_APART uint64_t ghk_sums(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                           double *restrict num, double *restrict den)
{
    const double *const celsius = in->x[3 * model->n_ions];
    double pumped[CHUNK];
    uint64_t suspect[CHUNK];
    const double *columns[FR_MAX_COLUMNS];
    apply_pump(model, n, in, columns, pumped, suspect);
    const fr_terms mono = terms_of(model, 1, columns), di = terms_of(model, 2, columns);
    uint64_t any = di.count > 0 ? SIGN : few_sums(&mono, n, num, den, suspect);
    for (ptrdiff_t i = 0; i < n; i++)
        any |= not_temperate(celsius[i]);
    return any;
}

static uint64_t ghk_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                          double *restrict V, uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const double *const celsius = in->x[3 * model->n_ions];
    double num[CHUNK], den[CHUNK], m_out[CHUNK], m_in[CHUNK], pumped[CHUNK], phi[CHUNK];
    const double *columns[FR_MAX_COLUMNS];
    const uint64_t zero = hidden_zero();

    apply_pump(model, n, in, columns, pumped, suspect);
    const fr_terms mono = terms_of(model, 1, columns), di = terms_of(model, 2, columns);

    /* in a loop of its own, which reads a temperature once: the loops below need more registers */
    for (ptrdiff_t i = 0; i < n; i++) {
        const double degrees = read_once(celsius + i, zero);
        suspect[i] |= not_temperate(degrees);
        phi[i] = phi_of(degrees);
    }
    switch (di.count > 0 ? 0 : mono.count) {
    case 1: return potential_of_terms(1, &mono, n, in->far, phi, V, suspect);
    case 2: return potential_of_terms(2, &mono, n, in->far, phi, V, suspect);
    case 3: return potential_of_terms(3, &mono, n, in->far, phi, V, suspect);
    case 4: return potential_of_terms(4, &mono, n, in->far, phi, V, suspect);
    default: break;
    }
    sum_terms(&mono, n, num, den, suspect);
    if (di.count == 0) {
        for (ptrdiff_t i = 0; i < n; i++) {
            any |= suspect[i] |= not_normal(num[i]) | not_normal(den[i]);
            V[i] = phi[i] * log_ratio(num[i], den[i]);
        }
        return any;
    }
    sum_terms(&di, n, m_out, m_in, suspect);
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = den[i] + 4.0 * m_in[i], c = num[i] + 4.0 * m_out[i];
        any |= suspect[i] |= not_moderate(a) | not_moderate(c);
        V[i] = phi[i] * root_log(a, den[i] - num[i], c);
    }
    return any;
}
