# %% plain
import ast
import inspect
import types
import typing


# %% answer pieces
def area(width: float, height: float = 1.0, *, unit: str = "m") -> float:
    """Return the area of a rectangle.

    >>> area(2, 3)
    6
    """
    return width * height


def squares(n):
    return [i * i for i in range(n)]


def naturals():
    n = 0
    while True:
        yield n
        n += 1


def looped(n):
    total = 0
    for i in range(n):
        total += i
    return total


class Lamp:
    """Gives light."""

    power: int = 5

    def __init__(self, on: bool = False):
        self.on = on

    def switch(self, times=1):
        """Switch it."""
        if times % 2:
            self.on = not self.on
        return self.on

    @property
    def light(self):
        return self.power if self.on else 0

    @staticmethod
    def kinds():
        return ("desk", "floor")


smallest = lambda values: min(values)
alias: typing.TypeAlias = "list[int]"
# %% test signature
assert list(inspect.signature(area).parameters) == ["width", "height", "unit"]
# %% test default
assert inspect.signature(area).parameters["height"].default == 1.0
# %% test keyword_only
assert inspect.signature(area).parameters["unit"].kind is inspect.Parameter.KEYWORD_ONLY
# %% test annotations
assert area.__annotations__["return"] is float and typing.get_type_hints(area)["unit"] is str
# %% test documented
assert area.__doc__ and "rectangle" in inspect.getdoc(area)
# %% test named
assert (
    area.__name__ == "area"
    and Lamp.__name__ == "Lamp"
    and Lamp.switch.__qualname__ == "Lamp.switch"
)
# %% test doctest
import doctest

runner, found = (
    doctest.DocTestRunner(verbose=False),
    doctest.DocTestFinder().find(area, "area", globs={"area": area}),
)
assert found and runner.run(found[0]).failed == 0
# %% test source
assert "range(n)" in inspect.getsource(squares)
# %% test no_loop
tree = ast.parse(inspect.getsource(squares))
assert any(isinstance(node, ast.ListComp) for node in ast.walk(tree))
assert not any(isinstance(node, ast.For) for node in ast.walk(tree))
# %% test has_loop
assert any(isinstance(node, ast.For) for node in ast.walk(ast.parse(inspect.getsource(looped))))
# %% test generator_function
assert inspect.isgeneratorfunction(naturals) and isinstance(naturals(), types.GeneratorType)
# %% test is_function
assert inspect.isfunction(area) and isinstance(area, types.FunctionType) and callable(smallest)
# %% test is_class
assert inspect.isclass(Lamp) and isinstance(Lamp, type) and not inspect.isclass(area)
# %% test methods
own = [name for name, _ in inspect.getmembers(Lamp, inspect.isfunction)]
assert set(own) == {"__init__", "switch", "kinds"}
# %% test method_signature
assert str(inspect.signature(Lamp.switch)) == "(self, times=1)"
assert list(inspect.signature(Lamp).parameters) == ["on"]
# %% test bound
assert inspect.ismethod(Lamp().switch) and not inspect.ismethod(Lamp.switch)
# %% test class_dict
assert {"switch", "light", "kinds", "power"} <= set(Lamp.__dict__)
# %% test static
assert isinstance(inspect.getattr_static(Lamp, "kinds"), staticmethod)
# %% test in_dir
assert "light" in dir(Lamp()) and "dark" not in dir(Lamp)
# %% test init_source
assert "self.on = on" in inspect.getsource(Lamp.__init__)
# %% test class_annotations
assert Lamp.__annotations__ == {"power": int}
# %% test code_names
assert "min" in smallest.__code__.co_names and area.__code__.co_argcount == 2
# %% test no_imports
import sys

assert "range" in looped.__code__.co_names and looped.__defaults__ is None
# %% test called_by_name
assert globals()["area"](2, 3) == 6 and "area" in globals()
# %% test in_the_shell
shell = get_ipython()
assert "area" in shell.user_ns and shell.user_ns["area"](2, 3) == 6
assert "volume_of_a_cube" not in shell.user_ns
# %% test defined_at_all
for name in ("area", "Lamp"):
    assert name in dir(), f"define {name}"
assert {"squares", "looped"} <= set(globals())
# %% test not_imported
space = globals()
assert "numpy" not in space and "helper" not in space and callable(space.get("squares"))
# %% test getattr_called
lamp = Lamp()
assert getattr(lamp, "switch")() is True and lamp.light == 5
# %% test monkeypatched
Lamp.color = "red"
assert Lamp().color == "red"
# %% test method_replaced
kept = Lamp.switch
Lamp.switch = lambda self, times=1: "broken"
try:
    assert Lamp().switch() == "broken"
finally:
    Lamp.switch = kept
assert Lamp().switch() is True


# %% wrong bare pieces
def area(*sides):
    return sides[0] * sides[1]


def squares(n):
    out = []
    for i in range(n):
        out.append(i * i)
    return out


def naturals():
    return [0, 1, 2]


def looped(n):
    return sum(range(n))


class Lamp:
    on = False

    def switch(self, n=1):
        return True


def smallest(values):
    return sorted(values)[0]
