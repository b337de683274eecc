"""Sealed files of other releases: keys that are unknown are ignored, later formats are refused."""

import json
import warnings

import numpy as np
import pytest

import fastrest as fr
import fuzz_readers
from fastrest.runtime import storage

NEURON = fr.cells["mammalian neuron"]
GRID = fr.grid(NEURON, K_out=np.linspace(1, 50, 200_000))
TABLE = fr.table(NEURON, {"K_out": np.linspace(1, 50, 200_000)})
SPACE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5))


def resealed(path, **changed):
    """Seal the content of a file again, with keys that are changed or added."""
    content = storage.unseal(path, "file")
    path.write_bytes(storage.seal({**content, **changed}))
    return content


def test_a_tally_with_unknown_keys_is_read_resumed_and_merged(tmp_path):
    parts = [tmp_path / "0", tmp_path / "1"]
    for sweep in (GRID, TABLE):
        asked = fr.Summary(), fr.Histogram()
        for k, path in enumerate(parts):
            part = sweep.part(k, 2).tally(*asked)
            part.save(path)
            passes = [{**one, "skewness": "0x0"} for one in storage.unseal(path, "file")["passes"]]
            resealed(path, passes=passes, host="node 7")
            assert repr(fr.Tally.load(path)) == repr(part)
            assert repr(sweep.part(k, 2).tally(*asked, checkpoint=path)) == repr(part)
        assert fr.merge(parts)[0] == sweep.summary()


def test_a_population_with_unknown_keys_is_read_and_resumed(tmp_path):
    path = tmp_path / "p"
    expected = SPACE.population(5000, rng=1, accept=[fr.between(-80, -60)], checkpoint=path)
    resealed(path, host="node 7")
    assert fr.Population.load(path) == fr.merge([path]) == expected
    again = SPACE.population(5000, rng=1, accept=[fr.between(-80, -60)], checkpoint=path)
    assert again == expected


def test_an_output_with_unknown_keys_is_loaded(tmp_path):
    TABLE.save(tmp_path / "v.npy")
    resealed(tmp_path / "v.npy.json", host="node 7")
    assert fr.load(tmp_path / "v.npy") == TABLE


def test_a_file_names_its_format_its_version_and_the_bits_of_its_numbers(tmp_path):
    for sweep, bits in ((GRID, None), (SPACE.sample(1000, rng=1), 1)):
        sweep.part(0, 1).tally(fr.Summary()).save(tmp_path / "t")
        sweep.save(tmp_path / "v.npy")
        for name in ("t", "v.npy.json"):
            content = json.loads((tmp_path / name).read_text())["content"]
            found = content["format"], content["fastrest"], content["bits"]
            assert found == (storage.FORMAT, fr.__version__, bits)


@pytest.mark.parametrize("what", ["tally", "output", "record"])
def test_a_file_of_a_later_format_is_refused_and_left_alone(tmp_path, what):
    path = tmp_path / {"tally": "t", "output": "v.npy.json", "record": "v.npy.part.json"}[what]
    if what == "tally":
        GRID.part(0, 1).tally(fr.Summary()).save(path)
    elif what == "output":
        GRID.save(tmp_path / "v.npy")
    else:
        path.write_bytes(storage.seal({"done": []}))
    read = {
        "tally": lambda: GRID.part(0, 1).tally(fr.Summary(), checkpoint=path),
        "output": lambda: fr.load(tmp_path / "v.npy"),
        "record": lambda: GRID.save(tmp_path / "v.npy"),
    }[what]
    resealed(path, format=storage.FORMAT + 1)
    before = path.read_bytes()
    message = f"{path.name} has format 3, and this version of fastrest reads formats up to 2: "
    with pytest.raises(ValueError, match=message + "upgrade with pip install -U fastrest-ghk"):
        read()
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", sorted(fuzz_readers.READERS))
def test_readers_refuse_files_that_are_changed_at_random(tmp_path, name):
    if name.startswith(("zarr", "parquet")):
        pytest.importorskip({"z": "zarr", "p": "pyarrow"}[name[0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fuzz_readers.fuzz(name, 20, "tests", tmp_path) == []
