"""Files of tallies that are damaged or foreign are refused."""

import json

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

    assert_refused(path, r"has format 3, .* formats up to 2: upgrade with pip install -U fastrest")


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


# ---- altered and sealed again ----


def change(content, *keys, to):
    """Change a field of nested JSON: by a function, or to a value."""
    *most, last = keys
    for key in most:
        content = content[key]
    content[last] = to(content[last]) if callable(to) else to


def cell(**values):
    """Return a change of the sweep's text to another cell."""

    def changed(text):
        description = json.loads(text)
        description["cell"]["values"].update(values)
        return json.dumps(description)

    return changed


ALTERED = {
    "another cell": (["sweep"], cell(K_in=141.0), "digest is not that of the sweep"),
    "no cell": (["sweep"], "{}", "digest is not that of the sweep"),
    "digest": (["digest"], "0" * 64, "digest is not that of the sweep"),
    "method": (["methods", 0, 1], "guessed", "methods must be .*pointwise, got 'guessed'"),
    "quantity": (["methods", 0, 0], "E_Ca", "methods must have one for each quantity"),
    "no methods": (["methods"], [], "methods must have one for each quantity"),
    "reducer": (["reducers", 0, 0], "Oracle", "Oracle"),
    "no passes": (["passes"], [], "passes must be at least one"),
    "two passes": (["passes"], lambda found: found * 2, "number 1: n and invalid|number 2: method"),
    "counts": (["passes", 0, "counts", 3], lambda n: n + 1, "number 1: counts must have n = "),
    "counts below 0": (["passes", 0, "counts", 3], -1, "counts must be a whole number >= 0"),
    "n": (["passes", 0, "n"], lambda n: n + 1, "number 1: counts must have n = "),
    "invalid": (
        ["passes", 0, "invalid", 0],
        lambda n: n + 1,
        "n and invalid must have the 400,003",
    ),
    "edges": (["passes", 0, "edges", 1], (-99.0).hex(), "method, edges and of must be those"),
    "of": (["passes", 0, "of"], "E_K", "method, edges and of must be those of the reducers"),
    "mean": (["passes", 0, "total"], "0x7", "total must be n times a mean from min to max"),
    "squares": (["passes", 0, "squares"], "0x7", "squares must be the sum of n squares"),
    "order": (["passes", 0, "min"], (99.0).hex(), "min <= max must hold"),
    "place": (["passes", 0, "argmin"], 400_003, "argmin must be a point of done"),
    "no place": (["passes", 0, "argmax"], -1, "total, squares, min and max must be those of n"),
    "unknown place": (["places"], {}, "places must have the parameters of point"),
    "outside": (["done"], [[0, 400_004]], "done must be ranges of 400,003 points, in order"),
    "overlapping": (["done"], [[0, 65_536], [0, 400_003]], "done must be ranges of 400,003 points"),
    "fewer": (["done"], [[0, 65_536]], "n and invalid must have the 65,536 points of done"),
    "no range": (["done"], [[5, 5]], "done must be ranges"),
    "of a float": (["done"], [[0, 1.5]], "done must be a whole number"),
    "bits": (["bits"], 1, "bits must be None, got 1"),
    "nothing": (["passes", 0], None, "not subscriptable"),
    "a text": (["passes", 0, "edges"], "abc", "method, edges and of must be those"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_tally_that_was_sealed_again_is_refused_by_its_field(path, what):
    keys, to, message = ALTERED[what]
    write_part(path)
    content = storage.unseal(path, "")
    change(content, *keys, to=to)
    path.write_bytes(storage.seal(content))

    assert_refused(path, rf"count\.tally is damaged, or was cut off or changed: .*{message}")


def test_an_altered_grid_is_refused_although_its_digest_is_renewed(path):
    GRID.part(0, 1).tally(fr.Summary()).save(path)
    content = storage.unseal(path, "")
    description = json.loads(content["sweep"])
    description["shape"][0] += 1
    content |= {"sweep": json.dumps(description), "digest": storage.digest(description)}
    path.write_bytes(storage.seal(content))
    with pytest.raises(ValueError, match="sweep must be the description of a grid or sample"):
        fr.Tally.load(path)


@pytest.mark.parametrize("body", ['{"a":' * 100_000, "[" * 100_000, "1" * 5000, "null", "[]", '"'])
def test_a_sealed_text_that_is_no_content_is_damaged(path, body):
    head = f'{{"sha256": "{storage.sha256(body.encode())}",\n"content": '
    path.write_text(head + body + "}\n")

    assert_refused(path, r"count\.tally is damaged, or was cut off or changed: ")
