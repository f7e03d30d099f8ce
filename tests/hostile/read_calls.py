"""Attacks that try to learn of a hidden test from what it calls, is given and asks."""

from __future__ import annotations

from tests.hostile.attack import Attack, last, returning
from tests.hostile.read import SHOW

ATTACKS = (
    Attack(
        "callback_insides",
        "Takes the test's own function apart: code, constants, globals, closure, documentation.",
        {
            "integrate": f"""{SHOW}
import inspect
import pickle

found = []


def integrate(f, a, b):
    for name in ("__code__", "__globals__", "__closure__", "__doc__", "__name__", "__qualname__",
                 "__defaults__", "__dict__", "__module__", "__self__", "__wrapped__", "__func__"):
        found.append(repr(getattr(f, name, "")))
    if hasattr(f, "__code__"):
        found.append(repr(f.__code__.co_consts))
    for look in (inspect.getsource, pickle.dumps, repr, dir, vars):
        try:
            found.append(str(look(f)))
        except Exception as error:
            found.append(repr(error))
    return 0.0"""
        }
        | last("show(*found)"),
    ),
    Attack(
        "callback_errors",
        "Makes the test's own function fail and reads the traceback, which quotes its source.",
        {
            "integrate": f"""{SHOW}
import traceback

found = []


def integrate(f, a, b):
    for given in ((), ("x",), (None,), (1, 2), ([],), (object(),), (f,)):
        try:
            f(*given)
        except BaseException as error:
            found.append("".join(traceback.format_exception(error)))
            while error:
                found.append(repr(error) + repr(vars(error)))
                step = error.__traceback__
                while step:
                    found.append(repr(step.tb_frame.f_globals.keys()) + str(step.tb_frame.f_locals))
                    step = step.tb_next
                error = error.__cause__ or error.__context__
    return 0.0"""
        }
        | last("show(*found)"),
    ),
    Attack(
        "callback_errors_later",
        "Keeps the exceptions of a hidden test's own function, and raises them in visible tests.",
        {
            "integrate": """kept = []


def integrate(f, a, b):
    for number in (-1.0, 10.0, "x", 0.0):
        try:
            f(number)
        except Exception as error:
            kept.append(error)
    return 0.0""",
            "account": """class Account:
    def __init__(self, balance):
        raise kept.pop(0)""",
            "weights": "def weights(n):\n    raise kept.pop(0)",
            "count": "def count(text):\n    raise kept.pop(0)",
        },
    ),
    Attack(
        "asked_for",
        "Returns objects that remember each question about them, with what it names.",
        {
            **returning(
                "Curious()",
                """
asked = []


class Curious:
    def __contains__(self, thing):
        asked.append(thing)
        return True
    def __getitem__(self, key):
        asked.append(key)
        return self
    def __eq__(self, other):
        asked.append(other)
        return True
    __hash__ = None
    def __getattr__(self, name):
        asked.append(name)
        return lambda *given, **named: asked.append((given, named))
    def __call__(self, *given): return self.called(*given)
    def __len__(self): return 3
    def __iter__(self): return iter(())
    __sub__ = __rsub__ = __radd__ = __rmul__ = __lt__ = __gt__ = __eq__
""",
            ),
            "root": "root = Curious()",
        }
        | last("print(asked)"),
    ),
)
