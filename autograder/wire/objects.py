"""Carries arrays of objects, polynomials, and distributions with their parameters."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

from autograder.wire.codec import GET, LATER, In, Out, Put, imported
from autograder.wire.libraries import READ, library, made
from autograder.wire.limits import MAX_NODES

_MAX_RANK = 32
#: NumPy's classes of polynomials, each a series of other functions.
SERIES = ("Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre")


def put_objects(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an array of objects: whatever is no plain data in it is a proxy."""
    if (again := out.again(value)) is not None:
        return again
    base = imported("numpy").ndarray
    shape = [*base.shape.__get__(value)]
    items = base.tolist(base.reshape(value, -1))
    tree = out.items("", items, depth)
    return out.done(value, ["objects", shape, *tree[1:]])


def _get_objects(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, shape, *rest = tree
    if type(shape) is not list or len(shape) > _MAX_RANK:
        raise ValueError("an array has a shape")
    if not all(type(side) is int and 0 <= side <= MAX_NODES for side in shape):
        raise ValueError("an array has whole numbers for a shape")
    if math.prod(max(side, 1) for side in shape) > MAX_NODES or math.prod(shape) != len(rest):
        raise ValueError("an array has as many elements as its shape says")
    array = imported("numpy").empty(len(rest), object)
    for place, item in enumerate(inn.items(["", *rest], depth)):
        array[place] = item  # a slice would look into items that are lists
    return inn.done(number, array.reshape(shape))


def _put_poly(out: Out, value: Any, depth: int) -> Any:
    return out.items("poly1d", [value.coeffs, value.variable], depth)


def _get_poly(inn: In, tree: list[Any], depth: int) -> Any:
    coefficients, name = inn.items(tree, depth)
    if type(name) is not str or not name.isidentifier():
        raise ValueError("a polynomial has a variable")
    numbers = _numbers(coefficients)
    return made(lambda: imported("numpy").poly1d(numbers, variable=name))


def _numbers(array: Any) -> Any:
    plain = type(array) is imported("numpy").ndarray and array.ndim == 1
    if not plain or array.dtype.kind not in "iufc":
        raise ValueError("a polynomial is of numbers")
    return array


def _put_series(out: Out, value: Any, depth: int) -> Any:
    name = next(base.__name__ for base in type(value).__mro__ if base.__name__ in SERIES)
    parts = [name, value.coef, value.domain, value.window, value.symbol]
    return out.items("series of powers", parts, depth)


def _get_series(inn: In, tree: list[Any], depth: int) -> Any:
    name, coefficients, domain, window, symbol = inn.items(tree, depth)
    if name not in SERIES or type(symbol) is not str or not symbol.isidentifier():
        raise ValueError("it is no known series")
    parts = [_numbers(part) for part in (coefficients, domain, window)]
    kind = getattr(imported("numpy").polynomial, name)
    return made(lambda: kind(*parts, symbol=symbol))


def _put_distribution(out: Out, value: Any, depth: int) -> Any:
    name = getattr(value.dist, "name", None)
    known = vars(library("scipy.stats")).get(name) if type(name) is str else None
    if known is None or type(known) is not type(value.dist):
        return out.refer(value)
    return out.items("distribution", [name, [*value.args], dict(value.kwds)], depth)


def _get_distribution(inn: In, tree: list[Any], depth: int) -> Any:
    np, stats = imported("numpy"), library("scipy.stats")
    name, args, kwargs = inn.items(tree, depth)
    known = vars(stats).get(name) if type(name) is str else None
    if not isinstance(known, (stats.rv_continuous, stats.rv_discrete)):
        raise ValueError("it is no known distribution")
    if type(args) is not list or type(kwargs) is not dict:
        raise TypeError("a distribution has parameters")
    given = [*args, *kwargs.values()]
    if not all(isinstance(one, (int, float, np.number, np.ndarray)) for one in given):
        raise TypeError("the parameters of a distribution are numbers")
    return made(lambda: known(*args, **kwargs))


def _numpy(np: ModuleType) -> dict[type, Put]:
    series = [getattr(np.polynomial, name) for name in SERIES]
    return {np.poly1d: _put_poly, **dict.fromkeys(series, _put_series)}


def _stats(stats: ModuleType) -> dict[type, Put]:
    frozen = {base for one in (stats.norm(), stats.poisson(1)) for base in type(one).__mro__[:-1]}
    return dict.fromkeys(frozen, _put_distribution)


LATER["numpy.polynomial"] = lambda _: _numpy(imported("numpy"))
LATER["scipy.stats.distributions"] = lambda _: _stats(imported("scipy.stats"))
READ["distribution"] = ("scipy.stats", _get_distribution)
GET.update({"objects": _get_objects, "poly1d": _get_poly, "series of powers": _get_series})
