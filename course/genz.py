"""Genz's six families of test functions on the unit cube, with exact means and deviations.

A family has two parameters for each of its d variables: cᵢ > 0 says how hard it is in direction i,
and wᵢ from 0 to 1 where its peak, kink or jump lies. The normalisation is that of the course's
exercise: Σcᵢ = b_j, so that a family is about equally hard in every dimension, and Σwᵢ = 1.

Points x have shape (m, d) and lie in [0, 1]ᵈ; c and w have shape (d,); all is float64 and without a
unit. Sources: A. Genz, "A package for testing multiple integration subroutines", in Numerical
Integration, Reidel (1987), 337-340, for the families; V. Barthelmann, E. Novak and K. Ritter,
"High dimensional polynomial interpolation on sparse grids", Advances in Computational Mathematics
12 (2000), 273-288, for the normalisation of c, with the b_j of the exercise, which are not in all
texts the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, roots_genlaguerre

Array = NDArray[Any]

JUMPS = 2  # only the first two variables of the discontinuous family have a threshold
_NODES = 60  # the corner peak's quadrature is exact to rounding from some 30 nodes on


def difficulty(family: str, dimension: int) -> float:
    """Return b_j, the sum of the cᵢ: the product peak's is the dimension, the others' are fixed.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    dimension : int
        Number of variables d, ≥ 1.

    Returns
    -------
    float
    """
    _require(dimension >= 1, f"dimension is {dimension}; expected an integer from 1 on")
    total = _family(family).difficulty
    return float(dimension if total is None else total)


@dataclass(frozen=True, eq=False)
class Genz:
    """One test function: call it with points, shape (m, d), to get its values, shape (m,).

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    c, w : array_like, shape (d,)
        Difficulty (> 0) and place (from 0 to 1) in each direction.

    Raises
    ------
    ValueError
        If the family is unknown, the shapes differ, or a number is out of range.
    """

    family: str
    c: Array
    w: Array

    def __post_init__(self) -> None:
        _family(self.family)
        c, w = (np.array(value, dtype=np.float64) for value in (self.c, self.w))
        fits = c.ndim == 1 and c.size > 0 and c.shape == w.shape
        _require(fits, f"c has shape {c.shape} and w {w.shape}; expected (d,) for both")
        _require(np.all((c > 0) & np.isfinite(c)), "c has an entry that is no number above 0")
        _require(np.all((w >= 0) & (w <= 1)), "w has an entry outside of [0, 1]")
        object.__setattr__(self, "c", c)
        object.__setattr__(self, "w", w)

    @property
    def dimension(self) -> int:
        """The number of variables, d."""
        return int(self.c.size)

    def __call__(self, x: ArrayLike) -> Array:
        """Return the values at the points x, shape (m, d), as an array of shape (m,)."""
        x = np.asarray(x, dtype=np.float64)
        fits = x.ndim == 2 and x.shape[1] == self.dimension
        _require(fits, f"x has shape {x.shape}; expected (m, {self.dimension}), one point a row")
        return _family(self.family).value(x, self.c, self.w)

    def moment(self, power: int = 1) -> float:
        """Return ∫ f(x)ᵖ dx over the cube, exact to rounding, for the powers p = 1 and p = 2.

        Parameters
        ----------
        power : int
            p, 1 or 2.

        Returns
        -------
        float
        """
        _require(power in (1, 2), f"power is {power}; expected 1 or 2")
        return float(_family(self.family).moment(self.c, self.w, power))

    @property
    def mean(self) -> float:
        """The integral over the cube: the mean of f at uniformly distributed points."""
        return self.moment(1)

    @property
    def deviation(self) -> float:
        """The standard deviation of f at uniformly distributed points, from the exact moments."""
        return math.sqrt(max(self.moment(2) - self.moment(1) ** 2, 0.0))


def draw(family: str, dimension: int, rng: np.random.Generator) -> Genz:
    """Draw c and w from U(0, 1) and scale them to Σcᵢ = b_j and Σwᵢ = 1, as the exercise asks.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    dimension : int
        Number of variables d, ≥ 1.
    rng : numpy.random.Generator
        Source of the draws; it advances by 2d numbers.

    Returns
    -------
    Genz
    """
    total = difficulty(family, dimension)
    # 1 − U lies in (0, 1]: a difficulty of exactly 0 would be no function of this family.
    c, w = 1 - rng.random((2, dimension))
    return Genz(family, total * c / c.sum(), w / w.sum())


# --- the families -----------------------------------------------------------------------------
# Each has its b_j, its values, and its moments ∫ fᵖ. All but the corner peak's are products over
# the directions, for exp(Σ…) = Π exp(…), and for the cosine the real part of such a product.

_Value = Callable[[Array, Array, Array], Array]
_Moment = Callable[[Array, Array, int], float]


@dataclass(frozen=True)
class _Family:
    difficulty: float | None  # None: the dimension
    value: _Value
    moment: _Moment


def _oscillatory(x: Array, c: Array, w: Array) -> Array:
    return np.cos(2 * np.pi * w[0] + x @ c)


def _oscillatory_moment(c: Array, w: Array, power: int) -> float:
    # Re e^{2πiw₁} Π (e^{ic}−1)/(ic), in its form without cancellation; cos² = (1 + cos of twice)/2.
    angle, speed = power * (2 * np.pi * w[0] + c.sum() / 2), power * c
    wave = np.cos(angle) * np.prod(np.sinc(speed / (2 * np.pi)))
    return float(wave if power == 1 else (1 + wave) / 2)


def _product_peak(x: Array, c: Array, w: Array) -> Array:
    return np.prod(1 / (c**-2.0 + (x - w) ** 2), axis=1)


def _product_peak_moment(c: Array, w: Array, power: int) -> float:
    def primitive(u: Array) -> Array:  # of (c⁻² + u²)⁻ᵖ; odd, so that both ends add up
        if power == 1:
            return c * np.arctan(c * u)
        return c**4 * u / (2 * (1 + (c * u) ** 2)) + c**3 * np.arctan(c * u) / 2

    return float(np.prod(primitive(w) + primitive(1 - w)))


def _corner_peak(x: Array, c: Array, w: Array) -> Array:
    return (1 + x @ c) ** -(c.size + 1.0)


def _corner_peak_moment(c: Array, w: Array, power: int) -> float:
    # (1 + s)⁻ᵏ = ∫ tᵏ⁻¹ e⁻ᵗ⁽¹⁺ˢ⁾ dt / Γ(k) makes a product of it. The other closed form, 2ᵈ
    # terms of alternating sign, loses digits when a cᵢ is small.
    t, weights = roots_genlaguerre(_NODES, power * (c.size + 1.0) - 1)
    factors = -np.expm1(-t[:, None] * c) / (t[:, None] * c)
    return float(np.prod(factors, axis=1) @ weights / weights.sum())


def _gaussian(x: Array, c: Array, w: Array) -> Array:
    return np.exp(-((x - w) ** 2) @ c**2)


def _gaussian_moment(c: Array, w: Array, power: int) -> float:
    c = math.sqrt(power) * c
    return float(np.prod(math.sqrt(math.pi) / (2 * c) * (erf(c * w) + erf(c * (1 - w)))))


def _continuous(x: Array, c: Array, w: Array) -> Array:
    return np.exp(-np.abs(x - w) @ c)


def _continuous_moment(c: Array, w: Array, power: int) -> float:
    c = power * c
    return float(np.prod(-(np.expm1(-c * w) + np.expm1(-c * (1 - w))) / c))


def _discontinuous(x: Array, c: Array, w: Array) -> Array:
    inside = np.all(x[:, :JUMPS] <= w[:JUMPS], axis=1)
    return np.where(inside, np.exp(x @ c), 0.0)


def _discontinuous_moment(c: Array, w: Array, power: int) -> float:
    c = power * c
    end = np.concatenate([w[:JUMPS], np.ones(max(c.size - JUMPS, 0))])
    return float(np.prod(np.expm1(c * end) / c))


_FAMILIES = {
    "oscillatory": _Family(1.5, _oscillatory, _oscillatory_moment),
    "product peak": _Family(None, _product_peak, _product_peak_moment),
    "corner peak": _Family(1.85, _corner_peak, _corner_peak_moment),
    "Gaussian": _Family(7.03, _gaussian, _gaussian_moment),
    "continuous": _Family(20.4, _continuous, _continuous_moment),
    "discontinuous": _Family(4.3, _discontinuous, _discontinuous_moment),
}
FAMILIES = tuple(_FAMILIES)  # f₁ … f₆, in the order of the exercise


def _family(name: str) -> _Family:
    _require(name in _FAMILIES, f"family is {name!r}; expected one of {', '.join(_FAMILIES)}")
    return _FAMILIES[name]


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)
