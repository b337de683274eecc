"""Storage: every file is written by `replacing` or `write_safely`, and sealed text.

To write a file of any format::

    check_writable(path, overwrite=force)          # before anything is computed
    ...
    with replacing(path, overwrite=force) as new:  # once there is something to write
        write_somehow(new)                         # any writer that takes the name of a file

`new` is an empty file beside `path` with the same suffix. When the block ends, its content is
brought to the disk and takes the place of `path`; when the block raises, `path` stays as it was.
Links are followed: the link stays, and its target is replaced. Errors of the system name `path`.
A file that fastrest did not write (see `is_ours`) is replaced only with `overwrite`. A file that
grows for long is also locked by `locks.locked`.

Every sealed text carries its format. A later version of fastrest reads all formats up to its own,
so files stay readable for ever. Readers look up the keys they know and ignore all others. A new
key may therefore be added without a new format if an earlier reader does no harm by ignoring it;
every other change raises `FORMAT`. Format 2 came with tallies that hold long axes by their digests.
"""

import base64
import contextlib
import io
import json
import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._version import __version__
from fastrest.runtime import locks

#: The format of the files that this version writes; it reads all formats up to this one.
FORMAT = 2
#: A part of the name that a file has while it is written.
TEMPORARY = ".writing"
#: The program's name in the metadata of pictures and data frames, and the key that it has there.
CREATOR = {"Creator": "fastrest"}

StrPath = str | os.PathLike[str]


def as_path(path: StrPath, name: str = "path") -> Path:
    """Return a path, or raise the error that names the argument."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"{name} must be the name of a file, as str or pathlib.Path, got {path!r}")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise ValueError(f"{name} must be the name of a file, got {text!r}")
    return Path(path)


# ---- sealed text ----


def sha256(*pieces: "bytes | memoryview") -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    import hashlib  # takes 4 ms, which `import fastrest` does not spend

    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def digest(description: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a description."""
    return sha256(json.dumps(description, sort_keys=True).encode())


def seal(content: Mapping[str, Any]) -> bytes:
    """Return JSON that begins with the SHA-256 of the rest, so that a cut or changed file shows."""
    body = json.dumps({"format": FORMAT, "fastrest": __version__, **content}).encode()
    return b"%s%s}\n" % (_head(body), body)


def _head(body: bytes) -> bytes:
    return b'{"sha256": "%s",\n"content": ' % sha256(body).encode()


def unseal(path: Path, kind: str) -> dict[str, Any]:
    """Return the content of a sealed file of a kind, or raise the ValueError that names both."""
    return unsealed(path.read_bytes(), path, kind)


def unsealed(data: bytes, path: Path, kind: str) -> dict[str, Any]:
    """Return the content of a sealed text that a file holds, or raise the ValueError."""
    body = data[len(_head(b"")) :].rstrip().removesuffix(b"}")
    if not data.startswith(_head(body)):
        raise ValueError(f"{path} is not a {kind}, is damaged, or was cut off or changed")
    with undamaged(path):
        content: dict[str, Any] = json.loads(body)
        version = content["format"]
        if type(version) is not int or version < 1:
            raise ValueError(f"format must be a whole number >= 1, got {version!r}")
    if version > FORMAT:
        raise ValueError(
            f"{path} has format {version}, and this version of fastrest reads formats up "
            f"to {FORMAT}: upgrade with pip install -U fastrest-ghk"
        )
    return content


@contextlib.contextmanager
def undamaged(path: StrPath) -> Iterator[None]:
    """Raise one kind of error for a damaged file, a ValueError that names it.

    Each library, and each depth of a nested text, has its own errors.
    """
    try:
        yield
    except (ImportError, MemoryError, PermissionError):
        raise
    except Exception as error:
        if isinstance(error, ValueError) and "is damaged" in str(error):
            raise  # it names the file already, or one of its files
        words = str(error) if isinstance(error, ValueError | TypeError) else repr(error)
        words = " ".join(words.split())[:300]
        raise ValueError(f"{path} is damaged, or was cut off or changed: {words}") from error


def packed(array: np.ndarray) -> str:
    """Return an array as text, compressed."""
    plain = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(plain.tobytes())).decode()


def unpacked(text: str, dtype: npt.DTypeLike, length: int) -> np.ndarray:
    """Return the array of a length that was `packed`."""
    data, kind = base64.b64decode(text, validate=True), np.dtype(dtype)
    expander, need = zlib.decompressobj(), length * kind.itemsize
    plain = expander.decompress(data, need + 1)  # no more: a few bytes can hold gigabytes
    if len(plain) != need or not expander.eof:
        raise ValueError(f"packed numbers must be {length:,}")
    return np.frombuffer(plain, kind.newbyteorder("<")).astype(kind)


# ---- files that fastrest wrote ----


