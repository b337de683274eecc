/* The value of one input at which no net current flows at a given V: an inverse problem, in closed
 * form, since each current is linear in every permeability, conductance and concentration.
 *
 *   field:  R + y c = 0,  R the terms without the input y, and c the factors of y in the others.
 *           A term is P c_in L(z) or -P c_out E(z), with L, E = z B(-z u), z B(z u), or, without a
 *           pump current, both times (x^2 - 1)/u with x = exp(u): polynomials in x (see ghk_tpl.h)
 * The pump ratio multiplies the terms of its ion; a pump current may have either sign.
 *
 * Sums are compensated.  One within rounding errors of its terms is 0: then y is 0, or of c any
 * value or none.  A negative y is no solution.
 *
 * Expects domain_tpl.h, log_ratio_tpl.h, exp_tpl.h, decay_tpl.h and pump_tpl.h.
 */

/* Columns: 3 n weights and concentrations, celsius, the pump current, V, and the pump ratio. */
enum { SOLVED_PUMP = 1, SOLVED_V, SOLVED_RATIO }; /* after celsius */

static int is_solution(const fr_model *model)
{
    return model->equation == FR_GHK_SOLUTION || model->equation == FR_FIELD_SOLUTION;
}

/* A sum of terms, its rounding error (Knuth two-sum), and the sum of their magnitudes. */
typedef struct {
    double sum, error, size;
} fr_exact_sum;

FR_INLINE void add_sized(fr_exact_sum *s, double term)
{
    const double sum = s->sum + term, back = sum - s->sum;
    s->error += (s->sum - (sum - back)) + (term - back);
    s->sum = sum;
    s->size += magnitude(term);
}

FR_INLINE double sized_total(fr_exact_sum s)
{
    return s.sum + s.error;
}

/* Rounding errors of the terms at u = V/phi, as a part of their size. */
FR_INLINE double roundings(double u)
{
    return (8.0 + magnitude(u)) * 0x1p-53;
}

/* L and E of an ion. */
typedef struct {
    double leaving, entering;
} fr_flows;

/* Computes the flows of charge number k > 0 at u, from d = decay(|u|); callers pass a constant
   `polynomials`. */
FR_INLINE fr_flows flows_of(const int polynomials, int k, double u, fr_decay d)
{
    const double p = u < 0.0 ? d.E : 1.0, q = u < 0.0 ? 1.0 : d.E;
    if (polynomials)
        return k == 1 ? (fr_flows){p * (p + q), q * (p + q)}
                      : (fr_flows){4.0 * (p * p), 4.0 * (q * q)};
    double power = 1.0, geometric = 0.0; /* E^k, and 1 + E + ... + E^(k-1) */
    for (int m = 0; m < k; m++) {
        geometric += power;
        power *= d.E;
    }
    const fr_decay all = {power, d.one_minus_E * geometric};
    const fr_pair B = bernoulli_of(k * above_zero(magnitude(u)), all);
    return (fr_flows){k * (u < 0.0 ? B.plus : B.minus), k * (u < 0.0 ? B.minus : B.plus)};
}

/* The two sums of a point. */
typedef struct {
    fr_exact_sum rest, slope;
} fr_linear;

/* Adds the terms of ion j to the sums; callers pass a constant `wanted`: 0 if the input is none of
   this ion, 1 its permeability, 2 and 3 its concentrations outside and inside, 4 the pump ratio. */
FR_INLINE void add_ion(const int wanted, fr_linear *s, int z, fr_flows f, double P, double c_out,
                       double c_in, double ratio)
{
    const double to_out = z > 0 ? f.leaving : -f.entering, to_in = z > 0 ? -f.entering : f.leaving;
    const double weight = wanted == 1 ? ratio : wanted == 4 ? P : P * ratio;
    const double from_in = (wanted == 3 ? weight : weight * c_in) * to_out;
    const double from_out = (wanted == 2 ? weight : weight * c_out) * to_in;
    const int both = wanted == 1 || wanted == 4;
    add_sized(both || wanted == 3 ? &s->slope : &s->rest, from_in);
    add_sized(both || wanted == 2 ? &s->slope : &s->rest, from_out);
}

/* The role of an ion: see add_ion. */
static int wanted_of(const fr_model *model, int j)
{
    const int n = model->n_ions, output = model->output;
    if (output == 3 * n + SOLVED_RATIO)
        return j == model->pump_ion ? 4 : 0;
    return output < 3 * n && output % n == j ? 1 + output / n : 0;
}

/* ---- single points ---- */

/* Returns the bad inputs of a point: all but the wanted one count. */
static uint8_t solution_inputs(const fr_model *model, const double *x)
{
    const int n = model->n_ions, columns = fr_model_columns(model);
    uint8_t bad = celsius_status(x[3 * n]);
    for (int j = 0; j < columns; j++) {
        const int any_sign = j == 3 * n + SOLVED_PUMP || j == 3 * n + SOLVED_V;
        if (j == 3 * n || j == model->output)
            continue;
        bad |= nonnegative_status(any_sign ? magnitude(x[j]) : x[j]);
    }
    return bad;
}

