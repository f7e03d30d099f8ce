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
# A correct solution by someone who lets TensorFlow differentiate and decompose, and who writes what
# is left in another algebra than the reference.

# %% cell="loss"
def ridge_loss(theta, X, y, lam):
    theta, X, y = (tf.cast(data, tf.float64) for data in (theta, X, y))
    guess = tf.linalg.matvec(tf.pad(X, [[0, 0], [1, 0]], constant_values=1.0), theta)
    return tf.reduce_mean(tf.square(guess - y)) / 2 + lam * tf.nn.l2_loss(theta[1:])


# %% cell="gradient"
def ridge_gradient(theta, X, y, lam):
    theta, X, y = (tf.cast(data, tf.float64) for data in (theta, X, y))
    with tf.GradientTape() as tape:
        tape.watch(theta)
        loss = ridge_loss(theta, X, y, lam)
    return tape.gradient(loss, theta)


# %% cell="descend"
def descend(gradient, theta0, eta, max_steps, tol):
    path = np.empty((max_steps + 1, np.size(theta0)))
    path[0] = theta0
    taken = 0
    slope = gradient(path[0])
    while taken < max_steps and np.sqrt(np.sum(np.square(slope))) > tol:
        path[taken + 1] = path[taken] - eta * slope
        taken += 1
        slope = gradient(path[taken])
    return path[: taken + 1]


# %% cell="standardise"
def standardise(X_train, X_new):
    X_train, X_new = (tf.cast(data, tf.float64) for data in (X_train, X_new))
    mean, variance = tf.nn.moments(X_train, axes=[0])
    varies = tf.reduce_max(X_train, axis=0) > tf.reduce_min(X_train, axis=0)
    mean, scale = tf.where(varies, mean, X_train[0]), tf.where(varies, tf.sqrt(variance), 1.0)
    return ((X_train - mean) / scale).numpy(), ((X_new - mean) / scale).numpy()


# %% cell="stable_step"
def largest_stable_step(X, lam):
    # The curvature is the Jacobian of the gradient, column by column.
    p = X.shape[1]
    y, zero = np.zeros(len(X)), np.zeros(p + 1)
    columns = [ridge_gradient(unit, X, y, lam) for unit in np.eye(p + 1)]
    curvature = tf.stack(columns) - tf.stack([ridge_gradient(zero, X, y, lam)] * (p + 1))
    return 2.0 / tf.linalg.eigvalsh(curvature)[-1].numpy()


# %% cell="armijo"
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    if max_shrinks < 0:
        return 0.0, theta + 0.0
    step = theta - eta0 * g
    if f(theta) - f(step) >= c * eta0 * np.linalg.norm(g) ** 2:
        return eta0, step
    return armijo_step(f, g, theta, eta0 * shrink, shrink, c, max_shrinks - 1)


# %% cell="minibatches"
def minibatches(X, y, batch_size, epochs, seed):
    order = np.argsort(np.random.default_rng(seed).random((epochs, len(y))), axis=1)
    cuts = range(batch_size, len(y), batch_size)
    return [
        (np.take(X, rows, axis=0), np.take(y, rows))
        for visit in order
        for rows in np.split(visit, cuts)
    ]


# %% cell="sgd"
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    etas = np.divide(eta0, 1 + kappa * np.arange(len(batches)))
    path = [np.asarray(theta0) + 0.0]
    for eta, (X_batch, y_batch) in zip(etas, batches):
        path.append(path[-1] - eta * gradient(path[-1], X_batch, y_batch))
    return path[-1], np.mean(path[1:], axis=0)


# %% cell="logit_hand"
def default_gradient(theta, X, y, v):
    table = np.insert(np.asarray(X, dtype=float), 0, 1.0, axis=1)
    probability = 0.5 * (1 + np.tanh(table @ theta / 2))
    return np.average(table * (probability - y)[:, None], axis=0, weights=v)


# %% cell="logit_tape"
def default_tape(theta, X, y, v):
    theta, X, y, v = (tf.convert_to_tensor(np.asarray(a, dtype=float)) for a in (theta, X, y, v))
    with tf.GradientTape() as tape:
        tape.watch(theta)
        logits = theta[0] + tf.tensordot(X, theta[1:], axes=1)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.tensordot(v / tf.reduce_sum(v), losses, axes=1)
    return loss, tape.gradient(loss, theta)
