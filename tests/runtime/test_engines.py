"""Engines: executors of several libraries, their number of workers, and the sizes of tasks."""

import concurrent.futures as cf
import sys
import textwrap
import types

import numpy as np
import pytest

import fastrest as fr
from fastrest.reductions import running
from fastrest.reductions.accumulator import Accumulator
from fastrest.runtime import engines, executors, scheduler, workers
from helpers.counting import GRID, NEURON, PASSES, TABLE, plain
from helpers.executors import SAMPLE, Recorder
from helpers.processes import completed
from helpers.simulated import Cluster

# ---- the number of workers ----


@pytest.mark.parametrize(
    ("told", "given", "expected"),
    [({"_max_workers": 7}, None, 7), ({"num_workers": 5}, None, 5), ({"_max_workers": 7}, 3, 3)],
    ids=["python", "mpi4py", "given"],
)
def test_workers_are_told_by_the_executor_or_the_caller(told, given, expected):
    executor = Recorder()
    vars(executor).update(told)

    assert engines.engine_of(executor, given).workers() == expected


def test_an_executor_that_tells_nothing_has_as_many_workers_as_here_are_processors():
    assert engines.engine_of(Recorder()).workers() == scheduler.cpus()


def test_workers_without_an_executor_are_refused():
    with pytest.raises(ValueError, match=r"^workers=3 goes with executor=: give both"):
        TABLE.summary(workers=3)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True], ids=repr)
def test_a_bad_number_of_workers_is_refused(workers):
    with pytest.raises(ValueError, match=r"^workers must be a whole number >= 1, got "):
        TABLE.summary(executor=Recorder(), workers=workers)


class FakeClient:
    """A client of Dask as far as fastrest uses it; its workers are this process."""

    def __init__(self, threads):
        self.threads, self.scattered, self.submitted = threads, [], []

    def nthreads(self):
        return self.threads

    def scatter(self, thing, broadcast, hash):
        assert broadcast
        assert not hash
        future = cf.Future()
        future.set_result(thing)
        future.release = lambda: self.scattered.remove(future)
        self.scattered.append(future)
        return future

    def submit(self, work, *arguments, pure, retries):
        assert not pure
        assert retries > 0
        self.submitted.append(arguments)
        future = cf.Future()
        future.set_result(work(*(x.result() if isinstance(x, cf.Future) else x for x in arguments)))
        return future


def test_a_client_of_dask_is_known_by_what_it_offers_and_gets_data_once():
    client = FakeClient({"a": 2, "b": 2})

    found = TABLE.reduce(*PASSES, executor=client)

    assert plain(found) == plain(TABLE.reduce(*PASSES))
    tables = {id(arguments[1]) for arguments in client.submitted}
    assert len(tables) == 1
    assert client.scattered == []
    assert engines.engine_of(client).workers() == 4


def test_a_client_without_workers_yet_is_waited_for():
    assert engines.engine_of(FakeClient({})).workers() == 1


def test_an_asynchronous_client_is_refused():
    client = FakeClient({"a": 1})
    client.asynchronous = True
    with pytest.raises(TypeError, match=r"must be a Client that waits, got one of asynchronous"):
        TABLE.summary(executor=client)


# ---- sizes of tasks ----


@pytest.fixture
def simulated(monkeypatch):
    """A function that counts a sample by a simulated cluster, and returns the cluster."""

    def run(workers, points, seconds, **options):
        space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        sweep = space.sample(points, rng=1)

        def answer(task):
            found = Accumulator("pointwise", np.array([]))
            found.n = found.counts[0] = task.stop - task.start
            found.min, found.argmin = found.max, found.argmax = -70.0, task.start
            return found

        cluster = Cluster(workers, seconds, answer, **options)
        monkeypatch.setattr(executors, "SimpleQueue", lambda: cluster)
        assert sweep.summary(executor=cluster).n == points
        return cluster

    return run


@pytest.mark.parametrize(
    ("workers", "points", "seconds"),
    [(1000, 10**12, 5e-9), (100, 10**11, 5e-9), (8, 10**10, 5e-9), (2, 10**9, 5e-9)],
)
def test_a_few_seconds_of_work_keep_workers_busy_with_a_few_tasks_each(
    simulated, workers, points, seconds
):
    cluster = simulated(workers, points, seconds)

    assert cluster.share >= 0.9
    assert 4 <= len(cluster.tasks) / workers <= 8


@pytest.mark.parametrize("seconds", [5e-9, 5e-8, 1e-6])
def test_tasks_of_long_work_take_seconds(simulated, seconds):
    cluster = simulated(8, int(480 / seconds), seconds)

    sizes = np.array([task.stop - task.start for task in cluster.tasks]) * seconds
    assert cluster.share >= 0.98
    assert sizes.max() <= 2 * executors.LONGEST
    assert np.median(sizes) >= 1


