"""Files of members: CSV, NPZ and Parquet, with the units of their columns."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastrest._core.validation import unknown
from fastrest.runtime.storage import replacing

Columns = Mapping[str, np.ndarray]
Units = Mapping[str, str]


def save_members(path: "str | os.PathLike[str]", columns: Columns, units: Units) -> None:
    """Write columns and their units: see `Members.save`."""
    check_members_file(path)
    main, *beside = written_files(path)
    with contextlib.ExitStack() as stack:
        temporary = [stack.enter_context(replacing(one)) for one in (main, *beside)]
        WRITERS[main.suffix](columns, units, temporary[0])
        for one in temporary[1:]:
            one.write_text(json.dumps(units, indent=1), encoding="utf-8")


def check_members_file(path: "str | os.PathLike[str]") -> None:
    """Raise the error for a suffix that cannot be written."""
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


def written_files(path: "str | os.PathLike[str]") -> list[Path]:
    """Return the file that members are saved to, and the file of units beside it.

    Raises
    ------
    OSError
        The file of units exists and does not hold units.
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
        raise FileExistsError(f"{units} is in the way: the units of {main.name} belong there")
    return [main, units]


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
    schema = pa.schema(described, metadata={"units": json.dumps(units)})
    pq.write_table(pa.table(list(arrays.values()), schema=schema), path)


WRITERS = {".csv": _write_csv, ".npz": _write_npz, ".parquet": _write_parquet}
