"""Gradients against golden derivatives, and what derivatives must satisfy."""

import csv
import importlib
import math
from decimal import Decimal

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.models import quantities
from fastrest.models.outputs import phi as phi_of
from fastrest.runtime import scheduler
from helpers.golden import GOLDEN
from helpers.gradients import ENGINES, SO4, body, each_engine, each_model, same_bits

NEURON = fr.cells["mammalian neuron"]


def golden_gradients(name):
    """Yield the tables of a golden file, one per set of ions, with their exact derivatives."""
    with (GOLDEN / f"{name}_gradient.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kind = fr.Chord if name == "chord" else fr.GHK
    groups = {}
    for row in rows:
        inputs = {n: float.fromhex(x) for n, x in row.items() if x and not n.startswith("d_")}
        groups.setdefault(tuple(inputs), []).append((inputs, row))
    for names, members in groups.items():
        ions = [n.removesuffix("_out") for n in names if n.endswith("_out")]
        model = kind(*(SO4 if ion == "SO4" else ion for ion in ions))
        columns = {n: np.array([inputs[n] for inputs, _ in members]) for n in names}
        yield (
            fr.table(fr.Cell(model, **members[0][0]), columns),
            {n: [row[f"d_{n}"] for _, row in members] for n in names},
        )


# ---- golden derivatives ----


@pytest.mark.golden
def test_golden_gradient_files_equal_the_output_of_their_script(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(GOLDEN))
    script = importlib.import_module("make_gradients")
    monkeypatch.setattr(script, "__file__", str(tmp_path / "make_gradients.py"))
    script.main()
    for name in script.FILES:
        made = (tmp_path / f"{name}_gradient.csv").read_text(encoding="utf-8")
        assert made == (GOLDEN / f"{name}_gradient.csv").read_text(encoding="utf-8"), name


@pytest.mark.golden
@pytest.mark.parametrize("choice", [*_kernels.SUPPORTED, "python"])
@pytest.mark.parametrize("name", ["ghk", "divalent", "chord"])
def test_gradients_equal_golden_derivatives(name, choice):
    compared = 0
    for sweep, exact in golden_gradients(name):
        found = sweep.gradient(engine=choice)
        for parameter, texts in exact.items():
            for i, text in enumerate(texts):
                x = abs(sweep.inputs[parameter][i]) + (273.15 if parameter == "celsius" else 0)
                if not text:
                    assert not math.isfinite(found[parameter][i])
                    continue
                # 5e-14 of itself; where it is a difference, +100 % is right within 2e-13 mV
                allowed = 5e-14 * abs(float(text)) + (2e-13 / float(x) if x else 0)
                assert abs(Decimal(float(found[parameter][i])) - Decimal(text)) <= allowed
                compared += 1
    assert compared > 250


def test_gradients_equal_check_values():
    for choice in ENGINES:
        slopes = NEURON.gradient(engine=choice)
        assert slopes["K_out"] == pytest.approx(1.915889542117797, rel=1e-14)
        assert slopes["P_Na"] == pytest.approx(275.695094145281, rel=1e-14)
        assert slopes["pump_ratio"] == pytest.approx(-10.10352059954283, rel=1e-14)
        pumped = NEURON.replace(pump_ratio=1.5).gradient(engine=choice)
        assert pumped["pump_ratio"] == pytest.approx(-6.262140411350936, rel=1e-14)


# ---- identities ----


@each_model
@each_engine
def test_gradient_in_celsius_is_v_over_absolute_temperature(model, engine):
    sweep = body(model, 300)
    slopes = sweep.gradient("celsius", engine=engine)
    without = {"pump_max": 0.0} if "pump_max" in model.parameters else {}
    V = fr.table(sweep.cell.replace(**without), {**sweep.inputs, **without}).values(engine=engine)
    # to the bit: the potential that derivatives are made with is that of values()
    expected = V / (sweep.inputs["celsius"] + 273.15)
    if model.arguments["pump"] == "saturating":  # which is computed point by point
        np.testing.assert_allclose(slopes["celsius"], expected, rtol=1e-11, atol=1e-14)
    else:
        assert same_bits(slopes["celsius"], expected)


@each_model
def test_gradients_vanish_along_a_common_scale(model):
    # V(s P) = V(P) and V(s c) = V(c) for every s: their derivatives by s vanish
    sweep = body(model, 300)
    slopes = sweep.gradient()
    for kind in (f"{model.weight}_", "_out _in _half"):
        names = [n for n in slopes if any(part in n for part in kind.split())]
        names = [n for n in names if n != "pump_ratio"]
        if "pump_max" in slopes and kind == f"{model.weight}_":
            names.append("pump_max")
        effects = [sweep.inputs[n] * slopes[n] for n in names]
        assert np.abs(sum(effects)).max() <= 1e-11


@each_model
def test_gradients_equal_finite_differences(model):
    sweep = body(model, 50)
    slopes = sweep.gradient()
    for name, x in sweep.inputs.items():
        step = 1e-5 * np.maximum(np.abs(x), 1)
        sides = [{**sweep.inputs, name: x + s} for s in (-step, step)]
        inside = np.abs(x - 40) < 59 if name == "celsius" else x > 1e-3
        low, high = (fr.table(sweep.cell, side).values() for side in sides)
        assert np.allclose((high - low)[inside], (2 * step * slopes[name])[inside], atol=1e-9)


def test_gradient_of_one_permeant_ion_is_that_of_nernst(isa):
    cell = fr.Cell(fr.GHK("K"), P_K=0.37, K_out=5.0, K_in=140.0, celsius=37.0)
    slopes = cell.gradient(engine=isa)
    assert abs(slopes["P_K"]) <= 1e-12
    assert slopes["K_out"] == pytest.approx(float(phi_of(37.0)) / 5.0, rel=1e-15)
    assert slopes["K_in"] == pytest.approx(-float(phi_of(37.0)) / 140.0, rel=1e-15)


@each_engine
def test_gradient_in_a_passive_ion_is_zero(engine):
    cell = NEURON.passive("Cl")
    v = dict(cell)
    without = fr.Cell(fr.GHK("K", "Na"), **{n: v[n] for n in v if n != "Cl_out"})
    assert cell.gradient(engine=engine) == {**without.gradient(engine=engine), "Cl_out": 0.0}
    sweep = fr.grid(cell, Cl_out=[50.0, 100.0])
    assert (sweep.gradient("Cl_out", engine=engine)["Cl_out"] == 0).all()


def test_every_model_has_both_gradients():
    for kind in (fr.GHK, fr.Chord):
        model = kind("K", "Na")
        cell = fr.Cell(model, **dict.fromkeys(model.parameters, 1.0))
        assert set(model.reference_gradient(model, dict(cell))) == set(model.parameters)
        assert cell.gradient() == pytest.approx(cell.gradient(engine=scheduler.PYTHON), abs=1e-12)
        assert quantities.Status(0) == model.reference(model, dict(cell))[1]
