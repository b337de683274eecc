/* The chord conductance equation, without and with a pump current.
 *
 * Expects pump_law_tpl.h, log_ratio_tpl.h and layout_tpl.h.
 */

/* Parallel conductances: V = (sum g E - I_pump)/sum g with E = phi/z ln(out/in). */
static double chord_point(const fr_model *model, const double *x, uint8_t *status)
{
    const int n = model->n_ions;
    const double celsius = x[3 * n];
    const int pumped = model->equation != FR_CHORD;

    uint8_t bad = celsius_status(celsius);
    for (int j = 0; j < 3 * n; j++)
        bad |= nonnegative_status(x[j]);
    if (pumped && !isfinite(x[3 * n + 1]))
        bad |= FR_NOT_FINITE;
    for (int j = 3 * n + 2; is_saturating(model) && j < 3 * n + 4; j++)
        bad |= nonnegative_status(x[j]);
    if (bad)
        return special(bad, NAN, status);
    const double pump = pumped ? pump_current_at(model, x) : 0.0;

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
            /* an ion that is absent on both sides sets both flags: there is no potential */
            to_plus |= model->z[j] > 0 ? c_in == 0.0 : c_out == 0.0;
            to_minus |= model->z[j] > 0 ? c_out == 0.0 : c_in == 0.0;
        } else {
            drive += g * (log_ratio(c_out, c_in) * (1.0 / model->z[j]));
        }
    }
    if (total == 0.0 && pump != 0.0)
        return special(FR_NO_SOLUTION, NAN, status);
    if (total == 0.0 || (to_plus && to_minus))
        return special(FR_NO_PERMEANT, NAN, status);
    if (out_of_range || !is_normal(total) || !isfinite(drive))
        return special(FR_RANGE, NAN, status);
    if (to_plus || to_minus)
        return special(FR_INFINITE, to_plus ? INFINITY : -INFINITY, status);
    const double V = phi_of(celsius) * (drive / total) - pump / total;
    if (!isfinite(V))
        return special(FR_RANGE, NAN, status);
    *status = 0;
    return V;
}

#define chord_pump_point chord_point
#define chord_saturating_point chord_point

/* Computes the potentials of a chunk; callers pass a constant `pumped`. */
FR_INLINE uint64_t chord_potentials(const int pumped, const fr_model *model, ptrdiff_t n,
                                    const fr_columns *in, double *restrict V,
                                    uint64_t *restrict suspect)
{
    uint64_t any = 0;
    const int ions = model->n_ions;
    const double *const *const x = in->x, *const celsius = x[3 * ions];
    const uint64_t zero = hidden_zero();
    double drive[CHUNK], total[CHUNK];

    memset(drive, 0, (size_t)n * sizeof *drive);
    memset(total, 0, (size_t)n * sizeof *total);
    memset(suspect, 0, (size_t)n * sizeof *suspect);
    for (int j = 0; j < ions; j++) {
        const double *const g = x[j], *const c_out = x[ions + j], *const c_in = x[2 * ions + j];
        const double per_z = 1.0 / model->z[j]; /* exact: +-1 or +-1/2 */
        for (ptrdiff_t first = 0, length; first < n; first += length) {
            double conductance[STRIP], num[STRIP], den[STRIP];
            length = shorter(n - first, STRIP);
            for (ptrdiff_t i = 0; i < length; i++) {
                const double weight = read_once(g + first + i, zero);
                const double out = read_once(c_out + first + i, zero);
                const double inside = read_once(c_in + first + i, zero);
                suspect[first + i] |= bits_of(weight) | not_normal(out) | not_normal(inside);
                total[first + i] += weight;
                conductance[i] = weight;
                num[i] = out;
                den[i] = inside;
            }
            for (ptrdiff_t i = 0; i < length; i++)
                drive[first + i] += conductance[i] * (log_ratio(num[i], den[i]) * per_z);
        }
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t size = bits_of(drive[i]) & ~SIGN;
        const double degrees = read_once(celsius + i, zero);
        any |= suspect[i] |= not_temperate(degrees) | not_normal(total[i]) | (size + LEAST_NORMAL);
        V[i] = phi_of(degrees) * (drive[i] / total[i]);
    }
    if (pumped) {
        pump_currents(model, n, in, drive, suspect);
        for (ptrdiff_t i = 0; i < n; i++) {
            V[i] -= drive[i] / total[i];
            any |= suspect[i] |= (bits_of(V[i]) & ~SIGN) + LEAST_NORMAL; /* not finite */
        }
    }
    return any;
}

static uint64_t chord_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                            double *restrict V, uint64_t *restrict suspect)
{
    return chord_potentials(0, model, n, in, V, suspect);
}

static uint64_t chord_pump_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                 double *restrict V, uint64_t *restrict suspect)
{
    return chord_potentials(1, model, n, in, V, suspect);
}

#define chord_saturating_chunk chord_pump_chunk
