"""Makes up a class: what each student hands in for an assignment, and the points it should earn."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import nbformat

from course.authoring import submissions
from course.authoring.submissions import Material, Mutant
from course.errors import CourseError

GIVEN_NAMES = """
amelie anouk aurelia bastien beatriz camille carlos chiara clement daria diego elena elif
emile fatima felix giulia hugo ines ivan jana jonas julie karim lea leonie luca malik marta
mathis mei nadia nina noah olivier paula quentin rania sara simon sofia tariq theo ursina
valerie viktor yara yannick zoe
"""
FAMILY_NAMES = """
aebi berset blanc bonvin bruno chevalley cohen darbellay favre ferrari fontana frei gashi
girard huber jaquet keller kim kovac lambert martin meier moret muller nguyen novak oliveira
perret rochat rossi roux santos schmid silva tanner tobler vogt weber wyss zanetti
"""


@dataclass(frozen=True)
class Member:
    """One student's submission of one assignment.

    Attributes
    ----------
    student : str
        The user name.
    story : str
        What this student handed in, for people.
    content : bytes
        The notebook file, which need not be a notebook.
    points : float or None
        What it earns; None where it cannot be graded at all.
    verdict : str or None
        What the grader must say of it, where that is certain.
    """

    student: str
    story: str
    content: bytes
    points: float | None
    verdict: str | None = None


def names(count: int, seed: int) -> list[str]:
    """Return `count` different user names, the same for the same seed.

    Parameters
    ----------
    count : int
        Number of students, as many as there are pairs of names at most.
    seed : int
        Decides which names are drawn.

    Returns
    -------
    list of str
        Such as ``lea.martin``, sorted.

    Raises
    ------
    CourseError
        If `count` is below 1 or too large.
    """
    given, family = GIVEN_NAMES.split(), FAMILY_NAMES.split()
    most = len(given) * len(family)
    if not 1 <= count <= most:
        raise CourseError(f"a class of {count} cannot be made up; ask for 1 to {most} students")
    pairs = random.Random(seed).sample(range(most), count)
    return sorted(f"{given[p // len(family)]}.{family[p % len(family)]}" for p in pairs)


def make_up(
    released: nbformat.NotebookNode, material: Material, students: list[str], seed: int
) -> list[Member]:
    """Give every student a submission.

    The first twelve or so of a shuffled class show everything that happens: a perfect solution,
    other correct ones, an untouched notebook, a spread of mistakes, a loop that never ends, a
    crash, a corrupt file. Whoever comes after makes mistakes, two at a time now and then.

    Parameters
    ----------
    released : NotebookNode
        What the students fetched.
    material : Material
        What submissions are made of.
    students : list of str
        Their names.
    seed : int
        The same seed gives the same class.

    Returns
    -------
    list of Member
        Sorted by user name.
    """
    draw = random.Random(f"{seed} {sorted(material.reference)}")
    order = list(students)
    draw.shuffle(order)
    kinds = _kinds(_Maker(released, material), draw)
    made = [next(kinds)(student) for student in order]
    return sorted(made, key=lambda member: member.student)


class _Maker:
    """Turns sources of solution cells into class members."""

    def __init__(self, released: nbformat.NotebookNode, material: Material) -> None:
        self.released, self.material = released, material
        self.points = submissions.points(released)

    def filled(
        self, story: str, cells: dict[str, str], *lost: str, verdict: str | None = None
    ) -> Callable[[str], Member]:
        notebook = submissions.fill(self.released, cells)
        content = nbformat.writes(notebook).encode()
        points = submissions.expected(self.points, set(lost))
        return lambda student: Member(student, story, content, points, verdict)

    def mistakes(self, *mutants: Mutant) -> Callable[[str], Member]:
        cells = dict(self.material.reference)
        for mutant in mutants:
            cells[mutant.cell] = mutant.source
        story = "; ".join(mutant.name.replace("_", " ") for mutant in mutants)
        lost = [test for mutant in mutants for test in mutant.loses]
        return self.filled(f"mistake: {story}", cells, *lost)

    def broken(self, story: str, line: str, cell: str, verdict: str) -> Callable[[str], Member]:
        """Put a line that does not end well before everything else in one solution cell."""
        cells = {**self.material.reference, cell: f"{line}\n\n{self.material.reference[cell]}"}
        lost = {test for m in self.material.mutants if m.cell == cell for test in m.loses}
        return self.filled(f"{story} ({cell})", cells, *lost, verdict=verdict)

    def corrupt(self) -> Callable[[str], Member]:
        whole = nbformat.writes(self.released).encode()
        half = whole[: len(whole) // 2]
        return lambda student: Member(student, "half a file", half, None, "error")


def _kinds(make: _Maker, draw: random.Random) -> Iterator[Callable[[str], Member]]:
    material = make.material
    mutants = list(material.mutants)
    draw.shuffle(mutants)
    cells = [cell for cell in material.reference if any(m.cell == cell for m in mutants)]
    draw.shuffle(cells)
    # One mistake a question first, so that a small class shows a spread.
    spread = [next(m for m in mutants if m.cell == cell) for cell in cells]
    spread += [m for m in mutants if m not in spread]
    perfect = make.filled("the reference solution", material.reference, verdict="pass")
    looping = "while True:\n    pass"
    crashing = "import os\n\nos._exit(1)"

    yield perfect
    yield make.filled("untouched", {}, *make.points)
    yield make.mistakes(spread[0])
    yield make.broken("a loop that never ends", looping, cells[0], "timeout")
    yield make.broken("ends its own process", crashing, cells[-1], "crash")
    yield make.corrupt()
    for name, cells_of in material.alternatives.items():
        yield make.filled(name.replace("_", " ", 1), cells_of, verdict="pass")
    yield make.mistakes(*spread[1:3])
    for mutant in spread[3:]:
        yield make.mistakes(mutant)
    while True:
        if draw.random() < 0.3:
            yield perfect
        else:
            one, other = draw.sample(spread, 2)
            yield make.mistakes(one, *([other] if other.cell != one.cell else []))
