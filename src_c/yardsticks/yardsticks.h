/* Yardsticks: four loops that measure the speed of a machine, independently of the kernels.
 *
 * FROZEN: never make these loops faster.  Times measured years apart are compared as ratios to the
 * times of these loops; a change would make every archived figure meaningless.  The loops share no
 * code with the kernels, and they are the only code that uses libm.
 *
 * Like the kernels, the loops allocate no memory and keep no state.  Lengths are in doubles.
 * Buffers are aligned to 16 bytes.
 */
#ifndef FR_YARDSTICKS_H
#define FR_YARDSTICKS_H

#include <stddef.h>

/* Computes the GHK equation in its textbook form: one row at a time, with libm's log.
 * in:  columns: P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in; n; phi
 * out: V[i] = phi log((P_K K_out + P_Na Na_out + P_Cl Cl_in) / (P_K K_in + ...)) */
void fr_yardstick_libm(const double *const columns[9], double phi, ptrdiff_t n, double *V);

/* Writes memory, by streaming stores if the processor has them.
 * in:  value, n
 * out: to[i] = value */
void fr_yardstick_fill(double value, ptrdiff_t n, double *to);

/* Copies memory, by streaming stores if the processor has them.
 * in:  from, n
 * out: to[i] = from[i] */
void fr_yardstick_copy(const double *from, ptrdiff_t n, double *to);

/* Multiplies and adds FR_YARDSTICK_CHAINS independent numbers in registers, two per register if the
 * processor has SSE2.
 * in:  n
 * in, out: x[FR_YARDSTICK_CHAINS]; x = x factor + term is applied n times to each */
enum { FR_YARDSTICK_CHAINS = 24 };
void fr_yardstick_arithmetic(ptrdiff_t n, double *x);

#endif
