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

# %% mutant="physicists" cell="hermite" loses=["test_hermite", "test_features"]
# Takes the other Hermite polynomials, whose recursion has 2x and 2p.
def hermite(x, D):
    values, slopes = np.zeros((len(x), D + 1)), np.zeros((len(x), D + 1))
    values[:, 0] = 1
    for p in range(D):
        values[:, p + 1] = 2 * x * values[:, p] - 2 * p * values[:, p - 1]
        slopes[:, p + 1] = 2 * (p + 1) * values[:, p]
    return values, slopes


# %% mutant="slope_shifted" cell="hermite" loses=["test_hermite", "test_features"]
# Writes the slope of degree p with the polynomial of degree p.
def hermite(x, D):
    values, slopes = np.zeros((len(x), D + 1)), np.zeros((len(x), D + 1))
    values[:, 0] = 1
    for p in range(D):
        values[:, p + 1] = x * values[:, p] - p * values[:, p - 1]
        slopes[:, p + 1] = (p + 1) * values[:, p + 1]
    return values, slopes


# %% mutant="like_x" cell="hermite" loses=["test_hermite"]
# Begins with two columns, also where degree 0 asks for one.
def hermite(x, D):
    values, slopes = [np.ones(len(x)), x], [np.zeros(len(x)), np.ones(len(x))]
    for p in range(1, D):
        values.append(x * values[p] - p * values[p - 1])
        slopes.append((p + 1) * values[p])
    return np.column_stack(values), np.column_stack(slopes)


# %% mutant="divides_by_x" cell="features" loses=["test_features"]
# Divides by x, as the source does: wrong at x = 0, and wrong for Hermite polynomials.
def features(X, P):
    m, n = X.shape
    Phi = np.ones((m, len(P)))
    for j in range(n):
        Phi *= hermite(X[:, j], P.max())[0][:, P[:, j]]
    return Phi, Phi[:, :, None] * P / (X[:, None, :] + 1e-8)


# %% mutant="zero_slope_at_zero" cell="features" loses=["test_features"]
# Divides the function by its factor to put the slope in, and repairs the nan at 0 with 0.
def features(X, P):
    m, n = X.shape
    tables = [hermite(X[:, j], P.max()) for j in range(n)]
    Phi = np.ones((m, len(P)))
    for j in range(n):
        Phi = Phi * tables[j][0][:, P[:, j]]
    DPhi = np.zeros((m, len(P), n))
    for j in range(n):
        values, slopes = tables[j][0][:, P[:, j]], tables[j][1][:, P[:, j]]
        DPhi[:, :, j] = np.where(values == 0, 0, Phi * slopes / np.where(values == 0, 1, values))
    return Phi, DPhi


# %% mutant="only_own_factor" cell="features" loses=["test_features"]
# Forgets the other factors in the product rule.
def features(X, P):
    m, n = X.shape
    Phi, DPhi = np.ones((m, len(P))), np.ones((m, len(P), n))
    for j in range(n):
        values, slopes = hermite(X[:, j], P.max())
        Phi *= values[:, P[:, j]]
        DPhi[:, :, j] = slopes[:, P[:, j]]
    return Phi, DPhi


# %% mutant="slope_of_a_call" cell="put" loses=["test_put"]
# Gives the slopes the sign of a call.
def put_labels(X, shocks, a, K):
    y, Z = 0.0, 0.0
    for path in (X + shocks, X - shocks):
        basket = path @ a
        y = y + np.maximum(K - basket, 0) / 2
        Z = Z + np.outer(basket < K, a) / 2
    return y, Z


# %% mutant="one_path" cell="put" loses=["test_put"]
# Forgets the path with the opposite shock.
def put_labels(X, shocks, a, K):
    basket = (X + shocks) @ a
    return np.maximum(K - basket, 0), -np.outer(basket < K, a)


