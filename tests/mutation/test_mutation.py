"""A seeded sample of `make mutation`, for every assignment of the syllabus."""

import pytest

from course import syllabus
from tests.mutation import trial

NAMES = [assignment.name for assignment in syllabus.load().assignments()]
SAMPLE, SEED = 6, 2026


@pytest.mark.slow
@pytest.mark.sandbox
# Advice of SQLAlchemy to nbgrader's authors.
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
@pytest.mark.parametrize("name", NAMES)
def test_the_hidden_tests_notice_a_change_in_the_reference(name, warm_course):
    outcome = trial.run(name, SAMPLE, SEED)
    assert len(outcome.killed) + len(outcome.survived) == SAMPLE
    missed = [f"{one.cell}: {one.before!r} -> {one.after!r}" for one in outcome.unargued]
    assert not missed, "survived, and survivors.toml does not say why"
    assert outcome.killed


@pytest.mark.parametrize("name", NAMES)
def test_every_survivor_that_is_argued_is_a_mutant_of_today(name):
    made = {(one.cell, one.before, one.after) for one in trial.all_mutations(name)}
    for one in trial.argued(name):
        assert (one.cell, one.before, one.after) in made, one


def test_an_entry_without_a_reason_is_refused(monkeypatch, tmp_path):
    folder = tmp_path / "tests/mutants/x"
    folder.mkdir(parents=True)
    entry = "[[survivors]]\ncell='a'\nbefore='b'\nafter='c'\nequivalent=true\nwhy=''\n"
    (folder / "survivors.toml").write_text(entry)
    monkeypatch.setattr(trial, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="entry 1"):
        trial.argued("x")


def test_the_rate_is_of_the_mistakes_alone():
    mutation = trial.Mutation("cell", "a", "b", "b")
    why = trial.Argued("cell", "a", "b", True, "the same")
    outcome = trial.Outcome("x", 4, [mutation] * 2, [(mutation, why), (mutation, None)])
    assert outcome.rate == pytest.approx(2 / 3)
    assert outcome.unargued == [mutation]
