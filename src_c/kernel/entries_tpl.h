/* The functions that the table of an instruction set points to: each calls a kernel in the default
 * floating-point environment.  Kernels are not inlined here, so that no operation of theirs is
 * moved across a change of the environment.
 *
 * Expects isa/environment.h and the kernels.
 */

#define ENTRY(name, parameters, arguments) \
    static fr_error enter_##name parameters \
    { \
        const fr_environment caller = enter_default(); \
        const fr_error error = name arguments; \
        restore(caller); \
        return error; \
    }

#define ENTRY_WITHOUT_ERRORS(name, parameters, arguments) \
    static void enter_##name parameters \
    { \
        const fr_environment caller = enter_default(); \
        name arguments; \
        restore(caller); \
    }

ENTRY(points,
      (const fr_model *model, const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
       ptrdiff_t count, void *scratch, const fr_output *out),
      (model, layout, columns, start, count, scratch, out))

ENTRY(reduce,
      (const fr_model *model, const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
       ptrdiff_t count, int far, int sums, void *scratch, fr_block *blocks,
       const fr_counts *counts),
      (model, layout, columns, start, count, far, sums, scratch, blocks, counts))

ENTRY(gradients,
      (const fr_model *model, const fr_layout *layout, const fr_column *columns, ptrdiff_t start,
       ptrdiff_t count, const int *wanted, int n_wanted, void *scratch, double *const *out),
      (model, layout, columns, start, count, wanted, n_wanted, scratch, out))

ENTRY(pick_freeze,
      (const fr_model *model, const fr_layout *layout_a, const fr_column *columns_a,
       const fr_layout *layout_b, const fr_column *columns_b, ptrdiff_t start, ptrdiff_t count,
       const fr_sobol_sums_spec *spec, void *scratch, int64_t *invalid, double *sums),
      (model, layout_a, columns_a, layout_b, columns_b, start, count, spec, scratch, invalid, sums))

ENTRY_WITHOUT_ERRORS(products,
                     (const double *const *x, int n_inputs, ptrdiff_t n, const double *centre,
                      const double *scale, void *scratch, double *sums),
                     (x, n_inputs, n, centre, scale, scratch, sums))

ENTRY_WITHOUT_ERRORS(count_pairs,
                     (double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                      double scale, int32_t n_cells, const int32_t *first, const double *edges,
                      ptrdiff_t n_edges, int64_t *below),
                     (phi, a, n_a, b, n_b, scale, n_cells, first, edges, n_edges, below))

ENTRY_WITHOUT_ERRORS(index_numbers,
                     (const double *numbers, ptrdiff_t n, double scale, int32_t n_cells,
                      int32_t *first),
                     (numbers, n, scale, n_cells, first))

ENTRY_WITHOUT_ERRORS(walk_pairs,
                     (double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                      const double *edges, ptrdiff_t n_edges, int64_t *below),
                     (phi, a, n_a, b, n_b, edges, n_edges, below))

ENTRY_WITHOUT_ERRORS(list_pairs,
                     (double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                      double low, double high, double *V),
                     (phi, a, n_a, b, n_b, low, high, V))

static ptrdiff_t enter_count_equally(const fr_equal_edges *question, fr_equal_scratch *scratch,
                                     int64_t *between)
{
    const fr_environment caller = enter_default();
    const ptrdiff_t n_close = count_equally(question, scratch, between);
    restore(caller);
    return n_close;
}

ENTRY_WITHOUT_ERRORS(draw,
                     (const fr_sample *sample, int64_t start, ptrdiff_t count, double *const *x),
                     (sample, start, count, x))

ENTRY_WITHOUT_ERRORS(quantiles,
                     (const fr_quantile *quantile, const double *u, const double *v, ptrdiff_t n,
                      double *x),
                     (quantile, u, v, n, x))

ENTRY_WITHOUT_ERRORS(normal_tails, (double z, double *lower, double *upper), (z, lower, upper))