def test_no_task_is_smaller_than_its_sending_is_worth(simulated):
    cluster = simulated(100, 10**11, 5e-9)

    sizes = sorted((task.stop - task.start) * 5e-9 for task in cluster.tasks)
    assert sizes[1] >= executors.FIRST * 5e-9 * 0.99


def test_the_caller_works_a_little_for_each_task(simulated, monkeypatch):
    counted = []
    fill = executors.Sender.fill
    monkeypatch.setattr(executors.Sender, "fill", lambda self: (counted.append(1), fill(self)))

    cluster = simulated(1000, 10**12, 5e-9)

    assert len(counted) == len(cluster.tasks) + 1


def test_short_factored_counts_are_made_by_the_caller(monkeypatch):
    monkeypatch.setattr(running, "FACTORED_HERE", 10.0)
    executor = Recorder()

    options = {"method": "factored"}
    found = GRID.reduce(*PASSES, executor=executor, **options)
    assert plain(found) == plain(GRID.reduce(*PASSES, **options))
    assert executor.sent == []


# ---- other releases ----


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("version", "0.0.9", r"has fastrest 0\.0\.9, and this process "),
        ("interface", 3, "has the interface of the kernels 3, and this process "),
        ("format", 77, "has the format of files 77, and this process "),
        ("bits", (2, None), r"has bits \(2, None\), and this process \(1, None\)"),
    ],
)
def test_a_worker_of_another_release_is_refused_by_name(monkeypatch, field, value, message):
    class OtherRelease(Recorder):
        def submit(self, work, *arguments):
            with monkeypatch.context() as patch:
                here = workers.release_of

                def there(things):
                    found = here(things)
                    if field != "bits" or things:
                        found = found._replace(**{field: value})
                    return found

                patch.setattr(workers, "release_of", there)
                return super().submit(work, *arguments)

    with pytest.raises(RuntimeError, match=rf"^a worker \(.*, process \d+, .*\) {message}"):
        SAMPLE.summary(executor=OtherRelease())


def test_a_worker_without_our_functions_is_told_the_version():
    class Older(Recorder):
        def submit(self, work, *arguments):
            future = cf.Future()
            future.set_exception(AttributeError("module 'fastrest' has no attribute 'do_task'"))
            return future

    with pytest.raises(RuntimeError, match=rf"have the workers fastrest {fr.__version__}, as the"):
        SAMPLE.summary(executor=Older())


# ---- warnings ----


def test_data_that_travel_longer_than_they_compute_are_told(monkeypatch):
    monkeypatch.setattr(executors, "UNNOTICED", 1 << 20)
    with pytest.warns(fr.PerformanceWarning, match=r"^9\.6 MB travel .* 400,003 points in about "):
        TABLE.summary(executor=Recorder())


def test_starved_workers_are_told(monkeypatch):
    class Slow(Recorder):
        def submit(self, work, *arguments):
            done = work(*arguments)
            future = cf.Future()
            future.set_result(done._replace(seconds=20.0, cpu=5.0))
            return future

    with pytest.warns(fr.PerformanceWarning, match="the workers had 25% of a processor each"):
        SAMPLE.summary(executor=Slow())


# ---- real engines ----


@pytest.mark.process
@pytest.mark.slow
def test_loky_and_joblib_equal_the_plain_call():
    pytest.importorskip("joblib")
    code = """
        import numpy as np
        import fastrest as fr
        from joblib.externals.loky import get_reusable_executor

        if __name__ == "__main__":
            K = np.geomspace(1, 50, 400_003)
            table = fr.table(fr.cells["mammalian neuron"], {"K_out": K})
            executor = get_reusable_executor(2)
            asked = fr.Summary(), fr.Quantile(0.5)
            print(table.reduce(*asked, executor=executor) == table.reduce(*asked))
            executor.shutdown()
    """

    ran = completed([sys.executable, "-c", textwrap.dedent(code)])

    assert (ran.stdout, ran.stderr) == ("True\n", "")


def test_dask_is_not_imported():
    code = """
        import sys
        import fastrest as fr
        from concurrent.futures import ThreadPoolExecutor
        sample = fr.space(fr.cells["mammalian neuron"], K_out=fr.uniform(3, 6)).sample(100, rng=1)
        with ThreadPoolExecutor(1) as executor:
            sample.summary(executor=executor)
        print([one for one in ("dask", "distributed", "mpi4py", "loky") if one in sys.modules])
    """
    ran = completed([sys.executable, "-c", textwrap.dedent(code)])

    assert ran.stdout == "[]\n", ran.stderr


def test_classes_and_other_objects_are_no_engines():
    for one in (FakeClient, types.SimpleNamespace(submit=print), cf.Executor):
        with pytest.raises(TypeError, match=r"^executor must be a concurrent\.futures"):
            engines.engine_of(one)
