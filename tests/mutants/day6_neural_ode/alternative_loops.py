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
# A correct solution by someone who writes loops over numbers, and sums instead of matrix products.

# %% cell="euler"
def euler_path(f, y0, times, policy):
    path = np.zeros((len(times), len(y0)))
    path[0] = y0
    for i in range(1, len(times)):
        slope = f(times[i - 1], path[i - 1], policy[i - 1])
        for j in range(len(y0)):
            path[i, j] = path[i - 1, j] + (times[i] - times[i - 1]) * slope[j]
    return path


# %% cell="kutta"
def kutta_step(f, t, y, u, h):
    slopes = []
    for row in ([], [1 / 3], [-1 / 3, 1], [1, -1, 1]):
        place = np.array(y, dtype=float)
        for weight, slope in zip(row, slopes):
            place = place + h * weight * slope
        slopes.append(np.asarray(f(t + h * sum(row), place, u)))
    return y + h * (slopes[0] / 8 + slopes[1] * 3 / 8 + slopes[2] * 3 / 8 + slopes[3] / 8)


# %% cell="order"
def order_and_limit(solve, n):
    runs = [solve(n * 2**i) for i in range(3)]
    early = sum((b - a) ** 2 for a, b in zip(runs[0], runs[1])) ** 0.5
    late = sum((b - a) ** 2 for a, b in zip(runs[1], runs[2])) ** 0.5
    q = early / late
    return np.log(q) / np.log(2), (q * runs[2] - runs[1]) / (q - 1)


# %% cell="residual"
def residual_net(x, layers, h, refine):
    rows = []
    for row in x:
        y = [float(value) for value in row]
        for W, b, V in layers:
            for _ in range(refine):
                s = [
                    np.tanh(sum(y[i] * W[i][k] for i in range(len(y))) + b[k])
                    for k in range(len(b))
                ]
                y = [
                    y[j] + h / refine * sum(s[k] * V[k][j] for k in range(len(b)))
                    for j in range(len(y))
                ]
        rows.append(y)
    return np.array(rows)


# %% cell="adjoint"
def adjoint_rate(t, y, a, theta):
    W, w, b, V = theta
    d, m = np.shape(W)
    y_dot, a_dot = np.zeros(d), np.zeros(d)
    g_dot = [np.zeros((d, m)), np.zeros(m), np.zeros(m), np.zeros((m, d))]
    for k in range(m):
        s = np.tanh(sum(y[i] * W[i, k] for i in range(d)) + t * w[k] + b[k])
        back = sum(a[j] * V[k, j] for j in range(d)) / np.cosh(np.arctanh(s)) ** 2
        g_dot[1][k] = -t * back
        g_dot[2][k] = -back
        for i in range(d):
            y_dot[i] += s * V[k, i]
            a_dot[i] -= back * W[i, k]
            g_dot[0][i, k] = -back * y[i]
            g_dot[3][k, i] = -s * a[i]
    return y_dot, a_dot, tuple(g_dot)


# %% cell="backward"
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    y, a, d = np.array(y_end, dtype=float), np.array(a_end, dtype=float), len(y_end)
    g = np.zeros(len(pull(t_end, y, a)[1]))
    dates = np.linspace(t_end, t_start, n + 1)
    for i in range(n):

        def rates(t, z):
            first, second = pull(t, z[:d], z[d : 2 * d])
            return np.array([*f(t, z[:d]), *(-x for x in first), *(-x for x in second)])

        z = classic_step(rates, dates[i], np.hstack([y, a, g]), dates[i + 1] - dates[i])
        y, a, g = z[:d], z[d : 2 * d], z[2 * d :]
    return y, a, g


# %% cell="jumps"
def observed_gradient(forward, backward, y0, times, targets):
    kept, loss = [], 0.0
    y = y0
    for i, target in enumerate(targets):
        y = forward(y, times[i], times[i + 1])
        kept.append(y)
        loss += sum((y - target) ** 2) / 2
    a, pieces = np.zeros(len(y0)), []
    while kept:
        y, i = kept.pop(), len(kept)
        _, a, piece = backward(y, a + y - targets[i], times[i + 1], times[i])
        pieces.append(piece)
    return loss, a, sum(pieces)


# %% cell="recover"
def recover_law(times, path):
    # Newton's method for exp(hA) = growth, from Euler's answer.
    h = times[1] - times[0]
    growth = (np.linalg.pinv(path[:-1]) @ path[1:]).T
    unit = np.eye(len(growth))
    law = (growth - unit) / h
    for _ in range(30):
        law = law + (growth @ expm(-h * law) - unit) / h
    return law
