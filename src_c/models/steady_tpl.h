/* The steady state of a cell whose pump and leaks set its insides: conductances, cotransporters and
 * a constant 3:2 pump current (Mori 2012; Keener & Sneyd 2009).
 *
 * V, the inside concentrations and X, the concentration of impermeant solutes of mean charge z_X,
 * follow from no net flux of Na, K and Cl, neutrality, and osmotic balance.  The driving forces
 * a_j = (V - E_j)/phi solve a linear system.  Cramer's rule gives d_Na = a_Na - a_Cl and
 * d_K = a_K - a_Cl as quotients of sums of one sign, which lose no digit.  With
 *   S = Na_out exp(d_Na) + K_out exp(d_K),   r = 4 Cl_out S/total^2,   total = all solutes outside
 * a steady state exists if and only if the margin 1 - r is greater than 0.
 *
 * Expects domain_tpl.h, log_ratio_tpl.h and exp_tpl.h.
 */

/* Columns of FR_CHORD_STEADY, and further ones of the equations with a saturating pump. */
enum {
    LEAK_NA,
    LEAK_K,
    LEAK_CL,
    LEAK_NKCC,
    LEAK_KCC,
    BATH_NA,
    BATH_K,
    BATH_CL,
    BATH_X,
    CHARGE_X,
    CELSIUS,
    PUMP_MAX,
    AMOUNT_X,
    STEADY_COLUMNS,
    NA_HALF = STEADY_COLUMNS,
    K_HALF
};
_Static_assert(K_HALF + 1 == (int)FR_LIVING_COLUMNS, "fastrest.h counts these columns");

#define LEAST_MARGIN 0x1p-50
#define MOST_DRIVE 700.0

/* The determinants of the driving forces: d_Na = -q na/all, d_K = q k/all, a_Cl = q cl/all, with
   q = I_pump/phi. */
typedef struct {
    double all, na, k, cl;
} fr_determinants;

FR_INLINE fr_determinants determinants_of(double A, double B, double D, double w, double v)
{
    return (fr_determinants){
        A * B * D + w * (B * D + A * D + 4.0 * (A * B)) + v * A * (B + D) + w * v * (A + B + D),
        3.0 * (B * D) + w * (6.0 * B + 5.0 * D + 4.0 * A) + v * (3.0 * B + 3.0 * D + 2.0 * A),
        2.0 * (A * D) + w * (4.0 * A + 5.0 * D + 6.0 * B),
        2.0 * A * (2.0 * w + v) - w * (6.0 * B + v),
    };
}

/* The sum of all solutes outside. */
FR_INLINE double solutes_outside(const double *x)
{
    return (x[BATH_NA] + x[BATH_K]) + (x[BATH_CL] + x[BATH_X]);
}

/* A steady state, in the quantities that its outputs are made of. */
typedef struct {
    fr_determinants det;
    double phi, d_na, d_k, a_cl;
    double exp_na, exp_k, na, k;   /* exp(d), and Na_out exp(d_Na), K_out exp(d_K) */
    double total, r, margin, root; /* root^2 = r + z^2 margin */
    double more, less;             /* cations and Cl inside, or Cl and cations if z_X > 0 */
    uint64_t suspect;
} fr_steady;

FR_INLINE fr_steady steady_of(const double *x)
{
    fr_steady s;
    s.det = determinants_of(x[LEAK_NA], x[LEAK_K], x[LEAK_CL], x[LEAK_NKCC], x[LEAK_KCC]);
    s.phi = phi_of(x[CELSIUS]);
    const double z = magnitude(x[CHARGE_X]), unit = x[PUMP_MAX] / s.phi / s.det.all;
    s.d_na = -unit * s.det.na;
    s.d_k = unit * s.det.k;
    s.a_cl = unit * s.det.cl;
    s.exp_na = exponential(s.d_na);
    s.exp_k = exponential(s.d_k);
    s.na = x[BATH_NA] * s.exp_na;
    s.k = x[BATH_K] * s.exp_k;
    s.total = solutes_outside(x);
    const double product = x[BATH_CL] * (s.na + s.k);
    s.r = 4.0 * product / (s.total * s.total);
    s.margin = 1.0 - s.r;
    s.root = sqrt(s.r + z * z * s.margin);
    s.more = 0.5 * s.total * (s.root + s.r + z * s.margin) / (1.0 + s.root);
    s.less = product / s.more;
    s.suspect = bits_of(x[LEAK_NA]) | bits_of(x[LEAK_K]) | bits_of(x[LEAK_CL]) |
                bits_of(x[LEAK_NKCC]) | bits_of(x[LEAK_KCC]) | not_normal(s.det.all) |
                (bits_of(MOST_DRIVE) - bits_of(magnitude(s.d_na))) |
                (bits_of(MOST_DRIVE) - bits_of(magnitude(s.d_k))) |
                (bits_of(MOST_DRIVE) - bits_of(magnitude(s.a_cl))) | not_moderate(x[BATH_NA]) |
                not_moderate(x[BATH_K]) | not_moderate(x[BATH_CL]) | bits_of(x[BATH_X]) |
                not_moderate(s.total) | not_temperate(x[CELSIUS]) | bits_of(x[AMOUNT_X]) |
                (bits_of(x[AMOUNT_X]) + LEAST_NORMAL) | ~bits_of(LEAST_MARGIN - s.margin) |
                not_moderate(s.root) | not_normal(s.less);
    return s;
}

