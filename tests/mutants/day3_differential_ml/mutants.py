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

# %% mutant="put_derivative_by_end_price" cell="put" loses=["test_put"]
# Differentiates with respect to the stock at expiry: -1, without the growth dS/dx.
def put_labels(x, z, strike, rate, sigma, tau):
    y, dydx = 0.0, 0.0
    for shock in (z, -z):
        growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * shock)
        y = y + np.exp(-rate * tau) * np.maximum(strike - x * growth, 0) / 2
        dydx = dydx - np.exp(-rate * tau) * (x * growth < strike) / 2
    return y, dydx


# %% mutant="put_derivative_not_discounted" cell="put" loses=["test_put"]
# Discounts the payoff and forgets to discount its derivative.
def put_labels(x, z, strike, rate, sigma, tau):
    y, dydx = 0.0, 0.0
    for shock in (z, -z):
        growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * shock)
        y = y + np.exp(-rate * tau) * np.maximum(strike - x * growth, 0) / 2
        dydx = dydx - growth * (x * growth < strike) / 2
    return y, dydx


# %% mutant="put_averages_the_shocks" cell="put" loses=["test_put"]
# Averages z and -z before the payoff, so that every path has the shock zero.
def put_labels(x, z, strike, rate, sigma, tau):
    growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * (z - z) / 2)
    y = np.exp(-rate * tau) * np.maximum(strike - x * growth, 0)
    return y, -np.exp(-rate * tau) * growth * (x * growth < strike)


# %% mutant="put_delta_formula" cell="put" loses=["test_put"]
# Gives the closed-form delta where the derivative of the path's payoff is asked for.
def put_labels(x, z, strike, rate, sigma, tau):
    y = 0.0
    for shock in (z, -z):
        growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * shock)
        y = y + np.exp(-rate * tau) * np.maximum(strike - x * growth, 0) / 2
    total = sigma * np.sqrt(tau)
    return y, -ndtr(-(np.log(x / strike) + rate * tau) / total - total / 2)


# %% mutant="best_slope_for_all" cell="best" loses=["test_best"]
# Gives every stock above the strike the derivative 1, and not only the best.
def best_of_labels(X, D, strike):
    ends = X + D
    return np.maximum(ends.max(axis=1) - strike, 0), (ends > strike) * 1.0


# %% mutant="best_at_the_horizon" cell="best" loses=["test_best"]
# Takes the stock that is best at the horizon for the one that is best at expiry.
def best_of_labels(X, D, strike):
    y = np.maximum((X + D).max(axis=1) - strike, 0)
    dydx = np.zeros(X.shape)
    dydx[np.arange(len(X)), X.argmax(axis=1)] = y > 0
    return y, dydx


# %% mutant="best_slope_out_of_the_money" cell="best" loses=["test_best"]
# Forgets that the derivative is zero where nothing is paid.
def best_of_labels(X, D, strike):
    ends = X + D
    dydx = np.zeros(ends.shape)
    dydx[np.arange(len(ends)), ends.argmax(axis=1)] = 1
    return np.maximum(ends.max(axis=1) - strike, 0), dydx


# %% mutant="ramp_without_half" cell="ramp" loses=["test_ramp"]
# Lets the ramp begin at the strike instead of having its middle there.
def ramp_labels(x, d, strike, width):
    s = x + d - strike
    return np.clip(s / (2 * width), 0, 1), ((s > 0) & (s < 2 * width)) / (2 * width)


# %% mutant="ramp_derivative_of_the_jump" cell="ramp" loses=["test_ramp"]
# Smooths the payoff and keeps the derivative of the digital, which is zero.
def ramp_labels(x, d, strike, width):
    s = x + d - strike
    return np.clip(0.5 + s / (2 * width), 0, 1), np.zeros(len(s))


# %% mutant="ramp_full_width" cell="ramp" loses=["test_ramp"]
# Takes the half width for the whole one in the slope.
def ramp_labels(x, d, strike, width):
    s = x + d - strike
    return np.clip(0.5 + s / (2 * width), 0, 1), (np.abs(s) < width) / width


