"""A made-up class that goes through release, submission, grading and reports in a new course."""

__all__ = [
    "roster",
    "run",
]
