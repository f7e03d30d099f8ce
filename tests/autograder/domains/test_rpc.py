import functools
import gc
import math
import os
import signal
import unittest

import numpy as np
import pytest

from autograder.domains.proxy import ProxyError, is_proxy
from autograder.domains.proxy_exceptions import StudentError
from autograder.domains.rpc import StudentGoneError
from autograder.wire import WireError
from tests.autograder.pair import student


class Thing:
    """Something that cannot be sent."""


def test_values_go_there_and_back_as_what_they_are():
    values = [
        *(
            1,
            -(10**30),
            1.5,
            -0.0,
            1j,
            True,
            None,
            "text \u00e9",
            b"bytes",
            range(3),
            slice(1, None),
        ),
        *([1, [2]], (1, (2,)), {"a": {1: 2}}, {1, 2}, frozenset({3}), bytearray(b"x"), ...),
        *(np.float32(0.1), np.int8(3), np.bool_(True), np.dtype("f4")),
    ]
    with student("def same(x): return x") as they:
        same = they.same
        for value in values:
            back = same(value)
            assert type(back) is type(value)
            assert back == value
        assert math.isnan(same(math.nan))
        for array in (np.eye(3, dtype="f4"), np.zeros((0, 3)), np.array(2.5), np.array(["a"])):
            back = same(array)
            assert back.dtype == array.dtype
            assert back.shape == array.shape
            assert np.array_equal(back, array)


def test_arguments_of_every_kind_arrive():
    source = "def f(a, /, b, *c, d=4, **e): return [a, b, c, d, e]"
    with student(source) as they:
        assert they.f(1, 2) == [1, 2, (), 4, {}]
        assert they.f(1, 2, 3, d=5, g=6) == [1, 2, (3,), 5, {"g": 6}]
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
            they.f(b=1)


def test_a_name_that_is_not_there_is_left_out():
    with student("x = 1") as they:
        assert they.link.ask("names", ["x", "y"]) == {"x": 1}


def test_the_same_object_is_the_same_proxy_as_long_as_it_is_held():
    source = """
    class Node:
        def __init__(self): self.me = self
    node = Node()
    def same(x): return x is node
    """
    with student(source) as they:
        node = they.node
        assert node.me is node
        assert they.node is node
        assert they.same(node) is True
        assert [one is node for one in (node.me, node.me.me)] == [True, True]
        assert len({node, node.me}) == 1


def test_a_proxy_inside_of_lists_and_dictionaries_is_the_object_itself_over_there():
    source = """
    class A: pass
    a = A()
    def check(things): return things["x"][0] is a and things["y"] == (a, 1)
    """
    with student(source) as they:
        assert they.check({"x": [they.a], "y": (they.a, 1)}) is True


def test_what_is_not_held_any_more_is_let_go_over_there():
    source = """
    import weakref
    class A: pass
    alive = weakref.WeakSet()
    def make():
        a = A()
        alive.add(a)
        return a
    def count(): return len(alive)
    """
    with student(source) as they:
        held = [they.make() for _ in range(10)]
        count = they.count
        assert count() == 10
        del held[3:]
        gc.collect()
        count()
        assert count() == 3


def test_an_object_that_comes_again_while_its_proxy_dies_stays_usable():
    """A function of the judge's gets it twice; the proxy of the first time is let go meanwhile."""
    source = """
    class A:
        x = 5
    a = A()
    def twice(f): return f(a) + f(a) + f(a)
    """
    with student(source) as they:
        assert they.twice(lambda a: a.x) == 15
        assert they.twice(lambda a: a.x + len(str(a))) > 15
        assert they.a.x == 5


