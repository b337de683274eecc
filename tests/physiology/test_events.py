"""Events: combinations in three-valued logic, their text, and populations against samples."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest.physiology.criteria import quantity_from_json, quantity_to_json
from fastrest.physiology.event_text import event_of
from helpers.populations import SPACE

CELL = fr.cells["mammalian neuron"]
#: Rows of which V and E_K, E_K alone, V alone, or neither is valid; one E_K is infinite.
TABLE = fr.table(
    CELL,
    {
        "K_out": [5.0, 2.0, 12.0, -1.0, 40.0, 5.0, 6.0, 0.0],
        "P_Na": [0.04, 0.01, 0.2, 0.1, 0.04, -1.0, 0.02, 0.04],
        "Cl_out": [110.0, 100, 90, 110, -5, 110, 110, 110],
    },
)
OUTPUTS = "V", "E_K", "E_Cl"


def simple_events():
    x, of = st.integers(-100, -40), st.sampled_from(OUTPUTS)
    both = st.builds(lambda a, b, of: fr.between(min(a, b), max(a, b), of=of), x, x, of)
    above = st.builds(lambda a, of: fr.above(a, of=of), x, of)
    return both | above | st.builds(lambda a, of: fr.below(a, of=of), x, of)


def combined(events):
    lists = st.lists(events, min_size=1, max_size=4)
    some = lists.flatmap(lambda e: st.builds(fr.at_least, st.integers(1, len(e)), st.just(e)))
    ands = st.builds(lambda a, b: a & b, events, events)
    return some | ands | st.builds(lambda a, b: a | b, events, events) | events.map(lambda a: ~a)


EVENTS = st.recursive(simple_events(), combined, max_leaves=8)


def by_hand(event, outputs):
    """Return True, False or None (undefined) for one point; an output is None without a value."""
    kind = type(event).__name__
    if kind == "Not":
        found = by_hand(event.event, outputs)
        return None if found is None else not found
    if kind == "AtLeast":
        found = [by_hand(one, outputs) for one in event.events]
        if found.count(True) >= event.k:
            return True
        return None if found.count(True) + found.count(None) >= event.k else False
    x = outputs[event.of]
    if x is None:
        return None
    if kind == "Above":
        return x > event.x
    return x < event.x if kind == "Below" else event.low <= x <= event.high


@pytest.mark.property
@given(EVENTS)
def test_values_and_status_of_an_event_are_those_by_hand(event):
    values = {of: TABLE.values(of=of) for of in OUTPUTS}
    status = {of: TABLE.status(of=of) for of in OUTPUTS}
    got, bits = TABLE.values(of=event), TABLE.status(of=event)
    for i in range(len(TABLE)):
        outputs = {of: None if status[of][i] else float(values[of][i]) for of in OUTPUTS}
        wanted = by_hand(event, outputs)
        if wanted is None:
            involved = {part.of for part in event.parts}
            assert np.isnan(got[i])
            assert bits[i] == np.bitwise_or.reduce([status[of][i] for of in involved])
        else:
            assert (got[i], bits[i]) == (wanted, 0)


@pytest.mark.property
@given(EVENTS)
def test_an_event_outlives_its_text_its_json_and_its_pickle(event):
    assert event_of(repr(event)) == event
    assert quantity_from_json(quantity_to_json(event)) == event
    assert pickle.loads(pickle.dumps(event)) == event


@pytest.mark.property
@given(EVENTS)
def test_summary_and_reference_agree_with_the_values(event):
    values = TABLE.values(of=event)
    s, valid = TABLE.summary(of=event), values[~np.isnan(values)]
    assert (s.n, sum(s.invalid.values())) == (len(valid), len(values) - len(valid))
    if len(valid):
        assert s.mean == valid.mean()
    np.testing.assert_array_equal(values, TABLE.values(of=event, engine="python"))


def test_undefined_events_decide_only_where_no_other_does():
    bad, yes, no = fr.above(0, of="E_K"), fr.below(9, of="E_Cl"), fr.above(9, of="E_Cl")
    point = fr.table(CELL, {"K_out": [-1.0]})
    found = {e: float(point.values(of=e)[0]) for e in (bad, ~bad, bad & no, bad | yes)}
    assert np.isnan([found[bad], found[~bad]]).all()
    assert (found[bad & no], found[bad | yes]) == (0.0, 1.0)
    assert np.isnan([point.values(of=bad & yes), point.values(of=bad | no)]).all()


def test_above_and_below_leave_their_number_out():
    x = float(TABLE.values()[0])
    for event in (fr.above(x), fr.below(x)):
        assert TABLE.values(of=event)[0] == 0
        assert TABLE.values(of=~event)[0] == 1


def test_threads_parts_and_files_do_not_change_an_answer(tmp_path):
    sample = SPACE.sample(200_001, rng=1)
    event = fr.above(-70) | ~fr.between(-95, -85, of="E_K")
    values = sample.values(of=event, threads=3)
    assert values.tobytes() == sample.values(of=event, threads=1).tobytes()
    assert sample.summary(of=event).mean == values.mean()
    parts = []
    for k in range(2):
        parts.append(tmp_path / f"{k}.tally")
        sample.part(k, 2).tally(fr.Summary(of=event)).save(parts[-1])
    assert fr.merge(parts) == sample.reduce(fr.Summary(of=event))


def test_a_population_accepts_where_the_event_holds_in_the_sample():
    conditions = {"control": {}, "high K": {"K_out": 6.5}}
    sample = SPACE.sample(20_000, rng=1)
    event = (fr.above(-72) & fr.below(-66)) | fr.below(-98, of="E_K")
    pop = SPACE.population(20_000, rng=1, conditions=conditions, accept=[event])
    assert pop.accepted == int(sample.values(of=event).sum())
    assert 0 < pop.accepted < 20_000
    both = fr.between(-72, -66) & fr.change("control", "high K", 1, 3)
    one = SPACE.population(20_000, rng=1, conditions=conditions, accept=[both])
    two = SPACE.population(20_000, rng=1, conditions=conditions, accept=list(both.events))
    assert one.accepted == two.accepted > 0


def test_indices_of_above_are_those_of_the_range_that_is_left():
    a = SPACE.sobol(2**12, of=fr.above(-70), rng=1)
    b = SPACE.sobol(2**12, of=fr.between(np.nextafter(-70, 0), np.inf), rng=1)
    assert a["ST"].tolist() == b["ST"].tolist()
    with pytest.raises(ValueError, match=r"an event about one output, got ~above\(-70\)"):
        SPACE.sobol(2**12, of=~fr.above(-70), rng=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("above(-55", r"at character \d+ of"),
        ("abovee(-55)", r"unknown event 'abovee': did you mean above\?, at character 1 "),
        ("above(1) & between(3, 2)", r"low <= high must hold.*, at character 12 "),
        ("above(1) & 3", r"not allowed .*, at character 1 "),
        ("above(1).x", r"not allowed .*, at character 1 "),
        ("above(**{})", r"not allowed .*, at character 1 "),
        ("[above(1)]", r"an event such as above\(-55\) is needed"),
        ("above(True)", r"not allowed .*, at character 7 "),
        ("(" * 1990, r"."),
        (" " * 3000, r"at most 2,000 characters"),
    ],
)
def test_a_bad_text_is_refused_with_its_place(text, message):
    with pytest.raises(ValueError, match=message):
        event_of(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fr.at_least(3, [fr.above(1)]), "k must be at most the 1 events, got 3"),
        (lambda: fr.at_least(1, [1]), "events must be a list of events, got 1 in it"),
        (lambda: fr.at_least(1, fr.above(1)), "events must be a list of events, got above"),
        (lambda: fr.above(1) & 3, "& combines events"),
        (lambda: bool(fr.above(1)), "has no truth value"),
        (lambda: TABLE.values(of=fr.above(1) & fr.above(2, at="a")), "must name no condition"),
        (lambda: TABLE.values(of=fr.above(1) | fr.above(2, of="E_X")), "unknown output"),
    ],
)
def test_a_bad_combination_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
