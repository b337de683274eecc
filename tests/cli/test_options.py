"""Options: each is given once, unless its values make a list."""

import pytest

from fastrest.cli import options
from fastrest.cli.main import MODULES, main

NEURON = "mammalian neuron"


@pytest.mark.parametrize(
    "arguments",
    [
        ["sobol", NEURON, "--vary", "K_out=uniform:3,6", "--csv", "a.csv", "--csv", "b.csv"],
        ["sobol", NEURON, "--between", "-80", "-60", "--between", "-70", "-60"],
        ["sweep", NEURON, "--grid", "K_out=1,2", "--out", "a.npy", "--out", "a.npy"],
        ["sweep", NEURON, "--grid", "K_out=1,2", "--threads", "1", "--threads=2"],
    ],
)
def test_single_option_is_not_given_twice(capsys, arguments):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.endswith(": given twice\n")


def test_every_command_of_the_options_is_run_by_main():
    assert list(options.COMMANDS) == list(MODULES)


@pytest.mark.parametrize("command", options.COMMANDS)
def test_help_of_every_option_is_printed(capsys, command):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert all(option in out for option, _ in options.COMMANDS[command].options if "--" in option)
