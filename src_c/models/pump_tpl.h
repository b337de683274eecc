/* The constant-field equation with an explicit pump current, for ions with |z| <= 3.
 *
 * With N_k, D_k the sums of GHK over ions of |z| = k (inward, outward) and p = I_pump/F, the net
 * current is 0 at the root u = V/phi of the increasing function
 *   G(u) = sum k [D_k B(-ku) - N_k B(ku)] + p,   B(y) = y/(exp(y) - 1)
 * The terms that push outward are P(u), those that push inward M(u).  ln(P/M) is nearly linear in
 * u: without a pump current and divalent ions it is u + ln(D/N).  A step goes to the root of the
 * cubic u(ln(P/M)) through the last two values and slopes, or is Newton's where that differs much
 * from it; 3 or 4 steps do as a rule.  A step that leaves the bracket of the root goes to its
 * middle.
 *
 * Lanes that are done keep their value while others go on, so that neighbours in a vector change
 * no bit.  A point that has not converged after MOST_STEPS is bisected.
 *
 * Expects ghk_tpl.h, pump_law_tpl.h, gradient_tpl.h and decay_tpl.h.
 */

enum { LARGEST_CHARGE = 3, MOST_STEPS = 24, MOST_HALVINGS = 1100 };
enum { SEARCHED = 32 }; /* points that are searched together: their state stays on the stack */

#define FR_FARADAY 0x1.78e555060882cp16 /* 96485.33212331001 C/mol: SI 2019 */

/* The coefficients of G at one point. */
typedef struct {
    double num[LARGEST_CHARGE], den[LARGEST_CHARGE], p;
} fr_balance;

/* P, M, and the derivative of ln(P/M). */
typedef struct {
    double push, pull, slope;
} fr_forces;

/* s(a) and s(-a) as in share_of, to nine digits: enough for the slope that a step needs. */
FR_INLINE fr_pair rough_share_of(double a, fr_decay d, fr_pair B)
{
    const double odd = a * (1.0 / 6.0 - a * a * (1.0 / 180.0)); /* below 0.02 */
    const double per = 1.0 / d.one_minus_E;
    const double inside = ((d.one_minus_E - a * d.E) * per) * per;
    const double outside = (d.E * (B.minus - 1.0)) * per;
    return (fr_pair){a < 0.02 ? 0.5 + odd : inside, a < 0.02 ? 0.5 - odd : outside};
}

/* Computes the forces at u; callers pass a constant `top`, the largest |z|. */
FR_INLINE fr_forces forces_at(const int top, const fr_balance *b, double u)
{
    const double a = above_zero(magnitude(u));
    const fr_decay one = decay(a);
    fr_decay d = one;
    fr_forces f = {b->p > 0.0 ? b->p : 0.0, b->p < 0.0 ? -b->p : 0.0, 0.0};
    double push_slope = 0.0, pull_slope = 0.0;
    double geometric = 1.0; /* 1 + E + ... + E^(k-1) */
    for (int k = 1; k <= top; k++) {
        const double ka = k * a, kk = (double)(k * k);
        const fr_pair B = bernoulli_of(ka, d), s = rough_share_of(ka, d, B);
        f.push += k * b->den[k - 1] * (u < 0.0 ? B.plus : B.minus);
        f.pull += k * b->num[k - 1] * (u < 0.0 ? B.minus : B.plus);
        push_slope += kk * b->den[k - 1] * (u < 0.0 ? s.minus : s.plus);
        pull_slope += kk * b->num[k - 1] * (u < 0.0 ? s.plus : s.minus);
        geometric += d.E;
        d = (fr_decay){d.E * one.E, one.one_minus_E * geometric};
    }
    f.push = f.push > DBL_MIN ? f.push : DBL_MIN;
    f.pull = f.pull > DBL_MIN ? f.pull : DBL_MIN;
    f.slope = push_slope / f.push + pull_slope / f.pull;
    return f;
}

