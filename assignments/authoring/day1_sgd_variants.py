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
# # Day 1: seven ways to walk downhill, and two that do not
#
# You write the optimisers behind nearly every trained network, in the variants that software really
# uses, and then the tools that would have found the two errors of the slide "Few variants of SGD".
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | a learning rate that warms up and cools down | 2 |
# | 2 | momentum as a moving average | 2 |
# | 3 | Nesterov's method of 1983, with its own sequence of momenta | 3 |
# | 4 | AdaGrad, and weights that have never been seen | 2 |
# | 5 | centred RMSProp | 2 |
# | 6 | AdamW for all the weights of a network | 3 |
# | 7 | find the slide's error: how fast does an update rule grow? | 3 |
# | 8 | find the slide's error: a test that knows Adam from its imitations | 3 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - Numbers may arrive as integers (`np.array([0, 0])`). The answer must be the same as for `0.0`.
# - Never change an array, a list or a dict that you were given: `w -= move` changes `w`,
#   `w = w - move` does not.
# - $g^2$, $\sqrt{\cdot}$ and quotients of arrays are meant entry by entry.
# - Loops or array operations: both are fine.
# - The library's `course.optimizers` has other variants (no moving average in momentum, a constant
#   $\mu$, $\epsilon$ elsewhere, no weight decay). Read it for ideas; its classes do not answer these
#   questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from course.exercise import submission_rng

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_schedule", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: warm up, then cool down (2 points)
#
# Large networks are trained with a learning rate that first rises in a straight line, while the
# optimiser's averages are still poor, and then falls along half a cosine. With $t=0,1,2,\dots$ the
# number of updates already made, $W\ge1$ the length of the warm-up and $T>W$ that of the training,
#
# $$
# \eta_t=\begin{cases}
# \eta_{\text{peak}}\,\dfrac{t+1}{W} & t<W,\\[2mm]
# \eta_{\text{last}}+\dfrac{\eta_{\text{peak}}-\eta_{\text{last}}}2
#   \Bigl(1+\cos\bigl(\pi\,\tfrac{t-W}{T-W}\bigr)\Bigr) & W\le t\le T,\\[2mm]
# \eta_{\text{last}} & t>T .
# \end{cases}
# $$
#
# Write `learning_rate(t, peak, last, W, T)`. It returns one number.
#
# **By hand.** `peak` = 1, `last` = 0.2, $W=4$, $T=10$: $\eta_0=\frac14$, $\eta_3=1$, $\eta_4=1$;
# half-way down, $\eta_7=0.6$; $\eta_{10}=\eta_{99}=0.2$.


# %% nbgrader={"grade": false, "grade_id": "schedule", "locked": false, "schema_version": 3, "solution": true, "task": false}
def learning_rate(t, peak, last, W, T):
    """Return the learning rate after t updates: a linear rise, then half a cosine.

    t : the number of updates already made, an integer >= 0
    peak, last : the highest learning rate, and the one at the end
    W : how many updates the warm-up has, an integer >= 1
    T : when the end is reached, an integer > W

    Returns one number.
    """
    ### BEGIN SOLUTION
    if t < W:
        return peak * (t + 1) / W
    share = min((t - W) / (T - W), 1)
    return last + (peak - last) / 2 * (1 + np.cos(np.pi * share))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_schedule", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
for t, wanted in [(0, 0.25), (3, 1.0), (4, 1.0), (7, 0.6), (10, 0.2), (99, 0.2)]:
    value = np.asarray(learning_rate(t, 1.0, 0.2, 4, 10), dtype=float)
    assert value.shape == (), f"The learning rate is one number; yours has shape {value.shape}."
    assert np.isclose(value, wanted), (
        f"The example from the text has η = {wanted} at t = {t}, not {value:.6g}."
    )
### BEGIN HIDDEN TESTS
rng = submission_rng("schedule")
for _ in range(4):
    W_hid = int(rng.integers(3, 9))
    T_hid = W_hid + 2 * int(rng.integers(3, 9))
    last_hid = rng.uniform(0.05, 0.2)
    peak_hid = last_hid + rng.uniform(0.5, 2)
    rates = np.array(
        [float(learning_rate(t, peak_hid, last_hid, W_hid, T_hid)) for t in range(T_hid + 4)]
    )
    assert np.allclose(rates[:W_hid], np.linspace(0, peak_hid, W_hid + 1)[1:], rtol=1e-9), (
        f"With peak = {peak_hid:.4g} and W = {W_hid} your warm-up is {rates[:W_hid].round(4)}. It has "
        "W equal increments, the first already at t = 0, the last one reaching the peak at t = W - 1."
    )
    assert np.isclose(rates[W_hid], peak_hid, rtol=1e-9), "At t = W the rate is still the peak."
    half = (W_hid + T_hid) // 2
    assert np.isclose(rates[half], (peak_hid + last_hid) / 2, rtol=1e-9), (
        "Half-way between W and T the rate is the mean of the peak and the last rate."
    )
    # Half a cosine is point-symmetric about its middle, and bends: a straight line does the first.
    falling = rates[W_hid : T_hid + 1]
    assert np.allclose(falling + falling[::-1], peak_hid + last_hid, rtol=1e-9), (
        "Between W and T the rate does not fall along half a cosine."
    )
    swing = np.arccos(np.clip(2 * (falling - last_hid) / (peak_hid - last_hid) - 1, -1, 1))
    assert np.allclose(swing, np.linspace(0, np.pi, T_hid - W_hid + 1), atol=1e-6), (
        "Between W and T the rate does not fall along half a cosine."
    )
    assert np.allclose(rates[T_hid:], last_hid, rtol=1e-9), (
        "From t = T on the rate stays at its last value."
    )
value = float(learning_rate(0, 3, 1, 1, 2))
assert np.isclose(value, 3), "A warm-up of one update has the peak at once, at t = 0."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_momentum", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: momentum as a moving average (2 points)
#
# Many texts write momentum as an exponential moving average of the **gradients**, starting at
# $u_0=0$:
#
# $$u_{t+1}=\mu\,u_t+(1-\mu)\,\nabla f(w_t),\qquad w_{t+1}=w_t-\eta_t\,u_{t+1}.$$
#
# With a constant $\eta$ this is the table's momentum with a step size of $(1-\mu)\eta$. With a
# schedule it is a different method: here a new learning rate acts at once, in the table it only acts
# on the newest gradient.
#
# Write `momentum_path(gradient, w0, etas, mu)`. `gradient` is a function: `gradient(w)` is the
# gradient at `w`, an array of the shape of `w`. `etas` is a list of $n$ learning rates, one for each
# update. Return the whole path, an array of shape `(n + 1, d)` whose first row is `w0`.
#
# **By hand.** $f=\frac12w^2$, so the gradient is $w$; $w_0=1$, $\mu=\frac12$, `etas` = (1, 0.4).
# $u_1=0.5$, $w_1=0.5$; $u_2=0.25+0.25=0.5$, $w_2=0.5-0.4\cdot0.5=0.3$.


