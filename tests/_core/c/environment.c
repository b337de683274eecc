/* Reads and sets the control bits of the floating-point environment, for test_environment.py. */
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

uint64_t get_control(void)
{
    return _mm_getcsr();
}

void set_control(uint64_t control)
{
    _mm_setcsr((unsigned)control);
}
#elif defined(__aarch64__)
uint64_t get_control(void)
{
    uint64_t control;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(control));
    return control;
}

void set_control(uint64_t control)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"(control) : "memory");
}
#endif
