/* Sums from which variance-based sensitivity indices follow, of potentials that are never stored.
 *
 * Two samples A and B of the same inputs are walked through together.  With the columns of one
 * input exchanged between them, A becomes what the literature calls A_B (all of A but for that
 * input), and B becomes B_A: only pointers move.
 *
 * Expects kernel.h, CHUNK, sums.h, gradients.h and the walk of kernel_body.h.
 */

typedef struct {
    fr_walk a, b;
    double fa[CHUNK], fb[CHUNK];
    double d[FR_MAX_COLUMNS][CHUNK];      /* f(A_B) - f(A) for each input */
    double fba[FR_MAX_COLUMNS][CHUNK];    /* f(B_A) */
    double slopes[FR_MAX_COLUMNS][CHUNK]; /* by column */
    uint8_t status[CHUNK];                /* of any of the potentials */
} fr_pair_of_walks;

static double sum_of_lanes(const double *lanes)
{
    double total = 0.0;
    for (int l = 0; l < LANES; l++)
        total += lanes[l];
    return total;
}

/* Sums of x, and of x y, in the order that the lanes fix. */
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

/* What is asked about, at the loaded points of a walk: f less the pivot. */
static void ask(fr_pair_of_walks *w, const fr_walk *walk, const fr_question *question, ptrdiff_t n,
                double *const *slopes, double *restrict f)
{
    uint8_t status[CHUNK] = {0};
    uint64_t suspect[CHUNK];
    int any;
    if (slopes) {
        any = compute_slopes(walk->model, n, &walk->loaded, f, slopes, status);
    } else {
        any = (walk->equation.chunk(walk->model, n, &walk->loaded, f, suspect) & SIGN) != 0;
        if (any)
            settle(walk, n, suspect, f, status);
    }
    for (ptrdiff_t i = 0; any && i < n; i++)
        w->status[i] |= status[i];
    const double low = question->low, high = question->high;
    for (ptrdiff_t i = 0; question->indicator && i < n; i++)
        f[i] = ((f[i] >= low) & (f[i] <= high)) ? 1.0 : 0.0;
    for (ptrdiff_t i = 0; i < n; i++)
        f[i] -= question->pivot;
}

static void exchange(fr_pair_of_walks *w, int input)
{
    for (int j = 0; j < w->a.n_columns; j++) {
        if (w->a.columns[j].input != input)
            continue;
        const double *const x = w->a.loaded.x[j];
        w->a.loaded.x[j] = w->b.loaded.x[j];
        w->b.loaded.x[j] = x;
    }
}

/* The derivative of V with respect to an input, or to its logarithm, in the place of that with
   respect to its first column. */
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
    for (ptrdiff_t i = 0; found && log && i < n; i++) /* a point left out may have x = inf */
        found[i] = w->status[i] ? 0.0 : found[i] * x[i];
    return found;
}

/* Points at which some potential is not valid count for nothing. */
static ptrdiff_t leave_out(fr_pair_of_walks *w, const fr_question *question, ptrdiff_t n,
                           int64_t *invalid)
{
    fr_block found;
    memset(&found, 0, sizeof found);
    const ptrdiff_t valid = sort_out(&found, w->status, n);
    for (int bit = 0; bit < 6; bit++)
        invalid[bit] += found.invalid[bit];
    for (ptrdiff_t i = 0; valid < n && i < n; i++) {
        if (!w->status[i])
            continue;
        w->fa[i] = w->fb[i] = 0.0;
        for (int k = 0; k < question->n_inputs; k++)
            w->d[k][i] = w->fba[k][i] = 0.0;
        for (int j = 0; j < w->a.n_columns; j++)
            w->slopes[j][i] = 0.0;
    }
    return valid;
}

static void add_to(double **sums, double x)
{
    add_exactly(*sums, *sums + 1, x);
    *sums += 2;
}

