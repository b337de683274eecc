"""Sweeps: a cell with some parameters varied, over a grid, along a table, or at random.

A sweep knows its points and how to compute a range of them; `engine` decides when and where.
"""

import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import engine
from ._kernels import Equation
from .cell import Cell
from .physics import Frozen, Parameter, Status, whole_number
from .reduce import (
    Classes,
    ClassesAnswer,
    Fraction,
    Histogram,
    HistogramAnswer,
    Quantile,
    Reducer,
    Summary,
    SummaryAnswer,
)

if TYPE_CHECKING:
    import concurrent.futures
    import os

    import matplotlib.axes
    import pandas as pd
    import xarray as xr

    from .grids import Axis
    from .tally import Tally

#: Names of what a sweep computes, in its Dataset and its data frame.
RESULTS = ("V", "status")
#: What they are, for Datasets.
V_LABELS = {"long_name": "membrane potential", "units": "mV"}
STATUS_LABELS = {
    "long_name": "status",
    "flag_masks": [int(bit) for bit in Status],
    "flag_meanings": " ".join(str(bit.name) for bit in Status),
}
#: Points at a time in the pure-Python reference, and in conversions of a table's columns.
PYTHON_BLOCK = 1 << 10
#: Of a range of points: columns, the point that is their first, and the part they are good for.
Pieces = Callable[[int, int], Iterable[tuple[list[Any], int, int, int]]]


