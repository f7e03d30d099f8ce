"""SciPy's sparse matrices and results arrive as SciPy's own, every index of theirs checked."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.sparse as sp
import scipy.stats as st
from sklearn.utils import Bunch

from autograder import wire
from autograder.wire import WireError
from tests.autograder.crossing import across, proxy, refuse

FORMATS = ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"]
RANDOM = sp.random(6, 8, 0.4, random_state=0)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_a_sparse_matrix_arrives_as_it_was(form, kind):
    sent = getattr(sp, f"{form}_{kind}")(RANDOM)
    arrived = across(sent)
    assert (type(arrived), arrived.shape) == (type(sent), sent.shape)
    assert (arrived.toarray() == sent.toarray()).all()
    assert arrived.nnz == sent.nnz


def test_a_sparse_array_of_one_dimension_arrives():
    sent = sp.coo_array(([1, 2], ([0, 3],)), shape=(5,))
    assert across(sent).toarray().tolist() == [1, 0, 0, 2, 0]


def test_a_sparse_matrix_is_changed_in_place():
    original = sp.eye(2, format="csr")
    new = across(original)
    new.data[0] = 5
    before = wire.content(original)
    wire.rewrite(original, new)
    assert original[0, 0] == 5
    assert wire.content(original) != before


def test_a_subclass_of_a_sparse_matrix_arrives_as_scipy_s_own():
    liar = type("Liar", (sp.csr_matrix,), {"toarray": lambda self: np.ones((2, 2))})
    assert type(across(liar(np.eye(2)))) is sp.csr_matrix


@pytest.mark.parametrize(
    "result",
    [
        scipy.optimize.minimize(lambda x: (x - 1) @ (x - 1), np.zeros(2)),
        scipy.optimize.root_scalar(lambda x: x - 1, bracket=(0, 3)),
        scipy.optimize.linprog([1], bounds=[(0, 1)]),
        scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0]),
        st.ttest_ind([1, 2, 3], [2, 3, 5]),
        st.linregress([1, 2, 3], [2, 3, 5]),
        st.pearsonr([1, 2, 3], [2, 3, 5]),
        Bunch(data=np.arange(3)),
    ],
    ids=lambda result: type(result).__name__,
)
def test_a_result_arrives_as_it_was(result):
    arrived = across(result)
    assert type(arrived) is type(result)
    assert repr(arrived) == repr(result)


def test_a_statistic_keeps_what_is_no_field_of_it():
    sent = st.linregress([1, 2, 3], [2, 3, 5])
    assert across(sent).intercept_stderr == sent.intercept_stderr
    assert across(st.pearsonr([1, 2, 3], [2, 3, 5])).confidence_interval().low == -1


def test_what_a_result_holds_beside_values_is_a_proxy():
    found = scipy.optimize.OptimizeResult(x=1, f=print)
    arrived = across(found, proxy, dict.copy)
    assert arrived.x == 1
    assert arrived.f == {"proxy": "builtin_function_or_method"}


def test_a_result_that_holds_itself_is_refused():
    found = scipy.optimize.OptimizeResult()
    found["again"] = [found]
    with pytest.raises(WireError, match="contains itself"):
        wire.encode(found, refuse)


def array(*numbers, code="<i4"):
    return ["array", code, [len(numbers)], 0], np.array(numbers, code).tobytes()


def sparse(name, shape, *parts):
    trees, blobs = [], []
    for number, (tree, data) in enumerate(parts):
        trees.append([*tree[:3], number])
        blobs.append(data)
    return ["sparse", *trees, name, shape], blobs


ONE = array(1.0, code="<f8")
OPTIMIZE = ["result", "scipy.optimize._optimize", "OptimizeResult"]
LINREGRESS = ["statistic", "scipy.stats._stats_py", "LinregressResult"]


@pytest.mark.parametrize(
    ("tree", "blobs"),
    [
        sparse("csr_matrix", [1, 1], ONE, array(5), array(0, 1)),  # outside
        sparse("csr_matrix", [1, 1], ONE, array(-1), array(0, 1)),
        sparse("csr_array", [2, 2], ONE, array(0), array(0, 9, 1)),
        sparse("csr_array", [2, 2], ONE, array(0), array(1, 0, 1)),
        sparse("csc_matrix", [1, 1], ONE, array(0), array(0, 1, 1)),
        sparse("csr_matrix", [10**6, 1], ONE, array(0), array(0, 1)),  # larger than it is
        sparse("csr_matrix", [2**40, 1], ONE, array(0), array(0, 1)),
        sparse("csr_matrix", [-1, 1], ONE, array(0), array(0, 1)),
        sparse("coo_matrix", [1, 1], ONE, array(0), array(1)),
        sparse("coo_matrix", [1, 1], ONE, array(0, 0), array(0)),
        sparse("coo_matrix", [1, 1], ONE, array(0)),
        sparse("lil_matrix", [1, 1], ONE, array(0), array(7)),
        sparse("dok_array", [1, 1], ONE, array(-2), array(0)),
        sparse("dia_matrix", [1, 1], ONE, array(0)),  # its data have two sides
        sparse("bsr_matrix", [1, 1], ONE, array(0), array(0, 1)),
        sparse("csr_matrix", [1, 1], ONE, array(0.0, code="<f8"), array(0, 1)),  # of other types
        sparse("csr_matrix", [1, 1], array("a", code="<U1"), array(0), array(0, 1)),
        sparse("csr_matrix", [1, 1], array(1, code="<M8[s]"), array(0), array(0, 1)),
        sparse("csr_nothing", [1, 1], ONE, array(0), array(0, 1)),
        sparse("load_npz", ["x"], ONE, array(0), array(0, 1)),
        (["sparse", ["list"], ["list"], ["list"], "csr_matrix", [1, 1]], []),
        (["sparse", ["same", 0], ["same", 0], ["same", 0], "csr_matrix", [1, 1]], []),
        ([*OPTIMIZE, "__array_interface__", 1], []),
        ([*OPTIMIZE, 5, 1], []),
        ([*OPTIMIZE, "x"], []),
        ([*OPTIMIZE, "x", ["same", 0]], []),
        (["result", "os", "environ", "x", 1], []),
        (["result", "scipy.optimize._optimize", "MemoizeJac", "x", 1], []),
        (["result", "scipy.stats._stats_py", "LinregressResult", "x", 1], []),
        ([*LINREGRESS, ["dict"], 1, 2], []),
        ([*LINREGRESS, ["list"], 1, 2, 3, 4, 5], []),
        ([*LINREGRESS, ["dict", "__array_interface__", 1], 1, 2, 3, 4, 5], []),
        ([*LINREGRESS, ["dict"], *range(10_000)], []),
        (["statistic", "os", "stat_result", ["dict"], 1], []),
    ],
    ids=lambda part: repr(part)[:60],
)
def test_a_forgery_is_refused(tree, blobs):
    with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
        wire.decode(tree, [bytearray(blob) for blob in blobs], refuse)
