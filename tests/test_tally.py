"""Tallies: parts and their merging, files, checkpoints, and what is refused."""

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest import engine, files, passes, tally

NEURON = fr.cells["mammalian neuron"]
#: Seven blocks of points, the last not full; a row in a thousand has a bad value.
ROWS = 400_003
QUESTIONS = (
    fr.Summary(),
    fr.Histogram(),
    fr.Fraction(between=(-70, -50)),
    fr.Classes(lower=-80),
)
#: Several passes, and the first of them for all of it.
PASSES = (*QUESTIONS, fr.Quantile([0.1, 0.5]))
#: Ctrl-C is answered at the next block: this bound only tells it from never.
PROMPTLY = 10.0

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")


def make_table(**changed):
    rng = np.random.default_rng(1)
    columns = {n: NEURON[n] * rng.uniform(0.5, 1.5, ROWS) for n in ("K_out", "K_in", "P_Na")}
    columns["K_out"][::1000] = -1
    columns["K_in"][5::1000] = np.nan
    return fr.table(NEURON, {**columns, **changed})


def make_grid(**changed):
    """Seven settings of 60,000 points, which factor."""
    axes = {
        "P_Na": np.geomspace(0.01, 0.1, 7),
        "K_out": np.geomspace(1, 50, 300),
        "K_in": np.geomspace(50, 200, 200),
    }
    return fr.grid(NEURON, **{**axes, **changed})


TABLE, GRID = make_table(), make_grid()
SWEEPS = pytest.mark.parametrize(
    ("sweep", "method"),
    [(TABLE, "pointwise"), (GRID, "pointwise"), (GRID, "factored")],
    ids=["table", "grid pointwise", "grid factored"],
)


class Stopped(Exception):  # noqa: N818
    """Raised by a progress callable."""


def plain(answers):
    """Answers as values that are equal only if they are so to the bit."""
    return [
        (one.counts.tolist(), one.edges.tolist(), one.below, one.above, one.method)
        if hasattr(one, "edges")
        else one.tolist()
        if isinstance(one, np.ndarray)
        else one
        for one in answers
    ]


def stop_at(call):
    """A progress callable that stops the run at its call of that number, and what it heard."""
    heard = []

    def progress(done, total):
        heard.append(done)
        if len(heard) == call:
            raise Stopped

    return progress, heard


def stopped(path, sweep=GRID, reducers=QUESTIONS, method="pointwise", call=3, **options):
    """Start a count and stop it: the number of points it had told of."""
    progress, heard = stop_at(call)
    with pytest.raises(Stopped):
        sweep.reduce(
            *reducers, method=method, checkpoint=path, progress=progress, threads=1, **options
        )
    return heard[-1]


