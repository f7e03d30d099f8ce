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

# %% mutant="splits_loans" cell="split" loses=["test_split"]
# Shuffles the loans instead of the borrowers, so that a borrower is on both sides.
def split_borrowers(borrower, seed):
    rows = np.random.default_rng(seed).permutation(len(borrower))
    first = 7 * len(rows) // 10
    second = first + 2 * len(rows) // 10
    return np.sort(rows[:first]), np.sort(rows[first:second]), np.sort(rows[second:])


# %% mutant="split_not_random" cell="split" loses=["test_split"]
# Takes the borrowers in the order of their numbers.
def split_borrowers(borrower, seed):
    people = np.unique(borrower)
    first = 7 * len(people) // 10
    second = first + 2 * len(people) // 10
    parts = people[:first], people[first:second], people[second:]
    return tuple(np.flatnonzero(np.isin(borrower, part)) for part in parts)


# %% mutant="seven_tenths" cell="split" loses=["test_split"]
# Multiplies by 0.7, which the computer stores as a little less.
def split_borrowers(borrower, seed):
    people = np.random.default_rng(seed).permutation(np.unique(borrower))
    first = int(0.7 * len(people))
    second = first + int(0.2 * len(people))
    parts = people[:first], people[first:second], people[second:]
    return tuple(np.flatnonzero(np.isin(borrower, part)) for part in parts)


# %% mutant="standard_errors_divide_by_m" cell="ols" loses=["test_ols"]
# Divides the squared residuals by m, as if no coefficient had been estimated.
def ols(X, y):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    inverse = np.linalg.inv(table.T @ table)
    coefficients = inverse @ (table.T @ y)
    unexplained = np.sum((y - table @ coefficients) ** 2)
    return {
        "coefficients": coefficients,
        "standard_errors": np.sqrt(unexplained / m * np.diag(inverse)),
        "r2": 1 - unexplained / np.sum((y - np.mean(y)) ** 2),
    }


# %% mutant="ols_without_intercept" cell="ols" loses=["test_ols"]
# Forgets the column of ones in the fit, and reports an intercept of zero.
def ols(X, y):
    m, p = X.shape
    slopes = np.linalg.lstsq(X, y, rcond=None)[0]
    unexplained = np.sum((y - X @ slopes) ** 2)
    errors = np.sqrt(unexplained / (m - p) * np.diag(np.linalg.inv(X.T @ X)))
    return {
        "coefficients": np.concatenate([[0.0], slopes]),
        "standard_errors": np.concatenate([[0.0], errors]),
        "r2": 1 - unexplained / np.sum((y - np.mean(y)) ** 2),
    }


# %% mutant="entropy_as_on_the_slide" cell="entropy" loses=["test_entropy"]
# Forgets the minus sign, as the slide does.
def cross_entropy(logits, labels):
    below = logits - np.max(logits, axis=1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(below), axis=1))
    return np.mean(below[np.arange(len(labels)), labels] - log_sums)


# %% mutant="entropy_overflows" cell="entropy" loses=["test_entropy"]
# Calculates the probabilities first and takes their logarithm afterwards.
def cross_entropy(logits, labels):
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
        return -np.mean(np.log(p[np.arange(len(labels)), labels]))


# %% mutant="entropy_clipped" cell="entropy" loses=["test_entropy"]
# Cuts probabilities off at 1e-12, so that no error costs more than 27.6.
def cross_entropy(logits, labels):
    below = logits - np.max(logits, axis=1, keepdims=True)
    p = np.exp(below) / np.sum(np.exp(below), axis=1, keepdims=True)
    return -np.mean(np.log(np.clip(p[np.arange(len(labels)), labels], 1e-12, 1)))


# %% mutant="entropy_summed" cell="entropy" loses=["test_entropy"]
# Adds over the rows instead of taking the mean.
def cross_entropy(logits, labels):
    below = logits - np.max(logits, axis=1, keepdims=True)
    log_sums = np.log(np.sum(np.exp(below), axis=1))
    return np.sum(log_sums - below[np.arange(len(labels)), labels])


# %% mutant="plain_means" cell="step" loses=["test_step"]
# Forgets the deposits in the means, though not in the cost.
def lloyd_step(X, v, centres):
    squares = np.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    labels = np.argmin(squares, axis=1)
    new_centres = np.array(centres, dtype=float)
    for j in np.unique(labels):
        new_centres[j] = np.mean(X[labels == j], axis=0)
    return labels, np.sum(v * np.min(squares, axis=1)), new_centres


# %% mutant="empty_group_to_zero" cell="step" loses=["test_step"]
# Lets a centre without customers fall to the origin.
def lloyd_step(X, v, centres):
    squares = np.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    labels = np.argmin(squares, axis=1)
    new_centres = np.zeros(centres.shape)
    for j in np.unique(labels):
        new_centres[j] = np.average(X[labels == j], axis=0, weights=v[labels == j])
    return labels, np.sum(v * np.min(squares, axis=1)), new_centres


