"""A made-up class that is released to, submits, is graded and reported in a fresh course."""

__all__ = [
    "roster",
    "run",
]
