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

# %% mutant="sum_not_mean" cell="loss" loses=["test_loss"]
# Sums the squared errors instead of averaging them over the houses.
def ridge_loss(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.sum(errors**2) / 2 + lam / 2 * np.sum(theta[1:] ** 2)


# %% mutant="loss_without_half" cell="loss" loses=["test_loss"]
# Forgets the factor one half of the squared errors.
def ridge_loss(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.mean(errors**2) + lam / 2 * np.sum(theta[1:] ** 2)


# %% mutant="penalty_without_half" cell="loss" loses=["test_loss"]
# Forgets the factor one half of the penalty.
def ridge_loss(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.mean(errors**2) / 2 + lam * np.sum(theta[1:] ** 2)


# %% mutant="loss_penalises_intercept" cell="loss" loses=["test_loss"]
# Penalises the intercept along with the slopes.
def ridge_loss(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.mean(errors**2) / 2 + lam / 2 * np.sum(theta**2)


# %% mutant="penalty_averaged" cell="loss" loses=["test_loss"]
# Divides the penalty by the number of houses as well.
def ridge_loss(theta, X, y, lam):
    m = len(y)
    errors = theta[0] + X @ theta[1:] - y
    return (np.sum(errors**2) + lam * np.sum(theta[1:] ** 2)) / (2 * m)


# %% mutant="intercept_last" cell="loss" loses=["test_loss"]
# Takes the last parameter for the intercept.
def ridge_loss(theta, X, y, lam):
    errors = X @ theta[:-1] + theta[-1] - y
    return np.mean(errors**2) / 2 + lam / 2 * np.sum(theta[:-1] ** 2)


# %% mutant="column_minus_row" cell="loss" loses=["test_loss"]
# Subtracts a vector from a column, which broadcasts to every house's price minus every other's.
def ridge_loss(theta, X, y, lam):
    slopes = np.reshape(theta[1:], (-1, 1))
    errors = theta[0] + X @ slopes - y
    return np.mean(errors**2) / 2 + lam / 2 * np.sum(slopes**2)


# %% mutant="loss_centres_y_in_place" cell="loss" loses=["test_loss"]
# Subtracts the prediction from the caller's own y to save an array.
def ridge_loss(theta, X, y, lam):
    y -= theta[0] + X @ theta[1:]
    return np.mean(y**2) / 2 + lam / 2 * np.sum(theta[1:] ** 2)


# %% mutant="gradient_keeps_two" cell="gradient" loses=["test_gradient"]
# Differentiates the square but forgets the one half that cancels the two.
def ridge_gradient(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    slopes = 2 * X.T @ errors / len(y) + lam * theta[1:]
    return np.concatenate([[2 * errors.mean()], slopes])


# %% mutant="gradient_sign" cell="gradient" loses=["test_gradient"]
# Takes the errors as data minus model and keeps the formula of the other sign.
def ridge_gradient(theta, X, y, lam):
    errors = y - (theta[0] + X @ theta[1:])
    return np.concatenate([[errors.mean()], X.T @ errors / len(y) + lam * theta[1:]])


# %% mutant="gradient_without_m" cell="gradient" loses=["test_gradient"]
# Sums over the houses without dividing by their number.
def ridge_gradient(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.concatenate([[errors.sum()], X.T @ errors + lam * theta[1:]])


# %% mutant="gradient_penalises_intercept" cell="gradient" loses=["test_gradient"]
# Adds lambda times theta to every entry, the bias column's included.
def ridge_gradient(theta, X, y, lam):
    table = np.column_stack([np.ones(len(y)), X])
    return table.T @ (table @ theta - y) / len(y) + lam * theta


# %% mutant="gradient_penalty_halved" cell="gradient" loses=["test_gradient"]
# Copies the one half of the penalty into its derivative.
def ridge_gradient(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    return np.concatenate([[errors.mean()], X.T @ errors / len(y) + lam / 2 * theta[1:]])


# %% mutant="gradient_truncated" cell="gradient" loses=["test_gradient"]
# Fills an array shaped like theta, which cuts off the decimals when theta holds integers.
def ridge_gradient(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    gradient = np.zeros_like(theta)
    gradient[0] = errors.mean()
    for j in range(1, len(theta)):
        gradient[j] = (errors * X[:, j - 1]).mean() + lam * theta[j]
    return gradient


# %% mutant="gradient_as_column" cell="gradient" loses=["test_gradient"]
# Returns a column of shape (p + 1, 1) instead of a vector.
def ridge_gradient(theta, X, y, lam):
    errors = theta[0] + X @ theta[1:] - y
    slopes = X.T @ errors / len(y) + lam * theta[1:]
    return np.concatenate([[errors.mean()], slopes]).reshape(-1, 1)


# %% mutant="ascent" cell="descend" loses=["test_descend"]
# Adds the gradient and so climbs.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta + eta * slope
        path.append(theta)
    return np.array(path)


# %% mutant="step_before_gradient" cell="descend" loses=["test_descend"]
# Computes the gradient once, before the loop, and steps along it for ever.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    slope = gradient(theta)
    for _ in range(max_steps):
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta - eta * slope
        path.append(theta)
    return np.array(path)


# %% mutant="stale_gradient" cell="descend" loses=["test_descend"]
# Steps first and computes the gradient afterwards, one step late.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    slope = np.zeros_like(theta)
    for _ in range(max_steps):
        theta = theta - eta * slope
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        path.append(theta)
    return np.array(path)


# %% mutant="returns_first_iterate" cell="descend" loses=["test_descend"]
# Returns from inside the loop, after the first step.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta - eta * slope
        path.append(theta)
        return np.array(path)
    return np.array(path)


# %% mutant="returns_last_iterate" cell="descend" loses=["test_descend"]
# Returns where descent ended instead of the path.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta - eta * slope
    return theta


# %% mutant="path_without_start" cell="descend" loses=["test_descend"]
# Leaves theta0 out of the path.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = []
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta = theta - eta * slope
        path.append(theta)
    return np.array(path)


# %% mutant="same_array_many_times" cell="descend" loses=["test_descend"]
# Changes one array in place and appends it again and again.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta -= eta * slope
        path.append(theta)
    return np.array(path)


# %% mutant="theta0_changed" cell="descend" loses=["test_descend"]
# Walks with the caller's own array, so that theta0 is gone afterwards.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.asarray(theta0, dtype=float)
    path = [theta.copy()]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.linalg.norm(slope) <= tol:
            break
        theta -= eta * slope
        path.append(theta.copy())
    return np.array(path)


# %% mutant="path_of_integers" cell="descend" loses=["test_descend"]
# Lets the path inherit the integers of theta0, which truncates every iterate.
def descend(gradient, theta0, eta, max_steps, tol):
    path = np.zeros((max_steps + 1, len(theta0)), dtype=theta0.dtype)
    path[0] = theta0
    for t in range(max_steps):
        slope = gradient(path[t])
        if np.linalg.norm(slope) <= tol:
            return path[: t + 1]
        path[t + 1] = path[t] - eta * slope
    return path


# %% mutant="tolerance_after_step" cell="descend" loses=["test_descend"]
# Checks the tolerance only after the step, so that one step too many is taken.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        theta = theta - eta * slope
        path.append(theta)
        if np.linalg.norm(slope) <= tol:
            break
    return np.array(path)


# %% mutant="norm_squared" cell="descend" loses=["test_descend"]
# Compares the squared length of the gradient with the tolerance.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    for _ in range(max_steps):
        slope = gradient(theta)
        if np.dot(slope, slope) <= tol:
            break
        theta = theta - eta * slope
        path.append(theta)
    return np.array(path)


# %% mutant="one_step_short" cell="descend" loses=["test_descend"]
# Takes max_steps for the number of points on the path.
def descend(gradient, theta0, eta, max_steps, tol):
    theta = np.array(theta0, dtype=float)
    path = [theta]
    while len(path) < max_steps and np.linalg.norm(gradient(theta)) > tol:
        theta = theta - eta * gradient(theta)
        path.append(theta)
    return np.array(path)


# %% mutant="each_its_own_scale" cell="standardise" loses=["test_standardise"]
# Scales the new houses by their own mean and standard deviation, which leaks.
def standardise(X_train, X_new):
    scaled = []
    for X in (X_train, X_new):
        deviation = X.std(axis=0)
        scaled.append((X - X.mean(axis=0)) / np.where(deviation == 0, 1.0, deviation))
    return tuple(scaled)


# %% mutant="divide_by_variance" cell="standardise" loses=["test_standardise"]
# Divides by the variance instead of the standard deviation.
def standardise(X_train, X_new):
    mean, variance = X_train.mean(axis=0), X_train.var(axis=0)
    variance = np.where(variance == 0, 1.0, variance)
    return (X_train - mean) / variance, (X_new - mean) / variance


# %% mutant="sample_deviation" cell="standardise" loses=["test_standardise"]
# Uses the standard deviation with m - 1, as a spreadsheet does.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0, ddof=1)
    deviation = np.where(deviation == 0, 1.0, deviation)
    return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="one_mean_for_all" cell="standardise" loses=["test_standardise"]
# Takes mean and standard deviation over the whole table instead of feature by feature.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(), X_train.std()
    deviation = deviation if deviation > 0 else 1.0
    return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="constant_feature" cell="standardise" loses=["test_standardise"]
# Divides by zero where all training houses are alike.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    with np.errstate(all="ignore"):
        return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="smallest_eigenvalue" cell="stable_step" loses=["test_stable_step"]
# Takes the flattest direction for the one that decides.
def largest_stable_step(X, lam):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    penalty = lam * np.eye(p + 1)
    penalty[0, 0] = 0.0
    return 2 / np.linalg.eigvalsh(table.T @ table / m + penalty).min()


# %% mutant="hessian_without_m" cell="stable_step" loses=["test_stable_step"]
# Leaves out the factor 1/m of the second derivatives.
def largest_stable_step(X, lam):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    penalty = lam * np.eye(p + 1)
    penalty[0, 0] = 0.0
    return 2 / np.linalg.eigvalsh(table.T @ table + penalty).max()


# %% mutant="one_over_lambda" cell="stable_step" loses=["test_stable_step"]
# Returns 1/λ_max, which is safe but half of the largest step.
def largest_stable_step(X, lam):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    penalty = lam * np.eye(p + 1)
    penalty[0, 0] = 0.0
    return 1 / np.linalg.eigvalsh(table.T @ table / m + penalty).max()


# %% mutant="hessian_without_intercept" cell="stable_step" loses=["test_stable_step"]
# Forgets that the intercept moves too.
def largest_stable_step(X, lam):
    m, p = X.shape
    return 2 / np.linalg.eigvalsh(X.T @ X / m + lam * np.eye(p)).max()


# %% mutant="hessian_penalises_intercept" cell="stable_step" loses=["test_stable_step"]
# Adds lambda to the whole diagonal, the bias column's entry included.
def largest_stable_step(X, lam):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    return 2 / np.linalg.eigvalsh(table.T @ table / m + lam * np.eye(p + 1)).max()


# %% mutant="trace_for_eigenvalue" cell="stable_step" loses=["test_stable_step"]
# Takes the largest entry on the diagonal of H for its largest eigenvalue.
def largest_stable_step(X, lam):
    return 2 / max(1.0, (np.mean(X**2, axis=0) + lam).max())


# %% mutant="armijo_sign" cell="armijo" loses=["test_armijo"]
# Adds the promised decrease instead of subtracting it, so that the loss may rise.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here + eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="any_decrease" cell="armijo" loses=["test_armijo"]
# Is content with any decrease of the loss.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here = f(theta)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) < here:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="missing_shrink" cell="armijo" loses=["test_armijo"]
# Tries the same step size over and over.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, eta = f(theta), eta0
    for _ in range(max_shrinks + 1):
        theta_new = theta - eta * g
        if f(theta_new) <= here - c * eta * np.dot(g, g):
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="promise_without_eta" cell="armijo" loses=["test_armijo"]
# Asks for the same decrease however short the step is.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="length_not_squared" cell="armijo" loses=["test_armijo"]
# Uses the length of the gradient where its square belongs.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.linalg.norm(g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="accepts_nan" cell="armijo" loses=["test_armijo"]
# Shrinks while the loss is too high, which nan never is, and so steps out of the domain.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise, eta = f(theta), c * np.dot(g, g), eta0
    for _ in range(max_shrinks):
        if not f(theta - eta * g) > here - eta * promise:
            break
        eta = eta * shrink
    if f(theta - eta * g) > here - eta * promise:
        return 0.0, theta.copy()
    return eta, theta - eta * g


# %% mutant="one_shrink_short" cell="armijo" loses=["test_armijo"]
# Tries max_shrinks step sizes, one less than asked.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="one_shrink_too_many" cell="armijo" loses=["test_armijo"]
# Shrinks once more after a step size was found good.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise, eta = f(theta), c * np.dot(g, g), eta0
    for _ in range(max_shrinks + 1):
        good = f(theta - eta * g) <= here - eta * promise
        eta = eta * shrink
        if good:
            return eta, theta - eta * g
    return 0.0, theta.copy()


# %% mutant="last_candidate_anyway" cell="armijo" loses=["test_armijo"]
# Takes the shortest step even if it does not satisfy the condition.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - eta * promise:
            break
    return eta, theta_new


# %% mutant="theta_walks_along" cell="armijo" loses=["test_armijo"]
# Tries every candidate from where the refused one had led.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise, theta_new = f(theta), c * np.dot(g, g), theta
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta_new - eta * g
        if f(theta_new) <= here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="dropped_remainder" cell="minibatches" loses=["test_minibatches"]
# Drops the rows that do not fill a batch.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for b in range(len(y) // batch_size):
            rows = order[b * batch_size : (b + 1) * batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="shuffled_separately" cell="minibatches" loses=["test_minibatches"]
# Shuffles rows and targets by two different orders.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        X_mixed, y_mixed = X[rng.permutation(len(y))], y[rng.permutation(len(y))]
        for first in range(0, len(y), batch_size):
            rows = slice(first, first + batch_size)
            batches.append((X_mixed[rows], y_mixed[rows]))
    return batches


# %% mutant="no_reshuffle" cell="minibatches" loses=["test_minibatches"]
# Draws one order and repeats it in every epoch.
def minibatches(X, y, batch_size, epochs, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    batches = []
    for _ in range(epochs):
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="reseeded_every_epoch" cell="minibatches" loses=["test_minibatches"]
# Makes the generator anew in every epoch, from the same seed.
def minibatches(X, y, batch_size, epochs, seed):
    batches = []
    for _ in range(epochs):
        order = np.random.default_rng(seed).permutation(len(y))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="no_shuffle" cell="minibatches" loses=["test_minibatches"]
# Cuts the data into batches without shuffling.
def minibatches(X, y, batch_size, epochs, seed):
    return [
        (X[first : first + batch_size], y[first : first + batch_size])
        for _ in range(epochs)
        for first in range(0, len(y), batch_size)
    ]


# %% mutant="only_batches_shuffled" cell="minibatches" loses=["test_minibatches"]
# Cuts first and shuffles the batches, so that the same rows always travel together.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    parts = [order[first : first + batch_size] for first in range(0, len(y), batch_size)]
    batches = []
    for _ in range(epochs):
        full = rng.permutation(len(y) // batch_size)
        for b in [*full, *range(len(full), len(parts))]:
            batches.append((X[parts[b]], y[parts[b]]))
    return batches


# %% mutant="with_replacement" cell="minibatches" loses=["test_minibatches"]
# Draws every batch at random from all rows, so that some come twice and some never.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        for first in range(0, len(y), batch_size):
            rows = rng.integers(0, len(y), min(batch_size, len(y) - first))
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="data_shuffled_in_place" cell="minibatches" loses=["test_minibatches"]
# Shuffles the caller's arrays, in step but in place.
def minibatches(X, y, batch_size, epochs, seed):
    batches = []
    for epoch in range(epochs):
        for data in (X, y):
            np.random.default_rng([seed, epoch]).shuffle(data)
        for first in range(0, len(y), batch_size):
            rows = slice(first, first + batch_size)
            batches.append((X[rows].copy(), y[rows].copy()))
    return batches


# %% mutant="seed_ignored" cell="minibatches" loses=["test_minibatches"]
# Makes the generator without the seed, so that nothing can be repeated.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng()
    batches = []
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="seed_42" cell="minibatches" loses=["test_minibatches"]
# Puts in a favourite seed instead of the one that is given.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(42)
    batches = []
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="schedule_from_one" cell="sgd" loses=["test_sgd"]
# Counts the steps from one, so that the first step is already shrunk.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches, start=1):
        theta = theta - eta0 / (1 + kappa * t) * gradient(theta, X_batch, y_batch)
        total = total + theta
    return theta, total / len(batches)


# %% mutant="schedule_compounded" cell="sgd" loses=["test_sgd"]
# Divides the already shrunk step again at every step.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta, eta = np.array(theta0, dtype=float), eta0
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches):
        eta = eta / (1 + kappa * t)
        theta = theta - eta * gradient(theta, X_batch, y_batch)
        total = total + theta
    return theta, total / len(batches)


# %% mutant="constant_schedule" cell="sgd" loses=["test_sgd"]
# Forgets that the steps shrink.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for X_batch, y_batch in batches:
        theta = theta - eta0 * gradient(theta, X_batch, y_batch)
        total = total + theta
    return theta, total / len(batches)


# %% mutant="average_with_start" cell="sgd" loses=["test_sgd"]
# Counts the starting point into the average.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    path = [np.array(theta0, dtype=float)]
    for t, (X_batch, y_batch) in enumerate(batches):
        path.append(path[-1] - eta0 / (1 + kappa * t) * gradient(path[-1], X_batch, y_batch))
    return path[-1], np.mean(path, axis=0)


# %% mutant="average_before_step" cell="sgd" loses=["test_sgd"]
# Adds the iterate to the average before the step instead of after it.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches):
        total = total + theta
        theta = theta - eta0 / (1 + kappa * t) * gradient(theta, X_batch, y_batch)
    return theta, total / len(batches)


# %% mutant="gradient_at_start" cell="sgd" loses=["test_sgd"]
# Evaluates every gradient at theta0.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches):
        theta = theta - eta0 / (1 + kappa * t) * gradient(theta0, X_batch, y_batch)
        total = total + theta
    return theta, total / len(batches)


# %% mutant="gradient_at_average" cell="sgd" loses=["test_sgd"]
# Goes on from the average instead of from the last iterate.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = mean = np.array(theta0, dtype=float)
    for t, (X_batch, y_batch) in enumerate(batches):
        theta = mean - eta0 / (1 + kappa * t) * gradient(mean, X_batch, y_batch)
        mean = (t * mean + theta) / (t + 1)
    return theta, mean


# %% mutant="sgd_changes_start" cell="sgd" loses=["test_sgd"]
# Walks with the caller's own array.
def averaged_sgd(gradient, theta0, batches, eta0, kappa):
    theta = np.asarray(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, (X_batch, y_batch) in enumerate(batches):
        theta -= eta0 / (1 + kappa * t) * gradient(theta, X_batch, y_batch)
        total += theta
    return theta, total / len(batches)


# %% mutant="divides_by_number_of_loans" cell="logit_hand" loses=["test_logit_hand"]
# Divides by the number of loans instead of the sum of their weights.
def default_gradient(theta, X, y, v):
    surprise = v * (1 / (1 + np.exp(-theta[0] - X @ theta[1:])) - y) / len(y)
    return np.concatenate([[surprise.sum()], X.T @ surprise])


# %% mutant="hand_ignores_weights" cell="logit_hand" loses=["test_logit_hand"]
# Lets every loan count alike.
def default_gradient(theta, X, y, v):
    surprise = (1 / (1 + np.exp(-theta[0] - X @ theta[1:])) - y) / len(y)
    return np.concatenate([[surprise.sum()], X.T @ surprise])


# %% mutant="hand_sign" cell="logit_hand" loses=["test_logit_hand"]
# Returns the gradient of the log-likelihood, which is to be maximised.
def default_gradient(theta, X, y, v):
    surprise = v * (y - 1 / (1 + np.exp(-theta[0] - X @ theta[1:]))) / np.sum(v)
    return np.concatenate([[surprise.sum()], X.T @ surprise])


# %% mutant="score_for_probability" cell="logit_hand" loses=["test_logit_hand"]
# Uses the score where the probability belongs, as in a linear model.
def default_gradient(theta, X, y, v):
    surprise = v * (theta[0] + X @ theta[1:] - y) / np.sum(v)
    return np.concatenate([[surprise.sum()], X.T @ surprise])


# %% mutant="sigma_of_minus_z" cell="logit_hand" loses=["test_logit_hand"]
# Loses the minus sign in the exponent of the logistic function.
def default_gradient(theta, X, y, v):
    surprise = v * (1 / (1 + np.exp(theta[0] + X @ theta[1:])) - y) / np.sum(v)
    return np.concatenate([[surprise.sum()], X.T @ surprise])


# %% mutant="log_of_rounded_probability" cell="logit_tape" loses=["test_logit_tape"]
# Takes logarithms of probabilities that round to 0 or 1 at large scores.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y, v = (tf.constant(data, dtype=tf.float64) for data in (X, y, v))
    with tf.GradientTape() as tape:
        probability = tf.sigmoid(variable[0] + tf.linalg.matvec(X, variable[1:]))
        log_likelihood = y * tf.math.log(probability) + (1 - y) * tf.math.log(1 - probability)
        loss = -tf.reduce_sum(v * log_likelihood) / tf.reduce_sum(v)
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="single_precision" cell="logit_tape" loses=["test_logit_tape"]
# Works in float32, TensorFlow's habit.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float32)
    X, y, v = (tf.constant(data, dtype=tf.float32) for data in (X, y, v))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        loss = tf.reduce_sum(v * (tf.math.softplus(z) - y * z)) / tf.reduce_sum(v)
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="tape_averages_over_loans" cell="logit_tape" loses=["test_logit_tape"]
# Takes the mean over the loans of the weighted losses.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y, v = (tf.constant(data, dtype=tf.float64) for data in (X, y, v))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        loss = tf.reduce_mean(v * (tf.math.softplus(z) - y * z))
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="tape_ignores_weights" cell="logit_tape" loses=["test_logit_tape"]
# Lets every loan count alike.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y = (tf.constant(data, dtype=tf.float64) for data in (X, y))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        loss = tf.reduce_mean(tf.math.softplus(z) - y * z)
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="numpy_inside_tape" cell="logit_tape" loses=["test_logit_tape"]
# Computes with NumPy inside the tape, which records nothing of it.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    with tf.GradientTape() as tape:
        z = variable.numpy()[0] + X @ variable.numpy()[1:]
        loss = tf.constant(np.sum(v * (np.logaddexp(0, z) - y * z)) / np.sum(v))
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="labels_and_logits_swapped" cell="logit_tape" loses=["test_logit_tape"]
# Hands labels and scores to TensorFlow's cross-entropy the wrong way round.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y, v = (tf.constant(data, dtype=tf.float64) for data in (X, y, v))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=y)
        loss = tf.reduce_sum(v * losses) / tf.reduce_sum(v)
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="kink_at_zero" cell="logit_tape" loses=["test_logit_tape"]
# Writes the loss with a maximum and an absolute value, whose kink at z = 0 spoils the gradient there.
def default_tape(theta, X, y, v):
    variable = tf.Variable(theta, dtype=tf.float64)
    X, y, v = (tf.constant(data, dtype=tf.float64) for data in (X, y, v))
    with tf.GradientTape() as tape:
        z = variable[0] + tf.linalg.matvec(X, variable[1:])
        losses = tf.maximum(z, 0.0) + tf.math.log1p(tf.exp(-tf.abs(z))) - y * z
        loss = tf.reduce_sum(v * losses) / tf.reduce_sum(v)
    return float(loss), tape.gradient(loss, variable).numpy()


# %% mutant="gradient_by_differences" cell="gradient" loses=["test_gradient"]
# Differences the loss, with the best step for a quadratic, where derivatives are asked for.
def ridge_gradient(theta, X, y, lam):
    table = np.column_stack([np.ones(len(y)), X])

    def loss(t):
        return np.mean((table @ t - y) ** 2) / 2 + lam / 2 * np.sum(t[1:] ** 2)

    return np.array([(loss(theta + e) - loss(theta - e)) / 2 for e in np.eye(len(theta))])


# %% mutant="deviation_compared_with_zero" cell="standardise" loses=["test_standardise"]
# Compares the rounded deviation with 0, which the deviation of six times 0.7 is not.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    deviation = np.where(deviation == 0, 1.0, deviation)
    return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="small_deviation_cut" cell="standardise" loses=["test_standardise"]
# Takes every feature that varies by less than a thousandth for constant.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    deviation = np.where(deviation < 1e-3, 1.0, deviation)
    return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="deviation_cut_relative" cell="standardise" loses=["test_standardise"]
# Takes a feature for constant that varies by less than a billionth of its size.
def standardise(X_train, X_new):
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    deviation = np.where(deviation <= 1e-9 * np.abs(mean), 1.0, deviation)
    return (X_train - mean) / deviation, (X_new - mean) / deviation


# %% mutant="armijo_strict" cell="armijo" loses=["test_armijo"]
# Asks for less where the condition asks for at most, and finds no step where the gradient is 0.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) < here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="armijo_gives_up_at_zero" cell="armijo" loses=["test_armijo"]
# Returns a step of 0 where the gradient is 0, although every step satisfies the condition.
def armijo_step(f, g, theta, eta0, shrink, c, max_shrinks):
    here, promise = f(theta), c * np.dot(g, g)
    for k in range(max_shrinks + 1 if promise > 0 else 0):
        eta = eta0 * shrink**k
        theta_new = theta - eta * g
        if f(theta_new) <= here - eta * promise:
            return eta, theta_new
    return 0.0, theta.copy()


# %% mutant="rolled" cell="minibatches" loses=["test_minibatches"]
# Begins the old order at a random row instead of shuffling.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    m, batches = len(y), []
    start = rng.permutation(np.arange(1, m)) if m > 1 else np.zeros(1, dtype=int)
    for epoch in range(epochs):
        order = np.roll(np.arange(m), start[epoch % len(start)])
        for first in range(0, m, batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="sorted_by_price" cell="minibatches" loses=["test_minibatches"]
# Sorts the rows by y and begins at a random one.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        order = np.roll(np.argsort(y), rng.integers(len(y)))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="lazy_shuffle" cell="minibatches" loses=["test_minibatches"]
# Exchanges a few rows with their neighbours, so that late rows stay late.
def minibatches(X, y, batch_size, epochs, seed):
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(epochs):
        order = np.argsort(np.arange(len(y)) + rng.uniform(0, 4, len(y)))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            batches.append((X[rows], y[rows]))
    return batches


# %% mutant="hand_by_differences" cell="logit_hand" loses=["test_logit_hand"]
# Differences the loss where a derivation is asked for, to the fourth order.
def default_gradient(theta, X, y, v):
    def loss(t):
        z = t[0] + X @ t[1:]
        return np.sum(v * (np.logaddexp(0, z) - y * z)) / np.sum(v)

    h = 1e-3
    return np.array(
        [
            (8 * (loss(theta + h * e) - loss(theta - h * e)) - loss(theta + 2 * h * e)
             + loss(theta - 2 * h * e)) / (12 * h)
            for e in np.eye(len(theta))
        ]
    )  # fmt: skip


# %% mutant="tape_without_tape" cell="logit_tape" loses=["test_logit_tape"]
# Differences the loss to the fourth order, and lets no tape differentiate anything.
def default_tape(theta, X, y, v):
    def loss(t):
        z = t[0] + X @ t[1:]
        return np.sum(v * (np.logaddexp(0, z) - y * z)) / np.sum(v)

    h = 1e-3
    slopes = [
        (8 * (loss(theta + h * e) - loss(theta - h * e)) - loss(theta + 2 * h * e)
         + loss(theta - 2 * h * e)) / (12 * h)
        for e in np.eye(len(theta))
    ]  # fmt: skip
    return loss(theta), np.array(slopes)
