"""Records of unfinished saves: the ranges that are on the disk."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastrest.io.format import beside
from fastrest.runtime.ranges import Ranges, join
from fastrest.runtime.storage import seal, sync, unseal, write_safely

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
        self.saving = threading.Lock()
        self.saved = time.monotonic()
        self.sound = True

    def resume(self) -> bool:
        """Take up the recorded ranges if there is a record, which must be of the same save."""
        part = self.part
        if not self.path.exists():
            if part.exists():
                raise FileExistsError(f"{part} is in the way, and is not an unfinished save")
            return False
        advice = f"delete {part.name} and {self.path.name}, or save under another name"
        try:
            found = unseal(self.path, "record of an unfinished save")
        except ValueError as error:
            raise ValueError(f"{error}: {advice}") from None
        done = found.pop("done", None)
        for key, value in self.identity.items():
            if found.get(key) != value:
                sweep = key in ("digest", "dtypes", "kept")
                other = "of another sweep" if sweep else f"with {key}={found.get(key)!r}"
                raise ValueError(f"{part} is an unfinished save {other}: {advice}")
        if done is None or not part.exists():
            return False
        self.done = [(start, stop) for start, stop in done]
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
        write_safely(self.path, seal({**self.identity, "done": done}))
