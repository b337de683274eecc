"""Answers whose bits test_public_api.py compares with those that users have."""

from collections.abc import Mapping

import numpy as np

import fastrest as fr
from fastrest import Output
from helpers.nouns import RIG, noun


def exact(values):
    """Numbers to the last bit, outputs by their texts; what is no double as it is."""
    if isinstance(values, Mapping):
        return {str(key): exact(value) for key, value in values.items()}
    if isinstance(values, tuple | list):
        return [exact(one) for one in values]
    if isinstance(values, np.ndarray):
        return exact(values.tolist())
    if isinstance(values, np.generic):
        values = values.item()
    if isinstance(values, Output):
        return repr(values)
    return values.hex() if isinstance(values, float) else values


def about(values):
    """Numbers to nine digits after the point: a library of the machine has a part in them."""
    if isinstance(values, Mapping):
        return {str(key): about(value) for key, value in values.items()}
    if isinstance(values, tuple | list | np.ndarray):
        return [about(one) for one in values]
    if isinstance(values, float | np.floating):
        return f"{float(values):.9f}".replace("-0.000000000", "0.000000000")
    return repr(values) if isinstance(values, Output) else values


def answer(found):
    """An answer's fields, to the last bit."""
    return exact(vars(found))


def some(values):
    """The first few of many numbers."""
    return exact(values.ravel()[:6])


def of_indices(found, keys):
    return {key: exact(found[key]) for key in keys}


def of_gradient(found, *names):
    return {name: exact(found[name]) for name in names}


def changes_of_states():
    """The shipped states, factors of which are told from values."""
    return {
        name: {
            key: {"times": one.factors} if isinstance(one, fr.Times) else one
            for key, one in state.items()
        }
        for name, state in fr.states.items()
    }


PARAMETERS = (1.0, 0.04, 0.45, 5.0, 145.0, 110.0, 140.0, 15.0, 7.0, 37.0, 1.0)

