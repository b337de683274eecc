/* The standard normal distribution: its tails and its quantiles, computed by + - * / sqrt alone.
 *
 * A probability is given by two numbers: the probability below, u or lower, and the probability
 * above, v or upper.  Both ends of the distribution are then as precise as its middle.
 *
 * Expects CHUNK and exp_tpl.h.
 */

/* made by tools/quantile_coefficients.py: largest relative error 1.4e-17 before rounding */
static const double tail_terms[23] = {
    0x1.c8d6d19fbada1p-2,   -0x1.017a4bab4e5f7p-4,  0x1.002271ac2de3fp-7,   0x1.aceb3879bccc1p-6,
    -0x1.26aefd570cc39p-5,  0x1.debc7c83485f2p-6,   -0x1.1603d7a0daecbp-6,  0x1.ca9b17445fac9p-8,
    -0x1.c2e21240978b9p-10, -0x1.3fd5e08bef59fp-16, 0x1.97ba4631a2cb8p-13,  -0x1.c34f4290d8b92p-15,
    -0x1.78a89cd9a72a9p-17, 0x1.389144c55f8f1p-17,  0x1.1b33daad09b33p-24,  -0x1.6cbcd772db98fp-20,
    0x1.d61dd82f9c61fp-24,  0x1.bc6cc589ebcb5p-23,  -0x1.554d3e57973dbp-26, -0x1.1ebaec4a4df75p-25,
    -0x1.0513304537e16p-37, 0x1.21977a08d39b5p-28,  0x1.cd24d8d16f28fp-31,
};

/* Returns the probability above z >= 0; z is clipped to 37. */
FR_INLINE double upper_tail(double z)
{
    const double y = z < 37.0 ? z : 37.0;
    const double w = (y - 5.0) / (y + 5.0), even = polynomial(12, 2, tail_terms, w * w);
    const double factor = even + w * polynomial(11, 2, tail_terms + 1, w * w);
    return exponential(-0.5 * (y * y)) * (factor / (y + 0.8));
}

/* Wichura 1988, algorithm AS 241, PPND16: standard normal quantiles, accurate to about 1e-16.
   Most quantiles lie in the middle and need one rational function only.  The others are collected
   and computed in a second pass. */
static const double middle_num[8] = {
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
    3.3430575583588128105e4, 2.5090809287301226727e3,
};
static const double middle_den[8] = {
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
};
static const double outer_num[8] = {
    1.42343711074968357734e0,  4.63033784615654529590e0,  5.76949722146069140550e0,
    3.64784832476320460504e0,  1.27045825245236838258e0,  2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4,
};
static const double outer_den[8] = {
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
};
static const double far_num[8] = {
    6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7,
};
static const double far_den[8] = {
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
};

FR_INLINE double rational(const double *num, const double *den, double x)
{
    return polynomial(8, 1, num, x) / polynomial(8, 1, den, x);
}

static void normal_quantiles(ptrdiff_t n, const double *restrict lower,
                             const double *restrict upper, double *restrict y)
{
    int32_t outside[CHUNK];
    double tail[CHUNK], size[CHUNK]; /* a tail becomes its root */
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double q = 0.5 * (lower[i] - upper[i]);
        y[i] = q * rational(middle_num, middle_den, 0.180625 - q * q);
    }
    for (ptrdiff_t i = 0; i < n; i++) { /* no branch: it would be mispredicted */
        const double least = lower[i] < upper[i] ? lower[i] : upper[i];
        outside[count] = (int32_t)i;
        tail[count] = least;
        count += least < 0.075;
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        tail[k] = sqrt(log_ratio(1.0, tail[k]));
        size[k] = rational(outer_num, outer_den, tail[k] - 1.6);
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const ptrdiff_t i = outside[k];
        if (tail[k] > 5.0)
            size[k] = rational(far_num, far_den, tail[k] - 5.0);
        y[i] = lower[i] < upper[i] ? -size[k] : size[k];
    }
}

/* ---- a function declared in fastrest.h ---- */

FR_APART void normal_tails(double z, double *lower, double *upper)
{
    const double tail = upper_tail(magnitude(z));
    *lower = z < 0.0 ? tail : 1.0 - tail;
    *upper = z < 0.0 ? 1.0 - tail : tail;
}
