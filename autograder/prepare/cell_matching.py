"""Recognises cells that lost nbgrader's metadata by their text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearMarkScheme

from autograder.coursedir.assignment import Cell, Original
from autograder.prepare.notebook_reader import UnfitError

#: How alike two tests are, blanks left out, when one is the other after a formatter or a slip.
ALIKE = 0.9
#: Longer texts, and more cells, are compared as they are only.
LONGEST, MOST = 20_000, 300
#: A line of a cell that defines a name of the notebook.
DEFINES = re.compile(r"^(?:(?:async )?def|class) +(\w+)|^(\w+)(?::[^=]+)?\s*=(?!=)", re.MULTILINE)
#: A magic that a converter turned into a comment.
MAGIC = re.compile(r"^# ?(?=[%!])", re.MULTILINE)
#: An id that tools give to the cells of any notebook.
COMMON_ID = re.compile(r"(cell-)?\d+")


def find_marks(notebook: NotebookNode, original: Original, hidden_tests: tuple[str, str]) -> None:
    """Give the cells of ``notebook`` that lost nbgrader's marks the names that were theirs.

    Only names are given, and only those that no cell of the notebook claims. Tests and locked cells
    are known by their text, wherever they stand; an answer by the cells around it, and by the names
    that it defines.

    Parameters
    ----------
    notebook
        A submission; it is changed in place.
    original
        The released notebook.
    hidden_tests
        What stands before and after hidden tests.

    Raises
    ------
    UnfitError
        If nothing tells which of several cells a person has to grade, if no cell is one of the
        assignment's, or if cells are marked in a notebook that has none to be graded.
    """
    claimed = {name for cell in notebook.cells if (name := _claim(cell)) is not None}
    if claimed and not original.by_name:
        raise UnfitError(
            f"the cell '{min(claimed)[:40]}' of its {original.name}.ipynb has the marks of another "
            "assignment: in this one no cell of that notebook is graded; submit the released "
            "notebook with your answers"
        )
    if len(claimed & original.by_name.keys()) == len(original.by_name):
        return
    _Matching(notebook, original, hidden_tests).run()


def _claim(cell: NotebookNode) -> Any:
    mark = cell.metadata.get("nbgrader")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else None


def _plain(text: str) -> str:
    """Return what a cell says, without what tools change in passing."""
    lines = MAGIC.sub("", text).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _defined(text: str) -> set[str]:
    return {one or other for one, other in DEFINES.findall(text)}


def _without(text: str, begin: str, end: str) -> str:
    """Return a text as it is released: without the lines from ``begin`` to ``end``."""
    kept, inside = [], False
    for line in text.split("\n"):
        if begin in line or end in line:
            inside = begin in line
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


class _Matching:
    def __init__(
        self, notebook: NotebookNode, original: Original, hidden_tests: tuple[str, str]
    ) -> None:
        self._cells: Sequence[NotebookNode] = notebook.cells
        self._original = original
        scheme = ClearMarkScheme()
        regions = (
            hidden_tests,
            (scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter),
        )
        self._texts = [_plain(cell.source) for cell in self._cells]
        self._released: dict[str, str] = {}
        for cell in original.source_cells:
            text = cell.source
            for begin, end in regions:
                text = _without(text, begin, end)
            self._released[cell.name] = _plain(text)
        self._place: dict[str, int] = {}  # of a name, in the submission
        for place, cell in enumerate(self._cells):  # the last of a name, as for nbgrader
            if (name := _claim(cell)) in original.by_name:
                self._place[name] = place
        self._taken = set(self._place.values())
        said = {_plain(text) for text in original.plain_cells}
        self._open = [
            place
            for place, text in enumerate(self._texts)
            if text and text not in said and _claim(self._cells[place]) not in original.by_name
        ]

    def run(self) -> None:
        """Name what can be told, or refuse."""
        self._by_id()
        self._by_text()
        self._by_likeness()
        if any(not cell.solution for cell in self._original.source_cells):
            self._check_any()  # answers are told by what stands around them
        for targets, window in self._gaps():
            for kind in dict.fromkeys(target.cell_type for target in targets):
                self._answers(
                    [target for target in targets if target.cell_type == kind],
                    [place for place in window if self._cells[place].cell_type == kind],
                )

        self._check_any()

    def _check_any(self) -> None:
        if self._open and not self._place:
            raise UnfitError(
                "its cells have lost nbgrader's marks, and none of them is known by its text; "
                "copy the answers into the released notebook and submit that"
            )

    def _missing(self) -> list[Cell]:
        return [cell for cell in self._original.source_cells if cell.name not in self._place]

    def _free(self) -> list[int]:
        return [place for place in self._open if place not in self._taken]

    def _take(self, target: Cell, place: int) -> None:
        self._place[target.name] = place
        self._taken.add(place)
        self._cells[place].metadata["nbgrader"] = NotebookNode(grade_id=target.name)

    def _by_id(self) -> None:
        """Take cells of which the id alone has survived."""
        names = {
            one: name for one, name in self._original.ids.items() if not COMMON_ID.fullmatch(one)
        }
        missing = {cell.name: cell for cell in self._missing()}
        for place in self._free():
            target = missing.get(names.get(self._cells[place].get("id", ""), ""))
            if target is None or target.name in self._place:
                continue
            if target.cell_type != self._cells[place].cell_type:
                continue
            same = self._texts[place] == self._released[target.name]
            if same or (target.solution and not self._foreign(place)):
                self._take(target, place)

    def _foreign(self, place: int) -> bool:
        """Whether a cell has the text of a test or of a locked cell."""
        return any(
            self._texts[place] == self._released[cell.name]
            for cell in self._original.source_cells
            if not cell.solution
        )

    def _by_text(self) -> None:
        """Take tests and locked cells whose text has survived; of copies, the last ones."""
        targets: dict[str, list[Cell]] = defaultdict(list)
        for cell in self._missing():
            if not cell.solution and self._released[cell.name]:
                targets[self._released[cell.name]].append(cell)
        places: dict[str, list[int]] = defaultdict(list)
        for place in self._free():
            if self._texts[place] in targets:
                places[self._texts[place]].append(place)
        for text, found in places.items():
            wanted = targets[text]
            if len(found) >= len(wanted):
                for target, place in zip(wanted, found[-len(wanted) :], strict=True):
                    self._take(target, place)
            else:  # some were deleted: those that fit between their neighbours
                for place in found:
                    fitting = [one for one in wanted if place in self._window(one)]
                    rest = [one for one in fitting or wanted if one.name not in self._place]
                    if rest:
                        self._take(rest[0], place)

    def _by_likeness(self) -> None:
        """Take tests and locked cells that a formatter or a slip has changed, where one is so."""
        targets = [cell for cell in self._missing() if not cell.solution]
        free = self._free()
        if len(free) > MOST:
            return
        for target in targets:
            text = "".join(self._released[target.name].split())
            if not 0 < len(text) < LONGEST:
                continue
            near = []
            for place in free:
                own = "".join(self._texts[place].split())
                if self._cells[place].cell_type != target.cell_type or place in self._taken:
                    continue
                if abs(len(own) - len(text)) > len(text) // 5:
                    continue
                # A cell with an answer in it keeps its text, and the test is restored.
                if not _defined(self._texts[place]) <= _defined(self._released[target.name]):
                    continue
                matcher = SequenceMatcher(None, text, own, autojunk=False)
                if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
                    near.append(place)
            if len(near) == 1:
                self._take(target, near[0])

    def _window(self, target: Cell) -> range:
        """Return the places between the nearest cells that are known before and after it."""
        names = [cell.name for cell in self._original.source_cells]
        here = names.index(target.name)
        before = next((self._place[n] for n in reversed(names[:here]) if n in self._place), -1)
        after = next((self._place[n] for n in names[here:] if n in self._place), len(self._cells))
        return range(before + 1, after) if before < after else range(len(self._cells))

    def _gaps(self) -> Iterable[tuple[list[Cell], list[int]]]:
        """Yield the answers that are missing between two known cells, and what is there."""
        groups: dict[range, list[Cell]] = defaultdict(list)
        for cell in self._missing():
            if cell.solution:
                groups[self._window(cell)].append(cell)
        for window, targets in groups.items():
            free = self._free()
            yield targets, [place for place in free if place in window]

    def _answers(self, targets: list[Cell], places: list[int]) -> None:
        """Name the answers of one kind in one gap."""
        for target in targets:
            names = _defined(self._released[target.name])
            own = [p for p in places if names & _defined(self._texts[p])]
            if len(own) == 1 and own[0] not in self._taken:
                self._take(target, own[0])
        targets = [target for target in targets if target.name not in self._place]
        places = [place for place in places if place not in self._taken]
        if len({self._texts[place] for place in places}) == 1 == len(targets):
            places = places[-1:]  # copies
        if len(targets) == len(places):
            for target, place in zip(targets, places, strict=True):
                self._take(target, place)
        # A cell that only tests look at runs whether it has a name or not.
        elif places and (waiting := [target.name for target in targets if target.grade]):
            raise UnfitError(
                f"its cells have lost nbgrader's marks, and which of {len(places)} cells is the "
                f"answer '{waiting[0]}', which a person grades, is not to be told; copy the "
                "answers into the released notebook and submit that"
            )
