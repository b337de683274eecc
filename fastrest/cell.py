"""Cells: a model with a value for every parameter, and where the values come from."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import engine, tomlfile
from .distributions import Scaled, as_distribution, is_distribution
from .model import GHK, MODELS, Chord, Model, as_float, as_numbers, nernst_ufunc, phi
from .physics import IONS, Frozen, Ion, unknown
from .presets import Presets

if TYPE_CHECKING:
    from .gradients import Uncertainty

#: What a cell may say about itself beside its parameters.
TEXTS = ("name", "source", "species", "basis", "remark")
POTENTIALS = ("quoted", "threshold", "block", "lower")
#: Potential above which sodium channels stay inactivated, by convention, mV.
BLOCK = -40.0


@dataclass(frozen=True, eq=False)
class Times:
    """Multiples of a cell's own value: made by `times`."""

    factors: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and np.array_equal(self.factors, other.factors)

    def of(self, name: str, value: float) -> Any:
        """The multiples of one value, as a float or an array."""
        if np.ndim(self.factors) == 0:
            return as_float(name, self.factors) * value
        return as_numbers(name, self.factors).astype(np.float64) * value


def times(factors: Any) -> Times | Scaled:
    """Multiples of the cell's own value.

    Parameters
    ----------
    factors : array_like or Distribution
        Numbers, for `grid`, `axis` and `Cell.replace`; a distribution, for `space`.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> cell.replace(P_Na=fr.times(0.5))["P_Na"]
    0.02
    """
    if isinstance(factors, Scaled | Times):
        raise TypeError(f"fr.times stands once, got {factors!r}")
    return Scaled(as_distribution(factors)) if is_distribution(factors) else Times(factors)


def change_of(name: str, given: Any) -> float | Times:
    """What a TOML file makes of a parameter: a number, or "times:1.5" of its own value."""
    if not isinstance(given, str):
        return as_float(name, given)
    word, _, factor = given.partition(":")
    try:
        if word == "times":
            return Times(float(factor))
    except ValueError:
        pass
    raise ValueError(f'{name} must be a number, or a factor as "times:1.5", got {given!r}')


class PumpEffect(NamedTuple):
    """What an electrogenic pump adds to the potential, and the most it could, mV."""

    effect: float
    ceiling: float


