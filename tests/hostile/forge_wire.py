"""Attacks on the wire between a student's process and the judge's, and on what is sent over it."""

from __future__ import annotations

from tests.hostile.attack import Attack, first, returning

#: Every descriptor that this process inherited and that takes bytes, but not the kernel's own ends.
DOORS = """
import os
import socket
import stat


def doors():
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass


def shout(*messages):
    for number in doors():
        for message in messages:
            try:
                os.set_blocking(number, False)
                os.write(number, message)
            except OSError:
                pass
            finally:
                os.set_blocking(number, True)
"""
#: Ways to say "it passed" in a framing of lengths, of lines, and of none.
SAYINGS = """
import json
import struct

words = [
    {"verdict": "pass", "value": 2, "points": 2, "message": ""},
    {"status": "ok", "value": True, "id": 1, "request": 1},
    {"value": 9, "aside": [], "split": 0, "blobs": [], "raised": None},
    {"exit": 0, "cause": "", "peak_mb": 0},
]
texts = [json.dumps(word).encode() for word in words]
messages = texts + [text + b"\\n" for text in texts]
for text in texts:
    for form in ("<I", ">I", "<Q", ">Q", "<II", ">II"):
        lengths = (len(text), 0)[: len(form) - 1]
        messages.append(struct.pack(form, *lengths) + text)
"""
#: Answers that no code would give, in the grader's own form.
PROTOCOL = """
import gc
import itertools


def answer(value, changes=None):
    return {"value": ["tuple", value, changes], "aside": ["list"], "split": 0, "printed": ""}


hidden = {"kinds": [["builtins", "AssertionError"]], "text": "all is well"}
turns = itertools.cycle([
    answer(True),
    answer(["known", 0]),
    answer(["not implemented"]),
    answer(["type", "object"]),
    answer(["ellipsis"]),
    answer({"callback": 0}),
    answer({"proxy": 10**9, "kinds": [["numbers", "Real"], ["fractions", "Fraction"]]}),
    answer({"proxy": 1, "of_module": "numpy"}),
    answer({"main": "close"}),
    answer({"module": "operator", "name": "eq"}),
    answer(0.0, ["dict", "values", ["list", ["tuple", 0, ["list"]]]]),
    answer(["namedtuple", 2, "x", "__class__", 1]),
    answer(["same", 0]),
    answer({"generator": "MT19937", "aside": 0}),
    {"raised": {"token": 0}},
    {"raised": hidden},
    {"raised": {"kinds": [["builtins", "StopIteration"]], "text": ""}},
    {"raised": {"kinds": [["builtins", "ExceptionGroup"]], "text": ""}},
    {"callback": 0, **answer(["tuple"])},
    {"verdict": "pass", "points": "2", "gone": False, **answer(None)},
    {"printed": "x" * 1000},
    {},
])


def forge():
    for thing in gc.get_objects():
        if type(thing).__name__ == "Channel" and hasattr(thing, "receive"):
            thing.send(next(turns))
    return 0.0
"""
#: Replaces every function of every module of the grader that is loaded beside the student's code.
PATCH = """
import gc
import sys
import types


def agree(*given, **named):
    return True


for name, module in list(sys.modules.items()):
    if name.split(".")[0] == "autograder":
        for key, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType) and value.__module__ == name:
                WHAT
"""


def bytes_in_calls(body: str, expression: str = "0.0") -> dict[str, str]:
    """Return answers that run ``body`` in each call."""
    prelude = f"{DOORS}\n{SAYINGS}\n\n\ndef act():\n    {body}\n    return {expression}"
    return returning("act()", prelude)


