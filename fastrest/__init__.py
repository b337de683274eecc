"""Resting membrane potentials over millions of concentration and permeability combinations.

Four nouns: a *model* is an equation for named ions, a *cell* gives it values and says where they
come from, a *sweep* varies some of them, and its verbs answer questions about the points.

>>> import numpy as np, fastrest as fr
>>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 1000))
>>> V = sweep.values()
>>> round(float(V[0]), 2), round(float(V[-1]), 2)
(-78.84, -31.29)
"""

from . import ufuncs
from .cell import Cell, PumpEffect, Times, cells, times
from .clinical import State, states
from .criteria import Between, Change, Criterion, NernstBetween, between, change, nernst_between
from .derived import Affine, Derived, Electroneutral, affine, electroneutral
from .distributions import Distribution, lognormal, loguniform, normal, triangular, uniform
from .gradients import Uncertainty
from .grids import Axis, Grid, axis, grid
from .info import __version__, info
from .members import Members
from .model import GHK, Chord, Model, ghk, nernst
from .output import load
from .physics import Ion, Parameter, Status
from .population import Marginal, Population, Transition
from .reduce import Classes, Fraction, Histogram, Quantile, Reducer, Summary
from .salib import space_from_salib
from .samples import Sample
from .sensitivity import SobolIndices, Swings
from .spaces import Space, space
from .sweep import Sweep
from .tables import Table, table
from .tally import Tally, merge

__all__ = [
    "GHK",
    "Affine",
    "Axis",
    "Between",
    "Cell",
    "Change",
    "Chord",
    "Classes",
    "Criterion",
    "Derived",
    "Distribution",
    "Electroneutral",
    "Fraction",
    "Grid",
    "Histogram",
    "Ion",
    "Marginal",
    "Members",
    "Model",
    "NernstBetween",
    "Parameter",
    "Population",
    "PumpEffect",
    "Quantile",
    "Reducer",
    "Sample",
    "SobolIndices",
    "Space",
    "State",
    "Status",
    "Summary",
    "Sweep",
    "Swings",
    "Table",
    "Tally",
    "Times",
    "Transition",
    "Uncertainty",
    "__version__",
    "affine",
    "axis",
    "between",
    "cells",
    "change",
    "electroneutral",
    "ghk",
    "grid",
    "info",
    "load",
    "lognormal",
    "loguniform",
    "merge",
    "nernst",
    "nernst_between",
    "normal",
    "space",
    "space_from_salib",
    "states",
    "table",
    "times",
    "triangular",
    "ufuncs",
    "uniform",
]
