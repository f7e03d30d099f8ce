"""Oracles: the moments of the distributions, products of layer factors, Keras."""

import numpy as np
import pytest
from scipy import stats

from course import initialisation as ini
from course import neurons as nn


def rng(seed=0):
    return np.random.default_rng(seed)


def test_glorot_is_uniform_on_its_interval():
    W = ini.glorot_uniform(300, 100, rng())
    limit = np.sqrt(6 / 400)
    assert W.shape == (300, 100)
    assert stats.kstest(W.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-3
    assert W.var() == pytest.approx(2 / 400, rel=0.03)


def test_he_is_normal_with_variance_two_over_inputs():
    W = ini.he_normal(300, 100, rng())
    assert W.shape == (300, 100)
    assert stats.kstest(W.ravel(), stats.norm(0, np.sqrt(2 / 300)).cdf).pvalue > 1e-3


def test_normal_has_the_given_scale():
    W = ini.normal(0.3)(200, 100, rng())
    assert W.shape == (200, 100)
    assert stats.kstest(W.ravel(), stats.norm(0, 0.3).cdf).pvalue > 1e-3


def test_layers_have_their_sizes_their_own_draws_and_zero_biases():
    layers = ini.initial_layers([4, 4, 4, 2], ini.he_normal, rng(1))
    assert [W.shape for W, _ in layers] == [(4, 4), (4, 4), (4, 2)]
    assert [b.tolist() for _, b in layers] == [[0] * 4, [0] * 4, [0] * 2]
    assert not np.allclose(layers[0][0], layers[1][0])
    again = ini.initial_layers([4, 4, 4, 2], ini.he_normal, rng(1))
    np.testing.assert_array_equal(layers[2][0], again[2][0])


@pytest.mark.parametrize("sizes", [[3], [], [3, 0, 1]])
def test_sizes_that_make_no_network(sizes):
    with pytest.raises(ValueError, match="expected two or more positive integers"):
        ini.initial_layers(sizes, ini.he_normal, rng())


def test_without_activation_the_signal_grows_by_n_times_the_variance_at_each_layer():
    """E[(xW)²] = n·s²·E[x²], layer after layer; averaged over draws of the weights."""
    width, scale, X = 100, 0.13, rng(0).normal(size=(30, 100))
    squares = np.mean(
        [
            ini.signal_sizes(
                ini.initial_layers([width] * 7, ini.normal(scale), rng(seed)), X, nn.identity
            )
            ** 2
            for seed in range(40)
        ],
        axis=0,
    )
    np.testing.assert_allclose(squares[1:] / squares[:-1], width * scale**2, rtol=0.06)


@pytest.mark.parametrize(("rule", "factor"), [(ini.he_normal, 1), (ini.glorot_uniform, 0.5)])
def test_he_keeps_the_mean_square_of_relu_signals_and_glorot_halves_it(rule, factor):
    X = rng(0).normal(size=(20, 128))
    squares = np.mean(
        [
            ini.signal_sizes(ini.initial_layers([128] * 8, rule, rng(seed)), X, nn.relu)[:-1] ** 2
            for seed in range(30)
        ],
        axis=0,
    )
    assert squares[-1] / squares[0] == pytest.approx(factor**5, rel=0.25)


def test_gradient_sizes_are_those_of_the_recursion():
    layers = ini.initial_layers([3, 5, 4, 1], ini.glorot_uniform, rng(2))
    X = rng(3).normal(size=(6, 3))
    found = ini.gradient_sizes(layers, X, nn.tanh, lambda output: output.mean())
    A1 = np.tanh(X @ layers[0][0])
    A2 = np.tanh(A1 @ layers[1][0])
    g3 = np.full((6, 1), 1 / 6)
    g2 = g3 @ layers[2][0].T
    g1 = (g2 * (1 - A2**2)) @ layers[1][0].T
    np.testing.assert_allclose(found, [np.sqrt(np.mean(g**2)) for g in (g1, g2, g3)])


@pytest.mark.slow
@pytest.mark.parametrize(("n_in", "n_out"), [(200, 300), (300, 100)])
def test_keras_draws_with_the_same_variances(n_in, n_out):
    import keras

    for rule, theirs in (
        (ini.glorot_uniform, keras.initializers.GlorotUniform(seed=1)),
        (ini.he_normal, keras.initializers.HeNormal(seed=1)),
    ):
        drawn = np.asarray(theirs((n_in, n_out)), dtype=np.float64)
        assert rule(n_in, n_out, rng()).var() == pytest.approx(drawn.var(), rel=0.05)
