/* Reads doubles y from standard input; writes E = exp(-|y|), 1 - E, B(y), s(y) and M(y) of each. */
#include "isa/target.h"

#include "math/bits_tpl.h"
#include "math/log_ratio_tpl.h"
#include "math/exp_tpl.h"
#include "math/decay_tpl.h"

#include <stdio.h>

enum { ROOM = 1 << 16, VALUES = 5 };

static double y[ROOM], results[VALUES][ROOM];

int main(void)
{
    const size_t n = fread(y, sizeof *y, ROOM, stdin);
    for (size_t i = 0; i < n; i++) {
        const fr_decay d = decay(magnitude(y[i]));
        results[0][i] = d.E;
        results[1][i] = d.one_minus_E;
        results[2][i] = bernoulli(y[i]);
        results[3][i] = share(y[i]);
        results[4][i] = mean_growth(y[i]);
    }
    for (int k = 0; k < VALUES; k++)
        if (fwrite(results[k], sizeof(double), n, stdout) != n)
            return 1;
    return 0;
}
