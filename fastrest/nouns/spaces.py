"""Spaces: a cell with uncertain inputs, and the verbs that users call on it."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import as_numbers
from fastrest.distributions.base import Distribution
from fastrest.nouns.space_sensitivity import SpaceSensitivity
from fastrest.nouns.sweep_kinds import KINDS, Sample
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import Criterion
from fastrest.physiology.plausibility import refuse_ratios, warn_if_implausible
from fastrest.points.sample_points import Rng
from fastrest.runtime.scheduler import Progress

if TYPE_CHECKING:
    import concurrent.futures
    import os

    from fastrest.nouns.populations import Population


def space(
    cell: Cell,
    *,
    correlation: Mapping[tuple[str, str], float] | None = None,
    **distributions: Any,
) -> Space:
    """Return a cell with uncertain inputs.

    Parameters
    ----------
    cell : Cell
        Values of the other parameters, and of means and medians that are left out.
    correlation : mapping of pairs of names to float, optional
        Spearman's rank correlations, above -1 and below 1, of a Gaussian copula; pairs that are
        not given are 0.
    **distributions : Distribution
        For each uncertain input a distribution made by `uniform`, `loguniform`, `triangular`,
        `normal` or `lognormal`, or `times` of one (multiples of the cell's value), or a frozen
        distribution of ``scipy.stats``; for a parameter derived from others, `affine` or
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
    found = Space(cell, distributions, correlation)
    medians = {name: one.ppf(0.5) for name, one in zip(found.names, found.distributions)}
    refuse_ratios(cell.model, medians)
    warn_if_implausible(medians)
    return found


class Space(SpaceSensitivity):
    """A cell with uncertain inputs: see `space`.

    Spaces are immutable, comparable, hashable and picklable.

    Attributes
    ----------
    cell : Cell
    names : tuple of str
        The uncertain inputs, in the order given; columns and indices follow it.
    distributions : tuple of Distribution
        The distribution of each input; means and medians left out are the cell's values.
    derived : dict of str to Linear
        Parameters derived from the inputs, in the order given: a constant, and the factor of each
        input. Points with a derived value outside its domain have no potential.
    cholesky : ndarray or None
        Lower triangle L with L L' = Pearson's correlations of the underlying normal variables.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> dict(zip(space.names, space.sobol()["ST"].round(2).tolist()))
    {'P_Na': 0.91, 'K_out': 0.09}
    """

    def sample(
        self, n: int, *, rng: Rng = None, method: str = "random", scramble: bool = True
    ) -> Sample:
        """Return random points: a `Sweep` that stores none of them.

        Parameters
        ----------
        n : int
            Number of points.
        rng : int, SeedSequence, Generator or None
            Source of the points: one number is drawn from a Generator; None takes fresh entropy.
            ``sweep.rng`` is a number that makes the same sample again.
        method : {"random", "sobol", "lhs"}
            Independent points (Philox4x32-10; Salmon et al. 2011), a Sobol' sequence (Joe & Kuo
            2008), which fills the space more evenly and is best with n a power of 2, or a Latin
            hypercube, which has one point in each n-th of every input (McKay et al. 1979).
            Correlated inputs combine several independent scores: the scores, not the inputs, then
            have one point in each n-th.
        scramble : bool
            If True, a Sobol' sequence is scrambled at random, so that its means are unbiased.

        Returns
        -------
        Sample
            Point i depends only on the space, `method`, `rng` and i, and for "lhs" on n.

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
        of: str = "V",
        part: tuple[int, int] | None = None,
        threads: int | None = None,
        executor: concurrent.futures.Executor | None = None,
        progress: Progress = False,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Population:
        """Draw candidate cells, put them under conditions, and keep those that meet criteria.

        Parameters
        ----------
        n : int
            Number of candidates.
        rng, method
            Source of the candidates: see `sample`.
        conditions : mapping of str to mapping, optional
            The changes of each condition: a value that replaces the drawn value of a parameter, or
            a multiple of the drawn value made by `times`. ``{"control": {}}`` by default.
        accept : sequence of Criterion
            Criteria that accepted cells meet: `between`, `change`, `nernst_between`. A candidate
            without a potential under some condition is never accepted.
        of : str
            Name of the output whose values under each condition are counted.
        part : (int, int), optional
            Numbers k and n of a part to be counted on its own and merged (`merge`), k from 0.
        threads, executor, progress, checkpoint
            As for ``sweep.reduce``. The answers are bit-for-bit identical for all of them.

        Returns
        -------
        Population

        Raises
        ------
        ValueError
            A condition or criterion names something unknown, or a value is outside its domain.

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
        from fastrest.nouns.populations import count_candidates
        from fastrest.populations.candidates import PopulationDesign

        candidates = self.sample(n, rng=rng, method=method)
        design = PopulationDesign.checked(candidates, conditions, accept, of)
        return count_candidates(design, part, threads, executor, progress, checkpoint)

    # ---- other libraries ----

    def evaluate(self, X: npt.ArrayLike, *, of: str | Criterion = "V") -> np.ndarray:
        """Return the potentials of rows of inputs, as SALib calls a model.

        Parameters
        ----------
        X : array_like, (N, D)
            A point per row, columns in the order of `names`. The columns of a data frame may be in
            any order if they have the names of the inputs.
        of : str or Criterion
            Name of an output of the model, or an event.

        Returns
        -------
        ndarray of float64, (N,)
            Potentials, mV: a new array, which the caller may change.

        Raises
        ------
        ValueError
            X has another shape or other columns, or a row has no potential: SALib and scipy would
            silently turn one NaN into indices of zero.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> np.round(space.evaluate([[0.04, 5.0], [0.02, 5.0]]), 2)
        array([-69.81, -76.  ])
        """
        from fastrest.sensitivity.salib_problem import in_order, values_of_rows

        rows = np.asarray(as_numbers("X", in_order(self, "columns of X", X, "columns")))
        if rows.ndim != 2 or rows.shape[1] != len(self) or not len(rows):
            raise ValueError(
                f"X must have shape (N, {len(self)}) with N >= 1, columns "
                f"{', '.join(self.names)}, got {rows.shape}"
            )
        return values_of_rows(self, rows.T, of)

    def scipy_func(self, x: npt.ArrayLike, *, of: str | Criterion = "V") -> np.ndarray:
        """Return the potentials of columns of inputs, as scipy calls a model.

        This is ``func`` of ``scipy.stats.sobol_indices``.

        Parameters
        ----------
        x : array_like, (D, N)
            A point per column, rows in the order of `names`. The rows of a data frame may be in any
            order if its index has the names of the inputs.
        of : str or Criterion
            Name of an output of the model, or an event.

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
        from fastrest.sensitivity.salib_problem import in_order, values_of_rows

        columns = np.asarray(as_numbers("x", in_order(self, "rows of x", x, "index")))
        if columns.ndim != 2 or len(columns) != len(self) or not columns.shape[1]:
            raise ValueError(
                f"x must have shape ({len(self)}, N) with N >= 1, rows "
                f"{', '.join(self.names)}, got {columns.shape}"
            )
        return values_of_rows(self, columns, of)

    @property
    def scipy_dists(self) -> list[Distribution]:
        """The distributions, as ``dists`` of ``scipy.stats.sobol_indices``.

        Raises
        ------
        ValueError
            The inputs are correlated, which scipy does not support.
        """
        self.check_independent("scipy.stats.sobol_indices")
        return list(self.distributions)

    def salib_problem(self) -> dict[str, Any]:
        """Return the space as a problem of SALib.

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
        from fastrest.sensitivity.salib_problem import problem

        self.check_independent("SALib")
        return problem(self)


KINDS["Space"] = Space


def space_from_salib(problem: Mapping[str, Any], cell: Cell) -> Space:
    """Return the space of a problem of SALib.

    Parameters
    ----------
    problem : mapping
        A dict or ``ProblemSpec`` with ``names``, which are parameters of the cell, ``bounds``, and
        ``dists`` if not all distributions are uniform.
    cell : Cell
        Values of the other parameters.

    Returns
    -------
    Space

    Raises
    ------
    ValueError
        A name is not a parameter, a distribution has no counterpart or breaks a rule, the numbers
        of entries differ, or inputs are grouped.
    TypeError
        An entry is not a list, a name not a text, or a bound not a number.

    Examples
    --------
    >>> import fastrest as fr
    >>> problem = {"names": ["P_Na", "K_out"], "bounds": [[0.01, 0.1], [3, 6]]}
    >>> fr.space_from_salib(problem, fr.cells["mammalian neuron"]).distributions
    (uniform(0.01, 0.1), uniform(3, 6))
    """
    from fastrest.sensitivity.salib_problem import distribution_from_salib

    if not isinstance(problem, Mapping):
        raise TypeError(f"problem must be a mapping with names and bounds, got {problem!r}")
    for key in ("names", "bounds"):
        if key not in problem:
            raise ValueError(f"problem needs {key!r}, got {', '.join(map(str, problem))}")
    names, bounds = _entries(problem, "names"), _entries(problem, "bounds")
    dists = ["unif"] * len(names) if problem.get("dists") is None else _entries(problem, "dists")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"problem: a name must be text, got {name!r}")
    for key, found in (("bounds", bounds), ("dists", dists)):
        if len(found) != len(names):
            raise ValueError(f"problem has {len(names)} names, but {len(found)} {key}")
    if problem.get("num_vars", len(names)) != len(names):
        raise ValueError(f"problem has {len(names)} names, but num_vars {problem['num_vars']!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"problem: each name once, got {', '.join(map(str, names))}")
    if problem.get("groups") is not None:
        groups = [str(one) for one in _entries(problem, "groups")]
        if len(set(groups)) != len(names):
            raise ValueError(
                f"problem: inputs in groups ({', '.join(groups)}) have no indices of their own "
                "here: leave 'groups' out"
            )
    rows = zip(names, dists, bounds)
    return Space(cell, {n: distribution_from_salib(n, d, b) for n, d, b in rows})


def _entries(problem: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of the problem that has an entry for each input."""
    found = problem[key]
    if isinstance(found, str | Mapping) or not np.iterable(found):
        raise TypeError(f"problem: {key} must be a list, got {found!r}")
    return list(found)
