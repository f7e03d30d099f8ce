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
# # Day 6: learning an economy that runs in continuous time
#
# Capital, debt and prices move all the time; we observe them now and then. You build what it takes
# to learn their law of motion from such observations: methods that solve a differential equation, a
# check of their accuracy, and the gradient that goes backward in time.
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | Euler's method with a policy that changes | 2 |
# | 2 | Kutta's 3/8 rule | 3 |
# | 3 | the order of a method when nobody knows the solution | 2 |
# | 4 | a residual network that is Euler's method | 2 |
# | 5 | the adjoint equation of a small network, by hand | 3 |
# | 6 | backward in time: state, adjoint and gradient | 3 |
# | 7 | observations at several dates | 3 |
# | 8 | a law of motion recovered from a path | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both. No question needs the answer
# to another one.
#
# **Rules that hold for every function here**
#
# - Everything is NumPy. A state `y` has shape `(d,)` unless the question says otherwise.
# - Numbers may arrive as integers (`np.array([1, 0])`). The answer must be the same as for `1.0`.
# - Never change an array that you were given: `y += step` changes it, `y = y + step` does not.
# - Functions that you are given, such as `f`, return arrays; call them with the arguments in the
#   order that is written, by position.
# - Time may run backward: then the step `h` is negative, and no formula changes.
# - The library's `course.ode` has no policy, another rule with four stages, and TensorFlow inside;
#   `course.neural_ode` lets a tape differentiate. Read them for ideas; they do not answer these
#   questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm, logm

from course.exercise import submission_rng

# Your answers need np and, in question 8, perhaps logm. The rest is for tests and the last picture.

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_euler", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: Euler's method with a policy (2 points)
#
# A state follows $\dot y=f(t,y,u)$, where $u$ is a policy, such as the share of income that is saved.
# The policy is decided at the dates $t_0,t_1,\dots,t_k$ and then holds until the next one: $u_i$ from
# $t_i$ to $t_{i+1}$. The dates are **not** equally spaced. Euler's method takes one step from each
# date to the next,
#
# $$
# y_{i+1}=y_i+(t_{i+1}-t_i)\,f(t_i,y_i,u_i),\qquad i=0,\dots,k-1 .
# $$
#
# Write `euler_path(f, y0, times, policy)`. The arrays `times` and `policy` have shapes `(k + 1,)` and
# `(k,)`, and you call `f(t, y, u)` with two numbers `t`, `u` and an array `y`. Return the states at
# all dates, shape `(k + 1, d)`; the first row is `y0`.
#
# **By hand.** $f(t,y,u)=y+ut$, $y_0=1$, dates 0, 1, 3, policy 2, 1. The first step has length 1 and
# slope $1+2\cdot0=1$, so $y_1=2$. The second has length 2 and slope $2+1\cdot1=3$, so $y_2=8$.


# %% nbgrader={"grade": false, "grade_id": "euler", "locked": false, "schema_version": 3, "solution": true, "task": false}
def euler_path(f, y0, times, policy):
    """Return the path of Euler's method, one step between neighbouring dates.

    f : function; f(t, y, u) is the rate of change, an array of shape (d,)
    y0 : the first state, shape (d,); not changed
    times : the dates, shape (k + 1,), rising or falling
    policy : the policy that holds from each date to the next, shape (k,)

    Returns an array of floats, shape (k + 1, d); its first row is y0.
    """
    ### BEGIN SOLUTION
    path = [y0]
    for i, u in enumerate(policy):
        path.append(path[i] + (times[i + 1] - times[i]) * f(times[i], path[i], u))
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_euler", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
path = np.asarray(
    euler_path(
        lambda t, y, u: y + u * t, np.array([1.0]), np.array([0.0, 1.0, 3.0]), np.array([2.0, 1.0])
    ),
    dtype=float,
)
assert path.shape == (3, 1), f"Three dates make a path of shape (3, 1), not {path.shape}."
assert np.allclose(path[:, 0], [1, 2, 8]), f"The example goes 1, 2, 8; yours goes {path[:, 0]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("euler")
for k, d, sign in [(5, 1, 1), (9, 3, 1), (7, 2, -1)]:
    gaps_hid = rng.uniform(0.1, 0.9, k)
    times_hid = sign * (rng.uniform(1, 2) + np.concatenate([[0], np.cumsum(gaps_hid)]))
    policy_hid = rng.uniform(0.5, 2, k)
    start_hid = rng.uniform(1, 2, d)
    kept = start_hid.copy(), times_hid.copy(), policy_hid.copy()
    steps_hid = np.diff(kept[1])
    how = "rise" if sign > 0 else "fall"

    # A slope that knows only the policy, then only the date: the path is a cumulative sum.
    path = np.asarray(
        euler_path(lambda t, y, u, d=d: np.full(d, u), start_hid, times_hid, policy_hid),
        dtype=float,
    )
    assert path.shape == (k + 1, d), (
        f"{k + 1} dates and {d} state(s) make a path of shape ({k + 1}, {d}), not {path.shape}."
    )
    assert all(map(np.array_equal, kept, (start_hid, times_hid, policy_hid))), (
        "Your function changed an array that it was given."
    )
    assert np.allclose(path[0], kept[0]), "The first row of the path is not y0."
    right = kept[0] + np.concatenate([[0], np.cumsum(steps_hid * kept[2])])[:, None]
    assert np.allclose(path, right, rtol=1e-9, atol=1e-9), (
        f"With dates that {how} and a slope equal to the policy your path is wrong. Each step has "
        "its own length and its own policy."
    )
    path = np.asarray(
        euler_path(lambda t, y, u, d=d: np.full(d, np.cos(t)), start_hid, times_hid, policy_hid),
        dtype=float,
    )
    right = kept[0] + np.concatenate([[0], np.cumsum(steps_hid * np.cos(kept[1][:-1]))])[:, None]
    assert np.allclose(path, right, rtol=1e-9, atol=1e-9), (
        f"With dates that {how} and a slope that depends on the time alone your path is wrong: the "
        "slope is that of the date from which the step starts."
    )
    # A slope proportional to the state: the path is a cumulative product.
    path = np.asarray(
        euler_path(
            lambda t, y, u: u * np.asarray(y, dtype=float), start_hid, times_hid, policy_hid
        ),
        dtype=float,
    )
    right = kept[0] * np.concatenate([[1], np.cumprod(1 + steps_hid * kept[2])])[:, None]
    assert np.allclose(path, right, rtol=1e-9, atol=1e-9), (
        "With a slope that depends on the state your path is wrong: the slope is that of the state "
        "from which the step starts."
    )