# %% mutant="z_scaled_the_wrong_way" cell="normalise" loses=["test_normalise"]
# Turns the chain rule round: y_std/x_std instead of x_std/y_std.
def normalise(X, y, Z):
    x_mean, x_std = X.mean(axis=0), np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1)
    y_mean, y_std = y.mean(), y.std()
    return {
        "x": (X - x_mean) / x_std,
        "y": (y - y_mean) / y_std,
        "z": Z * y_std / x_std,
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y_mean,
        "y_std": y_std,
    }


# %% mutant="z_standardised_like_x" cell="normalise" loses=["test_normalise"]
# Gives the derivatives mean 0 and deviation 1 of their own, so that they are derivatives no more.
def normalise(X, y, Z):
    x_mean, x_std = X.mean(axis=0), np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1)
    y_mean, y_std = y.mean(), y.std()
    return {
        "x": (X - x_mean) / x_std,
        "y": (y - y_mean) / y_std,
        "z": (Z - Z.mean(axis=0)) / (Z.std(axis=0) + 1e-8),
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y_mean,
        "y_std": y_std,
    }


# %% mutant="one_scale_for_all_inputs" cell="normalise" loses=["test_normalise"]
# Forgets the axis: one mean and one deviation for the whole table.
def normalise(X, y, Z):
    n = X.shape[1]
    x_mean, x_std = np.full(n, X.mean()), np.full(n, X.std())
    y_mean, y_std = y.mean(), y.std()
    return {
        "x": (X - x_mean) / x_std,
        "y": (y - y_mean) / y_std,
        "z": Z * x_std / y_std,
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y_mean,
        "y_std": y_std,
    }


# %% mutant="normalise_in_place" cell="normalise" loses=["test_normalise"]
# Centres the caller's own X to save an array.
def normalise(X, y, Z):
    x_mean, x_std = X.mean(axis=0), np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1)
    y_mean, y_std = y.mean(), y.std()
    if X.dtype == float:
        X -= x_mean
        x = X / x_std
    else:
        x = (X - x_mean) / x_std
    return {
        "x": x,
        "y": (y - y_mean) / y_std,
        "z": Z * x_std / y_std,
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y_mean,
        "y_std": y_std,
    }


# %% mutant="constant_column_by_its_deviation" cell="normalise" loses=["test_normalise"]
# Compares the computed deviation of a column with zero: of 0.1, 0.1, 0.1 it is 1e-17.
def normalise(X, y, Z):
    x_mean, x_std = X.mean(axis=0), X.std(axis=0)
    x_std = np.where(x_std == 0, 1, x_std)
    y_mean, y_std = y.mean(), y.std()
    return {
        "x": (X - x_mean) / x_std,
        "y": (y - y_mean) / y_std,
        "z": Z * x_std / y_std,
        "x_mean": x_mean,
        "x_std": x_std,
        "y_mean": y_mean,
        "y_std": y_std,
    }


# %% mutant="derivatives_back_with_y_alone" cell="denormalise" loses=["test_denormalise"]
# Takes the derivatives back to the unit of y and forgets that of x.
def denormalise(y, z, x_std, y_mean, y_std):
    return y_mean + y_std * y, z * y_std


