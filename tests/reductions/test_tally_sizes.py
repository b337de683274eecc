"""Tallies are small: long axes stand in them by their digests."""

import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.points import describe
from fastrest.runtime import storage
from helpers.counting import NEURON, plain

#: An axis much longer than a tally describes.
LONG = np.geomspace(1, 50, 100_000)
ASKED = fr.Summary(), fr.Histogram(), fr.Classes()
LIVING = NEURON.living(R_m=7)


def grid(**changed):
    return fr.grid(NEURON, **{"K_out": LONG, "celsius": [20.0, 30.0, 37.0], **changed})


@pytest.mark.parametrize("length", [300, 100_000, 1_000_000])
def test_a_tally_does_not_grow_with_an_axis(tmp_path, length):
    sweep = fr.grid(NEURON, K_out=np.geomspace(1, 50, length))
    sweep.part(0, 1).tally(*ASKED).save(tmp_path / "t")
    assert os.path.getsize(tmp_path / "t") < 50_000


def test_many_bins_are_packed(tmp_path):
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])
    asked = fr.Histogram(100_000)
    sweep.part(0, 1).tally(asked).save(tmp_path / "t")
    assert os.path.getsize(tmp_path / "t") < 1_800_000
    assert plain(fr.merge([tmp_path / "t"])) == plain(sweep.reduce(asked))


def test_tallies_of_a_long_axis_merge_to_the_whole(tmp_path):
    sweep, files = grid(), [tmp_path / f"{k}" for k in range(4)]
    for k, file in enumerate(files):
        sweep.part(k, 4).tally(*ASKED, method="pointwise").save(file)

    found = fr.merge(files)

    assert plain(found) == plain(sweep.reduce(*ASKED, method="pointwise"))
    assert found[0].at_min == sweep.summary(method="pointwise").at_min
    assert plain(fr.merge([*map(fr.Tally.load, files)])) == plain(found)


@pytest.mark.parametrize(
    "other",
    [grid(K_out=np.nextafter(LONG, 99)), grid(celsius=[20.0, 30.0, 36.0]), grid(K_out=LONG[1:])],
    ids=["last bits", "short axis", "length"],
)
def test_tallies_of_other_axes_are_refused(tmp_path, other):
    parts = [one.part(k, 2).tally(*ASKED) for k, one in enumerate((grid(), other))]
    with pytest.raises(ValueError, match="one is of another sweep"):
        fr.merge(parts)


def test_labels_and_courses_are_described_shortly_too(tmp_path):
    axis = fr.axis("dish", labels=[f"dish {i}" for i in range(300)], K_out=LONG[:300])
    labelled = fr.grid(NEURON, axis)
    cells = fr.grid(LIVING, K_out=np.linspace(3, 6, 300))
    run = cells.rundown({0: {}}, time=np.linspace(0, 60, 300), diameter=20)
    table = fr.table(LIVING, {"K_out": np.linspace(3, 6, 300)})
    rows = table.rundown({0: {}}, time=[0.0, 60.0], diameter=20)
    for sweep in (labelled, run, rows):
        sweep.part(0, 1).tally(fr.Summary()).save(tmp_path / "t")
        assert os.path.getsize(tmp_path / "t") < 8_000
        assert fr.merge([tmp_path / "t"]) == sweep.reduce(fr.Summary())


@pytest.mark.parametrize("method", ["pointwise", "factored"])
def test_a_checkpoint_of_a_long_axis_is_resumed(tmp_path, method):
    sweep = (
        fr.grid(NEURON, K_out=LONG, K_in=np.linspace(90, 150, 20), celsius=[20.0, 30.0, 37.0])
        if method == "factored"
        else grid()
    )
    asked, calls = (fr.Quantile([0.1, 0.5]), fr.Summary()), []

    def stop(done, total):
        calls.append(done)
        if len(calls) == (4 if method == "factored" else 5):
            raise InterruptedError

    options = {"method": method, "checkpoint": tmp_path / "c", "threads": 1}
    with pytest.raises(InterruptedError):
        sweep.reduce(*asked, progress=stop, **options)
    assert fr.Tally.load(tmp_path / "c").done is not None

    assert plain(sweep.reduce(*asked, **options)) == plain(sweep.reduce(*asked, method=method))


def test_a_long_axis_in_a_tally_of_format_1_is_read(tmp_path):
    sweep = grid()
    counted = sweep.part(0, 1).tally(*ASKED)
    full = describe.describe(sweep)
    counted.description = full
    counted.save(tmp_path / "t")
    content = storage.unseal(tmp_path / "t", "")
    assert content["digest"] == storage.digest(full)
    (tmp_path / "t").write_bytes(storage.seal({**content, "format": 1}))

    old = fr.Tally.load(tmp_path / "t")

    assert old.digest == sweep.part(0, 1).tally(*ASKED).digest
    assert plain(fr.merge([tmp_path / "t"])) == plain(sweep.reduce(*ASKED))
    assert plain(sweep.reduce(*ASKED, checkpoint=tmp_path / "t")) == plain(sweep.reduce(*ASKED))
