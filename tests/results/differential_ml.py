"""Differential machine learning: standard and differential training, beside the published errors.

The published numbers are labels of the figures of Huge and Savine's two notebooks: single draws,
whose seeds are not fixed.
"""

import functools
import statistics
from collections.abc import Iterable

from course import differential_ml as dml
from course.option_data import BachelierBasket, BlackScholes, Sample

#: What is learnt, from how many paths; published errors (standard → differential) of the price, and
#: in brackets of the first delta, in the notebooks for TensorFlow 1 and 2.
CASES = [
    ("Black–Scholes", 0, 1024, ".59→.35 (3.89→2.47)", ".25→.12 (1.79→.94)"),
    ("Black–Scholes", 0, 8192, ".13→.13 (2.18→2.13)", ".14→.09 (1.34→.68)"),
    ("Bachelier 1", 1, 1024, ".17→.11 (.65→.54)", ".11→.12 (.81→.58)"),
    ("Bachelier 1", 1, 8192, ".07→.06 (.77→.28)", ".11→.10 (.71→.58)"),
    ("Bachelier 7", 7, 4096, ".77→.24 (.70→.30)", "1.13→.12 (1.50→.14)"),
    ("Bachelier 7", 7, 8192, ".50→.14 (.40→.10)", ".56→.10 (.55→.09)"),
    ("Bachelier 7", 7, 16384, ".21→.11 (.30→.09)", ".38→.06 (.33→.08)"),
    ("Bachelier 20", 20, 4096, "2.02→.23 (1.29→.16)", "–"),
    ("Bachelier 20", 20, 8192, "1.19→.13 (.70→.07)", "–"),
    ("Bachelier 20", 20, 16384, ".62→.10 (.41→.05)", "–"),
]
PEAKS = (0.1, 0.03, 0.01, 0.003)
TUNED = {(0, 8192), (7, 4096), (20, 4096)}  # assets and paths for which both methods are tuned


def measure(seeds: int) -> str:
    """Return both tables."""
    return f"""Errors are root mean squared errors times 100, of price and first delta, on the
points of the source (100 states of one asset, 4,096 of a basket). Median and range over the
seeds; a seed decides the basket, the paths, the test points and the first weights. Network, loss,
batches and number of updates are those of the source; the peak of the learning rate is 0.01 and
not 0.1, for both methods. No one peak is the best for both: compare them in the second table, each
at its own. Published: price (delta), standard→differential, one draw each.

{_table(_rows(seeds))}

The error of the price at other peaks of the learning rate (the published recipe has 0.1), for both
methods:

{_table(_peak_rows(seeds))}
"""


def errors(n_assets: int, m: int, seed: int, *, differential: bool, peak: float) -> list[float]:
    """Return the errors of price and first delta, times 100; `n_assets` 0 is Black and Scholes."""
    training, test = _data(n_assets, m, seed)
    schedule = functools.partial(dml.one_cycle, peak=peak)
    network = dml.train(training, seed=seed, differential=differential, schedule=schedule)
    found = network(test.x)
    pairs = [(found.y, test.y), (found.dydx[:, 0], test.dydx[:, 0])]
    return [100 * dml.root_mean_squared_error(*pair) for pair in pairs]


@functools.cache
def _data(n_assets: int, m: int, seed: int) -> tuple[Sample, Sample]:
    if n_assets == 0:
        return BlackScholes().simulate(m, seed=seed), BlackScholes().test_set()
    basket = BachelierBasket.random(n_assets, seed=seed)
    return basket.simulate(m, seed=1000 + seed), basket.test_set(seed=2000 + seed)


def _rows(seeds: int) -> Iterable[list[str]]:
    yield [
        "case", "paths", "price, standard", "price, differential", "delta, standard",
        "delta, differential", "published, TF 1", "published, TF 2",
    ]  # fmt: skip
    for name, n_assets, m, *published in CASES:
        found = [
            [errors(n_assets, m, seed, differential=flag, peak=0.01) for seed in range(seeds)]
            for flag in (False, True)
        ]
        columns = [[run[what] for run in runs] for what in (0, 1) for runs in found]
        yield [name, f"{m:,}", *map(_interval, columns), *published]


def _peak_rows(seeds: int) -> Iterable[list[str]]:
    yield ["case", "paths", "training", *(f"peak {peak}" for peak in PEAKS)]
    for name, n_assets, m, *_ in CASES:
        if (n_assets, m) not in TUNED:
            continue
        for training, flag in (("standard", False), ("differential", True)):
            runs = (
                [
                    errors(n_assets, m, seed, differential=flag, peak=peak)[0]
                    for seed in range(seeds)
                ]
                for peak in PEAKS
            )
            yield [name, f"{m:,}", training, *map(_interval, runs)]


def _interval(found: list[float]) -> str:
    return f"{statistics.median(found):.2f} [{min(found):.2f}, {max(found):.2f}]"


def _table(rows: Iterable[list[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
