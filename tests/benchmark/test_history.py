"""`fastrest bench --history`: files that pytest-benchmark and apache-otava read."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from fastrest.benchmark import history, tracking
from fastrest.cli.main import main


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository in the current folder: a function that makes a commit, and returns its id."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    monkeypatch.chdir(tmp_path)
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]

    def git(*arguments):
        command = ["git", *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    made = []

    def commit():
        made.append(f"2026-01-{1 + len(made):02d}T12:00:00+00:00")
        monkeypatch.setenv("GIT_COMMITTER_DATE", made[-1])
        git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return git("rev-parse", "HEAD")

    return commit


def rows_of(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_history_has_a_file_for_each_commit(small, repository, tmp_path, capsys):
    ids = [repository()]
    assert main(["bench", "--threads", "1", "--history", "speed"]) == 0
    out = capsys.readouterr().out
    path = tmp_path / "speed" / f"0001_{ids[0][:12]}.json"
    assert "wrote    " in out
    assert path.name in out
    found = json.loads(path.read_text())
    assert found["commit_info"]["id"] == ids[0]
    assert found["commit_info"]["branch"] == "main"
    assert found["commit_info"]["time"] == "2026-01-01T12:00:00+00:00"
    assert found["commit_info"]["dirty"] is False
    assert [one["name"] for one in found["benchmarks"]] == list(small)
    assert found["differs"] == []
    assert main(["bench", "--threads", "1", "--against", str(path), "--tolerance", "50"]) == 0


def test_same_commit_replaces_its_file(steady, repository, tmp_path):
    repository()
    history.add(tmp_path, steady)
    first, _ = history.add(tmp_path, steady)
    repository()
    second, _ = history.add(tmp_path, steady)
    assert [path.name[:4] for path in (first, second)] == ["0001", "0002"]
    assert sorted(tmp_path.glob("*.json")) == [first, second]
    assert [row["time"][:10] for row in rows_of(tmp_path)] == ["2026-01-01", "2026-01-02"]


def test_environment_that_differs_is_named(steady, repository, tmp_path):
    repository()
    history.add(tmp_path, steady)
    repository()
    other = {**steady, "conditions": {**steady["conditions"], "NumPy": "9.9"}}
    path, differs = history.add(tmp_path, other)
    assert len(differs) == 1
    assert differs[0].startswith("NumPy ")
    assert json.loads(path.read_text())["differs"] == differs
    assert len({row["environment"] for row in rows_of(tmp_path)}) == 2


def test_statistics_are_those_of_the_seconds(steady, repository, tmp_path):
    repository()
    path, _ = history.add(tmp_path, steady)
    stats = json.loads(path.read_text())["benchmarks"][0]["stats"]
    seconds = np.linspace(0.99, 1.01, 21)
    assert stats["min"] == 0.99
    assert stats["median"] == pytest.approx(1.0)
    assert stats["stddev"] == pytest.approx(np.std(seconds, ddof=1))
    assert stats["rounds"] == 21
    assert stats["outliers"] == "8;0"


@pytest.mark.process
def test_pytest_benchmark_compares_the_files(steady, slowed, repository, tmp_path):
    paths = []
    for archive in (steady, slowed(2.0)):
        repository()
        paths.append(str(history.add(tmp_path, archive)[0]))
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *paths, "--csv=compared.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "compared.csv").open(newline="") as file:
        medians = sorted(float(row["median"]) for row in csv.DictReader(file))
    assert medians == pytest.approx([1.0, 1.0, 2.0, 2.0])


@pytest.mark.process
def test_otava_finds_the_commit_that_changed_the_speed(steady, slowed, repository, tmp_path):
    otava = shutil.which("otava")
    if otava is None:
        pytest.skip("needs apache-otava")
    rng, ids = np.random.default_rng(1), []
    for i in range(24):
        ids.append(repository())
        factor = (1.0 if i < 14 else 1.3) * rng.normal(1, 0.01)
        history.add(tmp_path / "speed" if i else _made(tmp_path / "speed"), slowed(factor))
    command = [otava, "analyze", "fastrest", "--config-file", "speed/otava.yaml"]
    done = subprocess.run(
        [*command, "--since", "2025-12-01", "--output", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (changes,) = json.loads(done.stdout).values()
    assert len(changes) == 1
    assert changes[0]["attributes"]["commit"] == ids[14]
    assert {one["metric"] for one in changes[0]["changes"]} == {"small", "alone"}


def _made(folder):
    folder.mkdir()
    return folder


def test_history_without_a_repository_says_unversioned(steady, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    path, _ = history.add(tmp_path, steady)
    assert path.name == "0001_unversioned.json"
    assert rows_of(tmp_path)[0]["time"] == steady["datetime"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("history.csv", "mine\n", "history.csv is not a file that fastrest wrote"),
        ("otava.yaml", "tests: {}\n", "otava.yaml is not a file that fastrest wrote"),
        ("0001_abc.json", "{}", "0001_abc.json is not an archive"),
    ],
)
def test_files_of_others_are_refused_before_measuring(small, tmp_path, capsys, name, text, said):
    (tmp_path / name).write_text(text)
    assert main(["bench", "--history", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "measuring" not in err
    assert (tmp_path / name).read_text() == text


def test_history_that_is_a_file_is_refused(small, tmp_path, capsys):
    (tmp_path / "speed").touch()
    assert main(["bench", "--history", str(tmp_path / "speed")]) == 2
    assert "is a file, and must be a folder" in capsys.readouterr().err


# ---- the budget of time ----


def test_late_workloads_have_the_fewest_rounds_and_it_is_said(small, monkeypatch, capsys):
    monkeypatch.setattr(tracking, "BUDGET", 1e-9)
    monkeypatch.setattr(tracking, "TRACKED", (60.0, (9, 12)))
    measured = tracking.measure_all(1, lambda title: None)
    assert [len(one.seconds) for one in measured] == [12, 9]
    assert main(["bench", "--threads", "1"]) == 0
    assert "in place of 0: the machine is slow, or other programs ran" in capsys.readouterr().out


def test_budget_that_is_kept_is_not_mentioned(small, capsys):
    assert main(["bench", "--threads", "1"]) == 0
    assert "in place of" not in capsys.readouterr().out
