"""Polynomial regression on noisy values, with a ridge, and with the slopes of the values as labels.

Inputs x have shape (m, n), labels y (m,), and their derivatives dydx (m, n), all float64. A fit is
a `Polynomial` of a total degree: ŷ(x) = b + Σ_k β_k φ_k(z), where z = (x − mean)/std are the
standardised inputs (of the training set) and φ_k the monomials of z of degree 1, 2, …, `degree`.
There are (n + degree)!/(n! degree!) − 1 of them. The fits minimise over b and β

    mean (y − ŷ)²                                           `least_squares`
    mean (y − ŷ)² + penalty · Σ_k (β_k · std φ_k)²          `ridge`, `cross_validated_ridge`
    mean (y − ŷ)² + weight · Σ_j α_j mean (dydx_j − ∂ŷ/∂x_j)²     `differential`

with α_j = var y / mean dydx_j², so that values and slopes weigh alike whatever their units are.
Source: Huge and Savine, "Differential machine learning" (2020), with online appendix 3 and Savine's
notebook, both on differential regression (2020). That notebook takes the derivative of a monomial φ
to be φ·p/(x + 1e-8), which at x = 0 is 0 also for p = 1; here it is p·z^(p − 1) times the other
factors.

Whatever is out of range, misshapen or not finite raises a ValueError that says so. In particular y
of shape (m, 1) is refused: a prediction of shape (m,) minus such a column is an (m, m) table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

PENALTIES = tuple(float(p) for p in np.geomspace(1e-8, 10, 46))  # five to the decade
CUT = 1e-10  # singular values below this share of the largest are noise of rounding


def exponents(n_inputs: int, degree: int) -> Array:
    """Return the powers of all monomials of total degree 1 … `degree`, integers of shape (k, n).

    Ordered by degree: the first n rows are the inputs themselves.

    Parameters
    ----------
    n_inputs, degree : int
        n and the largest total degree, both ≥ 1.

    Returns
    -------
    ndarray of int, shape (k, n)
    """
    _count("n_inputs", n_inputs)
    _count("degree", degree)
    chosen = [
        picks
        for total in range(1, degree + 1)
        for picks in combinations_with_replacement(range(n_inputs), total)
    ]
    return np.array([np.bincount(picks, minlength=n_inputs) for picks in chosen])


def monomials(z: ArrayLike, powers: Array) -> Array:
    """Return ∏_j z_j^p_j for each row p of `powers`, shape (m, k), for z of shape (m, n).

    Parameters
    ----------
    z : array_like, shape (m, n)
        Standardised inputs.
    powers : ndarray of int, shape (k, n)
        As from `exponents`.

    Returns
    -------
    ndarray, shape (m, k)
    """
    return _product([table[:, p] for table, p in zip(_powers(z, powers), powers.T, strict=True)])


def monomial_derivatives(z: ArrayLike, powers: Array) -> Array:
    """Return ∂φ_k/∂z_j, shape (m, k, n): exact everywhere, also where z is 0.

    Parameters
    ----------
    z : array_like, shape (m, n)
        Standardised inputs.
    powers : ndarray of int, shape (k, n)
        As from `exponents`.

    Returns
    -------
    ndarray, shape (m, k, n)
        With respect to z, not x.
    """
    tables = _powers(z, powers)
    factors = [table[:, p] for table, p in zip(tables, powers.T, strict=True)]
    derivatives = np.empty((len(tables[0]), *powers.shape))
    for j, (table, p) in enumerate(zip(tables, powers.T, strict=True)):
        lowered = p * table[:, np.maximum(p - 1, 0)]  # 0 where z_j does not occur
        derivatives[:, :, j] = _product([*factors[:j], lowered, *factors[j + 1 :]])
    return derivatives


@dataclass(frozen=True, eq=False)
class Polynomial:
    """ŷ(x) = intercept + Σ_k coefficients_k φ_k((x − mean)/std).

    `powers` has shape (k, n), `coefficients` (k,), `mean` and `std` (n,).
    """

    powers: Array
    coefficients: Array
    intercept: float
    mean: Array
    std: Array

    def values(self, x: ArrayLike) -> Array:
        """Return ŷ, shape (m,), for x of shape (m, n).

        Parameters
        ----------
        x : array_like, shape (m, n)
            Inputs in their own units.

        Returns
        -------
        ndarray, shape (m,)
        """
        return self.intercept + monomials(self._standardised(x), self.powers) @ self.coefficients

    def derivatives(self, x: ArrayLike) -> Array:
        """Return ∂ŷ/∂x_j, shape (m, n).

        Parameters
        ----------
        x : array_like, shape (m, n)
            Inputs in their own units.

        Returns
        -------
        ndarray, shape (m, n)
            In units of y per unit of x_j.
        """
        slopes = monomial_derivatives(self._standardised(x), self.powers)
        return np.einsum("mkn,k->mn", slopes, self.coefficients) / self.std

    def _standardised(self, x: ArrayLike) -> Array:
        x = _array("x", x, ndim=2)
        _require(
            x.shape[1] == self.mean.size, f"x has shape {x.shape}; expected (m, {self.mean.size})"
        )
        return (x - self.mean) / self.std


def least_squares(x: ArrayLike, y: ArrayLike, *, degree: int) -> Polynomial:
    """Fit the values alone: ordinary least squares (of least norm, where many fit alike).

    Parameters
    ----------
    x, y : array_like, shapes (m, n), (m,)
        Training data; no column of x may be constant.
    degree : int
        Total degree, ≥ 1.

    Returns
    -------
    Polynomial
    """
    basis = _Basis(x, y, degree)
    return basis.polynomial(_solve(basis.phi, basis.y))


def ridge(x: ArrayLike, y: ArrayLike, *, degree: int, penalty: float) -> Polynomial:
    """Fit the values, and punish large coefficients; Hoerl and Kennard, Technometrics 12(1) (1970).

    `penalty` ≥ 0 has the unit 1: the monomials are scaled to standard deviation 1 before.

    Parameters
    ----------
    x, y : array_like, shapes (m, n), (m,)
        Training data; no column of x may be constant.
    degree : int
        Total degree, ≥ 1.
    penalty : float
        Weight of the squared coefficients.

    Returns
    -------
    Polynomial
    """
    _require(0 <= penalty < math.inf, f"penalty is {penalty}; expected a number ≥ 0")
    basis = _Basis(x, y, degree)
    return basis.polynomial(_ridge_path(basis.phi, basis.y, [penalty])[:, 0])


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The `best` fit; `errors` are the mean squared errors on data left out, one per penalty."""

    best: Polynomial
    penalty: float
    penalties: Array
    errors: Array


