"""Cells: a model with a value for every parameter, and the sources of the values."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastrest.models.model import Model
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.quantities import Ion
from fastrest.physiology.cell_answers import CellAnswers
from fastrest.physiology.cell_forms import (
    POTENTIALS,
    TEXTS,
    cell_arguments,
    cell_text,
    changed_arguments,
    checked_changes,
    checked_potentials,
    checked_texts,
    checked_values,
    chord_form,
    read_toml,
)
from fastrest.physiology.currents import absolute_cell
from fastrest.physiology.living import CHANGED, check_scale, living_cell
from fastrest.physiology.plausibility import warn_if_implausible
from fastrest.physiology.rundown import course_of
from fastrest.runtime.columns import is_plain


class Cell(CellAnswers):
    """A model with one value for every parameter, and the sources of the values.

    A cell is an immutable mapping from parameter names to floats.

    Parameters
    ----------
    model : Model
        The equation with its ions.
    name, source, species, basis, remark : str, optional
        The cell's name and the sources of its values; basis is ``"textbook"``, ``"measured"`` or
        ``"constructed"``.
    quoted : float, optional
        Resting potential that the source gives, mV.
    threshold, block, lower : float, optional
        Boundaries of the excitability classes, mV. A fixed threshold is a convention. `block`
        defaults to -40 mV when a threshold is given.
    **values : float
        A value for every parameter of the model: concentrations in mM, `celsius` in °C,
        permeabilities or conductances in any one unit. `pump_ratio` is optional.

    Raises
    ------
    ValueError
        A parameter is unknown, missing, or outside its domain.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.Cell(fr.GHK("K", "Na"), P_K=1, P_Na=0.01, K_out=4, K_in=150, Na_out=145,
    ...                Na_in=20, celsius=37, source="Klabunde, Cardiovascular Physiology Concepts")
    >>> round(cell.potential(), 2)
    -88.64
    """

    _hooks = ("fields", "given_fields", "marks")

    name: str
    source: str
    species: str
    basis: str
    remark: str
    quoted: float | None
    threshold: float | None
    block: float | None
    lower: float | None
    _what = "parameter"

    def __init__(
        self,
        model: Model,
        *,
        name: str = "",
        source: str = "",
        species: str = "",
        basis: str = "",
        remark: str = "",
        quoted: float | None = None,
        threshold: float | None = None,
        block: float | None = None,
        lower: float | None = None,
        **values: float,
    ):
        if not isinstance(model, Model):
            raise TypeError(f"model must be a fr.GHK, fr.Chord or fr.PumpLeak, got {model!r}")
        texts = checked_texts(name, source, species, basis, remark)
        potentials = checked_potentials(quoted, threshold, block, lower)
        numbers = checked_values(model, values)
        vars(self).update(texts, **potentials, model=model, _values=numbers)
        warn_if_implausible(numbers)

    # ---- fields and manners ----

    @property
    def fields(self) -> dict[str, Any]:
        """The texts and marked potentials of the cell, by name."""
        return {field: getattr(self, field) for field in (*TEXTS, *POTENTIALS)}

    @property
    def given_fields(self) -> dict[str, Any]:
        """The fields that are neither empty nor None."""
        return {field: value for field, value in self.fields.items() if value not in ("", None)}

    @property
    def marks(self) -> dict[str, float]:
        """The threshold and block that pictures of the cell mark, mV."""
        found = {"threshold": self.threshold, "block": self.block}
        return {name: value for name, value in found.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        mine = (self.model, self._values, self.fields)
        return mine == (other.model, other._values, other.fields)

    def __hash__(self) -> int:
        return hash((self.model, tuple(self._values.values()), self.name))

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the state of a pickle, checked as the arguments of a new cell are."""
        given = {n: state[n] for n in (*TEXTS, *POTENTIALS)} | state["_values"]
        Cell.__init__(self, state["model"], **given)

    def __repr__(self) -> str:
        text = cell_text(self, self.model, self.name)
        changed = self.remark.rpartition(CHANGED)[2] if CHANGED in self.remark else ""
        return f"{text[:-1]}\n  {CHANGED}{changed}>" if changed else text

    def _repr_html_(self) -> str:
        from fastrest.physiology.cell_html import cell_html

        return cell_html(self)

    # ---- other cells ----

    def replace(self, **changes: Any) -> "Cell":
        """Return a cell with some parameters, texts or marked potentials replaced.

        Parameters
        ----------
        **changes
            Parameters (numbers, or multiples of the present value by `times`), or any of name,
            source, species, basis, remark, quoted, threshold, block, lower.

        Returns
        -------
        Cell

        Examples
        --------
        >>> import fastrest as fr
        >>> round(fr.cells["mammalian neuron"].replace(K_out=8.0).potential(), 2)
        -64.61
        """
        if changes.keys() <= self._values.keys() and all(map(is_plain, changes.values())):
            return self._with_values(checked_changes(self.model, changes))
        return Cell(self.model, **changed_arguments(self.fields, self._values, changes))

    def _with_values(self, changes: Mapping[str, float]) -> "Cell":
        """Return a cell with other values that are checked already."""
        found = object.__new__(type(self))
        vars(found).update(vars(self), _values={**self._values, **changes})
        warn_if_implausible(changes)
        return found

    def passive(self, *ions: str) -> "Cell":
        """Return a cell in which some ions are at equilibrium.

        Parameters
        ----------
        *ions : str
            Ions that no longer set V: their inside concentrations follow from V.

        Returns
        -------
        Cell

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].passive("Cl")
        >>> round(cell.potential(), 2), round(cell.nernst()["Cl"], 2)
        (-68.59, -68.59)
        """
        return self.with_model(self.model.with_passive(*ions), {})

    def with_ions(self, *ions: str | Ion, **values: float) -> "Cell":
        """Return the cell with further ions; all that it has otherwise is kept.

        Parameters
        ----------
        *ions : str or Ion
            The ions, as for `GHK`.
        **values : float
            Their parameters, as ``P_Ca=0.1, Ca_out=2, Ca_in=1e-4``. For a single ion the short
            names P (or g), out and inside are enough.

        Returns
        -------
        Cell

        Raises
        ------
        ValueError
            The cell has an ion of that name, or a parameter is unknown, missing or outside its
            domain.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].with_ions("Ca", P=0.1, out=2, inside=1e-4)
        >>> cell.name, round(cell.potential(), 2)
        ('mammalian neuron', -68.43)
        """
        model = self.model.with_ions(*ions)
        if len(ions) == 1:
            ion = model.ions[-1].name
            short = {
                model.weight: f"{model.weight}_{ion}",
                "out": f"{ion}_out",
                "inside": f"{ion}_in",
            }
            values = {short.get(name, name): value for name, value in values.items()}
        return self.with_model(model, values)

    def to_chord(self) -> "Cell":
        """Return the cell with chord conductances at its resting potential.

        g_j = I_j / (V - E_j) with the GHK current I_j, relative to the first ion's conductance:
        the chord equation then gives the same potential.

        Returns
        -------
        Cell
            A cell of the model `Chord`. With an explicit pump current it has ``pump="constant"``:
            conductances in mS/cm2, and the pump current at rest.

        Raises
        ------
        ValueError
            The model is not GHK, the cell has a `pump_ratio` other than 1, or a permeant ion is on
            one side only.

        Examples
        --------
        >>> import fastrest as fr
        >>> chord = fr.cells["mammalian neuron"].to_chord()
        >>> [round(chord[g], 3) for g in ("g_K", "g_Na", "g_Cl")]
        [1.0, 0.161, 0.462]
        """
        self.check_unconditional("to_chord")
        return self.with_model(*chord_form(self.model, self))

    def absolute(self, *, R_m: float) -> "Cell":
        """Return the cell with permeabilities in cm/s, or conductances in mS/cm2.

        They follow from the membrane resistance. The potential stays. A pump that `pump_ratio`
        described becomes an explicit current.

        Parameters
        ----------
        R_m : float
            Specific membrane resistance at rest, kOhm cm2: 1/(sum of slope conductances).

        Returns
        -------
        Cell
            A cell of the same model with ``pump="constant"``: `pump_max` is the current that
            balances those of the ions, uA/cm2.

        Raises
        ------
        ValueError
            The permeabilities or conductances are absolute already, or R_m is not greater than 0.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].absolute(R_m=7)
        >>> round(cell.potential(), 2), round(1e6 * cell["P_K"], 3)
        (-69.81, 1.006)
        >>> cell.currents()
        Currents at -69.81 mV, outward positive:
                   E    V - E       I   share  g_slope  g_chord
          K   -89.06    19.25   1.443  +0.916  0.08881  0.07499
          Na   60.63  -130.45  -1.575  -1.000  0.01835  0.01208
          Cl  -73.62     3.81   0.132  +0.084   0.0357  0.03467
          E in mV, I in uA/cm2, g in mS/cm2; R_m = 7 kOhm cm2
        """
        self.check_unconditional("absolute")
        model, changed = absolute_cell(self.model, self, R_m)
        values = {**self._values, **changed}
        return Cell(model, **self.fields, **{n: values[n] for n in model.parameters})

    def living(
        self, *, R_m: float | None = None, pump: str = "constant", **values: float
    ) -> "Cell":
        """Return a cell that keeps itself at this one's V, Na_in and K_in.

        A cell of given insides is hardly a living one: its leaks differ from the 3:2 of the pump.
        The living cell has the permeabilities of K and Cl, and what is outside. Solved for are
        the permeability of Na, Cl_in at equilibrium, the pump current, and the concentration and
        charge of the impermeant solutes.

        Parameters
        ----------
        R_m : float, optional
            Specific membrane resistance at rest, kOhm cm2: needed if permeabilities are relative.
        pump : {"constant", "saturating"}
            As for `GHK`.
        **values : float
            Half-saturations of a saturating pump, values that the cell has not, such as P_Cl, and
            X_out. By default X_out are monovalent anions that neutralise the bath.

        Returns
        -------
        Cell
            A cell of the model `PumpLeak`. Its remark, and its repr, tell what changed.

        Raises
        ------
        ValueError
            The cell has other ions than K, Na and Cl; values are missing; or V is not between E_K
            and E_Na, so that no pump keeps the cell.

        Examples
        --------
        >>> import fastrest as fr
        >>> living = fr.cells["mammalian neuron"].living(R_m=7)
        >>> round(living.potential(), 2), round(living.value(of="Cl_in"), 2)
        (-69.81, 8.07)
        >>> round(living.replace(pump_max=fr.times(0.5)).potential(), 2)
        -35.18
        """
        self.check_unconditional("living")
        check_scale(self.model, R_m)
        model, found, changes = living_cell(self.model, self, R_m, pump, values)
        fields = {**self.fields, "remark": "; ".join(filter(None, (self.remark, changes)))}
        return Cell(model, **{**fields, **found})

    def after(
        self,
        protocol: Mapping[float, Any],
        *,
        time: float,
        diameter: float,
        volume: str = "free",
        tol: float = 1e-7,
    ) -> "Cell":
        """Return a living cell at a time after its pump, its bath or its membrane has changed.

        It is a cell like others: it can be swept, sampled and asked for its outputs; `time` and
        `diameter` are parameters. ``cell.rundown`` follows one cell over many times.

        Parameters
        ----------
        protocol : dict of float to dict or State
            As for `rundown`. Multiples by `times` are those of each point's own value.
        time : float
            Time of the answer, s, on the axis of the protocol.
        diameter : float
            Of a sphere, um.
        volume, tol
            As for `rundown`.

        Returns
        -------
        Cell
            A cell of the model `TimeCourse`.

        Raises
        ------
        ValueError
            The cell is not living, or an argument breaks a rule.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> living = fr.cells["mammalian neuron"].living(R_m=7)
        >>> cell = living.after({0: fr.states["pump block"]}, time=3600, diameter=20)
        >>> round(cell.potential(), 2), round(cell.value(of=fr.time_to(-55)), 1)
        (-27.07, 904.4)
        >>> fr.grid(cell, diameter=[10.0, 20.0, 40.0]).values(of="relative_volume").round(3)
        array([1.539, 1.213, 1.071])
        """
        model, values = course_of(self, protocol, time, diameter, volume, tol)
        return Cell(model, **{**self.fields, **values})

    def steady_state(self) -> "Cell":
        """Return the steady state of a cell that keeps itself, as a cell of given insides.

        It rests at the same potential. What is done to it acts at once, with the inside as it is;
        what is done to the living cell has acted for long, and its inside has followed.

        Returns
        -------
        Cell
            A cell of the model's leaks and pump, with inside concentrations. Cotransporters move
            no net charge: they are left out.

        Raises
        ------
        ValueError
            The model is not `PumpLeak`, or the cell has no steady state.

        Examples
        --------
        >>> import fastrest as fr
        >>> leak = fr.Chord("K", "Na", "Cl", pump="constant")
        >>> living = fr.Cell(fr.PumpLeak(leak), g_K=0.3, g_Na=0.01, g_Cl=0.2, K_out=5, Na_out=145,
        ...                  Cl_out=150, z_X=-1.5, celsius=37, pump_max=0.3)
        >>> acute, long_run = living.steady_state().replace(K_out=8), living.replace(K_out=8)
        >>> round(acute.potential(), 2), round(long_run.potential(), 2)
        (-68.58, -68.92)
        """
        model = self.model
        if not isinstance(model, PumpLeak):
            raise ValueError(f"steady_state needs a cell of fr.PumpLeak, got one of {model}")
        if not math.isfinite(self.potential()):
            raise ValueError(
                f"{self} has no steady state: it swells without bound, or its pump asks for more "
                "Na than leaks in"
            )
        self.check_unconditional("steady_state")
        return self.with_model(model.leak, self.inside)

    def with_model(self, model: Model, values: Mapping[str, Any]) -> "Cell":
        kept: dict[str, Any] = {n: v for n, v in self._values.items() if n in model.parameters}
        return Cell(model, **self.fields, **{**kept, **values})

    # ---- files ----

    @classmethod
    def from_toml(cls, path: str | Path) -> "Cell":
        """Read one cell from a TOML file.

        The file has the arguments of `Cell`, with a line for each ion::

            name = "my neuron"
            model = "GHK"
            source = "my own recordings"
            threshold = -55.0
            celsius = 36.0
            K  = { P = 1.0, out = 3.0, in = 140.0 }
            Na = { P = 0.04, out = 145.0, in = 15.0 }
            Cl = { out = 110.0, passive = true }
            SO4 = { z = -2, P = 0.01, out = 1.0, in = 0.5 }

        Parameters
        ----------
        path : str or Path
            The file, of at most 1 MiB.

        Returns
        -------
        Cell

        Raises
        ------
        ValueError
            The file is not TOML (the error names the line) or is too large, or a key is unknown,
            missing or outside its domain.
        OSError
            The file cannot be read.
        """
        table = read_toml(path, "cell")
        try:
            model, given = cell_arguments(table)
            return cls(model, **given)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from None


def checked_cell(cell: Any) -> Cell:
    """Return a cell, or raise the TypeError for anything else."""
    if not isinstance(cell, Cell):
        raise TypeError(
            f'cell must be a fr.Cell, such as fr.cells["mammalian neuron"], got {cell!r}'
        )
    return cell
