"""The command as a process: usage, exit codes, Ctrl-C, and where its output goes."""

import os
import signal
import sys
import time

import pytest

from fastrest.cli.main import main
from helpers.processes import completed, started

NEURON = "mammalian neuron"


@pytest.mark.parametrize("arguments", [["sweep"], ["nothing"], ["sweep", NEURON, "--no"]])
def test_main_exits_with_2_for_wrong_usage(capsys, arguments):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_exits_with_130_and_leaves_no_whole_file(tmp_path):
    out = tmp_path / "v.npy"
    grid = ["--grid", "K_out=1:50:20000", "--grid", "P_Na=0.01:0.5:20000"]  # 3.2 GB, to a file
    command = [sys.executable, "-m", "fastrest", "sweep", NEURON, *grid, "--out", str(out)]
    with started(command, cwd=tmp_path) as process:
        deadline = time.monotonic() + 30
        while "v.npy.part" not in os.listdir(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err == "fastrest: interrupted\n"
    assert not out.exists()  # what is done stands beside it, to be gone on with
    assert set(os.listdir(tmp_path)) <= {"v.npy.part", "v.npy.part.json"}


@pytest.mark.process
def test_closed_pipe_is_not_an_error():
    command = f'"{sys.executable}" -m fastrest cells | head -1; exit ${{PIPESTATUS[0]}}'
    if sys.platform == "win32":
        pytest.skip("needs bash")
    result = completed(["bash", "-c", command])
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


@pytest.mark.process
def test_output_that_a_terminal_cannot_show_is_replaced():
    command = [sys.executable, "-m", "fastrest", "sobol", "mammalian neuron"]
    command += ["--vary", "P_Na=lognormal:cv=0.5", "--vary", "K_out=uniform:3,6"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = completed([*command, "--samples", "64", "--rng", "1"], env=environment)
    assert done.returncode == 0, done.stderr
    assert "P_Na" in done.stdout
