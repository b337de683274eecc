"""Bad arguments of compiled functions: an exception, never the end of the process."""

import sys

import pytest

from helpers.processes import completed

PROGRAM = """
import mmap
import numpy as np
from fastrest._core import _kernels, pair_kernels, _samples, _ufuncs, _yardsticks, edges

n = 3
good = np.ones(n)
fixed = np.frombuffer(mmap.mmap(-1, 4096, access=mmap.ACCESS_READ), np.float64, n)
BAD = [None, np.array(1.0), np.ones(n, np.float32), np.ones(n, ">f8"), np.ones(n, np.int64),
       np.ones(n, object), np.ones(n + 4), np.ones(0), np.ones((n, n)), np.ones(2 * n)[::2], fixed,
       np.ones(8 * n + 1, np.uint8)[1:].view(np.float64), 5, -1, 2**70, "x", [], [None], object(),
       np.zeros(n, np.uint8), np.array(7, np.int64)]
ghk = _kernels.Equation("ghk", (1,), -1)
columns = [good] * 4
index = edges.SortedIndex(np.arange(1.0, 4.0))
quantile = _samples.Quantile("normal", False, 0.0, 1.0, 0.0, 0.0, 1.0)
sample = _samples.Sample("random", n, [quantile], key=1)


class Like:  # a duck with the attributes of Edges
    def __init__(self, numbers, first, n_cells, ratios):
        self.numbers, self.first, self.n_cells, self.ratios = numbers, first, n_cells, ratios
        self.scale = 1.0


CALLS = [
    (_kernels.Equation, ["ghk", (1,), -1]),
    (_kernels.Draw, [sample, 0]),
    (ghk.points, [columns, 0, n, good.copy(), np.zeros(n, np.uint8)]),
    (ghk.reduce, [columns, 0, n, edges.Edges(good[:1])]),
    (ghk.gradients, [columns, 0, n, [0], [good.copy()]]),
    (lambda a, b, i, s, c, k: _samples.pick_freeze(ghk, a, b, i, s, c, n_inputs=k),
     [columns, columns, [0] * 4, 0, n, 1]),
    (lambda *x: ghk.points(list(x), 0, n), columns),
    (lambda *x: ghk.points([good, good, good, good], 0, n, *x), [good.copy()]),
    (lambda one: ghk.gradients(columns, 0, n, [0], [one]), [good.copy()]),
    (lambda *x: ghk.reduce(columns, 0, n, Like(*x)), [good, index.first, index.n_cells, None]),
    (pair_kernels.count_pairs, [26.0, good, index, good, np.zeros(n, np.int64)]),
    (pair_kernels.walk_pairs, [26.0, good, good, good, np.zeros(n, np.int64)]),
    (pair_kernels.list_pairs, [26.0, good, good, -5.0, 5.0]),
    (pair_kernels.index_numbers, [good, 1.0, 8]),
    (_samples.Quantile, ["normal", False, 0.0, 1.0, 0.0, 0.0, 1.0]),
    (lambda x: _samples.Quantile("pieces", False, 0.0, 1.0, 0.0, 0.0, 1.0, pieces=x), [None]),
    (lambda a, b: _samples.Quantile("pieces", False, 0.0, 1.0, 0.0, 0.0, 1.0,
                                    pieces=((a, b), (a, b))), [good, good]),
    (quantile, [good / 2, good / 2]),
    (_samples.normal_tails, [1.0]),
    (_samples.Sample, ["random", n, [quantile]]),
    (lambda d, s: _samples.Sample("sobol", n, [quantile], directions=d, shifts=s), [good, good]),
    (lambda c, d: _samples.Sample("random", n, [quantile], cholesky=c, derived=d), [None, None]),
    (sample.draw, [0, n]),
    (sample.draw_at, [np.zeros(n, np.int64)]),
    (sample.column, [0]),
    (_ufuncs.make_ufunc, [ghk, "name", "doc"]),
    (_yardsticks.libm, [[good] * 9, 1.0, good.copy()]),
    (_yardsticks.fill, [1.0, good.copy()]),
    (_yardsticks.copy, [good, good.copy()]),
    (_yardsticks.arithmetic, [1, np.ones(_yardsticks.CHAINS)]),
]
refused = 0
for number, (call, arguments) in enumerate(CALLS):
    for place in range(len(arguments)):
        for which, bad in enumerate(BAD):
            print(number, place, which, flush=True)
            if call is _yardsticks.arithmetic and place == 0:
                continue  # a number of rounds
            try:
                call(*arguments[:place], bad, *arguments[place + 1 :])
            except Exception:
                refused += 1
print("refused", refused, flush=True)
"""


@pytest.mark.process
def test_bad_arguments_are_refused_and_end_no_process():
    done = completed([sys.executable, "-c", PROGRAM])
    assert done.returncode == 0, (done.stdout[-20:], done.stderr)
    word, refused = done.stdout.splitlines()[-1].split()
    assert (word, int(refused) > 800) == ("refused", True)
