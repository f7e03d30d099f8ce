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
# A correct solution in plain Python, by someone who thinks in single numbers. It returns lists where
# the text asks for arrays.

# %% cell="schedule"
def learning_rate(t, peak, last, W, T):
    import math

    if t >= T:
        return last
    if t >= W:
        angle = math.pi * (t - W) / (T - W)
        return 0.5 * (peak + last) + 0.5 * (peak - last) * math.cos(angle)
    rate = 0.0
    for _ in range(t + 1):
        rate += peak / W
    return rate


# %% cell="momentum"
def momentum_path(gradient, w0, etas, mu):
    path = [[float(entry) for entry in w0]]
    u = [0.0] * len(path[0])
    for eta in etas:
        slope = gradient(np.array(path[-1]))
        u = [mu * old + (1 - mu) * float(new) for old, new in zip(u, slope)]
        path.append([entry - eta * part for entry, part in zip(path[-1], u)])
    return path


# %% cell="nesterov"
def nesterov(gradient, x0, eta, n):
    x_old = x = [float(entry) for entry in x0]
    xs, ys = [x], []
    k = 0
    while k < n:
        y = [new + k * (new - old) / (k + 3) for new, old in zip(x, x_old)]
        slope = gradient(np.array(y))
        x_old, x = x, [entry - eta * float(s) for entry, s in zip(y, slope)]
        ys.append(y)
        xs.append(x)
        k += 1
    return [xs, ys]


# %% cell="adagrad"
def adagrad_step(w, g, A, eta, delta):
    w_new, A_new = [], []
    for weight, slope, total in zip(w, g, A):
        total = float(total) + float(slope) ** 2
        A_new.append(total)
        if slope == 0:
            w_new.append(float(weight))
        else:
            w_new.append(float(weight) - eta * float(slope) / (delta + total**0.5))
    return w_new, A_new


# %% cell="rmsprop"
def centred_rmsprop(grads, eta, beta, eps):
    T, d = grads.shape
    moves = [[0.0] * d for _ in range(T)]
    for j in range(d):
        b = n = 0.0
        for t in range(T):
            g = float(grads[t, j])
            n += (1 - beta) * (g * g - n)
            b += (1 - beta) * (g - b)
            moves[t][j] = -eta * g / (n - b * b + eps) ** 0.5
    return moves


# %% cell="adamw"
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    if not state:
        zeros = {name: np.zeros(np.shape(w)) for name, w in weights.items()}
        state = {"updates": 0, "m": zeros, "v": zeros}
    new_weights, new_m, new_v = {}, {}, {}
    k = state["updates"] + 1
    for name in weights:
        shape = np.shape(weights[name])
        w, g, m, v = (
            np.ravel(np.asarray(part[name], dtype=float)).tolist()
            for part in (weights, grads, state["m"], state["v"])
        )
        for i in range(len(w)):
            m[i] = beta1 * m[i] + (1 - beta1) * g[i]
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
            move = m[i] / (1 - beta1**k) / ((v[i] / (1 - beta2**k)) ** 0.5 + eps)
            if len(shape) > 1:
                move += lam * w[i]
            w[i] -= eta * move
        new_weights[name] = np.reshape(w, shape)
        new_m[name], new_v[name] = np.reshape(m, shape), np.reshape(v, shape)
    return new_weights, {"updates": k, "m": new_m, "v": new_v}


# %% cell="growth"
def growth(update, a):
    p, r = update(1, 0, a)
    q, s = update(0, 1, a)
    half_trace, determinant = (p + s) / 2, p * s - q * r
    inside = half_trace**2 - determinant
    if inside < 0:
        return determinant**0.5
    return abs(half_trace) + inside**0.5


# %% cell="limit"
def stable_limit(update, high):
    def shrinks(a):
        return growth(update, a) < 1

    def between(low, high):
        middle = low + (high - low) / 2
        if high - low < 1e-7:
            return middle
        return between(middle, high) if shrinks(middle) else between(low, middle)

    return high if shrinks(high) else between(0, high)


# %% cell="detector"
def is_adam(candidate):
    import random

    dice = random.Random(3)
    for eta, beta1, beta2, eps in [(0.2, 0.7, 0.95, 0.05), (1.5, 0.5, 0.9, 0.5)]:
        grads = np.array([[dice.gauss(0, 1) for _ in range(4)] for _ in range(10)])
        moves = candidate(grads, eta, beta1, beta2, eps)
        weights, state = {"w": np.zeros(4)}, {}
        for g, move in zip(grads, moves):
            after, state = adamw_step(weights, {"w": g}, state, eta, beta1, beta2, eps, 0.0)
            for i in range(4):
                if not abs(after["w"][i] - weights["w"][i] - move[i]) < 1e-8:
                    return False
            weights = after
    return True
