"""What a proxy refuses, whatever the student's object says of itself."""

import collections.abc
import contextlib
import json
import math
import pickle

import numpy as np
import pytest

from autograder import wire
from autograder.domains import proxy_classes
from autograder.domains.class_facts import Row, claimed, pairs_in
from autograder.domains.proxy import ProxyError, is_proxy, module_of
from autograder.wire import WireError
from autograder.wire.codec import PUT
from tests.autograder.pair import student

LIAR = """
import numpy as np, statistics
class Liar:
    __class__ = float
    __array_interface__ = {"shape": (1,), "typestr": "<f8", "data": (0, True), "version": 3}
    def always(self, *a, **k): return True
    def one(self, *a, **k): return 1.0
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = always
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __float__ = __abs__ = one
    __round__ = __pow__ = __rmatmul__ = __iadd__ = __truediv__ = __mod__ = one
    def __neg__(self): return self
    @property
    def other(self): return Liar()
    def __complex__(self): return 1 + 0j
    def __hash__(self): return 1
    def __int__(self): return 1
    def __index__(self): return 1
    def __array__(self, *a, **k): return np.ones(3)
    __array_ufunc__ = None
    def __array_function__(self, *a, **k): return True
    def __iter__(self):
        while True: yield 1
    def __len__(self): return 10**9
    def __str__(self): return "1.0"
    def __repr__(self): return "1.0"
    def __format__(self, form): return "1.0"
    def __reduce__(self): return (print, ("x",))
liar = Liar()
class Bent(Liar):
    def same(self, *a): return self
    __sub__ = __rsub__ = __neg__ = __add__ = __pow__ = __getitem__ = same
    max = real = property(lambda self: 0.0)
bent = Bent()
class Text(str):
    def __eq__(self, other): return True
    def __hash__(self): return 1
class Number(float):
    def __eq__(self, other): return True
    __le__ = __lt__ = __ge__ = __gt__ = __eq__
class Array(np.ndarray):
    def __array_ufunc__(self, *a, **k): return np.bool_(True)
    def __array_function__(self, *a, **k): return True
class Items(list):
    def __eq__(self, other): return True
text, number, items = Text("x"), Number(3.0), Items([1])
array = np.zeros(2).view(Array)
"""
REFUSED = {
    "equal": lambda h: h == 1,
    "equal, the other way": lambda h: 1 == h,  # noqa: SIM300
    "unequal": lambda h: h != 1,
    "less": lambda h: h < 1,
    "less, the other way": lambda h: 1 > h,  # noqa: SIM300
    "bytes": bytes,
    "array equals": lambda h: np.ones(3) == h,
    "largest": lambda h: max(h, 1),
    "sorted": lambda h: sorted([h, 1]),
    "asarray": np.asarray,
    "array of it": lambda h: np.array([h, h], dtype=float),
    "mean": np.mean,
    "allclose": lambda h: np.allclose(h, 1),
    "assert_allclose": lambda h: np.testing.assert_allclose(h, 1),
    "in a list": lambda h: h in [1, 2],
    "in a set": lambda h: 1 in {h},
    "pickle": pickle.dumps,
}
#: An operator with a value of the test's, whose result could be made to fit that value.
BENT = {
    "difference": lambda h: h - 1,
    "difference, the other way": lambda h: 1 - h,
    "sum with the opposite": lambda h: 1 + -h,
    "quotient": lambda h: h / 2,
    "rest": lambda h: h % 2,
    "array less": lambda h: np.ones(3) - h,
    "array plus": lambda h: np.ones(3) + h,
    "array times": lambda h: h * np.ones(3),
}
#: What is asked of a difference that is an object of the student's.
OF_BENT = {
    "abs": abs,
    "float": float,
    "round": round,
    "truth": bool,
    "loop": list,
    "item": lambda d: d[0],
    "length": len,
    "method": lambda d: d.max(),
    "attribute": lambda d: d.real,
    "square": lambda d: abs(d**2),
    "opposite": lambda d: abs(-d),
    "less again": lambda d: abs(d - 1),
    "own": lambda d: abs(d + d),
}
#: What is the student's word: no value of the test's that is expected goes in.
WORD = {
    "truth": (bool, True),
    "float": (float, 1.0),
    "int": (int, 1),
    "complex": (complex, 1 + 0j),
    "index": (lambda h: [1, 2, 3][h], 2),
    "round": (round, 1.0),
    "sqrt": (math.sqrt, 1.0),
    "abs": (abs, 1.0),
    "sum": (lambda h: h + 1, 1.0),
    "sum, the other way": (lambda h: 1 + h, 1.0),
    "sum of several": (lambda h: sum([h, h]), 1.0),
    "power": (lambda h: h**2, 1.0),
    "times": (lambda h: 2 * h, 1.0),
    "equal to another": (lambda h: h == h.other, True),
    "less than another": (lambda h: h < h.other, True),
    "isclose": (lambda h: math.isclose(h, 2.0), False),
    "hash": (hash, 1),
}


