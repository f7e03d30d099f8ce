"""The student's side of the wire, asked directly."""

import contextlib
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.domains.proxy_exceptions import StudentError
from autograder.domains.student import Callback, Service, _foreign
from autograder.wire import Channel, references
from tests.autograder.pair import student


@pytest.fixture
def service():
    """Return a service and the other end of its wire."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Service(Channel(theirs), {"x": 1}), Channel(ours)


def ask(service, channel, op, *arguments, **more):
    head, blobs = references.pack(arguments, lambda thing: thing)
    channel.send({"free": [], "seeds": {}, **head, "op": op, **more}, blobs)
    service.answer()
    return channel.receive()


def test_a_request_that_makes_no_sense_is_answered_and_the_next_one_too(service):
    one, channel = service
    for op, arguments in (("nothing", ()), ("call", ()), ("names", (3,)), ("item", (1, 2, 3))):
        head, _ = ask(one, channel, op, *arguments)
        assert "kinds" in head["raised"]
    head, _ = ask(one, channel, "names", ["x"])
    assert "raised" not in head


def test_the_end_of_the_judge_is_told(service):
    one, channel = service
    channel.close()
    with pytest.raises(EOFError):
        one.answer()


def test_an_object_is_held_as_often_as_it_was_sent(service):
    one, _ = service
    thing = object()
    number = one.refer(thing)["proxy"]
    assert one.refer(thing)["proxy"] == number
    one._let_go(number, 1)
    assert one.resolve({"proxy": number}) is thing
    one._let_go(number, 1)
    assert number not in one.held
    assert one.refer(thing)["proxy"] in one.held


def test_the_same_function_of_the_judge_is_one_here(service):
    one, _ = service
    first = one.resolve({"callback": 3})
    assert isinstance(first, Callback)
    assert one.resolve({"callback": 3}) is first
    assert one.resolve({"callback": 4}) is not first
    assert one.refer(first) == {"callback": 3}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ValueError", ValueError),
        ("KeyError", KeyError),
        ("UnicodeDecodeError", UnicodeDecodeError),
        ("StopIteration", StopIteration),
        ("SystemExit", RuntimeError),
        ("KeyboardInterrupt", RuntimeError),
        ("print", RuntimeError),
        ("NoSuchError", RuntimeError),
        (None, RuntimeError),
    ],
)
def test_an_exception_of_the_judge_s_has_its_kind_and_no_words(kind, expected):
    error = _foreign({"kind": kind, "token": 5})
    assert isinstance(error, expected)
    assert error.args == ()
    assert "7" not in str(error)


def test_an_interrupt_ends_a_call_and_not_the_process():
    source = "import time\ndef f():\n    while True: time.sleep(0.01)\ndef g(): return 1"
    with student(source) as they:
        f, g = they.f, they.g

        def interrupt():
            time.sleep(0.5)
            os.kill(they.pid, signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(RuntimeError) as caught:
            f()
        assert isinstance(caught.value, StudentError)
        assert g() == 1
        os.kill(they.pid, signal.SIGINT)  # to a process that has nothing to do
        assert g() == 1


THREADS = """
import os, threading
from concurrent.futures import ThreadPoolExecutor

def pooled(f, n):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(f, range(n)))

def leave_behind(f, n):
    threads = [threading.Thread(target=f, args=[i]) for i in range(n)]
    [thread.start() for thread in threads]
    return len(threads)

def double(x):
    return pooled(lambda y: 2 * y, x)[-1] + 2

def keep(f):
    global kept
    kept = f

def forked(f):
    child = os.fork()
    if not child:
        try:
            f()
        except RuntimeError as error:
            os._exit(len(str(error)) > 20)
        os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def test_threads_of_the_student_s_may_call_the_test_s_functions():
    with student(THREADS) as they:
        assert they.pooled(lambda i: i * i, 200) == [i * i for i in range(200)]
        assert they.pooled(lambda i: they.double(i + 1), 20) == [2 * i + 2 for i in range(20)]


def test_threads_that_a_call_leaves_behind_do_not_break_the_wire():
    with student(THREADS) as they:
        for _ in range(20):
            heard = []
            assert they.leave_behind(heard.append, 5) == 5
            while len(heard) < 5:  # those that were late call when the test asks again
                assert they.double(3) == 6
            assert sorted(heard) == [0, 1, 2, 3, 4]


def test_threads_of_a_test_may_call_the_student_s_functions():
    with student(THREADS) as they, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(they.double, range(1, 50))) == [2 * i for i in range(1, 50)]


def test_where_nobody_would_answer_a_call_is_refused(service):
    with student(THREADS) as they:
        assert they.forked(lambda: 1) == 1
    one, _ = service
    with pytest.raises(RuntimeError, match="while the test runs"):
        one.resolve({"callback": 3})()


def test_a_judge_that_goes_away_in_a_call_back_ends_the_wait():
    with student("def f(g): return g()") as they:

        def leave():
            with contextlib.suppress(OSError):
                they.link._channel.close()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            they.f(leave)
