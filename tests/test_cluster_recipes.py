"""The recipes of docs/cluster.md, run as their readers would run them."""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from helpers.processes import completed

PAGE = Path(__file__).parents[1] / "docs" / "cluster.md"
BLOCKS = re.findall(r"```(?:python|sh|bash)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
#: The blocks that begin with the name of a file.
RECIPES = {found[1]: block for block in BLOCKS if (found := re.match(r"# (\w+\.\w+)\n", block))}
COUNT = "20000000\n"
SAMPLE = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
AXES = "K_out=1:50:1000", "P_Na=0.01:0.1:1000", "celsius=10:40:4"
ARRAY = [f"--grid={axis}" for axis in AXES]

pytestmark = [pytest.mark.process, pytest.mark.slow]


def recipe(folder, name):
    """Write a recipe into a folder, and return the command that runs it."""
    (folder / name).write_text(RECIPES[name], encoding="utf-8")
    return ["bash" if name.endswith(".sh") else sys.executable, name]


@pytest.fixture
def environment(tmp_path):
    """An environment whose `python` and `fastrest` are those of the tests."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, arguments in (("python", ""), ("fastrest", " -m fastrest")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
        (commands / name).chmod(0o755)
    path = f"{commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path}


def ran(tmp_path, environment, command):
    return completed(command, cwd=tmp_path, env=environment)


def test_every_recipe_of_the_page_is_tested():
    tested = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in RECIPES if f'"{name}"' not in tested] == []
    assert len(RECIPES) == 6


@pytest.mark.parametrize(
    ("name", "module"),
    [("processes.py", "fastrest"), ("joblib_count.py", "joblib"), ("ray_count.py", "ray")],
)
def test_recipe_counts(tmp_path, environment, name, module):
    pytest.importorskip(module)
    found = ran(tmp_path, environment, recipe(tmp_path, name))
    assert found.stdout.endswith(COUNT), found.stderr


def test_recipe_of_dask_counts_and_saves(tmp_path, environment):
    pytest.importorskip("distributed")
    found = ran(tmp_path, environment, recipe(tmp_path, "dask_count.py"))
    assert found.stdout == COUNT, found.stderr
    saved = np.load(tmp_path / "v.npy", mmap_mode="r")
    sample = SAMPLE.sample(20_000_000, rng=1)
    assert fr.load(tmp_path / "v.npy") == sample
    np.testing.assert_array_equal(saved, sample.values())


def test_recipe_of_mpi_counts(tmp_path, environment):
    pytest.importorskip("mpi4py")
    if shutil.which("mpiexec", path=environment["PATH"]) is None:
        pytest.skip("needs mpiexec")
    recipe(tmp_path, "mpi_count.py")
    (line,) = [block for block in BLOCKS if block.startswith("mpiexec ")]
    found = ran(tmp_path, environment, ["bash", "-ec", line])
    assert found.stdout == COUNT, found.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_recipe_of_an_array_of_jobs_survives_a_killed_job(tmp_path, environment):
    pytest.importorskip("matplotlib")
    script = RECIPES["job_array.sh"]
    loop = "for k in 0 1 2 3 4 5 6 7; do count $k & done\nwait\n"
    merge = script[script.index("fastrest merge") :]
    assert loop in script
    first = script[: script.index(loop)]
    killed = (
        f"set -m\n{first}for k in 0 1 2 4 5 6 7; do count $k & done\n"
        f"count 3 & sleep 0.1; kill -9 -- -$!\nwait\n{merge}"
    )

    found = ran(tmp_path, environment, ["bash", "-c", killed])
    assert "part 3 of 8 is missing" in found.stderr
    assert not (tmp_path / "parts" / "3.tally").exists()
    again = ran(tmp_path, environment, ["bash", "-ec", f"{first}count 3\n{merge}"])
    assert (tmp_path / "h.png").exists(), again.stderr

    whole = ran(tmp_path, environment, ["fastrest", "sweep", "mammalian neuron", *ARRAY])
    lines = whole.stdout.splitlines()[:5]
    assert "4,000,000 points" in lines[0]
    assert [line for line in lines if line not in again.stdout] == []


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_the_script_of_the_array_runs_as_it_stands(tmp_path, environment):
    pytest.importorskip("matplotlib")
    found = ran(tmp_path, environment, recipe(tmp_path, "job_array.sh"))
    assert found.returncode == 0, found.stderr
    assert "4,000,000 points" in found.stdout
    assert len(list((tmp_path / "parts").glob("*.tally"))) == 8
