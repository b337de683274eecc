"""A cell as HTML for notebooks: a row for each ion, and the source of the values."""

from collections.abc import Iterator
from typing import Any

from fastrest.plotting import html


def cell_html(cell: Any) -> str:
    """Return the HTML of a cell: see `Cell`."""
    model = cell.model
    unit = f" ({model.weight_unit})" if model.weight_unit else ""
    head = ["", model.weight + unit, "out (mM)", "in (mM)", "E (mV)"]
    E = cell.nernst()
    rows = [
        [
            f"{ion.name}{_charge(ion.z)}",
            _number(cell, f"{model.weight}_{ion.name}", "passive" * (ion.name in model.passive)),
            _number(cell, f"{ion.name}_out"),
            _inside(cell, ion.name),
            f"{E[ion.name]:.2f}" if ion.name in E else "",
        ]
        for ion in model.ions
    ]
    title = cell.name or "Cell"
    sources = [[name, cell.fields[name]] for name in SOURCES if cell.fields[name]]
    return html.block(
        f"{title}: {cell.potential():.2f} mV",
        html.line(repr(model)),
        html.table(head, rows),
        html.line("; ".join(_others(cell))),
        html.folded("source", html.table([], sources, 2)) if sources else "",
    )


#: The texts of a cell that are shown at a click.
SOURCES = ("species", "basis", "source", "remark")


def _charge(z: int) -> str:
    sign = "⁺" if z > 0 else "⁻"
    return (str(abs(z)).translate(str.maketrans("123456789", "¹²³⁴⁵⁶⁷⁸⁹")) + sign).removeprefix("¹")


def _number(cell: Any, name: str, instead: str = "") -> str:
    return f"{cell[name]:.4g}" if name in cell else instead


def _inside(cell: Any, ion: str) -> str:
    """Return the concentration inside, which follows from V in passive ions and living cells."""
    name = f"{ion}_in"
    if name in cell:
        return f"{cell[name]:.4g}"
    if name in cell.model.outputs:
        return f"{cell.value(of=name):.4g}"
    return "from V"


def _others(cell: Any) -> Iterator[str]:
    """Yield texts of the parameters that belong to no ion, and of the marked potentials."""
    model = cell.model
    of_ions = {
        f"{part}{ion.name}{end}"
        for ion in model.ions
        for part, end in ((f"{model.weight}_", ""), ("", "_out"), ("", "_in"))
    }
    for name, value in cell.items():
        if name not in of_ions and not (name == "pump_ratio" and value == 1.0):
            unit = model.parameters[name].unit
            known = "" if name == "celsius" else f"{name} "
            yield f"{known}{value:.4g} {unit}".rstrip()
    for name in ("quoted", "lower", "threshold", "block"):
        if cell.fields[name] is not None:
            yield f"{name} {cell.fields[name]:.4g} mV"
