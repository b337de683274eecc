/* Derivatives of the outputs of a steady state, in forward mode: the change of every quantity of
 * fr_steady with one input.
 *
 * Expects steady_tpl.h and gradient_tpl.h.
 */

/* Changes of the quantities of the same names, and of inputs. */
typedef struct {
    double d_na, d_k, a_cl, na, k, total, bath_cl, z, phi, amount, pump;
} fr_change;

/* The derivatives of the determinants with respect to a conductance. */
static fr_determinants determinant_slopes(int j, const double *x)
{
    const double A = x[LEAK_NA], B = x[LEAK_K], D = x[LEAK_CL], w = x[LEAK_NKCC], v = x[LEAK_KCC];
    switch (j) {
    case LEAK_NA:
        return (fr_determinants){B * D + w * (D + 4.0 * B) + v * (B + D) + w * v, 4.0 * w + 2.0 * v,
                                 2.0 * D + 4.0 * w, 4.0 * w + 2.0 * v};
    case LEAK_K:
        return (fr_determinants){A * D + w * (D + 4.0 * A) + v * A + w * v,
                                 3.0 * D + 6.0 * w + 3.0 * v, 6.0 * w, -6.0 * w};
    case LEAK_CL:
        return (fr_determinants){A * B + w * (A + B) + v * A + w * v, 3.0 * B + 5.0 * w + 3.0 * v,
                                 2.0 * A + 5.0 * w, 0.0};
    case LEAK_NKCC:
        return (fr_determinants){B * D + A * D + 4.0 * (A * B) + v * (A + B + D),
                                 6.0 * B + 5.0 * D + 4.0 * A, 4.0 * A + 5.0 * D + 6.0 * B,
                                 4.0 * A - 6.0 * B - v};
    default: /* LEAK_KCC */
        return (fr_determinants){A * (B + D) + w * (A + B + D), 3.0 * B + 3.0 * D + 2.0 * A, 0.0,
                                 2.0 * A - w};
    }
}

/* The changes with column j. */
static fr_change change_by(int j, const fr_steady *s, const double *x)
{
    fr_change c = {0};
    if (j <= LEAK_K || (j <= LEAK_KCC && x[BATH_CL] > 0.0)) {
        const fr_determinants d = determinant_slopes(j, x);
        const double unit = x[PUMP_MAX] / s->phi / s->det.all, growth = d.all / s->det.all;
        c.d_na = -unit * (d.na - s->det.na * growth);
        c.d_k = unit * (d.k - s->det.k * growth);
        c.a_cl = unit * (d.cl - s->det.cl * growth);
    } else if (j == PUMP_MAX) {
        const double unit = 1.0 / s->phi / s->det.all;
        c.d_na = -unit * s->det.na;
        c.d_k = unit * s->det.k;
        c.a_cl = unit * s->det.cl;
        c.pump = 1.0;
    } else if (j == CELSIUS) {
        const double growth = 1.0 / (x[CELSIUS] + FR_KELVIN_AT_0_CELSIUS);
        c.d_na = -s->d_na * growth;
        c.d_k = -s->d_k * growth;
        c.a_cl = -s->a_cl * growth;
        c.phi = FR_PHI_PER_KELVIN;
    }
    c.na = s->na * c.d_na + (j == BATH_NA ? s->exp_na : 0.0);
    c.k = s->k * c.d_k + (j == BATH_K ? s->exp_k : 0.0);
    c.total = j >= BATH_NA && j <= BATH_X ? 1.0 : 0.0;
    c.bath_cl = j == BATH_CL ? 1.0 : 0.0;
    c.z = j == CHARGE_X ? (x[CHARGE_X] > 0.0 ? 1.0 : -1.0) : 0.0;
    c.amount = j == AMOUNT_X ? 1.0 : 0.0;
    return c;
}

/* The change of an output with the changes c. */
static double steady_slope(int output, const fr_steady *s, const double *x, const fr_change *c)
{
    const int reversed = x[CHARGE_X] > 0.0;
    const double z = magnitude(x[CHARGE_X]), S = s->na + s->k, dS = c->na + c->k;
    const double T = s->total, share = s->margin / (1.0 + s->root); /* X/total */
    const double product = S * c->bath_cl + x[BATH_CL] * dS;
    const double r = 4.0 * product / (T * T) - 2.0 * s->r * (c->total / T);
    const double more = s->more * (c->total / T) + (1.0 - z) * T / (4.0 * s->root) * r +
                        s->more * (share / s->root) * c->z;
    const double less = (product - s->less * more) / s->more;
    const double X = share * c->total - T * (0.5 * r + z * (share * share) * c->z) / s->root;
    /* E_Cl in units of phi, and its change */
    const double W = chloride_potential(s, x);
    const double dW = reversed ? more / s->more - c->bath_cl / x[BATH_CL] : dS / S - more / s->more;
    switch (output) {
    case FR_OF_V: return s->phi * (c->a_cl + dW) + c->phi * (s->a_cl + W);
    case FR_OF_E_CL: return s->phi * dW + c->phi * W;
    case FR_OF_E_NA: return s->phi * (dW - c->d_na) + c->phi * (W - s->d_na);
    case FR_OF_E_K: return s->phi * (dW - c->d_k) + c->phi * (W - s->d_k);
    case FR_OF_NA:
    case FR_OF_K: {
        const double of = output == FR_OF_NA ? s->na : s->k;
        const double change = output == FR_OF_NA ? c->na : c->k;
        if (reversed) /* cations are Cl_out S/more */
            return (c->bath_cl * of + x[BATH_CL] * change - x[BATH_CL] * of / s->more * more) /
                   s->more;
        return (more * of + s->more * (change - of / S * dS)) / S;
    }
    case FR_OF_CL: return reversed ? more : less;
    case FR_OF_X: return X;
    case FR_OF_VOLUME: return (c->amount - x[AMOUNT_X] / (T * share) * X) / (T * share);
    case FR_OF_MARGIN: return -r;
    case FR_OF_TOTAL: return c->total;
    default: return c->pump;
    }
}

/* The derivative of an output with respect to column j. */
static double steady_slope_by(int output, const fr_steady *s, const double *x, int j)
{
    const fr_change c = change_by(j, s, x);
    return steady_slope(output, s, x, &c) + 0.0;
}

static double steady_slopes_point(const fr_model *model, const double *given, double *slopes,
                                  uint8_t *status)
{
    double x[STEADY_COLUMNS];
    fr_steady s;
    memcpy(x, given, sizeof x);
    *status = solve_steady(model->output, x, &s);
    const double V = *status ? NAN : steady_value_of(model->output, &s, x, status);
    if (!without_slopes(model, *status, slopes))
        for (int j = 0; j < STEADY_COLUMNS; j++)
            slopes[j] = steady_slope_by(model->output, &s, x, j);
    return V;
}

static uint64_t steady_slopes_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                                    double *restrict V, double *const *slopes,
                                    uint64_t *restrict suspect)
{
    const uint64_t any = steady_chunk(model, n, in, V, suspect);
    for (ptrdiff_t i = 0; i < n; i++) {
        double x[STEADY_COLUMNS];
        if (suspect[i] & SIGN)
            continue;
        for (int j = 0; j < STEADY_COLUMNS; j++)
            x[j] = in->x[j][i];
        const fr_steady s = steady_of(x);
        for (int j = 0; j < STEADY_COLUMNS; j++)
            if (slopes[j])
                slopes[j][i] = steady_slope_by(model->output, &s, x, j);
    }
    return any;
}
