/* Yardsticks: four loops that tell how fast a machine is, whatever becomes of the kernels.
 *
 * FROZEN: never make these faster.  Times that were measured years apart are compared through
 * their ratios to these, so a change here would make every archived figure meaningless.  They stand
 * apart from the kernels, share nothing with them, and are the only place that uses libm.
 *
 * Like the kernels they allocate nothing and keep no state.  Lengths are in doubles; buffers are
 * aligned to 16 bytes.
 */
#ifndef FR_YARDSTICKS_H
#define FR_YARDSTICKS_H

#include <stddef.h>

/* What a processor makes of the equation as everybody writes it: one row at a time, libm's log.
 * in:  columns: P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in; n; phi
 * out: V[i] = phi log((P_K K_out + P_Na Na_out + P_Cl Cl_in) / (P_K K_in + ...)) */
void fr_yardstick_libm(const double *const columns[9], double phi, ptrdiff_t n, double *V);

/* How fast memory is written: past the caches, where the processor can.
 * out: to[i] = value */
void fr_yardstick_fill(double value, ptrdiff_t n, double *to);

/* How fast memory is read and written: past the caches, where the processor can.
 * in:  from
 * out: to[i] = from[i] */
void fr_yardstick_copy(const double *from, ptrdiff_t n, double *to);

/* How fast a processor multiplies and adds: FR_YARDSTICK_CHAINS independent numbers in registers,
 * two in each where it has such instructions.
 * in:  n
 * in, out: x[FR_YARDSTICK_CHAINS], each n times x = x factor + term */
enum { FR_YARDSTICK_CHAINS = 24 };
void fr_yardstick_arithmetic(ptrdiff_t n, double *x);

#endif
