"""What runs here: for bug reports."""

import platform
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
