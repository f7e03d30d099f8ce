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
# A correct solution by someone who knows the libraries: NumPy's old random numbers, QR and lstsq,
# SciPy's softmax, distances and ranks.

# %% cell="split"
def split_borrowers(borrower, seed):
    people, number = np.unique(borrower, return_inverse=True)
    B = people.size
    place = np.full(B, 2)
    place[: 7 * B // 10] = 0
    place[7 * B // 10 : 7 * B // 10 + 2 * B // 10] = 1
    np.random.RandomState(seed).shuffle(place)
    return [np.where(place[number] == part)[0] for part in range(3)]


# %% cell="ols"
def ols(X, y):
    from scipy import linalg

    table = np.hstack([np.ones((len(X), 1)), X])
    coefficients = linalg.lstsq(table, y)[0]
    residuals = y - table @ coefficients
    R = np.linalg.qr(table, mode="r")
    spread = np.linalg.norm(linalg.inv(R), axis=1)
    freedom = table.shape[0] - table.shape[1]
    return dict(
        coefficients=coefficients,
        standard_errors=spread * np.sqrt(residuals @ residuals / freedom),
        r2=1 - residuals.var() / np.var(y),
    )


# %% cell="entropy"
def cross_entropy(logits, labels):
    from scipy.special import logsumexp

    chosen = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return float((logsumexp(logits, axis=1) - chosen).mean())


# %% cell="step"
def lloyd_step(X, v, centres):
    from scipy.spatial.distance import cdist

    squares = cdist(X, centres, "sqeuclidean")
    labels = squares.argmin(axis=1)
    member = (labels[:, None] == np.arange(len(centres))) * v[:, None]
    weight = member.sum(axis=0)
    means = member.T @ X / np.where(weight > 0, weight, 1)[:, None]
    return labels, float(squares.min(axis=1) @ v), np.where(weight[:, None] > 0, means, centres)


# %% cell="kmeans"
def k_means(step, starts, max_steps):
    def one(centres):
        history = [step(centres)]
        while len(history) < max_steps:
            history.append(step(history[-1][2]))
            if (np.asarray(history[-1][0]) == np.asarray(history[-2][0])).all():
                break
        labels, _, last = history[-1]
        return labels, np.array([cost for _, cost, _ in history]), last

    runs = [one(start) for start in starts]
    return runs[int(np.argmin([costs[-1] for _, costs, _ in runs]))]


# %% cell="polynomial"
def fit_polynomial(x, y, degree, lam):
    from numpy.polynomial import Polynomial

    domain = [x.min(), x.max()]
    z = np.polynomial.polyutils.mapdomain(x * 1.0, domain, [-1, 1])
    rows = np.sqrt(len(x) * lam) * np.eye(degree + 1)[1:]
    table = np.vstack([np.polynomial.polynomial.polyvander(z, degree), rows])
    target = np.concatenate([y, np.zeros(degree)])
    return Polynomial(np.linalg.lstsq(table, target, rcond=None)[0], domain=domain)


# %% cell="early"
def train_with_patience(update, validate, w0, patience, min_delta, max_epochs):
    weights, losses = [w0], [validate(w0)]
    best = 0
    for epoch in range(max_epochs):
        weights.append(update(weights[epoch]))
        losses.append(validate(weights[-1]))
        if losses[-1] < losses[best] - min_delta:
            best = len(losses) - 1
        if len(losses) - 1 >= best + patience:
            break
    return weights[best], best, len(losses) - 1


# %% cell="dropout"
def dropout(a, u, drop, upstream, training):
    if not training:
        return a.copy(), upstream.copy()
    mask = np.where(u < drop, 0.0, 1.0)
    keep = 1 - drop
    return mask * a / keep, mask * upstream / keep


# %% cell="auc"
def auc(y, scores):
    from scipy.stats import rankdata

    n1 = int(np.sum(y == 1))
    n0 = len(y) - n1
    if n1 * n0 == 0:
        raise ValueError(f"{n1} defaults among {len(y)} loans")
    return (rankdata(scores)[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
