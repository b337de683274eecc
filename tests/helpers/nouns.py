"""One of everything that users hold, as test_public_api.py and test_copies.py show it."""

import functools
import math

import numpy as np

import fastrest as fr

NEURON = "mammalian neuron"


class Rig:
    """Objects that several parts of the record are about, each made when first asked for."""

    @functools.cached_property
    def cell(self):
        return fr.cells[NEURON]

    @functools.cached_property
    def calcium(self):
        """A cell that is computed point by point."""
        return fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **self.cell, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)

    @functools.cached_property
    def grid(self):
        """A grid that factors."""
        return fr.grid(
            self.cell,
            K_out=np.linspace(2, 12, 41),
            K_in=np.linspace(120, 160, 9),
            P_Na=fr.times([0.5, 1.0, 2.0]),
        )

    @functools.cached_property
    def labelled(self):
        state = fr.axis("state", K_out=[2.5, 4.5, 6.5], Na_in=[12.0, 15.0, 18.0], labels=[*"abc"])
        return fr.grid(self.cell, state, celsius=[25.0, 37.0])

    @functools.cached_property
    def divalent(self):
        return fr.grid(self.calcium, K_out=np.linspace(1, 50, 30), P_Ca=[0.0, 0.1, 1.0])

    @functools.cached_property
    def table(self):
        rows = {"[K]o": [3.0, 5.0, -1.0, 8.0], "celsius": [37.0, 310.15, 37.0, 25.0]}
        rows["who"] = np.array([1, 2, 3, 4])
        return fr.table(self.cell, rows, rename={"[K]o": "K_out"}, keep=["who"])

    @functools.cached_property
    def space(self):
        return fr.space(
            self.cell,
            P_Na=fr.lognormal(sigma_log=0.5),
            K_out=fr.uniform(3, 6),
            K_in=fr.normal(sd=10, low=100),
        )

    @functools.cached_property
    def related(self):
        """A space with correlations and derived parameters."""
        return fr.space(
            self.cell,
            correlation={("P_Na", "K_in"): 0.5},
            P_Na=fr.times(fr.uniform(0.5, 1.5)),
            K_in=fr.triangular(120, 140, 150),
            Na_in=fr.affine(155, K_in=-1),
            Cl_in=fr.electroneutral(charge=-148),
        )

    @functools.cached_property
    def sample(self):
        return self.space.sample(5000, rng=1)

    @functools.cached_property
    def population(self):
        space = fr.space(
            self.cell.replace(pump_ratio=1.5),
            P_Na=fr.lognormal(sigma_log=0.5),
            K_in=fr.normal(mean=140, sd=8, low=110, high=152),
            Na_in=fr.affine(155, K_in=-1),
        )
        return space.population(
            5000,
            rng=1,
            conditions={
                "control": {},
                "high K": fr.states["hyperkalaemia"],
                "leaky": {"P_Na": fr.times(2)},
            },
            accept=[
                fr.between(-80, -65, at="control"),
                fr.change("control", "high K", 1, 5),
                fr.nernst_between("K", -95, -85),
            ],
        )

    @functools.cached_property
    def exact(self):
        return self.space.sobol(tolerance=1e-4)

    @functools.cached_property
    def sampled(self):
        return self.space.sobol(2**10, rng=1, second=True, replicates=8)

    @functools.cached_property
    def of_a_range(self):
        return self.space.sobol(2**10, rng=1, of=fr.between(-75, -65), replicates=8)

    @functools.cached_property
    def dgsm(self):
        return self.space.dgsm(2**8, rng=1, replicates=8)

    @functools.cached_property
    def transition(self):
        return self.population.transition("control", "leaky")

    @functools.cached_property
    def members(self):
        return self.population.members(first=4)

    @functools.cached_property
    def uncertainty(self):
        return self.cell.uncertainty(K_out=0.1, P_Na=fr.times(0.2))

    @functools.cached_property
    def wide(self):
        """A grid that is long enough to have parts."""
        return fr.grid(self.cell, K_out=np.linspace(1, 50, 200_000))


RIG = Rig()

