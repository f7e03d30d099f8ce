import collections

import numpy as np
import pytest

from autograder.domains.changed_arguments import ChangedError
from autograder.domains.judge_arguments import JudgeArguments
from autograder.domains.student_arguments import StudentArguments

FORGED = [
    None,
    3,
    {},
    {"values": None},
    {"values": 3},
    {"values": [None, 3, (), (1,), (0, 1, 2), ("0", [])]},
    {"values": [(-1, [9]), (99, [9]), (True, [9]), (None, [9])]},
    {"values": [(0, 5), (1, [1, 2, 3]), (1, "text"), (1, np.ones((3, 3)))]},
    {"values": [(1, np.array(["a", "b"]))]},
    {"weights": [(0, [1])], "generators": [(0, {})]},
    collections.OrderedDict(values=[(5, 1)]),
]


@pytest.mark.parametrize("changes", FORGED)
def test_a_change_that_no_code_could_make_is_passed_over(changes):
    values, array = [1], np.arange(2.0)
    JudgeArguments((values, array)).take_back(changes, in_place=True)
    assert values == [1]
    assert array.tolist() == [0, 1]


def test_a_change_in_place_is_made_and_one_beside_a_value_leaves_nothing_to_use():
    for kind, new in (
        ([1], [2]),
        ({1: 2}, {3: 4}),
        ({1}, {2}),
        (bytearray(b"a"), bytearray(b"b")),
        (np.zeros(1), np.ones(1)),
    ):
        given = JudgeArguments((kind,))
        assert given.take_back({"values": [(0, new)]}, in_place=True) is False
        assert kind == new
        assert given.take_back({"values": [(0, new)]}, in_place=False) is True
        with pytest.raises(ChangedError, match=r"changed an? "):
            _ = kind == new


def test_only_a_call_changes_its_arguments():
    for kind, new in (([1], [2]), ({1: 2}, {3: 4}), ({1}, {2}), (np.zeros(1), np.ones(1))):
        given = JudgeArguments((kind,), called=False)
        assert given.take_back({"values": [(0, new)]}, in_place=True) is True
        with pytest.raises(ChangedError, match=r"changed an? "):
            _ = kind == new


def test_weights_and_variables_are_changed_by_calls_alone():
    class Model:
        weights = None

        def set_weights(self, new):
            self.weights = new

        get_weights = None

    for called, left in ((True, [1]), (False, None)):
        model = Model()
        given = JudgeArguments((), called=called)
        given.note(model, {"keras": ""})
        given.take_back({"weights": [(0, [1])]}, in_place=True)
        assert model.weights == left


@pytest.mark.parametrize("state", [None, 3, {}, {"state": {}}, {"state": {"inc": 1, "state": 2}}])
def test_a_generator_stays_on_its_own_stream(state):
    mine, reference = np.random.default_rng(3), np.random.default_rng(3)
    given = JudgeArguments((mine,))
    given.note(mine, {"generator": "PCG64"})
    given.take_back({"generators": [(0, state)]}, in_place=True)
    assert mine.random() == reference.random()


def test_what_is_given_is_watched_one_by_one():
    inner, array, left = [1], np.zeros(2), {"a": 1}
    given = StudentArguments(lambda reference: reference)
    given.remember(([inner], array, left))
    inner.append(2)
    array[0] = 5
    changes, known = given.changes(None)
    assert [new if isinstance(new, list) else new.tolist() for _, new in changes["values"]] == [
        [1, 2],
        [5, 0],
    ]
    assert any(thing is left for thing in known.values())
    _, known = given.changes("a value")
    assert [thing for thing in known.values() if thing is not left] == []
