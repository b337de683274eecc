"""Spaces: a cell whose inputs are uncertain, each with a distribution, perhaps correlated."""

import math
import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import engine
from .cell import Cell
from .criteria import Between, Criterion
from .derived import Derived, Linear, resolved
from .distributions import Distribution, Normal, Scaled, as_distribution, is_distribution
from .model import as_float, as_numbers
from .physics import Frozen, Parameter, Status, unknown
from .samples import Rng, Sample
from .sensitivity import SobolIndices, Swings, swings
from .sweep import checked_cell
from .tables import Table, table

if TYPE_CHECKING:
    import concurrent.futures
    import os

    from .population import Population

#: What helps where an input is infinite.
ENDS = (
    ". Methods that ask for the quantiles 0 and 1, as Morris's, need distributions with bounds on "
    "both sides: uniform, loguniform, triangular, or normal with low= and high="
)
#: Least part of an input's variance that the others leave free in a set of correlations.
LEAST_FREE = 1e-10


def space(
    cell: Cell,
    *,
    correlation: Mapping[tuple[str, str], float] | None = None,
    **distributions: Any,
) -> "Space":
    """A cell with uncertain inputs.

    Parameters
    ----------
    cell : Cell
        Values of the other parameters, and means and medians that are left out.
    correlation : mapping of pairs of names to float, optional
        Spearman's rank correlations, above -1 and below 1, of a Gaussian copula; pairs that are
        not given are 0.
    **distributions : Distribution
        For each uncertain input what `uniform`, `loguniform`, `triangular`, `normal` or
        `lognormal` make, `times` of one (multiples of the cell's value), or a frozen distribution
        of ``scipy.stats``; for a parameter that follows from others, `affine` or
        `electroneutral`.

    Returns
    -------
    Space

    Raises
    ------
    ValueError
        A parameter is unknown, a distribution reaches beyond its parameter's domain, or the
        correlations are impossible.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    <Space of 2 inputs: <Cell 'mammalian neuron' GHK(K, Na, Cl): out/in K 5/140, Na 145/15, \
Cl 110/7 mM, P 1 : 0.04 : 0.45, 37 °C>
      P_Na: lognormal(median=0.04, cv=0.5)
      K_out: uniform(3, 6) mM>
    """
    return Space(cell, distributions, correlation)


