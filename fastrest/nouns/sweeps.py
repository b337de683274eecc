"""Sweeps: many points of one cell, and the verbs that users call on them."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import os
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import numpy.typing as npt

from fastrest.nouns.sweep_files import SweepFiles
from fastrest.physiology.criteria import Criterion
from fastrest.points.points import STATUS, Points, checked_dtype, gradient
from fastrest.runtime.scheduler import PYTHON, Progress, choose_engine
from fastrest.runtime.system import optional_module

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Quantity = str | Criterion
Quantities = list[Any] | tuple[Any, ...]
Chunks = int | str | tuple[Any, ...] | dict[str, Any] | None


class Sweep(SweepFiles):
    """Many points of one cell: made by `grid`, `table` and ``space.sample``.

    Attributes
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    dims : tuple of str
        Names of the dimensions.
    shape : tuple of int
        Lengths of the dimensions; ``len(sweep)`` is the number of points, numbered in C order.
    """

    @overload
    def values(
        self,
        out: np.ndarray | str | os.PathLike[str] | None = None,
        dtype: npt.DTypeLike = "float64",
        *,
        of: Quantity = "V",
        engine: str | None = None,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray: ...
    @overload
    def values(
        self,
        out: None = None,
        dtype: npt.DTypeLike = "float64",
        *,
        of: Quantities,
        engine: str | None = None,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> dict[str, np.ndarray]: ...
    def values(
        self,
        out: np.ndarray | str | os.PathLike[str] | None = None,
        dtype: npt.DTypeLike = "float64",
        *,
        of: Quantity | Quantities = "V",
        engine: str | None = None,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray | dict[str, np.ndarray]:
        """Return the membrane potential, or another quantity, at every point.

        Parameters
        ----------
        out : ndarray of `shape`, float64 or float32, or path, optional
            Array for the result, with any strides; a memmap writes to its file. It must not share
            memory with an input. A path ending in .npy is written as by `save`, and the result is
            mapped to it.
        dtype : float64 or float32
            Type of the result if `out` is not given. float32 is the float64 result, rounded once.
        of : str, Criterion, or list of them
            Name of an output of the model, such as "V" or "E_K"; or an event (`between`), whose
            values are 1 where it holds and 0 elsewhere. Several are computed one by one.
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of `fastrest.info`.
        threads : int, optional
            Number of threads. Default: the CPUs this process may use by its affinity, cgroup and
            batch system (one below 10^5 points, and one in a process of a pool), or the environment
            variable ``FASTREST_NUM_THREADS``. The result does not depend on it.
        executor, workers
            As for `reduce`: workers compute ranges, which come back to this process, or are written
            by them if `out` is a path. That pays where a point takes long.
        progress : bool or callable
            True draws a bar (needs tqdm); a function is called as ``progress(done, total)``.
        max_memory : int, optional
            Bytes that may be allocated; by default all that the system has available.

        Returns
        -------
        ndarray of `shape`, or dict of str to ndarray
            Potential in mV, inside minus outside. NaN or +-inf where ``status(of=of)`` is not 0.
            A list gives a dict: the array of each quantity by its name, or by the event's repr.

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
        >>> list(sweep.values(of=["V", "E_K", fr.above(-70)]))
        ['V', 'E_K', 'above(-70)']
        """
        if isinstance(of, list | tuple):
            if out is not None:
                raise TypeError(f"out takes one quantity, got of={of!r}")
            asked = self._each(of)
            dtype = checked_dtype(dtype)
            need = len(asked) * len(self) * dtype.itemsize
            self.check_memory(need, max_memory, "ask for one quantity at a time, or fewer points")
            results = {label: np.empty(points.shape, dtype) for label, points in asked.items()}
            for label, points in asked.items():
                _fill(points, results[label], engine, threads, progress, executor, workers)
            return results
        points = self.asked(of)
        if isinstance(out, str | os.PathLike):
            if not os.fspath(out).lower().endswith(".npy"):
                raise ValueError(f"out must be an array or end in .npy, got {os.fspath(out)!r}")
            long: dict[str, Any] = {"threads": threads, "executor": executor, "workers": workers}
            self.save(out, dtype=dtype, of=of, engine=engine, progress=progress, **long)
            mapped: np.ndarray = np.load(out, mmap_mode="r")
            return mapped
        if out is None:
            dtype = checked_dtype(dtype)
            self.check_memory(
                len(self) * dtype.itemsize,
                max_memory,
                "pass out='v.npy', a file, or dtype='float32', or fewer points",
            )
            out = np.empty(points.shape, dtype)
        else:
            _check_out(points, out)
            self.check_memory(0, max_memory, "sweep fewer points at a time")
        _fill(points, out, engine, threads, progress, executor, workers)
        return out

    def _each(self, of: Quantity | Quantities) -> dict[str, Self]:
        """Return the points of each quantity, by its name."""
        quantities = of if isinstance(of, list | tuple) else [of]
        if not quantities:
            raise ValueError("of needs a quantity, got an empty list")
        return {points.label: points for points in map(self.asked, quantities)}

    def status(
        self,
        *,
        of: Quantity = "V",
        engine: str | None = None,
        threads: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> np.ndarray:
        """Return the status of every point: 0 if valid, else the bits of `Status`.

        Parameters
        ----------
        of, engine, threads, progress, max_memory
            As for `values`. Each output has its own status.

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
        self.check_memory(len(self), max_memory, "sweep fewer points at a time")
        points = self.asked(of)
        status = np.empty(points.shape, np.uint8)
        points.compute(None, status, engine, threads, progress)
        return status

    def gradient(
        self,
        *parameters: str,
        of: Quantity = "V",
        engine: str | None = None,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        max_memory: int | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the derivatives of the potential with respect to parameters, at every point.

        Parameters
        ----------
        *parameters : str
            Parameters of the model, varied or not; all of them if none is named.
        of : str
            Name of an output of the model.
        engine, threads, executor, workers, progress, max_memory
            As for `values`. The result does not depend on `threads`, to the bit.

        Returns
        -------
        dict of str to ndarray of `shape`
            Derivatives of the potential, mV per unit of the parameter (mM, °C, or relative); NaN
            where `status` is not 0. `Cell.gradient` describes them at the edges of domains.

        Raises
        ------
        ValueError
            A parameter is unknown.
        MemoryError
            The result does not fit; nothing was allocated.

        Notes
        -----
        These are exact derivatives of the equations, not differences.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> np.round(sweep.gradient("K_out")["K_out"], 3)
        array([2.237, 1.916, 1.577])
        """
        points = self.asked(of)
        how = engine, threads, progress, max_memory
        if executor is None and workers is None:
            return gradient(points, parameters, *how)
        from fastrest.points.remote import gradients_by
        from fastrest.runtime.engines import opened

        with opened(executor, workers) as pool:
            assert pool is not None

            def by_workers(slopes: dict[str, np.ndarray], isa: str) -> None:
                gradients_by(pool, points, slopes, isa, threads, progress)

            return gradient(points, parameters, *how, by_workers)

    def to_xarray(
        self, *, of: Quantity | Quantities = "V", chunks: Chunks = None, **options: Any
    ) -> xr.Dataset:
        """Return potentials and status as a Dataset with labels, units and the cell's values.

        Parameters
        ----------
        of : str, Criterion, or list of them
            As for `values`; it names the variable. Of several, each has its own status, such as
            ``status_E_K``.
        chunks : int, "auto", tuple or dict, optional
            Sizes of blocks, as Dask takes them, or by dimension: Dask computes a block, with the
            same bits, when it asks for it. Needs Dask.
        **options
            As for `values`: engine, threads, progress and max_memory; with chunks engine and
            threads, 1 by default, for each block.

        Returns
        -------
        xarray.Dataset
            The variables ``V`` and ``status``. Varied parameters are coordinates along their
            dimension, and other parameters scalar coordinates, all with units.

        Examples
        --------
        >>> import fastrest as fr
        >>> ds = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_xarray()
        >>> round(float(ds.V.sel(K_out=5.0)), 2), ds.V.attrs["units"]
        (-69.81, 'mV')
        """
        from fastrest.nouns.datasets import arrays

        xarray = optional_module("xarray", "xarray", "to_xarray")
        asked = self._each(of)
        names = [_status_name(of, label) for label in asked]
        variables, coordinates = arrays(self, asked, names, chunks, options)
        coordinates = {**self.constants(), **coordinates}
        found: xr.Dataset = xarray.Dataset(variables, coordinates, self.attributes())
        return found

    def to_dataframe(self, *, of: Quantity | Quantities = "V", **options: Any) -> pd.DataFrame:
        """Return a pandas table, a row per point: parameters, labels, ``V`` (mV) and ``status``.

        Parameters
        ----------
        of : str, Criterion, or list of them
            As for `values`; it names the column. Of several, each has its own status, such as
            ``status_E_K``.
        **options
            As for `values`: engine, threads, progress and max_memory.

        Returns
        -------
        pandas.DataFrame

        Examples
        --------
        >>> import fastrest as fr
        >>> frame = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0]).to_dataframe()
        >>> list(frame.columns)
        ['K_out', 'V', 'status']
        """
        pd = optional_module("pandas", "pandas", "to_dataframe")
        asked = self._each(of)  # twice the size, because pandas copies its input
        points = self.points_of(one.of for one in asked.values())
        need = 2 * len(points) * (9 * len(asked) + 8 * len(points.coordinates(0, 1)))
        instead = "use to_xarray(), values(out=...), or fewer points"
        self.check_memory(need, options.get("max_memory"), instead)
        columns = points.coordinates(0, len(points))
        for label, points in asked.items():
            columns |= points.result_columns(_status_name(of, label), **options)
        for name, column in columns.items():
            if isinstance(column, np.ma.MaskedArray) and column.dtype.kind in "iub":
                columns[name] = pd.Series(np.ma.getdata(column)).convert_dtypes()
                columns[name][np.ma.getmaskarray(column)] = pd.NA
        frame = pd.DataFrame(columns)
        if points.index is not None:
            frame = frame.drop(columns=list(points.levels)).set_axis(points.index)
        return frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the rows of `to_dataframe` for readers of Arrow, such as ``polars.DataFrame``."""
        pa = optional_module("pyarrow", "parquet", "reading by Arrow")
        columns = {**self.coordinates(0, len(self)), **self.result_columns()}
        arrays = {
            str(name): pa.array(np.ma.getdata(column), mask=np.ma.getmaskarray(column))
            for name, column in columns.items()
        }
        return pa.table(arrays).__arrow_c_stream__(requested_schema)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(f"{type(self).__name__} is no array: its potentials are .values()")

    def plot(
        self,
        ax: Any = None,
        *,
        of: Quantity = "V",
        nernst: bool | str | list[str] = False,
        rest: bool = False,
    ) -> Any:
        """Draw the sweep: a grid's curves or heat map, a table's points, a sample's histogram.

        Two axes make a family of curves if one has at most 8 values, else a heat map; the shortest
        of three axes, of at most 8 values, makes panels. The cell's threshold and block, which are
        conventions, are marked, and points without a potential marked and counted.

        Parameters
        ----------
        ax : matplotlib Axes, or several for panels, optional
            Axes to draw on; by default those of a new pyplot figure.
        of : str or Criterion
            As for `values`.
        nernst : bool, str, or list of str
            Ions whose Nernst potentials are broken lines beside the curves; True for all.
        rest : bool
            Mark the point of a grid at which the cell itself rests.

        Returns
        -------
        matplotlib Axes, or ndarray of them for panels

        Raises
        ------
        ValueError
            The grid has too many axes; or `nernst` or `rest` does not fit the sweep.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 100, 1000))
        >>> ax = sweep.plot(nernst="K", rest=True)
        >>> ax.get_ylabel(), ax.get_xscale()
        ('membrane potential (mV)', 'log')
        """
        from fastrest.nouns.sweep_plots import draw

        return draw(self.asked(of), ax, nernst, rest)


