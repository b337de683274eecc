/* Counts of potentials over all pairs of two lists of logarithms, without visiting the pairs.
 *
 * Many edges are counted with an index of the second list, a few by walks along both lists, equally
 * spaced ones by fractions of the spacing.
 *
 * Expects layout_tpl.h and bits_tpl.h.
 */

/* ---- with an index ---- */

/* Numbers are sorted, so their cells do not decrease. */
FR_APART void index_numbers(const double *numbers, ptrdiff_t n, double scale, int32_t n_cells,
                            int32_t *first)
{
    int32_t next = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const double place = (numbers[j] - numbers[0]) * scale;
        const double within = place > 0.0 ? place : 0.0;
        const int32_t cell = (int32_t)(within < (double)n_cells ? within : (double)n_cells);
        while (next <= cell)
            first[next++] = (int32_t)j;
    }
    while (next <= n_cells + 1)
        first[next++] = (int32_t)n;
}

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

/* ---- by walks ----
 *
 * V grows with a and falls with b.  A walk for an edge begins at the first of both lists.  At (a,
 * b) it steps to the next a if V is less than the edge, which then holds for all later b too, else
 * to the next b.  It ends where a list ends. */

/* Returns the step at which the walk for an edge ends. */
static ptrdiff_t steps_of_walk(double phi, const double *a, ptrdiff_t n_a, const double *b,
                               ptrdiff_t n_b, double edge)
{
    ptrdiff_t from = 0, to = n_a; /* the first a that stays above the edge to the end of b */
    while (from < to) {
        const ptrdiff_t middle = from + (to - from) / 2;
        if (phi * (a[middle] - b[n_b - 1]) < edge)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < n_a)
        return from + n_b;
    return n_a + n_b - count_of_one(phi, a[n_a - 1], b, n_b, 0, n_b, edge);
}

/* Returns the number of steps to the next a among the first `steps` of a walk. */
static ptrdiff_t steps_along_a(double phi, const double *a, ptrdiff_t n_a, const double *b,
                               ptrdiff_t n_b, double edge, ptrdiff_t steps)
{
    ptrdiff_t from = steps > n_b ? steps - n_b : 0, to = steps < n_a ? steps : n_a;
    while (from < to) {
        const ptrdiff_t middle = from + (to - from) / 2;
        if (phi * (a[middle] - b[steps - middle - 1]) < edge)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The walk is cut into PARTS of equal length, which are walked side by side: each step waits for
   the comparison before it, and has no branch, because that would be mispredicted. */
FR_APART void walk_pairs(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                         const double *edges, ptrdiff_t n_edges, int64_t *below)
{
    enum { PARTS = 4 };
    const double *const end = b + n_b;
    for (ptrdiff_t e = 0; e < n_edges && n_a > 0; e++) {
        const double edge = edges[e];
        const ptrdiff_t all = steps_of_walk(phi, a, n_a, b, n_b, edge), steps = all / PARTS;
        const double *at_a[PARTS], *at_b[PARTS];
        int64_t total[PARTS] = {0};
        for (int k = 0; k < PARTS; k++) {
            const ptrdiff_t i = steps_along_a(phi, a, n_a, b, n_b, edge, k * steps);
            at_a[k] = a + i;
            at_b[k] = b + (k * steps - i);
        }
        for (ptrdiff_t step = 0; step < steps; step++)
            for (int k = 0; k < PARTS; k++) {
                const int64_t is_below = phi * (*at_a[k] - *at_b[k]) < edge;
                total[k] += -is_below & (int64_t)(end - at_b[k]);
                at_a[k] += is_below;
                at_b[k] += 1 - is_below;
            }
        for (ptrdiff_t step = PARTS * steps; step < all; step++)
            if (phi * (*at_a[PARTS - 1] - *at_b[PARTS - 1]) < edge) {
                total[0] += end - at_b[PARTS - 1];
                at_a[PARTS - 1]++;
            } else {
                at_b[PARTS - 1]++;
            }
        for (int k = 0; k < PARTS; k++)
            below[e] += total[k];
    }
}

/* Two walks at once: for each a, V lies in the range from one walk's b to the other's. */
FR_APART void list_pairs(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                         double low, double high, double *V)
{
    ptrdiff_t from = 0, to = 0;
    for (ptrdiff_t i = 0; i < n_a; i++) {
        while (from < n_b && !(phi * (a[i] - b[from]) < high))
            from++;
        while (to < n_b && !(phi * (a[i] - b[to]) < low))
            to++;
        for (ptrdiff_t j = from; j < to; j++)
            *V++ = phi * (a[i] - b[j]);
    }
}

/* ---- by fractions ----
 *
 * In units of the spacing of the edges, x = (phi a - edge 0) / spacing and y = phi b / spacing.  V
 * lies between the edges m and m + 1, where m is the whole part of x - y: the difference of the
 * whole parts, less 1 if the fraction of y is the greater one.  All numbers are visited by their
 * fractions, so at an a the counts are those of the b whose fractions are smaller. */

enum { FRACTION_AT = 64 - FR_FRACTION_BITS, DIGIT = 12, DIGITS = 3 };

/* Makes the keys of a list, and the whole parts. */
static void fraction_keys(const double *list, ptrdiff_t n, double unit, double origin,
                          uint64_t in_list, uint64_t *keys, int32_t *bins)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const double place = list[i] * unit - origin, x = place > 0.0 ? place : 0.0;
        const int32_t whole = (int32_t)x;
        const int64_t fraction = (int64_t)((x - (double)whole) * (double)FR_FRACTIONS);
        keys[i] = (uint64_t)fraction << FRACTION_AT | in_list | (uint64_t)i;
        bins[i] = whole;
    }
}

