"""The engine: threads, progress, Ctrl-C, forks, memory, and what is imported and chosen when."""

import itertools
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastrest as fr
from fastrest import _kernels, engine

NEURON = fr.cells["mammalian neuron"]
POINTS = [1, 65535, 65536, 65537, 100_000, 16 * 65536, 2_000_001]
#: Enough points for every thread to get several tasks.
LONG = fr.table(NEURON, {"K_out": np.linspace(1, 50, 2_000_001)})
#: Ctrl-C is answered at the next block, well within a second: this bound only tells it from never.
PROMPTLY = 5.0

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")
FORK = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)


@pytest.fixture(autouse=True)
def no_thread_setting(monkeypatch):
    monkeypatch.delenv("FASTREST_NUM_THREADS", raising=False)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not our_threads()


def our_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]


def python(code, **environment):
    """Run a program in a fresh process; its output, or the last line of its error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ---- covering the points ----


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_every_point_is_computed_once_in_whole_blocks(points, threads):
    ranges = []

    engine.run(lambda start, stop: ranges.append((start, stop)), points, threads=threads)

    ranges.sort()
    assert ranges[0][0] == 0
    assert ranges[-1][1] == points
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))
    assert all(start % engine.BLOCK == 0 for start, _ in ranges)


def test_no_points_are_no_work():
    engine.run(lambda start, stop: pytest.fail("there is nothing to do"), 0, threads=2)


@pytest.mark.parametrize("threads", [2, 3, 7, 16])
def test_thread_count_does_not_change_bits(threads):
    grid = fr.grid(NEURON, K_out=np.linspace(2, 12, 1201), K_in=np.linspace(100, 150, 1003))

    for sweep in (LONG, grid):
        expected = sweep.values(threads=1)
        np.testing.assert_array_equal(sweep.values(threads=threads), expected)
        np.testing.assert_array_equal(sweep.status(threads=threads), 0)


def test_more_threads_than_points_will_do():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])

    np.testing.assert_array_equal(sweep.values(threads=1000), sweep.values(threads=1))


# ---- how many threads ----


def test_a_small_sweep_runs_on_one_thread_and_a_large_one_on_all_cpus():
    assert engine.thread_count(None, 1000) == 1
    assert engine.thread_count(None, 10**9) == engine.cpus()
    assert fr.info()["threads"] == engine.cpus()


def test_the_environment_sets_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "3")

    assert engine.thread_count(None, 10) == 3
    assert engine.thread_count(None, 10**9) == 3
    assert fr.info()["threads"] == 3


def test_the_argument_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "3")

    assert engine.thread_count(2, 10**9) == 2
    assert engine.thread_count(np.int64(2), 10) == 2


def test_an_empty_setting_is_no_setting(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "")

    assert engine.thread_count(None, 1000) == 1


@pytest.mark.parametrize("setting", ["0", "-1", "1.5", "two", " ", "1 2", "1e3", "²"])
def test_a_bad_setting_is_refused_by_name(monkeypatch, setting):
    monkeypatch.setenv("FASTREST_NUM_THREADS", setting)

    with pytest.raises(ValueError, match=r"^FASTREST_NUM_THREADS must be a whole number >= 1, got"):
        fr.grid(NEURON, K_out=[3.0, 5.0]).values()
    assert fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=1).shape == (2,)


@pytest.mark.parametrize("threads", [0, -1, 1.5, 2.0, "2", True, [2]], ids=repr)
def test_a_bad_number_of_threads_is_refused_by_name(threads):
    with pytest.raises(ValueError, match=r"^threads must be a whole number >= 1, got "):
        fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=threads)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_the_affinity_of_the_process_limits_its_threads():
    code = """
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        import fastrest
        print(fastrest.info()["threads"])
    """

    assert python(code).stdout == "1\n"


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [
        ("max 100000", 64),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("400000 100000", 4),
        ("nonsense", 64),
        ("", 64),
    ],
)
def test_the_quota_of_the_control_group_limits_the_threads(monkeypatch, quota, cpus):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    monkeypatch.setattr(engine.Path, "read_text", lambda self, *args, **options: quota)

    assert engine.cpus() == cpus


# ---- progress ----


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("verb", ["values", "status"])
def test_progress_is_told_up_to_the_end_in_the_calling_thread(threads, verb):
    calls, callers = [], set()

    def progress(done, total):
        calls.append((done, total))
        callers.add(threading.get_ident())

    getattr(LONG, verb)(threads=threads, progress=progress)

    done = [done for done, _ in calls]
    assert {total for _, total in calls} == {len(LONG)}
    assert done == sorted(done)
    assert done[-1] == len(LONG)
    assert callers == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_end_is_told_once(threads):
    for _ in range(20):
        calls = []
        LONG.status(threads=threads, progress=lambda done, total: calls.append(done))  # noqa: B023
        assert calls.count(len(LONG)) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_true_draws_a_bar(capsys, threads):
    LONG.values(threads=threads, progress=True)

    assert "100%" in capsys.readouterr().err


def test_without_tqdm_a_bar_says_how_to_get_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)

    with pytest.raises(ImportError, match=r"tqdm.*fastrest-ghk\[progress\]"):
        LONG.values(progress=True)


@pytest.mark.parametrize("progress", [3, "bar", [print]], ids=repr)
def test_progress_of_another_kind_is_refused(progress):
    with pytest.raises(TypeError, match=r"^progress must be True, False or callable\(done"):
        LONG.values(progress=progress)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_in_progress_stops_the_run(threads, kind):
    calls, ranges = [], []

    def work(start, stop):
        ranges.append(start)
        time.sleep(0.0001)

    def progress(done, total):
        calls.append(done)
        raise kind("enough")

    with pytest.raises(kind, match="enough"):
        engine.run(work, 100_000 * engine.BLOCK, threads=threads, progress=progress)

    assert len(calls) == 1
    assert len(ranges) < 1000
    assert not our_threads()


# ---- errors ----


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, KeyboardInterrupt])
def test_an_error_in_any_thread_is_raised_in_the_caller(threads, kind):
    ranges = []

    def work(start, stop):
        ranges.append(start)
        if start == 20 * engine.BLOCK * engine.BLOCKS_PER_TASK:
            raise kind("block 320")
        time.sleep(0.0001)

    with pytest.raises(kind, match="block 320"):
        engine.run(work, 100_000 * engine.BLOCK, threads=threads)

    assert len(ranges) < 1000
    assert not our_threads()


@pytest.mark.parametrize("whose", ["the caller's", "another's"])
def test_an_error_in_one_thread_stops_the_others(whose):
    caller, ranges = threading.current_thread(), []

    def work(start, stop):
        ranges.append(start)
        if (threading.current_thread() is caller) == (whose == "the caller's"):
            raise RuntimeError(whose)
        time.sleep(0.001)

    with pytest.raises(RuntimeError, match=whose):
        engine.run(work, 100_000 * engine.BLOCK, threads=3)

    assert len(ranges) < 1000


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_thread_that_cannot_be_started_stops_those_that_were(monkeypatch, kind):
    # a full process table, or Ctrl-C before all threads run: nobody may compute on to the end
    start_new_thread, started, ranges = engine.start_new_thread, [], []

    def reluctant(*args):
        if started:
            raise kind("can't start new thread")
        started.append(start_new_thread(*args))
        return started[0]

    def work(start, stop):
        ranges.append(start)
        time.sleep(0.0001)

    monkeypatch.setattr(engine, "start_new_thread", reluctant)
    with pytest.raises(kind, match="can't start new thread"):
        engine.run(work, 100_000 * engine.BLOCK, threads=3)

    assert len(ranges) < 1000


def test_a_sweep_can_be_computed_after_an_error():
    def fail(done, total):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        LONG.values(threads=2, progress=fail)

    np.testing.assert_array_equal(LONG.values(threads=2), LONG.values(threads=1))


# ---- Ctrl-C ----

ENDLESS = """
    import threading
    import numpy as np
    import fastrest as fr

    # one place in memory stands for all points and all results
    n = 10**12
    cell = fr.cells["mammalian neuron"]
    sweep = fr.table(cell, {"K_out": np.broadcast_to(5.0, n)})
    out = np.lib.stride_tricks.as_strided(np.zeros(1), (n,), (0,), writeable=True)
    threading.Timer(0.2, lambda: print("running", flush=True)).start()
    try:
        sweep.values(out=out, **OPTIONS)
    except KeyboardInterrupt:
        left = [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]
        again = fr.grid(cell, K_out=np.full(200_000, 5.0)).values(threads=2)
        assert np.all(again == cell.potential())
        print("interrupted", left, flush=True)
