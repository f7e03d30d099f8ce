"""Puts the lectures into a user's home, as copies that are the user's own to change."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

from course import syllabus

FOLDER = "lectures"


def place(home: Path) -> None:
    """Copy every lecture that is not there yet into ``home/lectures``.

    Nothing that is there changes. The home is the user's, who may have put a link in the way to
    make the hub write elsewhere: links are never followed. What the disk has no room for comes with
    a later start.

    Parameters
    ----------
    home : Path
        Existing folder.
    """
    source = importlib.resources.files("course") / "lectures"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        (home / FOLDER).mkdir(exist_ok=True)
        folder = os.open(home / FOLDER, os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # the user has something else of that name
        return
    try:
        for lecture in syllabus.load().lectures():
            name = f"{lecture.name}.ipynb"
            content = (source / name).read_bytes()
            try:
                copy = os.open(name, flags, 0o644, dir_fd=folder)
            except OSError:  # it is there, or its name is a link
                continue
            try:
                with os.fdopen(copy, "wb") as file:
                    file.write(content)
            except OSError:  # the disk is full: a server starts all the same, to make room there
                os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)
