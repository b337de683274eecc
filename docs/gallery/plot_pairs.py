r"""
Cells that agree with a recording
=================================

Many different cells have the same resting potential. What do they have in common?

Candidates are drawn at random, and those are kept that rest between −72 and −68 mV and depolarise
by 1 to 6 mV in hyperkalaemia. On the diagonal are the accepted cells' values; elsewhere each dot
is an accepted cell. Leakier cells must have more potassium inside, or less outside.
"""

import numpy as np

import fastrest as fr

space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.6),
                 K_out=fr.uniform(2.5, 6.5), K_in=fr.normal(sd=15, low=60, high=220))  # fmt: skip
population = space.population(
    10**5, rng=1, conditions={"control": {}, "hyperkalaemia": fr.states["hyperkalaemia"]},
    accept=[fr.between(-72, -68, at="control"), fr.change("control", "hyperkalaemia", 1, 6)],
)  # fmt: skip
axes = population.plot_pairs()

x = population.members(sample=2000, rng=0).parameters
r = np.corrcoef(np.log(x["P_Na"]), x["K_out"])[0, 1]
print(f"{population.accepted:,} of {population.n:,} candidates are accepted. "
      f"Among them log P_Na and [K]o have a correlation of {r:.2f}.")  # fmt: skip
