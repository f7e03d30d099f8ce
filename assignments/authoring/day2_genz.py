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
# # Day 2: six functions that find out what a network can learn
#
# You want to replace an expensive model by a network that imitates it. Before you trust the method
# with a function that nobody knows, you try it on functions that you know: Genz's six families. In
# this assignment you write every piece of such a trial, each of which is easy to get wrong in a way
# that nobody sees in the final plot:
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | the normalisation of the coefficients | 2 |
# | 2 | the four smooth families | 3 |
# | 3 | the two families with a kink and a jump | 3 |
# | 4 | training points and fresh test points, reproducible | 2 |
# | 5 | four measures of the error | 2 |
# | 6 | a surrogate: scale, train, scale back | 3 |
# | 7 | the table of the study, and the rate at which errors fall | 2 + 1 |
# | 8 | "is there anything particular?", as a number | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - Points are rows: `X` has shape `(m, d)`, one point per row, and values have shape `(m,)`.
# - Python counts from 0: the slide's $w_1$ is `w[0]`, its $x_2$ is the column `X[:, 1]`.
# - Numbers may arrive as integers (`np.array([1, 2])`). The answer must be the same as for `1.0`.
# - Never change an array that you were given.
# - Loops or array operations: both are fine.
# - The library's `course.genz` and `course.approximation` have other conventions (another scale,
#   no idle variables, other error measures). Read them for ideas; their functions do not answer
#   these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages from TensorFlow

import numpy as np
import tensorflow as tf

from course.exercise import submission_rng

tf.constant(0.0) + 1.0  # wake TensorFlow here, so that what it reports lands in no test cell
tf.get_logger().setLevel("ERROR")

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_normalise", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: the normalisation (2 points)
#
# A family $j=1,\dots,6$ has two coefficients for each of its $d$ variables: $c_i\ge0$ says how hard
# the function is in direction $i$, and $w_i$ says where. They are drawn at random and then scaled so
# that
#
# $$\sum_{i=1}^dc_i=b_j,\qquad\sum_{i=1}^dw_i=1,$$
#
# | $j$ | 1 | 2 | 3 | 4 | 5 | 6 |
# | --- | --- | --- | --- | --- | --- | --- |
# | $b_j$ | 1.5 | $d$ | 1.85 | 7.03 | 20.4 | 4.3 |
#
# with $d$ the number of variables. Some of the given $c_i$ may be 0: variables on which the function
# does not depend. They stay 0, and they count in $d$.
#
# Write `normalise(j, c, w)`. It returns the two scaled arrays.
#
# **By hand.** $j=4$, $c=(1,3)$, $w=(0.2,0.6)$. The sums are 4 and 0.8, so
# $c=(\frac14\cdot7.03,\ \frac34\cdot7.03)=(1.7575,\,5.2725)$ and $w=(0.25,\,0.75)$.


# %% nbgrader={"grade": false, "grade_id": "normalise", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normalise(j, c, w):
    """Scale c to the sum b_j and w to the sum 1.

    j : the number of the family, 1 to 6
    c : shape (d,), numbers >= 0, not all of them 0; not changed
    w : shape (d,), numbers >= 0, not all of them 0; not changed

    Returns two arrays of floats, each of shape (d,).
    """
    ### BEGIN SOLUTION
    b = [1.5, len(c), 1.85, 7.03, 20.4, 4.3][j - 1]
    return b * c / np.sum(c), w / np.sum(w)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_normalise", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = normalise(4, np.array([1.0, 3.0]), np.array([0.2, 0.6]))
