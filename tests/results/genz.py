"""Genz's functions.

The exercise in full: six families, three dimensions, four sample sizes, two kinds of error.
"""

import statistics

from course import approximation, genz

DIMENSIONS = (2, 5, 10)
SIZES = (10, 50, 100, 500)

# Mean (max) errors of an independent implementation of the exercise: 2 x 64 tanh, 2,000 steps of
# full-batch Adam with a cosine from 5e-3, 1,000 test points, medians of 3 seeds. It was run for
# these cases only.
EARLIER = {
    ("oscillatory", 2): [(0.0024, 0.032), (0.0012, 0.015), (0.0008, 0.016), (0.0008, 0.008)],
    ("oscillatory", 5): [(0.025, 0.18), (0.0045, 0.087), (0.0016, 0.053), (0.0009, 0.015)],
    ("oscillatory", 10): [(0.054, 0.20), (0.0074, 0.074), (0.0063, 0.057), (0.0021, 0.018)],
    ("Gaussian", 2): [(0.091, 0.72), (0.010, 0.19), (0.0045, 0.11), (0.0023, 0.017)],
    ("Gaussian", 5): [(0.11, 0.43), (0.068, 0.41), (0.030, 0.31), (0.0044, 0.053)],
    ("Gaussian", 10): [(0.11, 0.44), (0.055, 0.33), (0.038, 0.23), (0.011, 0.09)],
    ("continuous", 2): [(0.078, 0.53), (0.017, 0.57), (0.013, 0.60), (0.0029, 0.052)],
    ("continuous", 5): [(0.015, 0.52), (0.015, 0.42), (0.0075, 0.38), (0.0043, 0.18)],
    ("corner peak", 5): [(0.018, 0.30), (0.0052, 0.24), (0.0017, 0.15), (0.0002, 0.021)],
    ("discontinuous", 10): [(0.012, 4.3), (0.012, 4.3), (0.012, 4.3), (0.012, 4.3)],
}

METHOD = """\
The exercise "Action required" with its own normalisation (Σc = b_j, Σw = 1). Networks of 2 × 64
tanh units, 2,000 steps of full-batch Adam, learning rate 0.005 falling to 0 along half a cosine; n
training points, absolute errors at 1,000 fresh points. Each seed draws the function's coefficients,
all points and the first weights anew. Medians and ranges over the seeds; in italics an independent
implementation of the same exercise (median of 3 seeds), where it was run. For f6 in ten variables
its error is the same for all n, as that of a network that answers 0 everywhere: the support has a
mean volume of 0.0097, and where no training point lies in it there is nothing to learn. Ours saw
points with values up to e^4.3 = 74 and spreads them over the cube, which costs more than to answer
0: the relative errors above 1 say the same."""
RELATIVE = """\
**Relative error**: the root mean squared error per standard deviation of the function, which is
known exactly. 1 is what the best constant achieves."""


def measure(seeds: int) -> str:
    """Return the section as Markdown: one table for each of three measures of the error."""
    outcomes = approximation.study(
        genz.FAMILIES, dimensions=DIMENSIONS, sizes=SIZES, seeds=range(seeds)
    )
    parts = [METHOD]
    for measure_name, title, column in (
        ("mean", "**Mean error**", 0),
        ("maximum", "**Maximum error**", 1),
        ("relative", RELATIVE, None),
    ):
        values: dict[tuple[str, int, int], list[float]] = {}
        for one in outcomes:
            case = one.family, one.dimension, one.size
            values.setdefault(case, []).append(getattr(one.errors, measure_name))
        parts += [title, _table(values, column)]
    return "\n\n".join(parts)


def _table(values: dict[tuple[str, int, int], list[float]], column: int | None) -> str:
    lines = [
        "| family | d | " + " | ".join(f"n = {n}" for n in SIZES) + " |",
        "| --- | ---: |" + " ---: |" * len(SIZES),
    ]
    for j, family in enumerate(genz.FAMILIES, start=1):
        for d in DIMENSIONS:
            cells = []
            for place, n in enumerate(SIZES):
                found = values[family, d, n]
                cell = f"{statistics.median(found):.2g} [{min(found):.2g}, {max(found):.2g}]"
                if column is not None and (family, d) in EARLIER:
                    cell += f" *{EARLIER[family, d][place][column]:.2g}*"
                cells.append(cell)
            lines.append(f"| f{j}, {family} | {d} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
