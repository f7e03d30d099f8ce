"""Grades mutants of an assignment's reference, to find what its hidden tests do not notice."""

import os
import random
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.coursedir.directory import open_course
from autograder.model import Verdict
from autograder.pipeline import Grading
from course.authoring import submissions
from course.authoring import trial as authoring_trial
from tests.mutation.mutate import Mutation, mutations

ROOT = Path(__file__).parents[2]
#: A mutant that never ends is stopped after so many seconds: no reference needs as many.
LIMITS = "\nc.Autograder.cell_cpu_seconds = 10\nc.Autograder.cell_seconds = 120\n"


@dataclass(frozen=True)
class Argued:
    """A mutant that the tests need not kill, and why."""

    cell: str
    before: str
    after: str
    equivalent: bool
    why: str


@dataclass
class Outcome:
    """What became of the mutants of one assignment."""

    name: str
    made: int = 0
    killed: list[Mutation] = field(default_factory=list)
    survived: list[tuple[Mutation, Argued | None]] = field(default_factory=list)
    stale: list[Argued] = field(default_factory=list)

    @property
    def equivalent(self) -> int:
        """How many survivors are no mistakes."""
        return sum(argued is not None and argued.equivalent for _, argued in self.survived)

    @property
    def rate(self) -> float:
        """The share of the mistakes that the tests noticed."""
        tried = len(self.killed) + len(self.survived)
        return len(self.killed) / max(1, tried - self.equivalent)

    @property
    def unargued(self) -> list[Mutation]:
        """The survivors about which nobody has said anything."""
        return [mutation for mutation, argued in self.survived if argued is None]


def argued(name: str) -> list[Argued]:
    """Read what is said about survivors in tests/mutants/NAME/survivors.toml.

    Raises
    ------
    ValueError
        If an entry lacks something, or its reason is empty.
    """
    path = ROOT / "tests" / "mutants" / name / "survivors.toml"
    if not path.exists():
        return []
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivors", [])
    for number, entry in enumerate(entries, start=1):
        if set(entry) != set(Argued.__annotations__) or not entry["why"].strip():
            raise ValueError(
                f"{path.name} of {name}, entry {number}: it needs cell, before, after, equivalent "
                f"and a reason, and has {entry}"
            )
    return [Argued(**entry) for entry in entries]


def all_mutations(name: str) -> list[Mutation]:
    """Return every mutant of every solution cell of an assignment."""
    reference = submissions.load(ROOT, name).reference
    return [one for cell, source in reference.items() for one in mutations(cell, source)]


def run(name: str, sample: int = 0, seed: int = 0) -> Outcome:
    """Grade the mutants of an assignment, or a seeded sample of them."""
    everything = all_mutations(name)
    chosen = everything
    if sample and sample < len(everything):
        chosen = random.Random(f"{seed} {name}").sample(everything, sample)
    outcome = Outcome(name, len(everything))
    known = {(one.cell, one.before, one.after): one for one in argued(name)}
    for mutation, killed in _graded(name, chosen):
        key = (mutation.cell, mutation.before, mutation.after)
        if killed:
            outcome.killed.append(mutation)
        else:
            outcome.survived.append((mutation, known.get(key)))
    if len(chosen) == len(everything):
        survivors = {(m.cell, m.before, m.after) for m, _ in outcome.survived}
        outcome.stale = [one for key, one in known.items() if key not in survivors]
    return outcome


def _graded(name: str, chosen: Sequence[Mutation]) -> Iterator[tuple[Mutation, bool]]:
    # nbgrader calls `alembic` by name when it makes a gradebook.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        trial = authoring_trial.Trial(ROOT, name, Path(scratch))
        reference = submissions.load(ROOT, name).reference
        none: frozenset[str] = frozenset()
        trial.cases = {"reference": authoring_trial.Case("the reference", reference, none)} | {
            f"mutant{number:04}": authoring_trial.Case(
                "", {**reference, one.cell: one.source}, none
            )
            for number, one in enumerate(chosen)
        }
        directory = trial.directory("mutants")
        with (directory / "nbgrader_config.py").open("a") as config:
            config.write(LIMITS)
        full = sum(trial.points.values())
        for graded in Grading(open_course(directory), name).run(sorted(trial.cases)):
            if any(cell.verdict is Verdict.INTERNAL for cell in graded.cells):
                raise RuntimeError(f"{graded.student} of {name} could not be graded: {graded}")
            killed = sum(cell.points or 0 for cell in graded.cells) < full
            if graded.student != "reference":
                yield chosen[int(graded.student.removeprefix("mutant"))], killed
            elif killed:
                raise RuntimeError(f"the reference of {name} does not earn everything: {graded}")
