r"""
Low potassium, at once and later
================================

Does hypokalaemia hyperpolarise a neuron or depolarise it?

At once V follows the Nernst potential of potassium down. In the long run the pump lacks potassium
outside: sodium rises inside, potassium is lost, and below some [K⁺]ₒ the cell depolarises
instead. The two curves meet at the potassium at which the cell lives.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastrest as fr

living = fr.cells["mammalian neuron"].living(
    R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5
)
acute, K_out = living.steady_state(), np.geomspace(0.8, 12, 200)
_, ax = plt.subplots(layout="constrained")
ax.set_title("Neuron with a pump that needs K outside", loc="left")
fr.grid(acute.replace(name="at once"), K_out=K_out).plot(ax)
later = fr.grid(living.replace(name="in the long run"), K_out=K_out)
later.plot(ax)

low = fr.states["hypokalaemia"]["K_out"]
there = [cell.replace(K_out=low).potential() for cell in (acute, living)]
s = later.summary()
print(f"At {low} mM V goes from {living.potential():.1f} to {there[0]:.1f} mV at once, and to "
      f"{there[1]:.1f} mV in the long run. "
      f"Below {s.at_min['K_out']:.1f} mM it rises again.")  # fmt: skip
