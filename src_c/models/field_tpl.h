/* The steady state of a cell with constant-field leaks, and a constant or saturating pump.
 *
 * The balances of Na and K give, with u = V/phi, n(u) = (exp(u) - 1)/u, A = 3 I/(F P_Na) and
 * B = 2 I/(F P_K),
 *   Na_in = exp(-u)(Na_out - A n),   K_in = exp(-u)(K_out + B n),   Cl_in = exp(u) Cl_out
 * At a given u the current of a saturating pump is the root of the first of these: its left side
 * rises with Na_in, its right side falls.  Neutrality and osmotic balance are those of
 * steady_tpl.h, with S = exp(u)(Na_in + K_in).  They leave one equation, F(u) = 0.  If the pump
 * helps, A >= B, and z_X <= 1, F is negative below its root and positive above it.  Else F is
 * negative without a pump, and a root above that u is sought.
 *
 * Expects steady_tpl.h, decay_tpl.h and pump_tpl.h.
 */

enum { MOST_FIELD_STEPS = 200, MOST_LAW_STEPS = 200 };

/* The terms of F. */
typedef struct {
    double rho, half;     /* current over F: constant, or of a pump full of Na; Na_half, or 0 */
    double per_na, per_k; /* 3/P_Na and 2/P_K */
    double bath_na, bath_k, bath_cl, total, z;
    int reversed; /* z_X > 0 */
} fr_field_terms;

/* The equation at u. */
typedef struct {
    double n, growth;    /* n(u), n'(u) */
    double na, rho;      /* Na_in of a saturating pump, and its current over F */
    double S, r, margin; /* see steady_tpl.h */
    double root, more;   /* root^2 = r + z^2 margin, cations inside, or Cl if z_X > 0, over total */
    double value, slope; /* F and F'; infinite if S <= 0 leaves no cations */
} fr_field_equation;

/* A steady state. */
typedef struct {
    fr_field_terms terms;
    fr_field_equation at;
    double A, B, phi, u, na, k, cl, X;
} fr_field;

static fr_field_terms field_terms(const double *x, double current)
{
    const double rho = current / FR_FARADAY;
    return (fr_field_terms){rho,
                            rho == 0.0 ? 0.0 : x[NA_HALF],
                            rho == 0.0 ? 0.0 : 3.0 / x[LEAK_NA],
                            rho == 0.0 ? 0.0 : 2.0 / x[LEAK_K],
                            x[BATH_NA],
                            x[BATH_K],
                            x[BATH_CL],
                            solutes_outside(x),
                            magnitude(x[CHARGE_X]),
                            x[CHARGE_X] > 0.0};
}

/* Returns Newton's next value if it lies in a bracket and its step is at most half of the last,
   which is *moved; else the middle of the bracket. */
static double next_in(double low, double high, double now, double newton, double *moved)
{
    const double step = magnitude(newton - now), middle = 0.5 * low + 0.5 * high;
    const int good = newton > low && newton < high && step <= 0.5 * *moved;
    *moved = good ? step : high - low;
    return good ? newton : middle;
}

/* Solves y + most (y/(y + half))^3 = b for y > 0, from a guess. */
static double bound_na(double most, double half, double b, double guess)
{
    double moved = b, low = 0.0, high = b, y = guess > 0.0 && guess < b ? guess : b;
    for (int n = 0; n < MOST_LAW_STEPS; n++) {
        const double per = 1.0 / (y + half), o = y * per, pumped = most * (o * o * o);
        const double rest = (y - b) + pumped;
        const double step = rest / (1.0 + 3.0 * pumped * half * per / y), next = y - step;
        if (rest > 0.0)
            high = y;
        else
            low = y;
        if (magnitude(step) <= 0x1p-52 * y || high <= low)
            break;
        y = next_in(low, high, y, next, &moved);
        if (y == low || y == high)
            break;
    }
    return y;
}

/* Computes F at u; na is a guess of Na_in. */
static fr_field_equation field_equation(const fr_field_terms *t, double u, double na)
{
    fr_field_equation f;
    const double T = t->total;
    double S_u = 0.0; /* the change of S with u */
    f.n = t->rho == 0.0 ? 0.0 : mean_growth(u);
    f.growth = t->rho == 0.0 ? 0.0 : share(-u) * f.n * f.n;
    f.rho = t->rho;
    f.na = 0.0;
    if (t->half > 0.0) {
        const double m = mean_growth(-u), E = f.n / m; /* exp(u) */
        const double b = t->bath_na / E, most = t->per_na * m * t->rho;
        f.na = bound_na(most, t->half, b, na);
        const double o = f.na / (f.na + t->half);
        f.rho = t->rho * (o * o * o);
        const double by_na = f.na > 0.0 ? 3.0 * f.rho * (1.0 - o) / f.na : 0.0;
        const double na_u =
            (t->per_na * share(u) * m * m * f.rho - b) / (1.0 + t->per_na * m * by_na);
        f.S = E * f.na + (t->bath_k + t->per_k * f.rho * f.n);
        S_u = E * (f.na + na_u) + t->per_k * (f.rho * f.growth + by_na * na_u * f.n);
    } else {
        const double excess = (t->per_na - t->per_k) * t->rho;
        f.S = (t->bath_na + t->bath_k) - excess * f.n;
        S_u = -excess * f.growth;
    }
    const double cations = f.S > 0.0 ? f.S : 0.0, r = 4.0 * t->bath_cl * cations / (T * T);
    const int inside = r < 1.0;
    f.r = inside ? r : 1.0;
    f.margin = 1.0 - r;
    f.root = inside ? sqrt(r + t->z * t->z * f.margin) : 1.0;
    f.more = inside ? 0.5 * (f.root + r + t->z * f.margin) / (1.0 + f.root) : 0.5;
    /* the change of ln(more) with u */
    const double change =
        inside && f.S > 0.0 ? (1.0 - t->z) / (f.root * f.more) * t->bath_cl * S_u / (T * T) : 0.0;
    if (t->reversed) {
        f.value = u - log_ratio(T * f.more, t->bath_cl);
        f.slope = 1.0 - change;
    } else if (is_normal(cations) && is_normal(f.more)) {
        f.value = u - log_ratio(cations, T * f.more);
        f.slope = 1.0 - S_u / cations + change;
    } else {
        f.value = INFINITY;
        f.slope = 1.0;
    }
    return f;
}