/* Sums over the charge numbers: S = sum k x_k, and sum k^2 x_k. */
FR_INLINE double first_moment(const int top, const double *x)
{
    double sum = x[0];
    for (int k = 2; k <= top; k++)
        sum += k * x[k - 1];
    return sum;
}

FR_INLINE double second_moment(const int top, const double *x)
{
    double sum = x[0];
    for (int k = 2; k <= top; k++)
        sum += (double)(k * k) * x[k - 1];
    return sum;
}

/* A root that is searched: its bracket, the present value, the value before it, and L = ln(P/M) and
   du/dL there (NaN at first). */
typedef struct {
    double low, high, u, before, L, rate;
} fr_search;

/* The first value of a search if no side is empty: the potential of GHK, with the sums of |z| > 2
   in those of |z| = 2, or the potential that the pump current alone would give, if that lies
   further out. */
FR_INLINE fr_search begin_search(const int top, const fr_balance *b)
{
    const double p = b->p;
    const double all_num = second_moment(top, b->num), all_den = second_moment(top, b->den);
    const double low = -(first_moment(top, b->den) + p) / all_num;
    const double high = (first_moment(top, b->num) - p) / all_den;
    const double out = -p / (p > 0.0 ? all_num : all_den);
    const double passive = top == 1 ? log_ratio(b->num[0], b->den[0])
                                    : root_log(all_den, b->den[0] - b->num[0], all_num);
    double u = passive;
    u = p > 0.0 && out < u ? out : u;
    u = p < 0.0 && out > u ? out : u;
    fr_search s = {low < 0.0 ? low : 0.0, high > 0.0 ? high : 0.0, u, NAN, NAN, NAN};
    s.u = s.u > s.low ? s.u : s.low;
    s.u = s.u < s.high ? s.u : s.high;
    return s;
}

/* Takes one step from the forces at s->u.  Returns 0.0 if another must follow.
 *
 * After a step of length d the error is about d^2 for Newton's method, and d^2 e^2 for the cubic if
 * the step before had the length e. */
FR_INLINE double step(double push, double pull, double slope, fr_search *s)
{
    const double L = log_ratio(push, pull), u = s->u, rate = 1.0 / slope;
    const double per = 1.0 / (s->L - L), past = s->before - u;
    const double bend = (past * per - rate) * per; /* divided differences */
    const double twist = ((s->rate - past * per) * per - bend) * per;
    const double newton = -L * rate, cubic = newton + L * L * (bend - s->L * twist);
    const double apart = magnitude(cubic - newton), most = 0.5 * magnitude(newton);
    const double next = u + (apart <= most ? cubic : newton); /* newton if NaN */
    const double low = L > 0.0 ? s->low : u, high = L > 0.0 ? u : s->high;
    const double middle = 0.5 * low + 0.5 * high;
    const double now = next < low ? middle : next > high ? middle : next;
    const double size = magnitude(now), moved = magnitude(now - u);
    const double strayed = now == next ? 0.0 : 1.0, rough = apart <= most ? strayed : 1.0;
    const double least = 1e-13 * (size > 1.0 ? size : 1.0);
    *s = (fr_search){low, high, now, u, L, rate};
    return (moved <= least ? 1.0 : 0.0) + (moved + strayed <= 1e-9 ? 1.0 : 0.0) +
           (moved * magnitude(past) + rough <= 1e-9 ? 1.0 : 0.0);
}

/* The root for equal sides of monovalent ions, exactly: the identity V = -phi p/D. */
FR_INLINE double root_of(const int top, const fr_balance *b, double u)
{
    return top == 1 && b->num[0] == b->den[0] ? -(b->p / b->den[0]) + 0.0 : u;
}

/* ---- single points ---- */

static double bisect(const int top, const fr_balance *b, fr_search s, uint8_t *status)
{
    for (int n = 0; n < MOST_HALVINGS; n++) {
        const double middle = 0.5 * s.low + 0.5 * s.high;
        if (middle <= s.low || middle >= s.high)
            return middle;
        const fr_forces f = forces_at(top, b, middle);
        if (log_ratio(f.push, f.pull) > 0.0)
            s.high = middle;
        else
            s.low = middle;
    }
    *status = FR_UNFINISHED;
    return 0.5 * s.low + 0.5 * s.high;
}

