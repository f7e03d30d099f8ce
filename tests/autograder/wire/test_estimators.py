"""scikit-learn's own estimators arrive by their parameters; nothing of theirs is unpickled."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from autograder import wire
from autograder.wire import WireError
from tests.autograder.crossing import across, proxy, refuse

X = np.random.default_rng(0).random((20, 3))
Y = (X[:, 0] > 0.5).astype(int)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearRegression(),
        Lasso(0.1),
        LogisticRegression(C=2.0),
        GaussianNB(),
        make_pipeline(StandardScaler(), PCA(2), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_an_estimator_arrives_fitted_or_not(estimator):
    assert repr(across(estimator)) == repr(estimator)
    fitted = clone(estimator).fit(X, Y)
    arrived = across(fitted)
    assert type(arrived) is type(fitted)
    assert np.allclose(arrived.predict(X), fitted.predict(X))


@pytest.mark.parametrize("estimator", [DecisionTreeClassifier(max_depth=2), KNeighborsClassifier()])
def test_what_hands_its_fitting_to_c_code_arrives_only_before_it(estimator):
    assert repr(across(estimator)) == repr(estimator)
    assert "proxy" in across(clone(estimator).fit(X, Y), proxy, dict.copy)


def test_a_class_of_the_student_s_and_a_pipeline_with_a_memory_are_proxies():
    liar = type("Liar", (LinearRegression,), {"predict": lambda self, X: Y})
    remembering = make_pipeline(StandardScaler(), memory="cache")
    for estimator in (liar(), remembering, LogisticRegression(n_jobs=1000)):
        assert "proxy" in across(estimator, proxy, dict.copy)


def test_a_function_among_the_parameters_is_a_proxy():
    arrived = across(FunctionTransformer(print), proxy, dict.copy)
    assert arrived.func == {"proxy": "builtin_function_or_method"}


def test_an_estimator_is_fitted_in_place():
    original = LinearRegression()
    new = across(original).fit(X, Y)
    before = wire.content(original)
    wire.rewrite(original, across(new))
    assert np.allclose(original.coef_, new.coef_)
    assert wire.content(original) != before


PARTS, _ = wire.encode(LinearRegression(), refuse)
PARAMETERS = PARTS[3]


def linear(parameters=PARAMETERS, fitted=("dict",), name="LinearRegression"):
    return ["estimator", "sklearn.linear_model._base", name, parameters, [*fitted]]


@pytest.mark.parametrize(
    "tree",
    [
        linear(["dict"]),
        linear([*PARAMETERS, "more", 1]),
        linear(["list"]),
        linear(["dict", 1, 2]),
        linear(fitted=("list",)),
        linear(fitted=("dict", "predict", 1)),
        linear(fitted=("dict", "_coef_", 1)),
        linear(fitted=("dict", "__class__", 1)),
        linear(fitted=("dict", "__array_interface__", 1)),
        linear(fitted=("dict", "coef_", ["same", 0])),
        linear(["same", 0]),
        linear([part if part is not None else 10**6 for part in PARAMETERS]),  # as many jobs
        linear(name="make_dataset"),
        linear(name="LinearModel"),
        ["estimator", "sklearn.datasets._base", "load_files", ["dict"], ["dict"]],
        ["estimator", "sklearn.externals.array_api_extra", "x", ["dict"], ["dict"]],
        ["estimator", "os", "system", ["dict"], ["dict"]],
        ["estimator", "sklearn.tree._classes", "DecisionTreeClassifier", ["dict"], ["dict"]],
        ["estimator", "sklearn.tree._tree", "Tree", ["dict"], ["dict"]],
    ],
    ids=lambda tree: repr(tree)[-80:],
)
def test_a_forgery_is_refused(tree):
    with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
        wire.decode(tree, [], refuse)


def test_no_memory_comes_from_a_forger():
    tree, _ = wire.encode(make_pipeline(StandardScaler()), refuse)
    parameters = tree[3]
    parameters[parameters.index("memory") + 1] = "/tmp/cache"
    with pytest.raises(WireError, match="other parameters"):
        wire.decode(tree, [], refuse)


def test_no_fitted_tree_comes_from_a_forger():
    tree, blobs = wire.encode(DecisionTreeClassifier(), refuse)
    tree[4] = ["dict", "tree_", 5]
    with pytest.raises(WireError, match="other parameters"):
        wire.decode(tree, blobs, refuse)
