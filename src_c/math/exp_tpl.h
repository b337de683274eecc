/* The exponential function, computed by + - * / alone.
 *
 * Expects log_ratio_tpl.h.
 */

/* made by tools/quantile_coefficients.py: largest relative error 1.8e-17 before rounding */
static const double exp_terms[10] = {
    0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d37p-5,  0x1.11111111109a6p-7,
    0x1.6c16c1789d1d7p-10, 0x1.a01a01a7cebcdp-13, 0x1.a019b8ca26fcfp-16, 0x1.71de0d85293b8p-19,
    0x1.2891d4ffbb0f9p-22, 0x1.af390ba7e6f47p-26,
};

/* Returns c[0] + c[step] x + c[2 step] x^2 + ..., n terms.  Callers pass a constant n, so that the
   loop is unrolled. */
FR_INLINE double polynomial(const int n, const int step, const double *c, double x)
{
    double y = c[(n - 1) * step];
    for (int k = n - 2; k >= 0; k--)
        y = y * x + c[k * step];
    return y;
}

/* Returns exp(x) within 2 ulp; x is clipped to [-700, 700]. */
FR_INLINE double exponential(double x)
{
    const double least = x > -700.0 ? x : -700.0, y = least < 700.0 ? least : 700.0;
    const double shifted = y * 0x1.71547652b82fep0 + 0x1.8p52; /* 1/ln 2; k is in the low bits */
    const double k = shifted - 0x1.8p52;
    const double r = (y - k * FR_LN2_HIGH) - k * FR_LN2_LOW;
    const double power = double_of((bits_of(shifted) + 1023) << 52);
    return power * (1.0 + (r + (r * r) * polynomial(10, 1, exp_terms, r)));
}
