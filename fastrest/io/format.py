"""The base of all formats, and the names and functions that they share."""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.points.points import Points
from fastrest.runtime import scheduler
from fastrest.runtime.storage import sync

#: Points of a block, of a chunk of zarr and of a part of Parquet.
TASK = scheduler.BLOCKS_PER_TASK * scheduler.BLOCK_POINTS
#: The ending that the name of an output has while it is being replaced.
REPLACED = ".old"
WHAT = "output of fastrest's save"


def beside(path: Path, ending: str) -> Path:
    """Return the path with something added to its name."""
    return path.with_name(path.name + ending)


def optional_module(module: str, extra: str) -> Any:
    """Return a module of an extra, or raise the ImportError that names the extra."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ImportError(
            f".{extra} needs {package}: pip install 'fastrest-ghk[{extra}]'"
        ) from None


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
    """

    folder = True
    least = 0.5
    unit, units = TASK, 1
    with_status = True
    card_name = ""
    #: an optional module, and the extra that brings it
    needs: tuple[str, str] | None = None

    def __init__(self, points: Points, dtype: np.dtype[Any], part: Path):
        self.points, self.dtype, self.part = points, dtype, part
        self.stored = points.stored_columns()
        self.rows: Sequence[tuple[int, int]] = [(0, len(points))]

    def columns(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Return the columns beside the potentials of a range of points."""
        stored = {name: column[start:stop] for name, column in self.stored.items()}
        return stored or self.points.coordinates(start, stop)

    def create(self) -> None:
        """Create the parts that all blocks share."""
        raise NotImplementedError

    def open(self) -> None:
        """Prepare for blocks, also after a process was killed."""

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

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        """Return the card: the description that the output carries."""
        raise NotImplementedError

    @classmethod
    def read_columns(cls, path: Path, names: list[str]) -> Iterable[np.ndarray]:
        """Yield the columns of a table."""
        raise NotImplementedError