def test_functions_of_the_judge_can_be_called_by_the_student_s_code():
    source = """
    def integrate(f, a, b, n): return sum(f(a + (b - a) * i / n) for i in range(n)) * (b - a) / n
    def twice(f): return lambda x: f(f(x))
    def kinds(f): return [callable(f), f.__name__]
    """
    with student(source) as they:
        assert (
            they.integrate(lambda x: x * x, 0, 1, 50) == sum((i / 50) ** 2 for i in range(50)) / 50
        )
        assert they.twice(lambda x: x + 1)(5) == 7
        assert they.twice(functools.partial(pow, 2))(3) == 256
        assert they.kinds(lambda: 1)[0] is True


def test_calls_nest_both_ways():
    source = """
    def down(f, n): return n if n == 0 else f(lambda k: down(f, k), n - 1) + 1
    """
    with student(source) as they:
        assert they.down(lambda back, n: back(n), 10) == 10


def test_too_deep_a_recursion_between_the_two_is_an_error():
    with student("def down(f): return f()") as they:
        down = they.down

        def again():
            return down(again)

        with pytest.raises(RecursionError, match="too deep"):
            down(again)
        assert down(lambda: 3) == 3


def test_a_function_of_the_judge_that_comes_back_is_the_function_itself():
    with student("def same(f): return f\nkept = []\ndef keep(f): kept.append(f)") as they:

        def function(x):
            return x

        assert they.same(function) is function
        they.keep(function)
        assert they.kept[0] is function


def test_the_same_function_can_be_given_any_number_of_times():
    with student("def call(f): return f()") as they:
        call = they.call

        def one():
            return 1

        for _ in range(50):
            assert call(one) == 1
        assert len(they.link._callbacks) == 1


def test_functions_that_can_be_imported_are_the_same_over_there():
    source = """
    import numpy as np, math
    def check(f, g, k, m): return [f is np.mean, g is math.sqrt, k is np.ndarray, m is np.linalg]
    """
    with student(source) as they:
        assert they.check(np.mean, math.sqrt, np.ndarray, np.linalg) == [True] * 4


def helper(x):
    return x + 1


class Kind:
    x = 5


def test_functions_and_classes_of_locked_cells_are_the_same_over_there():
    source = "def check(f, k): return [f is helper, k is Kind, f(1), k().x]"
    with student(source, {"helper": helper, "Kind": Kind}) as they:
        assert they.check(helper, Kind) == [True, True, 2, 5]


def test_what_cannot_be_sent_is_refused_with_its_name_and_nothing_is_lost():
    with student("def f(x): return 1") as they:
        with pytest.raises(WireError, match="Thing cannot be given to the student's code"):
            they.f(Thing())
        loop = []
        loop.append(loop)
        with pytest.raises(WireError, match="contains itself"):
            they.f(loop)
        assert they.f(1) == 1


RAISES = """
import numpy as np
def go(what):
    if what == "own":
        class Own(ValueError): pass
        raise Own("own words")
    if what == "linalg":
        np.linalg.inv(np.zeros((2, 2)))
    if what == "key":
        {}["k"]
    if what == "unicode":
        b"\\xff".decode()
    if what == "group":
        raise ExceptionGroup("several", [ValueError("a")])
    if what == "exit":
        raise SystemExit(3)
    if what == "interrupt":
        raise KeyboardInterrupt
    if what == "os":
        open("/no/such/file")
    if what == "odd":
        class Odd(Exception):
            def __str__(self): raise ValueError
        raise Odd
    if what == "generator":
        raise GeneratorExit("x")
    if what == "stop":
        raise StopIteration
    raise eval(what)
def guarded(f):
    try:
        return f()
    except ValueError as error:
        return ["caught", str(error), repr(error.args), type(error).__name__]
def cleaned(f, log):
    try:
        return f()
    finally:
        log.append("cleaned")
kept = []
def exhaust(items):
    try:
        while True:
            next(items)
    except StopIteration as error:
        kept.append(error)
def again(x): raise kept[0]
class Repeated:
    def __init__(self, items): self.items = items
    def __iter__(self): return self
    def __next__(self): return next(self.items)
def repeated(items): return Repeated(items)
"""


