"""Our slowest update rule over Keras's in TensorFlow, per update of the lecture's network.

The weights of the network of `day1_sgd_variants` (2-32-32-1) and the same gradients go through each
of the seven rows of the table. Keras's optimizer runs as fast as it can: inside one `tf.function`
that loops over the updates in the graph, compiled before the clock starts. Ours does what the
lecture does, one NumPy update at a time on the packed weights. They take turns; medians count.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from course import optimizers as opt

SHAPES = [(2, 32), (32,), (32, 32), (32,), (32, 1), (1,)]
UPDATES, ROUNDS = 500, 7


def _rate(t: int) -> float:
    return 0.01 / (1 + 0.01 * t)


def _pairs() -> dict[str, tuple[opt.Rule, keras.optimizers.Optimizer]]:
    k = keras.optimizers
    falling = k.schedules.InverseTimeDecay(0.01, 1, 0.01)
    return {
        "learning_rate": (opt.Descent(0.01), k.SGD(0.01)),
        "adaptive_rate": (opt.Descent(_rate), k.SGD(falling)),
        "momentum": (opt.Momentum(0.01), k.SGD(0.01, momentum=0.9)),
        "nesterov": (opt.Nesterov(0.01), k.SGD(0.01, momentum=0.9, nesterov=True)),
        "adagrad": (opt.AdaGrad(0.01, initial=0.1), k.Adagrad(0.01)),
        "rmsprop": (opt.RMSProp(0.01), k.RMSprop(0.01)),
        "adam": (opt.Adam(0.01), k.Adam(0.01)),
    }


def measure() -> dict[str, float]:
    """Measure; ratios, and microseconds an update for the slowest."""
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape) for shape in SHAPES]
    gradient = [rng.normal(size=shape) for shape in SHAPES]
    ratios, ours_us = {}, {}
    for name, (rule, keras_rule) in _pairs().items():
        ours = _ours(rule, opt.pack(start), opt.pack(gradient))
        theirs = _theirs(keras_rule, start, gradient)
        # Once each before the clock starts, and a proof that both do the same work.
        np.testing.assert_allclose(ours(), theirs(), rtol=1e-3, atol=1e-3)
        times = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
        mine, keras_s = (statistics.median(kind) for kind in zip(*times, strict=True))
        ratios[name], ours_us[name] = mine / keras_s, 1e6 * mine / UPDATES
    slowest = max(ratios, key=ratios.__getitem__)
    return {
        "optimizers_over_tensorflow": ratios[slowest],
        "optimizers_slowest_us": ours_us[slowest],
        "optimizers_adam_over_tensorflow": ratios["adam"],
    }


def _ours(rule: opt.Rule, start: np.ndarray, gradient: np.ndarray) -> Callable[[], np.ndarray]:
    def updates() -> np.ndarray:
        w, state = start, rule.start(start)
        for _ in range(UPDATES):
            w, state = rule.update(w, gradient, state)
        return w

    return updates


def _theirs(
    rule: keras.optimizers.Optimizer, start: list[np.ndarray], gradient: list[np.ndarray]
) -> Callable[[], np.ndarray]:
    variables = [keras.Variable(part, dtype="float32") for part in start]
    slopes = [tf.constant(part, tf.float32) for part in gradient]
    rule.build(variables)
    everything = [*variables, *rule.variables]
    fresh = [variable.numpy() for variable in everything]

    @tf.function
    def loop() -> None:
        for _ in tf.range(UPDATES):
            rule.apply(slopes, variables)

    def updates() -> np.ndarray:
        for variable, value in zip(everything, fresh, strict=True):
            variable.assign(value)
        loop()
        return opt.pack([variable.numpy() for variable in variables])

    return updates


def _seconds(work: Callable[[], np.ndarray]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
