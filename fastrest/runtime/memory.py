"""Memory: a need is checked before anything is allocated."""

import contextlib
import os
from pathlib import Path

from fastrest._core.validation import whole_number


def memory_available() -> int | None:
    """Return the bytes that this process may still take; None if the system does not tell."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):
        cgroup = Path("/sys/fs/cgroup")
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        found.append(limit - used + int(stat.get("inactive_file", 0)))  # a cache
    if not found:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def check_memory(need: int, max_memory: int | None, instead: str) -> None:
    """Raise the MemoryError that names the need and another way, unless so many bytes fit."""
    if need < 1 << 20 and max_memory is None:
        return  # asking the system takes longer than a small sweep
    if max_memory is None:
        limit, source = memory_available(), "available are"
    else:
        limit, source = whole_number("max_memory", max_memory, 1), "max_memory is"
    if limit is not None and need > limit:
        raise MemoryError(f"this needs {bytes_text(need)}, {source} {bytes_text(limit)}: {instead}")


def bytes_text(n: int) -> str:
    """Return a number of bytes as text, with a unit."""
    size = float(n)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} PB"
