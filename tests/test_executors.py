"""Executors: other processes count, and what they are sent, say, and do when they die."""

import concurrent.futures as cf
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest import engine, passes

NEURON = fr.cells["mammalian neuron"]
ROWS = 400_003
QUESTIONS = (
    fr.Summary(),
    fr.Histogram(),
    fr.Fraction(between=(-70, -50)),
    fr.Classes(lower=-80),
    fr.Quantile([0.1, 0.5]),
)
#: Ctrl-C is answered at once: this bound only tells it from never.
PROMPTLY = 10.0

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
FORK = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"),
    # of Python >= 3.12, if anything has left a thread: forked workers are what is tested
    pytest.mark.filterwarnings("ignore:.*use of fork\\(\\) may lead to deadlocks"),
]


def make_table():
    rng = np.random.default_rng(1)
    columns = {n: NEURON[n] * rng.uniform(0.5, 1.5, ROWS) for n in ("K_out", "K_in", "P_Na")}
    columns["K_out"][::1000] = -1
    columns["K_in"][5::1000] = np.nan
    return fr.table(NEURON, columns)


TABLE = make_table()
GRID = fr.grid(
    NEURON,
    P_Na=np.geomspace(0.01, 0.1, 7),
    K_out=np.geomspace(1, 50, 300),
    K_in=np.geomspace(50, 200, 200),
)
SAMPLE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)).sample(ROWS, rng=1)
SWEEPS = pytest.mark.parametrize(
    ("sweep", "method"),
    [(TABLE, "pointwise"), (GRID, "pointwise"), (GRID, "factored"), (SAMPLE, "pointwise")],
    ids=["table", "grid pointwise", "grid factored", "sample"],
)


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


def processes(method):
    return cf.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method))


@pytest.fixture(
    scope="module",
    params=["spawn", pytest.param("fork", marks=FORK), "threads"],
)
def pool(request):
    """Two workers that live through the tests."""
    executor = cf.ThreadPoolExecutor(2) if request.param == "threads" else processes(request.param)
    with executor:
        yield executor


class Recorder(cf.Executor):
    """Does the work when it is submitted, and remembers what was."""

    def __init__(self):
        self.sent = []

    def submit(self, work, *arguments):
        self.sent.append((work, arguments))
        future = cf.Future()
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future


# ---- the same bits ----


@SWEEPS
def test_workers_give_the_bits_of_the_plain_call(pool, sweep, method):
    expected = plain(sweep.reduce(*QUESTIONS, method=method))

    assert plain(sweep.reduce(*QUESTIONS, method=method, executor=pool)) == expected
    assert plain(sweep.reduce(*QUESTIONS, method=method, executor=pool, threads=2)) == expected


@SWEEPS
def test_the_one_liners_take_an_executor(pool, sweep, method):
    options = {"method": method, "executor": pool}

    assert sweep.summary(**options) == sweep.summary(method=method)
    assert sweep.fraction(below=-60, **options) == sweep.fraction(below=-60)
    assert dict(sweep.classify(**options)) == dict(sweep.classify())
    np.testing.assert_array_equal(
        sweep.quantile([0, 0.3, 1], **options), sweep.quantile([0, 0.3, 1])
    )
    np.testing.assert_array_equal(sweep.histogram(**options).counts, sweep.histogram().counts)


def test_parts_are_counted_by_workers_too(pool):
    asked = QUESTIONS[:-1]
    parts = [TABLE.part(k, 3).tally(*asked, executor=pool) for k in (2, 0, 1)]

    assert plain(fr.merge(parts)) == plain(TABLE.reduce(*asked))


def test_a_sweep_of_one_point_is_a_sweep(pool):
    sweep = fr.grid(NEURON, K_out=[5.0])

    assert sweep.summary(executor=pool).max == NEURON.potential()


@pytest.mark.parametrize("dtype", [">f8", "f4", "i8"])
def test_columns_of_any_kind_travel(pool, dtype):
    sweep = fr.table(NEURON, {"K_out": np.arange(1, 200_001).astype(dtype)[::-2]})

    assert sweep.summary(executor=pool) == sweep.summary()


