from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

INTERFACE: int
MAX_IONS: int
MAX_DIMS: int
MAX_CONDITIONS: int
BLOCK: int
BLOCK_DTYPE: np.dtype
KELVIN_AT_0_CELSIUS: float
PHI_PER_KELVIN: float
CELSIUS_RANGE: tuple[float, float]
STATUS: dict[str, int]
EQUATIONS: dict[str, int]
OUTPUTS: dict[str, int]
REST_OUTPUTS: dict[str, int]
COMPILED: dict[str, int]
SUPPORTED: tuple[str, ...]
ISA: str

class Searched(Protocol):  # edges.SortedIndex
    numbers: np.ndarray
    scale: float
    n_cells: int
    first: np.ndarray

class SearchedEdges(Searched, Protocol):  # edges.Edges
    ratios: np.ndarray | None

def span(values: np.ndarray, low: float, high: float) -> tuple[int, float, float]: ...

class DrawnPoints: ...

class Draw:
    sample: DrawnPoints
    input: int
    def __init__(self, sample: DrawnPoints, input: int) -> None: ...

class Equation:
    name: str
    z: tuple[int, ...]
    pump_ion: int
    output: int
    n_columns: int
    protocol: tuple[Any, ...] | None
    changes: tuple[Mapping[int, tuple[float, float]], ...]
    def __init__(
        self,
        name: str,
        z: tuple[int, ...] = (),
        pump_ion: int = -1,
        output: int = 0,
        protocol: tuple[Any, ...] | None = None,
        changes: tuple[Mapping[int, tuple[float, float]], ...] = (),
    ) -> None: ...
    def points(
        self,
        columns: Sequence[np.ndarray | float | Draw],
        start: int,
        count: int,
        out: np.ndarray | None = None,
        status: np.ndarray | None = None,
        *,
        stream: bool = False,
        isa: str | None = None,
    ) -> None: ...
    def value(self, columns: Sequence[float], *, isa: str | None = None) -> float: ...
    def reduce(
        self,
        columns: Sequence[np.ndarray | float | Draw],
        start: int,
        count: int,
        edges: SearchedEdges | None = None,
        *,
        sums: bool = True,
        far: bool = False,
        isa: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]: ...
    def gradients(
        self,
        columns: Sequence[np.ndarray | float],
        start: int,
        count: int,
        wanted: Sequence[int],
        out: Sequence[np.ndarray],
        *,
        isa: str | None = None,
    ) -> None: ...
