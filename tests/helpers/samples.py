"""Spaces whose samples are tested."""

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _samples
from fastrest.distributions.scipy_frozen import Tabulated
from fastrest.distributions.tabulated import tabulate

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]
CHORD = NEURON.to_chord()
CALCIUM = fr.Cell(
    fr.GHK("K", "Na", "Cl", "Ca"), **NEURON, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4, threshold=-55
)
METHODS = list(_samples.METHODS)
SQUARE = Tabulated("square", (1.0, 4.0), tabulate(lambda u: (1 + u) ** 2, None))
SPACES = {
    "one input": fr.space(NEURON, P_Na=fr.lognormal(cv=0.5)),
    "every family": fr.space(
        NEURON,
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.uniform(3, 6),
        Na_in=fr.normal(sd=4, low=0),
        P_Cl=fr.loguniform(0.1, 1),
        K_in=fr.times(fr.triangular(0.8, 1, 1.1)),
        Cl_in=SQUARE,
    ),
    "correlated": fr.space(
        NEURON,
        K_out=fr.uniform(3, 6),
        Na_out=fr.normal(sd=5, low=0),
        P_Na=fr.lognormal(sigma_log=0.3),
        correlation={("K_out", "Na_out"): -0.8, ("P_Na", "K_out"): 0.2},
    ),
    "temperature and pump": fr.space(
        NEURON,
        celsius=fr.normal(sd=1, low=20, high=45),
        pump_ratio=fr.uniform(1, 1.5),
        K_out=fr.uniform(3, 6),
    ),
    "passive chloride": fr.space(MUSCLE, Cl_out=fr.uniform(90, 120), K_out=fr.uniform(3, 6)),
    "calcium": fr.space(CALCIUM, P_Ca=fr.loguniform(0.01, 10), Ca_in=fr.lognormal(cv=1)),
    "conductances": fr.space(CHORD, g_K=fr.lognormal(cv=0.5), Na_in=fr.uniform(5, 20)),
    "all parameters": fr.space(
        CALCIUM,
        **{name: fr.times(fr.uniform(0.9, 1.1)) for name in CALCIUM},
    ),
}
EVERY_SPACE = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)
SPACE = SPACES["every family"]


def points_of(sample):
    """Return the table of a sample's points: its answers must be bit-for-bit identical."""
    return fr.table(sample.cell, sample.parameters(np.arange(len(sample))))


def same_bits(a, b):
    return a.tobytes() == b.tobytes()
