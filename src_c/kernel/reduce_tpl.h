/* The function of fastrest.h that reduces points to sums and counts.
 *
 * Expects walk_tpl.h, moments_tpl.h and histogram_tpl.h.
 */

/* Counts the next n <= CHUNK points without logarithms and advances.  If that is not possible,
   returns 0 and does not advance. */
FR_APART int count_ratios(fr_walk *walk, ptrdiff_t n, const fr_counts *counts)
{
    double num[CHUNK], den[CHUNK];
    fetch(walk, n);
    if ((ghk_sums(walk->model, n, &walk->loaded, num, den) & SIGN) ||
        !add_ratio_counts(counts, num, den, n))
        return 0;
    advance(&walk->layout, n, walk->index);
    return 1;
}

FR_APART fr_error reduce(const fr_model *model, const fr_layout *layout, const fr_column *columns,
                         ptrdiff_t start, ptrdiff_t count, int far, int sums, void *scratch,
                         fr_block *blocks, const fr_counts *counts)
{
    fr_walk walk;
    double V[CHUNK];
    uint8_t status[CHUNK] = {0};
    const int ratios = !sums && counts && counts->ratios && counts->n_edges <= FEW &&
                       model->equation == FR_GHK && model->n_changes == 0 &&
                       model->output == FR_REST_V;
    if (start % FR_BLOCK != 0)
        return FR_BAD_RANGE;
    const fr_error error = begin(&walk, model, layout, columns, start, count, far, scratch);
    if (error || count == 0)
        return error;
    for (ptrdiff_t done = 0; done < count; blocks++) {
        const ptrdiff_t end = done + shorter(count - done, FR_BLOCK);
        fr_sums lanes;
        memset(blocks, 0, sizeof *blocks);
        for (ptrdiff_t n; done < end; done += n) {
            n = shorter(end - done, CHUNK);
            if (ratios && count_ratios(&walk, n, counts)) {
                blocks->n += n;
                continue;
            }
            const int any = compute(&walk, n, V, status);
            const ptrdiff_t valid = any ? sort_out(blocks, status, n) : n;
            if (sums && valid > 0)
                add_sums(blocks, &lanes, V, n, start + done, any ? status : NULL);
            if (counts)
                add_counts(counts, V, n, valid, any ? status : NULL);
            blocks->n += valid;
            if (any)
                memset(status, 0, sizeof status);
        }
        if (sums && blocks->n > 0)
            finish_sums(blocks, &lanes);
    }
    return FR_OK;
}
