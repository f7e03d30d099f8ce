"""nbgrader's exchange with one box per student, so that the box says who submitted.

nbgrader's own exchange is one folder that everybody writes to, and a submission belongs to whom
the *name of its folder* says. Under one operating-system user anybody could thus submit as anybody.
Here the instructor's side reads each student's own box (`hub_config.laptop.paths`) and takes the
student from the box. What a student writes there is treated as hostile: links and devices are left
behind (a link to the solution would otherwise come back as feedback), and the time of a submission
is the kernel's record of the last change of anything in it, which no program can set back: a
student can write into the files after the deadline, which leaves the folder's own time as it was.
Of what comes from a backup, the time is what `hub_config.exchange.times` kept.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from traitlets import Bool, Unicode

from hub_config.exchange.regular_files import regular_files
from hub_config.exchange.times import digest, kept, last_change

ENTRY_BYTES = (
    1000  # what an empty file or folder counts for, so that a million of them is too large
)
#: What a log line keeps of a student's words is printable; anything else acts on a terminal.
HIDDEN = "\N{REPLACEMENT CHARACTER}"
Record = dict[str, Any]  # nbgrader's: username, filename, timestamp (UTC, without a zone); digest


class SubmissionTooLargeError(Exception):
    """A submission holds more than the course accepts."""


class PrintableLog(logging.Filter):
    """Lets through what is logged, without what would act on a terminal or forge a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean one record in place.

        Parameters
        ----------
        record : logging.LogRecord
            Its arguments, names of students' files among them, become one line each.

        Returns
        -------
        bool
            True.
        """
        if isinstance(record.args, tuple):
            record.args = tuple(
                one if isinstance(one, int | float) else printable(str(one)) for one in record.args
            )
        record.msg = "\n".join(map(printable, record.getMessage().split("\n")))
        record.args = ()
        return True


CLEAN = PrintableLog()


def printable(text: str) -> str:
    """Return a line with a mark in the place of every character that is not printable."""
    return "".join(c if c.isprintable() else HIDDEN for c in text)


class CollectFromBoxes(ExchangeCollect):
    """`nbgrader collect` from one box per student."""

    def start(self) -> None:
        """Collect; what students wrote is in the log without what would act on a terminal."""
        log: Any = self.log  # a filter that is there already is not added twice
        log.addFilter(CLEAN)
        super().start()

    boxes = Unicode(help="Folder with one exchange root per user, named as the user.").tag(
        config=True
    )
    # All folders have the same owner here: the check could only raise false alarms.
    check_owner = Bool(False).tag(config=True)

    def init_src(self) -> None:
        """Choose for each box the submission to collect."""
        if not self.coursedir.course_id:
            self.fail("No course id specified. Re-run with --course flag.")
        self.inbound_path = self.boxes  # records carry absolute paths
        duedate = self._duedate() if self.before_duedate else None
        self.src_records = []
        self.kept = kept(Path(self.boxes))
        for box in _boxes(self.boxes, self.coursedir.student_id):
            records = sorted(self._records(box), key=lambda record: record["timestamp"])
            in_time = [r for r in records if duedate is not None and r["timestamp"] <= duedate]
            self.src_records += (in_time or records)[-1:]

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy one submission; one that cannot be copied is left out, not everybody's."""
        record = next(r for r in self.src_records if r["filename"] == src)
        try:
            with tempfile.TemporaryDirectory(prefix="collect-") as scratch:
                clean = Path(scratch) / "submission"
                copy_regular_files(Path(src), clean, limit=1000 * self.coursedir.max_dir_size)
                if record["digest"] not in ("", digest(clean)):
                    raise RuntimeError("it was changed meanwhile; collect it again")
                written = record["timestamp"].strftime("%Y-%m-%d %H:%M:%S.%f UTC")
                (clean / "timestamp.txt").write_text(written)
                super().do_copy(str(clean), dest)
        except (OSError, RuntimeError, SubmissionTooLargeError) as error:
            shutil.rmtree(dest, ignore_errors=True)
            self.log.error("Skipped the submission of %s: %s", record["username"], error)

    def _duedate(self) -> datetime | None:
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                return gradebook.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                return None

    def _records(self, box: Path) -> Iterator[Record]:
        inbound = box / self.coursedir.course_id / "inbound"
        for folder in inbound.glob(f"*+{escape(self.coursedir.assignment_id)}+*"):
            try:
                changed = last_change(folder)
            except (OSError, RecursionError) as error:  # its owner takes it away, or nests it deep
                self.log.warning("Left out %s: %s", folder, error)
                continue
            if changed is None:
                continue
            claimed = folder.name.split("+")[0]
            if claimed != box.name:
                self.log.warning("%s submitted as %s: counted for %s", box.name, claimed, box.name)
            changed, same = self._before_backup(folder, changed)
            received = datetime.fromtimestamp(changed, UTC).replace(tzinfo=None)
            yield {
                "username": box.name,
                "filename": str(folder),
                "timestamp": received,
                "digest": same,
            }

    def _before_backup(self, folder: Path, changed: float) -> tuple[float, str]:
        """Return the time of a submission, and what it must hold to have it, if it was restored."""
        old = self.kept.get(str(folder.relative_to(self.boxes)))
        if old is None or old["time"] >= changed or digest(folder) != old["digest"]:
            return changed, ""
        return float(old["time"]), str(old["digest"])


class ReleaseFeedbackToBoxes(ExchangeReleaseFeedback):
    """`nbgrader release_feedback`, each student's into that student's box."""

    boxes = Unicode(help="Folder with one exchange root per user, named as the user.").tag(
        config=True
    )

    def init_dest(self) -> None:
        """Check the course; the destination is another one for each student."""
        if not self.coursedir.course_id:
            self.fail("No course id specified. Re-run with --course flag.")

    def copy_files(self) -> None:
        """Copy the feedback of every student who has a box."""
        for box in _boxes(self.boxes, self.coursedir.student_id):
            destination = box / self.coursedir.course_id / "feedback"
            destination.mkdir(parents=True, exist_ok=True)
            self.dest_path = str(destination)
            self.src_path = self.coursedir.format_path(
                self.coursedir.feedback_directory, box.name, self.coursedir.assignment_id
            )
            super().copy_files()


def copy_regular_files(source: Path, target: Path, *, limit: int) -> None:
    """Copy the folders and regular files of a tree that may change and lie while it is read.

    Parameters
    ----------
    source, target : Path
        Existing tree; the folder to make.
    limit : int
        Most bytes to copy; every file and folder counts for a kilobyte more.

    Raises
    ------
    SubmissionTooLargeError
        Where there is more than `limit`.
    """
    left = limit
    target.mkdir()
    for folder, _, names, descriptor in os.fwalk(source, follow_symlinks=False):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        left -= ENTRY_BYTES
        for name, reader in regular_files(names, descriptor):
            content = reader.read(max(left, 0) + 1)
            left -= len(content) + ENTRY_BYTES
            if left < 0:
                raise SubmissionTooLargeError(f"it is larger than {limit // 1000} kB")
            (here / name).write_bytes(content)


def _boxes(folder: str, wanted: str) -> list[Path]:
    every = sorted(Path(folder).iterdir())
    return [box for box in every if box.is_dir() and fnmatchcase(box.name, wanted or "*")]
