/* The current of a pump: constant, or by a law that saturates with the ions that the pump binds,
 *   I_pump = pump_max (Na_in/(Na_in + Na_half))^3 (K_out/(K_out + K_half))^2
 *
 * The columns pump_max, Na_half and K_half follow celsius; ion 0 is Na, and ion 1 is K.
 *
 * Expects domain_tpl.h.
 */

static int is_saturating(const fr_model *model)
{
    return model->equation == FR_PUMP_SATURATING || model->equation == FR_CHORD_SATURATING;
}

/* Returns c/(c + half), 0 without c. */
static double occupancy(double c, double half)
{
    return c == 0.0 ? 0.0 : c / (c + half);
}

/* The law, from the occupied shares of a Na site and of a K site. */
FR_INLINE double pump_law(double max, double na, double k)
{
    return max * (na * na * na) * (k * k);
}

/* The pump current in uA/cm2. */
static double pump_current_at(const fr_model *model, const double *x)
{
    const int n = model->n_ions;
    if (!is_saturating(model))
        return x[3 * n + 1];
    const double na = occupancy(x[2 * n], x[3 * n + 2]), k = occupancy(x[n + 1], x[3 * n + 3]);
    return pump_law(x[3 * n + 1], na, k);
}

/* ---- ordinary points ---- */

/* Computes the pump current of a chunk, uA/cm2, and tests the inputs of its rate law. */
static void pump_currents(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                          double *restrict current, uint64_t *restrict suspect)
{
    const int ions = model->n_ions;
    const double *const *const x = in->x, *const max = x[3 * ions + 1];
    const uint64_t zero = hidden_zero();
    if (!is_saturating(model)) {
        for (ptrdiff_t i = 0; i < n; i++)
            current[i] = read_once(max + i, zero);
        return;
    }
    const double *const na_in = x[2 * ions], *const k_out = x[ions + 1];
    const double *const na_half = x[3 * ions + 2], *const k_half = x[3 * ions + 3];
    for (ptrdiff_t i = 0; i < n; i++) {
        const double c_na = read_once(na_in + i, zero), c_k = read_once(k_out + i, zero);
        const double h_na = read_once(na_half + i, zero), h_k = read_once(k_half + i, zero);
        const double na = c_na / (c_na + h_na), k = c_k / (c_k + h_k);
        suspect[i] |= bits_of(c_na) | bits_of(c_k) | bits_of(h_na) | bits_of(h_k) |
                      (bits_of(h_na) + LEAST_NORMAL) | (bits_of(h_k) + LEAST_NORMAL);
        current[i] = pump_law(read_once(max + i, zero), na, k);
    }
}

/* ---- derivatives ---- */

/* Adds the derivatives with respect to the columns of the law; by is that with respect to the
   current. */
static void add_pump_slopes(const fr_model *model, const double *x, double by, double *slopes)
{
    const int n = model->n_ions;
    if (!is_saturating(model)) {
        slopes[3 * n + 1] = by;
        return;
    }
    const double c_na = x[2 * n], c_k = x[n + 1], h_na = x[3 * n + 2], h_k = x[3 * n + 3];
    const double na = occupancy(c_na, h_na), k = occupancy(c_k, h_k);
    const double share_of_max = (na * na * na) * (k * k), all = by * (x[3 * n + 1] * share_of_max);
    slopes[3 * n + 1] = by * share_of_max + 0.0;
    slopes[3 * n + 2] = slopes[3 * n + 3] = 0.0;
    if (c_na == 0.0 || c_k == 0.0)
        return;
    slopes[2 * n] += all * (3.0 / c_na * (h_na / (c_na + h_na)));
    slopes[n + 1] += all * (2.0 / c_k * (h_k / (c_k + h_k)));
    slopes[3 * n + 2] = -all * (3.0 / (c_na + h_na)) + 0.0;
    slopes[3 * n + 3] = -all * (2.0 / (c_k + h_k)) + 0.0;
}
