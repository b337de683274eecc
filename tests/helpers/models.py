"""Models, and the neuron of the check values."""

import fastrest as fr

#: The cell of the check values: K, Na and Cl of a mammalian neuron at 37 °C.
NEURON = {
    "P_K": 1.0,
    "P_Na": 0.04,
    "P_Cl": 0.45,
    "K_out": 5.0,
    "Na_out": 145.0,
    "Cl_out": 110.0,
    "K_in": 140.0,
    "Na_in": 15.0,
    "Cl_in": 7.0,
    "celsius": 37.0,
}
V_NEURON = -69.811924278622484  # in 40-digit arithmetic
K_NA_CL = fr.GHK("K", "Na", "Cl")
MODELS = [
    fr.GHK("K"),
    fr.GHK("Na", "Cl"),
    K_NA_CL,
    fr.GHK("K", "Na", "Cl", passive="Cl"),
    fr.GHK("K", "Na", "Cl", "Ca"),
    fr.GHK("K", "Na", "Cl", "Ca", "Mg", "HCO3"),
    fr.GHK("K", fr.Ion("SO4", -2)),
    fr.Chord("K", "Na", "Cl"),
    fr.Chord("K", "Cl", "Ca", passive=["Cl"]),
    fr.Chord("K", "Na", "Cl", pump="constant"),
    fr.Chord("K", "Na", "Cl", pump="saturating"),
]


def neuron(**changes):
    return K_NA_CL(**{**NEURON, **changes})


def values_for(model):
    """Return a value for every parameter, no two ions alike."""
    found = {}
    for i, name in enumerate(model.parameters):
        found[name] = {"celsius": 37.0, "pump_ratio": 1.5}.get(name, 3.0 + 7.0 * i)
    return found