class Cell(Frozen, Mapping[str, float]):
    """A model with one value for every parameter, and where the values come from.

    A cell is an immutable mapping from parameter names to floats.

    Parameters
    ----------
    model : Model
    name, source, species, basis, remark : str, optional
        What the cell is and where its values come from; basis is ``"textbook"``, ``"measured"`` or
        ``"constructed"``.
    quoted : float, optional
        Resting potential that the source gives, mV.
    threshold, block, lower : float, optional
        Boundaries of the excitability classes, mV. A fixed threshold is a convention. `block`
        is -40 if there is a threshold and nothing else is said.
    **values : float
        A value for every parameter of the model: concentrations in mM, `celsius` in °C,
        permeabilities or conductances in any one unit. `pump_ratio` may be left out.

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
    _values: dict[str, float]

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
        texts = {
            "name": name,
            "source": source,
            "species": species,
            "basis": basis,
            "remark": remark,
        }
        for field, text in texts.items():
            if not isinstance(text, str):
                raise TypeError(f"{field} must be text, got {text!r}")
        if block is None and threshold is not None:
            block = BLOCK
        bounds = {"lower": lower, "threshold": threshold, "block": block}
        potentials = {
            field: None if value is None else _potential(field, value)
            for field, value in {"quoted": quoted, **bounds}.items()
        }
        ordered = [v for v in (potentials[field] for field in bounds) if v is not None]
        if any(low >= high for low, high in itertools.pairwise(ordered)):
            raise ValueError(f"lower < threshold < block must hold, got {ordered} mV")
        complete = model.complete(values, f"a cell of {model}")
        numbers = {n: as_float(n, v) for n, v in complete.items()}
        for parameter in model.parameters.values():
            parameter.check(numbers[parameter.name])
        vars(self).update(texts, **potentials, model=model, _values=numbers)

    # ---- a mapping of parameters ----

    def __getitem__(self, parameter: str) -> float:
        if parameter not in self._values:
            raise KeyError(unknown("parameter", parameter, self._values))
        return self._values[parameter]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def _fields(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in (*TEXTS, *POTENTIALS)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        mine = (self.model, self._values, self._fields)
        return mine == (other.model, other._values, other._fields)

    def __hash__(self) -> int:
        return hash((self.model, tuple(self._values.values()), self.name))

    def __repr__(self) -> str:
        v = self._values
        ions = []
        for ion in self.model.ions:
            if ion.name in self.model.passive:
                ions.append(f"{ion.name} {v[ion.name + '_out']:g}/passive")
            else:
                ions.append(f"{ion.name} {v[ion.name + '_out']:g}/{v[ion.name + '_in']:g}")
        prefix = self.model.weight
        weights = " : ".join(f"{v[f'{prefix}_{ion.name}']:g}" for ion in self.model.permeant)
        pump = f", pump_ratio {v['pump_ratio']:g}" if v.get("pump_ratio", 1.0) != 1.0 else ""
        name = f"{self.name!r} " if self.name else ""
        return (
            f"<Cell {name}{self.model}: out/in {', '.join(ions)} mM, {prefix} {weights}, "
            f"{v['celsius']:g} °C{pump}>"
        )

    # ---- other cells ----

    def replace(self, **changes: Any) -> "Cell":
        """A cell with some parameters, or some of what it says about itself, replaced.

        Parameters
        ----------
        **changes
            Parameters (numbers, or multiples of the present value by `times`), or any of name,
            source, species, basis, remark, quoted, threshold, block, lower.

        Examples
        --------
        >>> import fastrest as fr
        >>> round(fr.cells["mammalian neuron"].replace(K_out=8.0).potential(), 2)
        -64.61
        """
        fields = self._fields
        values: dict[str, Any] = dict(self._values)
        if "threshold" in changes and fields["block"] == BLOCK:
            fields["block"] = None  # said by nobody: it follows the threshold
        for name, value in changes.items():
            if name in fields:
                fields[name] = "" if value is None and name in TEXTS else value
            else:
                known = name in values and isinstance(value, Times)
                values[name] = value.of(name, values[name]) if known else value
        return Cell(self.model, **fields, **values)

    def passive(self, *ions: str) -> "Cell":
        """A cell in which some ions are at equilibrium.

        They no longer set V; their inside concentrations follow from it (`concentrations`).

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].passive("Cl")
        >>> round(cell.potential(), 2), round(cell.nernst()["Cl"], 2)
        (-68.59, -68.59)
        """
        model = type(self.model)(*self.model.ions, passive=(*self.model.passive, *ions))
        kept: dict[str, Any] = {n: v for n, v in self._values.items() if n in model.parameters}
        return Cell(model, **self._fields, **kept)

    def to_chord(self) -> "Cell":
        """The cell's chord conductances at its resting potential, relative to the first ion's.

        g_j = I_j / (V - E_j) with the GHK current I_j, so that the chord equation gives the same
        potential. Needs a GHK cell without pump and with every permeant ion on both sides.

        Examples
        --------
        >>> import fastrest as fr
        >>> chord = fr.cells["mammalian neuron"].to_chord()
        >>> [round(chord[g], 3) for g in ("g_K", "g_Na", "g_Cl")]
        [1.0, 0.161, 0.462]
        """
        if not isinstance(self.model, GHK):
            raise ValueError(f"to_chord needs a GHK cell, got {self.model}")
        if self._values.get("pump_ratio", 1.0) != 1.0:
            raise ValueError(
                f"to_chord needs pump_ratio = 1, got {self['pump_ratio']!r}: the chord equation "
                "has no pump current; pass cell.replace(pump_ratio=1)"
            )
        V = self.potential()
        if not math.isfinite(V):
            raise ValueError(f"to_chord needs a finite potential, got {V}")
        unit = self._phi()
        g: dict[str, float] = {}
        for ion in self.model.permeant:
            c_out, c_in = self[f"{ion.name}_out"], self[f"{ion.name}_in"]
            if c_out == 0 or c_in == 0:
                raise ValueError(f"to_chord needs {ion.name} on both sides, got {c_out}, {c_in}")
            # I/(V - E) with w = zV/phi, without a singularity at V = 0 or V = E
            w, w_E = ion.z * V / unit, math.log(c_out / c_in)
            current = c_in * _relative_expm1(w - w_E) / _relative_expm1(w)
            g[f"g_{ion.name}"] = self[f"P_{ion.name}"] * ion.z**2 * current
        first = next(iter(g.values()))
        largest = first if first > 0 else max(g.values())
        relative: dict[str, Any] = {n: v / largest for n, v in g.items()}
        model = Chord(*self.model.ions, passive=self.model.passive)
        kept: dict[str, Any] = {n: v for n, v in self._values.items() if n in model.parameters}
        return Cell(model, **self._fields, **kept, **relative)

    # ---- what a cell can be asked ----

    def _phi(self) -> float:
        return float(phi(self["celsius"]))

    def potential(self, *, engine: str | None = None) -> float:
        """Resting potential, mV.

        Parameters
        ----------
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of
            `fastrest.info`; the fastest by default.

        Returns
        -------
        float
            NaN if nothing is permeant, -inf or +inf if permeant ions are on one side only.

        Examples
        --------
        >>> import fastrest as fr
        >>> round(fr.cells["mammalian neuron"].potential(), 2)
        -69.81
        """
        return _point(self, engine)

    def gradient(self, *, engine: str | None = None) -> dict[str, float]:
        """How the potential follows each parameter: its derivatives, mV per unit.

        Exact derivatives of the equation (not differences), the others held fixed; of a passive
        ion, whose inside concentration follows, 0. At the edge of a domain (P = 0, a concentration
        of 0) they are those from within.

        Parameters
        ----------
        engine : str, optional
            As for `potential`.

        Returns
        -------
        dict of str to float
            mV per mM, per °C, or per unit of permeability or conductance, for every parameter.
            NaN if the potential is not finite. Of the chord equation's g = 0 it is infinite where
            that ion is on one side only, NaN where it is on none.

        Examples
        --------
        >>> import fastrest as fr
        >>> slopes = fr.cells["mammalian neuron"].gradient()
        >>> round(slopes["K_out"], 3), round(slopes["P_Na"], 1), round(slopes["celsius"], 3)
        (1.916, 275.7, -0.225)
        """
        from . import gradients

        return gradients.of_cell(self, engine)

    def elasticity(self) -> dict[str, float]:
        """What +1 % of each parameter does to the potential, mV, to first order.

        For `celsius`, whose zero is a convention, what +1 °C does. The values are comparable
        across parameters, which those of `gradient` are not.

        Returns
        -------
        dict of str to float
            NaN if the potential is not finite.

        Examples
        --------
        >>> import fastrest as fr
        >>> elasticity = fr.cells["mammalian neuron"].elasticity()
        >>> {name: round(mV, 3) for name, mV in elasticity.items() if name.startswith("K")}
        {'K_out': 0.096, 'K_in': -0.197}
        """
        from . import gradients

        return gradients.elasticity(self)

    def uncertainty(self, **sds: "float | Times") -> "Uncertainty":
        """How surely the potential is known, if some parameters are known to a standard deviation.

        First-order propagation of independent errors (the delta method): the variance is the sum
        of (dV/dx sd)^2. It is good for errors so small that V is straight over them.

        Parameters
        ----------
        **sds : float or Times
            Standard deviations in the parameters' own units, or as multiples of the cell's values
            by `times`: ``K_out=fr.times(0.1)`` is 10 %.

        Returns
        -------
        Uncertainty
            ``sd`` in mV, each input's share of the variance, and a picture.

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
        from . import gradients

        return gradients.uncertainty(self, sds)

    def nernst(self) -> dict[str, float]:
        """Nernst potential of every ion, mV; a passive ion's is the resting potential.

        Examples
        --------
        >>> import fastrest as fr
        >>> {ion: round(E, 2) for ion, E in fr.cells["mammalian neuron"].nernst().items()}
        {'K': -89.06, 'Na': 60.63, 'Cl': -73.62}
        """
        found = {}
        for ion in self.model.ions:
            if ion.name in self.model.passive:
                found[ion.name] = self.potential()
            else:
                c_out, c_in = self[f"{ion.name}_out"], self[f"{ion.name}_in"]
                found[ion.name] = float(nernst_ufunc(ion.z, c_out, c_in, self["celsius"]))
        return found

    def concentrations(self) -> dict[str, tuple[float, float]]:
        """Concentrations outside and inside of every ion, mM.

        Inside a passive ion's is c_out exp(-zV/phi), the one in equilibrium with the potential.

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
                found[ion.name] = c_out, c_out * math.exp(-ion.z * self.potential() / self._phi())
            else:
                found[ion.name] = c_out, self[f"{ion.name}_in"]
        return found

    def pump_effect(self, *, ratio: float = 1.5) -> PumpEffect:
        """What an electrogenic Na/K pump adds to the potential in the steady state.

        V at `pump_ratio` = ratio less V at 1, and the ceiling of its size, phi |ln ratio|
        (Mullins & Noda 1963). Permeability ratios fitted with the GHK equation already contain the
        pump: for them the effect counts it twice.

        Parameters
        ----------
        ratio : float
            Na per K that the pump moves: 1.5 for 3:2.

        Returns
        -------
        PumpEffect
            ``effect`` and ``ceiling``, mV.

        Examples
        --------
        >>> import fastrest as fr
        >>> effect, ceiling = fr.cells["cardiac ventricular myocyte"].pump_effect()
        >>> round(effect, 2), round(ceiling, 2)
        (-2.47, 10.84)
        """
        if "pump_ratio" not in self:
            raise ValueError(f"pump_effect needs a GHK model with permeant K, got {self.model}")
        ratio = as_float("ratio", ratio)
        if ratio == math.inf:
            raise ValueError("ratio must be finite, got inf")
        if not ratio > 0:
            raise ValueError(f"ratio must be > 0, got {ratio!r}")
        with_pump = self.replace(pump_ratio=ratio).potential()
        without = self.replace(pump_ratio=1.0).potential()
        return PumpEffect(with_pump - without, self._phi() * abs(math.log(ratio)))

    # ---- files ----

    @classmethod
    def from_toml(cls, path: str | Path) -> "Cell":
        """Read one cell from a TOML file.

        The file says what `Cell` takes, an ion to a line::

            name = "my neuron"
            model = "GHK"
            source = "my own recordings"
            threshold = -55.0
            celsius = 36.0
            K  = { P = 1.0, out = 3.0, in = 140.0 }
            Na = { P = 0.04, out = 145.0, in = 15.0 }
            Cl = { out = 110.0, passive = true }
            SO4 = { z = -2, P = 0.01, out = 1.0, in = 0.5 }

        Raises
        ------
        ValueError
            The file is not TOML (with the line), larger than 1 MiB, or a key is unknown, missing
            or outside its domain.
        OSError
            The file cannot be read.
        """
        table = tomlfile.read(path, "cell")
        try:
            return cell_of(table)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from None


def _relative_expm1(x: float) -> float:
    """(1 - exp(-x))/x, 1 at 0."""
    return -math.expm1(-x) / x if x else 1.0


def _potential(field: str, value: Any) -> float:
    number = as_float(field, value)
    if not math.isfinite(number):
        raise ValueError(f"{field} must be finite, got {number!r}")
    return number


def _point(cell: Cell, choice: str | None) -> float:
    isa = engine.choose(choice)
    if isa == engine.PYTHON:
        return float(cell.model.reference(cell.model, dict(cell))[0])
    V = np.empty(1)
    cell.model.equation().points(cell.model.columns(cell), 0, 1, V, isa=isa)
    return float(V[0])


def cell_of(table: Mapping[str, Any], name: str = "") -> Cell:
    """A cell from a TOML table: one key per ion, the others by name."""
    fields = {"name": name, **{k: v for k, v in table.items() if k in (*TEXTS, *POTENTIALS)}}
    kind = table.get("model", "GHK")
    if not isinstance(kind, str) or kind not in MODELS:
        raise ValueError(unknown("model", kind, MODELS))
    weight = MODELS[kind].weight
    keys = {weight: weight, "out": "out", "in": "in"}

    ions, passive, values = [], [], {}
    for key, entry in table.items():
        if key in fields or key == "model":
            continue
        if key in ("celsius", "pump_ratio"):
            values[key] = entry
            continue
        if not isinstance(entry, dict) and (key in IONS or isinstance(entry, list)):
            raise TypeError(f"{key} must be a table {{ {weight} = , out = , in = }}, got {entry!r}")
        if not isinstance(entry, dict):
            known = (*IONS, "model", "celsius", "pump_ratio", *TEXTS, *POTENTIALS)
            raise ValueError(unknown("key", key, known))
        for part in entry:
            if part not in (*keys, "z", "passive"):
                raise ValueError(f"{key}: {unknown('key', part, (*keys, 'z', 'passive'))}")
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
        for part in keys:
            if part in entry:
                parameter = f"{weight}_{key}" if part == weight else f"{key}_{part}"
                values[parameter] = entry[part]
    return Cell(MODELS[kind](*ions, passive=tuple(passive)), **fields, **values)


def cell_named(text: str, folder: Path | None = None) -> Cell:
    """A shipped cell by its name, or the cell of a TOML file in a folder."""
    if text in cells:
        return cells[text]
    if text.lower().endswith(".toml"):
        return Cell.from_toml(Path(text) if folder is None else folder / text)
    raise ValueError(f"{unknown('cell', text, cells)} (or give a .toml file)")


cells = Presets("cell", cell_of)
