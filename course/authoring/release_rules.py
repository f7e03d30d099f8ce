"""Checks that the text of an assignment is one nbgrader releases without its answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from course.authoring.text import CELL_ID, AuthoringError, Cell
from course.errors import choose_from

SOLUTION, HIDDEN_TESTS = "SOLUTION", "HIDDEN TESTS"

_SCHEMA_VERSION = 3
_REQUIRED = {
    "grade": bool,
    "grade_id": str,
    "locked": bool,
    "schema_version": int,
    "solution": bool,
}
_OPTIONAL = {"points": (int, float), "task": bool}
# nbgrader looks for these words anywhere in a line, in capitals.
_MARKER = re.compile(rf"(BEGIN|END) ({SOLUTION}|{HIDDEN_TESTS})")
# Meant as a marker, but nbgrader would pass over it and release what it should hide.
_MISSPELT = re.compile(r"\s*(###+\s*(begin|end)\b|#+\s*(begin|end)\s+(solution|hidden))", re.I)
_POSITION_ID = re.compile(r"cell-\d{3,}")


def check_assignment(cells: Iterable[Cell], label: str, points: float) -> None:
    """Check every rule for the text of an assignment.

    Parameters
    ----------
    cells : iterable of Cell
        The assignment's cells, in order.
    label : str
        How errors name the file.
    points : float
        What the syllabus says a perfect submission earns.

    Raises
    ------
    AuthoringError
        At the first broken rule, with the file, the line, the cell, and what to write.
    """
    first: dict[str, Cell] = {}
    total = 0.0
    for number, cell in enumerate(cells, start=1):
        rules = _CellRules(cell, label, number)
        rules.check()
        if cell.grade_id is None:
            continue
        if cell.grade_id in first:
            rules.fail(
                f"the grade_id is taken by the cell on line {first[cell.grade_id].line}; "
                "give one of them another"
            )
        first[cell.grade_id] = cell
        total += cell.node.metadata["nbgrader"].get("points", 0)
    if total != points:
        raise AuthoringError(
            f"{label}: the graded cells carry {total:g} points and course/syllabus.toml says "
            f"{points:g}; make them agree"
        )


def without_marker_lines(source: str) -> str:
    """Return the source of a cell without the lines that mark its solution.

    Parameters
    ----------
    source : str
        Of one cell.

    Returns
    -------
    str
    """
    return "\n".join(line for line in source.split("\n") if not _MARKER.search(line))


class _CellRules:
    """The rules for one cell."""

    def __init__(self, cell: Cell, label: str, number: int) -> None:
        self.cell = cell
        self.label = label
        self.number = number
        self.meta: dict[str, Any] = cell.node.metadata.get("nbgrader") or {}

    def check(self) -> None:
        if self.meta:
            self._check_keys()
            self._check_kind()
        self._check_regions()

    def fail(self, problem: str, offset: int | None = None) -> NoReturn:
        """Raise with the line of the cell's marker, or of its source's line `offset`."""
        line = self.cell.line if offset is None else self.cell.source_line + offset
        named = f"cell '{self.cell.grade_id}'" if self.cell.grade_id else f"cell {self.number}"
        raise AuthoringError(f"{self.label}:{line}: {named}: {problem}")

    def _check_keys(self) -> None:
        known: dict[str, Any] = {**_REQUIRED, **_OPTIONAL}
        for key in self.meta:
            if key not in known:
                self.fail(
                    f"nbgrader metadata has the unknown key '{key}'; {choose_from(key, known)}"
                )
        for key in _REQUIRED:
            if key not in self.meta:
                self.fail(f"nbgrader metadata has no '{key}'; add it")
        for key, value in self.meta.items():
            if not isinstance(value, known[key]) or (
                isinstance(value, bool) and known[key] is not bool
            ):
                self.fail(f"nbgrader metadata has {key} = {value!r}, which is of the wrong kind")
        if self.meta["schema_version"] != _SCHEMA_VERSION:
            self.fail(
                f"schema_version is {self.meta['schema_version']}; nbgrader 0.9 writes "
                f"{_SCHEMA_VERSION}, so write that"
            )
        grade_id = self.meta["grade_id"]
        if not CELL_ID.fullmatch(grade_id) or _POSITION_ID.fullmatch(grade_id):
            self.fail(
                f"'{grade_id}' cannot be a grade_id; use 1 to 64 letters, digits, '-' or '_', and "
                "not the form 'cell-007', which cells without a grade_id get"
            )

    def _check_kind(self) -> None:
        grade, solution, locked = (self.meta[key] for key in ("grade", "solution", "locked"))
        points = self.meta.get("points", 0)
        if grade and solution:
            self.fail("it would be graded by hand; move its points to a locked test cell")
        if grade and self.cell.node.cell_type != "code":
            self.fail("only code can be graded; make it a code cell, or remove grade")
        if grade and not locked:
            self.fail("a test cell that is not locked can be edited; set locked to true")
        if grade and not 0 < points < float("inf"):
            self.fail(f"it is graded and has {points:g} points; give it more than 0")
        if not grade and points:
            self.fail(f"it is not graded and has {points:g} points; set points to 0")
        if solution and locked:
            self.fail("a locked solution cell cannot be filled in; set locked to false")

    def _check_regions(self) -> None:
        regions: dict[str, int] = {}
        opened: tuple[str, int] | None = None
        for offset, line in enumerate(self.cell.source.split("\n")):
            match = _MARKER.search(line)
            if not match:
                if _MISSPELT.match(line):
                    self.fail(
                        f"'{line.strip()}' is not a marker that nbgrader knows; write BEGIN or END "
                        f"and {SOLUTION} or {HIDDEN_TESTS}, in capitals",
                        offset,
                    )
                continue
            edge, region = match.groups()
            if edge == "BEGIN":
                if opened:
                    self.fail(f"BEGIN {region} inside another region; end that one first", offset)
                opened = (region, offset)
                regions.setdefault(region, offset)
            elif not opened or opened[0] != region:
                self.fail(f"END {region} without its BEGIN; add that or remove this", offset)
            else:
                opened = None
        if opened:
            self.fail(f"BEGIN {opened[0]} without its END; add that", opened[1])
        self._check_place(regions)

    def _check_place(self, regions: Mapping[str, int]) -> None:
        solution = self.meta.get("solution", False)
        if solution and SOLUTION not in regions:
            self.fail("a solution cell without a SOLUTION region shows its answer; mark it")
        if SOLUTION in regions and not solution:
            self.fail(
                "a SOLUTION region in a cell that is no solution; set solution to true",
                regions[SOLUTION],
            )
        if HIDDEN_TESTS in regions and not self.meta.get("grade", False):
            self.fail(
                "HIDDEN TESTS in a cell that is not graded; set grade and points",
                regions[HIDDEN_TESTS],
            )
