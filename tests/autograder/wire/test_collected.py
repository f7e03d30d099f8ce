"""Python's further containers and enumerations arrive as what they are."""

import collections
import datetime
import enum
import http
import inspect
import re
import time
import types
import urllib.parse
import uuid
import zoneinfo

import pytest

from autograder import wire
from autograder.wire import WireError, mutables, rewrite, same
from tests.autograder.crossing import across, alike, proxy, refuse


@pytest.mark.parametrize(
    "value",
    [
        collections.Counter("aab"),
        collections.OrderedDict(b=1, a=2),
        collections.defaultdict(list, {1: [2]}),
        collections.defaultdict(None, {}),
        collections.defaultdict(collections.Counter),
        collections.deque([1, 2], 5),
        collections.deque(),
        collections.Counter,
        types.SimpleNamespace(a=1, b=[2]),
        uuid.UUID(int=2**128 - 1),
        http.HTTPStatus.OK,
        re.IGNORECASE | re.MULTILINE,
        inspect.Parameter.KEYWORD_ONLY,
        urllib.parse.urlsplit("http://a/b"),
        time.gmtime(0),
        datetime.timezone(datetime.timedelta(hours=1), "X"),
        datetime.datetime(2026, 10, 25, 2, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo")),
        datetime.time(2, tzinfo=datetime.UTC),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_arrives_as_it_was(value):
    arrived = across(value)
    assert alike(arrived, value)
    assert getattr(arrived, "maxlen", None) == getattr(value, "maxlen", None)
    assert getattr(arrived, "fold", None) == getattr(value, "fold", None)


def test_what_a_dictionary_lacks_is_made_by_a_function_of_the_student_s():
    arrived = across(collections.defaultdict(lambda: 0), proxy, lambda _: lambda: 7)
    assert arrived["missing"] == 7


def test_a_member_of_a_library_that_is_not_here_is_a_proxy():
    tree, _ = wire.encode(http.HTTPStatus.OK, proxy)
    tree[1] = "http_of_tomorrow"
    assert wire.decode(tree, [], dict.copy) == {"proxy": "HTTPStatus"}


class Own(enum.Enum):
    ONE = 1


def test_a_member_of_a_class_of_nobody_s_library_is_a_proxy():
    assert across(Own.ONE, proxy, dict.copy) == {"proxy": "Own"}


@pytest.mark.parametrize(
    ("original", "new"),
    [
        (collections.Counter("a"), collections.Counter("bb")),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, c=1)),
        (collections.defaultdict(int, a=1), collections.defaultdict(int, b=2)),
        (collections.deque([1], 3), collections.deque([2, 3], 3)),
        (types.SimpleNamespace(a=1), types.SimpleNamespace(b=2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_original_takes_the_content_and_stays_itself(original, new):
    assert mutables([original])[1] is original
    assert not same(original, new)
    rewrite(original, across(new))
    assert same(original, new)
    assert original == new
    if isinstance(original, collections.OrderedDict):
        assert [*original] == [*new]


def test_what_is_in_a_deque_can_be_changed_too():
    inner = [1]
    assert mutables(collections.deque([inner]))[1] is inner


def test_what_contains_itself_is_refused():
    queue, space = collections.deque(), types.SimpleNamespace()
    queue.append(queue)
    space.me = space
    for value in (queue, space):
        with pytest.raises(WireError, match="contains itself"):
            wire.encode(value, refuse)


@pytest.mark.parametrize(
    "tree",
    [
        ["counter", 1],
        ["counter", "a", 1, "a", 2],
        ["counter", ["list"], 1],
        ["counter", ["same", 0], 1],
        ["ordered", 1],
        ["ordered", "a", ["same", 0]],
        ["default"],
        ["default", 5, "a", 1],
        ["default", ["type", "os.system"]],
        ["default", None, "a"],
        ["deque", 0, 1],
        ["deque", -1],
        ["deque", 2**80],
        ["deque", None, ["same", 0]],
        ["namespace", 1, 2],
        ["namespace", "a"],
        ["namespace", "a", ["same", 0]],
        ["namespace", ["hex", "00"], 1],
        ["namespace", "__array_interface__", ["dict", "data", ["tuple", 4096, False]]],
        ["member", "os", "system", "x", None],
        ["member", "http", "HTTPStatus", "__class__", None],
        ["member", "http", "HTTPStatus", 200, None],
        ["member", "re", "RegexFlag", "nothing", None],
        ["member", "__main__", "Own", "ONE", None],
        ["member", "autograder.model", "Verdict", "PASS", None],
        ["member", "collections", "Counter", "a", None],
        ["uuid", "f" * 33],
        ["uuid", 5],
        ["uuid", "-1"],
        ["struct time", 1],
        ["struct time", *["a"] * 9],
        ["timezone", 5],
        ["timezone", ["timedelta", 9, 0, 0]],
        ["zone", "/etc/passwd"],
        ["zone", "No/Such"],
        ["library tuple", "os", "system", 5],
        ["datetime", "2026-01-01", 0, "Europe/Oslo"],
    ],
    ids=repr,
)
def test_a_forgery_is_refused(tree):
    with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
        wire.decode(tree, [], refuse)


def test_a_namedtuple_says_of_which_library_it_is_and_is_so_only_if_its_fields_agree():
    tree, _ = wire.encode(urllib.parse.urlsplit("http://a/b"), refuse)
    assert tree[:3] == ["library tuple", "urllib.parse", "SplitResult"]
    for forged in ("ParseResult", "urlsplit", "_NetlocResultMixinStr"):
        arrived = wire.decode([*tree[:2], forged, tree[3]], [], refuse)
        assert type(arrived).__bases__ == (tuple,)
