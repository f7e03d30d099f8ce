"""Carries TensorFlow's tensors, variables, types and shapes, and Keras' variables."""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any

from autograder.wire.arrays import NUMBERS, elements
from autograder.wire.codec import GET, LATER, In, Out, Put, imported
from autograder.wire.libraries import made
from autograder.wire.limits import MAX_NODES
from autograder.wire.records import code_of

_DTYPES = (*NUMBERS, "bfloat16", "string")
_MAX_RANK = 32
_MAX_NAME = 1_000


def put_tensor(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a tensor."""
    name = value.dtype.name
    if name == "string":
        return _put_strings(out, value, depth)
    if name not in NUMBERS:
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    array = imported("numpy").asarray(value.numpy())
    tree = ["tensor", code_of(array.dtype), [*array.shape], out.blob(array.tobytes())]
    return out.done(value, tree)


def _get_tensor(inn: In, tree: list[Any], depth: int) -> Any:
    _, code, shape, number = tree
    array = _numbers(code, shape, inn.blob(number))
    if (tf := sys.modules.get("tensorflow")) is not None:
        return inn.done(inn.begin(), made(lambda: tf.constant(array)))
    array.flags.writeable = False  # nor could a tensor be changed
    return inn.done(inn.begin(), array)


def _numbers(code: Any, shape: Any, data: bytearray) -> Any:
    array = elements(code, shape, data)
    if array.dtype.name not in NUMBERS:
        raise ValueError("it has elements other than numbers")
    return array


def _put_strings(out: Out, value: Any, depth: int) -> Any:
    if (again := out.again(value)) is not None:
        return again
    array = imported("numpy").asarray(value.numpy(), object)
    items = [len(array.shape), *array.shape, *array.ravel().tolist()]
    return out.done(value, out.items("strings", items, depth))


def _get_strings(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    rank, *rest = inn.items(tree, depth)
    if type(rank) is not int or not 0 <= rank <= _MAX_RANK:
        raise ValueError("a tensor has a shape")
    shape, items = rest[:rank], rest[rank:]
    if not all(type(side) is int and 0 <= side <= MAX_NODES for side in shape):
        raise ValueError("a tensor has whole numbers for a shape")
    if math.prod(max(side, 1) for side in shape) > MAX_NODES or math.prod(shape) != len(items):
        raise ValueError("a tensor has as many elements as its shape says")
    if not all(type(item) is bytes for item in items):
        raise TypeError("bytes were expected")
    array = imported("numpy").empty(len(items), object)
    array[:] = items
    array = array.reshape(shape)
    if (tf := sys.modules.get("tensorflow")) is not None:
        array = made(lambda: tf.constant(array, tf.string))
    return inn.done(number, array)


def value_of(variable: Any) -> Any:
    """Return the value of a variable as an array.

    None, if it has no value now, or one of a type that NumPy does not have.
    """
    dtype = variable.dtype
    if getattr(dtype, "name", dtype) not in NUMBERS:
        return None
    try:
        return imported("numpy").asarray(variable.numpy())
    except Exception:  # not yet initialised, or part of a graph that is being traced
        return None


def _put_variable(kind: str) -> Put:
    def put(out: Out, value: Any, depth: int) -> Any:
        array = value_of(value)
        if array is None:
            return out.refer(value)
        if (again := out.again(value)) is not None:
            return again
        tree = [kind, code_of(array.dtype), [*array.shape], out.blob(array.tobytes())]
        name = str(value.name).partition(":")[0][:_MAX_NAME]  # TensorFlow adds ":0" again
        return out.done(value, [*tree, name, bool(value.trainable)])

    return put


put_variable, put_keras_variable = _put_variable("variable"), _put_variable("keras variable")


def _get_variable(inn: In, tree: list[Any], depth: int) -> Any:
    kind, code, shape, number, name, trainable = tree
    array = _numbers(code, shape, inn.blob(number))
    if type(trainable) is not bool or type(name) is not str or len(name) > _MAX_NAME:
        raise ValueError("a variable has a name")
    tf, keras = sys.modules.get("tensorflow"), sys.modules.get("keras")
    value = array
    if kind == "keras variable" and keras is not None:
        value = made(
            lambda: keras.Variable(array, dtype=array.dtype.name, trainable=trainable, name=name)
        )
    elif tf is not None:
        value = made(lambda: tf.Variable(array, trainable=trainable, name=name))
    return inn.done(inn.begin(), value)


def _put_dtype(out: Out, value: Any, depth: int) -> Any:
    return ["tf dtype", value.name] if value.name in _DTYPES else out.refer(value)


def _get_dtype(inn: In, tree: list[Any], depth: int) -> Any:
    _, name = tree
    if name not in _DTYPES:
        raise ValueError("it is of no known type")
    return getattr(imported("tensorflow"), name)


def _put_shape(out: Out, value: Any, depth: int) -> Any:
    return ["tf shape", None if value.rank is None else value.as_list()]


def _get_shape(inn: In, tree: list[Any], depth: int) -> Any:
    _, sides = tree
    if sides is not None:
        if type(sides) is not list or len(sides) > _MAX_RANK:
            raise ValueError("a shape is a list")
        if not all(s is None or (type(s) is int and 0 <= s < 2**31) for s in sides):
            raise ValueError("a shape has whole numbers")
    tf = imported("tensorflow")
    return made(lambda: tf.TensorShape(sides))


def _tensorflow(tf: ModuleType) -> dict[type, Put]:
    return {
        tf.__internal__.EagerTensor: put_tensor,
        tf.Variable: put_variable,
        tf.DType: _put_dtype,
        tf.TensorShape: _put_shape,
    }


LATER["tensorflow"] = _tensorflow
LATER["keras"] = lambda keras: {keras.Variable: put_keras_variable}
GET.update(
    {
        "tensor": _get_tensor,
        "strings": _get_strings,
        "variable": _get_variable,
        "keras variable": _get_variable,
        "tf dtype": _get_dtype,
        "tf shape": _get_shape,
    }
)
