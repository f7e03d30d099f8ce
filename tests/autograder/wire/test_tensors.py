"""The wire where TensorFlow is: tensors and variables cross, and what is symbolic does not."""

import subprocess
import sys

import numpy as np
import pytest

from autograder import wire
from autograder.wire import WireError, mutables, rewrite, same
from tests.autograder.crossing import across, alike, lying, proxy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def tf():
    import tensorflow

    return tensorflow


@pytest.fixture(scope="session")
def keras(tf):
    import keras

    return keras


def test_tensors_arrive_as_tensors(tf):
    for array in (
        np.arange(6, dtype="f4").reshape(2, 3),
        np.float64(2.5),
        np.array([True, False]),
        np.array([1j, 2]),
        np.array([2**64 - 1], "u8"),
        np.zeros((0, 3), "f2"),
    ):
        arrived = across(tf.constant(array))
        assert tf.is_tensor(arrived)
        assert alike(np.asarray(arrived.numpy()), np.asarray(array))


def test_tensors_of_strings_arrive_as_such(tf):
    for content in ("é", [["a"], ["b" * 5000]], np.zeros((0, 2), object)):
        sent = tf.constant(content, tf.string)
        arrived = across(sent)
        assert arrived.dtype == tf.string
        assert arrived.shape == sent.shape
        assert np.array_equal(arrived.numpy(), sent.numpy())


def test_a_tensor_sent_twice_arrives_once(tf):
    first, second = across([tf.ones(3)] * 2)
    assert first is second


def test_types_and_shapes_arrive_as_they_were(tf):
    for value in (tf.float32, tf.bfloat16, tf.string, tf.TensorShape([1, None])):
        arrived = across(value)
        assert arrived == value
        assert type(arrived) is type(value)
    assert across(tf.TensorShape(None)).rank is None


def test_a_variable_arrives_as_a_variable(tf):
    arrived = across(tf.Variable([[1.0, 2.0]], name="w", trainable=False))
    assert isinstance(arrived, tf.Variable)
    assert (arrived.name, arrived.trainable, arrived.dtype) == ("w:0", False, tf.float32)
    assert arrived.numpy().tolist() == [[1.0, 2.0]]


def test_a_variable_of_keras_arrives_as_one(keras):
    arrived = across(keras.Variable(np.ones(2, "f8"), name="k", trainable=False, dtype="float64"))
    assert isinstance(arrived, keras.Variable)
    assert (arrived.name, arrived.trainable, arrived.dtype) == ("k", False, "float64")
    assert np.array_equal(arrived.numpy(), np.ones(2))


def test_what_is_symbolic_or_sparse_or_of_other_types_is_referred_to(tf, keras):
    for value in (
        tf.ragged.constant([[1], [1, 2]]),
        tf.sparse.from_dense([[1]]),
        tf.IndexedSlices(tf.ones(1), tf.constant([0])),
        keras.Input((2,)),
        keras.layers.Dense(2),
        tf.constant([1.0], tf.bfloat16),
        tf.Variable([1.0], dtype=tf.bfloat16),
        tf.Variable("text"),
        tf.resource,
        keras.Variable(np.ones(1), dtype="bfloat16"),
    ):
        assert across(value, proxy, dict.copy) == {"proxy": type(value).__name__}
        assert mutables(value) == []


def test_inside_a_graph_tensors_and_variables_are_referred_to(tf):
    variable, found = tf.Variable(1.0), []

    @tf.function(autograph=False)
    def traced(x):
        found.extend(across([x, variable], proxy, dict.copy))
        return x

    traced(tf.ones(2))
    assert found == [{"proxy": "SymbolicTensor"}, {"proxy": "ResourceVariable"}]


def test_variables_are_mutables_and_can_be_rewritten(tf, keras):
    originals = [tf.Variable([1.0, 2.0]), keras.Variable(np.ones(2)), np.ones(1)]
    assert [*map(id, mutables(originals))] == [*map(id, [originals, *originals])]
    assert len(mutables(across(originals))) == 4
    for original in originals[:2]:
        new = across(original)
        new.assign([5.0, 6.0])
        rewrite(original, new)
        assert original.numpy().tolist() == [5.0, 6.0]
        with pytest.raises(WireError, match="by your code cannot be passed on"):
            rewrite(original, np.zeros(3))
        with pytest.raises(WireError, match="it became a Liar"):
            rewrite(original, lying(object))
        rewrite(original, np.array([7.0, 8.0], "f4"))
        assert original.numpy().tolist() == [7.0, 8.0]


def test_tensors_are_compared_bit_for_bit(tf):
    assert same([tf.ones(2), tf.constant(["a"])], [tf.ones(2), tf.constant(["a"])])
    assert not same(tf.ones(2), tf.zeros(2))
    assert not same(tf.ones(2), tf.ones(2, tf.float64))
    assert not same(tf.ones(2), np.ones(2, "f4"))


@pytest.mark.parametrize(
    "tree",
    [
        ["tensor", "<U1", [1], 0],
        ["tensor", "<f4", [2**31, 2**31, 0], 0],
        ["tensor", "<f4", [2], 0],
        ["tensor", "<M8[s]", [], 0],
        ["strings", 2, 2**40, 0],
        ["variable", "<f4", [1], 0, "\0", 1],
        ["variable", "<f4", [1], 0, "x" * 10_000, True],
        ["keras variable", "<f4", [1], 0, "a/b", True],
        ["tf shape", [2**70]],
        ["tf dtype", "__class__"],
    ],
    ids=lambda tree: repr(tree)[:40],
)
def test_a_forgery_is_refused_where_tensorflow_is(keras, tree):
    with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
        wire.decode(tree, [bytearray(4)], None)


def test_where_tensorflow_is_not_arrays_arrive(tf):
    """The order of what can be changed is the same at both ends, tensors or not."""
    sent = [tf.ones(2), tf.Variable([3.0], name="v"), tf.constant([b"a"]), np.zeros(1)]
    tree, blobs = wire.encode(sent, None)
    code = f"""
import sys
import numpy as np
from autograder import wire
blobs = {[bytearray(blob) for blob in blobs]!r}
tensor, variable, strings, array = value = wire.decode({tree!r}, blobs, None)
assert "tensorflow" not in sys.modules
assert tensor.tolist() == [1, 1] and variable.tolist() == [3] and strings.tolist() == [b"a"]
assert [id(each) for each in wire.mutables(value)] == [*map(id, (value, variable, array))]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(mutables(sent)) == 3