@pytest.fixture(scope="module")
def they():
    with student(LIAR) as they:
        yield they


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED)
def test_a_proxy_refuses(they, use):
    with pytest.raises(ProxyError, match="it cannot be"):
        use(they.liar)
    assert str(they.liar) == "1.0"  # and goes on


@pytest.mark.parametrize("use", BENT.values(), ids=BENT)
def test_a_result_that_could_be_made_to_fit_the_test_s_value_is_no_number(they, use):
    with pytest.raises(ProxyError, match="let your code return one"):
        use(they.liar)


@pytest.mark.parametrize("use", BENT.values(), ids=BENT)
def test_what_a_hidden_test_may_expect_does_not_even_go_there(they, use, monkeypatch):
    sent = []
    monkeypatch.setattr(they.link, "secret", lambda: True)
    ask, bent = they.link.ask, they.bent
    monkeypatch.setattr(they.link, "ask", lambda *given: sent.append(given) or ask(*given))
    with pytest.raises(ProxyError, match="let your code return one"):
        use(bent)
    assert [one for one in sent if one[:2] != ("operate", "neg")] == []


@pytest.mark.parametrize("use", OF_BENT.values(), ids=OF_BENT)
def test_a_difference_with_the_test_s_value_is_asked_for_nothing_that_a_number_has(they, use):
    difference = they.bent - 9
    assert is_proxy(difference)
    assert difference == difference
    with pytest.raises(ProxyError, match="let your code return one"):
        use(difference)


@pytest.mark.parametrize(("use", "answer"), WORD.values(), ids=WORD)
def test_a_proxy_answers_as_its_object_does(they, use, answer):
    value = use(they.liar)
    assert type(value) is type(answer)
    assert value == answer


def test_where_numpy_makes_nothing_of_errors_the_answer_is_no(they):
    assert not np.array_equal(they.liar, [1, 1, 1])
    with pytest.raises(AssertionError):
        np.testing.assert_equal(they.liar, 1)


def test_a_proxy_is_not_json(they):
    with pytest.raises(TypeError):
        json.dumps(they.liar)


def test_a_proxy_shows_no_insides_to_libraries(they):
    for name in ("__array_interface__", "__array_struct__", "__globals__", "_repr_html_"):
        with pytest.raises(AttributeError):
            getattr(they.liar, name)


def test_an_object_that_says_it_is_a_number_is_a_proxy(they):
    liar = they.liar
    assert not isinstance(liar, float)
    assert is_proxy(liar)
    assert hash(liar) == 1  # the student's word
    assert liar is they.liar


def test_none_and_not_given_are_told_apart_from_a_proxy(they):
    liar = they.liar
    assert liar != None  # noqa: E711
    assert (liar == None) is False  # noqa: E711
    assert np.vectorize(they.liar.one, otypes=[float])([1.0, 2.0]).tolist() == [1.0, 1.0]


def test_values_of_subclasses_arrive_as_what_they_are_and_compare_as_that(they):
    assert type(they.text) is str
    assert they.text != "y"
    assert type(they.number) is float
    assert they.number != 4
    assert type(they.items) is list
    assert they.items != [2]
    assert type(they.array) is np.ndarray
    assert not np.allclose(they.array, 1)


def test_a_type_whose_instances_hold_more_than_they_are_given_is_called_over_there():
    source = "import numpy as np\nmade = (np.ndarray, np.recarray, np.matrix, np.memmap, type)"
    with student(source) as they:
        made = they.made
        assert len(made) == 5
        assert all(map(is_proxy, made))
        assert made[0](3).shape == (3,)
    with student("import numpy as np\nplain = (float, list, dict, np.float64, np.int8)") as they:
        assert they.plain == (float, list, dict, np.float64, np.int8)


def test_no_message_names_the_type_of_arrays():
    for name in ("numpy.ndarray", "type"):
        with pytest.raises(wire.WireError):
            wire.decode(["type", name], [], lambda made: made)


def test_a_length_that_is_too_large_makes_no_list(they):
    import itertools

    assert list(itertools.islice(iter(they.liar), 3)) == [1, 1, 1]


def test_a_proxy_in_a_set_or_as_a_key_is_found_by_itself(they):
    liar = they.liar
    assert liar in {liar}
    assert {liar: 1}[they.liar] == 1
    assert 2 not in {liar}


