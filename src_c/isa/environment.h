/* The floating-point environment: rounding mode, flush-to-zero, denormals-are-zero, trapped
 * exceptions and raised flags.
 *
 * Other libraries of a process may change it, and a thread inherits it from its creator.  The
 * kernels compute in the default environment and give the caller's back.  Intrinsics do that in 7
 * ns on x86-64, the functions of <fenv.h> in 242 ns (measured).  On processors other than x86 and
 * arm64 these functions do nothing: there the environment must be the default one.
 */
#ifndef FR_ENVIRONMENT_H
#define FR_ENVIRONMENT_H

#include "isa/target.h"

typedef struct {
    uint64_t control, flags;
} fr_environment;

/* Sets the default environment.  Returns the caller's. */
FR_INLINE fr_environment enter_default(void)
{
    fr_environment caller = {0, 0};
#if defined(__SSE2__) || defined(_M_X64)
    caller.control = _mm_getcsr();
    _mm_setcsr(0x1F80); /* round to nearest; subnormals are numbers; no exception traps */
#elif defined(__aarch64__)
    const uint64_t none = 0;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(caller.control));
    __asm__ __volatile__("mrs %0, fpsr" : "=r"(caller.flags));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(none) : "memory");
#endif
    return caller;
}

/* Restores the caller's environment, and its flags. */
FR_INLINE void restore(fr_environment caller)
{
#if defined(__SSE2__) || defined(_M_X64)
    _mm_setcsr((unsigned)caller.control);
#elif defined(__aarch64__)
    __asm__ __volatile__("msr fpcr, %0" : : "r"(caller.control) : "memory");
    __asm__ __volatile__("msr fpsr, %0" : : "r"(caller.flags) : "memory");
#else
    (void)caller;
#endif
}

#endif
