"""Reads the files under `idioms/`: each is an assignment, with wrong answers beside the right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tests.autograder.building import asserts, code, marked, notebook, solution

HERE = Path(__file__).parent
#: The author's own notebook, and the release as it is; what else is submitted is wrong somewhere.
REFERENCE, UNTOUCHED = "reference", "untouched"
#: What nbgrader puts in the place of a solution.
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
#: The line that a cell begins with: its kind, and one or two words.
HEAD = re.compile(r"^# %% (plain|locked|answer|test|file|wrong)(?: (\S+))?(?: (\S+))?$", re.M)


@dataclass(frozen=True)
class Part:
    """One cell: its kind (plain, locked, answer or test), its name and what it says."""

    kind: str
    name: str
    source: str


@dataclass(frozen=True)
class Idioms:
    """One file: an assignment."""

    name: str
    parts: tuple[Part, ...]
    files: Mapping[str, str]  # what lies beside the notebook
    wrong: Mapping[str, Mapping[str, str]]  # by submission and cell

    @property
    def tests(self) -> list[str]:
        """The names of the graded cells."""
        return [part.name for part in self.parts if part.kind == "test"]

    @property
    def submissions(self) -> list[str]:
        """The names of all that are submitted."""
        return [REFERENCE, UNTOUCHED, *self.wrong]

    def notebook(self, who: str) -> NotebookNode:
        """Return a submission, the hidden tests in place."""
        return notebook(*(self._cell(part, self._answer(part, who)) for part in self.parts))

    def source(self) -> NotebookNode:
        """Return the author's notebook, of which nbgrader makes a release."""
        marks = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
        return notebook(*(self._cell(part, marks.format(part.source)) for part in self.parts))

    def answers(self, who: str) -> dict[str, str]:
        """Return what a submission says in each cell that a student writes."""
        found = {p.name: self._answer(p, who) for p in self.parts if p.kind == "answer"}
        return {} if who == UNTOUCHED else found

    def _answer(self, part: Part, who: str) -> str:
        if who == UNTOUCHED:
            return STUB
        return self.wrong.get(who, {}).get(part.name, part.source)

    def _cell(self, part: Part, answer: str) -> NotebookNode:
        if part.kind == "answer":
            return solution(answer, part.name)
        if part.kind == "test":
            return asserts(part.source, part.name)
        if part.kind == "locked":
            return marked(part.source, part.name, locked=True)
        return code(part.source)


def read(path: Path) -> Idioms:
    """Read one file.

    Raises
    ------
    ValueError
        If a cell has no name, a name that another one has, or corrects a cell that is not there.
    """
    parts: list[Part] = []
    files: dict[str, str] = {}
    wrong: dict[str, dict[str, str]] = {}
    for kind, name, more, source in _cells(path.read_text()):
        if kind == "wrong":
            wrong.setdefault(name, {})[more] = source
        elif kind == "file":
            files[name] = source + "\n"
        else:
            parts.append(Part(kind, name, source))
    names = [part.name for part in parts if part.kind != "plain"]
    answers = {part.name for part in parts if part.kind == "answer"}
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"{path.name}: each cell but the plain ones has a name of its own")
    if unknown := {cell for cells in wrong.values() for cell in cells} - answers:
        raise ValueError(f"{path.name}: a wrong answer to {sorted(unknown)}, which are no answers")
    return Idioms(path.stem, tuple(parts), files, wrong)


def read_all() -> dict[str, Idioms]:
    """Read all files, by their names."""
    return {path.stem: read(path) for path in sorted((HERE / "idioms").glob("*.py"))}


def _cells(text: str) -> Iterator[tuple[str, str, str, str]]:
    heads = list(HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield head[1], head[2] or "", head[3] or "", text[head.end() : end].strip("\n")