"""


@POSIX
@pytest.mark.parametrize(
    "options",
    [
        "dict(threads=1)",
        "dict(threads=2)",
        "dict(threads=2, progress=lambda done, total: None)",
        "dict(engine='python')",
    ],
)
def test_ctrl_c_is_answered_and_leaves_the_process_usable(options):
    code = textwrap.dedent(ENDLESS).replace("OPTIONS", options)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)
    finally:
        process.kill()
        process.communicate()

    assert (out, err) == ("interrupted []\n", "")


@POSIX
def test_ctrl_c_while_the_last_threads_finish_leaves_none_of_them():
    code = """
        import os, signal, threading, time
        from fastrest import engine

        caller = threading.current_thread()
        finished = []

        def work(start, stop):
            if threading.current_thread() is not caller:
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                time.sleep(1.0)
                finished.append(start)
            else:
                time.sleep(0.1)

        try:
            engine.run(work, 2 * engine.BLOCK, threads=2)
        except KeyboardInterrupt:
            left = [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]
            print("interrupted", len(finished), left)
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("interrupted 1 []\n", "")


# ---- processes and threads of the caller ----


@FORK
def test_a_forked_child_computes_with_threads():
    code = """
        import os, sys
        import numpy as np
        import fastrest as fr

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 300_000))
        before = sweep.values(threads=2)
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(sweep.values(threads=2), before) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert np.array_equal(sweep.values(threads=2), before)
        print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@FORK
def test_a_fork_in_the_middle_of_a_sweep_of_another_thread_is_harmless():
    code = """
        import os, threading, warnings
        import numpy as np
        import fastrest as fr

        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads: it is the point
        cell = fr.cells["mammalian neuron"]
        small = fr.grid(cell, K_out=np.linspace(1, 50, 300_000))
        long = fr.table(cell, {"K_out": np.broadcast_to(5.0, 10**12)})
        out = np.lib.stride_tricks.as_strided(np.zeros(1), (10**12,), (0,), writeable=True)
        running, stop = threading.Event(), threading.Event()

        def progress(done, total):
            running.set()
            if stop.is_set():
                raise RuntimeError("stop")

        def background():
            try:
                long.values(out=out, threads=2, progress=progress)
            except RuntimeError:
                pass

        thread = threading.Thread(target=background)
        thread.start()
        running.wait()
        child = os.fork()
        if child == 0:
            V = small.values(threads=2)
            os._exit(0 if np.array_equal(V, small.values(threads=1)) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_sweeps_run_in_the_processes_of_multiprocessing(method):
    code = f"""
        import multiprocessing
        import numpy as np
        import fastrest as fr

        if __name__ == "__main__":
            sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
            expected = sweep.values(threads=2)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                jobs = [pool.apply_async(sweep.values, (), {{"threads": 2}}) for _ in range(3)]
                assert all(np.array_equal(job.get(60), expected) for job in jobs)
            print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.parametrize("threads", [1, 2])
def test_several_threads_may_compute_at_once(threads):
    sweeps = [
        fr.table(NEURON, {"K_out": np.linspace(1, 40 + i, 700_000), "P_Na": 0.01 * (i + 1)})
        for i in range(4)
    ]
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 900), K_in=np.linspace(100, 150, 800))
    expected = [sweep.values(threads=1) for sweep in (*sweeps, grid)]

    with ThreadPoolExecutor(5, thread_name_prefix="caller") as pool:
        for _ in range(3):
            jobs = [pool.submit(sweep.values, threads=threads) for sweep in (*sweeps, grid)]
            for job, V in zip(jobs, expected):
                np.testing.assert_array_equal(job.result(), V)


def test_one_sweep_may_be_computed_by_several_threads_at_once():
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 900), K_in=np.linspace(100, 150, 800))
    expected = grid.values(threads=1)

    with ThreadPoolExecutor(4, thread_name_prefix="caller") as pool:
        jobs = [pool.submit(grid.values, threads=2) for _ in range(8)]

    for job in jobs:
        np.testing.assert_array_equal(job.result(), expected)


def test_a_progress_callable_may_compute_a_sweep():
    inner = []

    def progress(done, total):
        inner.append(fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=2)[1])

    LONG.values(threads=2, progress=progress)

    assert set(inner) == {NEURON.potential()}


# ---- memory ----


@pytest.mark.parametrize(
    ("verb", "need"),
    [
        (lambda sweep, **options: sweep.values(**options), 8),
        (lambda sweep, **options: sweep.values(dtype="float32", **options), 4),
        (lambda sweep, **options: sweep.status(**options), 1),
        (lambda sweep, **options: sweep.to_xarray(**options), 9),
        (lambda sweep, **options: sweep.to_dataframe(**options), 9 + 2 * 8),
    ],
    ids=["float64", "float32", "status", "xarray", "data frame"],
)
def test_too_little_memory_is_refused_before_it_is_taken(verb, need):
    K = np.linspace(1, 50, 1000)
    sweep = fr.grid(NEURON, K_out=K, P_Na=K)
    allowed = need * len(sweep) - 1
    verb(fr.grid(NEURON, K_out=[3.0]))  # imports

    tracemalloc.start()
    try:
        with pytest.raises(MemoryError, match=r"needs [\d.]+ .B, max_memory is [\d.]+ .B: "):
            verb(sweep, max_memory=allowed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 100_000


def test_the_way_out_that_is_offered_is_one():
    # status and the labelled answers have no out and no dtype
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000))

    with pytest.raises(MemoryError, match=r"1,000 points.*out="):
        sweep.values(max_memory=1)
    for verb in (sweep.status, sweep.to_xarray, sweep.to_dataframe):
        with pytest.raises(MemoryError, match="1,000 points") as error:
            verb(max_memory=1)
        assert "float32" not in str(error.value)


def test_enough_memory_is_enough():
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000))

    assert sweep.values(max_memory=8000).shape == (1000,)
    assert sweep.status(max_memory=1000).shape == (1000,)


def test_the_tables_of_a_factored_grid_count_as_memory():
    K = np.linspace(1, 50, 1000)
    sweep = fr.grid(NEURON, K_out=K, K_in=K)
    out = np.empty(sweep.shape)

    sweep.values(out=out, max_memory=16_000)
    with pytest.raises(MemoryError, match=r"needs 16 kB, max_memory is 15.9 kB"):
        sweep.values(out=out, max_memory=15_900)
    with pytest.raises(MemoryError, match=r"needs 8.02 MB"):
        sweep.values(max_memory=8_000_000)


@pytest.mark.parametrize("max_memory", [0, -1, 1e9, "1 GB", True], ids=repr)
def test_a_bad_amount_of_memory_is_refused_by_name(max_memory):
    with pytest.raises(ValueError, match=r"^max_memory must be a whole number >= 1, got "):
        fr.grid(NEURON, K_out=[3.0]).values(max_memory=max_memory)


@pytest.mark.parametrize(
    "names", [("K_out", "K_in"), ("K_out", "P_Na")], ids=["factored", "pointwise"]
)
@pytest.mark.parametrize("verb", ["values", "status", "to_xarray", "to_dataframe"])
def test_a_huge_grid_is_refused_at_once(names, verb):
    values = np.linspace(1, 50, 10**6)
    sweep = fr.grid(NEURON, **dict.fromkeys(names, values))

    assert len(sweep) == 10**12
    assert "1,000,000,000,000 points" in repr(sweep)
    with pytest.raises(MemoryError, match=r"needs .*TB, available are .*1,000,000,000,000 points"):
        getattr(sweep, verb)()


def test_more_points_than_an_index_can_count_are_refused_when_the_sweep_is_made():
    values = np.linspace(1, 50, 2**16)
    three = dict.fromkeys(("K_out", "K_in", "Na_out"), values)

    assert len(fr.grid(NEURON, **three)) == 2**48
    with pytest.raises(ValueError, match=r"fewer than 2\*\*63 points, got 65536 x 65536 x 65536 x"):
        fr.grid(NEURON, **three, Na_in=values)
    assert len(fr.grid(NEURON, **three, Na_in=values[: 2**15 - 1])) == 2**48 * (2**15 - 1)
    with pytest.raises(ValueError, match=r"2\*\*63"):
        fr.grid(NEURON, **three, Na_in=values[: 2**15])


def test_what_the_system_has_is_found_and_checked(monkeypatch):
    available = engine.memory_available()
    assert available is None or 1 << 20 < available < 1 << 50

    monkeypatch.setattr(engine, "memory_available", lambda: 10**6)
    with pytest.raises(MemoryError, match=r"needs 8 MB, available are 1 MB: "):
        fr.grid(NEURON, K_out=np.linspace(1, 50, 10**6)).values()


@pytest.mark.parametrize("n", [0, 1, 999, 1000, 999_999, 10**6, 32_032_008, 8 * 10**12, 10**18])
def test_amounts_of_memory_are_written_for_people(n):
    text = engine.bytes_text(n)

    number, unit = text.split()
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}[unit]
    assert float(number.replace(",", "")) * factor == pytest.approx(n, rel=0.005, abs=0)
    assert "e" not in number


# ---- what is chosen and imported when ----


@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
def test_the_environment_chooses_the_instruction_set(isa):
    code = """
        import fastrest as fr
        import json, sys
        import numpy as np
        V = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000)).values()
        json.dump([fr.info()["isa"], V.tolist()], sys.stdout)
    """

    found, V = json.loads(python(code, FASTREST_ISA=isa).stdout)

    assert found == isa
    assert fr.grid(NEURON, K_out=np.linspace(1, 50, 1000)).values().tolist() == V


def test_base_really_runs_base():
    code = """
        import fastrest as fr
        from fastrest import _kernels
        print(_kernels.ISA, fr.info()["isa"], fr.engine.choose(None))
    """

    assert python(code, FASTREST_ISA="base").stdout == "base base base\n"


@pytest.mark.parametrize("isa", ["avx9000", "AVX2", "python", "base,avx2"])
def test_an_unknown_instruction_set_is_refused_by_name(isa):
    ran = python("import fastrest", FASTREST_ISA=isa)

    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: FASTREST_ISA")
    assert repr(isa) in last
    assert "base" in last


def test_an_empty_choice_of_instruction_set_is_no_choice():
    code = "import fastrest as fr; print(fr.info()['isa'])"

    assert python(code, FASTREST_ISA="").stdout == f"{_kernels.SUPPORTED[0]}\n"


def test_info_tells_what_a_bug_report_needs():
    info = fr.info()

    assert {"version", "isa", "compiled", "threads"} <= set(info)
    assert info["version"] == fr.__version__
    assert info["isa"] in info["supported"]
    assert set(info["supported"]) <= set(info["compiled"])
    assert info["compiled"][-1] == "base"
    assert info["threads"] >= 1
    assert json.loads(json.dumps(info))["numpy"] == np.__version__


def test_importing_imports_no_extra():
    code = """
        import sys
        import numpy
        before = set(sys.modules)
        import fastrest
        fastrest.cells["mammalian neuron"].potential()
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
    """

    imported = set(python(code).stdout.split())

    extras = {"matplotlib", "xarray", "pandas", "tqdm", "dask", "scipy", "polars", "pyarrow"}
    assert "fastrest" in imported
    assert not imported & extras
    assert not imported & {"multiprocessing", "asyncio", "email", "http", "unittest", "argparse"}


def test_the_package_works_without_any_extra():
    code = """
        import sys
        for name in ("matplotlib", "xarray", "pandas", "tqdm", "dask", "scipy"):
            sys.modules[name] = None
        import numpy as np
        import fastrest as fr
        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
        print(sweep.values().shape, sweep.status().max())
        for verb, extra in [("to_xarray", "xarray"), ("to_dataframe", "pandas")]:
            try:
                getattr(sweep, verb)()
            except ImportError as error:
                print(extra in str(error))
    """

    assert python(code).stdout == "(200000,) 0\nTrue\nTrue\n"


def test_status_bits_and_constants_are_those_of_the_c_core():
    assert {bit.name: bit.value for bit in fr.Status} == _kernels.STATUS
    assert math.isclose(_kernels.PHI_PER_KELVIN, 1000 * 8.31446261815324 / 96485.33212331001840,
                        rel_tol=2e-16, abs_tol=0)  # fmt: skip
