"""Sweeps, and what NumPy says of their potentials."""

import pytest

from helpers.reductions import SWEEPS, NumPy


@pytest.fixture(scope="module", params=[name for name in SWEEPS if name != "all rows bad"])
def sweep_and_numpy(request):
    sweep = SWEEPS[request.param]()
    return sweep, NumPy(sweep)
