"""Tests an assignment's tests with submissions whose points are known beforehand."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.authoring import submissions
from course.demo.run import Demo
from course.errors import CourseError

FEWEST_MUTANTS, FEWEST_ALTERNATIVES = 12, 2


@dataclass(frozen=True)
class Case:
    """A submission and the graded cells at which it must lose its points."""

    story: str
    cells: dict[str, str]
    loses: frozenset[str]


class Trial:
    """Everything that is submitted to prove one assignment, and how it fared.

    Parameters
    ----------
    root : Path
        The checkout.
    name : str
        The assignment.
    scratch : Path
        An empty directory.
    draft : bool
        Name what is missing among the failures, and grade what there is.

    Raises
    ------
    CourseError
        If there are too few mutants or alternatives to prove anything, or a graded cell at which
        no mutant loses; not of a draft.
    """

    def __init__(self, root: Path, name: str, scratch: Path, *, draft: bool = False) -> None:
        self.name, self._root, self._scratch = name, root, scratch
        self.failures: list[str] = []
        self.ungraded = 0
        self._graded: dict[str, set[str]] = {}
        material = submissions.load(root, name, draft=draft)
        source = root / "assignments" / "source" / name / f"{name}.ipynb"
        self.source = nbformat.read(source, as_version=4)
        self.points = submissions.points(self.source)
        everything = frozenset(self.points)
        self.cases = {
            "reference": Case("the reference", material.reference, frozenset()),
            "blank": Case("the untouched release", {}, everything),
        }
        for alternative, cells in material.alternatives.items():
            self.cases[alternative] = Case(f"{alternative}, which is correct", cells, frozenset())
        for mutant in material.mutants:
            story = f"mutant '{mutant.name}' ({mutant.description})"
            loses = frozenset(mutant.loses)
            self.cases[f"mutant_{mutant.name}"] = Case(story, material.mutated(mutant), loses)
        self._counts = len(material.mutants), len(material.alternatives)
        missing = list(self._missing(everything))
        if missing and not draft:
            raise CourseError("\n".join(missing))
        self.failures += missing

    def _missing(self, everything: frozenset[str]) -> Iterator[str]:
        """Say what is not there and has to be, before the tests are proven."""
        mutants, alternatives = self._counts
        if mutants < FEWEST_MUTANTS or alternatives < FEWEST_ALTERNATIVES:
            yield (
                f"{self.name} has {_counted(mutants, 'mutant')} and "
                f"{_counted(alternatives, 'alternative')}; write at least {FEWEST_MUTANTS} and "
                f"{FEWEST_ALTERNATIVES} in tests/mutants/{self.name} (--draft checks what there is)"
            )
        caught = {t for n, case in self.cases.items() if n != "blank" for t in case.loses}
        if unproven := sorted(everything - caught):
            yield (
                f"no mutant of {self.name} loses at {', '.join(unproven)}; write one, or the test "
                "is not known to notice anything"
            )

    def directory(self, label: str) -> Path:
        """Return a new course directory in which every case has been submitted and collected.

        Parameters
        ----------
        label : str
            Name of a new folder in the scratch directory.

        Returns
        -------
        Path
        """
        demo = Demo(self._scratch / label, self._root)
        demo.release(self.name)
        released = demo.course / "release" / self.name / f"{self.name}.ipynb"
        notebook = nbformat.read(released, as_version=4)
        for student, case in self.cases.items():
            folder = demo.course / "submitted" / student / self.name
            folder.mkdir(parents=True)
            nbformat.write(submissions.fill(notebook, case.cells), folder / f"{self.name}.ipynb")
        return demo.course

    def some(self, mutants: int | None) -> list[str]:
        """Return all cases, or all that are no mutants and so many of those.

        Parameters
        ----------
        mutants : int or None
            How many mutants to keep; None keeps all.

        Returns
        -------
        list of str
            Sorted; the same for the same assignment.
        """
        names = sorted(self.cases)
        if mutants is None:
            return names
        wrong = [name for name in names if name.startswith("mutant_")]
        chosen = random.Random(self.name).sample(wrong, min(mutants, len(wrong)))
        return [name for name in names if name in chosen or name not in wrong]

    def add(self, grader: str, student: str, scores: Mapping[str, float | None]) -> None:
        """Compare what a grader gave with what the case deserves.

        Parameters
        ----------
        grader : str
            Its name in reports.
        student : str
            A key of `cases`.
        scores : mapping of str to float or None
            Points of each graded cell; None for a cell that was not graded.
        """
        self._graded.setdefault(grader, set()).add(student)
        case = self.cases[student]
        for test, most in self.points.items():
            given = scores.get(test)
            wanted = 0.0 if test in case.loses else most
            if given != wanted:
                shown = "no points at all" if given is None else f"{given:g} points"
                self.failures.append(
                    f"{grader} gave {case.story} {shown} at {test}, and should give {wanted:g}"
                )

    def fail(self, grader: str, student: str, why: str) -> None:
        """Note that a grader could not grade a case, which proves nothing about it.

        Parameters
        ----------
        grader : str
            Its name in reports.
        student : str
            A key of `cases`.
        why : str
            What the grader said.
        """
        self.ungraded += 1
        self.failures.append(f"{grader} could not grade {self.cases[student].story}: {why}")

    def summary(self) -> str:
        """Say in one line what was proven, and by whom.

        Returns
        -------
        str
        """
        mutants, alternatives = self._counts
        graders = " and ".join(
            f"{grader} ({len(students)} of {len(self.cases)})"
            for grader, students in self._graded.items()
        )
        found = _counted(len(self.failures), "failure") if self.failures else "all as it should be"
        return (
            f"reference, blank, {_counted(alternatives, 'alternative')}, "
            f"{_counted(mutants, 'mutant')}, graded by {graders}: {found}"
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
