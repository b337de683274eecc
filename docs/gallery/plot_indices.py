r"""
Sobol' indices and Shapley effects
==================================

Permeabilities and concentrations of a neuron are known only roughly. Which of them decides how
uncertain its resting potential is?

Sobol' indices tell the part of the variance that an input makes alone, and with the others; they
need not add up to 1. Shapley effects share all of it among the inputs. Both are exact here: there
is no sample behind them.
"""

import matplotlib.pyplot as plt

import fastrest as fr

space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), P_Cl=fr.lognormal(cv=0.5),
                 K_out=fr.uniform(3, 6), Cl_in=fr.uniform(5, 30))  # fmt: skip
indices, effects = space.sobol(), space.shapley()

_, axes = plt.subplots(2, figsize=(6.4, 6.4), layout="constrained")
indices.plot(axes[0])
effects.plot(axes[1])

parts = dict(zip(effects["names"], effects["Sh"], strict=True))
most = max(parts, key=lambda name: parts[name])
print(f"V is {indices.mean:.1f} ± {indices.sd:.1f} mV. {most} causes {100 * parts[most]:.0f} % "
      f"of the variance; the shares add up to {sum(parts.values()):.3f}.")  # fmt: skip
