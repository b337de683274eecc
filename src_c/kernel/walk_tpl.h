/* Walks over the points of a layout, chunk by chunk.
 *
 * Expects layout_tpl.h, models_tpl.h and draw_tpl.h.
 */

/* A walk over the points of a layout, in order. */
typedef struct {
    const fr_model *model;
    const fr_column *columns;
    int n_columns;
    int by_rows; /* along a row each column is constant or contiguous, and the equation uses that */
    fr_row equation;
    fr_compact_layout layout;
    ptrdiff_t index[FR_MAX_DIMS]; /* index of the next point */
    int currents;                 /* not 0: what flows takes the place of V */
    int copies;                   /* not 0: points are computed from copies of the columns */
    const fr_sample *sample;
    double *drawn[FR_MAX_COLUMNS]; /* buffer of each input of the sample */
    fr_columns loaded;
    double *changed; /* if the model has changes: buffers of the changed columns, and of a result */
} fr_walk;

/* Assigns buffers to the columns that are drawn; several columns may share an input. */
static fr_error begin_draws(fr_walk *walk, const fr_layout *layout, const fr_column *columns,
                            int n_columns)
{
    const fr_sample *const sample = walk->sample = layout->sample;
    const int n_inputs = sample ? sample->n_inputs + sample->n_derived : 0;
    memset(walk->drawn, 0, sizeof walk->drawn);
    for (int j = 0; j < n_columns; j++) {
        if (columns[j].data)
            continue;
        const int input = columns[j].input;
        if (layout->ndim != 1 || n_inputs > FR_MAX_COLUMNS || input < 0 || input >= n_inputs)
            return FR_BAD_LAYOUT;
        if (!walk->drawn[input])
            walk->drawn[input] = buffer_of(&walk->loaded, j);
        walk->loaded.x[j] = walk->drawn[input];
    }
    int spare = n_columns;
    for (int k = 0; k < n_inputs; k++) { /* inputs without a column are drawn, too */
        if (walk->drawn[k])
            continue;
        if (spare == FR_MAX_COLUMNS)
            return FR_BAD_LAYOUT;
        walk->drawn[k] = buffer_of(&walk->loaded, spare++);
    }
    return FR_OK;
}

/* Starts a walk at the point `start`. */
static fr_error begin(fr_walk *walk, const fr_model *model, const fr_layout *layout,
                      const fr_column *columns, ptrdiff_t start, ptrdiff_t count, int far,
                      void *scratch)
{
    const int n_columns = fr_model_columns(model);
    if (n_columns == 0)
        return FR_BAD_MODEL;
    walk->layout.strides = scratch;
    const fr_error error = compact_layout(layout, columns, n_columns, start, count, &walk->layout);
    if (error || count == 0)
        return error;
    walk->model = model;
    walk->columns = columns;
    walk->n_columns = n_columns;
    walk->equation = equations[model->equation];
    walk->by_rows = walk->equation.rows != NULL && model->n_changes == 0;
    for (int j = 0; j < n_columns; j++) {
        const ptrdiff_t stride = walk->layout.strides[walk->layout.ndim - 1][j];
        walk->by_rows &= columns[j].data && (stride == 0 || stride == (ptrdiff_t)sizeof(double));
    }
    memset(walk->loaded.filled, 0, sizeof walk->loaded.filled);
    char *const buffers = (char *)(walk->layout.strides + layout->ndim);
    walk->changed =
        (double *)(buffers + (FR_CACHE_LINE - (uintptr_t)buffers % FR_CACHE_LINE) % FR_CACHE_LINE);
    walk->loaded.length = fr_buffer_length(count);
    walk->loaded.buffers =
        walk->changed + (model->n_changes ? (n_columns + 1) * walk->loaded.length : 0);
    walk->loaded.far = far;
    walk->currents = asks_currents(model);
    /* a course and a solution read their inputs several times, a comparison once for each
       condition, and what flows follows from V and the inputs */
    walk->copies = model->protocol || model->n_changes || walk->currents || is_solution(model);
    locate(&walk->layout, start, walk->index);
    return begin_draws(walk, layout, columns, n_columns);
}

/* Loads or draws the columns of the next n <= CHUNK points. */
static void fetch(fr_walk *walk, ptrdiff_t n)
{
    load(&walk->layout, walk->columns, walk->n_columns, walk->index, n, &walk->loaded);
    if (walk->copies)
        copy_columns(walk->columns, walk->n_columns, n, &walk->loaded);
    if (walk->sample)
        draw_chunk(walk->sample, walk->index[0], n, walk->drawn);
}

