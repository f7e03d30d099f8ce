"""Tabular Q-learning on the growth model: no transition matrix, no derivative, only experience."""

import numpy as np

from course.dynamic_programming import Array, Growth, rewards


def q_learning(
    model: Growth, grid: Array, *, steps: int, power: float = 0.6, explore: float = 0.3, seed: int
) -> Array:
    """Learn the value of every choice from one simulated path.

    In each step, the planner picks the best affordable k' by the present table, or with
    probability `explore` any affordable one. It sees the reward and the next state s', and moves
    the entry by N^(−power) times u + β max Q(s', ·) − Q, where N counts the visits of the entry
    (Watkins and Dayan, 1992).

    Parameters
    ----------
    model : Growth
        Its parameters.
    grid : ndarray, shape (n,)
        Points of capital, increasing.
    steps : int
        Length of the path.
    power : float
        How fast the steps of learning shrink.
    explore : float
        Probability of a choice at random.
    seed : int
        Of the path.

    Returns
    -------
    ndarray, shape (n, m, n)
        Q(k, z, k'); −∞ where k' cannot be afforded.
    """
    rng = np.random.default_rng(seed)
    reward = rewards(model, grid)
    n, m = reward.shape[:2]
    affordable = [[np.flatnonzero(row > -np.inf) for row in at_k] for at_k in reward]
    # Start with the reward for ever: the scale of Q, and no knowledge of what comes after k'.
    q = reward / (1 - model.beta)
    visits = np.zeros_like(q)
    chances = model.transition.cumsum(axis=1)
    k, z = n // 2, 0
    draws = rng.random((steps, 3))
    for turn, pick, shock in draws:
        options = affordable[k][z]
        a = options[int(pick * len(options))] if turn < explore else q[k, z].argmax()
        following = min(int(np.searchsorted(chances[z], shock, side="right")), m - 1)
        visits[k, z, a] += 1
        target = reward[k, z, a] + model.beta * q[a, following].max()
        q[k, z, a] += visits[k, z, a] ** -power * (target - q[k, z, a])
        k, z = int(a), following
    return q
