"""Oracles: Keras layers and optimiser, nested tapes, finite differences, closed-form prices."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from course import differential_ml as dml
from course.option_data import BachelierBasket, BlackScholes, Sample

BASKET = BachelierBasket.random(3, seed=1)


def random_layers(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in zip(sizes, sizes[1:])]  # noqa: B905, RUF007


def keras_twin(layers):
    """The same network from Keras's parts."""
    sizes = [W.shape[1] for W, _ in layers]
    dense = [keras.layers.Dense(size, "softplus") for size in sizes[:-1]] + [keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((layers[0][0].shape[0],)), *dense])
    model.set_weights([part for layer in layers for part in layer])
    return model


def nested(model, x):
    """Value and gradient, by a tape."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
    return y[:, 0], tape.gradient(y, x)


# --- the network -----------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1, 5, 1), (3, 4, 6, 1), (7, 20, 20, 20, 20, 1)])
def test_the_twin_is_what_a_tape_finds(sizes):
    layers = [(W.astype("float32"), b.astype("float32")) for W, b in random_layers(sizes)]
    x = tf.constant(np.random.default_rng(1).normal(size=(9, sizes[0])), tf.float32)
    y, dydx = dml.twin(layers, x)
    y_tape, dydx_tape = nested(keras_twin(layers), x)
    scale = np.abs(dydx_tape).max()
    np.testing.assert_allclose(y, y_tape, rtol=1e-5, atol=1e-5 * np.abs(y_tape).max())
    np.testing.assert_allclose(dydx / scale, dydx_tape / scale, atol=1e-5)


def test_the_twin_is_what_finite_differences_find():
    layers = random_layers((3, 5, 4, 1))
    x = np.random.default_rng(2).normal(size=(6, 3))
    _, dydx = dml.twin(layers, tf.constant(x))
    for j, step in enumerate(1e-6 * np.eye(3)):
        up, down = (dml.twin(layers, tf.constant(x + s))[0].numpy() for s in (step, -step))
        np.testing.assert_allclose(dydx[:, j], (up - down) / 2e-6, rtol=1e-6, atol=1e-8)


def test_initial_weights_have_the_variance_of_their_fan_in():
    layers = dml.initial_layers(400, seed=3, hidden=(300, 200), gain=2.0)
    assert [W.shape for W, _ in layers] == [(400, 300), (300, 200), (200, 1)]
    for W, b in layers[:2]:
        deviation = np.sqrt(2 / W.shape[0])
        assert W.std() == pytest.approx(deviation, rel=0.02)
        assert abs(W).max() <= 2 * deviation / 0.8796
        assert not b.any()
        assert W.dtype == b.dtype == np.float32
    again, other = (dml.initial_layers(5, seed=seed)[0][0] for seed in (1, 2))
    np.testing.assert_array_equal(again, dml.initial_layers(5, seed=1)[0][0])
    assert not np.array_equal(again, other)


# --- scaling --------------------------------------------------------------------------------------


def test_scaling_normalises_and_the_chain_rule_holds():
    sample = BASKET.simulate(500, seed=0)
    scaling = dml.Scaling.fit(sample)
    scaled = scaling.scale(sample)
    np.testing.assert_allclose(scaled.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.x.std(axis=0), 1)
    assert scaled.y.mean() == pytest.approx(0, abs=1e-12)
    assert scaled.y.std() == pytest.approx(1)
    np.testing.assert_allclose(np.mean((scaling.lambdas * scaled.dydx) ** 2, axis=0), 1)
    # A quadratic whose derivative is known in both units.
    x = sample.x
    quadratic = Sample(x, (x**2).sum(axis=1), 2 * x)
    scaling = dml.Scaling.fit(quadratic)
    u = scaling.scale(quadratic)

    def in_units(z):
        y = ((scaling.x_mean + scaling.x_std * z) ** 2).sum(axis=1)
        return (y - scaling.y_mean) / scaling.y_std

    for j, step in enumerate(1e-4 * np.eye(3)):
        slope = (in_units(u.x + step) - in_units(u.x - step)) / 2e-4
        np.testing.assert_allclose(u.dydx[:, j], slope, atol=1e-6)
    back = scaling.unscale(x, u.y, u.dydx)
    np.testing.assert_allclose(back.y, quadratic.y)
    np.testing.assert_allclose(back.dydx, quadratic.dydx)


def test_an_input_without_derivatives_has_the_weight_one():
    sample = BASKET.simulate(50, seed=0)
    silent = Sample(sample.x, sample.y, sample.dydx * [1, 0, 1])
    lambdas = dml.Scaling.fit(silent).lambdas
    assert lambdas[1] == 1
    np.testing.assert_array_equal(lambdas[[0, 2]], dml.Scaling.fit(sample).lambdas[[0, 2]])


def test_other_units_change_the_predictions_by_the_units_alone():
    sample = BASKET.simulate(600, seed=1)
    x = BASKET.test_set(50, seed=1).x
    one = dml.train(sample, n_epochs=5)(x)
    big = Sample(sample.x * 100 + 7, sample.y * 1e6, sample.dydx * 1e4)
    other = dml.train(big, n_epochs=5)(x * 100 + 7)
    np.testing.assert_allclose(other.y, one.y * 1e6, rtol=1e-3, atol=1e3 * one.y.std())
    np.testing.assert_allclose(other.dydx, one.dydx * 1e4, rtol=1e-3, atol=1e1)


# --- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("differential", "balance"), [(False, 1.0), (True, 1.0), (True, 0.3)])
def test_training_makes_the_steps_of_keras_adam_on_a_nested_tape(differential, balance):
    sample = BASKET.simulate(600, seed=2)  # batches of 256, 256 and 88
    layers = dml.initial_layers(3, seed=4, hidden=(6, 5))
    schedule = functools.partial(dml.one_cycle, peak=0.02)
    ours = dml.train(
        sample, n_epochs=3, initial=layers, differential=differential, balance=balance,
        schedule=schedule,
    )  # fmt: skip

    scaling = dml.Scaling.fit(sample)
    scaled = scaling.scale(sample)
    model = keras_twin(layers)
    optimizer = keras.optimizers.Adam(epsilon=1e-8)
    alpha = 1 / (1 + balance * 3) if differential else 1.0
    losses = []
    for t, rate in enumerate(schedule(9)):
        rows = slice(256 * (t % 3), 256 * (t % 3) + 256)
        x, y, dydx = (tf.constant(a[rows], tf.float32) for a in (scaled.x, scaled.y, scaled.dydx))
        with tf.GradientTape() as tape:
            value, slopes = nested(model, x)
            wrong = tf.reduce_mean(((slopes - dydx) * scaling.lambdas.astype("float32")) ** 2)
            loss = alpha * tf.reduce_mean((value - y) ** 2) + (1 - alpha) * wrong
        optimizer.learning_rate = rate
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        losses.append(float(loss))
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-4)
    for found, wanted in zip(
        [p for layer in ours.layers for p in layer], model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_without_weight_on_derivatives_it_is_standard_training():
    sample = BASKET.simulate(400, seed=3)
    x = BASKET.test_set(20, seed=0).x
    standard = dml.train(sample, n_epochs=4, differential=False)(x)
    np.testing.assert_allclose(
        dml.train(sample, n_epochs=4, balance=0.0)(x).y, standard.y, rtol=1e-4
    )


def test_the_seed_decides_and_the_sample_is_left_alone():
    sample = BASKET.simulate(300, seed=4)
    for array in (sample.x, sample.y, sample.dydx):
        array.flags.writeable = False
    one, two, other = (dml.train(sample, n_epochs=3, seed=seed).layers for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0][0], two[0][0])
    assert not np.allclose(one[0][0], other[0][0])


def test_predictions_carry_their_own_derivative():
    network = dml.train(BASKET.simulate(300, seed=5), n_epochs=10)
    x = BASKET.test_set(20, seed=0).x
    for j, step in enumerate(1e-2 * np.eye(3)):
        slope = (network(x + step).y - network(x - step).y) / 2e-2
        np.testing.assert_allclose(network(x).dydx[:, j], slope, atol=1e-3)


def test_one_graph_serves_data_of_every_size():
    before = dml._descent.cache_info().currsize
    for m in (300, 500, 5000):
        dml.train(
            BASKET.simulate(m, seed=6),
            n_epochs=1,
            initial=dml.initial_layers(3, seed=0, hidden=(7,)),
        )
    assert dml._descent.cache_info().currsize == before + 1
    shapes = ((3, 7), (7, 1))
    assert dml._descent(shapes, True).experimental_get_tracing_count() == 1


def test_a_rate_that_is_too_high_is_named():
    with pytest.raises(FloatingPointError, match="lower learning rate"):
        dml.train(BASKET.simulate(300, seed=7), schedule=lambda n: np.full(n, 1e30))


@pytest.mark.slow
def test_derivatives_halve_the_error_of_a_seven_asset_basket():
    basket = BachelierBasket.random(7, seed=11)
    sample, test = basket.simulate(4096, seed=11), basket.test_set(seed=12)
    errors = {
        flag: dml.root_mean_squared_error(dml.train(sample, differential=flag)(test.x).y, test.y)
        for flag in (False, True)
    }
    assert errors[True] < 0.5 * errors[False]
    assert errors[True] < 0.0035


@pytest.mark.slow
def test_derivatives_help_black_and_scholes():
    model = BlackScholes()
    sample, test = model.simulate(1024, seed=3), model.test_set()
    found = dml.train(sample)(test.x)
    assert dml.root_mean_squared_error(found.y, test.y) < 0.005
    assert dml.root_mean_squared_error(found.dydx, test.dydx) < 0.03


# --- schedule, error, inputs ---------------------------------------------------------------------


def test_one_cycle_rises_falls_and_crawls():
    rates = dml.one_cycle(1000, peak=0.3)
    assert len(rates) == 1000
    assert rates.argmax() == 200
    at = {0: 3e-8, 100: 0.15, 200: 0.3, 400: 0.165, 600: 0.03, 900: 3e-6}
    for place, wanted in at.items():
        assert rates[place] == pytest.approx(wanted, rel=1e-5)
    assert (np.diff(rates[:201]) > 0).all()
    assert (np.diff(rates[200:]) < 0).all()


def test_root_mean_squared_error_broadcasts_nothing():
    assert dml.root_mean_squared_error([1.0, 2.0], [1.0, 5.0]) == pytest.approx(4.5**0.5)
    with pytest.raises(ValueError, match=r"\(2,\) and \(2, 1\) differ"):
        dml.root_mean_squared_error([1.0, 2.0], [[1.0], [5.0]])


S = BASKET.simulate(300, seed=8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dml.train(Sample(S.x[:, 0], S.y, S.dydx)), r"x has shape \(300,\)"),
        (lambda: dml.train(Sample(S.x, S.y[:, None], S.dydx)), r"y has shape \(300, 1\)"),
        (lambda: dml.train(Sample(S.x, S.y, S.dydx[:, :1])), r"dydx has shape \(300, 1\)"),
        (lambda: dml.train(S, n_epochs=0), "n_epochs is 0"),
        (lambda: dml.train(S, balance=-1.0), "balance is -1"),
        (lambda: dml.train(Sample(S.x * [1, 0, 1] + 0.1, S.y, S.dydx)), "never varies"),
        (lambda: dml.train(Sample(S.x, np.full(300, 0.1), S.dydx)), "never varies"),
        (lambda: dml.one_cycle(10, peak=0), "peak is 0"),
        (lambda: dml.initial_layers(0, seed=1), "no unit"),
        (lambda: dml.train(S, n_epochs=1)(S.x[0]), r"x has shape \(3,\)"),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