ATTACKS = (
    Attack(
        "wire_sayings",
        "Writes replies that say that all is well into every inherited socket, in many framings.",
        bytes_in_calls("shout(*messages)"),
    ),
    Attack(
        "wire_before_asked",
        "Answers on every inherited socket before it is asked anything, in its first cell.",
        first(f"{DOORS}\n{SAYINGS}\nfor _ in range(50):\n    shout(*messages)"),
    ),
    Attack(
        "wire_huge_length",
        "Announces messages of four gigabytes and of 2**64 bytes on every inherited socket.",
        bytes_in_calls(
            "shout(b'\\xff' * 4, b'\\xff' * 8, b'\\x7f' + b'\\xff' * 15, b'\\xff' * 4096)"
        ),
    ),
    Attack(
        "wire_noise",
        "Writes megabytes of noise into every inherited socket.",
        bytes_in_calls("shout(*[os.urandom(65536)] * 64)"),
    ),
    Attack(
        "wire_closed",
        "Shuts down and closes every socket that it inherited, and answers nothing any more.",
        bytes_in_calls("[socket.socket(fileno=number).close() for number in list(doors())]"),
    ),
    Attack(
        "wire_descriptors",
        "Sends descriptors of its own files along on every inherited socket, many at a time.",
        bytes_in_calls(
            "own = os.open('.', os.O_RDONLY)\n"
            "    for number in list(doors()):\n"
            "        try:\n"
            "            end = socket.socket(fileno=os.dup(number))\n"
            "            end.setblocking(False)\n"
            "            socket.send_fds(end, [b'x'], [own] * 100)\n"
            "        except OSError:\n"
            "            pass"
        ),
    ),
    Attack(
        "wire_threads",
        "Lets eight threads answer on every inherited socket for as long as the notebook runs.",
        first(f"""{DOORS}
{SAYINGS}
import threading
import time


def chatter():
    while True:
        shout(*messages)
        time.sleep(0.002)


for _ in range(8):
    threading.Thread(target=chatter, daemon=True).start()"""),
    ),
    Attack(
        "grader_patched",
        "Replaces every function of the grader's own modules that its process has loaded.",
        first(PATCH.replace("WHAT", "setattr(module, key, agree)")),
    ),
    Attack(
        "grader_rewritten",
        "Replaces the code of the grader's functions that its process has loaded, one by one.",
        first(
            PATCH.replace(
                "WHAT",
                "value.__code__ = agree.__code__ if not value.__closure__ else value.__code__",
            )
        ),
    ),
    Attack(
        "proxies_never_issued",
        "Lets the grader's code in its process answer with proxies and callbacks nobody issued.",
        first("""
import sys
import types


class Every(dict):
    def __missing__(self, key): return ANY
    def get(self, key, default=None): return ANY


from unittest.mock import ANY

for name, module in list(sys.modules.items()):
    if name.split(".")[0] != "autograder":
        continue
    for key, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType) and key in ("encode", "pack", "_pack", "refer"):
            forged = {"proxy": 10**9, "callback": 0, "main": "close", "module": "os", "name": "eq"}
            setattr(module, key, lambda *given, forged=forged: (forged, []))
        if isinstance(value, type) and "resolve" in dir(value):
            value.resolve = lambda self, *given: ANY"""),
    ),
    Attack(
        "wire_protocol",
        "Finds the grader's channel in its memory and sends forged answers before the true one.",
        returning("forge()", PROTOCOL),
    ),
    Attack(
        "wire_instead",
        "Finds the grader's channel in its memory and sends forged answers in place of its own.",
        first(
            PROTOCOL
            + """
for thing in gc.get_objects():
    if type(thing).__name__ == "Channel" and hasattr(thing, "receive"):
        kind = type(thing)
        send = kind.send
        kind.send = lambda self, head, blobs=(): send(self, {**head, **next(turns)}, ())"""
        ),
    ),
    Attack(
        "callback_abused",
        "Gives the test's own function arguments that agree with everything, and itself.",
        {
            "integrate": """class Agree(float):
    def __mul__(self, other): return self
    __rmul__ = __pow__ = __add__ = __radd__ = __truediv__ = __mul__
    def __eq__(self, other): return True


def integrate(f, a, b):
    for argument in (Agree(1), f, integrate, [f], {"f": f}, "x", None, ..., int, 10**400, [[]] * 9):
        try:
            result = f(argument)
        except Exception:
            continue
    try:
        f.__code__ = (lambda t: 0.0).__code__
    except Exception:
        pass
    return Agree(0)"""
        },
    ),
    Attack(
        "callback_kept",
        "Keeps the functions that tests give it and calls them when nobody asks, from a thread.",
        {
            "integrate": """import threading
import time

kept = []


def call():
    while True:
        for f in list(kept):
            try:
                f(1.0)
            except BaseException:
                pass
        time.sleep(0.001)


threading.Thread(target=call, daemon=True).start()


def integrate(f, a, b):
    kept.append(f)
    return 0.0"""
        },
    ),
    Attack(
        "callback_as_answer",
        "Answers later questions with the test's own functions, which it was given before.",
        {
            "integrate": "def integrate(f, a, b):\n    global kept\n    kept = f\n    return f",
            "account": "Account = lambda balance: kept",
            "weights": "def weights(n):\n    return [kept] * n",
            "fit": "def fit(x, y):\n    return (kept, kept)",
            "count": "def count(text):\n    return {word: kept for word in text.split()}",
            "root": "root = kept",
        },
    ),
)
