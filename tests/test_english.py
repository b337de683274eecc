"""The language of docstrings, comments, messages and help: complete, in order, and plain.

    python tests/test_english.py

lists what breaks the rules, by file.
"""

import ast
import collections
import enum
import functools
import inspect
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import NamedTuple

import pytest

import fastrest as fr

ROOT = Path(__file__).parent.parent

# ---- docstrings of what is public ----

#: The checks of numpydoc that docstrings pass.
CHECKS = {
    "GL03",  # no double blank lines
    "GL05",  # no tabs
    "GL06",  # no unknown sections
    "GL07",  # sections in order
    "GL08",  # there is a docstring
    "GL10",  # directives end with two colons
    "SS01",  # there is a summary
    "SS02",  # it starts with a capital letter
    "SS03",  # it ends with a period
    "SS04",  # it is not indented
    "SS06",  # it is one line
    "PR01",  # all parameters are documented
    "PR02",  # and no others
    "PR03",  # in their order
    "PR05",  # a type does not end with a period
    "PR07",  # a parameter has a description
    "PR08",  # which starts with a capital letter
    "PR09",  # and ends with a period
    "PR10",  # there is a space before the colon
    "RT01",  # what is returned is documented
    "RT04",  # a description starts with a capital letter
    "RT05",  # and ends with a period
    "YD01",  # so is what is yielded
}
#: Of a property the summary says what it is; numpydoc sees no signature of it.
NOT_OF_PROPERTIES = {"RT01", "YD01"}
#: Of a class the section says what its instances have; a field that is an attribute is in
#: Attributes, which numpydoc does not compare with the signature.
NOT_OF_CLASSES = {"RT01", "YD01"}
#: Other rooms call hooks, users do not: these need no sections.
NOT_OF_HOOKS = {"PR01", "RT01", "YD01"}
#: Verbs that a summary does not begin with: "Return", not "Returns". numpydoc's own check, SS05,
#: takes every plural for a verb.
THIRD_PERSON = re.compile(
    "(Add|Ask|Calculate|Check|Combine|Compute|Convert|Create|Define|Describe|Draw|Evaluate|Find|"
    "Generate|Get|Give|Hold|Keep|Load|Make|Merge|Open|Print|Put|Raise|Read|Remove|Represent|Return|"
    "Run|Save|Say|Set|Take|Tell|Wrap|Write|Yield)s "
)
#: How a class whose objects come from a function says so: their parameters are described there.
MADE_BY = re.compile(r"\b(made by|see|as `?\w+`? returns|put together\s+by)\s+`", re.IGNORECASE)
#: How a description may begin that does not begin with a capital letter: a unit, or a formula.
SMALL = re.compile(r"(mV|mM)\b|\w [<=>]|``")


class Documented(NamedTuple):
    """A public object: what users call it, the object, the kind of thing it is, and its file."""

    name: str
    thing: object
    kind: str
    file: str


def of_the_package(cls):
    return cls.__module__.partition(".")[0] == "fastrest"


def file_of(thing, owner=None):
    """The file that an object is written in, from the root of the repository."""
    code = getattr(thing, "fget", None) or getattr(thing, "func", None) or thing
    module = getattr(code, "__module__", None) or getattr(owner, "__module__", "fastrest")
    found = getattr(sys.modules.get(module), "__file__", None) or "fastrest/__init__.py"
    parts = Path(found).parts
    place = max(i for i, part in enumerate(parts) if part == "fastrest")
    return "/".join(parts[place:])


@functools.cache
def answers():
    """Results of classes that are no names of the package, but that users meet."""
    cell = fr.cells["mammalian neuron"]
    grid = fr.grid(cell, K_out=[3.0, 5.0])
    space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_in=fr.affine(140, P_Na=1))
    free = fr.space(cell, P_Na=fr.lognormal(cv=0.5))
    families = fr.uniform(1, 2), fr.loguniform(1, 2), fr.triangular(1, 2, 3), fr.normal(sd=1)
    return [
        fr.cells,
        fr.times(fr.uniform(1, 2)),
        *families,
        fr.lognormal(cv=1),
        grid.summary(),
        grid.histogram(4),
        grid.classify(),
        grid.part(0, 1),
        space.derived["K_in"],
        free.sobol(64, rng=1),
        free.population(64, rng=1).balance["charge inside"],
    ]