# %% mutant="cost_after_the_move" cell="step" loses=["test_step"]
# Reports the cost of the new centres.
def lloyd_step(X, v, centres):
    squares = np.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    labels = np.argmin(squares, axis=1)
    new_centres = np.array(centres, dtype=float)
    for j in np.unique(labels):
        new_centres[j] = np.average(X[labels == j], axis=0, weights=v[labels == j])
    gaps = X - new_centres[labels]
    return labels, np.sum(v * np.sum(gaps**2, axis=1)), new_centres


# %% mutant="best_on_the_way" cell="kmeans" loses=["test_kmeans"]
# Returns the run with the least cost anywhere on the way instead of at its end.
def k_means(step, starts, max_steps):
    runs = []
    for centres in starts:
        labels, costs = None, []
        for _ in range(max_steps):
            before = labels
            labels, cost, centres = step(centres)
            costs.append(cost)
            if before is not None and np.array_equal(labels, before):
                break
        runs.append((labels, costs, centres))
    return min(runs, key=lambda run: min(run[1]))


# %% mutant="never_converges" cell="kmeans" loses=["test_kmeans"]
# Always takes max_steps steps.
def k_means(step, starts, max_steps):
    runs = []
    for centres in starts:
        costs = []
        for _ in range(max_steps):
            labels, cost, centres = step(centres)
            costs.append(cost)
        runs.append((labels, costs, centres))
    return min(runs, key=lambda run: run[1][-1])


# %% mutant="scale_of_the_new" cell="polynomial" loses=["test_polynomial"]
# Scales the new values by their own smallest and largest value.
def fit_polynomial(x, y, degree, lam):
    def powers(values):
        low, high = np.min(values), np.max(values)
        width = high - low if high > low else 1.0
        return np.vander((2 * values - low - high) / width, degree + 1, increasing=True)

    table = powers(x)
    penalty = lam * np.eye(degree + 1)
    penalty[0, 0] = 0.0
    coefficients = np.linalg.solve(table.T @ table / len(x) + penalty, table.T @ y / len(x))
    return lambda x_new: powers(x_new) @ coefficients


# %% mutant="constant_penalised" cell="polynomial" loses=["test_polynomial"]
# Penalises c_0 along with the others, which pulls all predictions towards zero.
def fit_polynomial(x, y, degree, lam):
    low, high = np.min(x), np.max(x)

    def powers(values):
        return np.vander((2 * values - low - high) / (high - low), degree + 1, increasing=True)

    table = powers(x)
    penalty = lam * np.eye(degree + 1)
    coefficients = np.linalg.solve(table.T @ table / len(x) + penalty, table.T @ y / len(x))
    return lambda x_new: powers(x_new) @ coefficients


# %% mutant="penalty_not_per_example" cell="polynomial" loses=["test_polynomial"]
# Adds the penalty to the sum of squares where the mean is asked for.
def fit_polynomial(x, y, degree, lam):
    low, high = np.min(x), np.max(x)

    def powers(values):
        return np.vander((2 * values - low - high) / (high - low), degree + 1, increasing=True)

    table = powers(x)
    penalty = lam * np.eye(degree + 1)
    penalty[0, 0] = 0.0
    coefficients = np.linalg.solve(table.T @ table + penalty, table.T @ y)
    return lambda x_new: powers(x_new) @ coefficients


# %% mutant="last_weights" cell="early" loses=["test_early"]
# Returns the weights at which training ended instead of the best ones.
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    w, epoch = w0, 0
    best_epoch, record = 0, validate(w0)
    while epoch < max_epochs and epoch - best_epoch < patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < record - min_delta:
            best_epoch, record = epoch, loss
    return w, best_epoch, epoch


# %% mutant="compares_with_yesterday" cell="early" loses=["test_early"]
# Compares each epoch with the one before instead of with the record.
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    w, epoch = w0, 0
    best_w, best_epoch, before = w0, 0, validate(w0)
    while epoch < max_epochs and epoch - best_epoch < patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < before - min_delta:
            best_w, best_epoch = w, epoch
        before = loss
    return best_w, best_epoch, epoch


# %% mutant="patience_in_total" cell="early" loses=["test_early"]
# Counts all epochs without a record, not those in a row.
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    w, epoch, failures = w0, 0, 0
    best_w, best_epoch, record = w0, 0, validate(w0)
    while epoch < max_epochs and failures < patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < record - min_delta:
            best_w, best_epoch, record = w, epoch, loss
        else:
            failures += 1
    return best_w, best_epoch, epoch


# %% mutant="one_epoch_too_patient" cell="early" loses=["test_early"]
# Waits for one more epoch than patience allows.
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    w, epoch = w0, 0
    best_w, best_epoch, record = w0, 0, validate(w0)
    while epoch < max_epochs and epoch - best_epoch <= patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < record - min_delta:
            best_w, best_epoch, record = w, epoch, loss
    return best_w, best_epoch, epoch


# %% mutant="dropout_not_scaled" cell="dropout" loses=["test_dropout"]
# Does not divide what is kept, so that the mean shrinks.
def dropout(a, u, drop, upstream, training):
    factors = (u >= drop) * 1.0 if training else 1.0
    return a * factors, upstream * factors