class Space(Frozen):
    """A cell with uncertain inputs: see `space`.

    Spaces are immutable, comparable, hashable and picklable.

    Attributes
    ----------
    cell : Cell
    names : tuple of str
        The uncertain inputs, in the order given; columns and indices follow it.
    distributions : tuple of Distribution
        Theirs, with what was left out taken from the cell.
    derived : dict of str to Linear
        Parameters that follow from the inputs, in the order given: a constant, and what each input
        is times. Values outside a parameter's domain make points without a potential.
    correlation : mapping or None
        Spearman's correlations by pair of names, those that are not 0.
    cholesky : ndarray or None
        Lower triangle L with L L' = Pearson's correlations of the underlying normal variables.
    """

    cell: Cell
    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    cholesky: np.ndarray | None
    derived: dict[str, Linear]
    _follow: dict[str, Derived]
    _pairs: dict[tuple[str, str], float]

    def __init__(
        self,
        cell: Cell,
        distributions: Mapping[str, Any],
        correlation: Mapping[tuple[str, str], float] | None = None,
    ):
        parameters = checked_cell(cell).model.parameters
        if not distributions:
            raise ValueError(
                "a space needs at least one distribution, as in "
                "fr.space(cell, K_out=fr.uniform(3, 6))"
            )
        found, follow = {}, {}
        for name, given in distributions.items():
            if name not in parameters:
                raise ValueError(f"{cell.model}: {unknown('parameter', name, parameters)}")
            if isinstance(given, Derived):
                follow[name] = given
            else:
                found[name] = _resolved(parameters[name], given, cell[name])
        if not found:
            raise ValueError(f"{', '.join(follow)}: a space needs an input with a distribution too")
        names = tuple(found)
        pairs = _checked_pairs(names, correlation)
        vars(self).update(
            cell=cell,
            names=names,
            distributions=tuple(found.values()),
            _pairs=pairs,
            cholesky=_cholesky(names, pairs) if pairs else None,
            derived=resolved(cell, names, follow),
            _follow=follow,
        )

    @property
    def correlation(self) -> Mapping[tuple[str, str], float] | None:
        """Spearman's correlations by pair of names, those that are not 0, or None."""
        return types.MappingProxyType(self._pairs) if self._pairs else None

    # ---- what a space can be asked ----

    def sample(
        self, n: int, *, rng: Rng = None, method: str = "random", scramble: bool = True
    ) -> Sample:
        """Random points: a `Sweep` that stores none of them.

        Parameters
        ----------
        n : int
            How many.
        rng : int, SeedSequence, Generator or None
            What the points are made from: of a Generator one number is drawn; None is fresh
            entropy. ``sweep.rng`` is a number that makes the same sample again.
        method : {"random", "sobol", "lhs"}
            Independent points (Philox4x32-10; Salmon et al. 2011), a Sobol' sequence (Joe & Kuo
            2008), which fills the space more evenly and is best with n a power of 2, or a Latin
            hypercube, which has one point in each n-th of every input (McKay et al. 1979). With
            correlations that holds of the independent scores beneath, not of the inputs that are
            made of several of them.
        scramble : bool
            Whether a Sobol' sequence is scrambled at random, so that its means are unbiased.

        Returns
        -------
        Sample
            Point i depends on the space, `method`, `rng` and i, for "lhs" also on n, alone.

        Raises
        ------
        ValueError
            n is below 1 or above 2^62 ("random"), 2^52 ("sobol") or 2^40 ("lhs").

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> sample = space.sample(10**6, rng=1)
        >>> s = sample.summary()
        >>> round(s.mean, 1), round(s.sd, 1)
        (-69.1, 5.3)
        >>> np.round(sample.parameters([0, 999_999])["P_Na"], 3)
        array([0.033, 0.091])
        """
        return Sample(self, n, rng, method, scramble)

    def population(
        self,
        n: int,
        *,
        rng: Rng = None,
        method: str = "random",
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
        accept: Iterable[Criterion] = (),
        part: tuple[int, int] | None = None,
        threads: int | None = None,
        executor: "concurrent.futures.Executor | None" = None,
        progress: "engine.Progress" = False,
        checkpoint: "str | os.PathLike[str] | None" = None,
    ) -> "Population":
        """A population of cells: candidates are drawn, challenged, and kept if they meet criteria.

        Parameters
        ----------
        n : int
            Candidates.
        rng, method
            What they are made from: see `sample`.
        conditions : mapping of str to mapping, optional
            What each condition changes: a parameter's value, which overrides a drawn one, or by
            `times` a multiple of the drawn one. ``{"control": {}}`` by default.
        accept : sequence of criteria
            What accepted cells satisfy: `between`, `change`, `nernst_between`. A candidate without
            a potential under some condition is never accepted.
        part : (int, int), optional
            Part k of n, from 0 to n - 1, to be counted on its own and merged (`merge`).
        threads, executor, progress, checkpoint
            As for ``sweep.reduce``. The answers do not depend on them, to the bit.

        Returns
        -------
        Population

        Raises
        ------
        ValueError
            A condition or criterion names what is unknown, or a value is outside its domain.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  P_Cl=fr.lognormal(cv=0.5))
        >>> space.population(10**5, rng=1, conditions={"control": {}, "high K": {"K_out": 6.5}},
        ...                  accept=[fr.between(-75, -65), fr.change("control", "high K", 2.5, 5)])
        <Population: 48,137 of 100,000 candidates accepted, 48.14 % (95 % interval 47.83 to 48.45 %)
          <Cell 'mammalian neuron' GHK(K, Na, Cl): out/in K 5/140, Na 145/15, \
Cl 110/7 mM, P 1 : 0.04 : 0.45, 37 °C>
          V of accepted cells, mean ± sd: control -71.03 ± 2.46, high K -68.10 ± 2.31 mV
                                                         rejects           it alone
          between(-75, -65)                     31,526 (31.53 %)   12,271 (12.27 %)
          change('control', 'high K', 2.5, 5)   39,592 (39.59 %)   20,337 (20.34 %)>
        """
        from . import population

        return population.population(
            self,
            n,
            rng=rng,
            method=method,
            conditions=conditions,
            accept=accept,
            part=part,
            threads=threads,
            executor=executor,
            progress=progress,
            checkpoint=checkpoint,
        )

    def sobol(
        self,
        n: int | None = None,
        *,
        of: Between | None = None,
        second: bool = False,
        rng: Rng = None,
        replicates: int | None = None,
        until: float | None = None,
        nan_policy: str | None = None,
        tolerance: float | None = None,
        threads: int | None = None,
        progress: "engine.Progress" = False,
        max_memory: int | None = None,
    ) -> SobolIndices:
        """Sobol' indices: which input makes which part of the variance of V.

        Exact for GHK models of monovalent ions if neither `n` nor `until` is given (quadrature of
        the two sums of the equation: see `fastrest.anova`); else sampled, for every model, by
        pick-freeze with a scrambled Sobol' sequence (see `fastrest.pickfreeze`).

        Parameters
        ----------
        n : int, optional
            Sample: so many base points over all replicates, rounded up to a multiple of these, at
            each of which V is computed D + 2 times for D inputs. Best a power of 2.
        of : Between, optional
            Sample whether V lies in a range (`between`), instead of V.
        second : bool
            Sample indices of second order too: V is then computed 2 D + 2 times.
        rng : int, SeedSequence, Generator or None
            What a sample is made from: see `sample`.
        replicates : int, optional
            Independently scrambled parts of a sample, whose scatter gives the intervals: 16.
        until : float, optional
            Sample, and double the sample until the half-widths of all intervals of S1 and ST are
            at most this, or `n` (default 2^30) is reached: look at the intervals.
        nan_policy : {"raise", "omit"}, optional
            What to do about sampled points without a potential: raise, the default, or leave out
            and count.
        tolerance : float, optional
            Largest error of exact indices, and of the mean of V in units of its sd: 1e-6.
        threads, progress, max_memory
            As for ``sweep.values``; progress is that of a sample, max_memory is for exact indices.
            The bits of sampled indices do not depend on `threads`.

        Returns
        -------
        SobolIndices
            Sampled ones with the further keys ``vi``, the mean squared derivative of V with respect
            to each input (to its logarithm if ``distribution.log``), and ``dgsm``, the upper bound
            of ST that follows from it; and with a method ``extend(n)``.

        Raises
        ------
        ValueError
            Inputs are correlated, or parameters derived from them; the model has no exact indices,
            or would need too many nodes; a sampled point has no potential.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.sobol()["ST"].round(4)
        array([0.913 , 0.0903])
        >>> r = space.sobol(2**14, of=fr.between(-75, -65), rng=1)
        >>> (r["ST_conf"] < 0.02).all()
        np.True_
        """
        self._check_no_derived("Sobol' indices")
        if n is None and until is None:
            for_samples = {
                "of": of,
                "second": second or None,
                "rng": rng,
                "replicates": replicates,
                "nan_policy": nan_policy,
                "progress": progress or None,
            }
            _check_none(for_samples, "goes with a sample: give n, as space.sobol(2**17), or until=")
            tolerance = 1e-6 if tolerance is None else tolerance
            from . import anova

            return anova.sobol(self, tolerance=tolerance, threads=threads, max_memory=max_memory)
        for_exact = {"tolerance": tolerance, "max_memory": max_memory}
        _check_none(for_exact, "is for exact indices, not for a sample: leave it out")
        from . import pickfreeze

        return pickfreeze.sobol(
            self,
            n,
            of=of,
            second=second,
            rng=rng,
            replicates=16 if replicates is None else replicates,
            until=until,
            nan_policy="raise" if nan_policy is None else nan_policy,
            threads=threads,
            progress=progress,
        )

    def dgsm(
        self,
        n: int,
        *,
        rng: Rng = None,
        replicates: int = 16,
        nan_policy: str = "raise",
        threads: int | None = None,
        progress: "engine.Progress" = False,
    ) -> SobolIndices:
        """Derivative-based sensitivity measures: bounds of total orders for a D-th of their cost.

        Parameters
        ----------
        n : int
            Points, at each of which V and its exact derivatives are computed once.
        rng, replicates, nan_policy, threads, progress
            As for `sobol`, whose sampled results have the same measures.

        Returns
        -------
        SobolIndices
            With the keys ``vi``, the mean squared derivative of V with respect to each input (to
            its logarithm if ``distribution.log``), ``dgsm``, the upper bound of ST that follows
            from it, their half-widths ``vi_conf`` and ``dgsm_conf``, and ``names``.

        Notes
        -----
        ST is at most C vi / Var V, with the Poincare constant C of the input's distribution
        (Lamboni et al. 2013, Roustant et al. 2017).

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.dgsm(2**12, rng=1)["dgsm"].round(2)
        array([0.95, 0.11])
        """
        self._check_no_derived("derivative-based measures")
        from . import pickfreeze

        return pickfreeze.dgsm(
            self,
            n,
            rng=rng,
            replicates=replicates,
            nan_policy=nan_policy,
            threads=threads,
            progress=progress,
        )

    # ---- other libraries ----

    def swings(self, low: float = 0.05, high: float = 0.95) -> Swings:
        """V at a low and a high quantile of each input, the others at their medians.

        Correlations play no part: the others stay where they are.

        Parameters
        ----------
        low, high : float
            Probabilities of the two quantiles.

        Returns
        -------
        Swings
            Whose ``plot`` is a tornado chart.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> s = space.swings()
        >>> round(s.V, 2), s.V_low.round(2), s.V_high.round(2)
        (-70.79, array([-77.83, -73.61]), array([-59.93, -68.23]))
        """
        return swings(self, low, high)

    def evaluate(self, X: npt.ArrayLike) -> np.ndarray:
        """Potentials of given inputs, a row each, as SALib and most samplers call a model.

        Parameters
        ----------
        X : array_like, (N, D)
            A point per row, columns in the order of `names`; those of a data frame that have the
            names of the inputs may stand in any order.

        Returns
        -------
        ndarray of float64, (N,)
            Potentials, mV: a fresh array, which the caller may change.

        Raises
        ------
        ValueError
            X has another shape or other columns, or a row has no potential: one NaN would make
            SALib and scipy return indices of zero in silence.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> np.round(space.evaluate([[0.04, 5.0], [0.02, 5.0]]), 2)
        array([-69.81, -76.  ])
        """
        rows = np.asarray(as_numbers("X", self._in_order("columns of X", X, "columns")))
        if rows.ndim != 2 or rows.shape[1] != len(self) or not len(rows):
            raise ValueError(
                f"X must have shape (N, {len(self)}) with N >= 1, columns "
                f"{', '.join(self.names)}, got {rows.shape}"
            )
        return self._potentials(rows.T)

    def scipy_func(self, x: npt.ArrayLike) -> np.ndarray:
        """Potentials of given inputs, a column each: ``func`` of ``scipy.stats.sobol_indices``.

        Parameters
        ----------
        x : array_like, (D, N)
            A point per column, rows in the order of `names`; those of a data frame whose index has
            the names of the inputs may stand in any order.

        Returns
        -------
        ndarray of float64, (N,)
            As of `evaluate`.

        Examples
        --------
        >>> import fastrest as fr
        >>> from scipy import stats
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> found = stats.sobol_indices(func=space.scipy_func, dists=space.scipy_dists, n=1024,
        ...                             rng=1)
        >>> found.total_order.round(1)
        array([0.9, 0.1])
        """
        columns = np.asarray(as_numbers("x", self._in_order("rows of x", x, "index")))
        if columns.ndim != 2 or len(columns) != len(self) or not columns.shape[1]:
            raise ValueError(
                f"x must have shape ({len(self)}, N) with N >= 1, rows "
                f"{', '.join(self.names)}, got {columns.shape}"
            )
        return self._potentials(columns)

    @property
    def scipy_dists(self) -> list[Distribution]:
        """The distributions: ``dists`` of ``scipy.stats.sobol_indices``.

        Raises
        ------
        ValueError
            The inputs are correlated, which scipy's indices cannot be.
        """
        self._check_independent("scipy.stats.sobol_indices")
        return list(self.distributions)

    def salib_problem(self) -> dict[str, Any]:
        """The space as a problem of SALib's.

        Returns
        -------
        dict
            ``num_vars``, ``names``, ``bounds`` and ``dists``.

        Raises
        ------
        ValueError
            The inputs are correlated, or SALib has no such distribution.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.loguniform(0.01, 0.1),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.salib_problem()
        {'num_vars': 2, 'names': ['P_Na', 'K_out'], 'bounds': [[0.01, 0.1], [3.0, 6.0]], \
'dists': ['logunif', 'unif']}
        """
        from . import salib

        self._check_independent("SALib")
        return salib.problem(self)

    def _check_independent(self, what: str) -> None:
        if self._pairs:
            pairs = ", ".join(f"{a} and {b}" for a, b in self._pairs)
            raise ValueError(f"{what}: inputs must be independent, but {pairs} are correlated")

    def with_derived(self, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Inputs, a row each in the order of `names`, and what follows from them, by name."""
        inputs = dict(zip(self.names, columns))
        return {**inputs, **{name: one.of(inputs) for name, one in self.derived.items()}}

    def _check_no_derived(self, what: str) -> None:
        if self.derived:
            raise ValueError(
                f"{what} are not computed where parameters are derived, as "
                f"{', '.join(self.derived)}: let SALib sample space.evaluate"
            )

    def _in_order(self, what: str, given: Any, axis: str) -> Any:
        """A data frame with its inputs in the order of `names`, if they are named, not numbered.

        Inputs are along the axis, "columns" or "index"; what is no data frame is left as it is.
        """
        if not hasattr(given, "columns") or not hasattr(given, axis):
            return given
        labels = list(getattr(given, axis))
        if axis == "index" and not {*self.names}.isdisjoint(given.columns):
            raise ValueError(f"{what} are inputs, columns are points: pass x.T")
        if labels == list(range(len(labels))):
            return given
        if len(labels) != len(self) or {*labels} != {*self.names}:
            raise ValueError(
                f"{what} must be {', '.join(self.names)}, in any order, or have no names, got "
                f"{', '.join(map(str, labels))}"
            )
        names = list(self.names)
        return given[names] if axis == "columns" else given.loc[names]

    def _potentials(self, columns: np.ndarray) -> np.ndarray:
        """Potentials of rows whose inputs are given by columns, or the error of the first bad."""
        sweep = table(self.cell, self.with_derived(columns))
        values, status = sweep._values_and_status()
        if status.any():
            first = int(np.argmax(status != 0))
            raise ValueError(
                f"{np.count_nonzero(status)} of {len(values)} points have no potential, the "
                f"first is number {first}: {self._reason(sweep, first, int(status[first]))}"
            )
        return values

    def _reason(self, sweep: Table, point: int, status: int) -> str:
        """Why a point has no potential: the rule that an input breaks, else the status."""
        parameters = self.cell.model.parameters
        for name, value in sweep.parameters(point).items():
            rule = parameters[name].rule(float(value))
            if rule is not None:
                return name + rule + (ENDS if math.isinf(value) else "")
        return str(Status(status).name)

    # ---- manners ----

    def __len__(self) -> int:
        return len(self.names)

    @property
    def _identity(self) -> tuple[Any, ...]:
        pairs, follow = tuple(self._pairs.items()), tuple(self._follow.items())
        return self.cell, self.names, self.distributions, pairs, follow

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {**dict(zip(self.names, self.distributions)), **self._follow}
        return Space, (self.cell, given, self._pairs)

    def __repr__(self) -> str:
        plural = "s" * (len(self.names) > 1)
        first = f"<Space of {len(self.names)} input{plural}: {self.cell!r}"
        return "\n  ".join([first, *self._repr_lines()]) + ">"

    def _repr_lines(self) -> list[str]:
        """The distribution of each input, and their correlations."""
        lines = []
        for name, one in zip(self.names, self.distributions):
            lines.append(f"{name}: {one!r} {self.cell.model.parameters[name].unit}".rstrip())
        lines += [f"{name}: {one!r}" for name, one in self._follow.items()]
        if self._pairs:
            words = [f"{a}, {b}: {rho:g}" for (a, b), rho in self._pairs.items()]
            lines.append(f"rank correlations {'; '.join(words)}")
        return lines


# ---- checks ----


def _check_none(given: Mapping[str, Any], why: str) -> None:
    """Raise for the first argument that was given where it says nothing."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}={value!r} {why}")


