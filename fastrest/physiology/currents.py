"""The table of a cell's currents at rest, and cells with absolute permeabilities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fastrest._core.validation import Comparable, aligned, equal_to_nan, finite, public
from fastrest.models.currents import ROUNDING, currents, pump_of
from fastrest.models.model import Model
from fastrest.models.reference import nernst_of

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas as pd

#: The columns of the table: their digits, and the unit of those that need absolute permeabilities.
COLUMNS = {
    **{"E": (".2f", ""), "driving_force": (".2f", ""), "current": (".4g", "uA/cm2")},
    **{"share": ("+.3f", ""), "g_slope": (".4g", "mS/cm2"), "g_chord": (".4g", "mS/cm2")},
}

#: Headings of the table that are not the names of its columns.
SYMBOLS = {"driving_force": "V - E", "current": "I"}


@public
@equal_to_nan
class Current(NamedTuple):
    """A row of `Currents`; the values that a row does not have are NaN.

    Attributes
    ----------
    E, driving_force : float
        The Nernst potential, and V - E, mV.
    current : float
        The current, outward positive, uA/cm2.
    share : float
        The current's part of all outward currents, or minus its part of all inward ones.
    g_slope, g_chord : float
        dI/dV and I/(V - E), mS/cm2. Slopes set the input resistance, chords the potential.
    """

    E: float
    driving_force: float
    current: float
    share: float
    g_slope: float
    g_chord: float


@public
@dataclass(frozen=True, eq=False, repr=False)
class Currents(Comparable):
    """The currents of a cell at rest, as `Cell.currents` returns them.

    Attributes
    ----------
    V : float
        The resting potential, mV.
    rows : dict of str to Current
        A row for every permeant ion, and one for the pump if it carries current.
    absolute : bool
        True if permeabilities are in cm/s, or conductances in mS/cm2. Otherwise currents and
        conductances are NaN, and only their shares are known.
    """

    _compared = ("V", "rows", "absolute")

    V: float
    rows: dict[str, Current]
    absolute: bool

    @property
    def R_m(self) -> float:
        """The membrane resistance 1/(sum of slope conductances), kOhm cm2."""
        total = math.fsum(row.g_slope for name, row in self.rows.items() if name != "pump")
        return 1 / total if total else math.inf

    def input_resistance(self, diameter: float) -> float:
        """Return the resistance of an isopotential sphere, MOhm.

        Parameters
        ----------
        diameter : float
            um.

        Returns
        -------
        float
            R_m over the area of the membrane.

        Raises
        ------
        ValueError
            The diameter is not greater than 0, or the cell's permeabilities are relative.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].absolute(R_m=7)
        >>> round(cell.currents().input_resistance(20), 1)
        557.0
        """
        diameter = finite("diameter", diameter)
        if diameter <= 0:
            raise ValueError(f"diameter must be > 0 um, got {diameter!r}")
        if not self.absolute:
            raise ValueError(
                "input_resistance needs permeabilities in cm/s, or conductances in mS/cm2: "
                "cell.absolute(R_m=) makes them from the membrane resistance"
            )
        area = math.pi * (1e-4 * diameter) ** 2  # cm2
        return 1e-3 * self.R_m / area

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the table as a pandas data frame; it needs pandas.

        Returns
        -------
        pandas.DataFrame
            A row for each ion and the pump, with the fields of `Current` as columns.
        """
        import pandas as pd

        columns = list(Current._fields)
        return pd.DataFrame([*self.rows.values()], index=[*self.rows], columns=columns)

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the currents, or their shares, as horizontal bars; it needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new pyplot figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from fastrest.plotting.bars import signed_bars
        from fastrest.plotting.primitives import number_text

        if self.absolute:
            bars, label = {n: row.current for n, row in self.rows.items()}, "current (µA/cm²)"
        else:
            bars, label = {n: row.share for n, row in self.rows.items()}, "share of the current"
        note = f"at {number_text(round(self.V, 1))} mV"
        return signed_bars(bars, f"{label}, outward positive", ax, [note])

    def __repr__(self) -> str:
        shown = {n: c for n, c in COLUMNS.items() if self.absolute or not c[1]}
        lines = [["", *(SYMBOLS.get(name, name) for name in shown)]]
        for name, row in self.rows.items():
            cells = (getattr(row, column) for column in shown)
            texts = (
                "" if math.isnan(x) else format(x, digits)
                for x, (digits, _) in zip(cells, shown.values(), strict=True)
            )
            lines.append([name, *texts])
        text = [f"Currents at {self.V:.2f} mV, outward positive:"]
        text += [f"  {line}".rstrip() for line in aligned(lines, "  ")]
        if self.absolute:
            text.append(f"  E in mV, I in uA/cm2, g in mS/cm2; R_m = {self.R_m:.4g} kOhm cm2")
        return "\n".join(text)


