"""The working directory and the environment that a test sets for the student's code.

Each process has its own. What a test cell changes of them holds over there while it asks for
something, until the cell ends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Where a test makes directories of its own; over there they are made when it goes there.
_SCRATCH = "/tmp"


class Surroundings:
    """What a test has changed since its cell began; in the judge's process."""

    def __init__(self) -> None:
        self._cell: Any = None
        self._begin()

    def _begin(self) -> None:
        self._place, self._environment = os.getcwd(), dict(os.environ)  # noqa: PTH109
        self._data = dict(_data())

    def changes(self, cell: Any) -> dict[str, Any] | None:
        """Return what to put in place over there; None if that is nothing.

        Parameters
        ----------
        cell
            The number of the test cell that runs.
        """
        if cell != self._cell:
            self._cell = cell
            self._begin()
        place = _here() or self._place
        if place == self._place and _data() == self._data:
            return None
        before, environment = self._environment, dict(os.environ)
        return {
            "place": place if place != self._place else None,
            "set": {k: v for k, v in environment.items() if before.get(k) != v},
            "unset": [name for name in before if name not in environment],
        }


def _data() -> dict[bytes, bytes]:
    """Return what the environment keeps its content in: to read it by its names takes long."""
    kept: dict[bytes, bytes] = vars(os.environ)["_data"]
    return kept


@contextlib.contextmanager
def surrounded(said: dict[str, Any] | None) -> Iterator[None]:
    """Have what `Surroundings.changes` said in place; in the student's process.

    What the code inside changes of it by itself stays.
    """
    if not said:
        yield
        return
    wanted = {**said["set"], **dict.fromkeys(said["unset"])}
    before = {name: os.environ.get(name) for name in wanted}
    _put(wanted)
    made: list[Path] = []
    home = place = os.getcwd()  # noqa: PTH109
    if said["place"] is not None:
        place = said["place"]
        made = _make(Path(place))
        os.chdir(place)
    try:
        yield
    finally:
        now = {name: os.environ.get(name) for name in wanted}
        _put({name: one for name, one in before.items() if now[name] == wanted[name]})
        if _here() in (place, None):
            os.chdir(home)
        for folder in made:
            with contextlib.suppress(OSError):  # something was put there
                folder.rmdir()


def _make(place: Path) -> list[Path]:
    """Make a directory that only the test has; return what was made, the innermost first."""
    if not place.is_relative_to(_SCRATCH):
        return []
    made = [one for one in (place, *place.parents) if not one.exists()]
    place.mkdir(parents=True, exist_ok=True)
    return made


def _here() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # somebody has removed it
        return None


def _put(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
