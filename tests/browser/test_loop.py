"""A class's whole loop, by mouse and keyboard, in a real hub and a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import (
    Browser,
    FrameLocator,
    Locator,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

from tests.browser.install_chromium import REMEDY, find_chromium
from tests.hub_config.courses import Course, copy_course
from tests.hub_config.running import RunningHub

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = Path(__file__).parents[2] / "test-results" / "browser"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
PATIENCE_MS = 60_000  # JupyterLab on a busy two-core machine
START_MS = 250_000  # more than the hub itself waits: what it says then is what we want to read
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("loop") / "course"
    return copy_course(folder, "day1_gradient_descent")


@pytest.fixture(scope="module")
def hub(course: Course) -> Iterator[RunningHub]:
    hub = RunningHub(
        course.folder,
        course.folder.parent / "hub",
        students="student1,student2",
        settings="c.ViewSpawner.profiles = None\n",  # no form, on however large a computer
    )
    try:
        yield hub.wait()
    finally:
        assert hub.stop() == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    shutil.rmtree(PICTURES, ignore_errors=True)  # those of an earlier run
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own."""

    pictures = 0

    def __init__(self, browser: Browser, hub: RunningHub, name: str):
        self.hub, self.name = hub, name
        context = browser.new_context(viewport={"width": 1360, "height": 850})
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()

    def login(self) -> None:
        self.page.goto(f"{self.hub.url}/hub/login")
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(self.hub.passwords[self.name])
        self.page.get_by_role("button", name="Sign in").click()
        try:
            self.page.wait_for_url(re.compile(rf"/user/{self.name}/lab"), timeout=START_MS)
        except TimeoutError as error:
            raise AssertionError(self.stuck()) from error
        self.page.locator("#jp-MainLogo").wait_for()
        self.page.locator(".jp-Launcher, .jp-NotebookPanel").first.wait_for()

    def stuck(self) -> str:
        """Say what the page shows where no server came, and what the hub and the server wrote."""
        shown = self.page.locator("body").inner_text()
        ends = [
            f"--- {log.name}\n{log.read_text()[-6000:]}"
            for log in sorted((self.hub.state / "logs").glob("*.log"))
            if log.stem in ("hub", self.name)
        ]
        return "\n".join([f"{self.name} is at {self.page.url}, which shows:", shown, *ends])

    def picture(self, title: str) -> None:
        Person.pictures += 1
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{Person.pictures:02}_{title}.png")

    def entries(self) -> list[str]:
        """What the menu Nbgrader offers."""
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        menu = self.page.locator(".lm-Menu")
        found = menu.locator(".lm-Menu-itemLabel").all_inner_texts()
        self.page.keyboard.press("Escape")
        return [text for text in found if text]

    def menu(self, entry: str) -> None:
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()


def formgrader(person: Person) -> FrameLocator:
    return person.page.frame_locator("iframe[src*='formgrader']")


def press(frame: FrameLocator, cell: Locator, icon: str) -> None:
    """Click an icon of formgrader and wait for its report."""
    cell.locator(f".glyphicon-{icon}").click()
    modal = frame.locator(".modal")
    expect(modal.locator(".modal-title")).not_to_be_empty(timeout=PATIENCE_MS)
    assert modal.locator(".modal-title").inner_text() == "Success", modal.inner_text()
    modal.locator(".modal-footer button").click()
    expect(frame.locator(".modal, .modal-backdrop")).to_have_count(0)


@pytest.fixture(scope="module")
def instructor(browser: Browser, hub: RunningHub) -> Person:
    person = Person(browser, hub, "instructor")
    person.login()
    return person


@pytest.fixture(scope="module")
def student(browser: Browser, hub: RunningHub) -> Person:
    person = Person(browser, hub, "student1")
    person.login()
    return person


def assignments(person: Person, section: str) -> Locator:
    """Find the rows of one section of the assignment list."""
    return person.page.locator(f"#{section}_assignments_list .list_item")


def type_solution(page: Page, text: str) -> None:
    """Replace the next unfilled cell by what a student would write."""
    name = re.search(r"^def (\w+)", text, re.MULTILINE)[1]
    cell = page.locator(".jp-Notebook .jp-CodeCell").filter(has_text=f"def {name}(")
    cell.first.scroll_into_view_if_needed()
    cell.first.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def test_menus_offer_what_each_may_do(instructor: Person, student: Person) -> None:
    offered = set(instructor.entries())
    assert offered >= {"Assignment List", "Course List", "Formgrader", "Create assignment"}
    assert student.entries() == ["Assignment List"]
    for person, there in ((instructor, 1), (student, 0)):
        tab = person.page.get_by_role("tab", name="Create Assignment")
        expect(tab).to_have_count(there)


def test_instructor_releases(instructor: Person, course: Course) -> None:
    instructor.menu("Formgrader")
    frame = formgrader(instructor)
    row = frame.locator("tr").filter(has_text=course.assignment)
    expect(row.locator(".status")).to_have_text("draft")
    press(frame, row.locator(".assign"), "education")
    press(frame, row.locator(".release"), "cloud-upload")
    expect(row.locator(".status")).to_have_text("released")
    instructor.picture("formgrader_released")


