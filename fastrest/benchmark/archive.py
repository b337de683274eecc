"""Measured workloads, and the archive in which `fastrest bench --json` keeps them.

An archive is a JSON object: the version and date of the measurement, its conditions, and an entry
for each workload. An entry has the checksum and sizes of the workload, and the seconds of every
round of the workload, its yardstick and its counterparts.
"""

import datetime
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastrest._version import __version__
from fastrest.benchmark.workloads.base import Workload
from fastrest.benchmark.yardsticks import YARDSTICKS
from fastrest.runtime.system import info, processor


@dataclass(frozen=True)
class Measured:
    """The measurement of one workload.

    Attributes
    ----------
    workload : type
    threads : int
    seconds : ndarray of shape (rounds, 2)
        Times of the workload and of its yardstick, which took turns.
    counterparts : dict of str to ndarray of shape (rounds, 2)
        For ``"python"`` and ``"numpy"``, if they exist: times of the workload and of the
        counterpart, which took turns.
    """

    workload: type[Workload]
    threads: int
    seconds: np.ndarray
    counterparts: Mapping[str, np.ndarray]

    @property
    def per_point(self) -> float:
        """Nanoseconds per point of the median round."""
        return float(np.median(self.seconds[:, 0])) / self.workload.points * 1e9

    @property
    def memory_share(self) -> float | None:
        """The rate of memory traffic as a share of the yardstick's, or None without traffic."""
        yardstick = YARDSTICKS[self.workload.yardstick]
        moved = sum(self.workload.moved) * self.workload.points
        limit = self.seconds[:, 1] * moved / (yardstick.bytes * yardstick.points) if moved else None
        return None if limit is None else float(np.median(limit / self.seconds[:, 0]))

    def times(self, counterpart: str) -> float | None:
        """Return the time per point of a counterpart as a multiple of ours, or None without one."""
        if counterpart not in self.counterparts:
            return None
        ours, theirs = self.counterparts[counterpart].T
        points = counterpart_points(self.workload, counterpart)
        return float(np.median(theirs / ours)) * self.workload.points / points


def counterpart_points(workload: type[Workload], counterpart: str) -> int:
    """Return the number of points that a counterpart computes, 0 if there is none."""
    return int(getattr(workload, f"{counterpart}_points"))


def archived(measured: list[Measured]) -> dict[str, Any]:
    """Return the archive of measurements."""
    known = info()
    return {
        "version": f"fastrest {__version__}",
        "datetime": datetime.datetime.now(datetime.UTC).isoformat(),
        "conditions": {
            "processor": processor(),
            "instruction set": known["isa"],
            "system": known["platform"],
            "C library": " ".join(platform.libc_ver()),
            "Python": known["python"],
            "NumPy": known["numpy"],
            "threads": max(one.threads for one in measured),
        },
        "workloads": {one.workload.name: _entry(one) for one in measured},
    }


def _entry(one: Measured) -> dict[str, Any]:
    kind, (seconds, yardstick_seconds) = one.workload, one.seconds.T.tolist()
    return {
        "title": kind.title,
        "checksum": kind.checksum,
        "points": kind.points,
        "threads": one.threads,
        "ns_per_point": one.per_point,
        "seconds": seconds,
        "yardstick": kind.yardstick,
        "yardstick_points": YARDSTICKS[kind.yardstick].points,
        "yardstick_seconds": yardstick_seconds,
        "counterparts": {
            name: {"points": counterpart_points(kind, name), "seconds": rounds[:, 1].tolist()}
            for name, rounds in one.counterparts.items()
        },
    }


def pairs(entry: Mapping[str, Any]) -> np.ndarray:
    """Return the times of a workload and of its yardstick, an array of shape (rounds, 2)."""
    return np.array([entry["seconds"], entry["yardstick_seconds"]], dtype=float).T


def read_archive(path: str | Path) -> dict[str, Any]:
    """Read an archive; ValueError if the file is not one."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        valid = isinstance(found["conditions"], dict) and bool(found["workloads"])
        for entry in found["workloads"].values():
            seconds = pairs(entry)
            valid &= isinstance(entry["checksum"], str) and seconds.ndim == 2 and len(seconds) >= 3
            valid &= bool(((seconds > 1e-9) & (seconds < 1e9)).all())
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        valid = False
    if not valid:
        raise ValueError(f"{path} is not an archive that `fastrest bench --json` writes")
    return found
