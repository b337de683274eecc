"""Members of a population: the accepted cells, computed again from their numbers, and their files.

The code of the counting pass computes their blocks once more: the bits are the same.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastrest._core.validation import Comparable, public, whole_number
from fastrest.physiology.cell import Cell
from fastrest.points.points import labels_of
from fastrest.points.sample_points import Rng, seed_of
from fastrest.populations.candidates import compute
from fastrest.populations.population_tally import PopulationTally
from fastrest.runtime import scheduler, system

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastrest._core.validation import unknown
from fastrest.runtime.storage import CREATOR, StrPath, as_path, check_writable, replacing

#: Name of the column of candidates' numbers.
NUMBER = "candidate"


@public
@dataclass(frozen=True, eq=False, repr=False)
class Members(Comparable):
    """Accepted cells of a population: made by ``Population.members``.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    indices : ndarray of int64, (members,)
        The members' numbers among the candidates.
    parameters : dict of str to ndarray
        The parameters that vary, as they were drawn, without the changes of conditions.
    potentials : dict of str to ndarray
        V, or the output `of`, under each condition, mV.
    of : str
        Name of the output.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
    >>> accept = [fr.between(-75, -65)]
    >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
    >>> members = pop.members(first=3)
    >>> members.parameters["K_out"].round(2), members.potentials["leaky"].round(1)
    (array([5.59, 3.49, 3.89]), array([-62.6, -61.9, -64.7]))
    """

    cell: Cell
    indices: np.ndarray
    parameters: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]
    of: str = "V"

    def __len__(self) -> int:
        return len(self.indices)

    def cells(self) -> list[Cell]:
        """Return the members as cells, without the changes of conditions.

        Returns
        -------
        list of Cell

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**4, rng=1, accept=[fr.between(-72, -70)])
        >>> [round(cell.potential(), 1) for cell in pop.members(first=3).cells()]
        [-71.8, -71.5, -71.1]
        """
        rows = zip(*(values.tolist() for values in self.parameters.values()))
        return [self.cell.replace(**dict(zip(self.parameters, row))) for row in rows]

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """The columns of tables and files: number, parameters, potentials as ``V CONDITION``."""
        potentials = {f"{self.of} {name}": V for name, V in self.potentials.items()}
        return {NUMBER: self.indices, **self.parameters, **potentials}

    @property
    def units(self) -> dict[str, str]:
        """The units of the columns; "1" if a parameter is relative."""
        model = self.cell.model
        found = {name: labels_of(model.parameters[name])["units"] for name in self.parameters}
        unit = model.outputs[self.of].unit
        return {**found, **{f"{self.of} {name}": unit for name in self.potentials}}

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a pandas table, a row per member: number, parameters, and ``V CONDITION``.

        Returns
        -------
        pandas.DataFrame
            Its ``attrs["units"]`` has the columns' units.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
        >>> accept = [fr.between(-75, -65)]
        >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
        >>> pop.members(first=2).to_dataframe().round(2)
           candidate  P_Na  K_out  V control  V leaky
        0          0  0.03   5.59     -70.64   -62.62
        1          1  0.04   3.49     -72.24   -61.88
        """
        import pandas as pd

        frame = pd.DataFrame(self.columns)
        frame.attrs["units"] = self.units
        return frame

    def to_xarray(self) -> "xr.Dataset":
        """Return ``V`` over ``condition`` and ``member``, with parameters as coordinates.

        Returns
        -------
        xarray.Dataset

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> conditions = {"control": {}, "high K": {"K_out": 6.5}}
        >>> pop = space.population(10**4, rng=1, conditions=conditions)
        >>> ds = pop.members(first=5).to_xarray()
        >>> ds.V.dims, ds.V.attrs["units"], ds.V.sel(condition="high K").shape
        (('condition', 'member'), 'mV', (5,))
        """
        import xarray as xr

        model = self.cell.model
        labels = {name: labels_of(one) for name, one in model.parameters.items()}
        constants = {name: ((), x, labels[name]) for name, x in self.cell.items()}
        varied = {name: ("member", x, labels[name]) for name, x in self.parameters.items()}
        names = ("condition", list(self.potentials))
        V = np.stack(list(self.potentials.values()))
        return xr.Dataset(
            {self.of: (("condition", "member"), V, labels_of(model.outputs[self.of]))},
            coords={**constants, **varied, NUMBER: ("member", self.indices), "condition": names},
            attrs={"model": repr(model), "cell": self.cell.name},
        )

    def save(self, path: "str | os.PathLike[str]", *, overwrite: bool = False) -> None:
        """Write to a file, in the columns of `to_dataframe`.

        Parameters
        ----------
        path : path
            Its suffix is the format:

            ``.csv``
                With a header of names. Units are in ``PATH.units.json`` beside it.
            ``.npz``
                An array per column, by name, and ``units``, a text of JSON.
            ``.parquet``
                For ``pandas.read_parquet``; the units are in the metadata of the columns, and of
                the file. Needs pyarrow.

        overwrite : bool
            True to replace an existing file, once the new one is complete. Only a ``.parquet``
            tells that fastrest wrote it, and is replaced in any case.

        Raises
        ------
        ValueError
            The suffix is unknown.
        FileExistsError
            A file exists, and does not tell that fastrest wrote it.
        OSError
            A file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
        >>> accept = [fr.between(-75, -65)]
        >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pop.members(first=2).save(f"{folder}/accepted.csv")
        """
        save_members(path, self.columns, self.units, overwrite)

    def __repr__(self) -> str:
        conditions = ", ".join(self.potentials)
        return (
            f"<{len(self):,} members: {', '.join(self.parameters)}; {self.of} under {conditions}; "
            f"{self.cell!r}>"
        )