# %% nbgrader={"grade": false, "grade_id": "momentum", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_path(gradient, w0, etas, mu):
    """Return the path of descent along an exponential moving average of the gradients.

    gradient : function; gradient(w) is an array of shape (d,)
    w0 : where to start, shape (d,); not changed
    etas : a list of n learning rates
    mu : the weight of the old average, from 0 to below 1

    Returns an array of floats, shape (n + 1, d); its first row is w0.
    """
    ### BEGIN SOLUTION
    path = [np.array(w0, dtype=float)]
    average = 0.0
    for eta in etas:
        average = mu * average + (1 - mu) * gradient(path[-1])
        path.append(path[-1] - eta * average)
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_momentum", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
path = np.asarray(momentum_path(lambda w: w, np.array([1.0]), [1.0, 0.4], 0.5), dtype=float)
assert path.shape == (3, 1), f"Two updates make a path of shape (3, 1), not {path.shape}."
assert np.allclose(path[:, 0], [1, 0.5, 0.3]), (
    f"The example from the text goes 1, 0.5, 0.3; yours goes {path[:, 0]}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("momentum")
for d, n in [(1, 5), (3, 8), (4, 1)]:
    curvature = rng.uniform(0.5, 2, d)
    centre = rng.normal(0, 2, d)
    start = centre + rng.choice([-1, 1], d) * rng.uniform(1, 3, d)
    mu_hid = rng.uniform(0.3, 0.8)
    etas_hid = rng.uniform(0.2, 0.9, n).tolist()
    kept = start.copy(), list(etas_hid)
    asked = []

    def slope_hid(w, curvature=curvature, centre=centre, asked=asked):
        asked.append(np.array(w, dtype=float))
        return curvature * (asked[-1] - centre)

    path = np.asarray(momentum_path(slope_hid, start, etas_hid, mu_hid), dtype=float)
    assert np.array_equal(kept[0], start), "Your function changed w0."
    assert kept[1] == list(etas_hid), "Your function changed the list of learning rates."
    assert path.shape == (n + 1, d), (
        f"{n} updates of {d} weight(s) make a path of shape {(n + 1, d)}, yours has {path.shape}."
    )
    assert np.allclose(path[0], start), "The first row of the path is not w0."
    # The oracle is the average written out: u_{t+1} = (1 - μ) Σ μ^(t-s) g_s, at the path's own points.
    slopes = curvature * (path[:-1] - centre)
    for t in range(n):
        ages = t - np.arange(t + 1)
        average = (1 - mu_hid) * (mu_hid**ages).dot(slopes[: t + 1])
        where = "first" if t == 0 else "a later"
        assert np.allclose(path[t + 1], path[t] - etas_hid[t] * average, rtol=1e-9, atol=1e-9), (
            f"The path is wrong at {where} update. The average starts at 0, holds gradients and no "
            "learning rates, and the new average moves the weights."
        )
path = np.asarray(momentum_path(slope_hid, start, [], mu_hid), dtype=float)
assert path.shape == (1, d), "Without learning rates the path is w0 alone, as one row."
path = np.asarray(momentum_path(lambda w: w - 0.5, np.array([1, 2]), [1], 0.5), dtype=float)
assert np.allclose(path, [[1, 2], [0.75, 1.25]]), (
    "Started from a w0 of integers, your path is wrong."
)
path = np.asarray(momentum_path(lambda w: w, np.array([2.0]), [0.25, 0.5], 0.0), dtype=float)
assert np.allclose(path[:, 0], [2, 1.5, 0.75]), "With μ = 0 this is plain gradient descent."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_nesterov", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: Nesterov's method, with its own momenta (3 points)
#
# For convex functions whose gradient has the Lipschitz constant $L$, and $\eta\le1/L$, Nesterov
# proved a rate that no method which uses gradients alone can beat by more than a constant factor. He
# used no fixed $\mu$. With the momenta of Su, Boyd and Candès (2016), each used one step earlier than
# there, $x_{-1}=x_0$ and $k=0,1,\dots,n-1$:
#
# $$
# \mu_k=\frac{k}{k+3},\qquad
# y_k=x_k+\mu_k\,(x_k-x_{k-1}),\qquad
# x_{k+1}=y_k-\eta\,\nabla f(y_k).
# $$
#
# The gradient is evaluated at the point **ahead**, $y_k$, exactly once per step, and the step starts
# from $y_k$, too.
#
# Write `nesterov(gradient, x0, eta, n)`. Return two arrays: the path of the $x$, of shape
# `(n + 1, d)`, whose first row is `x0`, and the points $y_0,\dots,y_{n-1}$ at which you evaluated the
# gradient, of shape `(n, d)`.
#
# **By hand.** $f=\frac12x^2$, $x_0=1$, $\eta=\frac12$, three steps. $y_0=1$, $x_1=0.5$;
# $\mu_1=\frac14$, $y_1=0.5-0.125=0.375$, $x_2=0.1875$; $\mu_2=\frac25$,
# $y_2=0.1875-0.125=0.0625$, $x_3=0.03125$.


# %% nbgrader={"grade": false, "grade_id": "nesterov", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nesterov(gradient, x0, eta, n):
    """Run n steps of Nesterov's accelerated gradient method with momenta k / (k + 3).

    gradient : function; gradient(y) is an array of shape (d,); call it once per step
    x0 : where to start, shape (d,); not changed
    eta : the step size
    n : the number of steps, an integer >= 1

    Returns two arrays of floats: the x, shape (n + 1, d), and the y, shape (n, d).
    """
    ### BEGIN SOLUTION
    path, ahead = [np.array(x0, dtype=float)], []
    for k in range(n):
        last_move = path[-1] - path[max(k - 1, 0)]
        ahead.append(path[-1] + k / (k + 3) * last_move)
        path.append(ahead[-1] - eta * gradient(ahead[-1]))
    return np.array(path), np.array(ahead)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_nesterov", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = nesterov(lambda y: y, np.array([1.0]), 0.5, 3)
assert isinstance(pair, tuple | list), "Return two arrays, the x and the y."
x, y = (np.asarray(part, dtype=float) for part in pair)
assert (x.shape, y.shape) == ((4, 1), (3, 1)), (
    f"Three steps give shapes (4, 1) and (3, 1), not {x.shape} and {y.shape}."
)
assert np.allclose(x[:, 0], [1, 0.5, 0.1875, 0.03125]), (
    f"The x of the text are 1, 0.5, 0.1875, 0.03125; yours are {x[:, 0]}."
)
assert np.allclose(y[:, 0], [1, 0.375, 0.0625]), (
    f"The y of the text are 1, 0.375, 0.0625; yours are {y[:, 0]}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("nesterov")
for d, n in [(1, 6), (3, 9), (2, 1)]:
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    curvature = (turn * rng.uniform(0.5, 2, d)).dot(turn.T)
    centre = rng.normal(0, 2, d)
    start = centre + rng.choice([-1, 1], d) * rng.uniform(1, 3, d)
    eta_hid = rng.uniform(0.1, 0.3)
    kept, asked = start.copy(), []

    def slope_hid(w, curvature=curvature, centre=centre, asked=asked):
        asked.append(np.array(w, dtype=float))
        return curvature.dot(asked[-1] - centre)

    pair = nesterov(slope_hid, start, eta_hid, n)
    assert np.array_equal(kept, start), "Your function changed x0."
    x, y = (np.asarray(part, dtype=float) for part in pair)
    assert (x.shape, y.shape) == ((n + 1, d), (n, d)), (
        f"{n} step(s) in {d} dimension(s) give shapes {(n + 1, d)} and {(n, d)}, not {x.shape} and "
        f"{y.shape}."
    )
    assert len(asked) == n, (
        f"{n} step(s) need {n} evaluation(s) of the gradient; yours made {len(asked)}."
    )
    assert np.allclose(asked, y), "The gradient was not evaluated at the points y that you return."
    assert np.allclose(x[0], start), "The first x is not x0."
    assert np.allclose(y[0], start), "The first y is x0: there is no momentum yet."
    for k in range(n):
        assert np.allclose(x[k + 1], y[k] - eta_hid * curvature.dot(y[k] - centre), rtol=1e-9), (
            "A step from y to the next x is wrong: it starts at y and follows the gradient at y."
        )
        if k:
            lead = (y[k] - x[k]).dot(x[k] - x[k - 1]) / np.sum((x[k] - x[k - 1]) ** 2)
            assert lead > 0, "The look-ahead goes back instead of forward."
            assert np.isclose(lead * (k + 3), k, rtol=1e-6), (
                "The share of the last move that leads to y is wrong at some k >= 1."
            )
            assert np.allclose(y[k], x[k] + lead * (x[k] - x[k - 1]), rtol=1e-9, atol=1e-9), (
                "A point y does not lie on the line through the last two x."
            )
x, y = (
    np.asarray(part, dtype=float) for part in nesterov(lambda w: w - 0.5, np.array([1, 2]), 1, 1)
)
assert np.allclose(x, [[1, 2], [0.5, 0.5]]), "Started from an x0 of integers, your path is wrong."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_adagrad", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: AdaGrad, as its authors wrote it (2 points)
#
# Duchi, Hazan and Singer (2011) add $\delta$ **outside** the root (the slide has it inside), and they
# allow $\delta=0$:
#
# $$A\leftarrow A+g^2,\qquad w\leftarrow w-\frac{\eta\,g}{\delta+\sqrt A}.$$
#
# With $\delta=0$, a weight whose gradient has been 0 so far, say that of an industry without a loan
# yet, has $A=0$, and the quotient is $0/0$. **Such a weight stays where it is.**
#
# Write `adagrad_step(w, g, A, eta, delta)`. It returns the pair of the new `w` and the new `A`. Divide
# only where there is something to divide by: a result that is repaired afterwards leaves a warning, and
# for this question the next cell turns NumPy's warnings into errors.
#
# **By hand.** $w=(1,1,1)$, $g=(3,-1,0)$, $A=(16,0,0)$, $\eta=0.5$, $\delta=0$: the new $A$ is
# $(25,1,0)$ and the new $w$ is $(1-0.5\cdot\frac35,\ 1+0.5,\ 1)=(0.7,\,1.5,\,1)$.


# %% nbgrader={"grade": false, "grade_id": "strict", "locked": true, "schema_version": 3, "solution": false, "task": false}
import warnings

warnings.filterwarnings("error", "(divide by zero|invalid value)", RuntimeWarning)


# %% nbgrader={"grade": false, "grade_id": "adagrad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adagrad_step(w, g, A, eta, delta):
    """Make one update of AdaGrad.

    w : the weights, shape (d,); not changed
    g : the gradient at w, shape (d,); not changed
    A : the sum of the squares of all earlier gradients, shape (d,); not changed
    eta : the step size
    delta : what is added to the root, a number >= 0

    Returns the pair (w, A) after the update, two arrays of floats of shape (d,).
    """
    ### BEGIN SOLUTION
    A = A + g**2
    seen = A > 0
    move = np.zeros(len(w))
    move[seen] = eta * g[seen] / (delta + np.sqrt(A[seen]))
    return w - move, A
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_adagrad", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = adagrad_step(
    np.array([1.0, 1.0, 1.0]), np.array([3.0, -1.0, 0.0]), np.array([16.0, 0.0, 0.0]), 0.5, 0.0
)
assert isinstance(pair, tuple | list), "Return the pair (w, A)."
w, A = (np.asarray(part, dtype=float) for part in pair)
assert np.allclose(A, [25, 1, 0]), f"In the example from the text A becomes (25, 1, 0), not {A}."
assert np.allclose(w, [0.7, 1.5, 1]), (
    f"In the example from the text w becomes (0.7, 1.5, 1), not {w}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("adagrad")
for d in (1, 4, 7):
    w_hid, A_hid = rng.normal(0, 2, d), rng.uniform(1, 4, d)
    g_hid = rng.choice([-1, 1], d) * rng.uniform(0.5, 3, d)
    eta_hid, delta_hid = rng.uniform(0.2, 0.8), rng.uniform(0.5, 1)
    kept = w_hid.copy(), g_hid.copy(), A_hid.copy()
    for delta_now in (0.0, delta_hid):
        w, A = (
            np.asarray(part, dtype=float)
            for part in adagrad_step(w_hid, g_hid, A_hid, eta_hid, delta_now)
        )
        assert w.shape == A.shape == (d,), (
            f"With {d} weight(s) both arrays have shape ({d},); yours have {w.shape} and {A.shape}."
        )
        assert np.allclose(A, A_hid + g_hid * g_hid, rtol=1e-9), "The new A is wrong."
        # What the move says about the denominator, entry by entry.
        below = eta_hid * g_hid / (w_hid - w)
        assert (below > 0).all(), "A weight moves uphill."
        assert np.allclose((below - delta_now) ** 2, A, rtol=1e-6), (
            "The weights move by a wrong length "
            + ("with δ = 0." if delta_now == 0 else "with δ > 0. (Where does δ stand?)")
        )
    assert all(map(np.array_equal, kept, (w_hid, g_hid, A_hid))), (
        "Your function changed an array that it was given."
    )
for delta_now in (0.0, 0.5):
    w_hid, g_hid = np.array([2.0, -1.0, 5.0]), np.array([0.0, 2.0, 0.0])
    try:
        pair = adagrad_step(w_hid, g_hid, np.array([0.0, 0.0, 9.0]), 0.1, delta_now)
    except RuntimeWarning:
        raise AssertionError(
            "You divide 0 by 0 (and perhaps repair the result): divide only where there is "
            "something to divide by."
        ) from None
    w, A = (np.asarray(part, dtype=float) for part in pair)
    assert np.isfinite(w).all(), "A weight that has never had a gradient became nan."
    assert np.allclose(w[[0, 2]], [2, 5]), "A weight whose gradient is 0 must stay where it is."
    assert np.allclose(A, [0, 4, 9]), "A is wrong where a gradient is 0."
    assert np.isclose(w[1], -1 - 0.1 * 2 / (2 + delta_now)), (
        "A weight moves by a wrong length when others have never had a gradient."
    )
w, A = (
    np.asarray(part, dtype=float)
    for part in adagrad_step(np.array([1, 2]), np.array([3, 4]), np.array([16, 0]), 1, 0)
)
assert np.allclose([*A, *w], [25, 16, 0.4, 1]), (
    "Whole numbers as input give another update than the same numbers as floats."
)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "lenient", "locked": true, "schema_version": 3, "solution": false, "task": false}
warnings.filterwarnings("default", "(divide by zero|invalid value)", RuntimeWarning)

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_rmsprop", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: centred RMSProp (2 points)
#
# RMSProp divides by the root of the mean *square* of the gradients. Graves (2013) divides by their
# *standard deviation*: with moving averages of $g$ and of $g^2$, both starting at 0, mean square less
# squared mean. Where the gradients agree, the standard deviation is small, and he dares long steps.
#
# $$
# n\leftarrow\beta n+(1-\beta)g^2,\qquad
# b\leftarrow\beta b+(1-\beta)g,\qquad
# w\leftarrow w-\frac{\eta\,g}{\sqrt{n-b^2+\epsilon}} .
# $$
#
# Here $\epsilon$ stands **inside** the root, as in the table, and there is no correction of the
# averages.
#
# Write `centred_rmsprop(grads, eta, beta, eps)`. `grads` is an array of shape `(T, d)`, the gradients
# of $T$ updates. Return the **moves** $w_{k}-w_{k-1}$ of these updates, an array of shape `(T, d)`.
# You need not care for a root of 0: where $\beta=0$, or a weight's first gradient is 0, $\epsilon>0$.
#
# **By hand.** One weight, gradients 4 and 2, $\eta=1$, $\beta=\frac12$, $\epsilon=0$.
# $n_1=8$, $b_1=2$: the first move is $-4/\sqrt{8-4}=-2$. $n_2=4+2=6$, $b_2=1+1=2$: the second is
# $-2/\sqrt{6-4}=-\sqrt2$.


# %% nbgrader={"grade": false, "grade_id": "rmsprop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def centred_rmsprop(grads, eta, beta, eps):
    """Return the moves that centred RMSProp makes for a given sequence of gradients.

    grads : shape (T, d), one row per update; not changed
    eta : the step size
    beta : the weight of the old averages, from 0 to below 1
    eps : what is added under the root, a number >= 0

    Returns an array of floats, shape (T, d).
    """
    ### BEGIN SOLUTION
    mean, square, moves = 0.0, 0.0, []
    for g in grads:
        square = beta * square + (1 - beta) * g**2
        mean = beta * mean + (1 - beta) * g
        moves.append(-eta * g / np.sqrt(square - mean**2 + eps))
    return np.array(moves)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_rmsprop", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
moves = np.asarray(centred_rmsprop(np.array([[4.0], [2.0]]), 1.0, 0.5, 0.0), dtype=float)
assert moves.shape == (2, 1), f"Two updates of one weight: shape (2, 1), not {moves.shape}."
assert np.allclose(moves[:, 0], [-2, -(2**0.5)]), (
    f"The moves of the text are -2 and -1.41421; yours are {moves[:, 0]}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("rmsprop")
for T, d in [(1, 2), (5, 1), (7, 4)]:
    grads_hid = rng.choice([-1, 1], (T, d)) * rng.uniform(0.5, 3, (T, d))
    eta_hid, beta_hid, eps_hid = rng.uniform(0.2, 2), rng.uniform(0.4, 0.8), rng.uniform(0.5, 2)
    kept = grads_hid.copy()
    moves = np.asarray(centred_rmsprop(grads_hid, eta_hid, beta_hid, eps_hid), dtype=float)
    assert np.array_equal(kept, grads_hid), "Your function changed grads."
    assert moves.shape == (T, d), (
        f"{T} update(s) of {d} weight(s) make {(T, d)} moves, yours have shape {moves.shape}."
    )
    # The oracle: the averages as weighted sums over all gradients so far.
    for t in range(T):
        weights = (1 - beta_hid) * beta_hid ** (t - np.arange(t + 1))
        square = weights.dot(grads_hid[: t + 1] ** 2)
        mean = weights.dot(grads_hid[: t + 1])
        below = eta_hid * grads_hid[t] / -moves[t]
        assert (below > 0).all(), "A weight moves uphill."
        assert np.allclose(below**2, square - mean**2 + eps_hid, rtol=1e-6), (
            f"{'The first' if t == 0 else 'A later'} move has a wrong length. Both averages start at "
            "0, include the newest gradient, and ε stands inside the root."
        )
    tiny = np.asarray(centred_rmsprop(grads_hid, eta_hid, beta_hid, 0.0), dtype=float)
    assert np.allclose(
        tiny, np.asarray(centred_rmsprop(1e3 * grads_hid, eta_hid, beta_hid, 0.0), dtype=float)
    ), "With ε = 0 the moves must not depend on the unit of the loss; yours do."
moves = np.asarray(centred_rmsprop(np.array([[4], [2]]), 1, 0.5, 0), dtype=float)
assert np.allclose(moves[:, 0], [-2, -(2**0.5)]), "Gradients of integers give other moves."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_adamw", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: AdamW for all the weights of a network (3 points)
#
# The weights of a network come as a dict, `{"kernel1": …, "bias1": …, …}`, of arrays of any shape,
# and their gradients as a dict with the same names. With $k=1,2,\dots$ the number of this update (the
# same for all arrays), Adam with *decoupled* weight decay (Loshchilov and Hutter 2019) is, array by
# array and in the form of PyTorch and Keras, where $\eta$ multiplies the decay, too,
#
# $$
# \begin{aligned}
# m&\leftarrow\beta_1m+(1-\beta_1)g, & v&\leftarrow\beta_2v+(1-\beta_2)g^2, & m,v&\text{ start at }0,\\
# \hat m&=\frac m{1-\beta_1^k}, & \hat v&=\frac v{1-\beta_2^k}, &
# w&\leftarrow w-\eta\Bigl(\frac{\hat m}{\sqrt{\hat v}+\epsilon}+\lambda w\Bigr).
# \end{aligned}
# $$
#
# What is remembered are $m$ and $v$, **not** $\hat m$ and $\hat v$. The $w$ in $\lambda w$ is the one
# before the update. As usual, the decay holds for kernels only: **an array with fewer than two axes
# (a bias) is updated with $\lambda=0$.**
#
# Write `adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam)`. `state` is `{}` before the
# first update, and afterwards whatever you returned last time: a dict of your own design, made of
# numbers, arrays and dicts. Return the pair of the new dict of weights and the new state. Leave the
# old ones as they were: a caller may go back to them.
#
# **By hand.** One kernel $w=((2))$ and one bias $(2)$, both with gradient 0.5, at the first update with
# $\eta=0.1$, $\epsilon=0.5$, $\lambda=0.2$. $\hat m=0.5$ and $\hat v=0.25$ whatever the β, so
# $\frac{\hat m}{\sqrt{\hat v}+\epsilon}=\frac{0.5}{1}$. The kernel becomes
# $2-0.1\,(0.5+0.4)=1.91$, the bias $2-0.1\cdot0.5=1.95$.


# %% nbgrader={"grade": false, "grade_id": "adamw", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    """Make one update of AdamW for a dict of arrays.

    weights : dict of arrays of any shape; neither the dict nor the arrays are changed
    grads : dict of arrays with the names and the shapes of weights; not changed
    state : {} before the first update, later what the last call returned; not changed
    eta, beta1, beta2, eps : as in the formula
    lam : the weight decay, for arrays with two axes or more

    Returns the pair (weights, state) after the update.
    """
    ### BEGIN SOLUTION
    k, past = state.get("k", 0) + 1, state.get("moments", {})
    after, moments = {}, {}  # a dict of its own: an array may be called "k"
    for name, w in weights.items():
        g, (m, v) = grads[name], past.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        decay = lam if np.ndim(w) >= 2 else 0
        after[name] = w - eta * (move + decay * w)
        moments[name] = m, v
    return after, {"k": k, "moments": moments}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_adamw", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = adamw_step(
    {"kernel": np.array([[2.0]]), "bias": np.array([2.0])},
    {"kernel": np.array([[0.5]]), "bias": np.array([0.5])},
    {}, 0.1, 0.9, 0.99, 0.5, 0.2,
)  # fmt: skip
assert isinstance(pair, tuple | list), "Return the pair (weights, state)."
assert set(pair[0]) == {"kernel", "bias"}, "The new weights have the names of the old ones."
assert np.shape(pair[0]["kernel"]) == (1, 1), "An array keeps its shape."
assert np.allclose(pair[0]["kernel"], 1.91), (
    f"In the example from the text the kernel becomes 1.91, not {pair[0]['kernel']}."
)
assert np.allclose(pair[0]["bias"], 1.95), (
    f"In the example from the text the bias becomes 1.95, not {pair[0]['bias']}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("adamw")
# Names that a state may have for itself, and kernels with one row or one column.
shapes = {
    "first": (2, 3), "bias": (3,), "cube": (2, 1, 2), "level": (), "column": (3, 1), "row": (1, 2),
    "k": (1, 1), "t": (2,), "m": (2, 1), "v": (1,), "step": (1, 3), "moments": (2, 2), "count": (),
}  # fmt: skip
for run in range(3):
    weights = {name: rng.normal(0, 2, shape) for name, shape in shapes.items()}
    many = [
        {
            name: rng.choice([-1, 1], shape) * rng.uniform(0.5, 3, shape)
            for name, shape in shapes.items()
        }
        for _ in range(5)
    ]
    eta_hid, lam_hid = rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.5)
    beta1_hid, beta2_hid, eps_hid = (
        rng.uniform(0.3, 0.6),
        rng.uniform(0.7, 0.9),
        rng.uniform(0.2, 1),
    )
    lam_now = 0.0 if run == 0 else lam_hid
    if run == 2:
        shapes = {"other": (3, 2)}
        weights = {"other": weights["first"].T.copy()}
        many = [{"other": grads["first"].T.copy()} for grads in many]
    settings = eta_hid, beta1_hid, beta2_hid, eps_hid, lam_now
    state = {}
    for k, grads in enumerate(many, start=1):
        kept = [{n: np.array(a) for n, a in part.items()} for part in (weights, grads)]
        after, new_state = adamw_step(weights, grads, state, *settings)
        again, _ = adamw_step(weights, grads, state, *settings)
        for before, part in zip(kept, (weights, grads), strict=True):
            assert set(before) == set(part), "Your function changed a dict that it was given."
            assert all(np.array_equal(before[n], part[n]) for n in part), (
                "Your function changed the weights or the gradients that it was given."
            )
        assert set(after) == set(shapes), "The new weights do not have the names of the old ones."
        for name, shape in shapes.items():
            found = np.asarray(after[name], dtype=float)
            assert found.shape == shape, (
                f"An array of shape {shape} came back with shape {found.shape}."
            )
            assert np.allclose(found, again[name], rtol=1e-12), (
                "Called twice with the same weights, gradients and state, your function gives two "
                "answers: it changes the state that it was given."
            )
            # The oracle: both averages as weighted sums over the gradients of this array so far.
            past = np.array([grads_old[name] for grads_old in many[:k]])
            ages = k - 1 - np.arange(k)
            m_hat = np.tensordot(beta1_hid**ages, past, 1) / np.sum(beta1_hid**ages)
            v_hat = np.tensordot(beta2_hid**ages, past**2, 1) / np.sum(beta2_hid**ages)
            decay = lam_now if len(shape) > 1 else 0.0
            right = weights[name] - eta_hid * (
                m_hat / (np.sqrt(v_hat) + eps_hid) + decay * weights[name]
            )
            if k == 1:
                message = "The first update is wrong"
            elif lam_now == 0:
                message = "The first update is right and a later one is not"
            else:
                message = "An update with weight decay is wrong"
            assert np.allclose(found, right, rtol=1e-9, atol=1e-9), (
                f"{message}, for an array with {len(shape)} axes"
                f"{'' if lam_now else ', without weight decay'}."
            )
        weights, state = after, new_state
after, _ = adamw_step({"w": np.array([[3]])}, {"w": np.array([[2]])}, {}, 1, 0.5, 0.5, 0, 1)
assert np.allclose(after["w"], -1), "Whole numbers as input give another update than floats."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_growth", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: find the slide's error, by its eigenvalues (1 + 2 points)
#
# The slide's row for Nesterov's momentum is
# $w^{(t+1)}=w^{(t)}+v_t$, $\;v_{t+1}=\mu v_t-\eta\nabla\ell(w^{(t)}-\mu v_t)$.
# You want a tool that tells you whether *any* such row can work, before you train anything with it.
#
# On $f(w)=\frac12\lambda w^2$ the gradient is linear, so one update of weight and velocity is a matrix:
# $\binom{w_{t+1}}{v_{t+1}}=M(a)\binom{w_t}{v_t}$, which depends on $a=\eta\lambda$ alone. After $t$
# updates nearly every start has grown or shrunk like $\rho^t$, where $\rho$ is the largest
# **modulus** of the (possibly complex, possibly negative) eigenvalues of $M(a)$.
#
# An update rule is given as a function: `update(w, v, a)` returns the pair of the new weight and the
# new velocity, two numbers. The cell below has some.
#
# **(a)** Write `growth(update, a)`, which returns $\rho$. Which two calls of `update` show you the two
# columns of $M(a)$?
#
# **By hand.** Plain descent, `update(w, v, a)` = $(w-aw,\,0)$, has
# $M=\begin{pmatrix}1-a&0\\0&0\end{pmatrix}$: at $a=2.5$, $\rho=1.5$.


# %% nbgrader={"grade": false, "grade_id": "rows", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Rows of the table for f = ½λw², where the gradient at w is λw; a = ηλ and μ = 0.9.
def table_descent(w, v, a):
    return w - a * w, 0.0


def table_momentum(w, v, a):
    v = 0.9 * v - a * w
    return w + v, v


def slide_nesterov(w, v, a):
    return w + v, 0.9 * v - a * (w - 0.9 * v)


# %% nbgrader={"grade": false, "grade_id": "growth", "locked": false, "schema_version": 3, "solution": true, "task": false}
def growth(update, a):
    """Return the factor by which an update rule makes (w, v) grow, in the long run.

    update : function; update(w, v, a) is the pair (w, v) after one update on ½λw²
    a : step size times curvature, a number > 0

    Returns one number, the largest modulus of the eigenvalues of the update's matrix.
    """
    ### BEGIN SOLUTION
    columns = update(1.0, 0.0, a), update(0.0, 1.0, a)
    return np.abs(np.linalg.eigvals(np.array(columns))).max()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_growth", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
value = np.asarray(growth(table_descent, 2.5), dtype=float)
assert value.shape == (), f"The growth factor is one number; yours has shape {value.shape}."
assert np.isclose(value, 1.5), f"Plain descent at a = 2.5 grows by 1.5, not {value:.6g}."
value = float(growth(table_momentum, 0.1))
assert np.isclose(value, 0.9**0.5), (
    f"Momentum 0.9 at a = 0.1 has complex eigenvalues of modulus √0.9 = 0.948683, not {value:.6g}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("growth")


def rule_hid(matrix):
    def update(w, v, a):
        return tuple(float(entry) for entry in (matrix * a).dot(np.array([w, v], dtype=float)))

    return update


for _ in range(3):
    basis = np.eye(2) + rng.uniform(-0.4, 0.4, (2, 2))
    back = np.linalg.inv(basis)
    angle, long, short, a_hid = (
        rng.uniform(1, 2),
        rng.uniform(1, 2),
        rng.uniform(0.1, 0.6),
        rng.uniform(0.2, 3),
    )
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for middle, words in [
        (long * turn, "complex"),
        (np.diag([long, -short]), "real, the largest modulus positive"),
        (np.diag([-long, short]), "real, the largest modulus negative"),
    ]:
        value = np.asarray(growth(rule_hid(basis.dot(middle).dot(back)), a_hid), dtype=float)
        assert value.shape == (), f"The growth factor is one number; yours has shape {value.shape}."
        assert np.isclose(value, a_hid * long, rtol=1e-7), (
            f"The growth factor of a rule whose eigenvalues are {words} is wrong."
        )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_limit", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** For the rules of interest there is a limit $a^*$: growth is below 1 for $0<a<a^*$ and above
# 1 for $a>a^*$. (For plain descent, $a^*=2$: that is the well-known $\eta<2/\lambda$.) Find it by
# **bisection**: keep an interval `[low, high]` with growth below 1 at `low` and above 1 at `high`, and
# halve it until it is shorter than $10^{-6}$, however long it is at first.
#
# Write `stable_limit(update, high)`. You may rely on growth being below 1 for small $a$, and on
# there being at most one limit up to `high`. Return a number within $10^{-6}$ of $a^*$. If growth is
# still below 1 at `high`, there is nothing to bisect: return `high`.
#
# **By hand.** `stable_limit(table_descent, 8.0)` is 2, and `stable_limit(table_descent, 1.5)` is 1.5.
#
# When it works, apply it to `slide_nesterov`, and to what you get from it when you correct the sign,
# or the velocity that moves the weight, or both. Which correction matters more?


# %% nbgrader={"grade": false, "grade_id": "limit", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stable_limit(update, high):
    """Return the a below which an update rule shrinks (w, v), found by bisection on [0, high].

    update : function; update(w, v, a) is the pair (w, v) after one update on ½λw²
    high : where to stop looking, a number > 0

    Returns a number within 1e-6 of the limit, or high if the rule still shrinks there.
    """
    ### BEGIN SOLUTION
    if growth(update, high) < 1:
        return high
    low = 0.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if growth(update, middle) < 1:
            low = middle
        else:
            high = middle
    return low
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_limit", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
value = np.asarray(stable_limit(table_descent, 8.0), dtype=float)
assert value.shape == (), f"The limit is one number; yours has shape {value.shape}."
assert abs(value - 2) < 1.001e-6, f"Plain descent has the limit 2, not {value:.8g}."
value = float(stable_limit(table_descent, 1.5))
assert np.isclose(value, 1.5), f"Plain descent still shrinks at 1.5; return 1.5, not {value:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("limit")
mu_hid = rng.uniform(0.3, 0.9)


# The first two have their limit where the determinant of M is 1, the third where an eigenvalue is -1
# (and the second, too, for μ < 0.2).
def printed_hid(w, v, a):
    return w + v, mu_hid * v - a * (w - mu_hid * v)


def backward_hid(w, v, a):
    v = mu_hid * v - a * (w - mu_hid * v)
    return w + v, v


def forward_hid(w, v, a):
    v = mu_hid * v - a * (w + mu_hid * v)
    return w + v, v


for rule, limit, words in [
    (printed_hid, (1 - mu_hid) / (1 + mu_hid), "the slide's Nesterov with another μ"),
    (backward_hid, (1 - mu_hid) / mu_hid, "Nesterov that looks back"),
    (forward_hid, 1 + 1 / (1 + 2 * mu_hid), "Nesterov"),
]:
    # From a long interval, a number of halvings that was fixed in advance does not get close enough.
    for top in (limit + rng.uniform(0.5, 1.5), limit + rng.uniform(100, 200)):
        value = np.asarray(stable_limit(rule, top), dtype=float)
        assert value.shape == (), f"The limit is one number; yours has shape {value.shape}."
        assert abs(value - limit) < 1.001e-6, (
            f"Looked for from 0 to {top:.4g}, the limit of {words} is wrong by "
            f"{abs(value - limit):.1e}, more than the accuracy asked for."
        )
    below = limit * rng.uniform(0.3, 0.9)
    assert np.isclose(float(stable_limit(rule, below)), below, rtol=1e-12), (
        f"{words}, looked at only where it still shrinks: return high."
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_detector", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: find the slide's error, by a test (3 points)
#
# The slide corrects the moments of Adam inside the recursion. Training with it raises no error: the
# loss merely stops falling. The same holds for most mistakes in an optimiser, so you write what every
# author of one needs: a test that tells Adam from its imitations.
#
# A candidate is a function `candidate(grads, eta, beta1, beta2, eps)`. It gets the gradients of $T$
# updates, an array of floats of shape `(T, d)`, and returns the $T$ moves, shape `(T, d)`. It **is
# Adam** if the moves are those of algorithm 1 of Kingma and Ba (the formula of question 6 with
# $\lambda=0$) up to rounding, whatever the gradients and the settings are.
#
# Write `is_adam(candidate)`. It returns `True` or `False`. You choose on what inputs you look at the
# candidate; a few well-chosen calls will do. Candidates that you must unmask
#
# - leave out a correction, or make it in the wrong place, or count updates wrongly;
# - put $\epsilon$ elsewhere, or ignore one of the settings that they are given;
# - mix what belongs to different weights, or get a sign, a square or a root wrong;
# - return `nan` (and every comparison with `nan` is false).
#
# Ten updates are enough: each of these candidates makes other moves than Adam within ten, given
# gradients that vary in size and sign, and settings in which its error matters. An $\epsilon$ of
# $10^{-8}$, for instance, hides its own place. No candidate raises an error, returns another shape or
# changes `grads`.
#
# As the yardstick you may take your own answer to question 6 or the library's
# `course.optimizers.Adam`: this question is about the test.


# %% nbgrader={"grade": false, "grade_id": "printed", "locked": true, "schema_version": 3, "solution": false, "task": false}
def slide_adam(grads, eta, beta1, beta2, eps):
    """The slide's last row, to the letter."""
    M1 = M2 = np.zeros(grads.shape[1])
    moves = []
    for t, g in enumerate(grads, start=1):
        M1 = (beta1 * M1 + (1 - beta1) * g) / (1 - beta1**t)
        M2 = (beta2 * M2 + (1 - beta2) * g**2) / (1 - beta2**t)
        moves.append(-eta * M1 / np.sqrt(M2 + eps))
    return np.array(moves)


def library_adam(grads, eta, beta1, beta2, eps):
    """The library's Adam, as a candidate."""
    from course.optimizers import Adam

    rule = Adam(eta, beta1=beta1, beta2=beta2, eps=eps)
    w = np.zeros(grads.shape[1])
    state, moves = rule.start(w), []
    for g in grads:
        w_next, state = rule.update(w, g, state)
        moves.append(w_next - w)
        w = w_next
    return np.array(moves)


# %% nbgrader={"grade": false, "grade_id": "detector", "locked": false, "schema_version": 3, "solution": true, "task": false}
def is_adam(candidate):
    """Tell whether a candidate makes the moves of Adam.

    candidate : function; candidate(grads, eta, beta1, beta2, eps) is an array of moves, shape (T, d)

    Returns True or False.
    """
    ### BEGIN SOLUTION
    grads = np.random.default_rng(0).normal(size=(10, 3))
    settings = 0.5, 0.6, 0.8, 0.3
    return np.allclose(candidate(grads, *settings), library_adam(grads, *settings))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_detector", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
assert is_adam(library_adam) in (True, False), "Return True or False."
assert is_adam(library_adam), "The library's Adam is Adam, and your test says no."
assert not is_adam(slide_adam), "The slide's Adam is not Adam, and your test says yes."
assert not is_adam(lambda grads, eta, beta1, beta2, eps: -eta * np.sign(grads)), (
    "Moves of η against the sign of the gradient agree with Adam where a gradient is constant and "
    "ε is 0, and only there; your test says that they are Adam."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("detector")


def adam_like(
    correct1=lambda b, k: 1 - b**k,
    correct2=lambda b, k: 1 - b**k,
    quotient=lambda m, v, eps: m / (np.sqrt(v) + eps),
    square=lambda g: g * g,
    change=lambda eta, b1, b2, eps: (eta, b1, b2, eps),
):
    def candidate(grads, eta, beta1, beta2, eps):
        eta, beta1, beta2, eps = change(eta, beta1, beta2, eps)
        grads = np.asarray(grads, dtype=float)
        m, v, moves = np.zeros(grads.shape[1]), np.zeros(grads.shape[1]), []
        with np.errstate(all="ignore"):
            for k, g in enumerate(grads, start=1):
                m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * square(g)
                moves.append(-eta * quotient(m / correct1(beta1, k), v / correct2(beta2, k), eps))
        return np.array(moves)

    return candidate


def as_sums(grads, eta, beta1, beta2, eps):
    moves = []
    for k in range(1, len(grads) + 1):
        ages = np.arange(k)[::-1]
        m, v = (
            (b**ages).dot(part) / np.sum(b**ages)
            for b, part in [(beta1, grads[:k]), (beta2, grads[:k] ** 2)]
        )
        moves.append(-eta * m / (np.sqrt(v) + eps))
    return np.array(moves)


def amsgrad(grads, eta, beta1, beta2, eps):
    m = v = top = np.zeros(np.shape(grads)[1])
    moves = []
    for k, g in enumerate(grads, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        top = np.maximum(top, v / (1 - beta2**k))
        moves.append(-eta * m / (1 - beta1**k) / (np.sqrt(top) + eps))
    return np.array(moves)


bias = rng.uniform(0.05, 0.2)
for right in (adam_like(), as_sums):
    assert is_adam(right), "A correct Adam, written by somebody else, fails your test."
imitations = [
    (adam_like(correct1=lambda b, k: 1, correct2=lambda b, k: 1), "corrects nothing"),
    (adam_like(correct1=lambda b, k: 1), "does not correct the mean of the gradients"),
    (adam_like(correct2=lambda b, k: 1), "does not correct the mean of the squares"),
    (
        adam_like(correct1=lambda b, k: 1 - b, correct2=lambda b, k: 1 - b),
        "corrects by 1 - β always",
    ),
    (
        adam_like(correct1=lambda b, k: 1 - b ** (k + 1), correct2=lambda b, k: 1 - b ** (k + 1)),
        "counts one update too many",
    ),
    (
        adam_like(correct1=lambda b, k: 1 - b ** (k - 1), correct2=lambda b, k: 1 - b ** (k - 1)),
        "divides zero by zero at the first update",
    ),
    (adam_like(quotient=lambda m, v, eps: m / np.sqrt(v + eps)), "has ε inside the root"),
    (adam_like(quotient=lambda m, v, eps: m / (v + eps)), "takes no root"),
    (adam_like(quotient=lambda m, v, eps: -m / (np.sqrt(v) + eps)), "climbs"),
    (adam_like(quotient=lambda m, v, eps: np.abs(m) / (np.sqrt(v) + eps)), "forgets signs"),
    (adam_like(quotient=lambda m, v, eps: m / (np.sqrt(v.mean()) + eps)), "mixes the weights"),
    (adam_like(square=np.abs), "averages absolute values"),
    (adam_like(change=lambda eta, b1, b2, eps: (eta, b2, b1, eps)), "exchanges the two β"),
    (adam_like(change=lambda eta, b1, b2, eps: (0.1, b1, b2, eps)), "ignores η"),
    (adam_like(change=lambda eta, b1, b2, eps: (eta, 0.9, b2, eps)), "ignores the first β"),
    (adam_like(change=lambda eta, b1, b2, eps: (eta, b1, 0.99, eps)), "ignores the second β"),
    (adam_like(change=lambda eta, b1, b2, eps: (eta, b1, b2, 1e-7)), "ignores ε"),
    (
        adam_like(change=lambda eta, b1, b2, eps: (eta * (1 + bias), b1, b2, eps)),
        "has a longer step",
    ),
    (
        adam_like(correct1=lambda b, k: 1 - b**k if k < 8 else 1),
        "stops correcting the mean of the gradients after a few updates",
    ),
    (
        adam_like(correct2=lambda b, k: 1 - b ** min(k, 3)),
        "stops counting after three updates",
    ),
    (
        lambda grads, *settings: (
            np.concatenate(
                [
                    as_sums(np.asarray(grads)[:6], *settings),
                    as_sums(np.asarray(grads)[6:], *settings),
                ]
            )
            if len(grads) > 6
            else as_sums(np.asarray(grads), *settings)
        ),
        "forgets everything after six updates",
    ),
    (amsgrad, "never lets the size of a gradient shrink (AMSGrad)"),
    (lambda grads, eta, beta1, beta2, eps: np.full(np.shape(grads), np.nan), "is nan"),
]
for imitation, words in imitations:
    assert not is_adam(imitation), f"Your test takes for Adam what {words}."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built
#
# Nothing here is graded. The left panel shows your growth factors, the right one your optimisers on a
# valley with κ = 100. Nesterov's method is ahead of momentum for most of the first half of the run,
# and behind for most of the second. Why? (What becomes of $\mu_k$, and of the friction?) And what
# happens if you give momentum the best μ of the lecture,
# $\bigl(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\bigr)^2$?

# %% nbgrader={"grade": false, "grade_id": "picture", "locked": false, "schema_version": 3, "solution": false, "task": false}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
a_axis = np.geomspace(0.003, 3, 200)
for rule, line in [(table_descent, ":"), (table_momentum, "--"), (slide_nesterov, "-")]:
    left.semilogx(a_axis, [growth(rule, a) for a in a_axis], line, label=rule.__name__)
left.axhline(1, color="grey", lw=0.8)
left.set(xlabel="step size × curvature", ylabel="growth per update", ylim=(0, 2))
left.legend()

valley = np.array([1.0, 100.0])
start = np.array([5.0, 1.0])
runs = {
    "momentum, μ = 0.9": momentum_path(lambda w: valley * w, start, [0.1] * 150, 0.9),
    "Nesterov": nesterov(lambda w: valley * w, start, 0.01, 150)[0],
    "plain descent": momentum_path(lambda w: valley * w, start, [0.01] * 150, 0.0),
}
for (name, path), line in zip(runs.items(), ["--", "-", ":"], strict=True):
    right.semilogy((valley * np.asarray(path) ** 2).sum(axis=1) / 2, line, label=name)
right.set(xlabel="updates", ylabel="loss")
right.legend()
plt.show()
