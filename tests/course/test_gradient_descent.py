"""Oracles: closed forms, finite differences, lstsq, eigenvalues, scipy.optimize."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit

from course import gradient_descent as gd

HOUSES = np.array([[2104, 400], [1600, 330], [2400, 369], [1416, 232], [3000, 540]], dtype=float)


def regression(seed, m=40, n=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(m), rng.normal(size=(m, n - 1))])
    return X, X @ rng.normal(size=n) + 0.3 * rng.normal(size=m), rng.normal(size=n)


def labels(seed, **shape):
    X, y, w = regression(seed, **shape)
    return X, (y > np.median(y)).astype(float), w


def bowl(eigenvalues, seed=0):
    """A quadratic with known eigenvalues, along axes turned at random."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))
    H = axes @ np.diag(eigenvalues) @ axes.T
    return gd.Quadratic((H + H.T) / 2, rng.normal(size=len(eigenvalues))), axes


# --- losses and gradients -------------------------------------------------------------------


def test_mean_squared_error_is_the_mean_without_a_half():
    assert gd.mean_squared_error([0.0], [[1.0], [1.0]], [1.0, 3.0]) == (1 + 9) / 2


def test_half_sum_convention_has_the_gradient_times_half_m_and_the_same_path():
    X, y, w = regression(1)
    m, step = len(y), 0.1
    half_sum = gd.gradient_descent(lambda v: X.T @ (X @ v - y), w, step=2 * step / m, n_steps=20)
    mean = gd.gradient_descent(
        lambda v: gd.mean_squared_error_gradient(v, X, y), w, step=step, n_steps=20
    )
    np.testing.assert_allclose(half_sum.weights, mean.weights, rtol=1e-12)


def test_binary_cross_entropy_of_a_coin_flip_is_plus_log_two():
    assert gd.binary_cross_entropy([0.0], [[1.0], [2.0]], [0, 1]) == pytest.approx(math.log(2))


def test_binary_cross_entropy_equals_the_textbook_formula():
    X, y, w = labels(2)
    p = expit(X @ w)
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert gd.binary_cross_entropy(w, X, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("logit", "label", "loss"), [(1e4, 1, 0), (1e4, 0, 1e4), (-1e4, 1, 1e4)])
def test_binary_cross_entropy_is_finite_at_extreme_logits(logit, label, loss):
    assert gd.binary_cross_entropy([logit], [[1.0]], [label]) == loss
    slope = gd.binary_cross_entropy_gradient([logit], [[1.0]], [label])
    np.testing.assert_array_equal(slope, [(logit > 0) - label])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("loss", "gradient", "data"),
    [
        (gd.mean_squared_error, gd.mean_squared_error_gradient, regression),
        (gd.binary_cross_entropy, gd.binary_cross_entropy_gradient, labels),
    ],
)
def test_gradients_match_central_differences(loss, gradient, data, seed):
    X, y, w = data(seed, m=17 + seed, n=2 + seed)
    h = 1e-5 * np.eye(len(w))
    numerical = [(loss(w + d, X, y) - loss(w - d, X, y)) / 2e-5 for d in h]
    np.testing.assert_allclose(gradient(w, X, y), numerical, rtol=1e-6, atol=1e-9)


def test_hessian_is_the_derivative_of_the_gradient_and_turns_the_loss_into_a_quadratic():
    X, y, w = regression(3)
    H = gd.mean_squared_error_hessian(X)
    jacobian = approx_fprime(w, lambda v: gd.mean_squared_error_gradient(v, X, y), 1e-6)
    np.testing.assert_allclose(H, jacobian, atol=1e-6)
    best = np.linalg.lstsq(X, y)[0]
    excess = gd.mean_squared_error(w, X, y) - gd.mean_squared_error(best, X, y)
    assert gd.Quadratic(H, best).value(w) == pytest.approx(excess, rel=1e-10)


