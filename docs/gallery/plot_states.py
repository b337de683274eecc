"""
Clinical states
===============

Which state of the blood or of the membrane moves the resting potential of which cell most?

Each bar is the change of V from the cell at rest, at once, by a published state. Potassium in the
blood moves the muscle far more than the neuron, whose chloride and sodium permeabilities hold V.
The factors for channels are conventions: half and twice the published permeability.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastrest as fr

names = list(fr.states)
_, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
for i, name in enumerate(("mammalian neuron", "mammalian skeletal muscle")):
    tested = fr.cells[name].replace(pump_ratio=1.5).under(fr.states)
    changes = [tested.value(of=fr.change("control", state)) for state in names]
    places = np.arange(len(names)) + 0.4 * i
    ax.barh(places, changes, 0.4, label=name, color=("#0072B2", "#D55E00")[i])
    widest = int(np.argmax(np.abs(changes)))
    print(f"The {name} is moved most by {names[widest]}: {changes[widest]:+.1f} mV.")

ax.set_yticks(np.arange(len(names)) + 0.2, names)
ax.invert_yaxis()
ax.axvline(0, color="0.2", linewidth=0.8)
ax.set(xlabel="change of the membrane potential (mV)", ylabel="state")
ax.legend(loc="upper left", bbox_to_anchor=(0, 1.12), ncols=2, frameon=False)
