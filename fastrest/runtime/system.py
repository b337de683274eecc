"""The version, processor and threads in use, for bug reports."""

import platform
from pathlib import Path
from typing import Any

import numpy as np

from fastrest._core import _kernels
from fastrest._version import __version__
from fastrest.runtime import scheduler


def info() -> dict[str, Any]:
    """Return the version, instruction sets and threads, to be pasted into bug reports.

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
        "threads": scheduler.thread_count(None, scheduler.SMALL),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def processor() -> str:
    """Return the processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
