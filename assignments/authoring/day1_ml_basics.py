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
# # Day 1: machine learning basics, in a bank's back office
#
# A bank has loans, customers and too many models. You write the tools with which it learns from
# them, and those with which it keeps from fooling itself:
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | a split of the loans that does not leak | 2 |
# | 2 | least squares, as an economist wants to see it | 2 |
# | 3 | cross-entropy from scores of any size | 2 |
# | 4 | k-means: one step; the whole algorithm | 2 + 2 |
# | 5 | a polynomial with a penalty, and a scale of its own | 3 |
# | 6 | early stopping | 3 |
# | 7 | dropout, forward and backward | 2 |
# | 8 | how well do scores rank? | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission (by `submission_rng`, imported below; you need not call it). A function that follows
# its description passes both.
#
# **Rules that hold for every function here**
#
# - `X` has shape `(m, p)`, one row per example, and **no** column of ones. `y` has shape `(m,)`.
# - Numbers may arrive as integers (`np.array([0, 3])`). The answer must be the same as for floats.
# - Never change an array that you were given: whoever called you still needs it.
# - "Returns an array": a list of the same numbers will do as well. Loops or matrix products: both
#   are fine, and so is everything in NumPy and SciPy.
# - The library's `course.ml_basics` and `course.clustering` have other conventions. Read them for
#   ideas; their functions do not answer these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from course.exercise import submission_rng

# %% nbgrader={"grade": false, "grade_id": "data", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Made-up data, for you to try your functions on.
draws = np.random.default_rng(1)

loan_borrowers = draws.integers(1000, 1060, 200)  # who took each of 200 loans
loan_features = np.column_stack(
    [
        draws.uniform(0.3, 1.0, 200),  # loan to value
        draws.uniform(0.1, 0.6, 200),  # interest and repayment, share of income
    ]
)
loan_rates = 1.5 + loan_features @ np.array([1.0, 2.0]) + draws.normal(0, 0.2, 200)  # % per year

customers = np.vstack(  # standardised income and age, three groups
    [draws.normal(centre, 0.4, (40, 2)) for centre in ([-1, -1], [1, -0.5], [0, 1.2])]
)
customer_deposits = draws.uniform(1, 50, 120)  # 1000 francs

experience = draws.uniform(0, 40, 30)  # years of work
log_wages = 3 + 0.05 * experience - 0.0008 * experience**2 + draws.normal(0, 0.2, 30)

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_split", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: a split that does not leak (2 points)
#
# Many borrowers have several loans, and what is true of one loan is mostly true of the next. If one
# loan of Mrs Keller is in the training data and another in the test data, the test measures whether
# the model remembers Mrs Keller. So we split the **borrowers**, and each loan goes where its borrower
# goes.
#
# There are $B$ different borrowers. Put them in a random order that depends on `seed`, each order
# being equally likely. The first $\lfloor 7B/10\rfloor$ are for training, the next
# $\lfloor 2B/10\rfloor$ for validation, **all others** for the test ($\lfloor\cdot\rfloor$: round
# down).
#
# Write `split_borrowers(borrower, seed)`. Here `borrower[i]` is the number of the borrower of loan
# $i$. Return three arrays of loan numbers (0, 1, 2, …) for training, validation and test, **each in
# ascending order**. With few borrowers some parts are empty.
#
# **By hand.** `borrower = [5, 8, 5, 2]` has three borrowers: two for training, none for validation,
# one for the test. If the order drawn is 8, 5, 2, the answer is `[0, 1, 2], [], [3]`.
#
# **A trap.** A computer's 0.7 is a little less than 7/10, and `int(0.7 * 90)` is 62, not 63. Calculate
# with whole numbers: `7 * 90 // 10`.


# %% nbgrader={"grade": false, "grade_id": "split", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_borrowers(borrower, seed):
    """Split loans at random into training, validation and test, borrower by borrower.

    borrower : shape (m,), the borrower of each loan, integers; not changed
    seed : an integer that determines the order of the borrowers

    Returns three arrays of integers: the loans for training, validation and test, each ascending.
    """
    ### BEGIN SOLUTION
    people = np.random.default_rng(seed).permutation(np.unique(borrower))
    first = 7 * len(people) // 10
    second = first + 2 * len(people) // 10
    parts = people[:first], people[first:second], people[second:]
    return tuple(np.flatnonzero(np.isin(borrower, part)) for part in parts)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_split", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
