"""Partial results: saved, resumed and merged, in sealed files that outlive a release.

A file carries its `format`, and `bits` where numbers are drawn. A later version of fastrest reads
every earlier format, and resumes or merges a partial result of the same points and questions
unless its `bits` differ: the later version then draws other numbers.
"""

import abc
import bisect
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
from fastrest.runtime.ranges import (
    Ranges,
    checked_part,
    checked_ranges,
    common,
    gaps,
    joined_with,
)

#: Seconds between two saves of a checkpoint.
SAVE_EVERY = 5.0
#: Missing parts, or ranges, that an error lists.
MOST_LISTED = 20


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
        *("add", "check", "content", "differs", "file_kind", "key", "part", "read"),
        *("read_description", "restore", "unit_name"),
    )

    #: the contents of a file of this kind, in words, and the key that only such files have
    file_kind: ClassVar[str]
    key: ClassVar[str]
    #: the name of the points in messages
    unit_name: ClassVar[str] = "points"

    description: dict[str, Any]
    bits: int | None
    done: list[tuple[int, int]]
    #: k and n, if this is part k of n
    part: tuple[int, int] | None = None

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
        head: dict[str, Any] = {
            self.key: self._text,
            "digest": self.digest,
            "bits": self.bits,
            "done": self.done,
        }
        head |= {} if self.part is None else {"part": self.part}
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
            found = json.loads(data[cls.key])
            digest = storage.digest(found)
            if data.get("digest", digest) != digest:  # files of 0.1.0 have none
                raise ValueError(f"digest is not that of the {cls.key}")
            description = cls.read_description(found, data["format"])
            if description != found:
                digest = storage.digest(description)
        return {**data, "description": description, "digest": digest}

    @classmethod
    def read_description(cls, found: dict[str, Any], file_format: int) -> dict[str, Any]:
        """Return the description in a file of a format as the present format has it."""
        return found

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
        if data.get("part") is not None:
            self.part = checked_part(*data["part"])
        self.bits, self.done = bits, done
        if "digest" in data:  # it takes long to find again
            vars(self).update(digest=data["digest"])
        self.check()
        return self


P = TypeVar("P", bound=PartialResult)


class Parts:
    """Parts of one description, taken one after another, which must cover all its points once.

    Errors name the files that the parts come from, if they come from files.
    """

    def __init__(self, first: PartialResult, what: str):
        self.first, self.what = first, what
        self.unit, self.points = first.unit_name, first.points
        #: the ranges of all parts so far, those with their files, and the parts by number
        self.done: list[tuple[int, int]] = []
        self.sources: list[tuple[Ranges, str]] = []
        self.numbers: set[int] = set()
        self.n = None if first.part is None else first.part[1]

    def take(self, one: PartialResult, file: str = "") -> None:
        """Take a part, or raise the ValueError."""
        other = self.first.differs(one)
        if other:
            raise ValueError(
                f"these {self.what} do not belong together: {file or 'one'} is of {other}"
            )
        done = self.done
        for start, stop in one.done:
            if common(done[max(0, bisect.bisect(done, (start, stop)) - 1) :][:2], [(start, stop)]):
                self._overlap(one, file)
            done = joined_with(done, start, stop)
        self.done = done
        self.sources.append((one.done, file))
        if one.part is None or one.part[1] != self.n:
            self.n = None
        else:
            self.numbers.add(one.part[0])

    def _overlap(self, one: PartialResult, file: str) -> None:
        start, stop = common(self.done, one.done)[0]
        two = [name for ranges, name in self.sources if common([(start, stop)], ranges)]
        names = f": {' and '.join([*two, file])}" if file else ""
        raise ValueError(
            f"{self.unit} {start:,} to {stop:,} are in two of these {self.what}{names}"
        )

    def check_complete(self) -> None:
        """Raise the ValueError that names the missing parts, or points, if there are any."""
        missing = gaps(self.done, self.points)
        if not missing:
            return
        left = listed([f"{a:,} to {b:,}" for a, b in missing])
        files = [file for _, file in self.sources if file]
        given = f" ({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})" if files else ""
        lost = [] if self.n is None else sorted({*range(self.n)} - self.numbers)
        verb = ("part", "is") if len(lost) == 1 else ("parts", "are")
        parts = f": {verb[0]} {listed(lost)} of {self.n} {verb[1]} missing" if lost else ""
        raise ValueError(f"these {self.what}{given} leave out the {self.unit} {left}{parts}")


def listed(things: Sequence[Any]) -> str:
    """Return things in words: the first ones, and the number of others."""
    more = len(things) - MOST_LISTED
    words = ", ".join(map(str, things[:MOST_LISTED]))
    return f"{words} and {more:,} more" if more > 0 else words


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


def loaded(parts: Iterable[Any], load: Any) -> Iterator[tuple[Any, str]]:
    """Yield parts, after loading those that are paths, each with its path."""
    for one in parts:
        if isinstance(one, str | os.PathLike):
            with _file_named(one):
                found = load(one)
            yield found, os.fspath(one)
        else:
            yield one, ""


@contextlib.contextmanager
def _file_named(path: Any) -> Iterator[None]:
    """Name a file in errors that do not name it."""
    try:
        yield
    except (ValueError, TypeError, MemoryError) as error:
        if os.fspath(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error
