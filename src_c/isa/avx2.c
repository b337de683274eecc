/* The kernels for x86-64 processors with AVX2. */
#include "isa/environment.h"

#ifdef FR_HAS_AVX2
#define FR_ISA avx2
#define FR_VECTOR 32
FR_TARGET_BEGIN("avx2")
#include "kernel/kernel_tpl.h"
FR_TARGET_END
#endif
