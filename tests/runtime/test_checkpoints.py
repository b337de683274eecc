"""Checkpoints: an interrupted count resumes and ends with the same bits."""

import pickle
import sys

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import ranges, scheduler
from helpers.counting import (
    GRID,
    PASSES,
    QUESTIONS,
    SWEEPS,
    TABLE,
    Stopped,
    halves,
    plain,
    stop_at,
    stopped,
)

pytestmark = pytest.mark.usefixtures("small_tasks")


@SWEEPS
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_stopped_anywhere_resumes_to_the_same_bits(path, sweep, method, threads):
    expected = plain(sweep.reduce(*PASSES, method=method))
    options = {"method": method, "checkpoint": path, "threads": threads}
    stops = 0

    for call in 1 + np.arange(300) % 3:
        try:
            answers = sweep.reduce(*PASSES, progress=stop_at(call)[0], **options)
            break
        except Stopped:
            stops += 1

    # a second thread may end blocks between two reports, so that fewer stops are possible
    assert stops > (0 if threads == 2 else 2 if method == "factored" else 5)
    assert plain(answers) == expected
    assert plain(sweep.reduce(*PASSES, **options)) == expected


@SWEEPS
@pytest.mark.parametrize("call", [1, 4])
def test_progress_resumes_at_the_checkpoint(path, sweep, method, call):
    told = stopped(path, sweep, method=method, call=call)
    heard = []

    sweep.reduce(
        *QUESTIONS,
        method=method,
        checkpoint=path,
        threads=1,
        progress=lambda done, total: heard.append((done, total)),
    )

    assert 0 < told < heard[0][0]
    assert len(heard) == 7 - call
    assert heard[-1] == (len(sweep), len(sweep))


def test_a_later_pass_resumes_within_it(path):
    quantile = (fr.Quantile([0.1, 0.5, 0.9]),)
    told = stopped(path, reducers=quantile, call=10)
    heard = []

    def progress(done, total):
        heard.append(done)

    (found,) = GRID.reduce(
        *quantile, method="pointwise", checkpoint=path, threads=1, progress=progress
    )

    assert len(fr.Tally.load(path).passes) > 2
    assert told == 3 * scheduler.BLOCK_POINTS < heard[0]
    np.testing.assert_array_equal(found, GRID.quantile([0.1, 0.5, 0.9]))


def test_a_finished_checkpoint_is_not_counted_again(path):
    expected = plain(GRID.reduce(*PASSES, checkpoint=path))

    def progress(done, total):
        pytest.fail("there is nothing to do")

    assert plain(GRID.reduce(*PASSES, checkpoint=path, progress=progress)) == expected


def test_a_stopped_part_resumes_from_its_checkpoint(path):
    progress, _ = stop_at(2)
    with pytest.raises(Stopped):
        TABLE.part(1, 2).tally(*QUESTIONS, checkpoint=path, progress=progress, threads=1)

    part = TABLE.part(1, 2).tally(*QUESTIONS, checkpoint=path)

    merged = fr.merge([TABLE.part(0, 2).tally(*QUESTIONS), part])
    assert plain(merged) == plain(TABLE.reduce(*QUESTIONS))


def test_a_count_resumes_with_other_threads_and_instruction_sets(path):
    expected = plain(TABLE.reduce(*PASSES))
    for call in (2, 1, 3):
        stopped(path, TABLE, PASSES, call=call, engine="base")

    assert plain(TABLE.reduce(*PASSES, checkpoint=path, threads=3)) == expected


def test_no_task_is_counted_twice_wherever_an_interruption_falls():
    # Ctrl-C is raised between two lines: here between any two that add to a tally
    whole = GRID.part(0, 1).tally(*QUESTIONS, method="pointwise")
    parts = halves()
    added = {fr.Tally.add.__code__, type(whole.state).add.__code__, ranges.join.__code__}

    def interrupt_at(line):
        seen = 0

        def trace(frame, event, argument):
            nonlocal seen
            if frame.f_code not in added:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    raise KeyboardInterrupt
            return trace

        return trace

    before, line, finished = sys.gettrace(), 0, False
    while not finished:
        line += 1
        counted = pickle.loads(pickle.dumps(parts[0]))
        try:
            sys.settrace(interrupt_at(line))
            counted.add(parts[1].state, *parts[1].done[0])
            finished = True
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        expected = whole if counted.complete else parts[0]
        assert counted.state.to_json() == expected.state.to_json(), f"line {line}"
        assert counted.done == expected.done

    assert line > 10


@pytest.mark.slow
def test_a_checkpoint_is_tied_to_its_part(tmp_path):
    sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 300_000))
    first = sweep.part(0, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")
    again = sweep.part(0, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")
    assert again.done == first.done
    with pytest.raises(ValueError, match="is of another part"):
        sweep.part(1, 2).tally(fr.Summary(), checkpoint=tmp_path / "c")


def test_checkpoints_leave_unfinished_outputs_alone(tmp_path):
    unfinished = tmp_path / "v.npy.part"
    unfinished.write_text("hours of work")
    fr.grid(fr.cells["mammalian neuron"], K_out=[1, 2]).summary(checkpoint=tmp_path / "v.npy")
    assert unfinished.read_text() == "hours of work"
