from collections.abc import Sequence
from typing import Any

import numpy as np

MAX_IONS: int
MAX_DIMS: int
BLOCK: int
BLOCK_DTYPE: np.dtype
KELVIN_AT_0_CELSIUS: float
PHI_PER_KELVIN: float
CELSIUS_RANGE: tuple[float, float]
STATUS: dict[str, int]
EQUATIONS: dict[str, int]
COMPILED: dict[str, int]
SUPPORTED: tuple[str, ...]
ISA: str

class Edges:
    edges: np.ndarray
    first: np.ndarray
    ratios: np.ndarray | None
    def __init__(self, edges: np.ndarray, phi: float | None = None) -> None: ...

class Equation:
    name: str
    z: tuple[int, ...]
    pump_ion: int
    n_columns: int
    def __init__(self, name: str, z: tuple[int, ...] = (), pump_ion: int = -1) -> None: ...
    def points(
        self,
        columns: Sequence[np.ndarray | float],
        start: int,
        count: int,
        out: np.ndarray | None = None,
        status: np.ndarray | None = None,
        *,
        stream: bool = False,
        isa: str | None = None,
    ) -> None: ...
    def reduce(
        self,
        columns: Sequence[np.ndarray | float],
        start: int,
        count: int,
        edges: Edges | None = None,
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
    def ufunc(self) -> np.ufunc: ...

def pairs(
    phi: float,
    a: np.ndarray,
    b: np.ndarray,
    edges: np.ndarray,
    below: np.ndarray,
    isa: str | None = None,
) -> None: ...
def named_ufunc(name: str) -> Any: ...
