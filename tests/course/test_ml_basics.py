"""Oracles: counting, normal equations, scipy.optimize, finite differences, closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from course import ml_basics as ml


def regression(seed, m=40, n=4):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(m), rng.normal(1, 2, (m, n - 1))])
    return X, X @ rng.normal(size=n) + 0.3 * rng.normal(size=m)


def labels(seed, m=80, n=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(m), rng.normal(size=(m, n - 1))])
    return X, (rng.random(m) < expit(X @ rng.normal(size=n))).astype(float)


# --- split --------------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [10, 11, 17, 90, 1000])
def test_the_parts_hold_each_row_once_in_their_shares(m):
    parts = ml.split(m, seed=1)
    assert sorted(np.concatenate(parts)) == list(range(m))
    for part, share in zip(parts, (0.7, 0.2, 0.1), strict=True):
        assert abs(len(part) - share * m) < 1


def test_the_split_is_shuffled_by_its_seed():
    first, again, other = (ml.split(50, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.train, again.train)
    assert set(first.train) != set(other.train)
    assert list(first.train) != sorted(first.train)


def test_every_row_is_as_likely_to_be_tested():
    counts = np.bincount(np.concatenate([ml.split(20, seed=s).test for s in range(4000)]))
    # Each of 4000 splits tests 2 of 20 rows: binomial with mean 400, standard deviation 19.
    assert np.abs(counts - 400).max() < 5 * 19


def test_other_shares():
    parts = ml.split(8, seed=0, shares=(0.5, 0.25, 0.25))
    assert [len(part) for part in parts] == [4, 2, 2]


# --- scaler -------------------------------------------------------------------------------------


def test_scaler_standardises_what_it_was_fitted_on_and_maps_other_rows_alike():
    X, _ = regression(0)
    scaler = ml.Scaler.fit(X[:30, 1:])
    inside = scaler(X[:30, 1:])
    np.testing.assert_allclose(inside.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(inside.std(axis=0), 1)
    one_by_one = np.vstack([scaler(row[None, 1:]) for row in X[30:]])
    np.testing.assert_allclose(scaler(X[30:, 1:]), one_by_one)
    np.testing.assert_allclose(one_by_one * scaler.scale + scaler.mean, X[30:, 1:])


def test_a_feature_that_never_varies_becomes_zero():
    scaled = ml.Scaler.fit([[3, 1], [3, 2]])([[3, 1], [5, 3]])
    np.testing.assert_allclose(scaled, [[0, -1], [2, 3]])
    # The computed deviation of six times 0.1 is 1e-17.
    scaled = ml.Scaler.fit(np.full((6, 1), 0.1))([[0.1], [0.2]])
    np.testing.assert_allclose(scaled, [[0], [0.1]], atol=1e-15)


# --- least squares and ridge ----------------------------------------------------------------------


def test_polynomial_features_are_powers():
    np.testing.assert_array_equal(
        ml.polynomial_features([2, -1], 3), [[1, 2, 4, 8], [1, -1, 1, -1]]
    )
    assert ml.polynomial_features([5.0], 0).tolist() == [[1]]


@pytest.mark.parametrize("seed", range(3))
def test_least_squares_solves_the_normal_equations(seed):
    X, y = regression(seed)
    np.testing.assert_allclose(ml.least_squares(X, y), np.linalg.solve(X.T @ X, X.T @ y))


def test_of_many_minimisers_least_squares_returns_the_shortest():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 15)), rng.normal(size=6)
    w = ml.least_squares(X, y)
    np.testing.assert_allclose(X @ w, y)
    np.testing.assert_allclose(w, X.T @ np.linalg.solve(X @ X.T, y))
    null = rng.normal(size=15)
    null -= X.T @ np.linalg.solve(X @ X.T, X @ null)
    assert np.linalg.norm(w + null) > np.linalg.norm(w)


@pytest.mark.parametrize("free", [0, 1, 2])
@pytest.mark.parametrize("penalty", [0.0, 0.1, 10.0])
def test_ridge_solves_its_normal_equations(free, penalty):
    X, y = regression(4)
    D = np.diag((np.arange(4) >= free).astype(float))
    expected = np.linalg.solve(X.T @ X / 40 + penalty * D, X.T @ y / 40)
    np.testing.assert_allclose(ml.ridge(X, y, penalty=penalty, free=free), expected)


def test_a_huge_penalty_leaves_the_mean():
    X, y = regression(5)
    np.testing.assert_allclose(ml.ridge(X, y, penalty=1e12), [y.mean(), 0, 0, 0], atol=1e-9)


def test_a_tiny_penalty_chooses_the_shortest_weights():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(6, 15)), rng.normal(size=6)
    near = ml.ridge(X, y, penalty=1e-10, free=0)
    np.testing.assert_allclose(near, ml.least_squares(X, y), atol=1e-6)


def test_mean_squared_error_is_a_mean_without_a_half():
    assert ml.mean_squared_error([0.0], [[1.0], [1.0]], [1.0, 3.0]) == (1 + 9) / 2


# --- logistic regression --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_logistic_regression_is_where_a_general_optimiser_ends(seed, penalty):
    X, y = labels(seed)

    def loss(w):  # the textbook formula, with its minus sign
        p = expit(X @ w)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + penalty * np.sum(w[1:] ** 2)

    expected = minimize(loss, np.zeros(3), method="BFGS", tol=1e-10).x
    np.testing.assert_allclose(ml.logistic_regression(X, y, penalty=penalty), expected, atol=1e-6)


def test_an_intercept_alone_is_the_log_odds():
    w = ml.logistic_regression(np.ones((10, 1)), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert w[0] == pytest.approx(math.log(2 / 8))


def test_far_outliers_do_not_throw_newton_off():
    X = np.column_stack([np.ones(6), [-1000, -1, 0, 0, 1, 900]])
    w = ml.logistic_regression(X, [0, 1, 0, 1, 0, 1])
    p = expit(X @ w)
    np.testing.assert_allclose(X.T @ (p - [0, 1, 0, 1, 0, 1]), 0, atol=1e-6)


@pytest.mark.parametrize("y", [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 1, 0]])
def test_separated_labels_are_reported_and_cured_by_a_penalty(y):
    x = [-2.0, -1.0, 1.0, 1.0]
    X = np.column_stack([np.ones(4), x])
    with pytest.raises(ValueError, match="separates the labels"):
        ml.logistic_regression(X, y)
    w = ml.logistic_regression(X, y, penalty=0.1, free=0)
    assert np.abs(w).max() < 10


def test_probability_at_extreme_logits():
    np.testing.assert_array_equal(ml.probability([-1e4, 0, 1e4]), [0, 0.5, 1])
    np.testing.assert_allclose(ml.probability([-3.0, 2.0]), expit([-3.0, 2.0]))


def test_confusion_counts_the_four_outcomes_and_the_threshold_itself_as_positive():
    y, p = [1, 1, 1, 0, 0, 0, 0], [0.9, 0.5, 0.1, 0.5, 0.1, 0.1, 0.2]
    assert ml.confusion(y, p) == (2, 1, 1, 3)
    assert ml.confusion(y, p, threshold=0) == (3, 4, 0, 0)
    assert ml.confusion(y, p, threshold=1) == (0, 0, 3, 4)


# --- dropout --------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_the_share():
    out = ml.dropout(np.full((200, 500), 3.0), drop=0.2, rng=np.random.default_rng(0))
    assert set(np.unique(out)) == {0.0, 3 / 0.8}
    # 100,000 draws: the share has the standard deviation √(0.2·0.8/100,000).
    assert abs(np.mean(out == 0) - 0.2) < 5 * math.sqrt(0.16 / 1e5)


def test_no_dropout_changes_nothing_and_the_input_is_left_alone():
    values = np.arange(5.0)
    np.testing.assert_array_equal(
        ml.dropout(values, drop=0, rng=np.random.default_rng(0)), np.arange(5)
    )
    ml.dropout(values, drop=0.9, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(values, np.arange(5))


# --- early stopping -------------------------------------------------------------------------------


def walk(losses, patience, max_steps=100):
    """Run early stopping along a given sequence of validation losses; the weight counts updates."""
    return ml.early_stopping(
        lambda w: -np.ones(1),
        lambda w: losses[min(round(float(w[0])), len(losses) - 1)],
        [0],
        step=1.0,
        patience=patience,
        max_steps=max_steps,
    )


@pytest.mark.parametrize(
    ("patience", "best", "updates"), [(1, 1, 2), (2, 1, 3), (3, 4, 7), (4, 4, 8)]
)
def test_patience_counts_updates_since_the_last_record(patience, best, updates):
    found = walk([5, 3, 4, 4, 1, 2, 2, 2, 2, 2, 0], patience)
    assert (found.best, len(found.losses) - 1) == (best, updates)
    assert found.weights[0] == best


def test_an_equal_loss_is_no_improvement():
    found = walk([2, 1, 1, 1, 1], 2)
    assert (found.best, len(found.losses) - 1) == (1, 3)


def test_it_ends_after_max_steps_and_at_the_start_if_all_gets_worse():
    assert len(walk([9, 8, 7, 6, 5, 4], 3, max_steps=4).losses) == 5
    assert walk([1, 2, 3, 4], 2).best == 0


def test_it_walks_gradient_descent():
    X, y = regression(7)
    first, last = slice(0, 25), slice(25, 40)

    def gradient(w):
        return 2 / 25 * X[first].T @ (X[first] @ w - y[first])

    found = ml.early_stopping(
        gradient,
        lambda w: ml.mean_squared_error(w, X[last], y[last]),
        np.zeros(4),
        step=0.01,
        patience=5,
        max_steps=30,
    )
    w, by_hand = np.zeros(4), []
    for _ in range(len(found.losses)):
        by_hand.append(np.mean((X[last] @ w - y[last]) ** 2))
        w = w - 0.01 * gradient(w)
    np.testing.assert_allclose(found.losses, by_hand)
    assert found.losses[found.best] == found.losses.min()
    assert ml.mean_squared_error(found.weights, X[last], y[last]) == found.losses.min()


# --- theory that the lecture uses -----------------------------------------------------------------


def test_degree_m_minus_one_interpolates():
    x = np.linspace(-1, 1, 7)
    y = np.random.default_rng(0).normal(size=7)
    P = ml.polynomial_features(x, 6)
    np.testing.assert_allclose(P @ ml.least_squares(P, y), y)


def test_training_error_never_rises_with_the_degree():
    x = np.random.default_rng(1).uniform(-1, 1, 30)
    y = np.sin(3 * x) + np.random.default_rng(2).normal(0, 0.2, 30)
    tables = [ml.polynomial_features(x, d) for d in range(10)]
    errors = [ml.mean_squared_error(ml.least_squares(P, y), P, y) for P in tables]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(errors))


# --- inputs ---------------------------------------------------------------------------------------

X2, Y2 = np.ones((3, 2)), np.array([0.0, 1, 1])


def stop(**changes):
    options = {"step": 0.1, "patience": 3, "max_steps": 9}
    return ml.early_stopping(lambda w: w, lambda w: 0.0, [1.0], **{**options, **changes})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ml.split(10, seed=0, shares=(0.7, 0.2, 0.2)), "expected a sum of 1"),
        (lambda: ml.split(10, seed=0, shares=(1.2, -0.3, 0.1)), "expected a sum of 1"),
        (lambda: ml.split(3, seed=0), "3 rows are too few"),
        (lambda: ml.Scaler.fit(Y2), r"X has shape \(3,\); expected 2"),
        (lambda: ml.Scaler.fit(X2)(np.ones((3, 1))), "X has 1 features; fitted on 2"),
        (lambda: ml.polynomial_features([1.0], -1), "degree is -1"),
        (lambda: ml.least_squares(X2, Y2[:2]), "X has 3 rows and y has 2 entries"),
        (lambda: ml.least_squares(X2, Y2[:, None]), r"y has shape \(3, 1\).*reshape"),
        (lambda: ml.least_squares(X2 * np.nan, Y2), "X has 6 NaN"),
        (lambda: ml.ridge(X2, Y2, penalty=-1), "penalty is -1"),
        (lambda: ml.logistic_regression(X2, Y2, penalty=-1), "penalty is -1"),
        (lambda: ml.logistic_regression(X2, 2 * Y2), "labels 0 and 1: recode"),
        (lambda: ml.confusion(Y2, Y2[:2]), "lengths 3 and 2"),
        (lambda: ml.dropout(Y2, drop=1, rng=np.random.default_rng(0)), "drop is 1"),
        (lambda: stop(patience=0), "patience is 0"),
        (lambda: stop(max_steps=0), "max_steps is 0"),
        (lambda: stop(step=0), "step is 0"),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_input_is_modified():
    X, y = labels(9)
    for array in (X, y):
        array.flags.writeable = False  # a write would raise
    ml.Scaler.fit(X)(X)
    ml.ridge(X, y, penalty=0.1)
    ml.logistic_regression(X, y)
    found = stop()
    assert found.losses.size > 1