FR_INLINE double solve_point(const int top, const fr_balance *b, fr_search s, uint8_t *status)
{
    const fr_search whole = s;
    for (int n = 0; n < MOST_STEPS; n++) {
        const fr_forces f = forces_at(top, b, s.u);
        if (step(f.push, f.pull, f.slope, &s) > 0.0)
            return root_of(top, b, s.u);
    }
    return bisect(top, b, whole, status);
}

/* Fills in the sums of a point.  Sets *num_alive and *den_alive if a term has no zero factor. */
static fr_balance balance_at(const fr_model *model, const double *x, int *num_alive, int *den_alive)
{
    const int n = model->n_ions;
    fr_sum num[LARGEST_CHARGE] = {{0.0, 0}}, den[LARGEST_CHARGE] = {{0.0, 0}};
    fr_balance b;
    *num_alive = *den_alive = 0;
    for (int j = 0; j < n; j++) {
        const int z = model->z[j], k = (z > 0 ? z : -z) - 1;
        add_term(&num[k], x[j], 1.0, z > 0 ? x[n + j] : x[2 * n + j]);
        add_term(&den[k], x[j], 1.0, z > 0 ? x[2 * n + j] : x[n + j]);
    }
    for (int k = 0; k < LARGEST_CHARGE; k++) {
        b.num[k] = num[k].sum;
        b.den[k] = den[k].sum;
        *num_alive |= num[k].alive;
        *den_alive |= den[k].alive;
    }
    b.p = pump_current_at(model, x) / FR_FARADAY;
    return b;
}

static int largest_charge(const fr_model *model)
{
    int top = 1;
    for (int j = 0; j < model->n_ions; j++) {
        const int z = model->z[j] > 0 ? model->z[j] : -model->z[j];
        top = z > top ? z : top;
    }
    return top;
}

/* The bracket of the root if one side is empty: B(y) <= exp(-y/2). */
static fr_search one_sided_search(const fr_balance *b, double S_num, double S_den)
{
    const double p = b->p, all_num = second_moment(LARGEST_CHARGE, b->num),
                 all_den = second_moment(LARGEST_CHARGE, b->den);
    const double low =
        all_num > 0.0 ? -(S_den + p) / all_num : -2.0 * log_ratio(S_den, magnitude(p));
    const double high =
        all_den > 0.0 ? (S_num - p) / all_den : 2.0 * log_ratio(S_num, magnitude(p));
    fr_search s = {low < 0.0 ? low : 0.0, high > 0.0 ? high : 0.0, 0.0, NAN, NAN, NAN};
    s.u = 0.5 * s.low + 0.5 * s.high;
    return s;
}

static double pump_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions, columns = fr_model_columns(model);
    const double celsius = x[3 * n];
    int num_alive, den_alive;

    uint8_t bad = celsius_status(celsius);
    for (int j = 0; j < columns; j++)
        if (j < 3 * n || j > 3 * n + 1)
            bad |= nonnegative_status(x[j]);
    if (!isfinite(x[3 * n + 1]))
        bad |= FR_NOT_FINITE;
    if (bad)
        return special(bad, NAN, status);

    const fr_balance b = balance_at(model, x, &num_alive, &den_alive);
    const double N = first_moment(LARGEST_CHARGE, b.num), D = first_moment(LARGEST_CHARGE, b.den);
    const double p = b.p;
    if ((num_alive && !is_moderate(N)) || (den_alive && !is_moderate(D)) ||
        (p != 0.0 && !is_moderate(magnitude(p))))
        return special(FR_RANGE, NAN, status);
    if (N == 0.0 && D == 0.0)
        return special(p == 0.0 ? FR_NO_PERMEANT : FR_NO_SOLUTION, NAN, status);
    if (p == 0.0 && (N == 0.0 || D == 0.0))
        return special(FR_INFINITE, N == 0.0 ? -INFINITY : INFINITY, status);
    if ((D == 0.0 && p < 0.0) || (N == 0.0 && p > 0.0))
        return special(FR_NO_SOLUTION, NAN, status);

    *status = 0;
    const int top = largest_charge(model), one_sided = N == 0.0 || D == 0.0;
    const double phi = phi_of(celsius);
    switch (top) {
#define SOLVE(k) \
    phi *solve_point(k, &b, one_sided ? one_sided_search(&b, N, D) : begin_search(k, &b), status)
    case 1: return SOLVE(1);
    case 2: return SOLVE(2);
    default: return SOLVE(3);
#undef SOLVE
    }
}

