"""Write a file of each kind, and a pickle of each noun, which later versions must read.

Run once, at the release of a format: ``python tests/data/make_release.py tests/data/release_2``.
The files of an earlier release are never written again.
"""

import pickle
import sys
from pathlib import Path

import numpy as np

import fastrest as fr

CELL = fr.cells["mammalian neuron"]
GRID = fr.grid(CELL, fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"]))
PLANE = fr.grid(CELL, K_out=np.linspace(2, 12, 5), P_Na=fr.times([0.5, 1, 2]))
BIG = fr.grid(CELL, K_out=np.linspace(2, 12, 300), K_in=np.linspace(90, 150, 400))
CHECKPOINTED = fr.Quantile(0.5), fr.Summary()
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)
TABLE = fr.table(
    CELL.passive("Cl"),
    {"K_out": [3.0, 5.0, -1.0], "celsius": [20.0, 37.0, 37.0], "id": ["a", "b", "c"]},
    keep=["id"],
)
SPACE = fr.space(
    CELL,
    P_Na=fr.lognormal(cv=0.5),
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=100),
    Na_out=fr.affine(150, K_out=-1),
    correlation={("P_Na", "K_out"): 0.5},
)
SAMPLE = SPACE.sample(1000, rng=1, method="lhs")
CONDITIONS = {"control": {}, "high K": fr.states["hyperkalaemia"], "leaky": {"P_Na": fr.times(2)}}
ACCEPT = [
    fr.between(-75, -65),
    fr.change("control", "high K", 1, 9),
    fr.nernst_between("K", -110, -80),
    fr.between(-110, -80, at="leaky", of="E_K"),
]


def population(**options):
    return SPACE.population(10_000, rng=1, conditions=CONDITIONS, accept=ACCEPT, **options)


def nouns():
    """Return an object of each kind that users may pickle, by name."""
    pop, plain = population(), fr.space(CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5))
    return {
        "model": CALCIUM.model,
        "cell": CELL,
        "passive cell": CELL.passive("Cl"),
        "chord cell": CELL.to_chord(),
        "state": fr.states["hyperkalaemia"],
        "times": fr.times([0.5, 1, 2]),
        "distributions": [*SPACE.distributions, fr.loguniform(1, 2), fr.triangular(1, 2, 5)],
        "derived": [fr.affine(150, K_out=-1), fr.electroneutral(charge=-148)],
        "criteria": ACCEPT,
        "reducers": [
            fr.Summary(of="E_K"),
            fr.Histogram([-80, -70, -60]),
            fr.Quantile([0.1, 0.5]),
            fr.Fraction(above=-60, of=fr.between(-90, -80, of="E_K")),
            fr.Classes(threshold=-55),
        ],
        "grid": PLANE,
        "labelled grid": GRID,
        "table": TABLE,
        "sample": SAMPLE,
        "space": SPACE,
        "summary": PLANE.summary(),
        "histogram": PLANE.histogram(),
        "classes": PLANE.classify(),
        "tally": PLANE.part(0, 1).tally(fr.Summary(), fr.Histogram()),
        "population": pop,
        "members": pop.members(first=3),
        "transition": pop.transition("control", "high K"),
        "marginals": pop.marginals,
        "balance": pop.balance,
        "exact indices": plain.sobol(),
        "sampled indices": plain.sobol(256, rng=1, of="E_K"),
        "swings": plain.swings(),
        "uncertainty": CELL.uncertainty(K_out=0.1),
        "pump effect": CELL.pump_effect(),
        "status": fr.Status(2),
        "ufunc": fr.ufuncs.ghk,
    }


def write(folder):
    """Write all files into a folder."""
    folder.mkdir(exist_ok=True)
    PLANE.save(folder / "grid.npy")
    PLANE.save(folder / "grid_of_E_K.npy", of="E_K", dtype="float32")
    TABLE.save(folder / "table.npy")
    GRID.save(folder / "grid.zarr")
    TABLE.save(folder / "table.parquet")
    SAMPLE.save(folder / "sample.npy")
    for k in range(2):
        BIG.part(k, 2).tally(fr.Summary(), fr.Histogram(), fr.Classes()).save(
            folder / f"grid_{k}.tally"
        )
        population(part=(k, 2)).save_counts(folder / f"population_{k}.tally")
    TABLE.part(0, 1).tally(fr.Summary(of="E_K")).save(folder / "table.tally")
    SAMPLE.part(0, 1).tally(fr.Summary(of=fr.between(-75, -65))).save(folder / "sample.tally")
    BIG.reduce(*CHECKPOINTED, method="factored", checkpoint=folder / "checkpoint.tally")
    for name, noun in nouns().items():
        (folder / f"{name.replace(' ', '_')}.pickle").write_bytes(pickle.dumps(noun, 4))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
