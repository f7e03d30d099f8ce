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
# # Day 3: differential machine learning
#
# A desk has sold options on several stocks and must know, many times a day and in thousands of
# scenarios, what they are worth and how to hedge them. It has a simulator that gives noisy payoffs,
# and you. You write, piece by piece, what learns the prices and the hedges from single paths:
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | differential labels: a put, an option on the best stock, a digital | 2 + 2 + 2 |
# | 2 | normalisation, there and back | 2 + 1 |
# | 3 | the weights of the loss, and the loss | 2 + 2 |
# | 4 | a twin network, forward and backward | 4 |
# | 5 | a one-cycle learning rate | 1 |
# | 6 | the gradient that trains the network, by TensorFlow | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - There are `m` paths and `n` inputs (stocks). Inputs have shape `(m, n)`, values `(m,)`, derivatives
#   of the values with respect to the inputs `(m, n)`. Where there is only one stock, all three have
#   shape `(m,)`.
# - Numbers may arrive as integers. The answer must be the same as for floats.
# - Never change an array that you were given.
# - Loops or array formulas: both are fine.
# - The library (`course.option_data`, `course.differential_ml`) has other options, other shapes of
#   weights, another activation, another schedule. Read it for ideas; it does not answer the questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages from TensorFlow

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from scipy.special import ndtr, ndtri

from course.exercise import submission_rng

tf.constant(0.0) + 1.0  # wake TensorFlow here, so that what it reports lands in no test cell
tf.get_logger().setLevel("ERROR")

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_put", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: differential labels (2 + 2 + 2 points)
#
# **(a) A put.** At the horizon the stock stands at $x$. From there it grows, by one normal shock $z$, to
#
# $$
# S(z)=x\,\exp\!\Bigl(\bigl(r-\tfrac12\sigma^2\bigr)\tau+\sigma\sqrt\tau\,z\Bigr),
# $$
#
# with the interest rate $r$, the volatility $\sigma$ and the time $\tau$ to expiry in years. A put with
# strike $K$ then pays $\max(K-S,0)$, which at the horizon is worth $e^{-r\tau}\max(K-S,0)$.
#
# The label is the mean of this discounted payoff over the *antithetic pair* of shocks $z$ and $-z$:
#
# $$
# y=\tfrac12\,e^{-r\tau}\bigl[\max(K-S(z),0)+\max(K-S(-z),0)\bigr].
# $$
#
# The differential label is its derivative $\partial y/\partial x$ **with the shock $z$ held fixed**.
# $S$ is proportional to $x$. Where $S=K$ exactly, there is a kink; take 0 for the derivative of that
# payoff.
#
# Write `put_labels(x, z, strike, rate, sigma, tau)`. `x` and `z` have shape `(m,)`, one path each.
# Return the pair `(y, dydx)`, both of shape `(m,)`.
#
# **By hand.** $x=1$, $z=1$, $K=1.1$, $r=0.02$, $\sigma=0.2$, $\tau=1$. Then
# $r-\frac12\sigma^2=0$, so $S(1)=e^{0.2}=1.2214$, which pays nothing, and $S(-1)=e^{-0.2}=0.8187$, which
# pays $0.2813$. So $y=\frac12e^{-0.02}\cdot0.2813=0.1378$ and
# $\partial y/\partial x=-\frac12e^{-0.02}\cdot0.8187=-0.4013$.


# %% nbgrader={"grade": false, "grade_id": "put", "locked": false, "schema_version": 3, "solution": true, "task": false}
def put_labels(x, z, strike, rate, sigma, tau):
    """Return discounted payoffs of a put and their derivatives, means over an antithetic pair.

    x : shape (m,), the stock at the horizon, positive
    z : shape (m,), standard normal shocks
    strike, rate, sigma, tau : numbers; rate and sigma per year, tau in years

    Returns the pair (y, dydx), both of shape (m,).
    """
    ### BEGIN SOLUTION
    y, dydx = 0.0, 0.0
    for shock in (z, -z):
        growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * shock)
        y = y + np.exp(-rate * tau) * np.maximum(strike - x * growth, 0) / 2
        dydx = dydx - np.exp(-rate * tau) * growth * (x * growth < strike) / 2
    return y, dydx
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_put", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = put_labels(np.array([1.0]), np.array([1.0]), 1.1, 0.02, 0.2, 1.0)
assert isinstance(pair, tuple | list), "Return the pair (y, dydx)."
assert len(pair) == 2, "Return the pair (y, dydx)."
y, dydx = (np.asarray(part, dtype=float) for part in pair)
assert y.shape == dydx.shape == (1,), f"One path: shapes (1,), not {y.shape} and {dydx.shape}."
assert np.allclose(y, 0.137847, atol=1e-4), (
    f"The path from the text has y = 0.1378, not {y[0]:.6g}."
)
assert np.allclose(dydx, -0.40126, atol=1e-4), (
    f"The path from the text has dy/dx = -0.4013, not {dydx[0]:.6g}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("put")
for m in (40, 25):
    terms = {
        "strike": rng.uniform(80, 120),
        "rate": rng.uniform(0.01, 0.06),
        "sigma": rng.uniform(0.2, 0.5),
        "tau": float(rng.choice([0.25, 0.5, 2.0, 3.0])),
    }
    x_hid = rng.uniform(0.6, 1.4, m) * terms["strike"]
    z_hid = rng.normal(0, 1, m)
    kept = x_hid.copy(), z_hid.copy()
    y, dydx = (np.asarray(part, dtype=float) for part in put_labels(x_hid, z_hid, **terms))
    assert all(map(np.array_equal, kept, (x_hid, z_hid))), (
        "Your function changed an array that it was given."
    )
    assert y.shape == dydx.shape == (m,), (
        f"{m} paths: the shapes are ({m},), yours are {y.shape} and {dydx.shape}."
    )
    pays, slopes = np.zeros((2, m)), np.zeros((2, m))
    for row, sign in enumerate((1, -1)):
        drift = terms["rate"] - 0.5 * terms["sigma"] ** 2
        log_growth = drift * terms["tau"] + sign * terms["sigma"] * terms["tau"] ** 0.5 * z_hid
        end = x_hid * np.exp(log_growth)
        today = np.exp(-terms["rate"] * terms["tau"])
        pays[row] = today * np.where(end < terms["strike"], terms["strike"] - end, 0)
        slopes[row] = -today * np.where(end < terms["strike"], end / x_hid, 0)
    assert np.allclose(y, pays.mean(axis=0), rtol=1e-9, atol=1e-9), (
        "The labels y are wrong. Check the growth of the stock, the discounting, and the mean over "
        "the two shocks z and -z."
    )
    assert np.allclose(dydx, slopes.mean(axis=0), rtol=1e-9, atol=1e-9), (
        "The labels y are right, their derivatives are not: compare with finite differences in x, with "
        "the same z."
    )
# The mean over all shocks is the price and the delta of Black and Scholes.
many = ndtri((np.arange(20_000) + 0.5) / 20_000)
terms = {"strike": 1.0, "rate": 0.03, "sigma": 0.25, "tau": 2.0}
place = rng.uniform(0.8, 1.2)
y, dydx = (np.asarray(part) for part in put_labels(np.full(20_000, place), many, **terms))
total = 0.25 * 2**0.5
d1 = (np.log(place) + 0.03 * 2) / total + total / 2
price = np.exp(-0.06) * ndtr(total - d1) - place * ndtr(-d1)
assert np.isclose(y.mean(), price, atol=1e-4), "The mean of the labels is not the price of the put."
assert np.isclose(dydx.mean(), -ndtr(-d1), atol=1e-3), (
    "The mean of the differential labels is not the delta of the put."
)
# Very near the strike, on either side, and far from it.
near = np.array([1 - 1e-7, 1 + 1e-7, 1e-3, 1e9])
_, dydx = put_labels(2 * near, np.full(4, 0.5), 2.0, 0.0, 0.5, 4.0)
up, down = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 1, 0])
assert np.allclose(dydx, -(up + down * np.exp(-1)) / 2, rtol=1e-12, atol=1e-15), (
    "The derivative of a path that ends very near the strike, or far from it, is wrong. Derive it; a "
    "difference of payoffs is no derivative."
)
# exp(-0.5 + 0.5) = 1, so the first path ends exactly at the strike.
_, dydx = put_labels(np.array([2.0]), np.array([0.5]), 2.0, 0.0, 0.5, 4.0)
assert np.allclose(dydx, -np.exp(-1) / 2, rtol=1e-9), (
    "A path that ends exactly at the strike has the derivative 0."
)
whole = put_labels(np.array([1, 2]), np.array([1, -1]), 2, 0, 1, 1)
floats = put_labels(np.array([1.0, 2.0]), np.array([1.0, -1.0]), 2.0, 0.0, 1.0, 1.0)
assert np.allclose(np.asarray(whole), np.asarray(floats)), (
    "Whole numbers give other labels than floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_best", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b) The best of several stocks.** At the horizon the $n$ stocks stand at $x_1,\dots,x_n$; until expiry
