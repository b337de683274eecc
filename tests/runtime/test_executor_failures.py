"""Executors: progress, interruption, and workers that die."""

import concurrent.futures as cf
import os
import signal

import pytest

import fastrest as fr
from fastrest.reductions import running
from helpers.counting import GRID, PASSES, plain
from helpers.executors import SWEEPS, Recorder, die_at_the_third_task, processes
from helpers.processes import program, started

#: Ctrl-C is answered at once: this bound only excludes a hang.
PROMPTLY = 10.0
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

# ---- progress and interruption ----


@pytest.mark.process
@SWEEPS
def test_progress_of_an_executor_is_reported_in_the_caller(pool, sweep, method):
    heard = []

    sweep.summary(
        method=method, executor=pool, progress=lambda done, total: heard.append((done, total))
    )

    done = [d for d, _ in heard]
    assert 1 < len(heard) <= 7
    assert done == sorted(done)
    assert heard[-1] == (len(sweep), len(sweep))
    assert {total for _, total in heard} == {len(sweep)}


@pytest.mark.process
def test_an_interrupted_count_resumes_with_or_without_an_executor(pool, tmp_path):
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
            found = GRID.reduce(*PASSES, executor=executor, progress=progress, **options)
            break
        except InterruptedError:
            assert GRID.fraction(below=-60, executor=pool) == GRID.fraction(below=-60)

    assert i > 2
    assert plain(found) == plain(GRID.reduce(*PASSES, method="pointwise"))
    assert os.listdir(tmp_path) == ["c"]


@pytest.mark.process
@POSIX
@pytest.mark.parametrize("kind", ["ProcessPoolExecutor", "ThreadPoolExecutor"])
def test_ctrl_c_leaves_the_executor_usable_and_the_checkpoint_saved(tmp_path, kind):
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
    with started(program(code, path)) as process:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)

    assert (out.replace("running\n", ""), err) == ("interrupted\nTrue\n", "")
    counted = fr.Tally.load(path)
    assert 0 < counted.state.n == sum(stop - start for start, stop in counted.done)


DIED = r"^the executor failed after {} of 420,000 points \(.*\); with checkpoint= the same call"


# ---- dead executors ----


@pytest.mark.process
def test_a_dead_worker_is_one_error_and_the_checkpoint_is_kept(tmp_path):
    path = tmp_path / "c"
    options = {"method": "pointwise", "checkpoint": path}
    heard = []

    def progress(done, total):
        heard.append(done)

    with processes(die_at_the_third_task) as pool:
        with pytest.raises(RuntimeError, match=DIED.format(r"[1-9]\d+,\d\d\d")) as error:
            GRID.reduce(*PASSES, executor=pool, progress=progress, **options)
        assert isinstance(error.value.__cause__, cf.BrokenExecutor)
        with pytest.raises(RuntimeError, match=DIED.format(r"0")):  # and stays dead
            GRID.reduce(*PASSES, executor=pool, method="pointwise")
    told = heard[-1]
    assert sum(stop - start for start, stop in fr.Tally.load(path).done) == told > 0
    heard.clear()

    found = GRID.reduce(*PASSES, progress=progress, threads=1, **options)

    assert heard[0] > told
    assert plain(found) == plain(GRID.reduce(*PASSES, method="pointwise"))
    assert os.listdir(tmp_path) == ["c"]


@pytest.mark.process
def test_workers_that_die_repeatedly_finish_the_count(tmp_path):
    options = {"method": "factored", "checkpoint": tmp_path / "c"}

    deaths = 0
    while True:
        with processes(die_at_the_third_task) as pool:
            try:
                found = GRID.reduce(*PASSES[:-1], executor=pool, **options)
                break
            except RuntimeError:
                deaths += 1

    assert deaths > 0
    assert plain(found) == plain(GRID.reduce(*PASSES[:-1], method="factored"))


@pytest.mark.process
def test_an_executor_that_cannot_start_is_one_error(caplog):
    def fail():
        raise OSError("no such machine")

    with (
        cf.ThreadPoolExecutor(1, initializer=fail) as pool,
        pytest.raises(RuntimeError, match=DIED.format("0")) as error,
    ):
        GRID.summary(executor=pool, method="pointwise")

    assert isinstance(error.value.__cause__, cf.BrokenExecutor)


@pytest.mark.process
@pytest.mark.parametrize("when", ["before", "midway"])
def test_an_executor_that_is_shut_down_is_one_error(tmp_path, when):
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


@pytest.mark.process
def test_an_error_in_a_worker_keeps_its_name(monkeypatch):
    def fail(*arguments):
        raise MemoryError("not a byte")

    monkeypatch.setattr(running.Pointwise, "adder", fail)

    with pytest.raises(RuntimeError, match=DIED.format("0")) as error:
        GRID.summary(executor=Recorder(), method="pointwise")

    assert "(MemoryError: not a byte)" in str(error.value)
    assert isinstance(error.value.__cause__, MemoryError)


@pytest.mark.process
def test_an_error_in_progress_of_an_executor_is_raised_unchanged():
    def progress(done, total):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        GRID.summary(executor=Recorder(), method="pointwise", progress=progress)
