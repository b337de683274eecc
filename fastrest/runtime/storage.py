"""Storage: sealed text, and writing that leaves either the old file or the whole new one.

Every sealed text carries its format. A later version of fastrest reads all formats up to its own,
so files stay readable for ever. Readers look up the keys they know and ignore all others. A new
key may therefore be added without a new format if an earlier reader does no harm by ignoring it;
every other change raises `FORMAT`.
"""

import base64
import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._version import __version__

#: The format of the files that this version writes; it reads all formats up to this one.
FORMAT = 1
#: The end of a small file's name while it is written: not .part, which unfinished outputs have.
TEMPORARY = ".writing"

StrPath = str | os.PathLike[str]


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
        raise ValueError(f"{path} is not a {kind}, or was cut off or changed")
    content: dict[str, Any] = json.loads(body)
    if content["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {content['format']}, and this version of fastrest reads formats up "
            f"to {FORMAT}: upgrade with pip install -U fastrest-ghk"
        )
    return content


def packed(array: np.ndarray) -> str:
    """Return an array as text, compressed."""
    plain = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(plain.tobytes())).decode()


def unpacked(text: str, dtype: npt.DTypeLike) -> np.ndarray:
    """Return the array that was `packed`."""
    plain = zlib.decompress(base64.b64decode(text))
    return np.frombuffer(plain, np.dtype(dtype).newbyteorder("<")).astype(dtype)


@contextlib.contextmanager
def replacing(path: Path, suffix: str | None = None) -> Iterator[Path]:
    """Yield a new file beside `path` that takes its place only once the work is done.

    A link stays a link, and its target is replaced. Replacing a file needs permission to write to
    its folder only; the permission to write to the file itself is checked here.
    """
    if suffix is not None and path.suffix.lower() != suffix:
        raise ValueError(f"{path} must end in {suffix}")
    import tempfile

    suffix = path.suffix if suffix is None else suffix
    path = Path(os.path.realpath(path))
    check_writable(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=suffix)
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(name)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # mkstemp's file is private
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise the OSError unless a file can be written there: called before anything is computed."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} cannot be written: it is not an ordinary file")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(f"{path} cannot be written: it is read-only")
    folder = path.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OSError(f"{path} cannot be written: there is no folder {folder} to write to")


def write_safely(path: Path, content: bytes) -> None:
    """Write a file: at any moment, even at a power cut, either the old or the new one is whole."""
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


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
