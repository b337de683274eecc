"""Checkpoint files: damaged, unwritable, or written by another computation."""

import errno
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import checkpoint
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
from helpers.processes import completed, run

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
        patch.setattr(os, name, full)
        with pytest.raises(OSError, match=r"count\.tally cannot be written: No space") as error:
            GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")

    assert error.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    answers = GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    assert plain(answers) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))


@pytest.mark.process
@POSIX
def test_a_limit_of_the_file_size_is_an_error_that_names_the_checkpoint(path):
    code = """
        import resource, sys
        import numpy as np
        import fastrest as fr

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 9))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        for call in (lambda: sweep.summary(checkpoint=sys.argv[1]),
                     lambda: sweep.part(0, 1).tally(fr.Summary()).save(sys.argv[1])):
            try:
                call()
            except OSError as error:
                print(error)
    """
    out, err = run(textwrap.dedent(code), path)
    assert err == ""
    assert out == f"[Errno 27] {path} cannot be written: File too large\n" * 2
    assert os.listdir(path.parent) == []


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
    ran = completed([sys.executable, "-c", textwrap.dedent(code)], cwd=folder)

    folder.chmod(0o755)
    reason = "the folder . is read-only" if what == "read-only folder" else "it is read-only"
    assert (ran.stdout, ran.stderr) == (f"c cannot be written: {reason}\n", "")
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

    with pytest.raises(OSError, match=r"cannot be written: (there is no folder|it is not an ord)"):
        GRID.summary(checkpoint=tmp_path / name, progress=progress)
    assert os.listdir(tmp_path) == ["file"]


def test_files_left_by_a_killed_checkpoint_are_removed_and_no_others(path):
    left = path.with_name(f".count-{'0' * 16}.writing.tally")
    lock = path.with_name(".count.tally.fastrest-lock")
    for file in (left, path.with_name("count.tally.writing"), path.with_name(".count-0.tally")):
        file.write_bytes(b"half a fi")
    lock.touch()

    GRID.reduce(*QUESTIONS, checkpoint=path)

    assert sorted(os.listdir(path.parent)) == [
        ".count-0.tally",
        "count.tally",
        "count.tally.writing",
    ]
    for name in (".count-0.tally", "count.tally.writing"):
        path.with_name(name).unlink()


def test_a_file_in_the_place_of_a_lock_is_not_removed(path):
    lock = path.with_name(".count.tally.fastrest-lock")
    lock.write_text("mine")
    with pytest.raises(FileExistsError, match="is in the way: a lock of fastrest belongs there"):
        GRID.reduce(*QUESTIONS, checkpoint=path)
    assert lock.read_text() == "mine"
    lock.unlink()
    lock.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(OSError, match=r"count\.tally cannot be written"):
        GRID.reduce(*QUESTIONS, checkpoint=path)
    lock.unlink()


def test_a_checkpoint_is_refused_to_a_second_count_and_free_after_the_first(path):
    seen = []

    def progress(done, total):
        link = path.with_name("link")
        link.symlink_to(path)
        for other in (path, link):
            with pytest.raises(OSError, match=r"count\.tally is in use: another process writes it"):
                GRID.summary(checkpoint=other)
        link.unlink()
        seen.append(done)

    GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise", progress=progress, threads=1)
    assert seen
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.process
@POSIX
def test_a_lock_dies_with_its_process_although_a_forked_child_lives_on(path):
    code = """
        import os, sys, time
        import numpy as np
        import fastrest as fr
        from fastrest.runtime import locks

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 9))
        def progress(done, total):
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
            os.kill(os.getpid(), 9)
        sweep.summary(checkpoint=sys.argv[1], progress=progress, threads=1)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], timeout=60, check=False
    )
    assert len(os.listdir(path.parent)) == 2
    fr.grid(NEURON, K_out=np.geomspace(1, 50, 9)).summary(checkpoint=path)
    assert os.listdir(path.parent) == [path.name]


def test_a_checkpoint_that_is_a_link_stays_one(path, tmp_path):
    target = tmp_path / "target"
    path.symlink_to(target)
    expected = GRID.reduce(*QUESTIONS, checkpoint=path)
    assert path.is_symlink()
    assert plain(fr.Tally.load(target).answers()) == plain(expected)


def test_a_tally_replaces_no_file_that_fastrest_did_not_write(path):
    tally = TABLE.part(0, 1).tally(fr.Summary())
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match=r"count\.tally is not a file that fastrest wrote"):
        tally.save(path)
    for overwrite in (True, False):  # the second time it is ours
        tally.save(path, overwrite=overwrite)
        assert plain(fr.Tally.load(path).answers()) == plain(tally.answers())
