/* Cells that keep themselves, point by point: leaks by conductances or by the constant field, a
 * constant pump or one that follows the law of pump_law_tpl.h.
 *
 * At a given current conductances determine the inside.  The current of a saturating pump is the
 * root of Na_in(I(y)) - y, between 0 and all solutes outside.  A current at which no state exists
 * tells on which side of the root it is.
 *
 * Expects steady_gradient_tpl.h, field_tpl.h and pump_law_tpl.h.
 */

enum { MOST_CURRENTS = 300 };

/* A point, its pump current and its state; of x, PUMP_MAX is that current. */
typedef struct {
    int field; /* not 0: leaks by the constant field */
    double x[FR_LIVING_COLUMNS];
    double top; /* the largest current at this K_out */
    fr_steady chord;
    fr_field constant_field;
    uint8_t status; /* of the chord's state: FR_RANGE, FR_NO_SOLUTION, or 0 */
} fr_living;

static int is_constant(const fr_living *a)
{
    return a->x[NA_HALF] == 0.0 && a->x[K_HALF] == 0.0;
}

/* Computes the state of conductances at a current.  Returns 0, or the sign of the change of the
   current that would help. */
static int chord_state(fr_living *a, double current)
{
    a->x[PUMP_MAX] = current;
    a->chord = steady_of(a->x);
    a->status = steady_verdict(&a->chord, a->x);
    if (!a->status)
        return 0;
    /* the exponents of both exponentials, and so ln S, are convex in the current */
    return a->chord.k * a->chord.det.k < a->chord.na * a->chord.det.na ? 1 : -1;
}

static double inside_na(const fr_living *a)
{
    if (a->field)
        return a->constant_field.na;
    const double S = a->chord.na + a->chord.k;
    return (a->x[CHARGE_X] > 0.0 ? a->chord.less : a->chord.more) * (a->chord.na / S);
}

/* Returns the inside Na that conductances keep against the current of a pump that binds Na_in, less
   Na_in.  Sets *exists to 0 if there is no such state, and returns the sign of the change that
   would help. */
static double surplus(fr_living *a, double na_in, int *exists)
{
    const double na = occupancy(na_in, a->x[NA_HALF]);
    const int change = chord_state(a, a->top * (na * na * na));
    *exists = change == 0;
    return change ? change * a->x[BATH_NA] : inside_na(a) - na_in;
}

/* Finds the current of a saturating pump (Chandrupatla 1997).  Returns 1 if there is one. */
static int find_current(fr_living *a)
{
    const double total = solutes_outside(a->x);
    int exists_p, exists_q;
    double p = total, q = 0.0, f_q = surplus(a, q, &exists_q);
    if (f_q <= 0.0)
        return exists_q; /* there is no Na to pump */
    double f_p = surplus(a, p, &exists_p), t = 0.5;
    if (f_p > 0.0)
        return 0;
    for (int n = 0; n < MOST_CURRENTS && f_p != 0.0; n++) {
        const double now = p + t * (q - p), other_q = q, f_other_q = f_q;
        int exists;
        const double f = surplus(a, now, &exists);
        const int same = (f > 0.0) == (f_p > 0.0);
        const double other = same ? p : other_q, f_other = same ? f_p : f_other_q;
        if (!same) {
            q = p;
            f_q = f_p;
            exists_q = exists_p;
        }
        p = now;
        f_p = f;
        exists_p = exists;
        const double best = magnitude(f_p) < magnitude(f_q) ? p : q;
        const double least = 0x1p-52 * best / magnitude(q - p);
        if (least > 0.5)
            break;
        const double xi = (p - q) / (other - q), ratio = (f_p - f_q) / (f_other - f_q);
        t = 0.5;
        if (ratio * ratio < xi && (1.0 - ratio) * (1.0 - ratio) < 1.0 - xi)
            t = f_p / (f_q - f_p) * (f_other / (f_q - f_other)) +
                (other - p) / (q - p) * (f_p / (f_other - f_p)) * (f_q / (f_other - f_q));
        t = t < least ? least : t > 1.0 - least ? 1.0 - least : t;
    }
    const int both = exists_p && exists_q;
    const double found = exists_p && (!exists_q || magnitude(f_p) < magnitude(f_q)) ? p : q;
    const double rest = magnitude(surplus(a, found, &exists_p));
    /* where a state ceases to exist, the surplus may jump over 0 */
    return exists_p && (both || rest <= 1e-9 * total);
}

/* Judges what lacks an ion or a permeability; the largest current is in PUMP_MAX. */
static uint8_t field_case(double *x)
{
    const double cl = x[LEAK_CL], nkcc = x[LEAK_NKCC], kcc = x[LEAK_KCC];
    x[LEAK_NKCC] = x[LEAK_KCC] = 0.0;
    const uint8_t bad = nkcc != 0.0 || kcc != 0.0 ? FR_RANGE : steady_case(x);
    x[LEAK_CL] = cl;
    return bad;
}

