/* Currents at the potential of a chord or constant-field model, their shares, and slope
 * and chord conductances of single ions; the membrane resistance, and the pump.
 *
 *   field:  I = z F P (c_in B(-y) - c_out B(y)),   y = z u,  u = V/phi,  B(y) = y/(exp(y) - 1)
 *           dI/dV = z^2 F P/phi (c_in s(y) + c_out s(-y)),   s(y) = -B'(-y)
 *           I/(V - E) = z^2 F P/phi c_out M(w) B(y),   w = z (V - E)/phi,  M(w) = (exp(w) - 1)/w
 *   chord:  I = g (V - E)
 * A net current within rounding of the larger of its two flows is 0.  A share is the part of all
 * outward currents, or minus the part of all inward ones; without both, nothing flows.
 *
 * The potentials are computed first, and then replaced.  Both read one copy of the inputs.
 *
 * Expects ghk_tpl.h, chord_tpl.h, pump_tpl.h and decay_tpl.h.
 */

#define NET_ROUNDING 1e-13 /* fastrest/models/currents.py has the same */

static int has_conductances(const fr_model *model)
{
    return model->equation == FR_CHORD || model->equation == FR_CHORD_PUMP ||
           model->equation == FR_CHORD_SATURATING;
}

/* 1 if a model asks for more than its potential. */
static int asks_currents(const fr_model *model)
{
    const int field = model->equation == FR_GHK || model->equation == FR_PUMP_CONSTANT ||
                      model->equation == FR_PUMP_SATURATING;
    return model->output != FR_REST_V && (field || has_conductances(model));
}

FR_INLINE double larger(double a, double b)
{
    return a > b ? a : b;
}

FR_INLINE double net_current(double net, double flow)
{
    return magnitude(net) <= NET_ROUNDING * flow ? 0.0 : net;
}

/* Returns FR_ION_CURRENT, FR_ION_SLOPE or FR_ION_CHORD of an ion with normal concentrations;
   callers pass constants `chord` and `what`. */
FR_INLINE double of_ion(const int chord, const int what, double z, double weight, double c_out,
                        double c_in, double V, double phi)
{
    if (chord && what != FR_ION_CURRENT)
        return weight;
    if (chord) {
        const double E = phi * (log_ratio(c_out, c_in) * (1.0 / z));
        return net_current(weight * (V - E), weight * larger(magnitude(V), magnitude(E)));
    }
    const double y = z * (V / phi), a = above_zero(magnitude(y)), scale = z * FR_FARADAY * weight;
    const fr_decay d = decay(a);
    const fr_pair B = bernoulli_of(a, d);
    const double inside = c_in * (y < 0.0 ? B.plus : B.minus);
    const double outside = c_out * (y < 0.0 ? B.minus : B.plus);
    if (what == FR_ION_CURRENT)
        return net_current(scale * (inside - outside), magnitude(scale) * larger(inside, outside));
    if (what == FR_ION_SLOPE) {
        const fr_pair s = share_of(a, d, B);
        const double from_in = c_in * (y < 0.0 ? s.minus : s.plus);
        return z * scale * (from_in + c_out * (y < 0.0 ? s.plus : s.minus)) / phi;
    }
    const double w = y - log_ratio(c_out, c_in);
    const int near = magnitude(w) < 1.0;
    const double growth = mean_growth(near ? w : 0.0);
    return z * scale * (near ? outside * growth : (inside - outside) / w) / phi;
}

/* Adds a current to those of its direction. */
FR_INLINE void add_current(double I, double *outward, double *inward)
{
    *outward += I > 0.0 ? I : 0.0;
    *inward += I < 0.0 ? -I : 0.0;
}

FR_INLINE double share_of_current(double I, double outward, double inward)
{
    const double all = I > 0.0 ? outward : inward;
    return outward > 0.0 && inward > 0.0 ? I / all : 0.0;
}

/* ---- single points ---- */

/* The same of an ion that may be absent on a side; sets *status if its concentrations are out of
   range. */
