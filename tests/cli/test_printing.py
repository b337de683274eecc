"""Lines on a terminal are wrapped between words; files and pipes get whole lines."""

import io
import sys

import pytest

from fastrest.cli.main import main
from fastrest.cli.printing import wrapped


class Terminal(io.StringIO):
    def isatty(self):
        return True


TEXT = "word " * 40 + "/a/path-of-many/parts"


def test_line_on_a_terminal_is_wrapped_between_words(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = wrapped(TEXT, Terminal()).splitlines()
    assert len(lines) > 3
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(line.strip() for line in lines) == TEXT
    assert all(line.startswith("  ") for line in lines[1:])


def test_line_in_a_file_stays_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert wrapped(TEXT, io.StringIO(), "    ") == f"    {TEXT}"
    assert wrapped(TEXT, None) == TEXT


def test_words_longer_than_the_terminal_are_not_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "10")
    path = "/a/" * 40
    assert path in wrapped(f"error: {path} is no file", Terminal()).replace("\n  ", "\n").split()


@pytest.mark.parametrize(
    "arguments", [["cells", "no such cell"], ["sweep", "neuron", "--grid", "x=1", "--sumary"]]
)
def test_errors_on_a_terminal_are_wrapped(monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", Terminal())
    try:
        code = main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert all(len(line) <= 60 for line in sys.stderr.getvalue().splitlines())
