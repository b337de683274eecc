"""Outputs that workers write, and arrays that they bring back: the bits of the plain call."""

import concurrent.futures as cf
import filecmp
import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.io import save
from helpers.counting import GRID, NEURON, TABLE
from helpers.executors import SAMPLE, Recorder, processes

LIVING = NEURON.living(R_m=7)
STEADY = fr.grid(LIVING, P_Na=fr.times(np.linspace(0.5, 2, 50)), K_out=np.linspace(3, 6, 60))
KEPT = fr.table(NEURON, {"K_out": np.linspace(1, 50, 100_001), "id": np.arange(100_001)}, keep="id")
SWEEPS = pytest.mark.parametrize(
    "sweep", [TABLE, GRID, SAMPLE, STEADY, KEPT], ids=["table", "grid", "sample", "steady", "kept"]
)


@pytest.fixture(scope="module", params=["processes", "threads", "recorder"])
def pool(request):
    if request.param == "recorder":
        yield Recorder()
        return
    with cf.ThreadPoolExecutor(2) if request.param == "threads" else processes() as executor:
        yield executor


def same(one, other):
    """Return True if two outputs are the same, to the byte."""
    if one.is_file():
        return filecmp.cmp(one, other, shallow=False)
    names = sorted(str(f.relative_to(one)) for f in one.rglob("*") if f.is_file())
    found = sorted(str(f.relative_to(other)) for f in other.rglob("*") if f.is_file())
    return names == found and not filecmp.cmpfiles(one, other, names, shallow=False)[1:][0]


@pytest.mark.process
@SWEEPS
def test_workers_save_the_bytes_of_the_plain_call(tmp_path, pool, suffix, sweep):
    plain, by_workers = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for of, dtype in (("V", "float64"), ("E_K", "float32"), (fr.above(-70), "float32")):
        sweep.save(plain, of=of, dtype=dtype)

        sweep.save(by_workers, of=of, dtype=dtype, executor=pool)

        assert same(plain, by_workers)
    assert not list(tmp_path.glob("*.part*"))
    assert fr.load(by_workers) == fr.load(plain)


@pytest.mark.process
@SWEEPS
def test_workers_compute_the_values_of_the_plain_call(pool, sweep):
    expected = sweep.values()
    strided = np.empty((2, *sweep.shape), "f4")[1]

    np.testing.assert_array_equal(sweep.values(executor=pool), expected)
    np.testing.assert_array_equal(sweep.values(strided, executor=pool), expected.astype(np.float32))
    several = sweep.values(of=["V", "E_K", fr.above(-70)], executor=pool)
    for of, found in zip(["V", "E_K", fr.above(-70)], several.values()):
        np.testing.assert_array_equal(found, sweep.values(of=of))


@pytest.mark.process
@SWEEPS
def test_workers_compute_the_gradient_of_the_plain_call(pool, sweep):
    for of in ("V", "E_K"):
        found = sweep.gradient("K_out", "P_Na", of=of, executor=pool)

        for name, expected in sweep.gradient("K_out", "P_Na", of=of).items():
            np.testing.assert_array_equal(found[name], expected)


@pytest.mark.process
def test_values_go_into_a_file_that_is_named(tmp_path, pool):
    path = tmp_path / "v.npy"
    for options in ({}, {"executor": pool, "dtype": "float32", "of": "E_K"}):
        found = GRID.values(out=path, **options)

        assert isinstance(found, np.memmap)
        options.pop("executor", None)
        np.testing.assert_array_equal(found, GRID.values(**options))
        assert fr.load(path) == GRID


def test_values_go_into_no_other_file(tmp_path):
    with pytest.raises(ValueError, match=r"^out must be an array or end in \.npy, got .*v\.zarr"):
        GRID.values(out=tmp_path / "v.zarr")


def test_the_reference_computes_in_the_caller():
    executor, few = Recorder(), fr.grid(NEURON, K_out=[3.0, 5.0])
    np.testing.assert_allclose(few.values(engine="python", executor=executor), few.values())
    assert executor.sent == []


def killing(after):
    """Return the initializer of workers that die after some ranges have been written."""
    written, calls = save.computed_and_written, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) > after:
            os._exit(1)
        return written(*arguments)

    save.computed_and_written = dying


def die_after_two():
    killing(2)


@pytest.mark.process
def test_a_save_is_resumed_after_workers_were_killed(tmp_path, suffix):
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 3000), K_in=np.linspace(90, 150, 4000))
    plain, path = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    sweep.save(plain)
    deaths = 0
    for _ in range(20):
        with processes(die_after_two) as pool:
            try:
                sweep.save(path, executor=pool)
                break
            except RuntimeError as error:
                assert "the same call resumes from there" in str(error)  # noqa: PT017
                deaths += 1
        if deaths == 2:
            sweep.save(path)  # a plain call resumes it, too
            break

    assert deaths > 0
    assert same(plain, path)


def test_a_worker_that_does_not_see_the_folder_is_told(tmp_path, suffix, monkeypatch):
    class Elsewhere(Recorder):
        def submit(self, work, *arguments):
            with monkeypatch.context() as patch:
                patch.setattr(type(tmp_path), "exists", lambda _: False)
                return super().submit(work, *arguments)

    words = r"process \d+, .* does not see .*part: save to a folder that all workers share"
    with pytest.raises(RuntimeError, match=words):
        GRID.save(tmp_path / f"v{suffix}", executor=Elsewhere())
    assert os.listdir(tmp_path) == []


def test_results_that_travel_longer_than_they_compute_are_told():
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 3000), K_in=np.linspace(90, 150, 2000))
    with pytest.warns(fr.PerformanceWarning, match=r"^48 MB travel .*: leave executor= out$"):
        sweep.values(executor=Recorder())