def _resolved(parameter: Parameter, given: Any, value: float) -> Distribution:
    """The distribution of one input, or the error that names it."""
    name = parameter.name
    if not isinstance(given, Scaled) and not is_distribution(given):
        raise TypeError(
            f"{name} must be a distribution, as fr.uniform(3, 6), got {given!r}: a value that is "
            f"certain goes into the cell, cell.replace({name}=...), a measured sample into "
            "scipy.stats.rv_histogram"
        )
    try:
        if isinstance(given, Scaled):
            found = given.of(value)
        else:
            found = as_distribution(given).resolved(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error.__cause__  # a user's own error
    _check_domain(parameter, found)
    return found


def _check_domain(parameter: Parameter, found: Distribution) -> None:
    """Raise unless every value of a distribution is in the parameter's domain."""
    for bound in found.bounds:
        rule = parameter.rule(bound) if math.isfinite(bound) else None
        if rule is not None:
            raise ValueError(f"{parameter.name}{rule}: {found!r} reaches there")
    unit = parameter.unit and " " + parameter.unit
    lognormal = ", or take fr.lognormal" * (parameter.domain[1] == math.inf)
    for argument, where, limit, beyond in (
        ("low", "below", parameter.domain[0], found.bounds[0] < parameter.domain[0]),
        ("high", "above", parameter.domain[1], found.bounds[1] > parameter.domain[1]),
    ):
        if beyond:
            advice = f"give {argument}={limit:g}" if isinstance(found, Normal) else "truncate it"
            raise ValueError(
                f"{parameter.name}: {found!r} reaches {where} {limit:g}{unit}: {advice}{lognormal}"
            )


def _checked_pairs(names: tuple[str, ...], correlation: Any) -> dict[tuple[str, str], float]:
    """Correlations other than 0 by pair of names, both in the order of the names."""
    if correlation is None:
        return {}
    if not isinstance(correlation, Mapping):
        raise TypeError(
            f'correlation must be a mapping, as {{("K_out", "Na_out"): -0.8}}, got {correlation!r}'
        )
    given: dict[tuple[str, str], float] = {}
    for pair, value in correlation.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"correlation: a key is a pair of names, got {pair!r}")
        for name in pair:
            if name not in names:
                raise ValueError(f"correlation: {unknown('input', name, names)}")
        if pair[0] == pair[1]:
            raise ValueError(f"correlation: a pair is of two inputs, got {pair!r}")
        a, b = sorted(pair, key=names.index)
        rho = as_float(f"correlation of {a} and {b}", value)
        if not -1 < rho < 1:
            raise ValueError(f"correlation of {a} and {b} must be > -1 and < 1, got {rho!r}")
        if given.setdefault((a, b), rho) != rho:
            raise ValueError(f"correlation of {a} and {b} is given as {given[a, b]!r} and {rho!r}")
    ordered = sorted(given, key=lambda pair: (names.index(pair[0]), names.index(pair[1])))
    return {pair: given[pair] for pair in ordered if given[pair] != 0}


