"""Yardsticks: frozen C loops that measure the machine (src_c/yardsticks/).

This file is frozen too, with all sizes: a change would make archived figures meaningless. The
yardsticks share no code with the engine, so that a slower engine is not measured with itself.
"""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from fastrest._core import _yardsticks

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
    """Return thread k's part of a buffer: an even number of doubles, so that it is aligned."""
    each = LENGTH // threads // 2 * 2
    return slice(k * each, LENGTH if k == threads - 1 else (k + 1) * each)


class Yardstick:
    """A loop with its buffers.

    Attributes
    ----------
    name : str
    points : int
        The work of one `run`: doubles that all threads together write or copy, or potentials or
        arithmetic instructions of each thread.
    bytes : int
        Bytes that are read and written for each point.
    """

    name: ClassVar[str]
    points: ClassVar[int]
    bytes: ClassVar[int] = 0

    def run(self, threads: int = 1) -> Any:
        """Run the loop once, and return the buffer with its results."""
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
                _yardsticks.libm(self.columns, 26.7, self.V[k])

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
        at_once(lambda k: _yardsticks.fill(1.0, self.to[share(k, threads)]), threads)
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
            _yardsticks.copy(self.source[mine], self.to[mine])

        at_once(copy, threads)
        return self.to


class Arithmetic(Yardstick):
    """Instructions that multiply or add numbers in registers: all of them by each thread."""

    name = "arithmetic"
    passes = 400_000
    points = passes * _yardsticks.CHAINS  # two numbers an instruction, two instructions each

    def __init__(self) -> None:
        self.chains = np.zeros((0, _yardsticks.CHAINS))

    def run(self, threads: int = 1) -> np.ndarray:
        if len(self.chains) != threads:
            self.chains = np.zeros((threads, _yardsticks.CHAINS))
        at_once(lambda k: _yardsticks.arithmetic(self.passes, self.chains[k]), threads)
        return self.chains


YARDSTICKS: dict[str, type[Yardstick]] = {one.name: one for one in (Libm, Fill, Copy, Arithmetic)}
