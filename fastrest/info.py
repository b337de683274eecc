"""What runs here: for bug reports."""

import platform
from pathlib import Path
from typing import Any

import numpy as np

from . import _kernels, engine

__version__ = "0.1.0"


def info() -> dict[str, Any]:
    """Version, instruction sets and threads: paste it into bug reports.

    Returns
    -------
    dict
        ``version``; ``isa``, the instruction set in use; ``compiled`` and ``supported``
        instruction sets, best first; ``threads`` that a large sweep runs on; ``numpy``,
        ``python`` and ``platform``.

    Examples
    --------
    >>> import fastrest as fr
    >>> "base" in fr.info()["compiled"]
    True
    """
    return {
        "version": __version__,
        "isa": _kernels.ISA,
        "compiled": tuple(_kernels.COMPILED),
        "supported": _kernels.SUPPORTED,
        "threads": engine.thread_count(None, engine.SMALL),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
