"""Outputs that no varied parameter enters: every point has the same value."""

import numpy as np
import pytest

import fastrest as fr

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(CELL, P_Na=fr.uniform(0.01, 0.1), Na_out=fr.uniform(120, 150))
SWEEPS = {
    "grid": fr.grid(CELL, P_Na=np.linspace(0.01, 0.1, 300), Na_out=np.linspace(120, 150, 301)),
    "table": fr.table(CELL, {"P_Na": np.linspace(0.01, 0.1, 90_000)}),
    "integers": fr.table(CELL, {"P_Na": np.arange(90_000)}),
    "sample": SPACE.sample(90_000, rng=1),
}


@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)
def test_values_of_an_output_that_does_not_vary_are_all_the_same(sweep):
    expected = CELL.model(of="E_K", **CELL)
    values = sweep.values(of="E_K", threads=2)
    assert values.shape == sweep.shape
    assert (values == expected).all()
    assert (sweep.values(of="E_K", threads=1) == values).all()
    assert (sweep.gradient("P_Na", of="E_K")["P_Na"] == 0).all()
    s = sweep.summary(of="E_K")
    assert (s.n, s.mean, s.min, s.max, s.sd) == (len(sweep), expected, expected, expected, 0)
    assert sweep.fraction(below=0, of="E_K") == 1
