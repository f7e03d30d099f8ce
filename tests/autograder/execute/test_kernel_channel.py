import pytest

from autograder.execute import kernel_client
from autograder.execute.kernel_channel import DEEPEST, deep
from autograder.model import MOST_TOLD, Verdict, told
from tests.autograder.building import asserts, solution

PASS, CRASH = Verdict.PASS, Verdict.CRASH

#: What a cell needs to write to its kernel's own sockets, of which only one thread may.
RAW = """
import threading
kernel, done = get_ipython().kernel, threading.Event()

def send(*parts, times=1):
    def write():
        for _ in range(times):
            kernel.iopub_thread.socket.send_multipart(list(parts))
        done.set()
    done.clear()
    kernel.iopub_thread.io_loop.add_callback(write)
    done.wait(20)

def signed(*parts):
    return [b"x", b"<IDS|MSG>", kernel.session.sign(list(parts)), *parts]

def pack(**parent):
    return kernel.session.pack({**kernel.get_parent("shell")["header"], **parent})
"""
HEADER = 'header = kernel.session.pack(kernel.session.msg_header("display_data"))'


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "source",
    [
        pytest.param("send(b'x')", id="no delimiter"),
        pytest.param("send(b'<IDS|MSG>')", id="nothing behind it"),
        pytest.param("send(b'<IDS|MSG>', bytes(1 << 20), *[b'{}'] * 4)", id="long signature"),
        pytest.param("send(b'<IDS|MSG>', b'a' * 64, *[b'{}'] * 4)", id="wrong signature"),
        pytest.param("send(*signed(b'{', b'{}', b'{}', b'{}'))", id="no JSON"),
        pytest.param(f"{HEADER}\nsend(*signed(header, b'[]', b'{{}}', b'{{}}'))", id="list"),
        pytest.param(f"{HEADER}\nsend(*signed(header, pack(), b'{{}}', b'7'))", id="number"),
        pytest.param(f"{HEADER}\nsend(*signed(header, pack(), b'{{}}'))", id="too few"),
    ],
)
def test_what_is_no_message_is_left_out_and_the_cell_goes_on(run, source):
    done = run(solution(RAW), f"{source}\nprint('here')", asserts("assert True"))
    assert done.failure == ""
    assert done.verdicts == [PASS] * 3
    assert "here\n" in done.printed(1)
    assert "Left out: 1 of this cell's messages" in done.printed(1)
    assert "Left out" not in done.printed(0)


#: Sends a JSON output that the kernel's own JSON need not be able to write.
SHOW = """
kernel = get_ipython().kernel

def show(packed):
    content = b'{"data": {"application/json": %s}, "metadata": {}}' % packed
    parent = kernel.get_parent("shell")
    kernel.session.send(kernel.iopub_socket, "display_data", content, parent=parent)
"""


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "packed",
    [
        pytest.param("b'1' * 6000", id="digits"),
        pytest.param("b'[' * 100_000 + b']' * 100_000", id="too deep to parse"),
        pytest.param("b'[' * 900 + b']' * 900", id="too deep to write"),
    ],
)
def test_an_output_that_no_notebook_can_hold_gives_its_place_to_a_note(run, packed):
    done = run(solution(SHOW), f"show({packed})", "show(b'[[7]]')", asserts("assert True"))
    assert done.failure == ""
    assert done.verdicts == [PASS] * 4
    assert "Left out: 1 of this cell's messages" in done.printed(1)
    assert done.cells[2].outputs[0].data == {"application/json": [[7]]}


@pytest.mark.sandbox
def test_whoever_sends_what_is_no_message_without_end_loses_the_process(run, monkeypatch):
    monkeypatch.setattr(kernel_client, "MOST_UNREADABLE", 20)
    flood = "import time\nsend(b'x', times=200)\ntime.sleep(60)"
    done = run(solution(RAW), flood, asserts("assert True"))
    assert done.verdicts == [PASS, CRASH, PASS]
    assert "messages that are none" in done.messages[1]


#: Writes over the kernel's connections what is not of ZeroMQ's protocol, between two cells.
NOISE = """
import os, socket, threading

def make_noise():
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if socket.socket(fileno=os.dup(number)).getsockname():
                os.write(number, bytes([255]) * 200)
        except OSError:
            pass

threading.Timer(0.2, make_noise).start()
"""


@pytest.mark.sandbox
def test_whoever_breaks_off_the_connection_to_his_kernel_loses_the_process(run):
    wait = "import time\ntime.sleep(1)"
    done = run(
        solution(NOISE), asserts(f"{wait}\nassert True", "waits"), "1", asserts("assert True")
    )
    assert done.failure == ""
    assert done.verdicts == [PASS, PASS, CRASH, PASS]
    assert "connection over which cells are run" in done.messages[2]


@pytest.mark.sandbox
@pytest.mark.parametrize("content", [b"[1]", b"{"])
def test_replies_that_are_no_messages_are_passed_over(run, content):
    forging = (
        "kernel = get_ipython().kernel\nsend = kernel.session.send\n"
        "def forge(stream, kind, message=None, parent=None, **named):\n"
        "    if kind == 'execute_reply':\n"
        f"        send(stream, kind, {content}, parent, **named)\n"
        "    return send(stream, kind, message, parent, **named)\n"
        "kernel.session.send = forge"
    )
    done = run(solution(forging), asserts("assert True"))
    assert done.failure == ""
    assert done.verdicts == [PASS, PASS]


def test_depth_is_measured_without_recursion():
    nested: object = []
    for _ in range(100_000):
        nested = [nested, {}]
    assert deep({"a": nested})
    assert not deep({"a": [1, {"b": [2]}], "c": "[" * 100})
    flat: object = {}
    for _ in range(DEEPEST - 1):
        flat = {"a": flat}
    assert not deep(flat)
    assert deep({"a": flat})


def test_an_exception_is_told_in_a_length_that_a_table_can_show():
    assert told(ValueError("no", 3)) == "ValueError('no', 3)"
    assert len(told(ValueError("x" * 10**7, b"\0" * 10**7))) <= 4 * MOST_TOLD
