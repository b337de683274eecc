"""NumPy ufuncs over the kernels: positional, as ufuncs are.

``nernst(z, c_out, c_in, celsius)`` and ``ghk(P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in,
Cl_in, celsius, pump_ratio)`` give mV and take all that ufuncs take: broadcasting, ``out=``,
``where=``, xarray and Dask arrays. Elements outside their domain give NaN.

>>> from fastrest import ufuncs
>>> round(float(ufuncs.nernst(2, 2.0, 1e-4, 37.0)), 4)
132.3436
"""

from typing import Any

from ._kernels import named_ufunc
from .model import ghk_ufunc as ghk
from .model import nernst_ufunc as nernst

__all__ = ["ghk", "nernst"]


def __getattr__(name: str) -> Any:
    """Ufuncs of other models, by the names under which they pickle."""
    try:
        return named_ufunc(name)
    except (KeyError, ValueError, OverflowError):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
