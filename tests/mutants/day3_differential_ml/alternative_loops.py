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
# A correct solution in plain Python loops, by someone who writes one path at a time and returns
# lists of floats wherever the text does not name the type.

# %% cell="put"
def put_labels(x, z, strike, rate, sigma, tau):
    import math

    y, dydx = [], []
    discount = math.exp(-rate * tau)
    for price, shock in zip(x, z):
        value = slope = 0.0
        for sign in (1.0, -1.0):
            exponent = (rate - 0.5 * sigma * sigma) * tau
            exponent += sign * sigma * math.sqrt(tau) * float(shock)
            end = float(price) * math.exp(exponent)
            if end < strike:
                value += 0.5 * discount * (strike - end)
                slope -= 0.5 * discount * end / float(price)
        y.append(value)
        dydx.append(slope)
    return [y, dydx]


# %% cell="best"
def best_of_labels(X, D, strike):
    y, dydx = [], []
    for row, change in zip(X, D):
        ends = [float(x) + float(d) for x, d in zip(row, change)]
        winner = ends.index(max(ends))
        gain = ends[winner] - strike
        y.append(gain if gain > 0 else 0.0)
        dydx.append([1.0 if gain > 0 and j == winner else 0.0 for j in range(len(ends))])
    return y, dydx


# %% cell="ramp"
def ramp_labels(x, d, strike, width):
    y, dydx = [], []
    for start, change in zip(x, d):
        s = float(start) + float(change) - strike
        if s <= -width:
            y.append(0.0)
            dydx.append(0.0)
        elif s >= width:
            y.append(1.0)
            dydx.append(0.0)
        else:
            y.append(0.5 + s / (2 * width))
            dydx.append(1 / (2 * width))
    return y, dydx


# %% cell="normalise"
def normalise(X, y, Z):
    def units(column):
        numbers = [float(number) for number in column]
        if min(numbers) == max(numbers):
            return numbers[0], 1.0
        mean = sum(numbers) / len(numbers)
        return mean, (sum((number - mean) ** 2 for number in numbers) / len(numbers)) ** 0.5

    y_mean, y_std = units(y)
    both = [units(X[:, j]) for j in range(X.shape[1])]
    x, z = np.empty(X.shape), np.empty(X.shape)
    for i in range(len(y)):
        for j, (mean, std) in enumerate(both):
            x[i, j] = (X[i, j] - mean) / std
            z[i, j] = Z[i, j] / y_std * std
    return {
        "y_std": y_std,
        "y_mean": y_mean,
        "x_std": [std for _, std in both],
        "x_mean": [mean for mean, _ in both],
        "z": z,
        "y": [(float(value) - y_mean) / y_std for value in y],
        "x": x,
    }


# %% cell="denormalise"
def denormalise(y, z, x_std, y_mean, y_std):
    values = [float(value) * y_std + y_mean for value in y]
    return values, [[float(z_ij) / s * y_std for z_ij, s in zip(row, x_std)] for row in z]


# %% cell="weights"
def loss_weights(z, balance):
    m, n = z.shape
    lambdas = []
    for j in range(n):
        square = sum(float(z[i, j]) ** 2 for i in range(m)) / m
        lambdas.append(square**-0.5 if square > 0 else 0.0)
    return 1 / (1 + balance * n), balance * n / (1 + balance * n), lambdas


# %% cell="loss"
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    m, n = z.shape
    y_hat = [float(value) for value in np.reshape(y_hat, m)]
    total = 0.0
    for i in range(m):
        total += alpha * (y_hat[i] - y[i]) ** 2 / m
        for j in range(n):
            total += (1 - alpha) * lambdas[j] ** 2 * (z_hat[i, j] - z[i, j]) ** 2 / (m * n)
    return total


# %% cell="twin"
def twin_network(layers, X, phi, phi_slope):
    a = np.array(X, dtype=float)
    slopes = []
    for W, b in layers[:-1]:
        s = np.empty((len(a), len(b)))
        for i in range(len(a)):
            for k in range(len(b)):
                s[i, k] = b[k] + sum(W[k, j] * a[i, j] for j in range(W.shape[1]))
        slopes.append(np.array(phi_slope(s)))
        a = np.array(phi(s))
    W, b = layers[-1]
    y_hat = [float(b[0]) + sum(w * u for w, u in zip(W[0], row)) for row in a]
    z_hat = []
    for i in range(len(a)):
        g = [float(w) for w in W[0]]
        for k in range(len(slopes) - 1, -1, -1):
            inner = layers[k][0]
            h = [g_k * slope for g_k, slope in zip(g, slopes[k][i])]
            g = [sum(h[u] * inner[u, j] for u in range(len(h))) for j in range(inner.shape[1])]
        z_hat.append(g)
    return y_hat, z_hat


# %% cell="cycle"
def cosine_cycle(n_updates, peak):
    import math

    rates = []
    for t in range(n_updates):
        if t < 0.3 * n_updates:
            low, turn = peak / 25, 1 - math.cos(math.pi * t / (0.3 * n_updates))
        else:
            low = peak / 10_000
            turn = 1 + math.cos(math.pi * (t - 0.3 * n_updates) / (0.7 * n_updates))
        rates.append(low + (peak - low) * turn / 2)
    return rates


# %% cell="gradient"
def twin_gradient(layers, X, y, z, alpha, lambdas):
    # Second derivatives by hand: the network's twin is a network, too, and is run backwards.
    m, n = X.shape
    activations, slopes = [X], []
    for W, b in layers[:-1]:
        activations.append(np.tanh(activations[-1] @ W.T + b))
        slopes.append(1 - activations[-1] ** 2)
    W_last, b_last = layers[-1]
    errors = activations[-1] @ W_last[0] + b_last[0] - y
    g = [np.ones((m, 1)) * W_last]
    for (W, _), slope in zip(layers[-2::-1], slopes[::-1]):
        g.insert(0, (g[0] * slope) @ W)
    off = lambdas * (g[0] - z)
    loss = alpha * np.mean(errors**2) + (1 - alpha) * np.mean(off**2)

    found = []
    upward = (1 - alpha) * 2 * lambdas * off / (m * n)  # of the loss by g_l, from the input up
    extra = []
    for (W, _), slope, a, g_above in zip(layers[:-1], slopes, activations[1:], g[1:]):
        by_h = upward @ W.T
        found.append([(g_above * slope).T @ upward, None])
        extra.append(by_h * g_above * (-2 * a * slope))
        upward = by_h * slope
    back = alpha * 2 * errors / m
    found.append([upward.sum(axis=0)[None, :] + back[None, :] @ activations[-1], [back.sum()]])
    pull = back[:, None] * W_last
    for k in range(len(slopes) - 1, -1, -1):
        by_s = pull * slopes[k] + extra[k]
        found[k][0] = found[k][0] + by_s.T @ activations[k]
        found[k][1] = by_s.sum(axis=0)
        pull = by_s @ layers[k][0]
    return float(loss), [(W, np.asarray(b)) for W, b in found]
