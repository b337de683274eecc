from collections.abc import Sequence
from typing import Any

import numpy as np

MAX_IONS: int
MAX_DIMS: int
BLOCK: int
BLOCK_DTYPE: np.dtype
BITS: int
MAX_POINTS: dict[str, int]
PIECE_TERMS: int
BASES: dict[str, int]
METHODS: dict[str, int]
KELVIN_AT_0_CELSIUS: float
PHI_PER_KELVIN: float
CELSIUS_RANGE: tuple[float, float]
STATUS: dict[str, int]
EQUATIONS: dict[str, int]
COMPILED: dict[str, int]
SUPPORTED: tuple[str, ...]
ISA: str
CHAINS: int

Pieces = tuple[np.ndarray, np.ndarray]

class Quantile:
    def __init__(
        self,
        base: str,
        log: bool,
        offset: float,
        scale: float,
        a: float,
        b: float,
        c: float,
        *,
        low: float = ...,
        high: float = ...,
        pieces: tuple[Pieces, Pieces] | None = None,
    ) -> None: ...
    def __call__(self, u: np.ndarray, v: np.ndarray, *, isa: str | None = None) -> np.ndarray: ...

def normal_tails(z: float, isa: str | None = None) -> tuple[float, float]: ...

class Sample:
    def __init__(
        self,
        method: str,
        n_points: int,
        quantiles: list[Quantile],
        *,
        key: int = 0,
        directions: np.ndarray | None = None,
        shifts: np.ndarray | None = None,
        cholesky: np.ndarray | None = None,
        derived: np.ndarray | None = None,
    ) -> None: ...
    @property
    def n_inputs(self) -> int: ...
    def draw(self, start: int, count: int, *, isa: str | None = None) -> np.ndarray: ...
    def draw_at(self, points: np.ndarray, *, isa: str | None = None) -> np.ndarray: ...
    def column(self, input: int) -> Draw: ...

class Draw:
    sample: Sample
    input: int

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
        columns: Sequence[np.ndarray | float | Draw],
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
        columns: Sequence[np.ndarray | float | Draw],
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
    def pick_freeze(
        self,
        columns_a: Sequence[np.ndarray | float | Draw],
        columns_b: Sequence[np.ndarray | float | Draw] | None,
        inputs: list[int],
        start: int,
        count: int,
        *,
        between: tuple[float, float] | None = None,
        pivot: float = 0.0,
        second: bool = False,
        logs: Sequence[bool] | None = None,
        isa: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]: ...
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
def yardstick_libm(columns: list[np.ndarray], phi: float, out: np.ndarray) -> None: ...
def yardstick_fill(value: float, out: np.ndarray) -> None: ...
def yardstick_copy(source: np.ndarray, out: np.ndarray) -> None: ...
def yardstick_arithmetic(n: int, chains: np.ndarray) -> None: ...