def _status_name(of: Quantity | Quantities, label: str) -> str:
    """Return the name of a quantity's status: several have one each."""
    return STATUS if isinstance(of, Quantity) else f"{STATUS}_{label}"


def _fill(
    points: Points,
    out: np.ndarray,
    engine: str | None,
    threads: int | None,
    progress: Progress,
    executor: Any,
    workers: int | None,
) -> None:
    """Compute all points into an array, here or by the workers of an executor."""
    isa = choose_engine(engine)
    if (executor is None and workers is None) or isa == PYTHON:
        points.compute(out, None, engine, threads, progress)
        return
    from fastrest.points.remote import compute_by
    from fastrest.runtime.engines import opened

    with opened(executor, workers) as pool:
        assert pool is not None
        compute_by(pool, points, out, isa, threads, progress)


def _check_out(points: Points, out: Any) -> None:
    """Raise an error if results cannot be written to the caller's array."""
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
    if out.shape != points.shape:
        raise ValueError(f"out must have shape {points.shape}, got {out.shape}")
    if out.dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"out must be native float64 or float32, got dtype {out.dtype}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    if not out.flags.aligned:
        raise ValueError("out must be aligned")
    for name, array in {**points.inputs, **points.kept}.items():
        if np.shares_memory(out, array):
            raise ValueError(f"out must not share memory with {name}: pass another array")
