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
# A correct solution with TensorFlow's functions and in another algebra than the reference.

# %% cell="normalise"
def normalise(j, c, w):
    b = tf.constant([0.0, 1.5, len(c), 1.85, 7.03, 20.4, 4.3], tf.float64)[j]
    c, w = (tf.linalg.normalize(tf.cast(data, tf.float64), ord=1)[0] for data in (c, w))
    return (b * c).numpy(), w.numpy()


# %% cell="smooth"
def smooth(j, X, c, w):
    X, c, w = (tf.cast(data, tf.float64) for data in (X, c, w))
    total = tf.linalg.matvec(X, c)
    squares = tf.square(c * (X - w))
    if j == 1:
        return tf.sin(total + np.pi * (2 * w[0] + 0.5))
    if j == 2:
        return tf.exp(-tf.reduce_sum(tf.math.log1p(squares), axis=-1))
    if j == 3:
        return tf.exp(-(1.0 + X.shape[1]) * tf.math.log1p(total))
    return tf.reduce_prod(tf.exp(-squares), axis=-1)


# %% cell="rough"
def rough(j, X, c, w):
    X, c, w = (tf.cast(data, tf.float64) for data in (X, c, w))
    if j == 5:
        return tf.reduce_prod(tf.exp(-tf.abs(c * X - c * w)), axis=1)
    pair = tf.reduce_all(X[:, :2] <= w[:2], axis=1)
    rest = tf.linalg.matvec(X, c) - tf.reduce_sum(c[:2] * w[:2]) - tf.reduce_sum(c[2:])
    return tf.cast(pair, tf.float64) * tf.exp(rest)


# %% cell="points"
def points(n, n_test, d, seed):
    train, test = np.random.SeedSequence(seed).spawn(2)
    return (
        np.random.Generator(np.random.MT19937(train)).uniform(size=(n, d)),
        np.random.Generator(np.random.MT19937(test)).uniform(size=(n_test, d)),
    )


# %% cell="errors"
def error_measures(truth, prediction):
    truth = tf.cast(truth, tf.float64)
    errors = tf.abs(tf.reshape(tf.cast(prediction, tf.float64), tf.shape(truth)) - truth)
    mean = float(tf.reduce_mean(errors))
    found = {"mean": mean, "max": float(tf.reduce_max(errors))}
    spread = float(tf.math.reduce_std(truth))
    around = float(tf.reduce_mean(tf.abs(truth - np.quantile(truth, 0.5))))
    found["per_std"] = mean / spread if around else float("nan")
    found["per_constant"] = mean / around if around else float("nan")
    return found


# %% cell="surrogate"
class Scaled:
    def __init__(self, train, X, y, low, high):
        self.low, self.high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        y = np.asarray(y, dtype=float).reshape(-1, 1)
        self.mean = y.mean(axis=0)
        self.scale = 1.0 if (y == y[0]).all() else y.std(axis=0)
        self.net = train(self.inside(X), (y - self.mean) / self.scale)

    def inside(self, X):
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return (X - middle) / half

    def __call__(self, X):
        return (self.mean + self.scale * np.asarray(self.net(self.inside(X)))).reshape(-1)


def surrogate(train, X, y, low, high):
    return Scaled(train, X, y, low, high)


# %% cell="study"
def study(run, dims, sizes, seeds):
    errors = np.empty((2, len(dims), len(sizes), len(seeds)))
    for k, seed in enumerate(seeds):
        for column, n in enumerate(sizes):
            for row, d in enumerate(dims):
                errors[:, row, column, k] = run(d, n, seed)
    summary = np.moveaxis(np.quantile(errors, [0.5, 0, 1], axis=-1), 0, -1)
    return dict(zip(("mean", "max"), summary))


# %% cell="rate"
def rate(sizes, errors):
    return float(-np.polynomial.Polynomial.fit(np.log(sizes), np.log(errors), 1).convert().coef[1])


# %% cell="support"
def support(d, n, draws, seed):
    u = np.random.RandomState(seed).uniform(size=(d, draws))
    v = np.exp(np.log(u[0]) + np.log(u[1]) - 2 * np.log(u.sum(axis=0)))
    error = np.sqrt(np.cov(v) / draws)
    return float(np.mean(v)), float(error), float(np.exp(n * np.log1p(-v)).mean())
