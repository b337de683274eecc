"""Answers about many points of one cell, found without keeping their values."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Comparable, Frozen, as_numbers
from fastrest.models.solutions import solution
from fastrest.physiology.criteria import Criterion
from fastrest.physiology.rundown import checked_times
from fastrest.points.points import Points
from fastrest.runtime.ranges import checked_part
from fastrest.runtime.scheduler import Progress
from fastrest.runtime.system import bytes_text, part_of_points

if TYPE_CHECKING:
    import concurrent.futures
    import os

    from fastrest.reductions.base import Reducer
    from fastrest.reductions.classes import ClassesAnswer
    from fastrest.reductions.histograms import HistogramAnswer
    from fastrest.reductions.summaries import SummaryAnswer
    from fastrest.reductions.tally import Tally


class SweepAnswers(Points):
    """Points that can be asked for summaries: the verbs of a `Sweep` that reduce its values."""

    #: the noun of points at several times
    courses: ClassVar[Any]

    def points_of(self, quantities: Iterable[Any]) -> Any:
        """Return the points that have values of some quantities."""
        return self

    def reduce(
        self,
        *reducers: Reducer,
        method: str = "auto",
        engine: str | None = None,
        threads: int | None = None,
        executor: concurrent.futures.Executor | None = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> tuple[Any, ...]:
        """Answer several questions about the potentials without storing them.

        Parameters
        ----------
        *reducers : Reducer
            `Summary`, `Histogram`, `Quantile`, `Fraction`, `Classes`.
        method : {"auto", "factored", "pointwise"}
            "factored" computes the answer from the logarithms of a grid's two sums, without
            visiting its points; it needs a grid that factors. Counts, extrema and quantiles are
            the same by both methods; mean and sd agree within 1e-12 mV.
        engine : str, optional
            An instruction set of `fastrest.info`.
        threads : int, optional
            As for `values`. The answers are bit-for-bit identical for any number of threads.
        executor : concurrent.futures.Executor or dask.distributed.Client, optional
            Its workers count, with one thread each unless `threads` is given: those of a
            ``ProcessPoolExecutor``, a ``Client``, an ``MPIPoolExecutor``. A factored count of some
            seconds is made without them.
        workers : int, optional
            The number of workers, where the executor does not tell it.
        progress, max_memory
            As for `values`.
        checkpoint : path, optional
            A file to which the counts are saved every few seconds, and on Ctrl-C: the same call
            resumes from it. A checkpoint of another sweep or of other reducers is refused.

        Returns
        -------
        tuple
            The answers, in the order asked.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> s, part = sweep.reduce(fr.Summary(), fr.Fraction(below=-55))
        >>> round(s.mean, 2), part
        (-48.37, 0.293)
        """
        from fastrest.reductions.running import tally

        points = self.points_of(getattr(one, "of", "V") for one in reducers)
        how = threads, executor, progress, max_memory, checkpoint, None, workers
        return tally(points, reducers, method, engine, *how).answers()

    def rundown(
        self,
        protocol: Mapping[float, Any],
        *,
        time: npt.ArrayLike,
        diameter: float,
        volume: str = "free",
        tol: float = 1e-7,
    ) -> Any:
        """Follow each point in time after its pump, its bath or its membrane has changed.

        Parameters
        ----------
        protocol : dict of float to dict or State
            As for ``cell.rundown``. Multiples by `times` are those of each point's own value.
        time : float or array_like
            Times of the answer, s, not decreasing.
        diameter : float
            Of a sphere, um. To vary it, sweep a cell of ``cell.after``.
        volume, tol
            As for ``cell.rundown``.

        Returns
        -------
        Courses
            A `Sweep` with a further dimension, ``time``; of one time, a sweep of the same kind as
            this one. ``fr.time_to(V)``, as `of`, has a value for each cell.

        Raises
        ------
        ValueError
            The cell is not living, or an argument breaks a rule.

        Examples
        --------
        >>> import fastrest as fr
        >>> living = fr.cells["mammalian neuron"].living(R_m=7)
        >>> sample = fr.space(living, P_Cl=fr.lognormal(cv=0.5)).sample(1000, rng=1)
        >>> run = sample.rundown({0: fr.states["pump block"]}, time=[0, 600, 3600], diameter=20)
        >>> run.dims, run.values()[0].round(2)
        (('sample', 'time'), array([-64.99, -58.38, -26.65]))
        >>> run.quantile([0.1, 0.5, 0.9], of=fr.time_to(-55)).round()
        array([879., 905., 920.])
        """
        times = checked_times(np.atleast_1d(time) if np.ndim(time) == 0 else time)
        cell = self.cell.after(
            protocol, time=float(times[-1]), diameter=diameter, volume=volume, tol=tol
        )
        cells = self.with_cell(cell)
        return cells if np.ndim(time) == 0 else self.courses(cells, times)

    def solve(
        self,
        parameter: str,
        *,
        V: npt.ArrayLike,
        engine: str | None = None,
        threads: int | None = None,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """Return the value of a parameter at which V has a given value, at every point.

        Zero net current at a given V is linear in each permeability and concentration, so the
        answers are closed forms. The parameter's own values do not count. In other verbs,
        `of` takes `solution`, which also tells the status.

        Parameters
        ----------
        parameter : str
            A permeability, a concentration, `pump_ratio`, or `pump_max` of a constant pump.
        V : float or array_like
            Potential, mV.
        engine, threads, max_memory
            As for `values`.

        Returns
        -------
        ndarray of `shape`, followed by the shape of `V`
            In the parameter's unit; NaN where no value gives that potential.

        Raises
        ------
        ValueError
            The model has no solutions in sweeps, or the parameter is unknown.
        MemoryError
            The result does not fit; nothing was allocated.

        Examples
        --------
        >>> import fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], P_Na=[0.02, 0.04, 0.08])
        >>> sweep.solve("K_out", V=[-70, -60]).round(2)
        array([[ 7.78, 14.06],
               [ 4.9 , 11.19],
               [  nan,  5.45]])
        """
        targets = as_numbers("V", V).astype(np.float64)
        asked = [self.asked(solution(parameter, V=one)) for one in targets.ravel().tolist()]
        need = 8 * len(self) * len(asked)
        self.check_memory(need, max_memory, "ask for one potential at a time, or fewer points")
        found = np.empty((*self.shape, len(asked)))
        for k, points in enumerate(asked):
            points.compute(found[..., k], None, engine, threads, False)
        return found.reshape(*self.shape, *targets.shape)

    def _repr_html_(self) -> str:
        """Return a table of the axes or inputs for notebooks, and the cell at a click."""
        from fastrest.physiology.cell_html import cell_html
        from fastrest.plotting import html

        last = f"values(): {bytes_text(8 * len(self))}; {self.route_text()}"
        lines = [*self.repr_lines(), last]
        parts = [one.partition(":" if ":" in one else " ") for one in lines]
        rows = [[name, text.strip()] for name, _, text in parts]
        return html.block(
            f"{type(self).__name__} of {len(self):,} points",
            html.table([], rows, 2),
            html.folded(self.cell.name or "cell", cell_html(self.cell)),
        )

    def part(self, k: int, n: int) -> Part:
        """Return one of n parts of about equal size, to be counted on its own and merged.

        Parts are for machines that share only files: count ``sweep.part(k, n)`` in job k of n, save
        its tally, and combine the tallies with `merge`.

        Parameters
        ----------
        k : int
            Number of the part, from 0 to n - 1.
        n : int
            Number of parts.

        Returns
        -------
        Part
            Its method ``tally(*reducers)`` counts the part.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
        >>> sweep.part(0, 2).tally(fr.Summary())
        <Tally of 131,072 of 200,000 points: Summary(); pointwise>
        """
        return Part(self, k, n)

    def summary(self, *, of: str | Criterion = "V", **options: Any) -> SummaryAnswer:
        """Return number, mean, sd, extrema and invalid points: see `Summary`.

        Parameters
        ----------
        of : str or Criterion
            Name of an output of the model, or an event, as for `values`.
        **options
            As for `reduce`.

        Returns
        -------
        SummaryAnswer

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> s = sweep.summary()
        >>> s.n, round(s.mean, 2), round(s.max, 2)
        (1000, -48.37, -31.29)
        """
        from fastrest.reductions.summaries import Summary

        answer: SummaryAnswer = self.reduce(Summary(of=of), **options)[0]
        return answer

    def histogram(
        self,
        bins: int | npt.ArrayLike = 200,
        range: tuple[float, float] = (-100.0, 0.0),
        *,
        of: str | Criterion = "V",
        **options: Any,
    ) -> HistogramAnswer:
        """Return counts between edges: see `Histogram`.

        Parameters
        ----------
        bins : int or array_like
            Number of bins, or their edges, mV.
        range : tuple of float
            First and last edge, mV, if `bins` is a number.
        of, **options
            As for `summary`.

        Returns
        -------
        HistogramAnswer

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> sweep.histogram(bins=[-80, -60, -40, -20]).counts
        array([208, 457, 335])
        """
        from fastrest.reductions.histograms import Histogram

        answer: HistogramAnswer = self.reduce(Histogram(bins, range, of=of), **options)[0]
        return answer

    def quantile(self, q: npt.ArrayLike, *, of: str = "V", **options: Any) -> np.ndarray:
        """Return order statistics, mV: see `Quantile`.

        Parameters
        ----------
        q : array_like of float
            Probabilities from 0 to 1.
        of, **options
            As for `summary`.

        Returns
        -------
        ndarray of the shape of `q`

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> np.round(sweep.quantile([0.05, 0.5, 0.95]), 2)
        array([-73.06, -45.67, -32.43])
        """
        from fastrest.reductions.summaries import Quantile

        answer: np.ndarray = self.reduce(Quantile(q, of=of), **options)[0]
        return answer

    def fraction(
        self,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
        of: str | Criterion = "V",
        **options: Any,
    ) -> float:
        """Return the fraction of valid points in a range: see `Fraction`.

        Parameters
        ----------
        below, above : float, optional
            Bounds in mV: V < below, V > above.
        between : tuple of float, optional
            The range a <= V <= b, mV.
        of, **options
            As for `summary`.

        Returns
        -------
        float

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> sweep.fraction(between=(-70, -50))
        0.315
        """
        from fastrest.reductions.histograms import Fraction

        asked = Fraction(below=below, above=above, between=between, of=of)
        answer: float = self.reduce(asked, **options)[0]
        return answer

    def classify(
        self,
        threshold: float | None = None,
        block: float | None = None,
        lower: float | None = None,
        *,
        of: str = "V",
        **options: Any,
    ) -> ClassesAnswer:
        """Return counts per excitability class: see `Classes`.

        Parameters
        ----------
        threshold, block, lower : float, optional
            Boundaries, mV; the cell's own by default.
        of : str
            "V", the only output that has excitability classes.
        **options
            As for `reduce`.

        Returns
        -------
        ClassesAnswer

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> dict(sweep.classify())
        {'resting': 293, 'suprathreshold': 372, 'depolarisation block': 335}
        """
        from fastrest.reductions.classes import Classes

        answer: ClassesAnswer = self.reduce(Classes(threshold, block, lower, of=of), **options)[0]
        return answer


class Part(Comparable, Frozen):
    """One of n parts of a sweep: made by ``sweep.part(k, n)``.

    Examples
    --------
    >>> import fastrest as fr
    >>> values = [1 + i / 100 for i in range(500)]
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=values, Na_in=values)
    >>> parts = [sweep.part(k, 2).tally(fr.Summary()) for k in range(2)]
    >>> fr.merge(parts) == sweep.reduce(fr.Summary())
    True
    """

    sweep: SweepAnswers
    k: int
    n: int

    def __init__(self, sweep: SweepAnswers, k: int, n: int):
        k, n = checked_part(k, n)
        vars(self).update(sweep=sweep, k=k, n=n)

    def tally(self, *reducers: Reducer, method: str = "auto", **options: Any) -> Tally:
        """Return the tally of this part for some reducers.

        Parameters
        ----------
        *reducers : Reducer
            Reducers that need one pass: `Quantile` needs several and is refused.
        method : {"auto", "factored", "pointwise"}
            As for ``sweep.reduce``.
        **options
            As for ``sweep.reduce``.

        Returns
        -------
        Tally

        Raises
        ------
        ValueError
            A reducer needs several passes, or the reducers ask about several quantities.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
        >>> sweep.part(1, 2).tally(fr.Summary())
        <Tally of 68,928 of 200,000 points: Summary(); pointwise>
        """
        from fastrest.reductions import running
        from fastrest.reductions.base import Reducer

        for one in reducers:
            if isinstance(one, Reducer) and one.passes != 1:
                raise ValueError(
                    f"{one!r} needs several passes over the whole sweep: use executor= or "
                    "checkpoint= instead of parts"
                )
        running.check_reducers(self.sweep, reducers)
        sweep = self.sweep.points_of(one.of for one in reducers)
        methods = running.choose_methods(sweep, reducers, method)
        if len(methods) > 1:
            names = " and ".join(str(of) for of in methods)
            raise ValueError(
                f"the reducers of a part ask about one quantity, got {names}: tally each alone"
            )
        ((of, chosen),) = methods.items()
        unit = running.pass_over(sweep.asked(of), chosen).unit
        ranges = [part_of_points(len(sweep), self.k, self.n, unit)]
        options |= {"ranges": ranges, "part": (self.k, self.n), "method": chosen}
        return running.tally(sweep, reducers, **options)

    def __repr__(self) -> str:
        return f"<part {self.k} of {self.n} of {self.sweep!r}>"