# they change by $d_1,\dots,d_n$. The option pays what the *best* of them ends above the strike:
#
# $$
# y=\max\Bigl(\max_j\,(x_j+d_j)-K,\;0\Bigr).
# $$
#
# Which derivatives has this with respect to $x_1,\dots,x_n$, the changes $d$ held fixed? If two stocks
# are the best together, let the first of them (the smaller $j$) count; where the payoff is exactly 0,
# all derivatives are 0.
#
# Write `best_of_labels(X, D, strike)`. `X` and `D` have shape `(m, n)`. Return the pair `(y, dydx)`
# with the shapes `(m,)` and `(m, n)`.
#
# **By hand.** $x=(1,2)$, $d=(1.5,0.2)$, $K=2$: the stocks end at 2.5 and 2.2, so $y=0.5$ and
# $\partial y/\partial x=(1,0)$. With $K=3$ both $y$ and $\partial y/\partial x$ are 0.


# %% nbgrader={"grade": false, "grade_id": "best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_of_labels(X, D, strike):
    """Return payoffs of an option on the best of n stocks, and their derivatives.

    X : shape (m, n), the stocks at the horizon
    D : shape (m, n), their changes until expiry
    strike : number

    Returns the pair (y, dydx) with shapes (m,) and (m, n).
    """
    ### BEGIN SOLUTION
    ends = X + D
    y = np.maximum(ends.max(axis=1) - strike, 0)
    dydx = np.zeros(ends.shape)
    dydx[np.arange(len(ends)), ends.argmax(axis=1)] = y > 0
    return y, dydx
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_best", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
X_two, D_two = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[1.5, 0.2], [0.0, 0.0]])
pair = best_of_labels(X_two, D_two, 2.0)
assert isinstance(pair, tuple | list), "Return the pair (y, dydx)."
assert len(pair) == 2, "Return the pair (y, dydx)."
y, dydx = (np.asarray(part, dtype=float) for part in pair)
assert y.shape == (2,), f"Two paths: y has shape (2,), not {y.shape}."
assert dydx.shape == (2, 2), f"Two paths of two stocks: dydx has shape (2, 2), not {dydx.shape}."
assert np.allclose(y, [0.5, 0]), f"The payoffs are 0.5 and 0, not {y}."
assert np.allclose(dydx, [[1, 0], [0, 0]]), f"The derivatives are (1, 0) and (0, 0), not {dydx}."
### BEGIN HIDDEN TESTS
rng = submission_rng("best")


def pays(ends, floor):
    return np.array([max([*row, floor]) - floor for row in ends])


for m, n in [(30, 1), (40, 3), (50, 5)]:
    X_hid, D_hid = rng.normal(1, 0.5, (m, n)), rng.normal(0, 0.7, (m, n))
    strike_hid = float(np.median((X_hid + D_hid).max(axis=1))) + 0.001
    kept = X_hid.copy(), D_hid.copy()
    y, dydx = (np.asarray(part, dtype=float) for part in best_of_labels(X_hid, D_hid, strike_hid))
    assert all(map(np.array_equal, kept, (X_hid, D_hid))), (
        "Your function changed an array that it was given."
    )
    assert (y.shape, dydx.shape) == ((m,), (m, n)), (
        f"{m} paths of {n} stock(s): ({m},) and ({m}, {n}) are asked for, "
        f"yours are {y.shape} and {dydx.shape}."
    )

    assert np.allclose(y, pays(X_hid + D_hid, strike_hid), rtol=1e-9, atol=1e-12), (
        "The payoffs are wrong: what the best stock ends above the strike, and never below zero."
    )
    for j in range(n):
        right = [
            float(max(row) > strike_hid and max(range(n), key=lambda i, row=row: row[i]) == j)
            for row in (X_hid + D_hid).tolist()
        ]
        assert np.allclose(dydx[:, j], right, atol=1e-6), (
            "The payoffs are right, the derivatives are not: raise one stock a little, keep all "
            "changes, and see on which paths the payoff rises."
        )
