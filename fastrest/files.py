"""Files: a sweep as text, and writing that leaves either the old file or the whole new one."""

import base64
import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .cell import Cell
from .derived import derived_of
from .distributions import FAMILIES, Distribution, Tabulated
from .grids import Axis, Grid
from .info import __version__
from .model import MODELS
from .physics import Ion
from .samples import Sample
from .spaces import Space
from .tables import Table
from .tabulation import Pieces, Side

if TYPE_CHECKING:
    from .sweep import Sweep

#: Ends the name of a small file while it is written: not .part, which unfinished outputs have.
TEMPORARY = ".writing"


# ---- a sweep as text ----


def describe(sweep: "Sweep") -> dict[str, Any]:
    """What a sweep is, as JSON holds it: numbers are written so that they come back to the bit.

    The columns of a table are described by their digests alone.
    """
    model, kind = sweep.cell.model, type(sweep).__name__
    return {
        "fastrest": __version__,
        "kind": kind,
        "shape": list(sweep.shape),
        "cell": {
            "model": type(model).__name__,
            "ions": [[ion.name, ion.z] for ion in model.ions],
            "passive": list(model.passive),
            **{k: v for k, v in sweep.cell._fields.items() if v not in ("", None)},
            "values": dict(sweep.cell),
        },
        **KINDS[kind].describe(sweep),
    }


def described(data: Mapping[str, Any]) -> "Sweep | None":
    """The sweep of a description; None for a table, which takes its columns to be made again."""
    make = KINDS[data["kind"]].make
    return None if make is None else make(described_cell(data), data)


def described_cell(data: Mapping[str, Any]) -> Cell:
    """The cell of a description."""
    fields = dict(data["cell"])
    kind, ions = MODELS[fields.pop("model")], [Ion(n, z) for n, z in fields.pop("ions")]
    model = kind(*ions, passive=tuple(fields.pop("passive")))
    return Cell(model, **fields.pop("values"), **fields)


def sha256(*pieces: "bytes | memoryview") -> str:
    """The digest of bytes, in hexadecimal."""
    import hashlib  # takes 4 ms: not by every import of fastrest

    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def digest(description: Mapping[str, Any]) -> str:
    """SHA-256 of all that sets a sweep's potentials and their order."""
    return sha256(json.dumps(description, sort_keys=True).encode())


def _describe_grid(grid: Grid) -> dict[str, Any]:
    return {"axes": [_described_axis(grid, axis) for axis in grid.axes]}


def _described_axis(grid: Grid, axis: Axis) -> dict[str, Any]:
    labels = [x.item() if isinstance(x, np.generic) else x for x in axis.labels or ()]
    for label in labels:
        if not isinstance(label, str | int | float):
            raise TypeError(
                f"axis {axis.name!r}: labels must be text or numbers to be saved, got {label!r}"
            )
    return {
        "name": axis.name,
        "labels": None if axis.labels is None else labels,
        "parameters": {n: grid._inputs[n].tolist() for n in axis.parameters},
    }


def _grid(cell: Cell, data: Mapping[str, Any]) -> Grid:
    return Grid(cell, [Axis(a["name"], a["labels"], a["parameters"]) for a in data["axes"]])


def _describe_table(table: Table) -> dict[str, Any]:
    return {"columns": {n: _digest(v) for n, v in table._inputs.items()}}


def _digest(column: np.ndarray) -> str:
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(column, "<f8")
    return sha256(plain.data)


def _describe_sample(sample: Sample) -> dict[str, Any]:
    space = sample.space
    return {
        "inputs": [  # a list: their order sets the points
            [n, _describe_distribution(one)] for n, one in zip(space.names, space.distributions)
        ],
        "derived": [[name, one.text] for name, one in space._follow.items()],
        "correlation": [[*pair, rho] for pair, rho in (space.correlation or {}).items()],
        "method": sample.method,
        "rng": sample.rng,
        "scramble": sample.scramble,
    }


def _sample(cell: Cell, data: Mapping[str, Any]) -> Sample:
    distributions: dict[str, Any] = {name: _distribution(one) for name, one in data["inputs"]}
    distributions.update({name: derived_of(text) for name, text in data["derived"]})
    space = Space(cell, distributions, {(a, b): rho for a, b, rho in data["correlation"]})
    return Sample(space, data["shape"][0], data["rng"], data["method"], data["scramble"])