/* Sorts keys by their fractions, digit by digit.  The number of digits is odd: the sorted keys are
   in `sorted`, and `keys` is a buffer. */
static void sort_by_fraction(uint64_t *keys, uint64_t *sorted, ptrdiff_t n, int64_t *starts)
{
    const uint64_t mask = (1 << DIGIT) - 1;
    for (int round = 0; round < DIGITS; round++) {
        const int at = FRACTION_AT + round * DIGIT;
        const uint64_t *const from = round % 2 ? sorted : keys;
        uint64_t *const to = round % 2 ? keys : sorted;
        int64_t total = 0;
        memset(starts, 0, sizeof(*starts) << DIGIT);
        for (ptrdiff_t i = 0; i < n; i++)
            starts[from[i] >> at & mask]++;
        for (int digit = 0; digit < 1 << DIGIT; digit++) {
            const int64_t count = starts[digit];
            starts[digit] = total;
            total += count;
        }
        for (ptrdiff_t i = 0; i < n; i++)
            to[starts[from[i] >> at & mask]++] = from[i];
    }
}

FR_APART ptrdiff_t count_equally(const fr_equal_edges *q, fr_equal_scratch *s, int64_t *between)
{
    const ptrdiff_t n = q->n_a + q->n_b, n_bins = q->n_bins_b;
    const uint64_t in_list = (uint64_t)1 << (FRACTION_AT - 1);
    int32_t *const bins[] = {s->bins, s->bins + q->n_a};
    int64_t *const of_b = s->counts, *const of_a = of_b + n_bins;
    ptrdiff_t n_close = 0;
    const uint64_t *const keys = s->keys[0];
    fraction_keys(q->a, q->n_a, q->unit, q->origin_a, 0, s->keys[1], bins[0]);
    fraction_keys(q->b, q->n_b, q->unit, q->origin_b, in_list, s->keys[1] + q->n_a, bins[1]);
    sort_by_fraction(s->keys[1], s->keys[0], n, s->starts);
    memset(s->counts, 0, (size_t)(n_bins + q->n_bins_a) * sizeof *s->counts);
    memset(s->table, 0, (size_t)(n_bins * q->n_bins_a) * sizeof *s->table);
    /* Close keys follow each other in runs; a run of one list alone holds no pair.  The first key
       comes after the last. */
    const uint64_t around = (keys[0] >> FRACTION_AT) + FR_FRACTIONS - (keys[n - 1] >> FRACTION_AT);
    const uint64_t both = in_list | 1, at_ends = around <= q->guard ? both : 0;
    uint64_t lists = at_ends;
    ptrdiff_t begun = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t gap =
            i + 1 < n ? (keys[i + 1] >> FRACTION_AT) - (keys[i] >> FRACTION_AT) : around;
        lists |= keys[i] & in_list ? in_list : 1;
        if (gap <= q->guard) {
            if (n_close == q->room)
                return -1;
            s->close[n_close++] = i;
        }
        if (i + 1 == n)
            lists |= at_ends;
        if (gap > q->guard || i + 1 == n) {
            n_close = lists == both ? n_close : begun;
            begun = n_close;
            lists = 0;
        }
        const ptrdiff_t place = (ptrdiff_t)(keys[i] & (in_list - 1));
        if (keys[i] & in_list) {
            of_b[bins[1][place]]++;
        } else {
            int64_t *const row = s->table + bins[0][place] * n_bins;
            for (ptrdiff_t j = 0; j < n_bins; j++)
                row[j] += of_b[j];
            of_a[bins[0][place]]++;
        }
    }
    for (ptrdiff_t i = 0; i < q->n_bins_a; i++)
        for (ptrdiff_t j = 0; j < n_bins; j++) {
            const int64_t m = q->first + i - j, last = q->n_edges - 1;
            const int64_t upper = s->table[i * n_bins + j], lower = of_a[i] * of_b[j] - upper;
            between[m < 0 ? 0 : m < last ? m + 1 : last + 1] += upper;
            between[m < 1 ? 0 : m <= last ? m : last + 1] += lower;
        }
    return n_close;
}
