"""Files of sweeps: potentials that are computed and written block by block."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastrest.nouns.sweep_answers import SweepAnswers
from fastrest.physiology.criteria import Criterion
from fastrest.runtime.scheduler import Progress

if TYPE_CHECKING:
    import os

Quantity = str | Criterion


class SweepFiles(SweepAnswers):
    """Points that can be larger than memory: the verbs of a `Sweep` that go block by block."""

    def blocks(
        self,
        *,
        of: Quantity = "V",
        engine: str | None = None,
        threads: int | None = None,
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield potentials block by block, for sweeps larger than memory.

        Parameters
        ----------
        of, engine, threads
            As for `values`.

        Yields
        ------
        where : slice
            Flat numbers of the points in C order, as ``sweep.parameters`` takes them.
        values : ndarray, 1-D
            Potentials of these points in mV, bit-for-bit those of `values`; a new array.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 2_000_000))
        >>> for where, values in sweep.blocks():
        ...     print(where.start, where.stop, round(float(values.max()), 2))
        0 1048576 -44.74
        1048576 2000000 -31.29
        """
        from fastrest.io.save import blocks

        return blocks(self.asked(of), engine, threads)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        dtype: npt.DTypeLike = "float64",
        of: Quantity = "V",
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
        engine: str | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write the potentials to a file or folder, block by block; `load` returns the sweep.

        After an interruption the same call resumes. Until the output is complete, it is in
        ``PATH.part``, and ``PATH.part.json`` records the ranges that are done.

        Parameters
        ----------
        path : path
            A path whose suffix is the format:

            ``.npy``
                A NumPy file of the sweep's shape, with a ``.npy.json`` beside it that describes
                the sweep; the columns of a table are in ``.npy.columns.npz``.
            ``.zarr``
                A folder that ``xarray.open_zarr`` opens as the Dataset of `to_xarray`: ``V``,
                ``status``, and coordinates with units. Needs zarr.
            ``.parquet``
                A folder of files that ``pandas.read_parquet`` reads as the data frame of
                `to_dataframe`: a row per point, in order. Needs pyarrow.

            The output of an earlier save is replaced at the end. An index of pandas is not saved:
            ``keep=`` takes the names of its levels.
        dtype : float64 or float32
            Type of the potentials, which are bit-for-bit those of ``values(dtype=dtype)``.
        of : str or Criterion
            As for `values`.
        threads, executor, workers, progress, engine
            As for `values`. Workers write their ranges themselves, to a folder that all share.
        overwrite : bool
            True to replace, at the end, a file or folder that is not the output of an earlier save.

        Raises
        ------
        ValueError
            The suffix is unknown, or the path holds an unfinished save of another sweep, or a
            column that is mapped to memory.
        TypeError
            A carried column holds values other than numbers, text and dates.
        FileExistsError
            A file or folder of this name is not the output of an earlier save, or was changed.
        OSError
            The disk has too little space, the folder cannot be written, or another process saves to
            the same path.

        Examples
        --------
        >>> import tempfile, numpy as np, fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 8.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sweep.save(f"{folder}/v.npy")
        ...     print(np.round(np.load(f"{folder}/v.npy"), 2))
        [-73.95 -69.81 -64.61]
        """
        from fastrest.io.save import save

        how = threads, progress, engine, overwrite, executor, workers
        save(self.asked(of), path, dtype, *how)
