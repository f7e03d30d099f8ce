"""What courses do with Keras and TensorFlow gives the same in two processes as in one.

The oracle is one process: each cell runs as a test, and again as a plain cell of the student's.
"""

import asyncio

import pytest

from autograder.execute.notebook_run import execute
from autograder.execute.zygote import Zygote
from autograder.model import Verdict
from tests.autograder.building import asserts, ended, job, marked, solution

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

LOCKED = """
import os
import numpy as np
import tensorflow as tf
import keras
@keras.saving.register_keras_serializable("tests")
class Scale(keras.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
    def call(self, x):
        return x * self.factor
    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
X = np.linspace(0, 1, 16, dtype="float32").reshape(8, 2)
Y = X.sum(axis=1, keepdims=True)
"""
STUDENT = """
def build(units=3, seed=None):
    if seed is not None:
        keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, "tanh"),
                              keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model
def fit(model, epochs=2):
    return model.fit(X, Y, epochs=epochs, batch_size=4, verbose=0, shuffle=False)
class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, x):
        return self.dense(x)
def slope(f, x):
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = f(x)
    return tape.gradient(y, x)
@tf.function
def square(x):
    return x * x
def assign(v):
    v.assign(v * 2)
def step(model, loss, x, y):
    with tf.GradientTape() as tape:
        value = loss(y, model(x))
    grads = tape.gradient(value, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(0.1 * g)
    return value
def roll(optimizer, steps):
    v = keras.Variable(1.0)
    for _ in range(steps):
        optimizer.apply([2.0 * v.value], [v])
    return float(v.numpy())
def noise(n):
    return tf.random.normal((n,))
def keras_noise(n):
    return keras.random.normal((n,))
def np_noise(n):
    return np.random.rand(n)
def bad_shapes():
    return tf.matmul(tf.ones((2, 3)), tf.ones((2, 3)))
def log(path):
    with tf.summary.create_file_writer(path).as_default():
        tf.summary.scalar("loss", 0.5, step=1)
own = Own()
"""
IDIOMS = {
    "seed, build, predict": "tf.keras.utils.set_random_seed(0)\nm = build(4)\n"
    "r = m.predict(X, verbose=0)",
    "seed by keras": "keras.utils.set_random_seed(3)\nm = build(4)\nr = m.predict(X, verbose=0)",
    "fit and history": "keras.utils.set_random_seed(1)\nm = build()\nh = fit(m)\n"
    "r = [h.history['loss'], m.evaluate(X, Y, verbose=0)]",
    "layers": "m = build(5, seed=2)\nr = [len(m.layers), [l.units for l in m.layers], "
    "m.layers[0].get_config()['activation'], m.count_params(), m.input_shape, m.output_shape]",
    "weights": "m = build(2, seed=2)\nr = [w.shape for w in m.get_weights()] + m.get_weights()",
    "trainable variables": "m = build(2, seed=2)\nr = [v.numpy() for v in m.trainable_variables]",
    "set weights": "m = build(2, seed=2)\n"
    "m.set_weights([np.ones(w.shape) for w in m.get_weights()])\n"
    "r = m.predict(X, verbose=0)",
    "call": "m = build(2, seed=2)\nr = m(X).numpy()",
    "instance": "m = build()\nr = [isinstance(m, keras.Model), isinstance(own, keras.Model), "
    "isinstance(m.layers[0], keras.layers.Dense), isinstance(m.optimizer, keras.optimizers.SGD)]",
    "optimizer": "m = build()\nr = [float(m.optimizer.learning_rate), m.loss]",
    "optimizer given": "r = [roll(keras.optimizers.SGD(0.1), 3), "
    "roll(keras.optimizers.Adam(0.1), 2)]",
    "summary": "lines = []\nbuild(seed=1).summary(print_fn=lines.append)\nr = len(lines) > 0",
    "own model": "keras.utils.set_random_seed(1)\nr = own(X).shape",
    "gradient of an importable function": "r = slope(tf.sin, 0.5).numpy()",
    "tf.function": "r = [square(tf.constant([1.0, 2.0])).numpy(), square(3).numpy()]",
    "variable changed": "v = tf.Variable([1.0, 2.0])\nassign(v)\nr = v.numpy()",
    "model given": "keras.utils.set_random_seed(5)\n"
    "m = keras.Sequential([keras.Input((2,)), Scale(3.0), keras.layers.Dense(1)])\n"
    "value = step(m, keras.losses.MeanSquaredError(), X, Y)\nr = [value.numpy(), *m.get_weights()]",
    "tensorflow seed": "tf.random.set_seed(7)\nr = [noise(3).numpy(), noise(3).numpy()]",
    "keras seed": "keras.utils.set_random_seed(7)\nr = [keras_noise(3).numpy(), noise(2).numpy()]",
    "keras seed by tensorflow": "tf.keras.utils.set_random_seed(7)\nr = keras_noise(3).numpy()",
    "numpy seed": "np.random.seed(7)\nr = [np_noise(3), np_noise(2)]",
    "a tensor's type": "t = square(tf.constant([1, 2], 'int64'))\nr = [t.dtype.name, t.shape[0]]",
    "error of TensorFlow's": "try:\n    bad_shapes()\nexcept tf.errors.InvalidArgumentError:\n"
    "    r = 'caught'",
    "log": "import tempfile\nd = tempfile.mkdtemp()\nlog(os.path.join(d, 'run'))\n"
    "r = [len(os.listdir(os.path.join(d, 'run')))]",
    "reading a log": "d = 'logs'\nlog(d)\nfiles = [os.path.join(d, f) for f in os.listdir(d)]\n"
    "r = [v.tag for f in files for e in tf.compat.v1.train.summary_iterator(f) "
    "for v in e.summary.value]",
}
#: Arrays to the bit.
SHOW = "\nprint([(a.tobytes(), a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in "
SHOW += "(r if isinstance(r, list) else [r])])"


@pytest.fixture(scope="module")
def both():
    def lists(*tests):
        shared = [marked(LOCKED, "locked", locked=True), solution(STUDENT)]
        return job(*shared, *tests, cell_seconds=120, cell_cpu_seconds=100, memory_mb=3000)

    sources = [source + SHOW for source in IDIOMS.values()]
    two = lists(*[asserts(source, f"t{n}") for n, source in enumerate(sources)])
    with Zygote(["numpy", "tensorflow", "keras"]) as zygote:
        zygote.wait_ready()
        judged = ended(asyncio.run(execute(two, zygote)))
        alone = ended(asyncio.run(execute(lists(*sources), zygote)))
    assert not judged.failure
    assert alone.verdicts == [Verdict.PASS] * len(alone.verdicts), alone.messages
    return judged, alone


@pytest.mark.parametrize("name", IDIOMS)
def test_in_two_processes_as_in_one(both, name):
    judged, alone = both
    place = 2 + list(IDIOMS).index(name)
    assert judged.messages[place] == ""
    assert judged.verdicts[place] is Verdict.PASS
    assert judged.printed(place) == alone.printed(place)