def find_members(
    tally: PopulationTally,
    first: int | None,
    sample: int | None,
    rng: Rng,
    threads: int | None,
    max_memory: int | None,
) -> Members:
    """Return members of a population: see ``Population.members``."""
    if tally.bits != tally.design.sample.bits:
        raise ValueError(
            f"these candidates were drawn by another version of fastrest (bits {tally.bits}, here "
            f"{tally.design.sample.bits}): count the population again"
        )
    if first is not None and sample is not None:
        raise ValueError("members are the first or a sample, not both: give first= or sample=")
    if rng is not None and sample is None:
        raise ValueError("rng= goes with sample=")
    wanted = total = tally.counts.accepted
    for name, value in (("first", first), ("sample", sample)):
        if value is not None:
            wanted = min(total, whole_number(name, value, 0))
    design = tally.design
    width = 1 + len(design.names) + len(design.conditions)
    system.check_memory(
        2 * 8 * width * wanted,
        max_memory,
        f"{wanted:,} members; ask for some, as members(first=10**6) or members(sample=10**6)",
    )
    if sample is None:
        ranks = np.arange(wanted)
    else:
        ranks = _ranks(total, wanted, np.random.SeedSequence(seed_of(rng)))
    numbers, inputs, V = _rows(tally, ranks, threads)
    parameters, potentials = dict(zip(design.names, inputs)), dict(zip(design.conditions, V))
    return Members(design.cell, numbers, parameters, potentials, design.of)


def _ranks(total: int, n: int, seed: "np.random.SeedSequence") -> np.ndarray:
    """Return n different numbers below a total, sorted, by Floyd's algorithm (1987)."""
    raw = np.random.Philox(seed).random_raw(n).tolist() if n else []
    chosen: set[int] = set()
    for number, last in zip(raw, range(total - n, total)):
        one = number % (last + 1)
        chosen.add(last if one in chosen else one)
    return np.array(sorted(chosen), np.int64)


def _rows(
    tally: PopulationTally, ranks: np.ndarray, threads: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numbers, inputs and potentials of the members with these ranks, in order."""
    design = tally.design
    upto = np.cumsum(tally.accepted, dtype=np.int64)
    blocks, firsts = np.unique(np.searchsorted(upto, ranks, side="right"), return_index=True)
    numbers = np.empty(len(ranks), np.int64)
    inputs = np.empty((len(design.names), len(ranks)))
    V = np.empty((len(design.conditions), len(ranks)))
    places = dict(zip(blocks.tolist(), zip(firsts.tolist(), [*firsts[1:].tolist(), len(ranks)])))

    def work(start: int, stop: int) -> None:
        block = start // scheduler.BLOCK_POINTS
        lo, hi = places[block]
        these = compute(design, start, stop)
        before = upto[block] - tally.accepted[block]
        rows = np.flatnonzero(these.accepted)[ranks[lo:hi] - before]
        numbers[lo:hi] = these.numbers[rows]
        inputs[:, lo:hi] = np.take(these.inputs, rows, axis=1)
        V[:, lo:hi] = np.take(these.V, rows, axis=1)

    size = scheduler.BLOCK_POINTS
    left = [(block * size, min((block + 1) * size, tally.points)) for block in places]
    scheduler.run(work, scheduler.ToDo(tally.points, size, 1, left), threads=threads)
    return numbers, inputs, V


Columns = Mapping[str, np.ndarray]
Units = Mapping[str, str]


def save_members(path: StrPath, columns: Columns, units: Units, overwrite: bool) -> None:
    """Write columns and their units: see `Members.save`."""
    check_members_file(path, overwrite)
    main, *beside = written_files(path)
    with contextlib.ExitStack() as stack:
        new, *others = (
            stack.enter_context(replacing(one, overwrite=overwrite)) for one in (main, *beside)
        )
        WRITERS[main.suffix](columns, units, new)
        for one in others:
            one.write_text(json.dumps(units, indent=1), encoding="utf-8")


def check_members_file(path: StrPath, overwrite: bool) -> None:
    """Raise the error for a file that cannot be written."""
    suffix = as_path(path).suffix
    if suffix not in WRITERS:
        raise ValueError(unknown("suffix", suffix, WRITERS))
    if suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise ImportError(
                "a .parquet needs pyarrow: pip install 'fastrest-ghk[parquet]'"
            ) from None
    for one in written_files(path):
        check_writable(one, overwrite)


def written_files(path: StrPath) -> list[Path]:
    """Return the file that members are saved to, and the file of units beside a .csv."""
    main = Path(path)
    return [main, main.with_name(main.name + ".units.json")] if main.suffix == ".csv" else [main]


def _write_csv(columns: Columns, units: Units, path: Path) -> None:
    import csv

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values())))


def _write_npz(columns: Columns, units: Units, path: Path) -> None:
    with path.open("wb") as file:
        arrays: dict[str, Any] = {**columns, "units": json.dumps(units)}
        np.savez(file, **arrays)


def _write_parquet(columns: Columns, units: Units, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(column) for name, column in columns.items()}
    described = [
        pa.field(n, a.type, metadata={"units": units[n]} if n in units else None)
        for n, a in arrays.items()
    ]
    schema = pa.schema(described, metadata={**CREATOR, "units": json.dumps(units)})
    pq.write_table(pa.table(list(arrays.values()), schema=schema), path)


WRITERS = {".csv": _write_csv, ".npz": _write_npz, ".parquet": _write_parquet}
