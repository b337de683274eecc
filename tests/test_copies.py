"""Pickles and copies: nouns can be sent and copied, and pickles name the public face alone."""

import copy
import inspect
import pickle
import pickletools
import re

import pytest

import fastrest as fr
from helpers.nouns import NOUNS, noun


def same(one, other):
    """Equal, or, where a class does not say what that is, alike in all that it shows."""
    if type(one) is not type(other):
        return False
    if type(one).__eq__ is object.__eq__:
        return repr(one) == repr(other)
    return one == other


def hash_of(one):
    """A thing's hash, or that it has none."""
    try:
        return hash(one)
    except TypeError:
        return "unhashable"


#: How to make another of a thing.
COPIES = {
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "oldest pickle": lambda one: pickle.loads(pickle.dumps(one, protocol=2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("name", NOUNS)
def test_nouns_can_be_sent_and_copied(name, way):
    one = noun(name)
    other = COPIES[way](one)
    assert same(one, other)
    assert repr(one) == repr(other)
    if type(one).__eq__ is not object.__eq__:
        assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("name", sorted(fr.ufuncs.__all__))
def test_ufuncs_can_be_sent_and_copied(name, way):
    one = getattr(fr.ufuncs, name)
    assert COPIES[way](one) is one


@pytest.mark.parametrize("way", COPIES)
def test_what_functions_and_classes_are_called_leads_to_them(way):
    for name in fr.__all__:
        if inspect.isfunction(getattr(fr, name)) or inspect.isclass(getattr(fr, name)):
            assert COPIES[way](getattr(fr, name)) is getattr(fr, name)


def modules_named(data):
    """Return the modules of the package that a pickle names."""
    texts = {argument for _, argument, _ in pickletools.genops(data) if isinstance(argument, str)}
    words = {word for text in texts for word in text.split(" ")}
    return {word for word in words if re.fullmatch(r"fastrest(\.\w+)*", word)}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", NOUNS)
def test_pickles_of_nouns_name_the_public_face_alone(name, protocol):
    assert modules_named(pickle.dumps(noun(name), protocol)) <= {"fastrest"}


@pytest.mark.parametrize("name", sorted(fr.ufuncs.__all__))
def test_pickles_of_ufuncs_name_their_public_module_alone(name):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(getattr(fr.ufuncs, name), protocol)
        assert modules_named(data) <= {"fastrest", "fastrest.ufuncs"}
