"""Ions: names, valences, and value semantics."""

import contextlib
import math
import pickle

import numpy as np
import pytest

import fastrest as fr


@pytest.mark.parametrize(
    ("name", "z"), [("K", 1), ("Na", 1), ("Cl", -1), ("Ca", 2), ("Mg", 2), ("HCO3", -1)]
)
def test_common_ions_are_known_by_name_with_their_valence(name, z):
    assert fr.GHK(name).ions == (fr.Ion(name, z),)


@pytest.mark.parametrize("z", [-2, -1, 1, 2, np.int64(2), 1.0])
def test_an_ion_keeps_its_valence_as_an_int(z):
    ion = fr.Ion("X", z)

    assert ion.z == z
    assert type(ion.z) is int


@pytest.mark.parametrize("z", [0, 4, -4, 1.5, True, "1", None, [1], math.nan], ids=repr)
def test_an_ion_valence_other_than_1_2_or_3_is_refused(z):
    with pytest.raises(ValueError, match=r"^z of X must be -3, -2, -1, 1, 2 or 3, got "):
        fr.Ion("X", z)


@pytest.mark.parametrize("name", ["", "K+", "1K", "K_out", "a b", "[K]", 3, None])
def test_an_ion_name_that_cannot_be_part_of_a_parameter_is_refused(name):
    with pytest.raises(ValueError, match="an ion's name must be letters and digits, got"):
        fr.Ion(name, 1)


def test_two_ions_never_share_a_parameter_name():
    # P_out would be the permeability of "out" and the outside concentration of "P"
    ions = [("P", 1), ("out", 1)]

    with contextlib.suppress(ValueError):
        model = fr.GHK(*(fr.Ion(name, z) for name, z in ions))
        assert len(model.parameters) == 3 * len(ions) + 1


def test_a_known_ion_keeps_its_valence():
    with pytest.raises(ValueError, match="K has z = 1, got -1"):
        fr.GHK("Na", fr.Ion("K", -1))


def test_ions_are_immutable_comparable_hashable_and_pickle():
    ion = fr.Ion("SO4", -2)

    with pytest.raises(AttributeError):
        ion.z = 1
    assert ion == fr.Ion("SO4", -2) != fr.Ion("SO4", -1)
    assert hash(ion) == hash(fr.Ion("SO4", -2))
    assert pickle.loads(pickle.dumps(ion)) == ion
    assert repr(ion) == "Ion(name='SO4', z=-2)"
