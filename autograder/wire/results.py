"""Carries what SciPy's functions return: dictionaries and tuples that have attributes."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from autograder.wire.classes import class_at, is_a, place_of
from autograder.wire.codec import GET, LATER, In, Out, Put, learn
from autograder.wire.libraries import library
from autograder.wire.limits import check_names
from autograder.wire.plain import dict_of, flat
from autograder.wire.tuples import names_of

#: Where the classes of results are, and what is imported for one of them.
HOMES = {
    "scipy.optimize.": "scipy.optimize",
    "scipy.integrate.": "scipy.integrate",
    "scipy.stats.": "scipy.stats",
    "sklearn.utils.": "sklearn.utils",
}


def _home(module: Any) -> str | None:
    if type(module) is not str:
        return None
    return next((home for start, home in HOMES.items() if module.startswith(start)), None)


def _class(module: Any, name: Any) -> type | None:
    """Return a class of results, once its library has been imported."""
    home = _home(module)
    if home is None:
        raise ValueError("it is of no known class")
    library(home)
    learn()
    return class_at(module, name)


def put_result(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a dictionary whose items are attributes."""
    place = next((at for kind in type(value).__mro__ if (at := _place(kind))), None)
    if place is None or not all(type(name) is str for name in value):
        return out.refer(value)
    check_names(value)
    if (again := out.again(value)) is not None:
        return again
    return out.done(value, ["result", *place, *out.items("", flat(value), depth)[1:]])


def _place(kind: type) -> tuple[str, str] | None:
    return place_of(kind) if _home(kind.__module__) and dict in kind.__mro__ else None


def _get_result(inn: In, tree: list[Any], depth: int) -> Any:
    _, module, name, *rest = tree
    kind: Any = _class(module, name)
    if not is_a(kind, dict) or not any(is_a(kind, base) for base in _results):
        raise ValueError("it is of no known class")
    number = inn.begin()
    found = dict_of(inn.items(["", *rest], depth))
    if not all(type(key) is str for key in found):
        raise TypeError("attributes have names")
    check_names(found)
    value = kind.__new__(kind)
    dict.update(value, found)
    return inn.done(number, value)


def put_statistic(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a statistic: a named tuple, with some more attributes."""
    place, names = place_of(type(value)), names_of(type(value))
    items = [*tuple.__iter__(value)]
    if place is None or len(names) != len(items) + 1:
        return out.items("tuple", items, depth)
    more = {name: one for name, one in vars(value).items() if type(one) is not ModuleType}
    return ["statistic", *place, *out.items("", [more, *items], depth)[1:]]


def _get_statistic(inn: In, tree: list[Any], depth: int) -> Any:
    _, module, name, *rest = tree
    kind: Any = _class(module, name)
    if not is_a(kind, tuple) or len(names_of(kind)) != len(rest):
        raise ValueError("a statistic has other fields")
    more, *items = inn.items(["", *rest], depth)
    if type(more) is not dict or not all(type(key) is str for key in more):
        raise TypeError("attributes have names")
    check_names(more)
    value = tuple.__new__(kind, items)
    vars(value).update(more)
    return value


_results: list[type] = []


def _bases(kind: type) -> dict[type, Put]:
    _results.append(kind)
    return {kind: put_result}


def _statistics(stats: ModuleType) -> dict[type, Put]:
    kinds = [
        kind
        for name, module in vars(stats).items()
        if type(module) is ModuleType and name.startswith("_")
        for kind in vars(module).values()
        if isinstance(kind, type) and tuple in kind.__mro__ and _home(kind.__module__)
    ]
    return dict.fromkeys([kind for kind in kinds if "__dict__" in dir(kind)], put_statistic)


LATER["scipy.optimize"] = lambda optimize: _bases(optimize.OptimizeResult)
LATER["sklearn.utils"] = lambda utils: _bases(utils.Bunch)
LATER["scipy.stats"] = _statistics
GET.update({"result": _get_result, "statistic": _get_statistic})
