/* Broadcast layouts: the columns of a chunk, found by their strides.
 *
 * Expects CHUNK, the largest number of points in a chunk, and bits_tpl.h.
 */

typedef struct {
    int ndim;
    ptrdiff_t shape[FR_MAX_DIMS];
    ptrdiff_t (*strides)[FR_MAX_COLUMNS]; /* along each dimension, by column */
    int constant[FR_MAX_COLUMNS];         /* whether all strides of a column are 0 */
} fr_compact_layout;

/* Copies the layout without dimensions of length 1.  Neighbouring dimensions are merged if every
   column continues across them with one stride: a C-contiguous block becomes one dimension.  The
   copy's strides have room for all dimensions. */
static fr_error compact_layout(const fr_layout *layout, const fr_column *columns, int n_columns,
                               ptrdiff_t start, ptrdiff_t count, fr_compact_layout *compact)
{
    if (layout->ndim < 1 || layout->ndim > FR_MAX_DIMS)
        return FR_BAD_LAYOUT;
    ptrdiff_t size = 1;
    int d = 0;
    for (int dim = 0; dim < layout->ndim; dim++) {
        const ptrdiff_t length = layout->shape[dim];
        if (length < 0 || (length > 0 && size > PTRDIFF_MAX / length))
            return FR_BAD_LAYOUT;
        size *= length;
        if (length == 1)
            continue;
        int joins = d > 0;
        for (int j = 0; j < n_columns && joins; j++)
            joins = compact->strides[d - 1][j] == columns[j].strides[dim] * length;
        if (joins)
            compact->shape[d - 1] *= length;
        else
            compact->shape[d++] = length;
        for (int j = 0; j < n_columns; j++)
            compact->strides[d - 1][j] = columns[j].strides[dim];
    }
    if (d == 0) { /* a single point */
        compact->shape[d++] = 1;
        for (int j = 0; j < n_columns; j++)
            compact->strides[0][j] = 0;
    }
    compact->ndim = d;
    for (int j = 0; j < n_columns; j++) {
        compact->constant[j] = 1;
        for (int dim = 0; dim < d; dim++)
            compact->constant[j] &= compact->strides[dim][j] == 0;
    }
    return start < 0 || count < 0 || start > size - count ? FR_BAD_RANGE : FR_OK;
}

/* Computes the index of a point along each dimension. */
static void locate(const fr_compact_layout *layout, ptrdiff_t point, ptrdiff_t *index)
{
    for (int d = layout->ndim - 1; d >= 0; d--) {
        index[d] = point % layout->shape[d];
        point /= layout->shape[d];
    }
}

/* Returns the address of the element of column j at an index. */
static const char *element(const fr_compact_layout *layout, int j, const char *data,
                           const ptrdiff_t *index)
{
    for (int d = 0; d < layout->ndim; d++)
        data += index[d] * layout->strides[d][j];
    return data;
}

/* Advances an index by n points in C order; divides only if more than one row ends. */
static void advance(const fr_compact_layout *layout, ptrdiff_t n, ptrdiff_t *index)
{
    int d = layout->ndim - 1;
    index[d] += n;
    for (; d > 0 && index[d] >= layout->shape[d]; d--) {
        const ptrdiff_t length = layout->shape[d];
        const ptrdiff_t rows = index[d] < 2 * length ? 1 : index[d] / length;
        index[d] -= rows * length;
        index[d - 1] += rows;
    }
}

