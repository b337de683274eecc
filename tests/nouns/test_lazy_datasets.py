"""`to_xarray(chunks=...)`: Dask computes the blocks, with the bits and labels of `to_xarray()`."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.nouns import datasets

da = pytest.importorskip("dask.array")
pytest.importorskip("xarray")

NEURON = fr.cells["mammalian neuron"]
LABELS = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
SPACE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
BLOCK = {0: fr.states["pump block"]}
SWEEPS = {
    "factored": (
        fr.grid(
            NEURON,
            K_out=np.linspace(1, 50, 31),
            P_Na=np.linspace(0.01, 0.1, 17),
            Na_in=np.linspace(5, 30, 70),
        ),
        ["auto", 8, 10**9, (31, 5, 7), {"P_Na": 4}, {"K_out": 3, "Na_in": 11}, {}],
    ),
    "grid with labels": (fr.grid(NEURON, LABELS, celsius=[20.0, 37.0]), ["auto", 1, {"state": 2}]),
    "one point": (fr.grid(NEURON, K_out=[5.0]), ["auto", 1]),
    "table": (
        fr.table(NEURON, {"K_out": np.linspace(-1, 8, 100), "id": range(100)}, keep=["id"]),
        ["auto", 1, 33, {"row": 64}],
    ),
    "sample": (SPACE.sample(1000, rng=1), ["auto", 300, ((1, 999),)]),
    "Latin hypercube": (SPACE.sample(64, rng=1, method="lhs"), [7]),
    "courses of a table": (
        fr.table(NEURON.living(R_m=7), {"K_out": [3.0, 4.0, 5.0, 6.0]}).rundown(
            BLOCK, time=[0, 10, 20], diameter=20
        ),
        [2, {"row": 3}, {"time": 2}],
    ),
    "courses of a grid": (
        fr.grid(NEURON.living(R_m=7), K_out=[3.0, 5.0]).rundown(BLOCK, time=[0, 9], diameter=20),
        [1, {"K_out": 1}],
    ),
}
CASES = [
    pytest.param(sweep, chunks, id=f"{name}, {chunks}")
    for name, (sweep, several) in SWEEPS.items()
    for chunks in several
]


@pytest.mark.parametrize(("sweep", "chunks"), CASES)
def test_lazy_dataset_equals_that_computed_at_once(sweep, chunks):
    lazy = sweep.to_xarray(chunks=chunks)
    assert all(isinstance(lazy[name].data, da.Array) for name in ("V", "status"))
    whole = sweep.to_xarray()
    assert lazy.compute().identical(whole)  # names, labels, units and bits
    assert lazy.V.dtype == whole.V.dtype
    assert lazy.status.dtype == whole.status.dtype


@pytest.mark.parametrize("of", ["E_K", fr.above(-60), ["V", "E_Na", fr.below(-70)]], ids=str)
@pytest.mark.parametrize("name", ["factored", "sample", "table"])
def test_lazy_dataset_of_other_quantities(name, of):
    sweep, _ = SWEEPS[name]
    assert sweep.to_xarray(of=of, chunks=13).compute().identical(sweep.to_xarray(of=of))


def test_only_the_blocks_that_are_asked_for_are_computed(monkeypatch):
    sweep, _ = SWEEPS["factored"]
    computed = []
    runs = datasets._runs
    monkeypatch.setattr(datasets, "_runs", lambda *a: computed.append(a[1]) or runs(*a))
    lazy = sweep.to_xarray(chunks={"K_out": 1})
    assert computed == []
    V = lazy.V.isel(K_out=7, P_Na=3).compute()
    assert computed == [[(7, 8), (0, 17), (0, 70)]]
    np.testing.assert_array_equal(V, sweep.values()[7, 3])


def test_lazy_dataset_can_be_larger_than_memory():
    axes = {"K_out": np.linspace(1, 50, 10**5), "P_Na": np.linspace(0.01, 0.1, 10**5)}
    lazy = fr.grid(NEURON, **axes).to_xarray(chunks=2000)
    corner = lazy.V[-2:, -2:].compute()
    last = fr.grid(NEURON, K_out=axes["K_out"][-2:], P_Na=axes["P_Na"][-2:]).values()
    np.testing.assert_allclose(corner, last, rtol=0, atol=1e-12)
    sample = SPACE.sample(10**10, rng=1).to_xarray(chunks=10**6)
    assert float(sample.K_out[10**9 + 7]) == sample_value(10**9 + 7, "K_out")


def sample_value(number, name):
    return float(SPACE.sample(10**10, rng=1).parameters(number)[name])


def test_lazy_dataset_has_the_bits_of_the_reference_with_its_engine():
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 100))
    found = sweep.to_xarray(chunks=30, engine="python").compute()
    assert found.identical(sweep.to_xarray(engine="python"))


@pytest.mark.process
@pytest.mark.slow
def test_two_worker_processes_compute_the_same_bits():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        for sweep, several in SWEEPS.values():
            assert sweep.to_xarray(chunks=several[-1]).compute().identical(sweep.to_xarray())
        far = fr.grid(NEURON, K_out=np.linspace(1, 50, 2000), P_Na=np.linspace(0.01, 0.1, 2000))
        mean = far.to_xarray(chunks={"K_out": 100}).V.mean()
        assert float(mean) == pytest.approx(far.summary().mean, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"chunks": {"P_K": 3}}, ValueError, "chunks: unknown dimension 'P_K'"),
        ({"chunks": (3,)}, ValueError, r"chunks=\(3,\) does not fit \(31, 17, 70\)"),
        ({"chunks": "some"}, ValueError, "chunks='some' does not fit"),
        ({"chunks": 5, "progress": True}, TypeError, "progress is for results that are computed"),
        ({"chunks": 5, "engine": "fast"}, ValueError, "engine"),
        ({"chunks": 5, "threads": 0}, ValueError, "threads must be"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_computed(options, error, text):
    with pytest.raises(error, match=text):
        SWEEPS["factored"][0].to_xarray(**options)
