/* E = exp(-a) together with 1 - E for a >= 0, and the functions of the constant-field current that
 * are made of them, by + - * / alone.
 *
 *   a = k ln 2 + r,   q = exp(-r) - 1,   E = 2^-k + 2^-k q,   1 - E = (1 - 2^-k) - 2^-k q
 *
 * 1 - E keeps all its digits near a = 0, where a difference of exponentials would lose them.  The
 * error is at most 1.5 ulp in E and in 1 - E (tests/_core/test_decay.py: 0.94 and 1.09).  The
 * polynomial is that of exp_tpl.h.
 *
 * Expects exp_tpl.h.
 */

/* exp(-a) and 1 - exp(-a). */
typedef struct {
    double E, one_minus_E;
} fr_decay;

/* a is clipped to 700, so that E is a normal double. */
FR_INLINE fr_decay decay(double a)
{
    const double y = a < 700.0 ? a : 700.0;
    const double shifted = y * 0x1.71547652b82fep0 + 0x1.8p52; /* 1/ln 2; k is in the low bits */
    const double k = shifted - 0x1.8p52;
    const double r = (k * FR_LN2_HIGH - y) + k * FR_LN2_LOW; /* the negative of r above */
    const double q = r + (r * r) * polynomial(10, 1, exp_terms, r);
    const double power = double_of((UINT64_C(1023) - bits_of(shifted)) << 52);
    return (fr_decay){power + power * q, (1.0 - power) - power * q};
}

/* The values of a function at a and at -a, for a >= 0. */
typedef struct {
    double plus, minus;
} fr_pair;

/* A positive number for every a >= 0; the functions below have their limits there. */
FR_INLINE double above_zero(double a)
{
    return a > 0x1p-900 ? a : 0x1p-900;
}

/* Returns B(a) and B(-a) of B(y) = y/(exp(y) - 1), from a > 0 and d = decay(a). */
FR_INLINE fr_pair bernoulli_of(double a, fr_decay d)
{
    const double per_m = a * (1.0 / d.one_minus_E); /* share_of needs the same quotient */
    return (fr_pair){d.E * per_m, per_m};
}

/* B_2/1!, B_4/3!, ... with the Bernoulli numbers B_n: s(a) = 1/2 + B_2 a/1! + B_4 a^3/3! + ... */
static const double share_terms[8] = {
    0x1.5555555555555p-3,  -0x1.6c16c16c16c17p-8,  0x1.a01a01a01a01ap-13, -0x1.bbd779334ef0bp-18,
    0x1.c0532f6f4d26dp-23, -0x1.b3c08c16639bep-28, 0x1.9bffc6c447f36p-33, -0x1.7da4e1f79955cp-38,
};

/* Returns s(a) and s(-a) of s(y) = -B'(-y), the share of the inside in a slope conductance, from
   a > 0, d = decay(a) and B = bernoulli_of(a, d).  s(-a) = 1 - s(a) is never computed by this
   difference, which loses all its digits at large a. */
FR_INLINE fr_pair share_of(double a, fr_decay d, fr_pair B)
{
    const double a2 = a * a; /* the series of s(a) - 1/2 below 0.6 */
    const double odd = a * polynomial(8, 1, share_terms, a2);
    const double per = 1.0 / d.one_minus_E;
    const double inside = ((d.one_minus_E - a * d.E) * per) * per;
    const double outside = (d.E * (B.minus - 1.0)) * per;
    const int small = a < 0.6;
    return (fr_pair){small ? 0.5 + odd : inside, small ? 0.5 - odd : outside};
}

FR_INLINE double bernoulli(double y)
{
    const double a = above_zero(magnitude(y));
    const fr_pair B = bernoulli_of(a, decay(a));
    return y < 0.0 ? B.minus : B.plus;
}

FR_INLINE double share(double y)
{
    const double a = above_zero(magnitude(y));
    const fr_decay d = decay(a);
    const fr_pair s = share_of(a, d, bernoulli_of(a, d));
    return y < 0.0 ? s.minus : s.plus;
}

/* Returns M(w) = (exp(w) - 1)/w for |w| <= 700. */
FR_INLINE double mean_growth(double w)
{
    const double a = above_zero(magnitude(w));
    const fr_decay d = decay(a);
    const double m = d.one_minus_E / a;
    return w < 0.0 ? m : m / d.E;
}
