r"""
Does chloride hold V?
=====================

A chloride conductance is often called a shunt that stabilises V. When does it do so, and where?

Each panel has its own chloride permeability, and each curve its own chloride inside. Permeability
makes V flatter, and draws it towards :math:`E_\mathrm{Cl}`, the dashed line. Where a curve
crosses its dashed line no chloride flows, so that it crosses at the same [K⁺]ₒ in all panels.
"""

import numpy as np

import fastrest as fr

cell = fr.cells["mammalian neuron"]
sweep = fr.grid(cell, K_out=np.geomspace(1, 50, 200), P_Cl=[0, 0.45, 2], Cl_in=[5, 15, 30])
axes = sweep.plot(nernst="Cl")

V = sweep.values()
swing = V[-1] - V[0]
print(f"From 1 to 50 mM K, V of a cell with 5 mM Cl inside changes by {swing[0, 0]:.0f} mV without "
      f"chloride permeability, and by {swing[2, 0]:.0f} mV with P_Cl = 2 P_K.")  # fmt: skip
