/* The potential and its derivatives with respect to the columns: parts that all equations share.
 *
 * As for the potential alone, a loop computes the ordinary points of a chunk, and a function of one
 * point computes the others.  The last bits of their derivatives may differ; which of the two
 * computes a point depends on that point alone.  Both give the potential bit-for-bit as the
 * equation without derivatives does.
 *
 * Expects domain_tpl.h.
 */

/* Sets all derivatives of an invalid point to NaN.  Returns 1 if the point is invalid, else 0. */
static int without_slopes(const fr_model *model, uint8_t status, double *slopes)
{
    for (int j = 0; status && j < fr_model_columns(model); j++)
        slopes[j] = NAN;
    return status != 0;
}

/* Computes the derivative with respect to the temperature, to which V is proportional. */
static void celsius_slopes(ptrdiff_t n, const double *celsius, const double *V,
                           double *restrict slopes)
{
    for (ptrdiff_t i = 0; i < n; i++)
        slopes[i] = V[i] / (celsius[i] + FR_KELVIN_AT_0_CELSIUS);
}