/* ---- ordinary points, a chunk at a time ---- */

/* The sums of a chunk by charge number, and p. */
typedef struct {
    double num[LARGEST_CHARGE][CHUNK], den[LARGEST_CHARGE][CHUNK], p[CHUNK];
} fr_balances;

FR_INLINE fr_balance balance_of(const int top, const fr_balances *all, ptrdiff_t i)
{
    fr_balance b;
    for (int k = 0; k < top; k++) {
        b.num[k] = all->num[k][i];
        b.den[k] = all->den[k][i];
    }
    b.p = all->p[i];
    return b;
}

/* Searches the roots of the points first ... first + n - 1; callers pass a constant `top`.  Sets
   bit 63 of the word of a point that has not converged. */
FR_INLINE void search_strip(const int top, const fr_balances *all, ptrdiff_t first, ptrdiff_t n,
                            double *restrict roots, uint64_t *restrict suspect)
{
    double low[SEARCHED], high[SEARCHED], u[SEARCHED], before[SEARCHED], L[SEARCHED],
        rate[SEARCHED], done[SEARCHED];
    double push[SEARCHED], pull[SEARCHED], slope[SEARCHED];
    for (ptrdiff_t i = 0; i < n; i++) {
        const fr_balance b = balance_of(top, all, first + i);
        const fr_search s = begin_search(top, &b);
        low[i] = s.low;
        high[i] = s.high;
        u[i] = s.u;
        before[i] = s.before;
        L[i] = s.L;
        rate[i] = s.rate;
        done[i] = double_of((0 - (suspect[first + i] >> 63)) & FR_ONE);
    }
    for (int pass = 0; pass < MOST_STEPS; pass++) {
        uint64_t finished = FR_ONE;
        for (ptrdiff_t i = 0; i < n; i++) {
            const fr_balance b = balance_of(top, all, first + i);
            const fr_forces f = forces_at(top, &b, u[i]);
            push[i] = f.push;
            pull[i] = f.pull;
            slope[i] = f.slope;
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            fr_search s = {low[i], high[i], u[i], before[i], L[i], rate[i]};
            const double last = step(push[i], pull[i], slope[i], &s);
            low[i] = s.low;
            high[i] = s.high;
            before[i] = s.before;
            L[i] = s.L;
            rate[i] = s.rate;
            u[i] = done[i] > 0.0 ? u[i] : s.u;
            done[i] = done[i] > 0.0 ? 1.0 : last > 0.0 ? 1.0 : 0.0;
        }
        for (ptrdiff_t i = 0; i < n; i++)
            finished &= bits_of(done[i]);
        if (finished == FR_ONE)
            break;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const fr_balance b = balance_of(top, all, first + i);
        roots[first + i] = root_of(top, &b, u[i]);
        suspect[first + i] |= (bits_of(done[i]) - 1) & SIGN; /* 0.0 */
    }
}

FR_APART void search_1(const fr_balances *all, ptrdiff_t first, ptrdiff_t n, double *roots,
                       uint64_t *suspect)
{
    search_strip(1, all, first, n, roots, suspect);
}

FR_APART void search_2(const fr_balances *all, ptrdiff_t first, ptrdiff_t n, double *roots,
                       uint64_t *suspect)
{
    search_strip(2, all, first, n, roots, suspect);
}

FR_APART void search_3(const fr_balances *all, ptrdiff_t first, ptrdiff_t n, double *roots,
                       uint64_t *suspect)
{
    search_strip(3, all, first, n, roots, suspect);
}

