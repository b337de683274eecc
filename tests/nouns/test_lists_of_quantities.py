"""``of=`` takes a list of outputs and events: values, exports, and a cell's numbers."""

import math

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
GRID = fr.grid(NEURON, K_out=[0.0, 3.0, 5.0, 20.0], Na_in=[10.0, 15.0])
TABLE = fr.table(NEURON, {"K_out": [5.0, -1.0, 20.0]})
ASKED = ["V", "E_K", fr.above(-70), fr.above(-70) & ~fr.below(-90, of="E_K")]


@pytest.mark.parametrize("sweep", [GRID, TABLE], ids=["grid", "table"])
def test_values_are_those_of_each_quantity(sweep):
    found = sweep.values(of=ASKED)
    assert list(found) == ["V", "E_K", "above(-70)", "above(-70) & ~below(-90, of='E_K')"]
    for values, of in zip(found.values(), ASKED, strict=True):
        assert values.tobytes() == sweep.values(of=of).tobytes()
    assert {x.dtype for x in sweep.values(dtype="f4", of=ASKED).values()} == {np.dtype("f4")}


def test_a_dataset_has_a_status_for_each_quantity():
    pytest.importorskip("xarray")
    found = GRID.to_xarray(of=["V", "E_K"])
    assert list(found.data_vars) == ["V", "status_V", "E_K", "status_E_K"]
    for name in ("V", "E_K"):
        assert found[name].values.tobytes() == GRID.values(of=name).tobytes()
        assert found[f"status_{name}"].values.tolist() == GRID.status(of=name).tolist()
    assert found.E_K.attrs["units"] == "mV"
    assert GRID.to_xarray(of=["E_K"]).data_vars.keys() == {"E_K", "status_E_K"}


def test_a_data_frame_has_a_column_for_each_quantity():
    pytest.importorskip("pandas")
    found = TABLE.to_dataframe(of=["V", fr.above(-70)])
    assert [*found.columns] == ["K_out", "V", "status_V", "above(-70)", "status_above(-70)"]
    assert found["above(-70)"].tolist()[::2] == [1.0, 1.0]
    assert math.isnan(found["above(-70)"][1])
    assert found["status_V"].tolist() == [0, 2, 0]


@pytest.mark.parametrize("engine", [None, "python"])
def test_a_cell_tells_the_values_that_a_sweep_has(engine):
    sweep = fr.table(NEURON, {"K_out": [5.0]})
    found = NEURON.value(of=ASKED, engine=engine)
    assert found == {name: x[0] for name, x in sweep.values(of=ASKED, engine=engine).items()}
    assert NEURON.value() == NEURON.potential()
    assert type(NEURON.value(of=fr.above(-70))) is float


def test_an_event_of_a_cell_is_undefined_without_its_output():
    empty = NEURON.replace(K_out=0.0)
    below, above = fr.below(-90, of="E_K"), fr.above(-500)
    assert empty.value(of="E_K") == -math.inf
    assert math.isnan(empty.value(of=below))
    assert math.isnan(empty.value(of=below & above))
    assert empty.value(of=below | above) == 1
    assert empty.value(of=below & ~above) == 0


@pytest.mark.parametrize("ask", [GRID.values, GRID.to_xarray, GRID.to_dataframe, NEURON.value])
@pytest.mark.parametrize(
    ("of", "error", "text"),
    [
        ([], ValueError, "of needs a quantity, got an empty list"),
        (["V", 3], TypeError, "of must be the name of an output or an event .* got 3"),
        (["V", "E_Ca"], ValueError, "unknown output 'E_Ca'"),
        ([fr.above(-70, at="high K")], ValueError, "of must name no condition"),
    ],
)
def test_errors_name_the_quantity(ask, of, error, text):
    with pytest.raises(error, match=text):
        ask(of=of)


def test_an_array_for_the_result_takes_one_quantity():
    with pytest.raises(TypeError, match=r"out takes one quantity, got of=\['V'\]"):
        GRID.values(np.empty(GRID.shape), of=["V"])


def test_the_memory_of_all_quantities_is_checked_before_it_is_taken():
    big = fr.grid(NEURON, K_out=np.linspace(1, 9, 1000), Na_in=np.linspace(1, 9, 1000))
    with pytest.raises(MemoryError, match="one quantity at a time"):
        big.values(of=["V", "E_K"], max_memory=12_000_000)
    assert big.values(of="V", max_memory=12_000_000).shape == big.shape
