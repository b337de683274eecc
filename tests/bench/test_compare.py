"""The paired comparison of two versions: its turns, its verdicts and its errors."""

import importlib.util
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fastrest.benchmark.workloads.catalogue import WORKLOADS

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / "fastrest").is_dir():
    pytest.skip("compares sources of the package, which are not here", allow_module_level=True)

SPEC = importlib.util.spec_from_file_location(
    "bench_compare", ROOT / "bench" / "compare" / "compare.py"
)
compare = sys.modules[SPEC.name] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(compare)

NAMES = ["table", "grid", "summary"]
BASE = compare.Version("base", Path("base"), Path("base_workloads"))
HEAD = compare.Version("head", Path("head"), Path("head_workloads"))


class Machine:
    """A noisy machine on which processes of each version take their time."""

    def __init__(self, noise=0.003):
        self.rng, self.noise = np.random.default_rng(1), noise
        self.factors, self.unable = {}, {}
        self.started, self.asked = [], []

    def process(self, version, workloads, names, threads):
        self.started.append((version.name, list(names)))
        return Fake(self, version, names)


class Fake:
    def __init__(self, machine, version, names):
        self.machine, self.version, self.names = machine, version, names
        self.luck = np.exp(0.002 * machine.rng.normal())

    def ready(self):
        why = {n: w for (v, n), w in self.machine.unable.items() if v == self.version.name}
        return [name for name in self.names if name not in why], why

    def time(self, name):
        m = self.machine
        m.asked.append((self.version.name, name))
        busy = 1.5 if m.rng.random() < 0.4 else 1.0  # a neighbour
        factor = m.factors.get((self.version.name, name), 1.0)
        return 0.02 * factor * self.luck * busy * np.exp(m.noise * abs(m.rng.normal()))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(compare, "Process", machine.process)
    return machine


@pytest.mark.slow
def test_compare_finds_a_slower_workload_and_passes_the_same(machine):
    machine.factors["head", "grid"] = 1.1
    found = compare.compare(BASE, HEAD, NAMES)
    assert found.verdicts == {"table": "pass", "grid": "slower", "summary": "pass"}
    assert found.exit_code == 1
    assert abs(found.pairs.ratio("grid").value - 1.1) < 0.02
    text = "\n".join(compare.markdown(found))
    assert text.startswith("### head against base: slower: grid")
    assert "| **slower** |" in text


@pytest.mark.slow
def test_compare_passes_a_faster_workload(machine):
    machine.factors["head", "grid"] = 0.9
    found = compare.compare(BASE, HEAD, NAMES)
    assert found.verdicts["grid"] == "faster"
    assert found.exit_code == 0


def test_compare_lets_base_and_head_take_turns(machine):
    compare.compare(BASE, HEAD, ["grid"], generations=(0, 1, 1))
    order = "".join(version[0] for version, _ in machine.asked)
    assert order.startswith("bh" + "bhhbhbbh" * 2)  # one of each to see how long they take
    assert order[2:].count("b") == order[2:].count("h")


@pytest.mark.slow
def test_compare_repeats_only_undecided_workloads(machine):
    machine.factors["head", "grid"] = 1 + compare.TOLERANCE
    found = compare.compare(BASE, HEAD, NAMES, generations=(1, 2, 6))
    assert machine.started[3:7] == [("base", NAMES), ("head", NAMES)] * 2
    assert machine.started[7:] == [("base", ["grid"]), ("head", ["grid"])] * 4
    assert found.verdicts["grid"] == "inconclusive"
    assert found.exit_code == 3
    assert "**inconclusive**" in "\n".join(compare.markdown(found))


def test_exit_code_of_a_slower_workload_beats_an_undecided_one(machine):
    machine.factors.update({("head", "grid"): 1 + compare.TOLERANCE, ("head", "table"): 1.3})
    found = compare.compare(BASE, HEAD, NAMES, generations=(0, 2, 2))
    assert set(found.verdicts.values()) == {"slower", "inconclusive", "pass"}
    assert found.exit_code == 1


@pytest.mark.slow
def test_compare_reports_a_workload_that_the_base_cannot_run(machine):
    machine.unable["base", "grid"] = "absent: AttributeError: no such thing"
    found = compare.compare(BASE, HEAD, NAMES)
    assert set(found.verdicts) == {"table", "summary"}
    assert found.exit_code == 3
    text = "\n".join(compare.markdown(found))
    assert "not comparable**: the base is absent: AttributeError" in text


@pytest.fixture
def built(monkeypatch):
    """Replace the building of versions."""
    versions = {"old": BASE, "new": HEAD}
    monkeypatch.setattr(compare, "unpack", lambda what, folder: (what, Path(what)))
    monkeypatch.setattr(compare, "install", lambda name, source, folder: versions[name])
    monkeypatch.setattr(compare, "listed", lambda source: [])
    monkeypatch.setattr(compare, "chosen", lambda texts, only: NAMES)


