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
# # Day 3: prices from slopes
#
# A bank holds a **put on a basket**: it pays $\max(K-a^\top S_2,0)$ at expiry, where $S_2$ are the
# prices of $n$ assets and $a$ the weights. You learn its price in every state by regression, in a basis
# that never divides by anything, first from payoffs alone and then from payoffs and their slopes.
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | Hermite polynomials and their derivatives | 2 |
# | 2 | products of them for several assets, with all slopes | 3 |
# | 3 | payoffs of the put along pairs of paths, and their pathwise slopes | 3 |
# | 4 | a ridge that leaves the constant alone | 2 |
# | 5 | its penalty, by cross-validation | 3 |
# | 6 | differential regression | 4 |
# | 7 | an error measure that cannot be fooled by shapes | 1 |
# | 8 | a bonus without a jump | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - `X` has shape `(m, n)`, one row per path and one column per asset; labels `y` have shape `(m,)`,
#   their slopes `Z` shape `(m, n)`.
# - Numbers may arrive as integers (`np.array([0, 1])`). The answer must be the same as for floats.
# - Never change an array that you were given.
# - Loops or array operations: both are fine.
# - The library's `course.differential_regression` has other conventions (monomials, standardised
#   inputs, no constant among the columns, means, the variance in the weights). Read it for ideas; its
#   functions do not answer these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from course.exercise import submission_rng

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_hermite", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: Hermite polynomials (2 points)
#
# $$
# H_0(x)=1,\qquad H_1(x)=x,\qquad H_{p+1}(x)=x\,H_p(x)-p\,H_{p-1}(x),\qquad
# H_p'(x)=p\,H_{p-1}(x)\quad(H_0'=0).
# $$
#
# So $H_2=x^2-1$, $H_3=x^3-3x$. These are the *probabilists'* Hermite polynomials. They span the same
# functions as $1,x,\dots,x^D$, and are uncorrelated if $x$ is standard normal. Their derivatives need no
# division: nothing special happens at $x=0$.
#
# Write `hermite(x, D)`, for `x` of shape `(m,)` and a degree $D\ge0$. Return two arrays of shape
# `(m, D + 1)`: the values, column $p$ holding $H_p(x)$, and the derivatives, column $p$ holding
# $H_p'(x)$.
#
# **By hand.** $x=2$, $D=3$: values $1,2,3,2$ and derivatives $0,1,4,9$. For $D=0$ there is
# one column: value 1, derivative 0.


# %% nbgrader={"grade": false, "grade_id": "hermite", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hermite(x, D):
    """Return the Hermite polynomials of degree 0 to D at x, and their derivatives.

    x : shape (m,); not changed
    D : the highest degree, an integer >= 0

    Returns two arrays of floats, both of shape (m, D + 1).
    """
    ### BEGIN SOLUTION
    values, slopes = np.zeros((len(x), D + 1)), np.zeros((len(x), D + 1))
    values[:, 0] = 1
    for p in range(D):
        values[:, p + 1] = x * values[:, p] - p * values[:, p - 1]
        slopes[:, p + 1] = (p + 1) * values[:, p]
    return values, slopes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_hermite", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = hermite(np.array([2.0]), 3)
assert isinstance(pair, tuple | list), "Return two arrays, the values and the derivatives."
values, slopes = (np.asarray(part, dtype=float) for part in pair)
assert values.shape == slopes.shape == (1, 4), (
    f"One x and degree 3: both have shape (1, 4), not {values.shape} and {slopes.shape}."
)
assert np.allclose(values, [[1, 2, 3, 2]]), f"At x = 2 the values are 1, 2, 3, 2, not {values}."
assert np.allclose(slopes, [[0, 1, 4, 9]]), (
    f"At x = 2 the derivatives are 0, 1, 4, 9, not {slopes}."
)
values, slopes = hermite(np.array([2.0, 5.0]), 0)
assert np.array_equal(values, [[1], [1]]), (
    f"With D = 0 the values are one column of 1, not {values}."
)
assert np.array_equal(slopes, [[0], [0]]), f"With D = 0 the derivatives are 0, not {slopes}."
### BEGIN HIDDEN TESTS
from numpy.polynomial import hermite_e

rng = submission_rng("hermite")
for m, D in [(1, 5), (6, 4), (9, 1), (4, 0)]:
    x_hid = rng.normal(0, 2, m)
    x_hid[0], x_hid[-1] = 1e4, 0.0  # far out, differences of values have few digits left
    kept = x_hid.copy()
    values, slopes = (np.asarray(part, dtype=float) for part in hermite(x_hid, D))
    assert np.array_equal(kept, x_hid), "Your function changed x."
    assert values.shape == slopes.shape == (m, D + 1), (
        f"{m} number(s) and degree {D}: both have shape {(m, D + 1)}, not {values.shape} and "
        f"{slopes.shape}."
    )
    for p in range(D + 1):
        alone = np.eye(D + 1)[p]
        assert np.allclose(values[:, p], hermite_e.hermeval(x_hid, alone), rtol=1e-9), (
            f"The values of a Hermite polynomial of degree {p} are wrong."
        )
        right = hermite_e.hermeval(x_hid, hermite_e.hermeder(alone))
        assert np.allclose(slopes[:-1, p], right[:-1], rtol=1e-11, atol=1e-12), (
            f"The derivatives of a Hermite polynomial of degree {p} are wrong."
        )
        assert np.isclose(slopes[-1, p], right[-1], atol=1e-12), "A derivative at x = 0 is wrong."
