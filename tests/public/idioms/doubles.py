# %% plain
import random
import time
from unittest.mock import ANY, MagicMock, Mock, call, patch, sentinel


# %% answer cubes
def cubes(n):
    return [i**3 for i in range(1, n + 1)]


def rate():
    return 0.05


# %% answer uses
def total(n):
    return sum(cubes(n))


def grow(amount):
    return amount * (1 + rate())


def greet(name):
    print("Good morning", name)


def ask(question="How many? "):
    return int(input(question)) + 1


def read_first(path):
    with open(path) as file:
        return file.readline().strip()


def roll():
    return random.randint(1, 6)


def wait_twice():
    time.sleep(0.5)
    time.sleep(1)


def smallest(a, b):
    return a if a <= b else b


def notify(sender, names):
    for name in names:
        sender.send(name, text=f"Hello {name}")
    return sender.count


def apply(function, values):
    return [function(v) for v in values]


class Robot:
    def step(self):
        return "step"

    def walk(self, n):
        return [self.step() for _ in range(n)]


# %% test cube_list
assert cubes(3) == [1, 8, 27]
# %% test total_value
assert total(3) == 36
# %% test deleted
kept = cubes
del cubes
try:
    total(2)
except NameError:
    pass
else:
    raise AssertionError("total does not use cubes")
finally:
    cubes = kept
# %% test back_again
assert total(2) == 9
# %% test patched_name
with patch("__main__.cubes", return_value=[10, 20]) as fake:
    assert total(7) == 30
fake.assert_called_once_with(7)
# %% test replaced
old = rate
rate = lambda: 1.0
try:
    assert grow(10) == 20
finally:
    rate = old
# %% test printed
with patch("builtins.print") as shown:
    greet("Ada")
shown.assert_called_once_with("Good morning", "Ada")
# %% test typed
with patch("builtins.input", return_value="41") as typed:
    assert ask() == 42
typed.assert_called_once()
# %% test typed_several
with patch("builtins.input", side_effect=["1", "2"]):
    assert [ask(), ask()] == [2, 3]
# %% test opened
from unittest.mock import mock_open

with patch("__main__.open", mock_open(read_data="first\nsecond\n"), create=True) as opened:
    assert read_first("any.txt") == "first"
opened.assert_called_once_with("any.txt")
# %% test rolled
with patch("random.randint", return_value=4) as dice:
    assert roll() == 4
dice.assert_called_once_with(1, 6)
# %% test slept
with patch("time.sleep") as sleep:
    wait_twice()
assert sleep.call_args_list == [call(0.5), call(1)]
# %% test without_min
with patch("builtins.min") as forbidden:
    assert smallest(3, 2) == 2
forbidden.assert_not_called()
# %% test after_the_patch
assert smallest(1, 2) == 1 and cubes(2) == [1, 8]
# %% test mock_given
sender = Mock(count=2)
assert notify(sender, ["a", "b"]) == 2
sender.send.assert_any_call("b", text="Hello b")
assert sender.send.call_count == 2
# %% test order_of_calls
sender = MagicMock()
notify(sender, ["x", "y"])
assert [one.args[0] for one in sender.send.call_args_list] == ["x", "y"]
# %% test spy
spy = Mock(side_effect=lambda v: v + 1)
assert apply(spy, [1, 2]) == [2, 3]
spy.assert_has_calls([call(1), call(2)])
# %% test raises
broken = Mock(side_effect=RuntimeError("broken"))
try:
    apply(broken, [1])
except RuntimeError as error:
    assert str(error) == "broken"
else:
    raise AssertionError("no error")
# %% test patched_method
with patch.object(Robot, "step", return_value="hop"):
    assert Robot().walk(2) == ["hop", "hop"]
assert Robot().walk(1) == ["step"]
# %% test wrapped
real = cubes
with patch("__main__.cubes", wraps=real) as spy:
    assert total(2) == 9
assert spy.call_count == 1
# %% test dictionary
table = {"a": 1}
with patch.dict(table, {"a": 5}):
    assert apply(table.get, ["a"]) == [5]
assert table == {"a": 1}


# %% wrong inline cubes
def cubes(n):
    return [1, 8, 27]


rate = 0.05


# %% wrong inline uses
def total(n):
    return sum(i**3 for i in range(1, n + 1))


def grow(amount):
    return amount * 1.05


def greet(name):
    return f"Good morning {name}"


def ask(question=""):
    return 42


def read_first(path):
    return "first"


def roll():
    return 4


def wait_twice():
    pass


def smallest(a, b):
    return min(a, b)


def notify(sender, names):
    return 2


def apply(function, values):
    return values


class Robot:
    def step(self):
        return "step"

    def walk(self, n):
        return ["step"] * n
