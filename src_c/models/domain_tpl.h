/* Domains of inputs, shared by all equations, and phi = RT/F: see models_tpl.h.
 *
 * Expects bits_tpl.h.
 */

/* Suspect if a temperature is outside its range, infinite, or NaN of either sign. */
FR_INLINE uint64_t not_temperate(double celsius)
{
    const uint64_t u = bits_of(celsius - FR_CELSIUS_MIN);
    return u | (u + LEAST_NORMAL) | bits_of(FR_CELSIUS_MAX - celsius);
}

FR_INLINE double phi_of(double celsius)
{
    return FR_PHI_PER_KELVIN * (celsius + FR_KELVIN_AT_0_CELSIUS);
}

/* Leaves all points of a chunk to the function of one point. */
static uint64_t leave_to_points(ptrdiff_t n, uint64_t *suspect)
{
    for (ptrdiff_t i = 0; i < n; i++)
        suspect[i] = SIGN;
    return SIGN;
}

/* ---- single points ---- */

static uint8_t nonnegative_status(double x)
{
    return !isfinite(x) ? FR_NOT_FINITE : x < 0.0 ? FR_NEGATIVE : 0;
}

static uint8_t celsius_status(double celsius)
{
    return !isfinite(celsius)                                     ? FR_NOT_FINITE
           : celsius < FR_CELSIUS_MIN || celsius > FR_CELSIUS_MAX ? FR_TEMPERATURE
                                                                  : 0;
}

/* Sets the status of a point and returns its value: the result of a special case. */
static double special(uint8_t status, double value, uint8_t *out)
{
    *out = status;
    return value;
}
