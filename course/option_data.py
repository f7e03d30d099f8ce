"""Training data for option pricing: payoffs along simulated paths, and their pathwise derivatives.

Two models in which a call has a closed form, so that everything learnt from the data can be
checked: Black and Scholes with one asset, and Bachelier with a basket of n assets. A path goes from
today to a horizon, where its state is the input x, and on to expiry, where the payoff is the label
y. The *differential label* dy/dx is the derivative of that payoff with the random shocks held
fixed; given x, the mean of y is the price and the mean of dy/dx the delta (Broadie and Glasserman,
Management Science 42(2), 1996; Huge and Savine, "Differential machine learning", 2020).

States x have shape (m, n), payoffs y (m,), derivatives dy/dx (m, n): one row per path, one column
per asset, in float64. Prices are in the currency of `spot`, times in years, interest rates are
zero. Volatilities are per square root of a year: relative ones in Black and Scholes, in currency in
Bachelier. Whatever is out of range or misshapen raises a ValueError that says so.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """States `x`, shape (m, n), with values `y`, shape (m,), and derivatives `dydx`, shape (m, n).

    In a training set y and dydx are one path's payoff and its derivative, in a test set the price
    and the delta.
    """

    x: Array
    y: Array
    dydx: Array

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True)
class BlackScholes:
    """A call on one asset whose logarithm is a Brownian motion; Black and Scholes (1973).

    Up to the horizon the volatility is `boost` times as high: that spreads the states x over more
    of the axis, and changes neither the price nor the delta at a given x.
    """

    spot: float = 1.0
    strike: float = 1.1
    volatility: float = 0.2
    horizon: float = 1.0
    expiry: float = 2.0
    boost: float = 1.5

    def __post_init__(self) -> None:
        for name in ("spot", "strike", "volatility", "horizon", "boost"):
            _positive(name, getattr(self, name))
        _later(self.expiry, self.horizon)

    @property
    def n_assets(self) -> int:
        """1."""
        return 1

    def simulate(self, n_paths: int, *, seed: int, antithetic: bool = True) -> Sample:
        """Draw states at the horizon and label each by one path, or by an antithetic pair.

        Parameters
        ----------
        n_paths : int
            m, ≥ 1.
        seed : int
            The same seed gives the same sample.
        antithetic : bool
            Average each label over a path and its mirror image.

        Returns
        -------
        Sample
            m rows, n = 1.
        """
        _count("n_paths", n_paths)
        before, after = np.random.default_rng(seed).normal(size=(2, n_paths, 1))
        early = self.boost * self.volatility * math.sqrt(self.horizon)
        x = self.spot * np.exp(early * before - early**2 / 2)
        return Sample(x, *self.label(x, after, antithetic=antithetic))

    def label(self, x: ArrayLike, normals: ArrayLike, *, antithetic: bool) -> tuple[Array, Array]:
        """Return payoffs and their derivatives for given states and given standard normals.

        With R the growth from horizon to expiry, the payoff is max(xR − K, 0) and its derivative is
        R where xR > K, else 0.

        Parameters
        ----------
        x, normals : array_like, shape (m, 1)
            States (positive), and the shocks that drive the asset from there to expiry.
        antithetic : bool
            Average both labels over `normals` and −`normals`: Glasserman (2003), §4.2.

        Returns
        -------
        y : ndarray, shape (m,)
        dydx : ndarray, shape (m, 1)
        """
        x, normals = _states(x, self.n_assets), _states(normals, self.n_assets, "normals")
        _require((x > 0).all(), "x holds a price that is not positive; expected prices > 0")

        def one_path(shocks: Array) -> tuple[Array, Array]:
            growth = np.exp(self._late * shocks - self._late**2 / 2)
            payoffs = np.maximum(x * growth - self.strike, 0.0)
            return payoffs[:, 0], np.where(payoffs > 0, growth, 0.0)

        return _labels(one_path, normals, antithetic)

    def price(self, x: ArrayLike) -> Array:
        """Return the price at the horizon, x·N(d₁) − K·N(d₂), shape (m,), for x of shape (m, 1).

        Parameters
        ----------
        x : array_like, shape (m, 1)
            Prices of the asset at the horizon, > 0.

        Returns
        -------
        ndarray, shape (m,)
        """
        d1 = self._d1(x)
        payoffs = np.asarray(x) * ndtr(d1) - self.strike * ndtr(d1 - self._late)
        return np.asarray(payoffs[:, 0])

    def delta(self, x: ArrayLike) -> Array:
        """Return its derivative N(d₁), shape (m, 1).

        Parameters
        ----------
        x : array_like, shape (m, 1)
            Prices of the asset at the horizon, > 0.

        Returns
        -------
        ndarray, shape (m, 1)
        """
        return np.asarray(ndtr(self._d1(x)))

    def test_set(self, n_points: int = 100) -> Sample:
        """Prices and deltas at equidistant states from 0.35 to 1.65 times today's price.

        Parameters
        ----------
        n_points : int
            Number of states.

        Returns
        -------
        Sample
            Exact, in the order of the states.
        """
        x = self.spot * np.linspace(0.35, 1.65, n_points)[:, None]
        return Sample(x, self.price(x), self.delta(x))

    @property
    def _late(self) -> float:
        return self.volatility * math.sqrt(self.expiry - self.horizon)

    def _d1(self, x: ArrayLike) -> Array:
        x = _states(x, self.n_assets)
        _require((x > 0).all(), "x holds a price that is not positive; expected prices > 0")
        return np.asarray(np.log(x / self.strike) / self._late + self._late / 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class BachelierBasket:
    """A call on the basket a·x of assets that are correlated Brownian motions; Bachelier (1900).

    `weights` is a, shape (n,); `volatilities` has shape (n,) and `correlation` shape (n, n). As in
    `BlackScholes`, all volatilities are `boost` times as high before the horizon.
    """

    weights: Array
    volatilities: Array
    correlation: Array
    spot: float = 1.0
    strike: float = 1.1
    horizon: float = 1.0
    expiry: float = 2.0
    boost: float = 1.5

    def __post_init__(self) -> None:
        for name in ("spot", "strike", "horizon", "boost"):
            _positive(name, getattr(self, name))
        _later(self.expiry, self.horizon)
        n = self.n_assets
        for name, shape in (("weights", (n,)), ("volatilities", (n,)), ("correlation", (n, n))):
            array = np.array(getattr(self, name), dtype=np.float64)  # the caller keeps its own
            _require(array.shape == shape, f"{name} has shape {array.shape}; expected {shape}")
            object.__setattr__(self, name, array)
        _require((self.volatilities > 0).all(), "volatilities hold a number ≤ 0; expected all > 0")
        least = float(np.linalg.eigvalsh(self.correlation)[0])
        _require(least > 0, f"correlation has the eigenvalue {least:.3g}; expected all > 0")

    @classmethod
    def random(
        cls, n_assets: int, *, seed: int, volatility: float = 0.2, **terms: float
    ) -> "BachelierBasket":
        """Draw a basket as Huge and Savine do.

        Weights are uniform on [1, 10] and sum to 1. Correlations are those of 2n points that are
        uniform on [−1, 1]ⁿ. Volatilities are uniform on [5, 50], then scaled such that the basket
        has `volatility`, per unit of `spot`. `terms` are other fields of the class.

        Parameters
        ----------
        n_assets : int
            n, ≥ 1.
        seed : int
            The same seed gives the same basket.
        volatility : float
            Of the basket, relative to `spot`, per square root of a year.
        **terms : float
            `spot`, `strike`, `horizon`, `expiry`, `boost`.

        Returns
        -------
        BachelierBasket
        """
        _count("n_assets", n_assets)
        _positive("volatility", volatility)
        rng = np.random.default_rng(seed)
        factors = rng.uniform(-1, 1, (2 * n_assets, n_assets))
        factors /= np.linalg.norm(factors, axis=0)
        weights = rng.uniform(1, 10, n_assets)
        weights /= weights.sum()
        volatilities = rng.uniform(5, 50, n_assets)
        volatilities *= (
            terms.get("spot", 1.0) * volatility / np.linalg.norm(factors @ (weights * volatilities))
        )
        return cls(
            weights=weights, volatilities=volatilities, correlation=factors.T @ factors, **terms
        )

    @property
    def n_assets(self) -> int:
        """How many assets the basket has."""
        return len(self.weights)

    @property
    def volatility(self) -> float:
        """Volatility of the basket, √(a'Σa), in currency per square root of a year."""
        return float(np.linalg.norm(self._root.T @ self.weights))

    def simulate(self, n_paths: int, *, seed: int, antithetic: bool = True) -> Sample:
        """Draw states at the horizon and label each by one path, or by an antithetic pair.

        Parameters
        ----------
        n_paths : int
            m, ≥ 1.
        seed : int
            The same seed gives the same sample.
        antithetic : bool
            Average each label over a path and its mirror image.

        Returns
        -------
        Sample
            m rows, one column per asset.
        """
        _count("n_paths", n_paths)
        before, after = np.random.default_rng(seed).normal(size=(2, n_paths, self.n_assets))
        x = self.spot + self.boost * math.sqrt(self.horizon) * before @ self._root.T
        return Sample(x, *self.label(x, after, antithetic=antithetic))

    def label(self, x: ArrayLike, normals: ArrayLike, *, antithetic: bool) -> tuple[Array, Array]:
        """Return payoffs and their derivatives for given states and given standard normals.

        With D the change of the assets from horizon to expiry, the payoff is max(a·(x + D) − K, 0)
        and its derivative is a where the payoff is positive, else 0. The parameters are those of
        `BlackScholes.label` with shapes (m, n), and x may be negative.

        Parameters
        ----------
        x, normals : array_like, shape (m, n)
            States, and independent standard normals.
        antithetic : bool
            Average both labels over `normals` and −`normals`.

        Returns
        -------
        y : ndarray, shape (m,)
        dydx : ndarray, shape (m, n)
        """
        x, normals = _states(x, self.n_assets), _states(normals, self.n_assets, "normals")
        root = math.sqrt(self.expiry - self.horizon) * self._root

        def one_path(shocks: Array) -> tuple[Array, Array]:
            payoffs = np.maximum((x + shocks @ root.T) @ self.weights - self.strike, 0.0)
            return payoffs, (payoffs > 0)[:, None] * self.weights

        return _labels(one_path, normals, antithetic)

    def price(self, x: ArrayLike) -> Array:
        """Return s·(d·N(d) + N'(d)) with s the basket's deviation to expiry, d = (a·x − K)/s.

        Parameters
        ----------
        x : array_like, shape (m, n)
            Prices of the assets at the horizon.

        Returns
        -------
        ndarray, shape (m,)
        """
        late, d = self._late, self._d(x)
        return np.asarray(late * (d * ndtr(d) + np.exp(-(d**2) / 2) / math.sqrt(2 * math.pi)))

    def delta(self, x: ArrayLike) -> Array:
        """Return its gradient N(d)·a, shape (m, n).

        Parameters
        ----------
        x : array_like, shape (m, n)
            Prices of the assets at the horizon.

        Returns
        -------
        ndarray, shape (m, n)
        """
        return np.asarray(ndtr(self._d(x))[:, None] * self.weights)

    def test_set(self, n_points: int = 4096, *, seed: int) -> Sample:
        """Prices and deltas at uniform states, in a cube that grows with the number of assets.

        Its half side is 0.5·(1 + 0.5·√((n − 1)/12)) times `spot`, so that the basket, in which
        independent assets average out, still covers what matters.

        Parameters
        ----------
        n_points : int
            Number of states.
        seed : int
            The same seed gives the same states.

        Returns
        -------
        Sample
            Exact prices and deltas.
        """
        half = 0.5 * self.spot * (1 + 0.5 * math.sqrt((self.n_assets - 1) / 12))
        shape = (n_points, self.n_assets)
        x = self.spot + np.random.default_rng(seed).uniform(-half, half, shape)
        return Sample(x, self.price(x), self.delta(x))

    @property
    def _root(self) -> Array:
        return np.asarray(self.volatilities[:, None] * np.linalg.cholesky(self.correlation))

    @property
    def _late(self) -> float:
        return self.volatility * math.sqrt(self.expiry - self.horizon)

    def _d(self, x: ArrayLike) -> Array:
        return np.asarray((_states(x, self.n_assets) @ self.weights - self.strike) / self._late)


def _labels(one_path: Any, normals: Array, antithetic: bool) -> tuple[Array, Array]:
    y, dydx = one_path(normals)
    if not antithetic:
        return y, dydx
    y_mirror, dydx_mirror = one_path(-normals)
    return (y + y_mirror) / 2, (dydx + dydx_mirror) / 2


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _states(x: ArrayLike, n_assets: int, name: str = "x") -> Array:
    array = np.asarray(x, dtype=np.float64)
    fits = array.ndim == 2 and array.shape[1] == n_assets
    _require(fits, f"{name} has shape {array.shape}; expected (m, {n_assets})")
    return array


def _positive(name: str, value: float) -> None:
    _require(0 < value < math.inf, f"{name} is {value}; expected a number > 0")


def _later(expiry: float, horizon: float) -> None:
    _require(expiry > horizon, f"expiry is {expiry}; expected a time after horizon = {horizon}")


def _count(name: str, value: int) -> None:
    ok = value >= 1 and value == int(value)
    _require(ok, f"{name} is {value}; expected an integer ≥ 1")
