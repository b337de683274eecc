"""Populations of cells: candidates are drawn, challenged and judged in one pass that keeps counts.

What a candidate is says `candidates`, what is counted `census`; members are found again from their
numbers by `members`. Here is the pass, and what can be asked of its result.
"""

import math
import os
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import engine, files, members, passes, survey, tally
from .balance import Balance, balances
from .candidates import Plan
from .census import BINS, EDGES, RESOLUTION
from .criteria import Criterion
from .members import Members
from .physics import Frozen, Status, unknown
from .reduce import (
    CLASSES,
    UNIT,
    Histogram,
    HistogramAnswer,
    Quantile,
    State,
    Summary,
    SummaryAnswer,
)
from .samples import Rng, Sample
from .sensitivity import aligned
from .survey import Survey
from .tally import Checkpoint

if TYPE_CHECKING:
    import concurrent.futures as cf

    import matplotlib.axes
    import pandas as pd

    from .spaces import Space

#: What a normal deviate exceeds in size with probability 5 %.
Z_95 = 1.959963984540054


def population(
    space: "Space",
    n: int,
    *,
    rng: Rng,
    method: str,
    conditions: Mapping[str, Mapping[str, Any]] | None,
    accept: Iterable[Criterion],
    part: tuple[int, int] | None,
    threads: int | None,
    executor: "cf.Executor | None",
    progress: engine.Progress,
    checkpoint: "str | os.PathLike[str] | None",
) -> "Population":
    """Draw, challenge and judge candidates: see ``Space.population``."""
    sample = Sample(space, n, rng, method, True)
    plan = Plan.checked(sample, conditions, accept)
    passes.check_executor(executor)
    ranges = [survey.range_of(sample, part)]
    counted = Survey(plan)
    file = Checkpoint(checkpoint) if checkpoint else None
    if file:
        counted = file.resume(counted, ranges)
    survey.run(counted, ranges, threads, executor, progress, file)
    return Population(counted)


def is_one(part: Any) -> bool:
    """Whether a part to be merged is of a population: one itself, or its file."""
    if isinstance(part, str | os.PathLike):
        return "population" in files.unseal(Path(part), tally.WHAT)
    return isinstance(part, Population)


def merged(parts: Sequence[Any]) -> "Population":
    """The population that was counted in parts: see `merge`."""
    loaded = [Population.load(one) if isinstance(one, str | os.PathLike) else one for one in parts]
    for one in loaded:
        if not isinstance(one, Population):
            raise TypeError(f"these are parts of a population, and {one!r} is none")
    return Population(survey.merged([one._survey for one in loaded]))


# ---- the result ----


@dataclass(frozen=True, eq=False)
class Marginal:
    """How one parameter is distributed among accepted cells, beside all candidates.

    Attributes
    ----------
    edges : ndarray, (bins + 1,)
        In the parameter's unit: the bounds of its distribution, which may be infinite, and
        quantiles between them. Those of a derived parameter are the quantiles of the first
        candidates.
    accepted : ndarray of int64, (bins,)
        Accepted cells in each bin, lower edge included.
    proposed : ndarray, (bins,)
        The part of all candidates in each bin.
    """

    edges: np.ndarray
    accepted: np.ndarray
    proposed: np.ndarray


@dataclass(frozen=True, eq=False)
class Transition:
    """How many cells go from class to class between two conditions.

    Attributes
    ----------
    before, after : str
        The conditions.
    classes : tuple of str
    counts : ndarray of int64, (classes, classes)
        Rows: the class before; columns: the class after.
    boundaries : dict of str to float
        Of the classes, mV; a fixed threshold is a convention.
    """

    before: str
    after: str
    classes: tuple[str, ...]
    counts: np.ndarray
    boundaries: dict[str, float]

    def __getitem__(self, classes: tuple[str, str]) -> int:
        """The count from one class to another."""
        for name in classes:
            if name not in self.classes:
                raise KeyError(unknown("class", name, self.classes))
        before, after = (self.classes.index(name) for name in classes)
        return int(self.counts[before, after])

    def to_dataframe(self) -> "pd.DataFrame":
        """A pandas table: rows are classes before, columns those after."""
        import pandas as pd

        return pd.DataFrame(
            self.counts,
            index=pd.Index(self.classes, name=self.before),
            columns=pd.Index(self.classes, name=self.after),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Transition):
            return NotImplemented
        mine, theirs = dict(vars(self)), dict(vars(other))
        return np.array_equal(mine.pop("counts"), theirs.pop("counts")) and mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = [["", *self.classes]]
        rows += [
            [name, *(f"{n:,}" for n in row)]
            for name, row in zip(self.classes, self.counts.tolist())
        ]
        head = f"<Transition from {self.before!r} (rows) to {self.after!r} (columns)"
        return "\n  ".join([head, *aligned(rows)]) + ">"


