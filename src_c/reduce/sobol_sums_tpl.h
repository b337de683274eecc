/* Sums for variance-based sensitivity indices, of potentials that are never stored.
 *
 * Two walks cover samples A and B of the same inputs in step.  Exchanging the columns of one input
 * between them turns A into the A_B of the literature (A with that input taken from B), and B into
 * B_A.  The exchange only swaps pointers.
 *
 * Expects CHUNK, moments_tpl.h, walk_tpl.h and points_tpl.h.
 */

/* The scratch memory of a walk with the most columns and dimensions, in doubles. */
enum { WALK_SCRATCH = (FR_MAX_DIMS + 2 * CHUNK) * FR_MAX_COLUMNS + CHUNK + FR_CACHE_LINE };

typedef struct {
    fr_walk a, b;
    double scratch_a[WALK_SCRATCH], scratch_b[WALK_SCRATCH];
    double fa[CHUNK], fb[CHUNK];
    double d[FR_MAX_COLUMNS][CHUNK];      /* f(A_B) - f(A) for each input */
    double e[FR_MAX_COLUMNS][CHUNK];      /* f(B) - f(B_A) */
    double slopes[FR_MAX_COLUMNS][CHUNK]; /* derivatives at A, by column */
    uint8_t status[CHUNK];                /* OR of the status of all potentials of a point */
} fr_pair_of_walks;

static double sum_of_lanes(const double *lanes)
{
    double total = 0.0;
    for (int l = 0; l < LANES; l++)
        total += lanes[l];
    return total;
}

/* Returns the sum of x, in the order fixed by the lanes. */
static double total_of(const double *x, ptrdiff_t n)
{
    double lanes[LANES] = {0};
    const ptrdiff_t whole = n - n % LANES;
    for (ptrdiff_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++)
            lanes[l] += x[i + l];
    for (ptrdiff_t i = whole; i < n; i++)
        lanes[i - whole] += x[i];
    return sum_of_lanes(lanes);
}

/* Returns the sum of x y, in the order fixed by the lanes. */
static double dot(const double *x, const double *y, ptrdiff_t n)
{
    double lanes[LANES] = {0};
    const ptrdiff_t whole = n - n % LANES;
    for (ptrdiff_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++)
            lanes[l] += x[i + l] * y[i + l];
    for (ptrdiff_t i = whole; i < n; i++)
        lanes[i - whole] += x[i] * y[i];
    return sum_of_lanes(lanes);
}

/* Evaluates f, minus the pivot, at the loaded points of a walk. */
static void evaluate_f(fr_pair_of_walks *w, const fr_walk *walk, const fr_sobol_sums_spec *spec,
                       ptrdiff_t n, double *const *slopes, double *restrict f)
{
    uint8_t status[CHUNK] = {0};
    const int any = slopes ? compute_slopes(walk->model, n, &walk->loaded, f, slopes, status)
                           : compute_loaded(walk, n, f, status);
    for (ptrdiff_t i = 0; any && i < n; i++)
        w->status[i] |= status[i];
    const double low = spec->low, high = spec->high;
    for (ptrdiff_t i = 0; spec->indicator && i < n; i++)
        f[i] = ((f[i] >= low) & (f[i] <= high)) ? 1.0 : 0.0;
    for (ptrdiff_t i = 0; i < n; i++)
        f[i] -= spec->pivot;
}

/* Returns the number of an input's group, or its own; -1 of no input. */
static int part_of(const fr_sobol_sums_spec *spec, int input)
{
    return input >= 0 && spec->parts ? spec->parts[input] : input;
}

/* Exchanges the columns of one input, or of a group, between A and B. */
static void exchange(fr_pair_of_walks *w, const fr_sobol_sums_spec *spec, int part)
{
    for (int j = 0; j < w->a.n_columns; j++) {
        if (part_of(spec, w->a.columns[j].input) != part)
            continue;
        const double *const x = w->a.loaded.x[j];
        w->a.loaded.x[j] = w->b.loaded.x[j];
        w->b.loaded.x[j] = x;
    }
}

/* Returns the derivative of V with respect to an input or its logarithm, or NULL if no column has
   this input.  It overwrites the derivative with respect to the input's first column. */
static double *slopes_of_input(fr_pair_of_walks *w, int input, int log, ptrdiff_t n)
{
    double *found = NULL;
    const double *x = NULL;
    for (int j = 0; j < w->a.n_columns; j++) {
        if (w->a.columns[j].input != input)
            continue;
        for (ptrdiff_t i = 0; found && i < n; i++)
            found[i] += w->slopes[j][i];
        x = w->a.loaded.x[j];
        found = found ? found : w->slopes[j];
    }
    for (ptrdiff_t i = 0; found && log && i < n; i++) /* an excluded point may have x = inf */
        found[i] = w->status[i] ? 0.0 : found[i] * x[i];
    return found;
}

/* Counts the points at which some potential is invalid, and sets their terms to 0.  Returns the
   number of the other points. */
static ptrdiff_t leave_out(fr_pair_of_walks *w, const fr_sobol_sums_spec *spec, ptrdiff_t n,
                           int64_t *invalid)
{
    fr_block found;
    memset(&found, 0, sizeof found);
    const ptrdiff_t valid = sort_out(&found, w->status, n);
    for (int bit = 0; bit < 8; bit++)
        invalid[bit] += found.invalid[bit];
    for (ptrdiff_t i = 0; valid < n && i < n; i++) {
        if (!w->status[i])
            continue;
        w->fa[i] = w->fb[i] = 0.0;
        for (int k = 0; k < spec->n_inputs; k++)
            w->d[k][i] = w->e[k][i] = 0.0;
        for (int j = 0; j < w->a.n_columns; j++)
            w->slopes[j][i] = 0.0;
    }
    return valid;
}

