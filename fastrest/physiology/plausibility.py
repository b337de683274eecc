"""Plausibility: legal values that can hardly be meant, such as 0.005 mM for 5 mM of K.

The ranges hold every recording that the presets quote, and the tables of ion concentrations of
Hille, Ion Channels of Excitable Membranes, 3rd ed., table 1.3 (frog and mammalian muscle) and
table 1.4 (squid axon), by a factor of 20 or more on either side. Half-saturations of the pump lie
between 3.6 and 10 mM of Na and 0.9 and 2 mM of K in published models. A value of 0 is always
plausible: it is an ion that is left out.
"""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import public
from fastrest.models.model import Model

MOLAR = "concentrations are in mM"
#: Plausible values by parameter: lowest, highest, and the rule that others seem to have missed.
RANGES: dict[str, tuple[float, float, str]] = {
    "K_out": (0.05, 2000.0, MOLAR),
    "Na_out": (0.5, 2000.0, MOLAR),
    "Cl_out": (0.5, 2000.0, MOLAR),
    "Ca_out": (0.003, 200.0, MOLAR),
    "Mg_out": (0.005, 500.0, MOLAR),
    "HCO3_out": (0.1, 500.0, MOLAR),
    "K_in": (1.0, 2000.0, MOLAR),
    "Na_in": (0.05, 2000.0, MOLAR),
    "Cl_in": (0.05, 2000.0, MOLAR),
    "Ca_in": (1e-6, 1.0, MOLAR),
    "Mg_in": (0.005, 500.0, MOLAR),
    "HCO3_in": (0.1, 500.0, MOLAR),
    "celsius": (-10.0, 60.0, "temperatures are in °C"),
    "pump_max": (-100.0, 100.0, "pump currents are in uA/cm2, 0.1 to 2 in most cells"),
    "pump_Na_half": (0.1, 200.0, MOLAR),
    "pump_K_half": (0.01, 100.0, MOLAR),
    "pump_ratio": (1.0, 10.0, "it is Na per K, 1.5 for 3 Na : 2 K, and below 1 it depolarises"),
}
#: Rows of a table that are looked at, evenly spread.
ROWS = 1000


@public
class PlausibilityWarning(UserWarning):
    """A warning of a legal value that can hardly be meant, such as a concentration in molar.

    ``warnings.simplefilter("ignore", fr.PlausibilityWarning)`` silences it, and ``"error"`` makes
    it an error.

    Examples
    --------
    >>> import warnings, fastrest as fr
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", fr.PlausibilityWarning)
    ...     round(fr.cells["mammalian neuron"].replace(K_out=0.005).potential(), 2)
    -81.66
    """


def refuse_ratios(model: Model, values: Mapping[str, Any]) -> None:
    """Raise the ValueError for columns in which all permeabilities in cm/s must be ratios.

    Parameters
    ----------
    model : Model
    values : mapping of str to array_like
        Values by parameter, of which `ROWS` are looked at.
    """
    for name in values:
        parameter = model.parameters.get(name)
        if parameter is not None and parameter.unit == "cm/s":
            some = _some_of(values[name])
            rule = parameter.rule(float(some.min())) if len(some) else None
            if rule is not None and some.min() > 0:
                raise ValueError(name + rule)


def _some_of(values: Any) -> np.ndarray:
    """Return some values of a column, evenly spread, that are finite and not 0."""
    column = np.asarray(values).reshape(-1)
    with np.errstate(over="ignore"):  # a long double beyond doubles
        some = np.asarray(column[:: max(1, len(column) // ROWS)], np.float64)
    return np.asarray(some[np.isfinite(some) & (some != 0)])


def warn_if_implausible(values: Mapping[str, Any]) -> None:
    """Warn once if all values of some parameters are implausible.

    A sweep may visit implausible values on purpose: one plausible value is enough.

    Parameters
    ----------
    values : mapping of str to array_like
        Values by parameter, of which `ROWS` are looked at.
    """
    found = []
    for name in values:
        if name not in RANGES:
            continue
        low, high, rule = RANGES[name]
        given = values[name]
        first = given if type(given) is float else given.item(0)
        if low <= first <= high:  # one is enough
            continue
        some = _some_of(given)
        if len(some) and np.all((some < low) | (some > high)):
            found.append(f"{name}={some[0]:g} ({rule})")
    if found:
        frame, level = sys._getframe(), 1
        while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == "fastrest":
            frame, level = frame.f_back, level + 1  # the warning names the user's line
        warnings.warn(f"implausible: {', '.join(found)}", PlausibilityWarning, stacklevel=level)
