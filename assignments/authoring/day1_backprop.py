# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] nbgrader={"grade": false, "grade_id": "intro", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # Day 1: backpropagation, piece by piece
#
# A lender wants to know who will repay, and lets a neural network find out. Here you build everything
# that it needs in order to learn, with NumPy alone:
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | activations with their derivatives | 2 |
# | 2 | the forward pass | 1 |
# | 3 | two losses with their gradients, finite at any logit | 2 + 2 |
# | 4 | the backward pass, by hand | 3 |
# | 5 | reverse mode on any graph: the order, the sweep, broadcasting | 2 + 2 + 1 |
# | 6 | a gradient checker that finds other people's mistakes | 3 |
# | 7 | initial weights | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first checks;
# run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for your
# submission. A function that follows its description passes both. No question needs the answer of
# another.
#
# **Rules that hold for every function here**
#
# - A batch `X` has shape `(m, n)`: one row per example.
# - A layer is a pair `(W, b)`. **Here `W` has shape `(n_out, n_in)`**, one row per neuron, and `b` has
#   shape `(n_out,)`, so a layer computes `X @ W.T + b`. (The lecture and its library keep `W` the other
#   way round, `(n_in, n_out)`; PyTorch keeps it as here. Both occur in practice; mind which one you
#   have.)
# - Numbers may arrive as integers. The answer must be the same as for floats.
# - Never change an array, a list or a dict that you were given.
# - Loops or matrix products: both are fine.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools

import matplotlib.pyplot as plt
import numpy as np

from course.exercise import submission_rng

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_activations", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: activations and their derivatives (2 points)
#
# Write `activate(kind, z)`. It takes the name of an activation and an array $z$ of any shape, and
# returns **the pair** $(g(z),\,g'(z))$: two arrays of floats, of the shape of $z$. With
# $\sigma(z)=1/(1+e^{-z})$, the four kinds are
#
# | `kind` | $g(z)$ | $g'(z)$ |
# | --- | --- | --- |
# | `"sigmoid"` | $\sigma(z)$ | derive it |
# | `"tanh"` | $\tanh z$ | derive it |
# | `"relu"` | $\max(z,0)$ | 1 where $z>0$; 0 elsewhere, also at $z=0$ |
# | `"gelu"` | $z\,\sigma(1.702\,z)$ | derive it: product rule, then chain rule |
#
# The last is the quick form of an activation that many language models use (Hendrycks and Gimpel,
# 2016): a swish with a steeper gate.
#
# **By hand.** $\sigma(0)=\frac12$ and $\sigma'(0)=\frac14$. The gelu at 0 is 0, with derivative
# $\sigma(0)=\frac12$.
#
# **Far out.** Some $z$ are as large as $\pm10^9$. All results must be finite there. Note that
# `np.exp(1000)` is infinite, and $\infty/\infty$ or $0\cdot\infty$ is not a number; one way around it
# is $\sigma(z)=\frac12\bigl(1+\tanh\frac z2\bigr)$.


# %% nbgrader={"grade": false, "grade_id": "activations", "locked": false, "schema_version": 3, "solution": true, "task": false}
def activate(kind, z):
    """Return an activation and its derivative, entry by entry.

    kind : "sigmoid", "tanh", "relu" or "gelu"
    z : array of any shape; not changed

    Returns the pair (g(z), g'(z)) of arrays of floats, both of the shape of z.
    """
    ### BEGIN SOLUTION
    if kind == "sigmoid":
        s = (1 + np.tanh(z / 2)) / 2
        return s, s * (1 - s)
    if kind == "tanh":
        t = np.tanh(z)
        return t, 1 - t**2
    if kind == "relu":
        return np.maximum(z, 0.0), np.where(z > 0, 1.0, 0.0)
    s = (1 + np.tanh(0.851 * z)) / 2
    return z * s, s + 1.702 * z * s * (1 - s)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_activations", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = activate("sigmoid", np.array([0.0, 2.0]))
assert isinstance(pair, tuple | list), "Return the pair (g(z), g'(z))."
assert len(pair) == 2, "Return the pair (g(z), g'(z))."
assert np.shape(pair[0]) == np.shape(pair[1]) == (2,), "Both arrays have the shape of z."
assert np.isclose(pair[0][0], 0.5), f"The sigmoid of 0 is 1/2, not {pair[0][0]}."
assert np.isclose(pair[1][0], 0.25), f"The slope of the sigmoid at 0 is 1/4, not {pair[1][0]}."
for kind in ("sigmoid", "tanh", "relu", "gelu"):
    value, slope = activate(kind, np.array([0.7]))
    (above, _), (below, _) = activate(kind, np.array([0.7001])), activate(kind, np.array([0.6999]))
    secant = (above[0] - below[0]) / 0.0002
    assert np.isclose(slope[0], secant, rtol=1e-5), (
        f"{kind} at 0.7 rises by {secant:.6g} per unit, and your derivative there is {slope[0]:.6g}."
    )
    for part, result in [("value", value), ("derivative", slope)]:
        assert np.asarray(result).dtype.kind == "f", (
            f"{kind}: the {part} must be an array of floats; yours holds {np.asarray(result).dtype}."
        )
### BEGIN HIDDEN TESTS
rng = submission_rng("activations")
# Oracles: σ by its definition at moderate z; derivatives by differences along the imaginary axis
# (Im g(z + ih)/h), which are exact to rounding because nothing is subtracted.
FORMULAS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "gelu": lambda z: z / (1 + np.exp(-1.702 * z)),
}
for shape in [(7,), (3, 4), (2, 3, 2)]:
    z_hid = rng.uniform(0.3, 4, shape) * rng.choice([-1, 1], shape)
    kept = z_hid.copy()
    for kind in ("sigmoid", "tanh", "relu", "gelu"):
        value, slope = (np.asarray(part, dtype=float) for part in activate(kind, z_hid))
        assert np.array_equal(kept, z_hid), f"{kind}: your function changed the array z."
        assert value.shape == slope.shape == shape, (
            f"{kind}: z has shape {shape}, your results have {value.shape} and {slope.shape}."
        )
        if kind == "relu":
            value_right, slope_right = (kept + abs(kept)) / 2, (1 + kept / abs(kept)) / 2
        else:
            value_right = FORMULAS[kind](kept)
            slope_right = np.imag(FORMULAS[kind](kept + 1e-20j)) * 1e20
        assert np.allclose(value, value_right, rtol=1e-9, atol=1e-12), (
            f"{kind}: the value is wrong for some z of moderate size."
        )
        assert np.allclose(slope, slope_right, rtol=1e-9, atol=1e-12), (
            f"{kind}: the derivative is wrong for some z of moderate size."
        )
        assert np.allclose(slope, slope_right, rtol=1e-11, atol=1e-13), (
            f"{kind}: the derivative has too few correct digits. Derive it; a difference of values "
            "is no derivative."
        )
far = 10.0 ** rng.uniform([2, 2, 2.9, 2.9, 8.9], [3, 3, 3, 3, 9])
for kind, top, slope_top in [
    ("sigmoid", np.ones(5), 0),
    ("tanh", np.ones(5), 0),
    ("relu", far, 1),
    ("gelu", far, 1),
]:
    bottom = -np.ones(5) if kind == "tanh" else np.zeros(5)
    value, slope = (np.asarray(part, dtype=float) for part in activate(kind, far))
    lower, lower_slope = (np.asarray(part, dtype=float) for part in activate(kind, -far))
    assert np.all(np.isfinite([value, slope, lower, lower_slope])), (
        f"{kind}: some result is not finite where z is between 100 and 10⁹, or its negative."
    )
    assert np.allclose([value, lower], [top, bottom], atol=1e-9), (
        f"{kind}: the value is wrong at a large positive or negative z."
    )
    assert np.allclose([slope - slope_top, lower_slope], 0, atol=1e-9), (
        f"{kind}: the derivative is wrong at a large positive or negative z."
    )
