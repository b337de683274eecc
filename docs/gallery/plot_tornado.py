r"""
One input at a time: a tornado
==============================

How far does each input alone move V, from its low to its high values?

Each bar leads from V at the input's 5 % quantile to V at its 95 % quantile, with the other inputs
at their medians. The inputs' values stand at the ends. Where the colours are the other way round,
more of the input hyperpolarises: potassium inside does so, and heat.
"""

import fastrest as fr

space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), P_Cl=fr.lognormal(cv=0.5),
                 K_out=fr.uniform(3, 6), K_in=fr.normal(sd=10, low=0),
                 celsius=fr.uniform(33, 39))  # fmt: skip
swings = space.swings()
ax = swings.plot()

widths = abs(swings.V_high - swings.V_low)
first, last = swings.names[swings.order[0]], swings.names[swings.order[-1]]
print(f"From the 5 % to the 95 % quantile {first} moves V by {widths.max():.1f} mV, "
      f"{last} by {widths.min():.1f} mV.")  # fmt: skip
