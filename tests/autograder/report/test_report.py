from __future__ import annotations

import os
import random
import re
import shutil
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook
from scipy import stats

from autograder.coursedir.directory import open_course
from autograder.model import SEVERITY, AutograderError, CellScore, Graded, Verdict
from autograder.report import item_analysis, report
from autograder.report.report import Mark, render, with_marks, write

#: nbgrader's own queries
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

NOW = datetime(2026, 3, 5, 9, 7, tzinfo=UTC)
EVIL = "<script>document.title='x'</script>\"'&"


def cell(name: str, points: float | None, most: float = 2, **more: Any) -> CellScore:
    lost = points is not None and points < most
    return CellScore(
        name, points, most, more.pop("verdict", Verdict(["pass", "fail"][lost])), **more
    )


def submission(student: str, *cells: CellScore, **more: Any) -> Graded:
    worst = max((c.verdict for c in cells), key=SEVERITY.index, default=Verdict.ERROR)
    return Graded(student, "ps1", more.pop("verdict", worst), cells, **more)


def big_class(size: int = 60) -> list[Graded]:
    """A class whose ability decides, with some chance, what it gets."""
    dice = random.Random(7)
    results = []
    for index in range(size):
        ability = dice.random()
        cells = []
        for number in range(6):
            got = dice.random() < 0.15 + 0.8 * ability
            points = 3.0 if got else float(dice.choice([0, 0, 1]))
            said = "" if got else f"f({number}) is {dice.random():.3f}, not 1."
            cells.append(cell(f"q{number}", points, 3, message=said))
        results.append(submission(f"s{index:02}", *cells, seconds=1 + dice.random()))
    return results


# Item analysis ----------------------------------------------------------------------------------


def test_item_statistics_agree_with_numpy_and_scipy() -> None:
    results = big_class()
    points = np.array([[c.points for c in one.cells] for one in results])
    for index, question in enumerate(item_analysis.questions(results)):
        rest = np.delete(points, index, axis=1).sum(axis=1)
        assert question.difficulty == pytest.approx(points[:, index].mean() / 3)
        expected = stats.pearsonr(points[:, index], rest).statistic
        assert question.discrimination == pytest.approx(expected)
        assert question.full == np.count_nonzero(points[:, index] == 3)
        assert question.partial == np.count_nonzero(points[:, index] == 1)
        assert question.none == np.count_nonzero(points[:, index] == 0)
        assert sum(len(f.students) for f in question.failures) == 60 - question.full


def test_of_zero_one_items_the_discrimination_is_the_point_biserial_correlation() -> None:
    own = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    rest = [0.1, 0.8, 0.9, 0.3, 0.2, 0.7]
    expected = stats.pointbiserialr(own, rest).statistic
    assert item_analysis.discrimination(own, rest) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("own", "rest"),
    [
        ([], []),
        ([0.0, 1.0, 0.0, 1.0], [0.1, 0.9, 0.2, 0.8]),  # too few
        ([1.0] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),  # everybody has it
        ([0.0, 1.0, 0.0, 1.0, 1.0], [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3]),  # alike but for rounding
    ],
)
def test_discrimination_is_not_given_where_it_means_nothing(
    own: list[float], rest: list[float]
) -> None:
    assert item_analysis.discrimination(own, rest) is None


def test_difficulty_of_a_question_without_points_or_answers_is_unknown() -> None:
    assert item_analysis.difficulty([0.0, 0.0], 0) is None
    assert item_analysis.difficulty([], 2) is None


def test_a_question_whose_points_were_changed_is_as_difficult_for_those_graded_before() -> None:
    before, after, none = (("a", 2.0, 2.0), ("b", 4.0, 4.0), ("c", 0.0, 4.0))
    for rows in ((before, after, none), (none, before, after)):
        results = [submission(name, cell("q", points, most)) for name, points, most in rows]
        (one,) = item_analysis.questions(results)
        assert one.difficulty == pytest.approx(2 / 3)
        assert (one.full, one.partial, one.none) == (2, 0, 1)


