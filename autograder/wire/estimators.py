"""Carries scikit-learn's own estimators: their parameters and, for some, what was fitted."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from autograder.wire.classes import class_at, is_a, place_of
from autograder.wire.codec import CHANGE, LATER, In, Out, Put
from autograder.wire.libraries import LIBRARIES, READ, library, made
from autograder.wire.limits import check_names

#: The packages of scikit-learn whose estimators are carried.
PACKAGES = {name for name in LIBRARIES if name.startswith("sklearn.")} - {
    "sklearn.base",
    "sklearn.utils",
}
#: The estimators that are carried when they have been fitted. They compute with NumPy alone, which
#: checks each index; others hand what was fitted to C code that does not.
FITTED = frozenset(
    {
        *("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV"),
        *("ElasticNet", "ElasticNetCV", "LogisticRegression", "BayesianRidge"),
        *("HuberRegressor", "GaussianNB", "MultinomialNB", "BernoulliNB", "PCA", "StandardScaler"),
        *("MinMaxScaler", "MaxAbsScaler", "RobustScaler", "Normalizer", "SimpleImputer"),
        *("LinearDiscriminantAnalysis", "DummyClassifier", "DummyRegressor", "Pipeline"),
        *("TruncatedSVD", "Binarizer", "LabelEncoder"),
    }
)
#: What some of them keep of their fitting besides, under private names.
_PRIVATE = frozenset({"_strategy", "_fit_svd_solver", "_max_components", "_fit_dtype"}) | {
    *("_fill_dtype", "_n_features_out"),
}
_MAX_JOBS = (None, 1, -1)


def _package(module: Any) -> str | None:
    name = ".".join(module.split(".")[:2]) if type(module) is str else ""
    return name if name in PACKAGES else None


def _parameters(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value)._get_param_names()}


def _fitted(value: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    made_so = vars(type(value)(**parameters))  # a Lasso is made with a parameter of its base
    return {name: one for name, one in vars(value).items() if name not in made_so}


def _may_have(kind: type, parameters: Any, fitted: Any) -> bool:
    """Tell whether an estimator may have these parameters, and may have been fitted thus.

    A memory is none of them: it would read pickles from a directory that the student names.
    """
    if parameters.get("memory") is not None or parameters.get("n_jobs") not in _MAX_JOBS:
        return False
    if fitted and kind.__name__ not in FITTED:
        return False
    return all(name in _PRIVATE or (name.endswith("_") and name[0] != "_") for name in fitted)


def put_estimator(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an estimator; a proxy if it is not scikit-learn's own."""
    kind = type(value)
    place = place_of(kind) if _package(kind.__module__) else None
    try:
        parameters = _parameters(value)
    except AttributeError:  # without one of its parameters
        return out.refer(value)
    fitted = {} if place is None else _fitted(value, parameters)
    if place is None or not _may_have(kind, parameters, fitted):
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    parts = out.items("", [parameters, fitted], depth)[1:]
    return out.done(value, ["estimator", *place, *parts])


def _get_estimator(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, module, name, *parts = tree
    package = _package(module)
    if package is None:
        raise ValueError("it is none of scikit-learn's estimators")
    library(package)
    kind: Any = class_at(module, name)
    if not is_a(kind, library("sklearn.base").BaseEstimator):
        raise ValueError("it is none of scikit-learn's estimators")
    parameters, fitted = (inn.get(part, depth) for part in parts)
    if type(parameters) is not dict or type(fitted) is not dict:
        raise TypeError("an estimator has parameters")
    if not all(type(key) is str for key in (*parameters, *fitted)):
        raise TypeError("parameters have names")
    check_names((*parameters, *fitted))
    if {*parameters} != {*kind._get_param_names()} or not _may_have(kind, parameters, fitted):
        raise ValueError("an estimator has other parameters")
    value = made(lambda: kind(**parameters))
    vars(value).update(fitted)
    return inn.done(number, value)


def _change(original: Any, new: Any) -> None:
    if type(original) is not type(new):
        raise TypeError("it became another")
    vars(original).clear()
    vars(original).update(vars(new))


def _sklearn(base: ModuleType) -> dict[type, Put]:
    return {base.BaseEstimator: put_estimator}


CHANGE[put_estimator] = _change
LATER["sklearn.base"] = _sklearn
READ["estimator"] = ("sklearn.base", _get_estimator)
