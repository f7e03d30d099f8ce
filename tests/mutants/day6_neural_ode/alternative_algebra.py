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
# A correct solution by someone who likes cumulative sums, einsum, recursion and eigenvalues.

# %% cell="euler"
def euler_path(f, y0, times, policy):
    def onward(y, rest):
        if not rest:
            return [y]
        (t, after, u), *rest = rest
        return [y, *onward(y + (after - t) * np.asarray(f(t, y, u)), rest)]

    return np.stack(onward(1.0 * y0, list(zip(times[:-1], times[1:], policy))))


# %% cell="kutta"
def kutta_step(f, t, y, u, h):
    y = np.asarray(y, dtype=np.float64)
    a = h * f(t, y, u)
    b = h * f(t + h / 3, y + a / 3, u)
    c = h * f(t + h - h / 3, y - a / 3 + b, u)
    d = h * f(t + h, y + a - b + c, u)
    return y + np.average([a, b, c, d], axis=0, weights=[1, 3, 3, 1])


# %% cell="order"
def order_and_limit(solve, n):
    fine, middle, coarse = (np.asarray(solve(m), dtype=float) for m in (4 * n, 2 * n, n))
    power = np.sqrt(np.dot(coarse - middle, coarse - middle) / np.dot(middle - fine, middle - fine))
    return [np.log2(power), fine - (middle - fine) / (power - 1)]


# %% cell="residual"
def residual_net(x, layers, h, refine):
    blocks = [block for block in layers for _ in range(refine)]
    y = np.array(x, dtype=float).T
    for W, b, V in blocks:
        y += (
            h
            / refine
            * np.einsum("kd,kb->db", V, np.tanh(np.einsum("dk,db->kb", W, y) + b[:, None]))
        )
    return y.T


# %% cell="adjoint"
def adjoint_rate(t, y, a, theta):
    # With (y, t, 1) as one input, W, w and b are one matrix, and so is their gradient.
    W, w, b, V = theta
    inputs = np.concatenate([y, [t, 1.0]])
    table = np.vstack([W, w, b])
    s = np.tanh(inputs @ table)
    slope = np.diag(1 - s * s)
    pulled = -slope @ V @ a
    whole = np.multiply.outer(inputs, pulled)
    d = len(y)
    return V.T @ s, W @ pulled, (whole[:d], whole[d], whole[d + 1], -s[:, None] * a)


# %% cell="backward"
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    # Time is counted from the end: s = t_end - t rises, and every rate changes its sign.
    d = len(y_end)

    def rates(s, z):
        y, a = np.split(z[: 2 * d], 2)
        return np.concatenate([-np.asarray(f(t_end - s, y)), *pull(t_end - s, y, a)])

    z = np.concatenate([y_end, a_end, np.zeros_like(pull(t_end, y_end, a_end)[1], dtype=float)])
    h = (t_end - t_start) / n
    for i in range(n):
        z = classic_step(rates, i * h, z, h)
    return np.split(z, [d, 2 * d])


# %% cell="jumps"
def observed_gradient(forward, backward, y0, times, targets):
    def rest(y, i):
        """Loss, adjoint and gradient of what comes after date i, y being the state there."""
        if i == len(targets):
            return 0.0, 0 * y, 0.0
        arrived = np.asarray(forward(y, times[i], times[i + 1]))
        error = arrived - targets[i]
        loss, a, g = rest(arrived, i + 1)
        _, a, piece = backward(arrived, a + error, times[i + 1], times[i])
        return loss + error @ error / 2, np.asarray(a), g + np.asarray(piece)

    return rest(y0, 0)


# %% cell="recover"
def recover_law(times, path):
    before, after = path[:-1].T, path[1:].T
    growth = after @ before.T @ np.linalg.inv(before @ before.T)
    values, vectors = np.linalg.eig(growth)
    logs = np.log(values.astype(complex)) / (times[1] - times[0])
    return np.real(vectors @ np.diag(logs) @ np.linalg.inv(vectors))