def test_logit_by_line_search_agrees_with_scipy():
    X, y, w = labels(4, m=200)
    y[:15] = 1 - y[:15]  # overlapping classes: otherwise no finite minimum exists
    path = gd.line_search_descent(
        lambda v: gd.binary_cross_entropy(v, X, y),
        lambda v: gd.binary_cross_entropy_gradient(v, X, y),
        w,
        tolerance=1e-7,
        n_steps=5000,
        first=8.0,
    )

    def formula(v):
        return -np.mean(y * np.log(expit(X @ v)) + (1 - y) * np.log(expit(-X @ v)))

    oracle = minimize(formula, np.zeros(3), method="BFGS", tol=1e-9)
    assert len(path.step_sizes) < 5000, "ended by tolerance"
    np.testing.assert_allclose(path.weights[-1], oracle.x, atol=1e-5)


# --- the quadratic bowl and the limit 2/λ_max --------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_quadratic_knows_its_spectrum(seed):
    spectrum = np.array([0.5, 2.0, 10.0])
    f, _ = bowl(spectrum, seed)
    np.testing.assert_allclose(f.eigenvalues, spectrum)
    assert f.step_limit == pytest.approx(0.2)
    assert f.condition_number == pytest.approx(20)
    w = f.minimiser + 1
    assert f.value(f.minimiser) == 0
    np.testing.assert_allclose(f.gradient(w), approx_fprime(w, f.value, 1e-6), atol=1e-4)


