/* The inside of a cell in time: dn/dt = -(A/w0)(I + I_pump)/(z F) for the amounts n of Na, K and
 * Cl.
 *
 * V is that of zero net current at every instant: the charge of the membrane, which takes
 * milliseconds, is left out, and with it the only stiff part of the problem.  Water follows at
 * once.
 *
 * This file has the state at an instant, a step of one cell, and the crossing of a threshold within
 * a step.  rundown_lanes_tpl.h takes the steps of several cells at a time.
 *
 * Expects living_tpl.h.
 */

enum { ION_NA, ION_K, ION_CL, N_AMOUNTS };
enum { COURSE_TIME = FR_LIVING_COLUMNS, COURSE_DIAMETER, COURSE_COLUMNS };
_Static_assert(COURSE_COLUMNS == (int)FR_COURSE_COLUMNS, "fastrest.h counts these columns");

/* The membrane and the bath of a cell under one condition. */
typedef struct {
    double na, k, cl, nkcc, kcc; /* permeabilities or conductances */
    double bath_na, bath_k, bath_cl, total, phi;
    double pump_max, na_half, k_share; /* of a K site of the pump, how much is occupied */
    double X;                          /* amount of impermeant solutes, mM of the first volume */
    double surface;                    /* area of the membrane over the first volume, 1/cm */
    double fixed;                      /* 1.0 if no water moves, else 0.0 */
} fr_membrane;

/* A cell inside, from its amounts. */
typedef struct {
    double volume, ion[N_AMOUNTS], pump;
} fr_inside;

FR_INLINE fr_inside inside_of(const fr_membrane *m, const double *n)
{
    fr_inside in;
    const double solutes = (n[ION_NA] + n[ION_K]) + (n[ION_CL] + m->X);
    in.volume = m->fixed > 0.0 ? 1.0 : solutes / m->total;
    for (int j = 0; j < N_AMOUNTS; j++)
        in.ion[j] = n[j] / in.volume;
    in.pump = pump_law(m->pump_max, in.ion[ION_NA] / (in.ion[ION_NA] + m->na_half), m->k_share);
    return in;
}

/* The sums that drive positive charge inward and outward. */
FR_INLINE fr_balance field_balance(const fr_membrane *m, const fr_inside *in)
{
    fr_balance b = {{0.0}, {0.0}, in->pump / FR_FARADAY};
    b.num[0] = m->na * m->bath_na + m->k * m->bath_k + m->cl * in->ion[ION_CL];
    b.den[0] = m->na * in->ion[ION_NA] + m->k * in->ion[ION_K] + m->cl * m->bath_cl;
    return b;
}

/* Computes dn/dt by the constant field at u = V/phi. */
FR_INLINE void field_rates(const fr_membrane *m, const fr_inside *in, double u, double *rate)
{
    const double a = above_zero(magnitude(u)), pump = in->pump / FR_FARADAY;
    const fr_pair B = bernoulli_of(a, decay(a));
    const double plus = u < 0.0 ? B.minus : B.plus, minus = u < 0.0 ? B.plus : B.minus;
    const double na = m->na * (in->ion[ION_NA] * minus - m->bath_na * plus);
    const double k = m->k * (in->ion[ION_K] * minus - m->bath_k * plus);
    const double cl = m->cl * (in->ion[ION_CL] * plus - m->bath_cl * minus);
    rate[ION_NA] = -(na + 3.0 * pump) * m->surface;
    rate[ION_K] = -(k - 2.0 * pump) * m->surface;
    rate[ION_CL] = -cl * m->surface;
}

/* Computes dn/dt by conductances and cotransporters.  Returns V. */
FR_INLINE double chord_rates(const fr_membrane *m, const fr_inside *in, double *rate)
{
    const double E_na = m->phi * log_ratio(m->bath_na, in->ion[ION_NA]);
    const double E_k = m->phi * log_ratio(m->bath_k, in->ion[ION_K]);
    const double E_cl = m->phi * log_ratio(in->ion[ION_CL], m->bath_cl);
    const double V = (m->na * E_na + m->k * E_k + m->cl * E_cl - in->pump) / (m->na + m->k + m->cl);
    const double na = V - E_na, k = V - E_k, cl = V - E_cl, per = m->surface / FR_FARADAY;
    const double nkcc = m->nkcc * (na + k - 2.0 * cl), kcc = m->kcc * (k - cl);
    rate[ION_NA] = -(m->na * na + nkcc + 3.0 * in->pump) * per;
    rate[ION_K] = -(m->k * k + nkcc + kcc - 2.0 * in->pump) * per;
    rate[ION_CL] = (m->cl * cl - 2.0 * nkcc - kcc) * per;
    return V;
}

