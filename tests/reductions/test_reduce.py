"""The `reduce` method: several answers at once, options, progress, and memory."""

import re
import tracemalloc
from itertools import permutations

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from helpers.reductions import SWEEPS, cell_of, plain, state_of, table_of

THREADS = (1, 2, 3, 7)
ASKED = [
    fr.Summary(),
    fr.Histogram(9, (-80, -30)),
    fr.Quantile([0.1, 0.9]),
    fr.Fraction(between=(-70, -60)),
    fr.Classes(),
    fr.Quantile(0.5),
    fr.Histogram([-71.5, -70, -33]),
]

# ---- several answers at once ----


def test_reduce_of_several_reducers_equals_single_answers():
    sweep = SWEEPS["bad rows"]()
    alone = [plain(sweep.reduce(one)[0]) for one in ASKED]
    assert [plain(answer) for answer in sweep.reduce(*ASKED)] == alone


def test_reduce_keeps_the_order_of_reducers():
    sweep = SWEEPS["bad rows"]()
    alone = {one: plain(sweep.reduce(one)[0]) for one in ASKED[:4]}
    for order in permutations(ASKED[:4]):
        assert [plain(answer) for answer in sweep.reduce(*order)] == [alone[one] for one in order]


def test_reduce_takes_the_same_reducer_twice():
    a, b = SWEEPS["table"]().reduce(fr.Quantile(0.5), fr.Quantile(0.5))
    assert a == b


def test_methods_of_a_sweep_equal_reduce():
    sweep = SWEEPS["bad rows"]()
    said = [
        sweep.summary(),
        sweep.histogram(9, range=(-80, -30)),
        sweep.quantile([0.1, 0.9]),
        sweep.fraction(between=(-70, -60)),
        sweep.classify(),
    ]
    assert [plain(x) for x in said] == [plain(sweep.reduce(one)[0]) for one in ASKED[:5]]


def test_reduce_sums_only_for_reducers_that_need_sums():
    asked = []

    class Spy(fr.Fraction):
        def answer(self, sweep, found):
            asked.append(found[0].total)
            return super().answer(sweep, found)

    sweep = SWEEPS["table"]()
    sweep.reduce(Spy(below=-60))
    sweep.reduce(Spy(below=-60), fr.Summary())
    assert asked[0] == 0
    assert asked[1] != 0


BLOCK = _kernels.BLOCK

# ---- progress and interruption ----


@pytest.mark.parametrize("threads", THREADS)
def test_reduce_reports_progress_up_to_all_points(threads):
    sweep, said = table_of(700_001), []
    sweep.summary(threads=threads, progress=lambda done, total: said.append((done, total)))
    assert said[-1] == (700_001, 700_001)
    assert said == sorted(set(said))
    assert {total for _, total in said} == {700_001}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("threads", THREADS)
def test_an_exception_in_progress_stops_reduce(threads, error):
    sweep, calls = table_of(20 * BLOCK), []

    def progress(done, total):
        calls.append(done)
        raise error

    with pytest.raises(error):
        sweep.reduce(fr.Summary(), fr.Quantile(0.5), threads=threads, progress=progress)
    assert len(calls) == 1
    if threads == 1:  # others may have been faster than the one that reports
        assert calls[0] < len(sweep)


def test_reduce_after_an_interruption_is_right():
    sweep = table_of(3 * BLOCK)
    expected = state_of(sweep).to_json()

    def progress(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state_of(sweep, progress=progress, threads=3)
    assert state_of(sweep).to_json() == expected


# ---- bad arguments ----


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"method": "fast"}, ValueError, "method must be one of auto, factored, .*, got 'fast'"),
        ({"method": None}, ValueError, "method must be one of .*, got None"),
        ({"method": "factored"}, ValueError, "method='factored' needs a grid"),
        ({"engine": "python"}, ValueError, r"engine='python' computes values\(\)"),
        ({"engine": "mmx"}, ValueError, "engine must be one of .*, got 'mmx'"),
        ({"threads": 0}, ValueError, "threads must be a whole number >= 1, got 0"),
        ({"progress": 3}, TypeError, r"progress must be True, False or callable.*, got 3"),
        ({"max_memory": 0}, ValueError, "max_memory must be a whole number >= 1, got 0"),
    ],
)
def test_reduce_checks_its_options(options, error, text):
    with pytest.raises(error, match=text):
        SWEEPS["table"]().summary(**options)


@pytest.mark.parametrize(
    "cell", [cell_of(fr.GHK("K", "Ca")), cell_of(fr.Chord("K", "Na"))], ids=["calcium", "chord"]
)
def test_reduce_refuses_method_factored_on_a_grid_that_does_not_factor(cell):
    sweep = fr.grid(cell, K_out=np.arange(1.0, 20), K_in=np.arange(1.0, 20))
    with pytest.raises(ValueError, match="method='factored'"):
        sweep.summary(method="factored")


@pytest.mark.parametrize("given", [fr.Summary, "summary", 5, None, np.array([0.5])])
def test_reduce_refuses_a_bad_reducer(given):
    with pytest.raises(
        TypeError, match=rf"a reducer must be fr.Summary\(\).*{re.escape(repr(given))}"
    ):
        SWEEPS["table"]().reduce(fr.Summary(), given)


def test_reduce_without_reducers_is_refused():
    with pytest.raises(TypeError, match="at least one reducer"):
        SWEEPS["table"]().reduce()


def test_answers_name_their_method():
    sweep = SWEEPS["table"]()
    s, h, c = sweep.reduce(fr.Summary(), fr.Histogram(), fr.Classes())
    assert (s.method, h.method, c.method) == ("pointwise",) * 3


# ---- memory ----


@pytest.mark.parametrize("method", ["summary", "histogram", "classify"])
def test_answers_allocate_no_array_of_the_tables_size(method):
    sweep = table_of(700_001)
    getattr(sweep, method)()
    tracemalloc.start()
    getattr(sweep, method)(threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(sweep)  # bytes: less than one for each point