class Sweep(Frozen):
    """Many points of one cell: made by `grid`, `table` and ``space.sample``.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    dims : tuple of str
        Names of the dimensions.
    shape : tuple of int
        Their lengths; ``len(sweep)`` is the number of points, numbered in C order.
    """

    cell: Cell
    dims: tuple[str, ...]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.shape)

    # ---- what a kind of sweep provides ----

    #: how the points are computed: "factored" or "pointwise"
    route: str = "pointwise"
    #: most blocks of points that a thread takes at once
    blocks_per_task: int = engine.BLOCKS_PER_TASK
    #: what a grid's points are combined from: without axes every point has values of its own
    axes: tuple["Axis", ...] = ()
    #: arrays of varied parameters by name, and columns that are carried along
    _inputs: Mapping[str, np.ndarray]
    _kept: Mapping[str, np.ndarray] = types.MappingProxyType({})

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the parameters that vary."""
        return tuple(self._inputs)

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Values of the varied parameters at chosen points.

        Parameters
        ----------
        indices : array_like of int
            Flat numbers of points, in C order.

        Returns
        -------
        dict of str to ndarray
            For every varied parameter an array of the shape of `indices`.
        """
        raise NotImplementedError

    def _beside(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """What stands beside the potentials of a range of points: varied parameters, labels of
        axes, columns that are carried along."""
        raise NotImplementedError

    def _stored(self) -> dict[str, np.ndarray]:
        """The columns that files must hold for the sweep to be made again."""
        return {}

    def _points(self) -> tuple[Equation, Pieces]:
        """The model's equation, and a function that gives the columns of a range of points."""
        raise NotImplementedError

    def _prepare(self, isa: str, threads: int | None) -> tuple[Equation, Pieces]:
        """The same, of the equation that potentials are computed with: the model's, or parts."""
        return self._points()

    def _work_bytes(self) -> int:
        """Memory that computing takes, beside the result."""
        return 0

    def _rows(self, start: int, stop: int) -> tuple["Sweep", int]:
        """A sweep that has a range of points, for another process, and the point it begins at."""
        return self, 0

    def _reads_far(self) -> bool:
        """Whether the inputs come from beyond the caches."""
        return False

    # ---- verbs ----

    def values(
        self,
        out: np.ndarray | None = None,
        dtype: npt.DTypeLike = "float64",
        *,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """Membrane potential at every point.

        Parameters
        ----------
        out : ndarray of `shape`, float64 or float32, optional
            Where to write, any strides; a memmap writes to its file. Must not share memory with
            an input.
        dtype : float64 or float32
            Of the result, if `out` is not given. float32 is the float64 result, rounded once.
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of `fastrest.info`.
        threads : int, optional
            Default: the CPUs this process may use (one below 10^5 points), or the environment
            variable ``FASTREST_NUM_THREADS``. The result does not depend on it.
        progress : bool or callable
            True draws a bar (needs tqdm); else called as ``progress(done, total)``.
        max_memory : int, optional
            Bytes that may be allocated; default what the system has to give.

        Returns
        -------
        ndarray of `shape`
            Potential in mV, inside minus outside. NaN or +-inf where `status` is not 0.

        Raises
        ------
        MemoryError
            The result does not fit; nothing was allocated.
        ValueError
            `out` has a wrong shape, dtype or layout, or overlaps an input.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> np.round(sweep.values(), 2)
        array([-73.95, -69.81, -64.61])
        """
        if out is None:
            dtype = checked_dtype(dtype)
            self._check_memory(
                len(self) * dtype.itemsize,
                max_memory,
                "pass out=np.lib.format.open_memmap(...), dtype='float32', or fewer points",
            )
            out = np.empty(self.shape, dtype)
        else:
            self._check_out(out)
            self._check_memory(0, max_memory, "sweep fewer points at a time")
        self._compute(out, None, engine, threads, progress)
        return out

    def status(
        self,
        *,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """What is wrong with each point: 0 is fine, else the bits of `Status`.

        Options are those of `values`.

        Returns
        -------
        ndarray of `shape`, uint8

        Examples
        --------
        >>> import fastrest as fr
        >>> sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": [5.0, -1.0]})
        >>> sweep.status()
        array([0, 2], dtype=uint8)
        >>> fr.Status(2)
        <Status.NEGATIVE: 2>
        """
        self._check_memory(len(self), max_memory, "sweep fewer points at a time")
        status = np.empty(self.shape, np.uint8)
        self._compute(None, status, engine, threads, progress)
        return status

    def gradient(
        self,
        *parameters: str,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> dict[str, np.ndarray]:
        """How the potential follows each parameter, at every point.

        Parameters
        ----------
        *parameters : str
            Of the model, varied or not; all if none is named.
        engine, threads, progress, max_memory
            As for `values`. The result does not depend on `threads`, to the bit.

        Returns
        -------
        dict of str to ndarray of `shape`
            Derivatives of the potential, mV per unit of the parameter (mM, °C, or relative); NaN
            where `status` is not 0. `Cell.gradient` says what they are at the edges of domains.

        Raises
        ------
        ValueError
            A parameter is unknown.
        MemoryError
            The result does not fit; nothing was allocated.

        Notes
        -----
        Exact derivatives of the equations (not differences), from the sums that V is made of.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> np.round(sweep.gradient("K_out")["K_out"], 3)
        array([2.237, 1.916, 1.577])
        """
        from . import gradients

        return gradients.of_sweep(self, parameters, engine, threads, progress, max_memory)

    def reduce(
        self,
        *reducers: Reducer,
        method: str = "auto",
        engine: str | None = None,
        threads: int | None = None,
        executor: "concurrent.futures.Executor | None" = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
        checkpoint: "str | os.PathLike[str] | None" = None,
    ) -> tuple[Any, ...]:
        """Several answers about the potentials, from the same passes, without keeping them.

        Parameters
        ----------
        *reducers : Reducer
            `Summary`, `Histogram`, `Quantile`, `Fraction`, `Classes`.
        method : {"auto", "factored", "pointwise"}
            "factored" reads the answer off the logarithms of a grid's two sums, without visiting
            its points; it needs a grid that factors. Counts, extrema and quantiles are the same
            by either method, mean and sd within 1e-12 mV.
        engine : str, optional
            An instruction set of `fastrest.info`.
        threads, progress, max_memory
            As for `values`. The answers do not depend on `threads`, to the bit.
        executor : concurrent.futures.Executor, optional
            Whose workers count instead, with one thread each unless `threads` says more: a
            ``ProcessPoolExecutor``, Dask's ``client.get_executor()``, an ``MPIPoolExecutor``.
        checkpoint : path, optional
            A file in which the count is kept every few seconds, and on Ctrl-C: the same call goes
            on from there. It is refused if it is of another sweep or of other reducers.

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
        from . import passes

        return passes.tally(
            self,
            reducers,
            method=method,
            engine=engine,
            threads=threads,
            executor=executor,
            progress=progress,
            max_memory=max_memory,
            checkpoint=checkpoint,
        ).answers()

    def part(self, k: int, n: int) -> "Part":
        """One of n parts of the sweep, about equal, to be counted on its own and merged.

        For machines that share nothing but files: count ``sweep.part(k, n)`` in job k of n, save
        its tally, and put the answers together with `merge`.

        Parameters
        ----------
        k : int
            From 0 to n - 1.
        n : int
            Number of parts.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
        >>> sweep.part(0, 2).tally(fr.Summary())
        <Tally of 131,072 of 200,000 points: Summary(); pointwise>
        """
        return Part(self, k, n)

    def summary(self, **options: Any) -> SummaryAnswer:
        """Number, mean, sd, extrema and invalid points: see `Summary`; options as for `reduce`."""
        answer: SummaryAnswer = self.reduce(Summary(), **options)[0]
        return answer

    def histogram(
        self,
        bins: int | npt.ArrayLike = 200,
        range: tuple[float, float] = (-100.0, 0.0),
        **options: Any,
    ) -> HistogramAnswer:
        """Counts between edges: see `Histogram`; options as for `reduce`."""
        answer: HistogramAnswer = self.reduce(Histogram(bins, range), **options)[0]
        return answer

    def quantile(self, q: npt.ArrayLike, **options: Any) -> np.ndarray:
        """Order statistics, mV: see `Quantile`; options as for `reduce`.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> np.round(sweep.quantile([0.05, 0.5, 0.95]), 2)
        array([-73.06, -45.67, -32.43])
        """
        answer: np.ndarray = self.reduce(Quantile(q), **options)[0]
        return answer

    def fraction(
        self,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
        **options: Any,
    ) -> float:
        """Part of the valid points in a range: see `Fraction`; options as for `reduce`.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> sweep.fraction(between=(-70, -50))
        0.315
        """
        answer: float = self.reduce(Fraction(below=below, above=above, between=between), **options)[
            0
        ]
        return answer

    def classify(
        self,
        threshold: float | None = None,
        block: float | None = None,
        lower: float | None = None,
        **options: Any,
    ) -> ClassesAnswer:
        """Counts per excitability class: see `Classes`; options as for `reduce`.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
        >>> dict(sweep.classify())
        {'resting': 293, 'suprathreshold': 372, 'depolarisation block': 335}
        """
        answer: ClassesAnswer = self.reduce(Classes(threshold, block, lower), **options)[0]
        return answer

    def to_xarray(self, **options: Any) -> "xr.Dataset":
        """Potentials and status with labels, units and the cell's other values.

        Parameters
        ----------
        **options
            engine, threads, progress and max_memory as for `values`.

        Returns
        -------
        xarray.Dataset
            ``V`` and ``status``; varied parameters are coordinates along their dimension, the
            others scalar coordinates, all with units.

        Examples
        --------
        >>> import fastrest as fr
        >>> ds = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_xarray()
        >>> round(float(ds.V.sel(K_out=5.0)), 2), ds.V.attrs["units"]
        (-69.81, 'mV')
        """
        import xarray as xr

        if not self.axes:  # coordinates are as long as the results
            need = len(self) * (9 + 8 * len(self._beside(0, 1)))
            instead = "use values(out=...), or fewer points"
            self._check_memory(need, options.get("max_memory"), instead)
        values, status = self._values_and_status(**options)
        return xr.Dataset(
            {
                "V": (self.dims, values, V_LABELS),
                "status": (self.dims, status, STATUS_LABELS),
            },
            coords={**self._constants(), **self._coordinates()},
            attrs=self._attributes(),
        )

    def to_dataframe(self, **options: Any) -> "pd.DataFrame":
        """A pandas table, a row per point: varied parameters, labels, ``V`` (mV) and ``status``.

        Options are those of `values`.

        Examples
        --------
        >>> import fastrest as fr
        >>> frame = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_dataframe()
        >>> list(frame.columns)
        ['K_out', 'V', 'status']
        """
        import pandas as pd

        # pandas takes a copy of what it is given
        need = 2 * len(self) * (9 + 8 * len(self._beside(0, 1)))
        instead = "use to_xarray(), values(out=...), or fewer points"
        self._check_memory(need, options.get("max_memory"), instead)
        values, status = self._values_and_status(**options)
        columns = self._beside(0, len(self))
        return pd.DataFrame({**columns, "V": values.ravel(), "status": status.ravel()})

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the sweep: a grid's curve or heat map, a table's points, a sample's histogram.

        Lines and contours mark the cell's threshold and block (-55 and -40 mV for neurons), which
        are conventions. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; the current axes by default.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.sweep(self, ax)

    def blocks(
        self, *, engine: str | None = None, threads: int | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Potentials block by block, for what no array in memory holds.

        Parameters
        ----------
        engine, threads
            As for `values`.

        Yields
        ------
        where : slice
            The points, as flat numbers in C order; ``sweep.parameters`` takes their numbers.
        values : ndarray, 1-D
            Their potentials in mV, the same to the bit as in `values`; an array of its own.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 2_000_000))
        >>> for where, values in sweep.blocks():
        ...     print(where.start, where.stop, round(float(values.max()), 2))
        0 1048576 -44.74
        1048576 2000000 -31.29
        """
        from . import output

        return output.blocks(self, engine, threads)

    def save(
        self,
        path: "str | os.PathLike[str]",
        *,
        dtype: npt.DTypeLike = "float64",
        threads: int | None = None,
        progress: engine.Progress = False,
        engine: str | None = None,
    ) -> None:
        """Write the potentials to a file or folder, block by block; `load` gives the sweep back.

        If it is interrupted or killed, the same call goes on from where it was: until the output
        is whole, it stands in ``PATH.part``, with a ``PATH.part.json`` that records what is done.

        Parameters
        ----------
        path : path
            Its suffix is the format:

            ``.npy``
                NumPy's file of the sweep's shape, with a ``.npy.json`` beside it that says what
                it is; the columns of a table are in ``.npy.columns.npz``. An existing file is
                replaced at the end.
            ``.zarr``
                A folder that ``xarray.open_zarr`` opens as the Dataset of `to_xarray`: ``V``,
                ``status``, and coordinates with units. Needs zarr.
            ``.parquet``
                A folder of files that ``pandas.read_parquet`` reads as one data frame, as of
                `to_dataframe`: a row per point, in order. Needs pyarrow.

            A folder is replaced, at the end, if it is the output of an earlier save.
        dtype : float64 or float32
            Of the potentials, which are the same to the bit as from ``values(dtype=dtype)``.
        threads, progress, engine
            As for `values`.

        Raises
        ------
        ValueError
            The suffix is unknown, or an unfinished save of another sweep is in the way.
        TypeError
            A carried column holds other things than numbers, text and dates.
        FileExistsError
            A folder of this name exists and is no output of fastrest.
        OSError
            There is too little room on the disk, or the folder cannot be written.

        Examples
        --------
        >>> import tempfile, numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sweep.save(f"{folder}/v.npy")
        ...     print(np.round(np.load(f"{folder}/v.npy"), 2))
        [-73.95 -69.81 -64.61]
        """
        from . import output

        output.save(self, path, dtype, threads, progress, engine)

    # ---- shared steps ----

    def _compute(
        self,
        out: np.ndarray | None,
        status: np.ndarray | None,
        engine_name: str | None,
        threads: int | None,
        progress: engine.Progress,
    ) -> None:
        compute, threads = self._computer(engine_name, threads)
        contiguous = out is None or out.flags.c_contiguous or out.ndim == 1
        # a view, never a copy: a result of any layout is written in place, or through .flat
        flat = out.reshape(-1) if out is not None and contiguous else None
        flat_status = None if status is None else status.reshape(-1)
        stream = out is not None and out.nbytes >= engine.STREAM_BYTES

        def work(start: int, stop: int) -> None:
            part_status = None if flat_status is None else flat_status[start:stop]
            if out is None:
                compute(start, stop, None, part_status, False)
            elif contiguous:
                compute(start, stop, flat[start:stop], part_status, stream)  # type: ignore[index]
            else:
                part = np.empty(stop - start, out.dtype)
                compute(start, stop, part, part_status, False)
                out.flat[start:stop] = part

        engine.run(work, len(self), threads=threads, progress=progress, units=self.blocks_per_task)

    def _computer(
        self, engine_name: str | None, threads: int | None
    ) -> tuple[Callable[..., None], int | None]:
        """A function that computes a range of points, and the threads to call it from."""
        isa = engine.choose(engine_name)
        if isa == engine.PYTHON:
            return self._python, 1
        return self._kernel(isa, threads), threads

    def _kernel(self, isa: str, threads: int | None) -> Callable[..., None]:
        equation, pieces = self._prepare(isa, threads)

        def compute(start: int, stop: int, out: Any, status: Any, stream: bool) -> None:
            for columns, first, lo, hi in pieces(start, stop):
                equation.points(
                    columns,
                    lo - first,
                    hi - lo,
                    None if out is None else out[lo - start : hi - start],
                    None if status is None else status[lo - start : hi - start],
                    stream=stream,
                    isa=isa,
                )

        return compute

    def _python(
        self,
        start: int,
        stop: int,
        out: np.ndarray | None,
        status: np.ndarray | None,
        stream: bool,
    ) -> None:
        """The pure-Python reference over a range of points."""
        model = self.cell.model
        for i, values in self._values_of(start, stop):
            V, bits = model.reference(model, values)
            if out is not None:
                out[i - start] = V
            if status is not None:
                status[i - start] = bits

    def _values_of(self, start: int, stop: int) -> Iterator[tuple[int, dict[str, float]]]:
        """The points of a range, and the values of all parameters there, in one dict."""
        values = dict(self.cell)
        for lo in range(start, stop, PYTHON_BLOCK):
            hi = min(lo + PYTHON_BLOCK, stop)
            varied = {n: v.tolist() for n, v in self.parameters(np.arange(lo, hi)).items()}
            for i, row in enumerate(zip(*varied.values(), strict=True), lo):
                values.update(zip(varied, row, strict=True))
                yield i, values

    def _values_and_status(
        self,
        engine: str | None = None,
        threads: int | None = None,
        progress: engine.Progress = False,
        max_memory: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        self._check_memory(len(self) * 9, max_memory, "use values(out=...), or fewer points")
        values, status = np.empty(self.shape), np.empty(self.shape, np.uint8)
        self._compute(values, status, engine, threads, progress)
        return values, status

    def _check_memory(self, result: int, max_memory: int | None, instead: str) -> None:
        need = result + self._work_bytes()
        engine.check_memory(need, max_memory, f"{len(self):,} points; {instead}")

    def _check_out(self, out: Any) -> None:
        if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
            raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
        if out.shape != self.shape:
            raise ValueError(f"out must have shape {self.shape}, got {out.shape}")
        if out.dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ValueError(f"out must be native float64 or float32, got dtype {out.dtype}")
        if not out.flags.writeable:
            raise ValueError("out must be writeable, got a read-only array")
        if not out.flags.aligned:
            raise ValueError("out must be aligned")
        for name, array in {**self._inputs, **self._kept}.items():
            if np.shares_memory(out, array):
                raise ValueError(f"out must not share memory with {name}: pass another array")

    def _constants(self) -> dict[str, Any]:
        """The cell's values as scalar coordinates."""
        parameters = self.cell.model.parameters
        return {name: ((), value, labelled(parameters[name])) for name, value in self.cell.items()}

    def _attributes(self) -> dict[str, Any]:
        fields = {k: v for k, v in self.cell._fields.items() if v not in ("", None)}
        return {"model": repr(self.cell.model), **fields}

    def _coordinates(self) -> dict[str, Any]:
        raise NotImplementedError

    def _repr_lines(self) -> list[str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [
            f"<{type(self).__name__} of {len(self):,} points: {self.cell!r}",
            *self._repr_lines(),
            f"values(): {engine.bytes_text(8 * len(self))}; {self._route_text()}>",
        ]
        return "\n  ".join(lines)

    def _route_text(self) -> str:
        return self.route

    __hash__ = None  # type: ignore[assignment]


class Part(Frozen):
    """One of n parts of a sweep: made by ``sweep.part(k, n)``."""

    sweep: Sweep
    k: int
    n: int

    def __init__(self, sweep: Sweep, k: int, n: int):
        k, n = whole_number("k", k, 0), whole_number("n", n, 1)
        if k >= n:
            raise ValueError(f"k must be from 0 to n - 1 = {n - 1}, got {k}")
        vars(self).update(sweep=sweep, k=k, n=n)

    def tally(self, *reducers: Reducer, method: str = "auto", **options: Any) -> "Tally":
        """What the reducers want to know of this part: see `Tally`; options as for ``reduce``.

        Reducers that need several passes (`Quantile`) cannot be counted in parts.
        """
        from . import passes

        for one in reducers:
            if isinstance(one, Reducer) and one.passes != 1:
                raise ValueError(
                    f"{one!r} needs several passes over the whole sweep: use executor= or "
                    "checkpoint= instead of parts"
                )
        passes.check(reducers)
        chosen = passes.choose(self.sweep, reducers, method)
        ranges = [self.range(passes.unit(self.sweep, chosen))]
        return passes.tally(self.sweep, reducers, ranges=ranges, method=chosen, **options)

    def range(self, unit: int) -> tuple[int, int]:
        """The points of this part, whole units but at the end."""
        points = len(self.sweep)
        units = -(-points // unit)
        start, stop = (min(units * i // self.n * unit, points) for i in (self.k, self.k + 1))
        return start, stop

    def __repr__(self) -> str:
        return f"<part {self.k} of {self.n} of {self.sweep!r}>"


# ---- shared by the kinds of sweep ----


def checked_cell(cell: Any) -> Cell:
    if not isinstance(cell, Cell):
        raise TypeError(
            f'cell must be a fr.Cell, such as fr.cells["mammalian neuron"], got {cell!r}'
        )
    return cell


def checked_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"dtype must be float64 or float32, got {found}")
    return found


def checked_indices(indices: npt.ArrayLike, points: int) -> np.ndarray:
    array = np.asarray(indices)
    if array.size == 0:
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices must be whole numbers, got dtype {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= points):
        bad = array[(array < 0) | (array >= points)].flat[0]
        raise IndexError(f"indices must be from 0 to {points - 1}, got {bad}")
    return array


def labelled(parameter: Parameter) -> dict[str, str]:
    return {"long_name": parameter.meaning, "units": parameter.unit or "1"}
