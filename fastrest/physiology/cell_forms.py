"""Other forms of a cell: TOML tables and files, and chord conductances.

A table has a key for each ion and keys for the other arguments. Files have a limited size; errors
name the file and the line.
"""

import itertools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastrest._core.validation import as_float, finite, unknown
from fastrest.models.currents import currents
from fastrest.models.equations import GHK, Chord
from fastrest.models.model import Model
from fastrest.models.pump_leak import COTRANSPORTERS, MODELS, PumpLeak
from fastrest.models.pump_reference import pump_current
from fastrest.models.quantities import IONS, Ion
from fastrest.physiology.multiples import Times
from fastrest.runtime.columns import of_one_unit, without_unit

#: The largest file, bytes, and the most parts of a key: reading takes time by their product.
LARGEST, DEEPEST = 1 << 20, 32
#: The parts of TOML that can hold dots, one after the other; a string may lack its end.
TOKENS = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"""|\Z)|'{3}.*?(?:'{3}|\Z)|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|'''
    r"\#[^\n]*|\.|[A-Za-z0-9_-]+|[ \t]+|.",
    re.DOTALL,
)


def cell_text(values: Mapping[str, float], model: Model, name: str) -> str:
    """Return the text that a cell shows of itself."""
    ions = []
    for ion in model.ions:
        inside = f"/{values[ion.name + '_in']:g}" if f"{ion.name}_in" in values else ""
        inside = "/passive" if ion.name in model.passive else inside
        ions.append(f"{ion.name} {values[ion.name + '_out']:g}{inside}")
    weights = " : ".join(f"{values[f'{model.weight}_{ion.name}']:g}" for ion in model.permeant)
    ratio = values.get("pump_ratio", 1.0)
    pump = f", pump_ratio {ratio:g}" if ratio != 1.0 else ""
    if "pump_max" in values:
        pump = f", pump_max {values['pump_max']:g} uA/cm2"
    head = f"<Cell {name!r} " if name else "<Cell "
    unit = model.weight_unit and f" {model.weight_unit}"
    tail = f"{model.weight} {weights}{unit}, {values['celsius']:g} °C{pump}>"
    places = "out/in" if any("/" in ion for ion in ions) else "out"
    return f"{head}{model}: {places} {', '.join(ions)} mM, {tail}"


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Parameters
    ----------
    path : str or Path
    what : str
        Subject of the file in errors, such as "cell".

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        The file is not TOML (with the line), is larger than 1 MiB, or has a key of more than 32
        parts.
    OSError
        The file cannot be read.
    """
    import tomllib

    from fastrest.runtime.storage import as_path  # `import fastrest` does without it

    path = as_path(path)
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST} bytes, the limit for a {what}")
    try:
        text = content.decode("utf-8-sig")
        _check_keys(text)
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: not a TOML file: line {line}: {error}") from None
    except ValueError as error:  # of the syntax, or an integer of thousands of digits
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: not a TOML file: nested too deeply") from None


def _check_keys(text: str) -> None:
    """Raise the ValueError for a key of too many parts, as in a.b.c."""
    if all(line.count(".") < DEEPEST for line in text.splitlines()):
        return
    dots = 0
    for token in TOKENS.finditer(text):
        if token[0] == ".":
            dots += 1
            if dots >= DEEPEST:
                line = text.count("\n", 0, token.start()) + 1
                raise ValueError(f"line {line}: a key has more than {DEEPEST} parts")
        elif not (token[0][0] in "\"' \t_-" or token[0].isalnum()):
            dots = 0


#: Fields of a cell beside its parameters: texts, and potentials.
TEXTS = ("name", "source", "species", "basis", "remark")
POTENTIALS = ("quoted", "threshold", "block", "lower")
#: Potential above which sodium channels stay inactivated, by convention, mV.
DEPOLARISATION_BLOCK = -40.0


def checked_texts(*given: str) -> dict[str, str]:
    """Return the texts of a cell by name, or raise the TypeError."""
    texts = dict(zip(TEXTS, given, strict=True))
    for field, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"{field} must be text, got {text!r}")
    return texts


def checked_values(model: Model, values: Mapping[str, Any]) -> dict[str, float]:
    """Return a number for each parameter of a model in its unit, or raise the error."""
    complete = of_one_unit(model.complete(values, f"a cell of {model}"), model.weights)
    parameters = model.parameters
    plain = {n: without_unit(n, value, parameters[n].unit) for n, value in complete.items()}
    numbers = checked_changes(model, plain)
    return numbers | {n: x for n, x in model.implied(numbers).items() if n not in values}


def checked_changes(model: Model, values: Mapping[str, Any]) -> dict[str, float]:
    """Return numbers for some parameters of a model, or raise the error."""
    numbers = {}
    for name, value in values.items():
        number = value if type(value) is float else as_float(name, value)
        model.parameters[name].check(number)
        numbers[name] = number
    return numbers


