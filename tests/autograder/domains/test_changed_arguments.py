"""What becomes of a value that the student's code changed: all uses of it, and of its relatives."""

import collections
import contextlib
import copy
import functools
import gc
import json
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest

from autograder.domains import changed_arguments
from autograder.domains.changed_arguments import ChangedError, make_unusable
from autograder.domains.overlapping_arrays import MOST
from autograder.wire import encode, mutables


@pytest.fixture(autouse=True)
def _fresh():
    changed_arguments.raised.clear()
    yield
    changed_arguments.raised.clear()


class Slotted(dict):
    __slots__ = ("a",)


class Own(list):
    pass


TYPES = (
    *("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f8", "c8", "c16"),
    *("U3", "S5", "M8[D]", "M8[ns]", "m8[s]"),
)
VALUES = {
    "list": lambda: [1, 2],
    "dict": lambda: {"a": 1},
    "set": lambda: {1},
    "bytearray": lambda: bytearray(b"ab"),
    "own list": lambda: Own([1]),
    "slotted dict": lambda: Slotted(a=1),
    "ordered dict": lambda: collections.OrderedDict(a=1),
    "default dict": lambda: collections.defaultdict(list, a=[1]),
    "counter": lambda: collections.Counter("aab"),
    "matrix": lambda: np.array([[1.0]]).view(np.matrix),
    "record array": lambda: np.zeros(2).view(np.recarray),
    "scalar array": lambda: np.array(1),
    "every second": lambda: np.arange(4)[::2],
    "transposed": lambda: np.arange(4).reshape(2, 2).T,
    "empty": lambda: np.zeros((0, 2)),
    **{code: functools.partial(np.zeros, (2, 3), code) for code in TYPES},
}


def beside(name, other, *, first):
    """Return an operator's use with a changed value beside another one."""
    act = getattr(operator, name)
    return (lambda x: act(other, x)) if first else (lambda x: act(x, other))


USES = {
    **{name: getattr(operator, name) for name in ("neg", "pos", "abs", "invert", "index", "not_")},
    **{
        f"{name} {side}": beside(name, other, first=turned)
        for name in ("eq", "ne", "lt", "ge", "add", "mul", "or_", "matmul", "iadd", "contains")
        for side, other, turned in (
            ("number", 1, False),
            ("number's", 1, True),
            ("list's", [1, 2], True),
            ("dict's", {"a": 1}, True),
            ("set's", {1}, True),
            ("frozen set's", frozenset([1]), True),
            ("bytes'", b"ab", True),
            ("array's", np.zeros((2, 3)), True),
        )
        if not (name in ("contains", "iadd") and turned)
    },
    "itself": lambda x: x == x,
    **{kind.__name__: kind for kind in (bool, float, int, complex, bytes, bytearray, list, tuple)},
    **{kind.__name__: kind for kind in (set, frozenset, dict, str, repr, hash, len, iter, sorted)},
    **{act.__name__: act for act in (sum, max, any, all, enumerate, reversed, round, vars, dir)},
    "first": lambda x: x[0],
    "set first": lambda x: x.__setitem__(0, 1),
    "attribute": lambda x: x.copy,
    "set attribute": lambda x: setattr(x, "a", 1),
    "shape": lambda x: x.shape,
    "class": lambda x: isinstance(x, str | int),
    "format": lambda x: f"{x}",
    "unpacked": lambda x: [*x],
    "unpacked dict": lambda x: {**x},
    "arguments": lambda x: max(*x, 1),
    "named arguments": lambda x: dict(**x),
    "extend": lambda x: [].extend(x),
    "update": lambda x: {}.update(x),
    "union": lambda x: set().union(x),
    "issubset": lambda x: {1}.issubset(x),
    "join": lambda x: "".join(x),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "json": json.dumps,
    **{
        f"np.{act.__name__}": act
        for act in (np.asarray, np.array, np.sum, np.isnan, np.sort, np.linalg.norm, np.shape)
    },
    "np.array_equal": lambda x: np.array_equal(x, x),
    "np.add": lambda x: np.add(np.zeros(1), x),
    "np.where": lambda x: np.where(x, 1, 2),
    "np.array of it": lambda x: np.array([x]),
    "into an array": lambda x: np.zeros(3).__setitem__(slice(None), x),
    "assert_allclose": lambda x: np.testing.assert_allclose(x, x),
    "assert_equal": lambda x: np.testing.assert_equal(x, x),
    "sent": lambda x: encode(x, dict),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_changed_value_can_be_used_for_nothing(name):
    value = VALUES[name]()
    aliases = (value, [value])
    make_unusable(value)
    for alias in (aliases[0], aliases[1][0]):
        for use, act in USES.items():
            changed_arguments.raised.clear()
            # A library may catch it, and give something; that it was raised is known all the same.
            with contextlib.suppress(Exception):
                act(alias)
            assert changed_arguments.raised, use


def test_the_message_says_what_was_changed_and_what_to_do():
    for value, what in (
        ([], "a list"),
        (collections.Counter(), "a dictionary"),
        (set(), "a set"),
        (bytearray(), "a bytearray"),
        (np.zeros(2), "an array"),
    ):
        make_unusable(value)
        with pytest.raises(ChangedError, match=f"changed {what} that it was given.*on a copy"):
            len(value)


def test_no_memory_of_a_changed_value_is_given_away():
    for value in (np.zeros(3), bytearray(b"ab")):
        make_unusable(value)
        with pytest.raises((TypeError, ChangedError)):
            memoryview(value)


def test_what_shows_the_same_memory_and_cannot_be_found_keeps_its_content():
    text = bytearray(b"abc")
    with memoryview(text) as view:
        numbers = np.frombuffer(text, "u1")
        make_unusable(text)
        assert bytes(view) == b"abc"
        assert numbers.tolist() == [97, 98, 99]
    values = [1, 2, 3]
    seen = []
    for value in values:
        make_unusable(values)
        seen.append(value)
    assert seen == [1, 2, 3]


def refused(act):
    with pytest.raises(ChangedError):
        act()


def test_of_the_array_behind_a_view_only_the_part_that_it_shows_is_gone():
    whole = np.arange(12.0).reshape(3, 4).copy()
    make_unusable(whole[0])
    for use in (
        lambda: whole[0],
        lambda: whole[0, 1],
        lambda: whole[:, 1],
        lambda: whole[[1, 0]],
        lambda: whole[np.ones(whole.shape, bool)],
        lambda: whole.T,
        lambda: whole.mean(),
        lambda: whole + 1,
        lambda: whole == 1,
        lambda: np.asarray(whole),
        lambda: np.array_equal(whole, whole),
        lambda: [*whole],
    ):
        refused(use)
    assert (len(whole), whole.shape, whole.ndim, whole.size) == (3, (3, 4), 2, 12)
    assert whole[1].tolist() == [4, 5, 6, 7]
    assert whole[1:, ::2].tolist() == [[4, 6], [8, 10]]
    assert whole[[1, 2]].shape == (2, 4)
    assert whole[2, 3] == 11
    whole[0] = 5
    assert whole[0].tolist() == [5] * 4
    row = whole[2]
    make_unusable(row[1:])
    refused(lambda: row[1])
    refused(lambda: whole[2])
    assert (whole[2, 0], row[0]) == (8, 8)


def test_rows_and_columns_can_be_given_away_one_after_the_other():
    for whole in (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))):
        for number, row in enumerate(whole):
            assert row.tolist() == [3 * number + place for place in range(3)]
            make_unusable(row)
        refused(lambda whole=whole: whole[1, 2])
    for place, column in enumerate(np.arange(6.0).reshape(2, 3).T):
        assert column.tolist() == [place, place + 3]
        make_unusable(column)


