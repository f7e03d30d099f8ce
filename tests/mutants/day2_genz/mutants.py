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

# %% mutant="b_of_the_wrong_family" cell="normalise" loses=["test_normalise"]
# Counts the families from zero.
def normalise(j, c, w):
    b = [1.5, len(c), 1.85, 7.03, 20.4, 4.3, 0.0][j]
    return b * c / np.sum(c), w / np.sum(w)


# %% mutant="b_two_is_two" cell="normalise" loses=["test_normalise"]
# Takes the d in the table for the two of the first example.
def normalise(j, c, w):
    b = [1.5, 2, 1.85, 7.03, 20.4, 4.3][j - 1]
    return b * c / np.sum(c), w / np.sum(w)


# %% mutant="two_point_nought_four" cell="normalise" loses=["test_normalise"]
# Uses the 2.04 that other codes have for the fifth family.
def normalise(j, c, w):
    b = [1.5, len(c), 1.85, 7.03, 2.04, 4.3][j - 1]
    return b * c / np.sum(c), w / np.sum(w)


# %% mutant="normalised_in_place" cell="normalise" loses=["test_normalise"]
# Scales the caller's own arrays.
def normalise(j, c, w):
    b = [1.5, len(c), 1.85, 7.03, 20.4, 4.3][j - 1]
    c *= b / np.sum(c)
    w /= np.sum(w)
    return c, w


# %% mutant="idle_variables_not_counted" cell="normalise" loses=["test_normalise"]
# Leaves the variables with c = 0 out of d.
def normalise(j, c, w):
    b = [1.5, np.count_nonzero(c), 1.85, 7.03, 20.4, 4.3][j - 1]
    return b * c / np.sum(c), w / np.sum(w)


# %% mutant="square_lost_in_the_gaussian" cell="smooth" loses=["test_smooth"]
# Weights the squares of the Gaussian by c instead of c squared.
def smooth(j, X, c, w):
    if j == 1:
        return np.cos(2 * np.pi * w[0] + X @ c)
    if j == 2:
        return np.prod(1 / (1 + c**2 * (X - w) ** 2), axis=1)
    if j == 3:
        return (1.0 + X @ c) ** -(len(c) + 1)
    return np.exp(-((X - w) ** 2) @ c)


# %% mutant="all_w_in_the_phase" cell="smooth" loses=["test_smooth"]
# Shifts the oscillation by the sum of all w instead of the first.
def smooth(j, X, c, w):
    if j == 1:
        return np.cos(2 * np.pi * np.sum(w) + X @ c)
    if j == 2:
        return np.prod(1 / (1 + c**2 * (X - w) ** 2), axis=1)
    if j == 3:
        return (1.0 + X @ c) ** -(len(c) + 1)
    return np.exp(-((X - w) ** 2) @ c**2)


# %% mutant="scale_of_the_slide" cell="smooth" loses=["test_smooth"]
# Writes the product peak as on the slide, with another scale and a division by zero.
def smooth(j, X, c, w):
    if j == 1:
        return np.cos(2 * np.pi * w[0] + X @ c)
    if j == 2:
        with np.errstate(divide="ignore"):
            return np.prod(1 / (1 / np.square(c, dtype=float) + (X - w) ** 2), axis=1)
    if j == 3:
        return (1.0 + X @ c) ** -(len(c) + 1)
    return np.exp(-((X - w) ** 2) @ c**2)


# %% mutant="power_d" cell="smooth" loses=["test_smooth"]
# Raises the corner peak to -d instead of -(d + 1).
def smooth(j, X, c, w):
    if j == 1:
        return np.cos(2 * np.pi * w[0] + X @ c)
    if j == 2:
        return np.prod(1 / (1 + c**2 * (X - w) ** 2), axis=1)
    if j == 3:
        return (1.0 + X @ c) ** -len(c)
    return np.exp(-((X - w) ** 2) @ c**2)


# %% mutant="and_for_or" cell="rough" loses=["test_rough"]
# Lets both variables be beyond their thresholds before the function is 0.
def rough(j, X, c, w):
    if j == 5:
        return np.exp(-np.abs(X - w) @ c)
    beyond = (X[:, 0] > w[0]) & (X[:, 1] > w[1])
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))


# %% mutant="jump_in_every_variable" cell="rough" loses=["test_rough"]
# Asks all variables to be below their thresholds.
def rough(j, X, c, w):
    if j == 5:
        return np.exp(-np.abs(X - w) @ c)
    beyond = np.any(X > w, axis=1)
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))


