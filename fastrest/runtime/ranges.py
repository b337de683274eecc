"""Ranges of points: pairs (start, stop), in order."""

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from fastrest._core.validation import whole_number

#: The most parts of a sweep: arrays of jobs are shorter.
MOST_PARTS = 1_000_000

Ranges = Sequence[tuple[int, int]]


def cut(ranges: Ranges, size: int) -> Iterator[tuple[int, int]]:
    """Yield ranges in pieces of a size; the last piece of each range may be shorter."""
    for start, stop in ranges:
        for lo in range(start, stop, size):
            yield lo, min(lo + size, stop)


def join(ranges: Ranges) -> list[tuple[int, int]]:
    """Return the same ranges in order, neighbours joined to one."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def joined_with(ranges: Ranges, start: int, stop: int) -> list[tuple[int, int]]:
    """Return joined ranges with another one, which lies beside them: as `join`, but quicker."""
    found = list(ranges)
    i = bisect.bisect_left(found, (start, stop))
    before, after = i > 0 and found[i - 1][1] == start, i < len(found) and found[i][0] == stop
    if before:
        start = found[i - 1][0]
    if after:
        stop = found[i][1]
    found[i - before : i + after] = [(start, stop)]
    return found


def gaps(ranges: Ranges, points: int) -> list[tuple[int, int]]:
    """Return the ranges of [0, points) that joined ranges leave out."""
    edges = [0, *(edge for one in ranges for edge in one), points]
    return [(lo, hi) for lo, hi in zip(edges[::2], edges[1::2]) if lo < hi]


def common(some: Ranges, others: Ranges) -> list[tuple[int, int]]:
    """Return the ranges that lie both in some ranges and in others."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(start, stop) for start, stop in both if start < stop]


def checked_ranges(name: str, given: Any, points: int) -> list[tuple[int, int]]:
    """Return joined ranges of [0, points) that a file holds, or raise the ValueError."""
    ranges = [(whole_number(name, a, 0), whole_number(name, b, 0)) for a, b in given]
    edges = [edge for one in ranges for edge in one]
    if any(a >= b for a, b in itertools.pairwise(edges)) or any(edge > points for edge in edges):
        raise ValueError(f"{name} must be ranges of {points:,} points, in order and apart")
    return ranges


def checked_part(k: int, n: int) -> tuple[int, int]:
    """Return the number of a part and the number of parts, or raise the ValueError."""
    k, n = whole_number("k", k, 0), whole_number("n", n, 1, MOST_PARTS)
    if k >= n:
        raise ValueError(f"k must be from 0 to n - 1 = {n - 1}, got {k}")
    return k, n


def part_range(points: int, k: int, n: int, unit: int) -> tuple[int, int]:
    """Return the range of part k of n: a whole number of units, but for the last part."""
    units = -(-points // unit)
    start, stop = (min(units * i // n * unit, points) for i in (k, k + 1))
    return start, stop
