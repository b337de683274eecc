"""Answers about other outputs than V, and about events, equal those of the plain values."""

import math
import os
import signal

import numpy as np
import pytest

import fastrest as fr
from helpers.counting import GRID, TABLE, Stopped, plain, stop_at
from helpers.executors import Recorder, processes
from helpers.processes import program, started

INSIDE = fr.between(-75, -60)
EVENTS = [INSIDE, fr.between(-math.inf, -70), fr.between(-95, -85, of="E_K")]
#: Questions about three quantities, in an order that mixes them; quantiles take several passes.
MIXED = (
    fr.Summary(),
    fr.Summary(of="E_K"),
    fr.Quantile([0.1, 0.5]),
    fr.Fraction(above=0.5, of=INSIDE),
    fr.Histogram(30, of="E_K"),
    fr.Quantile([0.2, 0.9], of="E_K"),
)


def make_sample():
    inputs = {"P_Na": fr.lognormal(cv=0.5), "K_in": fr.uniform(100, 180), "K_out": fr.uniform(2, 9)}
    return fr.space(fr.cells["mammalian neuron"], **inputs).sample(300_001, rng=1)


SAMPLE = make_sample()
SWEEPS = pytest.mark.parametrize("sweep", [TABLE, SAMPLE, GRID], ids=["table", "sample", "grid"])
#: A grid whose V is counted by grid algebra, and other quantities point by point.
LARGE_GRID = fr.grid(GRID.cell, K_out=np.geomspace(1, 50, 1000), K_in=np.geomspace(50, 200, 900))


def valid_values(sweep, of):
    """Return the valid values of an output, and the numbers of their points."""
    values, status = sweep.values(of=of).ravel(), sweep.status(of=of).ravel()
    places = np.flatnonzero(status == 0)
    return values[places], places


# ---- another output ----


@SWEEPS
def test_answers_about_an_output_equal_numpy(sweep):
    v, places = valid_values(sweep, "E_K")
    asked = fr.Summary(of="E_K"), fr.Histogram(50, of="E_K"), fr.Quantile([0, 0.3, 1], of="E_K")
    s, h, q = sweep.reduce(*asked)
    assert (s.n, s.min, s.max) == (len(v), v.min(), v.max())
    assert (s.argmin, s.argmax) == (places[v.argmin()], places[v.argmax()])
    assert abs(s.mean - math.fsum(v) / len(v)) <= 1e-12
    assert h.counts.tolist() == np.histogram(v, h.edges)[0].tolist()
    assert q.tolist() == np.quantile(v, [0, 0.3, 1], method="inverted_cdf").tolist()


def test_bad_rows_of_an_output_are_counted_by_their_own_status():
    table = fr.table(GRID.cell, {"K_out": [5.0, -1.0, 3.0], "P_Na": [-1.0, 0.1, 0.1]})
    assert table.summary().invalid == {"NEGATIVE": 2}
    assert table.summary(of="E_K").invalid == {"NEGATIVE": 1}
    event = fr.between(-math.inf, math.inf, of="E_K")
    assert table.summary(of=event).invalid == {"NEGATIVE": 1}


def test_classes_are_those_of_v():
    with pytest.raises(ValueError, match="excitability classes are those of V, got of='E_K'"):
        GRID.classify(of="E_K")


def test_an_unknown_output_is_refused_before_counting():
    with pytest.raises(ValueError, match=r"E_Kx.*did you mean E_K"):
        TABLE.summary(of="E_Kx", progress=lambda done, total: pytest.fail("began"))


# ---- events ----


