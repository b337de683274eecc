"""Parcels: large arrays travel by the names of files, or once to each worker."""

import os
import pickle
from collections import Counter

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import engines, parcels
from helpers.counting import NEURON, PASSES, TABLE, plain
from helpers.executors import Recorder, processes

ROWS = 300_001


class Elsewhere(Recorder):
    """An executor whose workers do not see this machine's files.

    Attributes
    ----------
    workers : int
        Tasks go to the workers in turn; each has objects of its own.
    sizes : list of int
        Bytes of every task.
    """

    def __init__(self, workers, monkeypatch):
        super().__init__()
        self.kept = [{} for _ in range(workers)]
        self._max_workers, self.sizes, self.patch = workers, [], monkeypatch

    def submit(self, work, *arguments):
        text = pickle.dumps(arguments)
        self.sizes.append(len(text))
        kept = self.kept[len(self.sizes) % len(self.kept)]
        with self.patch.context() as patch:
            patch.setattr(parcels, "_kept", kept)
            patch.setattr(parcels.os, "stat", self.absent)
            arguments = pickle.loads(text)
            return super().submit(work, *arguments)

    @staticmethod
    def absent(path):
        raise FileNotFoundError(path)


def packed(thing):
    """Return an object through a parcel, and the bytes that travel."""
    parcel = pickle.loads(pickle.dumps(parcels.Parcel.of(thing, os.urandom(4).hex(), 1)))
    return parcel.open(), parcel.inside


@pytest.fixture
def mapped(tmp_path):
    """A function that returns the map of an array that was saved."""

    def saved(array, mode="r"):
        np.save(tmp_path / "columns.npy", array)
        return np.load(tmp_path / "columns.npy", mmap_mode=mode)

    return saved


