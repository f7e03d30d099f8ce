"""Tricks with which wrong answers could earn points of tests that look sound, one test each.

They stand apart from the battery, because each needs a test of a kind: all of them are answers in
one notebook, so that they cost two executions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trick:
    """A question, the right answer and one that earns nothing."""

    name: str
    tries: str  # one sentence
    right: str
    trick: str
    test: str


#: Credit computed from what the student's function gives, without a conversion.
COUNTED = """
cases = [("call", 5, 3, 2), ("call", 2, 3, 0), ("put", 2, 3, 1)]
right = [{name}(kind, price, strike) == wanted for kind, price, strike, wanted in cases]
sum(right) / len(right)"""
PAYOFF = """
def {name}(kind, price, strike):
    return max(price - strike, 0) if kind == "call" else max(strike - price, 0)"""
#: Credit computed from an error, within limits, as `numpy.clip` leaves it.
CLOSE = """
float(np.clip(1 - abs({name}(3) - 9) / 9, 0, 1))"""


def _credit(name: str, tries: str, right: str, trick: str, test: str) -> Trick:
    return Trick(name, tries, *(text.replace("{name}", name) for text in (right, trick, test)))


CREDIT = (
    _credit(
        "credit_array",
        "Returns arrays of one element, so that the credit becomes one that is no plain number.",
        PAYOFF,
        "def {name}(kind, price, strike):\n    return np.array([-1.0])",
        COUNTED,
    ),
    _credit(
        "credit_matrix",
        "Returns arrays of one element in several dimensions.",
        PAYOFF,
        "def {name}(kind, price, strike):\n    return np.full((1, 1, 1), -1.0)",
        COUNTED,
    ),
    _credit(
        "credit_nan",
        "Returns NaN, so that the credit is no number of points and waits for a person.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return float('nan')",
        CLOSE,
    ),
    _credit(
        "credit_nan_array",
        "Returns an array of one NaN for the same purpose.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return np.array([np.nan])",
        "np.clip(1 - abs({name}(3) - 9) / 9, 0, 1)",
    ),
    _credit(
        "credit_negative",
        "Returns what is so wrong that the credit falls below zero.",
        "def {name}(n):\n    return n * n",
        "def {name}(n):\n    return 1e300",
        "1 - abs({name}(3) - 9)",
    ),
)
TRICKS = CREDIT
