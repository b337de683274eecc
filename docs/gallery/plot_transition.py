r"""
From rest to excitation and block
=================================

Which cells of a population change their class when the membrane becomes twice as leaky for
sodium?

Rows are the classes before, columns those after. On the diagonal nothing changes; to its right
are cells that begin to fire, or that are blocked.
"""

import fastrest as fr

space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.6), K_out=fr.uniform(3, 9))
population = space.population(
    10**6, rng=1, conditions={"control": {}, "raised P_Na": fr.states["raised P_Na"]}
)
ax = population.plot_transition("control", "raised P_Na")

found = population.transition("control", "raised P_Na")
rest, fire = (sum(found[one, after] for after in found.classes) for one in found.classes[:2])
rise, block = found["resting", "suprathreshold"], found["suprathreshold", "depolarisation block"]
print(f"Of {rest:,} cells below the threshold {rise / rest:.1%} rise above it; of {fire:,} above "
      f"it {block / fire:.1%} are blocked.")  # fmt: skip
