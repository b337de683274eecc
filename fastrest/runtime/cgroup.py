"""Limits of the control groups of this process: its own, and those above it (Linux)."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

#: The root of the file system, which tests replace.
ROOT = Path("/")


def cpu_quotas() -> Iterator[float]:
    """Yield the CPUs that each group may use on average, if it has a quota."""
    for folder, second in _groups("cpu"):
        with contextlib.suppress(OSError, ValueError):
            if second:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            if int(quota) > 0 and int(period) > 0:
                yield int(quota) / int(period)


def free_memory() -> Iterator[int]:
    """Yield the bytes that each group may still take, if it has a limit."""
    for folder, second in _groups("memory"):
        names = ("max", "current") if second else ("limit_in_bytes", "usage_in_bytes")
        with contextlib.suppress(OSError, ValueError):
            limit, used = (int((folder / f"memory.{name}").read_text()) for name in names)
            lines = (folder / "memory.stat").read_text().splitlines()
            stat = dict(line.split() for line in lines)
            cache = stat.get("inactive_file" if second else "total_inactive_file", 0)
            yield max(0, limit - used + int(cache))


def _groups(controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the folder of each group, and whether it is of version 2 of the control groups."""
    mounts = ROOT / "sys" / "fs" / "cgroup"
    try:
        lines = (ROOT / "proc" / "self" / "cgroup").read_text().splitlines()
    except OSError:
        lines = ["0::/"]
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        mount = mounts / controllers
        group = mount / path.lstrip("/")
        while ".." not in group.parts:  # the path of a container may lie above what it sees
            yield group, not controllers
            if group == mount:
                break
            group = group.parent
