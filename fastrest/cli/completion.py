"""Completion of command lines by TAB, which argcomplete does if it is installed."""

import argparse
import contextlib
import os
from collections.abc import Callable
from typing import Any

from fastrest.distributions.families import FAMILIES
from fastrest.physiology.presets import cell_named, cells, short_name, states


def complete(parser: argparse.ArgumentParser) -> None:
    """Print the completions and exit, if a shell asks for them."""
    if "_ARGCOMPLETE" in os.environ:
        with contextlib.suppress(ImportError):
            import argcomplete.completers

            files = argcomplete.completers.FilesCompleter()
            argcomplete.autocomplete(parser, default_completer=files)


def completed_by(action: Any, option: str) -> None:
    """Give the argument of an option its completer; others complete names of files."""
    found = COMPLETERS.get(option)
    if found is not None:
        action.completer = found


def _cells(prefix: str, **_: Any) -> list[str]:
    """Return short names, whole names and TOML files."""
    files = [name for name in os.listdir() if name.lower().endswith(".toml")]
    return [*map(short_name, cells), *cells, *files]


def _names(end: str) -> Callable[..., list[str]]:
    """Return a completer of the parameters of the cell on the command line."""

    def names(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        try:
            cell = cell_named(parsed_args.cell)
        except (ValueError, OSError, AttributeError, TypeError):  # not given yet, or wrong
            cell = cells["mammalian neuron"]
        return [name + end for name in cell]

    return names


def _distributions(prefix: str, parsed_args: argparse.Namespace, **others: Any) -> list[str]:
    name, equals, _ = prefix.partition("=")
    if not equals:
        return _names("=")(prefix, parsed_args, **others)
    return [f"{name}={family}:" for family in ("times", *FAMILIES)]


def _states(prefix: str, **_: Any) -> list[str]:
    return [*states]


#: The completers of options and arguments by name.
COMPLETERS: dict[str, Callable[..., list[str]]] = {
    "cell": _cells,
    "name": _cells,
    "parameter": _names(""),
    "--set": _names("="),
    "--grid": _names("="),
    "--vary": _distributions,
    "--under": _states,
}
