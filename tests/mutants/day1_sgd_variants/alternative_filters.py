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
# A correct solution by someone who has worked in signal processing: moving averages are filters,
# growth is a root of the characteristic polynomial, and SciPy finds limits.

# %% cell="schedule"
def learning_rate(t, peak, last, W, T):
    clipped = np.clip((t - W) / (T - W), 0, 1)
    cosine = last + (peak - last) * np.cos(np.pi * clipped / 2) ** 2
    return np.where(t < W, peak * (t + 1) / W, cosine)


# %% cell="momentum"
def momentum_path(gradient, w0, etas, mu):
    path = np.empty((len(etas) + 1, len(w0)))
    path[0] = w0
    slopes = np.empty((len(etas), len(w0)))
    for t, eta in enumerate(etas):
        slopes[t] = gradient(path[t].copy())
        weights = (1 - mu) * np.power(float(mu), np.arange(t, -1, -1))
        path[t + 1] = path[t] - eta * (weights @ slopes[: t + 1])
    return path


# %% cell="nesterov"
def nesterov(gradient, x0, eta, n):
    x = np.tile(np.asarray(x0, dtype=float), (n + 1, 1))
    y = x[:n].copy()
    for k in range(n):
        if k > 0:
            mu = 1 - 3 / (k + 3)
            y[k] = (1 + mu) * x[k] - mu * x[k - 1]
        x[k + 1] = y[k] - eta * np.asarray(gradient(y[k].copy()))
    return x, y


# %% cell="adagrad"
def adagrad_step(w, g, A, eta, delta):
    A = np.add(A, np.square(g), dtype=float)
    size = delta + np.sqrt(A)
    ratio = np.divide(g, size, out=np.zeros(len(A)), where=size > 0)
    return w - eta * ratio, A


# %% cell="rmsprop"
def centred_rmsprop(grads, eta, beta, eps):
    from scipy.signal import lfilter

    g = np.asarray(grads, dtype=float)
    mean, square = (lfilter([1 - beta], [1, -beta], part, axis=0) for part in (g, g * g))
    return -eta * g * (square - mean**2 + eps) ** -0.5


# %% cell="adamw"
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    # Remembers the gradients themselves: wasteful and right.
    past = {name: [*state.get(name, []), np.asarray(g, dtype=float)] for name, g in grads.items()}

    def mean(parts, beta):
        share = np.power(float(beta), np.arange(len(parts))[::-1])
        return np.tensordot(share / share.sum(), np.array(parts), axes=1)

    new = {}
    for name, w in weights.items():
        size = np.sqrt(mean([g * g for g in past[name]], beta2)) + eps
        shrink = 1 - eta * lam * (np.ndim(w) > 1)
        new[name] = shrink * np.asarray(w) - eta * mean(past[name], beta1) / size
    return new, past


# %% cell="growth"
def growth(update, a):
    M = np.column_stack([update(1, 0, a), update(0, 1, a)])
    return max(abs(np.roots([1, -np.trace(M), np.linalg.det(M)])), default=0.0)


# %% cell="limit"
def stable_limit(update, high):
    from scipy.optimize import brentq

    if growth(update, high) < 1:
        return high
    return brentq(lambda a: growth(update, a) - 1, 1e-9, high, xtol=1e-8)


# %% cell="detector"
def is_adam(candidate):
    from scipy.signal import lfilter

    grads = np.random.default_rng(8).standard_cauchy((9, 5))
    k = np.arange(1, 10)[:, None]

    def corrected(parts, beta):
        return lfilter([1 - beta], [1, -beta], parts, axis=0) / (1 - beta**k)

    eta, beta1, beta2, eps = 0.7, 0.55, 0.75, 0.4
    right = -eta * corrected(grads, beta1) / (np.sqrt(corrected(grads**2, beta2)) + eps)
    moves = np.asarray(candidate(grads, eta, beta1, beta2, eps), dtype=float)
    return moves.shape == right.shape and bool(np.max(np.abs(moves - right)) <= 1e-9)
