"""Finds what the tests of a source notebook cannot do, or do badly; pure."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from autograder.domains.failure_messages import hidden_lines
from autograder.domains.free_names import needed, stored
from autograder.domains.used_names import MODULES
from autograder.model import HIDDEN_TESTS
from autograder.verify.lint_context import Advice, Names
from autograder.verify.lint_rules import look
from autograder.verify.lint_weak import weaknesses


@dataclass(frozen=True)
class _Part:
    """A code cell."""

    name: str
    kind: str  # "test", "locked", "answer" or "plain"
    source: str
    tree: ast.Module

    @property
    def ours(self) -> bool:
        """Whether an instructor wrote it, and a student cannot change it."""
        return self.kind in ("test", "locked")

    @property
    def stored(self) -> set[str]:
        """What it defines, but for what it imports."""
        return set(stored(self.source)) - self.imported

    @property
    def needed(self) -> set[str]:
        """What it looks up."""
        outer, inner = needed(self.source)
        return outer | inner

    @property
    def imported(self) -> set[str]:
        """The names under which it imports something."""
        return {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }

    @property
    def imports(self) -> set[str]:
        """Of these, the names that other cells can look up."""
        return self.imported & stored(self.source)

    @property
    def classes(self) -> set[str]:
        """The classes that it defines."""
        return {node.name for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @property
    def functions(self) -> set[str]:
        """The functions that it defines."""
        return {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)}


def advise(notebook: NotebookNode, marks: Sequence[str] = HIDDEN_TESTS) -> list[Advice]:
    """Return what an author should change, in the order of the cells.

    Parameters
    ----------
    notebook
        As it lies under ``source/``, solutions in place.
    marks
        What stands before and after hidden tests.
    """
    parts = list(_parts(notebook))
    found: list[Advice] = []
    ours = _all(part.stored for part in parts if part.ours)
    answers = [part for part in parts if not part.ours]
    names = Names(
        _all(part.stored for part in answers) - ours,
        _all(part.classes for part in answers) - ours,
        _all(part.functions for part in answers) - ours,
        _all(part.imported for part in parts),
    )
    for place, part in enumerate(parts):
        if part.kind == "test":
            found += _names(parts, place)
            hidden = hidden_lines(part.source, marks)
            found += look(part.name, part.tree, names, hidden)
            found += weaknesses(part.name, part.tree, hidden)
    return found


def _all(sets: Iterable[set[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _parts(notebook: NotebookNode) -> Iterator[_Part]:
    transform = TransformerManager().transform_cell
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        mark: dict[str, Any] = cell.metadata.get("nbgrader", {})
        kind = "plain"
        if mark.get("solution"):
            kind = "answer"
        elif mark.get("grade"):
            kind = "test"
        elif mark.get("locked"):
            kind = "locked"
        try:
            source = transform(cell.source)
            tree = ast.parse(source)
            compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError):
            continue  # running it says so
        yield _Part(mark.get("grade_id") or f"number {number}", kind, source, tree)


def _names(parts: list[_Part], place: int) -> Iterator[Advice]:
    """Find names that mean something else in the judge than in the student's process."""
    test = parts[place]
    ours = _all(part.stored for part in parts if part.ours)
    for number, answer in enumerate(parts):
        if answer.kind == "plain":
            yield from _helpers(test, answer, ours)
        if answer.kind != "answer":
            continue
        for name in sorted(answer.stored & test.needed):
            first = next((one for one in parts[:number] if one.ours and name in one.stored), None)
            if hasattr(builtins, name):
                yield Advice(
                    test.name,
                    _line(test, name),
                    f"`{name}`, which cell {answer.name} defines, is Python's own in a test",
                    "Give the student's function another name",
                )
            elif first is not None and number < place:
                yield Advice(
                    test.name,
                    _line(test, name),
                    f"`{name}` is defined by the answer in {answer.name} and by the "
                    f"instructor's cell {first.name}, and a test always uses the instructor's",
                    "Give one of the two another name",
                )
        yield from _oracles(test, answer, parts)
        known = _all(one.stored | one.imported for one in parts if one.kind != "test")
        for name in sorted((answer.needed & test.stored) - known - vars(builtins).keys()):
            yield Advice(
                test.name,
                _line(test, name),
                f"`{name}` is set here and read by the answer in {answer.name}, which runs in "
                "another process",
                "Set it in a locked cell, which runs in both, or make it an argument",
            )


def _oracles(test: _Part, answer: _Part, parts: list[_Part]) -> Iterator[Advice]:
    """Find what a test takes from a library and has from the student, who need not import it."""
    ours = _all(one.stored for one in parts if one.ours)
    ours |= _all(one.imported for one in parts if one.kind != "answer")
    for name in sorted(answer.imports & test.needed - ours - MODULES.keys()):
        yield Advice(
            test.name,
            _line(test, name),
            f"`{name}` is imported by the answer in {answer.name} only, where a student can put "
            "anything in its place",
            "Import it in the test or in a locked cell as well",
        )


def _helpers(test: _Part, plain: _Part, ours: frozenset[str]) -> Iterator[Advice]:
    """Find what a test relies on and every student can rewrite, though it is no answer."""
    for name in sorted((plain.functions | plain.classes) & test.needed - ours):
        yield Advice(
            test.name,
            _line(test, name),
            f"`{name}` is defined in cell {plain.name}, which is not locked: a student can change "
            "it, and with it what the test expects",
            "Lock that cell, or define it in the test",
        )


def _line(part: _Part, name: str) -> int:
    """Return the first line on which a name stands."""
    return min(
        (n.lineno for n in ast.walk(part.tree) if isinstance(n, ast.Name) and n.id == name),
        default=1,
    )