/* Computes the value and status of one point. */
static double value_at(const fr_walk *walk, const double *x, uint8_t *status)
{
    const double V = walk->equation.point(walk->model, x, status);
    return walk->currents ? current_point(walk->model, x, V, status) : V;
}

/* Computes the suspect points of a chunk again, one by one, but for courses, which have told their
   status.  If status is not NULL, it is written to it. */
static void recompute_suspects(const fr_walk *walk, ptrdiff_t n, const fr_columns *in,
                               const uint64_t *suspect, double *V, uint8_t *status)
{
    const uint64_t zero = hidden_zero();
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(suspect[i] & SIGN))
            continue;
        double point[FR_MAX_COLUMNS];
        uint8_t bits = walk->model->protocol ? (uint8_t)suspect[i] : 0;
        for (int j = 0; j < walk->n_columns && !bits; j++)
            point[j] = read_once(&in->x[j][i], zero);
        if (!bits)
            V[i] = value_at(walk, point, &bits);
        if (status)
            status[i] = bits;
    }
}

/* Computes the values of n points.  If status is not NULL, the status of suspect points is written
   to it.  Returns 0 if no point was suspect. */
FR_APART int compute_columns(const fr_walk *walk, ptrdiff_t n, const fr_columns *in,
                             double *restrict V, uint8_t *restrict status)
{
    uint64_t suspect[CHUNK];
    uint64_t any = walk->equation.chunk(walk->model, n, in, V, suspect);
    if (walk->currents)
        any |= put_currents(walk->model, n, in, V, suspect);
    if (any & SIGN)
        recompute_suspects(walk, n, in, suspect, V, status);
    return (any & SIGN) != 0;
}

/* Sets the columns of n loaded points under a condition. */
static void change_columns(const fr_walk *walk, ptrdiff_t n, const fr_changes *changes,
                           fr_columns *under)
{
    for (int j = 0; j < walk->n_columns; j++) {
        const double factor = changes->factor[j], constant = changes->constant[j];
        const double *const own = walk->loaded.x[j];
        double *const x = walk->changed + j * walk->loaded.length;
        under->x[j] = x;
        if (factor == 1.0 && constant == 0.0)
            under->x[j] = own;
        else if (factor == 0.0)
            for (ptrdiff_t i = 0; i < n; i++)
                x[i] = constant;
        else
            for (ptrdiff_t i = 0; i < n; i++)
                x[i] = factor * own[i] + constant;
    }
}

/* Computes the values of n loaded points under the model's conditions: see compute_columns. */
FR_APART int compare(const fr_walk *walk, ptrdiff_t n, double *restrict V, uint8_t *restrict status)
{
    const fr_model *const model = walk->model;
    double *const last = walk->changed + walk->n_columns * walk->loaded.length;
    uint8_t of_first[CHUNK] = {0}, of_last[CHUNK] = {0};
    fr_columns under;
    int any = 0;
    under.far = 0;
    for (int k = 0; k < model->n_changes; k++) {
        change_columns(walk, n, model->changes + k, &under);
        any |= compute_columns(walk, n, &under, k ? last : V, k ? of_last : of_first);
    }
    for (ptrdiff_t i = 0; model->n_changes == 2 && i < n; i++)
        V[i] = last[i] - V[i];
    for (ptrdiff_t i = 0; any && i < n; i++) {
        V[i] = isnan(V[i]) ? (double)NAN : V[i]; /* the same NaN on every processor */
        if (status)
            status[i] = of_first[i] ? of_first[i] : of_last[i];
    }
    return any;
}

/* Computes the values of n loaded points: see compute_columns. */
static int compute_loaded(const fr_walk *walk, ptrdiff_t n, double *restrict V,
                          uint8_t *restrict status)
{
    if (walk->model->n_changes)
        return compare(walk, n, V, status);
    return compute_columns(walk, n, &walk->loaded, V, status);
}

/* Computes the potentials of the next n <= CHUNK points and advances.  If status is not NULL, the
   status of suspect points is written to it.  Returns 0 if no point was suspect.

   A loop reads each input of a point once, so that no change of the input contradicts the result.
   V and status of a suspect point are both computed again, from one copy of its inputs. */
static int compute(fr_walk *walk, ptrdiff_t n, double *restrict V, uint8_t *restrict status)
{
    int any = 0;
    if (!walk->by_rows ||
        (walk->equation.rows(&walk->layout, walk->columns, walk->index, n, V) & SIGN)) {
        fetch(walk, n);
        any = compute_loaded(walk, n, V, status);
    }
    advance(&walk->layout, n, walk->index);
    return any;
}
