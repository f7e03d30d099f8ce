"""Makes a website of the lectures with Sphinx and MyST-NB, without any network."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.syllabus import Course, Day, Lecture

#: Everything stays on the machine: formulas are set by a copy of MathJax on the site itself.
EXTENSIONS = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
#: A lecture may take so many seconds; running one longer is a fault of the lecture.
TIMEOUT = 900
#: What is made anew at each build, and so removed first; and the file that says who made it.
MADE, MARK = ("source", "html", "doctrees"), ".made-by-course-site"
#: The theme's column is too narrow for a wide formula or a line of code, and what is too wide all
#: the same is cut there without a sign: scroll bars that are styled are shown on every system.
STYLE = """\
.bd-main .bd-content .bd-article-container { max-width: 60rem; }
.bd-article table { font-size: 0.9em; }
.bd-article pre { font-size: 0.8em; }
@media (min-width: 1200px) and (max-width: 1500px) {
  .bd-sidebar-primary { max-width: 12.5rem; }
  .bd-sidebar-secondary { max-width: 12rem; }
}
.bd-article ::-webkit-scrollbar { height: 8px; }
.bd-article ::-webkit-scrollbar-thumb { border-radius: 4px; background: #888; }
"""


def build(root: Path, taught: Course, directory: Path, *, execute: bool = True) -> Path:
    """Build the website.

    Parameters
    ----------
    root : Path
        The checkout.
    taught : Course
        The syllabus, whose order the site follows.
    directory : Path
        Where to work. What was executed is kept there, so that only changed lectures run again.
    execute : bool
        Whether to run the lectures; without, pages have code and no figures.

    Returns
    -------
    Path
        The start page.

    Raises
    ------
    CourseError
        If a lecture is missing, does not run, or has a link that leads nowhere; or if `directory`
        holds somebody else's folder of a name that is removed here.
    """
    source, html, doctrees = (directory / name for name in MADE)
    if directory != root / ".site":
        _refuse_foreign_folders(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()
    # Links between pages are checked anew, and no page of a lecture that is gone remains.
    for made in (source, html, doctrees):
        if made.exists():
            shutil.rmtree(made, ignore_errors=made != source)
    source.mkdir()
    _write_source(root, taught, source)
    settings = _settings(taught, directory, execute=execute)
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    (source / "conf.py").write_text("\n".join(lines), encoding="utf-8")
    _sphinx(source, html, doctrees)
    return html / "index.html"


def _refuse_foreign_folders(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise CourseError(f"{directory} is a file; give --out a directory that is new")
    for name in MADE:
        if (directory / name).exists() and not (directory / MARK).exists():
            raise CourseError(
                f"{directory / name} would be removed, but `course site` did not make it; give "
                "--out a directory that is new"
            )


def _sphinx(source: Path, html: Path, doctrees: Path) -> None:
    # In a process of its own: what Sphinx registers with docutils stays there.
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--doctree-dir", str(doctrees)]
    strict = ["--quiet", "--no-color", "--fail-on-warning"]
    done = subprocess.run(
        [*command, *strict, str(source), str(html)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise CourseError(f"the website cannot be built; fix this first:\n{done.stdout.strip()}")


def _settings(taught: Course, directory: Path, *, execute: bool) -> dict[str, Any]:
    return {
        "project": taught.title,
        "html_title": taught.title,
        "html_theme": "sphinx_book_theme",
        "html_theme_options": {
            "footer_content_items": [],  # an author's name, which the syllabus does not have
            "show_toc_level": 2,
            "navbar_persistent": [],  # the side bar has a search already
            "use_download_button": False,
            "use_fullscreen_button": False,
        },
        "html_static_path": [str(directory / "source" / "static")],
        "html_css_files": ["wide.css"],
        "html_copy_source": False,
        "html_show_sphinx": False,
        "extensions": EXTENSIONS,
        "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"],
        "myst_heading_anchors": 3,
        "nb_execution_mode": "cache" if execute else "off",
        "nb_execution_cache_path": str(directory / "executed"),
        "nb_execution_show_tb": True,  # the warning, which is an error here, says only where
        "nb_execution_timeout": TIMEOUT,
        "nb_merge_streams": True,
        "nb_output_stderr": "remove",  # greetings of TensorFlow; warnings are what tests are for
        "smartquotes_action": "q",  # quotation marks, and not -- or ..., which may be code
        "suppress_warnings": ["myst.header"],  # a lecture's own levels of headings
    }


def _write_source(root: Path, taught: Course, source: Path) -> None:
    (source / "static").mkdir()
    (source / "static" / "wide.css").write_text(STYLE)
    for lecture in taught.lectures():
        text = root / "course" / "lectures" / f"{lecture.name}.md"
        if not text.exists():
            raise CourseError(f"there is no {text.relative_to(root)}, which the syllabus lists")
        shutil.copy(text, source)
    parts = [f"# {taught.title}\n"]
    parts += [_day(day) for day in taught.days]
    results = root / "course" / "RESULTS.md"
    if results.exists():
        shutil.copy(results, source / "results.md")
        parts.append(_contents("What was measured", ["results"]))
    (source / "index.md").write_text("\n".join(parts), encoding="utf-8")


def _day(day: Day) -> str:
    heading = f"## Day {day.number}: {day.title}\n"
    if not day.lectures:
        return f"{heading}\nNot written yet.\n"
    rows = "".join(_row(lecture) for lecture in day.lectures)
    table = f"| lecture | assignment | points |\n| --- | --- | ---: |\n{rows}"
    contents = _contents(f"Day {day.number}", [lecture.name for lecture in day.lectures])
    return f"{heading}\n{table}\n{contents}"


def _row(lecture: Lecture) -> str:
    asked = lecture.assignment
    task = f"`{asked.name}` | {asked.points:g}" if asked else "– |"
    return f"| [{lecture.title}]({lecture.name}.md) | {task} |\n"


def _contents(caption: str, pages: list[str]) -> str:
    lines = "\n".join(pages)
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"