/* The root between low, where F is negative, and high, where it is positive. */
static double between(const fr_field_terms *t, double low, double high)
{
    double u = high, na = 0.0, moved = high - low;
    if (t->half == 0.0) { /* if this leaves no cations at the high end, they begin here */
        const double few = -(t->per_na - t->per_k) * t->rho / (t->bath_na + t->bath_k);
        if (field_equation(t, u, na).S <= 0.0 && few < u && few > low)
            u = few;
    }
    for (int n = 0; n < MOST_FIELD_STEPS; n++) {
        const fr_field_equation f = field_equation(t, u, na);
        na = f.na;
        if (f.value >= 0.0)
            high = u;
        if (f.value <= 0.0)
            low = u;
        const double step = f.value / f.slope, next = u - step, size = magnitude(u);
        if (magnitude(step) <= 0x1p-52 * (size > 0x1p-4 ? size : 0x1p-4) || high <= low)
            break;
        u = next_in(low, high, u, next, &moved);
        if (u == low || u == high)
            break;
    }
    return u;
}

/* Returns V/phi, from that of a cell without a pump. */
static double field_root(const fr_field_terms *t, double start)
{
    const int helps = (t->per_na >= t->per_k) == (t->rho >= 0.0);
    if (t->rho == 0.0)
        return start;
    if (helps && (!t->reversed || t->z <= 1.0))
        return between(t, -MOST_DRIVE, start);
    double low = start, width = 0x1p-5, high = start + width;
    while (high < MOST_DRIVE && field_equation(t, high, 0.0).value < 0.0) {
        low = high;
        width *= 1.25;
        high = start + width;
    }
    return between(t, low, high < MOST_DRIVE ? high : MOST_DRIVE);
}

/* Computes the steady state of a pump that carries a current, or that much if it is full of Na.
   Returns 1 if there is one. */
static int field_state(const double *x, double current, fr_field *s)
{
    s->terms = field_terms(x, current);
    const fr_field_terms *const t = &s->terms;
    fr_field_terms idle = *t;
    idle.rho = idle.half = 0.0;
    const double u = field_root(t, -field_equation(&idle, 0.0, 0.0).value);
    const double n = mean_growth(u), fall = mean_growth(-u);  /* exp(-u) n(u) = n(-u) */
    const double per = u < 0.0 ? n / fall : 1.0 / (fall / n); /* exp(u) */
    s->phi = phi_of(x[CELSIUS]);
    s->u = u;
    s->at = field_equation(t, u, 0.0);
    s->at.n = n;
    s->at.growth = share(-u) * n * n;
    s->A = t->per_na * s->at.rho;
    s->B = t->per_k * s->at.rho;
    s->na = t->half > 0.0 ? s->at.na : t->bath_na / per - s->A * fall;
    s->k = t->bath_k / per + s->B * fall;
    s->cl = t->bath_cl * per;
    s->X = t->total * s->at.margin / (1.0 + s->at.root);
    const int exhausted = s->na < 0.0 || s->k < 0.0 || (s->na == 0.0 && s->A != 0.0);
    return !exhausted && s->at.margin > LEAST_MARGIN;
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
    const double T = t->total, Cl = t->bath_cl, excess = s->A - s->B;
    const double per_current = 1.0 / FR_FARADAY;
    const double A = j == PUMP_MAX  ? 3.0 * per_current / x[LEAK_NA]
                     : j == LEAK_NA ? -s->A / x[LEAK_NA]
                                    : 0.0;
    const double B = j == PUMP_MAX ? 2.0 * per_current / x[LEAK_K]
                     : j == LEAK_K ? -s->B / x[LEAK_K]
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
        const double d = -s->na * u + per * (na - f->n * A - s->A * f->growth * u);
        return output == FR_OF_NA
                   ? d
                   : s->phi * (na / x[BATH_NA] - d / s->na) + phi * log_ratio(x[BATH_NA], s->na);
    }
    case FR_OF_K:
    case FR_OF_E_K: {
        const double per = mean_growth(-s->u) / f->n;
        const double d = -s->k * u + per * (k + f->n * B + s->B * f->growth * u);
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
