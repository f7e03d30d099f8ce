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

# %% mutant="warm_up_from_zero" cell="schedule" loses=["test_schedule"]
# Starts the warm-up at 0, so that the first update is wasted.
def learning_rate(t, peak, last, W, T):
    if t < W:
        return peak * t / W
    share = min((t - W) / (T - W), 1)
    return last + (peak - last) / 2 * (1 + np.cos(np.pi * share))


# %% mutant="cosine_rises_again" cell="schedule" loses=["test_schedule"]
# Forgets that the rate stays at its last value after the end.
def learning_rate(t, peak, last, W, T):
    if t < W:
        return peak * (t + 1) / W
    return last + (peak - last) / 2 * (1 + np.cos(np.pi * (t - W) / (T - W)))


# %% mutant="rate_inside_average" cell="momentum" loses=["test_momentum"]
# Averages the steps instead of the gradients: with a schedule this is the table's momentum.
def momentum_path(gradient, w0, etas, mu):
    path = [np.array(w0, dtype=float)]
    v = np.zeros(len(w0))
    for eta in etas:
        v = mu * v + (1 - mu) * eta * gradient(path[-1])
        path.append(path[-1] - v)
    return np.array(path)


# %% mutant="heavy_ball" cell="momentum" loses=["test_momentum"]
# Writes the table's momentum, without the factor 1 - μ.
def momentum_path(gradient, w0, etas, mu):
    path = [np.array(w0, dtype=float)]
    v = np.zeros(len(w0))
    for eta in etas:
        v = mu * v + gradient(path[-1])
        path.append(path[-1] - eta * v)
    return np.array(path)


# %% mutant="one_array_many_times" cell="momentum" loses=["test_momentum"]
# Changes one array in place and appends it every time.
def momentum_path(gradient, w0, etas, mu):
    w = np.array(w0, dtype=float)
    path, u = [w], np.zeros(len(w0))
    for eta in etas:
        u = mu * u + (1 - mu) * gradient(w)
        w -= eta * u
        path.append(w)
    return np.array(path)


# %% mutant="gradient_at_x" cell="nesterov" loses=["test_nesterov"]
# Takes the gradient where it is instead of ahead: plain momentum.
def nesterov(gradient, x0, eta, n):
    path, ahead = [np.array(x0, dtype=float)], []
    for k in range(n):
        ahead.append(path[-1] + k / (k + 3) * (path[-1] - path[max(k - 1, 0)]))
        path.append(ahead[-1] - eta * gradient(path[-1]))
    return np.array(path), np.array(ahead)


# %% mutant="looks_back" cell="nesterov" loses=["test_nesterov"]
# The slide's sign.
def nesterov(gradient, x0, eta, n):
    path, ahead = [np.array(x0, dtype=float)], []
    for k in range(n):
        ahead.append(path[-1] - k / (k + 3) * (path[-1] - path[max(k - 1, 0)]))
        path.append(ahead[-1] - eta * gradient(ahead[-1]))
    return np.array(path), np.array(ahead)


# %% mutant="step_from_x" cell="nesterov" loses=["test_nesterov"]
# Evaluates ahead, but starts the step where it is.
def nesterov(gradient, x0, eta, n):
    path, ahead = [np.array(x0, dtype=float)], []
    for k in range(n):
        ahead.append(path[-1] + k / (k + 3) * (path[-1] - path[max(k - 1, 0)]))
        path.append(path[-1] - eta * gradient(ahead[-1]))
    return np.array(path), np.array(ahead)


# %% mutant="delta_inside_root" cell="adagrad" loses=["test_adagrad"]
# Puts δ where the slide has its ε.
def adagrad_step(w, g, A, eta, delta):
    A = A + g**2
    size = np.sqrt(A + delta)
    return w - eta * g / np.where(size > 0, size, 1), A


# %% mutant="zero_over_zero" cell="adagrad" loses=["test_adagrad"]
# Divides by zero where a weight has never had a gradient.
def adagrad_step(w, g, A, eta, delta):
    A = A + g**2
    with np.errstate(invalid="ignore"):
        return w - eta * g / (delta + np.sqrt(A)), A