def test_only_classes_of_libraries_in_use_can_be_claimed():
    import decimal

    assert claimed([["decimal", "Decimal"]], no_class) is decimal.Decimal
    assert claimed([["__main__", "Own"], ["decimal", "Decimal"]], no_class) is decimal.Decimal
    for kinds in (
        [["builtins", "float"]],
        [["numpy", "ndarray"]],
        [["numpy.ma", "MaskedArray"]],
        [["no.such.module", "A"]],
        [["decimal", "no_such"]],
        [["decimal", "getcontext"]],
        [["decimal", "Decimal.real.fget"]],
        [["autograder.wire.plain", "collections.OrderedDict"]],
        [["autograder.domains.proxy", "sys.builtins.float"]],
        [["collections", "OrderedDict"]],
        [["http", "HTTPStatus"]],
        [["enum", "StrEnum"]],
        [["autograder.domains.proxy", "Proxy.__len__"]],
        [["antigravity", "A"]],
        [[1, 2]],
        [["decimal"]],
        "decimal",
        None,
        {},
    ):
        assert claimed(kinds, no_class) is None


def test_a_class_of_a_locked_cell_can_be_claimed_by_its_name():
    class Account:
        pass

    locked = {"Account": Account}
    assert claimed([["__main__", "Own"], ["__main__", "Account"]], locked.get) is Account


def no_class(name):
    """There are no locked cells."""
    import sys

    assert "antigravity" not in sys.modules


def test_what_is_said_of_classes_is_read_only_where_it_is_two_names():
    assert list(pairs_in([["a", "b"], ["a"], 3, ["a", 1], ["c", "d"]])) == [("a", "b"), ("c", "d")]


def test_a_module_says_which_it_is(they):
    assert module_of(they.statistics) == "statistics"
    assert module_of(they.liar) is None
    assert module_of(3) is None


ITEMS = """
class Items:
    def __init__(self, *rounds): self.rounds, self.length = list(rounds), 3
    def __len__(self): return self.length
    def __iter__(self): return iter(range(self.rounds.pop(0)))
    def add(self): self.length += 1
class Unsized:
    def __init__(self, *rounds): self.rounds = list(rounds)
    def __iter__(self): return iter(range(self.rounds.pop(0)))
    def __len__(self): raise TypeError("no length")
def numbers(): yield from range(3)
def nothing(x): return x
"""


@pytest.fixture(scope="module")
def items():
    with student(ITEMS) as items:
        yield items


@pytest.mark.parametrize("rounds", [(0,), (2,), (4,), (3, 0)])
def test_a_loop_has_to_agree_with_the_length_and_with_the_loop_before(items, rounds):
    out = items.Items(*rounds)
    assert len(out) == 3
    with pytest.raises(ProxyError, match="give"):
        [one for _ in rounds for one in out]


def test_a_length_after_a_loop_has_to_agree_with_it(items):
    out = items.Items(2)
    assert [one for one in out] == [0, 1]  # noqa: C416 (`list` asks for the length)
    with pytest.raises(ProxyError, match="`len` of your object is 3"):
        len(out)


def test_two_loops_over_an_object_without_a_length_have_to_agree(items):
    out = items.Unsized(3, 3, 2)
    for _ in range(2):
        assert sum(1 for _ in out) == 3
    with pytest.raises(ProxyError, match="gave 3 items, and the next loop 2"):
        sum(1 for _ in out)


def test_a_length_that_is_said_again_after_a_call_has_to_agree(items):
    out = items.Items(2)
    assert len(out) == 3
    items.nothing(1)
    with pytest.raises(ProxyError, match="`len` of your object is 3"):
        sum(1 for _ in out)


def test_honest_objects_may_change_by_calls_and_be_left_early(items):
    out = items.Items(3, 4, 4)
    assert len(list(out)) == 3
    out.add()
    assert len(list(out)) == 4
    assert next(iter(out)) == 0
    once = items.numbers()
    assert [list(once), list(once)] == [[0, 1, 2], []]


KINDS = """
import collections.abc
class Bag:
    pass
class Unhashable:
    def __eq__(self, other): return True
class Full:
    def __init__(self): self.v = [1]
    def __iter__(self): return iter(self.v)
    def __next__(self): return 1
    def __len__(self): return 1
    def __contains__(self, x): return x in self.v
    def __call__(self): return 1
    def __getitem__(self, i): return self.v[i]
    def __enter__(self): return self
    def __exit__(self, *e): pass
    def __add__(self, o): return self
    def __float__(self): return 1.0
    def __bool__(self): return True
class Heir(Full):
    __len__ = None
class Indexed:
    def __len__(self): return 4
    def __getitem__(self, place): return [0, 1][place]
bag, unhashable, full, heir, indexed = Bag(), Unhashable(), Full(), Heir(), Indexed()
def function(a, b=1):
    "It adds."
def generator(): yield 1
generated = generator()
"""
ABSTRACT = ("Callable", "Container", "Hashable", "Iterable", "Iterator", "Sized", "Collection")
SPECIAL = (
    *("call", "len", "iter", "next", "contains", "getitem", "setitem", "delitem", "enter", "exit"),
    *("add", "radd", "iadd", "mul", "neg", "float", "int", "index", "bool", "lt", "eq", "hash"),
    *("instancecheck", "subclasscheck", "round", "abs"),
)
THINGS = ("bag", "unhashable", "full", "heir", "indexed", "function", "generated", "Bag", "Full")