def run(code, *arguments, timeout=120):
    """What a program in a fresh process says, on both channels."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return ran.stdout, ran.stderr


@pytest.fixture(autouse=True)
def a_block_at_a_time(monkeypatch):
    """Small sweeps can be stopped at many points."""
    monkeypatch.setattr(engine, "BLOCKS_PER_TASK", 1)
    monkeypatch.setattr(passes, "units_per_task", lambda *_: 1, raising=False)


@pytest.fixture
def path(tmp_path):
    """Where a checkpoint goes: alone in its folder, before and after."""
    folder = tmp_path / "folder"
    folder.mkdir()
    yield folder / "count.tally"
    assert os.listdir(folder) in ([], ["count.tally"])


@pytest.fixture
def save_always(monkeypatch):
    monkeypatch.setattr(tally, "SAVE_EVERY", 0.0)


# ---- parts ----


@SWEEPS
@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_parts_in_any_order_merge_to_the_bits_of_the_whole(tmp_path, sweep, method, n):
    expected = plain(sweep.reduce(*QUESTIONS, method=method))
    parts = [sweep.part(k, n).tally(*QUESTIONS, method=method) for k in range(n)]
    paths = [tmp_path / f"{k}.tally" for k in range(n)]
    for one, to in zip(parts, paths, strict=True):
        one.save(to)

    for seed in range(3):
        order = np.random.default_rng(seed).permutation(n)
        assert plain(fr.merge(parts[k] for k in order)) == expected
        assert plain(fr.merge(str(paths[k]) for k in order)) == expected
        mixed = [parts[k] if k % 2 else paths[k] for k in order]
        assert plain(fr.merge(mixed)) == expected


@SWEEPS
def test_parts_share_the_points_about_equally(sweep, method):
    parts = [sweep.part(k, 3).tally(fr.Fraction(below=-60), method=method) for k in range(3)]

    ranges = [one.done for one in parts]
    assert engine.join([one for done in ranges for one in done]) == [(0, len(sweep))]
    sizes = [stop - start for ((start, stop),) in ranges]
    assert max(sizes) < 2 * min(sizes)


def test_parts_are_told_apart_by_what_they_count():
    part = TABLE.part(1, 7)

    assert repr(part).startswith("<part 1 of 7 of <Table of 400,003 points")
    assert repr(part.tally(fr.Summary())) == (
        "<Tally of 65,536 of 400,003 points: Summary(); pointwise>"
    )


def test_a_table_merged_from_files_knows_the_parameters_at_the_extremes(tmp_path):
    whole = TABLE.summary()
    paths = [tmp_path / f"{k}.tally" for k in range(3)]
    for k, to in enumerate(paths):
        TABLE.part(k, 3).tally(fr.Summary()).save(to)

    (merged,) = fr.merge(paths)

    assert (merged.argmin, merged.argmax) == (whole.argmin, whole.argmax)
    assert merged.at_min == {n: float(v) for n, v in TABLE.parameters(whole.argmin).items()}
    assert merged.at_max == {n: float(v) for n, v in TABLE.parameters(whole.argmax).items()}


def test_a_tally_read_from_a_file_can_be_saved_again(tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    TABLE.part(0, 1).tally(*QUESTIONS).save(first)

    fr.Tally.load(first).save(again)

    assert again.read_bytes() == first.read_bytes()


def test_a_part_of_bad_rows_alone_merges(tmp_path):
    bad = fr.table(NEURON, {"K_out": np.r_[np.full(engine.BLOCK, -1.0), 5.0, 3.0]})
    paths = [tmp_path / "0", tmp_path / "1"]
    for k, to in enumerate(paths):
        bad.part(k, 2).tally(*QUESTIONS).save(to)

    assert plain(fr.merge(paths)) == plain(bad.reduce(*QUESTIONS))


@POSIX
def test_parts_counted_in_other_processes_merge(tmp_path):
    code = """
        import sys
        import numpy as np
        import fastrest as fr

        k, n, to = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": np.geomspace(1, 50, 200_000)})
        sweep.part(k, n).tally(fr.Summary(), fr.Histogram()).save(to)
    """
    sweep = fr.table(NEURON, {"K_out": np.geomspace(1, 50, 200_000)})
    paths = [tmp_path / f"{k}.tally" for k in range(2)]

    assert [run(code, k, 2, to) for k, to in enumerate(paths)] == [("", "")] * 2

    expected = sweep.reduce(fr.Summary(), fr.Histogram())
    assert plain(fr.merge(paths)) == plain(expected)


@pytest.mark.parametrize(
    ("k", "n", "message"),
    [
        (3, 3, r"^k must be from 0 to n - 1 = 2, got 3$"),
        (-1, 3, r"^k must be a whole number >= 0, got -1$"),
        (0, 0, r"^n must be a whole number >= 1, got 0$"),
        (0.0, 2, r"^k must be a whole number >= 0, got 0.0$"),
        (0, True, r"^n must be a whole number >= 1, got True$"),
        ("0", 2, r"^k must be a whole number >= 0, got '0'$"),
    ],
)
def test_a_part_that_is_none_is_refused(k, n, message):
    with pytest.raises(ValueError, match=message):
        TABLE.part(k, n)


def test_several_passes_are_not_counted_in_parts():
    with pytest.raises(ValueError, match=r"^Quantile\(0.5\) needs several passes .*checkpoint="):
        TABLE.part(0, 2).tally(fr.Summary(), fr.Quantile(0.5))


# ---- what does not belong together ----


def halves(sweep=GRID, reducers=QUESTIONS, method="pointwise"):
    return [sweep.part(k, 2).tally(*reducers, method=method) for k in range(2)]


@pytest.mark.parametrize("through", ["memory", "files"])
@pytest.mark.parametrize(
    ("others", "message"),
    [
        (lambda: halves(make_grid(K_out=np.geomspace(1, 51, 300)))[1:], r"of different sweeps$"),
        (lambda: halves(reducers=QUESTIONS[:1])[1:], r"answer different questions: .* and <Tally"),
        (lambda: halves(reducers=QUESTIONS[::-1])[1:], r"answer different questions: "),
        (lambda: halves(method="factored")[1:], r"answer different questions: .*factored"),
        (lambda: halves(), r"points 0 to 196,608 are in two of these tallies$"),
        (lambda: [GRID.part(1, 7).tally(*QUESTIONS, method="pointwise")], r"are in two of these"),
        (lambda: [], r"^these tallies leave out the points \d+,\d+ to 420,000$"),
    ],
    ids=["sweep", "reducers", "order", "method", "twice", "overlap", "left out"],
)
def test_tallies_that_do_not_make_a_whole_are_refused(tmp_path, through, others, message):
    given = [halves()[0], *others()]
    if through == "files":
        for i, one in enumerate(given):
            one.save(tmp_path / str(i))
        given = [tmp_path / str(i) for i in range(len(given))]

    with pytest.raises(ValueError, match=message):
        fr.merge(given)


def test_gaps_are_told_one_by_one():
    parts = [TABLE.part(k, 7).tally(fr.Summary()) for k in (0, 2, 3, 5)]

    missing = "65,536 to 131,072, 262,144 to 327,680, 393,216 to 400,003"
    with pytest.raises(ValueError, match=f"these tallies leave out the points {missing}"):
        fr.merge(parts)


def test_nothing_is_not_merged():
    with pytest.raises(ValueError, match=r"^nothing to merge: no tallies were given$"):
        fr.merge([])


@pytest.mark.parametrize("one", ["part.tally", TABLE.part(0, 1).tally(fr.Summary())], ids=type)
def test_one_tally_is_not_taken_for_a_list(one):
    message = r"^merge takes a list of tallies, populations or paths, got "
    with pytest.raises(TypeError, match=message):
        fr.merge(one)


def test_the_finished_checkpoint_of_one_pass_is_a_part_like_others(path):
    expected = plain(TABLE.reduce(*QUESTIONS, checkpoint=path))

    again = TABLE.part(0, 1).tally(*QUESTIONS, checkpoint=path)

    assert repr(again).startswith("<Tally of 400,003 of 400,003 points: ")
    assert plain(fr.merge([again])) == plain(fr.merge([path])) == expected


def test_a_checkpoint_between_two_passes_is_no_whole(path):
    # all points are counted, but for the first pass of several
    assert stopped(path, reducers=PASSES, call=7) == len(GRID)

    with pytest.raises(ValueError, match=r"needs several passes, which cannot be merged$"):
        fr.merge([path])


# ---- files that are not whole ----


def write_part(path):
    TABLE.part(0, 1).tally(*QUESTIONS).save(path)
    return path.read_bytes()


def readers(path):
    """Everything that reads a tally's file."""
    yield lambda: fr.Tally.load(path)
    yield lambda: fr.merge([path])
    yield lambda: TABLE.reduce(*QUESTIONS, checkpoint=path)


