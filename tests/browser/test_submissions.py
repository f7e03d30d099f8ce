"""A hostile submission in formgrader: a real hub, a real Chromium, and an instructor who looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.hostile_submission import BASE, GRADER, RAW, beside, ran, submit
from tests.browser.install_chromium import REMEDY, find_chromium
from tests.browser.test_loop import FLAGS, PATIENCE_MS
from tests.hub_config.courses import Course, small_course
from tests.hub_config.running import Client, RunningHub

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = Path(__file__).parents[2] / "test-results" / "submissions"
SWITCHED_OFF = """
c.HTMLExporter.sanitize_html = False
c.HTMLExporter.preprocessors = []
c.HTMLExporter.filters = {}
"""


class Instructor:
    """The instructor with a browser, and what the browser complains about."""

    def __init__(self, page: Page, hub: RunningHub, course: Course):
        self.page, self.hub, self.course = page, hub, course
        self.refused: list[str] = []
        page.on("console", self._listen)
        page.route(re.compile("^https:"), lambda route: route.abort())  # no network
        self.client = Client(hub)
        assert self.client.login("instructor").ok
        self.client.spawn("instructor")
        page.goto(f"{hub.url}/hub/login")
        page.get_by_label("Username").fill("instructor")
        page.get_by_label("Password").fill(hub.passwords["instructor"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/user/instructor/lab**")

    def _listen(self, message) -> None:
        if "Content Security Policy" in message.text:
            self.refused.append(message.text)

    def opens(self, path: str) -> None:
        self.refused.clear()
        self.page.goto(f"{self.hub.url}{path}", wait_until="load")

    def submission(self) -> str:
        name = self.course.notebook.removesuffix(".ipynb")
        (one,) = self.client.get(f"{GRADER}/api/submitted_notebooks/ps1/{name}").json()
        return f"{GRADER}/submissions/{one['id']}/"

    def scripts(self) -> list[str]:
        """Name the attacks that ran as a page of the hub's."""
        self.opens(f"{GRADER}/manage_assignments")
        kept: list[str] = self.page.evaluate("Object.keys(localStorage)")
        # JupyterLab, which the login opens, keeps things there as well.
        return [name for name in kept if not name.startswith("@jupyterlab/")]

    def restarts(self) -> None:
        path = "/hub/api/users/instructor/server"
        token = {"X-XSRFToken": self.client._cookie("_xsrf", "/hub/")}
        self.client.session.delete(self.hub.url + path, headers=token, timeout=60)
        self.client.spawn("instructor")

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("submissions") / "course")


@pytest.fixture(scope="module")
def evil(course: Course) -> Path:
    """Return a student's folder that the instructor's server sees."""
    return course.folder.parent / "hub/exchange/student1/small/inbound/evil"


@pytest.fixture(scope="module")
def instructor(course: Course, evil: Path) -> Iterator[Instructor]:
    path = find_chromium()
    if path is None:
        pytest.skip(REMEDY)
    settings = "c.ViewSpawner.profiles = None\nc.ViewSpawner.preload = []\n"
    hub = RunningHub(course.folder, course.folder.parent / "hub", settings=settings)
    try:
        hub.wait()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.set_default_timeout(PATIENCE_MS)
            one = Instructor(page, hub, course)
            made = one.client.post(f"{GRADER}/api/assignment/ps1/assign").json()
            assert made["success"], made
            submit(course, evil)
            evil.mkdir(parents=True)
            owned = course.folder / "owned"
            (evil / "nbgrader_config.py").write_text(f"open({str(owned)!r}, 'w')\n")
            graded = one.client.post(f"{GRADER}/api/submission/ps1/student1/autograde").json()
            assert graded["success"], graded
            yield one
            browser.close()
    finally:
        assert hub.stop() == []


def test_an_instructor_grades_as_ever(instructor: Instructor) -> None:
    """Every page of formgrader works under its policy, what is clicked too."""
    page = instructor.page
    instructor.opens(f"{GRADER}/manage_assignments")
    expect(page.locator("td.name", has_text="ps1")).to_be_visible()
    page.get_by_role("link", name="Add new assignment...").click()
    expect(page.locator(".modal-title")).to_have_text("Add New Assignment")
    instructor.picture("assignments")
    assert instructor.refused == []
    instructor.opens(f"{GRADER}/manage_submissions/ps1")
    expect(page.locator("td.score")).to_contain_text("3 / 3")
    instructor.picture("submissions")
    assert instructor.refused == []
    instructor.opens(f"{GRADER}/manage_students")
    page.get_by_role("link", name="Add new student...").click()
    expect(page.locator(".modal-title")).to_have_text("Add New Student")
    assert instructor.refused == []
    instructor.opens(f"{GRADER}/gradebook/ps1/means")
    expect(page.get_by_role("link", name="Submission #1")).to_be_visible()
    page.get_by_role("button", name="Show All Names").click()
    expect(page.get_by_role("button", name="Hide All Names")).to_be_visible()
    assert instructor.refused == []


