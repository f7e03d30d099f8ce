"""Custom parts that Keras lacks: a layer, a loss, a training step, a callback.

Each is registered under the name "course", so that a saved model that contains it can be loaded
wherever this module has been imported. Each returns from `get_config` what its constructor needs.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

_registered = keras.saving.register_keras_serializable("course")


@_registered
class MonotoneDense(keras.layers.Layer):
    """A dense layer that never falls in some of its inputs, and never rises in others.

    Computes φ(x·K + b) with K[j, k] = signs[j]·|V[j, k]| where signs[j] is 1 or −1, and K = V where
    it is 0. V, the trainable `raw_kernel`, has shape (n, units), b shape (units,). A stack whose
    first layer has the signs that theory demands and whose later layers have 1 throughout, with
    increasing activations, keeps the signs from end to end. Weights of one sign for this purpose:
    J. Sill, "Monotonic networks", NIPS 10 (1998); for option prices, C. Dugas et al.,
    "Incorporating functional knowledge in neural networks", JMLR 10 (2009), §2.

    Parameters
    ----------
    units : int
        Size of the output.
    signs : sequence of int, optional
        One of 1, −1 and 0 (free) for each of the n inputs; without it all are 1.
    activation : str, callable or None
        φ; must be increasing for the promise to hold (tanh, sigmoid, softplus; swish is not).
    """

    def __init__(
        self,
        units: int,
        signs: Sequence[int] | None = None,
        activation: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units = units
        self.signs = None if signs is None else [int(sign) for sign in signs]
        self.activation = keras.activations.get(activation)
        if self.signs is not None and not set(self.signs) <= {-1, 0, 1}:
            raise ValueError(f"signs are {self.signs}; expected 1, -1 and 0 only")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights, now that n is known."""
        n = input_shape[-1]
        if self.signs is not None and len(self.signs) != n:
            raise ValueError(f"signs has {len(self.signs)} entries; expected {n}, one per input")
        self.raw_kernel = self.add_weight(shape=(n, self.units), name="raw_kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    @property
    def kernel(self) -> Any:
        """K, shape (n, units)."""
        sign = ops.reshape(ops.array(self.signs or [1], dtype=self.dtype), (-1, 1))
        free = ops.cast(sign == 0, self.dtype)
        return sign * ops.abs(self.raw_kernel) + free * self.raw_kernel

    def call(self, x: Any) -> Any:
        """Return φ(x·K + b), shape (…, units), for x of shape (…, n)."""
        return self.activation(x @ self.kernel + self.bias)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        return {
            **super().get_config(),
            "units": self.units,
            "signs": self.signs,
            "activation": keras.activations.serialize(self.activation),
        }


@_registered
class PinballLoss(keras.losses.Loss):
    """The loss whose minimisers are quantiles: max(q·u, (q − 1)·u) with u = y − prediction.

    Under-prediction costs q a unit, over-prediction 1 − q. Averaged over the quantiles. Source:
    R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46(1) (1978).

    Parameters
    ----------
    quantiles : sequence of float
        Levels between 0 and 1, one for each column of the prediction, shape (m, k); y has shape
        (m, 1).
    """

    def __init__(self, quantiles: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.quantiles = [float(level) for level in quantiles]
        if not all(0 < level < 1 for level in self.quantiles):
            raise ValueError(f"quantiles are {self.quantiles}; expected levels between 0 and 1")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number per sample, shape (m,)."""
        shapes = tuple(y_true.shape[1:]), tuple(y_pred.shape[1:])
        if shapes != ((1,), (len(self.quantiles),)):
            raise ValueError(
                f"y and prediction have rows of shapes {shapes[0]} and {shapes[1]}; expected (1,) "
                f"and ({len(self.quantiles)},)"
            )
        short = y_true - y_pred
        level = ops.array(self.quantiles, dtype=short.dtype)
        return ops.mean(ops.maximum(level * short, (level - 1) * short), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        return {**super().get_config(), "quantiles": self.quantiles}


@_registered
class MonotonePenalty(keras.Model):
    """A model whose training step also charges for slopes of the wrong sign.

    The loss of a batch is that of `compile` plus strength·mean over the batch of
    Σ_j max(0, −signs[j]·∂f/∂x_j)², in which a sign of 0 demands nothing. Unlike `MonotoneDense`
    it promises nothing away from the data, and takes any network.

    Parameters
    ----------
    net : keras.Model
        Maps (m, n) to (m, 1).
    signs : sequence of int
        1 (must not fall), −1 (must not rise) or 0 for each of the n inputs.
    strength : float
        Weight of the penalty, ≥ 0; with 0 the step is that of `keras.Model`.
    """

    def __init__(self, net: Any, signs: Sequence[int], strength: float, **options: Any) -> None:
        super().__init__(**options)
        self.net, self.signs, self.strength = net, [int(sign) for sign in signs], float(strength)

    def call(self, x: Any, training: bool = False) -> Any:
        """Return what the network gives."""
        return self.net(x, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make one update on one batch; Keras calls it inside a graph."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        signs = tf.constant(self.signs, x.dtype)
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = self(x, training=True)
            # Rows do not mix, so the gradient of the sum holds each row's own slopes, shape (m, n).
            slopes = inner.gradient(score, x)
            wrong = tf.reduce_sum(tf.nn.relu(-signs * slopes) ** 2, axis=1)
            loss = self.compute_loss(x=x, y=y, y_pred=score, sample_weight=weights)
            loss += self.strength * tf.reduce_mean(wrong)
        self.optimizer.apply(
            tape.gradient(loss, self.trainable_variables), self.trainable_variables
        )
        for metric in self.metrics:
            if metric.name == "loss":  # Keras's own mean over the epoch, weighted by rows
                metric.update_state(loss, sample_weight=tf.shape(x)[0])
            else:
                metric.update_state(y, score, sample_weight=weights)
        return {name: value for metric in self.metrics for name, value in _results(metric)}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        return {
            **super().get_config(),
            "net": keras.saving.serialize_keras_object(self.net),
            "signs": self.signs,
            "strength": self.strength,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MonotonePenalty":
        """Return the model that `get_config` described, with fresh weights."""
        net = keras.saving.deserialize_keras_object(config["net"], custom_objects=custom_objects)
        return cls(**{**config, "net": net})


class BatchLosses(keras.callbacks.Callback):
    """Records the loss of every batch, which the logs of Keras do not hold.

    What a callback finds as `logs["loss"]` after a batch is the mean since the epoch began. This
    callback takes the means apart again, up to rounding in float32.

    Parameters
    ----------
    n_samples, batch_size : int
        Rows of the data and of a batch, as given to `fit`.

    Attributes
    ----------
    losses, running : list of float
        Loss of each batch, and what the logs said, since training began.
    """

    def __init__(self, n_samples: int, batch_size: int) -> None:
        super().__init__()
        self.n_samples, self.batch_size = n_samples, batch_size
        self.losses: list[float] = []
        self.running: list[float] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier training."""
        self.losses, self.running = [], []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Record a batch; `batch` counts from 0 in each epoch."""
        mean = float(logs["loss"])
        before = batch * self.batch_size
        rows = min(self.batch_size, self.n_samples - before)
        total_before = before * self.running[-1] if batch else 0.0
        self.losses.append((mean * (before + rows) - total_before) / rows)
        self.running.append(mean)


def _results(metric: Any) -> list[tuple[str, Any]]:
    found = metric.result()
    return list(found.items()) if isinstance(found, dict) else [(metric.name, found)]