def assert_refused(path, message):
    before = path.read_bytes()
    for read in readers(path):
        with pytest.raises(ValueError, match=message) as error:
            read()
        assert str(path) in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 1, 63, 64, 65, 66, 1000, 0.5, -100, -3, -2], ids=str)
def test_a_file_cut_off_is_refused_and_left_alone(path, kept):
    whole = write_part(path)
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])

    assert_refused(path, r"or was cut off or changed$")


def test_a_changed_byte_anywhere_is_refused(path):
    whole = write_part(path)
    rng = np.random.default_rng(2)
    places = [0, 63, 64, 65, len(whole) - 2, *rng.integers(len(whole) - 1, size=100)]

    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"or was cut off or changed$"):
            fr.Tally.load(path)
    assert_refused(path, r"or was cut off or changed$")


@pytest.mark.parametrize(
    "content",
    [b"\x93NUMPY\x01\x00", b"\n", b"K_out,P_Na\n5,0.04\n", b'{"fastrest": "1"}', b"\xff" * 200],
)
def test_a_file_of_others_is_refused_and_left_alone(path, content):
    path.write_bytes(content)

    assert_refused(path, "is no file of fastrest's tallies")


def test_a_sealed_file_of_another_kind_is_refused(path):
    path.write_bytes(files.seal({"fastrest": fr.__version__, "sweep": files.describe(GRID)}))

    assert_refused(path, "is no file of fastrest's tallies")