/* Returns E_Cl in units of phi. */
FR_INLINE double chloride_potential(const fr_steady *s, const double *x)
{
    const int reversed = x[CHARGE_X] > 0.0;
    return log_ratio(reversed ? s->more : s->na + s->k, reversed ? x[BATH_CL] : s->more);
}

/* Returns an output of a steady state; callers pass a constant output. */
FR_INLINE double output_of(const int output, const fr_steady *s, const double *x)
{
    const double cations = x[CHARGE_X] > 0.0 ? s->less : s->more, S = s->na + s->k;
    switch (output) {
    case FR_OF_V: return s->phi * (s->a_cl + chloride_potential(s, x));
    case FR_OF_NA: return cations * (s->na / S);
    case FR_OF_K: return cations * (s->k / S);
    case FR_OF_CL: return x[CHARGE_X] > 0.0 ? s->more : s->less;
    case FR_OF_X: return s->total * s->margin / (1.0 + s->root);
    case FR_OF_VOLUME: return x[AMOUNT_X] / (s->total * s->margin / (1.0 + s->root));
    case FR_OF_MARGIN: return s->margin;
    case FR_OF_E_NA: return s->phi * (chloride_potential(s, x) - s->d_na);
    case FR_OF_E_K: return s->phi * (chloride_potential(s, x) - s->d_k);
    case FR_OF_E_CL: return s->phi * chloride_potential(s, x);
    case FR_OF_TOTAL: return s->total;
    default: return x[PUMP_MAX];
    }
}

/* ---- single points ---- */

static uint8_t steady_inputs_status(const double *x)
{
    uint8_t bad = celsius_status(x[CELSIUS]);
    for (int j = 0; j < STEADY_COLUMNS; j++)
        if (j != CELSIUS)
            bad |= nonnegative_status(j == CHARGE_X || j == PUMP_MAX ? magnitude(x[j]) : x[j]);
    return bad;
}

/* Returns 1 if the conductances determine all driving forces. */
static int is_determined(const double *x)
{
    const int a = x[LEAK_NA] > 0.0, b = x[LEAK_K] > 0.0, d = x[LEAK_CL] > 0.0;
    const int nkcc = x[LEAK_NKCC] > 0.0, kcc = x[LEAK_KCC] > 0.0, leaks = a + b + d;
    return leaks == 3 || (nkcc && leaks == 2) || (kcc && a && leaks >= 2) ||
           (nkcc && kcc && leaks >= 1);
}

/* Judges the cases that lack an ion or a conductance.  Without Cl, cotransporters stand still and
   the leak of Cl does not matter: sets these conductances.  Returns a status. */
static uint8_t steady_case(double *x)
{
    const double pump = x[PUMP_MAX], z = x[CHARGE_X];
    const int na = x[BATH_NA] > 0.0, k = x[BATH_K] > 0.0, cl = x[BATH_CL] > 0.0;
    if (!na && !k && !cl)
        return FR_NO_PERMEANT;
    if (pump != 0.0 && (!na || !k))
        return FR_NO_SOLUTION;
    if ((!cl && z >= 0.0) || (!na && !k && z <= 0.0))
        return FR_NO_SOLUTION; /* nothing balances the charge of X, or V is infinite */
    if (!cl) {
        x[LEAK_NKCC] = x[LEAK_KCC] = 0.0;
        x[LEAK_CL] = 1.0;
    }
    if (is_determined(x))
        return 0;
    const int opposed = x[LEAK_NA] > 0.0 && x[LEAK_K] > 0.0;
    return pump != 0.0 && !opposed ? FR_NO_SOLUTION : FR_NO_PERMEANT;
}