def classes():
    """Public classes, and those of answers, by name."""
    given = [getattr(fr, name) for name in fr.__all__]
    found = {one for one in given if inspect.isclass(one)} | {type(one) for one in answers()}
    return sorted(found, key=lambda one: one.__name__)


def parts_of(cls):
    """Public methods and properties that a class defines itself, and what calls its instances."""
    for name, static in vars(cls).items():
        if name.startswith("_") and name != "__call__":
            continue
        bare = static.__func__ if isinstance(static, classmethod | staticmethod) else static
        if isinstance(bare, property | functools.cached_property):
            yield name, bare, "property"
        elif inspect.isfunction(bare):
            yield name, bare, "method"


def inherits(cls, name, thing):
    """Whether a method without a docstring has that of the same method of a base."""
    if thing.__doc__:
        return False
    return any(getattr(vars(base).get(name), "__doc__", None) for base in cls.__mro__[1:])


@functools.cache
def documented():
    """Functions, classes, and classes' methods and properties, each once."""
    found = {}
    for name in fr.__all__:
        thing = getattr(fr, name)
        if inspect.isfunction(thing):
            found[name] = Documented(name, thing, "function", file_of(thing))
    for cls in classes():
        found[cls.__name__] = Documented(cls.__name__, cls, "class", file_of(cls))
        hooks = {name for base in cls.__mro__ for name in vars(base).get("_hooks", ())}
        for base in cls.__mro__:
            if not of_the_package(base):
                continue
            for name, thing, kind in parts_of(base):
                full, kind = f"{base.__name__}.{name}", "hook" if name in hooks else kind
                if not inherits(base, name, thing):
                    found.setdefault(full, Documented(full, thing, kind, file_of(thing, base)))
    return list(found.values())


def generated(cls):
    """Whether a class has no docstring but the signature that dataclasses and tuples make."""
    return (cls.__doc__ or "").startswith(f"{cls.__name__}(")


def described_as_attributes(one, message):
    """Whether parameters of a class that a complaint is about are described as attributes.

    Objects of such classes are results, which users never make: what they have is what they need.
    """
    names = set(re.findall(r"'([^']+)'", message))
    text = inspect.getdoc(one.thing) or ""
    _, _, section = text.partition("Attributes\n----------\n")
    told = {
        name.strip()
        for line in section.splitlines()
        if re.match(r"\w.* : ", line) or re.fullmatch(r"\w+", line)
        for name in line.partition(" : ")[0].split(",")
    }
    return bool(names) and names <= told


def complaints(one):
    """What numpydoc finds wrong with a docstring, of the checks that are made."""
    from numpydoc.docscrape import get_doc_object
    from numpydoc.validate import validate

    if one.kind == "class" and generated(one.thing):
        return [("GL08", "The object does not have a docstring")]
    if isinstance(one.thing, property | functools.cached_property):
        # numpydoc sees properties only by way of a name: here is a function with that docstring
        getter = getattr(one.thing, "fget", None) or one.thing.func

        def thing(self):
            return getter(self)

        thing.__doc__ = one.thing.__doc__
    else:
        thing = one.thing
    parsed = get_doc_object(thing)
    result = validate(parsed)
    left = CHECKS
    if one.kind == "property":
        left = CHECKS - NOT_OF_PROPERTIES
    elif one.kind == "class":
        left = CHECKS - NOT_OF_CLASSES
    elif one.kind == "hook":
        left = CHECKS - NOT_OF_HOOKS
    text = one.thing.__doc__ or ""
    found = [
        (code, with_sorted_names(message))
        for code, message in result["errors"]
        if code in left and not excused(one, code, message, parsed)
    ]
    if THIRD_PERSON.match(text):
        found.append(("SS05", f"Summary must start with infinitive verb: {text.split()[0]}"))
    return found


