"""Merging parts: those of one whole merge, others are refused."""

import weakref

import numpy as np
import pytest

import fastrest as fr
from helpers.counting import GRID, PASSES, QUESTIONS, TABLE, halves, make_grid, plain, stopped

pytestmark = pytest.mark.usefixtures("small_tasks")


@pytest.mark.parametrize("through", ["memory", "files"])
@pytest.mark.parametrize(
    ("others", "message"),
    [
        (
            lambda: halves(make_grid(K_out=np.geomspace(1, 51, 300)))[1:],
            r"(one|1) is of another sweep$",
        ),
        (lambda: halves(reducers=QUESTIONS[:1])[1:], r"(one|1) is of other reducers, Summary\(\)$"),
        (lambda: halves(reducers=QUESTIONS[::-1])[1:], r"(one|1) is of other reducers, Cl"),
        (lambda: halves(method="factored")[1:], r"(one|1) is of method='factored'$"),
        (lambda: halves(), r"points 0 to 196,608 are in two of these tallies(: .*0 and .*1)?$"),
        (lambda: [GRID.part(1, 7).tally(*QUESTIONS, method="pointwise")], r"are in two of these"),
        (
            lambda: [],
            r"^these tallies( \(.*0\))? leave out the points .* to 420,000: part 1 of 2 is m",
        ),
    ],
    ids=["sweep", "reducers", "order", "method", "twice", "overlap", "left out"],
)
def test_merge_refuses_tallies_that_do_not_make_a_whole(tmp_path, through, others, message):
    given = [halves()[0], *others()]
    if through == "files":
        for i, one in enumerate(given):
            one.save(tmp_path / str(i))
        given = [tmp_path / str(i) for i in range(len(given))]

    with pytest.raises(ValueError, match=message):
        fr.merge(given)


def test_merge_names_every_gap():
    parts = [TABLE.part(k, 7).tally(fr.Summary()) for k in (0, 2, 3, 5)]

    missing = "65,536 to 131,072, 262,144 to 327,680, 393,216 to 400,003"
    parts_too = "parts 1, 4, 6 of 7 are missing"
    with pytest.raises(ValueError, match=f"tallies leave out the points {missing}: {parts_too}$"):
        fr.merge(parts)


def test_merge_lists_the_first_of_many_missing_parts():
    one = GRID.part(3, 7).tally(fr.Summary(), method="pointwise")
    one.part = 3, 100
    words = r": parts 0, 1, 2, 4, .*, 19, 20 and 79 more of 100 are missing$"
    with pytest.raises(ValueError, match=words):
        fr.merge([one])


def test_merge_names_a_damaged_file_among_many(tmp_path):
    files = [tmp_path / f"{k}.tally" for k in range(3)]
    for k, file in enumerate(files):
        GRID.part(k, 3).tally(fr.Summary()).save(file)
    files[1].write_bytes(files[1].read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"1\.tally is not .*, is damaged, or was cut off"):
        fr.merge(files)
    files[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"1\.tally"):
        fr.merge(files)


def test_merge_holds_one_part_at_a_time():
    alive, most = [], []

    def parts():
        for k in range(7):
            most.append(sum(one() is not None for one in alive))
            one = TABLE.part(k, 7).tally(fr.Summary())
            alive.append(weakref.ref(one))
            yield one
            del one

    assert fr.merge(parts()) == TABLE.reduce(fr.Summary())
    assert max(most) <= 2


def test_an_empty_part_is_told_and_merges():
    with pytest.warns(
        fr.PerformanceWarning,
        match=r"^part \d+ of 20 is empty: 400,003 points .* that n=7 is the most",
    ):
        parts = [TABLE.part(k, 20).tally(fr.Summary()) for k in range(20)]
    assert fr.merge(parts) == TABLE.reduce(fr.Summary())


def test_merge_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^nothing to merge: no tallies were given$"):
        fr.merge([])


@pytest.mark.parametrize("one", ["part.tally", TABLE.part(0, 1).tally(fr.Summary())], ids=type)
def test_merge_refuses_a_single_tally(one):
    message = r"^merge takes a list of tallies, populations or paths, got "
    with pytest.raises(TypeError, match=message):
        fr.merge(one)


def test_merge_takes_the_finished_checkpoint_of_one_pass(path):
    expected = plain(TABLE.reduce(*QUESTIONS, checkpoint=path))

    again = TABLE.part(0, 1).tally(*QUESTIONS, checkpoint=path)

    assert repr(again).startswith("<Tally of 400,003 of 400,003 points: ")
    assert plain(fr.merge([again])) == plain(fr.merge([path])) == expected


def test_merge_refuses_a_checkpoint_between_two_passes(path):
    # all points are counted, but for the first pass of several
    assert stopped(path, reducers=PASSES, call=7) == len(GRID)

    with pytest.raises(ValueError, match=r"needs several passes, which cannot be merged$"):
        fr.merge([path])
