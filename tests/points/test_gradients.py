"""Gradients of grids, tables and samples."""

import numpy as np
import pytest

import fastrest as fr
from helpers.gradients import MODELS, body, same_bits

NEURON = fr.cells["mammalian neuron"]


@pytest.mark.parametrize("cell", [NEURON, NEURON.passive("Cl"), NEURON.to_chord()], ids=repr)
def test_gradient_of_a_grid_equals_that_of_its_table(cell):
    weight = f"{cell.model.weight}_Na"
    grid = fr.grid(
        cell,
        fr.axis("ringer", K_out=[2.5, 5.0, 10.0], Na_out=[147.5, 145.0, 140.0]),
        celsius=np.linspace(0, 40, 7),
        K_in=np.linspace(100, 150, 11),
        **{weight: fr.times([0.5, 1.0, 2.0])},
    )
    table = fr.table(cell, grid.parameters(np.arange(len(grid))))
    assert grid.route == ("pointwise" if weight == "g_Na" else "factored")
    by_grid, by_table = grid.gradient(), table.gradient()
    by_python = grid.gradient(engine="python")
    assert list(by_grid) == list(cell.model.parameters)
    for name, slopes in by_grid.items():
        assert slopes.shape == grid.shape
        assert slopes.dtype == np.float64
        assert same_bits(slopes.reshape(-1), by_table[name])
        assert np.allclose(slopes, by_python[name], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
def test_gradient_of_a_sample_equals_that_of_its_table(method):
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    sample = space.sample(5000, rng=1, method=method)
    found = sample.gradient()
    expected = fr.table(NEURON, sample.parameters(np.arange(5000))).gradient()
    assert list(found) == list(NEURON.model.parameters)
    assert all(same_bits(found[name], slopes) for name, slopes in expected.items())
    by_python = space.sample(50, rng=1, method="random").gradient("P_Na", engine="python")
    by_kernel = space.sample(50, rng=1, method="random").gradient("P_Na")
    assert np.allclose(by_python["P_Na"], by_kernel["P_Na"], rtol=1e-13)


def test_gradient_reads_columns_of_any_type_and_layout():
    sweep = body(MODELS["three ions"], 70_000)
    expected = sweep.gradient("P_Na", "K_out")
    records = np.empty(len(sweep), [(name, "f8") for name in sweep.inputs])
    for name, column in sweep.inputs.items():
        records[name] = column
    swapped = {name: column.astype(">f8") for name, column in sweep.inputs.items()}
    for data in (records, swapped):
        found = fr.table(sweep.cell, data).gradient("P_Na", "K_out")
        assert all(same_bits(found[name], slopes) for name, slopes in expected.items())


def test_gradient_holds_the_requested_parameters():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])
    assert list(sweep.gradient("celsius", "K_out", "celsius")) == ["celsius", "K_out"]
    assert list(sweep.gradient()) == list(NEURON.model.parameters)
    assert sweep.gradient("K_out")["K_out"][1] == NEURON.gradient()["K_out"]


def test_gradient_reports_progress():
    said = []
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 300_000))
    sweep.gradient("K_out", threads=1, progress=lambda done, total: said.append((done, total)))
    assert said[-1] == (300_000, 300_000)


def test_gradient_checks_memory_before_allocation():
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000), Na_out=np.linspace(1, 50, 1000))
    with pytest.raises(MemoryError, match=r"this needs 16 MB, max_memory is 15 MB: 1,000,000 poi"):
        sweep.gradient("K_out", "P_Na", max_memory=15_000_000)
    huge = fr.grid(NEURON, **{n: np.linspace(1, 2, 10**5) for n in ("K_out", "K_in", "P_K")})
    with pytest.raises(MemoryError, match="by 11 parameters; ask for fewer of them, or of points"):
        huge.gradient()


def test_gradient_refuses_bad_arguments():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])
    with pytest.raises(ValueError, match=r"GHK.*: unknown parameter 'K_ou': did you mean K_out"):
        sweep.gradient("P_Na", "K_ou")
    with pytest.raises(ValueError, match="unknown parameter 'Cl_in'"):
        fr.grid(NEURON.passive("Cl"), K_out=[3.0]).gradient("Cl_in")
    for ask in (sweep.gradient, NEURON.gradient):
        with pytest.raises(ValueError, match="engine must be one of 'python'"):
            ask(engine="fortran")
