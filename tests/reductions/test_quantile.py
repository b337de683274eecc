"""Quantiles: order statistics, exact for any potentials."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.reductions import running, summaries
from helpers.reductions import SWEEPS, NumPy, assert_quantile, potassium

NEURON = fr.cells["mammalian neuron"]
Q = [0, 1e-300, 0.05, 0.25, 0.3, 0.5, 0.77, 0.95, 1 - 2.0**-53, 1]


def test_quantiles_are_order_statistics(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    assert_quantile(sweep.quantile(Q, engine=isa), expected, Q)


@pytest.mark.parametrize("q", [0, 1.0, np.float32(0.5), [0.5], [[0.1, 0.2, 0.2], [1, 0, 0.9]]])
def test_quantiles_have_the_shape_of_q(q):
    sweep = SWEEPS["table"]()
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_quantiles_of_every_rank_of_a_short_table():
    sweep = SWEEPS["many zeros"]()
    q = np.concatenate([np.arange(401) / 400, np.nextafter(np.arange(1, 400) / 400, 1)])
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_quantiles_of_an_empty_q_are_empty():
    assert SWEEPS["table"]().quantile([]).shape == (0,)


def test_quantiles_beyond_the_usual_potentials_are_exact():
    sweep = potassium(np.concatenate([np.linspace(-900, -151, 99), np.linspace(101, 900, 99)]))
    expected, q = NumPy(sweep), np.linspace(0, 1, 23)
    assert expected.v.min() < -800
    assert expected.v.max() > 800
    assert_quantile(sweep.quantile(q), expected, q)


# ---- factored grids: intervals are narrowed, and their last potentials are listed ----

FACTORED = {
    "smooth": {"K_out": np.linspace(1, 50, 200), "K_in": np.linspace(50, 200, 150)},
    "settings": {
        "P_Na": np.geomspace(0.001, 1, 5),
        "K_out": np.geomspace(1, 50, 60),
        "K_in": np.linspace(50, 200, 70),
    },
    "one potential": {"K_out": np.full(40, 5.0), "K_in": np.full(50, 140.0)},
    "two potentials": {"K_out": np.repeat([1.0, 40.0], 30), "K_in": np.full(50, 140.0)},
    "clusters": {
        "K_out": np.concatenate([np.geomspace(1e-6, 1.1e-6, 40), np.geomspace(40, 41, 40)]),
        "K_in": 140 + np.arange(60) * 1e-12,
    },
    "infinite": {"K_out": np.linspace(0, 5, 80), "Na_out": [0.0, 145.0], "K_in": np.arange(70.0)},
    "far from 0": {"celsius": [0.0, 40.0], "K_out": np.geomspace(1e-12, 1e3, 90),
                            "K_in": np.geomspace(1e-3, 1e2, 60)},
}  # fmt: skip
#: Cells in which permeant ions may be absent.
CELLS = {"infinite": NEURON.replace(P_Na=1.0, P_Cl=0.0, Na_in=0.0)}


@pytest.mark.parametrize("most", [0, 40, 1 << 22])
@pytest.mark.parametrize("name", FACTORED)
def test_quantiles_of_a_factored_grid_are_order_statistics(monkeypatch, name, most):
    monkeypatch.setattr(summaries, "LISTED", most)
    sweep = fr.grid(CELLS.get(name, NEURON), **FACTORED[name])
    assert_quantile(sweep.quantile(Q, method="factored"), NumPy(sweep), Q)


def test_quantiles_of_copies_are_order_statistics():
    axes = {"K_out": np.linspace(1, 50, 90), "K_in": np.linspace(50, 200, 80)}
    cell = NEURON.passive("Cl")
    sweep = fr.grid(cell, Cl_out=np.linspace(100, 120, 7), **axes)  # which V does not depend on
    assert_quantile(sweep.quantile(Q, method="factored"), NumPy(sweep), Q)


def test_few_passes_narrow_a_smooth_distribution(monkeypatch):
    passes = []
    run_pass = running.run_pass
    monkeypatch.setattr(running, "run_pass", lambda *args: (passes.append(args), run_pass(*args)))
    axes = {"K_out": np.linspace(1, 50, 10**5), "K_in": np.linspace(50, 200, 10**5)}
    fr.grid(NEURON, **axes).quantile([0.05, 0.5, 0.95], method="factored")
    assert len(passes) <= 5  # 13 by halving