values, slopes = (np.asarray(part, dtype=float) for part in hermite(np.array([0, 2]), 3))
assert np.allclose(values, [[1, 0, -1, 0], [1, 2, 3, 2]]), "Whole numbers give other values."
assert np.allclose(slopes, [[0, 1, 0, -3], [0, 1, 4, 9]]), "Whole numbers give other derivatives."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_features", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: several assets (3 points)
#
# For several assets a basis function is a product, $\varphi_k(x)=\prod_{j=1}^nH_{P_{kj}}(x_j)$, with
# a row of the array of integers `P`, of shape `(k, n)`, for each function. Its slope towards $x_l$ is
# the product rule:
#
# $$\frac{\partial\varphi_k}{\partial x_l}(x)=H'_{P_{kl}}(x_l)\prod_{j\ne l}H_{P_{kj}}(x_j).$$
#
# (Savine's notebook divides $\varphi_k$ by $x_l$ instead, and gets 0 where $x_l=0$.)
#
# Write `features(X, P)`. Return `Phi` of shape `(m, k)` with all $\varphi_k(x_i)$, and `DPhi` of shape
# `(m, k, n)` with all $\partial\varphi_k/\partial x_l(x_i)$.
#
# **By hand.** One path, $x=(0,2)$, one function, $P=(1,2)$: $\varphi=H_1(0)H_2(2)=0\cdot3=0$, with the
# slopes $H_1'(0)H_2(2)=3$ and $H_1(0)H_2'(2)=0$.


# %% nbgrader={"grade": false, "grade_id": "features", "locked": false, "schema_version": 3, "solution": true, "task": false}
def features(X, P):
    """Return products of Hermite polynomials, and their slopes towards every input.

    X : shape (m, n); not changed
    P : array of integers >= 0, shape (k, n); row k holds the degrees of function k

    Returns Phi, shape (m, k), and DPhi, shape (m, k, n).
    """
    ### BEGIN SOLUTION
    m, n = X.shape
    Phi, DPhi = np.ones((m, len(P))), np.ones((m, len(P), n))
    for j in range(n):
        values, slopes = hermite(X[:, j], P.max())
        Phi *= values[:, P[:, j]]
        for towards in range(n):
            DPhi[:, :, towards] *= (slopes if towards == j else values)[:, P[:, j]]
    return Phi, DPhi
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_features", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = features(np.array([[0.0, 2.0]]), np.array([[1, 2]]))
assert isinstance(pair, tuple | list), "Return two arrays, Phi and DPhi."
Phi, DPhi = (np.asarray(part, dtype=float) for part in pair)
assert (Phi.shape, DPhi.shape) == ((1, 1), (1, 1, 2)), (
    f"One path, one function, two assets: shapes (1, 1) and (1, 1, 2), not {Phi.shape} and "
    f"{DPhi.shape}."
)
assert np.allclose(Phi, 0), f"In the example from the text the function is 0, not {Phi}."
assert np.allclose(DPhi, [[[3, 0]]]), (
    f"In the example from the text the slopes are 3, 0, not {DPhi}."
)
Phi, DPhi = features(np.array([[2.0]]), np.array([[2], [1]]))
assert np.allclose(Phi, [[3, 2]]), f"One asset at 2, degrees 2 and 1: functions 3, 2, not {Phi}."
assert np.allclose(DPhi, [[[4], [1]]]), f"One asset at 2, degrees 2 and 1: slopes 4, 1, not {DPhi}."
### BEGIN HIDDEN TESTS
from numpy.polynomial import hermite_e

