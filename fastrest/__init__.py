"""Resting membrane potentials over millions of concentration and permeability combinations.

There are four nouns: a *model* is an equation for named ions, a *cell* gives the model values with
their sources, a *sweep* varies some of the values, and a *space* makes some of them uncertain. The
verbs of sweeps and spaces answer questions about the potentials.

>>> import numpy as np, fastrest as fr
>>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.geomspace(1, 50, 1000))
>>> V = sweep.values()
>>> round(float(V[0]), 2), round(float(V[-1]), 2)
(-78.84, -31.29)
"""

import importlib
from types import FunctionType
from typing import TYPE_CHECKING, Any

from fastrest import _startup as _startup  # before all others
from fastrest import ufuncs
from fastrest._core.validation import public, remake
from fastrest._version import __version__
from fastrest.distributions.base import Distribution, Scaled
from fastrest.distributions.families import (
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    Uniform,
    lognormal,
    loguniform,
    normal,
    triangular,
    uniform,
)
from fastrest.distributions.scipy_frozen import Tabulated
from fastrest.distributions.tabulated import HalfTable, QuantileTable
from fastrest.models.conditions import ConditionOutput, output
from fastrest.models.equations import GHK, Chord, ghk, nernst
from fastrest.models.model import Model
from fastrest.models.outputs import NernstPotential, Output
from fastrest.models.pump_leak import PumpLeak, SteadyOutput
from fastrest.models.quantities import Ion, Parameter, Status
from fastrest.models.solutions import solution
from fastrest.models.time_course import CourseOutput, TimeCourse, time_to
from fastrest.nouns.spaces import Space, space
from fastrest.nouns.sweep_answers import Part
from fastrest.nouns.sweep_kinds import Courses, Grid, Sample, Table, grid, table
from fastrest.nouns.sweeps import Sweep
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import (
    Above,
    AtLeast,
    Below,
    Between,
    Change,
    Criterion,
    NernstBetween,
    Not,
)
from fastrest.physiology.events import above, at_least, below, between, change, nernst_between
from fastrest.physiology.multiples import Times, times
from fastrest.physiology.plausibility import PlausibilityWarning
from fastrest.physiology.presets import Presets, State, cells, states
from fastrest.physiology.pump import PumpEffect
from fastrest.physiology.rundown import Rundown
from fastrest.physiology.uncertainty import Uncertainty
from fastrest.points.axes import Axis, axis
from fastrest.points.derived import Affine, Derived, Electroneutral, Linear, affine, electroneutral
from fastrest.runtime.system import PerformanceWarning, info

if TYPE_CHECKING:
    from fastrest.nouns.load_and_merge import load, merge
    from fastrest.nouns.populations import Population
    from fastrest.nouns.spaces import space_from_salib
    from fastrest.populations.members import Members
    from fastrest.populations.transition import Marginal, Transition
    from fastrest.reductions.base import Reducer
    from fastrest.reductions.classes import Classes
    from fastrest.reductions.histograms import Fraction, Histogram
    from fastrest.reductions.summaries import Quantile, Summary
    from fastrest.reductions.tally import Tally
    from fastrest.sensitivity.distribution import Bounded
    from fastrest.sensitivity.indices import ShapleyEffects, SobolIndices
    from fastrest.sensitivity.one_at_a_time import Swings
    from fastrest.sensitivity.probability import Probability

# models
__all__ = ["GHK", "Chord", "Ion", "Model", "Parameter", "PumpLeak", "Status", "TimeCourse", "ghk"]
__all__ += ["nernst", "ufuncs"]
# cells
__all__ += ["Cell", "PlausibilityWarning", "PumpEffect", "Rundown", "State", "Times"]
__all__ += ["Uncertainty", "cells", "output", "solution", "states", "time_to", "times"]
# sweeps, and the answers to questions about them
__all__ += ["Axis", "Courses", "Grid", "Sample", "Sweep", "Table"]
__all__ += ["axis", "grid", "load", "table"]
__all__ += ["Classes", "Fraction", "Histogram", "Quantile", "Reducer", "Summary", "Tally", "merge"]
# uncertain inputs
__all__ += ["Distribution", "lognormal", "loguniform", "normal", "triangular", "uniform"]
__all__ += ["Affine", "Derived", "Electroneutral", "affine", "electroneutral"]
__all__ += ["Bounded", "Probability", "ShapleyEffects", "SobolIndices", "Space", "Swings"]
__all__ += ["space", "space_from_salib"]
# populations
__all__ += ["Between", "Change", "Criterion", "NernstBetween"]
__all__ += ["above", "at_least", "below", "between", "change", "nernst_between"]
__all__ += ["Marginal", "Members", "Population", "Transition"]
# the package
__all__ += ["PerformanceWarning", "__version__", "info"]

#: Modules that are imported when one of these names is first used: `import fastrest` is quicker
#: without them. Some names are not public, but pickles refer to them.
_LATE = {
    "fastrest.nouns.load_and_merge": ("load", "merge"),
    "fastrest.nouns.populations": ("Population",),
    "fastrest.nouns.spaces": ("space_from_salib",),
    "fastrest.physiology.currents": ("Current", "Currents"),
    "fastrest.populations.members": ("Members",),
    "fastrest.populations.transition": ("Balance", "Marginal", "Transition"),
    "fastrest.reductions.base": ("Reducer",),
    "fastrest.reductions.classes": ("Classes", "ClassesAnswer"),
    "fastrest.reductions.histograms": ("Fraction", "Histogram", "HistogramAnswer"),
    "fastrest.reductions.summaries": ("Quantile", "Summary", "SummaryAnswer"),
    "fastrest.reductions.tally": ("Tally", "restored_tally"),
    "fastrest.runtime.workers": ("do_task",),
    "fastrest.sensitivity.dependent": ("DependentIndices", "SampledShapley"),
    "fastrest.sensitivity.distribution": ("Bounded",),
    "fastrest.sensitivity.indices": ("ShapleyEffects", "SobolIndices"),
    "fastrest.sensitivity.one_at_a_time": ("Swings",),
    "fastrest.sensitivity.probability": ("Probability",),
    "fastrest.sensitivity.sampled": ("SampledIndices",),
    "fastrest.sensitivity.pick_freeze": ("ReplicateSums", "SamplingDesign"),
}
#: Further names that pickles refer to: classes of objects, and the function that makes some.
_PICKLED = (
    *(Above, AtLeast, Below, ConditionOutput, CourseOutput, Not),
    *(HalfTable, Linear, LogNormal, LogUniform, NernstPotential, Normal, Output, Part, Presets),
    *(QuantileTable, Scaled, SteadyOutput, Tabulated, Triangular, Uniform, remake),
)

for _one in (*_PICKLED, *map(globals().get, __all__)):
    if isinstance(_one, type | FunctionType):
        public(_one)


def __dir__() -> list[str]:
    return list(__all__)


def __getattr__(name: str) -> Any:
    for module, names in _LATE.items():
        if name in names:
            return public(getattr(importlib.import_module(module), name))
    instead = {"sweep": "fr.grid or fr.table", "population": "space.population"}
    hint = f": use {instead[name]}" if name in instead else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