class Population(Frozen):
    """Cells that meet criteria, among many candidates: made by ``Space.population``.

    Nothing is stored but counts; members are found again from their numbers. Wherever a method
    takes `accepted`, True asks about accepted cells, False about all candidates that have a
    potential under every condition.

    Attributes
    ----------
    space : Space
    conditions : dict
        What each condition changes, by name.
    accept : tuple of Criterion
    method : str
    rng : int
        What makes the same population again.
    names : tuple of str
        The parameters that vary: uncertain inputs, then derived ones.
    n : int
        Candidates: of a part, those of this part.
    invalid : dict of str to int
        Candidates that lack a potential under some condition, by the lowest bit of the first
        `Status` that is not 0. They are not accepted, and no criterion counts them.
    accepted : int
        Candidates that meet all criteria.
    """

    space: "Space"
    conditions: Mapping[str, Mapping[str, Any]]
    accept: tuple[Criterion, ...]
    method: str
    rng: int | None
    names: tuple[str, ...]
    n: int
    invalid: dict[str, int]
    accepted: int
    _survey: Survey

    def __init__(self, found: Survey):
        plan, census = found.plan, found.census
        reasons = zip(Status, census.counts["invalid"].tolist())
        vars(self).update(
            space=plan.sample.space,
            conditions=types.MappingProxyType(
                {n: types.MappingProxyType(changes) for n, changes in plan.conditions.items()}
            ),
            accept=plan.accept,
            method=plan.sample.method,
            rng=plan.sample.rng,
            names=plan.names,
            n=sum(stop - start for start, stop in found.done),
            invalid={str(bit.name): n for bit, n in reasons if n},
            accepted=census.accepted,
            _survey=found,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Population, (self._survey,)

    # ---- who is accepted ----

    @property
    def fraction(self) -> float:
        """Accepted candidates as a part of all; NaN if there is none."""
        return self.accepted / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `fraction`: Wilson's (1927, doi:10.1080/01621459.1927.10502953).

        It holds for independent candidates, ``method="random"``; of others, which fill the space
        more evenly, it is mostly too wide.
        """
        if not self.n:
            return 0.0, 1.0
        n, p, z = self.n, self.fraction, Z_95
        middle = p + z * z / (2 * n)
        width = z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        low, high = ((middle + sign * width) / (1 + z * z / n) for sign in (-1, 1))
        return (low if self.accepted else 0.0), (high if self.accepted < n else 1.0)

    @property
    def rejected_by(self) -> dict[Criterion, int]:
        """How many candidates fail each criterion."""
        return dict(zip(self.accept, np.diag(self._counts("failed")).tolist()))

    @property
    def rejected_only_by(self) -> dict[Criterion, int]:
        """How many candidates fail each criterion and no other: it alone keeps them out."""
        return dict(zip(self.accept, self._counts("alone").tolist()))

    @property
    def rejected_pairs(self) -> dict[tuple[Criterion, Criterion], int]:
        """How many candidates fail both of two criteria."""
        both = self._counts("failed").tolist()
        return {
            (a, b): both[i][j]
            for i, a in enumerate(self.accept)
            for j, b in enumerate(self.accept)
            if i < j
        }

    # ---- their potentials ----

    def summary(self, condition: str | None = None, *, accepted: bool = True) -> SummaryAnswer:
        """Number, mean, sd and extrema of V under a condition, mV.

        Parameters
        ----------
        condition : str, optional
            The first by default.
        accepted : bool
            Of accepted cells, or of all candidates.

        Returns
        -------
        SummaryAnswer
            Whose argmin and argmax are numbers of candidates.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> s = pop.summary()
        >>> s.n, round(s.mean, 2), round(s.sd, 2)
        (67613, -70.25, 2.71)
        """
        answer = Summary().answer(self._survey.plan.sample, [self._state(condition, accepted)])
        return answer if accepted else replace(answer, invalid=dict(self.invalid))

    def histogram(
        self,
        condition: str | None = None,
        *,
        bins: int | npt.ArrayLike = 200,
        range: tuple[float, float] = (-100.0, 0.0),
        accepted: bool = True,
    ) -> HistogramAnswer:
        """Counts of V between edges under a condition, lower edges included.

        Parameters
        ----------
        condition, accepted
            As for `summary`.
        bins, range
            As for ``sweep.histogram``. The counts are read off a finer histogram: edges must be
            multiples of 0.05 mV between -150 and 100.

        Raises
        ------
        ValueError
            An edge is none of those.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> pop.histogram(bins=4, range=(-80, -60)).counts
        array([    0, 36727, 30886,     0])
        """
        state = self._state(condition, accepted)
        edges = Histogram(bins, range).bins
        places = np.rint((edges - EDGES[0]) / RESOLUTION)
        fine = EDGES[np.clip(places, 0, len(EDGES) - 1).astype(int)]
        bad = np.abs(fine - edges) > 1e-9
        if bad.any():
            raise ValueError(
                f"bins: edges must be multiples of {RESOLUTION:g} mV between {EDGES[0]:g} and "
                f"{EDGES[-1]:g}, got {float(edges[bad][0])!r}"
            )
        below = state.below(*fine.tolist())
        counts = np.diff(np.array(below, np.int64))
        return HistogramAnswer(counts, fine, below[0], state.n - below[-1], state.method)

    def quantile(
        self, condition: str | None, q: npt.ArrayLike, *, accepted: bool = True
    ) -> np.ndarray:
        """Order statistics of V under a condition, mV.

        Parameters
        ----------
        condition, accepted
            As for `summary`.
        q : array_like of float
            From 0 (the minimum) to 1 (the maximum).

        Returns
        -------
        ndarray of the shape of `q`
            Within 0.025 mV of the potential of rank ceil(q n), if that is between -150 and 100 mV:
            they are read off a histogram. NaN if there is no cell.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> space.population(10**5, rng=1).quantile("control", [0.05, 0.5, 0.95]).round(1)
        array([-76.6, -69.8, -59.2])
        """
        state, wanted = self._state(condition, accepted), Quantile(q)
        brackets = wanted.brackets([state])
        if not brackets:
            return np.full(wanted.q.shape, math.nan)
        middles = [(max(b.low, state.min) + min(b.high, state.max)) / 2 for b in brackets]
        values = np.array(middles).reshape(wanted.q.shape)
        return np.where(wanted.q == 0, state.min, np.where(wanted.q == 1, state.max, values))

    def transition(self, before: str, after: str, *, accepted: bool = True) -> Transition:
        """How many cells go from class to class between two conditions.

        The excitability classes are those of `Classes`, with the cell's own boundaries; a fixed
        threshold is a convention.

        Parameters
        ----------
        before, after : str
            Conditions.
        accepted : bool
            Of accepted cells, or of all candidates.

        Raises
        ------
        ValueError
            A condition is unknown, or the cell has no threshold.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> conditions = {"control": {}, "high K": fr.states["hyperkalaemia"]}
        >>> space.population(10**5, rng=1, conditions=conditions).transition("control", "high K")
        <Transition from 'control' (rows) to 'high K' (columns)
                                 resting   suprathreshold   depolarisation block
          resting                 97,560              984                      0
          suprathreshold               0            1,447                      5
          depolarisation block         0                0                      4>
        """
        boundaries = self._survey.counter.boundaries
        if not boundaries:
            raise ValueError(
                "the cell has no threshold, so that its excitability is not classified: make the "
                "space of cell.replace(threshold=...)"
            )
        state, k = self._state(before, accepted), len(boundaries)
        above = self._counts("accepted classes" if accepted else "classes")
        i, j = (self._place(name) * k for name in (before, after))
        joint = np.zeros((k + 2, k + 2), np.int64)  # above both of two boundaries
        joint[0, 0] = state.n
        joint[0, 1:-1] = np.diag(above)[j : j + k]
        joint[1:-1, 0] = np.diag(above)[i : i + k]
        joint[1:-1, 1:-1] = above[i : i + k, j : j + k]
        counts = np.diff(np.diff(joint, axis=0), axis=1)
        names = (*(CLASSES[name] for name in boundaries), CLASSES["above"])
        return Transition(before, after, names, counts, dict(boundaries))

    # ---- their parameters ----

    @property
    def marginals(self) -> dict[str, Marginal]:
        """How each parameter is distributed among accepted cells, beside all candidates.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> one = pop.marginals["P_Na"]
        >>> int(one.accepted.sum()) == pop.accepted, float(one.proposed.sum())
        (True, 1.0)
        """
        counter, space = self._survey.counter, self.space
        bounds = {n: one.bounds for n, one in zip(space.names, space.distributions)}
        found = {}
        for name, edges in counter.edges.items():
            low, high = bounds.get(name, (-math.inf, math.inf))
            proposed = np.full(len(edges) + 1, 1 / BINS)
            if name in counter.counted:
                proposed = self._counts(f"proposed {name}") / max(1, self._survey.census.valid)
            whole = np.array([low, *edges, high])
            found[name] = Marginal(whole, self._counts(f"accepted {name}"), proposed)
        return found

    @property
    def mean(self) -> np.ndarray:
        """Means of accepted cells' parameters, in the order of `names`; NaN if there is none."""
        counter, n, p = self._survey.counter, self.accepted, len(self.names)
        sums = self._survey.census.sums[:p]
        means = [math.nan if s is None or not n else s / (n << UNIT) for s in sums]
        return np.asarray(counter.centre + counter.scale * np.array(means))

    @property
    def balance(self) -> dict[str, Balance]:
        """How far accepted cells are from neutral and isosmotic: means and sds, mM.

        Of the model's ions alone. A mean stands for what a cell holds beside them, impermeant
        anions and other solutes; an sd is what `affine` and `electroneutral` take away. Inside
        concentrations of passive ions follow from V and are left out.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], K_in=fr.normal(sd=5, low=100))
        >>> charge = space.population(10**5, rng=1).balance["charge inside"]
        >>> round(charge.mean), round(charge.sd, 1)
        (148, 5.0)
        """
        return balances(self)

    @property
    def covariance(self) -> np.ndarray:
        """Covariances of accepted cells' parameters, in the order of `names`; they divide by n.

        NaN if there is no cell, or where a sum is beyond the doubles.
        """
        counter, n, p = self._survey.counter, self.accepted, len(self.names)
        sums, found = self._survey.census.sums, np.full((p, p), math.nan)
        products = iter(sums[p:])
        for i in range(p):
            for j in range(i, p):
                a, b, ab = sums[i], sums[j], next(products)
                if n and a is not None and b is not None and ab is not None:
                    between = (n * (ab << UNIT) - a * b) / (n * n << 2 * UNIT)
                    if i == j:
                        between = max(0.0, between)  # squares were rounded
                    found[i, j] = found[j, i] = between * counter.scale[i] * counter.scale[j]
        return found

    @property
    def correlation(self) -> np.ndarray:
        """Pearson's correlations of accepted cells' parameters, in the order of `names`.

        NaN where one does not vary.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-71, -69)])
        >>> pop.names, round(float(pop.correlation[0, 1]), 2)     # they make up for each other
        (('P_Na', 'K_out'), -0.94)
        """
        covariance = self.covariance
        sd = np.sqrt(np.diag(covariance))
        sd[sd == 0] = math.nan
        return np.clip(covariance / sd[:, None] / sd, -1, 1)

    # ---- who they are ----

    def members(
        self,
        *,
        first: int | None = None,
        sample: int | None = None,
        rng: Rng = None,
        threads: int | None = None,
        max_memory: int | None = None,
    ) -> Members:
        """Accepted cells: parameters, and potentials under every condition.

        They are computed again from their numbers, with the bits of the pass.

        Parameters
        ----------
        first : int, optional
            The first so many, or all if there are fewer.
        sample : int, optional
            So many at random, none twice, or all if there are fewer.
        rng : int, SeedSequence, Generator or None
            What a sample of them is made from: see ``Space.sample``.
        threads, max_memory
            As for ``sweep.values``.

        Returns
        -------
        Members
            In the order of their numbers; all if neither `first` nor `sample` is given.

        Raises
        ------
        MemoryError
            They do not fit; nothing was allocated.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-72, -70)])
        >>> pop.members(first=2).to_dataframe().round(3)
           candidate   P_Na  V control
        0          0  0.033    -71.839
        1          2  0.034    -71.492
        """
        return members.found(self._survey, first, sample, rng, threads, max_memory)

    def to_dataframe(self, **options: Any) -> "pd.DataFrame":
        """All members as a pandas table: see `members` and `Members.to_dataframe`."""
        return self.members(**options).to_dataframe()

    # ---- pictures ----

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw how V is distributed under each condition, with the cell's threshold and block.

        Lines are all candidates, filled are accepted ones. Needs matplotlib, as all pictures do.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> pop.plot().get_xlabel()
        'membrane potential (mV)'
        """
        from . import portraits

        return portraits.potentials(self, ax)

    def plot_marginals(self, axes: Any = None) -> np.ndarray:
        """Draw how each parameter is distributed: all candidates, and accepted ones filled.

        Parameters
        ----------
        axes : array_like of matplotlib Axes, optional
            At least one per parameter; those that are left are switched off.

        Returns
        -------
        ndarray of matplotlib Axes, (parameters,)
            In the order of `names`.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> [ax.get_xlabel() for ax in pop.plot_marginals()]
        ['P_Na (relative)', 'K_out (mM)']
        """
        from . import portraits

        return portraits.marginals(self, axes)

    def plot_pairs(self, names: Sequence[str] | None = None, axes: Any = None) -> np.ndarray:
        """Draw accepted cells, at most 2000 of them, over each two parameters.

        Parameters
        ----------
        names : sequence of str, optional
            Parameters; all by default.
        axes : array_like of matplotlib Axes, optional
            A square of them, row by row.

        Returns
        -------
        ndarray of matplotlib Axes, (parameters, parameters)

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> pop.plot_pairs().shape
        (2, 2)
        """
        from . import portraits

        return portraits.pairs(self, names, axes)

    def plot_transition(
        self,
        before: str,
        after: str,
        ax: "matplotlib.axes.Axes | None" = None,
        *,
        accepted: bool = True,
    ) -> "matplotlib.axes.Axes":
        """Draw how many cells go from class to class: see `transition`.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> conditions = {"control": {}, "hyperkalaemia": fr.states["hyperkalaemia"]}
        >>> pop = space.population(10**5, rng=1, conditions=conditions)
        >>> pop.plot_transition("control", "hyperkalaemia").get_ylabel()
        'control'
        """
        from . import portraits

        return portraits.transition(self.transition(before, after, accepted=accepted), ax)

    # ---- files ----

    def save_counts(self, path: "str | os.PathLike[str]") -> None:
        """Write all that is known to a file: `load` and `merge` read it.

        Examples
        --------
        >>> import tempfile, fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pop.save_counts(f"{folder}/counts")
        ...     print(fr.Population.load(f"{folder}/counts") == pop)
        True
        """
        self._survey.save(path)

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Population":
        """Read a file written by `save_counts`, or a checkpoint, which may be of a pass that is
        not done.

        Raises
        ------
        ValueError
            The file is not of this kind, was cut off or changed, or is of another version.
        """
        return cls(Survey.load(path))

    # ---- manners ----

    def _place(self, condition: str | None) -> int:
        names = list(self.conditions)
        if condition is None:
            return 0
        if condition not in names:
            raise ValueError(unknown("condition", condition, names))
        return names.index(condition)

    def _state(self, condition: str | None, accepted: bool) -> State:
        return self._survey.census.states[2 * self._place(condition) + bool(accepted)]

    def _counts(self, name: str) -> np.ndarray:
        return self._survey.census.counts[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Population):
            return NotImplemented
        mine, theirs = self._survey, other._survey
        return (
            (mine.digest, mine.done) == (theirs.digest, theirs.done)
            and mine.census.to_json() == theirs.census.to_json()
            and np.array_equal(mine.accepted, theirs.accepted)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        survey, valid = self._survey, self._survey.census.valid
        of = f"{self.n:,} candidates"
        if self.n < survey.points:
            of += f", a part of {survey.points:,},"
        low, high = (f"{100 * limit:.4g}" for limit in self.interval)
        if self.accepted:
            head = f"{self.accepted:,} of {of} accepted, {_percent(self.fraction)}"
        else:
            head = f"none of {of} accepted"
        lines = [f"<Population: {head} (95 % interval {low} to {high} %)", repr(self.space.cell)]
        if self.accepted:
            found = {name: self.summary(name) for name in self.conditions}
            texts = [f"{name} {V.mean:.2f} ± {V.sd:.2f}" for name, V in found.items()]
            lines.append(f"V of accepted cells, mean ± sd: {', '.join(texts)} mV")
        if self.invalid:
            counts = ", ".join(f"{n:,} {reason}" for reason, n in self.invalid.items())
            lines.append(f"without a potential: {counts}")
        if self.accept and valid:
            alone = self.rejected_only_by
            rows = [
                [repr(one), *(f"{k:,} ({_percent(k / valid)})" for k in (n, alone[one]))]
                for one, n in self.rejected_by.items()
            ]
            lines += aligned([["", "rejects", "it alone"], *rows])
        return "\n  ".join(lines) + ">"


def _percent(part: float) -> str:
    return f"{100 * part:.4g} %"