def is_absolute(model: Model) -> bool:
    """Return True if a model's permeabilities or conductances have a unit."""
    return model.weight_unit != ""


def currents_at_rest(model: Model, values: Mapping[str, float]) -> Currents:
    """Return the currents of a cell at rest: see `Cell.currents`."""
    V = model.outputs["V"].value_at(values)
    if not math.isfinite(V):
        raise ValueError(f"currents at rest need a finite potential, got {V}")
    found = currents(model, values, V)
    ions = {ion.name: ion for ion in model.permeant}
    flows = {name: one.net for name, one in found.items()}
    if has_pump(values):
        flows["pump"] = pump_of(model, values, found)
    outward = math.fsum(max(x, 0.0) for x in flows.values())
    inward = math.fsum(max(-x, 0.0) for x in flows.values())
    balanced = outward > 0 and inward > 0  # else the currents are rounding errors
    absolute = is_absolute(model)
    rows = {}
    for name, current in flows.items():
        share = current / (outward if current > 0 else inward) if balanced else 0.0
        E, g_slope, g_chord = math.nan, math.nan, math.nan
        if name in ions:
            E = nernst_of(ions[name], values)[0]
            g_slope, g_chord = found[name].g_slope, found[name].g_chord
        if not absolute:
            current = g_slope = g_chord = math.nan
        rows[name] = Current(E, V - E, current, share, g_slope, g_chord)
    return Currents(V, rows, absolute)


def has_pump(values: Mapping[str, float]) -> bool:
    """Return True if a pump carries current."""
    return values.get("pump_ratio", 1.0) != 1.0 or values.get("pump_max", 0.0) != 0.0


def absolute_cell(
    model: Model, values: Mapping[str, float], R_m: float
) -> tuple[Model, dict[str, Any]]:
    """Return the model and the changed values of an absolute cell: see `Cell.absolute`."""
    R_m = finite("R_m", R_m)
    if R_m <= 0:
        raise ValueError(f"R_m must be > 0 kOhm cm2, got {R_m!r}")
    if is_absolute(model):
        what = "permeabilities" if model.weight == "P" else "conductances"
        raise ValueError(f"absolute needs relative {what}; the cell's are in {model.weight_unit}")
    V = model.outputs["V"].value_at(values)
    if not math.isfinite(V):
        raise ValueError(f"absolute needs a finite potential, got {V}")
    relative = currents(model, values, V)
    scale = 1 / (R_m * math.fsum(one.g_slope for one in relative.values()))
    rest = math.fsum(one.current for one in relative.values()) if has_pump(values) else 0.0
    if abs(rest) <= ROUNDING * math.fsum(one.flow for one in relative.values()):
        rest = 0.0
    changed = {weight: values[weight] * scale for weight in model.weights}
    changed["pump_max"] = -scale * rest + 0.0
    return type(model)(*model.ions, **{**model.arguments, "pump": "constant"}), changed
