/* The steady state of a cell with constant-field leaks, at a given pump current.
 *
 * The balances of Na and K give, with u = V/phi, n(u) = (exp(u) - 1)/u, A = 3 I/(F P_Na) and
 * B = 2 I/(F P_K),
 *   Na_in = exp(-u)(Na_out - A n),   K_in = exp(-u)(K_out + B n),   Cl_in = exp(u) Cl_out
 * Neutrality and osmotic balance are those of steady_tpl.h, with S = Na_out + K_out - (A - B) n.
 * They leave one equation, F(u) = 0.  If A >= B and z_X <= 1, F' is at least 1 and Newton's method
 * has a bracket.  Else F' is at most 1, and u - F(u) climbs to the least root.
 *
 * Expects steady_tpl.h, decay_tpl.h and pump_tpl.h.
 */

enum { MOST_FIELD_STEPS = 200, MOST_CLIMBS = 20000 };

/* The equation at u. */
typedef struct {
    double n, growth;    /* n(u), n'(u) */
    double S, r, margin; /* see steady_tpl.h */
    double root, more;   /* root^2 = r + z^2 margin, share of the larger charge's sign */
    double value, slope; /* F and F'; infinite if S <= 0 leaves no cations */
} fr_field_equation;

/* The terms of F. */
typedef struct {
    double A, B, bath_na, bath_k, bath_cl, total, z;
    int reversed; /* z_X > 0 */
} fr_field_terms;

/* A steady state. */
typedef struct {
    fr_field_terms terms;
    fr_field_equation at;
    double phi, u, na, k, cl, X;
} fr_field;

static fr_field_terms field_terms(const double *x, double current)
{
    const double rho = current / FR_FARADAY;
    return (fr_field_terms){rho == 0.0 ? 0.0 : 3.0 * rho / x[LEAK_NA],
                            rho == 0.0 ? 0.0 : 2.0 * rho / x[LEAK_K],
                            x[BATH_NA],
                            x[BATH_K],
                            x[BATH_CL],
                            (x[BATH_NA] + x[BATH_K]) + (x[BATH_CL] + x[BATH_X]),
                            magnitude(x[CHARGE_X]),
                            x[CHARGE_X] > 0.0};
}

static fr_field_equation field_equation(const fr_field_terms *t, double u)
{
    fr_field_equation f;
    const double T = t->total, excess = t->A - t->B;
    f.n = excess == 0.0 ? 0.0 : mean_growth(u);
    f.growth = excess == 0.0 ? 0.0 : share(-u) * f.n * f.n;
    f.S = (t->bath_na + t->bath_k) - excess * f.n;
    const double cations = f.S > 0.0 ? f.S : 0.0, r = 4.0 * t->bath_cl * cations / (T * T);
    const int inside = r < 1.0;
    f.r = inside ? r : 1.0;
    f.margin = 1.0 - r;
    f.root = inside ? sqrt(r + t->z * t->z * f.margin) : 1.0;
    f.more = inside ? 0.5 * (f.root + r + t->z * f.margin) / (1.0 + f.root) : 0.5;
    /* the change of ln(more) with u */
    const double change = inside && f.S > 0.0 ? -(1.0 - t->z) / (f.root * f.more) * t->bath_cl *
                                                    (excess * f.growth) / (T * T)
                                              : 0.0;
    if (t->reversed) {
        f.value = u - log_ratio(T * f.more, t->bath_cl);
        f.slope = 1.0 - change;
    } else if (is_normal(cations) && is_normal(f.more)) {
        f.value = u - log_ratio(cations, T * f.more);
        f.slope = 1.0 + excess * f.growth / cations + change;
    } else {
        f.value = INFINITY;
        f.slope = 1.0;
    }
    return f;
}

/* The least root, from below: F is negative and its slope at most 1. */
static double climb(const fr_field_terms *t, double u)
{
    for (int n = 0; n < MOST_CLIMBS; n++) {
        const double next = u - field_equation(t, u).value;
        if (!(next > u) || next > MOST_DRIVE)
            break;
        u = next;
    }
    return u;
}

/* The root of an F whose slope is at least 1, below `high`; a guess above it is ignored. */
static double descend(const fr_field_terms *t, double high, double guess)
{
    const double few = -(t->A - t->B) / (t->bath_na + t->bath_k); /* here cations are left */
    double low = -MOST_DRIVE, u = high;
    if (guess < high)
        u = guess;
    else if (field_equation(t, u).S <= 0.0 && few < u && few > low)
        u = few;
    for (int n = 0; n < MOST_FIELD_STEPS; n++) {
        const fr_field_equation f = field_equation(t, u);
        if (f.value >= 0.0)
            high = u;
        if (f.value <= 0.0)
            low = u;
        else if (u - f.value > low)
            low = u - f.value;
        const double step = f.value / f.slope, next = u - step, size = magnitude(u);
        if (magnitude(step) <= 0x1p-52 * (size > 0x1p-4 ? size : 0x1p-4) || high <= low)
            break;
        u = next > low && next < high ? next : 0.5 * low + 0.5 * high;
        if (u == low || u == high)
            break;
    }
    return u;
}

/* Computes the steady state at a current.  Returns 0, or the sign of the change of the current's
   magnitude that would help: -1 if it asks for more Na or K than leaks, +1 if the cell swells. */
