"""Plans: TOML files give a checked design, and errors name file, key, value and rule."""

import re

import pytest

import fastrest as fr
from fastrest.cli import plan
from fastrest.nouns import populations

NEURON = fr.cells["mammalian neuron"]

#: Everything that a plan may say.
PLAN = """\
cell = "mammalian neuron"
n = 1000
rng = 7
method = "lhs"

[set]
pump_ratio = 1.5
celsius = 36
P_Cl = "times:0.5"
threshold = -60

[vary]
P_Na = "lognormal:cv=0.5"
K_out = "times:uniform:0.5,1.5"
Na_out = "affine:150,K_out=-1"
K_in = "electroneutral:charge=-148"

[correlation]
P_Na.K_out = -0.5

[conditions.control]

[conditions."high K"]
state = "hyperkalaemia"

[conditions.leaky]
P_Na = "times:1.5"
celsius = 37

[[accept]]
between = [-80, -60]

[[accept]]
between = [-inf, -50.5]
at = "leaky"

[[accept]]
change = ["control", "high K"]
range = [1, 15]

[[accept]]
nernst = "K"
range = [-110, -80]
at = "control"
"""

#: The least that a plan must say.
LEAST = 'cell = "mammalian neuron"\nn = 10\n[vary]\nP_Na = "lognormal:cv=0.5"\n'


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return plan.read_plan(path)

    return read


def candidates_of(design):
    """The number of candidates, their seed and method."""
    return len(design.sample), design.sample.rng, design.sample.method


def test_plan_gives_all_arguments_of_a_population(read):
    design, states = read(PLAN)
    cell = NEURON.replace(pump_ratio=1.5, celsius=36, P_Cl=fr.times(0.5), threshold=-60)
    assert design.sample.space == fr.space(
        cell,
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.times(fr.uniform(0.5, 1.5)),
        Na_out=fr.affine(150, K_out=-1),
        K_in=fr.electroneutral(charge=-148),
        correlation={("P_Na", "K_out"): -0.5},
    )
    assert candidates_of(design) == (1000, 7, "lhs")
    assert design.conditions == {
        "control": {},
        "high K": {"K_out": 6.5},
        "leaky": {"P_Na": fr.times(1.5), "celsius": 37.0},
    }
    assert states == {"high K": fr.states["hyperkalaemia"]}
    assert design.accept == (
        fr.between(-80, -60),
        fr.between(-float("inf"), -50.5, at="leaky"),
        fr.change("control", "high K", 1, 15),
        fr.nernst_between("K", -110, -80, at="control"),
    )


def test_plan_has_the_defaults_of_a_population(read):
    design, states = read(LEAST)
    assert design.sample.space == fr.space(NEURON, P_Na=fr.lognormal(cv=0.5))
    assert design.sample.rng != read(LEAST).design.sample.rng  # fresh entropy
    assert (design.sample.method, design.conditions) == ("random", {"control": {}})
    assert (design.accept, states) == ((), {})


def test_plan_gives_the_population_of_the_same_call_from_python(read):
    design = read(PLAN).design
    pop = populations.count_candidates(design, threads=1)
    same = design.sample.space.population(
        1000, rng=7, method="lhs", conditions=design.conditions, accept=design.accept
    )
    assert pop.n == 1000
    assert 0 < pop.accepted < 1000
    assert pop.rejected_by == same.rejected_by
    assert list(pop.members().indices) == list(same.members().indices)


def test_read_plan_replaces_n_and_rng(tmp_path, read):
    read(PLAN)
    asked = plan.read_plan(tmp_path / "plan.toml", n=20, rng=0)
    assert candidates_of(asked.design) == (20, 0, "lhs")


