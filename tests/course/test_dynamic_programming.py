"""Oracles: Brock and Mirman's closed form, the contraction's factor, and a linear program."""

import numpy as np
import pytest
from scipy.optimize import linprog

from course import dynamic_programming as dp
from course.q_learning import q_learning

CHAIN = np.array([[0.8, 0.2], [0.3, 0.7]])
BROCK_MIRMAN = dp.Growth(0.36, 0.96, z=[0.9, 1.1], transition=CHAIN)
ALL = dp.Growth(0.3, 0.9, delta=0.2, gamma=3.0, z=[0.8, 1.0], transition=CHAIN)
GRID = np.linspace(0.05, 0.45, 200)


def test_the_closed_form_solves_bellmans_equation():
    k = np.array([0.07, 0.2, 0.4])
    values, consumption = BROCK_MIRMAN.closed_form(k)
    for share in (0.9, 1.0, 1.1):  # of the best consumption
        successor = BROCK_MIRMAN.resources(k) - share * consumption
        later = [BROCK_MIRMAN.closed_form(column)[0] for column in successor.T]
        expected = np.stack([v @ CHAIN[i] for i, v in enumerate(later)], axis=1)
        found = np.log(share * consumption) + 0.96 * expected
        if share == 1:
            np.testing.assert_allclose(found, values, rtol=1e-13)
        else:
            assert (found < values - 1e-3).all()


def test_the_slope_of_the_value_is_alpha_over_one_minus_alpha_beta():
    values, _ = dp.Growth(0.36, 0.96).closed_form(np.array([1.0, np.e]))
    assert np.isclose(values[1, 0] - values[0, 0], 0.36 / (1 - 0.36 * 0.96), rtol=1e-14)
    stays = np.log(1 - 0.3456) + 0.96 * 0.36 / (1 - 0.3456) * np.log(0.3456)  # V(1) − β a
    assert np.isclose(values[0, 0], stays / (1 - 0.96), rtol=1e-13)


def test_the_steady_state():
    assert np.isclose(dp.Growth(0.36, 0.99, delta=0.1).steady_state(), 6.366837, atol=5e-7)
    assert np.isclose(dp.Growth(0.36, 0.96).steady_state(), 0.3456 ** (1 / 0.64))


def test_utility_is_log_utility_in_the_limit():
    c = np.array([0.1, 1.0, 7.0])
    near = dp.Growth(0.3, 0.9, gamma=1 + 1e-7).utility(c)
    np.testing.assert_allclose(near, dp.Growth(0.3, 0.9).utility(c), atol=1e-6)


@pytest.mark.parametrize("model", [BROCK_MIRMAN, ALL])
def test_bellmans_operator_contracts_by_beta_and_is_monotone(model):
    reward = dp.rewards(model, GRID)
    rng = np.random.default_rng(1)
    for scale in (0.1, 10.0):
        one, other = rng.normal(0, scale, (2, len(GRID), 2))
        mapped = [dp.bellman(model, reward, v)[0] for v in (one, other)]
        assert np.abs(mapped[1] - mapped[0]).max() <= model.beta * np.abs(other - one).max()
        raised = dp.bellman(model, reward, one + np.abs(other))[0]
        assert (raised >= mapped[0]).all()
        shifted = dp.bellman(model, reward, one + 3.0)[0]  # the bound is attained
        np.testing.assert_allclose(shifted - mapped[0], 3 * model.beta, rtol=1e-9)


def test_value_iteration_falls_short_of_the_closed_form_by_the_grid_only():
    errors = []
    for n in (100, 400):
        grid = np.linspace(0.05, 0.45, n)
        found = dp.value_iteration(BROCK_MIRMAN, grid)
        exact, consumption = BROCK_MIRMAN.closed_form(grid)
        errors.append((exact - found.values).max())
        assert (found.values <= exact + 1e-6).all()  # fewer choices are never better
        best = BROCK_MIRMAN.resources(grid) - consumption
        assert np.abs(grid[found.policy] - best).max() < 1.5 * (grid[1] - grid[0])
        assert (found.distances[1:] <= 0.96 * found.distances[:-1] + 1e-12).all()
    assert errors[1] < errors[0] / 8  # second order: 16


