"""Memory limits: checked before memory is taken, and reported in readable units."""

import tracemalloc

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import system

pytestmark = pytest.mark.usefixtures("no_thread_setting", "no_thread_is_left")


NEURON = fr.cells["mammalian neuron"]


@pytest.mark.parametrize(
    ("verb", "need"),
    [
        (lambda sweep, **options: sweep.values(**options), 8),
        (lambda sweep, **options: sweep.values(dtype="float32", **options), 4),
        (lambda sweep, **options: sweep.status(**options), 1),
        (lambda sweep, **options: sweep.to_xarray(**options), 9),
        (lambda sweep, **options: sweep.to_dataframe(**options), 9 + 2 * 8),
    ],
    ids=["float64", "float32", "status", "xarray", "data frame"],
)
def test_too_little_memory_is_refused_before_allocation(verb, need):
    K = np.linspace(1, 50, 1000)
    sweep = fr.grid(NEURON, K_out=K, P_Na=K)
    allowed = need * len(sweep) - 1
    verb(fr.grid(NEURON, K_out=[3.0]))  # imports

    tracemalloc.start()
    try:
        with pytest.raises(MemoryError, match=r"needs [\d.]+ .B, max_memory is [\d.]+ .B: "):
            verb(sweep, max_memory=allowed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 100_000


def test_the_remedy_of_a_memory_error_works():
    # status and the labelled answers have no out and no dtype
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000))

    with pytest.raises(MemoryError, match=r"1,000 points.*out="):
        sweep.values(max_memory=1)
    for verb in (sweep.status, sweep.to_xarray, sweep.to_dataframe):
        with pytest.raises(MemoryError, match="1,000 points") as error:
            verb(max_memory=1)
        assert "float32" not in str(error.value)


def test_sufficient_max_memory_is_accepted():
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000))

    assert sweep.values(max_memory=8000).shape == (1000,)
    assert sweep.status(max_memory=1000).shape == (1000,)


def test_the_tables_of_a_factored_grid_count_as_memory():
    K = np.linspace(1, 50, 1000)
    sweep = fr.grid(NEURON, K_out=K, K_in=K)
    out = np.empty(sweep.shape)

    sweep.values(out=out, max_memory=16_000)
    with pytest.raises(MemoryError, match=r"needs 16 kB, max_memory is 15.9 kB"):
        sweep.values(out=out, max_memory=15_900)
    with pytest.raises(MemoryError, match=r"needs 8.02 MB"):
        sweep.values(max_memory=8_000_000)


@pytest.mark.parametrize("max_memory", [0, -1, 1e9, "1 GB", True], ids=repr)
def test_a_bad_amount_of_memory_is_refused_by_name(max_memory):
    with pytest.raises(ValueError, match=r"^max_memory must be a whole number >= 1, got "):
        fr.grid(NEURON, K_out=[3.0]).values(max_memory=max_memory)


@pytest.mark.parametrize(
    "names", [("K_out", "K_in"), ("K_out", "P_Na")], ids=["factored", "pointwise"]
)
@pytest.mark.parametrize("verb", ["values", "status", "to_xarray", "to_dataframe"])
def test_a_grid_beyond_memory_is_refused_at_once(names, verb):
    values = np.linspace(1, 50, 10**6)
    sweep = fr.grid(NEURON, **dict.fromkeys(names, values))

    assert len(sweep) == 10**12
    assert "1,000,000,000,000 points" in repr(sweep)
    with pytest.raises(MemoryError, match=r"needs .*TB, available are .*1,000,000,000,000 points"):
        getattr(sweep, verb)()


def test_more_points_than_an_index_can_count_are_refused_when_the_sweep_is_made():
    values = np.linspace(1, 50, 2**16)
    three = dict.fromkeys(("K_out", "K_in", "Na_out"), values)

    assert len(fr.grid(NEURON, **three)) == 2**48
    with pytest.raises(ValueError, match=r"fewer than 2\*\*63 points, got 65536 x 65536 x 65536 x"):
        fr.grid(NEURON, **three, Na_in=values)
    assert len(fr.grid(NEURON, **three, Na_in=values[: 2**15 - 1])) == 2**48 * (2**15 - 1)
    with pytest.raises(ValueError, match=r"2\*\*63"):
        fr.grid(NEURON, **three, Na_in=values[: 2**15])


def test_system_memory_is_found_and_checked(monkeypatch):
    available = system.memory_available()
    assert available is None or 1 << 20 < available < 1 << 50

    monkeypatch.setattr(system, "memory_available", lambda: 10**6)
    with pytest.raises(MemoryError, match=r"needs 8 MB, available are 1 MB: "):
        fr.grid(NEURON, K_out=np.linspace(1, 50, 10**6)).values()


@pytest.mark.parametrize("n", [0, 1, 999, 1000, 999_999, 10**6, 32_032_008, 8 * 10**12, 10**18])
def test_memory_sizes_are_formatted_with_units(n):
    text = system.bytes_text(n)

    number, unit = text.split()
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}[unit]
    assert float(number.replace(",", "")) * factor == pytest.approx(n, rel=0.005, abs=0)
    assert "e" not in number
