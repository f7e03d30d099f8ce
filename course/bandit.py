"""The simplest problem of reinforcement learning: which of several options to choose next.

Each of k arms pays 1 with its own unknown probability, and otherwise 0. We see the reward of the
arm that we play and of no other. Rules see, for each of R independent runs, how often each arm was
played and what it paid in all, arrays of shape (R, k).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Rule = Callable[[Array, Array, np.random.Generator], Array]


@dataclass(frozen=True, eq=False)
class History:
    """`arms` and `rewards`, shape (R, T): what each run played in each round, and what it got."""

    arms: Array
    rewards: Array
    means: Array

    def regret(self) -> Array:
        """Return what always playing the best arm would have earned more, so far, shape (R, T).

        In expectation over the rewards of the arms that were played: Sutton and Barto,
        Reinforcement Learning, 2nd ed. (2018), chapter 2; Auer, Cesa-Bianchi and Fischer,
        Machine Learning 47 (2002), §1.

        Returns
        -------
        ndarray, shape (R, T)
            Never decreases along a row.
        """
        return np.cumsum(self.means.max() - self.means[self.arms], axis=1)


def play(rule: Rule, means: ArrayLike, *, n_rounds: int, n_runs: int, seed: int) -> History:
    """Let a rule play `n_rounds` rounds in `n_runs` independent runs, all at once.

    Parameters
    ----------
    rule : Rule
        Maps (counts, sums, rng) to the arm that each run plays next, shape (R,).
    means : array_like, shape (k,)
        Probability that each arm pays 1.
    n_rounds, n_runs, seed : int
        T, R, and what all draws come from.

    Returns
    -------
    History
        Arms and rewards of shape (R, T).

    Raises
    ------
    ValueError
        If a probability is none, or a number of rounds or runs is not positive.
    """
    means = np.asarray(means, dtype=np.float64)
    if means.ndim != 1 or means.size == 0 or not ((means >= 0) & (means <= 1)).all():
        raise ValueError(f"means are {means}; expected one probability for each arm")
    if min(n_rounds, n_runs) < 1:
        raise ValueError(f"{n_rounds} rounds and {n_runs} runs; expected 1 or more of both")
    rng, runs = np.random.default_rng(seed), np.arange(n_runs)
    counts, sums = np.zeros((n_runs, means.size)), np.zeros((n_runs, means.size))
    arms = np.empty((n_runs, n_rounds), dtype=int)
    rewards = np.empty((n_runs, n_rounds))
    for t in range(n_rounds):
        arms[:, t] = rule(counts, sums, rng)
        rewards[:, t] = rng.random(n_runs) < means[arms[:, t]]
        counts[runs, arms[:, t]] += 1
        sums[runs, arms[:, t]] += rewards[:, t]
    return History(arms, rewards, means)


def epsilon_greedy(epsilon: float) -> Rule:
    """Play the arm with the best mean so far, but with probability `epsilon` any arm.

    An arm that was never played comes first: Sutton and Barto (2018), §2.2 and §2.6.

    Parameters
    ----------
    epsilon : float
        Share of rounds in which the arm is drawn uniformly, from 0 to 1.

    Returns
    -------
    Rule
        Breaks ties in favour of the lower number.

    Raises
    ------
    ValueError
        If `epsilon` is not between 0 and 1.
    """
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; expected a probability")

    def rule(counts: Array, sums: Array, rng: np.random.Generator) -> Array:
        runs, k = counts.shape
        best = _means(counts, sums).argmax(axis=1)
        return np.where(rng.random(runs) < epsilon, rng.integers(k, size=runs), best)

    return rule


def upper_confidence() -> Rule:
    """Play the arm with the largest mean so far + √(2 ln t / times played): UCB1.

    "Optimism in the face of uncertainty": an arm is played because it is good, or because we do
    not know. t counts the plays so far. Source: Auer et al. (2002), figure 1 and theorem 1.

    Returns
    -------
    Rule
        Draws nothing at random; breaks ties in favour of the lower number.
    """

    def rule(counts: Array, sums: Array, rng: np.random.Generator) -> Array:
        played = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        width = np.sqrt(2 * np.log(played) / np.maximum(counts, 1))
        return (_means(counts, sums) + width).argmax(axis=1)

    return rule


def _means(counts: Array, sums: Array) -> Array:
    """Return each arm's mean so far, infinite where there is none, shape (R, k)."""
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