/* Adds x to the next pair of a sum and its rounding error. */
static void add_to(double **sums, double x)
{
    add_exactly(*sums, *sums + 1, x);
    *sums += 2;
}

/* Adds a chunk to the sums, in the order of fastrest.h. */
static void add_chunk(fr_pair_of_walks *w, const fr_sobol_sums_spec *spec, int with_b, ptrdiff_t n,
                      double *sums)
{
    const int inputs = spec->n_inputs;
    add_to(&sums, total_of(w->fa, n));
    add_to(&sums, dot(w->fa, w->fa, n));
    for (int k = 0; spec->logs && k < inputs; k++) {
        const double *const slopes = slopes_of_input(w, k, spec->logs[k], n);
        add_to(&sums, slopes ? dot(slopes, slopes, n) : 0.0);
    }
    if (!with_b)
        return;
    add_to(&sums, total_of(w->fb, n));
    add_to(&sums, dot(w->fb, w->fb, n));
    add_to(&sums, dot(w->fa, w->fb, n));
    for (int k = 0; k < inputs; k++) {
        const double *const d = w->d[k], *const e = w->e[k];
        add_to(&sums, total_of(d, n));
        add_to(&sums, dot(d, d, n));
        add_to(&sums, total_of(e, n));
        add_to(&sums, dot(e, e, n));
        add_to(&sums, dot(d, e, n));
        add_to(&sums, dot(d, w->fa, n));
        add_to(&sums, dot(d, w->fb, n));
        add_to(&sums, dot(e, w->fa, n));
        add_to(&sums, dot(e, w->fb, n));
    }
    for (int j = 0; spec->second && j < inputs; j++)
        for (int k = j + 1; k < inputs; k++)
            add_to(&sums, dot(w->e[j], w->d[k], n) + dot(w->e[k], w->d[j], n));
}

/* Evaluates f at B, and at A_B and B_A for each input in turn. */
static void evaluate_exchanged(fr_pair_of_walks *w, const fr_sobol_sums_spec *spec, ptrdiff_t n)
{
    evaluate_f(w, &w->b, spec, n, NULL, w->fb);
    for (int k = 0; k < spec->n_inputs; k++) {
        exchange(w, spec, k);
        evaluate_f(w, &w->a, spec, n, NULL, w->d[k]);
        for (ptrdiff_t i = 0; i < n; i++)
            w->d[k][i] -= w->fa[i];
        evaluate_f(w, &w->b, spec, n, NULL, w->e[k]);
        for (ptrdiff_t i = 0; i < n; i++)
            w->e[k][i] = w->fb[i] - w->e[k][i];
        exchange(w, spec, k);
    }
}

FR_APART fr_error pick_freeze(const fr_model *model, const fr_layout *layout_a,
                              const fr_column *columns_a, const fr_layout *layout_b,
                              const fr_column *columns_b, ptrdiff_t start, ptrdiff_t count,
                              const fr_sobol_sums_spec *spec, void *scratch, int64_t *invalid,
                              double *sums)
{
    fr_pair_of_walks *const w = scratch;
    const int n_columns = fr_model_columns(model), inputs = spec->n_inputs;
    const int with_b = columns_b != NULL;
    double *slopes[FR_MAX_COLUMNS];
    memset(invalid, 0, 8 * sizeof *invalid);
    if (inputs < 1 || inputs > FR_MAX_COLUMNS)
        return FR_BAD_COLUMN;
    memset(sums, 0, (size_t)fr_sobol_sums_count(spec, with_b) * 2 * sizeof *sums);
    if (n_columns == 0 || (spec->logs && !has_derivatives(model)))
        return FR_BAD_MODEL;
    if (spec->parts && spec->logs)
        return FR_BAD_COLUMN;
    for (int j = 0; j < n_columns; j++) {
        const int input = columns_a[j].input;
        if (input >= FR_MAX_COLUMNS || part_of(spec, input) >= inputs ||
            (with_b && columns_b[j].input != input))
            return FR_BAD_COLUMN;
        slopes[j] = input >= 0 ? w->slopes[j] : NULL;
    }
    fr_error error = begin(&w->a, model, layout_a, columns_a, start, count, 0, w->scratch_a);
    if (!error && with_b)
        error = begin(&w->b, model, layout_b, columns_b, start, count, 0, w->scratch_b);
    if (error)
        return error;
    w->a.copies = w->b.copies = 1; /* each point is computed many times */
    for (ptrdiff_t n, done = 0; done < count; done += n) {
        n = shorter(count - done, CHUNK);
        memset(w->status, 0, sizeof w->status);
        fetch(&w->a, n);
        if (with_b)
            fetch(&w->b, n);
        evaluate_f(w, &w->a, spec, n, spec->logs ? slopes : NULL, w->fa);
        if (with_b)
            evaluate_exchanged(w, spec, n);
        leave_out(w, spec, n, invalid);
        add_chunk(w, spec, with_b, n, sums);
        advance(&w->a.layout, n, w->a.index);
        if (with_b)
            advance(&w->b.layout, n, w->b.index);
    }
    return FR_OK;
}
