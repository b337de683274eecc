/* Counts of potentials between edges.
 *
 * Expects CHUNK and log_ratio_tpl.h.
 */

/* Returns the cell of an index in which x lies.  Rounding does not break monotonicity: an edge in a
   lower cell than x is less than x, and an edge in a higher cell is greater. */
FR_INLINE int32_t cell_of(double x, double origin, double scale, int32_t n_cells)
{
    double cell = (x - origin) * scale;
    cell = cell > 0.0 ? cell : 0.0;
    cell = cell < (double)n_cells ? cell : (double)n_cells;
    return (int32_t)cell;
}

/* Up to FEW edges are compared with every potential, in a loop that vectorises. */
enum { FEW = 8 };

static void add_few_counts(const fr_counts *counts, const double *restrict V, ptrdiff_t n,
                           ptrdiff_t valid)
{
    int64_t lower = 0;
    for (ptrdiff_t e = 0; e < counts->n_edges; e++) {
        const double edge = counts->edges[e];
        int64_t below = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            below += V[i] < edge;
        counts->counts[e] += below - lower;
        lower = below;
    }
    counts->counts[counts->n_edges] += valid - lower;
}

/* Counts the potentials of a chunk with `valid` valid points.  status is NULL if all points are
   valid; otherwise the potentials of invalid points are overwritten. */
static void add_counts(const fr_counts *counts, double *restrict V, ptrdiff_t n, ptrdiff_t valid,
                       const uint8_t *restrict status)
{
    int32_t cells[CHUNK];
    for (ptrdiff_t i = 0; status && i < n; i++)
        V[i] = status[i] ? INFINITY : V[i]; /* counted last, subtracted below */
    if (counts->n_edges <= FEW) {
        add_few_counts(counts, V, n, valid);
        return;
    }
    for (ptrdiff_t i = 0; i < n; i++)
        cells[i] = cell_of(V[i], counts->edges[0], counts->scale, counts->n_cells);
    for (ptrdiff_t i = 0; i < n; i++) {
        int32_t low = counts->first[cells[i]], high = counts->first[cells[i] + 1];
        for (; high - low > 1;) {
            const int32_t middle = low + (high - low) / 2;
            if (V[i] < counts->edges[middle])
                high = middle;
            else
                low = middle;
        }
        /* one edge or none is left; no branch, because it would be mispredicted */
        low += (high > low) & (V[i] >= counts->edges[high > low ? low : 0]);
        counts->counts[low]++;
    }
    counts->counts[counts->n_edges] -= n - valid;
}

/* Counts the potentials phi ln(num/den) of a chunk without logarithms, for up to FEW edges:
   V < edge is equivalent to num < ratio den, except within a margin.  The margin covers all
   rounding on either side (2 ulp of the logarithm and 4 ulp of the ratio, weighted by the size of
   edge / phi).  Returns 1; if a point lies within the margin, counts nothing and returns 0. */
static int add_ratio_counts(const fr_counts *counts, const double *restrict num,
                            const double *restrict den, ptrdiff_t n)
{
    int64_t below[FEW];
    uint64_t near = 0;
    for (ptrdiff_t e = 0; e < counts->n_edges; e++) {
        const double ratio = counts->ratios[e];
        const double margin = 0x1p-49 * (1.0 + magnitude(log_ratio(ratio, 1.0)));
        int64_t less = 0;
        for (ptrdiff_t i = 0; i < n; i++) {
            const double boundary = ratio * den[i];
            less += num[i] < boundary;
            near |= bits_of(magnitude(num[i] - boundary) - margin * num[i]);
        }
        below[e] = less;
    }
    if (near & SIGN)
        return 0;
    for (ptrdiff_t e = 0; e < counts->n_edges; e++)
        counts->counts[e] += below[e] - (e > 0 ? below[e - 1] : 0);
    counts->counts[counts->n_edges] += n - below[counts->n_edges - 1];
    return 1;
}