/* ---- one cell ---- */

/* The state at an instant. */
typedef struct {
    fr_inside in;
    double V, u; /* u = V/phi, from which the next search begins */
    double rate[N_AMOUNTS];
} fr_instant;

/* A cell under one condition, and the potential whose crossing is sought. */
typedef struct {
    int field; /* not 0: leaks by the constant field */
    fr_membrane m;
    double threshold, side; /* 1: V reaches it from below, -1: from above, 0: none is sought */
} fr_rundown;

static uint8_t field_instant(const fr_membrane *m, fr_instant *s)
{
    uint8_t status = 0;
    const fr_balance b = field_balance(m, &s->in);
    if (!is_moderate(b.num[0]) || !is_moderate(b.den[0]))
        return FR_RANGE;
    if (b.p == 0.0) {
        s->u = log_ratio(b.num[0], b.den[0]);
    } else {
        fr_search search = begin_search(1, &b);
        if (s->u > search.low && s->u < search.high)
            search.u = s->u;
        s->u = solve_point(1, &b, search, &status);
    }
    s->V = m->phi * s->u;
    field_rates(m, &s->in, s->u, s->rate);
    return status;
}

static uint8_t chord_instant(const fr_membrane *m, fr_instant *s)
{
    if (!is_moderate(m->na + m->k + m->cl) || !is_normal(m->bath_na) || !is_normal(m->bath_k) ||
        !is_normal(m->bath_cl))
        return FR_RANGE;
    s->V = chord_rates(m, &s->in, s->rate);
    s->u = s->V / m->phi;
    return 0;
}

/* Computes the state of amounts n.  Returns a status: FR_NO_SOLUTION if an ion is used up. */
static uint8_t instant_of(const fr_rundown *r, const double *n, fr_instant *s)
{
    s->in = inside_of(&r->m, n);
    for (int j = 0; j < N_AMOUNTS; j++)
        if (!(s->in.ion[j] >= DBL_MIN))
            return FR_NO_SOLUTION;
    return r->field ? field_instant(&r->m, s) : chord_instant(&r->m, s);
}

/* ---- steps (Dormand & Prince 1980) ---- */

enum { STAGES = 7 };
static const double stage_terms[STAGES - 1][STAGES - 1] = {
    {1.0 / 5.0},
    {3.0 / 40.0, 9.0 / 40.0},
    {44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0},
    {19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0},
    {9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0},
    {35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0},
};
static const double error_terms[STAGES] = {
    71.0 / 57600.0,      0.0,          -71.0 / 16695.0, 71.0 / 1920.0,
    -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0,
};

/* Tries a step of h seconds from *now and its amounts n.  Returns a status; sets the amounts and
   the state after the step, and the estimated error. */
static uint8_t try_step(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                        double *after, fr_instant *then, double *error)
{
    double rates[STAGES][N_AMOUNTS];
    memcpy(rates[0], now->rate, sizeof rates[0]);
    *then = *now;
    for (int stage = 1; stage < STAGES; stage++) {
        for (int j = 0; j < N_AMOUNTS; j++) {
            double sum = 0.0;
            for (int i = 0; i < stage; i++)
                sum += stage_terms[stage - 1][i] * rates[i][j];
            after[j] = n[j] + h * sum;
        }
        const uint8_t status = instant_of(r, after, then);
        if (status)
            return status;
        memcpy(rates[stage], then->rate, sizeof rates[stage]);
    }
    *error = 0.0;
    for (int j = 0; j < N_AMOUNTS; j++) {
        double sum = 0.0;
        for (int i = 0; i < STAGES; i++)
            sum += error_terms[i] * rates[i][j];
        const double size = magnitude(h * sum);
        *error = size > *error ? size : *error;
    }
    return 0;
}

