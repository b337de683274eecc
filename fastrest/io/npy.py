"""The .npy format: one file of values."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.io.format import TASK, WHAT, Format, beside
from fastrest.runtime import scheduler
from fastrest.runtime.storage import undamaged, unseal, write_safely


class Npy(Format):
    """NumPy's file; beside it a ``.json``, and for a table its columns in ``.columns.npz``.

    Values are written by ordinary writes: on a full disk these raise an error, while a memmap kills
    the process.
    """

    folder = False
    least = 1.0
    unit, units = scheduler.BLOCK_POINTS, TASK // scheduler.BLOCK_POINTS
    with_status = False
    CARD, COLUMNS = ".json", ".columns.npz"
    companions = (CARD, COLUMNS)

    def create(self) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False}
        with self.part.open("xb") as file:
            np.lib.format.write_array_header_1_0(file, {**header, "shape": self.points.shape})
            file.truncate(file.tell() + len(self.points) * self.dtype.itemsize)
        if self.stored:
            with beside(self.part, self.COLUMNS).open("xb") as file:
                np.savez(file, *self.stored.values())
                file.flush()
                os.fsync(file.fileno())

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        with self.part.open("r+b") as file:
            file.seek((start - len(self.points)) * self.dtype.itemsize, os.SEEK_END)
            file.write(values.data)
        return [self.part]

    def publish(self, path: Path, card: bytes) -> None:
        # between these steps the .npy stands alone, never beside the description of another
        for ending in self.companions:
            beside(path, ending).unlink(missing_ok=True)
        self.part.replace(path)
        self.complete(path, card)

    def complete(self, path: Path, card: bytes) -> None:
        columns = beside(self.part, self.COLUMNS)
        if columns.exists():
            columns.replace(beside(path, self.COLUMNS))
        write_safely(beside(path, self.CARD), card, overwrite=True)  # the .npy was judged for it

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        file = beside(path, cls.CARD)
        if not file.exists():
            raise ValueError(f"{path} is not a complete {WHAT}: it has no {file.name} beside it")
        card = unseal(file, f"description of an {WHAT}")
        with path.open("rb") as opened:
            try:
                head = _array_head(opened)
            except Exception:  # a damaged text of Python has many errors
                raise ValueError(
                    f"{path} is not an {WHAT}, or was cut off or changed: its head is damaged"
                ) from None
        with undamaged(file):
            if head != (tuple(card["sweep"]["shape"]), False, np.dtype(card["dtype"])):
                raise ValueError(f"{path} does not hold the array that {file.name} describes")
        return card

    @classmethod
    def read_columns(
        cls, path: Path, dtypes: Mapping[str, np.dtype[Any]], rows: int, times: int
    ) -> Iterable[np.ndarray]:
        from zipfile import ZIP_STORED, ZipFile

        file = beside(path, cls.COLUMNS)
        if not file.exists():
            raise ValueError(f"{path} lacks {file.name}, the columns of its table")
        with undamaged(file), ZipFile(file) as columns:
            found = []
            for i, (name, dtype) in enumerate(dtypes.items()):
                if columns.getinfo(f"arr_{i}.npy").compress_type != ZIP_STORED:
                    raise ValueError(f"column {name!r} is not that of its card")
                with columns.open(f"arr_{i}.npy") as opened:
                    if _array_head(opened) != ((rows,), False, dtype):
                        raise ValueError(f"column {name!r} is not that of its card")
                    data = opened.read(rows * dtype.itemsize)
                found.append(np.frombuffer(data, dtype, rows))
        return found


def _array_head(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, order and dtype of an array in NumPy's format, from its head."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    found: tuple[tuple[int, ...], bool, np.dtype[Any]] = (
        read(file) if version == (1, 0) else np.lib.format.read_array_header_2_0(file)
    )
    return found
