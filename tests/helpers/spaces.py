"""Spaces that several tests share, and samples of their inputs."""

import numpy as np

import fastrest as fr
from fastrest._core import _kernels
from fastrest.points import sobol_sequence
from fastrest.points.sample_points import drawn_columns, kernel_sample

CELL = fr.cells["mammalian neuron"]


def space(**options):
    """Return a space of four inputs, with the given options."""
    return fr.space(
        CELL,
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.times(fr.uniform(0.5, 1.5)),
        celsius=fr.normal(sd=1, low=30, high=40),
        K_in=fr.triangular(120, 140, 150),
        **options,
    )


SIX = ("K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")
NINE = ("P_K", "P_Na", "P_Cl", *SIX)


def lognormals(names=NINE, cell=CELL, cv=0.5):
    return fr.space(cell, **{name: fr.lognormal(cv=cv) for name in names})


def random_space(rng):
    """Return a space of two to six inputs of a neuron, with distributions of random kinds."""
    cell = CELL.replace(pump_ratio=1.2)
    inputs = {}
    for name in rng.choice(list(cell), rng.integers(2, 7), replace=False).tolist():
        x = cell[name]
        kinds = [
            fr.uniform(0.5 * x, 1.6 * x),
            fr.lognormal(cv=rng.uniform(0.05, 0.7)),
            fr.loguniform(x / 3, 2 * x),
            fr.triangular(0.4 * x, x, 2.2 * x),
            fr.normal(sd=0.3 * x, low=0.2 * x, high=3 * x),
        ]
        inputs[name] = fr.uniform(15, 40) if name == "celsius" else kinds[rng.integers(5)]
    return fr.space(cell, **inputs)


def two_samples(space, n, seed=3):
    """Return the columns of samples A and B, the input of each column, and the inputs."""
    d = len(space)
    (ways,), (shifts,) = sobol_sequence.scrambled_directions(2 * d, [np.random.SeedSequence(seed)])
    halves = [slice(d), slice(d, 2 * d)]
    samples = [
        kernel_sample(space, "sobol", n, directions=ways[h], shifts=shifts[h]) for h in halves
    ]
    output = space.cell.model.outputs["V"]
    columns = [drawn_columns(output, space, s, n) for s in samples]
    inputs = [c.input if isinstance(c, _kernels.Draw) else -1 for c in columns[0]]
    return columns, inputs, [dict(zip(space.names, s.draw(0, n))) for s in samples]
