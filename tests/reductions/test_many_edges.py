"""Many edges cost what arrays cost, without a Python call for each; so do many quantiles."""

import sys

import numpy as np
import pytest

import fastrest as fr

SWEEP = fr.grid(
    fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 50), K_in=np.linspace(90, 150, 40)
)


def calls(work):
    """Return the number of calls, of C functions too, that some work makes, and its result."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        found = work()
    finally:
        sys.setprofile(None)
    return count, found


@pytest.mark.parametrize("method", ["pointwise", "factored"])
def test_a_histogram_of_many_bins_makes_no_call_for_each_of_them(method):
    SWEEP.histogram(3, method=method)  # imports
    count, found = calls(lambda: SWEEP.histogram(10**5, method=method))
    assert count < 10**4
    counts, edges = np.histogram(SWEEP.values(), 10**5, (-100, 0))
    assert np.array_equal(found.counts, counts)
    assert np.array_equal(found.edges, edges)


def test_many_quantiles_are_found_together():
    V = np.sort(SWEEP.values(), axis=None)
    q = np.linspace(0, 1, 201).reshape(3, -1)
    found = SWEEP.quantile(q)
    ranks = np.maximum(1, np.ceil(q * len(V))).astype(int)
    assert np.array_equal(found, V[ranks - 1])
