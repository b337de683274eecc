"""Examples of every command: its help prints them, and a test runs them in an empty folder.

Each line is what a reader types; a line that begins with # says what for.
"""

EXAMPLES = {
    "cells": """\
# the shipped cells
fastrest cells
# one of them as a file, to change and to use as CELL
fastrest cells neuron > mine.toml
fastrest sweep mine.toml --grid K_out=1:50:1000:log
""",
    "info": """\
# for a report of a fault
fastrest info
# the instruction set alone
fastrest info --json | grep '"isa"'
""",
    "sweep": """\
# the potential against log [K]o, with Nernst lines
fastrest sweep neuron --grid K_out=1:100:1000:log --plot v.png --nernst K,Na
# four million potentials, with quantiles and excitability classes
fastrest sweep neuron --grid K_out=1:50:2000:log \\
    --grid P_Na=0.005:0.5:2000:log --summary
# a table of yours; a column has another name
printf '[K]o;Na_in\\n3,5;12\\n8;15\\n' > lab.csv
fastrest sweep muscle --table lab.csv --rename '[K]o=K_out' --out v.csv
# how far hyperkalaemia depolarises
fastrest sweep neuron --grid P_Na=0.01:0.1:100 \\
    --under hyperkalaemia --of "change('control', 'hyperkalaemia')"
# the mean alone, for a program
fastrest sweep neuron --grid K_out=1:50:1000 --json | grep '"mean"'
""",
    "population": """\
# a plan to change, and its population
fastrest population --example > plan.toml
fastrest population plan.toml --n 100000 \\
    --out accepted.csv --plot accepted.png
""",
    "merge": """\
# two parts of a sweep, each of which another machine could count
fastrest sweep neuron --grid K_out=1:50:200000 --part 0/2 --tally 0.tally
fastrest sweep neuron --grid K_out=1:50:200000 --part 1/2 --tally 1.tally
fastrest merge 0.tally 1.tally
""",
    "rundown": """\
# a plan to change, and its course
fastrest rundown --example > plan.toml
fastrest rundown plan.toml --out course.csv --plot course.png
# other outputs
fastrest rundown plan.toml --of V,E_K,I_pump --json > course.json
""",
    "currents": """\
# the share of each ion
fastrest currents neuron
# currents, conductances and the input resistance
fastrest currents neuron --R-m 7 --diameter 20 --plot currents.png
""",
    "gradient": """\
# mV per unit, and per +1 %
fastrest gradient neuron
# of the potential at 20 degrees
fastrest gradient squid --set celsius=20
""",
    "solve": """\
# the [K]o at which the neuron rests at -60 mV
fastrest solve neuron K_out --V -60
# the P_Na of several potentials
fastrest solve neuron P_Na --V -75 -70 -65
""",
    "sobol": """\
# exact indices of two uncertain inputs
fastrest sobol neuron \\
    --vary P_Na=lognormal:cv=0.5 --vary K_out=uniform:3,6 \\
    --plot indices.png
# multiples of the cell's values, and Shapley effects
fastrest sobol neuron --vary P_Na=times:uniform:0.5,2 \\
    --vary P_Cl=times:uniform:0,2 --shapley
# whether the cell rests between -75 and -65 mV, by a sample
fastrest sobol neuron \\
    --vary P_Na=lognormal:cv=0.5 --vary K_out=uniform:3,6 \\
    --between -75 -65 --samples 4096 --rng 1
""",
    "bench": """\
# this machine
fastrest bench
# before and after a change
fastrest bench --json before.json
fastrest bench --against before.json || echo "not the same speed for sure: $?"
# every commit; then: otava analyze fastrest --config-file speed/otava.yaml
fastrest bench --history speed
""",
}
