"""Sampled Sobol' indices: threads, extension, stopping, and bad arguments."""

import copy
import dataclasses
import pickle
import threading
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest.physiology.criteria import Between
from fastrest.reductions.accumulator import whole
from fastrest.runtime import system
from fastrest.sensitivity.pick_freeze import ReplicateSums
from helpers.spaces import lognormals

CELL = fr.cells["mammalian neuron"]


def test_threads_do_not_change_bits_of_sampled_indices():
    space = lognormals()
    one = space.sobol(2**15, rng=5, threads=1)
    for threads in (2, 3, 7):
        assert space.sobol(2**15, rng=5, threads=threads) == one


def test_threads_do_not_change_bits_of_large_replicates():
    # replicates of several tasks are cut at fixed places, so that the bits stay
    space = lognormals(("P_Na", "K_out"))
    one = space.sobol(5 * 2**15, rng=5, replicates=2, threads=1)
    assert space.sobol(5 * 2**15, rng=5, replicates=2, threads=3) == one


def test_extend_continues_where_the_sample_ended():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    direct = space.sobol(2**14, rng=5)
    extended = space.sobol(2**13, rng=5).extend(2**13)
    assert extended.n == direct.n == 2**14
    for key in ("S1", "ST", "S1_conf", "ST_conf", "dgsm"):
        np.testing.assert_allclose(extended[key], direct[key], rtol=1e-12, atol=1e-14)
    odd = space.sobol(1001, rng=5).extend(333)
    assert odd.n == 1004 + 336  # whole points in each of 4 replicates


def test_until_stops_once_the_intervals_are_narrow():
    space = lognormals()
    r = space.sobol(until=0.005, rng=1)
    assert max(r["S1_conf"].max(), r["ST_conf"].max()) <= 0.005
    half = space.sobol(r.n // 2, rng=1)
    assert r.n == 2**14 or max(half["S1_conf"].max(), half["ST_conf"].max()) > 0.005
    stopped = space.sobol(2**15, until=1e-9, rng=1)
    assert stopped.n == 2**15


def test_sampled_indices_record_a_seed_that_repeats_them():
    space = lognormals(("P_Na", "K_out"))
    fresh = space.sobol(256)
    assert space.sobol(256, rng=fresh.rng) == fresh
    assert f"rng {fresh.rng}" in repr(fresh)
    assert space.sobol(256, rng=0) != space.sobol(256, rng=1)


def test_sampled_indices_can_be_pickled_and_extended():
    r = lognormals(("P_Na", "K_out")).sobol(512, rng=1)
    again = pickle.loads(pickle.dumps(r))
    assert again == r
    assert again.extend(512) == r.extend(512)


def test_indices_that_another_version_sampled_are_read_but_not_extended():
    r = lognormals(("P_Na", "K_out")).sobol(512, rng=1)
    state = {name: x for name, x in vars(r.plan).items() if name != "bits"}
    before = copy.copy(r.plan)
    vars(before).clear()
    before.__setstate__(state)
    assert before.bits == 1
    earlier = dataclasses.replace(r)
    vars(earlier)["plan"] = before
    assert earlier != r
    with pytest.raises(ValueError, match=r"another version .* \(bits 1, not 2\).*sample anew"):
        earlier.extend(512)


def test_sampled_indices_count_or_refuse_invalid_points():
    # where Na_in is below 1e-148, its product with P_Na leaves the normal doubles
    values = {"K_out": 5, "K_in": 140, "Na_out": 145, "Na_in": 15, "celsius": 37}
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=0, P_Na=1e-160, **values)
    space = fr.space(cell, Na_in=fr.loguniform(1e-200, 1), Na_out=fr.uniform(100, 200))
    with pytest.raises(ValueError, match=r"have no potential \(\d+ RANGE.*nan_policy='omit'"):
        space.sobol(2**10, rng=1)
    r = space.sobol(2**10, rng=1, nan_policy="omit")
    assert set(r.invalid) == {"RANGE"}
    assert 0 < r.invalid["RANGE"] < 2**10
    assert np.isfinite(r["S1"]).all()
    bad = cell.replace(P_Na=0)
    with pytest.raises(ValueError, match="no point of the sample has a potential"):
        fr.space(bad, Na_in=fr.uniform(1, 2)).sobol(64, rng=1, nan_policy="omit")


def test_sampled_sums_beyond_the_doubles_are_infinite():
    found = ReplicateSums()
    found.add(2, np.zeros(6, np.int64), np.array([[1.5, 2.0**-60], [np.inf, np.nan]]))
    found.add(1, np.zeros(6, np.int64), np.array([[2.0**-60, 0.0], [1.0, 0.0]]))
    assert found.floats() == [1.5, np.inf]
    assert found.totals == [whole(1.5) + 2 * whole(2.0**-60), None]


