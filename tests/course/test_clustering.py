"""Oracles: all partitions of a small sample, scipy's k-means, a plain double loop."""

import itertools

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2

from course import clustering as cl


def blobs(seed, k=3, each=20, spread=0.3):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-5, 5, (k, 2))
    return np.vstack([c + spread * rng.normal(size=(each, 2)) for c in centres])


def cost_of(X, labels):
    groups = [X[labels == j] for j in set(labels)]
    return sum(float(((g - g.mean(axis=0)) ** 2).sum()) for g in groups)


@pytest.mark.parametrize("seed", range(4))
def test_many_starts_find_the_best_of_all_partitions(seed):
    X = np.random.default_rng(seed).normal(size=(8, 2))
    every = (np.array(labels) for labels in itertools.product(range(3), repeat=8))
    best = min(cost_of(X, labels) for labels in every)
    assert cl.k_means(X, 3, seed=0, n_starts=50).cost == pytest.approx(best)


@pytest.mark.parametrize("seed", range(4))
def test_lloyd_ends_where_scipys_does(seed):
    X = blobs(seed)
    start = X[[0, 25, 45]]
    found = cl.lloyd(X, start)
    centres, labels = kmeans2(X, start, iter=100, minit="matrix")
    np.testing.assert_allclose(found.centres, centres)
    np.testing.assert_array_equal(found.labels, labels)


@pytest.mark.parametrize("seed", range(6))
def test_the_cost_falls_at_every_step_and_is_that_of_its_centres(seed):
    X = np.random.default_rng(seed).normal(size=(60, 2))
    found = cl.lloyd(X, X[:7])
    assert (np.diff(found.costs) <= 1e-12).all()
    for centres, cost in zip(found.path, found.costs, strict=True):
        by_hand = sum(min(float(((x - c) ** 2).sum()) for c in centres) for x in X)
        assert cost == pytest.approx(by_hand)
    nearest = [min(range(7), key=lambda j, x=x: ((x - found.centres[j]) ** 2).sum()) for x in X]
    np.testing.assert_array_equal(found.labels, nearest)
    np.testing.assert_array_equal(found.path[0], X[:7])


def test_at_its_end_each_centre_is_the_mean_of_its_points():
    X = blobs(5)
    found = cl.lloyd(X, X[:3])
    for j, centre in enumerate(found.centres):
        np.testing.assert_allclose(centre, X[found.labels == j].mean(axis=0))


def test_a_tie_goes_to_the_lower_number():
    found = cl.lloyd([[0.0]], [[0.0]], max_steps=0)
    assert found.labels.tolist() == [0]
    assert cl.lloyd([[0.0], [2.0]], [[1.0], [1.0]], max_steps=0).labels.tolist() == [0, 0]


def test_an_empty_cluster_moves_to_the_worst_served_point():
    X = np.array([[0.0], [1.0], [10.0]])
    found = cl.lloyd(X, [[0.0], [-100.0]])
    np.testing.assert_allclose(found.path[1], [[11 / 3], [10]])
    np.testing.assert_allclose(found.centres, [[0.5], [10]])
    assert found.cost == pytest.approx(0.5)


def test_two_empty_clusters_take_two_different_points():
    X = np.array([[0.0], [1.0], [10.0], [20.0]])
    found = cl.lloyd(X, [[0.0], [-100.0], [-200.0]])
    assert found.path[1][1:].tolist() == [[20], [10]]


def test_k_of_one_is_the_mean_and_k_of_m_costs_nothing():
    X = blobs(6, each=3)
    np.testing.assert_allclose(cl.k_means(X, 1, seed=0).centres[0], X.mean(axis=0))
    assert cl.k_means(X, len(X), seed=0).cost == pytest.approx(0, abs=1e-12)


def test_spread_centres_are_drawn_by_their_squared_distance():
    X = np.array([[0.0], [1.0], [3.0]])
    rng = np.random.default_rng(0)
    pairs = [tuple(cl.spread_centres(X, 2, rng=rng)[:, 0]) for _ in range(9000)]
    second = [b for a, b in pairs if a == 0]
    # From 0 the squared distances are 1 and 9.
    assert np.mean(np.array(second) == 3) == pytest.approx(0.9, abs=5 * 0.3 / 3000**0.5)
    assert all(a != b for a, b in pairs)


def test_the_seed_decides_and_inputs_are_left_alone():
    X = blobs(7)
    X.flags.writeable = False
    one, two = (cl.k_means(X, 3, seed=2) for _ in range(2))
    np.testing.assert_array_equal(one.centres, two.centres)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cl.lloyd([1.0, 2.0], [[1.0]]), r"X has shape \(2,\); expected 2"),
        (lambda: cl.lloyd([[np.nan]], [[1.0]]), "X has NaN"),
        (lambda: cl.lloyd([[1.0]], [[1.0, 2.0]]), "do not fit points"),
        (lambda: cl.lloyd([[1.0]], [[1.0], [2.0]]), "do not fit points"),
        (lambda: cl.k_means([[1.0], [1.0]], 2, seed=0), "k is 2"),
        (lambda: cl.k_means([[1.0]], 0, seed=0), "k is 0"),
        (lambda: cl.k_means([[1.0]], 1, seed=0, n_starts=0), "n_starts is 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
