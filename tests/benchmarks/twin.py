"""Seconds of a straightforward Keras ``fit`` over ours, for one differential training.

Bachelier's basket of 7 assets, 4,096 paths, 100 epochs of 16 batches: 1,600 updates of a twin
network with 4 x 20 softplus units. `twin_speedup_fit` compares with a Keras model trained by `fit`,
whose `train_step` has an inner `GradientTape`; `twin_speedup_torch` with the same
loop in eager PyTorch, and is left out where torch is not installed. All start from the same
weights, see the same batches at the same learning rates, and must end at about the same error. Each
time is the median of three trainings, as of a user who tries several seeds: our graph is traced in
the first (`twin_first_s`) and serves the others, a Keras model is traced by each `fit`.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from course import differential_ml as dml
from course.option_data import BachelierBasket, Sample

ASSETS, PATHS, EPOCHS, ROUNDS = 7, 4096, 100, 3
#: Rounding grows over 1,600 updates; the errors of two seeds differ by far more than this.
SAME = 0.15
Train = Callable[[Sample, dml.Scaling, Any], Callable[[Any], Any]]


def measure() -> dict[str, float]:
    """Train with each, in turns; return ratios and times in seconds."""
    contestants: dict[str, Train] = {"ours": _ours, "fit": _fit}
    try:
        import torch  # noqa: F401
    except ImportError:
        print("twin_speedup_torch: left out, torch is not installed", file=sys.stderr)  # noqa: T201
    else:
        contestants["torch"] = _torch
    basket = BachelierBasket.random(ASSETS, seed=0)
    sample, test = basket.simulate(PATHS, seed=1), basket.test_set(seed=2)
    scaling, layers = dml.Scaling.fit(sample), dml.initial_layers(ASSETS, seed=0)
    inputs = scaling.scale_x(test.x).astype(np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    errors = {}
    dml._descent.cache_clear()
    for _ in range(ROUNDS):
        for name, train in contestants.items():
            began = time.perf_counter()
            network = train(sample, scaling, layers)
            seconds[name].append(time.perf_counter() - began)
            y = scaling.y_mean + scaling.y_std * np.asarray(network(inputs), dtype=np.float64)
            errors[name] = dml.root_mean_squared_error(y.ravel(), test.y)
    for name, error in errors.items():
        if abs(error / errors["ours"] - 1) > SAME:
            raise RuntimeError(f"{name} learns something else: errors {errors}")
    times = {name: statistics.median(each) for name, each in seconds.items()}
    ratios = {f"twin_speedup_{name}": times[name] / times["ours"] for name in times}
    del ratios["twin_speedup_ours"]
    ratios["twin_first_s"] = seconds["ours"][0]
    return ratios | {f"twin_{name}_s": each for name, each in times.items()}


def _rates() -> np.ndarray:
    return dml.one_cycle(EPOCHS * 16)


def _ours(sample: Sample, scaling: dml.Scaling, layers: Any) -> Callable[[Any], Any]:
    network = dml.train(sample, n_epochs=EPOCHS, initial=layers)
    return lambda x: dml.twin(network.layers, x)[0].numpy()


class _Rates(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self) -> None:
        self.rates = tf.constant(_rates(), tf.float32)

    def __call__(self, step: Any) -> Any:
        return tf.gather(self.rates, tf.cast(step, tf.int32))


class _Differential(keras.Model):
    """What one would write: the inner tape finds the derivatives that the loss compares."""

    def __init__(self, layers: Any, lambdas: np.ndarray) -> None:
        super().__init__()
        sizes = [W.shape[1] for W, _ in layers]
        dense = [keras.layers.Dense(size, "softplus") for size in sizes[:-1]]
        self.net = keras.Sequential([keras.Input((ASSETS,)), *dense, keras.layers.Dense(1)])
        self.net.set_weights([part for layer in layers for part in layer])
        self.lambdas = tf.constant(lambdas, tf.float32)

    def call(self, x: Any) -> Any:
        return self.net(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, (y, dydx) = data
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = self.net(x)
            slopes = inner.gradient(value, x)
            wrong = tf.reduce_mean(tf.square(self.lambdas * (slopes - dydx)))
            right = tf.reduce_mean(tf.square(value[:, 0] - y))
            loss = right / (1 + ASSETS) + wrong * ASSETS / (1 + ASSETS)
        variables = self.net.trainable_variables
        self.optimizer.apply_gradients(zip(outer.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}


def _fit(sample: Sample, scaling: dml.Scaling, layers: Any) -> Callable[[Any], Any]:
    scaled = scaling.scale(sample)
    x, y, dydx = (a.astype(np.float32) for a in (scaled.x, scaled.y, scaled.dydx))
    model = _Differential(layers, scaling.lambdas)
    model.compile(optimizer=keras.optimizers.Adam(_Rates(), epsilon=1e-8))
    model.fit(x, (y, dydx), batch_size=256, epochs=EPOCHS, shuffle=False, verbose=0)
    return lambda x: model.net(x).numpy()


def _torch(sample: Sample, scaling: dml.Scaling, layers: Any) -> Callable[[Any], Any]:
    import torch

    torch.set_num_threads(1)  # its fastest: the matrices are small
    scaled = scaling.scale(sample)
    x, y, dydx, lambdas = (
        torch.tensor(a, dtype=torch.float32)
        for a in (scaled.x, scaled.y, scaled.dydx, scaling.lambdas)
    )
    modules: list[Any] = []
    for W, b in layers:
        linear = torch.nn.Linear(*W.shape)
        linear.weight.data = torch.tensor(W.T.copy())
        linear.bias.data = torch.tensor(b.copy())
        modules += [linear, torch.nn.Softplus()]
    net = torch.nn.Sequential(*modules[:-1])
    optimizer = torch.optim.Adam(net.parameters(), eps=1e-8)
    for step, rate in enumerate(_rates()):
        first = step % 16 * 256
        rows = slice(first, first + 256)
        inputs = x[rows].clone().requires_grad_()
        value = net(inputs)
        (slopes,) = torch.autograd.grad(value.sum(), inputs, create_graph=True)
        wrong = torch.mean((lambdas * (slopes - dydx[rows])) ** 2)
        right = torch.mean((value[:, 0] - y[rows]) ** 2)
        loss = right / (1 + ASSETS) + wrong * ASSETS / (1 + ASSETS)
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return lambda x: net(torch.tensor(x)).detach().numpy()