/* Adds a chunk to the sums, in the order that fastrest.h tells. */
static void add_chunk(fr_pair_of_walks *w, const fr_question *question, int with_b, ptrdiff_t n,
                      double *sums)
{
    const int inputs = question->n_inputs;
    add_to(&sums, total_of(w->fa, n));
    add_to(&sums, dot(w->fa, w->fa, n));
    for (int k = 0; question->logs && k < inputs; k++) {
        const double *const slopes = slopes_of_input(w, k, question->logs[k], n);
        add_to(&sums, slopes ? dot(slopes, slopes, n) : 0.0);
    }
    if (!with_b)
        return;
    add_to(&sums, total_of(w->fb, n));
    add_to(&sums, dot(w->fb, w->fb, n));
    add_to(&sums, dot(w->fa, w->fb, n));
    for (int k = 0; k < inputs; k++) {
        add_to(&sums, total_of(w->d[k], n));
        add_to(&sums, dot(w->d[k], w->d[k], n));
        add_to(&sums, dot(w->d[k], w->fb, n));
    }
    for (int k = 0; question->second && k < inputs; k++) {
        add_to(&sums, total_of(w->fba[k], n));
        add_to(&sums, dot(w->fba[k], w->fa, n));
    }
    for (int j = 0; question->second && j < inputs; j++)
        for (int k = j + 1; k < inputs; k++)
            add_to(&sums, dot(w->fba[j], w->d[k], n));
}

/* f at B, and where one input after the other is exchanged between A and B */
static void ask_around(fr_pair_of_walks *w, const fr_question *question, ptrdiff_t n)
{
    ask(w, &w->b, question, n, NULL, w->fb);
    for (int k = 0; k < question->n_inputs; k++) {
        exchange(w, k);
        ask(w, &w->a, question, n, NULL, w->d[k]);
        for (ptrdiff_t i = 0; i < n; i++)
            w->d[k][i] -= w->fa[i];
        if (question->second)
            ask(w, &w->b, question, n, NULL, w->fba[k]);
        exchange(w, k);
    }
}

static fr_error pick_freeze(const fr_model *model, const fr_lattice *lattice_a,
                            const fr_column *columns_a, const fr_lattice *lattice_b,
                            const fr_column *columns_b, ptrdiff_t start, ptrdiff_t count,
                            const fr_question *question, void *scratch, int64_t *invalid,
                            double *sums)
{
    fr_pair_of_walks *const w = scratch;
    const int n_columns = fr_model_columns(model), inputs = question->n_inputs;
    const int with_b = columns_b != NULL;
    double *slopes[FR_MAX_COLUMNS];
    memset(invalid, 0, 6 * sizeof *invalid);
    memset(sums, 0, (size_t)fr_question_sums(question, with_b) * 2 * sizeof *sums);
    if (n_columns == 0 || derivatives[model->equation].chunk == NULL)
        return FR_BAD_MODEL;
    if (inputs < 1 || inputs > FR_MAX_COLUMNS)
        return FR_BAD_COLUMN;
    for (int j = 0; j < n_columns; j++) {
        const int input = columns_a[j].input;
        if (input >= inputs || (with_b && columns_b[j].input != input))
            return FR_BAD_COLUMN;
        slopes[j] = input >= 0 ? w->slopes[j] : NULL;
    }
    fr_error error = begin(&w->a, model, lattice_a, columns_a, start, count, 0);
    if (!error && with_b)
        error = begin(&w->b, model, lattice_b, columns_b, start, count, 0);
    if (error)
        return error;
    for (ptrdiff_t n, done = 0; done < count; done += n) {
        n = shorter(count - done, CHUNK);
        memset(w->status, 0, sizeof w->status);
        fetch(&w->a, n);
        if (with_b)
            fetch(&w->b, n);
        ask(w, &w->a, question, n, question->logs ? slopes : NULL, w->fa);
        if (with_b)
            ask_around(w, question, n);
        leave_out(w, question, n, invalid);
        add_chunk(w, question, with_b, n, sums);
        advance(&w->a.layout, n, w->a.index);
        if (with_b)
            advance(&w->b.layout, n, w->b.index);
    }
    return FR_OK;
}
