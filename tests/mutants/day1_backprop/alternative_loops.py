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
# A correct solution in plain Python, by someone who distrusts array tricks: loops over examples,
# neurons and weights, lists where the text does not ask for arrays.

# %% cell="activations"
def activate(kind, z):
    def logistic(t):
        if t >= 0:
            return 1 / (1 + math.exp(-t))
        return math.exp(t) / (1 + math.exp(t))

    import math

    z = np.asarray(z)
    value, slope = np.empty(z.shape), np.empty(z.shape)
    for place in np.ndindex(z.shape):
        t = float(z[place])
        if kind == "sigmoid":
            value[place] = logistic(t)
            slope[place] = logistic(t) * logistic(-t)
        elif kind == "tanh":
            value[place] = math.tanh(t)
            slope[place] = 4 * logistic(2 * t) * logistic(-2 * t)
        elif kind == "relu":
            value[place] = t if t > 0 else 0
            slope[place] = 1 if t > 0 else 0
        else:
            s = logistic(1.702 * t)
            value[place] = t * s
            slope[place] = s * (1 + 1.702 * t * logistic(-1.702 * t))
    return [value, slope]


# %% cell="forward"
def forward(layers, X, g):
    Zs = []
    signal = [[float(entry) for entry in row] for row in X]
    for W, b in layers:
        Z = []
        for row in signal:
            Z.append(
                [
                    float(b[k]) + sum(float(W[k][j]) * row[j] for j in range(len(row)))
                    for k in range(len(b))
                ]
            )
        Zs.append(np.array(Z))
        signal = [[float(entry) for entry in row] for row in g(np.array(Z))]
    return tuple(Zs)


# %% cell="bce"
def default_loss(z, y, kappa):
    import math

    total, slopes = 0.0, []
    for logit, label in zip(z, y):
        logit = float(logit)
        small = math.exp(-abs(logit))
        p = 1 / (1 + small) if logit >= 0 else small / (1 + small)
        if label == 1:
            total += kappa * (max(-logit, 0) + math.log1p(small))
            slopes.append(-kappa * (1 - p) / len(z))
        else:
            total += max(logit, 0) + math.log1p(small)
            slopes.append(p / len(z))
    return total / len(z), slopes


# %% cell="softmax"
def rating_loss(Z, c, eps):
    import math

    m, K = Z.shape
    total, slopes = 0.0, []
    for i in range(m):
        row = [float(entry) for entry in Z[i]]
        top = max(row)
        log_sum = top + math.log(sum(math.exp(entry - top) for entry in row))
        slopes.append([])
        for k in range(K):
            q = eps / K + (1 - eps if k == c[i] else 0)
            total -= q * (row[k] - log_sum) / m
            slopes[-1].append((math.exp(row[k] - log_sum) - q) / m)
    return [total, np.array(slopes)]


# %% cell="backward"
def backward(layers, X, Zs, g, slope, D):
    gradients = []
    D = np.array(D, dtype=float)
    for k in range(len(layers) - 1, -1, -1):
        W, b = layers[k]
        A = np.array(X if k == 0 else g(Zs[k - 1]), dtype=float)
        dW, db, dA = np.zeros(W.shape), np.zeros(b.shape), np.zeros(A.shape)
        for i in range(len(D)):
            for n in range(W.shape[0]):
                db[n] += D[i, n]
                for j in range(W.shape[1]):
                    dW[n, j] += D[i, n] * A[i, j]
                    dA[i, j] += D[i, n] * W[n, j]
        gradients.insert(0, [dW, db])
        D = dA if k == 0 else dA * np.array(slope(Zs[k - 1]))
    return [gradients, D]


# %% cell="order"
def backward_order(graph, output):
    needed, queue = [output], [output]
    while queue:
        for operand in graph[queue.pop(0)]:
            if operand not in needed:
                needed.append(operand)
                queue.append(operand)
    waiting = {name: 0 for name in needed}
    for name in needed:
        for operand in graph[name]:
            waiting[operand] += 1
    ready, order = [output], []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for operand in graph[name]:
            waiting[operand] -= 1
            if waiting[operand] == 0:
                ready.append(operand)
    return tuple(order)


# %% cell="sweep"
def sweep(order, edges):
    adjoints = {}
    for place, node in enumerate(order):
        total = 1.0 if place == 0 else 0.0
        for user in order[:place]:
            for operand, slope in edges[user]:
                if operand == node:
                    total += adjoints[user] * slope
        adjoints[node] = total
    return adjoints


# %% cell="unbroadcast"
def total_adjoint(shares, shape):
    result = np.zeros(shape)
    for share in shares:
        extra = len(share.shape) - len(shape)
        for place in np.ndindex(share.shape):
            kept = tuple(0 if n == 1 else i for i, n in zip(place[extra:], shape))
            result[kept] += share[place]
    return result


# %% cell="checker"
def wrong_entries(f, claimed, x, h, tol):
    found = []
    for j in range(len(x)):
        ends = []
        for sign in (1, -1):
            moved = [float(entry) for entry in x]
            moved[j] += sign * h
            ends.append(float(f(np.array(moved))))
        slope = (ends[0] - ends[1]) / (2 * h)
        error = abs(float(claimed[j]) - slope)
        if error != error or error > tol * (abs(slope) if abs(slope) > 1 else 1):
            found.append(j)
    return tuple(found)


# %% cell="initial"
def initial_layers(sizes, kind, rng):
    layers = []
    for k in range(len(sizes) - 1):
        n, m = sizes[k], sizes[k + 1]
        if kind == "he":
            W = rng.random((m, n)) * 2 - 1
            W = W * (6 / n) ** 0.5
        else:
            W = np.array([rng.standard_normal(n) for _ in range(m)]) * (2 / (n + m)) ** 0.5
        layers.append([W, [0] * m])
    return layers