# ---- the copula: plain arithmetic in a fixed order, the same bits on every machine ----


def _pearson(spearman: float) -> float:
    """The correlation of normal variables with this rank correlation, 2 sin(pi rho / 6)."""
    x = math.pi * spearman / 6
    term = total = x
    for k in range(1, 9):  # |x| <= pi/6: the next term is below 1e-20
        term *= -x * x / ((2 * k) * (2 * k + 1))
        total += term
    return 2 * total


def _cholesky(names: tuple[str, ...], pairs: Mapping[tuple[str, str], float]) -> np.ndarray:
    """Lower triangle of the copula's correlations, or the error that they are impossible."""
    n = len(names)
    found = [[0.0] * n for _ in names]
    for i in range(n):
        for j in range(i + 1):
            rest = 1.0 if i == j else _pearson(pairs.get((names[j], names[i]), 0.0))
            for k in range(j):
                rest -= found[i][k] * found[j][k]
            if i > j:
                found[i][j] = rest / found[j][j]
            elif rest > LEAST_FREE:
                found[i][i] = math.sqrt(rest)
            else:
                raise ValueError(
                    f"impossible correlations: those of {', '.join(names[:i])} with each other "
                    f"and with {names[i]} contradict each other"
                )
    triangle = np.array(found)
    triangle.flags.writeable = False
    return triangle
