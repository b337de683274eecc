"""Populations: cells that meet criteria, and the verbs that users call on them."""

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core.validation import aligned, public
from fastrest.models.outputs import with_unit
from fastrest.nouns.sweep_kinds import KINDS
from fastrest.points.inputs import Inputs
from fastrest.points.sample_points import Rng
from fastrest.populations.candidates import PopulationDesign
from fastrest.populations.members import Members, find_members
from fastrest.populations.population_tally import PopulationTally, checked_range, run_pass
from fastrest.populations.statistics import PopulationAnswers
from fastrest.runtime.checkpoint import Checkpoint
from fastrest.runtime.executors import Means, check_executor
from fastrest.runtime.scheduler import Progress
from fastrest.runtime.storage import StrPath

if TYPE_CHECKING:
    import concurrent.futures as cf

    import matplotlib.axes
    import pandas as pd


def count_candidates(
    design: PopulationDesign,
    part: tuple[int, int] | None = None,
    threads: int | None = None,
    executor: "cf.Executor | None" = None,
    progress: Progress = False,
    checkpoint: StrPath | None = None,
) -> "Population":
    """Draw the candidates of a design and judge them: see ``Space.population``."""
    check_executor(executor)
    ranges = [checked_range(design.sample, part)]
    counted = PopulationTally(design)
    load = functools.partial(PopulationTally.load, kinds=KINDS)
    with Checkpoint.opened(checkpoint, load) as file:
        if file:
            counted = file.resume(counted, ranges)
        run_pass(counted, ranges, Means(threads, executor, progress, file))
    return Population(counted)


