"""Completion by TAB: what argcomplete answers to the shell."""

import os
import sys

import pytest

import fastrest as fr
from helpers.processes import completed

pytestmark = pytest.mark.process


@pytest.fixture
def tab(tmp_path):
    """The words that TAB offers at the end of a line, in an empty folder."""
    pytest.importorskip("argcomplete")

    def tab(line):
        answer = tmp_path / "answer"
        asked = {
            **{"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "_ARGCOMPLETE_IFS": "\n"},
            **{"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"},
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        }
        done = completed(
            [sys.executable, "-m", "fastrest"], cwd=tmp_path, env={**os.environ, **asked}
        )
        assert done.returncode == 0, done.stderr
        words = answer.read_text().split("\n")
        answer.unlink()
        return [word.strip().replace("\\", "") for word in words]

    return tab


def test_tab_completes_commands(tab):
    assert tab("fastrest so") == ["solve", "sobol"]


def test_tab_completes_cells_by_short_name_and_files(tab, tmp_path):
    (tmp_path / "neuroblastoma.toml").touch()
    assert tab("fastrest cells neur") == ["neuron", "neuroblastoma.toml"]


@pytest.mark.parametrize("cell", ["squid", "no-cell"])
def test_tab_completes_parameters_of_the_cell(tab, cell):
    assert tab(f"fastrest sweep {cell} --grid K_") == ["K_out=", "K_in="]


def test_tab_completes_parameters_that_the_cell_has(tab):
    assert tab("fastrest solve glial N") == ["Na_out", "Na_in"]


def test_tab_completes_states_and_distributions(tab):
    assert tab("fastrest gradient neuron --under hyper") == [
        state for state in fr.states if state.startswith("hyper")
    ]
    assert tab("fastrest sobol neuron --vary P_Na=lo") == ["P_Na=loguniform:", "P_Na=lognormal:"]
