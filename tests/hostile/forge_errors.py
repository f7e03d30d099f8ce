"""Attacks that try to win points by how their code ends: exceptions, exits, forks, signals."""

from __future__ import annotations

from tests.hostile.attack import Attack, first, returning


def raising(error: str, prelude: str = "") -> dict[str, str]:
    """Return answers that raise ``error`` wherever a test calls or looks."""
    cells = returning("stop()", f"{prelude}\n\n\ndef stop():\n    raise {error}")
    cells["account"] = "class Account:\n    balance = 5.0\n    def __init__(self, balance):\n"
    cells["account"] += "        self.deposit = square"
    return cells


ATTACKS = (
    Attack(
        "stop_iteration",
        "Raises StopIteration, which ends a loop over map() as if all had been looked at.",
        raising("StopIteration"),
    ),
    Attack(
        "generator_exit",
        "Raises GeneratorExit, which generators take for an order to end quietly.",
        raising("GeneratorExit"),
    ),
    Attack(
        "system_exit",
        "Raises SystemExit(0) inside a test, as if the whole notebook had ended well.",
        raising("SystemExit(0)"),
    ),
    Attack(
        "keyboard_interrupt",
        "Raises KeyboardInterrupt inside a test, as if the grader had stopped it.",
        raising("KeyboardInterrupt"),
    ),
    Attack(
        "base_exception",
        "Raises exceptions that derive from BaseException alone and cannot be shown.",
        raising(
            "Silent()",
            """
class Silent(BaseException):
    __str__ = __repr__ = lambda self: 1 / 0
    @property
    def __class__(self): return bool
    @property
    def __traceback__(self): raise Silent()
""",
        ),
    ),
    Attack(
        "every_exception",
        "Raises each builtin exception in turn, made without arguments and chained in a circle.",
        raising(
            "trouble()",
            """
import builtins
import itertools

kinds = itertools.cycle(
    kind for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, BaseException)
    and kind not in (SystemExit, KeyboardInterrupt)
)


def trouble():
    kind = next(kinds)
    error = kind.__new__(kind, *(("", [ValueError()]) if "Group" in kind.__name__ else ()))
    error.__cause__ = error
    return error
""",
        ),
    ),
    Attack(
        "exit_hooks",
        "Ends its process with status 0 in the middle of a test, atexit handlers first.",
        raising("end()", "import atexit\nimport os\n\n\ndef end():\n    os._exit(0)"),
        verdicts=("crash",),
    ),
    Attack(
        "ask_exit",
        "Asks the kernel to shut down in good order in the middle of a test.",
        raising("Exception", "get_ipython().ask_exit()\nget_ipython().kernel.do_shutdown(False)"),
    ),
    Attack(
        "kill_kernel",
        "Kills its own process during a call of a test.",
        raising(
            "end()", "import os, signal\n\ndef end():\n    os.kill(os.getpid(), signal.SIGKILL)"
        ),
        verdicts=("crash", "memory"),
    ),
    Attack(
        "fork_answers",
        "Forks in the middle of a test: the parent waits, and the child goes on in its place.",
        raising(
            "twin()",
            """
import os
import time


def twin():
    if os.fork():
        time.sleep(60)
    get_ipython().user_ns["close"] = lambda *given: True
    return ValueError()
""",
        ),
        verdicts=("timeout",),
    ),
    Attack(
        "both_answer",
        "Forks before a test's question, so that two processes answer it.",
        returning("(os.fork(), 0.0)[1]", "import os"),
    ),
    Attack(
        "trace_jumps",
        "Sets a trace function that jumps over each line with an assertion.",
        first("""
import linecache
import sys


def jump(frame, event, argument):
    frame.f_trace_lines = True
    source = get_ipython().user_ns.get("In", [""])[-1].splitlines()
    if event == "line" and frame.f_code.co_name.startswith("<"):
        here = frame.f_lineno
        if here <= len(source) and source[here - 1].startswith(("assert", "np.testing")):
            try:
                frame.f_lineno = here + 1
            except ValueError:
                pass
    return jump


true = get_ipython().run_code


async def traced(code, *given, **named):
    sys.settrace(jump)
    try:
        return await true(code, *given, **named)
    finally:
        sys.settrace(None)

get_ipython().run_code = traced"""),
    ),
    Attack(
        "signal_timer",
        "Lets a timer raise an exception that the test's own code would treat as its end.",
        first("""
import signal


def agree(number, frame):
    while frame:
        frame.f_globals["close"] = lambda *given: True
        frame.f_globals["abs"] = lambda *given: 0.0
        frame = frame.f_back


for kind in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
    signal.signal(kind, agree)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)"""),
    ),
)