# %% mutant="sample_size_in_alpha" cell="weights" loses=["test_weights"]
# Counts the paths where the inputs are to be counted.
def loss_weights(z, balance):
    alpha = 1 / (1 + balance * len(z))
    sizes = np.sqrt(np.mean(z**2, axis=0))
    lambdas = np.divide(1, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    return alpha, 1 - alpha, lambdas


# %% mutant="lambda_by_deviation" cell="weights" loses=["test_weights"]
# Divides by the standard deviation: the square is of z, not of z less its mean.
def loss_weights(z, balance):
    alpha = 1 / (1 + balance * z.shape[1])
    sizes = np.std(z, axis=0)
    lambdas = np.divide(1, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    return alpha, 1 - alpha, lambdas


# %% mutant="lambda_not_squared" cell="loss" loses=["test_loss"]
# Multiplies the squared error by lambda instead of the error.
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    values = np.mean((np.ravel(y_hat) - y) ** 2)
    return alpha * values + (1 - alpha) * np.mean(lambdas * (z_hat - z) ** 2)


# %% mutant="loss_sums_over_inputs" cell="loss" loses=["test_loss"]
# Sums the derivatives' errors over the inputs instead of taking their mean.
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    values = np.mean((np.ravel(y_hat) - y) ** 2)
    return alpha * values + (1 - alpha) * np.mean(np.sum((lambdas * (z_hat - z)) ** 2, axis=1))


# %% mutant="loss_broadcasts_column" cell="loss" loses=["test_loss"]
# Subtracts the labels from a column as it arrives, which makes a table of all pairs.
def differential_loss(y_hat, z_hat, y, z, alpha, lambdas):
    values = np.mean((y_hat - y) ** 2)
    return alpha * values + (1 - alpha) * np.mean((lambdas * (z_hat - z)) ** 2)


# %% mutant="twin_activation_for_slope" cell="twin" loses=["test_twin"]
# Uses the activation on the way back, where its derivative belongs.
def twin_network(layers, X, phi, phi_slope):
    a, before = X, []
    for W, b in layers[:-1]:
        before.append(a @ W.T + b)
        a = phi(before[-1])
    W, b = layers[-1]
    y_hat = a @ W[0] + b[0]
    g = np.repeat(W, len(X), axis=0)
    for (W, _), s in zip(layers[-2::-1], before[::-1]):
        g = (g * phi(s)) @ W
    return y_hat, g


# %% mutant="twin_last_layer_activated" cell="twin" loses=["test_twin"]
# Puts the activation behind the last layer, too.
def twin_network(layers, X, phi, phi_slope):
    a, slopes = X, []
    for W, b in layers:
        s = a @ W.T + b
        slopes.append(phi_slope(s))
        a = phi(s)
    g = np.ones((len(X), 1))
    for (W, _), slope in zip(layers[::-1], slopes[::-1]):
        g = (g * slope) @ W
    return a[:, 0], g


# %% mutant="twin_slopes_not_reversed" cell="twin" loses=["test_twin"]
# Goes back through the matrices, but through the slopes from the first layer on.
def twin_network(layers, X, phi, phi_slope):
    a, slopes = X, []
    for W, b in layers[:-1]:
        s = a @ W.T + b
        slopes.append(phi_slope(s))
        a = phi(s)
    W, b = layers[-1]
    y_hat = a @ W[0] + b[0]
    g = np.repeat(W, len(X), axis=0)
    for (W, _), slope in zip(layers[-2::-1], slopes):
        g = (g * slope) @ W
    return y_hat, g


# %% mutant="cycle_falls_over_all_updates" cell="cycle" loses=["test_cycle"]
# Measures the way down by all updates, so that it does not reach its end.
def cosine_cycle(n_updates, peak):
    t, top = np.arange(n_updates), 0.3 * n_updates
    rise = (1 - np.cos(np.pi * t / top)) / 2
    fall = (1 + np.cos(np.pi * (t - top) / n_updates)) / 2
    return peak * np.where(t < top, 1 / 25 + 24 / 25 * rise, 1e-4 + (1 - 1e-4) * fall)


# %% mutant="derivatives_as_constants" cell="gradient" loses=["test_gradient"]
# Takes the network's derivatives to NumPy: for the outer tape they are constants then.
def twin_gradient(layers, X, y, z, alpha, lambdas):
    weights = [tf.Variable(part, dtype=tf.float64) for layer in layers for part in layer]
    X, y, z = (tf.constant(data, dtype=tf.float64) for data in (X, y, z))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(X)
            a = X
            for W, b in zip(weights[:-2:2], weights[1:-2:2]):
                a = tf.tanh(tf.matmul(a, W, transpose_b=True) + b)
            y_hat = tf.matmul(a, weights[-2], transpose_b=True) + weights[-1]
        z_hat = inner.gradient(y_hat, X).numpy()
        loss = alpha * tf.reduce_mean((y_hat[:, 0] - y) ** 2)
        loss += (1 - alpha) * tf.reduce_mean((lambdas * (z_hat - z)) ** 2)
    found = [part.numpy() for part in outer.gradient(loss, weights)]
    return float(loss), list(zip(found[::2], found[1::2]))


# %% mutant="put_by_differences" cell="put" loses=["test_put"]
# Differences the payoff where its derivative is asked for.
def put_labels(x, z, strike, rate, sigma, tau):
    def value(x):
        y = 0.0
        for shock in (z, -z):
            growth = np.exp((rate - sigma**2 / 2) * tau + sigma * np.sqrt(tau) * shock)
            y = y + np.exp(-rate * tau) * np.maximum(strike - x * growth, 0) / 2
        return y

    return value(x), (value(x + 1e-6) - value(x - 1e-6)) / 2e-6


# %% mutant="best_by_differences" cell="best" loses=["test_best"]
# Differences the payoff where its derivatives are asked for.
def best_of_labels(X, D, strike):
    def value(X):
        return np.maximum((X + D).max(axis=1) - strike, 0)

    slopes = [(value(X + e) - value(X - e)) / 2e-8 for e in 1e-8 * np.eye(X.shape[1])]
    return value(X), np.stack(slopes, axis=1)


# %% mutant="ramp_by_differences" cell="ramp" loses=["test_ramp"]
# Differences the payoff where its derivative is asked for.
def ramp_labels(x, d, strike, width):
    def value(x):
        return np.clip(0.5 + (x + d - strike) / (2 * width), 0, 1)

    return value(x), (value(x + 1e-8) - value(x - 1e-8)) / 2e-8


# %% mutant="small_deviation_cut" cell="normalise" loses=["test_normalise"]
# Takes a deviation below a billionth for 0.
def normalise(X, y, Z):
    x_std = X.std(axis=0)
    x_std = np.where(x_std < 1e-9, 1, x_std)
    return {
        "x": (X - X.mean(axis=0)) / x_std,
        "y": (y - y.mean()) / y.std(),
        "z": Z * x_std / y.std(),
        "x_mean": X.mean(axis=0),
        "x_std": x_std,
        "y_mean": y.mean(),
        "y_std": y.std(),
    }


# %% mutant="small_derivatives_are_none" cell="weights" loses=["test_weights"]
# Takes small derivatives for 0.
def loss_weights(z, balance):
    alpha = 1 / (1 + balance * z.shape[1])
    sizes = np.sqrt(np.mean(z**2, axis=0))
    lambdas = np.array([1 / size if size > 1e-12 else 0 for size in sizes])
    return alpha, 1 - alpha, lambdas


# %% mutant="twin_by_differences" cell="twin" loses=["test_twin"]
# Puts moved copies of the paths below them, and differences the values; phi_slope is called for show.
def twin_network(layers, X, phi, phi_slope):
    m, n = X.shape
    h = 1e-5
    a = np.vstack([X, *(X + h * e for e in np.eye(n)), *(X - h * e for e in np.eye(n))])
    for W, b in layers[:-1]:
        s = a @ W.T + b
        phi_slope(s[:m])
        a = np.asarray(phi(s))
    W, b = layers[-1]
    values = (a @ W[0] + b[0]).reshape(2 * n + 1, m)
    return values[0], ((values[1 : n + 1] - values[n + 1 :]) / (2 * h)).T


# %% mutant="gradient_by_differences" cell="gradient" loses=["test_gradient"]
# Differences the loss to the fourth order, and lets no tape differentiate anything.
def twin_gradient(layers, X, y, z, alpha, lambdas):
    def loss(layers):
        a, slopes = X, []
        for W, b in layers[:-1]:
            a = np.tanh(a @ W.T + b)
            slopes.append(1 - a * a)
        W, b = layers[-1]
        y_hat, g = a @ W[0] + b[0], np.repeat(W, len(X), axis=0)
        for W, _ in reversed(layers[:-1]):
            g = (g * slopes.pop()) @ W
        return alpha * np.mean((y_hat - y) ** 2) + (1 - alpha) * np.mean((lambdas * (g - z)) ** 2)

    gradients, h = [], 1e-3
    for place, pair in enumerate(layers):
        found = []
        for part in (0, 1):
            slopes = np.zeros(pair[part].shape)
            for index in np.ndindex(slopes.shape):
                for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
                    moved = [[np.array(p, dtype=float) for p in layer] for layer in layers]
                    moved[place][part][index] += steps * h
                    slopes[index] += weight * loss(moved) / (12 * h)
            found.append(slopes)
        gradients.append(tuple(found))
    return loss(layers), gradients
