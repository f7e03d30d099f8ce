"""Docstrings of public functions name what goes in, what comes out and what is raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Complete packages and modules; add what is complete, take nothing out.
COMPLETE = (
    "course/bandit.py",
    "course/clustering.py",
    "course/double_descent.py",
    "course/exercise.py",
    "course/genz.py",
    "course/gradient_checking.py",
    "course/initialisation.py",
    "course/neurons.py",
    "course/ode.py",
    "course/training.py",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function]]:
    """Yield the functions and methods that have no leading underscore, with dotted names."""
    for node in body:
        if isinstance(node, (ast.ClassDef, Function)) and node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node.body, f"{inside}{node.name}.")
        elif isinstance(node, Function):
            yield inside + node.name, node


def missing(function: Function) -> list[str]:
    """Return the sections that a function needs and its docstring lacks."""
    marks = {mark.id for mark in function.decorator_list if isinstance(mark, ast.Name)}
    if marks & {"override", "overload"}:
        return []
    arguments = function.args
    names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    returns = function.returns
    gives = returns is not None and not (
        isinstance(returns, ast.Constant) and returns.value is None
    )
    needed = {
        "Parameters": bool(names - {"self", "cls"}),
        "Returns": gives and not marks & {"property", "cached_property"},
        "Raises": any(isinstance(n, ast.Raise) and n.exc for n in ast.walk(function)),
    }
    lines = (ast.get_docstring(function) or "").splitlines()
    if "Yields" in lines:
        needed["Returns"] = False
    return [section for section, wanted in needed.items() if wanted and section not in lines]


def lacking(source: str) -> dict[str, list[str]]:
    """Return what each public function of a module lacks, without those that lack nothing."""
    found = {name: missing(node) for name, node in public_functions(ast.parse(source).body)}
    return {name: sections for name, sections in found.items() if sections}


@pytest.mark.parametrize("place", COMPLETE)
def test_public_functions_have_their_sections(place):
    path = ROOT / place
    modules = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    assert modules
    found = {str(m.relative_to(ROOT)): lacking(m.read_text()) for m in modules}
    assert {module: names for module, names in found.items() if names} == {}


def test_a_missing_section_is_seen():
    source = '''
class Box:
    def open(self, key: str) -> int:
        """Open.

        Returns
        -------
        int
        """
        raise ValueError(key)

    def shut(self) -> None:
        """Shut."""

    @property
    def size(self) -> int:
        """The size."""

def _hidden(x: int) -> int: ...
'''
    assert lacking(source) == {"Box.open": ["Parameters", "Raises"]}