@pytest.mark.parametrize(
    ("what", "kind", "text"),
    [
        ("ValueError('bad')", ValueError, "bad"),
        ("AssertionError('no')", AssertionError, "no"),
        ("NotImplementedError", NotImplementedError, ""),
        ("IndexError()", IndexError, ""),
        ("ZeroDivisionError('x', 2)", ZeroDivisionError, "('x', 2)"),
        ("own", ValueError, "own words"),
        ("linalg", np.linalg.LinAlgError, "Singular matrix"),
        ("key", KeyError, "'k'"),
        ("unicode", UnicodeDecodeError, "'utf-8' codec can't decode byte 0xff in position 0: "),
        ("group", RuntimeError, "several (1 sub-exception)"),
        ("os", FileNotFoundError, "[Errno 2] No such file or directory: '/no/such/file'"),
        ("odd", Exception, ""),
        ("exit", RuntimeError, "3"),
        ("interrupt", RuntimeError, ""),
        ("generator", RuntimeError, "x"),
        ("stop", RuntimeError, ""),
    ],
)
def test_an_exception_of_the_student_s_code_is_raised_as_its_kind(what, kind, text):
    with student(RAISES) as they:
        go = they.go
        with pytest.raises(kind) as caught:
            go(what)
        assert isinstance(caught.value, StudentError)
        assert str(caught.value).startswith(text)
        own = {"own": "Own", "odd": "Odd"}  # a class of the student's
        assert type(caught.value).__name__ == own.get(what, kind.__name__)
        if kind not in (RuntimeError, Exception, AssertionError) and what != "own":
            assert type(caught.value) is kind
        with pytest.raises(TypeError):
            go()  # it goes on


#: What a unittest, pytest, Hypothesis or IPython takes for no failure, or an iterator for its end.
NO_FAILURES = [
    *("numpy.testing.SkipTest", "numpy.testing.KnownFailureException", "numpy.SkipTest"),
    *("unittest.case.SkipTest", "unittest.SkipTest", "unittest.case._ShouldStop", "__main__.Skip"),
    *("_pytest.outcomes.Skipped", "hypothesis.errors.UnsatisfiedAssumption"),
    *("IPython.core.error.UsageError", "builtins.StopIteration", "builtins.StopAsyncIteration"),
    *("builtins.GeneratorExit", "builtins.KeyboardInterrupt", "builtins.SystemExit"),
]
NAMED = """
def call(place):
    module, _, name = place.rpartition(".")
    raise type(name, (Exception,), {"__module__": module})("later")
kept = []
def keep(f):
    try:
        f()
    except Exception as error:
        kept.append(error)
def again(): raise kept[0]
"""


class Skip(unittest.SkipTest):
    """What a locked cell may define, for its own use."""


@pytest.mark.parametrize("place", NO_FAILURES)
def test_an_exception_that_is_named_like_a_skip_is_an_error(place):
    class Case(unittest.TestCase):
        def test(self):
            call(place)

    with student(NAMED, {"Skip": Skip}) as they:
        they.link.class_named = {"Skip": Skip}.get
        call = they.call
        result = unittest.TestResult()
        Case("test").run(result)
        ((_, told),) = result.errors
        assert "later" in told
        assert not result.skipped
        assert not result.wasSuccessful()


def test_a_skip_of_the_test_s_own_is_an_error_when_the_student_s_code_raises_it():
    def skips():
        raise unittest.SkipTest("for a reason of the test's own")

    with student(NAMED) as they:
        they.keep(skips)
        with pytest.raises(RuntimeError, match="SkipTest was raised"):
            they.again()


def test_an_exception_of_the_judge_s_function_passes_through_the_student_s_code_unchanged():
    secret = AssertionError("the expected value is 7919")

    def fails():
        raise secret

    with student(RAISES) as they:
        with pytest.raises(AssertionError) as caught:
            they.guarded(fails)
        assert caught.value is secret
        log = []
        with pytest.raises(AssertionError) as caught:
            they.cleaned(fails, log)
        assert caught.value is secret


