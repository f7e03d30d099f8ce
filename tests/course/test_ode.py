"""Oracles: closed forms, scipy's DOP853, the known orders and stability limits."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from course import ode

STEPS = {1: ode.euler_step, 2: ode.midpoint_step, 4: ode.rk4_step}
A = np.array([[-0.1, 2.0], [-2.0, -0.1]])


def rotation(t, y):
    return tf.linalg.matvec(tf.constant(A), y)


def rotated(t):  # y' = Ay from (2, 0)
    return 2 * math.exp(-0.1 * t) * np.array([math.cos(2 * t), -math.sin(2 * t)])


def driven(t, y):  # y' = −y + cos t
    return tf.cos(t) - y


@pytest.mark.parametrize(("order", "step"), STEPS.items())
def test_orders_on_the_rotation(order, step):
    n = (16, 32, 64, 128)
    ends = [ode.integrate(rotation, [2.0, 0.0], 0.0, 1.0, n_steps=k, step=step) for k in n]
    errors = np.linalg.norm(np.array(ends) - rotated(1), axis=1)
    np.testing.assert_allclose(ode.observed_orders(n, errors), order, atol=0.05)


def driven_path(t, y0):  # the solution of `driven` that is y0 at 0.5
    constant = (y0 - (np.cos(0.5) + np.sin(0.5)) / 2) * math.exp(0.5)
    return (np.cos(t) + np.sin(t)) / 2 + constant * math.exp(-t)


@pytest.mark.parametrize(("order", "step"), STEPS.items())
def test_orders_hold_where_the_field_depends_on_time(order, step):
    n = (16, 32, 64)
    errors = [
        abs(ode.integrate(driven, [3.0], 0.5, 2.5, n_steps=k, step=step) - driven_path(2.5, 3.0))[0]
        for k in n
    ]
    np.testing.assert_allclose(ode.observed_orders(n, errors), order, atol=0.2)


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize(("order", "step"), STEPS.items())
def test_a_step_integrates_polynomials_below_its_order_exactly(order, step, degree):
    # f(t) = tᵈ has the solution of a quadrature rule: Simpson's, for the classical method.
    found = float(step(lambda t, y: t**degree, 1.0, 2.0, 0.5))
    exact = 2 + (1.5 ** (degree + 1) - 1) / (degree + 1)
    assert math.isclose(found, exact, rel_tol=1e-14) == (degree < order)


@pytest.mark.parametrize(("order", "step"), STEPS.items())
def test_one_step_of_growth_is_the_exponential_series_cut_off(order, step):
    series = sum(0.3**k / math.factorial(k) for k in range(order + 1))
    assert math.isclose(step(lambda t, y: y, 0.0, 1.0, 0.3), series, rel_tol=1e-14)


def test_euler_compounds_interest():
    value = ode.integrate(lambda t, y: 0.12 * y, [100.0], 0.0, 1.0, n_steps=12, step=ode.euler_step)
    np.testing.assert_allclose(value, [100 * 1.01**12], rtol=1e-14)


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.7, 2.0], [2.0, 1.5, 0.2]])
def test_unequal_and_falling_times_against_dop853(times):
    def pendulum(t, y):
        return np.array([y[1], -np.sin(y[0]) + 0.1 * t])

    def field(t, y):
        return tf.stack([y[1], -tf.sin(y[0]) + 0.1 * t])

    oracle = solve_ivp(
        pendulum, (times[0], times[-1]), [1.0, 0.0], "DOP853", times, rtol=1e-11, atol=1e-12
    ).y.T
    found = ode.solve(field, [1.0, 0.0], times, substeps=60)
    np.testing.assert_allclose(found, oracle, atol=1e-7)
    np.testing.assert_array_equal(found[0], [1.0, 0.0])


def test_there_and_back_again():
    there = ode.integrate(driven, [3.0], 0.0, 1.0, n_steps=50)
    np.testing.assert_allclose(ode.integrate(driven, there, 1.0, 0.0, n_steps=50), [3.0], atol=1e-8)


def test_a_batch_is_its_members_one_by_one():
    starts = np.random.default_rng(0).normal(size=(3, 4, 2))

    def field(t, y):
        return tf.tensordot(y, tf.constant(A.T), 1) + t

    together = ode.solve(field, starts, [0.0, 0.4, 1.0], substeps=3)
    assert together.shape == (3, 3, 4, 2)
    alone = ode.solve(field, starts[1, 2], [0.0, 0.4, 1.0], substeps=3)
    np.testing.assert_allclose(together[:, 1, 2], alone, rtol=1e-12)


def test_compiled_equals_eager_and_traces_once_for_every_number_of_steps():
    traces = []

    @tf.function
    def compiled(y0, n):
        traces.append(n)
        return ode.solve(rotation, y0, [0.0, 0.5, 1.0], substeps=n)

    for n in (1, 5, 9):
        eager = ode.solve(rotation, [2.0, 0.0], [0.0, 0.5, 1.0], substeps=n)
        found = compiled(tf.constant([2.0, 0.0], tf.float64), tf.constant(n))
        np.testing.assert_allclose(found, eager, rtol=1e-13)
    assert len(traces) == 1


def test_solve_compiled_returns_what_solve_returns_without_a_warning(caplog):
    for k in range(8):  # TensorFlow complains of the fifth
        field = (lambda rate: lambda t, y: -rate * y + t)(k / 4)
        found = ode.solve_compiled(field, [[1, 2]], [0, 1, 3], step=ode.midpoint_step, substeps=3)
    right = ode.solve(field, [[1, 2]], [0, 1, 3], step=ode.midpoint_step, substeps=3)
    np.testing.assert_allclose(found, right, rtol=1e-13)
    assert not caplog.records


def test_the_tape_differentiates_through_the_solver():
    rate = tf.Variable(0.3, dtype=tf.float64)
    with tf.GradientTape() as tape:
        value = ode.integrate(lambda t, y: rate * y, [1.0], 0.0, 2.0, n_steps=40)[0]
    np.testing.assert_allclose(tape.gradient(value, rate), 2 * math.exp(0.6), rtol=1e-7)


def test_the_state_keeps_a_float_type_and_integers_become_float64():
    single = ode.solve(driven, tf.constant([1.0], tf.float32), [0.0, 1.0])
    assert single.dtype == tf.float32
    for start in ([1], np.array([1]), [1.0], np.array([1.0])):
        assert ode.solve(driven, start, [0, 1]).dtype == tf.float64


def test_numbers_of_steps_of_any_integer_type():
    ends = [
        ode.integrate(driven, [1.0], 0.0, 1.0, n_steps=n)
        for n in (3, np.int64(3), tf.constant(3, tf.int64))
    ]
    assert len({float(end[0]) for end in ends}) == 1


def test_inputs_are_left_alone():
    y0, times = np.array([1.0]), np.array([0.0, 1.0])
    ode.solve(driven, y0, times)
    assert (y0 == [1.0]).all()
    assert (times == [0.0, 1.0]).all()


def test_stability_limits():
    assert ode.stability_limit(ode.euler_step) == pytest.approx(2, abs=1e-9)
    assert ode.stability_limit(ode.midpoint_step) == pytest.approx(2, abs=1e-9)
    edge = brentq(lambda z: 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24 - 1, 2, 3, xtol=1e-12)
    assert ode.stability_limit(ode.rk4_step) == pytest.approx(edge, abs=1e-9)


@pytest.mark.parametrize(("share", "bounded"), [(0.99, True), (1.01, False)])
@pytest.mark.parametrize("step", STEPS.values())
def test_both_sides_of_the_stability_limit(step, share, bounded):
    h = share * ode.stability_limit(step) / 7
    end = tf.function(ode.integrate)(
        lambda t, y: -7 * y, [1.0], 0.0, 3000 * h, n_steps=3000, step=step
    )
    assert (abs(float(end[0])) < 1) == bounded


def test_observed_orders_of_a_power_law():
    n = np.array([3, 5, 20])
    np.testing.assert_allclose(ode.observed_orders(n, 7 * n**-2.5), [2.5, 2.5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ode.solve(driven, [1.0], [0.0]), "at least 2 times"),
        (lambda: ode.solve(driven, [1.0], 3.0), r"times has shape \(\)"),
        (lambda: ode.solve(driven, [1.0], [0.0, 1.0, 1.0]), "rise, or to fall, all the way"),
        (lambda: ode.solve(driven, [1.0], [0.0, 2.0, 1.0]), "rise, or to fall, all the way"),
        (lambda: ode.solve(driven, [1.0], [0.0, 1.0], substeps=0), "steps is 0; expected"),
        (lambda: ode.integrate(driven, [1.0], 0.0, 1.0, n_steps=-3), "steps is -3"),
        (
            lambda: ode.integrate(driven, [1.0], 0.0, 1.0, n_steps=2.5),
            "steps is 2.5; expected an int",
        ),
        (lambda: ode.solve(lambda t, y: y[:1], [1.0, 2.0], [0.0, 1.0]), "f returned shape"),
        (lambda: ode.observed_orders([1, 2], [1.0]), "expected one length"),
        (lambda: ode.observed_orders([1], [1.0]), "expected one length"),
        (lambda: ode.observed_orders([1, 2], [1.0, 0.0]), "expected positive errors"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