# %% mutant="gradient_ignores_mask" cell="dropout" loses=["test_dropout"]
# Lets the gradient through where the activation was dropped.
def dropout(a, u, drop, upstream, training):
    factors = (u >= drop) / (1 - drop) if training else 1.0
    return a * factors, upstream * 1.0


# %% mutant="ties_lose" cell="auc" loses=["test_auc"]
# Gives nothing for equal scores.
def auc(y, scores):
    defaulted, sound = scores[y == 1], scores[y == 0]
    if len(defaulted) == 0 or len(sound) == 0:
        raise ValueError("the area needs a defaulted loan and a sound one")
    return np.mean(defaulted[:, None] > sound)


# %% mutant="no_pair_is_a_half" cell="auc" loses=["test_auc"]
# Returns one half where there is no pair to compare.
def auc(y, scores):
    defaulted, sound = scores[y == 1], scores[y == 0]
    if len(defaulted) == 0 or len(sound) == 0:
        return 0.5
    gaps = defaulted[:, None] - sound
    return np.mean((np.sign(gaps) + 1) / 2)


# %% mutant="split_by_first_appearance" cell="split" loses=["test_split"]
# Shuffles the loans and takes the borrowers as they turn up, so that many loans mean an early place.
def split_borrowers(borrower, seed):
    shuffled = borrower[np.random.default_rng(seed).permutation(len(borrower))]
    _, first_seen = np.unique(shuffled, return_index=True)
    people = shuffled[np.sort(first_seen)]
    first = 7 * len(people) // 10
    second = first + 2 * len(people) // 10
    parts = people[:first], people[first:second], people[second:]
    return tuple(np.flatnonzero(np.isin(borrower, part)) for part in parts)


# %% mutant="split_of_ten_orders" cell="split" loses=["test_split"]
# Uses the last digit of the seed only, so that ten orders come up again and again.
def split_borrowers(borrower, seed):
    people = np.random.default_rng(seed % 10).permutation(np.unique(borrower))
    first = 7 * len(people) // 10
    second = first + 2 * len(people) // 10
    parts = people[:first], people[first:second], people[second:]
    return tuple(np.flatnonzero(np.isin(borrower, part)) for part in parts)


# %% mutant="ols_cuts_singular_values" cell="ols" loses=["test_ols"]
# Takes small singular values for zero, and with them the slope of calendar years.
def ols(X, y):
    m, p = X.shape
    table = np.column_stack([np.ones(m), X])
    back = np.linalg.pinv(table, rcond=1e-3)
    coefficients = back @ y
    unexplained = np.sum((y - table @ coefficients) ** 2)
    return {
        "coefficients": coefficients,
        "standard_errors": np.sqrt(unexplained / (m - p - 1) * np.sum(back**2, axis=1)),
        "r2": 1 - unexplained / np.sum((y - np.mean(y)) ** 2),
    }


# %% mutant="nearly_equal_distances" cell="step" loses=["test_step"]
# Rounds the distances, so that a customer goes to the lower number although it is farther away.
def lloyd_step(X, v, centres):
    squares = np.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=2)
    labels = np.argmax(squares <= np.min(squares, axis=1, keepdims=True) + 1e-6, axis=1)
    new_centres = np.array(centres, dtype=float)
    for j in np.unique(labels):
        new_centres[j] = np.average(X[labels == j], axis=0, weights=v[labels == j])
    return labels, np.sum(v * np.min(squares, axis=1)), new_centres


# %% mutant="sizes_repeat" cell="kmeans" loses=["test_kmeans"]
# Stops when the sizes of the groups are those of the step before, whoever is in them.
def k_means(step, starts, max_steps):
    runs = []
    for centres in starts:
        labels, costs = None, []
        for _ in range(max_steps):
            before = labels
            labels, cost, centres = step(centres)
            costs.append(cost)
            if before is not None and np.array_equal(np.sort(labels), np.sort(before)):
                break
        runs.append((labels, costs, centres))
    return min(runs, key=lambda run: run[1][-1])


# %% mutant="labels_seen_before" cell="kmeans" loses=["test_kmeans"]
# Stops when the labels are those of any earlier step, not of the one before.
def k_means(step, starts, max_steps):
    runs = []
    for centres in starts:
        seen, costs = [], []
        for _ in range(max_steps):
            labels, cost, centres = step(centres)
            costs.append(cost)
            if any(np.array_equal(labels, before) for before in seen):
                break
            seen.append(labels)
        runs.append((labels, costs, centres))
    return min(runs, key=lambda run: run[1][-1])


# %% mutant="tiny_records_ignored" cell="early" loses=["test_early"]
# Asks for a little more than min_delta, against rounding errors.
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    w, epoch = w0, 0
    best_w, best_epoch, record = w0, 0, validate(w0)
    while epoch < max_epochs and epoch - best_epoch < patience:
        w, epoch = update(w), epoch + 1
        loss = validate(w)
        if loss < record - min_delta - 1e-9:
            best_w, best_epoch, record = w, epoch, loss
    return best_w, best_epoch, epoch