static uint64_t pump_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                           double *restrict V, uint64_t *restrict suspect)
{
    const int top = largest_charge(model);
    const double *const celsius = in->x[3 * model->n_ions];
    const uint64_t zero = hidden_zero();
    fr_balances all;
    double phi[CHUNK];
    uint64_t any = 0;

    memset(suspect, 0, (size_t)n * sizeof *suspect);
    for (int k = 0; k < top; k++) {
        const fr_terms terms = terms_of(model, k + 1, in->x);
        sum_terms(&terms, n, all.num[k], all.den[k], suspect);
    }
    pump_currents(model, n, in, all.p, suspect);
    for (ptrdiff_t i = 0; i < n; i++)
        all.p[i] /= FR_FARADAY;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double degrees = read_once(celsius + i, zero);
        const uint64_t p = bits_of(all.p[i]) & ~SIGN;
        const fr_balance b = balance_of(top, &all, i);
        suspect[i] |= not_temperate(degrees) | not_moderate(first_moment(top, b.num)) |
                      not_moderate(first_moment(top, b.den)) |
                      (not_moderate(double_of(p)) & (0 - p));
        phi[i] = phi_of(degrees);
    }
    for (ptrdiff_t first = 0; first < n; first += SEARCHED) {
        const ptrdiff_t length = shorter(n - first, SEARCHED);
        if (top == 1)
            search_1(&all, first, length, V, suspect);
        else if (top == 2)
            search_2(&all, first, length, V, suspect);
        else
            search_3(&all, first, length, V, suspect);
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        any |= suspect[i];
        V[i] = phi[i] * V[i];
    }
    return any;
}

/* ---- derivatives, by the implicit function ---- */

/* Computes the derivatives of a valid potential V:  dV/dI_pump = -phi/(F G'(u)), and that of any
   other input is phi/G' times what the input adds to the inward current. */
static void pump_slopes_at(const fr_model *model, const double *x, double V, double *slopes)
{
    const int n = model->n_ions;
    const double phi = phi_of(x[3 * n]), u = V / phi;
    double slope = 0.0;
    for (int j = 0; j < n; j++) {
        const double z = model->z[j];
        slope += z * z * (x[j] * (x[2 * n + j] * share(z * u) + x[n + j] * share(-z * u)));
    }
    const double per_flux = phi / slope;
    for (int j = 0; j < n; j++) {
        const double z = model->z[j], outside = bernoulli(z * u), inside = bernoulli(-z * u);
        slopes[j] = -z * per_flux * (x[2 * n + j] * inside - x[n + j] * outside) + 0.0;
        slopes[n + j] = z * per_flux * (x[j] * outside) + 0.0;
        slopes[2 * n + j] = -z * per_flux * (x[j] * inside) + 0.0;
    }
    slopes[3 * n] = V / (x[3 * n] + FR_KELVIN_AT_0_CELSIUS);
    add_pump_slopes(model, x, -per_flux / FR_FARADAY, slopes);
}

static double pump_slopes_point(const fr_model *model, const double *x, double *slopes,
                                uint8_t *status)
{
    const double V = pump_point(model, x, status);
    if (!without_slopes(model, *status, slopes))
        pump_slopes_at(model, x, V, slopes);
    return V;
}

static uint64_t pump_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                  double *restrict V, double *const *slopes,
                                  uint64_t *restrict suspect)
{
    const int columns = fr_model_columns(model);
    const uint64_t any = pump_chunk(model, n, in, V, suspect);
    for (ptrdiff_t i = 0; i < n; i++) {
        double x[FR_MAX_COLUMNS], found[FR_MAX_COLUMNS];
        if (suspect[i] & SIGN)
            continue;
        for (int j = 0; j < columns; j++)
            x[j] = in->x[j][i];
        pump_slopes_at(model, x, V[i], found);
        for (int j = 0; j < columns; j++)
            if (slopes[j])
                slopes[j][i] = found[j];
    }
    return any;
}
