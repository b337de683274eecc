/* Names of the equations, numbers of their columns and sums, and the size of scratch memory. */
#include "isa/target.h"

const char *fr_equation_name(int equation)
{
#define NAME_OF(NAME, name, ...) #name,
    static const char *const names[] = {FR_MODELS(NAME_OF)};
    return equation >= 0 && equation < FR_EQUATIONS ? names[equation] : NULL;
}

const char *fr_output_name(int output)
{
#define NAME_OF_OUTPUT(NAME, name) #name,
    static const char *const names[] = {FR_OUTPUTS(NAME_OF_OUTPUT)};
    return output >= 0 && output < FR_ALL_OUTPUTS ? names[output] : NULL;
}

const char *fr_rest_output_name(int output)
{
    static const char *const names[] = {FR_REST_NAMES(NAME_OF_OUTPUT)
                                            FR_ION_OUTPUTS(NAME_OF_OUTPUT)};
    return output >= 0 && output < FR_REST_ION + FR_PER_ION ? names[output] : NULL;
}

int fr_model_columns(const fr_model *model)
{
    const int n = model->n_ions, output = model->output;
    const int course = model->equation == FR_CHORD_RUNDOWN || model->equation == FR_GHK_RUNDOWN;
    int per_ion, others, largest_z, may_pump;
    if (model->n_changes < 0 || model->n_changes > 2 ||
        (model->n_changes > 0) != (model->changes != NULL))
        return 0;
    if (course != (model->protocol != NULL) || (course && output == FR_OF_MARGIN))
        return 0;
    switch (model->equation) {
#define COLUMNS_OF(NAME, name, n_per_ion, n_others, largest, pump, outputs, ...) \
    case FR_##NAME: \
        if (output < 0 || output >= outputs) \
            return 0; \
        if (n_per_ion == 0) \
            return n_others; \
        per_ion = n_per_ion; \
        others = n_others; \
        largest_z = largest; \
        may_pump = pump; \
        break;
        FR_MODELS(COLUMNS_OF)
    default: return 0;
    }
    if (n < 1 || n > FR_MAX_IONS || model->pump_ion < -1 || model->pump_ion >= n ||
        (!may_pump && model->pump_ion != -1))
        return 0;
    for (int j = 0; j < n; j++)
        if (model->z[j] == 0 || model->z[j] < -largest_z || model->z[j] > largest_z)
            return 0;
    const int columns = per_ion * n + others + (model->pump_ion >= 0);
    if (model->equation == FR_GHK_SOLUTION || model->equation == FR_FIELD_SOLUTION) {
        /* celsius, an input that is not read, and V are not solved for */
        const int not_read = model->equation == FR_GHK_SOLUTION && output == 3 * n + 1;
        if (output >= columns || output == 3 * n || output == 3 * n + 2 || not_read)
            return 0;
    } else if (per_ion > 0 && output >= FR_REST_ION + FR_PER_ION * n) {
        return 0;
    }
    return columns <= FR_MAX_COLUMNS ? columns : 0;
}

size_t fr_scratch_bytes(const fr_model *model, const fr_layout *layout, ptrdiff_t count)
{
    const fr_sample *const sample = layout->sample;
    const int ndim = layout->ndim < 1 || layout->ndim > FR_MAX_DIMS ? 1 : layout->ndim;
    const int columns = fr_model_columns(model);
    const int needed = columns + (sample ? sample->n_inputs + sample->n_derived : 0);
    const int changed = model->n_changes ? columns + 1 : 0;
    const int buffers = changed + (needed < FR_MAX_COLUMNS ? needed : FR_MAX_COLUMNS);
    return (size_t)ndim * FR_MAX_COLUMNS * sizeof(ptrdiff_t) + FR_CACHE_LINE +
           (size_t)buffers * (size_t)fr_buffer_length(count) * sizeof(double);
}

int fr_sobol_sums_count(const fr_sobol_sums_spec *spec, int with_b)
{
    const int n = spec->n_inputs, of_a = 2 + (spec->logs ? n : 0);
    if (!with_b)
        return of_a;
    return of_a + 3 + 9 * n + (spec->second ? n * (n - 1) / 2 : 0);
}
