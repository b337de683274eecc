r"""
What the pump adds to V
=======================

By how much does V fall at once when the sodium pump stops?

The pump carries 3 Na⁺ out for 2 K⁺ in, and so adds a current of its own. In the equation of
Mullins and Noda this is the ratio 1.5; with ouabain it is 1. The picture shows the depolarisation
within seconds, before any concentration changes. It is largest where sodium leaks most and
potassium is low.
"""

import numpy as np

import fastrest as fr

cell = fr.cells["mammalian skeletal muscle"].replace(pump_ratio=1.5)
tested = cell.under({"pump block": fr.states["pump block"]})
share = fr.change("control", "pump block")

plane = fr.grid(tested, K_out=np.geomspace(1, 20, 200), P_Na=np.geomspace(0.001, 0.2, 200))
ax = plane.plot(of=share, rest=True)

s = plane.summary(of=share)
print(f"In this muscle the pump adds {tested.value(of=share):.1f} mV, and at most {s.max:.1f} mV "
      f"in the plane, at {s.at_max['K_out']:.0f} mM K and "
      f"P_Na/P_K = {s.at_max['P_Na']:.2f}.")  # fmt: skip
