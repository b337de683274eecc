"""Files of the source tree outside the package, as modules: tests and benchmarks."""

import functools
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def module_of(path: str) -> ModuleType:
    """Return the module of a file, by its path from the root of the source tree."""
    for folder in (ROOT, ROOT / "tests"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), ROOT / f"{path}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}.py is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def markdown(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    text = "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    for unit in ("°C", "mM"):  # a number and its unit stay on one line
        text = text.replace(f" {unit}", f"\N{NO-BREAK SPACE}{unit}")
    return text


def minus(x: float, decimals: int) -> str:
    """Return a number with a true minus sign."""
    return f"{x:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
