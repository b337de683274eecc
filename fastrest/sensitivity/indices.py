"""Sobol' indices: the answer of a variance-based sensitivity analysis, exact or sampled."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fastrest._core.validation import Comparable, Hooked, aligned, public, read_only, unknown
from fastrest.physiology.criteria import Between, Criterion, resolved_quantity
from fastrest.points.inputs import Inputs
from fastrest.points.labels import event_label

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas as pd


@public
@dataclass(frozen=True, eq=False, repr=False)
class SobolIndices(Comparable, Hooked, Mapping[str, Any]):
    """Sobol' indices of an output, or of an event: the part of its variance due to each input.

    A mapping with the keys of SALib. Arrays follow ``space.names``:

    ``S1``
        First order: the part of the variance due to an input alone.
    ``ST``
        Total order: the part due to an input alone or together with others. An input with an ST of
        about 0 may as well be fixed.
    ``S2``
        Second order, (D, D): the part due to two inputs together beyond their first orders, above
        the diagonal; NaN elsewhere.
    ``S1_conf``, ``ST_conf``, ``S2_conf``
        Half-widths of 95 % intervals; 0 if exact.
    ``names``
        List of the inputs.

    Exact indices always have S2, sampled ones on request; ``Space.sobol`` lists their further keys.
    If the output does not vary, the indices are NaN.

    Attributes
    ----------
    space : Space
    indices : dict of str to ndarray
        The mapping without the names; read-only.
    mean, variance : float
        Mean and variance of the output, mV and mV^2; those of the indicator if it is an event.
    tolerance : float or None
        Of exact indices the largest error: of each index, of the variance as a part of itself, and
        of the mean as a part of the sd.
    of : str or Criterion
        The quantity: an output of the model, or an event.
    groups : dict of str to tuple of str, or None
        The inputs of each group, if the indices are those of groups: arrays follow it.
    method : str
        "exact" or "sampled".

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> space.sobol(tolerance=1e-4)["S1"].round(3)
    array([0.91 , 0.087])
    """

    space: Inputs
    indices: dict[str, np.ndarray]
    mean: float
    variance: float
    tolerance: float | None = None
    of: str | Criterion = "V"
    groups: Mapping[str, Sequence[str]] | None = None

    _hooks: ClassVar[tuple[str, ...]] = ("pairs", "parts", "remark", "shown", "symbols", "title")
    method: ClassVar[str] = "exact"
    #: the words and the keys of the repr and the picture
    title: ClassVar[str] = "Sobol' indices"
    shown: ClassVar[tuple[str, ...]] = ("S1", "ST", "dgsm")

    def __post_init__(self) -> None:
        vars(self).update(indices={key: read_only(x) for key, x in self.indices.items()})

    @property
    def sd(self) -> float:
        """The standard deviation of the output, mV."""
        return math.sqrt(self.variance)

    @property
    def n(self) -> int | None:
        """The number of base points over all replicates; None if exact."""
        return None

    @property
    def replicates(self) -> int | None:
        """The number of independent parts of the sample; None if exact."""
        return None

    @property
    def invalid(self) -> dict[str, int]:
        """The points left out for want of a potential, by the lowest bit of their `Status`."""
        return {}

    @property
    def rng(self) -> int | None:
        """A number that makes the same sample again; None if exact."""
        return None

    @property
    def remark(self) -> str:
        """A sentence that belongs to the numbers, or an empty text."""
        return ""

    @property
    def quantity(self) -> tuple[str, str]:
        """The name of the quantity in words, and its unit."""
        output, event = resolved_quantity(self.of, self.space.cell.model)
        if event is None:
            return output.name, output.unit
        if not isinstance(event, Between):
            return repr(event), ""
        return f"{event.low:g} <= {output.name} <= {event.high:g} {output.unit}", ""

    # ---- a mapping ----

    def __getitem__(self, key: str) -> Any:
        if key == "names":
            return list(self.groups or self.space.names)
        if key not in self.indices:
            raise KeyError(unknown("key", key, self))
        return self.indices[key]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.indices, "names"))

    def __len__(self) -> int:
        return len(self.indices) + 1

    # ---- for people ----

    @property
    def order(self) -> list[int]:
        """Places of the inputs in ``names``, the one with the largest ST first."""
        total = self[next(key for key in ("ST", *self.shown) if key in self)]
        return [int(place) for place in np.argsort(-np.nan_to_num(total), kind="stable")]

    @property
    def pairs(self) -> list[tuple[str, str, float, float]]:
        """Two inputs, their S2 and its half-width: of all pairs, the largest S2 first."""
        if "S2" not in self:
            raise ValueError("these indices have no S2: sample with second=True, without groups")
        names, S2, conf = self["names"], self["S2"], self["S2_conf"]
        places = zip(*np.triu_indices(len(names), 1))
        found = [(names[i], names[j], float(S2[i, j]), float(conf[i, j])) for i, j in places]
        return sorted(found, key=lambda pair: -pair[2])

    def to_dataframe(self, *, second: bool = False) -> "pd.DataFrame":
        """Return a pandas table, a row per input: S1, S1_conf, ST, ST_conf, and further keys.

        Parameters
        ----------
        second : bool
            If True, a row per pair of inputs, the largest first: S2 and S2_conf.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ValueError
            The indices have no S2, which a sample has if ``second=True`` was given to it.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> list(space.sobol().to_dataframe().columns)
        ['S1', 'S1_conf', 'ST', 'ST_conf']
        >>> space.sobol().to_dataframe(second=True)["S2"].round(4).to_dict()
        {('P_Na', 'K_out'): 0.0034}
        """
        import pandas as pd

        if second:
            *places, S2, conf = zip(*self.pairs) if self.pairs else ((), (), (), ())
            index = pd.MultiIndex.from_arrays(places, names=["input", "other"])
            return pd.DataFrame({"S2": S2, "S2_conf": conf}, index=index)
        columns = {key: values for key, values in self.indices.items() if values.ndim == 1}
        return pd.DataFrame(columns, index=pd.Index(self["names"], name="input"))

    @property
    def symbols(self) -> dict[str, str]:
        """The names of inputs, or of groups, as pictures write them."""
        from fastrest.models.labels import symbol

        cell, names = self.space.cell, list(self["names"])
        fixed = {name: x for name, x in dict(cell).items() if name not in self.space.names}
        return {n: n if self.groups else symbol(cell.model, n, fixed) for n in names}

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw S1 and ST of each input as bars with their intervals, the largest ST on top.

        Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        >>> ax = space.sobol().plot()
        """
        from fastrest.plotting.bars import indices

        order, cell = self.order, self.space.cell
        keys = [key for key in self.shown[:2] if key in self] or ["dgsm"]
        bars = {key: self[key][order] for key in keys}
        sampled = self.method == "sampled"
        widths = {key: self[f"{key}_conf"][order] for key in keys if sampled}
        names = [self.symbols[self["names"][i]] for i in order]
        if "dgsm" in bars:  # a bound above 1 says nothing
            bars["dgsm"] = np.where(bars["dgsm"] <= 1, bars["dgsm"], np.nan)
        output, event = resolved_quantity(self.of, cell.model)
        what = self.quantity[0] if event is None else event_label(output, event)
        notes = [f"sd {self.sd:.3g} {self.quantity[1]}".rstrip()]
        if self.invalid:
            left_out = sum(self.invalid.values())
            notes.append(f"{left_out:,} points without a potential are left out")
        return indices(names, bars, widths, what, ax, cell.name, notes)

    @property
    def parts(self) -> dict[tuple[str, ...], float]:
        """The parts of the variance, which add up to 1, by the inputs that make them together.

        Inputs alone and, if there is an S2, pairs; what remains has the key ``()``.
        """
        found: dict[tuple[str, ...], float] = {}
        for name, part in zip(self["names"], self["S1"].tolist()):
            found[name,] = part
        if "S2" in self:
            found |= {(a, b): part for a, b, part, _ in self.pairs}
        return {**found, (): 1.0 - math.fsum(found.values())}

    def plot_decomposition(
        self, ax: "matplotlib.axes.Axes | None" = None, *, least: float = 0.01
    ) -> "matplotlib.axes.Axes":
        """Draw the parts of the variance as steps from 0 to 1, the largest on top.

        Parts are those of single inputs (S1) and, for exact indices and samples with
        ``second=True``, of pairs (S2). Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.
        least : float
            Parts below this are drawn together with what remains.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            There is no S1, or the output does not vary.
        """
        from fastrest.plotting.sensitivity import decomposition

        if "S1" not in self or not np.isfinite(self["S1"]).all():
            raise ValueError("a decomposition needs an S1, which is not there or NaN")
        shown = {key: part for key, part in self.parts.items() if key and part >= least}
        order = sorted(shown, key=lambda key: -shown[key])
        text = self.symbols
        drawn = {" with ".join(text[name] for name in key): shown[key] for key in order}
        drawn["all others" if drawn else "all"] = 1.0 - math.fsum(drawn.values())
        kinds = [*map(len, order), 0]
        return decomposition(drawn, kinds, self.quantity[0], ax, self.space.cell.name)

    def __repr__(self) -> str:
        what, unit = self.quantity
        if self.method == "exact":
            how = f"exact within {self.tolerance:.2g}"
        else:
            how = f"sampled, n = {self.n:,} in {self.replicates} replicates, rng {self.rng}"
        numbers = f"mean {self.mean:.4g} {unit}".rstrip() + f", sd {self.sd:.3g} {unit}".rstrip()
        lines = [f"<{self.title} of {what}: {numbers}; {how}"]
        if self.invalid:
            counts = ", ".join(f"{count:,} {reason}" for reason, count in self.invalid.items())
            lines.append(f"left out: {counts}")
        if self.remark:
            lines.append(self.remark)
        keys = [key for key in self.shown if key in self]
        rows = [["", *keys]]
        for i in self.order:
            words = [f"{self[key][i]:.4f}" for key in keys]
            if self.method != "exact":
                words = [f"{w} ± {self[f'{k}_conf'][i]:.4f}" for w, k in zip(words, keys)]
            if "dgsm" in keys and not self["dgsm"][i] <= 1:  # a bound above 1 says nothing
                words[keys.index("dgsm")] = "no bound"
            rows.append([self["names"][i], *words])
        return "\n  ".join([*lines, *aligned(rows)]) + ">"


@public
class ShapleyEffects(SobolIndices):
    """Shapley effects of an output: parts of its variance that add up to 1.

    The part that is due to some inputs together is shared equally among them (Owen 2014), so that
    each effect lies between S1 and ST if inputs are independent. A mapping with the keys ``Sh``,
    ``names``, and ``Sh_conf``, the half-widths of 95 % intervals, which are 0 if the effects are
    exact.

    Attributes
    ----------
    space : Space
    indices : dict of str to ndarray
        The mapping without the names; read-only.
    mean, variance : float
        Mean and variance of the output, mV and mV^2.
    tolerance : float
        Of exact effects the largest error of each; None if they are sampled.
    of : str
        The output.
    groups : None
    method : str
        "exact" or "sampled".

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> space.shapley()
    <Shapley effects of V: mean -70.14 mV, sd 5.82 mV; exact within 6.4e-07
                  Sh
      P_Na    0.9113
      K_out   0.0887>
    """

    title = "Shapley effects"
    shown = ("Sh",)