@SWEEPS
@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_answers_about_an_event_equal_numpy(sweep, event):
    v, places = valid_values(sweep, event.of)
    holds = ((v >= event.low) & (v <= event.high)).astype(float)
    asked = (
        fr.Summary(of=event),
        fr.Histogram([0, 0.5, 1], of=event),
        fr.Quantile([0, 0.25, 0.5, 0.75, 1], of=event),
        fr.Fraction(above=0.5, of=event),
        fr.Fraction(below=1, of=event),
        fr.Fraction(between=(1, 1), of=event),
    )
    s, h, q, above, below, between = sweep.reduce(*asked)
    assert 0 < holds.mean() < 1
    assert (s.n, s.mean) == (len(v), holds.sum() / len(v))
    assert s.sd == pytest.approx(holds.std(), rel=1e-14)
    assert (s.min, s.argmin) == (0.0, places[holds.argmin()])
    assert (s.max, s.argmax) == (1.0, places[holds.argmax()])
    assert h.counts.tolist() == [len(v) - holds.sum(), holds.sum()]
    assert (h.below, h.above) == (0, 0)
    wanted = [0, 0.25, 0.5, 0.75, 1]
    assert q.tolist() == np.quantile(holds, wanted, method="inverted_cdf").tolist()
    assert above == between == s.mean
    assert below == (len(v) - holds.sum()) / len(v)
    invalid = sweep.summary(of=event.of).invalid
    assert s.invalid == invalid


@pytest.mark.parametrize(
    ("event", "value"), [(fr.between(-1e9, 1e9), 1.0), (fr.between(5, 9), 0.0)], ids=repr
)
def test_an_event_that_always_or_never_holds_has_one_extremum(event, value):
    s = TABLE.summary(of=event)
    first = valid_values(TABLE, "V")[1][0]
    assert (s.min, s.max, s.mean, s.sd) == (value, value, value, 0.0)
    assert s.argmin == s.argmax == first
    assert s.at_min == {n: float(x) for n, x in TABLE.parameters(first).items()}


def test_an_event_of_bad_rows_alone_has_no_answer():
    bad = fr.table(GRID.cell, {"K_out": [-1.0, math.nan]})
    s, part, q = bad.reduce(
        fr.Summary(of=INSIDE), fr.Fraction(above=0.5, of=INSIDE), fr.Quantile(0.5, of=INSIDE)
    )
    assert (s.n, s.invalid) == (0, {"NOT_FINITE": 1, "NEGATIVE": 1})
    assert (s.argmin, s.argmax) == (None, None)
    assert np.isnan([s.mean, s.sd, part, q]).all()


def test_an_event_has_no_factored_answer():
    with pytest.raises(ValueError, match="method='factored' needs a grid"):
        GRID.summary(of=INSIDE, method="factored")


@SWEEPS
def test_threads_and_instruction_sets_do_not_change_an_answer_about_an_event(sweep, isa):
    expected = plain(sweep.reduce(fr.Summary(of=INSIDE), threads=1))
    assert plain(sweep.reduce(fr.Summary(of=INSIDE), threads=3, engine=isa)) == expected


# ---- several quantities in one call ----


@SWEEPS
def test_several_quantities_are_answered_like_each_alone(sweep):
    alone = [sweep.reduce(one)[0] for one in MIXED]
    assert plain(sweep.reduce(*MIXED)) == plain(alone)


def test_each_quantity_has_its_own_method(path):
    asked = fr.Summary(), fr.Summary(of="E_K"), fr.Histogram(), fr.Summary(of=INSIDE)
    found = LARGE_GRID.reduce(*asked, checkpoint=path)
    assert [one.method for one in found] == ["factored", "pointwise", "factored", "pointwise"]
    assert plain(found[1:]) == plain(LARGE_GRID.reduce(*asked[1:]))
    assert (found[0].n, found[0].min) == (len(LARGE_GRID), LARGE_GRID.values().min())
    assert fr.Tally.load(path).method == "factored, pointwise"


@pytest.mark.process
@SWEEPS
def test_several_quantities_are_counted_by_an_executor(sweep):
    expected = plain(sweep.reduce(*MIXED))
    assert plain(sweep.reduce(*MIXED, executor=Recorder())) == expected


@pytest.mark.process
@pytest.mark.slow
def test_several_quantities_are_counted_by_processes(tmp_path):
    with processes() as pool:
        for sweep in (TABLE, SAMPLE, GRID):
            expected = plain(sweep.reduce(*MIXED))
            path = tmp_path / type(sweep).__name__
            assert plain(sweep.reduce(*MIXED, executor=pool, checkpoint=path)) == expected


