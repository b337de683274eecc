"""The reference against golden values and check values, and its independence.

The reference is trusted because it needs neither NumPy nor the kernels, and because it meets
60-digit values here.
"""

import importlib.util

import mpmath
import pytest

import fastrest as fr
from fastrest.models import quantities, reference
from helpers.golden import GOLDEN

# ---- golden values ----


@pytest.mark.golden
@pytest.mark.slow
def test_golden_files_equal_the_output_of_their_script(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_golden", GOLDEN / "make_golden.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "__file__", str(tmp_path / "make_golden.py"))
    script.main()
    for name in script.FILES:
        made = (tmp_path / f"{name}.csv").read_text(encoding="utf-8")
        assert made == (GOLDEN / f"{name}.csv").read_text(encoding="utf-8"), name


@pytest.mark.golden
def test_reference_equals_golden_potentials(golden_sweeps, largest_error):
    for sweep, exact in golden_sweeps:
        assert largest_error(sweep.values(engine="python"), exact) <= 1e-12, sweep
        assert not sweep.status(engine="python").any()


@pytest.mark.golden
def test_reference_equals_golden_nernst_potentials(golden, largest_error):
    rows = golden("nernst")
    found = [reference.nernst(**values) for values, _ in rows]
    assert largest_error([E for E, _ in found], [exact for _, exact in rows]) <= 1e-12
    assert not any(status for _, status in found)


# ---- check values of 40-digit arithmetic ----


@pytest.mark.parametrize(("celsius", "phi"), [(20.0, 25.2617124580), (37.0, 26.7266591125)])
def test_reference_phi_equals_check_values(celsius, phi):
    assert abs(reference.phi(celsius) - phi) <= 0.51e-10


NEURON = fr.Cell(
    fr.GHK("K", "Na", "Cl"),
    **{"P_K": 1.0, "P_Na": 0.04, "P_Cl": 0.45, "celsius": 37.0},
    **{"K_out": 5.0, "K_in": 140.0, "Na_out": 145.0, "Na_in": 15.0, "Cl_out": 110.0, "Cl_in": 7.0},
)


@pytest.mark.parametrize(
    ("P_Ca", "V", "rounding"),
    [
        (0.0, -69.811924278622, 0.51e-12),
        (0.01, -69.669563566, 0.51e-9),
        (1.0, -58.690509624, 0.51e-9),
        (10.0, -25.956623509, 0.51e-9),
    ],
)
def test_reference_with_calcium_equals_check_values(P_Ca, V, rounding):
    model = fr.GHK("K", "Na", "Cl", "Ca")
    cell = fr.Cell(model, **NEURON, P_Ca=P_Ca, Ca_out=2.0, Ca_in=1e-4)
    # the promised 1e-12 mV, and the rounding of the printed value
    assert abs(cell.potential(engine="python") - V) <= rounding + 1e-12
    assert abs(cell.potential() - V) <= rounding + 1e-12


@pytest.mark.parametrize(
    ("P_Na", "without", "with_pump"),
    [(0.01, -84.4381, -86.6929), (0.04, -69.8575, -75.3756), (0.1, -53.6634, -61.4143)],
)
def test_reference_with_a_pump_equals_check_values(P_Na, without, with_pump):
    cell = NEURON.replace(K_out=4.5, P_Cl=0.0, P_Na=P_Na)
    for ratio, V in ((1.0, without), (1.5, with_pump)):
        pumped = cell.replace(pump_ratio=ratio)
        assert abs(pumped.potential(engine="python") - V) <= 0.51e-4
        assert abs(pumped.potential() - V) <= 0.51e-4


def test_reference_chord_conductances_equal_check_values():
    chord = NEURON.to_chord()
    assert [round(chord[g], 3) for g in ("g_K", "g_Na", "g_Cl")] == [1.0, 0.161, 0.462]
    assert abs(chord.potential(engine="python") - -69.811924278622484) <= 1e-12


# ---- independence ----


def test_reference_imports_neither_numpy_nor_the_kernels():
    # an independent definition is worth comparing with
    names = {name for name, value in vars(reference).items() if hasattr(value, "__spec__")}
    assert names == {"math", "sys"}
    assert not any(
        getattr(value, "__module__", "").startswith(("numpy", "fastrest._core"))
        for value in vars(reference).values()
    )


def test_physical_constants_equal_the_si():
    with mpmath.workdps(30):
        # R = N_A k and F = N_A e, all three exact by definition since 2019
        avogadro, k, e = map(mpmath.mpf, ("6.02214076e23", "1.380649e-23", "1.602176634e-19"))
        assert float(avogadro * k) == quantities.GAS_CONSTANT
        assert float(avogadro * e) == quantities.FARADAY