rng = submission_rng("features")
for m, k, n in [(5, 4, 1), (7, 6, 2), (4, 9, 3)]:
    X_hid, P_hid = rng.normal(0, 1.5, (m, n)), rng.integers(0, 4, (k, n))
    X_hid[0], P_hid[0], P_hid[1], P_hid[2] = 0.0, 0, 1, 2
    kept = X_hid.copy(), P_hid.copy()
    Phi, DPhi = (np.asarray(part, dtype=float) for part in features(X_hid, P_hid))
    assert np.array_equal(kept[0], X_hid), "Your function changed X."
    assert np.array_equal(kept[1], P_hid), "Your function changed P."
    assert (Phi.shape, DPhi.shape) == ((m, k), (m, k, n)), (
        f"{m} paths, {k} functions, {n} asset(s): shapes {(m, k)} and {(m, k, n)}, not {Phi.shape} "
        f"and {DPhi.shape}."
    )
    units = np.eye(4)
    for row, powers in enumerate(P_hid):
        single = [hermite_e.hermeval(X_hid[:, j], units[powers[j]]) for j in range(n)]
        assert np.allclose(Phi[:, row], np.prod(single, axis=0), rtol=1e-9), (
            f"With {n} asset(s) a basis function is wrong."
        )
        for j in range(n):
            factors = list(single)
            factors[j] = hermite_e.hermeval(X_hid[:, j], hermite_e.hermeder(units[powers[j]]))
            right = np.prod(factors, axis=0)
            assert np.allclose(DPhi[1:, row, j], right[1:], rtol=1e-9), (
                f"With {n} asset(s) a slope is wrong."
            )
            assert np.allclose(DPhi[0, row, j], right[0]), "A slope where all x are 0 is wrong."
Phi, DPhi = (np.asarray(part) for part in features(np.array([[1, 2]]), np.array([[1, 1], [0, 2]])))
assert np.allclose(Phi, [[2, 3]]), "Whole numbers as input give other functions."
assert np.allclose(DPhi, [[[2, 1], [0, 4]]]), "Whole numbers as input give other slopes."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_put", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: the put, and its slopes along the path (3 points)
#
# From the state $x$ at the horizon the assets move by a random shock $\Delta$ until expiry. For each
# state you are given one shock and use it twice, as it is and with the opposite sign (an *antithetic*
# pair). The label is the mean of both payoffs,
#
# $$y=\tfrac12\bigl[\max(K-a^\top(x+\Delta),0)+\max(K-a^\top(x-\Delta),0)\bigr],$$
#
# and its slope $\partial y/\partial x_j$ the mean of both payoffs' derivatives with the shock held
# fixed. Which sign does it have for a put, and when is it 0? Where a path ends exactly at
# $a^\top S_2=K$, count its slope as 0.
#
# Write `put_labels(X, shocks, a, K)`. Return `y` of shape `(m,)` and `Z` of shape `(m, n)`.
#
# **By hand.** Two assets with $a=(0.5,\,0.5)$, $K=10$; $x=(8,8)$, $\Delta=(6,2)$. Up, the basket ends at
# 12 and the put pays nothing; down, at 4, and it pays 6. So $y=3$, and $Z=(-0.25,\,-0.25)$.


# %% nbgrader={"grade": false, "grade_id": "put", "locked": false, "schema_version": 3, "solution": true, "task": false}
def put_labels(X, shocks, a, K):
    """Return the payoffs of a put on a basket along antithetic pairs, and their slopes.

    X : the states, shape (m, n); not changed
    shocks : the changes of the assets until expiry, shape (m, n); not changed
    a : the weights of the basket, shape (n,)
    K : the strike

    Returns y, shape (m,), and Z, shape (m, n).
    """
    ### BEGIN SOLUTION
    y, Z = 0.0, 0.0
    for path in (X + shocks, X - shocks):
        basket = path @ a
        y = y + np.maximum(K - basket, 0) / 2
        Z = Z - np.outer(basket < K, a) / 2
    return y, Z
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_put", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = put_labels(np.array([[8.0, 8.0]]), np.array([[6.0, 2.0]]), np.array([0.5, 0.5]), 10.0)
assert isinstance(pair, tuple | list), "Return y and Z."
y, Z = (np.asarray(part, dtype=float) for part in pair)
assert (y.shape, Z.shape) == ((1,), (1, 2)), (
    f"One path, two assets: shapes (1,) and (1, 2), not {y.shape} and {Z.shape}."
)
assert np.allclose(y, 3), f"In the example from the text y is 3, not {y}."
assert np.allclose(Z, -0.25), f"In the example from the text both slopes are -0.25, not {Z}."
### BEGIN HIDDEN TESTS
rng = submission_rng("put")
for m, n in [(9, 1), (30, 2), (40, 4)]:
    a_hid = rng.uniform(0.5, 2, n) / n
    X_hid, shocks_hid = rng.normal(10, 3, (m, n)), rng.normal(0, 4, (m, n))
    K_hid = 10 * a_hid.sum()
    kept = X_hid.copy(), shocks_hid.copy(), a_hid.copy()

    def right(X, shocks=shocks_hid, a=a_hid, K=K_hid):
        up, down = ((X + sign * shocks).dot(a) for sign in (1, -1))
        return (np.where(up < K, K - up, 0) + np.where(down < K, K - down, 0)) / 2

    ends = [(X_hid + sign * shocks_hid).dot(a_hid) for sign in (1, -1)]
    y, Z = (np.asarray(part, dtype=float) for part in put_labels(X_hid, shocks_hid, a_hid, K_hid))
    assert (y.shape, Z.shape) == ((m,), (m, n)), (
        f"{m} paths, {n} asset(s): shapes {(m,)} and {(m, n)}, not {y.shape} and {Z.shape}."
    )
    assert np.allclose(y, right(X_hid), rtol=1e-9, atol=1e-9), (
        f"With {n} asset(s) a payoff is wrong. The put pays what is missing to K, and y is the mean "
        "of two paths with opposite shocks."
    )
    share = sum((end < K_hid).astype(float) for end in ends) / 2  # of the paths that pay
    assert np.allclose(Z, -np.outer(share, a_hid), rtol=1e-11, atol=1e-13), (
        f"With {n} asset(s) the slopes are not the derivatives of the payoffs. Derive them; a "
        "difference of payoffs is no derivative."
    )
    assert all(map(np.array_equal, kept, (X_hid, shocks_hid, a_hid))), (
        "Your function changed an array that it was given."
    )