def test_an_instructor_writes_points_and_comments_beside_a_hostile_answer(
    instructor: Instructor,
) -> None:
    page = instructor.page
    instructor.opens(instructor.submission())
    points, comment = page.locator("#mean_test"), page.locator("#mean-comment")
    expect(points).to_have_attribute("placeholder", "3")
    points.fill("2")
    comment.fill("See $x^2$.")
    with page.expect_response("**/api/comment/**"):
        comment.blur()
    page.locator(".glyphicon-eye-open").first.click()
    expect(page.locator("a.name-shown")).to_contain_text("student1")
    instructor.picture("submission")
    assert instructor.refused == []  # nothing is left to refuse: the page was cleaned before
    assert page.locator('img[width="40"][height="30"]').count() == 1
    loss = page.get_by_role("img", name="loss")
    assert loss.evaluate("picture => picture.naturalWidth") == 1
    page.reload()
    expect(points).to_have_value("2")
    expect(comment).to_have_value("See $x^2$.")


def test_looking_at_a_submission_runs_nothing_of_it(instructor: Instructor, course: Course) -> None:
    instructor.opens(instructor.submission())
    assert instructor.scripts() == []
    assert not (course.folder / "owned").exists()


def test_nor_does_a_link_to_a_file_beside_it(instructor: Instructor, course: Course) -> None:
    page = instructor.page
    instructor.opens(instructor.submission())
    page.get_by_role("link", name="my figure").click()
    page.wait_for_url("**/page.html")
    assert "beside" in page.content()
    assert instructor.scripts() == []


@pytest.mark.parametrize("name", sorted(beside()))
def test_no_file_beside_a_notebook_acts_as_the_instructor(
    instructor: Instructor, name: str
) -> None:
    submitted = "submitted/student1/ps1"
    for path in (
        f"{instructor.submission()}{name}",
        f"{BASE}/files/{submitted}/{name}",
        f"{BASE}/view/{submitted}/{name}",
    ):
        told = instructor.client.get(path, headers={"Referer": f"{instructor.hub.url}{BASE}/lab"})
        assert told.ok, path
        if "/view/" not in path:  # that is a page of Jupyter's, with the file in a frame
            policy = told.headers["Content-Security-Policy"]
            assert "sandbox" in policy, path
            assert "allow-same-origin" not in policy, path


def test_a_converted_notebook_does_not_either(instructor: Instructor, course: Course) -> None:
    page = instructor.page
    instructor.opens(f"{GRADER}/manage_assignments")
    path = f"{BASE}/nbconvert/html/autograded/student1/ps1/{course.notebook}"
    page.evaluate(f"location.href = {path!r}")
    page.wait_for_url("**/nbconvert/**")
    page.wait_for_load_state("load")
    assert instructor.scripts() == []


@pytest.mark.parametrize(
    "path",
    [
        'manage_submissions/";{};"',
        'gradebook/";{};"',
        'gradebook/ps1/";{};"',
        'manage_students/";{};"',
        "manage_students/x/<img src=x onerror={}>",
    ],
)
def test_a_link_s_address_is_no_script(instructor: Instructor, path: str) -> None:
    instructor.opens(f"{GRADER}/{path.format(ran('address'))}")
    assert instructor.scripts() == []


def test_what_gets_past_the_cleaning_runs_nothing(instructor: Instructor, course: Course) -> None:
    """The last test, because it switches the cleaning off."""
    with (course.folder / "nbgrader_config.py").open("a") as config:
        config.write(SWITCHED_OFF)
    instructor.restarts()
    instructor.opens(instructor.submission())
    for name in RAW.keys() - {"file", "page", "base"}:
        assert ran(name) in instructor.page.content(), name  # it is there, as it was written
    assert len(instructor.refused) >= len(RAW)
    instructor.picture("without_cleaning")
    assert instructor.scripts() == []
    assert not (course.folder / "owned").exists()
