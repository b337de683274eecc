/* Counts of potentials over all pairs of two lists of logarithms, without visiting the pairs.
 *
 * Expects layout_tpl.h and bits_tpl.h.
 */

/* Returns the number of elements of b with phi (a - b) < edge.  The first of them is known to lie
   between `from` and `to`. */
static int64_t count_of_one(double phi, double a, const double *b, ptrdiff_t n_b, ptrdiff_t from,
                            ptrdiff_t to, double edge)
{
    while (from < to) {
        const ptrdiff_t middle = from + (to - from) / 2;
        if (phi * (a - b[middle]) < edge)
            to = middle;
        else
            from = middle + 1;
    }
    return n_b - to;
}

/* For each a, V is less than the edge if b is greater than the boundary a - edge / phi.  The index
   of b finds the cell of the boundary; only potentials of that cell are computed and compared.
   Rounding may move the boundary by `margin` cells: if a boundary is that close to the end of its
   cell, all cells within reach are searched.

   A strip of a is processed in two loops.  The first finds the cells, by arithmetic that
   vectorises.  The second collects the few a whose cell is not empty; it has no branch, because
   that would be mispredicted. */
FR_APART void count_pairs(double phi, const double *a, ptrdiff_t n_a, const double *b,
                          ptrdiff_t n_b, double scale, int32_t n_cells, const int32_t *first,
                          const double *edges, ptrdiff_t n_edges, int64_t *below)
{
    enum { PAIRS = 64 };
    for (ptrdiff_t e = 0; e < n_edges; e++) {
        const double edge = edges[e], shift = edge / phi;
        const double rounding = 0x1p-46 * (64.0 + magnitude(shift));
        const double margin = rounding * scale + 1e-8;
        const int32_t reach = margin < (double)n_cells ? (int32_t)margin + 1 : n_cells;
        int64_t total = 0;
        for (ptrdiff_t start = 0; start < n_a; start += PAIRS) {
            const ptrdiff_t n = shorter(n_a - start, PAIRS);
            const double *const strip = a + start;
            int32_t cells[PAIRS], to_look_at[PAIRS];
            uint64_t near = 0; /* bit 63: some boundary is near the end of its cell */
            int count = 0;
            if ((strip[n - 1] - shift - b[0]) * scale < -1.0 - margin) { /* below all of b */
                total += n * n_b;
                continue;
            }
            if ((strip[0] - shift - b[0]) * scale > (double)n_cells + 1.0 + margin)
                continue; /* above all of b */
            for (ptrdiff_t i = 0; i < n; i++) {
                const double place = (strip[i] - shift - b[0]) * scale;
                double cell = place > 0.0 ? place : 0.0;
                cell = cell < (double)n_cells ? cell : (double)n_cells;
                cells[i] = (int32_t)cell;
                const double into = place - (double)cells[i];
                near |= bits_of(magnitude(into) - margin) | bits_of(magnitude(into - 1.0) - margin);
            }
            for (ptrdiff_t i = 0; (near & SIGN) && i < n; i++) {
                const int32_t lower = cells[i] > reach ? cells[i] - reach : 0;
                const int32_t upper = n_cells - cells[i] > reach ? cells[i] + reach : n_cells;
                total += count_of_one(phi, strip[i], b, n_b, first[lower], first[upper + 1], edge);
            }
            for (ptrdiff_t i = 0; !(near & SIGN) && i < n; i++) {
                const int32_t from = first[cells[i]], to = first[cells[i] + 1];
                total += n_b - to;
                to_look_at[count] = (int32_t)i;
                count += from != to;
            }
            for (int j = 0; j < count; j++) {
                const int32_t i = to_look_at[j], to = first[cells[i] + 1];
                total += count_of_one(phi, strip[i], b, to, first[cells[i]], to, edge);
            }
        }
        below[e] += total;
    }
}
