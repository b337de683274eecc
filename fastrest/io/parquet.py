"""The .parquet format: a folder of files, with a row for each point."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastrest._version import __version__
from fastrest.io.format import WHAT, Format
from fastrest.points.points import STATUS
from fastrest.runtime.storage import undamaged, unseal, write_safely
from fastrest.runtime.system import optional_module


class Parquet(Format):
    """A folder of files that data frames read as one: a row per point, in order."""

    needs = ("pyarrow.parquet", "parquet")
    card_name = "_fastrest.json"  # readers pass over names that begin with _

    def _name(self, start: int) -> str:
        digits = len(str((len(self.points) - 1) // self.unit))
        return f"part-{start // self.unit:0{max(digits, 5)}}.parquet"

    def create(self) -> None:
        self.part.mkdir()

    def write(self, start: int, stop: int, values: np.ndarray, status: Any) -> list[Path]:
        import pyarrow as pa
        from pyarrow import parquet

        columns = self.columns(start, stop)
        path = self.part / self._name(start)
        table = pa.table({**columns, self.points.label: values, STATUS: status})
        parquet.write_table(
            table.replace_schema_metadata({"fastrest": __version__}),
            path,
            compression="zstd",
            use_dictionary=[*columns, STATUS],
            use_byte_stream_split=[self.points.label],
        )
        return [path]

    def finish(self, card: bytes) -> None:
        write_safely(self.part / self.card_name, card)

    @classmethod
    def card(cls, path: Path) -> dict[str, Any]:
        if not (path / cls.card_name).is_file():
            raise ValueError(f"{path} is not a complete {WHAT}")
        return unseal(path / cls.card_name, f"description of an {WHAT}")

    @classmethod
    def check_rows(cls, path: Path, rows: int) -> None:
        parquet = optional_module("pyarrow.parquet", "parquet")
        with undamaged(path):
            files = path.glob("part-*.parquet")
            if sum(parquet.read_metadata(file).num_rows for file in files) != rows:
                raise ValueError("its rows are not those of its card")

    @classmethod
    def read_columns(
        cls, path: Path, dtypes: Mapping[str, np.dtype[Any]], rows: int, times: int
    ) -> Iterable[np.ndarray]:
        parquet = optional_module("pyarrow.parquet", "parquet")
        with undamaged(path):
            table = parquet.read_table(path, columns=list(dtypes))
            return [table[name].to_numpy()[::times] for name in dtypes]