VALUES = {
    # cells
    "cells: potential": lambda: {name: exact(one.potential()) for name, one in fr.cells.items()},
    "cells: potential, in plain Python": lambda: about(RIG.cell.potential(engine="python")),
    "cell: gradient": lambda: exact(RIG.cell.gradient()),
    "cell: gradient with a divalent ion": lambda: exact(RIG.calcium.gradient()),
    "cell: elasticity": lambda: exact(RIG.cell.elasticity()),
    "cell: uncertainty": lambda: about(vars(RIG.uncertainty)),
    "cell: nernst": lambda: exact(RIG.cell.nernst()),
    "cell: concentrations of a passive ion": lambda: about(RIG.cell.passive("Cl").concentrations()),
    "cell: pump_effect": lambda: about(tuple(RIG.cell.pump_effect())),
    "cell: to_chord": lambda: about(dict(RIG.cell.to_chord())),
    "cell: replace": lambda: exact(RIG.cell.replace(K_out=8.0, P_Na=fr.times(0.5)).potential()),
    "cell: what it says of itself": lambda: {
        name: exact(getattr(RIG.cell, name))
        for name in ("name", "species", "basis", "quoted", "threshold", "block", "lower")
    },
    "cells: names": lambda: list(fr.cells),
    "states": lambda: {name: exact(one) for name, one in changes_of_states().items()},
    "states: potential": lambda: {
        name: exact(RIG.cell.replace(**one).potential()) for name, one in fr.states.items()
    },
    # models and functions
    "nernst": lambda: exact(fr.nernst(2, c_out=[2.0, 1.0], c_in=1e-4, celsius=37)),
    "ghk": lambda: exact(fr.ghk(**dict(zip(fr.GHK("K", "Na", "Cl").parameters, PARAMETERS)))),
    "ufuncs: nernst": lambda: exact(fr.ufuncs.nernst(1, [3.0, 5.0], 140.0, 37.0)),
    "ufuncs: ghk": lambda: exact(fr.ufuncs.ghk(*PARAMETERS)),
    "model: call": lambda: exact(
        fr.GHK("K", "Na")(
            P_K=1, P_Na=[0.01, 0.04], K_out=4.5, Na_out=145, K_in=140, Na_in=15, celsius=37
        )
    ),
    "model: call of Chord": lambda: exact(
        fr.Chord("K", "Na")(
            g_K=10, g_Na=[0, 1], K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37
        )
    ),
    "model: parameters": lambda: {
        name: [one.unit, one.meaning, *exact(one.domain)]
        for name, one in RIG.calcium.model.parameters.items()
    },
    # sweeps
    "grid: values": lambda: some(RIG.grid.values()),
    "grid: values in float32": lambda: some(RIG.grid.values(dtype="float32")),
    "grid: values of one with labels": lambda: exact(RIG.labelled.values()),
    "grid: values with a divalent ion": lambda: some(RIG.divalent.values()),
    "grid: gradient": lambda: {
        name: some(slopes) for name, slopes in RIG.grid.gradient("K_out", "celsius").items()
    },
    "grid: parameters": lambda: exact(RIG.grid.parameters([0, 600, 1106])),
    "grid: axis_values": lambda: exact(RIG.grid.axis_values("P_Na")),
    "grid: summary, factored": lambda: answer(RIG.grid.summary(method="factored")),
    "grid: summary, pointwise": lambda: answer(RIG.grid.summary(method="pointwise")),
    "grid: histogram": lambda: answer(RIG.grid.histogram(5, (-80.0, -50.0))),
    "grid: quantile": lambda: exact(RIG.grid.quantile([0.0, 0.25, 0.5, 1.0])),
    "grid: fraction": lambda: exact(
        [RIG.grid.fraction(below=-70), RIG.grid.fraction(between=(-70, -60))]
    ),
    "grid: classify": lambda: answer(RIG.grid.classify(threshold=-60.0, lower=-80.0)),
    "grid: summary with a divalent ion": lambda: answer(RIG.divalent.summary()),
    "grid: reduce": lambda: [
        exact(one) if isinstance(one, float | np.ndarray) else answer(one)
        for one in RIG.divalent.reduce(fr.Quantile(0.5), fr.Fraction(above=-50), fr.Classes(-55))
    ],
    "grid: blocks": lambda: [
        [where.start, where.stop, some(V)] for where, V in RIG.divalent.blocks()
    ],
    "grid: merged from parts": lambda: [
        answer(one) for one in fr.merge(RIG.wide.part(k, 2).tally(fr.Summary()) for k in range(2))
    ],
    "table: values": lambda: exact(RIG.table.values()),
    "table: status": lambda: exact(RIG.table.status()),
    "table: summary": lambda: answer(RIG.table.summary()),
    "table: gradient": lambda: exact(RIG.table.gradient("celsius")),
    "sample: parameters": lambda: exact(RIG.sample.parameters([0, 4999])),
    "sample: parameters of a related one": lambda: exact(
        RIG.related.sample(64, rng=3).parameters([0, 63])
    ),
    "sample: values": lambda: some(RIG.sample.values()),
    "sample: values of a Sobol' sequence": lambda: some(
        RIG.space.sample(64, method="sobol", rng=1).values()
    ),
    "sample: values of a Latin hypercube": lambda: some(
        RIG.space.sample(64, method="lhs", rng=1).values()
    ),
    "sample: summary": lambda: answer(RIG.sample.summary()),
    "sample: quantile": lambda: exact(RIG.sample.quantile([0.05, 0.5, 0.95])),
    "sample: classify": lambda: answer(RIG.sample.classify()),
    # spaces
    "distributions: ppf": lambda: {
        name: exact(noun(name).ppf([0.1, 0.5, 0.9]))
        for name in ("Uniform", "Triangular", "Normal", "Normal with bounds")
    },
    "distributions: ppf of logarithms": lambda: {
        name: exact(noun(name).ppf([0.1, 0.5, 0.9]))
        for name in ("LogUniform", "LogNormal", "LogNormal by its logarithm")
    },
    "distributions: text": lambda: {
        name: noun(name).text
        for name in ("Uniform", "LogUniform", "Triangular", "Normal with bounds", "LogNormal")
    },
    "distributions: poincare": lambda: {
        name: about(noun(name).poincare) for name in ("Uniform", "Triangular", "LogNormal")
    },
    "space: sobol, exact": lambda: {
        "mean": about(RIG.exact.mean),
        "sd": about(RIG.exact.sd),
        **{key: about(RIG.exact[key]) for key in ("S1", "ST", "S2", "names")},
    },
    "space: sobol, sampled": lambda: {
        "mean": exact(RIG.sampled.mean),
        "variance": exact(RIG.sampled.variance),
        "rng": RIG.sampled.rng,
        "order": RIG.sampled.order,
        **of_indices(RIG.sampled, ("S1", "ST", "S2", "vi", "dgsm")),
    },
    "space: sobol, intervals": lambda: {
        key: about(RIG.sampled[key]) for key in ("S1_conf", "ST_conf", "dgsm_conf")
    },
    "space: sobol of a range": lambda: of_indices(RIG.of_a_range, ("S1", "ST")),
    "space: sobol, extended": lambda: of_indices(RIG.dgsm.extend(2**9), ("vi", "dgsm")),
    "space: dgsm": lambda: of_indices(RIG.dgsm, ("vi", "dgsm")),
    "space: keys of indices": lambda: [list(RIG.exact), list(RIG.sampled), list(RIG.dgsm)],
    "space: swings": lambda: {
        name: exact(getattr(noun("Swings"), name))
        for name in ("names", "quantiles", "low", "high", "V_low", "V_high", "V", "order")
    },
    "space: evaluate": lambda: exact(RIG.space.evaluate([[0.04, 5.0, 140.0], [0.02, 4.0, 150.0]])),
    "space: scipy_func": lambda: exact(RIG.space.scipy_func([[0.04], [5.0], [140.0]])),
    "space: derived": lambda: exact(
        {name: one._asdict() for name, one in RIG.related.derived.items()}
    ),
    "space: salib_problem": lambda: exact(
        fr.space(RIG.cell, K_out=fr.uniform(3, 6), P_Na=fr.loguniform(0.01, 0.1)).salib_problem()
    ),
    "space_from_salib": lambda: repr(
        fr.space_from_salib({"names": ["K_out"], "bounds": [[3, 6]]}, RIG.cell).distributions
    ),
    # populations
    "population: counts": lambda: {
        "n": RIG.population.n,
        "accepted": RIG.population.accepted,
        "names": list(RIG.population.names),
        "invalid": RIG.population.invalid,
        "rejected_by": {repr(one): n for one, n in RIG.population.rejected_by.items()},
        "rejected_only_by": {repr(one): n for one, n in RIG.population.rejected_only_by.items()},
        "rejected_pairs": {repr(one): n for one, n in RIG.population.rejected_pairs.items()},
    },
    "population: fraction and interval": lambda: exact(
        [RIG.population.fraction, *RIG.population.interval]
    ),
    "population: summary": lambda: answer(RIG.population.summary("leaky")),
    "population: summary of all": lambda: answer(RIG.population.summary(accepted=False)),
    "population: histogram": lambda: answer(
        RIG.population.histogram("high K", bins=4, range=(-80, -60))
    ),
    "population: quantile": lambda: exact(RIG.population.quantile("leaky", [0.05, 0.5, 0.95])),
    "population: transition": lambda: answer(RIG.transition),
    "population: transition of one pair": lambda: RIG.transition["resting", "suprathreshold"],
    "population: marginals": lambda: {
        name: [exact(one.edges[:4]), exact(one.accepted), exact(one.proposed[:4])]
        for name, one in RIG.population.marginals.items()
    },
    "population: mean": lambda: exact(RIG.population.mean),
    "population: covariance": lambda: exact(RIG.population.covariance),
    "population: correlation": lambda: about(RIG.population.correlation),
    "population: balance": lambda: {
        name: about(tuple(one)) for name, one in RIG.population.balance.items()
    },
    "members": lambda: {
        "indices": exact(RIG.members.indices),
        "parameters": exact(RIG.members.parameters),
        "potentials": exact(RIG.members.potentials),
        "units": RIG.members.units,
    },
    "members: at random": lambda: exact(RIG.population.members(sample=4, rng=2).indices),
    "members: cells": lambda: [exact(one.potential()) for one in RIG.members.cells()],
}
