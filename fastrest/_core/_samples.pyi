from collections.abc import Sequence

import numpy as np

from fastrest._core._kernels import Draw, DrawnPoints, Equation

BITS: int
MAX_POINTS: dict[str, int]
PIECE_TERMS: int
BASES: dict[str, int]
METHODS: dict[str, int]

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
def all_normal_tails(z: np.ndarray, isa: str | None = None) -> tuple[np.ndarray, np.ndarray]: ...

class Sample(DrawnPoints):
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
    def draw(
        self, start: int, count: int, out: np.ndarray | None = None, *, isa: str | None = None
    ) -> np.ndarray: ...
    def draw_at(self, points: np.ndarray, *, isa: str | None = None) -> np.ndarray: ...
    def column(self, input: int) -> Draw: ...

def pick_freeze(
    equation: Equation,
    columns_a: Sequence[np.ndarray | float | Draw],
    columns_b: Sequence[np.ndarray | float | Draw] | None,
    inputs: list[int],
    start: int,
    count: int,
    *,
    n_inputs: int,
    parts: list[int] | None = None,
    between: tuple[float, float] | None = None,
    pivot: float = 0.0,
    second: bool = False,
    logs: Sequence[bool] | None = None,
    isa: str | None = None,
) -> tuple[np.ndarray, np.ndarray]: ...
def products(
    x: np.ndarray, centre: np.ndarray, scale: np.ndarray, *, isa: str | None = None
) -> np.ndarray: ...
