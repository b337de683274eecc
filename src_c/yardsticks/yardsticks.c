/* Frozen: yardsticks.h says why. */
#include "yardsticks.h"

#include <math.h>
#include <string.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define HAS_SSE2
#endif

void fr_yardstick_libm(const double *const columns[9], double phi, ptrdiff_t n, double *V)
{
    const double *P_K = columns[0], *P_Na = columns[1], *P_Cl = columns[2];
    const double *K_out = columns[3], *Na_out = columns[4], *Cl_out = columns[5];
    const double *K_in = columns[6], *Na_in = columns[7], *Cl_in = columns[8];
    for (ptrdiff_t i = 0; i < n; i++) {
        const double num = P_K[i] * K_out[i] + P_Na[i] * Na_out[i] + P_Cl[i] * Cl_in[i];
        const double den = P_K[i] * K_in[i] + P_Na[i] * Na_in[i] + P_Cl[i] * Cl_out[i];
        V[i] = phi * log(num / den);
    }
}

void fr_yardstick_fill(double value, ptrdiff_t n, double *to)
{
    ptrdiff_t i = 0;
#ifdef HAS_SSE2
    const __m128d two = _mm_set1_pd(value);
    for (; i + 2 <= n; i += 2)
        _mm_stream_pd(to + i, two);
    _mm_sfence();
#endif
    for (; i < n; i++)
        to[i] = value;
}

void fr_yardstick_copy(const double *from, ptrdiff_t n, double *to)
{
    ptrdiff_t i = 0;
#ifdef HAS_SSE2
    for (; i + 2 <= n; i += 2)
        _mm_stream_pd(to + i, _mm_load_pd(from + i));
    _mm_sfence();
#endif
    memcpy(to + i, from + i, (size_t)(n - i) * sizeof *to);
}

void fr_yardstick_arithmetic(ptrdiff_t n, double *x)
{
    const double factor = 0.999, term = 0.001;
#ifdef HAS_SSE2
    __m128d pairs[FR_YARDSTICK_CHAINS / 2];
    const __m128d factors = _mm_set1_pd(factor), terms = _mm_set1_pd(term);
    for (int k = 0; k < FR_YARDSTICK_CHAINS / 2; k++)
        pairs[k] = _mm_load_pd(x + 2 * k);
    for (ptrdiff_t i = 0; i < n; i++)
        for (int k = 0; k < FR_YARDSTICK_CHAINS / 2; k++)
            pairs[k] = _mm_add_pd(_mm_mul_pd(pairs[k], factors), terms);
    for (int k = 0; k < FR_YARDSTICK_CHAINS / 2; k++)
        _mm_store_pd(x + 2 * k, pairs[k]);
#else
    double chains[FR_YARDSTICK_CHAINS];
    memcpy(chains, x, sizeof chains);
    for (ptrdiff_t i = 0; i < n; i++)
        for (int k = 0; k < FR_YARDSTICK_CHAINS; k++)
            chains[k] = chains[k] * factor + term;
    memcpy(x, chains, sizeof chains);
#endif
}
