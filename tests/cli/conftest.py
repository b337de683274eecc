"""Tests of the command line run commands in this process, where a process is not the subject."""

import pytest

from fastrest.cli.main import main

#: A plan, small enough to run often.
PLAN = """\
cell = "mammalian neuron"
n = 150_000
rng = 1
[vary]
P_Na = "lognormal:cv=0.5"
K_out = "uniform:3,6"
[conditions.control]
[conditions."high K"]
state = "hyperkalaemia"
[conditions.leaky]
P_Na = "times:3"
[[accept]]
between = [-75, -60]
[[accept]]
change = ["control", "high K"]
range = [2, 5]
"""


@pytest.fixture
def run(capsys):
    """Run a command: its exit code, output and errors."""

    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def plan(tmp_path):
    """The path of a plan."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return str(path)
