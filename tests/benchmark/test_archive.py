"""Measured workloads, and the archive that keeps them."""

import json

import numpy as np
import pytest

from fastrest.benchmark import archive
from fastrest.benchmark.workloads.catalogue import WORKLOADS
from fastrest.benchmark.yardsticks import YARDSTICKS


@pytest.mark.parametrize(("name", "share"), [("grid", 8 / 8 / 3), ("table", 80 / 16 / 3)])
def test_memory_share_of_a_point_that_takes_three_times_the_yardstick(name, share):
    kind = WORKLOADS[name]
    points = YARDSTICKS[kind.yardstick].points
    seconds = np.array([[3 * kind.points * k, points * k] for k in (2.0, 4.0, 1.0)])
    assert archive.Measured(kind, 2, seconds, {}).memory_share == pytest.approx(share)


def test_archived_keeps_conditions_and_every_round(small):
    seconds = np.array([[2.0, 1.0], [4.0, 1.5], [6.0, 2.0]])
    counterparts = {"python": np.array([[2.0, 8.0]])}
    kept = archive.archived([archive.Measured(small["small"], 2, seconds, counterparts)])
    assert json.loads(json.dumps(kept)) == kept
    assert kept["conditions"]["threads"] == 2
    entry = kept["workloads"]["small"]
    assert entry["checksum"] == small["small"].checksum
    assert entry["ns_per_point"] == pytest.approx(4.0 / 1000 * 1e9)
    assert entry["counterparts"] == {"python": {"points": 10, "seconds": [8.0]}}
    assert np.array_equal(archive.pairs(entry), seconds)


def test_read_archive_returns_what_was_written(steady, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(steady), encoding="utf-8")
    assert archive.read_archive(path) == steady


@pytest.mark.parametrize(
    "seconds",
    [
        ([1.0, 2.0], [0.5, 0.5]),
        ([1.0, -1.0, 1.0], [0.5] * 3),
        ([1.0, "a", 2.0], [0.5] * 3),
        ([1.0, float("nan"), 2.0], [0.5] * 3),
        ([1.0, 1e10, 2.0], [0.5] * 3),
        (None, None),
        ([[1.0] * 3], [0.5] * 3),
        ([1.0] * 22, [0.5] * 21),
    ],
    ids=["two", "negative", "text", "nan", "long", "none", "nested", "unequal"],
)
def test_read_archive_refuses_times_that_are_no_times(steady, tmp_path, seconds):
    entry = steady["workloads"]["small"]
    entry["seconds"], entry["yardstick_seconds"] = seconds
    path = tmp_path / "x.json"
    path.write_text(json.dumps(steady), encoding="utf-8")
    with pytest.raises(ValueError, match="is not an archive that `fastrest bench --json` writes"):
        archive.read_archive(path)


@pytest.mark.parametrize("place", ["conditions", "workloads", "checksum"])
def test_read_archive_needs_conditions_workloads_and_checksums(steady, tmp_path, place):
    holder = steady if place in steady else steady["workloads"]["small"]
    holder[place] = 3
    path = tmp_path / "x.json"
    path.write_text(json.dumps(steady), encoding="utf-8")
    with pytest.raises(ValueError, match="is not an archive"):
        archive.read_archive(path)
