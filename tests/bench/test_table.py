"""The tables of the READMEs, made from the results of benchmarks."""

import importlib.util
import json
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parents[2] / "bench" / "report" / "table.py"


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("bench_table", TABLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(workload, tool, threads, ns, group="a grid: how long?", **more):
    note = {"workload": workload, "tool": tool, "threads": threads, "ns_per_point": ns, **more}
    return {"group": group, "extra_info": note, "stats": {"median": ns, "data": [ns]}}


@pytest.fixture
def archive():
    info = {"isa": "avx2", "python": "3.13.1", "numpy": "2.4.0"}
    rates = {"gigabytes_per_second": 20.0}
    ours = {"moved": [0, 8], "yardstick": "fill"}
    scalar = {"group": "one call: how long?", "moved": [0, 0], "yardstick": "libm"}
    machine = {"machine": "x86_64", "system": "Linux", "release": "6.1", "fastrest": info}
    return {
        "machine_info": {**machine, "cpu": {"brand_raw": "A processor", "flags": ["sse2"]}},
        "commit_info": {"id": "0123456789abcdef", "dirty": False},
        "datetime": "2026-11-23T10:00:00",
        "benchmarks": [
            entry("grid", "fastrest", 1, 0.9, **ours),
            entry("grid", "fastrest", 2, 0.5, **ours),
            entry("grid", "python", 1, 7777.0),
            entry("grid", "numpy", 1, 3.3),
            entry("grid", "Numba", 2, 0.75),
            entry("scalar", "fastrest", 1, 2000.0, **scalar),
            entry("scalar", "numpy", 1, 1000.0, group="one call: how long?"),
            entry("yardstick", "fill", 2, 0.4, group="yardsticks", **rates),
            entry("yardstick", "copy", 2, 0.8, group="yardsticks", **rates),
            entry("yardstick", "arithmetic", 2, 0.1, group="yardsticks", instructions_per_ns=10.0),
        ],
    }


@pytest.fixture
def results(table, archive):
    return table.Results(archive, {"avx2": {"grid": 4.0}})


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_speed_shows_times_and_ratios(table, results):
    _, _, grid, scalar, _, foot = table.speed(results).splitlines()
    assert cells(grid) == ["a grid", "0.5 ns", "× 16,000", "× 6.6", "Numba × 1.5"]
    assert cells(scalar) == ["one call", "2 µs", "", "× 0.5", ""]
    assert foot.endswith(
        "A processor, 2 threads, avx2, Python 3.13.1, NumPy 2.4.0, 2026-11-23, commit 0123456789."
    )


def test_roofline_shows_limits_and_shares(table, results):
    _, _, grid, scalar, _, foot = table.roofline(results).splitlines()
    # 8 bytes at 20 GB/s; 4 instructions at 10 a ns
    limits = ["0.4 ns", "0.4 ns", "0.5 ns", "80 %", "memory"]
    assert cells(grid) == ["a grid", "0 + 8", "4", *limits]
    assert cells(scalar) == ["one call", "in the caches", "not counted", "", "", "2 µs", "", ""]
    assert foot.startswith("2 threads; memory filled at 20.0 GB/s, copied at 20.0 GB/s")


@pytest.fixture
def pages(table, archive, tmp_path, monkeypatch):
    """Two pages with marks, results and counts, in a folder of their own."""
    marks = "before\n<!-- {0}: made by bench/report/table.py -->\nold\n<!-- /{0} -->\nafter\n"
    (tmp_path / "bench").mkdir()
    for page, make in table.TABLES.items():
        (tmp_path / page).write_text(marks.format(make.__name__), encoding="utf-8")
    (tmp_path / "r.json").write_text(json.dumps(table.kept(archive)), encoding="utf-8")
    (tmp_path / "c.json").write_text('{"gcc 12": {"avx2": {"grid": 4.0}}}', encoding="utf-8")
    monkeypatch.setattr(table, "ROOT", tmp_path)
    monkeypatch.setattr(table, "COUNTS", tmp_path / "c.json")
    monkeypatch.setattr(table, "RESULTS", tmp_path / "r.json")
    return tmp_path


def test_table_checks_and_mends_pages(table, pages, capsys):
    assert table.main(["--check"]) == 1
    assert "not the figures of r.json: README.md and bench/README.md" in capsys.readouterr().out
    assert "old" in (pages / "README.md").read_text(encoding="utf-8")

    assert table.main([]) == 0
    page = (pages / "README.md").read_text(encoding="utf-8")
    assert page.startswith("before\n<!-- speed")
    assert page.endswith("<!-- /speed -->\nafter\n")
    assert "old" not in page
    assert "| a grid | 0.5 ns |" in page
    assert table.main(["--check"]) == 0

    (pages / "README.md").write_text(page.replace("0.5 ns", "0.4 ns"), encoding="utf-8")
    assert table.main(["--check"]) == 1
    assert "r.json: README.md\n" in capsys.readouterr().out


def test_table_keeps_new_results_without_their_rounds(table, pages, archive):
    archive["benchmarks"][1]["extra_info"]["ns_per_point"] = 0.25
    (pages / "new.json").write_text(json.dumps(archive), encoding="utf-8")
    assert table.main([str(pages / "new.json")]) == 0
    assert "| a grid | 0.25 ns |" in (pages / "README.md").read_text(encoding="utf-8")
    kept = (pages / "r.json").read_text(encoding="utf-8")
    assert '"ns_per_point": 0.25' in kept
    assert '"data"' not in kept
    assert "sse2" not in kept
    assert table.main(["--check"]) == 0


@pytest.mark.parametrize("lacks", ["commit_info", "benchmarks", "yardstick", "clean"])
def test_table_changes_no_file_if_results_are_incomplete(table, pages, archive, capsys, lacks):
    if lacks == "yardstick":
        archive["benchmarks"] = archive["benchmarks"][:-3]
    elif lacks == "clean":
        archive["commit_info"]["dirty"] = True
    else:
        del archive[lacks]
    (pages / "new.json").write_text(json.dumps(archive), encoding="utf-8")
    before = {
        path: path.read_text(encoding="utf-8") for path in pages.rglob("*.*") if path.is_file()
    }
    with pytest.raises(SystemExit, match="2"):
        table.main([str(pages / "new.json")])
    assert "new.json cannot be made into tables" in capsys.readouterr().err
    assert before == {path: path.read_text(encoding="utf-8") for path in before}


def test_speed_shows_peers_with_more_threads(table, archive):
    archive["benchmarks"][4]["extra_info"]["threads"] = 4
    shown = table.speed(table.Results(archive, {"avx2": {"grid": 4.0}}))
    assert "Numba × 1.5" in shown


def test_table_needs_marks_on_a_page(table, pages):
    (pages / "README.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(SystemExit, match="needs one <!-- speed"):
        table.main([])
