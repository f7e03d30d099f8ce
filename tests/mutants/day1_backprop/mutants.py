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
# One student's mistake per cell. `cell` names the solution cell whose source it replaces, all other
# solution cells keep the reference; `loses` lists the graded cells that then lose their points.

# %% mutant="sigmoid_overflows" cell="activations" loses=["test_activations"]
# Writes the logistic function as e^z/(1 + e^z), which is infinity over infinity far out.
def activate(kind, z):
    def sigma(t):
        return np.exp(t) / (1 + np.exp(t))

    with np.errstate(all="ignore"):
        if kind == "sigmoid":
            return sigma(z), sigma(z) * (1 - sigma(z))
        if kind == "tanh":
            return np.tanh(z), 1 - np.tanh(z) ** 2
        if kind == "relu":
            return np.maximum(z, 0.0), np.where(z > 0, 1.0, 0.0)
        s = sigma(1.702 * z)
        return z * s, s + 1.702 * z * s * (1 - s)


# %% mutant="gelu_without_inner_derivative" cell="activations" loses=["test_activations"]
# Forgets the 1.702 that the chain rule brings.
def activate(kind, z):
    if kind == "sigmoid":
        s = (1 + np.tanh(z / 2)) / 2
        return s, s * (1 - s)
    if kind == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if kind == "relu":
        return np.maximum(z, 0.0), np.where(z > 0, 1.0, 0.0)
    s = (1 + np.tanh(0.851 * z)) / 2
    return z * s, s + z * s * (1 - s)


# %% mutant="relu_slope_at_kink" cell="activations" loses=["test_activations"]
# Gives the relu the derivative 1 at zero.
def activate(kind, z):
    if kind == "sigmoid":
        s = (1 + np.tanh(z / 2)) / 2
        return s, s * (1 - s)
    if kind == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if kind == "relu":
        return np.maximum(z, 0.0), np.where(z >= 0, 1.0, 0.0)
    s = (1 + np.tanh(0.851 * z)) / 2
    return z * s, s + 1.702 * z * s * (1 - s)


# %% mutant="activation_on_output" cell="forward" loses=["test_forward"]
# Applies the activation to the output, too.
def forward(layers, X, g):
    Zs, A = [], X
    for W, b in layers:
        Zs.append(A @ W.T + b)
        A = g(Zs[-1])
    return [*Zs[:-1], A]


# %% mutant="cost_on_both_classes" cell="bce" loses=["test_bce"]
# Multiplies the whole loss by kappa instead of the defaults alone.
def default_loss(z, y, kappa):
    loss = kappa * np.mean(np.logaddexp(0, z) - y * z)
    p = (1 + np.tanh(z / 2)) / 2
    return loss, kappa * (p - y) / len(z)


# %% mutant="bce_log_of_rounded" cell="bce" loses=["test_bce"]
# Clips the probabilities away from 0 and 1, which caps the loss of a loan at 34.5.
def default_loss(z, y, kappa):
    p = (1 + np.tanh(z / 2)) / 2
    q = np.clip(p, 1e-15, 1 - 1e-15)
    loss = -np.mean(kappa * y * np.log(q) + (1 - y) * np.log(1 - q))
    return loss, ((1 - y) * p - kappa * y * (1 - p)) / len(z)


