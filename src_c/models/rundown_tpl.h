/* The inside of one cell in time: dn/dt = -(A/w0)(I + I_pump)/(z F) for the amounts n of Na, K and
 * Cl.
 *
 * V is that of zero net current at every instant: the charge of the membrane, which takes
 * milliseconds, is left out, and with it the only stiff part of the problem.  Water follows at
 * once.
 *
 * The pairs of Dormand & Prince (1980) take steps that are powers of two of an interval, so that
 * its end is met exactly.  A step depends on the cell alone: no bit changes with its neighbours.
 *
 * Expects living_tpl.h.
 */

enum { ION_NA, ION_K, ION_CL, N_AMOUNTS };
enum { FINEST = 40, MOST_RUNDOWN_STEPS = 1 << 16 }; /* of an interval */

/* The state at an instant. */
typedef struct {
    double V, u; /* u = V/phi, from which the next search begins */
    double inside[N_AMOUNTS], volume, pump;
    double rate[N_AMOUNTS]; /* dn/dt, mM of the first volume per second */
} fr_instant;

/* Computes V/phi and the fluxes by the constant field.  Returns a status. */
static uint8_t field_instant(const fr_rundown *r, fr_instant *s)
{
    const double *const x = r->x, na = s->inside[ION_NA], k = s->inside[ION_K];
    const double cl = s->inside[ION_CL];
    uint8_t status = 0;
    fr_balance b = {{0.0}, {0.0}, s->pump / FR_FARADAY};
    b.num[0] = x[LEAK_NA] * x[BATH_NA] + x[LEAK_K] * x[BATH_K] + x[LEAK_CL] * cl;
    b.den[0] = x[LEAK_NA] * na + x[LEAK_K] * k + x[LEAK_CL] * x[BATH_CL];
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
    s->V = phi_of(x[CELSIUS]) * s->u;
    const double plus = bernoulli(s->u), minus = bernoulli(-s->u);
    const double pump = s->pump / FR_FARADAY;
    s->rate[ION_NA] = -(x[LEAK_NA] * (na * minus - x[BATH_NA] * plus) + 3.0 * pump);
    s->rate[ION_K] = -(x[LEAK_K] * (k * minus - x[BATH_K] * plus) - 2.0 * pump);
    s->rate[ION_CL] = -(x[LEAK_CL] * (cl * plus - x[BATH_CL] * minus));
    return status;
}

/* The same by conductances and cotransporters. */
static uint8_t chord_instant(const fr_rundown *r, fr_instant *s)
{
    const double *const x = r->x, phi = phi_of(x[CELSIUS]);
    const double A = x[LEAK_NA], B = x[LEAK_K], D = x[LEAK_CL], total = A + B + D;
    if (!is_moderate(total) || !is_normal(x[BATH_NA]) || !is_normal(x[BATH_K]) ||
        !is_normal(x[BATH_CL]))
        return FR_RANGE;
    const double E_na = phi * log_ratio(x[BATH_NA], s->inside[ION_NA]);
    const double E_k = phi * log_ratio(x[BATH_K], s->inside[ION_K]);
    const double E_cl = phi * log_ratio(s->inside[ION_CL], x[BATH_CL]);
    s->V = (A * E_na + B * E_k + D * E_cl - s->pump) / total;
    s->u = s->V / phi;
    const double na = s->V - E_na, k = s->V - E_k, cl = s->V - E_cl;
    const double nkcc = x[LEAK_NKCC] * (na + k - 2.0 * cl), kcc = x[LEAK_KCC] * (k - cl);
    s->rate[ION_NA] = -(A * na + nkcc + 3.0 * s->pump) / FR_FARADAY;
    s->rate[ION_K] = -(B * k + nkcc + kcc - 2.0 * s->pump) / FR_FARADAY;
    s->rate[ION_CL] = (D * cl - 2.0 * nkcc - kcc) / FR_FARADAY;
    return 0;
}

/* Computes the state of amounts n.  Returns a status: FR_NO_SOLUTION if an ion is used up. */
static uint8_t instant_of(const fr_rundown *r, const double *n, fr_instant *s)
{
    const double *const x = r->x;
    const double solutes = (n[ION_NA] + n[ION_K]) + (n[ION_CL] + x[AMOUNT_X]);
    s->volume = r->fixed_volume ? 1.0 : solutes / solutes_outside(x);
    for (int j = 0; j < N_AMOUNTS; j++) {
        s->inside[j] = n[j] / s->volume;
        if (!(s->inside[j] >= DBL_MIN))
            return FR_NO_SOLUTION;
    }
    const double na = occupancy(s->inside[ION_NA], x[NA_HALF]), k = occupancy(x[BATH_K], x[K_HALF]);
    s->pump = pump_law(x[PUMP_MAX], na, k);
    const uint8_t status = r->field ? field_instant(r, s) : chord_instant(r, s);
    for (int j = 0; j < N_AMOUNTS; j++)
        s->rate[j] *= r->surface;
    return status;
}

/* ---- steps ---- */

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

/* Returns 2^-n, 0 <= n <= 1000. */
static double half_to(int n)
{
    return double_of((uint64_t)(1023 - n) << 52);
}

/* ---- crossings ---- */

