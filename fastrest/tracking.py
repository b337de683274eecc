"""What `fastrest bench` does: every workload measured, kept in a file, compared with a file.

The file has the format of pytest-benchmark's archives. Each workload is measured in turn with a
yardstick, and two files are compared by the ratios to it, not by times.
"""

import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import engine, timing
from .info import __version__, info, processor
from .workloads import WORKLOADS, Workload
from .yardsticks import YARDSTICKS

#: Bytes that the largest workload takes, with its counterparts and yardstick.
MEMORY = 1_300_000_000
#: Seconds for a workload beside its yardstick, and for its counterparts; rounds at least, at most.
TRACKED: tuple[float, tuple[int, int]] = (0.6, (9, 60))
COMPARED: tuple[float, tuple[int, int]] = (0.5, (3, 9))
#: What must be equal for a workload to be compared.
SAME = ("checksum", "points", "yardstick", "yardstick_points")
#: Processes that measure again what seems slower.
FURTHER = 3


@dataclass(frozen=True)
class Measured:
    """What was measured of one workload.

    Attributes
    ----------
    workload : type
    threads : int
    seconds : ndarray of shape (rounds, 2)
        Of the workload, and of its yardstick, in turn.
    beside : dict of str to ndarray of shape (rounds, 2)
        For ``"python"`` and ``"numpy"``, where they exist: seconds of the workload, and of its
        counterpart, in turn.
    """

    workload: type[Workload]
    threads: int
    seconds: np.ndarray
    beside: Mapping[str, np.ndarray]

    @property
    def per_point(self) -> float:
        """Nanoseconds."""
        return float(np.median(self.seconds[:, 0])) / self.workload.points * 1e9

    @property
    def memory_share(self) -> float | None:
        """How much of the rate at which memory could be read and written is reached."""
        yardstick = YARDSTICKS[self.workload.yardstick]
        moved = sum(self.workload.moved) * self.workload.points
        limit = self.seconds[:, 1] * moved / (yardstick.bytes * yardstick.points) if moved else None
        return None if limit is None else float(np.median(limit / self.seconds[:, 0]))

    def times(self, who: str) -> float | None:
        """How many times as long a counterpart takes for a point, or None if there is none."""
        if who not in self.beside:
            return None
        ours, theirs = self.beside[who].T
        points = counterpart_points(self.workload, who)
        return float(np.median(theirs / ours)) * self.workload.points / points


def counterpart_points(workload: type[Workload], who: str) -> int:
    return int(getattr(workload, f"{who}_points"))


def measure(kind: type[Workload], threads: int | None = None) -> Measured:
    """Measure one workload; ArithmeticError if its result, or a counterpart's, is another."""
    workload = kind()
    tracked = beside_yardstick(workload, threads)
    known = [who for who in ("python", "numpy") if counterpart_points(kind, who)]
    for who in known:
        if not workload.agrees(getattr(workload, who)(), counterpart_points(kind, who)):
            raise ArithmeticError(f"{kind.title}: {who} has another answer")
    others = [getattr(workload, who) for who in known]
    seconds, rounds = COMPARED
    compared = timing.in_turn(
        [lambda: workload.run(threads), *others], seconds=seconds, rounds=rounds
    )
    workload.check(workload.run(threads))
    return Measured(
        kind,
        engine.thread_count(threads, kind.points),
        tracked,
        {who: compared[:, [0, 1 + k]] for k, who in enumerate(known)},
    )


def beside_yardstick(workload: Workload, threads: int | None) -> np.ndarray:
    """Seconds of a workload, checked first, and of its yardstick, on as many threads, in turn."""
    workload.check(workload.run(threads))
    yardstick = YARDSTICKS[workload.yardstick]()
    n = engine.thread_count(threads, workload.points)
    runs = [lambda: workload.run(threads), lambda: yardstick.run(n)]
    runs[1]()
    seconds, rounds = TRACKED
    return timing.in_turn(runs, seconds=seconds, rounds=rounds)


#: What a process of its own runs to measure some workloads once more.
AGAIN = """
import json, sys
from fastrest import tracking
threads, *names = json.loads(sys.argv[1])
found = {}
for name in names:
    found[name] = tracking.beside_yardstick(tracking.WORKLOADS[name](), threads).tolist()
print(json.dumps(found))
"""


