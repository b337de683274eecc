/* What is asked of many potentials without keeping them: sums, extrema, counts between edges.
 *
 * Sums run in LANES lanes, which vectorises and fixes their order.  Those of a chunk are short, and
 * are added to the block's with what that addition rounds off: the error of a mean is that of
 * CHUNK / LANES additions.
 *
 * Expects kernel.h, CHUNK and equations.h; included by kernel_body.h.
 */

enum { LANES = 32 };

typedef struct {
    double sum[LANES], sum_rest[LANES], squares[LANES], squares_rest[LANES];
} fr_sums;

/* *sum + x, exactly: as *sum and what is added to *rest (Knuth's two-sum) */
FR_INLINE void add_exactly(double *sum, double *rest, double x)
{
    const double s = *sum + x, from_x = s - *sum;
    *rest += (*sum - (s - from_x)) + (x - from_x);
    *sum = s;
}

/* Counts the invalid points of a chunk by reason; returns how many are valid. */
static ptrdiff_t sort_out(fr_block *block, const uint8_t *status, ptrdiff_t n)
{
    ptrdiff_t valid = n;
    for (ptrdiff_t i = 0; i < n; i++) {
        int bit = 0;
        if (status[i] == 0)
            continue;
        while (!(status[i] >> bit & 1))
            bit++;
        block->invalid[bit]++;
        valid--;
    }
    return valid;
}

/* The place of the first valid point at which V is x. */
static ptrdiff_t first_place(const double *V, const uint8_t *status, double x)
{
    ptrdiff_t i = 0;
    while (V[i] != x || (status && status[i]))
        i++;
    return i;
}

/* The first chunk of a block with a valid point sets the pivot: the mean of its potentials, so that
   no single one decides how far the others are from it, and their squares stay small. */
static void begin_sums(fr_block *block, fr_sums *total, const double *V, ptrdiff_t n,
                       ptrdiff_t point, const uint8_t *status)
{
    double sum = 0.0, least = INFINITY, greatest = -INFINITY;
    ptrdiff_t valid = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (status && status[i])
            continue;
        sum += V[i];
        least = V[i] < least ? V[i] : least;
        greatest = V[i] > greatest ? V[i] : greatest;
        valid++;
    }
    const double mean = sum / (double)valid; /* a rounding may carry it beyond equal potentials */
    block->pivot = mean < least ? least : mean > greatest ? greatest : mean;
    block->min = least;
    block->max = greatest;
    block->argmin = point + first_place(V, status, least);
    block->argmax = point + first_place(V, status, greatest);
    memset(total, 0, sizeof *total);
}

/* Adds a chunk with at least one valid point to a block; status is NULL if all are valid, else the
   potentials of the others are overwritten. */
static void add_sums(fr_block *block, fr_sums *total, double *restrict V, ptrdiff_t n,
                     ptrdiff_t point, const uint8_t *restrict status)
{
    if (block->n == 0)
        begin_sums(block, total, V, n, point, status);
    const double pivot = block->pivot;
    for (ptrdiff_t i = 0; status && i < n; i++)
        V[i] = status[i] ? pivot : V[i]; /* adds 0, and is within the extrema */

    double sum[LANES] = {0}, squares[LANES] = {0}, low[LANES], high[LANES];
    for (int l = 0; l < LANES; l++)
        low[l] = high[l] = pivot;
    const ptrdiff_t whole = n - n % LANES;
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            const double d = V[i + l] - pivot;
            sum[l] += d;
            squares[l] += d * d;
        }
    }
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            const double v = V[i + l], least = low[l], greatest = high[l];
            low[l] = v < least ? v : least;
            high[l] = v > greatest ? v : greatest;
        }
    }
    for (ptrdiff_t i = whole; i < n; i++) {
        const double d = V[i] - pivot;
        sum[i - whole] += d;
        squares[i - whole] += d * d;
        low[i - whole] = V[i] < low[i - whole] ? V[i] : low[i - whole];
        high[i - whole] = V[i] > high[i - whole] ? V[i] : high[i - whole];
    }
    double least = low[0], greatest = high[0];
    for (int l = 0; l < LANES; l++) {
        add_exactly(&total->sum[l], &total->sum_rest[l], sum[l]);
        add_exactly(&total->squares[l], &total->squares_rest[l], squares[l]);
        least = low[l] < least ? low[l] : least;
        greatest = high[l] > greatest ? high[l] : greatest;
    }
    if (least < block->min) {
        block->min = least;
        block->argmin = point + first_place(V, status, least);
    }
    if (greatest > block->max) {
        block->max = greatest;
        block->argmax = point + first_place(V, status, greatest);
    }
}

