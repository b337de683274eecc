r"""
V against log [K⁺]ₒ
===================

How closely do muscle, nerve and glia follow the Nernst potential of potassium?

A membrane that lets only K⁺ through follows :math:`E_\mathrm{K}`, the dashed line of the same
colour. Any other permeability bends the curve away where [K⁺]ₒ is low: the glial cell of
*Necturus* hardly bends, the neuron bends most. The dots show where each cell rests.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastrest as fr

K_out = np.geomspace(1, 100, 300)
_, ax = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
ax.set_title("V and the Nernst potential of K", loc="left")
for name in ("glial cell", "mammalian skeletal muscle", "mammalian neuron"):
    cell = fr.cells[name]
    fr.grid(cell, K_out=K_out).plot(ax, nernst="K", rest=True)
    two = fr.grid(cell, K_out=[1.0, 10.0]).values(of="V")
    ideal = fr.grid(cell, K_out=[1.0, 10.0]).values(of="E_K")
    print(f"From 1 to 10 mM the {name} changes by {two[1] - two[0]:.1f} mV, "
          f"its Nernst potential by {ideal[1] - ideal[0]:.1f} mV.")  # fmt: skip
