"""`fastrest bench`: what it measures, keeps, and says against what it kept."""

import copy
import json
import subprocess
import sys

import numpy as np
import pytest

from fastrest import cli, report, tracking, workloads
from fastrest.workloads import Workload


class Small(Workload):
    """Quick, with both counterparts."""

    name, title = "small", "a small table"
    points = numpy_points = 1000
    python_points = 10
    checksum = ""

    def __init__(self):
        super().__init__()
        self.K_out = np.linspace(1.0, 50.0, self.points)

    def run(self, threads=None):
        self.V = self.cell.model(**{**self.cell, "K_out": self.K_out})
        return self.V

    def pieces(self, V):
        return (V,)

    def python(self):
        return [self.cell.replace(K_out=k).potential(engine="python") for k in self.K_out[:10]]

    def numpy(self):
        values = {**self.cell, "K_out": self.K_out}
        del values["pump_ratio"]
        return workloads.numpy_ghk(**values)

    def agrees(self, V, points):
        return workloads.close(V, self.V[:points])


Small.checksum = Small().digest(Small().run())


class Alone(Small):
    """Without counterparts."""

    name, title = "alone", "a table on its own"
    python_points = numpy_points = 0


@pytest.fixture
def small(monkeypatch):
    """Two quick workloads in place of the eight."""
    monkeypatch.setattr(tracking, "WORKLOADS", {"small": Small, "alone": Alone})
    monkeypatch.setattr(tracking, "TRACKED", (0.05, (9, 60)))


@pytest.fixture
def archive(small):
    measured = tracking.measure_all(1, lambda title: None)
    return tracking.archive(measured)


def test_what_is_measured(small):
    titles = []
    one, alone = tracking.measure_all(1, titles.append)
    assert titles == ["a small table", "a table on its own"]
    assert one.per_point > 0
    assert one.times("python") > one.times("numpy") > 0
    assert alone.times("numpy") is None
    assert one.memory_share is None


@pytest.mark.parametrize(
    ("kind", "share"), [(workloads.Grid, 8 / 8 / 3), (workloads.Table, 80 / 16 / 3)]
)
def test_shares_of_the_memory_limit(kind, share):
    # a point takes three times as long as a double that is filled or copied
    points = tracking.YARDSTICKS[kind.yardstick].points
    seconds = np.array([[3 * kind.points * k, points * k] for k in (2.0, 4.0, 1.0)])
    assert tracking.Measured(kind, 2, seconds, {}).memory_share == pytest.approx(share)