# %% mutant="average_then_pay" cell="put" loses=["test_put"]
# Averages the two paths before it pays, which cancels the shocks.
def put_labels(X, shocks, a, K):
    basket = (X + shocks + X - shocks) @ a / 2
    return np.maximum(K - basket, 0), -np.outer(basket < K, a)


# %% mutant="penalises_constant" cell="ridge" loses=["test_ridge", "test_cv"]
# Penalises the constant, too.
def ridge_fit(Phi, y, lam):
    return np.linalg.solve(Phi.T @ Phi + lam * np.eye(Phi.shape[1]), Phi.T @ y)


# %% mutant="mean_not_sum" cell="ridge" loses=["test_ridge", "test_cv"]
# Takes the mean of the squared errors and leaves the penalty as it is.
def ridge_fit(Phi, y, lam):
    penalty = lam * np.eye(Phi.shape[1])
    penalty[0, 0] = 0
    return np.linalg.solve(Phi.T @ Phi / len(y) + penalty, Phi.T @ y / len(y))


# %% mutant="tests_what_it_saw" cell="cv" loses=["test_cv"]
# Fits to all rows, the fold included.
def cross_validate(Phi, y, lams, folds):
    errors = np.array([np.mean((y - Phi @ ridge_fit(Phi, y, lam)) ** 2) for lam in lams])
    return errors, lams[np.argmin(errors)]


# %% mutant="mean_of_folds" cell="cv" loses=["test_cv"]
# Averages the errors of the folds, as if all were of one length.
def cross_validate(Phi, y, lams, folds):
    errors = np.zeros(len(lams))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y)), fold)
        for i, lam in enumerate(lams):
            beta = ridge_fit(Phi[others], y[others], lam)
            errors[i] += np.mean((y[fold] - Phi[fold] @ beta) ** 2) / len(folds)
    return errors, lams[np.argmin(errors)]


# %% mutant="fits_the_fold" cell="cv" loses=["test_cv"]
# Fits to the fold and predicts the others.
def cross_validate(Phi, y, lams, folds):
    errors = np.zeros(len(lams))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y)), fold)
        for i, lam in enumerate(lams):
            beta = np.linalg.pinv(Phi[fold]) @ y[fold]
            errors[i] += np.sum((y[others] - Phi[others] @ beta) ** 2) / len(y)
    return errors, lams[np.argmin(errors)]


# %% mutant="number_of_the_best" cell="cv" loses=["test_cv"]
# Returns the number of the best penalty instead of the penalty.
def cross_validate(Phi, y, lams, folds):
    errors = np.zeros(len(lams))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(y)), fold)
        for i, lam in enumerate(lams):
            beta = ridge_fit(Phi[others], y[others], lam)
            errors[i] += np.sum((y[fold] - Phi[fold] @ beta) ** 2) / len(y)
    return errors, int(np.argmin(errors))


# %% mutant="weight_without_root" cell="differential" loses=["test_differential"]
# Multiplies the rows by the weight instead of its root, so that it counts squared.
def differential_fit(Phi, DPhi, y, Z, w):
    rows, labels = [Phi], [y]
    for j in range(Z.shape[1]):
        size = np.mean(Z[:, j] ** 2)
        if size > 0:
            root = w * np.mean(y**2) / size
            rows.append(root * DPhi[:, :, j])
            labels.append(root * Z[:, j])
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels))[0]


# %% mutant="variance" cell="differential" loses=["test_differential"]
# Takes the library"s variance of y for the mean square.
def differential_fit(Phi, DPhi, y, Z, w):
    rows, labels = [Phi], [y]
    for j in range(Z.shape[1]):
        size = np.mean(Z[:, j] ** 2)
        if size > 0:
            root = np.sqrt(w * np.var(y) / size)
            rows.append(root * DPhi[:, :, j])
            labels.append(root * Z[:, j])
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels))[0]


# %% mutant="alpha_inverted" cell="differential" loses=["test_differential"]
# Turns the quotient of the mean squares round.
def differential_fit(Phi, DPhi, y, Z, w):
    rows, labels = [Phi], [y]
    for j in range(Z.shape[1]):
        size = np.mean(Z[:, j] ** 2)
        if size > 0:
            root = np.sqrt(w * size / np.mean(y**2))
            rows.append(root * DPhi[:, :, j])
            labels.append(root * Z[:, j])
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels))[0]