def test_workers_of_dask_give_the_bits_of_the_plain_call_until_they_die():
    # in a process of its own, with the threads of Dask and whatever it warns of
    pytest.importorskip("distributed")
    code = """
        import logging, os, signal
        import dask
        import numpy as np
        import fastrest as fr
        from distributed import Client, LocalCluster

        cell = fr.cells["mammalian neuron"]
        K = np.geomspace(1, 50, 400_003)
        K[::1000] = -1
        table = fr.table(cell, {"K_out": K})
        grid = fr.grid(cell, P_Na=np.geomspace(0.01, 0.1, 7), K_out=np.geomspace(1, 50, 300),
                       K_in=np.geomspace(50, 200, 200))
        asked = fr.Summary(), fr.Histogram(), fr.Quantile([0.1, 0.5])

        def answers(sweep, **options):
            s, h, q = sweep.reduce(*asked, **options)
            return s, h.counts.tolist(), h.below, h.above, q.tolist()

        if __name__ == "__main__":
            dask.config.set({"distributed.scheduler.allowed-failures": 0})
            with LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                silence_logs=logging.CRITICAL,
            ) as cluster, Client(cluster) as client:
                executor = client.get_executor()
                for sweep, method in (table, "auto"), (grid, "pointwise"), (grid, "factored"):
                    heard = []
                    found = answers(sweep, method=method, executor=executor,
                                    progress=lambda done, total: heard.append(done))
                    print(found == answers(sweep, method=method), len(heard) > 5)
                pids = [worker.pid for worker in cluster.workers.values()]
                def kill(done, total):
                    while pids:
                        os.kill(pids.pop(), signal.SIGKILL)
                large = fr.grid(cell, celsius=np.linspace(10, 40, 5000),
                                K_out=np.geomspace(1, 50, 500), K_in=np.geomspace(50, 200, 500))
                try:
                    large.summary(executor=executor, method="pointwise", progress=kill)
                except RuntimeError as error:
                    print(error)
    """

    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    *same, dead = ran.stdout.splitlines()
    assert same == ["True True"] * 3, ran.stderr
    assert re.match(
        r"the executor failed after \d[\d,]+ of 1,250,000,000 points \(KilledWorker: ", dead
    )


# ---- what is sent ----


def test_a_grid_travels_as_its_axes():
    axes = {"K_out": np.geomspace(1, 50, 300), "K_in": [90, 140], "celsius": [20, 37]}
    executor = Recorder()

    fr.grid(NEURON, **axes).summary(executor=executor, method="pointwise")

    for _, (sweep, *rest) in executor.sent:
        assert len(pickle.dumps(sweep)) < 10_000
        assert len(pickle.dumps(rest)) < 1_000


def test_of_a_table_only_the_rows_of_a_task_travel():
    executor = Recorder()

    TABLE.summary(executor=executor)

    per_row = 8 * 3
    sizes = [len(pickle.dumps(arguments)) for _, arguments in executor.sent]
    assert len(sizes) == 7
    assert max(sizes) < per_row * engine.BLOCK + 2_000
    assert sum(sizes) < per_row * ROWS + 7 * 2_000


def test_columns_carried_along_stay_at_home():
    executor = Recorder()
    names = np.full(1000, "a long name that nobody asked for")

    fr.table(NEURON, {"K_out": np.linspace(1, 50, 1000), "id": names}, keep=["id"]).summary(
        executor=executor
    )

    assert len(pickle.dumps(executor.sent[0][1])) < 8 * 1000 + 2_000


@SWEEPS
def test_what_comes_back_is_small(sweep, method):
    executor = Recorder()
    sweep.reduce(*QUESTIONS[:-1], executor=executor, method=method)

    work, arguments = executor.sent[0]

    assert len(pickle.dumps(work(*arguments))) < 10_000


@pytest.mark.parametrize(("options", "threads"), [({}, 1), ({"threads": 3}, 3)])
def test_a_worker_has_one_thread_unless_told_otherwise(monkeypatch, options, threads):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "5")
    used = []
    run = engine.run
    monkeypatch.setattr(
        engine,
        "run",
        lambda *args, **kwargs: (used.append(kwargs["threads"]), run(*args, **kwargs)),
    )
    executor = Recorder()

    TABLE.summary(executor=executor, **options)

    assert set(used) == {threads}
    assert {arguments[-1] for _, arguments in executor.sent} == {threads}


