"""Loading saved potentials: complete outputs load, others are refused."""

import json
import shutil

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import storage
from helpers.outputs import CELL, a_grid, a_table, small_blocks


def test_load_refuses_missing_and_foreign_files(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    with pytest.raises(FileNotFoundError, match="there is no"):
        fr.load(path)
    with pytest.raises(ValueError, match="path must end in"):
        fr.load(tmp_path / "v.csv")
    path.mkdir()
    with pytest.raises(ValueError, match=r"is not (an|a complete) output of fastrest's save"):
        fr.load(path)
    path.rmdir()
    np.save(tmp_path / "w", np.zeros(3))
    (tmp_path / "w.npy").rename(path)
    with pytest.raises(ValueError, match=r"is not (an|a complete) output of fastrest's save"):
        fr.load(path)


def change_text(path, old, new):
    """Change a sealed text and renew its seal."""
    content = storage.unseal(path, "file")
    assert old in json.dumps(content)
    path.write_bytes(storage.seal(json.loads(json.dumps(content).replace(old, new))))


def test_load_refuses_a_later_format(tmp_path):
    a_grid().save(tmp_path / "v.npy")
    change_text(tmp_path / "v.npy.json", f'"format": {storage.FORMAT}', '"format": 3')
    with pytest.raises(ValueError, match=r"has format 3, .* formats up to 2: upgrade with pip"):
        fr.load(tmp_path / "v.npy")


def test_load_reads_outputs_of_another_release(tmp_path):
    a_grid().save(tmp_path / "v.npy")
    change_text(tmp_path / "v.npy.json", f'"{fr.__version__}"', '"0.0.1"')
    assert fr.load(tmp_path / "v.npy") == a_grid()


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
def test_load_refuses_files_of_another_length(tmp_path, suffix, kind, how):
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
    """Other values in files of the right size are found by the digest."""
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
    with pytest.raises(ValueError, match=r"v\.npy does not hold the array that v\.npy\.json"):
        fr.load(tmp_path / "v.npy")
    (tmp_path / "v.npy").write_text("text")
    with pytest.raises(ValueError, match="is not an output of fastrest's save, or was cut off"):
        fr.load(tmp_path / "v.npy")


@pytest.mark.parametrize("place", [0, 2], ids=["contents", "chunk"])
@pytest.mark.parametrize("claim", [0, 7, 2**25, 2**31, 2**32 - 1])
def test_load_refuses_a_chunk_that_claims_another_length(tmp_path, place, claim):
    # the decompressor would read beyond the chunk
    pytest.importorskip("zarr")
    table = fr.table(fr.cells["mammalian neuron"], {"K_out": [3.0, 5.0, 8.0]})
    table.save(tmp_path / "v.zarr")
    chunk = tmp_path / "v.zarr" / "K_out" / "c" / "0"
    data = bytearray(chunk.read_bytes())
    data[4 * (place + 1) : 4 * (place + 2)] = claim.to_bytes(4, "little")
    chunk.write_bytes(data)
    with pytest.raises(ValueError, match=r"v\.zarr"):
        fr.load(tmp_path / "v.zarr")


def test_load_refuses_a_card_of_more_rows_before_memory_is_taken(tmp_path):
    pytest.importorskip("pyarrow")
    table = fr.table(fr.cells["mammalian neuron"], {"K_out": [3.0, 5.0, 8.0]})
    table.save(tmp_path / "v.parquet")
    card = tmp_path / "v.parquet" / "_fastrest.json"
    content = storage.unseal(card, "card")
    content["sweep"]["shape"] = [10**15]
    card.write_bytes(storage.seal(content))
    with pytest.raises(ValueError, match=r"rows are not those of its card|bytes of"):
        fr.load(tmp_path / "v.parquet")
