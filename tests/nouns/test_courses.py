"""Sweeps in time: many cells, each at several times."""

import pickle
from concurrent.futures import ProcessPoolExecutor

import matplotlib
import numpy as np
import pandas as pd
import pytest

import fastrest as fr

matplotlib.use("Agg")

LIVING = fr.cells["mammalian neuron"].living(
    R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5
)
PROTOCOL = {0: fr.states["pump block"], 1800: {"K_out": fr.times(2)}}
TIMES = np.linspace(0, 3600, 7)
BLOCK = fr.time_to(-40)


def rundown(sweep, time=TIMES):
    return sweep.rundown(PROTOCOL, time=time, diameter=20)


def sample(n=300):
    space = fr.space(LIVING, P_Na=fr.lognormal(cv=0.3), P_K=fr.lognormal(cv=0.3))
    return space.sample(n, rng=1)


SWEEPS = {
    "sample": sample,
    "grid": lambda: fr.grid(LIVING, K_out=[3.0, 5.0, 8.0], P_Na=fr.times([0.9, 1.1])),
    "table": lambda: fr.table(LIVING, {"K_out": [3.0, 5.0, 8.0], "id": ["a", "b", "c"]}, keep="id"),
}
each_sweep = pytest.mark.parametrize("make", SWEEPS.values(), ids=list(SWEEPS))


@each_sweep
def test_each_time_is_that_of_a_sweep_at_this_time(make):
    sweep = make()
    run = rundown(sweep)
    assert (run.dims, run.shape) == ((*sweep.dims, "time"), (*sweep.shape, 7))
    V = run.values()
    for i, time in enumerate(TIMES):
        one = rundown(sweep, float(time))
        assert type(one) is type(sweep)
        assert one.values().tolist() == V[..., i].tolist()
    cell = LIVING.replace(**{name: float(x) for name, x in sweep.parameters(1).items()})
    course = cell.rundown(PROTOCOL, time=TIMES, diameter=20).values()
    assert course.tolist() == V.reshape(-1, 7)[1].tolist()


@each_sweep
def test_labels_are_those_of_the_cells_and_the_time(make):
    sweep = make()
    run = rundown(sweep)
    dataset = run.to_xarray(of=["V", BLOCK])
    assert dataset["V"].dims == run.dims
    assert dataset[BLOCK].dims == sweep.dims
    assert dataset["time"].attrs["units"] == "s"
    assert dataset["time"].values.tolist() == TIMES.tolist()
    frame = run.to_dataframe()
    assert frame["V"].tolist() == run.values().ravel().tolist()
    assert frame["time"].tolist() == np.tile(TIMES, len(sweep)).tolist()
    first, found = next(iter(sweep.varied)), sweep.to_dataframe()
    assert frame[first].tolist() == found[first].repeat(7).tolist()
    assert "time (7): 0 ... 3600 s" in repr(run)


def test_an_index_is_repeated():
    frame = pd.DataFrame({"K_out": [3.0, 5.0]}, index=["x", "y"])
    run = rundown(fr.table(LIVING, frame), [0.0, 60.0])
    assert run.to_dataframe().index.tolist() == ["x", "x", "y", "y"]


def test_times_have_a_value_for_each_cell():
    cells = sample()
    run = rundown(cells)
    reached = run.values(of=BLOCK)
    assert reached.shape == (300,)
    assert run.status(of=BLOCK).tolist() == np.where(np.isinf(reached), 16, 0).tolist()
    assert reached.tolist() == rundown(cells, 3600.0).values(of=BLOCK).tolist()
    median = np.quantile(reached, 0.5, method="inverted_cdf")
    assert run.quantile([0.5], of=BLOCK).tolist() == [median]
    assert run.to_dataframe(of=BLOCK)[BLOCK].tolist() == reached.tolist()
    assert run.fraction(below=1800, of=BLOCK) == (reached < 1800).mean()
    below = run.values(of=fr.below(1800, of=BLOCK))
    assert below.tolist() == (reached < 1800).astype(float).tolist()


