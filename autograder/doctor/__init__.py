"""Says whether grading can start: on this machine, in this course, with this engine.

In comes a course directory; out come findings, each with what is missing and what to do about it.
"""

__all__ = [
    "checks",
    "machine",
]
