r"""
Threshold and depolarisation block in a plane
=============================================

How much potassium outside, or how leaky a membrane for sodium, brings a neuron to its threshold,
and how much blocks it?

The solid line joins the cells that rest at the threshold, the dashed line those at which most
sodium channels stay inactivated. Both values are conventions. Along a line one may trade
:math:`P_\mathrm{Na}` for [K⁺]ₒ; far to the left V hardly depends on [K⁺]ₒ, and far below hardly
on :math:`P_\mathrm{Na}`.
"""

import numpy as np

import fastrest as fr

cell = fr.cells["mammalian neuron"]
plane = fr.grid(cell, K_out=np.geomspace(1, 60, 300), P_Na=np.geomspace(0.005, 0.6, 300))
ax = plane.plot(rest=True)

K_threshold, K_block = cell.solve("K_out", V=[cell.threshold, cell.block])
P_threshold = cell.solve("P_Na", V=cell.threshold)
print(f"At rest V is {cell.potential():.1f} mV. {K_threshold:.1f} mM of potassium bring it to the "
      f"threshold and {K_block:.1f} mM to block; a P_Na/P_K of {P_threshold:.3f} alone brings it "
      "to the threshold.")  # fmt: skip
