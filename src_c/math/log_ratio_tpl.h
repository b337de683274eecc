/* ln(num/den) for normal positive doubles: one division, no libm, no branch.
 *
 *   num/den = 2^k * m,  2/3 <= m <= 3/2,   ln(num/den) = k ln 2 + 2 artanh s,   s = (m - 1)/(m + 1)
 *
 * s is computed from the two mantissas as (mn - md)/(mn + md).  The difference is exact, the ratio
 * itself is never rounded, and equal arguments give exactly 0.
 *
 * k is the difference of the two bit patterns, read as fixed-point base-2 logarithms and rounded to
 * the nearest integer, ties away from zero.  Swapping num and den therefore flips the signs of k,
 * of s and of the result exactly.  Before the mantissas are added, den is scaled to exponent 0, and
 * num by the same power of 2 and by 2^-k: no pair of exponents is a special case.
 *
 * Error: at most 2.1 ulp (measured by tests/_core/test_log_ratio.py).  The structure alone allows
 * 2 ulp: 1 from the sum, 1/2 from the quotient and 1/2 from the last addition.  The polynomial,
 * made by tools/log_ratio_coefficients.py, adds the rest.  It is evaluated in Estrin's order,
 * because Horner's rule is limited by latency.
 *
 * Expects bits_tpl.h.
 */

/* largest relative error 1.48e-17 before rounding, |s| <= 0.2 */
#define FR_Q0 0x1.5555555555773p-1 /* 0.6666666666667268 */
#define FR_Q1 0x1.99999998f1763p-2 /* 0.39999999996176977 */
#define FR_Q2 0x1.249249b1af7d4p-2 /* 0.285714293928206 */
#define FR_Q3 0x1.c71c01a7ebc62p-3 /* 0.22222138684944343 */
#define FR_Q4 0x1.7474d8ad0a64dp-3 /* 0.1818634918029595 */
#define FR_Q5 0x1.3853938ac9bfdp-3 /* 0.15250315921113602 */
#define FR_Q6 0x1.3ab8c15086c07p-3 /* 0.15367270495411864 */

#define FR_LN2_HIGH 0x1.62e42fefa3800p-1 /* first 42 bits of ln 2: k times it is exact */
#define FR_LN2_LOW 0x1.ef35793c76730p-45

#define FR_EXPONENT UINT64_C(0xFFF0000000000000)
#define FR_MANTISSA UINT64_C(0x000FFFFFFFFFFFFF)
#define FR_ONE UINT64_C(0x3FF0000000000000)

FR_INLINE double log_ratio(double num, double den)
{
    const uint64_t half = UINT64_C(1) << 51, bias = UINT64_C(1) << 63; /* 2048 in exponent units */

    /* k + 2048 in the top 12 bits.  The unsigned bias replaces an arithmetic shift, which SSE2 and
       AVX2 lack for 64-bit lanes.  The last term rounds negative ties away from zero. */
    const uint64_t difference = bits_of(num) - bits_of(den);
    const uint64_t rounded = difference + (bias + half) - (difference >> 63);
    const uint64_t shift = (rounded & FR_EXPONENT) - bias; /* k in the exponent field */
    /* k as a double: its bits become the low mantissa bits of 2^52, which is then subtracted */
    const double k = double_of((rounded >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 2048.0);

    const double mn = double_of(bits_of(num) - shift - (bits_of(den) & FR_EXPONENT) + FR_ONE);
    const double md = double_of((bits_of(den) & FR_MANTISSA) | FR_ONE);

    const double s = (mn - md) / (mn + md);
    const double z = s * s, z2 = z * z, z4 = z2 * z2;
    const double q =
        ((FR_Q0 + FR_Q1 * z) + (FR_Q2 + FR_Q3 * z) * z2) + ((FR_Q4 + FR_Q5 * z) + FR_Q6 * z2) * z4;

    return k * FR_LN2_HIGH + ((s + s) + (s * (z * q) + k * FR_LN2_LOW));
}
