"""A training loop that runs inside TensorFlow's graph, for problems too small for `Model.fit`.

`fit` goes back to Python after every batch: for the next batch, for the callbacks, for the progress
bar. That costs about a millisecond a batch and tens of milliseconds an epoch, which is nothing
beside a large model and nearly everything beside a small one. Here the whole loop, over batches and
epochs, is one graph, and Python waits until it ends. In return there are no callbacks and no
metrics: train a few hundred steps, look at the model, train on.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Schedule = Callable[[int], float]
#: Maps (y, prediction) to one number, or to one number per sample, which is then averaged.
Loss = Callable[[Any, Any], Any]


class GraphTrainer:
    """Trains one model on any number of data sets of the same form, by one graph traced once.

    Parameters
    ----------
    model : keras.Model
        Built. Whatever has `trainable_variables`, `losses` and a call with `training=True` will do.
    loss : Loss
        Such as `keras.losses.MeanSquaredError()`. Penalties of layers (`model.losses`) are added.
    optimizer : keras.optimizers.Optimizer
        Keeps its own state from one `run` to the next, and belongs to this model from now on.
    schedule : Schedule, optional
        Maps the number of updates already made, 0, 1, …, to the learning rate of the next one: any
        Python function, since it is evaluated before the graph starts. Without it the optimizer
        keeps its own learning rate, which may be a `LearningRateSchedule` of Keras's.

    Attributes
    ----------
    updates : int
        How many updates have been made in all runs.
    """

    def __init__(
        self, model: Any, loss: Loss, optimizer: Any, *, schedule: Schedule | None = None
    ) -> None:
        if not model.trainable_variables:
            raise ValueError(
                "the model has no weights to train: begin it with keras.Input, or call it once"
            )
        self.model, self.loss, self.optimizer, self.schedule = model, loss, optimizer, schedule
        self.updates = 0
        self._dtype = tf.as_dtype(model.trainable_variables[0].dtype)
        optimizer.build(model.trainable_variables)  # a graph may use variables, not create them
        # Each trainer traces its own graph; data of another length do not trace it again.
        self._loop = tf.function(self._steps, reduce_retracing=True)

    @property
    def traces(self) -> int:
        """How often Python has run through the loop to draw its graph."""
        return int(self._loop.experimental_get_tracing_count())

    def run(self, x: Any, y: Any, *, steps: int, batch_size: int, seed: int | None = None) -> Array:
        """Make `steps` updates and return the loss of each batch before its update, shape (steps,).

        An epoch is ⌈m/batch_size⌉ updates; its last batch holds what is left. A run begins with
        the first batch of an epoch and may end amid one.

        Parameters
        ----------
        x, y : array_like, or structures of them, shapes (m, …)
            Cast to the type of the weights unless they hold integers. A vector y becomes a column
            where the model gives one: else a loss of one's own would broadcast to shape (m, m).
        steps, batch_size : int
            steps ≥ 1, 1 ≤ batch_size ≤ m.
        seed : int, optional
            Shuffles the rows anew each epoch, alike for the same seed and number of updates made
            before. Without it the rows come in their order, as in `fit(shuffle=False)`.

        Returns
        -------
        ndarray, shape (steps,)
            Losses before each update, penalties included, as float64.

        Raises
        ------
        ValueError
            If the sizes do not fit.
        FloatingPointError
            If a loss is not finite; the weights are then of no use.
        """
        x, y = (tf.nest.map_structure(self._tensor, data) for data in (x, y))
        rows = {len(part) for part in tf.nest.flatten((x, y))}
        if len(rows) != 1:
            raise ValueError(f"x and y have {sorted(rows)} rows; expected equally many")
        (m,) = rows
        if steps < 1 or not 1 <= batch_size <= m:
            raise ValueError(
                f"steps = {steps}, batch_size = {batch_size}; expected at least 1 step, and "
                f"batches of 1 to {m} rows"
            )
        if not tf.nest.is_nested(y) and tuple(y.shape) == (m,):
            one = tf.nest.map_structure(lambda part: part[:1], x)
            if tuple(self.model(one).shape) == (1, 1):
                y = y[:, None]
        rates = []
        if self.schedule is not None:
            rates = [self.schedule(self.updates + t) for t in range(steps)]
        losses = self._loop(
            x,
            y,
            tf.constant(rates, self._dtype),
            # Tensors: a Python number would be built into the graph, and another trace a new one.
            tf.constant(steps),
            tf.constant(batch_size),
            tf.constant(seed is not None),
            tf.constant([seed or 0, self.updates]),
        ).numpy()
        self.updates += steps
        if not np.isfinite(losses).all():
            first = int(np.argmin(np.isfinite(losses)))
            raise FloatingPointError(
                f"the loss of step {first} of {steps} is {losses[first]}; take a lower learning "
                "rate, or look for NaN in the data"
            )
        return losses.astype(np.float64)

    def _tensor(self, data: ArrayLike) -> tf.Tensor:
        tensor = tf.convert_to_tensor(data)
        return tf.cast(tensor, self._dtype) if tensor.dtype.is_floating else tensor

    def _steps(
        self, x: Any, y: Any, rates: Any, steps: Any, batch_size: Any, shuffle: Any, seed: Any
    ) -> tf.Tensor:
        m = tf.shape(tf.nest.flatten(x)[0])[0]
        per_epoch = (m + batch_size - 1) // batch_size
        order = tf.range(m)
        losses = tf.TensorArray(self._dtype, size=steps)
        for t in tf.range(steps):
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(order, tf.TensorShape([None]))]
            )
            batch = t % per_epoch
            if shuffle and batch == 0:
                order = tf.random.experimental.stateless_shuffle(
                    tf.range(m), seed=seed + tf.stack([0, t])
                )
            rows = order[batch * batch_size : (batch + 1) * batch_size]
            if self.schedule is not None:
                self.optimizer.learning_rate.assign(rates[t])
            losses = losses.write(t, self._update(*_take((x, y), rows)))
        return losses.stack()

    def _update(self, x: Any, y: Any) -> tf.Tensor:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.loss(y, self.model(x, training=True)))
            loss += tf.add_n(self.model.losses) if self.model.losses else 0.0
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return tf.cast(loss, self._dtype)


def epoch_losses(losses: ArrayLike, *, n_samples: int, batch_size: int) -> Array:
    """Return the mean loss of each whole epoch, as the history of `fit` reports it.

    `losses` are those of `GraphTrainer.run`, shape (steps,), from its first batch on. Each batch
    counts with its number of rows, so a smaller last batch counts less. Steps after the last whole
    epoch are left out. Shape (steps // ⌈n_samples/batch_size⌉,).

    Parameters
    ----------
    losses : array_like, shape (steps,)
        Mean loss of each batch.
    n_samples, batch_size : int
        Rows of the data and of a batch, as given to `run`.

    Returns
    -------
    ndarray, shape (whole epochs,)
    """
    firsts = np.arange(0, n_samples, batch_size)
    sizes = np.minimum(batch_size, n_samples - firsts)
    losses = np.asarray(losses, dtype=np.float64)
    whole = losses[: len(losses) // len(sizes) * len(sizes)].reshape(-1, len(sizes))
    return whole @ sizes / n_samples


def _take(data: Any, rows: Any) -> Any:
    return tf.nest.map_structure(lambda part: tf.gather(part, rows), data)