def changed_arguments(
    fields: Mapping[str, Any], values: Mapping[str, float], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a cell with some of its fields or values replaced."""
    found: dict[str, Any] = {**fields, **values}
    if "threshold" in changes and fields["block"] == DEPOLARISATION_BLOCK:
        found["block"] = None  # the default, which the new threshold brings again
    for name, value in changes.items():
        if name in values and isinstance(value, Times):
            value = value.of(name, values[name])
        found[name] = "" if value is None and name in TEXTS else value
    return found


def checked_potentials(
    quoted: float | None, threshold: float | None, block: float | None, lower: float | None
) -> dict[str, float | None]:
    """Return the quoted potential and the boundaries of the classes, which must be in order."""
    if block is None and threshold is not None:
        block = DEPOLARISATION_BLOCK
    potentials = {
        field: None if value is None else finite(field, value)
        for field, value in zip(POTENTIALS, (quoted, threshold, block, lower))
    }
    bounds = (potentials[field] for field in ("lower", "threshold", "block"))
    ordered = [bound for bound in bounds if bound is not None]
    if any(low >= high for low, high in itertools.pairwise(ordered)):
        raise ValueError(f"lower < threshold < block must hold, got {ordered} mV")
    return potentials


#: Parameters that belong to no ion, and those of cells that keep themselves.
PUMP_KEYS = ("pump_ratio", "pump_max", "pump_Na_half", "pump_K_half")
LIVING_KEYS = ("X_out", "z_X", "n_X", *(f"g_{name}" for name in COTRANSPORTERS))


def cell_arguments(table: Mapping[str, Any], name: str = "") -> tuple[Model, dict[str, Any]]:
    """Return the model and the other arguments of `Cell` from a TOML table."""
    kind = table.get("model", "GHK")
    if not isinstance(kind, str) or kind not in MODELS:
        raise ValueError(unknown("model", kind, MODELS))
    living = kind == "PumpLeak"
    parts = [one for one in table.values() if isinstance(one, dict)]
    conductances = any("g" in one for one in parts)
    leak = (Chord if conductances else GHK) if living else MODELS[kind]
    plain = ("celsius", *PUMP_KEYS, *(LIVING_KEYS if living else ()), *TEXTS, *POTENTIALS)
    arguments = {"name": name, **{key: x for key, x in table.items() if key in plain}}
    ions, passive = [], []
    for key, entry in table.items():
        if key in plain or key in ("model", "pump"):
            continue
        if not isinstance(entry, dict) and key not in IONS and not isinstance(entry, list):
            raise ValueError(unknown("key", key, (*IONS, "model", "pump", *plain)))
        ion, is_passive, values = _ion_arguments(key, entry, leak.weight)
        ions.append(ion)
        passive += [key] * is_passive
        arguments |= values
    pump = {"pump": table["pump"]} if "pump" in table else {}
    if not living:
        return leak(*ions, passive=tuple(passive), **pump), arguments
    made: Any = leak(*ions, passive=tuple(passive), **{"pump": "constant", **pump})
    present = [one for one in COTRANSPORTERS if f"g_{one}" in table]
    return PumpLeak(made, cotransport=present), arguments


def _ion_arguments(key: str, entry: Any, weight: str) -> tuple[str | Ion, bool, dict[str, Any]]:
    """Return an ion, whether it is passive, and its parameters from its table."""
    if not isinstance(entry, dict):
        raise TypeError(f"{key} must be a table {{ {weight} = , out = , in = }}, got {entry!r}")
    names = {weight: f"{weight}_{{}}", "out": "{}_out", "in": "{}_in"}
    keys = (*names, "z", "passive")
    for part in entry:
        if part not in keys:
            raise ValueError(f"{key}: {unknown('key', part, keys)}")
    if "z" not in entry and key not in IONS:
        raise ValueError(f"{unknown('ion', key, IONS)}; others need their valence, z = ")
    is_passive = entry.get("passive", False)
    if not isinstance(is_passive, bool):
        raise TypeError(f"{key}: passive must be true or false, got {is_passive!r}")
    for part in (weight, "in"):
        if is_passive and part in entry:
            raise ValueError(f"{key} is passive: leave out {part}, which follows from V")
    ion = Ion(key, entry["z"]) if "z" in entry else key
    return (
        ion,
        is_passive,
        {names[part].format(key): x for part, x in entry.items() if part in names},
    )


def chord_form(model: Model, values: Mapping[str, float]) -> tuple[Chord, dict[str, float]]:
    """Return the chord model and its conductances g_j = I_j / (V - E_j), I_j the GHK currents.

    They are relative to the first ion's. A cell with a pump current keeps it, and gets absolute
    conductances.

    Raises
    ------
    ValueError
        The model is not GHK, has a pump ratio, or an ion is on one side only.
    """
    if not isinstance(model, GHK):
        raise ValueError(f"to_chord needs a GHK cell, got {model}")
    ratio = values.get("pump_ratio", 1)
    if ratio != 1:
        raise ValueError(
            f"to_chord needs pump_ratio = 1, got {ratio!r}: the chord equation has a pump current, "
            "but no ratio; convert cell.absolute(R_m=), or cell.replace(pump_ratio=1)"
        )
    V = model.outputs["V"].value_at(values)
    if not math.isfinite(V):
        raise ValueError(f"to_chord needs a finite potential, got {V}")
    for ion in model.permeant:
        c_out, c_in = values[f"{ion.name}_out"], values[f"{ion.name}_in"]
        if c_out == 0 or c_in == 0:
            raise ValueError(f"to_chord needs {ion.name} on both sides, got {c_out}, {c_in} mM")
    g = {f"g_{ion}": one.g_chord for ion, one in currents(model, values, V).items()}
    if model.pump != "ratio":
        chord = Chord(*model.ions, passive=model.passive, pump="constant")
        return chord, {**g, "pump_max": pump_current(values)}
    first = next(iter(g.values()))
    largest = first if first > 0 else max(g.values())
    relative = {name: conductance / largest for name, conductance in g.items()}
    return Chord(*model.ions, passive=model.passive), relative
