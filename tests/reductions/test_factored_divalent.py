"""Factored counts of grids with divalent ions."""

import numpy as np
import pytest

import fastrest as fr
from helpers.factored import TEN, asked_of, assert_counts, random_axis, reducers

NEURON = fr.cells["mammalian neuron"]
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **dict(NEURON), P_Ca=0.5, Ca_out=2.0, Ca_in=1e-4)
DIVALENT = fr.Cell(
    fr.GHK("Ca", fr.Ion("SO4", -2)),
    **{"P_Ca": 1, "P_SO4": 0.1, "Ca_out": 2, "Ca_in": 1, "SO4_out": 1, "SO4_in": 2, "celsius": 37},
)
CALCIUM_GRIDS = {
    "calcium outside": lambda: fr.grid(CALCIUM, Ca_out=TEN, K_out=TEN[:3], K_in=TEN),
    "both sides": lambda: fr.grid(CALCIUM, Ca_out=TEN, Ca_in=TEN, P_Ca=[0, 1, 10]),
    "temperature": lambda: fr.grid(CALCIUM, celsius=[0, 20], Ca_out=TEN, K_in=TEN),
    "pump": lambda: fr.grid(CALCIUM, pump_ratio=[0, 1, 1.5], K_out=TEN, Ca_in=TEN),
    "divalent ions alone": lambda: fr.grid(DIVALENT, Ca_out=TEN, SO4_out=TEN),
    "empty sums": lambda: fr.grid(
        CALCIUM.replace(P_K=0.0, P_Na=0.0, P_Cl=0.0), Ca_out=[0, *TEN], Ca_in=[*TEN, 0], P_Ca=[0, 1]
    ),
    "equal values": lambda: fr.grid(CALCIUM, Ca_out=np.full(9, 2.0), K_in=np.tile([1, 2], 9)),
    "wide": lambda: fr.grid(
        CALCIUM, Ca_out=np.geomspace(1e-9, 1e9, 20), K_in=np.geomspace(1e-9, 1e9, 20)
    ),
    "narrow": lambda: fr.grid(
        CALCIUM,
        Ca_out=2 + np.arange(30.0) * 2.0**-51,
        K_in=140 + np.arange(20.0) * 2.0**-45,
    ),
    "passive ion": lambda: fr.grid(CALCIUM.passive("Cl"), Cl_out=[1, 2], Ca_out=TEN, K_in=TEN),
}


@pytest.mark.parametrize("name", CALCIUM_GRIDS)
def test_factored_counts_with_divalent_ions_equal_pointwise(name, isa):
    grid = CALCIUM_GRIDS[name]()
    V = grid.values().ravel()[grid.status().ravel() == 0]
    asked = asked_of(V, np.random.default_rng(0))
    for method in ("factored", "pointwise"):
        assert_counts(grid.reduce(*reducers(*asked), method=method, engine=isa), V, *asked)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_factored_counts_with_divalent_ions_equal_pointwise_on_random_grids(first):
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        names = rng.permutation(list(CALCIUM)).tolist()
        axes = [random_axis(f"a{i}", names, 1, 12, rng) for i in range(rng.integers(1, 4))]
        grid = fr.grid(CALCIUM, *axes)
        V = grid.values().ravel()[grid.status().ravel() == 0]
        if len(V):
            edges = asked_of(V, rng)[0][::3]
            h = grid.histogram(edges, method="factored")
            assert h.counts.tolist() == np.histogram(V, edges)[0].tolist(), seed


def test_factored_sums_with_divalent_ions_are_refused():
    with pytest.raises(ValueError, match="gives no sums and extrema where ions are divalent"):
        CALCIUM_GRIDS["pump"]().summary(method="factored")


def test_factored_quantiles_with_divalent_ions_in_the_tails():
    cell = fr.Cell(
        fr.GHK("Ca", "Mg"),
        **{"P_Ca": 1, "P_Mg": 0.5, "Ca_out": 2, "Mg_out": 1, "Ca_in": 1e-6, "Mg_in": 1e-3},
        celsius=37,
    )
    axis = np.geomspace(1e-200, 1e100, 40)  # potentials of thousands of mV
    grid = fr.grid(cell, Mg_out=axis, Ca_in=axis)
    V = grid.values()
    q = [0, 0.1, 0.5, 0.9, 1]
    expected = np.quantile(V[np.isfinite(V)], q, method="inverted_cdf")
    assert np.ptp(V[np.isfinite(V)]) > 5000
    assert grid.quantile(q, method="factored").tolist() == expected.tolist()
    assert grid.quantile(q, method="pointwise").tolist() == expected.tolist()
