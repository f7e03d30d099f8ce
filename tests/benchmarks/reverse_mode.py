"""The time of our reverse mode over TensorFlow's, for loss and gradient of the lecture's network.

Eight inputs, three hidden layers of 64 tanh units, one output; 256 rows, double precision, mean
squared error. TensorFlow's is a `tf.function` that has been traced and called before, on tensors
and variables that it owns. Each runs on one thread: matrices of this size are not worth a second,
and where other programs run, NumPy's threads spend their time waiting for each other. The two take
turns, and of each the median counts.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from course import neurons
from course.backprop import Array
from course.gradient_checking import discrepancy
from course.initialisation import glorot_uniform, initial_layers

SIZES, ROWS, ROUNDS, WARM_UP = (8, 64, 64, 64, 1), 256, 200, 20


def measure() -> dict[str, float]:
    """Let both compute the same gradient; return the ratio, and the medians in milliseconds."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    threads += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    # In a process of its own, since both libraries count their threads when they are loaded.
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.reverse_mode"],
        env={**os.environ, **dict.fromkeys(threads, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the measurement failed:\n{done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def side_by_side() -> dict[str, float]:
    """Measure in this process, with whatever threads it has."""
    rng = np.random.default_rng(0)
    layers = initial_layers(SIZES, glorot_uniform, rng)
    X, y = rng.normal(size=(ROWS, SIZES[0])), rng.normal(size=(ROWS, 1))
    both = ours(layers, X, y), theirs(layers, X, y)
    gap = max(discrepancy(a, b) for a, b in zip(both[0](), both[1](), strict=True))
    if gap > 1e-10:
        raise RuntimeError(f"the gradients differ by {gap:.1e}; the times mean nothing")
    for step in both:
        for _ in range(WARM_UP):
            step()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for step, spent in zip(both, times, strict=True):
            began = time.perf_counter()
            step()
            spent.append(time.perf_counter() - began)
    ours_s, theirs_s = (statistics.median(spent) for spent in times)
    return {
        "reverse_mode_over_tensorflow": ours_s / theirs_s,
        "reverse_mode_ms": 1000 * ours_s,
        "reverse_mode_tensorflow_ms": 1000 * theirs_s,
    }


def ours(layers: list[neurons.Layer], X: Array, y: Array) -> Callable[[], list[Array]]:
    """Return a function that builds the graph and walks it back."""

    def step() -> list[Array]:
        nodes = neurons.as_nodes(layers)
        loss = neurons.mean_squared_error(neurons.forward(nodes, X)[-1], y)
        return [part for pair in neurons.layer_gradients(loss, nodes) for part in pair]

    return step


def theirs(layers: list[neurons.Layer], X: Array, y: Array) -> Callable[[], list[Any]]:
    """Return TensorFlow's function for the same; what it returns has been computed."""
    import tensorflow as tf

    variables = [tf.Variable(part) for layer in layers for part in layer]
    features, targets = tf.constant(X), tf.constant(y)

    @tf.function
    def loss_and_gradients() -> Any:
        with tf.GradientTape() as tape:
            signal = features
            for W, b in zip(variables[:-2:2], variables[1:-2:2], strict=True):
                signal = tf.tanh(signal @ W + b)
            loss = tf.reduce_mean((signal @ variables[-2] + variables[-1] - targets) ** 2)
        return loss, tape.gradient(loss, variables)

    def step() -> list[Any]:
        loss, found = loss_and_gradients()
        float(loss)  # as training does, to look at it
        return found

    return step


if __name__ == "__main__":
    sys.stdout.write(json.dumps(side_by_side()))