def test_instructor_has_the_other_tools(instructor: Person, course: Course) -> None:
    instructor.menu("Course List")
    courses = instructor.page.locator("#formgrader_list")
    expect(courses.locator(".list_item a")).to_have_count(1)
    instructor.menu("Assignment List")
    expect(assignments(instructor, "released")).to_contain_text([course.assignment])


def test_create_assignment_shows_what_each_cell_is_worth(
    instructor: Person, course: Course
) -> None:
    page = instructor.page.context.new_page()
    notebook = f"source/{course.assignment}/{course.notebook}"
    page.goto(f"{instructor.hub.url}/user/instructor/lab/workspaces/create/tree/{notebook}")
    page.locator(".jp-NotebookPanel").wait_for()
    page.get_by_role("tab", name="Create Assignment").click()
    panel = page.locator(".nbgrader-CreateAssignmentWidget")
    total = panel.locator(".nbgrader-TotalPointsInput")
    expect(total).to_have_value(f"{course.points:g}", timeout=PATIENCE_MS)
    points = panel.locator(".nbgrader-CellPoints input")
    values = [float(box.input_value()) for box in points.all() if box.is_visible()]
    assert sum(values) == course.points
    Person.pictures += 1
    page.screenshot(path=PICTURES / f"{Person.pictures:02}_create_assignment.png")
    page.close()


def test_student_fetches_solves_validates_and_submits(student: Person, course: Course) -> None:
    page = student.page
    student.menu("Assignment List")
    released = assignments(student, "released").filter(has_text=course.assignment)
    released.get_by_role("button", name="Fetch").click()
    fetched = assignments(student, "fetched").filter(has_text=course.assignment)
    fetched.locator("a.assignment-notebooks-link").click()
    student.picture("student_fetched")
    page.get_by_role("link", name=course.notebook.removesuffix(".ipynb"), exact=True).click()
    page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    for text in course.solutions:
        type_solution(page, text)
    page.get_by_role("button", name="Validate").last.click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    student.picture("student_validates")
    expect(dialog).to_contain_text("passes all the tests")
    dialog.get_by_role("button", name="OK").click()
    page.keyboard.press("ControlOrMeta+S")
    page.get_by_role("tab", name="Assignments").click()
    fetched.get_by_role("button", name="Submit").click()
    expect(assignments(student, "submitted").first).to_contain_text(course.assignment)
    student.picture("student_submitted")


def test_instructor_collects_autogrades_and_releases_feedback(
    instructor: Person, course: Course
) -> None:
    page = instructor.page
    page.get_by_role("tab", name="Formgrader").click()
    frame = formgrader(instructor)
    row = frame.locator("tr").filter(has_text=course.assignment)
    press(frame, row.locator(".collect"), "cloud-download")
    expect(row.locator(".num-submissions")).to_have_text("1")
    row.locator(".num-submissions a").click()
    submission = frame.locator("tr").filter(has_text="student1")
    expect(submission.locator(".status")).to_have_text("needs autograding")
    press(frame, submission.locator(".autograde"), "flash")
    instructor.picture("formgrader_graded")
    expect(submission.locator(".status")).to_have_text("graded")
    expect(submission.locator(".score")).to_have_text(f"{course.points:g} / {course.points:g}")
    graded = nbformat.read(
        course.folder / "autograded" / "student1" / course.assignment / course.notebook,
        as_version=4,
    )
    assert graded.metadata["autograder"]["verdict"] == "pass"  # only our engine leaves that
    press(frame, submission.locator(".generate-feedback"), "comment")
    press(frame, submission.locator(".release-feedback"), "envelope")
    submission.locator(".student-name a").click()
    frame.get_by_role("link", name=course.notebook.removesuffix(".ipynb"), exact=True).click()
    expect(frame.locator("body")).to_contain_text("Student's answer")
    instructor.picture("formgrader_submission")


def test_student_reads_feedback(student: Person, course: Course) -> None:
    page = student.page
    page.locator("#refresh_assignments_list").click()
    submitted = assignments(student, "submitted").filter(has_text=course.assignment).first
    submitted.get_by_role("button", name="Fetch Feedback").click()
    submitted.get_by_text("view feedback").click()
    file = page.locator(".jp-DirListing-item").filter(has_text=course.feedback)
    file.dblclick()
    feedback = page.frame_locator(".jp-HTMLViewer iframe")
    total = f"{course.points:.1f} / {course.points:.1f}"
    expect(feedback.locator("body")).to_contain_text(f"(Score: {total})", timeout=PATIENCE_MS)
    student.picture("student_feedback")


def test_second_student_is_refused(browser: Browser, hub: RunningHub) -> None:
    other = Person(browser, hub, "student2")
    other.login()
    for path in ("/user/student1/lab", "/user/instructor/formgrader"):
        answer = other.page.goto(f"{hub.url}{path}")
        assert answer is not None
        assert answer.status == 403
    other.picture("second_student_refused")
    answer = other.page.goto(f"{hub.url}/user/student2/formgrader")
    assert answer is not None
    assert answer.status == 404
