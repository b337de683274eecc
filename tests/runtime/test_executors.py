"""Executors: worker processes give the bits of the plain call, and tasks stay small."""

import concurrent.futures as cf
import pickle
import re
import sys
import textwrap

import numpy as np
import pytest

import fastrest as fr
from fastrest.reductions import running
from fastrest.runtime import ranges, scheduler
from helpers.counting import NEURON, PASSES, TABLE, plain
from helpers.executors import SWEEPS, Recorder
from helpers.processes import completed

# ---- identical bits ----


@pytest.mark.process
@SWEEPS
def test_executor_equals_the_plain_call(pool, sweep, method):
    expected = plain(sweep.reduce(*PASSES, method=method))

    assert plain(sweep.reduce(*PASSES, method=method, executor=pool)) == expected
    assert plain(sweep.reduce(*PASSES, method=method, executor=pool, threads=2)) == expected


@pytest.mark.process
@SWEEPS
def test_single_answers_take_an_executor(pool, sweep, method):
    options = {"method": method, "executor": pool}

    assert sweep.summary(**options) == sweep.summary(method=method)
    assert sweep.fraction(below=-60, **options) == sweep.fraction(below=-60)
    assert dict(sweep.classify(**options)) == dict(sweep.classify())
    np.testing.assert_array_equal(
        sweep.quantile([0, 0.3, 1], **options), sweep.quantile([0, 0.3, 1])
    )
    np.testing.assert_array_equal(sweep.histogram(**options).counts, sweep.histogram().counts)


@pytest.mark.process
def test_executor_counts_parts(pool):
    asked = PASSES[:-1]
    parts = [TABLE.part(k, 3).tally(*asked, executor=pool) for k in (2, 0, 1)]

    assert plain(fr.merge(parts)) == plain(TABLE.reduce(*asked))


@pytest.mark.process
def test_executor_counts_a_sweep_of_one_point(pool):
    sweep = fr.grid(NEURON, K_out=[5.0])

    assert sweep.summary(executor=pool).max == NEURON.potential()


@pytest.mark.process
@pytest.mark.parametrize("dtype", [">f8", "f4", "i8"])
def test_executor_takes_columns_of_any_dtype(pool, dtype):
    sweep = fr.table(NEURON, {"K_out": np.arange(1, 200_001).astype(dtype)[::-2]})

    assert sweep.summary(executor=pool) == sweep.summary()


@pytest.mark.process
@pytest.mark.slow
def test_dask_executor_equals_the_plain_call_until_workers_die():
    # in a process of its own: Dask starts threads and warns
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
                executor, pickled = client.get_executor(), []
                reduce = fr.Table.__reduce__
                fr.Table.__reduce__ = lambda self: (pickled.append(1), reduce(self))[1]
                print(answers(table, executor=client) == answers(table), len(pickled) == 1)
                for sweep, method in (table, "auto"), (grid, "pointwise"), (grid, "factored"):
                    heard = []
                    found = answers(sweep, method=method, executor=executor,
                                    progress=lambda done, total: heard.append(done))
                    least = 0 if method == "factored" else 5  # short lists are counted here
                    print(found == answers(sweep, method=method), len(heard) > least)
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

    ran = completed([sys.executable, "-c", textwrap.dedent(code)])

    *same, dead = ran.stdout.splitlines()
    assert same == ["True True"] * 4, ran.stderr
    assert re.match(
        r"the executor failed after \d[\d,]+ of 1,250,000,000 points \(KilledWorker: ", dead
    )


# ---- tasks ----


@pytest.mark.process
def test_a_task_of_a_grid_holds_its_axes():
    axes = {"K_out": np.geomspace(1, 50, 300), "K_in": [90, 140], "celsius": [20, 37]}
    executor = Recorder()

    fr.grid(NEURON, **axes).summary(executor=executor, method="pointwise")

    for _, arguments in executor.sent:
        assert len(pickle.dumps(arguments)) < 10_000


@pytest.mark.process
@pytest.mark.parametrize("asked", [(fr.Summary(),), PASSES], ids=["one pass", "several passes"])
def test_a_task_of_a_table_holds_the_name_of_a_file(asked):
    executor = Recorder()

    TABLE.reduce(*asked, executor=executor)

    sizes = [len(pickle.dumps(arguments)) for _, arguments in executor.sent]
    assert len(sizes) >= 2  # how many there are depends on how long the first one took
    assert max(sizes) < 10_000


@pytest.mark.process
def test_a_task_of_a_table_holds_no_kept_columns():
    executor = Recorder()
    names = np.full(1000, "a long name that is not asked for")

    fr.table(NEURON, {"K_out": np.linspace(1, 50, 1000), "id": names}, keep=["id"]).summary(
        executor=executor
    )

    assert len(pickle.dumps(executor.sent[0][1])) < 8 * 1000 + 2_000


@pytest.mark.process
@SWEEPS
def test_results_of_tasks_are_small(sweep, method):
    executor = Recorder()
    sweep.reduce(*PASSES[:-1], executor=executor, method=method)

    work, arguments = executor.sent[0]

    assert len(pickle.dumps(work(*arguments).found)) < 10_000


@pytest.mark.process
@pytest.mark.parametrize(("options", "threads"), [({}, 1), ({"threads": 3}, 3)])
def test_a_worker_has_one_thread_unless_told_otherwise(monkeypatch, options, threads):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "5")
    used = []
    run = scheduler.run
    monkeypatch.setattr(
        scheduler,
        "run",
        lambda *args, **kwargs: (used.append(kwargs["threads"]), run(*args, **kwargs)),
    )
    executor = Recorder()

    TABLE.summary(executor=executor, **options)

    assert set(used) == {threads}


@pytest.mark.process
def test_a_long_sweep_is_cut_into_a_few_tasks_of_whole_blocks():
    executor = Recorder()
    sweep = fr.table(NEURON, {"K_out": np.broadcast_to(5.0, 200 * scheduler.BLOCK_POINTS + 1)})

    sweep.fraction(below=-60, executor=executor, workers=4)

    pieces = sorted((task.start, task.stop) for _, (task, *_) in executor.sent)
    assert ranges.join(pieces) == [(0, len(sweep))]
    assert 4 * 2 <= len(pieces) <= 4 * 8
    assert all(start % scheduler.BLOCK_POINTS == 0 for start, _ in pieces)


@pytest.mark.process
def test_a_worker_replaces_an_instruction_set_it_lacks():
    points, found = TABLE.bare(), []
    empty = TABLE.part(0, 1).tally(fr.Summary()).state.empty()
    for isa in ("avx9000", "base"):
        job = running.PassJob(empty, True, isa, 1)
        found.append(running.find_remotely(points, job, 0, len(TABLE)).to_json())

    assert found[0] == found[1]
    assert found[0]["n"] == TABLE.summary().n


@pytest.mark.process
@pytest.mark.parametrize("threads", [0, -1, True, 1.5], ids=repr)
def test_a_bad_number_of_threads_is_refused_before_submission(threads):
    with pytest.raises(ValueError, match=r"^threads must be a whole number >= 1, got "):
        TABLE.summary(executor=Recorder(), threads=threads)


@pytest.mark.process
@pytest.mark.parametrize("executor", ["dask", 4, cf.ThreadPoolExecutor, NEURON], ids=repr)
def test_a_bad_executor_is_refused_by_name(executor):
    with pytest.raises(
        TypeError, match=r"^executor must be a concurrent.futures.Executor, such as"
    ):
        TABLE.summary(executor=executor)