/* Judges a computed steady state, and returns a status. */
static uint8_t steady_verdict(const fr_steady *s, const double *x)
{
    for (int j = BATH_NA; j <= BATH_CL; j++)
        if (x[j] != 0.0 && !is_moderate(x[j]))
            return FR_RANGE;
    if (!is_moderate(s->total) || !is_normal(s->det.all) || !isfinite(s->d_na - s->d_k + s->a_cl))
        return FR_RANGE;
    /* exp(d) is clipped: one next to 0 does not matter, one too large leaves room at most once */
    if (s->margin <= LEAST_MARGIN)
        return FR_NO_SOLUTION;
    const int far = s->d_na > MOST_DRIVE || s->d_k > MOST_DRIVE;
    return far || !is_moderate(s->root) ? FR_RANGE : 0;
}

/* Computes the steady state of a point.  x is changed where values do not matter.  Returns the
   status of an output: the margin is known where it is negative, too. */
static uint8_t solve_steady(int output, double *x, fr_steady *s)
{
    uint8_t bad = steady_inputs_status(x);
    bad = bad ? bad : steady_case(x);
    if (bad)
        return bad;
    *s = steady_of(x);
    bad = steady_verdict(s, x);
    if (output != FR_OF_MARGIN || bad != FR_NO_SOLUTION)
        return bad;
    s->margin = s->margin > 0.0 ? 0.0 : s->margin; /* rounding alone is no room */
    return 0;
}

/* Returns an output of a point that has a steady state. */
FR_INLINE double steady_value(const int output, const fr_steady *s, const double *x,
                              uint8_t *status)
{
    const int no_na = x[BATH_NA] == 0.0, no_k = x[BATH_K] == 0.0, no_cl = x[BATH_CL] == 0.0;
    if ((output == FR_OF_NA && (no_na || s->d_na < -MOST_DRIVE)) ||
        (output == FR_OF_K && (no_k || s->d_k < -MOST_DRIVE)) || (output == FR_OF_CL && no_cl))
        return special(0, 0.0, status);
    if ((output == FR_OF_E_NA && no_na) || (output == FR_OF_E_K && no_k) ||
        (output == FR_OF_E_CL && no_cl))
        return special(FR_NO_PERMEANT, NAN, status);
    const double found = output_of(output, s, x);
    return isfinite(found) ? special(0, found, status) : special(FR_RANGE, NAN, status);
}

/* The value of an output by its number. */
static double steady_value_of(int output, const fr_steady *s, const double *x, uint8_t *status)
{
    switch (output) {
#define VALUE_OF(NAME, name) \
    case FR_OF_##NAME: return steady_value(FR_OF_##NAME, s, x, status);
        FR_OUTPUTS(VALUE_OF)
#undef VALUE_OF
    default: return special(FR_RANGE, NAN, status);
    }
}

static double steady_point(const fr_model *model, const double *given, uint8_t *status)
{
    double x[STEADY_COLUMNS];
    fr_steady s;
    memcpy(x, given, sizeof x);
    *status = solve_steady(model->output, x, &s);
    return *status ? NAN : steady_value_of(model->output, &s, x, status);
}

/* ---- ordinary points, a chunk at a time ---- */

/* Computes a chunk; callers pass a constant output. */
FR_INLINE uint64_t steady_loop(const int output, ptrdiff_t n, const fr_columns *in,
                               double *restrict out, uint64_t *restrict suspect)
{
    const uint64_t zero = hidden_zero();
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        double x[STEADY_COLUMNS];
        for (int j = 0; j < STEADY_COLUMNS; j++)
            x[j] = read_once(in->x[j] + i, zero);
        const fr_steady s = steady_of(x);
        out[i] = output_of(output, &s, x);
        any |= suspect[i] = s.suspect | ((bits_of(out[i]) & ~SIGN) + LEAST_NORMAL);
    }
    return any;
}

#define LOOP_OF(NAME, name) \
    FR_APART uint64_t steady_loop_##NAME(ptrdiff_t n, const fr_columns *in, double *out, \
                                         uint64_t *suspect) \
    { \
        return steady_loop(FR_OF_##NAME, n, in, out, suspect); \
    }
FR_OUTPUTS(LOOP_OF)
#undef LOOP_OF

static uint64_t steady_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint64_t *restrict suspect)
{
    switch (model->output) {
#define CHUNK_OF(NAME, name) \
    case FR_OF_##NAME: return steady_loop_##NAME(n, in, V, suspect);
        FR_OUTPUTS(CHUNK_OF)
#undef CHUNK_OF
    default: return 0;
    }
}