# %% mutant="edge_lost" cell="rough" loses=["test_rough"]
# Counts the points on the edge as beyond it.
def rough(j, X, c, w):
    if j == 5:
        return np.exp(-np.abs(X - w) @ c)
    beyond = (X[:, 0] >= w[0]) | (X[:, 1] >= w[1])
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))


# %% mutant="absolute_value_of_the_sum" cell="rough" loses=["test_rough"]
# Takes the absolute value after the sum over the variables.
def rough(j, X, c, w):
    if j == 5:
        return np.exp(-np.abs((X - w) @ c))
    beyond = (X[:, 0] > w[0]) | (X[:, 1] > w[1])
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))


# %% mutant="tested_on_training_points" cell="points" loses=["test_points"]
# Draws training and test points from two generators with the same seed.
def points(n, n_test, d, seed):
    train = np.random.default_rng(seed)
    test = np.random.default_rng(seed)
    return train.random((n, d)), test.random((n_test, d))


# %% mutant="next_seed_for_the_test" cell="points" loses=["test_points"]
# Uses the next seed for the test points, which are then the training points of that seed.
def points(n, n_test, d, seed):
    train = np.random.default_rng(seed)
    test = np.random.default_rng(seed + 1)
    return train.random((n, d)), test.random((n_test, d))


# %% mutant="one_stream" cell="points" loses=["test_points"]
# Draws one after the other from one generator, so that the test points change with n.
def points(n, n_test, d, seed):
    rng = np.random.default_rng(seed)
    return rng.random((n, d)), rng.random((n_test, d))


# %% mutant="sign_kept" cell="errors" loses=["test_errors"]
# Forgets the absolute value, so that errors of both signs cancel.
def error_measures(truth, prediction):
    errors = np.ravel(prediction) - truth
    mean, median = abs(errors.mean()), np.median(truth)
    measures = {"mean": mean, "max": abs(errors).max(), "per_std": np.nan, "per_constant": np.nan}
    if np.ptp(truth) > 0:
        measures["per_std"] = mean / np.std(truth)
        measures["per_constant"] = mean / np.mean(np.abs(truth - median))
    return measures


# %% mutant="column_minus_row" cell="errors" loses=["test_errors"]
# Subtracts predictions as they come: a column minus a row is a table.
def error_measures(truth, prediction):
    errors = np.abs(prediction - truth)
    mean, median = errors.mean(), np.median(truth)
    measures = {"mean": mean, "max": errors.max(), "per_std": np.nan, "per_constant": np.nan}
    if np.ptp(truth) > 0:
        measures["per_std"] = mean / np.std(truth)
        measures["per_constant"] = mean / np.mean(np.abs(truth - median))
    return measures


