"""Output larger than memory: points are written block by block to a file or folder.

While it is written, the output stands beside its place: ``v.npy.part``, with a
``v.npy.part.json`` that records the ranges in it. A range is recorded only once its data are on the
disk, and the output gets its name only once it is complete.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest.io.format import (
    REPLACED,
    TASK,
    WHAT,
    Format,
    Record,
    beside,
    output_bytes,
    signature,
)
from fastrest.io.npy import Npy
from fastrest.io.parquet import Parquet
from fastrest.io.zarr import Zarr
from fastrest.physiology.criteria import quantity_to_json
from fastrest.points.describe import describe
from fastrest.points.points import Compute, Points, checked_dtype
from fastrest.runtime import scheduler
from fastrest.runtime.engines import Pool, opened
from fastrest.runtime.executors import Remote, Sender, warn_of_travel
from fastrest.runtime.locks import locked
from fastrest.runtime.ranges import common, cut, gaps
from fastrest.runtime.scheduler import Progress
from fastrest.runtime.storage import (
    StrPath,
    as_path,
    digest,
    named,
    same_file,
    seal,
    sha256,
    stranger,
    sync,
)
from fastrest.runtime.system import bytes_text, optional_module
from fastrest.runtime.workers import where

#: The ending that the name of an output has until it is complete.
PART = ".part"
#: The remedy after workers have failed.
SAME_CALL = "the same call resumes from there"

#: The formats by suffix.
FORMATS: dict[str, type[Format]] = {".npy": Npy, ".zarr": Zarr, ".parquet": Parquet}


def format_of(path: StrPath) -> type[Format]:
    """Return the format of a path's suffix, or raise the ValueError."""
    suffix = as_path(path).suffix.lower()
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
    overwrite: bool = False,
    executor: Any = None,
    workers: int | None = None,
) -> None:
    """Write points to a file or folder: see `Sweep.save`."""
    output = Output(points, path, dtype, engine, overwrite)
    with opened(executor, workers) as pool, output.locked():
        output.recover()
        if output.resume():
            points.check_memory(0, None, "sweep fewer points at a time")
            output.write(threads, progress, pool)
            output.publish()
        output.tidy()


def check_output(points: Points, path: StrPath, overwrite: bool = False) -> None:
    """Raise the errors that `save` raises before it computes anything."""
    output = Output(points, path, np.float64, None, overwrite)
    with output.locked():
        output.resume()


