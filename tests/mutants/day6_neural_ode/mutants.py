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

# %% mutant="time_stands_still" cell="euler" loses=["test_euler"]
# Takes every slope at the first date: the time is not advanced.
def euler_path(f, y0, times, policy):
    path = [y0]
    for i, u in enumerate(policy):
        path.append(path[i] + (times[i + 1] - times[i]) * f(times[0], path[i], u))
    return np.array(path)


# %% mutant="equal_steps" cell="euler" loses=["test_euler"]
# Takes the first gap for the length of every step.
def euler_path(f, y0, times, policy):
    h = times[1] - times[0]
    path = [y0]
    for i, u in enumerate(policy):
        path.append(path[i] + h * f(times[i], path[i], u))
    return np.array(path)


# %% mutant="start_changed" cell="euler" loses=["test_euler"]
# Walks with the caller's own array, which all rows of the path then share.
def euler_path(f, y0, times, policy):
    y, path = y0, [y0]
    for i, u in enumerate(policy):
        y += (times[i + 1] - times[i]) * f(times[i], y, u)
        path.append(y)
    return np.array(path)


# %% mutant="path_of_integers" cell="euler" loses=["test_euler"]
# Lets the path inherit the integers of y0.
def euler_path(f, y0, times, policy):
    path = np.zeros((len(times), len(y0)), dtype=y0.dtype)
    path[0] = y0
    for i, u in enumerate(policy):
        path[i + 1] = path[i] + (times[i + 1] - times[i]) * f(times[i], path[i], u)
    return path


# %% mutant="last_slope_half_way" cell="kutta" loses=["test_kutta"]
# Takes the fourth slope at two thirds of the step instead of at its end.
def kutta_step(f, t, y, u, h):
    k1 = f(t, y, u)
    k2 = f(t + h / 3, y + h / 3 * k1, u)
    k3 = f(t + 2 * h / 3, y + h * (k2 - k1 / 3), u)
    k4 = f(t + 2 * h / 3, y + h * (k1 - k2 + k3), u)
    return y + h / 8 * (k1 + 3 * k2 + 3 * k3 + k4)


# %% mutant="stages_without_time" cell="kutta" loses=["test_kutta"]
# Forgets that the slopes inside the step have later times.
def kutta_step(f, t, y, u, h):
    k1 = f(t, y, u)
    k2 = f(t, y + h / 3 * k1, u)
    k3 = f(t, y + h * (k2 - k1 / 3), u)
    k4 = f(t, y + h * (k1 - k2 + k3), u)
    return y + h / 8 * (k1 + 3 * k2 + 3 * k3 + k4)


# %% mutant="the_other_rule" cell="kutta" loses=["test_kutta"]
# Writes the classical Runge-Kutta rule from memory.
def kutta_step(f, t, y, u, h):
    k1 = f(t, y, u)
    k2 = f(t + h / 2, y + h / 2 * k1, u)
    k3 = f(t + h / 2, y + h / 2 * k2, u)
    k4 = f(t + h, y + h * k3, u)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


# %% mutant="slopes_again_and_again" cell="kutta" loses=["test_kutta"]
# Is right, but evaluates f anew wherever a slope is needed.
def kutta_step(f, t, y, u, h):
    k1 = lambda: f(t, y, u)
    k2 = lambda: f(t + h / 3, y + h / 3 * k1(), u)
    k3 = lambda: f(t + 2 * h / 3, y + h * (k2() - k1() / 3), u)
    k4 = lambda: f(t + h, y + h * (k1() - k2() + k3()), u)
    return y + h / 8 * (k1() + 3 * k2() + 3 * k3() + k4())


# %% mutant="finest_is_the_limit" cell="order" loses=["test_order"]
# Returns the finest run without extrapolating.
def order_and_limit(solve, n):
    coarse, middle, fine = solve(n), solve(2 * n), solve(4 * n)
    order = np.log2(np.linalg.norm(middle - coarse) / np.linalg.norm(fine - middle))
    return order, fine


