"""Decides what a student is told about a test that failed, and what only the instructor sees."""

from __future__ import annotations

import re
import traceback
from types import FrameType
from typing import Any

from autograder.handles import HandleError, StudentError, StudentGoneError
from autograder.wire import WireError

#: nbgrader's marks around hidden tests.
BEGIN, END = re.compile(r"BEGIN HIDDEN TESTS"), re.compile(r"END HIDDEN TESTS")
#: The names under which assertion functions take the author's own words.
WORDS = ("err_msg", "msg")
#: How long a message to a student, and a traceback for an instructor, may be, in characters.
LONG, VERY_LONG = 2_000, 20_000


def hidden_lines(source: str) -> frozenset[int]:
    """Return the numbers of the lines, from 1, that lie between the marks of hidden tests."""
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or bool(BEGIN.search(line))
        if inside:
            found.add(number)
        inside = inside and not END.search(line)
    return frozenset(found)


def tell(error: BaseException, file: str, hidden: frozenset[int]) -> dict[str, Any]:
    """Return what a cell's answer says of the exception that ended it.

    Parameters
    ----------
    error
        The exception.
    file
        The file name under which the cell was compiled.
    hidden
        The cell's hidden lines.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    inside = [(frame, line) for frame, line in frames if frame.f_code.co_filename == file]
    secret = any(line in hidden for _, line in inside)
    failed = isinstance(error, AssertionError)
    # Raised by an instructor's code, not by a library's.
    own = bool(frames) and frames[-1][0].f_globals.get("__name__") == "__main__"
    return {
        "verdict": "fail" if failed else "error",
        "ename": type(error).__name__,
        "evalue": _text(error)[:VERY_LONG],
        "message": _message(error, [frame for frame, _ in frames], secret=secret, own=own)[:LONG],
        "traceback": _traceback(error, file),
        "hidden": secret,
    }


def _message(error: BaseException, frames: list[FrameType], *, secret: bool, own: bool) -> str:
    kind, text = type(error).__name__, _text(error)
    if isinstance(error, NotImplementedError) and not text:
        return "Not answered yet."  # nbgrader's own placeholder was left in the cell
    if isinstance(error, StudentError):
        if secret:  # its words may hold what the hidden test gave to the code
            return f"Your code raised {kind} when a hidden test called it."
        return f"{kind}: {text}".strip(": ")
    if isinstance(error, HandleError | WireError | StudentGoneError):
        return text
    if isinstance(error, AssertionError):
        if own or not secret:
            return text.strip() or "A test failed."
        return _words(frames) or "A hidden test failed."
    if not secret:
        return f"{kind}: {text}".strip(": ")
    if isinstance(error, NameError):
        return f"{kind}: {text}"
    return f"A hidden test could not go on with what your code gave it ({kind})."


def _words(frames: list[FrameType]) -> str:
    """Return what the author said in calling an assertion function, without what that added."""
    for frame in frames:
        for name in WORDS:
            words = frame.f_locals.get(name)
            if name in frame.f_code.co_varnames and isinstance(words, str) and words.strip():
                return words.strip()
    return ""


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _traceback(error: BaseException, file: str) -> list[str]:
    """Return the traceback from the cell on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    shown = traceback.format_exception(type(error), error, trace or error.__traceback__)
    return "".join(shown)[-VERY_LONG:].splitlines()
