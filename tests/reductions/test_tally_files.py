"""Files of tallies that are damaged or foreign are refused."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.points import describe
from fastrest.points.sample_points import SamplePoints
from fastrest.runtime import storage
from helpers.counting import GRID, QUESTIONS, TABLE, plain
from helpers.executors import SAMPLE

pytestmark = pytest.mark.usefixtures("small_tasks")


def write_part(path):
    TABLE.part(0, 1).tally(*QUESTIONS).save(path)
    return path.read_bytes()


def readers(path):
    """Return every call that reads a tally's file."""
    return [
        lambda: fr.Tally.load(path),
        lambda: fr.merge([path]),
        lambda: TABLE.reduce(*QUESTIONS, checkpoint=path),
    ]


def assert_refused(path, message):
    before = path.read_bytes()
    for read in readers(path):
        with pytest.raises(ValueError, match=message) as error:
            read()
        assert str(path) in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 1, 63, 64, 65, 66, 1000, 0.5, -100, -3, -2], ids=str)
def test_a_truncated_tally_file_is_refused_and_left_alone(path, kept):
    whole = write_part(path)
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])

    assert_refused(path, r"or was cut off or changed$")


def test_a_tally_file_with_any_changed_byte_is_refused(path):
    whole = write_part(path)
    rng = np.random.default_rng(2)
    places = [0, 63, 64, 65, len(whole) - 2, *rng.integers(len(whole) - 1, size=100)]

    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"or was cut off or changed$"):
            fr.Tally.load(path)
    assert_refused(path, r"or was cut off or changed$")


@pytest.mark.parametrize(
    "content",
    [b"\x93NUMPY\x01\x00", b"\n", b"K_out,P_Na\n5,0.04\n", b'{"fastrest": "1"}', b"\xff" * 200],
)
def test_a_foreign_file_is_refused_as_tally_and_left_alone(path, content):
    path.write_bytes(content)

    assert_refused(path, "is not a file of fastrest's tallies")


def test_a_sealed_file_of_another_kind_is_refused_as_tally(path):
    path.write_bytes(storage.seal({"fastrest": fr.__version__, "sweep": describe.describe(GRID)}))

    assert_refused(path, "is not a file of fastrest's tallies")


def test_a_tally_file_of_a_later_format_is_refused_with_both_formats(path):
    write_part(path)
    content = storage.unseal(path, "")
    assert content["format"] == storage.FORMAT
    path.write_bytes(storage.seal({**content, "format": storage.FORMAT + 1}))

    assert_refused(path, r"has format 2, .* formats up to 1: upgrade with pip install -U fastrest")


def test_a_tally_file_of_another_release_is_read(path):
    write_part(path)
    content = storage.unseal(path, "")
    path.write_bytes(storage.seal({**content, "fastrest": "0.0.9"}))

    expected = plain(TABLE.reduce(*QUESTIONS))
    for read in (lambda: fr.Tally.load(path).answers(), *readers(path)[1:]):
        assert plain(read()) == expected


def test_tallies_drawn_with_other_bits_are_neither_resumed_nor_merged(path, monkeypatch):
    def parts():
        return [SAMPLE.part(k, 2).tally(*QUESTIONS) for k in range(2)]

    with monkeypatch.context() as patch:
        patch.setattr(SamplePoints, "bits", SamplePoints.bits + 1)
        others = parts()
        SAMPLE.part(0, 1).tally(*QUESTIONS).save(path)
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"another version of fastrest \(bits 2, not 1\): delete it or"
    ):
        SAMPLE.reduce(*QUESTIONS, checkpoint=path)
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match=r"by another version of fastrest \(bits 2, not 1\)"):
        fr.merge([parts()[0], others[1]])
    assert plain(fr.merge(others)) == plain(fr.merge(parts())) == plain(fr.merge([path]))


def test_a_missing_tally_file_is_named(tmp_path):
    for read in (fr.Tally.load, lambda path: fr.merge([path])):
        with pytest.raises(FileNotFoundError, match=r"no such\.tally"):
            read(tmp_path / "no such.tally")