close = np.array([[10 - 1e-9], [10 + 1e-9], [-1e9]])
_, Z = put_labels(close, np.zeros((3, 1)), np.array([1.0]), 10.0)
assert np.allclose(np.ravel(Z), [-1, 0, -1], atol=1e-13), (
    "Very near the strike, or far from it, the slopes are wrong: a difference of payoffs is no "
    "derivative."
)
y, Z = put_labels(np.array([[8], [10]]), np.array([[2], [3]]), np.array([1]), 10)
assert np.allclose(y, [2, 1.5]), "Whole numbers as input give other payoffs."
assert np.allclose(np.asarray(Z)[1], -0.5), "Whole numbers as input give other slopes."
assert np.allclose(np.asarray(Z)[0], -0.5), "A path that ends exactly at K has the slope 0."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_ridge", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: a ridge that leaves the constant alone (2 points)
#
# Minimise
#
# $$\sum_{i=1}^m\Bigl(y_i-\sum_{k}\beta_k\varphi_k(x_i)\Bigr)^2+\lambda\sum_{k\ge1}\beta_k^2 .$$
#
# The columns of `Phi` are numbered from 0. **Column 0 is the constant** (all ones); its coefficient
# $\beta_0$ is not penalised. These are sums, not means. Set the derivatives to zero and solve the linear
# system.
#
# Write `ridge_fit(Phi, y, lam)`, which returns β, of shape `(k,)`. There are at least as many
# rows as columns.
#
# **By hand.** Two points $\varphi_1=0,2$ with $y=1,5$ and $\lambda=2$. The derivative to $\beta_0$ is zero
# for $\beta_0=3-\beta_1$. Then $2(2-\beta_1)^2+2\beta_1^2$ is left, so $\beta_1=1$ and $\beta_0=2$.


# %% nbgrader={"grade": false, "grade_id": "ridge", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ridge_fit(Phi, y, lam):
    """Return the coefficients of a ridge regression whose constant is not penalised.

    Phi : shape (m, k), column 0 all ones; not changed
    y : shape (m,); not changed
    lam : the penalty, a number >= 0

    Returns an array of floats, shape (k,).
    """
    ### BEGIN SOLUTION
    penalty = lam * np.eye(Phi.shape[1])
    penalty[0, 0] = 0
    return np.linalg.solve(Phi.T @ Phi + penalty, Phi.T @ y)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_ridge", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
beta = np.asarray(
    ridge_fit(np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([1.0, 5.0]), 2.0), dtype=float
)
assert beta.shape == (2,), f"Two columns have two coefficients: shape (2,), not {beta.shape}."
assert np.allclose(beta, [2, 1]), f"The example from the text gives (2, 1), not {beta}."
### BEGIN HIDDEN TESTS
rng = submission_rng("ridge")
for m, k in [(8, 2), (20, 5), (30, 9)]:
    Phi_hid = np.column_stack([np.ones(m), rng.normal(0.5, 2, (m, k - 1))])
    y_hid = 5 + rng.normal(0, 3, m)
    kept = Phi_hid.copy(), y_hid.copy()
    for lam_hid in (0.0, rng.uniform(1, 5), rng.uniform(20, 50)):
        beta = np.asarray(ridge_fit(Phi_hid, y_hid, lam_hid), dtype=float)
        assert beta.shape == (k,), f"{k} columns: shape ({k},), not {beta.shape}."
        # The oracle: least squares with a row √λ for every penalised coefficient, y = 0 there.
        rows = np.vstack([Phi_hid, np.sqrt(lam_hid) * np.eye(k)[1:]])
        best = np.linalg.lstsq(rows, np.concatenate([y_hid, np.zeros(k - 1)]), rcond=None)[0]
        assert np.allclose(beta, best, rtol=1e-7, atol=1e-9), (
            "Without a penalty (λ = 0) this is least squares on all columns, and yours is not."
            if lam_hid == 0
            else "The coefficients are wrong with a penalty. (Sums, and no penalty on the constant.)"
        )
    assert all(map(np.array_equal, kept, (Phi_hid, y_hid))), "Your function changed its input."