parts = split_borrowers(np.array([5, 8, 5, 2]), 1)
assert isinstance(parts, tuple | list), "Return three arrays of loan numbers."
assert len(parts) == 3, f"Return three arrays of loan numbers, not {len(parts)}."
loans = sorted(int(i) for part in parts for i in part)
assert loans == [0, 1, 2, 3], f"Every loan is in exactly one part; yours are {loans}."
assert len(parts[1]) == 0, "With three borrowers nobody is left for validation."
home = {int(i): place for place, part in enumerate(parts) for i in part}
assert home[0] == home[2], "Loans 0 and 2 have the same borrower and must be in the same part."
### BEGIN HIDDEN TESTS
rng = submission_rng("split")
for B in (10, 13, 26, 90):
    numbers = rng.choice(10_000, B, replace=False) + 1
    # Everybody has one loan, some have many; the order in the file means nothing.
    borrower = rng.permutation(np.concatenate([numbers, rng.choice(numbers[: B // 2], 2 * B)]))
    m, kept, seed_hid = len(borrower), borrower.copy(), int(rng.integers(10_000))
    parts = [np.asarray(part) for part in split_borrowers(borrower, seed_hid)]
    assert np.array_equal(borrower, kept), "Your function changed the array that it was given."
    assert all(part.ndim == 1 for part in parts), "The parts are one-dimensional arrays."
    rows = np.concatenate(parts).astype(float)
    assert np.array_equal(np.sort(rows), np.arange(m)), (
        f"With {m} loans, some loan is in no part, or in more than one."
    )
    assert all((np.diff(part) > 0).all() for part in parts), (
        "The loans of a part are not in ascending order."
    )
    people = [set(borrower[part.astype(int)].tolist()) for part in parts]
    assert sum(map(len, people)) == B, "A borrower has loans in more than one part."
    counts = [7 * B // 10, 2 * B // 10, B - 7 * B // 10 - 2 * B // 10]
    assert list(map(len, people)) == counts, (
        f"{B} borrowers split into {counts}; yours into {list(map(len, people))}."
    )
    again = split_borrowers(borrower, seed_hid)
    assert all(map(np.array_equal, parts, again)), "The same seed gave two different splits."

# Neighbouring seeds and distant ones: of 90 borrowers no two orders agree.
near = [seed_hid + k for k in (0, 1, 2, 3, 10, 64, 100, 1000, 1024, 10**6)]
tests = {tuple(int(i) for i in split_borrowers(borrower, seed)[2]) for seed in near}
assert len(tests) == len(near), "Different seeds gave the same split of 90 borrowers."

# Each of four borrowers must come into each part that is not empty, for some seed out of many, and
# equally often, however many loans are theirs. (For an honest shuffle the chance to fail is below
# 10⁻⁶.)
borrower = rng.permutation(np.concatenate([[7, 23, 99], np.full(25, 41)]))
seeds = rng.choice(100_000, 100, replace=False)
found = [
    [np.asarray(part).astype(int) for part in split_borrowers(borrower, int(s))] for s in seeds
]
for place in (0, 2):
    seen = {int(b) for parts in found for b in borrower[parts[place]]}
    assert seen == {7, 23, 41, 99}, (
        f"In 100 splits of four borrowers with different seeds, only {len(seen)} of them are ever "
        f"in the {'training' if place == 0 else 'test'} data: is the order random?"
    )
tested = [frozenset(borrower[parts[2]].tolist()) for parts in found]
often = {b: sum(b in pair for pair in tested) for b in (7, 23, 41, 99)}
assert all(20 <= times <= 80 for times in often.values()), (
    "In 100 splits of four borrowers, two of them for the test, each should be there about 50 times. "
    f"Yours are there {sorted(often.values())} times: who has many loans must not come earlier."
)
assert len(set(tested)) == 6, (
    "Four borrowers, two of them for the test: there are six such pairs, and 100 different seeds "
    f"gave only {len(set(tested))} of them."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_ols", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: least squares, as an economist wants to see it (2 points)
#
# Let $\tilde X=[\mathbf 1, X]$ be the features after a column of ones, $\hat\theta$ the minimiser of
# $\lVert\tilde X\theta-y\rVert^2$, and $e=y-\tilde X\hat\theta$ the residuals. Write `ols(X, y)`, which
# returns a **dict** with three entries:
#
# - `"coefficients"`: $\hat\theta$, shape `(p + 1,)`, the intercept **first**;
# - `"standard_errors"`: the square roots of the diagonal of $s^2(\tilde X^\top\tilde X)^{-1}$, shape
#   `(p + 1,)`, where $s^2=\sum_ie_i^2/(m-p-1)$: as many degrees of freedom are gone as there are
#   coefficients;
# - `"r2"`: one number, $R^2=1-\sum_ie_i^2\big/\sum_i(y_i-\bar y)^2$.
#
# You may take it that $m>p+1$, that the columns of $\tilde X$ are not collinear and that $y$ is not
# constant.
#
# **By hand.** $x=0,1,2$ and $y=0,2,1$: the slope is ½ and the intercept ½; the residuals are
# $-\frac12,1,-\frac12$, so $s^2=1.5/1$ and $R^2=1-1.5/2=0.25$. The standard errors are
# $\sqrt{1.5\cdot\frac56}=1.1180$ and $\sqrt{1.5\cdot\frac12}=0.8660$.
#
# **Calendar years.** A feature such as 1990, …, 2019 differs from a multiple of the column of ones by
# half a percent. It is not collinear, and its slope is asked for. A routine that takes small singular
# values for zero loses it.


# %% nbgrader={"grade": false, "grade_id": "ols", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ols(X, y):
    """Fit y by least squares on X and an intercept.

    X : shape (m, p), without a column of ones; not changed
    y : shape (m,); not changed

    Returns a dict with "coefficients" and "standard_errors", arrays of shape (p + 1,) with the
    intercept first, and "r2", a number.
    """
    ### BEGIN SOLUTION
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    # X̃ = QR: θ = R⁻¹Qᵀy and (X̃ᵀX̃)⁻¹ = R⁻¹R⁻ᵀ. To form X̃ᵀX̃ would lose half of the digits.
    Q, R = np.linalg.qr(table)
    coefficients = np.linalg.solve(R, Q.T @ y)
    spread = np.linalg.norm(np.linalg.inv(R), axis=1)
    unexplained = np.sum((y - table @ coefficients) ** 2)
    return {
        "coefficients": coefficients,
        "standard_errors": np.sqrt(unexplained / (m - p - 1)) * spread,
        "r2": 1 - unexplained / np.sum((y - np.mean(y)) ** 2),
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_ols", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
fit = ols(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 2.0, 1.0]))
assert isinstance(fit, dict), "Return a dict."
assert set(fit) == {"coefficients", "standard_errors", "r2"}, f"The dict has the keys {set(fit)}."
assert np.shape(fit["coefficients"]) == (2,), "One feature and an intercept: two coefficients."
assert np.allclose(fit["coefficients"], 0.5), (
    f"The example from the text has intercept ½ and slope ½, not {fit['coefficients']}."
)
assert np.allclose(fit["standard_errors"], [1.25**0.5, 0.75**0.5]), (
    f"The example from the text has standard errors 1.1180 and 0.8660, not {fit['standard_errors']}."
)
assert np.isclose(fit["r2"], 0.25), f"The example from the text has R² = 0.25, not {fit['r2']}."
### BEGIN HIDDEN TESTS
rng = submission_rng("ols")
for m, p in [(5, 1), (12, 3), (30, 5)]:
    X_hid = rng.normal(2, 1.5, (m, p))
    y_hid = rng.normal(5, 1) + X_hid.dot(rng.normal(0, 1, p)) + rng.normal(0, 1, m)
    kept = X_hid.copy(), y_hid.copy()
    fit = ols(X_hid, y_hid)
    assert all(map(np.array_equal, kept, (X_hid, y_hid))), (
        "Your function changed an array that it was given."
    )
    found, errors = (np.asarray(fit[k], dtype=float) for k in ("coefficients", "standard_errors"))
    assert found.shape == errors.shape == (p + 1,), (
        f"With {p} feature(s) coefficients and standard errors have shape ({p + 1},); yours have "
        f"{found.shape} and {errors.shape}."
    )
    assert np.shape(fit["r2"]) == (), "R² is one number."
    # The oracle is a QR decomposition: θ = R⁻¹Qᵀy, and (X̃ᵀX̃)⁻¹ = R⁻¹R⁻ᵀ.
    Q, R = np.linalg.qr(np.column_stack([np.ones(m), X_hid]))
    back = np.linalg.solve(R, np.eye(p + 1))
    assert np.allclose(found, back.dot(Q.T.dot(y_hid)), rtol=1e-7, atol=1e-8), (
        f"The coefficients of {m} rows and {p} feature(s) are not those of least squares with an "
        "intercept, the intercept first."
    )
    rest = y_hid - Q.dot(Q.T.dot(y_hid))
    shape_of_errors = np.sqrt((back**2).sum(axis=1))
    ratio = errors / shape_of_errors
    assert np.allclose(ratio, ratio[0], rtol=1e-7), (
        "The standard errors are not in the right proportion to each other: they are the square "
        "roots of the diagonal of s²(X̃ᵀX̃)⁻¹."
    )
    assert np.isclose(ratio[0] ** 2, rest.dot(rest) / (m - p - 1), rtol=1e-7), (
        "The standard errors are in proportion, but s² is wrong: it is the sum of the squared "
        "residuals over the number of rows less the number of coefficients."
    )
    assert np.isclose(fit["r2"], 1 - rest.dot(rest) / (m * np.var(y_hid)), rtol=1e-7), (
        "R² is wrong: one minus the squared residuals over the squared deviations of y from its mean."
    )
# Calendar years. The oracle counts them from their mean: (year - mean) and 1 are orthogonal.
years = np.arange(1990.0, 2020.0)
y_hid = rng.uniform(0.5, 2) * (years - 1990) + rng.normal(0, 1, 30)
fit = ols(years[:, None], y_hid)
centred = years - 2004.5
slope_right = centred.dot(y_hid) / centred.dot(centred)
rest = y_hid - y_hid.sum() / 30 - slope_right * centred
error_right = np.sqrt(rest.dot(rest) / 28 / centred.dot(centred))
assert np.isclose(fit["coefficients"][1], slope_right, rtol=1e-3), (
    "With the calendar years 1990 to 2019 as the feature, the slope is wrong. They are not collinear "
    "with the column of ones."
)
assert np.isclose(fit["standard_errors"][1], error_right, rtol=1e-3), (
    "With the calendar years 1990 to 2019 as the feature, the standard error of the slope is wrong."
)
X_hid = np.column_stack([np.arange(8), rng.permutation(8)])
y_hid = np.array([3, 1, 4, 1, 5, 9, 2, 6])
whole, floats = ols(X_hid, y_hid), ols(X_hid * 1.0, y_hid * 1.0)
assert all(np.allclose(whole[k], floats[k]) for k in floats), (
    "Whole numbers as input give another fit than the same numbers as floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_entropy", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: cross-entropy from scores of any size (2 points)
#
# Within a year a bond's rating goes down, stays or goes up: $K=3$ classes. A model gives row $i$ one
# score $z_{ik}$ for each class, any real numbers ("logits"), which stand for the probabilities
#
# $$p_{ik}=\frac{e^{z_{ik}}}{\sum_{l=0}^{K-1}e^{z_{il}}},\qquad k=0,\dots,K-1.$$
#
# If $y_i\in\{0,\dots,K-1\}$ is what happened, the cross-entropy is
#
# $$L=-\frac1m\sum_{i=1}^m\log p_{i,y_i}.$$
#
# (The course's slide forgets the minus sign. You will not.) Write `cross_entropy(logits, labels)`. It
# returns one number, in nats (natural logarithm).
#
# **Scores may be large.** A confident model has scores like 1000 or −1000, where $e^{1000}$ is
# infinite and $e^{-1000}$ is 0 on every computer. The loss is still a plain number: scores
# $(1000,-1000)$ cost 0 if class 0 happened, and 2000 if class 1 did. Convince yourself on paper that
# subtracting the same number from all scores of a row changes no probability, choose the number well,
# and take the logarithm **before** you calculate.
#
# **By hand.** Scores $(0,0)$, class 0: $\log2=0.6931$. Scores $(0,\log3)$, class 1: $p=\frac34$, so
# $-\log\frac34=0.2877$. Both rows together: the mean, 0.4904.


# %% nbgrader={"grade": false, "grade_id": "entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, labels):
    """Return the mean cross-entropy of the softmax of the logits.

    logits : shape (m, K), finite numbers up to ±1000 or more; not changed
    labels : shape (m,), the class of each row, integers from 0 to K - 1

    Returns one number, in nats.
    """
    ### BEGIN SOLUTION
    below = logits - np.max(logits, axis=1, keepdims=True)  # 0 for the likeliest class
    log_sums = np.log(np.sum(np.exp(below), axis=1))
    return np.mean(log_sums - below[np.arange(len(labels)), labels])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_entropy", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
value = np.asarray(cross_entropy(np.array([[0.0, 0.0], [0.0, np.log(3)]]), np.array([0, 1])))
assert value.shape == (), f"The loss is one number; yours has shape {value.shape}."
right = (np.log(2) + np.log(4 / 3)) / 2
assert np.isclose(value, right), f"The two rows from the text cost {right:.4f}, not {value:.4f}."
value = float(cross_entropy(np.array([[1000.0, -1000.0]]), np.array([1])))
assert np.isclose(value, 2000), f"Scores (1000, -1000) with class 1 cost 2000, not {value}."
### BEGIN HIDDEN TESTS
rng = submission_rng("entropy")
for m, K in [(1, 2), (6, 3), (11, 5)]:
    scores = rng.normal(0, 2, (m, K))
    classes = rng.integers(0, K, m)
    kept = scores.copy(), classes.copy()
    chances = np.exp(scores) / np.exp(scores).sum(axis=1)[:, None]
    right = -np.log(np.array([chances[i, classes[i]] for i in range(m)])).sum() / m
    value = np.asarray(cross_entropy(scores, classes), dtype=float)
    assert value.shape == (), f"The loss is one number; yours has shape {value.shape}."
    assert value > 0, "Your loss has the wrong sign, as on the slide."
    assert np.isclose(value, right, rtol=1e-9), (
        f"With {m} row(s) of {K} moderate scores your loss is wrong. It is the mean over the rows of "
        "minus the logarithm of the probability of the class that happened."
    )
    assert all(map(np.array_equal, kept, (scores, classes))), (
        "Your function changed an array that it was given."
    )
    shifts = rng.uniform(-700, 700, (m, 1))
    value = float(cross_entropy(scores + shifts, classes))
    assert np.isclose(value, right, rtol=1e-7), (
        "Adding a number to all scores of a row changes your loss, though no probability changes."
    )
for size in (100, 1000, 30_000):
    gaps = size * rng.uniform(0.5, 1, 4)
    scores = np.column_stack([np.zeros(4), gaps, -gaps])
    value = float(cross_entropy(scores, np.array([0, 0, 2, 1])))
    assert np.isfinite(value), f"With scores around ±{size} your loss is not a finite number."
    assert np.isclose(value, (gaps[0] + gaps[1] + 2 * gaps[2]) / 4, rtol=1e-9), (
        f"With scores around ±{size} your loss is finite and wrong: the probabilities must not be "
        "cut off at some small number."
    )
value = float(cross_entropy(np.array([[0.0, 40.0]]), np.array([1])))
assert 0 <= value < 1e-15, "A class that is all but certain costs all but nothing, and never less."
value = float(cross_entropy(np.array([[1, 0, 3], [2, 2, 0]]), np.array([2, 0])))
right = float(cross_entropy(np.array([[1.0, 0, 3], [2, 2, 0]]), np.array([2, 0])))
assert np.isclose(value, right, rtol=1e-12), (
    "Whole numbers as scores give another loss than floats."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: k-means (2 + 2 points)
#
# The bank groups its customers; customer $i$, at the point $x_i$, counts with the deposit $v_i>0$. The
# groups have centres $c_0,\dots,c_{k-1}$, and the cost is
#
# $$\sum_{i=1}^m v_i\min_j\lVert x_i-c_j\rVert_2^2 .$$
#
# **(a)** One step of Lloyd's algorithm, `lloyd_step(X, v, centres)`, returns the triple
# `(labels, cost, new_centres)`:
#
# 1. `labels`, shape `(m,)`: the number $j$ of the centre that is nearest to each customer. If two are
#    equally near, the **lower number** wins.
# 2. `cost`: the cost of the centres **as given**, one number.
# 3. `new_centres`, shape `(k, p)`: each group's mean, weighted with the deposits,
#    $\sum_iv_ix_i/\sum_iv_i$ over the customers of the group. A centre **without customers stays where
#    it is**.
#
# **By hand.** Customers at 0, 1 and 5 on a line, with deposits 1, 3 and 2; centres 0, 4 and 99. The
# labels are 0, 0, 1; the cost is $1\cdot0^2+3\cdot1^2+2\cdot1^2=5$; the new centres are
# $\frac{1\cdot0+3\cdot1}{4}=0.75$, then 5, and 99, which nobody chose.


# %% nbgrader={"grade": false, "grade_id": "step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lloyd_step(X, v, centres):
    """Assign each customer to the nearest centre, then move each centre to its group's mean.

    X : shape (m, p), one customer per row; not changed
    v : shape (m,), the weights of the customers, positive
    centres : shape (k, p); not changed

    Returns the triple (labels, cost, new_centres): integers of shape (m,), a number, and an array of
    floats of shape (k, p).
    """
    ### BEGIN SOLUTION
    squares = np.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    labels = np.argmin(squares, axis=1)
    new_centres = np.array(centres, dtype=float)
    for j in np.unique(labels):
        new_centres[j] = np.average(X[labels == j], axis=0, weights=v[labels == j])
    return labels, np.sum(v * np.min(squares, axis=1)), new_centres
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
X_line, v_line = np.array([[0.0], [1.0], [5.0]]), np.array([1.0, 3.0, 2.0])
result = lloyd_step(X_line, v_line, np.array([[0.0], [4.0], [99.0]]))
assert isinstance(result, tuple | list), "Return the triple (labels, cost, new_centres)."
assert len(result) == 3, "Return the triple (labels, cost, new_centres)."
assert list(result[0]) == [0, 0, 1], (
    f"The customers from the text have labels 0, 0, 1; yours: {result[0]}."
)
assert np.isclose(result[1], 5), f"The centres from the text cost 5, not {result[1]}."
assert np.shape(result[2]) == (3, 1), f"new_centres has shape (3, 1), not {np.shape(result[2])}."
assert np.allclose(np.ravel(result[2]), [0.75, 5, 99]), (
    f"The new centres from the text are 0.75, 5 and 99, not {np.ravel(result[2])}."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("step")
for m, p, k in [(6, 1, 2), (15, 2, 4), (30, 3, 5)]:
    X_hid = rng.normal(0, 2, (m, p))
    v_hid = rng.uniform(0.5, 9, m)
    centres_hid = np.vstack([rng.normal(0, 2, (k - 1, p)), np.full((1, p), 500.0)])
    centres_hid = centres_hid[rng.permutation(k)]
    kept = X_hid.copy(), v_hid.copy(), centres_hid.copy()
    labels, cost, moved = (np.asarray(part) for part in lloyd_step(X_hid, v_hid, centres_hid))
    assert all(map(np.array_equal, kept, (X_hid, v_hid, centres_hid))), (
        "Your function changed an array that it was given."
    )
    assert [labels.shape, cost.shape, moved.shape] == [(m,), (), (k, p)], (
        f"With {m} customers, {p} feature(s) and {k} centres the shapes are {(m,)}, () and {(k, p)}; "
        f"yours are {labels.shape}, {cost.shape} and {moved.shape}."
    )
    # The oracle goes through pairs of a customer and a centre, one at a time.
    far = np.array([[np.linalg.norm(x - c) ** 2 for c in kept[2]] for x in kept[0]])
    nearest = [min(range(k), key=lambda j, row=row: row[j]) for row in far]
    assert labels.tolist() == nearest, "A customer's label is not the number of its nearest centre."
    right = sum(v_hid[i] * far[i, nearest[i]] for i in range(m))
    assert np.isclose(cost, right, rtol=1e-9), (
        "The labels are right, the cost is not: it is the sum over the customers of deposit times "
        "squared distance to the nearest of the centres as given."
    )
    for j in range(k):
        members = [i for i in range(m) if nearest[i] == j]
        if members:
            total = sum(v_hid[i] for i in members)
            right = sum(v_hid[i] * X_hid[i] for i in members) / total
            assert np.allclose(moved[j], right, rtol=1e-9, atol=1e-9), (
                "A new centre is not the mean of its group, weighted with the deposits."
            )
        else:
            assert np.array_equal(moved[j], kept[2][j]), "A centre without customers has moved."
labels, cost, moved = lloyd_step(
    np.array([[0], [2], [5], [8]]), np.array([1, 1, 2, 3]), np.array([[4], [0], [4], [70]])
)
assert list(labels) == [1, 0, 0, 0], (
    "A customer that is equally near to two centres goes to the one with the lower number."
)
assert np.isclose(cost, 4 + 2 + 48), "With whole numbers as input the cost is wrong."
assert np.allclose(np.ravel(moved), [36 / 6, 0, 4, 70]), (
    "With whole numbers as input, or with two equal centres, the new centres are wrong."
)
labels = lloyd_step(np.array([[0.0], [4.0]]), np.ones(2), np.array([[1 + 1e-9], [-1.0], [4.0]]))[0]
assert list(labels) == [1, 2], "Only equal distances go to the lower number, not nearly equal ones."
moved = lloyd_step(np.array([[0], [1]]), np.array([1, 1]), np.array([[0], [9]]))[2]
assert np.isclose(moved[0][0], 0.5), "The mean of the whole numbers 0 and 1 is 0.5, also here."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_kmeans", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** The whole algorithm repeats the step, and starts several times, for where it ends depends on
# where it starts. Write `k_means(step, starts, max_steps)`:
#
# - `step` is a function: `step(centres)` returns a triple `(labels, cost, new_centres)` as in (a). (So
#   this part does not depend on your answer to (a). To run both together, pass
#   `lambda centres: lloyd_step(X, v, centres)`.)
# - `starts` is a list of arrays of centres. From each of them call `step` again and again, each time
#   with the `new_centres` of the time before. Stop after the first step whose labels **all equal those
#   of the step before** (nothing can change any more), or after `max_steps` steps ($\ge1$), whichever
#   comes first. The first step has no step before it, so convergence takes two steps at least.
# - Of all starts, keep the one whose **last** step has the least cost; if several do, the first of
#   them.
#
# Return the triple `(labels, costs, centres)` of this start: the labels of its last step, the costs of
# all its steps in order, and the `new_centres` of its last step.
#
# **By hand.** Take the customers of (a), all with deposit 1. From centres 0 and 1: labels 0, 1, 1
# with cost 16 and new centres 0, 3; then labels 0, 0, 1 with cost $1+4=5$ and new centres 0.5, 5; then the
# same labels with cost $0.25+0.25=0.5$. So the costs are 16, 5, 0.5.


# %% nbgrader={"grade": false, "grade_id": "kmeans", "locked": false, "schema_version": 3, "solution": true, "task": false}
def k_means(step, starts, max_steps):
    """Run Lloyd's algorithm from several starts and return the best of the runs.

    step : function; step(centres) is the triple (labels, cost, new_centres)
    starts : list of arrays of shape (k, p), at least one; not changed
    max_steps : the largest number of steps from each start, an integer >= 1

    Returns the triple (labels, costs, centres) of the run whose last cost is least: an array of shape
    (m,), an array with one cost per step, and an array of shape (k, p).
    """
    ### BEGIN SOLUTION
    runs = []
    for centres in starts:
        labels, costs = None, []
        for _ in range(max_steps):
            before = labels
            labels, cost, centres = step(centres)
            costs.append(cost)
            if before is not None and np.array_equal(labels, before):
                break
        runs.append((labels, costs, centres))
    return min(runs, key=lambda run: run[1][-1])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_kmeans", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
def step_on_line(centres):
    """Make one step of the example, by hand."""
    x = np.array([0.0, 1.0, 5.0])
    squares = (x[:, None] - np.ravel(centres)) ** 2
    names = squares.argmin(axis=1)
    moved = [
        x[names == j].mean() if (names == j).any() else c for j, c in enumerate(np.ravel(centres))
    ]
    return names, float(squares.min(axis=1).sum()), np.array(moved)[:, None]


result = k_means(step_on_line, [np.array([[0.0], [1.0]])], 20)
assert isinstance(result, tuple | list), "Return the triple (labels, costs, centres)."
assert len(result) == 3, "Return the triple (labels, costs, centres)."
assert list(result[0]) == [0, 0, 1], f"The labels end as 0, 0, 1; yours: {result[0]}."
assert np.shape(result[1]) == (3,), f"The example takes three steps; yours {len(result[1])}."
assert np.allclose(result[1], [16, 5, 0.5]), (
    f"The costs in the text are 16, 5, 0.5; yours are {result[1]}."
)
assert np.allclose(np.ravel(result[2]), [0.5, 5]), f"The centres end at 0.5 and 5: {result[2]}."
assert len(k_means(step_on_line, [np.array([[0.0], [1.0]])], 2)[1]) == 2, (
    "max_steps = 2: two costs."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("kmeans")
# The steps are read from a script, so that every branch comes up: centres are [[run, time]].
n_runs, T = 4, 9
scripted_labels = rng.integers(0, 3, (n_runs, T, 5))
scripted_labels[:, :, 0] = np.arange(T) % 3  # two steps in a row always differ
scripted_labels[:, :, 1] = 0  # although not in every entry
for run in (0, 2):  # the same numbers in other places: the groups keep their sizes
    shuffled = rng.permutation([0, 0, 1, 2, 2])
    scripted_labels[run] = [np.roll(shuffled, time % 2) for time in range(T)]
scripted_labels[1, 0, :] = 0  # labels that are all 0 in the first step equal nothing
scripted_costs = rng.uniform(5, 9, (n_runs, T))
ends = rng.permutation([2, 3, 4, 6])  # a run's labels repeat at this step, and not before
calls = []


def scripted(centres):
    run, time = (round(float(entry)) for entry in np.ravel(centres))
    calls.append((run, time))
    return (
        scripted_labels[run, min(time, ends[run] - 1)],
        float(scripted_costs[run, time]),
        np.array([[run, time + 1.0]]),
    )


starts_hid = [np.array([[float(run), 0.0]]) for run in range(n_runs)]
for best in rng.permutation(n_runs):
    scripted_costs[:, :] = rng.uniform(5, 9, (n_runs, T))
    scripted_costs[best, ends[best]] = 4.0  # the least at the end …
    scripted_costs[(best + 1) % n_runs, 0] = 1.0  # … and not the least on the way
    calls.clear()
    labels, costs, centres = k_means(scripted, starts_hid, T)
    used = {run: [time for r, time in calls if r == run] for run in range(n_runs)}
    assert all(used.values()), "A start was not used."
    assert all(sorted(times)[0] == 0 for times in used.values()), (
        "The first step of a run does not start from its start."
    )
    lengths = [max(times) + 1 for times in used.values()]
    assert all(lengths[run] > ends[run] for run in range(n_runs)), (
        "A run stopped although the labels of its last two steps differ in some entries."
    )
    assert all(lengths[run] == ends[run] + 1 for run in range(n_runs)), (
        "A run goes on although the labels of two steps in a row are equal."
    )
    assert np.ravel(centres)[0] == best, (
        "You did not return the run whose last step has the least cost."
    )
    assert np.array_equal(costs, scripted_costs[best, : ends[best] + 1]), (
        "The costs are not those of all the steps of the best run, in their order."
    )
    assert np.ravel(centres)[1] == ends[best] + 1, (
        "The centres returned are not the new_centres of the last step."
    )
    assert np.array_equal(labels, scripted_labels[best, ends[best] - 1]), (
        "The labels returned are not those of the last step."
    )
assert all(np.array_equal(s, [[run, 0]]) for run, s in enumerate(starts_hid)), (
    "Your function changed one of the starts."
)
for limit in (1, 2):
    scripted_costs[:, limit - 1] = rng.uniform(5, 9, n_runs)
    calls.clear()
    labels, costs, centres = k_means(scripted, starts_hid, limit)
    taken = max(time for _, time in calls) + 1
    assert len(costs) == taken == limit, f"With max_steps = {limit} a start takes {limit} step(s)."
    winner = int(np.argmin(scripted_costs[:, limit - 1]))
    assert np.array_equal(np.ravel(centres), [winner, limit]), (
        f"With max_steps = {limit} you return another run than that of the least last cost, or its "
        "centres of another step."
    )
    assert np.array_equal(labels, scripted_labels[winner, limit - 1]), (
        f"With max_steps = {limit} the labels are not those of the last step."
    )
scripted_costs[:, :] = 3.0
scripted_costs[0, :] = 7.0
assert np.ravel(k_means(scripted, starts_hid, T)[2])[0] == 1, (
    "If several runs end with the least cost, the first of them is returned."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_polynomial", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: a polynomial with a penalty, and a scale of its own (3 points)
#
# How do wages depend on experience? A polynomial can bend as the data want, and bends too much if we
# let it. We penalise its coefficients, which only makes sense on a scale on which powers are
# comparable. With the smallest and the largest **training** value, $a$ and $b$, let
#
# $$z=\frac{2x-a-b}{b-a},\qquad\text{which maps } [a,b] \text{ to } [-1,1].$$
#
# Choose $c_0,\dots,c_d$ to minimise
#
# $$\frac1m\sum_{i=1}^m\bigl(c_0+c_1z_i+\dots+c_dz_i^d-y_i\bigr)^2+\lambda\sum_{k=1}^dc_k^2 ;$$
#
# $c_0$ is not penalised. Write `fit_polynomial(x, y, degree, lam)`. It returns a **function** `predict`:
# `predict(x_new)` takes an array of any length and returns the values of the polynomial, an array of
# the same length. New values are scaled by the $a$ and $b$ of the training data, wherever they lie:
# with $a$ and $b$ of their own, a prediction for one worker would depend on who else is asked about.
#
# **By hand.** $x=0,1,2$ gives $z=-1,0,1$. For $y=0,1,5$, degree 1 and $\lambda=1$: $c_0=2$ and
# $c_1=\frac{(0\cdot(-1)+1\cdot0+5\cdot1)/3}{2/3+1}=1$. At $x=3$ we have $z=2$, so the prediction is 4.
#
# If $x$ has at most $d$ different values and $\lambda=0$ there are many minimisers; that case is not
# asked for. A degree of 0 is.


# %% nbgrader={"grade": false, "grade_id": "polynomial", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fit_polynomial(x, y, degree, lam):
    """Fit a polynomial by penalised least squares.

    x, y : shape (m,), the training data; not changed. x has at least two different values.
    degree : the degree d of the polynomial, an integer >= 0
    lam : the weight of the penalty on c_1, ..., c_d, a number >= 0

    Returns a function that maps an array of shape (k,) to the fitted values, shape (k,).
    """
    ### BEGIN SOLUTION
    low, high = np.min(x), np.max(x)

    def powers(values):
        return np.vander((2 * values - low - high) / (high - low), degree + 1, increasing=True)

    table = powers(x)
    penalty = lam * np.eye(degree + 1)
    penalty[0, 0] = 0.0
    coefficients = np.linalg.solve(table.T @ table / len(x) + penalty, table.T @ y / len(x))
    return lambda x_new: powers(x_new) @ coefficients
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_polynomial", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
predict = fit_polynomial(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0]), 1, 1.0)
assert callable(predict), "fit_polynomial returns a function."
values = np.asarray(predict(np.array([0.0, 1.0, 2.0, 3.0])), dtype=float)
assert values.shape == (4,), f"For four values predict returns shape (4,), not {values.shape}."
assert np.allclose(values, [1, 2, 3, 4]), (
    f"The example from the text predicts 1, 2, 3, 4 at x = 0, 1, 2, 3; yours {values}."
)
predict = fit_polynomial(np.array([1.0, 2.0, 4.0]), np.array([1.0, 4.0, 16.0]), 2, 0.0)
assert np.isclose(np.asarray(predict(np.array([3.0])))[0], 9), (
    "Without a penalty a parabola through three points of x² is x²."
)
### BEGIN HIDDEN TESTS
rng = submission_rng("polynomial")
for m, degree in [(7, 0), (9, 1), (12, 3), (25, 6)]:
    x_hid = rng.uniform(-3, 3) + rng.uniform(2, 20) * rng.uniform(0, 1, m)
    y_hid = rng.normal(4, 1) + rng.normal(0, 1, m)
    kept = x_hid.copy(), y_hid.copy()
    low, high = x_hid.min(), x_hid.max()
    x_later = rng.uniform(low - 0.2 * (high - low), high + 0.2 * (high - low), 5)
    lam_hid = rng.uniform(0.05, 0.5)
    for lam_now, with_penalty in [(0.0, "without a penalty"), (lam_hid, "with a penalty")]:
        # The oracle turns the penalty into rows of data: c_k = 0, with the weight √(mλ).
        z = np.interp(x_hid, [low, high], [-1, 1])
        table = np.stack([z**k for k in range(degree + 1)], axis=1)
        rows = np.sqrt(m * lam_now) * np.eye(degree + 1)[1:]
        wanted = np.concatenate([y_hid, np.zeros(degree)])
        c = np.linalg.lstsq(np.vstack([table, rows]), wanted, rcond=None)[0]
        predict = fit_polynomial(x_hid, y_hid, degree, lam_now)
        assert all(map(np.array_equal, kept, (x_hid, y_hid))), (
            "Your function changed an array that it was given."
        )
        inside = np.asarray(predict(x_hid), dtype=float)
        assert inside.shape == (m,), f"For {m} values predict returns shape {inside.shape}."
        assert np.allclose(inside, table.dot(c), rtol=1e-6, atol=1e-7), (
            f"At the training data, degree {degree} {with_penalty}, the fitted values are wrong."
        )
        if lam_now > 0:
            assert np.isclose(inside.sum(), y_hid.sum(), rtol=1e-7), (
                "With a penalty the mean fitted value differs from the mean of y: is c_0 penalised?"
            )
        z_later = -1 + 2 * (x_later - low) / (high - low)
        right = sum(c[k] * z_later**k for k in range(degree + 1))
        later = np.asarray(predict(x_later), dtype=float)
        assert later.shape == (5,), f"For 5 values predict returns shape {later.shape}."
        assert np.allclose(later, right, rtol=1e-6, atol=1e-6), (
            f"At the training data degree {degree} {with_penalty} is right, and at other values it "
            "is not."
        )
        alone = [float(np.asarray(predict(np.array([value])), dtype=float)[0]) for value in x_later]
        assert np.allclose(alone, right, rtol=1e-6, atol=1e-6), (
            "The prediction for a value depends on the other values asked about."
        )
    assert np.allclose(
        np.asarray(fit_polynomial(x_hid, y_hid, degree, 1e9)(x_later)), y_hid.sum() / m, atol=1e-4
    ), "Under a huge penalty everything but the mean of y should vanish."
x_hid, y_hid = np.array([1, 2, 3, 5, 8]), np.array([2, 7, 1, 8, 3])
whole = np.asarray(fit_polynomial(x_hid, y_hid, 2, 1)(np.array([4, 6])), dtype=float)
floats = np.asarray(fit_polynomial(x_hid * 1.0, y_hid * 1.0, 2, 1.0)(np.array([4.0, 6.0])))
assert np.allclose(whole, floats, rtol=1e-9), "Whole numbers as input give other predictions."
first = fit_polynomial(x_hid, y_hid, 1, 0.0)
second = fit_polynomial(x_hid + 10, y_hid * 2, 2, 0.1)
line = np.polyfit(x_hid, y_hid, 1)
assert np.allclose(np.asarray(first(np.array([0.0, 4.0]))), np.polyval(line, [0, 4])), (
    "After a second fit the function of the first predicts something else."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_early", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: early stopping (3 points)
#
# Training longer fits the training data ever better, and from some epoch on only their noise. So we
# watch the loss on the validation data, and stop when it has not improved for a while.
#
# Write `train_with_patience(update, validate, w0, patience, min_delta, max_epochs)`. Here `update(w)`
# trains for one epoch and returns new weights, and `validate(w)` returns the validation loss. Both
# are functions you call.
#
# - Epoch 0 is the start: its weights are `w0`, and its loss is the first *record*. Epoch $t$ has the
#   weights $w_t=$ `update`$(w_{t-1})$.
# - An epoch sets a new record if its loss is **less than the record minus `min_delta`**
#   ($\texttt{min\_delta}\ge0$). The record does not change otherwise: many tiny steps down are an
#   improvement once they add up.
# - Stop when `patience` ($\ge1$) epochs **in a row** have set no record, or after epoch `max_epochs`
#   ($\ge0$).
# - A later loss may be `nan`, when training has exploded. That is no record (every comparison with
#   `nan` is false), so the rules above deal with it.
# - `validate` is expensive: call it once for `w0` and once for each epoch. Call `update` once for
#   each epoch.
#
# Return the triple `(best_w, best_epoch, last_epoch)`: the weights and the number of the epoch that set
# the last record, and the number of the last epoch trained.
#
# **By hand.** Losses 5, 4, 4.5, 3.9, 1, … of the epochs 0, 1, 2, …, with `patience` = 2 and
# `min_delta` = 0.5. Epoch 1 sets a record; epoch 2 does not; epoch 3 does not either, since 3.9 is not
# less than 3.5. Stop: `best_epoch` = 1, `last_epoch` = 3, and `best_w` is $w_1$. What epoch 4 would
# have brought, nobody knows.


# %% nbgrader={"grade": false, "grade_id": "early", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    """Train until the validation loss has not improved for `patience` epochs.

    update : function; update(w) is the weights after one more epoch, an array of shape (n,)
    validate : function; validate(w) is the validation loss, a number, or nan
    w0 : where to start, shape (n,); not changed
    patience : how many epochs in a row may set no record, an integer >= 1
    min_delta : by how much a loss must beat the record, a number >= 0
    max_epochs : the largest number of epochs, an integer >= 0

    Returns the triple (best_w, best_epoch, last_epoch): an array of shape (n,) and two integers.
    """
    ### BEGIN SOLUTION
    w, epoch = w0, 0
    best_w, best_epoch, record = w0, 0, validate(w0)
    while epoch < max_epochs and epoch - best_epoch < patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < record - min_delta:
            best_w, best_epoch, record = w, epoch, loss
    return best_w, best_epoch, epoch
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_early", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
losses = [5, 4, 4.5, 3.9, 1, 1, 1]
result = train_with_patience(
    lambda w: w + 1, lambda w: losses[int(w[0])], np.array([0.0]), 2, 0.5, 6
)
assert isinstance(result, tuple | list), "Return the triple (best_w, best_epoch, last_epoch)."
assert len(result) == 3, "Return the triple (best_w, best_epoch, last_epoch)."
assert result[1] == 1, f"In the example from the text epoch 1 is the best, not {result[1]}."
assert result[2] == 3, f"In the example from the text training ends with epoch 3, not {result[2]}."
assert np.shape(result[0]) == (1,), f"best_w has shape (1,) here, not {np.shape(result[0])}."
assert np.allclose(result[0], 1), f"The weights of epoch 1 are (1,) here, not {result[0]}."
### BEGIN HIDDEN TESTS
rng = submission_rng("early")
record_of_calls = []


def run(losses, patience, min_delta, max_epochs):
    """Run the student's loop along given losses; weight 0 counts epochs, weight 1 is a mark."""
    start = np.array([0.0, 7.0])
    record_of_calls.clear()

    def update(w):
        record_of_calls.append("update")
        return np.asarray(w, dtype=float) + np.array([1.0, 0.5])

    def validate(w):
        record_of_calls.append("validate")
        return losses[round(float(w[0]))]

    best_w, best_epoch, last_epoch = train_with_patience(
        update, validate, start, patience, min_delta, max_epochs
    )
    assert np.array_equal(start, [0, 7]), "Your function changed w0."
    assert np.shape(best_w) == (2,), f"best_w has shape {np.shape(best_w)} and w0 has (2,)."
    assert np.allclose(best_w, [best_epoch, 7 + best_epoch / 2]), (
        "best_w is not the weights of best_epoch."
    )
    assert record_of_calls.count("update") == last_epoch, (
        f"update was called {record_of_calls.count('update')} times for {last_epoch} epochs."
    )
    assert record_of_calls.count("validate") == last_epoch + 1, (
        f"validate was called {record_of_calls.count('validate')} times for {last_epoch} epochs and "
        "the start."
    )
    return int(best_epoch), int(last_epoch)


# A valley: down to epoch `low`, then up for ever.
for patience in (1, 2, 4):
    low = int(rng.integers(3, 8))
    valley = [abs(t - low) + rng.uniform(0, 0.3) for t in range(40)]
    best, last = run(valley, patience, 0.0, 39)
    assert best == low, f"The least of the losses is at epoch {low}, you return epoch {best}."
    assert last == low + patience, (
        f"With patience {patience} training ends {patience} epoch(s) after the last record; yours "
        f"ends after {last - low}."
    )
    most = low + patience - 1
    assert run(valley, patience, 0.0, most) == (low, most), (
        "Training must end after max_epochs, even if patience is left."
    )
    assert run(valley, patience, 0.0, low - 1) == (low - 1, low - 1), (
        "If the last epoch allowed sets a record, that is the best epoch."
    )
# A rest of `pause` epochs without a record, then a better one: only patience > pause gets there.
pause = int(rng.integers(2, 5))
rest = [9.0, 8.0, *rng.uniform(8.1, 8.9, pause), 5.0, *rng.uniform(6, 7, 20)]
assert run(rest, pause, 0.0, 20) == (1, 1 + pause), (
    f"{pause} epochs without a record and patience {pause}: training must end here."
)
assert run(rest, pause + 1, 0.0, 20) == (pause + 2, 2 * pause + 3), (
    "A record starts the count of epochs without a record afresh."
)
twice = [9.0, 8.0, 8.5, 7.0, 7.5, 6.0, 6.5, 5.0, 5.5, 5.6]
assert run(twice, 2, 0.0, 9) == (7, 9), "Only epochs in a row without a record count."
# Equal losses are no record; tiny steps add up; the record is what counts, not the epoch before.
assert run([3.0, 2.0, 2.0, 2.0, 2.0, 2.0], 3, 0.0, 5) == (1, 4), "An equal loss is no record."
delta = rng.uniform(0.5, 1)
slope = [10 - 0.4 * delta * t for t in range(12)]
assert run(slope, 3, delta, 11) == (9, 11), (
    "Losses that fall by 0.4 min_delta each epoch set a record every third epoch."
)
assert run(slope, 2, delta, 11) == (0, 2), (
    "With min_delta an epoch must beat the record by more than min_delta to be a record."
)
exact = [4.0, 3.0, 2.5, 2.5, 2.5]
assert run(exact, 2, 1.0, 4) == (2, 4), (
    "A loss that equals the record minus min_delta is no record, and the next one is compared "
    "with the record all the same."
)
zigzag = [5.0, 6.0, 5.5, 6.0, 5.5, 6.0]
assert run(zigzag, 4, 0.0, 5) == (0, 4), (
    "A loss that beats the epoch before, not the record, is no record."
)
assert run([1.0, 1 - 1e-12, 2.0, 2.0], 2, 0.0, 3) == (1, 3), (
    "With min_delta = 0 every loss below the record is a record, by however little."
)
assert run([1.0, 2.0, 3.0], 1, 0.0, 2) == (0, 1), "If all epochs are worse, the start is the best."
assert run([1.0], 2, 0.0, 0) == (0, 0), "With max_epochs = 0 nothing is trained."
assert run([2.0, 1.0, np.nan, np.nan, np.nan], 2, 0.0, 4) == (1, 3), "A loss of nan is no record."
assert run([-1.0, -2.0, -1.5, -1.5, -3.0], 2, 0.0, 4) == (1, 3), "Losses may be negative."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_dropout", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: dropout, forward and backward (2 points)
#
# During training, dropout sets each activation to 0 with the probability `drop`, and divides those
# that are kept by $1-\texttt{drop}$, so that the mean stays what it was. When the trained model is
# used, nothing is dropped and nothing is divided. On the way back, the gradient goes through the same
# mask.
#
# So that you and the grader throw the same dice, the dice are an argument: `u` holds numbers drawn
# uniformly from $[0,1)$, one for each activation, and an activation is **dropped if its $u$ is less
# than** `drop`, kept otherwise.
#
# Write `dropout(a, u, drop, upstream, training)`. Return the pair `(out, gradient)`, both of the shape
# of `a`: `out` is what dropout makes of the activations `a`, and `gradient` is the derivative of the
# loss with respect to `a`, given `upstream`, its derivative with respect to `out`. If `training` is
# `False`, the activations and the gradient pass unchanged.
#
# **By hand.** `a` = (2, 4, 6, 8), `u` = (0.1, 0.5, 0.6, 0.9), `drop` = 0.5, `upstream` = (1, 1, 2, 3). The
# first is dropped, the others are doubled: `out` = (0, 8, 12, 16), `gradient` = (0, 2, 4, 6).


# %% nbgrader={"grade": false, "grade_id": "dropout", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dropout(a, u, drop, upstream, training):
    """Apply inverted dropout, and carry the gradient back through it.

    a : activations, any shape; not changed
    u : uniform draws from [0, 1), of the same shape
    drop : the probability to be dropped, from 0 to below 1
    upstream : derivative of the loss with respect to the output, of the same shape; not changed
    training : True during training, False when the model is used

    Returns the pair (out, gradient), two arrays of the shape of a.
    """
    ### BEGIN SOLUTION
    factors = (u >= drop) / (1 - drop) if training else 1.0
    return a * factors, upstream * factors
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_dropout", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
a_four, u_four = np.array([2.0, 4.0, 6.0, 8.0]), np.array([0.1, 0.5, 0.6, 0.9])
up_four = np.array([1.0, 1.0, 2.0, 3.0])
pair = dropout(a_four.copy(), u_four.copy(), 0.5, up_four.copy(), True)
assert isinstance(pair, tuple | list), "Return the pair (out, gradient)."
assert len(pair) == 2, "Return the pair (out, gradient)."
assert np.allclose(pair[0], [0, 8, 12, 16]), (
    f"The example from the text gives (0, 8, 12, 16), not {pair[0]}."
)
assert np.allclose(pair[1], [0, 2, 4, 6]), (
    f"The gradient of the example is (0, 2, 4, 6), not {pair[1]}."
)
pair = dropout(a_four.copy(), u_four.copy(), 0.5, up_four.copy(), False)
assert np.allclose(pair[0], a_four), "When the model is used, activations pass unchanged."
### BEGIN HIDDEN TESTS
rng = submission_rng("dropout")
for shape in [(7,), (5, 4), (3, 2, 6)]:
    a_hid = rng.choice([-1, 1], shape) * rng.uniform(1, 3, shape)
    upstream_hid = rng.choice([-1, 1], shape) * rng.uniform(1, 3, shape)
    drop_hid = rng.uniform(0.2, 0.45)
    u_hid = rng.uniform(0, 1, shape)
    u_hid.flat[0], u_hid.flat[1], u_hid.flat[2] = drop_hid, drop_hid / 2, (1 + drop_hid) / 2
    kept = a_hid.copy(), u_hid.copy(), upstream_hid.copy()
    out, gradient = (
        np.asarray(part, dtype=float)
        for part in dropout(a_hid, u_hid, drop_hid, upstream_hid, True)
    )
    assert all(map(np.array_equal, kept, (a_hid, u_hid, upstream_hid))), (
        "Your function changed an array that it was given."
    )
    assert out.shape == gradient.shape == shape, (
        f"For activations of shape {shape} the results have shapes {out.shape}, {gradient.shape}."
    )
    alive = np.array([number >= drop_hid for number in kept[1].ravel()]).reshape(shape)
    assert ((out != 0) == alive).all(), (
        "You drop other activations than those whose u is less than drop."
    )
    assert np.allclose(out[alive], kept[0][alive] / (1 - drop_hid), rtol=1e-9), (
        "Activations that are kept are scaled by another number than 1/(1 - drop)."
    )
    assert ((gradient != 0) == alive).all(), (
        "Where an activation is dropped the gradient is 0, and only there."
    )
    assert np.allclose(gradient[alive], kept[2][alive] / (1 - drop_hid), rtol=1e-9), (
        "Where an activation is kept, its gradient must be scaled as the activation is."
    )
    for drop_now, mode, now in [
        (drop_hid, False, "is used"),
        (0.0, True, "is trained with drop = 0"),
    ]:
        out, gradient = dropout(a_hid, u_hid, drop_now, upstream_hid, mode)
        assert np.shape(out) == np.shape(gradient) == shape, "The shape is that of a in any case."
        assert np.allclose(out, kept[0]), f"When the model {now}, activations pass unchanged."
        assert np.allclose(gradient, kept[2]), (
            f"When the model {now}, the gradient passes unchanged."
        )
out, gradient = dropout(np.array([3, 5]), np.array([0.9, 0.0]), 0.5, np.array([1, 1]), True)
assert np.allclose(out, [6, 0]), "With whole numbers as input the activations are wrong."
assert np.allclose(gradient, [2, 0]), "With whole numbers as input the gradient is wrong."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_auc", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8: how well do scores rank? (2 points)
#
# Three loans in a hundred default. A model that says "nobody will" is right 97 times out of 100 and
# worth nothing. What the bank needs is an order: the worst loans on top. The *area under the ROC curve*
# measures just that. It is the probability that of a defaulted and a sound loan, each drawn at random,
# the defaulted one has the higher score, where **equal scores count one half**:
#
# $$
# \mathrm{AUC}=\frac{1}{n_1n_0}\sum_{i:\,y_i=1}\ \sum_{j:\,y_j=0}
# \Bigl(\mathbb 1[s_i>s_j]+\tfrac12\,\mathbb 1[s_i=s_j]\Bigr),
# $$
#
# with $n_1$ defaulted and $n_0$ sound loans. Scores that know nothing have 0.5, a perfect order 1.
#
# Write `auc(y, scores)`. It returns one number. If there is no defaulted loan or no sound one, there is
# no pair to compare: raise a `ValueError`.
#
# **By hand.** $y=(1,0,1,0)$ and $s=(0.8,0.3,0.5,0.5)$. Of four pairs, 0.8 beats both 0.3 and 0.5, 0.5
# beats 0.3, and 0.5 against 0.5 is half a success: $3.5/4=0.875$.


# %% nbgrader={"grade": false, "grade_id": "auc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def auc(y, scores):
    """Return the area under the ROC curve.

    y : shape (m,), 1 for a defaulted loan and 0 for a sound one; not changed
    scores : shape (m,), higher for loans that are more likely to default, any real numbers

    Returns one number from 0 to 1; raises ValueError if all loans defaulted, or none did.
    """
    ### BEGIN SOLUTION
    defaulted, sound = scores[y == 1], scores[y == 0]
    if len(defaulted) == 0 or len(sound) == 0:
        raise ValueError("the area needs a defaulted loan and a sound one")
    gaps = defaulted[:, None] - sound
    return np.mean((np.sign(gaps) + 1) / 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_auc", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
value = np.asarray(auc(np.array([1, 0, 1, 0]), np.array([0.8, 0.3, 0.5, 0.5])), dtype=float)
assert value.shape == (), f"The area is one number; yours has shape {value.shape}."
assert np.isclose(value, 0.875), f"The four loans from the text have 0.875, not {value:.6g}."
### BEGIN HIDDEN TESTS
rng = submission_rng("auc")
for m, levels in [(9, 3), (30, 6), (60, 1000)]:
    y_hid = rng.permutation(np.arange(m) < m // 3).astype(int)
    scores_hid = rng.integers(0, levels, m) / levels + 0.3 * y_hid * (levels > 500) - 0.5
    kept = y_hid.copy(), scores_hid.copy()
    # The oracle is the trapezoid under the ROC curve, threshold by threshold.
    cuts = np.concatenate([[np.inf], np.unique(scores_hid)[::-1]])
    hits = np.array([(scores_hid[y_hid == 1] >= cut).sum() for cut in cuts]) / (m // 3)
    alarms = np.array([(scores_hid[y_hid == 0] >= cut).sum() for cut in cuts]) / (m - m // 3)
    right = np.sum((hits[1:] + hits[:-1]) / 2 * np.diff(alarms))
    value = np.asarray(auc(y_hid, scores_hid), dtype=float)
    assert all(map(np.array_equal, kept, (y_hid, scores_hid))), (
        "Your function changed an array that it was given."
    )
    assert value.shape == (), f"The area is one number; yours has shape {value.shape}."
    assert np.isclose(value, right, rtol=1e-9), (
        f"The area of {m} scores, {'hardly any' if levels > 500 else 'many'} of them equal, is wrong."
    )
    assert np.isclose(auc(y_hid, -scores_hid), 1 - right, rtol=1e-9), (
        "If all scores change their sign, the area a becomes 1 - a; yours does not."
    )
    assert np.isclose(auc(y_hid, 1e3 * scores_hid**3), right, rtol=1e-9), (
        "Only the order of the scores matters, and yours depends on their size."
    )
    assert np.isclose(auc(y_hid.astype(float), scores_hid), right), "Labels 0.0 and 1.0 fail."
# Close scores are not ties: twelve of them, a tenth of a thousandth or a thousand-millionth apart.
order = rng.permutation(12)
for gap in (1e-4, 1e-9):
    for sign, right in [(1, 1), (-1, 0)]:
        assert np.isclose(auc((order > 7).astype(int), 0.5 + sign * gap * order), right), (
            "Only equal scores count one half; scores that differ, by however little, do not."
        )
assert np.isclose(auc(np.array([0, 0, 1]), np.array([1, 2, 3])), 1), "A perfect order has area 1."
assert np.isclose(auc(np.array([1, 0, 0]), np.array([-5, 2, 3])), 0), "A reversed order has area 0."
assert np.isclose(auc(np.array([1, 0, 0, 1]), np.array([2, 2, 2, 2])), 0.5), (
    "If all scores are equal the area is one half."
)
assert np.isclose(auc(np.array([1, 0]), np.array([1, 0])), 1), "One loan of each kind: wrong."
for lonely in (np.zeros(3, dtype=int), np.ones(3, dtype=int)):
    try:
        auc(lonely, np.array([0.1, 0.2, 0.3]))
    except ValueError:
        pass
    else:
        raise AssertionError("Raise a ValueError when all loans defaulted, or none did.")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "outro", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Before you submit
#
# *Kernel → Restart and run all*, then *Validate*. And put your tools together once, for yourself: split
# the workers of `experience` and `log_wages`, fit polynomials of degree 0 to 9 with some penalties,
# choose by the validation error, and look at the test error once, at the end. Is it larger than the
# validation error of the polynomial you chose? The lecture says why it tends to be, and why three test
# rows may say the opposite.
