/* Samples: point i of a sample is a function of the sample and of i alone, whoever asks for it.
 *
 * Every input's uniform number is (k + 1/2) 2^-52 with a whole number k of 52 bits: never 0 or 1,
 * and what is left to 1 is exact.
 *
 * Expects kernel.h, CHUNK, lattice.h and quantiles.h; included by kernel_body.h.
 */

/* ---- Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405) ---- */

/* What a counter's last word says its numbers are for. */
enum { FOR_POINTS, FOR_PERMUTATIONS };

/* n counters of four words each become n times four random words. */
FR_INLINE void philox(const uint32_t key[2], ptrdiff_t n, uint32_t *restrict a,
                      uint32_t *restrict b, uint32_t *restrict c, uint32_t *restrict d)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t w0 = a[i], w1 = b[i], w2 = c[i], w3 = d[i], k0 = key[0], k1 = key[1];
        for (int round = 0; round < 10; round++) {
            const uint64_t p = (uint64_t)w0 * UINT32_C(0xD2511F53);
            const uint64_t q = (uint64_t)w2 * UINT32_C(0xCD9E8D57);
            w0 = (uint32_t)(q >> 32) ^ w1 ^ k0;
            w1 = (uint32_t)q;
            w2 = (uint32_t)(p >> 32) ^ w3 ^ k1;
            w3 = (uint32_t)p;
            k0 += UINT32_C(0x9E3779B9);
            k1 += UINT32_C(0xBB67AE85);
        }
        a[i] = w0;
        b[i] = w1;
        c[i] = w2;
        d[i] = w3;
    }
}

/* The whole numbers of inputs j and j + 1, for even j. */
static void random_numbers(const fr_sample *sample, int j, int64_t first, ptrdiff_t n, uint64_t *k0,
                           uint64_t *k1)
{
    uint32_t a[CHUNK], b[CHUNK], c[CHUNK], d[CHUNK];
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t point = (uint64_t)(first + i);
        a[i] = (uint32_t)point;
        b[i] = (uint32_t)(point >> 32);
        c[i] = (uint32_t)j / 2;
        d[i] = FOR_POINTS;
    }
    philox(sample->key, n, a, b, c, d);
    for (ptrdiff_t i = 0; i < n; i++) {
        k0[i] = (uint64_t)a[i] << 20 | b[i] >> 12;
        k1[i] = (uint64_t)c[i] << 20 | d[i] >> 12;
    }
}

/* ---- the Sobol' sequence, in the order of Antonov & Saleev 1979 ---- */

/* The whole number of input j at points first, first + 1, ...: each differs from the one before in
   the direction of the lowest bit that is set in its own number, which `bits` holds. */
static void sobol_numbers(const fr_sample *sample, int j, int64_t first, ptrdiff_t n,
                          const uint8_t *bits, uint64_t *k)
{
    const uint64_t *const directions = sample->directions + (ptrdiff_t)j * FR_BITS;
    const uint64_t gray = (uint64_t)first ^ (uint64_t)first >> 1;
    uint64_t x = sample->shifts[j];
    for (int bit = 0; gray >> bit; bit++)
        x ^= directions[bit] & (0 - (gray >> bit & 1));
    k[0] = x;
    for (ptrdiff_t i = 1; i < n; i++)
        k[i] = x ^= directions[bits[i]];
}

/* ---- Latin hypercubes: a permutation of the points for every input, computed where needed ---- */

enum { FEISTEL_ROUNDS = 8 };

/* mixes 32 bits (Appleby's MurmurHash3 finalizer) */
FR_INLINE uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * UINT32_C(0x85EBCA6B);
    x = (x ^ x >> 13) * UINT32_C(0xC2B2AE35);
    return x ^ x >> 16;
}

/* Places of n points, once through a Feistel network that permutes the least power of 4 that holds
   all points. */
FR_INLINE void permute(const uint32_t keys[FEISTEL_ROUNDS], int half, ptrdiff_t n,
                       uint64_t *restrict places)
{
    const uint32_t mask = (uint32_t)((UINT64_C(1) << half) - 1);
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t left = (uint32_t)(places[i] >> half), right = (uint32_t)places[i] & mask;
        for (int round = 0; round < FEISTEL_ROUNDS; round++) {
            const uint32_t next = left ^ (mixed(right ^ keys[round]) & mask);
            left = right;
            right = next;
        }
        places[i] = (uint64_t)left << half | right;
    }
}

/* Moves the whole numbers of input j into the stratum of each point. */
static void stratify(const fr_sample *sample, int j, int64_t first, ptrdiff_t n, uint64_t *k)
{
    uint32_t keys[FEISTEL_ROUNDS];
    uint64_t places[CHUNK];
    const uint64_t n_points = (uint64_t)sample->n_points;
    int half = 1;
    for (; half < 32 && UINT64_C(1) << (2 * half) < n_points; half++)
        ;
    for (int round = 0; round < FEISTEL_ROUNDS; round += 4) {
        uint32_t *const four = keys + round;
        four[0] = (uint32_t)j;
        four[1] = (uint32_t)round;
        four[2] = 0;
        four[3] = FOR_PERMUTATIONS;
        philox(sample->key, 1, four, four + 1, four + 2, four + 3);
    }
    for (ptrdiff_t i = 0; i < n; i++)
        places[i] = (uint64_t)(first + i);
    permute(keys, half, n, places);
    for (ptrdiff_t i = 0; i < n; i++) {
        while (places[i] >= n_points) /* again: it permutes the points among themselves */
            permute(keys, half, 1, &places[i]);
        const double jitter = (double)k[i] * 0x1p-52;
        const double inner = 0x1p-12 + jitter * (1.0 - 0x1p-11); /* rounding crosses no edge */
        k[i] = (uint64_t)(((double)places[i] + inner) / (double)sample->n_points * 0x1p52);
    }
}

