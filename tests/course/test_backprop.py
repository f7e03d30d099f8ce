"""Oracles: central differences, closed forms, path counts, TensorFlow."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit, log_softmax

from course import backprop as bp
from course import gradient_checking as gc
from course import neurons as nn
from course.backprop import Node


def rng(seed=0):
    return np.random.default_rng(seed)


def slope(f, x):
    """Differentiate a function of one number by reverse mode."""
    node = Node(x)
    return bp.gradients(f(node), [node])[0].item()


# --- the engine ---------------------------------------------------------------------------------


def test_it_keeps_its_promise_of_150_lines():
    assert len(Path(bp.__file__).read_text(encoding="utf-8").splitlines()) < 150


OPERATIONS = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "-a": lambda a, b: -a * b,
    "a ** 3": lambda a, b: a**3 + b,
    "b ** -1.5": lambda a, b: a + b**-1.5,
}
SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 4), (1, 4)),
    ((3, 1), (1, 4)),
    ((3, 4), ()),
    ((), (2, 3)),
    ((1, 1), (2, 1, 3)),
    ((5,), (5,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_arithmetic_agrees_with_central_differences_under_broadcasting(name, shapes):
    first, second = (rng(n).uniform(0.5, 2, shape) for n, shape in enumerate(shapes))
    weights = rng(2).normal(size=np.broadcast_shapes(*shapes))
    operation = OPERATIONS[name]
    assert gc.check(lambda a, b: (operation(a, b) * weights).sum(), first, second) < 1e-8
    nodes = Node(first), Node(second)
    for node, found in zip(nodes, bp.gradients(operation(*nodes).sum(), nodes), strict=True):
        assert found.shape == node.value.shape


def test_gradient_of_a_broadcast_operand_is_the_sum_over_its_uses():
    b = Node(np.zeros(3))
    weights = rng().normal(size=(5, 3))
    np.testing.assert_allclose(
        bp.gradients(((b + np.zeros((5, 3))) * weights).sum(), [b])[0], weights.sum(axis=0)
    )


def test_constants_on_either_side_of_every_operator():
    x, c = np.array([1.5, 0.7]), np.array([2.0, -3.0])
    for f, derivative in (
        (lambda n: c + n, np.ones(2)),
        (lambda n: c - n, -np.ones(2)),
        (lambda n: c * n, c),
        (lambda n: c / n, -c / x**2),
        (lambda n: n / c, 1 / c),
        (lambda n: 2 - n, -np.ones(2)),
        (lambda n: 1 / n, -1 / x**2),
        (lambda n: n / 4, np.full(2, 0.25)),
        (lambda n: np.float64(3) * n, np.full(2, 3.0)),
    ):
        node = Node(x)
        result = f(node)
        assert isinstance(result, Node)
        np.testing.assert_allclose(bp.gradients(result.sum(), [node])[0], derivative)
        assert len(result.edges) == 1, "a constant has no edge"


def test_matrix_products_with_nodes_left_right_and_on_both_sides():
    A, B, C = rng(0).normal(size=(3, 4)), rng(1).normal(size=(4, 2)), rng(2).normal(size=(3, 2))
    assert gc.check(lambda a, b: ((a @ b) * C).sum(), A, B) < 1e-8
    assert gc.check(lambda a: ((a @ B) * C).sum(), A) < 1e-8
    assert gc.check(lambda b: ((A @ b) * C).sum(), B) < 1e-8
    assert gc.check(lambda a: (a.T @ C).sum(), A) < 1e-8
    W = Node(B)
    np.testing.assert_allclose(bp.gradients((A @ W * C).sum(), [W])[0], A.T @ C)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_reductions(name, axis):
    x = rng().normal(size=(2, 3, 4))
    reduced = getattr(x, name)(axis=axis)
    weights = rng(1).normal(size=reduced.shape)
    np.testing.assert_allclose(getattr(Node(x), name)(axis).value, reduced)
    assert gc.check(lambda n: (getattr(n, name)(axis) * weights).sum(), x) < 1e-8


def test_indexing_returns_every_share_even_to_an_entry_taken_twice():
    x = rng().normal(size=(4, 3))
    assert gc.check(lambda n: (n[1:3, 0] ** 2).sum(), x) < 1e-8
    assert gc.check(lambda n: (n[np.array([0, 2, 0]), np.array([1, 1, 1])] ** 2).sum(), x) < 1e-8
    node = Node(x)
    found = bp.gradients(node[np.array([0, 0, 0])].sum(), [node])[0]
    np.testing.assert_array_equal(found, [[3] * 3, [0] * 3, [0] * 3, [0] * 3])
    assert node[:, None].value.shape == (4, 1, 3)


def test_the_worked_example_of_the_reference():
    """x = 2, y = 1, w₁ = b = w₂ = ½ with relu: ∂w₂ = −0.75, ∂w₁ = −0.5."""
    w1, b, w2 = Node(0.5), Node(0.5), Node(0.5)
    loss = (nn.relu(w1 * 2.0 + b) * w2 - 1.0) ** 2
    assert loss.value == 0.0625
    np.testing.assert_allclose(bp.gradients(loss, [w1, b, w2]), [-0.5, -0.25, -0.75])


def test_shared_nodes_accumulate():
    assert slope(lambda x: x * x * x, 2.0) == 12
    assert slope(lambda x: x + x, 2.0) == 2
    assert slope(lambda x: (x * 3 + x) * x, 2.0) == 16

    def shared(x):
        h = nn.tanh(x)
        return h * h + nn.exp(h) * x

    assert gc.check(shared, 0.3) < 1e-8


def test_a_second_call_gives_the_same_and_leaves_the_graph_alone():
    W = Node(rng().normal(size=(3, 2)))
    loss = (nn.tanh(rng(1).normal(size=(4, 3)) @ W) ** 2).mean()
    before = [node.value.copy() for node in bp.topological_order(loss)]
    (first,) = bp.gradients(loss, [W])
    kept = first.copy()
    (second,) = bp.gradients(loss, [W])
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(second, kept)
    for node, value in zip(bp.topological_order(loss), before, strict=True):
        np.testing.assert_array_equal(node.value, value)


def test_order_holds_each_node_once_after_its_operands():
    x, y = Node(1.0), Node(2.0)
    s = x * y
    output = nn.tanh(s) + s * x
    order = bp.topological_order(output)
    assert len(order) == len(set(order)) == 6
    assert order[-1] is output
    place = {node: i for i, node in enumerate(order)}
    assert all(place[parent] < place[node] for node in order for parent, _ in node.edges)


def test_as_many_paths_as_atoms_cost_as_much_as_edges():
    """y = 2⁶⁰x, written as sixty times y + y: 2⁶⁰ paths, 120 edges."""
    x = Node(1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert bp.gradients(y, [x])[0] == 2.0**60
    assert sum(len(node.edges) for node in bp.topological_order(y)) == 120


def test_a_graph_deeper_than_pythons_stack():
    x = Node(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0001
    assert bp.gradients(y, [x])[0] == pytest.approx(1.0001**20_000, rel=1e-9)


def test_inputs_that_are_not_used_have_derivative_zero():
    x, unused = Node([1.0, 2.0]), Node(np.ones((2, 2)))
    np.testing.assert_array_equal(bp.gradients(x.sum(), [unused])[0], np.zeros((2, 2)))
    np.testing.assert_array_equal(bp.gradients(x.sum(), [x, x])[1], [1, 1])


def test_integers_become_float64():
    node = Node([1, 2])
    assert node.value.dtype == np.float64
    np.testing.assert_allclose(bp.gradients((node / 4).sum(), [node])[0], 0.25)


def test_complaints():
    with pytest.raises(ValueError, match=r"shape \(2,\); reduce it to one number"):
        bp.gradients(Node([1.0, 2.0]), [])
    with pytest.raises(ValueError, match=r"@ takes two matrices, not shapes \(2, 2\) and \(2,\)"):
        Node(np.eye(2)) @ np.ones(2)


# --- the checker --------------------------------------------------------------------------------


def test_central_differences_agree_with_scipy_and_leave_x_alone():
    x = rng().normal(size=(2, 3))
    x.flags.writeable = False

    def f(a):
        return float(np.sum(np.sin(a) * np.arange(1, 7).reshape(2, 3)))

    found = gc.central_differences(f, x)
    np.testing.assert_allclose(found, np.cos(x) * np.arange(1, 7).reshape(2, 3), atol=1e-8)
    forward = approx_fprime(x.ravel(), lambda v: f(v.reshape(2, 3)), 1e-7)
    np.testing.assert_allclose(found.ravel(), forward, atol=1e-5)
    np.testing.assert_array_equal(gc.central_differences(lambda a: a @ a, [1, 2]).round(6), [2, 4])


def test_central_differences_are_of_second_order():
    errors = [
        abs(gc.central_differences(lambda a: math.exp(a[0]), [0.5], step=h)[0] - math.exp(0.5))
        for h in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=1e-2)


@pytest.mark.parametrize(
    ("claimed", "expected", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([1e-3], [3e-3], 2e-3),
        ([2000.0], [1000.0], 0.5),
        ([1000.0], [-1000.0], 2),
        ([1.0, math.nan], [1.0, 2.0], math.inf),
        ([math.inf], [math.inf], math.inf),
        (np.empty((0, 2)), np.empty((0, 2)), 0),
    ],
)
def test_discrepancy(claimed, expected, gap):
    assert gc.discrepancy(claimed, expected) == pytest.approx(gap)


def test_discrepancy_refuses_to_broadcast():
    with pytest.raises(ValueError, match=r"shape \(2,\); expected \(2, 1\)"):
        gc.discrepancy(np.ones(2), np.ones((2, 1)))


def wrong_tanh(x):
    y = np.tanh(x.value)
    return Node(y, (x, lambda g: g * (1 - x.value**2)))


def wrong_product(a, b):
    return Node(a.value @ b.value, (a, lambda g: g @ b.value), (b, lambda g: a.value.T @ g))


def wrong_mean(x):
    return Node(x.value.mean(), (x, lambda g: np.broadcast_to(g, x.value.shape)))


def forgetful_square(x):
    return Node(x.value**2, (x, lambda g: g * x.value))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: (wrong_tanh(a) @ b).sum(),
        lambda a, b: (wrong_product(a, b) * np.arange(9).reshape(3, 3)).sum(),
        lambda a, b: wrong_mean(a @ b),
        lambda a, b: (forgetful_square(a) @ b).sum(),
        lambda a, b: (a @ b).sum() * Node(a.value.sum()),  # an edge that is cut
    ],
    ids=["tanh", "transpose", "one over m", "one of two shares", "cut edge"],
)
def test_the_checker_flags_planted_bugs(f):
    A, B = rng(0).normal(size=(3, 3)), rng(1).normal(size=(3, 3))
    assert gc.check(f, A, B) > 1e-2


# --- activations and losses -----------------------------------------------------------------------


CLOSED = {
    nn.identity: (lambda x: x, np.ones_like),
    nn.exp: (np.exp, np.exp),
    nn.sigmoid: (expit, lambda x: expit(x) * expit(-x)),
    nn.tanh: (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    nn.relu: (lambda x: np.where(x > 0, x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    nn.softplus: (lambda x: np.log1p(np.exp(x)), expit),
    nn.swish: (lambda x: x * expit(x), lambda x: expit(x) * (1 + x * expit(-x))),
}


@pytest.mark.parametrize("activation", CLOSED, ids=lambda f: f.__name__)
def test_activations_and_their_derivatives(activation):
    x = np.linspace(-6, 6, 41)  # with 0
    node = Node(x)
    y = activation(node)
    value, derivative = CLOSED[activation]
    np.testing.assert_allclose(y.value, value(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        bp.gradients(y.sum(), [node])[0], derivative(x), rtol=1e-10, atol=1e-14
    )


def test_log():
    x = np.array([0.1, 1, 7])
    node = Node(x)
    np.testing.assert_allclose(bp.gradients(nn.log(node).sum(), [node])[0], 1 / x)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softplus", "swish"])
def test_activations_stay_finite_far_out(name):
    node = Node([-1000.0, -100.0, 100.0, 1000.0])
    y = getattr(nn, name)(node)
    assert np.isfinite(y.value).all()
    assert np.isfinite(bp.gradients(y.sum(), [node])[0]).all()


def test_threshold_fires_at_zero():
    np.testing.assert_array_equal(nn.threshold([-1.0, -1e-9, 0.0, 2.0]), [0, 0, 1, 1])


def test_losses_equal_their_textbook_formulas():
    z, y = rng(0).normal(size=(6, 1)), rng(1).integers(0, 2, (6, 1)).astype(float)
    p = expit(z)
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert nn.binary_cross_entropy(Node(z), y).value == pytest.approx(expected, rel=1e-12)
    logits, classes = rng(2).normal(size=(6, 3)), rng(3).integers(0, 3, 6)
    expected = -np.mean(log_softmax(logits, axis=1)[np.arange(6), classes])
    assert nn.cross_entropy(Node(logits), classes).value == pytest.approx(expected, rel=1e-12)
    assert nn.mean_squared_error(Node(z), y).value == pytest.approx(np.mean((z - y) ** 2))
    assert gc.check(lambda n: nn.cross_entropy(n, classes), logits) < 1e-8
    assert gc.check(lambda n: nn.binary_cross_entropy(n, y), z) < 1e-8


@pytest.mark.parametrize("size", [100.0, 1e4])
def test_losses_stay_finite_at_extreme_logits(size):
    z, y = Node([[size], [-size]]), np.array([[0.0], [1.0]])
    loss = nn.binary_cross_entropy(z, y)
    assert loss.value == pytest.approx(size)
    np.testing.assert_allclose(bp.gradients(loss, [z])[0], [[0.5], [-0.5]])
    logits = Node([[size, -size], [size, -size]])
    loss = nn.cross_entropy(logits, np.array([0, 1]))
    assert loss.value == pytest.approx(size)
    np.testing.assert_allclose(bp.gradients(loss, [logits])[0], [[0, 0], [0.5, -0.5]], atol=1e-15)


def test_losses_refuse_labels_that_would_broadcast():
    with pytest.raises(ValueError, match=r"logits have shape \(3, 1\), y has \(3,\)"):
        nn.binary_cross_entropy(Node(np.zeros((3, 1))), np.zeros(3))
    with pytest.raises(ValueError, match=r"3 examples need classes of shape \(3,\), these have"):
        nn.cross_entropy(Node(np.zeros((3, 2))), np.zeros((3, 1), int))


# --- networks -------------------------------------------------------------------------------


def some_layers(sizes, seed=0):
    draws = rng(seed)
    return [(draws.normal(size=(n, k)), draws.normal(size=k)) for n, k in itertools.pairwise(sizes)]


def test_forward_is_the_nested_formula():
    (W1, b1), (W2, b2), (W3, b3) = layers = some_layers([3, 5, 4, 2])
    X = rng(1).normal(size=(6, 3))
    outputs = [node.value for node in nn.forward(nn.as_nodes(layers), X)]
    A1 = np.tanh(X @ W1 + b1)
    A2 = np.tanh(A1 @ W2 + b2)
    for found, expected in zip(outputs, [A1, A2, A2 @ W3 + b3], strict=True):
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("activation", [nn.tanh, nn.relu, nn.swish], ids=lambda f: f.__name__)
def test_layer_gradients_agree_with_the_checker_and_with_the_recursion(activation):
    layers = some_layers([3, 5, 4, 1])
    X, y = rng(1).normal(size=(7, 3)), rng(2).normal(size=(7, 1))

    def loss(*flat):
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        return nn.mean_squared_error(nn.forward(pairs, X, activation)[-1], y)

    assert gc.check(loss, *(array for layer in layers for array in layer)) < 1e-7


def test_one_hidden_layer_by_hand():
    (W1, b1), (W2, b2) = layers = some_layers([2, 3, 1])
    X, y = rng(1).normal(size=(5, 2)), rng(2).integers(0, 2, (5, 1)).astype(float)
    nodes = nn.as_nodes(layers)
    found = nn.layer_gradients(nn.binary_cross_entropy(nn.forward(nodes, X)[-1], y), nodes)
    H = np.tanh(X @ W1 + b1)
    delta = (expit(H @ W2 + b2) - y) / 5
    back = delta @ W2.T * (1 - H**2)
    expected = [(X.T @ back, back.sum(axis=0)), (H.T @ delta, delta.sum(axis=0))]
    for pair, right in zip(found, expected, strict=True):
        for a, b in zip(pair, right, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)


def test_train_descends_and_leaves_the_first_layers_alone():
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0.0], [1], [1], [0]])
    layers = some_layers([2, 4, 1], seed=3)
    kept = [(W.copy(), b.copy()) for W, b in layers]

    def loss(nodes):
        return nn.binary_cross_entropy(nn.forward(nodes, X)[-1], y)

    trained, losses = nn.train(layers, loss, step=0.5, n_steps=400)
    assert losses.shape == (400,)
    assert losses[0] == loss(nn.as_nodes(layers)).value
    assert loss(nn.as_nodes(trained)).value < losses[-1] < 0.1 < losses[0]
    for (W, b), (W0, b0) in zip(layers, kept, strict=True):
        np.testing.assert_array_equal(W, W0)
        np.testing.assert_array_equal(b, b0)
    once, _ = nn.train(layers, loss, step=0.5, n_steps=1)
    nodes = nn.as_nodes(layers)
    (dW, db), _ = nn.layer_gradients(loss(nodes), nodes)
    np.testing.assert_allclose(once[0][0], layers[0][0] - 0.5 * dW)
    np.testing.assert_allclose(once[0][1], layers[0][1] - 0.5 * db)


def test_perceptron_separates_what_a_line_separates_within_novikoffs_bound():
    draws = rng(4)
    X = draws.normal(size=(60, 2))
    margins = X @ [0.8, -0.6] + 0.1
    X, margins = X[abs(margins) > 0.2], margins[abs(margins) > 0.2]
    y = (margins > 0).astype(float)
    weights, mistakes = nn.perceptron_rule(X, y, n_epochs=100)
    np.testing.assert_array_equal(nn.threshold(weights[0] + X @ weights[1:]), y)
    assert mistakes[-1] == 0
    radius2, norm2, gap = 1 + (X**2).sum(axis=1).max(), 0.8**2 + 0.6**2 + 0.1**2, 0.2
    assert mistakes.sum() <= radius2 * norm2 / gap**2


def test_perceptron_never_stops_erring_on_exclusive_or():
    X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    _, mistakes = nn.perceptron_rule(X, [0, 1, 1, 0], n_epochs=50)
    assert (mistakes > 0).all()
    _, mistakes = nn.perceptron_rule(X, [0, 0, 0, 1], n_epochs=50)  # and
    assert mistakes[-1] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "softplus", "swish"])
def test_tensorflow_finds_the_same_gradients(name):
    import tensorflow as tf

    layers = some_layers([4, 6, 5, 3])
    X, classes = rng(1).normal(size=(9, 4)), rng(2).integers(0, 3, 9)
    nodes = nn.as_nodes(layers)
    loss = nn.cross_entropy(nn.forward(nodes, X, getattr(nn, name))[-1], classes)
    found = nn.layer_gradients(loss, nodes)

    activation = tf.nn.silu if name == "swish" else getattr(tf.math, name, None) or tf.nn.relu
    variables = [(tf.Variable(W), tf.Variable(b)) for W, b in layers]
    with tf.GradientTape() as tape:
        signal = tf.constant(X)
        for number, (W, b) in enumerate(variables, start=1):
            signal = signal @ W + b
            signal = activation(signal) if number < len(variables) else signal
        expected_loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=signal)
        )
    expected = tape.gradient(expected_loss, variables)
    assert loss.value == pytest.approx(float(expected_loss), rel=1e-12)
    for pair, right in zip(found, expected, strict=True):
        for a, b in zip(pair, right, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-9, atol=1e-12)