def test_a_file_of_another_version_is_refused_with_both(path):
    write_part(path)
    content = files.unseal(path, "")
    path.write_bytes(files.seal({**content, "fastrest": "0.0.9"}))

    assert_refused(path, rf"was written by fastrest 0\.0\.9, this is {fr.__version__}$")


def test_a_missing_file_is_named(tmp_path):
    for read in (fr.Tally.load, lambda path: fr.merge([path])):
        with pytest.raises(FileNotFoundError, match=r"no such\.tally"):
            read(tmp_path / "no such.tally")


# ---- checkpoints ----


@SWEEPS
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_stopped_anywhere_goes_on_to_the_same_bits(path, sweep, method, threads):
    expected = plain(sweep.reduce(*PASSES, method=method))
    options = {"method": method, "checkpoint": path, "threads": threads}
    stops = 0

    for call in 1 + np.arange(300) % 3:
        try:
            answers = sweep.reduce(*PASSES, progress=stop_at(call)[0], **options)
            break
        except Stopped:
            stops += 1

    assert stops > 5
    assert plain(answers) == expected
    assert plain(sweep.reduce(*PASSES, **options)) == expected


@SWEEPS
@pytest.mark.parametrize("call", [1, 4])
def test_progress_goes_on_where_the_checkpoint_stood(path, sweep, method, call):
    told = stopped(path, sweep, method=method, call=call)
    heard = []

    sweep.reduce(
        *QUESTIONS,
        method=method,
        checkpoint=path,
        threads=1,
        progress=lambda done, total: heard.append((done, total)),
    )

    assert 0 < told < heard[0][0]
    assert len(heard) == 7 - call
    assert heard[-1] == (len(sweep), len(sweep))


def test_a_later_pass_goes_on_within_it(path):
    quantile = (fr.Quantile([0.1, 0.5, 0.9]),)
    told = stopped(path, reducers=quantile, call=10)
    heard = []

    def progress(done, total):
        heard.append(done)

    (found,) = GRID.reduce(
        *quantile, method="pointwise", checkpoint=path, threads=1, progress=progress
    )

    assert len(fr.Tally.load(path).found) > 1
    assert told == 3 * engine.BLOCK < heard[0]
    np.testing.assert_array_equal(found, GRID.quantile([0.1, 0.5, 0.9]))


def test_a_finished_count_is_not_made_again(path):
    expected = plain(GRID.reduce(*PASSES, checkpoint=path))

    def progress(done, total):
        pytest.fail("there is nothing to do")

    assert plain(GRID.reduce(*PASSES, checkpoint=path, progress=progress)) == expected


def test_a_part_may_be_stopped_and_goes_on(path):
    progress, _ = stop_at(2)
    with pytest.raises(Stopped):
        TABLE.part(1, 2).tally(*QUESTIONS, checkpoint=path, progress=progress, threads=1)

    part = TABLE.part(1, 2).tally(*QUESTIONS, checkpoint=path)

    merged = fr.merge([TABLE.part(0, 2).tally(*QUESTIONS), part])
    assert plain(merged) == plain(TABLE.reduce(*QUESTIONS))


def test_a_count_may_go_on_with_other_threads_and_instructions(path):
    expected = plain(TABLE.reduce(*PASSES))
    for call in (2, 1, 3):
        stopped(path, TABLE, PASSES, call=call, engine="base")

    assert plain(TABLE.reduce(*PASSES, checkpoint=path, threads=3)) == expected