def excused(one, code, message, parsed):
    """Whether a rule does not fit: see the tables above."""
    text = one.thing.__doc__ or ""
    if code == "PR01" and one.kind == "class":
        if issubclass(one.thing, enum.Enum) or MADE_BY.search(text):
            return True
        return described_as_attributes(one, message)
    if code == "RT01":
        return bool(parsed["Yields"])
    if code == "PR08":
        name = re.search(r'"([^"]+)"', message)[1]
        begins = [
            " ".join(words).strip()
            for names, _, words in parsed["Parameters"]
            if name in names.split(", ")
        ]
        return any(SMALL.match(words) for words in begins)
    if code == "RT04":
        return all(SMALL.match(" ".join(words).strip()) for *_, words in parsed["Returns"])
    return False


def with_sorted_names(message):
    """A complaint with the names of a set in order."""
    names = re.search(r"{(.*)}", message)
    if not names:
        return message
    return message.replace(names[1], ", ".join(sorted(names[1].split(", "))))


@pytest.mark.parametrize("one", documented(), ids=lambda one: one.name)
def test_docstrings_are_whole_and_in_order(one):
    pytest.importorskip("numpydoc")
    found = complaints(one)
    if found:
        lines = "\n".join(f"  {code} {text}" for code, text in found)
        pytest.fail(f"{one.file}: {one.name}\n{lines}", pytrace=False)


# ---- words ----

#: What texts do without, in whatever case.
BANNED = re.compile(r"\b(nobody|whoever|whom)\b", re.IGNORECASE)
#: How docstrings, comments and messages do not begin: the thing is named, or the action, not asked
#: about. Help of the command line begins in lower case; comments that do may be half a sentence.
QUESTION = re.compile(r"(What|Who|Whose|Whether|How)\b")


class Said(NamedTuple):
    """A piece of prose: the file and line it stands in, what it is, and its text."""

    file: str
    line: int
    kind: str
    text: str


def files(*patterns):
    """Sources that are kept; C that was made of Cython is not."""
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    made = {path.with_suffix(".c") for path in ROOT.glob("fastrest/**/*.pyx")}
    return [path for path in found if path not in made]