def test_what_waits_for_a_person_is_left_out_of_both_scores() -> None:
    results = [
        submission(f"s{i}", cell("a", own, 1), cell("b", other, 4), cell("essay", essay, 10))
        for i, (own, other, essay) in enumerate(
            [(1.0, 4.0, None), (0.0, 1.0, 10.0), (1.0, 2.0, 5.0), (0.0, 0.0, 0.0), (1.0, 3.0, 8.0)]
        )
    ]
    first, _, essay = item_analysis.questions(results)
    rest = [4 / 4, 11 / 14, 7 / 14, 0 / 14, 11 / 14]
    assert first.discrimination == pytest.approx(np.corrcoef([1, 0, 1, 0, 1], rest)[0, 1])
    assert (essay.waiting, essay.scored) == (1, 4)
    assert essay.difficulty == pytest.approx(23 / 40)
    assert essay.discrimination is None  # four are too few


def test_questions_keep_the_order_of_the_fullest_submission_and_tell_namesakes_apart() -> None:
    results = [
        submission("short", cell("b", 2)),
        submission("long", cell("a", 2), cell("b", 0), cell("a", 1)),
    ]
    assert [q.name for q in item_analysis.questions(results)] == ["a", "b", "a (2)"]
    assert item_analysis.questions([]) == ()


@pytest.mark.parametrize("most", [0.0, 0.3, 1.0, 3.0, 4.5, 5.0, 20.0, 25.0, 26.0, 33.0, 100.0, 1e7])
def test_every_total_is_in_one_bar_and_full_marks_are_the_last(most: float) -> None:
    dice = random.Random(3)
    totals = [dice.uniform(0, most) for _ in range(50)] + [0.0, most, most, most + 1]
    bins = item_analysis.histogram(totals, most)
    assert sum(b.count for b in bins) == len(totals)
    assert len(bins) <= 27
    assert (bins[-1].low, bins[-1].high) == (most, most)
    if most:
        assert bins[-1].count == 3
        for one in bins[:-1]:
            inside = sum(one.low - 1e-9 <= t < one.high - 1e-9 for t in totals)
            assert one.count == inside
        assert [b.high for b in bins[:-1]] == [b.low for b in bins[1:]]


def test_thirds_that_add_up_to_full_marks_are_full_marks() -> None:
    assert item_analysis.histogram([sum([0.1] * 60)], 6.0)[-1].count == 1


def test_messages_that_differ_only_in_numbers_are_one() -> None:
    said = [
        ("a", "loss is 3.5, not 1e-3.\nmore"),
        ("b", "loss is 3.5, not -7."),
        ("c", "\x1b[31mloss\x1b[0m"),
        ("d", ""),
    ]
    first, *others = item_analysis.common_failures(said)
    assert first == item_analysis.Failure("loss is 3.5, not #.", ("a", "b"))
    assert {f.message for f in others} == {
        "[31mloss[0m",
        "Points were taken off without a message.",
    }


def test_attention_names_each_reason_once_with_everybody_it_concerns() -> None:
    results = [
        submission("a", cell("essay", None), message="Cell 2: too slow."),
        submission("b", cell("essay", None), cell("q", None, message="gave 5 of 2 points")),
        submission("c", message="not a notebook"),
        submission("d", cell("q", 2)),
        submission("e"),
    ]
    found = {f.message: f.students for f in item_analysis.attention(results, {"d": ["look"]})}
    assert found == {
        "essay: waits for a person to give points.": ("a", "b"),
        "q: gave 5 of 2 points": ("b",),
        "not a notebook": ("c",),
        "look": ("d",),
        "There is no result.": ("e",),
    }


