"""Copies the lectures into a user's folder, where the user may change them."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

from course import syllabus

FOLDER = "lectures"
#: What was placed, by name: whether a copy was changed since is seen by it. It is the user's, too.
RECORD = ".placed.json"
#: What is larger is no lecture that somebody read, and no record.
MOST_BYTES = 5_000_000


def place(home: Path) -> None:
    """Copy every lecture into ``home/lectures``, and replace copies that only their source changed.

    What the user changed stays; the corrected lecture comes beside it, as ``NAME_corrected.ipynb``.
    A notebook that was only run is not changed: its cells are compared, not its outputs. The home
    is the user's, who may have put a link in the way to make the hub write elsewhere: links are
    never followed. What the disk has no room for comes with a later start.

    Parameters
    ----------
    home : Path
        Existing folder.
    """
    source = importlib.resources.files("course") / "lectures"
    try:
        (home / FOLDER).mkdir(exist_ok=True)
        folder = os.open(home / FOLDER, os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # the user has something else of that name
        return
    try:
        known = before = _record(folder)
        for lecture in syllabus.load().lectures():
            content = (source / f"{lecture.name}.ipynb").read_bytes()
            known = {**known, **_one(folder, lecture.name, content, known)}
        if known != before:
            _write(folder, RECORD, json.dumps(known, indent=1).encode(), instead=True)
    finally:
        os.close(folder)


def _one(folder: int, name: str, content: bytes, known: dict[str, str]) -> dict[str, str]:
    """Place one lecture, or its correction beside a copy that was changed; return what it wrote."""
    new = _cells(content)
    for file in (f"{name}.ipynb", f"{name}_corrected.ipynb"):
        try:
            os.stat(file, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return {file: new} if _write(folder, file, content) else {}
        there = _cells(_read(folder, file))
        if there == new:
            return {file: new}
        if there == known.get(file):
            return {file: new} if _write(folder, file, content, instead=True) else {}
        if known.get(file) == new:  # the user's own words on what is taught today
            return {}
    return {}


def _cells(notebook: bytes | None) -> str:
    """Return a digest of what a notebook's cells say; none of what is no notebook."""
    try:
        said = [
            [cell["cell_type"], "".join(cell["source"])]
            for cell in json.loads(notebook or b"")["cells"]
        ]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _record(folder: int) -> dict[str, str]:
    try:
        found = json.loads(_read(folder, RECORD) or b"{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: digest for name, digest in found.items() if isinstance(digest, str) and digest}


def _read(folder: int, name: str) -> bytes | None:
    """Return what a regular file holds; nothing of a link, a pipe or what is too large."""
    try:
        # NONBLOCK keeps a pipe from waiting for its writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(file, "rb") as reader:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return None
        return reader.read(MOST_BYTES)


def _write(folder: int, name: str, content: bytes, *, instead: bool = False) -> bool:
    """Write a file that is not there, or the whole of another in its place; say whether it is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    new = f".{name}.new" if instead else name
    try:
        if instead:
            _remove(folder, new)  # what a start that was killed has left
        copy = os.open(new, flags, 0o644, dir_fd=folder)
    except OSError:  # it is there, or its name is a link
        return False
    try:
        with os.fdopen(copy, "wb") as file:
            file.write(content)
        if instead:
            os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:  # the disk is full: a server starts all the same, to make room there
        _remove(folder, new)
        return False
    return True


def _remove(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
