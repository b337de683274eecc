"""Members of a population: found again from their numbers, and handed over.

The blocks that they lie in are computed once more by the code of the pass: the bits are the same.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import candidates, engine, files
from .candidates import Plan
from .cell import Cell
from .physics import unknown, whole_number
from .samples import Rng, seed_of
from .survey import Survey
from .sweep import V_LABELS, labelled

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: What a member's number is called beside its parameters.
NUMBER = "candidate"


@dataclass(frozen=True, eq=False, repr=False)
class Members:
    """Accepted cells of a population: made by ``Population.members``.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    indices : ndarray of int64, (members,)
        Their numbers among the candidates.
    parameters : dict of str to ndarray
        Those that vary, as they were drawn: conditions do not show in them.
    potentials : dict of str to ndarray
        V under each condition, mV.
    """

    cell: Cell
    indices: np.ndarray
    parameters: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.indices)

    def cells(self) -> list[Cell]:
        """The members as cells, under no condition.

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
        """Number, parameters, and potentials as ``V CONDITION``: what tables and files hold."""
        potentials = {f"V {name}": V for name, V in self.potentials.items()}
        return {NUMBER: self.indices, **self.parameters, **potentials}

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns, "1" if a parameter is relative."""
        parameters = self.cell.model.parameters
        found = {name: labelled(parameters[name])["units"] for name in self.parameters}
        return {**found, **{f"V {name}": V_LABELS["units"] for name in self.potentials}}

    def to_dataframe(self) -> "pd.DataFrame":
        """A pandas table, a row per member: number, parameters, and ``V CONDITION``.

        Its ``attrs["units"]`` says the columns' units.
        """
        import pandas as pd

        frame = pd.DataFrame(self.columns)
        frame.attrs["units"] = self.units
        return frame

    def to_xarray(self) -> "xr.Dataset":
        """``V`` over ``condition`` and ``member``; parameters are coordinates with units.

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

        parameters = self.cell.model.parameters
        constants = {n: ((), x, labelled(parameters[n])) for n, x in self.cell.items()}
        varied = {n: ("member", x, labelled(parameters[n])) for n, x in self.parameters.items()}
        names = ("condition", list(self.potentials))
        V = np.stack(list(self.potentials.values()))
        return xr.Dataset(
            {"V": (("condition", "member"), V, V_LABELS)},
            coords={**constants, **varied, NUMBER: ("member", self.indices), "condition": names},
            attrs={"model": repr(self.cell.model), "cell": self.cell.name},
        )

    def save(self, path: "str | os.PathLike[str]") -> None:
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

            An existing file is replaced only by the whole new one.

        Raises
        ------
        ValueError
            The suffix is unknown.
        OSError
            A file cannot be written, or what stands in the place of ``PATH.units.json`` is no
            units of members.
        """
        check(path)
        main, *beside = written(path)
        with contextlib.ExitStack() as stack:
            temporary = [stack.enter_context(files.replacing(one)) for one in (main, *beside)]
            WRITERS[main.suffix](self, temporary[0])
            for one in temporary[1:]:
                one.write_text(json.dumps(self.units, indent=1), encoding="utf-8")

    def __repr__(self) -> str:
        conditions = ", ".join(self.potentials)
        return (
            f"<{len(self):,} members: {', '.join(self.parameters)}; V under {conditions}; "
            f"{self.cell!r}>"
        )


# ---- files ----


def check(path: "str | os.PathLike[str]") -> None:
    """Raise unless `Members.save` knows the suffix and has what it needs."""
    suffix = Path(path).suffix
    if suffix not in WRITERS:
        raise ValueError(unknown("suffix", suffix, WRITERS))
    if suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise ImportError(
                "a .parquet needs pyarrow: pip install 'fastrest-ghk[parquet]'"
            ) from None


def written(path: "str | os.PathLike[str]") -> list[Path]:
    """The file that members are saved to, and what is written beside it.

    Raises
    ------
    OSError
        Something else stands in the place of the latter.
    """
    main = Path(path)
    if main.suffix != ".csv":
        return [main]
    units = main.with_name(main.name + ".units.json")
    if units.is_file():
        with contextlib.suppress(ValueError):
            found = json.loads(units.read_bytes())
            if isinstance(found, dict) and all(isinstance(x, str) for x in found.values()):
                return [main, units]
        raise FileExistsError(f"{units} is in the way: {main.name} has its units there")
    return [main, units]


def _write_csv(members: Members, path: Path) -> None:
    import csv

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(members.columns)
        writer.writerows(zip(*(column.tolist() for column in members.columns.values())))


def _write_npz(members: Members, path: Path) -> None:
    with path.open("wb") as file:
        arrays: dict[str, Any] = {**members.columns, "units": json.dumps(members.units)}
        np.savez(file, **arrays)


def _write_parquet(members: Members, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = members.units
    arrays = {name: pa.array(column) for name, column in members.columns.items()}
    described = [
        pa.field(n, a.type, metadata={"units": units[n]} if n in units else None)
        for n, a in arrays.items()
    ]
    schema = pa.schema(described, metadata={"units": json.dumps(units)})
    pq.write_table(pa.table(list(arrays.values()), schema=schema), path)


WRITERS = {".csv": _write_csv, ".npz": _write_npz, ".parquet": _write_parquet}


# ---- finding them ----


def found(
    survey: Survey,
    first: int | None,
    sample: int | None,
    rng: Rng,
    threads: int | None,
    max_memory: int | None,
) -> Members:
    """The members that are asked for: see ``Population.members``."""
    total = survey.census.accepted
    for name, value in (("first", first), ("sample", sample)):
        if value is not None:
            whole_number(name, value, 0)
    if first is not None and sample is not None:
        raise ValueError("members are the first or a sample, not both: give first= or sample=")
    if rng is not None and sample is None:
        raise ValueError("rng= goes with sample=")
    wanted = min(total, next((int(n) for n in (first, sample) if n is not None), total))
    plan = survey.plan
    width = 1 + len(plan.names) + len(plan.conditions)
    engine.check_memory(
        2 * 8 * width * wanted,
        max_memory,
        f"{wanted:,} members; ask for some, as members(first=10**6) or members(sample=10**6)",
    )
    if sample is None:
        ranks = np.arange(wanted)
    else:
        ranks = _ranks(total, wanted, np.random.SeedSequence(seed_of(rng)))
    return _members(plan, *_rows(survey, ranks, threads))


def _ranks(total: int, n: int, seed: "np.random.SeedSequence") -> np.ndarray:
    """n different numbers below a total, sorted: Floyd's algorithm (Bentley & Floyd 1987)."""
    raw = np.random.Philox(seed).random_raw(n).tolist() if n else []
    chosen: set[int] = set()
    for number, last in zip(raw, range(total - n, total)):
        one = number % (last + 1)
        chosen.add(last if one in chosen else one)
    return np.array(sorted(chosen), np.int64)


