/* Sums and extrema of many potentials that are not stored.
 *
 * Sums are accumulated in LANES lanes: the loops vectorise, and the order of additions is fixed.
 * The sums of a chunk are plain additions.  They are added to the sums of the block by Knuth's
 * two-sum, which accumulates the rounding error.  The error of a mean is therefore that of CHUNK /
 * LANES additions.
 *
 * Expects CHUNK and bits_tpl.h.
 */

enum { LANES = 32 };

typedef struct {
    double sum[LANES], sum_error[LANES], squares[LANES], squares_error[LANES];
} fr_sums;

/* Adds x to *sum, and the rounding error of that addition to *error (Knuth two-sum). */
FR_INLINE void add_exactly(double *sum, double *error, double x)
{
    const double s = *sum + x, from_x = s - *sum;
    *error += (*sum - (s - from_x)) + (x - from_x);
    *sum = s;
}

/* Counts the invalid points of a chunk by reason.  Returns the number of valid points. */
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

/* Returns the index of the first of n valid points at which V is x, which some point has. */
static ptrdiff_t first_place(const double *V, const uint8_t *status, ptrdiff_t n, double x)
{
    ptrdiff_t i = 0;
    while (i < n - 1 && (V[i] != x || (status && status[i])))
        i++;
    return i;
}

/* Starts the sums of a block with its first chunk that has a valid point.  The pivot is the mean of
   the chunk's potentials, so that the squares of V - pivot stay small even if one potential is an
   outlier. */
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
    const double mean = sum / (double)valid; /* rounded: may lie outside least ... greatest */
    block->pivot = mean < least ? least : mean > greatest ? greatest : mean;
    block->min = least;
    block->max = greatest;
    block->argmin = point + first_place(V, status, n, least);
    block->argmax = point + first_place(V, status, n, greatest);
    memset(total, 0, sizeof *total);
}

/* Adds a chunk with at least one valid point to a block.  status is NULL if all points are valid;
   otherwise the potentials of invalid points are overwritten. */
static void add_sums(fr_block *block, fr_sums *total, double *restrict V, ptrdiff_t n,
                     ptrdiff_t point, const uint8_t *restrict status)
{
    if (block->n == 0)
        begin_sums(block, total, V, n, point, status);
    const double pivot = block->pivot;
    for (ptrdiff_t i = 0; status && i < n; i++)
        V[i] = status[i] ? pivot : V[i]; /* adds 0 and is no new extremum */

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
        add_exactly(&total->sum[l], &total->sum_error[l], sum[l]);
        add_exactly(&total->squares[l], &total->squares_error[l], squares[l]);
        least = low[l] < least ? low[l] : least;
        greatest = high[l] > greatest ? high[l] : greatest;
    }
    if (least < block->min) {
        block->min = least;
        block->argmin = point + first_place(V, status, n, least);
    }
    if (greatest > block->max) {
        block->max = greatest;
        block->argmax = point + first_place(V, status, n, greatest);
    }
}

/* Adds up the lanes of a complete block. */
static void finish_sums(fr_block *block, const fr_sums *lanes)
{
    for (int l = 0; l < LANES; l++) {
        block->sum_error += lanes->sum_error[l];
        block->squares_error += lanes->squares_error[l];
        add_exactly(&block->sum, &block->sum_error, lanes->sum[l]);
        add_exactly(&block->squares, &block->squares_error, lanes->squares[l]);
    }
}
