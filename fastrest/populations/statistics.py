"""Statistics of populations: fractions, potentials and parameters, from the counts."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import itertools
import math
import types
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Frozen, unknown
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import Criterion
from fastrest.points.inputs import Inputs
from fastrest.populations.counts import BINS, PER_MV
from fastrest.populations.population_tally import PopulationTally
from fastrest.populations.transition import Balance, Marginal, Transition
from fastrest.reductions.accumulator import UNIT, Accumulator
from fastrest.reductions.classes import CLASSES
from fastrest.reductions.histograms import Histogram, HistogramAnswer
from fastrest.reductions.summaries import Quantile, Summary, SummaryAnswer

#: The two-sided 5 % quantile of the normal distribution.
Z_95 = 1.959963984540054


class PopulationAnswers(Frozen):
    """Statistics of the cells that meet criteria, among many candidates.

    Only counts are stored; members are computed again from their numbers. The argument `accepted`
    of methods selects accepted cells if True, and all candidates that have a potential under every
    condition if False.

    Attributes
    ----------
    space : Space
    conditions : dict
        The changes of each condition, by name.
    accept : tuple of Criterion
    method : str
    rng : int
        A number that makes the same population again.
    names : tuple of str
        The parameters that vary: uncertain inputs, then derived ones.
    n : int
        The number of candidates; of a part, the number in this part.
    invalid : dict of str to int
        Candidates without a potential under some condition, by the lowest bit of the first
        `Status` that is not 0. They are not accepted, and no criterion counts them.
    accepted : int
        The number of candidates that meet all criteria.
    of : str
        Name of the output that was counted under every condition.
    """

    _hooks = ("tally",)

    space: Inputs
    conditions: Mapping[str, Mapping[str, Any]]
    accept: tuple[Criterion, ...]
    method: str
    rng: int | None
    names: tuple[str, ...]
    n: int
    invalid: dict[str, int]
    accepted: int
    of: str
    tally: PopulationTally

    def __init__(self, found: PopulationTally):
        design, counts = found.design, found.counts
        reasons = zip(Status, counts.counts["invalid"].tolist())
        vars(self).update(
            space=design.sample.space,
            conditions=types.MappingProxyType(
                {n: types.MappingProxyType(changes) for n, changes in design.conditions.items()}
            ),
            accept=design.accept,
            method=design.sample.method,
            rng=design.sample.rng,
            names=design.names,
            n=sum(stop - start for start, stop in found.done),
            invalid={str(bit.name): n for bit, n in reasons if n},
            accepted=counts.accepted,
            of=design.of,
            tally=found,
        )

    # ---- accepted candidates ----

    @property
    def fraction(self) -> float:
        """The accepted part of all candidates; NaN if there are none."""
        return self.accepted / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `fraction`: Wilson's (1927, doi:10.1080/01621459.1927.10502953).

        It holds for independent candidates, ``method="random"``. Candidates of other methods fill
        the space more evenly, so that it is mostly too wide for them.
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
        """The number of candidates that fail each criterion."""
        return dict(zip(self.accept, np.diag(self._counts("failed")).tolist()))

    @property
    def rejected_only_by(self) -> dict[Criterion, int]:
        """The number of candidates that fail each criterion and no other."""
        return dict(zip(self.accept, self._counts("alone").tolist()))

    @property
    def rejected_pairs(self) -> dict[tuple[Criterion, Criterion], int]:
        """The number of candidates that fail both of two criteria."""
        both = self._counts("failed").tolist()
        pairs = itertools.combinations(enumerate(self.accept), 2)
        return {(a, b): both[i][j] for (i, a), (j, b) in pairs}

    # ---- potentials ----

    def summary(self, condition: str | None = None, *, accepted: bool = True) -> SummaryAnswer:
        """Return number, mean, sd and extrema of V, or of the output `of`, under a condition, mV.

        Parameters
        ----------
        condition : str, optional
            A condition, by default the first.
        accepted : bool
            True for accepted cells, False for all candidates.

        Returns
        -------
        SummaryAnswer
            Its `argmin` and `argmax` are numbers of candidates.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> s = pop.summary()
        >>> s.n, round(s.mean, 2), round(s.sd, 2)
        (67613, -70.25, 2.71)
        """
        counted = self._accumulator(condition, accepted)
        answer = Summary().answer(self.tally.design.sample, [counted])
        return answer if accepted else replace(answer, invalid=dict(self.invalid))

    def histogram(
        self,
        condition: str | None = None,
        *,
        bins: int | npt.ArrayLike = 200,
        range: tuple[float, float] = (-100.0, 0.0),
        accepted: bool = True,
    ) -> HistogramAnswer:
        """Return counts between edges under a condition, lower edges included.

        Parameters
        ----------
        condition
            As for `summary`.
        bins, range
            As for ``sweep.histogram``. The counts are sums of those of a finer histogram: edges
            must be multiples of 0.05 mV between -150 and 100, or between -500 and 500 if the
            population counts another output than V.
        accepted
            As for `summary`.

        Returns
        -------
        HistogramAnswer

        Raises
        ------
        ValueError
            An edge is not a multiple of 0.05 mV, or outside these limits.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> pop.histogram(bins=4, range=(-80, -60)).counts
        array([    0, 36727, 30886,     0])
        """
        counted = self._accumulator(condition, accepted)
        edges, finest = Histogram(bins, range).bins, counted.edges
        places = np.rint((edges - finest[0]) * PER_MV)
        fine = finest[np.clip(places, 0, len(finest) - 1).astype(int)]
        bad = np.abs(fine - edges) > 1e-9
        if bad.any():
            raise ValueError(
                f"bins: edges must be multiples of {1 / PER_MV:g} mV between {finest[0]:g} and "
                f"{finest[-1]:g}, got {float(edges[bad][0])!r}"
            )
        counts, below, above = counted.between(fine)
        known = self.of, self.tally.output, {} if accepted else dict(self.invalid)
        return HistogramAnswer(counts, fine, below, above, counted.method, *known)

    def quantile(
        self, condition: str | None, q: npt.ArrayLike, *, accepted: bool = True
    ) -> np.ndarray:
        """Return order statistics of V, or of the output `of`, under a condition, mV.

        Parameters
        ----------
        condition
            As for `summary`.
        q : array_like of float
            Probabilities, from 0 (the minimum) to 1 (the maximum).
        accepted
            As for `summary`.

        Returns
        -------
        ndarray of the shape of `q`
            The centres of bins 0.05 mV wide: within 0.025 mV of the value of rank ceil(q n), if
            that lies between the limits of `histogram`. NaN if there is no cell.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> space.population(10**5, rng=1).quantile("control", [0.05, 0.5, 0.95]).round(1)
        array([-76.6, -69.8, -59.2])
        """
        counted, wanted = self._accumulator(condition, accepted), Quantile(q)
        if not counted.n:
            return np.full(wanted.q.shape, math.nan)
        low, high = counted.min, counted.max
        ends = [one.ends for one in wanted.brackets([counted])]
        middles = np.clip(ends, low, high).mean(axis=1)
        values = middles.reshape(wanted.q.shape)
        return np.where(wanted.q == 0, low, np.where(wanted.q == 1, high, values))

    def transition(self, before: str, after: str, *, accepted: bool = True) -> Transition:
        """Return the numbers of cells that change class between two conditions.

        The excitability classes are those of `Classes`, with the cell's own boundaries. A fixed
        threshold is a convention.

        Parameters
        ----------
        before, after : str
            The two conditions.
        accepted : bool
            True for accepted cells, False for all candidates.

        Returns
        -------
        Transition

        Raises
        ------
        ValueError
            A condition is unknown, the cell has no threshold, or the population counts another
            output than V.

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
        if self.of != "V":
            raise ValueError(f"excitability classes are those of V, and this counts {self.of}")
        boundaries = self.tally.counter.boundaries
        if not boundaries:
            raise ValueError(
                "the cell has no threshold, so that its excitability is not classified: make the "
                "space of cell.replace(threshold=...)"
            )
        k = len(boundaries)
        above = self._counts("accepted classes" if accepted else "classes")
        i, j = (self._place(name) * k for name in (before, after))
        joint = np.zeros((k + 2, k + 2), np.int64)  # above both of two boundaries
        joint[0, 0] = self._accumulator(before, accepted).n
        joint[0, 1:-1] = np.diag(above)[j : j + k]
        joint[1:-1, 0] = np.diag(above)[i : i + k]
        joint[1:-1, 1:-1] = above[i : i + k, j : j + k]
        counts = np.diff(np.diff(joint, axis=0), axis=1)
        names = (*(CLASSES[name] for name in boundaries), CLASSES["above"])
        return Transition(before, after, names, counts, dict(boundaries))

    # ---- parameters ----

    @property
    def marginals(self) -> dict[str, Marginal]:
        """The distribution of each parameter among accepted cells, beside all candidates.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> one = pop.marginals["P_Na"]
        >>> int(one.accepted.sum()) == pop.accepted, float(one.proposed.sum())
        (True, 1.0)
        """
        counter, space = self.tally.counter, self.space
        bounds = {n: one.bounds for n, one in zip(space.names, space.distributions)}
        found = {}
        for name, edges in counter.edges.items():
            low, high = bounds.get(name, (-math.inf, math.inf))
            proposed = np.full(len(edges) + 1, 1 / BINS)
            if name in counter.counted:
                proposed = self._counts(f"proposed {name}") / max(1, self.tally.counts.valid)
            whole = np.array([low, *edges, high])
            found[name] = Marginal(whole, self._counts(f"accepted {name}"), proposed)
        return found

    @property
    def mean(self) -> np.ndarray:
        """The means of accepted cells' parameters, in the order of `names`; NaN without cells."""
        counter, n, p = self.tally.counter, self.accepted, len(self.names)
        sums = self.tally.counts.sums[:p]
        means = [math.nan if s is None or not n else s / (n << UNIT) for s in sums]
        return np.asarray(counter.centre + counter.scale * np.array(means))

    @property
    def balance(self) -> dict[str, Balance]:
        """The excess charges and osmolarities of accepted cells: means and sds, mM.

        Only the model's ions are counted. A mean other than 0 stands for impermeant anions and
        other solutes; derived parameters (`affine`, `electroneutral`) reduce an sd. The inside
        concentrations of passive ions follow from V and are left out.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], K_in=fr.normal(sd=5, low=100))
        >>> charge = space.population(10**5, rng=1).balance["charge inside"]
        >>> round(charge.mean), round(charge.sd, 1)
        (148, 5.0)
        """
        model = self.space.cell.model
        ions = [ion for ion in model.ions if ion.name not in model.passive]
        factors: dict[str, dict[str, float]] = {
            "charge outside": {f"{ion.name}_out": float(ion.z) for ion in model.ions},
            "charge inside": {f"{ion.name}_in": float(ion.z) for ion in ions},
            "osmolarity inside - outside": {
                **{f"{ion.name}_in": 1.0 for ion in ions},
                **{f"{ion.name}_out": -1.0 for ion in ions},
            },
        }
        return {name: self._balance(of_parameters) for name, of_parameters in factors.items()}

    def _balance(self, factors: dict[str, float]) -> Balance:
        """Return mean and sd of a weighted sum of parameters, from means and covariances."""
        fixed = {name: x for name, x in factors.items() if name not in self.names}
        mean = sum(factor * self.space.cell[name] for name, factor in fixed.items())
        if not self.accepted:
            return Balance(math.nan, math.nan)
        varied = np.array([factors.get(name, 0.0) for name in self.names])
        involved = varied != 0  # the moments of other parameters may be NaN
        weights, means = varied[involved], self.mean[involved]
        covariance = self.covariance[np.ix_(involved, involved)]
        # a variance of 0 may be rounded to a little less
        variance = max(0.0, float(weights @ covariance @ weights))
        return Balance(mean + float(weights @ means), math.sqrt(variance))

    @property
    def covariance(self) -> np.ndarray:
        """The covariances of accepted cells' parameters, in the order of `names`, with divisor n.

        They are NaN without cells, and where a sum is beyond the doubles.
        """
        counter, n, p = self.tally.counter, self.accepted, len(self.names)
        sums, found = self.tally.counts.sums, np.full((p, p), math.nan)
        products = iter(sums[p:])
        for i in range(p):
            for j in range(i, p):
                a, b, ab = sums[i], sums[j], next(products)
                if n and a is not None and b is not None and ab is not None:
                    between = (n * (ab << UNIT) - a * b) / (n * n << 2 * UNIT)
                    if i == j:
                        between = max(0.0, between)  # a rounded variance may be below 0
                    found[i, j] = found[j, i] = between * counter.scale[i] * counter.scale[j]
        return found

    @property
    def correlation(self) -> np.ndarray:
        """Pearson's correlations of accepted cells' parameters, in the order of `names`.

        They are NaN where a parameter does not vary.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-71, -69)])
        >>> pop.names, round(float(pop.correlation[0, 1]), 2)     # one compensates for the other
        (('P_Na', 'K_out'), -0.94)
        """
        covariance = self.covariance
        sd = np.sqrt(np.diag(covariance))
        sd[sd == 0] = math.nan
        return np.clip(covariance / sd[:, None] / sd, -1, 1)

    def _place(self, condition: str | None) -> int:
        names = list(self.conditions)
        if condition is not None and condition not in names:
            raise ValueError(unknown("condition", condition, names))
        return 0 if condition is None else names.index(condition)

    def _accumulator(self, condition: str | None, accepted: bool) -> Accumulator:
        return self.tally.counts.accumulators[2 * self._place(condition) + bool(accepted)]

    def _counts(self, name: str) -> np.ndarray:
        return self.tally.counts.counts[name]
