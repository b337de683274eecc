/* All kernels of one instruction set.
 *
 * Files *_tpl.h are templates: they are compiled once per instruction set.  Each of them names the
 * templates that it expects to be included before it.  This file includes all the others; a
 * wrapper in isa/ includes only this file.
 *
 * Expects from the wrapper:
 *   isa/target.h and isa/environment.h;
 *   FR_ISA         the name of the instruction set, an identifier (base, avx2, ...);
 *   FR_VECTOR      the size of its vectors in bytes, of which intrinsics make use;
 *   an open target region for it.
 * Defines one global: fr_kernels_<FR_ISA>.
 *
 * The points are processed in chunks that stay in the L1 cache: layout_tpl.h loads the columns of a
 * chunk, or draw_tpl.h draws them; a model computes the potentials; store_tpl.h writes them.
 */

/* A strip of a chunk is read in one loop, which keeps what is needed, and computed with in another:
 * a loop that needs more registers than there are may read an input twice, and get two values. */
enum { CHUNK = FR_CHUNK, STRIP = 64 };

#include "math/bits_tpl.h"
#include "math/log_ratio_tpl.h"
#include "math/exp_tpl.h"
#include "math/decay_tpl.h"
#include "kernel/layout_tpl.h"
#include "models/models_tpl.h"
#include "reduce/moments_tpl.h"
#include "reduce/products_tpl.h"
#include "reduce/histogram_tpl.h"
#include "reduce/pairs_tpl.h"
#include "math/normal_tpl.h"
#include "sampling/quantile_tpl.h"
#include "sampling/uniform_tpl.h"
#include "sampling/draw_tpl.h"
#include "kernel/store_tpl.h"
#include "kernel/walk_tpl.h"
#include "kernel/points_tpl.h"
#include "kernel/reduce_tpl.h"
#include "reduce/sobol_sums_tpl.h"
#include "kernel/entries_tpl.h"

#define FR_JOIN_(a, b) a##b
#define FR_JOIN(a, b) FR_JOIN_(a, b)
#define FR_STRING_(a) #a
#define FR_STRING(a) FR_STRING_(a)

const fr_kernels FR_JOIN(fr_kernels_, FR_ISA) = {
    FR_STRING(FR_ISA),   enter_points,        enter_reduce,       enter_gradients,
    enter_count_pairs,   enter_index_numbers, enter_walk_pairs,   enter_list_pairs,
    enter_count_equally, enter_draw,          enter_quantiles,    enter_normal_tails,
    enter_products,      enter_pick_freeze,   sizeof(fr_product), sizeof(fr_pair_of_walks),
};