/* Computes the state of a point.  Returns its status. */
static uint8_t solve_living(const fr_model *model, const double *given, fr_living *a)
{
    double *const x = memcpy(a->x, given, sizeof a->x);
    a->field = model->equation == FR_GHK_LIVING;
    uint8_t bad = steady_inputs_status(x);
    bad |= nonnegative_status(x[NA_HALF]) | nonnegative_status(x[K_HALF]);
    if (!is_constant(a)) /* backwards it might have several states */
        bad |= nonnegative_status(x[PUMP_MAX]);
    if (bad)
        return bad;
    const double k = occupancy(x[BATH_K], x[K_HALF]);
    a->top = is_constant(a) ? x[PUMP_MAX] : x[BATH_NA] == 0.0 ? 0.0 : x[PUMP_MAX] * (k * k);
    x[PUMP_MAX] = a->top;
    bad = a->field ? field_case(x) : steady_case(x);
    if (bad)
        return bad;
    for (int j = LEAK_NA; j <= BATH_CL; j++)
        if (x[j] != 0.0 && !is_moderate(x[j]))
            return FR_RANGE;
    if (magnitude(a->top) > 0x1p480 || magnitude(x[CHARGE_X]) > 0x1p240)
        return FR_RANGE;
    a->status = FR_NO_SOLUTION;
    if (a->field) {
        const int found = field_state(x, a->top, &a->constant_field);
        x[PUMP_MAX] = a->constant_field.at.rho * FR_FARADAY;
        if (is_constant(a))
            x[PUMP_MAX] = a->top;
        return found ? 0 : FR_NO_SOLUTION;
    }
    const int follows = !is_constant(a) && a->top != 0.0 && x[NA_HALF] != 0.0;
    if (follows ? find_current(a) : !chord_state(a, a->top))
        return 0;
    return a->status == FR_RANGE ? FR_RANGE : FR_NO_SOLUTION;
}

static double living_value(const fr_model *model, fr_living *a, uint8_t *status)
{
    const double *const x = a->x;
    if (!a->field)
        return steady_value_of(model->output, &a->chord, x, status);
    const int absent = (model->output == FR_OF_E_NA && x[BATH_NA] == 0.0) ||
                       (model->output == FR_OF_E_K && x[BATH_K] == 0.0) ||
                       (model->output == FR_OF_E_CL && x[BATH_CL] == 0.0);
    if (absent)
        return special(FR_NO_PERMEANT, NAN, status);
    const double found = field_output(model->output, &a->constant_field, x);
    return isfinite(found) ? special(0, found, status) : special(FR_RANGE, NAN, status);
}

static double living_point(const fr_model *model, const double *x, uint8_t *status)
{
    fr_living a;
    *status = solve_living(model, x, &a);
    return *status ? NAN : living_value(model, &a, status);
}

static uint64_t living_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint64_t *restrict suspect)
{
    (void)model;
    (void)in;
    (void)V;
    return leave_to_points(n, suspect);
}

/* ---- derivatives ---- */

/* The change of an output with column j at a given current, or with the current if j is PUMP_MAX.
 */
static double living_slope(int output, const fr_living *a, int j)
{
    if (j >= STEADY_COLUMNS)
        return 0.0;
    if (a->field)
        return field_slope(output, &a->constant_field, a->x, j);
    return steady_slope_by(output, &a->chord, a->x, j);
}

static double living_slopes_point(const fr_model *model, const double *x, double *slopes,
                                  uint8_t *status)
{
    fr_living a;
    *status = solve_living(model, x, &a);
    const double value = *status ? NAN : living_value(model, &a, status);
    if (without_slopes(model, *status, slopes))
        return value;
    const double current = a.x[PUMP_MAX], na_in = inside_na(&a);
    const double h_na = x[NA_HALF], h_k = x[K_HALF], k_out = x[BATH_K];
    const int follows = !is_constant(&a) && a.top != 0.0;
    const double k = occupancy(k_out, h_k), na = occupancy(na_in, h_na);
    const double by_na = follows ? 3.0 * current * h_na / (na_in * (na_in + h_na)) : 0.0;
    const double feedback = 1.0 - by_na * living_slope(FR_OF_NA, &a, PUMP_MAX);
    const double by_current = living_slope(model->output, &a, PUMP_MAX);
    for (int j = 0; j < FR_LIVING_COLUMNS; j++) {
        double law = 0.0; /* the change of the pump's law with the column itself */
        if (j == PUMP_MAX)
            law = is_constant(&a) ? 1.0 : (na * na * na) * (k * k);
        else if (follows && j == BATH_K)
            law = 2.0 * current * h_k / (k_out * (k_out + h_k));
        else if (follows && j == NA_HALF)
            law = -3.0 * current / (na_in + h_na);
        else if (follows && j == K_HALF)
            law = -2.0 * current / (k_out + h_k);
        const int itself = j != PUMP_MAX;
        if (follows && itself)
            law += by_na * living_slope(FR_OF_NA, &a, j);
        slopes[j] = (itself ? living_slope(model->output, &a, j) : 0.0) +
                    (law == 0.0 ? 0.0 : by_current * (law / feedback)) + 0.0;
    }
    return value;
}

static uint64_t living_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                    double *restrict V, double *const *slopes,
                                    uint64_t *restrict suspect)
{
    (void)slopes;
    return living_chunk(model, n, in, V, suspect);
}
