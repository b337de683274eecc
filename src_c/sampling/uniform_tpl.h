/* Uniform numbers of a sample: each is a function of the sample, the input and the point alone.
 *
 * A uniform number is (k + 1/2) 2^-52 with an integer k of 52 bits: it is never 0 or 1, and its
 * distance from 1 is exact.
 *
 * Expects CHUNK and bits_tpl.h.
 */

/* The bits of 2^52: or-ing k to them gives 2^52 + k as a double. */
#define MAGIC_52 UINT64_C(0x4330000000000000)

/* ---- Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405) ---- */

/* The last word of a counter: the purpose of its random numbers. */
enum { FOR_POINTS, FOR_PERMUTATIONS };

/* Replaces n counters of four words each by n times four random words. */
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

/* Vectors of lanes of 64 bits, each with a word in its low half and rubbish in the high one, which
   a multiplication does not read.  Compilers find this multiplication by the intrinsic alone. */
#if FR_VECTOR == 64
typedef uint64_t fr_words __attribute__((vector_size(64)));
#define PRODUCTS(a, b) ((fr_words)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#define FR_WORDS
#elif FR_VECTOR == 32
typedef uint64_t fr_words __attribute__((vector_size(32)));
#define PRODUCTS(a, b) ((fr_words)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#define FR_WORDS
#elif defined(__SSE2__) && (defined(__GNUC__) || defined(__clang__))
typedef uint64_t fr_words __attribute__((vector_size(16)));
#define PRODUCTS(a, b) ((fr_words)_mm_mul_epu32((__m128i)(a), (__m128i)(b)))
#define FR_WORDS
#endif

/* Computes the integers k of inputs j and j + 1, for even j, at n points or somewhat more, at most
   CHUNK. */
FR_APART void random_numbers(const fr_sample *sample, int j, int64_t first, ptrdiff_t n,
                             uint64_t *k0, uint64_t *k1)
{
#ifdef FR_WORDS
    enum { LANES_OF_WORDS = sizeof(fr_words) / 8, SIDE_BY_SIDE = FR_VECTOR == 64 ? 4 : 2 };
    const fr_words none = {0}, A = none + UINT32_C(0xD2511F53), B = none + UINT32_C(0xCD9E8D57);
    fr_words lane = none;
    for (int i = 0; i < LANES_OF_WORDS; i++)
        lane[i] = (uint64_t)i;
    for (ptrdiff_t i = 0; i < n; i += SIDE_BY_SIDE * LANES_OF_WORDS) {
        uint32_t key0 = sample->key[0], key1 = sample->key[1];
        fr_words w0[SIDE_BY_SIDE], w1[SIDE_BY_SIDE], w2[SIDE_BY_SIDE], w3[SIDE_BY_SIDE];
        for (int m = 0; m < SIDE_BY_SIDE; m++) {
            w0[m] = lane + (uint64_t)(first + i + m * LANES_OF_WORDS);
            w1[m] = w0[m] >> 32;
            w2[m] = none + (uint64_t)(j / 2);
            w3[m] = none + (uint64_t)FOR_POINTS;
        }
        for (int round = 0; round < 10; round++) {
            for (int m = 0; m < SIDE_BY_SIDE; m++) {
                const fr_words p = PRODUCTS(w0[m], A), q = PRODUCTS(w2[m], B);
                w0[m] = (q >> 32) ^ w1[m] ^ key0;
                w1[m] = q;
                w2[m] = (p >> 32) ^ w3[m] ^ key1;
                w3[m] = p;
            }
            key0 += UINT32_C(0x9E3779B9);
            key1 += UINT32_C(0xBB67AE85);
        }
        for (int m = 0; m < SIDE_BY_SIDE; m++) {
            const fr_words x0 = (w0[m] << 32) >> 12 | (w1[m] << 32) >> 44;
            const fr_words x1 = (w2[m] << 32) >> 12 | (w3[m] << 32) >> 44;
            memcpy(k0 + i + m * LANES_OF_WORDS, &x0, sizeof x0);
            memcpy(k1 + i + m * LANES_OF_WORDS, &x1, sizeof x1);
        }
    }
#else
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
#endif
}