path = np.asarray(
    euler_path(
        lambda t, y, u: np.array([u + 0.25, t + 0.5]), np.array([1, -1]), np.array([0, 1, 2]),
        np.array([0, 1]),
    ),
    dtype=float,
)  # fmt: skip
assert np.allclose(path, [[1, -1], [1.25, -0.5], [2.5, 1]]), (
    "Started from a y0 of integers, your path is wrong."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_kutta", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: Kutta's other rule (3 points)
#
# In 1901 Kutta published two rules of order four. One became "the" Runge–Kutta method of the
# lecture. The other, the **3/8 rule**, needs four slopes as well; some libraries mean it when they
# say `rk4`:
#
# $$
# \begin{aligned}
# k_1&=f(t,\;y,\;u),&
# k_3&=f\bigl(t+\tfrac{2h}3,\;y+h(k_2-\tfrac13k_1),\;u\bigr),\\
# k_2&=f\bigl(t+\tfrac h3,\;y+\tfrac h3k_1,\;u\bigr),&
# k_4&=f\bigl(t+h,\;y+h(k_1-k_2+k_3),\;u\bigr),
# \end{aligned}
# $$
#
# $$y_{\text{new}}=y+\frac h8\,(k_1+3k_2+3k_3+k_4).$$
#
# Write `kutta_step(f, t, y, u, h)`, which makes one step and returns the new state, shape `(d,)`. The
# policy `u` is the same in all four slopes. Call `f` exactly four times: slopes are what costs.
#
# **By hand.** For $f=y$, $y=1$, $h=1$ the slopes are $1,\tfrac43,2,\tfrac83$, and the new state is
# $1+\tfrac18(1+4+6+\tfrac83)=2.70833\ldots$, the series of $e$ up to its fifth term.


# %% nbgrader={"grade": false, "grade_id": "kutta", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kutta_step(f, t, y, u, h):
    """Return the state after one step of the 3/8 rule.

    f : function; f(t, y, u) is the rate of change, an array of shape (d,)
    t : the time at which the step starts
    y : the state at that time, shape (d,); not changed
    u : the policy during the step
    h : the length of the step; negative if time runs backward

    Returns an array of floats, shape (d,).
    """
    ### BEGIN SOLUTION
    k1 = f(t, y, u)
    k2 = f(t + h / 3, y + h / 3 * k1, u)
    k3 = f(t + 2 * h / 3, y + h * (k2 - k1 / 3), u)
    k4 = f(t + h, y + h * (k1 - k2 + k3), u)
    return y + h / 8 * (k1 + 3 * k2 + 3 * k3 + k4)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_kutta", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
moved = np.asarray(kutta_step(lambda t, y, u: y, 0.0, np.array([1.0]), 0.0, 1.0), dtype=float)
assert moved.shape == (1,), f"The new state has the shape of y, (1,), not {moved.shape}."
assert np.isclose(moved[0], 65 / 24), f"The example ends at 2.70833, not at {moved[0]:.6g}."
moved = np.asarray(kutta_step(lambda t, y, u: np.array([u]), 0.0, np.array([1.0]), 4.0, 0.5))
assert np.isclose(moved[0], 3), f"With a slope of 4 half a year leads from 1 to 3, not {moved[0]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("kutta")
for d, sign in [(1, 1), (3, 1), (2, -1)]:
    t_hid, h_hid, u_hid = rng.uniform(0.5, 2), sign * rng.uniform(0.3, 0.8), rng.uniform(1, 2)
    y_hid = rng.uniform(0.5, 1.5, d)
    kept = y_hid.copy()
    asked = []

    def clock_hid(t, y, u, asked=asked, d=d):
        asked.append(t)
        return np.full(d, np.exp(1.5 * t))

    moved = np.asarray(kutta_step(clock_hid, t_hid, y_hid, u_hid, h_hid), dtype=float)
    assert np.array_equal(kept, y_hid), "Your function changed the array y that it was given."
    assert moved.shape == (d,), f"The new state has shape {moved.shape}; y has shape ({d},)."
    assert len(asked) == 4, f"Your step calls f {len(asked)} times; four slopes are needed."
    asked = np.sort(np.array(asked, dtype=float) * sign) * sign
    assert np.allclose(asked, t_hid + h_hid * np.array([0, 1, 2, 3]) / 3, rtol=1e-12), (
        "A slope is taken at a wrong time. Compare the first argument of each f with the formulas."
    )
    slopes = np.exp(1.5 * (t_hid + h_hid * np.array([0, 1, 2, 3]) / 3))
    right = kept + h_hid * slopes.dot([0.125, 0.375, 0.375, 0.125])
    assert np.allclose(moved, right, rtol=1e-12), (
        "The times of the slopes are right, but a slope that depends on the time alone leads to a "
        "wrong state: check how the four are averaged."
    )
    # A linear field: the step is the exponential series up to the fourth power.
    matrix_hid = rng.normal(0, 1, (d, d))

    def linear_hid(t, y, u, matrix=matrix_hid):
        return u * matrix.dot(np.asarray(y, dtype=float))

    moved = np.asarray(kutta_step(linear_hid, t_hid, y_hid, u_hid, h_hid), dtype=float)
    right, term = kept.copy(), kept.copy()
    for power in range(1, 5):
        term = h_hid * u_hid / power * matrix_hid.dot(term)
        right = right + term
    assert np.allclose(moved, right, rtol=1e-10, atol=1e-12), (
        "For a slope proportional to the state and to the policy your step is wrong: check at which "
        "state each slope is taken, and that each gets the policy."
    )

    # A field that bends, and depends on everything: the tableau, stage by stage.
    def bent_hid(t, y, u):
        y = np.asarray(y, dtype=float)
        return np.sin(y + u * t) + y[::-1] ** 2

    moved = np.asarray(kutta_step(bent_hid, t_hid, y_hid, u_hid, h_hid), dtype=float)
    tableau = [[], [1 / 3], [-1 / 3, 1], [1, -1, 1]]
    stages = []
    for row in tableau:
        place = kept + h_hid * sum((c * k for c, k in zip(row, stages, strict=True)), np.zeros(d))
        stages.append(bent_hid(t_hid + h_hid * sum(row), place, u_hid))
    right = kept + h_hid * np.tensordot([0.125, 0.375, 0.375, 0.125], np.array(stages), 1)
    assert np.allclose(moved, right, rtol=1e-10, atol=1e-12), (
        "For a slope that bends with time, state and policy your step is wrong, although it is "
        "right for simple ones: check at which state each slope is taken."
    )
moved = np.asarray(kutta_step(lambda t, y, u: y / 2 + t + u, 1, np.array([2, 0]), 1, 2))
exact_two = 2 * (1 + 1 + 1 / 2 + 1 / 6 + 1 / 24)
forced = kutta_step(lambda t, y, u: y / 2 + t + u, 1.0, np.array([2.0, 0.0]), 1.0, 2.0)
assert np.allclose(moved, np.asarray(forced)), "Whole numbers as input give another state."
assert np.isclose(float(moved[0]) - float(moved[1]), exact_two), (
    "Two states that differ by 2 and follow the same linear law end at a wrong distance."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_order", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: how accurate is it, when nobody knows the solution? (2 points)
#
# A method of order $p$ with $n$ steps ends at $y_n\approx y_\infty+C\,n^{-p}$, where $y_\infty$ is the
# exact state and $C$ a vector that we do not know. In the lecture we knew $y_\infty$. You do not: but
# three runs tell both $p$ and $y_\infty$. If the formula held exactly, then
#
# $$
# \frac{\lVert y_{2n}-y_n\rVert_2}{\lVert y_{4n}-y_{2n}\rVert_2}=2^p
# \qquad\text{and}\qquad
# y_\infty=y_{4n}+\frac{y_{4n}-y_{2n}}{2^p-1}.
# $$
#
# Write `order_and_limit(solve, n)`. You call `solve(m)` to get the state after `m` steps, an array of
# shape `(d,)`; call it three times, for a run may take long. Return the pair `(p, y_infinity)`: a
# number and an array of shape `(d,)`. Use $p$ as it comes out, do not round it.
#
# **By hand.** If `solve(m)` is $3+1/m^2$, then $n=1$ gives 4, 3.25 and 3.0625. The differences are
# in the ratio 4, so $p=2$, and $y_\infty=3.0625-0.1875/3=3$.


# %% nbgrader={"grade": false, "grade_id": "order", "locked": false, "schema_version": 3, "solution": true, "task": false}
def order_and_limit(solve, n):
    """Return the observed order of a method and the extrapolated state.

    solve : function; solve(m) is the state after m steps, an array of shape (d,)
    n : the smallest number of steps, an integer >= 1

    Returns the pair (order, state): a number and an array of shape (d,).
    """
    ### BEGIN SOLUTION
    coarse, middle, fine = solve(n), solve(2 * n), solve(4 * n)
    order = np.log2(np.linalg.norm(middle - coarse) / np.linalg.norm(fine - middle))
    return order, fine + (fine - middle) / (2**order - 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_order", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = order_and_limit(lambda m: np.array([3 + 1 / m**2]), 1)
assert isinstance(pair, tuple | list), "Return the pair (order, state)."
order, limit = np.asarray(pair[0], dtype=float), np.asarray(pair[1], dtype=float)
assert order.shape == (), f"The order is one number; yours has shape {order.shape}."
assert np.isclose(order, 2), f"The example has order 2, not {order:.6g}."
assert limit.shape == (1,), f"The state has shape (1,) here, not {limit.shape}."
assert np.allclose(limit, 3), f"The example tends to 3, not to {limit[0]:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("order")
for d, order_hid in [(1, 1), (3, 4), (2, 2), (4, rng.uniform(1.2, 2.8))]:
    n_hid = int(rng.integers(2, 6))
    limit_hid, slope_hid = rng.normal(0, 3, d), rng.choice([-1, 1], d) * rng.uniform(0.5, 2, d)
    runs = []

    def run_hid(m, runs=runs, limit=limit_hid, slope=slope_hid, order=order_hid):
        runs.append(int(m))
        return limit + slope * float(m) ** -order

    pair = order_and_limit(run_hid, n_hid)
    assert sorted(runs) == [n_hid, 2 * n_hid, 4 * n_hid], (
        "solve should be called three times, with n, 2n and 4n steps."
    )
    assert np.isclose(float(pair[0]), order_hid, rtol=1e-6), (
        f"For a state of {d} number(s) whose error follows a power law exactly, the order is wrong."
    )
    found = np.asarray(pair[1], dtype=float)
    assert found.shape == (d,), f"The state has shape ({d},), yours has {found.shape}."
    assert np.allclose(found, limit_hid, rtol=1e-8, atol=1e-8), (
        "The order is right, the extrapolated state is not. The finest run is nearest to it."
    )
# Errors that turn as they shrink: here the norm of a vector and that of its parts disagree.
first_hid, second_hid = rng.uniform(1, 2, 3), rng.uniform(1, 2, 3) * [1, -1, 1]
runs_hid = {m: first_hid / m + second_hid / m**3 for m in (1, 2, 4)}
pair = order_and_limit(lambda m: runs_hid[int(m)], 1)
lengths = [np.sum((runs_hid[2 * m] - runs_hid[m]) ** 2) for m in (1, 2)]
right = np.log(lengths[0] / lengths[1]) / np.log(4)
assert np.isclose(float(pair[0]), right, rtol=1e-9), (
    "For a state of several numbers the order is wrong: compare Euclidean norms of differences."
)
right = runs_hid[4] + (runs_hid[4] - runs_hid[2]) / (np.sqrt(lengths[0] / lengths[1]) - 1)
assert np.allclose(np.asarray(pair[1], dtype=float), right, rtol=1e-9), (
    "The extrapolated state should use the order as it comes out, and one order for all numbers."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_residual", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: a residual network is Euler's method (2 points)
#
# A residual block with the weights $(W,b,V)$ maps
#
# $$
# y\;\mapsto\;y+h\,\tanh(yW+b)\,V ,
# $$
#
# for a batch $y$ of shape `(B, d)`, one row per example. The shapes are $W$: `(d, m)`, $b$: `(m,)`, $V$:
# `(m, d)`; the width $m$ may differ from block to block. A network applies its blocks one after the
# other. That is question 1 with the weights as the policy: they hold for a while $h$ and then change.
#
# So we can ask what the network *would* do if its steps were finer: replace each block by `refine`
# blocks with the same weights and the step $h/\text{refine}$, before the next block's turn comes.
#
# Write `residual_net(x, layers, h, refine)`. `layers` is a list of triples `(W, b, V)`, first block
# first. Return the output, shape `(B, d)`. With `refine = 1` this is the network itself.
#
# **By hand.** One number, one block with $W=0$, $b=\operatorname{artanh}\frac12$, $V=4$: each step adds
# $h\cdot\frac12\cdot4=2h$. Then a block with $W=1$, $b=0$, $V=2$. From $x=-1$, $h=\frac12$ and
# `refine = 1`: the first block leads to 0, where the second adds $\frac12\tanh(0)\cdot2=0$. With
# `refine = 2` the first block goes to $-\frac12$, then to 0: the same, since its slope is constant.


# %% nbgrader={"grade": false, "grade_id": "residual", "locked": false, "schema_version": 3, "solution": true, "task": false}
def residual_net(x, layers, h, refine):
    """Return the output of a residual network whose blocks are cut into finer steps.

    x : the inputs, shape (B, d); not changed
    layers : list of triples (W, b, V) of shapes (d, m), (m,), (m, d)
    h : the step of a block
    refine : the number of steps into which each block is cut, an integer >= 1

    Returns an array of floats, shape (B, d).
    """
    ### BEGIN SOLUTION
    for W, b, V in layers:
        for _ in range(refine):
            x = x + h / refine * np.tanh(x @ W + b) @ V
    return x
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_residual", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
two_blocks = [
    (np.array([[0.0]]), np.array([np.arctanh(0.5)]), np.array([[4.0]])),
    (np.array([[1.0]]), np.array([0.0]), np.array([[2.0]])),
]
for refine in (1, 2):
    out = np.asarray(residual_net(np.array([[-1.0]]), two_blocks, 0.5, refine), dtype=float)
    assert out.shape == (1, 1), f"One row of one number: shape (1, 1), not {out.shape}."
    assert np.allclose(out, 0), (
        f"The example ends at 0 with refine = {refine}, not at {out[0, 0]:.6g}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("residual")
for B, d, widths in [(1, 2, (3, 5)), (4, 3, (2, 6, 4))]:
    layers_hid = [
        (rng.normal(0, 1, (d, m)), rng.normal(0, 1, m), rng.normal(0, 1, (m, d))) for m in widths
    ]
    x_hid, h_hid = rng.normal(0, 1, (B, d)), rng.uniform(0.3, 0.9)
    kept = x_hid.copy()
    for refine_hid in (1, 2, 5):
        out = np.asarray(residual_net(x_hid, layers_hid, h_hid, refine_hid), dtype=float)
        assert np.array_equal(kept, x_hid), "Your function changed the array x that it was given."
        assert out.shape == (B, d), f"x has shape ({B}, {d}), your output has {out.shape}."
        right = kept.copy()
        for row in range(B):
            for W, b, V in layers_hid:
                for _ in range(refine_hid):
                    hidden = [np.tanh(right[row].dot(W[:, j]) + b[j]) for j in range(len(b))]
                    right[row] = right[row] + h_hid * V.T.dot(hidden) / refine_hid
        assert np.allclose(out, right, rtol=1e-9, atol=1e-9), (
            f"With {len(widths)} blocks of different weights and refine = {refine_hid} the output is "
            "wrong. Each block takes all its finer steps before the next block's turn comes."
        )
    # Ever finer steps tend to the path of the differential equation.
    flow = kept[0].copy()
    for W, b, V in layers_hid:
        flow = solve_ivp(
            lambda t, y, W=W, b=b, V=V: np.tanh(y.dot(W) + b).dot(V), (0, h_hid), flow, rtol=1e-8
        ).y[:, -1]
    errors = [
        np.linalg.norm(np.asarray(residual_net(x_hid, layers_hid, h_hid, k), dtype=float)[0] - flow)
        for k in (64, 128)
    ]
    assert errors[1] < 0.6 * errors[0], (
        "Steps half as long should bring the output twice as near to the differential equation's."
    )
out = np.asarray(
    residual_net(np.array([[1, -1]]), [(np.array([[1], [1]]), np.array([1]), np.array([[1, 2]]))],
                 1, 1),
    dtype=float,
)  # fmt: skip
assert np.allclose(out, [[1 + np.tanh(1), -1 + 2 * np.tanh(1)]]), (
    "Whole numbers as input give a wrong output."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_adjoint", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: the adjoint equation by hand (3 points)
#
# Now the weights shall be learnt. A network that knows the time gives the rate of change of one state
# $y$, shape `(d,)`:
#
# $$
# \dot y=f(t,y;\theta)=s\,V,\qquad s=\tanh(z),\qquad z=yW+t\,w+b,\qquad \theta=(W,w,b,V),
# $$
#
# with $W$: `(d, m)`, $w$ and $b$: `(m,)`, $V$: `(m, d)`. For a loss $L$ of the state at a later time, the
# adjoint $a(t)=\partial L/\partial y(t)$, shape `(d,)`, and the part $g(t)$ of the gradient that
# comes from after $t$ obey
#
# $$
# \dot a_i=-\sum_j a_j\frac{\partial f_j}{\partial y_i},\qquad
# \dot g=-\sum_j a_j\frac{\partial f_j}{\partial\theta}.
# $$
#
# Work out the sums on paper. The chain rule goes from $f$ through $s$ and $z$, and
# $\tanh'(z)=1-\tanh^2z$. Write `adjoint_rate(t, y, a, theta)`, which returns the triple
# `(y_dot, a_dot, g_dot)`. Here `theta` is the tuple `(W, w, b, V)`, and `g_dot` is a tuple of four
# arrays with the shapes of $W,w,b,V$, in this order. **Mind the minus signs**: they belong to what
# you return. Differences check the formulas and do not replace them: grading asks for ten digits,
# also where a saturated unit adds $10^8$ to $f$.
#
# **By hand.** With $d=m=1$: $y=2$, $t=4$, $W=3$, $w=-1.5$, $b=\operatorname{artanh}\frac12$, $V=4$,
# $a=8$. Then $z=6-6+b$ and $s=\frac12$, so $\dot y=\frac12\cdot4=2$ and $\tanh'(z)=\frac34$. The factor
# that all but $V$ share is $aV\cdot\frac34=24$, so $\dot a=-24\cdot3=-72$, and
# $\dot g=(-24\cdot2,\,-24\cdot4,\,-24,\,-8\cdot\frac12)=(-48,-96,-24,-4)$.


# %% nbgrader={"grade": false, "grade_id": "adjoint", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adjoint_rate(t, y, a, theta):
    """Return the rates of change of the state, of its adjoint and of the gradient.

    t : the time
    y : the state, shape (d,)
    a : the adjoint, shape (d,)
    theta : the tuple (W, w, b, V) of shapes (d, m), (m,), (m,), (m, d)

    Returns the triple (y_dot, a_dot, g_dot): two arrays of shape (d,), and a tuple of four arrays
    with the shapes of W, w, b, V.
    """
    ### BEGIN SOLUTION
    W, w, b, V = theta
    s = np.tanh(y @ W + t * w + b)
    v = (V @ a) * (1 - s**2)
    return s @ V, -W @ v, (-np.outer(y, v), -t * v, -v, -np.outer(s, a))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_adjoint", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
small = (np.array([[3.0]]), np.array([-1.5]), np.array([np.arctanh(0.5)]), np.array([[4.0]]))
triple = adjoint_rate(4.0, np.array([2.0]), np.array([8.0]), small)
assert isinstance(triple, tuple | list), "Return the triple (y_dot, a_dot, g_dot)."
assert len(triple) == 3, f"Return three things: y_dot, a_dot and g_dot, not {len(triple)}."
assert len(triple[2]) == 4, f"g_dot holds four arrays, for W, w, b and V, not {len(triple[2])}."
parts = [np.asarray(part, dtype=float) for part in (*triple[:2], *triple[2])]
for part, name, shape, right in zip(
    parts,
    ["y_dot", "a_dot", "the part of W", "the part of w", "the part of b", "the part of V"],
    [(1,), (1,), (1, 1), (1,), (1,), (1, 1)],
    [2, -72, -48, -96, -24, -4],
    strict=True,
):
    assert part.shape == shape, f"In the example {name} has shape {shape}, not {part.shape}."
    assert np.allclose(part, right), f"In the example {name} is {right}, not {part.ravel()[0]:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("adjoint")
for d, m, huge in [(1, 1, False), (2, 3, False), (3, 2, False), (2, 4, True)]:
    theta_hid = [rng.normal(0, 0.7, shape) for shape in ((d, m), (m,), (m,), (m, d))]
    if huge:
        # A unit that is saturated adds a huge constant to f, which no derivative but that by V sees.
        theta_hid[2][0], theta_hid[3][0] = 60.0, 1e8
    t_hid, y_hid, a_hid = rng.uniform(0.5, 1.5), rng.normal(0, 1, d), rng.normal(0, 1, d)
    kept = [array.copy() for array in (y_hid, a_hid, *theta_hid)]

    def rate_hid(y, W, w, b, V, t=t_hid):
        return np.array(
            [
                sum(V[k, j] * np.tanh(y.dot(W[:, k]) + t * w[k] + b[k]) for k in range(W.shape[1]))
                for j in range(len(y))
            ]
        )

    with np.errstate(divide="ignore", over="ignore"):  # whoever takes a saturated unit's arctanh
        triple = adjoint_rate(t_hid, y_hid, a_hid, tuple(theta_hid))
    parts = [np.asarray(part, dtype=float) for part in (*triple[:2], *triple[2])]
    assert all(map(np.array_equal, kept, (y_hid, a_hid, *theta_hid))), (
        "Your function changed an array that it was given."
    )
    assert parts[0].shape == (d,), f"y_dot has shape {parts[0].shape}; the state has ({d},)."
    arguments = [kept[0], *kept[2:]]
    assert np.allclose(parts[0], rate_hid(*arguments), rtol=1e-9, atol=1e-12), (
        f"With {d} state(s) and {m} hidden unit(s) y_dot is not the network's rate of change."
    )
    names = ["a_dot", "the part of W", "the part of w", "the part of b", "the part of V"]
    hint = (
        "Check each factor, the derivative of tanh among them, and the sign."
        if d == m == 1
        else "With one state and one unit it was right: check what is summed, and the transposes."
    )
    for place, (part, name) in enumerate(zip(parts[1:], names, strict=True)):
        assert part.shape == arguments[place].shape, (
            f"With {d} state(s) and {m} hidden unit(s) {name} has shape {part.shape}; expected "
            f"{arguments[place].shape}."
        )
        # Im a·f(y + ih)/h: a difference along the imaginary axis, in which no digit is lost.
        right = np.empty(arguments[place].shape)
        for index in np.ndindex(right.shape):
            moved = [array.astype(complex) for array in arguments]
            moved[place][index] += 1e-20j
            right[index] = -kept[1].dot(rate_hid(*moved).imag) * 1e20
        assert huge or np.allclose(part, right, rtol=1e-6, atol=1e-8), (
            f"With {d} state(s) and {m} hidden unit(s) {name} disagrees with numerical derivatives "
            f"of the network. {hint}"
        )
        assert np.allclose(part, right, rtol=1e-10, atol=1e-12), (
            f"{name} has too few correct digits"
            f"{', beside a saturated unit with a huge V' if huge else ''}. Work out the sums on "
            "paper; a difference of rates is no derivative."
        )
whole = (np.array([[1, 0]]), np.array([0, 1]), np.array([0, 0]), np.array([[1], [2]]))
found, same = (
    adjoint_rate(t, np.array([y]), np.array([a]), tuple(part * one for part in whole))
    for t, y, a, one in [(1, 1, 2, 1), (1.0, 1.0, 2.0, 1.0)]
)
for part, other in zip((*found[:2], *found[2]), (*same[:2], *same[2]), strict=True):
    assert np.allclose(np.asarray(part), np.asarray(other)), (
        "Whole numbers as input give other rates than floats."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: backward in time (3 points)
#
# The cell below gives you `classic_step(f, t, y, h)`, one step of the lecture's Runge–Kutta method for
# $\dot y=f(t,y)$. Use it in this question, whatever you wrote in question 2.
#
# At the end $t_1$ of a path we know the state $y(t_1)$ and the adjoint $a(t_1)=\partial L/\partial
# y(t_1)$. The path itself was **not** kept. Going back to $t_0$ we find it again, together with all that
# we want: solve, from $t_1$ to $t_0$,
#
# $$
# \dot y=f(t,y),\qquad
# \dot a=-\sum_j a_j\frac{\partial f_j}{\partial y},\qquad
# \dot g=-\sum_j a_j\frac{\partial f_j}{\partial\theta},\qquad g(t_1)=0 .
# $$
#
# Then $a(t_0)=\partial L/\partial y(t_0)$ and $g(t_0)=\partial L/\partial\theta$.
#
# Write `go_back(f, pull, y_end, a_end, t_end, t_start, n)`. You call `f(t, y)` for the rate, shape
# `(d,)`, and `pull(t, y, a)` for the pair of sums $\bigl(\sum_ja_j\,\partial f_j/\partial
# y,\;\sum_ja_j\,\partial f_j/\partial\theta\bigr)$, **without** the minus signs, of shapes `(d,)` and
# `(p,)`. Make `n` equal steps of `classic_step` with all three *together as one long state*: the slopes
# inside a step then see $y$ and $a$ at the right stage. The number $p$ of parameters you learn from what
# `pull` returns; you may call it once more for that. Return the triple `(y_start, a_start, g)`.
#
# **By hand.** $f=\theta$, a constant: `pull` returns $(0,a)$. From $t_1=3$ back to $t_0=1$ with
# $y(3)=10$, $a(3)=2$, $\theta=4$: the state was $10-4\cdot2=2$, the adjoint stays 2, and
# $g=2\cdot(3-1)=4$. (Indeed $y(3)=y(1)+2\theta$, so $\partial L/\partial\theta=2a$.)


# %% nbgrader={"grade": false, "grade_id": "classic", "locked": true, "schema_version": 3, "solution": false, "task": false}
def classic_step(f, t, y, h):
    """Return the state after one step of the classical Runge-Kutta method."""
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


# %% nbgrader={"grade": false, "grade_id": "backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    """Return the state, the adjoint and the gradient at the start of a path.

    f : function; f(t, y) is the rate of change, shape (d,)
    pull : function; pull(t, y, a) is the pair of sums over j of a_j df_j/dy and of a_j df_j/dtheta,
        of shapes (d,) and (p,)
    y_end, a_end : state and adjoint at t_end, shape (d,); not changed
    t_end, t_start : the time from which we go, and to which
    n : the number of equal steps of classic_step, an integer >= 1

    Returns the triple (y_start, a_start, g) of arrays of shapes (d,), (d,), (p,).
    """
    ### BEGIN SOLUTION
    d = len(y_end)

    def rates(t, state):
        y, a = state[:d], state[d : 2 * d]
        wrt_y, wrt_theta = pull(t, y, a)
        return np.concatenate([f(t, y), -wrt_y, -wrt_theta])

    h = (t_start - t_end) / n
    state = np.concatenate([y_end, a_end, 0 * pull(t_end, y_end, a_end)[1]])
    for i in range(n):
        state = classic_step(rates, t_end + i * h, state, h)
    return state[:d], state[d : 2 * d], state[2 * d :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_backward", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
triple = go_back(
    lambda t, y: np.array([4.0]),
    lambda t, y, a: (np.array([0.0]), np.array(a)),
    np.array([10.0]),
    np.array([2.0]),
    3.0,
    1.0,
    5,
)
assert isinstance(triple, tuple | list), "Return the triple (y_start, a_start, g)."
assert len(triple) == 3, f"Return three arrays: y_start, a_start and g, not {len(triple)}."
for part, name, right in zip(triple, ["y_start", "a_start", "g"], [2, 2, 4], strict=True):
    part = np.asarray(part, dtype=float)
    assert part.shape == (1,), f"In the example {name} has shape (1,), not {part.shape}."
    assert np.allclose(part, right), f"In the example {name} is {right}, not {part[0]:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("backward")
# A linear law, θ its matrix row by row: closed forms by matrix exponentials.
for d, sign in [(1, 1), (2, 1), (3, -1)]:
    law_hid = rng.normal(0, 0.6, (d, d)) - 0.2 * np.eye(d)
    start_hid, weight_hid = rng.uniform(0.5, 1.5, d), rng.normal(0, 1, d)
    t_hid, span_hid = rng.uniform(0.3, 1), sign * rng.uniform(0.8, 1.4)
    jump_hid = expm(span_hid * law_hid)
    end_hid = jump_hid.dot(start_hid)
    kept = end_hid.copy(), weight_hid.copy()
    triple = go_back(
        lambda t, y, law=law_hid: law.dot(np.asarray(y, dtype=float)),
        lambda t, y, a, law=law_hid: (law.T.dot(a), np.outer(a, y).ravel()),
        end_hid, weight_hid, t_hid + span_hid, t_hid, 24,
    )  # fmt: skip
    found = [np.asarray(part, dtype=float) for part in triple]
    assert all(map(np.array_equal, kept, (end_hid, weight_hid))), (
        "Your function changed an array that it was given."
    )
    assert [part.shape for part in found] == [(d,), (d,), (d * d,)], (
        f"With d = {d} and p = {d * d} the shapes are ({d},), ({d},), ({d * d},); yours are "
        f"{[part.shape for part in found]}."
    )
    assert np.allclose(found[0], start_hid, atol=2e-4), (
        "The state that you find at the start is not the one from which the path came. Check the "
        "sign of the step and which way you go."
    )
    assert np.allclose(found[1], jump_hid.T.dot(kept[1]), atol=2e-4), (
        "The state at the start is right, the adjoint is not. Check its minus sign."
    )
    right = np.empty((d, d))
    for i in range(d):
        for j in range(d):
            unit = np.zeros((d, d))
            unit[i, j] = 1
            block = np.block([[law_hid, unit], [np.zeros((d, d)), law_hid]])
            right[i, j] = kept[1].dot(expm(span_hid * block)[:d, d:].dot(start_hid))
    assert np.allclose(found[2], right.ravel(), atol=5e-4), (
        "State and adjoint at the start are right, the gradient is not. Check its minus sign, that "
        "it starts at zero and adds up over all steps, and that all three move together."
    )

# A law that bends and depends on the date, coarse steps: the numbers of the method itself.
for n_hid in (1, 3):
    theta_hid = rng.uniform(0.5, 1.5, 3)

    def bent_hid(t, y, theta=theta_hid):
        y = np.asarray(y, dtype=float)
        return theta[0] * np.sin(t * y[::-1]) - theta[1] * y + theta[2] * t

    def pull_hid(t, y, a, theta=theta_hid):
        y, a = np.asarray(y, dtype=float), np.asarray(a, dtype=float)
        turned = theta[0] * t * np.cos(t * y[::-1]) * a
        parts = [a.dot(np.sin(t * y[::-1])), -a.dot(y), t * a.sum()]
        return turned[::-1] - theta[1] * a, np.array(parts)

    y_hid, a_hid = rng.normal(0, 1, 2), rng.normal(0, 1, 2)
    t_hid, to_hid = rng.uniform(1.5, 2), rng.uniform(0.5, 1)
    triple = go_back(bent_hid, pull_hid, y_hid, a_hid, t_hid, to_hid, n_hid)
    # The three as one state, by classic_step: z = (y, a, g).
    right = np.concatenate([y_hid, a_hid, np.zeros(3)])
    length = (to_hid - t_hid) / n_hid
    for i in range(n_hid):
        right = classic_step(
            lambda t, z, f=bent_hid, pull=pull_hid: np.concatenate(
                [f(t, z[:2]), *(-part for part in pull(t, z[:2], z[2:4]))]
            ),
            t_hid + i * length,
            right,
            length,
        )
    found = np.concatenate([np.asarray(part, dtype=float) for part in triple])
    for part, name in ((slice(0, 2), "state"), (slice(2, 4), "adjoint"), (slice(4, 7), "gradient")):
        assert np.allclose(found[part], right[part], rtol=1e-9, atol=1e-10), (
            f"For a law that depends on the date, with {n_hid} step(s), the {name} differs from what "
            "classic_step gives for all three together. Check the time at which each step starts."
        )
triple = go_back(
    lambda t, y: np.array([0.5]),
    lambda t, y, a: (np.array([0.25]), np.array([0.5, t - 2])),
    np.array([3]),
    np.array([1]),
    2,
    0,
    2,
)
for part, right in zip(triple, ([2], [1.5], [1, -2]), strict=True):
    assert np.allclose(np.asarray(part, dtype=float), right), (
        "Whole numbers as input give a wrong result."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_jumps", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: observations at several dates (3 points)
#
# Statistics come out now and then: at the dates $t_1,\dots,t_k$ we observe $x_1,\dots,x_k$, and the
# path starts from a given $y_0$ at $t_0$. The loss compares the path with each of them,
#
# $$L=\tfrac12\sum_{i=1}^k\lVert y(t_i)-x_i\rVert^2 .$$
#
# Forward, keep the state at each date (and nothing in between). Backward, start with $a=0$ after the
# last date. At each $t_i$, **first** add $y(t_i)-x_i$ to $a$, for this is what $L$ feels there directly;
# **then** go back to $t_{i-1}$, starting from *the kept state* at $t_i$ and not from the one that the
# previous trip back arrived at: this stops errors from piling up. The gradient is the sum of what the
# trips bring home.
#
# Write `observed_gradient(forward, backward, y0, times, targets)`. You are given two functions:
# `forward(y, t_from, t_to)` returns the state at `t_to`, and `backward(y, a, t_from, t_to)` returns the
# triple (state, adjoint, gradient of this interval) at `t_to`. `times` has shape `(k + 1,)`, the
# first being $t_0$; `targets` has shape `(k, d)`. Return the triple `(loss, a, g)`: a number, the
# gradient with respect to $y_0$, shape `(d,)`, and with respect to $\theta$, shape `(p,)`. The number $p$
# of parameters has nothing to do with $d$; `backward` shows it.
#
# **By hand.** The law $\dot y=\theta$, $\theta=1$, $y_0=0$, dates 0, 1, 3, observations $x=(2,2)$. The path
# is 1 and 3, the errors are $-1$ and $1$, so $L=1$. Backward: $a=1$ from date 3 to 1 brings
# $g=1\cdot2$; at date 1 the adjoint becomes $1-1=0$, which brings $0\cdot1$. So the result is
# $(1,\,0,\,2)$.


# %% nbgrader={"grade": false, "grade_id": "jumps", "locked": false, "schema_version": 3, "solution": true, "task": false}
def observed_gradient(forward, backward, y0, times, targets):
    """Return the loss of a path that is observed at several dates, and its gradients.

    forward : function; forward(y, t_from, t_to) is the state at t_to, shape (d,)
    backward : function; backward(y, a, t_from, t_to) is the triple of the state at t_to, shape (d,),
        the adjoint there, shape (d,), and the gradient of the interval, shape (p,)
    y0 : the state at the first time, shape (d,); not changed
    times : the dates, shape (k + 1,), k >= 1
    targets : what is observed at all dates but the first, shape (k, d)

    Returns the triple (loss, gradient for y0, gradient for theta).
    """
    ### BEGIN SOLUTION
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    a, g = 0, 0
    for i in reversed(range(len(targets))):
        _, a, piece = backward(states[i + 1], a + errors[i], times[i + 1], times[i])
        g = g + piece
    return np.sum(errors**2) / 2, a, g
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_jumps", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
triple = observed_gradient(
    lambda y, t_from, t_to: np.asarray(y) + (t_to - t_from),
    lambda y, a, t_from, t_to: (
        np.asarray(y) + (t_to - t_from), np.asarray(a), np.asarray(a) * (t_from - t_to)
    ),
    np.array([0.0]),
    np.array([0.0, 1.0, 3.0]),
    np.array([[2.0], [2.0]]),
)  # fmt: skip
assert isinstance(triple, tuple | list), "Return the triple (loss, a, g)."
assert len(triple) == 3, f"Return three things: loss, a and g, not {len(triple)}."
value = np.asarray(triple[0], dtype=float)
assert value.shape == (), f"The loss is one number; yours has shape {value.shape}."
assert np.isclose(value, 1), f"The example has loss 1, not {value:.6g}."
for part, name, right in zip(triple[1:], ["a", "g"], [0, 2], strict=True):
    part = np.asarray(part, dtype=float)
    assert part.shape == (1,), f"In the example {name} has shape (1,), not {part.shape}."
    assert np.allclose(part, right), f"In the example {name} is {right}, not {part[0]:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("jumps")
for k, d in [(1, 2), (4, 1), (5, 3)]:
    growth_hid = rng.normal(0, 0.5, d)
    times_hid = np.cumsum(np.concatenate([rng.uniform(0, 1, 1), rng.uniform(0.2, 0.8, k)]))
    start_hid, targets_hid = rng.uniform(0.5, 2, d), rng.normal(0, 1, (k, d))
    kept = start_hid.copy(), times_hid.copy(), targets_hid.copy()
    trips, walks = [], []

    # y' = θ∘y, solved exactly. The state that the trip back arrives at is useless on purpose.
    def forward_hid(y, t_from, t_to, growth=growth_hid, walks=walks):
        walks.append((float(t_from), float(t_to)))
        return np.asarray(y, dtype=float) * np.exp(growth * (t_to - t_from))

    def backward_hid(y, a, t_from, t_to, growth=growth_hid, trips=trips):
        y, a = np.asarray(y, dtype=float), np.asarray(a, dtype=float)
        trips.append((float(t_from), float(t_to)))
        return y * np.nan, a * np.exp(growth * (t_from - t_to)), a * y * (t_from - t_to)

    triple = observed_gradient(forward_hid, backward_hid, start_hid, times_hid, targets_hid)
    assert all(map(np.array_equal, kept, (start_hid, times_hid, targets_hid))), (
        "Your function changed an array that it was given."
    )
    found = [np.asarray(part, dtype=float) for part in triple]
    assert [part.shape for part in found] == [(), (d,), (d,)], (
        f"Loss and gradients should have the shapes (), ({d},), ({d},); yours have "
        f"{[part.shape for part in found]}."
    )
    dates = kept[1].tolist()
    assert trips == list(zip(dates[:0:-1], dates[-2::-1], strict=True)), (
        "The trips back should go from the last date to the one before, and so on to the first."
    )

    assert walks == list(itertools.pairwise(dates)), (
        "The way forward should go once from each date to the next."
    )

    def loss_hid(y0, growth, kept=kept):
        paths = y0 * np.exp(np.multiply.outer(kept[1][1:] - kept[1][0], growth))
        return 0.5 * np.sum((paths - kept[2]) ** 2)

    assert np.isclose(found[0], loss_hid(kept[0], growth_hid), rtol=1e-9), (
        f"With {k} observation(s) the loss is wrong."
    )
    assert np.all(np.isfinite(found[1])), "The adjoint is not finite."
    assert np.all(np.isfinite(found[2])), (
        "The gradient is not finite: each trip back starts from the state that was kept at its date."
    )
    for place, (part, name) in enumerate([(found[1], "y0"), (found[2], "theta")]):
        right = np.empty(d)
        for j in range(d):
            moved = [kept[0].astype(complex), growth_hid.astype(complex)]
            moved[place][j] += 1e-20j
            right[j] = loss_hid(*moved).imag * 1e20
        assert np.allclose(part, right, rtol=1e-10, atol=1e-11), (
            f"With {k} observation(s) the gradient for {name} disagrees with numerical derivatives "
            "of the loss. Check when the errors join the adjoint, and that all trips are added up."
        )
triple = observed_gradient(
    lambda y, t_from, t_to: np.asarray(y) + 0.5 * (t_to - t_from),
    lambda y, a, t_from, t_to: (y, np.asarray(a), np.array([0.5, 1, 2]) * (t_from - t_to)),
    np.array([1, 0]),
    np.array([0, 1, 2]),
    np.array([[1, 1], [1, 0]]),
)
for part, right in zip(triple, (1.25, [1.5, 0.5], [1, 2, 4]), strict=True):
    part = np.asarray(part, dtype=float)
    assert part.shape == np.shape(right), (
        f"With 2 states and 3 parameters a part of your result has shape {part.shape} instead of "
        f"{np.shape(right)}."
    )
    assert np.allclose(part, right), "Whole numbers as input give a wrong result."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_recover", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: which law moved it? (2 points)
#
# Two or more sectors move together by a linear law $\dot y=Ay$ that nobody wrote down. All we have is
# one path, without noise, at equally spaced dates $t_0,t_0+h,t_0+2h,\dots$
#
# Write `recover_law(times, path)`, where `times` has shape `(k + 1,)` and `path` shape `(k + 1, d)`, one
# row per date. Return $A$, shape `(d, d)`, correct to $10^{-3}$ in every entry.
#
# **The trap.** Regressing $(y_{i+1}-y_i)/h$ on $y_i$ is Euler's method read backward. It estimates
# $(e^{hA}-I)/h$, and that is $A$ only as $h\to0$; your $h$ is 0.2 or more.
#
# **Two ways that work.** The exact law between two dates is $y_{i+1}=e^{hA}y_i$, $e^{hA}$ being a
# matrix exponential: a regression finds it exactly, and `scipy.linalg.logm` undoes the exponential. (It
# may return a complex array with imaginary parts of zero; return the real part.) Or
# minimise the loss of question 7 over $A$. You may rely on this: the path visits all $d$ directions
# ($k$ is large enough, and the $y_i$ span the space), and nothing oscillates faster than half a cycle in $h$, so the
# principal logarithm is the right one.
#
# **By hand.** With $d=1$, $h=\frac12$ and the path 1, 2, 4: it doubles every half year, so
# $A=\ln2/\frac12\approx1.386$. (The regression of the trap says 2.)


# %% nbgrader={"grade": false, "grade_id": "recover", "locked": false, "schema_version": 3, "solution": true, "task": false}
def recover_law(times, path):
    """Return the matrix A of y' = Ay from one path.

    times : equally spaced dates, shape (k + 1,)
    path : the states at these dates, shape (k + 1, d)

    Returns an array of floats, shape (d, d).
    """
    ### BEGIN SOLUTION
    growth = np.linalg.lstsq(path[:-1], path[1:])[0].T
    return logm(growth).real / (times[1] - times[0])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_recover", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
law = np.asarray(recover_law(np.array([0.0, 0.5, 1.0]), np.array([[1.0], [2.0], [4.0]])))
assert law.shape == (1, 1), f"With one state A has shape (1, 1), not {law.shape}."
assert np.allclose(law, 2 * np.log(2), atol=1e-3), (
    f"The example has A = 1.386, not {np.real(law[0, 0]):.4g}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("recover")
for d, k, h_hid in [(2, 6, 0.5), (3, 12, 0.25), (2, 9, 0.2)]:
    turn = np.eye(d) + rng.uniform(-0.3, 0.3, (d, d))
    law_hid = np.diag(rng.uniform(-0.6, 0.1) - 0.5 * np.arange(d))
    law_hid[0, 1], law_hid[1, 0] = rng.uniform(1, 2), -rng.uniform(1, 2)
    law_hid = turn.dot(law_hid).dot(np.linalg.inv(turn))
    times_hid = rng.uniform(0, 3) + h_hid * np.arange(k + 1)
    start_hid = turn.dot(np.ones(d))
    path_hid = np.array([expm(i * h_hid * law_hid).dot(start_hid) for i in range(k + 1)])
    kept = times_hid.copy(), path_hid.copy()
    law = np.asarray(recover_law(times_hid, path_hid))
    assert all(map(np.array_equal, kept, (times_hid, path_hid))), (
        "Your function changed an array that it was given."
    )
    assert law.shape == (d, d), f"With {d} states A has shape ({d}, {d}), not {law.shape}."
    assert np.isrealobj(law), "A should hold real numbers."
    assert np.all(np.isfinite(law)), (
        "A is not finite. The logarithm of a matrix is not made of the logarithms of its entries."
    )
    assert not np.allclose(law.T, law_hid, atol=1e-3), (
        "You found the transpose of A: with one state per row a regression finds a transpose."
    )
    assert np.allclose(law, law_hid, atol=1e-3), (
        f"With {d} states observed every {h_hid} years, A is off by up to "
        f"{np.max(np.abs(law - law_hid)):.2g}."
    )
law = np.asarray(recover_law(np.array([4, 6, 8]), np.array([[8], [4], [2]])))
assert np.allclose(law, -np.log(2) / 2, atol=1e-3), "Whole numbers as input give a wrong law."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below runs your functions on Solow's economy, capital per head $\dot k=u\,k^{1/3}-0.07\,k$
# with the savings rate $u$ as policy. Change what you like. Worth a look: how far Euler's steps of
# five years are from the 3/8 rule's; what order and what limit question 3 finds for either; and which
# law question 8 finds in a path that was *not* linear.


# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
def solow(t, k, u):
    return u * k ** (1 / 3) - 0.07 * k


dates = np.arange(0.0, 101.0, 5.0)
savings = np.where(dates[:-1] < 30, 0.15, 0.3)  # a reform in year 30
with_euler = euler_path(solow, np.array([1.0]), dates, savings)[:, 0]
with_kutta = [np.array([1.0])]
for t, u in zip(dates[:-1], savings, strict=True):
    with_kutta.append(kutta_step(solow, t, with_kutta[-1], u, 5.0))

plt.plot(dates, with_euler, "o--", label="Euler, steps of 5 years")
plt.plot(dates, np.array(with_kutta)[:, 0], "s-", label="3/8 rule, steps of 5 years")
plt.xlabel("year")
plt.ylabel("capital per head")
plt.title("A reform in year 30")
plt.legend()
plt.show()


def in_steps(m):
    return euler_path(solow, np.array([1.0]), np.linspace(0, 30, m + 1), np.full(m, 0.15))[-1]


print("Euler's order and the capital of year 30:", *order_and_limit(in_steps, 50))
