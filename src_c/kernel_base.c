/* The kernels for every processor of the family the compiler builds for. */
#include "kernel.h"

#define FR_ISA base
#include "kernel_body.h"
