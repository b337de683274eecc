"""NumPy ufuncs over the kernels, which take positional arguments.

``nernst(z, c_out, c_in, celsius)`` and ``ghk(P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in,
Cl_in, celsius, pump_ratio)`` return mV and support broadcasting, ``out=``, ``where=``, xarray and
Dask arrays. Elements outside their domain give NaN.

>>> from fastrest import ufuncs
>>> round(float(ufuncs.nernst(2, 2.0, 1e-4, 37.0)), 4)
132.3436
"""

from typing import Any

from fastrest._core.ufunc_names import ufunc_named
from fastrest.models.equations import ghk_ufunc as ghk
from fastrest.models.equations import nernst_ufunc as nernst

__all__ = ["ghk", "nernst"]


def __getattr__(name: str) -> Any:
    """Return the ufunc of another model by the name under which it is pickled."""
    try:
        return ufunc_named(name)
    except (KeyError, ValueError, OverflowError):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
