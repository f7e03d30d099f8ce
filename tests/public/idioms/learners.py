# %% plain
import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

# %% locked points
points, groups = make_blobs(60, centers=[[-4, 0], [4, 0]], cluster_std=0.8, random_state=1)
slope_x = np.arange(6.0).reshape(-1, 1)
slope_y = 3 * slope_x[:, 0] + 1
# %% answer models
line = LinearRegression().fit(slope_x, slope_y)
chain = make_pipeline(StandardScaler(), LogisticRegression(C=2.0)).fit(points, groups)
tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(points, groups)
ridge = Ridge(alpha=0.5)
train, test, train_groups, test_groups = train_test_split(
    points, groups, test_size=0.25, random_state=3
)
scaler = StandardScaler().fit(points)
# %% test kind
assert isinstance(line, LinearRegression)
# %% test coefficients
assert np.allclose(line.coef_, [3]) and np.isclose(line.intercept_, 1)
# %% test prediction
assert np.allclose(line.predict([[10.0]]), [31])
# %% test score
assert line.score(slope_x, slope_y) > 0.999
# %% test is_pipeline
assert isinstance(chain, Pipeline) and len(chain) == 2
# %% test steps
assert [name for name, _ in chain.steps] == ["standardscaler", "logisticregression"]
# %% test step_kind
assert isinstance(chain[0], StandardScaler) and isinstance(chain[-1], LogisticRegression)
# %% test named_step
assert chain.named_steps["logisticregression"].C == 2.0
# %% test accuracy
assert accuracy_score(groups, chain.predict(points)) > 0.95
# %% test probabilities
p = chain.predict_proba(points[:5])
assert p.shape == (5, 2) and np.allclose(p.sum(axis=1), 1)
# %% test parameters
assert ridge.get_params()["alpha"] == 0.5 and not hasattr(ridge, "coef_")
# %% test depth
assert tree.get_depth() <= 2 and tree.max_depth == 2
# %% test cloned
assert clone(ridge).alpha == 0.5
# %% test fit_in_test
assert np.allclose(ridge.fit(slope_x, slope_y).predict(slope_x).mean(), slope_y.mean())
# %% test sizes
assert len(train) == 45 and len(test) == 15 and len(test_groups) == 15
# %% test scaled
assert np.allclose(scaler.transform(points).mean(axis=0), 0) and scaler.mean_.shape == (2,)
# %% test confusion
assert np.trace(confusion_matrix(groups, tree.predict(points))) > 55


# %% answer functions
def accuracy(model, inputs, labels):
    return float((model.predict(inputs) == labels).mean())


def best_depth(inputs, labels, depths):
    scores = [
        DecisionTreeClassifier(max_depth=d, random_state=0)
        .fit(inputs, labels)
        .score(inputs, labels)
        for d in depths
    ]
    return depths[int(np.argmax(scores))]


def fit(model, inputs, labels):
    return model.fit(inputs, labels)


class Mean:
    """Predicts the mean; scikit-learn's own interface."""

    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


# %% test model_given
model = LogisticRegression().fit(points, groups)
assert accuracy(model, points, groups) == model.score(points, groups)
# %% test unfitted_given
assert np.allclose(fit(LinearRegression(), slope_x, slope_y).coef_, [3])
# %% test depth_found
assert best_depth(points, groups, [1, 2, 3]) == 1
# %% test own_estimator
own = Mean().fit(slope_x, slope_y)
assert np.allclose(own.predict(slope_x), slope_y.mean()) and hasattr(own, "mean_")
# %% wrong lazy models
line = Ridge(alpha=100.0).fit(slope_x, slope_y)
chain = LogisticRegression().fit(points[:, 1:], groups)
tree = DecisionTreeClassifier(max_depth=9).fit(points, 1 - groups)
ridge = Ridge()
train, test, train_groups, test_groups = points, points, groups, groups
scaler = StandardScaler(with_mean=False).fit(points)


# %% wrong lazy functions
def accuracy(model, inputs, labels):
    return 1


def best_depth(inputs, labels, depths):
    return 3


def fit(model, inputs, labels):
    return model


class Mean:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))