# %% mutant="new_points_not_scaled" cell="surrogate" loses=["test_surrogate"]
# Asks the network at points in the units of the model.
def surrogate(train, X, y, low, high):
    mean, scale = np.mean(y), np.std(y)
    if np.ptp(y) == 0:
        scale = 1.0
    net = train(2 * (X - low) / (high - low) - 1, ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(X_new)[:, 0]


# %% mutant="box_of_the_sample" cell="surrogate" loses=["test_surrogate"]
# Scales by the smallest and largest point that it happens to see.
def surrogate(train, X, y, low, high):
    low, high = X.min(axis=0), X.max(axis=0)
    mean, scale = np.mean(y), np.std(y)
    if np.ptp(y) == 0:
        scale = 1.0

    def to_network(points):
        return 2 * (points - low) / (high - low) - 1

    net = train(to_network(X), ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(to_network(X_new))[:, 0]


# %% mutant="deviation_of_equal_values" cell="surrogate" loses=["test_surrogate"]
# Recognises equal values by a deviation of 0, which rounding can make 1e-16.
def surrogate(train, X, y, low, high):
    mean, scale = np.mean(y), np.std(y)
    if scale == 0:
        scale = 1.0

    def to_network(points):
        return 2 * (points - low) / (high - low) - 1

    net = train(to_network(X), ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(to_network(X_new))[:, 0]


# %% mutant="one_seed_for_all" cell="study" loses=["test_study"]
# Runs the first seed only, and calls it a median.
def study(run, dims, sizes, seeds):
    errors = np.array([[[run(d, n, seed) for seed in seeds[:1]] for n in sizes] for d in dims])
    summary = np.stack([np.median(errors, axis=2), errors.min(axis=2), errors.max(axis=2)], axis=2)
    return {"mean": summary[:, :, :, 0], "max": summary[:, :, :, 1]}


# %% mutant="mean_for_median" cell="study" loses=["test_study"]
# Averages over the seeds, so that one failed fit decides.
def study(run, dims, sizes, seeds):
    errors = np.array([[[run(d, n, seed) for seed in seeds] for n in sizes] for d in dims])
    summary = np.stack([np.mean(errors, axis=2), errors.min(axis=2), errors.max(axis=2)], axis=2)
    return {"mean": summary[:, :, :, 0], "max": summary[:, :, :, 1]}


# %% mutant="slope_not_rate" cell="rate" loses=["test_rate"]
# Returns the slope itself.
def rate(sizes, errors):
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


# %% mutant="power_of_the_mean" cell="support" loses=["test_support"]
# Puts the mean volume into the power instead of averaging the powers.
def support(d, n, draws, seed):
    w = np.random.default_rng(seed).random((draws, d))
    w = w / w.sum(axis=1, keepdims=True)
    v = w[:, 0] * w[:, 1]
    return v.mean(), v.std(ddof=1) / np.sqrt(draws), (1 - v.mean()) ** n


# %% mutant="distant_seed_for_the_test" cell="points" loses=["test_points"]
# Takes the seed plus a million for the test: the training points of another seed.
def points(n, n_test, d, seed):
    train = np.random.default_rng(seed)
    test = np.random.default_rng(seed + 1_000_000)
    return train.random((n, d)), test.random((n_test, d))


# %% mutant="mirrored_seed_for_the_test" cell="points" loses=["test_points"]
# Counts the seeds of the tests from the other end.
def points(n, n_test, d, seed):
    train = np.random.default_rng(seed)
    test = np.random.default_rng(2**32 - 1 - seed)
    return train.random((n, d)), test.random((n_test, d))


# %% mutant="zero_at_the_end" cell="points" loses=["test_points"]
# Puts the purpose last, where a zero does not count.
def points(n, n_test, d, seed):
    train = np.random.default_rng(seed)
    test = np.random.default_rng([seed, 0])
    return train.random((n, d)), test.random((n_test, d))


# %% mutant="edge_with_tolerance" cell="rough" loses=["test_rough"]
# Takes a point for one on the edge that is beyond it by a billionth.
def rough(j, X, c, w):
    if j == 5:
        return np.exp(-np.abs(X - w) @ c)
    beyond = (X[:, 0] > w[0] + 1e-9) | (X[:, 1] > w[1] + 1e-9)
    top = np.concatenate([w[:2], np.ones(len(w) - 2)])
    return np.where(beyond, 0.0, np.exp((X - top) @ c))


# %% mutant="small_deviation_is_none" cell="errors" loses=["test_errors"]
# Takes a deviation below 1e-12 for 0.
def error_measures(truth, prediction):
    errors = np.abs(np.ravel(prediction) - truth)
    mean = errors.mean()
    measures = {"mean": mean, "max": errors.max(), "per_std": np.nan, "per_constant": np.nan}
    if np.std(truth) > 1e-12:
        measures["per_std"] = mean / np.std(truth)
        measures["per_constant"] = mean / np.mean(np.abs(truth - np.median(truth)))
    return measures


# %% mutant="deviation_small_for_its_size" cell="surrogate" loses=["test_surrogate"]
# Takes values for equal that differ by less than a billionth of their size.
def surrogate(train, X, y, low, high):
    mean, scale = np.mean(y), np.std(y)
    if scale <= 1e-9 * np.abs(mean):
        scale = 1.0

    def to_network(points):
        return 2 * (points - low) / (high - low) - 1

    net = train(to_network(X), ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(to_network(X_new))[:, 0]


# %% mutant="small_deviation_of_the_values" cell="surrogate" loses=["test_surrogate"]
# Takes a deviation below 1e-12 for 0.
def surrogate(train, X, y, low, high):
    mean, scale = np.mean(y), np.std(y)
    if scale < 1e-12:
        scale = 1.0

    def to_network(points):
        return 2 * (points - low) / (high - low) - 1

    net = train(to_network(X), ((y - mean) / scale)[:, None])
    return lambda X_new: mean + scale * net(to_network(X_new))[:, 0]
