"""Balances: how far the cells of a population are from neutral and isosmotic."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .population import Population


class Balance(NamedTuple):
    """Mean and standard deviation over accepted cells, mM; NaN if there is none."""

    mean: float
    sd: float


def balances(population: "Population") -> dict[str, Balance]:
    """Charges and osmolarities of a population's ions: see ``Population.balance``."""
    space = population.space
    ions = [ion for ion in space.cell.model.ions if ion.name not in space.cell.model.passive]
    asked: dict[str, dict[str, float]] = {
        "charge outside": {f"{ion.name}_out": float(ion.z) for ion in space.cell.model.ions},
        "charge inside": {f"{ion.name}_in": float(ion.z) for ion in ions},
        "osmolarity inside - outside": {
            **{f"{ion.name}_in": 1.0 for ion in ions},
            **{f"{ion.name}_out": -1.0 for ion in ions},
        },
    }
    return {name: _balance(population, factors) for name, factors in asked.items()}


def _balance(population: "Population", factors: dict[str, float]) -> Balance:
    """Of a sum of parameters, each times a factor: it follows from means and covariances."""
    varied = np.array([factors.get(name, 0.0) for name in population.names])
    fixed = {name: x for name, x in factors.items() if name not in population.names}
    mean = sum(factor * population.space.cell[name] for name, factor in fixed.items())
    if not population.accepted:
        return Balance(math.nan, math.nan)
    involved = varied != 0  # what is left out may be without bounds
    weights, means = varied[involved], population.mean[involved]
    covariance = population.covariance[np.ix_(involved, involved)]
    # rounding may leave a little less than nothing of what cancels
    variance = max(0.0, float(weights @ covariance @ weights))
    return Balance(mean + float(weights @ means), math.sqrt(variance))
