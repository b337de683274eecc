"""The compiled kernels, and the little that every room needs beside them."""

from pathlib import Path

#: The interface of the compiled modules for which the Python files are written: `_kernels` has the
#: same number, and both rise when an argument or a result of a compiled module changes.
INTERFACE = 14

try:
    import fastrest._core._kernels as _compiled

    _found = getattr(_compiled, "INTERFACE", None)
    if _found == INTERFACE:  # all are built
        import fastrest._core._samples
        import fastrest._core._ufuncs
        import fastrest._core._yardsticks
        import fastrest._core.pair_kernels  # noqa: F401
except ModuleNotFoundError as error:
    if not (error.name or "").startswith(f"{__name__}."):
        raise
    raise ImportError(
        f"{error}: fastrest is not built in {Path(__file__).parents[1]}. Run `pip install -e .` in "
        "the clone, or start Python in another folder, where it finds the installed package"
    ) from None
if _found != INTERFACE:
    raise ImportError(
        f"the compiled modules of fastrest have interface {_found}, its Python files need "
        f"{INTERFACE}: run `pip install` again (in a clone: `pip install -e .`)"
    )