/* Returns a positive answer, which must be a normal number. */
static double positive_solution(double y, uint8_t *status)
{
    return is_normal(y) ? y : special(FR_RANGE, NAN, status);
}

/* Returns y >= 0 where R + y c = 0. */
static double nonnegative_solution(const fr_linear *s, double u, uint8_t *status)
{
    const double R = sized_total(s->rest), c = sized_total(s->slope), least = roundings(u);
    if (!isfinite(R) || !isfinite(c) || !isfinite(s->rest.size) || !isfinite(s->slope.size))
        return special(FR_RANGE, NAN, status);
    if (s->rest.size == 0.0 || magnitude(c) <= least * s->slope.size)
        return special(FR_NO_SOLUTION, NAN, status);
    if (magnitude(R) <= least * s->rest.size)
        return 0.0;
    return (R < 0.0) == (c > 0.0) ? positive_solution(-R / c, status)
                                  : special(FR_NO_SOLUTION, NAN, status);
}

/* Returns the current of either sign that balances a sum, in its unit. */
static double balancing_solution(fr_exact_sum rest, double unit, double u, uint8_t *status)
{
    const double R = sized_total(rest);
    if (!isfinite(R) || !isfinite(rest.size))
        return special(FR_RANGE, NAN, status);
    if (rest.size == 0.0)
        return special(FR_NO_SOLUTION, NAN, status);
    if (magnitude(R) <= roundings(u) * rest.size)
        return 0.0;
    const double size = positive_solution(unit * magnitude(R), status);
    return R > 0.0 ? -size : size;
}

/* Adds the terms of ion j of a point. */
static void add_ion_at(const fr_model *model, int j, fr_flows f, const double *x, fr_linear *s)
{
    const int n = model->n_ions, z = model->z[j];
    const double ratio = j == model->pump_ion ? x[3 * n + SOLVED_RATIO] : 1.0;
    const double P = x[j], c_out = x[n + j], c_in = x[2 * n + j];
    switch (wanted_of(model, j)) {
    case 0: add_ion(0, s, z, f, P, c_out, c_in, ratio); break;
    case 1: add_ion(1, s, z, f, P, c_out, c_in, ratio); break;
    case 2: add_ion(2, s, z, f, P, c_out, c_in, ratio); break;
    case 3: add_ion(3, s, z, f, P, c_out, c_in, ratio); break;
    default: add_ion(4, s, z, f, P, c_out, c_in, ratio);
    }
}

static double field_solution_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions, polynomials = model->equation == FR_GHK_SOLUTION;
    const double u = x[3 * n + SOLVED_V] / phi_of(x[3 * n]), pump = x[3 * n + SOLVED_PUMP];
    const fr_decay d = decay(above_zero(magnitude(u)));
    fr_linear s = {{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}};
    *status = solution_inputs(model, x);
    if (*status)
        return NAN;
    for (int j = 0; j < n; j++) {
        const int k = model->z[j] > 0 ? model->z[j] : -model->z[j];
        add_ion_at(model, j, polynomials ? flows_of(1, k, u, d) : flows_of(0, k, u, d), x, &s);
    }
    if (model->output == 3 * n + SOLVED_PUMP)
        return balancing_solution(s.rest, FR_FARADAY, u, status);
    if (!polynomials)
        add_sized(&s.rest, pump / FR_FARADAY);
    return nonnegative_solution(&s, u, status);
}

#define ghk_solution_point field_solution_point

/* ---- ordinary points, a chunk at a time ---- */

/* The sums of a chunk, and its exponentials. */
typedef struct {
    double u[CHUNK], E[CHUNK], one_minus_E[CHUNK];
    double rest[CHUNK], rest_error[CHUNK], rest_size[CHUNK];
    double slope[CHUNK], slope_error[CHUNK], slope_size[CHUNK];
} fr_solutions;

/* Adds the terms of ion j of a chunk; callers pass constants `polynomials` and `wanted`. */
FR_INLINE void add_ions(const int polynomials, const int wanted, const fr_model *model, int j,
                        ptrdiff_t n, const fr_columns *in, fr_solutions *restrict s)
{
    const int ions = model->n_ions, z = model->z[j], k = z > 0 ? z : -z;
    const double *const P = in->x[j], *const c_out = in->x[ions + j],
                        *const c_in = in->x[2 * ions + j];
    const int pumped = j == model->pump_ion;
    const double *const ratio = in->x[pumped ? 3 * ions + SOLVED_RATIO : j];
    for (ptrdiff_t i = 0; i < n; i++) {
        fr_linear one = {{s->rest[i], s->rest_error[i], s->rest_size[i]},
                         {s->slope[i], s->slope_error[i], s->slope_size[i]}};
        const fr_decay d = {s->E[i], s->one_minus_E[i]};
        add_ion(wanted, &one, z, flows_of(polynomials, k, s->u[i], d), P[i], c_out[i], c_in[i],
                pumped ? ratio[i] : 1.0);
        s->rest[i] = one.rest.sum;
        s->rest_error[i] = one.rest.error;
        s->rest_size[i] = one.rest.size;
        s->slope[i] = one.slope.sum;
        s->slope_error[i] = one.slope.error;
        s->slope_size[i] = one.slope.size;
    }
}

