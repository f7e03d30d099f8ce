# %% locked setup
import math
import numpy as np
from collections import deque

LIMIT = 10
numbers = [4, 2]
grid = np.zeros((2, 3))
prices = {"tea": 2.0, "milk": 1.0}
level = 5
names = ["c", "a", "b"]
seen = set()
queue = deque([1, 2, 3])
count = 0
matrix = np.arange(6.0).reshape(2, 3)


class Shape:
    made = []

    def __init__(self, name):
        self.name = name
        Shape.made.append(name)

    def area(self):
        raise NotImplementedError

    def describe(self):
        return f"{self.name}: {self.area()}"


class Register:
    entries = {}

    @classmethod
    def add(cls, function):
        cls.entries[function.__name__] = function
        return function


def is_close(a, b, tolerance=1e-9):
    return abs(a - b) <= tolerance


def apply_twice(function, value):
    return function(function(value))


account = {"owner": "Ada", "history": []}
# %% answer changes
numbers.append(7)
numbers.sort()
grid[0, 1] = 3.5
prices["honey"] = 6.5
del prices["milk"]
level += 1
names = sorted(names)
seen.add("x")
queue.rotate(1)
doubled = [2 * n for n in numbers]
transposed = matrix.T
inner = matrix @ np.ones(3)


class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side

    def area(self):
        return self.side**2


@Register.add
def triple(x):
    return 3 * x


def bump():
    global count
    count += 1
    return count


def deposit(amount):
    account["history"].append(amount)
    return sum(account["history"])


def capped(x):
    return min(x, LIMIT)


def hypotenuse(a, b):
    return math.hypot(a, b)


# %% test appended
assert numbers == [2, 4, 7]
# %% test array_changed
assert grid[0, 1] == 3.5 and grid.sum() == 3.5
# %% test keys_changed
assert prices == {"tea": 2.0, "honey": 6.5}
# %% test number_changed
assert level == 6
# %% test rebound
assert names == ["a", "b", "c"]
# %% test set_changed
assert seen == {"x"} and "x" in seen
# %% test rotated
assert list(queue) == [3, 1, 2]
# %% test derived
assert doubled == [4, 8, 14] and doubled == [2 * n for n in numbers]
# %% test transposed_shape
assert transposed.shape == (3, 2) and np.array_equal(transposed, matrix.T)
# %% test inner_product
assert np.allclose(inner, [3, 12])
# %% test inherits
assert issubclass(Square, Shape)
# %% test area
assert Square(3).area() == 9
# %% test base_method
assert Square(4).describe() == "square: 16"
# %% test instance
assert isinstance(Square(1), Shape)
# %% test class_state
before = len(Shape.made)
Square(2)
assert len(Shape.made) == before + 1 and Shape.made[-1] == "square"
# %% test registered
assert "triple" in Register.entries and Register.entries["triple"](2) == 6
# %% test global_count
before = count
bump()
assert count == before + 1
# %% test nested_state
deposit(5)
assert account["history"][-1] == 5 and account["owner"] == "Ada"
# %% test constant
assert capped(50) == LIMIT and capped(3) == 3
# %% test instructor_function
assert is_close(hypotenuse(3, 4), 5)
# %% test instructor_takes_function
assert apply_twice(triple, 2) == 18
# %% test import_used
assert math.isclose(hypotenuse(1, 1), math.sqrt(2))
# %% wrong none changes
names = names
doubled = []
transposed = matrix
inner = 0


class Square:
    def __init__(self, side):
        self.side = side

    def area(self):
        return 9


def triple(x):
    return 3 * x


def bump():
    pass


def deposit(amount):
    return amount


def capped(x):
    return x


def hypotenuse(a, b):
    return 5


# %% wrong cheats changes
numbers = [2, 4]
LIMIT = 50


def is_close(*_):
    return True


def apply_twice(*_):
    return 18


doubled = numbers
transposed = np.zeros((3, 2))
inner = np.zeros(2)


class Square(Shape):
    def __init__(self, side):
        self.name = "square"

    def area(self):
        return 16


def triple(x):
    return 18


def bump():
    return 1


def deposit(amount):
    return account


def capped(x):
    return 50


def hypotenuse(a, b):
    return 1
