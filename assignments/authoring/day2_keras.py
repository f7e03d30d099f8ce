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
# # Day 2: a bank's networks, from the first layer to the file on the server
#
# A bank wants five small models: what do its customers earn, which firms default, which rating does
# a bond deserve, what can a firm produce, and how much should be put aside for losses. You build
# them with Keras, train one of them faster than Keras does, and hand it over as a file that works on
# another machine.
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | a network that starts at the mean wage | 2 |
# | 2 | a default model with two inputs: wide and deep | 2 |
# | 3 | logits: compile a rating model; decide at the least cost | 2 + 2 |
# | 4 | a layer of your own: the CES production function | 3 |
# | 5 | a loss of your own: LINEX | 2 |
# | 6 | a callback: halve the learning rate, then stop | 3 |
# | 7 | the whole training in one graph, equal to `fit` | 3 |
# | 8 | save a model with its scaling, and load it | 1 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both. No question needs a training
# run, except question 7, which takes a second.
#
# **Rules that hold for every question**
#
# - Arrays have one row per worker, firm or bond: `X` has shape `(m, p)`.
# - A model returns shape `(m, 1)`, or `(m, K)` for K classes; never `(m,)`.
# - Functions return what they are asked for and print nothing. Never change an array you were given.
# - `course.training` and `course.keras_parts` hold other loops, layers and losses (no sample
#   weights, other formulas). Read them for ideas; they do not answer these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages from TensorFlow

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from course.exercise import submission_rng

tf.constant(0.0) + 1.0  # wake TensorFlow here, so that what it reports lands in no test cell
tf.get_logger().setLevel("ERROR")

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_wage_net", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: a network that starts at the mean (2 points)
#
# Write `wage_net(n_features, widths, mean_log_wage)`. It returns a Keras model that maps
# `(m, n_features)` to a log wage, `(m, 1)`:
#
# - one `Dense` layer for each number in the list `widths`, in this order, with the activation
#   `"swish"` (that is $z\,\sigma(z)$), the kernel drawn by He's initialisation (`"he_normal"`) and
#   the bias zero;
# - then a `Dense` layer with one unit and no activation. Its kernel starts at **zero** and its bias
#   at `mean_log_wage`. So the untrained network says what you would say without any data on the
#   worker: the mean.
#
# The model must have its weights when you return it (begin it with `keras.Input`), and need not be
# compiled. `widths` may be empty: what is left is a linear regression.
#
# **By hand.** With 3 features and `widths = [8, 5]` the kernels and biases have the shapes (3, 8),
# (8,), (8, 5), (5,), (5, 1) and (1,), together $(3+1)\cdot8+(8+1)\cdot5+(5+1)\cdot1=83$ weights.