@public
class Population(PopulationAnswers):
    """Cells that meet criteria, among many candidates: made by ``Space.population``.

    Only counts are stored; members are computed again from their numbers. Where a method takes
    `accepted`, True selects accepted cells, and False all candidates that have a potential under
    every condition.

    Attributes
    ----------
    space : Space
    conditions : dict
        The changes of each condition, by name.
    accept : tuple of Criterion
    method : str
        The method that drew the candidates.
    rng : int
        A number that makes the same population again.
    names : tuple of str
        Parameters that vary: uncertain inputs, then derived parameters.
    n : int
        Number of candidates, in a part those of the part.
    invalid : dict of str to int
        Numbers of candidates that lack a potential under some condition, by the lowest bit of the
        first `Status` that is not 0. They are not accepted, and no criterion counts them.
    accepted : int
        Number of candidates that meet all criteria.
    of : str
        Name of the output that was counted under every condition.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
    >>> accept = [fr.between(-75, -65)]
    >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
    >>> pop.accepted, pop.quantile("leaky", [0.05, 0.95]).round(1)
    (6144, array([-66.9, -54.7]))
    """

    # ---- members ----

    def members(
        self,
        *,
        first: int | None = None,
        sample: int | None = None,
        rng: Rng = None,
        threads: int | None = None,
        max_memory: int | None = None,
    ) -> Members:
        """Return accepted cells: their parameters, and their potentials under every condition.

        The cells are computed again from their numbers, bit-for-bit as they were counted.

        Parameters
        ----------
        first : int, optional
            Number of cells to return, from the first accepted cell on; all if there are fewer.
        sample : int, optional
            Number of cells to draw at random without replacement; all if there are fewer.
        rng : int, SeedSequence, Generator or None
            Source of the random choice: see ``Space.sample``.
        threads, max_memory
            As for ``sweep.values``.

        Returns
        -------
        Members
            Cells in the order of their numbers; all if neither `first` nor `sample` is given.

        Raises
        ------
        MemoryError
            The members do not fit; nothing was allocated.

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
        return find_members(self.tally, first, sample, rng, threads, max_memory)

    def to_dataframe(self, **options: Any) -> "pd.DataFrame":
        """Return members as a pandas table: see `Members.to_dataframe`.

        Parameters
        ----------
        **options
            As for `members`.

        Returns
        -------
        pandas.DataFrame

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-72, -70)])
        >>> list(pop.to_dataframe(first=2).columns)
        ['candidate', 'P_Na', 'V control']
        """
        return self.members(**options).to_dataframe()

    # ---- pictures ----

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the distribution of V under each condition, with the cell's threshold and block.

        Lines show all candidates, filled steps accepted cells. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; by default those of a new pyplot figure.

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
        from fastrest.nouns import population_plots

        return population_plots.potentials(self, ax)

    def plot_marginals(self, axes: Any = None) -> np.ndarray:
        """Draw the distribution of each parameter, as lines for all candidates, filled if accepted.

        Parameters
        ----------
        axes : array_like of matplotlib Axes, optional
            Axes to draw on, at least one per parameter; further axes are switched off.

        Returns
        -------
        ndarray of matplotlib Axes, (parameters,)
            Axes in the order of `names`.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> pop.plot_marginals().shape
        (2,)
        """
        from fastrest.nouns import population_plots

        return population_plots.marginals(self, axes)

    def plot_pairs(self, names: Sequence[str] | None = None, axes: Any = None) -> np.ndarray:
        """Draw at most 2000 accepted cells over each pair of parameters.

        Parameters
        ----------
        names : sequence of str, optional
            Parameters; all by default.
        axes : array_like of matplotlib Axes, optional
            A square of axes to draw on, row by row.

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
        from fastrest.nouns import population_plots

        return population_plots.pairs(self, names, axes)

    def plot_transition(
        self,
        before: str,
        after: str,
        ax: "matplotlib.axes.Axes | None" = None,
        *,
        accepted: bool = True,
    ) -> "matplotlib.axes.Axes":
        """Draw the numbers of cells that go from class to class: see `transition`.

        Parameters
        ----------
        before, after : str
            As for `transition`.
        ax : matplotlib Axes, optional
            Axes to draw on; by default those of a new pyplot figure.
        accepted : bool
            As for `transition`.

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
        from fastrest.nouns import population_plots

        found = self.transition(before, after, accepted=accepted)
        title, notes = population_plots.words_of_transition(self, accepted)
        return population_plots.transition(found, ax, title, notes)

    # ---- files ----

    def save_counts(self, path: "str | os.PathLike[str]", *, overwrite: bool = False) -> None:
        """Write the counts to a file, which `load` and `merge` read.

        Parameters
        ----------
        path : path
            File to write; an existing file is replaced if fastrest wrote it.
        overwrite : bool
            True to replace a file that fastrest did not write.

        Raises
        ------
        FileExistsError
            There is a file that fastrest did not write.
        OSError
            The file cannot be written.

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
        self.tally.save(path, overwrite=overwrite)

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Population":
        """Read a file written by `save_counts`, or a checkpoint, finished or not.

        Parameters
        ----------
        path : path
            File to read.

        Returns
        -------
        Population

        Raises
        ------
        ValueError
            The file is not of this kind, was cut off or changed, or is of a later format.

        Examples
        --------
        >>> import tempfile, fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
        >>> pop = space.population(10**5, rng=1, accept=[fr.between(-75, -65)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pop.save_counts(f"{folder}/counts")
        ...     fr.Population.load(f"{folder}/counts").accepted == pop.accepted
        True
        """
        return cls(PopulationTally.load(path, KINDS))

    # ---- manners ----

    def __getstate__(self) -> tuple[Inputs, dict[str, Any]]:
        tally = self.tally
        content = {"bits": tally.bits, "done": tally.done, **tally.content()}
        return self.space, {"description": tally.description, "digest": tally.digest, **content}

    def __setstate__(self, state: tuple[Inputs, dict[str, Any]]) -> None:
        space, content = state
        kinds: Any = {**KINDS, "Space": lambda *arguments: space}
        super().__init__(PopulationTally.of_content(content, kinds))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Population):
            return NotImplemented
        return bool(self.tally == other.tally)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        tally, valid = self.tally, self.tally.counts.valid
        of = f"{self.n:,} candidates"
        if self.n < tally.points:
            of += f", a part of {tally.points:,},"
        low, high = (f"{100 * limit:.4g}" for limit in self.interval)
        if self.accepted:
            head = f"{self.accepted:,} of {of} accepted, {_percent(self.fraction)}"
        else:
            head = f"none of {of} accepted"
        lines = [f"<Population: {head} (95 % interval {low} to {high} %)", repr(self.space.cell)]
        if self.accepted:
            found = {name: self.summary(name) for name in self.conditions}
            texts = [f"{name} {V.mean:.2f} ± {V.sd:.2f}" for name, V in found.items()]
            values = with_unit(", ".join(texts), self.space.cell.model.outputs[self.of])
            lines.append(f"{self.of} of accepted cells, mean ± sd: {values}")
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

    def _repr_html_(self) -> str:
        """Return accepted cells, potentials and criteria as tables for notebooks."""
        from fastrest.physiology.cell_html import cell_html
        from fastrest.plotting import html

        low, high = (f"{100 * limit:.4g}" for limit in self.interval)
        parts = [html.line(f"{_percent(self.fraction)} (95 % interval {low} to {high} %)")]
        if self.accepted:
            unit = self.space.cell.model.outputs[self.of].unit
            found = {name: self.summary(name) for name in self.conditions}
            rows = [[name, f"{V.mean:.2f}", f"{V.sd:.2f}"] for name, V in found.items()]
            heading = f"{self.of} of accepted cells" + (f" ({unit})" if unit else "")
            parts.append(html.table([heading, "mean", "sd"], rows))
        if self.accept and self.tally.counts.valid:
            alone = self.rejected_only_by
            rows = [[repr(one), f"{n:,}", f"{alone[one]:,}"] for one, n in self.rejected_by.items()]
            parts.append(html.table(["criterion", "rejects", "it alone"], rows))
        counts = ", ".join(f"{n:,} {reason}" for reason, n in self.invalid.items())
        parts.append(html.line(f"without a potential: {counts}" if counts else ""))
        cell = self.space.cell
        parts.append(html.folded(cell.name or "cell", cell_html(cell)))
        return html.block(f"{self.accepted:,} of {self.n:,} candidates accepted", *parts)


def _percent(part: float) -> str:
    return f"{100 * part:.4g} %"
