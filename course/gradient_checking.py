"""Checks a claimed gradient against central differences.

Checking costs two evaluations of the function per number that it depends on, so it is for tests
and small sizes. Where the function has a kink between x − h and x + h, the two disagree and both
are right; draw another x. Source: Nocedal and Wright, Numerical Optimization, 2nd ed. (2006), §8.1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course.backprop import Array, Node, gradients

# ε^⅓ for float64: a longer step errs by the third derivative, a shorter one by rounding.
STEP = 6e-6


def central_differences(f: Callable[[Array], float], x: ArrayLike, *, step: float = STEP) -> Array:
    """Return (f(x + h·eᵢ) − f(x − h·eᵢ))/2h for each entry i of x, in the shape of x.

    Parameters
    ----------
    f : callable
        Maps an array of the shape of `x` to a number; it is given a new array at every call.
    x : array_like
        Where to differentiate; it is not changed.
    step : float
        h, in units of x. The error is about h²·f‴/6 + ε·f/h, ε = 2.2e-16.

    Returns
    -------
    ndarray, shape of `x`
        One slope for each entry, in units of f per unit of x.
    """
    centre = np.array(x, dtype=np.float64)
    slopes = np.empty_like(centre)
    for i in np.ndindex(centre.shape):
        shift = np.zeros_like(centre)
        shift[i] = step
        slopes[i] = (f(centre + shift) - f(centre - shift)) / (2 * step)
    return slopes


def discrepancy(claimed: ArrayLike, expected: ArrayLike) -> float:
    """Return the largest |a − b|/max(1, |a|, |b|) over the entries; infinite if one is no number.

    Relative where derivatives are large, absolute where they are small: two numbers near zero have
    no digits to agree in.

    Parameters
    ----------
    claimed, expected : array_like
        Two gradients of the same shape.

    Returns
    -------
    float
        From 0 (equal) on; 0 also for empty arrays.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would compare every entry with every other.
    """
    a, b = np.asarray(claimed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"the claimed gradient has shape {a.shape}; expected {b.shape}")
    with np.errstate(invalid="ignore"):
        gaps = abs(a - b) / np.maximum(1, np.maximum(abs(a), abs(b)))
    return float(np.max(np.where(np.isnan(gaps), np.inf, gaps), initial=0))


def check(f: Callable[..., Node], *inputs: ArrayLike, step: float = STEP) -> float:
    """Return the largest `discrepancy` of reverse mode through `f`, over all its inputs.

    `f` maps as many nodes as there are inputs to a node that holds one number. Right rules give
    1e-8 or less where `f` and its derivatives are about 1; wrong ones give 1e-2 and more.

    Parameters
    ----------
    f : callable
        The function to check.
    *inputs : array_like
        Where to check it, one array for each argument of `f`.
    step : float
        As in `central_differences`.

    Returns
    -------
    float
        The worst discrepancy, from 0 on.
    """
    nodes = [Node(x) for x in inputs]
    worst = 0.0
    for which, claimed in enumerate(gradients(f(*nodes), nodes)):

        def along(x: Array, which: int = which) -> float:
            moved = [Node(x) if n == which else node for n, node in enumerate(nodes)]
            return float(f(*moved).value.item())

        expected = central_differences(along, nodes[which].value, step=step)
        worst = max(worst, discrepancy(claimed, expected))
    return worst
