# %% plain
import numpy as np
from scipy import integrate, interpolate, linalg, optimize, signal, sparse, spatial, stats

# %% answer results
valley = optimize.minimize(lambda p: (p[0] - 1) ** 2 + (p[1] + 2) ** 2, [0.0, 0.0])
zero = optimize.root_scalar(lambda t: t**3 - 8, bracket=[0, 5])
line = stats.linregress([0, 1, 2, 3], [1, 3, 5, 7])
area, area_error = integrate.quad(np.cos, 0, np.pi / 2)
network = sparse.csr_matrix(([1.0, 2.0, 3.0], ([0, 1, 2], [1, 2, 0])), shape=(3, 3))
normal = stats.norm(loc=2, scale=3)
tested = stats.ttest_ind([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 9.0])
curve = interpolate.CubicSpline([0, 1, 2, 3], [0, 1, 8, 27])
tree = spatial.KDTree([[0, 0], [1, 1], [5, 5]])
# %% test success
assert valley.success
# %% test minimum
assert np.allclose(valley.x, [1, -2], atol=1e-4) and valley.fun < 1e-8
# %% test item_access
assert abs(valley["x"][0] - 1) < 1e-4 and "nit" in valley
# %% test root
assert zero.converged and abs(zero.root - 2) < 1e-8
# %% test slope
assert np.isclose(line.slope, 2) and np.isclose(line.intercept, 1) and np.isclose(line.rvalue, 1)
# %% test unpacked
slope, intercept, *_ = line
assert np.isclose(slope + intercept, 3)
# %% test area
assert np.isclose(area, 1) and area_error < 1e-8
# %% test is_sparse
assert sparse.issparse(network)
# %% test sparse_shape
assert network.shape == (3, 3) and network.nnz == 3
# %% test dense
np.testing.assert_array_equal(network.toarray(), [[0, 1, 0], [0, 0, 2], [3, 0, 0]])
# %% test sparse_product
np.testing.assert_allclose(network @ np.ones(3), [1, 2, 3])
# %% test frozen
assert normal.mean() == 2 and normal.std() == 3 and np.isclose(normal.cdf(2), 0.5)
# %% test p_value
statistic, p = tested
assert 0.05 < p < 0.5 and np.isclose(tested.pvalue, p) and tested.statistic < 0
# %% test spline
assert np.isclose(curve(1.5), 3.375) and np.allclose(curve([0, 2]), [0, 8])
# %% test spline_derivative
assert np.isclose(curve(2, 1), 12)
# %% test neighbour
distance, place = tree.query([4, 4])
assert place == 2 and np.isclose(distance, np.sqrt(2))


# %% answer functions
def model(t, a, k):
    return a * np.exp(-k * t)


def decay(t, y):
    return -0.5 * y


def solve(matrix, right):
    return linalg.solve(matrix, right)


def halve(matrix):
    return matrix * 0.5


def likelihood(distribution, data):
    return float(distribution.logpdf(data).sum())


def smooth(values):
    return signal.convolve(values, np.ones(3) / 3, mode="valid")


# %% test curve_fit
t = np.linspace(0, 4, 30)
best, _ = optimize.curve_fit(model, t, 3 * np.exp(-0.7 * t), p0=[1, 1])
assert np.allclose(best, [3, 0.7])
# %% test solve_ivp
path = integrate.solve_ivp(decay, (0, 2), [4.0], rtol=1e-8)
assert np.isclose(path.y[0, -1], 4 * np.exp(-1), rtol=1e-5)
# %% test linear_system
assert np.allclose(solve(np.array([[2.0, 0], [1, 1]]), np.array([2.0, 3])), [1, 2])
# %% test sparse_given
half = halve(sparse.csr_matrix(np.eye(3)))
assert sparse.issparse(half) and half.sum() == 1.5
# %% test distribution_given
assert np.isclose(likelihood(stats.norm(0, 1), [0.0, 0.0]), -np.log(2 * np.pi))
# %% test smoothed
assert np.allclose(smooth(np.array([3.0, 6, 9, 12])), [6, 9])
# %% wrong off results
valley = optimize.minimize(lambda p: (p[0] - 3) ** 2 + p[1] ** 2, [0.0, 0.0])
zero = 2.5
line = stats.linregress([0, 1, 2, 3], [1, 3, 5, 9])
area, area_error = 0.9, 0.0
network = np.zeros((3, 3))
normal = stats.norm(loc=0, scale=1)
tested = (0.0, 1.0)
curve = interpolate.interp1d([0, 1, 2, 3], [0, 1, 8, 27])
tree = spatial.KDTree([[0, 0], [1, 1]])


# %% wrong off functions
def model(t, a, k):
    return a + k * t


def decay(t, y):
    return 0.5 * y


def solve(matrix, right):
    return right


def halve(matrix):
    return matrix


def likelihood(distribution, data):
    return 0.0


def smooth(values):
    return values
