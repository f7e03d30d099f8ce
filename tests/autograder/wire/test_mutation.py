"""Writing back: what was changed in place at one end is changed at the other."""

import collections
import json

import numpy as np
import pytest

from autograder import wire
from autograder.wire import WireError, mutables, rewrite, same
from tests.autograder.crossing import Point, across, alike, lying, lying_array, nested


def frozen(array):
    array.flags.writeable = False
    return array


def everything():
    shared = np.arange(3)
    return (
        [shared, {"a": shared, (1, 2): bytearray(b"x")}, {1, 2}],
        Point([], np.zeros((2, 2))),
        collections.defaultdict(list, {1: [frozen(np.ones(2))]}),
        lying(list, [lying(dict, {1: 2})]),
        lying_array(4),
        "text",
        np.float64(1),
        frozenset([1]),
    )


def test_a_copy_has_as_many_mutables_in_the_same_order():
    value = everything()
    ours, theirs = mutables(value), mutables(across(value))
    assert len(ours) == len({*map(id, ours)}) == 12
    assert [type(each) for each in theirs] == [
        *(list, np.ndarray, dict, bytearray, set, list, np.ndarray, collections.defaultdict),
        *(list, list, dict, np.ndarray),
    ]
    for mine, copy in zip(ours, theirs, strict=True):
        assert alike(across(mine), copy)


def test_arrays_that_are_not_carried_are_no_mutables():
    assert mutables((np.array([None]), np.zeros(2, "i4,O"), print)) == []


def test_what_contains_itself_is_visited_once():
    value = [1]
    value.append(value)
    assert len(mutables(value)) == 1