/* ---- all inputs of a chunk ---- */

static void uniform_numbers(const uint64_t *restrict k, ptrdiff_t n, double *restrict u,
                            double *restrict v)
{
    for (ptrdiff_t i = 0; i < n; i++) { /* k as a double: the integer under the mantissa of 2^52 */
        const double below = double_of(k[i] | UINT64_C(0x4330000000000000)) - 0x1p52;
        u[i] = (below + 0.5) * 0x1p-52;
        v[i] = (0x1p52 - (below + 0.5)) * 0x1p-52;
    }
}

/* Gaussian copula: normal scores of the inputs' uniform numbers, mixed as they are correlated. */
static void mix(const fr_sample *sample, ptrdiff_t n, double *const *x)
{
    for (int j = sample->n_inputs - 1; j >= 0; j--) { /* from the last on: needs those before it */
        const double *const row = sample->cholesky + (ptrdiff_t)j * sample->n_inputs;
        for (ptrdiff_t i = 0; i < n; i++)
            x[j][i] *= row[j];
        for (int m = 0; m < j; m++)
            for (ptrdiff_t i = 0; i < n; i++)
                x[j][i] += row[m] * x[m][i];
    }
}

/* The correlated inputs, from normal scores. */
static void correlate(const fr_sample *sample, ptrdiff_t n, double *const *x)
{
    double u[CHUNK], v[CHUNK];
    mix(sample, n, x);
    for (int j = 0; j < sample->n_inputs; j++) {
        for (ptrdiff_t i = 0; i < n; i++) {
            const double tail = upper_tail(magnitude(x[j][i]));
            u[i] = x[j][i] < 0.0 ? tail : 1.0 - tail;
            v[i] = x[j][i] < 0.0 ? 1.0 - tail : tail;
        }
        chunk_of_quantiles(&sample->quantiles[j], n, u, v, x[j]);
    }
}

/* A derived input: a constant, and multiples of the others. */
static void derive(const fr_sample *sample, int d, ptrdiff_t n, double *const *x)
{
    const double *const factors = sample->derived + (ptrdiff_t)d * (1 + sample->n_inputs);
    double *const sum = x[sample->n_inputs + d];
    for (ptrdiff_t i = 0; i < n; i++)
        sum[i] = factors[0];
    for (int j = 0; j < sample->n_inputs; j++)
        for (ptrdiff_t i = 0; factors[1 + j] != 0.0 && i < n; i++)
            sum[i] += factors[1 + j] * x[j][i];
}

/* Inputs x[k][0 ... n - 1] at points first, first + 1, ...; n <= CHUNK */
static void draw_chunk(const fr_sample *sample, int64_t first, ptrdiff_t n, double *const *x)
{
    static const fr_quantile standard_normal = {
        .base = FR_NORMAL, .scale = 1.0, .c = 1.0, .low = -INFINITY, .high = INFINITY};
    uint64_t k[2][CHUNK];
    uint8_t bits[CHUNK];
    double u[CHUNK], v[CHUNK];
    for (ptrdiff_t i = 1; sample->method == FR_SOBOL && i < n; i++)
        for (bits[i] = 0; !((uint64_t)(first + i) >> bits[i] & 1); bits[i]++)
            ;
    for (int j = 0; j < sample->n_inputs; j++) {
        if (sample->method == FR_SOBOL)
            sobol_numbers(sample, j, first, n, bits, k[j % 2]);
        else if (j % 2 == 0)
            random_numbers(sample, j, first, n, k[0], k[1]);
        if (sample->method == FR_LATIN)
            stratify(sample, j, first, n, k[j % 2]);
        uniform_numbers(k[j % 2], n, u, v);
        chunk_of_quantiles(sample->cholesky ? &standard_normal : &sample->quantiles[j], n, u, v,
                           x[j]);
    }
    if (sample->cholesky)
        correlate(sample, n, x);
    for (int d = 0; d < sample->n_derived; d++)
        derive(sample, d, n, x);
}

/* ---- a function of fastrest.h ---- */

static void draw(const fr_sample *sample, int64_t start, ptrdiff_t count, double *const *x)
{
    double *part[FR_MAX_COLUMNS];
    for (ptrdiff_t done = 0; done < count; done += CHUNK) {
        for (int k = 0; k < sample->n_inputs + sample->n_derived; k++)
            part[k] = x[k] + done;
        draw_chunk(sample, start + done, shorter(count - done, CHUNK), part);
    }
}
