"""Arrays of objects, polynomials and distributions arrive as what they are."""

import numpy as np
import pytest
import scipy.stats as st

from autograder import wire
from autograder.wire import WireError
from tests.autograder.crossing import across, proxy, refuse


def test_an_array_of_objects_arrives_with_its_shape():
    sent = np.array([1, "a", None, [1], {"b": 2}, (3,)], dtype=object).reshape(2, 3)
    arrived = across(sent)
    assert (arrived.dtype, arrived.shape) == (sent.dtype, sent.shape)
    assert arrived.tolist() == sent.tolist()
    assert across(np.empty((0, 3), object)).shape == (0, 3)


def test_what_is_no_plain_data_in_an_array_is_a_proxy():
    assert across(np.array([print]), proxy, dict.copy)[0] == {"proxy": "builtin_function_or_method"}


def test_an_array_that_holds_itself_is_refused():
    array = np.empty(1, object)
    array[0] = [array]
    with pytest.raises(WireError, match="contains itself"):
        wire.encode(array, refuse)


@pytest.mark.parametrize(
    "value",
    [
        np.poly1d([1, -3, 2]),
        np.polynomial.Polynomial([1.0, 2.0], domain=[0, 1], symbol="t"),
        np.polynomial.Chebyshev([1, 2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_polynomial_arrives_as_it_was(value):
    arrived = across(value)
    assert type(arrived) is type(value)
    assert arrived == value


@pytest.mark.parametrize("value", [st.norm(1, scale=2), st.binom(5, 0.5)])
def test_a_distribution_arrives_with_its_parameters(value):
    assert across(value).cdf(2) == value.cdf(2)


def test_a_distribution_of_the_student_s_own_is_a_proxy():
    mine = type("Mine", (st.rv_continuous,), {"_pdf": lambda self, x: x})(name="norm")
    assert "proxy" in across(mine(), proxy, dict.copy)


NUMBERS = ["array", "<f8", [1], 0]


@pytest.mark.parametrize(
    ("tree", "blobs"),
    [
        (["objects", [2], 1], []),
        (["objects", [10**9]], []),
        (["objects", [10**9, 0]], []),
        (["objects", [-1, -1], 1], []),
        (["objects", [1] * 33, 1], []),
        (["objects", 1, 1], []),
        (["objects", [1], ["same", 0]], []),
        (["poly1d", NUMBERS, "x; y"], [8]),
        (["poly1d", ["array", "<U2", [1], 0], "x"], [8]),
        (["poly1d", ["array", "<f8", [1, 1], 0], "x"], [8]),
        (["poly1d", ["list", 1], "x"], []),
        (["poly1d", ["objects", [1], 1], "x"], []),
        (["series of powers", "eval", NUMBERS, NUMBERS, NUMBERS, "x"], [8]),
        (["series of powers", "Polynomial", ["list"], ["list"], ["list"], "x"], []),
        (["series of powers", "Polynomial", ["same", 0], ["same", 0], ["same", 0], "x"], []),
        (["distribution", "ttest_ind", ["list", 1, 2], ["dict"]], []),
        (["distribution", "norm", ["list", "1"], ["dict"]], []),
        (["distribution", "norm", ["list"], ["dict", "seed", ["list"]]], []),
        (["distribution", "norm", ["list"], ["dict", "nothing", 1]], []),
        (["distribution", "norm", 5, ["dict"]], []),
    ],
    ids=lambda part: repr(part)[:60],
)
def test_a_forgery_is_refused(tree, blobs):
    with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
        wire.decode(tree, [bytearray(size) for size in blobs], refuse)