at_kink = activate("relu", np.array([-1.0, 0.0, 1.0]))
assert np.array_equal(at_kink[0], [0, 0, 1]), "relu: the value at -1, 0 and 1 is 0, 0 and 1."
assert np.array_equal(at_kink[1], [0, 0, 1]), "relu: the derivative at 0 is 0 by our convention."
for kind in ("sigmoid", "tanh", "relu", "gelu"):
    whole = activate(kind, np.array([[-2, 0, 3]]))
    same = activate(kind, np.array([[-2.0, 0.0, 3.0]]))
    assert all(map(np.allclose, whole, same)), (
        f"{kind}: whole numbers as input give another result than the same numbers as floats."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: the forward pass (1 point)
#
# A network is a list of layers $(W_1,b_1),\dots,(W_d,b_d)$; $d$ is its depth. With $A_0=X$,
#
# $$
# Z_l=A_{l-1}W_l^\top+b_l,\qquad A_l=g(Z_l)\quad(l<d).
# $$
#
# The last layer has no activation: $Z_d$ is what the network says. The backward pass will need every
# $Z_l$, so keep them all.
#
# Write `forward(layers, X, g)`, where `g` is a function: `g(Z)` gives an array of the shape of `Z`.
# Return the list $[Z_1,\dots,Z_d]$.
#
# **By hand.** One example $x=(1,2)$, $W_1=\begin{pmatrix}1&1\\2&-1\end{pmatrix}$, $b_1=(0,1)$:
# $Z_1=(3,\;1)$. With $g(z)=z^2$, $W_2=(1\;\;3)$, $b_2=(-1)$: $Z_2=9+3-1=11$.


# %% nbgrader={"grade": false, "grade_id": "forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def forward(layers, X, g):
    """Return what every layer computes before its activation.

    layers : list of pairs (W, b), shapes (n_out, n_in) and (n_out,), at least one; not changed
    X : shape (m, n_in of the first layer); not changed
    g : function; g(Z) is the activation of every entry of Z

    Returns the list [Z_1, ..., Z_d]; Z_l has shape (m, n_out of layer l).
    """
    ### BEGIN SOLUTION
    Zs, A = [], X
    for W, b in layers:
        Zs.append(A @ W.T + b)
        A = g(Zs[-1])
    return Zs
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_forward", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
small = [
    (np.array([[1.0, 1.0], [2.0, -1.0]]), np.array([0.0, 1.0])),
    (np.array([[1.0, 3.0]]), np.array([-1.0])),
]
Zs = forward(small, np.array([[1.0, 2.0]]), lambda Z: Z**2)
assert isinstance(Zs, list | tuple), "Return a list of arrays."
assert len(Zs) == 2, "Two layers give a list of two arrays."
assert np.shape(Zs[0]) == (1, 2), f"Z_1 of the example has shape (1, 2), not {np.shape(Zs[0])}."
assert np.allclose(Zs[0], [[3, 1]]), f"Z_1 of the example is (3, 1), not {Zs[0]}."
assert np.allclose(Zs[1], [[11]]), f"Z_2 of the example is 11, not {Zs[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("forward")
for m, sizes in [(1, (3, 2)), (5, (2, 4, 4, 1)), (4, (3, 5, 2, 3, 3))]:
    layers_hid = [
        (rng.normal(size=(k, n)), rng.normal(size=k)) for n, k in itertools.pairwise(sizes)
    ]
    X_hid = rng.normal(size=(m, sizes[0]))
    kept = [X_hid.copy()] + [part.copy() for layer in layers_hid for part in layer]
    found = forward(layers_hid, X_hid, lambda Z: np.sin(Z) + np.asarray(Z) / 2)
    unchanged = [X_hid] + [part for layer in layers_hid for part in layer]
    assert all(map(np.array_equal, kept, unchanged)), "Your function changed an array it was given."
    assert len(found) == len(sizes) - 1, (
        f"{len(sizes) - 1} layer(s) give as many arrays, and you return {len(found)}."
    )
    signal = X_hid
    for number, ((W, b), Z) in enumerate(zip(layers_hid, found, strict=True), start=1):
        Z = np.asarray(Z, dtype=float)
        right = np.einsum("mn,kn->mk", signal, W) + b
        assert Z.shape == right.shape, (
            f"Layer {number} of {len(found)}: the shape is {Z.shape} instead of {right.shape}."
        )
        assert np.allclose(Z, right, rtol=1e-9, atol=1e-9), (
            f"Layer {number} of {len(found)} computes something else. Check what goes into it, and "
            "that you return what comes before the activation."
        )
        signal = np.sin(right) + right / 2
whole = [(np.array([[1, -2], [0, 3]]), np.array([1, 0])), (np.array([[2, 1]]), np.array([3]))]
found = forward(whole, np.array([[1, 1]]), lambda Z: np.asarray(Z) / 2)
assert all(map(np.allclose, found, ([[0, 3]], [[4.5]]))), (
    "Whole numbers as weights and inputs give a wrong result."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_bce", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: losses on logits (2 + 2 points)
#
# **(a) Who defaults?** The network gives loan $i$ a logit $z_i$, and thereby the probability of default
# $p_i=\sigma(z_i)$. Loan $i$ did default ($y_i=1$) or did not ($y_i=0$). To miss a default costs
# $\kappa$ times as much as to refuse a good client, so the loss is the weighted cross-entropy
#
# $$
# L=\frac1m\sum_{i=1}^m\Bigl[-\kappa\,y_i\log\sigma(z_i)-(1-y_i)\log\bigl(1-\sigma(z_i)\bigr)\Bigr].
# $$
#
# Write `default_loss(z, y, kappa)`. It returns the pair $(L,\ \partial L/\partial z)$: a number, and an
# array of shape `(m,)`.
#
# **By hand.** $z=(0,0)$, $y=(1,0)$, $\kappa=3$: both logarithms are $-\log2$, so
# $L=\frac{3\log2+\log2}2=2\log2$. The derivatives are $\frac12\cdot3\cdot(-\frac12)=-0.75$ and
# $\frac12\cdot\frac12=0.25$.
#
# Differences of $L$ check a derivative; they do not replace it. Grading asks for eleven digits, also
# beside a loan whose loss is $10^8$. The same holds in (b) and in question 4.
#
# **Finite, and right.** At $z=\pm100$ the probability rounds to 0 or 1, and its logarithm is lost; yet a
# loan with $z=100$ that did not default costs exactly 100. Use $-\log\sigma(z)=\log(1+e^{-z})$ and
# $-\log(1-\sigma(z))=\log(1+e^{z})$; `np.logaddexp(0, t)` is $\log(1+e^t)$ without overflow. Grading
# goes to $z=\pm1000$.


# %% nbgrader={"grade": false, "grade_id": "bce", "locked": false, "schema_version": 3, "solution": true, "task": false}
def default_loss(z, y, kappa):
    """Return the weighted cross-entropy of the logits, and its gradient.

    z : the logits, shape (m,); not changed
    y : 1 for a default and 0 otherwise, shape (m,); not changed
    kappa : how many times as much a missed default counts, a number > 0

    Returns the pair (L, dL/dz): a number and an array of floats, shape (m,).
    """
    ### BEGIN SOLUTION
    loss = np.mean(kappa * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    p = (1 + np.tanh(z / 2)) / 2
    return loss, ((1 - y) * p - kappa * y * (1 - p)) / len(z)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_bce", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = default_loss(np.array([0.0, 0.0]), np.array([1, 0]), 3.0)
assert isinstance(pair, tuple | list), "Return the pair (L, dL/dz)."
assert len(pair) == 2, "Return the pair (L, dL/dz)."
assert np.shape(pair[0]) == (), f"The loss is one number; yours has shape {np.shape(pair[0])}."
assert np.isclose(pair[0], 2 * np.log(2)), f"The example has the loss 1.386294, not {pair[0]:.6f}."
assert np.shape(pair[1]) == (2,), f"The gradient has shape (2,) here, not {np.shape(pair[1])}."
assert np.allclose(pair[1], [-0.75, 0.25]), (
    f"The example has the gradient (-0.75, 0.25), not {np.asarray(pair[1])}."
)
assert np.isclose(default_loss(np.array([100.0]), np.array([0]), 1.0)[0], 100), (
    "A loan with z = 100 that did not default costs 100."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("bce")


def loss_right(z, y, kappa):
    costs = [
        kappa * np.logaddexp(0, -a) if t else np.logaddexp(0, a) for a, t in zip(z, y, strict=True)
    ]
    return np.sum(costs) / len(y)


for m in (1, 4, 9):
    z_hid, y_hid = rng.normal(0, 2, m), rng.permutation(np.arange(m) % 2)
    kappa_hid = rng.uniform(2, 6)
    kept = z_hid.copy(), y_hid.copy()
    pair = default_loss(z_hid, y_hid, kappa_hid)
    loss, slopes = (np.asarray(part, dtype=float) for part in pair)
    assert (loss.shape, slopes.shape) == ((), (m,)), (
        f"With {m} loan(s) your results have the shapes {loss.shape} and {slopes.shape}; they must "
        f"be () and ({m},)."
    )
    assert all(map(np.array_equal, kept, (z_hid, y_hid))), (
        "Your function changed an array that it was given."
    )
    assert np.isclose(loss, loss_right(*kept, kappa_hid), rtol=1e-9), (
        f"The loss of {m} loan(s) is wrong at moderate logits. It is a mean over all loans, and κ "
        "weighs the defaults only."
    )
    # Im L(z + ih)/h: a difference along the imaginary axis, in which no digit is lost.
    shifted = kept[0] + 1e-20j
    costs = np.where(y_hid, kappa_hid * np.log(1 + np.exp(-shifted)), np.log(1 + np.exp(shifted)))
    right = np.imag(costs) * 1e20 / m
    assert np.allclose(slopes, right, rtol=1e-6, atol=1e-8), (
        "The gradient is not the derivative of the loss at moderate logits."
    )
    assert np.allclose(slopes, right, rtol=1e-11, atol=1e-14), (
        "The gradient has too few correct digits. Derive it on paper; a difference of losses is no "
        "derivative."
    )
    # A loan whose loss of 1e8 the entries of the others do not see.
    z_far, y_far = np.append(z_hid, -1e8), np.append(y_hid, 1)
    far = np.asarray(default_loss(z_far, y_far, kappa_hid)[1], dtype=float)
    assert np.allclose(far[:m] * (m + 1) / m, right, rtol=1e-11, atol=1e-14), (
        "Beside one loan with a huge loss the gradient of the others has too few correct digits. "
        "Derive it on paper; a difference of losses is no derivative."
    )
for far in (100.0, 1000.0):
    z_hid = far * np.array([1, 1, -1, -1])
    y_hid, kappa_hid = np.array([1, 0, 1, 0]), rng.uniform(2, 6)
    loss, slopes = default_loss(z_hid, y_hid, kappa_hid)
    assert all(np.all(np.isfinite(part)) for part in (loss, slopes)), (
        f"The loss or its gradient is not finite at logits of ±{far:.0f}."
    )
    assert np.isclose(loss, (far + kappa_hid * far) / 4, rtol=1e-9), (
        f"The loss is wrong at logits of ±{far:.0f}."
    )
    assert np.allclose(slopes, [0, 0.25, -kappa_hid / 4, 0], atol=1e-9), (
        f"The gradient is wrong at logits of ±{far:.0f}."
    )
whole = default_loss(np.array([2, -1]), np.array([0, 1]), 2)
same = default_loss(np.array([2.0, -1.0]), np.array([0.0, 1.0]), 2.0)
assert all(map(np.allclose, whole, same)), (
    "Whole numbers as input give another result than the same numbers as floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_softmax", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b) Which rating?** Now the network gives bond $i$ a row of logits $Z_{i1},\dots,Z_{iK}$, one for each
# of $K$ ratings, and $P_{ik}=e^{Z_{ik}}/\sum_je^{Z_{ij}}$. The true rating is $c_i\in\{0,\dots,K-1\}$, but
# rating agencies err. *Label smoothing* takes that into account: the target is not 1 for the given rating and
# 0 for the others, but
#
# $$
# Q_{ik}=\begin{cases}1-\varepsilon+\varepsilon/K & k=c_i\\ \varepsilon/K & \text{otherwise,}\end{cases}
# \qquad
# L=-\frac1m\sum_{i=1}^m\sum_{k=1}^K Q_{ik}\log P_{ik}.
# $$
#
# Show on paper that $\partial L/\partial Z_{ik}=(P_{ik}-Q_{ik})/m$. (You need $\sum_kQ_{ik}=1$.)
#
# Write `rating_loss(Z, c, eps)`. It returns the pair $(L,\ \partial L/\partial Z)$: a number, and an
# array of shape `(m, K)`.
#
# **By hand.** One bond, $K=2$, $Z=(0,0)$, $c=1$, $\varepsilon=0.2$: $Q=(0.1,\,0.9)$, $P=(\frac12,\frac12)$,
# $L=\log2$, and the gradient is $(0.4,\,-0.4)$.
#
# **Finite, and right.** Adding the same number to a row of $Z$ leaves $P$ as it is; so subtract the
# row's maximum before you exponentiate, and take logarithms of the *sum*, not of $P$: a $P$ that
# rounds to 0 has no logarithm. Grading goes to $Z=\pm1000$.


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rating_loss(Z, c, eps):
    """Return the cross-entropy of smoothed labels under the softmax of Z, and its gradient.

    Z : the logits, shape (m, K); not changed
    c : the true class of each row, m integers from 0 to K - 1; not changed
    eps : the smoothing, a number from 0 to 1

    Returns the pair (L, dL/dZ): a number and an array of floats, shape (m, K).
    """
    ### BEGIN SOLUTION
    m, K = Z.shape
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_P = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    Q = np.full((m, K), eps / K)
    Q[np.arange(m), c] += 1 - eps
    return -np.sum(Q * log_P) / m, (np.exp(log_P) - Q) / m
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_softmax", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = rating_loss(np.array([[0.0, 0.0]]), np.array([1]), 0.2)
assert isinstance(pair, tuple | list), "Return the pair (L, dL/dZ)."
assert len(pair) == 2, "Return the pair (L, dL/dZ)."
assert np.shape(pair[0]) == (), f"The loss is one number; yours has shape {np.shape(pair[0])}."
assert np.isclose(pair[0], np.log(2)), f"The example has the loss log 2, not {pair[0]:.6f}."
assert np.shape(pair[1]) == (1, 2), f"The gradient has shape (1, 2) here, not {np.shape(pair[1])}."
assert np.allclose(pair[1], [[0.4, -0.4]]), (
    f"The example has the gradient (0.4, -0.4), not {np.asarray(pair[1])}."
)
assert np.isfinite(rating_loss(np.array([[100.0, -100.0]]), np.array([1]), 0.0)[0]), (
    "The loss must be finite at logits of ±100."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("softmax")


def loss_right(Z, c, eps):
    total = 0.0
    for row, true in zip(Z, c, strict=True):
        log_sum = np.logaddexp.reduce(row)
        total += (1 - eps) * (log_sum - row[true]) + eps * (log_sum - np.average(row))
    return total / len(c)


for m, K in [(1, 3), (5, 2), (6, 4)]:
    Z_hid, c_hid = rng.normal(0, 2, (m, K)), rng.integers(0, K, m)
    for eps_hid in (0.0, rng.uniform(0.1, 0.4)):
        kept = Z_hid.copy(), c_hid.copy()
        loss, slopes = (
            np.asarray(part, dtype=float) for part in rating_loss(Z_hid, c_hid, eps_hid)
        )
        assert (loss.shape, slopes.shape) == ((), (m, K)), (
            f"With {m} bond(s) and {K} ratings your results have the shapes {loss.shape} and "
            f"{slopes.shape}; they must be () and ({m}, {K})."
        )
        assert all(map(np.array_equal, kept, (Z_hid, c_hid))), (
            "Your function changed an array that it was given."
        )
        smoothing = "with" if eps_hid else "without"
        assert np.isclose(loss, loss_right(*kept, eps_hid), rtol=1e-9), (
            f"The loss of {m} bond(s) with {K} ratings is wrong at moderate logits, {smoothing} "
            "smoothing."
        )
        shares = np.exp(kept[0]) / np.exp(kept[0]).sum(axis=1)[:, None]
        right = (shares - (1 - eps_hid) * np.eye(K)[c_hid] - eps_hid / K) / m
        assert np.allclose(slopes, right, rtol=1e-6, atol=1e-8), (
            f"The gradient is not the derivative of the loss at moderate logits, {smoothing} "
            "smoothing."
        )
        # A bond with a huge loss, which the gradient of the others does not see.
        Z_far = np.vstack([Z_hid, 1e8 * np.eye(K)[0]])
        far = np.asarray(rating_loss(Z_far, np.append(c_hid, 1), eps_hid)[1], dtype=float)
        for found in (slopes, far[:m] * (m + 1) / m):
            assert np.allclose(found, right, rtol=1e-11, atol=1e-14), (
                "The gradient has too few correct digits, alone or beside one bond with a huge loss. "
                "Derive it on paper; a difference of losses is no derivative."
            )
for far in (100.0, 1000.0):
    Z_hid = far * np.array([[1, -1, 0], [1, -1, 0], [-1, -1, -1], [1, 1, 1]])
    c_hid, eps_hid = np.array([0, 1, 2, 2]), rng.uniform(0.1, 0.4)
    loss, slopes = rating_loss(Z_hid, c_hid, eps_hid)
    assert all(np.all(np.isfinite(part)) for part in (loss, slopes)), (
        f"The loss or its gradient is not finite at logits of ±{far:.0f}."
    )
    assert np.isclose(loss, loss_right(Z_hid, c_hid, eps_hid), rtol=1e-9), (
        f"The loss is wrong at logits of ±{far:.0f}."
    )
    likely = np.array([[1, 0, 0], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]])
    target = (1 - eps_hid) * np.eye(3)[c_hid] + eps_hid / 3
    assert np.allclose(slopes, (likely - target) / 4, atol=1e-9), (
        f"The gradient is wrong at logits of ±{far:.0f}."
    )
whole = rating_loss(np.array([[2, -1, 0]]), np.array([2]), 0)
same = rating_loss(np.array([[2.0, -1.0, 0.0]]), np.array([2]), 0.0)
assert all(map(np.allclose, whole, same)), (
    "Whole numbers as input give another result than the same numbers as floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: the backward pass, by hand (3 points)
#
# $L$ is the loss. It hands us $D_d=\partial L/\partial Z_d$. Walk back through the network of question 2. In layer
# $l=d,\dots,1$,
#
# $$
# \frac{\partial L}{\partial W_l}=D_l^\top A_{l-1},\qquad
# \frac{\partial L}{\partial b_l}=\sum_{i=1}^m (D_l)_{i\cdot},\qquad
# \frac{\partial L}{\partial A_{l-1}}=D_l\,W_l,
# $$
#
# and, if $l>1$, through the activation below: $D_{l-1}=\dfrac{\partial L}{\partial A_{l-1}}\odot g'(Z_{l-1})$,
# where $\odot$ multiplies entry by entry.
#
# Write `backward(layers, X, Zs, g, slope, D)`. Here `Zs` is the list $[Z_1,\dots,Z_d]$ of the forward
# pass, `g` and `slope` are the activation and its derivative (functions of an array), and `D` is
# $\partial L/\partial Z_d$. Return the pair `(gradients, dX)`: the list of the pairs
# $(\partial L/\partial W_l,\ \partial L/\partial b_l)$ **in the order of the layers, first layer
# first**, and $\partial L/\partial X$. (The last is what a trader calls the Greeks, if $X$ holds
# market prices.)
#
# **Two remarks.** The mean over the examples is already in $D_d$; do not divide by $m$ again. And the
# last layer has no activation, so its $Z_d$ meets no $g'$.
#
# **By hand.** The example of question 2: $g(z)=z^2$, $g'(z)=2z$, $Z_1=(3,1)$, $Z_2=11$. With $D_2=1$:
# $\partial W_2=A_1=(9,1)$, $\partial b_2=1$, $\partial A_1=(1,3)$, $D_1=(1\cdot6,\;3\cdot2)=(6,6)$,
# $\partial W_1=\begin{pmatrix}6&12\\6&12\end{pmatrix}$, $\partial b_1=(6,6)$ and
# $\partial X=(6\cdot1+6\cdot2,\;6\cdot1-6\cdot1)=(18,0)$.


# %% nbgrader={"grade": false, "grade_id": "backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backward(layers, X, Zs, g, slope, D):
    """Return the gradient of a loss with respect to all weights, biases, and the input.

    layers : list of pairs (W, b), shapes (n_out, n_in) and (n_out,); not changed
    X : shape (m, n_in of the first layer); not changed
    Zs : the list [Z_1, ..., Z_d] that the forward pass gave; not changed
    g, slope : functions; the activation and its derivative, for every entry of an array
    D : the gradient of the loss with respect to Z_d, of its shape; not changed

    Returns the pair (gradients, dX): a list of pairs (dW, db), one for each layer, in the order
    and with the shapes of the layers, and an array of the shape of X.
    """
    ### BEGIN SOLUTION
    gradients = []
    for k in reversed(range(len(layers))):
        A = g(Zs[k - 1]) if k > 0 else X
        gradients.append((D.T @ A, D.sum(axis=0)))
        D = D @ layers[k][0]
        if k > 0:
            D = D * slope(Zs[k - 1])
    return gradients[::-1], D
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_backward", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
small = [
    (np.array([[1.0, 1.0], [2.0, -1.0]]), np.array([0.0, 1.0])),
    (np.array([[1.0, 3.0]]), np.array([-1.0])),
]
Z_small = [np.array([[3.0, 1.0]]), np.array([[11.0]])]
pair = backward(
    small, np.array([[1.0, 2.0]]), Z_small, lambda Z: Z**2, lambda Z: 2 * Z, np.array([[1.0]])
)
assert isinstance(pair, tuple | list), "Return the pair (gradients, dX)."
assert len(pair) == 2, "Return the pair (gradients, dX)."
assert len(pair[0]) == 2, "Two layers give a list of two pairs (dW, db)."
for number, right in [(2, ([[9, 1]], [1])), (1, ([[6, 12], [6, 12]], [6, 6]))]:
    found = pair[0][number - 1]
    assert np.shape(found[0]) == np.shape(right[0]), (
        f"dW of layer {number} has shape {np.shape(found[0])}; it must have that of W."
    )
    assert np.allclose(found[0], right[0]), f"dW of layer {number} in the example is wrong."
    assert np.shape(found[1]) == np.shape(right[1]), (
        f"db of layer {number} has shape {np.shape(found[1])}; it must have that of b."
    )
    assert np.allclose(found[1], right[1]), f"db of layer {number} in the example is wrong."
assert np.allclose(pair[1], [[18, 0]]), f"dX of the example is (18, 0), not {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("backward")


def run_hid(layers, X, g):
    Zs, signal = [], X
    for W, b in layers:
        Zs.append(np.einsum("mn,kn->mk", signal, W) + b)
        signal = g(Zs[-1])
    return Zs


# The oracle is a difference along the imaginary axis, Im L(w + ih)/h, in which no digit is lost. So
# the activations of the test take complex numbers; those that the student calls count the calls.
cases = [
    (1, (3, 2), np.tanh, lambda Z: 1 - np.tanh(Z) ** 2, "one layer"),
    (6, (2, 4, 4, 3), np.tanh, lambda Z: 1 - np.tanh(Z) ** 2, "three layers of tanh"),
    (4, (3, 2, 5, 2, 2), np.cos, lambda Z: -np.sin(Z), "four layers of cosines"),
    (5, (3, 6, 1), lambda Z: Z * (Z.real > 0), lambda Z: 1.0 * (Z > 0), "two layers of relu"),
]
for m, sizes, g_hid, slope_hid, story in cases:
    layers_hid = [
        (rng.normal(size=(k, n)), rng.normal(size=k)) for n, k in itertools.pairwise(sizes)
    ]
    X_hid = rng.normal(size=(m, sizes[0]))
    Zs_hid = run_hid(layers_hid, X_hid, g_hid)
    D_hid = rng.normal(size=(m, sizes[-1]))
    given = [X_hid, D_hid, *Zs_hid, *(part for layer in layers_hid for part in layer)]
    kept = [part.copy() for part in given]
    calls = []

    def g_counted(Z, g_hid=g_hid, calls=calls):
        calls.append("g")
        return g_hid(np.asarray(Z))

    def slope_counted(Z, slope_hid=slope_hid, calls=calls):
        calls.append("slope")
        return slope_hid(np.asarray(Z))

    found, of_input = backward(layers_hid, X_hid, Zs_hid, g_counted, slope_counted, D_hid)
    hidden = len(layers_hid) - 1
    assert calls.count("g") <= 2 * hidden + 2, (
        f"{story}: you call g {calls.count('g')} times. The backward pass needs each activation once; "
        "a difference of losses is no derivative."
    )
    assert calls.count("slope") >= hidden, f"{story}: you do not call slope for each hidden layer."
    assert all(map(np.array_equal, kept, given)), (
        f"{story}: your function changed what it was given."
    )
    assert len(found) == len(sizes) - 1, f"{story}: you return {len(found)} pair(s) (dW, db)."

    # The oracle: the sum of D * Z_d has exactly the gradient D with respect to Z_d.
    def total(layers, X, g_hid=g_hid, D_hid=D_hid):
        return np.sum(D_hid * run_hid(layers, X, g_hid)[-1])

    for number in range(len(layers_hid)):
        for part, name in enumerate(("dW", "db")):
            right = np.empty(layers_hid[number][part].shape)
            for place in np.ndindex(right.shape):
                moved = [[W.astype(complex), b.astype(complex)] for W, b in layers_hid]
                moved[number][part][place] += 1e-20j
                right[place] = total(moved, X_hid).imag * 1e20
            claimed = np.asarray(found[number][part], dtype=float)
            assert claimed.shape == right.shape, (
                f"{story}: {name} of layer {number + 1} has shape {claimed.shape} instead of "
                f"{right.shape}."
            )
            hint = ""
            if np.allclose(m * claimed, right, rtol=1e-5, atol=1e-6):
                hint = f" It is {m} times too small: the mean over the examples is already in D."
            assert np.allclose(claimed, right, rtol=1e-5, atol=1e-6), (
                f"{story}, {m} example(s): {name} of layer {number + 1} disagrees with numerical "
                f"derivatives.{hint}"
            )
            assert np.allclose(claimed, right, rtol=1e-11, atol=1e-12), (
                f"{story}: {name} of layer {number + 1} has too few correct digits. Go back through "
                "the layers; a difference of losses is no derivative."
            )
    right = np.empty(X_hid.shape)
    for place in np.ndindex(right.shape):
        moved = X_hid.astype(complex)
        moved[place] += 1e-20j
        right[place] = total(layers_hid, moved).imag * 1e20
    of_input = np.asarray(of_input, dtype=float)
    assert of_input.shape == right.shape, (
        f"{story}: dX has shape {of_input.shape} instead of {right.shape}."
    )
    assert np.allclose(of_input, right, rtol=1e-5, atol=1e-6), (
        f"{story}: dX disagrees with numerical derivatives."
    )
    assert np.allclose(of_input, right, rtol=1e-11, atol=1e-12), (
        f"{story}: dX has too few correct digits. Go back through the layers; a difference of losses "
        "is no derivative."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_order", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: reverse mode on any graph (2 + 2 + 1 points)
#
# A network is a chain, and question 4 walked back along it. A model of an economy is not a chain: one
# interest rate enters many prices. Reverse mode handles every graph without cycles, in two
# steps: put the nodes into an order, then sweep back through it.
#
# **(a) The order.** A graph is a dict: `graph[name]` is the list of the **operands** of the node
# `name`, that is, of the nodes from which it was computed. Inputs have the empty list. A node may use
# the same operand twice, as $x\cdot x$ does.
#
# Write `backward_order(graph, output)`. It returns a list of names that starts with `output`, and in which
# every node comes **before** all of its operands. It holds exactly the nodes on which `output` depends,
# directly or indirectly, and `output` itself, **each once**.
#
# **By hand.** For $h=x\cdot x$, $s=h+x$, $\text{out}=h\cdot s$ with
# `{"x": [], "h": ["x", "x"], "s": ["h", "x"], "out": ["h", "s"], "t": ["x"]}`
# there is one such order: `["out", "s", "h", "x"]`. The node `"t"` is not in it; `"h"` must wait
# until `"s"` has come, although `"out"` uses it directly.
#
# **Three traps.** Whoever lists nodes as they are met, level by level, here puts `"h"` before `"s"`. Whoever
# walks down every path visits a node once for each path, and there may be $2^{50}$ paths. And whoever
# recurses meets Python's limit of some 1000 nested calls; grading has chains of 3000 nodes.


# %% nbgrader={"grade": false, "grade_id": "order", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backward_order(graph, output):
    """Return the nodes on which `output` depends, each before its operands.

    graph : dict from a node's name to the list of its operands' names; not changed
    output : the name of a node

    Returns a list of names, each once, `output` first.
    """
    ### BEGIN SOLUTION
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, operands_are_done = stack.pop()
        if operands_are_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in graph[node])
    return order[::-1]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_order", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
example = {"x": [], "h": ["x", "x"], "s": ["h", "x"], "out": ["h", "s"], "t": ["x"]}
order = backward_order(example, "out")
assert isinstance(order, list | tuple), "Return a list of names."
assert sorted(order) == ["h", "out", "s", "x"], (
    f"The example needs out, s, h and x, each once, and you return {order}."
)
assert list(order) == ["out", "s", "h", "x"], (
    f"The only order for the example is out, s, h, x; yours is {', '.join(order)}."
)
assert list(backward_order(example, "x")) == ["x"], "An input depends on itself alone."
### BEGIN HIDDEN TESTS
rng = submission_rng("order")


def check_order(graph, output, story):
    kept = {name: list(operands) for name, operands in graph.items()}
    order = list(backward_order(graph, output))
    assert graph == kept, f"{story}: your function changed the graph."
    assert order[0] == output, f"{story}: the order must start with the output."
    assert len(order) == len(set(order)), f"{story}: a node comes more than once."
    needed, left = {output}, [output]
    while left:
        for operand in graph[left.pop()]:
            if operand not in needed:
                needed.add(operand)
                left.append(operand)
    assert set(order) <= needed, f"{story}: a node is in the order that the output does not need."
    assert set(order) >= needed, f"{story}: a node that the output needs is missing."
    place = {name: position for position, name in enumerate(order)}
    assert all(place[name] < place[operand] for name in order for operand in graph[name]), (
        f"{story}: a node comes after one of its operands. It must come before all of them."
    )


for _ in range(12):
    size = int(rng.integers(5, 14))
    names = [f"n{number}" for number in rng.permutation(size)]
    graph_hid = {
        name: [names[k] for k in rng.integers(0, place, rng.integers(1, 4))] if place > 1 else []
        for place, name in enumerate(names)
    }
    shuffled = {names[k]: graph_hid[names[k]] for k in rng.permutation(size)}
    check_order(shuffled, names[-1], "a random graph")
    check_order(shuffled, names[-2], "a random graph, with nodes above the output")
ladder = {"a0": []}
for level in range(1, 12):
    ladder[f"b{level}"], ladder[f"c{level}"] = [f"a{level - 1}"], [f"a{level - 1}"]
    ladder[f"a{level}"] = [f"b{level}", f"c{level}"]
check_order(ladder, "a11", "a graph in which paths split and meet again")
for level in range(12, 51):
    ladder[f"b{level}"], ladder[f"c{level}"] = [f"a{level - 1}"], [f"a{level - 1}"]
    ladder[f"a{level}"] = [f"b{level}", f"c{level}"]
check_order(ladder, "a50", "a graph in which paths split and meet again 50 times")
chain = {f"n{number}": [f"n{number - 1}"] if number else [] for number in range(3000)}
try:
    check_order(chain, "n2999", "a chain of 3000 nodes")
except RecursionError:
    raise AssertionError(
        "A chain of 3000 nodes exceeds Python's limit of nested calls. Keep the nodes that are still "
        "to be visited in a list of your own."
    ) from None
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_sweep", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b) The sweep.** Now every edge carries a number: `edges[name]` is a list of pairs
# `(operand, slope)`, one for each use of an operand (an input has the empty list), where `slope` is the local derivative
# $\partial\,\text{name}/\partial\,\text{operand}$ through this use alone. The *adjoint* of a node is
# $\bar v=\partial\,\text{output}/\partial v$. The chain rule says
#
# $$
# \bar v=\sum_{\text{edges } v\to w}\bar w\cdot\frac{\partial w}{\partial v},
# \qquad \overline{\text{output}}=1 .
# $$
#
# As in the lecture, an edge leads from the operand $v$ to the result $w$; it is listed under $w$.
#
# Write `sweep(order, edges)`. Here `order` is as in (a): the output first, every node before its
# operands. Return a dict with the adjoint of every node in `order`.
#
# **By hand.** The graph of (a) at $x=3$: $h=9$, $s=12$. The edges of `"h"` are `("x", 3)` and
# `("x", 3)`, those of `"s"` are `("h", 1)` and `("x", 1)`, those of `"out"` are `("h", 12)` and
# `("s", 9)`. So $\bar s=9$; $\bar h=12+9\cdot1=21$; $\bar x=9\cdot1+21\cdot3+21\cdot3=135$. (Check:
# $\text{out}=x^4+x^3$, with derivative $4x^3+3x^2=108+27$.)
#
# **Two traps.** A node that is used twice gets two shares: `=` where `+=` belongs forgets one. And a
# second call must give the same as the first: what is kept between calls, such as a dict among the
# default arguments, is added to again.


# %% nbgrader={"grade": false, "grade_id": "sweep", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sweep(order, edges):
    """Return the adjoints of all nodes.

    order : list of names, the output first, every node before its operands; not changed
    edges : dict from a node's name to a list of pairs (operand, slope); not changed

    Returns a dict from every name in `order` to a number: d output / d node.
    """
    ### BEGIN SOLUTION
    adjoints = dict.fromkeys(order, 0.0)
    adjoints[order[0]] = 1.0
    for node in order:
        for operand, slope in edges[node]:
            adjoints[operand] += adjoints[node] * slope
    return adjoints
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_sweep", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
edges = {
    "x": [],
    "h": [("x", 3.0), ("x", 3.0)],
    "s": [("h", 1.0), ("x", 1.0)],
    "out": [("h", 12.0), ("s", 9.0)],
}
for call in ("", " the second time, and was right the first: something is kept between calls"):
    found = sweep(["out", "s", "h", "x"], edges)
    assert isinstance(found, dict), "Return a dict."
    assert set(found) == {"out", "s", "h", "x"}, (
        "The dict holds every node of the order, and no other."
    )
    for name, right in [("out", 1), ("s", 9), ("h", 21), ("x", 135)]:
        assert np.isclose(found[name], right), (
            f"The adjoint of {name} in the example is {right}. Yours is {found[name]}{call}."
        )
### BEGIN HIDDEN TESTS
rng = submission_rng("sweep")
for _ in range(10):
    size = int(rng.integers(4, 12))
    names = [f"v{number}" for number in rng.permutation(size)]
    edges_hid = {names[0]: []}
    matrix = np.zeros((size, size))
    for place in range(1, size):
        uses = [place - 1, *rng.integers(0, place, rng.integers(0, 4)).tolist()]
        slopes = rng.uniform(0.4, 1.6, len(uses)) * rng.choice([-1, 1], len(uses))
        edges_hid[names[place]] = [(names[k], float(w)) for k, w in zip(uses, slopes, strict=True)]
        np.add.at(matrix, ([place] * len(uses), uses), slopes)
    kept = {name: list(pairs) for name, pairs in edges_hid.items()}
    order_hid = names[::-1]
    found = sweep(order_hid, edges_hid)
    assert (edges_hid, order_hid) == (kept, names[::-1]), "Your function changed what it was given."
    assert set(found) == set(names), "The dict does not hold exactly the nodes of the order."
    # The oracle: adjoints solve a linear system, v = e + Mᵀv.
    right = np.linalg.solve(np.eye(size) - matrix.T, np.eye(size)[-1])
    values = np.array([float(found[name]) for name in names])
    assert np.isclose(values[-1], 1), "The adjoint of the output is 1."
    assert np.allclose(values, right, rtol=1e-8, atol=1e-10), (
        "On a random graph some adjoint is wrong. A node gets a share for each use: the adjoint of "
        "the node that uses it times the slope of this use."
    )
    again = sweep(order_hid, edges_hid)
    assert np.allclose([float(again[name]) for name in names], right, rtol=1e-8, atol=1e-10), (
        "A second call with the same graph gives other adjoints than the first."
    )
found = sweep(["y", "x"], {"y": [("x", 2)], "x": []})
assert np.isclose(found["x"], 2), "Whole numbers as slopes give a wrong adjoint."
found = sweep(["only"], {"only": []})
assert dict(found) == {"only": 1}, "A graph of one node, which is the output: its adjoint is 1."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_unbroadcast", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(c) Broadcasting.** With arrays, one thing is new. If $b$ has shape `(3,)` and $X$ has shape
# `(5, 3)`, then `X + b` uses every entry of $b$ five times. The share that comes back along this edge has
# shape `(5, 3)`; what reaches $b$ is its **sum** over the five uses. And if $b$ is used elsewhere, too,
# say in an expression of shape `(2, 1, 3)`, another share comes back from there, and the two are added.
#
# Write `total_adjoint(shares, shape)`. `shape` is the shape of the node, and `shares` is the list of
# what comes back along its edges: arrays whose shapes may differ, each of them one to which `shape`
# broadcasts. Reduce every share to `shape` by summing
#
# - over the leading axes that `shape` does not have, and
# - over the axes on which `shape` has length 1 (they keep that length),
#
# and return the sum of all of them, an array of floats of the given shape. A node from which nothing
# depends has no shares: return zeros.
#
# **By hand.** The single share `[[1, 2, 3], [4, 5, 6]]` becomes `[5, 7, 9]` for shape `(3,)`,
# `[[5, 7, 9]]` for `(1, 3)`, `[[6], [15]]` for `(2, 1)`, `21` for `()`, and stays what it is for
# `(2, 3)`. With the second share `[10, 20, 30]`, shape `(3,)` gives `[15, 27, 39]`.


# %% nbgrader={"grade": false, "grade_id": "unbroadcast", "locked": false, "schema_version": 3, "solution": true, "task": false}
def total_adjoint(shares, shape):
    """Add up what comes back to a node along its edges, and undo broadcasting.

    shares : list of arrays of numbers, possibly empty; not changed
    shape : tuple of integers, the shape of the node; it broadcasts to that of every share

    Returns an array of floats of the given shape.
    """
    ### BEGIN SOLUTION
    total = np.zeros(shape)
    for share in shares:
        while share.ndim > len(shape):
            share = share.sum(axis=0)
        for axis, length in enumerate(shape):
            if length == 1:
                share = share.sum(axis=axis, keepdims=True)
        total = total + share
    return total
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_unbroadcast", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
table = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
for shares, shape, right in [
    ([table], (3,), [5, 7, 9]),
    ([table], (1, 3), [[5, 7, 9]]),
    ([table], (2, 1), [[6], [15]]),
    ([table], (), 21),
    ([table], (2, 3), table),
    ([table, np.array([10.0, 20.0, 30.0])], (3,), [15, 27, 39]),
]:
    found = np.asarray(total_adjoint(shares, shape), dtype=float)
    assert found.shape == shape, f"Shape {shape} is asked for, and your result has {found.shape}."
    assert np.allclose(found, right), (
        f"The example with {len(shares)} share(s) is wrong for shape {shape}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("unbroadcast")
for shape, fulls in [
    ((3,), [(4, 3)]),
    ((4,), [(4, 4), (4,), (2, 3, 4)]),
    ((4, 1), [(4, 4), (4, 1)]),
    ((1, 4), [(4, 4), (3, 1, 4), (1, 4)]),
    ((3, 1), [(2, 3, 4)]),
    ((2, 1, 4), [(2, 3, 4), (2, 1, 4)]),
    ((1, 1, 1), [(2, 3, 4)]),
    ((1, 3), [(3, 3, 3), (5, 3)]),
    ((1,), [(5,), (2, 1)]),
    ((), [(2, 3), (), (4,)]),
    ((2, 3), [(2, 3), (2, 3)]),
]:
    shares_hid = [rng.normal(size=full) for full in fulls]
    kept = [share.copy() for share in shares_hid]
    found = np.asarray(total_adjoint(shares_hid, shape), dtype=float)
    assert all(map(np.array_equal, kept, shares_hid)), "Your function changed one of the shares."
    assert found.shape == shape, (
        f"Shares of the shapes {fulls} for a node of shape {shape}: your result has {found.shape}."
    )
    # The oracle: <share, broadcast(b)>, summed over the shares, is <adjoint, b> for every b.
    for _ in range(4):
        probe = rng.normal(size=shape)
        right = sum(np.sum(s * np.broadcast_to(probe, s.shape)) for s in kept)
        assert np.isclose(np.sum(found * probe), right, atol=1e-9), (
            f"Shares of the shapes {fulls} for a node of shape {shape}: the sums are wrong."
        )
for shape in [(), (3,), (2, 1)]:
    found = np.asarray(total_adjoint([], shape), dtype=float)
    assert np.array_equal(found, np.zeros(shape)), (
        f"Without shares the adjoint of a node of shape {shape} is zeros of this shape."
    )
whole = total_adjoint([np.arange(6).reshape(2, 3), np.array([1, 0, 2])], (3,))
assert np.allclose(whole, [4, 5, 9]), "Shares of whole numbers give a wrong adjoint."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_checker", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: a gradient checker (3 points)
#
# A colleague hands you a function $f$ and what they say is its gradient at $x$. Find the entries that are wrong.
#
# The central difference along coordinate $j$ is
# $s_j=\dfrac{f(x+h\,\mathrm e_j)-f(x-h\,\mathrm e_j)}{2h}$. Entry $j$ of the claimed gradient, $c_j$, is **right** if
#
# $$
# \lvert c_j-s_j\rvert\le\texttt{tol}\cdot\max\bigl(1,\lvert s_j\rvert\bigr),
# $$
#
# and wrong otherwise: a relative error for large derivatives, an absolute one for small. An entry that is not a
# number (`nan`) is always wrong, and so is an infinite one: what is allowed grows with $\lvert s_j\rvert$,
# not with $\lvert c_j\rvert$.
#
# Write `wrong_entries(f, claimed, x, h, tol)`. Here `f` is a function: `f(x)` takes an array of shape
# `(n,)` and gives a number. Return the list of the indices $j$ of the wrong entries, in ascending
# order; it is empty if all are right.
#
# **By hand.** $f(x)=x_0^2+3x_1$ at $x=(1,2)$ has the gradient $(2,3)$. The claim $(2,3)$ gives `[]`, the
# claim $(1,3)$ gives `[0]`, and $(\text{nan},-3)$ gives `[0, 1]`.
#
# **Traps.** A checker that blames correct gradients is as useless as one that lets wrong ones pass: a
# one-sided difference $\bigl(f(x+h\mathrm e_j)-f(x)\bigr)/h$ errs by $\frac h2f''$, which for a curved
# $f$ is more than `tol`. If $x$ holds integers, `x[0] += h` does nothing at all. And with `nan` both
# `nan > tol` and `nan <= tol` are false.


# %% nbgrader={"grade": false, "grade_id": "checker", "locked": false, "schema_version": 3, "solution": true, "task": false}
def wrong_entries(f, claimed, x, h, tol):
    """Compare a claimed gradient with central differences.

    f : function; f(x) is a number
    claimed : what is said to be the gradient of f at x, shape (n,); not changed
    x : where, shape (n,); not changed
    h : the step of the differences, a number > 0
    tol : the tolerance, a number > 0

    Returns the list of the indices of the wrong entries, ascending.
    """
    ### BEGIN SOLUTION
    wrong = []
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = h
        s = (f(x + step) - f(x - step)) / (2 * h)
        if not abs(claimed[j] - s) <= tol * max(1, abs(s)):
            wrong.append(j)
    return wrong
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_checker", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
for claim, right in [([2.0, 3.0], []), ([1.0, 3.0], [0]), ([np.nan, -3.0], [0, 1])]:
    found = wrong_entries(
        lambda x: x[0] ** 2 + 3 * x[1], np.array(claim), np.array([1.0, 2.0]), 1e-5, 1e-6
    )
    assert isinstance(found, list | tuple | np.ndarray), "Return a list of indices."
    assert list(found) == right, f"The claim {claim} of the example gives {right}, not {found}."
### BEGIN HIDDEN TESTS
rng = submission_rng("checker")


def verdict(f, claimed, x, h=1e-3, tol=1e-5):
    kept = x.copy(), claimed.copy()
    found = [int(j) for j in wrong_entries(f, claimed, x, h, tol)]
    assert np.array_equal(np.stack(kept), np.stack([x, claimed]), equal_nan=True), (
        "Your function changed an array that it was given."
    )
    return found


for n in (1, 3, 6):
    # Strongly curved, without third derivatives: central differences are exact, one-sided are not.
    root = np.linalg.qr(rng.normal(size=(n, n)))[0] * rng.uniform(1, 2, n)
    centre = rng.normal(0, 2, n)

    def bowl(x, root=root, centre=centre):
        return 10 * np.sum(root.dot(np.asarray(x, dtype=float) - centre) ** 2)

    # So far from the minimum that every slope is large, and every error relative.
    slopes_hid = rng.uniform(50, 400, n) * rng.choice([-1, 1], n)
    x_hid = centre + np.linalg.solve(20 * root.T.dot(root), slopes_hid)
    assert verdict(bowl, slopes_hid, x_hid) == [], (
        "Your checker blames a correct gradient of a strongly curved function."
    )
    for story, bad in [
        ("of the wrong sign", -slopes_hid),
        ("twice as large", 2 * slopes_hid),
        ("half as large", slopes_hid / 2),
        ("of zeros", 0 * slopes_hid),
        ("of infinities", np.full(n, np.inf)),
        ("of nan", np.full(n, np.nan)),
    ]:
        assert verdict(bowl, bad, x_hid) == list(range(n)), (
            f"A claimed gradient {story} is wrong in every entry, and your checker lets some pass. What "
            "is allowed grows with |s_j|, not with |c_j|."
        )
    which = sorted(rng.choice(n, rng.integers(1, n + 1), replace=False).tolist())
    for story, factor, right in [("twice", 2.0, which), ("half", 0.5, [])]:
        for sign in (1, -1):
            claim = slopes_hid.copy()
            claim[which] *= 1 + sign * factor * 1e-5
            assert verdict(bowl, claim, x_hid) == right, (
                f"Some entries, large ones, are off by {story} what tol allows. Compare relative to "
                "the numerical derivative."
            )
    # Small slopes: the error is absolute.
    tilt = rng.uniform(0.01, 0.4, n) * rng.choice([-1, 1], n)
    for story, factor, right in [("twice", 2.0, which), ("half", 0.5, [])]:
        for sign in (1, -1):
            claim = tilt.copy()
            claim[which] += sign * factor * 1e-3
            found = verdict(
                lambda x, tilt=tilt: tilt.dot(np.asarray(x, dtype=float)), claim, x_hid, 1e-3, 1e-3
            )
            assert found == right, (
                f"Some entries, small ones, are off by {story} what tol allows. Below 1 the error "
                "counts as it is."
            )
# A step that is not small: the difference of e^x over 2h has a known error, sinh(h)/h - 1.
h_hid = rng.uniform(0.2, 0.4)
x_hid = rng.uniform(0.5, 1, 3)
blurred = np.exp(x_hid) * np.sinh(h_hid) / h_hid
assert verdict(lambda x: np.sum(np.exp(np.asarray(x))), blurred, x_hid, h_hid, 1e-9) == [], (
    "Your derivative is not the central difference with the given h."
)
assert verdict(lambda x: np.sum(np.exp(np.asarray(x))), np.exp(x_hid), x_hid, h_hid, 1e-3) == [
    0,
    1,
    2,
], "Your checker does not use the given h and tol."
whole = np.array([3, -2, 4])
assert verdict(lambda x: np.sum(np.asarray(x) ** 2), 2.0 * whole, whole) == [], (
    "Your checker blames a correct gradient where x holds whole numbers."
)
assert verdict(lambda x: np.sum(np.asarray(x) ** 2), np.array([6, -4, 9]), whole) == [2], (
    "Where x and the claim hold whole numbers, your checker misses a wrong entry."
)
# Powers of two, which the computer knows exactly: an error of tol, neither more nor less.
edge = 2.0 ** rng.integers(0, 5)
for claim, right in [(1.25 * edge, []), (0.75 * edge, []), (1.26 * edge, [0])]:
    found = verdict(lambda x: edge * np.asarray(x)[0], np.array([claim]), np.ones(1), 0.5, 0.25)
    assert found == right, (
        "An error of exactly what tol allows is still right, a larger one is not."
    )
# The bugs that people make in a backward pass.
X_hid, y_hid = rng.normal(size=(8, 3)), rng.normal(1, 1, 8)
w_hid = rng.normal(size=3)


def fit(w):
    return np.sum((np.tanh(X_hid.dot(np.asarray(w))) - y_hid) ** 2) / 8


t_hid = np.tanh(X_hid.dot(w_hid))
for story, claim, correct in [
    ("a correct gradient of a small network", 2 * (t_hid - y_hid) * (1 - t_hid**2), True),
    ("a gradient without the 1/m", 16 * (t_hid - y_hid) * (1 - t_hid**2), False),
    ("a gradient without the activation's slope", 2 * (t_hid - y_hid), False),
    ("a gradient with the slope of another activation", 2 * (t_hid - y_hid) * t_hid, False),
]:
    found = verdict(fit, X_hid.T.dot(claim) / 8, w_hid, 1e-4)
    assert (found == []) == correct, f"Your checker is wrong about {story}."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_initial", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: initial weights (2 points)
#
# The lecture drew *Xavier* weights from a uniform and *He* weights from a normal distribution. What
# matters is the variance, so here it is the other way round:
#
# | `kind` | distribution | variance |
# | --- | --- | --- |
# | `"xavier"` | normal, mean 0 | $2/(n_{\text{in}}+n_{\text{out}})$ |
# | `"he"` | uniform on $[-a,a]$; find $a$ | $2/n_{\text{in}}$ |
#
# Write `initial_layers(sizes, kind, rng)`. `sizes` lists how many numbers go in, how many come out of
# every layer: `[8, 16, 1]` means two layers, $8\to16$ and $16\to1$. Return the list of pairs $(W,b)$,
# $W$ of shape `(n_out, n_in)`, with biases of zero. Draw every weight from the given generator: `rng.normal(mean,
# standard_deviation, shape)` and `rng.uniform(low, high, shape)`.
#
# **By hand.** A uniform distribution on $[-a,a]$ has the variance $a^2/3$. `rng.normal` asks for the
# standard deviation, not for the variance.


# %% nbgrader={"grade": false, "grade_id": "initial", "locked": false, "schema_version": 3, "solution": true, "task": false}
def initial_layers(sizes, kind, rng):
    """Draw the first weights of a network.

    sizes : list of at least two positive integers; not changed
    kind : "xavier" (normal) or "he" (uniform)
    rng : a NumPy generator, from which all weights are drawn

    Returns a list of pairs (W, b), shapes (n_out, n_in) and (n_out,), with all b zero.
    """
    ### BEGIN SOLUTION
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        if kind == "xavier":
            W = rng.normal(0, np.sqrt(2 / (n_in + n_out)), (n_out, n_in))
        else:
            a = np.sqrt(6 / n_in)
            W = rng.uniform(-a, a, (n_out, n_in))
        layers.append((W, np.zeros(n_out)))
    return layers
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_initial", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
for kind in ("xavier", "he"):
    found = initial_layers([8, 16, 1], kind, np.random.default_rng(0))
    assert isinstance(found, list | tuple), f"{kind}: return a list of pairs (W, b)."
    assert len(found) == 2, f"{kind}: sizes [8, 16, 1] make two layers."
    shapes = [(np.shape(W), np.shape(b)) for W, b in found]
    assert shapes == [((16, 8), (16,)), ((1, 16), (1,))], (
        f"{kind}: sizes [8, 16, 1] make the shapes (16, 8), (16,) and (1, 16), (1,), not {shapes}."
    )
    assert not np.any(found[0][1]), f"{kind}: the biases start at zero."
### BEGIN HIDDEN TESTS
rng = submission_rng("initial")
for sizes in ([300, 100, 160], [60, 400, 60, 400], [250, 250]):
    for kind in ("xavier", "he"):
        seed = int(rng.integers(2**32))
        kept = list(sizes)
        found = initial_layers(sizes, kind, np.random.default_rng(seed))
        assert sizes == kept, "Your function changed the list sizes."
        assert len(found) == len(sizes) - 1, f"{kind}: there is not one pair (W, b) for each layer."
        for (n_in, n_out), (W, b) in zip(itertools.pairwise(sizes), found, strict=True):
            W, b = np.asarray(W, dtype=float), np.asarray(b, dtype=float)
            assert (W.shape, b.shape) == ((n_out, n_in), (n_out,)), (
                f"{kind}: a layer from {n_in} to {n_out} has the shapes {W.shape} and {b.shape}."
            )
            assert not np.any(b), f"{kind}: some bias is not zero."
            variance = 2 / (n_in + n_out) if kind == "xavier" else 2 / n_in
            scaled = W / np.sqrt(variance)
            # Five standard errors: a correct answer fails once in a million checks.
            room = 5 / np.sqrt(W.size)
            assert abs(np.sum(scaled) / W.size) < room, f"{kind}: the mean of the weights is not 0."
            second, fourth = np.sum(scaled**2) / W.size, np.sum(scaled**4) / W.size
            spread = np.sqrt(2 if kind == "xavier" else 0.8)
            assert abs(second - 1) < spread * room, (
                f"{kind}: the sample variance of the weights from {n_in} to {n_out} is "
                f"{second:.3g} times what it should be."
            )
            if kind == "xavier":
                assert 2.6 < fourth < 3.4, "xavier: the weights are not normally distributed."
            else:
                assert 1.7 < fourth < 1.9, "he: the weights are not uniformly distributed."
                assert np.max(abs(scaled)) < 1.7321, "he: some weights lie outside of [-a, a]."
            # A layer of a few weights repeated would have the right moments, too.
            assert len(np.unique(W)) > 0.99 * W.size, f"{kind}: some weights are copies of others."
            # So would neurons that are nearly copies of others, or of their negatives; they would
            # stay so in training. The same for inputs.
            for vectors in (W, W.T):
                unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
                angles = np.abs(unit.dot(unit.T)) - np.eye(len(unit))
                assert (
                    angles.max() < 0.85
                ), (  # of independent ones never: they have 60 weights or more
                    f"{kind}: some neurons or inputs start with nearly the same weights as others, "
                    "perhaps with the other sign: draw every weight by itself."
                )
            along = abs(np.sum(scaled.ravel()[1:] * scaled.ravel()[:-1])) / W.size
            assert along < 6 / np.sqrt(W.size), (
                f"{kind}: a weight depends on the one before: draw every weight by itself."
            )
        again = initial_layers(sizes, kind, np.random.default_rng(seed))
        assert np.array_equal(found[-1][0], again[-1][0]), (
            f"{kind}: the same generator gives other weights the second time. Draw from the rng that "
            "you are given."
        )
        other = initial_layers(sizes, kind, np.random.default_rng(seed + 1))
        assert not np.any(np.asarray(found[0][0]) == np.asarray(other[0][0])), (
            f"{kind}: another generator gives the same weights."
        )
for kind in ("xavier", "he"):
    found = initial_layers([20, 20, 20], kind, np.random.default_rng(int(rng.integers(2**32))))
    assert not np.any(np.asarray(found[0][0]) == np.asarray(found[1][0])), (
        f"{kind}: two layers of the same size start with the same weights."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below joins your functions into a network that learns who defaults: clients with a high debt
# **or** a high income pay, those with both or neither do not, which no straight line can tell apart.
# Change what you like. Worth a look: what becomes of the loss with `kind = "sigmoid"`, with weights of zero
# instead of `initial_layers`, and with an error that you plant in `backward` (does your checker find it?).

# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
draws = np.random.default_rng(1)
clients = draws.uniform(-1, 1, (400, 2))  # debt and income, scaled
defaults = (clients[:, 0] * clients[:, 1] > 0).astype(int)

kind = "tanh"
layers = initial_layers([2, 12, 12, 1], "xavier", draws)
history = []
for _ in range(1500):
    Zs = forward(layers, clients, lambda Z: activate(kind, Z)[0])
    loss, dz = default_loss(Zs[-1][:, 0], defaults, 1.0)
    history.append(loss)
    slopes, _ = backward(
        layers,
        clients,
        Zs,
        lambda Z: activate(kind, Z)[0],
        lambda Z: activate(kind, Z)[1],
        dz[:, None],
    )
    layers = [(W - 0.5 * dW, b - 0.5 * db) for (W, b), (dW, db) in zip(layers, slopes, strict=True)]

plt.semilogy(history)
plt.xlabel("step")
plt.ylabel("loss (nats per client)")
plt.title("A network that you built")
plt.show()
right = np.mean((Zs[-1][:, 0] > 0) == defaults)
print(f"{right:.1%} of the clients are classified correctly")


def flat(pairs):  # all weights and biases in one long array
    return np.concatenate([part.ravel() for pair in pairs for part in pair])


def loss_of_all(numbers):
    moved, used = [], 0
    for W, b in layers:
        parts = numbers[used : used + W.size], numbers[used + W.size : used + W.size + b.size]
        moved.append((parts[0].reshape(W.shape), parts[1]))
        used += W.size + b.size
    output = forward(moved, clients, lambda Z: activate(kind, Z)[0])[-1]
    return default_loss(output[:, 0], defaults, 1.0)[0]


Zs = forward(layers, clients, lambda Z: activate(kind, Z)[0])
slopes, _ = backward(
    layers,
    clients,
    Zs,
    lambda Z: activate(kind, Z)[0],
    lambda Z: activate(kind, Z)[1],
    default_loss(Zs[-1][:, 0], defaults, 1.0)[1][:, None],
)
print("wrong entries:", wrong_entries(loss_of_all, flat(slopes), flat(layers), 1e-5, 1e-6))
