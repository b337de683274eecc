/* The models.  Each equation has a loop over the ordinary points of a chunk (*_chunk), and a
 * function of one point that covers every special case (*_point).
 *
 * The loop treats every point as ordinary.  It writes one word per point to `suspect` and sets bit
 * 63 of the word if the point was not ordinary.  The test is integer arithmetic on bit patterns,
 * which vectorises on every processor and costs next to nothing.  Suspect points are then computed
 * again, one by one, by the *_point function.  On ordinary points both functions are bit-for-bit
 * identical, because they use the same operations in the same order.
 */

#include "models/domain_tpl.h"
#include "models/nernst_tpl.h"
#include "models/ghk_tpl.h"
#include "models/pump_law_tpl.h"
#include "models/chord_tpl.h"
#include "models/separable_tpl.h"
#include "models/gradient_tpl.h"
#include "models/nernst_gradient_tpl.h"
#include "models/ghk_gradient_tpl.h"
#include "models/chord_gradient_tpl.h"
#include "models/pump_tpl.h"
#include "models/currents_tpl.h"
#include "models/solution_tpl.h"
#include "models/steady_tpl.h"
#include "models/steady_gradient_tpl.h"
#include "models/field_tpl.h"
#include "models/living_tpl.h"
#include "models/rundown_tpl.h"
#include "models/rundown_lanes_tpl.h"

/* ---- potentials: one row per equation ---- */

typedef struct {
    /* Computes the potentials of n ordinary points.  Bit 63 of the result is set if some point was
       not ordinary; bit 63 of its word in `suspect` then marks it. */
    uint64_t (*chunk)(const fr_model *model, ptrdiff_t n, const fr_columns *in, double *restrict V,
                      uint64_t *restrict suspect);
    /* Computes the potential and status of one point, ordinary or not. */
    double (*point)(const fr_model *model, const double *x, uint8_t *status);
    /* The same as chunk, without loading the columns first, if each column is constant or
       contiguous along a row; may be NULL. */
    uint64_t (*rows)(const fr_compact_layout *layout, const fr_column *columns,
                     const ptrdiff_t *from, ptrdiff_t n, double *restrict V);
} fr_row;

#define ROW_OF(NAME, name, per_ion, others, largest_z, pump, outputs, kernel, rows, slopes) \
    [FR_##NAME] = {kernel##_chunk, kernel##_point, rows},
#define ROWS(kernel) kernel##_rows
#define NO_ROWS NULL
static const fr_row equations[FR_EQUATIONS] = {FR_MODELS(ROW_OF)};

/* ---- derivatives: one row per equation, NULL if it has none ---- */

typedef struct {
    /* Computes the potentials of n ordinary points, and their derivatives with respect to each
       column j whose slopes[j] is not NULL.  Result and suspect are those of fr_row.chunk. */
    uint64_t (*chunk)(const fr_model *model, ptrdiff_t n, const fr_columns *in, double *restrict V,
                      double *const *slopes, uint64_t *restrict suspect);
    /* Computes the potential, status and all derivatives of one point, ordinary or not.  The
       derivatives are NaN if the status is not 0. */
    double (*point)(const fr_model *model, const double *x, double *slopes, uint8_t *status);
} fr_slopes_row;

#define SLOPES_OF(NAME, name, per_ion, others, largest_z, pump, outputs, kernel, rows, slopes) \
    [FR_##NAME] = slopes,
#define SLOPES(kernel) {kernel##_slopes_chunk, kernel##_slopes_point}
#define NO_SLOPES {NULL, NULL}
static const fr_slopes_row derivatives[FR_EQUATIONS] = {FR_MODELS(SLOPES_OF)};