/* ---- crossings ---- */

enum { MOST_PARTS = 60 };

/* The distance of V beyond the threshold, on the side that is asked for. */
static double beyond(const fr_rundown *r, double V)
{
    return r->side * (V - r->threshold);
}

/* Returns the speed at which V approaches the threshold, by the derivative of the net current. */
static double approach(const fr_rundown *r, const fr_instant *s)
{
    const fr_membrane *const m = &r->m;
    const double *const ion = s->in.ion, *const rate = s->rate;
    const double growth = ((rate[ION_NA] + rate[ION_K]) + rate[ION_CL]) / m->total;
    double change[N_AMOUNTS];
    for (int j = 0; j < N_AMOUNTS; j++)
        change[j] = (rate[j] - (m->fixed > 0.0 ? 0.0 : ion[j] * growth)) / s->in.volume;
    const double na = change[ION_NA], k = change[ION_K], cl = change[ION_CL];
    const double pump =
        3.0 * s->in.pump * m->na_half / (ion[ION_NA] * (ion[ION_NA] + m->na_half)) * na;
    if (!r->field) {
        const double drive =
            m->cl * cl / ion[ION_CL] - m->na * na / ion[ION_NA] - m->k * k / ion[ION_K];
        return r->side * ((m->phi * drive - pump) / (m->na + m->k + m->cl));
    }
    const fr_balance b = field_balance(m, &s->in);
    const double inward = m->cl * cl * bernoulli(s->u);
    const double outward = (m->na * na + m->k * k) * bernoulli(-s->u) + pump / FR_FARADAY;
    return r->side * (inward - outward) / (b.den[0] * share(s->u) + b.num[0] * share(-s->u));
}

/* The state after a part of an accepted step. */
static fr_instant within_step(const fr_rundown *r, double h, const double *n, const fr_instant *now)
{
    double error, after[N_AMOUNTS];
    fr_instant then;
    if (try_step(r, h, n, now, after, &then, &error))
        then.V = NAN;
    return then;
}

/* Returns a part of an accepted step at which V is beyond the threshold, though it is not at the
   end: V must have an extremum between, which is approached until it is seen to pass or not.  Or
   returns NaN. */
static double part_beyond(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                          const fr_instant *then)
{
    double low = 0.0, high = 1.0;
    if (!(approach(r, now) > 0.0 && approach(r, then) < 0.0))
        return NAN;
    for (int i = 0; i < MOST_PARTS; i++) {
        const double middle = 0.5 * low + 0.5 * high;
        const fr_instant at = within_step(r, middle * h, n, now);
        if (beyond(r, at.V) >= 0.0)
            return middle;
        if (middle <= low || middle >= high)
            break;
        if (approach(r, &at) > 0.0)
            low = middle;
        else
            high = middle;
    }
    return NAN;
}

/* Returns the first part of an accepted step at which V reaches the threshold, or NaN.  Chords with
   a halved end (Illinois), and middles where these do not help, narrow the bracket. */
static double crossing_in(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                          const fr_instant *then)
{
    double low = 0.0, below = beyond(r, now->V), high = 1.0, above = beyond(r, then->V);
    if (above < 0.0) {
        high = part_beyond(r, h, n, now, then);
        if (isnan(high))
            return NAN;
        above = beyond(r, within_step(r, high * h, n, now).V);
    }
    int last = 0;
    for (int i = 0; i < MOST_PARTS && above > 1e-13; i++) {
        const double chord = low + (high - low) * (below / (below - above));
        const double part = i % 4 < 3 && chord > low && chord < high ? chord : 0.5 * (low + high);
        if (part <= low || part >= high)
            break;
        const double found = beyond(r, within_step(r, part * h, n, now).V);
        if (found >= 0.0) {
            high = part;
            above = found;
            below *= last > 0 ? 0.5 : 1.0;
            last = 1;
        } else {
            low = part;
            below = found;
            above *= last < 0 ? 0.5 : 1.0;
            last = -1;
        }
    }
    return high;
}