static int field_state(const double *x, double current, double guess, fr_field *s)
{
    s->terms = field_terms(x, current);
    const fr_field_terms *const t = &s->terms;
    fr_field_terms idle = *t;
    idle.A = idle.B = 0.0;
    const double start = -field_equation(&idle, 0.0).value;
    const int steep = t->A >= t->B && (!t->reversed || t->z <= 1.0);
    const double u = t->A == t->B ? start : steep ? descend(t, start, guess) : climb(t, start);
    const double n = mean_growth(u), fall = mean_growth(-u);  /* exp(-u) n(u) = n(-u) */
    const double per = u < 0.0 ? n / fall : 1.0 / (fall / n); /* exp(u) */
    s->phi = phi_of(x[CELSIUS]);
    s->u = u;
    s->at = field_equation(t, u);
    s->at.n = n;
    s->at.growth = share(-u) * n * n;
    s->na = t->bath_na / per - t->A * fall;
    s->k = t->bath_k / per + t->B * fall;
    s->cl = t->bath_cl * per;
    s->X = t->total * s->at.margin / (1.0 + s->at.root);
    if (s->na < 0.0 || s->k < 0.0 || (s->na == 0.0 && t->A != 0.0))
        return -1;
    if (s->at.margin <= LEAST_MARGIN)
        return (3.0 / x[LEAK_NA] - 2.0 / x[LEAK_K] > 0.0) == (current >= 0.0) ? 1 : -1;
    return 0;
}

FR_INLINE double field_output(int output, const fr_field *s, const double *x)
{
    switch (output) {
    case FR_OF_V: return s->phi * s->u;
    case FR_OF_NA: return s->na;
    case FR_OF_K: return s->k;
    case FR_OF_CL: return s->cl;
    case FR_OF_X: return s->X;
    case FR_OF_VOLUME: return x[AMOUNT_X] / s->X;
    case FR_OF_MARGIN: return s->at.margin;
    case FR_OF_E_NA: return s->phi * log_ratio(x[BATH_NA], s->na);
    case FR_OF_E_K: return s->phi * log_ratio(x[BATH_K], s->k);
    case FR_OF_E_CL: return s->phi * s->u;
    case FR_OF_TOTAL: return s->terms.total;
    default: return x[PUMP_MAX];
    }
}

/* The change of an output with column j at a given current, or with the current if j is PUMP_MAX.
 */
static double field_slope(int output, const fr_field *s, const double *x, int j)
{
    const fr_field_terms *const t = &s->terms;
    const fr_field_equation *const f = &s->at;
    const double T = t->total, Cl = t->bath_cl, excess = t->A - t->B;
    const double per_current = 1.0 / FR_FARADAY;
    const double A = j == PUMP_MAX  ? 3.0 * per_current / x[LEAK_NA]
                     : j == LEAK_NA ? -t->A / x[LEAK_NA]
                                    : 0.0;
    const double B = j == PUMP_MAX ? 2.0 * per_current / x[LEAK_K]
                     : j == LEAK_K ? -t->B / x[LEAK_K]
                                   : 0.0;
    const double na = j == BATH_NA, k = j == BATH_K, cl = j == BATH_CL;
    const double total = j >= BATH_NA && j <= BATH_X ? 1.0 : 0.0;
    const double z = j == CHARGE_X ? (t->reversed ? 1.0 : -1.0) : 0.0;
    const double phi = j == CELSIUS ? FR_PHI_PER_KELVIN : 0.0;
    const double share_X = f->margin / (1.0 + f->root);

    /* at a given u, and then with u */
    const double S = na + k - (A - B) * f->n, S_u = -excess * f->growth;
    const double r = 4.0 * (f->S * cl + Cl * S) / (T * T) - 2.0 * f->r * (total / T);
    const double r_u = 4.0 * Cl * S_u / (T * T);
    const double by_r = (1.0 - t->z) / (4.0 * f->root * f->more);
    const double more = by_r * r + share_X / f->root * z, more_u = by_r * r_u; /* of ln(more) */
    const double F = t->reversed ? -total / T - more + cl / Cl : -S / f->S + total / T + more;
    const double F_u = t->reversed ? 1.0 - more_u : 1.0 - S_u / f->S + more_u;
    const double u = -F / F_u;
    const double dr = r + r_u * u;
    switch (output) {
    case FR_OF_V:
    case FR_OF_E_CL: return s->phi * u + phi * s->u;
    case FR_OF_NA:
    case FR_OF_E_NA: {
        const double per = mean_growth(-s->u) / f->n; /* exp(-u) */
        const double d = -s->na * u + per * (na - f->n * A - t->A * f->growth * u);
        return output == FR_OF_NA
                   ? d
                   : s->phi * (na / x[BATH_NA] - d / s->na) + phi * log_ratio(x[BATH_NA], s->na);
    }
    case FR_OF_K:
    case FR_OF_E_K: {
        const double per = mean_growth(-s->u) / f->n;
        const double d = -s->k * u + per * (k + f->n * B + t->B * f->growth * u);
        return output == FR_OF_K
                   ? d
                   : s->phi * (k / x[BATH_K] - d / s->k) + phi * log_ratio(x[BATH_K], s->k);
    }
    case FR_OF_CL: return f->n / mean_growth(-s->u) * cl + s->cl * u;
    case FR_OF_X:
    case FR_OF_VOLUME: {
        const double X =
            share_X * total - T * (0.5 * dr + t->z * (share_X * share_X) * z) / f->root;
        return output == FR_OF_X ? X : ((j == AMOUNT_X) - x[AMOUNT_X] / s->X * X) / s->X;
    }
    case FR_OF_MARGIN: return -dr;
    case FR_OF_TOTAL: return total;
    default: return j == PUMP_MAX;
    }
}
