"""What is known of the names in a test cell while it is looked at; pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

#: Functions that start another program.
STARTING = {"system", "popen", "run", "Popen", "call", "check_call", "check_output", "getoutput"}


@dataclass(frozen=True)
class Advice:
    """What an author should change."""

    cell: str
    line: int  # of the cell, from 1
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.cell}, line {self.line}: {self.found}. {self.instead}."


@dataclass(frozen=True)
class Names:
    """What is known of names before a cell is looked at."""

    theirs: frozenset[str]  # defined by the student, and by no instructor's cell
    classes: frozenset[str] = frozenset()  # of these, what the reference solution makes classes
    functions: frozenset[str] = frozenset()  # likewise
    modules: frozenset[str] = frozenset()  # imported by anybody


@dataclass
class Cell:
    """One test cell while it is looked at."""

    name: str
    names: Names
    hidden: frozenset[int]
    theirs: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)  # surely proxies
    own_classes: set[str] = field(default_factory=set)
    understood: frozenset[ast.AST] = frozenset()  # where names are looked up by their texts
    advice: list[Advice] = field(default_factory=list)

    def say(self, node: ast.AST, found: str, instead: str) -> None:
        """Take down what is to be changed at a node."""
        self.advice.append(Advice(self.name, getattr(node, "lineno", 1), found, instead))

    def student(self, node: ast.AST | None) -> str:
        """Return the student's name that an expression starts from, or nothing."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
            node = node.func if isinstance(node, ast.Call) else node.value
        return node.id if isinstance(node, ast.Name) and node.id in self.theirs else ""

    def proxy(self, node: ast.AST) -> bool:
        """Whether an expression surely gives a proxy."""
        if isinstance(node, ast.Name):
            return node.id in self.objects
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in self.names.classes
        return False

    def root(self, node: ast.AST) -> str:
        """Return the module's name that a dotted expression starts from, or nothing."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return node.id if isinstance(node, ast.Name) and node.id in self.names.modules else ""


def learn(cell: Cell, node: ast.AST) -> None:
    """Take note of what a statement makes a student's object, or a name of the test's own."""
    if isinstance(node, ast.ClassDef):
        cell.own_classes.add(node.name)
    pairs: list[tuple[ast.AST, ast.AST]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.For):
        pairs = [(node.target, node.iter)]
    for target, value in pairs:
        for name in (part.id for part in ast.walk(target) if isinstance(part, ast.Name)):
            if not isinstance(target, ast.Attribute | ast.Subscript) and cell.student(value):
                cell.theirs.add(name)
            if isinstance(target, ast.Name) and cell.proxy(value):
                cell.objects.add(name)


def starts_python(node: ast.Call, name: str) -> bool:
    """Tell whether a call of a name is a magic that runs a file, or starts another Python."""
    texts = [str(one.value) for one in ast.walk(node) if isinstance(one, ast.Constant)]
    if name in ("run_line_magic", "run_cell_magic"):
        return texts[:1] == ["run"] or any(one.startswith(("python", "pypy")) for one in texts[:1])
    if name not in STARTING:
        return False
    python = any(getattr(one, "attr", "") == "executable" for one in ast.walk(node))
    words = {word.rpartition("/")[2] for text in texts for word in text.split()}
    return python or any(word.startswith(("python", "pytest", "ipython")) for word in words)
