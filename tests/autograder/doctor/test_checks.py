"""What an operator is told before grading starts."""

import os

import pytest

from autograder.doctor import machine
from autograder.doctor.checks import examine, fit
from autograder.doctor.machine import Fact
from tests.autograder import clusters
from tests.autograder.building import PLUGIN, configure


@pytest.fixture
def look(monkeypatch):
    """Return a function that examines a place on a machine that has all; facts by name."""
    monkeypatch.setattr(machine, "facts", lambda settings: [Fact("walls", True, "There are.")])

    def look(root, **options):
        found = examine(root, **options)
        return {fact.name: fact for fact in found}, fit(found)

    return look


def test_a_course_in_order_can_be_graded(look, root):
    facts, able = look(root)
    assert able
    assert facts["gradebook"].meaning == "It holds ps1."
    assert "submissions at a time" in facts["engine"].meaning
    assert "nbgrader 0.9.6" in facts["versions"].meaning
    assert all(fact.available for fact in facts.values())


def test_without_a_course_the_machine_is_examined(look, tmp_path):
    facts, able = look(tmp_path)
    assert able
    assert facts["walls"].available
    assert not facts["course"].available
    assert "is not an nbgrader course" in facts["course"].meaning


def test_a_configuration_that_cannot_be_used_stops_grading(look, root):
    configure(root, "c.Autograder.memory_mb = 'much'")
    facts, able = look(root)
    assert not able
    assert "memory_mb" in facts["course"].meaning


def test_a_directory_that_is_to_be_read_and_is_not_there_stops_grading(look, root, tmp_path):
    configure(root, f"{PLUGIN}c.Autograder.read_only = ['{tmp_path}/nowhere']")
    facts, able = look(root)
    assert not able
    assert f"{tmp_path}/nowhere" in facts["data sets"].meaning


def test_a_gradebook_that_is_none_stops_grading(look, root):
    (root / "gradebook.db").write_bytes(b"not a data base" * 100)
    facts, able = look(root)
    assert not able
    assert "cannot be opened" in facts["gradebook"].meaning


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_gradebook_that_may_not_be_written_to_stops_grading(look, root):
    (root / "gradebook.db").chmod(0o444)
    facts, able = look(root)
    assert not able
    assert "cannot be written to" in facts["gradebook"].meaning


def test_an_empty_gradebook_says_what_comes_first(look, bare):
    facts, able = look(bare)
    assert able
    assert facts["gradebook"].remedy == "nbgrader generate_assignment NAME"


def test_a_course_without_a_gradebook_gets_none_by_being_looked_at(look, tmp_path):
    (tmp_path / "source").mkdir()
    facts, able = look(tmp_path)
    assert able
    assert "There is no gradebook yet" in facts["gradebook"].meaning
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_source_that_is_missing_is_named_and_stops_nothing(look, root):
    (root / "source/ps1/p1.ipynb").unlink()
    facts, able = look(root)
    assert able
    assert "p1.ipynb is not in" in facts["ps1"].meaning


def test_resources_for_an_assignment_that_there_is_not_are_named(look, root):
    configure(root, f"{PLUGIN}c.Autograder.resources = {{'ps7': {{'GPU': 1}}}}")
    facts, able = look(root)
    assert able
    assert "ps7" in facts["resources"].meaning


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_stops_grading(look, root):
    facts, able = look(root, scheduler="tcp://127.0.0.1:9")
    assert not able
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in facts["engine"].meaning


def test_an_address_of_no_scheduler_is_one_finding_among_the_others(look, root):
    facts, able = look(root, scheduler="10.0.0.1:8786")
    assert not able
    assert "'10.0.0.1:8786' does not look like" in facts["engine"].meaning
    assert facts["gradebook"].available


@pytest.mark.slow
def test_a_scheduler_is_asked_for_its_workers(look, root, tmp_path):
    with clusters.scheduler() as address:
        answers = f"The Dask scheduler at {address} answers"
        facts, able = look(root, scheduler=address)
        assert able  # grading waits for them
        assert facts["engine"].meaning == f"{answers}, and has no worker."
        assert f"`dask worker {address}`" in facts["engine"].remedy
        with clusters.worker(address, tmp_path / "one", "--nthreads", "1"):
            facts, _ = look(root, scheduler=address)
            assert (
                facts["engine"].meaning == f"{answers}; its worker grades 1 submission at a time."
            )
            with clusters.worker(address, tmp_path / "two", "--nthreads", "4"):
                facts, _ = look(root, scheduler=address)
        said = f"{answers}; its 2 workers grade 3 submissions at a time."
        assert facts["engine"].meaning == said


def test_walls_of_this_machine_are_not_needed_where_others_grade(root, monkeypatch):
    gone = Fact("walls", False, "There are none.", "Build them.")
    monkeypatch.setattr(machine, "facts", lambda settings: [gone])
    assert not fit(examine(root))
    configure(root, f"{PLUGIN}c.Autograder.sandbox = False")
    assert fit(examine(root))


def test_what_this_machine_offers_is_really_looked_at(tmp_path):
    names = {fact.name for fact in examine(tmp_path)}
    assert {fact.name for fact in machine.facts()} <= names
