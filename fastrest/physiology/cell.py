"""Cells: a model with a value for every parameter, and the sources of the values."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastrest._core.validation import FrozenMapping
from fastrest.models.equations import Chord
from fastrest.models.model import Model, phi
from fastrest.models.quantities import Ion
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
    chord_conductances,
    read_toml,
)
from fastrest.physiology.multiples import Times
from fastrest.physiology.plausibility import warn_if_implausible
from fastrest.physiology.pump import PumpEffect, pump_effect
from fastrest.physiology.uncertainty import Uncertainty, elasticity, uncertainty
from fastrest.runtime.columns import is_plain


class Cell(FrozenMapping[float]):
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

    model: Model
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
            raise TypeError(f"model must be a fr.GHK or fr.Chord, got {model!r}")
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
        return cell_text(self, self.model, self.name)

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
        return self._with_model(self.model.with_passive(*ions), {})

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
        model = type(self.model)(*self.model.ions, *ions, **self.model.arguments)
        if len(ions) == 1:
            ion = model.ions[-1].name
            short = {
                model.weight: f"{model.weight}_{ion}",
                "out": f"{ion}_out",
                "inside": f"{ion}_in",
            }
            values = {short.get(name, name): value for name, value in values.items()}
        return self._with_model(model, values)

    def to_chord(self) -> "Cell":
        """Return the cell with chord conductances at its resting potential.

        g_j = I_j / (V - E_j) with the GHK current I_j, relative to the first ion's conductance:
        the chord equation then gives the same potential.

        Returns
        -------
        Cell
            A cell of the model `Chord`.

        Raises
        ------
        ValueError
            The model is not GHK, the cell has a pump, or a permeant ion is on one side only.

        Examples
        --------
        >>> import fastrest as fr
        >>> chord = fr.cells["mammalian neuron"].to_chord()
        >>> [round(chord[g], 3) for g in ("g_K", "g_Na", "g_Cl")]
        [1.0, 0.161, 0.462]
        """
        model = Chord(*self.model.ions, passive=self.model.passive)
        return self._with_model(model, chord_conductances(self.model, self))

    def _with_model(self, model: Model, values: Mapping[str, Any]) -> "Cell":
        """Return a cell of another model: the parameters that it shares, and further values."""
        kept: dict[str, Any] = {n: v for n, v in self._values.items() if n in model.parameters}
        return Cell(model, **self.fields, **kept, **values)

    # ---- outputs and their sensitivity ----

    def potential(self, *, engine: str | None = None) -> float:
        """Return the resting potential.

        Parameters
        ----------
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of
            `fastrest.info`; the fastest by default.

        Returns
        -------
        float
            mV: NaN if no ion is permeant, -inf or +inf if permeant ions are on one side only.

        Examples
        --------
        >>> import fastrest as fr
        >>> round(fr.cells["mammalian neuron"].potential(), 2)
        -69.81
        """
        return self.model.outputs["V"].value_at(self, engine)

    def gradient(self, *, of: str = "V", engine: str | None = None) -> dict[str, float]:
        """Return the derivatives of the potential with respect to each parameter.

        They are exact derivatives of the equation (not differences) with the other parameters held
        fixed. That by a passive ion's concentration is 0, as its inside concentration follows. At
        the edge of a domain (P = 0, a concentration of 0) they are one-sided.

        Parameters
        ----------
        of : str
            Name of an output of the model: "V", or "E_K" and the like.
        engine : str, optional
            As for `potential`.

        Returns
        -------
        dict of str to float
            mV per mM, per °C, or per unit of permeability or conductance, for every parameter;
            NaN if the potential is not finite. The derivative of the chord equation by g at g = 0
            is infinite if the ion is on one side only, and NaN if the ion is on neither side.

        Examples
        --------
        >>> import fastrest as fr
        >>> slopes = fr.cells["mammalian neuron"].gradient()
        >>> round(slopes["K_out"], 3), round(slopes["P_Na"], 1), round(slopes["celsius"], 3)
        (1.916, 275.7, -0.225)
        """
        return self.model.output(of).gradient_at(self, engine)

    def elasticity(self, *, of: str = "V") -> dict[str, float]:
        """Return the change of the potential for +1 % of each parameter, to first order.

        The change for `celsius` is that for +1 °C, because its zero is a convention. Unlike those
        of `gradient`, the values are comparable across parameters.

        Parameters
        ----------
        of : str
            Name of an output of the model.

        Returns
        -------
        dict of str to float
            mV; NaN if the potential is not finite.

        Examples
        --------
        >>> import fastrest as fr
        >>> elasticity = fr.cells["mammalian neuron"].elasticity()
        >>> {name: round(mV, 3) for name, mV in elasticity.items() if name.startswith("K")}
        {'K_out': 0.096, 'K_in': -0.197}
        """
        return elasticity(self.model.output(of), self)

    def uncertainty(self, *, of: str = "V", **sds: float | Times) -> Uncertainty:
        """Return the standard deviation of the potential from those of some parameters.

        This is the first-order propagation of independent errors (the delta method): the variance
        is the sum of (dV/dx sd)^2. It holds for errors so small that V is linear over them.

        Parameters
        ----------
        of : str
            Name of an output of the model.
        **sds : float or Times
            Standard deviations in the parameters' own units, or as multiples of the cell's values
            by `times`: ``K_out=fr.times(0.1)`` is 10 %.

        Returns
        -------
        Uncertainty
            ``sd`` in mV, the share of each input in the variance, and a plot.

        Raises
        ------
        ValueError
            A parameter is unknown, or its sd is negative or not finite.

        Examples
        --------
        >>> import fastrest as fr
        >>> u = fr.cells["mammalian neuron"].uncertainty(K_out=0.1, P_Na=fr.times(0.25))
        >>> round(u.sd, 2), {name: round(share, 3) for name, share in u.shares.items()}
        (2.76, {'K_out': 0.005, 'P_Na': 0.995})
        """
        return uncertainty(self.model.output(of), self, sds)

    def nernst(self) -> dict[str, float]:
        """Return the Nernst potential of every ion; a passive ion's is the resting potential.

        Returns
        -------
        dict of str to float
            mV, by the name of the ion.

        Examples
        --------
        >>> import fastrest as fr
        >>> {ion: round(E, 2) for ion, E in fr.cells["mammalian neuron"].nernst().items()}
        {'K': -89.06, 'Na': 60.63, 'Cl': -73.62}
        """
        model = self.model
        return {ion.name: model.outputs[f"E_{ion.name}"].value_at(self) for ion in model.ions}

    def concentrations(self) -> dict[str, tuple[float, float]]:
        """Return the concentrations of every ion outside and inside.

        A passive ion is in equilibrium with the potential: c_in = c_out exp(-zV/phi).

        Returns
        -------
        dict of str to tuple of float
            Outside and inside, mM, by the name of the ion.

        Examples
        --------
        >>> import fastrest as fr
        >>> c_out, c_in = fr.cells["mammalian skeletal muscle"].concentrations()["Cl"]
        >>> c_out, round(c_in, 2)
        (116.0, 4.45)
        """
        found = {}
        for ion in self.model.ions:
            c_out = self[f"{ion.name}_out"]
            if ion.name in self.model.passive:
                c_in = c_out * math.exp(-ion.z * self.potential() / float(phi(self["celsius"])))
            else:
                c_in = self[f"{ion.name}_in"]
            found[ion.name] = c_out, c_in
        return found

    def pump_effect(self, *, ratio: float = 1.5) -> PumpEffect:
        """Return the effect of an electrogenic Na/K pump on the potential in the steady state.

        The effect is V at `pump_ratio` = ratio less V at 1, and its ceiling phi |ln ratio|
        (Mullins & Noda 1963). Permeability ratios fitted with the GHK equation already contain the
        pump, which the effect then counts twice.

        Parameters
        ----------
        ratio : float
            Na per K that the pump moves: 1.5 for 3:2.

        Returns
        -------
        PumpEffect
            ``effect`` and ``ceiling``, mV.

        Raises
        ------
        ValueError
            The model has no `pump_ratio`, or the ratio is not finite and > 0.

        Examples
        --------
        >>> import fastrest as fr
        >>> effect, ceiling = fr.cells["cardiac ventricular myocyte"].pump_effect()
        >>> round(effect, 2), round(ceiling, 2)
        (-2.47, 10.84)
        """
        return pump_effect(self, lambda r: self.replace(pump_ratio=r).potential(), ratio)

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