def test_what_is_nested_too_deep_is_refused():
    assert len(mutables(nested(wire.MAX_DEPTH))) == wire.MAX_DEPTH
    with pytest.raises(WireError, match="64 levels"):
        mutables(nested(wire.MAX_DEPTH + 1))
    with pytest.raises(WireError, match="64 levels"):
        same(nested(wire.MAX_DEPTH + 1), nested(wire.MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("original", "new"),
    [
        ([1, 2], [3]),
        ({1: 2}, {3: 4, 1: 5}),
        ({1}, {2, 3}),
        (bytearray(b"a"), bytearray(b"bcd")),
        (np.zeros((2, 3)), np.ones((2, 3))),
        (np.zeros((3, 2)).T, np.ones((2, 3))),
        (np.array(1), np.array(2)),
        (np.zeros(2, ">f4"), np.ones(2, ">f4")),
        (np.zeros(2, "i4,f4"), np.ones(2, "i4,f4")),
        (np.matrix([[1, 2]]), np.matrix([[3, 4]])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_original_takes_the_content_and_stays_itself(original, new):
    view = original
    rewrite(original, new)
    assert alike(view, new)
    assert original is not new


def test_a_subclass_is_rewritten_underneath():
    for original, new in (
        (lying(list, [1]), [2]),
        (lying(dict, {1: 2}), {3: 4}),
        (lying(set, [1]), {2}),
        (lying(bytearray, b"a"), bytearray(b"b")),
        (lying_array(2), np.array([5, 6])),
    ):
        rewrite(original, new)
        assert alike(across(original), new)


@pytest.mark.parametrize(
    ("original", "new"),
    [
        ([1], (1,)),
        ([1], {1: 2}),
        ({1}, [1]),
        ({}, []),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, int)),
        (np.zeros(2), [0.0, 0.0]),
        (np.zeros(2), lying_array(2)),
        (np.zeros(2, "i4,f4"), np.zeros(2, "f4,i4")),
        (frozen(np.zeros(2)), np.ones(2)),
        ((1,), (2,)),
        (object(), object()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_rewritten_is_refused_and_left(original, new):
    before = across(original, lambda other: {}, dict.copy)
    with pytest.raises(WireError, match=f"A change of a {type(original).__name__} by your code"):
        rewrite(original, new)
    assert alike(across(original, lambda other: {}, dict.copy), before)


def test_a_change_travels_back_and_objects_stay_what_they_were():
    """All of it, as the two processes do it."""
    inner = np.arange(3.0)
    ours = ([inner, inner], {"a": 1})
    theirs = across(ours)
    at_home = mutables(theirs)
    before = [wire.encode(each, None, known(at_home, each)) for each in at_home]

    theirs[0][1][0] = 9  # the student's function
    theirs[0].append([theirs[0][0]])

    after = [wire.encode(each, None, known(at_home, each)) for each in at_home]
    changed = {n: a for n, (b, a) in enumerate(zip(before, after, strict=True)) if b != a}
    assert [*changed] == [0, 1]
    originals = mutables(ours)
    for number, (tree, blobs) in changed.items():
        blobs = [bytearray(blob) for blob in blobs]
        tree = json.loads(json.dumps(tree))
        new = wire.decode(tree, blobs, None, dict(enumerate(originals)))
        rewrite(originals[number], new)
    assert inner[0] == 9
    assert ours[0][0] is inner
    assert ours[0][1] is inner
    assert ours[0][2][0] is inner
    assert ours[1] == {"a": 1}


def known(objects, without):
    return {number: each for number, each in enumerate(objects) if each is not without}


class Equal:
    """Says that it equals everything, and refuses to be hashed away."""

    __hash__ = object.__hash__

    def __eq__(self, other):
        return True


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (float("nan"), float("nan")),
        ([1, (2, {3: [4]})], [1, (2, {3: [4]})]),
        ({1: 2, "a": 3}, {"a": 3, 1: 2}),
        pytest.param({1, "a", None}, {None, "a", 1}, id="sets"),  # which have no order to print
        (Point(1, 2), across(Point(1, 2))),
        (np.array([np.nan, 1]), np.array([np.nan, 1])),
        (np.arange(6).reshape(2, 3).T, np.array([[0, 3], [1, 4], [2, 5]])),
        ([[1], [1]], [[1]] * 2),
        (np.float32(2), np.float32(2)),
        (bytearray(b"ab"), bytearray(b"ab")),
    ],
    ids=repr,
)
def test_equal_values_are_the_same(a, b):
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ([1], (1,)),
        ([1], [1, 2]),
        ({1: 2}, {1: 3}),
        ({1: 2}, {True: 2}),
        ({1: 2}, {}),
        ({1}, {True}),
        ({1}, frozenset([1])),
        (Point(1, 2), (1, 2)),
        (Point(1, 2), collections.namedtuple("Other", "x y")(1, 2)),
        (Point(1, 2), collections.namedtuple("Point", "x z")(1, 2)),
        (np.zeros(2), np.zeros((2, 1))),
        (np.zeros(2), np.zeros(2, ">f8")),
        (np.zeros(2), np.array([0, -0.0])),
        (np.zeros(2), [0.0, 0.0]),
        (np.array(["a"]), np.array(["a "])),
        (np.float64(2), 2.0),
        (5, Equal()),
        (Equal(), Equal()),
        ([Equal()], [Equal()]),
        ({Equal(): 1}, {Equal(): 1}),
        (lying(int, 5), 5),
        (lying(list, [1]), [1]),
        (lying_array(2), np.arange(2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_different_values_are_not_the_same(a, b):
    assert not same(a, b)
    assert not same(b, a)


def test_an_object_is_the_same_as_itself():
    liar = Equal()
    assert same([liar, {liar: liar}], [liar, {liar: liar}])


def test_values_that_contain_themselves_are_compared():
    a, b, c = [1], [1], [2]
    for each in (a, b, c):
        each.append(each)
    assert same(a, b)
    assert not same(a, c)


def test_values_that_share_at_every_level_are_compared_and_visited_once():
    a, b = [], []
    for _ in range(60):
        a, b = [a, a], [b, b]
    assert same(a, b)
    assert len(mutables(a)) == 61
