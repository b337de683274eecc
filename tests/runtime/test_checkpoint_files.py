"""Checkpoint files: damaged, unwritable, or written by another computation."""

import errno
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import checkpoint, storage
from helpers.counting import (
    GRID,
    NEURON,
    PASSES,
    QUESTIONS,
    ROWS,
    TABLE,
    make_grid,
    make_table,
    plain,
    stopped,
)

pytestmark = pytest.mark.usefixtures("small_tasks")


POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")


@pytest.fixture
def save_always(monkeypatch):
    monkeypatch.setattr(checkpoint, "SAVE_EVERY", 0.0)


# ---- checkpoints of another computation ----


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda c: make_grid(P_Na=[0.01, 0.02]).reduce(*QUESTIONS, checkpoint=c), "another sweep"),
        (lambda c: TABLE.reduce(*QUESTIONS, checkpoint=c), "another sweep"),
        (
            lambda c: fr.grid(NEURON.replace(Cl_in=9.0), *GRID.axes).reduce(
                *QUESTIONS, checkpoint=c
            ),
            "another sweep",
        ),
        (lambda c: GRID.reduce(*PASSES, checkpoint=c, method="pointwise"), r"other reducers, Summ"),
        (
            lambda c: GRID.summary(checkpoint=c, method="pointwise"),
            r"other reducers, Summary\(\), ",
        ),
        (lambda c: GRID.reduce(*QUESTIONS, checkpoint=c, method="factored"), "method='pointwise'"),
    ],
    ids=["axis", "table", "cell", "more reducers", "fewer", "method"],
)
@pytest.mark.parametrize("finished", [False, True])
def test_a_checkpoint_of_another_count_is_refused_and_left_alone(path, other, message, finished):
    if finished:
        GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    else:
        stopped(path)
    before = path.read_bytes()

    with pytest.raises(ValueError, match=rf"is of {message}.*: delete it or name another file$"):
        other(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("row", [0, 65536, ROWS - 1])
def test_a_checkpoint_of_a_table_with_one_changed_value_is_refused(path, row):
    stopped(path, TABLE)
    P = TABLE.parameters(np.arange(ROWS))["P_Na"]
    assert plain(make_table(P_Na=P.copy()).reduce(*QUESTIONS, checkpoint=path))
    P[row] = np.nextafter(P[row], 1)

    with pytest.raises(ValueError, match="is of another sweep: delete it"):
        make_table(P_Na=P).reduce(*QUESTIONS, checkpoint=path)


# ---- failing disks ----


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_is_an_error_and_keeps_the_last_checkpoint(
    path, monkeypatch, save_always, name
):
    stopped(path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os if name == "fsync" else type(path), name, full)
        with pytest.raises(OSError, match="No space left") as error:
            GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")

    assert error.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    answers = GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    assert plain(answers) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_fills_up_during_a_checkpoint_is_an_error(path, save_always):
    temporary = path.with_name(path.name + storage.TEMPORARY)

    def progress(done, total):
        temporary.symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise", progress=progress, threads=1)

    assert not temporary.exists()
    assert fr.Tally.load(path).done
    answers = GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    assert plain(answers) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))


@pytest.mark.process
@POSIX
@pytest.mark.parametrize(
    "what",
    [
        "read-only folder",
        pytest.param("unreadable file", marks=pytest.mark.slow),
        pytest.param("read-only, gone on with", marks=pytest.mark.slow),
    ],
)
def test_a_checkpoint_without_permissions_is_an_error_at_once(tmp_path, what):
    code = """
        import os
        import numpy as np
        import fastrest as fr

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 420_000))
        sweep.summary()
        import hashlib  # noqa: F401  # later, user nobody may not be able to read the library
        if os.geteuid() == 0:
            os.setuid(65534)  # user nobody: root may write anywhere
        def progress(done, total):
            raise AssertionError("began")
        try:
            sweep.summary(checkpoint="c", progress=progress)
        except PermissionError as error:
            print(error)
    """
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, 420_000))
    folder, file = tmp_path, tmp_path / "c"
    if what != "read-only folder":
        stopped(file, sweep, (fr.Summary(),))
    before = file.read_bytes() if file.exists() else None
    if what == "unreadable file":
        file.chmod(0)
        folder.chmod(0o777)
    else:
        folder.chmod(0o555)

    # started there: user nobody may not be able to enter the folders above
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    folder.chmod(0o755)
    file_name = r"'c'" if what == "unreadable file" else r"'c.writing'"
    assert (ran.stdout, ran.stderr) == (f"[Errno 13] Permission denied: {file_name}\n", "")
    if before is None:
        assert os.listdir(folder) == []
    else:
        file.chmod(0o644)
        assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["no such folder/c", "", "file/c"])
def test_an_impossible_checkpoint_path_is_refused_before_counting(tmp_path, name):
    (tmp_path / "file").write_text("")

    def progress(done, total):
        pytest.fail("began")

    with pytest.raises(OSError, match=r"Errno"):
        GRID.summary(checkpoint=tmp_path / name, progress=progress)


def test_files_left_by_a_killed_checkpoint_are_removed(path):
    left = path.with_name(path.name + storage.TEMPORARY)
    left.write_bytes(b"half a fi")

    GRID.reduce(*QUESTIONS, checkpoint=path)

    assert os.listdir(path.parent) == [path.name]