NAMED = np.arange(6.0).reshape(2, 3)
DEFAULT = np.arange(6.0).reshape(2, 3)


class Holder:
    def __init__(self, array):
        self.array = array


def test_a_view_s_relatives_are_found_where_a_test_holds_them(monkeypatch):
    def default(x=DEFAULT):
        return x

    main = sys.modules["__main__"]
    default.__module__ = Holder.__module__ = "__main__"
    held = np.arange(6.0).reshape(2, 3)
    monkeypatch.setattr(main, "held_by_name", NAMED, raising=False)
    inside = {
        "local": (held, held),
        "global": (NAMED, NAMED),
        "containers": (x := [({"a": np.arange(6.0).reshape(2, 3)},)], x[0][0]["a"]),
        "partial": (p := functools.partial(len, np.arange(6.0).reshape(2, 3)), p.args[0]),
        "default": (default, default()),
        "attribute": (h := Holder(np.arange(6.0).reshape(2, 3)), h.array),
    }
    for name, (_, array) in inside.items():
        make_unusable(array.T)
        with pytest.raises(ChangedError):
            assert len(array), name


def test_a_view_of_other_elements_takes_all_with_it():
    numbers = np.zeros(3, complex)
    make_unusable(numbers.real)
    refused(lambda: numbers[0])
    matrix = np.zeros((2, 2)).view(np.matrix)
    make_unusable(matrix[0])
    refused(lambda: matrix[1])
    turned = np.arange(6.0)
    make_unusable(turned[::-1])
    refused(lambda: turned[0])
    stepped = np.arange(6.0)
    make_unusable(stepped[::-2])
    assert stepped[4] == 4
    refused(lambda: stepped[5])


def test_the_search_ends_somewhere():
    many = [[] for _ in range(10 * MOST)]
    array = np.arange(4.0).reshape(2, 2)
    make_unusable(array[0])
    assert len(many) == 10 * MOST
    refused(lambda: array[0])


def test_what_was_changed_is_not_lent_again():
    values = [np.zeros(2), [1]]
    make_unusable(values[0])
    make_unusable(values[1])
    assert mutables(values) == [values]
    with pytest.raises(ChangedError):
        encode(values, dict)


def change_all():
    for make in VALUES.values():
        value = make()
        cycle = [value]
        cycle.append(cycle)
        make_unusable(value)
    whole = np.zeros((3, 4))
    make_unusable(whole[0])
    make_unusable(whole[1:][1])


def test_changed_values_are_freed():
    tables = (changed_arguments._marks, changed_arguments._changed, changed_arguments._owners)
    gc.collect()
    before = [len(table) for table in tables]
    for _ in range(3):
        change_all()
    gc.collect()
    assert [len(table) for table in tables] == before


#: Python's own checks of memory are on, and all is freed at the end.
STRESS = """
import gc
from tests.autograder.domains.test_changed_arguments import VALUES, make_unusable
for turn in range(20):
    values = [make() for make in VALUES.values()]
    kept = (tuple(values),)
    for value in values:
        make_unusable(value)
    gc.collect()
"""


def test_python_s_own_checks_of_memory_find_nothing():
    command = [sys.executable, "-X", "faulthandler", "-c", STRESS]
    done = subprocess.run(command, env={"PYTHONMALLOC": "debug"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