class Output:
    """The output of a save: its place, format, card and record."""

    def __init__(
        self,
        points: Points,
        path: StrPath,
        dtype: npt.DTypeLike,
        engine: str | None,
        overwrite: bool,
    ):
        self.path, self.target = path, as_path(path).resolve()
        self.points, self.engine, self.overwrite = points, engine, overwrite
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

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the output against other processes."""
        folder = self.target.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"{self.path} cannot be written: there is no folder {folder}")
        with contextlib.ExitStack() as stack:
            with self.named():
                stack.enter_context(locked(self.target))
            yield

    def recover(self) -> None:
        """Clean up after a process that was killed while it replaced an output."""
        if not self.old.exists():
            return
        if not self.record.path.exists() and self.form.foreign(self.old) is not None:
            raise FileExistsError(f"{self.old} is in the way, and is not an {WHAT}")
        with self.named():
            if self.target.exists():
                _delete(self.old)
            else:
                self.old.rename(self.target)

    def resume(self) -> bool:
        """Take up an unfinished save, check that the rest can be written; False if none is left."""
        form, record = self.form, self.record
        self.check_target()
        self.resumed = record.resume(len(self.points), form.companions)
        self.check_stranger()
        here = signature(self.target)
        if here is not None and not self.resumed and here == record.publishing.get("part"):
            self.form.complete(self.target, self.sealed(self.target))
            return False
        self.left = common(gaps(record.done, len(self.points)), form.rows)
        self.check_space(sum(stop - start for start, stop in self.left))
        return True

    def check_target(self) -> None:
        """Raise the error if the output cannot be written in its place."""
        target = self.target
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(f"{target} cannot be written: it is read-only")
        if not self.form.folder and target.is_dir():
            raise IsADirectoryError(f"{target} is a folder")
        for name, column in {**self.points.inputs, **self.points.kept}.items():
            file = mapped_file(column)
            if file is not None and same_file(file, target):
                raise ValueError(f"{self.path} holds column {name!r} of the sweep: name another")

    def check_stranger(self) -> None:
        """Raise the error if something that fastrest did not write is in the output's place."""
        here = signature(self.target)
        if self.overwrite or (here is not None and here in self.record.publishing.values()):
            return  # the latter was being replaced when a process was killed
        found = self.form.foreign(self.target)
        if found is not None:
            raise stranger(found, f"an {WHAT}")

    def check_space(self, points: int) -> None:
        """Raise the OSError unless so many points fit on the disk."""
        import shutil

        form = self.form
        need = int(form.least * (form.dtype.itemsize + form.with_status) * points)
        free = shutil.disk_usage(form.part.parent).free
        if need > free:
            least = "" if form.least == 1 else "at least "
            raise OSError(
                f"{self.path}: {points:,} points need {least}{bytes_text(need)}, free are "
                f"{bytes_text(free)}"
            )

    def write(self, threads: int | None, progress: Progress, pool: Pool | None = None) -> None:
        """Compute and write the points that are left: by threads, or by an engine's workers."""
        points, form, record = self.points, self.form, self.record
        to_do = scheduler.ToDo(
            len(points), form.unit, form.units, self.left, points.output.cost if pool else 1
        )
        if pool is not None:
            job = WriteJob(self, 1 if threads is None else threads)
            remote = Remote(write_remotely, (pool.carry(job),), (), (job,), SAME_CALL)
            sender = Sender(pool, remote, to_do)
            with self.unfinished():
                warn_of_travel(pool, len(points) * points.output.cost)
                sender.run(progress, lambda _, start, stop: record.add(start, stop, []))
                self.check_inputs()
            sender.tell_starved()
            return
        compute, threads = points.computer(self.engine, threads)

        def work(start: int, stop: int) -> None:
            with self.named():
                record.add(start, stop, computed_and_written(form, compute, start, stop))

        with self.unfinished():
            scheduler.run(work, to_do, threads=threads, progress=progress)
            self.check_inputs()

    @contextlib.contextmanager
    def unfinished(self) -> Iterator[None]:
        """Create the output, or open it again; record the written ranges in the end."""
        try:
            with self.named():
                if not self.resumed:
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
        self.record.publishing = {}
        self.record.write(None)
        self._delete_part()
        self.form.create()
        for path in [self.form.part, *self.form.part.rglob("*")]:
            sync(path)
        self.record.write([])

    def check_inputs(self) -> None:
        """Raise the RuntimeError if a column changed since the save began, and discard the part."""
        before = self.card["sweep"].get("columns", {})
        now = describe(self.points).get("columns", {})
        changed = [name for name, found in now.items() if found != before[name]]
        kept = self.identity.get("kept", {})
        found = kept_digests(self.points.stored_columns(), kept) if kept else {}
        changed += [name for name in kept if found[name] != kept[name]]
        if changed:
            self.record.done.clear()
            self.record.fresh.clear()
            raise RuntimeError(
                f"{self.path} was not written: column {changed[0]!r} changed while it was saved "
                "(a table reads the caller's arrays; save a table of copies)"
            )

    def remove(self) -> None:
        """Remove an output of which no range is done."""
        self._delete_part()
        self.record.path.unlink(missing_ok=True)

    def _delete_part(self) -> None:
        _delete(self.form.part)
        for ending in self.form.companions[1:]:  # the first is the record's
            beside(self.form.part, ending).unlink(missing_ok=True)

    def publish(self) -> None:
        """Give the complete output its name."""
        part, target = self.form.part, self.target
        with self.named():
            self.check_stranger()  # again: time has passed
            if target.exists():
                os.chmod(part, stat.S_IMODE(target.stat().st_mode) & 0o777)
            self.record.publishing = {"part": signature(part), "target": signature(target)}
            self.record.write(self.record.done)
            self.form.publish(target, self.sealed(part))

    def tidy(self) -> None:
        """Remove the record, and the output that was replaced."""
        with self.named():
            _delete(self.old)
            self.record.path.unlink(missing_ok=True)

    def sealed(self, path: Path) -> bytes:
        """Return the card of a complete output."""
        return seal({**self.card, "bytes": output_bytes(self.form, path)})

    def named(self) -> contextlib.AbstractContextManager[None]:
        """Name the output in errors of the system."""
        return named(self.path)


def computed_and_written(form: Format, compute: Compute, start: int, stop: int) -> list[Path]:
    """Compute and write a range, and return the files that hold it."""
    values = np.empty(stop - start, form.dtype)
    status = np.empty(stop - start, np.uint8) if form.with_status else None
    compute(start, stop, values, status, False)
    return form.write(start, stop, values, status)


class WriteJob:
    """The writing of an output, for a worker that shares its folder with the caller."""

    def __init__(self, output: Output, threads: int):
        self.points, self.of, self.part = output.points, output.points.of, output.form.part
        self.kind, self.dtype = type(output.form), output.form.dtype
        self.engine = scheduler.choose_engine(output.engine)
        self.threads, self.path = threads, str(output.path)
        self.bits = output.points.bits

    def connected(self) -> Format:
        """Return the format, ready to write ranges."""
        if not self.part.exists():
            raise FileNotFoundError(
                f"{where()} does not see {self.part}: save to a folder that all workers share"
            )
        form = self.kind(self.points.asked(self.of), self.dtype, self.part)
        form.connect()
        return form


def write_remotely(job: WriteJob, start: int, stop: int) -> None:
    """Compute and write a range in a worker; return once its data are on the disk."""
    form = job.connected()
    engine = scheduler.supported(job.engine)
    compute, threads = form.points.computer(engine, job.threads)
    written: set[Path] = set()

    def work(lo: int, hi: int) -> None:
        with named(job.path):
            written.update(computed_and_written(form, compute, lo, hi))

    to_do = scheduler.ToDo(len(job.points), form.unit, form.units, [(start, stop)])
    scheduler.run(work, to_do, threads=threads)
    folders = {one for path in written for one in path.parents if one.is_relative_to(job.part)}
    for path in (*written, *folders):
        sync(path)


def kept_digests(columns: Mapping[str, np.ndarray], kept: Iterable[str]) -> dict[str, str]:
    """Return the digests of columns that are carried along."""
    found = {}
    for name in kept:
        column = np.ascontiguousarray(columns[name])
        found[name] = sha256(column.dtype.str.encode(), column.view(np.uint8).data)
    return found


def mapped_file(column: Any) -> StrPath | None:
    """Return the file that an array is mapped to; None if it is in memory."""
    while column is not None:
        if isinstance(column, np.memmap) and column.filename is not None:
            return column.filename
        column = getattr(column, "base", None)
    return None


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
