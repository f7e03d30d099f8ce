"""Oracles: expected regret in closed form, a plain loop, the bound of Auer et al."""

import math

import numpy as np
import pytest

from course import bandit

MEANS = (0.2, 0.5, 0.4)


def test_playing_any_arm_has_the_regret_of_the_average_arm():
    history = bandit.play(bandit.epsilon_greedy(1.0), MEANS, n_rounds=100, n_runs=2000, seed=0)
    gap = 0.5 - np.mean(MEANS)
    assert history.regret()[:, -1].mean() == pytest.approx(100 * gap, rel=0.02)


def test_rewards_come_with_the_probability_of_their_arm():
    history = bandit.play(bandit.epsilon_greedy(1.0), MEANS, n_rounds=50, n_runs=1000, seed=1)
    assert set(np.unique(history.rewards)) == {0, 1}
    for arm, mean in enumerate(MEANS):
        paid = history.rewards[history.arms == arm]
        assert paid.mean() == pytest.approx(mean, abs=5 * 0.5 / math.sqrt(paid.size))


def test_greedy_tries_each_arm_and_then_follows_the_best_mean():
    history = bandit.play(bandit.epsilon_greedy(0.0), [0.0, 1.0, 0.0], n_rounds=9, n_runs=4, seed=0)
    assert (history.arms[:, :3] == [0, 1, 2]).all()
    assert (history.arms[:, 3:] == 1).all()


def test_ucb_chooses_what_its_formula_says():
    rng = np.random.default_rng(0)
    counts = np.array([[10.0, 3.0, 7.0], [1.0, 50.0, 50.0]])
    sums = np.array([[6.0, 1.0, 4.0], [0.0, 25.0, 20.0]])
    chosen = bandit.upper_confidence()(counts, sums, rng)
    for run in range(2):
        t = counts[run].sum()
        indices = [
            sums[run, j] / counts[run, j] + math.sqrt(2 * math.log(t) / counts[run, j])
            for j in range(3)
        ]
        assert chosen[run] == int(np.argmax(indices))


def test_ucb_stays_below_its_proven_bound():
    history = bandit.play(bandit.upper_confidence(), MEANS, n_rounds=3000, n_runs=50, seed=2)
    gaps = np.array([0.3, 0.1])
    bound = 8 * math.log(3000) * np.sum(1 / gaps) + (1 + math.pi**2 / 3) * gaps.sum()
    regret = history.regret().mean(axis=0)
    assert regret[-1] < bound
    assert regret[-1] - regret[1499] < 0.5 * regret[1499]  # it grows ever more slowly


def test_regret_is_cumulative_and_the_seed_decides():
    one, two = (
        bandit.play(bandit.epsilon_greedy(0.3), MEANS, n_rounds=20, n_runs=5, seed=7)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.arms, two.arms)
    total = 0.0
    for t in range(20):
        total += 0.5 - MEANS[one.arms[2, t]]
        assert one.regret()[2, t] == pytest.approx(total)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bandit.epsilon_greedy(1.5), "epsilon is 1.5"),
        (lambda: bandit.play(bandit.upper_confidence(), [0.5, 2], n_rounds=1, n_runs=1, seed=0),
         "one probability for each arm"),
        (lambda: bandit.play(bandit.upper_confidence(), [], n_rounds=1, n_runs=1, seed=0),
         "one probability for each arm"),
        (lambda: bandit.play(bandit.upper_confidence(), [0.5], n_rounds=0, n_runs=1, seed=0),
         "1 or more of both"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
