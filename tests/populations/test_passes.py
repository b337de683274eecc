"""Passes over a population: threads, parts, executors, checkpoints, and progress."""

import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastrest as fr
from fastrest.populations import population_tally
from fastrest.populations.counts import Counter
from fastrest.runtime import ranges, scheduler
from helpers.executors import Recorder, processes
from helpers.populations import ACCEPT, CONDITIONS, QUESTIONS, SPACE, N


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_thread_count_does_not_change_bits_of_a_population(pop, threads):
    assert SPACE.population(N, **QUESTIONS, threads=threads) == pop


def test_blocks_of_a_population_add_in_any_order(pop):
    counter = Counter(pop.tally.design)
    blocks = list(ranges.cut([(0, N)], scheduler.BLOCK_POINTS))
    for order in (blocks, blocks[::-1]):
        total = counter.nothing()
        for start, stop in order:
            total = total + counter.count(start, stop)
        assert total.to_json() == pop.tally.counts.to_json()


@pytest.mark.filterwarnings("ignore:part .* is empty")
def test_parts_of_a_population_merge_to_the_whole(pop, tmp_path):
    parts = [SPACE.population(N, **QUESTIONS, part=(k, 7)) for k in range(7)]
    assert fr.merge(parts) == fr.merge(parts[::-1]) == pop
    assert sum(part.n for part in parts) == N
    assert sum(part.accepted for part in parts) == pop.accepted
    empty = next(part for part in parts if not part.n)
    assert (math.isnan(empty.fraction), empty.interval) == (True, (0.0, 1.0))
    assert "a part of" in repr(parts[-1])
    paths = [tmp_path / f"{k}.counts" for k in range(7)]
    for part, path in zip(parts, paths):
        part.save_counts(path)
    assert fr.merge([str(paths[0]), *paths[1:6], parts[6]]) == pop
    again = fr.merge(paths)
    assert again.members(first=100).columns.keys() == pop.members(first=100).columns.keys()
    assert (again.members().indices == pop.members().indices).all()


@pytest.mark.process
def test_a_population_by_an_executor_is_equal(pop):
    with processes() as executor:
        assert SPACE.population(N, **QUESTIONS, executor=executor) == pop
    with ThreadPoolExecutor(1) as executor:
        assert SPACE.population(N, **QUESTIONS, executor=executor, threads=2) == pop


@pytest.mark.process
@pytest.mark.parametrize(
    "asked", [{}, {"first": 10}, {"sample": 500, "rng": 3}], ids=["all", "first", "sample"]
)
def test_workers_find_the_members_of_the_plain_call(pop, asked):
    executor, expected = Recorder(), pop.members(**asked)

    for options in ({"workers": 2}, {"workers": 1, "threads": 2}):
        found = pop.members(executor=executor, **options, **asked)

        assert (found.indices == expected.indices).all()
        for name, column in expected.columns.items():
            np.testing.assert_array_equal(found.columns[name], column)
    assert executor.sent


@pytest.mark.process
def test_a_dead_worker_of_a_population_is_named():
    with ThreadPoolExecutor(1) as executor:
        executor.shutdown()
        with pytest.raises(RuntimeError, match=r"^the executor failed after 0 of 135,393 points"):
            SPACE.population(N, **QUESTIONS, executor=executor)


@pytest.mark.process
def test_tasks_of_a_population_for_workers_are_whole_blocks(monkeypatch):
    n, executor = 9 * scheduler.BLOCK_POINTS + 1, Recorder()

    found = SPACE.population(n, rng=1, executor=executor, workers=2)

    pieces = sorted((task.start, task.stop) for _, (task, *_) in executor.sent)
    assert ranges.join(pieces) == [(0, n)]
    assert 2 * 2 <= len(pieces) <= 2 * 8
    assert all(start % scheduler.BLOCK_POINTS == 0 for start, _ in pieces)
    assert found == SPACE.population(n, rng=1)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A checkpoint of a pass that was stopped after its first block."""
    monkeypatch.setattr(population_tally, "BLOCKS_PER_TASK", 1)

    def stop(done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        SPACE.population(N, **QUESTIONS, checkpoint=tmp_path / "c", threads=1, progress=stop)
    return tmp_path / "c"


def test_an_interrupted_population_resumes_from_its_checkpoint(pop, interrupted):
    path, first = interrupted, []
    kept = fr.Population.load(path)
    assert kept.n == scheduler.BLOCK_POINTS
    assert len(kept.members()) == kept.accepted
    again = SPACE.population(
        N, **QUESTIONS, checkpoint=path, progress=lambda *done: first.append(done[0])
    )
    assert min(first) > kept.n
    assert again == pop == fr.Population.load(path)
    assert SPACE.population(N, **QUESTIONS, checkpoint=path) == pop


def test_a_checkpoint_of_another_population_or_part_is_refused(interrupted):
    for other in (
        {**QUESTIONS, "rng": 4},
        {**QUESTIONS, "accept": ACCEPT[:2]},
        {**QUESTIONS, "conditions": {**CONDITIONS, "high K": {"K_out": 7}}},
    ):
        with pytest.raises(ValueError, match=r"^checkpoint .* is of another population: delete"):
            SPACE.population(N, **other, checkpoint=interrupted)
    with pytest.raises(ValueError, match=r"^checkpoint .* is of another part: delete"):
        SPACE.population(N, **QUESTIONS, checkpoint=interrupted, part=(2, 3))


@pytest.mark.process
def test_ctrl_c_stops_a_population_and_keeps_its_checkpoint(tmp_path):
    path, n = tmp_path / "c", 10**9
    started, raised = threading.Event(), []

    def press():
        started.wait()
        time.sleep(0.5)
        raised.append(time.monotonic())
        os.kill(os.getpid(), 2)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        SPACE.population(
            n, **QUESTIONS, checkpoint=path, threads=2, progress=lambda *_: started.set()
        )
    waited = time.monotonic() - raised[0]
    thread.join()
    assert waited < 10.0  # excludes a hang: about 0.1 s on an idle machine
    assert fr.Population.load(path).n > 0


def test_progress_of_a_population_is_reported_to_the_end():
    told = []
    SPACE.population(N, rng=1, progress=lambda *done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == (N, N)


def test_a_block_that_was_being_added_at_ctrl_c_is_not_saved(tmp_path):
    half = SPACE.population(10**6, **QUESTIONS, part=(0, 2))
    half.tally.accepted[-1] = 7  # its counts were not added yet
    half.save_counts(tmp_path / "half")
    assert fr.Population.load(tmp_path / "half").accepted == half.accepted
