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
# A correct solution in plain Python loops, by someone who distrusts array tricks. It returns lists
# and tuples of floats wherever the text allows them.

# %% cell="split"
def split_borrowers(borrower, seed):
    import random

    people = sorted({int(b) for b in borrower})
    random.Random(seed).shuffle(people)
    first = (7 * len(people)) // 10
    second = first + len(people) // 5
    place = {}
    for position, person in enumerate(people):
        place[person] = 0 if position < first else 1 if position < second else 2
    parts = [[], [], []]
    for loan, person in enumerate(borrower):
        parts[place[int(person)]].append(loan)
    return parts


# %% cell="ols"
def ols(X, y):
    rows = [[1.0] + [float(entry) for entry in row] for row in X]
    m, n = len(rows), len(rows[0])
    # Gauss and Jordan on [XᵀX | Xᵀy | I]
    work = []
    for i in range(n):
        left = [sum(row[i] * row[j] for row in rows) for j in range(n)]
        middle = sum(row[i] * float(target) for row, target in zip(rows, y))
        work.append(left + [middle] + [1.0 if i == j else 0.0 for j in range(n)])
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(work[r][i]))
        work[i], work[pivot] = work[pivot], work[i]
        work[i] = [entry / work[i][i] for entry in work[i]]
        for r in range(n):
            if r != i:
                work[r] = [a - work[r][i] * b for a, b in zip(work[r], work[i])]
    theta = [work[i][n] for i in range(n)]
    residuals = [float(t) - sum(a * b for a, b in zip(row, theta)) for row, t in zip(rows, y)]
    squares = sum(e * e for e in residuals)
    mean = sum(float(t) for t in y) / m
    total = sum((float(t) - mean) ** 2 for t in y)
    errors = [(squares / (m - n) * work[i][n + 1 + i]) ** 0.5 for i in range(n)]
    return {"coefficients": theta, "standard_errors": errors, "r2": 1 - squares / total}


# %% cell="entropy"
def cross_entropy(logits, labels):
    import math

    total = 0.0
    for row, label in zip(logits, labels):
        scores = [float(score) for score in row]
        top = max(scores)
        others = sum(math.exp(score - top) for score in scores)
        total += math.log(others) + top - scores[int(label)]
    return total / len(labels)


# %% cell="step"
def lloyd_step(X, v, centres):
    k, p = centres.shape
    labels, cost = [], 0.0
    sums, weights = [[0.0] * p for _ in range(k)], [0.0] * k
    for x, weight in zip(X, v):
        best, least = 0, None
        for j in range(k):
            square = sum((float(x[d]) - float(centres[j, d])) ** 2 for d in range(p))
            if least is None or square < least:
                best, least = j, square
        labels.append(best)
        cost += float(weight) * least
        weights[best] += float(weight)
        for d in range(p):
            sums[best][d] += float(weight) * float(x[d])
    moved = []
    for j in range(k):
        if weights[j] > 0:
            moved.append([entry / weights[j] for entry in sums[j]])
        else:
            moved.append([float(entry) for entry in centres[j]])
    return [labels, cost, moved]


# %% cell="kmeans"
def k_means(step, starts, max_steps):
    best = None
    for start in starts:
        centres, costs, labels = start, [], None
        while len(costs) < max_steps:
            new_labels, cost, centres = step(centres)
            costs.append(float(cost))
            same = labels is not None and list(new_labels) == list(labels)
            labels = new_labels
            if same:
                break
        if best is None or costs[-1] < best[1][-1]:
            best = [labels, costs, centres]
    return best


# %% cell="polynomial"
def fit_polynomial(x, y, degree, lam):
    low, high = min(float(value) for value in x), max(float(value) for value in x)

    def scaled(value):
        return -1 + 2 * (float(value) - low) / (high - low)

    m, n = len(x), degree + 1
    left, right = np.zeros((n, n)), np.zeros(n)
    for value, target in zip(x, y):
        z = scaled(value)
        for i in range(n):
            right[i] += z**i * float(target)
            for j in range(n):
                left[i, j] += z ** (i + j)
    for i in range(1, n):
        left[i, i] += m * lam
    c = np.linalg.solve(left, right)

    def predict(x_new):
        out = []
        for value in x_new:
            total = 0.0
            for coefficient in c[::-1]:  # Horner's rule
                total = total * scaled(value) + coefficient
            out.append(total)
        return out

    return predict


# %% cell="early"
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    best_w, best_epoch = np.array(w0, dtype=float), 0
    record = validate(w0)
    waiting, w, last_epoch = 0, w0, 0
    for epoch in range(1, max_epochs + 1):
        w = update(w)
        last_epoch = epoch
        loss = validate(w)
        if record - loss > min_delta:
            best_w, best_epoch, record, waiting = np.array(w), epoch, loss, 0
        else:
            waiting += 1
            if waiting == patience:
                break
    return [best_w, best_epoch, last_epoch]


# %% cell="dropout"
def dropout(a, u, drop, upstream, training):
    out, gradient = np.zeros(a.shape), np.zeros(a.shape)
    for place in np.ndindex(*a.shape):
        if not training:
            out[place], gradient[place] = a[place], upstream[place]
        elif u[place] >= drop:
            out[place] = a[place] / (1 - drop)
            gradient[place] = upstream[place] / (1 - drop)
    return [out, gradient]


# %% cell="auc"
def auc(y, scores):
    bad = [float(s) for label, s in zip(y, scores) if label == 1]
    good = [float(s) for label, s in zip(y, scores) if label == 0]
    if not bad or not good:
        raise ValueError("there is no pair")
    won = 0.0
    for b in bad:
        for g in good:
            won += 1.0 if b > g else 0.5 if b == g else 0.0
    return won / (len(bad) * len(good))
