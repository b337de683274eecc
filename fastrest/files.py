"""Files: a sweep as text, and writing that leaves either the old file or the whole new one."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .cell import Cell
from .grids import Axis, Grid
from .info import __version__
from .model import MODELS
from .physics import Ion

if TYPE_CHECKING:
    from .sweep import Sweep

#: Ends the name of a small file while it is written: not .part, which unfinished outputs have.
TEMPORARY = ".writing"


# ---- a sweep as text ----


def describe(sweep: "Sweep") -> dict[str, Any]:
    """What a sweep is, as JSON holds it: numbers are written so that they come back to the bit.

    The columns of a table are described by their digests alone.
    """
    model = sweep.cell.model
    found: dict[str, Any] = {
        "fastrest": __version__,
        "kind": type(sweep).__name__,
        "shape": list(sweep.shape),
        "cell": {
            "model": type(model).__name__,
            "ions": [[ion.name, ion.z] for ion in model.ions],
            "passive": list(model.passive),
            **{k: v for k, v in sweep.cell._fields.items() if v not in ("", None)},
            "values": dict(sweep.cell),
        },
    }
    if isinstance(sweep, Grid):
        found["axes"] = [_described_axis(sweep, axis) for axis in sweep.axes]
    else:
        found["columns"] = {n: _digest(v) for n, v in sweep._inputs.items()}
    return found


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


def _digest(column: np.ndarray) -> str:
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(column, "<f8")
    return hashlib.sha256(plain.data).hexdigest()


def digest(description: Mapping[str, Any]) -> str:
    """SHA-256 of all that sets a sweep's potentials and their order."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def described_cell(data: Mapping[str, Any]) -> Cell:
    """The cell of a description."""
    fields = dict(data["cell"])
    kind, ions = MODELS[fields.pop("model")], [Ion(n, z) for n, z in fields.pop("ions")]
    model = kind(*ions, passive=tuple(fields.pop("passive")))
    return Cell(model, **fields.pop("values"), **fields)


def described_grid(data: Mapping[str, Any]) -> Grid:
    """The grid of a description."""
    axes = [Axis(a["name"], a["labels"], a["parameters"]) for a in data["axes"]]
    return Grid(described_cell(data), axes)


# ---- text with a seal ----


def seal(content: Mapping[str, Any]) -> bytes:
    """JSON that begins with the SHA-256 of the rest, so that a cut or changed file shows."""
    body = json.dumps(content, allow_nan=True).encode()
    return b"%s%s}\n" % (_head(body), body)


def _head(body: bytes) -> bytes:
    return b'{"sha256": "%s",\n"content": ' % hashlib.sha256(body).hexdigest().encode()


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
