"""Tables in shared memory that another process rewrites while a sweep reads them.

FASTREST_STRESS_SECONDS sets the duration: 60 by hand. c/changing_inputs.c does the same to each
kernel.
"""

import itertools
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
POINTS = 20_000
#: Two values of each parameter; a sweep may see any mixture of them.
CHOICES = {
    "K_out": (3.0, 8.0),
    "P_Na": (0.04, -1.0),
    "celsius": (20.0, np.nan),
    "Cl_in": (0.0, 7.0),
}
REWRITE = """
import sys
import numpy as np
choices = np.array([[float(x) for x in pair.split(",")] for pair in sys.argv[2:]])
table = np.memmap(sys.argv[1], np.float64, "r+").reshape(len(choices), -1)
rng = np.random.default_rng(1)
print("begun", flush=True)
while True:
    row = rng.integers(len(choices))
    rare = rng.random(table.shape[1]) < rng.choice([0.0, 0.01, 0.5])
    table[row] = choices[row][rare.astype(int)]
"""


@pytest.fixture
def columns(tmp_path):
    """Columns in memory that another process shares, and rewrites until the test ends."""
    path = tmp_path / "columns"
    table = np.memmap(path, np.float64, "w+", shape=(len(CHOICES), POINTS))
    table[:] = np.array([first for first, _ in CHOICES.values()])[:, None]
    pairs = [f"{first},{second}" for first, second in CHOICES.values()]
    command = [sys.executable, "-c", REWRITE, str(path), *pairs]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"begun\n"
            yield dict(zip(CHOICES, np.asarray(table)))
        finally:
            writer.kill()


@pytest.mark.process
def test_every_result_is_that_of_a_mixture_of_the_values_its_inputs_had(columns):
    mixtures = np.array(list(itertools.product(*CHOICES.values()))).T
    plain = fr.table(NEURON, dict(zip(CHOICES, mixtures)))
    possible = set(zip(plain.values().view(np.int64).tolist(), plain.status().tolist()))
    finite = set(plain.values()[plain.status() == 0].tolist())
    slopes = {name: set(np.nan_to_num(x).tolist()) for name, x in plain.gradient().items()}

    sweep = fr.table(NEURON, columns)
    end = time.monotonic() + float(os.environ.get("FASTREST_STRESS_SECONDS", "2"))
    for turn in itertools.count():
        threads = 1 + turn % 2
        values, status = sweep.values_and_status(threads=threads)
        assert set(zip(values.view(np.int64).tolist(), status.tolist())) <= possible
        for name, slope in sweep.gradient(threads=threads).items():
            assert set(np.nan_to_num(slope).tolist()) <= slopes[name]
        summary, histogram = sweep.reduce(fr.Summary(), fr.Histogram(), threads=threads)
        assert summary.n + sum(summary.invalid.values()) == POINTS
        assert {summary.min, summary.max} <= finite
        assert histogram.counts.sum() + histogram.below + histogram.above == summary.n
        if time.monotonic() > end:
            return