#define ADD_IONS(name, polynomials, wanted) \
    FR_APART void name(const fr_model *model, int j, ptrdiff_t n, const fr_columns *in, \
                       fr_solutions *s) \
    { \
        add_ions(polynomials, wanted, model, j, n, in, s); \
    }
ADD_IONS(add_ghk_rest, 1, 0)
ADD_IONS(add_ghk_weight, 1, 1)
ADD_IONS(add_ghk_out, 1, 2)
ADD_IONS(add_ghk_in, 1, 3)
ADD_IONS(add_ghk_ratio, 1, 4)
ADD_IONS(add_field_rest, 0, 0)
ADD_IONS(add_field_weight, 0, 1)
ADD_IONS(add_field_out, 0, 2)
ADD_IONS(add_field_in, 0, 3)
#undef ADD_IONS

/* Tests the inputs of a chunk: all but the wanted one. */
FR_APART void test_solution_inputs(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                   uint64_t *restrict suspect)
{
    const int ions = model->n_ions, columns = fr_model_columns(model);
    memset(suspect, 0, (size_t)n * sizeof *suspect);
    for (int j = 0; j < columns; j++) {
        const double *const x = in->x[j];
        const int any_sign = j == 3 * ions + SOLVED_PUMP || j == 3 * ions + SOLVED_V;
        const uint64_t kept = any_sign ? ~SIGN : ~UINT64_C(0);
        if (j == 3 * ions)
            for (ptrdiff_t i = 0; i < n; i++)
                suspect[i] |= not_temperate(x[i]);
        else if (j != model->output)
            for (ptrdiff_t i = 0; i < n; i++) {
                const uint64_t bits = bits_of(x[i]) & kept;
                suspect[i] |= bits | (bits + LEAST_NORMAL); /* negative, or not finite */
            }
    }
}

/* Puts -R/c, or the current that balances R, into y, and tests that it is an ordinary solution. */
FR_INLINE uint64_t finish_solutions(const int balance, double unit, ptrdiff_t n,
                                    const fr_solutions *restrict s, double *restrict y,
                                    uint64_t *restrict suspect)
{
    uint64_t any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double R = s->rest[i] + s->rest_error[i], c = s->slope[i] + s->slope_error[i];
        const double least = roundings(s->u[i]);
        const double found = balance ? -(unit * R) : -R / c;
        suspect[i] |= bits_of(magnitude(R) - least * s->rest_size[i]) |
                      not_normal(balance ? magnitude(found) : found);
        if (!balance)
            suspect[i] |= bits_of(magnitude(c) - least * s->slope_size[i]);
        any |= suspect[i];
        y[i] = found;
    }
    return any;
}

static uint64_t field_solution_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                     double *restrict y, uint64_t *restrict suspect)
{
    const int ions = model->n_ions, polynomials = model->equation == FR_GHK_SOLUTION;
    const double *const V = in->x[3 * ions + SOLVED_V], *const celsius = in->x[3 * ions];
    const double *const pump = in->x[3 * ions + SOLVED_PUMP];
    const int balance = model->output == 3 * ions + SOLVED_PUMP;
    fr_solutions s;
    memset(&s, 0, sizeof s);
    test_solution_inputs(model, n, in, suspect);
    for (ptrdiff_t i = 0; i < n; i++) {
        s.u[i] = V[i] / phi_of(celsius[i]);
        const fr_decay d = decay(above_zero(magnitude(s.u[i])));
        s.E[i] = d.E;
        s.one_minus_E[i] = d.one_minus_E;
    }
    for (int j = 0; j < ions; j++)
        switch (wanted_of(model, j) + (polynomials ? 0 : 5)) {
        case 0: add_ghk_rest(model, j, n, in, &s); break;
        case 1: add_ghk_weight(model, j, n, in, &s); break;
        case 2: add_ghk_out(model, j, n, in, &s); break;
        case 3: add_ghk_in(model, j, n, in, &s); break;
        case 4: add_ghk_ratio(model, j, n, in, &s); break;
        case 5: add_field_rest(model, j, n, in, &s); break;
        case 6: add_field_weight(model, j, n, in, &s); break;
        case 7: add_field_out(model, j, n, in, &s); break;
        default: add_field_in(model, j, n, in, &s);
        }
    for (ptrdiff_t i = 0; !polynomials && !balance && i < n; i++) {
        fr_exact_sum rest = {s.rest[i], s.rest_error[i], s.rest_size[i]};
        add_sized(&rest, pump[i] / FR_FARADAY);
        s.rest[i] = rest.sum;
        s.rest_error[i] = rest.error;
        s.rest_size[i] = rest.size;
    }
    return balance ? finish_solutions(1, FR_FARADAY, n, &s, y, suspect)
                   : finish_solutions(0, 1.0, n, &s, y, suspect);
}

#define ghk_solution_chunk field_solution_chunk
