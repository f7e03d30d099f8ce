"""Oracles: NumPy, closed forms, order statistics, Keras's own training step."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from course import keras_parts as parts


def again(thing):
    """The same through its configuration as text, which is what a saved model holds."""
    return type(thing).from_config(json.loads(json.dumps(thing.get_config())))


# --- the monotone layer ---------------------------------------------------------------------


def test_monotone_dense_equals_its_formula():
    rng = np.random.default_rng(0)
    layer = parts.MonotoneDense(4, signs=[1, -1, 0], activation="tanh")
    layer.build((None, 3))
    V, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    layer.set_weights([V, b])
    K = np.stack([np.abs(V[0]), -np.abs(V[1]), V[2]])
    np.testing.assert_allclose(layer.kernel, K, rtol=1e-6)
    X = rng.normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(layer(X), np.tanh(X @ K + b), rtol=1e-5, atol=1e-6)


def test_without_signs_all_weights_are_non_negative():
    layer = parts.MonotoneDense(2)
    layer.build((None, 2))
    layer.set_weights([np.array([[-1.0, 2.0], [3.0, -4.0]]), np.zeros(2)])
    np.testing.assert_array_equal(layer.kernel, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(layer(np.array([[1.0, 1.0]])), [[4, 6]])


@pytest.mark.parametrize("seed", range(3))
def test_a_stack_keeps_the_signs_for_any_weights(seed):
    keras.utils.set_random_seed(seed)
    first = parts.MonotoneDense(16, [1, -1, 0], "tanh", dtype="float64")
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            first,
            parts.MonotoneDense(8, activation="softplus", dtype="float64"),
            parts.MonotoneDense(1, dtype="float64"),
        ]
    )
    rng = np.random.default_rng(seed)
    model.set_weights([2 * rng.normal(size=w.shape) for w in model.get_weights()])
    X = tf.constant(rng.normal(size=(200, 3)))
    with tf.GradientTape() as tape:
        tape.watch(X)
        y = model(X)
    slopes = tape.gradient(y, X).numpy()
    assert (slopes[:, 0] >= 0).all()
    assert (slopes[:, 1] <= 0).all()
    assert slopes[:, 0].max() > 0 > slopes[:, 1].min()
    assert slopes[:, 2].min() < 0 < slopes[:, 2].max()  # the free input is free


def test_monotone_dense_refuses_what_it_cannot_mean():
    with pytest.raises(ValueError, match="expected 1, -1 and 0"):
        parts.MonotoneDense(1, signs=[2])
    with pytest.raises(ValueError, match="one per input"):
        parts.MonotoneDense(1, signs=[1, 1]).build((None, 3))


# --- the pinball loss -----------------------------------------------------------------------


def test_pinball_loss_equals_its_formula_and_its_reductions():
    loss = {how: parts.PinballLoss([0.1, 0.75], reduction=how) for how in ("sum", None)}
    y, p = np.array([[2.0], [0.0]]), np.array([[1.0, 4.0], [3.0, -1.0]])
    rows = [(0.1 * 1 + 0.25 * 2) / 2, (0.9 * 3 + 0.75 * 1) / 2]
    np.testing.assert_allclose(loss[None](y, p), rows, rtol=1e-6)
    np.testing.assert_allclose(loss["sum"](y, p), sum(rows), rtol=1e-6)
    np.testing.assert_allclose(parts.PinballLoss([0.1, 0.75])(y, p), np.mean(rows), rtol=1e-6)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_pinball_loss_is_least_at_the_quantile(level):
    y = np.random.default_rng(1).exponential(size=(101, 1))
    loss = parts.PinballLoss([level], dtype="float64")
    losses = [float(loss(y, np.full_like(y, guess))) for guess in y[:, 0]]
    best = y[int(np.argmin(losses)), 0]
    assert best == np.quantile(y, level, method="inverted_cdf")


def test_pinball_loss_refuses_shapes_that_would_broadcast_and_levels_that_are_none():
    with pytest.raises(ValueError, match=r"expected \(1,\) and \(2,\)"):
        parts.PinballLoss([0.1, 0.9])(np.zeros((5, 2)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"expected \(1,\)"):
        parts.PinballLoss([0.5])(np.zeros(5), np.zeros((5, 1)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        parts.PinballLoss([10])


# --- the penalised training step ------------------------------------------------------------


def borrowers(m=20):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(m, 2)).astype("float32")
    return X, (rng.uniform(size=(m, 1)) < 0.4).astype("float32")


def scorer(seed=0):
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(5, activation="tanh", kernel_regularizer="l2")
    return keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])


def train(model, X, y, **options):
    model.compile(
        keras.optimizers.SGD(0.3),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
        jit_compile=False,
    )
    return model.fit(X, y, shuffle=False, verbose=0, **options).history


def test_without_strength_it_trains_as_keras_does():
    X, y = borrowers()
    plain, penalised = scorer(), parts.MonotonePenalty(scorer(), [1, -1], 0.0)
    options = {"epochs": 3, "batch_size": 8, "sample_weight": np.linspace(0.5, 1.5, 20)}
    ours, theirs = train(penalised, X, y, **options), train(plain, X, y, **options)
    assert ours.keys() == theirs.keys() == {"loss", "binary_accuracy"}
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-5)
    for a, b in zip(penalised.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("signs", "penalty"), [([-1, 0], 4.0), ([1, 0], 0.0), ([0, 1], 9.0), ([-1, 1], 13.0)]
)
def test_the_penalty_of_a_linear_score_is_the_square_of_its_wrong_slopes(signs, penalty):
    inputs = keras.Input((2,))
    net = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model = parts.MonotonePenalty(net, signs, strength=0.5)
    X, y = borrowers()
    model(X)
    net.set_weights([np.array([[2.0], [-3.0]])])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
    loss = model.fit(X, y, batch_size=20, verbose=0).history["loss"][0]
    mean_square = np.mean((X @ [2.0, -3.0] - y[:, 0]) ** 2)
    assert loss == pytest.approx(mean_square + 0.5 * penalty, rel=1e-5)


def test_a_penalty_moves_the_slope_to_the_right_sign():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 1)).astype("float32")
    y = -X  # the data fall, the theory says that they must not
    inputs = keras.Input((1,))
    net = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model = parts.MonotonePenalty(net, [1], strength=100.0)
    model.compile(keras.optimizers.SGD(0.004), "mse", jit_compile=False)
    model.fit(X, y, epochs=10, batch_size=40, verbose=0)
    # Least squares with the penalty: slope w minimises (w + 1)²·v + 100·w² for w < 0.
    v = float(np.var(X))
    assert net.get_weights()[0][0, 0] == pytest.approx(-v / (v + 100), rel=1e-2)


# --- the callback ---------------------------------------------------------------------------


def test_batch_losses_takes_the_running_means_apart():
    # SGD with rate 0 leaves the weights alone: each batch's loss is its own mean square.
    y = np.arange(1.0, 8.0, dtype="float32")
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.set_weights([np.zeros((1, 1))])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
    record = parts.BatchLosses(n_samples=7, batch_size=3)
    X, options = np.ones((7, 1)), {"epochs": 2, "batch_size": 3, "shuffle": False, "verbose": 0}
    model.fit(X, y, callbacks=[record], **options)
    batches = [14 / 3, 77 / 3, 49.0]
    np.testing.assert_allclose(record.losses, 2 * batches, rtol=1e-5)
    np.testing.assert_allclose(record.running, 2 * [14 / 3, 91 / 6, 140 / 7], rtol=1e-5)
    model.fit(X, y, callbacks=[record], **options)
    assert len(record.losses) == len(record.running) == 6  # another training starts afresh


# --- configurations and files ---------------------------------------------------------------


@pytest.mark.parametrize("signs", [None, [1, 0]])
def test_layer_and_loss_come_back_from_their_configuration(signs):
    layer = again(parts.MonotoneDense(3, signs, "tanh", name="rising"))
    assert (layer.units, layer.signs, layer.name) == (3, signs, "rising")
    assert layer.activation is keras.activations.tanh
    loss = again(parts.PinballLoss([0.1, 0.9], reduction="sum"))
    assert (loss.quantiles, loss.reduction) == ([0.1, 0.9], "sum")


def test_a_saved_model_with_all_parts_predicts_alike(tmp_path):
    keras.utils.set_random_seed(1)
    net = keras.Sequential(
        [
            keras.Input((2,)),
            parts.MonotoneDense(4, [1, 0], "tanh"),
            parts.MonotoneDense(2),
        ]
    )
    model = parts.MonotonePenalty(net, [1, 0], 0.5)
    X, _ = borrowers()
    before = model(X)
    model.compile("sgd", parts.PinballLoss([0.2, 0.8]))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, parts.MonotonePenalty)
    assert (loaded.signs, loaded.strength) == ([1, 0], 0.5)
    assert loaded.loss.quantiles == [0.2, 0.8]
    np.testing.assert_array_equal(loaded(X), before)
