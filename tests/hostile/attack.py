"""What a hostile submission is made of, and how it is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from tests.autograder.building import fill, released, submit
from tests.hostile.target import FUNCTIONS, WRONG


@dataclass(frozen=True)
class Places:
    """What lies around a run, told to the attacks so that none fails for not knowing where."""

    course: Path
    home: Path
    port: int
    abstract: str

    def fill(self, source: str) -> str:
        """Put the places into the source of an attack."""
        for name, value in vars(self).items():
            source = source.replace(f"@{name.upper()}@", str(value))
        return source


@dataclass(frozen=True)
class Attack:
    """One hostile submission; its answers are wrong everywhere but where ``earns`` says."""

    name: str
    tries: str  # one sentence
    cells: Mapping[str, str] = field(default_factory=dict)  # by grade_id, in place of `WRONG`
    files: Mapping[str, str | bytes] = field(default_factory=dict)  # beside the notebook
    edit: Callable[[NotebookNode], None] | None = None  # what else it does to the notebook
    place: Callable[[Path, Places], None] | None = None  # and to its folder
    raw: bytes = b""  # not a notebook, but this
    earns: Mapping[str, float] = field(default_factory=dict)  # what is deserved, by test cell
    verdicts: tuple[str, ...] = ()  # one of these is the submission's; empty: any
    otter: Mapping[str, str] = field(default_factory=dict)  # the same aimed at otter-grader

    @property
    def text(self) -> str:
        """All that the student wrote."""
        files = [f if isinstance(f, str) else f.decode("latin") for f in self.files.values()]
        return "\n".join([*self.cells.values(), *files, self.raw.decode("latin")])


def returning(expression: str, prelude: str = "", names: tuple[str, ...] = FUNCTIONS) -> dict:
    """Return answers whose functions all return ``expression``, after ``prelude`` has run."""
    cells = {name: f"def {name}(*given, **named):\n    return {expression}" for name in names}
    cells["square"] = f"{prelude}\n\n\n{cells.get('square', WRONG['square'])}"
    return cells


def first(source: str) -> dict[str, str]:
    """Return answers that run ``source`` in the first cell."""
    return {"square": f"{source.strip()}\n\n\n{WRONG['square']}"}


def last(source: str) -> dict[str, str]:
    """Return answers that run ``source`` in the last cell, when all tests have been run."""
    return {"sketch": source.strip()}


def hand_in(attack: Attack, root: Path, places: Places, student: str) -> None:
    """Put an attack where ``nbgrader collect`` would."""
    cells = {name: places.fill(text) for name, text in {**WRONG, **attack.cells}.items()}
    book = fill(released(root), cells)
    if attack.edit:
        attack.edit(book)
    path = submit(root, student, attack.raw or book)
    for name, content in attack.files.items():
        target = path.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = places.fill(content).encode() if isinstance(content, str) else content
        target.write_bytes(text)
    if attack.place:
        attack.place(path.parent, places)
