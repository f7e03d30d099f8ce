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
# A correct solution by someone who lets TensorFlow differentiate the payoffs, carries Jacobians
# forward through the network instead of gradients back, and writes one tape inside the other anew.

# %% cell="put"
def put_labels(x, z, strike, rate, sigma, tau):
    price = tf.constant(np.asarray(x, dtype=float))
    shocks = np.stack([z, -z]).astype(float)
    with tf.GradientTape() as tape:
        tape.watch(price)
        growth = np.exp((rate - 0.5 * sigma**2) * tau + sigma * tau**0.5 * shocks)
        gains = strike - price * growth
        paid = tf.where(gains > 0, gains, tf.zeros_like(gains)) * np.exp(-rate * tau)
        y = tf.reduce_mean(paid, axis=0)
    return y, tape.gradient(y, price)


# %% cell="best"
def best_of_labels(X, D, strike):
    ends = np.asarray(X + D, dtype=float)
    # A column for "nothing is paid" in front: it wins when no stock ends above the strike.
    race = np.insert(ends, 0, strike, axis=1)
    winners = np.eye(race.shape[1])[np.argmax(race, axis=1)]
    return race.max(axis=1) - strike, winners[:, 1:]


# %% cell="ramp"
def ramp_labels(x, d, strike, width):
    s = np.asarray(x + d - strike, dtype=float)
    # A call spread: long one call at the foot of the ramp, short one at its top.
    y = (np.maximum(s + width, 0) - np.maximum(s - width, 0)) / (2 * width)
    return y, (np.heaviside(s + width, 0) - np.heaviside(s - width, 1)) / (2 * width)


# %% cell="normalise"
def normalise(X, y, Z):
    moments = {"x_mean": np.average(X, axis=0), "y_mean": np.average(y)}
    varies = np.ptp(X, axis=0) > 0
    moments["x_std"] = np.where(varies, np.sqrt(np.var(X, axis=0)), 1.0)
    moments["y_std"] = np.sqrt(np.var(y))
    x = (X - moments["x_mean"][None]) @ np.diag(1 / moments["x_std"])
    z = (Z @ np.diag(moments["x_std"])) / moments["y_std"]
    return moments | {"x": x, "y": (y - moments["y_mean"]) / moments["y_std"], "z": z}


# %% cell="denormalise"
def denormalise(y, z, x_std, y_mean, y_std):
    return np.polyval([y_std, y_mean], y), np.einsum("ij,j->ij", z, y_std / np.asarray(x_std))


# %% cell="weights"
def loss_weights(z, balance):
    m, n = z.shape
    lengths = np.linalg.norm(z, axis=0)
    with np.errstate(divide="ignore"):
        lambdas = np.where(lengths == 0, 0.0, np.sqrt(m) / lengths)
    beta = balance * n / (1 + balance * n)
    return 1 - beta, beta, lambdas


# %% cell="loss"
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    errors = np.concatenate(
        [
            np.sqrt(alpha / len(y)) * (np.squeeze(y_hat.reshape(len(y), -1), axis=1) - y),
            np.sqrt((1 - alpha) / z.size) * ((z_hat - z) @ np.diag(lambdas)).ravel(),
        ]
    )
    return errors @ errors


# %% cell="twin"
def twin_network(layers, X, phi, phi_slope):
    m, n = X.shape
    a = np.asarray(X, dtype=float)
    jacobian = np.broadcast_to(np.eye(n), (m, n, n))  # of a by x, for each path
    for W, b in layers[:-1]:
        s = np.einsum("ij,kj->ik", a, W) + b
        jacobian = np.einsum("ik,kj,ijn->ikn", phi_slope(s), W, jacobian)
        a = phi(s)
    W, b = layers[-1]
    return (a @ W.T + b)[:, 0], np.einsum("j,ijn->in", W[0], jacobian)


# %% cell="cycle"
def cosine_cycle(n_updates, peak):
    knots = np.array([0, 0.3, 1.0]) * n_updates
    angle = np.interp(np.arange(n_updates), knots, [-np.pi, 0, np.pi])
    floor = np.where(angle < 0, peak / 25, peak / 1e4)
    return floor + (peak - floor) * np.cos(angle / 2) ** 2


# %% cell="gradient"
def twin_gradient(layers, X, y, z, alpha, lambdas):
    layers = [tuple(tf.constant(np.asarray(part, dtype=float)) for part in pair) for pair in layers]
    flat = [part for pair in layers for part in pair]
    X, y, z, lambdas = (tf.cast(data, tf.float64) for data in (X, y, z, lambdas))
    with tf.GradientTape() as tape:
        tape.watch(flat)
        a, slopes = X, []
        for W, b in layers[:-1]:
            a = tf.nn.tanh(tf.einsum("ij,kj->ik", a, W) + b)
            slopes.append(1 - a * a)
        W, b = layers[-1]
        values = tf.linalg.matvec(a, W[0]) + b[0]
        g = tf.repeat(W, len(X), axis=0)
        for (W, _), slope in zip(layers[:-1][::-1], slopes[::-1]):
            g = tf.matmul(slope * g, W)
        parts = tf.reduce_mean((values - y) ** 2), tf.reduce_mean(((g - z) * lambdas) ** 2)
        loss = alpha * parts[0] + (1 - alpha) * parts[1]
    found = tape.gradient(loss, flat, unconnected_gradients="zero")
    return loss, [tuple(found[k : k + 2]) for k in range(0, len(found), 2)]
