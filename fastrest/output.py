"""Output larger than memory: a sweep is written block by block to a file, and comes back from it.

While it is written, the output stands beside its place: ``v.npy.part``, with ``v.npy.part.json``
that records which points are in it. A range is recorded only once its data are on the disk, and
the output gets its name only once it is whole.
"""

import contextlib
import importlib
import json
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import engine, files
from .info import __version__
from .sweep import STATUS_LABELS, V_LABELS, checked_dtype, labelled
from .tables import Table

if TYPE_CHECKING:
    from .sweep import Sweep

#: Ends the name of an output that is not whole yet.
PART = ".part"
#: Seconds between two records of what is done.
SAVE_EVERY = 5.0
#: Points after which it is saved in any case: Ctrl-C waits until what was written is on the disk.
SAVE_POINTS = 1 << 23
#: Points of a block, a chunk of zarr and a part of Parquet.
TASK = engine.BLOCKS_PER_TASK * engine.BLOCK
#: For zarr: a chunk that is not there is one that was lost.
WRITE_ALL = {"write_empty_chunks": True}
#: Added to a name: the record of what is done, and an output that is being replaced.
RECORD, REPLACED = ".json", ".old"
WHAT = "output of fastrest's save"

StrPath = str | os.PathLike[str]


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


# ---- blocks ----


def blocks(
    sweep: "Sweep", engine_name: str | None, threads: int | None
) -> Iterator[tuple[slice, np.ndarray]]:
    """See `Sweep.blocks`."""
    sweep._check_memory(0, None, "sweep fewer points at a time")
    compute, threads = sweep._computer(engine_name, threads)

    def generate() -> Iterator[tuple[slice, np.ndarray]]:
        for start, stop in engine.cut([(0, len(sweep))], TASK):
            yield slice(start, stop), block(start, stop)

    def block(first: int, last: int) -> np.ndarray:
        values = np.empty(last - first)

        def work(lo: int, hi: int) -> None:
            compute(first + lo, first + hi, values[lo:hi], None, False)

        engine.run(work, last - first, threads=threads)
        return values

    return generate()


# ---- the formats ----


