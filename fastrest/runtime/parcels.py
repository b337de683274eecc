"""Parcels: data that workers need for all their tasks, and that travel to each of them once.

A parcel is a pickle whose large arrays stand apart. An array that is mapped to a file, or a large
one that was written to a temporary file for workers of the same machine, travels as the name of
the file, its size and the time of its last change. A worker that does not see the same file sends
the parcel back (`Missing`), and then gets it with the arrays in it.
"""

import contextlib
import io
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

#: Bytes of an array, or of a whole parcel, that travel with every task; and where workers do not
#: see the caller's files.
SMALL, SMALL_ELSEWHERE = 1 << 13, 1 << 20
#: Arrays in a file begin at multiples of this, as the kernels want them.
ALIGNED = 64


class Missing(Exception):  # noqa: N818  a message to the caller, who sends the data
    """The worker does not see the file that a parcel names, or sees another one."""


def opened(parcels: Sequence[Any]) -> list[Any]:
    """Return the objects of parcels, or raise `Missing` with the places of those that are."""
    found, missing = [], []
    for i, one in enumerate(parcels):
        try:
            found.append(one.open() if isinstance(one, Parcel) else one)
        except Missing:
            missing.append(i)
    if missing:
        raise Missing(*missing)
    return found


class Place(NamedTuple):
    """Bytes in a file: `size` and `changed` are those of the file, which must be the same one."""

    path: str
    start: int
    length: int
    size: int
    changed: int

    def read(self) -> np.ndarray:
        """Return the bytes, mapped to memory."""
        try:
            found = os.stat(self.path)
            if (found.st_size, found.st_mtime_ns) != (self.size, self.changed):
                raise Missing(self.path)
            return np.memmap(self.path, np.uint8, "r", self.start, (self.length,))
        except OSError:
            raise Missing(self.path) from None


class Parcel:
    """An object to be made again in a worker, which keeps it for the tasks of the same call.

    Attributes
    ----------
    call : str
        The name of the call that it belongs to: a worker keeps the parcels of its latest call.
    number : int
        The number of the parcel in the call.
    pieces : sequence of ndarray of bytes, or Place
        The pickle, and the large arrays that stand apart.
    """

    def __init__(self, call: str, number: int, pieces: Sequence[np.ndarray | Place]):
        self.call, self.number, self.pieces = call, number, list(pieces)

    @classmethod
    def of(cls, thing: Any, call: str, number: int) -> "Parcel":
        """Return the parcel of an object: an array that is mapped to a file stays there."""
        text, large = io.BytesIO(), list[pickle.PickleBuffer]()
        packer = _Packer(text, protocol=5, buffer_callback=large.append)
        packer.dump(thing)
        head = np.frombuffer(text.getbuffer(), np.uint8)
        return cls(call, number, [head, *(_placed(one, packer.mapped) for one in large)])

    @property
    def inside(self) -> int:
        """The number of bytes that travel in the parcel."""
        return sum(piece.nbytes for piece in self.pieces if isinstance(piece, np.ndarray))

    @property
    def names_files(self) -> bool:
        """True if a worker may not be able to open the parcel."""
        return any(isinstance(piece, Place) for piece in self.pieces)

    def whole(self) -> "Parcel":
        """Return the parcel with all bytes in it, or raise the RuntimeError if a file changed."""
        try:
            pieces = [piece.read() if isinstance(piece, Place) else piece for piece in self.pieces]
        except Missing as error:
            raise RuntimeError(f"{error} changed while its columns were read") from None
        return Parcel(self.call, self.number, pieces)

    def filed(self, path: Path) -> "Parcel":
        """Return the parcel with the bytes of its arrays in a new file, which workers map.

        The pickle itself stays in the parcel: no process loads one from a file.
        """
        head, *large = self.pieces
        places: list[tuple[int, int]] = []
        with path.open("xb") as file:
            for piece in large:
                if isinstance(piece, np.ndarray):
                    file.write(b"\0" * (-file.tell() % ALIGNED))
                    places.append((file.tell(), piece.nbytes))
                    file.write(piece.data)
        found = path.stat()
        filed = iter(Place(str(path), *one, found.st_size, found.st_mtime_ns) for one in places)
        again = [one if isinstance(one, Place) else next(filed) for one in large]
        return Parcel(self.call, self.number, [head, *again])

    def open(self) -> Any:
        """Return the object; the second time, the same one."""
        with _lock:
            if _kept.get("") != self.call:
                _kept.clear()
                _kept[""] = self.call
            if self.number not in _kept:
                head, *large = (p.read() if isinstance(p, Place) else p for p in self.pieces)
                _kept[self.number] = pickle.loads(head.data, buffers=large)
            return _kept[self.number]


