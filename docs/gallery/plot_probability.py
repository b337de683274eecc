r"""
How many cells cross the threshold
==================================

Cells of one kind differ. How does the fraction of neurons above their threshold, and of those in
depolarisation block, grow with [K⁺]ₒ?

Single cells have a threshold; a population has a transition. Every point is an exact probability,
not the count of a sample, so that fractions far below one in a million are as good as the others.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastrest as fr

cell, K_out = fr.cells["mammalian neuron"], np.linspace(2, 60, 117)
events = {"above threshold": fr.above(cell.threshold), "in block": fr.above(cell.block)}
_, ax = plt.subplots(layout="constrained")
for name, event in events.items():
    spaces = [fr.space(cell.replace(K_out=K), P_Na=fr.lognormal(cv=0.5), P_Cl=fr.lognormal(cv=0.3))
              for K in K_out]  # fmt: skip
    part = np.array([space.probability(of=event).value for space in spaces])
    (line,) = ax.plot(K_out, part, color={"in block": "#D55E00"}.get(name, "#0072B2"))
    half = np.interp(0.5, part, K_out)
    ax.annotate(
        name, (half, 0.5), xytext=(8, -4), textcoords="offset points", color=line.get_color()
    )
    print(f"At 5 mM {part[6]:.2g} of the cells are {name}, at {half:.1f} mM half of them.")

ax.set(xlabel=r"[K$^+$]$_\mathrm{o}$ (mM)", ylabel="fraction of the cells", ylim=(0, 1.02))
ax.set_title(cell.name, loc="left")