def said_in_python(path):
    """Docstrings, other texts (messages and help) and comments of a Python file."""
    source, file = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    docstrings = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            value = body[0].value
            if isinstance(value.value, str):
                docstrings.add(id(value))
                yield Said(file, value.lineno, "docstring", value.value)
    helps = {
        id(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg in ("help", "description", "epilog")
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield Said(file, node.lineno, "help" if id(node) in helps else "text", node.value)
    yield from blocks_of_comments(file, source)


def blocks_of_comments(file, source):
    """Comments of Python, those on lines that follow each other as one."""
    before, block = (0, 0), None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, column = token.start
        if block and (line - 1, column) == before:
            block = block._replace(text=f"{block.text}\n{token.string}")
        else:
            if block:
                yield block
            block = Said(file, line, "comment", token.string)
        before = line, column
    if block:
        yield block


#: Texts and comments of Cython, in the order in which they are looked for.
CYTHON = re.compile(
    r'''(?P<docstring>""".*?""")|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')'''
    r"|(?P<comment>#[^\n]*)",
    re.DOTALL,
)


def said_in_cython(path):
    """Docstrings, texts and comments of a Cython file, which `ast` does not read."""
    source, file = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    for match in CYTHON.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        kind, text = match.lastgroup, match.group()
        yield Said(file, line, kind, text.strip("\"'") if kind != "comment" else text)


def said_in_c(path):
    """Comments of a C file, those over several lines as one."""
    source, file = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
    for match in re.finditer(r"/\*.*?\*/|//[^\n]*", source, re.DOTALL):
        yield Said(file, source.count("\n", 0, match.start()) + 1, "comment", match.group())


def said_in_prose(path):
    yield Said(path.relative_to(ROOT).as_posix(), 1, "prose", path.read_text(encoding="utf-8"))


@functools.cache
def said():
    """All prose of the package."""
    found = []
    for path in files("fastrest/**/*.py", "fastrest/**/*.pyi"):
        found += said_in_python(path)
    for path in files("fastrest/**/*.pyx", "fastrest/**/*.pxd"):
        found += said_in_cython(path)
    for path in files("src_c/**/*.c", "src_c/**/*.h"):
        found += said_in_c(path)
    for path in files("README.md", "CONTRIBUTING.md", "bench/README.md", "docs/*.md"):
        found += said_in_prose(path)
    return found


@functools.cache
def banned_words():
    """Where a banned word stands: file, line, and the line's text."""
    found = []
    for one in said():
        for match in BANNED.finditer(one.text):
            line = one.line + one.text.count("\n", 0, match.start())
            around = (
                one.text[: match.end()].rpartition("\n")[2]
                + one.text[match.end() :].split("\n", 1)[0]
            )
            found.append((one.file, line, f"{match.group().lower()}: {around.strip()}"))
    return sorted(set(found))


@functools.cache
def questions():
    """Where a text begins with a question word: file, line, kind of text, and its first line."""
    found = []
    for one in said():
        first = one.text.lstrip("#:/* \n").split("\n")[0]
        first = first[:1].upper() + first[1:] if one.kind == "help" else first
        if one.kind != "prose" and QUESTION.match(first):
            found.append((one.file, one.line, one.kind, first))
    return found


def by_file(found):
    groups = collections.defaultdict(list)
    for file, *rest in found:
        groups[file].append(rest)
    return groups


ALL_FILES = sorted({one.file for one in said()})


@pytest.mark.parametrize("file", ALL_FILES)
def test_no_words_that_are_banned(file):
    lines = [f"  {file}:{line}: {text}" for line, text in by_file(banned_words())[file]]
    if lines:
        pytest.fail("say it in other words:\n" + "\n".join(lines), pytrace=False)


@pytest.mark.parametrize("file", [one for one in ALL_FILES if not one.endswith(".md")])
def test_no_text_begins_with_a_question_word(file):
    lines = [f"  {file}:{line}: {kind}: {text}" for line, kind, text in by_file(questions())[file]]
    if lines:
        pytest.fail("name the thing, or begin with a verb:\n" + "\n".join(lines), pytrace=False)


@pytest.mark.skipif(not (ROOT / "fastrest").is_dir(), reason="the sources are not here")
def test_prose_is_found_in_every_kind_of_file():
    kinds = {(Path(one.file).suffix, one.kind) for one in said()}
    assert {(".py", kind) for kind in ("docstring", "text", "comment")} <= kinds
    assert {(".pyx", kind) for kind in ("docstring", "text", "comment")} <= kinds
    assert {(".c", "comment"), (".h", "comment"), (".md", "prose")} <= kinds
    assert len(documented()) > 200


if __name__ == "__main__":
    groups = collections.defaultdict(list)
    kinds = collections.Counter()
    for one in documented():
        for code, text in complaints(one):
            groups[one.file].append(f"{code} {one.name}: {text}")
            kinds[code] += 1
    for file, line, text in banned_words():
        groups[file].append(f"word {line}: {text}")
        kinds["word"] += 1
    for file, line, kind, text in questions():
        groups[file].append(f"question {line}: {kind}: {text}")
        kinds[f"question in {kind}"] += 1
    for file in sorted(groups):
        print(f"{file}: {len(groups[file])}")
        print("".join(f"  {line}\n" for line in groups[file]))
    print(", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items())), f"of {kinds.total()}")
