"""Tells whether a test throws away what a call of the student's function gives.

``swap(v, 0, 2)`` on a line of its own is there for what it does to ``v``, also where the function
returns something. Then nothing is compared with a value, and what was changed is the answer.
"""

from __future__ import annotations

import dis
import sys
import types
from typing import Any

from autograder.domains.proxy import is_proxy

#: The functions of ours that stand between a test and the student's process.
_BETWEEN = ("is_thrown_away", "ask", "_call", "__call__")
_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_FAST_BORROW")


def is_thrown_away() -> bool:
    """Return whether the call that is being carried out is a statement of a test.

    It has to be the test's own call of a student's object: a library that calls for the test, as
    `map` does, may keep the value.
    """
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and _is_ours(frame):
        if frame.f_code.co_name not in _BETWEEN:
            return False
        frame = frame.f_back
    return frame is not None and _is_statement(frame)


def _is_ours(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("autograder.")


def _is_statement(frame: types.FrameType) -> bool:
    instructions = [*dis.get_instructions(frame.f_code)]
    place = next((n for n, one in enumerate(instructions) if one.offset == frame.f_lasti), None)
    if place is None or place + 1 >= len(instructions):
        return False
    if instructions[place + 1].opname != "POP_TOP":
        return False
    start = _start(instructions[place])
    # The innermost expression that begins there is a name: the function's, or its object's.
    for one in instructions[:place]:
        if one.opname in _LOADS and start is not None and _start(one) == start:
            return is_proxy(_found(frame, one.argval))
    return False


def _start(instruction: dis.Instruction) -> tuple[int, int] | None:
    where = instruction.positions
    if where is None or where.lineno is None or where.col_offset is None:
        return None
    return where.lineno, where.col_offset


def _found(frame: types.FrameType, name: Any) -> Any:
    return frame.f_locals.get(name, frame.f_globals.get(name))