# %% mutant="blocks_in_rounds" cell="residual" loses=["test_residual"]
# Runs through all blocks, and then again, instead of cutting each block.
def residual_net(x, layers, h, refine):
    for _ in range(refine):
        for W, b, V in layers:
            x = x + h / refine * np.tanh(x @ W + b) @ V
    return x


# %% mutant="steps_not_shorter" cell="residual" loses=["test_residual"]
# Repeats the blocks without making their steps shorter.
def residual_net(x, layers, h, refine):
    for W, b, V in layers:
        for _ in range(refine):
            x = x + h * np.tanh(x @ W + b) @ V
    return x


# %% mutant="adjoint_sign" cell="adjoint" loses=["test_adjoint"]
# Forgets the minus sign of the adjoint's equation.
def adjoint_rate(t, y, a, theta):
    W, w, b, V = theta
    s = np.tanh(y @ W + t * w + b)
    v = (V @ a) * (1 - s**2)
    return s @ V, W @ v, (-np.outer(y, v), -t * v, -v, -np.outer(s, a))


# %% mutant="tanh_not_differentiated" cell="adjoint" loses=["test_adjoint"]
# Leaves out the derivative of tanh.
def adjoint_rate(t, y, a, theta):
    W, w, b, V = theta
    s = np.tanh(y @ W + t * w + b)
    v = V @ a
    return s @ V, -W @ v, (-np.outer(y, v), -t * v, -v, -np.outer(s, a))


# %% mutant="gradient_transposed" cell="adjoint" loses=["test_adjoint"]
# Returns the parts of W and V transposed.
def adjoint_rate(t, y, a, theta):
    W, w, b, V = theta
    s = np.tanh(y @ W + t * w + b)
    v = (V @ a) * (1 - s**2)
    return s @ V, -W @ v, (-np.outer(v, y), -t * v, -v, -np.outer(a, s))


# %% mutant="walks_forward" cell="backward" loses=["test_backward"]
# Takes the step from the start to the end, the wrong direction.
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    d = len(y_end)

    def rates(t, state):
        wrt_y, wrt_theta = pull(t, state[:d], state[d : 2 * d])
        return np.concatenate([f(t, state[:d]), -wrt_y, -wrt_theta])

    h = (t_end - t_start) / n
    state = np.concatenate([y_end, a_end, 0 * pull(t_end, y_end, a_end)[1]])
    for i in range(n):
        state = classic_step(rates, t_end + i * h, state, h)
    return state[:d], state[d : 2 * d], state[2 * d :]


# %% mutant="gradient_not_added_up" cell="backward" loses=["test_backward"]
# Starts the gradient anew in each step, so that only the last step counts.
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    d = len(y_end)

    def rates(t, state):
        wrt_y, wrt_theta = pull(t, state[:d], state[d : 2 * d])
        return np.concatenate([f(t, state[:d]), -wrt_y, -wrt_theta])

    h = (t_start - t_end) / n
    state = np.concatenate([y_end, a_end])
    for i in range(n):
        date = t_end + i * h
        nothing = 0 * pull(date, state[:d], state[d : 2 * d])[1]
        state = classic_step(rates, date, np.concatenate([state[: 2 * d], nothing]), h)
    return state[:d], state[d : 2 * d], state[2 * d :]


# %% mutant="one_after_the_other" cell="backward" loses=["test_backward"]
# Moves the state first, and the adjoint with a frozen new state.
def go_back(f, pull, y_end, a_end, t_end, t_start, n):
    h = (t_start - t_end) / n
    y, a = y_end, a_end
    g = 0 * pull(t_end, y, a)[1]
    d = len(y)
    for i in range(n):
        date = t_end + i * h
        y = classic_step(f, date, y, h)

        def rates(t, z, y=y):
            wrt_y, wrt_theta = pull(t, y, z[:d])
            return np.concatenate([-wrt_y, -wrt_theta])

        z = classic_step(rates, date, np.concatenate([a, g]), h)
        a, g = z[:d], z[d:]
    return y, a, g


