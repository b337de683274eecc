"""The workloads whose speed is tracked: their checksums and their counterparts."""

import ast
from pathlib import Path

import numpy as np
import pytest

import fastrest.benchmark.workloads as package
from fastrest.benchmark.workloads.catalogue import WORKLOADS


@pytest.fixture(scope="module", params=WORKLOADS)
def workload(request):
    return WORKLOADS[request.param]()


def test_workloads_have_their_checksums(workload):
    workload.check(workload.run(threads=1))
    workload.check(workload.run(threads=3))


@pytest.mark.slow
def test_counterparts_of_workloads_agree(workload):
    workload.run()
    if workload.python_points:
        assert workload.agrees(workload.python(), workload.python_points)
    if workload.numpy_points:
        assert workload.agrees(workload.numpy(), workload.numpy_points)


def test_checksum_changes_with_the_last_bit():
    grid = WORKLOADS["grid"]()
    V = grid.run()
    V[0, 1, 2, 3] = np.nextafter(V[0, 1, 2, 3], 0)
    with pytest.raises(ArithmeticError, match=r"4e7 points: the result has changed: .* is \w{16}"):
        grid.check(V)


def test_agrees_refuses_another_answer():
    table = WORKLOADS["table"]()
    table.run()
    V = table.python()
    V[17] += 1e-8
    assert not table.agrees(V, table.python_points)
    sampled = WORKLOADS["sampled"]()
    first, total = sampled.numpy()
    assert not sampled.agrees((total[::-1], first[::-1]), sampled.numpy_points)


def test_workloads_import_only_the_public_package_and_each_other():
    # bench/compare/compare.py runs them against other versions of the package
    imported = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add(node.module)
    ours = {name for name in imported if name.split(".")[0] == "fastrest"}
    assert ours == {"fastrest", f"{package.__name__}.base"}
