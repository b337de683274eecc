"""`fastrest cells` and `fastrest info`."""

import fastrest as fr


def test_cells_lists_every_preset_with_its_source(run):
    code, out, _ = run("cells")
    assert code == 0
    for name, cell in fr.cells.items():
        assert f"{name}: {cell.potential():.2f} mV" in out
        assert cell.source in out


def test_info_prints_every_value_of_info(run):
    code, out, _ = run("info")
    assert code == 0
    assert f"isa: {fr.info()['isa']}" in out.splitlines()
