"""Sensitivity of potentials to the uncertain inputs of a cell."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from fastrest._core.validation import as_float
from fastrest.physiology.criteria import Criterion, InRange, resolved_quantity
from fastrest.points.inputs import Inputs
from fastrest.points.sample_points import Rng, seed_of
from fastrest.runtime.scheduler import Progress

if TYPE_CHECKING:
    from fastrest.sensitivity.distribution import Bounded
    from fastrest.sensitivity.indices import ShapleyEffects, SobolIndices
    from fastrest.sensitivity.one_at_a_time import Swings
    from fastrest.sensitivity.probability import Probability


class SpaceSensitivity(Inputs):
    """Uncertain inputs and the verbs of a `Space` that analyse their importance."""

    def sobol(
        self,
        n: int | None = None,
        *,
        of: str | Criterion | None = "V",
        groups: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
        second: bool = False,
        rng: Rng = None,
        replicates: int | None = None,
        until: float | None = None,
        nan_policy: str | None = None,
        tolerance: float | None = None,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> SobolIndices:
        """Return Sobol' indices: the part of the variance of V that each input causes.

        The indices are exact if neither `n` nor `until` is given, which needs a GHK model of
        monovalent ions: by pseudo-spectral polynomial chaos of the two sums of the equation, or,
        where inputs may be 0 or are many, by Laplace transforms of the ions' terms.
        Otherwise they are sampled, for any model, by pick-freeze with a scrambled Sobol' sequence.

        Parameters
        ----------
        n : int, optional
            Number of base points of a sample, rounded up to a multiple of `replicates`, best a
            power of 2. V is computed 2 D + 2 times at each base point for D inputs.
        of : str or Criterion
            Name of an output of the model, such as "V" or "E_K"; or the event that an output lies
            in a range (`between`), which needs a sample.
        groups : mapping of str to sequence of str, or sequence of str, optional
            Inputs by the name of their group; or, as in SALib, the name of each input's group. S1
            is then the part of the variance due to the inputs of a group alone (its closed index),
            ST that due to them alone or with others. Inputs of no group are groups of their own.
        second : bool
            If True, indices of second order are sampled too, from the same values of V.
        rng : int, SeedSequence, Generator or None
            Source of a sample: see `sample`.
        replicates : int, optional
            Number of independently scrambled parts of a sample, whose scatter gives the intervals;
            4 by default: one long sequence is more accurate than many short ones.
        until : float, optional
            Half-width of intervals: a sample is doubled until the half-widths of all intervals of
            S1 and ST are at most this, or until `n` (2^30 by default) is reached.
        nan_policy : {"raise", "omit"}, optional
            Sampled points without a potential raise an error (the default), or are left out and
            counted.
        tolerance : float, optional
            Largest error of exact indices, and of the mean of V in units of its sd; 1e-6 by
            default.
        threads, executor, workers, progress, max_memory
            As for ``sweep.values``. Workers and progress are for a sample, max_memory is for exact
            indices. The bits of sampled indices depend on none of them.

        Returns
        -------
        SobolIndices
            If inputs are correlated, S1 is the variance of the mean of V given an input, and ST the
            mean of its variance given all others: they do not add up. Indices of independent
            inputs from a sample have a method ``extend(n)`` and the further keys ``vi``, the mean
            squared derivative of V with respect to each input (to its logarithm if
            ``distribution.log``), and ``dgsm``, the upper bound of ST that follows from it.

        Raises
        ------
        ValueError
            The model has no exact indices, or needs too many nodes; inputs are correlated or
            parameters derived from them, and `n` is not given; a sampled point has no potential.

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
        output, event = resolved_quantity("V" if of is None else of, self.cell.model)
        grouped = None
        if groups is not None:
            from fastrest.sensitivity.groups import checked_groups

            grouped = checked_groups(self.names, groups)
        if n is None and until is None:
            for_samples = {
                **{"of": event, "second": second or None, "rng": rng, "replicates": replicates},
                **{"nan_policy": nan_policy, "progress": progress or None},
                **{"executor": executor, "workers": workers},
            }
            _check_none(for_samples, "goes with a sample: give n, as space.sobol(2**17), or until=")
            self._check_exact("Sobol' indices", "sobol")
            tolerance = 1e-6 if tolerance is None else tolerance
            from fastrest.sensitivity.exact import exact_indices

            return exact_indices(self, output, grouped, tolerance, threads, max_memory)
        for_exact = {"tolerance": tolerance, "max_memory": max_memory}
        _check_none(for_exact, "is for exact indices, not for a sample: leave it out")
        from fastrest.sensitivity.pick_freeze import SamplingDesign
        from fastrest.sensitivity.sampled import sampled_indices

        if event is not None and not isinstance(event, InRange):
            raise ValueError(
                f"sobol takes an event about one output, got {event!r}: let SALib sample "
                "space.evaluate(X, of=...)"
            )
        if event is not None:
            output = output.as_number()
        replicates = 4 if replicates is None else replicates
        nan_policy = "raise" if nan_policy is None else nan_policy
        seed = seed_of(rng)
        if self.pairs or self.derived:
            omit = None if nan_policy == "raise" else nan_policy
            given = {"until": until, "second": second or None, "nan_policy": omit}
            _check_none(given, "is for independent inputs without derived parameters: leave it out")
            from fastrest.sensitivity.dependent import dependent_indices, scores_of

            scores = scores_of(self, output, event, seed, n, replicates)
            return dependent_indices(scores, grouped, seed, threads, progress)
        design = SamplingDesign(
            self, output, event, second, seed, replicates, nan_policy, groups=grouped
        )
        return sampled_indices(design, n, until, threads, progress, executor, workers)

    def shapley(
        self,
        n: int | None = None,
        *,
        of: str | Criterion = "V",
        rng: Rng = None,
        replicates: int | None = None,
        tolerance: float | None = None,
        threads: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> ShapleyEffects:
        """Return Shapley effects: parts of the variance of V that add up to 1.

        A part that is due to some inputs together is shared equally among them, so that nothing
        is counted twice and nothing is left out. Without `n` they are exact, by the analysis of
        variance of `sobol`. A sample gives them for any model, for events, for correlated inputs,
        and where parameters are derived from inputs.

        Parameters
        ----------
        n : int, optional
            Number of base points of a sample, rounded up to a multiple of `replicates`, best a
            power of 2. V is computed about 2^D times at each for D inputs, and 4096 / `replicates`
            times if there are more than 12, whose sets are drawn at random.
        of : str or Criterion
            Name of an output of the model; or, for a sample, an event about one output.
        rng : int, SeedSequence, Generator or None
            Source of a sample: see `sample`.
        replicates : int, optional
            Number of independently scrambled parts of a sample, whose scatter gives the intervals;
            4 by default.
        tolerance : float, optional
            Largest error of exact effects; 1e-6 by default.
        threads, progress, max_memory
            As for `sobol`.

        Returns
        -------
        ShapleyEffects

        Raises
        ------
        ValueError
            The model has no exact indices, or needs too many nodes; inputs are correlated or
            parameters derived from them, and `n` is not given; a sampled point has no potential.

        Notes
        -----
        Owen 2014, https://doi.org/10.1137/130936233; of dependent inputs Song, Nelson & Staum 2016,
        https://doi.org/10.1137/15M1048070.

        Examples
        --------
        >>> import fastrest as fr
        >>> inputs = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
        >>> space = fr.space(fr.cells["mammalian neuron"], **inputs)
        >>> space.shapley()["Sh"].round(4)
        array([0.9113, 0.0887])
        >>> tied = fr.space(space.cell, **inputs, correlation={("P_Na", "K_out"): 0.8})
        >>> tied.shapley(2**12, rng=1)["Sh"].round(2)
        array([0.6, 0.4])
        """
        output, event = resolved_quantity(of, self.cell.model)
        if n is None:
            if event is not None:
                raise ValueError(
                    f"shapley needs an output, got {event!r}: effects on events need a sample, as "
                    "space.shapley(2**12, of=...)"
                )
            for_samples = {"rng": rng, "replicates": replicates, "progress": progress or None}
            _check_none(for_samples, "goes with a sample: give n, as space.shapley(2**12)")
            self._check_exact("Shapley effects", "shapley")
            from fastrest.sensitivity.exact import exact_shapley

            tolerance = 1e-6 if tolerance is None else tolerance
            return exact_shapley(self, output, tolerance, threads, max_memory)
        for_exact = {"tolerance": tolerance, "max_memory": max_memory}
        _check_none(for_exact, "is for exact effects, not for a sample: leave it out")
        from fastrest.sensitivity.dependent import sampled_shapley, scores_of

        if event is not None and not isinstance(event, InRange):
            raise ValueError(f"shapley takes an event about one output, got {event!r}")
        output = output if event is None else output.as_number()
        seed = seed_of(rng)
        scores = scores_of(self, output, event, seed, n, 4 if replicates is None else replicates)
        return sampled_shapley(scores, seed, threads, progress)

    def _check_exact(self, what: str, verb: str) -> None:
        """Raise the ValueError for dependent inputs, which need a sample."""
        sample = f"sample them, as space.{verb}(2**12)"
        if self.derived:
            names = ", ".join(self.derived)
            raise ValueError(
                f"exact {what} are not computed where parameters are derived, as {names}: {sample}"
            )
        if self.pairs:
            pairs = ", ".join(f"{a} and {b}" for a, b in self.pairs)
            raise ValueError(
                f"exact {what} need independent inputs, but {pairs} are correlated: {sample}"
            )

    def probability(self, *, of: Criterion, tolerance: float = 1e-3) -> Probability:
        """Return the probability of an event about V, however rare it is.

        It is not sampled: V is above a value if a sum of independent terms, one for each ion, is
        above 0, and Gauss rules for the terms give its distribution.

        Parameters
        ----------
        of : Criterion
            An event about V: `above`, `below` or `between`.
        tolerance : float
            Largest error, as a part of the probability.

        Returns
        -------
        Probability
            ``value``, and ``low`` and ``high``, its bounds by the estimated error.

        Raises
        ------
        ValueError
            The tolerance is not reached; the event is about another output, or combines several;
            the model is not GHK of monovalent ions without a pump current; inputs are correlated,
            or parameters are derived from them.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> [f"{space.probability(of=fr.above(v)).value:.3g}" for v in (-55, -25)]
        ['0.0128', '7.35e-08']
        """
        self.check_no_derived("Exact probabilities")
        output, event = resolved_quantity(of, self.cell.model)
        if not isinstance(event, InRange):
            raise ValueError(
                f"probability takes one event about V, as fr.above(-55), got {of!r}: count others "
                "in a sample, as space.sample(10**6).summary(of=event)"
            )
        if not 0 < as_float("tolerance", tolerance) < 1:
            raise ValueError(f"tolerance must be > 0 and < 1, got {tolerance!r}")
        from fastrest.sensitivity.probability import exact_probability

        return exact_probability(self, output, event, tolerance)

    def quantile(self, q: npt.ArrayLike, *, tolerance: float = 0.01) -> Bounded:
        """Return quantiles of V, however far out, from its exact probabilities.

        Parameters
        ----------
        q : array_like
            Probabilities, > 0 and < 1.
        tolerance : float
            Largest error, mV.

        Returns
        -------
        Bounded
            ``value``, and ``low`` and ``high``, its bounds by the estimated error, in mV: numbers,
            or arrays of the shape of `q`.

        Raises
        ------
        ValueError
            The tolerance is not reached, V does not vary, or its distribution is not known exactly:
            see `probability`.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.quantile([0.05, 0.5, 0.95, 1 - 1e-9]).value.round(3)
        array([-78.78 , -70.663, -59.756, -16.85 ])
        """
        self.check_no_derived("Exact quantiles")
        from fastrest.sensitivity.distribution import quantiles

        return quantiles(self, self.cell.model.output("V"), q, tolerance)

    def density(self, v: npt.ArrayLike, *, tolerance: float = 0.01) -> Bounded:
        """Return the probability density of V, from its exact probabilities.

        Parameters
        ----------
        v : array_like
            Potentials, mV.
        tolerance : float
            Largest error, as a part of the density.

        Returns
        -------
        Bounded
            ``value``, and ``low`` and ``high``, its bounds by the estimated error, per mV: numbers,
            or arrays of the shape of `v`.

        Raises
        ------
        ValueError
            The tolerance is not reached, as where the density jumps; V does not vary, or its
            distribution is not known exactly: see `probability`.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.density([-80, -70, -60]).value.round(4)
        array([0.0148, 0.0691, 0.0141])
        """
        self.check_no_derived("Exact densities")
        from fastrest.sensitivity.distribution import density

        return density(self, self.cell.model.output("V"), v, tolerance)

    def dgsm(
        self,
        n: int,
        *,
        of: str = "V",
        rng: Rng = None,
        replicates: int = 4,
        nan_policy: str = "raise",
        threads: int | None = None,
        progress: Progress = False,
    ) -> SobolIndices:
        """Return derivative-based measures: upper bounds of ST for a D-th of its cost.

        Parameters
        ----------
        n : int
            Number of points; V and its exact derivatives are computed once at each.
        of : str
            Name of an output of the model.
        rng, replicates, nan_policy, threads, progress
            As for `sobol`, whose sampled results contain the same measures.

        Returns
        -------
        SobolIndices
            A mapping with the keys ``vi``, the mean squared derivative of V with respect to each
            input (to its logarithm if ``distribution.log``), ``dgsm``, the upper bound of ST that
            follows from it, their half-widths ``vi_conf`` and ``dgsm_conf``, and ``names``.

        Notes
        -----
        ST is at most C vi / Var V, with the Poincare constant C of the input's distribution
        (Lamboni et al. 2013, Roustant et al. 2017). A bound above 1, or infinite as that of a
        discrete input, says nothing about ST: it is printed as "no bound".

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> space.dgsm(2**12, rng=1)["dgsm"].round(2)
        array([0.94, 0.11])
        """
        self.check_no_derived("derivative-based measures")
        from fastrest.sensitivity.pick_freeze import SamplingDesign
        from fastrest.sensitivity.sampled import sampled_indices

        output, event = resolved_quantity(of, self.cell.model)
        if event is not None:
            raise ValueError(f"dgsm needs an output, got {event!r}, which has no derivative")
        seed = seed_of(rng)
        design = SamplingDesign(self, output, None, False, seed, replicates, nan_policy, False)
        return sampled_indices(design, n, None, threads, progress)

    def swings(self, low: float = 0.05, high: float = 0.95, *, of: str = "V") -> Swings:
        """Return V at a low and a high quantile of each input, other inputs at their medians.

        The other inputs stay at their medians even where they are correlated with the one that
        changes, as the result then says. Derived parameters follow the inputs.

        Parameters
        ----------
        low, high : float
            Probabilities of the two quantiles.
        of : str
            Name of an output of the model.

        Returns
        -------
        Swings
            Its ``plot`` is a tornado chart.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> s = space.swings()
        >>> round(s.V, 2), s.V_low.round(2), s.V_high.round(2)
        (-70.79, array([-77.83, -73.61]), array([-59.93, -68.23]))
        """
        from fastrest.sensitivity.one_at_a_time import swings

        return swings(self, low, high, of)


def _check_none(given: Mapping[str, Any], why: str) -> None:
    """Raise the ValueError for the first argument that was given but has no effect."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}={value!r} {why}")
