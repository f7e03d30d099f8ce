"""What a terminal shows of results: short, complete, and with nobody's words taken for commands."""

import os

import pytest
from rich.console import Console
from rich.table import Table

from autograder.doctor.machine import Fact
from autograder.model import SEVERITY, CellScore, Graded, Verdict
from autograder.report import terminal
from autograder.report.timings import Timing
from autograder.verify.lint_context import Advice
from autograder.verify.replay import Condition
from autograder.verify.tried import Tried
from autograder.verify.verify import Verification


def text(*things):
    """Return what a terminal of 160 columns shows."""
    console = Console(width=160, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.file:
        for thing in things:
            console.print(thing)
    return console.export_text()


def shown(*results):
    return text(terminal.table(results))


def test_the_same_reason_is_told_once():
    cells = [CellScore(name, 0, 1, Verdict.ERROR, "Not answered yet.") for name in ("a", "b")]
    text = shown(Graded("alice", "ps1", Verdict.ERROR, tuple(cells)))
    assert "a (of 1), b (of 1): Not answered yet." in text


def test_what_was_left_blank_is_no_error():
    blank = CellScore("a", 0.0, 1, Verdict.ERROR, "Not answered yet.")
    text = CellScore("b", 0.0, 1, Verdict.PASS, "No answer was given.")
    right, wrong = CellScore("c", 1, 1, Verdict.PASS), CellScore("d", 0, 1, Verdict.ERROR, "E: no")
    cases = {"not answered": (blank, text), "partly answered": (blank, right)}
    cases |= {"error": (blank, wrong), "pass": (text, right)}
    results = [
        Graded(f"by {name}", "ps1", max((c.verdict for c in cells), key=SEVERITY.index), cells)
        for name, cells in cases.items()
    ]
    assert {one.student: one.outcome for one in results} == {f"by {name}": name for name in cases}
    assert "│ not answered" in shown(*results)
    assert "1 not answered (by not answered)" in "".join(terminal.summary(results))


def test_a_student_s_words_are_not_markup():
    cell = CellScore("a", 0, 1, Verdict.FAIL, "[bold]x[/bold] [link=http://x]y")
    text = shown(Graded("[red]alice", "ps1", Verdict.FAIL, (cell,)))
    assert "[bold]x[/bold] [link=http://x]y" in text
    assert "[red]alice" in text


def test_of_a_long_message_the_first_line_is_shown():
    cell = CellScore("a", 0, 1, Verdict.FAIL, "\nfirst\nsecond")
    text = shown(Graded("alice", "ps1", Verdict.FAIL, (cell,)))
    assert "first" in text
    assert "second" not in text


def test_a_submission_without_a_score_shows_none():
    text = shown(Graded("alice", "ps1", Verdict.INTERNAL, message="The grader failed."))
    assert "–" in text
    assert "The grader failed." in text


def test_a_student_s_words_do_not_command_the_terminal():
    cell = CellScore("a", 0, 1, Verdict.FAIL, "\x1b[2Jgone \x9b31m\u202e\r")
    said = shown(Graded("alice\x1b]0;root\x07", "ps1", Verdict.FAIL, (cell,), message="a\nb"))
    assert not set(said) & set("\x1b\x9b\x07\r\u202e")
    assert "gone" in said


def graded(name, verdict=Verdict.PASS, seconds=1.0):
    return Graded(name, "ps1", verdict, (), seconds)


def test_it_is_said_who_is_affected_by_which_verdict_the_worst_first():
    results = [
        graded("ada"),
        graded("ben", Verdict.FAIL),
        graded("cem", Verdict.CRASH),
        graded("dan", Verdict.FAIL),
    ]
    assert list(terminal.summary(results)) == [
        "Verdicts: 1 crash (cem), 2 fail (ben, dan), 1 pass."
    ]


def test_many_names_are_shortened():
    assert terminal.names(list("abcdef")) == "a, b, c, d, e, f"
    assert terminal.names(list("abcdefgh")) == "a, b, c, d, e and 3 others"


def test_the_slowest_are_named_if_they_are_notable():
    quick = [graded(name, seconds=1.0) for name in "abcde"]
    slow = [graded("f", seconds=9), graded("g", seconds=5), graded("h", seconds=4)]
    (_, line) = terminal.summary([*quick, *slow, graded("i", seconds=3.5)])
    assert line == "Slowest: f 9.0 s, g 5.0 s, h 4.0 s (median 1.0 s)."
    assert len(list(terminal.summary([*quick, graded("f", seconds=1.9)]))) == 1


def test_one_submission_needs_no_summary():
    assert list(terminal.summary([graded("ada", Verdict.FAIL, 99)])) == []
    assert list(terminal.summary([])) == []


def test_timings_say_whose_the_worst_is():
    said = text(terminal.timings([Timing("test_loss", 0.5, 7.25, "ada", 12)]))
    (row,) = [line for line in said.splitlines() if "test_loss" in line]
    assert [word.strip() for word in row.strip("│").split("│")] == [
        *("test_loss", "0.50", "7.25", "ada", "12")
    ]


def tried(name, points, *, untouched=0.0, stock=1.0, test=True, notebook="p1"):
    scores = tuple(CellScore(name, p, 1, Verdict.PASS) for p in points)
    return Tried(notebook, name, 1.0, scores, 0.25, untouched, stock, test)


def test_a_verification_shows_each_cell_and_then_what_to_do():
    found = Verification("ps1", 3, [tried("good", [1, 1, 1]), tried("odd", [1, 0, 1])])
    found.advice.append(("p1", Advice("odd", 2, "x is y", "Write z")))
    found.findings.append("odd is not steady.")
    said = text(terminal.verified(found))
    assert "3 of 3" in said
    assert "2 of 3" in said
    assert list(terminal.advice(found)) == ["odd, line 2: x is y. Write z.", "odd is not steady."]
    assert not found.fine
    found.cells.append(tried("more", [1, 1, 1], notebook="p2"))
    assert next(terminal.advice(found)).startswith("p1, odd, line 2")


def test_a_cell_for_a_person_is_not_counted():
    said = text(terminal.verified(Verification("ps1", 1, [tried("essay", [None], test=False)])))
    assert "by a person" in said


def test_conditions_that_are_the_same_are_not_repeated():
    said = text(terminal.conditions([Condition("seed", "12", "12"), Condition("grader", "1", "2")]))
    rows = [line for line in said.splitlines() if "seed" in line or "grader" in line]
    assert "the same" in rows[0]
    assert "the same" not in rows[1]


def test_a_fact_that_is_missing_says_what_to_do():
    there, gone = Fact("Linux", True, "It is.", "Nothing."), Fact("walls", False, "None.", "Build.")
    said = text(terminal.facts([there, gone]))
    assert "Build." in said
    assert "Nothing." not in said


@pytest.mark.parametrize("make", [terminal.timings, terminal.conditions, terminal.facts])
def test_nothing_makes_an_empty_table(make):
    assert isinstance(make([]), Table)
