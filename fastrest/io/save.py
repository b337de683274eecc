"""Output larger than memory: points are written block by block to a file or folder.

While it is written, the output stands beside its place: ``v.npy.part``, with a
``v.npy.part.json`` that records the ranges in it. A range is recorded only once its data are on the
disk, and the output gets its name only once it is complete.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastrest.io.format import REPLACED, TASK, WHAT, Format, Record, beside
from fastrest.io.npy import Npy
from fastrest.io.parquet import Parquet
from fastrest.io.zarr import Zarr
from fastrest.points.criteria import quantity_to_json
from fastrest.points.describe import describe
from fastrest.points.points import Points, checked_dtype
from fastrest.runtime import scheduler
from fastrest.runtime.ranges import common, cut, gaps
from fastrest.runtime.scheduler import Progress
from fastrest.runtime.storage import StrPath, digest, seal, sha256, sync
from fastrest.runtime.system import bytes_text, optional_module

#: The ending that the name of an output has until it is complete.
PART = ".part"

#: The formats by suffix.
FORMATS: dict[str, type[Format]] = {".npy": Npy, ".zarr": Zarr, ".parquet": Parquet}


def format_of(path: StrPath) -> type[Format]:
    """Return the format of a path's suffix, or raise the ValueError."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        *most, last = FORMATS
        raise ValueError(f"path must end in {', '.join(most)} or {last}, got {os.fspath(path)!r}")
    return FORMATS[suffix]


