"""The ions of a model: by name or with their valence, checked."""

import re
from collections.abc import Iterable

from fastrest._core import _kernels
from fastrest._core.validation import unknown
from fastrest.models.quantities import IONS, Ion


def ions_of(
    kind: str, ions: Iterable[str | Ion], passive: str | Iterable[str], largest_z: int
) -> tuple[tuple[Ion, ...], tuple[str, ...]]:
    """Return the ions of a kind of model and the names of the passive ones, or raise the error."""
    found = tuple(_ion(ion) for ion in ions)
    names = [ion.name for ion in found]
    if not names:
        raise ValueError(f"{kind} needs at least one ion")
    if len(set(names)) < len(names):
        raise ValueError(f"each ion must be given once, got {', '.join(names)}")
    if len(names) > _kernels.MAX_IONS:
        raise ValueError(f"a model has at most {_kernels.MAX_IONS} ions, got {len(names)}")
    for ion in found:
        if abs(ion.z) > largest_z:
            raise ValueError(
                f"{kind} takes ions with z from -{largest_z} to {largest_z}, got {ion}: "
                'fr.GHK(..., pump="constant") takes -3 and 3'
            )
    wanted = {passive} if isinstance(passive, str) else set(passive)
    for name in wanted - set(names):
        raise ValueError(unknown("passive ion", name, names))
    return found, tuple(name for name in names if name in wanted)


def _ion(ion: str | Ion) -> Ion:
    if isinstance(ion, Ion):
        if ion.name in IONS and ion != IONS[ion.name]:
            raise ValueError(f"{ion.name} has z = {IONS[ion.name].z}, got {ion.z}")
        return ion
    if not isinstance(ion, str):
        raise TypeError(f"an ion must be a name or fr.Ion(name, z), got {ion!r}")
    if ion not in IONS:
        message = unknown("ion", ion, IONS)
        if not {re.sub(r"[+-]+$", "", ion), re.sub(r"\d?[+-]+$", "", ion)} & IONS.keys():
            name = ion if ion.isidentifier() else "X"
            message += f'; give another ion with its valence: fr.Ion("{name}", z)'
        raise ValueError(message)  # no hint for K+, Ca2+ and HCO3-
    return IONS[ion]