@each_sweep
@pytest.mark.parametrize("suffix", ["npy", "zarr", "parquet"])
def test_files_keep_courses(make, suffix, tmp_path):
    run = rundown(make())
    path = tmp_path / f"v.{suffix}"
    run.save(path)
    assert fr.load(path) == run
    if suffix == "npy":
        assert np.load(path).tolist() == run.values().tolist()


@pytest.mark.filterwarnings("ignore:part .* is empty")
@each_sweep
def test_parts_checkpoints_pickles_and_workers_give_the_same_bits(make, tmp_path):
    run = rundown(make())
    whole = run.summary()
    parts = [run.part(k, 2).tally(fr.Summary()) for k in range(2)]
    assert fr.merge(parts) == (whole,)
    assert run.summary(checkpoint=tmp_path / "c.json") == whole
    assert run.summary(checkpoint=tmp_path / "c.json") == whole
    assert pickle.loads(pickle.dumps(run)) == run
    times = run.part(0, 1).tally(fr.Summary(of=BLOCK)).answers()
    assert times == (run.summary(of=BLOCK),)


@pytest.mark.slow
def test_processes_give_the_same_bits():
    run = rundown(sample())
    with ProcessPoolExecutor(2) as executor:
        assert run.summary(executor=executor) == run.summary()
        found = run.quantile([0.5], of=BLOCK, executor=executor)
    assert found.tolist() == run.quantile([0.5], of=BLOCK).tolist()


def test_pictures_show_bands_or_a_family():
    run = rundown(sample())
    ax = run.plot()
    assert ax.get_xlabel() == "time (min)"
    assert len(ax.collections) >= 2
    middle = np.quantile(run.values(), 0.5, axis=0)
    assert ax.lines[0].get_ydata() == pytest.approx(middle)
    family = rundown(fr.grid(LIVING, K_out=[3.0, 5.0])).plot()
    assert [one.get_ydata().tolist() for one in family.lines[:2]] == rundown(
        fr.grid(LIVING, K_out=[3.0, 5.0])
    ).values().tolist()
    assert run.plot(of=BLOCK).get_xlabel() == "time to −40 mV (s)"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda run: run.reduce(fr.Summary(), fr.Summary(of=BLOCK)), "ask for them separately"),
        (lambda run: run.to_dataframe(of=["V", BLOCK]), "ask for them separately"),
        (lambda run: run.rundown({}, time=0, diameter=9), "a living cell is needed"),
        (lambda run: run.cells.rundown({}, time=0, diameter=9), "a living cell is needed"),
        (lambda run: sample().rundown({}, time=[2, 1], diameter=9), "time must not decrease"),
        (lambda run: sample().rundown({}, time=[], diameter=9), "time must be a list"),
        (lambda run: run.gradient(), "no derivatives here"),
        (lambda run: run.values(out=np.empty(3)), r"out must have shape \(300, 7\)"),
        (lambda run: run.plot(nernst=True), "nernst needs a grid"),
    ],
)
def test_errors_say_what_to_do(make, text):
    with pytest.raises(ValueError, match=text):
        make(rundown(sample()))


def test_the_edge_of_existence_is_drawn():
    leak = fr.Chord("K", "Na", "Cl", pump="constant")
    cell = fr.Cell(
        fr.PumpLeak(leak),
        **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "K_out": 5.0, "Na_out": 145.0, "Cl_out": 150.0},
        **{"z_X": -1.0, "celsius": 37.0, "pump_max": 0.3},
    )
    pumps = np.linspace(-0.5, 1, 100)
    plane = fr.grid(cell, pump_max=pumps, g_Na=np.geomspace(1e-3, 0.1, 50))
    ax = plane.plot(of="margin")
    assert "edge of existence" in [text.get_text() for text in ax.texts]
    assert ax.collections[0].get_clim()[0] == -1
    line = fr.grid(cell, pump_max=pumps).plot(of="margin")
    assert "edge\nof existence" in [text.get_text() for text in line.texts]
