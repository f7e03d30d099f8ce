"""Oracles: closed forms by matrix exponentials, finite differences, the tape through the solver."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from course import neural_ode, ode

A = neural_ode.SPIRAL_MATRIX
START = np.array([2.0, 0.0])


def linear(t, y, A):
    return tf.linalg.matvec(A, y)


def closed_form(A, y0, T):
    """y(T) and the gradients of ½|y(T)|² with respect to y0 and A, for y' = Ay.

    ∂y(T)/∂A[i, j] = ∫ exp((T−s)A) E_ij exp(sA) y0 ds, over 0 < s < T, is the upper right block of
    exp(T·[[A, E_ij], [0, A]]) times y0 (Van Loan, 1978).
    """
    d = len(y0)
    end = expm(T * A) @ y0
    wrt_A = np.empty((d, d))
    for i in range(d):
        for j in range(d):
            unit = np.zeros((d, d))
            unit[i, j] = 1
            block = expm(T * np.block([[A, unit], [np.zeros((d, d)), A]]))
            wrt_A[i, j] = end @ block[:d, d:] @ y0
    return end, expm(T * A).T @ end, wrt_A


def gradients(A, y0, times, loss, *, adjoint, **options):
    y0, A = tf.constant(y0), tf.Variable(A)
    with tf.GradientTape() as tape:
        tape.watch(y0)
        if adjoint:
            path = neural_ode.solve_adjoint(linear, y0, times, [A], **options)
        else:
            path = ode.solve(lambda t, y: linear(t, y, A), y0, times, **options)
        value = loss(path)
    return [g.numpy() for g in tape.gradient(value, [y0, A])]


def half_square(path):
    return tf.reduce_sum(path[-1] ** 2) / 2


def test_the_closed_form_itself_has_the_published_numbers():
    end, wrt_y0, wrt_A = closed_form(A, START, 1.0)
    np.testing.assert_allclose(end, [-0.753090, -1.645533], atol=5e-7)
    np.testing.assert_allclose(wrt_y0, [1.637462, 0], atol=5e-7)
    np.testing.assert_allclose(wrt_A, [[1.327653, -0.676945], [-0.676945, 1.947270]], atol=5e-7)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_adjoint_equals_the_closed_form_to_a_millionth(seed):
    matrix, start = A, START
    if seed is not None:
        rng = np.random.default_rng(seed)
        matrix, start = rng.normal(size=(3, 3)) / 2, rng.normal(size=3)
    _, wrt_y0, wrt_A = closed_form(matrix, start, 1.0)
    found = gradients(matrix, start, [0.0, 1.0], half_square, adjoint=True, substeps=64)
    np.testing.assert_allclose(found[0], wrt_y0, atol=1e-6)
    np.testing.assert_allclose(found[1], wrt_A, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "order"), [(ode.euler_step, 1), (ode.midpoint_step, 2), (ode.rk4_step, 4)]
)
def test_adjoint_converges_at_the_order_of_the_method(step, order):
    _, _, wrt_A = closed_form(A, START, 1.0)
    n = (32, 64)
    errors = [
        abs(gradients(A, START, [0.0, 1.0], half_square, adjoint=True, step=step, substeps=k)[1]
            - wrt_A).max()
        for k in n
    ]  # fmt: skip
    assert ode.observed_orders(n, errors)[0] > order - 0.2


@pytest.mark.parametrize("times", [[0.0, 0.3, 1.1, 1.5], [1.0, 0.4, -0.5]])
def test_losses_at_several_times_make_the_adjoint_jump(times):
    weights = tf.constant(np.random.default_rng(1).normal(size=(len(times), 2)))

    def loss(path):  # uses every state, the first included
        return tf.reduce_sum(weights * tf.sin(path))

    direct = gradients(A, START, times, loss, adjoint=False, substeps=60)
    adjoint = gradients(A, START, times, loss, adjoint=True, substeps=60)
    for one, other in zip(direct, adjoint, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def time_network(t, y, W, b, w, V):
    return tf.tensordot(tf.tanh(tf.tensordot(y, W, 1) + tf.sin(t) * w + b), V, 1)


def test_adjoint_of_a_batch_through_a_network_that_knows_the_time_against_differences():
    rng = np.random.default_rng(2)
    theta = [rng.normal(size=shape) for shape in ((2, 5), (5,), (5,), (5, 2))]
    y0 = rng.normal(size=(3, 2))
    times = [0.2, 0.7, 1.0]

    def value(y0, *theta):
        path = neural_ode.solve_adjoint(time_network, y0, times, theta, substeps=12)
        return tf.reduce_sum(path**2)

    tensors = [tf.constant(a) for a in (y0, *theta)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        loss = value(*tensors)
    found = tape.gradient(loss, tensors)
    for place, array in enumerate((y0, *theta)):
        direction = rng.normal(size=array.shape)
        moved = []
        for h in (1e-5, -1e-5):
            arguments = [y0, *theta]
            arguments[place] = array + h * direction
            moved.append(float(value(*arguments)))
        slope = (moved[0] - moved[1]) / 2e-5
        np.testing.assert_allclose(np.sum(found[place] * direction), slope, rtol=1e-5)


def test_a_parameter_that_the_field_does_not_use_has_gradient_zero():
    spare = tf.Variable([1.0, 2.0, 3.0], dtype=tf.float64)
    with tf.GradientTape() as tape:
        path = neural_ode.solve_adjoint(lambda t, y, _: -y, [1.0], [0.0, 1.0], [spare])
        loss = tf.reduce_sum(path)
    np.testing.assert_array_equal(tape.gradient(loss, spare), np.zeros(3))


def test_compiled_adjoint_equals_eager():
    eager = gradients(A, START, [0.0, 0.4, 1.0], half_square, adjoint=True, substeps=7)
    compiled = tf.function(
        lambda matrix, y0: _tape(matrix, y0, tf.constant([0.0, 0.4, 1.0], tf.float64))
    )(tf.constant(A), tf.constant(START))
    for one, other in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def _tape(matrix, y0, times):
    with tf.GradientTape() as tape:
        tape.watch([y0, matrix])
        path = neural_ode.solve_adjoint(linear, y0, times, [matrix], substeps=7)
        value = half_square(path)
    return tape.gradient(value, [y0, matrix])


def held(adjoint, n):
    """Bytes that live because a tape wants to go back along a path of n steps."""
    y0, matrix = tf.constant(np.ones((50, 2))), tf.constant(A)
    before = neural_ode.tensor_bytes()
    with tf.GradientTape() as tape:
        tape.watch([y0, matrix])
        times = tf.constant([0.0, 1.0], tf.float64)
        if adjoint:
            path = neural_ode.solve_adjoint(
                lambda t, y, A: tf.tensordot(tf.tanh(y), A, 1), y0, times, [matrix], substeps=n
            )
        else:
            path = ode.solve(
                lambda t, y: tf.tensordot(tf.tanh(y), matrix, 1), y0, times, substeps=n
            )
        loss = tf.reduce_sum(path[-1])
    size = neural_ode.tensor_bytes() - before
    assert all(np.isfinite(g).all() for g in tape.gradient(loss, [y0, matrix]))
    return size


@pytest.mark.slow
def test_memory_of_the_adjoint_does_not_depend_on_the_number_of_steps():
    assert held(True, 8) == held(True, 32)
    state = 50 * 2 * 8
    assert held(True, 8) < 6 * state  # the start, the two states kept, and what the loss needs


@pytest.mark.slow
def test_memory_through_the_solver_is_proportional_to_the_number_of_steps():
    one, two, four = (held(False, n) for n in (8, 16, 32))
    assert two - one == pytest.approx((four - two) / 2, rel=0.01)
    assert (two - one) / 8 > 4 * 50 * 2 * 8  # at least the four stages of each step


def test_tensor_bytes_counts_what_lives():
    before = neural_ode.tensor_bytes()
    kept = tf.zeros((10, 3), tf.float64)
    assert neural_ode.tensor_bytes() - before == 240
    del kept
    assert neural_ode.tensor_bytes() == before


def test_network_equals_keras():
    parameters = neural_ode.network_parameters([3, 7, 5, 2], seed=0, scale=0.5)
    layers = [(7, "tanh"), (5, "tanh"), (2, None)]
    model = keras.Sequential([keras.layers.Dense(w, a, dtype="float64") for w, a in layers])
    model.build((None, 3))
    model.set_weights([p.numpy() + (p.shape.rank == 1) for p in parameters])
    x = np.random.default_rng(0).normal(size=(4, 3))
    shifted = [p + (p.shape.rank == 1) for p in parameters]
    np.testing.assert_allclose(neural_ode.network(x, *shifted), model(tf.constant(x)), rtol=1e-12)


def test_network_parameters_are_normal_and_biases_zero():
    W, b, V, c = neural_ode.network_parameters([100, 200, 50], seed=3, scale=0.1)
    assert (W.shape, b.shape, V.shape, c.shape) == ((100, 200), (200,), (200, 50), (50,))
    assert W.numpy().std() == pytest.approx(0.1, rel=0.03)
    assert abs(W.numpy().mean()) < 0.002
    assert not b.numpy().any()
    assert not c.numpy().any()
    again = neural_ode.network_parameters([100, 200, 50], seed=3, scale=0.1)
    np.testing.assert_array_equal(W, again[0])


def test_train_finds_the_matrix_behind_a_path():
    times = np.linspace(0, 2, 9)
    observed = ode.solve(lambda t, y: linear(t, y, tf.constant(A)), START, times, substeps=8)
    guess = tf.Variable(np.zeros((2, 2)))

    def loss(update):
        path = neural_ode.solve_adjoint(linear, START, times, [guess], substeps=2)
        return tf.reduce_mean((path - observed) ** 2)

    first = float(loss(0))
    losses = neural_ode.train(loss, [guess], n_updates=600, optimizer=keras.optimizers.Adam(0.05))
    assert losses.shape == (600,)
    assert losses[0] == pytest.approx(first, rel=1e-12)
    np.testing.assert_allclose(guess, A, atol=1e-3)


def test_train_hands_the_number_of_the_update():
    w = tf.Variable(0.0, dtype=tf.float64)
    losses = neural_ode.train(
        lambda i: tf.cast(i, tf.float64) + 0 * w, [w], n_updates=5, optimizer=keras.optimizers.SGD()
    )
    np.testing.assert_array_equal(losses, range(5))


def test_train_reports_a_loss_that_is_not_finite():
    w = tf.Variable(1.0, dtype=tf.float64)
    optimizer = keras.optimizers.SGD(1e3)
    with pytest.raises(FloatingPointError, match="take a smaller learning rate"):
        neural_ode.train(lambda i: w**4, [w], n_updates=50, optimizer=optimizer)


def test_the_spiral_has_the_published_values():
    truth = solve_ivp(
        lambda t, y: y**3 @ A, (0, 25), START, "DOP853", [1.0, 25.0], rtol=1e-12, atol=1e-13
    ).y.T
    np.testing.assert_allclose(truth[0], [0.709262, -1.504108], atol=5e-7)
    np.testing.assert_allclose(truth[1], [-0.443623, 0.279441], atol=5e-7)
    ours = ode.solve_compiled(neural_ode.spiral, START, [0.0, 1.0, 25.0], substeps=4000)
    np.testing.assert_allclose(ours[1:], truth, atol=1e-8)


def test_pieces_of_a_path():
    path = tf.constant(np.arange(24.0).reshape(12, 2))
    pieces = neural_ode.spiral_pieces(path)
    assert pieces.shape == (10, 3, 2)
    np.testing.assert_array_equal(pieces[:, 2], path[2:])


@pytest.mark.slow
def test_fit_spiral_learns_and_repeats():
    fit = neural_ode.fit_spiral(seed=1, n_updates=300)
    assert fit.losses[-20:].mean() < fit.losses[:20].mean() / 4
    assert fit.short < 0.03
    assert fit.path.shape == (1000, 2)
    again = neural_ode.fit_spiral(seed=1, n_updates=300)
    np.testing.assert_array_equal(fit.losses, again.losses)
    assert (again.losses != neural_ode.fit_spiral(seed=2, n_updates=300).losses).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neural_ode.network_parameters([3], seed=0, scale=1), "two or more widths"),
        (lambda: neural_ode.network_parameters([3, 0], seed=0, scale=1), r"widths are \[3, 0\]"),
        (lambda: neural_ode.network_parameters([3, 1], seed=0, scale=0), "scale > 0"),
        (lambda: neural_ode.solve_adjoint(linear, START, [1.0], [A]), "at least 2 times"),
        (lambda: neural_ode.train(abs, [], n_updates=0, optimizer=None), "n_updates is 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