def measure_again(names: list[str], threads: int | None) -> dict[str, np.ndarray]:
    """Seconds of workloads and of their yardsticks in a process of its own, with its own luck."""
    command = [sys.executable, "-P", "-c", AGAIN, json.dumps([threads, *names])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OSError(f"a process that measures again ended with {done.returncode}")
    return {name: np.array(seconds) for name, seconds in json.loads(done.stdout).items()}


def measure_all(threads: int | None, report: Callable[[str], Any]) -> list[Measured]:
    """Measure all workloads, one after the other; each one's title is reported before."""
    engine.check_memory(MEMORY, None, "the benchmarks cannot do with less")
    found = []
    for kind in WORKLOADS.values():
        report(kind.title)
        found.append(measure(kind, threads))
    return found


# ---- files ----


def archive(measured: list[Measured]) -> dict[str, Any]:
    """All that was measured, as pytest-benchmark writes it."""
    benchmarks = []
    for one in measured:
        kind, yardstick = one.workload, YARDSTICKS[one.workload.yardstick]
        ours, others = one.seconds.T
        more = {
            "checksum": kind.checksum,
            "yardstick": yardstick.name,
            "yardstick_points": yardstick.points,
        }
        benchmarks += [
            _entry(one, "fastrest", ours, kind.points, one.threads, more),
            _entry(one, yardstick.name, others, yardstick.points, one.threads, {}),
        ]
        for who, rounds in one.beside.items():
            points = counterpart_points(kind, who)
            benchmarks.append(_entry(one, who, rounds[:, 1], points, 1, {}))
    return {
        "machine_info": {
            "processor": processor(),
            "machine": platform.machine(),
            "system": platform.system(),
            "python_version": platform.python_version(),
            "cpu": {"brand_raw": processor(), "count": os.cpu_count()},
            "libc": " ".join(platform.libc_ver()),
            "fastrest": info(),
        },
        "commit_info": {},
        "benchmarks": benchmarks,
        "datetime": datetime.datetime.now(datetime.UTC).isoformat(),
        "version": f"fastrest {__version__}",
    }


def _entry(
    one: Measured,
    who: str,
    seconds: np.ndarray,
    points: int,
    threads: int,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    name = f"{one.workload.name}[{who}]"
    return {
        "group": f"{one.workload.title}: how long?",
        "name": name,
        "fullname": f"fastrest bench::{name}",
        "params": None,
        "param": None,
        "extra_info": {
            "workload": one.workload.name,
            "who": who,
            "points": points,
            "ns_per_point": float(np.median(seconds)) / points * 1e9,
            "threads": threads,
            "isa": info()["isa"],
            **more,
        },
        "options": {},
        "stats": timing.stats(seconds.tolist()),
    }


def read(path: str | Path) -> dict[str, Any]:
    """An archive that `fastrest bench --json` wrote; ValueError if the file is none."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        _conditions(found)
        if not _ours(found):
            raise ValueError
        for one in _ours(found).values():
            if not isinstance(one["checksum"], str) or len(_pairs(found, one)) < 3:
                raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ValueError(f"{path} is not what `fastrest bench --json` writes") from None
    return found


def _ours(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What is noted beside the times of fastrest, by workload."""
    notes = [one["extra_info"] for one in found["benchmarks"]]
    return {one["workload"]: one for one in notes if one.get("who") == "fastrest"}


def _pairs(found: Mapping[str, Any], noted: Mapping[str, Any]) -> np.ndarray:
    """Seconds of a workload and of its yardstick, round by round."""
    times = {one["name"]: one["stats"]["data"] for one in found["benchmarks"]}
    sides = [times[f"{noted['workload']}[{who}]"] for who in ("fastrest", noted["yardstick"])]
    pairs = np.array(sides, dtype=float).T
    if pairs.ndim != 2 or not ((pairs > 1e-9) & (pairs < 1e9)).all():
        raise ValueError("these are no times")
    return pairs


def _conditions(found: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for two files to be comparable."""
    machine = found["machine_info"]
    return {
        "processor": machine["processor"],
        "instruction set": machine["fastrest"]["isa"],
        "system": machine["fastrest"]["platform"],
        "C library": machine["libc"],
        "Python": machine["fastrest"]["python"],
        "NumPy": machine["fastrest"]["numpy"],
        "threads": max((one["threads"] for one in _ours(found).values()), default=0),
    }


# ---- comparison ----


@dataclass(frozen=True)
class Change:
    """How a workload's time, in those of its yardstick, has changed: `ratio` is None if unknown."""

    workload: str
    ratio: timing.Ratio | None
    verdict: str


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    tolerance: float,
    again: Sequence[Mapping[str, np.ndarray]] = (),
) -> list[Change]:
    """What has changed from one archive to another, and what was measured again, by workload."""
    known, changes = _ours(before), []
    for name, new in _ours(after).items():
        old = known.get(name)
        if old is None or any(old.get(key) != new[key] for key in SAME):
            changes.append(Change(name, None, "inconclusive"))  # it computes something else
            continue
        further = [one[name] for one in again if name in one]
        ratio = timing.ratio([_pairs(after, new), *further], [_pairs(before, old)])
        changes.append(Change(name, ratio, ratio.verdict(tolerance)))
    return changes


def settled(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    tolerance: float,
    threads: int | None,
    report: Callable[[str], Any],
) -> list[Change]:
    """What has changed, once what is not as fast as before was measured in further processes."""
    again: list[Mapping[str, np.ndarray]] = []
    while True:
        changes = compare(before, after, tolerance, again)
        open_ones = [
            one.workload
            for one in changes
            if one.ratio is not None and one.verdict in ("slower", "inconclusive")
        ]
        if not open_ones or len(again) == FURTHER:
            return changes
        report(f"again: {', '.join(open_ones)}")
        again.append(measure_again(open_ones, threads))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """In what the conditions of two archives differ, in words."""
    old, new = _conditions(before), _conditions(after)
    return [f"{name} {old[name]}, now {new[name]}" for name in new if old[name] != new[name]]


def exit_code(changes: list[Change], others: list[str]) -> int:
    """0 if nothing is slower, 1 if something is, 3 if that cannot be told."""
    verdicts = {one.verdict for one in changes}
    if others:  # ratios to a yardstick are not the same on two machines
        return 3
    return 1 if "slower" in verdicts else 3 if "inconclusive" in verdicts else 0
