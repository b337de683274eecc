"""Partial results: saved, resumed and merged, in sealed files that outlive a release.

A file carries its `format`, and `bits` where numbers are drawn. A later version of fastrest reads
every earlier format, and resumes or merges a partial result of the same points and questions
unless its `bits` differ: the later version then draws other numbers.
"""

import abc
import contextlib
import functools
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from fastrest._core.validation import Hooked, whole_number
from fastrest.runtime import locks, storage
from fastrest.runtime.ranges import Ranges, checked_ranges, common, gaps, join

#: Seconds between two saves of a checkpoint.
SAVE_EVERY = 5.0


class PartialResult(Hooked, abc.ABC):
    """The result of some of the points of one description.

    Attributes
    ----------
    description : dict
        The points and the questions, as JSON holds them.
    bits : int or None
        Version of the drawn numbers; None if none are drawn.
    done : list of (int, int)
        Ranges of points that are done.
    """

    _hooks: ClassVar[tuple[str, ...]] = (
        *("add", "check", "content", "differs", "file_kind", "key", "read", "restore", "unit_name"),
    )

    #: the contents of a file of this kind, in words, and the key that only such files have
    file_kind: ClassVar[str]
    key: ClassVar[str]
    #: the name of the points in messages
    unit_name: ClassVar[str] = "points"

    description: dict[str, Any]
    bits: int | None
    done: list[tuple[int, int]]

    @property
    @abc.abstractmethod
    def points(self) -> int:
        """The number of points of the whole."""

    @abc.abstractmethod
    def add(self, found: Any, start: int, stop: int) -> None:
        """Add the result of a range: all of it or, if Ctrl-C comes in between, nothing."""

    @abc.abstractmethod
    def check(self) -> None:
        """Raise the ValueError that names a field of a file which contradicts another."""

    @abc.abstractmethod
    def content(self) -> dict[str, Any]:
        """Return the content of a file beside the description, as JSON."""

    def differs(self, other: Self) -> str:
        """Return the difference of a result that cannot be put together with this one, or ''."""
        if other.digest != self.digest:
            return f"another {self.key}"
        if other.bits != self.bits:
            bits = f"bits {other.bits}, not {self.bits}"
            return f"numbers drawn by another version of fastrest ({bits})"
        return ""

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the description."""
        return storage.digest(self.description)

    @functools.cached_property
    def _text(self) -> str:
        """The description as text, made once: with long axes that takes longer than the rest."""
        return json.dumps(self.description)

    @property
    def complete(self) -> bool:
        """True if all points are done."""
        return not gaps(self.done, self.points)

    def save(self, path: storage.StrPath, *, overwrite: bool = False) -> None:
        """Write to a file; an existing one is replaced only by the whole new one.

        Parameters
        ----------
        path : path
            The file.
        overwrite : bool
            True to replace a file that fastrest did not write.

        Raises
        ------
        FileExistsError
            There is a file that fastrest did not write.
        OSError
            The file cannot be written.
        """
        head = {self.key: self._text, "digest": self.digest, "bits": self.bits, "done": self.done}
        content = storage.seal({**head, **self.content()})
        storage.write_safely(path, content, overwrite=overwrite)

    @classmethod
    def read(cls, path: storage.StrPath) -> dict[str, Any]:
        """Return the content of a file, with its description as a dict."""
        path = storage.as_path(path)
        data = storage.unseal(path, cls.file_kind)
        if not isinstance(data.get(cls.key), str):
            raise ValueError(f"{path} is not a {cls.file_kind}")
        with storage.undamaged(path):
            description = json.loads(data[cls.key])
            digest = storage.digest(description)
            if data.get("digest", digest) != digest:  # files of 0.1.0 have none
                raise ValueError(f"digest is not that of the {cls.key}")
        return {**data, "description": description, "digest": digest}

    def restore(self, data: Mapping[str, Any]) -> Self:
        """Take the bits and the finished ranges from the content of a file, and check them all.

        Raises
        ------
        ValueError
            A field contradicts another.
        """
        bits, drawn = data["bits"], self.bits is not None
        if bits is not None:
            whole_number("bits", bits, 1)
        if (bits is not None) != drawn:
            raise ValueError(f"bits must be {'a number' if drawn else 'None'}, got {bits!r}")
        done = checked_ranges("done", data["done"], self.points)
        self.bits, self.done = bits, done
        if "digest" in data:  # it takes long to find again
            vars(self).update(digest=data["digest"])
        self.check()
        return self


P = TypeVar("P", bound=PartialResult)


def check_parts(parts: Sequence[PartialResult], what: str, files: Sequence[str] = ()) -> None:
    """Raise unless parts are of one description and together cover all its points once.

    The error names the files that the parts come from, if they come from files.
    """
    first, done = parts[0], list[tuple[int, int]]()
    for i, one in enumerate(parts):
        other = first.differs(one)
        if other:
            which = files[i] if files else "one"
            raise ValueError(f"these {what} do not belong together: {which} is of {other}")
        overlap = common(done, one.done)
        if overlap:
            start, stop = overlap[0]
            two = [name for name, x in zip(files, parts[: i + 1]) if common(overlap, x.done)]
            raise ValueError(
                f"{first.unit_name} {start:,} to {stop:,} are in two of these {what}"
                + (f": {' and '.join(two)}" if two else "")
            )
        done = join([*done, *one.done])
    missing = ", ".join(f"{a:,} to {b:,}" for a, b in gaps(done, first.points))
    if missing:
        given = f" ({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})" if files else ""
        raise ValueError(f"these {what}{given} leave out the {first.unit_name} {missing}")


class Checkpoint:
    """The file of a partial result, written every few seconds while the result grows.

    Parameters
    ----------
    path : path
    load : callable
        Reads the partial result of a file.
    """

    def __init__(self, path: storage.StrPath, load: Any):
        self.path, self.load = Path(path), load
        self.saved = time.monotonic()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: storage.StrPath | None, load: Any) -> Iterator["Checkpoint | None"]:
        """Yield the checkpoint of a path, locked against other processes; None without a path."""
        if path is None:
            yield None
            return
        path = storage.as_path(path, "checkpoint")
        storage.check_writable(path, overwrite=True)  # a file of another kind is not replaced
        with contextlib.ExitStack() as stack:
            with storage.named(path):
                stack.enter_context(locks.locked(path))
            yield cls(path, load)

    def resume(self, result: P, ranges: Ranges | None = None) -> P:
        """Return the saved result if there is one; else save the given result and return it.

        The saved result must answer the same questions, and about these ranges if any are given.
        """
        if not self.path.exists():
            self.save(result)  # an error of the disk comes now, not after an hour
            return result
        kept: P = self.load(self.path)
        other = result.differs(kept)
        if not other and ranges and common(kept.done, ranges) != kept.done:
            other = "another part"
        if other:
            raise ValueError(
                f"checkpoint {self.path} is of {other}: delete it or name another file"
            )
        return kept

    def due(self) -> bool:
        """Return True if the last save is some seconds ago."""
        return time.monotonic() - self.saved >= SAVE_EVERY

    def save(self, result: PartialResult) -> None:
        """Write the file."""
        result.save(self.path)
        self.saved = time.monotonic()


def loaded(parts: Iterable[Any], load: Any) -> list[Any]:
    """Return parts, after loading those that are paths."""
    return [load(one) if isinstance(one, str | os.PathLike) else one for one in parts]