assert isinstance(pair, tuple | list), "Return the two arrays c and w."
assert len(pair) == 2, "Return the two arrays c and w."
assert np.allclose(pair[0], [1.7575, 5.2725]), (
    f"In the example from the text c becomes (1.7575, 5.2725), not {pair[0]}."
)
assert np.allclose(pair[1], [0.25, 0.75]), (
    f"In the example from the text w becomes (0.25, 0.75), not {pair[1]}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("normalise")
for d in (1, 2, 5, 10):
    sums_right = {1: 1.5, 2: float(d), 3: 1.85, 4: 7.03, 5: 20.4, 6: 4.3}
    for j_hid in range(1, 7):
        c_hid, w_hid = rng.uniform(0.1, 3, d), rng.uniform(0.1, 3, d)
        if d > 2:
            c_hid[rng.integers(d)] = 0.0
        kept = c_hid.copy(), w_hid.copy()
        c_new, w_new = (np.asarray(a, dtype=float) for a in normalise(j_hid, c_hid, w_hid))
        assert np.array_equal(kept[0], c_hid), "Your function changed the array c."
        assert np.array_equal(kept[1], w_hid), "Your function changed the array w."
        assert c_new.shape == w_new.shape == (d,), (
            f"With {d} variable(s) both arrays have shape ({d},); yours have {c_new.shape} and "
            f"{w_new.shape}."
        )
        assert np.isclose(c_new.sum(), sums_right[j_hid], rtol=1e-9), (
            f"For family {j_hid} in {d} variable(s) your c has a sum other than b_{j_hid}."
        )
        assert np.isclose(w_new.sum(), 1, rtol=1e-9), "Your w does not have the sum 1."
        share = c_new * kept[0].sum() - kept[0] * c_new.sum()
        assert np.allclose(share, 0, atol=1e-8), "Your c is not a multiple of the c that was given."
        share = w_new * kept[1].sum() - kept[1] * w_new.sum()
        assert np.allclose(share, 0, atol=1e-8), "Your w is not a multiple of the w that was given."
whole = rng.integers(1, 9, 4), rng.integers(1, 9, 4)
c_new, w_new = normalise(3, *whole)
assert np.allclose(c_new, 1.85 * whole[0] / whole[0].sum(), rtol=1e-9), (
    "With whole numbers as input your c is wrong."
)
assert np.allclose(w_new, whole[1] / whole[1].sum(), rtol=1e-9), (
    "With whole numbers as input your w is wrong."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_smooth", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: the four smooth families (3 points)
#
# In ten variables the values of the slide's second family are mostly below $10^{-2}$, and those of its
# sixth can reach $e^{4.3}\approx74$. In this assignment every family is **scaled so that no value
# exceeds 1**. All but $f_1$ attain it: $f_2$, $f_4$ and $f_5$ at $x=w$, $f_3$ at $x=0$, $f_6$ at
# $(w_1,w_2,1,\dots,1)$. Otherwise they are the slide's:
#
# $$
# \begin{aligned}
# f_1(x)&=\cos\Bigl(2\pi w_1+\sum_{i=1}^dc_ix_i\Bigr) &&\text{oscillatory}\\
# f_2(x)&=\prod_{i=1}^d\frac1{1+c_i^2(x_i-w_i)^2} &&\text{product peak}\\
# f_3(x)&=\Bigl(1+\sum_{i=1}^dc_ix_i\Bigr)^{-(d+1)} &&\text{corner peak}\\
# f_4(x)&=\exp\Bigl(-\sum_{i=1}^dc_i^2\,(x_i-w_i)^2\Bigr) &&\text{Gaussian}
# \end{aligned}
# $$
#
# Unlike in the slide's $f_2$, a $c_i$ may now be 0: then the function does not depend on $x_i$. The
# number $d$ in $f_3$ counts all variables, also those.
#
# Write `smooth(j, X, c, w)` for $j=1,2,3,4$. It returns the values at all points of `X`.
#
# **By hand.** One point $x=(\frac12,\frac12)$ with $c=(1,2)$ and $w=(\frac14,\frac34)$. Then
# $\sum c_ix_i=1.5$ and $c_i(x_i-w_i)=\frac14,\ -\frac12$, hence
# $f_1=\cos(\frac\pi2+1.5)=-0.9975$, $f_2=\frac1{1.0625}\cdot\frac1{1.25}=0.7529$,
# $f_3=2.5^{-3}=0.064$, $f_4=e^{-0.3125}=0.7316$.
#
# **Two traps.** In $f_1$ only $w_1$ occurs, not the sum of all. And NumPy refuses to raise an array
# of integers to a negative integer power such as `-3`; with a float exponent such as `-3.0` it
# works.


# %% nbgrader={"grade": false, "grade_id": "smooth", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smooth(j, X, c, w):
    """Return the values of the smooth families.

    j : the number of the family, 1, 2, 3 or 4
    X : shape (m, d), one point per row; not changed
    c : shape (d,), numbers >= 0; not changed
    w : shape (d,); not changed

    Returns an array of floats, shape (m,).
    """
    ### BEGIN SOLUTION
    if j == 1:
        return np.cos(2 * np.pi * w[0] + X @ c)
    if j == 2:
        return np.prod(1 / (1 + c**2 * (X - w) ** 2), axis=1)
    if j == 3:
        return (1.0 + X @ c) ** -(len(c) + 1)
    return np.exp(-((X - w) ** 2) @ c**2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_smooth", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
one_point = np.array([[0.5, 0.5]]), np.array([1.0, 2.0]), np.array([0.25, 0.75])
for j, by_hand in [(1, -0.9975), (2, 0.7529), (3, 0.064), (4, 0.7316)]:
    value = np.asarray(smooth(j, *one_point), dtype=float)
    assert value.shape == (1,), f"f_{j} at one point has shape (1,), not {value.shape}."
    assert np.isclose(value[0], by_hand, atol=6e-5), (
        f"In the example from the text f_{j} is {by_hand}, not {value[0]:.4f}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("smooth")
for d, m in [(1, 4), (2, 9), (5, 7), (10, 6)]:
    X_hid, w_hid = rng.random((m, d)), rng.random(d)
    c_hid = rng.uniform(0.3, 1.7, d)
    if d > 2:
        c_hid[rng.integers(d)] = 0.0
    # The oracle goes through complex numbers, logarithms and one variable at a time.
    wave, log2, base, log4 = np.exp(2j * np.pi * w_hid[0]) * np.ones(m), 0.0, 1.0, 0.0
    for i in range(d):
        far = np.square(c_hid[i] * (X_hid[:, i] - w_hid[i]))
        wave = wave * np.exp(1j * c_hid[i] * X_hid[:, i])
        log2, base, log4 = log2 - np.log1p(far), base + c_hid[i] * X_hid[:, i], log4 - far
    values_right = {
        1: wave.real,
        2: np.exp(log2),
        3: np.exp(-(d + 1) * np.log(base)),
        4: np.exp(log4),
    }
    kept = X_hid.copy(), c_hid.copy(), w_hid.copy()
    for j_hid, right in values_right.items():
        value = np.asarray(smooth(j_hid, X_hid, c_hid, w_hid), dtype=float)
        assert value.shape == (m,), (
            f"f_{j_hid} at {m} points in {d} variable(s) has shape ({m},), not {value.shape}."
        )
        assert np.allclose(value, right, rtol=1e-9, atol=1e-12), (
            f"f_{j_hid} is wrong at points in {d} variable(s)"
            + (", one of which has c = 0." if d > 2 else ".")
        )
    assert all(map(np.array_equal, kept, (X_hid, c_hid, w_hid))), (
        "Your function changed an array that it was given."
    )
# With whole numbers the squares and the power must not be taken of the wrong kind of array.
X_hid, c_hid, w_hid = rng.integers(0, 2, (5, 3)), np.array([1, 0, 2]), rng.integers(0, 2, 3)
for j_hid in (1, 2, 3, 4):
    value = np.asarray(smooth(j_hid, X_hid, c_hid, w_hid), dtype=float)
    right = np.asarray(smooth(j_hid, X_hid * 1.0, c_hid * 1.0, w_hid * 1.0), dtype=float)
    assert np.allclose(value, right, rtol=1e-9), (
        f"With whole numbers as input f_{j_hid} has other values than with the same floats."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_rough", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: the kink and the jump (3 points)
#
# The last two families are what option prices and occasionally binding constraints look like. Again
# no value exceeds 1:
#
# $$
# f_5(x)=\exp\Bigl(-\sum_{i=1}^dc_i\,\lvert x_i-w_i\rvert\Bigr)\qquad\text{continuous},
# $$
#
# $$
# f_6(x)=\begin{cases}0&\text{if }x_1>w_1\text{ or }x_2>w_2,\\[2pt]
# \exp\Bigl(c_1(x_1-w_1)+c_2(x_2-w_2)+\displaystyle\sum_{i=3}^dc_i(x_i-1)\Bigr)&\text{otherwise}
# \end{cases}\qquad\text{discontinuous.}
# $$
#
# Read the condition of $f_6$ with care. It is about the first two variables only, whatever $d$ is,
# and whatever $c_1$ and $c_2$ are. Points **on** the edge, $x_1=w_1$, are not beyond it.
#
# Write `rough(j, X, c, w)` for $j=5$ ($d\ge1$) and $j=6$ ($d\ge2$). It returns the values at all
# points of `X`.
#
# **By hand.** $c=(1,2)$, $w=(\frac14,\frac34)$. At $(\frac12,\frac12)$:
# $f_5=e^{-0.25-0.5}=0.4724$ and $f_6=0$, since $x_1>w_1$. At $(\frac14,\frac12)$:
# $f_5=e^{-0.5}=0.6065$ and $f_6=e^{0+2\cdot(-0.25)}=0.6065$.
#
# **A trap.** `or` and `and` work on single truth values. For arrays NumPy has `|` and `&`, which
# bind tighter than `>`: write `(a > b) | (c > d)`.


# %% nbgrader={"grade": false, "grade_id": "rough", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rough(j, X, c, w):
    """Return the values of the family with a kink and of the one with a jump.

    j : the number of the family, 5 or 6
    X : shape (m, d), one point per row; not changed
    c : shape (d,), numbers >= 0; not changed
    w : shape (d,); not changed

    Returns an array of floats, shape (m,).
    """
    ### BEGIN SOLUTION
    if j == 5:
        return np.exp(-np.abs(X - w) @ c)
    beyond = (X[:, 0] > w[0]) | (X[:, 1] > w[1])
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_rough", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
two_points = np.array([[0.5, 0.5], [0.25, 0.5]]), np.array([1.0, 2.0]), np.array([0.25, 0.75])
for j, by_hand in [(5, [0.4724, 0.6065]), (6, [0.0, 0.6065])]:
    value = np.asarray(rough(j, *two_points), dtype=float)
    assert value.shape == (2,), f"f_{j} at two points has shape (2,), not {value.shape}."
    assert np.allclose(value, by_hand, atol=6e-5), (
        f"In the example from the text f_{j} is {by_hand}, not {value.round(4)}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("rough")
for d, m in [(1, 5), (2, 6), (5, 8), (10, 7)]:
    X_hid, w_hid, c_hid = rng.random((m, d)), rng.random(d), rng.uniform(0.3, 1.7, d)
    if d > 2:
        c_hid[rng.integers(2, d)] = 0.0
    log5 = sum(-c_hid[i] * np.sqrt(np.square(X_hid[:, i] - w_hid[i])) for i in range(d))
    kept = X_hid.copy(), c_hid.copy(), w_hid.copy()
    value = np.asarray(rough(5, X_hid, c_hid, w_hid), dtype=float)
    assert value.shape == (m,), (
        f"f_5 at {m} points in {d} variable(s) has shape ({m},), not {value.shape}."
    )
    assert np.allclose(value, np.exp(log5), rtol=1e-9), f"f_5 is wrong in {d} variable(s)."
    assert all(map(np.array_equal, kept, (X_hid, c_hid, w_hid))), (
        "For j = 5 your function changed an array that it was given."
    )

for d in (2, 3, 6, 10):
    w_hid, c_hid = rng.uniform(0.2, 0.8, d), rng.uniform(0.3, 1.7, d)
    idle = rng.integers(d)
    c_hid[idle] = 0.0
    w_hid[2:] *= 0.2  # the later thresholds lie low: who tests them, too, finds nothing
    near, far = w_hid * 0.5, w_hid + 0.1
    cases = [
        (near, near, "x1 < w1 and x2 < w2", True),
        (far, near, "x1 > w1 and x2 < w2", False),
        (near, far, "x1 < w1 and x2 > w2", False),
        (far, far, "x1 > w1 and x2 > w2", False),
        (w_hid, near, "x1 = w1 and x2 < w2", True),
        (near, w_hid, "x1 < w1 and x2 = w2", True),
        (w_hid, w_hid, "x1 = w1 and x2 = w2", True),
    ]
    X_hid = 0.3 + 0.7 * rng.random((len(cases), d))
    X_hid[:, 0] = [one[0] for one, _, _, _ in cases]
    X_hid[:, 1] = [two[1] for _, two, _, _ in cases]
    kept = X_hid.copy(), c_hid.copy(), w_hid.copy()
    value = np.asarray(rough(6, X_hid, c_hid, w_hid), dtype=float)
    assert value.shape == (len(cases),), (
        f"f_6 at {len(cases)} points in {d} variables has shape ({len(cases)},), not {value.shape}."
    )
    # One floating-point number beyond the edge is beyond the edge.
    above = np.nextafter(w_hid[:2], 2.0)
    edge = np.tile(X_hid[-1], (2, 1))
    edge[:, :2] = [[above[0], near[1]], [near[0], above[1]]]
    assert np.all(np.asarray(rough(6, edge, c_hid, w_hid), dtype=float) == 0), (
        f"In {d} variables f_6 is not 0 at a point that is beyond the edge by very little."
    )
    exponent = c_hid[0] * (X_hid[:, 0] - w_hid[0]) + c_hid[1] * (X_hid[:, 1] - w_hid[1])
    for i in range(2, d):
        exponent = exponent - c_hid[i] * (1 - X_hid[:, i])
    for place, (_, _, where, alive) in enumerate(cases):
        assert (value[place] != 0) == alive, (
            f"In {d} variables f_6 is {'' if alive else 'not '}0 at a point with {where}"
            + (", although nothing else should matter." if alive else ".")
        )
        assert not alive or np.isclose(value[place], np.exp(exponent[place]), rtol=1e-9), (
            f"In {d} variables f_6 has a wrong value at a point with {where}. The first two "
            "variables are measured from w, the others from 1."
        )
    assert all(map(np.array_equal, kept, (X_hid, c_hid, w_hid))), (
        "For j = 6 your function changed an array that it was given."
    )
X_hid, c_hid, w_hid = rng.integers(0, 2, (6, 3)), np.array([1, 0, 2]), np.array([1, 0, 1])
for j_hid in (5, 6):
    value = np.asarray(rough(j_hid, X_hid, c_hid, w_hid), dtype=float)
    right = np.asarray(rough(j_hid, X_hid * 1.0, c_hid * 1.0, w_hid * 1.0), dtype=float)
    assert np.allclose(value, right, rtol=1e-9), (
        f"With whole numbers as input f_{j_hid} has other values than with the same floats."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_points", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: where to look (2 points)
#
# A network that is judged at the points it was trained on looks perfect. And an error that falls
# from $n=10$ to $n=500$ may have fallen because the larger sample met easier test points. So we ask
# for a design with four properties:
#
# - **Uniform:** all coordinates of all points are independent and uniform on $[0,1)$.
# - **Reproducible:** the same arguments give the same points, whatever was drawn before. Another
#   seed gives other points: no training or test point of one seed is a training or test point of
#   another.
# - **Fresh:** no test point is a training point.
# - **Comparable:** with the same `d` and `seed`, the test points do not depend on `n`, and the
#   training points of a smaller `n` are the first rows of those of a larger `n`.
#
# Write `points(n, n_test, d, seed)`. It returns two arrays, `X_train` of shape `(n, d)` and `X_test`
# of shape `(n_test, d)`.
#
# **A hint.** `np.random.default_rng` takes not only a number but also a list. Put the purpose first:
# `[0, seed]` for training, `[1, seed]` for testing. (Zeros at the end of a list do not count: 7, `[7]`
# and `[7, 0]` give the same numbers.) With `seed` for training and `seed + 1` for testing, the test
# points of seed 7 are training points of seed 8. And a generator fills an array row by row.


# %% nbgrader={"grade": false, "grade_id": "points", "locked": false, "schema_version": 3, "solution": true, "task": false}
def points(n, n_test, d, seed):
    """Draw training points and fresh test points in the unit cube.

    n : the number of training points
    n_test : the number of test points
    d : the number of variables
    seed : an integer from 0 to 2**32 - 1

    Returns two arrays, shapes (n, d) and (n_test, d).
    """
    ### BEGIN SOLUTION
    train = np.random.default_rng([0, seed])
    test = np.random.default_rng([1, seed])
    return train.random((n, d)), test.random((n_test, d))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_points", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = points(10, 1000, 2, 7)
assert isinstance(pair, tuple | list), "Return X_train and X_test."
assert len(pair) == 2, "Return X_train and X_test."
assert np.shape(pair[0]) == (10, 2), f"X_train has shape (10, 2), not {np.shape(pair[0])}."
assert np.shape(pair[1]) == (1000, 2), f"X_test has shape (1000, 2), not {np.shape(pair[1])}."
assert np.array_equal(pair[0], points(10, 1000, 2, 7)[0]), "The same seed gives other points."
### BEGIN HIDDEN TESTS
rng = submission_rng("points")
for d in (1, 3, 10):
    seed_hid = int(rng.integers(0, 10**6))
    n_hid, n_test_hid = int(rng.integers(300, 400)), int(rng.integers(1200, 1500))
    X_train, X_test = (np.asarray(a, dtype=float) for a in points(n_hid, n_test_hid, d, seed_hid))
    assert X_train.shape == (n_hid, d), "With other arguments X_train has the wrong shape."
    assert X_test.shape == (n_test_hid, d), "With other arguments X_test has the wrong shape."
    for name, X_hid in (("X_train", X_train), ("X_test", X_test)):
        assert X_hid.min() >= 0, f"{name} has points outside of the unit cube."
        assert X_hid.max() <= 1, f"{name} has points outside of the unit cube."
        rows = len(X_hid)
        for power in (1, 2, 3):  # the first moments of a uniform number are 1/2, 1/3, 1/4
            spread = np.sqrt((1 / (2 * power + 1) - 1 / (power + 1) ** 2) / rows)
            assert np.all(np.abs((X_hid**power).mean(axis=0) - 1 / (power + 1)) < 6 * spread), (
                f"The coordinates of {name} are not uniformly distributed."
            )
        bound = 6 / np.sqrt(rows)
        if d > 1:
            between = np.corrcoef(X_hid.T) - np.eye(d)
            assert np.abs(between).max() < bound, f"The coordinates of {name} are not independent."
        along = [np.corrcoef(X_hid[1:, i], X_hid[:-1, i])[0, 1] for i in range(d)]
        assert np.abs(along).max() < bound, f"The points of {name} are not independent."
    # Whole points are compared. In float32 two honest numbers are equal now and then, two honest
    # points of several variables never.
    rows_train, rows_test = set(map(tuple, X_train)), set(map(tuple, X_test))
    most = 5 if d == 1 else 0
    assert len(rows_train & rows_test) <= most, "A test point is a training point."
    across = [np.corrcoef(X_train[:, i], X_test[:n_hid, i])[0, 1] for i in range(d)]
    assert np.abs(across).max() < 6 / np.sqrt(n_hid), "Test points depend on training points."

    n_more = n_hid + int(rng.integers(1, 200))
    X_more, X_same = (np.asarray(a, dtype=float) for a in points(n_more, n_test_hid, d, seed_hid))
    assert np.array_equal(X_same, X_test), "The test points change with n."
    assert np.array_equal(X_more[:n_hid], X_train), (
        "The training points of a smaller n are not the first of those of a larger n."
    )
    again = points(n_hid, n_test_hid, d, seed_hid)
    assert np.array_equal(again[0], X_train), "The training points depend on what was drawn before."
    assert np.array_equal(again[1], X_test), "The test points depend on what was drawn before."
    seen = rows_train | rows_test
    for other in (seed_hid + 1, seed_hid + 2, seed_hid + 10**6):
        pair = points(n_hid, n_test_hid, d, other)
        drawn = {tuple(row) for part in pair for row in np.asarray(part, dtype=float)}
        assert len(seen & drawn) <= most, "Points of one seed are also points of another."
        seen |= drawn

# A few points of many other seeds: near ones, distant ones, and those that look far away.
seed_hid = int(rng.integers(10**4, 10**5))
steps = {*range(1, 33), *(10**k for k in range(10)), *(2**k for k in range(5, 31))}
steps |= {step - 1 for step in steps} | {42, 123, 1234, 12345, 123456, 7919, 99991, 104729}
others = {seed_hid, *(seed_hid + step for step in steps)}
others |= {2 * seed_hid, 2 * seed_hid + 1, 10 * seed_hid, seed_hid**2 % 2**32, 2**32 - 1 - seed_hid}
owner = {}
for other in sorted(others):
    for place, part in enumerate(points(2, 3, 2, other)):
        for row in np.asarray(part, dtype=float):
            assert owner.setdefault(tuple(row), (other, place)) == (other, place), (
                "Points of one seed are also points of another, whose number is far from it. "
                "Training and test points need streams of their own."
            )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_errors", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: four measures of an error (2 points)
#
# Let $y_k$ be the true values at $m$ test points, $\hat y_k$ the predictions, and
# $e_k=\lvert\hat y_k-y_k\rvert$. Write `error_measures(truth, prediction)`. It returns a dict with
# four numbers:
#
# | key | value |
# | --- | --- |
# | `"mean"` | $\bar e$, the mean of the $e_k$ |
# | `"max"` | the largest $e_k$ |
# | `"per_std"` | $\bar e$ divided by the standard deviation (the one with $1/m$) of the $y_k$ |
# | `"per_constant"` | $\bar e$ divided by the mean of $\lvert y_k-\operatorname{median}(y)\rvert$ |
#
# The median is the constant with the smallest mean absolute error, so `per_constant` compares the
# network with the best constant: 1 means that nothing was learnt. If all $y_k$ are the same, the
# last two are `np.nan`. (Compare the values themselves: the standard deviation of six times 0.7 is
# not 0 in floating-point numbers but about $10^{-16}$.)
#
# The truth has shape `(m,)`. Predictions come with shape `(m,)` or, as Keras returns them, `(m, 1)`;
# the answer is the same. (`prediction - truth` would be a table of shape `(m, m)`.)
#
# **By hand.** Truth $(0,0,0,4)$, prediction all 0: the errors are $(0,0,0,4)$, so the mean is 1 and
# the maximum 4. The standard deviation is $\sqrt{16/4-1^2}=\sqrt3$, which gives 0.577, as if
# something had been learnt. The median is 0, and `per_constant` is $1/1=1$. Remember this example
# for question 8.


# %% nbgrader={"grade": false, "grade_id": "errors", "locked": false, "schema_version": 3, "solution": true, "task": false}
def error_measures(truth, prediction):
    """Measure the errors of predictions in four ways.

    truth : shape (m,); not changed
    prediction : shape (m,) or (m, 1); not changed

    Returns a dict with the numbers "mean", "max", "per_std" and "per_constant".
    """
    ### BEGIN SOLUTION
    errors = np.abs(np.ravel(prediction) - truth)
    mean = errors.mean()
    measures = {"mean": mean, "max": errors.max(), "per_std": np.nan, "per_constant": np.nan}
    if np.ptp(truth) > 0:
        measures["per_std"] = mean / np.std(truth)
        measures["per_constant"] = mean / np.mean(np.abs(truth - np.median(truth)))
    return measures
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_errors", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
measures = error_measures(np.array([0.0, 0.0, 0.0, 4.0]), np.zeros(4))
assert isinstance(measures, dict), "Return a dict."
assert set(measures) == {"mean", "max", "per_std", "per_constant"}, (
    f"The dict has the keys 'mean', 'max', 'per_std' and 'per_constant'; yours has {set(measures)}."
)
for key, by_hand in [("mean", 1.0), ("max", 4.0), ("per_std", 1 / np.sqrt(3)), ("per_constant", 1)]:
    assert np.isclose(float(measures[key]), by_hand), (
        f"In the example from the text '{key}' is {by_hand:.4g}, not {float(measures[key]):.4g}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("errors")
for m in (1, 2, 7, 8, 40):
    truth_hid = rng.normal(2, 3, m) ** 2  # skewed: mean and median differ
    if m > 7:
        truth_hid /= 10 * truth_hid.max()  # small numbers vary, too
    off = rng.uniform(-3, 1, m)
    off[rng.integers(m)] = -3.5  # the largest error is one below the truth
    column = (truth_hid + off)[:, None]
    kept = truth_hid.copy(), column.copy()
    mean_right = np.sqrt(off * off).sum() / m
    ordered = np.sort(truth_hid)
    middle = (ordered[(m - 1) // 2] + ordered[m // 2]) / 2
    spread = np.sqrt(((truth_hid - truth_hid.sum() / m) ** 2).sum() / m)
    around = np.sqrt((truth_hid - middle) ** 2).sum() / m
    answers = {"(m, 1)": error_measures(truth_hid, column)}
    answers["(m,)"] = error_measures(truth_hid, column[:, 0].copy())
    assert np.array_equal(kept[0], truth_hid), "Your function changed the array truth."
    assert np.array_equal(kept[1], column), "Your function changed the array prediction."
    for shape, measures in answers.items():
        found = {key: np.asarray(measures[key], dtype=float) for key in measures}
        assert all(found[key].shape == () for key in found), "Each measure is one number."
        assert np.isclose(found["mean"], mean_right, rtol=1e-9), (
            f"With predictions of shape {shape} and errors of both signs, 'mean' is wrong."
        )
        assert np.isclose(found["max"], 3.5, rtol=1e-9), (
            f"With predictions of shape {shape} and errors of both signs, 'max' is wrong."
        )
        if m == 1:
            assert np.isnan(found["per_std"]), "All true values are the same: 'per_std' is nan."
            assert np.isnan(found["per_constant"]), (
                "All true values are the same: 'per_constant' is nan."
            )
            continue
        assert np.isclose(found["per_std"], mean_right / spread, rtol=1e-9), (
            f"With predictions of shape {shape} 'per_std' is wrong: the deviation is that of the "
            "true values, with 1/m."
        )
        assert np.isclose(found["per_constant"], mean_right / around, rtol=1e-9), (
            f"With predictions of shape {shape} 'per_constant' is wrong."
        )
# Values that hardly vary, in absolute terms and compared with their size, but do vary.
small = rng.permutation(8) - 3.5
for truth_hid in (1e-20 * small, 1 + 2.0**-43 * small):
    measures = error_measures(truth_hid, truth_hid + 0.5)
    unit = (truth_hid.max() - truth_hid.min()) / 7
    for key, right in [("per_std", 0.5 / (unit * small.std())), ("per_constant", 0.25 / unit)]:
        assert np.isclose(float(measures[key]), right, rtol=0.02), (
            f"If the true values differ, by however little, '{key}' is a number and no nan."
        )
for level in (float(rng.integers(1, 9)), 0.7):  # six times 0.7 has a deviation above 0
    truth_hid = np.full(6, level)
    measures = error_measures(truth_hid, truth_hid + 0.5)
    assert np.isclose(float(measures["mean"]), 0.5), (
        "All true values are the same: 'mean' and 'max' are numbers nevertheless."
    )
    assert np.isclose(float(measures["max"]), 0.5), (
        "All true values are the same: 'mean' and 'max' are numbers nevertheless."
    )
    assert np.isnan(float(measures["per_std"])), "All true values are the same: 'per_std' is nan."
    assert np.isnan(float(measures["per_constant"])), (
        "All true values are the same: 'per_constant' is nan."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_surrogate", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: a surrogate (3 points)
#
# The model to be imitated has inputs in a box, $\text{low}_i\le x_i\le\text{high}_i$, such as capital
# between 5 and 40 and a share between 0 and 1, and outputs of any size. A network wants inputs in
# $[-1,1]$ and targets with mean 0 and standard deviation 1. You write what stands between them.
#
# Write `surrogate(train, X, y, low, high)`:
#
# 1. Map the points to $u_i=2\,\dfrac{x_i-\text{low}_i}{\text{high}_i-\text{low}_i}-1$.
# 2. Standardise the values: $z_k=(y_k-\bar y)/s$ with the mean and the standard deviation (with
#    $1/n$) of the given `y`. If all values are the same, take $s=1$ (as in question 5, compare the
#    values, not their deviation with 0).
# 3. Call `net = train(U, Z)`, once, with `U` of shape `(n, d)` and `Z` of shape **`(n, 1)`**. What
#    comes back is a function: `net(U_new)` returns an array of shape **`(m, 1)`**.
# 4. Return a function `predict`: for points `X_new`, shape `(m, d)`, in the units of the **model**,
#    `predict(X_new)` returns predictions of shape **`(m,)`** in the units of the **model**.
#
# The cell below gives you a `train` to try it with: it really trains a small network.
#
# **By hand.** `low` = (0,), `high` = (10,), points 0 and 5, values 3 and 7. Then $u=-1,\,0$; mean 5
# and deviation 2 give $z=-1,\,1$. If the network is the function $u\mapsto2u+1$, then at
# $x=10$ we have $u=1$, $z=3$, and `predict` says $5+2\cdot3=11$.


# %% nbgrader={"grade": false, "grade_id": "trainer", "locked": true, "schema_version": 3, "solution": false, "task": false}
table_of_any_size = tf.TensorSpec([None, None])


@tf.function(
    autograph=False,
    input_signature=[[table_of_any_size] * 6, table_of_any_size, table_of_any_size],
)
def adam_in_graph(weights, U, Z):
    """Take 400 full-batch steps of Adam, the learning rate falling from 0.02 to 0; all in one graph."""

    def step(t, weights, first, second):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_mean((forward(weights, U) - Z) ** 2)
        slopes = tape.gradient(loss, weights)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, slopes, strict=True)]
        second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, slopes, strict=True)]
        rate = 0.01 * (1 + tf.cos(np.pi * t / 400)) * tf.sqrt(1 - 0.999 ** (t + 1))
        rate = rate / (1 - 0.9 ** (t + 1))
        weights = [
            w - rate * m / (tf.sqrt(v) + 1e-7)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return t + 1, weights, first, second

    zeros = [tf.zeros_like(w) for w in weights]
    start = (tf.constant(0.0), weights, zeros, zeros)
    return tf.while_loop(lambda t, *_: t < 400, step, start)[1]


def forward(weights, U):
    """Return the outputs of a network with two hidden layers of tanh units, shape (m, 1)."""
    for layer in (0, 2):
        U = tf.tanh(U @ weights[layer] + weights[layer + 1])
    return U @ weights[4] + weights[5]


def train_network(U, Z):
    """Train a 2 x 24 tanh network on inputs U, shape (n, d), and targets Z, shape (n, 1).

    Returns the network as a function from inputs, shape (m, d), to outputs, shape (m, 1).
    """
    U, Z = (np.asarray(data, dtype=np.float32) for data in (U, Z))
    assert U.ndim == 2, f"train wants U of shape (n, d), not {U.shape}."
    assert Z.shape == (len(U), 1), f"train wants Z of shape (n, 1), not {Z.shape}."
    rng, weights = np.random.default_rng(0), []
    for rows, columns in ((U.shape[1], 24), (24, 24), (24, 1)):
        limit = np.sqrt(6 / (rows + columns))
        weights.append(tf.constant(rng.uniform(-limit, limit, (rows, columns)), tf.float32))
        weights.append(tf.zeros((1, columns)))
    weights = adam_in_graph(weights, tf.constant(U), tf.constant(Z))
    return lambda U_new: forward(weights, tf.constant(U_new, tf.float32)).numpy()


# %% nbgrader={"grade": false, "grade_id": "surrogate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def surrogate(train, X, y, low, high):
    """Train a network on scaled data and return it in the units of the model.

    train : function; train(U, Z) is called once and returns a function net(U_new)
    X : shape (n, d), points in the box; not changed
    y : shape (n,), values of the model; not changed
    low, high : shape (d,), the corners of the box; not changed

    Returns a function predict(X_new), from shape (m, d) to shape (m,).
    """
    ### BEGIN SOLUTION
    mean, scale = np.mean(y), np.std(y)
    if np.ptp(y) == 0:
        scale = 1.0

    def to_network(points):
        return 2 * (points - low) / (high - low) - 1

    net = train(to_network(X), ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(to_network(X_new))[:, 0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_surrogate", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
given = []


def train_by_hand(U, Z):
    given.append((np.array(U, dtype=float), np.array(Z, dtype=float)))
    return lambda U_new: 2 * np.asarray(U_new, dtype=float) + 1


predict = surrogate(
    train_by_hand, np.array([[0.0], [5.0]]), np.array([3.0, 7.0]), np.array([0.0]), np.array([10.0])
)
assert len(given) == 1, f"Call train once; you called it {len(given)} times."
assert given[0][0].shape == (2, 1), f"U has shape (2, 1), not {given[0][0].shape}."
assert given[0][1].shape == (2, 1), f"Z has shape (2, 1), not {given[0][1].shape}."
assert np.allclose(given[0][0], [[-1], [0]]), "In the example from the text U is [[-1], [0]]."
assert np.allclose(given[0][1], [[-1], [1]]), "In the example from the text Z is [[-1], [1]]."
answer = np.asarray(predict(np.array([[10.0]])), dtype=float)
assert answer.shape == (1,), f"predict returns shape (m,), here (1,), not {answer.shape}."
assert np.allclose(answer, [11]), f"In the example from the text predict says 11, not {answer}."
### BEGIN HIDDEN TESTS
rng = submission_rng("surrogate")
for n, d in [(5, 1), (9, 2), (20, 4)]:
    low_hid = rng.uniform(-20, 20, d)
    wide = rng.uniform(3, 30, d)
    high_hid = low_hid + wide
    U_right = rng.uniform(-1, 1, (n, d))
    X_hid = low_hid + (U_right + 1) / 2 * wide
    y_hid = 10.0 ** rng.integers(-4, 4) * (rng.normal(size=n) + 2)
    kept = X_hid.copy(), y_hid.copy(), low_hid.copy(), high_hid.copy()
    slope_hid, given, asked = rng.normal(size=d), [], []

    def train_hid(U, Z, slope=slope_hid, given=given, asked=asked):
        given.append((np.array(U, dtype=float), np.array(Z, dtype=float)))

        def net(V):
            asked.append(np.array(V, dtype=float))
            return np.sin(asked[-1].dot(slope))[:, None] + 0.7

        return net

    predict = surrogate(train_hid, X_hid, y_hid, low_hid, high_hid)
    assert len(given) == 1, "Call train exactly once."
    U_given, Z_given = given[0]
    assert U_given.shape == (n, d), f"U has shape ({n}, {d}), not {U_given.shape}."
    assert Z_given.shape == (n, 1), f"Z has shape ({n}, 1), not {Z_given.shape}."
    assert np.allclose(U_given, U_right, rtol=1e-9, atol=1e-9), (
        "U is wrong: each variable goes from its own low and high to -1 and 1."
    )
    mean_right = y_hid.sum() / n
    scale_right = np.sqrt(((y_hid - mean_right) ** 2).sum() / n)
    assert np.allclose(Z_given[:, 0] * scale_right, y_hid - mean_right, rtol=1e-7), (
        "Z is wrong: it has mean 0 and standard deviation 1 (with 1/n)."
    )
    U_new = rng.uniform(-1, 1, (n + 3, d))
    answer = np.asarray(predict(low_hid + (U_new + 1) / 2 * wide), dtype=float)
    assert len(given) == 1, "predict must not train again."
    assert answer.shape == (n + 3,), (
        f"For {n + 3} new points predict returns shape ({n + 3},), not {answer.shape}."
    )
    assert np.allclose(asked[-1], U_new, rtol=1e-9, atol=1e-9), (
        "predict asks the network at wrong points: new points are scaled as the old ones were."
    )
    right = mean_right + scale_right * (np.sin(U_new.dot(slope_hid)) + 0.7)
    assert np.allclose(answer, right, rtol=1e-9), (
        "predict does not return the network's output in the units of the model."
    )
    assert all(map(np.array_equal, kept, (X_hid, y_hid, low_hid, high_hid))), (
        "Your function changed an array that it was given."
    )
    for level in (float(rng.integers(2, 9)), 0.7):  # the deviation of equal numbers may not be 0
        given.clear()
        predict = surrogate(train_hid, X_hid, np.full(n, level), low_hid, high_hid)
        assert np.allclose(given[0][1], 0), "If all values are the same, Z is all 0."
        right = level + np.sin(U_new.dot(slope_hid)) + 0.7
        assert np.allclose(predict(low_hid + (U_new + 1) / 2 * wide), right, rtol=1e-9), (
            "If all values are the same, s is 1, also for the way back."
        )
    for unit, base in ((1e-20, 0.0), (2.0**-43, 1.0)):  # they hardly vary, but they do
        given.clear()
        differ = np.arange(n) - (n - 1) / 2
        surrogate(train_hid, X_hid, base + unit * differ, low_hid, high_hid)
        assert np.allclose(given[0][1][:, 0], differ / differ.std(), rtol=0.02), (
            "If the values differ, by however little, Z has standard deviation 1."
        )
    given.clear()
    whole = np.arange(2 * d).reshape(2, d)
    predict = surrogate(train_hid, whole, np.array([1, 3]), np.full(d, -1), np.full(d, 2 * d))
    right = 2 * (whole + 1.0) / (2 * d + 1.0) - 1
    assert np.allclose(given[0][0], right, rtol=1e-9), "With whole numbers as input U is wrong."
    assert np.allclose(given[0][1], [[-1], [1]]), "With whole numbers as input Z is wrong."

# A real training: a peak in an awkward box, with awkward values.
low_hid, high_hid = np.array([5.0, -0.02]), np.array([40.0, 0.03])
centre = rng.uniform(0.3, 0.7, 2)


def model(X):
    far = (X - low_hid) / (high_hid - low_hid) - centre
    return 3e-4 * np.exp(-6 * (far**2).sum(axis=1)) + 0.2


X_hid = low_hid + rng.random((80, 2)) * (high_hid - low_hid)
X_fresh = low_hid + rng.random((1000, 2)) * (high_hid - low_hid)
predict = surrogate(train_network, X_hid, model(X_hid), low_hid, high_hid)
misses = np.asarray(predict(X_fresh), dtype=float) - model(X_fresh)
share = np.sqrt(np.mean(misses**2)) / model(X_fresh).std()
# The median of 120 reference runs was 0.036, the worst 0.16; whoever learns nothing has 1.
assert share < 0.5, (
    f"Trained with train_network on a smooth peak, your surrogate is wrong by {share:.2f} standard "
    "deviations of the model at fresh points, far more than it should."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_study", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: the table and the rate (2 + 1 points)
#
# One fit is an anecdote: coefficients, points and first weights are all random. So a study repeats
# every case with several seeds.
#
# **(a)** You are given a function `run(d, n, seed)`. It makes one fit and returns the pair
# `(mean_error, max_error)`. Write `study(run, dims, sizes, seeds)`. It calls `run` **once** for each
# combination of a dimension, a size and a seed, and returns a dict with two arrays, `"mean"` and
# `"max"`, one for each kind of error. Both have shape `(len(dims), len(sizes), 3)`: for each
# dimension and size the **median**, the **smallest** and the **largest** error over the seeds, in
# this order.
#
# **By hand.** One dimension, one size, the seeds 1, 2, 3, and `run` returns $(s^2, 10s)$ for seed
# $s$: `"mean"` is `[[[4, 1, 9]]]` and `"max"` is `[[[20, 10, 30]]]`.


# %% nbgrader={"grade": false, "grade_id": "study", "locked": false, "schema_version": 3, "solution": true, "task": false}
def study(run, dims, sizes, seeds):
    """Run every case with every seed and summarise the errors over the seeds.

    run : function; run(d, n, seed) returns the pair (mean_error, max_error)
    dims, sizes, seeds : lists of integers

    Returns a dict with "mean" and "max": arrays of shape (len(dims), len(sizes), 3) with
    median, smallest and largest over the seeds.
    """
    ### BEGIN SOLUTION
    errors = np.array([[[run(d, n, seed) for seed in seeds] for n in sizes] for d in dims])
    summary = np.stack([np.median(errors, axis=2), errors.min(axis=2), errors.max(axis=2)], axis=2)
    return {"mean": summary[:, :, :, 0], "max": summary[:, :, :, 1]}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_study", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
table = study(lambda d, n, seed: (seed**2, 10 * seed), [2], [50], [1, 2, 3])
assert isinstance(table, dict), "Return a dict."
assert set(table) == {"mean", "max"}, f"The dict has the keys 'mean' and 'max', not {set(table)}."
assert np.shape(table["mean"]) == (1, 1, 3), (
    f"One dimension and one size: shape (1, 1, 3), not {np.shape(table['mean'])}."
)
assert np.allclose(table["mean"], [[[4, 1, 9]]]), "In the example 'mean' is [[[4, 1, 9]]]."
assert np.allclose(table["max"], [[[20, 10, 30]]]), "In the example 'max' is [[[20, 10, 30]]]."
### BEGIN HIDDEN TESTS
rng = submission_rng("study")
for D, N, S in [(3, 4, 5), (2, 3, 4), (1, 5, 1)]:
    dims_hid = [int(d) for d in rng.permutation(20)[:D] + 1]
    sizes_hid = [int(n) for n in rng.permutation(500)[:N] + 1]
    seeds_hid = [int(seed) for seed in rng.permutation(900)[:S]]
    known_hid = {
        (d, n, seed): tuple(float(e) for e in rng.exponential(1, 2))
        for d in dims_hid
        for n in sizes_hid
        for seed in seeds_hid
    }
    calls = []

    def run_hid(d, n, seed, known=known_hid, calls=calls):
        calls.append((int(d), int(n), int(seed)))
        return known.get(calls[-1], (np.nan, np.nan))

    table = study(run_hid, dims_hid, sizes_hid, seeds_hid)
    assert set(calls) <= set(known_hid), (
        "You call run with arguments that are not among the dims, sizes and seeds, in this order."
    )
    assert set(calls) == set(known_hid), "You do not run every combination."
    assert len(calls) == len(known_hid), "You run a combination more than once."
    for which, key in enumerate(("mean", "max")):
        found = np.asarray(table[key], dtype=float)
        assert found.shape == (D, N, 3), (
            f"{D} dimension(s) and {N} sizes: '{key}' has shape ({D}, {N}, 3), not {found.shape}."
        )
        for row, d in enumerate(dims_hid):
            for column, n in enumerate(sizes_hid):
                ordered = sorted(known_hid[d, n, seed][which] for seed in seeds_hid)
                middle = (ordered[(S - 1) // 2] + ordered[S // 2]) / 2
                for place, (name, right) in enumerate(
                    [("median", middle), ("smallest", ordered[0]), ("largest", ordered[-1])]
                ):
                    assert np.isclose(found[row, column, place], right, rtol=1e-12), (
                        f"With {S} seed(s) the {name} of '{key}' is wrong in the row of a dimension "
                        "and the column of a size. (Is each error in its own row and column?)"
                    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_rate", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** The plot of an error against $n$ is drawn with two logarithmic axes, since an error that
# falls like $A\,n^{-r}$ is a straight line of slope $-r$ there. Write `rate(sizes, errors)`: fit a
# straight line to the points $(\log n,\ \log\text{error})$ by least squares, and return $r$, **minus**
# its slope.
#
# **By hand.** Sizes 10, 100, 1000 with errors 1, 0.1, 0.1: in powers of ten the points are
# $(1,0),(2,-1),(3,-1)$, with slope $-\frac12$. The rate is $0.5$.


# %% nbgrader={"grade": false, "grade_id": "rate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rate(sizes, errors):
    """Return the rate r of the least-squares fit of errors by A * sizes**(-r).

    sizes : list or array of at least two different numbers > 0
    errors : as many numbers > 0

    Returns one number.
    """
    ### BEGIN SOLUTION
    x, y = np.log(sizes), np.log(errors)
    x = x - x.mean()
    return -(x @ y) / (x @ x)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_rate", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
slope = np.asarray(rate([10, 100, 1000], [1.0, 0.1, 0.1]), dtype=float)
assert slope.shape == (), f"The rate is one number; yours has shape {slope.shape}."
assert np.isclose(slope, 0.5), f"In the example from the text the rate is 0.5, not {slope:.4g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("rate")
for many in (2, 4, 6):
    sizes_hid = np.sort(rng.permutation(990)[:many] + 10)
    pure = rng.uniform(0.3, 2)
    exact = rng.uniform(0.1, 9) * sizes_hid.astype(float) ** -pure
    found = float(rate(sizes_hid, exact))
    assert np.isclose(found, pure, rtol=1e-7), (
        "Errors that fall exactly like A * n**(-r) should give the rate r."
    )
    noisy = exact * np.exp(rng.normal(0, 0.5, many))
    kept = sizes_hid.copy(), noisy.copy()
    table_hid = np.column_stack([np.ones(many), np.log(sizes_hid)])
    right = -np.linalg.lstsq(table_hid, np.log(noisy), rcond=None)[0][1]
    assert np.isclose(float(rate(sizes_hid, noisy)), right, rtol=1e-7, atol=1e-9), (
        "Errors that scatter around a line: the rate is minus the slope of the least-squares line."
    )
    assert np.array_equal(kept[0], sizes_hid), "Your function changed the sizes."
    assert np.array_equal(kept[1], noisy), "Your function changed the errors."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_support", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: is there anything particular? (2 points)
#
# There is. Under the normalisation of question 1 the thresholds $w_1$ and $w_2$ of $f_6$ shrink as
# $d$ grows, and the part of the cube where $f_6\ne0$ has the volume $v=w_1w_2$. With $n$ uniform
# training points, none of them shows anything but 0 with probability $(1-v)^n$. Whoever then
# answers 0 everywhere is the example of question 5: since $v\le\frac14$, the median of the values of
# $f_6$ is 0, and `per_constant` is 1.
#
# Write `support(d, n, draws, seed)` for $d\ge2$. Draw `draws` times $d$ independent numbers, uniform
# on $[0,1]$, scale each set to the sum 1 to get $w$, and let $v=w_1w_2$. Return three numbers:
#
# 1. the mean of $v$ over the draws,
# 2. the standard error of this mean: the standard deviation of $v$ (the one with
#    $1/(\texttt{draws}-1)$) divided by $\sqrt{\texttt{draws}}$,
# 3. the mean over the draws of $(1-v)^n$.
#
# The same seed must give the same numbers, another seed others.
#
# **By hand.** In two variables the mean of $w_1w_2$ is exactly $\ln2-\frac12\approx0.193$. In ten it
# is below 0.01, since $\mathrm E\,w_1w_2\le1/d^2$ always. The mean of $(1-v)^n$ is *not*
# $(1-\text{mean of }v)^n$.


# %% nbgrader={"grade": false, "grade_id": "support", "locked": false, "schema_version": 3, "solution": true, "task": false}
def support(d, n, draws, seed):
    """Estimate how much of the cube the discontinuous family lives on.

    d : the number of variables, at least 2
    n : the number of training points, an integer >= 0
    draws : how often w is drawn, at least 2
    seed : an integer >= 0

    Returns three numbers: the mean volume of the support, its standard error, and the
    probability that none of n training points lies in the support.
    """
    ### BEGIN SOLUTION
    w = np.random.default_rng(seed).random((draws, d))
    w = w / w.sum(axis=1, keepdims=True)
    v = w[:, 0] * w[:, 1]
    return v.mean(), v.std(ddof=1) / np.sqrt(draws), np.mean((1 - v) ** n)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_support", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = support(2, 10, 5_000, 3)
assert isinstance(found, tuple | list), "Return three numbers."
assert len(found) == 3, "Return three numbers."
assert abs(float(found[0]) - (np.log(2) - 0.5)) < 0.01, (
    f"In two variables the mean volume is about 0.193, not {float(found[0]):.4g}."
)
assert found[0] == support(2, 10, 5_000, 3)[0], "The same seed gives other numbers."
### BEGIN HIDDEN TESTS
rng = submission_rng("support")
seed_hid = int(rng.integers(0, 10**6))
# E[w1·w2] = ∫ t·g(t)²·h(t)^(d-2) dt over t > 0, with 1/S² = ∫ t·exp(-tS) dt, S the sum of the
# uniform numbers, h(t) = E exp(-tU) and g(t) = E U·exp(-tU).
edges = np.geomspace(1e-3, 1e5, 60_001)
t = np.sqrt(edges[1:] * edges[:-1])
h = -np.expm1(-t) / t
g = (h - np.exp(-t)) / t
for d in (2, 5, 10):
    volume_right = np.sum(t * g**2 * h ** (d - 2) * np.diff(edges))
    volume, noise, blank = (float(a) for a in support(d, 1, 5_000, seed_hid))
    assert 0 < noise < volume, f"In {d} variables the standard error of 5,000 draws is wrong."
    assert abs(volume - volume_right) < 6 * noise, (
        f"In {d} variables the mean volume is wrong. Uniform numbers, scaled to the sum 1; the "
        "volume is the product of the first two."
    )
    assert np.isclose(blank, 1 - volume, rtol=1e-9), (
        "With one training point the third number must be 1 minus the first."
    )
# What n = 1 and n = 2 give determines the second moment, and with it the standard error.
for draws_hid in (2, 5, 400):
    volume, noise, _ = (float(a) for a in support(3, 1, draws_hid, seed_hid))
    again, _, blank = (float(a) for a in support(3, 2, draws_hid, seed_hid))
    assert again == volume, "With the same seed the mean volume changes with n."
    square = blank - 1 + 2 * volume
    right = np.sqrt(max(square - volume**2, 0) / (draws_hid - 1))
    assert np.isclose(noise, right, rtol=1e-5), (
        "The standard error, or the third number, is wrong: with few draws they do not fit together."
    )
blanks = [float(support(2, n_hid, 3_000, seed_hid)[2]) for n_hid in (0, 1, 2, 7)]
assert np.isclose(blanks[0], 1), "Without training points the third number is 1."
volume = float(support(2, 7, 3_000, seed_hid)[0])
# In two variables w1 = w has the density 1/(2·max(w, 1-w)²), so that this, too, is an integral.
w_half = (np.arange(20_000) + 0.5) / 40_000
right = np.mean((1 - w_half * (1 - w_half)) ** 7 / (2 * (1 - w_half) ** 2))
assert abs(blanks[3] - right) < 0.02, (
    "In two variables with n = 7 the third number is wrong: it is the mean of (1 - v)**n."
)
assert blanks[3] > (1 - volume) ** 7, (
    "The third number is the mean of (1 - v)**n, not (1 - mean of v)**n."
)
others = {float(support(2, 1, 50, seed_hid + k)[0]) for k in range(5)}
assert len(others) == 5, "Another seed gives the same numbers."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "outro", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Put it together (not graded)
#
# You now have everything that the exercise on the slides asks for. Choose three families, draw and
# normalise coefficients, let `run(d, n, seed)` draw points, train a surrogate with `train_network`
# on the box $[0,1]^d$, and measure its errors at 1,000 fresh points. `study` makes the table for
# $d=2,5,10$ and $n=10,50,100,500$; plot the medians against $n$ on logarithmic axes. Then change the
# network: more units, another activation, more steps. Which differences are larger than those
# between two seeds?
