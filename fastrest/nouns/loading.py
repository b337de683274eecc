"""Loading: the sweep whose potentials were saved."""

from pathlib import Path
from typing import Any

import numpy as np

from fastrest.io.format import WHAT, beside
from fastrest.io.save import PART, format_of, kept_digests, output_bytes
from fastrest.nouns.sweep_kinds import KINDS, Table
from fastrest.nouns.sweeps import Sweep
from fastrest.points.describe import describe, described_cell, made
from fastrest.runtime.storage import StrPath, digest


def load(path: StrPath) -> Sweep:
    """Return the sweep whose potentials ``sweep.save`` wrote.

    To read the potentials themselves, use ``np.load(path, mmap_mode="r")``,
    ``xarray.open_zarr(path)`` or ``pandas.read_parquet(path)``.

    Parameters
    ----------
    path : path
        A ``.npy`` file, ``.zarr`` or ``.parquet`` folder.

    Returns
    -------
    Sweep
        A sweep equal to the saved one, with all columns if it is a table.

    Raises
    ------
    FileNotFoundError
        There is no such output, or its save is not finished.
    ValueError
        The output was not written by `save`, was cut off or changed, or is of a later format. A
        changed potential in a file of the right size is not noticed.

    Examples
    --------
    >>> import tempfile, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sweep.save(f"{folder}/v.npy")
    ...     fr.load(f"{folder}/v.npy") == sweep
    True
    """
    kind, target = format_of(path), Path(path).resolve()
    if not target.exists():
        part = beside(target, PART)
        if part.exists():
            raise FileNotFoundError(
                f"{path} is not finished: repeat the save, which resumes from {part.name}"
            )
        raise FileNotFoundError(f"there is no {path}")
    if target.is_dir() != kind.folder:
        raise ValueError(f"{path} is not an {WHAT}")
    card = kind.card(target)
    size = output_bytes(kind, target)
    if size != card["bytes"]:
        raise ValueError(
            f"{path} was cut off or changed: it has {size:,} bytes of {card['bytes']:,}"
        )
    description = card["sweep"]
    sweep: Any = made(description, KINDS)
    if sweep is None:
        names = list(card["dtypes"])
        columns = {
            name: np.asarray(column).astype(card["dtypes"][name], copy=False)
            for name, column in zip(names, kind.read_columns(target, names))
        }
        sweep = Table(described_cell(description), columns, {}, list(card["kept"]))
        if kept_digests(columns, card["kept"]) != card["kept"]:
            raise ValueError(f"{path}: a carried column was changed")
    if digest(describe(sweep)) != card["digest"]:
        raise ValueError(f"{path} was changed: its sweep has another digest than was saved")
    found: Sweep = sweep
    return found