class Format:
    """One way to write a sweep, and to read back what is needed to make it again.

    Attributes
    ----------
    folder : bool
        Whether the output is a folder.
    least : float
        The least part of the plain size that the output is expected to take.
    unit, units : int
        Points that are always written together, counted from the start of each of `rows`, and
        most of these in a task.
    rows : sequence of (start, stop)
    stored : dict of str to ndarray
        The columns without which the sweep cannot be made again.
    with_status : bool
        Whether the status is written too.
    card_name : str
        The file in a folder that holds the card.
    """

    folder = True
    least = 0.5
    unit, units = TASK, 1
    with_status = True
    card_name = ""
    #: a module that is not always there, and the extra that brings it
    needs: tuple[str, str] | None = None

    def __init__(self, sweep: "Sweep", dtype: np.dtype[Any], part: Path):
        self.sweep, self.dtype, self.part = sweep, dtype, part
        self.stored = sweep._stored()
        self.rows: Sequence[tuple[int, int]] = [(0, len(sweep))]

    def columns(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """What stands beside the potentials of a range of points."""
        stored = {name: column[start:stop] for name, column in self.stored.items()}
        return stored or self.sweep._beside(start, stop)

    def create(self) -> None:
        """Make what all the blocks share."""
        raise NotImplementedError

    def open(self) -> None:
        """Make ready for blocks, also where a process was killed."""

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        """Write a range; the files that must be on the disk before it is done."""
        raise NotImplementedError

    def finish(self, card: bytes) -> None:
        """Write what tells that the output is whole."""
        raise NotImplementedError

    def publish(self, path: Path, card: bytes) -> None:
        """Give the whole output its name, in place of another."""
        self.finish(card)
        if path.exists():
            path.rename(beside(self.part, REPLACED))
        self.part.rename(path)
        files.sync(path.parent)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        """What the output says of itself."""
        raise NotImplementedError

    @classmethod
    def read_columns(cls, path: Path, names: list[str]) -> Iterable[np.ndarray]:
        """The columns of a table."""
        raise NotImplementedError


class Npy(Format):
    """NumPy's file; beside it a ``.json``, and for a table its columns in ``.columns.npz``.

    Written by ordinary writes: on a full disk these fail with an error, while a memmap kills the
    process.
    """

    folder = False
    least = 1.0
    unit, units = engine.BLOCK, TASK // engine.BLOCK
    with_status = False
    COLUMNS = ".columns.npz"

    def create(self) -> None:
        with self.part.open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file,
                {
                    "descr": np.lib.format.dtype_to_descr(self.dtype),
                    "fortran_order": False,
                    "shape": self.sweep.shape,
                },
            )
            file.truncate(file.tell() + len(self.sweep) * self.dtype.itemsize)
        if self.stored:
            with beside(self.part, self.COLUMNS).open("wb") as file:
                np.savez(file, *self.stored.values())
                file.flush()
                os.fsync(file.fileno())

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        with self.part.open("r+b") as file:
            file.seek((start - len(self.sweep)) * self.dtype.itemsize, os.SEEK_END)
            file.write(values.data)
        return [self.part]

    def publish(self, path: Path, card: bytes) -> None:
        columns = beside(self.part, self.COLUMNS)
        # between these steps the .npy stands alone: never beside what describes another
        beside(path, ".json").unlink(missing_ok=True)
        beside(path, self.COLUMNS).unlink(missing_ok=True)
        self.part.replace(path)
        if columns.exists():
            columns.replace(beside(path, self.COLUMNS))
        files.write_safely(beside(path, ".json"), card)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        if not beside(path, ".json").exists():
            raise ValueError(f"{path} is no whole {WHAT}: it has no {path.name}.json beside it")
        card = files.unseal(beside(path, ".json"), f"description of an {WHAT}")
        with path.open("rb") as file:
            try:
                version = np.lib.format.read_magic(file)
                if version != (1, 0):
                    raise ValueError
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            except ValueError:
                raise ValueError(f"{path} is no {WHAT}, or was cut off or changed") from None
        if (list(shape), fortran, dtype.name) != (card["sweep"]["shape"], False, card["dtype"]):
            raise ValueError(f"{path} is not what {path.name}.json describes")
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


