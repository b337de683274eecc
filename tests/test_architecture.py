"""The house: rooms import downwards, names are told apart, and files and functions stay short."""

import ast
import functools
import importlib.util
import io
import re
import tokenize
import types
from pathlib import Path

import pytest

import fastrest as fr

ROOT = Path(__file__).parents[1]
PACKAGE = Path(fr.__file__).parent
#: Names that users call or speak of, beside those of `fastrest`.
VERBS = {"sweep", "population", "sample", "sobol"}
#: Modules that may name others in text: the face alone, which imports some when they are used.
NAMING = {"fastrest"}
MOST_LINES, MOST_CODE_LINES = 500, 60


def module_of(path):
    parts = ["fastrest", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def found_in(look, modules=MODULES):
    """Return what a function finds in each module, but for those where it finds nothing."""
    return {module: found for module in modules if (found := list(look(module)))}


@functools.cache
def text_of(module):
    return MODULES[module].read_text(encoding="utf-8")


@functools.cache
def tree_of(module):
    return ast.parse(text_of(module))


@functools.cache
def is_module(name):
    """Return whether a module has this name, compiled ones among them."""
    try:
        return name in MODULES or importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # it belongs to a class, not to a package
        return False


def docstrings(tree):
    """Yield the docstrings of a module, its classes and its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


# ---- the rooms ----


def test_the_contracts_of_import_linter_are_kept(capsys):
    importlinter = pytest.importorskip("importlinter.cli")
    config = ROOT / "pyproject.toml"
    status = importlinter.lint_imports(config_filename=str(config), no_cache=True)
    assert status == importlinter.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_init_of_a_room_holds_at_most_a_docstring():
    rooms = [m for m, path in MODULES.items() if path.name == "__init__.py"]
    rooms = [m for m in rooms if m not in ("fastrest", "fastrest._core")]
    assert len(rooms) > 10
    for room in rooms:
        tree = tree_of(room)
        assert len(tree.body) == len(list(docstrings(tree))) <= 1, room


def test_imports_are_absolute():
    def relative(module):
        imports = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ImportFrom)]
        return [ast.unparse(node) for node in imports if node.level]

    assert found_in(relative) == {}


# ---- names ----


def test_no_module_bears_a_name_that_users_call():
    names = {n for n in fr.__all__ if not isinstance(getattr(fr, n), types.ModuleType)} | VERBS
    assert not [module for module in MODULES if module.rpartition(".")[2] in names]


def test_modules_are_named_in_text_by_the_face_alone():
    def named(module):
        tree = tree_of(module)
        prose = {id(text) for text in docstrings(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = re.fullmatch(r"fastrest(\.\w+)+", node.value) and id(node) not in prose
                if name and is_module(node.value):
                    yield node.value

    assert set(found_in(named)) <= NAMING


@functools.cache
def private_names(module):
    """Return the private names that a module gives to its own things."""
    found = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.keyword):  # vars(self).update(_name=...)
            found.add(node.arg or "")
    return {name for name in found if is_private(name)}


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


def is_own(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def private_uses(module):
    """Yield private names of other modules that a module uses: imported, or as attributes."""
    others = set().union(*(private_names(one) for one in MODULES if one != module))
    foreign = others - private_names(module)
    imported = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if not (node.module or "").startswith("fastrest"):
                    continue
                if is_module(whole):
                    imported.add(alias.asname or alias.name)
                elif is_private(alias.name):
                    yield whole
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value):
            of_a_module = isinstance(node.value, ast.Name) and node.value.id in imported
            if of_a_module or node.attr in foreign:
                yield ast.unparse(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [a.value for a in node.args[1:2] if isinstance(a, ast.Constant)]
            if node.func.id in ("getattr", "hasattr", "setattr", "delattr") and any(
                text in foreign for text in texts
            ):
                yield ast.unparse(node)


def test_no_private_name_is_used_from_another_module():
    assert found_in(private_uses) == {}


# ---- sizes ----


@functools.cache
def code_lines(module):
    """Return the numbers of the lines with code: no comments, docstrings or blank lines."""
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text_of(module)).readline):
        if token.type not in (*empty, tokenize.ENDMARKER):
            lines.update(range(token.start[0], token.end[0] + 1))
    for text in docstrings(tree_of(module)):
        lines.difference_update(range(text.lineno, text.end_lineno + 1))
    return lines


def test_no_file_is_long():
    sizes = {module: text_of(module).count("\n") for module in MODULES}
    assert {module: size for module, size in sizes.items() if size > MOST_LINES} == {}


def test_no_function_is_long():
    def long(module):
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = code_lines(module) & set(range(node.lineno, node.end_lineno + 1))
                if len(own) > MOST_CODE_LINES:
                    yield node.name, len(own)

    assert found_in(long) == {}
