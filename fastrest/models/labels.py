"""Names of parameters and outputs in the field's notation, for pictures.

Signs, subscripts and superscripts are those of matplotlib's mathtext, because few fonts have them.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from fastrest.models.conditions import Change
from fastrest.models.model import Model
from fastrest.models.outputs import Output
from fastrest.models.time_course import TimeCourse

#: The letters of the sides of the membrane, by the endings of the names of concentrations.
SIDES_OF_ION = {"out": "o", "in": "i"}


def symbol(model: Model, name: str, fixed: Mapping[str, float] | None = None) -> str:
    """Return a parameter or output in the field's notation, without its unit.

    Parameters
    ----------
    model : Model
    name : str
    fixed : mapping of str to float, optional
        Values that do not vary. A relative permeability or conductance is written as a ratio to
        that of an ion whose value is fixed at 1.

    Returns
    -------
    str

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.models.labels import symbol
    >>> symbol(fr.GHK("K", "Na"), "K_out")
    '[K$^{+}$]$_\\\\mathrm{o}$'
    >>> symbol(fr.GHK("K", "Na"), "P_Na", {"P_K": 1.0})
    '$P_\\\\mathrm{Na}/P_\\\\mathrm{K}$'
    """
    for ion in model.ions:
        for side, letter in SIDES_OF_ION.items():
            if name == f"{ion.name}_{side}":
                return f"[{_charged(ion.name, ion.z)}]$_\\mathrm{{{letter}}}$"
        if name == f"E_{ion.name}":
            return f"$E_\\mathrm{{{ion.name}}}$"
        if name == f"{model.weight}_{ion.name}":
            names = [ion.name, *_reference(model, name, fixed or {})]
            parts = [f"{model.weight}_\\mathrm{{{one}}}" for one in names]
            return f"${'/'.join(parts)}$"
    if name in model.parameters:
        return model.parameters[name].meaning
    return model.outputs[name].description if name in model.outputs else name


def _charged(name: str, z: int) -> str:
    return f"{name}$^{{{abs(z) if abs(z) > 1 else ''}{'+' if z > 0 else '-'}}}$"


def _reference(model: Model, name: str, fixed: Mapping[str, float]) -> list[str]:
    """Return the ion to whose permeability, 1, a relative one is the ratio; none if there is none.

    That is K if it has the permeability 1, and otherwise the first ion that has.
    """
    ones = [ion.name for ion in model.permeant if fixed.get(f"{model.weight}_{ion.name}") == 1]
    found = sorted(ones, key=lambda ion: ion != "K")[:1]
    if model.parameters[name].unit or name in [f"{model.weight}_{ion}" for ion in found]:
        return []
    return found


def axis_label(model: Model, parameter: str, fixed: Mapping[str, float] | None = None) -> str:
    """Return the label of a plot's axis along which a parameter varies, with its unit.

    `fixed` is that of `symbol`. A relative value that is no ratio to a fixed one says so.
    """
    text, unit = symbol(model, parameter, fixed), unit_text(model.parameters[parameter].unit)
    if not unit and "/" not in text and parameter.startswith(f"{model.weight}_"):
        unit = "relative"
    return f"{text} ({unit})" if unit else text


def unit_text(unit: str) -> str:
    """Return a unit as pictures write it."""
    return unit.replace("uA", "µA").replace("cm2", "cm²").replace("um", "µm")


def output_label(output: Output) -> str:
    """Return the text along a picture's axis of an output."""
    text = output.description.replace(" -", " \N{MINUS SIGN}")
    notation = symbol(output.model, output.name)
    if output.name.startswith("E_") and notation.startswith("$"):
        text = f"Nernst potential {notation}"
    elif notation.startswith("["):
        text = notation
    return f"{text} ({unit_text(output.unit)})" if output.unit else text


def changes_label(model: Model, changes: Iterable[Change]) -> str:
    """Return changes of parameters in the field's notation, or '' if there are none."""
    words = []
    for name, factor, constant in changes:
        text = symbol(model, name).split(",")[0]
        if factor:
            words.append(f"{text} × {factor:.3g}")
        else:
            words.append(f"{text} {constant:.3g} {unit_text(model.parameters[name].unit)}".rstrip())
    return ", ".join(words)


def periods(model: TimeCourse, time: np.ndarray) -> list[tuple[float, float, str]]:
    """Return starts and ends of a protocol's conditions within times, s, and their changes."""
    starts = [one.start for one in model.protocol]
    return [
        (
            float(max(one.start, time[0])),
            float(min(end, time[-1])),
            changes_label(model, one.changes),
        )
        for one, end in zip(model.protocol, [*starts[1:], np.inf], strict=True)
        if one.start < time[-1] and end > time[0]
    ]