def test_nothing_is_counted_twice_wherever_an_interruption_falls():
    # Ctrl-C is raised between two lines: here between any two that add to a tally
    whole = GRID.part(0, 1).tally(*QUESTIONS, method="pointwise")
    parts = halves()
    added = {fr.Tally.add.__code__, type(whole.state).add.__code__, engine.join.__code__}

    def interrupt_at(line):
        seen = 0

        def trace(frame, event, argument):
            nonlocal seen
            if frame.f_code not in added:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    raise KeyboardInterrupt
            return trace

        return trace

    before, line, finished = sys.gettrace(), 0, False
    while not finished:
        line += 1
        counted = pickle.loads(pickle.dumps(parts[0]))
        try:
            sys.settrace(interrupt_at(line))
            counted.add(parts[1].state, *parts[1].done[0])
            finished = True
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        expected = whole if counted.complete else parts[0]
        assert counted.state.to_json() == expected.state.to_json(), f"line {line}"
        assert counted.done == expected.done

    assert line > 10


# ---- checkpoints of something else ----


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
def test_a_checkpoint_of_something_else_is_refused_and_left_alone(path, other, message, finished):
    if finished:
        GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    else:
        stopped(path)
    before = path.read_bytes()

    with pytest.raises(ValueError, match=rf"is of {message}.*: delete it or name another file$"):
        other(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("row", [0, 65536, ROWS - 1])
def test_one_changed_value_makes_another_table(path, row):
    stopped(path, TABLE)
    P = TABLE.parameters(np.arange(ROWS))["P_Na"]
    assert plain(make_table(P_Na=P.copy()).reduce(*QUESTIONS, checkpoint=path))
    P[row] = np.nextafter(P[row], 1)

    with pytest.raises(ValueError, match="is of another sweep: delete it"):
        make_table(P_Na=P).reduce(*QUESTIONS, checkpoint=path)


# ---- disks that fail ----


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_is_an_error_and_the_last_checkpoint_stays(
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
def test_a_disk_that_fills_up_in_the_middle_is_an_error(path, save_always):
    temporary = path.with_name(path.name + files.TEMPORARY)

    def progress(done, total):
        temporary.symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise", progress=progress, threads=1)

    assert not temporary.exists()
    assert fr.Tally.load(path).done
    answers = GRID.reduce(*QUESTIONS, checkpoint=path, method="pointwise")
    assert plain(answers) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))


@POSIX
@pytest.mark.parametrize("what", ["read-only folder", "unreadable file", "read-only, gone on with"])
def test_a_file_that_may_not_be_used_is_an_error_at_once(tmp_path, what):
    code = """
        import os
        import numpy as np
        import fastrest as fr

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 420_000))
        sweep.summary()  # imports
        if os.geteuid() == 0:
            os.setuid(65534)  # nobody: root may write anywhere
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

    # started there: the folders above may be closed to nobody
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
def test_a_place_where_no_file_can_be_is_refused_before_counting(tmp_path, name):
    (tmp_path / "file").write_text("")

    def progress(done, total):
        pytest.fail("began")

    with pytest.raises(OSError, match=r"Errno"):
        GRID.summary(checkpoint=tmp_path / name, progress=progress)


def test_what_a_killed_save_left_is_removed(path):
    left = path.with_name(path.name + files.TEMPORARY)
    left.write_bytes(b"half a fi")

    GRID.reduce(*QUESTIONS, checkpoint=path)

    assert os.listdir(path.parent) == [path.name]


# ---- Ctrl-C and SIGKILL ----

BEGIN = """
    import os, random, signal, sys
    import numpy as np
    import fastrest as fr
    from fastrest import engine, tally

    path, folder = sys.argv[1], os.path.dirname(sys.argv[1])
    tally.SAVE_EVERY = 0.0
    engine.BLOCKS_PER_TASK = 1
    sweep = fr.grid(
        fr.cells["mammalian neuron"],
        P_Na=np.geomspace(0.01, 0.1, 64), K_out=np.geomspace(1, 50, 64),
        K_in=np.geomspace(50, 200, 512),
    )
    asked = fr.Summary(), fr.Histogram(), fr.Quantile([0.1, 0.5])
    def answers(**options):
        s, h, q = sweep.reduce(*asked, method="pointwise", **options)
        return s, h.counts.tolist(), q.tolist()
    expected = answers()