close = np.array([[2.0, 2 + 1e-9, 1], [2 + 1e-9, 2, 1], [1 + 1e-9, 0, 0], [1 - 1e-9, 0, 0]])
_, dydx = best_of_labels(close, np.zeros((4, 3)), 1.0)
assert np.allclose(dydx, [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], atol=1e-13), (
    "Where two stocks, or the best and the strike, are very close the derivatives are wrong: they are "
    "1 or 0, and a difference of payoffs is no derivative."
)
_, dydx = best_of_labels(np.array([[1.0, 2.0, 2.0]]), np.array([[0.5, 0.25, 0.25]]), 1.0)
assert np.allclose(dydx, [[0, 1, 0]]), "When two stocks are best together, only the first counts."
y, dydx = best_of_labels(np.array([[1, 3], [5, 2]]), np.array([[1, -1], [-1, 4]]), 2)
assert np.allclose(y, [0, 4]), "Whole numbers give other payoffs than floats."
assert np.allclose(dydx, [[0, 0], [0, 1]]), (
    "A path that ends exactly at the strike pays 0 and has no derivative."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_ramp", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(c) A digital, made smooth.** A digital option pays 1 if $x+d>K$, else 0. Along every path its
# derivative is 0, while its price does depend on $x$: here the mean of the differential labels is *not*
# the delta, and a network trained on them learns nonsense. The desk therefore replaces the jump by a
# ramp of half width $w>0$:
#
# $$
# y=\begin{cases}0& s\le -w\\[2pt] \tfrac12+\dfrac{s}{2w}& -w<s<w\\[4pt] 1& s\ge w\end{cases}
# \qquad s=x+d-K .
# $$
#
# Write `ramp_labels(x, d, strike, width)` with `x` and `d` of shape `(m,)`. Return the pair `(y, dydx)`,
# both of shape `(m,)`. At the two kinks, $s=\pm w$, the derivative is 0.
#
# **By hand.** $x=1$, $d=0.05$, $K=1$, $w=0.1$: $s=0.05$, so $y=0.75$ and $\partial y/\partial x=5$.


# %% nbgrader={"grade": false, "grade_id": "ramp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ramp_labels(x, d, strike, width):
    """Return payoffs of a digital whose jump is a ramp, and their derivatives.

    x : shape (m,), the stock at the horizon
    d : shape (m,), its change until expiry
    strike : number
    width : half the width of the ramp, a number > 0

    Returns the pair (y, dydx), both of shape (m,).
    """
    ### BEGIN SOLUTION
    s = x + d - strike
    y = np.clip(0.5 + s / (2 * width), 0, 1)
    return y, (np.abs(s) < width) / (2 * width)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_ramp", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = ramp_labels(np.array([1.0, 1.0, 1.0]), np.array([0.05, -0.3, 0.3]), 1.0, 0.1)
assert isinstance(pair, tuple | list), "Return the pair (y, dydx)."
assert len(pair) == 2, "Return the pair (y, dydx)."
y, dydx = (np.asarray(part, dtype=float) for part in pair)
assert y.shape == dydx.shape == (3,), f"Three paths: shapes (3,), not {y.shape} and {dydx.shape}."
assert np.allclose(y, [0.75, 0, 1]), f"The payoffs are 0.75, 0 and 1, not {y}."
assert np.allclose(dydx, [5, 0, 0]), f"The derivatives are 5, 0 and 0, not {dydx}."
### BEGIN HIDDEN TESTS
rng = submission_rng("ramp")
for m in (60, 45):
    strike_hid, width_hid = rng.uniform(0.8, 3), rng.uniform(0.1, 0.9)
    x_hid, d_hid = strike_hid + rng.normal(0, width_hid, m), rng.normal(0, width_hid, m)
    kept = x_hid.copy(), d_hid.copy()
    labels = ramp_labels(x_hid, d_hid, strike_hid, width_hid)
    y, dydx = (np.asarray(part, dtype=float) for part in labels)
    assert all(map(np.array_equal, kept, (x_hid, d_hid))), (
        "Your function changed an array that it was given."
    )
    assert y.shape == dydx.shape == (m,), (
        f"{m} paths: the shapes are ({m},), yours are {y.shape} and {dydx.shape}."
    )
    knots = [strike_hid - width_hid, strike_hid + width_hid]
    level = np.interp(x_hid + d_hid, knots, [0.0, 1.0])
    assert np.allclose(y, level, rtol=1e-9, atol=1e-9), (
        "The payoffs are wrong: 0 below the ramp, 1 above, ½ at the strike, linear in between."
    )
    slopes = np.where((level > 0) & (level < 1), 0.5 / width_hid, 0)
    assert np.allclose(dydx, slopes, rtol=1e-12, atol=1e-13), (
        "The payoffs are right, the derivatives are not: the slope of the ramp on it, 0 elsewhere."
    )
ends = np.array([-1 + 1e-9, -1 - 1e-9, 1 - 1e-9, 1 + 1e-9])
_, dydx = ramp_labels(ends, np.zeros(4), 0.0, 1.0)
assert np.allclose(dydx, [0.5, 0, 0.5, 0], atol=1e-13), (
    "Very near the ends of the ramp the derivatives are wrong: a difference of payoffs is none."
)
y, dydx = (np.asarray(a, dtype=float) for a in ramp_labels(np.array([1, 3, 2]), np.zeros(3), 2, 1))
assert np.allclose(y[:2], [0, 1]), "The payoff at the two ends of the ramp is wrong."
assert np.isclose(y[2], 0.5), "Whole numbers give another payoff than floats."
assert np.allclose(dydx[:2], 0), "At the two ends of the ramp the derivative is 0."
assert np.isclose(dydx[2], 0.5), "Whole numbers give another derivative than floats."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_normalise", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: normalisation (2 + 1 points)
#
# **(a)** A network learns in units in which everything has size 1. For a training set $X$, $y$ and
# $Z=\partial y/\partial x$ let $\mu_j,s_j$ be mean and standard deviation of column $j$ of $X$ (divide by
# $m$, NumPy's default) and $\mu_y,s_y$ those of $y$. The normalised set is
#
# $$
# \tilde x_{ij}=\frac{x_{ij}-\mu_j}{s_j},\qquad \tilde y_i=\frac{y_i-\mu_y}{s_y},\qquad
# \tilde z_{ij}=\frac{\partial\tilde y_i}{\partial\tilde x_{ij}} .
# $$
#
# Work out by the chain rule what $\tilde z_{ij}$ is in terms of $z_{ij}$. For a column of $X$ in which all
# numbers are equal use $s_j=1$, so that nothing is divided by zero. Find such columns by comparing
# their *numbers*: the computed $s_j$ may come out as $10^{-17}$ and not as 0, because the mean is rounded.
#
# Write `normalise(X, y, Z)`. Return a dict with the keys `"x"`, `"y"`, `"z"` (the normalised arrays) and
# `"x_mean"`, `"x_std"` (shape `(n,)`), `"y_mean"`, `"y_std"` (numbers): the $\mu$ and $s$ that were used.
#
# **By hand.** One input, two paths: $x=(1,5)$, $y=(10,14)$, $z=(3,6)$. Then $\mu=3$, $s=2$, $\mu_y=12$,
# $s_y=2$, and $\tilde x=\tilde y=(-1,1)$, $\tilde z=(3,6)$. If $y=(10,18)$ instead, then $s_y=4$ and
# $\tilde z=(1.5,3)$.


# %% nbgrader={"grade": false, "grade_id": "normalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normalise(X, y, Z):
    """Return a training set in normalised units, and those units.

    X : shape (m, n), inputs
    y : shape (m,), values, not all equal
    Z : shape (m, n), derivatives of the values with respect to the inputs

    Returns a dict with "x", "y", "z", "x_mean", "x_std", "y_mean", "y_std".
    """
    ### BEGIN SOLUTION
    x_mean, varies = X.mean(axis=0), np.ptp(X, axis=0) > 0
    x_std = np.where(varies, X.std(axis=0), 1)
    return {
        "x": (X - x_mean) / x_std,
        "y": (y - y.mean()) / y.std(),
        "z": Z * x_std / y.std(),
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y.mean(),
        "y_std": y.std(),
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_normalise", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = normalise(np.array([[1.0], [5.0]]), np.array([10.0, 18.0]), np.array([[3.0], [6.0]]))
names = {"x", "y", "z", "x_mean", "x_std", "y_mean", "y_std"}
assert set(found) == names, f"Return a dict with the keys {sorted(names)}, not {sorted(found)}."
for name, right in [
    ("x_mean", [3]), ("x_std", [2]), ("y_mean", 14), ("y_std", 4),
    ("x", [[-1], [1]]), ("y", [-1, 1]), ("z", [[1.5], [3]]),
]:  # fmt: skip
    value = np.asarray(found[name], dtype=float)
    assert value.shape == np.shape(right), f"{name} has shape {np.shape(right)}, not {value.shape}."
    assert np.allclose(value, right), f"In the example {name} is {right}, not {value.tolist()}."
### BEGIN HIDDEN TESTS
rng = submission_rng("normalise")
for m, n in [(20, 1), (30, 4), (9, 2)]:
    X_hid = rng.normal(rng.uniform(2, 9, n), rng.uniform(0.2, 5, n), (m, n))
    y_hid = rng.normal(rng.uniform(5, 9), rng.uniform(2, 7), m)
    Z_hid = rng.normal(1, 2, (m, n))
    kept = X_hid.copy(), y_hid.copy(), Z_hid.copy()
    found = {
        name: np.asarray(value, dtype=float)
        for name, value in normalise(X_hid, y_hid, Z_hid).items()
    }
    assert all(map(np.array_equal, kept, (X_hid, y_hid, Z_hid))), (
        "Your function changed an array that it was given."
    )
    mu, s = X_hid.sum(axis=0) / m, np.sqrt(np.var(X_hid, axis=0))
    mu_y, s_y = y_hid.sum() / m, np.sqrt(np.var(y_hid))
    right = {
        "x_mean": mu,
        "x_std": s,
        "y_mean": mu_y,
        "y_std": s_y,
        "x": (X_hid - mu) / s,
        "y": (y_hid - mu_y) / s_y,
    }
    for name, value in right.items():
        assert found[name].shape == np.shape(value), (
            f"With {m} paths and {n} input(s) {name} has shape {np.shape(value)}, yours "
            f"{found[name].shape}."
        )
        assert np.allclose(found[name], value, rtol=1e-9, atol=1e-12), (
            f"{name} is wrong for random data. Each column has its own mean and standard deviation."
        )
    assert found["z"].shape == (m, n), "z has the shape of X."
    # Δỹ = z̃·Δx̃ must hold for a small step of one input, in the new units.
    ratios = found["z"] / Z_hid
    assert np.allclose(ratios * s_y, np.outer(np.ones(m), s), rtol=1e-9), (
        "x and y are right and z is not: how much is one new unit of x, how much one of y?"
    )
X_hid = np.column_stack([np.full(8, 4.0), np.arange(8.0)])
found = normalise(X_hid, np.arange(8.0) ** 2, np.ones((8, 2)))
assert np.allclose(found["x"][:, 0], 0), "A column of equal numbers becomes a column of zeros."
assert np.isclose(found["x_std"][0], 1), "A column of equal numbers has the unit 1."
assert np.allclose(np.asarray(found["z"])[:, 0] * np.std(np.arange(8.0) ** 2), 1), (
    "The derivative with respect to a column of equal numbers is measured in the unit 1 of x."
)
for m in (3, 6, 10, 12):  # whose computed deviation is some 1e-17
    X_hid_m = np.column_stack([np.arange(m), np.full(m, 0.1)])
    found_m = normalise(X_hid_m, np.arange(m) ** 2.0, np.ones((m, 2)))
    assert np.isclose(np.asarray(found_m["x_std"])[1], 1), (
        "A column in which every number is 0.1 has the unit 1, however its deviation is rounded."
    )
    assert np.allclose(np.asarray(found_m["x"])[:, 1], 0), (
        "A column in which every number is 0.1 becomes a column of zeros."
    )
for unit, base in ((1e-6, 0.0), (1e-20, 0.0), (2.0**-43, 1.0)):
    small = normalise(base + unit * X_hid, np.arange(8.0) ** 2, np.ones((8, 2)))
    assert np.allclose(np.asarray(small["x"])[:, 1], np.asarray(found["x"])[:, 1], atol=0.02), (
        "A column of numbers that differ by little, but differ, is normalised like any other."
    )
whole = normalise(np.array([[1], [5], [9]]), np.array([1, 2, 6]), np.array([[1], [2], [2]]))
assert np.allclose(whole["x"], [[-(1.5**0.5)], [0], [1.5**0.5]]), "Whole numbers give another x."
assert np.allclose(whole["z"], np.array([[1], [2], [2]]) * (32 / 14) ** 0.5), (
    "Whole numbers give another z."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_denormalise", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** The trained network answers in normalised units. Write
# `denormalise(y, z, x_std, y_mean, y_std)`, which takes its values `y`, shape `(m,)`, and derivatives `z`,
# shape `(m, n)`, back to the units of the data. Return the pair `(values, derivatives)`.
#
# **By hand.** $\tilde y=(-1,1)$, $\tilde z=(1.5,3)$ with $s=2$, $\mu_y=14$, $s_y=4$: back come
# $y=(10,18)$ and $z=(3,6)$.


# %% nbgrader={"grade": false, "grade_id": "denormalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def denormalise(y, z, x_std, y_mean, y_std):
    """Return values and derivatives in the units of the data.

    y : shape (m,), normalised values
    z : shape (m, n), normalised derivatives
    x_std : shape (n,)
    y_mean, y_std : numbers

    Returns the pair (values, derivatives) with shapes (m,) and (m, n).
    """
    ### BEGIN SOLUTION
    return y_mean + y_std * y, z * y_std / x_std
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_denormalise", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
pair = denormalise(np.array([-1.0, 1.0]), np.array([[1.5], [3.0]]), np.array([2.0]), 14.0, 4.0)
assert isinstance(pair, tuple | list), "Return the pair (values, derivatives)."
assert len(pair) == 2, "Return the pair (values, derivatives)."
values, derivatives = (np.asarray(part, dtype=float) for part in pair)
assert values.shape == (2,), f"Two paths: the values have shape (2,), not {values.shape}."
assert derivatives.shape == (2, 1), f"The derivatives have shape (2, 1), not {derivatives.shape}."
assert np.allclose(values, [10, 18]), f"The values are 10 and 18, not {values}."
assert np.allclose(derivatives, [[3], [6]]), f"The derivatives are 3 and 6, not {derivatives}."
### BEGIN HIDDEN TESTS
rng = submission_rng("denormalise")
for m, n in [(12, 1), (7, 3), (4, 4)]:
    x_std, y_mean, y_std = rng.uniform(0.2, 5, n), rng.normal(20, 2), rng.uniform(2, 9)
    y_hid, z_hid = rng.normal(0, 1, m), rng.normal(0, 1, (m, n))
    kept = y_hid.copy(), z_hid.copy(), x_std.copy()
    values, derivatives = (
        np.asarray(part, dtype=float) for part in denormalise(y_hid, z_hid, x_std, y_mean, y_std)
    )
    assert all(map(np.array_equal, kept, (y_hid, z_hid, x_std))), (
        "Your function changed an array that it was given."
    )
    assert (values.shape, derivatives.shape) == ((m,), (m, n)), (
        f"{m} paths of {n} input(s): shapes ({m},) and ({m}, {n}), yours {values.shape} and "
        f"{derivatives.shape}."
    )
    assert np.allclose((values - y_mean) / y_std, y_hid, rtol=1e-9, atol=1e-9), (
        "Normalising your values again does not give back what you were given."
    )
    for j in range(n):
        assert np.allclose(
            derivatives[:, j] / y_std * x_std[j], z_hid[:, j], rtol=1e-9, atol=1e-9
        ), (
            "Normalising your derivatives again does not give back what you were given. Column j "
            "has the unit x_std[j]."
        )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_weights", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: the loss (2 + 2 points)
#
# **(a) Its weights.** A path brings one value and $n$ derivatives. The loss mixes the two kinds of
# errors with the weights
#
# $$
# \alpha=\frac1{1+\lambda n},\qquad \beta=1-\alpha ,
# $$
#
# where the number $\lambda\ge0$ is the *balance* (usually 1). And so that an input with large
# derivatives does not drown the others, the error of derivative $j$ is multiplied by $\lambda_j$, a
# factor that has the letter in common with the balance and nothing else:
#
# $$
# \lambda_j=\frac1{\sqrt{\frac1m\sum_i z_{ij}^2}} ,
# $$
#
# with the normalised derivatives $z$ of the training set. If all derivatives of an input are 0, take
# $\lambda_j=0$.
#
# Write `loss_weights(z, balance)` with `z` of shape `(m, n)`. Return the triple `(alpha, beta, lambdas)`:
# two numbers and an array of shape `(n,)`.
#
# **By hand.** Two paths, two inputs, $z=\begin{pmatrix}3&0\\-3&8\end{pmatrix}$, balance 1: $\alpha=\frac13$,
# $\beta=\frac23$, and $\lambda_1=\frac13$, $\lambda_2=1/\sqrt{32}=0.1768$.


# %% nbgrader={"grade": false, "grade_id": "weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
def loss_weights(z, balance):
    """Return the weights of the differential loss.

    z : shape (m, n), normalised derivatives of the training set
    balance : number >= 0

    Returns the triple (alpha, beta, lambdas): two numbers and an array of shape (n,).
    """
    ### BEGIN SOLUTION
    alpha = 1 / (1 + balance * z.shape[1])
    sizes = np.sqrt(np.mean(z**2, axis=0))
    lambdas = np.array([1 / size if size > 0 else 0 for size in sizes])
    return alpha, 1 - alpha, lambdas
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_weights", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
triple = loss_weights(np.array([[3.0, 0.0], [-3.0, 8.0]]), 1.0)
assert isinstance(triple, tuple | list), "Return (alpha, beta, lambdas)."
assert len(triple) == 3, "Return (alpha, beta, lambdas)."
alpha, beta, lambdas = (np.asarray(part, dtype=float) for part in triple)
assert alpha.shape == beta.shape == (), "alpha and beta are numbers."
assert lambdas.shape == (2,), f"Two inputs: lambdas has shape (2,), not {lambdas.shape}."
assert np.isclose(alpha, 1 / 3), f"In the example alpha is 1/3, not {alpha:.6g}."
assert np.isclose(beta, 2 / 3), f"In the example beta is 2/3, not {beta:.6g}."
assert np.allclose(lambdas, [1 / 3, 32**-0.5]), f"lambdas are 0.3333 and 0.1768, not {lambdas}."
### BEGIN HIDDEN TESTS
rng = submission_rng("weights")
for m, n in [(15, 1), (40, 3), (6, 8)]:
    z_hid = rng.normal(rng.uniform(0.5, 3, n), rng.uniform(0.01, 4, n), (m, n))
    kept = z_hid.copy()
    balance_hid = rng.uniform(0.3, 3)
    triple = loss_weights(z_hid, balance_hid)
    alpha, beta, lambdas = (np.asarray(part, dtype=float) for part in triple)
    assert np.array_equal(kept, z_hid), "Your function changed the array that it was given."
    assert lambdas.shape == (n,), f"{n} input(s): lambdas has shape ({n},), not {lambdas.shape}."
    assert np.isclose(1 / alpha, 1 + balance_hid * n, rtol=1e-9), (
        f"alpha is wrong for {n} input(s) and a balance that is not 1."
    )
    assert np.isclose(alpha + beta, 1, rtol=1e-12), "alpha and beta sum to 1."
    for j in range(n):
        assert np.isclose(lambdas[j] ** 2 * (z_hid[:, j] ** 2).sum(), m, rtol=1e-9), (
            "Multiplied by lambdas every column of z has the mean square 1; yours has not."
        )
z_hid[:, 2] = 0
with np.errstate(all="ignore"):
    alpha, beta, lambdas = loss_weights(z_hid, 0)
assert (alpha, beta) == (1, 0), "With the balance 0 derivatives do not count: alpha 1, beta 0."
assert lambdas[2] == 0, "An input whose derivatives are all zero has the factor 0."
assert np.all(np.asarray(lambdas)[[0, 1, 3]] > 0), "Only a column of zeros has the factor 0."
_, _, lambdas = loss_weights(np.array([[0.5], [0.0], [0.0], [0.0]]), 1)
assert np.allclose(lambdas, 4), "A column with some zeros is divided by m, zeros counted."
_, _, lambdas = loss_weights(1e-20 * np.array([[3.0, 0.0], [-3.0, 8.0]]), 1.0)
assert np.allclose(lambdas, [1e20 / 3, 1e20 * 32**-0.5]), (
    "Only a column of zeros has the factor 0, not one of small derivatives."
)
_, _, lambdas = loss_weights(np.array([[3, 0], [-3, 8]]), 1)
assert np.allclose(lambdas, [1 / 3, 32**-0.5]), "Whole numbers give other lambdas than floats."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_loss", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b) The loss itself.** With predictions $\hat y$, $\hat z$ and labels $y$, $z$, all normalised,
#
# $$
# L=\alpha\,\frac1m\sum_{i}(\hat y_i-y_i)^2+(1-\alpha)\,\frac1{mn}\sum_{i,j}
# \bigl(\lambda_j(\hat z_{ij}-z_{ij})\bigr)^2 .
# $$
#
# Write `differential_loss(y_hat, z_hat, y, z, alpha, lambdas)`. It returns one number.
#
# **Watch the shapes.** A network's output often has shape `(m, 1)`. If `y_hat` arrives like that, treat
# it as `(m,)`: `(m, 1)` minus `(m,)` is an `(m, m)` table, and no error.
#
# **By hand.** One path, two inputs: $\hat y-y=2$, $\hat z-z=(1,3)$, $\alpha=\frac14$, $\lambda=(2,1)$. Then
# $L=\frac14\cdot4+\frac34\cdot\frac{(2\cdot1)^2+(1\cdot3)^2}{2}=1+4.875=5.875$.


# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    """Return the loss L, one number.

    y_hat : shape (m,) or (m, 1), predicted values
    y : shape (m,), labels
    z_hat, z : shape (m, n), predicted derivatives and their labels
    alpha : number from 0 to 1
    lambdas : shape (n,)
    """
    ### BEGIN SOLUTION
    values = np.mean((np.ravel(y_hat) - y) ** 2)
    derivatives = np.mean((lambdas * (z_hat - z)) ** 2)
    return alpha * values + (1 - alpha) * derivatives
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
value = differential_loss(
    np.array([3.0]), np.array([[1.0, 4.0]]), np.array([1.0]), np.array([[0.0, 1.0]]),
    0.25, np.array([2.0, 1.0]),
)  # fmt: skip
value = np.asarray(value, dtype=float)
assert value.shape == (), f"The loss is one number; yours has shape {value.shape}."
assert np.isclose(value, 5.875), f"The example from the text has the loss 5.875, not {value:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("loss")
for m, n in [(11, 1), (20, 3), (5, 5)]:
    y_hid, wrong = rng.normal(0, 1, (2, m))
    z_hid, wrong_z = rng.normal(0, 1, (2, m, n))
    lam_hid, alpha_hid = rng.uniform(0.3, 4, n), rng.uniform(0.2, 0.8)
    y_hat, z_hat = y_hid + wrong, z_hid + wrong_z
    kept = y_hat.copy(), z_hat.copy(), y_hid.copy(), z_hid.copy(), lam_hid.copy()
    labels = y_hid, z_hid
    plain = np.asarray(differential_loss(y_hat, z_hat, *labels, 1.0, lam_hid), dtype=float)
    assert plain.shape == (), f"The loss is one number; yours has shape {plain.shape}."
    assert np.isclose(plain, wrong.dot(wrong) / m, rtol=1e-9), (
        "With alpha = 1 the loss is the mean squared error of the values; yours is not."
    )
    slopes = sum((lam_hid[j] * wrong_z[i, j]) ** 2 for i in range(m) for j in range(n)) / (m * n)
    assert np.isclose(
        differential_loss(y_hid, z_hat, *labels, alpha_hid, lam_hid),
        (1 - alpha_hid) * slopes,
        rtol=1e-9,
    ), (
        "When all values are right, the loss of the derivatives is left, and yours is wrong: each "
        "error is multiplied by its λ before the square, and the mean is over paths and inputs."
    )
    both = alpha_hid * wrong.dot(wrong) / m + (1 - alpha_hid) * slopes
    assert np.isclose(
        differential_loss(y_hat, z_hat, *labels, alpha_hid, lam_hid), both, rtol=1e-9
    ), "Both parts of the loss are right alone, and their sum is not."
    assert np.isclose(
        differential_loss(y_hat[:, None], z_hat, *labels, alpha_hid, lam_hid), both, rtol=1e-9
    ), (
        "With a y_hat of shape (m, 1) the loss is another one. Did the difference of values become "
        "a table of shape (m, m)?"
    )
    assert all(map(np.array_equal, kept, (y_hat, z_hat, y_hid, z_hid, lam_hid))), (
        "Your function changed an array that it was given."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_twin", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: a twin network (4 points)
#
# The network has layers $l=1,\dots,L$, of which here, unlike in the lecture, the *output* layer is the
# last: there are $L-1$ hidden ones. Layer $l$ has a matrix $W_l$ and a vector $b_l$; here, as in
# PyTorch, $W_l$ has **one row for each output** of the layer and one column for each input. With the
# activation $\varphi$, applied to each number, one path goes through it as
#
# $$
# a_0=x,\qquad s_l=W_la_{l-1}+b_l,\quad a_l=\varphi(s_l)\quad(l<L),\qquad \hat y=W_La_{L-1}+b_L .
# $$
#
# The last layer has one output and **no** activation. Its twin runs back and finds the derivatives:
#
# $$
# g_{L-1}=W_L^\top,\qquad g_{l-1}=W_l^\top\bigl(g_l\circ\varphi'(s_l)\bigr)\quad(l=L-1,\dots,1),\qquad
# \frac{\partial\hat y}{\partial x}=g_0 ,
# $$
#
# where $\circ$ multiplies entry by entry.
#
# Write `twin_network(layers, X, phi, phi_slope)`. `layers` is a list of pairs `(W, b)`; `X` has shape
# `(m, n)`; `phi(s)` and `phi_slope(s)` are functions that take an array and return one of the same
# shape. Return the pair `(y_hat, z_hat)` with the shapes `(m,)` and `(m, n)`. Call `phi` and `phi_slope`
# once for each hidden layer, not for each path: they may be slow.
#
# A network may have no hidden layer at all ($L=1$): it is linear, and every path has the derivative
# $W_1$.
#
# **By hand.** One input, one hidden unit, $W_1=(2)$, $b_1=(1)$, $W_2=(5)$, $b_2=(-3)$, $\varphi(s)=s^2$ and
# $x=1$: $s_1=3$, $a_1=9$, $\hat y=42$. Backward: $g_1=5$, $g_0=2\cdot(5\cdot2\cdot3)=60$. Indeed
# $\hat y=5(2x+1)^2-3$ has the derivative $20(2x+1)=60$.


# %% nbgrader={"grade": false, "grade_id": "twin", "locked": false, "schema_version": 3, "solution": true, "task": false}
def twin_network(layers, X, phi, phi_slope):
    """Return the values of a network and their derivatives with respect to its inputs.

    layers : list of pairs (W, b), from the input to the output; W has shape (outputs, inputs), b has
        shape (outputs,); the last layer has one output
    X : shape (m, n)
    phi, phi_slope : functions of arrays, the activation and its derivative

    Returns the pair (y_hat, z_hat) with shapes (m,) and (m, n).
    """
    ### BEGIN SOLUTION
    a, slopes = X, []
    for W, b in layers[:-1]:
        s = a @ W.T + b
        slopes.append(phi_slope(s))
        a = phi(s)
    W, b = layers[-1]
    y_hat = a @ W[0] + b[0]
    g = np.repeat(W, len(X), axis=0)
    for W, _ in reversed(layers[:-1]):
        g = (g * slopes.pop()) @ W
    return y_hat, g
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_twin", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
by_hand = [(np.array([[2.0]]), np.array([1.0])), (np.array([[5.0]]), np.array([-3.0]))]
pair = twin_network(by_hand, np.array([[1.0], [0.0]]), lambda s: s**2, lambda s: 2 * s)
assert isinstance(pair, tuple | list), "Return the pair (y_hat, z_hat)."
assert len(pair) == 2, "Return the pair (y_hat, z_hat)."
y_hat, z_hat = (np.asarray(part, dtype=float) for part in pair)
assert y_hat.shape == (2,), f"Two paths: y_hat has shape (2,), not {y_hat.shape}."
assert z_hat.shape == (2, 1), f"Two paths, one input: z_hat has shape (2, 1), not {z_hat.shape}."
assert np.allclose(y_hat, [42, 2]), f"At x = 1 and 0 the example gives 42 and 2, not {y_hat}."
assert np.allclose(z_hat, [[60], [20]]), (
    f"The derivatives there are 60 and 20, not {z_hat.ravel()}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("twin")
calls, entries = [], []


def counted(function):
    def counting(s):
        calls.append(function)
        entries.append(np.size(s))
        return function(np.asarray(s, dtype=float))

    return counting


softplus = (lambda s: np.logaddexp(0, s), lambda s: 1 / (1 + np.exp(-s)), tf.nn.softplus)
tanh = (np.tanh, lambda s: 1 - np.tanh(s) ** 2, tf.tanh)
for sizes, (phi, phi_slope, tf_phi) in [
    ((1, 4, 1), softplus),
    ((3, 3, 3, 1), softplus),
    ((4, 5, 2, 6, 1), tanh),
    ((2, 3, 1), tanh),
    ((3, 1), softplus),
]:
    layers = [
        (rng.normal(0, 0.8, (size, before)), rng.normal(0, 0.8, size))
        for before, size in itertools.pairwise(sizes)
    ]
    X_hid = rng.normal(0, 1, (7, sizes[0]))
    kept = X_hid.copy(), [(W.copy(), b.copy()) for W, b in layers]
    calls.clear()
    entries.clear()
    pair = twin_network(layers, X_hid, counted(phi), counted(phi_slope))
    y_hat, z_hat = (np.asarray(part, dtype=float) for part in pair)
    hidden = len(sizes) - 2
    shape = f"With {sizes[0]} input(s) and {hidden} hidden layer(s), 7 paths:"
    assert y_hat.shape == (7,), f"{shape} y_hat has shape (7,), yours {y_hat.shape}."
    assert z_hat.shape == X_hid.shape, f"{shape} z_hat has the shape of X, yours {z_hat.shape}."
    x_tape = tf.constant(kept[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x_tape)
        a = x_tape
        for W, b in kept[1][:-1]:
            a = tf_phi(tf.matmul(a, W, transpose_b=True) + b)
        y_tape = tf.matmul(a, kept[1][-1][0], transpose_b=True) + kept[1][-1][1]
    assert np.allclose(y_hat, y_tape.numpy()[:, 0], rtol=1e-5, atol=1e-7), (
        f"{shape} the values are wrong. Check W (one row for each output), the biases, and "
        "that only the last layer has no activation."
    )
    assert np.allclose(z_hat, tape.gradient(y_tape, x_tape).numpy(), rtol=1e-5, atol=1e-7), (
        f"{shape} the values are right, the derivatives differ from those of a tape."
    )
    assert np.allclose(z_hat, tape.gradient(y_tape, x_tape).numpy(), rtol=1e-11, atol=1e-12), (
        f"{shape} the derivatives have too few correct digits. Go back through the layers; a "
        "difference of values is no derivative."
    )
    assert sum(entries) <= 2 * 7 * sum(sizes[1:-1]), (
        f"{shape} you give phi and phi_slope more paths than there are. The twin needs no other "
        "points than those of X."
    )
    assert len(calls) == 2 * hidden, (
        f"{shape} phi and phi_slope are to be called once for each hidden layer, {2 * hidden} times in "
        f"all; you called them {len(calls)} times."
    )
    assert np.array_equal(kept[0], X_hid), "Your function changed X."
    assert all(
        np.array_equal(old, new)
        for pair_old, pair_new in zip(kept[1], layers, strict=True)
        for old, new in zip(pair_old, pair_new, strict=True)
    ), "Your function changed the layers."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_cycle", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: a one-cycle learning rate (1 point)
#
# The lecture's learning rate is made of straight lines. This one is made of two half waves. With $T$
# updates in all it rises from $\eta_0=\text{peak}/25$ at $t=0$ to the peak at $t=0.3\,T$, then falls
# towards $\eta_T=\text{peak}/10^4$, which it would reach at $t=T$, one update after the last:
#
# $$
# \eta_t=\begin{cases}
# \eta_0+(\text{peak}-\eta_0)\,\dfrac{1-\cos\bigl(\pi\,t/(0.3\,T)\bigr)}2 & t<0.3\,T\\[8pt]
# \eta_T+(\text{peak}-\eta_T)\,\dfrac{1+\cos\bigl(\pi\,(t-0.3\,T)/(0.7\,T)\bigr)}2 & t\ge0.3\,T
# \end{cases}
# \qquad t=0,1,\dots,T-1 .
# $$
#
# Write `cosine_cycle(n_updates, peak)`. Return an array of shape `(n_updates,)`.
#
# **By hand.** $T=20$, peak 1: $\eta_0=0.04$, $\eta_3=0.04+0.96\cdot\frac12=0.52$, $\eta_6=1$,
# $\eta_{13}=0.0001+0.9999\cdot\frac12=0.50005$.


# %% nbgrader={"grade": false, "grade_id": "cycle", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cosine_cycle(n_updates, peak):
    """Return the learning rates of all updates, an array of shape (n_updates,)."""
    ### BEGIN SOLUTION
    t, top = np.arange(n_updates), 0.3 * n_updates
    rise = (1 - np.cos(np.pi * t / top)) / 2
    fall = (1 + np.cos(np.pi * (t - top) / (n_updates - top))) / 2
    return peak * np.where(t < top, 1 / 25 + 24 / 25 * rise, 1e-4 + (1 - 1e-4) * fall)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_cycle", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rates = np.asarray(cosine_cycle(20, 1.0), dtype=float)
assert rates.shape == (20,), f"Twenty updates: shape (20,), not {rates.shape}."
for t, right in [(0, 0.04), (3, 0.52), (6, 1.0), (13, 0.50005)]:
    assert np.isclose(rates[t], right), (
        f"In the example η at t = {t} is {right}, not {rates[t]:.6g}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("cycle")
for total in (int(rng.integers(40, 90)), 10 * int(rng.integers(10, 20)), 7):
    peak_hid = rng.uniform(0.05, 0.3)
    rates = np.asarray(cosine_cycle(total, peak_hid), dtype=float)
    assert rates.shape == (total,), f"{total} updates: shape ({total},), not {rates.shape}."
    for t in range(total):
        if t < 0.3 * total:
            low, wave = 0.04, -np.cos(np.pi * t / (0.3 * total))
        else:
            low, wave = 0.0001, np.cos(np.pi * (t - 0.3 * total) / (0.7 * total))
        right = peak_hid * (low + (1 - low) * (1 + wave) / 2)
        assert np.isclose(rates[t], right, rtol=1e-9), (
            f"With {total} updates the learning rate is wrong "
            f"{'on the way up' if t < 0.3 * total else 'on the way down'}."
        )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: the gradient that trains it (2 points)
#
# To train the network, differentiate the loss of question 3, in which derivatives of the network already
# stand, with respect to all weights. Nobody does that by hand: let TensorFlow differentiate twice.
#
# Write `twin_gradient(layers, X, y, z, alpha, lambdas)` for a network as in question 4 with the activation
# $\tanh$. All arguments are NumPy arrays, numbers, or a list of pairs of arrays. Compute $\hat y$ and
# $\hat z=\partial\hat y/\partial x$, then the loss $L$ of question 3, then its derivatives with respect to
# every $W_l$ and $b_l$. Return the pair `(loss, gradients)`: a number, and a list of pairs of NumPy
# arrays with the shapes of `layers`.
#
# - Finite differences are no answer: grading asks for nine digits, also beside a path with a huge loss.
# - Work in double precision: `tf.Variable(W, dtype=tf.float64)`, `tf.constant(X, dtype=tf.float64)`.
# - One way: two tapes, one inside the other. The inner one watches `X` and gives $\hat z$. Take its
#   gradient *inside* the outer tape, or the outer one will not see it.
# - The network may have no hidden layer. Then $\hat z$ does not depend on $x$ or on the biases; on the
#   last bias it never depends. If you differentiate the derivatives' part of the loss alone, TensorFlow
#   returns `None` for these: a derivative that vanishes is an array of zeros.
#
# **By hand.** One input, no hidden layer, $W_1=(2)$, $b_1=(1)$; one path $x=3$, $y=5$, $z=1$; $\alpha=0.4$,
# $\lambda_1=1$. Then $\hat y=7$, $\hat z=2$, $L=0.4\cdot4+0.6\cdot1=2.2$, and
# $\partial L/\partial W_1=0.4\cdot2\cdot2\cdot3+0.6\cdot2\cdot1=6$,
# $\partial L/\partial b_1=0.4\cdot2\cdot2=1.6$.


# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def twin_gradient(layers, X, y, z, alpha, lambdas):
    """Return the differential loss of a tanh network and its derivatives with respect to all weights.

    layers : list of pairs (W, b), shapes (outputs, inputs) and (outputs,)
    X, y, z : shapes (m, n), (m,), (m, n), the training set
    alpha : number from 0 to 1
    lambdas : shape (n,)

    Returns the pair (loss, gradients); gradients is a list of pairs like layers.
    """
    ### BEGIN SOLUTION
    layers = [tuple(tf.Variable(part, dtype=tf.float64) for part in pair) for pair in layers]
    X, y, z = (tf.constant(data, dtype=tf.float64) for data in (X, y, z))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(X)
            a = X
            for W, b in layers[:-1]:
                a = tf.tanh(tf.matmul(a, W, transpose_b=True) + b)
            W, b = layers[-1]
            y_hat = tf.matmul(a, W, transpose_b=True) + b
        z_hat = inner.gradient(y_hat, X)
        loss = alpha * tf.reduce_mean((y_hat[:, 0] - y) ** 2)
        loss += (1 - alpha) * tf.reduce_mean((lambdas * (z_hat - z)) ** 2)
    gradients = outer.gradient(loss, layers)
    return float(loss), [(by_W.numpy(), by_b.numpy()) for by_W, by_b in gradients]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_gradient", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
one_layer = [(np.array([[2.0]]), np.array([1.0]))]
pair = twin_gradient(
    one_layer, np.array([[3.0]]), np.array([5.0]), np.array([[1.0]]), 0.4, np.array([1.0])
)
assert isinstance(pair, tuple | list), "Return the pair (loss, gradients)."
assert len(pair) == 2, "Return the pair (loss, gradients)."
loss, gradients = float(pair[0]), list(pair[1])
assert np.isclose(loss, 2.2), f"The example has the loss 2.2, not {loss:.6g}."
assert len(gradients) == 1, "One layer: gradients is a list with one pair."
assert np.allclose(gradients[0][0], [[6]]), f"dL/dW is 6, not {gradients[0][0]}."
assert np.allclose(gradients[0][1], [1.6]), f"dL/db is 1.6, not {gradients[0][1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("gradient")


def oracle(layers, X, y, z, alpha, lambdas):
    a, g_back = X, []
    for W, b in layers[:-1]:
        a = np.tanh(a.dot(W.T) + b)
        g_back.append((W, 1 - a * a))
    W, b = layers[-1]
    y_hat = a.dot(W.T)[:, 0] + b[0]
    z_hat = np.ones((len(X), 1)) * W
    for W, slope in reversed(g_back):
        z_hat = (z_hat * slope).dot(W)
    off = ((z_hat - z) * lambdas) ** 2
    return alpha * ((y_hat - y) ** 2).sum() / len(y) + (1 - alpha) * off.sum() / off.size


for sizes, m in [((2, 3, 1), 6), ((3, 4, 2, 1), 5), ((2, 1), 4)]:
    layers = [
        (rng.normal(0, 0.8, (size, before)), rng.normal(0, 0.8, size))
        for before, size in itertools.pairwise(sizes)
    ]
    X_hid, y_hid = rng.normal(0, 1, (m, sizes[0])), rng.normal(0, 1, m)
    z_hid = rng.normal(0, 1, X_hid.shape)
    rest = X_hid, y_hid, z_hid, rng.uniform(0.2, 0.8), rng.uniform(0.5, 2, sizes[0])
    kept = [part.copy() for layer in layers for part in layer] + [
        rest[k].copy() for k in (0, 1, 2, 4)
    ]
    loss, gradients = twin_gradient(layers, *rest)
    right = oracle(layers, *rest)
    assert np.isclose(float(loss), right, rtol=1e-5), (
        f"With layers of {sizes} units the loss is wrong."
    )
    assert np.isclose(float(loss), right, rtol=1e-10), (
        "The loss has too few correct digits. Does a part of it run in float32?"
    )
    gradients = [tuple(pair) for pair in gradients]
    assert [tuple(map(np.shape, pair)) for pair in gradients] == [
        (W.shape, b.shape) for W, b in layers
    ], "The gradients do not have the shapes of the layers."
    for place, layer in enumerate(layers):
        for part, name in enumerate("Wb"):
            slopes = np.empty(layer[part].shape)
            for index in np.ndindex(slopes.shape):
                # Im L(w + ih)/h: a difference along the imaginary axis, which loses no digit.
                moved = [list(pair) for pair in layers]
                moved[place][part] = layer[part].astype(complex)
                moved[place][part][index] += 1e-20j
                slopes[index] = oracle(moved, *rest).imag * 1e20
            assert np.allclose(np.asarray(gradients[place][part]), slopes, rtol=1e-5, atol=1e-7), (
                f"The loss is right, and its derivative with respect to {name} of layer {place + 1} "
                f"of {len(layers)} is not."
            )
            assert np.allclose(np.asarray(gradients[place][part]), slopes, rtol=1e-9, atol=1e-11), (
                f"The derivative with respect to {name} of layer {place + 1} has too few correct "
                "digits. Let the tape differentiate, in float64."
            )
    if len(layers) > 1:
        # A path so far out that every unit is saturated, with a huge label: the loss is full of it,
        # and the first layer does not see it.
        X_far = np.vstack([rest[0], 1e9 * rng.uniform(1, 2, sizes[0])])
        z_far, y_far = np.vstack([rest[2], np.zeros(sizes[0])]), np.append(rest[1], 1e8)
        _, far = twin_gradient(layers, X_far, y_far, z_far, *rest[3:])
        for part in (0, 1):
            assert np.allclose(
                np.asarray(far[0][part]) * (m + 1) / m, gradients[0][part], rtol=1e-9, atol=1e-11
            ), (
                "Beside one path with a huge loss the derivatives with respect to the first layer "
                "have too few correct digits. Let the tape differentiate; a difference of losses is "
                "no derivative."
            )
    now = [part for layer in layers for part in layer] + [rest[k] for k in (0, 1, 2, 4)]
    assert all(map(np.array_equal, kept, now)), "Your function changed an array that it was given."
whole = [(np.array([[1, -1]]), np.array([2])), (np.array([[3]]), np.array([-1]))]
rest = np.array([[1, 2], [0, 1]]), np.array([1, 3]), np.array([[1, 0], [2, 1]]), 0.5, np.ones(2)
loss, _ = twin_gradient(whole, *rest)
assert np.isclose(float(loss), oracle(whole, *rest), rtol=1e-9), (
    "With whole numbers in the arrays the loss is another one."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below puts your functions together: an option on the best of three stocks, 256 paths, one
# network with tanh, trained by plain Adam on values alone and then on values and derivatives. Worth a
# look: what happens with 64 paths, with `balance` 0.1 or 10, and without normalisation.

# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(3)
X_train = rng.normal(1, 0.3, (256, 3))
y_train, z_train = best_of_labels(X_train, rng.normal(0, 0.2, (256, 3)), 1.1)
scaled = normalise(X_train, y_train, z_train)
alpha, beta, lambdas = loss_weights(scaled["z"], 1.0)


def fit(alpha, n_updates=150):
    draws = np.random.default_rng(1)
    shapes = [(12, 3), (12, 12), (1, 12)]
    layers = [[draws.normal(0, 1 / s[1] ** 0.5, s), np.zeros(s[0])] for s in shapes]
    moments = [[[np.zeros(p.shape), np.zeros(p.shape)] for p in layer] for layer in layers]
    for t, rate in enumerate(cosine_cycle(n_updates, 0.03)):
        data = scaled["x"], scaled["y"], scaled["z"]
        _, gradients = twin_gradient(layers, *data, alpha, lambdas)
        for layer, pair, pairs in zip(layers, gradients, moments, strict=True):
            for k in (0, 1):
                pairs[k][0] = 0.9 * pairs[k][0] + 0.1 * pair[k]
                pairs[k][1] = 0.999 * pairs[k][1] + 0.001 * pair[k] ** 2
                mean = pairs[k][0] / (1 - 0.9 ** (t + 1))
                square = pairs[k][1] / (1 - 0.999 ** (t + 1))
                layer[k] = layer[k] - rate * mean / (np.sqrt(square) + 1e-8)
    return layers


# One stock moves, the others stay at 1; the truth is a mean over 4,000 paths.
line = np.column_stack([np.linspace(0.5, 1.7, 60), np.ones((60, 2))])
shocks = rng.normal(0, 0.2, (4000, 3))
truth = [best_of_labels(np.tile(row, (4000, 1)), shocks, 1.1)[0].mean() for row in line]
plt.plot(line[:, 0], truth, color="black", label="mean of 4,000 paths")
for name, weight, style in [("values alone", 1.0, ":"), ("values and derivatives", alpha, "--")]:
    found = twin_network(
        fit(weight),
        (line - scaled["x_mean"]) / scaled["x_std"],
        np.tanh,
        lambda s: 1 - np.tanh(s) ** 2,
    )
    prices, _ = denormalise(*found, scaled["x_std"], scaled["y_mean"], scaled["y_std"])
    plt.plot(line[:, 0], prices, style, label=name)
plt.xlabel("first stock at the horizon")
plt.ylabel("price of the option on the best")
plt.title("What 256 paths teach")
plt.legend()
plt.show()
