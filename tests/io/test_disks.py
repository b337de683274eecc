"""Saving to disks that are full, failing, or read-only."""

import errno
import os
import shutil

import numpy as np
import pytest

import fastrest as fr
from fastrest.io import format, save
from fastrest.runtime import storage
from helpers.outputs import CELL, SLOW_BUT_NPY, a_grid, names, read, small_blocks


def test_save_to_a_small_disk_is_refused_before_computing(tmp_path, suffix, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match=r"42 points need .*\d B, free are 100 B"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_save_to_a_read_only_folder_is_refused(tmp_path):
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


@SLOW_BUT_NPY
def test_save_resumes_after_a_disk_fills_up(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    path = tmp_path / f"v{suffix}"
    a_grid().save(path)
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as patch:
        failing(patch, save.FORMATS[suffix], full, after=3)
        with pytest.raises(OSError, match=r"v\.\w+ cannot be written: No space left") as caught:
            sweep.save(path, threads=1)
    assert caught.value.errno == errno.ENOSPC
    assert fr.load(path) == a_grid()
    calls = failing(monkeypatch, save.FORMATS[suffix], full, after=99)
    sweep.save(path, threads=1)
    assert len(calls) == 4  # of 7
    assert read(path).tobytes() == sweep.values().tobytes()


def test_save_to_a_full_disk_leaves_no_file(tmp_path, suffix, monkeypatch):
    failing(monkeypatch, save.FORMATS[suffix], OSError(errno.ENOSPC, "full"), after=0)
    with pytest.raises(OSError, match="cannot be written: full"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


def test_save_records_no_block_that_a_failing_disk_may_have_lost(tmp_path, monkeypatch):
    small_blocks(monkeypatch)
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 400_000))
    sync, writes = storage.sync, []

    def fails(path):
        if path.name == "v.npy.part" and writes:
            raise OSError(errno.EIO, "I/O error")
        sync(path)

    monkeypatch.setattr(format, "sync", fails)
    with pytest.raises(OSError, match="I/O error"):
        sweep.save(tmp_path / "v.npy", threads=1, progress=lambda *done: writes.append(done))
    assert storage.unseal(tmp_path / "v.npy.part.json", "record")["done"] == []
