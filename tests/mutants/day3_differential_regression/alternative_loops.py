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
# A correct solution in plain loops, which returns lists where the text asks for arrays.

# %% cell="hermite"
def hermite(x, D):
    def value(p, number):
        if p == 0:
            return 1.0
        if p == 1:
            return float(number)
        return number * value(p - 1, number) - (p - 1) * value(p - 2, number)

    values = [[value(p, number) for p in range(D + 1)] for number in x]
    slopes = [[p * value(p - 1, number) if p else 0.0 for p in range(D + 1)] for number in x]
    return values, slopes


# %% cell="features"
def features(X, P):
    D = int(np.max(P))
    Phi, DPhi = [], []
    for x in X:
        values, slopes = hermite(x, D)
        line, slope_line = [], []
        for powers in P:
            product = 1.0
            for j, p in enumerate(powers):
                product *= values[j][p]
            line.append(product)
            gradient = []
            for q in range(len(x)):
                product = 1.0
                for j, p in enumerate(powers):
                    product *= slopes[j][p] if j == q else values[j][p]
                gradient.append(product)
            slope_line.append(gradient)
        Phi.append(line)
        DPhi.append(slope_line)
    return np.array(Phi), np.array(DPhi)


# %% cell="put"
def put_labels(X, shocks, a, K):
    y, Z = [], []
    for x, shock in zip(X, shocks):
        payoff, hits = 0.0, 0
        for sign in (1, -1):
            missing = K - sum(
                float(w) * (float(s) + sign * float(d)) for w, s, d in zip(a, x, shock)
            )
            if missing > 0:
                payoff += missing / 2
                hits += 1
        y.append(payoff)
        Z.append([-float(w) * hits / 2 for w in a])
    return y, Z


# %% cell="ridge"
def ridge_fit(Phi, y, lam):
    # Gaussian elimination on the normal equations.
    m, k = Phi.shape
    table = [
        [
            float(np.sum(Phi[:, i] * Phi[:, j])) + (lam if i == j and i > 0 else 0.0)
            for j in range(k)
        ]
        + [float(np.sum(Phi[:, i] * y))]
        for i in range(k)
    ]
    for i in range(k):
        pivot = max(range(i, k), key=lambda row: abs(table[row][i]))
        table[i], table[pivot] = table[pivot], table[i]
        for row in range(k):
            if row != i:
                factor = table[row][i] / table[i][i]
                table[row] = [one - factor * other for one, other in zip(table[row], table[i])]
    return [table[i][k] / table[i][i] for i in range(k)]


# %% cell="cv"
def cross_validate(Phi, y, lams, folds):
    best, errors = None, []
    for lam in lams:
        squares = 0.0
        for fold in folds:
            held = {int(row) for row in fold}
            rest = [row for row in range(len(y)) if row not in held]
            beta = ridge_fit(Phi[rest], y[rest], lam)
            for row in held:
                squares += (y[row] - sum(b * phi for b, phi in zip(beta, Phi[row]))) ** 2
        errors.append(squares / len(y))
        if best is None or errors[-1] < errors[lams.index(best)]:
            best = lam
    return errors, best


# %% cell="differential"
def differential_fit(Phi, DPhi, y, Z, w):
    m, k = Phi.shape
    rows, labels = [list(row) for row in Phi], list(y)
    square = sum(float(v) ** 2 for v in y)
    for j in range(Z.shape[1]):
        slope_square = sum(float(z) ** 2 for z in Z[:, j])
        if slope_square == 0:
            continue
        root = (w * square / slope_square) ** 0.5
        for i in range(m):
            rows.append([root * DPhi[i, c, j] for c in range(k)])
            labels.append(root * Z[i, j])
    return np.linalg.lstsq(np.array(rows, dtype=float), np.array(labels, dtype=float), rcond=None)[
        0
    ]


# %% cell="rmse"
def rmse(predicted, truth):
    first, second = (
        np.asarray(part, dtype=float).flatten().tolist() for part in (predicted, truth)
    )
    total = sum((one - other) ** 2 for one, other in zip(first, second, strict=True))
    return (total / len(first)) ** 0.5


# %% cell="bonus"
def soft_bonus(s, K, h):
    payoffs, slopes = [], []
    for end in s:
        if end <= K - h:
            payoff, slope = 0.0, 0.0
        elif end >= K + h:
            payoff, slope = 1.0, 0.0
        else:
            payoff, slope = float(end - (K - h)) / (2 * h), 0.5 / h
        payoffs.append(payoff)
        slopes.append(slope)
    return payoffs, slopes