@pytest.mark.slow
@SWEEPS
@pytest.mark.usefixtures("small_tasks")
def test_several_quantities_resume_in_every_pass(path, sweep):
    expected = plain(sweep.reduce(*MIXED))
    stops = 0
    quantities = set()
    for call in 3 + np.arange(100) % 2:  # fewer than the blocks of a pass
        try:
            found = sweep.reduce(*MIXED, checkpoint=path, progress=stop_at(call)[0], threads=1)
            break
        except Stopped:
            stops += 1
            quantities.add(fr.Tally.load(path).state.of)
    assert stops > 5
    assert quantities == {one.of for one in MIXED}
    assert plain(found) == expected
    never = {"progress": lambda done, total: pytest.fail("there is nothing to do")}
    assert plain(sweep.reduce(*MIXED, checkpoint=path, **never)) == expected


def test_a_checkpoint_of_another_quantity_is_refused(path):
    TABLE.reduce(fr.Summary(), checkpoint=path)
    for of in ("E_K", INSIDE):
        with pytest.raises(ValueError, match=r"is of other reducers, Summary\(\): delete it"):
            TABLE.reduce(fr.Summary(of=of), checkpoint=path)
    TABLE.reduce(fr.Summary(of=INSIDE), checkpoint=path.with_suffix(".event"))
    with pytest.raises(ValueError, match=r"other reducers, Summary\(of=between\(-75, -60\)\)"):
        TABLE.reduce(fr.Summary(of=fr.between(-75, -61)), checkpoint=path.with_suffix(".event"))
    path.with_suffix(".event").unlink()


COUNT = """
import sys, time, numpy as np, fastrest as fr
sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": np.geomspace(1, 50, 3_000_000)})
heard = [0]
def progress(done, total):
    if done < heard[-1]:
        print("second pass", flush=True)
        for _ in range(600):  # a signal just before a sleep does not end it
            time.sleep(0.1)
    heard.append(done)
asked = fr.Summary(), fr.Summary(of="E_K"), fr.Summary(of=fr.between(-70, -60))
sweep.reduce(*asked, checkpoint=sys.argv[1], threads=2, progress=progress)
"""


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_in_a_later_quantity_keeps_the_earlier_ones(path):
    with started(program(COUNT, path)) as process:
        assert process.stdout.readline() == "second pass\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    kept = fr.Tally.load(path)
    assert [state.of for state in kept.passes[:2]] == ["V", "E_K"]
    assert kept.passes[0].n == kept.points


# ---- parts ----


@SWEEPS
@pytest.mark.parametrize("through", ["memory", "files"])
def test_parts_about_an_output_merge_to_the_whole(tmp_path, sweep, through):
    asked = fr.Summary(of="E_K"), fr.Histogram(30, of="E_K"), fr.Fraction(below=-90, of="E_K")
    parts = [sweep.part(k, 3).tally(*asked) for k in range(3)]
    if through == "files":
        for k, one in enumerate(parts):
            one.save(tmp_path / str(k))
        parts = [tmp_path / str(k) for k in range(3)]
    assert plain(fr.merge(parts[::-1])) == plain(sweep.reduce(*asked))


@SWEEPS
def test_parts_about_an_event_in_files_merge_to_the_whole(tmp_path, sweep):
    paths = [tmp_path / str(k) for k in range(3)]
    for k, path in enumerate(paths):
        sweep.part(k, 3).tally(fr.Summary(of=INSIDE)).save(path)
        assert fr.Tally.load(path).reducers == (fr.Summary(of=INSIDE),)
    assert fr.merge(paths) == sweep.reduce(fr.Summary(of=INSIDE))


def test_parts_about_different_outputs_do_not_merge():
    parts = [TABLE.part(0, 2).tally(fr.Summary()), TABLE.part(1, 2).tally(fr.Summary(of="E_K"))]
    with pytest.raises(ValueError, match=r"one is of other reducers, Summary\(of='E_K'\)$"):
        fr.merge(parts)


def test_a_part_asks_about_one_quantity():
    with pytest.raises(ValueError, match="of a part ask about one quantity, got V and E_K"):
        TABLE.part(0, 2).tally(fr.Summary(), fr.Summary(of="E_K"))


def test_a_checkpoint_of_several_quantities_cannot_be_merged(path):
    TABLE.reduce(fr.Summary(), fr.Summary(of="E_K"), checkpoint=path)
    with pytest.raises(ValueError, match=r"count\.tally needs several passes, which cannot"):
        fr.merge([path])
