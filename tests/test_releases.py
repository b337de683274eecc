"""Files and pickles of every release are read for ever: see data/make_release.py."""

import importlib.util
import math
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr

DATA = Path(__file__).with_name("data")
#: Results of samples that this version draws with other bits.
DRAWN_ANEW = ("sampled indices",)
RELEASES = sorted(path.name for path in DATA.glob("release_*"))


@pytest.fixture(scope="module")
def make_release():
    spec = importlib.util.spec_from_file_location("make_release", DATA / "make_release.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture(params=RELEASES)
def release(request, tmp_path):
    """A copy of a release's files, so that reading cannot change them."""
    return shutil.copytree(DATA / request.param, tmp_path / "release")


def test_releases_are_there():
    assert "release_1" in RELEASES


@pytest.mark.parametrize("suffix", [".npy", ".zarr", ".parquet"])
def test_saved_outputs_are_loaded(release, make_release, suffix):
    if suffix != ".npy":
        pytest.importorskip({".zarr": "zarr", ".parquet": "pyarrow"}[suffix])
    expected = {
        "grid.npy": make_release.PLANE,
        "grid_of_E_K.npy": make_release.PLANE,
        "table.npy": make_release.TABLE,
        "sample.npy": make_release.SAMPLE,
        "grid.zarr": make_release.GRID,
        "table.parquet": make_release.TABLE,
    }
    for name, sweep in expected.items():
        if name.endswith(suffix):
            assert fr.load(release / name) == sweep, name
    if suffix == ".npy":
        assert np.array_equal(np.load(release / "grid.npy"), make_release.PLANE.values())
        E = make_release.PLANE.values(of="E_K", dtype="float32")
        assert np.array_equal(np.load(release / "grid_of_E_K.npy"), E)
        V = make_release.SAMPLE.values()
        assert np.array_equal(np.load(release / "sample.npy"), V)


def test_tallies_are_merged(release, make_release):
    summary, histogram, classes = fr.merge([release / f"grid_{k}.tally" for k in range(2)])
    assert summary.n == 120_000
    assert histogram.counts.sum() + histogram.below + histogram.above == 120_000
    assert sum(classes.values()) == 120_000
    (of_rows,) = fr.merge([release / "table.tally"])
    assert (of_rows.n, of_rows.invalid) == (2, {"NEGATIVE": 1})
    (of_event,) = fr.merge([release / "sample.tally"])
    assert of_event == make_release.SAMPLE.summary(of=fr.between(-75, -65))


def test_checkpoints_are_resumed(release, make_release):
    big, reducers = make_release.BIG, make_release.CHECKPOINTED
    found = big.reduce(*reducers, method="factored", checkpoint=release / "checkpoint.tally")
    assert found == big.reduce(*reducers, method="factored")


def test_populations_are_merged_and_their_members_computed(release, make_release):
    pop = fr.merge([release / f"population_{k}.tally" for k in range(2)])
    assert pop == make_release.population()
    assert pop.members(first=5).parameters.keys() == {"P_Na", "K_out", "K_in", "Na_out"}
    assert fr.Population.load(release / "population_0.tally").space == make_release.SPACE


def test_pickles_are_read(release, make_release):
    nouns = make_release.nouns()
    assert {path.stem for path in release.glob("*.pickle")} <= {n.replace(" ", "_") for n in nouns}
    for name, noun in nouns.items():
        path = release / f"{name.replace(' ', '_')}.pickle"
        if path.exists() and name in DRAWN_ANEW:
            read = pickle.loads(path.read_bytes())
            assert (read.space, read.of, set(read)) == (noun.space, noun.of, set(noun)), name
            with pytest.raises(ValueError, match="another version of fastrest sampled these"):
                read.extend(256)
        elif path.exists():
            assert same(pickle.loads(path.read_bytes()), noun), name


def same(a, b):
    """Return True if two objects are equal, or, without an equality of their own, look alike."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if type(a).__name__.endswith(("Answer", "Uncertainty")):  # in the fields it was pickled with
        return type(a) is type(b) and all(same(x, getattr(b, n)) for n, x in vars(a).items())
    return a is b or repr(a) == repr(b)
