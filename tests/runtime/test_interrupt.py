"""Ctrl-C during a threaded run."""

import os
import signal

import pytest

from helpers.processes import program, python, started

pytestmark = pytest.mark.usefixtures("no_thread_setting", "no_thread_is_left")


#: Ctrl-C is answered at the next block, well within a second: this bound only excludes a hang.
PROMPTLY = 5.0
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")
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


@pytest.mark.process
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
def test_ctrl_c_stops_a_run_and_leaves_the_process_usable(options):
    with started(program(ENDLESS.replace("OPTIONS", options))) as process:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROMPTLY)

    assert (out, err) == ("interrupted []\n", "")


@pytest.mark.process
@POSIX
def test_ctrl_c_during_the_last_tasks_leaves_no_thread():
    code = """
        import os, signal, threading, time
        from fastrest.runtime import scheduler

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
            scheduler.run(work, 2 * scheduler.BLOCK_POINTS, threads=2)
        except KeyboardInterrupt:
            left = [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]
            print("interrupted", len(finished), left)
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("interrupted 1 []\n", "")
