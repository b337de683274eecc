"""Derivative-based sensitivity measures."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity.estimators import bounds
from helpers.spaces import lognormals, random_space

CELL = fr.cells["mammalian neuron"]


def test_dgsm_bounds_total_orders_and_is_sharp_for_a_sum_of_normals():
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=25)
    inputs = {"K_out": fr.lognormal(sigma_log=0.3), "K_in": fr.lognormal(sigma_log=0.4)}
    r = fr.space(cell, **inputs).sobol(2**16, rng=1)
    np.testing.assert_allclose(r["dgsm"], r["ST"], rtol=1e-3)
    rng = np.random.default_rng(4)
    for seed in range(20):
        r = random_space(rng).sobol(2**12, rng=seed)
        assert (r["dgsm"] >= r["ST"] - 2 * r["ST_conf"]).all()


def test_dgsm_equals_salib():
    # of uniform inputs, by finite differences on its own sample
    pytest.importorskip("SALib")
    from SALib.analyze import dgsm as analyze
    from SALib.sample import finite_diff

    inputs = {name: fr.times(fr.uniform(0.7, 1.3)) for name in ("P_Na", "K_out", "K_in")}
    space = fr.space(CELL, **inputs)
    problem = space.salib_problem()
    X = finite_diff.sample(problem, 4096, delta=1e-4, seed=1)
    theirs = analyze.analyze(problem, X, space.evaluate(X), num_resamples=10, seed=1)
    ours = space.sobol(2**14, rng=1)
    np.testing.assert_allclose(ours["vi"], theirs["vi"], rtol=0.02)
    np.testing.assert_allclose(ours["dgsm"], theirs["dgsm"], rtol=0.03)


def test_dgsm_without_a_poincare_constant_has_no_bound():
    of_a, squares = np.array([[0.0, 2.0]] * 3), np.array([[3.0]] * 3)
    found = bounds(of_a, squares, np.full(3, 2.0), np.array([np.inf]))
    assert found["dgsm"][0] == np.inf
    assert found["vi"][0] == 1.5


def test_dgsm_alone_equals_dgsm_beside_indices():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    alone, with_indices = space.dgsm(2**12, rng=1), space.sobol(2**12, rng=1)
    assert list(alone) == ["vi", "vi_conf", "dgsm", "dgsm_conf", "names"]
    for key in alone:
        np.testing.assert_array_equal(alone[key], with_indices[key])
    assert alone.extend(2**12) == space.dgsm(2**13, rng=1)