def test_progress_of_sampled_indices_reaches_the_end_and_its_error_stops_the_run():
    seen = []
    space = lognormals(("P_Na", "K_out"))
    space.sobol(2**16, rng=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2**16, 2**16)

    def stop(done, total):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        space.sobol(2**20, rng=1, progress=stop)
    assert threading.active_count() == before


@pytest.mark.process
def test_ctrl_c_stops_sampled_indices():
    import _thread

    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        lognormals().sobol(2**28, rng=1)
    started = time.perf_counter()
    lognormals().sobol(2**10, rng=1)  # usable afterwards
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be a whole number >= 1, got 0"),
        ({"n": 1.5}, ValueError, "n must be a whole number"),
        ({"n": 2**60}, ValueError, "n must be at most"),
        ({"n": 64, "replicates": 1}, ValueError, "replicates must be a whole number >= 2, got 1"),
        ({"n": 64, "replicates": 0}, ValueError, "replicates must be a whole number >= 2, got 0"),
        ({"n": 64, "replicates": True}, ValueError, "replicates must be a whole number"),
        ({"n": 64, "until": "x"}, TypeError, "until must be a number, got 'x'"),
        ({"n": 64, "second": "no"}, TypeError, "second must be True or False, got 'no'"),
        ({"n": 64, "tolerance": 1e-3}, ValueError, "tolerance=0.001 is for exact indices"),
        ({"n": 64, "max_memory": 1}, ValueError, "max_memory=1 is for exact indices"),
        ({"rng": 5}, ValueError, "rng=5 goes with a sample"),
        ({"replicates": 8}, ValueError, "replicates=8 goes with a sample"),
        ({"nan_policy": "omit"}, ValueError, "nan_policy='omit' goes with a sample"),
        ({"n": 64, "until": 0}, ValueError, "until must be > 0, got 0"),
        (
            {"n": 64, "of": (-80, -55)},
            TypeError,
            r"of must be the name of .* event such as fr.between\(low, high\), got \(-80",
        ),
        ({"n": 64, "nan_policy": "drop"}, ValueError, "nan_policy must be one of raise, omit"),
        ({"n": 64, "rng": -1}, ValueError, "rng must be >= 0, got -1"),
        ({"n": 64, "rng": 1.5}, TypeError, "rng must be a whole number"),
        ({"n": 64, "threads": 0}, ValueError, "threads must be a whole number >= 1"),
        ({"of": Between(-80, -55)}, ValueError, r"of=between\(-80, -55\) goes with"),
        ({"second": True}, ValueError, "second=True goes with a sample"),
    ],
)
def test_sampled_indices_refuse_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        lognormals(("P_Na", "K_out")).sobol(**arguments)


def test_derivative_based_measures_refuse_correlated_inputs():
    inputs = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
    space = fr.space(CELL, **inputs, correlation={("P_Na", "K_out"): 0.5})
    with pytest.raises(ValueError, match="inputs must be independent, but"):
        space.dgsm(64)


def test_sampled_between_needs_two_ordered_potentials():
    assert fr.between(-80, -55) == Between(-80.0, -55.0)
    assert repr(fr.between(-80, -55)) == "between(-80, -55)"
    with pytest.raises(ValueError, match=r"low <= high must hold, got -55\.0 and -80\.0"):
        fr.between(-55, -80)
    with pytest.raises(ValueError, match="high must be a potential in mV, got nan"):
        fr.between(-55, np.nan)
    with pytest.raises(TypeError, match="low must be a number"):
        fr.between("a", 0)


def test_sampled_tasks_stay_within_their_memory():
    # the memory of a task does not depend on the number of points
    r = lognormals(("P_Na", "K_out")).sobol(2**18, rng=1)
    assert len(pickle.dumps(r)) < 10**5
    assert system.memory_available() is None or system.memory_available() > 0


def test_a_volume_without_a_variance_is_warned_of():
    leak = fr.Chord("K", "Na", "Cl", pump="constant")
    cell = fr.Cell(
        fr.PumpLeak(leak),
        **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "K_out": 5.0, "Na_out": 145.0, "Cl_out": 150.0},
        **{"z_X": -1.0, "celsius": 37.0, "pump_max": 0.3},
    )
    near = fr.space(cell, pump_max=fr.uniform(0.001, 0.5))
    with pytest.warns(fr.PlausibilityWarning, match="relative_volume may have no variance here"):
        near.sobol(2**8, rng=1, of="relative_volume")
    near.sobol(2**8, rng=1, of="X")  # pytest turns warnings into errors
    fr.space(cell, pump_max=fr.uniform(0.2, 0.5)).sobol(2**8, rng=1, of="relative_volume")
