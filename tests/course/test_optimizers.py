"""Oracles: keras.optimizers, the textbooks' other form of a rule, eigenvalues, closed forms."""

import math

import keras
import numpy as np
import pytest

from course import optimizers as opt

CURVATURE = np.array([1.0, 10.0])
START = np.array([1.0, -2.0])


def slope(w):  # of ½ wᵀ diag(1, 10) w
    return CURVATURE * w


def rate(t):
    return 0.02 / (1 + t)


class InverseTime(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.02 / (1 + keras.ops.cast(step, "float64"))


PAIRS = {
    "descent": (opt.Descent(0.02), lambda k: k.SGD(0.02)),
    "schedule": (opt.Descent(rate), lambda k: k.SGD(InverseTime())),
    "momentum": (opt.Momentum(0.01), lambda k: k.SGD(0.01, momentum=0.9)),
    "momentum, schedule": (
        opt.Momentum(rate, mu=0.7),
        lambda k: k.SGD(InverseTime(), momentum=0.7),
    ),
    "nesterov": (opt.Nesterov(0.01), lambda k: k.SGD(0.01, momentum=0.9, nesterov=True)),
    "nesterov, schedule": (
        opt.Nesterov(rate, mu=0.6),
        lambda k: k.SGD(InverseTime(), momentum=0.6, nesterov=True),
    ),
    "adagrad": (opt.AdaGrad(0.1, initial=0.1), lambda k: k.Adagrad(0.1)),
    "adagrad, large eps": (
        opt.AdaGrad(0.1, initial=0.0, eps=0.5),
        lambda k: k.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=0.5),
    ),
    "rmsprop": (opt.RMSProp(0.01), lambda k: k.RMSprop(0.01)),
    "rmsprop, large eps": (
        opt.RMSProp(0.01, beta=0.6, eps=0.5),
        lambda k: k.RMSprop(0.01, rho=0.6, epsilon=0.5),
    ),
    # With Keras's own 1e-7 the two meanings of ε (see below) differ where a gradient is small.
    "adam": (opt.Adam(0.1, eps=1e-10), lambda k: k.Adam(0.1, epsilon=1e-10)),
    "adam, other means": (
        opt.Adam(rate, beta1=0.5, beta2=0.8, eps=1e-10),
        lambda k: k.Adam(InverseTime(), beta_1=0.5, beta_2=0.8, epsilon=1e-10),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("seed", [None, 1])
def test_equals_keras(name, seed):
    """On the bowl of the lecture, and on a random sequence of gradients of a matrix."""
    rule, build = PAIRS[name]
    keras_rule = build(keras.optimizers)
    rng = np.random.default_rng(seed or 0)
    w = START.copy() if seed is None else rng.normal(size=(3, 4))
    variable = keras.Variable(w, dtype="float64")
    state = rule.start(w)
    updates = 5 if seed is None else 12
    for _ in range(updates):
        g = slope(w) if seed is None else rng.normal(size=w.shape)
        g_keras = slope(variable.numpy()) if seed is None else g
        keras_rule.apply([keras.ops.convert_to_tensor(g_keras, "float64")], [variable])
        w, state = rule.update(w, g, state)
        np.testing.assert_allclose(w, variable.numpy(), rtol=0, atol=5e-6)
    assert state.t == updates


def test_equals_keras_to_ten_digits_where_keras_rounds_no_beta():
    """Keras makes its β single-precision numbers, which costs a digit and a half at the start."""
    rule = opt.Adam(0.125, beta1=0.875, beta2=1 - 2**-10, eps=0.0)
    keras_rule = keras.optimizers.Adam(0.125, beta_1=0.875, beta_2=1 - 2**-10, epsilon=0.0)
    variable = keras.Variable(START, dtype="float64")
    for _ in range(12):
        g = keras.ops.convert_to_tensor(slope(variable.numpy()), "float64")
        keras_rule.apply([g], [variable])
    w = opt.run(rule, slope, START, n_steps=12)[-1]
    np.testing.assert_allclose(w, variable.numpy(), rtol=1e-10)


@pytest.mark.parametrize(
    ("rule", "after_five"),
    [  # computed once with Keras 3.15 by somebody else: shared/reference/course.md, section 7
        (opt.Momentum(0.01), (0.871634, 0.058320)),
        (opt.Nesterov(0.01), (0.838441, 0.209163)),
        (opt.AdaGrad(0.1, initial=0.1), (0.705609, -1.686783)),
        (opt.AdaGrad(0.1), (0.697715, -1.686762)),
        (opt.RMSProp(0.01), (0.895507, -1.894509)),
        (opt.Adam(0.1), (0.507964, -1.502956)),
    ],
)
def test_five_updates_on_the_bowl(rule, after_five):
    path = opt.run(rule, slope, START, n_steps=5)
    np.testing.assert_allclose(path[-1], after_five, rtol=0, atol=1e-6)


def test_adams_eps_is_keras_eps_over_the_root_of_the_correction():
    gradients = np.random.default_rng(2).normal(size=(10, 5))
    keras_rule = keras.optimizers.Adam(1.0, epsilon=0.3)
    variable = keras.Variable(np.zeros(5), dtype="float64")
    state = opt.Adam(1.0).start(np.zeros(5))
    for k, g in enumerate(gradients, start=1):
        before = variable.numpy()
        keras_rule.apply([keras.ops.convert_to_tensor(g, "float64")], [variable])
        rule = opt.Adam(1.0, eps=0.3 / math.sqrt(1 - 0.999**k))  # moments do not depend on ε
        move, state = rule.update(np.zeros(5), g, state)
        np.testing.assert_allclose(move, variable.numpy() - before, atol=5e-6)


def test_nesterov_is_the_textbooks_method_seen_from_the_point_ahead():
    eta, mu = 0.01, 0.9
    x, v = START.copy(), np.zeros(2)
    rule = opt.Nesterov(eta, mu=mu)
    w, state = START, rule.start(START)
    for _ in range(5):
        v = mu * v - eta * slope(x + mu * v)
        x = x + v
        w, state = rule.update(w, slope(w), state)
        np.testing.assert_allclose(w, x + mu * v, rtol=1e-13)
        np.testing.assert_allclose(state.memory[0], v, rtol=1e-13)
    np.testing.assert_allclose(x, (0.873135, -0.168998), rtol=0, atol=1e-6)


def test_momentum_is_the_tables_row_with_the_last_two_iterates():
    path = opt.run(opt.Momentum(rate, mu=0.8), slope, START, n_steps=9)
    for t in range(1, 9):
        expected = path[t] + 0.8 * (path[t] - path[t - 1]) - rate(t) * slope(path[t])
        np.testing.assert_allclose(path[t + 1], expected, rtol=1e-12)


@pytest.mark.parametrize("mu", [0.5, 0.9])
@pytest.mark.parametrize("eta_lambda", [0.05, 0.5, 1.5])
def test_momentum_and_nesterov_shrink_by_the_root_of_their_determinant(mu, eta_lambda):
    """Where the roots of the iteration are complex, their modulus is √det: √μ and √(μ(1 − ηλ))."""
    for rule, trace, det in (
        (opt.Momentum(eta_lambda, mu=mu), 1 + mu - eta_lambda, mu),
        (opt.Nesterov(eta_lambda, mu=mu), (1 + mu) * (1 - eta_lambda), mu * (1 - eta_lambda)),
    ):
        roots = np.roots([1, -trace, det])
        path = opt.run(rule, lambda w: w, [1.0], n_steps=60)[:, 0]
        # Three terms of a second-order recurrence decide it.
        np.testing.assert_allclose(path[2:], trace * path[1:-1] - det * path[:-2], atol=1e-12)
        assert abs(path[-1]) <= 60 * max(abs(roots)) ** 59


@pytest.mark.parametrize("t", [1, 2, 7, 40])
def test_adam_moves_by_the_step_size_when_the_gradient_is_constant(t):
    g = np.array([3.0, -1e-3, 250.0])
    path = opt.run(opt.Adam(0.1, eps=0.0), lambda w: g, np.zeros(3), n_steps=t)
    np.testing.assert_allclose(path[-1] - path[-2], -0.1 * np.sign(g), rtol=1e-12)


def test_first_moves_of_the_rules_that_divide_by_the_size_of_the_gradient():
    g = np.array([4.0, -0.01])
    first = {
        rule: opt.run(rule, lambda w: g, np.zeros(2), n_steps=1)[1]
        for rule in (opt.AdaGrad(1.0, eps=0.0), opt.RMSProp(1.0, eps=0.0), opt.Adam(1.0, eps=0.0))
    }
    for (_, move), size in zip(first.items(), [1, 1 / math.sqrt(0.1), 1], strict=True):
        np.testing.assert_allclose(move, -size * np.sign(g), rtol=1e-12)


def test_adam_places_its_eps_as_kingma_and_ba_do():
    path = opt.run(opt.Adam(0.5, eps=2.0), lambda w: np.array([3.0]), [0.0], n_steps=4)
    np.testing.assert_allclose(np.diff(path, axis=0), -0.5 * 3 / (3 + 2), rtol=1e-12)


def test_adagrad_slows_down_like_one_over_the_root_of_t():
    path = opt.run(opt.AdaGrad(1.0, eps=0.0), lambda w: np.ones(1), [0.0], n_steps=50)
    np.testing.assert_allclose(-np.diff(path[:, 0]), 1 / np.sqrt(np.arange(1, 51)), rtol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_update_is_pure_and_entries_do_not_touch_each_other(name):
    rule, _ = PAIRS[name]
    rng = np.random.default_rng(3)
    w, g = rng.normal(size=6), rng.normal(size=(4, 6))
    kept = w.copy(), g.copy()
    state, alone, alone_state = rule.start(w), w[2:3], rule.start(w[2:3])
    together = w
    for row in g:
        before = [array.copy() for array in state.memory]
        together, after = rule.update(together, row, state)
        again, _ = rule.update(together, row, state)
        assert all(map(np.array_equal, before, state.memory))
        assert again is not together
        state = after
        alone, alone_state = rule.update(alone, row[2:3], alone_state)
    np.testing.assert_array_equal(together[2:3], alone)
    np.testing.assert_array_equal(w, kept[0])
    np.testing.assert_array_equal(g, kept[1])


def test_whole_numbers_are_weights_too():
    rule = opt.Adam(0.25)
    path = opt.run(rule, lambda w: np.ones(2), [3, 4], n_steps=1)
    np.testing.assert_allclose(path[1], [2.75, 3.75], atol=1e-6)


def test_an_overflow_is_reported():
    with pytest.raises(FloatingPointError, match="Descent overflows at update"):
        opt.run(opt.Descent(3.0), slope, START, n_steps=2000)


def test_pack_and_unpack_are_inverse():
    rng = np.random.default_rng(4)
    shapes = [(2, 3), (3,), (3, 1), (1,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    vector = opt.pack(arrays)
    assert vector.shape == (13,)
    for one, other in zip(arrays, opt.unpack(vector, shapes), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"the shapes ask for \(13,\)"):
        opt.unpack(vector[1:], shapes)


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: opt.Descent(0.0), "step is 0.0; expected a number above 0"),
        (lambda: opt.Momentum(0.1, mu=1.0), "mu is 1.0; expected a number from 0 to below 1"),
        (lambda: opt.Nesterov(0.1, mu=-0.1), "mu is -0.1"),
        (lambda: opt.AdaGrad(0.1, initial=-1), "initial is -1; expected a number from 0 on"),
        (lambda: opt.AdaGrad(0.1, eps=math.nan), "eps is nan"),
        (lambda: opt.RMSProp(0.1, beta=1), "beta is 1"),
        (lambda: opt.RMSProp(0.1, eps=-1), "eps is -1"),
        (lambda: opt.Adam(math.nan), "step is nan"),
        (lambda: opt.Adam(0.1, beta1=2), "beta1 is 2"),
        (lambda: opt.Adam(0.1, beta2=1), "beta2 is 1"),
        (lambda: opt.Adam(0.1, eps=-1), "eps is -1"),
        (lambda: opt.run(opt.Descent(0.1), slope, START, n_steps=0), "n_steps is 0"),
        (
            lambda: opt.run(opt.Descent(0.1), lambda w: w[:1], START, n_steps=1),
            r"g has shape \(1,\)",
        ),
    ],
)
def test_what_is_out_of_range_is_named(build, complaint):
    with pytest.raises(ValueError, match=complaint):
        build()
