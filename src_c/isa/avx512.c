/* The kernels for x86-64 processors with AVX-512 (F, DQ, BW and VL). */
#include "isa/environment.h"

#ifdef FR_HAS_AVX512
#define FR_ISA avx512
#define FR_VECTOR 64
FR_TARGET_BEGIN(FR_AVX512)
#include "kernel/kernel_tpl.h"
FR_TARGET_END
#endif
