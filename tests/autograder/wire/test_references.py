import json
import math

import numpy as np
import pytest

from autograder.wire import WireError, references


def across(value, refer=references.known, names=None):
    """Return what arrives of a value."""
    head, blobs = references.pack(value, refer)
    head = json.loads(json.dumps(head))
    return references.unpack(
        head, [bytearray(b) for b in blobs], lambda made: references.make(made, names or {})
    )


@pytest.mark.parametrize(
    "thing",
    [np.mean, math.sqrt, json.JSONDecoder, np.linalg, len],
)
def test_what_can_be_imported_goes_by_its_name(thing):
    assert across([thing, thing])[1] is thing


def test_what_cannot_be_found_under_its_name_does_not():
    def inner():
        pass

    class Fake:
        __module__, __qualname__ = "math", "sqrt"

    for thing in (inner, lambda: 1, Fake(), object()):
        assert references.known(thing) is None


@pytest.mark.parametrize("kind", references.BIT_GENERATORS)
def test_a_generator_of_random_numbers_arrives_in_its_state(kind):
    mine = np.random.Generator(getattr(np.random, kind)(5))
    mine.normal(size=3)
    theirs = across({"rng": mine})["rng"]
    assert theirs is not mine
    assert np.array_equal(theirs.normal(size=9), mine.normal(size=9))


def _moved(kind, *path):
    """Return a generator's state with one number replaced: keys and, at last, the number."""
    state = getattr(np.random, kind)(5).state
    *keys, last, number = path
    place = state
    for key in keys:
        place = place[key]
    place[last] = number
    return state


@pytest.mark.parametrize("pos", [0, 1, 624])
def test_a_generator_of_every_proper_place_is_taken(pos):
    made = references.generator(
        {"generator": "MT19937", "aside": _moved("MT19937", "state", "pos", pos)}
    )
    assert made.bit_generator.state["state"]["pos"] == pos


@pytest.mark.parametrize(
    "reference",
    [
        {"generator": "PCG64", "aside": None},
        {"generator": "PCG64", "aside": {"bit_generator": "MT19937"}},
        {"generator": "PCG64"},
        {"generator": "SeedSequence", "aside": {}},
        {"generator": 3, "aside": {}},
        {"generator": "__class__", "aside": {}},
        # Of these, NumPy would read the next number outside of its own memory.
        {"generator": "MT19937", "aside": _moved("MT19937", "state", "pos", 625)},
        {"generator": "MT19937", "aside": _moved("MT19937", "state", "pos", -1)},
        {"generator": "Philox", "aside": _moved("Philox", "buffer_pos", 5)},
        {"generator": "Philox", "aside": _moved("Philox", "buffer_pos", -(2**30))},
        {"generator": "RandomState", "aside": ("MT19937", [0] * 624, 2**30, 0, 0.0)},
        {"generator": "RandomState", "aside": _moved("MT19937", "state", "pos", 625)},
    ],
)
def test_a_generator_without_a_proper_state_is_refused(reference):
    with pytest.raises(WireError, match="generator"):
        references.generator(reference)


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"module": "no.such.module", "name": "x"},
        {"module": "math", "name": "no_such_name"},
        {"module": "math", "name": "sqrt.no.such"},
    ],
)
def test_a_reference_to_nothing_is_refused(reference):
    with pytest.raises(WireError):
        references.make(reference, {})


@pytest.mark.parametrize(
    "change",
    [
        {"split": -1},
        {"split": 99},
        {"split": None},
        {"split": True, "aside": 3},
        {"aside": None},
        {"aside": ["list"]},
        {"value": None, "aside": "x"},
    ],
)
def test_a_forged_message_is_refused(change):
    head, blobs = references.pack([np.random.default_rng(1), np.ones(3)], references.known)
    with pytest.raises(WireError):
        references.unpack(
            {**head, **change},
            [bytearray(b) for b in blobs],
            lambda made: references.make(made, {}),
        )


def test_what_the_other_end_knows_is_not_sent():
    values = [np.ones(1000), [1]]
    head, blobs = references.pack(
        (values[0], values[1], [2]), references.known, {0: values[0], 1: values[1]}
    )
    assert blobs == []
    first, second, third = references.unpack(head, [], references.make, dict(enumerate(values)))
    assert first is values[0]
    assert second is values[1]
    assert third == [2]


def test_what_was_never_lent_cannot_be_referred_to():
    head, _ = references.pack([[1]], references.known)
    for number in (0, -1, 5, "0", None, True):
        with pytest.raises(WireError):
            references.unpack({**head, "value": ["known", number]}, [], references.make, {3: "x"})