def test_compare_ends_on_changed_results_before_any_time(machine, built, capsys):
    machine.unable["head", "table"] = "changed: the result has changed: its checksum is 12"
    assert compare.main(["--base", "old", "--head", "new"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "compare: table changed: the result has changed: its checksum is 12" in said.err
    assert machine.asked == []


@pytest.mark.slow
def test_compare_command_prints_and_writes_the_table(machine, built, tmp_path, capsys):
    machine.factors["head", "summary"] = 1.2
    out = tmp_path / "speed.md"
    assert compare.main(["--base", "old", "--head", "new", "--out", str(out)]) == 1
    text = capsys.readouterr().out
    assert out.read_text(encoding="utf-8") == text
    assert text.count("| pass |") == 2


def test_smallest_effect_grows_with_noise(machine):
    machine.noise = 0.2
    found = compare.compare(BASE, HEAD, ["grid"], generations=(4, 1, 1))
    seen = float(compare.smallest(found, "grid").removesuffix(" %"))
    machine.noise = 0.01
    less = compare.compare(BASE, HEAD, ["grid"], generations=(4, 1, 1))
    assert seen > float(compare.smallest(less, "grid").removesuffix(" %")) > 3


# ---- the real worker ----

BASE_FILE = """
class Quick:
    name = "quick"
    def check(self, result):
        assert result == 3
    def run(self, threads):
        return sum(range(threads))
"""
CATALOGUE = """
from fastrest.benchmark.workloads.base import Quick
class Changed(Quick):
    def check(self, result):
        raise ArithmeticError("the result\\nhas changed")
class Absent(Quick):
    def __init__(self):
        import no_such_module
WORKLOADS = {"quick": Quick, "changed": Changed, "absent": Absent}
"""


@pytest.fixture
def workloads(tmp_path):
    """Write a folder of workloads that no installed version has."""
    files = {"__init__.py": "", "base.py": BASE_FILE, "catalogue.py": CATALOGUE}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.process
def test_worker_runs_the_given_workloads_and_tells_their_times(workloads):
    here = compare.Version("here", Path(sys.executable), workloads)
    with compare.Process(here, workloads, ["quick", "changed", "absent"], 3) as process:
        able, unable = process.ready()
        assert able == ["quick"]
        assert unable["changed"] == "changed: the result has changed"
        assert unable["absent"].startswith("absent: ModuleNotFoundError")
        assert 0 < process.time("quick") < 1
    assert process.process.poll() is not None


@pytest.mark.process
def test_process_reports_a_worker_that_dies(workloads):
    here = compare.Version("here", Path(sys.executable), workloads)
    with compare.Process(here, workloads, ["quick"], 3) as process:
        process.ready()
        with pytest.raises(compare.ComparisonError, match="that measures here ended with 1"):
            process.time("nobody")


def test_chosen_names_are_those_of_the_workloads():
    texts = compare.listed(ROOT)
    assert compare.chosen(texts, None) == sorted(WORKLOADS)
    assert compare.chosen(texts, "grid, table,grid") == ["grid", "table"]
    with pytest.raises(compare.ComparisonError, match="unknown workload 'gird': known are exact"):
        compare.chosen(texts, "gird")
    with pytest.raises(compare.ComparisonError, match="no workloads in fastrest/benchmark"):
        compare.chosen(compare.listed(ROOT / "bench"), None)


def test_listed_workloads_of_a_wheel_are_those_of_its_sources(tmp_path):
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for path in ROOT.joinpath(compare.WORKLOADS).glob("*.py"):
            file.write(path, path.relative_to(ROOT))
        file.writestr("fastrest/other.py", "name = 3")
    assert sorted(compare.listed(wheel)) == sorted(compare.listed(ROOT))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "no-such-reference"], "compare: git "),
        (["--base", ""], "compare: git "),
        (["--base", "none.whl"], "compare: there is no wheel none.whl"),
        (["--base", "old", "--tolerance", "nan"], "--tolerance must be > 0 and finite, got nan"),
        (["--base", "old", "--tolerance", "-1"], "--tolerance must be > 0 and finite, got -1"),
        (["--base", "old", "--threads", "0"], "--threads must be >= 1, got 0"),
        (["--base", "old", "--out", "no/x.md"], "--out no/x.md: there is no such folder"),
    ],
)
def test_compare_refuses_bad_options_before_building(capsys, arguments, said):
    try:
        code = compare.main(arguments)
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_compare_is_inconclusive_if_the_base_differs_from_itself(machine, monkeypatch):
    lucky = iter([1.0, 1.2] * 2)  # of the two processes of each A/A generation

    def process(version, workloads, names, threads):
        made = Fake(machine, version, names)
        made.luck = 1.0 if machine.rested else next(lucky, 1.0)
        return made

    machine.rested = True
    monkeypatch.setattr(compare, "Process", process)
    machine.factors["head", "grid"] = 1.1
    assert compare.compare(BASE, HEAD, ["grid"], generations=(2, 2, 2)).exit_code == 1
    machine.rested = False
    check = compare.Process(HEAD, None, ["grid"], 1)  # takes the first of the luck
    assert check.luck == 1.0
    lucky = iter([1.0, 1.0, 1.2, 1.0, 1.2])
    found = compare.compare(BASE, HEAD, ["grid"], generations=(2, 2, 2))
    assert found.verdicts == {"grid": "inconclusive"}
    assert found.exit_code == 3