def _rows(
    survey: Survey, ranks: np.ndarray, threads: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, inputs and potentials of members of these ranks, which are sorted."""
    plan = survey.plan
    upto = np.cumsum(survey.accepted, dtype=np.int64)
    blocks, firsts = np.unique(np.searchsorted(upto, ranks, side="right"), return_index=True)
    numbers = np.empty(len(ranks), np.int64)
    inputs = np.empty((len(plan.names), len(ranks)))
    V = np.empty((len(plan.conditions), len(ranks)))
    places = dict(zip(blocks.tolist(), zip(firsts.tolist(), [*firsts[1:].tolist(), len(ranks)])))

    def work(start: int, stop: int) -> None:
        block = start // engine.BLOCK
        lo, hi = places[block]
        these = candidates.compute(plan, start, stop)
        before = upto[block] - survey.accepted[block]
        rows = np.flatnonzero(these.accepted)[ranks[lo:hi] - before]
        numbers[lo:hi] = these.numbers[rows]
        inputs[:, lo:hi] = np.take(these.inputs, rows, axis=1)
        V[:, lo:hi] = np.take(these.V, rows, axis=1)

    left = [
        (block * engine.BLOCK, min((block + 1) * engine.BLOCK, survey.points)) for block in places
    ]
    engine.run(work, survey.points, threads=threads, units=1, left=left)
    return numbers, inputs, V


def _members(plan: Plan, numbers: np.ndarray, inputs: np.ndarray, V: np.ndarray) -> Members:
    return Members(plan.cell, numbers, dict(zip(plan.names, inputs)), dict(zip(plan.conditions, V)))