def test_points_that_a_person_gave_are_nothing_that_went_wrong() -> None:
    results = [
        submission("a", cell("essay", 1, message="A person gave the points.")),
        submission("b", cell("essay", 1, message="Cites nobody.")),
    ]
    (essay,) = item_analysis.questions(results)
    assert [f.message for f in essay.failures] == ["Cites nobody."]
    assert (essay.partial, essay.full) == (2, 0)
    first = render(results[:1], title="ps1")
    assert "A person gave" not in first[first.index("What went wrong") : first.index("roster")]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=1), "1 min"),
        (timedelta(minutes=65), "1 h 5 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, minutes=3), "1 day"),
        (timedelta(days=12, hours=23, seconds=1), "12 days 23 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert item_analysis.duration(span) == said


# The gradebook's part ---------------------------------------------------------------------------


def test_points_given_by_a_person_count() -> None:
    graded = submission("a", cell("essay", None), cell("q", 0, message="wrong"), cell("r", 2))
    marks = [
        Mark("nb", "essay", 2, 1.5, by_hand=True),
        Mark("nb", "q", 2, 2.0, by_hand=True),
        Mark("nb", "r", 2, 2.0),
    ]
    got = with_marks(graded, marks)
    assert [c.points for c in got.cells] == [1.5, 2.0, 2.0]
    assert got.cells[0].message == "A person gave the points."
    assert got.cells[1].verdict is Verdict.PASS


def test_a_notebook_that_was_not_submitted_counts_with_its_points() -> None:
    got = with_marks(
        submission("a", cell("q", 2)), [Mark("a", "q", 2, 2.0), Mark("b", "q", 3, 0.0)]
    )
    assert (got.points, got.max_points, got.verdict) == (2.0, 5.0, Verdict.FAIL)
    assert got.cells[1].message == "b.ipynb was not submitted."


def test_a_task_waits_for_a_person_and_its_notebook_was_submitted() -> None:
    task = Mark("a", "draw", 3, None)
    got = with_marks(submission("a", cell("q", 2)), [Mark("a", "q", 2, 2.0), task])
    assert (got.cells[1].points, got.cells[1].message) == (None, "")
    given = Mark("a", "draw", 3, 1.0, by_hand=True)
    got = with_marks(submission("a", cell("q", 2)), [Mark("a", "q", 2, 2.0), given])
    assert (got.points, got.cells[1].message) == (3.0, "A person gave the points.")


def test_what_nbgrader_itself_graded_has_the_gradebooks_points() -> None:
    bare = Graded("a", "ps1", Verdict.PASS, message="Graded by nbgrader itself.")
    got = with_marks(bare, [Mark("nb", "q", 2, 0.0), Mark("nb", "essay", 2, None)])
    assert {c.grade_id: c.points for c in got.cells} == {"q": 0.0, "essay": None}
    assert got.verdict is Verdict.FAIL
    assert with_marks(bare, [Mark("nb", "q", 2, None)]) is bare  # prepared, never graded


# The page ---------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """What a page refers to, and whether its tags match."""

    VOID = frozenset({"meta", "link", "br", "line", "rect"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.ids += [value or ""] * (name == "id")
            self.targets += [value or ""] * (name in ("href", "src"))
            assert not name.startswith("on")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def test_the_page_is_well_formed_and_asks_nobody_for_anything() -> None:
    results = [*big_class(), submission("gone", message="not a notebook")]
    outline = Outline(render(results, title="ps1", links={"s00": {"nb": "feedback/s00/nb.html"}}))
    assert len(outline.ids) == len(set(outline.ids))
    assert "script" not in outline.tags
    inside = {f"#{name}" for name in outline.ids}
    outside = {t for t in outline.targets if t not in inside}
    assert outside == {"data:,", "feedback/s00/nb.html"}


def test_the_page_gives_the_key_figures() -> None:
    results = [
        submission("a", cell("q", 2), seconds=3),
        submission("b", cell("q", 1), seconds=5),
        submission("c", cell("q", 0, message="no"), seconds=1),
        submission("d", message="not a notebook"),
    ]
    page = render(results, title="ps1", penalties={"a": 0.5}, now=NOW)
    figures = dict(re.findall(r"<dt>(.*?)</dt><dd>([\d.]+)", page))
    assert figures == {
        "Submissions": "4",
        "Graded": "3",
        "Mean": "0.8",
        "Median": "1.0",
        "Full marks": "1",
        "Need attention": "1",
    }
    assert "5 March 2026, 09:07" in page
    assert "−0.5 late" in page
    assert (
        page.index("The slowest") < page.index(">5.0<") < page.index(">3.0<") < page.index(">1.0<")
    )


def test_whatever_a_student_controls_is_escaped() -> None:
    hostile = submission(
        EVIL,
        cell(EVIL, 0, message=EVIL + "\ud800\x00\u202e"),
        cell("essay", None, message=EVIL),
        message=EVIL,
    )
    page = render(
        [hostile, submission(EVIL + "2", message=EVIL)],
        title=EVIL,
        links={EVIL: {EVIL: 'a"b'}},
        notes={EVIL: [EVIL]},
    )
    assert "<script" not in page
    assert "script" not in Outline(page).tags
    assert page.encode()  # no lone surrogate
    assert "\u202e" not in page


def test_a_page_of_nothing_but_ungraded_submissions_can_be_written() -> None:
    Outline(render([submission("a", message="no")], title="ps1"))
    Outline(render([], title="ps1"))
    Outline(render([submission("a", cell("bonus", 0, 0))], title="ps1"))


# A course ---------------------------------------------------------------------------------------


@pytest.fixture
def course(bare: Path) -> Any:
    """A course of four submissions, as the engine and nbgrader leave it."""
    root = bare
    (root / "source" / "ps1").mkdir(parents=True)
    opened = open_course(root)
    with Gradebook(opened.directory.db_url) as gradebook:
        gradebook.add_assignment("ps1")
        gradebook.add_notebook("nb", "ps1")
        for name in ("q", "essay"):
            gradebook.add_grade_cell(name, "nb", "ps1", max_score=2, cell_type="code")
        for student in ("ada", "bob", "cyd", "dan"):
            gradebook.add_student(student)
            gradebook.add_submission("ps1", student)
            (root / "submitted" / student / "ps1").mkdir(parents=True)
        for student in ("ada", "bob", "cyd"):
            gradebook.find_grade("q", "nb", "ps1", student).auto_score = 2
        done = gradebook.find_grade("essay", "nb", "ps1", "ada")
        done.manual_score, done.extra_credit, done.needs_manual_grade = 1, 0.5, False
        gradebook.find_submission("ps1", "bob").notebooks[0].late_submission_penalty = 1
        gradebook.db.commit()
    for student in ("ada", "bob", "cyd"):
        notebook = nbformat.v4.new_notebook()
        if student != "cyd":  # whom nbgrader itself graded
            cells = [cell("q", 2), cell("essay", None)]
            kept = [{**vars(c), "verdict": str(c.verdict)} for c in cells]
            notebook.metadata["autograder"] = {
                "verdict": "pass",
                "message": "",
                "seconds": 1.5,
                "cells": kept,
            }
        folder = root / "autograded" / student / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "nb.ipynb")
    feedback = root / "feedback" / "ada" / "ps1"
    feedback.mkdir(parents=True)
    for name in ("nb.html", "evil.html"):
        (feedback / name).touch()
    return opened


def test_a_course_is_collected_with_what_persons_gave(course: Any) -> None:
    found = report.collect(course, "ps1")
    ada, bob, cyd, dan = found.results
    assert (ada.points, ada.max_points) == (3.5, 4.0)
    assert [c.points for c in bob.cells] == [2.0, None]
    assert {c.grade_id: c.points for c in cyd.cells} == {"q": 2.0, "essay": None}
    assert dan.cells == ()
    assert "autograder grade ps1" in dan.message
    assert found.penalties["bob"] == 1.0
    assert list(found.notes) == ["cyd"]


def test_who_was_late_and_who_has_not_submitted_is_told(course: Any) -> None:
    with course.gradebook() as gradebook:
        gradebook.find_assignment("ps1").duedate = datetime(2026, 1, 5, 12)
        for student, hour in (("ada", 14), ("bob", 12), ("cyd", 11)):
            gradebook.find_submission("ps1", student).timestamp = datetime(2026, 1, 5, hour, 5)
        gradebook.find_submission("ps1", "bob").extension = timedelta(hours=1)
        gradebook.add_student("eve")
        gradebook.db.commit()
    found = report.collect(course, "ps1")
    assert found.lateness == {"ada": timedelta(hours=2, minutes=5)}
    assert found.absent == ("eve",)
    page = write(course, "ps1").read_text()
    assert re.search(r"<dt>Submissions</dt><dd>4 <small>of 5 students", page)
    assert "<dt>Late</dt><dd>1<" in page
    assert page.count("2 h 5 min late") == 1
    assert re.search(r"not submitted.*\n?.*<td>eve</td>", page)
    Outline(page)


def test_what_is_out_of_date_is_noted(course: Any) -> None:
    for step, time in (("submitted", "2026-01-02"), ("autograded", "2026-01-01")):
        (course.folder(step, "ps1", "bob") / "timestamp.txt").write_text(time)
    with course.gradebook() as gradebook:
        gradebook.find_grade("essay", "nb", "ps1", "ada").needs_manual_grade = True
        gradebook.db.commit()
    notes = report.collect(course, "ps1").notes
    assert "after a person gave points" in notes["ada"][0]
    assert "Submitted again" in notes["bob"][0]


def test_a_student_whose_name_is_no_text_keeps_no_other_from_the_page(course: Any) -> None:
    (course.root / "submitted" / os.fsdecode(b"\xe9milie") / "ps1").mkdir(parents=True)
    page = write(course, "ps1").read_text()
    assert r"\xe9milie" in page
    assert "is no text" in page


def test_links_lead_from_the_reports_place_to_feedback_only(course: Any, tmp_path: Path) -> None:
    page = write(course, "ps1")
    assert page == course.root / "report_ps1.html"
    assert 'href="feedback/ada/ps1/nb.html"' in page.read_text()
    elsewhere = write(course, "ps1", tmp_path / "r.html").read_text()
    assert 'href="bare/feedback/ada/ps1/nb.html"' in elsewhere
    assert "evil.html" not in elsewhere


def test_what_keeps_a_report_from_being_written_is_said(course: Any, tmp_path: Path) -> None:
    with pytest.raises(AutograderError, match="did you mean 'ps1'"):
        write(course, "ps2")
    with pytest.raises(AutograderError, match="cannot be written"):
        write(course, "ps1", tmp_path / "absent" / "r.html")
    shutil.rmtree(course.root / "autograded")
    with pytest.raises(AutograderError, match=r"autograder grade ps1$"):
        write(course, "ps1")


# A browser --------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_browser_shows_it_without_errors_or_requests(tmp_path: Path) -> None:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    results = [*big_class(), submission(EVIL, cell("q0", 0, 3, message=EVIL), message=EVIL)]
    path = tmp_path / "report.html"
    path.write_text(render(results, title="ps1"), encoding="utf-8")
    seen = SimpleNamespace(requests=[], said=[])
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.said.append(message.text))
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.goto(path.as_uri())
        for label in ("Submissions", "Mean", "Full marks", "Need attention"):
            assert page.locator(".figures dt", has_text=label).first.is_visible()
        assert page.locator(".figures dd").first.inner_text() == "61"
        assert page.locator("table.roster tbody tr").count() == 61
        assert page.locator(".histogram rect.bar").first.is_visible()
        assert page.title() == "ps1 · grading report"
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.emulate_media(media="print")
        assert page.locator("table.roster").is_visible()
        browser.close()
    assert [url for url in seen.requests if url not in (path.as_uri(), "data:,")] == []
    assert seen.said == []
