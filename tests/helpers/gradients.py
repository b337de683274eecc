"""Models and tables whose gradients are tested."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st

import fastrest as fr

SO4 = fr.Ion("SO4", -2)
ENGINES = [None, "base", "python"]
MODELS = {
    "three ions": fr.GHK("K", "Na", "Cl"),
    "no pump": fr.GHK("Na", "Cl"),
    "five ions": fr.GHK("Na", "K", "Cl", "HCO3", fr.Ion("Li", 1)),
    "calcium": fr.GHK("K", "Cl", "Ca", SO4),
    "divalents only": fr.GHK("Mg", "Ca", SO4),
    "passive": fr.GHK("K", "Na", "Cl", "Ca", passive=("Cl", "Ca")),
    "chord": fr.Chord("K", "Cl", "Ca"),
    "chord with a pump": fr.Chord("K", "Cl", "Ca", pump="constant"),
    "chord with a saturating pump": fr.Chord("K", "Cl", "Na", pump="saturating"),
}
each_model = pytest.mark.parametrize(
    "model", MODELS.values(), ids=[name.replace(" ", "-") for name in MODELS]
)
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=str)


def body(model, n, seed=0):
    """Return a table of n rows of ordinary values for every parameter."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.uniform(0.1, 150, n) for name in model.parameters}
    columns["celsius"] = rng.uniform(-20, 100, n)
    if model.pump_ion:
        columns["pump_ratio"] = rng.uniform(0.5, 2, n)
    return fr.table(fr.Cell(model, **dict.fromkeys(model.parameters, 1.0)), columns)


def same_bits(a, b):
    return a.tobytes() == b.tobytes()


SPECIAL = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e300, math.inf, -math.inf, math.nan]
SPECIAL += [1e200, 1e-200, 2.0**480, 2.0**-480]
ordinary = st.floats(1e-6, 1e3)
extraordinary = st.one_of(ordinary, ordinary, ordinary, st.sampled_from(SPECIAL))
temperatures = st.one_of(st.floats(-20, 100), st.floats(-20, 100), st.sampled_from(SPECIAL))


@st.composite
def rows(draw, model):
    n = draw(st.integers(1, 4))
    values = {}
    for name in model.parameters:
        strategy = temperatures if name == "celsius" else extraordinary
        values[name] = np.array(draw(st.lists(strategy, min_size=n, max_size=n)))
    return fr.table(fr.Cell(model, **dict.fromkeys(model.parameters, 1.0)), values)