# %% mutant="bce_gradient_summed" cell="bce" loses=["test_bce"]
# Takes the mean for the loss and forgets it in the gradient.
def default_loss(z, y, kappa):
    loss = np.mean(kappa * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    p = (1 + np.tanh(z / 2)) / 2
    return loss, (1 - y) * p - kappa * y * (1 - p)


# %% mutant="bce_without_minus" cell="bce" loses=["test_bce"]
# Drops the minus sign, as the slide does.
def default_loss(z, y, kappa):
    loss = -np.mean(kappa * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    p = (1 + np.tanh(z / 2)) / 2
    return loss, (kappa * y * (1 - p) - (1 - y) * p) / len(z)


# %% mutant="softmax_overflows" cell="softmax" loses=["test_softmax"]
# Exponentiates the logits as they are.
def rating_loss(Z, c, eps):
    m, K = Z.shape
    with np.errstate(all="ignore"):
        log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
        Q = np.full((m, K), eps / K)
        Q[np.arange(m), c] += 1 - eps
        return -np.sum(Q * log_P) / m, (np.exp(log_P) - Q) / m


# %% mutant="smoothing_leaves_out_the_true_class" cell="softmax" loses=["test_softmax"]
# Spreads eps over the other ratings only and so uses another Q than the text.
def rating_loss(Z, c, eps):
    m, K = Z.shape
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_P = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    Q = np.full((m, K), eps / (K - 1))
    Q[np.arange(m), c] = 1 - eps
    return -np.sum(Q * log_P) / m, (np.exp(log_P) - Q) / m


# %% mutant="mask_on_output" cell="backward" loses=["test_backward"]
# Multiplies the output layer by the slope of an activation that it does not have.
def backward(layers, X, Zs, g, slope, D):
    gradients = []
    for k in reversed(range(len(layers))):
        D = D * slope(Zs[k])
        A = g(Zs[k - 1]) if k > 0 else X
        gradients.append((D.T @ A, D.sum(axis=0)))
        D = D @ layers[k][0]
    return gradients[::-1], D


# %% mutant="divides_by_m_again" cell="backward" loses=["test_backward"]
# Divides by the number of examples although D already holds the mean.
def backward(layers, X, Zs, g, slope, D):
    gradients, m = [], len(X)
    for k in reversed(range(len(layers))):
        A = g(Zs[k - 1]) if k > 0 else X
        gradients.append((D.T @ A / m, D.sum(axis=0) / m))
        D = D @ layers[k][0]
        if k > 0:
            D = D * slope(Zs[k - 1])
    return gradients[::-1], D


# %% mutant="missing_transpose" cell="backward" loses=["test_backward"]
# Goes back through the transpose of W, which fits only where a layer is square.
def backward(layers, X, Zs, g, slope, D):
    gradients = []
    for k in reversed(range(len(layers))):
        W = layers[k][0]
        A = g(Zs[k - 1]) if k > 0 else X
        gradients.append((D.T @ A, D.sum(axis=0)))
        D = D @ (W.T if W.shape[0] == W.shape[1] else W)
        if k > 0:
            D = D * slope(Zs[k - 1])
    return gradients[::-1], D


# %% mutant="bias_of_the_last_example" cell="backward" loses=["test_backward"]
# Gives the bias the share of one example instead of the sum over all.
def backward(layers, X, Zs, g, slope, D):
    gradients = []
    for k in reversed(range(len(layers))):
        A = g(Zs[k - 1]) if k > 0 else X
        gradients.append((D.T @ A, D[-1]))
        D = D @ layers[k][0]
        if k > 0:
            D = D * slope(Zs[k - 1])
    return gradients[::-1], D


# %% mutant="order_by_levels" cell="order" loses=["test_order"]
# Lists the nodes as they are met, level by level, so that some come before what uses them.
def backward_order(graph, output):
    order = [output]
    for node in order:
        for operand in graph[node]:
            if operand not in order:
                order.append(operand)
    return order


# %% mutant="order_by_recursion" cell="order" loses=["test_order"]
# Recurses, which is correct until the graph is deeper than Python's stack.
def backward_order(graph, output):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for operand in graph[node]:
                visit(operand)
            order.append(node)

    visit(output)
    return order[::-1]


# %% mutant="order_of_the_whole_graph" cell="order" loses=["test_order"]
# Orders all nodes of the graph, also those that the output does not need.
def backward_order(graph, output):
    uses = dict.fromkeys(graph, 0)
    for operands in graph.values():
        for operand in operands:
            uses[operand] += 1
    order, free = [], [name for name in graph if uses[name] == 0]
    while free:
        order.append(free.pop())
        for operand in graph[order[-1]]:
            uses[operand] -= 1
            if uses[operand] == 0:
                free.append(operand)
    order.remove(output)
    return [output, *order]


# %% mutant="overwrites_shares" cell="sweep" loses=["test_sweep"]
# Writes = where += belongs, so that of several shares the last one stays.
def sweep(order, edges):
    adjoints = dict.fromkeys(order, 0.0)
    adjoints[order[0]] = 1.0
    for node in order:
        for operand, slope in edges[node]:
            adjoints[operand] = adjoints[node] * slope
    return adjoints


# %% mutant="adds_to_the_last_call" cell="sweep" loses=["test_sweep"]
# Keeps the adjoints in a default argument, to which the next call adds again.
def sweep(order, edges, adjoints={}):
    adjoints.update({order[0]: 1.0})
    for node in order:
        adjoints.setdefault(node, 0.0)
        for operand, slope in edges[node]:
            adjoints[operand] = adjoints.get(operand, 0.0) + adjoints[node] * slope
    return {node: adjoints[node] for node in order}


# %% mutant="keeps_length_one" cell="unbroadcast" loses=["test_unbroadcast"]
# Sums over the leading axes and forgets those of length one.
def total_adjoint(shares, shape):
    total = np.zeros(shape)
    for share in shares:
        while share.ndim > len(shape):
            share = share.sum(axis=0)
        total = total + share
    return total


# %% mutant="one_sided" cell="checker" loses=["test_checker"]
# Takes one-sided differences and blames correct gradients of curved functions.
def wrong_entries(f, claimed, x, h, tol):
    wrong = []
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = h
        s = (f(x + step) - f(x)) / h
        if not abs(claimed[j] - s) <= tol * max(1, abs(s)):
            wrong.append(j)
    return wrong


# %% mutant="blind_to_nan" cell="checker" loses=["test_checker"]
# Asks whether the error is larger than allowed, which nan never is.
def wrong_entries(f, claimed, x, h, tol):
    wrong = []
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = h
        s = (f(x + step) - f(x - step)) / (2 * h)
        if abs(claimed[j] - s) > tol * max(1, abs(s)):
            wrong.append(j)
    return wrong


# %% mutant="absolute_error" cell="checker" loses=["test_checker"]
# Compares all entries absolutely, large ones too.
def wrong_entries(f, claimed, x, h, tol):
    wrong = []
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = h
        s = (f(x + step) - f(x - step)) / (2 * h)
        if not abs(claimed[j] - s) <= tol:
            wrong.append(j)
    return wrong


# %% mutant="variance_for_deviation" cell="initial" loses=["test_initial"]
# Hands the variance to rng.normal, which asks for the standard deviation.
def initial_layers(sizes, kind, rng):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        if kind == "xavier":
            W = rng.normal(0, 2 / (n_in + n_out), (n_out, n_in))
        else:
            a = np.sqrt(6 / n_in)
            W = rng.uniform(-a, a, (n_out, n_in))
        layers.append((W, np.zeros(n_out)))
    return layers


# %% mutant="fixed_seed" cell="initial" loses=["test_initial"]
# Draws from a generator of its own instead of the given one.
def initial_layers(sizes, kind, rng):
    rng = np.random.default_rng(0)
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        if kind == "xavier":
            W = rng.normal(0, np.sqrt(2 / (n_in + n_out)), (n_out, n_in))
        else:
            a = np.sqrt(6 / n_in)
            W = rng.uniform(-a, a, (n_out, n_in))
        layers.append((W, np.zeros(n_out)))
    return layers


# %% mutant="slopes_by_differences" cell="activations" loses=["test_activations"]
# Differences the activation to the fourth order where its derivative is asked for.
def activate(kind, z):
    formulas = {
        "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0.0),
        "gelu": lambda z: z * (1 + np.tanh(0.851 * z)) / 2,
    }
    g, h = formulas[kind], 1e-3
    slope = (8 * (g(z + h) - g(z - h)) - g(z + 2 * h) + g(z - 2 * h)) / (12 * h)
    return g(z * 1.0), np.where(z == 0, 0.0, slope) if kind == "relu" else slope


# %% mutant="bce_by_differences" cell="bce" loses=["test_bce"]
# Differences the loss to the fourth order where its gradient is asked for.
def default_loss(z, y, kappa):
    def loss(z):
        return np.mean(kappa * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))

    h = 1e-3
    slopes = [
        (8 * (loss(z + h * e) - loss(z - h * e)) - loss(z + 2 * h * e) + loss(z - 2 * h * e))
        / (12 * h)
        for e in np.eye(len(z))
    ]
    return loss(z), np.array(slopes)


# %% mutant="softmax_by_differences" cell="softmax" loses=["test_softmax"]
# Differences the loss where its gradient is asked for.
def rating_loss(Z, c, eps):
    m, K = Z.shape

    def loss(Z):
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_P = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        Q = np.full((m, K), eps / K)
        Q[np.arange(m), c] += 1 - eps
        return -np.sum(Q * log_P) / m

    slopes, h = np.zeros((m, K)), 1e-3
    for place in np.ndindex(m, K):
        e = np.zeros((m, K))
        e[place] = h
        slopes[place] = (8 * (loss(Z + e) - loss(Z - e)) - loss(Z + 2 * e) + loss(Z - 2 * e)) / (
            12 * h
        )
    return loss(Z), slopes


# %% mutant="backward_by_differences" cell="backward" loses=["test_backward"]
# Moves each weight a little and runs the network forward, instead of going back through it.
def backward(layers, X, Zs, g, slope, D):
    def total(layers, X):
        for W, b in layers[:-1]:
            X = np.asarray(g(X @ W.T + b))
        return np.sum(D * (X @ layers[-1][0].T + layers[-1][1]))

    def differences(part, at):
        slopes = np.zeros(part.shape)
        for place in np.ndindex(part.shape):
            e = np.zeros(part.shape)
            e[place] = 1e-5
            slopes[place] = (at(part + e) - at(part - e)) / 2e-5
        return slopes

    gradients = []
    for k, (W, b) in enumerate(layers):
        if k:
            slope(Zs[k - 1])
        gradients.append(
            (
                differences(
                    W, lambda new, k=k, b=b: total(layers[:k] + [(new, b)] + layers[k + 1 :], X)
                ),
                differences(
                    b, lambda new, k=k, W=W: total(layers[:k] + [(W, new)] + layers[k + 1 :], X)
                ),
            )
        )
    return gradients, differences(X, lambda new: total(layers, new))


# %% mutant="negated_copies" cell="initial" loses=["test_initial"]
# Draws half of the neurons, and takes for the others the negatives of these, all but equal.
def initial_layers(sizes, kind, rng):
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        half = (n_out + 1) // 2
        if kind == "xavier":
            W = rng.normal(0, np.sqrt(2 / (n_in + n_out)), (half, n_in))
        else:
            a = np.sqrt(6 / n_in)
            W = rng.uniform(-a, a, (half, n_in))
        W = np.vstack([W, -W * (1 - 1e-7)])[:n_out]
        layers.append((W, np.zeros(n_out)))
    return layers
