"""The equations that users choose: GHK and chord conductance."""

from fastrest.models.model import Model
from fastrest.models.reference import chord, chord_gradient, ghk, ghk_gradient


class GHK(Model):
    """The Goldman-Hodgkin-Katz voltage equation, for ions with valence +-1 and +-2.

    V = phi ln(N/D) with phi = RT/F. N sums P c_out of cations and P c_in of anions, D the opposite
    sides (Goldman 1943; Hodgkin & Katz 1949). If a divalent ion is present, V follows from the
    quadratic of Spangler (1972) and Lewis (1979). If K is among the ions, `pump_ratio` multiplies
    its terms (Mullins & Noda 1963): 1 is no pump, 1.5 is the 3:2 of the Na/K-ATPase. Only ratios
    of permeabilities matter.

    The equation does not model surface charge, activity coefficients, voltage-dependent
    permeability, or changes of the concentrations with time.

    See `Model` for parameters and attributes.

    Examples
    --------
    >>> import fastrest as fr
    >>> list(fr.GHK("K", "Na").parameters)
    ['P_K', 'P_Na', 'K_out', 'Na_out', 'K_in', 'Na_in', 'celsius', 'pump_ratio']
    """

    weight = "P"
    weight_meaning = "permeability (relative)"
    equation_name = "ghk"
    reference = staticmethod(ghk)
    reference_gradient = staticmethod(ghk_gradient)
    pumped = "K"


class Chord(Model):
    """The chord conductance equation: V = sum(g E) / sum(g), E the Nernst potentials.

    Only ratios of conductances matter. They are not ratios of permeabilities: `Cell.to_chord`
    converts these. See `Model` for parameters and attributes.

    Examples
    --------
    >>> import fastrest as fr
    >>> V = fr.Chord("K", "Na")(g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37)
    >>> round(float(V), 3)
    -75.45
    """

    weight = "g"
    weight_meaning = "conductance (relative)"
    equation_name = "chord"
    reference = staticmethod(chord)
    reference_gradient = staticmethod(chord_gradient)


#: Models by name, for files.
MODELS: dict[str, type[Model]] = {"GHK": GHK, "Chord": Chord}
