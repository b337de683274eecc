import numpy as np

from fastrest._core._kernels import Searched

def index_numbers(
    numbers: np.ndarray, scale: float, n_cells: int, *, isa: str | None = None
) -> np.ndarray: ...
def count_pairs(
    phi: float,
    a: np.ndarray,
    b: Searched,
    edges: np.ndarray,
    below: np.ndarray,
    *,
    isa: str | None = None,
) -> None: ...
def walk_pairs(
    phi: float,
    a: np.ndarray,
    b: np.ndarray,
    edges: np.ndarray,
    below: np.ndarray,
    *,
    isa: str | None = None,
) -> None: ...
def list_pairs(
    phi: float, a: np.ndarray, b: np.ndarray, low: float, high: float, *, isa: str | None = None
) -> np.ndarray: ...
def count_equally(
    a: np.ndarray,
    b: np.ndarray,
    unit: float,
    origins: tuple[float, float],
    n_bins: tuple[int, int],
    first: int,
    n_edges: int,
    guard: int,
    room: int,
    *,
    isa: str | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]: ...