def test_plan_takes_a_cell_inside_or_from_a_file_beside_it(read, tmp_path):
    ions = "K = { P = 1, out = 4, in = 140 }\nNa = { P = 0.01, out = 145, in = 15 }\n"
    vary = '[vary]\nP_Na = "lognormal:cv=0.5"\n'
    (tmp_path / "my.toml").write_text("celsius = 37\n" + ions)
    beside = read('cell = "my.toml"\nn = 10\n' + vary)
    inside = read(f"n = 10\n[cell]\ncelsius = 37\n{ions}" + vary)
    assert beside.design.sample.space == inside.design.sample.space
    assert inside.design.sample.cell["Na_out"] == 145


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n = 1\nn = 2", r"not a TOML file: Cannot overwrite a value"),
        ("#" * (1 << 20) + "#", r"larger than 1048576 bytes, the limit for a plan"),
        ("", r"cell is missing"),
        (LEAST.replace("n = 10", ""), r"n is missing"),
        (LEAST[: LEAST.index("[vary]")], r"vary is missing"),
        ("colour = 1\n" + LEAST, r"unknown key 'colour': did you mean .*or known are|unknown key"),
        ("sets = 1\n" + LEAST, r"unknown key 'sets': did you mean set\?"),
        (
            "accept = 3\n" + LEAST,
            r"accept must be a list of tables, \[\[accept\]\], or of events .* got 3",
        ),
        ("accept = [3]\n" + LEAST, r"accept must be a list of tables, .* got \[3\]"),
        ("set = 3\n" + LEAST, r"set must be a table, \[set\], got 3"),
        (
            LEAST.replace("neuron", "neurone"),
            r"cell: unknown cell .* did you mean mammalian neuron",
        ),
        (
            LEAST.replace('"mammalian neuron"', "3"),
            r"cell: must be the name of a cell, a \.toml file .* 3",
        ),
        ("n = 1\n[cell]\nK = 3\n" + LEAST[LEAST.index("[vary]") :], r"cell: K must be a table"),
        (LEAST + "[set]\nK_ou = 3\n", r"set: unknown parameter 'K_ou': did you mean K_out"),
        (LEAST + "[set]\nK_out = -3\n", r"set: K_out must be >= 0 mM, got -3\.0"),
        (LEAST + "[set]\nK_out = true\n", r"set: K_out must be a number, got True"),
        (
            LEAST + '[set]\nK_out = "2 x"\n',
            r"set: K_out must be a number, or a factor .* got '2 x'",
        ),
        (LEAST + '[set]\nK_out = "times:x"\n', r"set: K_out must be a number, or a factor"),
        (
            LEAST + "K_out = 3\n",
            r'vary: K_out: must be a distribution, such as "lognormal:cv=0\.5", got 3',
        ),
        (LEAST + 'K_out = "unifrm:3,6"\n', r"vary: K_out: unknown distribution 'unifrm': did you"),
        (LEAST + 'K_out = "uniform:6,3"\n', r"vary: K_out: uniform.*: low must be < high"),
        (LEAST + 'K_out = "affine:3"\n', r"vary: K_out: affine:3: affine takes CONSTANT"),
        (LEAST + 'K_ou = "uniform:3,6"\n', r"unknown parameter 'K_ou': did you mean K_out"),
        (LEAST + 'K_out = "uniform:-3,6"\n', r"K_out must be >= 0 mM, got -3\.0"),
        (
            LEAST + "[correlation]\nP_Na = 0.5\n",
            r"correlation: write P_Na\.OTHER = -0\.8, got P_Na",
        ),
        (LEAST + "[correlation]\nP_Na.K = 0.5\n", r"correlation: unknown input 'K'"),
        (LEAST + "[conditions]\na = 3\n", r"conditions: a: must be a table of parameters, got 3"),
        (
            LEAST + "[conditions.a]\nK_out = [1]\n",
            r"conditions: a: K_out must be a number, got \[1\]",
        ),
        (
            LEAST + '[conditions.a]\nstate = "hyperkal"\n',
            r"conditions: a: unknown state 'hyperkal': ",
        ),
        (LEAST + "[conditions.a]\nstate = []\n", r"conditions: a: unknown state \[\]"),
        (
            LEAST + '[conditions.a]\nstate = "hyperkalaemia"\nK_in = 3\n',
            r"conditions: a: state must be the only key",
        ),
        (LEAST + "[[accept]]\n", r"accept 1: needs one of between, change, nernst, got nothing"),
        (LEAST + "[[accept]]\nrange = [1, 2]\n", r"accept 1: needs one of .*, got range"),
        (
            LEAST + "[[accept]]\nbetween = [1, 2]\nnernst = 'K'\n",
            r"accept 1: needs one of .*, got between, nernst",
        ),
        (
            LEAST + "[[accept]]\nbetween = [1, 2]\nrange = [1, 2]\n",
            r"accept 1: unknown key 'range': known are between, at",
        ),
        (
            LEAST + "[[accept]]\nbetween = [1]\n",
            r"accept 1: between must be a list of two, got \[1\]",
        ),
        (LEAST + "[[accept]]\nbetween = 1\n", r"accept 1: between must be a list of two, got 1"),
        (
            LEAST + "[[accept]]\nbetween = [2, 1]\n",
            r"accept 1: low <= high must hold, got 2\.0 and 1",
        ),
        (LEAST + "[[accept]]\nbetween = ['a', 1]\n", r"accept 1: low must be a number, got 'a'"),
        (LEAST + "[[accept]]\nnernst = 'K'\n", r"accept 1: range must be a list of two, got None"),
        (
            LEAST
            + "[[accept]]\nbetween = [1, 2]\n[[accept]]\nchange = ['a', 'a']\nrange = [1, 2]\n",
            r"accept 2: change: before and after must differ, got 'a' twice",
        ),
        (LEAST.replace("n = 10", "n = 0"), r"n must be a whole number >= 1, got 0"),
        (LEAST.replace("n = 10", 'n = "x"'), r"n must be a whole number >= 1, got 'x'"),
        ("rng = -1\n" + LEAST, r"rng must be >= 0, got -1"),
        ('rng = "x"\n' + LEAST, r"rng must be a whole number"),
        ('method = "latin"\n' + LEAST, r"method must be one of random, sobol, lhs, got 'latin'"),
        (LEAST + "[conditions.a]\nK_ou = 3\n", r"condition 'a': unknown parameter 'K_ou'"),
        (LEAST + "[conditions.a]\nK_out = -3\n", r"condition 'a': K_out must be >= 0 mM, got -3"),
        (LEAST + '[conditions.a]\nK_out = "times:-1"\n', r"condition 'a': times of K_out must be "),
        (
            LEAST + '[conditions.a]\nstate = "pump block"\n',
            r"condition 'a': pump block sets pump_ratio to 1, .* already .*pump_ratio 1\.5",
        ),
        (LEAST + "[[accept]]\nbetween = [1, 2]\nat = 'b'\n", r"unknown condition 'b'"),
        (LEAST + "[[accept]]\nnernst = 'Ca'\nrange = [1, 2]\n", r"unknown output 'E_Ca'"),
    ],
    ids=lambda value: None if len(value) > 1000 else re.sub(r"\s+", " ", value)[-60:],
)
def test_plan_error_names_file_key_and_rule(read, tmp_path, text, message):
    with pytest.raises((ValueError, TypeError), match=message) as error:
        read(text)
    assert str(error.value).startswith(f"{tmp_path / 'plan.toml'}: ")


def test_missing_plan_is_an_os_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        plan.read_plan(tmp_path / "nowhere.toml")


def test_example_plan_shows_every_key():
    text = plan.EXAMPLE.read_text(encoding="utf-8")
    for key in plan.KEYS:
        assert re.search(rf"^(# )?(\[+{key}|{key} =)", text, re.MULTILINE), key
    for criterion in plan.CRITERIA:
        assert f"\n{criterion} = " in text


def test_example_plan_is_met_by_some_candidates():
    pop = populations.count_candidates(plan.read_plan(plan.EXAMPLE).design)
    assert 0.05 < pop.fraction < 0.5
    assert all(count > 0 for count in pop.rejected_by.values())
    assert not pop.invalid
