"""Decides what a student is told about a test that failed, and what only the instructor sees."""

from __future__ import annotations

import dis
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.domains.proxy import KNOWN, ProxyError
from autograder.domains.proxy_exceptions import StudentError
from autograder.domains.rpc import StudentGoneError
from autograder.model import HIDDEN_TESTS
from autograder.wire import WireError
from autograder.wire.codec import bases

#: The names under which assertion functions take the author's own words.
WORDS = ("err_msg", "msg", "reason")
#: Where Python and the grader lie, which is nobody's business.
PLACES = sorted({str(Path(__file__).parents[2]), sys.prefix, sys.base_prefix}, key=len)[::-1]
#: How long a message to a student, and a traceback for an instructor, may be, in characters.
LONG, VERY_LONG = 2_000, 20_000


def hidden_lines(source: str, marks: Sequence[str] = HIDDEN_TESTS) -> frozenset[int]:
    """Return the numbers of the lines, from 1, that lie between the marks of hidden tests."""
    begin, end = marks
    found, inside = set(), False
    lines = re.split("\r\n?|\n", source)  # as Python counts them: a form feed ends none
    for number, line in enumerate(lines, 1):
        inside = inside or begin in line
        if inside:
            found.add(number)
        inside = inside and end not in line
    return frozenset(found)


def tell(error: BaseException, file: str, hidden: Mapping[str, frozenset[int]]) -> dict[str, Any]:
    """Return what a cell's answer says of the exception that ended it.

    Parameters
    ----------
    error
        The exception.
    file
        The file name under which the cell was compiled.
    hidden
        The hidden lines of this cell and of those before it, whose functions it may call, by the
        names under which they were compiled.
    """
    lines = list(traceback.walk_tb(error.__traceback__))
    secret = any(line in hidden.get(frame.f_code.co_filename, ()) for frame, line in lines)
    failed = isinstance(error, (AssertionError, *_failures()))
    return {
        "verdict": "fail" if failed else "error",
        "ename": type(error).__name__,
        "evalue": _text(error)[:VERY_LONG],
        "message": _message(error, [frame for frame, _ in lines], failed=failed, secret=secret),
        "traceback": _traceback(error, file),
        "hidden": secret,
    }


def _failures() -> tuple[type[BaseException], ...]:
    """Return what pytest's functions raise where others raise an AssertionError."""
    pytest = sys.modules.get("pytest")
    return () if pytest is None else (pytest.fail.Exception,)


def _message(error: BaseException, frames: list[FrameType], *, failed: bool, secret: bool) -> str:
    return _without_places(_said(error, frames, failed=failed, secret=secret)[:LONG])


def _said(error: BaseException, frames: list[FrameType], *, failed: bool, secret: bool) -> str:
    kind, text = type(error).__name__, _text(error)
    if isinstance(error, NotImplementedError) and not text:
        return "Not answered yet."  # nbgrader's own placeholder was left in the cell
    if isinstance(error, StudentError):
        if secret:  # its words and its name may hold what the hidden test gave to the code
            kind = next(base.__name__ for base in bases(type(error)) if id(base) not in KNOWN)
            return f"Your code raised {kind} when a hidden test called it."
        return f"{kind}: {text}".strip(": ")
    if isinstance(error, WireError) and secret:  # after a colon, it may quote what came
        return text.partition(": ")[0].rstrip(".") + "."
    if isinstance(error, ProxyError) and secret:
        return error.in_general
    if isinstance(error, ProxyError | WireError | StudentGoneError):
        return text
    if failed:
        # The author's words, unless a library raised it: that adds the values that it compared.
        if not secret or (frames and _is_own(frames[-1])):
            return text.strip() or "A test failed."
        return _words(frames) or "A hidden test failed."
    if not secret:
        return f"{kind}: {text}".strip(": ")
    if isinstance(error, NameError):
        return f"{kind}: {text}"
    return f"A hidden test could not go on with what your code gave it ({kind})."


def _is_own(frame: FrameType) -> bool:
    """Tell whether it is a frame of an instructor's code."""
    return frame.f_globals.get("__name__") == "__main__"


def _words(frames: list[FrameType]) -> str:
    """Return what the author said in calling an assertion function, without what that added."""
    last = max((number for number, frame in enumerate(frames) if _is_own(frame)), default=-1)
    if last + 1 == len(frames):
        return ""
    frame = frames[last + 1]  # what the author's code called
    code = frame.f_code
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        changed = any(
            instruction.opname == "STORE_FAST" and instruction.argval == name
            for instruction in dis.get_instructions(code)
        )
        words: Any = frame.f_locals.get(name)
        # By its type: what the student's code has changed refuses to say what it is.
        if name in WORDS and not changed and issubclass(type(words), str) and words.strip():
            return str(words.strip())
    return ""


def _without_places(text: str) -> str:
    for place in PLACES:
        text = text.replace(place, "...")
    return text


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