def test_a_long_sweep_is_cut_into_a_few_pieces_of_whole_blocks():
    executor = Recorder()
    sweep = fr.table(NEURON, {"K_out": np.broadcast_to(5.0, 200 * engine.BLOCK + 1)})

    sweep.fraction(below=-60, executor=executor)

    ranges = sorted(arguments[5:7] for _, arguments in executor.sent)
    assert engine.join(ranges) == [(0, len(sweep))]
    assert passes.PIECES <= len(ranges) <= 2 * passes.PIECES
    assert all(start % engine.BLOCK == 0 for start, _ in ranges)


def test_an_instruction_set_that_a_worker_lacks_is_replaced_by_its_own():
    executor = Recorder()
    expected = TABLE.summary(executor=executor)

    work, (*arguments, _, threads) = executor.sent[0]

    assert (
        work(*arguments, "avx9000", threads).to_json()
        == work(*arguments, "base", threads).to_json()
    )
    assert expected == TABLE.summary()


@pytest.mark.parametrize("threads", [0, -1, True, 1.5], ids=repr)
def test_a_bad_number_of_threads_is_refused_here(threads):
    with pytest.raises(ValueError, match=r"^threads must be a whole number >= 1, got "):
        TABLE.summary(executor=Recorder(), threads=threads)


@pytest.mark.parametrize("executor", ["dask", 4, cf.ThreadPoolExecutor], ids=repr)
def test_what_is_no_executor_is_refused_by_name(executor):
    with pytest.raises(
        TypeError, match=r"^executor must be a concurrent.futures.Executor, such as"
    ):
        TABLE.summary(executor=executor)


# ---- progress, and stopping ----


@SWEEPS
def test_progress_is_told_here(pool, sweep, method):
    heard = []

    sweep.summary(
        method=method, executor=pool, progress=lambda done, total: heard.append((done, total))
    )

    done = [d for d, _ in heard]
    assert len(heard) == 7
    assert done == sorted(done)
    assert heard[-1] == (len(sweep), len(sweep))
    assert {total for _, total in heard} == {len(sweep)}


def test_a_count_stopped_here_goes_on_here_or_there(pool, tmp_path):
    path = tmp_path / "c"
    options = {"method": "pointwise", "checkpoint": path}
    heard = []

    def progress(done, total):
        heard.append(done)
        if len(heard) % 3 == 0:
            raise InterruptedError

    for i in range(100):
        try:
            executor = pool if i % 2 == 0 else None
            found = GRID.reduce(*QUESTIONS, executor=executor, progress=progress, **options)
            break
        except InterruptedError:
            assert GRID.fraction(below=-60, executor=pool) == GRID.fraction(below=-60)

    assert i > 2
    assert plain(found) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))
    assert os.listdir(tmp_path) == ["c"]


@POSIX
@pytest.mark.parametrize("kind", ["ProcessPoolExecutor", "ThreadPoolExecutor"])
def test_ctrl_c_leaves_the_executor_usable_and_what_was_counted_saved(tmp_path, kind):
    code = f"""
        import concurrent.futures as cf, sys
        import numpy as np
        import fastrest as fr

        if __name__ == "__main__":
            values = np.geomspace(1, 50, 1000)
            sweep = fr.grid(fr.cells["mammalian neuron"], K_out=values, K_in=values,
                            celsius=np.linspace(10, 40, 5000))
            small = fr.grid(fr.cells["mammalian neuron"], K_out=values, K_in=values)
            with cf.{kind}(2) as executor:
                def summary(sweep, **options):
                    return sweep.summary(method="pointwise", executor=executor, **options)
                summary(small)
                def progress(done, total):
                    print("running", flush=True)
                try:
                    summary(sweep, checkpoint=sys.argv[1], progress=progress)
                except KeyboardInterrupt:
                    print("interrupted")
                print(summary(small) == small.summary(method="pointwise"), flush=True)
    """
    path = tmp_path / "c"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)
    finally:
        process.kill()
        process.communicate()

    assert (out.replace("running\n", ""), err) == ("interrupted\nTrue\n", "")
    counted = fr.Tally.load(path)
    assert 0 < counted.state.n == sum(stop - start for start, stop in counted.done)