# %% mutant="labels_unweighted" cell="differential" loses=["test_differential"]
# Weights the rows and not their labels.
def differential_fit(Phi, DPhi, y, Z, w):
    rows, labels = [Phi], [y]
    for j in range(Z.shape[1]):
        size = np.mean(Z[:, j] ** 2)
        if size > 0:
            root = np.sqrt(w * np.mean(y**2) / size)
            rows.append(root * DPhi[:, :, j])
            labels.append(Z[:, j])
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels))[0]


# %% mutant="divides_by_zero" cell="differential" loses=["test_differential"]
# Forgets that all slopes of an asset may be 0.
def differential_fit(Phi, DPhi, y, Z, w):
    with np.errstate(all="ignore"):
        root = np.sqrt(w * np.mean(y**2) / np.mean(Z**2, axis=0))
    rows = np.concatenate([Phi, *(root[j] * DPhi[:, :, j] for j in range(Z.shape[1]))])
    return np.linalg.pinv(rows) @ np.concatenate([y, *(root * Z).T])


# %% mutant="no_ravel" cell="rmse" loses=["test_rmse"]
# Subtracts what it is given, and so makes a table of a row and a column.
def rmse(predicted, truth):
    if np.size(predicted) != np.size(truth):
        raise ValueError("sizes differ")
    return np.sqrt(np.mean((np.asarray(predicted) - np.asarray(truth)) ** 2))


# %% mutant="broadcasts_one" cell="rmse" loses=["test_rmse"]
# Does not look at the sizes, and compares everything with a single number.
def rmse(predicted, truth):
    return np.sqrt(np.mean((np.ravel(predicted) - np.ravel(truth)) ** 2))


# %% mutant="jump" cell="bonus" loses=["test_bonus"]
# Pays at once when the basket passes K.
def soft_bonus(s, K, h):
    return (s > K) * 1.0, (np.abs(s - K) < h) / (2 * h)


# %% mutant="half_the_width" cell="bonus" loses=["test_bonus"]
# Takes h for the whole width.
def soft_bonus(s, K, h):
    return np.clip((s - K) / h + 0.5, 0, 1), (np.abs(s - K) < h / 2) / h


# %% mutant="slope_everywhere" cell="bonus" loses=["test_bonus"]
# Forgets to cut the slope off outside.
def soft_bonus(s, K, h):
    return np.clip((s - K + h) / (2 * h), 0, 1), np.full(len(s), 1 / (2 * h))


# %% mutant="hermite_by_differences" cell="hermite" loses=["test_hermite"]
# Differences the polynomials where their derivatives are asked for.
def hermite(x, D):
    def values(x):
        table = np.zeros((len(x), D + 1))
        table[:, 0] = 1
        for p in range(D):
            table[:, p + 1] = x * table[:, p] - p * table[:, p - 1]
        return table

    return values(x), (values(x + 1e-5) - values(x - 1e-5)) / 2e-5


# %% mutant="put_by_differences" cell="put" loses=["test_put"]
# Differences the payoffs where their slopes are asked for.
def put_labels(X, shocks, a, K):
    def value(X):
        return sum(np.maximum(K - path @ a, 0) for path in (X + shocks, X - shocks)) / 2

    h = 1e-6
    slopes = [(value(X + h * e) - value(X - h * e)) / (2 * h) for e in np.eye(len(a))]
    return value(X), np.stack(slopes, axis=1)


# %% mutant="bonus_by_differences" cell="bonus" loses=["test_bonus"]
# Differences the payoff where its slope is asked for.
def soft_bonus(s, K, h):
    def value(s):
        return np.clip((s - K + h) / (2 * h), 0, 1)

    return value(s), (value(s + 1e-7) - value(s - 1e-7)) / 2e-7