class Zarr(Format):
    """A group of arrays that xarray opens as a Dataset: ``V``, ``status``, and the coordinates."""

    needs = ("zarr", "zarr")
    card_name = "zarr.json"

    def __init__(self, sweep: "Sweep", dtype: np.dtype[Any], part: Path):
        super().__init__(sweep, dtype, part)
        shape = sweep.shape
        # chunks span the last dimensions whole, so that each is a range of points
        self.along = next(d for d in range(len(shape)) if math.prod(shape[d + 1 :]) <= TASK)
        self.inner = math.prod(shape[self.along + 1 :])
        length = min(shape[self.along], TASK // self.inner)
        self.chunks = (*[1] * self.along, length, *shape[self.along + 1 :])
        self.unit = length * self.inner
        self.rows = list(engine.cut([(0, len(sweep))], shape[self.along] * self.inner))
        #: the coordinates that are as long as the potentials
        self.long = {} if sweep.axes else {n: c.dtype for n, c in self.columns(0, 1).items()}
        self.arrays: dict[str, Any] = {}

    def create(self) -> None:
        sweep, parameters = self.sweep, self.sweep.cell.model.parameters
        group = _needed("zarr", "zarr").create_group(self.part, zarr_format=3)
        group.attrs.update(sweep._attributes())
        coordinates = {**sweep._constants(), **(sweep._coordinates() if sweep.axes else {})}
        for name in self.long:
            coordinates.pop(name, None)
        for name, (dims, values, *labels) in coordinates.items():
            values = np.asarray(values)
            array = self._array(group, name, dims, values.shape, values.dtype, *labels)
            array[...] = values
        for name, dtype in self.long.items():
            labels = labelled(parameters[name]) if name in parameters else {}
            self._array(group, name, sweep.dims, sweep.shape, dtype, labels)
        named = [name for name in (*coordinates, *self.long) if name not in sweep.dims]
        one_word_each = all(len(name.split()) == 1 for name in named)
        also: dict[str, Any] = {"coordinates": " ".join(named)} if one_word_each else {}
        for name, dtype, about in (
            ("V", self.dtype, V_LABELS),
            ("status", np.dtype(np.uint8), STATUS_LABELS),
        ):
            self._array(group, name, sweep.dims, sweep.shape, dtype, {**about, **also})

    def _array(
        self,
        group: Any,
        name: str,
        dims: str | tuple[str, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        labels: Mapping[str, Any] | None = None,
    ) -> Any:
        if "/" in name or "\\" in name or name.startswith((".", "__")):
            raise ValueError(f"{name!r} cannot be the name of an array in zarr: rename it")
        blosc = _needed("zarr.codecs", "zarr").BloscCodec(cname="lz4", shuffle="shuffle")
        text = dtype.kind == "U"
        return group.create_array(
            name,
            shape=shape,
            dtype=str if text else dtype,
            chunks=self.chunks if shape == self.sweep.shape else tuple(min(n, TASK) for n in shape),
            compressors="auto" if text else blosc,  # on potentials smaller and faster than zstd
            fill_value=np.nan if dtype.kind == "f" else None,
            dimension_names=[dims] if isinstance(dims, str) else list(dims),
            attributes=labels,
            config=WRITE_ALL,
        )

    def open(self) -> None:
        zarr = _needed("zarr", "zarr")
        for file in self.part.rglob("*.partial"):  # a chunk that was being written
            file.unlink()
        with zarr.config.set({f"array.{name}": value for name, value in WRITE_ALL.items()}):
            for name in ("V", "status", *self.long):
                self.arrays[name] = zarr.open_array(self.part / name, mode="r+")

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        shape = self.sweep.shape
        place = [int(i) for i in np.unravel_index(start, shape)]
        first, length = place[self.along], (stop - start) // self.inner
        where = (*place[: self.along], slice(first, first + length))
        chunk = tuple(i // n for i, n in zip(place, self.chunks))
        written = []
        columns = self.columns(start, stop) if self.long else {}
        for name, part in {"V": values, "status": status, **columns}.items():
            array = self.arrays[name]
            array[where] = part.reshape(length, *shape[self.along + 1 :])
            written.append(self.part / name / array.metadata.encode_chunk_key(chunk))
        return written

    def finish(self, card: bytes) -> None:
        import warnings

        zarr = _needed("zarr", "zarr")
        group = zarr.open_group(self.part, mode="r+")
        group.attrs["fastrest"] = card.decode()
        with warnings.catch_warnings():  # that not every reader knows them: it then does without
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(group.store)
        files.sync(self.part / self.card_name)
        files.sync(self.part)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        try:
            text = json.loads((path / cls.card_name).read_bytes())["attributes"]["fastrest"]
        except (OSError, ValueError, KeyError, TypeError):
            raise ValueError(f"{path} is no whole {WHAT}") from None
        return files.unsealed(str(text).encode(), f"{path} is no {WHAT}")

    @classmethod
    def read_columns(cls, path: Path, names: list[str]) -> Iterable[np.ndarray]:
        group = _needed("zarr", "zarr").open_group(path, mode="r")
        for name in names:
            try:
                yield group[name][...]
            except Exception as error:  # of whichever codec stumbles
                raise ValueError(f"{path}: column {name!r} was cut off or changed") from error


class Parquet(Format):
    """A folder of files that data frames read as one: a row per point, in order."""

    needs = ("pyarrow.parquet", "parquet")
    card_name = "_fastrest.json"  # readers pass over names that begin with _

    def _name(self, start: int) -> str:
        digits = len(str((len(self.sweep) - 1) // self.unit))
        return f"part-{start // self.unit:0{max(digits, 5)}}.parquet"

    def create(self) -> None:
        _needed("pyarrow.parquet", "parquet")
        self.part.mkdir()

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        pa, parquet = _needed("pyarrow", "parquet"), _needed("pyarrow.parquet", "parquet")
        columns = self.columns(start, stop)
        path = self.part / self._name(start)
        table = pa.table({**columns, "V": values, "status": status})
        parquet.write_table(
            table.replace_schema_metadata({"fastrest": __version__}),
            path,
            compression="zstd",
            use_dictionary=[*columns, "status"],
            use_byte_stream_split=["V"],
        )
        return [path]

    def finish(self, card: bytes) -> None:
        files.write_safely(self.part / self.card_name, card)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        if not (path / cls.card_name).is_file():
            raise ValueError(f"{path} is no whole {WHAT}")
        return files.unseal(path / cls.card_name, f"description of an {WHAT}")

    @classmethod
    def read_columns(cls, path: Path, names: list[str]) -> Iterable[np.ndarray]:
        parquet = _needed("pyarrow.parquet", "parquet")
        try:
            table = parquet.read_table(path, columns=names)
            return [table[name].to_numpy() for name in names]
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(f"{path} was cut off or changed") from error


#: The formats by suffix.
FORMATS: dict[str, type[Format]] = {".npy": Npy, ".zarr": Zarr, ".parquet": Parquet}


def _format_of(path: StrPath) -> type[Format]:
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        *most, last = FORMATS
        raise ValueError(f"path must end in {', '.join(most)} or {last}, got {os.fspath(path)!r}")
    return FORMATS[suffix]


def _needed(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ImportError(
            f".{extra} needs {package}: pip install 'fastrest-ghk[{extra}]'"
        ) from None


def _kept_digests(columns: Mapping[str, np.ndarray], kept: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in kept:
        column = np.ascontiguousarray(columns[name])
        found[name] = files.sha256(column.dtype.str.encode(), column.view(np.uint8).data)
    return found


# ---- saving ----


class Record:
    """What is done of a save, kept beside it in a file that is written now and then.

    Ranges enter it once their data are on the disk: a process that is killed, or a power cut,
    loses work but never leaves a range that is recorded and not there.
    """

    def __init__(self, part: Path, identity: Mapping[str, Any]):
        self.part, self.path, self.identity = part, beside(part, RECORD), dict(identity)
        self.done: list[tuple[int, int]] = []
        self.fresh: list[tuple[int, int, list[Path]]] = []
        self.saving = threading.Lock()
        self.saved = time.monotonic()
        self.sound = True

    def resume(self) -> bool:
        """Take up what is recorded, if anything is; it must be of the same save."""
        part = self.part
        if not self.path.exists():
            if part.exists():
                raise FileExistsError(f"{part} is in the way, and not of an unfinished save")
            return False
        advice = f"delete {part.name} and {self.path.name}, or save under another name"
        try:
            found = files.unseal(self.path, "record of an unfinished save")
        except ValueError as error:
            raise ValueError(f"{error}: {advice}") from None
        done = found.pop("done", None)
        other = [k for k, v in self.identity.items() if found.get(k) != v]
        if other:
            what = "another sweep"
            if other[0] != "digest":
                what = f"{other[0]} {found.get(other[0])}"
            raise ValueError(f"{part} is the unfinished save of {what}: {advice}")
        if done is None or not part.exists():
            return False
        self.done = [(start, stop) for start, stop in done]
        return True

    def add(self, start: int, stop: int, written: list[Path]) -> None:
        self.fresh.append((start, stop, written))
        waiting = sum(b - a for a, b, _ in self.fresh)
        due = time.monotonic() - self.saved >= SAVE_EVERY or waiting >= SAVE_POINTS
        if due and self.saving.acquire(blocking=False):
            try:
                self.save()
            finally:
                self.saving.release()

    def save(self) -> None:
        fresh = self.fresh[:]
        try:
            paths = {path for *_, written in fresh for path in written}
            folders = {f for p in paths for f in p.parents if f.is_relative_to(self.part)}
            for path in (*paths, *folders):
                files.sync(path)
        except OSError:
            self.sound = False  # the system says once that it lost data: ask no second time
            raise
        done = engine.join([*self.done, *(one[:2] for one in fresh)])
        self.write(done)
        del self.fresh[: len(fresh)]  # first: if we are interrupted here, less counts as done
        self.done, self.saved = done, time.monotonic()

    def write(self, done: engine.Ranges | None) -> None:
        files.write_safely(self.path, files.seal({**self.identity, "done": done}))


def save(
    sweep: "Sweep",
    path: StrPath,
    dtype: npt.DTypeLike,
    threads: int | None,
    progress: engine.Progress,
    engine_name: str | None,
) -> None:
    """See `Sweep.save`."""
    kind, target = _format_of(path), Path(path).resolve()
    part = beside(target, PART)
    form = kind(sweep, checked_dtype(dtype), part)
    card = _card(sweep, form, engine_name)
    old = beside(part, REPLACED)
    if old.exists():  # killed between two names, or while it was deleted
        _delete(old) if target.exists() else old.rename(target)
    _check_target(kind, target)
    sweep._check_memory(0, None, "sweep fewer points at a time")
    compute, threads = sweep._computer(engine_name, threads)
    record = Record(part, {k: v for k, v in card.items() if k != "sweep"})
    resumed = record.resume()
    left = engine.common(engine.gaps(record.done, len(sweep)), form.rows)
    _check_space(form, path, sum(stop - start for start, stop in left))

    def work(start: int, stop: int) -> None:
        values = np.empty(stop - start, form.dtype)
        status = np.empty(stop - start, np.uint8) if form.with_status else None
        compute(start, stop, values, status, False)
        with _named(path):
            record.add(start, stop, form.write(start, stop, values, status))

    try:
        with _named(path):
            if not resumed:
                _create(form, record)
            form.open()
        engine.run(
            work,
            len(sweep),
            threads=threads,
            progress=progress,
            unit=form.unit,
            units=form.units,
            left=left,
        )
        with _named(path):
            record.save()
    except BaseException:
        if record.done or record.fresh:
            with contextlib.suppress(OSError):
                if record.sound:
                    record.save()
        else:
            _remove(form, record)
        raise
    with _named(path):
        card["bytes"] = _bytes(kind, part)
        form.publish(target, files.seal(card))
        record.path.unlink()
        _delete(old)


def check(sweep: "Sweep", path: StrPath) -> None:
    """Raise what `save` would raise before it computes anything, and touch nothing."""
    kind, target = _format_of(path), Path(path).resolve()
    form = kind(sweep, np.dtype(np.float64), beside(target, PART))
    if kind.needs:
        _needed(*kind.needs)
    card = _card(sweep, form, None)
    _check_target(kind, target)
    Record(form.part, {k: v for k, v in card.items() if k != "sweep"}).resume()
    _check_space(form, path, 0 if form.part.exists() else len(sweep))


def _card(sweep: "Sweep", form: Format, engine_name: str | None) -> dict[str, Any]:
    """What an output says of itself, but for its size."""
    description = files.describe(sweep)
    found = {
        "fastrest": __version__,
        "digest": files.digest(description),
        "format": next(suffix for suffix, kind in FORMATS.items() if type(form) is kind),
        "dtype": form.dtype.name,
        "engine": engine.PYTHON if engine.choose(engine_name) == engine.PYTHON else "kernels",
        "sweep": description,
    }
    if form.stored:
        found["dtypes"] = {name: column.dtype.str for name, column in form.stored.items()}
        found["kept"] = _kept_digests(form.stored, sweep._kept)
    return found


def _check_target(kind: type[Format], target: Path) -> None:
    """Raise for what stands in the place of the output and is none."""
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{target} cannot be written: it is read-only")
    if not kind.folder:
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder")
    elif target.exists():
        try:
            if not target.is_dir():
                raise ValueError
            kind.card(target)
        except ValueError:
            raise FileExistsError(
                f"{target} is no {WHAT}, and is not replaced: delete it, or use another name"
            ) from None


def _check_space(form: Format, path: StrPath, points: int) -> None:
    import shutil

    per_point = form.dtype.itemsize + (1 if form.with_status else 0)
    need = int(form.least * per_point * points)
    folder = form.part.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {folder}")
    free = shutil.disk_usage(folder).free
    if need > free:
        least = "" if form.least == 1 else "at least "
        raise OSError(
            f"{path}: {points:,} points need {least}{engine.bytes_text(need)}, free are "
            f"{engine.bytes_text(free)}"
        )


def _create(form: Format, record: Record) -> None:
    record.write(None)
    _delete(form.part)
    form.create()
    for path in [form.part, *form.part.rglob("*")]:
        files.sync(path)
    record.write([])


def _remove(form: Format, record: Record) -> None:
    """Leave nothing of a save of which nothing is done."""
    with contextlib.suppress(OSError):
        _delete(form.part)
        beside(form.part, Npy.COLUMNS).unlink(missing_ok=True)
        record.path.unlink(missing_ok=True)


def _delete(path: Path) -> None:
    if path.is_dir():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: StrPath) -> Iterator[None]:
    """Errors of the system say which output they are about."""
    try:
        yield
    except OSError as error:
        text = f"{path} cannot be written: {error.strerror or error}"
        raise OSError(*filter(None, [error.errno]), text) from error


def _bytes(kind: type[Format], path: Path) -> int:
    """Size of an output, without the file that states it."""
    if not kind.folder:
        return path.stat().st_size
    return sum(
        file.stat().st_size
        for file in path.rglob("*")
        if file.is_file() and file != path / kind.card_name and not file.name.startswith(".")
    )


# ---- loading ----


def load(path: StrPath) -> "Sweep":
    """The sweep whose potentials ``sweep.save`` wrote.

    The potentials are not read: ``np.load(path, mmap_mode="r")``, ``xarray.open_zarr(path)`` and
    ``pandas.read_parquet(path)`` do that.

    Parameters
    ----------
    path : path
        A ``.npy`` file, ``.zarr`` or ``.parquet`` folder.

    Returns
    -------
    Sweep
        Equal to the one saved, with all its columns if it is a table.

    Raises
    ------
    FileNotFoundError
        There is no such output, or its save is not finished.
    ValueError
        It was not written by `save`, was cut off or changed, or is of another version. A changed
        potential in a file of the right size is not noticed.

    Examples
    --------
    >>> import tempfile, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sweep.save(f"{folder}/v.npy")
    ...     fr.load(f"{folder}/v.npy") == sweep
    True
    """
    kind, target = _format_of(path), Path(path).resolve()
    if not target.exists():
        part = beside(target, PART)
        if part.exists():
            raise FileNotFoundError(
                f"{path} is not finished ({part.name} is): the same save goes on with it"
            )
        raise FileNotFoundError(f"there is no {path}")
    if target.is_dir() != kind.folder:
        raise ValueError(f"{path} is no {WHAT}")
    card = kind.card(target)
    files.check_version(path, card)
    size = _bytes(kind, target)
    if size != card["bytes"]:
        raise ValueError(
            f"{path} was cut off or changed: it has {size:,} bytes of {card['bytes']:,}"
        )
    description = card["sweep"]
    sweep = files.described(description)
    if sweep is None:
        names = list(card["dtypes"])
        columns = {
            name: np.asarray(column).astype(card["dtypes"][name], copy=False)
            for name, column in zip(names, kind.read_columns(target, names))
        }
        sweep = Table(files.described_cell(description), columns, {}, list(card["kept"]))
        if _kept_digests(columns, card["kept"]) != card["kept"]:
            raise ValueError(f"{path}: a carried column was changed")
    if files.digest(files.describe(sweep)) != card["digest"]:
        raise ValueError(f"{path} was changed: its sweep has another digest than was saved")
    return sweep
