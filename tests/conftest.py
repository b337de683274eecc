"""Fixtures for all tests: instruction sets, golden values, formats, checkpoints, and axes."""

import os
import signal
from decimal import Decimal

import pytest
from hypothesis import settings

from fastrest._core import _kernels
from fastrest.reductions import running, separable
from fastrest.runtime import scheduler

pytest.register_assert_rewrite("helpers")

from helpers.golden import golden_tables, read_golden  # noqa: E402
from helpers.outputs import NEEDS  # noqa: E402

# Tests start Python from the source tree, whose fastrest/ may lack the compiled module.
os.environ["PYTHONSAFEPATH"] = "1"
# A shell that starts the tests in its background ignores Ctrl-C, and so would their processes.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Every run makes the same examples. `examples` in helpers/profiles.py reads max_examples as a
# percentage: HYPOTHESIS_PROFILE=full or --hypothesis-profile=full makes all of them.
for name, percentage in {"default": 25, "full": 100}.items():
    settings.register_profile(
        name, max_examples=percentage, deadline=None, derandomize=True, database=None
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

#: Every compiled instruction set: a set that this processor lacks shows as a skipped test.
ISAS = [
    pytest.param(
        name,
        marks=[
            pytest.mark.skipif(
                name not in _kernels.SUPPORTED, reason=f"this processor does not run {name}"
            ),
            # default tests run the first and the last, all tests run all
            *([pytest.mark.slow] if name in _kernels.SUPPORTED[1:-1] else []),
        ],
    )
    for name in _kernels.COMPILED
]


@pytest.fixture(params=ISAS)
def isa(request):
    """The name of an instruction set: a test that requests it runs on each."""
    return request.param


@pytest.fixture(scope="session")
def golden():
    """Golden files as lists of (inputs, exact result): ``golden("nernst")``."""
    return read_golden


@pytest.fixture(scope="session", params=["ghk", "divalent", "chord"])
def golden_sweeps(request):
    """Golden potentials of one family: pairs of a sweep and its exact potentials in mV."""
    return list(golden_tables(request.param))


@pytest.fixture(scope="session")
def largest_error():
    """The largest difference between computed doubles and exact Decimals."""

    def largest(values, exact):
        return max(abs(Decimal(float(v)) - e) for v, e in zip(values, exact, strict=True))

    return largest


@pytest.fixture
def small_tasks(monkeypatch):
    """Tasks of a single block, so that small sweeps can be stopped at many points."""
    monkeypatch.setattr(scheduler, "BLOCKS_PER_TASK", 1)
    for one in (running.Pointwise, separable.Settings):
        monkeypatch.setattr(one, "units_per_task", lambda *_: 1)


@pytest.fixture
def path(tmp_path):
    """The path of a checkpoint whose folder holds nothing else before and after the test."""
    folder = tmp_path / "folder"
    folder.mkdir()
    yield folder / "count.tally"
    assert os.listdir(folder) in ([], ["count.tally"])


@pytest.fixture(params=[".npy", ".zarr", ".parquet"])
def suffix(request):
    """The suffix of a format of saved potentials whose package is installed."""
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    return request.param


@pytest.fixture
def ax():
    """Axes of Matplotlib to draw on."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    return Figure().subplots()