static double of_ion_at(const fr_model *model, int what, const double *x, int j, double V,
                        uint8_t *status)
{
    const int n = model->n_ions, chord = has_conductances(model);
    const double z = model->z[j], g = x[j], c_out = x[n + j], c_in = x[2 * n + j];
    const double phi = phi_of(x[3 * n]);
    const int absent = c_out == 0.0 || c_in == 0.0, logarithm = what == FR_ION_CHORD || chord;
    if (chord && what != FR_ION_CURRENT)
        return g;
    if (g == 0.0 || (absent && logarithm)) /* a chord conductance of an absent ion is 0 */
        return 0.0;
    if (logarithm && (!is_normal(c_out) || !is_normal(c_in))) {
        *status = FR_RANGE;
        return NAN;
    }
    if (chord)
        return of_ion(1, FR_ION_CURRENT, z, g, c_out, c_in, V, phi);
    switch (what) {
    case FR_ION_CURRENT: return of_ion(0, FR_ION_CURRENT, z, g, c_out, c_in, V, phi);
    case FR_ION_SLOPE: return of_ion(0, FR_ION_SLOPE, z, g, c_out, c_in, V, phi);
    default: return of_ion(0, FR_ION_CHORD, z, g, c_out, c_in, V, phi);
    }
}

/* Returns the output of a point whose potential V has the status *status. */
static double current_point(const fr_model *model, const double *x, double V, uint8_t *status)
{
    const int n = model->n_ions, output = model->output, last = output - FR_REST_ION;
    const int ion = last / FR_PER_ION, what = last % FR_PER_ION;
    double outward = 0.0, inward = 0.0, slopes = 0.0, pump = 0.0, value;
    if (*status)
        return NAN;
    for (int j = 0; j < n; j++) {
        const double I = of_ion_at(model, FR_ION_CURRENT, x, j, V, status);
        if (output == FR_REST_R_M)
            slopes += of_ion_at(model, FR_ION_SLOPE, x, j, V, status);
        add_current(I, &outward, &inward);
    }
    if (model->equation == FR_GHK)
        pump = model->pump_ion >= 0 && x[3 * n + 1] != 1.0 ? inward - outward : 0.0;
    else if (model->equation != FR_CHORD)
        pump = pump_current_at(model, x);
    add_current(pump, &outward, &inward);
    switch (output) {
    case FR_REST_R_M: value = 1.0 / slopes; break;
    case FR_REST_I_PUMP: value = pump; break;
    case FR_REST_SHARE_PUMP: value = share_of_current(pump, outward, inward); break;
    default:
        value = of_ion_at(model, what == FR_ION_SHARE ? FR_ION_CURRENT : what, x, ion, V, status);
        value = what == FR_ION_SHARE ? share_of_current(value, outward, inward) : value;
    }
    if (!*status && (!isfinite(value) || (output == FR_REST_R_M && !is_normal(slopes))))
        *status = FR_RANGE;
    return *status ? NAN : value;
}

/* ---- ordinary points, a chunk at a time ---- */

/* Computes FR_ION_CURRENT, FR_ION_SLOPE or FR_ION_CHORD of an ion at the points of a chunk. */
FR_INLINE void put_of_ion(const int chord, const int what, const fr_model *model, int j,
                          ptrdiff_t n, const fr_columns *in, const double *restrict V,
                          double *restrict found)
{
    const int ions = model->n_ions;
    const double z = model->z[j];
    const double *const restrict weight = in->x[j], *const restrict c_out = in->x[ions + j], *const restrict c_in = in->x[2 * ions + j], *const restrict celsius = in->x[3 * ions];
    for (ptrdiff_t i = 0; i < n; i++)
        found[i] = of_ion(chord, what, z, weight[i], c_out[i], c_in[i], V[i], phi_of(celsius[i]));
}

#define PUT_OF_ION(name, chord, what) \
    FR_APART void name(const fr_model *model, int j, ptrdiff_t n, const fr_columns *in, \
                       const double *V, double *found) \
    { \
        put_of_ion(chord, what, model, j, n, in, V, found); \
    }
PUT_OF_ION(field_current_of, 0, FR_ION_CURRENT)
PUT_OF_ION(field_slope_of, 0, FR_ION_SLOPE)
PUT_OF_ION(field_chord_of, 0, FR_ION_CHORD)
PUT_OF_ION(chord_current_of, 1, FR_ION_CURRENT)
PUT_OF_ION(chord_slope_of, 1, FR_ION_SLOPE)
#undef PUT_OF_ION