#: The objects of the latest call in this process by number, and the name of the call.
_kept: dict[Any, Any] = {}
_lock = threading.Lock()


class Shelf:
    """The parcels of a call, and the folder of temporary files for workers that share the disk."""

    def __init__(self) -> None:
        self.call, self.number = os.urandom(8).hex(), 0
        #: the bytes of all parcels, without those that were in files before
        self.packed = 0
        self.folder: str | None = None

    def pack(self, thing: Any, most: float = SMALL) -> Parcel:
        """Return a new parcel of an object, its bytes in a file if they are more than some."""
        self.number += 1
        parcel = Parcel.of(thing, self.call, self.number)
        self.packed += parcel.inside
        if parcel.inside > most and self._has_room(parcel.inside):
            with contextlib.suppress(OSError):  # a full disk: the data travel with the tasks
                return parcel.filed(Path(self._made(), f"{self.number}.data"))
        return parcel

    def _has_room(self, size: int) -> bool:
        with contextlib.suppress(OSError):
            return size < shutil.disk_usage(tempfile.gettempdir()).free // 2
        return False

    def _made(self) -> str:
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix="fastrest-")
        return self.folder

    def clear(self) -> None:
        """Remove the files."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


class _Packer(pickle.Pickler):
    """A pickler that sets large one-dimensional arrays apart, with any strides."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        #: the maps of files that arrays lie in
        self.mapped: list[np.memmap[Any, Any]] = []

    def reducer_override(self, thing: Any) -> Any:
        apart = type(thing) in (np.ndarray, np.memmap) and thing.ndim == 1
        if not apart or thing.dtype.hasobject or thing.nbytes <= SMALL:
            return NotImplemented
        step = thing.strides[0]
        whole = _map_of(thing)
        if whole is not None:
            self.mapped.append(whole)
        elif step not in (0, thing.itemsize):
            thing, step = np.ascontiguousarray(thing), thing.itemsize
        first = min(0, (len(thing) - 1) * step)
        span = abs(len(thing) - 1) * abs(step) + thing.itemsize
        lowest = thing[-1:] if first < 0 else thing[:1]
        data = np.lib.stride_tricks.as_strided(
            lowest.view(np.ndarray).view(np.uint8), (span,), (1,), writeable=False
        )
        how = thing.dtype, len(thing), step, -first
        return array_again, (pickle.PickleBuffer(data.data), *how)


def array_again(data: Any, dtype: np.dtype[Any], n: int, step: int, start: int) -> np.ndarray:
    """Return the array that begins at a place in bytes: pickles name this function."""
    return np.ndarray((n,), dtype, data, start, (step,))


def _map_of(array: Any) -> Any:
    """Return the map of a file that an array lies in, if the file has the same content."""
    for one in _bases(array):
        if isinstance(one, np.memmap) and one.filename is not None:
            return one if one.mode != "c" else None
    return None


def _bases(array: Any) -> list[Any]:
    """Return the arrays that an array is a part of, the largest first, and itself."""
    found: list[Any] = []
    while isinstance(array, np.ndarray):
        found.insert(0, array)
        array = array.base
    return found


def _placed(buffer: pickle.PickleBuffer, maps: Sequence[Any]) -> np.ndarray | Place:
    """Return the place in a file of bytes that are mapped from it, or the bytes."""
    data = np.frombuffer(buffer.raw(), np.uint8)
    for whole in maps:
        offset = data.ctypes.data - whole.ctypes.data
        if offset >= 0 and offset + data.nbytes <= whole.nbytes:
            with contextlib.suppress(OSError, ValueError):
                whole.flush()
                path = os.path.abspath(whole.filename)
                found = os.stat(path)
                start = whole.offset + offset
                if start + data.nbytes <= found.st_size:
                    return Place(path, start, data.nbytes, found.st_size, found.st_mtime_ns)
    return data
