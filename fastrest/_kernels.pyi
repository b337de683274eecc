from collections.abc import Sequence
from typing import Any

import numpy as np

MAX_IONS: int
MAX_DIMS: int
KELVIN_AT_0_CELSIUS: float
PHI_PER_KELVIN: float
CELSIUS_RANGE: tuple[float, float]
STATUS: dict[str, int]
EQUATIONS: dict[str, int]
COMPILED: dict[str, int]
SUPPORTED: tuple[str, ...]
ISA: str

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
    def ufunc(self) -> np.ufunc: ...

def named_ufunc(name: str) -> Any: ...
