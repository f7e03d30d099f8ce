"""Oracles: Brock and Mirman's closed form, and each method against the other."""

import numpy as np
import pytest

from course import dynamic_programming as dp
from course import euler_equation as ee

CHAIN = np.array([[0.8, 0.2], [0.3, 0.7]])
BROCK_MIRMAN = dp.Growth(0.36, 0.96, z=[0.9, 1.1], transition=CHAIN)
PATIENT = dp.Growth(0.36, 0.96, delta=0.1, gamma=2.0, z=[0.95, 1.05], transition=CHAIN)
STEPS = [ee.time_iteration_step, ee.endogenous_grid_step]


def solve(model, grid, step):
    start = 0.5 * model.resources(grid)
    return dp.iterate(lambda c: step(model, grid, c), start, tolerance=1e-9).policy


def distance(n, step):
    grid = np.linspace(0.05, 0.45, n)
    _, exact = BROCK_MIRMAN.closed_form(grid)
    return np.abs(solve(BROCK_MIRMAN, grid, step) / exact - 1).max()


def test_the_error_of_time_iteration_falls_with_the_square_of_the_spacing():
    coarse, fine = (distance(n, ee.time_iteration_step) for n in (50, 100))
    assert coarse < 2e-3
    assert 3 < coarse / fine < 5


def test_the_endogenous_grid_is_exact_where_consumption_is_linear_in_resources():
    assert distance(10, ee.endogenous_grid_step) < 1e-8


def test_both_methods_agree_where_there_is_no_closed_form():
    grid = np.linspace(1, 9, 200)
    searched, direct = (solve(PATIENT, grid, step) for step in STEPS)
    np.testing.assert_allclose(searched, direct, rtol=5e-5)
    inside = np.linspace(1.2, 8.8, 500)
    for policy in (searched, direct):
        assert np.abs(ee.euler_errors(PATIENT, grid, policy, inside)).max() < 1e-4


def test_at_the_steady_state_consumption_is_what_keeps_capital():
    model = dp.Growth(0.36, 0.96, delta=0.1, gamma=2.0)
    steady = model.steady_state()
    grid = np.linspace(0.5 * steady, 1.5 * steady, 201)  # its middle is the steady state
    found = solve(model, grid, ee.endogenous_grid_step)[100, 0]
    assert np.isclose(found, steady**0.36 - 0.1 * steady, rtol=1e-5)


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0, 1.2])
def test_the_euler_error_of_a_constant_share_has_a_closed_form(share):
    # c = (1 − s) y for ever wants (1 − s)s y/(αβ) now, so the error is 1 − s/(αβ).
    saved = 0.3456 * share
    grid = np.geomspace(0.01, 1, 4000)
    found = ee.euler_errors(BROCK_MIRMAN, grid, (1 - saved) * BROCK_MIRMAN.resources(grid), grid)
    np.testing.assert_allclose(found[1000:-1000], 1 - share, atol=1e-6)


@pytest.mark.parametrize("step", STEPS)
def test_one_step_back_from_a_constant_share_has_a_closed_form(step):
    # Tomorrow c = (1 − s)y. Today the Euler equation asks for c = (1 − s)(y − c)/(αβ).
    grid = np.geomspace(0.01, 1, 4000)
    resources = BROCK_MIRMAN.resources(grid)
    found = step(BROCK_MIRMAN, grid, 0.4 * resources)
    rate = 0.4 / 0.3456
    np.testing.assert_allclose(found[1500:-1000], (resources * rate / (1 + rate))[1500:-1000], 1e-6)
