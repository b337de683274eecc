"""Sweeps that are counted block by block, and counts that are stopped."""

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
#: Seven blocks of points, the last not full; a row in a thousand has a bad value.
ROWS = 400_003
QUESTIONS = (
    fr.Summary(),
    fr.Histogram(),
    fr.Fraction(between=(-70, -50)),
    fr.Classes(lower=-80),
)
#: Reducers that need several passes.
PASSES = (*QUESTIONS, fr.Quantile([0.1, 0.5]))


def make_table(**changed):
    rng = np.random.default_rng(1)
    columns = {n: NEURON[n] * rng.uniform(0.5, 1.5, ROWS) for n in ("K_out", "K_in", "P_Na")}
    columns["K_out"][::1000] = -1
    columns["K_in"][5::1000] = np.nan
    return fr.table(NEURON, {**columns, **changed})


def make_grid(**changed):
    """Return a grid that factors: seven settings of 60,000 points."""
    axes = {
        "P_Na": np.geomspace(0.01, 0.1, 7),
        "K_out": np.geomspace(1, 50, 300),
        "K_in": np.geomspace(50, 200, 200),
    }
    return fr.grid(NEURON, **{**axes, **changed})


TABLE, GRID = make_table(), make_grid()
SWEEPS = pytest.mark.parametrize(
    ("sweep", "method"),
    [(TABLE, "pointwise"), (GRID, "pointwise"), (GRID, "factored")],
    ids=["table", "grid pointwise", "grid factored"],
)


class Stopped(Exception):  # noqa: N818
    """Raised by a progress callable."""


def plain(answers):
    """Return answers as values that are equal only if they are bit-for-bit identical."""
    return [
        (one.counts.tolist(), one.edges.tolist(), one.below, one.above, one.method)
        if hasattr(one, "edges")
        else one.tolist()
        if isinstance(one, np.ndarray)
        else one
        for one in answers
    ]


def stop_at(call):
    """Return a progress callable that raises at the given call, and the numbers it received."""
    heard = []

    def progress(done, total):
        heard.append(done)
        if len(heard) == call:
            raise Stopped

    return progress, heard


def stopped(path, sweep=GRID, reducers=QUESTIONS, method="pointwise", call=3, **options):
    """Start a count, stop it, and return the number of points it had reported."""
    progress, heard = stop_at(call)
    with pytest.raises(Stopped):
        sweep.reduce(
            *reducers, method=method, checkpoint=path, progress=progress, threads=1, **options
        )
    return heard[-1]


def halves(sweep=GRID, reducers=QUESTIONS, method="pointwise"):
    return [sweep.part(k, 2).tally(*reducers, method=method) for k in range(2)]
