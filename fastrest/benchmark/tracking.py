"""Measurement of every workload, and comparison with an earlier archive.

Each workload takes turns with a yardstick. Two archives are compared by the ratios of the
workloads' times to the yardsticks' times.
"""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastrest.benchmark import timing
from fastrest.benchmark.archive import Measured, counterpart_points, pairs
from fastrest.benchmark.workloads.base import Workload
from fastrest.benchmark.workloads.catalogue import WORKLOADS
from fastrest.benchmark.yardsticks import YARDSTICKS
from fastrest.runtime import scheduler, system

#: Bytes that the largest workload takes, with its counterparts and yardstick.
MEMORY = 1_300_000_000
#: Seconds, and the smallest and largest number of rounds, that a workload takes turns with its
#: yardstick, and with its counterparts.
TRACKED: tuple[float, tuple[int, int]] = (0.6, (9, 60))
COMPARED: tuple[float, tuple[int, int]] = (0.5, (3, 9))
#: Seconds that all workloads may take: once they are late, they are measured in the fewest rounds.
BUDGET = 20.0
#: Entries of an archive that must be equal for a workload to be compared.
SAME = ("checksum", "points", "yardstick", "yardstick_points")
#: The most processes that measure again the workloads that seem slower.
FURTHER = 3


# ---- measuring ----


def measure(kind: type[Workload], threads: int | None = None, *, hurried: bool = False) -> Measured:
    """Measure one workload; ArithmeticError if its result or a counterpart's is wrong.

    A hurried measurement has the fewest rounds.
    """
    workload = kind()
    tracked = beside_yardstick(workload, threads, hurried=hurried)
    known = [name for name in ("python", "numpy") if counterpart_points(kind, name)]
    for name in known:
        if not workload.agrees(getattr(workload, name)(), counterpart_points(kind, name)):
            raise ArithmeticError(f"{kind.title}: {name} has another answer")
    others = [getattr(workload, name) for name in known]
    seconds, rounds = COMPARED
    runs = [lambda: workload.run(threads), *others]
    compared = timing.in_turn(runs, 0.0 if hurried else seconds, rounds)
    workload.check(workload.run(threads))
    return Measured(
        kind,
        scheduler.thread_count(threads, kind.points),
        tracked,
        {name: compared[:, [0, 1 + k]] for k, name in enumerate(known)},
    )


def beside_yardstick(
    workload: Workload, threads: int | None, *, hurried: bool = False
) -> np.ndarray:
    """Check a workload, and time it in turn with its yardstick on as many threads."""
    workload.check(workload.run(threads))
    yardstick = YARDSTICKS[workload.yardstick]()
    n = scheduler.thread_count(threads, workload.points)
    runs = [lambda: workload.run(threads), lambda: yardstick.run(n)]
    runs[1]()
    seconds, rounds = TRACKED
    return timing.in_turn(runs, 0.0 if hurried else seconds, rounds)


def measure_again(names: Sequence[str], threads: int | None) -> dict[str, np.ndarray]:
    """Measure workloads beside their yardsticks in a process of their own."""
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_beside_yardsticks, names, threads).result()
    except BrokenProcessPool:
        raise OSError("the process that measures again ended without an answer") from None


def _beside_yardsticks(names: Sequence[str], threads: int | None) -> dict[str, np.ndarray]:
    return {name: beside_yardstick(WORKLOADS[name](), threads) for name in names}


def measure_all(threads: int | None, report: Callable[[str], Any]) -> list[Measured]:
    """Measure all workloads in turn, and report each one's title before it is measured."""
    system.check_memory(MEMORY, None, "the benchmarks cannot do with less")
    found: list[Measured] = []
    started = time.perf_counter()
    for kind in WORKLOADS.values():
        report(kind.title)
        late = time.perf_counter() - started > BUDGET * len(found) / len(WORKLOADS)
        found.append(measure(kind, threads, hurried=late and bool(found)))
    return found


# ---- comparing ----


@dataclass(frozen=True)
class SpeedChange:
    """The change of a workload's time in units of its yardstick's; `ratio` is None if unknown."""

    workload: str
    ratio: timing.Ratio | None
    verdict: str


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    tolerance: float,
    again: Sequence[Mapping[str, np.ndarray]] = (),
) -> list[SpeedChange]:
    """Compare two archives; times that were measured again are added to the later one."""
    changes = []
    for name, new in after["workloads"].items():
        old = before["workloads"].get(name)
        if old is None or any(old.get(key) != new[key] for key in SAME):
            changes.append(SpeedChange(name, None, "inconclusive"))  # other work
            continue
        further = [one[name] for one in again if name in one]
        ratio = timing.ratio([pairs(new), *further], [pairs(old)])
        changes.append(SpeedChange(name, ratio, ratio.verdict(tolerance)))
    return changes


def settled(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    tolerance: float,
    threads: int | None,
    report: Callable[[str], Any],
) -> list[SpeedChange]:
    """Compare two archives, and measure again the workloads that do not pass."""
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
    """Describe the conditions in which two archives differ."""
    old = before["conditions"]
    return [
        f"{name} {old.get(name)}, now {new}"
        for name, new in after["conditions"].items()
        if old.get(name) != new
    ]


def exit_code(changes: list[SpeedChange], others: list[str]) -> int:
    """Return 0 if no workload is slower, 1 if one is, 3 if the comparison is inconclusive."""
    verdicts = {one.verdict for one in changes}
    if others:  # ratios to a yardstick are not the same on two machines
        return 3
    return 1 if "slower" in verdicts else 3 if "inconclusive" in verdicts else 0
