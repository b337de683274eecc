/* The routine that writes results, and its streaming stores.
 *
 * Expects CHUNK.
 */

/* One streaming store, as wide as a vector of the instruction set. */
#if FR_VECTOR == 64
enum { WIDTH = 64 };
#define STREAM(to, from) \
    _mm512_stream_si512((__m512i *)(to), _mm512_loadu_si512((const void *)(from)))
#define STREAM_FENCE() _mm_sfence()
#elif FR_VECTOR == 32
enum { WIDTH = 32 };
#define STREAM(to, from) \
    _mm256_stream_si256((__m256i *)(to), _mm256_loadu_si256((const __m256i *)(const void *)(from)))
#define STREAM_FENCE() _mm_sfence()
#elif defined(__SSE2__) || defined(_M_X64)
enum { WIDTH = 16 };
#define STREAM(to, from) \
    _mm_stream_si128((__m128i *)(to), _mm_loadu_si128((const __m128i *)(const void *)(from)))
#define STREAM_FENCE() _mm_sfence()
#else
enum { WIDTH = 16 };
#define STREAM(to, from) memcpy((to), (from), WIDTH)
#define STREAM_FENCE() ((void)0)
#endif

/* Copies bytes as memcpy does, with streaming stores. */
static void stream(void *to, const char *from, size_t bytes)
{
    char *const target = to;
    const size_t head = (WIDTH - (uintptr_t)target % WIDTH) % WIDTH;
    size_t i = head < bytes ? head : bytes;
    memcpy(target, from, i);
    for (; i + WIDTH <= bytes; i += WIDTH)
        STREAM(target + i, from + i);
    memcpy(target + i, from + i, bytes - i);
}

/* Writes n potentials to the output, from its element `at` on. */
static void store_chunk(const double *V, ptrdiff_t n, ptrdiff_t at, const fr_output *out)
{
    char *const to = out->values + at * out->stride;
    float rounded[CHUNK];
    const char *from = (const char *)V;
    size_t size = sizeof *V;
    if (out->float32) {
        for (ptrdiff_t i = 0; i < n; i++)
            rounded[i] = (float)V[i];
        from = (const char *)rounded;
        size = sizeof *rounded;
    }
    const size_t bytes = (size_t)n * size;
    if (out->stride != (ptrdiff_t)size) {
        for (ptrdiff_t i = 0; i < n; i++)
            memcpy(to + i * out->stride, from + (size_t)i * size, size);
    } else if (out->stream) {
        stream(to, from, bytes);
    } else {
        memcpy(to, from, bytes);
    }
}

/* Returns the size of the first chunk.  The chunk ends on a cache line of the output, so that all
   later chunks start on one. */
static ptrdiff_t first_chunk(const fr_output *out)
{
    const uintptr_t size = out->float32 ? sizeof(float) : sizeof(double);
    return CHUNK - (ptrdiff_t)((uintptr_t)out->values % 64 / size);
}
