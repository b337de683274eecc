"""Tallies: parts of a sweep, and their files."""

import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import ranges, scheduler
from helpers.counting import NEURON, QUESTIONS, SWEEPS, TABLE, plain
from helpers.processes import run

pytestmark = pytest.mark.usefixtures("small_tasks")


POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and fork")


@pytest.mark.filterwarnings("ignore:part .* is empty")
@SWEEPS
@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_tallies_of_parts_in_any_order_merge_to_the_bits_of_the_whole(tmp_path, sweep, method, n):
    expected = plain(sweep.reduce(*QUESTIONS, method=method))
    parts = [sweep.part(k, n).tally(*QUESTIONS, method=method) for k in range(n)]
    paths = [tmp_path / f"{k}.tally" for k in range(n)]
    for one, to in zip(parts, paths, strict=True):
        one.save(to)

    for seed in range(3):
        order = np.random.default_rng(seed).permutation(n)
        assert plain(fr.merge(parts[k] for k in order)) == expected
        assert plain(fr.merge(str(paths[k]) for k in order)) == expected
        mixed = [parts[k] if k % 2 else paths[k] for k in order]
        assert plain(fr.merge(mixed)) == expected


@SWEEPS
def test_parts_share_the_points_about_equally(sweep, method):
    parts = [sweep.part(k, 3).tally(fr.Fraction(below=-60), method=method) for k in range(3)]

    counted = [one.done for one in parts]
    assert ranges.join([one for done in counted for one in done]) == [(0, len(sweep))]
    sizes = [stop - start for ((start, stop),) in counted]
    assert max(sizes) < 2 * min(sizes)


def test_parts_and_tallies_print_their_points():
    part = TABLE.part(1, 7)

    assert repr(part).startswith("<part 1 of 7 of <Table of 400,003 points")
    assert repr(part.tally(fr.Summary())) == (
        "<Tally of 65,536 of 400,003 points: Summary(); pointwise>"
    )


def test_tallies_of_a_table_keep_the_parameters_at_the_extremes(tmp_path):
    whole = TABLE.summary()
    paths = [tmp_path / f"{k}.tally" for k in range(3)]
    for k, to in enumerate(paths):
        TABLE.part(k, 3).tally(fr.Summary()).save(to)

    (merged,) = fr.merge(paths)

    assert (merged.argmin, merged.argmax) == (whole.argmin, whole.argmax)
    assert merged.at_min == {n: float(v) for n, v in TABLE.parameters(whole.argmin).items()}
    assert merged.at_max == {n: float(v) for n, v in TABLE.parameters(whole.argmax).items()}


def test_a_tally_read_from_a_file_can_be_saved_again(tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    TABLE.part(0, 1).tally(*QUESTIONS).save(first)

    fr.Tally.load(first).save(again)

    assert again.read_bytes() == first.read_bytes()


def test_a_tally_of_bad_rows_alone_merges(tmp_path):
    bad = fr.table(NEURON, {"K_out": np.r_[np.full(scheduler.BLOCK_POINTS, -1.0), 5.0, 3.0]})
    paths = [tmp_path / "0", tmp_path / "1"]
    for k, to in enumerate(paths):
        bad.part(k, 2).tally(*QUESTIONS).save(to)

    assert plain(fr.merge(paths)) == plain(bad.reduce(*QUESTIONS))


@pytest.mark.process
@POSIX
def test_tallies_of_other_processes_merge(tmp_path):
    code = """
        import sys
        import numpy as np
        import fastrest as fr

        k, n, to = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": np.geomspace(1, 50, 200_000)})
        sweep.part(k, n).tally(fr.Summary(), fr.Histogram()).save(to)
    """
    sweep = fr.table(NEURON, {"K_out": np.geomspace(1, 50, 200_000)})
    paths = [tmp_path / f"{k}.tally" for k in range(2)]

    assert [run(code, k, 2, to) for k, to in enumerate(paths)] == [("", "")] * 2

    expected = sweep.reduce(fr.Summary(), fr.Histogram())
    assert plain(fr.merge(paths)) == plain(expected)


@pytest.mark.parametrize(
    ("k", "n", "message"),
    [
        (3, 3, r"^k must be from 0 to n - 1 = 2, got 3$"),
        (-1, 3, r"^k must be a whole number >= 0, got -1$"),
        (0, 0, r"^n must be a whole number >= 1, got 0$"),
        (0.0, 2, r"^k must be a whole number >= 0, got 0.0$"),
        (0, True, r"^n must be a whole number >= 1, got True$"),
        ("0", 2, r"^k must be a whole number >= 0, got '0'$"),
    ],
)
def test_a_bad_part_is_refused(k, n, message):
    with pytest.raises(ValueError, match=message):
        TABLE.part(k, n)


def test_tally_refuses_reducers_of_several_passes():
    with pytest.raises(ValueError, match=r"^Quantile\(0.5\) needs several passes .*checkpoint="):
        TABLE.part(0, 2).tally(fr.Summary(), fr.Quantile(0.5))


def test_a_tally_saves_thresholds_of_any_number_type(tmp_path):
    sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[1.0, 2.0])
    reducers = fr.Fraction(below=np.float32(-55)), fr.Classes(threshold=np.int64(-50))
    sweep.part(0, 1).tally(*reducers).save(tmp_path / "t")
    assert fr.merge([tmp_path / "t"]) == sweep.reduce(*reducers)
