"""The .npy format: one file of values."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.io.format import TASK, WHAT, Format, beside
from fastrest.runtime import scheduler
from fastrest.runtime.storage import unseal, write_safely


class Npy(Format):
    """NumPy's file; beside it a ``.json``, and for a table its columns in ``.columns.npz``.

    Values are written by ordinary writes: on a full disk these raise an error, while a memmap kills
    the process.
    """

    folder = False
    least = 1.0
    unit, units = scheduler.BLOCK_POINTS, TASK // scheduler.BLOCK_POINTS
    with_status = False
    COLUMNS = ".columns.npz"

    def create(self) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False}
        with self.part.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {**header, "shape": self.points.shape})
            file.truncate(file.tell() + len(self.points) * self.dtype.itemsize)
        if self.stored:
            with beside(self.part, self.COLUMNS).open("wb") as file:
                np.savez(file, *self.stored.values())
                file.flush()
                os.fsync(file.fileno())

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        with self.part.open("r+b") as file:
            file.seek((start - len(self.points)) * self.dtype.itemsize, os.SEEK_END)
            file.write(values.data)
        return [self.part]

    def publish(self, path: Path, card: bytes) -> None:
        columns = beside(self.part, self.COLUMNS)
        # between these steps the .npy stands alone, never beside the description of another
        beside(path, ".json").unlink(missing_ok=True)
        beside(path, self.COLUMNS).unlink(missing_ok=True)
        self.part.replace(path)
        if columns.exists():
            columns.replace(beside(path, self.COLUMNS))
        write_safely(beside(path, ".json"), card)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        if not beside(path, ".json").exists():
            raise ValueError(
                f"{path} is not a complete {WHAT}: it has no {path.name}.json beside it"
            )
        card = unseal(beside(path, ".json"), f"description of an {WHAT}")
        with path.open("rb") as file:
            try:
                version = np.lib.format.read_magic(file)
                if version != (1, 0):
                    raise ValueError
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            except ValueError:
                raise ValueError(f"{path} is not an {WHAT}, or was cut off or changed") from None
        if (list(shape), fortran, dtype.name) != (card["sweep"]["shape"], False, card["dtype"]):
            raise ValueError(f"{path} does not hold the array that {path.name}.json describes")
        return card

    @classmethod
    def read_columns(cls, path: Path, names: list[str]) -> Iterable[np.ndarray]:
        from zipfile import BadZipFile

        file = beside(path, cls.COLUMNS)
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as columns:
                return [columns[f"arr_{i}"] for i in range(len(names))]
        except FileNotFoundError:
            raise ValueError(f"{path} lacks {file.name}, the columns of its table") from None
        except (ValueError, KeyError, EOFError, BadZipFile):
            raise ValueError(f"{file} was cut off or changed") from None