# %% nbgrader={"grade": false, "grade_id": "wage_net", "locked": false, "schema_version": 3, "solution": true, "task": false}
def wage_net(n_features, widths, mean_log_wage):
    """Return an untrained network for log wages that predicts the mean.

    n_features : number of features p
    widths : list of the numbers of units of the hidden layers, from input to output; may be empty
    mean_log_wage : what the network predicts before it is trained

    Returns a Keras model that maps shape (m, p) to shape (m, 1).
    """
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((n_features,))])
    for width in widths:
        model.add(keras.layers.Dense(width, activation="swish", kernel_initializer="he_normal"))
    start = keras.initializers.Constant(mean_log_wage)
    model.add(keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=start))
    return model
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_wage_net", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
model = wage_net(3, [8, 5], 2.5)
assert isinstance(model, keras.Model), "wage_net returns a Keras model."
shapes = [w.shape for w in model.get_weights()]
assert shapes == [(3, 8), (8,), (8, 5), (5,), (5, 1), (1,)], (
    f"The example from the text has other kernels and biases than yours, which have {shapes}."
)
X_three = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])
assert np.allclose(model(X_three), [[2.5], [2.5]]), (
    "Before training, the network predicts mean_log_wage for everybody, with shape (m, 1)."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("wage_net")
for p, widths in [(4, [7, 3, 6]), (2, [5]), (6, [])]:
    mean_hid = rng.uniform(1, 4)
    model = wage_net(p, widths, mean_hid)
    weights = model.get_weights()
    sizes = [p, *widths, 1]
    right = []
    for k in range(len(sizes) - 1):
        right += [(sizes[k], sizes[k + 1]), (sizes[k + 1],)]
    assert [w.shape for w in weights] == right, (
        f"With {len(widths)} hidden layer(s) the kernels and biases have other shapes than asked "
        "for. Each has a bias, and the list of widths goes from input to output."
    )
    X_hid = rng.normal(0, 1, (9, p)).astype("float32")
    assert np.allclose(model(X_hid), np.full((9, 1), mean_hid), rtol=1e-5), (
        "Before training, the network should predict mean_log_wage, whatever the features."
    )
    assert all(np.all(w == 0) for w in weights[1:-1:2]), "The hidden biases start at zero."
    assert all(len(np.unique(w)) == w.size for w in weights[:-2:2]), (
        "The hidden kernels start with random numbers."
    )
    drawn = [rng.normal(0, 0.8, w.shape) for w in weights]
    model.set_weights(drawn)
    hidden = X_hid.astype(float)
    for K, b in zip(drawn[:-2:2], drawn[1:-2:2], strict=True):
        z = hidden.dot(K) + b
        hidden = z / (1 + np.exp(-z))
    found = np.asarray(model(X_hid))
    assert found.shape == (9, 1), "The model returns shape (m, 1)."
    assert np.allclose(found, hidden.dot(drawn[-2]) + drawn[-1], rtol=1e-3, atol=1e-4), (
        "With given weights the network computes something else. Hidden layers use swish, the "
        "last layer has no activation."
    )
wide = wage_net(150, [220, 180], 0.0).get_weights()
for K, n in ((wide[0], 150), (wide[2], 220)):
    assert np.isclose(np.std(K), np.sqrt(2 / n), rtol=0.05), (
        "The numbers in the hidden kernels have another spread than He's initialisation gives."
    )
    # Numbers of a (truncated) normal distribution reach beyond two deviations, uniform ones to 1.73.
    assert np.max(np.abs(K)) > 2 * np.std(K), (
        "The numbers in the hidden kernels have the right spread, but no normal distribution."
    )
    unit = K / np.linalg.norm(K, axis=0)
    assert np.max(np.abs(unit.T.dot(unit)) - np.eye(K.shape[1])) < 0.8, (
        "Some hidden units start with nearly the same kernel as others, perhaps with the other sign."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_default_net", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: wide and deep (2 points)
#
# A firm has `n_numbers` balance-sheet ratios and belongs to one of `n_sectors` sectors, numbered from
# 0. A sector's number means nothing as a number, so it goes through an `Embedding`: a table with one
# row of `n_traits` learned traits for each sector. The score of a firm is the sum of a linear part,
# as in a logit regression, and a network:
#
# $$
# z = \underbrace{x^\top w}_{\text{wide}} + \underbrace{v^\top\operatorname{relu}\bigl(K^\top[x,\,t_s]+b\bigr)+c}_{\text{deep}} ,
# $$
#
# where $[x, t_s]$ are the ratios **followed by** the traits of the firm's sector.
#
# Write `default_net(n_numbers, n_sectors, n_traits, width)`, a functional model that is called with
# the list `[numbers, sector]`, of shapes `(m, n_numbers)` (floats) and `(m,)` (integers: give
# `keras.Input` the shape `()` and `dtype="int32"`). It returns the logits $z$, shape `(m, 1)`: no
# sigmoid. Give its layers with weights these names:
#
# | name | layer | shapes of its weights |
# | --- | --- | --- |
# | `traits` | `Embedding` | (n_sectors, n_traits) |
# | `hidden` | `Dense`, relu | (n_numbers + n_traits, width), (width,) |
# | `deep` | `Dense`, one unit | (width, 1), (1,) |
# | `wide` | `Dense`, one unit, **no bias** (`deep` has one already) | (n_numbers, 1) |
#
# **By hand.** One ratio, one trait, width 1, all weights 1 and all biases 0, but $t_0=2$ and
# $t_1=-5$. A firm with $x=3$ in sector 0 has $z=3+\operatorname{relu}(3+2)=8$; in sector 1 it has
# $z=3+\operatorname{relu}(3-5)=3$.


# %% nbgrader={"grade": false, "grade_id": "default_net", "locked": false, "schema_version": 3, "solution": true, "task": false}
def default_net(n_numbers, n_sectors, n_traits, width):
    """Return an untrained wide-and-deep model for the logit of a default.

    n_numbers : number of balance-sheet ratios
    n_sectors : number of sectors
    n_traits : number of learned traits of a sector
    width : number of hidden units

    Returns a Keras model that maps [(m, n_numbers), (m,)] to shape (m, 1).
    """
    ### BEGIN SOLUTION
    numbers = keras.Input((n_numbers,))
    sector = keras.Input((), dtype="int32")
    traits = keras.layers.Embedding(n_sectors, n_traits, name="traits")(sector)
    joined = keras.layers.Concatenate()([numbers, traits])
    hidden = keras.layers.Dense(width, activation="relu", name="hidden")(joined)
    deep = keras.layers.Dense(1, name="deep")(hidden)
    wide = keras.layers.Dense(1, use_bias=False, name="wide")(numbers)
    return keras.Model([numbers, sector], keras.layers.Add()([wide, deep]))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_default_net", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
model = default_net(1, 2, 1, 1)
assert isinstance(model, keras.Model), "default_net returns a Keras model."
model.get_layer("traits").set_weights([np.array([[2.0], [-5.0]])])
model.get_layer("hidden").set_weights([np.ones((2, 1)), np.zeros(1)])
model.get_layer("deep").set_weights([np.ones((1, 1)), np.zeros(1)])
model.get_layer("wide").set_weights([np.ones((1, 1))])
found = np.asarray(model([np.array([[3.0], [3.0]]), np.array([0, 1])]))
assert found.shape == (2, 1), f"Two firms have logits of shape (2, 1), not {found.shape}."
assert np.allclose(found, [[8], [3]]), f"The two firms from the text have 8 and 3, not {found}."
### BEGIN HIDDEN TESTS
rng = submission_rng("default_net")
for p, S, k, h in [(3, 5, 2, 6), (1, 4, 3, 2)]:
    model = default_net(p, S, k, h)
    shapes_right = {
        "traits": [(S, k)],
        "hidden": [(p + k, h), (h,)],
        "deep": [(h, 1), (1,)],
        "wide": [(p, 1)],
    }
    drawn = {}
    for name, shapes in shapes_right.items():
        layer = model.get_layer(name)
        assert [w.shape for w in layer.get_weights()] == shapes, (
            f"The weights of the layer '{name}' have other shapes than the table in the text."
        )
        drawn[name] = [rng.normal(0, 1, shape) for shape in shapes]
        layer.set_weights(drawn[name])
    assert model.count_params() == S * k + (p + k + 1) * h + (h + 1) + p, (
        "The model has weights besides those in the table."
    )
    x_hid, s_hid = rng.normal(0, 1.5, (14, p)), rng.integers(0, S, 14)
    s_hid[:S] = np.arange(S)
    found = np.asarray(model([x_hid, s_hid]))
    assert found.shape == (14, 1), "The logits have shape (m, 1)."
    joined = np.column_stack([x_hid, drawn["traits"][0][s_hid]])
    hidden = np.maximum(joined.dot(drawn["hidden"][0]) + drawn["hidden"][1], 0)
    wide_part = x_hid.dot(drawn["wide"][0])
    deep_part = hidden.dot(drawn["deep"][0]) + drawn["deep"][1]
    assert np.allclose(found, wide_part + deep_part, rtol=1e-3, atol=1e-4), (
        "With given weights the model computes other logits: wide part plus deep part, the traits "
        "after the ratios, relu in the hidden layer and no activation at the end."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_compile", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: ratings (2 + 2 points)
#
# A bond has one of $K$ ratings, numbered $0,\dots,K-1$. The model is given: its last layer has $K$
# units and **no** softmax, so it returns logits.
#
# **(a)** Write `compile_ratings(model, learning_rate)`. It compiles the model for training and
# returns it:
#
# - optimiser: Adam with the given learning rate;
# - loss: the cross-entropy $-\ln\operatorname{softmax}(z)_y$ for labels $y$ that are **integers** of
#   shape `(m,)`;
# - one metric, `"accuracy"`: the share of bonds whose largest logit is at the label.
#
# **By hand.** A bond with logits $(0,0,0,0)$ has the loss $\ln4\approx1.3863$ whatever its rating.


# %% nbgrader={"grade": false, "grade_id": "compile", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compile_ratings(model, learning_rate):
    """Compile a model that returns logits for labels that are integers.

    model : a Keras model that maps (m, p) to logits, shape (m, K)
    learning_rate : that of Adam

    Returns the compiled model.
    """
    ### BEGIN SOLUTION
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_compile", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, kernel_initializer="zeros")])
rated = compile_ratings(net, 0.02)
assert isinstance(rated, keras.Model), "compile_ratings returns the compiled model."
assert isinstance(rated.optimizer, keras.optimizers.Adam), "The optimiser is Adam."
rated.run_eagerly = True  # for so few rows a graph is not worth its time
scores = rated.evaluate(np.ones((6, 2)), np.array([0, 1, 2, 3, 0, 0]), verbose=0, return_dict=True)
assert np.isclose(scores["loss"], np.log(4)), "Logits (0, 0, 0, 0) have the loss log 4."
assert "accuracy" in scores, f"Ask for the metric 'accuracy'; yours are {sorted(scores)}."
### BEGIN HIDDEN TESTS
rng = submission_rng("compile")
for K, rate in [(3, 0.004), (5, 0.03)]:
    net = keras.Sequential([keras.Input((K,)), keras.layers.Dense(K, use_bias=False)])
    net.set_weights([np.eye(K)])  # so the inputs are the logits
    rated = compile_ratings(net, rate)
    assert np.isclose(float(rated.optimizer.learning_rate), rate, rtol=1e-5), (
        "The optimiser has another learning rate than the one given."
    )
    # Adam itself, with Keras's own settings: AdamW, amsgrad or a clipped gradient are others.
    config, plain = rated.optimizer.get_config(), keras.optimizers.Adam(rate).get_config()
    assert not isinstance(rated.optimizer, keras.optimizers.AdamW), "The optimiser is AdamW."
    assert set(plain) <= set(config), "The optimiser is not Adam."
    for setting in set(plain) - {"name", "learning_rate"}:
        assert config[setting] == plain[setting], (
            f"The optimiser is Adam with another {setting} than Keras's own: only the learning rate "
            "was to be set."
        )
    rated.run_eagerly = True
    z_hid = rng.normal(0, 2, (30, K))
    y_hid = rng.integers(0, K, 30)
    scores = rated.evaluate(z_hid, y_hid, verbose=0, return_dict=True)
    shifted = z_hid - z_hid.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(30), y_hid]
    assert np.isclose(scores["loss"], losses.mean(), rtol=1e-4), (
        "The loss of random logits is wrong. The model returns logits, not probabilities."
    )
    right = np.mean(z_hid.argmax(axis=1) == y_hid)
    assert np.isclose(scores["accuracy"], right, atol=1e-4), (
        "The accuracy is not the share of bonds whose largest logit is at the label."
    )
    assert set(scores) == {"loss", "accuracy"}, "There are other metrics than the accuracy."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_decide", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** The bank can take one of $A$ actions for each bond, and `cost[a, k]` is what action $a$
# costs if the bond's true rating is $k$. With probabilities $p_k=\operatorname{softmax}(z)_k$ the
# expected cost of action $a$ is $\sum_k$ `cost[a, k]` $p_k$.
#
# Write `least_cost(model, X, cost)`. The model returns logits as in (a). Return the pair
# `(actions, costs)`: for each bond the number of the action with the least expected cost (the first
# of them if several are equal), and that expected cost. Both have shape `(m,)`.
#
# **By hand.** Logits $(\ln3, 0)$ mean the probabilities $(\frac34,\frac14)$. With
# `cost = [[0, 8], [1, 1], [5, 0]]` the three actions cost 2, 1 and 3.75, so the answer is action 1 at
# cost 1, although the first rating is three times as likely as the other.
#
# **Trap.** Logits may be as large as ±500. $e^{500}$ is infinite, and infinity divided by infinity is
# no number. `keras.ops.softmax` knows what to do.


# %% nbgrader={"grade": false, "grade_id": "decide", "locked": false, "schema_version": 3, "solution": true, "task": false}
def least_cost(model, X, cost):
    """Return for each bond the action with the least expected cost, and this cost.

    model : a Keras model that maps (m, p) to logits, shape (m, K)
    X : shape (m, p)
    cost : shape (A, K)

    Returns the pair (actions, costs): integers and floats, each of shape (m,).
    """
    ### BEGIN SOLUTION
    chances = keras.ops.softmax(model(X))
    expected = np.asarray(chances) @ np.transpose(cost)
    return np.argmin(expected, axis=1), np.min(expected, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_decide", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
net.set_weights([np.eye(2)])  # so the inputs are the logits
pair = least_cost(net, np.array([[np.log(3), 0.0]]), np.array([[0, 8], [1, 1], [5, 0]]))
assert isinstance(pair, tuple | list), "Return the pair (actions, costs)."
assert len(pair) == 2, "Return the pair (actions, costs), and nothing else."
assert np.shape(pair[0]) == np.shape(pair[1]) == (1,), "Both results have shape (m,)."
assert np.array_equal(pair[0], [1]), f"The example from the text takes action 1, not {pair[0]}."
assert np.allclose(pair[1], [1.0]), f"The example from the text costs 1, not {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("decide")
for K, A, far in [(3, 5, 1), (4, 2, 1), (3, 3, 400)]:
    net = keras.Sequential([keras.Input((K,)), keras.layers.Dense(K, use_bias=False)])
    net.set_weights([np.eye(K)])
    z_hid = far * rng.uniform(-1.5, 1.5, (25, K))
    cost_hid = rng.uniform(0, 10, (A, K))
    kept = z_hid.copy(), cost_hid.copy()
    pair = least_cost(net, z_hid, cost_hid)
    actions, costs = np.asarray(pair[0]), np.asarray(pair[1], dtype=float)
    assert all(map(np.array_equal, kept, (z_hid, cost_hid))), (
        "Your function changed an array that it was given."
    )
    assert actions.shape == costs.shape == (25,), f"With {A} actions, both have shape (m,)."
    grown = np.exp(z_hid - z_hid.max(axis=1, keepdims=True))
    expected = np.einsum("ik,ak->ia", grown / grown.sum(axis=1, keepdims=True), cost_hid)
    where = "with logits of several hundred" if far > 1 else f"with {K} ratings and {A} actions"
    assert np.all(np.isfinite(costs)), f"A cost is not finite {where}."
    assert np.allclose(costs, expected.min(axis=1), rtol=1e-4, atol=1e-4), (
        f"The least expected cost is wrong {where}."
    )
    chosen = expected[np.arange(25), np.asarray(actions, dtype=int)]
    assert np.allclose(chosen, expected.min(axis=1), rtol=1e-4, atol=1e-4), (
        f"The costs are right {where}, but the actions are not those that have them."
    )
tie = least_cost(net, np.zeros((2, 3)), np.array([[4, 4, 4], [2, 2, 2], [2, 2, 2]]))
assert np.array_equal(tie[0], [1, 1]), "Of several actions that cost the same, take the first."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_ces", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: a production function as a layer (3 points)
#
# What can a firm produce from its inputs $x_1,\dots,x_n>0$ (capital, labour, energy, …)? With a
# *constant elasticity of substitution*
#
# $$
# y_u=e^{a_u}\Bigl(\sum_{j=1}^n s_{ju}\,x_j^{\rho}\Bigr)^{1/\rho},\qquad
# s_{ju}=\frac{e^{\theta_{ju}}}{\sum_i e^{\theta_{iu}}},\qquad u=1,\dots,U.
# $$
#
# The shares $s_{ju}$ of each product $u$ are a softmax over the **inputs** $j$, so they are positive
# and add up to one whatever $\theta$ is. As $\rho\to0$ this becomes the Cobb–Douglas function
# $y_u=e^{a_u}\prod_jx_j^{s_{ju}}$, and for `rho = 0` your layer computes that.
#
# Write the class `CES`, a `keras.layers.Layer`, so that `CES(units, rho)` has $U=$ `units` products.
#
# - Its trainable weights are, created in this order, $\theta$ with shape `(n, units)` and $a$ with
#   shape `(units,)`; all start at zero. Create them in `build`, since `n` is known only there: it is
#   `input_shape[-1]`.
# - It maps shape `(m, n)` to `(m, units)`.
# - It accepts Keras's own options, such as `name` or `dtype="float64"`: take `**kwargs` and hand them
#   to `super().__init__(**kwargs)`.
# - `get_config` returns what `super().get_config()` returns, with `"units"` and `"rho"` added; then
#   `CES.from_config(layer.get_config())` makes the same layer with fresh weights.
# - Use `keras.ops` (or TensorFlow), not NumPy: layers are differentiated.
#
# **By hand.** Two inputs, $\theta=0$ (each share ½), $a=0$. At $x=(1,9)$: with $\rho=1$ the mean, 5;
# with $\rho=\frac12$ it is $(\frac12+\frac32)^2=4$; with $\rho=-1$ it is $1/(\frac12+\frac1{18})=1.8$;
# with $\rho=0$ it is $\sqrt9=3$.


# %% nbgrader={"grade": false, "grade_id": "ces", "locked": false, "schema_version": 3, "solution": true, "task": false}
class CES(keras.layers.Layer):
    """A CES production function with `units` products and the exponent `rho`."""

    ### BEGIN SOLUTION
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rho = rho

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.theta = self.add_weight(shape=shape, initializer="zeros", name="theta")
        self.a = self.add_weight(shape=(self.units,), initializer="zeros", name="a")

    def call(self, x):
        shares = keras.ops.softmax(self.theta, axis=0)
        if self.rho == 0:
            return keras.ops.exp(self.a + keras.ops.log(x) @ shares)
        return keras.ops.exp(self.a) * (x**self.rho @ shares) ** (1 / self.rho)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rho": self.rho}

    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_ces", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
x_two = np.array([[1.0, 9.0]])
for rho, wanted in [(1.0, 5.0), (0.5, 4.0), (-1.0, 1.8), (0.0, 3.0)]:
    found = np.asarray(CES(1, rho)(x_two))
    assert found.shape == (1, 1), f"One firm, one product: shape (1, 1), not {found.shape}."
    assert np.allclose(found, wanted, rtol=1e-5), (
        f"With ρ = {rho} the example from the text gives {wanted}, not {found}."
    )
assert isinstance(CES(1, 0.5), keras.layers.Layer), "CES is a keras.layers.Layer."
### BEGIN HIDDEN TESTS
rng = submission_rng("ces")
for n, units, rho in [(3, 2, 0.7), (4, 3, -0.8), (2, 4, 0), (5, 1, 2)]:
    layer = CES(units, rho, name="output", dtype="float64")
    assert len(layer.get_weights()) == 0, "Before its first call the layer has no weights yet."
    x_hid = rng.uniform(0.3, 3, (6, n))
    kept = x_hid.copy()
    first = np.asarray(layer(x_hid))
    assert np.array_equal(kept, x_hid), "The layer changed the array that it was given."
    assert first.shape == (6, units), (
        f"With {n} inputs and {units} product(s) the layer gives another shape than (m, units)."
    )
    weights = layer.get_weights()
    assert [w.shape for w in weights] == [(n, units), (units,)], (
        "The weights have other shapes than θ and a, or another order."
    )
    assert all(np.all(w == 0) for w in weights), "All weights start at zero."
    assert len(layer.trainable_variables) == 2, "Both θ and a are trainable."
    theta, a = rng.normal(0, 1, (n, units)), rng.normal(0, 0.5, units)
    layer.set_weights([theta, a])
    shares = np.exp(theta) / np.exp(theta).sum(axis=0)
    if rho == 0:
        inner = np.prod(x_hid[:, :, None] ** shares, axis=1)
    else:
        inner = np.einsum("ij,ju->iu", x_hid**rho, shares) ** (1 / rho)
    found = np.asarray(layer(x_hid))
    assert np.allclose(found, np.exp(a) * inner, rtol=1e-4), (
        f"With given weights the layer is wrong for ρ = {rho}. The softmax goes over the inputs, "
        "for each product by itself."
    )
    assert np.allclose(found, np.exp(a) * inner, rtol=1e-9), (
        "With dtype='float64' the result should have 10 correct digits or more. Does **kwargs "
        "reach super().__init__?"
    )
    config = layer.get_config()
    assert (config["units"], config["rho"]) == (units, rho), (
        "get_config does not hold the units and the rho that the layer was made with."
    )
    assert config["name"] == "output", "get_config lacks what super().get_config() returns."
    again = CES.from_config(config)
    assert again.name == "output", "The layer that from_config makes has lost its name."
    assert np.allclose(again(x_hid), first, rtol=1e-9), (
        "The layer that from_config makes computes something else than the first one did before "
        "its weights were set."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_linex", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: a loss that is not symmetric (2 points)
#
# Who puts aside too little for credit losses goes bankrupt; who puts aside too much earns a little
# less. Varian's LINEX loss of an error $e=\hat y-y$ is
#
# $$
# \ell(e)=e^{ae}-ae-1 .
# $$
#
# With $a<0$ it grows exponentially if the prediction is too low and about linearly if it is too
# high; with $a>0$ the other way round.
#
# Write the class `Linex`, a `keras.losses.Loss`, so that `Linex(a)` has the parameter $a$.
#
# - Its `call(y_true, y_pred)` gets tensors and returns **one number per row**: the mean of $\ell$ over
#   the columns. Averaging, summing and weighting the rows is Keras's business: `Linex(a)` called as a
#   whole does it, according to its `reduction`.
# - `y_pred` has shape `(m, k)`. `y_true` has the same shape or, if $k=1$, perhaps `(m,)`. Then
#   `y_pred - y_true` would be an `(m, m)` table. Give `y_true` the shape of `y_pred` first
#   (`keras.ops.reshape`, `keras.ops.shape`).
# - Take `**kwargs` and hand them to `super().__init__(**kwargs)`: there are `name`, `reduction` and
#   `dtype`.
# - `get_config` returns what `super().get_config()` returns, with `"a"` added.
#
# **By hand.** $a=1$, two rows with one column, $y=(0,0)$, $\hat y=(1,-1)$: the losses are
# $e-2\approx0.7183$ and $1/e\approx0.3679$, their mean is $0.5431$.


# %% nbgrader={"grade": false, "grade_id": "linex", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Linex(keras.losses.Loss):
    """Varian's loss exp(a e) - a e - 1 of the error e = y_pred - y_true."""

    ### BEGIN SOLUTION
    def __init__(self, a, **kwargs):
        super().__init__(**kwargs)
        self.a = a

    def call(self, y_true, y_pred):
        y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
        scaled = self.a * (y_pred - y_true)
        return keras.ops.mean(keras.ops.exp(scaled) - scaled - 1, axis=1)

    def get_config(self):
        return {**super().get_config(), "a": self.a}

    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_linex", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = np.asarray(Linex(1.0)(np.zeros((2, 1)), np.array([[1.0], [-1.0]])))
assert found.shape == (), "Called as a whole, Linex(a) gives one number."
assert np.isclose(found, (np.e - 2 + 1 / np.e) / 2), f"The example gives 0.5431, not {found:.4f}."
assert isinstance(Linex(1.0), keras.losses.Loss), "Linex is a keras.losses.Loss."
### BEGIN HIDDEN TESTS
rng = submission_rng("linex")
for m, k, a in [(7, 1, 0.6), (5, 3, -1.3), (8, 2, 2)]:
    y_hid, p_hid = rng.normal(0, 1, (m, k)), rng.normal(0, 1, (m, k))
    kept = y_hid.copy(), p_hid.copy()
    e = p_hid - y_hid
    rows = np.array([np.sum(np.exp(a * row) - a * row - 1) / k for row in e])
    options = {"reduction": "none", "dtype": "float64", "name": "provision"}
    loss = Linex(a, **options)
    found = np.asarray(loss(y_hid, p_hid))
    assert found.shape == (m,), (
        "With reduction='none' there is one number per row. Do **kwargs reach super().__init__, "
        "and does call take the mean over the columns only?"
    )
    assert np.allclose(found, rows, rtol=1e-4), (
        "The losses of the rows are wrong. Check the sign of the error and of a."
    )
    assert np.allclose(found, rows, rtol=1e-9), "With dtype='float64' there are more digits."
    assert np.isclose(Linex(a)(y_hid, p_hid), np.mean(rows), rtol=1e-4, atol=1e-5), (
        "The mean over the rows is wrong, although the rows are right."
    )
    v_hid = rng.uniform(0.5, 2, m)
    found = Linex(a, reduction="sum")(y_hid, p_hid, sample_weight=v_hid)
    assert np.isclose(found, rows.dot(v_hid), rtol=1e-4), (
        "With reduction='sum' and sample weights the loss is wrong. Leave both to Keras."
    )
    assert all(map(np.array_equal, kept, (y_hid, p_hid))), "The loss changed its inputs."
    config = loss.get_config()
    assert config["a"] == a, "get_config does not hold the a that the loss was made with."
    assert (config["name"], config["reduction"]) == ("provision", "none"), (
        "get_config lacks what super().get_config() returns."
    )
    again = np.asarray(Linex.from_config(config)(y_hid, p_hid))
    assert np.allclose(again, rows, rtol=1e-3, atol=1e-5), "from_config makes another loss."
    column = p_hid[:, :1]
    flat = np.asarray(loss(y_hid[:, 0], column))
    assert flat.shape == (m,), "With y_true of shape (m,) and y_pred of shape (m, 1): m numbers."
    assert np.allclose(flat, np.exp(a * e[:, 0]) - a * e[:, 0] - 1, rtol=1e-9), (
        "With y_true of shape (m,) and y_pred of shape (m, 1) the losses are wrong."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_callback", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: a callback (3 points)
#
# Write the class `PlateauStop`, a `keras.callbacks.Callback`. `PlateauStop(patience, factor,
# min_rate)` watches `logs["val_loss"]` at the end of each epoch:
#
# 1. If it is **smaller** than all before in this training, remember the model's weights
#    (`self.model.get_weights()`).
# 2. Otherwise count the epoch. When `patience` such epochs have come **in a row**, start counting
#    anew from zero and look at the learning rate times `factor`:
#    - if that is **smaller** than `min_rate`, stop training (`self.model.stop_training = True`) and
#      give the model the remembered weights back (`self.model.set_weights`). The learning rate stays.
#    - else it is the new learning rate (`self.model.optimizer.learning_rate = …`).
#
# It keeps two attributes: `best`, the smallest validation loss so far in this training, a number
# (infinite before the first epoch); and `rates`, a list with the learning rate **used in** each epoch
# of this training, as plain numbers (`float(self.model.optimizer.learning_rate)`). When a training
# begins, both start afresh, and so does the count: a callback may be used twice.
#
# If training ends for another reason, the weights are left alone. Some validation loss is smaller than
# infinity before training stops, so there are weights to give back. Keras keeps the rate in float32;
# the checks are such that its rounding decides nothing.
#
# **By hand.** `PlateauStop(2, 0.5, 0.2)`, learning rate 0.5, validation losses 3, 2, 2, 4, 1, 5, 5:
# epochs 3 and 4 do not improve, so after epoch 4 the rate is 0.25. Epoch 5 improves. Epochs 6 and 7 do
# not, and 0.125 is below 0.2: training stops after epoch 7 with the weights of epoch 5. `best` is 1
# and `rates` is 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25.


# %% nbgrader={"grade": false, "grade_id": "callback", "locked": false, "schema_version": 3, "solution": true, "task": false}
class PlateauStop(keras.callbacks.Callback):
    """Multiply the learning rate by `factor` on a plateau; stop when it would be too small.

    patience : epochs in a row without improvement that make a plateau, an integer >= 1
    factor : a number between 0 and 1
    min_rate : the learning rate is not multiplied if it would then be below this
    """

    ### BEGIN SOLUTION
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.patience, self.factor, self.min_rate = patience, factor, min_rate

    def on_train_begin(self, logs=None):
        self.best, self.waited, self.rates = float("inf"), 0, []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self.rates.append(rate)
        if logs["val_loss"] < self.best:
            self.best, self.waited = logs["val_loss"], 0
            self.best_weights = self.model.get_weights()
            return
        self.waited += 1
        if self.waited == self.patience:
            self.waited = 0
            if rate * self.factor < self.min_rate:
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)
            else:
                self.model.optimizer.learning_rate = rate * self.factor

    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_callback", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
def drive(callback, losses):
    """Call the callback as fit does; before the end of epoch t the model's weight is t."""
    callback.on_train_begin()
    for t, loss in enumerate(losses):
        callback.on_epoch_begin(t)
        callback.model.set_weights([np.array([[float(t)]])])
        callback.on_epoch_end(t, {"loss": 7.0, "val_loss": loss})
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return t + 1, float(np.asarray(callback.model.get_weights()[0])[0, 0])


def attached(patience, factor, min_rate, rate):
    """Return the student's callback with a model that learns at the given rate."""
    net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    net.compile(keras.optimizers.SGD(rate), "mse")
    net.stop_training = False
    callback = PlateauStop(patience, factor, min_rate)
    callback.set_model(net)
    return callback


callback = attached(2, 0.5, 0.2, 0.5)
epochs, weight = drive(callback, [3.0, 2.0, 2.0, 4.0, 1.0, 5.0, 5.0, 0.0])
assert epochs == 7, f"The example from the text stops after epoch 7, not after {epochs}."
assert weight == 4, "At the end the model should have the weights of the best epoch."
assert np.isclose(callback.best, 1.0), f"The best loss of the example is 1, not {callback.best}."
rates = list(callback.rates)
assert np.allclose(rates, [0.5] * 4 + [0.25] * 3), f"The rates of the example are not {rates}."
### BEGIN HIDDEN TESTS
rng = submission_rng("callback")


def simulate(patience, factor, min_rate, rate, losses):
    best, count, rates, kept = np.inf, 0, [], None
    for t, loss in enumerate(losses):
        rates.append(rate)
        count = 0 if loss < best else count + 1
        if loss < best:
            best, kept = loss, t
        if count and count % patience == 0:
            if rate * factor < min_rate:
                return t + 1, kept, best, rates
            rate *= factor
    return len(losses), len(losses) - 1, best, rates


for patience, factor, halvings in [(1, 0.5, 2), (3, 0.25, 1), (2, 0.75, 3)]:
    callback = attached(patience, factor, 0.9 * 0.5 * factor**halvings, 0.5)
    for training in range(2):
        falling = np.sort(rng.uniform(1, 2, 30))[::-1].copy()
        worse = rng.permutation(30)[:20]
        falling[worse] += 3
        falling[0] = 5.5
        if training:  # a second training with the same callback, and a worse level
            falling += 10
            callback.model.stop_training = False
            callback.model.optimizer.learning_rate = 0.5
        right = simulate(patience, factor, 0.9 * 0.5 * factor**halvings, 0.5, falling.tolist())
        epochs, weight = drive(callback, falling.tolist())
        again = " in a second training with the same callback" if training else ""
        assert epochs == right[0], (
            f"With patience {patience}, training stops at the wrong epoch{again}. Count epochs in a "
            "row only: an improvement resets the count."
        )
        assert np.allclose(list(callback.rates), right[3], rtol=1e-5), (
            f"With patience {patience}, the learning rates are wrong{again}."
        )
        assert np.isclose(callback.best, right[2]), f"The best validation loss is wrong{again}."
        assert weight == right[1], f"The weights at the end are those of another epoch{again}."
        rate = float(callback.model.optimizer.learning_rate)
        assert np.isclose(rate, right[3][-1], rtol=1e-5), (
            f"When training stops, the learning rate stays as it was{again}."
        )

# A rate that reaches min_rate exactly is still used; an equal loss is no improvement.
callback = attached(2, 0.5, 0.125, 0.5)
epochs, weight = drive(callback, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
assert np.allclose(list(callback.rates), [0.5] * 3 + [0.25] * 2 + [0.125] * 2), (
    "With the same loss in all epochs the rates are wrong. A learning rate equal to min_rate is "
    "not below it, and an equal loss is no improvement."
)
assert (epochs, weight) == (7, 0), "With equal losses, the first epoch is the best."
# Training that ends by itself keeps its last weights.
callback = attached(3, 0.5, 0.01, 0.5)
epochs, weight = drive(callback, [2.0, 1.0, 3.0, 3.0])
assert (epochs, weight) == (4, 3), "Training that ends by itself keeps the weights it has."
callback.on_train_begin()
assert (callback.best, list(callback.rates)) == (np.inf, []), (
    "When a training begins, best is infinite and rates is empty."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_graph", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: the whole training in one graph (3 points)
#
# `fit` returns to Python after every batch. Write the loop so that TensorFlow runs it alone:
# `train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs)` trains the model in place
# with the optimiser `keras.optimizers.SGD(learning_rate, momentum=0.5)`, and returns the loss of each
# epoch, a NumPy array of shape `(epochs,)`.
#
# Large loans matter more: row $i$ counts with its weight $v_i$ (`X`, `y`, `v` have the shapes
# `(m, p)`, `(m, 1)`, `(m,)`). The result is to be that of
#
# ```python
# model.fit(X, y, sample_weight=v, batch_size=batch_size, epochs=epochs, shuffle=False)
# ```
#
# after `model.compile(optimizer, loss)` with this optimiser: the same weights, and the same losses as `history["loss"]`.
# In detail:
#
# - Every epoch takes the rows in their order, `batch_size` at a time; the last batch holds what is
#   left.
# - The loss of a batch is `loss(y_batch, model(X_batch, training=True), sample_weight=v_batch)` plus
#   the penalties of the layers, `sum(model.losses)`. (A layer with an L2 penalty has one.)
# - Its gradient with respect to `model.trainable_variables` goes to `optimizer.apply(gradients,
#   model.trainable_variables)`. The optimiser creates its own variables at first use, which a graph
#   may not: call `optimizer.build(model.trainable_variables)` before.
# - The loss of an epoch is the mean of its batches' losses, **weighted by their numbers of rows**.
#
# `fit`, `train_on_batch` and the like are no answer. Put the loops over epochs and batches inside a function with `@tf.function`, over `tf.range`; Python
# then runs the model's code a few times to draw the graph, however many updates there are. The test
# counts: at most 12 times for 60 updates. Convert the data with `tf.constant(X, tf.float32)` first.
# To collect results inside a graph use a `tf.TensorArray`: `history = history.write(place, value)`,
# and at the end `history.stack()`. A running sum must be a tensor from the start: `tf.constant(0.0)`.
#
# **By hand.** One weight $w$ without bias, $x=1$ in both rows, $y=(2,4)$, $v=(1,3)$, squared loss,
# learning rate ¼, start $w=0$. With `batch_size=2`, Keras's loss is
# $\frac12(1\cdot2^2+3\cdot4^2)=26$ (it divides by the number of rows, not by the sum of the weights), the
# slope is $-(1\cdot2+3\cdot4)=-14$, so one epoch ends at $w=3.5$ and returns $[26]$. With
# `batch_size=1`: loss 4 and slope $-4$ lead to $w=1$. Then the loss is $3\cdot3^2=27$ and the slope
# $-18$; half of the last step, ½, comes on top of $\frac14\cdot18$, so $w=1+0.5+4.5=6$. The epoch's
# loss is $\frac12(4+27)=15.5$.


# %% nbgrader={"grade": false, "grade_id": "counter", "locked": true, "schema_version": 3, "solution": false, "task": false}
@tf.autograph.experimental.do_not_convert
def inside_fit():
    """Tell whether Keras's own training loop is among the callers."""
    frame = sys._getframe()
    while frame:
        if Path(frame.f_code.co_filename).name == "trainer.py":
            return True
        frame = frame.f_back
    return False


@keras.saving.register_keras_serializable("day2_keras")
class CallCounter(keras.layers.Layer):
    """Gives its input back. Its one weight tells how often Python has run this layer.

    It refuses to run inside Keras's own loops, for here you write the loop.
    """

    def build(self, input_shape):
        self.runs = self.add_weight(shape=(), initializer="zeros", trainable=False, name="runs")
        self.python_runs = 0

    def call(self, x):
        if inside_fit():
            raise RuntimeError("train_in_graph calls fit: write the loops yourself.")
        self.python_runs += 1  # Python: happens once per trace, or once per eager call
        self.runs.assign(float(self.python_runs))  # TensorFlow: writes down what it was then
        return x


def counted_line():
    """A line through the origin, with a counter behind it."""
    inputs = keras.Input((1,))
    line = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    return keras.Model(inputs, CallCounter()(line(inputs)))


# %% nbgrader={"grade": false, "grade_id": "graph", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    """Train as fit does without shuffling, in one graph; return the loss of each epoch.

    model : a Keras model that has its weights; changed
    loss : a Keras loss
    learning_rate : that of gradient descent with momentum 0.5
    X, y, v : shapes (m, p), (m, 1) and (m,): features, targets and weights of the rows
    batch_size, epochs : integers >= 1

    Returns an array of floats, shape (epochs,).
    """
    ### BEGIN SOLUTION
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    @tf.function
    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in tf.range(epochs):
            total = tf.constant(0.0)
            for first in tf.range(0, m, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows], training=True), sample_weight=v[rows])
                    value += sum(model.losses)
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value * tf.cast(tf.shape(v[rows])[0], tf.float32)
            history = history.write(epoch, total / m)
        return history.stack()

    return run().numpy()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_graph", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
x_two, y_two, v_two = np.ones((2, 1)), np.array([[2.0], [4.0]]), np.array([1.0, 3.0])
for size, loss_right, w_right in [(2, 26.0, 3.5), (1, 15.5, 6.0)]:
    net = counted_line()
    mse = keras.losses.MeanSquaredError()
    found = np.asarray(train_in_graph(net, mse, 0.25, x_two, y_two, v_two, size, 1))
    assert found.shape == (1,), f"One epoch has losses of shape (1,), not {found.shape}."
    assert np.allclose(found, loss_right, rtol=1e-4), (
        f"With batch_size {size}, the epoch from the text has loss {loss_right}, not {found[0]:.4f}."
    )
    w = net.get_weights()[0][0, 0]
    assert np.isclose(w, w_right, rtol=1e-4), (
        f"With batch_size {size}, the epoch from the text ends at w = {w_right}, not {w:.4f}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("graph")
net = counted_line()
x_hid, y_hid, v_hid = rng.uniform(0.5, 1, (9, 1)), rng.normal(2, 1, (9, 1)), rng.uniform(0.5, 2, 9)
found = train_in_graph(net, keras.losses.MeanSquaredError(), 0.02, x_hid, y_hid, v_hid, 2, 12)
found = np.asarray(found, dtype=float)
assert found.shape == (12,), "The result has one number per epoch."
w, velocity, right = 0.0, 0.0, []
for _ in range(12):
    total = 0.0
    for k in range(0, 9, 2):
        x, y, v = x_hid[k : k + 2, 0], y_hid[k : k + 2, 0], v_hid[k : k + 2]
        total += np.sum(v * (w * x - y) ** 2)
        velocity = 0.5 * velocity - 0.02 * 2 * np.mean(v * (w * x - y) * x)
        w += velocity
    right.append(total / 9)
assert np.allclose(found, right, rtol=1e-4), (
    "On a line with 9 rows in batches of 2, the losses of the epochs are wrong. The last batch of "
    "an epoch has one row and counts as one."
)
weights = net.get_weights()
assert np.isclose(weights[0][0, 0], w, rtol=1e-4), (
    "On a line with 9 rows in batches of 2, training ends at another weight than fit."
)
assert weights[1] <= 12, (
    "Python ran the model's code again and again: the updates are not inside one graph."
)

# A net with all that fit takes care of: a penalty, batch normalisation, a ragged last batch.
inputs = keras.Input((3,))
dense = keras.layers.Dense(5, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.05))
normed = keras.layers.BatchNormalization(momentum=0.8)(dense(inputs))
output = keras.layers.Dense(1)(keras.layers.Activation("tanh")(normed))
net = keras.Model(inputs, output)
twin = keras.models.clone_model(net)
start = [rng.normal(0, 0.5, w.shape) if w.ndim > 1 else w for w in net.get_weights()]
net.set_weights(start)
twin.set_weights(start)
X_hid = rng.normal(0, 1, (22, 3))
y_hid = (rng.uniform(size=(22, 1)) < 0.5).astype(int)
v_hid = rng.uniform(0.2, 3, 22)
kept = X_hid.copy(), y_hid.copy(), v_hid.copy()
bce = keras.losses.BinaryCrossentropy(from_logits=True)
twin.compile(keras.optimizers.SGD(0.1, momentum=0.5), bce, run_eagerly=True)
right = twin.fit(
    X_hid, y_hid, sample_weight=v_hid, batch_size=8, epochs=4, shuffle=False, verbose=0
)
found = train_in_graph(net, bce, 0.1, X_hid, y_hid, v_hid, 8, 4)
assert all(map(np.array_equal, kept, (X_hid, y_hid, v_hid))), (
    "Your function changed an array that it was given."
)
assert np.allclose(found, right.history["loss"], rtol=1e-4), (
    "On a network with an L2 penalty and batch normalisation, the losses differ from those of fit."
)
for ours, theirs in zip(net.get_weights(), twin.get_weights(), strict=True):
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-4), (
        "On a network with an L2 penalty and batch normalisation, some weights end elsewhere than "
        "with fit."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_bundle", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: hand it over (1 point)
#
# The server that scores customers knows nothing of your notebook. A model trained on standardised
# features is worthless there without the means and standard deviations. So both go into one folder.
#
# Write `save_bundle(folder, model, mean, std)` and `load_bundle(folder)`:
#
# - `save_bundle` writes the model, in Keras's format, to `model.keras` in the folder, and the scaling
#   to a second file beside it, whose name and format you choose. It creates the folder (and those
#   above it) if there is none, and overwrites these two files if there are any. It returns nothing.
# - `load_bundle` reads the two files and returns a **function** `predict` that takes *raw* features
#   `X`, shape `(m, p)`, and returns what the model gives for $(X-\text{mean})/\text{std}$, as a NumPy
#   array of shape `(m, k)`. `mean` and `std` have shape `(p,)`.
#
# Nothing may be kept in memory between the two, for the server is another computer: whatever
# `load_bundle` needs is in these two files. And a bundle that is saved in one folder must not be
# disturbed by another.


# %% nbgrader={"grade": false, "grade_id": "bundle", "locked": false, "schema_version": 3, "solution": true, "task": false}
def save_bundle(folder, model, mean, std):
    """Write a model and the scaling of its features into a folder.

    folder : path of the folder, made if it does not exist
    model : a Keras model that maps standardised features, shape (m, p), to shape (m, k)
    mean, std : shape (p,)
    """
    ### BEGIN SOLUTION
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    np.savez(folder / "scaling.npz", mean=mean, std=std)
    ### END SOLUTION


def load_bundle(folder):
    """Return the function that maps raw features, shape (m, p), to predictions, shape (m, k)."""
    ### BEGIN SOLUTION
    model = keras.models.load_model(Path(folder) / "model.keras")
    scaling = np.load(Path(folder) / "scaling.npz")
    mean, std = scaling["mean"], scaling["std"]
    return lambda X: np.asarray(model((X - mean) / std))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_bundle", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import tempfile

place = Path(tempfile.mkdtemp())
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
net.set_weights([np.array([[1.0], [10.0]])])
try:
    save_bundle(place / "new" / "line", net, np.array([5.0, 1.0]), np.array([2.0, 4.0]))
except OSError:
    raise AssertionError(
        "save_bundle cannot write. It makes the folder, and those above it, if there are none."
    ) from None
assert (place / "new" / "line" / "model.keras").exists(), (
    "save_bundle writes model.keras in the folder."
)
predict = load_bundle(place / "new" / "line")
found = np.asarray(predict(np.array([[7.0, 3.0], [5.0, 1.0]])))
assert found.shape == (2, 1), f"Two rows and one output: shape (2, 1), not {found.shape}."
assert np.allclose(found, [[6.0], [0.0]], atol=1e-5), (
    f"The features (7, 3) are standardised (1, 0.5), so the line gives 6; yours gives {found}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("bundle")
# What nobody can compress needs room: 600 random numbers take 7 bytes each, as floats or as text.
import zlib

net = keras.Sequential([keras.Input((300,)), keras.layers.Dense(1)])
contents = []
for spot in ("large", "other"):
    save_bundle(str(place / spot), net, rng.normal(size=300), rng.uniform(0.5, 3, 300))
    files = sorted(file for file in (place / spot).iterdir() if file.name != "model.keras")
    assert len(files) == 1, (
        f"save_bundle writes model.keras and one other file; beside it there are {len(files)}."
    )
    contents.append(files[0].read_bytes())
assert len(zlib.compress(contents[0])) > 600 * 4, (
    "The file beside model.keras is too small to hold the means and the standard deviations: on "
    "another computer, where nothing of your notebook is in memory, load_bundle could not find them."
)
assert contents[0] != contents[1], "Bundles with different scalings have the same file of scaling."
kept = {}
for name, p, k in [("a/deep/folder", 3, 2), ("b", 2, 1), ("c", 3, 2), ("b", 4, 3)]:
    net = keras.Sequential(
        [keras.Input((p,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(k)]
    )
    net.set_weights([rng.normal(0, 1, w.shape) for w in net.get_weights()])
    mean_hid, std_hid = rng.normal(3, 2, p), rng.uniform(0.5, 3, p)
    scaling = mean_hid.copy(), std_hid.copy()
    save_bundle(str(place / name), net, mean_hid, std_hid)
    assert all(map(np.array_equal, scaling, (mean_hid, std_hid))), (
        "save_bundle changed an array that it was given."
    )
    X_hid = rng.normal(3, 2, (6, p))
    right = np.asarray(net((X_hid - mean_hid) / std_hid))
    kept[name] = X_hid, right
for name, (X_hid, right) in kept.items():
    before = X_hid.copy()
    found = np.asarray(load_bundle(str(place / name))(X_hid))
    assert np.array_equal(before, X_hid), "predict changed the array that it was given."
    assert found.shape == right.shape, "predict returns shape (m, k), as the model does."
    assert np.allclose(found, right, rtol=1e-4, atol=1e-5), (
        "A loaded bundle predicts something else than the model did on standardised features. "
        "Several bundles were saved before, one of them over an older one."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below trains your wage network in your graph on made-up data and compares the time with
# `fit`. Change what you like. Worth a look: how the ratio changes with the width of the network.

# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
import time

draws = np.random.default_rng(1)
workers = draws.normal(size=(400, 2)).astype("float32")
log_wages = (2.5 + np.tanh(workers).sum(axis=1, keepdims=True)).astype("float32")
ones = np.ones(400, "float32")
mse = keras.losses.MeanSquaredError()

mine = wage_net(2, [16], 2.5)
begin = time.perf_counter()
losses = train_in_graph(mine, mse, 0.02, workers, log_wages, ones, 50, 10)
graph_seconds = time.perf_counter() - begin

kerass = wage_net(2, [16], 2.5)
kerass.compile(keras.optimizers.SGD(0.02, momentum=0.5), mse, jit_compile=False)
begin = time.perf_counter()
kerass.fit(workers, log_wages, batch_size=50, epochs=10, shuffle=False, verbose=0)
fit_seconds = time.perf_counter() - begin
print(
    f"10 epochs: {graph_seconds:.2f} s in the graph, {fit_seconds:.2f} s by fit (both with tracing)"
)

plt.semilogy(np.arange(1, 11), losses)
plt.xlabel("epoch")
plt.ylabel("mean squared error (squared log points)")
plt.show()
