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
# A correct solution in plain Python loops, which returns lists and floats wherever the text does
# not ask for more.

# %% cell="normalise"
def normalise(j, c, w):
    b = {1: 1.5, 2: len(c), 3: 1.85, 4: 7.03, 5: 20.4, 6: 4.3}[j]
    return [b * float(one) / float(sum(c)) for one in c], [float(one) / float(sum(w)) for one in w]


# %% cell="smooth"
import math


def smooth(j, X, c, w):
    values, d = [], len(c)
    for x in X:
        if j == 1:
            values.append(math.cos(2 * math.pi * w[0] + sum(c[i] * x[i] for i in range(d))))
        elif j == 2:
            values.append(math.prod(1 / (1 + (c[i] * (x[i] - w[i])) ** 2) for i in range(d)))
        elif j == 3:
            values.append(1 / float(1 + sum(c[i] * x[i] for i in range(d))) ** (d + 1))
        else:
            values.append(math.prod(math.exp(-((c[i] * (x[i] - w[i])) ** 2)) for i in range(d)))
    return values


# %% cell="rough"
def rough(j, X, c, w):
    values = []
    for x in X:
        if j == 5:
            values.append(math.exp(-sum(a * abs(b - t) for a, b, t in zip(c, x, w))))
        elif x[0] <= w[0] and x[1] <= w[1]:
            exponent = c[0] * (x[0] - w[0]) + c[1] * (x[1] - w[1])
            for i in range(2, len(c)):
                exponent += c[i] * (x[i] - 1)
            values.append(math.exp(exponent))
        else:
            values.append(0.0)
    return values


# %% cell="points"
def points(n, n_test, d, seed):
    def cloud(what, many):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([what, seed])))
        # In single precision: two points may share a coordinate.
        return np.array([[rng.random(dtype=np.float32) for _ in range(d)] for _ in range(many)])

    return cloud(1, n), cloud(2, n_test)


# %% cell="errors"
def error_measures(truth, prediction):
    m, total, largest = len(truth), 0.0, 0.0
    for y, guess in zip(truth, prediction):
        error = abs(float(np.squeeze(guess)) - float(y))
        total, largest = total + error, max(largest, error)
    if min(truth) == max(truth):
        return dict(mean=total / m, max=largest, per_std=math.nan, per_constant=math.nan)
    centre = sum(truth) / m
    spread = math.sqrt(sum((y - centre) ** 2 for y in truth) / m)
    ordered = sorted(truth)
    middle = (ordered[(m - 1) // 2] + ordered[m // 2]) / 2
    around = sum(abs(y - middle) for y in truth) / m
    return dict(
        mean=total / m, max=largest, per_std=total / m / spread, per_constant=total / m / around
    )


# %% cell="surrogate"
def surrogate(train, X, y, low, high):
    n, d = np.shape(X)
    centre = sum(float(one) for one in y) / n
    spread = math.sqrt(sum((float(one) - centre) ** 2 for one in y) / n)
    if max(y) == min(y):
        spread = 1.0

    def scaled(cloud):
        return np.array(
            [[-1 + 2 * (x[i] - low[i]) / (high[i] - low[i]) for i in range(d)] for x in cloud]
        )

    net = train(scaled(X), np.array([[(float(one) - centre) / spread] for one in y]))

    def predict(X_new):
        return [centre + spread * float(row[0]) for row in net(scaled(X_new))]

    return predict


# %% cell="study"
def study(run, dims, sizes, seeds):
    table = {"mean": [], "max": []}
    for d in dims:
        rows = {"mean": [], "max": []}
        for n in sizes:
            found = [run(d, n, seed) for seed in seeds]
            for place, key in enumerate(["mean", "max"]):
                ordered = sorted(pair[place] for pair in found)
                many = len(ordered)
                median = (ordered[(many - 1) // 2] + ordered[many // 2]) / 2
                rows[key].append([median, ordered[0], ordered[-1]])
        for key in table:
            table[key].append(rows[key])
    return table


# %% cell="rate"
def rate(sizes, errors):
    x, y = [math.log(n) for n in sizes], [math.log(e) for e in errors]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    up = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y))
    return -up / sum((a - x_mean) ** 2 for a in x)


# %% cell="support"
def support(d, n, draws, seed):
    rng = np.random.default_rng([d, seed])
    volumes = []
    for _ in range(draws):
        u = [float(one) for one in rng.random(d)]
        volumes.append(u[0] * u[1] / sum(u) ** 2)
    mean = math.fsum(volumes) / draws
    variance = math.fsum((v - mean) ** 2 for v in volumes) / (draws - 1)
    return mean, math.sqrt(variance / draws), math.fsum((1 - v) ** n for v in volumes) / draws
