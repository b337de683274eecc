/* The compiled instruction sets, best first, and what a model must satisfy to be computed. */
#include "kernel.h"

static const fr_kernels *const compiled[] = {
#ifdef FR_HAS_AVX2
    &fr_kernels_avx2,
#endif
    &fr_kernels_base,
};

const fr_kernels *fr_compiled(int i)
{
    return i >= 0 && i < (int)(sizeof compiled / sizeof *compiled) ? compiled[i] : NULL;
}

int fr_supported(const fr_kernels *kernels)
{
#ifdef FR_HAS_AVX2
    if (kernels == &fr_kernels_avx2)
        return __builtin_cpu_supports("avx2") != 0;
#endif
    return kernels == &fr_kernels_base;
}

int fr_model_columns(const fr_model *model)
{
    const int n = model->n_ions;
    switch (model->equation) {
    case FR_NERNST: return 4;
    case FR_SEPARABLE: return 3;
    case FR_LOG_RATIO: return 2;
    case FR_GHK:
    case FR_CHORD:
    case FR_LOG_NUM:
    case FR_LOG_DEN: break;
    default: return 0;
    }
    const int chord = model->equation == FR_CHORD;
    const int largest_z = model->equation == FR_LOG_NUM || model->equation == FR_LOG_DEN ? 1 : 2;
    if (n < 1 || n > FR_MAX_IONS || model->pump_ion < -1 || model->pump_ion >= n ||
        (chord && model->pump_ion != -1))
        return 0;
    for (int j = 0; j < n; j++)
        if (model->z[j] == 0 || model->z[j] < -largest_z || model->z[j] > largest_z)
            return 0;
    return 3 * n + 1 + (model->pump_ion >= 0);
}

int fr_question_sums(const fr_question *question, int with_b)
{
    const int n = question->n_inputs, of_a = 2 + (question->logs ? n : 0);
    if (!with_b)
        return of_a;
    return of_a + 3 + 3 * n + (question->second ? 2 * n + n * (n - 1) / 2 : 0);
}
