"""Where the laptop hub keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROSTER = "students.txt"


def remembered(state_dir: Path) -> list[str]:
    """Return the students whom the last hub with this state served; none where there was none.

    Parameters
    ----------
    state_dir : Path
        The hub's state.
    """
    file = state_dir / ROSTER
    return file.read_text(encoding="utf-8").split() if file.is_file() else []


@dataclass(frozen=True)
class Layout:
    """The folders of one hub: one course, one instructor, any number of students.

    Everybody has a *box*: an nbgrader exchange root of their own, ``exchange/USER``. The
    instructor's holds what is released; a student's holds what that student submits, the feedback
    for it, and the released assignments under the name that nbgrader expects (a link, or in a
    student's own view of the disk the folder itself).
    """

    course_dir: Path
    course_id: str
    state_dir: Path
    instructor: str
    students: tuple[str, ...]

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody, the instructor first."""
        return (self.instructor, *self.students)

    @property
    def exchange(self) -> Path:
        """Folder of everybody's boxes."""
        return self.state_dir / "exchange"

    @property
    def released(self) -> Path:
        """What the instructor released."""
        return self.outbound(self.instructor)

    def box(self, user: str) -> Path:
        """Exchange root of one user."""
        return self.exchange / user

    def outbound(self, user: str) -> Path:
        """Where this user's nbgrader looks for released assignments."""
        return self.box(user) / self.course_id / "outbound"

    def inbound(self, user: str) -> Path:
        """Where this user's nbgrader puts submissions."""
        return self.box(user) / self.course_id / "inbound"

    def feedback(self, user: str) -> Path:
        """Where this user's nbgrader looks for feedback."""
        return self.box(user) / self.course_id / "feedback"

    def home(self, user: str) -> Path:
        """Home folder of one user."""
        return self.state_dir / "homes" / user

    def work(self, user: str) -> Path:
        """Folder that the user's JupyterLab opens: the course for the instructor, else home."""
        return self.course_dir if user == self.instructor else self.home(user)

    def settings(self, user: str) -> Path:
        """Folder of the configuration files that the hub writes for one user's server."""
        return self.state_dir / "servers" / user

    def log(self, name: str) -> Path:
        """Log file of the hub, or of one user's server."""
        return self.state_dir / "logs" / f"{name}.log"

    def remember(self) -> None:
        """Write down the students, for a start that names none (`remembered`)."""
        names = "".join(f"{student}\n" for student in self.students)
        (self.state_dir / ROSTER).write_text(names, encoding="utf-8")

    def make(self) -> None:
        """Make all folders; what is there stays as it is."""
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)
        for user in self.users:
            for folder in (self.home(user), self.settings(user), self.inbound(user)):
                folder.mkdir(parents=True, exist_ok=True)
            self.feedback(user).mkdir(exist_ok=True)
            # nbgrader insists on these modes; nobody else reaches them through `state_dir`.
            self.box(user).chmod(0o777)
            self.inbound(user).chmod(0o2733)
        self.released.mkdir(exist_ok=True)
        for student in self.students:
            link = self.outbound(student)
            if link.is_symlink() and link.readlink() != self.released:
                link.unlink()  # to a former instructor's, or to where this folder was before
            if not link.is_symlink():
                link.symlink_to(self.released)
        self.log("hub").parent.mkdir(exist_ok=True)
