/* The kernels for every processor of the compiler's target architecture. */
#include "isa/environment.h"

#define FR_ISA base
#define FR_VECTOR 16
#include "kernel/kernel_tpl.h"
