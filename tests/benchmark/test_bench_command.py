"""The command `fastrest bench`: its output, its files and its options."""

import json
import subprocess
import sys

import pytest

from fastrest.benchmark.archive import pairs
from fastrest.cli import report
from fastrest.cli.main import main


def test_bench_reports_a_changed_result_before_any_time(small, monkeypatch, capsys):
    monkeypatch.setattr(small["alone"], "checksum", "0" * 16)
    assert main(["bench"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: a table on its own: the result has changed: its checksum is" in said.err


def test_bench_prints_keeps_and_compares(small, tmp_path, capsys):
    path = tmp_path / "before.json"
    assert main(["bench", "--json", str(path), "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "x NumPy" in out
    assert "a table on its own" in out
    assert f"wrote    {path}" in out
    kept = json.loads(path.read_text(encoding="utf-8"))["workloads"]
    assert list(kept) == ["small", "alone"]
    assert [list(one["counterparts"]) for one in kept.values()] == [["python", "numpy"], []]
    assert {one["yardstick"] for one in kept.values()} == {"libm"}
    assert len(pairs(kept["small"])) >= 9
    assert kept["small"]["checksum"] == small["small"].checksum

    code = main(["bench", "--against", str(path), "--threads", "1", "--tolerance", "50"])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "bootstrap interval" in out
    assert "up to 51 is no change" in out


def test_bench_prints_one_object_for_json_without_a_file(small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--threads", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["command"], found["files"]) == ("bench", {})
    assert list(found["answer"]["workloads"]) == list(small)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
@pytest.mark.slow
def test_bench_keeps_file_and_verdict_when_its_reader_goes(tmp_path):
    code = (
        "import sys; from fastrest.cli.main import main; from fastrest.benchmark import tracking\n"
        "tracking.WORKLOADS = {'scalar': tracking.WORKLOADS['scalar']}\n"
        "tracking.exit_code = lambda changes, others: 1\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    run = [sys.executable, "-u", "-c", code, "bench", "--threads", "1", "--json"]
    subprocess.run([*run, before], check=True, capture_output=True)
    command = [*run, after, "--against", before, "--tolerance", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.close()
        assert process.wait() == 1
    assert after.exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "3", '{"workloads": {}, "conditions": {}}', "[" * 100_000],
    ids=["empty", "list", "nothing", "null", "number", "no workloads", "deep"],
)
def test_bench_against_refuses_files_that_are_no_archives(small, tmp_path, capsys, text):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    assert main(["bench", "--against", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"error: {path} is not an archive that `fastrest bench --json` writes" in said
    assert "measuring" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tolerance", "0.1"], "--tolerance goes with --against"),
        (["--against", "none.json", "--tolerance", "-1"], "--tolerance must be > 0, got -1"),
        (["--against", "none.json", "--tolerance", "nan"], "--tolerance must be > 0, got nan"),
        (["--against", "none.json"], "none.json"),
        (["--json", "speed.txt"], "speed.txt must end in .json"),
        (["--json", ""], "--json needs the name of a file, got ''"),
        (["--against", ""], "--against needs the name of a file, got ''"),
        (["--json", "no/folder/a.json"], "no/folder"),
        (["--json", "a.json", "--against", "a.json"], "every file needs its own name"),
        (["--threads", "0"], "threads must be a whole number >= 1, got 0"),
    ],
)
def test_bench_refuses_bad_options(small, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("fastrest: error: ")
    assert said in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
@pytest.mark.slow
def test_bench_needs_no_pytest():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pytest', 'pytest_benchmark', '_pytest']))\n"
        "from fastrest.cli.main import main; from fastrest.benchmark import tracking\n"
        "tracking.WORKLOADS = {'scalar': tracking.WORKLOADS['scalar']}\n"
        "sys.exit(main(['bench']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "one potential a call" in done.stdout


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.5 s"),
        (0.0123, "12.3 ms"),
        (3.4e-9, "3.4 ns"),
        (1.23e-11, "0.0123 ns"),
        (9.997e-7, "1 µs"),
    ],
)
def test_duration_has_three_digits_and_a_unit(seconds, text):
    assert report.duration(seconds) == text