# %% mutant="old_sum" cell="adagrad" loses=["test_adagrad"]
# Divides by the sum before the newest gradient.
def adagrad_step(w, g, A, eta, delta):
    size = delta + np.sqrt(A)
    return w - eta * g / np.where(size > 0, size, 1), A + g**2


# %% mutant="not_centred" cell="rmsprop" loses=["test_rmsprop"]
# Divides by the root of the mean square.
def centred_rmsprop(grads, eta, beta, eps):
    square, moves = np.zeros(grads.shape[1]), []
    for g in grads:
        square = beta * square + (1 - beta) * g**2
        moves.append(-eta * g / np.sqrt(square + eps))
    return np.array(moves)


# %% mutant="eps_outside" cell="rmsprop" loses=["test_rmsprop"]
# Adds ε to the root.
def centred_rmsprop(grads, eta, beta, eps):
    mean, square, moves = np.zeros(grads.shape[1]), np.zeros(grads.shape[1]), []
    for g in grads:
        square = beta * square + (1 - beta) * g**2
        mean = beta * mean + (1 - beta) * g
        moves.append(-eta * g / (np.sqrt(square - mean**2) + eps))
    return np.array(moves)


# %% mutant="compounded" cell="adamw" loses=["test_adamw"]
# The slide's error: remembers the corrected moments.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = state.get("k", 0) + 1
    after, memory = {}, {"k": k}
    for name, w in weights.items():
        g, (m, v) = grads[name], state.get(name, (0, 0))
        m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**k)
        v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**k)
        decay = lam if np.ndim(w) >= 2 else 0
        after[name] = w - eta * (m / (np.sqrt(v) + eps) + decay * w)
        memory[name] = m, v
    return after, memory


# %% mutant="counts_per_array" cell="adamw" loses=["test_adamw"]
# Counts an update for every array of the dict.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = state.get("k", 0)
    after, memory = {}, {}
    for name, w in weights.items():
        k += 1
        g, (m, v) = grads[name], state.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        after[name] = w - eta * (move + (lam if np.ndim(w) >= 2 else 0) * w)
        memory[name] = m, v
    memory["k"] = k
    return after, memory


# %% mutant="decay_through_moments" cell="adamw" loses=["test_adamw"]
# Adds λw to the gradient, as Adam with an L2 penalty does.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = state.get("k", 0) + 1
    after, memory = {}, {"k": k}
    for name, w in weights.items():
        g, (m, v) = grads[name] + (lam if np.ndim(w) >= 2 else 0) * w, state.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        after[name] = w - eta * m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        memory[name] = m, v
    return after, memory


# %% mutant="decays_biases" cell="adamw" loses=["test_adamw"]
# Decays every array.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = state.get("k", 0) + 1
    after, memory = {}, {"k": k}
    for name, w in weights.items():
        g, (m, v) = grads[name], state.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        after[name] = w - eta * (move + lam * w)
        memory[name] = m, v
    return after, memory


# %% mutant="one_memory_for_all" cell="adamw" loses=["test_adamw"]
# Keeps the state in a dict of its own, which all callers share.
memory_of_all = {}


def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = memory_of_all["k"] = memory_of_all.get("k", 0) + 1
    after = {}
    for name, w in weights.items():
        g, (m, v) = grads[name], memory_of_all.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        after[name] = w - eta * (move + (lam if np.ndim(w) >= 2 else 0) * w)
        memory_of_all[name] = m, v
    return after, {}


# %% mutant="real_part" cell="growth" loses=["test_growth", "test_limit"]
# Takes the largest real part, which for momentum is not the modulus.
def growth(update, a):
    columns = update(1.0, 0.0, a), update(0.0, 1.0, a)
    return np.linalg.eigvals(np.array(columns)).real.max()


