"""The channel: whole messages over a real socket pair, whatever the other end sends."""

import json
import math
import socket
import struct
import threading
import tracemalloc

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from autograder import wire
from autograder.wire import Channel, WireError

fuzzed = settings(database=None, deadline=None, max_examples=200, derandomize=True)


@pytest.fixture
def pair():
    """Give a channel, and the bare socket of its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(300)  # a test that hangs fails
        yield Channel(ours), theirs


def message(head, *blobs):
    text = json.dumps(head).encode()
    lengths = struct.pack(f"!{len(blobs)}Q", *map(len, blobs))
    return struct.pack("!II", len(text), len(blobs)) + lengths + text + b"".join(blobs)


def receive_all(receiver):
    while True:
        head, parts = receiver.receive()
        assert type(head) is dict
        assert {*map(type, parts)} <= {bytearray}


blobs = st.lists(st.binary(max_size=100) | st.integers(0, 3 << 16).map(bytes), max_size=5)


@fuzzed
@given(st.lists(st.tuples(st.dictionaries(st.text(), st.integers() | st.text()), blobs)))
def test_messages_arrive_whole_and_in_order(messages):
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send():
            for head, parts in messages:
                Channel(ours).send(head, parts)

        sender = threading.Thread(target=send)
        sender.start()
        receiver = Channel(theirs)
        received = [receiver.receive() for _ in messages]
        sender.join()
    assert received == [(head, [*map(bytearray, parts)]) for head, parts in messages]


def test_a_message_that_comes_in_pieces_is_put_together(pair):
    receiver, sender = pair
    data, sent = message({"a": 1}, b"xyz", b""), threading.Event()

    def send():
        for byte in data:
            sender.sendall(bytes([byte]))
            sent.wait(0.002)  # so that the other end takes what has come

    thread = threading.Thread(target=send)
    thread.start()
    assert receiver.receive() == ({"a": 1}, [bytearray(b"xyz"), bytearray()])
    thread.join()


def test_views_of_numbers_are_sent_as_their_bytes(pair):
    receiver, sender = pair
    numbers = memoryview(struct.pack("3d", 1, 2, 3)).cast("d")
    Channel(sender).send({}, [numbers])
    assert receiver.receive() == ({}, [bytearray(numbers)])


@settings(fuzzed, max_examples=500)
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda head, count, tail: struct.pack("!II", head, count) + tail,
        *(st.integers(0, 40), st.integers(0, 4), st.binary(max_size=80)),
    )
)
def test_of_any_bytes_comes_a_message_or_an_error(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises((EOFError, WireError)):
            receive_all(Channel(ours))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"5",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1',
        '{"a": "é"}'.encode(),
        b"{}{}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": [' + b"," * wire.limits.MAX_MARKS + b"]}",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_head_that_is_no_json_object_is_refused(pair, text):
    receiver, sender = pair
    data = struct.pack("!II", len(text), 0) + text
    thread = threading.Thread(target=sender.sendall, args=[data])
    thread.start()
    with pytest.raises(WireError, match=r"could not be read|More than"):
        receiver.receive()
    thread.join()
    with pytest.raises(EOFError):
        receiver.receive()


def test_a_length_that_lies_costs_no_memory(pair):
    receiver, sender = pair
    size = 200 << 20
    sender.sendall(struct.pack("!IIQ", 2, 1, size) + b"{}" + b"0123456789")
    sender.shutdown(socket.SHUT_WR)
    tracemalloc.start()
    try:
        with pytest.raises(EOFError):
            receiver.receive()
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [
        struct.pack("!II", wire.limits.MAX_TEXT + 1, 0),
        struct.pack("!II", 2, wire.MAX_NODES + 1),
        struct.pack("!IIQ", 2, 1, wire.MAX_BYTES),
        struct.pack("!IIQQ", 2, 2, 2**64 - 1, 2**64 - 1),
    ],
    ids=["head", "number of blobs", "blob", "sum of blobs"],
)
def test_a_message_that_says_it_is_too_large_is_refused_before_it_comes(pair, start):
    receiver, sender = pair
    sender.sendall(start)
    with pytest.raises(WireError, match="cannot be passed"):
        receiver.receive()
    with pytest.raises(EOFError, match="cut off"):
        receiver.receive()


def test_what_cannot_be_sent_is_refused_and_the_next_message_goes_through(pair):
    receiver, sender = pair
    sender = Channel(sender, most=1000)
    cycle = {}
    cycle["a"] = cycle
    for head, parts in (
        ({"a": math.nan}, []),
        ({"a": b""}, []),
        (cycle, []),
        ({"a": "x" * 1000}, []),
        ({}, [bytes(1000)]),
        ({}, [b""] * 200),
    ):
        with pytest.raises(WireError, match=r"cannot be (sent|passed)"):
            sender.send(head, parts)
    sender.send({"b": 2}, [b"x"])
    assert receiver.receive() == ({"b": 2}, [bytearray(b"x")])


def test_an_end_that_is_gone_is_the_end(pair):
    receiver, sender = pair
    sender.close()
    with pytest.raises(EOFError):
        receiver.receive()
    with pytest.raises(EOFError):
        receiver.send({}, [bytes(10)])


def test_an_end_that_goes_in_the_middle_of_a_message_is_the_end(pair):
    receiver, sender = pair
    sender.sendall(message({}, b"abc")[:-1])
    sender.close()
    with pytest.raises(EOFError, match="middle"):
        receiver.receive()


def test_a_wait_that_is_interrupted_does_no_harm(pair):
    receiver, sender = pair
    receiver._socket.settimeout(0.01)
    with pytest.raises(TimeoutError):
        receiver.receive()
    sender.sendall(message({"a": 1}))
    assert receiver.receive() == ({"a": 1}, [])


def test_after_half_a_message_nothing_is_received_as_if_it_were_one(pair):
    receiver, sender = pair
    receiver._socket.settimeout(0.01)
    sender.sendall(message({}, message({"forged": True}))[:-20])
    with pytest.raises(TimeoutError):
        receiver.receive()
    sender.sendall(message({"a": 1}))
    with pytest.raises(EOFError, match="cut off"):
        receiver.receive()


def test_after_half_a_message_was_sent_no_other_is(pair):
    sender, _ = pair
    sender._socket.settimeout(0.01)
    with pytest.raises(TimeoutError):  # nobody reads
        sender.send({}, [bytes(10 << 20)])
    with pytest.raises(EOFError, match="cut off"):
        sender.send({})


def test_a_closed_channel_ends_the_other(pair):
    sender, receiver = pair
    sender.close()
    assert receiver.recv(1) == b""


@pytest.mark.slow
def test_the_longest_head_of_honest_values_crosses(pair):
    receiver, sender = pair
    tree, parts = wire.encode([1.5 + 0.1j] * (wire.MAX_NODES - 1), None)
    thread = threading.Thread(target=Channel(sender).send, args=[{"value": tree}, parts])
    thread.start()
    head, received = receiver.receive()
    thread.join()
    assert len(wire.decode(head["value"], received, None)) == wire.MAX_NODES - 1
