/* Classes of doubles, tested on their bit patterns by integer arithmetic, which vectorises on
 * every processor.
 *
 * A test returns a word.  A word whose bit 63 is set is called *suspect*.
 */

#define SIGN UINT64_C(0x8000000000000000)
#define LEAST_NORMAL UINT64_C(0x0010000000000000)
#define TWO_TO_MINUS_480 UINT64_C(0x21F0000000000000)
#define TWO_TO_480 UINT64_C(0x5DF0000000000000)

FR_INLINE uint64_t bits_of(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

FR_INLINE double double_of(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

FR_INLINE double magnitude(double x)
{
    return double_of(bits_of(x) & ~SIGN);
}

/* Returns 0, which a compiler cannot know. */
FR_INLINE uint64_t hidden_zero(void)
{
    const volatile uint64_t zero = 0;
    return zero;
}

/* Reads a number that others may write meanwhile; `zero` is hidden_zero().  A compiler reads plain
   memory again where it is short of registers, or wants an integer beside a double; the result of
   an operation it keeps. */
FR_INLINE double read_once(const double *x, uint64_t zero)
{
    return double_of(bits_of(*x) ^ zero);
}

/* Suspect if x is below the least normal double, infinite, NaN or negative. */
FR_INLINE uint64_t not_normal(double x)
{
    const uint64_t u = bits_of(x);
    return u | (u - LEAST_NORMAL) | (u + LEAST_NORMAL);
}

/* Suspect if x is outside [2^-480, 2^480].  The product of two doubles inside is normal. */
FR_INLINE uint64_t not_moderate(double x)
{
    const uint64_t u = bits_of(x);
    return u | (u - TWO_TO_MINUS_480) | (TWO_TO_480 - u);
}

/* ---- the same classes by comparison, for single points ---- */

static int is_normal(double x)
{
    return x >= DBL_MIN && x <= DBL_MAX;
}

static int is_moderate(double x)
{
    return x >= 0x1p-480 && x <= 0x1p480;
}