def test_a_changed_result_is_said_before_any_time(small, monkeypatch, capsys):
    monkeypatch.setattr(Alone, "checksum", "0" * 16)
    assert cli.main(["bench"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: a table on its own: the result has changed: its checksum is" in said.err


def test_a_counterpart_that_disagrees_is_refused(small, monkeypatch):
    monkeypatch.setattr(Small, "numpy", lambda self: self.V + 1e-6)
    with pytest.raises(ArithmeticError, match="a small table: numpy has another answer"):
        tracking.measure_all(1, lambda title: None)


def test_the_command_prints_keeps_and_compares(small, tmp_path, capsys):
    path = tmp_path / "before.json"
    assert cli.main(["bench", "--json", str(path), "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "x NumPy" in out
    assert "a table on its own" in out
    assert f"wrote    {path}" in out
    kept = json.loads(path.read_text(encoding="utf-8"))
    names = [one["name"] for one in kept["benchmarks"]]
    assert names == [
        "small[fastrest]", "small[libm]", "small[python]", "small[numpy]",
        "alone[fastrest]", "alone[libm]",
    ]  # fmt: skip
    ours = kept["benchmarks"][0]
    assert ours["stats"]["rounds"] == len(ours["stats"]["data"]) >= 9
    assert ours["extra_info"]["checksum"] == Small.checksum

    code = cli.main(["bench", "--against", str(path), "--threads", "1", "--tolerance", "50"])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "bootstrap interval" in out
    assert "up to 51 is no change" in out


def times(archive, who="fastrest"):
    """Every workload's times in an archive, to be changed."""
    return [one["stats"] for one in archive["benchmarks"] if one["extra_info"]["who"] == who]


def slowed(archive, factor):
    """The archive of a version that takes longer."""
    slow = copy.deepcopy(archive)
    for one in times(slow):
        one["data"] = [factor * seconds for seconds in one["data"]]
    return slow


@pytest.fixture
def steady(archive):
    """An archive with little noise."""
    for one in times(archive):
        one["data"] = np.linspace(0.99, 1.01, 21).tolist()
    for one in times(archive, "libm"):
        one["data"] = [0.5] * 21
    return archive


@pytest.mark.parametrize(
    ("factor", "code"), [(1.0, 0), (0.5, 0), (1.1, 0), (1.25, 3), (1.4, 1)], ids=str
)
def test_exit_codes(steady, factor, code):
    after = slowed(steady, factor)
    changes = tracking.compare(steady, after, 0.25)
    assert [one.workload for one in changes] == ["small", "alone"]
    assert changes[0].ratio.value == pytest.approx(factor, rel=0.02)
    assert tracking.exit_code(changes, tracking.differences(steady, after)) == code


@pytest.mark.parametrize(("again", "code"), [([1.0, 1.0, 1.0], 0), ([1.5, 1.4, 1.5], 1)])
def test_what_seems_slower_is_measured_in_further_processes(steady, monkeypatch, again, code):
    after, asked, ratios = slowed(steady, 1.4), [], iter(again)
    after["benchmarks"][4] = steady["benchmarks"][4]  # alone is as fast as it was

    def measure_again(names, threads):
        asked.append(names)
        ratio = next(ratios)
        return {name: np.array([[ratio, 0.5]] * 21) for name in names}

    monkeypatch.setattr(tracking, "measure_again", measure_again)
    changes = tracking.settled(steady, after, 0.25, 1, lambda text: None)
    assert asked == [["small"]] * len(asked)
    assert 1 <= len(asked) <= tracking.FURTHER
    assert tracking.exit_code(changes, []) == code


def test_a_further_process_measures():
    found = tracking.measure_again(["scalar"], 1)
    assert found["scalar"].shape[1] == 2
    assert (found["scalar"] > 0).all()
    with pytest.raises(OSError, match="a process that measures again ended with 1"):
        tracking.measure_again(["no such workload"], 1)


def test_archives_are_those_of_pytest_benchmark(archive, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(archive), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_benchmark", "compare", "a.json", "b.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "small[fastrest]" in done.stdout


def test_a_reader_that_goes_takes_no_file_and_no_verdict_away(tmp_path):
    code = (
        "import sys; from fastrest import cli, tracking\n"
        "tracking.WORKLOADS = {'scalar': tracking.WORKLOADS['scalar']}\n"
        "tracking.exit_code = lambda changes, others: 1\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    run = [sys.executable, "-u", "-c", code, "bench", "--threads", "1", "--json"]
    subprocess.run([*run, before], check=True, capture_output=True)
    command = [*run, after, "--against", before, "--tolerance", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.close()
        assert process.wait() == 1
    assert after.exists()


def test_one_slower_workload_is_enough(steady):
    after = slowed(steady, 1.4)
    after["benchmarks"][4] = steady["benchmarks"][4]
    changes = tracking.compare(steady, after, 0.25)
    assert [one.verdict for one in changes] == ["slower", "pass"]
    assert tracking.exit_code(changes, []) == 1
    said = "\n".join(report.changes(changes, [], "before.json", 0.25))
    assert "slower" in said


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("machine_info", "processor"), "Another", r"processor Another, now"),
        (("machine_info", "fastrest", "isa"), "mmx", r"instruction set mmx, now"),
        (("machine_info", "fastrest", "python"), "2.7", r"Python 2.7, now"),
        (("machine_info", "fastrest", "numpy"), "1.26", r"NumPy 1.26, now"),
        (("machine_info", "fastrest", "platform"), "Amiga", r"system Amiga, now"),
        (("machine_info", "libc"), "newlib", r"C library newlib, now"),
    ],
)
def test_other_machines_cannot_be_compared(steady, path, value, said):
    before = copy.deepcopy(steady)
    *way, last = path
    place = before
    for key in way:
        place = place[key]
    place[last] = value
    others = tracking.differences(before, slowed(steady, 2))
    assert len(others) == 1
    assert said in others[0]
    changes = tracking.compare(before, slowed(steady, 2), 0.25)
    assert tracking.exit_code(changes, others) == 3
    assert said in "\n".join(report.changes(changes, others, "before.json", 0.25))


@pytest.mark.parametrize("key", ["checksum", "workload", "points", "yardstick_points"])
def test_another_workload_cannot_be_compared(steady, key):
    before = copy.deepcopy(steady)
    before["benchmarks"][0]["extra_info"][key] = "another"
    changes = tracking.compare(before, steady, 0.25)
    assert [one.verdict for one in changes] == ["inconclusive", "pass"]
    assert tracking.exit_code(changes, tracking.differences(before, steady)) == 3
    assert "not comparable" in "\n".join(report.changes(changes, [], "b.json", 0.25))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "3", '{"benchmarks": [], "machine_info": {}}', "[" * 100_000],
    ids=["empty", "list", "nothing", "null", "number", "no workloads", "deep"],
)
def test_files_that_are_no_archives(small, tmp_path, capsys, text):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["bench", "--against", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"error: {path} is not what `fastrest bench --json` writes" in said
    assert "measuring" not in said


@pytest.mark.parametrize(
    "data", [[1.0, 2.0], [1.0, -1.0, 1.0], [1.0, "a", 2.0], None, [[1.0] * 3], [1.0] * 22], ids=str
)
def test_archives_whose_times_are_no_times(steady, tmp_path, data):
    archive = steady
    times(archive)[0]["data"] = data
    path = tmp_path / "x.json"
    path.write_text(json.dumps(archive), encoding="utf-8")
    with pytest.raises(ValueError, match="is not what `fastrest bench --json` writes"):
        tracking.read(path)


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
def test_bad_options(small, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["bench", *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("fastrest: error: ")
    assert said in error
    assert list(tmp_path.iterdir()) == []


def test_bench_needs_no_pytest():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pytest', 'pytest_benchmark', '_pytest']))\n"
        "from fastrest import cli, tracking\n"
        "tracking.WORKLOADS = {'scalar': tracking.WORKLOADS['scalar']}\n"
        "sys.exit(cli.main(['bench']))"
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
def test_durations_for_people(seconds, text):
    assert report.duration(seconds) == text
