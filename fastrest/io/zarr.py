"""The .zarr format: a folder of arrays with labels."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.io.format import TASK, WHAT, Format
from fastrest.points.points import STATUS, Points, labels_of
from fastrest.runtime.ranges import cut
from fastrest.runtime.storage import sync, undamaged, unsealed
from fastrest.runtime.system import optional_module

#: Options of zarr: all chunks are written, so that a missing chunk is one that was lost.
WRITE_ALL = {"write_empty_chunks": True}


class Zarr(Format):
    """A group of arrays that xarray opens as a Dataset: ``V``, ``status``, and the coordinates."""

    needs = ("zarr", "zarr")
    card_name = "zarr.json"

    def __init__(self, points: Points, dtype: np.dtype[Any], part: Path):
        super().__init__(points, dtype, part)
        shape = points.shape
        # chunks span the last dimensions whole, so that each is a range of points
        self.along = next(d for d in range(len(shape)) if math.prod(shape[d + 1 :]) <= TASK)
        self.inner = math.prod(shape[self.along + 1 :])
        length = min(shape[self.along], TASK // self.inner)
        self.chunks = (*[1] * self.along, length, *shape[self.along + 1 :])
        self.unit = length * self.inner
        self.rows = list(cut([(0, len(points))], shape[self.along] * self.inner))
        #: the coordinates that are as long as the potentials
        self.long = (
            {} if points.short_coordinates else {n: c.dtype for n, c in self.columns(0, 1).items()}
        )
        self.arrays: dict[str, Any] = {}

    def create(self) -> None:
        points, parameters = self.points, self.points.cell.model.parameters
        self.group = optional_module("zarr", "zarr").create_group(self.part, zarr_format=3)
        self.group.attrs.update(points.attributes())
        coordinates = points.constants()
        if points.short_coordinates:
            coordinates.update(points.dataset_coordinates())
        for name in self.long:
            coordinates.pop(name, None)
        for name, (dims, values, *labels) in coordinates.items():
            values = np.asarray(values)
            self._array(name, dims, values.dtype, *labels)[...] = values
        for name, dtype in self.long.items():
            labels = labels_of(parameters[name]) if name in parameters else {}
            self._array(name, points.dims, dtype, labels)
        named = [name for name in (*coordinates, *self.long) if name not in points.dims]
        one_word_each = all(len(name.split()) == 1 for name in named)
        also: dict[str, Any] = {"coordinates": " ".join(named)} if one_word_each else {}
        results = points.result_variables(self.dtype, np.dtype(np.uint8))
        for name, (dims, dtype, labels) in results.items():
            self._array(name, dims, dtype, {**labels, **also})

    def _array(self, name: str, dims: Any, dtype: np.dtype[Any], labels: Any = None) -> Any:
        """Return a new array along some dimensions."""
        if "/" in name or "\\" in name or name.startswith((".", "__")):
            raise ValueError(f"{name!r} cannot be the name of an array in zarr: rename it")
        blosc = optional_module("zarr.codecs", "zarr").BloscCodec(cname="lz4", shuffle="shuffle")
        text = dtype.kind == "U"
        dims = (dims,) if isinstance(dims, str) else dims
        shape = tuple(self.points.shape[self.points.dims.index(dim)] for dim in dims)
        whole = dims == self.points.dims
        return self.group.create_array(
            name,
            shape=shape,
            dtype=str if text else dtype,
            chunks=self.chunks if whole else tuple(min(n, TASK) for n in shape),
            compressors="auto" if text else blosc,  # on potentials smaller and faster than zstd
            fill_value=np.nan if dtype.kind == "f" else None,
            dimension_names=list(dims),
            attributes=labels,
            config=WRITE_ALL,
        )

    def open(self) -> None:
        for file in self.part.rglob("*.partial"):  # a chunk that was being written
            file.unlink()
        self.connect()

    def connect(self) -> None:
        zarr = optional_module("zarr", "zarr")
        with zarr.config.set({f"array.{name}": value for name, value in WRITE_ALL.items()}):
            for name in (self.points.label, STATUS, *self.long):
                self.arrays[name] = zarr.open_array(self.part / name, mode="r+")

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        shape = self.points.shape
        place = [int(i) for i in np.unravel_index(start, shape)]
        first, length = place[self.along], (stop - start) // self.inner
        where = (*place[: self.along], slice(first, first + length))
        chunk = tuple(i // n for i, n in zip(place, self.chunks))
        written = []
        columns = self.columns(start, stop) if self.long else {}
        results = {self.points.label: values, STATUS: status}
        for name, part in {**results, **columns}.items():
            array = self.arrays[name]
            array[where] = part.reshape(length, *shape[self.along + 1 :])
            written.append(self.part / name / array.metadata.encode_chunk_key(chunk))
        return written

    def finish(self, card: bytes) -> None:
        import warnings

        zarr = optional_module("zarr", "zarr")
        group = zarr.open_group(self.part, mode="r+")
        group.attrs["fastrest"] = card.decode()
        with warnings.catch_warnings():  # not every reader knows such metadata; others read without
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(group.store)
        sync(self.part / self.card_name)
        sync(self.part)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        try:
            text = json.loads((path / cls.card_name).read_bytes())["attributes"]["fastrest"]
            sealed = str(text).encode()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise ValueError(f"{path} is not a complete {WHAT}, or is damaged") from None
        return unsealed(sealed, path, f"complete {WHAT}")

    @classmethod
    def read_columns(
        cls, path: Path, dtypes: Mapping[str, np.dtype[Any]], rows: int, times: int
    ) -> Iterable[np.ndarray]:
        zarr, found = optional_module("zarr", "zarr"), []
        with undamaged(path):
            group = zarr.open_group(path, mode="r")
            for name, dtype in dtypes.items():
                if group[name].shape != (rows,) or group[name].chunks[0] > rows:
                    raise ValueError(f"column {name!r} is not that of its card")
                _check_chunks(path / name, group[name], dtype)
                found.append(group[name][...])
        return found


def _check_chunks(folder: Path, array: Any, dtype: np.dtype[Any]) -> None:
    """Raise the ValueError if a chunk claims another length than it has, or other contents.

    The readers of chunks believe such claims: they take gigabytes, or read beyond the data.
    """
    names = [codec["name"] for codec in array.metadata.to_dict()["codecs"]]
    items = array.chunks[0]
    for file in (folder / "c").iterdir():
        data = file.read_bytes()
        if names[-1] == "zstd" and dtype.kind == "U":
            zstd = optional_module("numcodecs", "zarr").Zstd()
            data = zstd.decode(data, out=bytearray(4 + items * (4 + dtype.itemsize)))
        claims = [len(data), items]
        if names[0] == "vlen-utf8":
            claims[1] = int.from_bytes(data[:4], "little")
        elif names[-1] == "blosc":  # bytes of the contents, of a block, and of the chunk
            contents, _, claims[0] = np.frombuffer(data[:16].ljust(16), "<u4")[1:]
            claims[1] = contents / array.dtype.itemsize
        if claims != [len(data), items]:
            raise ValueError(f"column {folder.name!r} is not that of its card")
