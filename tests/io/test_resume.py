"""Saving resumes after an interruption and ends with the same bits."""

import os
import shutil
import signal
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import storage
from helpers.outputs import CELL, a_grid, a_sample, a_table, names, read, small_blocks
from helpers.processes import program, python, started


def interrupt(sweep, path, after=3, **options):
    """Save, and stop after some blocks."""
    seen = []

    def progress(done, total):
        seen.append(done)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.save(path, threads=1, progress=progress, **options)


@pytest.mark.slow
def test_an_interrupted_save_resumes(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    path, seen = tmp_path / f"v{suffix}", []
    grid = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    for sweep in (a_table(400_000), a_sample(400_000), grid):
        interrupt(sweep, path)
        with pytest.raises(FileNotFoundError, match=r"not finished: .* resumes from v\.\w+\.part$"):
            fr.load(path)
        seen.clear()
        sweep.save(path, threads=1, progress=lambda done, total: seen.append(done))
        assert seen[0] == 4 << 16
        assert read(path).tobytes() == sweep.values().tobytes()
        assert fr.load(path) == sweep
        assert not [name for name in names(tmp_path) if ".part" in name]
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sweep": fr.grid(CELL, K_out=np.linspace(1, 51, 300_000))}, "of another sweep"),
        ({"dtype": "float32"}, "with dtype='float64'"),
        ({"of": "E_K"}, "with of='V'"),
        ({"of": fr.between(-80, -60)}, "with of='V'"),
        ({"engine": "python"}, "with engine='kernels'"),
    ],
)
def test_save_refuses_to_resume_another_save(tmp_path, monkeypatch, change, message):
    small_blocks(monkeypatch)
    path = tmp_path / "v.npy"
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 300_000))
    interrupt(sweep, path)
    other = change.pop("sweep", sweep)
    with pytest.raises(ValueError, match=f"unfinished save {message}: delete v.npy.part and"):
        other.save(path, **change)
    sweep.save(path)
    assert read(path).tobytes() == sweep.values().tobytes()


def test_save_refuses_a_changed_record(tmp_path, monkeypatch):
    small_blocks(monkeypatch)
    path, record = tmp_path / "v.npy", tmp_path / "v.npy.part.json"
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 300_000))
    interrupt(sweep, path)
    record.write_text(record.read_text().replace("65536", "65535").replace("196608", "200000"))
    with pytest.raises(ValueError, match=r"cut off or changed: delete v\.npy\.part and"):
        sweep.save(path)
    record.unlink()
    with pytest.raises(FileExistsError, match="in the way"):
        sweep.save(path)


def test_save_starts_anew_if_the_data_of_a_record_are_gone(tmp_path, monkeypatch):
    small_blocks(monkeypatch)
    path = tmp_path / "v.npy"
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 300_000))
    interrupt(sweep, path)
    (tmp_path / "v.npy.part").unlink()
    sweep.save(path)
    assert read(path).tobytes() == sweep.values().tobytes()


def test_save_raises_an_error_in_progress_unchanged(tmp_path):
    def broken(done, total):
        raise OSError("mine")

    with pytest.raises(OSError, match=r"^mine$"):
        a_grid().save(tmp_path / "v.npy", progress=broken)


KILLED = """
import sys, time, numpy as np, fastrest as fr
from fastrest.io import format, npy, parquet, save, zarr
save.TASK = zarr.TASK = parquet.Parquet.unit = 1 << 16
format.SAVE_EVERY = 0.01
npy.Npy.units = 1
add = format.Record.add
format.Record.add = lambda *arguments: (add(*arguments), time.sleep(0.02))
axes = dict(K_out=np.linspace(1, 50, 1300), Na_in=np.linspace(5, 50, 1000))
sweep = fr.grid(fr.cells["mammalian neuron"], **axes)
print("ready", flush=True)
sweep.save(sys.argv[1], threads=2, progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_save_killed_at_random_moments_ends_with_the_same_bits(tmp_path, suffix):
    path, random, kills = tmp_path / f"v{suffix}", np.random.default_rng(3), 0
    for _ in range(4):
        with started(program(KILLED, path)) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(random.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
    assert python(KILLED, path).returncode == 0
    axes = {"K_out": np.linspace(1, 50, 1300), "Na_in": np.linspace(5, 50, 1000)}
    sweep = fr.grid(CELL, **axes)
    assert kills > 0
    assert read(path).tobytes() == sweep.values().tobytes()
    assert fr.load(path) == sweep
    assert names(tmp_path) == (["v.npy", "v.npy.json"] if suffix == ".npy" else [path.name])


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_save_stopped_by_ctrl_c_keeps_finished_blocks(tmp_path):
    path = tmp_path / "v.npy"
    with started(program(KILLED.replace("1300", "130_000"), path)) as process:
        for line in process.stdout:
            if line != "ready\n" and int(line) > 1 << 20:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    done = storage.unseal(tmp_path / "v.npy.part.json", "record")["done"]
    assert sum(stop - start for start, stop in done) >= 1 << 20
