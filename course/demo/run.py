"""Takes a made-up class through release, submission and collection in a fresh course directory."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from course.authoring import submissions
from course.demo import roster
from course.demo.roster import Member
from course.errors import CourseError


class Demo:
    """A course directory of its own, with an exchange beside it.

    Everything goes through nbgrader's own generation and exchange, as in a real course.

    Parameters
    ----------
    directory : Path
        Where to make it; must not hold anything yet.
    root : Path
        The checkout.

    Raises
    ------
    CourseError
        If there is something in `directory`.
    """

    def __init__(self, directory: Path, root: Path) -> None:
        if directory.exists() and not directory.is_dir():
            raise CourseError(f"{directory} is a file; give --keep a directory that is new")
        if directory.exists() and any(directory.iterdir()):
            raise CourseError(f"{directory} is not empty; give --keep a directory that is new")
        self.root, self.course = root, directory / "course"
        self.exchange = directory / "exchange"
        self.homes = directory / "homes"
        for folder in (self.course, self.exchange, self.homes):
            folder.mkdir(parents=True)
        shutil.copytree(root / "assignments" / "source", self.course / "source")
        shutil.copy(root / "assignments" / "nbgrader_config.py", self.course)
        self._app = self._nbgrader()

    def _nbgrader(self) -> Any:
        from nbgrader.apps import NbGraderAPI
        from nbgrader.auth import Authenticator
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config, PyFileConfigLoader

        config = PyFileConfigLoader("nbgrader_config.py", path=str(self.course)).load_config()
        # Not written into the file: a hub that serves this course has an exchange of its own.
        ours = {"CourseDirectory": {"root": str(self.course)}}
        ours["Exchange"] = {"root": str(self.exchange)}
        config.merge(Config(ours))
        logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # failures come back as results
        return NbGraderAPI(
            CourseDirectory(config=config), Authenticator(config=config), config=config
        )

    def release(self, assignment: str) -> None:
        """Generate the students' version of an assignment and put it into the exchange.

        Parameters
        ----------
        assignment : str
            Its name.
        """
        _succeed(self._app.generate_assignment(assignment), f"generating {assignment}")
        _succeed(self._app.release_assignment(assignment), f"releasing {assignment}")

    def make_up(self, assignment: str, students: list[str], seed: int) -> list[Member]:
        """Give every student a submission made from the released notebook.

        Parameters
        ----------
        assignment : str
            Its name; it must have been released.
        students : list of str
            User names.
        seed : int
            The same seed gives the same class.

        Returns
        -------
        list of Member
        """
        released = self.course / "release" / assignment / f"{assignment}.ipynb"
        material = submissions.load(self.root, assignment)
        return roster.make_up(nbformat.read(released, as_version=4), material, students, seed)

    def submit(self, assignment: str, members: Sequence[Member]) -> None:
        """Put everybody's work into the exchange, each from a home of its own.

        Parameters
        ----------
        assignment : str
            Its name.
        members : sequence of Member
            From `make_up`.
        """
        from nbgrader.coursedir import CourseDirectory
        from nbgrader.exchange.default import ExchangeSubmit

        for member in members:
            home = self.homes / member.student
            work = home / assignment
            work.mkdir(parents=True)
            (work / f"{assignment}.ipynb").write_bytes(member.content)
            directory = CourseDirectory(config=self._app.config)
            directory.student_id, directory.assignment_id = member.student, assignment
            ExchangeSubmit(
                coursedir=directory,
                authenticator=self._app.authenticator,
                config=self._app.config,
                assignment_dir=str(home),
                cache=str(home / ".cache"),
            ).start()

    def collect(self, assignment: str) -> None:
        """Collect what was submitted into the course directory.

        Parameters
        ----------
        assignment : str
            Its name.
        """
        _succeed(self._app.collect(assignment), f"collecting {assignment}")

    def feedback(self, assignment: str) -> None:
        """Write everybody's feedback and put it into the exchange.

        Parameters
        ----------
        assignment : str
            Its name; it must have been graded.
        """
        _succeed(self._app.generate_feedback(assignment), f"writing feedback on {assignment}")
        _succeed(self._app.release_feedback(assignment), f"releasing feedback on {assignment}")


def _succeed(result: dict[str, Any] | None, what: str) -> None:
    """Raise what nbgrader reports as a dictionary."""
    if result is not None and not result["success"]:
        log = (result.get("log") or "").strip() or result.get("error", "")
        raise CourseError(f"nbgrader failed while {what}:\n{log}")