# %% mutant="twenty_halvings" cell="limit" loses=["test_limit"]
# Halves twenty times, which is enough for an interval of length 1 only.
def stable_limit(update, high):
    if growth(update, high) < 1:
        return high
    low = 0.0
    for _ in range(20):
        middle = (low + high) / 2
        if growth(update, middle) < 1:
            low = middle
        else:
            high = middle
    return high


# %% mutant="no_look_at_high" cell="limit" loses=["test_limit"]
# Bisects although there is nothing to find, and so gives the end only up to the tolerance.
def stable_limit(update, high):
    low = 0.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if growth(update, middle) < 1:
            low = middle
        else:
            high = middle
    return low


# %% mutant="constant_gradient_only" cell="detector" loses=["test_detector"]
# Looks only whether a constant gradient gives moves of η.
def is_adam(candidate):
    moves = candidate(np.ones((10, 2)), 0.1, 0.9, 0.999, 0.0)
    return bool(np.allclose(moves, -0.1))


# %% mutant="default_settings" cell="detector" loses=["test_detector"]
# Compares at the usual settings, where ε is too small to show and ignored settings are right.
def is_adam(candidate):
    grads = np.random.default_rng(1).normal(size=(10, 3))
    right = library_adam(grads, 0.1, 0.9, 0.99, 1e-7)
    return bool(np.allclose(candidate(grads, 0.1, 0.9, 0.99, 1e-7), right))


# %% mutant="nan_passes" cell="detector" loses=["test_detector"]
# Asks whether the difference is large, which it never is when it is nan.
def is_adam(candidate):
    grads = np.random.default_rng(1).normal(size=(10, 3))
    settings = 0.3, 0.6, 0.8, 0.3
    gap = np.abs(np.asarray(candidate(grads, *settings)) - library_adam(grads, *settings))
    return not bool((gap > 1e-8).any())


# %% mutant="one_weight" cell="detector" loses=["test_detector"]
# Looks at one weight, where there is nothing to mix.
def is_adam(candidate):
    grads = np.random.default_rng(1).normal(size=(10, 1))
    settings = 0.3, 0.6, 0.8, 0.3
    return bool(np.allclose(candidate(grads, *settings), library_adam(grads, *settings)))


# %% mutant="repaired_afterwards" cell="adagrad" loses=["test_adagrad"]
# Divides 0 by 0 and puts a 0 where nan came out.
def adagrad_step(w, g, A, eta, delta):
    A = A + g**2
    return w - np.nan_to_num(eta * g / (delta + np.sqrt(A))), A


# %% mutant="columns_are_biases" cell="adamw" loses=["test_adamw"]
# Takes a kernel with one column for a bias, and does not decay it.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k, past = state.get("k", 0) + 1, state.get("moments", {})
    after, moments = {}, {}
    for name, w in weights.items():
        g, (m, v) = grads[name], past.get(name, (0, 0))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        decay = lam if np.ndim(w) >= 2 and np.shape(w)[-1] > 1 else 0
        after[name] = w - eta * (move + decay * w)
        moments[name] = m, v
    return after, {"k": k, "moments": moments}


# %% mutant="count_beside_the_names" cell="adamw" loses=["test_adamw"]
# Keeps the count of updates where an array of the same name would stand.
def adamw_step(weights, grads, state, eta, beta1, beta2, eps, lam):
    k = state.get("t", 0) + 1
    after, memory = {}, {"t": k}
    for name, w in weights.items():
        g, (m, v) = grads[name], state.get(name, (0, 0)) if state else (0, 0)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**k) / (np.sqrt(v / (1 - beta2**k)) + eps)
        decay = lam if np.ndim(w) >= 2 else 0
        after[name] = w - eta * (move + decay * w)
        memory[name] = m, v
    return after, memory


# %% mutant="two_updates" cell="detector" loses=["test_detector"]
# Looks at the first two updates only.
def is_adam(candidate):
    grads = np.random.default_rng(0).normal(size=(2, 3))
    settings = 0.5, 0.6, 0.8, 0.3
    return bool(np.allclose(candidate(grads, *settings), library_adam(grads, *settings)))