static ptrdiff_t shorter(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Advances to the next row: rows[i] is the address of the row's first element in column
   first + i. */
static void next_row(const fr_compact_layout *layout, int first, int n_columns, const char **rows,
                     ptrdiff_t *index)
{
    for (int d = layout->ndim - 2; d >= 0; d--) {
        const int ends = ++index[d] == layout->shape[d] && d > 0;
        for (int i = 0; i < n_columns; i++) {
            const ptrdiff_t stride = layout->strides[d][first + i];
            rows[i] += ends ? stride - layout->shape[d] * stride : stride;
        }
        if (!ends)
            return;
        index[d] = 0;
    }
}

/* Copies n doubles, a cache line at a time.  Plain loops and memcpy become string instructions,
   which take as long as a logarithm for so few numbers (measured). */
FR_INLINE void copy(const double *from, ptrdiff_t n, double *restrict to)
{
    ptrdiff_t i = 0;
    for (; i <= n - 8; i += 8)
        memcpy(to + i, from + i, 8 * sizeof *to);
    const uint64_t zero = hidden_zero();
    for (; i < n; i++)
        to[i] = read_once(from + i, zero);
}

/* Copies n elements of column j, from the index `from` on, row by row into a buffer. */
static void gather(const fr_compact_layout *layout, int j, const char *data, const ptrdiff_t *from,
                   ptrdiff_t n, double *restrict buffer)
{
    const int inner = layout->ndim - 1;
    const ptrdiff_t stride = layout->strides[inner][j], length = layout->shape[inner];
    ptrdiff_t index[FR_MAX_DIMS], first = from[inner];
    memcpy(index, from, (size_t)layout->ndim * sizeof *index);
    index[inner] = 0;
    const char *row = element(layout, j, data, index);
    for (;;) {
        const ptrdiff_t run = shorter(length - first, n);
        const char *const source = row + first * stride;
        if (stride == 0) {
            const double value = *(const double *)source;
            for (ptrdiff_t i = 0; i < run; i++)
                buffer[i] = value;
        } else if (stride == (ptrdiff_t)sizeof(double)) {
            copy((const double *)source, run, buffer);
        } else {
            for (ptrdiff_t i = 0; i < run; i++)
                buffer[i] = *(const double *)(source + i * stride);
        }
        buffer += run;
        n -= run;
        if (n == 0)
            return;
        next_row(layout, j, 1, &row, index);
        first = 0;
    }
}

/* The columns of one chunk, as pointers to contiguous doubles.  They point to the caller's memory
   if the column is contiguous there, else to a buffer. */
typedef struct {
    const double *x[FR_MAX_COLUMNS];
    int far;                          /* not 0: the caller's columns are larger than the caches */
    ptrdiff_t filled[FR_MAX_COLUMNS]; /* number of elements of the buffer with one repeated value */
    double *buffers;
    ptrdiff_t length; /* of a buffer */
} fr_columns;

static double *buffer_of(const fr_columns *loaded, int j)
{
    return loaded->buffers + j * loaded->length;
}

/* Copies the columns of n points that lie in the caller's memory: they may change at any moment,
   the copies do not.  The next chunk is prefetched: memory would wait while points are computed. */
static void copy_columns(const fr_column *columns, int n_columns, ptrdiff_t n, fr_columns *loaded)
{
    for (int j = 0; j < n_columns; j++) {
        double *const buffer = buffer_of(loaded, j);
        const double *const column = loaded->x[j];
        if (!columns[j].data || column == buffer)
            continue;
        for (ptrdiff_t i = 0; i < n; i += 8)
            FR_PREFETCH(column + i + CHUNK);
        copy(column, n, buffer);
        loaded->x[j] = buffer;
        loaded->filled[j] = 0;
    }
}

/* Loads the columns of n points from `index` on.  Columns without data are left alone. */
static void load(const fr_compact_layout *layout, const fr_column *columns, int n_columns,
                 const ptrdiff_t *index, ptrdiff_t n, fr_columns *loaded)
{
    const int inner = layout->ndim - 1;
    const int one_row = layout->shape[inner] - index[inner] >= n;
    for (int j = 0; j < n_columns; j++) {
        if (!columns[j].data)
            continue;
        const ptrdiff_t stride = layout->strides[inner][j];
        const char *const source = element(layout, j, columns[j].data, index);
        double *const buffer = buffer_of(loaded, j);
        loaded->x[j] = buffer;
        if (one_row && stride == (ptrdiff_t)sizeof(double)) {
            loaded->x[j] = (const double *)source;
        } else if ((one_row && stride == 0) || layout->constant[j]) {
            const double value = *(const double *)source;
            if (loaded->filled[j] < n || bits_of(buffer[0]) != bits_of(value)) {
                for (ptrdiff_t i = 0; i < n; i++)
                    buffer[i] = value;
                loaded->filled[j] = n;
            }
        } else {
            gather(layout, j, columns[j].data, index, n, buffer);
            loaded->filled[j] = 0;
        }
    }
}