def test_the_end_of_the_judge_s_iterator_ends_no_loop_of_the_judge_s_own():
    # A student's code keeps the exception and raises it where a test loops over its answers.
    with student(RAISES) as they:
        they.exhaust(iter([1]))
        with pytest.raises(RuntimeError, match="StopIteration was raised"):
            all(map(they.again, (3, 4)))
        assert [*they.repeated(iter([1, 2]))] == [1, 2]


def test_the_student_s_code_can_catch_the_kind_and_reads_no_words():
    def fails():
        raise ValueError("the expected value is 7919")

    with student(RAISES) as they:
        assert they.guarded(fails) == ["caught", "", "()", "ValueError"]


def test_an_exception_of_a_class_of_the_judge_s_is_known_by_its_nearest_builtin():
    class OutsideError(ValueError):
        pass

    def fails():
        raise OutsideError("x")

    with student(RAISES) as they:
        assert they.guarded(fails)[0] == "caught"


CHANGES = """
import numpy as np
def sort(x): x.sort()
def nest(x): x["a"][0].append(5); x["b"] = {1}
def scale(x): x *= 2
def first(x): x[0] = 99
def both(x):
    x[0] = 99
    return 1
def swap(a, b): a[:], b[:] = b[:], a[:]
def grow(x): x.extend(range(3))
def none(x): return None
def same(x): return x
def halves(x): return [x, x]
def draw(rng, n): return rng.normal(size=n)
def resize(x): x.resize((5,), refcheck=False)
"""


def test_what_a_function_does_to_its_arguments_is_done_to_the_judge_s():
    with student(CHANGES) as they:
        values = [3, 1, 2]
        assert they.sort(values) is None
        assert values == [1, 2, 3]
        array = np.array([3.0, 1.0])
        they.sort(array)
        assert array.tolist() == [1.0, 3.0]
        inner = [1]
        nested = {"a": [inner], "b": 0}
        they.nest(nested)
        assert nested == {"a": [[1, 5]], "b": {1}}
        assert nested["a"][0] is inner
        a, b = [1], [2, 3]
        they.swap(a, b)
        assert (a, b) == ([2, 3], [1])
        they.grow(values)
        assert values == [1, 2, 3, 0, 1, 2]


def test_a_view_s_change_is_seen_in_the_array_that_it_is_a_part_of():
    with student(CHANGES) as they:
        whole = np.arange(6.0).reshape(2, 3)
        they.scale(whole[:, 1])
        assert whole.tolist() == [[0, 2, 2], [3, 8, 5]]


def test_an_array_that_cannot_be_written_to_cannot_be_changed_there():
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    with student(CHANGES) as they, pytest.raises(ValueError, match="read-only"):
        they.first(frozen)
    assert frozen.tolist() == [0, 1, 2]


def test_a_function_that_returns_something_has_no_say_in_what_its_arguments_become():
    with student(CHANGES) as they:
        array, values = np.arange(3.0), [1, 2]
        view = array[1:]
        assert they.both(array) == 1
        assert they.link.changed
        with pytest.raises(ProxyError, match="changed an array"):
            array.sum()
        with pytest.raises(ProxyError, match="changed an array"):
            they.same(array)
        with pytest.raises(ProxyError, match="changed an array"):
            view.sum()
        assert they.both(values) == 1
        with pytest.raises(ProxyError, match="changed a list"):
            _ = values[0] == 99
        with pytest.raises(ProxyError, match="changed a list"):
            they.same({"a": [values]})


def test_what_a_function_was_not_given_can_be_used_on():
    with student(CHANGES) as they:
        rows = np.arange(6.0).reshape(3, 2)
        for number, row in enumerate(rows):
            assert row.tolist() == [2 * number, 2 * number + 1]
            assert they.both(row) == 1
        halves = np.arange(6.0)
        for start in (0, 2, 4):
            assert halves[start] == start
            assert they.both(halves[start : start + 2]) == 1
        nested = [[1], [2]]
        assert they.both(nested[0]) == 1
        assert nested[1] == [2]
        assert len(nested) == 2