@pytest.fixture(scope="module")
def kinds():
    with student(KINDS) as kinds:
        yield kinds


@pytest.fixture(scope="module")
def here():
    names = {"__name__": "__main__"}
    exec(KINDS, names)
    return names


@pytest.mark.parametrize("name", THINGS)
def test_a_proxy_can_do_what_its_object_can_do(kinds, here, name):
    proxy, thing = getattr(kinds, name), here[name]
    assert is_proxy(proxy)
    assert callable(proxy) == callable(thing)
    for one in ABSTRACT:
        kind = getattr(collections.abc, one)
        assert isinstance(proxy, kind) == isinstance(thing, kind), one
    assert isinstance(proxy, contextlib.AbstractContextManager) == isinstance(
        thing, contextlib.AbstractContextManager
    )
    for one in SPECIAL:
        has = getattr(thing, f"__{one}__", None) is not None
        assert (getattr(proxy, f"__{one}__", None) is not None) == has, one


PLAIN_REFUSED = {
    "call": lambda h: h(),
    "len": len,
    "loop": list,
    "next": next,
    "item": lambda h: h[0],
    "in": lambda h: 1 in h,
    "with": lambda h: h.__enter__,
    "isinstance": lambda h: isinstance(1, h),
    "issubclass": lambda h: issubclass(int, h),
}


NOTHING = [
    *[use for name, use in REFUSED.items() if name not in ("in a set",)],
    *[use for name, use in BENT.items() if name != "sum with the opposite"],
    *[use for name, (use, _) in WORD.items() if name not in ("truth", "equal to another", "hash")],
    *PLAIN_REFUSED.values(),
]


@pytest.mark.parametrize("use", NOTHING)
def test_a_proxy_of_an_object_that_can_do_nothing_is_good_for_nothing(kinds, use):
    with pytest.raises((TypeError, AttributeError)):
        use(kinds.bag)


def test_an_object_that_says_nothing_of_its_truth_is_true(kinds):
    assert kinds.bag
    assert kinds.indexed  # it has a length


def test_a_method_of_a_class_is_the_student_s_function(kinds):
    assert kinds.Full.__len__(kinds.full) == 1
    assert kinds.Full.__add__(kinds.full, 2) is kinds.full


def test_an_unhashable_object_is_no_key(kinds):
    with pytest.raises(TypeError, match="unhashable"):
        hash(kinds.unhashable)


def test_an_object_without_a_loop_is_held_against_its_length_as_well(kinds):
    with pytest.raises(ProxyError, match="`len` of your object is 4, but it has no item 2"):
        list(zip(kinds.indexed, [0, 1, 4, 9], strict=False))
    assert kinds.indexed[-1] == 1
    with pytest.raises(IndexError):
        kinds.indexed[7]


def test_a_function_keeps_its_name_and_its_words(kinds):
    assert kinds.function.__name__ == "function"
    assert kinds.function.__doc__ == "It adds."
    assert type(kinds.bag) is not type(kinds.full)
    assert type(kinds.bag) is type(kinds.bag)


def test_a_proxy_is_no_value_of_a_library_s_whatever_its_bases_are(monkeypatch):
    def never(*_):
        raise AssertionError("a proxy was taken apart")

    import numbers

    source = "import numbers\nclass N(numbers.Number): __hash__ = None\nn = N()\nN.m = n\n"
    with student(source + "def f(x): return x is n") as they:
        monkeypatch.setitem(PUT, numbers.Number, never)  # in this process only
        assert isinstance(they.n, numbers.Number)
        assert they.f(they.n)


RIGHT = {"number": 1, "module": "m", "qualname": "A", "bases": [], "names": [], "none": []}
RIGHT |= {"meta": [], "kinds": []}


@pytest.mark.parametrize("key", ["number", "module", "qualname", "bases", "names", "none", "meta"])
@pytest.mark.parametrize("said", [None, 1.0, [1.5], {"a": 1}])
def test_what_is_said_of_a_class_has_a_form(key, said):
    assert Row(RIGHT).name == "A"
    with pytest.raises(WireError, match="of which nothing is said"):
        Row({**RIGHT, key: said})


def test_there_are_not_more_classes_than_a_notebook_has_objects(monkeypatch):
    monkeypatch.setattr(proxy_classes, "CLASSES", 20)
    source = "things = [type(f'C{n}', (), {})() for n in range(30)]"
    with student(source) as they, pytest.raises(WireError, match="too many kinds"):
        they.things  # noqa: B018
