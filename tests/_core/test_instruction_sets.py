"""The choice of an instruction set, and constants that Python and C share."""

import json
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from helpers.processes import python

NEURON = fr.cells["mammalian neuron"]


@pytest.mark.process
@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
def test_the_environment_chooses_the_instruction_set(isa):
    code = """
        import fastrest as fr
        import json, sys
        import numpy as np
        V = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000)).values()
        json.dump([fr.info()["isa"], V.tolist()], sys.stdout)
    """

    found, V = json.loads(python(code, FASTREST_ISA=isa).stdout)

    assert found == isa
    assert fr.grid(NEURON, K_out=np.linspace(1, 50, 1000)).values().tolist() == V


@pytest.mark.process
def test_instruction_set_base_runs_base_kernels():
    code = """
        import fastrest as fr
        from fastrest._core import _kernels
        from fastrest.runtime import scheduler
        print(_kernels.ISA, fr.info()["isa"], scheduler.choose_engine(None))
    """

    assert python(code, FASTREST_ISA="base").stdout == "base base base\n"


@pytest.mark.process
@pytest.mark.parametrize("isa", ["avx9000", "AVX2", "python", "base,avx2"])
def test_an_unknown_instruction_set_is_refused_by_name(isa):
    ran = python("import fastrest", FASTREST_ISA=isa)

    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: FASTREST_ISA")
    assert repr(isa) in last
    assert "base" in last


@pytest.mark.process
def test_an_empty_choice_of_instruction_set_is_no_choice():
    code = "import fastrest as fr; print(fr.info()['isa'])"

    assert python(code, FASTREST_ISA="").stdout == f"{_kernels.SUPPORTED[0]}\n"


def test_status_bits_and_constants_equal_the_c_core():
    assert {bit.name: bit.value for bit in fr.Status} == _kernels.STATUS
    assert math.isclose(_kernels.PHI_PER_KELVIN, 1000 * 8.31446261815324 / 96485.33212331001840,
                        rel_tol=2e-16, abs_tol=0)  # fmt: skip


def test_the_base_kernels_are_always_there():
    assert list(_kernels.COMPILED)[-1] == "base"
    assert _kernels.SUPPORTED[-1] == "base"
    assert set(_kernels.SUPPORTED) <= set(_kernels.COMPILED)
    assert _kernels.ISA in _kernels.SUPPORTED


@pytest.mark.process
def test_the_instruction_set_can_be_chosen_by_the_environment(isa):
    done = python("import fastrest; print(fastrest.info()['isa'])", FASTREST_ISA=isa)
    assert done.stdout.strip() == isa, done.stderr


@pytest.mark.process
def test_without_a_choice_the_best_instruction_set_is_taken():
    done = python("import fastrest; print(fastrest.info()['isa'])", FASTREST_ISA="")
    assert done.stdout.strip() == _kernels.SUPPORTED[0], done.stderr


@pytest.mark.process
def test_an_unknown_instruction_set_in_the_environment_is_an_error():
    done = python("import fastrest", FASTREST_ISA="mmx")
    assert done.returncode == 1
    assert "ValueError: FASTREST_ISA: unknown instruction set 'mmx'" in done.stderr