beta = np.asarray(ridge_fit(np.array([[1, 0], [1, 2]]), np.array([1, 5]), 2), dtype=float)
assert np.allclose(beta, [2, 1]), "Whole numbers as input give other coefficients."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_cv", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: the penalty, by cross-validation (3 points)
#
# Which λ? The one that predicts best what it has not seen. `folds` is a list of index arrays that
# together hold every row exactly once; they may have different lengths. For each λ and each fold: fit by
# `ridge_fit` to all rows that are **not** in the fold, predict those in it. The error of a λ is the mean
# of the squared prediction errors over **all $m$ rows**.
#
# Write `cross_validate(Phi, y, lams, folds)`. Return an array with the error of every λ, and the λ with
# the least one.
#
# **By hand.** Only the constant, `Phi` = four rows of 1, $y=(0,3,6,12)$, folds (0, 1), (2) and (3): the
# fit to rows 2 and 3 predicts 9 for rows 0 and 1, wrong by 9 and 6; the fit to rows 0, 1 and 3 predicts
# 5 for row 2, wrong by 1; the fit to rows 0, 1 and 2 predicts 3 for row 3, wrong by 9. The error is
# $(81+36+1+81)/4=49.75$ for every λ.


# %% nbgrader={"grade": false, "grade_id": "cv", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_validate(Phi, y, lams, folds):
    """Return the cross-validation error of every penalty, and the best penalty.

    Phi : shape (m, k), column 0 all ones; not changed
    y : shape (m,); not changed
    lams : a list of penalties
    folds : a list of arrays of row numbers; every row is in exactly one

    Returns an array of the length of lams, and one number.
    """
    ### BEGIN SOLUTION
    errors = np.zeros(len(lams))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y)), fold)
        for i, lam in enumerate(lams):
            beta = ridge_fit(Phi[others], y[others], lam)
            errors[i] += np.sum((y[fold] - Phi[fold] @ beta) ** 2) / len(y)
    return errors, lams[np.argmin(errors)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_cv", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
pair = cross_validate(
    np.ones((4, 1)),
    np.array([0.0, 3.0, 6.0, 12.0]),
    [1.0, 2.0],
    [np.array([0, 1]), np.array([2]), np.array([3])],
)
assert isinstance(pair, tuple | list), "Return the errors and the best penalty."
errors = np.asarray(pair[0], dtype=float)
assert errors.shape == (2,), f"Two penalties have two errors: shape (2,), not {errors.shape}."
assert np.allclose(errors, 49.75), (
    f"In the example from the text both errors are 49.75, not {errors}."
)
assert pair[1] in (1.0, 2.0), f"The best penalty is one of those given, not {pair[1]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("cv")
for m, k, cuts in [(11, 2, [4, 6]), (25, 4, [3, 9, 20]), (30, 6, [10, 20])]:
    Phi_hid = np.column_stack([np.ones(m), rng.normal(0.5, 1, (m, k - 1))])
    y_hid = Phi_hid.dot(rng.normal(0, 1, k)) + rng.normal(0, 1.5, m)
    folds_hid = np.split(rng.permutation(m), cuts)
    lams_hid = rng.permutation([0.01, 0.5, 3.0, 20.0, 1000.0]).tolist()
    kept = Phi_hid.copy(), y_hid.copy()
    pair = cross_validate(Phi_hid, y_hid, lams_hid, folds_hid)
    right = np.zeros(5)
    for fold in folds_hid:
        rest = np.array([row for row in range(m) if row not in fold.tolist()])
        for i, lam in enumerate(lams_hid):
            rows = np.vstack([Phi_hid[rest], np.sqrt(lam) * np.eye(k)[1:]])
            best = np.linalg.lstsq(rows, np.append(y_hid[rest], np.zeros(k - 1)), rcond=None)[0]
            right[i] += np.sum((Phi_hid[fold].dot(best) - y_hid[fold]) ** 2) / m
    errors = np.asarray(pair[0], dtype=float)
    assert errors.shape == (5,), (
        f"Five penalties have five errors, yours have shape {errors.shape}."
    )
    assert np.allclose(errors, right, rtol=1e-6), (
        "An error is wrong. Each fold is predicted by the fit to all other rows; the error is the "
        "mean over all rows of the squares. (If ridge_fit fails its tests, repair that first.)"
    )
    assert pair[1] == lams_hid[int(np.argmin(right))], (
        "The errors are right, but the penalty that you return is not the one with the least."
    )
    assert all(map(np.array_equal, kept, (Phi_hid, y_hid))), "Your function changed its input."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_differential", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: differential regression (4 points)
#
# Now use the slopes. Minimise over β
#
# $$
# \frac1m\sum_i\Bigl(y_i-\sum_k\beta_k\varphi_k(x_i)\Bigr)^2
# +w\sum_{j=1}^n\alpha_j\,\frac1m\sum_i\Bigl(z_{ij}-\sum_k\beta_k\frac{\partial\varphi_k}{\partial x_j}(x_i)\Bigr)^2,
# \qquad
# \alpha_j=\frac{\frac1m\sum_iy_i^2}{\frac1m\sum_iz_{ij}^2}.
# $$
#
# This is the weight of Huge and Savine's appendix, with mean squares of both. (The lecture takes the
# variance of $y$, so that a constant fee changes nothing; here take the mean square.) If all $z_{ij}$
# of an asset are 0, then $\alpha_j$ is not defined: **leave that asset's slopes out**.
#
# It is one least-squares problem. Below the rows of `Phi` stand those of $\sqrt{w\alpha_j}$ times
# `DPhi[:, :, j]`, for every $j$, and the labels beside them likewise. `np.linalg.lstsq` solves it, also if
# there are fewer paths than coefficients. (Where several β do equally well, return any of them.)
#
# Write `differential_fit(Phi, DPhi, y, Z, w)`, which returns β, of shape `(k,)`. The arrays are those of
# questions 2 and 3.
#
# **By hand.** One asset, $\varphi=(1,x)$ at $x=-1,1$, $y=(1,3)$, $z=(2,2)$, $w=2$. Then
# $\alpha=5/4$. The constant is 2. For the slope the values say 1 and the slopes say 2: it minimises
# $(1-\beta)^2+2\cdot\frac54(2-\beta)^2$, so $\beta=\frac{1+5}{1+2.5}=\frac{12}7$.


# %% nbgrader={"grade": false, "grade_id": "differential", "locked": false, "schema_version": 3, "solution": true, "task": false}
def differential_fit(Phi, DPhi, y, Z, w):
    """Return the coefficients that fit values and slopes.

    Phi : the basis functions, shape (m, k); not changed
    DPhi : their slopes, shape (m, k, n); not changed
    y, Z : the labels, shape (m,), and their slopes, shape (m, n); not changed
    w : the weight of the slopes, a number >= 0

    Returns an array of floats, shape (k,).
    """
    ### BEGIN SOLUTION
    rows, labels = [Phi], [y]
    for j in range(Z.shape[1]):
        size = np.mean(Z[:, j] ** 2)
        if size > 0:
            root = np.sqrt(w * np.mean(y**2) / size)
            rows.append(root * DPhi[:, :, j])
            labels.append(root * Z[:, j])
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels))[0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_differential", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
Phi_two, DPhi_two = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[[0.0], [1.0]], [[0.0], [1.0]]])
beta = np.asarray(
    differential_fit(Phi_two, DPhi_two, np.array([1.0, 3.0]), np.array([[2.0], [2.0]]), 2.0),
    dtype=float,
)
assert beta.shape == (2,), f"Two functions have two coefficients: shape (2,), not {beta.shape}."
assert np.allclose(beta, [2, 12 / 7]), f"The example from the text gives (2, 12/7), not {beta}."
### BEGIN HIDDEN TESTS
rng = submission_rng("differential")
for m, k, n in [(12, 3, 1), (30, 5, 2), (40, 8, 4)]:
    Phi_hid = np.column_stack([np.ones(m), rng.normal(0, 1, (m, k - 1))])
    DPhi_hid = rng.normal(0, 1, (m, k, n))
    DPhi_hid[:, 0] = 0.0
    y_hid, Z_hid = 2 + rng.normal(0, 2, m), rng.normal(0.3, 1, (m, n)) * rng.uniform(0.05, 4, n)
    kept = tuple(part.copy() for part in (Phi_hid, DPhi_hid, y_hid, Z_hid))
    for w_hid in (0.0, rng.uniform(0.5, 0.9), rng.uniform(2, 5)):
        for silent in (False, True):
            if silent and n == 1:
                continue
            Z_now = Z_hid.copy()
            if silent:
                Z_now[:, 1] = 0.0
            beta = np.asarray(differential_fit(Phi_hid, DPhi_hid, y_hid, Z_now, w_hid), dtype=float)
            assert beta.shape == (k,), f"{k} functions: shape ({k},), not {beta.shape}."
            assert np.isfinite(beta).all(), "A coefficient is not finite."
            # The oracle: the normal equations of the objective.
            left, side = Phi_hid.T.dot(Phi_hid), Phi_hid.T.dot(y_hid)
            for j in range(n):
                if silent and j == 1:
                    continue
                alpha = np.sum(y_hid**2) / np.sum(Z_now[:, j] ** 2)
                left = left + w_hid * alpha * DPhi_hid[:, :, j].T.dot(DPhi_hid[:, :, j])
                side = side + w_hid * alpha * DPhi_hid[:, :, j].T.dot(Z_now[:, j])
            if w_hid == 0:
                message = "With w = 0 this is least squares on the values, and yours is not."
            elif silent:
                message = "The coefficients are wrong when all slopes of one asset are 0."
            else:
                message = f"The coefficients are wrong, with {n} asset(s) and w = {w_hid:.2f}."
            assert np.allclose(beta, np.linalg.solve(left, side), rtol=1e-6, atol=1e-8), message
    assert all(map(np.array_equal, kept, (Phi_hid, DPhi_hid, y_hid, Z_hid))), (
        "Your function changed an array that it was given."
    )
