r"""
When each of a thousand cells fails
===================================

How long do neurons last without their pump, if their membranes differ?

The line is the median cell, the bands hold half and nine tenths of the cells. Every cell has run
down from its own steady state.
"""

import numpy as np

import fastrest as fr

neuron = fr.cells["mammalian neuron"]
living = neuron.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5)
space = fr.space(living, P_Na=fr.lognormal(cv=0.2), P_K=fr.lognormal(cv=0.2))
runs = space.sample(2000, rng=1).rundown(
    {0: fr.states["pump block"]}, time=np.arange(0, 3601, 60), diameter=20
)
ax = runs.plot()

early, middle, late = runs.quantile([0.1, 0.5, 0.9], of=fr.time_to(neuron.threshold)) / 60
print(f"Half of the cells reach the threshold within {middle:.0f} min, a tenth within "
      f"{early:.0f} min, and a tenth not before {late:.0f} min.")  # fmt: skip
