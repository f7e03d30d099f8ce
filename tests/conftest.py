"""What all tests share: those that need a sandbox never pass where there is none.

It also says which tests run in one process, so that each expensive fixture is made once, and that
the longest begin first. tests/README.md tells how the suite is organised.
"""

import contextlib
import os
import shutil
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id

from autograder.sandbox import bubblewrap

# jsonschema would import it to check addresses, of which notebooks have none; that compiles a
# grammar for seconds, in every process of tests.
sys.modules.setdefault("rfc3987_syntax", None)
ROOT = Path(__file__).parents[1]
#: Memory that one process of tests takes at most, with its engine and TensorFlow.
WORKER_BYTES = 4 << 30
#: Fixtures of these scopes are made anew by every process that runs a test of theirs.
SHARED = ("class", "module", "package")


def pytest_addoption(parser):
    """Let ``make release-test`` ask for what ``make test`` takes a sample of."""
    parser.addoption(
        "--release", action="store_true", help="also what is marked release, and no samples"
    )


def pytest_xdist_auto_num_workers() -> int:
    """Say what ``-n auto`` means: a process more than processors, as many tests wait."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)) + 1, memory // WORKER_BYTES))


def pytest_runtest_setup(item):
    """Skip a test marked ``sandbox`` where there is none, and fail it where there must be one."""
    if item.get_closest_marker("sandbox") is None or not (reason := bubblewrap.missing()):
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have a sandbox: {reason}", pytrace=False)
    pytest.skip(f"no sandbox: {reason}")


pytest_runtest_setup = pytest.hookimpl(tryfirst=True)(pytest_runtest_setup)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what must run in one process, and put what takes long before what does not."""
    if not config.getoption("release"):
        later = [item for item in items if item.get_closest_marker("release")]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if not item.get_closest_marker("release")]
    if config.getoption("loadgroup", False):
        units = [unit(item) for item in items]
        slow = Counter(name for name, item in zip(units, items, strict=True) if is_slow(item))
        for name, item in zip(units, items, strict=True):
            if item.get_closest_marker("xdist_group") is None and name != item.nodeid:
                item.add_marker(pytest.mark.xdist_group(name))
        places = sorted(range(len(items)), key=lambda place: -slow[units[place]])
        items[:] = [items[place] for place in places]
    yield
    if config.getoption("loadgroup", False):
        for item in items:
            name = unit(item)
            if name != item.nodeid and not item.nodeid.endswith(f"@{name}"):
                # pytest-xdist 3.8 writes the group where pytest 9.2 no longer looks for it.
                item._id = coerce_node_id(f"{item.nodeid}@{name}")


def is_slow(item) -> bool:
    """Whether a test takes more than a few seconds."""
    return item.get_closest_marker("slow") is not None


def unit(item) -> str:
    """Name the tests that run in one process with this one.

    A slow test is spread by itself, unless it shares a fixture with others of its module; the quick
    ones of a module stay together.
    """
    if group := item.get_closest_marker("xdist_group"):
        return group.args[0]
    fixtures = [found[-1] for found in item._fixtureinfo.name2fixturedefs.values()]
    shares = any(
        one.scope in SHARED or (one.scope == "session" and one.baseid.endswith(".py"))
        for one in fixtures
    )
    if is_slow(item) and not shares:
        return item.nodeid
    # Whatever is made for one parameter need not wait for what is made for the other.
    scopes = item.callspec._arg2scope if hasattr(item, "callspec") else {}
    kinds = [
        f"{name}{item.callspec.indices[name]}"
        for name, scope in scopes.items()
        if scope.value in SHARED
    ]
    return " ".join([item.location[0], *kinds]).replace("@", "_")


@pytest.fixture(scope="session")
def full(request):
    """Whether everything is asked for, not a sample."""
    return request.config.getoption("release")


@pytest.fixture(scope="session")
def _real_course():
    """Open the real course: how it is graded, and its name."""
    from autograder.coursedir.directory import open_course

    return open_course(ROOT / "assignments")


@pytest.fixture(scope="session")
def _real_engine(_real_course):
    """One warm engine for all that is graded of the real course."""
    from autograder.dispatch.engine import Engine

    with Engine(_real_course.settings) as engine:
        yield engine


@pytest.fixture(scope="session")
def _real_stock(_real_course):
    """One warm process for all of it that nbgrader itself grades."""
    from autograder.execute.zygote import Zygote

    settings = _real_course.settings
    with Zygote(settings.preload, settings.directories) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def _empty_gradebook(_real_course, tmp_path_factory):
    """Make an empty gradebook once: nbgrader takes seconds for one."""
    from nbgrader.api import Gradebook

    path = tmp_path_factory.mktemp("empty_gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        scripts = sysconfig.get_path("scripts")  # nbgrader calls ``alembic`` by name
        patch.setenv("PATH", os.pathsep.join([scripts, os.environ["PATH"]]))
        with Gradebook(f"sqlite:///{path}", _real_course.directory.course_id):
            return path


@pytest.fixture
def warm_course(request, monkeypatch, _real_course, _empty_gradebook):
    """Let gradings of the real course use the session's processes in the place of new ones each.

    What a course with other settings asks for is started as ever.
    """
    from autograder import pipeline
    from autograder.dispatch.engine import Engine
    from autograder.execute.zygote import Zygote
    from autograder.verify import stock_nbgrader
    from course.demo.run import Demo

    make = Demo.__init__

    def made(demo, directory, root):
        make(demo, directory, root)
        shutil.copy(_empty_gradebook, demo.course)

    def engine(settings):
        ours = request.getfixturevalue("_real_engine")
        return contextlib.nullcontext(ours) if ours.serves(settings) else Engine(settings)

    def zygote(preload, read_only, *, isolated):
        kept = _real_course.settings
        if (list(preload), list(read_only)) == (kept.preload, kept.directories) and isolated:
            return contextlib.nullcontext(request.getfixturevalue("_real_stock"))
        return Zygote(preload, read_only, isolated=isolated)

    monkeypatch.setattr(Demo, "__init__", made)
    monkeypatch.setattr(pipeline, "Engine", engine)
    monkeypatch.setattr(stock_nbgrader, "Zygote", zygote)
