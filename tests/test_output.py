"""Output larger than memory: written block by block, resumed, loaded, refused if not whole."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from fastrest import files, output

CELL = fr.cells["mammalian neuron"]
SUFFIXES = [".npy", ".zarr", ".parquet"]
NEEDS = {".zarr": "zarr", ".parquet": "pyarrow"}


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    """A format whose package is installed."""
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    return request.param


def a_grid():
    ringer = fr.axis("ringer", labels=["a", "bc", "d"], K_out=[2.0, 5.0, 9.0], Na_out=[9, 8, 7])
    return fr.grid(CELL, ringer, celsius=np.linspace(10, 40, 7), P_Na=fr.times([0.5, 1.0]))


def a_table(rows=9):
    columns = {
        "K_out": np.linspace(1, 50, rows).astype(">f4"),
        "Na_in": np.arange(rows) - 1,  # the first is below 0
        "P_Na": 0.03,
        "id": np.array([f"cell {i}" for i in range(rows)], object),
        "day": np.datetime64("2024-01-01") + np.arange(rows),
        "ok": np.arange(rows) % 2 == 0,
    }
    return fr.table(CELL, columns, keep=["id", "day", "ok"])


def a_sample(n=9):
    uncertain = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
    return fr.space(CELL, correlation={("P_Na", "K_out"): 0.4}, **uncertain).sample(n, rng=1)


SWEEPS = {
    "grid": a_grid,
    "table": a_table,
    "sample": a_sample,
    "one point": lambda: fr.grid(CELL, K_out=[4.0]),
    "chord": lambda: fr.grid(fr.Cell(fr.Chord("K", "Na"), **CHORD), K_out=[4.0, 5.0]),
}
CHORD = {
    "g_K": 1.0,
    "g_Na": 0.1,
    "K_out": 5,
    "K_in": 140,
    "Na_out": 145,
    "Na_in": 15,
    "celsius": 37,
}


def read(path):
    """The potentials in an output, by those who will read it."""
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    if path.suffix == ".zarr":
        import zarr

        return zarr.open_group(path, mode="r")["V"][...]
    return pytest.importorskip("pandas").read_parquet(path)["V"].to_numpy()


def names(folder):
    return sorted(os.listdir(folder))


def small_blocks(monkeypatch, points=1 << 16):
    """Blocks of an output, and tasks, of few points."""
    monkeypatch.setattr(output, "TASK", points)
    monkeypatch.setattr(output.Parquet, "unit", points)
    monkeypatch.setattr(output.Npy, "units", 1)


# ---- what is written ----


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", SWEEPS)
def test_output_has_the_bits_of_values_and_gives_the_sweep_back(tmp_path, suffix, kind, dtype):
    sweep, path = SWEEPS[kind](), tmp_path / f"v{suffix}"
    sweep.save(path, dtype=dtype)
    written = read(path)
    assert written.dtype == dtype
    assert written.tobytes() == sweep.values(dtype=dtype).tobytes()
    assert fr.load(path) == sweep
    assert not [name for name in names(tmp_path) if ".part" in name]


def test_blocks_of_an_output_have_the_bits_of_values(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    ends, path = [], tmp_path / f"v{suffix}"
    for shape in [(200_001,), (3, 70_001), (70_001, 3), (5, 1, 1, 40_000), (2, 3, 65_536)]:
        axes = zip(["K_out", "Na_out", "P_Na", "celsius"], shape)
        sweep = fr.grid(CELL, **{name: np.linspace(1, 30, n) for name, n in axes})
        sweep.save(path, threads=2, progress=lambda *done: ends.append(done))
        assert read(path).tobytes() == sweep.values().tobytes()
        assert ends[-1] == (len(sweep), len(sweep))
        assert fr.load(path) == sweep
    for sweep in (a_table(200_001), a_sample(200_001)):
        sweep.save(path, threads=2)
        assert read(path).tobytes() == sweep.values().tobytes()
        assert fr.load(path) == sweep


def test_npy_says_what_it_is(tmp_path):
    sweep = a_grid()
    sweep.save(tmp_path / "v.npy")
    assert names(tmp_path) == ["v.npy", "v.npy.json"]
    card = json.loads((tmp_path / "v.npy.json").read_text())["content"]
    assert np.load(tmp_path / "v.npy").shape == sweep.shape
    assert (card["fastrest"], card["dtype"], card["format"]) == (fr.__version__, "float64", ".npy")
    assert card["digest"] == files.digest(files.describe(sweep))
    assert card["sweep"]["cell"]["name"] == "mammalian neuron"
    assert [axis["name"] for axis in card["sweep"]["axes"]] == ["ringer", "celsius", "P_Na"]
    assert "rng" not in card


@pytest.mark.parametrize("kind", SWEEPS)
def test_zarr_opens_as_the_dataset_of_to_xarray(tmp_path, kind):
    pytest.importorskip("zarr")
    xr = pytest.importorskip("xarray")
    sweep = SWEEPS[kind]()
    sweep.save(tmp_path / "v.zarr")
    with xr.open_zarr(tmp_path / "v.zarr") as opened:
        found, expected = opened.load(), sweep.to_xarray()
    assert json.loads(found.attrs.pop("fastrest"))["content"]["fastrest"] == fr.__version__
    assert found.attrs == expected.attrs
    xr.testing.assert_equal(found, expected)
    for name, variable in expected.variables.items():
        assert found[name].attrs == variable.attrs


@pytest.mark.parametrize("kind", SWEEPS)
def test_parquet_reads_as_the_frame_of_to_dataframe(tmp_path, kind):
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    sweep = SWEEPS[kind]()
    sweep.save(tmp_path / "v.parquet")
    found, expected = pd.read_parquet(tmp_path / "v.parquet"), sweep.to_dataframe()
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_of_a_sample_nothing_is_stored_but_its_potentials_and_what_it_is(tmp_path):
    a_sample().save(tmp_path / "v.npy")
    assert names(tmp_path) == ["v.npy", "v.npy.json"]
    card = json.loads((tmp_path / "v.npy.json").read_text())["content"]["sweep"]
    assert card["inputs"] == [
        ["P_Na", {"family": "lognormal", "arguments": {"median": 0.04, "cv": 0.5}}],
        ["K_out", {"family": "uniform", "arguments": {"low": 3.0, "high": 6.0}}],
    ]
    assert card["correlation"] == [["P_Na", "K_out", 0.4]]
    assert (card["method"], card["rng"], card["scramble"]) == ("random", 1, True)


def test_labels_may_be_numpy_numbers(tmp_path):
    sweep = fr.grid(CELL, fr.axis("n", labels=np.arange(2), K_out=[3.0, 5.0]))
    sweep.save(tmp_path / "v.npy")
    assert fr.load(tmp_path / "v.npy") == sweep


def test_the_reference_writes_too(tmp_path, suffix):
    sweep, path = a_grid(), tmp_path / f"v{suffix}"
    sweep.save(path, engine="python")
    assert read(path).tobytes() == sweep.values(engine="python").tobytes()


def test_blocks_are_those_of_values():
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 1100), Na_in=np.linspace(5, 50, 1000))
    values, stops = sweep.values().reshape(-1), [0]
    for where, block in sweep.blocks(threads=2):
        assert where.start == stops[-1]
        assert block.tobytes() == values[where].tobytes()
        stops.append(where.stop)
    assert stops == [0, 1 << 20, 1_100_000]


def test_blocks_refuse_at_once():
    with pytest.raises(ValueError, match="engine must be one of"):
        a_grid().blocks(engine="abacus")


# ---- in place of another ----


def test_an_output_replaces_one_of_its_kind_and_its_companions(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    for sweep in (a_table(), a_grid(), a_table()):
        sweep.save(path)
        assert fr.load(path) == sweep
    a_grid().save(path)
    assert names(tmp_path) == ["v.npy", "v.npy.json"] if suffix == ".npy" else [path.name]


def test_npy_replaces_any_file_and_follows_links(tmp_path):
    (tmp_path / "far").mkdir()
    np.save(tmp_path / "far" / "v.npy", np.zeros(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "far" / "v.npy")
    a_grid().save(tmp_path / "link.npy")
    assert (tmp_path / "link.npy").is_symlink()
    assert fr.load(tmp_path / "link.npy") == a_grid()


def test_a_table_may_read_the_file_it_replaces(tmp_path):
    np.save(tmp_path / "v.npy", np.linspace(1, 50, 1000))
    sweep = fr.table(CELL, {"K_out": np.load(tmp_path / "v.npy", mmap_mode="r")})
    expected = sweep.values()
    sweep.save(tmp_path / "v.npy")
    assert np.load(tmp_path / "v.npy").tobytes() == expected.tobytes()


@pytest.mark.parametrize("state", ["both", "old alone"])
def test_a_kill_between_two_names_is_put_right(tmp_path, state):
    pytest.importorskip("pyarrow")
    path, old = tmp_path / "v.parquet", tmp_path / "v.parquet.part.old"
    a_grid().save(path)
    if state == "both":
        shutil.copytree(path, old)
    else:
        path.rename(old)
    a_table().save(path)
    assert fr.load(path) == a_table()
    assert names(tmp_path) == ["v.parquet"]


# ---- bad input ----


class Thing:
    pass


BAD = [
    ({"path": "v.csv"}, ValueError, "path must end in .npy, .zarr or .parquet, got 'v.csv'"),
    ({"path": "v"}, ValueError, "path must end in"),
    ({"path": "no/v.npy"}, FileNotFoundError, "no/v.npy cannot be written: there is no folder"),
    ({"path": "folder.npy"}, IsADirectoryError, "folder.npy is a folder"),
    ({"path": "folder.zarr"}, FileExistsError, "folder.zarr is no output of fastrest's save"),
    ({"path": "folder.parquet"}, FileExistsError, "folder.parquet is no output of fastrest's"),
    ({"path": "file.parquet"}, FileExistsError, "file.parquet is no output of fastrest's"),
    ({"path": "mine.npy"}, FileExistsError, "mine.npy.part is in the way"),
    ({"dtype": "int32"}, ValueError, "dtype must be float64 or float32, got int32"),
    ({"threads": 0}, ValueError, "threads must be a whole number >= 1, got 0"),
    ({"engine": "abacus"}, ValueError, "engine must be one of"),
    ({"progress": 3}, TypeError, "progress must be True, False or callable"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD, ids=[m for *_, m in BAD])
def test_bad_input_harms_nothing(tmp_path, monkeypatch, options, error, message):
    monkeypatch.chdir(tmp_path)
    for name in ("folder.npy", "folder.zarr", "folder.parquet"):
        Path(name).mkdir()
    for name in ("file.parquet", "mine.npy.part"):
        Path(name).write_text("mine")
    before = names(tmp_path)
    with pytest.raises(error) as caught:
        a_grid().save(**{"path": "v.npy", **options})
    assert message in str(caught.value)
    assert names(tmp_path) == before
    assert Path("file.parquet").read_text() == "mine"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([Thing(), "a"], object), "numbers, text and dates are saved, got dtype object"),
        (np.array([1j, 2j]), "numbers, text and dates are saved, got dtype complex128"),
        (np.array([1, 2], np.longdouble), "numbers, text and dates are saved"),
        (np.ma.array([1, 2], mask=[False, True]), "has masked values"),
    ],
    ids=["objects", "complex", "long", "masked"],
)
def test_columns_that_cannot_be_kept_are_refused(tmp_path, column, message):
    sweep = fr.table(CELL, {"K_out": [3.0, 5.0], "x": column}, keep=["x"])
    with pytest.raises(TypeError, match=f"column 'x'.*{message}"):
        sweep.save(tmp_path / "v.npy")
    assert names(tmp_path) == []


def test_zarr_refuses_names_that_are_paths(tmp_path):
    pytest.importorskip("zarr")
    sweep = fr.table(CELL, {"K_out": [3.0], "a/b": [1]}, keep=["a/b"])
    with pytest.raises(ValueError, match="'a/b' cannot be the name of an array in zarr"):
        sweep.save(tmp_path / "v.zarr")
    assert names(tmp_path) == []


@pytest.mark.parametrize(("suffix", "package"), NEEDS.items())
def test_a_missing_package_names_its_extra(tmp_path, monkeypatch, suffix, package):
    for module in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"pip install 'fastrest-ghk\[{suffix[1:]}\]'"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


#: What is imported where it is used: each takes milliseconds, or is an extra.
LATE = ["concurrent.futures", "csv", "difflib", "hashlib", "logging", "numpy.random", "pyarrow"]
LATE += ["scipy", "shutil", "tempfile", "tomllib", "zarr", "zipfile"]


def test_import_stays_light():
    code = (
        "import sys, numpy; before = set(sys.modules); import fastrest; "
        f"print(*set(sys.modules).difference(before).intersection({LATE}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


# ---- disks ----


def test_too_small_a_disk_is_refused_before_the_work(tmp_path, suffix, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match=r"42 points need .*\d B, free are 100 B"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"v\.npy cannot be written: Permission denied"):
        a_grid().save(tmp_path / "v.npy")
    tmp_path.chmod(0o700)
    assert names(tmp_path) == []


def failing(monkeypatch, kind, error, after):
    """Make the writes of a format fail after some."""
    write, calls = kind.write, []

    def fails(self, *arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise error
        return write(self, *arguments)

    monkeypatch.setattr(kind, "write", fails)
    return calls


def test_a_disk_that_fills_up_loses_nothing(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    path = tmp_path / f"v{suffix}"
    a_grid().save(path)
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as patch:
        failing(patch, output.FORMATS[suffix], full, after=3)
        with pytest.raises(OSError, match=r"v\.\w+ cannot be written: No space left") as caught:
            sweep.save(path, threads=1)
    assert caught.value.errno == errno.ENOSPC
    assert fr.load(path) == a_grid()
    calls = failing(monkeypatch, output.FORMATS[suffix], full, after=99)
    sweep.save(path, threads=1)
    assert len(calls) == 4  # of 7
    assert read(path).tobytes() == sweep.values().tobytes()


def test_a_disk_that_is_full_at_once_leaves_nothing(tmp_path, suffix, monkeypatch):
    failing(monkeypatch, output.FORMATS[suffix], OSError(errno.ENOSPC, "full"), after=0)
    with pytest.raises(OSError, match="cannot be written: full"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


def test_what_a_failing_disk_may_have_lost_is_not_recorded(tmp_path, monkeypatch):
    small_blocks(monkeypatch)
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    sync, writes = files.sync, []

    def fails(path):
        if path.name == "v.npy.part" and writes:
            raise OSError(errno.EIO, "I/O error")
        sync(path)

    monkeypatch.setattr(files, "sync", fails)
    with pytest.raises(OSError, match="I/O error"):
        sweep.save(tmp_path / "v.npy", threads=1, progress=lambda *done: writes.append(done))
    assert files.unseal(tmp_path / "v.npy.part.json", "record")["done"] == []


# ---- interrupted ----


def interrupt(sweep, path, after=3, **options):
    """Save, and stop after some blocks."""
    seen = []

    def progress(done, total):
        seen.append(done)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.save(path, threads=1, progress=progress, **options)


def test_an_interrupted_save_goes_on_where_it_was(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    path, seen = tmp_path / f"v{suffix}", []
    grid = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    for sweep in (a_table(400_000), a_sample(400_000), grid):
        interrupt(sweep, path)
        with pytest.raises(FileNotFoundError, match=r"not finished \(v\.\w+\.part is\)"):
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
        ({"sweep": fr.grid(CELL, K_out=np.linspace(1, 51, 300_000))}, "another sweep"),
        ({"dtype": "float32"}, "dtype float64"),
        ({"engine": "python"}, "engine kernels"),
    ],
)
def test_the_rest_of_another_save_is_refused(tmp_path, monkeypatch, change, message):
    small_blocks(monkeypatch)
    path = tmp_path / "v.npy"
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 300_000))
    interrupt(sweep, path)
    other = change.pop("sweep", sweep)
    with pytest.raises(ValueError, match=f"unfinished save of {message}: delete v.npy.part and"):
        other.save(path, **change)
    sweep.save(path)
    assert read(path).tobytes() == sweep.values().tobytes()


def test_a_record_that_was_changed_is_refused(tmp_path, monkeypatch):
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


def test_a_record_without_its_data_starts_anew(tmp_path, monkeypatch):
    small_blocks(monkeypatch)
    path = tmp_path / "v.npy"
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 300_000))
    interrupt(sweep, path)
    (tmp_path / "v.npy.part").unlink()
    sweep.save(path)
    assert read(path).tobytes() == sweep.values().tobytes()


def test_an_error_of_the_callers_is_the_callers(tmp_path):
    def broken(done, total):
        raise OSError("mine")

    with pytest.raises(OSError, match=r"^mine$"):
        a_grid().save(tmp_path / "v.npy", progress=broken)


KILLED = """
import sys, time, numpy as np, fastrest as fr
from fastrest import output
output.TASK = output.Parquet.unit = 1 << 16
output.SAVE_EVERY = 0.01
output.Npy.units = 1
add = output.Record.add
output.Record.add = lambda *arguments: (add(*arguments), time.sleep(0.02))
axes = dict(K_out=np.linspace(1, 50, 1300), Na_in=np.linspace(5, 50, 1000))
sweep = fr.grid(fr.cells["mammalian neuron"], **axes)
print("ready", flush=True)
sweep.save(sys.argv[1], threads=2, progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_random_moments_it_ends_with_the_same_bits(tmp_path, suffix):
    path, random, kills = tmp_path / f"v{suffix}", np.random.default_rng(3), 0
    command = [sys.executable, "-c", KILLED, str(path)]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        kills += process.wait() == -signal.SIGKILL
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    axes = {"K_out": np.linspace(1, 50, 1300), "Na_in": np.linspace(5, 50, 1000)}
    sweep = fr.grid(CELL, **axes)
    assert kills > 0
    assert read(path).tobytes() == sweep.values().tobytes()
    assert fr.load(path) == sweep
    assert names(tmp_path) == (["v.npy", "v.npy.json"] if suffix == ".npy" else [path.name])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_keeps_what_is_done(tmp_path):
    path = tmp_path / "v.npy"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.replace("1300", "130_000"), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line != "ready\n" and int(line) > 1 << 20:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    done = files.unseal(tmp_path / "v.npy.part.json", "record")["done"]
    assert sum(stop - start for start, stop in done) >= 1 << 20


# ---- load ----


def test_load_refuses_what_is_not_there_or_not_ours(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    with pytest.raises(FileNotFoundError, match="there is no"):
        fr.load(path)
    with pytest.raises(ValueError, match="path must end in"):
        fr.load(tmp_path / "v.csv")
    path.mkdir()
    with pytest.raises(ValueError, match=r"is no (whole )?output of fastrest's save"):
        fr.load(path)
    path.rmdir()
    np.save(tmp_path / "w", np.zeros(3))
    (tmp_path / "w.npy").rename(path)
    with pytest.raises(ValueError, match=r"is no (whole )?output of fastrest's save"):
        fr.load(path)


def change_text(path, old, new):
    """Change a sealed text as somebody would who renews its seal."""
    content = files.unseal(path, "file")
    assert old in json.dumps(content)
    path.write_bytes(files.seal(json.loads(json.dumps(content).replace(old, new))))


def test_load_refuses_another_version(tmp_path):
    a_grid().save(tmp_path / "v.npy")
    change_text(tmp_path / "v.npy.json", f'"{fr.__version__}"', '"0.0.1"')
    with pytest.raises(ValueError, match=r"written by fastrest 0\.0\.1, this is"):
        fr.load(tmp_path / "v.npy")


def test_load_refuses_another_sweep(tmp_path):
    a_grid().save(tmp_path / "v.npy")
    change_text(tmp_path / "v.npy.json", "140.0", "141.0")
    with pytest.raises(ValueError, match="another digest"):
        fr.load(tmp_path / "v.npy")


def the_largest(path):
    if path.is_file():
        return path
    data = [f for f in path.rglob("*") if f.is_file() and f.suffix != ".json"]
    return max(data, key=lambda file: file.stat().st_size)


@pytest.mark.parametrize("how", ["cut", "longer"])
@pytest.mark.parametrize("kind", ["grid", "table"])
def test_load_refuses_what_was_cut_off_or_grew(tmp_path, suffix, kind, how):
    path = tmp_path / f"v{suffix}"
    sweep = a_table(1000) if kind == "table" else fr.grid(CELL, K_out=np.linspace(1, 50, 1000))
    sweep.save(path)
    file = the_largest(path)
    data = file.read_bytes()
    file.write_bytes(data[:-5] if how == "cut" else data + b"?")
    with pytest.raises(ValueError, match="cut off or changed"):
        fr.load(path)
    file.write_bytes(data)
    assert fr.load(path) == sweep


def test_load_refuses_a_missing_chunk(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    path = tmp_path / f"v{suffix}"
    fr.grid(CELL, K_out=np.linspace(1, 50, 200_000)).save(path)
    file = the_largest(path)
    if suffix == ".npy":
        file = tmp_path / "v.npy.json"
    file.unlink()
    with pytest.raises(ValueError, match=r"cut off or changed|it has no v\.npy\.json beside it"):
        fr.load(path)


def test_load_refuses_changed_columns(tmp_path, suffix):
    """Columns with other values, in files of the right size."""
    one, other = (fr.table(CELL, {"K_out": k, "n": n}, keep=["n"]) for k, n in COLUMNS)
    one.save(tmp_path / f"v{suffix}")
    other.save(tmp_path / f"w{suffix}")
    if suffix == ".npy":
        shutil.copy(tmp_path / "w.npy.columns.npz", tmp_path / "v.npy.columns.npz")
    elif suffix == ".zarr":
        shutil.copy(tmp_path / "w.zarr" / "n" / "c" / "0", tmp_path / "v.zarr" / "n" / "c" / "0")
    else:
        for file in (tmp_path / "w.parquet").glob("*.parquet"):
            shutil.copy(file, tmp_path / "v.parquet" / file.name)
    with pytest.raises(ValueError, match=r"column was changed|cut off or changed"):
        fr.load(tmp_path / f"v{suffix}")


COLUMNS = [([3.0, 5.0], [1, 2]), ([3.0, 5.0], [1, 3])]


@pytest.mark.parametrize("how", ["gone", "no zip"])
def test_load_refuses_a_table_without_its_columns(tmp_path, how):
    a_table().save(tmp_path / "v.npy")
    file = tmp_path / "v.npy.columns.npz"
    file.unlink() if how == "gone" else file.write_bytes(b"PK\x03\x04, not")
    with pytest.raises(ValueError, match=r"lacks v\.npy\.columns\.npz|was cut off or changed"):
        fr.load(tmp_path / "v.npy")


def test_load_refuses_an_array_of_another_shape(tmp_path):
    a_grid().save(tmp_path / "v.npy")
    np.save(tmp_path / "v.npy", a_grid().values().T.copy())
    with pytest.raises(ValueError, match=r"v\.npy is not what v\.npy\.json describes"):
        fr.load(tmp_path / "v.npy")
    (tmp_path / "v.npy").write_text("text")
    with pytest.raises(ValueError, match="is no output of fastrest's save, or was cut off"):
        fr.load(tmp_path / "v.npy")