"""


@POSIX
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_killed_at_twenty_moments_goes_on_to_the_same_bits(path, threads):
    code = f"""
    import time

    moments = random.Random({threads})
    killed = 0
    for _ in range(20):
        child = os.fork()
        if child == 0:
            answers(checkpoint=path, threads={threads})
            os._exit(0)
        time.sleep(moments.uniform(0, 0.1))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert killed >= 10, killed
    assert answers(checkpoint=path) == expected
    print(os.listdir(folder))
    """

    assert run(textwrap.dedent(BEGIN) + textwrap.dedent(code), path) == ("['count.tally']\n", "")


@POSIX
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_interrupted_again_and_again_goes_on_to_the_same_bits(path, threads):
    code = f"""
    import itertools, warnings

    # interrupted within open(), Python itself leaves a file for the collector to close
    warnings.simplefilter("ignore", ResourceWarning)
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C, but by the clock
    moments = random.Random({threads})
    interrupted = 0
    for wait in itertools.chain((moments.uniform(0.001, 0.04) for _ in range(30)), [0]):
        try:
            signal.setitimer(signal.ITIMER_REAL, wait)
            found = answers(checkpoint=path, threads={threads})
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
            assert not os.path.exists(path + ".writing")
    assert interrupted >= 10, interrupted
    assert found == expected
    print(os.listdir(folder))
    """

    assert run(textwrap.dedent(BEGIN) + textwrap.dedent(code), path) == ("['count.tally']\n", "")


@POSIX
def test_ctrl_c_saves_what_was_counted(path):
    code = """
        import sys, threading
        import numpy as np
        import fastrest as fr

        values = np.geomspace(1, 50, 10**4)
        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=values, K_in=values,
                        celsius=np.linspace(10, 40, 1000))
        threading.Timer(0.3, lambda: print("running", flush=True)).start()
        try:
            sweep.summary(method="pointwise", checkpoint=sys.argv[1], threads=2)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "running\n"
        assert fr.Tally.load(path).done == []  # saved every few seconds only
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)
    finally:
        process.kill()
        process.communicate()

    assert (out, err) == ("interrupted\n", "")
    kept = fr.Tally.load(path)
    counted = sum(stop - start for start, stop in kept.done)
    assert counted == kept.state.n > engine.BLOCK


def test_a_checkpoint_is_written_every_few_seconds_and_at_the_end(path, monkeypatch):
    saves, now = [], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    written = files.write_safely
    monkeypatch.setattr(files, "write_safely", lambda *args: (saves.append(now[0]), written(*args)))

    def progress(done, total):
        now[0] += 0.4 * tally.SAVE_EVERY

    GRID.reduce(*QUESTIONS, method="pointwise", checkpoint=path, progress=progress, threads=1)

    assert saves[0] == 0
    assert saves[1:-2] == [6.0, 12.0]
    assert set(saves[-2:]) == {now[0]}


# ---- a sweep as text ----


def described(sweep):
    return files.described(json.loads(json.dumps(files.describe(sweep))))