def _describe_distribution(one: Distribution) -> dict[str, Any]:
    if not isinstance(one, Tabulated):
        return {"family": one.family, "arguments": dict(one._arguments)}
    sides = one.pieces.lower, one.pieces.upper
    return {
        "label": one.label,
        "bounds": list(one.bounds),
        "factor": one.factor,
        "pieces": [{"breaks": s.breaks.tolist(), "coefs": s.coefs.tolist()} for s in sides],
    }


def _distribution(data: Mapping[str, Any]) -> Distribution:
    if "family" in data:
        return FAMILIES[data["family"]](**data["arguments"])
    lower, upper = (Side(np.array(s["breaks"]), np.array(s["coefs"])) for s in data["pieces"])
    return Tabulated(data["label"], tuple(data["bounds"]), Pieces(lower, upper), data["factor"])


class Kind(NamedTuple):
    """What a kind of sweep adds to its description, and how it is made of its cell and that."""

    describe: Callable[[Any], dict[str, Any]]
    make: Callable[[Cell, Mapping[str, Any]], "Sweep"] | None


KINDS = {
    "Grid": Kind(_describe_grid, _grid),
    "Table": Kind(_describe_table, None),
    "Sample": Kind(_describe_sample, _sample),
}


# ---- text with a seal ----


def seal(content: Mapping[str, Any]) -> bytes:
    """JSON that begins with the SHA-256 of the rest, so that a cut or changed file shows."""
    body = json.dumps(content, allow_nan=True).encode()
    return b"%s%s}\n" % (_head(body), body)


def _head(body: bytes) -> bytes:
    return b'{"sha256": "%s",\n"content": ' % sha256(body).encode()


def check_version(path: "str | os.PathLike[str]", data: Mapping[str, Any]) -> None:
    """Refuse what another version wrote: its answers might have other bits."""
    if data.get("fastrest") != __version__:
        raise ValueError(
            f"{path} was written by fastrest {data.get('fastrest')}, this is {__version__}"
        )


def unseal(path: Path, what: str) -> dict[str, Any]:
    """The content of a sealed file; a ValueError that names the file if it is not whole."""
    return unsealed(path.read_bytes(), f"{path} is no {what}")


def unsealed(data: bytes, complaint: str) -> dict[str, Any]:
    """The content of a sealed text; a ValueError that begins with the complaint otherwise."""
    body = data[len(_head(b"")) :].rstrip().removesuffix(b"}")
    if not data.startswith(_head(body)):
        raise ValueError(f"{complaint}, or was cut off or changed")
    content: dict[str, Any] = json.loads(body)
    return content


def packed(array: np.ndarray) -> str:
    """An array as text, compressed."""
    plain = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(plain.tobytes())).decode()


def unpacked(text: str, dtype: npt.DTypeLike) -> np.ndarray:
    """The array that was `packed`."""
    kind = np.dtype(dtype)
    plain = np.frombuffer(zlib.decompress(base64.b64decode(text)), kind.newbyteorder("<"))
    return plain.astype(kind)


@contextlib.contextmanager
def replacing(path: Path, suffix: str | None = None) -> Iterator[Path]:
    """A new file beside `path` that takes its place only once the work is done.

    A link stays a link, and its target is replaced. Replacing a file takes leave to write to its
    folder only: whether the file itself may be written is asked here.
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
        os.chmod(name, 0o666 & ~mask)  # mkstemp's own mode would keep others from reading
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Refuse what cannot be written before anything is computed."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} cannot be written: it is no ordinary file")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(f"{path} cannot be written: it is read-only")
    folder = path.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OSError(f"{path} cannot be written: there is no folder {folder} to write to")


def write_safely(path: Path, content: bytes) -> None:
    """Write a file so that at any moment, even of a power cut, the old or the new one is whole."""
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
    """Return once a file, or what a folder lists, is on the disk."""
    folder = path.is_dir()
    with contextlib.suppress(OSError) if folder else contextlib.nullcontext():
        # Windows and some servers' disks have no such thing for folders
        opened = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
