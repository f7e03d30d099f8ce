"""Imports a library when its first value crosses."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import Any

from autograder.wire.limits import WireError

#: What may be imported because a message holds a value of it.
LIBRARIES = frozenset(
    {
        *("numpy", "pandas", "sympy"),
        *("scipy.integrate", "scipy.optimize", "scipy.sparse", "scipy.stats"),
        *("sklearn.base", "sklearn.utils", "sklearn.cluster", "sklearn.compose"),
        *("sklearn.decomposition", "sklearn.discriminant_analysis", "sklearn.dummy"),
        *("sklearn.ensemble", "sklearn.feature_selection", "sklearn.impute"),
        *("sklearn.kernel_ridge", "sklearn.linear_model", "sklearn.model_selection"),
        *("sklearn.naive_bayes", "sklearn.neighbors", "sklearn.neural_network"),
        *("sklearn.pipeline", "sklearn.preprocessing", "sklearn.svm", "sklearn.tree"),
    }
)

#: Who decodes which kind of a library's, and the library.
READ: dict[str, tuple[str, Callable[[Any, list[Any], int], Any]]] = {}

_found: dict[str, types.SimpleNamespace] = {}


def library(name: str) -> Any:
    """Return what a library's module held when it was first asked for: a test may patch it later.

    Raises
    ------
    WireError
        If it is none of `LIBRARIES`, or not installed here.
    """
    if name not in _found:
        if name not in LIBRARIES:
            raise WireError(f"A value could not be read: {name} is no library whose values cross.")
        try:
            module = importlib.import_module(name)
        except ImportError:
            raise WireError(
                f"A value could not be read: {name} is not installed where the tests run."
            ) from None
        _found[name] = types.SimpleNamespace(**vars(module))
    return _found[name]


def reader(kind: str) -> Callable[[Any, list[Any], int], Any] | None:
    """Return who decodes a kind, once its library has been imported; None if nobody does."""
    if kind not in READ:
        return None
    name, read = READ[kind]
    library(name)
    return read


def made(make: Callable[[], Any]) -> Any:
    """Return what a library makes of parts that were checked.

    Raises
    ------
    WireError
        If it makes nothing of them: libraries have errors of their own.
    """
    try:
        return make()
    except Exception as error:
        raise WireError(f"A value could not be read: {str(error)[:200]}") from None