/* ---- the Sobol' sequence, in the order of Antonov & Saleev 1979 ---- */

/* Computes the integer k of input j at points first, first + 1, ...  Each k follows from the one
   before by exclusive or with one direction.  `bits` holds the number of that direction: the
   lowest bit set in the point's number. */
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

/* ---- Latin hypercubes: one permutation of the points per input, computed but not stored ---- */

enum { FEISTEL_ROUNDS = 8 };

/* Mixes 32 bits (Appleby's MurmurHash3 finalizer). */
FR_INLINE uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * UINT32_C(0x85EBCA6B);
    x = (x ^ x >> 13) * UINT32_C(0xC2B2AE35);
    return x ^ x >> 16;
}

/* Passes n places, in halves, once through a Feistel network: it permutes the numbers below
   4^half. */
static void permute(const uint32_t keys[FEISTEL_ROUNDS], int half, ptrdiff_t n,
                    uint32_t *restrict left, uint32_t *restrict right)
{
    const uint32_t mask = (uint32_t)((UINT64_C(1) << half) - 1);
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t a = left[i], b = right[i];
        for (int round = 0; round < FEISTEL_ROUNDS; round++) {
            const uint32_t next = a ^ (mixed(b ^ keys[round]) & mask);
            a = b;
            b = next;
        }
        left[i] = a;
        right[i] = b;
    }
}

/* Permutes the numbers below n_points: a place that is none of them is permuted until it is. */
static void permuted_places(const uint32_t keys[FEISTEL_ROUNDS], int half, uint64_t n_points,
                            int64_t first, ptrdiff_t n, double *places)
{
    const uint32_t mask = (uint32_t)((UINT64_C(1) << half) - 1);
    uint32_t left[CHUNK], right[CHUNK];
    int32_t of[CHUNK];
    ptrdiff_t outside = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t point = (uint64_t)(first + i);
        left[i] = (uint32_t)(point >> half);
        right[i] = (uint32_t)point & mask;
    }
    permute(keys, half, n, left, right);
    for (ptrdiff_t i = 0; i < n; i++)
        places[i] = double_of(((uint64_t)left[i] << half | right[i]) | MAGIC_52) - 0x1p52;
    for (ptrdiff_t i = 0; n_points >> (2 * half) == 0 && i < n; i++) { /* without a branch */
        left[outside] = left[i];
        right[outside] = right[i];
        of[outside] = (int32_t)i;
        outside += places[i] >= (double)n_points;
    }
    while (outside) {
        const ptrdiff_t left_over = outside;
        permute(keys, half, left_over, left, right);
        outside = 0;
        for (ptrdiff_t i = 0; i < left_over; i++) {
            const uint64_t place = (uint64_t)left[i] << half | right[i];
            places[of[i]] = (double)(int64_t)place;
            left[outside] = left[i];
            right[outside] = right[i];
            of[outside] = of[i];
            outside += place >= n_points;
        }
    }
}

/* Moves the integers k of input j into the stratum of each point. */
FR_APART void stratify(const fr_sample *sample, int j, int64_t first, ptrdiff_t n, uint64_t *k)
{
    uint32_t keys[FEISTEL_ROUNDS];
    double places[CHUNK];
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
    permuted_places(keys, half, n_points, first, n, places);
    const double strata = (double)sample->n_points;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double jitter = double_of(k[i] | MAGIC_52) * 0x1p-52 - 1.0;
        const double inner = 0x1p-12 + jitter * (1.0 - 0x1p-11); /* rounding stays in the stratum */
        const double x = (places[i] + inner) / strata * 0x1p52, nearest = (x + 0x1p52) - 0x1p52;
        k[i] = bits_of((nearest > x ? nearest - 1.0 : nearest) + 0x1p52) ^ MAGIC_52;
    }
}

/* ---- uniform numbers ---- */

static void uniform_numbers(const uint64_t *restrict k, ptrdiff_t n, double *restrict u,
                            double *restrict v)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const double below = double_of(k[i] | MAGIC_52) - 0x1p52;
        u[i] = (below + 0.5) * 0x1p-52;
        v[i] = (0x1p52 - (below + 0.5)) * 0x1p-52;
    }
}
