r"""
The pump stops, and comes back
==============================

What happens to a neuron whose sodium pump stops for half an hour?

At once V loses the pump's own part; then the gradients run down, sodium replaces potassium, and
chloride and water follow. When the pump comes back it meets a cell full of sodium: it pumps fast,
and its current hyperpolarises the cell beyond its rest.
"""

import numpy as np

import fastrest as fr

neuron = fr.cells["mammalian neuron"]
living = neuron.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5)
stop = {0: fr.states["pump block"], 1800: {}}
run = living.rundown(stop, time=np.arange(-300, 5401, 10), diameter=20)
axes = run.plot(["V", "Na_in", "K_in", "relative_volume"])

V, volume = run.values(), run.values(of="relative_volume")
print(f"V goes from {V[0]:.1f} mV to {V.max():.1f} mV, and reaches the threshold after "
      f"{run.time_to(neuron.threshold) / 60:.0f} min. The cell swells by "
      f"{100 * (volume.max() - 1):.0f} %. Afterwards V falls to {V.min():.1f} mV.")  # fmt: skip
