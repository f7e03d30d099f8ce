"""Oracles: simulation of the exact risk, and the arithmetic of one hidden layer."""

import math

import numpy as np
import pytest

from course import double_descent as dd


def simulated_risk(n, p, total, noise, runs):
    """Mean risk of minimal-norm least squares that sees p of `total` standard normal features."""
    rng = np.random.default_rng(0)
    beta = np.full(total, 1 / math.sqrt(total))
    risks = []
    for _ in range(runs):
        X = rng.normal(size=(n, total))
        y = X @ beta + noise * rng.normal(size=n)
        w = np.zeros(total)
        w[:p] = np.linalg.pinv(X[:, :p]) @ y
        risks.append(np.sum((w - beta) ** 2) + noise**2)
    return np.mean(risks), np.std(risks) / math.sqrt(runs)


@pytest.mark.parametrize("p", [0, 1, 8, 13, 28, 40, 60])
def test_the_risk_formula_agrees_with_simulation(p):
    n, total, noise = 20, 60, 0.5
    mean, error = simulated_risk(n, p, total, noise, 1500)
    exact = dd.minimum_norm_risk(n, p, signal=p / total, unexplained=noise**2 + (total - p) / total)
    assert abs(mean - exact) < 4.5 * error + 1e-12


@pytest.mark.parametrize("p", [19, 20, 21])
def test_around_interpolation_the_expected_risk_is_infinite(p):
    assert dd.minimum_norm_risk(20, p, signal=1, unexplained=0.1) == math.inf
    assert dd.minimum_norm_risk(20, 18, signal=1, unexplained=0.1) == pytest.approx(0.1 * 19)
    assert dd.minimum_norm_risk(20, 22, signal=1, unexplained=0.1) < math.inf


def test_features_are_a_frozen_layer():
    features = dd.ReluFeatures.draw(3, 5, seed=1)
    np.testing.assert_allclose(np.linalg.norm(features.directions, axis=1), 1)
    X = np.random.default_rng(0).normal(size=(4, 3))
    out = features(X)
    for i, x in enumerate(X):
        for j in range(5):
            raw = sum(features.directions[j, k] * x[k] for k in range(3)) + features.offsets[j]
            assert out[i, j] == pytest.approx(max(0, raw) / math.sqrt(5))


def test_models_of_one_seed_are_nested():
    few, many = (dd.ReluFeatures.draw(2, p, seed=3) for p in (4, 9))
    np.testing.assert_array_equal(few.directions, many.directions[:4])
    np.testing.assert_array_equal(few.offsets, many.offsets[:4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dd.ReluFeatures.draw(0, 5, seed=0), "expected 1 or more"),
        (lambda: dd.ReluFeatures.draw(2, 5, seed=0)(np.ones(2)), r"expected \(rows, 2\)"),
        (lambda: dd.ReluFeatures.draw(2, 5, seed=0)(np.ones((1, 3))), r"expected \(rows, 2\)"),
        (lambda: dd.minimum_norm_risk(0, 5, signal=1, unexplained=1), "too small"),
        (lambda: dd.minimum_norm_risk(5, -1, signal=1, unexplained=1), "too small"),
        (lambda: dd.minimum_norm_risk(5, 2, signal=-1, unexplained=1), "too small"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