/* The lanes of a whole block, put together. */
static void finish_sums(fr_block *block, const fr_sums *lanes)
{
    for (int l = 0; l < LANES; l++) {
        block->sum_rest += lanes->sum_rest[l];
        block->squares_rest += lanes->squares_rest[l];
        add_exactly(&block->sum, &block->sum_rest, lanes->sum[l]);
        add_exactly(&block->squares, &block->squares_rest, lanes->squares[l]);
    }
}

/* ---- counts ---- */

/* The cell of an index in which x lies.  It never falls as x grows, whatever is rounded: an edge
   in a lower cell than x is below x, one in a higher cell above. */
FR_INLINE int32_t cell_of(double x, double origin, double scale, int32_t n_cells)
{
    double cell = (x - origin) * scale;
    cell = cell > 0.0 ? cell : 0.0;
    cell = cell < (double)n_cells ? cell : (double)n_cells;
    return (int32_t)cell;
}

/* Up to FEW edges are compared with all potentials, which vectorises. */
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

/* Adds a chunk of which `valid` points are valid; status is NULL if all are, else the potentials of
   the others are overwritten. */
static void add_counts(const fr_counts *counts, double *restrict V, ptrdiff_t n, ptrdiff_t valid,
                       const uint8_t *restrict status)
{
    int32_t cells[CHUNK];
    for (ptrdiff_t i = 0; status && i < n; i++)
        V[i] = status[i] ? INFINITY : V[i]; /* in the last count, from which they are taken */
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
        /* one edge or none is left, which no branch would foretell */
        low += (high > low) & (V[i] >= counts->edges[high > low ? low : 0]);
        counts->counts[low]++;
    }
    counts->counts[counts->n_edges] -= n - valid;
}

/* The same without logarithms, for few edges: V < edge where num < ratio den, but for a margin
   that covers all rounding on either side (2 ulp of the logarithm and 4 of the ratio, weighed by
   the size of edge / phi).  Counts nothing and returns 0 if a point lies within it. */
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

/* ---- all pairs of two tables of logarithms, without visiting them ---- */

/* How many of b have phi (a - b) < edge, where the first of them is between `from` and `to`. */
static int64_t pairs_of_one(double phi, double a, const double *b, ptrdiff_t n_b, ptrdiff_t from,
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

/* For each a the index of b tells where V = edge, but for the one cell that holds the boundary
   a - edge / phi: its potentials are computed and compared.  Rounding may move the boundary by
   `margin` cells: where that matters all cells that it may be in are looked at.  The places are
   found first, by arithmetic that vectorises, then the few a whose cell is not empty are noted,
   without a branch, which nobody could foretell. */
static void pairs(double phi, const double *a, ptrdiff_t n_a, const double *b, ptrdiff_t n_b,
                  double scale, int32_t n_cells, const int32_t *first, const double *edges,
                  ptrdiff_t n_edges, int64_t *below)
{
    enum { STRIP = 64 };
    for (ptrdiff_t e = 0; e < n_edges; e++) {
        const double edge = edges[e], shift = edge / phi;
        const double rounding = 0x1p-46 * (64.0 + magnitude(shift));
        const double margin = rounding * scale + 1e-8;
        const int32_t reach = margin < (double)n_cells ? (int32_t)margin + 1 : n_cells;
        int64_t total = 0;
        for (ptrdiff_t start = 0; start < n_a; start += STRIP) {
            const ptrdiff_t n = shorter(n_a - start, STRIP);
            const double *const strip = a + start;
            int32_t cells[STRIP], to_look_at[STRIP];
            uint64_t near = 0; /* bit 63: some boundary is near that of a cell */
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
                total += pairs_of_one(phi, strip[i], b, n_b, first[lower], first[upper + 1], edge);
            }
            for (ptrdiff_t i = 0; !(near & SIGN) && i < n; i++) {
                const int32_t from = first[cells[i]], to = first[cells[i] + 1];
                total += n_b - to;
                to_look_at[count] = (int32_t)i;
                count += from != to;
            }
            for (int j = 0; j < count; j++) {
                const int32_t i = to_look_at[j], to = first[cells[i] + 1];
                total += pairs_of_one(phi, strip[i], b, to, first[cells[i]], to, edge);
            }
        }
        below[e] += total;
    }
}
