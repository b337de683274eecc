"""The base of all formats, their common functions, and records of unfinished saves."""

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.points.points import Points
from fastrest.runtime import scheduler
from fastrest.runtime.ranges import Ranges, checked_ranges, join
from fastrest.runtime.storage import is_ours, seal, sync, undamaged, unseal, write_safely

#: Points of a block, of a chunk of zarr and of a part of Parquet.
TASK = scheduler.BLOCKS_PER_TASK * scheduler.BLOCK_POINTS
#: The ending that the name of an output has while it is being replaced.
REPLACED = ".old"
WHAT = "output of fastrest's save"


def beside(path: Path, ending: str) -> Path:
    """Return the path with something added to its name."""
    return path.with_name(path.name + ending)


class Format:
    """One way to write points, and to read the parts from which they are made again.

    Attributes
    ----------
    folder : bool
        True if the output is a folder.
    least : float
        Lower bound of the output size as a fraction of the uncompressed size.
    unit, units : int
        Points that are always written together, counted from the start of each of `rows`, and
        the most of these in a task.
    rows : sequence of (start, stop)
        Ranges that together cover all points.
    stored : dict of str to ndarray
        The columns without which the points cannot be made again.
    with_status : bool
        True if the status is written too.
    card_name : str
        The file in a folder that holds the card.
    companions : tuple of str
        The endings of the files beside a file that belong to it.
    """

    folder = True
    least = 0.5
    unit, units = TASK, 1
    with_status = True
    card_name = ""
    companions: tuple[str, ...] = ()
    #: an optional module, and the extra that brings it
    needs: tuple[str, str] | None = None

    def __init__(self, points: Points, dtype: np.dtype[Any], part: Path):
        self.points, self.dtype, self.part = points, dtype, part
        self.stored = points.stored_columns()
        self.rows: Sequence[tuple[int, int]] = [(0, len(points))]

    def columns(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Return the columns beside the potentials of a range of points."""
        if not self.stored:
            return self.points.coordinates(start, stop)
        return self.points.stored_range(self.stored, start, stop)

    def create(self) -> None:
        """Create the parts that all blocks share."""
        raise NotImplementedError

    def open(self) -> None:
        """Prepare for blocks, also after a process was killed."""
        self.connect()

    def connect(self) -> None:
        """Prepare for blocks while other processes write theirs."""

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        """Write a range, and return the files that must be on the disk before it is done."""
        raise NotImplementedError

    def finish(self, card: bytes) -> None:
        """Write the card, which marks the output as complete."""
        raise NotImplementedError

    def publish(self, path: Path, card: bytes) -> None:
        """Give the complete output its name, in place of another."""
        self.finish(card)
        if path.exists():
            path.rename(beside(self.part, REPLACED))
        self.part.rename(path)
        sync(path.parent)

    def complete(self, path: Path, card: bytes) -> None:
        """Do what is left of `publish` once the output has its name: again after it was killed."""

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        """Return the card: the description that the output carries."""
        raise NotImplementedError

    @classmethod
    def check_rows(cls, path: Path, rows: int) -> None:
        """Raise the ValueError if there are not so many rows, before memory is taken for them."""

    @classmethod
    def read_columns(
        cls, path: Path, dtypes: Mapping[str, np.dtype[Any]], rows: int, times: int
    ) -> Iterable[np.ndarray]:
        """Yield the columns of a table, whose rows are points at each of several times.

        All errors but those of a missing module are of damage.
        """
        raise NotImplementedError

    @classmethod
    def foreign(cls, path: Path) -> Path | None:
        """Return a file or folder in the place of an output that is not one, or was changed."""
        if path.exists():
            try:
                unchanged = output_bytes(cls, path) == cls.card(path)["bytes"]
            except (ValueError, KeyError, OSError):
                unchanged = False
            return None if unchanged else path
        beside_it = [beside(path, ending) for ending in cls.companions]
        found = [one for one in beside_it if one.exists()]
        return found[0] if found and not is_ours(beside_it[0]) else None


def output_bytes(form: Format | type[Format], path: Path) -> int:
    """Return the size of an output in bytes, without the file that states it."""
    if not form.folder:
        return path.stat().st_size
    return sum(
        file.stat().st_size
        for file in path.rglob("*")
        if file.is_file() and file != path / form.card_name and not file.name.startswith(".")
    )


def signature(path: Path) -> list[int] | None:
    """Return the size and the time of the last change of a file, by which it is known again."""
    if not path.exists():
        return None
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


#: The ending of a record's name, added to that of its output.
RECORD = ".json"
#: Seconds between two records.
SAVE_EVERY = 5.0
#: Points after which a record is written in any case, because Ctrl-C waits for the disk.
SAVE_POINTS = 1 << 23


class Record:
    """The record of a save: a file beside the output that is written every few seconds.

    A range enters the record once its data are on the disk. When a process is killed, or the power
    fails, work may be lost, but no range is recorded whose data are missing.
    """

    def __init__(self, part: Path, identity: Mapping[str, Any]):
        self.part, self.path, self.identity = part, beside(part, RECORD), dict(identity)
        self.done: list[tuple[int, int]] = []
        self.fresh: list[tuple[int, int, list[Path]]] = []
        #: signatures of the part and of the output it replaces, once it is being published
        self.publishing: dict[str, Any] = {}
        self.saving = threading.Lock()
        self.saved = time.monotonic()
        self.sound = True

    def resume(self, points: int, companions: Sequence[str]) -> bool:
        """Take up the recorded ranges if there is a record, which must be of the same save."""
        part = self.part
        if not self.path.exists():
            for path in (part, *(beside(part, ending) for ending in companions)):
                if os.path.lexists(path):
                    raise FileExistsError(f"{path} is in the way, and is not an unfinished save")
            return False
        advice = f"delete {part.name} and {self.path.name}, or save under another name"
        try:
            found = unseal(self.path, "record of an unfinished save")
            with undamaged(self.path):
                done = found.get("done")
                ranges = checked_ranges("done", done or [], points)
                publishing = dict(found.get("publishing") or {})
        except ValueError as error:
            raise ValueError(f"{error}: {advice}") from None
        for key, value in self.identity.items():
            if found.get(key) != value:
                sweep = key in ("digest", "dtypes", "kept")
                other = "of another sweep" if sweep else f"with {key}={found.get(key)!r}"
                raise ValueError(f"{part} is an unfinished save {other}: {advice}")
        if part.is_symlink():
            raise FileExistsError(f"{part} is in the way: an unfinished save is not a link")
        self.publishing = publishing
        if done is None or not part.exists():
            return False
        self.done = ranges
        return True

    def add(self, start: int, stop: int, written: list[Path]) -> None:
        """Add a range and the files that hold it; write the record if it is due."""
        self.fresh.append((start, stop, written))
        waiting = sum(b - a for a, b, _ in self.fresh)
        due = time.monotonic() - self.saved >= SAVE_EVERY or waiting >= SAVE_POINTS
        if due and self.saving.acquire(blocking=False):
            try:
                self.save()
            finally:
                self.saving.release()

    def save(self) -> None:
        """Write the record, once the data of all ranges are on the disk."""
        fresh = self.fresh[:]
        try:
            paths = {path for *_, written in fresh for path in written}
            folders = {f for p in paths for f in p.parents if f.is_relative_to(self.part)}
            for path in (*paths, *folders):
                sync(path)
        except OSError:
            self.sound = False  # the system reports lost data only once
            raise
        done = join([*self.done, *(one[:2] for one in fresh)])
        self.write(done)
        del self.fresh[: len(fresh)]  # first: an interruption here loses work, not data
        self.done, self.saved = done, time.monotonic()

    def write(self, done: Ranges | None) -> None:
        """Write the record of some ranges; None before the output is created."""
        content = {**self.identity, "done": done, "publishing": self.publishing}
        write_safely(self.path, seal(content))
