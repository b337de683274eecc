"""Yardsticks made ready: frozen C loops that tell how fast a machine is (src_c/yardsticks.h)."""

from typing import Any, ClassVar

import numpy as np

from . import _kernels, engine

#: Doubles in a buffer: 128 MB, beyond the caches.
LENGTH = 16_000_000


class Yardstick:
    """A loop with its buffers.

    Attributes
    ----------
    name : str
    points : int
        What one `run` does: potentials, doubles written or copied, or arithmetic instructions.
    bytes : int
        Read and written for each of them.
    """

    name: ClassVar[str]
    points: ClassVar[int]
    bytes: ClassVar[int] = 0

    def run(self, threads: int | None = None) -> Any:
        """Do it once, and return where its results are."""
        raise NotImplementedError


class Libm(Yardstick):
    """The equation with libm's log, one row at a time, on one thread, from the cache."""

    name = "libm"
    rows, repeats = 8192, 16
    points = rows * repeats

    def __init__(self) -> None:
        self.columns = [np.linspace(1.0 + k, 2.0 + k, self.rows) for k in range(9)]
        self.V = np.empty(self.rows)

    def run(self, threads: int | None = None) -> np.ndarray:
        for _ in range(self.repeats):
            _kernels.yardstick_libm(self.columns, 26.7, self.V)
        return self.V


class Fill(Yardstick):
    """Memory written past the caches."""

    name = "fill"
    points = LENGTH
    bytes = 8

    def __init__(self) -> None:
        self.to = np.zeros(LENGTH)

    def run(self, threads: int | None = None) -> np.ndarray:
        def fill(start: int, stop: int) -> None:
            _kernels.yardstick_fill(1.0, self.to[start:stop])

        engine.run(fill, LENGTH, threads=threads)
        return self.to


class Copy(Yardstick):
    """Memory read, and written past the caches."""

    name = "copy"
    points = LENGTH
    bytes = 16

    def __init__(self) -> None:
        self.source, self.to = np.ones(LENGTH), np.zeros(LENGTH)

    def run(self, threads: int | None = None) -> np.ndarray:
        def copy(start: int, stop: int) -> None:
            _kernels.yardstick_copy(self.source[start:stop], self.to[start:stop])

        engine.run(copy, LENGTH, threads=threads)
        return self.to


class Arithmetic(Yardstick):
    """Instructions that multiply or add numbers in registers."""

    name = "arithmetic"
    pieces, passes = 16, 50_000
    points = pieces * passes * _kernels.CHAINS  # two numbers an instruction, two instructions each

    def __init__(self) -> None:
        self.chains = np.zeros((self.pieces, _kernels.CHAINS))

    def run(self, threads: int | None = None) -> np.ndarray:
        def multiply(start: int, stop: int) -> None:
            for piece in self.chains[start:stop]:
                _kernels.yardstick_arithmetic(self.passes, piece)

        engine.run(multiply, self.pieces, threads=threads, unit=1, units=1)
        return self.chains


YARDSTICKS: dict[str, type[Yardstick]] = {one.name: one for one in (Libm, Fill, Copy, Arithmetic)}
