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

# %% [markdown]
# A correct solution in plain Python loops, by someone who distrusts array tricks. It returns lists
# and tuples of floats wherever the text asks for arrays without naming their type in the answer.

# %% cell="loss"
def ridge_loss(theta, X, y, lam):
    total = 0.0
    for row, price in zip(X, y):
        guess = float(theta[0])
        for slope, feature in zip(theta[1:], row):
            guess += float(slope) * float(feature)
        total += (guess - float(price)) ** 2
    penalty = sum(float(slope) ** 2 for slope in theta[1:])
    return total / (2 * len(y)) + lam * penalty / 2


# %% cell="gradient"
def ridge_gradient(theta, X, y, lam):
    parts = [0.0] * len(theta)
    for i in range(len(y)):
        error = theta[0] - y[i]
        for j in range(1, len(theta)):
            error += theta[j] * X[i, j - 1]
        parts[0] += error / len(y)
        for j in range(1, len(theta)):
            parts[j] += error * X[i, j - 1] / len(y)
    for j in range(1, len(theta)):
        parts[j] += lam * theta[j]
    return parts


# %% cell="descend"
def descend(gradient, theta0, eta, max_steps, tol):
    path = [[float(entry) for entry in theta0]]
    while len(path) <= max_steps:
        slope = gradient(np.array(path[-1]))
        if sum(float(s) ** 2 for s in slope) ** 0.5 <= tol:
            break
        path.append([entry - eta * float(s) for entry, s in zip(path[-1], slope)])
    return path


# %% cell="standardise"
def standardise(X_train, X_new):
    m, p = X_train.shape
    old = [[0.0] * p for _ in X_train]
    new = [[0.0] * p for _ in X_new]
    for j in range(p):
        mean = sum(float(row[j]) for row in X_train) / m
        deviation = (sum((float(row[j]) - mean) ** 2 for row in X_train) / m) ** 0.5
        if min(row[j] for row in X_train) == max(row[j] for row in X_train):
            mean, deviation = float(X_train[0, j]), 1.0
        for scaled, table in ((old, X_train), (new, X_new)):
            for i, row in enumerate(table):
                scaled[i][j] = (float(row[j]) - mean) / deviation
    return [old, new]


# %% cell="stable_step"
def largest_stable_step(X, lam):
    m, p = X.shape
    hessian = np.zeros((p + 1, p + 1))
    for row in X:
        longer = [1.0, *row]
        for i in range(p + 1):
            for j in range(p + 1):
                hessian[i, j] += longer[i] * longer[j] / m
    for j in range(1, p + 1):
        hessian[j, j] += lam
    largest = max(float(value.real) for value in np.linalg.eigvals(hessian))
    return 2 / largest


# %% cell="armijo"
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here = f(theta)
    squared = sum(float(s) ** 2 for s in g)
    eta = eta0
    shrinks = 0
    while True:
        theta_new = np.array([float(t) - eta * float(s) for t, s in zip(theta, g)])
        there = f(theta_new)
        if there == there and there <= here - c * eta * squared:
            return [eta, theta_new]
        if shrinks == max_shrinks:
            return [0, list(theta)]
        eta *= shrink
        shrinks += 1


# %% cell="minibatches"
def minibatches(X, y, batch_size, epochs, seed):
    import random

    deck = random.Random(seed)
    for _ in range(epochs):
        left = list(range(len(y)))
        deck.shuffle(left)
        while left:
            rows, left = left[:batch_size], left[batch_size:]
            yield np.array([X[i] for i in rows]), np.array([y[i] for i in rows])


# %% cell="sgd"
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = [float(entry) for entry in theta0]
    mean = [0.0] * len(theta)
    t = 0
    for X_batch, y_batch in batches:
        slope = gradient(np.array(theta), X_batch, y_batch)
        for j in range(len(theta)):
            theta[j] -= eta0 / (1 + kappa * t) * float(slope[j])
            mean[j] += (theta[j] - mean[j]) / (t + 1)
        t += 1
    return [theta, mean]


# %% cell="logit_hand"
def default_gradient(theta, X, y, v):
    import math

    parts = [0.0] * len(theta)
    weight = float(sum(v))
    for i in range(len(y)):
        z = theta[0] + sum(theta[j + 1] * X[i, j] for j in range(len(theta) - 1))
        pull = v[i] * (math.exp(z) / (1 + math.exp(z)) - y[i]) / weight
        parts[0] += pull
        for j in range(1, len(theta)):
            parts[j] += pull * X[i, j - 1]
    return parts


# %% cell="logit_tape"
def default_tape(theta, X, y, v):
    entries = [tf.Variable(float(entry), dtype=tf.float64) for entry in theta]
    with tf.GradientTape() as tape:
        total = tf.constant(0.0, dtype=tf.float64)
        for i in range(len(y)):
            z = entries[0]
            for j in range(1, len(entries)):
                z = z + entries[j] * float(X[i, j - 1])
            sign = 1.0 if y[i] == 1 else -1.0
            total = total - float(v[i]) * tf.math.log_sigmoid(sign * z)
        loss = total / float(sum(v))
    return loss.numpy(), np.array([float(part) for part in tape.gradient(loss, entries)])