# ---- executors that die ----

DIED = (
    r"^the executor failed after {} of 420,000 points \(.*\); with checkpoint= the same call goes"
)


@pytest.fixture
def deadly(monkeypatch):
    """Workers forked now die with their third task."""
    home, part_of, calls = os.getpid(), passes.part_of, []

    def dying(*arguments):
        if os.getpid() != home:
            calls.append(arguments)
            time.sleep(0.05)
            if len(calls) == 3:
                os._exit(1)
        return part_of(*arguments)

    monkeypatch.setattr(passes, "part_of", dying)


@pytest.mark.parametrize("method", [pytest.param("fork", marks=FORK)])
def test_a_worker_that_dies_is_one_clear_error_and_nothing_is_lost(tmp_path, deadly, method):
    path = tmp_path / "c"
    options = {"method": "pointwise", "checkpoint": path}
    heard = []

    def progress(done, total):
        heard.append(done)

    with processes(method) as pool:
        with pytest.raises(RuntimeError, match=DIED.format(r"[1-9]\d+,\d\d\d")) as error:
            GRID.reduce(*QUESTIONS, executor=pool, progress=progress, **options)
        assert isinstance(error.value.__cause__, cf.BrokenExecutor)
        with pytest.raises(RuntimeError, match=DIED.format(r"0")):  # and stays dead
            GRID.reduce(*QUESTIONS, executor=pool, method="pointwise")
    told = heard[-1]
    assert sum(stop - start for start, stop in fr.Tally.load(path).done) == told > 0
    heard.clear()

    found = GRID.reduce(*QUESTIONS, progress=progress, threads=1, **options)

    assert heard[0] > told
    assert plain(found) == plain(GRID.reduce(*QUESTIONS, method="pointwise"))
    assert os.listdir(tmp_path) == ["c"]


@pytest.mark.parametrize("method", [pytest.param("fork", marks=FORK)])
def test_workers_that_die_again_and_again_finish_the_count(tmp_path, deadly, method):
    options = {"method": "factored", "checkpoint": tmp_path / "c"}

    deaths = 0
    while True:
        with processes(method) as pool:
            try:
                found = GRID.reduce(*QUESTIONS[:-1], executor=pool, **options)
                break
            except RuntimeError:
                deaths += 1

    assert deaths > 0
    assert plain(found) == plain(GRID.reduce(*QUESTIONS[:-1], method="factored"))


def test_an_executor_that_cannot_begin_is_one_clear_error(caplog):
    def fail():
        raise OSError("no such machine")

    with (
        cf.ThreadPoolExecutor(1, initializer=fail) as pool,
        pytest.raises(RuntimeError, match=DIED.format("0")) as error,
    ):
        GRID.summary(executor=pool, method="pointwise")

    assert isinstance(error.value.__cause__, cf.BrokenExecutor)


@pytest.mark.parametrize("when", ["before", "midway"])
def test_an_executor_that_is_shut_down_is_one_clear_error(tmp_path, when):
    path = tmp_path / "c"
    pool = cf.ThreadPoolExecutor(1)

    def progress(done, total):
        pool.shutdown(wait=False, cancel_futures=True)

    if when == "before":
        pool.shutdown()
    far = "0" if when == "before" else r"\d+,\d\d\d"
    with pytest.raises(RuntimeError, match=DIED.format(far)):
        GRID.summary(executor=pool, method="pointwise", checkpoint=path, progress=progress)

    pool.shutdown()
    again = GRID.summary(method="pointwise", checkpoint=path)
    assert again == GRID.summary(method="pointwise")


def test_an_error_of_a_worker_is_told_with_its_name(monkeypatch):
    def fail(*arguments):
        raise MemoryError("not a byte")

    monkeypatch.setattr(passes, "part_of", fail)

    with pytest.raises(RuntimeError, match=DIED.format("0")) as error:
        GRID.summary(executor=Recorder(), method="pointwise")

    assert "(MemoryError: not a byte)" in str(error.value)
    assert isinstance(error.value.__cause__, MemoryError)


def test_an_error_of_the_progress_callable_is_its_own():
    def progress(done, total):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        GRID.summary(executor=Recorder(), method="pointwise", progress=progress)