def cross_validated_ridge(
    x: ArrayLike,
    y: ArrayLike,
    *,
    degree: int,
    penalties: Sequence[float] = PENALTIES,
    n_folds: int = 5,
    seed: int = 0,
) -> CrossValidation:
    """Ridge with the penalty that predicts best what it has not seen.

    The data are shuffled and split into `n_folds` parts; each part is predicted by a fit to the
    others, whose own means and deviations scale it: Hastie, Tibshirani and Friedman, The Elements
    of Statistical Learning, 2nd ed. (2009), §7.10. One singular value decomposition per part serves
    all penalties.

    Parameters
    ----------
    x, y : array_like, shapes (m, n), (m,)
        Training data; no column of x may be constant.
    degree : int
        Total degree, ≥ 1.
    penalties : sequence of float
        What to choose from, each ≥ 0.
    n_folds : int
        Number of parts, from 2 to m.
    seed : int
        Decides which row falls into which part.

    Returns
    -------
    CrossValidation
        Its `best` is fitted to all rows.
    """
    x, y = _data(x, y)
    _count("n_folds", n_folds, least=2, most=len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    squares = np.zeros(len(penalties))
    for left_out in np.array_split(order, n_folds):
        kept = np.setdiff1d(order, left_out)
        basis = _Basis(x[kept], y[kept], degree)
        predicted = basis.features(x[left_out]) @ _ridge_path(basis.phi, basis.y, penalties)
        squares += np.sum((predicted + basis.mean_y - y[left_out, None]) ** 2, axis=0)
    best = float(penalties[int(squares.argmin())])
    fit = ridge(x, y, degree=degree, penalty=best)
    return CrossValidation(fit, best, np.array(penalties), squares / len(y))


def differential(
    x: ArrayLike, y: ArrayLike, dydx: ArrayLike, *, degree: int, weight: float = 1.0
) -> Polynomial:
    """Fit values and slopes together; with `weight` 0, the values alone.

    A linear least-squares problem in β with m·(n + 1) equations: a slope is linear in β, too. An
    input whose slopes are all 0 adds none.

    Parameters
    ----------
    x, y, dydx : array_like, shapes (m, n), (m,), (m, n)
        Training data; no column of x may be constant.
    degree : int
        Total degree, ≥ 1.
    weight : float
        Of the slopes, ≥ 0; with 1 they count as much as the values, each input for itself.

    Returns
    -------
    Polynomial
    """
    _require(0 <= weight < math.inf, f"weight is {weight}; expected a number ≥ 0")
    basis = _Basis(x, y, degree)
    dydx = _array("dydx", dydx, ndim=2)
    _require(dydx.shape == basis.x.shape, f"dydx has shape {dydx.shape}; x has {basis.x.shape}")
    slopes = monomial_derivatives(basis.z, basis.powers) / basis.scale[:, None] / basis.std
    mean_squares = np.mean(dydx**2, axis=0)
    used = mean_squares > 0
    alpha = weight * basis.y.var() / np.where(used, mean_squares, 1) * used
    blocks = [basis.phi, *(math.sqrt(a) * slopes[:, :, j] for j, a in enumerate(alpha))]
    labels = [basis.y, *(math.sqrt(a) * dydx[:, j] for j, a in enumerate(alpha))]
    return basis.polynomial(_solve(np.concatenate(blocks), np.concatenate(labels)))


class _Basis:
    """Training data, standardised: `phi` are its monomials, centred and with deviation 1."""

    def __init__(self, x: ArrayLike, y: ArrayLike, degree: int) -> None:
        self.x, y = _data(x, y)
        self.mean, self.std = self.x.mean(axis=0), self.x.std(axis=0)
        # The deviation of equal numbers may be 1e-17 and not 0, because their mean is rounded.
        flat = np.flatnonzero((np.ptp(self.x, axis=0) == 0) | (self.std == 0))
        _require(flat.size == 0, f"x is constant in column {flat[:1]}; drop it")
        self.z = (self.x - self.mean) / self.std
        self.powers = exponents(self.x.shape[1], degree)
        raw = monomials(self.z, self.powers)
        self.centre, scale = raw.mean(axis=0), raw.std(axis=0)
        self.scale = np.where(scale > CUT, scale, 1)  # z² of two points ±1 does not vary
        self.phi = (raw - self.centre) / self.scale
        self.mean_y = float(y.mean())
        self.y = y - self.mean_y

    def features(self, x: Array) -> Array:
        raw = monomials((x - self.mean) / self.std, self.powers)
        return (raw - self.centre) / self.scale

    def polynomial(self, beta: Array) -> Polynomial:
        coefficients = beta / self.scale
        intercept = self.mean_y - float(self.centre @ coefficients)
        return Polynomial(self.powers, coefficients, intercept, self.mean, self.std)


def _solve(matrix: Array, target: Array) -> Array:
    return np.linalg.lstsq(matrix, target, rcond=CUT)[0]


def _ridge_path(phi: Array, y: Array, penalties: Sequence[float]) -> Array:
    """Return the coefficients for every penalty, shape (k, number of penalties)."""
    left, singular, right = np.linalg.svd(phi, full_matrices=False)
    kept = singular > CUT * singular.max()
    left, singular, right = left[:, kept], singular[kept], right[kept]
    shrunk = singular[:, None] / (singular[:, None] ** 2 + len(y) * np.asarray(penalties))
    return right.T @ (shrunk * (left.T @ y)[:, None])


def _powers(z: ArrayLike, powers: Array) -> list[Array]:
    """Return for each input its powers 0, 1, …, side by side, shape (m, highest + 1)."""
    z = _array("z", z, ndim=2)
    _require(powers.shape[1] == z.shape[1], f"z has shape {z.shape}, powers {powers.shape}")
    return [np.vander(column, powers.max() + 1, increasing=True) for column in z.T]


def _product(factors: Sequence[Array]) -> Array:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _array(name: str, value: ArrayLike, *, ndim: int) -> Array:
    array = np.asarray(value, dtype=np.float64)
    fits = array.ndim == ndim and array.size > 0
    _require(fits, f"{name} has shape {array.shape}; expected {ndim} non-empty axes: reshape it")
    _require(np.isfinite(array).all(), f"{name} has NaN or infinite entries; remove them")
    return array


def _data(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    x, y = _array("x", x, ndim=2), _array("y", y, ndim=1)
    _require(len(x) == len(y), f"x has {len(x)} rows and y {len(y)} entries; expected as many")
    return x, y


def _count(name: str, value: int, *, least: int = 1, most: float = math.inf) -> None:
    ok = least <= value <= most and value == int(value)
    _require(ok, f"{name} is {value}; expected an integer from {least} to {most}")
