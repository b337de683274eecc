"""Loading of saved sweeps, and merging of parts that were counted on their own."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from fastrest._core.validation import whole_number
from fastrest.io.format import WHAT, Format, beside, output_bytes
from fastrest.io.save import PART, format_of, kept_digests
from fastrest.nouns.populations import Population
from fastrest.nouns.sweep_kinds import KINDS, Courses, Table
from fastrest.nouns.sweeps import Sweep
from fastrest.physiology.criteria import quantity_from_json, resolved_quantity
from fastrest.points.describe import describe, described_cell, made
from fastrest.points.points import checked_dtype
from fastrest.populations.population_tally import PopulationTally, merged_tallies
from fastrest.reductions.tally import Tally, merged_tally
from fastrest.runtime import system
from fastrest.runtime.checkpoint import loaded
from fastrest.runtime.storage import StrPath, as_path, digest, undamaged, unseal


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
    with undamaged(path):
        size = output_bytes(kind, target)
        if size != card["bytes"]:
            raise ValueError(f"it has {size:,} bytes of {card['bytes']}")
        sweep = _described_sweep(kind, target, card)
        check_card(card, sweep)
        return sweep


def _described_sweep(kind: type[Format], path: Path, card: Mapping[str, Any]) -> Sweep:
    """Return the sweep that a card describes, with the columns beside it if it is a table."""
    description = card["sweep"]
    sweep: Any = made(description, KINDS)
    if sweep is not None:
        return cast(Sweep, sweep)
    if description["kind"] == "Courses":
        times = np.array(description["time"], np.float64)
        return Courses(_described_table(kind, path, card, description["cells"], len(times)), times)
    return _described_table(kind, path, card, description)


def _described_table(
    kind: type[Format],
    path: Path,
    card: Mapping[str, Any],
    description: Mapping[str, Any],
    times: int = 1,
) -> Table:
    """Return the table of a description, with the columns beside it: each row at several times."""
    dtypes = {name: np.dtype(dtype) for name, dtype in card["dtypes"].items()}
    (rows,) = description["shape"]
    rows = whole_number("shape", rows, 1)
    kind.check_rows(path, rows * times)
    need = rows * sum(dtype.itemsize for dtype in dtypes.values())
    system.check_memory(need, None, f"the columns of {path}")
    columns = {
        name: np.asarray(column).astype(dtypes[name], copy=False)
        for name, column in zip(dtypes, kind.read_columns(path, dtypes, rows, times))
    }
    if kept_digests(columns, card["kept"]) != card["kept"]:
        raise ValueError("a carried column was changed")
    return Table(described_cell(description), columns, {}, list(card["kept"]))


def check_card(card: Mapping[str, Any], sweep: Sweep) -> None:
    """Raise the ValueError that names a field of a card which contradicts the sweep."""
    if digest(describe(sweep)) != card["digest"]:
        raise ValueError("its sweep has another digest than was saved")
    resolved_quantity(quantity_from_json(card["of"]), sweep.cell.model)
    checked_dtype(card["dtype"])
    bits = getattr(sweep, "bits", None)
    if (card["bits"] is None) != (bits is None):
        raise ValueError(f"bits must be {bits}, got {card['bits']!r}")


def merge(parts: Iterable[Tally | Population | StrPath]) -> Any:
    """Return the answers of a sweep, or the population, that was counted in parts.

    Parameters
    ----------
    parts : iterable of Tally, Population or path
        All parts, in any order.

    Returns
    -------
    tuple or Population
        The answers of ``sweep.reduce`` or the population of ``Space.population``, bit-for-bit
        identical.

    Raises
    ------
    ValueError
        The parts are of different sweeps, reducers, methods or populations, overlap, or leave
        points out; a reducer needs several passes.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
    >>> parts = [sweep.part(k, 3).tally(fr.Summary()) for k in range(3)]
    >>> fr.merge(parts) == sweep.reduce(fr.Summary())
    True
    """
    if isinstance(parts, Tally | Population | str | os.PathLike):
        raise TypeError(f"merge takes a list of tallies, populations or paths, got {parts!r}")
    given = iter(parts)
    first = next(given, None)
    if first is None:
        raise ValueError("nothing to merge: no tallies were given")
    both = itertools.chain([first], given)
    return merged_population(both) if is_of_population(first) else merged_sweep(both).answers()


def is_of_population(part: Any) -> bool:
    """Return True if a part is a population or a file of one."""
    if isinstance(part, str | os.PathLike):
        return PopulationTally.key in unseal(as_path(part), Tally.file_kind)
    return isinstance(part, Population)


def merged_population(parts: Iterable[Any]) -> Population:
    """Return the population that was counted in parts."""

    def tallies() -> Iterator[tuple[PopulationTally, str]]:
        for one, file in loaded(parts, Population.load):
            if not isinstance(one, Population):
                raise TypeError(f"merge: expected parts of a population, got {one!r}")
            yield one.tally, file

    return Population(merged_tallies(tallies()))


def merged_sweep(parts: Iterable[Any]) -> Tally:
    """Return the tally of the sweep that was counted in parts."""

    def tallies() -> Iterator[tuple[Tally, str]]:
        for one, file in loaded(parts, Tally.load):
            if not isinstance(one, Tally):
                raise TypeError(f"merge: expected tallies of a sweep, got {one!r}")
            yield one, file

    return merged_tally(tallies())
