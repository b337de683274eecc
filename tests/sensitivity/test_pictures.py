"""Pictures of convergence and decomposition, and bounds that say nothing."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import fastrest as fr
from helpers.spaces import lognormals

CELL = fr.cells["mammalian neuron"]
DESIGN = fr.space(CELL, **{name: fr.times(fr.uniform(0, 2)) for name in ("P_K", "P_Na", "P_Cl")})


def axes():
    return Figure().subplots()


def test_prefixes_are_the_indices_of_smaller_samples():
    space = lognormals(("P_Na", "K_out", "Cl_in"))
    r = space.sobol(2**12, rng=3)
    *before, last = r.prefixes(4)
    assert last is r
    assert [one.n for one in before] == [2**9, 2**10, 2**11]
    for one in before:
        direct = space.sobol(one.n, rng=3)
        for key in ("S1", "ST", "ST_conf"):
            np.testing.assert_allclose(one[key], direct[key], rtol=1e-12, atol=1e-14)
    few = space.sobol(8, rng=3).prefixes(9)
    assert [one.n for one in few] == [4, 8]


def test_convergence_shows_estimates_and_intervals_against_evaluations():
    r = lognormals(("P_Na", "K_out")).sobol(2**12, rng=3)
    ax = r.plot_convergence(axes(), stages=4)
    assert ax.get_ylabel() == "ST of V"
    assert [line.get_label() for line in ax.get_lines()] == list(r.symbols.values())
    assert list(r.symbols) == ["P_Na", "K_out"]
    for line, i in zip(ax.get_lines(), r.order):
        x, y = line.get_data()
        assert x.tolist() == [6 * 2**k for k in range(9, 13)]
        assert y[-1] == r["ST"][i]
    bands = [band.get_paths()[0].get_extents() for band in ax.collections]
    assert bands[0].ymax >= r["ST"].max() + r["ST_conf"][r.order[0]]
    alone = lognormals(("P_Na", "K_out")).dgsm(2**9, rng=1).plot_convergence(axes())
    assert alone.get_ylabel() == "dgsm of V"
    assert r.plot_convergence(axes(), key="S1").get_ylabel() == "S1 of V"
    with pytest.raises(ValueError, match="key must be one of S1, ST, vi, dgsm, got 'S2'"):
        r.plot_convergence(key="S2")


def test_decompositions_add_up_to_1():
    exact, alone = DESIGN.sobol(), DESIGN.sobol(2**10, rng=1)
    for r in (exact, alone):
        assert sum(r.parts.values()) == pytest.approx(1, abs=1e-12)
    assert set(alone.parts) == {("P_K",), ("P_Na",), ("P_Cl",), ()}
    ax = exact.plot_decomposition(axes())
    names = [text.get_text() for text in ax.get_yticklabels()]
    text = exact.symbols
    assert names[:2] == [text["P_K"], text["P_Na"]]
    assert names[-1] == "all others"
    assert f"{text['P_K']} with {text['P_Cl']}" in names
    widths = [bar.get_width() for bar in ax.patches]
    assert sum(widths) == pytest.approx(1, abs=1e-12)
    few = exact.plot_decomposition(axes(), least=2)
    assert [text.get_text() for text in few.get_yticklabels()] == ["all"]
    still = fr.space(CELL, P_Na=fr.uniform(0.04, np.nextafter(0.04, 1))).sobol()
    for bad in (DESIGN.dgsm(2**8, rng=1), still):
        with pytest.raises(ValueError, match="decomposition needs an S1"):
            bad.plot_decomposition()


def test_a_bound_that_says_nothing_is_not_printed():
    r = DESIGN.dgsm(2**12, rng=1)
    assert r["dgsm"][0] > 1
    row = repr(r).splitlines()[2]
    assert row.split() == ["P_K", "no", "bound"]
    assert "no value" in [text.get_text() for text in r.plot(axes()).texts]
    from scipy import stats

    discrete = fr.space(CELL, K_out=stats.randint(3, 6), P_Na=fr.lognormal(cv=0.2))
    assert "inf" not in repr(discrete.sobol(2**10, rng=1))


def test_swings_say_that_they_ignore_correlations():
    inputs = {"K_out": fr.uniform(3, 6), "Na_out": fr.uniform(120, 150)}
    tied = fr.space(CELL, **inputs, correlation={("K_out", "Na_out"): -0.8}).swings()
    free = fr.space(CELL, **inputs).swings()
    assert repr(tied).endswith("although K_out and Na_out are correlated>")
    assert "correlated" not in repr(free)

    def words(s):
        return "\n".join(text.get_text() for text in s.plot(axes()).texts)

    assert "correlations are ignored" in words(tied)
    assert "correlations are ignored" not in words(free)