static void currents_of(const fr_model *model, int j, ptrdiff_t n, const fr_columns *in,
                        const double *V, double *found)
{
    if (has_conductances(model))
        chord_current_of(model, j, n, in, V, found);
    else
        field_current_of(model, j, n, in, V, found);
}

static void slopes_of(const fr_model *model, int j, ptrdiff_t n, const fr_columns *in,
                      const double *V, double *found)
{
    if (has_conductances(model))
        chord_slope_of(model, j, n, in, V, found);
    else
        field_slope_of(model, j, n, in, V, found);
}

/* Computes the pump current from those of the ions, which balance it where it is no input. */
static void currents_of_pump(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             const double *outward, const double *inward, double *pump,
                             uint64_t *suspect)
{
    const int ions = model->n_ions;
    if (model->equation == FR_CHORD || (model->equation == FR_GHK && model->pump_ion < 0))
        memset(pump, 0, (size_t)n * sizeof *pump);
    else if (model->equation != FR_GHK)
        pump_currents(model, n, in, pump, suspect);
    else
        for (ptrdiff_t i = 0; i < n; i++)
            pump[i] = in->x[3 * ions + 1][i] != 1.0 ? inward[i] - outward[i] : 0.0;
}

/* Puts the share of an ion, or of the pump (ion -1), in place of V; or the pump's current. */
FR_APART void put_share(const fr_model *model, int ion, ptrdiff_t n, const fr_columns *in,
                        double *restrict V, uint64_t *restrict suspect)
{
    double outward[CHUNK] = {0}, inward[CHUNK] = {0}, now[CHUNK], one[CHUNK];
    const int share = model->output != FR_REST_I_PUMP, ions = model->n_ions;
    for (int j = 0; j < ions && (share || model->equation == FR_GHK); j++) {
        double *const found = j == ion ? one : now;
        currents_of(model, j, n, in, V, found);
        for (ptrdiff_t i = 0; i < n; i++)
            add_current(found[i], outward + i, inward + i);
    }
    currents_of_pump(model, n, in, outward, inward, now, suspect);
    for (ptrdiff_t i = 0; i < n; i++)
        add_current(now[i], outward + i, inward + i);
    const double *const found = ion < 0 ? now : one;
    for (ptrdiff_t i = 0; i < n; i++)
        V[i] = share ? share_of_current(found[i], outward[i], inward[i]) : found[i];
}

/* Puts the membrane resistance in place of V. */
FR_APART void put_resistance(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint64_t *restrict suspect)
{
    double total[CHUNK] = {0}, one[CHUNK];
    for (int j = 0; j < model->n_ions; j++) {
        slopes_of(model, j, n, in, V, one);
        for (ptrdiff_t i = 0; i < n; i++)
            total[i] += one[i];
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        suspect[i] |= not_normal(total[i]);
        V[i] = 1.0 / total[i];
    }
}

/* Replaces the potentials of a chunk by the output that the model asks for.  Bit 63 of the result
   is set if some point is suspect. */
FR_APART uint64_t put_currents(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                               double *restrict V, uint64_t *restrict suspect)
{
    const int ions = model->n_ions, last = model->output - FR_REST_ION;
    const int ion = last / FR_PER_ION, what = last % FR_PER_ION, chord = has_conductances(model);
    double found[CHUNK];
    uint64_t any = 0;
    if (model->output == FR_REST_R_M) {
        put_resistance(model, n, in, V, suspect);
    } else if (model->output < FR_REST_ION || what == FR_ION_SHARE) {
        put_share(model, model->output < FR_REST_ION ? -1 : ion, n, in, V, suspect);
    } else {
        if (what == FR_ION_CURRENT)
            currents_of(model, ion, n, in, V, found);
        else if (what == FR_ION_SLOPE || chord)
            slopes_of(model, ion, n, in, V, found);
        else
            field_chord_of(model, ion, n, in, V, found);
        memcpy(V, found, (size_t)n * sizeof *found);
    }
    for (ptrdiff_t i = 0; what == FR_ION_CHORD && i < n; i++)
        suspect[i] |= not_normal(in->x[ions + ion][i]) | not_normal(in->x[2 * ions + ion][i]);
    for (ptrdiff_t i = 0; i < n; i++)
        any |= suspect[i] |= (bits_of(V[i]) & ~SIGN) + LEAST_NORMAL; /* not finite */
    return any;
}
