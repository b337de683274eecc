"""Progress: a bar, or a call of the user's function with the number of finished points."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

Progress = bool | Callable[[int, int], Any]


@contextlib.contextmanager
def reporter(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that reports the number of finished points."""
    if progress is False or progress is None:
        yield lambda done: None
    elif progress is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise ImportError(
                "progress=True needs tqdm: pip install 'fastrest-ghk[progress]', or pass a "
                "callable(done, total)"
            ) from None
        with tqdm(total=total, unit=" points", unit_scale=True) as bar:
            yield lambda done: bar.update(done - bar.n)
    elif callable(progress):
        last = -1

        def report(done: int) -> None:
            nonlocal last
            if done > last:
                last = done
                progress(done, total)

        yield report
    else:
        raise TypeError(f"progress must be True, False or callable(done, total), got {progress!r}")
