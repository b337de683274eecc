r"""
Which ion carries the resting current
=====================================

At rest the net current is zero, but no single current is. Which are the largest?

Currents out of the cell go to the right. Those to the left balance them. A measured membrane
resistance gives the currents their scale; a pump of 3 Na⁺ for 2 K⁺ carries a third of the sodium
current.
"""

import matplotlib.pyplot as plt

import fastrest as fr

_, axes = plt.subplots(2, figsize=(6.4, 5.6), layout="constrained")
for ax, name, R_m in zip(
    axes, ("mammalian neuron", "cardiac ventricular myocyte"), (7, 20), strict=True
):
    cell = fr.cells[name].replace(pump_ratio=1.5).absolute(R_m=R_m)
    ax.set_title(f"{name}, {R_m} kΩ cm²", loc="left")
    currents = cell.currents()
    currents.plot(ax)
    ax.set_ylabel("carrier")
    rows = currents.rows
    print(f"{name}: sodium enters with {-rows['Na'].current:.2f} µA/cm², driven by "
          f"{-rows['Na'].driving_force:.0f} mV. Potassium carries {rows['K'].share:.0%} of the "
          f"current out, the pump {rows['pump'].share:.0%}.")  # fmt: skip
