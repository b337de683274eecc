/* The compiled instruction sets, best first. */
#include "isa/target.h"

static const fr_kernels *const compiled[] = {
#ifdef FR_HAS_AVX512
    &fr_kernels_avx512,
#endif
#ifdef FR_HAS_AVX2
    &fr_kernels_avx2,
#endif
    &fr_kernels_base,
};

const fr_kernels *fr_compiled(int i)
{
    return i >= 0 && i < (int)(sizeof compiled / sizeof *compiled) ? compiled[i] : NULL;
}

int fr_supported(const fr_kernels *kernels)
{
#ifdef FR_HAS_AVX512
    if (kernels == &fr_kernels_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
#ifdef FR_HAS_AVX2
    if (kernels == &fr_kernels_avx2)
        return __builtin_cpu_supports("avx2") != 0;
#endif
    return kernels == &fr_kernels_base;
}
