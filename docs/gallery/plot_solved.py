r"""
Which [K⁺]ₒ gives −60 mV?
=========================

An experiment needs cells at a chosen potential. How much potassium must the bath have?

The inverse problem is solved in closed form: the dots are solutions, and lie on the curves of V.
A leaky membrane needs less potassium; one that rests above −60 mV without any cannot be brought
there.
"""

import numpy as np

import fastrest as fr

cell, target = fr.cells["mammalian neuron"], -60.0
P_Na = [0.02, 0.06, 0.085]
ax = fr.grid(cell, K_out=np.geomspace(1, 60, 300), P_Na=P_Na).plot()
needed = [cell.replace(P_Na=one).solve("K_out", V=target) for one in P_Na]
ax.plot(needed, [target] * len(P_Na), "o", color="black", zorder=3)
for K in needed:
    ax.annotate(f"{K:.1f}", (K, target), xytext=(5, -12), textcoords="offset points")

print(f"This neuron is at {target:g} mV with {cell.solve('K_out', V=target):.2f} mM of potassium. "
      f"It takes {needed[0]:.1f} mM if P_Na/P_K = {P_Na[0]}, and {needed[-1]:.1f} mM "
      f"if P_Na/P_K = {P_Na[-1]}.")  # fmt: skip
