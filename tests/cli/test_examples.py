"""The examples in the help of every command run in an empty folder, as a reader types them."""

import os
import shutil
import stat
import sys

import pytest

from fastrest.cli import options
from fastrest.cli.examples import EXAMPLES
from fastrest.cli.main import main
from helpers.processes import completed

#: Commands whose examples take about a second.
QUICK = ("info", "gradient", "solve")


@pytest.fixture
def shell(tmp_path):
    """Run lines of a shell in an empty folder; `fastrest` is the one under test."""
    command = tmp_path / "bin" / "fastrest"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fastrest "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "folder"
    folder.mkdir()
    paths = os.pathsep.join([str(command.parent), os.environ["PATH"]])

    def run(lines):
        strict = f"set -euo pipefail\n{lines}"
        return completed(
            ["bash", "-c", strict], cwd=folder, env={**os.environ, "PATH": paths}, timeout=900
        )

    return run


def test_every_command_has_examples_that_fit_the_help():
    assert EXAMPLES.keys() == options.COMMANDS.keys()
    for name, text in EXAMPLES.items():
        assert f"fastrest {name}" in text
        assert all(len(line) <= 78 for line in text.splitlines())


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in options.COMMANDS
    ],
)
def test_examples_of_the_help_run(shell, name):
    if "--plot" in EXAMPLES[name]:
        pytest.importorskip("matplotlib")
    done = shell(EXAMPLES[name])
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize("name", options.COMMANDS)
@pytest.mark.parametrize("columns", ["50", "80", "200"])
def test_help_is_wrapped_and_keeps_the_lines_of_examples(capsys, monkeypatch, name, columns):
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text, _, examples = capsys.readouterr().out.partition("examples:\n")
    assert all(len(line) <= int(columns) for line in text.splitlines())
    assert examples == "".join(f"  {line}\n" for line in EXAMPLES[name].splitlines())