def is_ours(path: Path) -> bool:
    """Return True if fastrest wrote a file: it has our seal, or names us as its creator.

    Files that have room for neither, such as .csv and .npz, are always somebody else's.
    """
    size = 1 << 16
    try:
        with path.open("rb") as file:
            head = file.read(size)
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            tail = file.read(size)
        if head.startswith(b"\x1f\x8b"):  # .svgz
            head = zlib.decompressobj(31).decompress(head, size)
    except (OSError, zlib.error):
        return False
    return any(
        head.startswith(begin) and mark in (tail if at_end else head)
        for begin, mark, at_end in (
            (b'{"sha256": "', b'",\n"content": {"format": ', False),
            (b'{\n "version": "fastrest ', b"", False),  # of `fastrest bench --json`
            (b"\x89PNG\r\n\x1a\n", b"tEXtCreator\0fastrest", False),
            (b"<?xml ", b"<dc:title>fastrest</dc:title>", False),
            (b"%!PS", b"%%Creator: fastrest", False),
            (b"%PDF-", b"/Creator (fastrest)", True),
            (b"PAR1", b"\x07Creator\x18\x08fastrest", True),
        )
    )


def check_writable(path: StrPath, overwrite: bool = False) -> None:
    """Raise the OSError unless a file can be written there: called before anything is computed.

    A file that fastrest did not write can be written only with `overwrite`.
    """
    path = as_path(path)
    target = locks.target(path)
    if target.exists() and not target.is_file():
        raise OSError(f"{path} cannot be written: it is not an ordinary file")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} cannot be written: it is read-only")
    folder = target.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path} cannot be written: the folder {folder} is read-only")
    if not overwrite and target.exists() and not is_ours(target):
        raise stranger(path)


def stranger(path: StrPath, what: str = "a file that fastrest wrote") -> FileExistsError:
    """Return the error for a file in the place of an output that fastrest did not write."""
    return FileExistsError(
        f"{path} is not {what}, and is not replaced: name another file, or give --force (in Python "
        "overwrite=True)"
    )


def same_file(one: StrPath, other: StrPath) -> bool:
    """Return True if two paths lead to one file, which need not exist."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


# ---- writing ----


@contextlib.contextmanager
def replacing(
    path: StrPath, suffix: str | None = None, *, overwrite: bool = False
) -> Iterator[Path]:
    """Yield a new file beside `path` that takes its place only once the block is done.

    Parameters
    ----------
    path : path
    suffix : str, optional
        The suffix that the path must have.
    overwrite : bool
        True if a file that fastrest did not write may be replaced.

    Raises
    ------
    FileExistsError
        There is a file that fastrest did not write.
    OSError
        The file cannot be written. Replacing a file needs permission to write to its folder only;
        the permission to write to the file itself is checked too.
    """
    path = as_path(path)
    if suffix is not None and path.suffix.lower() != suffix:
        raise ValueError(f"{path} must end in {suffix}")
    target, owner = locks.target(path), os.getpid()
    with named(path):
        check_writable(path, overwrite)
        tried: list[Path] = []
        file = None
        try:
            new, file = _temporary(target, tried)
            yield new
            os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(new, stat.S_IMODE(target.stat().st_mode) & 0o777)
            check_writable(path, overwrite)  # again: time has passed
            if os.name == "nt":
                file.close()  # Windows does not rename open files
            os.replace(new, target)
        finally:
            if file is None:  # Ctrl-C came while it was made
                for new in tried:
                    with contextlib.suppress(OSError):  # the first error is the one to tell
                        new.unlink()
            elif os.getpid() == owner:  # a forked child leaves its parent's file alone
                locks.remove(file, new)
        sync(target.parent)
        _remove_stale(target)


def write_safely(path: StrPath, content: bytes, *, overwrite: bool = False) -> None:
    """Write a file: at any moment, even at a power cut, either the old or the new one is whole."""
    with replacing(path, overwrite=overwrite) as new, new.open("r+b") as file:
        file.write(content)


def _temporary(target: Path, tried: list[Path]) -> tuple[Path, io.FileIO]:
    """Return the name of a new file beside a file, and the new file, open and locked.

    Every name is added to `tried` before there is a file of the name.
    """
    while True:
        name = f".{target.stem[:40]}-{os.urandom(8).hex()}{TEMPORARY}{target.suffix}"
        new = target.with_name(name)
        tried.append(new)
        file = io.FileIO(new, "x+", opener=lambda name, flags: os.open(name, flags, 0o666))
        if locks.take(file, True) and locks.stands(file, new):
            return new, file
        file.close()  # before it was locked, another process took it for a stale one


def _remove_stale(target: Path) -> None:
    """Remove the new files beside a file that killed processes left."""
    stem, suffix = re.escape(target.stem[:40]), re.escape(target.suffix)
    stale = re.compile(rf"\.{stem}-[0-9a-f]{{16}}{re.escape(TEMPORARY)}{suffix}")
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            if stale.fullmatch(name):
                locks.remove_stale(target.with_name(name))


@contextlib.contextmanager
def named(path: StrPath) -> Iterator[None]:
    """Name a file in errors of the system that come while it is written."""
    try:
        yield
    except OSError as error:
        if error.errno is None or "cannot be written" in (error.strerror or ""):
            raise  # it has a name already
        text = f"{path} cannot be written: {error.strerror or error}"
        raise OSError(error.errno, text) from error


def sync(path: Path) -> None:
    """Return once a file, or the list of a folder, is on the disk."""
    folder = path.is_dir()
    with contextlib.suppress(OSError) if folder else contextlib.nullcontext():
        # Windows and some file servers cannot do this for folders
        opened = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