def test_what_a_function_gives_back_of_what_it_was_given_is_that_itself():
    source = """
    def same(x): return x
    def inner(x): return x["a"]
    def normalise(x):
        x -= x.mean()
        return x
    def append(x):
        x["a"].append(1)
        return x
    """
    with student(source) as they:
        for value in ([1, [2]], {"a": 1}, {1}, np.arange(3.0), bytearray(b"x")):
            assert they.same(value) is value
            assert they.same((value, 1))[0] is value
        nested = {"a": [1], "b": 2}
        assert they.inner(nested) is nested["a"]
        array = np.array([1.0, 3.0])
        assert they.normalise(array).tolist() == [-1, 1]
        assert they.append(nested) == {"a": [1, 1], "b": 2}


def test_what_is_left_alone_is_left_alone():
    with student(CHANGES) as they:
        array, nan = np.arange(3.0), np.array([np.nan, -0.0])
        assert they.same(array) is not None
        assert they.none({"a": array, "b": [nan]}) is None
        assert array.tolist() == [0, 1, 2]
        assert np.signbit(nan[1])
        assert not they.link.changed


def test_two_references_to_one_value_are_one_over_there_and_back():
    with student(CHANGES + "def one(a, b): return a is b") as they:
        array = np.arange(3.0)
        assert they.one(array, array) is True
        first, second = they.halves([1])
        assert first is second


def test_a_generator_of_random_numbers_goes_on_where_the_student_s_code_left_it():
    with student(CHANGES) as they:
        mine, reference = np.random.default_rng(7), np.random.default_rng(7)
        for _ in range(3):
            assert np.array_equal(they.draw(mine, 3), reference.normal(size=3))
        assert mine.random() == reference.random()


ITERATES = """
class Numbers:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, i):
        if i >= self.n: raise IndexError(i)
        return i * i
    def __contains__(self, x): return x < 100
    def __iter__(self): return iter(range(self.n))
    def __reversed__(self): return iter([3, 2])
class Old:
    def __getitem__(self, i):
        if i >= 3: raise IndexError(i)
        return i
def count(n):
    for i in range(n): yield i
def fails():
    yield 1
    raise ValueError("half way")
class Door:
    log = []
    def __enter__(self): self.log.append("in"); return self
    def __exit__(self, *error): self.log.append("out" if error[0] is None else error[0].__name__)
class Huge:
    def __len__(self): return 10**30
class Liar:
    def __len__(self): return -5
    def __contains__(self, x): return "yes"
    def __str__(self): return "lies"
    __class__ = float
    def __array__(self, *a, **k):
        import numpy as np
        return np.ones(3)
    __array_interface__ = {"shape": (1,), "typestr": "<f8", "data": (0, True), "version": 3}
    def __float__(self): return 1.0
    def __index__(self): return 1
    def __bool__(self): return True
    def __eq__(self, other): return True
    def __hash__(self): return 1
liar, huge = Liar(), Huge()
numbers = Numbers(4)
def total(items): return sum(items)
"""


def test_loops_over_a_student_s_object_end_where_they_would():
    with student(ITERATES) as they:
        numbers = they.numbers
        assert list(numbers) == [0, 1, 2, 3]
        assert len(numbers) == 4
        assert numbers[3] == 9
        assert 3 in numbers
        assert 5 not in numbers  # by what it gives, not by what it says of itself
        assert list(they.count(4)) == [0, 1, 2, 3]
        assert dict(zip("ab", they.count(4), strict=False)) == {"a": 0, "b": 1}
        assert list(they.Old()) == [0, 1, 2]
        steps = they.count(2)
        assert [next(steps), next(steps), next(steps, "end")] == [0, 1, "end"]
        with pytest.raises(StopIteration):
            next(steps)
        with pytest.raises(IndexError):
            numbers[4]