@pytest.mark.parametrize("step", [0.03, 0.1, 0.19, 0.21])
def test_error_shrinks_by_its_own_factor_along_every_eigenvector(step):
    spectrum = np.array([0.5, 2.0, 10.0])
    f, axes = bowl(spectrum)
    path = gd.gradient_descent(f.gradient, f.minimiser + axes.sum(axis=1), step=step, n_steps=25)
    coordinates = (path.weights - f.minimiser) @ axes
    expected = (1 - step * spectrum) ** np.arange(26)[:, None]
    np.testing.assert_allclose(coordinates, expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize(("share", "converges"), [(0.99, True), (1.01, False)])
@pytest.mark.parametrize("seed", range(4))
def test_both_sides_of_the_limit_on_least_squares(seed, share, converges):
    X, y, w = regression(seed)
    best = np.linalg.lstsq(X, y)[0]
    step = share * gd.Quadratic(gd.mean_squared_error_hessian(X), best).step_limit
    path = gd.gradient_descent(
        lambda v: gd.mean_squared_error_gradient(v, X, y), w, step=step, n_steps=3000
    )
    distance = np.linalg.norm(path.weights - best, axis=1)
    assert distance[-1] < 1e-9 if converges else distance[-1] > 1e9


def test_at_the_limit_it_neither_converges_nor_diverges():
    f = gd.Quadratic(np.diag([1.0, 4.0]), np.zeros(2))
    path = gd.gradient_descent(f.gradient, [0.0, 3.0], step=f.step_limit, n_steps=101)
    np.testing.assert_allclose(path.weights[:, 1], 3 * (-1.0) ** np.arange(102))


def test_the_step_halfway_between_two_eigenvalues_reaches_the_best_factor():
    f = gd.Quadratic(np.diag([1.0, 9.0]), np.zeros(2))
    path = gd.gradient_descent(f.gradient, [1.0, 1.0], step=2 / (1 + 9), n_steps=30)
    kappa = f.condition_number
    distance = np.linalg.norm(path.weights, axis=1)
    np.testing.assert_allclose(distance[1:] / distance[:-1], (kappa - 1) / (kappa + 1))


def test_house_prices_raw_need_a_hundred_million_times_the_condition_number_of_standardised():
    area = HOUSES[:, 0]
    raw = np.column_stack([np.ones(5), area])
    scaled = np.column_stack([np.ones(5), (area - area.mean()) / area.std()])
    one = np.linalg.cond(gd.mean_squared_error_hessian(raw))
    other = np.linalg.cond(gd.mean_squared_error_hessian(scaled))
    assert one > 1e7
    assert other == pytest.approx(1)


def test_overflow_is_reported_with_its_cause():
    X, y = np.column_stack([np.ones(5), HOUSES[:, 0]]), HOUSES[:, 1]
    with pytest.raises(FloatingPointError, match=r"step size 0\.1; take a shorter one, below"):
        gd.gradient_descent(
            lambda w: gd.mean_squared_error_gradient(w, X, y), [0, 0], step=0.1, n_steps=200
        )


# --- schedules --------------------------------------------------------------------------------


def test_schedules_follow_their_formulas():
    t = np.arange(11)

    def values(schedule):
        return [schedule(int(k)) for k in t]

    np.testing.assert_allclose(values(gd.constant(0.3)), 0.3)
    np.testing.assert_allclose(values(gd.inverse_time(0.3, decay=2.0)), 0.3 / (1 + 2 * t))
    root = gd.inverse_time(0.3, decay=1.0, power=0.5)
    np.testing.assert_allclose(values(root), 0.3 / np.sqrt(1 + t))
    np.testing.assert_allclose(values(gd.exponential(0.3, rate=0.5)), 0.3 * 0.5**t)
    half_wave = 0.1 + 0.2 * (1 + np.cos(np.pi * t / 10)) / 2
    np.testing.assert_allclose(values(gd.cosine(0.3, n_steps=10, final=0.1)), half_wave)
    assert gd.cosine(0.3, n_steps=10)(500) == 0


def test_descent_uses_the_schedule_from_t_zero():
    path = gd.gradient_descent(lambda w: np.ones(1), [0.0], step=lambda t: 10.0**t, n_steps=4)
    np.testing.assert_array_equal(path.weights.ravel(), [0, -1, -11, -111, -1111])
    np.testing.assert_array_equal(path.step_sizes, [1, 10, 100, 1000])


def test_exponential_decay_can_stop_short_of_the_minimum():
    path = gd.gradient_descent(
        lambda w: np.sign(w), [10.0], step=gd.exponential(1.0, rate=0.5), n_steps=60
    )
    assert path.weights[-1, 0] == pytest.approx(10 - 1 / (1 - 0.5))


# --- line search --------------------------------------------------------------------------------


def rosenbrock(w):
    return float((1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2)


def rosenbrock_gradient(w):
    valley = w[1] - w[0] ** 2
    return np.array([-2 * (1 - w[0]) - 400 * w[0] * valley, 200 * valley])


def test_line_search_satisfies_armijo_takes_the_longest_trial_and_never_rises():
    shrink, share = 0.6, 0.2
    path = gd.line_search_descent(
        rosenbrock, rosenbrock_gradient, [-1.2, 1.0], tolerance=1e-9, n_steps=60,
        shrink=shrink, share=share,
    )  # fmt: skip

    def armijo(w, step):
        g = rosenbrock_gradient(w)
        return rosenbrock(w - step * g) <= rosenbrock(w) - share * step * (g @ g)

    for w, step in zip(path.weights, path.step_sizes, strict=False):
        assert armijo(w, step)
        assert step == 1 or not armijo(w, step / shrink)
    assert (np.diff(path.losses(rosenbrock)) < 0).all()


def test_line_search_ends_at_the_tolerance():
    f, _ = bowl([1.0, 5.0])
    path = gd.line_search_descent(f.value, f.gradient, [3.0, 4.0], tolerance=1e-6, n_steps=1000)
    norms = [np.linalg.norm(f.gradient(w)) for w in path.weights]
    assert norms[-1] <= 1e-6
    assert min(norms[:-1]) > 1e-6
    assert len(path.weights) == len(path.step_sizes) + 1


def test_line_search_retreats_from_outside_the_domain():
    def loss(w):  # w − log w, infinite for w ≤ 0, least at 1
        return float(w[0] - np.log(w[0])) if w[0] > 0 else math.nan

    path = gd.line_search_descent(loss, lambda w: 1 - 1 / w, [4.0], tolerance=1e-6, n_steps=200,
                                  first=64.0)  # fmt: skip
    assert path.weights[-1, 0] == pytest.approx(1, abs=1e-5)


def test_line_search_names_the_likely_cause_when_the_gradient_has_the_wrong_sign():
    f, _ = bowl([1.0, 5.0])
    with pytest.raises(ValueError, match="a wrong sign"):
        gd.line_search_descent(f.value, lambda w: -f.gradient(w), [3, 4], tolerance=1e-6, n_steps=9)


# --- mini-batches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "size"), [(10, 1), (10, 3), (10, 5), (10, 10), (7, 4)])
def test_an_epoch_visits_each_index_once_and_keeps_the_ragged_last_batch(m, size):
    batches = list(gd.epoch_batches(m, batch_size=size, rng=np.random.default_rng(0)))
    assert sorted(np.concatenate(batches)) == list(range(m))
    assert [len(b) for b in batches] == [size] * (m // size) + ([m % size] if m % size else [])


def test_every_epoch_is_shuffled_anew():
    rng = np.random.default_rng(0)
    orders = {
        tuple(np.concatenate(list(gd.epoch_batches(20, batch_size=6, rng=rng)))) for _ in range(30)
    }
    assert len(orders) == 30


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_batch_gradient_is_unbiased_over_all_batches(size):
    X, y, w = regression(5, m=6)
    every = [
        gd.mean_squared_error_gradient(w, X[list(b)], y[list(b)])
        for b in itertools.combinations(range(6), size)
    ]
    full = gd.mean_squared_error_gradient(w, X, y)
    np.testing.assert_allclose(np.mean(every, axis=0), full, rtol=1e-12)


def test_the_pieces_of_an_epoch_weighted_by_size_make_the_full_gradient():
    X, y, w = labels(6, m=11)
    total = sum(
        len(b) * gd.binary_cross_entropy_gradient(w, X[b], y[b])
        for b in gd.epoch_batches(11, batch_size=4, rng=np.random.default_rng(1))
    )
    np.testing.assert_allclose(total / 11, gd.binary_cross_entropy_gradient(w, X, y), rtol=1e-12)


def sgd(X, y, w, **options):
    defaults = {"batch_size": 7, "n_epochs": 3, "step": 0.05, "seed": 0}
    return gd.stochastic_gradient_descent(
        gd.mean_squared_error_gradient, w, X, y, **{**defaults, **options}
    )


def test_sgd_with_the_whole_sample_as_batch_is_gradient_descent():
    X, y, w = regression(7)
    full = gd.gradient_descent(
        lambda v: gd.mean_squared_error_gradient(v, X, y), w, step=0.05, n_steps=12
    )
    path = sgd(X, y, w, batch_size=len(y), n_epochs=12)
    np.testing.assert_allclose(path.weights, full.weights, rtol=1e-12)


@pytest.mark.parametrize("replace", [False, True])
def test_sgd_is_reproducible_by_seed_and_counts_updates(replace):
    X, y, w = regression(8)
    path = sgd(X, y, w, replace=replace, step=gd.inverse_time(0.1, decay=1.0))
    again = sgd(X, y, w, replace=replace, step=gd.inverse_time(0.1, decay=1.0))
    other = sgd(X, y, w, replace=replace, step=gd.inverse_time(0.1, decay=1.0), seed=1)
    np.testing.assert_array_equal(path.weights, again.weights)
    assert not np.array_equal(path.weights, other.weights)
    np.testing.assert_allclose(path.step_sizes, 0.1 / (1 + np.arange(3 * 6)))  # ⌈40/7⌉ = 6


@pytest.mark.parametrize("replace", [False, True])
def test_sgd_draws_features_with_their_own_target(replace):
    seen = []

    def spy(w, X, y):
        np.testing.assert_array_equal(X[:, 0], y)
        seen.append(y)
        return np.zeros(1)

    y = np.arange(10.0)
    gd.stochastic_gradient_descent(
        spy, [0.0], y[:, None], y, batch_size=4, n_epochs=50, step=1.0, seed=0, replace=replace
    )
    epochs = np.concatenate(seen).reshape(50, 10)
    once = [set(epoch) == set(y) for epoch in epochs]
    assert not any(once) if replace else all(once)


def test_one_epoch_with_steps_one_over_t_is_the_sample_mean():
    y = np.random.default_rng(9).normal(size=50)
    path = sgd(
        np.ones((50, 1)), y, [7.0], batch_size=1, n_epochs=1, step=gd.inverse_time(0.5, decay=1.0)
    )
    assert path.weights[-1, 0] == pytest.approx(y.mean(), rel=1e-12)


def test_constant_step_settles_in_the_noise_ball_of_theory():
    """w ← (1 − a)w + a·y with a = 2η has the stationary variance a·σ²/(2 − a)."""
    y = np.random.default_rng(10).normal(size=500)
    path = sgd(
        np.ones((500, 1)), y, [y.mean()], batch_size=1, n_epochs=100, step=0.1, seed=3, replace=True
    )
    expected = 0.2 / (2 - 0.2) * y.var()
    assert path.weights[100:].var() == pytest.approx(expected, rel=0.05)


# --- inputs ---------------------------------------------------------------------------


def test_no_input_is_modified():
    X, y, w = regression(11)
    originals = X.copy(), y.copy(), w.copy()
    for array in (X, y, w):
        array.flags.writeable = False  # a write would raise
    path = sgd(X, y, w)
    gd.line_search_descent(
        lambda v: gd.mean_squared_error(v, X, y),
        lambda v: gd.mean_squared_error_gradient(v, X, y),
        w,
        tolerance=1e-3,
        n_steps=5,
    )
    path.weights[0] = np.nan  # the path owns its memory
    for array, original in zip((X, y, w), originals, strict=True):
        np.testing.assert_array_equal(array, original)


def test_quadratic_does_not_share_its_matrix_with_the_caller():
    H = np.eye(2)
    f = gd.Quadratic(H, np.zeros(2))
    H[0, 0] = 99
    assert f.eigenvalues[-1] == 1


def test_integers_and_lists_are_accepted():
    assert gd.mean_squared_error([1], [[2]], [4]) == 4
    path = gd.gradient_descent(lambda w: w, [4, 2], step=0.5, n_steps=1)
    np.testing.assert_array_equal(path.weights[-1], [2, 1])


X2, Y2 = np.ones((3, 2)), np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gd.mean_squared_error([1, 2], X2, Y2[:, None]), r"y has shape \(3, 1\).*reshape"),
        (lambda: gd.mean_squared_error([1], X2, Y2), r"X has shape \(3, 2\).*= \(3, 1\)"),
        (lambda: gd.mean_squared_error([1, 2], X2[0], Y2), r"X has shape \(2,\); expected 2"),
        (lambda: gd.mean_squared_error([1, np.nan], X2, Y2), "w has 1 NaN or infinite"),
        (lambda: gd.mean_squared_error([], X2, Y2), "w has shape .0,."),
        (lambda: gd.binary_cross_entropy([1, 2], X2, 2 * Y2), "expected labels 0 and 1: recode"),
        (lambda: gd.Quadratic(np.ones((2, 2)), np.zeros(2)), "collinear"),
        (lambda: gd.Quadratic(np.array([[2.0, 1.0], [0.0, 2.0]]), np.zeros(2)), "not symmetric"),
        (lambda: gd.Quadratic(np.eye(3), np.zeros(2)), r"\(3, 3\); minimiser asks for \(2, 2\)"),
        (lambda: gd.constant(0), "step is 0; expected a number between 0"),
        (lambda: gd.constant(math.nan), "step is nan"),
        (lambda: gd.inverse_time(1, decay=-1), "decay is -1"),
        (lambda: gd.exponential(1, rate=1), "rate is 1; expected a number between 0 and 1"),
        (lambda: gd.cosine(1, n_steps=5, final=2), "final is 2"),
        (lambda: gd.gradient_descent(np.sin, [1], step=-0.1, n_steps=5), "step is -0.1"),
        (lambda: gd.gradient_descent(np.sin, [1], step=0.1, n_steps=2.5), "n_steps is 2.5"),
        (lambda: gd.gradient_descent(np.sin, 1.0, step=0.1, n_steps=5), r"start has shape \(\)"),
        (lambda: gd.gradient_descent(np.diag, [1, 2], step=0.1, n_steps=5), r"shape \(2, 2\)"),
        (lambda: gd.epoch_batches(5, batch_size=6, rng=np.random.default_rng()), "from 1 to 5"),
        (lambda: gd.epoch_batches(5, batch_size=0, rng=np.random.default_rng()), "batch_size is 0"),
        (lambda: sgd(X2, Y2, [0, 0], n_epochs=0), "n_epochs is 0"),
        (lambda: sgd(X2, Y2, [0, 0], batch_size=4), "batch_size is 4; expected .* 1 to 3"),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
