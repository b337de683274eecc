/* Headers and compiler dialects: an instruction set's wrapper includes this file before it opens a
 * target region. */
#ifndef FR_TARGET_H
#define FR_TARGET_H

#include "fastrest.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#endif

/* Fast-math gives wrong results in silence: the kernels need NaN, infinities, subnormal numbers and
 * the order of operations as it is written. */
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "fastrest cannot be compiled with -ffast-math or -ffinite-math-only"
#endif

/* x87 arithmetic would round twice and change the bits. */
#if FLT_EVAL_METHOD != 0
#error "fastrest needs FLT_EVAL_METHOD == 0: doubles computed as doubles"
#endif

/* Inlines a small function: a loop vectorises only if the functions it calls are inlined. */
#if defined(__GNUC__) || defined(__clang__)
#define FR_INLINE static inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define FR_INLINE static __forceinline
#else
#define FR_INLINE static inline
#endif

/* The layout of scratch memory: the strides of the layout's dimensions, one row of FR_MAX_COLUMNS
 * for each; then the buffers of columns, each with room for fr_buffer_length(count) doubles, on a
 * cache line. */
enum { FR_CACHE_LINE = 64 };

FR_INLINE ptrdiff_t fr_buffer_length(ptrdiff_t count)
{
    return count < 1 ? 0 : count < FR_CHUNK ? (count + 7) / 8 * 8 : FR_CHUNK;
}

/* Keeps a function, and the stack that it needs, out of its callers. */
#if defined(_MSC_VER)
#define FR_APART static __declspec(noinline)
#elif defined(__GNUC__) || defined(__clang__)
#define FR_APART static __attribute__((noinline))
#else
#define FR_APART static
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FR_PREFETCH(address) __builtin_prefetch(address)
#else
#define FR_PREFETCH(address) ((void)(address))
#endif

/* Target regions: functions between BEGIN and END are compiled for the instruction set. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define FR_HAS_AVX2
#define FR_HAS_AVX512
#define FR_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define FR_AVX512 "avx512f,avx512dq,avx512bw,avx512vl"
#define FR_TARGET_BEGIN(isa) \
    FR_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define FR_TARGET_END FR_PRAGMA(clang attribute pop)
#else
/* gcc would take vectors of 32 bytes for its generic processor */
#define FR_AVX512 "avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512"
#define FR_TARGET_BEGIN(isa) FR_PRAGMA(GCC push_options) FR_PRAGMA(GCC target(isa))
#define FR_TARGET_END FR_PRAGMA(GCC pop_options)
#endif
#endif

extern const fr_kernels fr_kernels_base;
#ifdef FR_HAS_AVX2
extern const fr_kernels fr_kernels_avx2;
#endif
#ifdef FR_HAS_AVX512
extern const fr_kernels fr_kernels_avx512;
#endif

#endif
