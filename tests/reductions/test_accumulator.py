"""Accumulators: added in any order and grouping, and written as JSON."""

import json
from itertools import permutations

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.reductions import running
from fastrest.reductions.accumulator import Accumulator
from helpers.reductions import EDGES, SWEEPS, each_sweep, one_in_seven, state_of, table_of

NEURON = fr.cells["mammalian neuron"]
THREADS = (1, 2, 3, 7)


@each_sweep
@pytest.mark.parametrize("edges", [(), EDGES[:1], EDGES], ids=["none", "one", "ten"])
def test_instruction_sets_do_not_change_bits_of_an_accumulator(name, edges):
    sweep = SWEEPS[name]()
    first, *rest = [state_of(sweep, edges, engine=isa).to_json() for isa in _kernels.SUPPORTED]
    assert all(state == first for state in rest)


@pytest.mark.parametrize("make", [table_of, one_in_seven])
def test_threads_do_not_change_bits_of_an_accumulator(make, isa):
    sweep = make(700_001)
    once = state_of(sweep, engine=isa, threads=1).to_json()
    for threads in THREADS:
        assert state_of(sweep, engine=isa, threads=threads).to_json() == once


BLOCK = _kernels.BLOCK


def states_of_blocks(sweep, edges=EDGES, sums=True):
    """Return the accumulator of each block of a sweep."""
    empty = Accumulator("pointwise", np.array(edges))
    part = running.Pointwise(sweep).adder(empty, _kernels.ISA, sums, 1)
    states = []
    for start in range(0, len(sweep), BLOCK):
        states.append(empty.empty())
        part(states[-1], start, min(start + BLOCK, len(sweep)))
    return states


def added(states, edges=EDGES):
    total = Accumulator("pointwise", np.array(edges))
    for state in states:
        total.add(state)
    return total


@pytest.mark.parametrize("edges", [(), EDGES], ids=["none", "ten"])
def test_accumulators_add_in_any_order(edges):
    sweep = one_in_seven(7 * BLOCK + 13)
    expected = state_of(sweep, edges).to_json()
    states = states_of_blocks(sweep, edges)
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(states))
        assert added([states[i] for i in order], edges).to_json() == expected


def test_accumulators_add_in_any_grouping():
    sweep = one_in_seven(7 * BLOCK + 13)
    states = states_of_blocks(sweep)
    expected = state_of(sweep).to_json()
    for seed in range(30):
        group = np.random.default_rng(seed).integers(0, 4, len(states))
        groups = [added([s for s, g in zip(states, group) if g == i]) for i in range(4)]
        assert added(groups).to_json() == expected


@pytest.mark.parametrize("sums", [True, False])
def test_an_accumulator_of_many_blocks_is_the_sum_of_theirs(sums):
    sweep = one_in_seven(3 * BLOCK + 1)
    whole = Accumulator("pointwise", np.array(EDGES))
    running.Pointwise(sweep).adder(whole, _kernels.ISA, sums, 1)(whole, 0, len(sweep))
    assert added(states_of_blocks(sweep, sums=sums)).to_json() == whole.to_json()


def test_added_accumulators_keep_the_first_of_equal_extremes():
    sweep = fr.table(NEURON, {"K_out": np.tile([5.0, 4.0, 6.0], BLOCK)})
    states = states_of_blocks(sweep)
    for order in permutations(states):
        total = added(order)
        assert (total.argmin, total.argmax) == (1, 2)


@each_sweep
def test_an_accumulator_survives_json(name):
    state = state_of(SWEEPS[name]())
    again = Accumulator.from_json(json.loads(json.dumps(state.to_json(), allow_nan=False)))
    assert again.to_json() == state.to_json()
    assert np.array_equal(again.edges, state.edges)
    again.add(state)
    assert again.n == 2 * state.n


def test_an_empty_accumulator_survives_json_and_adds_nothing():
    state, empty = state_of(SWEEPS["table"]()), Accumulator("pointwise", np.array(EDGES))
    before = state.to_json()
    state.add(Accumulator.from_json(json.loads(json.dumps(empty.to_json(), allow_nan=False))))
    assert state.to_json() == before


def test_an_accumulator_answers_only_counted_edges():
    state = state_of(SWEEPS["table"]())
    for edge in (-64.9, -1000.0, 1.0):
        with pytest.raises(ValueError, match=f"{edge} is none of the edges that were counted"):
            state.below(edge)
