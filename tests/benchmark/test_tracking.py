"""Measuring workloads, and comparing the measurements with an archive."""

import copy

import numpy as np
import pytest

from fastrest.benchmark import tracking
from fastrest.cli import report


def test_measure_all_measures_workloads_and_counterparts(small):
    titles = []
    one, alone = tracking.measure_all(1, titles.append)
    assert titles == ["a small table", "a table on its own"]
    assert one.per_point > 0
    assert one.times("python") > one.times("numpy") > 0
    assert alone.times("numpy") is None
    assert one.memory_share is None


def test_measure_refuses_a_counterpart_that_disagrees(small, monkeypatch):
    monkeypatch.setattr(small["small"], "numpy", lambda self: self.V + 1e-6)
    with pytest.raises(ArithmeticError, match="a small table: numpy has another answer"):
        tracking.measure_all(1, lambda title: None)


@pytest.mark.process
@pytest.mark.slow
def test_measure_again_measures_in_a_further_process():
    found = tracking.measure_again(["scalar"], 1)
    assert found["scalar"].shape[1] == 2
    assert (found["scalar"] > 0).all()
    with pytest.raises(KeyError, match="no such workload"):
        tracking.measure_again(["no such workload"], 1)


@pytest.mark.parametrize(
    ("factor", "code"), [(1.0, 0), (0.5, 0), (1.1, 0), (1.25, 3), (1.4, 1)], ids=str
)
def test_exit_code_follows_the_slow_down(steady, slowed, factor, code):
    after = slowed(factor)
    changes = tracking.compare(steady, after, 0.25)
    assert [one.workload for one in changes] == ["small", "alone"]
    assert changes[0].ratio.value == pytest.approx(factor, rel=0.02)
    assert tracking.exit_code(changes, tracking.differences(steady, after)) == code


def test_exit_code_is_1_for_one_slower_workload(steady, slowed):
    after = slowed(1.4)
    after["workloads"]["alone"] = steady["workloads"]["alone"]
    changes = tracking.compare(steady, after, 0.25)
    assert [one.verdict for one in changes] == ["slower", "pass"]
    assert tracking.exit_code(changes, []) == 1
    assert "slower" in "\n".join(report.changes(changes, [], "before.json", 0.25))


@pytest.mark.slow
@pytest.mark.parametrize(("again", "code"), [([1.0, 1.0, 1.0], 0), ([1.5, 1.4, 1.5], 1)])
def test_settled_measures_again_only_what_seems_slower(steady, slowed, monkeypatch, again, code):
    after, asked, ratios = slowed(1.4), [], iter(again)
    after["workloads"]["alone"] = steady["workloads"]["alone"]

    def measure_again(names, threads):
        asked.append(names)
        ratio = next(ratios)
        return {name: np.array([[ratio, 0.5]] * 21) for name in names}

    monkeypatch.setattr(tracking, "measure_again", measure_again)
    changes = tracking.settled(steady, after, 0.25, 1, lambda text: None)
    assert asked == [["small"]] * len(asked)
    assert 1 <= len(asked) <= tracking.FURTHER
    assert tracking.exit_code(changes, []) == code


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("processor", "Another"),
        ("instruction set", "mmx"),
        ("Python", "2.7"),
        ("NumPy", "1.26"),
        ("system", "Amiga"),
        ("C library", "newlib"),
        ("threads", 17),
    ],
)
def test_differences_forbid_a_comparison_with_other_machines(steady, slowed, condition, value):
    before, after = copy.deepcopy(steady), slowed(2)
    before["conditions"][condition] = value
    others = tracking.differences(before, after)
    assert len(others) == 1
    assert f"{condition} {value}, now" in others[0]
    changes = tracking.compare(before, after, 0.25)
    assert tracking.exit_code(changes, others) == 3
    assert others[0] in "\n".join(report.changes(changes, others, "before.json", 0.25))


@pytest.mark.parametrize("key", tracking.SAME)
def test_compare_leaves_out_a_workload_that_computes_something_else(steady, key):
    before = copy.deepcopy(steady)
    before["workloads"]["small"][key] = "another"
    changes = tracking.compare(before, steady, 0.25)
    assert [one.verdict for one in changes] == ["inconclusive", "pass"]
    assert tracking.exit_code(changes, tracking.differences(before, steady)) == 3
    assert "not comparable" in "\n".join(report.changes(changes, [], "b.json", 0.25))


def test_compare_leaves_out_a_workload_that_is_new(steady):
    before = copy.deepcopy(steady)
    before["workloads"]["another"] = before["workloads"].pop("small")
    changes = tracking.compare(before, steady, 0.25)
    assert [one.verdict for one in changes] == ["inconclusive", "pass"]
    assert tracking.exit_code(changes, tracking.differences(before, steady)) == 3
    assert "not comparable" in "\n".join(report.changes(changes, [], "b.json", 0.25))