ARRAYS = {
    "plain": lambda: np.arange(float(ROWS)),
    "every other": lambda: np.arange(float(2 * ROWS))[::2],
    "backwards": lambda: np.arange(float(ROWS))[::-1],
    "of float32": lambda: np.arange(ROWS, dtype="f4"),
    "of other bytes": lambda: np.arange(ROWS, dtype=">f8"),
    "a column": lambda: np.arange(2.0 * ROWS).reshape(ROWS, 2)[:, 1],
    "short": lambda: np.arange(3.0),
    "empty": lambda: np.empty(0),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_the_same_after_its_travel(name):
    array = ARRAYS[name]()
    found, _ = packed(array)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_one_value_travels_once_however_many_rows_have_it():
    found, size = packed(np.broadcast_to(5.0, 10**12))
    assert (found.shape, found.strides, found[-1]) == ((10**12,), (0,), 5.0)
    assert size < 1000


@pytest.mark.parametrize("cut", [slice(None), slice(None, None, -1), slice(5, -7, 3)], ids=str)
def test_a_mapped_array_travels_as_the_name_of_its_file(mapped, cut):
    array = mapped(np.arange(3.0 * ROWS).reshape(ROWS, 3))
    for column in (array[cut, 1], np.asarray(array)[cut, 2]):
        found, size = packed(column)
        assert size < 1000
        np.testing.assert_array_equal(found, column)


def test_a_map_that_differs_from_its_file_travels_itself(mapped):
    array = mapped(np.arange(float(ROWS)), "c")
    array[5] = -1
    found, size = packed(array)
    assert size > 8 * ROWS
    np.testing.assert_array_equal(found, array)


def test_changes_of_a_mapped_file_travel_too(mapped):
    array = mapped(np.arange(float(ROWS)), "r+")
    array[5] = -1
    found, _ = packed(array)
    np.testing.assert_array_equal(found, array)


def test_a_file_that_changes_after_it_was_named_is_not_read(mapped, tmp_path):
    parcel = parcels.Parcel.of(mapped(np.arange(float(ROWS))), "a", 1)
    os.utime(tmp_path / "columns.npy", ns=(1, 1))
    with pytest.raises(parcels.Missing):
        parcel.open()


def test_parcels_of_a_call_are_opened_once_and_dropped_at_the_next():
    thing = [1.5]
    one, other = (parcels.Parcel.of(thing, call, 1) for call in "ab")
    assert one.open() is one.open()
    first = one.open()
    assert other.open() is not first
    assert one.open() is not first


def test_no_pickle_is_in_a_file():
    parcel = parcels.Shelf().pack({"text": "x" * 100_000, "array": np.arange(float(ROWS))})
    head, *places = parcel.pieces
    assert isinstance(head, np.ndarray)
    assert [place.length for place in places] == [8 * ROWS]


def test_labels_of_a_grid_stay_with_the_caller():
    labels = [f"a long label, number {i}" for i in range(5000)]
    sweep = fr.grid(NEURON, fr.axis("dish", labels=labels, K_out=np.linspace(1, 50, 5000)))
    executor = Recorder()

    assert sweep.summary(executor=executor, method="pointwise") == sweep.summary()
    assert len(pickle.dumps(executor.sent[0][1])) < 5000


def test_a_mapped_file_that_changes_during_a_call_is_told(mapped, tmp_path, monkeypatch):
    column = mapped(np.linspace(1, 50, ROWS))
    executor = Elsewhere(1, monkeypatch)
    submit = executor.submit

    def changing(*arguments):
        os.utime(tmp_path / "columns.npy", ns=(1, 1))
        return submit(*arguments)

    executor.submit = changing
    with pytest.raises(RuntimeError, match=r"columns\.npy changed while its columns were read"):
        fr.table(NEURON, {"K_out": column}).summary(executor=executor)


def test_temporary_files_are_removed():
    shelf = parcels.Shelf()
    shelf.pack(np.arange(float(ROWS)), 0)
    assert os.listdir(shelf.folder) == ["1.data"]
    shelf.clear()
    assert not os.path.exists(shelf.folder)


def test_a_full_disk_leaves_the_data_in_the_parcel(monkeypatch):
    monkeypatch.setattr(parcels.Parcel, "filed", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    parcel = parcels.Shelf().pack(np.arange(float(ROWS)), 0)
    assert parcel.inside > 8 * ROWS


# ---- calls ----


def test_bytes_are_sent_to_workers_of_other_machines_about_once(monkeypatch):
    workers = 3
    executor = Elsewhere(workers, monkeypatch)

    found = TABLE.reduce(*PASSES, executor=executor)

    assert plain(found) == plain(TABLE.reduce(*PASSES))
    table = sum(column.nbytes for column in TABLE.inputs.values())
    large = [size for size in executor.sizes if size > table]
    assert workers <= len(large) <= 3 * workers
    rest = sum(executor.sizes) - sum(large)
    assert rest < 4000 * len(executor.sizes) + workers * 3 * 200_000


def test_bytes_sent_on_one_machine_do_not_depend_on_the_table():
    sizes = []
    for table in (TABLE, fr.table(NEURON, {n: x[:200_000] for n, x in TABLE.inputs.items()})):
        executor = Recorder()
        table.reduce(*PASSES, executor=executor)
        sizes.append(max(len(pickle.dumps(arguments)) for _, arguments in executor.sent))
    assert max(sizes) < 10_000


@pytest.mark.process
def test_mapped_tables_are_counted_by_processes_without_a_copy(mapped, monkeypatch):
    array = mapped(np.column_stack([*TABLE.inputs.values()]))
    names = list(TABLE.inputs)
    table = fr.table(NEURON, {name: array[:, i] for i, name in enumerate(names)})
    packed = Counter()
    pack = parcels.Shelf.pack

    def counting(shelf, thing, most):
        parcel = pack(shelf, thing, most)
        packed["bytes"] = shelf.packed
        return parcel

    monkeypatch.setattr(parcels.Shelf, "pack", counting)
    with processes() as pool:
        found = table.reduce(*PASSES, executor=pool)

    assert plain(found) == plain(TABLE.reduce(*PASSES))
    assert packed["bytes"] < 300_000


def test_no_file_is_left_after_a_call_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(parcels.tempfile, "mkdtemp", lambda prefix: str(tmp_path / prefix))
    (tmp_path / "fastrest-").mkdir()

    class Broken(Recorder):
        def submit(self, *_):
            raise OSError("gone")

    with pytest.raises(RuntimeError, match="the executor failed after 0 of"):
        TABLE.summary(executor=Broken())

    assert os.listdir(tmp_path) == []


def test_an_engine_of_dask_scatters_whole_data_where_files_are_not_seen(mapped):
    class Client:
        def __init__(self):
            self.scattered = []

        def nthreads(self):
            return {"a": 1}

        def scatter(self, thing, broadcast, hash):
            self.scattered.append(thing)
            return thing

        submit = None

    engine = engines.Dask(Client(), None)
    array = mapped(np.arange(float(ROWS)))
    carried = engine.carry(array)
    assert engine.client.scattered == []  # a name travels with each task
    for _ in range(2):
        np.testing.assert_array_equal(engine.whole(carried).open(), array)
    assert len(engine.client.scattered) == 1
    assert engine.light(carried) is engine.whole(carried)
