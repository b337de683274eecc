"""Yardsticks made ready: frozen C loops that tell how fast a machine is (src_c/yardsticks.h).

Frozen too, sizes and all: what is changed here makes archived figures meaningless. They share
nothing with the engine, so that a slower engine is not measured with itself.
"""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from . import _kernels

#: Doubles in a buffer: 128 MB, beyond the caches.
LENGTH = 16_000_000


def at_once(work: Callable[[int], Any], threads: int) -> None:
    """Call work(0), work(1), … on as many threads."""
    others = [threading.Thread(target=work, args=(k,)) for k in range(1, threads)]
    for thread in others:
        thread.start()
    work(0)
    for thread in others:
        thread.join()


def share(k: int, threads: int) -> slice:
    """The part of a buffer that is thread k's: an even number of doubles, so that it is aligned."""
    each = LENGTH // threads // 2 * 2
    return slice(k * each, LENGTH if k == threads - 1 else (k + 1) * each)


class Yardstick:
    """A loop with its buffers.

    Attributes
    ----------
    name : str
    points : int
        What one `run` does: doubles written or copied by all threads; potentials or arithmetic
        instructions by each.
    bytes : int
        Read and written for each of them.
    """

    name: ClassVar[str]
    points: ClassVar[int]
    bytes: ClassVar[int] = 0

    def run(self, threads: int = 1) -> Any:
        """Do it once, and return where its results are."""
        raise NotImplementedError


class Libm(Yardstick):
    """The equation with libm's log, one row at a time, from the cache: all of it by each thread."""

    name = "libm"
    rows, repeats = 8192, 16
    points = rows * repeats

    def __init__(self) -> None:
        self.columns = [np.linspace(1.0 + k, 2.0 + k, self.rows) for k in range(9)]
        self.V = np.empty((0, self.rows))

    def run(self, threads: int = 1) -> np.ndarray:
        if len(self.V) != threads:
            self.V = np.empty((threads, self.rows))

        def rows(k: int) -> None:
            for _ in range(self.repeats):
                _kernels.yardstick_libm(self.columns, 26.7, self.V[k])

        at_once(rows, threads)
        return self.V


class Fill(Yardstick):
    """Memory written past the caches."""

    name = "fill"
    points = LENGTH
    bytes = 8

    def __init__(self) -> None:
        self.to = np.zeros(LENGTH)

    def run(self, threads: int = 1) -> np.ndarray:
        at_once(lambda k: _kernels.yardstick_fill(1.0, self.to[share(k, threads)]), threads)
        return self.to


class Copy(Yardstick):
    """Memory read, and written past the caches."""

    name = "copy"
    points = LENGTH
    bytes = 16

    def __init__(self) -> None:
        self.source, self.to = np.ones(LENGTH), np.zeros(LENGTH)

    def run(self, threads: int = 1) -> np.ndarray:
        def copy(k: int) -> None:
            mine = share(k, threads)
            _kernels.yardstick_copy(self.source[mine], self.to[mine])

        at_once(copy, threads)
        return self.to


class Arithmetic(Yardstick):
    """Instructions that multiply or add numbers in registers: all of them by each thread."""

    name = "arithmetic"
    passes = 400_000
    points = passes * _kernels.CHAINS  # two numbers an instruction, two instructions each

    def __init__(self) -> None:
        self.chains = np.zeros((0, _kernels.CHAINS))

    def run(self, threads: int = 1) -> np.ndarray:
        if len(self.chains) != threads:
            self.chains = np.zeros((threads, _kernels.CHAINS))
        at_once(lambda k: _kernels.yardstick_arithmetic(self.passes, self.chains[k]), threads)
        return self.chains


YARDSTICKS: dict[str, type[Yardstick]] = {one.name: one for one in (Libm, Fill, Copy, Arithmetic)}
