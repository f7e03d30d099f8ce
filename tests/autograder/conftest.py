import asyncio
import contextlib
import os
import sysconfig
from pathlib import Path

import pytest

from autograder import pipeline
from autograder.coursedir.directory import open_course
from autograder.dispatch import engine as engine_module
from autograder.dispatch.engine import Engine
from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.settings import Autograder
from tests.autograder import building


@pytest.fixture(scope="session", autouse=True)
def _scripts_on_path():
    """nbgrader calls ``alembic`` by name when it makes a gradebook."""
    before = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    yield
    os.environ["PATH"] = before


@pytest.fixture(scope="session")
def engine():
    """One warm engine for nearly all tests of gradings."""
    with Engine(Autograder(preload=["numpy"], workers=2)) as engine:
        next(engine.run([building.job("1")]))
        yield engine


@pytest.fixture(scope="session")
def zygote():
    """One warm process for nearly all tests of executions: it has imported NumPy."""
    with Zygote(["numpy"]) as zygote:
        zygote.wait_ready()
        yield zygote


@pytest.fixture
def run(zygote):
    """Return a function that executes cells and says how they ended."""

    def run(*cells, **options):
        job = building.job(*cells, **options)
        return building.ended(asyncio.run(execute(job, zygote)))

    return run


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """Make an empty gradebook once: nbgrader takes two seconds for one."""
    root = tmp_path_factory.mktemp("empty")
    (root / "source").mkdir()
    with open_course(root).gradebook():
        return root


@pytest.fixture
def bare(empty, tmp_path):
    """Return the directory of a course of one's own in which nothing is assigned."""
    return building.copy(empty, tmp_path / "bare")


@pytest.fixture(scope="session")
def template(empty, tmp_path_factory):
    """Generate the small course once; tests copy it."""
    root = building.copy(empty, tmp_path_factory.mktemp("template"))
    return building.write_course(root)


@pytest.fixture
def root(template, tmp_path):
    """Return the directory of a small course of one's own, released and not yet submitted to."""
    return building.copy(template, tmp_path / "course")


@pytest.fixture
def warm(engine, monkeypatch):
    """Let gradings use the session's engine in the place of a new one each."""

    monkeypatch.setattr(pipeline, "Engine", lambda settings: contextlib.nullcontext(engine))
    monkeypatch.setattr(engine_module, "_shared", engine)


@pytest.fixture
def grade(warm):
    """Return a function that grades a course as the command does; results by student."""

    def grade(root, only=None, *, force=False):
        one = pipeline.Grading(open_course(root), "ps1", force=force)
        return {done.student: done for done in one.run(one.students(only))}

    return grade


def pytest_collection_modifyitems(items):
    """Pass over SQLAlchemy's advice to nbgrader's authors, as the command does."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings("ignore:Object of type <Submitted"))
