import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

from course import syllabus
from course.authoring import renderers, website
from course.errors import CourseError

ROOT = Path(__file__).parents[3]


def settle(root):
    return syllabus.load(root / "course" / "syllabus.toml")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Build the site of the real lectures, not executed."""
    made = tmp_path_factory.mktemp("site")
    return website.build(ROOT, syllabus.load(), made, execute=False)


@pytest.mark.slow
def test_every_lecture_has_a_page_that_the_start_page_leads_to(real):
    start = real.read_text()
    for day in syllabus.load().days:
        assert day.title in start
    for lecture in syllabus.load().lectures():
        assert f'href="{lecture.name}.html"' in start
        page = (real.parent / f"{lecture.name}.html").read_text()
        assert "Author name not set" not in page  # what Sphinx writes where nobody tells it one


@pytest.mark.slow
def test_a_changed_lecture_runs_again_and_shows_what_it_prints(root, edit, tmp_path):
    out = tmp_path / "out"
    edit("course/lectures/day1_losses.md", "Between two cells.", "Say --check ... now.")
    first = website.build(root, settle(root), out)
    page = first.with_name("day1_losses.html")
    assert "array([0., 0., 0.])" in page.read_text()
    assert "Say --check ... now." in page.read_text()  # as it was written: it may be code
    edit("course/lectures/day1_losses.md", "np.zeros(3)", "np.ones(3)")
    website.build(root, settle(root), out)
    assert "array([1., 1., 1.])" in page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [("[there](nowhere.md)", "nowhere.md"), ("```{code-cell}\n1 / 0\n```", "division by zero")],
)
def test_a_lecture_with_a_fault_makes_no_site(root, edit, tmp_path, wrong, complaint):
    edit("course/lectures/day1_losses.md", "Between two cells.", wrong)
    with pytest.raises(CourseError, match=complaint):
        website.build(root, settle(root), tmp_path / "out")


def test_a_lecture_that_is_not_there_is_named(root, tmp_path):
    (root / "course/lectures/day1_losses.md").unlink()
    with pytest.raises(CourseError, match=r"no course/lectures/day1_losses\.md"):
        website.build(root, settle(root), tmp_path / "out")


@pytest.mark.parametrize("name", ["source", "html", "doctrees"])
def test_a_folder_of_somebody_elses_is_not_removed(root, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").write_text("keep")
    with pytest.raises(
        CourseError, match=f"{name} would be removed, but `course site` did not make"
    ):
        website.build(root, settle(root), tmp_path, execute=False)
    assert (tmp_path / name / "mine").read_text() == "keep"


def test_a_file_is_no_directory_for_a_site(root, tmp_path):
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(CourseError, match="mine is a file"):
        website.build(root, settle(root), tmp_path / "mine", execute=False)


@pytest.fixture
def served(real):
    """Serve the site from this machine: a browser's search needs no other."""
    handler = functools.partial(Quiet, directory=str(real.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.slow
@pytest.mark.browser
def test_a_browser_finds_shows_what_was_written_and_asks_nobody_else(served):
    executable = shutil.which("chromium")
    if executable is None:
        assert not os.environ.get("CI"), "CI must have Chromium"
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    from tests.browser.reading import OFFLINE, shown, summary, written

    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", OFFLINE]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{served}/index.html")
        page.locator('table a[href="day1_gradient_descent.html"]').click()
        page.locator("mjx-container").first.wait_for()
        assert page.locator("mjx-container").count() > 20
        assert page.locator("mjx-merror").count() == 0
        page.goto(f"{served}/search.html?q=Armijo")
        found = page.locator('#search-results a[href*="day1_gradient_descent.html"]').first
        found.wait_for()
        found.click()
        assert "Gradient descent" in page.title()
        for lecture in syllabus.load().lectures():
            page.goto(f"{served}/{lecture.name}.html")
            page.locator("mjx-container, p").first.wait_for(state="attached")
            page.wait_for_function("window.MathJax === undefined || MathJax.startup?.promise")
            texts = written(ROOT / "course" / "lectures" / f"{lecture.name}.ipynb")
            pieces = [piece for text in texts for piece in renderers.website(text)]
            there = shown(page.locator("article.bd-article"), ".headerlink, .cell")
            assert there == [summary(pieces)], lecture.name
        assert not [url for url in asked if not url.startswith((served, "data:"))]
        assert not errors
        browser.close()


# What a reader cannot see without scrolling, and whether a scroll bar says so.
TOO_WIDE = """
() => [...document.querySelectorAll("article table, article pre, article mjx-container")]
    .map(element => element.closest(".pst-scrollable-table-container") || element)
    .filter(element => element.scrollWidth > element.clientWidth + 1)
    .filter(element => getComputedStyle(element).overflowX === "auto")
    .map(element => [element.tagName, element.offsetHeight - element.clientHeight])
"""


@pytest.mark.slow
@pytest.mark.browser
def test_what_is_too_wide_has_a_scroll_bar_and_tables_are_not_on_a_laptop(served):
    executable = shutil.which("chromium")
    if executable is None:
        assert not os.environ.get("CI"), "CI must have Chromium"
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--enable-features=OverlayScrollbar"],  # as on a Mac or a phone
            ignore_default_args=["--hide-scrollbars"],
        )
        wide = {}
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{served}/day1_sgd_variants.html")
            page.wait_for_function("window.MathJax?.startup?.promise")
            wide[width] = page.evaluate(TOO_WIDE)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert "DIV" not in [tag for tag, _ in wide[1280]]  # around a table
    assert "DIV" in [tag for tag, _ in wide[390]]
    assert all(height >= 8 for _, height in wide[1280] + wide[390])