beta = np.asarray(
    differential_fit(
        np.array([[1, -1], [1, 1]]),
        np.array([[[0], [1]], [[0], [1]]]),
        np.array([1, 3]),
        np.array([[2], [2]]),
        2,
    ),
    dtype=float,
)
assert np.allclose(beta, [2, 12 / 7]), "Whole numbers as input give other coefficients."
# Fewer paths than functions: values and slopes of a parabola from two paths.
x_hid = rng.normal(0, 1, 2) + np.array([-1.0, 1.0])
table = np.column_stack([np.ones(2), x_hid, x_hid**2])
slope_table = np.column_stack([np.zeros(2), np.ones(2), 2 * x_hid])
wanted = rng.uniform(1, 2, 3)
beta = np.asarray(
    differential_fit(
        table, slope_table[:, :, None], table.dot(wanted), slope_table.dot(wanted)[:, None], 1.0
    ),
    dtype=float,
)
assert np.allclose(beta, wanted, rtol=1e-6), (
    "Two paths with their slopes determine a parabola; yours is another."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_rmse", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: an error that shapes cannot fool (1 point)
#
# Predictions of shape `(m,)` minus prices of shape `(m, 1)` are an `(m, m)` table, and its root mean
# square has nothing to do with the error of the fit.
#
# Write `rmse(predicted, truth)`, the root of the mean squared difference, entry by entry. Each of the two
# may have the shape `(m,)`, `(m, 1)` or `(1, m)`, in any combination. If they do not hold the same number
# of entries, raise a `ValueError`.
#
# **By hand.** `rmse([1, 5], [[4], [1]])` is the root of $(9+16)/2$, that is 3.5355.


# %% nbgrader={"grade": false, "grade_id": "rmse", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rmse(predicted, truth):
    """Return the root mean squared difference of two vectors of any shape.

    predicted, truth : shape (m,), (m, 1) or (1, m) each; not changed

    Returns one number; raises ValueError if they differ in size.
    """
    ### BEGIN SOLUTION
    if np.size(predicted) != np.size(truth):
        raise ValueError("predicted and truth hold different numbers of entries")
    return np.sqrt(np.mean((np.ravel(predicted) - np.ravel(truth)) ** 2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_rmse", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
value = np.asarray(rmse(np.array([1.0, 5.0]), np.array([[4.0], [1.0]])), dtype=float)
assert value.shape == (), f"The error is one number; yours has shape {value.shape}."
assert np.isclose(value, 12.5**0.5), f"The example from the text gives 3.5355, not {value:.5g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("rmse")
for m in (2, 7):
    one, other = rng.normal(3, 1, m), rng.normal(0, 1, m)
    right = np.linalg.norm(one - other) / np.sqrt(m)
    for shape_1 in [(m,), (m, 1), (1, m)]:
        for shape_2 in [(m,), (m, 1), (1, m)]:
            value = float(rmse(one.reshape(shape_1), other.reshape(shape_2)))
            assert np.isclose(value, right, rtol=1e-9), (
                f"The error of shapes {shape_1} and {shape_2} is wrong."
            )
    for size in (1, m + 1):
        try:
            rmse(one, np.zeros(size))
        except ValueError:
            pass
        else:
            raise AssertionError("Vectors of different sizes should raise a ValueError.")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_bonus", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: a bonus without a jump (2 points)
#
# A payoff that jumps has slopes that miss the jump, and differential regression believes them. So a bonus
# of 1 that is paid if the basket $s$ ends above $K$ is paid *gradually* between $K-h$ and $K+h$: nothing
# below, all above, and a straight line between.
#
# Write `soft_bonus(s, K, h)` for `s` of shape `(m,)` and $h>0$. Return the payoffs and their slopes
# towards $s$, two arrays of shape `(m,)`. At the two kinks themselves, $s=K\pm h$, count the slope as 0.
#
# **By hand.** $K=10$, $h=2$, $s=(7,\,10,\,11.5,\,12)$: the payoffs are $(0,\,0.5,\,0.875,\,1)$ and the slopes
# $(0,\,0.25,\,0.25,\,0)$.


# %% nbgrader={"grade": false, "grade_id": "bonus", "locked": false, "schema_version": 3, "solution": true, "task": false}
def soft_bonus(s, K, h):
    """Return a bonus that is paid gradually around K, and its slope.

    s : the basket at expiry, shape (m,); not changed
    K : the strike
    h : half the width over which the bonus grows, a number > 0

    Returns two arrays of floats, shape (m,).
    """
    ### BEGIN SOLUTION
    payoff = np.clip((s - K + h) / (2 * h), 0, 1)
    slope = (np.abs(s - K) < h) / (2 * h)
    return payoff, slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_bonus", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
pair = soft_bonus(np.array([7.0, 10.0, 11.5, 12.0]), 10.0, 2.0)
assert isinstance(pair, tuple | list), "Return the payoffs and the slopes."
payoff, slope = (np.asarray(part, dtype=float) for part in pair)
assert payoff.shape == slope.shape == (4,), (
    f"Four baskets: both have shape (4,), not {payoff.shape} and {slope.shape}."
)
assert np.allclose(payoff, [0, 0.5, 0.875, 1]), f"The payoffs from the text differ: {payoff}."
assert np.allclose(slope, [0, 0.25, 0.25, 0]), f"The slopes from the text differ: {slope}."
### BEGIN HIDDEN TESTS
rng = submission_rng("bonus")
for m in (1, 40):
    K_hid, h_hid = rng.uniform(5, 15), rng.uniform(0.3, 3)
    s_hid = K_hid + h_hid * rng.uniform(-2.5, 2.5, m)
    kept = s_hid.copy()
    payoff, slope = (np.asarray(part, dtype=float) for part in soft_bonus(s_hid, K_hid, h_hid))
    assert np.array_equal(kept, s_hid), "Your function changed s."
    assert payoff.shape == slope.shape == (m,), f"Both have shape ({m},)."
    assert np.allclose(
        payoff, np.interp(s_hid, [K_hid - h_hid, K_hid + h_hid], [0, 1]), atol=1e-9
    ), "A payoff is wrong."
    inside = np.abs(s_hid - K_hid) < h_hid
    assert np.allclose(slope[~inside], 0), "The slope is 0 where the bonus does not change."
    assert np.allclose(slope[inside] * 2 * h_hid, 1, rtol=1e-12), (
        "Between the kinks the slope is that of a line which climbs from 0 to 1 over a width of 2h."
    )
_, slope = soft_bonus(np.array([-1 - 1e-9, -1 + 1e-9, 1 - 1e-9, 1 + 1e-9]), 0.0, 1.0)
assert np.allclose(slope, [0, 0.5, 0.5, 0], atol=1e-13), (
    "Very near the kinks the slope is wrong: a difference of payoffs is no slope."
)
payoff, slope = soft_bonus(np.array([7, 8, 10, 12, 20]), 10, 2)
assert np.allclose(payoff, [0, 0, 0.5, 1, 1]), "Whole numbers as input give other payoffs."
assert np.allclose(slope, [0, 0, 0.25, 0, 0]), "At the kinks themselves the slope counts as 0."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built
#
# Nothing here is graded. Three fits of the put on a basket of three, degree 5, from 500 states. The dots
# are fresh states; a perfect fit lies on the curve, which is the exact price $s\,[d\,N(d)+N'(d)]$ with
# $d=(K-a^\top x)/s$, $s$ the deviation of the basket until expiry, and $N$ the normal distribution. What
# happens if you take 100 states (`size`), or `degree` 7?

# %% nbgrader={"grade": false, "grade_id": "picture", "locked": false, "schema_version": 3, "solution": false, "task": false}
from scipy.stats import norm

size, degree = 500, 5
draws = np.random.default_rng(0)
weights = np.array([0.5, 0.3, 0.2])
spread = 20 * np.sqrt(np.sum(weights**2))  # of the basket, until the horizon and from there on
degrees = np.array([p for p in np.ndindex((degree + 1,) * 3) if sum(p) <= degree])  # constant first


def sample(m):
    states = 100 + 20 * draws.normal(size=(m, 3))
    return states, put_labels(states, 20 * draws.normal(size=(m, 3)), weights, 100)


states, (payoffs, slopes) = sample(size)
table, slope_table = features((states - 100) / 20, degrees)
folds = np.array_split(draws.permutation(size), 5)
_, best = cross_validate(table, payoffs, [0.01, 0.1, 1, 10, 100, 1000], folds)
fits = {
    "least squares": ridge_fit(table, payoffs, 0.0),
    f"ridge, λ = {best:g}": ridge_fit(table, payoffs, best),
    "differential": differential_fit(table, slope_table, payoffs, 20 * slopes, 1.0),
}
fresh, _ = sample(400)
fresh_table, _ = features((fresh - 100) / 20, degrees)
d = (100 - fresh @ weights) / spread
truth = spread * (d * norm.cdf(d) + norm.pdf(d))

fig, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True)
for ax, (name, beta) in zip(panels, fits.items(), strict=True):
    found = fresh_table @ beta
    ax.plot(fresh @ weights, found, ".", ms=4, label="fit")
    ax.plot(np.sort(fresh @ weights), truth[np.argsort(fresh @ weights)], "k-", label="price")
    ax.set(xlabel="basket at the horizon", title=f"{name}: error {rmse(found, truth):.2f}")
panels[0].set(ylabel="price of the put", ylim=(-10, 45))
panels[0].legend()
plt.show()