# %% mutant="only_the_last_observation" cell="jumps" loses=["test_jumps"]
# Lets only the last observation push the adjoint.
def observed_gradient(forward, backward, y0, times, targets):
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    a, g = errors[-1], 0
    for i in reversed(range(len(targets))):
        _, a, piece = backward(states[i + 1], a, times[i + 1], times[i])
        g = g + piece
    return np.sum(errors**2) / 2, a, g


# %% mutant="reconstructed_state" cell="jumps" loses=["test_jumps"]
# Goes on from the state that the trip back arrived at.
def observed_gradient(forward, backward, y0, times, targets):
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    y, a, g = states[-1], 0, 0
    for i in reversed(range(len(targets))):
        y, a, piece = backward(y, a + errors[i], times[i + 1], times[i])
        g = g + piece
    return np.sum(errors**2) / 2, a, g


# %% mutant="last_trip_only" cell="jumps" loses=["test_jumps"]
# Keeps only the gradient of the last trip: it is not accumulated.
def observed_gradient(forward, backward, y0, times, targets):
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    a = 0
    for i in reversed(range(len(targets))):
        _, a, g = backward(states[i + 1], a + errors[i], times[i + 1], times[i])
    return np.sum(errors**2) / 2, a, g


# %% mutant="gradient_as_long_as_the_state" cell="jumps" loses=["test_jumps"]
# Lets the gradient start as zeros of shape (d,) instead of (p,).
def observed_gradient(forward, backward, y0, times, targets):
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    a, g = np.zeros(len(y0)), np.zeros(len(y0))
    for i in reversed(range(len(targets))):
        _, a, piece = backward(states[i + 1], a + errors[i], times[i + 1], times[i])
        g = g + piece
    return np.sum(errors**2) / 2, a, g


# %% mutant="jump_after_the_trip" cell="jumps" loses=["test_jumps"]
# Adds each error only after the trip back from its date.
def observed_gradient(forward, backward, y0, times, targets):
    states = [y0]
    for i in range(len(targets)):
        states.append(forward(states[i], times[i], times[i + 1]))
    errors = np.array(states[1:]) - targets
    a, g = np.zeros(len(y0)), 0
    for i in reversed(range(len(targets))):
        _, a, piece = backward(states[i + 1], a, times[i + 1], times[i])
        a, g = a + errors[i], g + piece
    return np.sum(errors**2) / 2, a, g


# %% mutant="difference_quotient" cell="recover" loses=["test_recover"]
# Regresses the difference quotient: Euler's method read backward.
def recover_law(times, path):
    h = times[1] - times[0]
    return np.linalg.lstsq(path[:-1], np.diff(path, axis=0) / h)[0].T


# %% mutant="law_transposed" cell="recover" loses=["test_recover"]
# Forgets that a regression on rows finds the transpose.
def recover_law(times, path):
    return logm(np.linalg.lstsq(path[:-1], path[1:])[0]).real / (times[1] - times[0])


# %% mutant="logarithm_of_entries" cell="recover" loses=["test_recover"]
# Takes the logarithm of each entry instead of the matrix logarithm.
def recover_law(times, path):
    growth = np.linalg.lstsq(path[:-1], path[1:])[0].T
    return np.log(np.abs(growth)) / (times[1] - times[0])


# %% mutant="adjoint_by_differences" cell="adjoint" loses=["test_adjoint"]
# Differences the rate to the fourth order where the sums are to be worked out on paper.
def adjoint_rate(t, y, a, theta):
    def rate(y, W, w, b, V):
        return np.tanh(y @ W + t * w + b) @ V

    def minus_slope(place, h=1e-3):
        arguments = [np.array(part, dtype=float) for part in (y, *theta)]
        slopes = np.zeros(arguments[place].shape)
        for index in np.ndindex(slopes.shape):
            total = 0.0
            for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
                moved = [part.copy() for part in arguments]
                moved[place][index] += steps * h
                total = total + weight * (a @ rate(*moved))
            slopes[index] = -total / (12 * h)
        return slopes

    return rate(y, *theta), minus_slope(0), tuple(minus_slope(place) for place in (1, 2, 3, 4))