def blocks(
    points: Points, engine: str | None, threads: int | None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield values block by block: see `Sweep.blocks`."""
    points.check_memory(0, None, "sweep fewer points at a time")
    compute, threads = points.computer(engine, threads)

    def generate() -> Iterator[tuple[slice, np.ndarray]]:
        for start, stop in cut([(0, len(points))], TASK):
            yield slice(start, stop), block(start, stop)

    def block(first: int, last: int) -> np.ndarray:
        values = np.empty(last - first)

        def work(lo: int, hi: int) -> None:
            compute(first + lo, first + hi, values[lo:hi], None, False)

        scheduler.run(work, last - first, threads=threads)
        return values

    return generate()


def save(
    points: Points,
    path: StrPath,
    dtype: npt.DTypeLike,
    threads: int | None,
    progress: Progress,
    engine: str | None,
) -> None:
    """Write points to a file or folder: see `Sweep.save`."""
    output = Output(points, path, dtype, engine)
    output.recover()
    output.check_target()
    points.check_memory(0, None, "sweep fewer points at a time")
    compute, threads = points.computer(engine, threads)
    form, record = output.form, output.record
    resumed = record.resume()
    left = common(gaps(record.done, len(points)), form.rows)
    output.check_space(sum(stop - start for start, stop in left))

    def work(start: int, stop: int) -> None:
        values = np.empty(stop - start, form.dtype)
        status = np.empty(stop - start, np.uint8) if form.with_status else None
        compute(start, stop, values, status, False)
        with output.named():
            record.add(start, stop, form.write(start, stop, values, status))

    with output.unfinished(resumed):
        to_do = scheduler.ToDo(len(points), form.unit, form.units, left)
        scheduler.run(work, to_do, threads=threads, progress=progress)
    output.publish()


def check_output(points: Points, path: StrPath) -> None:
    """Raise the errors that `save` raises before it computes anything; touch nothing."""
    output = Output(points, path, np.float64, None)
    output.check_target()
    output.record.resume()
    output.check_space(0 if output.form.part.exists() else len(points))


class Output:
    """The output of a save: its place, format, card and record."""

    def __init__(self, points: Points, path: StrPath, dtype: npt.DTypeLike, engine: str | None):
        self.path, self.target = path, Path(path).resolve()
        self.form = format_of(path)(points, checked_dtype(dtype), beside(self.target, PART))
        if self.form.needs:
            optional_module(*self.form.needs)
        description = describe(points)
        isa = scheduler.choose_engine(engine)
        #: the part of the card that must be equal for a save to be resumed
        self.identity = {
            "digest": digest(description),
            "bits": points.bits,
            "suffix": self.target.suffix.lower(),
            "of": quantity_to_json(points.of),
            "dtype": self.form.dtype.name,
            "engine": isa if isa == scheduler.PYTHON else "kernels",
        }
        stored = self.form.stored
        if stored:
            self.identity["dtypes"] = {name: column.dtype.str for name, column in stored.items()}
            self.identity["kept"] = kept_digests(stored, points.kept)
        self.card = {**self.identity, "sweep": description}
        self.record = Record(self.form.part, self.identity)
        self.old = beside(self.form.part, REPLACED)

    def recover(self) -> None:
        """Clean up after a process that was killed while it replaced an output."""
        if self.old.exists() and not self.target.exists():
            self.old.rename(self.target)
        _delete(self.old)

    def check_target(self) -> None:
        """Raise the error if something else stands in the place of the output."""
        target = self.target
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(f"{target} cannot be written: it is read-only")
        if not self.form.folder:
            if target.is_dir():
                raise IsADirectoryError(f"{target} is a folder")
        elif target.exists():
            try:
                self.form.card(target)
            except ValueError:
                raise FileExistsError(
                    f"{target} is not an {WHAT}, and is not replaced: delete it, or use another "
                    "name"
                ) from None

    def check_space(self, points: int) -> None:
        """Raise the OSError unless so many points fit on the disk."""
        import shutil

        form = self.form
        need = int(form.least * (form.dtype.itemsize + form.with_status) * points)
        folder = form.part.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"{self.path} cannot be written: there is no folder {folder}")
        free = shutil.disk_usage(folder).free
        if need > free:
            least = "" if form.least == 1 else "at least "
            raise OSError(
                f"{self.path}: {points:,} points need {least}{bytes_text(need)}, free are "
                f"{bytes_text(free)}"
            )

    @contextlib.contextmanager
    def unfinished(self, resumed: bool) -> Iterator[None]:
        """Create the output, or open it again; record the written ranges in the end."""
        try:
            with self.named():
                if not resumed:
                    self.create()
                self.form.open()
            yield
            with self.named():
                self.record.save()
        except BaseException:
            with contextlib.suppress(OSError):
                if not self.record.done and not self.record.fresh:
                    self.remove()
                elif self.record.sound:
                    self.record.save()
            raise

    def create(self) -> None:
        """Create the output, and a record of no range, in place of data without a record."""
        self.record.write(None)
        _delete(self.form.part)
        self.form.create()
        for path in [self.form.part, *self.form.part.rglob("*")]:
            sync(path)
        self.record.write([])

    def remove(self) -> None:
        """Remove an output of which no range is done."""
        _delete(self.form.part)
        beside(self.form.part, Npy.COLUMNS).unlink(missing_ok=True)
        self.record.path.unlink(missing_ok=True)

    def publish(self) -> None:
        """Give the complete output its name."""
        with self.named():
            self.card["bytes"] = output_bytes(self.form, self.form.part)
            self.form.publish(self.target, seal(self.card))
            self.record.path.unlink()
            _delete(self.old)

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """Name the output in errors of the system."""
        try:
            yield
        except OSError as error:
            text = f"{self.path} cannot be written: {error.strerror or error}"
            raise OSError(*filter(None, [error.errno]), text) from error


def kept_digests(columns: Mapping[str, np.ndarray], kept: Iterable[str]) -> dict[str, str]:
    """Return the digests of columns that are carried along."""
    found = {}
    for name in kept:
        column = np.ascontiguousarray(columns[name])
        found[name] = sha256(column.dtype.str.encode(), column.view(np.uint8).data)
    return found


def _delete(path: Path) -> None:
    if path.is_dir():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def output_bytes(form: Format | type[Format], path: Path) -> int:
    """Return the size of an output in bytes, without the file that states it."""
    if not form.folder:
        return path.stat().st_size
    return sum(
        file.stat().st_size
        for file in path.rglob("*")
        if file.is_file() and file != path / form.card_name and not file.name.startswith(".")
    )
