"""Differential regression: least squares, ridge and differential fits of polynomials.

Nobody has published errors; the reference is our own earlier reading of Savine's notebook (2020),
on other draws, whose test points were not written down.
"""

import statistics
from collections.abc import Iterable

import numpy as np

from course import differential_regression as dr
from course.option_data import BachelierBasket, BlackScholes, Sample

#: Case, number of assets (0: Black and Scholes), degree, paths, errors of the reference.
CASES = [
    ("Black–Scholes", 0, 5, 200, (4.55, 4.17, 2.49)),
    ("Bachelier 3", 3, 5, 1000, (5.36, 2.58, 0.81)),
    ("Bachelier 7", 7, 3, 1000, (7.98, 2.79, 1.10)),
    ("Bachelier 7", 7, 3, 8000, None),
]
METHODS = "least squares", "ridge", "differential"
SPOT, STRIKE = 100.0, 110.0


def measure(seeds: int) -> str:
    """Return the table."""
    return f"""Root mean squared errors of the price; spot {SPOT:.0f}, strike {STRIKE:.0f},
horizon 1 year. Labels are the payoffs of single paths (no antithetic pairs). Black–Scholes:
volatility 20 %, expiry 2 years, errors at 100 equidistant spots from 35 to 165. Bachelier: random
baskets of volatility 20, expiry 3 years, errors at 4,000 fresh states of the same law, at which the
price is known. The ridge's penalty is chosen by 5-fold cross-validation; the differential fit has
no parameter to choose. Median and range over the seeds; a seed decides basket, paths and states.
Reference: medians of an earlier reading of the source, {", ".join(METHODS)}.

{_table(_rows(seeds))}
"""


def errors(n_assets: int, degree: int, m: int, seed: int) -> list[float]:
    """Return the root mean squared error of each of the three methods."""
    training, test = _data(n_assets, m, seed)
    fits = (
        dr.least_squares(training.x, training.y, degree=degree),
        dr.cross_validated_ridge(training.x, training.y, degree=degree).best,
        dr.differential(training.x, training.y, training.dydx, degree=degree),
    )
    return [float(np.sqrt(np.mean((fit.values(test.x) - test.y) ** 2))) for fit in fits]


def _data(n_assets: int, m: int, seed: int) -> tuple[Sample, Sample]:
    if n_assets == 0:
        one = BlackScholes(spot=SPOT, strike=STRIKE)
        return one.simulate(m, seed=seed, antithetic=False), one.test_set()
    basket = BachelierBasket.random(
        n_assets, seed=seed, spot=SPOT, strike=STRIKE, expiry=3.0, boost=1.0
    )
    x = basket.simulate(4000, seed=2000 + seed).x
    training = basket.simulate(m, seed=1000 + seed, antithetic=False)
    return training, Sample(x, basket.price(x), basket.delta(x))


def _rows(seeds: int) -> Iterable[list[str]]:
    yield ["case", "degree", "paths", *METHODS, "reference"]
    for name, n_assets, degree, m, reference in CASES:
        runs = [errors(n_assets, degree, m, seed) for seed in range(seeds)]
        published = " / ".join(f"{e:.2f}" for e in reference) if reference else "–"
        yield [name, str(degree), f"{m:,}", *map(_interval, zip(*runs, strict=True)), published]


def _interval(values: Iterable[float]) -> str:
    values = list(values)
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def _table(rows: Iterable[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * lines[0].count(" | ") + " --- |", *lines[1:]])
