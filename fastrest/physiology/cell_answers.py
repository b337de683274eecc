"""The verbs of a cell that ask for numbers: outputs, and their sensitivity to the parameters."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import FrozenMapping
from fastrest.models.conditions import output
from fastrest.models.model import Model
from fastrest.models.outputs import phi
from fastrest.models.time_course import TimeCourse
from fastrest.physiology.conditions import conditions_of
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.physiology.currents import Currents, currents_at_rest
from fastrest.physiology.multiples import Times
from fastrest.physiology.pump import PumpEffect, pump_effect
from fastrest.physiology.rundown import Rundown, run_down
from fastrest.physiology.solving import solve
from fastrest.physiology.uncertainty import Uncertainty, elasticity, uncertainty


class _Outputs:
    """The outputs of a cell, which an event judges."""

    def __init__(self, cell: CellAnswers, engine: str | None):
        self.cell, self.engine = cell, engine

    def output(self, name: str, at: str | None) -> np.ndarray:
        """Return an output, NaN where it has no finite value."""
        asked = self.cell.model.output(output(name, at=at))
        found = asked.value_at(self.cell, self.engine)
        return np.array(found if math.isfinite(found) or asked.is_time else math.nan)


class CellAnswers(FrozenMapping[float]):
    """A base of cells: the verbs that return numbers.

    Attributes
    ----------
    model : Model
    """

    _hooks: ClassVar[tuple[str, ...]] = ("check_unconditional", "inside", "with_model")

    model: Model

    def with_model(self, model: Model, values: Mapping[str, Any]) -> Self:
        """Return a cell of another model: the parameters that it shares, and further values."""
        raise NotImplementedError

    def potential(self, *, engine: str | None = None) -> float:
        """Return the resting potential.

        Parameters
        ----------
        engine : str, optional
            ``"python"`` for the pure-Python reference, or an instruction set of
            `fastrest.info`; the fastest by default.

        Returns
        -------
        float
            mV: NaN if no ion is permeant, -inf or +inf if permeant ions are on one side only.

        Examples
        --------
        >>> import fastrest as fr
        >>> round(fr.cells["mammalian neuron"].potential(), 2)
        -69.81
        """
        return self.model.outputs["V"].value_at(self, engine)

    def value(
        self, *, of: str | Criterion | list[Any] | tuple[Any, ...] = "V", engine: str | None = None
    ) -> Any:
        """Return an output, or whether an event holds.

        Parameters
        ----------
        of : str, Criterion, or list of them
            Name of an output of the model: "V", or "E_K" and the like; or an event (`above`).
        engine : str, optional
            As for `potential`.

        Returns
        -------
        float, or dict of str to float
            mV; of an event 1, 0, or NaN if it is undefined. A list gives a dict: each quantity by
            its name, or by the event's repr.

        Raises
        ------
        ValueError
            The model has no such output.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> round(cell.value(of="E_K"), 2), cell.value(of=fr.above(-70))
        (-89.06, 1.0)
        """
        if isinstance(of, list | tuple):
            if not of:
                raise ValueError("of needs a quantity, got an empty list")
            names = (one if isinstance(one, str) else repr(one) for one in of)
            return {n: self.value(of=one, engine=engine) for n, one in zip(names, of, strict=True)}
        asked, event = resolved_quantity(of, self.model)
        if event is None:
            return asked.value_at(self, engine)
        return float(event.truth(_Outputs(self, engine)))

    def gradient(self, *, of: str = "V", engine: str | None = None) -> dict[str, float]:
        """Return the derivatives of the potential with respect to each parameter.

        They are exact derivatives of the equation (not differences) with the other parameters held
        fixed. That by a passive ion's concentration is 0, as its inside concentration follows. At
        the edge of a domain (P = 0, a concentration of 0) they are one-sided.

        Parameters
        ----------
        of : str
            Name of an output of the model: "V", or "E_K" and the like.
        engine : str, optional
            As for `potential`.

        Returns
        -------
        dict of str to float
            mV per mM, per °C, or per unit of permeability or conductance, for every parameter;
            NaN if the potential is not finite. The derivative of the chord equation by g at g = 0
            is infinite if the ion is on one side only, and NaN if the ion is on neither side.

        Examples
        --------
        >>> import fastrest as fr
        >>> slopes = fr.cells["mammalian neuron"].gradient()
        >>> round(slopes["K_out"], 3), round(slopes["P_Na"], 1), round(slopes["celsius"], 3)
        (1.916, 275.7, -0.225)
        """
        return self.model.output(of).gradient_at(self, engine)

    def elasticity(self, *, of: str = "V") -> dict[str, float]:
        """Return the change of the potential for +1 % of each parameter, to first order.

        The change for `celsius` is that for +1 °C, because its zero is a convention. Unlike those
        of `gradient`, the values are comparable across parameters.

        Parameters
        ----------
        of : str
            Name of an output of the model.

        Returns
        -------
        dict of str to float
            mV; NaN if the potential is not finite.

        Examples
        --------
        >>> import fastrest as fr
        >>> elasticity = fr.cells["mammalian neuron"].elasticity()
        >>> {name: round(mV, 3) for name, mV in elasticity.items() if name.startswith("K")}
        {'K_out': 0.096, 'K_in': -0.197}
        """
        return elasticity(self.model.output(of), self)

    def uncertainty(self, *, of: str = "V", **sds: float | Times) -> Uncertainty:
        """Return the standard deviation of the potential from those of some parameters.

        This is the first-order propagation of independent errors (the delta method): the variance
        is the sum of (dV/dx sd)^2. It holds for errors so small that V is linear over them.

        Parameters
        ----------
        of : str
            Name of an output of the model.
        **sds : float or Times
            Standard deviations in the parameters' own units, or as multiples of the cell's values
            by `times`: ``K_out=fr.times(0.1)`` is 10 %.

        Returns
        -------
        Uncertainty
            ``sd`` in mV, the share of each input in the variance, and a plot.

        Raises
        ------
        ValueError
            A parameter is unknown, or its sd is negative or not finite.

        Examples
        --------
        >>> import fastrest as fr
        >>> u = fr.cells["mammalian neuron"].uncertainty(K_out=0.1, P_Na=fr.times(0.25))
        >>> round(u.sd, 2), {name: round(share, 3) for name, share in u.shares.items()}
        (2.76, {'K_out': 0.005, 'P_Na': 0.995})
        """
        return uncertainty(self.model.output(of), self, sds)

    def nernst(self) -> dict[str, float]:
        """Return the Nernst potential of every ion; a passive ion's is the resting potential.

        Returns
        -------
        dict of str to float
            mV, by the name of the ion.

        Examples
        --------
        >>> import fastrest as fr
        >>> {ion: round(E, 2) for ion, E in fr.cells["mammalian neuron"].nernst().items()}
        {'K': -89.06, 'Na': 60.63, 'Cl': -73.62}
        """
        model = self.model
        return {ion.name: model.outputs[f"E_{ion.name}"].value_at(self) for ion in model.ions}

    def concentrations(self) -> dict[str, tuple[float, float]]:
        """Return the concentrations of every ion outside and inside.

        A passive ion is in equilibrium with the potential: c_in = c_out exp(-zV/phi). The inside
        of a cell that keeps itself is that of its steady state.

        Returns
        -------
        dict of str to tuple of float
            Outside and inside, mM, by the name of the ion.

        Examples
        --------
        >>> import fastrest as fr
        >>> c_out, c_in = fr.cells["mammalian skeletal muscle"].concentrations()["Cl"]
        >>> c_out, round(c_in, 2)
        (116.0, 4.45)
        """
        found = {}
        for ion in self.model.ions:
            c_out = self[f"{ion.name}_out"]
            if ion.name in self.model.passive:
                c_in = c_out * math.exp(-ion.z * self.potential() / float(phi(self["celsius"])))
            else:
                c_in = self.merged(self.inside)[f"{ion.name}_in"]
            found[ion.name] = c_out, c_in
        return found

    def under(self, conditions: Mapping[str, Any]) -> Self:
        """Return the cell with outputs under conditions, and from one condition to another.

        It is a cell like others, and keeps its potential. Its sweeps, samples, spaces and files
        know the conditions too: ask for ``of=fr.output("V", at="high K")``, for
        ``of=fr.change("control", "high K")``, or for events about them.

        Parameters
        ----------
        conditions : dict of str to (dict or State)
            Each condition is a whole one: new values of parameters, or multiples by `times` of each
            point's own value. "control", in which nothing is changed, is there in any case. New
            conditions are added to those that the cell has. A value that a condition replaces is
            not checked: it may be a bad one.

        Returns
        -------
        Cell

        Raises
        ------
        TypeError, ValueError
            A condition is no dict, it changes an unknown parameter, or a value is outside its
            domain.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"].under({"high K": {"K_out": 8.0}})
        >>> depolarised = fr.change("control", "high K")
        >>> round(cell.value(of=depolarised), 2)
        5.21
        >>> fr.grid(cell, P_Na=fr.times([0.5, 1, 2])).values(of=depolarised).round(2)
        array([6.42, 5.21, 3.78])
        """
        return self.with_model(self.model.under(conditions_of(self, conditions)), {})

    def check_unconditional(self, verb: str) -> None:
        """Raise the ValueError if the cell has conditions, which a verb would drop."""
        if self.model.conditions:
            raise ValueError(
                f"{verb} makes a cell of another model, which conditions of this one may not fit: "
                "call under after it"
            )

    @property
    def inside(self) -> dict[str, float]:
        """The inside concentrations of the steady state of a cell that keeps itself."""
        if isinstance(self.model, TimeCourse):
            raise ValueError(
                "the currents of a cell in the course of time are not known here: ask those of "
                "living.steady_state()"
            )
        names = (f"{ion.name}_in" for ion in self.model.ions)
        return {name: self.value(of=name) for name in names if name in self.model.outputs}

    def currents(self) -> Currents:
        """Return the currents that flow at rest: which ion carries how much, and the pump.

        The currents of all ions and of the pump sum to zero. A cell of relative permeabilities
        tells their shares only; `absolute` gives it a scale. A passive ion carries no current.

        Returns
        -------
        Currents
            A row for each permeant ion: its Nernst potential, driving force, current (outward
            positive), share, slope and chord conductance; and a row for the pump. It prints as a
            table, and has ``R_m``, ``input_resistance``, ``to_dataframe`` and ``plot``.

        Raises
        ------
        ValueError
            The potential is not finite.

        Notes
        -----
        Goldman 1943; Hodgkin & Katz 1949. The GHK slope conductances set the input resistance, the
        chord conductances the potential; the ratios of neither are ratios of permeabilities.

        Examples
        --------
        >>> import fastrest as fr
        >>> fr.cells["mammalian neuron"].currents()
        Currents at -69.81 mV, outward positive:
                   E    V - E   share
          K   -89.06    19.25  +0.916
          Na   60.63  -130.45  -1.000
          Cl  -73.62     3.81  +0.084
        """
        return currents_at_rest(self.model, self.merged(self.inside))

    def pump_effect(self, *, ratio: float = 1.5) -> PumpEffect:
        """Return the effect of an electrogenic Na/K pump on the potential in the steady state.

        The effect is V at `pump_ratio` = ratio less V at 1, and its ceiling ``phi |ln ratio|``
        (Mullins & Noda 1963). Permeability ratios fitted with the GHK equation already contain the
        pump, which the effect then counts twice.

        Parameters
        ----------
        ratio : float
            Na per K that the pump moves: 1.5 for 3:2.

        Returns
        -------
        PumpEffect
            ``effect`` and ``ceiling``, mV.

        Raises
        ------
        ValueError
            The model has no `pump_ratio`, or the ratio is not finite and > 0.

        Examples
        --------
        >>> import fastrest as fr
        >>> effect, ceiling = fr.cells["cardiac ventricular myocyte"].pump_effect()
        >>> round(effect, 2), round(ceiling, 2)
        (-2.47, 10.84)
        """
        V = self.model.outputs["V"]
        return pump_effect(self, lambda r: V.value_at(self.merged({"pump_ratio": r})), ratio)

    def solve(self, parameter: str, **target: npt.ArrayLike) -> Any:
        """Return the value of a parameter at which the potential has a given value.

        The other parameters keep their values. The answer is a closed form and unique: zero net
        current at a given V is linear in every single concentration and permeability, and V is
        proportional to the absolute temperature. Only the concentrations that a saturating pump
        binds may have three answers: the nearest to the present value by ratio is returned.

        Parameters
        ----------
        parameter : str
            Name of the parameter to solve for.
        **target : array_like
            The potential, mV, by the name of its output: ``V=-60``, or ``E_K=-90``.

        Returns
        -------
        float or ndarray
            In the parameter's unit. An array of potentials gives an array of their shape.

        Raises
        ------
        ValueError
            No value of the parameter gives one of the potentials; the error names those that are
            in reach. Or the parameter or the output is unknown.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> round(cell.solve("K_out", V=-60), 2)
        11.19
        >>> cell.solve("P_Na", V=[-75, -65]).round(4)
        array([0.0229, 0.0592])
        """
        return solve(self.model, self, parameter, target)

    def rundown(
        self,
        protocol: Mapping[float, Any],
        *,
        time: npt.ArrayLike,
        diameter: float,
        volume: str = "free",
        tol: float = 1e-7,
        engine: str | None = None,
    ) -> Rundown:
        """Return the course of a living cell in time, from its steady state on.

        Amounts of Na, K and Cl change by the currents, the pump and the cotransporters. V is that
        of zero net current at every instant: charging the membrane takes milliseconds, and would
        change V by less than 0.001 mV here. Water follows at once.

        Parameters
        ----------
        protocol : dict of float to dict or State
            Conditions by the time, s, at which each begins: new values of parameters, multiples by
            `times`, or one of ``fr.states``. Each is a whole condition against the baseline; {} is
            the baseline. `z_X` and `n_X` cannot change.
        time : array_like
            Times of the answer, s, not decreasing.
        diameter : float
            Of a sphere, um: its membrane, 6/diameter of the first volume, stays what it is.
        volume : {"free", "fixed"}
            Whether water moves.
        tol : float
            Error of the amounts in a step, mM of the first volume.
        engine : str, optional
            As for `potential`.

        Returns
        -------
        Rundown
            ``values(of=)``, ``to_dataframe``, ``to_xarray``, ``plot``.

        Raises
        ------
        ValueError
            The cell is not living, or has no steady state; or an argument breaks a rule.

        Notes
        -----
        Dormand & Prince 1980. At the default `tol` V is within 1e-6 mV of the solution in the
        scenarios of the tests, at 1e-10 within 1e-9 mV.

        Examples
        --------
        >>> import fastrest as fr
        >>> living = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = living.rundown({0: fr.states["pump block"], 1800: {}}, time=[0, 1800, 7200],
        ...                      diameter=20)
        >>> run.values().round(2)
        array([-65.19, -49.33, -63.71])
        """
        return run_down(self, protocol, time, diameter, volume, tol, engine)