def test_an_iterator_that_fails_half_way_fails_here():
    with student(ITERATES) as they:
        steps = they.fails()
        assert next(steps) == 1
        with pytest.raises(ValueError, match="half way"):
            next(steps)


def test_iterators_of_the_judge_s_can_be_gone_through():
    with student(ITERATES) as they:
        assert they.total(i * i for i in range(4)) == 14
        assert they.total(map(abs, [-1, -2])) == 3


def test_a_student_s_context_manager_is_entered_and_left():
    with student(ITERATES) as they:
        door = they.Door()
        with door as inside:
            assert inside is door
        assert door.log == ["in", "out"]


def test_attributes_and_items_are_set_and_deleted_over_there():
    with student("class A: pass\na = A()\nd = {}\nclass L(dict): pass\nl = L()") as they:
        a = they.a
        a.x = [1]
        assert they.a.x == [1]
        del a.x
        with pytest.raises(AttributeError):
            _ = a.x
        assert not hasattr(a, "x")
        assert getattr(a, "x", 3) == 3


@pytest.mark.parametrize("name", ["huge", "liar"])
def test_a_length_that_is_none_is_an_error(name):
    with student(ITERATES) as they, pytest.raises((OverflowError, ValueError)):
        len(getattr(they, name))


def test_what_is_looked_for_in_an_object_is_never_told_to_it():
    source = """
    asked = []
    class Everything:
        def __contains__(self, x):
            asked.append(x)
            return True
    class Some(Everything):
        def __iter__(self): return iter([1, 2])
    everything, some = Everything(), Some()
    """
    with student(source) as they:
        assert 1 in they.some
        assert 3 not in they.some
        with pytest.raises(TypeError):
            3 in they.everything  # noqa: B015 -- it raises
        assert they.asked == []


def test_a_process_that_ends_in_a_call_is_gone_and_stays_gone():
    with student("import os\ndef die(): os._exit(3)\ndef f(): return 1") as they:
        die, f = they.die, they.f
        with pytest.raises(StudentGoneError):
            die()
        assert they.link.gone
        with pytest.raises(StudentGoneError):
            f()


def test_a_process_that_was_killed_between_calls_is_gone():
    with student("def f(): return 1") as they:
        f = they.f
        assert f() == 1
        os.kill(they.pid, signal.SIGKILL)
        with pytest.raises(StudentGoneError):
            f()


def test_a_proxy_on_a_process_that_ended_means_nothing_to_another():
    with student("class A: pass\na = A()") as first, student("def f(x): return x") as second:
        thing, f = first.a, second.f
        with pytest.raises(WireError, match="has ended"):
            f(thing)


def test_what_is_printed_in_a_call_is_told():
    with student("def f(): print('hello'); return 1") as they:
        said = []
        they.link.said = said.append
        assert they.f() == 1
        assert said == ["hello\n"]


def test_a_flood_of_text_in_a_call_ends_somewhere():
    with student("def f(): print('x' * 1_000_000)") as they:
        said = []
        they.link.said = said.append
        they.f()
        assert 0 < len("".join(said)) <= 10_000


def test_input_in_a_call_is_an_error_at_once():
    with student("def f(): return input('?')") as they, pytest.raises(EOFError, match="input"):
        they.f()


def test_classes_of_the_student_s_know_their_instances():
    source = """
    class A: pass
    class B(A): pass
    """
    with student(source) as they:
        a, b = they.A(), they.B()
        assert isinstance(b, they.A)
        assert not isinstance(a, they.B)
        assert issubclass(they.B, they.A)
        assert not isinstance(3, they.A)


def test_keyword_and_positional_proxies_are_one():
    with student("def f(a, b): return a is b\ndef g(): return 1") as they:
        g = they.g
        assert they.f(g, b=g) is True
        assert is_proxy(g)