SULPHATE = fr.Cell(
    fr.GHK("K", "Na", fr.Ion("SO4", -2)),
    K_out=5, K_in=140, Na_out=145, Na_in=10, SO4_out=1, SO4_in=0.5, celsius=22,
    P_K=1, P_Na=1 / 3, P_SO4=1e-3, quoted=-70.1, threshold=-55.5, remark="Größe ≥ 5 µm",
)  # fmt: skip
GRIDS = {
    "plain": GRID,
    "integers": fr.grid(NEURON, K_out=[3, 5], celsius=[20, 37]),
    "coupled": fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[150, 148.0])),
    "labelled": fr.grid(
        NEURON,
        fr.axis("age", labels=["P7", "P21 · é", ""], K_in=[90.0, 120.0, 140.0]),
        fr.axis("dose", labels=[1, 2.5], P_Na=[0.01, 0.02]),
    ),
    "times": fr.grid(NEURON, K_out=fr.times([0.5, 1, 2]), P_Na=fr.times(np.array([1 / 3, 7]))),
    "passive": fr.grid(NEURON.passive("Cl"), K_out=[3.0, 5.0]),
    "chord": fr.grid(NEURON.to_chord(), K_out=[3.0, 5.0], g_Na=[0.1, 0.2]),
    "own ions": fr.grid(SULPHATE, SO4_out=[0.0, 1 / 3], K_out=[3.0, 5.0]),
    "odd numbers": fr.grid(
        NEURON, K_out=[5e-324, 2.2250738585072014e-308, 1 / 3, 0.1, 1e300, 0.0], P_Na=[1e-300, 1e22]
    ),
    "float32": fr.grid(NEURON, K_out=np.float32([0.1, 0.3])),
    **{name: fr.grid(cell, K_out=[1.0, 2.0]) for name, cell in fr.cells.items()},
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_comes_back_from_text_as_it_was(name):
    grid = GRIDS[name]

    again = described(grid)

    assert again == grid
    assert again.cell == grid.cell
    assert files.digest(files.describe(again)) == files.digest(files.describe(grid))
    assert again.values().tobytes() == grid.values().tobytes()
    assert [a.labels for a in again.axes] == [a.labels for a in grid.axes]


def test_every_grid_has_its_own_digest():
    assert len({files.digest(files.describe(grid)) for grid in GRIDS.values()}) == len(GRIDS)


def test_the_order_of_axes_counts_and_that_of_a_digest_does_not():
    one, other = ({"K_out": [3.0, 5.0], "K_in": [90.0, 99.0]}, {"K_in": [90.0, 99.0]})
    other["K_out"] = [3.0, 5.0]
    first = files.describe(fr.grid(NEURON, **one))

    assert files.digest(first) != files.digest(files.describe(fr.grid(NEURON, **other)))
    assert files.digest(dict(reversed(first.items()))) == files.digest(first)


@pytest.mark.parametrize("label", [None, b"P7", 1j], ids=repr)
def test_a_label_that_cannot_be_saved_names_its_axis(path, label):
    grid = fr.grid(NEURON, fr.axis("age", labels=["P7", label], K_in=[90.0, 120.0]))

    with pytest.raises(TypeError, match=r"^axis 'age': labels must be text or numbers .* got "):
        files.describe(grid)
    with pytest.raises(TypeError, match="axis 'age'"):
        grid.summary(checkpoint=path)
    assert grid.summary().n == 2


def test_equal_columns_are_equal_whatever_their_layout():
    K = np.float32([3.0, 5.25, 8.5])
    same = [K, K.astype("f8"), K.astype(">f4"), np.repeat(K, 2)[::2], K.tolist()]

    found = {files.digest(files.describe(fr.table(NEURON, {"K_out": one}))) for one in same}

    assert len(found) == 1


def test_thresholds_of_any_number_type_can_be_saved(tmp_path):
    sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[1.0, 2.0])
    reducers = fr.Fraction(below=np.float32(-55)), fr.Classes(threshold=np.int64(-50))
    sweep.part(0, 1).tally(*reducers).save(tmp_path / "t")
    assert fr.merge([tmp_path / "t"]) == sweep.reduce(*reducers)


def test_a_checkpoint_is_tied_to_its_part(tmp_path):
    sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 300_000))
    first = sweep.part(0, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")
    again = sweep.part(0, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")
    assert again.done == first.done
    with pytest.raises(ValueError, match="is of another part"):
        sweep.part(1, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")


def test_checkpoints_leave_unfinished_outputs_alone(tmp_path):
    unfinished = tmp_path / "v.npy.part"
    unfinished.write_text("hours of work")
    fr.grid(fr.cells["mammalian neuron"], K_out=[1, 2]).summary(checkpoint=tmp_path / "v.npy")
    assert unfinished.read_text() == "hours of work"
