"""Oracles: Keras's own `fit`, closed forms, a plain loop in Python."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course.training import GraphTrainer, epoch_losses

MSE = keras.losses.MeanSquaredError()


def data(m=22, n=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n))
    return X, np.sin(X).sum(axis=1, keepdims=True)


def net(n=3, seed=0, **options):
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(8, activation="tanh", **options)
    return keras.Sequential([keras.Input((n,)), hidden, keras.layers.Dense(1)])


def line(start=0.0, n=1):
    """A linear model without an intercept in float64, whose path can be computed by hand."""
    inputs = keras.Input((n,), dtype="float64")
    layer = keras.layers.Dense(1, use_bias=False, dtype="float64")
    model = keras.Model(inputs, layer(inputs))
    model.set_weights([np.full((n, 1), start)])
    return model


def fitted(model, optimizer, X, y, *, epochs, batch_size, loss="mse"):
    model.compile(optimizer, loss, jit_compile=False)
    history = model.fit(X, y, epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0)
    return history.history["loss"]


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [22, 8])
def test_equals_fit_without_shuffling(batch_size):
    # Batch normalisation and the penalty notice a loop that forgets training=True, model.losses
    # or that only some weights are trainable.
    def make():
        keras.utils.set_random_seed(3)
        layers = [
            keras.Input((3,)),
            # A bias here would have no effect, and Adam would turn its rounding errors into steps.
            keras.layers.Dense(6, use_bias=False, kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("tanh"),
            keras.layers.Dense(1),
        ]
        return keras.Sequential(layers)

    X, y = data()
    ours, theirs = make(), make()
    wanted = fitted(
        theirs, keras.optimizers.Adam(0.02), X, y[:, 0], epochs=5, batch_size=batch_size
    )
    per_epoch = -(-22 // batch_size)
    losses = GraphTrainer(ours, MSE, keras.optimizers.Adam(0.02)).run(
        X, y, steps=5 * per_epoch, batch_size=batch_size
    )
    assert losses.shape == (5 * per_epoch,)
    np.testing.assert_allclose(
        epoch_losses(losses, n_samples=22, batch_size=batch_size), wanted, rtol=1e-5
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_gradient_descent_on_one_weight_follows_the_closed_form():
    # Loss (w - 3)², so w_t - 3 = (1 - 2η)^t (w_0 - 3); in float64 to the last digits.
    model = line()
    losses = GraphTrainer(model, MSE, keras.optimizers.SGD(0.1)).run(
        np.ones((4, 1)), np.full(4, 3.0), steps=10, batch_size=4
    )
    np.testing.assert_allclose(losses, 9 * 0.8 ** (2 * np.arange(10)), rtol=1e-6)
    assert losses.dtype == np.float64
    np.testing.assert_allclose(model.get_weights()[0], 3 - 3 * 0.8**10, rtol=1e-6)


def test_batches_come_in_order_and_the_last_holds_what_is_left():
    # With a step that moves straight to the batch's mean, the losses are known one by one.
    y = np.array([1.0, 3.0, 10.0, 10.0, 7.0])
    losses = GraphTrainer(line(), MSE, keras.optimizers.SGD(0.5)).run(
        np.ones((5, 1)), y, steps=4, batch_size=2
    )
    np.testing.assert_allclose(losses, [5, 64, 9, 26], rtol=1e-6)  # w: 0 → 2 → 10 → 7


def test_runs_in_pieces_as_in_one():
    X, y = data()
    whole, pieces = net(), net()
    one = GraphTrainer(whole, MSE, keras.optimizers.Adam(0.01))
    many = GraphTrainer(pieces, MSE, keras.optimizers.Adam(0.01))
    at_once = one.run(X, y, steps=9, batch_size=8, seed=4)
    parts = [many.run(X, y, steps=3, batch_size=8, seed=4) for _ in range(3)]  # 3 = one epoch
    np.testing.assert_allclose(np.concatenate(parts), at_once, rtol=1e-6)
    assert many.updates == one.updates == 9
    assert many.traces == 1


def test_other_sizes_do_not_trace_again():
    trainer = GraphTrainer(net(), MSE, keras.optimizers.Adam(0.01))
    for m in (10, 20, 30, 40):
        trainer.run(*data(m), steps=m, batch_size=m // 2, seed=m)
    assert trainer.traces <= 2  # the second finds that the number of rows varies


def test_an_epoch_uses_each_row_once_in_an_order_that_changes_and_repeats():
    # The learning rate is so small that a loss tells only which row was used.
    m = 7
    y = np.arange(1.0, m + 1)

    def rows(seed):
        trainer = GraphTrainer(line(), MSE, keras.optimizers.SGD(1e-12))
        losses = trainer.run(np.ones((m, 1)), y, steps=3 * m, batch_size=1, seed=seed)
        return np.rint(np.sqrt(losses)).astype(int).reshape(3, m)

    found = rows(5)
    assert (np.sort(found, axis=1) == np.arange(1, m + 1)).all()
    assert len({tuple(epoch) for epoch in found}) == 3
    np.testing.assert_array_equal(found, rows(5))
    assert (found != rows(6)).any()
    assert (rows(0) != np.arange(1, m + 1)).any()  # the seed 0 shuffles, too
    assert (rows(None) == np.arange(1, m + 1)).all()


def test_schedule_counts_all_updates():
    asked = []

    def schedule(t):
        asked.append(t)
        return 0.5 if t == 2 else 0.0

    model = line()
    trainer = GraphTrainer(model, MSE, keras.optimizers.SGD(1.0), schedule=schedule)
    X, y = np.ones((2, 1)), np.full(2, 4.0)
    assert trainer.run(X, y, steps=2, batch_size=2).tolist() == [16, 16]
    assert trainer.run(X, y, steps=2, batch_size=2).tolist() == [16, 0]
    assert asked == [0, 1, 2, 3]


def test_keeps_a_schedule_of_the_optimizer():
    decay = keras.optimizers.schedules.InverseTimeDecay(0.25, 1, 1.0)  # 1/4, 1/8, 1/12, …
    model = line()
    GraphTrainer(model, MSE, keras.optimizers.SGD(decay)).run(
        np.ones((2, 1)), np.full(2, 1.0), steps=3, batch_size=2
    )
    wanted = 1 - (1 - 2 / 4) * (1 - 2 / 8) * (1 - 2 / 12)
    np.testing.assert_allclose(model.get_weights()[0], wanted, rtol=1e-6)


def test_a_vector_of_targets_meets_a_column_of_predictions():
    def plain(y, prediction):  # would broadcast (m,) - (m, 1) to (m, m)
        return (y - prediction) ** 2

    X, y = data()
    vector = GraphTrainer(net(), plain, keras.optimizers.SGD(0.01)).run(
        X, y[:, 0], steps=5, batch_size=8
    )
    column = GraphTrainer(net(), MSE, keras.optimizers.SGD(0.01)).run(X, y, steps=5, batch_size=8)
    np.testing.assert_allclose(vector, column, rtol=1e-6)


def test_labels_stay_integers_and_several_inputs_are_sliced_together():
    rng = np.random.default_rng(1)
    numbers, group = rng.normal(size=(12, 2)), rng.integers(0, 4, 12)
    labels = rng.integers(0, 3, 12)

    def make():
        keras.utils.set_random_seed(2)
        inputs = [keras.Input((2,)), keras.Input((), dtype="int32")]
        joined = keras.layers.Concatenate()([inputs[0], keras.layers.Embedding(4, 2)(inputs[1])])
        return keras.Model(inputs, keras.layers.Dense(3)(joined))

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    ours, theirs = make(), make()
    wanted = fitted(
        theirs,
        keras.optimizers.SGD(0.1),
        [numbers, group],
        labels,
        epochs=2,
        batch_size=5,
        loss=loss,
    )
    losses = GraphTrainer(ours, loss, keras.optimizers.SGD(0.1)).run(
        [numbers, group], labels, steps=6, batch_size=5
    )
    np.testing.assert_allclose(epoch_losses(losses, n_samples=12, batch_size=5), wanted, rtol=1e-5)


def test_equals_a_plain_loop_in_python():
    X, y = data()
    ours, plain = net(activity_regularizer="l2"), net(activity_regularizer="l2")
    losses = GraphTrainer(ours, MSE, keras.optimizers.RMSprop(0.01)).run(
        X, y, steps=4, batch_size=22
    )
    optimizer, wanted = keras.optimizers.RMSprop(0.01), []
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = MSE(y, plain(X, training=True)) + sum(plain.losses)
        optimizer.apply(tape.gradient(loss, plain.trainable_variables), plain.trainable_variables)
        wanted.append(float(loss))
    np.testing.assert_allclose(losses, wanted, rtol=1e-5)


def test_epoch_losses_weigh_batches_by_their_rows_and_drop_an_unfinished_epoch():
    losses = [1.0, 2.0, 5.0, 3.0, 3.0, 3.0, 9.0]  # batches of 4, 4 and 2 rows
    np.testing.assert_allclose(
        epoch_losses(losses, n_samples=10, batch_size=4), [(4 + 8 + 10) / 10, 3.0]
    )
    assert epoch_losses([1.0], n_samples=10, batch_size=4).shape == (0,)


def test_divergence_is_an_error_with_its_step():
    trainer = GraphTrainer(line(), MSE, keras.optimizers.SGD(1e200))
    with pytest.raises(FloatingPointError, match=r"step [12] of 9"):
        trainer.run(np.ones((2, 1)), np.ones(2), steps=9, batch_size=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0, "batch_size": 1}, "at least 1 step"),
        ({"steps": 1, "batch_size": 0}, "batches of 1 to 2 rows"),
        ({"steps": 1, "batch_size": 3}, "batches of 1 to 2 rows"),
    ],
)
def test_sizes_out_of_range_are_refused(options, message):
    trainer = GraphTrainer(line(), MSE, keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match=message):
        trainer.run(np.ones((2, 1)), np.ones(2), **options)


def test_rows_that_do_not_match_and_models_without_weights_are_refused():
    trainer = GraphTrainer(line(), MSE, keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="equally many"):
        trainer.run(np.ones((2, 1)), np.ones(3), steps=1, batch_size=1)
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"keras\.Input"):
        GraphTrainer(unbuilt, MSE, keras.optimizers.SGD(0.1))
