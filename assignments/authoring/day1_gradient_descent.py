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
# # Day 1: gradient descent, from a house price to a default
#
# A mortgage bank asks two things about every loan: *what is the house worth*, and *will the
# borrower pay*? You answer both with the same handful of tools, and you write each tool yourself:
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | the loss of a house price model | 2 |
# | 2 | its gradient | 2 |
# | 3 | gradient descent | 3 |
# | 4 | scaling the data; the largest step that is still stable | 1 + 2 |
# | 5 | a line search that finds its own step | 3 |
# | 6 | mini-batches; stochastic gradient descent with averaging | 2 + 2 |
# | 7 | the default model: gradient by hand, then by TensorFlow | 1 + 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - The parameters are one vector $\theta=(\theta_0,\theta_1,\dots,\theta_p)$ of shape `(p + 1,)`.
#   The intercept $\theta_0$ comes **first**.
# - `X` has shape `(m, p)`, one row per house or loan, and **no** column of ones. `y` has shape
#   `(m,)`.
# - Numbers may arrive as integers (`np.array([0, 0])`). The answer must be the same as for `0.0`.
# - Never change an array that you were given: whoever called you still needs it. `theta -= step`
#   changes it, `theta = theta - step` does not.
# - Loops or matrix products: both are fine.
# - The library's `course.gradient_descent` has other conventions (no ½, no penalty, a column of
#   ones). Read it for ideas; its functions do not answer these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages from TensorFlow

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from course.exercise import submission_rng

tf.constant(0.0) + 1.0  # wake TensorFlow here, so that what it reports lands in no test cell
tf.get_logger().setLevel("ERROR")

# %% nbgrader={"grade": false, "grade_id": "data", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Made-up data, for you to try your functions on.
draws = np.random.default_rng(1)

house_features = np.column_stack(
    [
        draws.uniform(40, 220, 80),  # living area, square metres
        draws.uniform(0, 100, 80),  # age, years
        draws.uniform(5, 60, 80),  # way to the centre, minutes
    ]
)
house_prices = (  # 100,000 francs
    2 + house_features @ np.array([0.05, -0.01, -0.03]) + draws.normal(0, 0.5, 80)
)

loan_features = np.column_stack(
    [
        draws.uniform(0.3, 1.0, 300),  # loan to value
        draws.uniform(0.1, 0.6, 300),  # interest and repayment, share of income
    ]
)
loan_amounts = draws.uniform(1, 12, 300)  # 100,000 francs
default_scores = -6 + loan_features @ np.array([3.0, 6.0])
loan_defaults = (draws.uniform(size=300) < 1 / (1 + np.exp(-default_scores))).astype(int)

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_loss", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: the loss (2 points)
#
# A *hedonic* model prices a house by its features $x_i$. We fit it by least squares with a ridge
# penalty, which keeps the slopes small when features resemble each other:
#
# $$
# J(\theta)=\frac1{2m}\sum_{i=1}^{m}\Bigl(\theta_0+\sum_{j=1}^{p}\theta_jx_{ij}-y_i\Bigr)^2
# +\frac\lambda2\sum_{j=1}^{p}\theta_j^2 .
# $$
#
# The intercept is **not** penalised: it carries the price level, and we have no reason to believe
# that houses are cheap.
#
# Write `ridge_loss(theta, X, y, lam)`. It returns one number.
#
# **By hand.** Two houses with $x=1,3$ and $y=2,4$; $\theta=(1,2)$, $\lambda=0.5$. The model says
# 3 and 7, the errors are 1 and 3, so $J=\frac{1+9}{2\cdot2}+\frac{0.5}{2}\cdot2^2=2.5+1=3.5$.
#
# **Watch the shapes.** Subtracting a vector of shape `(m,)` from a column of shape `(m, 1)` gives an
# `(m, m)` table, and no error.


# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ridge_loss(theta, X, y, lam):
    """Return the ridge loss J of the linear model, its intercept unpenalised.

    theta : shape (p + 1,), intercept first
    X : shape (m, p), without a column of ones
    y : shape (m,)
    lam : the weight of the penalty, a number >= 0

    Returns one number.
    """
    ### BEGIN SOLUTION
    errors = theta[0] + X @ theta[1:] - y
    return np.mean(errors**2) / 2 + lam / 2 * np.sum(theta[1:] ** 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
X_two, y_two = np.array([[1.0], [3.0]]), np.array([2.0, 4.0])
value = np.asarray(ridge_loss(np.array([1.0, 2.0]), X_two, y_two, 0.5), dtype=float)
assert value.shape == (), f"The loss is one number; yours has shape {value.shape}."
assert np.isclose(value, 3.5), f"The two houses from the text have loss 3.5, not {value:.6g}."
assert np.array_equal(y_two, [2, 4]), "Your function changed the array y that it was given."
value = float(ridge_loss(np.array([-2.0, 2.0]), X_two, y_two, 0.0))
assert np.isclose(value, 1.0), (
    f"With θ = (-2, 2) and λ = 0 the errors are -2 and 0, so the loss is 1, not {value:.6g}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("loss")
for m, p in [(9, 1), (14, 3), (25, 6)]:
    X_hid = rng.normal(1, 2, (m, p))
    theta_hid = rng.normal(0, 1, p + 1)
    lam_hid = rng.uniform(0.5, 2)
    fitted_hid = np.column_stack([np.ones(m), X_hid]).dot(theta_hid)
    errors_hid = rng.normal(0, 1, m)
    y_hid = fitted_hid - errors_hid
    kept = X_hid.copy(), y_hid.copy(), theta_hid.copy()

    value = np.asarray(ridge_loss(theta_hid, X_hid, y_hid, 0.0), dtype=float)
    assert value.shape == (), (
        f"With {m} houses and {p} feature(s) the loss has shape {value.shape}; it must be one number."
    )
    assert np.isclose(value, errors_hid.dot(errors_hid) / m / 2, rtol=1e-9), (
        f"With λ = 0 the loss of {m} houses with {p} feature(s) is wrong. It is the mean over the "
        "houses of the squared error, halved, and the intercept belongs to the prediction."
    )
    value = float(ridge_loss(theta_hid, X_hid, fitted_hid, lam_hid))
    assert np.isclose(value, lam_hid * theta_hid[1:].dot(theta_hid[1:]) / 2, rtol=1e-9), (
        "When the model fits every house exactly, only the penalty is left, and yours is wrong: "
        "half of λ times the sum of the squared slopes, whatever the number of houses."
    )
    level_hid = np.concatenate([theta_hid[:1], np.zeros(p)])
    value = float(ridge_loss(level_hid, X_hid, np.full(m, theta_hid[0]), lam_hid))
    assert np.isclose(value, 0, atol=1e-9), (
        "All slopes are zero and the intercept fits every price, yet your loss is not zero."
    )
    value = float(ridge_loss(theta_hid, X_hid, y_hid, lam_hid))
    right = errors_hid.dot(errors_hid) / m / 2 + lam_hid * theta_hid[1:].dot(theta_hid[1:]) / 2
    assert np.isclose(value, right, rtol=1e-9), (
        "Errors and penalty are right one at a time, but not their sum."
    )
    assert all(map(np.array_equal, kept, (X_hid, y_hid, theta_hid))), (
        "Your function changed an array that it was given."
    )
X_hid, y_hid = rng.integers(-4, 5, (7, 2)), rng.integers(-4, 5, 7)
value = float(ridge_loss(np.array([1, 3, -2]), X_hid, y_hid, 1))
right = float(ridge_loss(np.array([1.0, 3.0, -2.0]), X_hid * 1.0, y_hid * 1.0, 1.0))
assert np.isclose(value, right, rtol=1e-9), "Whole numbers as input give another loss than floats."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: its gradient (2 points)
#
# Differentiate $J$. With the errors $e_i=\theta_0+\sum_j\theta_jx_{ij}-y_i$,
#
# $$
# \frac{\partial J}{\partial\theta_0}=\frac1m\sum_i e_i,\qquad
# \frac{\partial J}{\partial\theta_j}=\frac1m\sum_i e_i\,x_{ij}+\lambda\theta_j\quad(j\ge1).
# $$
#
# The factor ½ in $J$ is there to cancel the 2. Write `ridge_gradient(theta, X, y, lam)`; it returns
# an array of shape `(p + 1,)`, intercept first.
#
# **By hand.** The two houses of question 1: $\partial_0J=\frac{1+3}2=2$ and
# $\partial_1J=\frac{1\cdot1+3\cdot3}2+0.5\cdot2=6$.
#
# **A check you can always make.** For a small $h$, such as $10^{-5}$, the central difference
# $\bigl(J(\theta+h\,\mathrm e_j)-J(\theta-h\,\mathrm e_j)\bigr)/2h$ agrees with $\partial_jJ$ in
# the first six digits or more. Compare before you go on. It is a check and no answer: grading adds a
# house with a price of $10^8$, whose square fills the digits of $J$, and asks for ten digits of the
# gradient.


# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ridge_gradient(theta, X, y, lam):
    """Return the gradient of `ridge_loss` with respect to theta.

    The arguments are those of `ridge_loss`.

    Returns an array of floats, shape (p + 1,), intercept first.
    """
    ### BEGIN SOLUTION
    errors = theta[0] + X @ theta[1:] - y
    slopes = X.T @ errors / len(y) + lam * theta[1:]
    return np.concatenate([[errors.mean()], slopes])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_gradient", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
X_two, y_two = np.array([[1.0], [3.0]]), np.array([2.0, 4.0])
found = np.asarray(ridge_gradient(np.array([1.0, 2.0]), X_two, y_two, 0.5), dtype=float)
assert found.shape == (2,), f"One feature and an intercept: shape (2,), not {found.shape}."
assert np.allclose(found, [2, 6]), (
    f"The two houses from the text have gradient (2, 6), not {found}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("gradient")
for m, p in [(8, 1), (15, 4), (30, 7)]:
    X_hid = rng.normal(1, 2, (m, p))
    y_hid = rng.normal(3, 2, m)
    theta_hid = rng.normal(0, 1, p + 1) + 0.5
    lam_hid = rng.uniform(0.5, 2)
    kept = X_hid.copy(), y_hid.copy(), theta_hid.copy()
    table_hid = np.column_stack([np.ones(m), X_hid])

    # The oracle is a difference along the imaginary axis, Im J(θ + ih)/h, in which no digit is lost.
    slopes_right = np.empty((2, p + 1))
    for row, lam_now in enumerate([0.0, lam_hid]):
        for j in range(p + 1):
            t = theta_hid + 1e-20j * np.eye(p + 1)[j]
            loss_t = np.sum((table_hid.dot(t) - y_hid) ** 2) / (2 * m)
            slopes_right[row, j] = np.imag(loss_t + lam_now / 2 * np.sum(t[1:] ** 2)) * 1e20

    plain = np.asarray(ridge_gradient(theta_hid, X_hid, y_hid, 0.0), dtype=float)
    assert plain.shape == (p + 1,), (
        f"With {p} feature(s) the gradient has shape ({p + 1},), yours has {plain.shape}."
    )
    assert np.allclose(plain[0], slopes_right[0, 0], rtol=1e-6, atol=1e-7), (
        "With λ = 0 the entry of the intercept disagrees with a numerical derivative of the loss."
    )
    assert np.allclose(plain[1:], slopes_right[0, 1:], rtol=1e-6, atol=1e-7), (
        "With λ = 0 the entries of the slopes disagree with numerical derivatives of the loss."
    )
    ridged = np.asarray(ridge_gradient(theta_hid, X_hid, y_hid, lam_hid), dtype=float)
    assert np.allclose(ridged[0], plain[0], rtol=1e-9, atol=1e-9), (
        "The entry of the intercept changes with λ, although the intercept is not penalised."
    )
    assert np.allclose(ridged, slopes_right[1], rtol=1e-6, atol=1e-7), (
        "With λ > 0 the entries of the slopes disagree with numerical derivatives of the loss."
    )
    # A house with no features and a huge price: its square fills the digits of the loss, and the
    # slopes do not see it. So they have all their digits, and no difference of losses has.
    X_far, y_far = np.vstack([X_hid, np.zeros(p)]), np.append(y_hid, 1e8)
    far = np.asarray(ridge_gradient(theta_hid, X_far, y_far, lam_hid), dtype=float)
    seen = (slopes_right[1, 1:] - lam_hid * theta_hid[1:]) * m / (m + 1)
    errors_hid = table_hid.dot(theta_hid) - y_hid
    exact = np.einsum("i,ij->j", errors_hid, X_hid) / (m + 1)
    assert np.allclose(exact, seen, rtol=1e-5, atol=1e-6), "The test is wrong; tell the staff."
    assert np.allclose(far[1:], exact + lam_hid * theta_hid[1:], rtol=1e-10, atol=1e-11), (
        "With one house of a huge price and no features the slopes have too few correct digits. "
        "Compute the derivatives from their formulas, not from differences of the loss."
    )
    best = np.linalg.lstsq(table_hid, y_hid, rcond=None)[0]
    at_best = np.asarray(ridge_gradient(best, X_hid, y_hid, 0.0), dtype=float)
    assert np.allclose(at_best, 0, atol=1e-9), (
        "At the least-squares solution, with λ = 0, the gradient must vanish; yours does not."
    )
    assert all(map(np.array_equal, kept, (X_hid, y_hid, theta_hid))), (
        "Your function changed an array that it was given."
    )
X_hid, y_hid = rng.integers(-4, 5, (7, 2)), np.array([1, 0, 0, 2, 0, 0, 1])
found = np.asarray(ridge_gradient(np.array([1, 3, -2]), X_hid, y_hid, 1), dtype=float)
right = np.asarray(
    ridge_gradient(np.array([1.0, 3.0, -2.0]), X_hid * 1.0, y_hid * 1.0, 1.0), dtype=float
)
assert np.allclose(found, right, rtol=1e-9), (
    "Whole numbers as input give another gradient than the same numbers as floats. "
    "(np.zeros_like of an array of integers is an array of integers.)"
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_descend", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: gradient descent (3 points)
#
# From $\theta^{(0)}$ go downhill with a fixed step size $\eta$,
#
# $$\theta^{(t+1)}=\theta^{(t)}-\eta\,\nabla J\bigl(\theta^{(t)}\bigr),\qquad t=0,1,2,\dots$$
#
# and stop at the first $\theta^{(t)}$ whose gradient satisfies
# $\lVert\nabla J(\theta^{(t)})\rVert_2\le$ `tol`, or after `max_steps` steps, whichever comes first.
#
# Write `descend(gradient, theta0, eta, max_steps, tol)`. Here `gradient` is a function: you call
# `gradient(theta)` with an array and get an array of the same shape. Return the whole path as an
# array with one row per iterate: the first row is `theta0`, the last is where you stopped. After $k$
# steps that is shape `(k + 1, n)`; if descent stops at once, it is `(1, n)`.
#
# **By hand.** $J=\frac12(\theta-3)^2$ has gradient $\theta-3$. From 0 with $\eta=\frac12$ and three
# steps: 0, 1.5, 2.25, 2.625.
#
# **Two traps.** A list that holds the *same* array many times, changed in place, ends as many copies
# of the last iterate. And an array made in the likeness of `np.array([0, 0])` holds integers: it
# turns 1.5 into 1.


# %% nbgrader={"grade": false, "grade_id": "descend", "locked": false, "schema_version": 3, "solution": true, "task": false}
def descend(gradient, theta0, eta, max_steps, tol):
    """Return the path of gradient descent with a fixed step size.

    gradient : function; gradient(theta) is the gradient at theta, an array of shape (n,)
    theta0 : where to start, shape (n,); not changed
    eta : the step size
    max_steps : the largest number of steps, an integer >= 0
    tol : stop as soon as the Euclidean norm of the gradient is <= tol

    Returns an array of floats, shape (k + 1, n), for the k steps taken; its first row is theta0.
    """
    ### BEGIN SOLUTION
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta - eta * slope
        path.append(theta)
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_descend", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
path = np.asarray(descend(lambda theta: theta - 3, np.array([0.0]), 0.5, 3, 0.0), dtype=float)
assert path.shape == (4, 1), f"Three steps make a path of shape (4, 1), not {path.shape}."
assert np.allclose(path[:, 0], [0, 1.5, 2.25, 2.625]), (
    f"The example from the text goes 0, 1.5, 2.25, 2.625; yours goes {path[:, 0]}."
)
path = np.asarray(descend(lambda theta: theta - 3, np.array([0.0]), 0.5, 50, 0.8), dtype=float)
assert path.shape == (3, 1), (
    f"With tol = 0.8 the path ends at 2.25, where the gradient is -0.75; yours ends at {path[-1]}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("descend")
for n in (1, 3, 5):
    # J = ½(θ-θ*)ᵀA(θ-θ*): then θ(t) - θ* = (I - ηA)ᵗ(θ(0) - θ*), an oracle without any loop.
    turn = np.linalg.qr(rng.normal(size=(n, n)))[0]
    # η times a curvature lies in (0.1, 0.8): nearer to 1, ten steps would reach the optimum to the
    # last bit and descent would rightly stop early.
    curvature = (turn * rng.uniform(0.5, 2, n)).dot(turn.T)
    optimum = rng.normal(0, 2, n)
    start = optimum + rng.choice([-1, 1], n) * rng.uniform(1, 3, n)
    eta_hid = rng.uniform(0.2, 0.4)
    steps_hid = int(rng.integers(6, 12))
    kept = start.copy()

    def slope_hid(theta, curvature=curvature, optimum=optimum):
        return curvature.dot(np.asarray(theta, dtype=float) - optimum)

    path = np.asarray(descend(slope_hid, start, eta_hid, steps_hid, 0.0), dtype=float)
    assert np.array_equal(kept, start), "Your function changed theta0."
    assert path.shape == (steps_hid + 1, n), (
        f"{steps_hid} steps with {n} parameter(s) make a path of shape ({steps_hid + 1}, {n}), "
        f"yours has {path.shape}."
    )
    assert not np.allclose(path[0], path[-1]), (
        "The first row of your path equals its last: did you append the same array each time?"
    )
    assert np.allclose(path[0], kept), "The first row of the path is not theta0."
    shrunk = np.eye(n) - eta_hid * curvature
    right = optimum + np.array(
        [np.linalg.matrix_power(shrunk, t).dot(kept - optimum) for t in range(steps_hid + 1)]
    )
    assert np.allclose(path[1], right[1], rtol=1e-9, atol=1e-9), (
        "Already the first step is wrong: it is -η times the gradient at theta0."
    )
    assert np.allclose(path, right, rtol=1e-9, atol=1e-9), (
        "The first step is right and a later one is not: every step needs the gradient at the "
        "iterate from which it starts."
    )

    tol_hid = rng.uniform(0.01, 0.1)
    path = np.asarray(descend(slope_hid, start, eta_hid, 200, tol_hid), dtype=float)
    norms = np.linalg.norm((path - optimum).dot(curvature), axis=1)
    assert norms[-1] <= tol_hid * (1 + 1e-9), (
        f"Descent stopped where the gradient is {norms[-1] / tol_hid:.3g} times tol."
    )
    assert len(path) == 1 or norms[-2] > tol_hid * (1 - 1e-9), (
        "Descent went on although the norm of the gradient was at most tol. (The norm is the "
        "square root of the sum of squares.)"
    )
    path = np.asarray(descend(slope_hid, optimum, eta_hid, 20, 1e-8), dtype=float)
    assert path.shape == (1, n), "Started at the optimum, descent should stop at once."
    path = np.asarray(descend(lambda theta: 0.0 * theta, start, 1.0, 5, 0.0), dtype=float)
    assert path.shape == (1, n), (
        "Where the gradient is exactly zero, descent with tol = 0 must stop at once: 0 is <= 0."
    )
    path = np.asarray(descend(slope_hid, start, eta_hid, 0, 0.0), dtype=float)
    assert path.shape == (1, n), "With max_steps = 0 the path is theta0 alone, as one row."

path = np.asarray(descend(slope_hid, np.zeros(n, dtype=int), eta_hid, 2, 0.0), dtype=float)
right = optimum - np.array([np.eye(n), shrunk, shrunk.dot(shrunk)]).dot(optimum)
assert np.allclose(path, right, rtol=1e-9, atol=1e-9), (
    "Started from a theta0 of integers, your path is wrong."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: how large may the step be? (1 + 2 points)
#
# Living areas are around 130, shares of income around 0.3. Such data make a loss that is steep in one
# direction and flat in another, and the steepest direction limits the step for all.
#
# **(a)** *Standardise*: from every feature subtract its mean and divide by its standard deviation
# (the one with $1/m$), **both taken from the training data**. Houses that come later are scaled by
# the numbers of the training data too; their own mean would leak what we do not know yet. A feature
# that is the same for all training houses, say one bathroom each, has standard deviation 0: subtract
# its mean and divide by 1. Compare the **values** to find such features: six times 0.7 has in
# floating-point numbers a standard deviation of about $10^{-16}$, and a feature that varies by
# $10^{-13}$ varies.
#
# Write `standardise(X_train, X_new)`. It returns two arrays, the scaled `X_train` and the scaled
# `X_new`.
#
# **By hand.** `X_train = [[1], [3]]` has mean 2 and standard deviation 1. So the result is
# `[[-1], [1]]`, and `X_new = [[5]]` becomes `[[3]]`.


# %% nbgrader={"grade": false, "grade_id": "standardise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def standardise(X_train, X_new):
    """Scale both arrays, feature by feature, by mean and standard deviation of X_train.

    X_train : shape (m, p); not changed
    X_new : shape (k, p); not changed

    Returns two arrays of floats, shapes (m, p) and (k, p).
    """
    ### BEGIN SOLUTION
    same = np.ptp(X_train, axis=0) == 0  # compare the values: their rounded deviation may not be 0
    mean = np.where(same, X_train[0], X_train.mean(axis=0))
    deviation = np.where(same, 1.0, X_train.std(axis=0))
    return (X_train - mean) / deviation, (X_new - mean) / deviation
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_standardise", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
pair = standardise(np.array([[1.0], [3.0]]), np.array([[5.0]]))
assert isinstance(pair, tuple | list), "Return two arrays."
assert np.allclose(pair[0], [[-1], [1]]), (
    f"X_train from the text becomes [[-1], [1]], not {pair[0]}."
)
assert np.allclose(pair[1], [[3]]), f"X_new from the text becomes [[3]], not {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("standardise")
for m, k, p in [(6, 3, 1), (12, 5, 3), (20, 1, 4)]:
    centre, spread = rng.uniform(-50, 50, p), rng.uniform(3, 30, p)
    X_hid = centre + spread * rng.normal(size=(m, p))
    X_later = centre + 2 * spread * rng.normal(size=(k, p))
    kept = X_hid.copy(), X_later.copy()
    scaled, later = (np.asarray(a, dtype=float) for a in standardise(X_hid, X_later))
    assert scaled.shape == (m, p), f"X_train of shape {(m, p)} came back with shape {scaled.shape}."
    assert later.shape == (k, p), f"X_new of shape {(k, p)} came back with shape {later.shape}."
    assert np.array_equal(kept[0], X_hid), "Your function changed X_train."
    assert np.array_equal(kept[1], X_later), "Your function changed X_new."
    assert np.allclose(scaled.sum(axis=0) / m, 0, atol=1e-9), (
        "The features of the scaled training data do not all have mean 0."
    )
    size = np.sqrt((scaled**2).sum(axis=0) / m)
    assert np.allclose(size, 1, atol=1e-9), (
        f"A feature of the scaled training data has standard deviation "
        f"{size[np.argmax(np.abs(np.log(size)))]:.4g} instead of 1 (the one with 1/m)."
    )
    # One straight line per feature must carry old to new, for both arrays.
    for j in range(p):
        line = np.polyfit(X_hid[:, j], scaled[:, j], 1)
        assert np.allclose(np.polyval(line, X_later[:, j]), later[:, j], atol=1e-7), (
            "X_new was not scaled by the mean and the standard deviation of X_train."
        )
X_hid = np.column_stack([rng.integers(40, 220, 9), np.full(9, 2)])
scaled, later = standardise(X_hid, np.array([[100, 2], [50, 5]]))
assert np.allclose(np.asarray(scaled, dtype=float)[:, 1], 0), (
    "A feature that is the same for all training houses does not become 0 in the training data."
)
assert np.allclose(np.asarray(later, dtype=float)[:, 1], [0, 3]), (
    "A feature that is the same for all training houses: subtract its mean, divide by 1, also in "
    "X_new."
)
for m in range(3, 11):  # whether the deviation of equal numbers is 0 depends on how many there are
    level = float(rng.choice([0.7, 0.1, 0.3, 1.1])) * 10.0 ** rng.integers(-2, 3)
    X_hid = np.column_stack([rng.normal(size=m), np.full(m, level)])
    scaled, later = standardise(X_hid, np.array([[0.0, level], [1.0, level + 0.3]]))
    assert np.allclose(np.asarray(scaled, dtype=float)[:, 1], 0, atol=1e-9), (
        "A feature that is 0.7, or another fraction, for all training houses does not become 0."
    )
    assert np.allclose(np.asarray(later, dtype=float)[:, 1], [0, 0.3], atol=1e-9), (
        "A feature that is 0.7, or another fraction, for all training houses: divide by 1, not by "
        "the rounding error of its standard deviation."
    )
# Features that hardly vary, in absolute terms and compared with their size, but do vary.
small = rng.permutation(8) - 3.5
X_hid = np.column_stack([1e-20 * small, 1 + 2.0**-43 * small])
scaled, later = (np.asarray(a, dtype=float) for a in standardise(X_hid, 2 * X_hid))
assert np.allclose(scaled, (small / small.std())[:, None], rtol=0.02), (
    "A feature that varies by little, but varies, has standard deviation 1 after scaling, too."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_stable_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** The loss of question 1 is quadratic: its second derivatives form a constant matrix $H$, and
# seen from the optimum $\theta^*$ one step of descent is
# $\theta^{(t+1)}-\theta^*=(I-\eta H)(\theta^{(t)}-\theta^*)$. That contracts exactly if
# $\lvert1-\eta\mu\rvert<1$ for every eigenvalue $\mu>0$ of $H$, that is for
# $\eta<2/\mu_{\max}(H)$. (Texts mostly call eigenvalues $\lambda$, as we call the penalty.)
#
# Derive $H$ from the gradient in question 2. Mind the intercept, which has a row and a column in $H$
# but no penalty, and the factor $1/m$.
#
# Write `largest_stable_step(X, lam)`. It returns the number $2/\mu_{\max}(H)$.
#
# **By hand.** Two houses with $x=0,2$ and $\lambda=0.5$ give
# $H=\begin{pmatrix}1&1\\1&2.5\end{pmatrix}$, with eigenvalues $3$ and $0.5$: the largest step is
# $2/3$.
#
# `np.linalg.eigvalsh` returns the eigenvalues of a symmetric matrix.


# %% nbgrader={"grade": false, "grade_id": "stable_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def largest_stable_step(X, lam):
    """Return the step size below which gradient descent on `ridge_loss` converges.

    X : shape (m, p), without a column of ones
    lam : the weight of the penalty, a number >= 0

    Returns one number.
    """
    ### BEGIN SOLUTION
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    penalty = lam * np.eye(p + 1)
    penalty[0, 0] = 0.0
    return 2 / np.linalg.eigvalsh(table.T @ table / m + penalty).max()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_stable_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
step = np.asarray(largest_stable_step(np.array([[0.0], [2.0]]), 0.5), dtype=float)
assert step.shape == (), f"The step size is one number; yours has shape {step.shape}."
assert np.isclose(step, 2 / 3), f"The houses from the text allow a step of 2/3, not {step:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("stable_step")
for m, p in [(6, 1), (10, 2), (30, 4)]:
    X_hid = rng.uniform(0.5, 1.5, p) + rng.normal(size=(m, p))
    lam_hid = rng.uniform(1, 2)
    kept = X_hid.copy()
    for lam_now, with_penalty in [(0.0, "without a penalty"), (lam_hid, "with a penalty")]:
        step = np.asarray(largest_stable_step(X_hid, lam_now), dtype=float)
        assert step.shape == (), f"The step size is one number; yours has shape {step.shape}."
        assert 0 < step < np.inf, f"The step size must be positive and finite; yours is {step}."
        # The oracle: μ_max(H) is the square of the largest singular value of a root of H.
        ridge_rows = np.sqrt(lam_now) * np.eye(p + 1)[1:]
        root = np.vstack([np.column_stack([np.ones(m), X_hid]) / np.sqrt(m), ridge_rows])
        ratio = step * np.linalg.norm(root, 2) ** 2 / 2
        assert ratio < 1 + 1e-6, (
            f"A feature table of shape {(m, p)}, {with_penalty}: descent with 0.999 times your step "
            "diverges. The steepest direction decides, and H has a row for the intercept."
        )
        assert ratio > 1 - 1e-6, (
            f"A feature table of shape {(m, p)}, {with_penalty}: descent still converges with 1.001 "
            "times your step, so it is not the largest. (H contains the factor 1/m, the limit is "
            "2/μ_max, and the intercept has no penalty.)"
        )
    assert np.array_equal(kept, X_hid), "Your function changed X."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_armijo", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: a step that finds itself (3 points)
#
# Most losses are not quadratic, and nobody hands us $\mu_{\max}$. *Backtracking* tries the step
# sizes
#
# $$\eta_k=\texttt{eta0}\cdot\texttt{shrink}^k,\qquad k=0,1,\dots,\texttt{max\_shrinks},$$
#
# and takes the first that lowers the loss by a decent share of what the slope promises (Armijo's
# condition), where $g=\nabla f(\theta)$:
#
# $$f(\theta-\eta_kg)\le f(\theta)-c\,\eta_k\lVert g\rVert_2^2 .$$
#
# Write `armijo_step(f, g, theta, eta0, shrink, c, max_shrinks)`. Here `f` is a function of `theta`,
# and `g` is its gradient **at** `theta`, an array. Return the pair `(eta, theta_new)`: the step size
# and the parameters after the step. If none of the `max_shrinks + 1` step sizes will do, return
# `0.0` and parameters equal to `theta`: the caller then knows that something is wrong.
#
# **By hand.** $f=\theta^2$ at $\theta=1$, so $g=2$; `eta0` = 1, `shrink` = ½, `c` = 0.1. Step 1 leads
# to $f(-1)=1$, more than $1-0.1\cdot1\cdot4=0.6$. Step ½ leads to $f(0)=0\le1-0.1\cdot\frac12\cdot4$:
# return `(0.5, 0.0)`.
#
# **In economics, `f` often has an edge.** The logarithmic utility of a negative consumption is no
# number (`nan`). A step that lands there must be shrunk. Note that **every** comparison with `nan` is false,
# `nan > 1` as well as `nan <= 1`.


# %% nbgrader={"grade": false, "grade_id": "armijo", "locked": false, "schema_version": 3, "solution": true, "task": false}
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    """Take one step of gradient descent whose size is found by backtracking.

    f : function; f(theta) is a number, possibly nan
    g : the gradient of f at theta, shape (n,); not changed
    theta : where the step starts, shape (n,); not changed
    eta0 : the first step size to try
    shrink : what a refused step size is multiplied by, between 0 and 1
    c : the share of the promised decrease that is asked for, between 0 and 1
    max_shrinks : how often the step size may be shrunk

    Returns the pair (eta, theta_new): a number and an array of shape (n,).
    """
    ### BEGIN SOLUTION
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_armijo", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = armijo_step(
    lambda theta: float(theta[0]) ** 2, np.array([2.0]), np.array([1.0]), 1.0, 0.5, 0.1, 20
)
assert isinstance(pair, tuple | list), "Return the pair (eta, theta_new)."
assert np.isclose(pair[0], 0.5), f"The example from the text takes the step 0.5, not {pair[0]}."
assert np.shape(pair[1]) == (1,), f"theta_new has shape (1,), not {np.shape(pair[1])}."
assert np.allclose(pair[1], [0.0]), f"The example from the text ends at 0, not at {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("armijo")
for n in (1, 2, 4):
    # For f = ½a|θ-θ*|² the condition reads η <= 2(1-c)/a. Steps shrink so slowly that some candidate
    # lies on either side of that limit and of every limit that a wrong condition has.
    a_hid = rng.uniform(1, 4)
    c_hid = rng.uniform(0.3, 0.45)
    optimum = rng.normal(0, 2, n)
    theta_hid = optimum + rng.choice([-1, 1], n) * rng.uniform(2, 3, n)
    g_hid = a_hid * (theta_hid - optimum)
    shrink_hid = rng.uniform(0.82, 0.9)
    eta_hid = rng.uniform(4, 6) / a_hid
    kept = theta_hid.copy(), g_hid.copy()

    def bowl(theta, a_hid=a_hid, optimum=optimum):
        return float(a_hid / 2 * np.sum((np.asarray(theta, dtype=float) - optimum) ** 2))

    tried = eta_hid * shrink_hid ** np.arange(60)
    k_right = int(np.argmax(tried <= 2 * (1 - c_hid) / a_hid))
    pair = armijo_step(bowl, g_hid, theta_hid, eta_hid, shrink_hid, c_hid, 60)
    assert isinstance(pair, tuple | list), "Return the pair (eta, theta_new)."
    step, after = float(pair[0]), np.asarray(pair[1], dtype=float)
    assert np.array_equal(kept[0], theta_hid), "Your function changed theta."
    assert np.array_equal(kept[1], g_hid), "Your function changed g."
    assert after.shape == (n,), f"theta_new has shape {after.shape}, theta has ({n},)."
    assert step > 0, (
        "A step size that satisfies the condition was among the candidates; you found none."
    )
    assert np.isclose(tried, step, rtol=1e-9).any(), (
        "Your step size is none of the candidates eta0 * shrink**k."
    )
    assert step <= tried[k_right] * (1 + 1e-9), (
        "You accept a step size that violates the condition: the loss does not fall by "
        "c times η times the squared length of g."
    )
    assert step >= tried[k_right] * (1 - 1e-9), (
        "You refuse a step size that satisfies the condition, and take a smaller one."
    )
    assert np.allclose(after, kept[0] - step * kept[1], rtol=1e-9, atol=1e-9), (
        "theta_new is not theta - eta * g for the eta that you return."
    )

    # k_right candidates are refused: so many shrinks are just enough, one less is too few.
    pair = armijo_step(bowl, g_hid, theta_hid, eta_hid, shrink_hid, c_hid, k_right)
    assert np.isclose(float(pair[0]), tried[k_right], rtol=1e-9), (
        "The last candidate, eta0 * shrink**max_shrinks, satisfies the condition; you did not take it."
    )
    pair = armijo_step(bowl, g_hid, theta_hid, eta_hid, shrink_hid, c_hid, k_right - 1)
    assert float(pair[0]) == 0, (
        "None of the max_shrinks + 1 candidates satisfies the condition: eta must be 0.0."
    )
    assert np.allclose(pair[1], kept[0]), "When eta is 0.0, theta_new must equal theta."
    pair = armijo_step(bowl, g_hid, theta_hid, tried[k_right], shrink_hid, c_hid, 5)
    assert np.isclose(float(pair[0]), tried[k_right], rtol=1e-9), (
        "eta0 itself satisfies the condition; take it without shrinking."
    )

# At a stationary point every candidate satisfies the condition: 0 ≤ 0.
theta_hid = rng.normal(0, 2, 3)
eta, after = armijo_step(lambda theta: 1.5, np.zeros(3), theta_hid, 0.75, 0.5, 0.1, 5)
assert float(eta) == 0.75, (
    "Where g = 0 the condition says f(θ) ≤ f(θ), which holds: take eta0. The condition has ≤, not <."
)
assert np.array_equal(after, theta_hid), "Where g = 0 the step leads nowhere."
# Whole numbers, so that nothing is rounded: the loss falls by exactly what is asked for.
eta, after = armijo_step(
    lambda theta: 4.0 - 2.0 * float(np.asarray(theta)[0] == -1),
    np.array([2.0]), np.array([1.0]), 1.0, 0.5, 0.5, 5,
)  # fmt: skip
assert float(eta) == 1.0, "A step that lowers the loss by exactly what is asked for is accepted."

# A consumer with utility Σ log θ who pays prices: outside θ > 0 there is no utility, only nan.
prices = rng.uniform(0.5, 2, 3)


def expense(theta):
    theta = np.asarray(theta, dtype=float)
    if theta.min() <= 0:
        return float("nan")
    return float(prices.dot(theta) - np.log(theta).sum())


theta_hid = rng.uniform(3, 4, 3) / prices
g_hid = prices - 1 / theta_hid
pair = armijo_step(expense, g_hid, theta_hid, 50.0, 0.7, 0.1, 40)
assert np.all(np.asarray(pair[1], dtype=float) > 0), (
    "f is nan outside its domain, and you accepted a step that leads there."
)
tried = 50.0 * 0.7 ** np.arange(41)
levels = np.array([expense(theta_hid - eta * g_hid) for eta in tried])
enough = levels <= expense(theta_hid) - 0.1 * tried * g_hid.dot(g_hid)
assert np.isclose(float(pair[0]), tried[np.argmax(enough)], rtol=1e-9), (
    "With an f that is nan outside its domain you take a wrong step size."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_minibatches", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: stochastic gradient descent (2 + 2 points)
#
# A bank with a million loans does not read all of them for one step. *Stochastic* gradient descent
# takes each step with a few rows, a **mini-batch**.
#
# **(a)** Write `minibatches(X, y, batch_size, epochs, seed)`. One *epoch* visits every row exactly
# once, in random order, cut into batches of `batch_size` rows; if that does not divide $m$, the last
# batch of the epoch is smaller and is kept. Every epoch draws a **new** order. Return the batches of
# all epochs, one after another, as a list of pairs `(X_batch, y_batch)` of shapes `(b, p)` and
# `(b,)`, where row $i$ of the one belongs to entry $i$ of the other.
#
# The same `seed` must give the same batches, another seed others. `np.random.default_rng(seed)` and
# its method `permutation` do what is needed.
#
# **By hand.** Seven rows in batches of three, two epochs: six batches of 3, 3, 1, 3, 3, 1 rows.
#
# **Watch out.** `shuffle` works in place, which spoils the caller's data. And two calls of it, one
# for `X` and one for `y`, give every house the price of another.


# %% nbgrader={"grade": false, "grade_id": "minibatches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def minibatches(X, y, batch_size, epochs, seed):
    """Return the mini-batches of several epochs.

    X : shape (m, p); not changed
    y : shape (m,); not changed
    batch_size : rows per batch; the last batch of an epoch may have fewer
    epochs : how often every row is visited
    seed : an integer that determines the order

    Returns a list of pairs (X_batch, y_batch), shapes (b, p) and (b,).
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_minibatches", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
batches = list(minibatches(np.arange(14).reshape(7, 2), 10 * np.arange(7), 3, 2, 5))
sizes = [len(y_batch) for _, y_batch in batches]
assert sizes == [3, 3, 1, 3, 3, 1], f"Seven rows by threes: 3, 3, 1, 3, 3, 1 rows, not {sizes}."
shapes = [(np.shape(X_batch), np.shape(y_batch)) for X_batch, y_batch in batches]
assert shapes == [((size, 2), (size,)) for size in sizes], (
    f"A batch of b rows has an X_batch of shape (b, 2) and a y_batch of shape (b,); yours: {shapes}."
)
seen = sorted(float(price) for _, y_batch in batches[:3] for price in y_batch)
assert seen == [0, 10, 20, 30, 40, 50, 60], f"The first epoch visits each row once; yours: {seen}."
### BEGIN HIDDEN TESTS
rng = submission_rng("minibatches")
epochs_hid = 3
for rest in (1, 2, 0):
    size_hid = int(rng.integers(3, 6))
    m = size_hid * int(rng.integers(5, 8)) + rest
    per_epoch = -(-m // size_hid)
    names = rng.permutation(m) + 100.0
    X_hid = np.column_stack([rng.normal(size=m), names])
    y_hid = 3 * names
    kept = X_hid.copy(), y_hid.copy()
    seed_hid = int(rng.integers(1000))
    batches = [
        (np.asarray(X_batch, dtype=float), np.asarray(y_batch, dtype=float))
        for X_batch, y_batch in minibatches(X_hid, y_hid, size_hid, epochs_hid, seed_hid)
    ]
    assert np.array_equal(kept[0], X_hid), "Your function changed X."
    assert np.array_equal(kept[1], y_hid), "Your function changed y."
    assert len(batches) == per_epoch * epochs_hid, (
        f"{m} rows in batches of {size_hid}, {epochs_hid} epochs: {per_epoch * epochs_hid} batches, "
        f"not {len(batches)}."
    )
    assert all(X_b.ndim == 2 and y_b.shape == (len(X_b),) for X_b, y_b in batches), (
        "The shapes of an X_batch and its y_batch do not fit: (b, p) and (b,) are asked for."
    )
    assert all(np.allclose(y_b, 3 * X_b[:, 1]) for X_b, y_b in batches), (
        "Rows and targets got separated: an entry of y_batch belongs to another row of X_batch."
    )
    row_of = {name: tuple(row) for name, row in zip(names, kept[0], strict=True)}
    assert all(tuple(row) == row_of.get(row[1]) for X_b, _ in batches for row in X_b), (
        "A row of X_batch is no row of X."
    )
    visits = [
        np.concatenate([y_b for _, y_b in batches[e * per_epoch : (e + 1) * per_epoch]])
        for e in range(epochs_hid)
    ]
    assert all(np.array_equal(np.sort(visit), np.sort(kept[1])) for visit in visits), (
        "An epoch does not visit every row exactly once."
    )
    assert [len(y_b) for _, y_b in batches[:per_epoch]] == (
        [size_hid] * (m // size_hid) + [rest] * (rest > 0)
    ), "All batches of an epoch have batch_size rows, except that the last one has what remains."
    assert not np.array_equal(visits[0], kept[1]), "The rows come in their original order: shuffle."
    assert not np.array_equal(visits[0], visits[1]), "Two epochs visit the rows in the same order."
    together = [
        {frozenset(y_b) for _, y_b in batches[e * per_epoch : (e + 1) * per_epoch]}
        for e in range(epochs_hid)
    ]
    assert not together[0] == together[1] == together[2], (
        "The same rows share a batch in every epoch: shuffle the rows, not the batches."
    )
    again = [y_b for _, y_b in minibatches(X_hid, y_hid, size_hid, epochs_hid, seed_hid)]
    assert np.array_equal(np.concatenate(again), np.concatenate(visits)), (
        "The same seed gave two different orders."
    )
    others = {tuple(np.concatenate(visits))}
    for k in (1, 2, 10, 64, 1000, 10**6):
        other = minibatches(X_hid, y_hid, size_hid, epochs_hid, seed_hid + k)
        others.add(tuple(np.concatenate([np.asarray(y_b, dtype=float) for _, y_b in other])))
    assert len(others) == 7, "Another seed gave the same order."
# Every row must come at every place equally often: of four rows, each is first in a quarter of all
# epochs, and each pair comes in either order. (600 epochs; an honest shuffle fails less than once in
# a million.)
visits = []
for seed in range(seed_hid, seed_hid + 200):
    parts = minibatches(np.zeros((4, 1)), np.arange(4.0), 4, 3, seed)
    visits += [[int(row) for row in y_b] for _, y_b in parts]
places = np.argsort(visits, axis=1)  # the place of each row in each epoch
assert np.shape(places) == (600, 4), "Four rows in one batch: every epoch has one batch of four."
for row in range(4):
    counts = np.bincount(places[:, row], minlength=4)
    assert np.abs(counts - 150).max() < 60, (
        "Over many epochs some row comes at some place too often: every order must be equally likely."
    )
    for other in range(row):
        before = np.sum(places[:, row] < places[:, other])
        assert abs(before - 300) < 65, (
            "Over many epochs some row comes before another too often: every order must be equally "
            "likely."
        )
        follows = np.sum(places[:, row] == places[:, other] + 1)
        assert abs(follows - 150) < 60, (
            "Over many epochs some row follows another too often: every order must be equally likely."
        )
whole = list(minibatches(X_hid, y_hid, m + 3, 1, 0))
assert [len(y_batch) for _, y_batch in whole] == [m], (
    "A batch_size larger than the data means one batch with all rows."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_sgd", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** One mini-batch, one step; the steps shrink, so that the noise of the small samples dies out:
#
# $$\theta^{(t+1)}=\theta^{(t)}-\eta_t\,g_t\bigl(\theta^{(t)}\bigr),\qquad
# \eta_t=\frac{\texttt{eta0}}{1+\texttt{kappa}\cdot t},\qquad t=0,1,\dots,T-1,$$
#
# where $g_t$ is the gradient on batch $t$ and $T$ the number of batches. The count $t$ runs on through
# all epochs, and the first step has size `eta0`. What is left of the noise we average away (Polyak and
# Ruppert):
#
# $$\bar\theta=\frac1T\sum_{t=1}^{T}\theta^{(t)} .$$
#
# Write `averaged_sgd(gradient, theta0, batches, eta0, kappa)`. Here `gradient(theta, X_batch,
# y_batch)` returns an array, and `batches` is a list as in (a). Return the pair
# $(\theta^{(T)},\bar\theta)$. The starting point is not part of the average.
#
# **By hand.** Start at 0, two batches, a gradient that is always $-1$, `eta0` = `kappa` = 1. The
# steps are 1 and ½, the iterates 1 and 1.5, so the result is `(1.5, 1.25)`.


# %% nbgrader={"grade": false, "grade_id": "sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    """Run stochastic gradient descent over the batches, one step each.

    gradient : function; gradient(theta, X_batch, y_batch) is an array of shape (n,)
    theta0 : where to start, shape (n,); not changed
    batches : list of pairs (X_batch, y_batch), at least one
    eta0 : size of the first step
    kappa : how fast the steps shrink, a number >= 0

    Returns the pair (last iterate, mean of the iterates after each step), both of shape (n,).
    """
    ### BEGIN SOLUTION
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches):
        theta = theta - eta0 / (1 + kappa * t) * gradient(theta, X_batch, y_batch)
        total = total + theta
    return theta, total / len(batches)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_sgd", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
batches = [(np.zeros((1, 1)), np.zeros(1)), (np.zeros((1, 1)), np.zeros(1))]
pair = averaged_sgd(lambda theta, X, y: np.array([-1.0]), np.array([0.0]), batches, 1.0, 1.0)
assert isinstance(pair, tuple | list), "Return the pair (last, mean)."
assert np.shape(pair[0]) == np.shape(pair[1]) == (1,), "Both results have shape (1,) here."
assert np.allclose(pair[0], [1.5]), f"The example from the text ends at 1.5, not at {pair[0]}."
assert np.allclose(pair[1], [1.25]), f"The example from the text averages 1.25, not {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("sgd")
for n, T in [(1, 7), (3, 12), (4, 20)]:
    X_hid = rng.normal(1, 1, (T, 2, n))
    batches = [(rows, np.zeros(2)) for rows in X_hid]
    start = rng.normal(0, 1, n)
    eta_hid, kappa_hid = rng.uniform(0.5, 1), rng.uniform(0.3, 0.9)
    kept = start.copy(), X_hid.copy()
    # A gradient that does not depend on θ: then the path is a cumulative sum.
    pair = averaged_sgd(
        lambda theta, X_b, y_b: np.asarray(X_b).sum(axis=0), start, batches, eta_hid, kappa_hid
    )
    last, mean = (np.asarray(part, dtype=float) for part in pair)
    assert np.array_equal(kept[0], start), "Your function changed theta0."
    assert np.array_equal(kept[1], X_hid), "Your function changed the batches."
    assert last.shape == mean.shape == (n,), (
        f"theta0 has shape ({n},), your results have {last.shape} and {mean.shape}."
    )
    sizes = eta_hid / (1 + kappa_hid * np.arange(T))
    right = kept[0] - np.cumsum(sizes[:, None] * kept[1].sum(axis=1), axis=0)
    assert np.allclose(last, right[-1], rtol=1e-9, atol=1e-9), (
        f"After {T} batches, of which each has its own gradient, the last iterate is wrong. Check "
        "η_t with t = 0, 1, 2, … and that every batch is used once, in the given order."
    )
    assert np.allclose(mean, right.sum(axis=0) / T, rtol=1e-9, atol=1e-9), (
        f"The last iterate after {T} batches is right, the average is not: it is over the iterates "
        "after each step, without the start."
    )

    # The gradient θ - ȳ with constant steps: θ forgets at the rate 1-η.
    y_hid = rng.normal(0, 2, (T, 3))
    batches = [(np.zeros((3, 1)), row) for row in y_hid]
    pair = averaged_sgd(
        lambda theta, X_b, y_b: np.asarray(theta, dtype=float) - np.asarray(y_b).sum() / 3,
        start,
        batches,
        0.4,
        0.0,
    )
    memory = 0.6 ** np.arange(T - 1, -1, -1)
    right = 0.6**T * kept[0] + 0.4 * memory.dot(y_hid.sum(axis=1) / 3)
    assert np.allclose(pair[0], right, rtol=1e-9, atol=1e-9), (
        "With a gradient that depends on θ the last iterate is wrong: take the gradient at the "
        "current iterate, on the current batch."
    )
pair = averaged_sgd(lambda theta, X_b, y_b: np.full(2, -0.25), np.array([1, -1]), batches, 1, 0)
assert np.allclose(pair[0], np.array([1, -1]) + T / 4, rtol=1e-9), (
    "Started from a theta0 of integers, your last iterate is wrong."
)
assert np.allclose(pair[1], np.array([1, -1]) + (T + 1) / 8, rtol=1e-9), (
    "Started from a theta0 of integers, your average is wrong."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_logit_hand", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: will the borrower pay? (1 + 2 points)
#
# Loan $i$ defaults ($y_i=1$) or not ($y_i=0$). With the score $z_i=\theta_0+\sum_j\theta_jx_{ij}$ the
# model gives a default the probability $\sigma(z_i)=1/(1+e^{-z_i})$. A loan of ten million matters
# more than a small one, so loan $i$ counts with its amount $v_i>0$:
#
# $$
# L(\theta)=\frac{\sum_i v_i\bigl(\log(1+e^{z_i})-y_iz_i\bigr)}{\sum_i v_i}.
# $$
#
# **(a)** On paper, show that $\partial\log(1+e^z)/\partial z=\sigma(z)$, derive $\nabla L$, and write
# it in NumPy: `default_gradient(theta, X, y, v)` returns an array of shape `(p + 1,)`, intercept
# first.
#
# **By hand.** Two loans with $x=2,-1$; $y=1,0$; $v=3,1$; $\theta=(0,0)$. Both probabilities are ½, so
# the entry of the intercept is $\frac{3\cdot(-\frac12)+1\cdot\frac12}{4}=-0.25$, that of the slope
# $\frac{3\cdot(-\frac12)\cdot2+1\cdot\frac12\cdot(-1)}{4}=-0.875$.
#
# Differences of $L$ check the formula; they do not replace it. Grading asks for ten digits beside a
# loan whose loss is $10^8$.


# %% nbgrader={"grade": false, "grade_id": "logit_hand", "locked": false, "schema_version": 3, "solution": true, "task": false}
def default_gradient(theta, X, y, v):
    """Return the gradient of the weighted loss L of the default model, derived by hand.

    theta : shape (p + 1,), intercept first
    X : shape (m, p), without a column of ones
    y : shape (m,), 1 for a default and 0 otherwise
    v : shape (m,), the weights of the loans, positive

    Returns an array of floats, shape (p + 1,), intercept first.
    """
    ### BEGIN SOLUTION
    surprise = v * (1 / (1 + np.exp(-theta[0] - X @ theta[1:])) - y) / np.sum(v)
    return np.concatenate([[surprise.sum()], X.T @ surprise])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_logit_hand", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
X_two, y_two, v_two = np.array([[2.0], [-1.0]]), np.array([1.0, 0.0]), np.array([3.0, 1.0])
found = np.asarray(default_gradient(np.array([0.0, 0.0]), X_two, y_two, v_two), dtype=float)
assert found.shape == (2,), f"One feature and an intercept: shape (2,), not {found.shape}."
assert np.allclose(found, [-0.25, -0.875]), (
    f"The two loans from the text have gradient (-0.25, -0.875), not {found}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("logit_hand")
for m, p in [(9, 1), (20, 3)]:
    X_hid = rng.normal(0, 1, (m, p))
    y_hid = rng.integers(0, 2, m)
    v_hid = rng.uniform(0.5, 9, m)
    theta_hid = rng.normal(0, 1, p + 1)
    kept = theta_hid.copy(), X_hid.copy(), y_hid.copy(), v_hid.copy()
    scores = np.column_stack([np.ones(m), X_hid])
    # The oracle is a difference along the imaginary axis, Im L(θ + ih)/h, in which no digit is lost.
    right = np.empty(p + 1)
    for j in range(p + 1):
        z = scores.dot(kept[0]) + 1e-20j * scores[:, j]
        right[j] = np.average(np.imag(np.log(1 + np.exp(z)) - y_hid * z), weights=v_hid) * 1e20
    found = np.asarray(default_gradient(theta_hid, X_hid, y_hid, v_hid), dtype=float)
    assert found.shape == (p + 1,), (
        f"With {p} feature(s) the gradient has shape ({p + 1},), yours has {found.shape}."
    )
    assert np.allclose(found, right, rtol=1e-6, atol=1e-8), (
        "Your gradient disagrees with numerical derivatives of L. Check the sign, the weights, and "
        "that L divides by the sum of the weights."
    )
    assert np.allclose(found, right, rtol=1e-10, atol=1e-13), (
        "Your gradient has too few correct digits. Derive it on paper; a difference of losses is no "
        "derivative."
    )
    # A loan far out, whose loss of 1e8 the other entries do not see.
    X_far = np.vstack([X_hid, np.zeros(p)])
    X_far = np.column_stack([X_far, np.append(np.zeros(m), -1.0)])
    theta_far, v_far = np.append(theta_hid, 1e8), np.append(v_hid, 2.0)
    with np.errstate(over="ignore"):  # 1 / (1 + exp(1e8)) is right all the same
        far = default_gradient(theta_far, X_far, np.append(y_hid, 1), v_far)
    far = np.asarray(far, dtype=float)
    share = v_hid.sum() / v_far.sum()
    assert np.allclose(far[1:-1], share * right[1:], rtol=1e-10, atol=1e-13), (
        "With one loan far out, whose loss is huge, the other entries of the gradient have too few "
        "correct digits. Derive the gradient on paper; a difference of losses is no derivative."
    )
    doubled = np.asarray(default_gradient(theta_hid, X_hid, y_hid, 2 * v_hid), dtype=float)
    assert np.allclose(found, doubled, rtol=1e-9), (
        "Your gradient changes when all loans are twice as large, although L does not."
    )
    assert all(map(np.array_equal, kept, (theta_hid, X_hid, y_hid, v_hid))), (
        "Your function changed an array that it was given."
    )
found = np.asarray(
    default_gradient(np.array([0, 0]), np.array([[2], [-1]]), np.array([1, 0]), np.array([3, 1])),
    dtype=float,
)
assert np.allclose(found, [-0.25, -0.875]), (
    "Whole numbers as input give another gradient than floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_logit_tape", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** Deep networks have no gradient that anyone would derive by hand. From now on TensorFlow does
# it: what is computed from a `tf.Variable` inside `with tf.GradientTape() as tape:` is recorded, and
# `tape.gradient(loss, variable)` goes back along the record.
#
# Write `default_tape(theta, X, y, v)`. The arguments are NumPy arrays. Compute $L$ with TensorFlow
# operations, let the tape differentiate it, and return the pair `(loss, gradient)`: a number, and a
# NumPy array of shape `(p + 1,)`.
#
# - Work in double precision: `tf.constant(X, dtype=tf.float64)`.
# - Inside the tape use TensorFlow's operations (`tf.reduce_sum`, `tf.linalg.matvec`, …). NumPy's are
#   not recorded, and `tape.gradient` then returns `None`.
# - Some borrowers have scores as far out as ±60. There $1-\sigma(z)$ rounds to 0, and its logarithm
#   is lost. The form of $L$ above avoids that; `tf.math.softplus(z)` is $\log(1+e^z)$.
# - The tape differentiates what you *write*. A formula with `tf.abs` or `tf.maximum` has a kink, and
#   there the tape gives a slope that is not that of $L$, even where the loss itself is right.
#
# **By hand.** The two loans of (a) have the loss $\log2\approx0.6931$.


# %% nbgrader={"grade": false, "grade_id": "logit_tape", "locked": false, "schema_version": 3, "solution": true, "task": false}
def default_tape(theta, X, y, v):
    """Return the weighted loss L of the default model and its gradient, found by TensorFlow.

    The arguments are those of `default_gradient`.

    Returns the pair (loss, gradient): a number and a NumPy array of floats, shape (p + 1,).
    """
    ### BEGIN SOLUTION
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y, v = (tf.constant(data, dtype=tf.float64) for data in (X, y, v))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        loss = tf.reduce_sum(v * (tf.math.softplus(z) - y * z)) / tf.reduce_sum(v)
    return float(loss), tape.gradient(loss, variable).numpy()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_logit_tape", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
X_two, y_two, v_two = np.array([[2.0], [-1.0]]), np.array([1.0, 0.0]), np.array([3.0, 1.0])
pair = default_tape(np.array([0.0, 0.0]), X_two, y_two, v_two)
assert isinstance(pair, tuple | list), "Return the pair (loss, gradient)."
loss_two, found = float(pair[0]), np.asarray(pair[1], dtype=float)
assert np.isclose(loss_two, np.log(2)), f"The loss of the two loans is log 2, not {loss_two:.6g}."
assert found.shape == (2,), f"The gradient has shape (2,) here, not {found.shape}."
assert np.allclose(found, [-0.25, -0.875]), (
    f"The two loans have gradient (-0.25, -0.875), not {found}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("logit_tape")
for m, p, far in [(8, 1, 1), (20, 3, 1), (12, 2, 20)]:
    X_hid = rng.uniform(-1, 1, (m, p))
    theta_hid = far * rng.uniform(0.5, 1, p + 1) * rng.choice([-1, 1], p + 1)
    if far > 1:
        # Stretch each row until its score is ±60: far outside, and still no overflow in float64.
        wanted = np.where(np.arange(m) % 2, 60.0, -60.0)
        X_hid[:, 0] += (wanted - theta_hid[0] - X_hid.dot(theta_hid[1:])) / theta_hid[1]
    y_hid = rng.permutation(np.arange(m) % 2)
    v_hid = rng.uniform(0.5, 9, m)
    kept = theta_hid.copy(), X_hid.copy(), y_hid.copy(), v_hid.copy()
    scores = np.column_stack([np.ones(m), X_hid])
    z = scores.dot(theta_hid)
    loss_right = np.average(np.logaddexp(0, z) - y_hid * z, weights=v_hid)
    # The oracle is the gradient of (a) in the form that holds far out.
    right = scores.T.dot(v_hid * ((1 + np.tanh(z / 2)) / 2 - y_hid)) / v_hid.sum()
    pair = default_tape(theta_hid, X_hid, y_hid, v_hid)
    assert isinstance(pair, tuple | list), "Return the pair (loss, gradient)."
    loss_found, found = float(pair[0]), np.asarray(pair[1], dtype=float)
    where = "at scores of ±60" if far > 1 else "at moderate scores"
    assert found.shape == (p + 1,), (
        f"With {p} feature(s) the gradient has shape ({p + 1},), yours has {found.shape}."
    )
    assert np.isfinite(loss_found), (
        f"The loss is {loss_found} {where}; it must stay a finite number."
    )
    assert np.isclose(loss_found, loss_right, rtol=1e-4), (
        f"The loss is wrong {where}. Check the weights, and that L divides by their sum."
    )
    assert np.isclose(loss_found, loss_right, rtol=1e-10), (
        f"The loss has too few correct digits {where}. Does a part of it run in float32?"
    )
    assert np.all(np.isfinite(found)), f"The gradient is not finite {where}, although the loss is."
    assert np.allclose(found, right, rtol=1e-5, atol=1e-6), (
        f"The gradient is not that of L {where}."
    )
    assert np.allclose(found, right, rtol=1e-10, atol=1e-12), (
        f"The gradient has too few correct digits {where}. Let the tape differentiate the loss, in "
        "float64; a difference of losses is no derivative."
    )
    # A loan far out again, whose loss of 1e8 the other entries do not see.
    X_far = np.column_stack([np.vstack([X_hid, np.zeros(p)]), np.append(np.zeros(m), -1.0)])
    theta_far, v_far = np.append(theta_hid, 1e8), np.append(v_hid, 2.0)
    far_slopes = np.asarray(default_tape(theta_far, X_far, np.append(y_hid, 1), v_far)[1])
    share = v_hid.sum() / v_far.sum()
    assert np.allclose(far_slopes[1:-1], share * right[1:], rtol=1e-10, atol=1e-12), (
        "With one loan far out, whose loss is huge, the other entries of the gradient have too few "
        "correct digits. Let the tape differentiate; a difference of losses is no derivative."
    )
    assert all(map(np.array_equal, kept, (theta_hid, X_hid, y_hid, v_hid))), (
        "Your function changed an array that it was given."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below runs your functions on the data from the top. Change what you like. Worth a look: the
# largest stable step before and after standardising, and what happens just above it; how close 60
# steps on 8 houses come to descent on all 80; and why the average, which still remembers the start,
# is worse than the last iterate here.

# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
scaled, _ = standardise(house_features, house_features)
print(f"largest stable step, raw features:    {largest_stable_step(house_features, 0.01):.2e}")
print(f"largest stable step, scaled features: {largest_stable_step(scaled, 0.01):.2e}")

house_path = descend(
    lambda theta: ridge_gradient(theta, scaled, house_prices, 0.01), np.zeros(4), 0.3, 60, 1e-6
)
last, mean = averaged_sgd(
    lambda theta, X, y: ridge_gradient(theta, X, y, 0.01),
    np.zeros(4),
    minibatches(scaled, house_prices, 8, 6, 0),
    0.3,
    0.05,
)
house_losses = [ridge_loss(theta, scaled, house_prices, 0.01) for theta in house_path]
plt.semilogy(house_losses, label="gradient descent: 80 houses a step")
plt.axhline(
    ridge_loss(last, scaled, house_prices, 0.01), ls=":", label="60 steps of 8 houses: last"
)
plt.axhline(
    ridge_loss(mean, scaled, house_prices, 0.01), ls="--", label="60 steps of 8 houses: mean"
)
plt.xlabel("step")
plt.ylabel("loss")
plt.legend()
plt.show()

by_hand = default_gradient(np.zeros(3), loan_features, loan_defaults, loan_amounts)
_, by_tape = default_tape(np.zeros(3), loan_features, loan_defaults, loan_amounts)
print(f"by hand and by tape differ by {np.max(np.abs(by_hand - by_tape)):.1e}")
