"""Docstrings of public functions name what goes in, what comes out and what is raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Complete packages and modules; add what is complete, take nothing out.
COMPLETE = ("autograder/doctor", "autograder/report", "autograder/sandbox", "course")
#: Lectures print the source of these, so their docstrings stay short.
SHOWN = {"course/backprop.py", "course/keras_parts.py", "course/approximation.py:sample"}
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
    found = {
        f"{name}:{function}": sections
        for module in modules
        if (name := module.relative_to(ROOT).as_posix()) not in SHOWN
        for function, sections in lacking(module.read_text()).items()
    }
    assert {name: sections for name, sections in found.items() if name not in SHOWN} == {}


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