def test_howards_improvement_finds_the_fixed_point_in_few_steps():
    found, slow = dp.policy_iteration(ALL, GRID), dp.value_iteration(ALL, GRID, tolerance=1e-11)
    np.testing.assert_allclose(found.values, slow.values, atol=1e-9)
    np.testing.assert_array_equal(found.policy, slow.policy)
    assert len(found.distances) < 15 < len(slow.distances) / 10
    reward = dp.rewards(ALL, GRID)
    np.testing.assert_allclose(dp.bellman(ALL, reward, found.values)[0], found.values, atol=1e-11)


def test_the_fixed_point_solves_the_linear_program():
    """The least V with V ≥ u + βE[V'] for every choice (Puterman, 1994, section 6.9)."""
    grid = np.linspace(0.1, 0.3, 6)
    reward = dp.rewards(ALL, grid)
    rows, bounds = [], []
    for k, i, chosen in np.argwhere(reward > -np.inf):
        row = np.zeros((6, 2))
        row[k, i] -= 1
        row[chosen] += ALL.beta * CHAIN[i]
        rows.append(row.ravel())
        bounds.append(-reward[k, i, chosen])
    least = linprog(np.ones(12), A_ub=rows, b_ub=bounds, bounds=(None, None)).x
    np.testing.assert_allclose(dp.policy_iteration(ALL, grid).values.ravel(), least, rtol=1e-9)


def test_a_policy_that_stays_put_earns_the_same_reward_for_ever():
    model = dp.Growth(0.3, 0.9, delta=0.2, gamma=3.0)
    stay = np.arange(4)[:, None]
    grid = np.linspace(0.5, 2.0, 4)
    consumption = grid**0.3 - 0.2 * grid
    values = dp.evaluate(model, dp.rewards(model, grid), stay)[:, 0]
    np.testing.assert_allclose(values, model.utility(consumption) / 0.1, rtol=1e-12)


def test_q_learning_approaches_the_fixed_point():
    model = dp.Growth(0.36, 0.8, z=[0.9, 1.1], transition=CHAIN)
    grid = np.linspace(0.05, 0.3, 5)
    exact = dp.policy_iteration(model, grid).values
    errors = [
        [np.abs(q_learning(model, grid, steps=n, seed=s).max(axis=2) - exact).max() for s in (0, 1)]
        for n in (2000, 20_000)
    ]
    assert max(errors[1]) < 0.1 < min(errors[0])
    q = q_learning(model, grid, steps=2000, seed=0)
    assert np.array_equal(q, q_learning(model, grid, steps=2000, seed=0))
    assert np.array_equal(q == -np.inf, dp.rewards(model, grid) == -np.inf)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 1.0}, "alpha is 1.0"),
        ({"beta": 1.0}, "beta is 1.0"),
        ({"delta": 0.0}, "delta is 0.0"),
        ({"gamma": -1.0}, "gamma is -1.0"),
        ({"z": [0.0]}, "z must be"),
        ({"z": [1.0, 2.0]}, r"transition has shape \(1, 1\); expected \(2, 2\)"),
        ({"transition": [[0.9]]}, "sum to 1"),
    ],
)
def test_refuses_a_model_that_makes_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        dp.Growth(**{"alpha": 0.3, "beta": 0.9} | arguments)


def test_says_why_there_is_no_answer():
    with pytest.raises(ValueError, match=r"gamma = delta = 1 only"):
        ALL.closed_form(GRID)
    with pytest.raises(ValueError, match="no k' is affordable"):
        dp.rewards(BROCK_MIRMAN, np.array([5.0, 6.0]))
    with pytest.raises(RuntimeError, match="raise `most`"):
        dp.value_iteration(BROCK_MIRMAN, GRID[:5], most=3)
    with pytest.raises(RuntimeError, match="raise `most`"):
        dp.policy_iteration(BROCK_MIRMAN, GRID, most=1)