enum { MOST_BISECTIONS = 60 };

/* The distance of V beyond the threshold, on the side that is asked for. */
static double beyond(const fr_rundown *r, double V)
{
    return r->side * (V - r->threshold);
}

/* A number of the sign with which V approaches the threshold, from V a little later. */
static double approach(const fr_rundown *r, double h, const double *n, const fr_instant *now)
{
    double later[N_AMOUNTS];
    fr_instant then = *now;
    for (int j = 0; j < N_AMOUNTS; j++)
        later[j] = n[j] + (h * 0x1p-20) * now->rate[j];
    return instant_of(r, later, &then) ? 0.0 : beyond(r, then.V) - beyond(r, now->V);
}

/* The state after a part of an accepted step. */
static fr_instant within_step(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                              double *after)
{
    double error;
    fr_instant then;
    if (try_step(r, h, n, now, after, &then, &error))
        then.V = NAN;
    return then;
}

/* Returns a part of an accepted step at which V is beyond the threshold, though it is not at the
   end: V must have an extremum between, which is approached until it is seen to pass or not.  Or
   returns NaN. */
static double part_beyond(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                          const double *after, const fr_instant *then)
{
    double low = 0.0, high = 1.0, some[N_AMOUNTS];
    if (!(approach(r, h, n, now) > 0.0 && approach(r, h, after, then) < 0.0))
        return NAN;
    for (int i = 0; i < MOST_BISECTIONS; i++) {
        const double middle = 0.5 * low + 0.5 * high;
        const fr_instant at = within_step(r, middle * h, n, now, some);
        if (beyond(r, at.V) >= 0.0)
            return middle;
        if (middle <= low || middle >= high)
            break;
        if (approach(r, h, some, &at) > 0.0)
            low = middle;
        else
            high = middle;
    }
    return NAN;
}

/* Returns the first part of an accepted step at which V reaches the threshold, or NaN. */
static double crossing_in(const fr_rundown *r, double h, const double *n, const fr_instant *now,
                          const double *after, const fr_instant *then)
{
    double low = 0.0, some[N_AMOUNTS];
    double high = beyond(r, then->V) < 0.0 ? part_beyond(r, h, n, now, after, then) : 1.0;
    for (int i = 0; i < MOST_BISECTIONS; i++) {
        const double middle = 0.5 * low + 0.5 * high;
        if (!(middle > low && middle < high)) /* or there is no crossing: NaN */
            break;
        if (beyond(r, within_step(r, middle * h, n, now, some).V) >= 0.0)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* ---- intervals ---- */

/* Integrates over an interval of `span` seconds.  *longest is the length of the last step, with
   which the next interval begins; *done is the part of the interval that was integrated, *crossed
   that at which V reaches the threshold, if it is not known yet. */
static uint8_t cross_interval(const fr_rundown *r, double span, double *n, fr_instant *now,
                              double *longest, double *done, double *crossed)
{
    const uint64_t whole = UINT64_C(1) << FINEST;
    uint64_t position = 0;
    int level = 0, steps = 0;
    while (level < FINEST && span * half_to(level) > *longest)
        level++;
    while (position < whole) {
        double after[N_AMOUNTS], error;
        fr_instant then;
        const double h = span * half_to(level);
        const uint8_t status = try_step(r, h, n, now, after, &then, &error);
        *done = (double)position * half_to(FINEST);
        if (++steps > MOST_RUNDOWN_STEPS)
            return FR_UNFINISHED;
        if (status || !(error <= r->tolerance)) {
            if (level++ == FINEST)
                return status ? status : FR_UNFINISHED;
            continue;
        }
        if (r->side != 0.0 && isnan(*crossed))
            *crossed = *done + half_to(level) * crossing_in(r, h, n, now, after, &then);
        memcpy(n, after, sizeof after);
        *now = then;
        *longest = h;
        position += whole >> level;
        if (level > 0 && error < r->tolerance / 64.0 && position % (whole >> (level - 1)) == 0)
            *longest = span * half_to(--level);
    }
    *done = 1.0;
    return 0;
}

FR_APART ptrdiff_t run_down(const fr_rundown *r, const double *times, ptrdiff_t count, double *n,
                            double *longest, double *out, uint8_t *status, double *stopped,
                            double *reached)
{
    fr_instant now;
    now.u = NAN;
    *status = instant_of(r, n, &now);
    *stopped = times[0];
    *reached = !*status && r->side != 0.0 && beyond(r, now.V) >= 0.0 ? times[0] : NAN;
    for (ptrdiff_t i = 0; i < count && !*status; i++) {
        if (i > 0 && times[i] > times[i - 1]) {
            double done, crossed = isnan(*reached) ? NAN : 0.0;
            const double span = times[i] - times[i - 1];
            *status = cross_interval(r, span, n, &now, longest, &done, &crossed);
            if (isnan(*reached))
                *reached = times[i - 1] + crossed * span;
            *stopped = times[i - 1] + done * span;
            if (*status)
                return i;
        }
        double *const row = out + i * FR_RUNDOWN_COLUMNS;
        row[0] = now.V;
        memcpy(row + 1, now.inside, sizeof now.inside);
        row[4] = now.volume;
        row[5] = now.pump;
    }
    return *status ? 0 : count;
}
