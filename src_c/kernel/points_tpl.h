/* The functions of fastrest.h that write a result for every point: potentials and derivatives.
 *
 * Expects walk_tpl.h and store_tpl.h.
 */

FR_APART fr_error points(const fr_model *model, const fr_layout *layout, const fr_column *columns,
                         ptrdiff_t start, ptrdiff_t count, void *scratch, const fr_output *out)
{
    fr_walk walk;
    double V[CHUNK];
    const fr_error error = begin(&walk, model, layout, columns, start, count, out->stream, scratch);
    if (error || count == 0)
        return error;
    if (out->status)
        memset(out->status, 0, (size_t)count);
    ptrdiff_t n = shorter(count, first_chunk(out));
    for (ptrdiff_t done = 0; done < count; n = shorter(count - done, CHUNK)) {
        compute(&walk, n, V, out->status ? out->status + done : NULL);
        if (out->values)
            store_chunk(V, n, done, out);
        done += n;
    }
    if (out->stream)
        STREAM_FENCE();
    return FR_OK;
}

/* ---- derivatives ---- */

/* Computes potentials and derivatives of n loaded points.  If status is not NULL, the status of
   suspect points is written to it.  Returns 0 if no point was suspect. */
static int compute_slopes(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                          double *restrict V, double *const *slopes, uint8_t *restrict status)
{
    const fr_slopes_row *const row = &derivatives[model->equation];
    const int n_columns = fr_model_columns(model);
    uint64_t suspect[CHUNK];
    if (!(row->chunk(model, n, in, V, slopes, suspect) & SIGN))
        return 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(suspect[i] & SIGN))
            continue;
        double x[FR_MAX_COLUMNS], found[FR_MAX_COLUMNS];
        uint8_t bits;
        for (int j = 0; j < n_columns; j++)
            x[j] = in->x[j][i];
        V[i] = row->point(model, x, found, &bits);
        for (int j = 0; j < n_columns; j++)
            if (slopes[j])
                slopes[j][i] = found[j];
        if (status)
            status[i] = bits;
    }
    return 1;
}

/* Returns 1 if the kernels have derivatives of a model's value, else 0. */
static int has_derivatives(const fr_model *model)
{
    return derivatives[model->equation].chunk != NULL && model->n_changes == 0 &&
           !asks_currents(model);
}

/* Returns 1 if each wanted column is one of n_columns and none occurs twice, else 0. */
static int are_columns(const int *wanted, int n_wanted, int n_columns)
{
    int seen[FR_MAX_COLUMNS] = {0};
    for (int k = 0; k < n_wanted; k++)
        if (wanted[k] < 0 || wanted[k] >= n_columns || seen[wanted[k]]++)
            return 0;
    return 1;
}

FR_APART fr_error gradients(const fr_model *model, const fr_layout *layout,
                            const fr_column *columns, ptrdiff_t start, ptrdiff_t count,
                            const int *wanted, int n_wanted, void *scratch, double *const *out)
{
    fr_walk walk;
    double V[CHUNK];
    double *slopes[FR_MAX_COLUMNS] = {NULL};
    const int n_columns = fr_model_columns(model);
    if (n_columns == 0 || !has_derivatives(model))
        return FR_BAD_MODEL;
    if (!are_columns(wanted, n_wanted, n_columns))
        return FR_BAD_COLUMN;
    const fr_error error = begin(&walk, model, layout, columns, start, count, 0, scratch);
    if (error || count == 0)
        return error;
    walk.copies = 1; /* a derivative reads inputs that the potential has read */
    for (ptrdiff_t n, done = 0; done < count; done += n) {
        n = shorter(count - done, CHUNK);
        for (int k = 0; k < n_wanted; k++)
            slopes[wanted[k]] = out[k] + done;
        fetch(&walk, n);
        compute_slopes(model, n, &walk.loaded, V, slopes, NULL);
        advance(&walk.layout, n, walk.index);
    }
    return FR_OK;
}