#: An instance of each kind of thing that users hold in their hands.
NOUNS = {
    "GHK": lambda: fr.GHK("K", "Na", "Cl"),
    "GHK with an ion of one's own": lambda: fr.GHK("K", fr.Ion("SO4", -2), passive="K"),
    "Chord": lambda: fr.Chord("K", "Na"),
    "Ion": lambda: fr.Ion("SO4", -2),
    "Parameter": lambda: fr.GHK("K", "Na").parameters["K_out"],
    "Status": lambda: fr.Status.NEGATIVE,
    "Status of several": lambda: fr.Status.NEGATIVE | fr.Status.RANGE,
    "cells": lambda: fr.cells,
    "states": lambda: fr.states,
    "Cell": lambda: RIG.cell,
    "Cell with a divalent ion and a pump": lambda: RIG.calcium.replace(pump_ratio=1.5, name=""),
    "Cell with a passive ion": lambda: RIG.cell.passive("Cl"),
    "Cell of Chord": lambda: fr.Cell(
        fr.Chord("K", "Na"), g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37
    ),
    "PumpEffect": lambda: type(RIG.cell.pump_effect())(-2.5, 10.75),
    "Uncertainty": lambda: type(RIG.uncertainty)(2.5, {"K_out": 1.0}, {"K_out": 2.5}),
    "State": lambda: fr.states["hyperkalaemia"],
    "State with a factor": lambda: fr.states["raised P_Na"],
    "Times": lambda: fr.times([0.5, 2.0]),
    "Times of a distribution": lambda: fr.times(fr.uniform(0.5, 1.5)),
    "Axis": lambda: fr.axis("ringer", K_out=[2.5, 5.0], Na_out=[147.5, 145.0]),
    "Axis with labels": lambda: fr.axis("state", labels=["low", "high"], K_out=[2.5, 6.5]),
    "Axis of multiples": lambda: fr.axis("P", P_Na=fr.times([0.5, 2.0])),
    "Grid": lambda: RIG.grid,
    "Grid with labels": lambda: RIG.labelled,
    "Grid without factors": lambda: RIG.divalent,
    "Table": lambda: RIG.table,
    "Sample": lambda: RIG.sample,
    "Sample of a Sobol' sequence": lambda: RIG.space.sample(64, method="sobol", scramble=False),
    "Sample of a Latin hypercube": lambda: RIG.related.sample(64, method="lhs", rng=2),
    "Part": lambda: RIG.grid.part(0, 2),
    "Tally": lambda: RIG.wide.part(0, 2).tally(fr.Summary(), fr.Fraction(below=-55)),
    "Space": lambda: RIG.space,
    "Space with correlations": lambda: RIG.related,
    "Linear": lambda: RIG.related.derived["Na_in"],
    "Uniform": lambda: fr.uniform(3, 6),
    "LogUniform": lambda: fr.loguniform(0.01, 0.1),
    "Triangular": lambda: fr.triangular(0, 1, 2),
    "Normal": lambda: fr.normal(mean=140, sd=10),
    "Normal with bounds": lambda: fr.normal(mean=140, sd=10, low=100, high=150),
    "Normal about the cell's value": lambda: fr.normal(sd=10),
    "LogNormal": lambda: fr.lognormal(median=0.04, cv=0.5),
    "LogNormal by its logarithm": lambda: fr.lognormal(median=0.04, sigma_log=0.5),
    "LogNormal about the cell's value": lambda: fr.lognormal(cv=0.5),
    "Affine": lambda: fr.affine(155, K_in=-1),
    "Electroneutral": lambda: fr.electroneutral(charge=-148),
    "Between": lambda: fr.between(-80, -55),
    "Between under a condition": lambda: fr.between(-80.5, math.inf, at="control"),
    "Change": lambda: fr.change("control", "high K", 2, 15),
    "NernstBetween": lambda: fr.nernst_between("K", -100, -80),
    "Summary": lambda: fr.Summary(),
    "Histogram": lambda: fr.Histogram(4, (-80, -40)),
    "Quantile": lambda: fr.Quantile([0.05, 0.5]),
    "Fraction": lambda: fr.Fraction(between=(-80, -60)),
    "Classes": lambda: fr.Classes(threshold=-50),
    "SummaryAnswer": lambda: RIG.divalent.summary(),
    "HistogramAnswer": lambda: RIG.grid.histogram(4, (-80, -40)),
    "ClassesAnswer": lambda: RIG.grid.classify(),
    "Population": lambda: RIG.population,
    "Members": lambda: RIG.members,
    "Marginal": lambda: RIG.population.marginals["P_Na"],
    "Transition": lambda: RIG.transition,
    "Balance": lambda: type(RIG.population.balance["charge inside"])(148.0, 0.5),
    "SobolIndices, exact": lambda: RIG.exact,
    "SobolIndices, sampled": lambda: RIG.sampled,
    "SobolIndices of a range": lambda: RIG.of_a_range,
    "SobolIndices, dgsm": lambda: RIG.dgsm,
    "Swings": lambda: RIG.space.swings(),
}


@functools.cache
def noun(name):
    return NOUNS[name]()
