"""Spaces whose exact indices are tested."""

import math

import fastrest as fr

CELL = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # its chloride is passive
INDICES = ("S1", "ST", "S2")


def moments_of_log(a, b):
    """Return the mean and variance of ln x, x uniform from a to b."""
    first, second = (x * math.log(x) - x for x in (b, a))
    mean = (first - second) / (b - a)
    squares = [x * (math.log(x) ** 2 - 2 * math.log(x) + 2) for x in (b, a)]
    return mean, (squares[0] - squares[1]) / (b - a) - mean**2


SPACES = {
    "uniform": fr.space(
        CELL,
        **{
            name: fr.times(fr.uniform(0.5, 1.5))
            for name in ("P_K", "P_Na", "K_out", "Na_out", "K_in", "Cl_in")
        },
    ),
    "lognormal": fr.space(
        CELL, **{n: fr.lognormal(cv=0.5) for n in ("P_Na", "P_Cl", "K_out", "Cl_out", "Na_in")}
    ),
    "one of each": fr.space(
        CELL,
        celsius=fr.normal(sd=1, low=33, high=40),
        P_K=fr.loguniform(0.5, 2),
        K_in=fr.triangular(120, 140, 150),
        pump_ratio=fr.uniform(1, 1.6),
        P_Na=fr.lognormal(cv=0.3),
        Cl_out=fr.normal(sd=10, low=80),
    ),
    "permeabilities": fr.space(
        CELL, **{n: fr.lognormal(cv=0.4) for n in ("P_K", "P_Na", "P_Cl", "pump_ratio")}
    ),
    "concentrations": fr.space(
        CELL,
        **{n: fr.times(fr.uniform(0.7, 1.3)) for n in CELL if n.endswith(("_out", "_in"))},
    ),
    "passive": fr.space(
        MUSCLE,
        Cl_out=fr.uniform(100, 130),
        K_out=fr.uniform(3, 6),
        P_Na=fr.lognormal(cv=0.5),
        celsius=fr.uniform(30, 40),
    ),
}
