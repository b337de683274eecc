"""The routine that writes every file."""

import os
import threading

import numpy as np
import pytest

from fastrest.runtime import storage

OURS = storage.seal({"a": 1})


def test_a_new_file_has_the_permissions_of_the_umask_which_stays(tmp_path):
    mask = os.umask(0o027)
    try:
        storage.write_safely(tmp_path / "f", OURS)
        assert os.umask(0o027) == 0o027
        assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640
        (tmp_path / "f").chmod(0o604)
        storage.write_safely(tmp_path / "f", OURS)
        assert (tmp_path / "f").stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(mask)


def test_writing_follows_links_and_leaves_other_files_alone(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "f.writing").symlink_to("precious")
    (tmp_path / "link").symlink_to("f")
    storage.write_safely(tmp_path / "link", OURS)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "f").read_bytes() == OURS
    assert sorted(os.listdir(tmp_path)) == ["f", "f.writing", "link", "precious"]
    assert (tmp_path / "precious").read_text() == "mine"


def fill_the_disk(path):
    with storage.replacing(path) as new:
        new.write_bytes(b"half")
        raise OSError(28, "No space left on device")


def test_a_failing_writer_changes_nothing_and_names_the_file(tmp_path):
    storage.write_safely(tmp_path / "f", OURS)
    with pytest.raises(OSError, match=r"f cannot be written: No space left"):
        fill_the_disk(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == OURS
    assert os.listdir(tmp_path) == ["f"]


def test_a_stranger_that_comes_while_a_file_is_written_is_not_replaced(tmp_path):
    with (
        pytest.raises(FileExistsError, match="is not a file that fastrest wrote"),
        storage.replacing(tmp_path / "f"),
    ):
        (tmp_path / "f").write_text("mine")
    assert (tmp_path / "f").read_text() == "mine"
    assert os.listdir(tmp_path) == ["f"]


def test_threads_that_write_one_file_leave_a_whole_one(tmp_path):
    texts = [storage.seal({"a": "x" * n}) for n in (10, 100_000, 3)]

    def write(text):
        for _ in range(30):
            storage.write_safely(tmp_path / "f", text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (tmp_path / "f").read_bytes() in texts
    assert os.listdir(tmp_path) == ["f"]


def test_packed_numbers_are_not_expanded_beyond_their_length():
    bomb = storage.packed(np.zeros(10**7, np.int32))
    with pytest.raises(ValueError, match="packed numbers must be 3"):
        storage.unpacked(bomb, np.int32, 3)
    assert storage.unpacked(storage.packed(np.arange(3)), np.int64, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("path", [5, None, b"f"])
def test_a_path_must_be_text(path):
    with pytest.raises(TypeError, match="path must be the name of a file"):
        storage.write_safely(path, OURS)
