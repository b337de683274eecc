"""Sweeps as xarray datasets and as data frames."""

import contextlib
import math
import tracemalloc

import numpy as np
import pytest
import xarray as xr

import fastrest as fr
from helpers.sweeps import SWEEPS

NEURON = fr.cells["mammalian neuron"]


def test_a_dataset_has_values_status_coordinates_and_units():
    sweep = fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[147.0, 145.0]),
                    P_Na=[0.01, 0.04, 0.1])  # fmt: skip

    dataset = sweep.to_xarray()

    assert set(dataset.data_vars) == {"V", "status"}
    assert dataset.V.dims == dataset.status.dims == ("ringer", "P_Na")
    assert dataset.V.attrs["units"] == "mV"
    np.testing.assert_array_equal(dataset.V, sweep.values())
    np.testing.assert_array_equal(dataset.status, sweep.status())
    assert dataset.status.dtype == np.uint8
    assert dataset.K_out.dims == dataset.Na_out.dims == ("ringer",)
    assert dataset.K_out.attrs["units"] == "mM"
    assert dataset.P_Na.dims == ("P_Na",)
    assert float(dataset.V.sel(P_Na=0.04)[1]) == NEURON.potential()


def test_a_dataset_holds_the_other_values_of_the_cell_as_scalars():
    dataset = fr.grid(NEURON, K_out=[3.0, 5.0]).to_xarray()

    assert set(dataset.coords) == set(NEURON)
    for name in set(NEURON) - {"K_out"}:
        assert dataset[name].ndim == 0
        assert float(dataset[name]) == NEURON[name]
    assert dataset.celsius.attrs["units"] == "°C"
    assert dataset.attrs["model"] == "GHK(K, Na, Cl)"
    assert dataset.attrs["source"] == NEURON.source


def test_a_dataset_explains_its_status():
    status = fr.table(NEURON, {"K_out": [-1.0]}).to_xarray().status

    names = status.attrs["flag_meanings"].split()

    assert dict(zip(names, status.attrs["flag_masks"])) == {b.name: b.value for b in fr.Status}


def test_a_dataset_has_labels_as_coordinates():
    state = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    sweep = fr.grid(NEURON, state, P_Na=[0.01, 0.04])

    dataset, frame = sweep.to_xarray(), sweep.to_dataframe()

    assert dataset.state.values.tolist() == ["low", "normal", "high"]
    assert float(dataset.V.sel(state="high", P_Na=0.04)) == sweep.values()[2, 1]
    assert frame.state.tolist() == ["low", "low", "normal", "normal", "high", "high"]


def test_a_dataset_renames_labels_of_an_axis_named_like_its_parameter():
    sweep = fr.grid(NEURON, fr.axis("K_out", K_out=[2.5, 4.5], labels=["low", "normal"]))

    dataset, frame = sweep.to_xarray(), sweep.to_dataframe()

    assert dataset.K_out.values.tolist() == [2.5, 4.5]
    assert dataset.K_out_label.values.tolist() == ["low", "normal"]
    assert frame.K_out_label.tolist() == ["low", "normal"]


def test_a_dataset_survives_a_netcdf_like_round_trip():
    dataset = fr.grid(NEURON.passive("Cl"), K_out=[3.0, 5.0]).to_xarray()

    again = xr.Dataset.from_dict(dataset.to_dict())

    assert dataset.identical(again)
    for value in [*dataset.attrs.values(), *dataset.V.attrs.values()]:
        assert isinstance(value, str | float | int)


def test_a_data_frame_has_a_row_for_every_point():
    sweep = fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[147.0, 145.0]),
                    P_Na=[0.01, 0.04, 0.1])  # fmt: skip

    frame = sweep.to_dataframe()

    assert list(frame.columns) == ["K_out", "Na_out", "P_Na", "V", "status"]
    assert len(frame) == len(sweep)
    np.testing.assert_array_equal(frame.V, sweep.values().ravel())
    np.testing.assert_array_equal(frame.V, NEURON.model(
        **{**NEURON, "K_out": frame.K_out.values, "Na_out": frame.Na_out.values,
           "P_Na": frame.P_Na.values}))  # fmt: skip


def test_a_data_frame_of_a_table_keeps_its_columns():
    frame = fr.table(
        NEURON, {"K_out": [3, -5], "id": ["a", "b"], "celsius": 37}, keep=["id"]
    ).to_dataframe()

    assert list(frame.columns) == ["id", "K_out", "celsius", "V", "status"]
    assert frame.status.tolist() == [0, fr.Status.NEGATIVE]
    assert math.isnan(frame.V[1])
    assert frame.celsius.tolist() == [37, 37]


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">f2", "=f2", ">i4", ">u2"])
def test_exports_convert_columns_to_dtypes_of_pandas_and_netcdf(dtype):
    columns = {"K_out": np.array([3, 5], dtype), "kept": np.array([7, 8], dtype)}
    sweep = fr.table(NEURON, columns, keep=["kept"])

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()

    for name, values in columns.items():
        for result in (frame[name], dataset[name]):
            assert result.dtype.isnative
            assert result.dtype != np.float16
            np.testing.assert_array_equal(result, values)


def test_changing_an_export_does_not_change_the_sweep():
    columns = {"K_out": np.array([3.0, 5.0]), "kept": np.array([7, 8])}
    sweep = fr.table(NEURON, columns, keep=["kept"])

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()
    for name in columns:
        frame.loc[:, name] = 0
        dataset[name][:] = 0

    assert columns["K_out"].tolist() == [3.0, 5.0]
    assert columns["kept"].tolist() == [7, 8]


def test_masked_elements_of_a_kept_column_are_missing_in_exports():
    def make(mask):
        kept = np.ma.array([7, 8], mask=mask)
        return fr.table(NEURON, {"K_out": [3.0, 5.0], "kept": kept}, keep=["kept"])

    sweep = make([0, 1])

    for result in (sweep.to_dataframe(), sweep.to_xarray()):
        np.testing.assert_array_equal(result["kept"], [7, np.nan])
    assert sweep == make([0, 1])
    assert sweep != make([0, 0])


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
def test_exports_take_the_options_of_values(make):
    sweep = make()
    calls = []

    def options():
        return {"threads": 2, "progress": lambda *call: calls.append(call), "max_memory": 10**6}

    dataset = sweep.to_xarray(**options(), engine="base")
    frame = sweep.to_dataframe(**options(), engine="python")
    sweep.status(**options())

    np.testing.assert_array_equal(dataset.V, sweep.values(engine="base"))
    np.testing.assert_array_equal(frame.V, sweep.values(engine="python").ravel())
    assert calls.count((len(sweep), len(sweep))) >= 3


@pytest.mark.parametrize("bytes_per_point", [9, 20, 33, 40, 50, 66, 90, 120])
def test_a_data_frame_stays_within_max_memory(bytes_per_point):
    values = np.linspace(1, 50, 60)
    sweep = fr.grid(NEURON, K_out=values, K_in=values, P_Na=values)
    allowed = bytes_per_point * len(sweep)
    fr.grid(NEURON, K_out=values).to_dataframe()  # imports pandas

    tracemalloc.start()
    try:
        with contextlib.suppress(MemoryError):
            sweep.to_dataframe(max_memory=allowed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1.1 * allowed
