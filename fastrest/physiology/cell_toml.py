"""Cells as TOML tables, which have a key for each ion and keys for the other arguments."""

from collections.abc import Mapping
from typing import Any

from fastrest._core.validation import unknown
from fastrest.models.equations import MODELS
from fastrest.models.model import Model
from fastrest.models.quantities import IONS, Ion

#: Fields of a cell beside its parameters: texts, and potentials.
TEXTS = ("name", "source", "species", "basis", "remark")
POTENTIALS = ("quoted", "threshold", "block", "lower")


def cell_arguments(table: Mapping[str, Any], name: str = "") -> tuple[Model, dict[str, Any]]:
    """Return the model and the other arguments of `Cell` from a TOML table."""
    plain = ("celsius", "pump_ratio", *TEXTS, *POTENTIALS)
    arguments = {"name": name, **{key: x for key, x in table.items() if key in plain}}
    kind = table.get("model", "GHK")
    if not isinstance(kind, str) or kind not in MODELS:
        raise ValueError(unknown("model", kind, MODELS))
    weight = MODELS[kind].weight
    names = {weight: f"{weight}_{{}}", "out": "{}_out", "in": "{}_in"}
    keys = (*names, "z", "passive")

    ions, passive = [], []
    for key, entry in table.items():
        if key in plain or key == "model":
            continue
        if not isinstance(entry, dict):
            if key not in IONS and not isinstance(entry, list):
                raise ValueError(unknown("key", key, (*IONS, "model", *plain)))
            raise TypeError(f"{key} must be a table {{ {weight} = , out = , in = }}, got {entry!r}")
        for part in entry:
            if part not in keys:
                raise ValueError(f"{key}: {unknown('key', part, keys)}")
        if "z" not in entry and key not in IONS:
            raise ValueError(f"{unknown('ion', key, IONS)}; others need their valence, z = ")
        ions.append(Ion(key, entry["z"]) if "z" in entry else key)
        is_passive = entry.get("passive", False)
        if not isinstance(is_passive, bool):
            raise TypeError(f"{key}: passive must be true or false, got {is_passive!r}")
        if is_passive:
            passive.append(key)
            for part in (weight, "in"):
                if part in entry:
                    raise ValueError(f"{key} is passive: leave out {part}, which follows from V")
        arguments |= {names[part].format(key): x for part, x in entry.items() if part in names}
    return MODELS[kind](*ions, passive=tuple(passive)), arguments
