"""The idioms of public courses earn here what nbgrader gives them, but for what is listed."""

import os
import sysconfig

import pytest

from autograder.execute.zygote import Zygote
from tests.public import grading
from tests.public.reading import REFERENCE, UNTOUCHED, read, read_all

ALL = read_all()
FILES, STOCK = grading.kept()


def test_there_are_many_cells():
    assert sum(len(idioms.tests) for idioms in ALL.values()) >= 300


@pytest.mark.parametrize("name", ALL)
def test_each_file_has_wrong_answers_that_lose_points(name):
    assert ALL[name].wrong
    for who in ALL[name].wrong:
        assert sum(STOCK[name][who].values()) < len(ALL[name].tests), who


@pytest.mark.parametrize("name", ALL)
def test_what_is_kept_of_nbgrader_is_about_this_file(name):
    assert FILES[name] == grading.digest(ALL[name]), "run: python -m tests.public stock"
    assert set(STOCK[name]) == set(ALL[name].submissions)


@pytest.mark.parametrize("name", ALL)
def test_nbgrader_gives_the_reference_all_and_the_release_nothing(name):
    assert [cell for cell, points in STOCK[name][REFERENCE].items() if points != 1] == []
    assert [cell for cell, points in STOCK[name][UNTOUCHED].items() if points != 0] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# %% answer\nx = 1", "has a name of its own"),
        ("# %% answer a\nx = 1\n# %% test a\nassert x", "has a name of its own"),
        ("# %% answer a\nx = 1\n# %% wrong w b\nx = 2", r"a wrong answer to \['b'\]"),
    ],
)
def test_a_file_that_makes_no_assignment_is_refused(tmp_path, text, said):
    (tmp_path / "one.py").write_text(text)
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "one.py")


@pytest.mark.slow
@pytest.mark.sandbox
def test_every_cell_earns_what_it_should_but_for_those_listed(full):
    """A line that is no longer true is taken out of the list: it only gets shorter.

    A release as it is has nothing to go wrong with but a test that asks for nothing: of these, a
    sample is enough between releases.
    """
    untouched = sorted(ALL)[:: 1 if full else 5]
    with Zygote(grading.PRELOAD) as zygote:
        zygote.wait_ready()
        graded = grading.ours(
            ALL.values(), zygote, lambda name, who: who != UNTOUCHED or name in untouched
        )
    found = grading.deviations(graded, STOCK)
    listed = grading.listed()
    assert {place: said for place, said in found.items() if place not in listed} == {}
    always = {place for place, reason in listed.items() if not reason.startswith("sometimes")}
    assert sorted(always - found.keys()) == [], "these hold now: take them off the list"
    known = grading.listed(grading.SHARED)
    often = {place for place, reason in known.items() if not reason.startswith("sometimes")}
    now = set(grading.together(graded))
    assert sorted(now - known.keys()) == [], "these were graded apart"
    assert sorted(often - now) == [], "these are graded apart now: take them off the list"


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.release
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # for nbgrader's authors
def test_nbgrader_gives_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]))
    grading.course(tmp_path / "course", ALL.values())
    assert grading.stock(tmp_path / "course", ALL.values()) == STOCK
