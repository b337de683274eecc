"""Checkpoints of processes that Ctrl-C or SIGKILL stops."""

import os
import signal
import textwrap
import time

import pytest

import fastrest as fr
from fastrest.runtime import checkpoint, scheduler, storage
from helpers.counting import GRID, QUESTIONS
from helpers.processes import program, run, started

pytestmark = pytest.mark.usefixtures("small_tasks")


#: Ctrl-C is answered at the next block: this bound only excludes a hang.
PROMPTLY = 10.0
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")
BEGIN = """
    import os, random, signal, sys
    import numpy as np
    import fastrest as fr
    from fastrest.runtime import scheduler
    from fastrest.runtime import checkpoint

    path, folder = sys.argv[1], os.path.dirname(sys.argv[1])
    checkpoint.SAVE_EVERY = 0.0
    scheduler.BLOCKS_PER_TASK = 1
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


@pytest.mark.process
@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_killed_at_twenty_moments_resumes_to_the_same_bits(path, threads):
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


@pytest.mark.process
@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_interrupted_repeatedly_resumes_to_the_same_bits(path, threads):
    code = f"""
    import itertools, warnings

    # interrupted within open(), Python itself leaves a file for the collector to close
    warnings.simplefilter("ignore", ResourceWarning)
    # an interrupt within a weak reference's callback is reported there, and stops nothing
    def unraisable(what, report=sys.unraisablehook):
        if what.exc_type is not KeyboardInterrupt:
            report(what)
    sys.unraisablehook = unraisable
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
    assert interrupted >= 10, interrupted
    assert found == expected
    print(os.listdir(folder))
    """

    assert run(textwrap.dedent(BEGIN) + textwrap.dedent(code), path) == ("['count.tally']\n", "")


@pytest.mark.process
@POSIX
def test_ctrl_c_saves_the_checkpoint(path):
    code = """
        import sys
        import numpy as np
        import fastrest as fr
        from fastrest.runtime import checkpoint

        checkpoint.SAVE_EVERY = 1e9  # saved at the start only, however slow the machine is
        values = np.geomspace(1, 50, 10**4)
        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=values, K_in=values,
                        celsius=np.linspace(10, 40, 1000))
        told = []

        def progress(done, total):
            if not told:
                told.append(print("running", flush=True))

        try:
            sweep.summary(method="pointwise", checkpoint=sys.argv[1], threads=2, progress=progress)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    with started(program(code, path)) as process:
        assert process.stdout.readline() == "running\n"
        assert fr.Tally.load(path).done == []
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)

    assert (out, err) == ("interrupted\n", "")
    kept = fr.Tally.load(path)
    counted = sum(stop - start for start, stop in kept.done)
    assert counted == kept.state.n >= scheduler.BLOCK_POINTS


def test_a_checkpoint_is_written_every_few_seconds_and_at_the_end(path, monkeypatch):
    saves, now = [], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    written = storage.write_safely
    monkeypatch.setattr(
        storage, "write_safely", lambda *args, **how: (saves.append(now[0]), written(*args, **how))
    )

    def progress(done, total):
        now[0] += 0.4 * checkpoint.SAVE_EVERY

    GRID.reduce(*QUESTIONS, method="pointwise", checkpoint=path, progress=progress, threads=1)

    assert saves[0] == 0
    assert saves[1:-2] == [6.0, 12.0]
    assert set(saves[-2:]) == {now[0]}
